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
"""

import functools
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from threadpoolctl import ThreadpoolController

# Two megabytes of float64.  Smaller blocks sit better in the cache, but threads then queue for
# the interpreter between short calls.
NUMBERS_PER_BLOCK, ROWS_PER_BLOCK = 2**18, 2**13
CHUNKS, FEW_BLOCKS = 32, 4  # at most so many chunks; one, if there are fewer blocks than that
FEW_NUMBERS = 2**14  # up to which single precision would save no time that one could measure


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
    T: np.ndarray | None = None  # (F, B) features in the frame of the data, if they are kept


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
    T: np.ndarray | None = None  # (F, N) features in the frame of the data: few rows keep them
    names: list | None = None  # (D,) labels of a data frame's columns, for messages

    def block(self, rows, order="C"):
        """The rows of one slice as a :class:`Block`, in memory feature by feature ("C") or not.

        Examples
        --------
        >>> rows = Rows(np.array([[1.0], [2.0]]), priors=np.array([[1.0, 1.0], [0.0, 1.0]]))
        >>> rows.block(slice(1, 2)).priors
        array([[0.], [1.]])
        """
        weights = None if self.weights is None else self.weights[rows]
        priors = None if self.priors is None else self.priors[rows].T
        T = None if self.T is None else self.T[:, rows]
        x = np.asarray(self.X[rows].T, self.precision, order=order)
        return Block(x, weights, priors, T)

    def take(self, index):
        """The rows of an index, copied into memory.

        Examples
        --------
        >>> Rows(np.array([[1.0], [2.0], [3.0]])).take([0, 2]).X
        array([[1.], [3.]])
        """
        parts = (None if a is None else a[index] for a in (self.X, self.weights, self.priors))
        return Rows(*parts, self.n_jobs, names=self.names)

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


def block_size(numbers_per_row, n_rows):
    """Rows in a block, so that its work fits the cache and all blocks are about equal.

    Examples
    --------
    >>> block_size(64, n_rows=10_000)
    3336
    """
    least = 256 if numbers_per_row < 4096 else 64  # for speed, even if the block is too large
    most = min(max(NUMBERS_PER_BLOCK // numbers_per_row, least), ROWS_PER_BLOCK)
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
    with blas_controller().limit(limits=1), ThreadPoolExecutor(n_jobs) as pool:
        yield from (map if n_jobs == 1 else pool.map)(function, chunks)


def _even(total, parts):
    """How many each of some equal parts holds."""
    return -(-total // parts)


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
