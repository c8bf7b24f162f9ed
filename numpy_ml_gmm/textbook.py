r"""EM for a mixture of Gaussians as it is derived, and nothing else.  Read this file first.

A point is made in two draws: a component z_n = k with probability pi_k, then x_n from the Gaussian
of that component.  We see the points and not the components, so their density is a sum over both:

.. math::

    p(X \mid \theta) = \prod_n \sum_k \pi_k \, \mathcal{N}(x_n \mid \mu_k, \Sigma_k), \qquad
    \theta = \{\pi_k, \mu_k, \Sigma_k\}

EM climbs this density.  The E step asks how probable each component is for each point under the
present theta; the M step takes the best theta for these probabilities; then again.

=========== =============== ========== ======================================================
symbol      in the code     shape      meaning
=========== =============== ========== ======================================================
X           ``X``           (N, D)     points
pi          ``weights``     (K,)       mixing weights, above 0, sum to 1
mu          ``means``       (K, D)     means
Sigma       ``covariances`` (K, D, D)  covariances, symmetric, with positive eigenvalues
ell         ``log_joint``   (N, K)     log joint, log pi_k N(x_n | mu_k, Sigma_k)
r           ``r``           (N, K)     responsibilities, p(z_n = k | x_n, theta)
q           ``q``           (N, K)     any probabilities of the components; rows sum to 1
N_k                         (K,)       expected number of points, the column sums of r
=========== =============== ========== ======================================================

Nothing is checked here and nothing is made fast.  :class:`numpy_ml_gmm.GMM` computes the same.
"""

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import logsumexp


def log_joint(
    X: np.ndarray, weights: np.ndarray, means: np.ndarray, covariances: np.ndarray
) -> np.ndarray:
    """log pi_k N(x_n | mu_k, Sigma_k), (N, K) (:eq:`log-joint`, :eq:`gaussian`).

    Examples
    --------
    At its mean the standard Gaussian leaves the constant, -log(2 pi) / 2:

    >>> log_joint(np.zeros((1, 1)), [1.0], np.zeros((1, 1)), np.ones((1, 1, 1)))
    array([[-0.91893853]])
    """
    N, D = X.shape
    ell = np.empty((N, len(weights)))  # (N, K)
    for k, (pi, mu, Sigma) in enumerate(zip(weights, means, covariances, strict=True)):
        L = np.linalg.cholesky(Sigma)  # Sigma = L L^T, so |Sigma| is the product of diag(L)^2
        u = solve_triangular(L, (X - mu).T, lower=True)  # (D, N), u^T u is the quadratic form
        log_det = 2 * np.log(np.diag(L)).sum()
        ell[:, k] = np.log(pi) - 0.5 * (D * np.log(2 * np.pi) + log_det + (u**2).sum(axis=0))
    return ell


def e_step(
    X: np.ndarray, weights: np.ndarray, means: np.ndarray, covariances: np.ndarray
) -> np.ndarray:
    """Responsibilities r by Bayes' rule, (N, K) (:eq:`e-step`).

    Examples
    --------
    Half-way between two equal Gaussians the weights alone decide:

    >>> e_step(np.zeros((1, 1)), [0.25, 0.75], np.array([[-1.0], [1.0]]), np.ones((2, 1, 1)))
    array([[0.25, 0.75]])
    """
    ell = log_joint(X, weights, means, covariances)
    log_p = logsumexp(ell, axis=1, keepdims=True)  # log p(x_n), (N, 1)
    return np.exp(ell - log_p)


def m_step(X: np.ndarray, r: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The weights, means and covariances that are best for r (:eq:`m-step`).

    Examples
    --------
    The point in the middle belongs half to each:

    >>> m_step(np.array([[0.0], [3.0], [6.0]]), np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]))
    (array([0.5, 0.5]), array([[1.], [5.]]), array([[[2.]], [[2.]]]))
    """
    N_k = r.sum(axis=0)  # (K,)
    pi = N_k / len(X)
    mu = r.T @ X / N_k[:, None]  # (K, D)
    delta = X[:, None] - mu  # (N, K, D), from the new means
    Sigma = np.einsum("nk,nkd,nke->kde", r, delta, delta) / N_k[:, None, None]  # (K, D, D)
    return pi, mu, Sigma


def em_step(
    X: np.ndarray, weights: np.ndarray, means: np.ndarray, covariances: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Better weights, means and covariances: the likelihood cannot fall (:eq:`ascent`).

    Examples
    --------
    >>> from numpy_ml_gmm import load_old_faithful
    >>> X = load_old_faithful().X
    >>> theta = [0.5, 0.5], X[:2], [np.cov(X.T)] * 2
    >>> for _ in range(50):
    ...     theta = em_step(X, *theta)
    >>> round(float(log_likelihood(X, *theta)), 2)
    -1130.26
    """
    r = e_step(X, weights, means, covariances)
    return m_step(X, r)


def log_likelihood(
    X: np.ndarray, weights: np.ndarray, means: np.ndarray, covariances: np.ndarray
) -> float:
    """log p(X | theta), the sum over points (:eq:`log-likelihood`).

    Examples
    --------
    The density of a point so far out is 0 in floating point.  Its logarithm is not:

    >>> standard = [1.0], np.zeros((1, 1)), np.ones((1, 1, 1))
    >>> round(float(log_likelihood(np.array([[1e3]]), *standard)), 2)
    -500000.92
    """
    ell = log_joint(X, weights, means, covariances)
    return logsumexp(ell, axis=1).sum()


def q_function(
    X: np.ndarray, r: np.ndarray, weights: np.ndarray, means: np.ndarray, covariances: np.ndarray
) -> float:
    """Q, the complete log-likelihood averaged over r (:eq:`q-function`).

    Examples
    --------
    Q is below the log-likelihood by the entropy of r, here log 2:

    >>> theta = [0.5, 0.5], np.array([[-1.0], [1.0]]), np.ones((2, 1, 1))
    >>> X, r = np.zeros((1, 1)), np.array([[0.5, 0.5]])
    >>> round(float(log_likelihood(X, *theta) - q_function(X, r, *theta)), 4)
    0.6931
    """
    ell = log_joint(X, weights, means, covariances)
    return (r * ell).sum()


def elbo(
    X: np.ndarray, q: np.ndarray, weights: np.ndarray, means: np.ndarray, covariances: np.ndarray
) -> float:
    """Q + H(q), below the log-likelihood for any q, equal to it at q = r (:eq:`elbo`).

    Examples
    --------
    >>> theta = [0.5, 0.5], np.array([[-1.0], [1.0]]), np.ones((2, 1, 1))
    >>> X, q = np.zeros((1, 1)), np.array([[0.9, 0.1]])
    >>> [round(float(bound), 3) for bound in (elbo(X, q, *theta), log_likelihood(X, *theta))]
    [-1.787, -1.419]
    """
    held = q[q > 0]  # q log q is 0 where q is 0
    H = -(held * np.log(held)).sum()
    return q_function(X, q, weights, means, covariances) + H


def bic(log_likelihood: float, N: float, K: int, D: int) -> float:
    """Schwarz's criterion; smaller is better (:eq:`bic`, :eq:`degrees-of-freedom`).

    Examples
    --------
    >>> round(float(bic(-1130.26, N=272, K=2, D=2)), 2)  # Old Faithful
    2322.18
    """
    d = (K - 1) + K * D + K * D * (D + 1) / 2  # weights, means, symmetric matrices
    return -2 * log_likelihood + d * np.log(N)


def sample(
    n: int,
    weights: np.ndarray,
    means: np.ndarray,
    covariances: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Points X (n, D) and their components z (n,), by the two draws of the model (:eq:`joint`).

    Examples
    --------
    >>> theta = [0.25, 0.75], np.array([[-1.0], [1.0]]), np.ones((2, 1, 1))
    >>> X, z = sample(10_000, *theta, np.random.default_rng(0))
    >>> [X[z == k].mean().round(1).item() for k in (0, 1)], (z == 1).mean().round(2).item()
    ([-1.0, 1.0], 0.75)
    """
    z = rng.choice(len(weights), size=n, p=weights)
    u = rng.normal(size=(n, means.shape[1]))
    L = np.linalg.cholesky(covariances)  # (K, D, D)
    X = means[z] + np.einsum("nde,ne->nd", L[z], u)  # L u has covariance L L^T = Sigma
    return X, z
