r"""Noise: one component more, uniform over a box around the data.

A point that belongs to no cluster would pull a mean, or take a component for itself.  With a
uniform component of volume V it has a place of its own (:eq:`noise`):

.. math::

    p(x) = \frac{\pi_0}{V} + \sum_k \pi_k \, \mathcal{N}(x \mid \mu_k, \Sigma_k) .

Its log joint is a number, :math:`\log \pi_0 - \log V`, so its natural parameters are that number
and zeros, and EM learns :math:`\pi_0` as it learns the other weights.

============ ============ ===================================================================
symbol       name         meaning
============ ============ ===================================================================
``V``                     the smaller volume of two boxes: along the features, and along the
                          principal components of the data
``centre``   (D,)         of the box
``edges``    (D, D)       half an edge in each row
============ ============ ===================================================================

Sources: Banfield & Raftery (1993), *Model-based Gaussian and non-Gaussian clustering*, Biometrics
49(3); Fraley & Raftery (1998), *How many clusters? Which clustering method?*, Computer Journal
41(8), for the hypervolume of mclust; Byers & Raftery (1998), *Nearest-neighbor clutter removal for
estimating features in spatial point processes*, Journal of the American Statistical Association
93, for the first guess of which points are noise.
"""

from typing import NamedTuple

import numpy as np
import scipy
from scipy.special import expit, logit

from .blocks import slices
from .frames import EPS, TINY
from .parameters import Parameters
from .statistics import one_component


class Box(NamedTuple):
    """Where the noise lies: centre + u @ edges for u in [-1, 1]^D.

    Examples
    --------
    >>> Box(np.zeros(2), np.diag([1.0, 2.0])).log_volume.round(4)  # log(2 * 4)
    np.float64(2.0794)
    """

    centre: np.ndarray  # (D,)
    edges: np.ndarray  # (D, D)

    @classmethod
    def of(cls, rows):
        """The smaller of the two boxes around rows; around rows that lack features, the first."""
        low, high = extent(rows)
        aligned = cls((low + high) / 2, np.diag((high - low) / 2))
        if rows.patterns is not None or rows.X.shape[1] == 1:
            return aligned
        W = one_component(rows, diagonal=False).scatters[0]
        axes = np.linalg.eigh(W / W.max())[1].T  # a row each
        low, high = extent(rows, axes)
        if (high - low).min() <= np.sqrt(EPS) * (high - low).max():  # they lie in a plane, nearly
            return aligned
        turned = cls((low + high) / 2 @ axes, (high - low)[:, None] / 2 * axes)
        return min(aligned, turned, key=lambda box: box.log_volume)

    @property
    def aligned(self):
        """Whether its edges lie along the features."""
        return not (self.edges - np.diag(self.edges.diagonal())).any()

    @property
    def log_volume(self):
        """The log of the volume."""
        lengths = np.linalg.norm(self.edges, axis=1)  # at right angles to each other
        return np.log(2 * lengths).sum()

    def log_density(self, missing=None):
        """The log density: a number, or (n,) of points that lack features (n, D)."""
        if missing is None:
            return -self.log_volume
        if not missing.any():
            return np.full(len(missing), -self.log_volume)
        if not self.aligned:
            raise ValueError(
                "X lacks values, but the box of the noise lies across the features, and what is "
                "seen of it is not uniform: fit to points some of which lack values too"
            )
        return -(~missing @ np.log(2 * self.edges.diagonal()))

    def holds(self, X):
        """Whether each point (N, D) is in the box, (N,); nan, where its edges are aligned, is."""
        lengths = np.maximum(np.linalg.norm(self.edges, axis=1), TINY)
        delta = np.where(np.isnan(X), 0, X - self.centre)
        return (np.abs(delta @ (self.edges.T / lengths)) <= lengths * (1 + 1e-9)).all(axis=1)

    @property
    def variances(self):
        """Of each feature of a point in the box, (D,)."""
        return (self.edges**2).sum(axis=0) / 3

    def beside(self, theta, weight):
        """A mixture, and in the last place the noise: its weight, and a Gaussian to fill the place.

        The density of that Gaussian is never used.
        """
        rest, variances = (1 - weight) / np.maximum(theta.weights.sum(), TINY), self.variances
        variances = variances if theta.diagonal else np.diag(variances)
        return Parameters(
            with_last(theta.weights * rest, weight, axis=0),
            with_last(theta.means, self.centre, axis=0),
            with_last(theta.covariances, variances, axis=0),
        )

    def draw(self, n, rng):
        """Points (n, D) in the box."""
        return self.centre + rng.uniform(-1, 1, (n, len(self.centre))) @ self.edges


def with_last(a, value, axis):
    """An array with one place more on an axis, which holds ``value``."""
    shape = list(a.shape)
    shape[axis] = 1
    return np.concatenate([a, np.broadcast_to(value, shape)], axis=axis)


def extent(rows, axes=None):
    """The least and the largest coordinate (D,) of the rows that count, along some axes (D, D)."""

    def ends(rows):
        """The largest of -x and of x: the larger of both holds for two sets of rows together."""
        found = []
        for some in slices(0, len(rows.X), 8192):
            x, w, *_ = rows.block(some)
            x = x if w is None else x[:, w > 0]
            x = x if axes is None else axes @ x
            found += [np.fmax.reduce(s * x, axis=1, initial=-np.inf) for s in (-1, 1)]
        return np.max([found[::2], found[1::2]], axis=1).astype(float)

    low, high = rows.gathered(ends, np.maximum)
    return -low, high


NEIGHBOURS, SHARE = 8, 0.05  # of a point whose density is guessed; weight of the noise, if not


def likely_noise(Z, w):
    r"""For each point (N,) the probability that it is noise, by how far its neighbours are.

    Points of a Poisson process have their m-th neighbour at a distance d for which
    :math:`d^D` has a gamma distribution with shape m.  Clusters and noise are two such processes
    of different density: EM for a mixture of two gammas, from one half of the points each.
    """
    N, D = Z.shape
    m = min(NEIGHBOURS, N - 1)
    if m < 1:
        return np.zeros(N)
    log_y = D * np.log(np.maximum(scipy.spatial.KDTree(Z).query(Z, m + 1)[0][:, -1], 1e-100))
    log_y = np.maximum(log_y - log_y.max(), -500)  # equal points: a rate that is still a number
    r = (log_y > np.median(log_y)).astype(float)
    for _ in range(50):
        pi = np.clip(w @ r / w.sum(), 1e-6, 1 - 1e-6)
        sums = [(w @ p, w @ (p * np.exp(log_y))) for p in (r, 1 - r)]
        a, b = (m * max(n, TINY) / max(total, TINY) for n, total in sums)
        log_a, log_b = np.log(a), np.log(b)
        r = expit(logit(pi) + m * (log_a - log_b) - (a - b) * np.exp(log_y))
    return r


def guesses_with_noise(guess, Z, w, K, n):
    """Responsibilities (N, K + 1) of n first guesses; the last column is the noise.

    ``guess`` gives (N, K) for rows and weights, and the number of the guess.  Those with an even
    number look at the points that have near neighbours, and call the others noise.
    """
    dense = likely_noise(Z, w) < 0.5
    if np.count_nonzero(dense & (w > 0)) <= max(2 * K, Z.shape[1]):
        dense[:] = True
    for i in range(n):
        r = np.zeros((len(Z), K + 1))
        some = dense if i % 2 == 0 else np.ones(len(Z), bool)
        r[some, :-1] = guess(Z[some], w[some], i)
        r[~some, -1] = 1
        r[:, :-1] *= 1 - SHARE
        r[some, -1] = SHARE
        yield r
