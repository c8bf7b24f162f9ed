"""Many features in two: points and components along the directions that separate them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from ..hints import Columns
from ..projecting import Projection, separating_directions
from .colours import FAINT, MARKERS
from .ellipses import draw_ellipses
from .labels import add_legend
from .view import (
    POINTS,
    check_data,
    check_features,
    check_masses,
    feature_names,
    needs_data,
    thinned,
    view_of,
)

NAMED = 12  # arrows with a name, the longest


def plot_projection(
    projection: Any,
    X: ArrayLike,
    *,
    directions: Columns | None = None,
    masses: ArrayLike = 0.9,
    names: Sequence[str] | None = None,
    ax: Any = None,
    **kwargs: Any,
) -> Axes:
    r"""Points along the directions that separate the components best (:eq:`separation`).

    Each point has the colour and the marker of its component, as all features tell it.  An ellipse
    holds that mass of a component.  With two directions, arrows say which features they are made
    of: how far a standard deviation of each would move a point, all on one scale.  Of more than
    10 000 points so many are drawn, the same ones each time.  It is the picture for many features;
    mclust has it as ``plot`` of ``MclustDR``.

    Parameters
    ----------
    projection : Projection or GMM
        What :func:`~numpy_ml_gmm.projecting.separating_directions` returns; for a fitted model
        it is called here.
    X : array (N, D)
        Points, with all features.
    directions : int or pair of int, optional
        Which directions; without it the first two, or the only one.
    masses : float or sequence of float
        Each between 0 and 1.
    names : sequence of str, optional
        Names of the components, for the legend.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For :meth:`matplotlib.axes.Axes.scatter`.

    Returns
    -------
    matplotlib Axes
        With a legend.

    Raises
    ------
    ValueError, TypeError
        If the model is not fitted or has one component, or X, a direction or a mass does not fit.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from numpy_ml_gmm import GMM, load_iris
    >>> X = load_iris().X
    >>> ax = plot_projection(GMM(3, random_state=0).fit(X), X)
    >>> ax.get_xlabel()
    'direction 1'
    >>> plt.close(ax.figure)
    """
    masses = check_masses(masses)
    if not isinstance(projection, Projection):
        projection = separating_directions(projection)
    d = len(projection.eigenvalues)
    shown = check_features(range(min(d, 2)) if directions is None else directions, d, 2)
    columns = feature_names(projection.model, needs_data(X), len(projection.directions))
    X = thinned(check_data(X, len(columns)), POINTS)
    coordinates, z = projection.transform(X), projection.model.predict(X)
    view = view_of(projection.mixture, coordinates, shown, ax, names=names)
    for k in np.unique(z):
        colour, marker = (FAINT, ".") if k < 0 else (view.colours[k], MARKERS[k % len(MARKERS)])
        style = {"color": [colour], "marker": marker, "s": 24, "linewidths": 0, "zorder": 2}
        style |= {"alpha": 0.7, "label": "noise" if k < 0 else view.components[k]} | kwargs
        part = view._replace(x=view.x[z == k])
        part.scatter(np.full(len(part.x), float(k)), **style)
    if not view.line:
        draw_ellipses(view, masses, label=None)
        _draw_features(view, projection, shown, columns)
    view.label("component")
    add_legend(view.ax)
    return view.ax


def _draw_features(view, projection, shown, names):
    """An arrow for each feature, from the centre: what it contributes to two directions."""
    theta, ink = projection.model.theta, view.inks.ink
    mean = theta.weights @ theta.means / theta.weights.sum()
    variances = theta.covariances if theta.diagonal else np.einsum("kdd->kd", theta.covariances)
    spread = np.sqrt(theta.weights @ (variances + (theta.means - mean) ** 2))
    arrows = projection.directions[:, shown] * spread[:, None]  # (D, 2)
    reach = 0.8 * np.abs(view.x).max(axis=0)
    arrows *= (reach / np.abs(arrows).max(axis=0)).min()
    longest = np.argsort(-np.linalg.norm(arrows, axis=1), kind="stable")[:NAMED]
    for d, (name, tip) in enumerate(zip(names, arrows, strict=True)):
        style = {"arrowstyle": "->", "color": ink, "linewidth": 1.2}
        view.ax.annotate("", tip, (0, 0), arrowprops=style, zorder=4)
        place = {"ha": "center", "va": "center", "fontsize": "small", "color": ink, "zorder": 5}
        if d in longest:
            view.ax.text(*(1.12 * tip), str(name), **place)
