r"""theta, the parameters of a mixture, as one value.

.. math::

    \theta = \{\pi_k, \mu_k, \Sigma_k\}_{k=1}^K

The package hands theta from step to step as a :class:`Parameters`.  Every component has its
own covariance in it, whatever the covariance model: a model that ties covariances repeats
them (a view, no copy), and a diagonal one keeps the diagonals.  The attributes of a
:class:`~numpy_ml_gmm.GMM` are the same numbers in the shapes of its ``covariance_type``.

================ ====================================== ======================================
name             shape                                  meaning
================ ====================================== ======================================
``weights``      (K,)                                   pi, at least 0, sum to 1
``means``        (K, D)                                 mu
``covariances``  (K, D, D), or (K, D) if all diagonal   Sigma
================ ====================================== ======================================

Axes before these number mixtures side by side: (M, K), (M, K, D), ...
"""

from typing import NamedTuple

import numpy as np


class Parameters(NamedTuple):
    """theta: weights, means, and every component's own covariance.

    Examples
    --------
    Change one mean, and keep the rest:

    >>> from numpy_ml_gmm import GMM
    >>> model = GMM.from_parameters([0.5, 0.5], [[-1.0], [1.0]], 4.0, covariance_type="EII")
    >>> theta = model.theta
    >>> theta.covariances  # one number for all of them is one for each here
    array([[4.],
           [4.]])
    >>> theta._replace(means=theta.means + 1).means.ravel()
    array([0., 2.])
    """

    weights: np.ndarray  # (..., K)
    means: np.ndarray  # (..., K, D)
    covariances: np.ndarray  # (..., K, D, D), or (..., K, D) if they are diagonal

    @property
    def diagonal(self):
        """Whether the covariances are diagonals only."""
        return self.covariances.ndim == self.means.ndim

    def reorder(self, order):
        """The same mixture with its components in another order."""
        return Parameters(*(a[order] for a in self))

    def marginal(self, features):
        """The mixture of some of the features: their means, their rows and columns."""
        i = np.asarray(features)
        covariances = self.covariances[..., i]
        if not self.diagonal:
            covariances = covariances[..., i, :]
        return self._replace(means=self.means[..., i], covariances=covariances)


def diagonals(C):
    """The diagonal of each matrix (..., D, D), as a view."""
    return np.einsum("...dd->...d", C)


def choose(condition, one, other):
    """For each mixture (M,), or for the only one (), the arrays of one or else of the other."""
    return type(one)(
        *(
            np.where(
                np.reshape(condition, np.shape(condition) + (1,) * (a.ndim - np.ndim(condition))),
                a,
                b,
            )
            for a, b in zip(one, other, strict=True)
        )
    )
