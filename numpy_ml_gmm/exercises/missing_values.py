r"""The right answers for rows that lack features, which the textbook does not have.

A missing number is ``nan``.  With o the features that a row has, and m those that it lacks, a
Gaussian expects :math:`\mu_m + \Sigma_{mo} \Sigma_{oo}^{-1} (x_o - \mu_o)` of what is missing, and
:math:`C = \Sigma_{mm} - \Sigma_{mo} \Sigma_{oo}^{-1} \Sigma_{om}` is how sure it is
(:eq:`lifting`).
"""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from ..hints import Array
from ..textbook import log_joint


def conditional(x, mean, covariance):
    """One row with what is missing as it is expected (D,), and its covariance (D, D)."""
    m, o = np.flatnonzero(np.isnan(x)), np.flatnonzero(~np.isnan(x))
    Sigma_om = covariance[np.ix_(o, m)]
    slope = np.linalg.solve(covariance[np.ix_(o, o)], Sigma_om).T
    x_hat, C = x.copy(), np.zeros_like(covariance)
    x_hat[m] = mean[m] + slope @ (x[o] - mean[o])
    C[np.ix_(m, m)] = covariance[np.ix_(m, m)] - slope @ Sigma_om
    return x_hat, C


def conditional_mean(X: Array, mean: Array, covariance: Array) -> Array:
    """X (N, D) with every nan replaced by what one Gaussian expects, given the rest of the row.

    Examples
    --------
    Here the second feature is expected half as far above its mean as the first one is:

    >>> conditional_mean(np.array([[3.0, np.nan]]), np.zeros(2), np.array([[2.0, 1.0], [1.0, 2.0]]))
    array([[3. , 1.5]])
    """
    return np.array([conditional(x, mean, covariance)[0] for x in X])


def e_step_with_missing(
    X: Array, weights: Array, means: Array, covariances: Array
) -> tuple[Array, Array, Array]:
    """Responsibilities (N, K), and the expected sums of x (K, D) and of x x^T (K, D, D).

    Examples
    --------
    A single Gaussian, and a row of which nothing is known: x x^T is the covariance, not zero:

    >>> X, theta = np.array([[np.nan, np.nan]]), ([1.0], np.zeros((1, 2)), np.eye(2)[None])
    >>> e_step_with_missing(X, *theta)[2]
    array([[[1., 0.],
            [0., 1.]]])
    """
    (N, D), K = X.shape, len(weights)
    ell = np.empty((N, K))
    for n, x in enumerate(X):
        o = np.flatnonzero(~np.isnan(x))
        ell[n] = log_joint(x[None, o], weights, means[:, o], covariances[:, o][:, :, o])[0]
    r = softmax(ell, axis=1)
    sums, squares = np.zeros((K, D)), np.zeros((K, D, D))
    for n, x in enumerate(X):
        for k in range(K):
            x_hat, C = conditional(x, means[k], covariances[k])
            sums[k] += r[n, k] * x_hat
            squares[k] += r[n, k] * (np.outer(x_hat, x_hat) + C)
    return r, sums, squares
