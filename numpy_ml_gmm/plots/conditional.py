"""One feature given another: the conditional density beside the joint."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..conditional import condition
from ..hints import Columns, Given
from .colours import LINES, inks_of, palette
from .densities import plot_contours
from .grid import grid
from .labels import add_legend
from .view import (
    MASSES,
    check_data,
    check_features,
    check_masses,
    feature_names,
    log_density,
    pair_of_axes,
    parameters,
)

NEGLIGIBLE = 1e-6  # a component of less weight is not drawn: its line may lead far off the picture


def plot_conditional(
    model: Any,
    values: ArrayLike,
    X: Given = None,
    *,
    masses: ArrayLike = MASSES,
    features: Columns | None = None,
    ax: Any = None,
    **kwargs: Any,
) -> NDArray[Any]:
    r"""The density of one feature at some values of another, beside their joint density.

    A cut through the joint density, divided by its area, is the conditional density:

    .. math::
        p(x_j \mid x_i = v) = \frac{p(x_i = v, x_j)}{p(x_i = v)}

    On the left are the contours of :func:`plot_contours` and the cuts, on the right the
    densities along them.

    Parameters
    ----------
    model : object
        With ``weights_``, ``means_`` and ``covariances_``.
    values : float or sequence of float
        Of the first feature, where to cut.
    X : array (N, D), optional
        Points to draw underneath.
    masses : float or sequence of float
        Masses inside the contours, each between 0 and 1.
    features : pair of int or str, optional
        The feature that is known and the one that is asked for; needed if the model has more
        than two.
    ax : pair of matplotlib Axes, optional
        Where to draw.
    **kwargs
        For the lines of the densities, see :meth:`matplotlib.axes.Axes.plot`.

    Returns
    -------
    ndarray of matplotlib Axes (2,)

    Raises
    ------
    ValueError
        If the model is not fitted, or a value, X, a mass, a feature or ``ax`` does not fit.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from numpy_ml_gmm import GMM, load_old_faithful
    >>> model = GMM(2, random_state=0).fit(load_old_faithful().X)
    >>> joint, cuts = plot_conditional(model, [2.0, 4.5])
    >>> [line.get_label() for line in cuts.lines]
    ['$x_{1}$ = 2', '$x_{1}$ = 4.5']
    >>> plt.close(cuts.figure)
    """
    theta = parameters(model)
    D = theta.means.shape[1]
    chosen = check_features(features, D, 2, feature_names(model, X, D))
    if len(chosen) < 2:
        raise ValueError(
            f"features={features!r}, of {D}: this plot needs two, the known one "
            "and the one asked for, as in features=(0, 1)"
        )
    cuts = _check_values(values)
    check_masses(masses)
    if X is not None:
        check_data(X, D)
    joint, right = axes = pair_of_axes(ax, sharey=True, width_ratios=(3, 2))
    plot_contours(model, X, masses=masses, features=chosen, ax=joint)
    colours = palette(len(cuts), inks_of(joint).dark)
    for n, (value, colour) in enumerate(zip(cuts, colours, strict=True)):
        given = condition(theta.marginal(chosen), [0], [value])
        given = given.reorder(given.weights > NEGLIGIBLE)
        (y,) = grid(given)
        p = np.exp(log_density(given, y[:, None]))
        style = {"color": colour, "linestyle": LINES[n % 4], "linewidth": 2}
        joint.axvline(value, **style | {"linewidth": 1.2})
        right.plot(p, y, **style | {"label": f"{joint.get_xlabel()} = {value:g}"} | kwargs)
        right.fill_betweenx(y, p, color=colour, alpha=0.2, linewidth=0)
    right.set_xlim(left=0)
    right.set_xlabel(right.get_xlabel() or "density")
    add_legend(right, frameon=False)
    return axes


def _check_values(values):
    """Where to cut, (V,)."""
    v = np.atleast_1d(np.asarray(values, dtype=np.float64))
    if v.ndim != 1 or not len(v) or not np.isfinite(v).all():
        raise ValueError(
            f"values={values!r} must be one finite number or several, as in [2.0, 4.5]"
        )
    return v
