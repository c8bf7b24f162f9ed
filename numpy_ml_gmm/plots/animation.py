"""EM as a film: one frame for each step."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.animation import FuncAnimation, PillowWriter
from numpy.typing import ArrayLike

from ..hints import Columns, PathLike
from .ellipses import plot_ellipses
from .points import plot_responsibilities
from .view import log_density, needs_data, parameters, view_of


class EMAnimation(FuncAnimation):
    """A matplotlib animation that a notebook shows, as a GIF within the page.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from numpy_ml_gmm import GMM, load_old_faithful
    >>> X = load_old_faithful().X
    >>> animation = animate_em(GMM(2, random_state=0).iterate(X), X, n_steps=2)
    >>> animation._repr_html_()[:31]
    '<img alt="EM, step by step" src'
    >>> plt.close()
    """

    def to_gif(self, path: PathLike, fps: int = 4) -> None:
        """Write a GIF file.

        Examples
        --------
        >>> import matplotlib.pyplot as plt
        >>> from numpy_ml_gmm import GMM, load_old_faithful
        >>> X = load_old_faithful().X
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "em.gif")
        ...     animate_em(GMM(2, random_state=0).iterate(X), X, n_steps=2).to_gif(path)
        ...     path.read_bytes()[:3]
        b'GIF'
        >>> plt.close()
        """
        self.save(path, writer=PillowWriter(fps=fps))  # type: ignore[arg-type]

    def _repr_html_(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "em.gif")
            self.to_gif(path)
            code = base64.b64encode(path.read_bytes()).decode()
        return f'<img alt="EM, step by step" src="data:image/gif;base64,{code}">'


def animate_em(
    steps: Iterable[Any],
    X: ArrayLike,
    *,
    n_steps: int = 50,
    masses: ArrayLike = (0.5, 0.9),
    features: Columns | None = None,
    ax: Any = None,
    **kwargs: Any,
) -> EMAnimation:
    """An animation of real EM steps: responsibilities and ellipses after each.

    Parameters
    ----------
    steps : iterable of models
        Such as ``GMM(3).iterate(X)``.  Their parameters are copied.
    X : array (N, D)
        Points.
    n_steps : int
        At most so many steps.
    masses : float or sequence of float
        Masses of a component inside its ellipses.
    features : pair of int, optional
        Which features to show; needed if the models have more than two.
    ax : matplotlib Axes, optional
        Where to draw; each frame clears it.
    **kwargs
        For :class:`matplotlib.animation.FuncAnimation`, such as ``interval``.

    Returns
    -------
    EMAnimation
        A notebook shows it.  ``animation.to_gif("em.gif")`` writes a GIF,
        ``animation.save("em.mp4")`` a film if ffmpeg is installed.

    Raises
    ------
    ValueError
        If there are no steps, or X, a mass or a feature does not fit.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from numpy_ml_gmm import GMM, load_old_faithful
    >>> X = load_old_faithful().X
    >>> animation = animate_em(GMM(2, random_state=0).iterate(X), X, n_steps=3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     animation.to_gif(Path(folder, "em.gif"))
    >>> plt.gca().get_title().split(":")[0]  # of the frame drawn last
    'step 3'
    >>> plt.close()
    """
    frames = []
    for model in islice(steps, n_steps):
        frames.append(parameters(model))  # a copy: the next step may write over the model's
    if not frames:
        raise ValueError("steps is empty: pass a fresh model.iterate(X), not one already used up")
    view = view_of(model, needs_data(X), features, ax)
    values = [log_density(theta, view.X).sum() for theta in frames]
    points = np.concatenate([view.x, *(theta.means[:, view.features] for theta in frames)])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.08 * np.where(high > low, high - low, 1)
    limits = dict(zip(("xlim", "ylim"), np.transpose([low - margin, high + margin]), strict=True))

    def draw(t):
        view.ax.clear()
        view.label("")  # a theta alone does not know the names
        plot_responsibilities(frames[t], X, features=features, ax=view.ax)
        plot_ellipses(frames[t], masses=masses, features=features, ax=view.ax)
        view.ax.set(title=f"step {t + 1}: log-likelihood {values[t]:.2f}", **limits)

    draw(0)
    options: dict[str, Any] = {"frames": len(frames), "interval": 250} | kwargs
    options.setdefault("init_func", lambda: None)
    return EMAnimation(view.ax.figure, draw, **options)
