r"""Expected statistics: all that EM needs of the data.

.. math::

    s_k = \sum_n w_n\, r_{nk}\, T(x_n), \qquad
    r_{nk} = \frac{\exp \eta_k^\top T(x_n)}{\sum_j \exp \eta_j^\top T(x_n)} .

They are sums over rows (:eq:`expected-statistics`), so those of two parts of the data add up
to those of the whole, and a point of weight two is the point twice.

============== ======================= ==================================================
name           shape                   meaning
============== ======================= ==================================================
``counts``     (K,)                    :math:`N_k = \sum_n r_{nk}`
``firsts``     (K, D)                  :math:`\sum_n r_{nk} (x_n - c)`, c the ``origin``
``means``      (K, D)                  :math:`\mu_k`, the centre of gravity
``scatters``   (K, D, D), or (K, D)    :math:`W_k = \sum_n r_{nk} (x_n - \mu_k)(x_n - \mu_k)^\top`
``r``          (K, B)                  responsibilities of a block, times the rows' weights
============== ======================= ==================================================

First moments are kept about an origin among the points: about 0 they would lose the digits in
which data far away differ.  Axes before K number mixtures side by side.

Source: Dempster, Laird & Rubin (1977) for EM in exponential families.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import scipy

from .blocks import map_chunks
from .covariances.rules import each
from .frames import DTYPES, RESOLUTION, TINY, Frame, Natural
from .hints import Array
from .parameters import diagonals

# The log of the root of the smallest number: its square is not yet denormal.
FLOOR = {dtype: float(np.log(np.finfo(dtype).tiny) / 2) for dtype in DTYPES}
# With many features, responsibilities below exp(-80) of the largest are left out if others are few.
NEGLIGIBLE, FEW = 80, 1 / 16


class Statistics(NamedTuple):
    """What an E step finds: counts, means and scatters, and the log-likelihood.

    Examples
    --------
    The statistics of two halves add up to those of the whole:

    >>> from numpy_ml_gmm import GMM, load_old_faithful
    >>> X = load_old_faithful().X
    >>> model = GMM(2, random_state=0).fit(X)
    >>> both = model.e_step(X[:100]) + model.e_step(X[100:])
    >>> np.allclose(both.scatters, model.e_step(X).scatters, rtol=1e-12)
    True

    Half of what is known, and all of what is new:

    >>> (0.5 * model.e_step(X[:100]) + model.e_step(X[100:])).counts.sum().round(6)
    np.float64(222.0)
    """

    counts: np.ndarray  # (..., K)
    firsts: np.ndarray  # (..., K, D) sums of r (x - origin)
    scatters: np.ndarray  # (..., K, D, D), or (..., K, D) if covariances are diagonal
    log_likelihood: float  # of M mixtures side by side: (M,)
    origin: np.ndarray  # (D,)
    dtype: np.dtype = DTYPES[0]  # of the data, and so of the results
    log_prior: float = 0.0  # log density of the parameters, where a prior is known; M: (M,)

    @property
    def objective(self) -> float:
        """What EM climbs: the log-likelihood, and the log density of a prior if there is one."""
        return self.log_likelihood + self.log_prior

    @property
    def shifts(self) -> Array:
        """How far each mean is from the origin, (..., K, D); 0 without any points."""
        return self.firsts / np.maximum(self.counts, TINY)[..., None]

    @property
    def means(self) -> Array:
        """The centre of gravity of each component, (..., K, D)."""
        return self.origin + self.shifts

    @property
    def diagonal(self) -> bool:
        """Whether scatters are diagonals only."""
        return self.scatters.ndim == self.firsts.ndim

    def __add__(self, other: Statistics) -> Statistics:  # type: ignore[override]
        r"""The statistics of both sets of rows, by the parallel-axis theorem (:eq:`merge`).

        .. math::

            W = W' + W'' + \frac{N' N''}{N' + N''} (\mu'' - \mu')(\mu'' - \mu')^\top
        """
        if not isinstance(other, Statistics):
            return NotImplemented
        mine, theirs = ((*s.firsts.shape, s.diagonal) for s in (self, other))
        if mine != theirs:
            raise ValueError(
                "statistics of different models do not add: (n_components, n_features, diagonal) "
                f"is {mine} and {theirs}. Add what e_step of one model returns"
            )
        between = other.origin - self.origin
        delta = other.shifts - self.shifts + between  # (..., K, D)
        N = self.counts + other.counts
        share = (self.counts / np.maximum(N, TINY) * other.counts)[..., None]
        square = delta * delta if self.diagonal else delta[..., :, None] * delta[..., None, :]
        return self._replace(
            counts=N,
            firsts=self.firsts + (other.firsts + other.counts[..., None] * between),
            scatters=self.scatters + other.scatters + each(share[..., 0], square) * square,
            log_likelihood=self.log_likelihood + other.log_likelihood,
            dtype=np.result_type(self.dtype, other.dtype),
        )

    def __radd__(self, zero: int) -> Statistics:
        """0 + s, with which :func:`sum` begins."""
        return self if isinstance(zero, int) and zero == 0 else NotImplemented

    def __mul__(self, weight: float) -> Statistics:  # type: ignore[override]
        """The statistics of rows that count ``weight`` times each."""
        if not isinstance(weight, int | float | np.number):
            return NotImplemented
        w = float(weight)
        sums = w * self.counts, w * self.firsts, w * self.scatters, w * self.log_likelihood
        return Statistics(*sums, origin=self.origin, dtype=self.dtype)

    def __rmul__(self, weight: float) -> Statistics:  # type: ignore[override]
        """The same from the other side."""
        return self * weight


# So that NumPy's numbers leave the product to us.
Statistics.__array_ufunc__ = None  # type: ignore[attr-defined]


def smoothed(W, N, smoothing):
    """Scatters of points that each count as a small cloud with variances ``smoothing`` (D,)."""
    if W.ndim == N.ndim + 1:
        return W + N[..., None] * smoothing
    W = W.copy()
    np.einsum("...dd->...d", W)[...] += N[..., None] * smoothing
    return W


def total_moments(statistics):
    """Number, mean (D,) and covariance (D, D), or variances (D,), of all points together."""
    N, shifts, W = statistics.counts, statistics.shifts, statistics.scatters
    total, mean = N.sum(), statistics.firsts.sum(axis=0) / N.sum()
    delta = shifts - mean
    if statistics.diagonal:
        between = N @ (delta * delta)
    else:
        between = (N[:, None] * delta).T @ delta
    return total, statistics.origin + mean, (W.sum(axis=0) + between) / total


# ---- The softmax ------------------------------------------------------------------------------


def softmax(joint, weights, sparse=False):
    """Bayes' rule for a block: weighted responsibilities (K, B), and log p(x) (:eq:`posterior`).

    ``joint`` is (K, B), or (M, K, B) of M mixtures; then r is (M K, B) and log p (M, B).  The
    exponent has a floor.  What is cut off is below rounding, and denormal numbers would be
    slow.  If ``sparse``, r is a sparse array where few responsibilities count: far-apart
    clusters with many features leave each point one or two components.
    """
    top = joint.max(axis=-2, keepdims=True)
    if sparse and (joint > top - NEGLIGIBLE).mean() < FEW:
        return sparse_softmax(joint, weights, top[0])
    joint -= top
    floor = np.full_like(top, FLOOR[joint.dtype])  # NumPy is fast with a row, not with a number
    np.maximum(joint, floor, out=joint)
    np.exp(joint, out=joint)
    total = joint.sum(axis=-2, keepdims=True)
    joint *= (1 if weights is None else weights) / total
    return joint.reshape(-1, joint.shape[-1]), (np.log(total) + top)[..., 0, :]


def log_sum(joint, axis=0):
    """The log density (B,) of the points whose log joint is (K, B) (:eq:`log-likelihood`).

    Or the log of another sum of exponentials; -inf if all of them are 0.
    """
    top = np.maximum(joint.max(axis=axis, keepdims=True), np.finfo(joint.dtype).min)
    terms = joint - top
    np.exp(terms, out=terms)
    with np.errstate(divide="ignore"):
        return np.log(terms.sum(axis=axis)) + top.squeeze(axis)


def sparse_softmax(joint, weights, top):
    """:func:`softmax` of (K, B) without what is negligible."""
    K, B = joint.shape
    kept = np.flatnonzero(joint > top - NEGLIGIBLE)  # row by row
    k, n = kept // B, kept % B
    r = np.exp(joint[k, n] - top[n])
    total = np.bincount(n, r, minlength=B).astype(joint.dtype, copy=False)
    r *= ((1 if weights is None else weights) / total)[n]
    r = scipy.sparse.csr_array((r, n, k.searchsorted(np.arange(K + 1))), shape=(K, B))
    return r, np.log(total) + top


# ---- Sums over all rows -----------------------------------------------------------------------


def add_up(step, rows, natural):
    """:class:`Statistics` of all rows: ``step`` gives each block's sums and log p (:eq:`blocks`).

    Parameters
    ----------
    step : callable
        From :class:`~numpy_ml_gmm.frames.Natural` and a :class:`~numpy_ml_gmm.blocks.Block` to
        sums (K, F) and log p (B,); of M mixtures (M K, F) and (M, B).
    rows : Rows
    natural : Natural
    """

    def chunk(blocks):
        sums, log_likelihood = None, 0.0
        # The padding of BLAS multiplies log 0 by 0; points beyond the horizon come back to it.
        with np.errstate(invalid="ignore", over="ignore"):
            for some in blocks:
                block = rows.block(some, natural.order, natural.frame)
                part, log_p = step(natural, block)
                log_p = log_p.astype(np.float64, copy=False)
                log_likelihood += log_p.sum(-1) if block.weights is None else log_p @ block.weights
                if sums is None:
                    sums = part.astype(np.float64, copy=False)
                else:
                    sums += part
        return sums, log_likelihood

    size, N = natural.block_size(len(rows.X)), len(rows.X)
    chunks = map_chunks(chunk, N, size, rows.n_jobs)
    sums, log_likelihood = next(chunks)
    for part, more in chunks:
        sums += part
        log_likelihood += more
    moments = (a.reshape(*natural.shape, *a.shape[1:]) for a in natural.moments(sums))
    log_likelihood = log_likelihood if natural.shape[1:] else float(log_likelihood)
    return Statistics(*moments, log_likelihood, natural.frame.c, rows.X.dtype)


def map_log_joint(function, rows, natural):
    """``function`` of the log joint (K, B) of each block, joined along the rows: X's precision."""

    def chunk(blocks):
        with np.errstate(invalid="ignore", over="ignore"):
            cut = (rows.block(some, natural.order, natural.frame) for some in blocks)
            joints = map(natural.log_joint, cut)
            return [function(joint) for joint in joints]

    chunks = map_chunks(chunk, len(rows.X), natural.block_size(len(rows.X)), rows.n_jobs)
    found, n = None, 0
    for part in itertools.chain.from_iterable(chunks):
        if found is None:  # the answer is all that is held
            found = np.empty((len(rows.X), *part.shape[1:]), part.dtype)
        found[n : n + len(part)] = part
        n += len(part)
    if found.dtype.kind == "f" and found.dtype != rows.X.dtype:
        most = np.finfo(rows.X.dtype).max  # single precision ends sooner
        found = found.clip(-most, most).astype(rows.X.dtype)
    return found if rows.patterns is None else rows.patterns.restored(found)


def given_responsibilities(natural, block):
    """The E step of a block whose responsibilities are known: its priors."""
    r = np.array(block.priors, block.x.dtype)
    if block.weights is not None:
        r *= block.weights
    return r @ natural.features(block).T, np.zeros(block.x.shape[1])


def statistics_of(rows, r, frame):
    """Statistics for given responsibilities (N, K), or those of several mixtures in a row.

    They are found again about the means that came out, for components so far from the
    frame that their variances drown in their squared distances.
    """
    rows, own = rows._replace(priors=r), {}
    for _ in range(3):
        natural = Natural.blank(r.shape[1], frame, rows, own)
        statistics = add_up(given_responsibilities, rows, natural)
        origins = np.array([own.get(k, frame).c for k in range(r.shape[1])])
        delta = statistics.means - origins
        W = statistics.scatters if statistics.diagonal else diagonals(statistics.scatters)
        variances = W / np.maximum(statistics.counts, TINY)[:, None]
        far = delta**2 / RESOLUTION[statistics.dtype] > variances  # no product that overflows
        far = np.flatnonzero(far.any(axis=1))
        if len(far) == 0:
            break
        scale = np.abs(frame.A_inv if frame.A.ndim == 1 else frame.A_inv.diagonal())
        own |= {int(k): Frame.scaled(statistics.means[k], scale, natural.diagonal) for k in far}
    return statistics


def one_component(rows, diagonal):
    """Statistics of all rows as a single component."""
    c, scale = rough_location(rows)
    frame = Frame.scaled(c, scale, diagonal)
    return rows.gathered(lambda some: statistics_of(some, in_one(some), frame))


def in_one(rows):
    """Responsibilities (N, 1) of a single component, which take no memory."""
    return np.broadcast_to(1.0, (len(rows.X), 1))


def rough_location(rows, n=1000):
    """The first row that counts, and how far some others are from it."""
    X = rows.spread(n)
    c = X[0].astype(np.float64)
    spread = np.abs(X - c).max(axis=0)
    return c, np.where(spread >= np.finfo(X.dtype).tiny, spread, 1.0)  # else without an inverse
