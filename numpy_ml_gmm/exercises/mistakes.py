"""The catalogue of mistakes: for each exercise, what is said, and the function that answers so.

A wrong function is a right one of :mod:`~numpy_ml_gmm.exercises.knobs` with one knob turned, or
two where that is a single thought.  Mistakes that turn different knobs can be made together, and
:mod:`~numpy_ml_gmm.exercises.checking` looks for two at once.  So a row here says one thing, and
no row is a mixture of others.  A function without knobs is wrong as a whole.  Of two that fit, the
first is named.
"""

from functools import partial
from typing import Any

import numpy as np
from scipy.special import entr, logsumexp, softmax

from ..textbook import bic, e_step, em_step, log_joint, log_likelihood, m_step
from . import knobs
from .k_means import lloyd, nearest, squared_distances
from .knobs import LOG_2PI, log_det, scatters


def with_knobs(function, table):
    """Each row of a table as a wrong version of the function: message -> wrong version."""
    return {message: partial(function, **parts) for message, parts in table.items()}


def only_diagonals(C):
    """The same matrices with zeros off the diagonal."""
    return C * np.eye(C.shape[-1])


def hard(r):
    """A single 1 in each row, at the largest."""
    return np.eye(r.shape[1])[r.argmax(axis=1)]


def normalised(a):
    """Divided by the sum."""
    return a / a.sum()


def transposed(A):
    """Each matrix transposed."""
    return A.transpose(0, 2, 1)


def traces(C):
    """The trace of each matrix."""
    return np.trace(C, axis1=1, axis2=2)


# ---- The density: knobs of the log joint -------------------------------------------------------

IN_DENSITY: dict[str, dict[str, Any]] = {
    "the weights pi are missing: multiply each density by its pi_k": {"log_weights": np.zeros_like},
    "pi is added to the log density: add log pi": {"log_weights": lambda pi: pi},
    "the weights pi count twice: add log pi once": {"log_weights": lambda pi: 2 * np.log(pi)},
    "the sign of log pi is wrong: this divides by the weights": {
        "log_weights": lambda pi: -np.log(pi)
    },
    "log pi is halved: the 1/2 belongs to the exponent and the determinant": {
        "log_weights": lambda pi: np.log(pi) / 2
    },
    "log (1 + pi) stands where log pi belongs": {"log_weights": np.log1p},
    "the weights pi are those of another component, in reversed order": {
        "log_weights": lambda pi: np.log(pi[::-1])
    },
    "the weights pi are sorted: pi_k is that of component k": {
        "log_weights": lambda pi: np.log(np.sort(pi))
    },
    "the log joint of the last component is left at 0: does the loop end too early?": {
        "joint": lambda ell: np.where(np.arange(ell.shape[1]) == ell.shape[1] - 1, 0, ell)
    },
    "the log joint of the first component is left at 0: does the loop begin too late?": {
        "joint": lambda ell: np.where(np.arange(ell.shape[1]) == 0, 0, ell)
    },
    "the log joint is rounded": {"joint": np.round},
    "log pi is to base 2: natural logarithms are asked for": {"log_weights": np.log2},
    "log pi is to base 10: natural logarithms are asked for": {"log_weights": np.log10},
    "this is Sigma where Sigma^-1 belongs, in the exponent": {"precision": lambda C: C},
    "this is Sigma^-1 where Sigma belongs: is the inverse taken twice, or passed to a function "
    "that wants the covariance?": {"covariance": np.linalg.inv},
    "this takes the variance for the standard deviation: the density is that of Sigma^2": {
        "covariance": lambda C: C @ C
    },
    "in the exponent Sigma^-1 counts twice: this is delta^T Sigma^-2 delta": {
        "precision": lambda C: np.linalg.inv(C @ C)
    },
    "only the diagonal of Sigma is used: the covariances between features are forgotten": {
        "covariance": only_diagonals
    },
    "in the exponent only the diagonal of Sigma is inverted: the covariances between features are "
    "forgotten": {"precision": lambda C: np.linalg.inv(only_diagonals(C))},
    "in the exponent only the diagonal of Sigma^-1 is used: its other entries count too": {
        "precision": lambda C: only_diagonals(np.linalg.inv(C))
    },
    "in the exponent delta is divided by standard deviations once: divide by variances": {
        "precision": lambda C: np.linalg.inv(np.sqrt(only_diagonals(C)))
    },
    "in the exponent each entry of Sigma is inverted by itself: invert the matrix": {
        "precision": lambda C: 1 / C
    },
    "in the exponent Sigma is not used: this is the Euclidean distance": {
        "precision": lambda C: 0 * C + np.eye(C.shape[1])
    },
    "Sigma is not used at all: this is the Euclidean distance, and its density": {
        "covariance": lambda C: 0 * C + np.eye(C.shape[1])
    },
    "in the exponent the inverse of a Cholesky factor stands once: it is delta^T Sigma^-1 delta": {
        "precision": lambda C: np.linalg.inv(np.linalg.cholesky(C))
    },
    "in the exponent the Cholesky factor stands where Sigma^-1 belongs": {
        "precision": np.linalg.cholesky
    },
    "in the exponent the Cholesky factor L of Sigma is transposed: solve L u = delta, not L^T u = "
    "delta": {
        "precision": lambda C: np.linalg.inv(
            transposed(np.linalg.cholesky(C)) @ np.linalg.cholesky(C)
        )
    },
    "in the exponent the Cholesky factor of Sigma^-1 is transposed: with Sigma^-1 = L L^T, it is "
    "the length of L^T delta": {
        "precision": lambda C: (
            transposed(np.linalg.cholesky(np.linalg.inv(C))) @ np.linalg.cholesky(np.linalg.inv(C))
        )
    },
    "the covariance of the first component is used for all": {
        "covariance": lambda C: np.repeat(C[:1], len(C), axis=0)
    },
    "the covariance of the last component is used for all": {
        "covariance": lambda C: np.repeat(C[-1:], len(C), axis=0)
    },
    "in the exponent the covariance of the first component is used for all": {
        "precision": lambda C: np.repeat(np.linalg.inv(C[:1]), len(C), axis=0)
    },
    "the mean of the first component is used for all": {
        "delta": lambda X, mu: X[:, None] - mu[:1] + 0 * mu
    },
    "the mean of the last component is used for all": {
        "delta": lambda X, mu: X[:, None] - mu[-1:] + 0 * mu
    },
    "the means are those of another component, in reversed order": {
        "delta": lambda X, mu: X[:, None] - mu[::-1]
    },
    "the covariances are those of another component, in reversed order": {
        "covariance": lambda C: C[::-1]
    },
    "in the exponent the covariances are those of another component, in reversed order": {
        "precision": lambda C: np.linalg.inv(C[::-1])
    },
    "in the exponent 1 is added to the diagonal of Sigma, a ridge: invert Sigma as it is": {
        "precision": lambda C: np.linalg.inv(C + np.eye(C.shape[1]))
    },
    "1 is added to the diagonal of Sigma, a ridge: use Sigma as it is": {
        "covariance": lambda C: C + np.eye(C.shape[1])
    },
    "in the exponent Sigma is divided by its trace: it is Sigma^-1": {
        "precision": lambda C: C / traces(C)[:, None, None]
    },
    "in the exponent Sigma is divided by its determinant: it is Sigma^-1": {
        "precision": lambda C: C / np.linalg.det(C)[:, None, None]
    },
    "the average of the covariances is used for all components": {
        "covariance": lambda C: 0 * C + C.mean(axis=0)
    },
    "the mean of all points stands where mu_k belongs": {
        "delta": lambda X, mu: X[:, None] - X.mean(axis=0) + 0 * mu
    },
    "the means are not subtracted: the exponent has x_n - mu_k": {
        "delta": lambda X, mu: X[:, None] + 0 * mu
    },
    "the means are added: the exponent has x_n - mu_k": {"delta": lambda X, mu: X[:, None] + mu},
    "the exponent has the distance itself: square it (or take no root)": {
        "form": lambda *a: np.sqrt(abs(knobs.quadratic_form(*a)))
    },
    "the exponent has the sum of |Sigma^-1 delta|: it is the quadratic form delta^T Sigma^-1 "
    "delta": {"form": lambda delta, P: abs(np.einsum("nkd,kde->nke", delta, P)).sum(axis=2)},
    "the exponent has the sum of Sigma^-1 delta: multiply by delta once more": {
        "form": lambda delta, P: np.einsum("nkd,kde->nk", delta, P)
    },
    "the exponent has Sigma^-1 delta times |delta|: take no absolute value": {
        "form": lambda delta, P: np.einsum("nkd,kde,nke->nk", delta, P, abs(delta))
    },
    "the exponent has |delta|, with the signs lost: take no absolute value": {
        "form": lambda delta, P: knobs.quadratic_form(abs(delta), P)
    },
    "the exponent is divided by D: add the squares, do not average them": {
        "form": lambda delta, P: knobs.quadratic_form(delta, P) / delta.shape[2]
    },
    "the exponent has the fourth power: the square is squared again": {
        "form": lambda *a: knobs.quadratic_form(*a) ** 2
    },
    "the 1/2 in the exponent is missing": {"quadratic": -1.0},
    "the minus sign in the exponent is missing": {"quadratic": 0.5},
    "the minus sign and the 1/2 in the exponent are missing": {"quadratic": 1.0},
    "the 1/2 in the exponent is there twice: this is 1/4": {"quadratic": -0.25},
    "in the exponent -2 stands where -1/2 belongs": {"quadratic": -2.0},
    "the exponent is missing: add -1/2 delta^T Sigma^-1 delta": {"quadratic": 0.0},
    "the normalising constant of the density is missing, or the same for all components: divide by "
    "the root of the determinant |Sigma_k|": {"volume": 0.0},
    "the root of |Sigma_k| is missing: divide by |Sigma_k|^(1/2), not |Sigma_k|": {"volume": -1.0},
    "the sign of the log determinant is wrong: this multiplies by the root of |Sigma_k|, divide by "
    "it": {"volume": 0.5},
    "the sign of the log determinant is wrong, and its 1/2 is missing: divide by the root of "
    "|Sigma_k|": {"volume": 1.0},
    "log |Sigma_k| is halved twice: from a Cholesky factor it is 2 sum log L_ii": {"volume": -0.25},
    "|Sigma_k| itself is subtracted: take the log of the determinant": {"log_det": np.linalg.det},
    "the log of the trace stands where the log of the determinant belongs": {
        "log_det": lambda C: np.log(traces(C))
    },
    "the trace stands where the log of the determinant belongs": {"log_det": traces},
    "the determinant is that of the diagonal alone": {
        "log_det": lambda C: log_det(only_diagonals(C))
    },
    "the log determinant is squared: (log |Sigma|)^2 stands where log |Sigma| belongs": {
        "log_det": lambda C: log_det(C) ** 2
    },
    "the root of the determinant is subtracted: take the log": {
        "log_det": lambda C: np.sqrt(np.linalg.det(C))
    },
    "the log determinant is to base 10: natural logarithms are asked for": {
        "log_det": lambda C: log_det(C) / np.log(10)
    },
    "the log determinant is to base 2: natural logarithms are asked for": {
        "log_det": lambda C: log_det(C) / np.log(2)
    },
    "the log determinant counts D times: the density has |Sigma_k|^(1/2)": {
        "log_det": lambda C: C.shape[1] * log_det(C)
    },
    "the log determinant is that of a Cholesky factor's log diagonal, and is squared once too "
    "often: this is |Sigma_k|^2": {"volume": -2.0},
    "the 1/2 is missing in front of all of the log density: this is its square": {
        "quadratic": -1.0,
        "volume": -1.0,
        "constant": lambda D, K: -D * LOG_2PI,
    },
    "the sign of the log density is wrong": {
        "quadratic": 0.5,
        "volume": 0.5,
        "constant": lambda D, K: 0.5 * D * LOG_2PI,
    },
}
IN_CONSTANT: dict[str, dict[str, Any]] = {  # it cancels in the E step
    "the constant (2 pi)^(D/2) of the density is missing": {"constant": lambda D, K: 0.0},
    "the constant of the density is (2 pi)^(D/2), with the D; this is (2 pi)^(1/2)": {
        "constant": lambda D, K: -0.5 * LOG_2PI
    },
    "the constant of the density is (2 pi)^(D/2): this has K in place of D": {
        "constant": lambda D, K: -0.5 * K * LOG_2PI
    },
    "the constant of the density is (2 pi)^(D/2): this is pi^(D/2), a 2 is missing": {
        "constant": lambda D, K: -0.5 * D * np.log(np.pi)
    },
    "the constant of the density is (2 pi)^(D/2): this is (2 pi)^D, the root is missing": {
        "constant": lambda D, K: -D * LOG_2PI
    },
    "the constant of the density is (2 pi)^(D/2): this multiplies by it, divide": {
        "constant": lambda D, K: 0.5 * D * LOG_2PI
    },
    "the constant of the density is (2 pi)^(D/2): this is 2 pi, without the power": {
        "constant": lambda D, K: -LOG_2PI
    },
    "the constant of the density is (2 pi)^(D/2): this is (2 pi)^(D/4), the root is taken twice": {
        "constant": lambda D, K: -0.25 * D * LOG_2PI
    },
    "the constant of the density is (2 pi)^(D/2): its logarithm is to base 10 here": {
        "constant": lambda D, K: -0.5 * D * np.log10(2 * np.pi)
    },
    "the constant of the density is (2 pi)^(D/2): its logarithm is to base 2 here": {
        "constant": lambda D, K: -0.5 * D * np.log2(2 * np.pi)
    },
    "the logarithms of the constant and of the determinant are to base 2: take natural ones": {
        "constant": lambda D, K: -0.5 * D * np.log2(2 * np.pi),
        "log_det": lambda C: log_det(C) / np.log(2),
    },
    "the logarithms of the constant and of the determinant are to base 10: take natural ones": {
        "constant": lambda D, K: -0.5 * D * np.log10(2 * np.pi),
        "log_det": lambda C: log_det(C) / np.log(10),
    },
    "the whole constant of the density, (2 pi)^(D/2) |Sigma_k|^(1/2), is missing": {
        "constant": lambda D, K: 0.0,
        "volume": 0.0,
    },
    "the sign that slogdet gives first stands where the log determinant belongs, the second": {
        "log_det": lambda C: np.linalg.slogdet(C)[0]
    },
    "the determinant is that of the first component for all": {
        "log_det": lambda C: log_det(C[:1]) + np.zeros(len(C))
    },
    "the first weight is used for all components: each has its own": {
        "log_weights": lambda pi: np.log(pi[0]) + 0 * pi
    },
    "the weights pi are taken as 1 / K": {"log_weights": lambda pi: -np.log(len(pi)) + 0 * pi},
}


# ---- The E step: m stands for (X, weights, means, covariances) ---------------------------------


def over_largest(ell):
    """The joint densities over the largest of each row."""
    return np.exp(ell - ell.max(axis=1, keepdims=True))


def last_of(ell):
    """Whether a column is that of the last component, (K,)."""
    return np.arange(ell.shape[1]) == ell.shape[1] - 1


IN_SHARES: dict[str, dict[str, Any]] = {
    "summed over n, not over k: each column sums to one, each row should": {
        "shares": lambda ell: softmax(ell, axis=0)
    },
    "divided by the sums over n, after the largest of each row was taken out: sum over k": {
        "shares": lambda ell: over_largest(ell) / over_largest(ell).sum(axis=0)
    },
    "the largest of each column is subtracted before exp: that of the row cancels, this does not": {
        "shares": lambda ell: softmax(ell - ell.max(axis=0), axis=1)
    },
    "divided by the sum over all n and k: each row should sum to one": {"shares": softmax},
    "divided by the sum over all n and k, after the largest of each row was taken out: each row "
    "should sum to one": {"shares": lambda ell: normalised(over_largest(ell))},
    "divided by the largest of each row, not by its sum: each row should sum to one": {
        "shares": over_largest
    },
    "divided by the root of the sum of squares: divide each row by its sum": {
        "shares": lambda ell: (
            over_largest(ell) / np.linalg.norm(over_largest(ell), axis=1, keepdims=True)
        )
    },
    "these are the joint densities pi_k N(x_n): divide each row by its sum": {"shares": np.exp},
    "these are the densities N(x_n): multiply by pi_k, then divide each row by its sum": {
        "log_weights": np.zeros_like,
        "shares": np.exp,
    },
    "this is the log joint: take the exponential, then divide each row by its sum": {
        "shares": lambda ell: ell
    },
    "this is log r: take the exponential": {
        "shares": lambda ell: ell - logsumexp(ell, axis=1, keepdims=True)
    },
    "the log joint itself is divided by its sum: take the exponential first": {
        "shares": lambda ell: ell / ell.sum(axis=1, keepdims=True)
    },
    "the log joint, less the largest of its row, is divided by its sum: take the exponential "
    "first": {
        "shares": lambda ell: (
            (ell - ell.max(axis=1, keepdims=True))
            / (ell - ell.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True)
        )
    },
    "the last component is left out: r is a sum over all of them, and has a column for each": {
        "shares": lambda ell: softmax(np.where(last_of(ell), -np.inf, ell), axis=1)
    },
    "the joint densities are squared before they are divided": {
        "shares": lambda ell: softmax(2 * ell, axis=1)
    },
    "the root of the joint densities is taken: is the whole log joint halved?": {
        "shares": lambda ell: softmax(ell / 2, axis=1)
    },
    "powers of 2 are taken, not of e: the logarithms are natural": {
        "shares": lambda ell: softmax(ell * np.log(2), axis=1)
    },
    "powers of 10 are taken, not of e: the logarithms are natural": {
        "shares": lambda ell: softmax(ell * np.log(10), axis=1)
    },
    "1 is added to the sum below, after the largest was taken out: each row should sum to one": {
        "shares": lambda ell: over_largest(ell) / (1 + over_largest(ell).sum(axis=1, keepdims=True))
    },
    "this is a logistic function of each log joint by itself: divide each row by its sum": {
        "shares": lambda ell: 1 / (1 + np.exp(-ell))
    },
    "divided by the mean of the row, not by its sum: each row should sum to one": {
        "shares": lambda ell: softmax(ell, axis=1) * ell.shape[1]
    },
    "only the one largest is kept, the others are 0: r is soft": {
        "shares": lambda ell: softmax(ell, axis=1) * hard(ell)
    },
    "the sign of the log joint is wrong before the exponential": {
        "shares": lambda ell: softmax(-ell, axis=1)
    },
    "the weights pi come after the division: multiply by pi_k before it": {
        "log_weights": np.zeros_like,
        "after": lambda r, pi: r * pi,
    },
    "the weights pi come once more after the division: once before it is enough": {
        "after": lambda r, pi: r * pi
    },
    "r is divided by pi after all: leave it as it is": {"after": lambda r, pi: r / pi},
    "r is divided by N too: each row should sum to one": {"after": lambda r, pi: r / len(r)},
    "r is divided by K too: each row should sum to one": {"after": lambda r, pi: r / len(pi)},
    "r is cut to whole numbers: does an array of integers cut the fractions off?": {
        "after": lambda r, pi: np.trunc(r)
    },
    "r is squared: leave it": {"after": lambda r, pi: r**2},
    "the root of r is taken: leave it": {"after": lambda r, pi: np.sqrt(r)},
    "each row of r is sorted: r_nk is that of component k": {
        "after": lambda r, pi: np.sort(r, axis=1)
    },
    "all rows are those of the first point": {"after": lambda r, pi: 0 * r + r[:1]},
    "r is rounded": {"after": lambda r, pi: np.round(r)},
    "this is 1 - r": {"after": lambda r, pi: 1 - r},
    "each row is the average of r over the points: every point has a row of its own": {
        "after": lambda r, pi: 0 * r + r.mean(axis=0)
    },
    "each row is pi, whatever the point is: multiply by the densities": {
        "after": lambda r, pi: 0 * r + normalised(pi)
    },
    "all components have the same share, 1 / K: it depends on the densities": {
        "after": lambda r, pi: 0 * r + 1 / len(pi)
    },
    "these are cumulative sums over the components": {"after": lambda r, pi: r.cumsum(axis=1)},
    "the entropy -r log r is returned: r itself is asked for": {"after": lambda r, pi: entr(r)},
    "each point goes wholly to its likeliest component: this is a hard assignment, EM's is soft": {
        "shares": hard
    },
}
NEAREST_MEAN = (
    "each point goes wholly to its nearest mean: this is k-means, EM's assignment is soft"
)
E_STEP = {
    f"rows sum to one, but {text}": wrong
    for text, wrong in with_knobs(knobs.e_step, IN_DENSITY).items()
} | with_knobs(knobs.e_step, IN_SHARES)
E_STEP[NEAREST_MEAN] = lambda X, pi, mu, Sigma: nearest(X, mu)


# ---- The M step: knobs -------------------------------------------------------------------------


def of_each(number, like):
    """A number for each component."""
    return np.full(like.shape[1], number)


def pooled(C, X, r):
    """One covariance for all, weighted by the counts."""
    return np.repeat(np.tensordot(normalised(r.sum(axis=0)), C, 1)[None], len(C), axis=0)


IN_M_STEP: dict[str, dict[str, Any]] = {
    "the weights pi are not updated: they are N_k / N, not 1 / K": {
        "weights": lambda X, r: np.full(r.shape[1], 1 / r.shape[1])
    },
    "the weights are N_k: divide by N": {"weights": lambda X, r: r.sum(axis=0)},
    "the weights are divided by D, the number of features: divide N_k by N": {
        "weights": lambda X, r: r.sum(axis=0) / X.shape[1]
    },
    "the weights are divided by K: divide N_k by N": {
        "weights": lambda X, r: r.sum(axis=0) / r.shape[1]
    },
    "the weights are divided by N and by K: divide N_k by N": {
        "weights": lambda X, r: r.mean(axis=0) / r.shape[1]
    },
    "the weights are divided by N - 1: divide N_k by N": {
        "weights": lambda X, r: r.sum(axis=0) / (len(r) - 1)
    },
    "the weights are the portions of hard assignments: sum the responsibilities themselves": {
        "weights": lambda X, r: hard(r).mean(axis=0)
    },
    "the weights use the squares of r: sum the responsibilities themselves": {
        "weights": lambda X, r: (r**2).mean(axis=0)
    },
    "the weights are N_k / N the other way round, inverses: N_k goes above, N below": {
        "weights": lambda X, r: 1 / r.mean(axis=0)
    },
    "the weights are the last row of r alone: sum over all points": {"weights": lambda X, r: r[-1]},
    "the weights are the first row of r alone: sum over all points": {"weights": lambda X, r: r[0]},
    "the weights are the largest of each column of r: sum over the points": {
        "weights": lambda X, r: r.max(axis=0)
    },
    "1 is added to each count, N_k + 1 over N + K: the weights are N_k / N, without a prior": {
        "weights": lambda X, r: (r.sum(axis=0) + 1) / (len(r) + r.shape[1])
    },
    "the weights are the roots of N_k / N": {"weights": lambda X, r: np.sqrt(r.mean(axis=0))},
    "the weights are a softmax: divide N_k by N": {"weights": lambda X, r: softmax(r.sum(axis=0))},
    "the weights are a softmax of N_k / N: N_k / N itself": {
        "weights": lambda X, r: softmax(r.mean(axis=0))
    },
    "the weights divide N_k by the largest of them: divide by N": {
        "weights": lambda X, r: r.sum(axis=0) / r.sum(axis=0).max()
    },
    "the weights are N_k / N squared": {"weights": lambda X, r: r.mean(axis=0) ** 2},
    "the weights lack the last point": {"weights": lambda X, r: r[:-1].sum(axis=0) / len(r)},
    "the weights lack the first point": {"weights": lambda X, r: r[1:].sum(axis=0) / len(r)},
    "the weights are in the order of another component: N_k / N is that of component k": {
        "weights": lambda X, r: r.mean(axis=0)[::-1]
    },
    "the means divide by N: divide by N_k, the sum of the responsibilities": {
        "means": lambda X, r: r.T @ X / len(X)
    },
    "the means are sums: divide by N_k": {"means": lambda X, r: r.T @ X},
    "the means are multiplied by N_k: divide by it": {
        "means": lambda X, r: r.T @ X * r.sum(axis=0)[:, None]
    },
    "N_k is a mean over the points, and divides everything: sum r over n": {
        "weights": lambda X, r: r.mean(axis=0) / len(r),
        "means": lambda X, r: r.T @ X / r.mean(axis=0)[:, None],
        "count": lambda X, r: r.mean(axis=0),
    },
    "the means divide by the weights pi_k: divide by N_k": {
        "means": lambda X, r: r.T @ X / r.mean(axis=0)[:, None]
    },
    "the means divide by N_k - 1: divide by N_k": {
        "means": lambda X, r: r.T @ X / (r.sum(axis=0) - 1)[:, None]
    },
    "the means do not use r: weigh each point by its responsibility": {
        "means": lambda X, r: m_step(X, np.ones_like(r))[1]
    },
    "the means do not use r: all points are summed, and divided by N_k": {
        "means": lambda X, r: X.sum(axis=0) / r.sum(axis=0)[:, None]
    },
    "the means use hard assignments: weigh each point by its responsibility": {
        "means": lambda X, r: m_step(X, hard(r))[1]
    },
    "the means use the squares of r: weigh each point by its responsibility, once": {
        "means": lambda X, r: m_step(X, r**2)[1]
    },
    "the means use the squares of r above, and N_k below: weigh each point by r, once": {
        "means": lambda X, r: (r**2).T @ X / r.sum(axis=0)[:, None]
    },
    "the means are those of another component, in reversed order": {
        "means": lambda X, r: m_step(X, r)[1][::-1]
    },
    "the means divide by K: divide by N_k": {"means": lambda X, r: r.T @ X / r.shape[1]},
    "the means divide by N_k and by N: divide by N_k alone": {
        "means": lambda X, r: m_step(X, r)[1] / len(X)
    },
    "the means divide by D: divide by N_k": {"means": lambda X, r: r.T @ X / X.shape[1]},
    "the means divide by N - 1: divide by N_k": {"means": lambda X, r: r.T @ X / (len(X) - 1)},
    "the means divide by N_k + 1: divide by N_k": {
        "means": lambda X, r: r.T @ X / (r.sum(axis=0) + 1)[:, None]
    },
    "the means are the one point with the largest r of each component: average all, by r": {
        "means": lambda X, r: X[r.argmax(axis=0)]
    },
    "the means are all zero: average the points": {"means": lambda X, r: 0 * (r.T @ X)},
    "the means use the root of r: weigh each point by r itself": {
        "means": lambda X, r: m_step(X, np.sqrt(r))[1]
    },
    "the means lack the last point": {
        "means": lambda X, r: r[:-1].T @ X[:-1] / r.sum(axis=0)[:, None]
    },
    "the means lack the first point": {
        "means": lambda X, r: r[1:].T @ X[1:] / r.sum(axis=0)[:, None]
    },
    "the means are medians: take averages": {
        "means": lambda X, r: np.array([np.median(X[h > 0], axis=0) for h in hard(r).T])
    },
    "the covariances divide by N: divide by N_k, the sum of the responsibilities": {
        "count": lambda X, r: of_each(len(X), r)
    },
    "the covariances are scatter matrices: divide by N_k": {"count": lambda X, r: of_each(1.0, r)},
    "the covariances divide by N_k - 1: the maximum of the likelihood divides by N_k": {
        "count": lambda X, r: r.sum(axis=0) - 1
    },
    "the covariances divide by N_k + 1: the maximum of the likelihood divides by N_k": {
        "count": lambda X, r: r.sum(axis=0) + 1
    },
    "the covariances divide by N - 1: divide by N_k": {
        "count": lambda X, r: of_each(len(X) - 1, r)
    },
    "the covariances divide by N_k - sum r^2 / N_k, as np.cov does unless ddof is 0: the maximum "
    "of the likelihood has no such - 1, it divides by N_k": {
        "count": lambda X, r: r.sum(axis=0) - (r**2).sum(axis=0) / r.sum(axis=0)
    },
    "the covariances divide by the weights pi_k: divide by N_k": {
        "count": lambda X, r: r.mean(axis=0)
    },
    "the covariances divide by N_k - D: divide by N_k": {
        "count": lambda X, r: r.sum(axis=0) - X.shape[1]
    },
    "the covariances divide by N_k and by N: divide by N_k alone": {
        "count": lambda X, r: r.sum(axis=0) * len(X)
    },
    "the covariances divide by N_k and by K: divide by N_k alone": {
        "count": lambda X, r: r.sum(axis=0) * r.shape[1]
    },
    "the covariances divide by the root of N_k: divide by N_k": {
        "count": lambda X, r: np.sqrt(r.sum(axis=0))
    },
    "the covariances divide by the sum of r^2: divide by N_k": {
        "count": lambda X, r: (r**2).sum(axis=0)
    },
    "the covariances divide by N_k twice: once is enough": {
        "count": lambda X, r: r.sum(axis=0) ** 2
    },
    "the covariances multiply by N_k: divide by it": {"count": lambda X, r: 1 / r.sum(axis=0)},
    "the covariances divide by D too, the number of features: divide by N_k alone": {
        "count": lambda X, r: r.sum(axis=0) * X.shape[1]
    },
    "the covariances divide by D, the number of features: divide by N_k": {
        "count": lambda X, r: of_each(X.shape[1], r)
    },
    "the covariances divide by K: divide by N_k": {"count": lambda X, r: of_each(r.shape[1], r)},
    "a factor 1/2 too many: the covariances are half as large as they should be": {
        "count": lambda X, r: 2 * r.sum(axis=0)
    },
    "the covariances are twice as large as they should be": {
        "count": lambda X, r: r.sum(axis=0) / 2
    },
    "only the diagonal of the covariances is there: the products of different features are "
    "forgotten": {"shape": lambda C, X, r: only_diagonals(C)},
    "the diagonal of the covariances is forgotten: the products of a feature with itself": {
        "shape": lambda C, X, r: C * (1 - np.eye(C.shape[1]))
    },
    "the covariances are about the origin: subtract mu_k from each point first": {
        "centre": lambda X, mu: 0 * mu
    },
    "the covariances are about the mean of all points: subtract mu_k": {
        "centre": lambda X, mu: 0 * mu + X.mean(axis=0)
    },
    "the covariances are about the mean of the first component: each has its own": {
        "centre": lambda X, mu: 0 * mu + mu[0]
    },
    "the covariances are about the mean of the last component: each has its own": {
        "centre": lambda X, mu: 0 * mu + mu[-1]
    },
    "the covariances are about the mean of another component, in reversed order": {
        "centre": lambda X, mu: mu[::-1]
    },
    "the covariances are about the median of all points: subtract mu_k": {
        "centre": lambda X, mu: 0 * mu + np.median(X, axis=0)
    },
    "the covariances are about the mean of the features of mu_k, a number: subtract mu_k": {
        "centre": lambda X, mu: 0 * mu + mu.mean(axis=1, keepdims=True)
    },
    "the sign of mu_k is wrong: subtract it from each point": {"centre": lambda X, mu: -mu},
    "r multiplies mu_k before it is subtracted: weigh the product of what remains": {
        "scatter": lambda X, r, mu: np.einsum(
            "nk,nkd,nke->kde", r, *[X[:, None] - r[:, :, None] * mu] * 2
        )
    },
    "r multiplies the points before mu_k is subtracted: weigh the product of what remains": {
        "scatter": lambda X, r, mu: np.einsum(
            "nk,nkd,nke->kde", r, *[r[:, :, None] * X[:, None] - mu] * 2
        )
    },
    "the signs of x - mu_k are lost: take no absolute values": {
        "scatter": lambda X, r, mu: np.einsum("nk,nkd,nke->kde", r, *[abs(X[:, None] - mu)] * 2)
    },
    "the covariances have absolute differences where squares belong": {
        "scatter": lambda X, r, mu: np.einsum(
            "nk,nkde->kde", r, np.sqrt(abs(np.einsum("nkd,nke->nkde", *[X[:, None] - mu] * 2)))
        )
    },
    "the covariances are about the average of the means: subtract mu_k": {
        "centre": lambda X, mu: 0 * mu + mu.mean(axis=0)
    },
    "mu_k mu_k^T is added: subtract it from the mean of x x^T": {
        "scatter": lambda X, r, mu: scatters(X, r, 0 * mu) + knobs.squares(r.sum(axis=0), mu)
    },
    "mu_k mu_k^T is subtracted twice: once is enough": {
        "scatter": lambda X, r, mu: scatters(X, r, mu) - knobs.squares(r.sum(axis=0), mu)
    },
    "mu_k mu_k^T is subtracted from a sum: divide that by N_k first": {
        "scatter": lambda X, r, mu: scatters(X, r, 0 * mu) - knobs.squares(1.0, mu)
    },
    "the covariances are squares added over features, as np.dot of two rows is: take outer "
    "products, which are matrices": {
        "scatter": lambda X, r, mu: (
            traces(scatters(X, r, mu))[:, None, None] + np.zeros((len(mu), X.shape[1], X.shape[1]))
        )
    },
    "the covariances are squares of each feature, added to every row: take outer products": {
        "scatter": lambda X, r, mu: (
            np.einsum("kdd->kd", scatters(X, r, mu))[:, None]
            + np.zeros((len(mu), X.shape[1], X.shape[1]))
        )
    },
    "the covariances lack the last point": {
        "scatter": lambda X, r, mu: scatters(X[:-1], r[:-1], mu)
    },
    "the covariances lack the first point": {
        "scatter": lambda X, r, mu: scatters(X[1:], r[1:], mu)
    },
    "the last component has no covariance: does the loop end too early?": {
        "shape": lambda C, X, r: np.append(C[:-1], 0 * C[-1:], axis=0)
    },
    "the first component has no covariance: does the loop begin too late?": {
        "shape": lambda C, X, r: np.append(0 * C[:1], C[1:], axis=0)
    },
    "each covariance has those before it added: begin each component at zero": {
        "shape": lambda C, X, r: C.cumsum(axis=0)
    },
    "each scatter has those before it added: begin each component at zero": {
        "scatter": lambda X, r, mu: scatters(X, r, mu).cumsum(axis=0)
    },
    "the covariances do not use r: weigh each point by its responsibility": {
        "weigh": np.ones_like,
        "count": lambda X, r: of_each(len(X), r),
    },
    "the covariances do not use r: all points are summed, and divided by N_k": {
        "weigh": np.ones_like
    },
    "the covariances use the squares of r: is r in each factor? Weigh the product once, or the "
    "covariances use r twice": {"weigh": np.square},
    "the covariances use the root of r: weigh the product by r itself": {"weigh": np.sqrt},
    "the covariances use hard assignments: weigh each point by its responsibility": {
        "shape": lambda C, X, r: m_step(X, hard(r))[2]
    },
    "r is made hard, each point goes wholly to its likeliest component: use r as it is": {
        "held": hard
    },
    "the responsibilities are squared: use r as it is": {"held": np.square},
    "each row of r is used in reversed order, so that the components are exchanged": {
        "held": lambda r: r[:, ::-1]
    },
    "the last point is left out": {"held": lambda r: np.append(r[:-1], 0 * r[-1:], axis=0)},
    "the covariances are one for all components: each has its own": {"shape": pooled},
    "the covariances are one for all components, their plain average: each has its own": {
        "shape": lambda C, X, r: np.repeat(C.mean(axis=0)[None], len(C), axis=0)
    },
    "the covariances are spherical, one variance for all features: take all products": {
        "shape": lambda C, X, r: traces(C)[:, None, None] * np.eye(C.shape[1]) / C.shape[1]
    },
    "the covariances have only their lower triangle: they are symmetric": {
        "shape": lambda C, X, r: np.tril(C)
    },
    "the covariances have only their upper triangle: they are symmetric": {
        "shape": lambda C, X, r: np.triu(C)
    },
    "the covariances are divided by their determinants: divide by N_k alone": {
        "shape": lambda C, X, r: C / np.linalg.det(C)[:, None, None]
    },
    "the covariances are spherical with the sum of the variances, not their mean, and no "
    "products": {"shape": lambda C, X, r: traces(C)[:, None, None] * np.eye(C.shape[1])},
    "the covariances are the correlations of all points: take the covariances of each component": {
        "shape": lambda C, X, r: 0 * C + np.corrcoef(X.T)
    },
    "only the largest variance is there: take all products": {
        "shape": lambda C, X, r: (
            only_diagonals(C).max(axis=(1, 2))[:, None, None] * np.eye(C.shape[1])
        )
    },
    "the covariances have variances of all features together, about one number: take products": {
        "shape": lambda C, X, r: np.array([np.eye(C.shape[1]) * X[h > 0].var() for h in hard(r).T])
    },
    "the covariances are those of the first component, for all": {
        "shape": lambda C, X, r: 0 * C + C[0]
    },
    "the covariances are correlations: do not divide by the standard deviations": {
        "shape": lambda C, X, r: C / np.sqrt(np.einsum("kdd,kee->kde", C, C))
    },
    "the diagonal holds standard deviations: a covariance has variances there": {
        "shape": lambda C, X, r: only_diagonals(np.sqrt(abs(C)))
    },
    "the root is taken of each entry of the covariances: leave the squares": {
        "shape": lambda C, X, r: np.sqrt(abs(C))
    },
    "these are the Cholesky factors of the covariances": {
        "shape": lambda C, X, r: np.linalg.cholesky(C)
    },
    "these are the inverses of the covariances": {"shape": lambda C, X, r: np.linalg.inv(C)},
    "these are the squares of the covariances": {"shape": lambda C, X, r: C @ C},
    "the covariances are that of all points: take those of each component": {
        "shape": lambda C, X, r: C * 0 + np.cov(X.T, ddof=0)
    },
    "the covariances are that of all points, with N - 1 as np.cov has it: take those of each "
    "component": {"shape": lambda C, X, r: C * 0 + np.cov(X.T)},
    "the covariances are the identity: take those of the points": {
        "shape": lambda C, X, r: C * 0 + np.eye(C.shape[1])
    },
}
M_STEP = with_knobs(knobs.m_step, IN_M_STEP)


# ---- A whole step of EM ------------------------------------------------------------------------


def about_old_means(X, weights, means, covariances):
    """Covariances computed before the means are updated, or with the old ones."""
    r = e_step(X, weights, means, covariances)
    return *m_step(X, r)[:2], scatters(X, r, means) / r.sum(axis=0)[:, None, None]


def r_again(X, weights, means, covariances):
    """Responsibilities computed anew between the means and the covariances."""
    pi, mu, _ = em_step(X, weights, means, covariances)
    r = e_step(X, pi, mu, covariances)
    return pi, mu, scatters(X, r, mu) / r.sum(axis=0)[:, None, None]


def weights_again(X, *theta):
    """Weights from responsibilities under the new parameters."""
    new = em_step(X, *theta)
    return e_step(X, *new).mean(axis=0), *new[1:]


def kept(*old):
    """The parts with these numbers as they were."""
    return {"written": lambda new, was: tuple((was if i in old else new)[i] for i in range(3))}


def ordered(key):
    """The components in the order of a key of theirs."""

    def written(new, old):
        order = np.argsort(key(*new), kind="stable")
        return tuple(part[order] for part in new)

    return {"written": written}


IN_EM_STEP = {
    "the weights pi are not updated: write N_k / N back": kept(0),
    "the means are the old ones: write the new means back": kept(1),
    "the covariances are the old ones: write the new covariances back": kept(2),
    "the weights and the means are the old ones: write the new ones back": kept(0, 1),
    "the weights and the covariances are the old ones: write the new ones back": kept(0, 2),
    "the means and the covariances are the old ones: write the new ones back": kept(1, 2),
    "nothing is updated: these are the parameters that went in": kept(0, 1, 2),
    "the means are averages of the old and the new: return the new": {
        "written": lambda new, old: (new[0], (new[1] + old[1]) / 2, new[2])
    },
    "the weights are averages of the old and the new: return the new": {
        "written": lambda new, old: ((new[0] + old[0]) / 2, *new[1:])
    },
    "the covariances are averages of the old and the new: return the new": {
        "written": lambda new, old: (*new[:2], (new[2] + old[2]) / 2)
    },
    "the new weights are multiplied by the old: return the new": {
        "written": lambda new, old: (normalised(new[0] * old[0]), *new[1:])
    },
    "this is half a step: the average of the old parameters and the new": {
        "written": lambda new, old: tuple((a + b) / 2 for a, b in zip(new, old, strict=True))
    },
    "this is what the step adds, new minus old: return the new parameters": {
        "written": lambda new, old: tuple(a - b for a, b in zip(new, old, strict=True))
    },
    "the old parameters are added to the new: return the new ones": {
        "written": lambda new, old: tuple(a + b for a, b in zip(new, old, strict=True))
    },
}
EM_STEP = (
    with_knobs(knobs.em_step, IN_EM_STEP)
    | {
        "the mean is updated after the covariance: Sigma_k is about the old mean, and belongs "
        "about the new one": about_old_means,
        "the responsibilities are computed again before the covariances: one E step serves the "
        "whole M step": r_again,
        "the weights are from an E step with the new parameters: one E step serves the whole M "
        "step": weights_again,
        "these are three steps: do one": (
            lambda X, *theta: em_step(X, *em_step(X, *em_step(X, *theta)))
        ),
        "these are two steps: do one": lambda X, *theta: em_step(X, *em_step(X, *theta)),
    }
    | {
        f"in the E step, {text}": partial(knobs.em_step, **wrong.keywords)
        for text, wrong in E_STEP.items()
        if isinstance(wrong, partial)
        and " too: each row" not in text
        and "is cut" not in text  # what scales r is below
        and "last component" not in text  # without points it has no mean
    }
    | {
        f"in the E step, {NEAREST_MEAN}": lambda X, *theta: m_step(X, nearest(X, theta[1])),
    }
    | {
        f"in the M step, {text}": partial(knobs.em_step, **parts)
        for text, parts in IN_M_STEP.items()
        if "held" not in parts  # a hard r comes from either step, and is the E step's above
    }
)


# ---- The log-likelihood and its lower bound ----------------------------------------------------


def densities(*m):
    """p(x_n), (N,)."""
    return np.exp(logsumexp(log_joint(*m), axis=1))


IN_SUMS: dict[str, dict[str, Any]] = {
    "summed over n, not over k, inside the logarithm": {
        "point": lambda ell: logsumexp(ell, axis=0)
    },
    "the logarithm comes last: take it of each point's density, then sum over n": {
        "point": logsumexp
    },
    "the logarithm is inside the sum over k: sum over k first, then take it": {
        "point": lambda ell: ell
    },
    "only the largest component of each point counts: sum over k": {
        "point": lambda ell: ell.max(axis=1)
    },
    "only the first component counts: sum over k": {"point": lambda ell: ell[:, 0]},
    "only the last component counts: sum over k": {"point": lambda ell: ell[:, -1]},
    "the last component is left out: sum over all k": {
        "point": lambda ell: logsumexp(ell[:, :-1], axis=1)
    },
    "the first component is left out: sum over all k": {
        "point": lambda ell: logsumexp(ell[:, 1:], axis=1)
    },
    "the densities are averaged over the K components: sum over k": {
        "point": lambda ell: logsumexp(ell, axis=1) - np.log(ell.shape[1])
    },
    "this is Q under the posterior, without the entropy": {
        "point": lambda ell: softmax(ell, axis=1) * ell
    },
    "this is the sum of the densities: take the logarithm of each point's": {"point": np.exp},
    "the largest of each row is subtracted before exp, and not added after log": {
        "point": lambda ell: logsumexp(ell, axis=1) - ell.max(axis=1)
    },
    "the largest of each row is subtracted before exp, and the largest of all is added after log: "
    "add that of the row": {
        "point": lambda ell: logsumexp(ell, axis=1) - ell.max(axis=1) + ell.max()
    },
    "the largest of each row is subtracted after log: add it": {
        "point": lambda ell: logsumexp(ell, axis=1) - 2 * ell.max(axis=1)
    },
    "the largest of all is added once, and not for each point": {
        "point": lambda ell: logsumexp(ell, axis=1) - ell.max() + ell.max() / len(ell)
    },
    "the sum over k is a sum of logarithms, weighted by pi? Or the log is inside: sum the "
    "densities first": {"point": lambda ell: ell.mean(axis=1)},
    "the logarithm is to base 2 after the sum, and natural elsewhere": {
        "point": lambda ell: (
            ell.max(axis=1) + (logsumexp(ell, axis=1) - ell.max(axis=1)) / np.log(2)
        )
    },
    "the largest of each row is added twice": {
        "point": lambda ell: logsumexp(ell, axis=1) + ell.max(axis=1)
    },
    "the posterior entropy is added: the log-likelihood is without it": {
        "point": lambda ell: logsumexp(ell, axis=1) + entr(softmax(ell, axis=1)).sum(axis=1)
    },
    "this is the median over points: the sum is asked for": {"total": np.median},
    "this is the largest over points: the sum is asked for": {"total": np.max},
    "this is the smallest over points: the sum is asked for": {"total": np.min},
    "the logarithms are squared: add them up": {"total": lambda log_p: (log_p**2).sum()},
    "this is the root of the sum of squares: add the logarithms up": {"total": np.linalg.norm},
    "this is the standard deviation over points: the sum is asked for": {"total": np.std},
    "this is the mean over N - 1 points: the sum is asked for": {
        "total": lambda log_p: log_p.sum() / (len(log_p) - 1)
    },
    "log N is subtracted": {"total": lambda log_p: log_p.sum() - np.log(len(log_p))},
    "N log N is subtracted": {"total": lambda log_p: log_p.sum() - len(log_p) * np.log(len(log_p))},
    "this is the mean over points: the sum is asked for": {"total": np.mean},
    "the last point is left out": {"total": lambda log_p: log_p[:-1].sum()},
    "the first point is left out": {"total": lambda log_p: log_p[1:].sum()},
    "this is the log-likelihood of the last point alone: sum over n": {
        "total": lambda log_p: log_p[-1]
    },
    "this is the log-likelihood of the first point alone: sum over n": {
        "total": lambda log_p: log_p[0]
    },
    "the logarithms are multiplied: the log of a product is the sum of the logarithms": {
        "total": np.prod
    },
    "the sign is wrong: this is the negative log-likelihood": {"end": lambda a, D: -a},
    "this is minus the mean: the sum is asked for, with its own sign": {
        "total": np.mean,
        "end": lambda a, D: -a,
    },
    "this is -2 times the log-likelihood, the deviance: the log-likelihood itself is asked for": {
        "end": lambda a, D: -2 * a
    },
    "this is twice the log-likelihood": {"end": lambda a, D: 2 * a},
    "this is half of the log-likelihood": {"end": lambda a, D: a / 2},
    "this is divided by D, the number of features: the sum is asked for": {
        "end": lambda a, D: a / D
    },
    "this is the likelihood, or the exponential of the sum: its logarithm is asked for": {
        "end": lambda a, D: np.exp(a)
    },
    "the logarithm is to base 2: natural logarithms are asked for": {
        "end": lambda a, D: a / np.log(2)
    },
    "the logarithm is to base 10: natural logarithms are asked for": {
        "end": lambda a, D: a / np.log(10)
    },
}
LOG_LIKELIHOOD = with_knobs(knobs.log_likelihood, IN_DENSITY | IN_CONSTANT | IN_SUMS)

IN_ELBO: dict[str, dict[str, Any]] = {
    "the sign of the entropy is wrong: H = -sum q log q is added": {
        "times_entropy": lambda N: -1.0
    },
    "the entropy of q is missing: this is Q": {"times_entropy": lambda N: 0.0},
    "the entropy counts twice: add it once": {"times_entropy": lambda N: 2.0},
    "the entropy is halved: add all of it": {"times_entropy": lambda N: 0.5},
    "the entropy is divided by N, a mean over points: Q and the entropy are sums": {
        "times_entropy": lambda N: 1 / N
    },
    "the entropy is divided by K: add all of it": {
        "entropy": lambda q, ell, pi: entr(q).sum() / q.shape[1]
    },
    "the entropy is that of an even q, N log K: use that of q": {
        "entropy": lambda q, ell, pi: len(q) * np.log(q.shape[1])
    },
    "the entropy is q (1 - q), summed: it is -q log q": {
        "entropy": lambda q, ell, pi: (q * (1 - q)).sum()
    },
    "Q counts twice: add it once": {"times_energy": lambda N: 2.0},
    "Q is halved: add all of it": {"times_energy": lambda N: 0.5},
    "the entropy is a mean over all numbers of q: sum them": {
        "entropy": lambda q, ell, pi: entr(q).mean()
    },
    "Q is a mean over all numbers of q: sum them": {"energy": lambda q, ell: (q * ell).mean()},
    "Q is missing: this is the entropy of q": {"times_energy": lambda N: 0.0},
    "Q is missing: this is minus the entropy of q": {
        "times_energy": lambda N: 0.0,
        "times_entropy": lambda N: -1.0,
    },
    "the sign of Q is wrong: add Q and the entropy": {"times_energy": lambda N: -1.0},
    "Q is divided by N, a mean over points: Q and the entropy are sums": {
        "times_energy": lambda N: 1 / N
    },
    "this is the log-likelihood: use the q that is given, not the posterior": {
        "guess": lambda q, ell: softmax(ell, axis=1)
    },
    "q is made hard, a single 1 in each row: use q as it is": {"guess": lambda q, ell: hard(q)},
    "q is taken as 1 / K: use q as it is": {"guess": lambda q, ell: 0 * q + 1 / q.shape[1]},
    "each row of q is replaced by their average: use the rows themselves": {
        "guess": lambda q, ell: 0 * q + q.mean(axis=0)
    },
    "the last component is left out: sum over all k": {
        "guess": lambda q, ell: np.where(last_of(q), 0, q)
    },
    "in Q, the last component is left out: sum over all k": {
        "energy": lambda q, ell: (q * ell)[:, :-1].sum()
    },
    "in Q, the log-likelihood stands where the log joint, weighted by q, belongs": {
        "energy": lambda q, ell: logsumexp(ell, axis=1).sum()
    },
    "in Q, the weights are those of the posterior: use q": {
        "energy": lambda q, ell: (softmax(ell, axis=1) * ell).sum()
    },
    "in Q, the log joint is not weighed by q: multiply by q": {"energy": lambda q, ell: ell.sum()},
    "in Q, the log joint is averaged over k: multiply by q and sum": {
        "energy": lambda q, ell: ell.mean(axis=1).sum()
    },
    "in Q, q is squared: multiply by q once": {"energy": lambda q, ell: (q**2 * ell).sum()},
    "in Q, the joint densities stand where their logarithms belong": {
        "energy": lambda q, ell: (q * np.exp(ell)).sum()
    },
    "in Q, the logarithm comes after the sum over k: it is of each component": {
        "energy": lambda q, ell: logsumexp(ell + np.log(q), axis=1).sum()
    },
    "in Q, only the likeliest component of each point counts": {
        "energy": lambda q, ell: (hard(q) * ell).sum()
    },
    "in Q, the log of r stands where the log joint belongs": {
        "energy": lambda q, ell: (q * (ell - logsumexp(ell, axis=1, keepdims=True))).sum()
    },
    "in Q, the last point is left out": {"energy": lambda q, ell: (q * ell)[:-1].sum()},
    "in Q, the first point is left out": {"energy": lambda q, ell: (q * ell)[1:].sum()},
    "the entropy is that of the posterior: use that of q": {
        "entropy": lambda q, ell, pi: entr(softmax(ell, axis=1)).sum()
    },
    "the entropy is that of the weights pi: use that of q": {
        "entropy": lambda q, ell, pi: entr(pi).sum()
    },
    "the entropy is that of the weights pi, for each point: use that of q": {
        "entropy": lambda q, ell, pi: len(q) * entr(pi).sum()
    },
    "the entropy is a cross entropy, with log pi, or the weights pi and the entropy of q are both "
    "missing: add log pi to Q, and -q log q": {
        "entropy": lambda q, ell, pi: -(q * np.log(pi)).sum()
    },
    "the entropy is a cross entropy, the posterior times log q: take -q log q": {
        "entropy": lambda q, ell, pi: -(softmax(ell, axis=1) * np.log(q)).sum()
    },
    "the entropy is that of q's average over the points: sum those of the rows": {
        "entropy": lambda q, ell, pi: entr(q.mean(axis=0)).sum()
    },
    "the entropy has log q that is not weighed by q: it is -q log q": {
        "entropy": lambda q, ell, pi: -np.log(q).sum()
    },
    "the entropy has q in place of log q: it is -q log q": {
        "entropy": lambda q, ell, pi: -(q**2).sum()
    },
    "the entropy has q^2: it is -q log q": {
        "entropy": lambda q, ell, pi: -(q**2 * np.log(q)).sum()
    },
    "the entropy has (1 - q) log(1 - q) too: it is -q log q alone, over the components": {
        "entropy": lambda q, ell, pi: (entr(q) + entr(1 - q)).sum()
    },
    "the logarithm of the entropy is to base 2: natural logarithms are asked for": {
        "entropy": lambda q, ell, pi: entr(q).sum() / np.log(2)
    },
    "the logarithm of the entropy is to base 10: natural logarithms are asked for": {
        "entropy": lambda q, ell, pi: entr(q).sum() / np.log(10)
    },
    "the sum of q stands where its entropy belongs": {"entropy": lambda q, ell, pi: q.sum()},
    "in the entropy, the last point is left out": {
        "entropy": lambda q, ell, pi: entr(q[:-1]).sum()
    },
    "this is half of the ELBO": {"end": lambda a, N: a / 2},
    "this is twice the ELBO": {"end": lambda a, N: 2 * a},
    "the sign is wrong: this is minus the ELBO": {"end": lambda a, N: -a},
    "this is the mean over points: the sum is asked for": {"end": lambda a, N: a / N},
    "the logarithm is to base 2: natural logarithms are asked for": {
        "end": lambda a, N: a / np.log(2)
    },
    "the logarithm is to base 10: natural logarithms are asked for": {
        "end": lambda a, N: a / np.log(10)
    },
}
ELBO = with_knobs(knobs.elbo, IN_DENSITY | IN_CONSTANT | IN_ELBO) | {
    "this is the KL divergence: the ELBO is what it lacks to the log-likelihood": (
        lambda X, q, *theta: log_likelihood(X, *theta) - knobs.elbo(X, q, *theta)
    ),
    "the KL divergence is added: subtract it from the log-likelihood": (
        lambda X, q, *theta: 2 * log_likelihood(X, *theta) - knobs.elbo(X, q, *theta)
    ),
}


# ---- The start by k-means ----------------------------------------------------------------------


def by_cluster(near, d2):
    """Divided by the sum over the points of the same centre."""
    z = d2.argmin(axis=1)
    return near / np.bincount(z, near)[z]


IN_SEEDS: dict[str, dict[str, Any]] = {
    "the farthest centre is used: take the distance to the nearest": {
        "nearest": lambda d2: d2.max(axis=1)
    },
    "the distances are not squared": {"distances": lambda delta: np.linalg.norm(delta, axis=2)},
    "these are the squared distances: divide by their sum": {"end": lambda near: near},
    "these are the distances: square them and divide by their sum": {
        "distances": lambda delta: np.linalg.norm(delta, axis=2),
        "end": lambda near: near,
    },
    "the distances are to the power of 3: square them": {
        "distances": lambda delta: np.linalg.norm(delta, axis=2) ** 3
    },
    "the roots of the distances are taken: square them": {
        "distances": lambda delta: np.sqrt(np.linalg.norm(delta, axis=2))
    },
    "only the smallest difference among the features counts: add up the squares of all": {
        "distances": lambda delta: (delta**2).min(axis=2)
    },
    "the squares of the features are multiplied: add them up": {
        "distances": lambda delta: (delta**2).prod(axis=2)
    },
    "the squares of point and centre are subtracted: subtract first, then square": {
        "delta": lambda X, c: X[:, None] ** 2 - c**2,
        "distances": lambda squares: squares.sum(axis=2),
    },
    "the features are divided by their standard deviations first: take them as they are": {
        "delta": lambda X, c: (X[:, None] - c) / X.std(axis=0)
    },
    "the second nearest centre is used: take the nearest": {
        "nearest": lambda d2: np.sort(d2, axis=1)[:, 1]
    },
    "the points above the average are as probable, the others not at all: the probabilities are "
    "proportional to the squared distances": {
        "end": lambda near: normalised(1.0 * (near > near.mean()))
    },
    "the order takes the place of the distances, as ranks: the probabilities are proportional to "
    "the squared distances": {"end": lambda near: normalised(near.argsort().argsort())},
    "these are the numbers of the points in the order of their distances": {
        "end": lambda near: near.argsort()
    },
    "divided by the mean: divide by the sum, so that they sum to one": {
        "end": lambda near: near / near.mean()
    },
    "1 is subtracted from the sum below: divide by the sum": {
        "end": lambda near: near / (near.sum() - 1)
    },
    "1 is added to the sum below: divide by the sum": {"end": lambda near: near / (near.sum() + 1)},
    "divided by N - 1: divide by the sum": {"end": lambda near: near / (len(near) - 1)},
    "1 minus the probabilities, divided so that they sum to one, makes near points probable": {
        "end": lambda near: normalised(1 - normalised(near))
    },
    "1 minus the squared distance over the largest makes near points probable": {
        "end": lambda near: 1 - near / near.max()
    },
    "these are standardised, minus the mean over the standard deviation: divide by the sum": {
        "end": lambda near: (near - near.mean()) / near.std()
    },
    "the sign is wrong: probabilities are above 0": {"end": lambda near: -normalised(near)},
    "the squared distances are squared again": {
        "distances": lambda delta: (delta**2).sum(axis=2) ** 2
    },
    "the log of the distances is taken: use their squares": {
        "distances": lambda delta: np.log1p((delta**2).sum(axis=2))
    },
    "the distances to all centres are added up: take that to the nearest": {
        "nearest": lambda d2: d2.sum(axis=1)
    },
    "the distances to all centres are multiplied: take that to the nearest": {
        "nearest": lambda d2: d2.prod(axis=1)
    },
    "the median of the distances to all centres is used: take that to the nearest": {
        "nearest": lambda d2: np.median(d2, axis=1)
    },
    "the distances to all centres are added up or averaged, and then squared: take that to the "
    "nearest": {"nearest": lambda d2: np.sqrt(d2).sum(axis=1) ** 2},
    "only the last centre is used: take the nearest of all": {"nearest": lambda d2: d2[:, -1]},
    "only the first centre is used: take the nearest of all": {"nearest": lambda d2: d2[:, 0]},
    "the last centre is not used: take the nearest of all": {
        "nearest": lambda d2: d2[:, :-1].min(axis=1)
    },
    "the first centre is not used: take the nearest of all": {
        "nearest": lambda d2: d2[:, 1:].min(axis=1)
    },
    "the distances are to the mean of the centres: take that to the nearest centre": {
        "delta": lambda X, c: X[:, None] - c.mean(axis=0)[None, None]
    },
    "the centres are not used: these are distances to the mean of the points": {
        "delta": lambda X, c: X[:, None] - X.mean(axis=0)[None, None]
    },
    "the centres are not used: these are distances to the origin": {
        "delta": lambda X, c: X[:, None] + 0 * c
    },
    "the centres are added to the points: subtract them": {"delta": lambda X, c: X[:, None] + c},
    "the absolute differences are added up (Manhattan), and not squared: add up squares": {
        "distances": lambda delta: abs(delta).sum(axis=2)
    },
    "the absolute differences are added up (Manhattan), then squared: add up squares": {
        "distances": lambda delta: abs(delta).sum(axis=2) ** 2
    },
    "the differences are added up with their signs, then squared: square each first": {
        "distances": lambda delta: delta.sum(axis=2) ** 2
    },
    "the differences are added up with their signs: square each first": {
        "distances": lambda delta: delta.sum(axis=2)
    },
    "only the largest difference among the features counts: add up the squares of all": {
        "distances": lambda delta: (delta**2).max(axis=2)
    },
    "only the largest difference among the features counts, and not squared: add up the squares "
    "of all": {"distances": lambda delta: abs(delta).max(axis=2)},
    "only the first feature is used: add up the squares of all": {
        "distances": lambda delta: delta[:, :, 0] ** 2
    },
    "only the last feature is used: add up the squares of all": {
        "distances": lambda delta: delta[:, :, -1] ** 2
    },
    "divided by the largest: divide by the sum, so that they sum to one": {
        "end": lambda near: near / near.max()
    },
    "divided by N: divide by the sum, so that they sum to one": {
        "end": lambda near: near / len(near)
    },
    "divided by the root of the sum of squares: divide by the sum": {
        "end": lambda near: near / np.linalg.norm(near)
    },
    "this is a softmax: the probabilities are proportional to the squared distances themselves": {
        "end": softmax
    },
    "this is a softmax of minus the distances: the probabilities are proportional to the squared "
    "distances themselves, with no exp": {"end": lambda near: softmax(-near)},
    "exp is taken of minus half the distances: the probabilities are proportional to the squared "
    "distances themselves": {"end": lambda near: softmax(-near / 2)},
    "these are cumulative sums, good for drawing: the probabilities themselves are asked for": {
        "end": lambda near: normalised(near).cumsum()
    },
    "this is 1 minus the probabilities": {"end": lambda near: 1 - normalised(near)},
    "the wrong way round: the inverse of 1 + the squared distance makes near points probable": {
        "end": lambda near: normalised(1 / (1 + near))
    },
    "the wrong way round: the largest minus the squared distance makes near points probable": {
        "end": lambda near: normalised(near.max() - near)
    },
    "these are sorted: point n has the n-th place": {"end": lambda near: normalised(np.sort(near))},
    "the farthest point gets everything: the next centre is drawn at random": {
        "end": lambda near: np.eye(len(near))[near.argmax()]
    },
    "every point is as probable: weigh by the squared distance to the nearest centre": {
        "end": lambda near: np.full(len(near), 1 / len(near))
    },
    "the root is taken after the division: leave it": {
        "end": lambda near: np.sqrt(normalised(near))
    },
}
SEED_PROBABILITIES = with_knobs(knobs.seed_probabilities, IN_SEEDS) | {
    "divided by K too: they should sum to one": (
        lambda X, c: normalised(squared_distances(X, c).min(axis=1)) / len(c)
    ),
    "divided by the sum over the points of the same cluster: divide by the sum over all points": (
        lambda X, c: by_cluster(squared_distances(X, c).min(axis=1), squared_distances(X, c))
    ),
    "divided by the sum over all points and centres: divide by that over the points": (
        lambda X, c: squared_distances(X, c).min(axis=1) / squared_distances(X, c).sum()
    ),
}


def moving(distances=squared_distances, move=lambda X, r: m_step(X, r)[1], n_steps=30, last=True):
    """k-means with a distance of its own, or with something else than means."""

    def clusters(X, centres):
        for _ in range(n_steps):
            r = hard(-distances(X, centres))
            with np.errstate(all="ignore"):
                centres = move(X, r)
        return hard(-distances(X, centres)) if last else r

    return {"clusters": clusters}


def medians(X, r):
    """The median of the points of each cluster."""
    return np.array([np.median(X[h > 0], axis=0) for h in r.T])


def manhattan(X, c):
    """Sums of absolute differences."""
    return abs(X[:, None] - c).sum(axis=2)


def first_centres(X, centres):
    """The centres as they were given, and the rest of the clusters about them."""
    pi, _, Sigma = m_step(X, nearest(X, centres))
    return pi, centres, Sigma


def about_first_centres(X, centres):
    """The covariances about the centres as they were given."""
    r = lloyd(X, centres)
    pi, mu, _ = m_step(X, r)
    return pi, mu, scatters(X, r, centres) / r.sum(axis=0)[:, None, None]


def first_at_the_end(X, centres):
    """The parameters of the last clusters, and the centres as they were given."""
    pi, _, Sigma = m_step(X, lloyd(X, centres))
    return pi, centres, Sigma


def first_clusters_and_their_spread(X, centres):
    """All of the clusters about the centres as they were given."""
    r = nearest(X, centres)
    return r.mean(axis=0), centres, scatters(X, r, centres) / r.sum(axis=0)[:, None, None]


OF_HARD = (
    "hard",
    "r^2",
    "r multiplies",
    "as np.cov does unless",
    "squares of r",
    "root of r",
    "squared",
    "medians",
)  # in a hard r nothing changes
IN_CLUSTERS = {
    text: parts for text, parts in IN_M_STEP.items() if not any(word in text for word in OF_HARD)
} | {
    "the centres are moved once: repeat until no point changes its centre": {
        "clusters": lambda X, c: lloyd(X, c, 0)
    },
    "the centres are moved twice: repeat until no point changes its centre": {
        "clusters": lambda X, c: lloyd(X, c, 1)
    },
    "the nearest centre is that by absolute differences (Manhattan): square them": moving(
        manhattan
    ),
    "the nearest centre is that by the largest difference among the features: add up squares": (
        moving(lambda X, c: abs(X[:, None] - c).max(axis=2))
    ),
    "the nearest centre is that by the first feature alone: use all of them": moving(
        lambda X, c: (X[:, None] - c)[:, :, 0] ** 2
    ),
    "the nearest centre is that by the last feature alone: use all of them": moving(
        lambda X, c: (X[:, None] - c)[:, :, -1] ** 2
    ),
    "the features are divided by their standard deviations first: k-means takes them as they are": (
        moving(lambda X, c: squared_distances(X / X.std(axis=0), c / X.std(axis=0)))
    ),
    "the centres are moved to medians, and the means are from the clusters of these: move them to "
    "means": moving(move=medians),
    "the assignment at the end is soft, by exp of minus the squared distance: k-means gives a "
    "point wholly to its nearest centre": {
        "clusters": lambda X, c: softmax(-squared_distances(X, m_step(X, lloyd(X, c))[1]), axis=1)
    },
    "the assignment at the end is soft, by exp of minus half the squared distance: k-means gives a "
    "point wholly to its nearest centre": {
        "clusters": lambda X, c: softmax(
            -squared_distances(X, m_step(X, lloyd(X, c))[1]) / 2, axis=1
        )
    },
}


def k_medians(X, centres):
    """Medians as means, and the spread about them."""
    r = moving(move=medians)["clusters"](X, centres)
    mu = medians(X, r)
    return r.mean(axis=0), mu, scatters(X, r, mu) / r.sum(axis=0)[:, None, None]


def medians_at_the_end(X, centres):
    """The medians of the clusters of k-means."""
    r = lloyd(X, centres)
    pi, _, Sigma = m_step(X, r)
    return pi, medians(X, r), Sigma


K_MEANS_START = {
    "the means are the medians of the clusters: take means": medians_at_the_end,
    "the means are the first centres: move each to the mean of its points, and repeat": (
        first_centres
    ),
    "the centres are never moved: move each to the mean of its points, and repeat": (
        first_clusters_and_their_spread
    ),
    "the means are the first centres, though the clusters are the last: return the means of "
    "these": (first_at_the_end),
    "the covariances are about the first centres: subtract the mean of each cluster": (
        about_first_centres
    ),
    "the centres are moved to medians: move them to means": k_medians,
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
    "the sign of the slope is wrong: mu_m + Sigma_mo Sigma_oo^-1 (x_o - mu_o)": {"times": -1.0},
    "the slope is halved": {"times": 0.5},
    "the slope counts twice": {"times": 2.0},
    "the slope is halved, and its sign is wrong": {"times": -0.5},
    "the trace of Sigma_oo divides: multiply by the inverse of the matrix": {
        "slope": lambda Sigma, o, m: Sigma[np.ix_(m, o)] / (np.trace(Sigma[np.ix_(o, o)]) or 1)
    },
    "standard deviations divide where Sigma_oo^-1 belongs": {
        "slope": lambda Sigma, o, m: Sigma[np.ix_(m, o)] / np.sqrt(Sigma.diagonal()[o])
    },
    "only the diagonal of Sigma_oo^-1 is used: its other entries count too": {
        "slope": lambda Sigma, o, m: (
            Sigma[np.ix_(m, o)] * np.linalg.inv(Sigma[np.ix_(o, o)]).diagonal()
        )
    },
    "the variances of what is missing divide, those of Sigma_mm: it is Sigma_oo^-1": {
        "slope": lambda Sigma, o, m: Sigma[np.ix_(m, o)] / Sigma.diagonal()[m][:, None]
    },
    "both blocks are of the inverse of the whole Sigma: take them from Sigma": {
        "slope": lambda Sigma, o, m: knobs.slope(np.linalg.inv(Sigma), o, m)
    },
    "Sigma_mo is from the inverse of the whole Sigma: take it from Sigma": {
        "slope": lambda Sigma, o, m: (
            precision_block(Sigma, m, o) @ np.linalg.inv(Sigma[np.ix_(o, o)])
        )
    },
    "the slope is 1 for every observed feature: it is Sigma_mo Sigma_oo^-1": {
        "slope": lambda Sigma, o, m: np.ones((len(m), len(o)))
    },
    "each entry of Sigma_oo is inverted by itself: invert the matrix": {
        "slope": lambda Sigma, o, m: Sigma[np.ix_(m, o)] @ (1 / Sigma[np.ix_(o, o)])
    },
    "the inverse of Sigma_oo counts twice": {
        "slope": lambda Sigma, o, m: knobs.slope(Sigma, o, m) @ np.linalg.inv(Sigma[np.ix_(o, o)])
    },
    "the inverse of a Cholesky factor of Sigma_oo stands where Sigma_oo^-1 belongs: a root of the "
    "matrix is not the matrix": {
        "slope": lambda Sigma, o, m: (
            Sigma[np.ix_(m, o)] @ np.linalg.inv(np.linalg.cholesky(Sigma[np.ix_(o, o)]))
        )
    },
    "the Cholesky factor of Sigma_oo^-1 stands where Sigma_oo^-1 belongs: a root of the matrix is "
    "not the matrix": {
        "slope": lambda Sigma, o, m: (
            Sigma[np.ix_(m, o)] @ np.linalg.cholesky(np.linalg.inv(Sigma[np.ix_(o, o)]))
        )
    },
    "the slope is a block of the inverse of the whole Sigma: that is a precision, multiply by the "
    "inverse of its block of what is missing, and by -1": {
        "slope": lambda Sigma, o, m: precision_block(Sigma, m, o)
    },
    "the slope is minus a block of the inverse of the whole Sigma: that is a precision, multiply "
    "by the inverse of its block of what is missing": {
        "slope": lambda Sigma, o, m: -precision_block(Sigma, m, o)
    },
    "the slope is that of correlations: multiply by the standard deviations, or use Sigma": {
        "slope": lambda Sigma, o, m: knobs.slope(correlations(Sigma), o, m)
    },
    "the slope is that of standard deviations, correlation times s_m / s_o for each feature alone: "
    "what is observed is correlated too, invert Sigma_oo": {
        "slope": lambda Sigma, o, m: (
            np.sqrt(Sigma.diagonal()[m])[:, None]
            * correlations(Sigma)[np.ix_(m, o)]
            / Sigma.diagonal()[o]
        )
    },
    "only the first observed feature is used: all of them tell something": {
        "slope": lambda Sigma, o, m: knobs.slope(Sigma, o, m) * (np.arange(len(o)) == 0)
    },
    "only the last observed feature is used: all of them tell something": {
        "slope": lambda Sigma, o, m: knobs.slope(Sigma, o, m) * (np.arange(len(o)) == len(o) - 1)
    },
    "the slopes for one feature at a time are averaged: what is observed is correlated, invert all "
    "of Sigma_oo, not its diagonal": {
        "slope": lambda Sigma, o, m: Sigma[np.ix_(m, o)] / Sigma.diagonal()[o] / max(len(o), 1)
    },
    "1 is added to the diagonal of Sigma_oo: invert it as it is, without a ridge": {
        "slope": lambda Sigma, o, m: (
            Sigma[np.ix_(m, o)] @ np.linalg.inv(Sigma[np.ix_(o, o)] + np.eye(len(o)))
        )
    },
    "the slope is divided by the sum of the entries of Sigma_oo: multiply by the inverse": {
        "slope": lambda Sigma, o, m: Sigma[np.ix_(m, o)] / (Sigma[np.ix_(o, o)].sum() or 1)
    },
    "the slope is divided by the determinant of Sigma_oo: multiply by the inverse": {
        "slope": lambda Sigma, o, m: Sigma[np.ix_(m, o)] / np.linalg.det(Sigma[np.ix_(o, o)])
    },
    "mu_o is not subtracted: the slope is for x_o - mu_o": {"known": lambda X, mean: X},
    "the sign is lost: the slope is for x_o - mu_o, not for its absolute value": {
        "known": lambda X, mean: abs(X - mean)
    },
    "x_o - mu_o is squared: the slope is for the difference itself": {
        "known": lambda X, mean: (X - mean) ** 2
    },
    "mu_o is added: the slope is for x_o - mu_o": {"known": lambda X, mean: X + mean},
    "the mean of the row is subtracted from x_o: subtract mu_o": {
        "known": lambda X, mean: X - (X.mean(axis=1, keepdims=True) if X.size else 0)
    },
    "the mean of mu_o is subtracted from every feature: x_o - mu_o, each has its own": {
        "known": lambda X, mean: X - (mean.mean() if mean.size else 0)
    },
    "mu_m is not added": {"offset": lambda mean, m, o: 0.0},
    "mu_m counts twice: add it once": {"offset": lambda mean, m, o: 2 * mean[m]},
    "x_o is not used, mu_o stands in its place: the slope is for x_o - mu_o": {
        "known": lambda X, mean: 0 * X + mean
    },
    "the order of x_o is reversed, and no longer that of mu_o": {
        "known": lambda X, mean: X[:, ::-1] - mean
    },
    "the mean of mu_o is added: add mu_m": {"offset": lambda mean, m, o: mean[o].mean()},
    "the mean of all of mu is added: add mu_m": {"offset": lambda mean, m, o: mean.mean()},
    "mu_m is subtracted: add it": {"offset": lambda mean, m, o: -mean[m]},
    "what is observed is 0: keep what X holds": {
        "end": lambda filled, X: np.where(np.isnan(X), filled, 0)
    },
    "what is observed is subtracted: keep what X holds": {
        "end": lambda filled, X: np.where(np.isnan(X), filled, -X)
    },
}


def overall_means(X, *theta):
    """The mean of each column where it is missing."""
    return np.where(np.isnan(X), np.nanmean(X, axis=0), X)


def zeros(X, *theta):
    """0 where something is missing."""
    return np.nan_to_num(X, nan=0.0)


def correlations(Sigma):
    """The covariance of features in units of their standard deviations."""
    sd = np.sqrt(Sigma.diagonal())
    return Sigma / np.outer(sd, sd)


def row_means(X, *theta):
    """The mean of what the row has."""
    return np.where(np.isnan(X), np.nanmean(X, axis=1, keepdims=True), X)


def carried(X, *theta):
    """What the row before has, or had."""
    filled = X.copy()
    for n in range(len(X)):
        filled[n] = np.where(np.isnan(X[n]), filled[n - 1], X[n])
    return np.nan_to_num(filled)


def about_columns(X, mean, Sigma):
    """What one Gaussian expects about the means of the columns."""
    return knobs.conditional_mean(X, np.nanmean(X, axis=0), Sigma)


def columns_subtracted(X, mean, Sigma):
    """The same, with mu added."""
    shift = np.where(np.isnan(X), mean - np.nanmean(X, axis=0), 0)
    return about_columns(X, mean, Sigma) + shift


def with_spread(X, mean, Sigma):
    """A standard deviation is added."""
    return knobs.conditional_mean(X, mean, Sigma) + np.isnan(X) * np.sqrt(Sigma.diagonal())


CONDITIONAL_MEAN = {
    "the mean of the row is filled in: the features differ, and Sigma says how they go together": (
        row_means
    ),
    "the average of mu_m and of what the row has is filled in: it is mu_m + Sigma_mo Sigma_oo^-1 "
    "(x_o - mu_o)": lambda X, mean, Sigma: np.where(
        np.isnan(X), (mean + np.nanmean(X, axis=1, keepdims=True)) / 2, X
    ),
    "the median of the column is filled in: it knows neither mu nor the rest of the row": (
        lambda X, mean, Sigma: np.where(np.isnan(X), np.nanmedian(X, axis=0), X)
    ),
    "the smallest of the column is filled in: it knows neither mu nor the rest of the row": (
        lambda X, mean, Sigma: np.where(np.isnan(X), np.nanmin(X, axis=0), X)
    ),
    "the largest of the column is filled in: it knows neither mu nor the rest of the row": (
        lambda X, mean, Sigma: np.where(np.isnan(X), np.nanmax(X, axis=0), X)
    ),
    "1 is filled in where something is missing": (
        lambda X, mean, Sigma: np.where(np.isnan(X), 1.0, X)
    ),
    "the mean of all of X is filled in: it knows neither mu nor the rest of the row": (
        lambda X, mean, Sigma: np.where(np.isnan(X), np.nanmean(X), X)
    ),
    "the row before is filled in: it knows neither mu nor the rest of the row": carried,
    "every row is mu where anything is missing: keep what X holds": (
        lambda X, mean, Sigma: np.where(np.isnan(X).any(axis=1, keepdims=True), mean, X)
    ),
    "what is observed is replaced by mu: keep what X holds": (
        lambda X, mean, Sigma: np.where(np.isnan(X), knobs.conditional_mean(X, mean, Sigma), mean)
    ),
    "the covariance of the data stands where Sigma belongs": (
        lambda X, mean, Sigma: knobs.conditional_mean(
            X, mean, np.ma.cov(np.ma.masked_invalid(X.T)).data
        )
    ),
    "the means of the columns of X stand where mu belongs": about_columns,
    "the means of the columns of X are subtracted where mu_o belongs": columns_subtracted,
    "a standard deviation is added to what is expected: the mean alone is asked for": with_spread,
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


def per_point(wrong):
    """A wrong E step whose sums are divided by N."""

    def means(*m):
        parts = knobs.e_step_with_missing(*m)
        return tuple(part / len(m[0]) if i in wrong else part for i, part in enumerate(parts))

    return means


def about_new_means(*m):
    """Squares about the new means, as the M step needs them later."""
    r, sums, squares = knobs.e_step_with_missing(*m)
    return r, sums, squares - sums[:, :, None] * sums[:, None] / r.sum(axis=0)[:, None, None]


def about_means(X, pi, mu, Sigma):
    """Squares about the means that are given."""
    r, sums, squares = knobs.e_step_with_missing(X, pi, mu, Sigma)
    cross = sums[:, :, None] * mu[:, None]
    own = r.sum(axis=0)[:, None, None] * mu[:, :, None] * mu[:, None]
    return r, sums, squares - cross - transposed(cross) + own


def density_of_filled(fill):
    """The log joint of all features, of a table that is filled for it."""
    return lambda X, *theta: log_joint(fill(X), *theta)


IN_MISSING: dict[str, dict[str, Any]] = {
    "the density is that of all features with 0 filled in: take the density of what is observed": {
        "joint": density_of_filled(zeros)
    },
    "the density is that of all features with the mean of the column filled in: take the density "
    "of what is observed": {"joint": density_of_filled(overall_means)},
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
    "this is log r: take the exponential": {
        "shares": lambda joint: joint - logsumexp(joint, axis=1, keepdims=True)
    },
    "divided by the sum over all n and k: each row of r should sum to one": {"shares": softmax},
    "divided by the sums over n, after the largest of each row was taken out: sum over k": {
        "shares": lambda joint: over_largest(joint) / over_largest(joint).sum(axis=0)
    },
    "r holds the joint densities over the largest of each row: divide each row by its sum": {
        "shares": over_largest
    },
    "each row is pi, whatever the point is: multiply by the densities of what is observed": {
        "joint": lambda X, pi, *_: np.log(pi) + np.zeros((len(X), 1))
    },
    "all components have the same share, 1 / K: it depends on the densities": {
        "shares": lambda joint: 0 * joint + 1 / joint.shape[1]
    },
    "r is the log joint: take the exponential, then divide each row by its sum": {
        "shares": lambda joint: joint
    },
    "each point goes wholly to its likeliest component: EM's assignment is soft": {"shares": hard},
    "r is divided by the sum over all n and k, after the largest of each row was taken out: each "
    "row should sum to one": {"shares": lambda joint: normalised(over_largest(joint))},
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
    "C is weighed by the square of r: weigh it by r, once": {
        "spread": lambda r, C: np.einsum("nk,knde->kde", r**2, C)
    },
    "Sigma_mo Sigma_oo^-1 Sigma_om is added to Sigma_mm: what is observed leaves less, subtract "
    "it": {
        "covariance": lambda Sigma, o, m: (
            2 * Sigma[np.ix_(m, m)] - knobs.conditional_covariance(Sigma, o, m)
        )
    },
    "the whole Sigma_k is added for every row: add C_k, of what is missing": {
        "everywhere": lambda r, X, C: np.einsum("nk,kde->kde", r, C)
    },
    "the whole Sigma_k is added for every row that lacks something: add C_k, of what is missing": {
        "everywhere": lambda r, X, C: np.einsum(
            "nk,kde->kde", r * np.isnan(X).any(axis=1, keepdims=True), C
        )
    },
    "the diagonal of C, as standard deviations, is added: C holds variances": {
        "covariance": lambda *a: np.sqrt(only_diagonals(knobs.conditional_covariance(*a)))
    },
    "the inverse of Sigma_oo counts twice in C": {
        "covariance": lambda Sigma, o, m: (
            Sigma[np.ix_(m, m)]
            - knobs.slope(Sigma, o, m) @ np.linalg.inv(Sigma[np.ix_(o, o)]) @ Sigma[np.ix_(o, m)]
        )
    },
    "the inverse of Sigma_oo is missing in C": {
        "covariance": lambda Sigma, o, m: (
            Sigma[np.ix_(m, m)] - Sigma[np.ix_(m, o)] @ Sigma[np.ix_(o, m)]
        )
    },
    "C is added twice: once is enough": {
        "spread": lambda r, C: 2 * np.einsum("nk,knde->kde", r, C)
    },
    "a Cholesky factor of C is added: add C itself": {
        "covariance": lambda *a: np.linalg.cholesky(knobs.conditional_covariance(*a))
    },
    "half of C is added: add all of it": {
        "spread": lambda r, C: np.einsum("nk,knde->kde", r, C) / 2
    },
    "the squares do not use r: weigh each row by its responsibility": {
        "outer": lambda r, x_hat: np.einsum("knd,kne->kde", x_hat, x_hat)
    },
    "neither the squares nor C use r: weigh each row by its responsibility": {
        "outer": lambda r, x_hat: np.einsum("knd,kne->kde", x_hat, x_hat),
        "spread": lambda r, C: C.sum(axis=1),
    },
    "the squares and C use the square of r: weigh each row by its responsibility, once": {
        "outer": lambda r, x_hat: np.einsum("nk,knd,kne->kde", r**2, x_hat, x_hat),
        "spread": lambda r, C: np.einsum("nk,knde->kde", r**2, C),
    },
    "the squares of the rows have only their diagonals, beside all of C: take outer products": {
        "outer": lambda r, x_hat: only_diagonals(np.einsum("nk,knd,kne->kde", r, x_hat, x_hat))
    },
    "the squares use the square of r: weigh each row by its responsibility, once": {
        "outer": lambda r, x_hat: np.einsum("nk,knd,kne->kde", r**2, x_hat, x_hat)
    },
    "the squares are those of the sums: sum the squares of the rows": {
        "outer": lambda r, x_hat: np.einsum("nk,knd,mk,kme->kde", r, x_hat, r, x_hat)
    },
    "the squares are missing: this is the sum of C alone": {"outer": lambda r, x_hat: 0.0},
    "the squares have only their diagonals: take outer products of each row": {
        "last": only_diagonals
    },
    "the sums do not use r, but the squares do: weigh each row by its responsibility": {
        "first": lambda r, x_hat: x_hat.sum(axis=1)
    },
    "the sums are added up over the components: each has its own": {
        "first": lambda r, x_hat: np.einsum("nk,knd->d", r, x_hat) + np.zeros((len(x_hat), 1))
    },
    "the sums are divided by N_k: these are means, their sums are asked for": {
        "first": lambda r, x_hat: np.einsum("nk,knd->kd", r, x_hat) / r.sum(axis=0)[:, None]
    },
    "the sums are divided by N: they are sums": {
        "first": lambda r, x_hat: np.einsum("nk,knd->kd", r, x_hat) / len(r)
    },
}
OF_MISSING = (  # the division has rows of its own above
    "over n",
    "all n and k",
    "joint densities pi_k",
    "this is",
    "largest of each row, not by its sum",
)
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
        text: partial(knobs.e_step_with_missing, **parts)
        for text, parts in IN_SHARES.items()
        if parts.keys() == {"shares"} and not any(word in text for word in OF_MISSING)
    }
    | {
        f"in the conditional mean, {text}": partial(
            knobs.e_step_with_missing, completed=partial(knobs.conditional_mean, **parts)
        )
        for text, parts in IN_CONDITIONAL.items()
    }
    | {
        "these are means: the sums are asked for, not divided by N_k": per_row({1, 2}),
        "the sums and the squares are divided by N: the sums are asked for": per_point({1, 2}),
        "the squares are divided by N: the sums are asked for": per_point({2}),
        "the squares are divided by N_k: their sums are asked for": per_row({2}),
        "the squares are about the new means: the sum of r x x^T is asked for": about_new_means,
        "the squares are about the means mu_k: the sum of r x x^T is asked for": about_means,
    }
)


# ---- BIC ---------------------------------------------------------------------------------------

IN_BIC: dict[str, dict[str, Any]] = {
    "K weights are counted: they sum to one, so K - 1 are free": {"weights": lambda K: K},
    "the weights are not counted: K - 1 of them are free": {"weights": lambda K: 0},
    "1 is counted for the weights: K - 1 of them are free": {"weights": lambda K: 1},
    "K D numbers too few are counted: the means, or the diagonals of the covariances": {
        "means": lambda K, D: 0
    },
    "a mean is counted as one number: it has D": {"means": lambda K, D: K},
    "D numbers are counted for the means of all components: each component has a mean of D "
    "numbers": {"means": lambda K, D: D},
    "D^2 numbers are counted for a covariance: it is symmetric, so D (D + 1) / 2 are free": {
        "covariance": lambda D: D * D
    },
    "D (D + 1) numbers are counted for a covariance: it is symmetric, so half of them are free": {
        "covariance": lambda D: D * (D + 1)
    },
    "D numbers are counted for a covariance: that is its diagonal alone": {
        "covariance": lambda D: D
    },
    "1 number is counted for a covariance: that is a spherical one, with one variance": {
        "covariance": lambda D: 1
    },
    "the covariances are not counted": {"covariance": lambda D: 0},
    "one covariance is counted for all components: each has its own": {"covariances": lambda K: 1},
    "one component is counted: each of the K has its mean and its covariance": {
        "weights": lambda K: 0,
        "means": lambda K, D: D,
        "covariances": lambda K: 1,
    },
    "this is AIC: the price of a parameter is log N, not 2": {"price": lambda N, D, d: 2.0},
    "this is AICc, with 2 N / (N - d - 1): the price of a parameter is log N": {
        "price": lambda N, D, d: 2 * N / (N - d - 1)
    },
    "this is CAIC, with log N + 1: the price of a parameter is log N": {
        "price": lambda N, D, d: np.log(N) + 1
    },
    "this is Hannan and Quinn's criterion, with 2 log log N: the price of a parameter is log N": {
        "price": lambda N, D, d: 2 * np.log(np.log(N))
    },
    "the price of a parameter is log log N: it is log N": {
        "price": lambda N, D, d: np.log(np.log(N))
    },
    "the logarithm is to base 10: natural logarithms are asked for": {
        "price": lambda N, D, d: np.log10(N)
    },
    "the logarithm is to base 2: natural logarithms are asked for": {
        "price": lambda N, D, d: np.log2(N)
    },
    "the price of a parameter is N: it is log N": {"price": lambda N, D, d: N},
    "the price of a parameter is the root of N: it is log N": {"price": lambda N, D, d: np.sqrt(N)},
    "the price of a parameter is 1: it is log N": {"price": lambda N, D, d: 1.0},
    "the price of a parameter is log D, of the number of features: it is log N": {
        "price": lambda N, D, d: np.log(D)
    },
    "the price of a parameter is log (N D): it is log N, of the number of points": {
        "price": lambda N, D, d: np.log(N * D)
    },
    "the price of a parameter is (log N)^2: it is log N": {"price": lambda N, D, d: np.log(N) ** 2},
    "log N is added to the number of parameters: multiply, d log N": {
        "price": lambda N, D, d: (d + np.log(N)) / d
    },
    "the price of a parameter is log d: it is log N": {"price": lambda N, D, d: np.log(d)},
    "the price of a parameter is log (N - d): it is log N": {
        "price": lambda N, D, d: np.log(N - d)
    },
    "the price of a parameter is log (N + 1): it is log N": {
        "price": lambda N, D, d: np.log(N + 1)
    },
    "the price of a parameter is log (N - 1): it is log N": {
        "price": lambda N, D, d: np.log(N - 1)
    },
    "the price of a parameter is log (N / 2 pi), as in other approximations: it is log N": {
        "price": lambda N, D, d: np.log(N / (2 * np.pi))
    },
    "the logarithm of the whole price is taken, log (d N): it is d log N": {
        "price": lambda N, D, d: np.log(N * d) / d
    },
    "the number of parameters and N are exchanged: it is d log N": {
        "price": lambda N, D, d: N * np.log(d) / d
    },
    "the price of a parameter is (log N) / 2: beside -2 times the log-likelihood it is log N": {
        "times": 0.5
    },
    "the price of a parameter counts twice: beside -2 times the log-likelihood it is log N": {
        "times": 2.0
    },
    "the sign of the price is wrong: a parameter makes BIC larger": {"times": -1.0},
    "the price of the parameters is missing: this is -2 times the log-likelihood": {"times": 0.0},
    "the log-likelihood counts -2 times, not -1 times": {"fit": lambda N: -1},
    "the sign of the log-likelihood is wrong: it counts -2 times": {"fit": lambda N: 2},
    "the factor -2 is missing, and the sign is wrong": {"fit": lambda N: 1},
    "the log-likelihood counts -4 times: it counts -2 times": {"fit": lambda N: -4},
    "the log-likelihood counts -1/2 times: it counts -2 times": {"fit": lambda N: -0.5},
    "the log-likelihood is missing: this is the price of the parameters alone": {
        "fit": lambda N: 0
    },
    "the log-likelihood is divided by N, a mean over points: it is the sum already": {
        "fit": lambda N: -2 / N
    },
    "the log-likelihood is multiplied by N: it is the sum already": {"fit": lambda N: -2 * N},
    "the sign is wrong: this is larger for better models, as mclust prints it": {
        "end": lambda a, N: -a
    },
    "this is half of BIC: the log-likelihood counts -2 times": {"end": lambda a, N: a / 2},
    "this is minus half of BIC: the log-likelihood counts -2 times": {"end": lambda a, N: -a / 2},
    "this is divided by N: BIC is for all points": {"end": lambda a, N: a / N},
}
BIC = with_knobs(knobs.bic, IN_BIC) | {
    "K is the number of parameters: count K - 1 weights, K D means and the covariances": (
        lambda ll, N, K, D: -2 * ll + K * np.log(N)
    ),
    "D is the number of parameters: count K - 1 weights, K D means and the covariances": (
        lambda ll, N, K, D: -2 * ll + D * np.log(N)
    ),
    "the numbers of parameters are multiplied: add those of weights, means and covariances": (
        lambda ll, N, K, D: -2 * ll + (K - 1) * K * D * K * D * (D + 1) / 2 * np.log(N)
    ),
    "the price of a parameter is log K: it is log N": lambda ll, N, K, D: bic(ll, K, K, D),
    "the price of a parameter is log (N / K): it is log N": (
        lambda ll, N, K, D: bic(ll, N / K, K, D)
    ),
    "K and D are exchanged": lambda ll, N, K, D: bic(ll, N, D, K),
    "the logarithm of the log-likelihood is taken: it is a logarithm already": (
        lambda ll, N, K, D: bic(np.log(abs(ll)), N, K, D)
    ),
}


# ---- Sampling: what the moments of a wrong sample are close to ---------------------------------


def of_root(root):
    """The covariance of z R, where R is a root."""
    return lambda pi, C: transposed(root(C)) @ root(C)


def axes(C, power):
    """The principal axes of each matrix, times a power of their variances."""
    values, vectors = np.linalg.eigh(C)
    return vectors * values[:, None] ** power


IN_SAMPLE: dict[str, dict[str, Any]] = {
    "the weights pi are not used: every component is drawn as often": {
        "weights": lambda pi: np.full(len(pi), 1 / len(pi))
    },
    "the weights pi are sorted: pi_k is that of component k": {"weights": np.sort},
    "the weights pi are in reversed order": {"weights": lambda pi: pi[::-1]},
    "the weights are the squares of pi, over their sum: use pi as it is": {
        "weights": lambda pi: normalised(pi**2)
    },
    "the weights are the roots of pi, over their sum: use pi as it is": {
        "weights": lambda pi: normalised(np.sqrt(pi))
    },
    "the weights are inverses of pi, over their sum: use pi as it is": {
        "weights": lambda pi: normalised(1 / pi)
    },
    "the weights are a softmax of pi: use pi as it is": {"weights": softmax},
    "the means are not added": {"means": lambda pi, mu: np.zeros_like(mu)},
    "the sign of the means is wrong: add them": {"means": lambda pi, mu: -mu},
    "the means are twice as large as they should be": {"means": lambda pi, mu: 2 * mu},
    "the mean of the first component is added to all: each has its own": {
        "means": lambda pi, mu: 0 * mu + mu[0]
    },
    "the mean of the last component is added to all: each has its own": {
        "means": lambda pi, mu: 0 * mu + mu[-1]
    },
    "the mean of the whole mixture, an average, is added to all: each component has its own": {
        "means": lambda pi, mu: 0 * mu + pi @ mu
    },
    "the plain average of the means is added to all: each component has its own": {
        "means": lambda pi, mu: 0 * mu + mu.mean(axis=0)
    },
    "the means are multiplied by the weights pi: add them as they are": {
        "means": lambda pi, mu: pi[:, None] * mu
    },
    "the means are those of another component, in reversed order": {
        "means": lambda pi, mu: mu[::-1]
    },
    "this takes the variance for the standard deviation: the points have covariance Sigma^2. "
    "Multiply by a root of Sigma, such as its Cholesky factor": {
        "covariances": lambda pi, C: C @ C
    },
    "the Cholesky factor is the wrong way round: z L^T has covariance L L^T, z L has L^T L": {
        "covariances": of_root(np.linalg.cholesky)
    },
    "only the diagonal of Sigma is used": {"covariances": lambda pi, C: only_diagonals(C)},
    "only the diagonal of Sigma is used, and its variances for standard deviations: take roots": {
        "covariances": lambda pi, C: only_diagonals(C) ** 2
    },
    "the root is taken of each entry of Sigma: take a root of the matrix, such as its Cholesky "
    "factor": {"covariances": of_root(lambda C: np.sqrt(abs(C)))},
    "the eigenvectors are on the wrong side, or not used: with Sigma = V diag(w) V^T a root is "
    "V diag(sqrt w)": {"covariances": lambda pi, C: axes(C, 0.5).transpose(0, 2, 1) @ axes(C, 0.5)},
    "the eigenvectors are transposed, rows taken for columns: a root of Sigma is V diag(sqrt w), "
    "with Sigma = V diag(w) V^T": {
        "covariances": lambda pi, C: np.array(
            [V.T @ np.diag(w) @ V for w, V in map(np.linalg.eigh, C)]
        )
    },
    "Sigma is not used: the points have covariance 1": {
        "covariances": lambda pi, C: 0 * C + np.eye(C.shape[1])
    },
    "one and the same draw is used for every feature: each feature needs its own": {
        "covariances": lambda pi, C: np.einsum(
            "kd,ke->kde", np.linalg.cholesky(C).sum(2), np.linalg.cholesky(C).sum(2)
        )
    },
    "every point of a component is the same: each point needs a draw of its own": {
        "covariances": lambda pi, C: 0 * C
    },
    "the covariance of the first component is used for all: each has its own": {
        "covariances": lambda pi, C: 0 * C + C[0]
    },
    "the covariance of the last component is used for all: each has its own": {
        "covariances": lambda pi, C: 0 * C + C[-1]
    },
    "the average of the covariances is used for all: each component has its own": {
        "covariances": lambda pi, C: 0 * C + np.tensordot(pi, C, 1)
    },
    "the covariances are those of another component, in reversed order": {
        "covariances": lambda pi, C: C[::-1]
    },
    "what is drawn is multiplied by 2: the covariances are 4 times as large": {
        "covariances": lambda pi, C: 4 * C
    },
    "the covariances are twice as large as they should be": {"covariances": lambda pi, C: 2 * C},
    "the covariances are D times as large as they should be": {
        "covariances": lambda pi, C: C * C.shape[1]
    },
    "what is drawn is multiplied by Sigma and a root of it: the covariances are Sigma^3": {
        "covariances": lambda pi, C: C @ C @ C
    },
    "only the diagonal of the Cholesky factor is used": {
        "covariances": lambda pi, C: only_diagonals(np.linalg.cholesky(C)) ** 2
    },
    "the covariances are correlations: multiply by the standard deviations": {
        "covariances": lambda pi, C: np.array([correlations(c) for c in C])
    },
    "the root of the diagonal is taken twice: standard deviations are roots of variances, once": {
        "covariances": lambda pi, C: np.sqrt(only_diagonals(C))
    },
    "the covariances are half as large as they should be": {"covariances": lambda pi, C: C / 2},
    "what is drawn is halved: the covariances are a quarter of what they should be": {
        "covariances": lambda pi, C: C / 4
    },
    "what is drawn is multiplied by pi_k: the weights are for the components alone": {
        "covariances": lambda pi, C: C * pi[:, None, None] ** 2
    },
    "what is drawn is multiplied by the root of pi_k: the weights are for the components alone": {
        "covariances": lambda pi, C: C * pi[:, None, None]
    },
    "the inverse is taken: this is Sigma^-1 where Sigma belongs": {
        "covariances": lambda pi, C: np.linalg.inv(C)
    },
    "what is drawn is divided by 12 in variance, as uniform numbers between 0 and 1 are: draw "
    "normal "
    "ones, with mean 0 and variance 1": {"covariances": lambda pi, C: C / 12},
}


def unrelated(n, pi, mu, C, rng):
    """The moments of the whole mixture, for each component."""
    delta = mu - pi @ mu
    whole = np.tensordot(pi, C + delta[:, :, None] * delta[:, None], 1)
    return pi, 0 * mu + pi @ mu, 0 * C + whole


SAMPLE = with_knobs(knobs.moments, IN_SAMPLE) | {
    "z does not belong to X, is it sorted, shuffled or drawn anew? It says from which component "
    "each "
    "point is": unrelated
}
