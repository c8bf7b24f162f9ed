"""Right functions with parts that can be swapped, so that they can go wrong.

Each keyword is one part of the function, and a mistake of the catalogue swaps one part or two.
As they stand they give the answers of :mod:`numpy_ml_gmm.textbook`, of ``k_means``, of
``missing_values``, of ``priors`` and of ``sums``.
"""

from types import SimpleNamespace

import numpy as np
from scipy.special import digamma, entr, logsumexp, softmax

from .k_means import lloyd

LOG_2PI = np.log(2 * np.pi)


def quadratic_form(delta, P):
    """delta^T P delta of each row and component, (N, K)."""
    return np.einsum("nkd,kde,nke->nk", delta, P, delta)


def log_det(C):
    """The log determinants of matrices."""
    return np.linalg.slogdet(C)[1]


def log_joint(
    X,
    weights,
    means,
    covariances,
    *,
    log_weights=np.log,
    delta=lambda X, means: X[:, None] - means,
    covariance=lambda Sigma: Sigma,
    precision=np.linalg.inv,
    form=quadratic_form,
    quadratic=-0.5,
    log_det=log_det,
    volume=-0.5,
    constant=lambda D, K: -0.5 * D * LOG_2PI,
    joint=lambda ell: ell,
):
    """log pi_k N(x_n | mu_k, Sigma_k), (N, K)."""
    Sigma = covariance(covariances)  # (K, D, D)
    squares = form(delta(X, means), precision(Sigma))
    offset = volume * log_det(Sigma) + constant(X.shape[1], len(weights))
    return joint(log_weights(weights) + offset + quadratic * squares)


def e_step(
    X,
    weights,
    means,
    covariances,
    *,
    shares=lambda ell: softmax(ell, axis=1),
    after=lambda r, weights: r,
    **parts,
):
    """Responsibilities (N, K)."""
    return after(shares(log_joint(X, weights, means, covariances, **parts)), weights)


def log_likelihood(
    X,
    *theta,
    point=lambda ell: logsumexp(ell, axis=1),
    total=np.sum,
    end=lambda answer, D: answer,
    **parts,
):
    """The sum over points."""
    log_p = np.atleast_1d(point(log_joint(X, *theta, **parts)))
    return end(total(log_p), X.shape[1])


def elbo(
    X,
    q,
    weights,
    means,
    covariances,
    *,
    guess=lambda q, ell: q,
    energy=lambda q, ell: (q * ell).sum(),
    entropy=lambda q, ell, pi: entr(q).sum(),
    times_energy=lambda N: 1.0,
    times_entropy=lambda N: 1.0,
    end=lambda answer, N: answer,
    **parts,
):
    """Q and the entropy of q."""
    ell = log_joint(X, weights, means, covariances, **parts)
    q = guess(q, ell)
    Q = times_energy(len(X)) * energy(q, ell)
    return end(Q + times_entropy(len(X)) * entropy(q, ell, weights), len(X))


def scatters(X, r, centres):
    """Sum of r (x - c)(x - c)^T about the centre of each component, (K, D, D)."""
    delta = X[:, None] - centres
    return np.einsum("nk,nkd,nke->kde", r, delta, delta)


def m_step(
    X,
    r,
    *,
    held=lambda r: r,
    weights=lambda X, r: r.mean(axis=0),
    means=lambda X, r: r.T @ X / r.sum(axis=0)[:, None],
    weigh=lambda r: r,
    centre=lambda X, mu: mu,
    scatter=scatters,
    count=lambda X, r: r.sum(axis=0),
    shape=lambda Sigma, X, r: Sigma,
):
    """Weights, means, covariances; these are about the means that are returned."""
    r = held(r)
    mu = means(X, r)
    S = scatter(X, weigh(r), centre(X, mu))
    return weights(X, r), mu, shape(S / np.reshape(count(X, r), (-1, 1, 1)), X, r)


IN_M = {"held", "weights", "means", "weigh", "centre", "scatter", "count", "shape"}


def em_step(X, *theta, written=lambda new, old: new, **parts):
    """An E step, then an M step."""
    of_m_step = {name: parts.pop(name) for name in IN_M & parts.keys()}
    return written(m_step(X, e_step(X, *theta, **parts), **of_m_step), theta)


def k_means_start(X, centres, *, clusters=lloyd, **parts):
    """The parameters of the clusters of k-means."""
    return m_step(X, clusters(X, centres), **parts)


def seed_probabilities(
    X,
    centres,
    *,
    delta=lambda X, centres: X[:, None] - centres,
    distances=lambda delta: (delta**2).sum(axis=2),
    nearest=lambda d2: d2.min(axis=1),
    end=lambda near: near / near.sum(),
):
    """The probabilities of k-means++, (N,)."""
    return end(nearest(distances(delta(X, centres))))


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
    offset=lambda mean, m, o: mean[m],
    known=lambda X, mean: X - mean,
    times=1.0,
    end=lambda completed, X: completed,
):
    """X with what one Gaussian expects where it is nan, (N, D)."""
    completed = X.copy()
    for rows, o, m in patterns(X):
        delta = known(X[np.ix_(rows, o)], mean[o])
        completed[np.ix_(rows, m)] = offset(mean, m, o) + times * delta @ slope(Sigma, o, m).T
    return end(completed, X)


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
    everywhere=None,
    outer=lambda r, x_hat: np.einsum("nk,knd,kne->kde", r, x_hat, x_hat),
    first=lambda r, x_hat: np.einsum("nk,knd->kd", r, x_hat),
    last=lambda squares: squares,
):
    """Responsibilities, and the expected sums of x and of x x^T."""
    r = shares(joint(X, weights, means, covariances))
    x_hat = np.array([completed(X, *theta) for theta in zip(means, covariances, strict=True)])
    x_hat = together(r, x_hat)  # (K, N, D)
    held = counted(X, r)
    if everywhere:
        more = everywhere(held, X, covariances)
    else:
        more = spread(held, covariances_of_rows(X, covariances, covariance))
    return r, first(held, x_hat), last(outer(held, x_hat) + more)


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
    more=lambda s: 0.0,
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
    return n / total(s, n), s.mu, shape(S / np.reshape(count(s), (-1, 1, 1)) + more(s))


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


def expected_log_weights(
    alpha,
    *,
    each=digamma,
    total=np.sum,
    whole=digamma,
    minus=np.subtract,
    end=lambda answer: answer,
):
    """E[log pi], (K,)."""
    return end(minus(each(alpha), whole(total(alpha))))


def expected_log_det(
    nu,
    W,
    *,
    numbers=lambda D, K: np.arange(1, D + 1),
    argument=lambda nu, i, D: (nu + 1 - i) / 2,
    psi=digamma,
    gather=lambda terms: terms.sum(axis=1),
    twos=lambda D, K: D * np.log(2),
    volume=log_det,
):
    """E[log |Lambda_k|], (K,)."""
    K, D = W.shape[:2]
    terms = psi(argument(nu[:, None], numbers(D, K), D))  # (K, D)
    return gather(terms) + twos(D, K) + volume(W)


# ---- Sums that are not plain sums over points ---------------------------------------------------


def weighted_m_step(
    X,
    r,
    w,
    *,
    held=lambda r, w: w[:, None] * r,
    weights=lambda s: s.N,
    total=lambda s, n: s.w.sum(),
    means=lambda s: s.c.T @ s.X / s.N[:, None],
    weigh=lambda s: s.c,
    centre=lambda s: s.mu,
    scatter=scatters,
    count=lambda s: s.N,
    shape=lambda Sigma: Sigma,
):
    """Weights, means, covariances, where point n counts w[n] times.

    A part is a function of ``s``: the arguments, c = w r (N, K), N (K,) and the means mu (K, D).
    """
    s = SimpleNamespace(X=X, r=r, w=w, c=held(r, w))
    s.N = s.c.sum(axis=0)
    s.mu = means(s)
    S, n = scatter(X, weigh(s), centre(s)), weights(s)
    return n / total(s, n), s.mu, shape(S / np.reshape(count(s), (-1, 1, 1)))


def stream_step(
    X,
    r,
    old_counts,
    old_sums,
    xi,
    *,
    held=lambda r: r,
    keep=lambda xi, N: xi,
    take=lambda xi: 1.0,
    counts=lambda s: s.keep * s.n + s.take * s.b,
    sums=lambda s: s.keep * s.t + s.take * s.x,
    weights=lambda s: s.N,
    total=lambda s, n: n.sum(),
    means=lambda s: s.S / s.N[:, None],
    written=lambda s: (s.N, s.S),
):
    """Counts, sums, weights and means after a batch.

    A part is a function of ``s``: X, r and xi; the old counts n (K,) and sums t (K, D), those of
    the batch, b and x, and those of both, N and S.
    """
    s = SimpleNamespace(X=X, r=held(r), n=old_counts, t=old_sums, xi=xi)
    s.keep, s.take = keep(xi, len(X)), take(xi)
    s.b, s.x = s.r.sum(axis=0), s.r.T @ X
    s.N = counts(s)
    s.S = sums(s)
    n = weights(s)
    return *written(s), n / total(s, n), means(s)


def entropy_gain(
    r,
    i,
    j,
    *,
    held=lambda r: r,
    columns=lambda r, i, j: (r[:, i], r[:, j]),
    join=np.add,
    term=entr,
    before=lambda s: s.term(s.a) + s.term(s.b),
    after=lambda s: s.term(s.both),
    minus=np.subtract,
    total=lambda s, gain: np.sum(gain),
    end=lambda answer: answer,
):
    """By how much the entropy falls.

    A part is a function of ``s``: r, the two columns a and b, and both, what is put together.
    """
    s = SimpleNamespace(r=held(r), term=term)
    s.a, s.b = columns(s.r, i, j)
    s.both = join(s.a, s.b)
    return end(total(s, minus(before(s), after(s))))


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
    covariances=lambda K: K,
    price=lambda N, D, d: np.log(N),
    times=1.0,
    fit=lambda N: -2,
    end=lambda answer, N: answer,
):
    """Schwarz's criterion; smaller is better."""
    d = weights(K) + means(K, D) + covariances(K) * covariance(D)
    return end(fit(N) * log_likelihood + times * d * price(N, D, d), N)


# ---- Sampling: what the moments of a sample are close to -----------------------------------------


def moments(
    n,
    pi,
    mu,
    C,
    rng,
    *,
    weights=lambda pi: pi,
    means=lambda pi, mu: mu,
    covariances=lambda pi, C: C,
):
    """Frequencies, means and covariances of the points of each component."""
    return weights(pi), means(pi, mu), covariances(pi, C)
