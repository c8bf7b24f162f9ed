r"""Checks for students' own code, which say what went wrong.

A student writes a function; :func:`check` calls it on small seeded problems.  If an answer
is wrong it is compared with the answers of wrong implementations, and the mistake is named
whose answer it *equals*.  The student's code itself is never read: any right algorithm passes.

=================== ====================================================== =====================
exercise            call                                                   answer
=================== ====================================================== =====================
e_step              ``e_step(X, weights, means, covariances)``             r (N, K)
m_step              ``m_step(X, r)``                                       weights, means,
                                                                           covariances
em_step             ``em_step(X, weights, means, covariances)``            the same three
log_likelihood      ``log_likelihood(X, weights, means, covariances)``     a number: the sum
elbo                ``elbo(X, q, weights, means, covariances)``            a number: the sum
seed_probabilities  ``seed_probabilities(X, centres)``                     p (N,)
k_means_start       ``k_means_start(X, centres)``                          weights, means,
                                                                           covariances
bic                 ``bic(log_likelihood, N, K, D)``                       a number
sample              ``sample(n, weights, means, covariances, rng)``        X (n, D), z (n,)
=================== ====================================================== =====================

Shapes are X (N, D), weights (K,), means and centres (K, D), covariances (K, D, D), r and q (N, K).

A class is marked from the shell, each notebook in a process of its own::

    python -m numpy_ml_gmm.exercises class/*.ipynb

References
----------
.. [1] Bilmes, J. A. (1998). *A gentle tutorial of the EM algorithm and its application to
   parameter estimation for Gaussian mixture and hidden Markov models*. TR-97-021.
.. [2] Arthur, D. & Vassilvitskii, S. (2007). *k-means++: the advantages of careful seeding*.
   SODA, pages 1027-1035.
"""

import argparse
import copy
import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.special import entr, logsumexp, softmax

from .starts import one_hot, squared_distances

# What the reference shows.  The rest are wrong answers, problems and processes.
__all__ = [
    "EXERCISES",
    "Exercise",
    "Trouble",
    "Verdict",
    "bic",
    "check",
    "e_step",
    "elbo",
    "em_step",
    "k_means_start",
    "log_joint",
    "log_likelihood",
    "m_step",
    "main",
    "mark",
    "q_function",
    "seed_probabilities",
]

LOG_2PI = np.log(2 * np.pi)
PARAMETERS = "weights", "means", "covariances"
MEMORY = 4 << 30  # bytes for one notebook, where the system can limit them
PORTIONS = 4  # of a notebook's time limit, what one cell or one function may use
QUIET = {"MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


# ---- The right answers, with knobs for the wrong ones ------------------------------------------


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
    """log pi_k N(x_n | mu_k, Sigma_k), (N, K) (:eq:`log-joint`).  Each keyword can go wrong.

    Examples
    --------
    >>> standard = np.ones(1), np.zeros((1, 1)), np.ones((1, 1, 1))
    >>> log_joint(np.zeros((1, 1)), *standard).round(4)
    array([[-0.9189]])
    """
    Sigma = covariance(covariances)  # (K, D, D)
    delta = X[:, None] - means  # (N, K, D)
    squares = np.einsum("nkd,kde,nke->nk", delta, precision(Sigma), delta)
    offset = volume * np.linalg.slogdet(Sigma)[1] + constant(X.shape[1])
    return log_weights(weights) + offset + quadratic * squares


def e_step(*mixture, **knobs):
    """Responsibilities (N, K).

    Examples
    --------
    >>> mixture = np.array([0.25, 0.75]), np.zeros((2, 1)), np.ones((2, 1, 1))
    >>> e_step(np.zeros((1, 1)), *mixture)
    array([[0.25, 0.75]])
    """
    return softmax(log_joint(*mixture, **knobs), axis=1)


def log_likelihood(*mixture, **knobs):
    """Sum over points, in nats.

    Examples
    --------
    >>> mixture = np.array([0.25, 0.75]), np.zeros((2, 1)), np.ones((2, 1, 1))
    >>> round(float(log_likelihood(np.zeros((2, 1)), *mixture)), 4)
    -1.8379
    """
    return logsumexp(log_joint(*mixture, **knobs), axis=1).sum()


def elbo(X, q, *theta, **knobs):
    """Q and the entropy of q.

    Examples
    --------
    >>> X, *theta = next(mixtures())
    >>> bool(np.isclose(elbo(X, e_step(X, *theta), *theta), log_likelihood(X, *theta)))
    True
    """
    return q_function(X, q, *theta, **knobs) + entr(q).sum()


def q_function(X, q, *theta, **knobs):
    """Expected complete log-likelihood.

    Examples
    --------
    >>> mixture = np.ones(1), np.zeros((1, 1)), np.ones((1, 1, 1))
    >>> round(float(q_function(np.zeros((2, 1)), np.ones((2, 1)), *mixture)), 4)
    -1.8379
    """
    return (q * log_joint(X, *theta, **knobs)).sum()


def mean_weights(X, r):
    """N_k / N."""
    return r.mean(axis=0)


def weighted_means(X, r):
    """Centres of gravity, (K, D)."""
    return r.T @ X / r.sum(axis=0)[:, None]


def scatters(X, r, centres):
    """Sum of r (x - c)(x - c)^T about the centre of each component, (K, D, D)."""
    delta = X[:, None] - centres
    return np.einsum("nk,nkd,nke->kde", r, delta, delta)


def weighted_covariances(X, r, mu):
    """W_k / N_k."""
    return scatters(X, r, mu) / per_matrix(r.sum(axis=0))


def per_matrix(a):
    """(K,) beside (K, D, D)."""
    return np.asarray(a)[:, None, None]


def m_step(X, r, *, weights=mean_weights, means=weighted_means, covariances=weighted_covariances):
    """Weights, means, covariances.  Each keyword is a part to get wrong.

    Examples
    --------
    >>> X, r = np.array([[0.0], [2.0], [9.0]]), np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> weights, means, covariances = m_step(X, r)
    >>> weights.round(3), means.ravel(), covariances.ravel()
    (array([0.667, 0.333]), array([1., 9.]), array([1., 0.]))
    """
    mu = means(X, r)
    return weights(X, r), mu, covariances(X, r, mu)


def em_step(X, *theta, **knobs):
    """An M step after an E step.

    Examples
    --------
    >>> X, *theta = next(mixtures())
    >>> bool(log_likelihood(X, *em_step(X, *theta)) > log_likelihood(X, *theta))
    True
    """
    return m_step(X, e_step(X, *theta), **knobs)


def seed_probabilities(X, centres):
    """How probable k-means++ finds each point as the next centre, (N,).

    Examples
    --------
    >>> seed_probabilities(np.array([[0.0], [1.0], [3.0]]), np.array([[0.0]]))
    array([0. , 0.1, 0.9])
    """
    nearest = squared_distances(X, centres).min(axis=1)
    return nearest / nearest.sum()


def lloyd(X, centres, n_steps=30):
    """The centres, moved to the means of their points n_steps times, and the responsibilities."""
    for _ in range(n_steps):
        centres = weighted_means(X, nearest(X, centres))
    return centres, nearest(X, centres)


def nearest(X, centres):
    """A single 1 in each row, at the nearest centre (N, K)."""
    return one_hot(squared_distances(X, centres).argmin(axis=1), len(centres))


def k_means_start(X, centres, **knobs):
    """The parameters of the clusters of k-means.

    Examples
    --------
    >>> X = np.array([[0.0], [2.0], [10.0], [12.0]])
    >>> k_means_start(X, np.array([[0.0], [2.0]]))[1].ravel()
    array([ 1., 11.])
    """
    return m_step(X, lloyd(X, centres)[1], **knobs)


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
    """Schwarz's criterion; smaller is better.

    Examples
    --------
    >>> round(float(bic(-1130.26, N=272, K=2, D=2)), 2)
    2322.18
    """
    d = weights(K) + means(K, D) + K * covariance(D)
    return fit * log_likelihood + d * price(N)


def true_moments(n, weights, means, covariances, rng):
    """What the moments of a sample are close to."""
    return weights, means, covariances


def sample_moments(X, z):
    """Frequencies, means and covariances of the points of each component."""
    z = z.astype(int)
    counts = np.bincount(z) if z.min() >= 0 else np.zeros(1)
    return m_step(X, one_hot(z, len(counts))) if counts.all() and len(counts) < 20 else (z, z, z)


# ---- The wrong answers, by name ----------------------------------------------------------------


def only_diagonals(C):
    """The same matrices with zeros off the diagonal."""
    return C * np.eye(C.shape[-1])


DENSITY = {
    "the weights pi are missing: multiply each density by its pi_k": {"log_weights": np.zeros_like},
    "pi is added to the log density: add log pi": {"log_weights": lambda pi: pi},
    "this is Sigma where Sigma^-1 belongs, in the exponent": {"precision": lambda C: C},
    "this is Sigma^-1 where Sigma belongs: is the inverse taken twice, or passed to a function "
    "that wants the covariance?": {"covariance": np.linalg.inv},
    "this takes the variance for the standard deviation: the density is that of Sigma^2": {
        "covariance": lambda C: C @ C
    },
    "the 1/2 in the exponent is missing": {"quadratic": -1.0},
    "the minus sign in the exponent is missing": {"quadratic": 0.5},
    "the normalising constant of the density is missing: divide by the root of |Sigma_k|": {
        "volume": 0.0
    },
    "the root of |Sigma_k| is missing: divide by |Sigma_k|^(1/2), not |Sigma_k|": {"volume": -1.0},
    "this multiplies by the root of |Sigma_k|: divide by it": {"volume": 0.5},
    "only the diagonal of Sigma is used: the covariances between features are forgotten": {
        "covariance": only_diagonals
    },
}
CONSTANT = {
    "the constant (2 pi)^(D/2) of the density is missing": {"constant": lambda D: 0.0},
    "the constant of the density is (2 pi)^(D/2), with the D; this is (2 pi)^(1/2)": {
        "constant": lambda D: -0.5 * LOG_2PI
    },
    "the whole constant of the density, (2 pi)^(D/2) |Sigma_k|^(1/2), is missing": {
        "constant": lambda D: 0.0,
        "volume": 0.0,
    },
}


def without_diagonals(C):
    """The same matrices with zeros on the diagonal."""
    return C - only_diagonals(C)


def variations(function, *tables):
    """Each table of knobs as wrong versions of a function."""
    return {
        message: partial(function, **knobs) for table in tables for message, knobs in table.items()
    }


def density(*mixture):
    """pi_k N(x_n | mu_k, Sigma_k), not normalised."""
    return np.exp(log_joint(*mixture))


def late_weights(X, weights, means, covariances):
    """pi after normalising, not before."""
    return weights * e_step(X, weights, means, covariances, log_weights=np.zeros_like)


E_STEP = {
    f"rows sum to one, but {message}": wrong
    for message, wrong in variations(e_step, DENSITY).items()
} | {
    "summed over n, not over k: each column sums to one, each row should": lambda *m: softmax(
        log_joint(*m), axis=0
    ),
    "divided by the sum over all n and k: each row should sum to one": lambda *m: softmax(
        log_joint(*m)
    ),
    "these are the joint densities pi_k N(x_n): divide each row by its sum": density,
    "these are the densities N(x_n): multiply by pi_k, then divide each row by its sum": (
        lambda *m: np.exp(log_joint(*m, log_weights=np.zeros_like))
    ),
    "this is the log joint: take the exponential, then divide each row by its sum": log_joint,
    "this is log r: take the exponential": lambda *m: np.log(e_step(*m)),
    "the weights pi come after the division: multiply by pi_k before it": late_weights,
    "each point goes wholly to its likeliest component: this is a hard assignment, EM's is soft": (
        lambda *m: one_hot(log_joint(*m).argmax(axis=1), len(m[1]))
    ),
    "each point goes wholly to its nearest mean: this is k-means, EM's assignment is soft": (
        lambda X, pi, mu, Sigma: nearest(X, mu)
    ),
}


def all_points(X, r):
    """As if every point belonged to every component."""
    return np.ones_like(r)


def hard(X, r):
    """Responsibilities rounded to a single 1."""
    return one_hot(r.argmax(axis=1), r.shape[1])


def own_covariances(X, r, mu=None):
    """Covariances about the right means, whatever the means that are returned."""
    return weighted_covariances(X, r, weighted_means(X, r))


def covariances_about(centres):
    """Covariances about other centres than the means; ``centres`` is a function of X."""
    return lambda X, r, mu: weighted_covariances(X, r, centres(X))


M_STEP = {
    "the weights pi are not updated: they are N_k / N, not 1 / K": {
        "weights": lambda X, r: np.full(r.shape[1], 1 / r.shape[1])
    },
    "the weights are N_k: divide by N": {"weights": lambda X, r: r.sum(axis=0)},
    "the weights are the portions of hard assignments: sum the responsibilities themselves": {
        "weights": lambda X, r: hard(X, r).mean(axis=0)
    },
    "the means divide by N: divide by N_k, the sum of the responsibilities": {
        "means": lambda X, r: r.T @ X / len(X)
    },
    "the means are sums: divide by N_k": {"means": lambda X, r: r.T @ X},
    "the means do not use r: weigh each point by its responsibility": {
        "means": lambda X, r: weighted_means(X, all_points(X, r))
    },
    "the means use hard assignments: weigh each point by its responsibility": {
        "means": lambda X, r: weighted_means(X, hard(X, r))
    },
    "the covariances divide by N: divide by N_k, the sum of the responsibilities": {
        "covariances": lambda X, r, mu: scatters(X, r, mu) / len(X)
    },
    "the covariances are scatter matrices: divide by N_k": {"covariances": scatters},
    "the covariances divide by N_k - 1: the maximum of the likelihood divides by N_k": {
        "covariances": lambda X, r, mu: scatters(X, r, mu) / per_matrix(r.sum(axis=0) - 1)
    },
    "only the diagonal of the covariances is there: the products of different features are "
    "forgotten": {"covariances": lambda *a: only_diagonals(weighted_covariances(*a))},
    "the diagonal of the covariances is forgotten: the products of a feature with itself": {
        "covariances": lambda *a: without_diagonals(weighted_covariances(*a))
    },
    "the covariances are about the origin: subtract mu_k from each point first": {
        "covariances": covariances_about(lambda X: np.zeros((1, X.shape[1])))
    },
    "the covariances are about the mean of all points: subtract mu_k": {
        "covariances": covariances_about(lambda X: X.mean(axis=0)[None])
    },
    "the covariances do not use r: weigh each point by its responsibility": {
        "covariances": lambda X, r, mu: weighted_covariances(X, all_points(X, r), mu)
    },
    "the covariances use r twice: once in each factor; weigh the product once": {
        "covariances": lambda X, r, mu: scatters(X, r**2, mu) / per_matrix(r.sum(axis=0))
    },
    "the covariances use hard assignments: weigh each point by its responsibility": {
        "covariances": lambda X, r, mu: own_covariances(X, hard(X, r))
    },
    "the diagonal holds standard deviations: a covariance has variances there": {
        "covariances": lambda *a: only_diagonals(np.sqrt(abs(weighted_covariances(*a))))
    },
    "these are the inverses of the covariances": {
        "covariances": lambda *a: np.linalg.inv(weighted_covariances(*a))
    },
    "a factor 1/2 too many: the covariances are half as large as they should be": {
        "covariances": lambda *a: weighted_covariances(*a) / 2
    },
}


def frozen_weights(X, weights, means, covariances):
    """pi as it was."""
    return em_step(X, weights, means, covariances, weights=lambda X, r: weights)


def about_old_means(X, weights, means, covariances):
    """Covariances computed before the means are updated, or with the old ones."""
    return em_step(X, weights, means, covariances, covariances=covariances_about(lambda X: means))


def r_again(X, weights, means, covariances):
    """Responsibilities computed anew between the means and the covariances."""
    new = em_step(X, weights, means, covariances)
    r = e_step(X, new[0], new[1], covariances)
    return (*new[:2], weighted_covariances(X, r, new[1]))


def m_step_of(wrong, *mixture):
    """A right M step after a wrong E step."""
    return m_step(mixture[0], wrong(*mixture))


EM_STEP = (
    {
        "the weights pi are not updated: write N_k / N back": frozen_weights,
        "nothing is updated: these are the parameters that went in": lambda X, *theta: theta,
        "the mean is updated after the covariance: Sigma_k is about the old mean, and belongs "
        "about the new one": about_old_means,
        "the responsibilities are computed again before the covariances: one E step serves the "
        "whole M step": r_again,
    }
    | {f"in the E step, {text}": partial(m_step_of, wrong) for text, wrong in E_STEP.items()}
    | {f"in the M step, {text}": wrong for text, wrong in variations(em_step, M_STEP).items()}
)


def posterior_sum(*mixture):
    """Q under the posterior."""
    return q_function(mixture[0], e_step(*mixture), *mixture[1:])


LOG_LIKELIHOOD = variations(log_likelihood, DENSITY, CONSTANT) | {
    "summed over n, not over k, inside the logarithm": lambda *m: logsumexp(
        log_joint(*m), axis=0
    ).sum(),
    "the logarithm comes last: take it of each point's density, then sum over n": (
        lambda *m: logsumexp(log_joint(*m))
    ),
    "the logarithm is inside the sum over k: sum over k first, then take it": (
        lambda *m: log_joint(*m).sum()
    ),
    "only the largest component of each point counts: sum over k": (
        lambda *m: log_joint(*m).max(axis=1).sum()
    ),
    "this is the mean over points: the sum is asked for": lambda *m: log_likelihood(*m) / len(m[0]),
    "the sign is wrong: this is the negative log-likelihood": lambda *m: -log_likelihood(*m),
    "this is minus the mean: the sum is asked for, with its own sign": lambda *m: (
        -log_likelihood(*m) / len(m[0])
    ),
    "the logarithm is to base 2: natural logarithms are asked for": lambda *m: (
        log_likelihood(*m) / np.log(2)
    ),
    "the logarithm is to base 10: natural logarithms are asked for": lambda *m: (
        log_likelihood(*m) / np.log(10)
    ),
    "this is Q under the posterior, without the entropy": posterior_sum,
    "the weights pi are taken as 1 / K": partial(
        log_likelihood, log_weights=lambda pi: -np.log(len(pi)) * np.ones_like(pi)
    ),
    "this is the sum of the densities: take the logarithm of each point's": (
        lambda *m: density(*m).sum()
    ),
}


def even_entropy(X, q, *theta):
    """A bound with the entropy of the posterior, not of q."""
    return q_function(X, q, *theta) + entr(e_step(X, *theta)).sum()


ELBO = variations(elbo, DENSITY, CONSTANT) | {
    "the sign of the entropy is wrong: H = -sum q log q is added": lambda X, q, *theta: (
        q_function(X, q, *theta) - entr(q).sum()
    ),
    "the entropy of q is missing: this is Q": q_function,
    "Q is missing: this is the entropy of q": lambda X, q, *theta: entr(q).sum(),
    "Q is missing: this is minus the entropy of q": lambda X, q, *theta: -entr(q).sum(),
    "this is the log-likelihood: use the q that is given, not the posterior": (
        lambda X, q, *theta: log_likelihood(X, *theta)
    ),
    "this is the KL divergence: the ELBO is what it lacks to the log-likelihood": (
        lambda X, q, *theta: log_likelihood(X, *theta) - elbo(X, q, *theta)
    ),
    "the KL divergence is added: subtract it from the log-likelihood": (
        lambda X, q, *theta: 2 * log_likelihood(X, *theta) - elbo(X, q, *theta)
    ),
    "the entropy is that of the posterior: use that of q": even_entropy,
    "the sign is wrong: this is minus the ELBO": lambda *a: -elbo(*a),
    "this is the mean over points: the sum is asked for": lambda *a: elbo(*a) / len(a[0]),
    "the logarithm is to base 2: natural logarithms are asked for": lambda *a: elbo(*a) / np.log(2),
    "the logarithm of the entropy is to base 2: natural logarithms are asked for": (
        lambda X, q, *theta: q_function(X, q, *theta) + entr(q).sum() / np.log(2)
    ),
    "the logarithm is to base 10: natural logarithms are asked for": lambda *a: (
        elbo(*a) / np.log(10)
    ),
}


def normalised(a):
    """Divided by the sum."""
    return a / a.sum()


SEED_PROBABILITIES = {
    "the farthest centre is used: take the distance to the nearest": lambda X, c: normalised(
        squared_distances(X, c).max(axis=1)
    ),
    "the distances are not squared": lambda X, c: normalised(
        np.sqrt(squared_distances(X, c)).min(axis=1)
    ),
    "these are the squared distances: divide by their sum": lambda X, c: squared_distances(
        X, c
    ).min(axis=1),
    "these are the distances: square them and divide by their sum": lambda X, c: np.sqrt(
        squared_distances(X, c).min(axis=1)
    ),
    "the distances to all centres are added up: take that to the nearest": lambda X, c: normalised(
        squared_distances(X, c).sum(axis=1)
    ),
    "only the last centre is used: take the nearest of all": lambda X, c: normalised(
        squared_distances(X, c[-1:])[:, 0]
    ),
    "only the first centre is used: take the nearest of all": lambda X, c: normalised(
        squared_distances(X, c[:1])[:, 0]
    ),
    "the farthest point gets everything: the next centre is drawn at random": lambda X, c: one_hot(
        squared_distances(X, c).min(axis=1).argmax(), len(X)
    ),
    "every point is as probable: weigh by the squared distance to the nearest centre": (
        lambda X, c: np.full(len(X), 1 / len(X))
    ),
}


def unit_covariances(X, r, mu):
    """The identity for each component."""
    return np.tile(np.eye(X.shape[1]), (r.shape[1], 1, 1))


def common_covariance(X, r, mu):
    """That of all points, for each component."""
    return own_covariances(X, all_points(X, r))


K_MEANS_START = {
    "the centres are moved once: repeat until no point changes its centre": lambda X, c: m_step(
        X, nearest(X, c)
    ),
    "the centres are moved twice: repeat until no point changes its centre": lambda X, c: m_step(
        X, lloyd(X, c, 1)[1]
    ),
    "the means are the first centres: move each to the mean of its points, and repeat": (
        lambda X, c: m_step(X, nearest(X, c), means=lambda X, r: c, covariances=own_covariances)
    ),
} | variations(
    k_means_start,
    {text: knobs for text, knobs in M_STEP.items() if "hard" not in text and "twice" not in text},
    {
        "the covariances are the identity: take those of the points of each cluster": {
            "covariances": unit_covariances
        },
        "the covariances are that of all points: take those of the points of each cluster": {
            "covariances": common_covariance
        },
    },
)
BIC = variations(
    bic,
    {
        "K weights are counted: they sum to one, so K - 1 are free": {"weights": lambda K: K},
        "the weights are not counted: K - 1 of them are free": {"weights": lambda K: 0},
        "K D numbers too few are counted: the means, or the diagonals of the covariances": {
            "means": lambda K, D: 0
        },
        "a mean is counted as one number: it has D": {"means": lambda K, D: K},
        "D^2 numbers are counted for a covariance: it is symmetric, so D (D + 1) / 2 are free": {
            "covariance": lambda D: D * D
        },
        "D numbers are counted for a covariance: that is its diagonal alone": {
            "covariance": lambda D: D
        },
        "the covariances are not counted": {"covariance": lambda D: 0},
        "this is AIC: the price of a parameter is log N, not 2": {"price": lambda N: 2.0},
        "the logarithm is to base 10: natural logarithms are asked for": {"price": np.log10},
        "the logarithm is to base 2: natural logarithms are asked for": {"price": np.log2},
        "the price of a parameter is N: it is log N": {"price": lambda N: N},
        "the price of a parameter is (log N) / 2: beside -2 times the log-likelihood it is log N": {
            "price": lambda N: np.log(N) / 2
        },
        "the log-likelihood counts -2 times, not -1 times": {"fit": -1},
        "the sign of the log-likelihood is wrong: it counts -2 times": {"fit": 2},
        "the factor -2 is missing, and the sign is wrong": {"fit": 1},
    },
) | {
    "K is the number of parameters: count K - 1 weights, K D means and the covariances": (
        lambda ll, N, K, D: -2 * ll + K * np.log(N)
    ),
    "one covariance is counted for all components: each has its own": lambda ll, N, K, D: bic(
        ll, N, K, D, covariance=lambda D: D * (D + 1) / 2 / K
    ),
    "the sign is wrong: this is larger for better models, as mclust prints it": lambda *a: -bic(*a),
    "this is half of BIC: the log-likelihood counts -2 times": lambda *a: bic(*a) / 2,
    "this is minus half of BIC: the log-likelihood counts -2 times": lambda *a: -bic(*a) / 2,
    "the sign of the price is wrong: a parameter makes BIC larger": lambda ll, N, K, D: (
        -4 * ll - bic(ll, N, K, D)
    ),
}


def moments_with(covariances):
    """What a sample's moments are close to if its covariances are wrong."""
    return lambda n, pi, mu, Sigma, rng: (pi, mu, covariances(Sigma))


def lower(C):
    """The Cholesky factor."""
    return np.linalg.cholesky(C)


SAMPLE = {
    "the weights pi are not used: every component is drawn as often": lambda n, pi, mu, C, rng: (
        np.full(len(pi), 1 / len(pi)),
        mu,
        C,
    ),
    "the means are not added": lambda n, pi, mu, C, rng: (pi, np.zeros_like(mu), C),
    "this takes the variance for the standard deviation: the points have covariance Sigma^2. "
    "Multiply by a root of Sigma, such as its Cholesky factor": moments_with(lambda C: C @ C),
    "the Cholesky factor is the wrong way round: z L^T has covariance L L^T, z L has L^T L": (
        moments_with(lambda C: lower(C).transpose(0, 2, 1) @ lower(C))
    ),
    "only the diagonal of Sigma is used": moments_with(only_diagonals),
    "Sigma is not used: the points have covariance 1": moments_with(
        lambda C: np.tile(np.eye(C.shape[1]), (len(C), 1, 1))
    ),
    "this is Sigma^-1 where Sigma belongs": moments_with(np.linalg.inv),
}


# ---- The problems ------------------------------------------------------------------------------


def parameters(K, D, seed):
    """Weights, means, covariances: unequal, anisotropic, away from the origin."""
    rng = np.random.default_rng(seed)
    weights = normalised(np.arange(1, K + 1) + rng.random(K) / 2)
    means = 8 + 1.5 * rng.normal(size=(K, D))
    A = rng.normal(size=(K, D, D)) * rng.uniform(0.5, 1.4, size=(K, 1, 1))
    return weights, means, A @ A.transpose(0, 2, 1) + 0.3 * np.eye(D)


def mixtures(shift=0.0):
    """Two mixtures, each with its points; a shift takes the points away from it."""
    for N, K, D, seed in [(60, 3, 2, 7), (50, 2, 3, 4)]:
        weights, means, covariances = parameters(K, D, seed)
        rng = np.random.default_rng(seed)
        z = rng.choice(K, size=N, p=weights)
        noise = rng.normal(size=(N, D))
        X = means[z] + np.einsum("nde,ne->nd", lower(covariances)[z], noise)
        yield X + shift, weights, means, covariances


def far_mixtures():
    """Points so far out that every density is 0 in floating point."""
    return mixtures(shift=60.0)


def with_responsibilities():
    """(X, r): the rows of r are neither even nor certain."""
    for X, *theta in mixtures():
        yield X, e_step(X, *theta)


def with_q(sharpness=1.0):
    """(X, q, parameters) with a q that is not the posterior."""
    for X, *theta in mixtures():
        q = np.random.default_rng(len(X)).dirichlet(np.ones(len(theta[0])), size=len(X))
        yield X, q, *theta


def with_certain_q():
    """The same with a single 1 in each row of q."""
    for X, q, *theta in with_q():
        yield X, hard(X, q), *theta


def with_centres():
    """(X, centres): rows of X as centres."""
    for X, weights, *_ in mixtures():
        yield X, X[1 : 1 + len(weights)].copy()


def counts():
    """(log-likelihood, N, K, D)."""
    return [(-137.5, 90, 3, 2), (-201.25, 40, 2, 4), (88.0, 250, 5, 3)]


def to_draw():
    """(n, parameters, rng)."""
    for K, D, seed in [(3, 2, 7), (2, 3, 4)]:
        yield 20_000, *parameters(K, D, seed), np.random.default_rng(seed)


# ---- The exercises -----------------------------------------------------------------------------


class Exercise(NamedTuple):
    """One function to write: its problems, its right answer, its mistakes.

    Examples
    --------
    >>> EXERCISES["bic"].parts, len(EXERCISES["e_step"].mistakes)
    (('answer',), 20)
    """

    problems: Callable  # () -> argument tuples
    right: Callable
    mistakes: dict  # message -> wrong version of ``right``
    parts: tuple  # names of what is returned
    edge: Callable | None = None  # problems on which a fair attempt may still break
    edge_message: str = ""
    returned: tuple = ()  # (arguments) -> shapes, where they are not those of ``right``
    summary: Callable | None = None  # of the answer, to compare with ``right``
    tolerance: float = 1e-3  # float32 is welcome; mistakes are far larger

    def expected(self, arguments):
        """The right answer, a tuple of arrays.

        Examples
        --------
        >>> [part] = EXERCISES["bic"].expected((-1130.26, 272, 2, 2))
        >>> round(float(part), 2)
        2322.18
        """
        return as_parts(self.right(*copy.deepcopy(arguments)))

    def shapes(self, arguments):
        """The shapes of the parts.

        Examples
        --------
        >>> exercise = EXERCISES["m_step"]
        >>> exercise.shapes(next(exercise.problems()))
        [(3,), (3, 2), (3, 2, 2)]
        """
        if self.returned:
            return [shape(*arguments) for shape in self.returned]
        return [part.shape for part in self.expected(arguments)]


UNDERFLOW = (
    "right near the means, but not far from them: there every density is 0 in floating point. "
    "Stay in logarithms and subtract the largest before exp (log-sum-exp)"
)
ZERO_LOG_ZERO = "right, except where q is 0: there q log q is 0, in the limit, and not nan"
EXERCISES = {
    "e_step": Exercise(mixtures, e_step, E_STEP, ("r",), far_mixtures, UNDERFLOW),
    "m_step": Exercise(with_responsibilities, m_step, variations(m_step, M_STEP), PARAMETERS),
    "em_step": Exercise(mixtures, em_step, EM_STEP, PARAMETERS),
    "log_likelihood": Exercise(
        mixtures, log_likelihood, LOG_LIKELIHOOD, ("answer",), far_mixtures, UNDERFLOW
    ),
    "elbo": Exercise(with_q, elbo, ELBO, ("answer",), with_certain_q, ZERO_LOG_ZERO),
    "seed_probabilities": Exercise(
        with_centres, seed_probabilities, SEED_PROBABILITIES, ("probabilities",)
    ),
    "k_means_start": Exercise(with_centres, k_means_start, K_MEANS_START, PARAMETERS),
    "bic": Exercise(counts, bic, BIC, ("answer",), tolerance=1e-4),
    "sample": Exercise(
        to_draw,
        true_moments,
        SAMPLE,
        ("X", "z"),
        returned=(lambda n, pi, mu, C, rng: (n, mu.shape[1]), lambda n, *_: (n,)),
        summary=sample_moments,
        tolerance=0.15,  # seven standard errors of a sampled variance
    ),
}


# ---- Asking and judging ------------------------------------------------------------------------


class Trouble(Exception):
    """What keeps an answer from being compared at all.

    Examples
    --------
    >>> ask(lambda *_: None, EXERCISES["bic"], (-1130.26, 272, 2, 2))
    Traceback (most recent call last):
    numpy_ml_gmm.exercises.Trouble: it returns nothing: end with return
    """


class Verdict(NamedTuple):
    """What :func:`check` found.  It is true if the function is right.

    Examples
    --------
    >>> Verdict("bic"), bool(Verdict("bic", "the covariances are not counted"))
    (bic: right, False)
    """

    exercise: str
    message: str = ""

    def __bool__(self):
        return not self.message

    def __repr__(self):
        return f"{self.exercise}: {self.message or 'right'}"

    __str__ = __repr__


def check(function, exercise=None):
    """Check a student's function, and say what went wrong.

    Parameters
    ----------
    function : callable
        The student's.
    exercise : str, optional
        Which exercise it answers; by default, that of the function's name.

    Returns
    -------
    Verdict
        True in an assertion if the function is right; printed, it names the mistake.

    Raises
    ------
    ValueError
        If there is no such exercise.

    Examples
    --------
    >>> def bic(log_likelihood, N, K, D):
    ...     d = (K - 1) + K * D + K * D * (D + 1) / 2
    ...     return -2 * log_likelihood + d * np.log(N)
    >>> check(bic)
    bic: right
    >>> def bic(log_likelihood, N, K, D):
    ...     return -2 * log_likelihood + 2 * ((K - 1) + K * D + K * D * (D + 1) / 2)
    >>> check(bic)
    bic: this is AIC: the price of a parameter is log N, not 2
    """
    name = exercise or getattr(function, "__name__", None)
    if name not in EXERCISES:
        raise ValueError(f"there is no exercise {name!r}: choose one of {', '.join(EXERCISES)}")
    try:
        return Verdict(name, diagnose(function, EXERCISES[name]))
    except Trouble as trouble:
        return Verdict(name, str(trouble))


def diagnose(function, exercise):
    """The mistake in words, or nothing."""
    problems = list(exercise.problems())
    answers = [ask(function, exercise, arguments) for arguments in problems]
    rights = [exercise.expected(arguments) for arguments in problems]
    part = first_wrong_part(answers, rights, exercise.tolerance)
    if part is not None:
        return name_mistake(exercise, problems, answers, rights, part)
    return "" if passes_edge(function, exercise) else exercise.edge_message


def passes_edge(function, exercise):
    """Whether the answers to the hard problems, if there are any, are right too."""
    try:
        return all(
            same(part, right, exercise.tolerance)
            for arguments in (exercise.edge() if exercise.edge else ())
            for part, right in zip(
                ask(function, exercise, arguments), exercise.expected(arguments), strict=True
            )
        )
    except Trouble:
        return False


def ask(function, exercise, arguments):
    """The function's answer as a tuple of arrays of the right shapes.

    Raises
    ------
    Trouble
        If it raises, changes its arguments, or answers with something else.
    """
    given = copy.deepcopy(arguments)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # a nan gets a better message below
            answer = function(*given)
    except Exception as error:
        raise Trouble(f"it raised {type(error).__name__}: {error}") from None
    check_unchanged(given, arguments)
    parts = check_parts(answer, exercise, exercise.shapes(arguments))
    return as_parts(exercise.summary(*parts)) if exercise.summary else parts


def check_unchanged(given, arguments):
    """A function must leave its arguments as they are."""
    for i, (now, before) in enumerate(zip(given, arguments, strict=True)):
        if isinstance(before, np.ndarray) and not np.array_equal(now, before):
            raise Trouble(f"it changes its argument number {i + 1}: work on a copy")


def check_parts(answer, exercise, shapes):
    """The answer as arrays, of the shapes asked for, finite."""
    names = exercise.parts
    if answer is None:
        raise Trouble("it returns nothing: end with return")
    if len(names) == 1:
        answer = (answer,)
    elif not isinstance(answer, tuple | list) or len(answer) != len(names):
        raise Trouble(f"it should return {len(names)} things: {', '.join(names)}")
    return tuple(map(check_part, answer, names, shapes))


def check_part(value, name, shape):
    """One part as an array of floats."""
    try:
        a = np.asarray(value)
    except ValueError:
        raise Trouble(f"the {name} cannot be read as one array of shape {shape}") from None
    if a.dtype.kind == "c":
        raise Trouble(f"complex numbers in the {name}: is there a root of a negative number?")
    if a.dtype.kind not in "fiub":
        raise Trouble(f"the {name} should be numbers, not {a.dtype}")
    a = check_shape(a, name, shape).astype(float)
    if not np.isfinite(a).all():
        raise Trouble(f"nan or inf in the {name}: look for log 0, 0 / 0 and exp of a large number")
    return a


def check_shape(a, name, shape):
    """The shape asked for, with a hint if it is turned round."""
    if a.shape == shape or (shape == () and a.size == 1):
        return a.reshape(shape)
    hint = ": it is transposed" if a.ndim > 1 and a.T.shape == shape else ""
    wanted = "a single number" if shape == () else f"of shape {shape}"
    raise Trouble(f"the {name} should be {wanted}, not of shape {a.shape}{hint}")


def as_parts(answer):
    """A tuple of arrays."""
    return tuple(map(np.asarray, answer if isinstance(answer, tuple) else (answer,)))


def same(a, b, tolerance):
    """Equal shapes, and values equal to a portion of the largest."""
    if a.shape != b.shape:
        return False
    return bool(abs(a - b).max() <= tolerance * (abs(b).max() or 1))


def first_wrong_part(answers, rights, tolerance):
    """The first part that is wrong on some problem; later ones may only follow from it."""
    agree = parts_that_agree(answers, rights, tolerance)
    return None if all(agree) else agree.index(False)


def name_mistake(exercise, problems, answers, rights, part):
    """The mistake that gives this part, and most of the others; or how the part differs."""
    scores = {}
    for message, wrong in exercise.mistakes.items():
        guesses = [as_parts(wrong(*copy.deepcopy(arguments))) for arguments in problems]
        same_parts = parts_that_agree(answers, guesses, exercise.tolerance)
        if same_parts[part]:
            scores[message] = sum(same_parts)
    if scores:
        return max(scores, key=scores.get)  # of equals, the first
    return describe_difference(exercise, answers, rights, part)


def parts_that_agree(answers, guesses, tolerance):
    """For each part, whether the answers are the guesses on every problem."""
    columns = zip(zip(*answers, strict=True), zip(*guesses, strict=True), strict=True)
    return [
        all(same(a, b, tolerance) for a, b in zip(mine, theirs, strict=True))
        for mine, theirs in columns
    ]


def describe_difference(exercise, answers, rights, part):
    """Where a part of no known mistake is wrong."""
    names = PARAMETERS if exercise.summary else exercise.parts
    pairs = [(answer[part], right[part]) for answer, right in zip(answers, rights, strict=True)]
    a, b = next((a, b) for a, b in pairs if not same(a, b, exercise.tolerance))
    if a.shape != b.shape:
        return f"z should hold whole numbers from 0 to {len(b) - 1}, each at least once"
    where = np.unravel_index(abs(a - b).argmax(), b.shape)
    place = f"at {[int(i) for i in where]} " if b.ndim else ""
    hint = hint_about(a, b, names[part])
    return f"wrong {names[part]}: {hint}{place}it is {a[where]:.6g}, not {b[where]:.6g}"


def hint_about(a, b, name):
    """What strikes the eye about a wrong part."""
    if not a.any():
        return "all zero; "
    if np.array_equal(a, np.round(a)) and not np.array_equal(b, np.round(b)):
        return "only whole numbers, does an array of integers cut the fractions off? "
    return f"{row_sums(a)}; " if name == "r" else ""


def row_sums(r):
    """Whether each row is a distribution."""
    off = abs(r.sum(axis=1) - 1).max() > 1e-3
    return "not every row sums to one" if off else "each row does sum to one"


# ---- Marking a class ---------------------------------------------------------------------------


class OutOfTime(BaseException):
    """A cell or a function does not end.  No ``except Exception`` in it catches this."""


def read_cells(path):
    """The code cells of a notebook."""
    cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def run_notebook(path, results, seconds):
    """Run the code cells of one notebook, then check its functions; a line of JSON for each.

    A cell that fails costs only itself.  What is done is on file, should the rest not end.
    """
    namespace = {"__name__": "__main__"}
    for source in read_cells(path):
        run_cell(source, namespace, seconds)
    with open(results, "a", encoding="utf-8") as file:
        for name in EXERCISES:
            if callable(namespace.get(name)):
                message = check_in_time(namespace[name], name, seconds)
                print(json.dumps([name, message]), file=file, flush=True)


def run_cell(source, namespace, seconds):
    """Run one cell; lines for the notebook's shell are left out."""
    lines = [
        "" if line.lstrip().startswith(("%", "!", "?")) else line for line in source.split("\n")
    ]
    try:
        with at_most(seconds):
            exec(compile("\n".join(lines), "<cell>", "exec"), namespace)
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)


def check_in_time(function, name, seconds):
    """The message of :func:`check`, also of a function that does not end, or ends the process."""
    try:
        with at_most(seconds):
            return check(function, name).message
    except OutOfTime:
        return f"it does not end within {seconds:g} s"
    except BaseException as error:
        return f"it raised {type(error).__name__}"


@contextmanager
def at_most(seconds):
    """Raise :class:`OutOfTime` in the block after so long, where the system can."""
    if not hasattr(signal, "setitimer"):  # Windows: the time limit of the process must do
        yield
        return
    signal.signal(signal.SIGALRM, out_of_time)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def out_of_time(*_):
    """What the alarm calls."""
    raise OutOfTime


def limit_memory():
    """One notebook must not take the machine's memory from the others."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    hard_limit = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = MEMORY if hard_limit == resource.RLIM_INFINITY else min(MEMORY, hard_limit)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard_limit))


def mark(path, time_limit=60.0):
    """Verdicts on one notebook, run in its own process and folder.

    Parameters
    ----------
    path : str
        The notebook.
    time_limit : float
        Seconds.

    Returns
    -------
    verdicts : dict
        Exercise -> message, empty if it is right.
    note : str
        Why some are missing, or empty.

    Examples
    --------
    >>> cell = {"cell_type": "code", "source": "def bic(*_): return 0.0"}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "ada.ipynb")
    ...     _ = path.write_text(json.dumps({"cells": [cell]}))
    ...     mark(path)
    ({'bic': 'wrong answer: all zero; it is 0, not 351.497'}, '')
    """
    try:
        read_cells(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        return {}, f"it cannot be read as a notebook ({type(error).__name__}: {error})"
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results.jsonl")
        results.touch()
        arguments = ["--one", str(Path(path).resolve()), str(results), str(time_limit / PORTIONS)]
        note = wait(start(arguments, folder), time_limit)
        return dict(map(json.loads, results.read_text(encoding="utf-8").splitlines())), note


def start(arguments, folder):
    """Run this module in another process, silent, in a folder of its own."""
    root = str(Path(__file__).parents[1])
    paths = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.Popen(
        [sys.executable, "-m", f"{__package__}.exercises", *arguments],
        cwd=folder,
        env=os.environ | QUIET | {"PYTHONPATH": paths},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def wait(process, time_limit):
    """Wait for a process, then end it; why it failed, or nothing."""
    try:
        code = process.wait(time_limit)
        return "" if code == 0 else f"its process ended with code {code}"
    except subprocess.TimeoutExpired:
        return f"stopped after {time_limit:g} s"
    finally:
        end(process)


def end(process):
    """End a process and what it has started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (AttributeError, ProcessLookupError, PermissionError):  # Windows, or all ended
        process.kill()
    process.wait()


def table(notebooks, marks):
    """Lines: a row for each notebook, a column for each exercise, then the messages."""
    asked = [name for name in EXERCISES if any(name in verdicts for verdicts, _ in marks)]
    rows = [["notebook", *asked, "right"]]
    for path, (verdicts, _) in zip(notebooks, marks, strict=True):
        words = [word(verdicts.get(name)) for name in asked]
        rows.append([str(path), *words, f"{words.count('right')}/{len(asked)}"])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return [*lines, "", *messages(notebooks, marks)]


def word(message):
    """A verdict in one word."""
    return "-" if message is None else "wrong" if message else "right"


def messages(notebooks, marks):
    """What was wrong, a line for each."""
    for path, (verdicts, note) in zip(notebooks, marks, strict=True):
        yield from (f"{path}: {name}: {text}" for name, text in verdicts.items() if text)
        if note or not verdicts:
            yield f"{path}: {note or 'no exercise was found in it'}"


def write_csv(file, notebooks, marks):
    """A line for each notebook and exercise."""
    with open(file, "w", newline="", encoding="utf-8") as f:
        writer = csv.writer(f)
        writer.writerow(["notebook", "exercise", "verdict", "message"])
        for path, (verdicts, _) in zip(notebooks, marks, strict=True):
            writer.writerows([path, name, word(text), text] for name, text in verdicts.items())


def parser():
    """The options of the command."""
    p = argparse.ArgumentParser(
        prog="python -m numpy_ml_gmm.exercises",
        description="Check the functions in students' notebooks. Their code is run: with your "
        "rights, in a process of its own for each notebook.",
    )
    p.add_argument("notebooks", nargs="+", metavar="NOTEBOOK")
    p.add_argument("--time-limit", type=float, default=60.0, help="seconds for each notebook")
    p.add_argument("--jobs", type=int, default=os.cpu_count(), help="notebooks at a time")
    p.add_argument("--csv", metavar="FILE", help="write the verdicts there as well")
    return p


def main(argv=None):
    """Mark notebooks; the exit code is 0 once all are marked, right or wrong.

    Examples
    --------
    >>> main(["nobody.ipynb"])  # doctest: +ELLIPSIS
    notebook      right
    nobody.ipynb  0/0
    <BLANKLINE>
    nobody.ipynb: it cannot be read as a notebook (FileNotFoundError: ...)
    0
    """
    args = parser().parse_args(argv)
    with ThreadPoolExecutor(max(1, args.jobs or 1)) as pool:
        marks = list(pool.map(partial(mark, time_limit=args.time_limit), args.notebooks))
    print("\n".join(table(args.notebooks, marks)))
    if args.csv:
        write_csv(args.csv, args.notebooks, marks)
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        limit_memory()
        run_notebook(*sys.argv[2:4], float(sys.argv[4]))
    else:
        raise SystemExit(main())
