"""The variational mixture against exact evidences, scipy.stats, integrals and scikit-learn."""

import copy
import itertools
import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad, trapezoid
from scipy.special import betaln, digamma, gammaln, logsumexp, multigammaln
from scipy.stats import dirichlet, gamma, multivariate_normal, multivariate_t, t, wishart
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.mixture import BayesianGaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import check_estimator

from numpy_ml_gmm import GMM, BayesianGMM, ConvergenceWarning, load_iris, load_old_faithful
from numpy_ml_gmm import blocks as blocks_module
from numpy_ml_gmm.bayes import CONJUGATE, PRIORS, Prior, kl_dirichlet, kl_wishart, log_det_loss
from numpy_ml_gmm.blocks import Patterns, Rows
from numpy_ml_gmm.covariances import covariance_model
from numpy_ml_gmm.frames import Frame, Natural
from numpy_ml_gmm.missing import natural_of
from numpy_ml_gmm.statistics import add_up, given_responsibilities, statistics_of

TYPES = list(CONJUGATE.values())
IRIS, FAITHFUL = load_iris().X, load_old_faithful().X
BOTH = pytest.mark.parametrize("process", PRIORS)
EACH = pytest.mark.parametrize("kind", TYPES)
POSTERIOR = (
    *("weights_", "means_", "covariances_", "weight_concentration_", "mean_precision_"),
    *("degrees_of_freedom_", "mean_prior_", "covariance_prior_"),
)


# ---- Oracles ---------------------------------------------------------------------------------


def exact_log_weights(z, K, prior, process):
    """log p(z): the weights integrated out, by the Dirichlet's and the sticks' normalisers."""
    n = np.bincount(z, minlength=K)
    if process == "dirichlet_distribution":
        a = np.full(K, prior)
        top, bottom = (gammaln(b).sum() - gammaln(b.sum()) for b in (a + n, a))
        return top - bottom
    later = np.append(np.cumsum(n[::-1])[-2::-1], 0)
    return sum(betaln(1 + n[k], prior + later[k]) - betaln(1, prior) for k in range(K))


def exact_log_density(X, z, K, kind, beta0, m0, nu0, C0):
    """log p(X | z): means and precisions integrated out; the conjugate families by hand."""
    (N, D), groups = X.shape, [X[z == k] for k in range(K)]
    total, scatters = -N * D / 2 * np.log(2 * np.pi), []
    for x in groups:
        n = len(x)
        total += D / 2 * (np.log(beta0) - np.log(beta0 + n))
        centre = x.mean(axis=0) if n else m0
        d = centre - m0
        scatters.append((x - centre).T @ (x - centre) + beta0 * n / (beta0 + n) * np.outer(d, d))
    counts = [len(x) for x in groups]
    if kind in ("tied", "tied_diag", "tied_spherical"):
        scatters, counts = [sum(scatters)], [N]
    for S, n in zip(scatters, counts, strict=True):
        if kind in ("full", "tied"):
            total += log_z(nu0 + n, C0 + S) - log_z(nu0, C0)
        elif kind in ("diag", "tied_diag"):
            rates = C0 + np.diag(S), C0
            total += sum(log_gamma_z((nu0 + n) / 2, b / 2) for b in rates[0])
            total -= sum(log_gamma_z(nu0 / 2, b / 2) for b in rates[1])
        else:
            total += log_gamma_z(D * (nu0 + n) / 2, (D * C0 + np.trace(S)) / 2)
            total -= log_gamma_z(D * nu0 / 2, D * C0 / 2)
    return total


def log_z(nu, C):
    """Log normaliser of a Wishart distribution with W = C^-1."""
    D = len(C)
    return multigammaln(nu / 2, D) + nu * D / 2 * np.log(2) - nu / 2 * np.linalg.slogdet(C)[1]


def log_gamma_z(a, b):
    """Log normaliser of a gamma distribution with rate b."""
    return gammaln(a) - a * np.log(b)


def exact_evidence(X, K, kind, process, alpha0, *rest, log_priors=0.0):
    """log p(X): a sum over all K^N assignments."""
    terms = []
    for z in itertools.product(range(K), repeat=len(X)):
        z = np.array(z)
        known = np.broadcast_to(log_priors, (len(X), K))[np.arange(len(X)), z].sum()
        log_p = exact_log_weights(z, K, alpha0, process) + exact_log_density(X, z, K, kind, *rest)
        terms.append(known + log_p)
    return logsumexp(terms)


def scatter_for(kind, D, rng):
    """Some prior scatter in the shape of a covariance type."""
    A = rng.normal(size=(D, D))
    full = A @ A.T + np.eye(D)
    return {"full": full, "tied": full}.get(kind, full.diagonal() if "diag" in kind else full[0, 0])


def with_prior(K, kind, process, alpha0, beta0, m0, nu0, C0):
    """A model whose prior is set by hand: it needs no data."""
    model = BayesianGMM(K, covariance_type=kind, weight_concentration_prior_type=process)
    model.weight_concentration_prior_, model.mean_precision_prior_ = alpha0, beta0
    model.mean_prior_, model.degrees_of_freedom_prior_, model.covariance_prior_ = m0, nu0, C0
    return model


def climb(model, X, r, steps=30, **known):
    """Bounds after each step from responsibilities r, and the last q(theta)."""
    rows = Rows(X, patterns=Patterns.of(X), **known)
    frame = Frame.scaled(np.zeros(X.shape[1]), np.ones(X.shape[1]), model.covariance_model.diagonal)
    theta = model.maximise(statistics_of(rows, r, frame), model.covariance_model.minimise)
    bounds = []
    for _ in range(steps):
        x = model.expect(theta, rows)
        bounds.append(x.log_likelihood)
        theta = model.maximise(x, model.covariance_model.minimise)
    return np.array(bounds), theta


def random_prior(kind, D, seed):
    """alpha_0, beta_0, m_0, nu_0, W_0^-1."""
    rng = np.random.default_rng(seed)
    alpha0, beta0 = rng.uniform(0.2, 2.0, size=2)
    return alpha0, beta0, rng.normal(size=D), D - 0.5 + rng.random(), scatter_for(kind, D, rng)


def quiet(model, X, **known):
    """A fit that may stop at max_iter."""
    with np.testing.suppress_warnings() as ignored:
        ignored.filter(ConvergenceWarning)
        return model.fit(X, **known)


# ---- The bound -------------------------------------------------------------------------------


def test_the_exact_evidence_is_the_integral_of_the_likelihood():
    """The oracle itself, by quadrature over mu and the precision: two points, one component."""
    X, (_, b, m, nu, C) = np.array([[0.3], [1.1]]), random_prior("full", 1, 0)

    u, log_lam = np.linspace(-15, 15, 601), np.linspace(-40, 10, 4001)
    lam = np.exp(log_lam)[:, None]
    mu = (b * m[0] + X.sum()) / (b + 2) + u / np.sqrt(lam)
    exponent = ((X[:, :, None] - mu) ** 2).sum(axis=0) + b * (mu - m[0]) ** 2 + C[0, 0]
    # |d mu / d u| = lam^(-1/2), d lam = lam d log lam
    log_p = (3 + nu - 2 - 1) / 2 * np.log(lam) + np.log(lam) - lam * exponent / 2
    log_p += np.log(b) / 2 - 1.5 * np.log(2 * np.pi) - log_z(nu, C)
    found = trapezoid(trapezoid(np.exp(log_p), u, axis=1), log_lam)
    for kind in TYPES:
        C_kind = C if kind in ("full", "tied") else C[0] if "diag" in kind else C[0, 0]
        exact = exact_log_density(X, np.zeros(2, int), 1, kind, b, m, nu, C_kind)
        np.testing.assert_allclose(np.exp(exact), found, rtol=1e-5)


@BOTH
@EACH
@pytest.mark.parametrize("D", [1, 2, 3])
@pytest.mark.equation("evidence-bound", "kl-dirichlet", "kl-wishart")
def test_where_the_components_are_known_the_bound_is_the_evidence(kind, process, D):
    """Then the posterior has the form of q, and nothing is lost: all constants are seen."""
    K, prior = 3, random_prior(kind, D, D)
    X = np.random.default_rng(D).normal(size=(5, D)) * 2
    z = np.array([0, 1, 0, 2, 0])
    known = np.eye(K)[z]
    bounds, _ = climb(with_prior(K, kind, process, *prior), X, known, 2, priors=known)
    exact = exact_log_weights(z, K, prior[0], process)
    exact += exact_log_density(X, z, K, kind, *prior[1:])
    np.testing.assert_allclose(bounds, exact, rtol=1e-10)


@BOTH
@EACH
@pytest.mark.parametrize("N", [1, 2, 3])
@pytest.mark.parametrize("D", [1, 2])
@pytest.mark.equation("evidence-bound")
def test_the_bound_lies_below_the_evidence(kind, process, N, D):
    for seed in range(3):
        prior, rng = random_prior(kind, D, seed), np.random.default_rng(seed)
        X, r = rng.normal(size=(N, D)) * 3, rng.dirichlet(np.ones(3), size=N)
        bounds, _ = climb(with_prior(3, kind, process, *prior), X, r)
        exact = exact_evidence(X, 3, kind, process, *prior)
        assert (bounds <= exact + 1e-10).all()
        assert exact - bounds[-1] < 4  # a few nats: which component is which
        assert np.diff(bounds).min() > -1e-12


@BOTH
def test_the_bound_is_the_average_that_it_is_defined_as(process):
    """E_q[log p(X, Z, theta) - log q], by drawing from q with scipy.stats; p(X) from the same."""
    K, prior = 2, random_prior("full", 2, 5)
    alpha0, b, m0, nu0, C0 = prior
    X = np.random.default_rng(1).normal(size=(3, 2))
    model = with_prior(K, "full", process, *prior)
    bounds, _ = climb(model, X, np.full((3, K), [0.7, 0.3]), 1)
    start = statistics_of(Rows(X), np.full((3, K), [0.7, 0.3]), Frame.scaled(m0, np.ones(2), False))
    N, m, Sigma = model.maximise(start, model.covariance_model.minimise)
    M, rng = 40_000, np.random.default_rng(0)
    if process == PRIORS[0]:
        a, c = 1 + N, alpha0 + np.append(N[1:], 0)
        v = rng.beta(a, c, size=(M, K))
        weight = (gamma_ratio(a, c) + (a - 1) * np.log(v) + (c - 1) * np.log1p(-v)).sum(axis=1)
        weight -= (np.log(alpha0) + (alpha0 - 1) * np.log1p(-v)).sum(axis=1)
        log_pi = np.log(v) + np.cumsum(np.log1p(-v), axis=1) - np.log1p(-v)
    else:
        log_pi = np.log(rng.dirichlet(alpha0 + N, size=M))
        both = (dirichlet.logpdf(np.exp(log_pi).T, a) for a in (alpha0 + N, np.full(K, alpha0)))
        weight = np.subtract(*both)
    joint = np.repeat(log_pi[:, None], 3, axis=1)  # (M, 3, K)
    for k in range(K):
        nu, S = nu0 + N[k], np.linalg.inv(Sigma[k])  # E[Lambda] = nu W
        L = wishart.rvs(nu, S / nu, size=M, random_state=rng)
        root = np.linalg.cholesky(np.linalg.inv(L))
        mu = m[k] + (root @ rng.normal(size=(M, 2, 1)))[..., 0] / np.sqrt(b + N[k])
        logs = (wishart.logpdf(L.transpose(1, 2, 0), *a) for a in ((nu, S / nu), (nu0, inv(C0))))
        weight += np.subtract(*logs)
        weight += log_gaussian(mu - m[k], L * (b + N[k])) - log_gaussian(mu - m0, L * b)
        for n in range(3):
            joint[:, n, k] += log_gaussian(X[n] - mu, L)
    log_rho = joint.mean(axis=0)  # (3, K)
    per_draw = (np.exp(log_rho - logsumexp(log_rho, 1)[:, None]) * joint).sum(axis=(1, 2)) - weight
    r = np.exp(log_rho - logsumexp(log_rho, 1)[:, None])
    found = per_draw.mean() - (r * np.log(r)).sum()
    assert abs(found - bounds[0]) < 4 * per_draw.std() / np.sqrt(M)
    evidence = logsumexp(logsumexp(joint, axis=2).sum(axis=1) - weight) - np.log(M)
    exact = exact_evidence(X, K, "full", process, *prior)
    assert abs(evidence - exact) < 0.1 and bounds[0] < exact


inv = np.linalg.inv


def gamma_ratio(a, c):
    """Log of the constant of a Beta distribution."""
    return gammaln(a + c) - gammaln(a) - gammaln(c)


def log_gaussian(delta, L):
    """Log density at delta (M, D) of precisions L (M, D, D)."""
    energy = np.einsum("mi,mij,mj->m", delta, L, delta)
    return (np.linalg.slogdet(L)[1] - energy - delta.shape[1] * np.log(2 * np.pi)) / 2


def clusters(seed, N=120, D=3, K=4):
    rng = np.random.default_rng(seed)
    z = rng.integers(K, size=N)
    return rng.normal(scale=3, size=(K, D))[z] + rng.normal(size=(N, D)) * rng.uniform(0.2, 2, D)


SETS = {
    "iris": IRIS,
    "faithful": FAITHFUL,
    "clusters": clusters(0),
    "few": clusters(1, N=12, D=5),
    "line": np.random.default_rng(0).standard_t(2, size=(80, 1)),
    "far": clusters(2) * [1e-3, 1, 1e4] + [0, 1e6, -1e7],
    "heavy": np.random.default_rng(3).standard_cauchy(size=(60, 2)),
}


@BOTH
@EACH
@pytest.mark.parametrize("name", SETS)
@pytest.mark.equation("evidence-bound")
def test_the_bound_never_falls(kind, process, name):
    X = SETS[name]
    for seed, concentration in ((0, None), (1, 1e-3), (2, 50.0)):
        r = np.random.default_rng(seed).dirichlet(np.ones(6), size=len(X))
        model = BayesianGMM(
            6,
            covariance_type=kind,
            weight_concentration_prior_type=process,
            weight_concentration_prior=concentration,
            init_params=r,
            tol=0,
            max_iter=80,
        ).fit(X)
        history = np.array(model.history_[0])
        assert np.diff(history).min() > -1e-11 * abs(history).max()
        assert model.lower_bound_ == history[-1]


@BOTH
@EACH
def test_at_the_end_no_direction_improves_the_bound(kind, process):
    model = BayesianGMM(
        3,
        covariance_type=kind,
        weight_concentration_prior_type=process,
        weight_concentration_prior=1.0,
        init_params=load_iris().target,
        tol=0,
        max_iter=600,
    ).fit(IRIS)
    N, m = model.mean_precision_ - model.mean_precision_prior_, model.means_
    theta, rows = model.theta._replace(weights=N), Rows(IRIS)
    best = model.expect(theta, rows).log_likelihood
    rng = np.random.default_rng(0)
    for size in (1e-2, 1e-3):
        for _ in range(10):
            moved = theta._replace(
                weights=N * np.exp(size * rng.normal(size=3)),
                means=m + size * rng.normal(size=m.shape),
            )
            assert model.expect(moved, rows).log_likelihood < best
            wide = model.covariance_model.expand(model.covariances_ * np.exp(size), 3, 4)
            narrow = model.covariance_model.expand(model.covariances_ * np.exp(-size), 3, 4)
            for Sigma in (wide, narrow):
                assert model.expect(theta._replace(covariances=Sigma), rows).log_likelihood < best


# ---- scikit-learn ----------------------------------------------------------------------------


def scikit_learns(X, r, process, steps, kind="full", **prior):
    """Theirs after some steps from responsibilities r."""

    class Started(BayesianGaussianMixture):
        def _initialize_parameters(self, X, *args, **kwargs):
            self._initialize(X, r)

    model = Started(
        n_components=r.shape[1],
        covariance_type=kind,
        weight_concentration_prior_type=process,
        reg_covar=0,
        tol=0,
        max_iter=steps,
        **prior,
    )
    with pytest.warns(Warning, match="did not converge"):
        return model.fit(X)


def ours(X, r, process, steps, kind="full", **prior):
    return BayesianGMM(
        r.shape[1],
        covariance_type=kind,
        weight_concentration_prior_type=process,
        var_smoothing=0,
        init_params=r,
        tol=0,
        max_iter=steps,
        **prior,
    ).fit(X)


PRIORS_GIVEN = [
    {},
    {"weight_concentration_prior": 1e-3, "mean_precision_prior": 0.1},
    {
        "weight_concentration_prior": 100.0,
        "degrees_of_freedom_prior": 9.5,
        "mean_prior": [5.0, 3.0, 4.0, 1.0],
        "covariance_prior": np.diag([0.2, 0.3, 0.4, 0.5]) + 0.1,
    },
]


@BOTH
@pytest.mark.parametrize("steps", [1, 2, 20, 100])
@pytest.mark.parametrize("prior", PRIORS_GIVEN)
@pytest.mark.equation("posterior-means", "posterior-counts", "posterior-sticks", "log-factors")
def test_full_covariances_are_scikit_learns_after_every_step(process, steps, prior):
    r = np.random.default_rng(steps).dirichlet(np.ones(5), size=len(IRIS))
    theirs, mine = (fit(IRIS, r, process, steps, **prior) for fit in (scikit_learns, ours))
    for name in POSTERIOR:
        np.testing.assert_allclose(getattr(mine, name), getattr(theirs, name), rtol=1e-9, atol=1e-9)
    for method in ("predict_proba", "score_samples", "predict", "score"):
        a, b = (getattr(model, method)(IRIS) for model in (mine, theirs))
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


@BOTH
@pytest.mark.parametrize("kind", ["diag", "spherical", "tied"])
def test_the_other_types_differ_from_scikit_learn_as_the_chapter_says(process, kind):
    """diag and spherical: one M step is theirs.  tied: theirs knows N / K points."""
    r = np.random.default_rng(0).dirichlet(np.ones(3), size=len(IRIS))
    theirs, mine = scikit_learns(IRIS, r, process, 1, kind), ours(IRIS, r, process, 0, kind)
    begun = BayesianGaussianMixture(
        n_components=3, covariance_type=kind, weight_concentration_prior_type=process, reg_covar=0
    )
    begun._check_parameters(IRIS)
    begun._initialize(IRIS, r)
    for name in ("means_", "weight_concentration_", "mean_precision_", "covariance_prior_"):
        np.testing.assert_allclose(getattr(mine, name), getattr(begun, name), rtol=1e-12)
    if kind == "tied":
        assert begun.degrees_of_freedom_ == pytest.approx(4 + 150 / 3)
        assert mine.degrees_of_freedom_ == pytest.approx(4 + 150)
    else:
        np.testing.assert_allclose(mine.covariances_, begun.covariances_, rtol=1e-12)
        np.testing.assert_allclose(mine.degrees_of_freedom_, begun.degrees_of_freedom_)
    assert not np.allclose(theirs.predict_proba(IRIS), mine.predict_proba(IRIS), atol=1e-3)


# ---- Expectations ----------------------------------------------------------------------------


@pytest.mark.equation("expected-log-weight", "expected-log-stick")
@BOTH
def test_expected_log_weights_are_averages_over_draws(process):
    prior = Prior(covariance_model("full"), process == PRIORS[0], 0.7, 1.0, np.zeros(1), 1.0, 1.0)
    alpha = prior.concentrations(np.array([3.0, 0.5, 6.0, 2.0]))
    rng = np.random.default_rng(0)
    if prior.process:
        v = rng.beta(*alpha.T, size=(400_000, 4))
        pi = v * np.cumprod(1 - v, axis=1) / (1 - v)
        wanted = pi.mean(axis=0) / pi.mean(axis=0).sum()
    else:
        pi = rng.dirichlet(alpha, size=400_000)
        wanted = pi.mean(axis=0)
    logs = np.log(pi)
    error = logs.std(axis=0) / np.sqrt(len(pi))
    assert (abs(prior.log_weights(alpha) - logs.mean(axis=0)) < 4 * error).all()
    np.testing.assert_allclose(prior.weights(alpha), wanted, atol=2e-3)


@pytest.mark.equation("expected-log-det")
def test_the_expected_log_determinant_is_an_average_over_draws():
    A = np.random.default_rng(0).normal(size=(3, 3))
    W, nu = A @ A.T + np.eye(3), 4.5
    draws = np.linalg.slogdet(wishart.rvs(nu, W, size=100_000, random_state=1))[1]
    wanted = draws.mean() - np.linalg.slogdet(nu * W)[1]
    assert abs(log_det_loss(nu, 3) - wanted) < 4 * draws.std() / np.sqrt(len(draws))
    one = gamma(nu / 2, scale=2 * W[0, 0]).expect(np.log) - np.log(nu * W[0, 0])
    np.testing.assert_allclose(log_det_loss(nu, 1), one, rtol=1e-8)


@pytest.mark.equation("kl-dirichlet")
def test_divergence_of_dirichlet_distributions_is_an_integral():
    a, b = np.array([2.5, 1.2]), np.array([0.8, 3.0])

    def integrand(x):
        logs = (dirichlet.logpdf([x, 1 - x], c) for c in (a, b))
        log_q, log_p = logs
        return np.exp(log_q) * (log_q - log_p)

    np.testing.assert_allclose(kl_dirichlet(a, b), quad(integrand, 0, 1)[0], rtol=1e-6)
    np.testing.assert_allclose(kl_dirichlet(a, a), 0, atol=1e-14)


@pytest.mark.equation("kl-wishart")
def test_divergence_of_wishart_distributions_is_an_integral():
    nu, nu0, W, W0 = 5.5, 2.5, 0.3, 1.7

    def integrand(x):
        q, p = wishart.logpdf(x, nu, W), wishart.logpdf(x, nu0, W0)
        return np.exp(q) * (q - p)

    trace = nu * W / W0
    found = kl_wishart(np.array(nu), nu0, 1, trace, np.log(trace))
    np.testing.assert_allclose(found, quad(integrand, 0, 60)[0], rtol=1e-6)
    S0, S = wishart.rvs(6, np.eye(3), size=2, random_state=0)
    draws = wishart.rvs(7.5, S, size=100_000, random_state=1).transpose(1, 2, 0)
    logs = wishart.logpdf(draws, 7.5, S) - wishart.logpdf(draws, 4.2, S0)
    E = 7.5 * np.linalg.inv(S0) @ S
    found = kl_wishart(np.array(7.5), 4.2, 3, np.trace(E), np.linalg.slogdet(E)[1])
    assert abs(found - logs.mean()) < 4 * logs.std() / np.sqrt(100_000)


@EACH
@BOTH
@pytest.mark.equation("expected-log-joint", "log-factors")
def test_the_log_joint_is_the_average_over_the_posterior(kind, process):
    """Average over q(theta) drawn with scipy.stats, for each component and some points."""
    X = IRIS[::30, :2]
    model = BayesianGMM(
        2, covariance_type=kind, weight_concentration_prior_type=process, random_state=0, n_init=1
    ).fit(IRIS[:, :2])
    K, D, M, rng = 2, 2, 60_000, np.random.default_rng(0)
    alpha, nu = model.weight_concentration_, np.broadcast_to(model.degrees_of_freedom_, K)
    for k, Sigma in enumerate(model.theta.covariances):
        if process == PRIORS[0]:
            v = rng.beta(alpha[0], alpha[1], size=(M, K))
            log_pi = np.log(v[:, k]) + np.log1p(-v[:, :k]).sum(axis=1)
        else:
            log_pi = np.log(rng.dirichlet(alpha, size=M)[:, k])
        L = draw_precisions(kind, nu[k], Sigma, M, rng)
        root = np.linalg.cholesky(np.linalg.inv(L))
        mu = model.means_[k] + (root @ rng.normal(size=(M, D, 1)))[..., 0] / np.sqrt(
            model.mean_precision_[k]
        )
        for x, found in zip(X, model.log_joint(X)[:, k], strict=True):
            draws = log_pi + log_gaussian(x - mu, L)
            assert abs(found - draws.mean()) < 4.5 * draws.std() / np.sqrt(M)


def draw_precisions(kind, nu, Sigma, M, rng):
    """Precisions (M, D, D) of one component."""
    D = len(Sigma)
    if kind in ("full", "tied"):
        return wishart.rvs(nu, np.linalg.inv(Sigma) / nu, size=M, random_state=rng)
    if "diag" in kind:
        lam = rng.gamma(nu / 2, 2 / (nu * Sigma), size=(M, D))
    else:
        lam = np.repeat(rng.gamma(D * nu / 2, 2 / (D * nu * Sigma[0]), size=(M, 1)), D, axis=1)
    return lam[:, :, None] * np.eye(D)
