"""The tree that components make while they are merged into clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from scipy.cluster import hierarchy

from ..combining import Combination
from ..hints import Array, Given
from .colours import LINES, inks_of, palette
from .labels import component_names


def plot_dendrogram(
    combination: Combination,
    X: Given = None,
    *,
    names: Sequence[str] | None = None,
    ax: Any = None,
    **kwargs: Any,
) -> Axes:
    r"""The tree of the mergers: which components become one, and what doubt that takes away.

    .. math::
        H_K - H_{K'}

    Two branches meet at the entropy that all mergers up to theirs have taken away, with K'
    clusters left (:eq:`entropy-gain`).  A short step joins components that were hard to tell
    apart or are few points.  The broken line cuts the tree into the clusters that are proposed,
    each in a colour.  mclust has it as ``combiTree``.

    Parameters
    ----------
    combination : Combination
        What :func:`~numpy_ml_gmm.combining.combine` returns, of two components or more.
    X : ignored
        There so that all plots are called alike.
    names : sequence of str, optional
        Names of the components; without them their numbers.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For the branches, see :meth:`matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If there is only one component, or the names do not fit.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM, combine, load_iris
    >>> X = load_iris().X
    >>> ax = plot_dendrogram(combine(GMM(4, random_state=0).fit(X), X))
    >>> sorted(label.get_text() for label in ax.get_xticklabels())
    ['0', '1', '2', '3']
    >>> plt.close(ax.figure)
    """
    K, G = len(combination.entropies), combination.n_clusters
    if K < 2:
        raise ValueError(f"combination={combination!r} has nothing to merge: fit more components")
    components = component_names(names, K) if names is not None else list(map(str, range(K)))
    tree = hierarchy.dendrogram(_linkage(combination), no_plot=True)
    ax = plt.subplots(layout="constrained")[1] if ax is None else ax
    inks, leaves = inks_of(ax), tree["leaves"]
    lost = combination.entropies[-1] - combination.entropies  # with 1, 2, ..., K clusters
    cut = (lost[G - 1] + lost[G - 2]) / 2 if G > 1 else 1.05 * lost[0]
    colours, cluster = palette(G, inks.dark), combination.clusters[G - 1]
    for x, height in zip(np.array(tree["icoord"]) / 10 - 0.5, tree["dcoord"], strict=True):
        own = cluster[leaves[round(x.mean())]]  # of a leaf below
        style = {"color": colours[own] if height[1] <= cut else inks.ink, "linewidth": 2}
        ax.plot(x, height, **style | {"solid_joinstyle": "miter"} | kwargs)
    for place, k in enumerate(leaves):
        ax.plot(place, 0, "o", color=colours[cluster[k]], clip_on=False, zorder=3)
    ax.axhline(cut, color=inks.ink, linestyle=LINES[1], linewidth=1)
    said = f"{G} cluster{'s' * (G > 1)}"
    ax.text(1.01, cut, said, transform=ax.get_yaxis_transform(), va="center")
    ax.set_xticks(range(K), [components[k] for k in leaves])
    ax.set_xlim(-0.5, K - 0.5)
    ax.set_ylim(0, 1.12 * max(lost[0], cut) or 1)
    ax.set_xlabel(ax.get_xlabel() or "component")
    ax.set_ylabel(ax.get_ylabel() or "entropy taken away (nats)")
    return ax


def _linkage(combination: Combination) -> Array:
    """The mergers as SciPy has them: the two that merge, the height, how many components."""
    K = len(combination.entropies)
    lost = np.maximum.accumulate((combination.entropies[-1] - combination.entropies)[::-1])
    ids, sizes, rows = list(range(K)), [1] * K, []
    for step, (i, j) in enumerate(combination.merges[::-1].tolist()):
        sizes[i] += sizes.pop(j)
        rows.append([ids[i], ids[j], lost[step + 1], sizes[i]])
        ids[i] = K + step
        del ids[j]
    return np.array(rows, dtype=np.float64)
