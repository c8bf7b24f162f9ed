r"""Directions that separate the components: what can be seen of many features in two or three.

In a direction b a point has the coordinate :math:`b^\top x`.  There the components may differ in
their means, or in their variances.  Measure both in units of the whole covariance, which makes
all directions alike: with :math:`\Sigma = L L^\top` let

.. math::

    \mathcal{C}_0 &= L^{-1}
        \Bigl[ \sum_k \pi_k (\mu_k - \bar\mu)(\mu_k - \bar\mu)^\top \Bigr] L^{-\top} , \\
    \mathcal{C}_k &= L^{-1} (\Sigma_k - \bar\Sigma) L^{-\top} , \qquad
        \bar\Sigma = \sum_k \pi_k \Sigma_k .

The directions are the eigenvectors of (:eq:`separation`)

.. math::

    \mathcal{K} = 2 \, \mathrm{share} \, \mathcal{C}_0^2
        + 2 (1 - \mathrm{share}) \sum_k \pi_k \mathcal{C}_k^2 ,

in the order of their eigenvalues.  One of eigenvalue 0 shows nothing, and is left out.

============ ========== ===================================================================
symbol       shape      meaning
============ ========== ===================================================================
``theta``               the mixture: pi, mu_k, Sigma_k
``mean``     (D,)       of the whole
``Sigma``    (D, D)     covariance of the whole
``B``        (D, d)     the directions, as columns of length 1
============ ========== ===================================================================

Sources: Scrucca (2010), *Dimension reduction for model-based clustering*, Statistics and Computing
20(4), 471-484, https://doi.org/10.1007/s11222-009-9138-7; Scrucca (2014), *Graphical tools for
model-based mixture discriminant analysis*, Advances in Data Analysis and Classification 8(2),
147-165, https://doi.org/10.1007/s11634-013-0147-1; mclust has it as ``MclustDR``.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_triangular

from .compare import mixture_of
from .frames import EPS, Frame, mixture_moments
from .parameters import Parameters
from .validation import check_not_negative

Array = NDArray[np.float64]


class Projection(NamedTuple):
    """Directions, and the mixture as it is seen along them."""

    directions: Array  # (D, d) as columns of length 1
    eigenvalues: Array  # (d,) how well each separates, from the best on
    from_means: Array  # (d,) what the means contribute to each eigenvalue; covariances the rest
    centre: Array  # (D,) which has coordinates 0
    model: Any  # the mixture of all D features
    mixture: Any  # that of the d coordinates, of covariance_type "full"

    def transform(self, X: ArrayLike) -> Array:
        """The coordinates of points along the directions, (N, d).

        What a row lacks is filled in by its conditional mean (:eq:`conditional-mean`).

        Examples
        --------
        >>> from numpy_ml_gmm import GMM, load_iris
        >>> X = load_iris().X
        >>> projection = separating_directions(GMM(3, random_state=0).fit(X))
        >>> projection.transform(X).shape
        (150, 2)
        """
        return (self.model.impute(X).astype(np.float64) - self.centre) @ self.directions

    def __repr__(self) -> str:
        """From how many features to how many, and what each direction has of the whole."""
        shares = ", ".join(f"{share:.1%}" for share in self.eigenvalues / self.eigenvalues.sum())
        D, d = len(self.directions), len(self.eigenvalues)
        return f"<Projection: {D} feature{'s' * (D > 1)} to {d}: {shares}>"


def separating_directions(
    model: Any,
    X: ArrayLike | None = None,
    *,
    share_of_means: float = 1.0,
    sample_weight: ArrayLike | None = None,
) -> Projection:
    r"""The directions in which the components of a mixture differ most (:eq:`separation`).

    .. math::

        \mathcal{K} = 2 \, \mathrm{share} \, \mathcal{C}_0^2
            + 2 (1 - \mathrm{share}) \sum_k \pi_k \mathcal{C}_k^2

    Parameters
    ----------
    model : GMM
        Fitted, or built from parameters.  Noise is left out.  Of a GMMClassifier it is all
        components of all classes.
    X : array (N, D), optional
        The whole covariance is that of these points, as in mclust; without them it is that of the
        mixture (:eq:`mixture-moments`).  After a fit with full covariances the two are equal.
        Points count as far as they are no noise.
    share_of_means : float
        1 looks at the means, 0 at the covariances, 0.5 at both, as in Scrucca (2010).
    sample_weight : array (N,), optional
        How often each point counts.

    Returns
    -------
    Projection

    Raises
    ------
    ValueError, TypeError
        If the model is not fitted, X does not fit, or the components do not differ.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM, load_iris
    >>> iris = load_iris()
    >>> model = GMM(3, random_state=0).fit(iris.X)
    >>> projection = separating_directions(model)
    >>> projection
    <Projection: 4 features to 2: 96.3%, 3.7%>

    The petals, of all four:

    >>> projection.directions[:, 0].round(1)
    array([-0.2, -0.4,  0.6,  0.7])
    """
    lam = check_not_negative(share_of_means, "share_of_means", at_most=1)
    model = mixture_of(model)
    theta = standardised(model.theta)
    mean, Sigma = theta.moments if X is None else moments_of(model, X, sample_weight, theta)
    L = Frame.of(mean, Sigma).A_inv
    between, within = spreads(theta.parameters, mean, L)
    means, covariances = 2 * lam * between @ between, 2 * (1 - lam) * within
    values, u = np.linalg.eigh(means + covariances)
    order = np.flatnonzero(values > np.sqrt(EPS))[::-1]
    if len(order) == 0:
        raise ValueError(
            f"share_of_means={share_of_means!r} finds no direction in which the components differ: "
            "fit more components, or choose another share, such as 0.5"
        )
    u = u[:, order]
    B = solve_triangular(L, u, lower=True, trans=1)  # in units of the spread
    B *= np.sign(B[np.abs(B).argmax(axis=0), np.arange(len(order))])
    directions = B / theta.unit[:, None] * theta.unit.min()  # the numbers stay numbers
    directions /= np.linalg.norm(directions, axis=0)
    centre = theta.centre + mean * theta.unit
    from_means = np.einsum("id,ij,jd->d", u, means, u)
    mixture = seen_along(model, directions, centre)
    return Projection(directions, values[order], from_means, centre, model, mixture)


class Standardised(NamedTuple):
    """Parameters in units of the whole mixture's spread, about its mean."""

    parameters: Parameters  # with weights that sum to 1, and covariances (K, D, D)
    centre: Array  # (D,)
    unit: Array  # (D,)

    @property
    def moments(self) -> tuple[Array, Array]:
        """Mean and covariance of the whole."""
        return mixture_moments(*self.parameters)


def standardised(theta: Parameters) -> Standardised:
    """Those of a mixture, without the noise."""
    weights = theta.weights / theta.weights.sum()
    if theta.diagonal:
        matrices = theta.covariances[..., None] * np.eye(theta.means.shape[1])
        theta = theta._replace(covariances=matrices)
    centre, covariance = mixture_moments(weights, *theta[1:])
    unit = np.sqrt(covariance.diagonal())
    means, covariances = (theta.means - centre) / unit, theta.covariances / unit / unit[:, None]
    return Standardised(Parameters(weights, means, covariances), centre, unit)


def moments_of(model, X: ArrayLike, sample_weight, theta: Standardised) -> tuple[Array, Array]:
    """Mean and covariance of points, in units of the mixture; what they lack is completed."""
    rows = model._check_rows(X, sample_weight)
    w = np.ones(len(rows.X)) if rows.weights is None else rows.weights.astype(np.float64)
    if model.noise:
        w = w * (1 - model.predict_proba(X)[:, -1])
    covariance = np.zeros((rows.X.shape[1],) * 2)
    Z = rows.X
    if rows.patterns is not None:
        Z, V = model.regress(X, return_cov=True)
        covariance = np.average(V / theta.unit / theta.unit[:, None], axis=0, weights=w)
    Z = (Z.astype(np.float64) - theta.centre) / theta.unit
    mean = np.average(Z, axis=0, weights=w)
    return mean, covariance + (Z - mean).T @ ((Z - mean) * (w / w.sum())[:, None])


def spreads(theta: Parameters, mean: Array, L: Array) -> tuple[Array, Array]:
    r"""How means and covariances scatter, where the whole covariance is I (:eq:`separation`).

    .. math::

        \mathcal{C}_0 = \sum_k \pi_k \, u_k u_k^\top, \quad u_k = L^{-1} (\mu_k - \bar\mu) , \qquad
        \sum_k \pi_k \mathcal{C}_k^2, \quad \mathcal{C}_k = L^{-1} (\Sigma_k - \bar\Sigma) L^{-\top}

    Returns
    -------
    C_0 (D, D), sum (D, D)
    """
    pi, mu, Sigma = theta
    u = solve_triangular(L, (mu - mean).T, lower=True) * np.sqrt(pi)  # (D, K)
    delta = Sigma - np.tensordot(pi, Sigma, 1)  # (K, D, D)
    inverse = solve_triangular(L, np.eye(len(L)), lower=True)
    C = inverse @ delta @ inverse.T
    return u @ u.T, np.tensordot(pi, C @ C, 1)


def seen_along(model, directions: Array, centre: Array):
    r"""The mixture of the coordinates, which is exact (:eq:`projected-mixture`).

    .. math::

        B^\top (x - \bar\mu) \sim \sum_k \pi_k \, \mathcal{N}\bigl(
            B^\top (\mu_k - \bar\mu), \; B^\top \Sigma_k B \bigr)
    """
    pi, mu, Sigma = model.theta
    if model.theta.diagonal:
        C = (directions.T * Sigma[:, None]) @ directions
    else:
        C = directions.T @ Sigma @ directions
    C = (C + C.transpose(0, 2, 1)) / 2
    seen = model._of_features(Parameters(pi / pi.sum(), (mu - centre) @ directions, C), [])
    names = [f"direction {d + 1}" for d in range(directions.shape[1])]
    seen.feature_names_in_ = np.array(names, dtype=object)
    return seen
