"""The numbered equations of the documentation, with both sides worked out independently.

Those of chains of classes are in test_modules.py, those of Fisher vectors in test_fisher.py.

The left side of an equation and its right side are computed by different means:
brute force over all K^N assignments, finite differences, numerical integration,
scipy.stats.  Where the package has a method for it, the method must agree too.
"""

import sys
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from problems import log_joint, log_likelihood, moments, slow_moments
from scipy.integrate import dblquad, quad
from scipy.optimize import approx_fprime, minimize
from scipy.special import entr, logsumexp, rel_entr, softmax
from scipy.stats import multivariate_normal, norm, ortho_group

from numpy_ml_gmm import GMM, load_old_faithful
from numpy_ml_gmm.blocks import Patterns, Rows
from numpy_ml_gmm.covariances import MODELS, covariance_model
from numpy_ml_gmm.em import gain_to_come
from numpy_ml_gmm.frames import Frame, mixture_moments, natural_parameters
from numpy_ml_gmm.frames import features as features_in
from numpy_ml_gmm.missing import NaturalOfPatterns
from numpy_ml_gmm.statistics import statistics_of

ROOT = Path(__file__).parents[1]
close = pytest.approx


# ---- The binding itself -------------------------------------------------------------------


@pytest.fixture
def bindings(monkeypatch):
    """The module that collects labels, citations and marks."""
    monkeypatch.setattr(sys, "path", [str(ROOT / "docs" / "_ext"), *sys.path])
    return pytest.importorskip("bindings")


def test_every_labelled_equation_has_a_test(bindings):
    assert bindings.labels().keys() - bindings.tests().keys() == set()


def test_every_cited_or_tested_label_exists(bindings):
    known = bindings.labels().keys()
    assert bindings.citations().keys() - known == set()
    assert bindings.tests().keys() - known == set()


def test_a_label_without_a_test_and_a_citation_without_a_label_are_seen(bindings, tmp_path):
    (tmp_path / "page.md").write_text("```{math}\n:label: lonely\nx = y\n```\n")
    (tmp_path / "module.py").write_text('def f():\n    """See :eq:`nowhere` (:eq:`T <two>`)."""\n')
    (tmp_path / "test_it.py").write_text('@pytest.mark.equation("one")\ndef test_it(): pass\n')
    assert list(bindings.labels(tmp_path)) == ["lonely"]
    assert list(bindings.tests(tmp_path)) == ["one"]
    assert sorted(bindings.citations(tmp_path)) == ["nowhere", "two"]


# ---- Small problems, and densities that share no code with the package ----------------------


def problem(N=5, K=3, D=2, seed=0):
    """Points, and a mixture that overlaps on them."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(K, D, D))
    return SimpleNamespace(
        X=2 * rng.normal(size=(N, D)),
        pi=rng.dirichlet(np.full(K, 3.0)),
        mu=2 * rng.normal(size=(K, D)),
        Sigma=A @ A.transpose(0, 2, 1) + 0.5 * np.eye(D),
        q=rng.dirichlet(np.ones(K), size=N),
        rng=rng,
    )


def model_of(p, **params):
    return GMM.from_parameters(p.pi, p.mu, p.Sigma, var_smoothing=0, **params)


def joint_of(p):
    return log_joint(p.X, p.pi, p.mu, p.Sigma)


def assignments(p):
    """All K^N of them."""
    return list(product(range(len(p.pi)), repeat=len(p.X)))


def log_p_ZX(joint, Z):
    return sum(joint[n, k] for n, k in enumerate(Z))


def slope(f, x):
    """Gradient by central differences."""
    x = np.asarray(x, float)
    return np.array([(f(x + h) - f(x - h)) / 2e-5 for h in 1e-5 * np.eye(len(x))])


def curvature(f, x, h=1e-3):
    """Hessian by central differences."""
    E = h * np.eye(len(x))
    return np.array(
        [
            [(f(x + a + b) - f(x + a - b) - f(x - a + b) + f(x - a - b)) / (4 * h * h) for b in E]
            for a in E
        ]
    )


# ---- The model -------------------------------------------------------------------------------


@pytest.mark.equation("gaussian")
def test_the_gaussian_integrates_to_one_and_is_scipys():
    p = problem()
    mu, Sigma = p.mu[0], p.Sigma[0]

    def log_N(x):
        delta = x - mu
        quadratic = delta @ np.linalg.inv(Sigma) @ delta
        return -(2 * np.log(2 * np.pi) + np.log(np.linalg.det(Sigma)) + quadratic) / 2

    total, _ = dblquad(lambda a, b: np.exp(log_N(np.array([a, b]))), -20, 20, -20, 20, epsabs=1e-6)
    assert total == close(1, abs=1e-4)
    assert log_N(p.X[0]) == close(multivariate_normal.logpdf(p.X[0], mu, Sigma))
    ours = GMM.from_parameters([1.0], [mu], [Sigma]).score_samples(p.X)
    np.testing.assert_allclose(ours, [log_N(x) for x in p.X])


@pytest.mark.equation("joint")
def test_the_joint_is_the_product_of_both_draws():
    p = problem()
    for Z in assignments(p)[::17]:
        draws = [
            p.pi[k] * multivariate_normal.pdf(x, p.mu[k], p.Sigma[k])
            for x, k in zip(p.X, Z, strict=True)
        ]
        powers = [
            (p.pi[k] * multivariate_normal.pdf(x, p.mu[k], p.Sigma[k])) ** (z == k)
            for x, z in zip(p.X, Z, strict=True)
            for k in range(3)
        ]
        assert np.prod(powers) == close(np.prod(draws))
        assert model_of(p).complete_log_likelihood(p.X, Z) == close(np.log(np.prod(draws)))


@pytest.mark.equation("log-joint")
def test_the_log_joint_is_log_weight_plus_log_density():
    p = problem()
    by_definition = [
        [np.log(p.pi[k] * multivariate_normal.pdf(x, p.mu[k], p.Sigma[k])) for k in range(3)]
        for x in p.X
    ]
    np.testing.assert_allclose(joint_of(p), by_definition)
    np.testing.assert_allclose(model_of(p).log_joint(p.X), by_definition)


@pytest.mark.equation("complete-log-likelihood")
def test_the_indicators_pick_one_entry_of_each_row():
    p = problem()
    joint = joint_of(p)
    for Z in assignments(p)[::31]:
        with_indicators = (np.eye(3)[list(Z)] * joint).sum()
        assert with_indicators == close(log_p_ZX(joint, Z))
        assert model_of(p).complete_log_likelihood(p.X, Z) == close(with_indicators)


@pytest.mark.equation("mixture-moments")
def test_mean_and_covariance_of_the_mixture_by_integration():
    pi, mu, variance = [0.3, 0.7], np.array([-1.0, 2.0]), np.array([0.5, 2.0])

    def moment(power, centre=0.0):
        def f(x):
            return (x - centre) ** power * np.sum(pi * norm.pdf(x, mu, np.sqrt(variance)))

        return quad(f, -30, 30, points=[-1, 2], limit=200)[0]

    mean = pi @ mu
    assert mean == close(moment(1))
    assert pi @ variance + pi @ (mu - mean) ** 2 == close(moment(2, mean))
    for shape in ((2, 1), (2, 1, 1)):  # variances, or matrices
        ours = mixture_moments(np.array(pi), mu[:, None], variance.reshape(shape))
        assert [ours[0].item(), ours[1].item()] == close([moment(1), moment(2, mean)])


def test_mean_and_covariance_of_the_mixture_are_those_of_its_points():
    p = problem(D=3)
    points = p.mu[:, None] + np.sqrt(3) * np.concatenate(  # 2 D of them have each covariance
        [sign * np.swapaxes(np.linalg.cholesky(p.Sigma), 1, 2) for sign in (1, -1)], axis=1
    )
    x, w = points.reshape(-1, 3), np.repeat(p.pi / 6, 6)
    mean, covariance = mixture_moments(p.pi, p.mu, p.Sigma)
    np.testing.assert_allclose(mean, w @ x)
    np.testing.assert_allclose(covariance, np.cov(x.T, aweights=w, ddof=0))
    variances = mixture_moments(p.pi, p.mu, np.diagonal(p.Sigma, axis1=1, axis2=2))[1]
    np.testing.assert_allclose(variances, covariance.diagonal())


# ---- The likelihood --------------------------------------------------------------------------


@pytest.mark.equation("sum-product")
def test_the_sum_over_all_assignments_is_a_product_of_sums():
    p = problem()
    joint = joint_of(p)
    over_assignments = sum(np.exp(log_p_ZX(joint, Z)) for Z in assignments(p))
    assert over_assignments == close(np.exp(joint).sum(axis=1).prod())


@pytest.mark.equation("log-likelihood")
def test_the_log_likelihood_is_the_log_of_the_sum_over_all_assignments():
    p = problem()
    joint = joint_of(p)
    over_assignments = logsumexp([log_p_ZX(joint, Z) for Z in assignments(p)])
    assert log_likelihood(p.X, p.pi, p.mu, p.Sigma) == close(over_assignments)
    assert model_of(p).log_likelihood(p.X) == close(over_assignments)


@pytest.mark.equation("gradient-mean")
def test_the_gradient_in_a_mean_by_differences():
    p = problem()
    r = softmax(joint_of(p), axis=1)
    for k in range(3):

        def f(m, k=k):
            return log_likelihood(p.X, p.pi, np.where(np.arange(3)[:, None] == k, m, p.mu), p.Sigma)

        formula = r[:, k] @ (p.X - p.mu[k]) @ np.linalg.inv(p.Sigma[k])
        np.testing.assert_allclose(slope(f, p.mu[k]), formula, rtol=1e-6)


# ---- EM --------------------------------------------------------------------------------------


@pytest.mark.equation("posterior")
def test_the_posterior_over_assignments_factorises():
    p = problem()
    joint, Zs = joint_of(p), assignments(p)
    r = np.exp(joint) / np.exp(joint).sum(axis=1, keepdims=True)
    weights = np.array([np.exp(log_p_ZX(joint, Z)) for Z in Zs])
    products = [np.prod([r[n, k] for n, k in enumerate(Z)]) for Z in Zs]
    np.testing.assert_allclose(weights / weights.sum(), products)
    r = model_of(p).predict_proba(p.X)
    products = [np.prod([r[n, k] for n, k in enumerate(Z)]) for Z in Zs]
    np.testing.assert_allclose(weights / weights.sum(), products)


@pytest.mark.equation("e-step")
def test_responsibilities_are_the_marginals_of_the_posterior():
    p = problem()
    joint, Zs = joint_of(p), assignments(p)
    weights = np.array([np.exp(log_p_ZX(joint, Z)) for Z in Zs])
    hits = np.array([np.eye(3)[list(Z)] for Z in Zs])  # (K^N, N, K)
    marginals = np.einsum("z,znk->nk", weights / weights.sum(), hits)
    bayes = np.exp(joint) / np.exp(joint).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(bayes, marginals)
    np.testing.assert_allclose(model_of(p).predict_proba(p.X), marginals)
    np.testing.assert_allclose(model_of(p).e_step(p.X).counts, marginals.sum(axis=0))


def two_mixtures():
    """Points, present parameters, and others."""
    return problem(seed=1), problem(seed=2)


@pytest.mark.equation("q-definition")
def test_q_as_an_average_over_all_assignments():
    old, new = two_mixtures()
    joint, free = joint_of(old), log_joint(old.X, new.pi, new.mu, new.Sigma)
    Zs = assignments(old)
    posterior = softmax([log_p_ZX(joint, Z) for Z in Zs])
    average = posterior @ [log_p_ZX(free, Z) for Z in Zs]
    rng = np.random.default_rng(0)  # drawing assignments comes close to it
    draws = rng.choice(len(Zs), size=40_000, p=posterior)
    values = np.array([log_p_ZX(free, Z) for Z in Zs])[draws]
    assert values.mean() == close(average, abs=5 * values.std() / 200)
    assert model_of(new).q_function(old.X, softmax(joint, axis=1)) == close(average)


@pytest.mark.equation("q-function")
def test_q_shrinks_to_a_sum_over_points_and_components():
    old, new = two_mixtures()
    joint, free = joint_of(old), log_joint(old.X, new.pi, new.mu, new.Sigma)
    Zs = assignments(old)
    average = softmax([log_p_ZX(joint, Z) for Z in Zs]) @ [log_p_ZX(free, Z) for Z in Zs]
    assert (softmax(joint, axis=1) * free).sum() == close(average)
    assert model_of(new).q_function(old.X, softmax(joint, axis=1)) == close(average)


def q_of(r, X, pi, mu, Sigma):
    return (r * log_joint(X, pi, mu, Sigma)).sum()


def statistics_from(p):
    """What the package sums over the points, for the responsibilities q."""
    return statistics_of(Rows(p.X), p.q, Frame.scaled(p.X[0], np.full(2, 3.0), diagonal=False))


def step_from(p):
    """The package's M step for them."""
    return GMM.maximise(statistics_from(p), covariance_model("full").minimise)


@pytest.mark.equation("m-step-weights")
def test_no_weights_are_better():
    p = problem(N=8)
    N_k = p.q.sum(axis=0)

    def loss(free):
        return -N_k @ np.log(softmax(np.append(free, 0)))

    best = minimize(loss, np.zeros(2), tol=1e-12).x
    np.testing.assert_allclose(N_k / 8, softmax(np.append(best, 0)), atol=1e-5)
    np.testing.assert_allclose(step_from(p).weights, N_k / 8)


@pytest.mark.equation("m-step-means")
def test_the_slope_of_q_in_the_means_is_zero():
    p = problem(N=8)
    _, mu, _ = slow_moments(p.X, p.q)

    def f(m):
        return q_of(p.q, p.X, p.pi, m.reshape(3, 2), p.Sigma)

    assert np.abs(slope(f, mu.ravel())).max() < 1e-7
    np.testing.assert_allclose(step_from(p).means, mu)


@pytest.mark.equation("derivative-log-det")
def test_the_derivative_of_a_log_determinant_by_differences():
    A = problem(D=3).rng.normal(size=(3, 3)) + 4 * np.eye(3)  # not symmetric
    numeric = slope(lambda a: np.log(np.linalg.det(a.reshape(3, 3))), A.ravel())
    np.testing.assert_allclose(numeric.reshape(3, 3), np.linalg.inv(A).T, rtol=1e-6)


@pytest.mark.equation("derivative-trace")
def test_the_derivatives_of_a_trace_and_a_quadratic_form_by_differences():
    rng = np.random.default_rng(0)
    A, B, u = rng.normal(size=(3, 3)), rng.normal(size=(3, 3)), rng.normal(size=3)
    trace = slope(lambda a: np.trace(a.reshape(3, 3) @ B), A.ravel())
    form = slope(lambda a: u @ a.reshape(3, 3) @ u, A.ravel())
    np.testing.assert_allclose(trace.reshape(3, 3), B.T, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(form.reshape(3, 3), np.outer(u, u), rtol=1e-6, atol=1e-8)


@pytest.mark.equation("scatter")
def test_the_scatter_holds_all_that_q_needs_of_the_points():
    p = problem(N=8)
    N_k, mu, W = slow_moments(p.X, p.q)

    def both(Sigma):
        over_points = p.q[:, 0] @ multivariate_normal.logpdf(p.X, mu[0], Sigma)
        P = np.linalg.inv(Sigma)
        return over_points, (N_k[0] * np.log(np.linalg.det(P)) - np.trace(P @ W[0])) / 2

    constants = [left - right for left, right in map(both, p.Sigma)]
    np.testing.assert_allclose(constants, constants[0])
    assert constants[0] == close(-N_k[0] * np.log(2 * np.pi))  # D / 2 = 1 of them
    for ours, oracle in zip(moments(statistics_from(p)), (N_k, mu, W), strict=True):
        np.testing.assert_allclose(ours, oracle, atol=1e-12)


def check_against(name, p, **updates):
    """One M step of the package gives these parameters."""
    statistics = model_of(p).e_step(p.X)
    model = model_of(p).set_params(covariance_type=name)
    if name in ("diag", "spherical"):
        diagonal = np.einsum("kdd->kd", p.Sigma)
        start = diagonal if name == "diag" else diagonal[:, 0]
        model = GMM.from_parameters(p.pi, p.mu, start, covariance_type=name, var_smoothing=0)
        statistics = model.e_step(p.X)
    model.m_step(statistics)
    for attribute, value in updates.items():
        np.testing.assert_allclose(getattr(model, attribute), value)


@pytest.mark.equation("m-step")
def test_the_m_step_maximises_q():
    p = problem(N=12)
    r = softmax(joint_of(p), axis=1)
    N_k, mu, W = slow_moments(p.X, r)
    Sigma = W / N_k[:, None, None]
    top = q_of(r, p.X, N_k / 12, mu, Sigma)
    for _ in range(200):  # no neighbour is better
        pi = N_k / 12 * np.exp(0.03 * p.rng.normal(size=3))
        B = np.eye(2) + 0.03 * p.rng.normal(size=(3, 2, 2))
        moved = mu + 0.03 * p.rng.normal(size=mu.shape)
        assert q_of(r, p.X, pi / pi.sum(), moved, B @ Sigma @ B.transpose(0, 2, 1)) < top
    check_against("full", p, weights_=N_k / 12, means_=mu, covariances_=Sigma)


def best_covariance(W, N_k, build, n):
    """The covariances of a family that minimise the objective, by a general minimiser."""

    def loss(theta):
        Sigma = build(theta)
        terms = N_k * np.linalg.slogdet(Sigma)[1] + np.trace(np.linalg.solve(Sigma, W), 0, 1, 2)
        return terms.sum() / N_k.sum()

    return build(minimize(loss, np.zeros(n), method="BFGS", options={"gtol": 1e-9}).x)


@pytest.mark.equation("m-step-tied")
def test_the_pooled_scatter_is_the_best_tied_covariance():
    p = problem(N=12)
    N_k, _, W = slow_moments(p.X, softmax(joint_of(p), axis=1))

    def build(theta):
        L = np.array([[np.exp(theta[0]), 0], [theta[1], np.exp(theta[2])]])
        return np.tile(L @ L.T, (3, 1, 1))

    pooled = W.sum(axis=0) / 12
    np.testing.assert_allclose(best_covariance(W, N_k, build, 3)[0], pooled, atol=1e-5)
    check_against("tied", p, covariances_=pooled)


def diagonal_problem():
    """Responsibilities under diagonal covariances, and the scatters that they give."""
    p = problem(N=12)
    Sigma = p.Sigma * np.eye(2)
    return p, slow_moments(p.X, softmax(log_joint(p.X, p.pi, p.mu, Sigma), axis=1))


@pytest.mark.equation("m-step-diagonal")
def test_the_variances_are_the_best_diagonal_covariances():
    p, (N_k, _, W) = diagonal_problem()

    def build(theta):
        return np.exp(theta).reshape(3, 2, 1) * np.eye(2)

    variances = np.einsum("kdd->kd", W) / N_k[:, None]
    found = np.einsum("kdd->kd", best_covariance(W, N_k, build, 6))
    np.testing.assert_allclose(found, variances, atol=1e-5)
    check_against("diag", p, covariances_=variances)


@pytest.mark.equation("m-step-spherical")
def test_the_mean_variance_is_the_best_radius():
    p = problem(N=12)
    Sigma = p.Sigma[:, :1, :1] * np.eye(2)
    N_k, _, W = slow_moments(p.X, softmax(log_joint(p.X, p.pi, p.mu, Sigma), axis=1))

    def build(theta):
        return np.exp(theta)[:, None, None] * np.eye(2)

    variances = np.trace(W, 0, 1, 2) / (2 * N_k)
    found = best_covariance(W, N_k, build, 3)[:, 0, 0]
    np.testing.assert_allclose(found, variances, atol=1e-5)
    check_against("spherical", p, covariances_=variances)


# ---- Why EM climbs ----------------------------------------------------------------------------


def over_assignments(p, q):
    """q(Z) and log p(Z, X) of all assignments."""
    joint, Zs = joint_of(p), assignments(p)
    return (
        np.array([np.prod([q[n, k] for n, k in enumerate(Z)]) for Z in Zs]),
        np.array([log_p_ZX(joint, Z) for Z in Zs]),
    )


@pytest.mark.equation("entropy")
def test_the_entropy_of_all_assignments_is_the_sum_over_points():
    p = problem()
    q_Z, _ = over_assignments(p, p.q)
    assert -(p.q * np.log(p.q)).sum() == close(entr(q_Z).sum())
    assert GMM.entropy(p.q) == close(entr(q_Z).sum())


@pytest.mark.equation("elbo")
def test_the_bound_over_all_assignments():
    p = problem()
    q_Z, log_p = over_assignments(p, p.q)
    bound = q_Z @ (log_p - np.log(q_Z))
    assert (p.q * joint_of(p)).sum() + entr(p.q).sum() == close(bound)
    assert bound <= logsumexp(log_p)
    assert model_of(p).elbo(p.X, p.q) == close(bound)


@pytest.mark.equation("kl")
def test_the_divergence_over_all_assignments():
    p = problem()
    q_Z, log_p = over_assignments(p, p.q)
    divergence = rel_entr(q_Z, softmax(log_p)).sum()
    assert rel_entr(p.q, softmax(joint_of(p), axis=1)).sum() == close(divergence)
    assert model_of(p).kl(p.X, p.q) == close(divergence)


@pytest.mark.equation("decomposition")
def test_log_likelihood_is_bound_plus_divergence():
    p = problem()
    q_Z, log_p = over_assignments(p, p.q)
    bound, divergence = q_Z @ (log_p - np.log(q_Z)), rel_entr(q_Z, softmax(log_p)).sum()
    assert bound + divergence == close(logsumexp(log_p))
    model = model_of(p)
    assert model.elbo(p.X, p.q) + model.kl(p.X, p.q) == close(logsumexp(log_p))


@pytest.mark.equation("ascent")
def test_the_gain_is_that_of_q_plus_a_divergence():
    old, new = two_mixtures()
    joint, free = joint_of(old), log_joint(old.X, new.pi, new.mu, new.Sigma)
    r, r_new = softmax(joint, axis=1), softmax(free, axis=1)
    gain = logsumexp(free, axis=1).sum() - logsumexp(joint, axis=1).sum()
    assert (r * free).sum() - (r * joint).sum() + rel_entr(r, r_new).sum() == close(gain)


def flat_problem():
    """One dimension, two components: three free numbers (a logit and two means)."""
    X = np.random.default_rng(5).normal([[-1.0], [1.2]], 1.0, size=(2, 40)).reshape(-1, 1)

    def parameters(theta):
        pi = 1 / (1 + np.exp(-theta[0]))
        return np.array([pi, 1 - pi]), theta[1:, None], np.ones((2, 1, 1))

    def log_p(theta):
        return logsumexp(log_joint(X, *parameters(theta)), axis=1).sum()

    def r_of(theta):
        return softmax(log_joint(X, *parameters(theta)), axis=1)

    def Q(theta, r):
        return (r * log_joint(X, *parameters(theta))).sum()

    def em(theta):
        r = r_of(theta)
        N_k, mu, _ = slow_moments(X, r)
        return np.array([np.log(N_k[0] / N_k[1]), *mu[:, 0]])

    return SimpleNamespace(log_p=log_p, r_of=r_of, Q=Q, em=em)


def fixed_point(f):
    theta = np.array([0.1, -1.0, 1.0])
    for _ in range(500):
        theta = f.em(theta)
    return theta


@pytest.mark.equation("fisher-identity")
def test_the_log_likelihood_and_q_have_the_same_slope():
    f, theta = flat_problem(), np.array([0.3, -0.4, 1.0])
    r = f.r_of(theta)
    np.testing.assert_allclose(slope(f.log_p, theta), slope(lambda t: f.Q(t, r), theta), rtol=1e-6)


@pytest.mark.equation("missing-information")
def test_observed_is_complete_less_missing_information():
    f, theta = flat_problem(), np.array([0.3, -0.4, 1.0])
    r = f.r_of(theta)
    observed = -curvature(f.log_p, theta)
    complete = -curvature(lambda t: f.Q(t, r), theta)
    missing = curvature(lambda t: rel_entr(r, f.r_of(t)).sum(), theta)
    np.testing.assert_allclose(observed, complete - missing, atol=1e-4)


@pytest.mark.equation("rate")
def test_the_rate_is_the_portion_of_missing_information():
    f = flat_problem()
    theta = fixed_point(f)
    r = f.r_of(theta)
    complete = -curvature(lambda t: f.Q(t, r), theta)
    missing = curvature(lambda t: rel_entr(r, f.r_of(t)).sum(), theta)
    jacobian = np.stack([(f.em(theta + h) - f.em(theta - h)) / 2e-5 for h in 1e-5 * np.eye(3)], 1)
    np.testing.assert_allclose(jacobian, np.linalg.solve(complete, missing), atol=1e-4)
    assert 0 < np.abs(np.linalg.eigvals(jacobian)).max() < 1


@pytest.mark.equation("aitken")
def test_aitken_sums_the_gains_of_a_real_run():
    f, theta, values = flat_problem(), np.array([0.1, -1.0, 1.0]), []
    for _ in range(300):
        values.append(f.log_p(theta))
        theta = f.em(theta)
    gain, last = values[20] - values[19], values[19] - values[18]
    still_to_come = values[-1] - values[19]
    assert gain / (1 - gain / last) == close(still_to_come, rel=0.05)
    assert gain_to_come(gain, last, values[20], np.dtype(float)) == close(still_to_come, rel=0.05)


# ---- The exponential family -------------------------------------------------------------------


def eta_by_hand(pi, mu, Sigma):
    """Constant, vector and matrix of the natural parameters."""
    P = np.linalg.inv(Sigma)
    log_det = np.log(np.linalg.det(Sigma))
    constant = np.log(pi) - (len(mu) * np.log(2 * np.pi) + log_det + mu @ P @ mu) / 2
    return constant, P @ mu, -P / 2


@pytest.mark.equation("exponential-family")
def test_the_log_joint_is_linear_in_the_features():
    p = problem(N=40)
    features = np.array([[1, *x, *np.outer(x, x).ravel()] for x in p.X])
    joint = joint_of(p)
    eta, *_ = np.linalg.lstsq(features, joint, rcond=None)  # any linear function
    np.testing.assert_allclose(features @ eta, joint, atol=1e-8)
    frame = Frame.of(p.X.mean(axis=0), np.cov(p.X.T))
    for diagonal, Sigma in ((False, p.Sigma), (True, np.einsum("kdd->kd", p.Sigma))):
        one = frame if not diagonal else Frame.scaled(p.X[0], np.array([2.0, 5.0]), diagonal)
        T = features_in(one.points(p.X.T), diagonal)  # ours, in a frame, with each pair once
        ours, _ = natural_parameters(np.log(p.pi), p.mu, Sigma, one)
        full = p.Sigma * np.eye(2) if diagonal else p.Sigma
        np.testing.assert_allclose((ours @ T).T, log_joint(p.X, p.pi, p.mu, full))


@pytest.mark.equation("natural-parameters")
def test_the_natural_parameters_give_the_log_joint():
    p = problem()
    for k in range(3):
        constant, h, J = eta_by_hand(p.pi[k], p.mu[k], p.Sigma[k])
        values = [constant + h @ x + (J * np.outer(x, x)).sum() for x in p.X]
        np.testing.assert_allclose(values, joint_of(p)[:, k])
    plain = Frame(np.zeros(2), np.eye(2), np.eye(2), log_det=0.0)  # origin and units of the data
    eta, _ = natural_parameters(np.log(p.pi), p.mu, p.Sigma, plain)
    constant, h, J = eta_by_hand(p.pi[0], p.mu[0], p.Sigma[0])
    np.testing.assert_allclose(eta[0], [constant, *h, J[0, 0], 2 * J[0, 1], J[1, 1]])


@pytest.mark.equation("mean-parameters")
def test_the_slope_of_the_log_normaliser_is_the_mean_of_the_features():
    mu, variance = 0.7, 1.8

    def psi(eta):
        f = lambda x: np.exp(eta[0] * x + eta[1] * x * x)  # noqa: E731
        return np.log(quad(f, -40, 40, limit=300, epsabs=1e-13, epsrel=1e-13)[0])

    numeric = slope(psi, [mu / variance, -0.5 / variance])
    np.testing.assert_allclose(numeric, [mu, variance + mu**2], rtol=1e-5)


@pytest.mark.equation("expected-statistics")
def test_expected_statistics_are_sums_over_points():
    p = problem(N=9)
    r = softmax(joint_of(p), axis=1)
    features = np.array([[1, *x, *np.outer(x, x).ravel()] for x in p.X])
    s = np.array([sum(r[n, k] * features[n] for n in range(9)) for k in range(3)])
    expected = np.c_[
        r.sum(axis=0), r.T @ p.X, np.einsum("nk,ni,nj->kij", r, p.X, p.X).reshape(3, 4)
    ]
    np.testing.assert_allclose(s, expected)
    N_k, mu, W = moments(model_of(p).e_step(p.X))
    back = W + N_k[:, None, None] * mu[:, :, None] * mu[:, None, :]
    np.testing.assert_allclose(np.c_[N_k, N_k[:, None] * mu, back.reshape(3, 4)], s)


@pytest.mark.equation("moments")
def test_counts_means_and_scatters_from_expected_statistics():
    p = problem(N=9)
    r = softmax(joint_of(p), axis=1)
    N_k, mu, W = slow_moments(p.X, r)
    second = np.einsum("nk,ni,nj->kij", r, p.X, p.X)
    difference = second - N_k[:, None, None] * mu[:, :, None] * mu[:, None, :]
    np.testing.assert_allclose(difference, W, atol=1e-12)
    for ours, oracle in zip(moments(model_of(p).e_step(p.X)), (N_k, mu, W), strict=True):
        np.testing.assert_allclose(ours, oracle, atol=1e-12)


@pytest.mark.equation("merge")
@pytest.mark.parametrize("offset", [0, 1e8])
@pytest.mark.parametrize("name", ["full", "diag"])
def test_statistics_of_two_parts_are_those_of_all_rows(name, offset):
    p = problem(N=60)
    r = softmax(joint_of(p), axis=1)
    (N_1, mu_1, W_1), (N_2, mu_2, W_2) = (
        slow_moments(p.X[:20], r[:20]),
        slow_moments(p.X[20:], r[20:]),
    )
    N_k, mu, W = slow_moments(p.X, r)
    delta = mu_2 - mu_1
    between = (N_1 * N_2 / N_k)[:, None, None] * delta[:, :, None] * delta[:, None, :]
    np.testing.assert_allclose(N_1 + N_2, N_k, rtol=1e-12)
    np.testing.assert_allclose(
        (N_1[:, None] * mu_1 + N_2[:, None] * mu_2) / N_k[:, None], mu, rtol=1e-12
    )
    np.testing.assert_allclose(W_1 + W_2 + between, W, rtol=1e-12, atol=1e-12)

    Sigma = p.Sigma if name == "full" else np.einsum("kdd->kd", p.Sigma)
    X, means = p.X + offset, p.mu + offset
    model = GMM.from_parameters(p.pi, means, Sigma, covariance_type=name)
    elsewhere = Frame.scaled(X[20], np.full(2, 3.0), diagonal=name == "diag")
    second = GMM.expect(model.theta, Rows(X[20:]), elsewhere)
    both, whole = model.e_step(X[:20]) + second, model.e_step(X)
    scale = np.abs(whole.scatters).max()  # an entry off the diagonal may be 0
    np.testing.assert_allclose(both.scatters, whole.scatters, rtol=1e-12, atol=1e-12 * scale)
    np.testing.assert_allclose(both.means, whole.means, rtol=1e-12)
    np.testing.assert_allclose(both.counts, whole.counts, rtol=1e-12)
    assert both.log_likelihood == close(whole.log_likelihood, rel=1e-12)


# ---- Covariance models ------------------------------------------------------------------------


@pytest.mark.equation("covariance-objective")
def test_the_objective_is_q_up_to_a_constant():
    p = problem(N=12)
    N_k, mu, W = slow_moments(p.X, p.q)
    pi = N_k / 12
    constants = []
    for seed in range(4):
        Sigma = problem(seed=seed).Sigma
        objective = sum(
            N_k[k] * np.log(np.linalg.det(Sigma[k])) + np.trace(np.linalg.inv(Sigma[k]) @ W[k])
            for k in range(3)
        )
        constants.append(-2 * q_of(p.q, p.X, pi, mu, Sigma) - objective)
    np.testing.assert_allclose(constants, constants[0])


@pytest.mark.equation("volume-shape-orientation")
def test_volume_shape_and_orientation_give_the_covariance_back():
    Sigma = problem(D=3).Sigma[0]
    volume = np.linalg.det(Sigma) ** (1 / 3)
    eigenvalues, axes = np.linalg.eigh(Sigma)
    assert np.prod(eigenvalues / volume) == close(1)
    np.testing.assert_allclose(volume * axes @ np.diag(eigenvalues / volume) @ axes.T, Sigma)
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-12)


def tangent_rank(letters, K, D):
    """The dimension of a model: the rank of its covariances' derivatives."""
    rng = np.random.default_rng(0)
    copies = {"I": 0, "E": 1, "V": K}
    shapes = [(copies[c], n) for c, n in zip(letters, (1, D - 1, D * (D - 1) // 2), strict=True)]
    turns = ortho_group.rvs(D, size=max(shapes[2][0], 1), random_state=1).reshape(-1, D, D)

    def build(theta):
        parts = np.split(theta, np.cumsum([a * b for a, b in shapes])[:2])
        volume, shape, angles = (
            np.broadcast_to(v.reshape(a, b) if a else np.zeros((1, b)), (K, b))
            for v, (a, b) in zip(parts, shapes, strict=True)
        )
        log_axes = volume + np.c_[shape, -shape.sum(axis=1)]
        Q = np.broadcast_to(turns, (K, D, D)) if shapes[2][0] else np.tile(np.eye(D), (K, 1, 1))
        skew = np.zeros((K, D, D))
        skew[(slice(None), *np.triu_indices(D, 1))] = angles
        skew = skew - skew.swapaxes(1, 2)
        Q = Q @ np.linalg.inv(np.eye(D) + skew) @ (np.eye(D) - skew)
        return ((Q * np.exp(log_axes)[:, None, :]) @ Q.swapaxes(1, 2)).ravel()

    theta = 0.1 * rng.normal(size=sum(a * b for a, b in shapes))
    jacobian = np.stack([(build(theta + h) - build(theta - h)) for h in 1e-5 * np.eye(len(theta))])
    return np.linalg.matrix_rank(jacobian, tol=1e-8)


@pytest.mark.equation("parameter-count")
@pytest.mark.parametrize("letters", MODELS)
def test_the_count_is_the_dimension_of_the_model(letters):
    K, D = 2, 3
    counts = [{"I": 0, "E": 1, "V": K}[letter] for letter in letters]
    formula = counts[0] + counts[1] * (D - 1) + counts[2] * D * (D - 1) // 2
    assert tangent_rank(letters, K, D) == formula
    assert covariance_model(letters).n_parameters(K, D) == formula


@pytest.mark.equation("equal-volume")
def test_the_best_covariances_of_equal_volume():
    p = problem(N=20)
    N_k, _, W = slow_moments(p.X, p.q)

    def build(theta):
        L = np.zeros((3, 2, 2))
        L[:, 0, 0], L[:, 1, 1], L[:, 1, 0] = np.exp(theta[:3]), np.exp(-theta[:3]), theta[3:6]
        return np.exp(theta[6]) * L @ L.transpose(0, 2, 1)

    root = np.sqrt(np.linalg.det(W))
    formula = root.sum() / 20 * W / root[:, None, None]
    np.testing.assert_allclose(best_covariance(W, N_k, build, 7), formula, atol=1e-4)
    np.testing.assert_allclose(covariance_model("EVV").estimate(W, N_k), formula)


# ---- Starts -----------------------------------------------------------------------------------


@pytest.mark.equation("blow-up")
def test_the_likelihood_grows_without_bound_about_one_point():
    p, values = problem(N=8), []
    wide = np.array(5 * np.eye(2))
    rest = (np.log(0.5) + multivariate_normal.logpdf(p.X[1:], np.zeros(2), wide)).sum()
    for sigma in 10.0 ** -np.arange(1, 8):
        narrow = np.stack([sigma**2 * np.eye(2), wide])
        log_p = log_likelihood(p.X, [0.5, 0.5], np.stack([p.X[0], np.zeros(2)]), narrow)
        assert log_p >= np.log(0.5 / (2 * np.pi * sigma**2)) + rest
        model = GMM.from_parameters([0.5, 0.5], np.stack([p.X[0], np.zeros(2)]), narrow)
        assert model.log_likelihood(p.X) == close(log_p)
        values.append(log_p)
    np.testing.assert_allclose(np.diff(values)[2:], 2 * np.log(10), rtol=1e-3)


@pytest.mark.equation("smoothing")
def test_smoothing_makes_each_point_a_small_cloud():
    p = problem(N=6)
    r, portion = softmax(joint_of(p), axis=1), 0.01
    epsilon = portion * p.X.var(axis=0)
    # A cloud of four points has the same mean and variance 2 epsilon_d / 2 in each feature.
    offsets = np.sqrt(2 * epsilon) * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    cloud = (p.X[:, None] + offsets).reshape(-1, 2)
    N_k, _, W = slow_moments(cloud, np.repeat(r, 4, axis=0) / 4)
    _, _, sharp = slow_moments(p.X, r)
    np.testing.assert_allclose(W, sharp + N_k[:, None, None] * np.diag(epsilon))
    model = model_of(p)
    model.set_params(var_smoothing=portion).m_step(model.e_step(p.X))
    np.testing.assert_allclose(model.covariances_, W / N_k[:, None, None], rtol=1e-6)


# ---- How many components ----------------------------------------------------------------------


def fitted():
    X = load_old_faithful().X
    return X, GMM(2, random_state=0).fit(X)


def parts_of(model, X):
    """Log-likelihood, log joint and the number of free parameters, by hand (K = D = 2, full)."""
    joint = log_joint(X, model.weights_, model.means_, model.covariances_)
    return logsumexp(joint, axis=1).sum(), joint, 1 + 2 * 2 + 2 * 3


@pytest.mark.equation("degrees-of-freedom")
@pytest.mark.parametrize(("K", "D"), [(1, 1), (2, 2), (3, 4)])
def test_free_parameters_are_counted_one_by_one(K, D):
    names = [f"pi_{k}" for k in range(K - 1)]
    names += [f"mu_{k}{d}" for k in range(K) for d in range(D)]
    names += [f"Sigma_{k}{i}{j}" for k in range(K) for i in range(D) for j in range(i, D)]
    p = problem(K=K, D=D)
    assert (K - 1) + K * D + K * D * (D + 1) // 2 == len(names)
    assert model_of(p).n_parameters() == len(names)


@pytest.mark.equation("aic")
def test_aic_corrects_the_optimism_of_one_gaussian():
    X, model = fitted()
    log_p, _, d = parts_of(model, X)
    assert model.aic(X) == close(-2 * log_p + 2 * d)
    rng = np.random.default_rng(0)  # for a mean alone the optimism is exact: d = D
    optimism = []
    for _ in range(4000):
        seen, new = rng.normal(size=(20, 2)), rng.normal(size=(20, 2))
        mean = seen.mean(axis=0)
        optimism.append((norm.logpdf(seen - mean) - norm.logpdf(new - mean)).sum())
    assert np.mean(optimism) == close(2, abs=5 * np.std(optimism) / np.sqrt(4000))


@pytest.mark.equation("bic")
def test_bic_approximates_the_evidence():
    X, model = fitted()
    log_p, _, d = parts_of(model, X)
    assert model.bic(X) == close(-2 * log_p + d * np.log(272))

    def evidence(N):  # one mean with a standard normal prior: known in closed form
        x = np.random.default_rng(0).normal(0.3, 1, N)
        exact = multivariate_normal.logpdf(x, np.zeros(N), np.eye(N) + 1)
        return -2 * exact, -2 * norm.logpdf(x, x.mean()).sum() + np.log(N)

    (exact, bic), (exact_2, bic_2) = evidence(40), evidence(1200)
    assert exact_2 - exact == close(bic_2 - bic, abs=1)  # what is left out does not grow


@pytest.mark.equation("icl")
def test_icl_is_bic_with_the_complete_likelihood():
    X, model = fitted()
    _, joint, d = parts_of(model, X)
    best = max_by_hand = sum(max(row) for row in joint)  # each point at its best component
    assert best == close(log_p_ZX(joint, [int(np.argmax(row)) for row in joint]))
    assert model.icl(X) == close(-2 * max_by_hand + d * np.log(272))


@pytest.mark.equation("icl-doubt")
def test_icl_is_bic_and_a_price_for_doubt():
    X, model = fitted()
    log_p, joint, d = parts_of(model, X)
    doubt = np.log(softmax(joint, axis=1).max(axis=1)).sum()
    bic, icl = -2 * log_p + d * np.log(272), -2 * joint.max(axis=1).sum() + d * np.log(272)
    assert icl == close(bic - 2 * doubt)
    assert model.icl(X) == close(model.bic(X) - 2 * doubt)


# ---- Weights, priors, blocks ------------------------------------------------------------------


def weighted():
    """A problem with whole weights, and the same with the points repeated."""
    p = problem(N=6)
    w = np.array([1, 2, 3, 1, 0, 4])
    return p, w, np.repeat(p.X, w, axis=0)


@pytest.mark.equation("weighted-log-likelihood")
def test_a_weighted_log_likelihood_is_that_of_repeated_points():
    p, w, repeated = weighted()
    formula = w @ logsumexp(joint_of(p), axis=1)
    assert formula == close(log_likelihood(repeated, p.pi, p.mu, p.Sigma))
    assert model_of(p).e_step(p.X, sample_weight=w).log_likelihood == close(formula)


@pytest.mark.equation("weighted-m-step")
def test_a_weighted_m_step_is_that_of_repeated_points():
    p, w, repeated = weighted()
    r = softmax(log_joint(repeated, p.pi, p.mu, p.Sigma), axis=1)
    N_k, mu, _ = slow_moments(repeated, r)
    wr = w[:, None] * softmax(joint_of(p), axis=1)
    np.testing.assert_allclose(wr.sum(axis=0), N_k)
    np.testing.assert_allclose(wr.T @ p.X / wr.sum(axis=0)[:, None], mu)
    model = model_of(p)
    model.m_step(model.e_step(p.X, sample_weight=w))
    np.testing.assert_allclose(model.weights_, N_k / w.sum())
    np.testing.assert_allclose(model.means_, mu)


@pytest.mark.equation("priors")
def test_priors_are_bayes_rule_with_more_known():
    p = problem(N=4)
    rho = np.array([[1.0, 1, 1], [0, 1, 0], [1, 1, 0], [0.2, 0.3, 0.5]])
    joint = joint_of(p)
    weight = {
        Z: np.exp(log_p_ZX(joint, Z)) * np.prod([rho[n, k] for n, k in enumerate(Z)])
        for Z in assignments(p)
    }
    marginals = np.zeros((4, 3))
    for Z, value in weight.items():
        marginals[np.arange(4), list(Z)] += value / sum(weight.values())
    formula = rho * np.exp(joint)
    np.testing.assert_allclose(formula / formula.sum(axis=1, keepdims=True), marginals)
    counts = model_of(p).e_step(p.X, priors=rho).counts
    np.testing.assert_allclose(counts, marginals.sum(axis=0))


@pytest.mark.equation("blocks")
def test_statistics_add_up_over_blocks():
    p = problem(N=5000)
    model = model_of(p)
    r = softmax(joint_of(p), axis=1)
    whole = slow_moments(p.X, r)[0], logsumexp(joint_of(p), axis=1).sum()
    blocks = [slice(0, 1200), slice(1200, 1201), slice(1201, 5000)]
    counts = sum(slow_moments(p.X[b], r[b])[0] for b in blocks)
    log_p = sum(log_likelihood(p.X[b], p.pi, p.mu, p.Sigma) for b in blocks)
    np.testing.assert_allclose(counts, whole[0])
    assert log_p == close(whole[1])
    ours = model.e_step(p.X)
    np.testing.assert_allclose(ours.counts, counts)
    assert ours.log_likelihood == close(log_p)


# ---- Missing values --------------------------------------------------------------------------


HAS, LACKS = [0, 2], [1]  # what a row of three features has, and what it lacks


def blocks_of(Sigma, o=HAS, m=LACKS):
    """The four blocks of a covariance: oo, om, mo, mm."""
    return [Sigma[np.ix_(a, b)] for a, b in [(o, o), (o, m), (m, o), (m, m)]]


def over_what_is_missing(f, x, mu, Sigma):
    """The integral of f(x) N(x | mu, Sigma) over the second feature of three."""
    sd = np.sqrt(Sigma[1, 1])

    def integrand(value):
        point = np.array([x[0], value, x[2]])
        return f(point) * multivariate_normal.pdf(point, mu, Sigma)

    return quad(integrand, mu[1] - 15 * sd, mu[1] + 15 * sd, points=[mu[1]], epsabs=1e-13)[0]


@pytest.mark.equation("marginal-density")
def test_the_density_of_what_is_there_is_an_integral_over_what_is_not():
    p = problem(D=3)
    for x in p.X:
        integral = sum(
            pi * over_what_is_missing(lambda _: 1.0, x, mu, Sigma)
            for pi, mu, Sigma in zip(p.pi, p.mu, p.Sigma, strict=True)
        )
        marginal = sum(
            pi * multivariate_normal.pdf(x[HAS], mu[HAS], Sigma[np.ix_(HAS, HAS)])
            for pi, mu, Sigma in zip(p.pi, p.mu, p.Sigma, strict=True)
        )
        assert marginal == close(integral, rel=1e-8)
        row = [[x[0], np.nan, x[2]]]
        assert model_of(p).score_samples(row)[0] == close(np.log(integral), rel=1e-8)


def lifted(x, mu, Sigma, o=HAS, m=LACKS):
    """The row completed, G (D, O) and the conditional covariance of what it lacks."""
    oo, om, mo, mm = blocks_of(Sigma, o, m)
    G = np.zeros((len(mu), len(o)))
    G[o, range(len(o))] = 1
    G[m] = mo @ np.linalg.inv(oo)
    return mu + G @ (x[o] - mu[o]), G, mm - G[m] @ om


@pytest.mark.equation("lifting")
def test_what_is_missing_has_this_mean_and_variance_by_integration():
    p = problem(D=3)
    model = GMM.from_parameters([1.0], p.mu[:1], p.Sigma[:1])
    mu, Sigma = p.mu[0], p.Sigma[0]
    for x in p.X:
        total, first, second = (
            over_what_is_missing(lambda point, n=n: point[1] ** n, x, mu, Sigma) for n in range(3)
        )
        mean = first / total
        hat, _, C = lifted(x, mu, Sigma)
        np.testing.assert_allclose(hat, [x[0], mean, x[2]], rtol=1e-8)
        assert C[0, 0] == close(second / total - mean**2, rel=1e-7)
        found = model.e_step([[x[0], np.nan, x[2]]])
        np.testing.assert_allclose(found.means[0], hat, rtol=1e-10)
        np.testing.assert_allclose(found.scatters[0], np.diag([0, C[0, 0], 0]), atol=1e-10)


@pytest.mark.equation("expected-square")
def test_the_mean_of_the_square_by_integration():
    """Two features of three are missing; every entry of x x^T is integrated."""
    p = problem(D=3)
    x, mu, Sigma = p.X[0], p.mu[0], p.Sigma[0]
    sd = np.sqrt(Sigma.diagonal())
    a, b = (np.linspace(mu[d] - 9 * sd[d], mu[d] + 9 * sd[d], 401) for d in (1, 2))
    grid = np.stack(np.meshgrid([x[0]], a, b, indexing="ij"), axis=-1).reshape(-1, 3)
    density = multivariate_normal.pdf(grid, mu, Sigma)
    square = np.einsum("n,ni,nj->ij", density / density.sum(), grid, grid)
    hat, _, C = lifted(x, mu, Sigma, [0], [1, 2])
    expected = np.outer(hat, hat)
    expected[1:, 1:] += C
    np.testing.assert_allclose(square, expected, rtol=1e-8)


@pytest.mark.equation("lifted-sums")
def test_sums_of_a_pattern_are_lifted_as_its_rows_are():
    p = problem(N=7, D=3)
    mu, Sigma, r = p.mu[0], p.Sigma[0], p.rng.random(7)
    hats = np.array([lifted(x, mu, Sigma)[0] for x in p.X])
    mean = np.average(hats, axis=0, weights=r)
    scatter = np.einsum("n,ni,nj->ij", r, hats - mean, hats - mean)
    _, G, C = lifted(p.X[0], mu, Sigma)
    scatter[1, 1] += r.sum() * C[0, 0]
    m_o = np.average(p.X[:, HAS], axis=0, weights=r)
    W_oo = np.cov(p.X[:, HAS].T, aweights=r, ddof=0) * r.sum()
    W = G @ W_oo @ G.T
    W[1, 1] += r.sum() * C[0, 0]
    np.testing.assert_allclose(mu + G @ (m_o - mu[HAS]), mean, rtol=1e-12)
    np.testing.assert_allclose(W, scatter, rtol=1e-10, atol=1e-12)
    holes = p.X.copy()
    holes[:, LACKS] = np.nan
    found = GMM.from_parameters([1.0], mu[None], Sigma[None]).e_step(holes, sample_weight=r)
    np.testing.assert_allclose(found.means[0], mean, rtol=1e-10)
    np.testing.assert_allclose(found.scatters[0], scatter, rtol=1e-9, atol=1e-10)


@pytest.mark.equation("padded-density")
def test_an_independent_feature_at_its_mean_adds_a_constant():
    p = problem(D=3)
    for x in p.X:
        for mu, Sigma in zip(p.mu, p.Sigma, strict=True):
            a, v = p.rng.normal(), p.rng.uniform(0.1, 9)
            padded = Sigma.copy()
            padded[LACKS, :] = padded[:, LACKS] = 0
            padded[LACKS, LACKS] = v
            point, mean = x.copy(), mu.copy()
            point[LACKS] = mean[LACKS] = a
            density = multivariate_normal.logpdf(x[HAS], mu[HAS], Sigma[np.ix_(HAS, HAS)])
            both = multivariate_normal.logpdf(point, mean, padded)
            assert both + np.log(2 * np.pi * v) / 2 == close(density)
    row = np.where(np.isin(range(3), LACKS), np.nan, p.X[:1])  # of the commonest pattern
    densities = [
        multivariate_normal.logpdf(p.X[0, HAS], mu[HAS], Sigma[np.ix_(HAS, HAS)])
        for mu, Sigma in zip(p.mu, p.Sigma, strict=True)
    ]
    np.testing.assert_allclose(model_of(p).log_joint(row)[0] - np.log(p.pi), densities)


@pytest.mark.equation("conditional-precision")
@pytest.mark.parametrize("m", [[1], [0, 3], [1, 2, 4]])
def test_blocks_of_the_precision_are_the_regression_on_what_is_observed(m):
    p = problem(D=5)
    o = [d for d in range(5) if d not in m]
    rows = np.where(np.isin(range(5), m), np.nan, p.X)
    patterns = Rows(rows, patterns=Patterns.of(rows))
    natural = NaturalOfPatterns(model_of(p).theta, patterns)
    [(_, _, root)] = natural.conditionals(np.array([0]))
    unit = np.outer(natural.unit[m], natural.unit[m])
    for k, Sigma in enumerate(p.Sigma):
        precision = np.linalg.inv(Sigma)
        C = np.linalg.inv(precision[np.ix_(m, m)])
        _, G, schur = lifted(p.X[0], p.mu[k], Sigma, o, m)
        np.testing.assert_allclose(C, schur, rtol=1e-8)
        np.testing.assert_allclose(-C @ precision[np.ix_(m, o)], G[m], rtol=1e-7, atol=1e-10)
        np.testing.assert_allclose(root[k, 0] @ root[k, 0].T * unit, schur, rtol=1e-8)
        Q = natural.roots[0][k][:, m] @ root[k, 0]  # the columns of U that belong to m, made square
        np.testing.assert_allclose(Q.T @ Q, np.eye(len(m)), atol=1e-12)


@pytest.mark.equation("marginal-by-precision")
@pytest.mark.parametrize("m", [[1], [0, 3], [0, 1, 2, 3, 4]])
def test_the_marginal_density_from_the_precision(m):
    p = problem(D=5)
    o = [d for d in range(5) if d not in m]
    rare = np.vstack([p.X, np.where(np.isin(range(5), m), np.nan, p.X[:1])])
    found = model_of(p).log_joint(rare)[-1] - np.log(p.pi)
    for k, (mu, Sigma) in enumerate(zip(p.mu, p.Sigma, strict=True)):
        precision = np.linalg.inv(Sigma)
        C = np.linalg.inv(precision[np.ix_(m, m)])
        for x in p.X:
            delta = np.where(np.isin(range(5), m), 0, x - mu)
            u = precision @ delta
            energy = delta @ u - u[m] @ C @ u[m]
            log_det = np.linalg.slogdet(Sigma)[1] - np.linalg.slogdet(C)[1]
            density = multivariate_normal.logpdf(x[o], mu[o], Sigma[np.ix_(o, o)]) if o else 0.0
            assert -(len(o) * np.log(2 * np.pi) + log_det + energy) / 2 == close(density, abs=1e-9)
        density = multivariate_normal.logpdf(p.X[0, o], mu[o], Sigma[np.ix_(o, o)]) if o else 0.0
        assert found[k] == close(density, abs=1e-9)


@pytest.mark.equation("missing-at-random")
def test_what_makes_the_holes_leaves_the_integral_if_it_looks_at_what_is_there():
    p = problem(D=3)
    mu, Sigma = p.mu[0], p.Sigma[0]

    def hole(value):
        """How probable it is that the second feature is missing."""
        return 1 / (1 + np.exp(-value))

    for x in p.X:
        density = multivariate_normal.pdf(x[HAS], mu[HAS], Sigma[np.ix_(HAS, HAS)])
        at_random = over_what_is_missing(lambda point: hole(point[0]), x, mu, Sigma)
        assert at_random == close(hole(x[0]) * density, rel=1e-8)
    # Not at random: the factor depends on theta too.
    shifted = [over_what_is_missing(lambda q: hole(q[1]), p.X[0], m, Sigma) for m in (mu, mu + 1)]
    factor = [over_what_is_missing(lambda q: 1.0, p.X[0], m, Sigma) for m in (mu, mu + 1)]
    assert shifted[0] / factor[0] != close(shifted[1] / factor[1], rel=0.01)


@pytest.mark.equation("deconvolution")
def test_the_point_behind_a_measured_one_by_integration():
    """One feature is seen with an error, the other not at all."""
    p = problem(D=2)
    model, R = GMM.from_parameters([1.0], p.mu[:1], p.Sigma[:1]), 0.7
    mu, Sigma = p.mu[0], p.Sigma[0]
    sides = [mu[d] + 12 * np.sqrt(Sigma[d, d]) * np.linspace(-1, 1, 1001) for d in (0, 1)]
    y = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, 2)
    cell = (sides[0][1] - sides[0][0]) * (sides[1][1] - sides[1][0])
    for x in p.X[:, 0]:
        density = multivariate_normal.pdf(y, mu, Sigma) * norm.pdf(x, y[:, 0], np.sqrt(R)) * cell
        total, posterior = density.sum(), density / density.sum()
        mean, covariance = posterior @ y, np.cov(y.T, aweights=posterior, ddof=0)
        B = 1 / (Sigma[0, 0] + R)
        assert norm.pdf(x, mu[0], np.sqrt(Sigma[0, 0] + R)) == close(total)
        np.testing.assert_allclose(mu + Sigma[:, 0] * B * (x - mu[0]), mean, rtol=1e-6)
        np.testing.assert_allclose(
            Sigma - np.outer(Sigma[:, 0], Sigma[0]) * B, covariance, rtol=1e-6
        )
        found = model.e_step([[x, np.nan]], error_covariances=[[R, 1.0]])
        assert found.log_likelihood == close(np.log(total))
        np.testing.assert_allclose(found.means[0], mean, rtol=1e-6)
        np.testing.assert_allclose(found.scatters[0], covariance, rtol=1e-6)


def test_the_gradient_oracle_agrees_with_scipys():
    p = problem()

    def f(m):
        return log_likelihood(p.X, p.pi, m.reshape(3, 2), p.Sigma)

    numeric = approx_fprime(p.mu.ravel(), f, 1e-7)
    np.testing.assert_allclose(slope(f, p.mu.ravel()), numeric, rtol=1e-4)
