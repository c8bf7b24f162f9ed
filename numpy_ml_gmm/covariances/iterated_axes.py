r"""Common axes, EVE and VVE: Newton's search for the orientation.

The best volumes and shapes in given axes are known in closed form.  What is left is a
function of the axes E alone; a step turns each pair of them by an angle.
"""

from functools import lru_cache, partial

import numpy as np

from .iterated_shape import LAST_STEP, LAST_STEP_BETWEEN, MAX_STEPS
from .rules import _compose, _log_det, _sum, each, equal_volume

TO_COMPARE = 30  # steps from each start, before the best goes on
STEPS_BETWEEN = 10  # at most so many between two steps of EM, which come back to it
FEW_FEATURES = 10  # up to which the angles of all pairs of axes are solved for together


def common_axes(W, N, last=None, *, rule):
    r"""EVE, VVE: a rule on the diagonals of :math:`E^\top W_k E`, in the best axes E.

    With the rule put in, the objective is a function of the orientation alone,

    .. math::

        f(E) = \sum_k N_k \log |\mathrm{rule}(s)_k|, \qquad s_{kd} = (E^\top W_k E)_{dd} .

    Browne & McNicholas lower it with a linear majoriser, in hundreds of steps.
    Here a step is Newton's in the angles of E, halved until f falls.  It costs O(D^6), so
    above ten features each pair of axes turns as if it were alone, all at once, for O(K D^3).

    There can be several minima.  The search starts from the axes of the pooled scatter
    and from those of each component, and goes on from the lowest.  Where covariances are
    given, as between two steps of EM, it starts from their axes: f never rises above its
    value there.
    """
    singular = np.isneginf(_log_det(W, N)) & (N > 0)
    W = np.where(each(singular, W), np.eye(W.shape[-1]), W)
    # An axis for the starts, S of them.
    search = partial(_turn_to_minimum, W=W[..., None, :, :, :], N=N[..., None, :], rule=rule)
    if last is None:
        E = np.linalg.eigh(np.concatenate([_sum(W, N), W], axis=-3))[1]  # (..., S, D, D)
        E, f = search(E, enough=LAST_STEP_BETWEEN, most=TO_COMPARE)
        lowest = f.argmin(axis=-1)[..., None, None, None]
        E, enough, most = np.take_along_axis(E, lowest, axis=-3), LAST_STEP, MAX_STEPS
    else:
        # The axes of one may be ambiguous; odd weights keep those of a weighted sum apart.
        odd = np.sqrt(np.arange(N.shape[-1]) + 2.3) * (N > 0) / np.trace(last, axis1=-2, axis2=-1)
        E, enough = np.linalg.eigh(_sum(each(odd, last) * last, N))[1], LAST_STEP_BETWEEN
        most = STEPS_BETWEEN
    E, _ = search(E, enough=enough, most=most)  # (..., 1, D, D)
    Sigma = _compose(E, rule(_variances_along(E, W), N))
    return np.where(each(singular, W), np.nan, Sigma)


def _turn_to_minimum(E, W, N, rule, enough, most):
    """Newton's steps from each start: where they end (..., S, D, D), and f there."""
    f = _spread(E, W, N, rule)
    angles = _newton_angles if E.shape[-1] <= FEW_FEATURES else _pair_angles
    for _ in range(most):
        axes = E[..., None, :, :]
        step = angles(np.swapaxes(axes, -1, -2) @ W @ axes, N, rule)  # (..., S, R)
        turned = _turn(E, step)
        f_turned = _spread(turned, W, N, rule)
        while (higher := f_turned > f + 1e-14 * np.abs(f)).any():
            step = np.where(higher[..., None], step / 2, step)
            turned = _turn(E, step)
            f_turned = _spread(turned, W, N, rule)
        f, E = f_turned, turned
        if np.abs(step).max(initial=0) < enough:
            break
    return E, f


def _variances_along(E, W):
    r"""The diagonals of :math:`E^\top W_k E`, (..., K, D), without the rest of it."""
    return (E * (W @ E)).sum(axis=-2)


def _spread(E, W, N, rule):
    r""":math:`f(E) / N` of :func:`common_axes`, (..., S)."""
    s = _variances_along(E[..., None, :, :], W)  # (..., S, K, D)
    log_det = np.log(rule(s, N)).sum(axis=-1)
    return np.where(N > 0, N * log_det, 0).sum(axis=-1) / N.sum(axis=-1)


def _newton_angles(V, N, rule):
    r"""Newton's step of :func:`common_axes`, an angle for each pair of axes, (..., R).

    Turning the axes by a skew matrix X changes :math:`V_k = E^\top W_k E` so that

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
    # B[b, a, c] is the second derivative by X[a, b] and X[c, b].
    C = (each(p, T) * T).sum(axis=-3)[..., None, :, :]
    B = 2 * np.einsum("...kb,...kac->...bac", p[..., None] / s, V) - (C + np.swapaxes(C, -1, -2))
    B -= 4 * np.einsum("...kab,...kcb->...bac", each(p, T) * T, T)
    # An angle x of the pair i < j is X[i, j] = x and X[j, i] = -x.
    a, b = i[:, None], j[:, None]
    hessian = (  # (..., R, R)
        (b == j) * B[..., b, a, i]
        - (b == i) * B[..., b, a, j]
        - (a == j) * B[..., a, b, i]
        + (a == i) * B[..., a, b, j]
    )
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


def _turn(E, angles):
    """E turned by small angles (..., R), and still orthogonal: Cayley's transform."""
    D = E.shape[-1]
    i, j = _pairs_of_axes(D)
    X = np.zeros(E.shape)
    X[..., i, j], X[..., j, i] = angles / 2, -angles / 2
    return E @ np.linalg.solve(np.eye(D) - X, np.eye(D) + X)
