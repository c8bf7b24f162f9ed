r"""Equal shapes, VEI and VEE: Newton's search for the volumes.

The objective is convex in the log volumes, so there is one minimum to find.  VEV uses the
same search on eigenvalues.
"""

import numpy as np

from .rules import _sum, _variances, each, equal

MAX_STEPS = 500  # of a search; Newton's method needs about ten, pair by pair up to 500
# The last Newton step of size h leaves an error of h^2, and of h^4 in the objective; pair by
# pair it is about h, and h^2.  Between two steps of EM, which come back to it, that is enough
# sooner.
LAST_STEP, LAST_STEP_BETWEEN = 1e-5, 1e-2


def equal_shape(W, N, last=None):
    r"""VEI, VEE: volumes are free, with :math:`u_k = \log \sigma_k^2`; Y is pooled.

    .. math::

        \Sigma_k = e^{u_k} Y, \qquad Y = \sum_k e^{-u_k} W_k \Big/ \sum_k N_k .

    Celeux & Govaert alternate: the best Y for these volumes, then the best
    volumes for this Y, :math:`\operatorname{tr}(W_k Y^{-1}) / (D N_k)`.  With the
    best Y put in, the objective is a convex function of the volumes, so its
    minimum is the only one:

    .. math::

        f(u) = D \sum_k N_k u_k + \sum_k N_k \, \log \Bigl| \sum_k e^{-u_k} W_k \Bigr| .

    Each step is Newton's, or an alternation if Newton's does not lower f.
    """
    K, D, spare = N.shape[-1], W.shape[-1], N == 0
    flat = ~W.any(axis=tuple(range(N.ndim, W.ndim))) & ~spare  # no scatter at all: no shape
    pooled = _variances(W, N).sum(axis=-2, keepdims=True)  # (..., 1, D)
    unit = np.sqrt(np.where(pooled > 0, pooled, 1))  # each feature in its own: no unit overflows
    square = unit**2 if W.ndim == N.ndim + 1 else unit[..., :, None] * unit[..., None, :]
    W = np.where(each(flat, W), _sum(W, N), W) / square
    target = D * N / _sum(N, N)  # (..., K) what each component must hold of the pool's trace D
    if last is None:
        u = np.log(np.where(spare, 1, _variances(W, N).sum(axis=-1) / (D * N)))  # (..., K)
    else:
        u = np.linalg.slogdet(last)[1] / D if last.ndim > N.ndim + 1 else np.log(last).mean(axis=-1)
        u = u - 2 * np.log(unit).mean(axis=-1)
    enough = LAST_STEP if last is None else LAST_STEP_BETWEEN
    f, overlap = _pool(u, W, target)
    for _ in range(MAX_STEPS):
        found = overlap.sum(axis=-1)  # (..., K)
        # f does not see a factor common to all volumes: 1 / K makes its Hessian regular.
        hessian = (found + spare)[..., None] * np.eye(K) - overlap + 1 / K
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
    return each(scale, W) * equal(W * each(np.exp(-newton), W), N) * square


def _pool(u, W, target):
    r""":math:`f(u) / N` of :func:`equal_shape`, and the :math:`\operatorname{tr}(P_j P_k)`.

    :math:`P_k` is :math:`e^{-u_k} W_k` in coordinates in which the sum of all is I.
    """
    S = W * each(np.exp(-u), W)
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
