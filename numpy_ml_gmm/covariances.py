r"""Covariance models: from scatter matrices to covariances.

The M step of every Gaussian mixture ends in the same numbers, one count and
one scatter matrix per component,

.. math::

    N_k = \sum_n r_{nk}, \qquad
    W_k = \sum_n r_{nk} (x_n - \mu_k)(x_n - \mu_k)^\top .

A covariance model says which matrices :math:`\Sigma_k` are allowed.  Its
M step is the allowed choice that minimises

.. math::
    :label: covariance-objective

    \sum_k N_k \log |\Sigma_k| + \operatorname{tr}(\Sigma_k^{-1} W_k) ,

which is :math:`-2 Q` up to a constant.  This module is the one place where
models are told apart.

========== ================== ==================================================
symbol     shape              meaning
========== ================== ==================================================
``W``      (K, D, D)          scatter matrices; their diagonals (K, D) if the
                              model is diagonal
``N``      (K,)               counts, the expected number of points in each
``K, D``                      number of components, number of features
========== ================== ==================================================

The three letters are those of Banfield & Raftery (1993) and Celeux & Govaert
(1995), *Gaussian parsimonious clustering models*, Pattern Recognition 28(5),
https://doi.org/10.1016/0031-3203(94)00125-6: volume, shape and orientation are
Equal, Varying, or the Identity.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class CovarianceModel(NamedTuple):
    """What the rest of the package needs to know of a covariance model."""

    estimate: Callable  # (W, N) -> covariances, in the shape the user sees
    shape: Callable  # (K, D) -> that shape
    n_parameters: Callable  # (K, D) -> number of free parameters
    diagonal: bool  # True: W and the covariances are diagonals only

    def expand(self, covariances, K, D):
        """Every component's own covariance: (K, D, D), or (K, D) if diagonal."""
        covariances = np.asarray(covariances)
        if self.shape(K, D) == (K,):
            covariances = covariances[:, None]
        return np.broadcast_to(covariances, (K, D) if self.diagonal else (K, D, D))


def full(W, N):
    r"""VVV: :math:`\Sigma_k = W_k / N_k`."""
    return W / N[:, None, None]


def tied(W, N):
    r"""EEE: :math:`\Sigma = \sum_k W_k \big/ \sum_k N_k`."""
    return W.sum(axis=0) / N.sum()


def diag(W, N):
    r"""VVI: :math:`\sigma^2_{kd} = W_{kdd} / N_k`."""
    return W / N[:, None]


def tied_diag(W, N):
    r"""EEI: :math:`\sigma^2_d = \sum_k W_{kdd} \big/ \sum_k N_k`."""
    return W.sum(axis=0) / N.sum()


def spherical(W, N):
    r"""VII: :math:`\sigma^2_k = \operatorname{tr} W_k / (D N_k)`."""
    return W.mean(axis=1) / N


def tied_spherical(W, N):
    r"""EII: :math:`\sigma^2 = \sum_k \operatorname{tr} W_k \big/ (D \sum_k N_k)`."""
    return W.mean(axis=1).sum() / N.sum()


MODELS = {
    "full": CovarianceModel(
        full, lambda K, D: (K, D, D), lambda K, D: K * D * (D + 1) // 2, diagonal=False
    ),
    "tied": CovarianceModel(
        tied, lambda K, D: (D, D), lambda K, D: D * (D + 1) // 2, diagonal=False
    ),
    "diag": CovarianceModel(diag, lambda K, D: (K, D), lambda K, D: K * D, diagonal=True),
    "tied_diag": CovarianceModel(tied_diag, lambda K, D: (D,), lambda K, D: D, diagonal=True),
    "spherical": CovarianceModel(spherical, lambda K, D: (K,), lambda K, D: K, diagonal=True),
    "tied_spherical": CovarianceModel(
        tied_spherical, lambda K, D: (), lambda K, D: 1, diagonal=True
    ),
}
LETTERS = {
    "VVV": "full",
    "EEE": "tied",
    "VVI": "diag",
    "EEI": "tied_diag",
    "VII": "spherical",
    "EII": "tied_spherical",
}


def covariance_model(covariance_type):
    """The model of a name (``"full"``) or of three letters (``"VVV"``).

    Raises
    ------
    ValueError
        If there is no such model; the message lists the names.

    Examples
    --------
    >>> covariance_model("diag").n_parameters(3, 2)
    6
    >>> covariance_model("EEE") is covariance_model("tied")
    True
    """
    name = LETTERS.get(covariance_type, covariance_type)
    if name not in MODELS:
        raise ValueError(
            f"covariance_type={covariance_type!r} is not known: choose one of "
            f"{', '.join(MODELS)} (or {', '.join(LETTERS)})"
        )
    return MODELS[name]
