"""The catalogue of mistakes, continued: parameters that have a prior.

N_k are the counts, S_k the scatter with what the prior adds, and D the number of features.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.special import digamma, entr, gammaln, logsumexp, polygamma, softmax

from ..textbook import m_step
from . import knobs
from .knobs import drawn, scatters, squares
from .mistakes import hard, normalised, only_diagonals, with_knobs
from .priors import expected_log_det, expected_log_weights, map_m_step, posterior_counts


def nothing(*_):
    """A part that is left out."""
    return 0.0


def drawn_each(N, x, kappa, m):
    """Means that are drawn to m by a kappa of their own."""
    return (N[:, None] * x + kappa[:, None] * m) / (N + kappa)[:, None]


# ---- The M step to the mode: knobs of s, see there ---------------------------------------------

IN_WEIGHTS: dict[str, dict[str, Callable[..., Any]]] = {
    "the weights are those without a prior, N_k / N: add alpha_k - 1 to each count": {
        "weights": lambda s: s.N
    },
    "alpha_k is added to the counts: that gives the mean of the posterior, its mode has "
    "alpha_k - 1": {"weights": lambda s: s.N + s.alpha},
    "alpha_k + 1 is added to the counts: it is alpha_k - 1": {
        "weights": lambda s: s.N + s.alpha + 1
    },
    "alpha_k - 1 is subtracted from the counts: add it": {"weights": lambda s: s.N - s.alpha + 1},
    "1 is added to each count, whatever alpha is: add alpha_k - 1": {"weights": lambda s: s.N + 1},
    "alpha multiplies the counts: the prior adds alpha_k - 1 to them": {
        "weights": lambda s: s.N * s.alpha
    },
    "alpha_k - 1 is added to the portions N_k / N: add it to the counts, then divide": {
        "weights": lambda s: normalised(s.N) + s.alpha - 1
    },
    "the alpha - 1 of all components are added to each count: each has its own": {
        "weights": lambda s: s.N + (s.alpha - 1).sum()
    },
    "the weights are those of the prior alone, from alpha_k - 1: add the counts N_k": {
        "weights": lambda s: s.alpha - 1
    },
    "the weights are alpha_k over their sum, the mean of the prior alone: add the counts, and "
    "take the mode": {"weights": lambda s: s.alpha},
    "the weights pi are all 1 / K: they are N_k + alpha_k - 1 over the sum of these": {
        "weights": lambda s: np.ones_like(s.N)
    },
    "the weights count hard assignments: sum the responsibilities themselves": {
        "weights": lambda s: hard(s.r).sum(axis=0) + s.alpha - 1
    },
    "alpha_k is divided by K: each component has its own alpha_k": {
        "weights": lambda s: s.N + s.alpha / len(s.N) - 1
    },
    "alpha_k / K is added to the counts: it is alpha_k - 1, the mode": {
        "weights": lambda s: s.N + s.alpha / len(s.N)
    },
    "(alpha_k - 1) / K is added to the counts: each component has its own alpha_k - 1": {
        "weights": lambda s: s.N + (s.alpha - 1) / len(s.N)
    },
    "alpha_k - 1 is added twice: once is enough": {"weights": lambda s: s.N + 2 * (s.alpha - 1)},
    "the first alpha is used for all: each component has its own": {
        "weights": lambda s: s.N + s.alpha[0] - 1
    },
    "1/2 is subtracted, not 1: it is N_k + alpha_k - 1": {"weights": lambda s: s.N + s.alpha - 0.5},
    "the average of alpha is used for all: each component has its own": {
        "weights": lambda s: s.N + s.alpha.mean() - 1
    },
    "the sum of alpha is used for all: each component has its own": {
        "weights": lambda s: s.N + s.alpha.sum() - 1
    },
    "the weights are the average of those of the points and of the prior: add the counts": {
        "weights": lambda s: normalised(s.N) + normalised(s.alpha - 1)
    },
    "the weights are a softmax: divide N_k + alpha_k - 1 by their sum": {
        "weights": lambda s: softmax(s.N + s.alpha - 1)
    },
    "K is subtracted, not 1: it is N_k + alpha_k - 1": {
        "weights": lambda s: s.N + s.alpha - len(s.N)
    },
    "2 is subtracted, not 1: it is N_k + alpha_k - 1": {"weights": lambda s: s.N + s.alpha - 2},
    "kappa is added to the counts: the weights have alpha_k - 1": {
        "weights": lambda s: s.N + s.kappa
    },
    "the weights are N_k + alpha_k - 1: divide by their sum": {"total": lambda s, n: 1.0},
    "the weights do not sum to one: N is not all, the points of the prior count too": {
        "total": lambda s, n: len(s.X)
    },
    "the weights do not sum to one: 1 was subtracted K times above, and is not below. Divide by "
    "N + sum alpha - K": {"total": lambda s, n: len(s.X) + s.alpha.sum()},
    "the weights do not sum to one: 1 was subtracted K times above, and is once below. Divide by "
    "N + sum alpha - K": {"total": lambda s, n: len(s.X) + s.alpha.sum() - 1},
}
IN_WEIGHTS |= {
    f"{text} (above; below stands the right sum)": parts
    | {"total": lambda s, n: (s.N + s.alpha - 1).sum()}
    for text, parts in IN_WEIGHTS.items()
    if "weights" in parts and "the weights" not in text
} | {
    "the weights do not sum to one: K is added below. Divide by N + sum alpha - K": {
        "total": lambda s, n: (s.N + s.alpha + 1).sum()
    },
    "the weights are multiplied by the sum of N_k + alpha_k - 1: divide by it": {
        "total": lambda s, n: 1 / n.sum()
    },
}
IN_MEANS = {
    "the means are multiplied by N_k + kappa: divide by it": {
        "means": lambda s: (s.r.T @ s.X + s.kappa * s.m) * (s.N + s.kappa)[:, None]
    },
    "the points are left out of the means: add the sum of r x": {
        "means": lambda s: s.kappa * s.m / (s.N + s.kappa)[:, None]
    },
    "in the means, m counts once above and kappa times below: add kappa m": {
        "means": lambda s: (s.r.T @ s.X + s.m) / (s.N + s.kappa)[:, None]
    },
    "in the means, m counts kappa times above and once below: divide by N_k + kappa": {
        "means": lambda s: (s.r.T @ s.X + s.kappa * s.m) / (s.N + 1)[:, None]
    },
    "the means do not use r: the sum of all points is divided by N_k + kappa": {
        "means": lambda s: (s.X.sum(axis=0) + s.kappa * s.m) / (s.N + s.kappa)[:, None]
    },
    "the means are not drawn to m: kappa more points lie there": {"means": lambda s: s.x},
    "in the means, the points are averaged before kappa m is added, and the sum is divided by "
    "N_k + "
    "kappa: N_k times the average belongs there": {
        "means": lambda s: (s.x + s.kappa * s.m) / (s.N + s.kappa)[:, None]
    },
    "in the means, kappa is divided by K: each component has all of it": {
        "means": lambda s: drawn(s.N, s.x, s.kappa / len(s.N), s.m)
    },
    "in the means, kappa is squared above: it is kappa m": {
        "means": lambda s: (s.r.T @ s.X + s.kappa**2 * s.m) / (s.N + s.kappa)[:, None]
    },
    "in the means, N_k + kappa + 1 stands below: it is N_k + kappa": {
        "means": lambda s: (s.r.T @ s.X + s.kappa * s.m) / (s.N + s.kappa + 1)[:, None]
    },
    "in the means, N_k + kappa - 1 stands below: it is N_k + kappa": {
        "means": lambda s: (s.r.T @ s.X + s.kappa * s.m) / (s.N + s.kappa - 1)[:, None]
    },
    "in the means, alpha_k - 1 stands where kappa belongs: alpha is for the weights": {
        "means": lambda s: drawn_each(s.N, s.x, s.alpha - 1, s.m)
    },
    "in the means, alpha_k stands where kappa belongs: alpha is for the weights": {
        "means": lambda s: drawn_each(s.N, s.x, s.alpha, s.m)
    },
    "in the means, N_k + nu stands below: it is N_k + kappa": {
        "means": lambda s: (s.r.T @ s.X + s.kappa * s.m) / (s.N + s.nu)[:, None]
    },
    "in the means, kappa counts K times": {
        "means": lambda s: drawn(s.N, s.x, s.kappa * len(s.N), s.m)
    },
    "in the means, N_k - kappa stands below: it is N_k + kappa": {
        "means": lambda s: (s.r.T @ s.X + s.kappa * s.m) / (s.N - s.kappa)[:, None]
    },
    "the means divide by kappa alone: it is N_k + kappa": {
        "means": lambda s: (s.r.T @ s.X + s.kappa * s.m) / s.kappa
    },
    "in the means, N + K kappa stands below: it is N_k + kappa": {
        "means": lambda s: (s.r.T @ s.X + s.kappa * s.m) / (len(s.X) + len(s.N) * s.kappa)
    },
    "in the means, kappa - 1 stands where kappa belongs: only alpha has such a - 1": {
        "means": lambda s: drawn(s.N, s.x, s.kappa - 1, s.m)
    },
    "the means are m, whatever the points are: m counts as kappa points beside the N_k": {
        "means": lambda s: np.tile(s.m, (len(s.N), 1))
    },
    "the means divide by N_k: the kappa points at m count below too, N_k + kappa": {
        "means": lambda s: (s.r.T @ s.X + s.kappa * s.m) / s.N[:, None]
    },
    "the means divide by N + kappa: it is N_k + kappa": {
        "means": lambda s: (s.r.T @ s.X + s.kappa * s.m) / (len(s.X) + s.kappa)
    },
    "N stands where N_k belongs, in the means: each component has its own count": {
        "means": lambda s: drawn(len(s.X), s.x, s.kappa, s.m)
    },
    "the means are sums: divide by N_k + kappa": {"means": lambda s: s.r.T @ s.X + s.kappa * s.m},
    "the means are drawn to the origin: add kappa m before you divide": {
        "means": lambda s: drawn(s.N, s.x, s.kappa, 0 * s.m)
    },
    "the means are pushed away from m: kappa m is added, not subtracted": {
        "means": lambda s: drawn(s.N, s.x, s.kappa, -s.m)
    },
    "in the means, m counts once: it counts kappa times": {
        "means": lambda s: drawn(s.N, s.x, 1.0, s.m)
    },
    "in the means, the points count once together: they count N_k times": {
        "means": lambda s: drawn(1.0, s.x, s.kappa, s.m)
    },
    "in the means, N_k and kappa are exchanged: N_k goes with the points, kappa with m": {
        "means": lambda s: drawn(s.kappa, s.x, s.N[:, None], s.m)
    },
    "the means are halfway between the points and m: weigh by N_k and kappa": {
        "means": lambda s: (s.x + s.m) / 2
    },
    "in the means, nu stands where kappa belongs: nu is for the covariances": {
        "means": lambda s: drawn(s.N, s.x, s.nu, s.m)
    },
    "alpha_k - 1 counts in the means too: it is for the weights alone": {
        "means": lambda s: drawn(s.N + s.alpha - 1, s.x, s.kappa, s.m)
    },
    "the means do not use r: each is the mean of all points": {
        "means": lambda s: np.tile(s.X.mean(axis=0), (len(s.N), 1))
    },
    "the means do not use r: the mean of all points is drawn to m": {
        "means": lambda s: drawn(np.full(len(s.N), len(s.X)), 0 * s.x + s.X.mean(0), s.kappa, s.m)
    },
    "the means use hard assignments: weigh each point by its responsibility": {
        "means": lambda s: map_m_step(s.X, hard(s.r), s.m, s.kappa, s.scale, s.nu, s.alpha)[1]
    },
}
IN_COUNT = {
    "the covariances are multiplied by N_k + nu + D + 2: divide by it": {
        "count": lambda s: 1 / (s.N + s.nu + s.D + 2)
    },
    "the covariances divide by N_k: the prior counts there as nu + D + 2": {"count": lambda s: s.N},
    "the covariances divide by N_k + nu: D + 2 is missing": {"count": lambda s: s.N + s.nu},
    "the covariances divide by N_k + nu + D: 2 is missing": {"count": lambda s: s.N + s.nu + s.D},
    "the covariances divide by N_k + nu + 2: D is missing": {"count": lambda s: s.N + s.nu + 2},
    "the covariances divide by N_k + nu + D + 1: the density of the mean holds one more "
    "|Sigma_k|^(-1/2), so it is + 2": {"count": lambda s: s.N + s.nu + s.D + 1},
    "the covariances divide by N_k + nu - D - 1: that is the mean of the posterior, its mode has "
    "N_k + nu + D + 2": {"count": lambda s: s.N + s.nu - s.D - 1},
    "the covariances divide by N + nu + D + 2: it is N_k, of each component": {
        "count": lambda s: len(s.X) + s.nu + s.D + 2
    },
    "the covariances divide by nu + D + 2: the N_k points count too": {
        "count": lambda s: s.nu + s.D + 2
    },
    "the covariances divide by N_k + D + 2: nu is missing": {"count": lambda s: s.N + s.D + 2},
    "kappa is added where the covariances are divided: the density of the mean counts there as "
    "one point, whatever kappa is": {"count": lambda s: s.N + s.kappa + s.nu + s.D + 2},
    "the covariances divide by N_k + kappa: that is for the means, here it is N_k + nu + D + 2": {
        "count": lambda s: s.N + s.kappa
    },
    "alpha_k - 1 is added where the covariances are divided: it is for the weights alone": {
        "count": lambda s: s.N + s.alpha - 1 + s.nu + s.D + 2
    },
    "the covariances divide by N_k + nu + K + 2: it is D, the number of features": {
        "count": lambda s: s.N + s.nu + len(s.N) + 2
    },
    "the covariances divide by N_k + nu - D - 2: it is + D + 2": {
        "count": lambda s: s.N + s.nu - s.D - 2
    },
    "the covariances divide by N_k + nu - D + 1: it is + D + 2": {
        "count": lambda s: s.N + s.nu - s.D + 1
    },
    "the covariances divide by N_k + nu - 1: it is + D + 2": {"count": lambda s: s.N + s.nu - 1},
    "the covariances divide by N_k + nu + 1: it is + D + 2": {"count": lambda s: s.N + s.nu + 1},
    "the covariances divide by N_k + nu + D + 3: it is + D + 2": {
        "count": lambda s: s.N + s.nu + s.D + 3
    },
    "the covariances divide by N_k + nu + 2 D + 2: it is + D + 2": {
        "count": lambda s: s.N + s.nu + 2 * s.D + 2
    },
    "the covariances divide by N_k + nu + 3 D: it is + D + 2": {
        "count": lambda s: s.N + s.nu + 3 * s.D
    },
    "the covariances divide by N_k + nu + 2 D: it is + D + 2": {
        "count": lambda s: s.N + s.nu + 2 * s.D
    },
    "the covariances divide by twice N_k + nu + D + 2": {
        "count": lambda s: 2 * (s.N + s.nu + s.D + 2)
    },
    "the covariances divide by N: it is N_k + nu + D + 2": {"count": lambda s: len(s.X)},
    "the covariances divide by N_k - 1: it is N_k + nu + D + 2": {"count": lambda s: s.N - 1},
    "the covariances divide by N_k + kappa + D + 2: it is nu, not kappa": {
        "count": lambda s: s.N + s.kappa + s.D + 2
    },
    "the covariances are S_k: divide by N_k + nu + D + 2": {"count": lambda s: 1.0},
}
SHORT = "it is kappa N_k / (kappa + N_k)"
IN_SCATTER = {
    "the covariances are those without a prior: W_k / N_k": {
        "prior": nothing,
        "pull": nothing,
        "count": lambda s: s.N,
    },
    "the scale of the prior is left out of S_k: add it": {"prior": nothing},
    "W_k is left out of S_k: the points scatter about their own mean too": {"scatter": nothing},
    "the last two terms of S_k are left out: the points and m are not at mu_k": {"pull": nothing},
    "N_k (xbar_k - mu_k)(xbar_k - mu_k)^T is left out of S_k: W_k is about xbar_k, not mu_k": {
        "pull": lambda s: squares(s.kappa, s.m - s.mu)
    },
    "kappa (m - mu_k)(m - mu_k)^T is left out of S_k: the points at m are not at mu_k": {
        "pull": lambda s: squares(s.N, s.x - s.mu)
    },
    f"(xbar_k - m)(xbar_k - m)^T has the factor kappa alone: {SHORT}": {
        "pull": lambda s: squares(s.kappa, s.x - s.m)
    },
    f"(xbar_k - m)(xbar_k - m)^T has the factor N_k, as if the points were about m: {SHORT}": {
        "pull": lambda s: squares(s.N, s.x - s.m)
    },
    f"(xbar_k - m)(xbar_k - m)^T has the factor 1: {SHORT}": {
        "pull": lambda s: squares(1.0, s.x - s.m)
    },
    f"(xbar_k - m)(xbar_k - m)^T has the factor kappa N_k: {SHORT}": {
        "pull": lambda s: squares(s.kappa * s.N, s.x - s.m)
    },
    f"(xbar_k - m)(xbar_k - m)^T has the factor kappa / (kappa + N_k): {SHORT}": {
        "pull": lambda s: squares(s.kappa / (s.kappa + s.N), s.x - s.m)
    },
    f"(xbar_k - m)(xbar_k - m)^T has the factor N_k / (kappa + N_k): {SHORT}": {
        "pull": lambda s: squares(s.N / (s.kappa + s.N), s.x - s.m)
    },
    "mu_k stands where xbar_k belongs, in kappa N_k / (kappa + N_k) (xbar_k - m)(xbar_k - m)^T": {
        "pull": lambda s: squares(s.kappa * s.N / (s.kappa + s.N), s.mu - s.m)
    },
    "W_k is subtracted: add it": {"scatter": lambda s: -scatters(s.X, s.r, s.x)},
    "m is not subtracted, in (xbar_k - m)(xbar_k - m)^T": {
        "pull": lambda s: squares(s.kappa * s.N / (s.kappa + s.N), s.x)
    },
    "m is added, in (xbar_k - m)(xbar_k - m)^T: subtract it": {
        "pull": lambda s: squares(s.kappa * s.N / (s.kappa + s.N), s.x + s.m)
    },
    "in the last term of S_k N stands where N_k belongs": {
        "pull": lambda s: squares(s.kappa * len(s.X) / (s.kappa + len(s.X)), s.x - s.m)
    },
    "in the last two terms of S_k the counts N_k and kappa are missing": {
        "pull": lambda s: squares(1.0, s.x - s.mu) + squares(1.0, s.m - s.mu)
    },
    "the last two terms of S_k are subtracted: add them": {
        "pull": lambda s: -squares(s.N, s.x - s.mu) - squares(s.kappa, s.m - s.mu)
    },
    "in the last term of S_k m is taken about xbar_k: it is m - mu_k": {
        "pull": lambda s: squares(s.N, s.x - s.mu) + squares(s.kappa, s.m - s.x)
    },
    "the last two terms of S_k are numbers, added to every entry: take outer products, which are "
    "matrices": {
        "pull": lambda s: (
            s.N * ((s.x - s.mu) ** 2).sum(axis=1) + s.kappa * ((s.m - s.mu) ** 2).sum(axis=1)
        )[:, None, None]
    },
    "the last two terms of S_k are squares of vectors, added to every row: take outer products, "
    "which are matrices": {
        "pull": lambda s: (s.N[:, None] * (s.x - s.mu) ** 2 + s.kappa * (s.m - s.mu) ** 2)[:, None]
    },
    "N_k (xbar_k - mu_k)(xbar_k - mu_k)^T counts twice: a scatter about mu_k has it, one about "
    "xbar_k has not": {"scatter": lambda s: scatters(s.X, s.r, s.mu)},
    "the points are taken about the origin: W_k is about their own mean xbar_k": {
        "scatter": lambda s: scatters(s.X, s.r, 0 * s.x)
    },
    "the covariance W_k / N_k stands in S_k: add the scatter W_k, the division comes last": {
        "scatter": lambda s: scatters(s.X, s.r, s.x) / s.N[:, None, None]
    },
    "the scatter does not use r: weigh each point by its responsibility": {
        "scatter": lambda s: scatters(s.X, np.ones_like(s.r), s.x)
    },
    "the scatter uses r twice: once in each factor; weigh the product once": {
        "scatter": lambda s: scatters(s.X, s.r**2, s.x)
    },
    "kappa is missing in the last term of S_k: m counts kappa times": {
        "pull": lambda s: squares(s.N, s.x - s.mu) + squares(1.0, s.m - s.mu)
    },
    "N_k is missing in N_k (xbar_k - mu_k)(xbar_k - mu_k)^T": {
        "pull": lambda s: squares(1.0, s.x - s.mu) + squares(s.kappa, s.m - s.mu)
    },
    "the last term of S_k, of m, is subtracted: add it": {
        "pull": lambda s: squares(s.N, s.x - s.mu) - squares(s.kappa, s.m - s.mu)
    },
    "N_k (xbar_k - mu_k)(xbar_k - mu_k)^T is subtracted: add it": {
        "pull": lambda s: squares(s.kappa, s.m - s.mu) - squares(s.N, s.x - s.mu)
    },
    "in the last two terms of S_k N_k and kappa are exchanged": {
        "pull": lambda s: squares(s.kappa, s.x - s.mu) + squares(s.N, s.m - s.mu)
    },
    "in the last term of S_k m is taken about the origin: it is m - mu_k": {
        "pull": lambda s: squares(s.N, s.x - s.mu) + squares(s.kappa, s.m + 0 * s.mu)
    },
    "the last term of S_k, of m, is a number, added to every entry: take the outer product, "
    "which is "
    "a matrix": {
        "pull": lambda s: (
            squares(s.N, s.x - s.mu) + s.kappa * ((s.m - s.mu) ** 2).sum(axis=1)[:, None, None]
        )
    },
    "N_k (xbar_k - mu_k)(xbar_k - mu_k)^T is a number, added to every entry: take the outer "
    "product, "
    "which is a matrix": {
        "pull": lambda s: (
            squares(s.kappa, s.m - s.mu) + (s.N * ((s.x - s.mu) ** 2).sum(axis=1))[:, None, None]
        )
    },
    "the scatter of the points is about m: W_k is about their own mean xbar_k": {
        "scatter": lambda s: scatters(s.X, s.r, s.m + 0 * s.x)
    },
    "the scatter of the points is about the mean of all points: W_k is about xbar_k": {
        "scatter": lambda s: scatters(s.X, s.r, s.X.mean(axis=0) + 0 * s.x)
    },
    "the inverse of the scale is added: add the scale itself": {
        "prior": lambda s: np.linalg.inv(s.scale)
    },
    "the identity stands where the scale belongs": {"prior": lambda s: np.eye(s.D)},
    "kappa (m - mu_k)(m - mu_k)^T counts twice": {
        "pull": lambda s: squares(s.N, s.x - s.mu) + squares(2 * s.kappa, s.m - s.mu)
    },
    "N_k (xbar_k - mu_k)(xbar_k - mu_k)^T has N where N_k belongs": {
        "pull": lambda s: squares(len(s.X), s.x - s.mu) + squares(s.kappa, s.m - s.mu)
    },
    "in the last term of S_k nu stands where kappa belongs": {
        "pull": lambda s: squares(s.N, s.x - s.mu) + squares(s.nu, s.m - s.mu)
    },
    "the scale is subtracted: add it": {"prior": lambda s: -s.scale},
    "the scale counts twice: add it once": {"prior": lambda s: 2 * s.scale},
    "only the diagonal of the scale is added": {"prior": lambda s: only_diagonals(s.scale)},
    "the scale counts kappa times: it is added once": {"prior": lambda s: s.kappa * s.scale},
    "the scale is divided by nu, as if it were a sum: it is added as it is": {
        "prior": lambda s: s.scale / s.nu
    },
    "the scale is squared: add it as it is": {"prior": lambda s: s.scale @ s.scale},
    "the scale is added after the division, and N_k alone divides the rest: divide all of S_k by "
    "N_k + nu + D + 2": {
        "prior": nothing,
        "count": lambda s: s.N,
        "more": lambda s: s.scale,
    },
    "the scale is added after the division: divide all of S_k by N_k + nu + D + 2": {
        "prior": nothing,
        "more": lambda s: s.scale,
    },
    "the scatter of the points is left unweighted by r: weigh each point, or this is not W_k": {
        "scatter": lambda s: scatters(s.X, np.ones_like(s.r), s.mu)
    },
    "only the diagonal of the scatter of the points is used": {
        "scatter": lambda s: only_diagonals(scatters(s.X, s.r, s.x))
    },
    "the scale counts nu times: it is a scatter already, and is added once": {
        "prior": lambda s: s.nu * s.scale
    },
    "the scale is multiplied by nu - D - 1, as if it were a mean: it is a scatter already": {
        "prior": lambda s: (s.nu - s.D - 1) * s.scale
    },
    "the squares are about the origin: subtract (N_k + kappa) mu_k mu_k^T": {
        "scatter": lambda s: scatters(s.X, s.r, 0 * s.x),
        "pull": lambda s: squares(s.kappa, s.m + 0 * s.x),
    },
    "N_k mu_k mu_k^T is subtracted from squares about the origin: m is among these, so it is "
    "(N_k + kappa) mu_k mu_k^T": {
        "scatter": lambda s: scatters(s.X, s.r, 0 * s.x),
        "pull": lambda s: squares(s.kappa, s.m + 0 * s.x) - squares(s.N, s.mu),
    },
    "kappa m m^T is left out of the squares about the origin": {
        "scatter": lambda s: scatters(s.X, s.r, 0 * s.x),
        "pull": lambda s: -squares(s.N + s.kappa, s.mu),
    },
    "the scale is shared out among the components: each has all of it": {
        "prior": lambda s: s.scale / len(s.N)
    },
    "only the diagonal of the covariances is there: the products of different features are "
    "forgotten": {"shape": only_diagonals},
    "these are the inverses of the covariances": {"shape": np.linalg.inv},
}
MAP_M_STEP = with_knobs(knobs.map_m_step, IN_WEIGHTS | IN_MEANS | IN_COUNT | IN_SCATTER) | {
    "this is the M step without a prior: m, kappa, scale, nu and alpha are points more": (
        lambda X, r, *prior: m_step(X, r)
    ),
    "each point goes wholly to its likeliest component: use r as it is": (
        lambda X, r, *prior: map_m_step(X, hard(r), *prior)
    ),
}  # after the parts: of equals the first is named


# ---- The numbers of the posterior ----------------------------------------------------------------


def all_points(N):
    """N in place of each N_k."""
    return np.full(len(N), N.sum())


def only_first(alpha_0, N):
    """The prior's number for the first component alone."""
    return N + alpha_0 * (np.arange(len(N)) == 0)


IN_COUNTS = {
    "the counts are divided by N: N_k is the sum of the responsibilities": {
        "counts": lambda r: r.mean(axis=0)
    },
    "N is added for each component: N_k is the sum of its own responsibilities": {
        "counts": lambda r: all_points(r.sum(axis=0))
    },
    "the points are shared out evenly: N_k is the sum of the component's responsibilities": {
        "counts": lambda r: np.full(r.shape[1], len(r) / r.shape[1])
    },
    "the counts are those of hard assignments: sum the responsibilities themselves": {
        "counts": lambda r: hard(r).sum(axis=0)
    },
    "the counts are rounded: N_k need not be whole": {"counts": lambda r: r.sum(axis=0).round()},
    "the counts are cut to whole numbers: N_k need not be whole": {
        "counts": lambda r: np.floor(r.sum(axis=0))
    },
    "the responsibilities are squared: N_k is their sum": {"counts": lambda r: (r**2).sum(axis=0)},
    "1 is added to each, as if a row of r were summed, or a column divided by its sum: sum its "
    "columns as they are": {"counts": lambda r: np.ones(r.shape[1])},
    "only the largest responsibility of each component is added: N_k is their sum": {
        "counts": lambda r: r.max(axis=0)
    },
    "the counts are cumulative: N_k is the sum of the component's own responsibilities": {
        "counts": lambda r: r.sum(axis=0).cumsum()
    },
    "the last point is not counted": {"counts": lambda r: r[:-1].sum(axis=0)},
    "the first point is not counted": {"counts": lambda r: r[1:].sum(axis=0)},
    "only the last point is counted: N_k is the sum over all": {"counts": lambda r: r[-1]},
    "only the first point is counted: N_k is the sum over all": {"counts": lambda r: r[0]},
    "the points with r above 1/2 are counted: N_k is the sum of the responsibilities": {
        "counts": lambda r: (r > 0.5).sum(axis=0)
    },
    "the entropies of r are added up: N_k is the sum of r itself": {
        "counts": lambda r: entr(r).sum(axis=0)
    },
    "the logs of r are added up: N_k is the sum of r itself": {
        "counts": lambda r: np.log(r).sum(axis=0)
    },
    "the counts have the wrong sign: add N_k": {"counts": lambda r: -r.sum(axis=0)},
    "the responsibilities count twice": {"counts": lambda r: 2 * r.sum(axis=0)},
    "1 is added to each count: N_k is the sum of the responsibilities": {
        "counts": lambda r: r.sum(axis=0) + 1
    },
    "1 is subtracted from each count: N_k is the sum of the responsibilities": {
        "counts": lambda r: r.sum(axis=0) - 1
    },
    "half of N_k is added: a point counts whole, in each of the three": {
        "counts": lambda r: r.sum(axis=0) / 2
    },
}
IN_ONE = {  # what goes wrong with any of the three, where @ is its name
    "in @, N stands where N_k belongs": lambda prior, N: prior + all_points(N),
    "@ is not updated: add N_k": lambda prior, N: np.full(len(N), prior),
    "@_0 is left out: add it to N_k": lambda prior, N: N,
    "in @, the counts are divided by N: add N_k itself": lambda prior, N: prior + normalised(N),
    "@_0 multiplies the counts: add it": lambda prior, N: prior * N,
    "N_k is subtracted from @_0: add it": lambda prior, N: prior - N,
    "@_0 is added once for each point: once is enough": lambda prior, N: prior * N.sum() + N,
    "in @, N_k counts twice: once is enough": lambda prior, N: prior + 2 * N,
    "in @, half of N_k is added: a point counts whole": lambda prior, N: prior + N / 2,
    "in @, the square of N_k is added: add N_k": lambda prior, N: prior + N**2,
    "in @, the root of N_k is added: add N_k": lambda prior, N: prior + np.sqrt(N),
    "in @, the log of N_k is added: add N_k": lambda prior, N: prior + np.log(N),
    "in @, @_0 counts twice: once is enough": lambda prior, N: 2 * prior + N,
    "in @, K - 1 is added too: it is @_0 + N_k": lambda prior, N: prior + N + len(N) - 1,
    "in @, 2 is added too: it is @_0 + N_k": lambda prior, N: prior + N + 2,
    "in @, 2 is subtracted: it is @_0 + N_k": lambda prior, N: prior + N - 2,
    "in @, K is added too: it is @_0 + N_k": lambda prior, N: prior + N + len(N),
    "in @, K is subtracted: it is @_0 + N_k": lambda prior, N: prior + N - len(N),
    "@ is the larger of @_0 and N_k: add them": lambda prior, N: np.maximum(prior, N),
    "@ is halved: it is @_0 + N_k": lambda prior, N: (prior + N) / 2,
    "@ is N_k / @_0: add @_0 to N_k": lambda prior, N: N / prior,
    "@_0 is divided by N: add all of it": lambda prior, N: prior / N.sum() + N,
    "@_0 is subtracted from N_k: add it": lambda prior, N: N - prior,
}
IN_ALPHA = {
    "alpha_0 counts once for all components: each one has alpha_0": only_first,
    "alpha_0 is shared out among the components: each one has alpha_0": lambda a, N: a / len(N) + N,
    "alpha_0 counts K times in each component: it counts once in each": lambda a, N: a * len(N) + N,
    "1 is subtracted from alpha: that belongs to the mode, here it is alpha_0 + N_k": (
        lambda a, N: a + N - 1
    ),
    "1 is added to alpha: it is alpha_0 + N_k": lambda a, N: a + N + 1,
    "alpha is divided by its sum: these are the expected weights, alpha_k itself is asked for": (
        lambda a, N: normalised(a + N)
    ),
}
IN_BETA = {
    "beta is beta_0 N_k / (beta_0 + N_k): that is a factor in the scatter, beta_k is the sum": (
        lambda b, N: b * N / (b + N)
    ),
    "this is 1 / beta_k: beta_k itself is asked for": lambda b, N: 1 / (b + N),
    "beta is N_k / (beta_0 + N_k), how far the mean follows the points: beta_k is the sum": (
        lambda b, N: N / (b + N)
    ),
}
IN_NU = {
    "1 is added to nu, as some printings of Bishop have it in (10.63): it is nu_0 + N_k": (
        lambda v, N: v + N + 1
    ),
    "1 is subtracted from nu, as in a sample's variance: it is nu_0 + N_k": lambda v, N: v + N - 1,
}


def exchanged(i, j):
    """The three numbers with two of them in each other's place."""

    def wrong(*arguments):
        parts = list(posterior_counts(*arguments))
        parts[i], parts[j] = parts[j], parts[i]
        return tuple(parts)

    return wrong


POSTERIOR_COUNTS = (
    {
        said.replace("@", part): partial(knobs.posterior_counts, **{part: wrong})
        for part, table in {"alpha": IN_ALPHA, "beta": IN_BETA, "nu": IN_NU}.items()
        for said, wrong in (IN_ONE | table).items()
    }
    | {
        "alpha_0 and beta_0 are exchanged: return alpha, then beta, then nu": exchanged(0, 1),
        "beta_0 and nu_0 are exchanged: return alpha, then beta, then nu": exchanged(1, 2),
        "alpha_0 and nu_0 are exchanged: return alpha, then beta, then nu": exchanged(0, 2),
        "nu holds beta_0 + N_k: it is nu_0 + N_k": lambda r, a, b, v: posterior_counts(r, a, b, b),
        "nu holds alpha_0 + N_k: it is nu_0 + N_k": lambda r, a, b, v: posterior_counts(r, a, b, a),
        "alpha holds beta_0 + N_k: it is alpha_0 + N_k": (
            lambda r, a, b, v: posterior_counts(r, b, b, v)
        ),
        "alpha holds nu_0 + N_k: it is alpha_0 + N_k": (
            lambda r, a, b, v: posterior_counts(r, v, b, v)
        ),
        "beta holds nu_0 + N_k: it is beta_0 + N_k": (
            lambda r, a, b, v: posterior_counts(r, a, v, v)
        ),
        "all three have the prior's number of the weights, alpha_0": (
            lambda r, a, b, v: posterior_counts(r, a, a, a)
        ),
        "beta holds alpha_0 + N_k: it is beta_0 + N_k": lambda r, a, b, v: posterior_counts(
            r, a, a, v
        ),
        "beta_0 is added to nu: that is for the means, nu_k is nu_0 + N_k": lambda r, a, b, v: (
            posterior_counts(r, a, b, v + b)
        ),
    }
    | with_knobs(knobs.posterior_counts, IN_COUNTS)
)


# ---- The expected log weights --------------------------------------------------------------------


def trigamma(x):
    """The derivative of the digamma function."""
    return polygamma(1, x)


IN_LOG_WEIGHTS = {
    "the digamma of the sum is left out: subtract psi(sum of alpha)": {"whole": nothing},
    "the digamma of alpha_k is left out: psi(alpha_k) comes first": {"each": np.zeros_like},
    "this is log alpha_k: an expected log takes the digamma function, and its value at the sum is "
    "subtracted": {"each": np.log, "whole": nothing},
    "the log of the sum is subtracted: take its digamma": {"whole": np.log},
    "the log of alpha_k stands where its digamma belongs": {"each": np.log},
    "the digammas are summed: sum alpha first, and take the digamma of that": {
        "total": lambda alpha: alpha,
        "whole": lambda alpha: digamma(alpha).sum(),
    },
    "the mean of the digammas is subtracted: take the digamma of the sum of alpha": {
        "total": lambda alpha: alpha,
        "whole": lambda alpha: digamma(alpha).mean(),
    },
    "the sum runs from k on: sum over all components": {
        "total": lambda alpha: alpha[::-1].cumsum()[::-1]
    },
    "this is the trigamma function of alpha_k alone: take digammas, and subtract that of the sum": {
        "each": trigamma,
        "whole": nothing,
    },
    "the digamma of the sum is added: subtract it": {"minus": np.add},
    "the sum is that of the other components: this is E[log pi_k / (1 - pi_k)], sum over all": {
        "total": lambda alpha: alpha.sum() - alpha
    },
    "K alpha_k stands where the sum belongs: alpha differs from component to component": {
        "total": lambda alpha: len(alpha) * alpha
    },
    "the mean of alpha stands where its sum belongs": {"total": np.mean},
    "the largest alpha stands where the sum belongs": {"total": np.max},
    "K stands where the sum of alpha belongs": {"total": lambda alpha: len(alpha)},
    "the sum runs up to k alone: sum over all components": {"total": lambda alpha: alpha.cumsum()},
    "this is the log of the gamma function: the digamma function is its derivative": {
        "each": gammaln,
        "whole": gammaln,
    },
    "this is the log of the gamma function of alpha_k alone: take digammas, and subtract that of "
    "the sum": {"each": gammaln, "whole": nothing},
    "this is the trigamma function, the second derivative of log gamma: digamma is the first": {
        "each": trigamma,
        "whole": trigamma,
    },
    "1 is subtracted from each alpha, K in the sum: that belongs to the mode, here it is alpha_k": {
        "each": lambda alpha: digamma(alpha - 1),
        "total": lambda alpha: alpha.sum() - len(alpha),
    },
    "1 is added to alpha_k and to the sum: take them as they are": {
        "each": lambda alpha: digamma(alpha + 1),
        "total": lambda alpha: alpha.sum() + 1,
    },
    "1 is subtracted from alpha_k: that belongs to the mode, here it is alpha_k": {
        "each": lambda alpha: digamma(alpha - 1)
    },
    "1 is added to alpha_k: take it as it is": {"each": lambda alpha: digamma(alpha + 1)},
    "1 is subtracted from the sum of alpha: take it as it is": {
        "total": lambda alpha: alpha.sum() - 1
    },
    "1 is added to the sum of alpha: take it as it is": {"total": lambda alpha: alpha.sum() + 1},
    "K is subtracted from the sum of alpha, as for the mode: take it as it is": {
        "total": lambda alpha: alpha.sum() - len(alpha)
    },
    "K is added to the sum of alpha: take it as it is": {
        "total": lambda alpha: alpha.sum() + len(alpha)
    },
    "the sum is that of squares: sum alpha itself": {"total": lambda alpha: (alpha**2).sum()},
    "the product of alpha stands where the sum belongs": {"total": np.prod},
    "the first alpha stands where the sum belongs": {"total": lambda alpha: alpha[0]},
    "the last alpha stands where the sum belongs": {"total": lambda alpha: alpha[-1]},
    "the smallest alpha stands where the sum belongs": {"total": np.min},
    "half the sum of alpha stands where the sum belongs": {"total": lambda alpha: alpha.sum() / 2},
    "alpha_k is divided by the sum: take its digamma as it is": {
        "each": lambda alpha: digamma(normalised(alpha))
    },
    "alpha_k is halved, as in a Wishart distribution: here it is whole": {
        "each": lambda alpha: digamma(alpha / 2)
    },
    "alpha_k and the sum are halved, as in a Wishart distribution: here they are whole": {
        "each": lambda alpha: digamma(alpha / 2),
        "total": lambda alpha: alpha.sum() / 2,
    },
    "this is E[log (1 - pi_k)], of the others: the first digamma is that of alpha_k itself": {
        "each": lambda alpha: digamma(alpha.sum() - alpha)
    },
    "alpha is sorted: component k has the k-th place": {
        "each": lambda alpha: digamma(np.sort(alpha))
    },
    "the first digamma is that of the sum too: take that of alpha_k": {
        "each": lambda alpha: digamma(0 * alpha + alpha.sum())
    },
    "the digamma is the log of the gamma function, in the first place: it is its derivative": {
        "each": gammaln
    },
    "the digamma is the log of the gamma function, in the second place: it is its derivative": {
        "whole": gammaln
    },
    "the first function is trigamma, the second derivative of log gamma: digamma is the first": {
        "each": trigamma
    },
    "the digammas are divided: subtract": {"minus": np.divide},
    "the log of the ratio of the digammas is taken: subtract the digammas": {
        "minus": lambda a, b: np.log(abs(a / b))
    },
    "the digammas are multiplied: subtract": {"minus": np.multiply},
    "the sign is wrong: psi(alpha_k) minus psi(sum of alpha), which is below 0": {
        "minus": lambda a, b: b - a
    },
    "the exponential is taken: the expected log itself is asked for": {"end": np.exp},
    "the logarithm is taken once more, of minus the answer: the expected log itself is asked for": {
        "end": lambda a: np.log(abs(a))
    },
    "the sum over the components is subtracted too: the expected logs themselves are asked for": {
        "end": lambda a: a - a.sum()
    },
    "the answer is divided by its sum: expected logs are no weights": {"end": normalised},
    "log alpha - 1 / (2 alpha) stands for the first digamma: that is close for large alpha only": {
        "each": lambda alpha: np.log(alpha) - 0.5 / alpha
    },
    "the logarithm is to base 2: natural logarithms are asked for": {
        "end": lambda a: a / np.log(2)
    },
    "the logarithm is to base 10: natural logarithms are asked for": {
        "end": lambda a: a / np.log(10)
    },
    "log(x - 1/2) stands for the digamma function: that is close for large x only": {
        "each": lambda alpha: np.log(alpha - 0.5),
        "whole": lambda total: np.log(total - 0.5),
    },
    "log x - 1 / (2 x) stands for the digamma function: that is close for large x only": {
        "each": lambda alpha: np.log(alpha) - 0.5 / alpha,
        "whole": lambda total: np.log(total) - 0.5 / total,
    },
}
EXPECTED_LOG_WEIGHTS = {
    "this is the log of the expected weight: the expected log is asked for, and is lower": (
        lambda alpha: np.log(normalised(alpha))
    ),
    "this is the expected weight: the expected log is asked for": normalised,
    "this is the digamma of the expected weight: take the difference of two digammas": (
        lambda alpha: digamma(normalised(alpha))
    ),
    "this is the log of the likeliest weight: the expected log is asked for": (
        lambda alpha: np.log(normalised(alpha - 1))
    ),
    "the digamma of the sum is divided by K: subtract all of it": (
        lambda alpha: digamma(alpha) - digamma(alpha.sum()) / len(alpha)
    ),
    "all are -log K: they depend on alpha": lambda alpha: -np.log(len(alpha)) + 0 * alpha,
    "this is the log of the expected weight, to base 2: the expected log is asked for": (
        lambda alpha: np.log2(normalised(alpha))
    ),
    "this is the digamma of a difference: take the difference of digammas": (
        lambda alpha: digamma(alpha - alpha.sum())
    ),
    "the exponential is taken, and divided by the sum: the expected log itself is asked for": (
        lambda alpha: softmax(digamma(alpha))
    ),
    "a constant is added so that the exponentials sum to one: those of expected logs sum to less": (
        lambda alpha: digamma(alpha) - logsumexp(digamma(alpha))
    ),
    "this is multiplied by alpha_k: E[log pi_k] alone is asked for": (
        lambda alpha: alpha * expected_log_weights(alpha)
    ),
    "this is multiplied by the expected weight: E[log pi_k] alone is asked for": (
        lambda alpha: normalised(alpha) * expected_log_weights(alpha)
    ),
} | with_knobs(knobs.expected_log_weights, IN_LOG_WEIGHTS)


# ---- The expected log determinant ----------------------------------------------------------------


def log_trace(W):
    """The log of the trace."""
    return np.log(np.trace(W, axis1=-2, axis2=-1))


def log_diagonal(W):
    """The log determinant of the diagonal."""
    return np.log(np.diagonal(W, axis1=-2, axis2=-1)).sum(axis=-1)


def log_det(W):
    """The log determinant."""
    return np.linalg.slogdet(W)[1]


IN_DIGAMMAS = {
    "i runs from 0: it runs from 1 to D": {"numbers": lambda D, K: np.arange(D)},
    "i runs from 0 to D, one term too many: it runs from 1 to D": {
        "numbers": lambda D, K: np.arange(D + 1)
    },
    "i runs to D + 1: it runs from 1 to D": {"numbers": lambda D, K: np.arange(1, D + 2)},
    "i runs to D - 1: it runs from 1 to D": {"numbers": lambda D, K: np.arange(1, D)},
    "i is missing: the arguments fall by a half, (nu + 1 - i) / 2": {
        "argument": lambda nu, i, D: nu / 2 + 0 * i
    },
    "D stands where i belongs, in each term": {
        "argument": lambda nu, i, D: (nu + 1 - D) / 2 + 0 * i
    },
    "every argument is (nu + 1) / 2, i is left out: psi((nu + 1 - i) / 2)": {
        "argument": lambda nu, i, D: (nu + 1) / 2 + 0 * i
    },
    "the argument is not halved: psi((nu + 1 - i) / 2)": {"argument": lambda nu, i, D: nu + 1 - i},
    "the brackets are wrong, nu + 1 - i / 2: all of nu + 1 - i is halved": {
        "argument": lambda nu, i, D: nu + 1 - i / 2
    },
    "the brackets are wrong, nu + (1 - i) / 2: all of nu + 1 - i is halved": {
        "argument": lambda nu, i, D: nu + (1 - i) / 2
    },
    "the brackets are wrong, nu / 2 + 1 - i: all of nu + 1 - i is halved": {
        "argument": lambda nu, i, D: nu / 2 + 1 - i
    },
    "i runs to K, the number of components: it runs from 1 to D": {
        "numbers": lambda D, K: np.arange(1, K + 1)
    },
    "i runs from 2: it runs from 1 to D": {"numbers": lambda D, K: np.arange(2, D + 1)},
    "i runs from 2 to D + 1: it runs from 1 to D": {"numbers": lambda D, K: np.arange(2, D + 2)},
    "the sign of 1 - i is wrong in the argument, (nu - 1 + i) / 2: it is (nu + 1 - i) / 2": {
        "argument": lambda nu, i, D: (nu - 1 + i) / 2
    },
    "the argument is (nu + i) / 2: it is (nu + 1 - i) / 2": {
        "argument": lambda nu, i, D: (nu + i) / 2
    },
    "D stands in the argument too, (nu - D + 1 - i) / 2: it is (nu + 1 - i) / 2": {
        "argument": lambda nu, i, D: (nu - D + 1 - i) / 2
    },
    "D stands in the argument too, (nu + D - i) / 2: it is (nu + 1 - i) / 2": {
        "argument": lambda nu, i, D: (nu + D - i) / 2
    },
    "1 is added to the argument after the division: it is (nu + 1 - i) / 2": {
        "argument": lambda nu, i, D: (nu + 1 - i) / 2 + 1
    },
    "the argument is doubled, not halved: it is (nu + 1 - i) / 2": {
        "argument": lambda nu, i, D: (nu + 1 - i) * 2
    },
    "i counts twice in the argument: it is (nu + 1 - i) / 2": {
        "argument": lambda nu, i, D: (nu + 1 - 2 * i) / 2
    },
    "1 is missing in the argument: psi((nu + 1 - i) / 2)": {
        "argument": lambda nu, i, D: (nu - i) / 2
    },
    "the sign of 1 is wrong in the argument: psi((nu + 1 - i) / 2)": {
        "argument": lambda nu, i, D: (nu - 1 - i) / 2
    },
    "the sign of i is wrong in the argument: psi((nu + 1 - i) / 2)": {
        "argument": lambda nu, i, D: (nu + 1 + i) / 2
    },
    "nu of the first component is used for all": {
        "argument": lambda nu, i, D: (nu[:1] + 1 - i + 0 * nu) / 2
    },
    "the sum of all nu is used: each component has its own": {
        "argument": lambda nu, i, D: (nu.sum() + 1 - i + 0 * nu) / 2
    },
    "the mean of all nu is used: each component has its own": {
        "argument": lambda nu, i, D: (nu.mean() + 1 - i + 0 * nu) / 2
    },
    "the log stands where the digamma function belongs": {"psi": np.log},
    "the exponential of the digamma is taken: sum the digammas": {
        "psi": lambda x: np.exp(digamma(x))
    },
    "the log of the gamma function stands where its derivative, digamma, belongs": {"psi": gammaln},
    "the trigamma function stands where digamma belongs": {"psi": trigamma},
    "the digammas of all components are summed: each component has its own D of them": {
        "psi": lambda x: (
            digamma(x) + (digamma(x).sum() - digamma(x).sum(1, keepdims=True)) / x.shape[1]
        )
    },
    "this is the digamma of a sum: sum the digammas": {
        "psi": lambda x: digamma(x.sum(axis=1, keepdims=True))
    },
    "the digammas are averaged over i: sum them": {"psi": lambda x: digamma(x) / x.shape[1]},
    "the digammas are multiplied: sum them": {
        "psi": lambda x: digamma(x).prod(axis=1, keepdims=True)
    },
    "the digammas are missing: add psi((nu + 1 - i) / 2) for i from 1 to D": {"psi": np.zeros_like},
    "only i = D is there: sum the digammas over i from 1 to D (does each replace the one "
    "before?)": {"gather": lambda terms: terms[:, -1]},
    "only i = 1 is there: sum the digammas over i from 1 to D": {
        "gather": lambda terms: terms[:, 0]
    },
    "the sign of the digammas is wrong": {"psi": lambda x: -digamma(x)},
    "the sum of the digammas is halved: the halves are inside them": {
        "psi": lambda x: digamma(x) / 2
    },
}
IN_TWOS = {
    "D log 2 is missing": {"twos": nothing},
    "K log 2 stands where D log 2 belongs: D is the number of features": {
        "twos": lambda D, K: K * np.log(2)
    },
    "D log 10 (2) stands where D log 2 belongs: natural logarithms are asked for": {
        "twos": lambda D, K: D * np.log10(2)
    },
    "D stands where D log 2 belongs, as if the log were to base 2: natural logarithms are asked "
    "for": {"twos": lambda D, K: D},
    "2 D stands where D log 2 belongs: take the log": {"twos": lambda D, K: 2 * D},
    "D log pi stands where D log 2 belongs: this is no Gaussian": {
        "twos": lambda D, K: D * np.log(np.pi)
    },
    "D log D stands where D log 2 belongs": {"twos": lambda D, K: D * np.log(D)},
    "D (D - 1) / 4 log pi stands where D log 2 belongs: that is in the constant of the density": {
        "twos": lambda D, K: D * (D - 1) / 4 * np.log(np.pi)
    },
    "D log 2 counts twice": {"twos": lambda D, K: 2 * D * np.log(2)},
    "log (2 D) stands where D log 2 belongs": {"twos": lambda D, K: np.log(2 * D)},
    "log D stands where D log 2 belongs": {"twos": lambda D, K: np.log(D)},
    "log 2 counts D + 1 times: it counts D times": {"twos": lambda D, K: (D + 1) * np.log(2)},
    "log 2 counts D - 1 times: it counts D times": {"twos": lambda D, K: (D - 1) * np.log(2)},
    "D (D - 1) / 4 log pi is added: that is in the constant of the density": {
        "twos": lambda D, K: D * np.log(2) + D * (D - 1) / 4 * np.log(np.pi)
    },
    "D^2 log 2 stands where D log 2 belongs": {"twos": lambda D, K: D * D * np.log(2)},
    "log 2 is there once: it counts D times": {"twos": lambda D, K: np.log(2)},
    "D log 2 is halved": {"twos": lambda D, K: D / 2 * np.log(2)},
    "D log 2 is subtracted: add it": {"twos": lambda D, K: -D * np.log(2)},
    "(D / 2) log(2 pi) stands where D log 2 belongs: this is no Gaussian": {
        "twos": lambda D, K: D / 2 * np.log(2 * np.pi)
    },
    "D log(2 pi) stands where D log 2 belongs: this is no Gaussian": {
        "twos": lambda D, K: D * np.log(2 * np.pi)
    },
}
IN_VOLUME = {
    "log |W| is missing": {"volume": nothing},
    "the sign of log |W| is wrong, or W is inverted: W is that of the precision": {
        "volume": lambda W: -log_det(W)
    },
    "|W| itself is added: take its log": {"volume": np.linalg.det},
    "log |W| is halved: is the 2 missing behind a Cholesky factor?": {
        "volume": lambda W: log_det(W) / 2
    },
    "the trace of W is added: take the log of the determinant": {
        "volume": lambda W: np.trace(W, axis1=-2, axis2=-1)
    },
    "log |W| counts twice: is a 2 too many before slogdet?": {"volume": lambda W: 2 * log_det(W)},
    "log |W| is to base 2: natural logarithms are asked for": {
        "volume": lambda W: log_det(W) / np.log(2)
    },
    "the log of the norm of W stands where that of the determinant belongs": {
        "volume": lambda W: np.log(np.linalg.norm(W, axis=(1, 2)))
    },
    "log |W| counts D times: once is enough": {"volume": lambda W: W.shape[-1] * log_det(W)},
    "the log of the trace of W stands where that of the determinant belongs": {"volume": log_trace},
    "the sign that slogdet gives first stands where the log determinant belongs, the second": {
        "volume": lambda W: np.linalg.slogdet(W)[0]
    },
    "the largest eigenvalue stands where the determinant belongs": {
        "volume": lambda W: np.log(np.linalg.eigvalsh(W).max(axis=-1))
    },
    "only the diagonal of W is used": {"volume": log_diagonal},
    "W of the first component is used for all": {"volume": lambda W: log_det(W[:1])},
    "log |W| is to base 10: natural logarithms are asked for": {
        "volume": lambda W: log_det(W) / np.log(10)
    },
    "log |W| and D log 2 are missing: these are the digammas alone": {
        "twos": nothing,
        "volume": nothing,
    },
}
EXPECTED_LOG_DET = {
    "this is the log determinant of the expected matrix nu W: the expected log is asked for, "
    "and is lower": lambda nu, W: log_det(nu[:, None, None] * W),
    "this is log |W|: the digammas and D log 2 are missing": lambda nu, W: log_det(W),
    "log |nu W| is added to the digammas and D log 2: nu is in the digammas, add log |W|": (
        lambda nu, W: expected_log_det(nu, nu[:, None, None] * W)
    ),
    "log |nu W| is subtracted: the expected log itself is asked for": (
        lambda nu, W: expected_log_det(nu, W) - log_det(nu[:, None, None] * W)
    ),
    "log |W| counts nu / 2 times, as in the constant of the density: here it counts once": (
        lambda nu, W: expected_log_det(nu, W) + (nu / 2 - 1) * log_det(W)
    ),
    "log |W| counts nu times: once is enough": lambda nu, W: (
        expected_log_det(nu, W) + (nu - 1) * log_det(W)
    ),
    "this is half of the expected log: in the density of a point there is a half, here there is "
    "none": lambda nu, W: expected_log_det(nu, W) / 2,
    "the sign is wrong: this is the expected log determinant of the covariance": (
        lambda nu, W: -expected_log_det(nu, W)
    ),
    "the exponential is taken: the expected log itself is asked for": (
        lambda nu, W: np.exp(expected_log_det(nu, W))
    ),
    "the logarithm is to base 2: natural logarithms are asked for": (
        lambda nu, W: expected_log_det(nu, W) / np.log(2)
    ),
} | with_knobs(knobs.expected_log_det, IN_DIGAMMAS | IN_TWOS | IN_VOLUME)
