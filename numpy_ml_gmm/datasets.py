"""Data to learn on: two classic tables, and seeded generators."""

from __future__ import annotations

from importlib import resources
from typing import Any, NamedTuple

import numpy as np


class Dataset(NamedTuple):
    """Measurements with their names.

    Where data are asked for it can be given as it is, like a data frame: then a fit and its plots
    know the names.

    Examples
    --------
    >>> load_old_faithful().feature_names
    ['eruptions', 'waiting']
    >>> from numpy_ml_gmm import GMM
    >>> GMM(2, random_state=0).fit(load_old_faithful()).feature_names_in_.tolist()
    ['eruptions', 'waiting']
    """

    X: np.ndarray  # (N, D)
    feature_names: list
    target: np.ndarray | None = None  # (N,)
    target_names: list | None = None

    @property
    def columns(self) -> list:
        """The names, as a data frame has them."""
        return self.feature_names

    @property
    def shape(self) -> tuple:
        """Of the measurements, (N, D)."""
        return self.X.shape

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        """The measurements."""
        return np.asarray(self.X, dtype)


def _read(name):
    with resources.files(__package__).joinpath("data", f"{name}.csv").open() as file:
        names = file.readline().strip().split(",")
        return np.loadtxt(file, delimiter=","), names


def load_old_faithful() -> Dataset:
    """Old Faithful geyser: 272 eruptions, duration and waiting time in minutes.

    Source: Azzalini, A. & Bowman, A. W. (1990). *A look at some data on the Old
    Faithful geyser*. Applied Statistics 39(3), 357-365. https://doi.org/10.2307/2347385

    Examples
    --------
    >>> load_old_faithful().X.shape
    (272, 2)
    """
    return Dataset(*_read("old_faithful"))


def load_iris() -> Dataset:
    """Iris: 150 flowers of three species, four lengths in centimetres.

    Source: Fisher, R. A. (1936). *The use of multiple measurements in taxonomic
    problems*. Annals of Eugenics 7(2), 179-188.
    https://doi.org/10.1111/j.1469-1809.1936.tb02137.x

    Examples
    --------
    >>> iris = load_iris()
    >>> iris.X.shape, iris.target_names
    ((150, 4), ['setosa', 'versicolor', 'virginica'])
    """
    X, names = _read("iris")
    return Dataset(X, names, np.repeat([0, 1, 2], 50), ["setosa", "versicolor", "virginica"])


LOADERS = {"old_faithful": load_old_faithful, "iris": load_iris}
