r"""The density of a mixture in use: distribution function, quantiles, regions of highest density.

With one feature, the mass to the left of x is a weighted sum of normal ones (:eq:`cdf`), and the
quantile its inverse (:eq:`quantile`):

.. math::

    \Phi(x \mid \theta) = \sum_k \pi_k \, \Phi\Bigl(\frac{x - \mu_k}{\sigma_k}\Bigr) , \qquad
    \Phi^{-1}(p \mid \theta) = \min \{x : \Phi(x \mid \theta) \ge p\} .

With any number, the smallest region that holds a mass M is where the density is high enough
(:eq:`density-level`), and whoever lies outside is an outlier (:eq:`outliers`):

.. math::

    \{x : \log p(x) \ge h_M\}, \qquad h_M \text{ such that } \Pr(\log p(x) \ge h_M) = M .

============ ============ ==================================================================
symbol       shape        meaning
============ ============ ==================================================================
``theta``                 parameters, with the noise in the last place if there is any
``box``                   where the noise lies, or None
``h``                     heights, or levels: log densities
``s``        (n,)         portions of a Gaussian's mass that lie outside a sphere
============ ============ ==================================================================

The density is that of ``weights_``, ``means_`` and ``covariances_``, for a
:class:`~numpy_ml_gmm.BayesianGMM` too.  Noise is part of it, inside its box.

Source: Hyndman (1996), *Computing and graphing highest density regions*, The American
Statistician 50(2), 120-126, https://doi.org/10.1080/00031305.1996.10474359.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtri, ndtr

from .blocks import Rows
from .frames import ROUNDING, TINY, cholesky
from .missing import natural_of
from .noise import Box
from .parameters import Parameters
from .statistics import log_sum, map_log_joint
from .validation import as_floats

Array = NDArray[np.float64]

# Points that stand for the mass of all components; at least so many for each; how many patterns of
# gaps have as many as one mixture alone.
POINTS, FEWEST, PATTERNS = 2**16, 2**10, 8
TAIL = 4  # so many digits further out for each digit of the points' numbers


# ---- One feature -------------------------------------------------------------------------------


def cdf(model, x: ArrayLike) -> Array:
    r"""The mass of a mixture of one feature to the left of x (:eq:`cdf`), in the shape of x.

    .. math::

        \Phi(x \mid \theta) =
            \frac{\pi_0}{V} \, \bigl| [x_{\min}, x] \cap [x_{\min}, x_{\max}] \bigr|
            + \sum_k \pi_k \, \Phi\Bigl(\frac{x - \mu_k}{\sigma_k}\Bigr)

    The noise, if there is any, is uniform on an interval of length V.  Above the median it is the
    mass to the right that is summed, and taken from 1: so the two ends are exact.

    Raises
    ------
    ValueError, TypeError
        If the model has several features, or x holds no numbers.
    """
    theta, box = of_one_feature(model, "cdf")
    return mass_to_the_left(as_floats(x, "x").astype(np.float64), theta, box)[()]


def mass_to_the_left(x: Array, theta: Parameters, box: Box | None) -> Array:
    """F(x) for parameters as a value; summed over the smaller of the two sides."""
    below, above = (mass_below(side * x, side, theta, box) for side in (1, -1))
    return np.where(below <= above, below, 1 - above)


def mass_below(x: Array, side: int, theta: Parameters, box: Box | None) -> Array:
    """The mass below x (side 1), or below -x of the mixture reflected at 0 (-1) (:eq:`cdf`)."""
    pi, mu = theta.weights / theta.weights.sum(), side * theta.means[:, 0]
    sigma, mass = np.sqrt(theta.covariances.reshape(-1)), np.zeros_like(x)
    with np.errstate(over="ignore"):  # beyond all numbers is infinitely far
        for k in range(len(pi) - (box is not None)):
            mass += pi[k] * ndtr((x - mu[k]) / sigma[k])
    if box is not None:
        half = abs(box.edges[0, 0])
        reach = np.clip(x, mu[-1] - half, mu[-1] + half) - (mu[-1] - half)
        mass += pi[-1] * np.minimum(reach / max(2 * half, TINY), 1)
    return mass


def quantile(model, p: ArrayLike) -> Array:
    r"""The number below which a mixture of one feature has mass p, in the shape of p.

    (:eq:`quantile`)

    .. math::

        \Phi^{-1}(p \mid \theta) = \min \{x : \Phi(x \mid \theta) \ge p\}

    Floating-point numbers can be counted, from the lowest to the highest, in the order of their
    bits.  Each step halves how many may be the answer.  After 64 of them one is left, whatever
    the scale, and however flat the function is between two components.

    Raises
    ------
    ValueError, TypeError
        If the model has several features, or a p is not between 0 and 1.
    """
    theta, box = of_one_feature(model, "quantile")
    p = as_floats(p, "p").astype(np.float64)
    if not ((p >= 0) & (p <= 1)).all():
        wrong = p[~((p >= 0) & (p <= 1))].flat[0]
        raise ValueError(f"p={wrong} is not between 0 and 1: give masses, such as 0.95 for 95 %")
    low, high = (np.full(p.shape, place_of(end)) for end in (-np.inf, np.inf))
    for _ in range(64):
        middle = (low >> 1) + (high >> 1) + (low & high & 1)
        enough = mass_to_the_left(number_at(middle), theta, box) >= p
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    x = number_at(high)
    gaussian = theta.weights[: len(theta.weights) - (box is not None)].any()
    return np.where((p == 0) | (p == 1) & gaussian, np.where(p == 0, -np.inf, np.inf), x)[()]


def place_of(x: float) -> np.int64:
    """Where a number stands among all of float64, in their order; 0 has place 0."""
    bits = np.float64(abs(x)).view(np.int64)
    return bits if x >= 0 else -bits


def number_at(place: NDArray[np.int64]) -> Array:
    """The numbers at some places; see :func:`place_of`."""
    return np.copysign(np.abs(place).view(np.float64), place)


def of_one_feature(model, verb: str) -> tuple[Parameters, Box | None]:
    """Parameters and box of a model, which has one feature only."""
    theta = model._places
    D = theta.means.shape[1]
    if D > 1:
        raise ValueError(
            f"{verb} is of one feature, and the model has {D}: "
            f"choose one, as in model.marginal(0).{verb}(...)"
        )
    return Parameters(*(a.astype(np.float64) for a in theta)), model._box


# ---- Regions of highest density -----------------------------------------------------------------


def density_level(model, mass: ArrayLike = 0.99) -> Array:
    r"""The log density that is exceeded in the smallest region of that mass.

    (:eq:`density-level`)

    .. math::

        h_M \text{ such that } \Pr\bigl(\log p(x) \ge h_M\bigr) = M

    With several components or features, the error in the mass is some thousandths of
    min(M, 1 - M).

    Parameters
    ----------
    model : GMM
    mass : float or array
        Each between 0 and 1.

    Returns
    -------
    ndarray
        In the shape of ``mass``.
    """
    mass = check_mass(mass)
    return level(model._places, model._box, mass)[()]


def outliers(model, X: ArrayLike, mass: float = 0.99) -> NDArray[np.bool_]:
    r"""Which rows lie outside the smallest region of that mass (:eq:`outliers`), (N,).

    .. math::

        \log p(x_n) < h_M

    A row that lacks values is looked at as a point of the features that it has: outside the
    region of their marginal mixture.  Of a row without any value nothing can be said, and it is
    no outlier.
    """
    mass = float(check_mass(mass, single=True))
    rows, box = model._check_rows(X), model._box
    theta = Parameters(*(a.astype(np.float64) for a in model._places))
    log_p = log_density(theta, box, rows)
    t = np.full(len(log_p), -np.inf)
    groups = [(slice(None), np.zeros(rows.X.shape[1], bool))]
    groups = groups if rows.patterns is None else list(rows.patterns.groups())
    total = POINTS * PATTERNS // max(len(groups), PATTERNS)
    for n, missing in groups:
        there = np.flatnonzero(~missing)
        if len(there) > 0:
            seen = box and Box(box.centre[there], box.edges[np.ix_(there, there)])
            t[n] = level(theta.marginal(there), seen if missing.any() else box, mass, total)
    # Noise alone has one density, and its points lie on the border, if not for rounding.
    return log_p < t - 64 * ROUNDING[log_p.dtype] * (1 + np.abs(t))


def level(theta: Parameters, box: Box | None, mass: ArrayLike, total: int = POINTS) -> Array:
    """The levels of some masses (:eq:`density-level`), for parameters as a value."""
    points, share = spread(theta, box, total)
    log_p = log_density(theta, box, Rows(points))
    order = np.argsort(log_p)
    outside = np.cumsum(share[order]) - share[order] / 2
    return np.asarray(np.interp(np.log1p(-np.asarray(mass)), np.log(outside), log_p[order]))


def spread(theta: Parameters, box: Box | None, total: int = POINTS) -> tuple[Array, Array]:
    r"""Points (P, D) that stand for the mass of each component, and their masses (P,).

    A Gaussian is a sphere of random directions about its mean, whose radius has a chi
    distribution.  Radii are spread evenly, and more thickly over the tail; directions are random,
    each with its opposite.
    """
    (K, D), rng = theta.means.shape, np.random.default_rng(0)
    n = max(FEWEST, total // (2 * K))
    ends = (np.arange(n + 1) / n) ** TAIL
    s, share = (ends[1:] + ends[:-1]) / 2, np.tile(np.diff(ends) / 2, 2)  # (n,), (2 n,)
    points = np.empty((K, 2 * n, D))
    for k in range(K):
        y = rng.standard_normal((n, D))
        y *= np.sqrt(chdtri(D, s))[:, None] / np.linalg.norm(y, axis=1, keepdims=True)
        y, Sigma = np.concatenate([y, -y]), theta.covariances[k]
        y = y * np.sqrt(Sigma) if theta.diagonal else y @ cholesky(Sigma[None])[0].T
        points[k] = theta.means[k] + y
    shares = np.tile(share, (K, 1))
    if box is not None:
        points[-1], shares[-1] = box.draw(2 * n, rng), 1 / (2 * n)
    shares *= (theta.weights / theta.weights.sum())[:, None]
    held = np.repeat(theta.weights > 0, 2 * n)
    return points.reshape(-1, D)[held], shares.reshape(-1)[held]


def log_density(theta: Parameters, box: Box | None, rows: Rows) -> Array:
    """Log density of each row, (N,); of what it has, if values are missing.

    Where EM sees the noise everywhere, here it ends with its box, so that all mass is 1.
    """
    gaussians, rows = theta, rows._replace(box=None)
    if box is not None:
        gaussians = theta.reorder(slice(-1))
    log_p = map_log_joint(log_sum, rows, natural_of(gaussians, rows))
    if box is None:
        return log_p
    missing = np.isnan(rows.X)
    with np.errstate(divide="ignore"):  # of noise without weight, or outside its box
        noise = np.log(theta.weights[-1]) + box.log_density(missing) + np.log(box.holds(rows.X))
    return np.logaddexp(log_p, noise.astype(log_p.dtype))


def check_mass(mass: ArrayLike, single: bool = False) -> Array:
    """Masses between 0 and 1; or one."""
    m = as_floats(mass, "mass").astype(np.float64)
    if not ((m > 0) & (m < 1)).all():
        raise ValueError(f"mass={mass!r} must lie between 0 and 1: write 0.99 for 99 %")
    if single and m.ndim > 0:
        raise ValueError(f"mass={mass!r} must be one number, such as 0.99")
    return m
