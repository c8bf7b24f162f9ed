"""The catalogue of mistakes: for each exercise, what is said, and the function that answers so.

A wrong function is the textbook's with one thing wrong: a part swapped by a knob, a step left out,
or a step in the wrong place.  Of two that fit, the first is named.
"""

from functools import partial
from typing import Any

import numpy as np
from scipy.special import entr, logsumexp, softmax

from ..textbook import bic, e_step, elbo, em_step, log_joint, log_likelihood, m_step, q_function
from . import knobs
from .k_means import lloyd, nearest, squared_distances
from .knobs import scatters, weighted_covariances


def with_knobs(function, table):
    """Each row of a table as a wrong version of the function: message -> wrong version."""
    return {message: partial(function, **parts) for message, parts in table.items()}


def only_diagonals(C):
    """The same matrices with zeros off the diagonal."""
    return C * np.eye(C.shape[-1])


def hard(r):
    """A single 1 in each row, at the largest."""
    return np.eye(r.shape[1])[r.argmax(axis=1)]


# ---- The density: knobs of the log joint -------------------------------------------------------

IN_DENSITY: dict[str, dict[str, Any]] = {
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
IN_CONSTANT = {  # it cancels in the E step
    "the constant (2 pi)^(D/2) of the density is missing": {"constant": lambda D: 0.0},
    "the constant of the density is (2 pi)^(D/2), with the D; this is (2 pi)^(1/2)": {
        "constant": lambda D: -0.5 * knobs.LOG_2PI
    },
    "the whole constant of the density, (2 pi)^(D/2) |Sigma_k|^(1/2), is missing": {
        "constant": lambda D: 0.0,
        "volume": 0.0,
    },
}


# ---- The E step: m stands for (X, weights, means, covariances) ---------------------------------

E_STEP = {
    f"rows sum to one, but {text}": wrong
    for text, wrong in with_knobs(knobs.e_step, IN_DENSITY).items()
} | {
    "summed over n, not over k: each column sums to one, each row should": lambda *m: softmax(
        log_joint(*m), axis=0
    ),
    "divided by the sum over all n and k: each row should sum to one": lambda *m: softmax(
        log_joint(*m)
    ),
    "these are the joint densities pi_k N(x_n): divide each row by its sum": lambda *m: np.exp(
        log_joint(*m)
    ),
    "these are the densities N(x_n): multiply by pi_k, then divide each row by its sum": (
        lambda X, pi, mu, Sigma: np.exp(log_joint(X, np.ones_like(pi), mu, Sigma))
    ),
    "this is the log joint: take the exponential, then divide each row by its sum": log_joint,
    "this is log r: take the exponential": lambda *m: np.log(e_step(*m)),
    "the weights pi come after the division: multiply by pi_k before it": (
        lambda X, pi, mu, Sigma: pi * e_step(X, np.ones_like(pi), mu, Sigma)
    ),
    "each point goes wholly to its likeliest component: this is a hard assignment, EM's is soft": (
        lambda *m: hard(log_joint(*m))
    ),
    "each point goes wholly to its nearest mean: this is k-means, EM's assignment is soft": (
        lambda X, pi, mu, Sigma: nearest(X, mu)
    ),
}


# ---- The M step: knobs -------------------------------------------------------------------------

IN_M_STEP: dict[str, dict[str, Any]] = {
    "the weights pi are not updated: they are N_k / N, not 1 / K": {
        "weights": lambda X, r: np.full(r.shape[1], 1 / r.shape[1])
    },
    "the weights are N_k: divide by N": {"weights": lambda X, r: r.sum(axis=0)},
    "the weights are the portions of hard assignments: sum the responsibilities themselves": {
        "weights": lambda X, r: hard(r).mean(axis=0)
    },
    "the means divide by N: divide by N_k, the sum of the responsibilities": {
        "means": lambda X, r: r.T @ X / len(X)
    },
    "the means are sums: divide by N_k": {"means": lambda X, r: r.T @ X},
    "the means do not use r: weigh each point by its responsibility": {
        "means": lambda X, r: m_step(X, np.ones_like(r))[1]
    },
    "the means use hard assignments: weigh each point by its responsibility": {
        "means": lambda X, r: m_step(X, hard(r))[1]
    },
    "the covariances divide by N: divide by N_k, the sum of the responsibilities": {
        "covariances": lambda X, r, mu: scatters(X, r, mu) / len(X)
    },
    "the covariances are scatter matrices: divide by N_k": {"covariances": scatters},
    "the covariances divide by N_k - 1: the maximum of the likelihood divides by N_k": {
        "covariances": lambda X, r, mu: scatters(X, r, mu) / (r.sum(axis=0) - 1)[:, None, None]
    },
    "only the diagonal of the covariances is there: the products of different features are "
    "forgotten": {"covariances": lambda *a: only_diagonals(weighted_covariances(*a))},
    "the diagonal of the covariances is forgotten: the products of a feature with itself": {
        "covariances": lambda X, r, mu: weighted_covariances(X, r, mu) * (1 - np.eye(X.shape[1]))
    },
    "the covariances are about the origin: subtract mu_k from each point first": {
        "covariances": lambda X, r, mu: weighted_covariances(X, r, 0 * mu)
    },
    "the covariances are about the mean of all points: subtract mu_k": {
        "covariances": lambda X, r, mu: weighted_covariances(X, r, 0 * mu + X.mean(axis=0))
    },
    "the covariances do not use r: weigh each point by its responsibility": {
        "covariances": lambda X, r, mu: weighted_covariances(X, np.ones_like(r), mu)
    },
    "the covariances use r twice: once in each factor; weigh the product once": {
        "covariances": lambda X, r, mu: scatters(X, r**2, mu) / r.sum(axis=0)[:, None, None]
    },
    "the covariances use hard assignments: weigh each point by its responsibility": {
        "covariances": lambda X, r, mu: m_step(X, hard(r))[2]
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
M_STEP = with_knobs(knobs.m_step, IN_M_STEP)


# ---- A whole step of EM ------------------------------------------------------------------------


def frozen_weights(X, weights, means, covariances):
    """pi as it was."""
    return weights, *em_step(X, weights, means, covariances)[1:]


def about_old_means(X, weights, means, covariances):
    """Covariances computed before the means are updated, or with the old ones."""
    r = e_step(X, weights, means, covariances)
    return *m_step(X, r)[:2], weighted_covariances(X, r, means)


def r_again(X, weights, means, covariances):
    """Responsibilities computed anew between the means and the covariances."""
    pi, mu, _ = em_step(X, weights, means, covariances)
    return pi, mu, weighted_covariances(X, e_step(X, pi, mu, covariances), mu)


def em_step_after(wrong, *m):
    """A right M step after a wrong E step."""
    return m_step(m[0], wrong(*m))


EM_STEP = (
    {
        "the weights pi are not updated: write N_k / N back": frozen_weights,
        "nothing is updated: these are the parameters that went in": lambda X, *theta: theta,
        "the mean is updated after the covariance: Sigma_k is about the old mean, and belongs "
        "about the new one": about_old_means,
        "the responsibilities are computed again before the covariances: one E step serves the "
        "whole M step": r_again,
    }
    | {f"in the E step, {text}": partial(em_step_after, wrong) for text, wrong in E_STEP.items()}
    | {
        f"in the M step, {text}": partial(knobs.em_step, **parts)
        for text, parts in IN_M_STEP.items()
    }
)


# ---- The log-likelihood and its lower bound ----------------------------------------------------

LOG_LIKELIHOOD = with_knobs(knobs.log_likelihood, IN_DENSITY | IN_CONSTANT) | {
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
    "this is Q under the posterior, without the entropy": lambda X, *theta: q_function(
        X, e_step(X, *theta), *theta
    ),
    "the weights pi are taken as 1 / K": lambda X, pi, mu, Sigma: log_likelihood(
        X, np.full_like(pi, 1 / len(pi)), mu, Sigma
    ),
    "this is the sum of the densities: take the logarithm of each point's": (
        lambda *m: np.exp(log_joint(*m)).sum()
    ),
}
ELBO = with_knobs(knobs.elbo, IN_DENSITY | IN_CONSTANT) | {
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
    "the entropy is that of the posterior: use that of q": lambda X, q, *theta: (
        q_function(X, q, *theta) + entr(e_step(X, *theta)).sum()
    ),
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


# ---- The start by k-means ----------------------------------------------------------------------


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
    "the farthest point gets everything: the next centre is drawn at random": lambda X, c: np.eye(
        len(X)
    )[squared_distances(X, c).min(axis=1).argmax()],
    "every point is as probable: weigh by the squared distance to the nearest centre": (
        lambda X, c: np.full(len(X), 1 / len(X))
    ),
}


def first_centres(X, centres):
    """The centres as they were given, and the rest of the clusters about them."""
    pi, _, Sigma = m_step(X, nearest(X, centres))
    return pi, centres, Sigma


IN_CLUSTERS = {  # a hard r is its own square and its own rounding
    text: parts for text, parts in IN_M_STEP.items() if "hard" not in text and "twice" not in text
} | {
    "the covariances are the identity: take those of the points of each cluster": {
        "covariances": lambda X, r, mu: np.tile(np.eye(X.shape[1]), (r.shape[1], 1, 1))
    },
    "the covariances are that of all points: take those of the points of each cluster": {
        "covariances": lambda X, r, mu: m_step(X, np.ones_like(r))[2]
    },
}
K_MEANS_START = {
    "the centres are moved once: repeat until no point changes its centre": lambda X, c: m_step(
        X, lloyd(X, c, 0)
    ),
    "the centres are moved twice: repeat until no point changes its centre": lambda X, c: m_step(
        X, lloyd(X, c, 1)
    ),
    "the means are the first centres: move each to the mean of its points, and repeat": (
        first_centres
    ),
} | with_knobs(knobs.k_means_start, IN_CLUSTERS)


# ---- Rows that lack features: m stands for the same as in the E step ----------------------------


def precision_block(Sigma, a, b):
    """A block of the inverse of the whole covariance."""
    return np.linalg.inv(Sigma)[np.ix_(a, b)]


IN_CONDITIONAL: dict[str, dict[str, Any]] = {
    "the mean mu is filled in: add what the observed features of the row tell": {
        "slope": lambda Sigma, o, m: np.zeros((len(m), len(o)))
    },
    "the slope is Sigma_mo alone: multiply by the inverse of Sigma_oo": {
        "slope": lambda Sigma, o, m: Sigma[np.ix_(m, o)]
    },
    "this multiplies by Sigma_oo: multiply by its inverse": {
        "slope": lambda Sigma, o, m: Sigma[np.ix_(m, o)] @ Sigma[np.ix_(o, o)]
    },
    "the inverse is that of the wrong block, Sigma_mm: the slope is Sigma_mo Sigma_oo^-1": {
        "slope": lambda Sigma, o, m: np.linalg.inv(Sigma[np.ix_(m, m)]) @ Sigma[np.ix_(m, o)]
    },
    "this is a block of the inverse of the whole Sigma: take the block Sigma_oo first, then its "
    "inverse": {"slope": lambda Sigma, o, m: Sigma[np.ix_(m, o)] @ precision_block(Sigma, o, o)},
    "only the diagonal of Sigma_oo is inverted: what is observed is correlated too": {
        "slope": lambda Sigma, o, m: Sigma[np.ix_(m, o)] / Sigma.diagonal()[o]
    },
    "the sign of the slope is wrong: mu_m + Sigma_mo Sigma_oo^-1 (x_o - mu_o)": {
        "slope": lambda Sigma, o, m: -knobs.slope(Sigma, o, m)
    },
    "mu_o is not subtracted: the slope is for x_o - mu_o": {"known": lambda X, mean: X},
    "mu_m is not added": {"offset": lambda mean, m: 0.0},
}


def overall_means(X, *theta):
    """The mean of each column where it is missing."""
    return np.where(np.isnan(X), np.nanmean(X, axis=0), X)


def zeros(X, *theta):
    """0 where something is missing."""
    return np.nan_to_num(X, nan=0.0)


CONDITIONAL_MEAN = {
    "the mean of the column is filled in: it knows neither mu nor the rest of the row": (
        overall_means
    ),
    "0 is filled in where something is missing": zeros,
} | with_knobs(knobs.conditional_mean, IN_CONDITIONAL)


def complete_rows(X, r):
    """No responsibilities for rows that lack something."""
    return np.where(np.isnan(X).any(axis=1, keepdims=True), 0, r)


def dropped(X, *theta):
    """The E step of the complete rows, and nothing for the others."""
    r, sums, squares = knobs.e_step_with_missing(X, *theta, counted=complete_rows)
    return complete_rows(X, r), sums, squares


def with_whole_determinant(X, pi, mu, Sigma, **parts):
    """The log joint of what is there, with the determinant of the whole covariance."""
    joint = knobs.observed_log_joint(X, pi, mu, Sigma, volume=0.0, **parts)
    return joint - np.linalg.slogdet(Sigma)[1] / 2


def with_block_of_inverse(X, pi, mu, Sigma, exponent_only=True):
    """The log joint with a block of Sigma^-1 in the exponent."""
    joint = np.empty((len(X), len(pi)))
    for rows, o, _ in knobs.patterns(X):
        blocks = np.array([np.linalg.inv(precision_block(C, o, o)) for C in Sigma])
        joint[rows] = log_joint(X[np.ix_(rows, o)], pi, mu[:, o], blocks)
        if exponent_only:
            right = Sigma[:, o][:, :, o]
            joint[rows] += (np.linalg.slogdet(blocks)[1] - np.linalg.slogdet(right)[1]) / 2
    return joint


def completed_first(fill):
    """A wrong E step: the table is completed once, and complete from there."""

    def wrong(X, *theta):
        return knobs.e_step_with_missing(fill(X), *theta)

    return wrong


def with_means_of_components(X, pi, mu, Sigma):
    """The log joint of rows that have mu_k where something is missing."""
    joints = [log_joint(np.where(np.isnan(X), m, X), pi, mu, Sigma)[:, k] for k, m in enumerate(mu)]
    return np.transpose(joints)


def per_row(wrong):
    """A wrong E step whose sums are divided by N_k."""

    def means(*m):
        r, sums, squares = knobs.e_step_with_missing(*m)
        N_k = r.sum(axis=0)[:, None]
        parts = r, sums / N_k, squares / N_k[..., None]
        return tuple(parts[i] if i in wrong else part for i, part in enumerate((r, sums, squares)))

    return means


def about_new_means(*m):
    """Squares about the new means, as the M step needs them later."""
    r, sums, squares = knobs.e_step_with_missing(*m)
    return r, sums, squares - sums[:, :, None] * sums[:, None] / r.sum(axis=0)[:, None, None]


IN_MISSING: dict[str, dict[str, Any]] = {
    "the determinant is that of the whole Sigma_k: take that of Sigma_oo. (Or is this the density "
    "of the completed row? Take that of what is observed.)": {"joint": with_whole_determinant},
    "the exponent has a block of the inverse of the whole Sigma_k: take the block Sigma_oo first, "
    "then its inverse": {"joint": with_block_of_inverse},
    "the density is that of the block of the inverse of the whole Sigma_k, as if the rest of the "
    "row were known: take the block Sigma_oo first, then its inverse": {
        "joint": partial(with_block_of_inverse, exponent_only=False)
    },
    "the density is that of all features with mu_k filled in: take the density of what is "
    "observed": {"joint": with_means_of_components},
    "summed over n, not over k: each column of r sums to one, each row should": {
        "shares": lambda joint: softmax(joint, axis=0)
    },
    "r holds the joint densities: divide each row by its sum": {"shares": np.exp},
    "r is the log joint: take the exponential, then divide each row by its sum": {
        "shares": lambda joint: joint
    },
    "each point goes wholly to its likeliest component: EM's assignment is soft": {"shares": hard},
    "r is right, but rows that lack something are left out of the sums": {"counted": complete_rows},
    "the sums do not use r: weigh each row by its responsibility": {
        "counted": lambda X, r: np.ones_like(r)
    },
    "in the sums, the mean of the column is filled in: take what component k expects": {
        "completed": overall_means
    },
    "in the sums, 0 is filled in where something is missing": {"completed": zeros},
    "every component completes a row in its own way: this takes the average over components for "
    "all of them": {
        "together": lambda r, x_hat: np.einsum("nk,knd->nd", r, x_hat)[None] + 0 * x_hat
    },
    "you filled in the conditional mean and forgot the conditional covariance: E[x x^T] is the "
    "square of the mean, plus C_k where features are missing": {"spread": lambda r, C: 0.0},
    "Sigma_mm is added to the squares: what is observed leaves less, "
    "C = Sigma_mm - Sigma_mo Sigma_oo^-1 Sigma_om": {
        "covariance": lambda Sigma, o, m: Sigma[np.ix_(m, m)]
    },
    "a block of Sigma^-1 is added to the squares: that is the precision, C is its inverse": {
        "covariance": lambda Sigma, o, m: precision_block(Sigma, m, m)
    },
    "only Sigma_mo Sigma_oo^-1 Sigma_om is added to the squares: subtract it from Sigma_mm": {
        "covariance": lambda Sigma, o, m: knobs.slope(Sigma, o, m) @ Sigma[np.ix_(o, m)]
    },
    "only the diagonal of C is added: what is missing is correlated too": {
        "covariance": lambda *a: only_diagonals(knobs.conditional_covariance(*a))
    },
    "the sign of C is wrong: it is added to the squares": {
        "spread": lambda r, C: -np.einsum("nk,knde->kde", r, C)
    },
    "C is added without r: weigh it by the responsibility of its row": {
        "spread": lambda r, C: C.sum(axis=1)
    },
}
E_STEP_WITH_MISSING = (
    {
        "the mean of the column is filled in, and the table taken for complete: use what each row "
        "has": completed_first(overall_means),
        "0 is filled in, and the table taken for complete: use what each row has": (
            completed_first(zeros)
        ),
        "rows that lack something are dropped: they count, with what they have": dropped,
    }
    | {
        f"rows sum to one, but {text}": partial(
            knobs.e_step_with_missing, joint=partial(knobs.observed_log_joint, **parts)
        )
        for text, parts in IN_DENSITY.items()
    }
    | with_knobs(knobs.e_step_with_missing, IN_MISSING)
    | {
        f"in the conditional mean, {text}": partial(
            knobs.e_step_with_missing, completed=partial(knobs.conditional_mean, **parts)
        )
        for text, parts in IN_CONDITIONAL.items()
    }
    | {
        "these are means: the sums are asked for, not divided by N_k": per_row({1, 2}),
        "the squares are divided by N_k: their sums are asked for": per_row({2}),
        "the squares are about the new means: the sum of r x x^T is asked for": about_new_means,
    }
)


# ---- BIC ---------------------------------------------------------------------------------------

IN_BIC = {
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
}
BIC = with_knobs(knobs.bic, IN_BIC) | {
    "K is the number of parameters: count K - 1 weights, K D means and the covariances": (
        lambda ll, N, K, D: -2 * ll + K * np.log(N)
    ),
    "one covariance is counted for all components: each has its own": lambda ll, N, K, D: knobs.bic(
        ll, N, K, D, covariance=lambda D: D * (D + 1) / 2 / K
    ),
    "the sign is wrong: this is larger for better models, as mclust prints it": lambda *a: -bic(*a),
    "this is half of BIC: the log-likelihood counts -2 times": lambda *a: bic(*a) / 2,
    "this is minus half of BIC: the log-likelihood counts -2 times": lambda *a: -bic(*a) / 2,
    "the sign of the price is wrong: a parameter makes BIC larger": lambda ll, N, K, D: (
        -4 * ll - bic(ll, N, K, D)
    ),
}


# ---- Sampling: what the moments of a wrong sample are close to ---------------------------------


def moments_with(covariances):
    """The right weights and means, and wrong covariances."""
    return lambda n, pi, mu, Sigma, rng: (pi, mu, covariances(Sigma))


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
        moments_with(lambda C: np.linalg.cholesky(C).transpose(0, 2, 1) @ np.linalg.cholesky(C))
    ),
    "only the diagonal of Sigma is used": moments_with(only_diagonals),
    "Sigma is not used: the points have covariance 1": moments_with(
        lambda C: np.tile(np.eye(C.shape[1]), (len(C), 1, 1))
    ),
    "this is Sigma^-1 where Sigma belongs": moments_with(np.linalg.inv),
}
