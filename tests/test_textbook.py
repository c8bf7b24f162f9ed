"""textbook.py against oracles that do not use it, and the class against textbook.py."""

import ast
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from problems import parameters, random_model, slow_log_joint, slow_moments
from scipy.special import logsumexp, rel_entr, softmax

from numpy_ml_gmm import GMM, textbook

PACKAGE = Path(textbook.__file__).parent
close = pytest.approx


# ---- Small problems, and what all K^N assignments say of them ------------------------------------


def problem(N=5, K=3, D=2, seed=0):
    """Points, a mixture that overlaps on them, and its log joint by scipy."""
    model = random_model("full", K, D, seed, spread=1.5)
    X = 2 * np.random.default_rng(seed + 100).normal(size=(N, D))
    return X, parameters(model), slow_log_joint(model, X)


def over_assignments(ell):
    """Every assignment Z, and log p(Z, X) for each."""
    Zs = np.array(list(product(range(ell.shape[1]), repeat=len(ell))))  # (K^N, N)
    return Zs, ell[np.arange(len(ell)), Zs].sum(axis=1)


def any_q(N, K, seed=0):
    """Rows that sum to one and are not the posterior."""
    return np.random.default_rng(seed).dirichlet(np.ones(K), size=N)


# ---- Each function against an oracle -------------------------------------------------------------


@pytest.mark.equation("log-joint", "gaussian")
@pytest.mark.parametrize("D", [1, 2, 4])
def test_the_textbooks_log_joint_is_scipys(D):
    X, theta, ell = problem(D=D, N=20)
    np.testing.assert_allclose(textbook.log_joint(X, *theta), ell, rtol=1e-10)


@pytest.mark.equation("e-step")
def test_the_textbooks_responsibilities_are_marginals_over_all_assignments():
    X, theta, ell = problem()
    Zs, log_p = over_assignments(ell)
    marginals = np.einsum("z,znk->nk", softmax(log_p), np.eye(3)[Zs])
    np.testing.assert_allclose(textbook.e_step(X, *theta), marginals, rtol=1e-10)


@pytest.mark.equation("log-likelihood")
def test_the_textbooks_log_likelihood_sums_over_all_assignments():
    X, theta, ell = problem()
    assert textbook.log_likelihood(X, *theta) == close(logsumexp(over_assignments(ell)[1]), 1e-12)


def log_q_of(q, Zs):
    """log q(Z) for each assignment."""
    return np.log(q)[np.arange(len(q)), Zs].sum(axis=1)


@pytest.mark.equation("q-function", "q-definition")
def test_the_textbooks_q_is_an_average_over_all_assignments():
    X, theta, ell = problem()
    q = any_q(5, 3)
    Zs, log_p = over_assignments(ell)
    assert textbook.q_function(X, q, *theta) == close(np.exp(log_q_of(q, Zs)) @ log_p, 1e-12)


@pytest.mark.equation("elbo", "decomposition")
def test_the_textbooks_bound_is_an_average_over_all_assignments_and_lacks_the_divergence():
    X, theta, ell = problem()
    q, r = any_q(5, 3), softmax(ell, axis=1)
    Zs, log_p = over_assignments(ell)
    log_q = log_q_of(q, Zs)
    bound = textbook.elbo(X, q, *theta)
    assert bound == close(np.exp(log_q) @ (log_p - log_q), 1e-12)
    assert bound == close(logsumexp(log_p) - rel_entr(q, r).sum(), 1e-12)
    assert textbook.elbo(X, r, *theta) == close(logsumexp(log_p), 1e-12)


def test_a_certain_q_has_a_bound_without_a_warning():
    X, theta, ell = problem()
    Zs, log_p = over_assignments(ell)
    assert textbook.elbo(X, np.eye(3)[Zs[7]], *theta) == close(log_p[7], 1e-12)


@pytest.mark.equation("m-step", "scatter")
@pytest.mark.parametrize("D", [1, 2, 4])
def test_the_textbooks_m_step_is_the_moments_a_point_at_a_time(D):
    X, r = problem(N=30, D=D)[0], any_q(30, 3)
    N_k, mu, W = slow_moments(X, r)
    expected = N_k / 30, mu, W / N_k[:, None, None]
    for ours, theirs in zip(textbook.m_step(X, r), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def tangents(K, D):
    """Directions in which theta may move: weights keep their sum, covariances their symmetry."""
    zero = np.zeros(K), np.zeros((K, D)), np.zeros((K, D, D))
    for k in range(1, K):
        yield np.eye(K)[k] - np.eye(K)[0], zero[1], zero[2]
    for k, d in np.ndindex(K, D):
        step = zero[1].copy()
        step[k, d] = 1
        yield zero[0], step, zero[2]
    for k, d in np.ndindex(K, D):
        for e in range(d + 1):
            step = zero[2].copy()
            step[k, d, e] = step[k, e, d] = 1
            yield zero[0], zero[1], step


def moved(theta, step, h):
    """Theta after a small step."""
    return tuple(a + h * b for a, b in zip(theta, step, strict=True))


@pytest.mark.equation("m-step")
def test_q_is_flat_at_the_textbooks_m_step_and_lower_on_either_side():
    X, r = problem(N=30)[0], any_q(30, 3)
    best = textbook.m_step(X, r)
    peak = textbook.q_function(X, r, *best)
    for step in tangents(3, 2):
        below, above = (
            textbook.q_function(X, r, *moved(best, step, h)) - peak for h in (-1e-4, 1e-4)
        )
        assert below < 0 and above < 0
        assert abs(above - below) < 1e-3 * abs(above + below)


@pytest.mark.equation("ascent")
def test_a_step_of_the_textbook_gains_in_q_and_in_divergence():
    X, old, ell = problem(N=40, seed=1)
    r = softmax(ell, axis=1)
    for _ in range(10):
        new = textbook.em_step(X, *old)
        gain = textbook.log_likelihood(X, *new) - textbook.log_likelihood(X, *old)
        in_q = textbook.q_function(X, r, *new) - textbook.q_function(X, r, *old)
        r_new = textbook.e_step(X, *new)
        divergence = rel_entr(r, r_new).sum()
        assert gain == close(in_q + divergence, abs=1e-10)
        assert in_q >= 0 and divergence >= 0
        old, r = new, r_new


@pytest.mark.equation("bic", "degrees-of-freedom")
@pytest.mark.parametrize(("K", "D"), [(1, 1), (3, 1), (2, 2), (2, 3)])
def test_the_textbook_counts_as_many_parameters_as_can_be_told_apart(K, D):
    """The rank of the log density's derivatives by all entries of pi, mu and Sigma."""
    X, (pi, mu, Sigma), _ = problem(N=400, K=K, D=D, seed=2)
    x = np.concatenate([pi, mu.ravel(), np.linalg.cholesky(Sigma).ravel()])

    def log_p(x):
        pi, mu, A = np.split(x, [K, K + K * D])
        A = A.reshape(K, D, D)
        theta = pi / pi.sum(), mu.reshape(K, D), A @ A.transpose(0, 2, 1)
        return logsumexp(textbook.log_joint(X, *theta), axis=1)

    J = [(log_p(x + h) - log_p(x - h)) / 2e-5 for h in 1e-5 * np.eye(len(x))]
    singular = np.linalg.svd(J, compute_uv=False)
    d = (singular > 1e-7 * singular[0]).sum()
    assert textbook.bic(-700.0, 400, K, D) == close(1400 + d * np.log(400), 1e-12)


def test_the_textbooks_sample_has_the_moments_of_the_mixture():
    _, theta, _ = problem(seed=3)
    n = 200_000
    X, z = textbook.sample(n, *theta, np.random.default_rng(0))
    for k, (pi, mu, Sigma) in enumerate(zip(*theta, strict=True)):
        points = X[z == k]
        deviation = np.sqrt(np.diag(Sigma) / len(points))  # of a mean
        assert len(points) / n == close(pi, abs=5 / np.sqrt(n))
        assert (abs(points.mean(axis=0) - mu) < 5 * deviation).all()
        error = np.sqrt(2 * len(points)) * np.outer(
            deviation, deviation
        )  # at most, of a covariance
        assert (abs(np.cov(points.T) - Sigma) < 5 * error).all()


def test_points_that_underflow_have_responsibilities():
    X, theta, _ = problem()
    far = textbook.e_step(X + 1e6, *theta)
    np.testing.assert_allclose(far.sum(axis=1), 1)
    assert textbook.log_likelihood(X + 1e6, *theta) < -1e10


# ---- The class, step by step ---------------------------------------------------------------------


@pytest.mark.parametrize("D", [1, 2, 3, 4])
@pytest.mark.parametrize(("K", "seed"), [(1, 0), (2, 1), (3, 2), (5, 3)])
def test_the_class_takes_the_textbooks_steps(D, K, seed):
    rng = np.random.default_rng(seed)
    X = random_model("full", K, D, seed).sample(60 * K)[0] + 10
    theta = rng.dirichlet(np.full(K, 5.0)), X[:K], np.array([np.cov(X.T).reshape(D, D)] * K)
    model = GMM.from_parameters(*theta, var_smoothing=0)
    q = any_q(len(X), K)
    for _ in range(6):
        same(model.log_joint(X), textbook.log_joint(X, *theta))
        log_likelihood = textbook.log_likelihood(X, *theta)
        same(model.log_likelihood(X), log_likelihood)
        same(model.bic(X), textbook.bic(log_likelihood, len(X), K, D))
        same(model.q_function(X, q), textbook.q_function(X, q, *theta))
        same(model.elbo(X, q), textbook.elbo(X, q, *theta))
        r = textbook.e_step(X, *theta)
        same(model.predict_proba(X), r, atol=1e-12)
        statistics = model.e_step(X)
        same(statistics.counts, r.sum(axis=0))
        model.m_step(statistics)
        theta = textbook.m_step(X, r)
        for ours, theirs in zip(parameters(model), theta, strict=True):
            same(ours, theirs, atol=1e-12)


def same(ours, theirs, atol=0.0):
    """Equal but for rounding."""
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=atol)


# ---- It stands alone -----------------------------------------------------------------------------


def imports(path):
    """The modules that a file imports, dots included, and the names it takes from them."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            home = "." * node.level + (node.module or "")
            yield from (f"{home}.{alias.name}" for alias in node.names)


def test_the_textbook_needs_numpy_and_two_functions_of_scipy():
    assert set(imports(PACKAGE / "textbook.py")) == {
        "numpy",
        "scipy.linalg.solve_triangular",
        "scipy.special.logsumexp",
    }


def test_only_the_exercises_use_the_textbook():
    users = {
        path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for path in PACKAGE.rglob("*.py")
        if any("textbook" in name for name in imports(path))
    }
    assert users == {"exercises"}
