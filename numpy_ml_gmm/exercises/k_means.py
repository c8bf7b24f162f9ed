"""The right start by k-means, which the textbook does not have."""

from __future__ import annotations

import numpy as np

from ..hints import Array, Theta
from ..textbook import m_step


def squared_distances(X, centres):
    """Of each point to each centre, (N, K)."""
    return ((X[:, None] - centres) ** 2).sum(axis=2)


def nearest(X, centres):
    """A single 1 in each row, at the nearest centre (N, K)."""
    return np.eye(len(centres))[squared_distances(X, centres).argmin(axis=1)]


def lloyd(X, centres, n_steps=30):
    """Responsibilities after the centres have moved to the means of their points n_steps times."""
    for _ in range(n_steps):
        _, centres, _ = m_step(X, nearest(X, centres))
    return nearest(X, centres)


def seed_probabilities(X: Array, centres: Array) -> Array:
    """How probable k-means++ finds each point as the next centre, (N,).

    Examples
    --------
    >>> seed_probabilities(np.array([[0.0], [1.0], [3.0]]), np.array([[0.0]]))
    array([0. , 0.1, 0.9])
    """
    d2 = squared_distances(X, centres).min(axis=1)
    return d2 / d2.sum()


def k_means_start(X: Array, centres: Array) -> Theta:
    """The parameters of the clusters of k-means.

    Examples
    --------
    >>> X = np.array([[0.0], [2.0], [10.0], [12.0]])
    >>> k_means_start(X, np.array([[0.0], [2.0]]))[1].ravel()
    array([ 1., 11.])
    """
    return m_step(X, lloyd(X, centres))
