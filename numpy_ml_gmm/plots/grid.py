"""Where to evaluate a density: finely where a component is narrow, widely where it is wide."""

import numpy as np
from scipy.special import ndtri


def spread(theta, total=2**17):
    """Points (P, d) that stand for equal masses of each component, and these masses (P,)."""
    K, d = theta.means.shape
    n = max(total // K // 4, 512)
    u = (np.arange(n) + 0.5) / n
    if d == 1:
        y = ndtri(u)[:, None]  # quantiles (n, 1)
    else:  # a sunflower: each seed is a golden angle on from the last
        radius, angle = np.sqrt(-2 * np.log1p(-u)), np.pi * (3 - np.sqrt(5)) * np.arange(n)
        y = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])  # (n, 2)
    L = np.linalg.cholesky(theta.covariances)
    points = theta.means[:, None] + y @ L.transpose(0, 2, 1)  # (K, n, d)
    return points.reshape(-1, d), np.repeat(theta.weights / n, n)


def grid(theta, x=None, radius=4.5):
    """Coordinates along each shown feature, finer where a component is narrow."""
    precision = np.linalg.inv(theta.covariances)
    narrow = np.diagonal(precision, axis1=1, axis2=2) ** -0.5  # (K, d), with the other feature held
    reach = radius * np.diagonal(theta.covariances, axis1=1, axis2=2) ** 0.5  # (K, d)
    return [
        _ticks(theta.means[:, i], reach[:, i], narrow[:, i], None if x is None else x[:, i])
        for i in range(theta.means.shape[1])
    ]


def _ticks(centre, reach, width, x, n=200):
    """Ticks along one feature: n over the whole, and five a width in reach of a component."""
    low, high = (centre - reach).min(), (centre + reach).max()
    if x is not None:
        low, high = min(low, x.min()), max(high, x.max())
    knots = np.unique([low, high, *(centre - reach), *(centre + reach)])
    middle = (knots[1:] + knots[:-1]) / 2
    near = np.abs(middle[:, None] - centre) < reach  # (knots - 1, K)
    rate = np.maximum(n / (high - low), np.where(near, 5 / width, 0).max(axis=1))
    count = np.concatenate([[0], np.cumsum(rate * np.diff(knots))])
    most = np.clip(np.sqrt(8e6 / len(centre)), 400, 1600)  # bounds the work on a grid
    return np.unique(np.interp(np.linspace(0, count[-1], int(min(count[-1], most))), count, knots))


def mesh(*ticks):
    """The points (G, d) of a grid, row by row."""
    return np.column_stack([a.ravel() for a in np.meshgrid(*ticks)])


def intervals(x, f):
    """Where f > 0 along x: the ends (M, 2) of each interval."""
    inside = np.concatenate([[False], f > 0, [False]])
    edges = np.flatnonzero(inside[1:] != inside[:-1])  # of the first point after each change
    a, b = np.clip(edges - 1, 0, None), np.clip(edges, None, len(x) - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(a == b, 0, f[a] / (f[a] - f[b]))
    return (x[a] + share * (x[b] - x[a])).reshape(-1, 2)
