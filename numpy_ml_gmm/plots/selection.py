"""How many components, and which covariances: a criterion over the cells of a search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D

from ..hints import Given
from .colours import LINES, MARKERS, inks_of, palette

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
    selection: Selection,
    X: Given = None,
    *,
    criterion: str = "bic",
    zoom: bool | float = False,
    ax: Any = None,
    **kwargs: Any,
) -> Axes:
    """A criterion over the number of components, one line for each covariance model.

    The name of a covariance model stands at the end of its line.  mclust has the picture as
    ``plot(model, what = "BIC")``, where a larger BIC is better.

    Parameters
    ----------
    selection : object
        With ``rows``: each has ``n_components``, ``covariance_type``, the criteria
        by name, and ``error``, None if the fit went well.
    X : ignored
        There so that all plots are called alike.
    criterion : str
        ``"bic"``, ``"aic"``, ``"icl"``, ``"silhouette"`` or ``"log_likelihood"``.
    zoom : bool or float
        What is shown: False, all values; True, the best third of them; a number, those that lie
        no more than so many units from the best.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For the lines, see :meth:`matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib Axes
        A ring marks the best.

    Raises
    ------
    ValueError
        If the criterion or ``zoom`` is unknown, or no row has a value of the criterion.

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
    larger = criterion in ("silhouette", "log_likelihood")
    room = _room(table, zoom, larger)
    ax = plt.subplots(layout="constrained")[1] if ax is None else ax
    lines = []
    for i, (name, colour) in enumerate(
        zip(table, palette(len(table), inks_of(ax).dark), strict=True)
    ):
        style = {"color": colour, "marker": MARKERS[i % 8], "linestyle": LINES[i % 4]}
        values = zip(*sorted(table[name].items()), strict=True)
        lines += ax.plot(*values, **style | {"label": name} | kwargs)
    ax.margins(0.1, 0.15)
    if room is not None:
        ax.set_ylim(room)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set_xlabel("number of components $K$")
    ax.set_ylabel(CRITERIA[criterion])
    _mark_best(ax, table, larger)
    _write_at_ends(ax, lines)
    return ax


def _room(table, zoom, larger):
    """The limits of the values shown; None for all of them."""
    if not isinstance(zoom, bool | np.bool_ | int | float) or not 0 <= zoom < np.inf:
        raise ValueError(f"zoom={zoom!r} must be True, False, or a number above 0, such as 20")
    if zoom is False or not zoom:
        return None
    values = np.array([v for column in table.values() for v in column.values()])
    values = np.sort(values[np.isfinite(values)] * (-1 if larger else 1))
    width = values[(len(values) - 1) // 3] - values[0] if zoom is True else float(zoom)
    ends = values[0] - 0.2 * width, values[0] + 1.05 * width
    return None if width <= 0 else (-ends[1], -ends[0]) if larger else ends


def _write_at_ends(ax, lines):
    """The name of each line to the right of its end, none upon another."""
    low, high = ax.get_ylim()
    ends = []
    for line in lines:
        K, values = line.get_data()
        last = np.flatnonzero(np.isfinite(values))
        if len(last):
            ends.append((float(values[last[-1]]), float(K[last[-1]]), line))
    ends.sort(key=lambda end: end[0])
    points = FontProperties(size="small").get_size_in_points()
    height = 72 * ax.bbox.height / ax.figure.dpi
    gap = min(1.25 * points / height, 1 / max(len(ends) - 1, 1))
    places = _apart(np.clip([(end[0] - low) / (high - low) for end in ends], 0, 1), gap)
    beside = ax.get_yaxis_transform()  # the heights are those of values, also if limits change
    for place, (value, K, line) in zip(low + places * (high - low), ends, strict=True):
        style = {"color": line.get_color(), "marker": line.get_marker(), "clip_on": False}
        ax.add_artist(Line2D([1.03], [place], markersize=5, transform=beside, **style))
        thin = {"arrowstyle": "-", "color": line.get_color(), "linewidth": 0.6, "shrinkA": 0}
        ax.annotate("", (K, value), (1.03, place), textcoords=beside, arrowprops=thin)
        style = {"va": "center", "fontsize": min(points, gap * height / 1.1)}
        ax.text(1.05, place, line.get_label(), transform=beside, **style)


def _apart(heights, gap):
    """Heights that ascend, moved by as little as may be until they are a gap apart, from 0 to 1."""
    steps = gap * np.arange(len(heights))
    free = heights - steps
    upwards, downwards = np.maximum.accumulate(free), np.minimum.accumulate(free[::-1])[::-1]
    return np.clip((upwards + downwards) / 2, 0, 1 - gap * (len(heights) - 1)) + steps


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
    ink = inks_of(ax).ink
    ax.plot([K], [value], color=ink, linestyle="none", **ring)
    first, last = min(cell[1] for cell in cells), max(cell[1] for cell in cells)
    side = "center" if first < K < last or first == last else "left" if K == first else "right"
    offset = {"xytext": (0, 20 if larger else -20), "textcoords": "offset points", "ha": side}
    ax.annotate(f"{name}, K = {K}", (K, value), va="center", fontweight="bold", color=ink, **offset)
