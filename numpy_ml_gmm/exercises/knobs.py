"""Right functions with parts that can be swapped, so that they can go wrong.

Each keyword is one part of the function, and a mistake of the catalogue swaps one part or two.
As they stand they give the answers of :mod:`numpy_ml_gmm.textbook`.
"""

import numpy as np
from scipy.special import entr, logsumexp, softmax

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
