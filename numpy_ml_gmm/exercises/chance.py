"""What is asked of a sample beyond its moments: the noise is normal, and all is by chance."""

from __future__ import annotations

import numpy as np
from scipy.stats import chi2, norm

MOST = 0.025  # of the distance of two distribution functions; chance gives it once in 1e10 samples
NOT_NORMAL = (
    "the noise is not normal, whatever its variance: its distribution has another shape. Draw it "
    "with rng.normal"
)
NOT_ITS_OWN = (
    "two samples with the same rng in the same state differ: something is drawn from another "
    "generator. Draw all from rng"
)
NO_RNG = "{} the same for every rng: does it come from a generator of its own? Draw all from rng"
FIXED_COUNTS = (
    "the counts of the components are fixed, n pi_k rounded: z is drawn at random, so they come "
    "out by chance"
)
EXACT_MOMENTS = (
    "the noise has mean 0 exactly, more than chance allows: is it standardised, or are draws "
    "mirrored? Use it as it is drawn"
)
ALL_THE_SAME = "every point of a component is the same: each point needs a draw of its own"
WHOLE = "the points are rounded to whole numbers"


def distance(values, distribution):
    """The largest distance of the distribution function of the values to that of a distribution."""
    n = len(values)
    F = distribution.cdf(np.sort(values))
    return max((np.arange(1, n + 1) / n - F).max(), (F - np.arange(n) / n).max())


def noise(X, z, means, covariances):
    """What becomes of the noise when each point is brought to mean 0 and covariance 1, (n, D)."""
    u = np.empty_like(X)
    for k in range(len(means)):
        L = np.linalg.cholesky(covariances[k])
        u[z == k] = np.linalg.solve(L, (X[z == k] - means[k]).T).T
    return u


class Chance:
    """Called if the moments of a sample are right; it says what else is wrong."""

    def __call__(self, raw, problems, answer_to):
        """What is wrong about the samples, in words, or nothing."""
        return (
            self.wrong_shape(raw, problems)
            or self.too_exact(raw, problems)
            or self.wrong_source(problems, answer_to)
        )

    def wrong_shape(self, raw, problems):
        """Whether the noise of each component has another shape than the normal one."""
        if all((X == np.round(X)).all() for X, _ in raw):
            return WHOLE
        if all((X[z == z[0]] == X[z == z[0]][0]).all() for X, z in raw):
            return ALL_THE_SAME
        return NOT_NORMAL if all(map(self.not_normal, raw, problems)) else ""

    def not_normal(self, sample, arguments):
        """Whether every component's noise, in units of its own moments, is not normal."""
        X, z = sample
        D = X.shape[1]
        for k in range(len(arguments[1])):
            of_k = X[z == k]
            if len(of_k) < 100:
                return False
            C = np.atleast_2d(np.cov(of_k.T))
            if np.linalg.matrix_rank(C) < D:
                return False
            u = noise(of_k, np.zeros(len(of_k)), of_k.mean(axis=0)[None], C[None])
            gaps = [distance((u**2).sum(axis=1), chi2(D)), *(distance(a, norm) for a in u.T)]
            if max(gaps) < MOST * np.sqrt(20_000 / len(of_k)):
                return False
        return True

    def too_exact(self, raw, problems):
        """Whether the mean of the noise is nearer to 0 than chance brings it."""
        exact = []
        for (X, z), (_, _, means, covariances, _) in zip(raw, problems, strict=True):
            u = noise(X, z, means, covariances)
            sums = [u[z == k].mean(axis=0) * np.sqrt((z == k).sum()) for k in range(len(means))]
            exact.append(np.abs(sums).max() < 0.1)
        return EXACT_MOMENTS if all(exact) else ""

    def wrong_source(self, problems, answer_to, n=500):
        """Whether the numbers come from somewhere else than rng."""
        fixed = []
        for _, weights, means, covariances, rng in problems:
            theta = weights, means, covariances
            (X, z), again, (Y, other) = (
                answer_to((n, *theta, np.random.default_rng(seed)))
                for seed in [*[int(rng.bit_generator.state["state"]["state"] % 2**31)] * 2, 1]
            )
            if not all(map(np.array_equal, (X, z), again)):
                return NOT_ITS_OWN
            if np.array_equal(X, Y):
                return NO_RNG.format("the points are")
            expected = n * weights
            counts = [np.array([(a == k).sum() for k in range(len(weights))]) for a in (z, other)]
            fixed.append(
                (counts[0] == counts[1]).all() and (np.abs(counts[0] - expected) <= 1).all()
            )
            if not fixed[-1] and np.array_equal(z, other):
                return NO_RNG.format("the components z are")
            squares = [
                (noise(A, a, means, covariances) ** 2).sum(axis=1) for A, a in [(X, z), (Y, other)]
            ]
            if self.alike(*squares) or self.alike(
                *(d2[a == np.argmax(weights)] for d2, a in zip(squares, (z, other), strict=True))
            ):
                return NO_RNG.format("the noise is")
        return FIXED_COUNTS if all(fixed) else ""

    def alike(self, a, b):
        """Whether two sequences begin with the same numbers."""
        n = min(len(a), len(b), 20)
        return n > 2 and bool(np.allclose(a[:n], b[:n], rtol=1e-6))
