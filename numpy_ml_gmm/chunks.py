r"""Data in chunks: Dask's arrays and data frames, whose rows lie on many machines or in no memory.

EM needs nothing of the data but sums (:eq:`expected-statistics`).  So each chunk is sent the
parameters, and answers with its sums; they are added in a tree.  No row travels.

============= ===========================================================================
what          where it is worked out
============= ===========================================================================
sums          in each chunk, then added few by few: :meth:`Chunks.gathered`, :func:`additive`
rows          in each chunk, when somebody asks for them: :func:`row_by_row`
a start       here, from a sample of the rows, or from all if they are few: :meth:`Chunks.take`
============= ===========================================================================

The tree is that of the chunks, whatever the number of workers, and a chunk holds BLAS to one
thread.  So the same chunks give the same bits everywhere.  Dask is imported when a collection of
its kind is passed, and not before.
"""

from __future__ import annotations

import copy
import functools
import inspect
import itertools
import operator
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np

from .blocks import Patterns, Rows, in_chunks, one_blas_thread
from .frames import SingularCovariance
from .validation import (
    as_floats,
    check_errors,
    check_priors,
    check_rows,
    check_X,
    column_names,
    how_to_reshape,
    random_generator,
)

F = TypeVar("F", bound=Callable)
BRANCHES = 8  # how many sums are added at once in the tree
PATIENCE = 1.0  # seconds after which a pass over the chunks has a progress bar
NAMED = 5  # so many chunks are named in a message


class ClusterLost(RuntimeError):
    """The machines that hold the data cannot be reached, or gave up."""


def rows_of(
    X,
    n_components,
    sample_weight=None,
    priors=None,
    n_jobs=1,
    error_covariances=None,
    progress=False,
) -> Rows | Chunks:
    """The door of a fit: checked data, here or in chunks elsewhere."""
    if in_chunks(X):
        known = sample_weight, priors, error_covariances
        return Chunks.of(X, n_components, *known, n_jobs, bool(progress))
    return check_rows(X, n_components, sample_weight, priors, None, n_jobs, error_covariances)


# ---- Rows that lie elsewhere ------------------------------------------------------------------


class Table(NamedTuple):
    """All that is known here of a table whose rows lie elsewhere.

    Examples
    --------
    >>> len(Table((5, 2), np.dtype(float)))
    5
    """

    shape: tuple
    dtype: np.dtype

    @property
    def ndim(self) -> int:
        """Two: rows and columns."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return self.shape[0] * self.shape[1]

    def __len__(self) -> int:
        return self.shape[0]


class Chunk(NamedTuple):
    """One chunk: its parts as Dask has them, and what was seen of it."""

    parts: tuple  # X, weights, priors, errors
    n: int  # rows
    n_counted: int  # rows whose weight is not zero
    weight: float
    lacking: bool  # whether numbers are missing
    dtype: np.dtype


@dataclass(frozen=True)
class Chunks:
    """What :class:`~numpy_ml_gmm.blocks.Rows` is to a fit, for rows that lie in many places.

    Of weights, priors and errors it is only known here whether there are any.
    """

    chunks: list = field(repr=False)  # of Chunk
    n_features: int
    K: int  # as the priors have it
    names: list | None = None
    weights: bool | None = None
    priors: bool | None = None
    errors: bool | None = None
    counted: bool = False  # whether rows of weight zero are left out
    box: Any = None
    n_jobs: int = 1
    progress: bool = False
    kept: None = None

    at_hand = False

    @classmethod
    def of(cls, X, n_components, sample_weight, priors, errors, n_jobs, progress) -> Chunks:
        """Look at each chunk once; a ValueError names what is wrong, chunk by chunk."""
        known = [sample_weight, priors, errors]
        names = column_names(X)
        parts = side_by_side({"X": X} | dict(zip(KNOWN, known, strict=True)))
        look = partial(looked_at, n_components)
        found = computed([called(look, *some) for some in parts], progress)
        check_found(found)
        chunks = [Chunk(p, *seen) for p, seen in zip(parts, found, strict=True) if seen[1]]
        if not chunks:
            n, none = sum(seen[0] for seen in found), "sample_weight is 0 in every row"
            raise ValueError(none if n else "X has 0 sample(s): no chunk holds a row")
        w, p, e = (True if value is not None else None for value in known)
        return cls(chunks, X.shape[1], n_components, names, w, p, e, False, None, n_jobs, progress)

    def _replace(self, **changes) -> Chunks:
        """The same with other fields, as a named tuple says it."""
        return replace(self, **changes)

    @property
    def sizes(self) -> list:
        """How many rows each chunk has."""
        return [chunk.n_counted if self.counted else chunk.n for chunk in self.chunks]

    @property
    def X(self) -> Table:
        """The shape and the type of the table."""
        dtype = functools.reduce(np.promote_types, [chunk.dtype for chunk in self.chunks])
        return Table((sum(self.sizes), self.n_features), dtype)

    @property
    def patterns(self) -> bool | None:
        """True if numbers are missing or rows have errors; each chunk has patterns of its own."""
        return self.errors or any(chunk.lacking for chunk in self.chunks) or None

    @property
    def total_weight(self) -> float:
        """Sum of the weights: the number of rows, if none are given."""
        return float(sum(chunk.weight for chunk in self.chunks))

    @property
    def n_counted(self) -> int:
        """How many rows have a weight that is not zero."""
        return sum(chunk.n_counted for chunk in self.chunks)

    @property
    def precision(self) -> np.dtype:
        """What sums are computed in."""
        return self.X.dtype

    def as_if_exact(self) -> Chunks:
        """The same rows, as if they had no errors."""
        return replace(self, errors=None)

    def with_weight(self) -> Chunks:
        """The rows whose weight is not zero."""
        return replace(self, counted=True)

    def spread(self, n: int) -> np.ndarray:
        """About n rows that count, (n, D), evenly spread over all."""
        rows = self.with_weight()
        N = len(rows.X)
        return rows.take(np.arange(0, N, max(1, N // n))).X

    def take(self, index: np.ndarray) -> Rows:
        """The rows of an index, in ascending order, brought here."""
        ends = np.append(0, np.cumsum(self.sizes))
        bounds = np.searchsorted(index, ends)
        few = [
            called(partial(taken, self.made, index[a:b] - start), *chunk.parts)
            for chunk, start, (a, b) in zip(
                self.chunks, ends[:-1], itertools.pairwise(bounds), strict=True
            )
            if b > a
        ]
        parts: Any = zip(*computed(few), strict=True)
        X, w, priors, errors = map(joined, parts)
        patterns = Patterns.of(X, errors) if self.patterns else None
        return Rows(X, w, priors, self.n_jobs, None, self.names, patterns, errors, self.box)

    def gathered(self, function: Callable, combine: Callable = operator.add) -> Any:
        """``function`` of the rows of each chunk, combined in a tree (:eq:`chunk-sums`)."""
        from dask import delayed

        work = delayed(partial(in_place, self.made, function), traverse=False)
        join = delayed(partial(functools.reduce, combine), traverse=False)
        found = [work(*chunk.parts) for chunk in self.chunks]
        while len(found) > 1:
            found = [join(found[i : i + BRANCHES]) for i in range(0, len(found), BRANCHES)]
        return computed(found, self.progress)[0]

    @property
    def made(self) -> Callable:
        """What makes ``Rows`` of the parts of a chunk."""
        settings = replace(self, chunks=[])
        return partial(rows_of_chunk, settings, self.X.dtype, self.patterns is not None)


def rows_of_chunk(of, dtype, lacking, X, w, priors, errors) -> Rows:
    """The parts of one of the chunks ``of`` some data, which have been checked, as ``Rows``."""
    plain = type(X) is np.ndarray and X.dtype == dtype
    X = X if plain else check_X(X, missing=True).astype(dtype)
    if w is not None:
        w = np.broadcast_to(as_floats(w, "sample_weight").astype(dtype, copy=False), len(X))
    priors = None if priors is None else check_priors(np.asarray(priors), len(X), of.K)
    errors = None if errors is None or not of.errors else check_errors(errors, X)
    patterns = Patterns.of(X, errors) if lacking else None
    rows = Rows(X, w, priors, 1, None, of.names, patterns, errors, of.box)
    return rows.with_weight() if of.counted else rows


def taken(made, index, *parts) -> tuple:
    """Some rows of a chunk: X, weights, priors and errors."""
    rows = made(*parts).take(index)
    return rows.X, rows.weights, rows.priors, rows.errors


def joined(some: tuple) -> Any:
    """Rows of several chunks as one array, or None if there are none of the kind."""
    return None if some[0] is None else np.concatenate(some)


def in_place(made, function, *parts) -> Any:
    """``function`` of a chunk, where it lies."""
    with one_blas_thread():
        return function(made(*parts))


def looked_at(K, X, w, priors, errors) -> tuple:
    """What there is to know of a chunk: the fields of :class:`Chunk`, or its size and an error."""
    n = len(X)
    if n == 0:
        return 0, 0, 0.0, False, np.dtype(np.float32)
    nothing = w is not None and not np.any(w)  # in one chunk there may be no weight at all
    try:
        rows = check_rows(X, K, None if nothing else w, priors, X.shape[1], 1, errors)
    except (ValueError, TypeError) as error:
        return n, error
    counts = (0, 0.0) if nothing else (rows.n_counted, rows.total_weight)
    return n, *counts, bool(np.isnan(rows.X).any()), rows.X.dtype


def check_found(found: list) -> None:
    """Raise the errors of all chunks as one; what several say is said once."""
    starts = np.append(0, np.cumsum([seen[0] for seen in found]))
    wrong = [(i, seen[1]) for i, seen in enumerate(found) if len(seen) == 2]
    if wrong:
        chunks: dict[str, list] = {}
        for i, error in wrong:
            chunks.setdefault(str(error), []).append(i)
        lines = [
            f"in chunk {i}, from row {starts[i]} on"
            + f" (and in {len(others)} more)" * bool(others)
            + f": {error}"
            for error, (i, *others) in chunks.items()
        ]
        more = [f"and {len(lines) - NAMED} more of the kind"] * (len(lines) > NAMED)
        raise type(wrong[0][1])("\n".join(lines[:NAMED] + more))


# ---- Dask -------------------------------------------------------------------------------------

KNOWN = "sample_weight", "priors", "error_covariances"


def side_by_side(values: dict) -> list:
    """For each chunk a tuple of the parts that each value has in it: Dask's, or None.

    The first value in chunks decides how the others are cut.  Columns are never cut.
    """
    first = next(value for value in values.values() if in_chunks(value))
    others = [v for v in values.values() if v is not None and v is not first]
    if first.ndim == 2 and not hasattr(first, "columns") and len(first.chunks[1]) > 1:
        whole = first.rechunk({1: -1})
        values = {name: whole if v is first else v for name, v in values.items()}
        first = whole
    sizes = sizes_of(first) if others else []
    parts = [parts_of(name, value, first, sizes) for name, value in values.items()]
    return list(zip(*parts, strict=True))


def sizes_of(value) -> list:
    """How many rows each chunk has, counted where Dask does not know."""
    if hasattr(value, "chunks") and not np.isnan(value.chunks[0]).any():
        return list(value.chunks[0])
    return computed([called(len, part) for part in delayed_parts(value)])


def delayed_parts(value) -> list:
    """The chunks of a collection, along the rows."""
    return list(np.ravel(np.asarray(value.to_delayed(), object)))


def parts_of(name: str, value, first, sizes: list) -> list:
    """The parts of a value, cut as the first one is."""
    if value is None:
        return [None] * first.npartitions
    if value is first:
        check_table(name, value)
        return delayed_parts(value)
    if not in_chunks(value) and np.ndim(value) == 0:  # one weight for all rows
        return [value] * first.npartitions
    if hasattr(value, "to_dask_array"):  # a frame, or a column of one
        value = value.to_dask_array(lengths=True)
    elif not in_chunks(value):
        value = np.asarray(value)
    elif np.isnan(value.shape[0]):
        value = value.compute_chunk_sizes()
    if value.shape[:1] != (sum(sizes),):
        raise ValueError(
            f"{name}.shape == {value.shape}, expected {(sum(sizes), *value.shape[1:])}: one row "
            "of it for each row of X"
        )
    if in_chunks(value):
        whole = {axis: -1 for axis in range(1, value.ndim)}
        return delayed_parts(value.rechunk({0: tuple(map(int, sizes))} | whole))
    return np.split(value, np.cumsum(sizes)[:-1])


def check_table(name: str, value) -> None:
    """Dask's array must be a table."""
    if value.ndim != 2 and name == "X":
        raise ValueError(
            f"X has shape {value.shape}, expected (n_samples, n_features). Reshape your data: "
            + how_to_reshape(value, value, "X")
        )


def called(function: Callable, *parts) -> Any:
    """A call that waits for its parts."""
    from dask import delayed

    return delayed(function, traverse=False)(*parts)


def computed(waiting: list, progress: bool = False) -> list:
    """The results of calls that wait; an error says so if the machines are gone."""
    import dask
    from dask.diagnostics import ProgressBar

    try:
        with ProgressBar(minimum=PATIENCE) if progress else nullcontext():
            return list(dask.compute(*waiting, optimize_graph=True))
    except SingularCovariance as error:  # it counted the points of its own chunk
        raise SingularCovariance(error.k, every=error.every) from None
    except Exception as error:
        if not type(error).__module__.startswith("distributed"):
            raise
        raise ClusterLost(
            f"the cluster gave up ({type(error).__name__}: {error}). If its workers ran out of "
            "memory, take smaller chunks"
        ) from error


# ---- Methods that take points -----------------------------------------------------------------


def additive(method: F) -> F:
    """A sum over points: of data in chunks, the sum of what each chunk gives.

    Examples
    --------
    >>> @additive
    ... def total(X):
    ...     return X.sum()
    >>> total(np.ones(3))
    np.float64(3.0)
    """

    @functools.wraps(method)
    def whole(*args, **known):
        if not any(map(in_chunks, (*args, *known.values()))):
            return method(*args, **known)
        found = computed(calls(whole, args, known))
        sums = [part for part in found if part is not None]
        if not sums:
            raise ValueError(
                "X has 0 sample(s), or sample_weight is 0 in every row: pass some rows"
            )
        return functools.reduce(operator.add, sums)

    return cast(F, whole)


def row_by_row(method: F) -> F:
    """An answer for each point: of data in chunks, Dask's array, worked out when asked for.

    Examples
    --------
    >>> @row_by_row
    ... def doubled(X):
    ...     return 2 * X
    >>> doubled(np.ones(3))
    array([2., 2., 2.])
    """

    @functools.wraps(method)
    def whole(*args, **known):
        if not any(map(in_chunks, (*args, *known.values()))):
            return method(*args, **known)
        return answered_later(whole, args, known)

    return cast(F, whole)


def told_apart(method: Callable, args: tuple, known: dict) -> tuple:
    """The arguments by name, and those of them that have a row for each point."""
    arguments = inspect.signature(method).bind(*args, **known).arguments
    first = next(value for value in arguments.values() if in_chunks(value))
    may_be = {n: a for n, a in arguments.items() if may_be_by_row(a)}
    N = sum(sizes_of(first)) if may_be else None
    here = {n: a for n, a in may_be.items() if n in KNOWN or len(a) == N}
    by_row = {n: a for n, a in arguments.items() if in_chunks(a)} | here
    return {n: a for n, a in arguments.items() if n not in by_row}, by_row


def calls(method: Callable, args: tuple, known: dict) -> list:
    """A call of the method for each chunk, with the rows that each argument has there."""
    rest, by_row = told_apart(method, args, known)
    return [
        called(partial(at_chunk, i, method, for_chunk(i, rest), list(by_row)), *parts)
        for i, parts in enumerate(side_by_side(by_row))
    ]


def may_be_by_row(value) -> bool:
    """Whether a value that is here may hold something for each point."""
    return not in_chunks(value) and (isinstance(value, list | tuple) or np.ndim(value) > 0)


def for_chunk(i: int, rest: dict) -> dict:
    """The arguments for chunk i: its model stays as it is, and draws numbers of its own.

    Chunks share the cores already, so it works in one thread.
    """
    if "self" not in rest:
        return rest
    model: Any = copy.copy(rest["self"])  # a later fit changes no answer that still waits
    model.n_jobs = None
    if i > 0 and getattr(model, "random_state", None) is not None:
        rng = random_generator(copy.deepcopy(model.random_state))
        model.random_state = np.random.default_rng([i, *rng.integers(2**32, size=4).tolist()])
    return rest | {"self": model}


def at_chunk(i, method, rest, names, *parts) -> Any:
    """The method, called with the parts of chunk i; None if it has no rows, or none with weight."""
    by_row = dict(zip(names, parts, strict=True))
    if len(parts[0]) == 0 or not np.any(by_row.get("sample_weight", True)):
        return None
    try:
        with one_blas_thread():
            return method(**rest | by_row)
    except (ValueError, TypeError) as error:
        if type(error) not in (ValueError, TypeError):
            raise
        raise type(error)(f"in chunk {i}: {error}") from None


def answered_later(method: Callable, args: tuple, known: dict) -> Any:
    """Dask's array of what the method answers, chunk by chunk; a tuple, if that is its answer."""
    import dask.array as da

    arguments, by_row = told_apart(method, args, known)
    example = method(**arguments | {name: two_rows(a) for name, a in by_row.items()})
    several = isinstance(example, tuple)
    examples = example if several else (example,)
    waiting = calls(method, args, known)
    first = next(iter(by_row.values()))
    sizes = list(first.chunks[0]) if hasattr(first, "chunks") else [np.nan] * len(waiting)
    answers = []
    for i, one in enumerate(examples):
        rest, dtype = one.shape[1:], one.dtype
        parts = [
            da.from_delayed(
                called(partial(answer, i if several else None, rest, dtype), a), (n, *rest), dtype
            )
            for a, n in zip(waiting, sizes, strict=True)
        ]
        answers.append(da.concatenate(parts, axis=0, allow_unknown_chunksizes=True))
    return tuple(answers) if several else answers[0]


def two_rows(value) -> Any:
    """Two rows of the kind that a collection holds: of labels and weights zeros, else ones."""
    if hasattr(value, "_meta_nonempty"):
        return value._meta_nonempty
    fill = np.zeros if value.ndim == 1 else np.ones
    return fill((2, *value.shape[1:]), value.dtype)


def answer(i: int | None, rest: tuple, dtype, found) -> np.ndarray:
    """What was found of a chunk, or no rows of it; of a tuple the i-th."""
    if found is None:
        return np.empty((0, *rest), dtype)
    return found if i is None else found[i]
