"""What the model says of each point: by whom it is explained, how surely, and the borders."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb, to_rgba
from numpy.typing import ArrayLike
from scipy.special import softmax

from ..hints import Columns, Given
from .colours import FAINT, INK, LINES, MARKERS, mix_colours
from .grid import grid, intervals, mesh
from .view import log_joint, needs_data, responsibilities, view_of


def plot_responsibilities(
    model: Any, X: ArrayLike, *, features: Columns | None = None, ax: Any = None, **kwargs: Any
) -> Axes:
    r"""Points in mixed colours: the responsibilities, softly.

    A point's colour is :math:`\sum_k r_{nk} c_k`, where noise is grey.  Its area grows with its
    uncertainty :math:`1 - \max_k r_{nk}`.  The responsibilities are those of
    all features, also where two are shown.  One feature gives the curves
    :math:`r_k(x)` too.

    Parameters
    ----------
    model : object
        With ``weights_``, ``means_`` and ``covariances_``.
    X : array (N, D)
        Points.
    features : int or pair of int, optional
        Which features to show; needed if the model has more than two.
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
    view = view_of(model, needs_data(X), features, ax)
    r = softmax(view.joint, axis=1)
    u, colours = 1 - r.max(axis=1), [*view.colours, to_rgb(FAINT)][: r.shape[1]]
    if view.X.shape[1] == 1:
        (x,) = grid(view.shown, view.x)
        for k, r_k in enumerate(responsibilities(view.shown, x[:, None]).T):
            style = {"color": view.colours[k], "linestyle": LINES[k % 4], "label": f"component {k}"}
            view.ax.plot(x, r_k, **style)
    style = {"edgecolors": "white", "linewidths": 0.4, "zorder": 2, "s": 28 + 110 * u}
    view.scatter(1 - u, **style | {"c": mix_colours(r, colours)} | kwargs)
    view.label(r"$r_{nk}$")
    return view.ax


def plot_uncertainty(
    model: Any, X: ArrayLike, *, features: Columns | None = None, ax: Any = None, **kwargs: Any
) -> Axes:
    r"""Points by their uncertainty: the more doubtful, the larger and darker.

    .. math::
        u_n = 1 - \max_k r_{nk}

    Three classes, as mclust draws them: up to the 75 % quantile of u, up to the
    95 % quantile, and above.

    Parameters
    ----------
    model : object
        With ``weights_``, ``means_`` and ``covariances_``.
    X : array (N, D)
        Points.
    features : int or pair of int, optional
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
        If the model is not fitted, or X or a feature does not fit.

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
    view = view_of(model, needs_data(X), features, ax)
    u = 1 - softmax(view.joint, axis=1).max(axis=1)
    edges = np.quantile(u, [0.75, 0.95])
    group = (u[:, None] > edges).sum(axis=1)
    low, high = (f"{edge:.2g}" for edge in edges)
    names = rf"$u_n \leq$ {low}", rf"$u_n \leq$ {high}", rf"$u_n >$ {high}"
    for g, colour in enumerate(("#c3ccd5", "#7b8794", INK)):
        part = view._replace(x=view.x[group == g])
        style = {"s": (9, 26, 60)[g], "color": colour, "label": names[g], "linewidths": 0}
        part.scatter(u[group == g], **style | {"zorder": 2 + g} | kwargs)
    view.ax.legend(title=r"$u_n = 1 - \max_k r_{nk}$")
    view.label("$u_n$")
    return view.ax


def plot_classification(
    model: Any,
    X: Given = None,
    *,
    boundaries: bool = True,
    features: Columns | None = None,
    ax: Any = None,
    **kwargs: Any,
) -> Axes:
    r"""Points by their most probable component, and the borders between components.

    .. math::
        \hat z_n = \arg\max_k r_{nk}

    The points are told apart by all features; the borders are those of the
    marginal that is shown.  Points that are most likely noise are grey dots.

    Parameters
    ----------
    model : object
        With ``weights_``, ``means_`` and ``covariances_``.
    X : array (N, D), optional
        Points.
    boundaries : bool
        Whether to shade each component's region and draw its border.
    features : int or pair of int, optional
        Which features to show; needed if the model has more than two.
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
    >>> model = GMM.from_parameters([0.5, 0.5], [[0.0], [4.0]], [[[1.0]], [[1.0]]])
    >>> ax = plot_classification(model, [[0.0], [3.0]])
    >>> [points.get_offsets().tolist() for points in ax.collections]
    [[[0.0, 0.0]], [[3.0, 1.0]]]
    >>> plt.close(ax.figure)
    """
    view = view_of(model, X, features, ax)
    if boundaries and len(view.colours) > 1:
        _draw_regions(view)
    if X is not None:
        z, K = view.joint.argmax(axis=1), len(view.colours)
        for k in np.unique(z):
            part = view._replace(x=view.x[z == k])
            style = {"marker": MARKERS[k % 8], "edgecolors": "white", "linewidths": 0.4, "s": 28}
            style |= {"zorder": 2}
            if k == K:
                style |= {"color": FAINT, "label": "noise", "marker": "."}
            else:
                style |= {"color": view.colours[k], "label": f"component {k}"}
            part.scatter(np.full(len(part.x), k), **style | kwargs)
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
                view.ax.contour(x, y, f, levels=[0], colors=INK, linewidths=1, zorder=1)


def _margins(theta, X):
    """log joint of each component less that of the best other one, (N, K)."""
    joint = log_joint(theta, X)
    second, best = np.sort(joint, axis=1)[:, -2:].T
    others = np.where(joint == best[:, None], second[:, None], best[:, None])
    with np.errstate(invalid="ignore"):  # a weight of 0 never wins
        return np.nan_to_num(joint - others, neginf=-1e300)
