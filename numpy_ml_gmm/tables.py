"""Tables of numbers read from ``.npy``, ``.npz`` and ``.csv`` files, or bundled with the package.

A problem with a file is a ValueError or an OSError that says where it is.
"""

import csv
import os
import re
import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError
from typing import NamedTuple

import numpy as np

from .datasets import LOADERS
from .validation import LISTED

# What reading an array file raises whose bytes are not what they were.
DAMAGED = ValueError, EOFError, RuntimeError, TokenError, zipfile.BadZipFile, zlib.error


class Table(NamedTuple):
    """Numbers with the names of their columns."""

    X: np.ndarray  # (N, D)
    names: list | None = None  # D strings

    @property
    def columns(self):
        """The names, as a data frame has them: messages name columns by them."""
        return self.names

    def __array__(self, dtype=None, copy=None):
        """The numbers."""
        return np.asarray(self.X, dtype)


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
    except (*DAMAGED, csv.Error) as error:
        raise ValueError(f"{path}: {error}") from None


def read_npy(path):
    """The array of a ``.npy`` file, mapped rather than read, so it may be larger than memory."""
    try:
        return Table(np.load(path, mmap_mode="r", allow_pickle=False))
    except ValueError:
        raise ValueError("holds no array of numbers: write it with numpy.save") from None


def read_npz(path):
    """The only array of a ``.npz`` file, or the one named X."""
    if not zipfile.is_zipfile(path):
        raise ValueError("is not a .npz file: write it with numpy.savez")
    with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
        names = file.files
        if len(names) != 1 and "X" not in names:
            raise ValueError(f"holds the arrays {names}: keep one, or name one X")
        return Table(file["X" if "X" in names else names[0]])


def read_csv(path):
    """The numbers of a text file, and the names in its first line if that holds no number."""
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
    try:
        check_cells(body[:1], names or head, separator, first=len(lines) - len(body) + 1)
        X = np.loadtxt(body, delimiter=separator, ndmin=2, quotechar='"')
    except ValueError:
        check_cells(body, names or head, separator, first=len(lines) - len(body) + 1)
        raise
    return Table(X, names)


READERS = {".npy": read_npy, ".npz": read_npz, ".csv": read_csv}


def cells(line, separator):
    """The cells of a line of text, without quotes."""
    if separator is None:
        row = line.split()
    else:
        row = next(csv.reader([line], delimiter=separator, skipinitialspace=True))
    return [cell.strip().strip('"') for cell in row]


def is_number(cell):
    """Whether a cell can be read as a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def check_cells(body, head, separator, first):
    """Find the cells that are no numbers, and name the first of each column."""
    if not body:
        raise ValueError("has a header but no rows: add the numbers")
    wrong = {}
    for n, line in enumerate(body, first):
        row = cells(line, separator)
        if len(row) != len(head):
            raise ValueError(f"line {n} has {len(row)} cells, but the first has {len(head)}")
        for d, cell in enumerate(row):
            if not is_number(cell) and d not in wrong:
                column = repr(head[d]) if not is_number(head[d]) and first > 1 else str(d + 1)
                what = f"holds {cell!r}, not a number" if cell else "is empty"
                wrong[d] = f"column {column} {what} (line {n})"
    if wrong:
        more = [f"and {len(wrong) - LISTED} columns more"] if len(wrong) > LISTED else []
        found = "; ".join([wrong[d] for d in sorted(wrong)][:LISTED] + more)
        one = len(wrong) == 1
        raise ValueError(
            f"{found}: drop the {'column or the row' if one else 'columns or the rows'}"
        )
