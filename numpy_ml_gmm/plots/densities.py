"""The density of a mixture: contours by the mass inside, and curves on a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from ..hints import Array, Columns, Given
from .colours import FAINT, LINES
from .ellipses import draw_ellipses
from .grid import grid, intervals, mesh, spread
from .labels import add_legend, write_on_contours
from .view import MASSES, check_features, check_masses, log_density, log_joint, parameters, view_of


def density_levels(
    model: Any, masses: ArrayLike = MASSES, *, features: Columns | None = None
) -> Array:
    r"""Log densities on the borders of the highest-density regions.

    The region of mass m is the smallest that holds m:

    .. math::
        \{x : \log p(x) \ge t\}, \qquad
        t \text{ such that } \int \mathbb{1}[\log p(x) \ge t] \, p(x) \, dx = m .

    So t is a quantile of :math:`\log p(x)` under p itself.  It is read off
    points spread evenly over the mass of each component, not off random ones.

    Parameters
    ----------
    model : object
        With ``weights_``, ``means_`` and ``covariances_``.
    masses : float or sequence of float
        Each between 0 and 1.
    features : one or two of int or str, optional
        Which features' marginal; needed if the model has more than two.

    Returns
    -------
    ndarray (M,)
        One for each mass, from the largest mass to the smallest.

    Raises
    ------
    ValueError
        If the model is not fitted, or a mass or a feature does not exist.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM
    >>> standard = GMM.from_parameters([1.0], [[0.0, 0.0]], [np.eye(2)])
    >>> density_levels(standard, 0.9).round(3)  # log(0.1 / 2 pi)
    array([-4.14])
    """
    theta = parameters(model)
    shown = theta.marginal(check_features(features, theta.means.shape[1], 2))
    return _levels(shown, check_masses(masses))


def _levels(theta, masses):
    """The levels of :func:`density_levels`, of the features shown."""
    points, mass = spread(theta)
    log_p = log_density(theta, points)
    order = np.argsort(-log_p)
    enclosed = np.cumsum(mass[order]) - mass[order] / 2
    return np.interp(masses, enclosed, log_p[order])


def plot_contours(
    model: Any,
    X: Given = None,
    *,
    masses: ArrayLike = MASSES,
    components: bool = False,
    filled: bool = False,
    labels: bool = True,
    features: Columns | None = None,
    ax: Any = None,
    **kwargs: Any,
) -> Axes:
    """Contours of the density, named by the mass inside.

    Each contour bounds a highest-density region, see :func:`density_levels`.
    A model of one feature is drawn by :func:`plot_density_1d`.

    Parameters
    ----------
    model : object
        With ``weights_``, ``means_`` and ``covariances_``.
    X : array (N, D), optional
        Points to draw underneath.
    masses : float or sequence of float
        Masses inside the contours, each between 0 and 1.
    components : bool
        Whether to draw the same contours of each component too, in its colour.
    filled : bool
        Whether to shade the regions.
    labels : bool
        Whether to write the masses on the contours.
    features : one or two of int or str, optional
        Which features' marginal; needed if the model has more than two.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For :meth:`matplotlib.axes.Axes.contour`, or for :func:`plot_density_1d`.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If the model is not fitted, or X, a mass or a feature does not fit.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from numpy_ml_gmm import GMM
    >>> model = GMM.from_parameters([0.4, 0.6], [[0, 0], [4, 1]], [np.eye(2), np.eye(2)])
    >>> ax = plot_contours(model, masses=(0.5, 0.9))
    >>> [len(contour.levels) for contour in ax.collections]
    [2]
    >>> plt.close(ax.figure)
    """
    masses = check_masses(masses)
    view = view_of(model, X, features, ax)
    if view.line:
        return plot_density_1d(model, X, masses=masses, features=features, ax=view.ax, **kwargs)
    if X is not None:
        view.scatter(None, s=9, color=FAINT, linewidths=0, zorder=1)
    levels = _levels(view.shown, masses)
    x, y = _region(view.shown, levels[0])
    log_p = log_density(view.shown, mesh(x, y)).reshape(len(y), len(x))
    if filled:
        top = max(log_p.max(), levels[-1]) + 1
        shades = [(*view.inks.ink, alpha) for alpha in np.linspace(0.05, 0.2, len(levels))]
        view.ax.contourf(x, y, log_p, levels=[*levels, top], colors=shades, zorder=0)
    style = {"linewidths": np.linspace(0.8, 1.4, len(levels)), "zorder": 2}
    style |= {} if "cmap" in kwargs else {"colors": [view.inks.ink]}
    lines = view.ax.contour(x, y, log_p, levels=levels, linestyles="-", **style | kwargs)
    if labels:
        write_on_contours(lines, [percent(mass) for mass in masses])
    if components:
        draw_ellipses(view, masses, linewidth=1)
    view.label("")
    return view.ax


def _region(theta, level):
    """A grid about the region where the density reaches a level."""
    points, _ = spread(theta, total=2**14)
    inside = points[log_density(theta, points) >= level]
    low, high = inside.min(axis=0), inside.max(axis=0)
    margin = 0.08 * (high - low)
    edges = zip(grid(theta, radius=7), low - margin, high + margin, strict=True)
    return [np.unique([a, *t[(a < t) & (t < b)], b]) for t, a, b in edges]


def percent(mass):
    """A mass as a label."""
    return f"{100 * mass:.4g} %"


def plot_density_1d(
    model: Any,
    X: Given = None,
    *,
    masses: ArrayLike = (),
    components: bool = True,
    bins: Any = 30,
    features: Columns | None = None,
    names: Sequence[str] | None = None,
    ax: Any = None,
    **kwargs: Any,
) -> Axes:
    r"""The density of one feature: histogram, mixture and weighted components.

    .. math::
        p(x) = \sum_k \pi_k \, \mathcal{N}(x \mid \mu_k, \sigma_k^2)

    Parameters
    ----------
    model : object
        With ``weights_``, ``means_`` and ``covariances_``.
    X : array (N, D), optional
        Points for the histogram.
    masses : float or sequence of float
        Masses of highest-density regions to shade under the curve.
    components : bool
        Whether to draw each component, times its weight.
    bins : int or sequence
        Bins of the histogram.
    features : int or str, optional
        Which feature's marginal; needed if the model has more than one.
    names : sequence of str, optional
        Names of the components; with them there is a legend.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For the line of the mixture, see :meth:`matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If the model is not fitted, or X, a mass or the feature does not fit.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from numpy_ml_gmm import GMM
    >>> model = GMM.from_parameters([0.4, 0.6], [[0.0], [4.0]], [[[1.0]], [[1.0]]])
    >>> ax = plot_density_1d(model)
    >>> len(ax.lines)  # the mixture and two components
    3
    >>> plt.close(ax.figure)
    """
    view = view_of(model, X, features, ax, d=1, names=names, most=None)
    (x,) = grid(view.shown, view.x)
    joint = log_joint(view.shown, x[:, None])  # (G, K)
    log_p = logsumexp(joint, axis=1)
    if X is not None:
        view.ax.hist(view.x[:, 0], bins, density=True, color=FAINT, alpha=0.35, linewidth=0)
    if np.size(masses):
        _shade(view, check_masses(masses), x, log_p)
    if components:
        for k, (p, colour) in enumerate(zip(np.exp(joint.T), view.colours, strict=True)):
            style = {"color": colour, "linestyle": LINES[k % 4], "label": view.components[k]}
            view.ax.plot(x, p, linewidth=1.6, **style)
            view.ax.fill_between(x, p, color=colour, alpha=0.3, linewidth=0)
    style = {"color": view.inks.ink, "linewidth": 2, "label": "mixture"} | kwargs
    view.ax.plot(x, np.exp(log_p), **style)
    view.ax.set_ylim(bottom=0)
    view.label("density")
    if names is not None:
        add_legend(view.ax)
    return view.ax


def _shade(view, masses, x, log_p):
    """The highest-density regions under the curve: intervals, several where it has modes."""
    for mass, level in zip(masses, _levels(view.shown, masses), strict=True):
        for n, (low, high) in enumerate(intervals(x, log_p - level)):
            inside = np.unique([low, *x[(low < x) & (x < high)], high])
            height = np.exp(log_density(view.shown, inside[:, None]))
            label = None if n else f"{percent(mass)} of the mass"
            style = {"color": view.inks.ink, "alpha": 0.12, "linewidth": 0, "zorder": 1.5}
            view.ax.fill_between(inside, height, label=label, **style)
