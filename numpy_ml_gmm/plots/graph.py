"""The model as a graph with plates."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyBboxPatch

from ..hints import Given
from ..validation import as_array
from .colours import inks_of
from .view import parameters

NODES = {  # where, and what it is
    r"$\pi$": (0, 0, "weights"),
    r"$z_n$": (1.9, 0, "component"),
    r"$x_n$": (3.7, 0, "point"),
    r"$\mu_k$": (5.9, 0.72, "means"),
    r"$\Sigma_k$": (5.9, -0.72, "covariances"),
}
EDGES = (
    (r"$\pi$", r"$z_n$"),
    (r"$z_n$", r"$x_n$"),
    (r"$\mu_k$", r"$x_n$"),
    (r"$\Sigma_k$", r"$x_n$"),
)
PLATES = (1.2, -1.2, 3.2, 1.85, "$N$"), (5.1, -1.9, 1.6, 3.27, "$K$")


def plot_graphical_model(
    model: Any = None, X: Given = None, *, equations: bool = True, ax: Any = None, **kwargs: Any
) -> Axes:
    r"""The mixture as a graph with plates: what is drawn from what, and how often.

    .. math::
        z_n \mid \pi \sim \mathrm{Categorical}(\pi), \qquad
        x_n \mid z_n = k \sim \mathcal{N}(\mu_k, \Sigma_k) .

    The shaded node is observed.  A plate repeats what it holds.  Letters grow and shrink with the
    axes, but not so far that they cannot be read: 3 by 2 inches are enough.

    Parameters
    ----------
    model : object, optional
        If it is fitted, the plate of components shows its number of them.
    X : array (N, D), optional
        If given, the plate of points shows their number.
    equations : bool
        Whether to write the two lines above under the graph.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For the circles, see :class:`matplotlib.patches.Circle`.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If ``model`` is given and is not fitted.

    Examples
    --------
    >>> ax = plot_graphical_model()
    >>> [text.get_text() for text in ax.texts][:4]
    ['$\\pi$', 'weights', '$z_n$', 'component']
    >>> plt.close(ax.figure)
    """
    N = None if X is None else len(as_array(X, "X"))
    K = None if model is None else len(parameters(model).weights)
    ax = plt.subplots(figsize=(7, 3.4), layout="constrained")[1] if ax is None else ax
    ax.axis("off")
    scale = ax.bbox.width / ax.figure.dpi / 5.4  # 1 in the figure above
    _draw_nodes(ax, scale, kwargs)
    _draw_plates(ax, scale, (N, K))
    if equations:
        size = max(14 * scale, 6.5)
        text = {"ha": "center", "va": "center", "fontsize": size, "color": inks_of(ax).ink}
        ax.text(1.35, -2.4, r"$z_n \mid \pi \;\sim\; \mathrm{Categorical}(\pi)$", **text)
        ax.text(4.9, -2.4, r"$x_n \mid z_n = k \;\sim\; \mathcal{N}(\mu_k, \Sigma_k)$", **text)
    ax.set_aspect("equal")
    ax.set(xlim=(-0.55, 6.8), ylim=(-2.75 if equations else -2.0, 1.5))
    return ax


def _draw_nodes(ax, scale, kwargs):
    """The variables as circles with their names, and arrows between them."""
    inks, width = inks_of(ax), min(max(scale, 0.5), 1)
    style = {"radius": 0.44, "edgecolor": inks.ink, "linewidth": 1.6 * width, "zorder": 3} | kwargs
    large = {"ha": "center", "va": "center", "fontsize": max(19 * scale, 8), "zorder": 4}
    small = {"ha": "center", "va": "top", "fontsize": max(9 * scale, 6)}
    circles = {}
    for name, (x, y, caption) in NODES.items():
        shade = {"facecolor": inks.shade(0.2) if name == "$x_n$" else inks.paper}
        circles[name] = ax.add_patch(Circle((x, y), **shade | style))
        ax.text(x, y, name, color=inks.ink, **large)
        ax.text(x, y - 0.52, caption, color=inks.shade(0.8), **small)
    for start, end in EDGES:
        ends = {"patchA": circles[start], "patchB": circles[end], "shrinkA": 0, "shrinkB": 0}
        head = f"-|>,head_width={0.3 * width},head_length={0.6 * width}"
        arrow = {"arrowstyle": head, "color": inks.ink, "linewidth": 1.4 * width}
        ax.annotate("", NODES[end][:2], NODES[start][:2], arrowprops=arrow | ends, zorder=2)


def _draw_plates(ax, scale, counts):
    """A box round what is repeated, and how often if that is known."""
    ink = inks_of(ax).ink
    text = {"ha": "right", "va": "bottom", "fontsize": max(13 * scale, 7), "color": ink}
    for (x, y, width, height, name), count in zip(PLATES, counts, strict=True):
        style = {"boxstyle": "round,pad=0,rounding_size=0.15", "facecolor": "none"}
        style |= {"edgecolor": ink, "linewidth": 1.2, "zorder": 1}
        ax.add_patch(FancyBboxPatch((x, y), width, height, **style))
        label = name if count is None else f"{name} = {count}"
        ax.text(x + width - 0.1, y + 0.08, label, **text)
