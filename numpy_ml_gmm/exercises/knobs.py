"""Right functions with parts that can be swapped, so that they can go wrong.

Each keyword is one part of the function, and a mistake of the catalogue swaps one part or two.
As they stand they give the answers of :mod:`numpy_ml_gmm.textbook`, of ``k_means``, of
``missing_values`` and of ``priors``.
"""

from types import SimpleNamespace

import numpy as np
from scipy.special import digamma, entr, logsumexp, softmax

from .. import textbook
from .k_means import lloyd

LOG_2PI = np.log(2 * np.pi)


def log_joint(
    X,
    weights,
    means,
    covariances,
    *,
    log_weights=np.log,
    covariance=lambda Sigma: Sigma,
    precision=np.linalg.inv,
    quadratic=-0.5,
    volume=-0.5,
    constant=lambda D: -0.5 * D * LOG_2PI,
):
    """log pi_k N(x_n | mu_k, Sigma_k), (N, K)."""
    Sigma = covariance(covariances)  # (K, D, D)
    delta = X[:, None] - means  # (N, K, D)
    squares = np.einsum("nkd,kde,nke->nk", delta, precision(Sigma), delta)
    offset = volume * np.linalg.slogdet(Sigma)[1] + constant(X.shape[1])
    return log_weights(weights) + offset + quadratic * squares


def e_step(*mixture, **parts):
    """Responsibilities (N, K)."""
    return softmax(log_joint(*mixture, **parts), axis=1)


def log_likelihood(*mixture, **parts):
    """The sum over points."""
    return logsumexp(log_joint(*mixture, **parts), axis=1).sum()


def elbo(X, q, *theta, **parts):
    """Q and the entropy of q."""
    return (q * log_joint(X, *theta, **parts)).sum() + entr(q).sum()


def scatters(X, r, centres):
    """Sum of r (x - c)(x - c)^T about the centre of each component, (K, D, D)."""
    delta = X[:, None] - centres
    return np.einsum("nk,nkd,nke->kde", r, delta, delta)


def weighted_covariances(X, r, mu):
    """W_k / N_k."""
    return scatters(X, r, mu) / r.sum(axis=0)[:, None, None]


def m_step(
    X,
    r,
    *,
    weights=lambda X, r: r.mean(axis=0),
    means=lambda X, r: r.T @ X / r.sum(axis=0)[:, None],
    covariances=weighted_covariances,
):
    """Weights, means, covariances; these are about the means that are returned."""
    mu = means(X, r)
    return weights(X, r), mu, covariances(X, r, mu)


def em_step(X, *theta, **parts):
    """A right E step, then an M step."""
    return m_step(X, textbook.e_step(X, *theta), **parts)


def k_means_start(X, centres, **parts):
    """The parameters of the clusters of k-means."""
    return m_step(X, lloyd(X, centres), **parts)


# ---- Rows that lack features: a pattern of them at a time ---------------------------------------


def patterns(X):
    """The rows of each pattern (n,), what it has (o,) and what it lacks (m,)."""
    kinds, kind = np.unique(np.isnan(X), axis=0, return_inverse=True)
    for i, missing in enumerate(kinds):
        yield np.flatnonzero(kind.ravel() == i), np.flatnonzero(~missing), np.flatnonzero(missing)


def slope(Sigma, o, m):
    """Sigma_mo Sigma_oo^-1."""
    return Sigma[np.ix_(m, o)] @ np.linalg.inv(Sigma[np.ix_(o, o)])


def conditional_mean(
    X,
    mean,
    Sigma,
    *,
    slope=slope,
    offset=lambda mean, m: mean[m],
    known=lambda X, mean: X - mean,
):
    """X with what one Gaussian expects where it is nan, (N, D)."""
    completed = X.copy()
    for rows, o, m in patterns(X):
        delta = known(X[np.ix_(rows, o)], mean[o])
        completed[np.ix_(rows, m)] = offset(mean, m) + delta @ slope(Sigma, o, m).T
    return completed


def conditional_covariance(Sigma, o, m):
    """C, of what is missing."""
    return Sigma[np.ix_(m, m)] - slope(Sigma, o, m) @ Sigma[np.ix_(o, m)]


def observed_log_joint(X, pi, mu, Sigma, **parts):
    """The log joint of what each row has, (N, K)."""
    joint = np.empty((len(X), len(pi)))
    for rows, o, _ in patterns(X):
        block = Sigma[:, o][:, :, o]
        joint[rows] = log_joint(X[np.ix_(rows, o)], pi, mu[:, o], block, **parts)
    return joint


def covariances_of_rows(X, covariances, covariance):
    """C of each row for each component, with zeros for what is observed, (K, N, D, D)."""
    D = X.shape[1]
    C = np.zeros((len(covariances), len(X), D, D))
    for rows, o, m in patterns(X):
        for k, Sigma in enumerate(covariances):
            C[k][np.ix_(rows, m, m)] = covariance(Sigma, o, m)
    return C


def e_step_with_missing(
    X,
    weights,
    means,
    covariances,
    *,
    joint=observed_log_joint,
    shares=lambda joint: softmax(joint, axis=1),
    completed=conditional_mean,
    together=lambda r, x_hat: x_hat,
    counted=lambda X, r: r,
    covariance=conditional_covariance,
    spread=lambda r, C: np.einsum("nk,knde->kde", r, C),
):
    """Responsibilities, and the expected sums of x and of x x^T."""
    r = shares(joint(X, weights, means, covariances))
    x_hat = np.array([completed(X, *theta) for theta in zip(means, covariances, strict=True)])
    x_hat = together(r, x_hat)  # (K, N, D)
    C = covariances_of_rows(X, covariances, covariance)
    held = counted(X, r)
    sums = np.einsum("nk,knd->kd", held, x_hat)
    return r, sums, np.einsum("nk,knd,kne->kde", held, x_hat, x_hat) + spread(held, C)


# ---- Parameters that have a prior ----------------------------------------------------------------


def drawn(N, x, kappa, m):
    """Means of N points at x and of kappa points at m, (K, D)."""
    return (np.transpose(N * x.T) + kappa * m) / np.reshape(N + kappa, (-1, 1))


def squares(counts, delta):
    """counts delta delta^T of each component, (K, D, D)."""
    return np.einsum("k,kd,ke->kde", counts + np.zeros(len(delta)), delta, delta)


def map_m_step(
    X,
    r,
    m,
    kappa,
    scale,
    nu,
    alpha,
    *,
    weights=lambda s: s.N + s.alpha - 1,
    total=lambda s, n: n.sum(),
    means=lambda s: drawn(s.N, s.x, s.kappa, s.m),
    prior=lambda s: s.scale,
    scatter=lambda s: scatters(s.X, s.r, s.x),
    pull=lambda s: squares(s.N, s.x - s.mu) + squares(s.kappa, s.m - s.mu),
    count=lambda s: s.N + s.nu + s.D + 2,
    shape=lambda Sigma: Sigma,
):
    """Weights, means and covariances at the mode.

    A part is a function of ``s``: the arguments, N (K,), D, and the means without a prior, x
    (K, D), and with it, mu (K, D).
    """
    s = SimpleNamespace(X=X, r=r, m=m, kappa=kappa, scale=scale, nu=nu, alpha=alpha)
    s.N, s.D = r.sum(axis=0), X.shape[1]
    s.x = r.T @ X / s.N[:, None]
    s.mu = means(s)
    S = prior(s) + scatter(s) + pull(s)
    n = weights(s)
    return n / total(s, n), s.mu, shape(S / np.reshape(count(s), (-1, 1, 1)))


def posterior_counts(
    r,
    alpha_0,
    beta_0,
    nu_0,
    *,
    counts=lambda r: r.sum(axis=0),
    alpha=lambda alpha_0, N: alpha_0 + N,
    beta=lambda beta_0, N: beta_0 + N,
    nu=lambda nu_0, N: nu_0 + N,
):
    """The numbers of the posterior, (K,) each."""
    N = counts(r)
    return alpha(alpha_0, N), beta(beta_0, N), nu(nu_0, N)


def expected_log_weights(alpha, *, each=digamma, whole=lambda alpha: digamma(alpha.sum())):
    """E[log pi], (K,)."""
    return each(alpha) - whole(alpha)


def expected_log_det(
    nu,
    W,
    *,
    numbers=lambda D: np.arange(1, D + 1),
    argument=lambda nu, i, D: (nu + 1 - i) / 2,
    psi=digamma,
    twos=lambda D: D * np.log(2),
    volume=lambda W: np.linalg.slogdet(W)[1],
):
    """E[log |Lambda_k|], (K,)."""
    D = W.shape[-1]
    terms = psi(argument(nu[:, None], numbers(D), D))  # (K, D)
    return terms.sum(axis=1) + twos(D) + volume(W)


# ---- BIC -----------------------------------------------------------------------------------------


def bic(
    log_likelihood,
    N,
    K,
    D,
    *,
    weights=lambda K: K - 1,
    means=lambda K, D: K * D,
    covariance=lambda D: D * (D + 1) / 2,
    price=np.log,
    fit=-2,
):
    """Schwarz's criterion; smaller is better."""
    d = weights(K) + means(K, D) + K * covariance(D)
    return fit * log_likelihood + d * price(N)
