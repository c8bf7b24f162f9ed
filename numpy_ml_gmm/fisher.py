r"""Fisher vectors: a set of points as one vector, by the slope of its log-likelihood.

An image is a set of local descriptors, of any number.  A mixture fitted to the
descriptors of many images makes one vector of each image: how the mixture
would have to change to suit this image better.  That is the gradient of the
log-likelihood (:eq:`gradient-mean`, :eq:`gradient-deviation`), in units that suit
each parameter (:eq:`fisher-vector`):

.. math::

    \mathcal{G}_{kd}^\mu = \frac{1}{N \sqrt{\pi_k}}
        \sum_n r_{nk} \, \frac{x_{nd} - \mu_{kd}}{\sigma_{kd}} ,
    \qquad
    \mathcal{G}_{kd}^\sigma = \frac{1}{N \sqrt{2 \pi_k}} \sum_n r_{nk}
        \left[ \frac{(x_{nd} - \mu_{kd})^2}{\sigma_{kd}^2} - 1 \right] .

============ ========== =====================================================
symbol       shape      meaning
============ ========== =====================================================
``X``        (N, D)     the points of one set
``sigma``    (K, D)     standard deviations; covariances must be diagonal
``N_k``      (K,)       expected number of points in each component
``u, v``     (K, D)     scaled slopes in the means and in the deviations
============ ========== =====================================================

Sources: Jaakkola & Haussler (1999), *Exploiting generative models in
discriminative classifiers*, NIPS 11; Perronnin, Sánchez & Mensink (2010),
*Improving the Fisher kernel for large-scale image classification*, ECCV;
Sánchez, Perronnin, Mensink & Verbeek (2013), *Image classification with the
Fisher vector*, IJCV 105, https://doi.org/10.1007/s11263-013-0636-x.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .gmm import GMM
from .hints import Array
from .validation import check_X


def fisher_vector(
    gmm: Any, X: ArrayLike, *, square_root: bool = True, normalise: bool = True
) -> Array:
    r"""The Fisher vector of a set of points (:eq:`fisher-vector`), (2 K D,).

    All of u comes first, component after component, then all of v.

    Parameters
    ----------
    gmm : GMM, or scikit-learn's GaussianMixture
        Fitted, with diagonal covariances.
    X : array (N, D)
        float32 gives a float32 vector.
    square_root : bool
        Whether each entry is replaced by its root, with its sign (:eq:`signed-root`).
    normalise : bool
        Whether the vector is then divided by its length.

    Returns
    -------
    ndarray (2 K D,)

    Raises
    ------
    ValueError, TypeError
        If the mixture is not fitted or not diagonal, or X does not fit it.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM
    >>> gmm = GMM.from_parameters([1.0], [[0.0]], [[4.0]], covariance_type="diag")
    >>> fisher_vector(gmm, [[2.0]], square_root=False, normalise=False)
    array([1., 0.])
    """
    if not isinstance(gmm, GMM):
        gmm = GMM.from_sklearn(gmm)
    X = check_X(X)
    of_mu, of_sigma = log_likelihood_gradient(gmm, X)
    pi = gmm.weights_.astype(np.float64)[:, None]
    root = np.sqrt(np.where(pi > 0, pi, np.inf))  # no weight, no slope
    u = of_mu * deviations(gmm) / root / len(X)
    v = of_sigma * deviations(gmm) / root / len(X) / np.sqrt(2)
    vector = np.concatenate([u, v]).ravel()
    if square_root:
        vector = signed_root(vector)
    length = np.linalg.norm(vector) if normalise else 1.0
    return (vector / (length or 1.0)).astype(X.dtype)


def log_likelihood_gradient(gmm: Any, X: ArrayLike) -> tuple[Array, Array]:
    r"""The slope of log p(X) in means and standard deviations, (K, D) each.

    These are :eq:`gradient-mean` and :eq:`gradient-deviation`.  The sums over points
    are the expected statistics of the E step, so X may be larger than memory.

    .. math::

        \frac{\partial \log p(X)}{\partial \mu_{kd}} =
            \sum_n r_{nk} \frac{x_{nd} - \mu_{kd}}{\sigma_{kd}^2} , \qquad
        \frac{\partial \log p(X)}{\partial \sigma_{kd}} =
            \sum_n r_{nk} \left[ \frac{(x_{nd} - \mu_{kd})^2}{\sigma_{kd}^3}
                - \frac{1}{\sigma_{kd}} \right]

    Examples
    --------
    >>> from numpy_ml_gmm import GMM
    >>> gmm = GMM.from_parameters([1.0], [[0.0]], [[4.0]], covariance_type="diag")
    >>> log_likelihood_gradient(gmm, [[2.0]])
    (array([[0.5]]), array([[0.]]))
    """
    sigma = deviations(gmm)
    statistics = gmm.e_step(X)
    N_k = statistics.counts[:, None]
    shift = statistics.means - gmm.means_  # from the component to its points
    squares = statistics.scatters + N_k * shift**2  # sum of r (x - mu)^2
    of_mu = N_k * shift / sigma**2
    of_sigma = (squares / sigma**2 - N_k) / sigma  # no cube: it would leave float64's range
    return of_mu, of_sigma


def deviations(gmm: Any) -> Array:
    """Standard deviations (K, D) of a mixture with diagonal covariances.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM
    >>> deviations(GMM.from_parameters([1.0], [[0.0]], [[4.0]], covariance_type="diag"))
    array([[2.]])
    """
    model = gmm.covariance_model
    if not model.diagonal:
        raise ValueError(
            f"covariance_type={gmm.covariance_type!r}: Fisher vectors need diagonal covariances; "
            "fit GMM(K, covariance_type='diag')"
        )
    gmm._check_is_fitted()
    return np.sqrt(model.expand(gmm.covariances_, *gmm.means_.shape).astype(np.float64))


def signed_root(vector: Array) -> Array:
    r"""The root of each entry's size, with the entry's sign (:eq:`signed-root`).

    .. math::

        \mathcal{G} \leftarrow \operatorname{sign}(\mathcal{G}) \sqrt{|\mathcal{G}|}

    Examples
    --------
    >>> signed_root(np.array([-4.0, 0.0, 9.0]))
    array([-2.,  0.,  3.])
    """
    return np.sign(vector) * np.sqrt(np.abs(vector))
