r"""The bootstrap: how sure are the parameters, and does one more component pay?

Draw data again, from the data or from the fitted mixture; fit again; look at
how the answers scatter.

========== ============= =======================================================
symbol     shape         meaning
========== ============= =======================================================
``B``                    number of replicates
``counts`` (N,)          how often each row was drawn: weight 2 is the row twice
========== ============= =======================================================

Sources: Efron & Tibshirani (1993), *An introduction to the bootstrap*; McLachlan
(1987), *On bootstrapping the likelihood ratio test statistic for the number of
components in a normal mixture*, https://doi.org/10.2307/2347790; O'Hagan, Murphy,
Scrucca & Gormley (2019), *Investigation of parameter uncertainty in clustering
using a Gaussian mixture model via jackknife, bootstrap and weighted likelihood
bootstrap*, https://doi.org/10.1007/s00180-019-00897-9.
"""

import warnings
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment
from tqdm import tqdm

from .gmm import GMM
from .processes import in_processes
from .validation import (
    ConvergenceWarning,
    check_count,
    check_not_negative,
    check_X,
    random_generator,
)


class Parameters(NamedTuple):
    """Weights, means and covariances, of one mixture or stacked over replicates.

    Examples
    --------
    >>> Parameters.of(GMM.from_parameters([1.0], [[0.0]], [[[2.0]]])).covariances
    array([[[2.]]])
    """

    weights: np.ndarray  # (..., K)
    means: np.ndarray  # (..., K, D)
    covariances: np.ndarray  # (..., K, D, D), or as the covariance type has it

    @classmethod
    def of(cls, model):
        """Those of a fitted model.

        Examples
        --------
        >>> Parameters.of(GMM.from_parameters([1.0], [[0.0]], [[[2.0]]])).means
        array([[0.]])
        """
        return cls(model.weights_, model.means_, model.covariances_)


class Bootstrap(NamedTuple):
    """Parameters of every replicate, their components in the order of the model's.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(50, 1))
    >>> found = bootstrap_parameters(GMM(1).fit(X), X, n_bootstraps=10, random_state=0)
    >>> found.replicates.means.shape, found.n_failed
    ((10, 1, 1), 0)
    """

    replicates: Parameters  # each with a leading axis (B,)
    n_failed: int  # fits that collapsed, and are left out

    def standard_errors(self):
        """The standard deviation of each parameter over the replicates.

        Examples
        --------
        >>> ends = Parameters(np.ones((2, 1)), np.array([[[0.0]], [[2.0]]]), np.ones((2, 1, 1, 1)))
        >>> Bootstrap(ends, n_failed=0).standard_errors().means.round(4)
        array([[1.4142]])
        """
        return Parameters(*(a.std(axis=0, ddof=1) for a in self.replicates))

    def intervals(self, level=0.95):
        """The middle ``level`` of the replicates: a pair of lower and upper parameters.

        Examples
        --------
        >>> ends = Parameters(np.ones((2, 1)), np.array([[[0.0]], [[2.0]]]), np.ones((2, 1, 1, 1)))
        >>> low, high = Bootstrap(ends, n_failed=0).intervals(level=0.5)
        >>> low.means, high.means
        (array([[0.5]]), array([[1.5]]))
        """
        if not 0 < check_not_negative(level, "level") < 1:
            raise ValueError(f"level={level!r} must lie between 0 and 1, such as 0.95")
        ends = (1 - level) / 2, (1 + level) / 2
        return tuple(
            Parameters(*(np.quantile(a, end, axis=0) for a in self.replicates)) for end in ends
        )


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


def bootstrap_parameters(
    model,
    X,
    *,
    kind="nonparametric",
    n_bootstraps=200,
    random_state=None,
    n_jobs=None,
    progress=False,
):
    r"""How the parameters of a fitted mixture scatter when the data are drawn again.

    Each replicate starts EM at the model's parameters.  Components have no
    natural order, so those of a replicate are matched to the model's: of all
    pairings, the one that shares the most points, by the Hungarian method.

    Parameters
    ----------
    model : GMM
        Fitted to X.
    X : array (N, D)
    kind : str
        ``"nonparametric"`` draws N rows of X with replacement, ``"parametric"``
        draws N points from the model.
    n_bootstraps : int
        B, the number of replicates.
    random_state : int, numpy.random.Generator or None
    n_jobs : int or None
        Processes, as for :func:`~numpy_ml_gmm.selection.select`.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    Bootstrap

    Raises
    ------
    ValueError
        If the kind is unknown, or fewer than two replicates could be fitted.

    Examples
    --------
    >>> from numpy_ml_gmm import load_old_faithful
    >>> X = load_old_faithful().X
    >>> model = GMM(1).fit(X)
    >>> errors = bootstrap_parameters(model, X, random_state=0).standard_errors()
    >>> (errors.means / (X.std(axis=0) / np.sqrt(len(X)))).round(1)
    array([[1., 1.]])
    """
    if kind not in ("nonparametric", "parametric"):
        raise ValueError(f"kind={kind!r} is not known: choose nonparametric or parametric")
    check_count(n_bootstraps, "n_bootstraps", minimum=2)
    r = model.predict_proba(X)  # an error if the model is not fitted, or X does not fit it
    X = check_X(X)
    one = partial(replicate, model, X, r, kind == "parametric")
    results = repeat(one, n_bootstraps, random_state, n_jobs, progress)
    fitted = [result for result in results if result is not None]
    if len(fitted) < 2:
        raise ValueError(
            f"{n_bootstraps - len(fitted)} of {n_bootstraps} replicates collapsed: "
            "lower n_components or raise var_smoothing"
        )
    stacked = Parameters(*map(np.stack, zip(*fitted, strict=True)))
    return Bootstrap(stacked, n_bootstraps - len(fitted))


def replicate(model, X, r, parametric, rng):
    """The matched parameters of a fit to data drawn again; None if it collapses.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(50, 1))
    >>> model = GMM(1).fit(X)
    >>> replicate(model, X, np.ones((50, 1)), False, np.random.default_rng(1)).means.shape
    (1, 1)
    """
    again = GMM(**model.get_params()).set_params(
        weights_init=model.weights_,
        means_init=model.means_,
        covariances_init=model.covariances_,
        warm_start=False,
    )
    counts = None if parametric else rng.multinomial(len(X), np.full(len(X), 1 / len(X)))
    data = draw(model, len(X), rng) if parametric else X
    if not fitted(again, data, sample_weight=counts):
        return None
    return reordered(again, matching(r, again.predict_proba(X)))


def matching(r, r_again):
    """For each component of r (N, K), the one of ``r_again`` that shares the most points with it.

    Examples
    --------
    >>> matching(np.eye(3), np.eye(3)[:, [2, 0, 1]])
    array([1, 2, 0])
    """
    return linear_sum_assignment(r.T @ r_again, maximize=True)[1]


def reordered(model, order):
    """Parameters with the components in another order.

    Examples
    --------
    >>> model = GMM.from_parameters([0.25, 0.75], [[0.0], [1.0]], [[[1.0]], [[2.0]]])
    >>> reordered(model, [1, 0]).weights
    array([0.75, 0.25])
    """
    own = "V" in model.covariance_model.letters  # else one covariance is common to all
    covariances = model.covariances_[order] if own else model.covariances_
    return Parameters(model.weights_[order], model.means_[order], covariances)


def likelihood_ratio_test(
    X,
    n_components,
    *,
    n_bootstraps=99,
    random_state=None,
    n_jobs=None,
    progress=False,
    **gmm_params,
):
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
    X = check_X(X)
    seed, *_ = random_generator(random_state).integers(2**32, size=1)
    null, alternative = pair(n_components, int(seed), gmm_params)
    statistic = 2 * (alternative.fit(X).log_likelihood_ - null.fit(X).log_likelihood_)
    one = partial(null_statistic, null, len(X), gmm_params)
    values = np.array(list(repeat(one, n_bootstraps, int(seed), n_jobs, progress)))
    values = values[~np.isnan(values)]
    if len(values) == 0:
        raise ValueError("every replicate collapsed: lower n_components or raise var_smoothing")
    p_value = (1 + np.count_nonzero(values >= statistic)) / (1 + len(values))
    return LikelihoodRatioTest(statistic, float(p_value), values, n_bootstraps - len(values))


def pair(K, random_state, gmm_params):
    """Mixtures of K and of K + 1 components.

    Examples
    --------
    >>> [model.n_components for model in pair(2, 0, {"tol": 1e-3})]
    [2, 3]
    """
    params = gmm_params | {"random_state": random_state}
    return GMM(K, **params), GMM(K + 1, **params)


def null_statistic(null, N, gmm_params, rng):
    """The statistic on N points drawn from the null; nan if a fit collapses.

    Examples
    --------
    >>> null = GMM.from_parameters([1.0], [[0.0]], [[[1.0]]])
    >>> null_statistic(null, 50, {"n_init": 2}, np.random.default_rng(0)) > 0
    True
    """
    X = draw(null, N, rng)
    models = pair(null.n_components, int(rng.integers(2**32)), gmm_params)
    if not all(fitted(model, X) for model in models):
        return np.nan
    return 2 * (models[1].log_likelihood_ - models[0].log_likelihood_)


def draw(model, N, rng):
    """N points from a fitted mixture.

    Examples
    --------
    >>> draw(GMM.from_parameters([1.0], [[0.0]], [[[1.0]]]), 3, np.random.default_rng(0)).shape
    (3, 1)
    """
    source = GMM.from_parameters(
        *Parameters.of(model), covariance_type=model.covariance_type, random_state=rng
    )
    return source.sample(N)[0]


def fitted(model, X, **kwargs):
    """Fit, and say whether it went well.

    Examples
    --------
    >>> fitted(GMM(1), [[0.0], [1.0]]), fitted(GMM(3), [[0.0], [1.0]])
    (True, False)
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # one step short alters nothing
            model.fit(X, **kwargs)
    except ValueError:
        return False
    return True


def repeat(function, n, random_state, n_jobs, progress):
    """``function(rng)`` n times, each with a generator of its own: n_jobs changes no result.

    Examples
    --------
    >>> list(repeat(lambda rng: 1, 3, 0, None, False))
    [1, 1, 1]
    """
    results = in_processes(function, random_generator(random_state).spawn(n), n_jobs)
    return tqdm(results, total=n, desc="replicates", disable=not progress, leave=False)
