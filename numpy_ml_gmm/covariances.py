r"""Covariance models: from scatter matrices to covariances.

The M step of every Gaussian mixture ends in the same numbers, one count and
one scatter matrix per component,

.. math::

    N_k = \sum_n r_{nk}, \qquad
    W_k = \sum_n r_{nk} (x_n - \mu_k)(x_n - \mu_k)^\top .

A covariance model says which matrices :math:`\Sigma_k` are allowed.  Its
M step is the allowed choice that minimises (:eq:`covariance-objective`)

.. math::

    \sum_k N_k \log |\Sigma_k| + \operatorname{tr}(\Sigma_k^{-1} W_k) ,

which is :math:`-2 Q` up to a constant.  This module is the one place where
models are told apart.

A covariance has a volume, a shape and an orientation (:eq:`volume-shape-orientation`),

.. math::

    \Sigma_k = \lambda_k D_k A_k D_k^\top , \qquad
    \lambda_k = |\Sigma_k|^{1/D}, \quad |A_k| = 1, \quad D_k^\top D_k = I ,

with :math:`A_k` diagonal.  Three letters say whether each of them is Equal in
all components, Varies, or is the Identity.  There are two spheres; otherwise
volume and shape follow one of four rules, in one of three kinds of axes:
:math:`14 = 2 + 4 \times 3`.

======= ================ ===================================== ======================
letters name             :math:`\Sigma_k`                      free parameters
======= ================ ===================================== ======================
``EII`` tied_spherical   :math:`\lambda I`                     1
``VII`` spherical        :math:`\lambda_k I`                   K
``EEI`` tied_diag        :math:`\lambda A`                     D
``VEI``                  :math:`\lambda_k A` (iterated)        K + (D - 1)
``EVI``                  :math:`\lambda A_k`                   1 + K (D - 1)
``VVI`` diag             :math:`\lambda_k A_k`                 K D
``EEE`` tied             :math:`\lambda D A D'`                D + R
``VEE``                  :math:`\lambda_k D A D'` (iterated)   K + (D - 1) + R
``EVE``                  :math:`\lambda D A_k D'` (iterated)   1 + K (D - 1) + R
``VVE``                  :math:`\lambda_k D A_k D'` (iterated) K D + R
``EEV``                  :math:`\lambda D_k A D_k'`            D + K R
``VEV``                  :math:`\lambda_k D_k A D_k'` (it.)    K + (D - 1) + K R
``EVV``                  :math:`\lambda D_k A_k D_k'`          1 + K (D - 1) + K R
``VVV`` full             :math:`\lambda_k D_k A_k D_k'`        K D + K R
======= ================ ===================================== ======================

Here R = D (D - 1) / 2, the number of angles of a rotation.

========== ================== ==================================================
symbol     shape              meaning
========== ================== ==================================================
``W``      (..., K, D, D)     scatter matrices; their diagonals (..., K, D) if
                              the model is diagonal
``N``      (..., K)           counts, the expected number of points in each
``K, D``                      number of components, number of features
``u``      (..., K)           log volumes, up to a common constant
``Q``      (..., D, D)        an orientation: the columns are the axes
========== ================== ==================================================

Axes before K, if there are any, number mixtures that are solved side by side.  A
mixture with fewer components than its neighbours has spare ones with N_k = 0 and
W_k = 0; they take no part.

Sources: Banfield & Raftery (1993), *Model-based Gaussian and non-Gaussian
clustering*, Biometrics 49(3), for the models; Celeux & Govaert (1995),
*Gaussian parsimonious clustering models*, Pattern Recognition 28(5),
https://doi.org/10.1016/0031-3203(94)00125-6, for their M steps; Browne &
McNicholas (2014), *Estimating common principal components in high dimensions*,
Advances in Data Analysis and Classification 8(2), for EVE and VVE.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np

MAX_STEPS = 500  # of an inner iteration; Newton's method needs about ten, pair by pair up to 500
TO_COMPARE = 30  # steps from each start, before the best goes on
FEW_FEATURES = 10  # up to which the angles of all pairs of axes are solved for together
# The last Newton step of size h leaves an error of h^2, and of h^4 in the objective; pair by
# pair it is about h, and h^2.  Between two steps of EM, which come back to it, that is enough
# sooner.
LAST_STEP, LAST_STEP_BETWEEN = 1e-5, 1e-3


class CovarianceModel(NamedTuple):
    """What the rest of the package needs to know of a covariance model.

    Examples
    --------
    >>> MODELS["VEV"].n_parameters(K=3, D=2), MODELS["VEV"].diagonal
    (7, False)
    """

    letters: str  # volume, shape, orientation
    rule: Callable  # (W, N) -> covariances, one for each component or one for all

    @property
    def diagonal(self):
        """True if W and the covariances are diagonals only.

        Examples
        --------
        >>> MODELS["VVI"].diagonal, MODELS["VVV"].diagonal
        (True, False)
        """
        return self.letters[2] == "I"

    @property
    def iterated(self):
        """True if the rule is a search, which may start from covariances that are at hand.

        Examples
        --------
        >>> MODELS["VEV"].iterated, MODELS["VVV"].iterated
        (True, False)
        """
        return self.letters in ("VEI", "VEE", "EVE", "VVE", "VEV")

    def shape(self, K, D):
        """The shape of the covariances that the user sees.

        Examples
        --------
        >>> [MODELS[letters].shape(3, 2) for letters in ("VVV", "EEE", "VVI", "VII", "EII")]
        [(3, 2, 2), (2, 2), (3, 2), (3,), ()]
        """
        each = () if self.letters[1] == "I" else (D,) if self.diagonal else (D, D)
        return (K, *each) if "V" in self.letters else each

    def n_parameters(self, K, D):
        """Number of free parameters: of volume, shape and orientation.

        Examples
        --------
        >>> [MODELS[letters].n_parameters(K=3, D=2) for letters in ("EII", "VVI", "EEE", "VVV")]
        [1, 6, 3, 9]
        """
        sizes = 1, D - 1, D * (D - 1) // 2
        times = {"I": 0, "E": 1, "V": K}
        return sum(times[letter] * size for letter, size in zip(self.letters, sizes, strict=True))

    def expand(self, covariances, K, D):
        """Every component's own covariance: (K, D, D), or (K, D) if diagonal.

        Examples
        --------
        >>> MODELS["VII"].expand([1.0, 4.0], K=2, D=2)
        array([[1., 1.], [4., 4.]])
        """
        covariances = np.asarray(covariances)
        if self.letters == "VII":
            covariances = covariances[:, None]
        return np.broadcast_to(covariances, (K, D) if self.diagonal else (K, D, D))

    def estimate(self, W, N, last=None):
        """The covariances of one mixture that minimise :eq:`covariance-objective`.

        Parameters
        ----------
        W : array (K, D, D), or (K, D) if diagonal
        N : array (K,)
        last : array (K, D, D), optional
            Where to start an iterated rule.  Only EVE and VVE may end elsewhere for it,
            never at a worse place: their objective has several minima.

        Raises
        ------
        ValueError
            If no covariances do, because a scatter matrix is singular.  The models
            that never divide by a volume return a singular covariance instead.

        Examples
        --------
        >>> W = np.array([[[4.0, 0.0], [0.0, 8.0]]])
        >>> MODELS["VVV"].estimate(W, np.array([4.0]))
        array([[[1., 0.], [0., 2.]]])
        """
        covariances = self.minimise(W, N, last)
        if not np.isfinite(covariances).all():
            self._report(covariances, N)
        return covariances if "V" in self.letters else covariances[0]

    def minimise(self, W, N, last=None):
        """:meth:`estimate` for mixtures side by side; nan where there is no minimum.

        Returns
        -------
        ndarray (..., K, D, D), or 1 in place of K where all components share it
            (..., K, D) for diagonals, (..., K) for spheres.

        Examples
        --------
        >>> W = np.array([[4.0, 8.0], [4.0, 4.0]])
        >>> MODELS["VVI"].minimise(W, np.array([2.0, 4.0]))
        array([[2., 4.], [1., 1.]])
        """
        start = (last,) if self.iterated else ()
        try:
            with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
                return self.rule(W, N, *start)
        except np.linalg.LinAlgError:
            return self._one_by_one(W, N, last)

    def _one_by_one(self, W, N, last):
        """Find out which of some mixtures has no minimum."""
        if N.ndim == 1:
            return np.full(W.shape, np.nan)
        lasts = [None] * len(N) if last is None else last
        each = [self.minimise(*mixture) for mixture in zip(W, N, lasts, strict=True)]
        return np.stack(np.broadcast_arrays(*each))

    def _report(self, covariances, N):
        finite = np.isfinite(covariances.reshape(len(covariances), -1)).all(axis=1)
        bad = np.flatnonzero(~np.broadcast_to(finite, N.shape))
        raise ValueError(
            f"{self.letters}: component {', '.join(map(str, bad))} has collapsed: the scatter "
            f"is singular ({N[bad].sum():.1f} points). Lower n_components, raise "
            f"var_smoothing, or choose a simpler covariance_type"
        )


# --- the two spheres ------------------------------------------------------------------


def tied_sphere(W, N):
    r"""EII: :math:`\lambda = \sum_k \operatorname{tr} W_k \big/ (D \sum_k N_k)`.

    Examples
    --------
    >>> tied_sphere(np.array([[4.0, 8.0], [4.0, 8.0]]), np.array([2.0, 4.0]))
    array([2.])
    """
    return W.mean(axis=-1).sum(axis=-1, keepdims=True) / N.sum(axis=-1, keepdims=True)


def sphere(W, N):
    r"""VII: :math:`\lambda_k = \operatorname{tr} W_k / (D N_k)`.

    Examples
    --------
    >>> sphere(np.array([[4.0, 8.0], [4.0, 8.0]]), np.array([2.0, 4.0]))
    array([3. , 1.5])
    """
    return W.mean(axis=-1) / N


# --- the four rules of volume and shape, for diagonals and matrices ------------------------


def equal(W, N):
    r"""EEI, EEE: :math:`\Sigma = \sum_k W_k \big/ \sum_k N_k`.

    Examples
    --------
    >>> equal(np.array([[4.0, 8.0], [4.0, 4.0]]), np.array([2.0, 2.0]))
    array([[2., 3.]])
    """
    return _sum(W, N) / _each(_sum(N, N), W)


def varying(W, N):
    r"""VVI, VVV: :math:`\Sigma_k = W_k / N_k`.

    Examples
    --------
    >>> varying(np.array([[4.0, 8.0], [4.0, 4.0]]), np.array([2.0, 4.0]))
    array([[2., 4.], [1., 1.]])
    """
    return W / _each(N, W)


def equal_volume(W, N):
    r"""EVI, EVV: shapes are free, and the volume is pooled.

    .. math::

        \Sigma_k = \lambda \frac{W_k}{|W_k|^{1/D}}, \qquad
        \lambda = \sum_k |W_k|^{1/D} \Big/ \sum_k N_k .

    Examples
    --------
    >>> Sigma = equal_volume(np.array([[1.0, 4.0], [9.0, 4.0]]), np.array([2.0, 2.0]))
    >>> Sigma.prod(axis=1).round(6)
    array([4., 4.])
    """
    log_volume = _log_det(W, N) / W.shape[-1]  # (..., K)
    log_lambda = np.logaddexp.reduce(log_volume, axis=-1, keepdims=True) - np.log(_sum(N, N))
    return W * _each(np.exp(log_lambda - log_volume), W)


def equal_shape(W, N, last=None):
    r"""VEI, VEE: volumes are free, with :math:`u_k = \log \lambda_k`; C is pooled.

    .. math::

        \Sigma_k = e^{u_k} C, \qquad C = \sum_k e^{-u_k} W_k \Big/ \sum_k N_k .

    Celeux & Govaert alternate: the best C for these volumes, then the best
    volumes for this C, :math:`\operatorname{tr}(W_k C^{-1}) / (D N_k)`.  With the
    best C put in, the objective is a convex function of the volumes, so its
    minimum is the only one:

    .. math::

        f(u) = D \sum_k N_k u_k + \sum_k N_k \, \log \Bigl| \sum_k e^{-u_k} W_k \Bigr| .

    Each step is Newton's, or an alternation if Newton's does not lower f.

    Examples
    --------
    >>> Sigma = equal_shape(np.array([[2.0, 8.0], [9.0, 36.0]]), np.array([2.0, 2.0]))
    >>> (Sigma[:, 1] / Sigma[:, 0]).round(6)
    array([4., 4.])
    """
    D, spare = W.shape[-1], N == 0
    flat = ~W.any(axis=tuple(range(N.ndim, W.ndim))) & ~spare  # no scatter at all: no shape
    W = np.where(_each(flat, W), _sum(W, N), W)
    target = D * N / _sum(N, N)  # (..., K) what each component must hold of the pool's trace D
    if last is None:
        u = np.log(np.where(spare, 1, _variances(W, N).sum(axis=-1) / (D * N)))  # (..., K)
    else:
        u = np.linalg.slogdet(last)[1] / D if last.ndim > N.ndim + 1 else np.log(last).mean(axis=-1)
    enough = LAST_STEP if last is None else LAST_STEP_BETWEEN
    f, overlap = _pool(u, W, target)
    for _ in range(MAX_STEPS):
        found = overlap.sum(axis=-1)  # (..., K)
        # f does not see a factor common to all volumes: 1 / K makes its Hessian regular.
        hessian = _diagonal_matrix(found + spare) - overlap + 1 / N.shape[-1]
        step = np.linalg.solve(hessian, (found - target)[..., None])[..., 0]
        size = np.abs(step).max(axis=-1, keepdims=True)
        newton = u + step / np.maximum(1, size / 2)
        if (size < enough).all():
            break
        f_newton, overlap_newton = _pool(newton, W, target)
        lower = f_newton <= f + 1e-14 * np.abs(f)  # (...,)
        if lower.all():
            u, f, overlap = newton, f_newton, overlap_newton
        else:
            alternation = u + np.log(np.where(spare, 1, found / target))
            u = np.where(lower[..., None], newton, alternation)
            f, overlap = _pool(u, W, target)
    nowhere = flat | ~(size < enough)  # or a direction belongs to some components alone
    scale = np.where(nowhere, np.nan, np.exp(newton))
    return _each(scale, W) * equal(W * _each(np.exp(-newton), W), N)


def _pool(u, W, target):
    r""":math:`f(u) / N` of :func:`equal_shape`, and the :math:`\operatorname{tr}(P_j P_k)`.

    :math:`P_k` is :math:`e^{-u_k} W_k` in coordinates in which the sum of all is I.
    """
    S = W * _each(np.exp(-u), W)
    pool = _sum(S, u)
    if S.ndim == u.ndim + 1:
        P, log_det = S / pool, np.log(pool).sum(axis=-1)
    else:
        L = np.linalg.cholesky(pool)  # (..., 1, D, D)
        A = np.linalg.inv(L)  # the factor is inverted, never the pool
        P = A @ S @ np.swapaxes(A, -1, -2)
        log_det = 2 * np.log(np.diagonal(L, axis1=-2, axis2=-1)).sum(axis=-1)
    P = P.reshape(*u.shape, -1)
    return (target * u).sum(axis=-1) + log_det[..., 0], P @ np.swapaxes(P, -1, -2)


# --- the rules in each component's own axes -----------------------------------------------


def own_axes(W, N, *last, rule):
    r"""EEV, VEV: a rule on the eigenvalues of each scatter, in its eigenvectors.

    .. math::

        W_k = Q_k \Omega_k Q_k^\top, \qquad
        \Sigma_k = Q_k \, \mathrm{rule}(\Omega)_k \, Q_k^\top .

    Eigenvalues are paired in order: the trace in the objective is least when
    long axes lie along long axes.

    Examples
    --------
    >>> W = np.array([[[5.0, 3.0], [3.0, 5.0]], [[5.0, -3.0], [-3.0, 5.0]]])
    >>> np.linalg.eigvalsh(own_axes(W, np.array([2.0, 2.0]), rule=equal)).round(6)
    array([[1., 4.], [1., 4.]])
    """
    Omega, Q = np.linalg.eigh(W)  # (..., K, D), (..., K, D, D)
    return _compose(Q, rule(np.maximum(Omega, 0), N, *last))


# --- the rules in common axes -------------------------------------------------------------


def common_axes(W, N, last=None, *, rule):
    r"""EVE, VVE: a rule on the diagonals of :math:`Q^\top W_k Q`, in the best axes Q.

    With the rule put in, the objective is a function of the orientation alone,

    .. math::

        f(Q) = \sum_k N_k \log |\mathrm{rule}(s)_k|, \qquad s_{kd} = (Q^\top W_k Q)_{dd} .

    Browne & McNicholas lower it with a linear majoriser, in hundreds of steps.
    Here a step is Newton's in the angles of Q, halved until f falls.  It costs O(D^6), so
    above ten features each pair of axes turns as if it were alone, all at once, for O(K D^3).

    There can be several minima.  The search starts from the axes of the pooled scatter
    and from those of each component, and goes on from the lowest.  Where covariances are
    given, as between two steps of EM, it starts from their axes: f never rises above its
    value there.

    Examples
    --------
    >>> W = np.array([[[5.0, 3.0], [3.0, 5.0]], [[2.0, 1.0], [1.0, 2.0]]])
    >>> common_axes(W, np.array([1.0, 1.0]), None, rule=varying).round(6)
    array([[[5., 3.], [3., 5.]], [[2., 1.], [1., 2.]]])
    """
    singular = np.isneginf(_log_det(W, N)) & (N > 0)
    W = np.where(_each(singular, W), np.eye(W.shape[-1]), W)
    V, N_each = W[..., None, :, :, :], N[..., None, :]  # an axis for the starts, S of them
    if last is None:
        Q = np.linalg.eigh(np.concatenate([_sum(W, N), W], axis=-3))[1]  # (..., S, D, D)
        Q = _lowest(*_turn_to_minimum(Q, V, N_each, rule, LAST_STEP_BETWEEN, TO_COMPARE))
        enough = LAST_STEP
    else:
        Q, enough = _axes_of(last, N), LAST_STEP_BETWEEN
    Q, _ = _turn_to_minimum(Q[..., None, :, :], V, N_each, rule, enough)  # (..., 1, D, D)
    Sigma = _compose(Q, rule(_variances_along(Q, W), N))
    return np.where(_each(singular, W), np.nan, Sigma)


def _axes_of(Sigma, N):
    """The axes (..., D, D) that some covariances (..., K, D, D) have in common."""
    # The axes of one may be ambiguous; odd weights keep those of a weighted sum apart.
    trace = np.trace(Sigma, axis1=-2, axis2=-1)
    odd = np.sqrt(np.arange(N.shape[-1]) + 2.3) * (N > 0)
    return np.linalg.eigh((_each(odd / trace, Sigma) * Sigma).sum(axis=-3))[1]


def _lowest(Q, f):
    """Of the axes from each start (..., S, D, D), those where f (..., S) is least."""
    best = f.argmin(axis=-1)[..., None, None, None]
    return np.take_along_axis(Q, best, axis=-3)[..., 0, :, :]


def _turn_to_minimum(Q, W, N, rule, enough, most=MAX_STEPS):
    """Newton's steps from each start: where they end (..., S, D, D), and f there."""
    f = _spread(Q, W, N, rule)
    angles = _newton_angles if Q.shape[-1] <= FEW_FEATURES else _pair_angles
    for _ in range(most):
        step = angles(_along(Q, W), N, rule)  # (..., S, R)
        turned = _turn(Q, step)
        f_turned = _spread(turned, W, N, rule)
        while (higher := f_turned > f + 1e-14 * np.abs(f)).any():
            step = np.where(higher[..., None], step / 2, step)
            turned = _turn(Q, step)
            f_turned = _spread(turned, W, N, rule)
        f, Q = f_turned, turned
        if np.abs(step).max(initial=0) < enough:
            break
    return Q, f


def _along(Q, W):
    r""":math:`Q^\top W_k Q` for axes Q (..., D, D) and each W_k (..., K, D, D)."""
    Q = Q[..., None, :, :]
    return np.swapaxes(Q, -1, -2) @ W @ Q


def _variances_along(Q, W):
    """The diagonals of :func:`_along`, (..., K, D), without the rest of it."""
    return (Q * (W @ Q)).sum(axis=-2)


def _spread(Q, W, N, rule):
    r""":math:`f(Q) / N` of :func:`common_axes`, (..., S)."""
    s = _variances_along(Q[..., None, :, :], W)  # (..., S, K, D)
    log_det = np.log(rule(s, N)).sum(axis=-1)
    return np.where(N > 0, N * log_det, 0).sum(axis=-1) / N.sum(axis=-1)


def _newton_angles(V, N, rule):
    r"""Newton's step of :func:`common_axes`, an angle for each pair of axes, (..., R).

    Turning the axes by a skew matrix X changes :math:`V_k = Q^\top W_k Q` so that

    .. math::

        s_d = (V + 2 V X + X^\top V X + V X^2)_{dd} + O(X^3) .

    The chain rule gives the derivatives of f.  Where f curves down, the step goes
    down with it: a saddle point is no place to stop.
    """
    i, j = _pairs_of_axes(V.shape[-1])  # (R,)
    s, p = _shares(V, N, rule)
    T = V / s[..., None, :]  # (..., K, D, D)
    G = 2 * (T[..., i, j] - T[..., j, i])  # (..., K, R) slopes of log |s_k|
    gradient = (p[..., None, :] @ G)[..., 0, :]  # (..., R)
    hessian = _hessian(V, T, p, s, i, j)
    if rule is equal_volume:
        share = np.swapaxes(G, -1, -2) * p[..., None, :]
        hessian += share @ (G - gradient[..., None, :]) / V.shape[-1]
    return _at_most_a_radian(_downhill(hessian, gradient))


def _pair_angles(V, N, rule):
    r"""For each pair of axes the angle by which Newton's method would turn it alone, (..., R).

    Turning axes i and j by an angle x changes the variances along them to

    .. math::

        s_i(x) = s_i \cos^2 x + s_j \sin^2 x - V_{ij} \sin 2x, \qquad
        s_j(x) = s_i + s_j - s_i(x) .

    Again the chain rule gives both derivatives of f, at x = 0.
    """
    i, j = _pairs_of_axes(V.shape[-1])  # (R,)
    s, p = _shares(V, N, rule)
    s_i, s_j, up, p = s[..., i], s[..., j], 2 * V[..., i, j], p[..., None]  # (..., K, R)
    G = up / s_j - up / s_i  # slopes of log |s_k|
    bends = 2 * (s_j / s_i + s_i / s_j - 2) - (up / s_i) ** 2 - (up / s_j) ** 2
    slope, curvature = (p * G).sum(axis=-2), (p * bends).sum(axis=-2)  # (..., R)
    if rule is equal_volume:
        curvature += (p * G * (G - slope[..., None, :])).sum(axis=-2) / V.shape[-1]
    return _at_most_a_radian(-_off_the_level(slope, curvature) / _size(curvature))


def _shares(V, N, rule):
    """The variances s (..., K, D), and how much each log |s_k| counts in f, (..., K)."""
    s = np.diagonal(V, axis1=-2, axis2=-1)
    p = (s / rule(s, N))[..., 0] / _sum(N, N)  # N_k / N, or the share of the volume
    return np.where(N[..., None] > 0, s, 1), np.where(N > 0, p, 0)


def _at_most_a_radian(angles):
    """Angles (..., R), all made smaller alike if one of them is too large."""
    return angles / np.maximum(1, np.abs(angles).max(axis=-1, keepdims=True, initial=0))


def _hessian(V, T, p, s, i, j):
    """Second derivatives of the sum of p_k log |s_k| by the angles of the pairs, (..., R, R)."""
    # B[b, a, c] is the second derivative by X[a, b] and X[c, b].
    C = (_each(p, T) * T).sum(axis=-3)[..., None, :, :]
    B = 2 * np.einsum("...kb,...kac->...bac", p[..., None] / s, V) - (C + np.swapaxes(C, -1, -2))
    B -= 4 * np.einsum("...kab,...kcb->...bac", _each(p, T) * T, T)
    # An angle x of the pair i < j is X[i, j] = x and X[j, i] = -x.
    a, b = i[:, None], j[:, None]
    return (
        (b == j) * B[..., b, a, i]
        - (b == i) * B[..., b, a, j]
        - (a == j) * B[..., a, b, i]
        + (a == i) * B[..., a, b, j]
    )


def _downhill(hessian, gradient):
    """Newton's step, or where the function curves down a step that goes down with it."""
    try:
        np.linalg.cholesky(hessian)
        return -np.linalg.solve(hessian, gradient[..., None])[..., 0]
    except np.linalg.LinAlgError:
        curvature, U = np.linalg.eigh(hessian)
    slope = _off_the_level((gradient[..., None, :] @ U)[..., 0, :], curvature)
    return -(U @ (slope / _size(curvature))[..., None])[..., 0]


def _off_the_level(slope, curvature):
    """Slopes, and some slope where there is hardly any and the function curves down."""
    level = (curvature < -1e-8) & (np.abs(slope) < -0.1 * curvature)
    return np.where(level, np.copysign(0.1 * curvature, slope), slope)


def _size(curvature):
    """How much the slope changes in a radian, up or down; never 0."""
    return np.maximum(np.abs(curvature), 1e-8)


@lru_cache(maxsize=16)
def _pairs_of_axes(D):
    """The pairs i < j that can turn towards each other: R = D (D - 1) / 2 of them."""
    return np.triu_indices(D, 1)


def _turn(Q, angles):
    """Q turned by small angles (..., R), and still orthogonal: Cayley's transform."""
    D = Q.shape[-1]
    i, j = _pairs_of_axes(D)
    X = np.zeros(Q.shape)
    X[..., i, j], X[..., j, i] = angles / 2, -angles / 2
    return Q @ np.linalg.solve(np.eye(D) - X, np.eye(D) + X)


# --- what the rules share -----------------------------------------------------------------


def _sum(W, N):
    """The sum over components, with an axis of length one in their place."""
    return W.sum(axis=N.ndim - 1, keepdims=True)


def _each(a, W):
    """One number for each component, (..., K), in a shape that multiplies W."""
    return a.reshape(a.shape + (1,) * (W.ndim - a.ndim))


def _variances(W, N):
    """The diagonal of each scatter, (..., K, D)."""
    return W if W.ndim == N.ndim + 1 else np.diagonal(W, axis1=-2, axis2=-1)


def _diagonal_matrix(a):
    """Vectors (..., K) as diagonal matrices (..., K, K)."""
    return a[..., None] * np.eye(a.shape[-1])


def _compose(Q, variances):
    r""":math:`Q_k \operatorname{diag}(\sigma^2_k) Q_k^\top`, (..., K, D, D)."""
    return (Q * variances[..., None, :]) @ np.swapaxes(Q, -1, -2)


def _log_det(W, N):
    r""":math:`\log |W_k|`, (..., K); -inf if singular in this precision."""
    if W.ndim == N.ndim + 1:
        return np.log(W).sum(axis=-1)
    variance = _variances(W, N)  # (..., K, D)
    scale = np.sqrt(np.where(variance > 0, variance, 1))
    eigenvalues = np.linalg.eigvalsh(W / scale[..., :, None] / scale[..., None, :])
    regular = eigenvalues > W.shape[-1] * np.finfo(W.dtype).eps
    return np.log(np.where(regular, eigenvalues, 0)).sum(axis=-1) + 2 * np.log(scale).sum(axis=-1)


RULES = {
    "EII": tied_sphere,
    "VII": sphere,
    "EEI": equal,
    "VEI": equal_shape,
    "EVI": equal_volume,
    "VVI": varying,
    "EEE": equal,
    "VEE": equal_shape,
    "EVE": partial(common_axes, rule=equal_volume),
    "VVE": partial(common_axes, rule=varying),
    "EEV": partial(own_axes, rule=equal),
    "VEV": partial(own_axes, rule=equal_shape),
    "EVV": equal_volume,
    "VVV": varying,
}
MODELS = {letters: CovarianceModel(letters, rule) for letters, rule in RULES.items()}
NAMES = {
    "full": "VVV",
    "tied": "EEE",
    "diag": "VVI",
    "tied_diag": "EEI",
    "spherical": "VII",
    "tied_spherical": "EII",
}


def covariance_model(covariance_type):
    """The model of a name (``"full"``) or of three letters (``"VVV"``).

    Raises
    ------
    ValueError
        If there is no such model; the message lists the names.

    Examples
    --------
    >>> covariance_model("diag").n_parameters(3, 2)
    6
    >>> covariance_model("EEE") is covariance_model("tied")
    True
    """
    letters = NAMES.get(str(covariance_type), covariance_type)
    if not isinstance(letters, str) or letters not in MODELS:
        raise ValueError(
            f"covariance_type={covariance_type!r} is not known: choose one of "
            f"{', '.join(NAMES)}, or of {', '.join(MODELS)}"
        )
    return MODELS[letters]
