"""Short names for the types in signatures.  Shapes and units are in the docstrings.

============== ==========================================================================
name           what it stands for
============== ==========================================================================
``Array``      an array of floats that comes out, or that is passed on inside
``Labels``     an array of whole numbers: a component or a class for each point
``Theta``      weights, means and covariances as three plain arrays
``Given``      what a caller may give as an array, a list or a data frame, or leave out
``Init``       where EM starts: a name, labels, responsibilities or a function
``Fixed``      which parameters are held
``Seed``       a number, a generator, or None for another draw each time
``Columns``    one feature or several, by number or by name
``PathLike``   the name of a file or folder
``Checkpoint`` a file that long work is kept in, and perhaps the seconds between two writes
============== ==========================================================================

What goes in and cannot be left out is a ``numpy.typing.ArrayLike``.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
Labels: TypeAlias = NDArray[np.integer[Any]]
Theta: TypeAlias = tuple[Array, Array, Array]
Given: TypeAlias = ArrayLike | None
Init: TypeAlias = str | ArrayLike | Callable[..., ArrayLike]
Fixed: TypeAlias = Sequence[str] | Mapping[str, ArrayLike]
Seed: TypeAlias = int | np.random.Generator | None
Columns: TypeAlias = int | str | Sequence[int | str] | Labels
PathLike: TypeAlias = str | bytes | os.PathLike[Any]
Checkpoint: TypeAlias = PathLike | tuple[PathLike, float] | None
