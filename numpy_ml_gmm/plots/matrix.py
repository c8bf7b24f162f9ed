"""Every pair of features of a mixture, in a square of axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import PathCollection
from numpy.typing import ArrayLike, NDArray

from ..hints import Columns, Given
from ..tables import Table
from .densities import plot_contours, plot_density_1d
from .ellipses import plot_ellipses
from .labels import add_legend, component_names, far_from_0
from .points import plot_responsibilities
from .view import (
    VECTORS,
    check_data,
    check_features,
    check_masses,
    feature_names,
    parameters,
    thinned,
)


def plot_scatter_matrix(
    model: Any,
    X: Given = None,
    *,
    masses: ArrayLike = 0.9,
    features: Columns | None = None,
    names: Sequence[str] | None = None,
    ax: Any = None,
    **kwargs: Any,
) -> NDArray[Any]:
    """Every pair of features, each with its true marginal.

    On the diagonal :func:`plot_density_1d`.  Below it :func:`plot_responsibilities`
    and :func:`plot_ellipses`.  Above it :func:`plot_contours` at 50, 90 and 99 %.  Of more than
    2000 points so many are drawn, the same ones each time, and as an image; the histograms are of
    all.  mclust has it as ``clPairs``.

    Parameters
    ----------
    model : object
        With ``weights_``, ``means_`` and ``covariances_``.
    X : array (N, D), optional
        Points.
    masses : float or sequence of float
        Masses of a component inside its ellipses.
    features : sequence of int or str, optional
        Which features; all of them by default.
    names : sequence of str, optional
        Names of the components, for the legend.
    ax : array of matplotlib Axes (F, F), optional
        Where to draw, F the number of features.
    **kwargs
        For :func:`plot_ellipses`.

    Returns
    -------
    ndarray of matplotlib Axes (F, F)
        With a legend beside the upper right one.

    Raises
    ------
    ValueError
        If the model is not fitted, or X, a mass, a feature or ``ax`` does not fit.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM
    >>> model = GMM.from_parameters([1.0], [[0, 0, 0]], [np.eye(3)])
    >>> axes = plot_scatter_matrix(model)
    >>> axes.shape
    (3, 3)
    >>> plt.close(axes[0, 0].figure)
    """
    K, D = parameters(model).means.shape
    columns = feature_names(model, X, D)
    chosen = check_features(range(D) if features is None else features, D, D, columns)
    components = component_names(names, K)
    check_masses(masses)
    every: Any = None
    some: Any = None
    if X is not None:
        rows = check_data(X, D)
        every, some = Table(rows, columns), Table(thinned(rows, VECTORS), columns)
    axes = _square(len(chosen), ax)
    for (row, column), panel in np.ndenumerate(axes):
        i, j = chosen[row], chosen[column]  # feature j runs to the right, feature i upwards
        if i == j:
            plot_density_1d(model, every, features=i, ax=panel)
            for line, name in zip(panel.lines, components, strict=False):
                line.set_label(name)
        elif i > j:
            if X is not None:
                plot_responsibilities(model, some, features=(j, i), ax=panel, s=14)
            plot_ellipses(model, masses=masses, features=(j, i), ax=panel, **kwargs)
        else:
            plot_contours(model, some, features=(j, i), labels=False, filled=True, ax=panel)
        if some is not None and len(axes) ** 2 * len(some.X) > VECTORS:
            for points in panel.collections:
                points.set_rasterized(isinstance(points, PathCollection))
    _tidy(axes)
    if K > 1 or names is not None:
        place = {"loc": "upper left", "bbox_to_anchor": (1.02, 1), "borderaxespad": 0}
        add_legend(axes[0, -1], axes[0, 0].get_lines()[:K], **place)
    return axes


def _square(F, ax):
    """The caller's axes as a square (F, F), or new ones."""
    if ax is None:
        size = max(4, 2.2 * F)
        return plt.subplots(F, F, figsize=(size, size), layout="constrained", squeeze=False)[1]
    axes = np.asarray(ax, dtype=object).reshape(-1)
    if len(axes) != F * F:
        raise ValueError(
            f"ax holds {len(axes)} axes, expected {F} x {F}: use plt.subplots({F}, {F})"
        )
    return axes.reshape(F, F)


def _tidy(axes):
    """Labels at the edges only; the same limits along columns, and along rows off the diagonal."""
    F = len(axes)
    for (row, column), ax in np.ndenumerate(axes):
        if row < F - 1:
            ax.set_xlabel("")
            ax.tick_params(labelbottom=False)
        if column or (row == 0 and F > 1):
            ax.tick_params(labelleft=False)
            ax.set_ylabel("")
        if row == column:
            ax.set_yticks([])
        for axis in ax.xaxis, ax.yaxis:  # in a narrow panel the offset would lie on the name
            offset = far_from_0(axis)
            if offset and axis.get_label_text():
                axis.set_label_text(f"{axis.get_label_text()}\n{offset}")
            axis.offsetText.set_visible(False)
    for f, column in enumerate(axes.T):
        low, high = np.transpose([ax.get_xlim() for ax in column])
        for ax in column:
            ax.set_xlim(low.min(), high.max())
        for ax in np.delete(axes[f], f):
            ax.set_ylim(low.min(), high.max())
