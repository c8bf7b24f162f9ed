"""What is written in a plot: names of components, legends, masses on contours, ticks far from 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import ScalarFormatter

from .colours import inks_of

FAR = 1e4  # from 0, in widths of an axis: from here on the first digits of all ticks are the same
INSIDE = 8  # entries of a legend that leave room for the picture


def component_names(names: Sequence[str] | None, K: int) -> list[str]:
    """One name for each component, checked."""
    if names is None:
        return [f"component {k}" for k in range(K)]
    if isinstance(names, str) or len(names) != K:
        raise ValueError(f"names={names!r} must be {K} texts, one for each component")
    return [str(name) for name in names]


def add_legend(ax: Any, handles: Sequence[Any] = (), **kwargs: Any) -> None:
    """A legend of what has a label, each once: in the axes, or beside it if it is long."""
    labelled = handles or ax.get_legend_handles_labels()[0]
    entries = {handle.get_label(): handle for handle in labelled}
    if not entries:
        return
    inks = inks_of(ax)
    style: dict[str, Any] = {"facecolor": tuple(inks.paper), "labelcolor": tuple(inks.ink)}
    style |= {"fontsize": "small", "loc": "best"}  # if said, it is no reason for a warning
    if len(entries) > INSIDE:
        style |= {"loc": "upper left", "bbox_to_anchor": (1.01, 1), "borderaxespad": 0}
    legend = ax.legend(entries.values(), entries, **style | kwargs)
    legend.get_title().set(color=inks.ink, fontsize="small")


# --- on contours ------------------------------------------------------------------------------


def write_on_contours(contours: Any, names: Sequence[str]) -> None:
    """Each name on its contour, as far from the others as it can be.

    Where contours are so narrow that a name would lie on several, all are in a legend.
    """
    ax = contours.axes
    inks = inks_of(ax)
    ax.get_xlim(), ax.get_ylim()  # the limits are brought up to date
    lines = [_pixels(ax, path) for path in contours.get_paths()]
    size = matplotlib.font_manager.FontProperties(size="small").get_size_in_points()
    height = size * ax.figure.dpi / 72
    places: list[Any] = []
    for own, name in zip(lines, names, strict=True):
        others = [line for line in lines if line is not own and len(line)]
        room = [_distances(own, line) / height for line in others]
        room += [_distances(own, place[None]) / (height * len(name)) for place in places]
        room = np.min([np.full(len(own), 9.0), *room], axis=0)
        if not len(own) or room.max() < 0.6:  # half a letter, and a gap
            break
        places.append(own[room.argmax()])
    if len(places) < len(names):
        add_legend(
            ax, [Line2D([], [], color=tuple(inks.ink), label=f"{', '.join(names)}, inwards")]
        )
        return
    halo = [withStroke(linewidth=2.5, foreground=inks.paper)]
    style = {"ha": "center", "va": "center", "fontsize": "small", "color": inks.ink, "zorder": 5}
    for place, name in zip(ax.transData.inverted().transform(places), names, strict=True):
        ax.text(*place, name, path_effects=halo, clip_on=True, **style)


def _pixels(ax, path, most=300):
    """Some points along a path that lie within the axes, (P, 2) in pixels."""
    points = ax.transData.transform(path.vertices) if len(path.vertices) else np.empty((0, 2))
    low, high = ax.bbox.min, ax.bbox.max
    points = points[((points >= low) & (points <= high)).all(axis=1)]
    return points[:: -(-len(points) // most)] if len(points) else points


def _distances(points, others):
    """The distance of each point to the nearest of the others."""
    return np.sqrt(((points[:, None] - others) ** 2).sum(axis=2)).min(axis=1)


# --- far from 0 -------------------------------------------------------------------------------


def far_from_0(axis: Any) -> str:
    """What has been taken off the ticks of an axis, if anything."""
    ticks = axis.get_major_formatter()
    return ticks.get_offset() if isinstance(ticks, FarTicks) else ""


class FarTicks(ScalarFormatter):
    """Ticks less a round number, which stands at the end of the axis with its sign."""

    def get_offset(self):
        return f"{self.offset:+,.15g}"


def write_far_ticks(axis: Any) -> None:
    """Of ticks that begin with the same digits, take these off once: 1,000,000 + 0, 2, 4.

    Where they are but few, ticks are written in full, and not as matplotlib would, less 1.289e3.
    """
    low, high = np.sort(axis.get_view_interval())
    width = high - low
    if not width or axis.get_scale() != "linear" or max(-low, high) < 100 * width:
        return
    if max(-low, high) < FAR * width:
        axis.set_major_formatter(ScalarFormatter(useOffset=False))
        return
    step = 10.0 ** np.ceil(np.log10(width))
    ticks = FarTicks(useOffset=round((low + high) / 2 / step) * step)
    ticks.set_scientific(False)
    axis.set_major_formatter(ticks)
