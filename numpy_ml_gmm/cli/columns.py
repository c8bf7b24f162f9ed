"""What a table's columns are for, and its numbers; every problem is told at once.

A column is named as in the table, by a pattern such as ``pc*``, or by its number, from 1.
"""

import csv
import difflib
import re
import warnings
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import numpy as np

from ..blocks import in_chunks
from ..gmm import GMM
from ..tables import ColumnError, Sheet, Table, look_at_first_line, read_sheet
from ..validation import DataWarning, check_X, in_words
from .saying import note, notes, progress

LIKE = 5  # so many names are listed where one is not found


class Data(NamedTuple):
    """A table, and the parts of it that were asked for.

    With ``--engine dask`` the sheet is its first piece, and the numbers and weights are Dask's.
    """

    sheet: Sheet
    chosen: list  # the columns that are features
    table: Table  # their numbers, in the rows that were kept
    kept: np.ndarray  # (N,), which these are
    weights: np.ndarray | None  # of each row that was kept
    ids: list | None  # of each row of the sheet
    pieces: Sequence = ()  # each as if it were all, when it is asked for
    decimal: str | None = None  # the mark of the whole table, where this is a part

    @property
    def mark(self) -> str:
        """The mark before the decimals."""
        return self.decimal or self.sheet.decimal

    @property
    def X(self) -> np.ndarray:
        """The numbers."""
        return self.table.X

    @property
    def weighted(self) -> dict:
        """The weights, as an argument."""
        return {} if self.weights is None else {"sample_weight": self.weights}

    def parts(self) -> "Iterator[Data]":
        """What fits into memory, one after the other, in the order of the rows."""
        return (piece() for piece in self.pieces) if self.pieces else iter([self])


def read(args: Namespace, model: GMM | None = None) -> Data:
    """The table that was asked for.

    Raises
    ------
    ValueError
        For whatever is wrong with its columns, all at once.
    OSError, ImportError
        If it cannot be read.
    """
    with progress(args, f"reading {source_of(args)}"):
        if args.engine == "dask":
            from .pieces import read_in_pieces

            data = read_in_pieces(args, model)
        else:
            sheet = read_sheet(args.data_path, args.header)
            chosen, table, w, aside = parts(args, sheet, model)
            data = with_rows(args, Data(sheet, chosen, table, np.ones(sheet.n_rows, bool), w, None))
            tell_dropped(args, int(data.kept.sum()), sheet.n_rows)
            data = data._replace(ids=ids_of(args, sheet, aside["id"]))
    there = not in_chunks(data.X)  # else it would be read once more for what the fit says too
    if problems := there and what_is_wrong(data.table, model is not None):
        raise ValueError("; ".join(problems))
    with notes(args):
        look_at_first_line(data.sheet, next(data.parts()).table, args.header)
    return data


def with_rows(args: Namespace, data: Data) -> Data:
    """The rows that count: all, or with ``--dropna`` those that lack no cell."""
    if not getattr(args, "dropna", False):
        return data
    kept = np.asarray(~np.isnan(np.asarray(data.X, np.float64)).any(axis=1))
    w = None if data.weights is None else data.weights[kept]
    return data._replace(table=data.table._replace(X=data.X[kept]), kept=kept, weights=w)


def parts(args: Namespace, sheet: Sheet, model: GMM | None) -> tuple:
    """The features, their numbers, the weights and the columns aside; or all that is wrong."""
    problems: list[str] = []
    aside = {
        option: one_column(sheet, option, getattr(args, option, None), problems)
        for option in ("id", "weights")
    }
    chosen = feature_columns(args, sheet, set(aside.values()), model, problems)
    try:
        table, w = values(sheet, chosen, aside["weights"], model is not None, problems)
    except ValueError as error:
        raise ValueError(f"{source_of(args)}: {error}") from None
    return chosen, table, w, aside


def values(
    sheet: Sheet, chosen: list[int], weights: int | None, fitted: bool, problems: Sequence[str] = ()
) -> tuple:
    """The numbers of the features and the weights; or what is wrong, and the problems until now."""
    problems = [*problems]
    table, error = numbers(sheet, chosen)
    w = weights_of(sheet, weights, problems)
    if error is not None:
        error.droppable += [] if table is None else useless(table)
        problems.append(str(error))
    if problems:
        problems += [] if table is None else what_is_wrong(table, fitted, odd=True)
        raise ValueError("; ".join(problems))
    return table, w


def source_of(args: Namespace) -> str:
    """Where the table comes from, in words."""
    return "standard input" if args.data_path == "-" else args.data_path


# ---- Which columns -------------------------------------------------------------------------------


def words(values: Sequence[str] | None) -> list[str]:
    """The words of an option that may be given several times, with commas between them."""
    lines = csv.reader(values or [], skipinitialspace=True)
    return [word.strip() for line in lines for word in line]


def places_of(word: str, names: Sequence[str] | None, width: int) -> list[int]:
    """The columns that a word means; none if there is no such column."""
    named = [d for d, name in enumerate(names or []) if name == word]
    named = named or [d for d, name in enumerate(names or []) if fnmatchcase(name, word)]
    span = re.fullmatch(r"(\d+)(?:-(\d+))?", word)
    if named or not span:
        return named
    low, high = int(span[1]), int(span[2] or span[1])
    return list(range(low - 1, high)) if 1 <= low <= high <= width else []


def find(
    option: str, values: Sequence[str], names: Sequence[str] | None, D: int, problems: list[str]
) -> list[int]:
    """The columns that an option names, each once; what is not there is a problem."""
    found: dict[int, None] = {}
    for word in values:
        places = places_of(word, names, D)
        found |= dict.fromkeys(places)
        if not places:
            problems.append(f"{option} names {word!r}, {no_such_column(word, names, D)}")
    return list(found)


def no_such_column(word: str, names: Sequence[str] | None, D: int) -> str:
    """That there is none, and which ones there are."""
    if names is None:
        return f"but the columns have no names: give numbers from 1 to {D}"
    like = difflib.get_close_matches(word, names, 1)
    if like:
        return f"which is no column: did you mean {like[0]!r}?"
    more = f" and {len(names) - LIKE} more" * (len(names) > LIKE)
    return f"which is no column: there are {', '.join(map(repr, names[:LIKE]))}{more}"


def one_column(sheet: Sheet, option: str, word: str | None, problems: list[str]) -> int | None:
    """The column that an option names, if it was given."""
    if word is None:
        return None
    found = find(f"--{option}", [word], sheet.names, sheet.width, problems)
    if len(found) > 1:
        problems.append(f"--{option} names {word!r}, which is {len(found)} columns: name one")
    return found[0] if found else None


def feature_columns(
    args: Namespace, sheet: Sheet, aside: set, model: GMM | None, problems: list[str]
) -> list[int]:
    """The columns that are features."""
    names = names_of(model)
    if names is not None and sheet.names is not None and len(set(names)) == len(names):
        if args.columns:
            note(args, "--columns is not needed: the model finds its columns by their names")
        return matched(sheet, names, problems)
    chosen = list(range(sheet.width))
    if args.columns:
        chosen = find("--columns", words(args.columns), sheet.names, sheet.width, problems)
    dropped = find("--ignore", words(args.ignore), sheet.names, sheet.width, problems)
    chosen = [d for d in chosen if d not in aside and d not in dropped]
    if not chosen:
        problems.append("no column is left as a feature: name some with --columns")
    if model is not None and chosen and len(chosen) != model.n_features_in_:
        n = f"{len(chosen)} column{'s' * (len(chosen) > 1)}"
        problems.append(
            f"the model was fitted to {model.n_features_in_} features, but here are {n}: name as "
            "many with --columns, in the order of the model's"
        )
        return []
    if names is not None:
        note(args, "the columns are taken in the order of the model's, not by name")
    return chosen


def names_of(model: GMM | None) -> list[str] | None:
    """The names of the features that a model was fitted to, if they have any."""
    names = getattr(model, "feature_names_in_", None)
    return None if names is None else list(map(str, names))


def matched(sheet: Sheet, wanted: list[str], problems: list[str]) -> list[int]:
    """The columns with the names that a model was fitted to, in its order."""
    names = sheet.names or []
    count = Counter(names)
    lacking = [name for name in wanted if not count[name]]
    twice = [name for name in wanted if count[name] > 1]
    if lacking:
        there = in_words(range(len(names)), names)
        problems.append(f"the model needs {quoted(lacking)}, but the table has {there}")
    if twice:
        problems.append(f"the model needs {quoted(twice)}, which the table has twice: rename one")
    return [names.index(name) for name in wanted if count[name]]


def quoted(names: Sequence[str]) -> str:
    """Columns by name, in words."""
    return in_words(range(len(names)), names)


# ---- Their numbers -------------------------------------------------------------------------------


def numbers(sheet: Sheet, chosen: list[int]) -> tuple[Table | None, ColumnError | None]:
    """The numbers of columns, if there are any; and what is wrong with the others."""
    try:
        return (sheet.numbers(chosen) if chosen else None), None
    except ColumnError as error:
        rest = [d for d in chosen if d not in error.columns]
        return (sheet.numbers(rest) if rest else None), error


def useless(table: Table) -> list[int]:
    """The columns of the sheet whose numbers are all the same, or that have none."""
    X = np.asarray(table.X, np.float64)
    low, high = np.nan_to_num(X, nan=np.inf).min(axis=0), np.nan_to_num(X, nan=-np.inf).max(axis=0)
    places = np.array(table.places)[low >= high]
    return (places - 1).tolist()


def weights_of(sheet: Sheet, column: int | None, problems: list[str]) -> np.ndarray | None:
    """The weights of the rows, if a column holds them."""
    if column is None:
        return None
    table, error = numbers(sheet, [column])
    found = [] if error is None else [f"{error.found[0]}: name a column of numbers"]
    w = None if table is None else np.asarray(table.X, np.float64)[:, 0]
    if w is not None and not (np.isfinite(w) & (w >= 0)).all():
        n = int(np.argmin(np.isfinite(w) & (w >= 0)))
        what = f"column {sheet.label(column)!r} holds {w[n]} in row {n + 1}"
        found = [f"{what}: a weight is finite and at least 0, so drop the row or mend it"]
    problems += [f"--weights: {text}" for text in found]
    return w


def what_is_wrong(table: Table, fitted: bool, odd: bool = False) -> list[str]:
    """What hinders a fit to the columns, or the use of one; ``odd`` tells what is only odd too."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        try:
            found = []
            if fitted:
                check_X(table, table.X.shape[-1], missing=True)
            else:  # one component fits any sound data
                GMM(1, covariance_type="diag").fit(table)
        except (TypeError, ValueError) as error:
            found = [str(error)]
    X = table.X
    if found and X.ndim == 2 and X.dtype.kind == "f" and not fitted:
        empty = np.isnan(X).all(axis=0)
        if 0 < np.count_nonzero(empty) < len(empty):  # they would hide what else there is
            rest = np.flatnonzero(~empty)
            names = table.names and [table.names[d] for d in rest]
            others = Table(X[:, rest], names, [table.columns[d] for d in rest])
            there = in_words(np.flatnonzero(empty), table.columns)
            return [f"{there} has no number at all: drop it", *what_is_wrong(others, fitted, odd)]
    return found + [str(warning.message) for warning in caught if odd]


def points_of(table: Table) -> Any:
    """What a model is fitted to: the table, or a frame or array of Dask's."""
    if not in_chunks(table.X):
        return table
    from dask.dataframe import from_dask_array

    return from_dask_array(table.X, columns=table.names) if table.names else table.X


def tell_dropped(args: Namespace, n_kept: int, n: int) -> None:
    """How many rows are left out."""
    if n_kept == 0 < n:
        raise ValueError("every row lacks a cell: leave --dropna away, or --ignore some columns")
    if n_kept < n:
        note(args, f"{n - n_kept} of {n} rows lack a cell and are left out (--dropna)")


def ids_of(args: Namespace, sheet: Sheet, column: int | None) -> list[str] | None:
    """The names of the rows."""
    if column is None:
        return None
    ids = [row[column] for row in sheet.rows()]
    (most, count), *_ = Counter(ids).most_common(1)
    if count > 1:
        note(args, f"--id {args.id}: {most!r} names {count} rows")
    return ids
