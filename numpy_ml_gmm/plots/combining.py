"""How many clusters the components make: the entropy as they are merged."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..combining import Combination, bend
from ..hints import Given
from .colours import inks_of, palette
from .view import pair_of_axes


def plot_combination(
    combination: Combination, X: Given = None, *, ax: Any = None, **kwargs: Any
) -> NDArray[Any]:
    r"""The entropy of the responsibilities while components are merged, pair by pair.

    On the left over the number of clusters.  On the right over the number of points that
    mergers have to do with: a step that merges two large clusters may lower the entropy more
    only because it concerns more points, and there its slope is what it gains a point.  The
    lines are the two that fit best (:eq:`entropy-bend`), the ring is where they meet.

    Parameters
    ----------
    combination : Combination
        What :func:`~numpy_ml_gmm.combining.combine` returns, of two components or more.
    X : ignored
        There so that all plots are called alike.
    ax : pair of matplotlib Axes, optional
        Where to draw.
    **kwargs
        For the entropies, see :meth:`matplotlib.axes.Axes.plot`.

    Returns
    -------
    ndarray of matplotlib Axes (2,)

    Raises
    ------
    ValueError
        If there is only one component, or ``ax`` does not fit.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from numpy_ml_gmm import GMM, combine, load_iris
    >>> X = load_iris().X
    >>> left, right = plot_combination(combine(GMM(4, random_state=0).fit(X), X))
    >>> right.get_xlabel()
    'points merged, cumulated'
    >>> plt.close(left.figure)
    """
    H = combination.entropies
    if len(H) < 2:
        raise ValueError(f"combination={combination!r} has nothing to merge: fit more components")
    axes = pair_of_axes(ax, sharey=True)
    counts = np.arange(1, len(H) + 1), np.append(0, np.cumsum(combination.n_merged))
    names = "number of clusters $G$", "points merged, cumulated"
    for panel, x, name in zip(axes, counts, names, strict=True):
        inks = inks_of(panel)
        style: dict[str, Any] = {
            "color": palette(1, inks.dark)[0],
            "marker": "o",
            "linestyle": "none",
        }
        panel.plot(x, H, **style | {"label": "entropy"} | kwargs)
        at = combination.n_clusters - 1
        if len(H) > 2:
            at, lines = bend(x, H)
            for some, height in lines:
                panel.plot(some, height, color=inks.ink, linewidth=1.2, linestyle="--")
        ring = {"marker": "o", "markersize": 15, "fillstyle": "none", "markeredgewidth": 1.8}
        panel.plot(x[at], H[at], color=inks.ink, linestyle="none", **ring)
        place: dict[str, Any] = {"xytext": (-8, 14), "textcoords": "offset points", "ha": "right"}
        panel.annotate(f"G = {at + 1}", (x[at], H[at]), color=inks.ink, **place)
        panel.set_xlabel(panel.get_xlabel() or name)
    axes[0].xaxis.get_major_locator().set_params(integer=True)
    axes[0].set_ylabel(axes[0].get_ylabel() or "entropy (nats)")
    return axes
