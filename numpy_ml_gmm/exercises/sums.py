r"""The right answers for weights, streams and merged components, which the textbook does not have.

With weights each point counts :math:`w_n` times (:eq:`weighted-m-step`).  In a stream the sums of
earlier batches count :math:`\xi` times beside those of the new one (:eq:`stream`).  And if two
components are put together, their columns of r are added up (:eq:`entropy-gain`).
"""

from __future__ import annotations

import numpy as np
from scipy.special import entr

from ..hints import Array, Theta
from ..textbook import m_step


def weighted_m_step(X: Array, r: Array, w: Array) -> Theta:
    """Weights (K,), means (K, D), covariances (K, D, D), where point n counts w[n] times.

    Examples
    --------
    The point at 3 counts twice, and draws the mean to itself:

    >>> weighted_m_step(np.array([[0.0], [3.0]]), np.ones((2, 1)), np.array([1.0, 2.0]))
    (array([1.]), array([[2.]]), array([[[2.]]]))
    """
    counted = w[:, None] * r  # (N, K)
    _, means, covariances = m_step(X, counted)
    return counted.sum(axis=0) / w.sum(), means, covariances


def stream_step(
    X: Array, r: Array, counts: Array, sums: Array, xi: float
) -> tuple[Array, Array, Array, Array]:
    """Counts (K,), sums (K, D), weights (K,) and means (K, D) after a batch X, of which r is known.

    Examples
    --------
    Of four points at 0 half are kept, and two at 3 come:

    >>> new, old = np.array([[3.0], [3.0]]), (np.array([4.0]), np.array([[0.0]]))
    >>> stream_step(new, np.ones((2, 1)), *old, 0.5)
    (array([4.]), array([[6.]]), array([1.]), array([[1.5]]))
    """
    N_k = xi * counts + r.sum(axis=0)
    s = xi * sums + r.T @ X
    return N_k, s, N_k / N_k.sum(), s / N_k[:, None]


def entropy_gain(r: Array, i: int, j: int) -> float:
    """By how much the entropy of r falls if the components i and j are put together, in nats.

    Examples
    --------
    A point that is in doubt between two components is worth log 2, and a certain one nothing:

    >>> round(float(entropy_gain(np.array([[0.5, 0.5], [1.0, 0.0]]), 0, 1)), 4)
    0.6931
    """
    apart, together = r[:, [i, j]], r[:, i] + r[:, j]
    return np.sum(entr(apart)) - np.sum(entr(together))
