"""Tables read from files: ``.npy``, ``.npz``, text such as ``.csv``, ``.parquet``; or bundled ones.

A :class:`Sheet` is a table as it is in its file: an array, or lines of text, whose columns may hold
anything.  A :class:`Table` is what a mixture is fitted to: some of its columns, all numbers.  A
problem with a file is a ValueError or an OSError that says where it is.
"""

import codecs
import csv
import gzip
import io
import math
import os
import re
import shlex
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .datasets import LOADERS
from .validation import LISTED, warn
from .writing import as_path

MANY = 50  # so many columns can be named in a command
NOTHING = {"", "NA", "N/A", "#N/A", "<NA>", "NULL", "null", "None"}  # beside nan: a missing value
DECIMAL_COMMA = re.compile(r'(?:^|;)\s*"?[-+]?\d*,\d+"?\s*(?:;|$)')


class Table(NamedTuple):
    """Numbers with the names of their columns."""

    X: np.ndarray  # (N, D)
    names: list | None = None  # D strings
    places: list | None = None  # the numbers of the columns in their sheet, from 1

    @property
    def columns(self) -> list:
        """The names, as a data frame has them: messages name columns by them, or else number."""
        return self.names or self.places or [d + 1 for d in range(*self.X.shape[-1:])]

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        """The numbers."""
        return np.asarray(self.X, dtype)


class ColumnError(ValueError):
    """What is wrong with columns that should hold numbers, and which to pass over.

    Attributes
    ----------
    columns : list of int
        Those that hold no numbers only.
    droppable : list of int
        What the remedy names: these, and others that whoever catches the error adds.
    """

    def __init__(self, sheet: "Sheet", found: list[str], columns: list[int], first_line: bool):
        super().__init__(found)
        self.sheet, self.found, self.columns = sheet, found, columns
        self.droppable, self.first_line = list(columns), first_line

    def __str__(self) -> str:
        labels = [self.sheet.label(d) for d in sorted(self.droppable)]
        one = len(labels) == 1
        ignored = f"--ignore {shlex.quote(option_value(labels))} passes over"
        how = (
            f"{ignored} {'it' if one else 'them'}"
            if len(labels) <= MANY
            else "--columns names others"
        )
        remedy = f"drop the {'column or the row' if one else 'columns or the rows'} ({how})"
        if self.first_line:
            remedy += ", or pass --header if line 1 names the columns"
        found = self.found
        if len(found) > LISTED:
            found = [*found[:LISTED], f"and {len(found) - LISTED} columns more"]
        return f"{'; '.join(found)}: {remedy}"


class Sheet(NamedTuple):
    """A table as it is in its file."""

    names: list | None  # of all columns
    X: np.ndarray | None = None  # (N, D), of a file of numbers
    lines: Sequence[str] = ()  # (N,), of a file of text
    separator: str | None = None  # what lies between cells; None is space
    places: Sequence[int] = ()  # (N,), the number of each line in its file
    head: Sequence[str] = ()  # (D,), the cells of the first line
    unit: str = "line"  # what a place counts

    @property
    def n_rows(self) -> int:
        """The number of rows, without that of the names."""
        return len(self.lines) if self.X is None else math.prod(self.X.shape[:1])

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.head) if self.X is None else sum(self.X.shape[-1:])

    @property
    def decimal(self) -> str:
        """The mark before the decimals: a comma only where cells end with semicolons."""
        comma = self.separator == ";" and any(map(DECIMAL_COMMA.search, self.lines))
        return "," if comma else "."

    def label(self, d: int) -> str:
        """A column by its name, or else by its number, as an option takes it."""
        return str(d + 1) if self.names is None or not self.names[d] else self.names[d]

    def rows(self) -> Iterator[list[str]]:
        """The cells of each row, as they are in the file."""
        if self.X is not None:
            return (list(map(repr, row)) for row in self.X.tolist())
        return (raw_cells(line, self.separator) for line in self.lines)

    def numbers(self, chosen: Sequence[int]) -> Table:
        """The numbers of some columns; what is wrong with any is told at once.

        Raises
        ------
        ColumnError
            If a cell is no number, or a column has no name although others have.
        """
        names = None if self.names is None else [self.names[d] for d in chosen]
        places = [d + 1 for d in chosen]
        if self.X is not None:
            X = self.X if len(chosen) == self.width else self.X[:, list(chosen)]
            return Table(X, names, places)
        lines = (line.replace(",", ".") for line in self.lines) if self.separator == ";" else None
        points = self.lines if lines is None else list(lines)
        form: dict[str, Any] = {"delimiter": self.separator, "quotechar": '"'}
        form |= {"comments": None, "ndmin": 2}
        try:
            if names and "" in names:
                raise ValueError("a name is missing")
            X = np.loadtxt(points, usecols=chosen, **form)
        except ValueError:
            check_cells(self, chosen)
            form |= {"converters": number_or_nan, "encoding": "utf-8"}
            X = np.loadtxt(points, usecols=chosen, **form)
        return Table(X, names, places)


def read_table(path: Any, header: bool | None = None) -> Table:
    """A table of numbers from a file, or a bundled data set by name.

    Parameters
    ----------
    path : str or path-like
        As for :func:`read_sheet`.
    header : bool, optional
        Whether the first line of a text names the columns.  By default it does if no number
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
    sheet = read_sheet(path, header)
    try:
        table = sheet.numbers(range(sheet.width))
    except ValueError as error:
        raise ValueError(f"{as_path(path)}: {error}") from None
    look_at_first_line(sheet, table, header)
    return table._replace(places=None)


def read_sheet(path: Any, header: bool | None = None) -> Sheet:
    """A table from a file, whatever its columns hold.

    Parameters
    ----------
    path : str or path-like
        What the file holds goes by its ending.  ``-`` is standard input; there and in pipes it
        goes by the first bytes.  A ``.npz`` must hold one array, or one named X.  In a text commas,
        semicolons, tabs or spaces separate the cells.
    header : bool, optional
        As for :func:`read_table`.

    Raises
    ------
    OSError, ValueError
        If there is no such file, or it does not hold a table.
    ImportError
        If a ``.parquet`` cannot be read, for want of polars and pandas.

    Examples
    --------
    >>> read_sheet("old_faithful").names
    ['eruptions', 'waiting']
    """
    path, name = as_path(path), os.fsdecode(path)
    if name in LOADERS:
        data = LOADERS[name]()
        return Sheet(list(data.feature_names), data.X)
    there, plain = os.path.exists(name), os.path.isfile(name) or os.path.isdir(name)
    piped = name == "-" or (there and not plain)
    if not piped and not there:
        raise FileNotFoundError(
            f"data_path={name!r} is no file, nor a bundled data set ({', '.join(LOADERS)})"
        )
    endings = [end for end in READERS if path.name.lower().endswith(end)]
    if not endings and not piped:
        raise ValueError(f"data_path={name!r} must end in {', '.join(READERS)}")
    try:
        if piped:
            return sniffed(standard_input() if name == "-" else path.read_bytes(), header)
        return READERS[endings[0]](path, header)
    except (MemoryError, ImportError):
        raise
    except Exception as error:  # whatever damaged bytes do to zipfile, zlib and NumPy
        if getattr(error, "filename", None):  # the system names the file itself
            raise
        name = "standard input" if name == "-" else path
        raise ValueError(f"{name}: {error}") from None


# ---- Kinds of files ------------------------------------------------------------------------------


def read_npy(source: Any, header: bool | None = None) -> Sheet:
    """The array of a ``.npy`` file, mapped rather than read, so it may be larger than memory."""
    try:
        mode: Any = None if isinstance(source, io.BytesIO) else "r"
        return Sheet(None, np.load(source, mmap_mode=mode, allow_pickle=False))
    except (OSError, MemoryError):
        raise
    except Exception:
        raise ValueError(
            "holds no array of numbers, or less than it declares: write it with numpy.save"
        ) from None


def read_npz(source: Any, header: bool | None = None) -> Sheet:
    """The only array of a ``.npz`` file, or the one named X."""
    if not zipfile.is_zipfile(source):
        raise ValueError("is not a .npz file: write it with numpy.savez")
    with opened(source) as stream, np.load(stream, allow_pickle=False) as file:
        names = file.files
        if len(names) != 1 and "X" not in names:
            raise ValueError(f"holds the arrays {names}: keep one, or name one X")
        return Sheet(None, file["X" if "X" in names else names[0]])


def read_parquet(source: Any, header: bool | None = None) -> Sheet:
    """The frame of a ``.parquet`` file, by polars or pandas, as text: numbers keep all digits."""
    try:
        import polars

        frame = polars.read_parquet(source)
        nested = [column for column in frame if column.dtype.is_nested()]
        as_words = [polars.Series(c.name, list(map(str, c.to_list()))) for c in nested]
        text = frame.with_columns(as_words).write_csv()
    except ImportError:
        text = pandas_read_parquet(source).to_csv(index=False)
    sheet = read_text_table(text, True, ",")
    return sheet._replace(places=range(1, sheet.n_rows + 1), unit="row")


def pandas_read_parquet(source: Any) -> Any:
    """The frame, if pandas can read it here."""
    try:
        import pandas

        return pandas.read_parquet(source)
    except ImportError:
        raise ImportError(
            "reading .parquet needs polars, or pandas with pyarrow: pip install polars, or save "
            "the table as .csv"
        ) from None


def read_csv(source: Any, header: bool | None = None) -> Sheet:
    """The lines of a text file, and the names in the first if that is a header."""
    return read_text_table(as_text(bytes_of(source)), header)


def read_tsv(source: Any, header: bool | None = None) -> Sheet:
    """A text file with tabs between the cells."""
    return read_text_table(as_text(bytes_of(source)), header, "\t")


def read_gzip(reader: Any, source: Any, header: bool | None = None) -> Sheet:
    """What a reader makes of the content of a ``.gz`` file."""
    try:
        content = gzip.decompress(bytes_of(source))
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise ValueError("is not a whole gzip file: write it with gzip") from None
    return reader(io.BytesIO(content), header)


READERS: dict[str, Callable[..., Sheet]] = {
    ".npy": read_npy,
    ".npz": read_npz,
    ".csv": read_csv,
    ".tsv": read_tsv,
    ".txt": read_csv,
    ".csv.gz": partial(read_gzip, read_csv),
    ".tsv.gz": partial(read_gzip, read_tsv),
    ".txt.gz": partial(read_gzip, read_csv),
    ".parquet": read_parquet,
}
MAGIC = {b"\x93NUMPY": read_npy, b"PK\x03\x04": read_npz, b"PAR1": read_parquet}


def sniffed(content: bytes, header: bool | None = None) -> Sheet:
    """A table from bytes without a name."""
    if content.startswith(b"\x1f\x8b"):
        return read_gzip(lambda inside, header: sniffed(inside.read(), header), content, header)
    reader = next((MAGIC[mark] for mark in MAGIC if content.startswith(mark)), read_csv)
    return reader(io.BytesIO(content), header)


def standard_input() -> bytes:
    """All that comes from standard input."""
    if sys.stdin is None:
        raise ValueError("is closed: name a file")
    return sys.stdin.buffer.read()


def opened(source: Any) -> Any:
    """A file to read from, closed afterwards; or bytes that are there."""
    return nullcontext(source) if isinstance(source, io.BytesIO) else open(source, "rb")


def bytes_of(source: Any) -> bytes:
    """The content of a file."""
    if isinstance(source, bytes):
        return source
    with opened(source) as stream:
        return stream.read()


def as_text(content: bytes, first: int = 1) -> str:
    """Bytes in UTF-8 as text; ``first`` is the number of their first line."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + first
        wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        guess = "UTF-16" if wide else "ISO-8859-1"
        raise ValueError(
            f"line {line} is not UTF-8 text: save the table as UTF-8, or convert it, such as with "
            f"iconv -f {guess} -t UTF-8"
        ) from None


# ---- Lines of text -------------------------------------------------------------------------------


def read_text_table(
    text: str, header: bool | None, separator: str | None = None, first_line: int = 1
) -> Sheet:
    """The lines of a text without those that are empty or remarks.

    A line that begins with # is a remark above the first other line.  Below it is one if it has
    not the cells of a row: else it may be a colour.
    """
    found = [(n, line) for n, line in numbered_lines(text, first_line) if line.strip()]
    top = next((i for i, (_, line) in enumerate(found) if not line.startswith("#")), 0)
    found = found[top:]
    if not found:
        raise ValueError("is empty: a table needs a line for each row")
    places, lines = [n for n, _ in found], [line for _, line in found]
    if separator is None:
        bare = re.sub('"[^"]*"', "", lines[0])  # without what is quoted
        separator = next((mark for mark in "\t;," if mark in bare), None)
    first = cells(lines[0], separator)
    kept = [i for i, line in enumerate(lines) if not is_remark(line, separator, len(first))]
    if len(kept) < len(lines):
        places, lines = [places[i] for i in kept], [lines[i] for i in kept]
    if separator is None and len(first) > 1 and all(len(line.split()) == 1 for line in lines[1:]):
        first = [lines[0].strip()] if len(lines) > 1 else first  # one column: its name has spaces
    named = header if header is not None else not any(is_number(c, separator) for c in first)
    if named and not lines[1:]:
        raise ValueError("has a header but no rows: add the numbers")
    names = first if named else None
    sheet = Sheet(names, None, lines[named:], separator, places[named:], first)
    check_widths(sheet)
    return sheet


def numbered_lines(text: str, first: int = 1) -> Iterator[tuple[int, str]]:
    """The lines of a text with their numbers; a quoted cell may go on in the next line."""
    lines = re.split("\r\n|\n|\r", text)
    if '"' not in text:
        return enumerate(lines, first)
    return ((n + first, line) for n, line in joined_at_quotes(lines))


def joined_at_quotes(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Lines with an odd number of quotes go on up to the next of those, if there is one."""
    n = 0
    while n < len(lines):
        end = n
        if lines[n].count('"') % 2:
            later = range(n + 1, len(lines))
            end = next((m for m in later if lines[m].count('"') % 2), n)
        yield n, "\n".join(lines[n : end + 1])
        n = end + 1


def is_remark(line: str, separator: str | None, width: int) -> bool:
    """Whether a line begins with # and has not the cells of a row."""
    return line.startswith("#") and len(cells(line, separator)) != width


def cells(line: str, separator: str | None) -> list[str]:
    """The cells of a line of text, without the spaces around them and quotes."""
    return [cell.strip().strip('"') for cell in raw_cells(line, separator)]


def raw_cells(line: str, separator: str | None) -> list[str]:
    """The cells of a line of text, with all that is in them."""
    if separator is None:
        return next(csv.reader([line.strip()], delimiter=" ", skipinitialspace=True))
    spaced = f'{separator} "' in line  # a space before a quote would make it part of the cell
    return next(csv.reader([line], delimiter=separator, skipinitialspace=spaced))


def is_number(cell: str, separator: str | None = None) -> bool:
    """Whether a cell can be read as a number; between semicolons it may have a decimal comma."""
    try:
        float(cell.replace(",", ".") if separator == ";" else cell)
    except ValueError:
        return False
    return True


def number_or_nan(cell: str) -> float:
    """The number in a cell; nan where it says that there is none."""
    cell = cell.strip().strip('"').strip()
    return np.nan if cell in NOTHING else float(cell)


# ---- What is wrong -------------------------------------------------------------------------------


def look_at_first_line(sheet: Sheet, table: Table, header: bool | None) -> None:
    """Warn if the first line was read as numbers, but looks like names, such as years."""
    unasked = sheet.X is None and header is None and sheet.names is None
    if unasked and look_like_names(table.X):
        warn(
            f"the first line, {in_short(sheet.head)}, is read as a row of numbers: --header makes "
            "it names of the columns, and --no-header says that it is none"
        )


def look_like_names(X: np.ndarray) -> bool:
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


def in_short(words: Sequence[str], most: int = 5) -> str:
    """The first few of some words."""
    return ",".join(words[:most]) + ",..." * (len(words) > most)


def check_widths(sheet: Sheet) -> None:
    """Every line has as many cells as the first."""
    mark, D, wrong = sheet.separator, len(sheet.head), []
    for n, line in zip(sheet.places, sheet.lines, strict=True):
        simple = mark and '"' not in line
        width = line.count(mark or " ") + 1 if simple else len(cells(line, mark))
        if width != D and not (D == 1 and mark is None):
            wrong.append((n, width))
    if wrong:
        n, width = wrong[0]
        more = f" ({len(wrong)} lines differ from it)" * (len(wrong) > 1)
        raise ValueError(f"line {n} has {width} cells, but the first has {D}{more}")


def check_cells(sheet: Sheet, chosen: Sequence[int]) -> None:
    """Find the cells that are no numbers, and name the first of each column."""
    wrong: dict[int, tuple[str, int]] = {}
    counts = dict.fromkeys(chosen, 0)
    for n, line in zip(sheet.places, sheet.lines, strict=True):
        row = cells(line, sheet.separator)
        for d in chosen:
            if row[d] not in NOTHING and not is_number(row[d], sheet.separator):
                wrong.setdefault(d, (row[d], n))
                counts[d] += 1
    unnamed = [d for d in chosen if sheet.names is not None and not sheet.names[d]]
    found = [
        f"column {d + 1} has no name: an index is no feature, so drop it (pandas writes none with "
        "to_csv(..., index=False)); name any other column"
        for d in unnamed
    ]
    for d in sorted(wrong):
        column = d + 1 if sheet.names is None else repr(sheet.names[d])
        cell, n = wrong[d]
        more = f" and {counts[d] - 1} more" * (1 < counts[d] < sheet.n_rows)
        found.append(f"column {column} holds {cell!r}, not a number ({sheet.unit} {n}{more})")
    if found:
        first_line = sheet.names is None and all(n == 1 for _, n in wrong.values())
        raise ColumnError(sheet, found, sorted({*wrong, *unnamed}), first_line)


def option_value(words: Any) -> str:
    """Words with commas between them, as an option takes them."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(words)
    return line.getvalue()
