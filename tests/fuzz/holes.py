"""Cases of rows that lack features or have errors: densities, sums and fits."""

import numpy as np

from numpy_ml_gmm import GMM, missing

from .data import LETTERS, draw_priors, draw_weights
from .mixtures import claim, draw_components, only_our_warnings, small_blocks, unmodified
from .oracle import condition, log_density
from .refusals import Refused


def draw_mixture(rng):
    """Parameters, points with holes, and errors or None."""
    N, D, K = int(rng.integers(1, 40)), int(rng.integers(1, 7)), int(rng.integers(1, 5))
    unit = 10.0 ** rng.integers(-60, 60, size=D) if rng.random() < 0.3 else np.ones(D)
    lengths = 10.0 ** rng.uniform(-rng.choice([0.5, 2, 4]), 0, size=(K, D))
    root = np.linalg.qr(rng.normal(size=(K, D, D)))[0] * lengths[:, None, :]
    Sigma = root @ np.swapaxes(root, 1, 2)
    if diagonal := rng.random() < 0.3:
        Sigma = Sigma * np.eye(D)
        root = np.sqrt(Sigma)
    mu = rng.normal(size=(K, D)) * 10.0 ** rng.integers(-1, 3)
    z = rng.integers(K, size=N)
    X = mu[z] + np.einsum("nij,nj->ni", root[z], rng.normal(size=(N, D)))
    offset = 10.0 ** rng.integers(0, 9) if rng.random() < 0.2 else 0.0
    X, mu = (X + offset) * unit, (mu + offset) * unit
    Sigma = Sigma * np.outer(unit, unit)
    X[rng.random(X.shape) < rng.choice([0.05, 0.3, 0.8, 1.0])] = np.nan
    R = None
    if rng.random() < 0.3:
        A = rng.normal(size=(N, D, D)) * 10.0 ** rng.integers(-3, 2) * unit[:, None]
        R = A @ np.swapaxes(A, 1, 2)
        if rng.random() < 0.5:
            R = R * np.eye(D)
        if rng.random() < 0.3:
            R[:] = R[0]
    return X, rng.dirichlet(np.full(K, 5.0)), mu, Sigma, diagonal, R


def expected(X, mu, Sigma, R):
    """Of each row and component: log density, completed point, covariance; and the worst kappa."""
    (N, D), K = X.shape, len(mu)
    log_p, points, C, worst = np.zeros((N, K)), np.zeros((K, N, D)), np.zeros((K, N, D, D)), 1.0
    for n, x in enumerate(X):
        o = np.flatnonzero(~np.isnan(x))
        for k, S in enumerate(Sigma):
            V = S[np.ix_(o, o)] + (0 if R is None else R[n][np.ix_(o, o)])
            points[k, n], C[k, n] = mu[k], S
            if len(o):
                log_p[n, k] = log_density(x[None, o], mu[k][o], V)[0][0]
                s = np.sqrt(V.diagonal())
                G = np.linalg.solve(V / s / s[:, None], S[o] / s[:, None]).T / s
                points[k, n] += G @ (x[o] - mu[k][o])
                C[k, n] -= G @ S[o]
                worst = max(worst, condition(V))
        worst = max(worst, *map(condition, Sigma))
    return log_p, points, C, worst


def known(rng, folder):
    """The E step of a known mixture against sums over rows."""
    X, pi, mu, Sigma, diagonal, R = draw_mixture(rng)
    w, (priors, P) = draw_weights(rng, len(X)), draw_priors(rng, len(X), len(pi))
    log_p, points, C, kappa = expected(X, mu, Sigma, R)
    joint = log_p + np.log(pi) + np.log(np.maximum(P, 1e-320) if priors is not None else 1)
    known = {"priors": priors} if R is None else {"priors": priors, "error_covariances": R}
    given = np.einsum("kdd->kd", Sigma) if diagonal else Sigma
    common, missing.COMMON = missing.COMMON, rng.choice([0, 1, 2, 10**9])
    try:
        with only_our_warnings(), unmodified(X=X, R=R), small_blocks(rng):
            model = GMM.from_parameters(
                pi, mu, given, covariance_type="diag" if diagonal else "full"
            )
            found = model.log_joint(X, **known)
            r = model.predict_proba(X, **known)
            sums = model.e_step(X, sample_weight=w, **known)
            filled = model.impute(X)
    except ValueError as error:
        text = str(error)
        refused = "collapsed" in text or "singular" in text or "not symmetric" in text
        claim(
            (refused and kappa > 1e7) or "component of weight 0" in text, f"refused: {text[:150]}"
        )
        raise Refused(text[:30]) from None
    finally:
        missing.COMMON = common
    if kappa > 1e9:
        return
    possible = P > 0 if priors is not None else np.ones_like(joint, bool)
    scale = 1e-9 + 1e-13 * kappa * (1 + np.abs(joint))
    claim((np.abs(found - joint) <= scale)[possible].all(), "the log joint is wrong")
    top = np.where(possible, joint, -np.inf)
    truth = np.exp(top - top.max(axis=1, keepdims=True))
    truth /= truth.sum(axis=1, keepdims=True)
    slack = np.where(possible, scale, 0).max(axis=1, keepdims=True)
    claim((np.abs(r - truth) <= 4 * slack).all(), "responsibilities are wrong")
    weights = np.ones(len(X)) if w is None else w
    share = r * weights[:, None]
    N = share.sum(axis=0)
    claim(np.allclose(sums.counts, N, rtol=1e-9, atol=1e-12 * N.sum()), "counts are wrong")
    alive = N > 1e-6 * N.sum()
    m = np.einsum("nk,knd->kd", share, points) / np.maximum(N, 1e-300)[:, None]
    delta = points - m[:, None]
    W = np.einsum("nk,kni,knj->kij", share, delta, delta) + np.einsum("nk,knij->kij", share, C)
    inside = np.einsum("kdd->kd", Sigma)  # the scatter of one point is rounding alone
    sd = np.sqrt(np.einsum("kdd->kd", W) / np.maximum(N, 1e-300)[:, None] + inside)
    error = 1e-7 + 1e-12 * kappa
    drift = error * sd + 1e-14 * np.abs(m)
    claim((np.abs(sums.means - m) <= drift)[alive].all(), "means are wrong")
    truth = np.einsum("kdd->kd", W) if sums.diagonal else W
    spread = sd * sd if sums.diagonal else sd[:, :, None] * sd[:, None, :]
    limit = N.reshape(-1, *(1,) * (spread.ndim - 1)) * (
        error * spread + 1e-28 * np.abs(m).max() ** 2
    )
    claim((np.abs(sums.scatters - truth) <= 10 * limit)[alive].all(), "scatters are wrong")
    lost = np.isnan(X)
    claim((filled[~lost] == X[~lost]).all() and np.isfinite(filled).all(), "impute changes X")


def fit(rng, folder):
    """A fit climbs, and its likelihood is that of its parameters."""
    X, _, _, _, _, R = draw_mixture(rng)
    K, letters = draw_components(rng, len(X)), str(rng.choice(LETTERS))
    model = GMM(
        min(K, 4),
        covariance_type=letters,
        random_state=int(rng.integers(99)),
        n_init=3,
        max_iter=30,
    )
    known = {} if R is None else {"error_covariances": R}
    try:
        with only_our_warnings(), unmodified(X=X, R=R), small_blocks(rng):
            model.fit(X, **known)
    except ValueError as error:
        if "read-only" in str(error):
            raise
        raise Refused(str(error)[:30]) from None
    path = np.array(model.history_[model.best_restart_])
    claim((np.diff(path) >= -2e-8 * len(X) - 1e-9 * np.abs(path[1:])).all(), "the likelihood falls")
    again = model.log_likelihood(X, **known)
    claim(abs(again - path[-1]) <= 1e-6 * (len(X) + abs(again)), "log_likelihood_ is another")
    diagonal = np.ndim(model.theta.covariances) == 2
    Sigma = model.theta.covariances
    Sigma = np.array([np.diag(S) for S in Sigma]) if diagonal else Sigma
    log_p, _, _, kappa = expected(X, model.means_, Sigma, R)
    joint = log_p + np.log(model.weights_)
    top = joint.max(axis=1)
    total = (top + np.log(np.exp(joint - top[:, None]).sum(axis=1))).sum()
    limit = 1e-7 * len(X) + 1e-13 * kappa * (len(X) + np.abs(joint).sum())
    claim(abs(total - again) <= limit, f"the likelihood is {again}, and should be {total}")
