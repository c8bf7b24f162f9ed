"""Many features in two: points and components along the directions that separate them."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from ..hints import Columns
from ..projecting import Projection
from .colours import FAINT, INK, MARKERS
from .ellipses import draw_ellipses
from .view import check_features, check_masses, needs_data, view_of


def plot_projection(
    projection: Projection,
    X: ArrayLike,
    *,
    directions: Columns | None = None,
    masses: ArrayLike = 0.9,
    ax: Any = None,
    **kwargs: Any,
) -> Axes:
    r"""Points along the directions that separate the components best (:eq:`separation`).

    Each point has the colour and the marker of its component, as all features tell it.  An ellipse
    holds that mass of a component.  With two directions, arrows say which features they are made
    of: how far a standard deviation of each would move a point, all on one scale.

    Parameters
    ----------
    projection : Projection
        What :func:`~numpy_ml_gmm.projecting.separating_directions` returns.
    X : array (N, D)
        Points, with all features.
    directions : int or pair of int, optional
        Which directions; without it the first two, or the only one.
    masses : float or sequence of float
        Each between 0 and 1.
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
        If X, a direction or a mass does not fit.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from numpy_ml_gmm import GMM, load_iris
    >>> from numpy_ml_gmm.projecting import separating_directions
    >>> X = load_iris().X
    >>> ax = plot_projection(separating_directions(GMM(3, random_state=0).fit(X)), X)
    >>> ax.get_xlabel()
    'direction 1'
    >>> plt.close(ax.figure)
    """
    masses = check_masses(masses)
    d = len(projection.eigenvalues)
    shown = check_features(range(min(d, 2)) if directions is None else directions, d, 2)
    coordinates, z = projection.transform(needs_data(X)), projection.model.predict(X)
    view = view_of(projection.mixture, coordinates, shown, ax)
    for k in np.unique(z):
        colour, marker = (FAINT, ".") if k < 0 else (view.colours[k], MARKERS[k % len(MARKERS)])
        style = {"color": [colour], "marker": marker, "s": 24, "linewidths": 0, "zorder": 2}
        x = view.x[z == k]
        height = np.full(len(x), float(k)) if view.line else x[:, 1]
        view.ax.scatter(x[:, 0], height, **style | {"alpha": 0.7} | kwargs)
    if not view.line:
        draw_ellipses(view, masses)
        _draw_features(view, projection, shown)
    view.label("component")
    return view.ax


def _draw_features(view, projection, shown):
    """An arrow for each feature, from the centre: what it contributes to two directions."""
    model = projection.model
    theta, D = model.theta, model.n_features_in_
    mean = theta.weights @ theta.means / theta.weights.sum()
    variances = theta.covariances if theta.diagonal else np.einsum("kdd->kd", theta.covariances)
    spread = np.sqrt(theta.weights @ (variances + (theta.means - mean) ** 2))
    arrows = projection.directions[:, shown] * spread[:, None]  # (D, 2)
    reach = 0.8 * np.abs(view.x).max(axis=0)
    arrows *= (reach / np.abs(arrows).max(axis=0)).min()
    names = getattr(model, "feature_names_in_", [f"$x_{{{i + 1}}}$" for i in range(D)])
    for name, tip in zip(names, arrows, strict=True):
        style = {"arrowstyle": "->", "color": INK, "linewidth": 1.2}
        view.ax.annotate("", tip, (0, 0), arrowprops=style, zorder=4)
        place = {"ha": "center", "va": "center", "fontsize": "small", "color": INK, "zorder": 5}
        view.ax.text(*(1.12 * tip), str(name), **place)
