"""How many components, and which covariances: a criterion over the cells of a search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from ..hints import Given
from .colours import INK, LINES, MARKERS, palette

if TYPE_CHECKING:
    from ..selection import Selection

CRITERIA = {
    "bic": "BIC (smaller is better)",
    "aic": "AIC (smaller is better)",
    "icl": "ICL (smaller is better)",
    "silhouette": "silhouette (larger is better)",
    "log_likelihood": "log-likelihood (rises with every parameter)",
}


def plot_selection(
    selection: Selection, X: Given = None, *, criterion: str = "bic", ax: Any = None, **kwargs: Any
) -> Axes:
    """A criterion over the number of components, one line for each covariance model.

    Parameters
    ----------
    selection : object
        With ``rows``: each has ``n_components``, ``covariance_type``, the criteria
        by name, and ``error``, None if the fit went well.
    X : ignored
        There so that all plots are called alike.
    criterion : str
        ``"bic"``, ``"aic"``, ``"icl"``, ``"silhouette"`` or ``"log_likelihood"``.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For the lines, see :meth:`matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib Axes
        With a legend.  A ring marks the best.

    Raises
    ------
    ValueError
        If the criterion is unknown, or no row has a value of it.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> row = {"covariance_type": "full", "error": None}
    >>> rows = [SimpleNamespace(n_components=K, bic=b, **row) for K, b in [(1, 9.0), (2, 7.0)]]
    >>> ax = plot_selection(SimpleNamespace(rows=rows))
    >>> ax.texts[0].get_text()
    'full, K = 2'
    >>> plt.close(ax.figure)
    """
    table = _criterion_table(selection, criterion)
    ax = plt.subplots(layout="constrained")[1] if ax is None else ax
    for i, (name, colour) in enumerate(zip(table, palette(len(table)), strict=True)):
        style = {"color": colour, "marker": MARKERS[i % 8], "linestyle": LINES[i % 4]}
        ax.plot(*zip(*sorted(table[name].items()), strict=True), **style | {"label": name} | kwargs)
    ax.margins(0.1, 0.15)
    _mark_best(ax, table, larger=criterion in ("silhouette", "log_likelihood"))
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set_xlabel("number of components $K$")
    ax.set_ylabel(CRITERIA[criterion])
    ax.legend(ncols=-(-len(table) // 7), title="covariances")
    return ax


def _criterion_table(selection, criterion):
    """{covariance type: {K: value}}, with nan where a fit failed."""
    if criterion not in CRITERIA:
        raise ValueError(f"criterion={criterion!r} is not known: choose from {', '.join(CRITERIA)}")
    table = {}
    for row in getattr(selection, "rows", ()):
        value = None if row.error else getattr(row, criterion, None)
        column = table.setdefault(row.covariance_type, {})
        column[row.n_components] = np.nan if value is None else float(value)
    if not np.isfinite([v for column in table.values() for v in column.values()]).any():
        raise ValueError(f"selection={selection!r} has no row with a {criterion}: see its errors")
    return table


def _mark_best(ax, table, larger):
    """A ring about the best value, and its name."""
    cells = [(v, K, name) for name, column in table.items() for K, v in column.items()]
    cells = [cell for cell in cells if np.isfinite(cell[0])]
    value, K, name = (max if larger else min)(cells, key=lambda cell: cell[0])
    ring = {"marker": "o", "markersize": 16, "fillstyle": "none", "markeredgewidth": 1.8}
    ax.plot([K], [value], color=INK, linestyle="none", **ring)
    first, last = min(cell[1] for cell in cells), max(cell[1] for cell in cells)
    side = "center" if first < K < last or first == last else "left" if K == first else "right"
    offset = {"xytext": (0, 20 if larger else -20), "textcoords": "offset points", "ha": side}
    ax.annotate(f"{name}, K = {K}", (K, value), va="center", fontweight="bold", **offset)
