"""What the model says of each point: by whom it is explained, how surely, and the borders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb, to_rgba
from numpy.typing import ArrayLike
from scipy.special import softmax

from ..hints import Columns, Given
from .colours import FAINT, LINES, MARKERS, mix_colours
from .grid import grid, intervals, mesh
from .labels import add_legend
from .view import log_joint, needs_data, responsibilities, view_of

DOUBTFUL = (0.05, 0.2)  # uncertainties where the next class begins


def plot_responsibilities(
    model: Any,
    X: ArrayLike,
    *,
    features: Columns | None = None,
    names: Sequence[str] | None = None,
    ax: Any = None,
    **kwargs: Any,
) -> Axes:
    r"""Points in mixed colours: the responsibilities, softly.

    A point's colour is :math:`\sum_k r_{nk} c_k`, where noise is grey.  Its area grows with its
    uncertainty :math:`1 - \max_k r_{nk}`.  The responsibilities are those of
    all features, also where two are shown.  One feature gives the curves
    :math:`r_k(x)` too.  Of more than 10 000 points so many are drawn, the same ones each time.

    Parameters
    ----------
    model : object
        With ``weights_``, ``means_`` and ``covariances_``.
    X : array (N, D)
        Points.
    features : one or two of int or str, optional
        Which features to show; needed if the model has more than two.
    names : sequence of str, optional
        Names of the components; with them there is a legend.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For :meth:`matplotlib.axes.Axes.scatter`.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If the model is not fitted, or X or a feature does not fit.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from numpy_ml_gmm import GMM
    >>> from numpy_ml_gmm.plots import palette
    >>> model = GMM.from_parameters([0.5, 0.5], [[0, 0], [4, 0]], [np.eye(2), np.eye(2)])
    >>> ax = plot_responsibilities(model, [[2.0, 0.0]])
    >>> bool(np.allclose(ax.collections[0].get_facecolor()[0, :3], palette(2).mean(axis=0)))
    True
    >>> plt.close(ax.figure)
    """
    view = view_of(model, needs_data(X), features, ax, names=names)
    r = softmax(view.joint, axis=1)
    u, colours = 1 - r.max(axis=1), [*view.colours, to_rgb(FAINT)][: r.shape[1]]
    if view.X.shape[1] == 1:
        (x,) = grid(view.shown, view.x)
        for k, r_k in enumerate(responsibilities(view.shown, x[:, None]).T):
            style = {"color": view.colours[k], "linestyle": LINES[k % 4]}
            view.ax.plot(x, r_k, **style, label=view.components[k])
    style = {"edgecolors": [view.inks.paper], "linewidths": 0.4, "zorder": 2, "s": 28 + 110 * u}
    view.scatter(1 - u, **style | {"c": mix_colours(r, colours)} | kwargs)
    view.label(r"$r_{nk}$")
    if names is not None:
        if view.X.shape[1] > 1:  # no curve has told the colour of a component
            for name, colour in zip(view.components, view.colours, strict=True):
                view.ax.scatter([], [], color=[colour], label=name)
        add_legend(view.ax)
    return view.ax


def plot_uncertainty(
    model: Any,
    X: ArrayLike,
    *,
    thresholds: tuple[float, float] = DOUBTFUL,
    features: Columns | None = None,
    ax: Any = None,
    **kwargs: Any,
) -> Axes:
    r"""Points by their uncertainty: the more doubtful, the larger and darker.

    .. math::
        u_n = 1 - \max_k r_{nk}

    There are three classes, and their borders are the same in every picture: a point looks as
    doubtful as it is.  (mclust's ``uncerPlot`` and ``what = "uncertainty"`` take quantiles, by
    which a quarter of the points look doubtful in any data.)  Of more than 10 000 points so many
    are drawn, the same ones each time.

    Parameters
    ----------
    model : object
        With ``weights_``, ``means_`` and ``covariances_``.
    X : array (N, D)
        Points.
    thresholds : pair of float
        The two borders, between 0 and 1.
    features : one or two of int or str, optional
        Which features to show; needed if the model has more than two.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For :meth:`matplotlib.axes.Axes.scatter`.

    Returns
    -------
    matplotlib Axes
        With a legend of the classes.

    Raises
    ------
    ValueError
        If the model is not fitted, or X, a threshold or a feature does not fit.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from numpy_ml_gmm import GMM
    >>> model = GMM.from_parameters([0.5, 0.5], [[0.0], [4.0]], [[[1.0]], [[1.0]]])
    >>> ax = plot_uncertainty(model, [[0.0], [0.0], [0.1], [2.0]])
    >>> float(ax.collections[-1].get_offsets()[0, 1].round(3))  # the point half-way
    0.5
    >>> plt.close(ax.figure)
    """
    low, high = _check_thresholds(thresholds)
    view = view_of(model, needs_data(X), features, ax)
    u = 1 - softmax(view.joint, axis=1).max(axis=1)
    group = (u[:, None] > [low, high]).sum(axis=1)
    names = rf"$u_n \leq {low:g}$", rf"${low:g} < u_n \leq {high:g}$", rf"$u_n > {high:g}$"
    for g, share in enumerate((0.4, 0.65, 1.0)):
        part = view._replace(x=view.x[group == g])
        style = {"s": (9, 26, 60)[g], "color": [view.inks.shade(share)], "linewidths": 0}
        part.scatter(u[group == g], **style | {"zorder": 2 + g, "label": names[g]} | kwargs)
    add_legend(view.ax, title=r"$u_n = 1 - \max_k r_{nk}$")
    view.label("$u_n$")
    return view.ax


def _check_thresholds(thresholds):
    """Two borders between classes of uncertainty."""
    t = np.asarray(thresholds, dtype=np.float64)
    if t.shape != (2,) or not 0 < t[0] < t[1] < 1:
        raise ValueError(
            f"thresholds={thresholds!r} must be two numbers between 0 and 1 that rise, "
            "as in (0.05, 0.2)"
        )
    return t


def plot_uncertainty_surface(
    model: Any,
    X: Given = None,
    *,
    thresholds: tuple[float, float] = DOUBTFUL,
    features: Columns | None = None,
    ax: Any = None,
    **kwargs: Any,
) -> Axes:
    r"""How doubtful a point would be at each place.

    .. math::
        u(x) = 1 - \max_k r_k(x)

    The darker, the more doubtful, and the same uncertainty has the same shade in every picture.
    The two lines are the borders of the classes of :func:`plot_uncertainty`.  u(x) is that of the
    features shown alone, by their marginal.  One feature gives a curve.  mclust has it as
    ``surfacePlot(what = "uncertainty")``.

    Parameters
    ----------
    model : object
        With ``weights_``, ``means_`` and ``covariances_``.
    X : array (N, D), optional
        Points to draw on top; of more than 10 000 so many, the same ones each time.
    thresholds : pair of float
        Where lines are drawn, between 0 and 1.
    features : one or two of int or str, optional
        Which features' marginal; needed if the model has more than two.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For :meth:`matplotlib.axes.Axes.contour`, or for the curve's line.

    Returns
    -------
    matplotlib Axes
        With a legend.

    Raises
    ------
    ValueError
        If the model is not fitted, or X, a threshold or a feature does not fit.

    Examples
    --------
    Half-way between two equal components, on a line, each is as likely as the other:

    >>> import matplotlib.pyplot as plt
    >>> from numpy_ml_gmm import GMM
    >>> model = GMM.from_parameters([0.5, 0.5], [[0.0], [4.0]], [[[1.0]], [[1.0]]])
    >>> ax = plot_uncertainty_surface(model)
    >>> x, u = ax.lines[0].get_data()
    >>> float(np.interp(2, x, u).round(1))
    0.5
    >>> plt.close(ax.figure)
    """
    borders = _check_thresholds(thresholds)
    view = view_of(model, X, features, ax)
    ticks = grid(view.shown, view.x)
    u = 1 - responsibilities(view.shown, mesh(*ticks)).max(axis=1)
    if X is not None:
        style = {"s": 9, "color": FAINT, "linewidths": 0, "zorder": 1.5}
        view.scatter(np.zeros(len(view.x)), **style)
    looks = [{"color": view.inks.ink, "linestyle": LINES[n], "linewidth": 1.2} for n in (1, 0)]
    if view.line:
        view.ax.plot(*ticks, u, **{"color": view.inks.ink, "linewidth": 2} | kwargs)
        view.ax.set_ylim(bottom=0)
        for border, look in zip(borders, looks, strict=True):
            view.ax.axhline(border, **look | {"linewidth": 0.8}, label=f"$u = {border:g}$")
    else:
        _draw_surface(view, ticks, u, borders, looks, kwargs)
    add_legend(view.ax, title=r"$u(x) = 1 - \max_k r_k(x)$", framealpha=1)
    view.label("$u(x)$")
    return view.ax


def _draw_surface(view, ticks, u, borders, looks, kwargs):
    """u as a shade from the background, 0, to the colour of text, 1, and lines at the borders."""
    u = u.reshape(*map(len, ticks[::-1]))
    shades = LinearSegmentedColormap.from_list("doubt", [view.inks.paper, view.inks.ink])
    edges = [np.concatenate([t[:1], (t[1:] + t[:-1]) / 2, t[-1:]]) for t in ticks]
    view.ax.pcolorfast(*edges, u, cmap=shades, vmin=0, vmax=1, zorder=0)
    for border, look in zip(borders, looks, strict=True):
        view.ax.plot([], [], **look, label=f"$u = {border:g}$")
        if u.min() < border < u.max():
            style = {f"{name}s": [value] for name, value in look.items()}
            view.ax.contour(*ticks, u, levels=[border], **style | {"zorder": 2} | kwargs)


def plot_classification(
    model: Any,
    X: Given = None,
    *,
    boundaries: bool = True,
    features: Columns | None = None,
    names: Sequence[str] | None = None,
    ax: Any = None,
    **kwargs: Any,
) -> Axes:
    r"""Points by their most probable component, and the borders between components.

    .. math::
        \hat z_n = \arg\max_k r_{nk}

    The points are told apart by all features; the borders are those of the
    marginal that is shown.  Points that are most likely noise are grey dots.  Of more than
    10 000 points so many are drawn, the same ones each time.  mclust has the picture as
    ``plot(model, what = "classification")``.

    Parameters
    ----------
    model : object
        With ``weights_``, ``means_`` and ``covariances_``.
    X : array (N, D), optional
        Points.
    boundaries : bool
        Whether to shade each component's region and draw its border.
    features : one or two of int or str, optional
        Which features to show; needed if the model has more than two.
    names : sequence of str, optional
        Names of the components, for the legend.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For :meth:`matplotlib.axes.Axes.scatter`.

    Returns
    -------
    matplotlib Axes
        With a legend, if there are several classes of points.

    Raises
    ------
    ValueError
        If the model is not fitted, or X or a feature does not fit.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from numpy_ml_gmm import GMM
    >>> model = GMM.from_parameters([0.5, 0.5], [[0.0], [4.0]], [[[1.0]], [[1.0]]])
    >>> ax = plot_classification(model, [[0.0], [3.0]])
    >>> [points.get_offsets().tolist() for points in ax.collections]
    [[[0.0, 0.0]], [[3.0, 1.0]]]
    >>> plt.close(ax.figure)
    """
    view = view_of(model, X, features, ax, names=names)
    if boundaries and len(view.colours) > 1:
        _draw_regions(view)
    if X is not None:
        z, K = view.joint.argmax(axis=1), len(view.colours)
        for k in np.unique(z):
            part = view._replace(x=view.x[z == k])
            style = {"edgecolors": [view.inks.paper], "linewidths": 0.4, "s": 28, "zorder": 2}
            if k == K:
                style |= {"color": FAINT, "label": "noise", "marker": "."}
            else:
                style |= {"color": view.colours[k], "label": view.components[k]}
                style |= {"marker": MARKERS[k % 8]}
            part.scatter(np.full(len(part.x), k), **style | kwargs)
        if len(np.unique(z)) > 1:
            add_legend(view.ax)
    view.label("component")
    return view.ax


def _draw_regions(view):
    """Where each component wins: regions and their borders in a plane, intervals on a line."""
    ticks = grid(view.shown, view.x)
    for margin, colour in zip(_margins(view.shown, mesh(*ticks)).T, view.colours, strict=True):
        if view.line:
            for low, high in intervals(*ticks, margin):
                view.ax.axvspan(low, high, color=colour, alpha=0.18, linewidth=0, zorder=0)
        elif margin.max() > 0:
            x, y = ticks
            f, shade = margin.reshape(len(y), len(x)), [to_rgba(colour, 0.18)]
            view.ax.contourf(x, y, f, levels=[0, f.max() + 1], colors=shade, zorder=0)
            if margin.min() < 0:
                view.ax.contour(x, y, f, levels=[0], colors=[view.inks.ink], linewidths=1, zorder=1)


def _margins(theta, X):
    """log joint of each component less that of the best other one, (N, K)."""
    joint = log_joint(theta, X)
    second, best = np.sort(joint, axis=1)[:, -2:].T
    others = np.where(joint == best[:, None], second[:, None], best[:, None])
    with np.errstate(invalid="ignore"):  # a weight of 0 never wins
        return np.nan_to_num(joint - others, neginf=-1e300)
