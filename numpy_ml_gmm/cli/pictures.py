"""The picture of a mixture: a density, contours, or every pair of a few features."""

import os
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np

from ..gmm import GMM
from ..parameters import diagonals
from ..tables import Table
from ..writing import whole_file
from .columns import find, words
from .saying import note, progress

PANELS = 6  # features in a scatter-plot matrix
POINTS = 10_000  # rows in a picture: more would hide each other


def check_plot(option: str, path: Path) -> None:
    """The picture's folder and format must exist."""
    from matplotlib.backend_bases import FigureCanvasBase

    formats = FigureCanvasBase.get_supported_filetypes()
    if path.suffix[1:].lower() not in formats:
        raise ValueError(f"{option} {path} must end in one of .{', .'.join(sorted(formats))}")
    if not path.parent.is_dir():
        raise ValueError(f"{option} {path}: there is no folder {path.parent}")
    if path.is_dir():
        raise ValueError(f"{option} {path} is a folder: name a file")
    check_writable(path.parent, f"{option} {path}")


def check_writable(folder: Path, option: str) -> None:
    """Files can be made in the folder."""
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ValueError(f"{option}: you may not write to {folder}; name another folder")


def check_features(args: Namespace, columns: list, plot: str | None) -> list[int] | None:
    """The features that ``--features`` names, among those of the mixture."""
    if not args.features:
        return None
    if plot is None:
        raise ValueError("--features says what a picture shows: add --plot FILE")
    problems: list[str] = []
    names = columns if all(isinstance(name, str) for name in columns) else None
    if names is None:  # numbers are those of the table's columns
        names = list(map(str, columns))
    shown = find("--features", words(args.features), names, len(names), problems)
    if problems:
        raise ValueError("; ".join(problems))
    return shown


def separating(model: GMM, most: int) -> list[int]:
    r"""The features that separate the components best, at most so many, in their order.

    Of feature d that is the variance between the means over that within the components,
    :math:`\sum_k \pi_k (\mu_{kd} - \bar\mu_d)^2 / \sum_k \pi_k \Sigma_{kdd}`.
    """
    theta = model.theta
    pi, variances = theta.weights[:, None], theta.covariances
    within = (pi * (variances if theta.diagonal else diagonals(variances))).sum(axis=0)
    between = (pi * (theta.means - (pi * theta.means).sum(axis=0)) ** 2).sum(axis=0)
    return sorted(np.argsort(-between / within, kind="stable")[:most].tolist())


def picture(
    args: Namespace, model: GMM, X: np.ndarray | None, columns: list, shown: list | None
) -> Any:
    """A figure of some features, by default of those that separate the components best."""
    from matplotlib.figure import Figure

    from .. import plots

    D = model.n_features_in_
    if shown is None:
        shown = list(range(D)) if D <= PANELS else separating(model, PANELS)
        if D > PANELS:
            names = ", ".join(str(columns[d]) for d in shown)
            note(
                args,
                f"the picture shows the {PANELS} of {D} features that separate the components "
                f"best, {names}: --features chooses",
            )
    if X is not None and len(X) > POINTS:
        X = X[np.sort(np.random.default_rng(0).choice(len(X), POINTS, replace=False))]
        note(args, f"the picture shows {POINTS} of the rows, drawn at random")
    X = None if X is None else np.asarray(X)
    points: Any = None  # with the names of its columns
    if X is not None:
        points = Table(
            X, [name if isinstance(name, str) else f"$x_{{{name}}}$" for name in columns]
        )
    F = len(shown)
    figure = Figure(layout="constrained", figsize=(6.4, 4.8) if F < 3 else (9, 9))
    if F == 1:
        plots.plot_density_1d(model, points, features=shown[0], ax=figure.subplots())
    elif F == 2:
        ax = figure.subplots()
        if X is not None:
            plots.plot_responsibilities(model, points, features=shown, ax=ax)
        plots.plot_contours(model, features=shown, ax=ax, masses=(0.9, 0.99))
        plots.plot_ellipses(model, masses=0.5, features=shown, ax=ax)
    else:
        axes = figure.subplots(F, F)
        plots.plot_scatter_matrix(model, points, features=shown, ax=axes)
    return figure


def write_picture(
    args: Namespace, to: str, model: GMM, X: np.ndarray | None, columns: list, shown: list | None
) -> None:
    """Draw the mixture into a file."""
    with progress(args, f"drawing {to}"), whole_file(to) as path:
        picture(args, model, X, columns, shown).savefig(path, dpi=150)
