"""The components of a mixture: ellipses in a plane, intervals on a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.transforms import Affine2D
from numpy.typing import ArrayLike
from scipy.stats import chi2

from ..hints import Columns, Given
from .colours import FAINT, LINES
from .labels import add_legend
from .view import check_masses, view_of


def plot_ellipses(
    model: Any,
    X: Given = None,
    *,
    masses: ArrayLike = 0.9,
    features: Columns | None = None,
    names: Sequence[str] | None = None,
    ax: Any = None,
    **kwargs: Any,
) -> Axes:
    r"""The ellipse of each component that holds a given mass of it.

    .. math::
        x = \mu_k + \sqrt{\chi^2_{2, M}} \; L_k u, \qquad
        L_k L_k^\top = \Sigma_k, \quad |u| = 1 .

    The axes are :math:`\sqrt{\chi^2_{2, M}}` times the roots of the eigenvalues of
    :math:`\Sigma_k` long.  Angles look right if
    the caller sets ``ax.set_aspect("equal")``.  One feature gives intervals.  Of more than 10 000
    points so many are drawn, the same ones each time.

    Parameters
    ----------
    model : object
        With ``weights_``, ``means_`` and ``covariances_``.
    X : array (N, D), optional
        Points to draw underneath.
    masses : float or sequence of float
        Masses of a component inside its ellipses, each between 0 and 1.
    features : one or two of int or str, optional
        Which features' marginal; needed if the model has more than two.
    names : sequence of str, optional
        Names of the components; with them there is a legend.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For :class:`matplotlib.patches.PathPatch`, or for the lines of intervals.

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
    >>> ax = plot_ellipses(model, masses=(0.5, 0.9))
    >>> len(ax.patches)
    4
    >>> plt.close(ax.figure)
    """
    masses = check_masses(masses)
    view = view_of(model, X, features, ax, names=names)
    if X is not None:
        view.scatter(np.full(len(view.x), -1.0), s=9, color=FAINT, linewidths=0, zorder=1)
    (_draw_bars if view.line else draw_ellipses)(view, masses, **kwargs)
    height = np.arange(len(view.colours)) if view.line else view.shown.means[:, 1]
    style = {"marker": "X", "edgecolors": view.colours, "linewidths": 1.6, "zorder": 4}
    view.ax.scatter(view.shown.means[:, 0], height, s=90, color=[view.inks.paper], **style)
    view.label("component")
    if names is not None:
        add_legend(view.ax)
    return view.ax


def draw_ellipses(view, masses, **kwargs):
    """The ellipses of each mass and component in a plane."""
    L = np.linalg.cholesky(view.shown.covariances)
    for n, radius in enumerate(np.sqrt(chi2.ppf(masses, df=2))):
        for k, (mu, colour) in enumerate(zip(view.shown.means, view.colours, strict=True)):
            style = {"edgecolor": colour, "facecolor": "none", "linewidth": 2, "zorder": 3}
            style |= {"linestyle": LINES[k % 4], "label": None if n else view.components[k]}
            style |= kwargs
            matrix = np.eye(3)
            matrix[:2, :2], matrix[:2, 2] = radius * L[k], mu
            ellipse = Path.unit_circle().transformed(Affine2D(matrix))
            view.ax.add_patch(PathPatch(ellipse, **style))
    view.ax.autoscale_view()


def _draw_bars(view, masses, **kwargs):
    """The intervals of each mass and component on a line, the smaller the thicker."""
    sd = np.sqrt(view.shown.covariances[:, 0, 0])
    for width, radius in enumerate(np.sqrt(chi2.ppf(masses, df=1)), start=1):
        for k, (mu, colour) in enumerate(zip(view.shown.means[:, 0], view.colours, strict=True)):
            style = {"color": colour, "linewidth": 2 * width, "solid_capstyle": "butt"}
            style |= {"label": None if width > 1 else view.components[k]} | kwargs
            view.ax.plot([mu - radius * sd[k], mu + radius * sd[k]], [k, k], **style)
