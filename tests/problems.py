"""Random mixtures and data for the tests, and oracles that share no code with the package."""

import numpy as np
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from numpy_ml_gmm import GMM
from numpy_ml_gmm.covariances import covariance_model

NAMES = ["full", "tied", "diag", "spherical", "tied_diag", "tied_spherical"]
FAMILIAR = NAMES[:4]  # those scikit-learn has too


def random_covariances(name, K, D, rng):
    """Covariances in the shape of their type."""
    A = rng.normal(size=(K, D, D)) / np.sqrt(D)
    full = A @ A.transpose(0, 2, 1) + 0.3 * np.eye(D)
    variances = rng.uniform(0.3, 2.0, size=(K, D))
    return {
        "full": full,
        "tied": full[0],
        "diag": variances,
        "spherical": variances[:, 0],
        "tied_diag": variances[0],
        "tied_spherical": variances[0, 0],
    }[name]


def random_model(name, K=3, D=2, seed=0, spread=3.0, **params):
    """A mixture with random parameters."""
    rng = np.random.default_rng(seed)
    weights, means = rng.dirichlet(np.full(K, 5.0)), spread * rng.normal(size=(K, D))
    covariances = random_covariances(name, K, D, rng)
    return GMM.from_parameters(
        weights, means, covariances, covariance_type=name, random_state=seed, **params
    )


def full_covariances(model):
    """Every component's covariance as a matrix (K, D, D)."""
    K, D = model.means_.shape
    each = covariance_model(model.covariance_type).expand(model.covariances_, K, D)
    return np.array([np.diag(C) for C in each]) if each.ndim == 2 else np.array(each)


def log_densities(X, mu, Sigma):
    """log N(x_n | mu_k, Sigma_k) by scipy.stats, (N, K)."""
    columns = [multivariate_normal.logpdf(X, m, S) for m, S in zip(mu, Sigma, strict=True)]
    return np.array(columns).reshape(len(mu), len(X)).T


def log_joint(X, pi, mu, Sigma):
    """log pi_k N(x_n | mu_k, Sigma_k) by scipy.stats, (N, K)."""
    return np.log(pi) + log_densities(X, mu, Sigma)


def log_likelihood(X, pi, mu, Sigma):
    """Sum over points of the log of the sum over components, by scipy.stats."""
    return float(logsumexp(log_joint(X, pi, mu, Sigma), axis=1).sum())


def slow_log_joint(model, X):
    """The log joint under a model's parameters, by scipy.stats, (N, K)."""
    return log_joint(X, *parameters(model))


def slow_log_likelihood(model, X):
    """The log-likelihood under a model's parameters, by scipy.stats."""
    return log_likelihood(X, *parameters(model))


def slow_moments(X, r):
    """N_k, mu_k and W_k as their definitions say, a point at a time."""
    N_k = r.sum(axis=0)
    mu = np.array([sum(r[n, k] * X[n] for n in range(len(X))) / N_k[k] for k in range(len(N_k))])
    W = np.zeros((len(N_k), X.shape[1], X.shape[1]))
    for k in range(len(N_k)):
        for n in range(len(X)):
            W[k] += r[n, k] * np.outer(X[n] - mu[k], X[n] - mu[k])
    return N_k, mu, W


def moments(statistics):
    """Counts, means and scatters, to compare."""
    return statistics.counts, statistics.means, statistics.scatters


def parameters(model):
    """Weights, means and full covariances, to compare."""
    return model.weights_, model.means_, full_covariances(model)


def one_start(model):
    """The arguments that start another fit from this model's parameters."""
    return dict(
        weights_init=model.weights_, means_init=model.means_, covariances_init=model.covariances_
    )


# ---- Missing values ----------------------------------------------------------------------------


def with_holes(X, portion, seed=0):
    """A copy in which each number is missing (nan) with some probability."""
    X = np.array(X, dtype=np.result_type(X, np.float32))
    X[np.random.default_rng(seed).random(X.shape) < portion] = np.nan
    return X


def observed_log_joint(X, pi, mu, Sigma):
    """log pi_k N(x_o | mu_ko, Sigma_koo) of what each row has, (N, K), by scipy.stats."""
    joint = np.log(np.broadcast_to(pi, (len(X), len(pi)))).copy()
    for n, x in enumerate(X):
        o = np.flatnonzero(~np.isnan(x))
        for k in range(len(pi)) if len(o) else ():
            joint[n, k] += multivariate_normal.logpdf(x[o], mu[k][o], Sigma[k][np.ix_(o, o)])
    return joint


def completed_moments(X, r, mu, Sigma):
    """N_k, the mean and the scatter of the completed rows, a row and a component at a time."""
    (K, D), N_k = mu.shape, r.sum(axis=0)
    full, C = np.zeros((K, len(X), D)), np.zeros((K, len(X), D, D))
    for n, x in enumerate(X):
        m, o = np.flatnonzero(np.isnan(x)), np.flatnonzero(~np.isnan(x))
        for k, S in enumerate(Sigma):
            full[k, n] = x
            factors = np.linalg.solve(S[np.ix_(o, o)], S[np.ix_(o, m)]).T
            full[k, n, m] = mu[k][m] + factors @ (x[o] - mu[k][o])
            C[k, n][np.ix_(m, m)] = S[np.ix_(m, m)] - factors @ S[np.ix_(o, m)]
    means = np.einsum("nk,knd->kd", r, full) / N_k[:, None]
    delta = full - means[:, None]
    scatters = np.einsum("nk,kni,knj->kij", r, delta, delta) + np.einsum("nk,knij->kij", r, C)
    return N_k, means, scatters


def with_errors(X, R, pi, mu, Sigma):
    """Log joint (N, K), and what is expected of the true points y where x = y + e, cov e_n = R_n.

    Returns
    -------
    joint (N, K), points (K, N, D), covariances (K, N, D, D)
    """
    (N, D), K = X.shape, len(pi)
    joint = np.log(np.broadcast_to(pi, (N, K))).copy()
    points, covariances = np.zeros((K, N, D)), np.zeros((K, N, D, D))
    for n, x in enumerate(X):
        o = np.flatnonzero(~np.isnan(x))
        for k, S in enumerate(Sigma):
            V = S[np.ix_(o, o)] + R[n][np.ix_(o, o)]
            if len(o):
                joint[n, k] += multivariate_normal.logpdf(x[o], mu[k][o], V)
            G = np.linalg.solve(V, S[o]).T
            points[k, n] = mu[k] + G @ (x[o] - mu[k][o])
            covariances[k, n] = S - G @ S[o]
    return joint, points, covariances
