"""Tables of numbers read from ``.npy``, ``.npz`` and ``.csv`` files, or bundled with the package.

A problem with a file is a ValueError or an OSError that says where it is.
"""

import codecs
import csv
import os
import re
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .datasets import LOADERS
from .validation import LISTED, warn
from .writing import as_path


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


def read_table(path, header=None):
    """A table from a ``.npy``, ``.npz`` or ``.csv`` file, or a bundled data set by name.

    Parameters
    ----------
    path : str or path-like
        A ``.npz`` must hold one array, or one named X.  In a ``.csv`` commas,
        semicolons, tabs or spaces separate the cells.
    header : bool, optional
        Whether the first line of a ``.csv`` names the columns.  By default it does if no number
        is in it.

    Raises
    ------
    OSError, ValueError
        If there is no such file, or it does not hold a table of numbers.

    Warns
    -----
    DataWarning
        If the first line is read as numbers, but looks like names, such as years.

    Examples
    --------
    >>> read_table("iris").X.shape
    (150, 4)
    """
    path, name = as_path(path), os.fsdecode(path)
    if name in LOADERS:
        data = LOADERS[name]()
        return Table(data.X, list(data.feature_names))
    if not os.path.exists(name):
        raise FileNotFoundError(
            f"data_path={name!r} is no file, nor a bundled data set ({', '.join(LOADERS)})"
        )
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise ValueError(f"data_path={name!r} must end in {', '.join(READERS)}")
    try:
        return read_csv(path, header) if suffix == ".csv" else READERS[suffix](path)
    except MemoryError:
        raise
    except Exception as error:  # whatever damaged bytes do to zipfile, zlib and NumPy
        if getattr(error, "filename", None):  # the system names the file itself
            raise
        raise ValueError(f"{path}: {error}") from None


def read_npy(path):
    """The array of a ``.npy`` file, mapped rather than read, so it may be larger than memory."""
    try:
        return Table(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, MemoryError):
        raise
    except Exception:
        raise ValueError(
            "holds no array of numbers, or less than it declares: write it with numpy.save"
        ) from None


def read_npz(path):
    """The only array of a ``.npz`` file, or the one named X."""
    if not zipfile.is_zipfile(path):
        raise ValueError("is not a .npz file: write it with numpy.savez")
    with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
        names = file.files
        if len(names) != 1 and "X" not in names:
            raise ValueError(f"holds the arrays {names}: keep one, or name one X")
        return Table(file["X" if "X" in names else names[0]])


def read_csv(path, header=None):
    """The numbers of a text file, and the names in its first line if that is a header."""
    lines = [s for s in read_text(path).splitlines() if s.strip() and not s.startswith("#")]
    if not lines:
        raise ValueError("is empty: a table needs a line for each row")
    bare = re.sub('"[^"]*"', "", lines[0])  # without what is quoted
    separator = next((mark for mark in "\t;," if mark in bare), None)
    first = cells(lines[0], separator)
    named = header if header is not None else not any(is_number(c, separator) for c in first)
    names, body = (first, lines[1:]) if named else (None, lines)
    if names and "" in names:
        raise ValueError(
            f"column {names.index('') + 1} has no name: an index is no feature, so drop it (pandas "
            "writes none with to_csv(..., index=False)); name any other column"
        )
    if not body:
        raise ValueError("has a header but no rows: add the numbers")
    points = (line.replace(",", ".") for line in body) if separator == ";" else body
    points, form = list(points), {"delimiter": separator, "ndmin": 2, "quotechar": '"'}
    try:
        X = np.loadtxt(points, **form)
    except ValueError:
        check_cells(body, names, separator, first)
        X = np.loadtxt(points, **form, converters=number_or_nan, encoding="utf-8")
    if X.shape[1] != len(first):
        check_cells(body[:1], names, separator, first)
    if header is None and not named and look_like_names(X):
        warn(
            f"the first line, {in_short(first)}, is read as a row of numbers: --header makes it "
            "names of the columns, and --no-header says that it is none"
        )
    return Table(X, names)


NOTHING = {"", "NA", "N/A", "<NA>", "NULL", "null", "None"}  # beside nan: a missing value
READERS = {".npy": read_npy, ".npz": read_npz, ".csv": read_csv}


def read_text(path):
    """The text of a file in UTF-8."""
    data = Path(path).read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        guess = "UTF-16" if wide else "ISO-8859-1"
        raise ValueError(
            f"line {line} is not UTF-8 text: save the table as UTF-8, or convert it, such as with "
            f"iconv -f {guess} -t UTF-8"
        ) from None


def look_like_names(X):
    """Whether the first row (D,) of numbers may be years, or another count of the columns.

    They are whole numbers with equal steps, unlike those of any other row.  Or no other row is
    all whole.
    """
    first, rest = X[0], X[1:]
    if len(first) < 2 or len(rest) == 0 or not (first == np.floor(first)).all():
        return False
    whole = (rest == np.floor(rest)).all(axis=1)
    steps = np.diff(first)
    counts = steps[0] != 0 and (steps == steps[0]).all()
    if counts and (len(steps) > 1 or abs(steps[0]) == 1):
        return not (whole & (np.diff(rest, axis=1) == steps).all(axis=1)).any()
    return not whole.any()


def in_short(words, most=5):
    """The first few of some words."""
    return ",".join(words[:most]) + ",..." * (len(words) > most)


def cells(line, separator):
    """The cells of a line of text, without quotes."""
    if separator is None:
        row = line.split()
    else:
        row = next(csv.reader([line], delimiter=separator, skipinitialspace=True))
    return [cell.strip().strip('"') for cell in row]


def is_number(cell, separator=None):
    """Whether a cell can be read as a number; between semicolons it may have a decimal comma."""
    try:
        float(cell.replace(",", ".") if separator == ";" else cell)
    except ValueError:
        return False
    return True


def number_or_nan(cell):
    """The number in a cell; nan where it says that there is none."""
    cell = cell.strip()
    return np.nan if cell in NOTHING else float(cell)


def check_cells(body, names, separator, head):
    """Find the cells of lines that are no numbers, and name the first of each column."""
    wrong, top = {}, 1 if names is None else 2
    for n, line in enumerate(body, top):
        row = cells(line, separator)
        if len(row) != len(head):
            raise ValueError(f"line {n} has {len(row)} cells, but the first has {len(head)}")
        for d, cell in enumerate(row):
            if not is_number(cell, separator) and d not in wrong and cell not in NOTHING:
                column = d + 1 if names is None else repr(names[d])
                wrong[d] = f"column {column} holds {cell!r}, not a number (line {n})"
    if wrong:
        more = [f"and {len(wrong) - LISTED} columns more"] if len(wrong) > LISTED else []
        found = "; ".join([wrong[d] for d in sorted(wrong)][:LISTED] + more)
        one, line_1 = len(wrong) == 1, all(text.endswith("(line 1)") for text in wrong.values())
        raise ValueError(
            f"{found}: drop the {'column or the row' if one else 'columns or the rows'}"
            + ", or pass --header if line 1 names the columns" * line_1
        )
