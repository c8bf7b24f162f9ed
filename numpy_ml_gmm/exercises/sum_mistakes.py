"""The catalogue of mistakes, continued: weights of points, streams, and clusters of components.

w is how often a point counts, xi what is kept of old sums, and N_k the counts in which both are.
"""

import numpy as np
from scipy.special import entr, softmax

from ..textbook import m_step
from . import knobs
from .knobs import scatters
from .mistakes import hard, normalised, only_diagonals, with_knobs
from .prior_mistakes import nothing
from .sums import entropy_gain, stream_step, weighted_m_step

# ---- The M step with weights: knobs of s, see there ---------------------------------------------

HELD = {
    "the weights w of the points are left out, or cancel in a division of each row by its sum: "
    "point n counts w_n times": lambda r, w: r,
    "w is squared: a point counts w_n times, not w_n squared": lambda r, w: w[:, None] ** 2 * r,
    "the root of w is taken: a point counts w_n times": lambda r, w: np.sqrt(w)[:, None] * r,
    "r is divided by w: multiply": lambda r, w: r / w[:, None],
    "w is added to r: multiply": lambda r, w: r + w[:, None],
    "1 + w_n stands where w_n belongs": lambda r, w: (1 + w)[:, None] * r,
    "the log of 1 + w stands where w belongs": lambda r, w: np.log1p(w)[:, None] * r,
    "the log of w stands where w belongs": lambda r, w: np.log(w)[:, None] * r,
    "the exponential of w stands where w belongs, alone or as a softmax": lambda r, w: (
        np.exp(w)[:, None] * r
    ),
    "r is squared: multiply r itself by w": lambda r, w: w[:, None] * r**2,
    "r is left out, and w stands alone: multiply them": lambda r, w: w[:, None] + 0 * r,
    "w is the exponent of r, a power: multiply them": lambda r, w: r ** w[:, None],
    "no weight is above 1: a point may count more than once": (
        lambda r, w: np.minimum(w, 1)[:, None] * r
    ),
    "points whose w is below 1 are dropped: they count w_n times": (
        lambda r, w: (w * (w >= 1))[:, None] * r
    ),
}
OF_W = {  # what was done to w before it was used
    "w is cut to whole numbers, by int or by repeating rows: it need not be whole": np.floor,
    "w is rounded to whole numbers: it need not be whole": np.round,
    "w is rounded up to whole numbers: it need not be whole": np.ceil,
    "w is sorted: w_n belongs to point n": np.sort,
    "w is in reversed order: w_n belongs to point n": lambda w: w[::-1],
    "the last point is left out": lambda w: np.append(w[:-1], 0),
    "the first point is left out": lambda w: np.append(0, w[1:]),
}
IN_WEIGHTED = {
    "a softmax of w stands where w belongs; and the weights pi do not sum to one": {
        "held": lambda r, w: softmax(w)[:, None] * r
    },
    "each point goes wholly to its likeliest component: multiply r itself by w": {
        "held": lambda r, w: w[:, None] * hard(r)
    },
    "in the weights pi, w is left out: they are the sum of w r over the sum of w": {
        "weights": lambda s: s.r.sum(axis=0),
        "total": lambda s, n: len(s.X),
    },
    "the weights pi do not sum to one: w is left out above, and is below": {
        "weights": lambda s: s.r.sum(axis=0)
    },
    "the weights pi do not sum to one: N_k holds w, so divide by the sum of w, not by N": {
        "total": lambda s, n: len(s.X)
    },
    "the weights pi are N_k: divide by the sum of w": {"total": lambda s, n: 1.0},
    "the weights pi are divided by the sum of w twice: is w divided by it already?": {
        "total": lambda s, n: s.w.sum() ** 2
    },
    "the weights pi are divided by the sum of the squares of w: divide by the sum of w": {
        "total": lambda s, n: (s.w**2).sum()
    },
    "the weights pi are divided by K: divide N_k by the sum of w": {
        "total": lambda s, n: s.r.shape[1]
    },
    "the weights pi are divided by the largest N_k: divide by the sum of w": {
        "total": lambda s, n: n.max()
    },
    "the weights pi are divided by the sum of w less 1: divide by the sum of w": {
        "total": lambda s, n: s.w.sum() - 1
    },
    "the weights pi are divided by the sum of w and by N: divide by the sum of w alone": {
        "total": lambda s, n: s.w.sum() * len(s.X)
    },
    "the weights pi are not updated: they are N_k over the sum of w, not 1 / K": {
        "weights": lambda s: 0 * s.N + s.w.sum() / len(s.N)
    },
    "in the weights pi w counts twice, it is squared: once is enough": {
        "weights": lambda s: s.w @ s.c
    },
    "in the weights pi w is squared, above and below: it stands there once": {
        "weights": lambda s: s.w @ s.c,
        "total": lambda s, n: n.sum(),
    },
    "in the weights pi r is made hard: sum w r itself": {"weights": lambda s: s.w @ hard(s.r)},
    "in the weights pi r is squared: sum w r itself": {"weights": lambda s: s.w @ s.r**2},
    "the weights pi are the roots of N_k over the sum of w": {
        "weights": lambda s: np.sqrt(s.N),
        "total": lambda s, n: np.sqrt(s.w.sum()),
    },
    "the weights pi are a softmax: divide N_k by the sum of w": {
        "weights": lambda s: softmax(s.N),
        "total": lambda s, n: 1.0,
    },
    "the weights pi are those of another component, in reversed order": {
        "weights": lambda s: s.N[::-1]
    },
    "the weights pi are divided by K too: divide N_k by the sum of w alone": {
        "total": lambda s, n: s.w.sum() * len(n)
    },
    "the weights pi are divided by the mean of w: divide by the sum of w, for all N points": {
        "total": lambda s, n: s.w.mean()
    },
    "w is divided by its mean first, and the weights pi by the sum of w after that: do one": {
        "total": lambda s, n: s.w.mean() * s.w.sum()
    },
    "w is divided by the largest w first, and the weights pi by the sum of w after that: do one": {
        "total": lambda s, n: s.w.max() * s.w.sum()
    },
    "the weights pi are divided by the largest w: divide by the sum of w": {
        "total": lambda s, n: s.w.max()
    },
    "the weights pi are divided by the root of the sum of squares, a norm: divide by the sum": {
        "total": lambda s, n: np.linalg.norm(n)
    },
    "in the means w is left out above: it is the sum of w r x over N_k": {
        "means": lambda s: s.r.T @ s.X / s.N[:, None]
    },
    "in the means w is left out below: divide by N_k, the sum of w r": {
        "means": lambda s: s.c.T @ s.X / s.r.sum(axis=0)[:, None]
    },
    "in the means w is left out: average the points by w r": {
        "means": lambda s: m_step(s.X, s.r)[1]
    },
    "the means are sums: divide by N_k": {"means": lambda s: s.c.T @ s.X},
    "the means divide by the sum of w: divide by N_k, the sum of w r": {
        "means": lambda s: s.c.T @ s.X / s.w.sum()
    },
    "the means divide by N: divide by N_k, the sum of w r": {
        "means": lambda s: s.c.T @ s.X / len(s.X)
    },
    "the means divide by pi_k: divide by N_k": {
        "means": lambda s: s.c.T @ s.X / s.N[:, None] * s.w.sum()
    },
    "the means divide by N_k + 1: divide by N_k": {
        "means": lambda s: s.c.T @ s.X / (s.N + 1)[:, None]
    },
    "the means divide by K: divide by N_k": {"means": lambda s: s.c.T @ s.X / len(s.N)},
    "the means divide by N_k and by the sum of w: divide by N_k alone": {
        "means": lambda s: m_step(s.X, s.c)[1] / s.w.sum()
    },
    "the means are the one point with the largest w r of each component: average all": {
        "means": lambda s: s.X[s.c.argmax(axis=0)]
    },
    "the means divide by N_k - 1: divide by N_k": {
        "means": lambda s: s.c.T @ s.X / (s.N - 1)[:, None]
    },
    "the means do not use r: all points are averaged by w alone": {
        "means": lambda s: 0 * (s.c.T @ s.X) + s.w @ s.X / s.w.sum()
    },
    "the means use neither r nor w: average the points by w r": {
        "means": lambda s: 0 * (s.c.T @ s.X) + s.X.mean(axis=0)
    },
    "in the means w counts twice above, it is squared: once is enough": {
        "means": lambda s: (s.w[:, None] * s.c).T @ s.X / s.N[:, None]
    },
    "in the means w is squared: average the points by w r": {
        "means": lambda s: m_step(s.X, s.w[:, None] * s.c)[1]
    },
    "in the means r is made hard: average the points by w r": {
        "means": lambda s: m_step(s.X, s.w[:, None] * hard(s.r))[1]
    },
    "the means are those of another component, in reversed order": {
        "means": lambda s: m_step(s.X, s.c)[1][::-1]
    },
    "in the covariances w is left out above: weigh each product by w r": {"weigh": lambda s: s.r},
    "in the covariances w is left out below: divide by N_k, the sum of w r": {
        "count": lambda s: s.r.sum(axis=0)
    },
    "in the covariances w is left out: weigh each product by w r, and divide by N_k": {
        "weigh": lambda s: s.r,
        "count": lambda s: s.r.sum(axis=0),
    },
    "in the covariances w counts twice, it is squared: is it in each factor? Weigh the product "
    "once": {"weigh": lambda s: s.w[:, None] * s.c},
    "in the covariances w r counts twice, it is squared: is it in each factor? Weigh the product "
    "once": {"weigh": lambda s: s.c**2},
    "in the covariances the root of w is taken: weigh each product by w r": {
        "weigh": lambda s: s.r * np.sqrt(s.w)[:, None]
    },
    "in the covariances r is left out above: weigh each product by w r": {
        "weigh": lambda s: s.w[:, None] + 0 * s.r
    },
    "the covariances do not use r: those of all points, about mu_k, by w alone": {
        "weigh": lambda s: s.w[:, None] + 0 * s.r,
        "count": lambda s: s.w.sum() + 0 * s.N,
    },
    "the covariances use neither r nor w above: weigh each product by w r": {
        "weigh": lambda s: np.ones_like(s.r)
    },
    "the covariances divide by N: divide by N_k, the sum of w r": {
        "count": lambda s: len(s.X) + 0 * s.N
    },
    "the covariances divide by the sum of w: divide by N_k, the sum of w r": {
        "count": lambda s: s.w.sum() + 0 * s.N
    },
    "the covariances are scatter matrices: divide by N_k": {"count": lambda s: 1 + 0 * s.N},
    "the covariances divide by N_k - 1: the maximum of the likelihood divides by N_k": {
        "count": lambda s: s.N - 1
    },
    "the covariances divide by the sum of w less 1: divide by N_k, the sum of w r": {
        "count": lambda s: s.w.sum() - 1 + 0 * s.N
    },
    "the covariances divide by N_k less the sum of (w r)^2 over N_k, as np.cov does unless ddof is "
    "0: divide by N_k": {"count": lambda s: s.N - (s.c**2).sum(axis=0) / s.N},
    "the covariances divide by pi_k: divide by N_k": {"count": lambda s: s.N / s.w.sum()},
    "the covariances divide by N_k twice: once is enough": {"count": lambda s: s.N**2},
    "N - 1 and N come in, as for a sample: the maximum of the likelihood divides by N_k alone": {
        "count": lambda s: s.N * (len(s.X) - 1) / len(s.X)
    },
    "a factor 1/2 too many: the covariances are half as large as they should be": {
        "count": lambda s: 2 * s.N
    },
    "the covariances are about the origin: subtract mu_k from each point first": {
        "centre": lambda s: 0 * s.mu
    },
    "the covariances are about the mean of all points, without w: subtract mu_k": {
        "centre": lambda s: 0 * s.mu + s.X.mean(axis=0)
    },
    "the covariances are about the mean of all points: subtract mu_k": {
        "centre": lambda s: 0 * s.mu + s.w @ s.X / s.w.sum()
    },
    "the covariances are about means in which w is left out: subtract mu_k": {
        "centre": lambda s: m_step(s.X, s.r)[1]
    },
    "the covariances are about the mean of the first component: each has its own": {
        "centre": lambda s: 0 * s.mu + s.mu[0]
    },
    "the covariances are about the median of all points: subtract mu_k": {
        "centre": lambda s: 0 * s.mu + np.median(s.X, axis=0)
    },
    "the covariances are about the mean of the features of mu_k, a number: subtract mu_k": {
        "centre": lambda s: 0 * s.mu + s.mu.mean(axis=1, keepdims=True)
    },
    "the sign of mu_k is wrong, it is added: subtract it from each point": {
        "centre": lambda s: -s.mu
    },
    "the signs of x - mu_k are lost: take no absolute values": {
        "scatter": lambda X, c, mu: np.einsum("nk,nkd,nke->kde", c, *[abs(X[:, None] - mu)] * 2)
    },
    "w multiplies the points before mu_k is subtracted: weigh the product of what remains": {
        "scatter": lambda X, c, mu: np.einsum(
            "nk,nkd,nke->kde", c, *[c.sum(axis=1)[:, None, None] * X[:, None] - mu] * 2
        )
    },
    "mu_k mu_k^T is not subtracted from the sum of squares rightly: it counts N_k times": {
        "scatter": lambda X, c, mu: scatters(X, c, 0 * mu) - knobs.squares(1.0, mu)
    },
    "in the covariances the last point is left out": {
        "scatter": lambda X, c, mu: scatters(X[:-1], c[:-1], mu)
    },
    "in the covariances the first point is left out": {
        "scatter": lambda X, c, mu: scatters(X[1:], c[1:], mu)
    },
    "only the diagonal of the covariances is there: the products of different features are "
    "forgotten": {"shape": only_diagonals},
    "the covariances have only their lower triangle: they are symmetric": {"shape": np.tril},
    "the covariances have only their upper triangle: they are symmetric": {"shape": np.triu},
    "the covariances are spherical, one variance for all features: take all products": {
        "shape": lambda C: (
            np.trace(C, axis1=1, axis2=2)[:, None, None] * np.eye(C.shape[1]) / C.shape[1]
        )
    },
    "the covariances are correlations: do not divide by the standard deviations": {
        "shape": lambda C: C / np.sqrt(np.einsum("kdd,kee->kde", C, C))
    },
    "the covariances are one for all components, their plain average: each has its own": {
        "shape": lambda C: 0 * C + C.mean(axis=0)
    },
    "the last component has no covariance: does the loop end too early?": {
        "shape": lambda C: np.append(C[:-1], 0 * C[-1:], axis=0)
    },
    "the first component has no covariance: does the loop begin too late?": {
        "shape": lambda C: np.append(0 * C[:1], C[1:], axis=0)
    },
    "each covariance has those before it added: begin each component at zero": {
        "shape": lambda C: C.cumsum(axis=0)
    },
    "the root is taken of each entry of the covariances: leave the squares": {
        "shape": lambda C: np.sqrt(abs(C))
    },
    "the diagonal holds standard deviations: a covariance has variances there": {
        "shape": lambda C: only_diagonals(np.sqrt(abs(C)))
    },
    "these are the inverses of the covariances": {"shape": np.linalg.inv},
    "these are the Cholesky factors of the covariances": {"shape": np.linalg.cholesky},
    "the covariances are those of the first component, for all": {"shape": lambda C: 0 * C + C[0]},
}


def total_of_held(s, n):
    """The sum of the counts, of whatever was held for them."""
    return n.sum()


def with_altered_w(alter):
    """The answer with other weights."""
    return lambda X, r, w: weighted_m_step(X, r, alter(w))


def pooled(weights, means, covariances):
    """One covariance for all components."""
    return weights, means, 0 * covariances + np.tensordot(weights, covariances, 1)


WEIGHTED_M_STEP = (
    with_knobs(
        knobs.weighted_m_step,
        {said: {"held": held, "total": total_of_held} for said, held in HELD.items()}
        | {
            f"{said}; and the weights pi do not sum to one": {"held": held}
            for said, held in HELD.items()
        }
        | IN_WEIGHTED,
    )
    | {said: with_altered_w(alter) for said, alter in OF_W.items()}
    | {
        "the covariances are one for all components, pooled by the weights pi: each has its own": (
            lambda X, r, w: pooled(*weighted_m_step(X, r, w))
        ),
        "the covariances are that of all points: take those of each component": (
            lambda X, r, w: (
                *weighted_m_step(X, r, w)[:2],
                np.repeat(np.cov(X.T, aweights=w, ddof=0)[None], r.shape[1], axis=0),
            )
        ),
    }
)


# ---- A step of a stream --------------------------------------------------------------------------

IN_BOTH = {
    "nothing of the earlier points is forgotten: xi multiplies the old counts and sums": {
        "keep": lambda xi, N: 1.0
    },
    "the earlier points are left out, these are the counts and sums of the batch alone: add xi "
    "times the old ones": {"keep": lambda xi, N: 0.0},
    "the batch is multiplied by 1 - xi, as in an average: its points count once each": {
        "take": lambda xi: 1 - xi
    },
    "xi and 1 - xi are exchanged, as of an average: xi multiplies the old ones, and the batch "
    "counts whole": {"keep": lambda xi, N: 1 - xi, "take": lambda xi: xi},
    "1 - xi multiplies the old counts and sums: xi is what is kept of them": {
        "keep": lambda xi, N: 1 - xi
    },
    "xi multiplies the batch: it multiplies the old counts and sums": {
        "keep": lambda xi, N: 1.0,
        "take": lambda xi: xi,
    },
    "the batch is left out: add its counts and sums": {"take": lambda xi: 0.0},
    "xi multiplies all, the batch too: it multiplies the old counts and sums alone": {
        "take": lambda xi: xi
    },
    "xi counts twice, it is squared: once is enough": {"keep": lambda xi, N: xi**2},
    "the root of xi is taken: it is xi itself": {"keep": lambda xi, N: np.sqrt(xi)},
    "the old counts and sums are divided by xi: multiply": {"keep": lambda xi, N: 1 / xi},
    "xi counts once for each point of the batch, as a power: it counts once": {
        "keep": lambda xi, N: xi**N
    },
    "the exponential of -xi multiplies the old ones: it is xi itself": {
        "keep": lambda xi, N: np.exp(-xi)
    },
    "1 + xi multiplies the old counts and sums: it is xi": {"keep": lambda xi, N: 1 + xi},
    "the batch is subtracted: add it": {"take": lambda xi: -1.0},
    "the batch counts twice: add it once": {"take": lambda xi: 2.0},
    "each point of the batch goes wholly to its likeliest component: use r as it is": {
        "held": hard
    },
    "r is squared: use it as it is": {"held": np.square},
    "the root of r is taken: use it as it is": {"held": np.sqrt},
    "the last point of the batch is left out": {
        "held": lambda r: np.append(r[:-1], 0 * r[-1:], axis=0)
    },
    "the first point of the batch is left out": {
        "held": lambda r: np.append(0 * r[:1], r[1:], axis=0)
    },
    "r is in reversed order, so that the components are exchanged": {"held": lambda r: r[:, ::-1]},
    "the old counts are returned: return the new ones, with the batch": {
        "written": lambda s: (s.n, s.S)
    },
    "the old sums are returned: return the new ones, with the batch": {
        "written": lambda s: (s.N, s.t)
    },
    "the old counts and sums are returned: return the new ones, with the batch": {
        "written": lambda s: (s.n, s.t)
    },
    "the counts and sums of the batch alone are returned: return those of all": {
        "written": lambda s: (s.b, s.x)
    },
}
IN_ONE = {  # what goes wrong with the counts or the sums, where @ is their name
    "in the @, xi is left out: it multiplies the old ones": lambda xi, old, new: old + new,
    "in the @, the earlier points are left out: add xi times the old ones": (
        lambda xi, old, new: new
    ),
    "in the @, the batch is left out: add it": lambda xi, old, new: xi * old,
    "the @ are not updated, they are the old ones: forget by xi, and add the batch": (
        lambda xi, old, new: old
    ),
    "in the @, the batch is multiplied by 1 - xi, as in an average: its points count once each": (
        lambda xi, old, new: xi * old + (1 - xi) * new
    ),
    "in the @, xi and 1 - xi are exchanged, as of an average: xi multiplies the old ones, and the "
    "batch counts whole": lambda xi, old, new: (1 - xi) * old + xi * new,
    "in the @, 1 - xi multiplies the old ones: xi is what is kept of them": (
        lambda xi, old, new: (1 - xi) * old + new
    ),
    "in the @, xi multiplies the batch: it multiplies the old ones": (
        lambda xi, old, new: old + xi * new
    ),
    "in the @, xi multiplies all, the batch too: it multiplies the old ones alone": (
        lambda xi, old, new: xi * (old + new)
    ),
    "in the @, the batch is subtracted: add it": lambda xi, old, new: xi * old - new,
    "in the @, xi is added: multiply the old ones by it": lambda xi, old, new: xi + old + new,
    "in the @, xi is squared: once is enough": lambda xi, old, new: xi**2 * old + new,
    "in the @, the log of xi is taken: multiply by xi itself": (
        lambda xi, old, new: np.log(xi) * old + new
    ),
    "in the @, the root of xi is taken: multiply by xi itself": (
        lambda xi, old, new: np.sqrt(xi) * old + new
    ),
    "in the @, the old ones are divided by xi: multiply": lambda xi, old, new: old / xi + new,
    "in the @, the average of old and new is taken: add them, the old ones times xi": (
        lambda xi, old, new: (old + new) / 2
    ),
    "in the @, the old ones times xi multiply the batch: add it": (
        lambda xi, old, new: xi * old * new
    ),
    "in the @, the larger of old and new is taken: add them": (
        lambda xi, old, new: np.maximum(xi * old, new)
    ),
}
IN_STREAM = {
    "the counts are rounded: they need not be whole": {
        "counts": lambda s: np.round(s.keep * s.n + s.b)
    },
    "the counts of the batch are divided by N: add the sum of r itself": {
        "counts": lambda s: s.keep * s.n + normalised(s.b)
    },
    "N is added for each component: add the sum of its own responsibilities": {
        "counts": lambda s: s.keep * s.n + len(s.X)
    },
    "the points of the batch are shared out evenly: add the sum of each component's r": {
        "counts": lambda s: s.keep * s.n + len(s.X) / len(s.n)
    },
    "the batch counts twice in the counts: add the sum of r once": {
        "counts": lambda s: s.keep * s.n + 2 * s.b
    },
    "in the counts r is made hard, each point goes to its likeliest component: sum r itself": {
        "counts": lambda s: s.keep * s.n + hard(s.r).sum(axis=0)
    },
    "in the counts the largest r of each component is added: add the sum": {
        "counts": lambda s: s.keep * s.n + s.r.max(axis=0)
    },
    "in the counts r is squared: add the sum of r itself": {
        "counts": lambda s: s.keep * s.n + (s.r**2).sum(axis=0)
    },
    "the counts are divided by their sum: these are the weights": {
        "counts": lambda s: normalised(s.keep * s.n + s.b)
    },
    "1 is added to the counts, as if a row of r were summed: sum its columns": {
        "counts": lambda s: s.keep * s.n + 1
    },
    "the means of the batch are added to the sums: add the sum of r x, and divide at the end": {
        "sums": lambda s: s.keep * s.t + s.x / s.b[:, None]
    },
    "the old means are added to the sums of the batch: keep the old sums, and divide at the end": {
        "sums": lambda s: s.keep * s.t / s.n[:, None] + s.x
    },
    "means are added where sums belong: divide at the end": {
        "sums": lambda s: s.keep * s.t / s.n[:, None] + s.x / s.b[:, None]
    },
    "the sums are divided by the counts: these are the means": {
        "written": lambda s: (s.N, s.S / s.N[:, None])
    },
    "the sums are divided by the counts, and so the means are divided twice: return the sums": {
        "sums": lambda s: (s.keep * s.t + s.x) / s.N[:, None]
    },
    "in the sums r is left out: add the sum of r x": {
        "sums": lambda s: s.keep * s.t + s.X.sum(axis=0)
    },
    "in the sums r is made hard, each point goes to its likeliest component: add the sum of r x": {
        "sums": lambda s: s.keep * s.t + hard(s.r).T @ s.X
    },
    "in the sums the batch counts twice: add the sum of r x once": {
        "sums": lambda s: s.keep * s.t + 2 * s.x
    },
    "in the sums the points are squared: add the sum of r x": {
        "sums": lambda s: s.keep * s.t + s.r.T @ s.X**2
    },
    "in the sums r is squared: add the sum of r x": {
        "sums": lambda s: s.keep * s.t + (s.r**2).T @ s.X
    },
    "in the sums the batch is divided by N: add the sum of r x": {
        "sums": lambda s: s.keep * s.t + s.x / len(s.X)
    },
    "the weights pi are not updated: they are N_k over the sum of these, not 1 / K": {
        "weights": lambda s: np.ones_like(s.N)
    },
    "the weights pi are N_k: divide by their sum": {"total": lambda s, n: 1.0},
    "the weights pi are divided by the N of the batch: divide by the sum of all N_k": {
        "total": lambda s, n: len(s.X)
    },
    "the weights pi are those of the batch alone: take the counts with the earlier points": {
        "weights": lambda s: s.b
    },
    "the weights pi are the old ones: take the counts with the batch": {"weights": lambda s: s.n},
    "the weights pi do not sum to one: xi is left out below": {
        "total": lambda s, n: len(s.X) + s.n.sum()
    },
    "the weights pi are divided by the sum of the old counts: divide by that of the new": {
        "total": lambda s, n: s.n.sum()
    },
    "the weights pi are an average of old ones and those of the batch, by xi and 1 - xi: divide "
    "the new counts by their sum": {
        "weights": lambda s: s.xi * normalised(s.n) + (1 - s.xi) * normalised(s.b)
    },
    "the weights pi are halfway between the old ones and those of the batch: divide the new "
    "counts by their sum": {"weights": lambda s: normalised(s.n) + normalised(s.b)},
    "in the weights pi xi is left out: divide the new counts by their sum": {
        "weights": lambda s: s.n + s.b
    },
    "the weights pi are divided by the root of the sum of squares, a norm: divide by the sum": {
        "total": lambda s, n: np.linalg.norm(n)
    },
    "the weights pi are divided by K: divide the counts by their sum": {
        "total": lambda s, n: len(n)
    },
    "the weights pi are the counts over the sum of the sums: divide by the sum of the counts": {
        "total": lambda s, n: s.S.sum()
    },
    "the weights pi use the squares of the counts: divide the counts by their sum": {
        "weights": lambda s: s.N**2
    },
    "the weights pi are drawn to 1 / K by 1 - xi: divide the counts by their sum": {
        "weights": lambda s: s.xi * normalised(s.N) + (1 - s.xi) / len(s.N)
    },
    "the weights pi are a softmax: divide the counts by their sum": {
        "weights": lambda s: softmax(s.N)
    },
    "the weights pi are divided by the largest count: divide by the sum": {
        "total": lambda s, n: n.max()
    },
    "the means are those of the batch alone: divide the new sums by the new counts": {
        "means": lambda s: s.x / s.b[:, None]
    },
    "the means are the old ones: divide the new sums by the new counts": {
        "means": lambda s: s.t / s.n[:, None]
    },
    "the means are divided by the counts of the batch alone: divide by the new counts": {
        "means": lambda s: s.S / s.b[:, None]
    },
    "the means are divided by the old counts: divide by the new ones": {
        "means": lambda s: s.S / s.n[:, None]
    },
    "the means are divided by the sum of all counts: divide by N_k": {
        "means": lambda s: s.S / s.N.sum()
    },
    "the means are sums: divide by N_k": {"means": lambda s: s.S},
    "the means are divided by N_k + 1: divide by N_k": {
        "means": lambda s: s.S / (s.N + 1)[:, None]
    },
    "the means have the old sums alone above, without the batch: divide the new sums": {
        "means": lambda s: s.xi * s.t / s.N[:, None]
    },
    "in the means xi counts once more: divide the new sums by the new counts": {
        "means": lambda s: s.xi * s.S / s.N[:, None]
    },
    "the means are divided by the weights pi_k: divide by N_k": {
        "means": lambda s: s.S / normalised(s.N)[:, None]
    },
    "the means are divided by the N of the batch: divide by N_k": {
        "means": lambda s: s.S / len(s.X)
    },
    "in the means xi is left out below: divide by the new counts": {
        "means": lambda s: s.S / (s.n + s.b)[:, None]
    },
    "in the means xi is left out above: divide the new sums": {
        "means": lambda s: (s.t + s.x) / s.N[:, None]
    },
    "in the means xi is left out: divide the new sums by the new counts": {
        "means": lambda s: (s.t + s.x) / (s.n + s.b)[:, None]
    },
    "the means have the batch alone above, and all points below: divide the new sums": {
        "means": lambda s: s.x / s.N[:, None]
    },
    "the means are an average of the old ones and those of the batch, by xi and 1 - xi: each "
    "component's counts decide, so divide the new sums by the new counts": {
        "means": lambda s: s.xi * s.t / s.n[:, None] + (1 - s.xi) * s.x / s.b[:, None]
    },
    "the means are halfway between the old ones and those of the batch, a plain average: divide "
    "the new sums by the new counts": {
        "means": lambda s: (s.t / s.n[:, None] + s.x / s.b[:, None]) / 2
    },
    "the means do not use r: each is the mean of the batch": {
        "means": lambda s: 0 * s.S + s.X.mean(axis=0)
    },
}


def of_one(part, wrong):
    """A knob that spoils the counts or the sums."""
    if part == "counts":
        return {"counts": lambda s: wrong(s.xi, s.n, s.b)}
    return {"sums": lambda s: wrong(s.xi, s.t, s.x)}


STREAM_STEP = with_knobs(
    knobs.stream_step,
    IN_BOTH
    | {
        said.replace("@", part): of_one(part, wrong)
        for part in ("counts", "sums")
        for said, wrong in IN_ONE.items()
    }
    | IN_STREAM,
) | {
    "counts and sums are divided by the sum of the counts: they are sums over points": (
        lambda *a: (
            (c := stream_step(*a))[0] / c[0].sum(),
            c[1] / c[0].sum(),
            *c[2:],
        )
    )
}


# ---- The entropy that a merger takes away --------------------------------------------------------


def of_all(r):
    """The entropy of all responsibilities."""
    return entr(r).sum()


def after_merger(r, i, j):
    """What is left of it once i and j are one."""
    return of_all(r) - entropy_gain(r, i, j)


def apart(s):
    """What the two components have by themselves."""
    return s.term(s.a) + s.term(s.b)


def binary(p):
    """The entropy of p and 1 - p."""
    return entr(p) + entr(1 - p)


IN_GAIN = {
    "the sign is wrong: the entropy falls, so take what it was before less what it is after": {
        "minus": lambda before, after: after - before
    },
    "the entropy of what is put together is added: subtract it": {"minus": np.add},
    "only the two components before the merger are there: subtract the entropy of their sum": {
        "after": nothing
    },
    "only the merged component is there, after the merger: it is subtracted from the two before": {
        "before": nothing,
        "minus": lambda before, after: after,
    },
    "minus the merged component alone: the two components before the merger are missing": {
        "before": nothing
    },
    "the logarithm is to base 2: natural logarithms are asked for": {
        "end": lambda a: a / np.log(2)
    },
    "the logarithm is to base 10: natural logarithms are asked for": {
        "end": lambda a: a / np.log(10)
    },
    "this is the mean over the points: the sum is asked for": {
        "total": lambda s, gain: np.mean(gain)
    },
    "the average of the two is put together: a cluster has their sum": {
        "join": lambda a, b: (a + b) / 2
    },
    "the product of the two is put together: a cluster has their sum": {"join": np.multiply},
    "the larger of the two is put together, the largest: a cluster has their sum": {
        "join": np.maximum
    },
    "the smaller of the two is put together: a cluster has their sum": {"join": np.minimum},
    "the difference of the two is put together: a cluster has their sum": {
        "join": lambda a, b: abs(a - b)
    },
    "the root of the squares is put together: a cluster has the sum of the two": {"join": np.hypot},
    "the square of the sum is put together: a cluster has the sum of the two": {
        "join": lambda a, b: (a + b) ** 2
    },
    "r_ni / (1 - r_nj) is put together, as if j were dropped: a cluster has the sum of the two": {
        "join": lambda a, b: a / (1 - b)
    },
    "the root of the product is put together: a cluster has the sum of the two": {
        "join": lambda a, b: np.sqrt(a * b)
    },
    "the factor r is missing before log r, a log alone: the entropy is -r log r": {
        "term": lambda p: -np.log(p)
    },
    "entr has the factor r squared: it is -r log r": {"term": lambda p: -(p**2) * np.log(p)},
    "entr has the root of r for a factor: it is -r log r": {
        "term": lambda p: -np.sqrt(p) * np.log(p)
    },
    "log (1 + r) stands where log r belongs": {"term": lambda p: -p * np.log1p(p)},
    "this is r (1 - r), the index of Gini: the entropy has -r log r": {
        "term": lambda p: p * (1 - p)
    },
    "squares stand where -r log r belongs": {"term": np.square},
    "a constant of 0.1 is added in the logarithm: 0 log 0 is 0, and no other log needs one": {
        "term": lambda p: -p * np.log(p + 0.1)
    },
    "a constant of 0.01 is added in the logarithm: 0 log 0 is 0, and no other log needs one": {
        "term": lambda p: -p * np.log(p + 0.01)
    },
    "a constant of 0.001 is added in the logarithm: 0 log 0 is 0, and no other log needs one": {
        "term": lambda p: -p * np.log(p + 0.001)
    },
    "the rest, 1 - r, has an entropy here too: the other components stay as they are": {
        "term": binary
    },
    "the entropy of 1 - r stands where that of r belongs": {"term": lambda p: entr(1 - p)},
    "only the second of the two is there before the merger: add the entropy of the first": {
        "before": lambda s: s.term(s.b)
    },
    "only the first of the two is there before the merger: add the entropy of the second": {
        "before": lambda s: s.term(s.a)
    },
    "the entropies of the two are multiplied: add them": {
        "before": lambda s: s.term(s.a) * s.term(s.b)
    },
    "the entropies of the two are subtracted: add them": {
        "before": lambda s: s.term(s.a) - s.term(s.b)
    },
    "the entropies of the two are averaged, halved: add them": {"before": lambda s: apart(s) / 2},
    "the larger entropy of the two is taken: add them": {
        "before": lambda s: np.maximum(s.term(s.a), s.term(s.b))
    },
    "the factor r is missing before the log of the merged component: it is -r log r": {
        "after": lambda s: -np.log(s.both)
    },
    "the rest, 1 less the two, stands where their sum belongs": {
        "after": lambda s: s.term(1 - s.both)
    },
    "the merged component counts twice: subtract it once": {"after": lambda s: 2 * s.term(s.both)},
    "the merged component counts half: subtract all of it": {"after": lambda s: s.term(s.both) / 2},
    "only the largest gain of a point is there, the maximum: sum over all points": {
        "total": lambda s, gain: gain.max()
    },
    "only the first point is there: sum over all points": {"total": lambda s, gain: gain[0]},
    "only the last point is there: sum over all points": {"total": lambda s, gain: gain[-1]},
    "the last point is left out": {"total": lambda s, gain: gain[:-1].sum()},
    "the first point is left out": {"total": lambda s, gain: gain[1:].sum()},
    "only the points whose likeliest component is one of the two are summed: sum over all": {
        "total": lambda s, gain: gain[np.maximum(s.a, s.b) >= s.r.max(axis=1)].sum()
    },
    "the two shares are divided by their sum, and not weighed by it: a point adds r_ni + r_nj "
    "times the entropy of the pair": {"total": lambda s, gain: (gain / s.both).sum()},
    "the gain of each point is multiplied by its share in the two: the share is in it already": {
        "total": lambda s, gain: (gain * s.both).sum()
    },
    "the gain is divided by the points merged, a mean of these: the sum is asked for": {
        "total": lambda s, gain: gain.sum() / s.both.sum()
    },
    "the gain is a share of the whole entropy, divided by it: the fall itself is asked for": {
        "total": lambda s, gain: gain.sum() / of_all(s.r)
    },
    "the gain is divided by K: the sum over the points is asked for": {
        "total": lambda s, gain: gain.sum() / s.r.shape[1]
    },
    "the gain is divided by log K, as if to base K: natural logarithms are asked for": {
        "total": lambda s, gain: gain.sum() / np.log(s.r.shape[1])
    },
    "this is the median over the points: the sum is asked for": {
        "total": lambda s, gain: np.median(gain)
    },
    "the gain of each point is squared: sum it as it is": {
        "total": lambda s, gain: (gain**2).sum()
    },
    "the exponential is taken: the fall itself is asked for": {"end": np.exp},
    "the logarithm of the gain is taken: the fall itself is asked for": {"end": np.log},
    "this is half of the gain: there is no 1/2": {"end": lambda a: a / 2},
    "this is twice the gain": {"end": lambda a: 2 * a},
    "this is the root of the gain": {"end": np.sqrt},
    "component i is taken twice: the second is j": {"columns": lambda r, i, j: (r[:, i], r[:, i])},
    "component j is taken twice: the first is i": {"columns": lambda r, i, j: (r[:, j], r[:, j])},
    "the components one before are taken: i and j are indices, they count from 0": {
        "columns": lambda r, i, j: (r[:, i - 1], r[:, j - 1])
    },
    "the rows i and j are taken: a component is a column of r": {
        "columns": lambda r, i, j: (r[i], r[j])
    },
    "the first two components are taken: take i and j": {
        "columns": lambda r, i, j: (r[:, 0], r[:, 1])
    },
    "the points are summed first: take the entropy of each point, and sum last": {
        "columns": lambda r, i, j: (r[:, i].sum(), r[:, j].sum())
    },
    "the points are averaged first, and this is the entropy of the mean: take that of each point, "
    "and sum last": {"columns": lambda r, i, j: (r[:, i].mean(), r[:, j].mean())},
    "each column is divided by its sum: take r as it is": {
        "columns": lambda r, i, j: (normalised(r[:, i]), normalised(r[:, j]))
    },
    "each row of r is sorted: component k is column k": {"held": lambda r: np.sort(r, axis=1)},
    "r is rounded to one decimal": {"held": lambda r: np.round(r, 1)},
    "r is squared: take it as it is": {"held": np.square},
    "the gain of the columns of log r: take r itself": {"held": lambda r: -np.log(r)},
}
ENTROPY_GAIN = with_knobs(knobs.entropy_gain, IN_GAIN) | {
    "this is the entropy of r, of all components: the fall is asked for": (
        lambda r, i, j: of_all(r)
    ),
    "this is the entropy that is left after the merger: the fall is asked for": after_merger,
    "the other components are in what was before, and not in what is after: they stay as they "
    "are": lambda r, i, j: of_all(r) - entr(r[:, i] + r[:, j]).sum(),
    "this is minus the entropy that is left after the merger: the fall is asked for": (
        lambda r, i, j: -after_merger(r, i, j)
    ),
    "the other components are subtracted, with the sign of the fall turned, minus: take the two "
    "before less the two as one": lambda r, i, j: entr(r[:, i] + r[:, j]).sum() - of_all(r),
    "this is a Kullback-Leibler divergence, of log (r_ni / r_nj): take three entropies": (
        lambda r, i, j: (r[:, i] * np.log(r[:, i] / r[:, j])).sum()
    ),
    "this is a Kullback-Leibler divergence, of log (r_nj / r_ni): take three entropies": (
        lambda r, i, j: (r[:, j] * np.log(r[:, j] / r[:, i])).sum()
    ),
    "this is a cross entropy, -r_ni log r_nj: take three entropies": (
        lambda r, i, j: -(r[:, i] * np.log(r[:, j])).sum()
    ),
    "this is a cross entropy, -r_nj log r_ni: take three entropies": (
        lambda r, i, j: -(r[:, j] * np.log(r[:, i])).sum()
    ),
    "this is how much the two overlap, the sum of their products: take three entropies": (
        lambda r, i, j: (r[:, i] * r[:, j]).sum()
    ),
    "this is the sum of the smaller of the two: take three entropies": (
        lambda r, i, j: np.minimum(r[:, i], r[:, j]).sum()
    ),
    "this is log 2 for each point of the two, the most that it can be": (
        lambda r, i, j: np.log(2) * (r[:, i] + r[:, j]).sum()
    ),
    "the rows are divided by their sums again once one component is dropped: add up the two "
    "columns": lambda r, i, j: of_all(r) - of_all(without(r, j)),
    "component j is dropped, and its share is lost: add it to that of i": (
        lambda r, i, j: entr(r[:, j]).sum()
    ),
}


def without(r, j):
    """Responsibilities of the other components."""
    others = np.delete(r, j, axis=1)
    return others / others.sum(axis=1, keepdims=True)
