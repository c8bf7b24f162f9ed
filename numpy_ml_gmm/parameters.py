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

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .hints import Array
from .validation import check_covariances, check_matrix_shape, check_means, check_weights

if TYPE_CHECKING:
    from typing import Self

    from .covariances import CovarianceModel


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

    @classmethod
    def expand(
        cls, weights: Array, means: Array, covariances: ArrayLike, model: CovarianceModel
    ) -> Self:
        """Those of a mixture whose covariances are in the shape of their model."""
        K, D = np.shape(means)
        return cls(weights, means, model.expand(covariances, K, D))

    @classmethod
    def check(
        cls, weights: ArrayLike, means: ArrayLike, covariances: ArrayLike, model: CovarianceModel
    ) -> Self:
        """What a user gives, checked; an error names the argument, the value and the remedy."""
        K, D = check_matrix_shape(means, "means")
        pi, mu = check_weights(weights, K), check_means(means, K, D)
        return cls.expand(pi, mu, check_covariances(covariances, model, K, D), model)

    @staticmethod
    def shapes(K: int, D: int, model: CovarianceModel) -> dict[str, tuple[int, ...]]:
        """The shapes of a model's attributes that K, D and its covariance model imply."""
        return {
            "weights_": (K,),
            "means_": (K, D),
            "covariances_": model.shape(K, D),
            "feature_names_in_": (D,),
            "class_labels_": (K,),
            "noise_box_": (D + 1, D),
        }

    @property
    def diagonal(self) -> bool:
        """Whether the covariances are diagonals only."""
        return self.covariances.ndim == self.means.ndim

    def reorder(self, order: Any) -> Parameters:
        """The same mixture with its components in another order."""
        return Parameters(*(a[order] for a in self))

    def marginal(self, features: ArrayLike) -> Parameters:
        """The mixture of some of the features, or of one: their means, their rows and columns."""
        i = np.atleast_1d(features)
        covariances = self.covariances[..., i]
        if not self.diagonal:
            covariances = covariances[..., i, :]
        return self._replace(means=self.means[..., i], covariances=covariances)


def diagonals(C: Array) -> Array:
    """The diagonal of each matrix (..., D, D), as a view to read."""
    return C.diagonal(axis1=-2, axis2=-1)


def choose(condition: ArrayLike, a: Array, b: Array) -> Array:
    """For each mixture (M,), or for the only one (), the array of one or else of the other."""
    condition = np.asarray(condition)
    return np.where(condition.reshape(condition.shape + (1,) * (a.ndim - condition.ndim)), a, b)
