r"""One Gaussian as an exponential family, and the sums that EM takes over the data.

The log of a weighted Gaussian is linear in fixed features of the point
(:eq:`exponential-family`):

.. math::

    \log \pi_k \mathcal{N}(x \mid \mu_k, \Sigma_k) = \eta_k^\top T(y),
    \qquad T(y) = (1,\; y,\; y y^\top), \qquad y = A (x - c) .

:math:`T` are the *sufficient statistics*, :math:`\eta_k` the *natural
parameters*.  So the E step is two matrix products with an exponential between
them: the log joint :math:`\eta^\top T`, and the expected statistics
(:eq:`expected-statistics`)

.. math::

    s_k = \sum_n w_n\, r_{nk}\, T(y_n), \qquad
    r_{nk} = \frac{\exp \eta_k^\top T(y_n)}{\sum_j \exp \eta_j^\top T(y_n)} .

The *frame* :math:`(c, A)` is free in exact arithmetic.  In floating point it is
what keeps digits: :math:`E[x^2] - E[x]^2` loses them all when the mean is far
from the origin.  One frame, that of the whole mixture, serves nearly every fit.
A component that is too small or too far away in it gets its own.

========== ============= =======================================================
symbol     shape         meaning
========== ============= =======================================================
``x, y``   (D, B)        a block of points as columns, in data units and in a frame
``T``      (F, B)        their features; F = 1 + D + D (D + 1) / 2, or 1 + 2 D
``eta``    (K, F)        natural parameters
``r``      (K, B)        responsibilities (times the weights of the rows)
``sums``   (K, F)        expected statistics s_k
========== ============= =======================================================

Source: Bishop (2006), *Pattern Recognition and Machine Learning*, sections 2.4
and 9.3; Dempster, Laird & Rubin (1977) for EM in exponential families.
"""

import functools
from itertools import groupby
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from .blocks import block_size, map_chunks

DTYPES = np.dtype(np.float64), np.dtype(np.float32)
ROUNDING = {dtype: float(np.finfo(dtype).eps) for dtype in DTYPES}
EPS, TINY = ROUNDING[DTYPES[0]], float(np.finfo(DTYPES[0]).tiny)
# The log of the root of the smallest number: its square is not yet denormal.
FLOOR = {dtype: float(np.log(np.finfo(dtype).tiny) / 2) for dtype in DTYPES}
# How far off its frame a component may be: this times eps is the error of its log density.
RESOLUTION = dict(zip(DTYPES, (1e6, 1e3), strict=True))
# With diagonals, so many features or more stay point by point in memory, as the data are.
WIDE = 64
# There, responsibilities below exp(-80) of the largest are left out if others are few.
NEGLIGIBLE, FEW = 80, 1 / 16
# No point is looked at from further away: its square times a precision is still a number.
HORIZON = {dtype: np.cbrt(np.finfo(dtype).max) for dtype in DTYPES}


class SingularCovariance(ValueError):
    """The covariance of component ``k`` (None: of the whole mixture) has no inverse.

    Examples
    --------
    >>> try:
    ...     cholesky(np.zeros((1, 2, 2)))
    ... except SingularCovariance as error:
    ...     print(error.k, error)
    0 the covariance of component 0 is singular
    """

    def __init__(self, k):
        super().__init__(f"the covariance of component {k} is singular")
        self.k = k


class Frame(NamedTuple):
    """Where features are taken: y = A (x - c).  A is a matrix, or a diagonal (D,).

    Examples
    --------
    >>> Frame.of(np.array([5.0]), np.array([4.0]))
    Frame(c=array([5.]), A=array([0.5]), A_inv=array([2.]))
    """

    c: np.ndarray  # (D,)
    A: np.ndarray  # (D, D) lower triangular, or (D,)
    A_inv: np.ndarray  # in the same shape

    @classmethod
    def of(cls, mean, covariance, name=None):
        """The frame in which a Gaussian has mean 0 and covariance 1.

        Examples
        --------
        >>> Frame.of(np.array([5.0, 1.0]), np.array([[4.0, 0.0], [0.0, 9.0]])).A_inv
        array([[2., 0.], [0., 3.]])
        """
        if covariance.ndim == 1:
            scale = np.sqrt(covariance)
            return cls(mean, 1 / scale, scale)
        L = cholesky(covariance[None], names=[name])[0]
        return cls(mean, np.linalg.inv(L), L)

    @classmethod
    def scaled(cls, c, scale, diagonal):
        """The frame with origin c and each feature in its own unit.

        Examples
        --------
        >>> Frame.scaled(np.zeros(2), np.array([2.0, 4.0]), diagonal=True).A
        array([0.5 , 0.25])
        """
        A, A_inv = 1 / scale, scale
        return cls(c, A, A_inv) if diagonal else cls(c, np.diag(A), np.diag(A_inv))

    def points(self, x):
        """Points x (D, B), as columns, in this frame.

        Examples
        --------
        >>> Frame.of(np.array([5.0]), np.array([4.0])).points(np.array([[5.0, 9.0]]))
        array([[0., 2.]])
        """
        y = x - self.c.astype(x.dtype)[:, None]
        A = self.A.astype(x.dtype)
        return A @ y if A.ndim == 2 else np.multiply(A[:, None], y, out=y)

    @property
    def log_det(self):
        """The log determinant of A: how much the frame stretches volume.

        Examples
        --------
        >>> round(float(np.exp(Frame.of(np.array([5.0]), np.array([4.0])).log_det)), 6)
        0.5
        """
        return np.log(self.A if self.A.ndim == 1 else self.A.diagonal()).sum()


def congruence(A, C):
    """A C A^T for each C, matrices (K, D, D) or diagonals (K, D).

    Examples
    --------
    >>> congruence(np.array([2.0, 3.0]), np.array([[1.0, 1.0]]))
    array([[4., 9.]])
    """
    return A @ C @ A.T if A.ndim == 2 else A * A * C


@functools.lru_cache(maxsize=32)
def pairs(D):
    """Row and column of each product y_i y_j, i <= j, and how many entries it stands for.

    Examples
    --------
    >>> pairs(2)
    (array([0, 0, 1]), array([0, 1, 1]), array([1., 2., 1.]))
    """
    i, j = np.triu_indices(D)
    return i, j, np.where(i == j, 1.0, 2.0)


def n_features(D, diagonal):
    """F, the length of T.

    Examples
    --------
    >>> n_features(2, diagonal=False), n_features(2, diagonal=True)
    (6, 5)
    """
    return 1 + D + (D if diagonal else D * (D + 1) // 2)


def features(y, T, diagonal):
    """Write T(y) = (1, y, y y^T) into T: the upper triangle, or the squares alone.

    Examples
    --------
    >>> features(np.array([[2.0], [3.0]]), np.empty((6, 1)), diagonal=False).ravel()
    array([1., 2., 3., 4., 6., 9.])
    """
    D = len(y)
    T[0], T[1 : D + 1] = 1, y
    if diagonal:
        np.multiply(y, y, out=T[D + 1 :])
        return T
    row = D + 1
    for i in range(D):
        np.multiply(y[i], y[i:], out=T[row : row + D - i])
        row += D - i
    return T


def cholesky(S, names=None):
    """Lower triangles L with L L^T = S, (K, D, D).

    A pivot that is rounding error beside its diagonal entry means a singular matrix.

    Raises
    ------
    SingularCovariance
        With the name (by default, the number) of the first singular matrix.

    Examples
    --------
    >>> cholesky(np.array([[[4.0, 2.0], [2.0, 2.0]]]))
    array([[[2., 0.], [1., 1.]]])
    """
    try:
        L = np.linalg.cholesky(S)
        bad = diagonals(L) ** 2 <= S.shape[-1] * EPS * diagonals(S)
    except np.linalg.LinAlgError:
        bad = np.array([[np.linalg.eigvalsh(C)[0] <= EPS * np.trace(C)] for C in S])
    if bad.any():
        k = int(bad.any(axis=1).argmax())
        raise SingularCovariance(k if names is None else names[k])
    return L


def precisions(S):
    """Inverse and log determinant of each covariance, (K, D, D) or (K, D).

    Examples
    --------
    >>> P, log_det = precisions(np.array([[4.0, 0.25]]))
    >>> P, log_det
    (array([[0.25, 4.  ]]), array([0.]))
    """
    if S.ndim == 2:
        return 1 / S, np.log(S).sum(axis=1)
    L = cholesky(S)
    U = np.linalg.inv(L)  # the factor is inverted, never the covariance
    return U.transpose(0, 2, 1) @ U, 2 * np.log(diagonals(L)).sum(axis=1)


def diagonals(C):
    """The diagonal of each matrix (K, D, D) as a view, or the diagonals (K, D) themselves.

    Examples
    --------
    >>> diagonals(np.array([[[1.0, 2.0], [2.0, 5.0]]]))
    array([[1., 5.]])
    """
    return C if C.ndim == 2 else np.einsum("kdd->kd", C)


def natural_parameters(log_weights, means, covariances, frame):
    r"""eta in one frame, and how far off the frame each component is (:eq:`natural-parameters`).

    With m and S the mean and covariance in the frame and P the inverse of S,

    .. math::

        \eta = \Bigl(\log \pi + \log |A| - \tfrac12 \bigl(D \log 2\pi + \log |S| + m^\top P m\bigr),
        \; P m, \; -\tfrac12 P \Bigr).

    The terms of :math:`\eta^\top T` are as large as :math:`(m^2 + S) P`, so
    their sum is wrong by that times the rounding unit.  It is returned beside eta.

    Examples
    --------
    >>> here = Frame.scaled(np.zeros(1), np.ones(1), diagonal=True)
    >>> eta, off = natural_parameters(np.zeros(1), np.array([[2.0]]), np.array([[1.0]]), here)
    >>> eta.round(4)
    array([[-2.9189,  2.    , -0.5   ]])
    """
    m = frame.points(means.T).T  # (K, D)
    S = congruence(frame.A, covariances)
    P, log_det = precisions(S)
    P_m = P * m if P.ndim == 2 else (P @ m[:, :, None])[:, :, 0]
    energy = m.shape[1] * np.log(2 * np.pi) + log_det + (m * P_m).sum(axis=1)
    constant = log_weights + frame.log_det - energy / 2
    off = ((m * m + diagonals(S)) * diagonals(P)).max(axis=1)
    return np.concatenate([constant[:, None], P_m, _pack(P)], axis=1), off


def _pack(P):
    """-P/2 in the order of the features."""
    if P.ndim == 2:
        return P * -0.5
    i, j, times = pairs(P.shape[-1])
    return P[:, i, j] * (times * -0.5)


def _unpack(s, D):
    """The symmetric matrices (K, D, D) of a packed upper triangle, or diagonals as they are."""
    if s.shape[1] == D and D > 1:
        return s
    i, j, _ = pairs(D)
    C = np.empty((len(s), D, D))
    C[:, i, j] = C[:, j, i] = s
    return C


class Group(NamedTuple):
    """Consecutive components that share a frame.

    Examples
    --------
    >>> groups = components(np.ones(1), np.zeros((1, 2)), np.ones((1, 2)), np.dtype(float))
    >>> len(groups), groups[0].k, groups[0].eta.shape
    (1, slice(0, 1, None), (1, 5))
    """

    frame: Frame
    k: slice
    eta: np.ndarray  # (number of components, F)


def components(weights, means, covariances, dtype, frame=None):
    """The groups of a mixture (:eq:`exponential-family`): one, unless a component is far off.

    That frame is the whole mixture's, or the one given as long as it serves.

    Examples
    --------
    >>> means, variances = np.array([[0.0], [1.0], [1.001]]), np.array([[1.0], [1.0], [1e-12]])
    >>> groups = components(np.full(3, 1 / 3), means, variances, np.dtype(float))
    >>> [group.k for group in groups]  # the last component is small, and has its own frame
    [slice(0, 2, None), slice(2, 3, None)]
    """
    check_resolved(means, covariances, dtype)
    with np.errstate(divide="ignore"):
        log_weights = np.log(weights)
    shared = frame or Frame.of(*mixture_moments(weights / weights.sum(), means, covariances))
    eta, off = natural_parameters(log_weights, means, covariances, shared)
    if off.max() <= RESOLUTION[dtype]:
        return [Group(shared, slice(0, len(eta)), eta.astype(dtype))]
    if frame is not None:
        return components(weights, means, covariances, dtype)
    frames = [shared] * len(eta)
    for k in np.flatnonzero(off > RESOLUTION[dtype]):
        frames[k] = Frame.of(means[k], covariances[k], name=k)
        one = slice(k, k + 1)
        eta[one], _ = natural_parameters(log_weights[one], means[one], covariances[one], frames[k])
    return grouped(frames, eta.astype(dtype))


def check_resolved(means, covariances, dtype):
    """A deviation below the rounding of the data itself is none: the points are all equal.

    Examples
    --------
    >>> check_resolved(np.array([[1e9]]), np.array([[1e-18]]), np.dtype(float))
    Traceback (most recent call last):
    numpy_ml_gmm.statistics.SingularCovariance: the covariance of component 0 is singular
    """
    equal = diagonals(covariances) <= (ROUNDING[dtype] * means) ** 2
    if equal.any():
        raise SingularCovariance(int(equal.any(axis=1).argmax()))


def is_resolved(means, covariances, dtype):
    """Whether numbers of that type tell the points of each component apart.

    Examples
    --------
    >>> here = np.array([[1e6]]), np.array([[1e-4]])
    >>> [is_resolved(*here, dtype) for dtype in (np.float64, np.float32)]
    [True, False]
    """
    limits, scale = np.finfo(dtype), np.sqrt(diagonals(covariances))
    fine = (scale > limits.eps * np.abs(means)) & (scale > np.sqrt(limits.tiny))
    return bool(fine.all() and scale.max() < np.sqrt(limits.max))


def grouped(frames, eta):
    """Runs of components with one frame.

    Examples
    --------
    >>> one, two = (Frame.of(np.zeros(1), np.ones(1)) for _ in range(2))
    >>> [group.k for group in grouped([one, one, two], np.zeros((3, 3)))]
    [slice(0, 2, None), slice(2, 3, None)]
    """
    groups = []
    for _, run in groupby(range(len(frames)), key=lambda k: id(frames[k])):
        run = list(run)
        k = slice(run[0], run[-1] + 1)
        groups.append(Group(frames[run[0]], k, eta[k]))
    return groups


def mixture_moments(weights, means, covariances):
    """Mean and covariance of the whole mixture.

    Examples
    --------
    >>> mixture_moments(np.array([0.5, 0.5]), np.array([[0.0], [4.0]]), np.array([[1.0], [1.0]]))
    (array([2.]), array([5.]))
    """
    mean = weights @ means
    delta = means - mean
    if covariances.ndim == 2:
        return mean, weights @ (covariances + delta * delta)
    D = len(mean)
    within = (weights @ covariances.reshape(-1, D * D)).reshape(D, D)
    return mean, within + (weights[:, None] * delta).T @ delta


class Statistics(NamedTuple):
    """Expected statistics :math:`s_k`, and the log-likelihood of the E step that made them.

    Examples
    --------
    >>> from numpy_ml_gmm.blocks import Rows
    >>> groups = components(np.ones(1), np.zeros((1, 1)), np.ones((1, 1)), np.dtype(float))
    >>> expected_statistics(Rows(np.array([[1.0], [3.0]])), groups).sums  # N, sum x, sum x^2
    array([[ 2.,  4., 10.]])
    """

    sums: np.ndarray  # (K, F)
    groups: list
    log_likelihood: float  # of several mixtures side by side: (M,)

    @property
    def counts(self):
        """N_k, the expected number of points in each component (K,).

        Examples
        --------
        >>> from numpy_ml_gmm.blocks import Rows
        >>> r = np.array([[1.0, 0.0], [0.5, 0.5]])
        >>> statistics_of(Rows(np.array([[1.0], [3.0]])), r, diagonal=True).counts
        array([1.5, 0.5])
        """
        return self.sums[:, 0]

    @property
    def dtype(self):
        """Of the data, and so of the results.

        Examples
        --------
        >>> from numpy_ml_gmm.blocks import Rows
        >>> rows = Rows(np.array([[1.0], [3.0]], dtype=np.float32))
        >>> statistics_of(rows, np.ones((2, 1)), diagonal=True).dtype
        dtype('float32')
        """
        return self.groups[0].eta.dtype

    def moments(self):
        """Counts (K,), means (K, D) and scatter matrices (K, D, D), or (K, D) if diagonal.

        Examples
        --------
        >>> from numpy_ml_gmm.blocks import Rows
        >>> statistics_of(Rows(np.array([[1.0], [3.0]])), np.ones((2, 1)), diagonal=True).moments()
        (array([2.]), array([[2.]]), array([[2.]]))
        """
        parts = [_group_moments(frame, self.sums[k]) for frame, k, _ in self.groups]
        if len(parts) == 1:
            return parts[0]
        return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def _group_moments(frame, s):
    D = len(frame.c)
    N = s[:, 0]
    m = s[:, 1 : D + 1] / np.maximum(N, TINY)[:, None]  # 0 without any points
    if frame.A.ndim == 1:
        W = s[:, D + 1 :] - N[:, None] * m * m
        return N, frame.c + frame.A_inv * m, congruence(frame.A_inv, W)
    W = _unpack(s[:, D + 1 :], D) - (N[:, None] * m)[:, :, None] * m[:, None, :]
    return N, frame.c + m @ frame.A_inv.T, congruence(frame.A_inv, W)


def total_variance(N, means, W):
    """Variance of each feature over all points, (D,): within and between components.

    Examples
    --------
    >>> total_variance(np.array([1.0, 1.0]), np.array([[0.0], [4.0]]), np.array([[0.0], [0.0]]))
    array([4.])
    """
    total = N.sum()
    delta = means - N @ means / total
    return (diagonals(W).sum(axis=0) + N @ (delta * delta)) / total


class Workspace:
    """One thread's buffers, so that no block allocates.

    Examples
    --------
    >>> from numpy_ml_gmm.blocks import Rows
    >>> groups = components(np.ones(1), np.zeros((1, 1)), np.ones((1, 1)), np.dtype(float))
    >>> rows = Rows(np.array([[0.0], [1.0]]))
    >>> Workspace(rows, groups, (1,)).log_joint(rows.block(slice(0, 2))).round(4)
    array([[-0.9189, -1.4189]])
    """

    def __init__(self, rows, groups, shape):
        self.groups = groups
        self.shape = shape
        self.diagonal = groups[0].frame.A.ndim == 1
        K, F, size = work_shape(rows, groups)
        wide, dtype = is_wide(rows, self.diagonal), rows.X.dtype
        self.order = "F" if wide else "C"
        self.sparse = None if wide and len(groups) == len(shape) == 1 else False
        self.T = np.empty((F, size), dtype, self.order)
        self.joint = np.empty((K, size), dtype)
        self.product = np.empty((K, F), dtype)
        self.held = None, None

    def features(self, frame, x):
        """T of a block in a frame; the last one is held.

        A point beyond the horizon, some 10^102 standard deviations away (in single precision
        10^12), counts as one upon it.

        Examples
        --------
        >>> from numpy_ml_gmm.blocks import Rows
        >>> groups = components(np.ones(1), np.zeros((1, 1)), np.ones((1, 1)), np.dtype(float))
        >>> work = Workspace(Rows(np.array([[2.0], [3.0]])), groups, (1,))
        >>> work.features(groups[0].frame, np.array([[2.0, 3.0]]))
        array([[1., 1.], [2., 3.], [4., 9.]])
        """
        T = self.T[:, : x.shape[1]]
        if self.held[0] is not frame or self.held[1] is not x:
            y, far = frame.points(x), HORIZON[x.dtype]
            features(y.clip(-far, far, out=y), T, self.diagonal)
            self.held = frame, x
        return T

    def log_joint(self, block):
        """eta^T T + log prior, (K, B), or (M, K, B) for M mixtures side by side.

        Examples
        --------
        >>> from numpy_ml_gmm.blocks import Rows
        >>> groups = components(np.ones(1), np.zeros((1, 1)), np.ones((1, 1)), np.dtype(float))
        >>> rows = Rows(np.array([[0.0]]), priors=np.array([[1.0]]))
        >>> Workspace(rows, groups, (1,)).log_joint(rows.block(slice(0, 1))).round(4)
        array([[-0.9189]])
        """
        joint = self.joint[:, : block.x.shape[1]]
        # The padding of BLAS multiplies log 0 by 0; points beyond the horizon come back to it.
        with np.errstate(invalid="ignore", over="ignore"):
            for frame, k, eta in self.groups:
                np.matmul(eta, self.features(frame, block.x), out=joint[k])
        joint = joint.reshape(*self.shape, -1)
        if block.log_priors is not None:
            joint += block.log_priors
        return joint

    def responsibilities(self, block):
        """Weighted responsibilities and log p(x) of a block (:eq:`posterior`).

        Far-apart clusters with many features leave each point one or two components that
        count.  The sum over the others is not worth its time.  The first block decides whether
        responsibilities are an array or a sparse one.

        Examples
        --------
        >>> from numpy_ml_gmm.blocks import Rows
        >>> groups = components(np.ones(1), np.zeros((1, 1)), np.ones((1, 1)), np.dtype(float))
        >>> rows = Rows(np.array([[0.0]]))
        >>> r, log_p = Workspace(rows, groups, (1,)).responsibilities(rows.block(slice(0, 1)))
        >>> r, log_p.round(4)
        (array([[1.]]), array([-0.9189]))
        """
        joint = self.log_joint(block)
        if self.sparse is None:
            self.sparse = bool((joint > joint.max(axis=0) - NEGLIGIBLE).mean() < FEW)
        if self.sparse:
            return sparse_softmax(joint, block.weights)
        return joint, softmax(joint, block.weights)

    def add_statistics(self, r, block, sums):
        """sums += r T^T (:eq:`expected-statistics`).  Backwards: first the features at hand.

        Examples
        --------
        >>> from numpy_ml_gmm.blocks import Rows
        >>> groups = components(np.ones(1), np.zeros((1, 1)), np.ones((1, 1)), np.dtype(float))
        >>> rows, sums = Rows(np.array([[2.0], [3.0]])), np.zeros((1, 3))
        >>> work, block = Workspace(rows, groups, (1,)), rows.block(slice(0, 2))
        >>> work.add_statistics(np.ones((1, 2)), block, sums)
        >>> sums
        array([[ 2.,  5., 13.]])
        """
        if self.sparse:
            sums += r @ self.features(self.groups[0].frame, block.x).T
            return
        r = r.reshape(len(sums), -1)
        for frame, k, _ in reversed(self.groups):
            T = self.features(frame, block.x)
            sums[k] += np.matmul(r[k], T.T, out=self.product[k])


def is_wide(rows, diagonal):
    """Whether features lie in memory point by point, so that long rows are added up.

    Examples
    --------
    >>> from numpy_ml_gmm.blocks import Rows
    >>> [is_wide(Rows(np.zeros((9, D))), diagonal=True) for D in (2, 128)]
    [False, True]
    """
    return diagonal and rows.X.shape[1] >= WIDE


def work_shape(rows, groups):
    """(K, F, B): components, features, and rows in a block.

    Examples
    --------
    >>> from numpy_ml_gmm.blocks import Rows
    >>> groups = components(np.ones(1), np.zeros((1, 2)), np.ones((1, 2)), np.dtype(float))
    >>> work_shape(Rows(np.zeros((9, 2))), groups)
    (1, 5, 16)
    """
    D, diagonal = rows.X.shape[1], groups[0].frame.A.ndim == 1
    K, F = groups[-1].k.stop, n_features(D, diagonal)
    return K, F, block_size(K + F, len(rows.X))


def softmax(joint, weights):
    """Turn the log joint (..., K, B) into weighted responsibilities, in place; return log p(x).

    The exponent has a floor.  What is cut off is below rounding, and denormal
    numbers would be slow.

    Examples
    --------
    >>> joint = np.log(np.array([[0.1], [0.3]]))
    >>> np.exp(softmax(joint, None)).round(6), joint.round(6).ravel()
    (array([0.4]), array([0.25, 0.75]))
    """
    top = joint.max(axis=-2, keepdims=True)
    joint -= top
    np.maximum(joint, FLOOR[joint.dtype], out=joint)
    np.exp(joint, out=joint)
    total = joint.sum(axis=-2, keepdims=True)
    joint *= (1 if weights is None else weights) / total
    return (np.log(total) + top)[..., 0, :]


def sparse_softmax(joint, weights):
    """:func:`softmax` of (K, B) without what is negligible: a sparse array, and log p(x).

    Examples
    --------
    >>> joint = np.log(np.array([[0.1, 1e-99], [0.3, 1.0]]))
    >>> r, log_p = sparse_softmax(joint, None)
    >>> r.nnz, r.toarray().round(6), np.exp(log_p).round(6)
    (3, array([[0.25, 0.  ],
           [0.75, 1.  ]]), array([0.4, 1. ]))
    """
    K, B = joint.shape
    top = joint.max(axis=0)
    kept = np.flatnonzero(joint > top - NEGLIGIBLE)  # row by row
    k, n = kept // B, kept % B
    r = np.exp(joint[k, n] - top[n])
    total = np.bincount(n, r, minlength=B).astype(joint.dtype, copy=False)
    r *= ((1 if weights is None else weights) / total)[n]
    return csr_array((r, n, k.searchsorted(np.arange(K + 1))), shape=(K, B)), np.log(total) + top


def expected_statistics(rows, groups, shape=None):
    """The E step: expected statistics and log-likelihood of all rows (:eq:`blocks`).

    ``shape`` is (M, K) if the components belong to M mixtures side by side.

    Examples
    --------
    >>> from numpy_ml_gmm.blocks import Rows
    >>> groups = components(np.ones(1), np.zeros((1, 1)), np.ones((1, 1)), np.dtype(float))
    >>> round(expected_statistics(Rows(np.array([[0.0], [0.0]])), groups).log_likelihood, 4)
    -1.8379
    """
    K, F, size = work_shape(rows, groups)
    shape = shape or (K,)
    sums, log_likelihood = np.zeros((K, F)), np.zeros(shape[:-1])
    chunk = functools.partial(_chunk_statistics, rows, groups, shape)
    for part, log_p in map_chunks(chunk, len(rows.X), size, rows.n_jobs):
        sums += part
        log_likelihood = log_likelihood + log_p
    return Statistics(sums, groups, log_likelihood if shape[1:] else float(log_likelihood))


def _chunk_statistics(rows, groups, shape, blocks):
    work = Workspace(rows, groups, shape)
    sums, log_likelihood = np.zeros(work.product.shape), 0.0
    for some in blocks:
        block = rows.block(some, work.order)
        r, log_p = work.responsibilities(block)
        log_p = log_p.astype(np.float64, copy=False)
        log_likelihood += log_p.sum(axis=-1) if block.weights is None else log_p @ block.weights
        work.add_statistics(r, block, sums)
    return sums, log_likelihood


def map_log_joint(function, rows, groups):
    """``function`` of the log joint (K, B) of each block, joined along the rows.

    Examples
    --------
    >>> from numpy_ml_gmm.blocks import Rows
    >>> groups = components(np.ones(1), np.zeros((1, 1)), np.ones((1, 1)), np.dtype(float))
    >>> rows = Rows(np.array([[0.0], [1.0]]))
    >>> map_log_joint(lambda joint: joint.T.copy(), rows, groups).round(4)
    array([[-0.9189], [-1.4189]])
    """
    K, _, size = work_shape(rows, groups)

    def chunk(blocks):
        work = Workspace(rows, groups, (K,))
        return [function(work.log_joint(rows.block(some, work.order))) for some in blocks]

    parts = map_chunks(chunk, len(rows.X), size, rows.n_jobs)
    return np.concatenate([part for chunk_parts in parts for part in chunk_parts])


def statistics_of(rows, r, diagonal):
    """Statistics for given responsibilities (N, K).

    Components without parameters (eta = 0) tell points apart by their priors
    alone, so this is an E step with r as the priors.  It is repeated about the
    means that it found, where the first reference point was too far off.

    Examples
    --------
    >>> from numpy_ml_gmm.blocks import Rows
    >>> r = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> statistics_of(Rows(np.array([[1.0], [3.0]])), r, diagonal=True).moments()[1]
    array([[1.], [3.]])
    """
    rows = rows._replace(priors=r)
    K, D = r.shape[1], rows.X.shape[1]
    eta = np.zeros((K, n_features(D, diagonal)), rows.X.dtype)
    c, scale = rough_location(rows.X)
    frames = [Frame.scaled(c, scale, diagonal)] * K
    for _ in range(3):
        statistics = expected_statistics(rows, grouped(frames, eta))
        off = far_off(statistics, frames)
        for k in off:
            frames[k] = Frame.scaled(statistics.moments()[1][k], scale, diagonal)
        if len(off) == 0:
            break
    return statistics


def one_component(rows, diagonal):
    """Statistics of all rows as a single component.

    Examples
    --------
    >>> from numpy_ml_gmm.blocks import Rows
    >>> N, mean, W = one_component(Rows(np.array([[1.0], [3.0]])), diagonal=True).moments()
    >>> N, mean, W
    (array([2.]), array([[2.]]), array([[2.]]))
    """
    whole = np.broadcast_to(1.0, (len(rows.X), 1))  # no memory: X may be larger than that
    return statistics_of(rows, whole, diagonal)


def rough_location(X, n=1000):
    """The first row, and how far some others are from it.

    Examples
    --------
    >>> rough_location(np.array([[5.0, 1.0], [7.0, 1.0]]))
    (array([5., 1.]), array([2., 1.]))
    """
    c = X[0].astype(np.float64)
    spread = np.abs(X[:: max(1, len(X) // n)] - c).max(axis=0)
    return c, np.where(spread > 0, spread, 1.0)


def far_off(statistics, frames):
    """Components whose variance drowns in their squared distance to the reference point.

    Examples
    --------
    >>> from numpy_ml_gmm.blocks import Rows
    >>> statistics = statistics_of(Rows(np.array([[1.0], [3.0]])), np.ones((2, 1)), diagonal=True)
    >>> frame = Frame.scaled(np.array([1e9]), np.ones(1), diagonal=True)
    >>> far_off(statistics, [frame])
    array([0])
    """
    N, means, W = statistics.moments()
    delta = means - [frame.c for frame in frames]
    far = N[:, None] * delta**2 > RESOLUTION[statistics.dtype] * diagonals(W)
    return np.flatnonzero(far.any(axis=1))
