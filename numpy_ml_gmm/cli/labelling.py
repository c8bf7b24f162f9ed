"""Tables that are written: the rows as they were read, with columns beside them.

A row that was left out keeps its place, and its new cells are empty.
"""

import csv
import gzip
import os
import sys
from argparse import Namespace
from codecs import getwriter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from ..gmm import GMM
from ..writing import whole_file
from .columns import Data
from .pictures import check_writable

ENDINGS = tuple(f"{end}{gz}" for gz in ("", ".gz") for end in (".csv", ".tsv", ".txt"))


def check_table_file(option: str, name: str, args: Namespace) -> None:
    """A table can be written there, and it is not the one that is read."""
    if name == "-":
        return
    path, in_pieces = Path(name), getattr(args, "engine", None) == "dask"
    endings = (*ENDINGS, ".parquet") if in_pieces else ENDINGS
    if not name.lower().endswith(endings):
        raise ValueError(f"{option} {name} must end in {', '.join(endings)}, or be -")
    if not path.parent.is_dir():
        raise ValueError(f"{option} {name}: there is no folder {path.parent}")
    folder = name.lower().endswith(".parquet")
    if path.exists() and path.is_dir() is not folder:
        kinds = ("a file: name a folder", "a folder: name a file")
        raise ValueError(f"{option} {name} is {kinds[path.is_dir()]}")
    data_path: Any = getattr(args, "data_path", None)
    read = [data_path] if data_path else []
    if in_pieces and read:
        from .pieces import files_of

        read = [*read, *(place for file in files_of(data_path) for place in (file, file.parent))]
    if path.exists() and any(os.path.exists(file) and path.samefile(file) for file in read):
        raise ValueError(f"{option} {name} is the table that is read: name another file")
    check_writable(path.parent, f"{option} {name}")


# ---- What stands beside a row --------------------------------------------------------------------


def labels(model: GMM, data: Data, args: Namespace) -> dict[str, np.ndarray]:
    """The component of each row, how probable it is, and whether the row is an outlier."""
    r, z = model.predict_proba(data.X), model.predict(data.X)
    outlier = model.outliers(data.X, args.mass) | (z == -1)
    beside = {"component": z, "probability": r.max(axis=1), "outlier": outlier.astype(int)}
    if args.responsibilities:
        K = model.n_components
        beside |= {f"probability_{k}": r[:, k] for k in range(K)}
        beside |= {"probability_noise": r[:, K]} if model.noise else {}
    return beside


def as_cells(values: np.ndarray) -> list[str]:
    """Numbers as text: whole ones as they are, others with six digits."""
    form = "{:d}" if values.dtype.kind in "iu" else "{:.6g}"
    return list(map(form.format, values.tolist()))


# ---- How it is written ---------------------------------------------------------------------------


def write_beside(to: str, data: Data, beside: Callable[[Data], dict[str, np.ndarray]]) -> None:
    """The table as it was read, with columns beside it, part by part."""
    labelled = ((part, beside(part) if len(part.X) else {}) for part in data.parts())
    before = []  # a part has no columns beside it if all its rows were left out
    for part, columns in labelled:
        before.append((part, columns))
        if columns:
            break
    new = {name: values.dtype for name, values in before[-1][1].items()}
    all_parts = chain(before, labelled)
    if to.lower().endswith(".parquet"):
        from .pieces import write_parquet

        return write_parquet(to, all_parts, new)
    rows = (row for part, columns in all_parts for row in rows_beside(part, columns, len(new)))
    return write_table(to, header_of(data.sheet.names, new), rows, data.sheet.separator or ",")


def rows_beside(part: Data, beside: dict[str, np.ndarray], width: int) -> Iterator[list[str]]:
    """The cells of a part, and new ones; none beside a row that was left out."""
    columns = [with_mark(as_cells(values), part.mark) for values in beside.values()]
    new, empty = zip(*columns, strict=True), ("",) * width
    for row, kept in zip(part.sheet.rows(), part.kept.tolist(), strict=True):
        yield [*row, *(next(new) if kept else empty)]


def with_mark(cells: list[str], decimal: str) -> list[str]:
    """Numbers with the decimal mark of the table."""
    return cells if decimal == "." else [cell.replace(".", decimal) for cell in cells]


def header_of(names: Sequence[str] | None, new: Iterable[str]) -> list[str] | None:
    """The names of the columns and of new ones, none twice; a table without names keeps none."""
    if names is None:
        return None
    header = list(names)
    for name in new:
        others = (f"{name}_{n}" for n in range(2, len(header) + 3))
        header.append(name if name not in names else next(o for o in others if o not in names))
    return header


def write_table(
    to: str, header: list[str] | None, rows: Iterable[Sequence[str]], separator: str = ","
) -> None:
    """Rows of cells into a file, whole or not at all, or to standard output, in UTF-8."""
    lines = rows if header is None else (line for part in ([header], rows) for line in part)
    if to == "-":
        return write_lines(standard_output(), lines, separator)
    plain = to.lower().removesuffix(".gz")
    mark = "\t" if plain.endswith(".tsv") else separator
    if plain.endswith(".csv") and mark not in ",;":
        mark = ","
    with whole_file(to) as path:
        kind = gzip.open if to.lower().endswith(".gz") else open
        with kind(path, "wt", encoding="utf-8", newline="") as stream:
            write_lines(stream, lines, mark)
    return None


def write_lines(stream: Any, lines: Iterable, separator: str) -> None:
    """Rows of cells, a line each."""
    if stream is not None:
        csv.writer(stream, delimiter=separator, lineterminator="\n").writerows(lines)


def standard_output() -> Any:
    """Standard output for UTF-8, whatever the terminal's encoding is; it may be closed."""
    if sys.stdout is None:
        return None
    sys.stdout.flush()
    buffer = getattr(sys.stdout, "buffer", None)
    return sys.stdout if buffer is None else getwriter("utf-8")(buffer)
