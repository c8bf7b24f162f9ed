"""A wrong function is told its mistake; a right one is never accused."""

import argparse
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import answers
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prior_answers import AFTERWARDS, KNOWN, NOT_KNOWN
from prior_answers import SOURCES as ABOUT_PRIORS
from problems import log_joint, parameters
from scipy import special, stats
from scipy.special import logsumexp
from scipy.stats import norm as normal

from numpy_ml_gmm import GMM, NormalInverseWishart, bayes, exercises, online, textbook
from numpy_ml_gmm.covariances import covariance_model
from numpy_ml_gmm.exercises import EXERCISES, check, knobs, main, mark, marking
from numpy_ml_gmm.exercises.answering import from_json, to_json
from numpy_ml_gmm.exercises.checking import ask, judge, one_line, tells_apart
from numpy_ml_gmm.exercises.marking import sound_seed
from numpy_ml_gmm.exercises.naming import first_wrong_part, known, name_mistake

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
CONDITIONAL_MEAN = """
def slope_of(C, o, m):
    return C[np.ix_(m, o)] @ np.linalg.inv(C[np.ix_(o, o)])

def conditional_mean(X, mu, C):
    filled = X.copy()
    for n in range(len(X)):
        m, o = np.where(np.isnan(X[n]))[0], np.where(~np.isnan(X[n]))[0]
        slope = slope_of(C, o, m)
        filled[n, m] = mu[m] + slope @ (X[n, o] - mu[o])
    return filled
"""
E_STEP_WITH_MISSING = (
    CONDITIONAL_MEAN
    + """
def observed_log_joint(X, pi, mu, Sigma):
    ell = np.zeros((len(X), len(pi)))
    for n in range(len(X)):
        o = np.where(~np.isnan(X[n]))[0]
        for k in range(len(pi)):
            C = Sigma[k][np.ix_(o, o)]
            delta = X[n, o] - mu[k, o]
            P = np.linalg.inv(C)
            ell[n, k] = np.log(pi[k]) - len(o) / 2 * np.log(2 * np.pi)
            ell[n, k] += -0.5 * np.log(np.linalg.det(C))
            ell[n, k] += -0.5 * delta @ P @ delta
    return ell

def e_step_with_missing(X, pi, mu, Sigma):
    (N, D), K = X.shape, len(pi)
    ell = observed_log_joint(X, pi, mu, Sigma)
    r = np.exp(ell - ell.max(axis=1, keepdims=True))
    r = r / r.sum(axis=1, keepdims=True)
    x_hat = np.array([conditional_mean(X, mu[k], Sigma[k]) for k in range(K)])
    sums, squares = np.zeros((K, D)), np.zeros((K, D, D))
    for n in range(N):
        m, o = np.where(np.isnan(X[n]))[0], np.where(~np.isnan(X[n]))[0]
        for k in range(K):
            C, w = np.zeros((D, D)), r[n, k]
            known = slope_of(Sigma[k], o, m) @ Sigma[k][np.ix_(o, m)]
            C[np.ix_(m, m)] = Sigma[k][np.ix_(m, m)] - known
            sums[k] += w * x_hat[k, n]
            squares[k] += w * np.outer(x_hat[k, n], x_hat[k, n]) + w * C
    return r, sums, squares
"""
)
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
    "conditional_mean": CONDITIONAL_MEAN,
    "e_step_with_missing": E_STEP_WITH_MISSING,
} | ABOUT_PRIORS
ABOUT_SUMS = {name: source for name, (source, _) in answers.sums.WRONG.items()}
SOURCES |= ABOUT_SUMS

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
BLOCK = "C = Sigma[k][np.ix_(o, o)]"
IN_OBSERVED = [  # the same, of the block that is observed
    (old, new, said)
    if old != "C = Sigma[k]"
    else (BLOCK, f"{BLOCK}\n            {new.replace('Sigma[k]', 'C')}", said)
    for old, new, said in IN_DENSITY
]
SLOPE = "C[np.ix_(m, o)] @ np.linalg.inv(C[np.ix_(o, o)])"
IN_CONDITIONAL = [
    ("mu[m] + slope @ (X[n, o] - mu[o])", "mu[m]", "the mean mu is filled in"),
    (SLOPE, "C[np.ix_(m, o)]", "the slope is Sigma_mo alone"),
    (SLOPE, "C[np.ix_(m, o)] @ C[np.ix_(o, o)]", "multiplies by Sigma_oo"),
    (SLOPE, "np.linalg.inv(C[np.ix_(m, m)]) @ C[np.ix_(m, o)]", "wrong block, Sigma_mm"),
    (SLOPE, "C[np.ix_(m, o)] @ np.linalg.inv(C)[np.ix_(o, o)]", "inverse of the whole Sigma"),
    (SLOPE, "C[np.ix_(m, o)] / np.diag(C)[o]", "only the diagonal of Sigma_oo"),
    ("mu[m] + slope", "mu[m] - slope", "the sign of the slope"),
    ("(X[n, o] - mu[o])", "X[n, o]", "mu_o is not subtracted"),
    ("mu[m] + slope", "slope", "mu_m is not added"),
]
COLUMN = "np.where(np.isnan(X), np.nanmean(X, axis=0), X)"
HATS = "np.array([conditional_mean(X, mu[k], Sigma[k]) for k in range(K)])"
LAST_LINES |= {
    "conditional_mean": [
        *IN_CONDITIONAL,
        ("filled = X.copy()", f"return {COLUMN}", "the mean of the column"),
        ("filled = X.copy()", "return np.nan_to_num(X)", "0 is filled in"),
    ],
    "e_step_with_missing": [
        *IN_CONDITIONAL,
        ("(N, D)", f"X = {COLUMN}; (N, D)", "taken for complete"),
        ("(N, D)", "X = np.nan_to_num(X); (N, D)", "0 is filled in, and the table taken"),
        ("x_hat =", "r[np.isnan(X).any(axis=1)] = 0; x_hat =", "are dropped"),
        (
            "m, o = np.where(np.isnan(X[n]))[0], np.where(~np.isnan(X[n]))[0]\n        for k",
            "m, o = np.where(np.isnan(X[n]))[0], np.where(~np.isnan(X[n]))[0]\n"
            "        if len(m): continue\n        for k",
            "are left out of the sums",
        ),
        ("np.linalg.det(C)", "np.linalg.det(Sigma[k])", "that of the whole Sigma_k"),
        (
            "r = np.exp(ell",  # the density of the completed row
            "ell = np.array([np.diag(observed_log_joint(np.array([conditional_mean(X[n:n+1],"
            " mu[k], Sigma[k])[0] for k in range(K)]), pi, mu, Sigma)) for n in range(N)])\n"
            "    r = np.exp(ell",
            "that of the whole Sigma_k",
        ),
        (
            "P = np.linalg.inv(C)",
            "P = np.linalg.inv(Sigma[k])[np.ix_(o, o)]",
            "the exponent has a block",
        ),
        (
            "C = Sigma[k][np.ix_(o, o)]",
            "C = np.linalg.inv(np.linalg.inv(Sigma[k])[np.ix_(o, o)])",
            "as if the rest of the row were known",
        ),
        (
            "r = np.exp(ell",
            "ell = np.array([np.diag(observed_log_joint(np.where(np.isnan(x), mu, x), pi, mu,"
            " Sigma)) for x in X])\n    r = np.exp(ell",
            "all features with mu_k filled in",
        ),
        ("r / r.sum(axis=1, keepdims=True)", "np.exp(ell) / np.exp(ell).sum(0)", "over n, not"),
        ("r / r.sum(axis=1, keepdims=True)", "np.exp(ell)", "r holds the joint densities"),
        ("r = r / r.sum(axis=1, keepdims=True)", "r = ell", "r is the log joint"),
        ("r / r.sum(axis=1, keepdims=True)", "np.eye(K)[r.argmax(1)]", "assignment is soft"),
        ("w = np.zeros((D, D)), r[n, k]", "w = np.zeros((D, D)), 1", "the sums do not use r"),
        (HATS, f"np.array([{COLUMN}] * K)", "in the sums, the mean of the column"),
        (HATS, "np.array([np.nan_to_num(X)] * K)", "in the sums, 0 is filled in"),
        (
            f"x_hat = {HATS}",
            f"x_hat = {HATS}\n    x_hat = np.array([np.einsum('nk,knd->nd', r, x_hat)] * K)",
            "takes the average over components",
        ),
        (" + w * C", "", "forgot the conditional covariance"),
        (" - known", "", "Sigma_mm is added"),
        (
            "Sigma[k][np.ix_(m, m)] - known",
            "np.linalg.inv(Sigma[k])[np.ix_(m, m)]",
            "that is the precision",
        ),
        ("Sigma[k][np.ix_(m, m)] - known", "known", "subtract it from Sigma_mm"),
        ("+ w * C", "+ w * np.diag(np.diag(C))", "only the diagonal of C"),
        ("+ w * C", "- w * C", "the sign of C"),
        ("+ w * C", "+ C", "C is added without r"),
        (
            "return r, sums, squares",
            "N_k = r.sum(0); return r, sums / N_k[:, None], squares / N_k[:, None, None]",
            "these are means",
        ),
        (
            "return r, sums, squares",
            "return r, sums, squares / r.sum(0)[:, None, None]",
            "the squares are divided by N_k",
        ),
        (
            "return r, sums, squares",
            "squares -= np.einsum('kd,ke,k->kde', sums, sums, 1 / r.sum(0))\n"
            "    return r, sums, squares",
            "about the new means",
        ),
        *IN_OBSERVED,
    ],
}
TABLES = LAST_LINES | {
    **{name: cases + AFTERWARDS.get(name, []) for name, cases in KNOWN.items()},
    "e_step": IN_E_STEP,
    "m_step": IN_M_STEP,
    "log_likelihood": IN_DENSITY + IN_CONSTANT + LAST_LINES["log_likelihood"],
    "elbo": IN_DENSITY + IN_CONSTANT + LAST_LINES["elbo"],
}
CASES = [(name, *case) for name, cases in TABLES.items() for case in cases]


SPECIAL = "digamma", "gamma", "gammaln", "logsumexp", "polygamma", "softmax"


def function(name, old="", new=""):
    """The student's function, with a mistake written in."""
    assert old in SOURCES[name]
    return compiled(SOURCES[name].replace(old, new) if old else SOURCES[name], name)


def compiled(source, name):
    """A function from its source."""
    namespace = {
        "np": np,
        **{name: getattr(special, name) for name in SPECIAL},
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


@pytest.mark.parametrize("name", EXERCISES)
def test_every_mistake_of_the_table_is_wrong_and_is_named(name):
    rights, wrongs = known(name, 0).rights, known(name, 0).wrongs
    for message, wrong in wrongs.items():
        assert first_wrong_part(wrong, rights, EXERCISES[name].tolerance) is not None, message
        assert message in name_mistake(wrongs, wrong, rights, EXERCISES[name].tolerance)


@pytest.mark.parametrize("seed", [31337, 2**32 - 1])
def test_new_problems_tell_as_much(seed):
    """What is right stays right, and what is wrong is named, on problems that nobody has seen."""
    seed = sound_seed(seed)
    for name, *case, said in [*[(name, "", "", "") for name in EXERCISES], *CASES]:
        verdict = judge(name, partial(ask, function(name, *case), EXERCISES[name]), seed)
        assert said in verdict.message and bool(verdict) is not bool(said), (name, case)
    for wrong in [naive_e_step, naive_log_likelihood, padded_log_likelihood, padded_e_step]:
        name = wrong.__name__.split("_", 1)[1]
        assert "log-sum-exp" in judge(name, partial(ask, wrong, EXERCISES[name]), seed).message


def test_problems_that_hide_a_mistake_are_not_asked():
    unsound = next(seed for seed in range(1, 200) if not tells_apart(EXERCISES["sample"], seed))
    assert sound_seed(unsound) > unsound
    for exercise in EXERCISES.values():
        assert tells_apart(exercise, sound_seed(unsound))


def test_problems_on_which_a_mistake_has_no_answer_are_not_asked():
    def of_too_few_points(problems):
        raise np.linalg.LinAlgError

    e_step = EXERCISES["e_step"]
    exercise = SimpleNamespace(
        problems=e_step.problems, expected=e_step.expected, wrong_answers=of_too_few_points
    )
    assert tells_apart(e_step) and not tells_apart(exercise)


@pytest.mark.parametrize("name", EXERCISES)
def test_what_students_answer_is_named_truly(name):
    """Three of four wrong answers; none is called right, and no right one is refused."""
    found = answers.counts(name)
    n = sum(found[kind] for kind in ("named", "only wrong", "false", "missed"))
    assert n >= 25 and found["right"] >= 5
    assert not found["false"] and not found["missed"] and not found["refused"], found
    assert found["named"] >= 0.75 * n


@pytest.mark.parametrize("name", NOT_KNOWN)
def test_a_mistake_that_was_not_known_is_wrong_all_the_same(name):
    for old, new in NOT_KNOWN[name]:
        message = check(function(name, old, new)).message
        assert message and not message.startswith("right"), new


PARTS = "weights", "means", "covariances"


@pytest.mark.parametrize("old", [s for n in (1, 2, 3) for s in itertools.combinations(range(3), n)])
def test_only_what_is_old_is_said_to_be_old(old):
    def em_step(X, *theta):
        new = textbook.em_step(X, *theta)
        return tuple((theta if i in old else new)[i] for i in range(3))

    message = check(em_step).message
    assert ("nothing is updated" in message) == (len(old) == 3)
    if len(old) < 3:
        assert [name in message.split(":")[0] for name in PARTS] == [i in old for i in range(3)]


def of_zero_by_a_floor(X, q, *theta):
    return textbook.elbo(X, np.maximum(q, 1e-3 * (q == 0)), *theta) + 5 * (q == 0).any()


def of_zero_by_an_error(X, q, *theta):
    if (q == 0).any():
        raise IndexError("there is a 0")
    return textbook.elbo(X, q, *theta)


def of_zero_by_nan(X, q, *theta):
    return (q * (textbook.log_joint(X, *theta) - np.log(q))).sum()


@pytest.mark.parametrize(
    "wrong, said",
    [
        (of_zero_by_a_floor, "right, except where q is 0: wrong answer: it is"),
        (of_zero_by_an_error, "right, except where q is 0: it raised IndexError: there is a 0"),
        (of_zero_by_nan, "there q log q is 0, in the limit, and not nan"),
    ],
)
def test_each_failure_at_the_edge_has_its_own_words(wrong, said):
    assert said in check(wrong, "elbo").message


@pytest.mark.parametrize("numbers", ["a single 1", "ones and twos", "cut", "rounded"])
def test_whole_numbers_are_called_cut_only_if_they_are(numbers):
    def e_step(X, *theta):
        r = textbook.e_step(X, *theta)
        first = np.eye(r.shape[1])[np.zeros(len(r), int)]
        return {"a single 1": first, "ones and twos": first + 1}[numbers]

    def posterior_counts(r, *prior):
        change = {"cut": np.trunc, "rounded": np.round}[numbers]
        return tuple(change(part) for part in exercises.posterior_counts(r, *prior))

    message = check(posterior_counts if numbers in ("cut", "rounded") else e_step).message
    assert ("cut the fractions off" in message) == (numbers == "cut")
    assert ("rounded to whole numbers" in message) == (numbers == "rounded")


@pytest.mark.parametrize("name", ["e_step", "em_step", "log_likelihood"])
def test_the_largest_of_all_points_is_too_large_for_those_far_away(name):
    """Near and far points are asked about together."""

    def densities(X, *theta):
        ell = textbook.log_joint(X, *theta)
        return np.exp(ell - ell.max()), ell.max()

    def e_step(*m):
        p, _ = densities(*m)
        return p / p.sum(axis=1, keepdims=True)

    wrong = {
        "e_step": e_step,
        "em_step": lambda *m: textbook.m_step(m[0], e_step(*m)),
        "log_likelihood": lambda *m: (
            np.log(densities(*m)[0].sum(axis=1)) + densities(*m)[1]
        ).sum(),
    }
    assert "log-sum-exp" in check(wrong[name], name).message


@pytest.mark.parametrize("key", ["weights", "-weights", "means"])
@pytest.mark.parametrize("name", ["m_step", "em_step"])
def test_components_in_an_order_of_their_own_are_seen(name, key):
    def wrong(*m):
        pi, mu, Sigma = getattr(textbook, name)(*m)
        order = np.argsort({"weights": pi, "-weights": -pi, "means": mu[:, 0]}[key])
        return pi[order], mu[order], Sigma[order]

    for seed in (0, 5):
        message = judge(name, partial(ask, wrong, EXERCISES[name]), seed).message
        assert "order" in message or "E step" in message, message


def test_what_holds_the_right_numbers_is_right():
    """Complex without imaginary parts, objects, and an array of the parts."""
    r = np.frompyfunc(float, 1, 1)
    assert check(lambda *m: textbook.e_step(*m) + 0j, "e_step")
    assert check(lambda *m: r(textbook.e_step(*m)), "e_step")
    assert check(lambda *a: np.array(exercises.posterior_counts(*a)), "posterior_counts")
    assert check(lambda *a: Fraction(exercises.bic(*a)), "bic")
    assert "complex numbers" in check(lambda *m: textbook.e_step(*m) + 1j, "e_step").message


TEXTBOOK = ["e_step", "m_step", "em_step", "log_likelihood", "elbo", "bic"]


def test_what_counts_as_right_is_the_textbook():
    for name in TEXTBOOK:
        assert EXERCISES[name].right is getattr(textbook, name)
    for name in [*TEXTBOOK, "sample"]:
        assert check(getattr(textbook, name), name)
    assert {name for name in EXERCISES if not hasattr(textbook, name)} == {
        "seed_probabilities",
        "k_means_start",
        "conditional_mean",
        "e_step_with_missing",
        *ABOUT_PRIORS,
        *ABOUT_SUMS,
    }


@pytest.mark.parametrize(
    "name",
    [
        *[*TEXTBOOK, "k_means_start", "conditional_mean", "e_step_with_missing"],
        *[*ABOUT_PRIORS, *ABOUT_SUMS],
    ],
)
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


def test_what_is_missing_agrees_with_the_class():
    for empty in (False, True):
        for X, *theta in exercises.problems.with_missing(3, empty):
            r, sums, squares = exercises.e_step_with_missing(X, *theta)
            model = GMM.from_parameters(theta[0] / theta[0].sum(), *theta[1:])
            found = model.e_step(X)
            N_k, means = found.counts, found.means
            assert np.allclose(r, model.predict_proba(X))
            assert np.allclose(sums, N_k[:, None] * means)
            second = found.scatters + N_k[:, None, None] * means[:, :, None] * means[:, None]
            assert np.allclose(squares, second)
        for X, mean, covariance in exercises.problems.with_missing_for_one(3, empty):
            model = GMM.from_parameters([1.0], mean[None], covariance[None])
            completed = exercises.conditional_mean(X, mean, covariance)
            for x, filled in zip(X, completed, strict=True):
                assert np.allclose(model.e_step(x[None]).means[0], filled)


def mode_by_class(X, r, m, kappa, scale, nu, alpha):
    """Weights, means and covariances after an M step of the class with a prior."""
    prior = NormalInverseWishart(m, kappa, scale, nu, alpha)
    K = r.shape[1]
    model = GMM(K, init_params=np.asarray(r, float), max_iter=0, conjugate_prior=prior)
    return tuple(model.fit(X).theta)


def numbers_by_class(r, alpha_0, beta_0, nu_0):
    """alpha, beta and nu of the variational mixture."""
    model = covariance_model("full")
    prior = bayes.Prior(model, False, alpha_0, beta_0, np.zeros(2), nu_0, np.eye(2))
    return prior.numbers(r.sum(axis=0))


@pytest.mark.equation("map-m-step")
@pytest.mark.parametrize("seed", range(5))
def test_the_mode_and_its_counts_agree_with_the_class(seed):
    for arguments in exercises.problems.with_prior(seed):
        ours = exercises.map_m_step(*arguments)
        for part, theirs in zip(ours, mode_by_class(*arguments), strict=True):
            np.testing.assert_allclose(part, theirs, rtol=1e-8, atol=1e-10)
    for arguments in exercises.problems.to_count(seed):
        ours, theirs = exercises.posterior_counts(*arguments), numbers_by_class(*arguments)
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_an_expected_log_weight_is_an_integral():
    for (alpha,) in exercises.problems.to_weigh():
        one_weight = [stats.beta(a, alpha.sum() - a) for a in alpha]  # against all the others
        integrals = [density.expect(np.log) for density in one_weight]
        np.testing.assert_allclose(exercises.expected_log_weights(alpha), integrals, rtol=1e-6)
        np.testing.assert_allclose(bayes.expected_log(alpha), integrals, rtol=1e-6)


def test_an_expected_log_determinant_is_the_derivative_of_the_constant():
    """The density is |Lambda|^(nu / 2) times what has no nu, over a constant."""
    for nu, W in exercises.problems.wisharts():
        D = W.shape[1]

        def log_constant(half, W=W, D=D):
            return half * np.linalg.slogdet(2 * W)[1] + special.multigammaln(half, D)

        h = 1e-5
        for k, answer in enumerate(exercises.expected_log_det(nu, W)):
            ends = [log_constant(nu[k] / 2 + step, W[k]) for step in (-h, h)]
            assert np.isclose((ends[1] - ends[0]) / (2 * h), answer, rtol=1e-7, atol=1e-7)
            loss = bayes.log_det_gap(nu[k], D)
            assert np.isclose(np.linalg.slogdet(nu[k] * W[k])[1] + loss, answer)


@pytest.mark.equation("weighted-m-step")
@pytest.mark.parametrize("seed", range(3))
def test_a_weight_is_a_number_of_copies(seed):
    for X, r, w in exercises.problems.with_weights(seed, whole=True):
        copies = np.repeat(np.arange(len(X)), w.astype(int))
        by_copies = textbook.m_step(X[copies], r[copies])
        for part, theirs in zip(exercises.weighted_m_step(X, r, w), by_copies, strict=True):
            np.testing.assert_allclose(part, theirs, rtol=1e-9)
    for X, r, w in exercises.problems.with_weights(seed):
        model = GMM(r.shape[1], init_params=r, max_iter=0, var_smoothing=0)
        by_class = model.fit(X, sample_weight=w).theta
        for part, theirs in zip(exercises.weighted_m_step(X, r, w), by_class, strict=True):
            np.testing.assert_allclose(part, theirs, rtol=1e-8)


@pytest.mark.equation("stream")
def test_a_step_of_a_stream_is_an_m_step_in_which_earlier_points_count_less():
    for X, r, *_, xi in exercises.problems.with_old_sums(1):
        earlier, first = X[::2] - 3, r[::2]
        w = np.repeat([xi, 1.0], [len(earlier), len(X)])
        at_once = exercises.weighted_m_step(np.vstack([earlier, X]), np.vstack([first, r]), w)
        counts, sums, *new = exercises.stream_step(X, r, first.sum(axis=0), first.T @ earlier, xi)
        np.testing.assert_allclose(new[0], at_once[0], rtol=1e-10)
        np.testing.assert_allclose(new[1], at_once[1], rtol=1e-10)
        np.testing.assert_allclose(counts, new[0] * w.sum(), rtol=1e-10)
        np.testing.assert_allclose(sums, new[1] * counts[:, None], rtol=1e-10)


def test_a_step_of_a_stream_agrees_with_the_class():
    X, *theta = next(exercises.problems.mixtures())
    model = GMM.from_parameters(*theta, var_smoothing=0).partial_fit(X)
    counts, batch = model.stream_counts_, X[:50] + 0.5
    sums = model.stream_firsts_ + counts[:, None] * model.stream_origin_
    xi = online.kept(len(X), len(batch), 40, 0.0) / counts.sum()
    r = model.predict_proba(batch)
    *_, weights, means = exercises.stream_step(batch, r, counts, sums, xi)
    model.partial_fit(batch, memory=40)
    assert 0.1 < xi < 0.9
    np.testing.assert_allclose(weights, model.weights_, rtol=1e-10)
    np.testing.assert_allclose(means, model.means_, rtol=1e-10)


@pytest.mark.equation("entropy-gain")
@pytest.mark.parametrize("certain", [False, True])
def test_a_merger_answers_the_question_which_of_the_two(certain):
    for r, i, j in exercises.problems.with_a_pair(2, certain):
        pairs = r[r[:, i] + r[:, j] > 0][:, [i, j]]
        asked = sum(pair.sum() * stats.entropy(pair) for pair in pairs)
        merged = np.delete(r, j, axis=1) + np.outer(r[:, j], np.delete(np.eye(r.shape[1])[i], j))
        falls = [stats.entropy(p, axis=1).sum() for p in (r, merged)]
        gain = exercises.entropy_gain(r, i, j)
        np.testing.assert_allclose([gain, falls[0] - falls[1]], asked, rtol=1e-10)


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
        rng = np.random.default_rng([seed, rng.integers(2**32)])  # it takes its seed from ours
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


def by_precision(X, mean, covariance):
    """What is missing, by the blocks of the inverse of the covariance."""
    filled, precision = X.copy(), np.linalg.inv(covariance)
    for x in filled:
        m, o = np.isnan(x), ~np.isnan(x)
        x[m] = mean[m] - np.linalg.solve(
            precision[np.ix_(m, m)], precision[np.ix_(m, o)] @ (x[o] - mean[o])
        )
    return filled


def by_moments_of_each_row(X, weights, means, covariances):
    """The sums from the class, one row at a time."""
    model = GMM.from_parameters(weights / weights.sum(), means, covariances)
    r = model.predict_proba(X)
    sums, squares = np.zeros_like(means), np.zeros_like(covariances)
    for k in range(len(weights)):
        one = GMM.from_parameters([1.0], means[k : k + 1], covariances[k : k + 1])
        found = one.e_step(X, sample_weight=r[:, k])
        sums[k] = found.counts[0] * found.means[0]
        squares[k] = found.scatters[0] + np.outer(sums[k], found.means[0])
    return r, sums, squares


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_missing_may_be_found_in_any_way(dtype, layout):
    for right, name in [
        (by_precision, "conditional_mean"),
        (by_moments_of_each_row, "e_step_with_missing"),
    ]:
        verdict = check(dressed(right, dtype, layout, 1e-6, tuple), name)
        assert verdict, verdict


def mode_in_the_short_form(X, r, m, kappa, scale, nu, alpha):
    """The last two terms of S_k as one."""
    n, mu, Sigma = r.sum(axis=0), [], []
    for k in range(r.shape[1]):
        d = np.array([(r[:, k] * (x - m)).sum() for x, m in zip(X.T, m, strict=True)])  # N (x - m)
        mu.append(m + d / (n[k] + kappa))
        about_m = sum(r[i, k] * np.outer(X[i] - m, X[i] - m) for i in range(len(X)))
        S = scale + about_m - np.outer(d, d) / (n[k] + kappa)
        Sigma.append(S / (n[k] + nu + 2 + len(m)))
    odds = np.maximum(n + alpha - 1, 0)
    return odds / np.linalg.norm(odds, 1), np.array(mu), np.array(Sigma)


def mode_by_raw_moments(X, r, m, kappa, scale, nu, alpha):
    """Sums of x and x x^T, with m as a point more."""
    N, D = r.sum(axis=0), len(m)
    mu = (np.einsum("nk,nd->kd", r, X) + kappa * m) / (N + kappa)[:, None]
    raw = np.einsum("nk,nd,ne->kde", r, X, X) + kappa * np.multiply.outer(m, m)
    S = scale + raw - np.einsum("k,kd,ke->kde", N + kappa, mu, mu)
    return special.softmax(np.log(N + alpha - 1)), mu, S / (N + nu + D + 2)[:, None, None]


def numbers_in_loops(r, alpha_0, beta_0, nu_0):
    """One responsibility at a time, as a list of arrays."""
    numbers = [np.full(len(r[0]), prior, dtype=float) for prior in (alpha_0, beta_0, nu_0)]
    for row in r:
        for a in numbers:
            a += row
    return tuple(numbers)


def psi(x):
    """The digamma function, by its recurrence and its series."""
    x, shift = np.array(x, dtype=float), 0.0
    for _ in range(8):
        shift, x = shift - 1 / x, x + 1
    return shift + np.log(x) - 1 / (2 * x) - 1 / (12 * x**2) + 1 / (120 * x**4)


def log_det_of_each(nu, W):
    """A generator over components, with eigenvalues and psi of one's own."""
    for n, matrix in zip(nu, W, strict=True):
        eigenvalues = np.linalg.eigvalsh(2 * np.asarray(matrix, float))
        yield sum(np.log(v) + psi((n - i) / 2) for i, v in enumerate(eigenvalues))


PRIORS_IN_OTHER_WAYS = [
    ("map_m_step", mode_in_the_short_form),
    ("map_m_step", mode_by_raw_moments),
    ("map_m_step", mode_by_class),
    ("posterior_counts", numbers_in_loops),
    ("posterior_counts", numbers_by_class),
    ("posterior_counts", lambda r, *prior: tuple(a + np.ones(len(r)) @ r for a in prior)),
    ("expected_log_weights", lambda alpha: psi(alpha) - psi(np.sum(alpha))),
    (
        "expected_log_weights",
        lambda alpha: special.polygamma(0, alpha) - psi(alpha @ (0 * alpha + 1)),
    ),
    ("expected_log_weights", lambda alpha: bayes.expected_log(np.asarray(alpha, float))),
    ("expected_log_det", lambda nu, W: np.array(list(log_det_of_each(nu, W)))),
    (
        "expected_log_det",
        lambda nu, W: (
            np.linalg.slogdet(W * nu[:, None, None])[1] + bayes.log_det_gap(nu, W.shape[-1])
        ),
    ),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name, right", PRIORS_IN_OTHER_WAYS)
def test_a_prior_may_be_used_in_any_way(name, right, layout, dtype):
    for container in (tuple, list):
        verdict = check(dressed(right, dtype, layout, 1e-6, container), name)
        assert verdict, verdict


def mean_of_no_points(X, r, m, kappa, scale, nu, alpha):
    N = r.sum(axis=0)[:, None]
    x = r.T @ X / N
    Sigma = mode_by_raw_moments(X, r, m, kappa, scale, nu, alpha)[2]
    n = N[:, 0] + alpha - 1
    return n / n.sum(), (N * x + kappa * m) / (N + kappa), Sigma


def numbers_of_labels(r, *prior):
    N = np.array([r[:, k].sum() for k in np.unique(r.argmax(axis=1))])
    return tuple(number + N for number in prior)


def by_series(alpha):
    def psi(x):
        return np.log(x) - 1 / (2 * x) - 1 / (12 * x**2) + 1 / (120 * x**4) - 1 / (252 * x**6)

    return psi(alpha) - psi(alpha.sum())


def by_draws(alpha):
    return np.log(np.random.default_rng(0).dirichlet(alpha, 400_000)).mean(axis=0)


def by_determinant(nu, W):
    det = np.log(np.linalg.det(W))
    return det + exercises.expected_log_det(nu, np.array([np.eye(W.shape[-1])] * len(nu)))


@pytest.mark.parametrize(
    "name, wrong, said",
    [
        ("map_m_step", mean_of_no_points, "a component without a point: its mean is m"),
        ("posterior_counts", numbers_of_labels, "a component without a point: it keeps"),
        ("expected_log_weights", by_series, "not for a small alpha"),
        ("expected_log_weights", by_draws, "not for a small alpha"),
        ("expected_log_det", by_determinant, "0 in floating point"),
    ],
)
def test_what_a_prior_is_for_is_asked_too(name, wrong, said):
    message = check(wrong, name).message
    assert message.startswith("right, ") and said in message


def without_a_weight_of_0(X, r, w):
    return exercises.weighted_m_step(X, r, np.where(w, w, 1))


def average_of_means(X, r, counts, sums, xi):
    N_k, s, pi, _ = exercises.stream_step(X, r, counts, sums, xi)
    old, new = sums / counts[:, None], r.T @ X / r.sum(axis=0)[:, None]
    return N_k, s, pi, (xi * counts[:, None] * old + r.sum(axis=0)[:, None] * new) / N_k[:, None]


def drops_what_is_empty(X, r, counts, sums, xi):
    *answer, mu = exercises.stream_step(X, r, counts, sums, xi)
    return *answer, mu * (r.sum(axis=0) > 0)[:, None]


def by_logarithms(r, i, j):
    a, b = r[:, i], r[:, j]
    return (a * np.log((a + b) / a) + b * np.log((a + b) / b)).sum()


def without_certain_columns(r, i, j):
    return exercises.entropy_gain(np.maximum(r, 1e-2 * (r == 0)), i, j)


@pytest.mark.parametrize(
    "name, wrong, said",
    [
        ("weighted_m_step", without_a_weight_of_0, "some weights are 0: such a point"),
        ("stream_step", average_of_means, "gets nothing from the batch, or had nothing before"),
        ("stream_step", drops_what_is_empty, "gets nothing from the batch, or had nothing before"),
        ("entropy_gain", by_logarithms, "right, except where r is 0: there r log r is 0"),
        ("entropy_gain", without_certain_columns, "right, except where r is 0: wrong answer"),
    ],
)
def test_what_counts_nothing_is_asked_too(name, wrong, said):
    assert said in check(wrong, name).message


@pytest.mark.parametrize("name", ABOUT_SUMS)
def test_a_mistake_in_a_sum_has_its_name_on_other_problems_too(name):
    """Every third of those in tests/answers: all of them take seconds."""
    seed, kinds = sound_seed(31337), []
    for truth, source in list(answers.wrong_answers(name))[::3]:
        function = answers.function(name, source)
        message = judge(name, partial(ask, function, EXERCISES[name]), seed).message
        kinds.append(answers.kind_of(message, truth))
        assert kinds[-1] in ("named", "only wrong"), source
    assert kinds.count("named") >= 0.9 * len(kinds)


def skips_what_is_empty(X, mean, covariance):
    """A mean of nothing where nothing is observed."""
    filled = by_precision(X, mean, covariance)
    return np.where(np.isnan(X).all(axis=1, keepdims=True), 0, filled)


def empty_without_a_component(*m):
    """As many rows say: nothing observed, nothing to sum."""
    r, sums, squares = exercises.e_step_with_missing(*m)
    r = np.where(np.isnan(m[0]).all(axis=1, keepdims=True), 1 / len(m[1]), r)
    return r, sums, squares


def test_a_row_without_a_number_is_named():
    assert "everything is missing" in check(skips_what_is_empty, "conditional_mean").message
    verdict = check(empty_without_a_component, "e_step_with_missing")
    assert "everything is missing: its r is pi" in verdict.message


def test_nan_that_stays_where_it_was_is_no_change_of_an_argument():
    def conditional_mean(X, mean, covariance):
        X[np.isnan(X)] = 0
        return X

    assert "changes its argument number 1" in check(conditional_mean).message
    assert check(exercises.conditional_mean)


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


def wrong_in_one_place(*args):
    r = right_e_step(*args)
    r[5, 1] += 1
    return r


TROUBLES = [
    (lambda *a: None, "returns nothing"),
    (lambda *a: 1 / 0, "it raised ZeroDivisionError: division by zero"),
    (lambda X: X, "it raised TypeError"),
    (writes_into_X, "changes its argument number 1"),
    (lambda *a: right_e_step(*a).T, "it is transposed"),
    (lambda *a: right_e_step(*a)[0], "should be of shape (60, 3), not of shape (3,)"),
    (lambda *a: right_e_step(*a) * np.nan, "nan or inf"),
    (lambda *a: right_e_step(*a) + 1j, "complex"),
    (lambda *a: right_e_step(*a).astype(str), "should be numbers"),
    (lambda *a: (right_e_step(*a), 0.0), "cannot be read as one array"),
    (lambda *a: right_e_step(*a) * 0.7, "the right numbers, times 0.7"),
    (lambda *a: right_e_step(*a) ** 1.1, "not every row sums to one"),
    (lambda *a: right_e_step(*a)[:, ::-1], "in another order along axis 1"),
    (lambda *a: special.softmax(right_e_step(*a) * 3, axis=1), "each row does sum to one"),
    (wrong_in_one_place, "at [5, 1] it is 1."),
]


@pytest.mark.parametrize("wrong, said", TROUBLES)
def test_what_cannot_be_compared_gets_a_clear_message(wrong, said):
    assert said in check(wrong, "e_step").message


@pytest.mark.parametrize("z", [[-1.0, 0.0, 1.0], [0.0, 1.0, 20.0], [0.0, 0.0, 2.0]])
def test_labels_that_name_no_component_or_leave_one_out_have_no_moments(z):
    z = np.array(z)
    assert all(part is z for part in exercises.problems.sample_moments(np.eye(3), z))


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

    assert "the means: the right numbers, cut to whole numbers" in check(m_step).message
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


DEAF = "import signal\n    signal.signal(signal.SIGALRM, signal.SIG_IGN)\n    while"


def test_a_loop_that_cannot_be_left_costs_only_itself(tmp_path):
    path = notebook(tmp_path / "a.ipynb", IMPORTS, BIC, ENDLESS.replace("while", DEAF))
    verdicts, note = mark(path, time_limit=12)
    assert verdicts == {"bic": "", "sample": "it does not end within 3 s"} and not note


def test_what_was_marked_before_the_time_was_up_stays(tmp_path):
    sleep, endless = "import time; time.sleep(2.5)", ENDLESS.replace("sample", "seed_probabilities")
    path = notebook(tmp_path / "a.ipynb", IMPORTS, sleep, sleep, E_STEP, endless, BIC)
    start = time.perf_counter()
    verdicts, note = mark(path, time_limit=12)
    assert verdicts == {"e_step": "", "seed_probabilities": "it does not end within 3 s"}
    assert note == "stopped after 12 s: bic not marked"
    assert time.perf_counter() - start < 20


def test_a_process_that_dies_is_reported(tmp_path):
    verdicts, note = mark(notebook(tmp_path / "a.ipynb", "import os; os._exit(5)"))
    assert not verdicts and note == "its process ended with code 5"


DEATHS = {
    "os._exit(3)": "its process ended with code 3",
    "os.kill(os.getpid(), 9)": "its process ended with code",
    "ctypes.string_at(0)": "its process ended with code",
    "os.closerange(0, 100)": "its process",
    "sys.exit()": "it raised SystemExit",
    "raise KeyboardInterrupt": "it raised KeyboardInterrupt",
}


@pytest.mark.parametrize("death, said", DEATHS.items(), ids=DEATHS)
def test_a_function_that_ends_its_process_costs_only_itself(tmp_path, death, said):
    fatal = f"import ctypes, os, sys\ndef seed_probabilities(X, centres): {death}"
    verdicts, note = mark(notebook(tmp_path / "a.ipynb", IMPORTS, M_STEP, fatal, BIC))
    assert said in verdicts.pop("seed_probabilities")
    assert verdicts == {"m_step": "", "bic": ""} and not note


def test_functions_that_are_gone_the_second_time_are_missed_aloud(tmp_path):
    once = tmp_path / "once"
    cell = f"import os\nif not os.path.exists({str(once)!r}):\n    open({str(once)!r}, 'w')\n"
    cell += "    def bic(*a): return 0.0\ndef e_step(*a): os._exit(1)"
    verdicts, note = mark(notebook(tmp_path / "a.ipynb", cell))
    assert set(verdicts) == {"e_step"} and note.endswith(": bic not marked")


NO_NOTEBOOKS = [
    "not a notebook",
    "[]",
    "{}",
    '{"cells": 3}',
    '{"cells": [{"cell_type": "code", "source": [1]}]}',
    "[" * 200_000,
    '{"cells": ' * 100_000,
    "\xff",
]


@pytest.mark.parametrize("text", NO_NOTEBOOKS, ids=[text[:10] for text in NO_NOTEBOOKS])
def test_what_is_no_notebook_is_said_to_be_none(tmp_path, text):
    (tmp_path / "b.ipynb").write_text(text, encoding="latin-1")
    verdicts, note = mark(str(tmp_path / "b.ipynb"))
    assert not verdicts and "cannot be read as a notebook" in note


def test_a_notebook_that_is_not_there_is_said_to_be_none(tmp_path):
    assert "FileNotFoundError" in mark(str(tmp_path / "none.ipynb"))[1]
    assert "IsADirectoryError" in mark(str(tmp_path))[1]
    assert "no exercise was found" in mark(notebook(tmp_path / "a.ipynb", "1"))[1]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a pipe with a name")
def test_a_notebook_that_nobody_writes_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.ipynb")
    assert mark(str(tmp_path / "a.ipynb"), time_limit=3) == ({}, "stopped after 3 s")


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


# ---- One notebook never stops the class ----------------------------------------------------------

TO_THE_MARKER = """
import sys
def tell(text):
    frame = sys._getframe()
    while "answers" not in frame.f_locals:
        frame = frame.f_back
    frame.f_locals["answers"].write(text + b"\\n")
    frame.f_locals["answers"].flush()
"""
NONSENSE = {
    "no JSON": b"bic: right",
    "200,000 brackets": b"[" * 200_000,
    "closed brackets": b"[" * 200_000 + b"]" * 200_000,
    "10 MB": b'"' + b"x" * 10_000_000 + b'"',
    "bytes": bytes(range(256)),
    "nothing": b"",
    "no parts": b"[]",
    "no arrays": b"[null]",
    "too many": b"[1, 2]",
    "a large shape": b'[{"shape": [4611686018427387904], "values": [1]}]',
    "no values": b'[{"shape": [1]}]',
    "words": b'[{"shape": [1], "values": ["one"]}]',
    "a large number": b'[{"shape": [1], "values": [1' + b"0" * 4000 + b"]}]",
    "a generator": b'[{"bit_generator": "MT19937", "state": 3}]',
}


@pytest.mark.parametrize("text", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_in_place_of_an_answer_costs_only_itself(tmp_path, text):
    cells = IMPORTS, TO_THE_MARKER, f"def e_step(*a): tell({text!r})", BIC
    verdicts, note = mark(notebook(tmp_path / "a.ipynb", *cells), seed=0)
    assert verdicts == {
        "e_step": "its process answers with something else than arrays",
        "bic": "",
    }
    assert not note


@pytest.mark.parametrize("text", [b'""', rb'"\ud800"', rb'"\nb.ipynb: bic: right"'])
def test_words_in_place_of_an_answer_are_a_mistake(tmp_path, text):
    path = notebook(tmp_path / "a.ipynb", TO_THE_MARKER, f"def sample(*a): tell({text!r})")
    verdicts, note = mark(path, seed=0)
    assert verdicts["sample"] and verdicts["sample"].isprintable() and not note


AHEAD = [b"[1]", b'{"bic": ""}', b"3", b'["bic", ""]', b'"it is right"']
AHEAD += [b'[{"shape": [2], "values": [1, 2]}]']


@pytest.mark.parametrize("text", AHEAD)
def test_an_answer_before_the_question_is_no_help(tmp_path, text):
    """A cell that answers ahead is not taken for functions, or for what they return."""
    path = notebook(tmp_path / "a.ipynb", IMPORTS, TO_THE_MARKER, f"tell({text!r})", BIC)
    verdicts, note = mark(path, seed=0)
    assert verdicts.get("bic") != "" and (note or verdicts)


def test_no_notebook_stops_the_class(tmp_path, capsys):
    cells = {
        "a": [IMPORTS, "def e_step(*a): raise ValueError('\\ud800\\n' * 10**6)", BIC],
        "b": ["import os; os._exit(1)"],
        "c": [TO_THE_MARKER, f"tell({b'[' * 200_000!r})"],
        "d": [IMPORTS, BIC],
    }
    paths = [notebook(tmp_path / f"{name}.ipynb", *source) for name, source in cells.items()]
    assert main([*paths, str(tmp_path), "--seed", "0"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1:] for line in lines[1:6]] == [
        ["wrong", "right", "1/2"],
        *[["-", "-", "0/2"]] * 2,
        ["-", "right", "1/2"],
        ["-", "-", "0/2"],
    ]
    assert len(lines) == 7 + 4 + 1 and max(map(len, lines)) < 700


MESSAGES = {
    "10 MB": "raise ValueError('x' * 10_000_000)",
    "another student's line": "raise ValueError('no\\nb.ipynb: bic: right')",
    "other line ends": "raise ValueError('no\\r\\x0b\\x85\\u2028b.ipynb: bic: right')",
    "a lone surrogate": "raise ValueError('\\ud800')",
    "a terminal": "raise ValueError('\\x1b[2J\\u202e')",
    "a name": "raise type('no\\nb.ipynb', (Exception,), {})",
    "a message that raises": "raise type('E', (Exception,), {'__str__': lambda e: 1 / 0})",
    "a dtype": "return np.zeros(1, dtype=[('no\\nb.ipynb: bic: right', 'f8')])",
    "a silent trouble": "from numpy_ml_gmm.exercises import Trouble\n"
    "    raise type('T', (Trouble,), {'__str__': lambda e: ''})('')",
}


def test_a_message_is_one_short_printable_line(tmp_path, capsysbinary):
    functions = [
        f"def {name}(*a):\n    {body}"
        for name, body in zip(EXERCISES, itertools.cycle(MESSAGES.values()), strict=False)
    ]
    path = notebook(tmp_path / "a.ipynb", IMPORTS, *functions)
    out = tmp_path / "marks.csv"
    assert main([path, "--csv", str(out), "--seed", "0"]) == 0
    lines = capsysbinary.readouterr().out.decode().splitlines()
    n = len(EXERCISES)
    assert lines[1].split()[1:] == ["wrong"] * n + [f"0/{n}"] and len(lines) == 3 + n + 1
    for name, line in zip(EXERCISES, lines[3:], strict=False):
        assert line.startswith(f"{path}: {name}: ") and len(line) < 700 and line.isprintable()
    assert len(out.read_text().splitlines()) == 1 + n


def test_a_file_name_does_not_forge_a_line(tmp_path, capsys):
    path = notebook(tmp_path / "a\nb.ipynb: bic: right", "1 / 0")
    assert main([path, "--seed", "0"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5


def test_a_terminal_that_knows_few_letters_is_enough(tmp_path):
    path = notebook(tmp_path / "a.ipynb", "def bic(*a): raise ValueError('Ω')")
    command = [sys.executable, "-m", "numpy_ml_gmm.exercises", path]
    env = os.environ | {"PYTHONIOENCODING": "ascii"}
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, env=env)
    assert run.returncode == 0 and r"ValueError: \u03a9" in run.stdout and not run.stderr


HUGE = {
    "labels": "def sample(n, pi, mu, *a): return np.zeros((n, len(mu[0]))), np.full(n, 1e12)",
    "far labels": "def sample(n, pi, mu, *a): return np.zeros((n, len(mu[0]))), np.full(n, 1e300)",
    "numbers": "def e_step(X, pi, *a): return np.full((len(X), len(pi)), 1e308) * (-1) ** len(X)",
    "an array": "def bic(*a): return np.zeros(10_000_000)",
    "a view": "def bic(*a): return np.broadcast_to(0.0, (10**6, 10**6))",
    "a list": "def bic(*a): return [0.0] * 10**6",
}


@pytest.mark.parametrize("cell", HUGE.values(), ids=HUGE)
def test_a_huge_answer_is_wrong_and_no_more(tmp_path, cell):
    verdicts, note = mark(notebook(tmp_path / "a.ipynb", IMPORTS, cell), seed=0)
    assert len(verdicts) == 1 and all(verdicts.values()) and not note


FOLDERS = {
    "deleted": "import os, shutil; shutil.rmtree(os.getcwd())",
    "shut": "import os; os.mkdir('a'); open('a/b', 'w'); os.chmod('a', 0); os.chmod('.', 0)",
    "deep": "import os\nfor _ in range(1500): os.mkdir('d'); os.chdir('d')",
    "large": "open('results.jsonl', 'wb').truncate(1 << 40)",
}


@pytest.mark.parametrize("cell", FOLDERS.values(), ids=FOLDERS)
def test_a_notebook_may_do_with_its_folder_what_it_likes(tmp_path, cell):
    assert mark(notebook(tmp_path / "a.ipynb", IMPORTS, cell, BIC), seed=0)[0] == {"bic": ""}


CHILDREN = {
    "a session of its own": "pid = subprocess.Popen(SLEEP, start_new_session=True).pid",
    "no environment": "pid = subprocess.Popen(SLEEP, start_new_session=True, env={}).pid",
    "an orphan": """
reader, writer = os.pipe()
if not os.fork():
    os.setsid()
    pid = os.fork()
    if pid:
        os.write(writer, str(pid).encode())
        os._exit(0)
    os.close(writer)
    while True: time.sleep(1)
pid = int(os.read(reader, 100))
""",
    "a deaf one": """
pid = os.fork()
if not pid:
    for deaf in signal.SIGTERM, signal.SIGHUP, signal.SIGINT: signal.signal(deaf, signal.SIG_IGN)
    os.setsid()
    while True: time.sleep(1)
""",
}


ENDS = [(start, "") for start in CHILDREN.values()]
ENDS += [(CHILDREN["an orphan"], last) for last in ["os._exit(1)", f"{ENDLESS}\nsample()"]]


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are found on Linux only")
@pytest.mark.parametrize("start, last", ENDS)
def test_nothing_that_a_notebook_starts_outlives_it(tmp_path, start, last):
    cell = "import os, signal, subprocess, sys, time\n"
    cell += f"SLEEP = [sys.executable, '-c', 'import time; time.sleep(600)']\n{start}\n"
    cell += f"open({str(tmp_path / 'pid')!r}, 'w').write(str(pid))\n"
    mark(notebook(tmp_path / "a.ipynb", cell, last, IMPORTS, BIC), time_limit=8, seed=0)
    assert not Path("/proc", (tmp_path / "pid").read_text()).exists()


def test_a_table_that_cannot_be_written_is_refused_before_the_work(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(exercises.marking, "mark", None)  # it is not called
    for place in [tmp_path, tmp_path / "none" / "marks.csv"]:
        with pytest.raises(SystemExit, match="2"):
            main(["a.ipynb", "--csv", str(place)])
        assert f"--csv {place} cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["--time-limit 0", "--time-limit nan", "--seed -1", "--seed x"])
def test_an_argument_that_makes_no_sense_is_refused(capsys, words):
    with pytest.raises(SystemExit, match="2"):
        main(["a.ipynb", *words.split()])
    assert words.split()[0] in capsys.readouterr().err


def test_a_full_disk_costs_the_file_and_not_the_table(tmp_path, capsys):
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    assert main([notebook(tmp_path / "a.ipynb", IMPORTS, BIC), "--csv", "/dev/full"]) == 1
    out = capsys.readouterr().out
    assert "1/1" in out and "--csv /dev/full was not written (No space left on device)" in out


def test_the_file_tells_of_notebooks_without_a_verdict_too(tmp_path):
    out = tmp_path / "marks.csv"
    out.write_text("older")
    main([str(tmp_path / "none.ipynb"), "--csv", str(out)])
    assert "none.ipynb,,,it cannot be read" in out.read_text()


# ---- No answer but one's own ---------------------------------------------------------------------

USES = {
    "its own": "from numpy_ml_gmm.textbook import bic",
    "all of it": "from numpy_ml_gmm.exercises import *",
    "a wrapper": "from numpy_ml_gmm import textbook\ndef bic(*a): return textbook.bic(*a)",
    "a partial": "import functools\nfrom numpy_ml_gmm import textbook\n"
    "bic = functools.partial(textbook.bic)",
    "a late import": "def bic(*a):\n    from numpy_ml_gmm.textbook import bic\n    return bic(*a)",
    "knobs": "from numpy_ml_gmm.exercises.knobs import bic as b\ndef bic(*a): return b(*a)",
    "the class": """
import numpy as np
from numpy_ml_gmm import GMM
def log_likelihood(X, *theta): return GMM.from_parameters(*theta).log_likelihood(X)""",
    "another function of the code": """
import types
from numpy_ml_gmm import textbook
bic = types.FunctionType(textbook.bic.__code__, {"np": __import__("numpy")})""",
    "a fresh import": """
import importlib, numpy_ml_gmm.textbook
def bic(*a): return importlib.reload(numpy_ml_gmm.textbook).bic(*a)""",
    "an import under another name": """
import importlib.util, numpy_ml_gmm.textbook
file = numpy_ml_gmm.textbook.__file__
def bic(*a):
    spec = importlib.util.spec_from_file_location("mine", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.bic(*a)""",
    "the text": """
import numpy_ml_gmm.textbook
def bic(*a):
    names = {"__name__": "mine"}
    exec(open(numpy_ml_gmm.textbook.__file__).read(), names)
    return names["bic"](*a)""",
    "the right answer in a frame": """
import sys
def bic(*a):
    frame = sys._getframe()
    while frame:
        for value in list(frame.f_locals.values()):
            if hasattr(value, "right"):
                return value.right(*a)
        frame = frame.f_back""",
    "the table": "from numpy_ml_gmm.exercises import EXERCISES\nbic = EXERCISES['bic'].right",
    "frozen": """
import gc
from numpy_ml_gmm.textbook import bic
gc.freeze()""",
}


@pytest.mark.parametrize("cell", USES.values(), ids=USES)
def test_the_package_in_an_answer_is_named(tmp_path, cell):
    verdicts, note = mark(notebook(tmp_path / "a.ipynb", cell), seed=0)
    assert set(verdicts.values()) == {"it uses numpy_ml_gmm: the answer should be your own"}
    assert not note


ZERO = "def bic(*a): return 0.0"
CHEATS = {
    "check": "from numpy_ml_gmm import exercises as e\n"
    "e.check = e.checking.check = e.checking.judge = lambda *a: e.Verdict('bic')",
    "same": "from numpy_ml_gmm.exercises import checking\nchecking.same = lambda *a: True",
    "the tolerance": "from numpy_ml_gmm.exercises import EXERCISES\n"
    "EXERCISES['bic'] = EXERCISES['bic']._replace(tolerance=1e99)",
    "builtins.all": "import builtins\nbuiltins.all = lambda items: True",
    "a result file": "import sys\nfor name in sys.argv[1:] + ['results.jsonl']:\n"
    "    try: open(name, 'a').write('[\"bic\", \"\"]\\n')\n    except OSError: pass",
    "the verdict": "from numpy_ml_gmm.exercises import Verdict\n"
    "Verdict.__bool__ = lambda v: True\nVerdict.message = ''",
    "equality": "import numpy as np\nnp.array_equal = np.allclose = np.isfinite = lambda *a: True",
}


@pytest.mark.parametrize("cell", CHEATS.values(), ids=CHEATS)
def test_what_is_replaced_in_the_notebook_does_not_reach_the_marker(tmp_path, cell):
    verdicts, _ = mark(notebook(tmp_path / "a.ipynb", cell, ZERO), seed=0)
    assert verdicts == {"bic": "wrong answer: all zero; it is 0, not 319.625"}


def test_answers_to_known_problems_are_no_answer(tmp_path):
    """Whoever keeps the right answers to the problems of the notebook's own check."""
    cell = """
from numpy_ml_gmm.exercises import EXERCISES, check
KEPT = {a: EXERCISES["bic"].right(*a) for a in EXERCISES["bic"].problems()}
def bic(*a): return float(KEPT.get(a, 0.0))
KNOWN = check(bic)"""
    assert mark(notebook(tmp_path / "a.ipynb", cell), seed=0)[0] == {"bic": ""}
    assert mark(notebook(tmp_path / "a.ipynb", cell))[0]["bic"]


@pytest.mark.parametrize("start", ["subprocess.run(['true'])", "os.system('true')", "os.fork()"])
def test_no_other_process_gives_the_answer(tmp_path, start):
    cell = f"import os, subprocess\ndef bic(*a): return {start}"
    verdicts, _ = mark(notebook(tmp_path / "a.ipynb", cell), seed=0)
    assert verdicts["bic"].startswith("it starts another process")


def test_the_package_may_be_used_beside_an_answer(tmp_path):
    beside = "from numpy_ml_gmm import GMM\nfrom numpy_ml_gmm.exercises import check\n"
    beside += "model = GMM(2, random_state=0).fit(np.random.default_rng(0).normal(size=(50, 2)))"
    path = notebook(tmp_path / "a.ipynb", IMPORTS, beside, BIC + "print(check(bic), model)", E_STEP)
    assert mark(path) == ({"e_step": "", "bic": ""}, "")


@pytest.mark.parametrize("name", EXERCISES)
def test_questions_arrive_as_they_were_asked(name):
    for arguments in [*EXERCISES[name].problems(), *EXERCISES[name].edge()]:
        back = json.loads(json.dumps(arguments, default=to_json), object_hook=from_json)
        for ours, theirs in zip(back, arguments, strict=True):
            if isinstance(theirs, np.random.Generator):
                assert ours.bit_generator.state == theirs.bit_generator.state
            else:
                assert type(ours) is type(theirs)
                np.testing.assert_array_equal(ours, theirs)


@given(st.text())
def test_a_line_is_one_line(text):
    line = one_line(text)
    assert not line or (line.isprintable() and len(line.splitlines()) == 1)
    assert line == text or not text.isprintable() or len(text) > 400


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such a guard")
@pytest.mark.parametrize(("last", "code"), [("os.kill(os.getpid(), 9)", 137), ("os._exit(5)", 5)])
def test_a_guarded_process_ends_as_a_shell_would_say_it(last, code):
    guard = "from numpy_ml_gmm.exercises.answering import guard_processes; guard_processes()"
    run = subprocess.run([sys.executable, "-c", f"import os; {guard}; {last}"])
    assert run.returncode == code


@pytest.mark.parametrize(("jobs", "expected"), [("0", 1), ("-3", 1), ("1", 1), ("4", 4)])
def test_so_many_notebooks_are_marked_at_a_time(monkeypatch, capsys, jobs, expected):
    made, pool = [], marking.ThreadPoolExecutor
    monkeypatch.setattr(marking, "ThreadPoolExecutor", lambda n: made.append(n) or pool(n))
    assert main(["nobody.ipynb", "--jobs", jobs]) == 0 and made == [expected]
    assert "cannot be read as a notebook" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["0.5", "1", "60", "1e6"])
def test_a_time_limit_is_any_number_of_seconds_above_zero(text):
    assert marking.duration(text) == float(text)
    with pytest.raises(argparse.ArgumentTypeError, match="seconds above 0"):
        marking.duration(f"-{text}")
