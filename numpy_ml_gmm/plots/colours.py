"""Colours, lines and markers that tell components apart, also in grey and to every eye.

What is written, and the lines of the mixture as a whole, have the colour of text in the style that
is in use, ``text.color`` of matplotlib.  On a dark background components have lighter colours.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.colors import to_rgb, to_rgba
from numpy.typing import ArrayLike

from ..hints import Array

INK = "#1f2933"  # text on a light background, where that of the style cannot be read
FAINT = "#9aa5b1"  # data without a colour of its own

# From dark to light, so that grey prints keep the order; hues after Okabe and Ito.
COLOURS = {
    "navy": "#16306f",
    "wine": "#85194d",
    "green": "#1f6b3a",
    "blue": "#0b74b8",
    "vermilion": "#d1600f",
    "pink": "#cb7fb0",
    "sky": "#5fb5e5",
    "gold": "#efac22",
}
# The best apart for each K, to three kinds of colour-blind eyes and in grey.
CHOICES = {
    1: "blue",
    2: "blue gold",
    3: "wine blue gold",
    4: "wine blue pink gold",
    5: "navy wine blue pink gold",
    6: "navy wine green blue vermilion gold",
    7: "navy wine green blue vermilion pink gold",
    8: "navy wine green blue vermilion pink sky gold",
}
# Up to twenty, found by a search for the largest distance of the closest two to the same eyes.
MANY = """
    #561504 #311297 #49304c #67216f #06513c #60389c #8f3a16 #1e4fd4 #984978 #517454
    #c64904 #9869a7 #80854e #3189fa #d37693 #8c93df #6db34a #97b610 #c5a8d3 #e6af95
""".split()
LINES = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (7, 2, 1.5, 2)))
MARKERS = "os^Dv*PX"
READABLE = 4.5  # least contrast of a text with its background (WCAG 2, 1.4.3)


def palette(K: int, dark: bool = False) -> Array:
    """One colour for each component, from dark to light.

    Neighbours differ in lightness, so that the order survives a grey print, and
    in hue, also to colour-blind eyes.  Beyond twenty they are steps of matplotlib's
    cividis map.

    Parameters
    ----------
    K : int
        Number of colours.
    dark : bool
        Whether they are for a dark background: then they are all mixed with white.

    Returns
    -------
    ndarray (K, 3)
        Red, green and blue, from 0 to 1.

    Raises
    ------
    ValueError
        If K is below 1.

    Examples
    --------
    >>> palette(3).shape
    (3, 3)
    """
    if K < 1:
        raise ValueError(f"K={K} colours make no palette: ask for 1 or more")
    if K in CHOICES:
        colours = np.array([to_rgb(COLOURS[name]) for name in CHOICES[K].split()])
    elif K <= len(MANY):
        some = np.linspace(0, len(MANY) - 1, K).round().astype(int)
        colours = np.array([to_rgb(MANY[i]) for i in some])
    else:
        colours = matplotlib.colormaps["cividis"](np.linspace(0, 0.95, K))[:, :3]
    return 1 - 0.7 * (1 - colours) if dark else colours


class Inks(NamedTuple):
    """The background of an axes, and what can be read on it."""

    paper: Array  # (3,) the background
    ink: Array  # (3,) text, and lines of the mixture as a whole

    @property
    def dark(self) -> bool:
        """Whether the background is nearer to black than to white."""
        return contrast(self.paper, (1, 1, 1)) > contrast(self.paper, (0, 0, 0))

    def shade(self, share: float) -> Array:
        """A colour between the background, 0, and the text, 1."""
        return self.paper + share * (self.ink - self.paper)


def inks_of(ax: Any) -> Inks:
    """The background of an axes, and the style's colour of text if that can be read on it."""
    paper = np.ones(3)
    layers = [ax.figure.get_facecolor(), *([ax.get_facecolor()] if ax.axison else [])]
    for layer in layers:
        *rgb, alpha = to_rgba(layer)
        paper = (1 - alpha) * paper + alpha * np.array(rgb)
    own = np.array(to_rgb(matplotlib.rcParams["text.color"]))
    if contrast(own, paper) < READABLE:
        own = max(np.array(to_rgb(INK)), np.ones(3), key=lambda ink: contrast(ink, paper))
    return Inks(paper, own)


def contrast(one: ArrayLike, other: ArrayLike) -> float:
    """The contrast of two colours by their luminances, from 1 to 21 (WCAG 2)."""
    colours = np.array([one, other], dtype=np.float64)
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    low, high = np.sort(linear @ [0.2126, 0.7152, 0.0722])
    return float((high + 0.05) / (low + 0.05))


def mix_colours(r: ArrayLike, colours: ArrayLike) -> Array:
    r"""The colour of each point: :math:`\sum_k r_{nk} \, c_k`.

    Parameters
    ----------
    r : array (N, K)
        Responsibilities.
    colours : array (K, 3)
        One colour for each component.

    Returns
    -------
    ndarray (N, 3)

    Raises
    ------
    ValueError
        If a row of ``r`` is not a convex combination: it must be at least 0 and sum to 1.

    Examples
    --------
    >>> mix_colours([[0.5, 0.5]], [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    array([[0.5, 0. , 0.5]])
    """
    r, colours = np.asarray(r, dtype=np.float64), np.asarray(colours, dtype=np.float64)
    if r.ndim != 2 or r.shape[1] != len(colours):
        raise ValueError(
            f"r has shape {r.shape}, expected (N, {len(colours)}): one column a colour"
        )
    if (r < 0).any() or not np.allclose(r.sum(axis=1), 1):
        raise ValueError("r must hold probabilities: at least 0, and each row summing to 1")
    return np.clip(r @ colours, 0, 1)
