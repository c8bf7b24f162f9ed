"""Points where the mixture expects next to none."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from ..density import check_mass
from ..hints import Columns
from .colours import COLOURS, FAINT, LINES
from .densities import percent, plot_contours
from .labels import add_legend
from .view import POINTS, mixture_of_ours, needs_data, thinned, view_of


def plot_outliers(
    model: Any,
    X: ArrayLike,
    *,
    mass: float = 0.99,
    features: Columns | None = None,
    ax: Any = None,
    **kwargs: Any,
) -> Axes:
    r"""Points with rings round the outliers, those outside the smallest region of a mass.

    .. math::
        \log p(x_n) < h_M

    What is an outlier is decided by all features (:eq:`outliers`).  With two, and without noise,
    the border of the region is drawn too.  With one feature shown, a point stands at the height
    of its log density, and the line is the border.  Of more than 10 000 points on either side so
    many are drawn, the same ones each time; the legend counts them all.

    Parameters
    ----------
    model : object
        With ``weights_``, ``means_`` and ``covariances_``.
    X : array (N, D)
        Points.
    mass : float
        Of the region, between 0 and 1.
    features : one or two of int or str, optional
        Which features to show; needed if the model has more than two.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For the rings, see :meth:`matplotlib.axes.Axes.scatter`.

    Returns
    -------
    matplotlib Axes
        With a legend.

    Raises
    ------
    ValueError
        If the model is not fitted, or X, the mass or a feature does not fit.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from numpy_ml_gmm import GMM
    >>> plane = GMM.from_parameters([1.0], [[0, 0]], 1.0, covariance_type="EII")
    >>> ax = plot_outliers(plane, [[0.0, 3.0], [0.0, 3.1]])
    >>> ax.collections[-1].get_label()
    'outside 99 %: 1 of 2 points'
    >>> plt.close(ax.figure)
    """
    check_mass(mass, single=True)
    view = view_of(model, needs_data(X), features, ax, most=None)
    mixture = mixture_of_ours(model)
    outside = mixture.outliers(view.X, mass)
    if view.line:
        border = float(mixture.density_level(mass))
        view.ax.axhline(border, color=view.inks.ink, linewidth=1, linestyle=LINES[1])
    elif view.X.shape[1] == 2 and view.noise[1] is None:
        plot_contours(model, masses=mass, labels=False, ax=view.ax)
    said = f"outside {percent(mass)}: {outside.sum()} of {len(outside)} points"
    inside = {"s": 9, "color": FAINT, "linewidths": 0, "zorder": 1}
    rings = {"s": 60, "facecolors": "none", "edgecolors": COLOURS["vermilion"], "linewidths": 1.6}
    rings |= {"zorder": 3, "label": said} | kwargs
    for these, style in (~outside, inside), (outside, rings):
        some = thinned(np.flatnonzero(these), POINTS)
        part = view._replace(X=view.X[some], x=view.x[some])
        part.scatter(logsumexp(part.joint, axis=1), **style)
    add_legend(view.ax)
    view.label(r"$\log p(x_n)$")
    return view.ax
