r"""The rules in closed form, and what all rules share.

What a rule returns broadcasts to the shape of W: an axis of length one stands for what all
components, or all features, have in common.
"""

import numpy as np

# --- the two spheres ------------------------------------------------------------------


def tied_sphere(W, N):
    r"""EII: :math:`\sigma^2 = \sum_k \operatorname{tr} W_k \big/ (D \sum_k N_k)`."""
    return (W.mean(axis=-1).sum(axis=-1, keepdims=True) / N.sum(axis=-1, keepdims=True))[..., None]


def sphere(W, N):
    r"""VII: :math:`\sigma_k^2 = \operatorname{tr} W_k / (D N_k)` (:eq:`m-step-spherical`)."""
    return (W.mean(axis=-1) / N)[..., None]


# --- the four rules of volume and shape, for diagonals and matrices ------------------------


def equal(W, N):
    r"""EEI, EEE: :math:`\Sigma = \sum_k W_k \big/ \sum_k N_k` (:eq:`m-step-tied`)."""
    return _sum(W, N) / each(_sum(N, N), W)


def varying(W, N):
    r"""VVI, VVV: :math:`\Sigma_k = W_k / N_k` (:eq:`m-step`, :eq:`m-step-diagonal`)."""
    return W / each(N, W)


def equal_volume(W, N):
    r"""EVI, EVV: shapes are free, and the volume is pooled (:eq:`equal-volume`).

    .. math::

        \Sigma_k = \sigma^2 \frac{W_k}{|W_k|^{1/D}}, \qquad
        \sigma^2 = \sum_k |W_k|^{1/D} \Big/ \sum_k N_k .
    """
    log_size = _log_det(W, N) / W.shape[-1]  # (..., K)
    log_pooled = np.logaddexp.reduce(log_size, axis=-1, keepdims=True) - np.log(_sum(N, N))
    return W * each(np.exp(log_pooled - log_size), W)


# --- the rules in each component's own axes -----------------------------------------------


def own_axes(W, N, *last, rule):
    r"""EEV, VEV: a rule on the eigenvalues of each scatter, in its eigenvectors.

    .. math::

        W_k = E_k \Omega_k E_k^\top, \qquad
        \Sigma_k = E_k \, \mathrm{rule}(\Omega)_k \, E_k^\top .

    Eigenvalues are paired in order: the trace in the objective is least when
    long axes lie along long axes.
    """
    Omega, E = np.linalg.eigh(W)  # (..., K, D), (..., K, D, D)
    return _compose(E, rule(np.maximum(Omega, 0), N, *last))


# --- what the rules share -----------------------------------------------------------------


def _sum(W, N):
    """The sum over components, with an axis of length one in their place."""
    return W.sum(axis=N.ndim - 1, keepdims=True)


def each(a, W):
    """One number for each component, (..., K), in a shape that multiplies W."""
    return a.reshape(a.shape + (1,) * (W.ndim - a.ndim))


def _variances(W, N):
    """The diagonal of each scatter, (..., K, D)."""
    return W if W.ndim == N.ndim + 1 else np.diagonal(W, axis1=-2, axis2=-1)


def _compose(E, variances):
    r""":math:`E_k \operatorname{diag}(\sigma^2_k) E_k^\top`, symmetric to the bit."""
    C = (E * variances[..., None, :]) @ np.swapaxes(E, -1, -2)
    return (C + np.swapaxes(C, -1, -2)) / 2


def _log_det(W, N):
    r""":math:`\log |W_k|`, (..., K); -inf if singular in this precision."""
    if W.ndim == N.ndim + 1:
        return np.log(W).sum(axis=-1)
    variance = _variances(W, N)  # (..., K, D)
    scale = np.sqrt(np.where(variance > 0, variance, 1))
    eigenvalues = np.linalg.eigvalsh(W / scale[..., :, None] / scale[..., None, :])
    regular = eigenvalues > W.shape[-1] * np.finfo(W.dtype).eps
    return np.log(np.where(regular, eigenvalues, 0)).sum(axis=-1) + 2 * np.log(scale).sum(axis=-1)
