"""EM as a film: one frame for each step."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.animation import FFMpegWriter, FuncAnimation, PillowWriter
from numpy.typing import ArrayLike

from ..hints import Columns, PathLike
from ..tables import Table
from ..writing import as_path, whole_file
from .ellipses import plot_ellipses
from .points import plot_responsibilities
from .view import POINTS, feature_names, log_density, needs_data, parameters, thinned, view_of

FILMS = (".mp4", ".m4v", ".mov", ".mkv")  # ffmpeg writes them


class EMAnimation(FuncAnimation):
    """A matplotlib animation that a notebook shows, as a GIF within the page.

    :meth:`save` writes it as a GIF, as a film or as a page with buttons.

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

    def save(self, filename: PathLike, writer: Any = None, fps: int = 4, **kwargs: Any) -> None:  # type: ignore[override]
        """Write a file, in the format that its name ends in.

        Parameters
        ----------
        filename : path
            ``.gif``; ``.html``, a page with buttons that holds all it needs; or ``.mp4`` and the
            other formats of films, which need the program ffmpeg.
        writer : optional
            One of matplotlib's writers; without it the file name decides.
        fps : int
            Frames a second.
        **kwargs
            For :meth:`matplotlib.animation.Animation.save`, such as ``dpi``.

        Raises
        ------
        ValueError
            If the name of the file ends in no format.
        RuntimeError
            If it is a film, and ffmpeg is not installed.

        Examples
        --------
        >>> import matplotlib.pyplot as plt
        >>> from numpy_ml_gmm import GMM, load_old_faithful
        >>> two = GMM(2, random_state=0)
        >>> X = load_old_faithful().X
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "em.html")
        ...     animate_em(two.iterate(X), X, n_steps=2).save(path)
        ...     "<script" in path.read_text("utf-8")
        True
        >>> plt.close()
        """
        path = as_path(filename, "filename")
        writer = _writer_of(path, fps) if writer is None else writer
        with whole_file(path) as scratch:
            if path.suffix.lower() == ".html" and writer is None:
                Path(scratch).write_text(self.to_jshtml(fps=fps), "utf-8")
            else:
                super().save(scratch, writer=writer, **kwargs)

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
        self.save(path, writer=PillowWriter(fps=fps))

    def _repr_html_(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "em.gif")
            self.to_gif(path)
            code = base64.b64encode(path.read_bytes()).decode()
        return f'<img alt="EM, step by step" src="data:image/gif;base64,{code}">'


def _writer_of(path, fps):
    """What writes the format that a file's name ends in; None for HTML, which is text."""
    kind = path.suffix.lower()
    if kind in FILMS and not FFMpegWriter.isAvailable():
        raise RuntimeError(
            f"filename={str(path)!r} is a film, which the program ffmpeg writes, and that is not "
            "installed: install ffmpeg, or save to a .gif or .html file, which need no program"
        )
    if kind in FILMS:
        return FFMpegWriter(fps=fps)
    if kind not in (".gif", ".html"):
        known = ", ".join((".gif", ".html", *FILMS))
        raise ValueError(f"filename={str(path)!r} must end in one of {known}")
    return PillowWriter(fps=fps) if kind == ".gif" else None


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

    Of more than 10 000 points so many are drawn, the same ones each time; the log-likelihood is
    that of all.

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
    features : pair of int or str, optional
        Which features to show; needed if the models have more than two.
    ax : matplotlib Axes, optional
        Where to draw; each frame clears it.
    **kwargs
        For :class:`matplotlib.animation.FuncAnimation`, such as ``interval``.

    Returns
    -------
    EMAnimation
        A notebook shows it.  ``animation.save("em.gif")`` writes a GIF, ``"em.html"`` a page with
        buttons, ``"em.mp4"`` a film if ffmpeg is installed.

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
    view = view_of(model, needs_data(X), features, ax, most=None)
    values = [log_density(theta, view.X).sum() for theta in frames]
    some = Table(thinned(view.X, POINTS), feature_names(model, X, view.X.shape[1]))
    points = np.concatenate([view.x, *(theta.means[:, view.features] for theta in frames)])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.08 * np.where(high > low, high - low, 1)
    limits = dict(zip(("xlim", "ylim"), np.transpose([low - margin, high + margin]), strict=True))

    def draw(t):
        view.ax.clear()
        view.ax.set(title=f"step {t + 1}: log-likelihood {values[t]:.2f}", **limits)
        plot_responsibilities(frames[t], some, features=view.features, ax=view.ax)
        plot_ellipses(frames[t], masses=masses, features=view.features, ax=view.ax)

    draw(0)
    options: dict[str, Any] = {"frames": len(frames), "interval": 250} | kwargs
    options.setdefault("init_func", lambda: None)
    return EMAnimation(view.ax.figure, draw, **options)
