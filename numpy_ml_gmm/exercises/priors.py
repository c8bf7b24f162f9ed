r"""The right answers for parameters that have a prior, which the textbook does not have.

A conjugate prior is data that nobody saw.  The M step to the mode (:eq:`map-m-step`) adds it to the
points: :math:`\kappa` points at m, the scatter of others, and :math:`\alpha_k - 1` points more for
each weight.  The other three belong to the variational mixture, where the parameters keep a
distribution: its numbers, and two of the expectations that its E step needs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import digamma

from ..hints import Array, Theta


def map_m_step(
    X: Array, r: Array, m: Array, kappa: float, scale: Array, nu: Any, alpha: Array
) -> Theta:
    """Weights (K,), means (K, D), covariances (K, D, D) at the mode of the posterior.

    The point m is put below the others, and counts kappa times in each component.

    Examples
    --------
    One point at 3, and a prior that speaks as one point at 0 would:

    >>> one, prior = np.ones((1, 1)), (np.zeros(1), 1.0, np.eye(1), 3.0, np.ones(1))
    >>> [float(part.ravel()[0]) for part in map_m_step(3 * one, one, *prior)]
    [1.0, 1.5, 0.7857142857142857]
    """
    (K, D), N_k = (r.shape[1], X.shape[1]), r.sum(axis=0)
    n = N_k + alpha - 1
    points = np.vstack([X, m])  # (N + 1, D)
    counts = np.vstack([r, np.full(K, kappa)])  # (N + 1, K)
    means, covariances = np.empty((K, D)), np.empty((K, D, D))
    for k in range(K):
        means[k] = np.average(points, axis=0, weights=counts[:, k])
        delta = points - means[k]
        S = scale + (counts[:, [k]] * delta).T @ delta
        covariances[k] = S / (N_k[k] + nu + D + 2)
    return n / n.sum(), means, covariances


def posterior_counts(
    r: Array, alpha_0: float, beta_0: float, nu_0: float
) -> tuple[Array, Array, Array]:
    """The numbers alpha, beta and nu of each component, (K,) each.

    Examples
    --------
    >>> posterior_counts(np.array([[1.0, 0.0], [0.5, 0.5]]), 1.0, 2.0, 3.0)
    (array([2.5, 1.5]), array([3.5, 2.5]), array([4.5, 3.5]))
    """
    N_k = np.ones(len(r)) @ r
    return alpha_0 + N_k, beta_0 + N_k, nu_0 + N_k


def expected_log_weights(alpha: Array) -> Array:
    """E[log pi] under a Dirichlet distribution, (K,).

    Examples
    --------
    A uniform pi between 0 and 1 has the expected log -1; the log of its mean is -0.69:

    >>> expected_log_weights(np.array([1.0, 1.0])).round(6)
    array([-1., -1.])
    """
    return digamma(alpha) - digamma(alpha.sum())


def expected_log_det(nu: Any, W: Array) -> Array:
    """Expected log determinants (K,) under Wishart distributions with nu (K,) and W (K, D, D).

    Examples
    --------
    In one dimension with nu = 2 it is an exponential distribution of mean 2:

    >>> expected_log_det(np.array([2.0]), np.eye(1)[None]).round(4)  # log 2 minus Euler's constant
    array([0.1159])
    """
    L = np.linalg.cholesky(W)
    answer = 2 * np.log(np.diagonal(L, axis1=1, axis2=2)).sum(axis=1)
    for i in range(W.shape[-1]):
        answer = answer + np.log(2) + digamma((nu - i) / 2)
    return answer
