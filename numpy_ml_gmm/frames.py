r"""The features T(x), and the coordinates in which they keep their digits.

The log of a weighted Gaussian is linear in fixed features of the point
(:eq:`exponential-family`):

.. math::

    \log \pi_k \mathcal{N}(x \mid \mu_k, \Sigma_k) = \eta_k^\top T(x),
    \qquad T(x) = (1,\; y,\; y y^\top), \qquad y = A (x - c) .

:math:`T` are the *sufficient statistics*, :math:`\eta_k` the *natural parameters*.

The *frame* :math:`(c, A)` is free in exact arithmetic.  In floating point it is what keeps
digits: :math:`\mathbb{E}[x^2] - \mathbb{E}[x]^2` loses them all when the mean is far from the
origin.  One frame, that of the data, serves nearly every component.  One that is too small or
too far away in it gets its *own*, in which its mean is 0 and its covariance I.  From 64
features on, with full covariances, every component has its own: the features of a shared frame
would be D (D + 3) / 2 numbers a point, and a component's own frame needs none of the products.

========== ============= =======================================================
symbol     shape         meaning
========== ============= =======================================================
``x, y``   (D, B)        a block of points as columns, in data units and in a frame
``T``      (F, B)        their features; F = 1 + D + D (D + 1) / 2, or 1 + 2 D
``eta``    (K, F)        natural parameters, each row in its component's frame
``sums``   (K, F)        sums of r T over the points
========== ============= =======================================================

Source: Bishop (2006), *Pattern Recognition and Machine Learning*, section 2.4.
"""

import contextlib
import functools
import math
from typing import NamedTuple

import numpy as np
from scipy.linalg import get_blas_funcs, get_lapack_funcs, solve_triangular

from .blocks import block_size
from .parameters import diagonals
from .validation import is_positive_definite

DTYPES = np.dtype(np.float64), np.dtype(np.float32)
ROUNDING = {dtype: float(np.finfo(dtype).eps) for dtype in DTYPES}
EPS, TINY = ROUNDING[DTYPES[0]], float(np.finfo(DTYPES[0]).tiny)
# How far off its frame a component may be: this times eps is the error of its log density.
RESOLUTION = dict(zip(DTYPES, (1e4, 1e3), strict=True))
# How far, in its standard deviations, the rounding of its mean may move a component that is
# fitted: 0.01 costs 5e-5 nats a point.
COARSE = 1e-2
# With so many features or more, diagonal models keep features point by point in memory, as the
# data are, and full ones give every component its own frame; with MANY they do if these are few.
WIDE, MANY = 64, 24
# So far apart, in standard deviations, two origins may be for points to go from one to the other.
NEARBY = dict(zip(DTYPES, (1e4, 10), strict=True))
# OpenBLAS takes a product of fewer multiply-adds from where its operands are; pieces of fewer
# points cost more than that saves.
SMALL_PRODUCT, LEAST_PIECE = 980_000, 700
SHORT = 500  # NumPy holds the interpreter's lock for a product with so many numbers or fewer
# No point is looked at from further away: its square times a precision is still a number.
HORIZON = {dtype: np.cbrt(np.finfo(dtype).max) for dtype in DTYPES}


class SingularCovariance(ValueError):
    """The covariance of component ``k`` (None: of all the data) has no inverse.

    ``every`` are all that were seen to have none: mixtures side by side may fail together.
    """

    def __init__(self, k, points=None, every=None):
        super().__init__(collapsed(k, points))
        self.k, self.points = k, points
        self.every = [k] if every is None else every

    def __reduce__(self):
        return type(self), (self.k, self.points, self.every)  # it may come from another process

    @classmethod
    def look_at(cls, bad):
        """Raise it if any component (K,) is bad."""
        if bad.any():
            every = np.flatnonzero(bad).tolist()
            raise cls(every[0], every=every)


def collapsed(k, points=None):
    """What to say of a component, or of the data (k is None), whose covariance has no inverse."""
    if k is None:
        return (
            "the covariance of the whole mixture is singular: a feature is a linear function "
            "of others. Drop it, raise var_smoothing, or choose covariance_type='diag'"
        )
    held = "" if points is None else f" ({points:.1f} points)"
    return (
        f"component {k} has collapsed: its covariance is singular{held}. Raise "
        "var_smoothing, lower n_components, change init_params, or choose a simpler covariance_type"
    )


# ---- Linear algebra --------------------------------------------------------------------------


def congruence(A, C):
    """A C A^T for each C, matrices (..., D, D) or diagonals (..., D)."""
    return A @ C @ A.T if A.ndim == 2 else A * A * C


def cholesky(S):
    """Lower triangles L with L L^T = S, (K, D, D); SingularCovariance names the first without.

    A pivot that is rounding error beside its diagonal entry means a singular matrix.
    """
    L = triangles(S)
    SingularCovariance.look_at(is_singular(L, S))
    return L


def triangles(S):
    """:func:`cholesky`, but with pivots however small."""
    try:
        return np.linalg.cholesky(S)
    except np.linalg.LinAlgError:
        every = [k for k, C in enumerate(S) if not is_positive_definite(C)]
    raise SingularCovariance(every[0], every=every)


def inverse_triangles(L):
    """The inverse of each lower triangle (..., D, D); LAPACK's own, where it takes a third."""
    if L.shape[-1] < 8:  # then a call for each takes more time than it saves
        return np.linalg.inv(L)
    (invert,) = get_lapack_funcs(("trtri",), (L,))
    flat = L.reshape(-1, *L.shape[-2:])
    return np.array([invert(one.T, lower=0)[0].T for one in flat]).reshape(L.shape)


def is_singular(L, S, eps=EPS):
    """Whether a pivot of each factor L (..., D, D) of S is rounding error beside its diagonal."""
    return (diagonals(L) ** 2 <= S.shape[-1] * eps * diagonals(S)).any(axis=-1)


def holds(dtype, S):
    """Whether matrices (K, D, D) are still regular when they are rounded to that type."""
    rounded = S.astype(dtype).astype(np.float64)
    try:
        return not is_singular(np.linalg.cholesky(rounded), rounded, ROUNDING[dtype]).any()
    except np.linalg.LinAlgError:
        return False


@functools.lru_cache(maxsize=32)
def pairs(D):
    """Row and column of each product y_i y_j, i <= j, and how many entries it stands for."""
    i, j = np.triu_indices(D)
    return i, j, np.where(i == j, 1.0, 2.0)


@functools.lru_cache(maxsize=32)
def halves(D):
    """What each pair counts in -1/2 of a quadratic form."""
    return -0.5 * pairs(D)[2]


@functools.lru_cache(maxsize=32)
def upper(D):
    """Where each pair stands in a matrix whose rows are laid end to end."""
    i, j, _ = pairs(D)
    return i * D + j


@functools.lru_cache(maxsize=32)
def places(D):
    """Where each entry of a symmetric matrix stands among the pairs, (D, D)."""
    i, j, _ = pairs(D)
    found = np.empty((D, D), int)
    found[i, j] = found[j, i] = np.arange(len(i))
    return found


def packed(C):
    """The upper triangles of symmetric matrices (..., D, D) in a row, or diagonals as they are."""
    D = C.shape[-1]
    return C.reshape(*C.shape[:-2], D * D).take(upper(D), axis=-1)


def unpacked(s, D):
    """The symmetric matrices (K, D, D) of :func:`packed` ones."""
    return s.take(places(D), axis=1)


# ---- Frames ----------------------------------------------------------------------------------


class Frame(NamedTuple):
    """Where features are taken: y = A (x - c).  A is lower triangular, or a diagonal (D,)."""

    c: np.ndarray  # (D,)
    A: np.ndarray | None  # (D, D) lower triangular, or (D,); None if too few points ask for it
    A_inv: np.ndarray  # in the same shape
    log_det: float  # of A: how much the frame stretches volume
    most: float = math.inf  # how far off it a component may be for its mean to be resolved

    @classmethod
    def of(cls, mean, covariance, k=None, points=math.inf):
        """The frame in which a Gaussian, that of component k, has mean 0 and covariance I."""
        if covariance.ndim == 1:
            return cls.scaled(mean, np.sqrt(covariance), diagonal=True)
        factor, invert = get_lapack_funcs(("potrf", "trtri"), (covariance,))
        L, failed = factor(covariance.T, lower=1, clean=1)
        if failed or is_singular(L, covariance):
            raise SingularCovariance(k)
        few = points < len(L) >= WIDE  # then to solve for them takes less time than to invert
        return cls(mean, None if few else invert(L, lower=1)[0], L, -np.log(L.diagonal()).sum())

    @classmethod
    def scaled(cls, c, scale, diagonal):
        """The frame with origin c and each feature in its own unit."""
        A, A_inv = (1 / scale, scale) if diagonal else (np.diag(1 / scale), np.diag(scale))
        return cls(c, A, A_inv, -np.log(scale).sum())

    @property
    def blur(self):
        """How far, in its own units, the frame moves if its origin is rounded."""
        e, L = EPS * np.abs(self.c), self.A_inv
        if L.ndim == 1:
            return float(np.linalg.norm(e / L))
        if e.max() <= 1e-3 * COARSE * L.diagonal().min():  # as nearly always
            return 0.0
        return float(np.linalg.norm(solve_triangular(L, np.diag(e), lower=True)))

    def points(self, x):
        """Points x (D, B), as columns, in this frame.

        A point beyond the horizon, some 10^102 standard deviations away (in single precision
        10^12), counts as one upon it.
        """
        y, far = less(x, self.c), HORIZON[x.dtype]
        A = (self.A_inv if self.A is None else self.A).astype(x.dtype, copy=False)
        if A.ndim == 1:
            np.multiply(A[:, None], y, out=y)
        elif len(A) >= WIDE:  # half the work: A is a triangle
            name = "trsm" if self.A is None else "trmm"
            y = get_blas_funcs(name, (y,))(1.0, A, y, lower=1, overwrite_b=1)
        else:
            y = A @ y
        return y.clip(-far, far, out=y)


def less(x, c):
    """x (D, B) - c: in single precision first what it can say of c, and then the rest."""
    near = c.astype(x.dtype)
    y = x - near[:, None]
    if near.dtype != c.dtype:
        y -= (c - near).astype(x.dtype)[:, None]
    return y


def n_features(D, diagonal):
    """F, the length of T."""
    return 1 + D + (D if diagonal else D * (D + 1) // 2)


def features(y, diagonal):
    """T = (1, y, y y^T), (F, B): of y y^T the upper triangle, or the squares alone."""
    D, B = y.shape
    T = np.empty((n_features(D, diagonal), B), y.dtype, "F" if is_wide(D, diagonal) else "C")
    T[0], T[1 : D + 1] = 1, y
    if diagonal:
        np.multiply(y, y, out=T[D + 1 :])
        return T
    row = D + 1
    for i in range(D):
        np.multiply(y[i], y[i:], out=T[row : row + D - i])
        row += D - i
    return T


def is_wide(D, diagonal):
    """Whether features lie in memory point by point, so that long rows are added up."""
    return diagonal and D >= WIDE


class Features:
    """What stands for an array T: ``eta @ T`` and ``r @ T.T`` are its two methods."""

    __array_ufunc__ = None  # so that NumPy leaves the products to us

    def __rmatmul__(self, eta):
        """eta @ T, (K, B)."""
        return self.joint(eta)

    @property
    def T(self):
        """The other product."""
        return Transposed(self)


class Transposed(NamedTuple):
    """T.T of :class:`Features`."""

    of: Features
    __array_ufunc__ = None  # type: ignore[misc]

    def __rmatmul__(self, r):
        """r @ T.T, (K, F)."""
        return self.of.sums(r)


class FeaturesInPieces(Features):
    """T of many points: products with columns so few that BLAS does not copy them first.

    OpenBLAS copies its operands from a million multiply-adds on.  In single precision it also
    takes twice as long for ``r @ T.T`` as for the same sums the other way round.  And while a
    product is short NumPy lets no other thread work, where short is the result: the sums of several
    pieces at once are longer.
    """

    def __init__(self, array, size):
        self.array = array  # (F, B)
        self.size = size

    @classmethod
    def of(cls, T, K):
        """T for products with K rows: as it is, unless pieces are faster."""
        B, n_sums = T.shape[1], K * len(T)
        if T.flags.f_contiguous:
            return T
        most = SMALL_PRODUCT // n_sums
        n = -(-B // most) if most >= LEAST_PIECE else 1
        n = max(n, min(SHORT // n_sums + 1, B // LEAST_PIECE))
        if n > 1:
            return cls(T, B // n // 8 * 8)  # each piece begins on a cache line
        return cls(T, B) if most < B and T.dtype == np.float32 else T

    def joint(self, eta):
        """eta @ T, (K, B)."""
        joint = np.empty((len(eta), self.array.shape[1]), self.array.dtype)
        for T, out in zip(self.stacks(self.array), self.stacks(joint), strict=True):
            np.matmul(eta, T, out=out)
        return joint

    def sums(self, r):
        """r @ T.T, (K, F)."""
        pieces = zip(self.stacks(self.array), self.stacks(r), strict=True)
        return sum((T @ r.swapaxes(1, 2)).sum(axis=0) for T, r in pieces).T

    def stacks(self, a):
        """Views of the columns of a (n, B): pieces side by side (P, n, size), and what is left."""
        n, B = a.shape
        end = B - B % self.size
        return a[:, :end].reshape(n, -1, self.size).swapaxes(0, 1), a[None, :, end:]


class FeaturesOfSeveral(Features):
    """T of M mixtures that have points of their own, (M, F, B): the products are taken one by one.

    ``eta @ T`` and ``r @ T.T`` mean what they mean for M mixtures of one data set.
    """

    def __init__(self, each):
        self.each = each

    def joint(self, eta):
        """eta @ T, (M K, B), each K rows with their own."""
        M, F, B = self.each.shape
        return (eta.reshape(M, -1, F) @ self.each).reshape(-1, B)

    def sums(self, r):
        """r @ T.T, (M K, F)."""
        M, F, B = self.each.shape
        return (r.reshape(M, -1, B) @ np.swapaxes(self.each, 1, 2)).reshape(-1, F)

    def __getitem__(self, index):
        """Those of some features and points, of all mixtures."""
        return FeaturesOfSeveral(self.each[(slice(None), *index)])


def points_of(x, k, n):
    """The points of component k of n: those of all (D, B), or of its mixture if x is (M, D, B)."""
    return x if x.ndim == 2 else x[k * len(x) // n]


class OwnFeatures(Features):
    """T where components have frames of their own: an array that is never made.

    ``eta @ T`` and ``r @ T.T`` mean what they mean for an array whose rows are taken in the
    frame of the component at hand.  In its own frame :math:`\\eta_k` is (a constant, 0, -I / 2),
    so the first is the constant less :math:`|y|^2 / 2`.  The second leaves out the points whose
    responsibility is lost in rounding, and is a symmetric product of the others.  It keeps the
    units of the data, about the frame's c: the M step asks for no others.
    """

    def __init__(self, shared, x, own, F):
        self.shared = shared  # (F, B), or None if every component has its own frame
        self.x = x  # (D, B), or (M, D, B) if mixtures have points of their own
        self.own = own  # {k: Frame}
        self.F = F

    def joint(self, eta):
        """eta @ T, (K, B)."""
        shape = len(eta), self.x.shape[-1]
        joint = np.empty(shape, self.x.dtype) if self.shared is None else eta @ self.shared
        points = anchor = None  # of the last frame whose points are computed, not shifted
        for k, frame in self.own.items():
            tied = anchor is not None and frame.A_inv is anchor.A_inv and self.x.ndim == 2
            shift = frame.points(anchor.c[:, None]) if tied else np.inf
            if np.abs(shift).max() < NEARBY[self.x.dtype]:
                y = points + shift.astype(points.dtype)
            else:
                y = points = frame.points(points_of(self.x, k, len(eta)))
                anchor = frame
            joint[k] = eta[k, 0] - np.einsum("db,db->b", y, y) / 2
        return joint

    def sums(self, r):
        """r @ T.T, (K, F)."""
        D = self.x.shape[-2]
        sums = np.zeros((len(r), self.F), r.dtype) if self.shared is None else r @ self.shared.T
        least = ROUNDING[r.dtype] ** 2 * r.max()
        for k, frame in self.own.items():
            x, n = points_of(self.x, k, len(r)), np.flatnonzero(r[k] > least)
            r_k = r[k, n]
            y = less(x if len(n) == len(r[k]) else x.T[n].T, frame.c)
            sums[k, 0] = r[k].sum()
            sums[k, 1 : D + 1] = y @ r_k
            if frame.A_inv.ndim == 1:
                sums[k, D + 1 :] = (y * y) @ r_k
            else:
                y *= np.sqrt(r_k)
                if self.F == 1 + D + D * D:
                    np.matmul(y, y.T, out=sums[k, D + 1 :].reshape(D, D))
                else:
                    sums[k, D + 1 :] = packed(y @ y.T)
        return sums


# ---- Natural parameters ----------------------------------------------------------------------


class Natural(NamedTuple):
    """Natural parameters of the K components of a mixture, or of M mixtures side by side."""

    eta: np.ndarray  # (K, F), of M mixtures (M K, F)
    frame: Frame  # the shared one; its c is where means are measured from
    own: dict  # {k: Frame} of the components that have their own
    shape: tuple  # (K,), or (M, K)
    noise: np.ndarray | None = None  # log weight of the last place, () or (M,), if it is noise

    @classmethod
    @np.errstate(divide="ignore", over="ignore", invalid="ignore")  # far off the frame; log 0
    def of(cls, theta, rows, frame=None, fitted=None):
        """Those of some parameters, to be used on some rows (:eq:`natural-parameters`).

        The frame is that of the data they are ``fitted`` to, or else of the whole mixture.

        Raises
        ------
        SingularCovariance
            If a component's covariance has no inverse, or is so thin that a mean that is fitted
            falls through it.
        """
        fitted = frame is not None if fitted is None else fitted
        (pi, mu, Sigma), shape, dtype = theta, theta.weights.shape, rows.precision
        if len(shape) > 1:
            pi, mu, Sigma = (a.reshape(-1, *a.shape[len(shape) :]) for a in theta)
        log_pi = np.log(pi)
        try:
            check_resolved(mu, Sigma, dtype)
            frame = frame or of_mixture(pi / pi.sum(), mu, Sigma)
            apart = has_own_frames(*mu.shape, theta.diagonal, rows.kept)
            if apart:
                eta = np.zeros((len(pi), n_sums(mu.shape[1], theta.diagonal, apart)))
                own = {}
                for k, S in enumerate(Sigma):
                    same = k and S[0, 0] == Sigma[k - 1, 0, 0] and (S == Sigma[k - 1]).all()
                    one = own[k - 1] if same else Frame.of(None, S, k, len(rows.X))
                    own[k] = one._replace(c=mu[k])
            else:
                eta, off = natural_parameters(log_pi, mu, Sigma, frame)
                most, far = min(RESOLUTION[dtype], frame.most), []
                if not off.max() <= most:
                    far = np.flatnonzero(~(off <= most).all(axis=1)).tolist()
                own = {k: Frame.of(mu[k], Sigma[k], k) for k in far}
            if fitted and (blurred := [k for k, one in own.items() if one.blur > COARSE]):
                raise SingularCovariance(blurred[0], every=blurred)
        except SingularCovariance as error:
            points = None if error.k is None else pi[error.k] * rows.total_weight
            raise SingularCovariance(error.k, points, error.every) from None
        for k, one in own.items():
            eta[k] = 0
            eta[k, 0] = log_pi[k] + one.log_det - mu.shape[1] * np.log(2 * np.pi) / 2
        noise = None if rows.box is None else log_pi.reshape(shape)[..., -1:]
        return cls(eta.astype(dtype, copy=False), frame, own, shape, noise)

    @classmethod
    def blank(cls, K, frame, rows, own=None):
        """K components that have frames, but no parameters: for given responsibilities."""
        D, diagonal = len(frame.c), frame.A.ndim == 1
        apart = has_own_frames(K, D, diagonal, rows.kept)
        if apart:
            own = dict.fromkeys(range(K), frame) | (own or {})
        eta = np.zeros((K, n_sums(D, diagonal, apart)), rows.precision)
        return cls(eta, frame, own or {}, (K,))

    def shifted(self, log_factors):
        """The same, with numbers (K,) or (M, K) added to the log joint of every point."""
        eta = self.eta.copy()
        eta[:, 0] += log_factors.ravel()
        return self._replace(eta=eta)

    @property
    def diagonal(self):
        """Whether covariances are diagonals only."""
        return self.frame.A.ndim == 1

    @property
    def wide(self):
        """Whether one mixture's responsibilities may be sparse; see :func:`is_wide`."""
        return is_wide(len(self.frame.c), self.diagonal) and not self.own and len(self.shape) == 1

    @property
    def order(self):
        """How the points of a block lie in memory: feature by feature ("C"), or point by point."""
        return "F" if len(self.frame.c) >= WIDE else "C"

    def block_size(self, n_rows):
        """Rows in a block, so that what it needs fits the cache."""
        K, F = self.eta.shape
        numbers = K + 2 * len(self.frame.c) * bool(self.own) + (F if len(self.own) < K else 0)
        return block_size(numbers, n_rows, self.eta.dtype)

    def features(self, block):
        """T of the points of a block, (F, B)."""
        shared = self.shared_features(block) if len(self.own) < len(self.eta) else None
        return OwnFeatures(shared, block.x, self.own, self.eta.shape[1]) if self.own else shared

    def shared_features(self, block):
        """T in the shared frame: kept, or made of the points y, which may be kept too."""
        T = self.frame.points(block.x) if block.kept is None else block.kept
        if isinstance(T, Features):
            return T
        if len(T) == len(self.frame.c):  # y
            T = features(T, self.diagonal)
        return FeaturesInPieces.of(T, len(self.eta))

    def log_joint(self, block):
        """eta @ T, and the log of the priors: (K, B), or (M, K, B) for M mixtures."""
        return self.with_priors(self.eta @ self.features(block), block)

    def with_priors(self, joint, block):
        """Add what is known of each point's component, and part mixtures from each other.

        The last place may be noise, with a log joint that is one number (:eq:`noise`).
        """
        joint = joint.reshape(*self.shape, -1)
        if self.noise is not None:  # a uniform density: eta = (log pi_0 / V, 0, 0)
            joint[..., -1, :] = self.noise + block.background
        if block.priors is not None:
            known, K = block.priors, joint.shape[-2]
            if self.noise is not None and len(known) > K:  # of more components: noise stays last
                known = np.vstack([known[: K - 1], known[-1:]])
            with np.errstate(divide="ignore"):  # log 0 = -inf: this component is ruled out
                joint += np.log(known[:K])
        return joint

    def moments(self, sums):
        r"""From sums :math:`s_k = (N_k, s^1_k, s^2_k)` to counts, first moments and scatters.

        In a frame (:eq:`moments`),

        .. math::

            \sum_n r_{nk} (x_n - c) = A^{-1} s^1_k, \qquad
            W_k = A^{-1} \Bigl( s^2_k - \frac{s^1_k (s^1_k)^\top}{N_k} \Bigr) A^{-\top} .

        Returns
        -------
        counts (K,), firsts (K, D) about the shared frame's c, scatters (K, D, D) or (K, D)
        """
        frame, D, everyone = self.frame, len(self.frame.c), len(self.own) == len(sums)
        N, first, second = sums[:, 0], sums[:, 1 : D + 1], sums[:, D + 1 :]
        f = first / np.sqrt(np.maximum(N, TINY))[:, None]  # 0 without any points
        if self.diagonal:
            W = second - f * f
        elif second.shape[1] == D * D:
            W = second.reshape(-1, D, D)
            for W_k, f_k in zip(W, f, strict=True):  # in place: these matrices are large
                W_k -= f_k[:, None] * f_k
        else:
            W = unpacked(second, D) - f[:, :, None] * f[:, None, :]
        firsts, scatters = first, W  # where components have frames of their own, in data units
        if not everyone:
            shared = slice(None)
            if self.own:
                shared = np.ones(len(W), bool)
                shared[list(self.own)] = False
            with np.errstate(over="ignore", invalid="ignore"):  # of weights; Data.of looks
                S = congruence(frame.A_inv, W[shared])
            if self.diagonal:
                firsts[shared] *= frame.A_inv
                scatters[shared] = S
            else:
                firsts[shared] = first[shared] @ frame.A_inv.T
                scatters[shared] = (S + np.swapaxes(S, 1, 2)) / 2  # they differ by rounding
        for k, one in self.own.items():
            firsts[k] += N[k] * (one.c - frame.c)
        return N, firsts, scatters


def has_own_frames(K, D, diagonal, kept):
    """Whether every component has its own frame: features pay if kept, or shared by many."""
    many = D >= WIDE or (D >= MANY and 6 * K <= D and (kept is None or kept.T is None))
    return many and not diagonal


def n_sums(D, diagonal, apart):
    """The length of a row of sums: F, or with whole matrices where nobody needs features."""
    return 1 + D + D * D if apart else n_features(D, diagonal)


def natural_parameters(log_weights, means, covariances, frame):
    r"""eta in one frame, and how far off it components are, (K, D) (:eq:`natural-parameters`).

    With :math:`\mu'` and :math:`\Sigma'` the mean and covariance in the frame (``m`` and ``S``),
    and :math:`\Lambda'` the inverse of the latter (``P``),

    .. math::

        \eta = \Bigl(\log \pi + \log |A| - \tfrac12 \bigl(D \log 2\pi + \log |\Sigma'|
            + \mu'^\top \Lambda' \mu'\bigr), \; \Lambda' \mu', \; -\tfrac12 \Lambda' \Bigr).

    The terms of :math:`\eta^\top T` are as large as :math:`\mathbb{E}[y^2] \Lambda'`, so
    their sum is wrong by that times the rounding unit.  It is returned beside eta.
    """
    D = means.shape[1]
    m = (means - frame.c) * frame.A if frame.A.ndim == 1 else (means - frame.c) @ frame.A.T
    S = congruence(frame.A, covariances)
    if S.ndim == 2:
        P, variances, roots = 1 / S, S, np.sqrt(S)
        P_m = P * m
        eta = np.concatenate([-0.5 * (m * P_m).sum(axis=1, keepdims=True), P_m, -0.5 * P], axis=1)
    else:
        L = triangles(S)  # a pivot lost in rounding shows below: P is as large as one over it
        U = inverse_triangles(L)  # the factor is inverted, never the covariance
        V = np.concatenate([U @ -m[:, :, None], U], axis=2)  # U (y - m) = V (1, y)
        G = V.transpose(0, 2, 1) @ V  # its square is (1, y)^T G (1, y)
        eta = packed(G) * halves(D + 1)
        P, variances, roots = diagonals(G)[:, 1:], diagonals(S), diagonals(L)
    eta[:, 0] += log_weights - np.log(roots).sum(axis=1)
    eta[:, 0] += frame.log_det - 0.5 * D * math.log(2 * math.pi)
    return eta, (m * m + variances) * P


def check_resolved(means, covariances, dtype):
    """A deviation below the rounding of the data itself is none: the points are all equal."""
    variances = covariances if covariances.ndim == 2 else diagonals(covariances)
    equal = variances <= (ROUNDING[dtype] * means) ** 2
    if equal.any():
        SingularCovariance.look_at(equal.any(axis=1))


def is_resolved(theta, dtype):
    """Whether numbers of that type tell the points of each component apart."""
    limits = np.finfo(dtype)
    scale = np.sqrt(theta.covariances if theta.diagonal else diagonals(theta.covariances))
    fine = (scale > limits.eps * np.abs(theta.means)) & (scale > np.sqrt(limits.tiny))
    return bool(fine.all() and scale.max() < np.sqrt(limits.max))


def of_mixture(weights, means, covariances):
    """The frame of the whole mixture: of its covariance, or its scale if components have own.

    They have, too, where they are so far apart that the whole covariance is singular.
    """
    mean, covariance = mixture_moments(weights, means, covariances)
    if covariance.ndim == 1 or len(mean) < WIDE:
        with contextlib.suppress(SingularCovariance):
            return Frame.of(mean, covariance)
    return Frame.scaled(mean, np.sqrt(covariance.diagonal()), diagonal=False)


def mixture_moments(weights, means, covariances):
    """Mean and covariance of the whole mixture (:eq:`mixture-moments`)."""
    mean = weights @ means
    delta = means - mean
    if covariances.ndim == 2:
        return mean, weights @ (covariances + delta * delta)
    D = len(mean)
    within = (weights @ covariances.reshape(-1, D * D)).reshape(D, D)
    return mean, within + (weights[:, None] * delta).T @ delta
