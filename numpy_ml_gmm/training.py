r"""The data of a fit as a whole: their location and spread, and whether they can be fitted.

All mixtures of one data set share a mean, a covariance and a frame, and smoothing is a portion
of the variances.  A column that is the same in every row, or a linear function of others, has
no density; it is named here, before EM could stumble over it.
"""

from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular

from .blocks import ROWS_PER_BLOCK, Kept, Patterns, Rows, is_mapped, slices
from .frames import (
    COARSE,
    EPS,
    ROUNDING,
    WIDE,
    FeaturesOfSeveral,
    Frame,
    features,
    n_features,
    of_mixture,
)
from .missing import completed, natural_of
from .noise import extent
from .parameters import Parameters, diagonals
from .statistics import Statistics, add_up, given_responsibilities, in_one, one_component, smoothed
from .validation import NAMED, in_words, warn

# So many numbers are kept from step to step: of features eight megabytes, of points sixty-four.
KEPT, KEPT_POINTS = 2**20, 2**23


class Data(NamedTuple):
    """The rows of a fit, and what all mixtures of them share."""

    rows: Rows
    mean: np.ndarray  # (D,)
    covariance: np.ndarray  # (D, D), or (D,) if only variances are looked at; smoothed
    unsmoothed: np.ndarray  # the same, as it is
    smoothing: np.ndarray  # (D,) what every variance grows by
    frame: Frame
    dependence: str = ""  # which columns depend on others, unless covariances are diagonal

    @classmethod
    def of(cls, rows, diagonal, var_smoothing):
        """Look at all rows as one component; a ValueError if they cannot be fitted."""
        given, rows = rows, rows.as_if_exact()
        whole = what_is_there(rows) if rows.patterns else one_component(rows, diagonal)
        check_unit(rows, whole)
        check_spread(whole, rows.names)
        if rows.patterns and not diagonal:
            look_for_pairs(rows)
            whole = one_gaussian(rows, whole)
        dependence = "" if diagonal else check_independent(rows, whole, var_smoothing)
        N, mean, W = whole.counts[0], whole.means[0], whole.scatters[0]
        smoothing = var_smoothing * (W if diagonal else W.diagonal()) / N
        covariance = smoothed(W[None], np.array([N]), smoothing)[0] / N
        frame = of_mixture(np.ones(1), mean[None], covariance[None])
        check_near(frame)
        frame = frame._replace(most=(COARSE / max(frame.blur, EPS)) ** 2)
        if not diagonal:
            covariance = frame.A_inv @ frame.A_inv.T  # regular, whatever the data are
        if rows.at_hand and not given.patterns and (diagonal or len(mean) < WIDE):
            given = rows._replace(kept=what_to_keep(rows, frame, diagonal))
        return cls(given, mean, covariance, W / N, smoothing, frame, dependence)

    @classmethod
    def side_by_side(cls, datas):
        """M data sets of as many complete rows each as one, for a mixture each.

        What only sets units is that of the first.  Rows are (N, D, M), smoothing is (M, 1, D).
        """
        first = datas[0]
        T = [features(first.frame.points(data.rows.X.T), first.frame.A.ndim == 1) for data in datas]
        X = np.stack([data.rows.X for data in datas], axis=-1).astype(np.float64)
        kept = Kept(first.frame, T=FeaturesOfSeveral(np.stack(T)))
        rows = first.rows._replace(X=X, kept=kept)
        smoothing = np.stack([data.smoothing for data in datas])[:, None]
        return first._replace(rows=rows, smoothing=smoothing)

    def taken(self, which):
        """The data of some of the mixtures; mostly all have the same."""
        if self.rows.X.ndim == 2:
            return self
        kept = self.rows.kept._replace(T=FeaturesOfSeveral(self.rows.kept.T.each[which]))
        rows = self.rows._replace(X=self.rows.X[..., which], kept=kept)
        return self._replace(rows=rows, smoothing=self.smoothing[which])

    @property
    def variances(self):
        """Of each feature, (D,)."""
        return self.covariance if self.covariance.ndim == 1 else self.covariance.diagonal()

    @property
    def gaussian(self):
        """The data as a mixture of one component."""
        return Parameters(np.ones(1), self.mean[None], self.covariance[None])


def what_to_keep(rows, frame, diagonal):
    """What a fit to some rows keeps of them, as :class:`~numpy_ml_gmm.blocks.Kept`, or None."""
    N, D = rows.X.shape
    few = N * n_features(D, diagonal) <= KEPT
    if not few and (N * D > KEPT_POINTS or is_mapped(rows.X)):
        return None
    y = np.empty((D, N), rows.precision, "F" if D >= WIDE else "C")
    for some in slices(0, N, ROWS_PER_BLOCK):
        y[:, some] = frame.points(rows.block(some).x)
    return Kept(frame, T=features(y, diagonal)) if few else Kept(frame, y)


# ---- Where features are missing ---------------------------------------------------------------

STEPS, CLOSE = 20, 1e-3  # of EM for one Gaussian, and the change of a correlation that ends it
LEAST = 1e-6  # portion of its variance that each feature keeps to itself there


def what_is_there(rows):
    """Mean and variance of each feature over the rows that have it, as those of one component."""
    D = rows.X.shape[1]
    c = np.zeros(D)  # no row: it might be one that counts 0 and lies anywhere
    for square in (False, False, True):  # the mean, what rounding left of it, the variance
        n, total = rows.gathered(partial(sums_of_what_is_there, c=c, square=square))
        nothing = np.flatnonzero(~(n > 0))
        if len(nothing):
            one = len(nothing) == 1
            raise ValueError(
                f"{in_words(nothing, rows.names)} {'has' if one else 'have'} no number at all: "
                f"drop {'that column' if one else 'those columns'}"
            )
        c = c if square else c + total / n
    N = rows.total_weight
    scatters = N * total[None] / n
    return Statistics(np.array([N]), np.zeros((1, D)), scatters, 0.0, c, rows.X.dtype)


def sums_of_what_is_there(rows, c, square):
    """How many rows have each feature, and the sum of x - c, or its square, over them: (2, D)."""
    sums = np.zeros((2, len(c)))
    for some in slices(0, len(rows.X), 8192):
        block = rows.block(some)
        w = np.ones(block.x.shape[1]) if block.weights is None else block.weights
        delta = block.x - c[:, None]
        sums += ~np.isnan(delta) @ w, np.nan_to_num(delta * delta if square else delta) @ w
    return sums


def look_for_pairs(rows):
    """Warn of pairs of columns that no row has both of: nothing is known of their covariance."""

    def both(rows):
        patterns = rows.patterns or Patterns.whole(rows.X)
        there = (~patterns.missing).astype(float)
        return (there.T * patterns.counts) @ there  # (D, D)

    never = np.argwhere(np.triu(rows.gathered(both) == 0))
    if len(never):
        pairs = [in_words(pair, rows.names) for pair in never[:NAMED]]
        more = f", and {len(never) - NAMED} pairs more" * (len(never) > NAMED)
        warn(
            f"no row has both of {'; both of '.join(pairs)}{more}: the data say nothing of their "
            "covariance, and EM leaves it near where it started. Choose covariance_type='diag', or "
            "drop one of them"
        )


def one_gaussian(rows, start):
    """Statistics of all rows as one Gaussian component, by some steps of EM."""
    N, mean, variances = start.counts, start.means, start.scatters[0] / start.counts
    deviations = np.sqrt(variances)
    frame = Frame.scaled(mean[0], deviations, diagonal=False)
    Sigma, unit = np.diag(variances)[None], np.outer(deviations, deviations)
    for _ in range(STEPS):
        theta, last = Parameters(np.ones(1), mean, Sigma), Sigma
        whole = rows.gathered(partial(as_one_component, theta, frame))
        mean = whole.means
        Sigma = smoothed(whole.scatters, N, LEAST * variances) / N
        if (np.abs(Sigma - last) < CLOSE * unit).all():
            break
    return whole


def as_one_component(theta, frame, rows):
    """Statistics of the rows, completed as the Gaussian theta expects it."""
    rows = rows._replace(priors=in_one(rows))
    return add_up(given_responsibilities, rows, natural_of(theta, rows, frame))


def completed_rows(rows):
    """The rows, with what is missing as the Gaussian of all rows expects it: for first guesses."""
    rows = rows.as_if_exact()
    if rows.patterns is None:
        return rows
    D, whole = rows.X.shape[1], what_is_there(rows)
    if D < WIDE:
        whole = one_gaussian(rows, whole)
    N, W = whole.counts, whole.scatters
    variances = (W if whole.diagonal else diagonals(W))[0] / N
    theta = Parameters(np.ones(1), whole.means, smoothed(W, N, LEAST * variances) / N)
    X = completed(theta, rows._replace(priors=None))
    return rows._replace(X=X, patterns=None)


# ---- What cannot be fitted --------------------------------------------------------------------


def constant_features(statistics):
    """The features that are the same in every row, up to rounding; of one component."""
    N, mean, W = statistics.counts[0], statistics.means[0], statistics.scatters[0]
    unit = np.finfo(statistics.dtype).eps * np.abs(mean)
    return np.flatnonzero((W if statistics.diagonal else W.diagonal()) <= N * unit**2)


def check_spread(statistics, names=None):
    """No column may be the same in every row."""
    mean, constant = statistics.means[0], constant_features(statistics)
    if len(constant) > 0:
        values = ", ".join(f"{m:.6g}" for m in mean[constant[:NAMED]])
        one = len(constant) == 1
        raise ValueError(
            f"{in_words(constant, names)} {'is' if one else 'are'} constant (about {values}): "
            + ("drop that column" if one else "drop those columns")
            + (", but then none is left: all rows are equal" if len(constant) == len(mean) else "")
        )


def check_unit(rows, statistics):
    """No column may vary, but by so little that its variance is no ordinary number."""
    N, W = statistics.counts[0], statistics.scatters[0]
    W, tiny = W if statistics.diagonal else W.diagonal(), np.finfo(statistics.dtype).tiny
    extreme = np.flatnonzero(~((W > max(N, 1) * tiny) & (W < np.inf)))
    if len(extreme) > 0:
        low, high = extent(rows)
        spread = (high - low)[extreme]
        with np.errstate(over="ignore", under="ignore"):
            sums = N * spread**2
        if ((spread > 10 * np.sqrt(tiny)) & ~((sums > tiny) & (sums < np.inf))).any():
            raise ValueError(
                f"sample_weight sums to {N:g}, which times the square of {spread.max():.1g}, the "
                f"spread of {in_words(extreme, rows.names)}, is out of the range of "
                f"{statistics.dtype}: divide the weights by their mean"
            )
        narrow = (spread > 0) & (spread <= 10 * np.sqrt(tiny))
        if narrow.any():
            raise ValueError(
                f"{in_words(extreme[narrow], rows.names)}: a spread of {spread.max():.1g} is "
                f"too little to square in {statistics.dtype}: change the unit"
            )


def check_near(frame):
    """No direction of the data may be so thin that the rounding of the mean is seen in it."""
    if frame.blur > COARSE:
        d = np.abs(frame.c).argmax()
        raise ValueError(
            f"the data lie too far from 0: about {frame.c[d]:.3g}, where feature {d} is, float64 "
            f"tells numbers apart by {np.spacing(abs(frame.c[d])):.1g}, and in some direction the "
            f"data vary by less than {1 / COARSE:.0f} times that. Subtract a constant from each "
            "feature"
        )


def dependent_columns(rows, whole):
    """Each column that is a linear function of those before it: its number, and their factors (D,).

    The correlations of the ``whole``, one component, say whether to look.  They are squares, by
    which clusters far apart look dependent too.  So the rows themselves decide, in a QR
    decomposition: a column depends on others if they leave only the rounding of the data of it.
    Of rows that lack something nothing is asked.
    """
    mean, covariance = whole.means[0], whole.scatters[0] / whole.counts[0]
    D, eps, scale = len(mean), ROUNDING[whole.dtype], np.sqrt(covariance.diagonal())
    try:
        pivots = np.linalg.cholesky(covariance / np.outer(scale, scale)).diagonal()
        if pivots.min() ** 2 > np.sqrt(eps):
            return []
    except np.linalg.LinAlgError:
        pass
    n, largest, R = rows.gathered(partial(triangle, mean, scale * np.sqrt(whole.counts[0])), joined)
    if rows.patterns and n <= D:
        return []
    rounding = 10 * D * eps * largest / scale
    found, kept, Q, T = [], [], np.zeros((len(R), D)), np.zeros((D, D))  # R[:, kept] = Q T
    for d, column in enumerate(R.T):
        m = len(kept)
        shares = Q.T @ column
        left = column - Q @ shares
        again = Q.T @ left  # what rounding left of them
        left, shares, factors = left - Q @ again, shares + again, np.zeros(D)
        factors[kept] = solve_triangular(T[:m, :m], shares[:m]) if m else ()
        length = np.linalg.norm(left)
        if m and length <= rounding[d] + np.abs(factors) @ rounding:
            found.append((d, factors * scale[d] / scale))
        else:
            Q[:, m], T[:, m] = left / length, shares
            T[m, m] = length
            kept.append(d)
    return found


def triangle(mean, unit, rows):
    """R of a QR decomposition of the rows, less the mean, in some units, with what it rests on.

    That is the number of rows that lack nothing, and the largest of each feature, (D,).
    """
    D, found = len(mean), (0, np.abs(mean), np.zeros((0, len(mean))))
    for some in slices(0, len(rows.X), max(D, 8192)):
        x, w, *_ = rows.block(some)
        whole = ~np.isnan(x).any(axis=0)
        kept = whole if w is None else whole & (w > 0)
        z = (x.T[kept] - mean) / unit * (1 if w is None else np.sqrt(w[kept])[:, None])
        largest = np.abs(x.T[kept]).max(axis=0, initial=0)
        found = joined(found, (np.count_nonzero(whole), largest, z))
    return found


def joined(one, other):
    """What :func:`triangle` finds of two sets of rows together."""
    R = np.linalg.qr(np.vstack([one[2], other[2]]), mode="r")  # (at most D, D)
    return one[0] + other[0], np.maximum(one[1], other[1]), R


def check_independent(rows, whole, var_smoothing):
    """In words, which columns depend on others; a ValueError if no smoothing makes up for it."""
    mean, names, relations = whole.means[0], rows.names, []
    n = rows.n_counted
    if n <= len(mean):
        if var_smoothing > 0:  # no accident: wide data are fitted so
            return ""
        raise ValueError(
            f"X has {n} rows for {len(mean)} columns: covariances that are not diagonal are "
            "singular. Take fewer columns, raise var_smoothing, or choose covariance_type='diag'"
        )
    scale = np.sqrt(whole.scatters[0].diagonal() / whole.counts[0])
    found = dependent_columns(rows, whole)
    for d, factors in found[:NAMED]:
        others = np.flatnonzero(np.abs(factors) * scale > 1e-6 * scale[d])
        if np.allclose(factors[others], -1, rtol=1e-6):
            total = mean[d] + mean[others].sum()
            relations.append(f"{in_words([*others, d], names)} add up to {total:.6g}")
        elif len(others) == 1 and np.allclose([factors[others[0]], mean[others[0]] / mean[d]], 1):
            relations.append(f"{in_words([d], names)} repeats {in_words(others, names)}")
        else:
            function = f"is a linear function of {in_words(others, names)}"
            relations.append(f"{in_words([d], names)} {function}")
    if not found:
        return ""
    if len(found) > NAMED:
        relations.append(f"and so on for {len(found) - NAMED} columns more")
    text, drop = "; ".join(relations), in_words([d for d, _ in found], names)
    if var_smoothing == 0:
        raise ValueError(
            f"{text}: covariances that are not diagonal are singular. Drop {drop}, raise "
            "var_smoothing, or choose covariance_type='diag'"
        )
    return (
        f"{text}: covariances that are not diagonal would be singular without "
        f"var_smoothing={var_smoothing:g}. Drop {drop}, or choose covariance_type='diag'"
    )
