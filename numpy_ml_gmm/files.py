"""Tables read from files, and results written to a folder.

A problem with a file is a ValueError or an OSError that says where it is.
"""

import csv
import json
import os
import re
import shutil
import tempfile
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import NamedTuple

import numpy as np

from .datasets import LOADERS

# What reading a file raises whose bytes are not what they were.
DAMAGED = (
    *(ValueError, EOFError, RuntimeError, TokenError),
    *(csv.Error, zipfile.BadZipFile, zlib.error),
)


class Table(NamedTuple):
    """Numbers with the names of their columns.

    Examples
    --------
    >>> Table(np.ones((3, 2)), ["duration", "waiting"]).names
    ['duration', 'waiting']
    """

    X: np.ndarray  # (N, D)
    names: list | None = None  # D strings


def read_table(path):
    """A table from a ``.npy``, ``.npz`` or ``.csv`` file, or a bundled data set by name.

    Parameters
    ----------
    path : str or path-like
        A ``.npz`` must hold one array, or one named X.  A ``.csv`` may have a
        header; commas, semicolons, tabs or spaces separate its cells.

    Raises
    ------
    OSError, ValueError
        If there is no such file, or it does not hold a table of numbers.

    Examples
    --------
    >>> read_table("iris").X.shape
    (150, 4)
    """
    if str(path) in LOADERS:
        data = LOADERS[str(path)]()
        return Table(data.X, list(data.feature_names))
    if not os.path.exists(path):
        raise FileNotFoundError(
            f"data_path={str(path)!r} is no file, nor a bundled data set ({', '.join(LOADERS)})"
        )
    suffix = Path(path).suffix.lower()
    if suffix not in READERS:
        raise ValueError(f"data_path={str(path)!r} must end in {', '.join(READERS)}")
    try:
        return READERS[suffix](path)
    except DAMAGED as error:
        raise ValueError(f"{path}: {error}") from None


def read_npy(path):
    """The array of a ``.npy`` file, mapped rather than read, so it may be larger than memory.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "points.npy")
    ...     np.save(path, np.ones((3, 2)))
    ...     read_npy(path).X.shape
    (3, 2)
    """
    try:
        return Table(np.load(path, mmap_mode="r", allow_pickle=False))
    except ValueError:
        raise ValueError("holds no array of numbers: write it with numpy.save") from None


def read_npz(path):
    """The only array of a ``.npz`` file, or the one named X.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "points.npz")
    ...     np.savez(path, X=np.ones((3, 2)), seed=0)
    ...     read_npz(path).X.shape
    (3, 2)
    """
    if not zipfile.is_zipfile(path):
        raise ValueError("is not a .npz file: write it with numpy.savez")
    with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
        names = file.files
        if len(names) != 1 and "X" not in names:
            raise ValueError(f"holds the arrays {names}: keep one, or name one X")
        return Table(file["X" if "X" in names else names[0]])


def read_csv(path):
    """The numbers of a text file, and the names in its first line if that holds no number.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "points.csv")
    ...     _ = path.write_text("x;y\\n1,5;2\\n3;4\\n")
    ...     read_csv(path)
    Table(X=array([[1.5, 2. ], [3. , 4. ]]), names=['x', 'y'])
    """
    text = Path(path).read_text(encoding="utf-8-sig")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise ValueError("is empty: a table needs a line for each row")
    bare = re.sub('"[^"]*"', "", lines[0])  # without what is quoted
    separator = next((mark for mark in "\t;," if mark in bare), None)
    if separator == ";":
        lines = [line.replace(",", ".") for line in lines]  # a decimal comma
    head = cells(lines[0], separator)
    names = None if any(is_number(cell) for cell in head) else head
    if names and "" in names:
        raise ValueError(
            f"column {names.index('') + 1} has no name: an index is no feature, so drop it (pandas "
            "writes none with to_csv(..., index=False)); name any other column"
        )
    body = lines[1:] if names else lines
    check_cells(body[:1], names or head, separator, first=len(lines) - len(body) + 1)
    try:
        X = np.loadtxt(body, delimiter=separator, ndmin=2, quotechar='"')
    except ValueError:
        check_cells(body, names or head, separator, first=len(lines) - len(body) + 1)
        raise
    return Table(X, names)


READERS = {".npy": read_npy, ".npz": read_npz, ".csv": read_csv}


def cells(line, separator):
    """The cells of a line of text, without quotes.

    Examples
    --------
    >>> cells('"x, y", 1.5', ",")
    ['x, y', '1.5']
    """
    if separator is None:
        row = line.split()
    else:
        row = next(csv.reader([line], delimiter=separator, skipinitialspace=True))
    return [cell.strip().strip('"') for cell in row]


def is_number(cell):
    """Whether a cell can be read as a number.

    Examples
    --------
    >>> is_number("1e3"), is_number("three")
    (True, False)
    """
    try:
        float(cell)
    except ValueError:
        return False
    return True


def check_cells(body, head, separator, first):
    """Find the cell that is no number, and name its column.

    Examples
    --------
    >>> check_cells(["1,2", "3,four"], ["x", "y"], ",", first=2)
    Traceback (most recent call last):
    ValueError: column 'y' holds 'four', not a number (line 3): drop the column or the row
    """
    if not body:
        raise ValueError("has a header but no rows: add the numbers")
    for n, line in enumerate(body, first):
        row = cells(line, separator)
        if len(row) != len(head):
            raise ValueError(f"line {n} has {len(row)} cells, but the first has {len(head)}")
        for d, cell in enumerate(row):
            if not is_number(cell):
                column = repr(head[d]) if not is_number(head[d]) and first > 1 else str(d + 1)
                what = f"holds {cell!r}, not a number" if cell else "is empty"
                raise ValueError(f"column {column} {what} (line {n}): drop the column or the row")


@contextmanager
def whole_file(path):
    """A temporary path beside ``path`` that takes its place if the body succeeds.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     target = Path(folder, "note.txt")
    ...     with whole_file(target) as path:
    ...         _ = path.write_text("all of it")
    ...     target.read_text()
    'all of it'
    """
    if Path(path).is_dir():
        raise IsADirectoryError(f"{path} is a folder: name a file in it")
    path = Path(path).resolve()  # a link stays one: what it points to is replaced
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path):
    """A temporary folder whose files move to ``path`` if the body succeeds.

    A new folder appears in one step.  Into one that is there, the files move
    one by one, each in one step; other files in it stay.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     with whole_folder(Path(parent, "results")) as folder:
    ...         _ = (folder / "note.txt").write_text("all of it")
    ...     sorted(path.name for path in Path(parent, "results").iterdir())
    ['note.txt']
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        yield temporary
        if path.exists():
            for file in temporary.iterdir():
                os.replace(file, path / file.name)
        else:
            temporary.chmod(0o755)
            temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_results(folder, model, X, extra=""):
    """Labels, responsibilities, parameters and the model itself, whole or not at all.

    Parameters
    ----------
    folder : str or path-like
        Made if it is not there.
    model : GMM
        Fitted.
    X : array (N, D)
    extra : str
        The table of a search, for ``selection.txt``.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM, load_iris
    >>> X = load_iris().X
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_results(folder, GMM(3, random_state=0).fit(X), X)
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['labels.txt', 'model.npz', 'parameters.json', 'responsibilities.txt']
    """
    with whole_folder(folder) as to:
        np.savetxt(to / "labels.txt", model.predict(X), fmt="%d")
        np.savetxt(to / "responsibilities.txt", model.predict_proba(X), fmt="%.17g")
        (to / "parameters.json").write_text(json.dumps(summary(model, X), indent=2) + "\n")
        model.save(to / "model.npz")
        if extra:
            (to / "selection.txt").write_text(extra + "\n")


def summary(model, X):
    """Parameters and criteria of a fitted model, ready for JSON.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM, load_iris
    >>> X = load_iris().X
    >>> summary(GMM(3, random_state=0).fit(X), X)["n_parameters"]
    44
    """
    names = getattr(model, "feature_names_in_", None)
    return {
        "n_components": model.n_components,
        "covariance_type": model.covariance_type,
        "feature_names": None if names is None else list(names),
        "weights": model.weights_.tolist(),
        "means": model.means_.tolist(),
        "covariances": model.covariances_.tolist(),
        "log_likelihood": model.log_likelihood_,
        "n_parameters": model.n_parameters(),
        "aic": model.aic(X),
        "bic": model.bic(X),
        "icl": model.icl(X),
        "converged": model.converged_,
        "n_iter": model.n_iter_,
    }
