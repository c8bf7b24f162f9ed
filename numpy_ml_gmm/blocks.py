r"""Rows in blocks: sums over data of any size, in the cache, over threads.

Everything that EM needs of the data is a sum over rows.  So the rows are cut
into blocks that fit the processor's cache, and the blocks into chunks that
threads can share.  The data may be a ``numpy.memmap`` larger than memory: only
the block at hand is read.

The cut depends on the data alone, and the parts are added in one order.  So a
result is the same, bit for bit, for every number of threads.

=========== ============= ======================================================
name        shape         meaning
=========== ============= ======================================================
``X``       (N, D)        the data, float32 or float64
``weights`` (N,)          how often each row counts, or None for once
``priors``  (N, K)        what is known of each row's component, or None
=========== ============= ======================================================

Rows that lack the same features share a :class:`Patterns` pattern.  They are taken side by side,
wherever they stand.
"""

import functools
import itertools
import operator
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from typing import NamedTuple

import numpy as np
from threadpoolctl import ThreadpoolController

# Smaller blocks sit better in the cache, but threads then queue for the interpreter between short
# calls.
BYTES_PER_BLOCK, ROWS_PER_BLOCK = 2**22, 2**14
MOST_COPIED = 2**25  # numbers: a quarter of a gigabyte
CHUNKS, FEW_BLOCKS = 32, 4  # at most so many chunks; one, if there are fewer blocks than that
FEW_PRODUCTS = 1e7  # multiply-adds for each component
FEW_NUMBERS = 2**14  # up to which single precision would save no time that one could measure


class Patterns(NamedTuple):
    """Which features are missing (nan) in which rows, the most common pattern first.

    Rows with errors of their own share a pattern only if they share the errors too.

    Examples
    --------
    >>> some = Patterns.of(np.array([[1.0, 2.0], [np.nan, 4.0], [5.0, 6.0]]))
    >>> some.missing
    array([[False, False],
           [ True, False]])
    >>> some.order, some.starts
    (array([0, 2, 1]), array([0, 2, 3]))
    """

    order: np.ndarray  # (N,) the rows, those of one pattern side by side
    starts: np.ndarray  # (P + 1,) where each pattern begins in that order
    missing: np.ndarray  # (P, D) which features it lacks
    X: np.ndarray | None  # (N, D) the rows in that order, unless they are many
    errors: np.ndarray | None = None  # (P, D) or (P, D, D) covariances of the errors

    @classmethod
    def of(cls, X, errors=None):
        """The patterns of X (N, D), or None if nothing is missing and all is exact."""
        parts = slices(0, len(X), ROWS_PER_BLOCK)
        if errors is None and not any(np.isnan(X[some]).any() for some in parts):
            return None
        codes = np.concatenate([np.packbits(np.isnan(X[some]), axis=1) for some in parts])
        if errors is not None:
            codes = np.hstack([codes, errors.reshape(len(X), -1).view(np.uint8)])
        codes = np.pad(codes, ((0, 0), (0, -codes.shape[1] % 8))).view(np.uint64)
        if codes.shape[1] > 1:
            codes = codes.view(f"V{codes.itemsize * codes.shape[1]}")
        codes = codes[:, 0]
        _, first, which, counts = np.unique(codes, True, True, True)
        rank = np.empty_like(first)
        rank[np.argsort(-counts, kind="stable")] = np.arange(len(first))
        order = np.argsort(rank[which], kind="stable")
        starts = np.append(0, np.cumsum(np.sort(counts)[::-1]))
        copy = X[order] if X.size <= MOST_COPIED and not is_mapped(X) else None
        first = order[starts[:-1]]
        errors = None if errors is None else errors[first]
        return cls(order, starts, np.isnan(X[first]), copy, errors)

    @classmethod
    def whole(cls, X):
        """One pattern, which lacks nothing."""
        return cls(np.arange(len(X)), np.array([0, len(X)]), np.zeros((1, X.shape[1]), bool), X)

    def groups(self):
        """The rows (n,) of each pattern, and what it lacks (D,)."""
        rows = (self.order[slice(*ends)] for ends in itertools.pairwise(self.starts))
        return zip(rows, self.missing, strict=True)

    @property
    def counts(self):
        """How many rows have each pattern, (P,)."""
        return np.diff(self.starts)

    def within(self, some):
        """The patterns of a slice of the order: pairs (pattern, slice within the slice)."""
        first = np.searchsorted(self.starts, some.start, "right") - 1
        last = np.searchsorted(self.starts, some.stop)
        bounds = np.clip(self.starts[first : last + 1], some.start, some.stop) - some.start
        return [(first + i, slice(a, b)) for i, (a, b) in enumerate(itertools.pairwise(bounds))]

    def rows(self, X, some):
        """A slice of the rows of X (N, D) in this order."""
        return X[self.order[some]] if self.X is None else self.X[some]

    def restored(self, values):
        """What was found row by row in this order, in the order of the data."""
        found = np.empty_like(values)
        found[self.order] = values
        return found


def is_mapped(X):
    """Whether an array is a view of a file (``numpy.memmap``), and not to be read as a whole."""
    while X is not None and not isinstance(X, np.memmap):
        X = getattr(X, "base", None)
    return X is not None


def in_chunks(value):
    """Whether this is an array or a data frame of Dask's."""
    return type(value).__module__.startswith("dask.") and hasattr(value, "__dask_graph__")


class Kept(NamedTuple):
    """What a fit keeps of its points from step to step: their features, or y if they are many."""

    frame: tuple  # a :class:`~numpy_ml_gmm.frames.Frame`
    y: np.ndarray | None = None  # (D, N) the points in it
    T: object = None  # (F, N) their features

    def within(self, rows, frame):
        """Of some rows the features, or y; None in another frame."""
        if frame is not self.frame:
            return None
        return (self.y if self.T is None else self.T)[:, rows]


class Block(NamedTuple):
    """Some rows, laid on their side so that each feature is contiguous.

    Examples
    --------
    >>> Rows(np.array([[1.0, 2.0], [3.0, 4.0]])).block(slice(0, 2)).x
    array([[1., 3.], [2., 4.]])
    """

    x: np.ndarray  # (D, B)
    weights: np.ndarray | None  # (B,)
    priors: np.ndarray | None  # (K, B)
    kept: object = None  # features (F, B), or the points y (D, B), in the frame that was asked for
    patterns: list | None = None  # (pattern, slice) where features are missing
    background: float | np.ndarray | None = None  # log density of the noise, () or (B,)


class Rows(NamedTuple):
    """Checked data, with what is known of each row.

    Examples
    --------
    >>> Rows(np.ones((3, 2)), weights=np.array([1.0, 2.0, 0.5])).total_weight
    3.5
    """

    X: np.ndarray  # (N, D)
    weights: np.ndarray | None = None  # (N,)
    priors: np.ndarray | None = None  # (N, K)
    n_jobs: int = 1
    kept: Kept | None = None
    names: list | None = None  # (D,) labels of a data frame's columns, for messages
    patterns: Patterns | None = None  # where features are missing; blocks are then in its order
    errors: np.ndarray | None = None  # (N, D) or (N, D, D) covariance of each row's errors
    box: object = None  # of the noise, a :class:`~numpy_ml_gmm.noise.Box`, if there is any

    @property
    def at_hand(self) -> bool:
        """True; of rows that lie elsewhere only sums can be had, and a few rows."""
        return True

    def gathered(self, function, combine=operator.add):
        """``function`` of the rows; where they lie in several places, of each, and then combined.

        All that a fit asks of its data goes through here.

        Examples
        --------
        >>> Rows(np.array([[1.0], [2.0]])).gathered(lambda some: some.X.sum(axis=0))
        array([3.])
        """
        return function(self)

    def block(self, rows, order="C", frame=None):
        """The rows of one slice as a :class:`Block`, in memory feature by feature ("C") or not.

        What is kept of them in the frame comes with them, and saves a copy.

        Examples
        --------
        >>> rows = Rows(np.array([[1.0], [2.0]]), priors=np.array([[1.0, 1.0], [0.0, 1.0]]))
        >>> rows.block(slice(1, 2)).priors
        array([[0.], [1.]])
        """
        kept = None if self.kept is None else self.kept.within(rows, frame)
        patterns = None if self.patterns is None else self.patterns.within(rows)
        X = self.X[rows] if self.patterns is None else self.patterns.rows(self.X, rows)
        rows = rows if self.patterns is None else self.patterns.order[rows]
        weights = None if self.weights is None else self.weights[rows]
        priors = None if self.priors is None else self.priors[rows].T
        order, background = "K" if kept is not None else order, None
        x = np.asarray(X.T, self.precision, order=order)
        if self.box is not None:
            background = self.box.log_density(np.isnan(x.T) if patterns else None)
        return Block(x, weights, priors, kept, patterns, background)

    def take(self, index):
        """The rows of an index, copied into memory.

        Examples
        --------
        >>> Rows(np.array([[1.0], [2.0], [3.0]])).take([0, 2]).X
        array([[1.], [3.]])
        """
        parts = self.X, self.weights, self.priors, self.errors
        X, weights, priors, errors = (None if a is None else a[index] for a in parts)
        patterns = None if self.patterns is None else Patterns.of(X, errors)
        known = self.n_jobs, None, self.names, patterns, errors, self.box
        return Rows(X, weights, priors, *known)

    def with_weight(self):
        """The rows whose weight is not zero."""
        if self.weights is None or self.weights.all():
            return self
        return self.take(np.flatnonzero(self.weights))

    def spread(self, n):
        """About n rows that count, (n, D), evenly spread over all."""
        counted = np.arange(len(self.X)) if self.weights is None else np.flatnonzero(self.weights)
        return self.X[counted[:: max(1, len(counted) // n)]]

    def in_double(self):
        """The same rows in double precision."""
        X = self.X.astype(np.float64)
        patterns = None if self.patterns is None else Patterns.of(X, self.errors)
        return self._replace(X=X, patterns=patterns)

    def as_if_exact(self):
        """The same rows, as if they had no errors."""
        if self.errors is None:
            return self
        return self._replace(errors=None, patterns=Patterns.of(self.X))

    @property
    def precision(self):
        """What sums and densities are computed in: float64, but for many numbers in float32.

        Few numbers cost nothing, and their results are then as good as float32 can say them.

        Examples
        --------
        >>> [Rows(np.ones((N, 8), np.float32)).precision for N in (1_000, 100_000)]
        [dtype('float64'), dtype('float32')]
        """
        return np.dtype(np.float64) if self.X.size <= FEW_NUMBERS else self.X.dtype

    def weighted_sum(self, values):
        """The sum of one value a row, each as often as its row counts."""
        values = values.astype(np.float64, copy=False)
        return float(values.sum() if self.weights is None else values @ self.weights)

    @property
    def n_counted(self):
        """How many rows have a weight that is not zero."""
        return len(self.X) if self.weights is None else np.count_nonzero(self.weights)

    @property
    def total_weight(self):
        """Sum of the weights: the number of rows, if none are given.

        Examples
        --------
        >>> Rows(np.ones((3, 2))).total_weight
        3.0
        """
        return float(len(self.X) if self.weights is None else self.weights.sum())


def slices(start, stop, size):
    """Cut ``range(start, stop)`` into slices of at most ``size``.

    Examples
    --------
    >>> slices(0, 5, 2)
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    return [slice(a, min(a + size, stop)) for a in range(start, stop, size)]


def block_size(numbers_per_row, n_rows, dtype=np.float64):
    """Rows in a block, so that its work fits the cache and all blocks are about equal.

    Examples
    --------
    >>> block_size(64, n_rows=10_000)
    5000
    """
    numbers_per_block = BYTES_PER_BLOCK // np.dtype(dtype).itemsize
    least = 256 if numbers_per_row < 4096 else 64  # for speed, even if the block is too large
    most = min(max(numbers_per_block // numbers_per_row, least), ROWS_PER_BLOCK)
    even = _even(n_rows, _even(n_rows, most))
    return 8 * _even(even, 8)  # each feature begins on a cache line


def map_chunks(function, n_rows, size, n_jobs=1):
    """Yield ``function(slices)`` for each chunk of rows, in order.

    Parameters
    ----------
    function : callable
        Takes a list of slices, the blocks of one chunk.
    n_rows : int
        Number of rows N.
    size : int
        Rows in a block.
    n_jobs : int
        Number of threads.  NumPy lets go of the interpreter's lock.

    Examples
    --------
    >>> list(map_chunks(lambda blocks: [b.stop - b.start for b in blocks], n_rows=20, size=4))
    [[4], [4], [4], [4], [4]]
    """
    blocks = slices(0, n_rows, size)
    per_chunk = len(blocks) if len(blocks) < FEW_BLOCKS else _even(len(blocks), CHUNKS)
    chunks = [blocks[c] for c in slices(0, len(blocks), per_chunk)]
    if len(chunks) == 1:  # small data: to hold BLAS back would cost more than it saves
        yield function(chunks[0])
        return
    with one_blas_thread(), ThreadPoolExecutor(n_jobs) as pool:
        yield from (map if n_jobs == 1 else pool.map)(function, chunks)


def _even(total, parts):
    """How many each of some equal parts holds."""
    return -(-total // parts)


_limiting = threading.Lock()
_limits: list = []  # the limit, and None for each who asked after it


@contextmanager
def one_blas_thread():
    """Hold BLAS to one thread, as long as anybody asks for it: in whatever thread they are.

    Examples
    --------
    >>> with one_blas_thread():
    ...     product = np.eye(2) @ np.eye(2)
    """
    with _limiting:
        let_any_thread_set_limits()
        _limits.append(None if _limits else blas_controller().limit(limits=1, user_api="blas"))
    try:
        yield True
    finally:
        with _limiting:
            limit = _limits.pop()
            if limit is not None:  # the last to leave puts back what the first one found
                let_any_thread_set_limits()
                limit.restore_original_limits()
                let_any_thread_set_limits()


def few_threads_for(X):
    """One thread for BLAS if X (N, D) is so small that several take longer to meet than to work.

    Examples
    --------
    >>> with few_threads_for(np.ones((9, 2))) as held:
    ...     held
    True
    """
    if in_chunks(X):
        return nullcontext(False)
    N, D = [*getattr(X, "shape", ()), 1, 1][:2]  # a list is small
    return one_blas_thread() if N * D * D < FEW_PRODUCTS else nullcontext(False)


def let_any_thread_set_limits():
    """From threadpoolctl 3.8 on only the first thread may, which need not be the last to leave."""
    for library in blas_controller().lib_controllers:
        if hasattr(library, "clear_controlling_thread"):
            library.clear_controlling_thread(force=True)


@functools.cache
def blas_controller():
    """Holds BLAS to one thread: blocks are small, and our threads share the cores.

    Examples
    --------
    >>> blas_controller() is blas_controller()
    True
    """
    return ThreadpoolController()


def thread_count(n_jobs):
    """The number of threads meant by ``n_jobs``: None is 1, -1 is every core, -2 all but one.

    The cores are those that the process may use: fewer than the machine's under an affinity mask,
    in a container with a limit, or where ``LOKY_MAX_CPU_COUNT`` says so.

    Raises
    ------
    ValueError, TypeError
        If ``n_jobs`` is 0, or not a whole number.

    Examples
    --------
    >>> thread_count(None), thread_count(3)
    (1, 3)
    """
    if n_jobs is not None and not isinstance(n_jobs, int | np.integer):
        raise TypeError(f"n_jobs={n_jobs!r} must be a whole number, or None for one thread")
    if n_jobs == 0:
        raise ValueError("n_jobs=0 means nothing: use 1, another count, or -1 for every core")
    if n_jobs is None or n_jobs > 0:
        return n_jobs or 1
    from joblib import cpu_count  # a tenth of a second, and few calls need it

    return max(1, cpu_count() + 1 + n_jobs)
