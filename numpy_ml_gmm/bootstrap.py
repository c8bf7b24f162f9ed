r"""The bootstrap: how sure are the parameters, and does one more component pay?

Draw data again, from the data or from the fitted mixture; or weigh them at random, or leave
each row out once; fit again; look at how the answers scatter.

========== ============= =======================================================
symbol     shape         meaning
========== ============= =======================================================
``B``                    number of replicates
``counts`` (N,)          how often each row was drawn: weight 2 is the row twice
``w``      (N,)          how often each row counts, N of them if none are given
========== ============= =======================================================

Sources: Efron & Tibshirani (1993), *An introduction to the bootstrap*; McLachlan
(1987), *On bootstrapping the likelihood ratio test statistic for the number of
components in a normal mixture*, https://doi.org/10.2307/2347790; O'Hagan, Murphy,
Scrucca & Gormley (2019), *Investigation of parameter uncertainty in clustering
using a Gaussian mixture model via jackknife, bootstrap and weighted likelihood
bootstrap*, https://doi.org/10.1007/s00180-019-00897-9; Newton & Raftery (1994),
*Approximate Bayesian inference with the weighted likelihood bootstrap*, Journal of
the Royal Statistical Society B 56(1), 3-48.
"""

from __future__ import annotations

import copy
import warnings
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment
from scipy.special import ndtri
from tqdm import tqdm

from .blocks import Rows, slices
from .em import Cell, climb
from .frames import TINY, WIDE
from .gmm import GMM
from .hints import Given, Seed
from .parameters import Parameters
from .processes import in_processes
from .restarts import likeliest_ends
from .selection import aligned
from .starts import some_rows
from .training import Data
from .validation import (
    CollapseWarning,
    ConvergenceWarning,
    DataWarning,
    check_count,
    check_not_negative,
    check_rows,
    random_generator,
)

ROWS_SHOWN, COLUMNS_SHOWN = 20, 8  # of the table of standard errors
KINDS = "nonparametric", "parametric", "wlbs", "jackknife"
TOGETHER = 2**20  # responsibilities of all starts of the replicates that are fitted side by side
# Arguments of GMM that replicates may have which are fitted side by side.
PLAIN = {
    *("n_components", "covariance_type", "tol", "max_iter", "n_init", "init_params"),
    *("var_smoothing", "random_state", "n_jobs", "verbose"),
}


class Bootstrap(NamedTuple):
    """Parameters of every replicate, their components in the order of the model's.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(50, 1))
    >>> found = bootstrap_parameters(GMM(1).fit(X), X, n_bootstraps=10, random_state=0)
    >>> found.replicates.means.shape
    (10, 1, 1)
    >>> found
    <Bootstrap: 10 replicates, 0 failed.  Standard errors:
    component  weight  mean 0
            0       0   0.119>
    """

    replicates: Parameters  # with a leading axis (B,); covariances as the model's attribute
    n_failed: int  # fits that collapsed, and are left out

    def __repr__(self) -> str:
        """How many replicates there are, and how weights and means scatter."""
        return table_of("Bootstrap", self)

    def standard_errors(self) -> Parameters:
        """The standard deviation of each parameter over the replicates.

        Examples
        --------
        >>> ends = Parameters(np.ones((2, 1)), np.array([[[0.0]], [[2.0]]]), np.ones((2, 1, 1, 1)))
        >>> Bootstrap(ends, n_failed=0).standard_errors().means.round(4)
        array([[1.4142]])
        """
        w = np.full(len(self.replicates.weights), 1 / (len(self.replicates.weights) - 1))
        return Parameters(*(root_of_squares(a - a.mean(axis=0), w) for a in self.replicates))

    def intervals(self, level: float = 0.95) -> tuple[Parameters, Parameters]:
        """The middle ``level`` of the replicates: a pair of lower and upper parameters.

        Examples
        --------
        >>> ends = Parameters(np.ones((2, 1)), np.array([[[0.0]], [[2.0]]]), np.ones((2, 1, 1, 1)))
        >>> low, high = Bootstrap(ends, n_failed=0).intervals(level=0.5)
        >>> low.means, high.means
        (array([[0.5]]), array([[1.5]]))
        """
        check_level(level)
        ends = (1 - level) / 2, (1 + level) / 2
        low, high = (
            Parameters(*(np.quantile(a, end, axis=0) for a in self.replicates)) for end in ends
        )
        return low, high


class Jackknife(NamedTuple):
    r"""Parameters of fits that lack one point each (:eq:`jackknife`).

    Examples
    --------
    The error of a mean is s over the root of N, exactly:

    >>> X = np.random.default_rng(0).normal(size=(50, 1))
    >>> found = bootstrap_parameters(GMM(1).fit(X), X, kind="jackknife")
    >>> (found.standard_errors().means.item() / (X.std(ddof=1) / np.sqrt(50))).round(6)
    np.float64(1.0)
    >>> found
    <Jackknife: 50 replicates, 0 failed.  Standard errors:
    component  weight  mean 0
            0       0    0.13>
    """

    replicates: Parameters  # with a leading axis (B,), for the rows that could be left out
    n_failed: int  # fits that collapsed, and are left out
    counts: np.ndarray  # (B,) how often each of these rows counts
    total: float  # the number of points: the sum of the counts of all rows

    def standard_errors(self) -> Parameters:
        r"""What the changes say of each parameter's error (:eq:`jackknife`).

        .. math::

            \mathrm{se}^2 = \frac{N - 1}{N} \sum_n w_n
                \Bigl( \frac{\theta_{(n)} - \bar\theta}{\min(w_n, 1)} \Bigr)^2

        A row of weight 3 is three points, of which one is left out, three times.  Of a row that
        counts less than one point all is left out, and the change is divided by what that was.

        Examples
        --------
        Two points, 0 and 2: without the one the mean is 2, and without the other 0.

        >>> without = Parameters(np.ones((2, 1)), np.array([[[2.0]], [[0]]]), np.ones((2, 1, 1)))
        >>> Jackknife(without, 0, np.ones(2), 2.0).standard_errors().means
        array([[1.]])
        """
        left_out = np.minimum(self.counts, 1)
        w = (self.total - 1) / self.counts.sum() * self.counts / left_out**2
        changes = (
            a - np.average(a, axis=0, weights=self.counts / left_out) for a in self.replicates
        )
        return Parameters(*(root_of_squares(delta, w) for delta in changes))

    def intervals(self, level: float = 0.95) -> tuple[Parameters, Parameters]:
        """Mean of the replicates, less and plus so many errors of a normal distribution.

        The replicates lie far closer together than estimates of new data would, so their own
        quantiles say nothing.

        Examples
        --------
        >>> ends = Parameters(np.ones((2, 1)), np.array([[[0.0]], [[2.0]]]), np.ones((2, 1, 1, 1)))
        >>> low, high = Jackknife(ends, 0, np.ones(2), 2.0).intervals(level=0.95)
        >>> low.means.round(2), high.means.round(2)
        (array([[-0.96]]), array([[2.96]]))
        """
        z = ndtri((1 + check_level(level)) / 2)
        weights = self.counts / np.minimum(self.counts, 1)
        pairs = zip(self.replicates, self.standard_errors(), strict=True)
        middle = [(np.average(a, axis=0, weights=weights), z * error) for a, error in pairs]
        low, high = (Parameters(*(m + side * e for m, e in middle)) for side in (-1, 1))
        return low, high

    def __repr__(self) -> str:
        """How many replicates there are, and the errors of weights and means."""
        return table_of("Jackknife", self)


def root_of_squares(delta: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The root of the sum of squares of delta (B, ...) times w (B,); squares may be no numbers."""
    unit = np.maximum(np.abs(delta).max(axis=0), TINY)  # one each: features have units of their own
    return np.sqrt(np.tensordot(w, (delta / unit) ** 2, 1)) * unit


def table_of(name: str, found: Bootstrap | Jackknife) -> str:
    """The standard errors of weights and means as a table, under a head."""
    pi, mu, _ = found.standard_errors()  # (K,), (K, D)
    (K, D), wide = mu.shape, ["..."] * (mu.shape[1] > COLUMNS_SHOWN)
    table = [["component", "weight", *(f"mean {d}" for d in range(min(D, COLUMNS_SHOWN))), *wide]]
    for k in range(min(K, ROWS_SHOWN)):
        errors = [f"{value:.3g}" for value in (pi[k], *mu[k, :COLUMNS_SHOWN])]
        table.append([str(k), *errors, *wide])
    table += [["..."] * len(table[0])] * (K > ROWS_SHOWN)
    head = f"{len(found.replicates.weights)} replicates, {found.n_failed} failed"
    return f"<{name}: {head}.  Standard errors:\n" + "\n".join(aligned(table)) + ">"


def check_level(level: float) -> float:
    """A portion between 0 and 1."""
    if not 0 < check_not_negative(level, "level") < 1:
        raise ValueError(f"level={level!r} must lie between 0 and 1, such as 0.95")
    return level


class LikelihoodRatioTest(NamedTuple):
    """K components against K + 1.

    Examples
    --------
    >>> LikelihoodRatioTest(9.0, 0.05, np.array([1.0, 2.0]), 0).p_value
    0.05
    """

    statistic: float
    p_value: float
    null_statistics: np.ndarray  # (B,) under K components, without the failures
    n_failed: int

    def __repr__(self) -> str:
        """The verdict, without the statistics of the replicates."""
        return (
            f"<LikelihoodRatioTest: statistic {self.statistic:.4g}, p_value {self.p_value:.3g}, "
            f"{len(self.null_statistics)} replicates, {self.n_failed} failed>"
        )


def bootstrap_parameters(
    model: GMM,
    X: ArrayLike,
    *,
    sample_weight: Given = None,
    priors: Given = None,
    kind: str = "nonparametric",
    n_bootstraps: int = 200,
    random_state: Seed = None,
    n_jobs: int | None = None,
    progress: bool = False,
) -> Bootstrap | Jackknife:
    r"""How the parameters of a fitted mixture scatter when the data are drawn again.

    Each replicate starts EM at the model's parameters.  Components have no
    natural order, so those of a replicate are matched to the model's: of all
    pairings, the one that shares the most points, by the Hungarian method.

    Parameters
    ----------
    model : GMM
        Fitted to X.
    X : array (N, D)
    sample_weight : array (N,), optional
        How often each row counts.  So many rows are drawn as the weights add up to.
    priors : array (N, K) or (N,), optional
        What was known of the rows' components in the fit.  Points drawn from the model have none.
    kind : str
        ``"nonparametric"`` draws rows of X with replacement, ``"parametric"``
        draws as many points from the model.  ``"wlbs"``, the weighted likelihood bootstrap,
        gives each row a random weight instead (:eq:`likelihood-weights`): no row is ever absent,
        so that small components do not vanish.  ``"jackknife"`` leaves out each row once.
    n_bootstraps : int
        B, the number of replicates; of the jackknife it is the number of rows with weight.
    random_state : int, numpy.random.Generator or None
    n_jobs : int or None
        Processes, as for :func:`~numpy_ml_gmm.selection.select`.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    Bootstrap, or Jackknife

    Raises
    ------
    ValueError
        If the kind is unknown, or fewer than two replicates could be fitted; for the jackknife
        also if weights add up to one point or less.

    Examples
    --------
    >>> from numpy_ml_gmm import load_old_faithful
    >>> X = load_old_faithful().X
    >>> model = GMM(1).fit(X)
    >>> errors = bootstrap_parameters(model, X, random_state=0).standard_errors()
    >>> (errors.means / (X.std(axis=0) / np.sqrt(len(X)))).round(1)
    array([[1., 1.]])
    """
    if kind not in KINDS:
        raise ValueError(
            f"kind={kind!r} is not known: choose {', '.join(KINDS[:-1])} or {KINDS[-1]}"
        )
    check_count(n_bootstraps, "n_bootstraps", minimum=2)
    if not isinstance(model, GMM) or hasattr(type(model), "mixture_"):
        raise TypeError(
            f"model is a {type(model).__name__}, whose fits are not repeated here: pass a fitted "
            "GMM (a BayesianGMM has distributions of its parameters)"
        )
    r = model.predict_proba(X, priors=priors)  # an error if it is not fitted, or X does not fit
    rows = check_rows(X, r.shape[1], sample_weight, priors)
    if rows.weights is not None:  # a pairing shares points as often as they count
        r = r * rows.weights[:, None]
    if kind == "jackknife":
        left_out = rows_to_leave_out(rows)
        results = in_processes(partial(replicate, model, rows, r, kind), left_out, n_jobs)
        results = shown(results, len(left_out), progress)
    else:
        one = partial(replicate, model, rows, r, kind)
        results = repeat(one, n_bootstraps, random_state, n_jobs, progress)
    results = list(results)
    thetas = [result for result in results if result is not None]
    if len(thetas) < 2:
        raise ValueError(
            f"{len(results) - len(thetas)} of {len(results)} replicates collapsed: "
            "lower n_components or raise var_smoothing"
        )
    theta = Parameters(*map(np.stack, zip(*thetas, strict=True)))
    contracted = model.covariance_model.contract(theta.covariances)
    theta, n_failed = theta._replace(covariances=contracted), len(results) - len(thetas)
    if kind != "jackknife":
        return Bootstrap(theta, n_failed)
    kept = [n for n, result in zip(left_out, results, strict=True) if result is not None]
    counts = np.ones(len(kept)) if rows.weights is None else rows.weights[kept].astype(np.float64)
    return Jackknife(theta, n_failed, counts, rows.total_weight)


def replicate(model, rows, r, kind, drawn_by):
    """Matched ``Parameters`` of a fit to data drawn again; None if it collapses.

    They are drawn by a random generator, or lack one point of row ``drawn_by``.
    """
    again = GMM(**model.get_params()).set_params(
        weights_init=model.weights_ / model.weights_.sum(),
        means_init=model.means_,
        covariances_init=model.covariances_,
        warm_start=False,
    )
    if kind == "parametric":
        good = fits(again, draw_points(model, rows, drawn_by))
    else:
        weigh = {"nonparametric": draw_rows, "wlbs": draw_weights, "jackknife": without}[kind]
        good = fits(again, rows.X, sample_weight=weigh(rows, drawn_by), priors=rows.priors)
    if not good:
        return None
    r_again, some = again.predict_proba(rows.X, priors=rows.priors), slice(model.n_components)
    return again.theta.reorder(match(r[:, some], r_again[:, some]))


def match(r, r_again):
    """For each column of r (N, K), the one of ``r_again`` that shares most points with it."""
    return linear_sum_assignment(r.T @ r_again, maximize=True)[1]


def number_of_draws(rows):
    """The number of points that the weights add up to."""
    return max(1, round(rows.total_weight))


def draw_rows(rows, rng):
    """Weights (N,) of a sample of the rows with replacement, with the same total."""
    n, N = number_of_draws(rows), len(rows.X)
    p = np.full(N, 1 / N) if rows.weights is None else rows.weights.astype(np.float64)
    return rng.multinomial(n, p / p.sum()) * (rows.total_weight / n)


def draw_weights(rows: Rows, rng: np.random.Generator) -> np.ndarray:
    r"""Random weights (N,) of the rows, with the same total (:eq:`likelihood-weights`).

    .. math::

        (w'_1, \dots, w'_N) \sim \Bigl( \sum_n w_n \Bigr) \, \mathrm{Dirichlet}(w_1, \dots, w_N)

    That is exponential weights, divided by their mean.  A row of weight 2 is two points, and the
    sum of two exponential numbers has a gamma distribution of shape 2.
    """
    w = np.ones(len(rows.X)) if rows.weights is None else rows.weights.astype(np.float64)
    v = rng.standard_gamma(w * (number_of_draws(rows) / w.sum()))
    return v * (rows.total_weight / v.sum())


def rows_to_leave_out(rows: Rows) -> np.ndarray:
    """The rows that have weight; an error if they are one point or less."""
    if rows.total_weight <= 1:
        raise ValueError(
            f"sample_weight adds up to {rows.total_weight:g}, and the jackknife leaves out a whole "
            "point at a time: give weights that count points"
        )
    return np.arange(len(rows.X)) if rows.weights is None else np.flatnonzero(rows.weights)


def without(rows: Rows, n: int) -> np.ndarray:
    """The weights (N,) of the rows where one point of row n is left out."""
    w = np.ones(len(rows.X)) if rows.weights is None else rows.weights.astype(np.float64)
    w[n] = max(w[n] - 1, 0)
    return w


def likelihood_ratio_test(
    X: ArrayLike,
    n_components: int,
    *,
    sample_weight: Given = None,
    n_bootstraps: int = 99,
    random_state: Seed = None,
    n_jobs: int | None = None,
    progress: bool = False,
    **gmm_params: Any,
) -> LikelihoodRatioTest:
    r"""Does a mixture of K + 1 components fit better than chance lets it?

    .. math::

        \lambda = 2 \log \frac{p(X \mid \hat\theta_{K+1})}{p(X \mid \hat\theta_K)} ,
        \qquad
        p = \frac{1 + \#\{b : \lambda_b \ge \lambda\}}{1 + B} .

    The textbook's :math:`\chi^2` does not hold here: the K + 1st weight of the
    smaller model lies on the boundary.  So :math:`\lambda_b` comes from data
    drawn from the fitted K components, and both models fitted to them.

    Parameters
    ----------
    X : array (N, D)
    n_components : int
        K, under the null hypothesis.
    sample_weight : array (N,), optional
        How often each row counts; a replicate has as many points as the weights add up to.
    n_bootstraps : int
        B.  The smallest possible p-value is 1 / (B + 1).
    random_state : int, numpy.random.Generator or None
    n_jobs : int or None
        Processes, as for :func:`~numpy_ml_gmm.selection.select`.
    progress : bool
        Whether to show a progress bar.
    **gmm_params
        Other arguments of :class:`~numpy_ml_gmm.GMM`.

    Returns
    -------
    LikelihoodRatioTest

    Raises
    ------
    ValueError
        If X does not fit, if the mixture collapses on it, or on every replicate.

    Examples
    --------
    >>> from numpy_ml_gmm import load_old_faithful
    >>> X = load_old_faithful().X
    >>> test = likelihood_ratio_test(X, 1, n_bootstraps=19, n_init=2, random_state=0)
    >>> test.p_value
    0.05
    """
    check_count(n_components, "n_components")
    check_count(n_bootstraps, "n_bootstraps")
    rows = check_rows(X, n_components, sample_weight)
    seed = int(random_generator(random_state).integers(2**32, size=1)[0])
    null, alternative = pair_of(n_components, seed, gmm_params)
    for model in (null, alternative):
        model.fit(rows.X, sample_weight=rows.weights)
    size = group_size(null, alternative, rows)
    heights = [model.log_likelihood_ for model in (null, alternative)]
    if size > 1:  # as thoroughly as in every replicate
        pair = pair_of(n_components, seed, gmm_params)
        seen = [together([model], [rows.X], rows.weights)[0] for model in pair]
        heights = seen if np.isfinite(seen).all() else heights
    statistic = 2 * (heights[1] - heights[0])
    group = partial(null_statistics, null, rows, gmm_params, size > 1)
    several = random_generator(seed).spawn(n_bootstraps)
    groups = [several[some] for some in slices(0, n_bootstraps, size)]
    with tqdm(total=n_bootstraps, desc="replicates", disable=not progress, leave=False) as bar:
        found = []
        for values in in_processes(group, groups, n_jobs):
            bar.update(len(values))
            found += values
    values = np.array(found)[~np.isnan(found)]
    if len(values) == 0:
        raise ValueError("every replicate collapsed: lower n_components or raise var_smoothing")
    p_value = (1 + np.count_nonzero(values >= statistic)) / (1 + len(values))
    return LikelihoodRatioTest(statistic, float(p_value), values, n_bootstraps - len(values))


def pair_of(K, random_state, gmm_params):
    """Mixtures of K and of K + 1 components."""
    params = gmm_params | {"random_state": random_state}
    return GMM(K, **params), GMM(K + 1, **params)


def group_size(null, alternative, rows):
    """How many replicates are fitted side by side: 1 if that is not for such data or arguments."""
    unset, args = GMM().get_params(), null.get_params()
    plain = all(args[name] is unset[name] for name in unset if name not in PLAIN)
    few = some_rows(rows, alternative.n_components, np.random.default_rng(0))
    complete = rows.patterns is None and few is rows and rows.X.shape[1] < WIDE
    if not (plain and complete and isinstance(null.init_params, str)):
        return 1
    return max(1, TOGETHER // (null.n_init * alternative.n_components * number_of_draws(rows)))


def null_statistics(null, rows, gmm_params, side_by_side, rngs):
    """For each generator the statistic on points drawn from the null; nan if a fit collapses."""
    tables = [draw_points(null, rows, rng) for rng in rngs]
    seeds = [int(rng.integers(2**32)) for rng in rngs]
    pairs = [pair_of(null.n_components, seed, gmm_params) for seed in seeds]
    if not side_by_side:
        [models], [X] = pairs, tables
        heights = [model.log_likelihood_ if fits(model, X) else np.nan for model in models]
        return [2 * (heights[1] - heights[0])]
    heights = [together(models, tables) for models in zip(*pairs, strict=True)]
    return [2 * (b - a) for a, b in zip(*heights, strict=True)]


def together(models, tables, weights=None):
    """Log-likelihoods of mixtures, each of a table of its own; nan where one cannot be fitted.

    Rows may have weights if there is but one table.
    """
    heights, possible = np.full(len(models), np.nan), {}
    for m, (model, X) in enumerate(zip(models, tables, strict=True)):
        with suppress(ValueError):
            possible[m] = model._data(model._check_training_rows(X, weights, None))
    rngs = [random_generator(models[m].random_state) for m in possible]
    runs = likeliest_ends([models[m] for m in possible], list(possible.values()), rngs)
    ends = {m: run.end for m, run in zip(possible, runs, strict=True) if run}
    if ends:
        cells = [Cell(models[m].n_components, models[m].covariance_model) for m in ends]
        data = Data.side_by_side([possible[m] for m in ends])
        limits = {"tol": models[0].tol, "max_iter": models[0].max_iter}
        found = climb(GMM, data, cells, list(ends.values()), **limits)
        heights[list(ends)] = [run.log_likelihood if run.end else np.nan for run in found]
    return heights


def draw_points(model, rows, rng):
    """As many points as the rows count for, from a fitted mixture; they lack what the rows lack."""
    N = number_of_draws(rows)
    X = copy.copy(model).set_params(random_state=rng).sample(N)[0]
    if rows.patterns is not None:
        p = None if rows.weights is None else rows.weights / rows.weights.sum()
        n = np.arange(N) if p is None else rng.choice(len(rows.X), N, p=p)
        X[np.isnan(rows.X[n])] = np.nan
    return X


def fits(model, X, **kwargs):
    """Fit, and say whether it went well."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # one step short alters nothing
            warnings.simplefilter("ignore", DataWarning)  # of the data themselves it was said
            warnings.simplefilter("ignore", CollapseWarning)  # the likelihood is what counts
            model.fit(X, **kwargs)
    except ValueError:
        return False
    return True


def repeat(function, n, random_state, n_jobs, progress):
    """``function(rng)`` n times, each with a generator of its own: n_jobs changes no result."""
    results = in_processes(function, random_generator(random_state).spawn(n), n_jobs)
    return shown(results, n, progress)


def shown(results, n, progress):
    """The same n results, with a progress bar if it is wanted."""
    return tqdm(results, total=n, desc="replicates", disable=not progress, leave=False)
