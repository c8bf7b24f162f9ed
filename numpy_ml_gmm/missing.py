r"""Missing values: the E step where rows lack some of their features.

A row that lacks features is an ordinary point of the features that it has, and those have a
mixture too: the marginal one.  So the likelihood and the responsibilities are known
(:eq:`marginal-density`).  What the M step needs of the row is completed by what its component
expects of the missing features m, given the observed ones o (:eq:`lifting`):

.. math::

    \hat x_k = \mu_k + G_k (x_o - \mu_{k,o}), \qquad
    G_k = \begin{pmatrix} I \\ \Sigma_{mo} \Sigma_{oo}^{-1} \end{pmatrix}, \qquad
    C_k = \Sigma_{mm} - \Sigma_{mo} \Sigma_{oo}^{-1} \Sigma_{om} .

Rows of one pattern share G and C, so their sums are completed at once:
:math:`W = G W_o G^\top + N_k C`.  Then the patterns add up.  Rows of patterns that few share are
completed one by one.

The sums enter EM as features T(x) do, so the E step, :meth:`GMM.e_step_of_block
<numpy_ml_gmm.GMM.e_step_of_block>`, is the same: ``eta @ T``, a softmax, ``r @ T.T``.

=========== ================== ============================================================
name        shape              meaning
=========== ================== ============================================================
``K``                          number of components, of all mixtures side by side
``P``                          number of patterns that are common enough to share their sums
``missing`` (P, D)             which features a pattern lacks
``z``       (B, D)             points about the frame's c, in units of the spread
``delta``   (K, B, D)          completed points of a block, less the component's mean
``sums``    (K, F) each        sums of each pattern, and of the rows taken one by one
=========== ================== ============================================================

Source: Ghahramani & Jordan (1994), *Supervised learning from incomplete data via an EM approach*,
NIPS 6, pages 120-127.
"""

import copy
from functools import cached_property

import numpy as np
from scipy.special import softmax

from .blocks import block_size, map_chunks
from .frames import (
    HORIZON,
    TINY,
    WIDE,
    Features,
    Frame,
    Natural,
    OwnFeatures,
    SingularCovariance,
    features,
    inverse_triangles,
    n_features,
    n_sums,
    of_mixture,
    packed,
    unpacked,
)
from .parameters import Parameters, diagonals

# A pattern that so many rows share, for each feature, pays for natural parameters of its own.
COMMON = 2
# At most so many numbers in the matrices of all common patterns: 32 megabytes each.
MOST_NUMBERS = 2**22


def natural_of(theta, rows, frame=None):
    """Natural parameters for some rows, whether or not they lack features."""
    kind = Natural.of if rows.patterns is None else NaturalOfPatterns
    return kind(theta, rows, frame)


class NaturalOfPatterns:
    """What :class:`~numpy_ml_gmm.frames.Natural` is to an E step, for rows that lack features.

    In a pattern a missing feature is replaced by an independent one, observed at its mean; it
    says nothing, and what its density adds is taken off again.  So all patterns have
    natural parameters of one shape, and features in one frame.
    """

    wide = False  # responsibilities are never sparse here
    log_factors = 0.0  # what is added to the log joint of each component (K, 1)

    def __init__(self, theta, rows, frame=None):
        self.shape, self.dtype = theta.weights.shape, rows.precision
        theta = Parameters(*(a.reshape(-1, *a.shape[len(self.shape) :]) for a in theta))
        self.frame = frame or of_mixture(theta.weights / theta.weights.sum(), *theta[1:])
        patterns = rows.patterns
        self.missing, self.errors = patterns.missing, patterns.errors
        self.diagonal = self.frame.A.ndim == 1
        self.contracted = self.diagonal and self.errors is not None and self.errors.ndim == 3
        if self.contracted:  # errors that are correlated make what is expected correlated too
            self.diagonal, D = False, len(self.frame.c)
            theta = theta._replace(covariances=theta.covariances[..., None] * np.eye(D))
            self.frame = Frame.scaled(self.frame.c, self.frame.A_inv, diagonal=False)
        scale = self.frame.A_inv
        variances = scale**2 if self.diagonal else np.einsum("ij,ij->i", scale, scale)
        self.unit = np.sqrt(variances)  # (D,) what z is measured in
        self.square = variances if self.diagonal else np.outer(self.unit, self.unit)
        self.theta = theta._replace(
            means=(theta.means - self.frame.c) / self.unit,
            covariances=theta.covariances / self.square,
        )
        with np.errstate(divide="ignore"):
            log_pi = np.log(theta.weights).reshape(self.shape)
        self.noise = None if rows.box is None else log_pi[..., -1:]
        K, D = theta.means.shape
        if self.errors is None:
            most = max(1, MOST_NUMBERS // (K * D * D))
            self.P = max(1, min(np.count_nonzero(patterns.counts >= COMMON * D), most))
            self.common = self.of_common_patterns(theta, rows, frame is not None)
            self.eta = self.common.eta
        else:
            self.P, self.eta = 0, np.zeros((0, n_sums(D, self.diagonal, D >= WIDE)))
            self.errors = self.errors / (variances if self.errors.ndim == 2 else self.square)
        self.rare_rows = 1 - patterns.starts[self.P] / patterns.starts[-1]  # as a portion of all

    def of_common_patterns(self, theta, rows, fitted):
        """Natural parameters (P K, F) of patterns that many rows share (:eq:`padded-density`)."""
        K, D = theta.means.shape
        missing = self.missing[: self.P, None]  # (P, 1, D)
        means = np.where(missing, self.frame.c, theta.means)  # (P, K, D)
        covariances = variances = theta.covariances
        if self.diagonal:
            covariances = np.broadcast_to(variances, means.shape)
        else:
            variances = diagonals(covariances)  # (K, D)
            apart = missing[..., None] | missing[..., None, :]
            covariances = np.where(apart, variances[..., None] * np.eye(D), covariances)
        flat = Parameters(
            np.tile(theta.weights, self.P),
            means.reshape(-1, D),
            covariances.reshape(self.P * K, *covariances.shape[2:]),
        )
        try:
            natural = Natural.of(flat, rows, self.frame, fitted)
        except SingularCovariance as error:
            every = [k % K for k in error.every]  # of pattern after pattern
            points = theta.weights[every[0]] * rows.total_weight
            raise SingularCovariance(every[0], points, every) from None
        # What the independent features add, at their means, is taken off again.
        added = -(missing * np.log(2 * np.pi * variances)).sum(axis=-1) / 2  # (P, K)
        natural.eta[:, 0] -= added.ravel()
        return natural

    def shifted(self, log_factors):
        """The same, with numbers added to the log joint, for every pattern the same."""
        found = copy.copy(self)
        found.eta = self.eta.copy()
        found.eta[:, 0] += np.tile(log_factors.ravel(), self.P)
        found.log_factors = self.log_factors + log_factors.reshape(-1, 1)
        return found

    def features_of_patterns(self, x, places):
        """T of points x (D, B) in which nothing is missing any more, for each (pattern, place)."""
        K, F = len(self.theta.weights), self.eta.shape[1]
        own_of = {}
        for k, frame in self.common.own.items():
            own_of.setdefault(k // K, {})[k % K] = frame
        T, found = None, []
        if len(self.common.own) < len(self.eta):
            T = features(self.frame.points(x), self.diagonal)
        for p, some in places:
            shared, own = None if T is None else T[:, some], own_of.get(p)
            found.append(shared if own is None else OwnFeatures(shared, x[:, some], own, F))
        return found

    @cached_property
    def roots(self):
        r"""U with :math:`U^\top U = \Sigma^{-1}`, and log determinants of Sigma, in units of z."""
        S = self.theta.covariances
        if self.diagonal:
            return S**-0.5, np.log(S).sum(axis=-1)
        U = inverse_triangles(cholesky_of_each(S))  # the factor is inverted, never the covariance
        return U, -2 * np.log(diagonals(U)).sum(axis=-1)

    @cached_property
    def precisions(self):
        """The inverse of each covariance, in units of z."""
        U = self.roots[0]
        return U.transpose(0, 2, 1) @ U

    def conditionals(self, patterns):
        """For patterns with equally many features missing (:eq:`conditional-precision`).

        Yields numbers of patterns (n,), of their missing features (n, m), and a root of the
        conditional covariance, C = root root^T (K, n, m, m).
        """
        n_missing = self.missing[patterns].sum(axis=1)
        for m in np.unique(n_missing[n_missing > 0]):
            which = patterns[n_missing == m]
            i = np.nonzero(self.missing[which])[1].reshape(-1, m)
            L = cholesky_of_each(self.precisions[:, i[:, :, None], i[:, None, :]])
            yield which, i, np.swapaxes(inverse_triangles(L), -1, -2)

    @cached_property
    def rare(self):
        """Of the patterns that are completed row by row: as above, but before the root what the
        columns of U span, as orthonormal columns (K, n, D, m)."""
        if self.diagonal:
            return []
        found, U = [], self.roots[0]
        for which, i, root in self.conditionals(np.arange(self.P, len(self.missing))):
            found.append((which, i, U[:, :, i].transpose(0, 2, 1, 3) @ root, root))
        return found

    @property
    def order(self):
        """How the points of a block lie in memory."""
        return "F" if len(self.frame.c) >= WIDE else "C"

    def block_size(self, n_rows):
        """Rows in a block, so that what it needs fits the cache."""
        K, D = self.theta.means.shape
        matrices = self.errors is not None and not self.diagonal
        completed = int(self.rare_rows * 4 * K * D * (D if matrices else 1))
        return block_size(self.eta.shape[1] + K + completed, n_rows, self.dtype)

    def features(self, block):
        """T of a block."""
        return FeaturesOfPatterns(self, block)

    log_joint, with_priors = Natural.log_joint, Natural.with_priors

    @cached_property
    def lifts(self):
        """G and C of every common pattern, (P, K, D, D), or diagonals (P, K, D) as they are."""
        missing = self.missing[: self.P]
        K, D = self.theta.means.shape
        if self.diagonal:
            return ~missing[:, None], missing[:, None] * self.theta.covariances
        G = np.zeros((self.P, K, D, D))
        G[...] = np.eye(D) * ~missing[:, None, None]
        C = np.zeros((self.P, K, D, D))
        for which, i, root in self.conditionals(np.arange(self.P)):
            inside = root @ np.swapaxes(root, -1, -2)
            H = -inside @ self.precisions[:, i]  # (K, n, m, D)
            H *= ~missing[which][:, None]
            n, k = which[:, None], np.arange(K)[:, None, None]
            G[n, k, i] = H
            C[which[:, None, None], k[..., None], i[:, :, None], i[:, None, :]] = inside
        return G, C

    def moments(self, sums):
        """Counts, first moments, scatters of all rows: completed, and then added (:eq:`merge`)."""
        K, P = len(self.theta.weights), self.P
        none = np.zeros((K, self.eta.shape[1]))
        each = [sums.parts.get(p, none) for p in range(P + 1)]
        together = np.concatenate(each[:P]) if P else none
        parts = self.completed_together(together), self.completed_apart(each[P])
        N, m, W = (np.concatenate(both) for both in zip(*parts, strict=True))  # (P + 1, K, ...)
        total, firsts, W = N.sum(axis=0), (N[..., None] * m).sum(axis=0), W.sum(axis=0)
        delta = np.sqrt(N)[..., None] * (m - firsts / np.maximum(total, TINY)[:, None])
        if self.diagonal:
            W += (delta * delta).sum(axis=0)
        else:
            delta = delta.transpose(1, 2, 0)  # (K, D, P + 1)
            W += delta @ delta.transpose(0, 2, 1)
            W = (W + np.swapaxes(W, 1, 2)) / 2  # they differ by rounding
        W *= self.square
        return total, firsts * self.unit, diagonals(W).copy() if self.contracted else W

    def completed_together(self, sums):
        """Counts, means and scatters (P, K, ...) of the common patterns (:eq:`lifted-sums`)."""
        (K, D), P, mu = self.theta.means.shape, self.P, self.theta.means
        if P == 0:
            return np.zeros((0, K)), np.zeros((0, K, D)), np.zeros((0, K, *self.square.shape))
        N, firsts, W = self.common.moments(sums)
        N = N.reshape(P, K)
        m = (firsts / self.unit).reshape(P, K, D) / np.maximum(N, TINY)[..., None]
        W = (W / self.square).reshape(P, K, *W.shape[1:])
        G, C = self.lifts
        if self.diagonal:
            return N, np.where(G, m, mu), G * W + N[..., None] * C
        m = mu + (G @ (m - mu)[..., None])[..., 0]
        return N, m, G @ W @ np.swapaxes(G, -1, -2) + N[..., None, None] * C

    def completed_apart(self, sums):
        """Those of the points that were completed one by one, as of one pattern more."""
        D = len(self.unit)
        N, first, W = sums[:, 0], sums[:, 1 : D + 1], sums[:, D + 1 :]  # about the means
        shift = first / np.maximum(N, TINY)[:, None]
        if self.diagonal:
            W = W - first * shift
        else:
            W = W.reshape(-1, D, D) if W.shape[1] == D * D else unpacked(W, D)
            W = W - first[:, :, None] * shift[:, None, :]
        return N[None], (self.theta.means + shift)[None], W[None]


def completed(theta, rows):
    """X (N, D) with each missing number as the mixture expects it, given those of its row."""
    natural, X = natural_of(theta, rows), rows.X.copy()

    def fill(blocks):
        for some in blocks:
            block = rows.block(some, natural.order)
            T = natural.features(block)
            joint = natural.with_priors(natural.eta @ T, block)
            x = block.x.T
            x = np.where(np.isnan(x), T.completed(softmax(joint, axis=0)), x)
            X[rows.patterns.order[some]] = x

    for _ in map_chunks(fill, len(X), natural.block_size(len(X)), rows.n_jobs):
        pass
    return X


class FeaturesOfPatterns(Features):
    """T of a block whose rows lack features: ``eta @ T`` and ``r @ T.T`` mean what they should.

    The first is the log joint of what is observed, (K, B) (:eq:`marginal-density`).  The second is
    the sums of every common pattern, each in its own rows, and last those of the points that are
    completed one by one, about the means of their components.
    """

    def __init__(self, natural, block):
        self.natural = natural
        self.common = [(p, some) for p, some in block.patterns if p < natural.P]
        split = self.common[-1][1].stop if self.common else 0
        c = natural.frame.c.astype(block.x.dtype)
        self.x = x = block.x[:, :split].copy(order=natural.order)
        for p, some in self.common:
            missing = natural.missing[p]
            x[missing, some] = c[missing, None]
        self.of_pattern = natural.features_of_patterns(x, self.common) if self.common else []
        self.rest, self.alone = slice(split, block.x.shape[1]), None
        rare = [(p, some.stop - some.start) for p, some in block.patterns if p >= natural.P]
        if rare:
            pattern = np.repeat(*np.transpose(rare))  # of each point
            z = (block.x[:, split:].T - c) / natural.unit
            one_by_one = OneByOne if natural.errors is None else OneByOneWithErrors
            self.alone = one_by_one(natural, z, pattern)

    def joint(self, eta):
        """eta @ T, (K, B)."""
        K = len(self.natural.theta.weights)
        joint = np.empty((K, self.rest.stop), self.natural.dtype)
        for (p, some), T in zip(self.common, self.of_pattern, strict=True):
            joint[:, some] = eta[p * K : (p + 1) * K] @ T
        if self.alone:
            joint[:, self.rest] = self.alone.joint + self.natural.log_factors
        return joint

    def sums(self, r):
        """r @ T.T, as :class:`SumsOfPatterns`: sums of completed points (:eq:`expected-square`)."""
        natural = self.natural
        K, F = len(natural.theta.weights), natural.eta.shape[1]
        sums = {}
        for (p, some), T in zip(self.common, self.of_pattern, strict=True):
            sums[p] = (r[:, some] @ T.T).astype(np.float64, copy=False)
        if self.alone:
            r = r[:, self.rest].astype(np.float64)
            weighted = r[..., None] * self.alone.delta  # (K, B, D)
            parts = r.sum(axis=1), weighted.sum(axis=1), self.alone.second(r, weighted)
            wide = F > n_features(weighted.shape[2], natural.diagonal)
            flat = [packed(a) if a.ndim == 3 and not wide else a.reshape(K, -1) for a in parts]
            sums[natural.P] = np.hstack(flat)
        return SumsOfPatterns(sums)

    def completed(self, r):
        """The points, completed by every component and averaged with weights r (K, B): (B, D)."""
        natural, x = self.natural, np.zeros((self.rest.stop, len(self.natural.unit)))
        mu, (G, _) = natural.theta.means[:, None], natural.lifts
        for p, some in self.common:
            delta = (self.x[:, some].T - natural.frame.c) / natural.unit - mu  # (K, n, D)
            lifted = delta * G[p][:, None] if natural.diagonal else delta @ G[p].transpose(0, 2, 1)
            x[some] = np.einsum("kn,knd->nd", r[:, some], mu + lifted)
        if self.alone:
            x[self.rest] = np.einsum("kn,knd->nd", r[:, self.rest], mu + self.alone.delta)
        return natural.frame.c + x * natural.unit


class SumsOfPatterns:
    """Sums (K, F) of the patterns that a block has, by number; they add up.  P is one by one."""

    def __init__(self, parts):
        self.parts = parts

    def astype(self, dtype, copy=True):
        """They are double as they are."""
        return self

    def __iadd__(self, other):
        for p, sums in other.parts.items():
            self.parts[p] = self.parts[p] + sums if p in self.parts else sums
        return self


# ---- One by one -------------------------------------------------------------------------------


class OneByOne:
    r"""Points (B, D) completed one by one, for rows whose pattern few share (:eq:`lifting`).

    With :math:`U^\top U = \Sigma^{-1}` and delta 0 where a feature is missing, all points share one
    product :math:`u = U \delta` a component.  Missing features may take away whatever their
    columns of U can (:eq:`marginal-by-precision`).
    """

    def __init__(self, natural, z, pattern):
        self.natural, self.pattern = natural, pattern
        pi, mu, S = natural.theta
        U, log_det = natural.roots
        self.delta = delta = deviations(z, mu)  # (K, B, D)
        if natural.diagonal:
            u, log_det = delta * U[:, None], np.log(S) @ ~natural.missing[pattern].T
        else:
            u, log_det = delta @ U.transpose(0, 2, 1), np.repeat(log_det[:, None], len(z), axis=1)
        for which, i, span, root in natural.rare:
            rows, n = self._rows_of(which)
            span, left = span[:, n], u[:, rows, :, None]  # (K, B', D, m), (K, B', D, 1)
            taken = np.swapaxes(span, -1, -2) @ left
            left = left - span @ taken
            again = np.swapaxes(span, -1, -2) @ left  # what rounding left
            u[:, rows], taken = (left - span @ again)[..., 0], taken + again
            delta[:, rows[:, None], i[n]] = -(root[:, n] @ taken)[..., 0]
            log_det[:, rows] -= 2 * np.log(np.abs(diagonals(root))).sum(axis=-1)[:, n]
        self.joint = log_density(natural, pi, pattern, log_det + (u * u).sum(axis=-1))

    def _rows_of(self, which):
        """The points of some patterns: their numbers, and which of these patterns each has."""
        place = np.full(len(self.natural.missing), -1)
        place[which] = np.arange(len(which))
        n = place[self.pattern]
        rows = np.flatnonzero(n >= 0)
        return rows, n[rows]

    def second(self, r, weighted):
        """The sums of r (delta delta^T + C), (K, D, D), or (K, D) if diagonal."""
        if self.natural.diagonal:
            missing = r @ self.natural.missing[self.pattern]  # (K, D)
            return (weighted * self.delta).sum(axis=1) + missing * self.natural.theta.covariances
        second = weighted.transpose(0, 2, 1) @ self.delta
        for which, i, _, root in self.natural.rare:
            rows, n = self._rows_of(which)
            N = np.zeros((len(which), len(r)))
            np.add.at(N, n, r[:, rows].T)
            root = np.sqrt(N.T)[..., None, None] * root
            at = slice(None), i[:, :, None], i[:, None, :]
            np.add.at(second, at, root @ np.swapaxes(root, -1, -2))
        return second


class OneByOneWithErrors:
    r"""Points x = x* + delta, where the mixture is of x*, and delta has a known covariance R.

    With V = Sigma + R on what is observed, and B its inverse there and 0 elsewhere, the equations
    (:eq:`deconvolution`) say in the component at hand: x has the density N(mu, V), and x* the mean
    mu + Sigma B (x - mu) and the covariance Sigma - Sigma B Sigma, given x.  Rows that share a
    pattern and an R share B.
    """

    def __init__(self, natural, z, pattern):
        self.natural = natural
        patterns, self.which = np.unique(pattern, return_inverse=True)
        pi, mu, S = natural.theta
        missing, R = natural.missing[patterns], natural.errors[patterns]  # (n, D), (n, ...)
        if R.ndim == 2 and not natural.diagonal:
            R = R[..., None] * np.eye(z.shape[1])
        V = S[:, None] + R  # (K, n, D, D), or (K, n, D)
        if natural.diagonal:
            self.B = np.where(missing, 0, 1 / V)
            log_det = np.where(missing, 0, np.log(V)).sum(axis=-1)  # (K, n)
        else:
            apart = missing[..., None] | missing[..., None, :]
            U = inverse_triangles(cholesky_of_each(np.where(apart, np.eye(z.shape[1]), V)))
            self.B = np.where(apart, 0, np.swapaxes(U, -1, -2) @ U)
            log_det = -2 * np.log(diagonals(U)).sum(axis=-1)
        delta, B = deviations(z, mu), self.B[:, self.which]
        u = B * delta if natural.diagonal else (B @ delta[..., None])[..., 0]
        energy = (delta * u).sum(axis=-1)
        self.joint = log_density(natural, pi, pattern, log_det[:, self.which] + energy)
        self.delta = S[:, None] * u if natural.diagonal else u @ S

    def second(self, r, weighted):
        """The sums of r (delta delta^T + C), (K, D, D), or (K, D) if diagonal."""
        S, N = self.natural.theta.covariances, np.zeros(self.B.shape[1::-1])  # (n, K)
        np.add.at(N, self.which, r.T)
        B = np.einsum("nk,kn...->k...", N, self.B)
        if self.natural.diagonal:
            return (weighted * self.delta).sum(axis=1) + r.sum(axis=1)[:, None] * S - S * B * S
        scatter = weighted.transpose(0, 2, 1) @ self.delta
        return scatter + r.sum(axis=1)[:, None, None] * S - S @ B @ S


def cholesky_of_each(S):
    """Cholesky factors of S (K, ..., D, D); SingularCovariance names the first without."""
    try:
        return np.linalg.cholesky(S)
    except np.linalg.LinAlgError:
        for k, S_k in enumerate(S):
            try:
                np.linalg.cholesky(S_k)
            except np.linalg.LinAlgError:
                raise SingularCovariance(k) from None
        raise


def deviations(z, mu):
    """z - mu for each component, (K, B, D): 0 where z is missing, and never beyond the horizon."""
    delta, far = z - mu[:, None], HORIZON[z.dtype]
    delta[:, np.isnan(z)] = 0
    return delta.clip(-far, far, out=delta)


def log_density(natural, pi, pattern, energy):
    """Log joint (K, B) of points from log determinant plus exponent; z is in units of its own."""
    with np.errstate(divide="ignore"):
        log_pi = np.log(pi)[:, None]
    per_feature = np.log(2 * np.pi) + 2 * np.log(natural.unit)
    return log_pi - ((~natural.missing @ per_feature)[pattern] + energy) / 2
