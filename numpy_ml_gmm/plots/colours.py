"""Colours, lines and markers that tell components apart, also in grey and to every eye."""

from __future__ import annotations

import matplotlib
import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import ArrayLike

from ..hints import Array

INK = "#1f2933"  # text and the mixture as a whole
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
LINES = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (7, 2, 1.5, 2)))
MARKERS = "os^Dv*PX"


def palette(K: int) -> Array:
    """One colour for each component, from dark to light.

    Neighbours differ in lightness, so that the order survives a grey print, and
    in hue, also to colour-blind eyes.  Beyond eight they are steps of matplotlib's
    cividis map.

    Parameters
    ----------
    K : int
        Number of colours.

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
        return np.array([to_rgb(COLOURS[name]) for name in CHOICES[K].split()])
    return matplotlib.colormaps["cividis"](np.linspace(0, 0.95, K))[:, :3]


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
