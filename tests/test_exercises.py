"""A wrong function is told its mistake; a right one is never accused."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import log_joint, parameters
from scipy.special import logsumexp
from scipy.stats import norm as normal

from numpy_ml_gmm import GMM, exercises, textbook
from numpy_ml_gmm.exercises import EXERCISES, check, knobs, main, mark

# ---- A student's right answers, in loops, as the equations stand -------------------------------

LOG_JOINT = """
def log_joint(X, pi, mu, Sigma):
    N, D = X.shape
    K = len(pi)
    ell = np.zeros((N, K))
    for n in range(N):
        for k in range(K):
            C = Sigma[k]
            delta = X[n] - mu[k]
            P = np.linalg.inv(C)
            ell[n, k] = np.log(pi[k]) - D / 2 * np.log(2 * np.pi)
            ell[n, k] += -0.5 * np.log(np.linalg.det(C))
            ell[n, k] += -0.5 * delta @ P @ delta
    return ell
"""
E_STEP = (
    LOG_JOINT
    + """
def e_step(X, pi, mu, Sigma):
    ell = log_joint(X, pi, mu, Sigma)
    p = np.exp(ell - ell.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)
"""
)
M_STEP = """
def m_step(X, r):
    N, D = X.shape
    K = r.shape[1]
    N_k = r.sum(axis=0)
    pi = N_k / N
    mu = np.zeros((K, D))
    Sigma = np.zeros((K, D, D))
    for k in range(K):
        for n in range(N):
            mu[k] += r[n, k] * X[n]
        mu[k] /= N_k[k]
        for n in range(N):
            delta = X[n] - mu[k]
            Sigma[k] += r[n, k] * np.outer(delta, delta)
        Sigma[k] /= N_k[k]
    return pi, mu, Sigma
"""
EM_STEP = (
    E_STEP
    + M_STEP
    + """
def em_step(X, pi, mu, Sigma):
    r = e_step(X, pi, mu, Sigma)
    new_pi, new_mu, new_Sigma = m_step(X, r)
    return new_pi, new_mu, new_Sigma
"""
)
LOG_LIKELIHOOD = (
    LOG_JOINT
    + """
def log_likelihood(X, pi, mu, Sigma):
    ell = log_joint(X, pi, mu, Sigma)
    total = 0.0
    for row in ell:
        top = row.max()
        total += top + np.log(np.exp(row - top).sum())
    return total
"""
)
ELBO = (
    E_STEP
    + """
def elbo(X, q, pi, mu, Sigma):
    ell = log_joint(X, pi, mu, Sigma)
    Q = (q * ell).sum()
    H = -(q[q > 0] * np.log(q[q > 0])).sum()
    return Q + H
"""
)
SEED_PROBABILITIES = """
def seed_probabilities(X, centres):
    d2 = ((X[:, None] - centres) ** 2).sum(axis=2)
    d2 = d2.min(axis=1)
    return d2 / d2.sum()
"""
K_MEANS_START = (
    M_STEP
    + """
def k_means_start(X, centres):
    labels = None
    for _ in range(100):
        d2 = ((X[:, None] - centres) ** 2).sum(axis=2)
        old, labels = labels, d2.argmin(axis=1)
        if old is not None and (old == labels).all():
            break
        centres = np.array([X[labels == k].mean(axis=0) for k in range(len(centres))])
    pi, mu, Sigma = m_step(X, np.eye(len(centres))[labels])
    return pi, mu, Sigma
"""
)
BIC = """
def bic(log_likelihood, N, K, D):
    weights = K - 1
    means = K * D
    covariances = K * D * (D + 1) / 2
    d = weights + means + covariances
    return -2 * log_likelihood + d * np.log(N)
"""
SAMPLE = """
def sample(n, pi, mu, Sigma, rng):
    z = rng.choice(len(pi), size=n, p=pi)
    X = np.zeros((n, mu.shape[1]))
    for k in range(len(pi)):
        L = np.linalg.cholesky(Sigma[k])
        noise = rng.normal(size=((z == k).sum(), mu.shape[1]))
        X[z == k] = mu[k] + noise @ L.T
    return X, z
"""
SOURCES = {
    "e_step": E_STEP,
    "m_step": M_STEP,
    "em_step": EM_STEP,
    "log_likelihood": LOG_LIKELIHOOD,
    "elbo": ELBO,
    "seed_probabilities": SEED_PROBABILITIES,
    "k_means_start": K_MEANS_START,
    "bic": BIC,
    "sample": SAMPLE,
}

# ---- The same with one mistake: what is written, what is written in its place, what is said -----

IN_DENSITY = [
    ("np.log(pi[k]) -", "-", "the weights pi are missing"),
    ("np.log(pi[k]) -", "pi[k] -", "pi is added to the log density"),
    ("P = np.linalg.inv(C)", "P = C", "Sigma where Sigma^-1 belongs"),
    ("C = Sigma[k]", "C = np.linalg.inv(Sigma[k])", "Sigma^-1 where Sigma belongs"),
    ("C = Sigma[k]", "C = Sigma[k] @ Sigma[k]", "variance for the standard deviation"),
    ("C = Sigma[k]", "C = np.diag(np.diag(Sigma[k]))", "only the diagonal"),
    ("-0.5 * delta", "-delta", "the 1/2 in the exponent is missing"),
    ("-0.5 * delta", "0.5 * delta", "minus sign in the exponent"),
    ("+= -0.5 * np.log(np.linalg.det(C))", "+= 0", "normalising constant"),
    ("+= -0.5 * np.log(np.linalg.det(C))", "-= np.log(np.linalg.det(C))", "root of |Sigma_k|"),
    ("+= -0.5 * np.log(np.linalg.det(C))", "+= 0.5 * np.log(np.linalg.det(C))", "divide by it"),
]
IN_CONSTANT = [
    ("- D / 2 * np.log(2 * np.pi)", "", "(2 pi)^(D/2) of the density is missing"),
    ("- D / 2 * np.log", "- 1 / 2 * np.log", "with the D"),
]
IN_E_STEP = [
    *IN_DENSITY,
    ("p / p.sum(axis=1, keepdims=True)", "np.exp(ell) / np.exp(ell).sum(0)", "not over k"),
    ("p / p.sum(axis=1, keepdims=True)", "np.exp(ell) / np.exp(ell).sum()", "over all n and k"),
    ("p / p.sum(axis=1, keepdims=True)", "np.exp(ell)", "divide each row by its sum"),
    ("p / p.sum(axis=1, keepdims=True)", "np.exp(ell) / pi", "these are the densities"),
    ("return p / p.sum(axis=1, keepdims=True)", "return ell", "this is the log joint"),
    ("p / p.sum(axis=1, keepdims=True)", "np.log(p / p.sum(1)[:, None])", "this is log r"),
    (
        "return p / p.sum(axis=1, keepdims=True)",
        "p /= pi; return pi * p / p.sum(axis=1, keepdims=True)",
        "pi come after the division",
    ),
    ("p / p.sum(axis=1, keepdims=True)", "np.eye(len(pi))[p.argmax(1)]", "hard assignment"),
    (
        "p / p.sum(axis=1, keepdims=True)",
        "np.eye(len(pi))[((X[:, None] - mu) ** 2).sum(2).argmin(1)]",
        "this is k-means",
    ),
]
IN_M_STEP = [
    ("pi = N_k / N", "pi = np.ones(K) / K", "weights pi are not updated"),
    ("pi = N_k / N", "pi = N_k", "the weights are N_k"),
    ("pi = N_k / N", "pi = np.bincount(r.argmax(1)) / N", "portions of hard"),
    ("mu[k] /= N_k[k]", "mu[k] /= N", "the means divide by N:"),
    ("mu[k] /= N_k[k]", "", "the means are sums"),
    ("mu[k] /= N_k[k]", "mu[k] = X.mean(axis=0)", "the means do not use r"),
    ("mu[k] /= N_k[k]", "mu[k] = X[r.argmax(1) == k].mean(0)", "means use hard"),
    ("Sigma[k] /= N_k[k]", "Sigma[k] /= N", "the covariances divide by N:"),
    ("Sigma[k] /= N_k[k]", "", "the covariances are scatter matrices"),
    ("Sigma[k] /= N_k[k]", "Sigma[k] /= N_k[k] - 1", "divide by N_k - 1"),
    ("Sigma[k] /= N_k[k]", "Sigma[k] /= 2 * N_k[k]", "a factor 1/2"),
    ("np.outer(delta, delta)", "np.diag(delta**2)", "only the diagonal"),
    (
        "np.outer(delta, delta)",
        "(np.outer(delta, delta) - np.diag(delta**2))",
        "the diagonal of the covariances is forgotten",
    ),
    ("delta = X[n] - mu[k]", "delta = X[n]", "about the origin"),
    ("delta = X[n] - mu[k]", "delta = X[n] - X.mean(axis=0)", "about the mean of all points"),
    ("r[n, k] * np.outer(delta, delta)", "np.outer(delta, delta) * N_k[k] / N", "do not use r"),
    ("np.outer(delta, delta)", "np.outer(r[n, k] * delta, delta)", "use r twice"),
    (
        "Sigma[k] /= N_k[k]",
        "Sigma[k] = np.cov(X[r.argmax(axis=1) == k].T, ddof=0)",
        "the covariances use hard",
    ),
    (
        "Sigma[k] /= N_k[k]",
        "Sigma[k] = np.diag(np.sqrt(np.diag(Sigma[k] / N_k[k])))",
        "standard deviations",
    ),
    ("Sigma[k] /= N_k[k]", "Sigma[k] = np.linalg.inv(Sigma[k] / N_k[k])", "these are the inverses"),
]
FOR_ALL = "the sum is asked for"
LAST_LINES = {
    "log_likelihood": [
        ("for row in ell:", "for row in ell.T:", "summed over n, not over k"),
        ("return total", "return np.log(np.exp(ell).sum())", "the logarithm comes last"),
        ("return total", "return ell.sum()", "inside the sum over k"),
        ("return total", "return ell.max(axis=1).sum()", "only the largest"),
        ("return total", "return total / len(X)", FOR_ALL),
        ("return total", "return -total", "the sign is wrong"),
        ("return total", "return -total / len(X)", FOR_ALL),
        ("return total", "return total / np.log(2)", "to base 2"),
        ("return total", "return total / np.log(10)", "to base 10"),
        ("return total", "return np.exp(ell).sum()", "the sum of the densities"),
        ("np.log(pi[k])", "np.log(1 / K)", "taken as 1 / K"),
        (
            "return total",
            "p = np.exp(ell); return (p / p.sum(1)[:, None] * ell).sum()",
            "this is Q under the posterior",
        ),
        (
            "return total",
            "P = np.linalg.inv(Sigma); d = X[:, None] - mu\n"
            "    return np.log((pi * np.exp(-(np.einsum('nkd,kde->nke', d, P) * d).sum(2) / 2))"
            ".sum(1)).sum()",
            "the whole constant",
        ),
    ],
    "elbo": [
        ("return Q + H", "return Q - H", "the sign of the entropy"),
        ("return Q + H", "return Q", "this is Q"),
        ("return Q + H", "return H", "this is the entropy"),
        ("return Q + H", "return -H", "minus the entropy"),
        ("Q = (q", "q = e_step(X, pi, mu, Sigma); Q = (q", "not the posterior"),
        ("H = -", "q = e_step(X, pi, mu, Sigma); H = -", "that of the posterior"),
        ("return Q + H", "return logsumexp(ell, axis=1).sum() - Q - H", "KL divergence"),
        ("return Q + H", "return 2 * logsumexp(ell, axis=1).sum() - Q - H", "KL divergence is"),
        ("return Q + H", "return -Q - H", "minus the ELBO"),
        ("return Q + H", "return (Q + H) / len(X)", FOR_ALL),
        ("return Q + H", "return (Q + H) / np.log(2)", "to base 2"),
        ("np.log(q[q > 0])", "np.log2(q[q > 0])", "entropy is to base 2"),
        ("return Q + H", "return (Q + H) / np.log(10)", "to base 10"),
        (
            "return Q + H",
            "return Q + H + (q * (D_2PI(X) + LOG_DET(Sigma))).sum()",
            "the whole constant",
        ),
    ],
    "em_step": [
        ("return new_pi", "return pi", "write N_k / N back"),
        ("return new_pi, new_mu, new_Sigma", "return pi, mu, Sigma", "nothing is updated"),
        (
            "return new_pi",
            "d = X[:, None] - mu\n"
            "    new_Sigma = np.einsum('nk,nkd,nke->kde', r, d, d) / r.sum(0)[:, None, None]\n"
            "    return new_pi",
            "the mean is updated after the covariance",
        ),
        (
            "return new_pi",
            "r = e_step(X, new_pi, new_mu, Sigma); d = X[:, None] - new_mu\n"
            "    new_Sigma = np.einsum('nk,nkd,nke->kde', r, d, d) / r.sum(0)[:, None, None]\n"
            "    return new_pi",
            "computed again",
        ),
    ],
    "seed_probabilities": [
        (".min(axis=1)", ".max(axis=1)", "the farthest centre is used"),
        ("d2 = d2.min(axis=1)", "d2 = np.sqrt(d2.min(axis=1))", "not squared"),
        ("d2 / d2.sum()", "d2", "divide by their sum"),
        ("d2 / d2.sum()", "np.sqrt(d2)", "square them"),
        (".min(axis=1)", ".sum(axis=1)", "all centres are added up"),
        (".min(axis=1)", "[:, -1]", "only the last centre"),
        (".min(axis=1)", "[:, 0]", "only the first centre"),
        ("d2 / d2.sum()", "(d2 == d2.max()).astype(float)", "farthest point gets everything"),
        ("d2 / d2.sum()", "np.ones(len(X)) / len(X)", "every point is as probable"),
    ],
    "k_means_start": [
        ("range(100)", "range(1)", "moved once"),
        ("range(100)", "range(2)", "moved twice"),
        (
            "labels = None",
            "labels = ((X[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)\n"
            "    pi, mu, Sigma = m_step(X, np.eye(len(centres))[labels])\n"
            "    return pi, centres, Sigma",
            "the means are the first centres",
        ),
        ("centres = np.array(", "_ = np.array(", "moved once"),
        ("return pi, mu", "Sigma[:] = np.eye(X.shape[1]); return pi, mu", "are the identity"),
        ("return pi, mu", "Sigma[:] = np.cov(X.T, ddof=0); return pi, mu", "that of all points"),
        ("Sigma[k] /= N_k[k]", "Sigma[k] /= N_k[k] - 1", "N_k - 1"),
        ("pi = N_k / N", "pi = np.ones(K) / K", "weights pi are not updated"),
    ],
    "bic": [
        ("K - 1", "K", "K weights are counted"),
        ("K - 1", "0", "the weights are not counted"),
        ("means = K * D", "means = 0", "K D numbers too few"),
        ("D * (D + 1) / 2", "D * (D - 1) / 2", "K D numbers too few"),
        ("means = K * D", "means = K", "a mean is counted as one"),
        ("D * (D + 1) / 2", "D**2", "it is symmetric"),
        ("K * D * (D + 1) / 2", "K * D", "its diagonal alone"),
        ("K * D * (D + 1) / 2", "0", "the covariances are not counted"),
        ("K * D * (D + 1) / 2", "D * (D + 1) / 2", "one covariance is counted"),
        ("weights + means + covariances", "K", "K is the number of parameters"),
        ("np.log(N)", "2", "this is AIC"),
        ("np.log(N)", "np.log10(N)", "base 10"),
        ("np.log(N)", "np.log2(N)", "base 2"),
        ("np.log(N)", "N", "the price of a parameter is N"),
        ("np.log(N)", "np.log(N) / 2", "(log N) / 2"),
        ("-2 * log", "-1 * log", "not -1 times"),
        ("-2 * log", "2 * log", "sign of the log-likelihood"),
        ("-2 * log", "log", "factor -2 is missing"),
        ("-2 * log_likelihood + d", "2 * log_likelihood - d", "as mclust prints it"),
        ("-2 * log_likelihood + d", "-log_likelihood + d / 2", "half of BIC"),
        ("-2 * log_likelihood + d", "log_likelihood - d / 2", "minus half of BIC"),
        ("+ d * np", "- d * np", "the sign of the price"),
    ],
    "sample": [
        (", p=pi", "", "every component is drawn as often"),
        ("mu[k] + noise", "noise", "the means are not added"),
        ("np.linalg.cholesky(Sigma[k])", "Sigma[k]", "variance for the standard deviation"),
        ("L.T", "L", "the wrong way round"),
        ("L.T", "np.diag(np.sqrt(np.diag(Sigma[k])))", "only the diagonal"),
        ("noise @ L.T", "noise", "Sigma is not used"),
        ("noise @ L.T", "noise @ np.linalg.inv(L)", "Sigma^-1 where Sigma belongs"),
    ],
}
TABLES = {
    "e_step": IN_E_STEP,
    "m_step": IN_M_STEP,
    "em_step": LAST_LINES["em_step"],
    "log_likelihood": IN_DENSITY + IN_CONSTANT + LAST_LINES["log_likelihood"],
    "elbo": IN_DENSITY + IN_CONSTANT + LAST_LINES["elbo"],
} | {name: LAST_LINES[name] for name in ("seed_probabilities", "k_means_start", "bic", "sample")}
CASES = [(name, *case) for name, cases in TABLES.items() for case in cases]


def function(name, old="", new=""):
    """The student's function, with a mistake written in."""
    assert old in SOURCES[name]
    return compiled(SOURCES[name].replace(old, new) if old else SOURCES[name], name)


def compiled(source, name):
    """A function from its source."""
    namespace = {
        "np": np,
        "logsumexp": logsumexp,
        "D_2PI": lambda X: X.shape[1] / 2 * np.log(2 * np.pi),
        "LOG_DET": lambda Sigma: np.log(np.linalg.det(Sigma)) / 2,
    }
    exec(source, namespace)
    return namespace[name]


@pytest.mark.parametrize("name", EXERCISES)
def test_a_right_function_is_told_so(name):
    verdict = check(function(name))
    assert verdict and repr(verdict) == f"{name}: right"


@pytest.mark.parametrize("name, old, new, said", CASES, ids=[f"{c[0]}: {c[2]}" for c in CASES])
def test_the_mistake_is_named(name, old, new, said):
    verdict = check(function(name, old, new))
    assert not verdict
    assert said in verdict.message


@pytest.mark.parametrize("old, new, said", IN_E_STEP + IN_M_STEP)
def test_a_mistake_in_a_whole_step_is_placed_in_its_half(old, new, said):
    half = "E" if (old, new, said) in IN_E_STEP else "M"
    before, found, after = SOURCES["em_step"].rpartition(old)
    assert found
    message = check(compiled(before + new + after, "em_step")).message
    assert said in message
    assert f"in the {half} step" in message


def test_every_mistake_of_the_table_has_its_own_answer():
    """No two mistakes are the same answer, and none of them is right."""
    for exercise in EXERCISES.values():
        for message, wrong in exercise.mistakes.items():
            problems = list(exercise.problems())
            rights = [exercise.expected(arguments) for arguments in problems]
            answers = [exercises.problems.as_parts(wrong(*arguments)) for arguments in problems]
            part = exercises.checking.first_wrong_part(answers, rights, exercise.tolerance)
            assert part is not None, message
            said = exercises.checking.name_mistake(exercise, problems, answers, rights, part)
            assert said == message


def test_every_mistake_is_made_by_some_function_here():
    said = {check(function(*case[:3])).message for case in CASES}
    for name, exercise in EXERCISES.items():
        for message in exercise.mistakes:
            elsewhere = message.startswith("in the ") or message in exercises.mistakes.M_STEP
            assert elsewhere or message in said, (name, message)


TEXTBOOK = ["e_step", "m_step", "em_step", "log_likelihood", "elbo", "bic"]


def test_what_counts_as_right_is_the_textbook():
    for name in TEXTBOOK:
        assert EXERCISES[name].right is getattr(textbook, name)
    for name in [*TEXTBOOK, "sample"]:
        assert check(getattr(textbook, name), name)
    assert {name for name in EXERCISES if not hasattr(textbook, name)} == {
        "seed_probabilities",
        "k_means_start",
    }


@pytest.mark.parametrize("name", [*TEXTBOOK, "k_means_start"])
def test_a_function_whose_knobs_are_not_touched_is_right(name):
    for arguments in EXERCISES[name].problems():
        answer = exercises.problems.as_parts(getattr(knobs, name)(*arguments))
        for ours, right in zip(answer, EXERCISES[name].expected(arguments), strict=True):
            np.testing.assert_allclose(ours, right, rtol=1e-10, atol=1e-12)


def test_the_log_joint_whose_knobs_are_not_touched_is_right():
    for arguments in exercises.problems.mixtures():
        ours, right = knobs.log_joint(*arguments), textbook.log_joint(*arguments)
        np.testing.assert_allclose(ours, right, rtol=1e-10)


def test_the_oracles_agree_with_the_class():
    for X, *theta in exercises.problems.mixtures():
        model = GMM.from_parameters(*theta, var_smoothing=0)
        q = next(q for Y, q, *_ in exercises.problems.with_q() if Y.shape == X.shape)
        assert np.allclose(exercises.log_joint(X, *theta), model.log_joint(X))
        assert np.isclose(exercises.elbo(X, q, *theta), model.elbo(X, q))
        new = exercises.em_step(X, *theta)
        model.m_step(model.e_step(X))
        for ours, theirs in zip(new, parameters(model), strict=True):
            assert np.allclose(ours, theirs)


def test_bic_agrees_with_the_class():
    X, *theta = next(exercises.problems.mixtures())
    model = GMM.from_parameters(*theta)
    assert np.isclose(exercises.bic(model.log_likelihood(X), *X.shape[:1], 3, 2), model.bic(X))


# ---- Right in another way ----------------------------------------------------------------------


def by_cholesky(X, pi, mu, Sigma):
    """Log joint from triangular factors."""
    L = np.linalg.cholesky(Sigma)
    y = np.linalg.solve(L, (X[:, None] - mu).transpose(1, 2, 0))
    log_det = np.log(np.diagonal(L, axis1=1, axis2=2)).sum(axis=1)
    constant = X.shape[1] / 2 * np.log(2 * np.pi)
    return (np.log(pi) - log_det - constant)[None] - (y**2).sum(axis=1).T / 2


def by_features(X, pi, mu, Sigma):
    """Log joint with the square of the exponent multiplied out."""
    P = np.linalg.inv(Sigma)
    squares = np.einsum("nd,kde,ne->nk", X, P, X) - 2 * np.einsum("nd,kde,ke->nk", X, P, mu)
    squares += np.einsum("kd,kde,ke->k", mu, P, mu)
    det = np.linalg.det(2 * np.pi * Sigma)
    return np.log(pi) - (squares + np.log(det)) / 2


def by_class(X, pi, mu, Sigma):
    """Log joint from the package."""
    return GMM.from_parameters(pi / pi.sum(), mu, Sigma).log_joint(X)


def by_eigenvectors(X, pi, mu, Sigma):
    """Log joint from the principal axes."""
    values, axes = np.linalg.eigh(Sigma)
    y = np.einsum("nkd,kde->nke", X[:, None] - mu, axes) / np.sqrt(values)
    return np.log(pi) + normal.logpdf(y).sum(axis=2) - np.log(values).sum(axis=1) / 2


def moments_centred(X, r):
    """M step with weighted deviations and one matrix product for each component."""
    N_k = r.sum(axis=0)
    mu = (r.T @ X) / N_k[:, None]
    Sigma = [(r[:, k, None] * (X - mu[k])).T @ (X - mu[k]) / N_k[k] for k in range(len(N_k))]
    return N_k / len(X), mu, np.array(Sigma)


def moments_raw(X, r):
    """M step as E[x x^T] - mu mu^T."""
    N_k = r.sum(axis=0)
    mu = np.einsum("nk,nd->kd", r, X) / N_k[:, None]
    second = np.einsum("nk,nd,ne->kde", r, X, X) / N_k[:, None, None]
    return N_k / N_k.sum(), mu, second - mu[:, :, None] * mu[:, None, :]


def moments_by_cov(X, r):
    """M step by np.average and np.cov."""
    K = r.shape[1]
    mu = [np.average(X, axis=0, weights=r[:, k]) for k in range(K)]
    Sigma = [np.cov(X.T, aweights=r[:, k], ddof=0) for k in range(K)]
    return r.mean(axis=0), np.array(mu), np.array(Sigma)


def softly(ell):
    """Responsibilities by scipy's logsumexp."""
    return np.exp(ell - logsumexp(ell, axis=1, keepdims=True))


def logistic(ell):
    """Responsibilities as one over the sum of ratios."""
    return 1 / np.exp(np.minimum(ell[:, None, :] - ell[:, :, None], 700)).sum(axis=2)


def lloyd_in_standard_order(X, centres):
    """k-means with a while loop, until the centres rest."""
    while True:
        z = np.linalg.norm(X[:, None] - centres, axis=2).argmin(axis=1)
        moved = np.array([X[z == k].mean(axis=0) for k in range(len(centres))])
        if np.allclose(moved, centres):
            return np.eye(len(centres))[z]
        centres = moved


LOG_JOINTS = [log_joint, by_cholesky, by_features, by_class, by_eigenvectors]
SOFT = [softly, logistic]
MOMENTS = [moments_centred, moments_raw, moments_by_cov]


def right_functions(ell, soft, moments):
    """A right answer to each exercise, put together from parts."""

    def elbo(X, q, *theta):
        log_q = np.log(np.where(q > 0, q, 1))
        return (q * (ell(X, *theta) - log_q)).sum()

    def elbo_from_kl(X, q, *theta):
        joint = ell(X, *theta)
        log_p = logsumexp(joint, axis=1, keepdims=True)
        log_q = np.log(np.where(q > 0, q, 1))
        return log_p.sum() - (q * (log_q - joint + log_p)).sum()

    return {
        "e_step": lambda *a: soft(ell(*a)),
        "m_step": moments,
        "em_step": lambda X, *theta: moments(X, soft(ell(X, *theta))),
        "log_likelihood": lambda *a: logsumexp(ell(*a), axis=1).sum(),
        "elbo": elbo if soft is softly else elbo_from_kl,
        "k_means_start": lambda X, c: moments(X, lloyd_in_standard_order(X, c)),
    }


def as_list(a):
    """Nested lists, or a float."""
    return np.asarray(a).tolist()


LAYOUTS = [
    lambda a: a,
    np.asfortranarray,
    as_list,
    lambda a: np.asarray(a)[..., ::-1][..., ::-1] if np.ndim(a) else np.asarray(a),
    lambda a: np.ma.masked_array(a),
    lambda a: np.asarray(a, dtype=np.longdouble),
    lambda a: np.asarray(a, dtype=np.float32),
]


def dressed(function, dtype, layout, noise, container):
    """A function that computes in ``dtype`` and hands its answer over in some layout."""

    def cast(a):
        return a.astype(dtype) if isinstance(a, np.ndarray) else a

    def wrapped(*arguments):
        answer = function(*map(cast, arguments))
        if isinstance(answer, tuple):
            return container(layout(np.asarray(part) * (1 + noise)) for part in answer)
        return layout(np.asarray(answer) * (1 + noise))

    return wrapped


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(LOG_JOINTS),
    st.sampled_from(SOFT),
    st.sampled_from(MOMENTS),
    st.sampled_from(["e_step", "m_step", "em_step", "log_likelihood", "elbo", "k_means_start"]),
    st.sampled_from([np.float64, np.float32]),
    st.sampled_from(LAYOUTS),
    st.floats(-1e-5, 1e-5),
    st.sampled_from([tuple, list]),
)
def test_no_right_function_is_accused(ell, soft, moments, name, dtype, layout, noise, container):
    right = right_functions(ell, soft, moments)[name]
    verdict = check(dressed(right, dtype, layout, noise, container), name)
    assert verdict, verdict


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["cholesky", "eigh", "svd"]), st.booleans())
def test_no_right_sampler_is_accused(seed, method, in_order):
    def sample(n, weights, means, covariances, rng):
        rng = np.random.default_rng(seed)  # a generator of the student's own
        z = rng.choice(len(weights), size=n, p=weights)
        z = np.sort(z) if in_order else z
        X = np.empty((n, means.shape[1]))
        for k in range(len(weights)):
            size = (z == k).sum()
            X[z == k] = rng.multivariate_normal(means[k], covariances[k], size, method=method)
        return X, z

    assert check(sample)


def test_bic_and_seeds_may_be_rounded():
    assert check(lambda ll, N, K, D: np.round(exercises.bic(ll, N, K, D), 2), "bic")
    assert check(lambda X, c: seed(X.astype(np.float32), c), "seed_probabilities")


def seed(X, centres):
    """Probabilities of k-means++ by scipy's distances."""
    d = np.min([np.linalg.norm(X - c, axis=1) for c in centres], axis=0) ** 2
    return d / np.sum(d)


# ---- Answers that cannot be compared -----------------------------------------------------------


def naive_e_step(X, pi, mu, Sigma):
    p = np.exp(by_cholesky(X, pi, mu, Sigma))
    return p / p.sum(axis=1, keepdims=True)


def naive_log_likelihood(X, pi, mu, Sigma):
    return np.log(np.exp(by_cholesky(X, pi, mu, Sigma)).sum(axis=1)).sum()


def padded_log_likelihood(X, pi, mu, Sigma):
    return np.log(np.exp(by_cholesky(X, pi, mu, Sigma)).sum(axis=1) + 1e-300).sum()


def padded_e_step(X, pi, mu, Sigma):
    p = np.exp(by_cholesky(X, pi, mu, Sigma))
    return p / (p.sum(axis=1, keepdims=True) + 1e-300)


@pytest.mark.parametrize(
    "wrong", [naive_e_step, naive_log_likelihood, padded_log_likelihood, padded_e_step]
)
def test_no_log_sum_exp_is_named(wrong):
    name = wrong.__name__.split("_", 1)[1]
    assert "log-sum-exp" in check(wrong, name).message


def test_zero_times_log_zero_is_named():
    def elbo(X, q, *theta):
        return (q * (by_cholesky(X, *theta) - np.log(q))).sum()

    assert "q log q is 0" in check(elbo).message


def right_e_step(X, *theta):
    return softly(by_cholesky(X, *theta))


def writes_into_X(X, pi, mu, Sigma):
    r = right_e_step(X.copy(), pi, mu, Sigma)
    X -= X.mean(axis=0)
    return r


TROUBLES = [
    (lambda *a: None, "returns nothing"),
    (lambda *a: 1 / 0, "it raised ZeroDivisionError: division by zero"),
    (lambda X: X, "it raised TypeError"),
    (writes_into_X, "changes its argument number 1"),
    (lambda *a: right_e_step(*a).T, "it is transposed"),
    (lambda *a: right_e_step(*a)[0], "should be of shape (60, 3), not of shape (3,)"),
    (lambda *a: right_e_step(*a) * np.nan, "nan or inf"),
    (lambda *a: right_e_step(*a) + 0j, "complex"),
    (lambda *a: right_e_step(*a).astype(str), "should be numbers"),
    (lambda *a: (right_e_step(*a), 0.0), "cannot be read as one array"),
    (lambda *a: right_e_step(*a) * 0.7, "not every row sums to one"),
    (lambda *a: right_e_step(*a)[:, ::-1], "each row does sum to one"),
]


@pytest.mark.parametrize("wrong, said", TROUBLES)
def test_what_cannot_be_compared_gets_a_clear_message(wrong, said):
    assert said in check(wrong, "e_step").message


def test_the_number_of_answers_and_the_labels_are_checked():
    assert "3 things: weights, means" in check(lambda X, r: r.mean(axis=0), "m_step").message
    whole = function("sample")
    assert (
        "whole numbers from 0 to 2"
        in check(lambda *a: (whole(*a)[0], whole(*a)[1] + 1), "sample").message
    )
    assert "a single number" in check(lambda *a: np.zeros(3), "bic").message


def test_fractions_that_are_cut_off_are_noticed():
    def m_step(X, r):
        weights, means, covariances = moments_centred(X, r)
        return weights, means.astype(int), covariances

    assert "only whole numbers" in check(m_step).message
    assert "all zero" in check(lambda X, c: np.zeros(len(X)), "seed_probabilities").message


def test_an_unknown_exercise_is_an_error():
    with pytest.raises(ValueError, match="choose one of e_step"):
        check(lambda: 0)


# ---- A class -----------------------------------------------------------------------------------


def notebook(path, *cells):
    """Write a notebook with these code cells."""
    cells = [{"cell_type": "code", "source": source, "metadata": {}} for source in cells]
    path.write_text(json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5}))
    return str(path)


IMPORTS = "%matplotlib inline\nimport numpy as np\n!echo never run"


def test_a_class_is_marked(tmp_path, capsys):
    right = notebook(tmp_path / "right.ipynb", IMPORTS, BIC, SEED_PROBABILITIES)
    wrong = notebook(tmp_path / "wrong.ipynb", IMPORTS, BIC.replace("np.log(N)", "2"), "1 / 0")
    out = tmp_path / "marks.csv"
    assert main([right, wrong, "--csv", str(out), "--jobs", "2"]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].split() == ["notebook", "seed_probabilities", "bic", "right"]
    assert table[1].split() == [right, "right", "right", "2/2"]
    assert table[2].split() == [wrong, "-", "wrong", "0/2"]
    assert table[4] == f"{wrong}: bic: this is AIC: the price of a parameter is log N, not 2"
    assert len(out.read_text().splitlines()) == 4


BAD_CELLS = {
    "an error": "raise ValueError('mine')",
    "a syntax error": "def f(:",
    "sys.exit": "import sys; sys.exit(3)",
    "a question": "input('name? ')",
    "a file": "open('marks.csv', 'w').write('mine')",
}


@pytest.mark.parametrize("cell", BAD_CELLS.values(), ids=BAD_CELLS)
def test_a_bad_cell_costs_only_itself(tmp_path, cell):
    verdicts, note = mark(notebook(tmp_path / "a.ipynb", IMPORTS, cell, BIC))
    assert verdicts == {"bic": ""} and not note
    assert os.listdir(tmp_path) == ["a.ipynb"]


ENDLESS = "def sample(*a):\n    while True:\n        pass"


def test_an_endless_function_costs_only_itself(tmp_path):
    if not hasattr(signal, "setitimer"):
        pytest.skip("needs an alarm: the whole notebook is stopped without one")
    path = notebook(tmp_path / "a.ipynb", IMPORTS, ENDLESS, "while True: pass", BIC)
    verdicts, note = mark(path, time_limit=12)
    assert verdicts == {"bic": "", "sample": "it does not end within 3 s"} and not note


def test_a_loop_that_cannot_be_left_is_stopped_and_what_was_marked_stays(tmp_path):
    deaf = "import signal\n    signal.signal(signal.SIGALRM, signal.SIG_IGN)\n    while"
    stubborn = ENDLESS.replace("while", deaf)
    start = time.perf_counter()
    verdicts, note = mark(notebook(tmp_path / "a.ipynb", IMPORTS, BIC, stubborn), time_limit=6)
    assert verdicts == {"bic": ""} and note == "stopped after 6 s"
    assert time.perf_counter() - start < 20


def test_a_process_that_dies_is_reported(tmp_path):
    verdicts, note = mark(notebook(tmp_path / "a.ipynb", "import os; os._exit(5)"))
    assert not verdicts and note == "its process ended with code 5"


@pytest.mark.parametrize("text", ["not a notebook", "[]", "{}"])
def test_what_is_no_notebook_is_said_to_be_none(tmp_path, text):
    (tmp_path / "b.ipynb").write_text(text)
    verdicts, note = mark(str(tmp_path / "b.ipynb"))
    assert not verdicts and "cannot be read as a notebook" in note
    assert "FileNotFoundError" in mark(str(tmp_path / "none.ipynb"))[1]


def test_one_notebook_cannot_take_all_the_memory(tmp_path):
    pytest.importorskip("resource")
    greedy = "a = bytearray(8 << 30)\nbic = None"  # the second line is not reached
    verdicts, _ = mark(notebook(tmp_path / "a.ipynb", IMPORTS, BIC, greedy))
    assert verdicts == {"bic": ""}


def test_the_module_is_a_command(tmp_path):
    path = notebook(tmp_path / "a.ipynb", IMPORTS, BIC)
    command = [sys.executable, "-m", "numpy_ml_gmm.exercises", path]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0 and "1/1" in run.stdout and not run.stderr
