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
``W``      (K, D, D)          scatter matrices; their diagonals (K, D) if the
                              model is diagonal
``N``      (K,)               counts, the expected number of points in each
``K, D``                      number of components, number of features
``u``      (K,)               log volumes, up to a common constant
``Q``      (D, D)             an orientation: the columns are the axes
========== ================== ==================================================

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

MAX_STEPS = 100  # of an inner iteration; Newton's method needs about ten


class CovarianceModel(NamedTuple):
    """What the rest of the package needs to know of a covariance model."""

    letters: str  # volume, shape, orientation
    rule: Callable  # (W, N) -> covariances, in the shape the user sees

    @property
    def diagonal(self):
        """True if W and the covariances are diagonals only."""
        return self.letters[2] == "I"

    def shape(self, K, D):
        """The shape of the covariances that the user sees."""
        each = () if self.letters[1] == "I" else (D,) if self.diagonal else (D, D)
        return (K, *each) if "V" in self.letters else each

    def n_parameters(self, K, D):
        """Number of free parameters: of volume, shape and orientation."""
        sizes = 1, D - 1, D * (D - 1) // 2
        times = {"I": 0, "E": 1, "V": K}
        return sum(times[letter] * size for letter, size in zip(self.letters, sizes, strict=True))

    def expand(self, covariances, K, D):
        """Every component's own covariance: (K, D, D), or (K, D) if diagonal."""
        covariances = np.asarray(covariances)
        if self.letters == "VII":
            covariances = covariances[:, None]
        return np.broadcast_to(covariances, (K, D) if self.diagonal else (K, D, D))

    def estimate(self, W, N):
        """The covariances that minimise :eq:`covariance-objective`.

        Raises
        ------
        ValueError
            If no covariances do, because a scatter matrix is singular.  The models
            that never divide by a volume return a singular covariance instead.
        """
        try:
            with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
                covariances = self.rule(W, N)
        except np.linalg.LinAlgError:
            covariances = np.full(self.shape(*W.shape[:2]), np.nan)
        if not np.isfinite(covariances).all():
            self._report(covariances, N, W.shape[1])
        return covariances

    def _report(self, covariances, N, D):
        each = self.expand(covariances, len(N), D)
        bad = np.flatnonzero(~np.isfinite(each).reshape(len(N), -1).all(axis=1))
        raise ValueError(
            f"{self.letters}: component {', '.join(map(str, bad))} has collapsed: the scatter "
            f"is singular ({N[bad].sum():.1f} points). Lower n_components, raise "
            f"var_smoothing, or choose a simpler covariance_type"
        )


# --- the two spheres ------------------------------------------------------------------


def tied_sphere(W, N):
    r"""EII: :math:`\lambda = \sum_k \operatorname{tr} W_k \big/ (D \sum_k N_k)`."""
    return W.mean(axis=1).sum() / N.sum()


def sphere(W, N):
    r"""VII: :math:`\lambda_k = \operatorname{tr} W_k / (D N_k)`."""
    return W.mean(axis=1) / N


# --- the four rules of volume and shape, for diagonals (K, D) and matrices (K, D, D) ------


def equal(W, N):
    r"""EEI, EEE: :math:`\Sigma = \sum_k W_k \big/ \sum_k N_k`."""
    return W.sum(axis=0) / N.sum()


def varying(W, N):
    r"""VVI, VVV: :math:`\Sigma_k = W_k / N_k`."""
    return W / _each(N, W)


def equal_volume(W, N):
    r"""EVI, EVV: shapes are free, and the volume is pooled.

    .. math::

        \Sigma_k = \lambda \frac{W_k}{|W_k|^{1/D}}, \qquad
        \lambda = \sum_k |W_k|^{1/D} \Big/ \sum_k N_k .
    """
    log_volume = _log_det(W) / W.shape[1]  # (K,)
    log_lambda = np.logaddexp.reduce(log_volume) - np.log(N.sum())
    return W * _each(np.exp(log_lambda - log_volume), W)


def equal_shape(W, N):
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
    """
    K, D = W.shape[:2]
    target = D * N / N.sum()  # (K,) what each component must hold of the pool's trace D
    trace = W if W.ndim == 2 else np.diagonal(W, axis1=1, axis2=2)
    u = np.log(trace.sum(axis=1) / (D * N))  # (K,)
    if np.isneginf(u).any():
        return _collapsed(np.isneginf(u), W)
    f, overlap = _pool(u, W, target)
    for _ in range(MAX_STEPS):
        found = overlap.sum(axis=1)  # (K,)
        # f does not see a factor common to all volumes: 1 / K makes its Hessian regular.
        hessian = np.diag(found) - overlap + 1 / K
        step = np.linalg.solve(hessian, found - target)
        size = np.abs(step).max()
        newton = u + step / max(1, size / 2)
        if size < 1e-6:  # the next would be its square
            return _each(np.exp(newton), W) * equal(W * _each(np.exp(-newton), W), N)
        f_newton, overlap = _pool(newton, W, target)
        if f_newton <= f + 1e-14 * abs(f):
            u, f = newton, f_newton
        else:
            u = u + np.log(found / target)
            f, overlap = _pool(u, W, target)
    raise np.linalg.LinAlgError("no minimum: a direction belongs to some components alone")


def _pool(u, W, target):
    r""":math:`f(u) / N` of :func:`equal_shape`, and :math:`\operatorname{tr}(P_j P_k)`, (K, K).

    :math:`P_k` is :math:`e^{-u_k} W_k` in coordinates in which the sum of all is I.
    """
    S = W * _each(np.exp(-u), W)
    if W.ndim == 2:
        pool = S.sum(axis=0)  # (D,)
        P, log_det = S / pool, np.log(pool).sum()
    else:
        L = np.linalg.cholesky(S.sum(axis=0))  # (D, D)
        P = np.linalg.solve(L, np.swapaxes(np.linalg.solve(L, S), 1, 2))
        log_det = 2 * np.log(np.diagonal(L)).sum()
    P = P.reshape(len(W), -1)
    return target @ u + log_det, P @ P.T


# --- the rules in each component's own axes -----------------------------------------------


def own_axes(W, N, rule):
    r"""EEV, VEV: a rule on the eigenvalues of each scatter, in its eigenvectors.

    .. math::

        W_k = Q_k \Omega_k Q_k^\top, \qquad
        \Sigma_k = Q_k \, \mathrm{rule}(\Omega)_k \, Q_k^\top .

    Eigenvalues are paired in order: the trace in the objective is least when
    long axes lie along long axes.
    """
    Omega, Q = np.linalg.eigh(W)  # (K, D), (K, D, D)
    return _compose(Q, rule(np.maximum(Omega, 0), N))


# --- the rules in common axes -------------------------------------------------------------


def common_axes(W, N, rule):
    r"""EVE, VVE: a rule on the diagonals of :math:`Q^\top W_k Q`, in the best axes Q.

    With the rule put in, the objective is a function of the orientation alone,

    .. math::

        f(Q) = \sum_k N_k \log |\mathrm{rule}(s)_k|, \qquad s_{kd} = (Q^\top W_k Q)_{dd} .

    Browne & McNicholas lower it with a linear majoriser, in hundreds of steps.
    Here a step is Newton's in the angles of Q, halved until f falls.  There can
    be several minima: the start is the best of the axes of the pooled scatter
    and of each component.  A step costs O(D^6): milliseconds for D up to ten, a
    second for thirty.
    """
    singular = np.isneginf(_log_det(W))
    if singular.any():
        return _collapsed(singular, W)
    spread = partial(_spread, W=W, N=N, rule=rule)
    scatters = np.concatenate([W.sum(axis=0, keepdims=True), W])
    Q = min(np.linalg.eigh(scatters)[1], key=spread)
    f = spread(Q)
    for _ in range(MAX_STEPS):
        step = _newton_angles(Q.T @ W @ Q, N, rule)  # (R,)
        while (f_turned := spread(turned := _turn(Q, step))) > f + 1e-14 * abs(f):
            step = step / 2
        f, Q = f_turned, turned
        if np.abs(step).max(initial=0) < 1e-6:  # the next would be its square
            break
    return _compose(Q, rule(np.diagonal(Q.T @ W @ Q, axis1=1, axis2=2), N))


def _spread(Q, W, N, rule):
    r""":math:`f(Q) / N` of :func:`common_axes`."""
    s = np.einsum("ia,kia->ka", Q, W @ Q)  # (K, D)
    return N @ np.log(rule(s, N)).sum(axis=1) / N.sum()


def _newton_angles(V, N, rule):
    r"""Newton's step of :func:`common_axes`, an angle for each pair of axes, (R,).

    Turning the axes by a skew matrix X changes :math:`V_k = Q^\top W_k Q` so that

    .. math::

        s_d = (V + 2 V X + X^\top V X + V X^2)_{dd} + O(X^3) .

    The chain rule gives the derivatives of f.  Where f curves down, the step goes
    down with it: a saddle point is no place to stop.
    """
    D = V.shape[1]
    E = _skew_basis(D)  # (R, D, D)
    s = np.diagonal(V, axis1=1, axis2=2)  # (K, D)
    p = (s / rule(s, N))[:, 0] / N.sum()  # (K,) N_k / N, or the share of the volume
    T = V / s[:, None, :]  # (K, D, D)
    G = 2 * np.tensordot(T, E, [(1, 2), (1, 2)])  # (K, R) slopes of log |s_k|
    gradient = p @ G
    # B[b, a, c] is the second derivative by X[a, b] and X[c, b].
    C = np.tensordot(p, T, 1)
    B = 2 * np.einsum("kb,kac->bac", p[:, None] / s, V) - (C + C.T)
    B -= 4 * np.einsum("kab,kcb->bac", p[:, None, None] * T, T)
    hessian = np.tensordot(E.transpose(2, 0, 1) @ B, E, [(0, 2), (2, 1)])
    if rule is equal_volume:
        hessian += (G.T * p) @ (G - gradient) / D
    curvature, U = np.linalg.eigh(hessian)
    slope = gradient @ U
    level = (curvature < -1e-8) & (np.abs(slope) < -0.1 * curvature)
    slope = np.where(level, np.copysign(0.1 * curvature, slope), slope)
    step = -U @ (slope / np.maximum(np.abs(curvature), 1e-8))
    return step / max(1, np.abs(step).max(initial=0))


@lru_cache(maxsize=16)
def _skew_basis(D):
    """The turn of each pair of axes i < j towards each other: (R, D, D)."""
    i, j = np.triu_indices(D, 1)
    pair = np.arange(len(i))
    E = np.zeros((len(i), D, D))
    E[pair, i, j], E[pair, j, i] = 1, -1
    return E


def _turn(Q, angles):
    """Q turned by small angles, and still orthogonal: Cayley's transform."""
    X = np.tensordot(angles, _skew_basis(len(Q)), 1) / 2
    return Q @ np.linalg.solve(np.eye(len(Q)) - X, np.eye(len(Q)) + X)


# --- what the rules share -----------------------------------------------------------------


def _compose(Q, variances):
    r""":math:`Q_k \operatorname{diag}(\sigma^2_k) Q_k^\top`, (K, D, D)."""
    return (Q * variances[..., None, :]) @ np.swapaxes(Q, -1, -2)


def _log_det(W):
    r""":math:`\log |W_k|`, (K,), of diagonals or matrices; -inf if singular in this precision."""
    if W.ndim == 2:
        return np.log(W).sum(axis=1)
    variance = np.diagonal(W, axis1=1, axis2=2)  # (K, D)
    scale = np.sqrt(np.where(variance > 0, variance, 1))
    eigenvalues = np.linalg.eigvalsh(W / scale[:, :, None] / scale[:, None, :])
    regular = eigenvalues > W.shape[1] * np.finfo(W.dtype).eps
    return np.log(np.where(regular, eigenvalues, 0)).sum(axis=1) + 2 * np.log(scale).sum(axis=1)


def _collapsed(singular, W):
    """No minimum, because of the components marked: nan in their place."""
    return np.where(_each(singular, W), np.nan, W)


def _each(a, W):
    """One number for each component, (K,), in a shape that multiplies W."""
    return a.reshape(-1, *[1] * (W.ndim - 1))


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
