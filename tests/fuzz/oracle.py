r"""What the answers are, worked out without the package.

Densities go through a Cholesky factor in each feature's own unit, and where the covariance is
ill-conditioned through mpmath, with 50 digits.  EM is twenty lines.

========== ================ ====================================================
symbol     shape            meaning
========== ================ ====================================================
``theta``                   weights (K,), means (K, D), covariances (K, D, D)
``joint``  (N, K)           log of weight times density
``quad``   (N, K)           squared Mahalanobis distances
``kappa``  float            condition number of the worst correlation matrix
========== ================ ====================================================
"""

import mpmath
import numpy as np
from scipy.special import logsumexp

EPS, SINGLE = (float(np.finfo(dtype).eps) for dtype in (float, np.float32))
ILL = 1e8  # the condition number from which on mpmath decides
MUCH = 1e5  # products, a second of mpmath
FAR = 1e200  # squared distances beyond which a point counts as one on the horizon


class Undecided(Exception):
    """The covariances that are stored have, by their last digits, no inverse."""


class Mixture:
    """The log joint of a mixture, with what is needed to say how well it can be known."""

    def __init__(self, X, weights, means, covariances, priors=None, exact=None):
        """From float64 arrays; ``exact`` asks for mpmath, None where it is needed."""
        X, means = np.asarray(X, float), np.asarray(means, float)
        self.D = X.shape[1]
        self.kappa = max(condition(S) for S in covariances)
        work = len(covariances) * X.size * X.shape[1]  # with many features both are in float64
        exact = self.kappa > ILL and work < MUCH if exact is None else exact
        density = exact_log_density if exact else log_density
        parts = [density(X, mu, S) for mu, S in zip(means, covariances, strict=True)]
        log_p, self.quad = (np.array(a).T for a in zip(*parts, strict=True))
        with np.errstate(divide="ignore"):
            self.joint = log_p + np.log(weights)
            if priors is not None:
                self.joint = self.joint + np.log(priors)
        self.log_p = logsumexp(self.joint, axis=1)
        self.r = np.exp(self.joint - self.log_p[:, None])
        self.near = self.quad.min(axis=1) < FAR
        sd = np.sqrt(np.einsum("kdd->kd", np.asarray(covariances)))
        self.distance = (np.abs(means) / sd).max()  # of a mean from 0, in standard deviations

    def moved(self, eps):
        """How far the rounding of a mean moves it, in standard deviations of the thinnest kind."""
        return np.sqrt(self.kappa) * eps * self.distance

    def error(self, single=False, reach=None):
        """How far from the truth each log density may be, (N,).

        By default those of log p(x), with ``reach`` those of the components within so many nats
        of the top.  In single precision the parameters are rounded when they are stored.
        """
        if reach is None:
            quad = np.where(self.r > 0, self.r * self.quad, 0).sum(axis=1)
        else:
            top = self.joint.max(axis=1, keepdims=True)
            quad = np.where(self.joint > top - reach, self.quad, 0).max(axis=1)
        eps = SINGLE if single else EPS
        moved = self.moved(SINGLE) if single else 0
        # Far out a shared frame costs some digits of a huge number.
        error = eps * (100 * self.kappa * (self.D + quad) + 1e5 * quad + 100 * np.abs(self.log_p))
        return (1e-5 if single else 1e-9) + error + moved * (moved + 2 * np.sqrt(quad))


def condition(S):
    """Of the correlation matrix: what no choice of units can mend."""
    s = np.sqrt(S.diagonal())
    values = np.linalg.eigvalsh(S / s[:, None] / s)
    return values[-1] / max(values[0], 1e-300)


def log_density(X, mu, S):
    """log N(x_n | mu, S) and squared distances, both (N,)."""
    s = np.sqrt(S.diagonal())
    with np.errstate(over="ignore"):
        try:
            L = np.linalg.cholesky(S / s[:, None] / s)
        except np.linalg.LinAlgError:
            raise Undecided from None
        y = np.linalg.solve(L, ((X - mu) / s).T)
        quad = (y * y).sum(axis=0)
    log_det = 2 * (np.log(L.diagonal()).sum() + np.log(s).sum())
    return -(len(mu) * np.log(2 * np.pi) + log_det + quad) / 2, quad


def exact_log_density(X, mu, S, digits=50):
    """The same by mpmath."""
    D = len(mu)
    with mpmath.workdps(digits):
        try:
            L = mpmath.cholesky(mpmath.matrix(S.tolist()), tol=mpmath.mpf(10) ** (-2 * digits))
        except ValueError:
            raise Undecided from None
        log_det = 2 * sum(mpmath.log(L[i, i]) for i in range(D))
        constant = D * mpmath.log(2 * mpmath.pi) + log_det
        values, quads = [], []
        for x in X.tolist():
            y = []
            for i in range(D):
                rest = mpmath.fsum(L[i, j] * y[j] for j in range(i))
                y.append((mpmath.mpf(x[i]) - mpmath.mpf(float(mu[i])) - rest) / L[i, i])
            quad = mpmath.fsum(a * a for a in y)
            values.append(float(-(constant + quad) / 2))
            quads.append(float(quad))
    return np.array(values), np.array(quads)


# ---- EM --------------------------------------------------------------------------------------


def moments(X, r):
    """Counts, means and scatters for responsibilities that include the rows' weights."""
    N, c = r.sum(axis=0), X[np.abs(r).sum(axis=1).argmax()]
    Y = X - c
    means = (r.T @ Y) / N[:, None]
    W = np.array([(Y - m).T @ ((Y - m) * a[:, None]) for m, a in zip(means, r.T, strict=True)])
    return N, c + means, W


def covariances(letters, W, N):
    """The M step of a covariance model, (K, D, D); None for the two that have no simple one."""
    K, D = W.shape[:2]
    full, S = np.eye(D), W / N[:, None, None]
    diagonal = np.einsum("kdd->kd", W)
    if letters == "EII":
        return np.tile(full * diagonal.sum() / (D * N.sum()), (K, 1, 1))
    if letters == "VII":
        return full * (diagonal.sum(axis=1) / (D * N))[:, None, None]
    if letters in ("EVE", "VVE"):
        return None
    if letters[2] == "I":
        S = full * (diagonal / N[:, None])[:, None, :]
        W = S * N[:, None, None]
    if letters[2] == "V" and letters[1] == "E":  # shapes alike in axes of their own
        values, axes = np.linalg.eigh(W)
        alike = covariances(letters[0] + "EI", values[:, None, :] * full, N)
        return axes @ alike @ np.swapaxes(axes, 1, 2)
    if letters[:2] == "VV":
        return S
    if letters[:2] == "EE":
        return np.tile(W.sum(axis=0) / N.sum(), (K, 1, 1))
    if letters[:2] == "EV":
        volume = np.exp(np.linalg.slogdet(W)[1] / D)
        return W * (volume.sum() / N.sum() / volume)[:, None, None]
    volume = np.ones(K)  # VE: the shape for given volumes, the volumes for a given shape
    for _ in range(2000):
        C = (W / volume[:, None, None]).sum(axis=0)
        C = C / np.exp(np.linalg.slogdet(C)[1] / D)
        last, volume = volume, np.einsum("kij,ji->k", W, np.linalg.inv(C)) / (D * N)
        if np.allclose(last, volume, rtol=1e-13, atol=0):
            break
    return C * volume[:, None, None]


def em_step(X, w, r, letters, smoothing):
    """The M step for responsibilities r (N, K) of rows that count w times: theta, or None."""
    N, means, W = moments(X, r * w[:, None])
    W = W + N[:, None, None] * np.diag(smoothing)
    Sigma = covariances(letters, W, N)
    return None if Sigma is None else (N / N.sum(), means, Sigma)


# ---- The constraints ---------------------------------------------------------------------------


def broken_constraint(letters, Sigma):
    """In words, what the covariances (K, D, D) have that their letters do not allow; or None."""
    D = Sigma.shape[1]
    if (np.abs(Sigma - np.swapaxes(Sigma, 1, 2)) > 0).any():
        return "not symmetric"
    if letters[2] == "I" and (Sigma * (1 - np.eye(D)) != 0).any():
        return "not diagonal"
    unit = np.sqrt(Sigma[0].diagonal())  # one unit for all components moves no constraint but axes
    scaled = Sigma / unit[:, None] / unit
    kappa = max(map(condition, Sigma))
    tolerance = 1e-7 + 1e3 * EPS * kappa
    if tolerance > 0.1:
        return None
    log_volumes = np.linalg.slogdet(scaled)[1] / D
    if letters[0] == "E" and np.ptp(log_volumes) > tolerance:
        return f"volumes differ by {np.ptp(log_volumes):.2g}"
    if letters[1] == "I" and np.ptp(np.log(np.einsum("kdd->kd", Sigma)), axis=1).max() > tolerance:
        return "not spheres"
    spread = np.linalg.cond(Sigma[0])
    if letters[1] == "E" and letters[2] != "V":
        shapes = scaled / np.exp(log_volumes)[:, None, None]
        if np.abs(shapes - shapes[0]).max() > tolerance * np.abs(shapes[0]).max():
            return f"shapes differ by {np.abs(shapes - shapes[0]).max():.2g}"
    if letters[1:] == "EV" and spread < 1e6:
        values = np.log(np.linalg.eigvalsh(Sigma))
        values -= values.mean(axis=1, keepdims=True)
        if np.ptp(values, axis=0).max() > 1e-6 + 1e3 * EPS * spread:
            return f"shapes differ by {np.ptp(values, axis=0).max():.2g}"
    if letters[2] == "E":
        with np.errstate(all="ignore"):
            size = np.linalg.norm(Sigma, axis=(1, 2))
        if not (0 < size.min() and size.max() < np.inf):
            return None
        for S, a in zip(Sigma, size, strict=True):
            turn = np.abs(Sigma[0] / size[0] @ (S / a) - S / a @ (Sigma[0] / size[0])).max()
            if turn > 1e-6:
                return f"axes differ by {turn:.2g}"
    return None
