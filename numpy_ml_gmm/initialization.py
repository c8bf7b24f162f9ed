r"""Where EM starts.

EM climbs to the optimum of the hill it starts on, so the start decides the
result.  Each function here looks at the data in standard units,
:math:`z = (x - \bar x) / s`, and returns a first guess of the
responsibilities; the first M step turns it into parameters.

========== ============= =======================================================
name       shape         meaning
========== ============= =======================================================
``Z``      (N, D)        the data in standard units
``w``      (N,)          how often each row counts
``K``                    number of components
``r``      (N, K)        responsibilities; labels are rows with a single 1
========== ============= =======================================================
"""

import copy
import functools

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.optimize import linear_sum_assignment

from .statistics import one_component, statistics_of
from .validation import (
    check_covariances,
    check_distinct_rows,
    check_means,
    check_responsibilities,
    check_weights,
)

ROWS_PER_COMPONENT, ROWS_PER_FEATURE = 500, 20  # enough rows for a start
SHORT_RUN, FINALISTS = 10, 3  # EM steps of every start, and how many starts go on to the end
ROWS_IN_TREE = 2000  # a tree needs memory for every pair


def standardised(X, w):
    """Each feature with weighted mean 0 and variance 1.

    Examples
    --------
    >>> standardised(np.array([[1.0], [3.0]]), np.ones(2))
    array([[-1.], [ 1.]])
    """
    X = X.astype(np.float64)
    delta = X - np.average(X, axis=0, weights=w)
    return delta / np.sqrt(np.average(delta**2, axis=0, weights=w))


def squared_distances(Z, centres):
    """Squared distance of each point to each centre, (N, K).

    Examples
    --------
    >>> squared_distances(np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([[0.0, 0.0]]))
    array([[ 0.], [25.]])
    """
    cross = Z @ centres.T
    d2 = (Z * Z).sum(axis=1)[:, None] - 2 * cross + (centres * centres).sum(axis=1)
    return np.maximum(d2, 0)


def draw(p, rng):
    """One index, drawn with probability proportional to p.

    By the inverse of the cumulative sum: a row of weight two is drawn just as
    two equal rows side by side.

    Examples
    --------
    >>> draw(np.array([0.0, 1.0, 0.0]), np.random.default_rng(0))
    1
    """
    cumulative = np.cumsum(p)
    return int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))


def plus_plus(Z, K, rng, w):
    """K rows, each drawn by squared distance to the nearest row so far.

    Source: Arthur & Vassilvitskii (2007), *k-means++: the advantages of careful
    seeding*, SODA, pages 1027-1035.

    Examples
    --------
    >>> Z = np.array([[0.0], [0.0], [9.0]])
    >>> sorted(plus_plus(Z, 2, np.random.default_rng(0), np.ones(3)).ravel().tolist())
    [0.0, 9.0]
    """
    centres = Z[[draw(w, rng)]]
    nearest = np.full(len(Z), np.inf)
    for _ in range(K - 1):
        nearest = np.minimum(nearest, squared_distances(Z, centres[-1:])[:, 0])
        p = w * nearest
        centres = np.vstack([centres, Z[draw(p if p.any() else w, rng)]])
    return centres


def one_hot(labels, K):
    """Labels (N,) as responsibilities (N, K).

    Examples
    --------
    >>> one_hot([0, 2], 3)
    array([[1., 0., 0.], [0., 0., 1.]])
    """
    return np.eye(K)[labels]


def k_means(Z, K, rng, w, max_iter=100):
    """Lloyd's algorithm from k-means++ centres: labels by the nearest centre.

    Examples
    --------
    >>> Z = np.array([[0.0], [0.1], [9.0]])
    >>> r = k_means(Z, 2, np.random.default_rng(0), np.ones(3))
    >>> bool((r[0] == r[1]).all()), bool((r[0] == r[2]).all())
    (True, False)
    """
    centres = plus_plus(Z, K, rng, w)
    labels = None
    for _ in range(max_iter):
        d2 = squared_distances(Z, centres)
        previous, labels = labels, d2.argmin(axis=1)
        if previous is not None and (labels == previous).all():
            break
        r = one_hot(labels, K) * w[:, None]
        for k in np.flatnonzero(r.sum(axis=0) == 0):  # an empty cluster takes the farthest point
            far = int((w * d2.min(axis=1)).argmax())
            r[far], d2[far] = one_hot(k, K) * w[far], 0
        N_k = r.sum(axis=0)[:, None]  # 0 where there are fewer different points than clusters
        centres = np.where(N_k > 0, r.T @ Z / np.where(N_k > 0, N_k, 1), centres)
    return one_hot(labels, K)


def whitened(Z, w):
    """Z turned to its principal axes, each scaled to variance 1 (or 0, if it has none).

    Examples
    --------
    >>> Y = whitened(np.array([[-1.0, -2.0], [1.0, 2.0], [-1.0, 1.0], [1.0, -1.0]]), np.ones(4))
    >>> np.cov(Y.T, ddof=0).round(6) + 0.0
    array([[1., 0.], [0., 1.]])
    """
    variance, axes = np.linalg.eigh(np.cov(Z.T, aweights=w, ddof=0).reshape(Z.shape[1], -1))
    sound = variance > 1e-9
    return Z @ axes * np.where(sound, 1 / np.sqrt(np.where(sound, variance, 1)), 0)


def k_means_plus_plus(Z, K, rng, w):
    """Labels by the nearest of the k-means++ centres, in standard or in whitened units.

    A coin decides between them.  Restarts differ more than those of k-means, which
    often all end on the same hill.

    Examples
    --------
    >>> Z = np.array([[0.0], [0.1], [9.0]])
    >>> k_means_plus_plus(Z, 2, np.random.default_rng(0), np.ones(3)).sum(axis=1)
    array([1., 1., 1.])
    """
    if rng.random() < 0.5:
        Z = whitened(Z, w)
    return one_hot(squared_distances(Z, plus_plus(Z, K, rng, w)).argmin(axis=1), K)


def random_from_data(Z, K, rng, w):
    """K random rows as means, unit variances: soft labels by their densities.

    Examples
    --------
    >>> Z = np.array([[0.0], [0.1], [9.0]])
    >>> random_from_data(Z, 2, np.random.default_rng(0), np.ones(3)).sum(axis=1)
    array([1., 1., 1.])
    """
    centres = Z[rng.choice(len(Z), K, replace=False, p=w / w.sum())]
    d2 = squared_distances(Z, centres)
    r = np.exp((d2.min(axis=1, keepdims=True) - d2) / 2)
    return r / r.sum(axis=1, keepdims=True)


def random(Z, K, rng, w):
    """Random responsibilities: each row uniform on the simplex.

    Examples
    --------
    >>> random(np.zeros((3, 1)), 2, np.random.default_rng(0), np.ones(3)).sum(axis=1)
    array([1., 1., 1.])
    """
    return rng.dirichlet(np.ones(K), size=len(Z))


def hierarchical(Z, K, rng, w):
    """Ward's tree, cut into K branches: no randomness, and one tree serves every K.

    The tree grows on principal components, each divided by the root of its spread (Scrucca
    & Raftery 2015, https://doi.org/10.1007/s11634-015-0220-z).  Of many rows a sample makes
    the tree, the same one each time, and the others go to the nearest branch.

    Examples
    --------
    >>> Z = np.array([[0.0], [0.1], [9.0], [9.1]])
    >>> r = hierarchical(Z, 2, None, np.ones(4))
    >>> (r @ r.T).astype(int)  # 1 where two rows share a branch
    array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]])
    """
    s, axes = np.linalg.svd(Z * np.sqrt(w)[:, None], full_matrices=False)[1:]
    Y = Z @ (axes[s > 1e-9 * s[0]].T / np.sqrt(s[s > 1e-9 * s[0]]))
    some = rows_of_tree(w, max(ROWS_IN_TREE, 2 * K))
    if K == 1:
        return np.ones((len(Z), 1))
    r = one_hot(fcluster(ward_tree(Y[some].tobytes(), Y.shape[1]), K, "maxclust") - 1, K)
    nearest = one_hot(squared_distances(Y, r.T @ Y[some] / r.sum(axis=0)[:, None]).argmin(1), K)
    nearest[some] = r
    return nearest


def rows_of_tree(w, most):
    """The rows that make the tree, each as often as it counts if the weights are whole.

    Examples
    --------
    >>> rows_of_tree(np.array([1.0, 0.0, 2.0]), 10)
    array([0, 2, 2])
    """
    whole = (w == np.floor(w)).all() and w.sum() <= max(10 * most, len(w))
    some = np.repeat(np.arange(len(w)), w.astype(int) if whole else w > 0)
    if len(some) > most:
        some = np.sort(np.random.default_rng(0).choice(some, most, replace=False))
    return some


@functools.lru_cache(maxsize=1)
def ward_tree(data, D):
    """Ward's tree of rows given as bytes.  The last is held: a table of fits shares it.

    Examples
    --------
    >>> ward_tree(np.array([0.0, 0.1, 9.0]).tobytes(), 1)[:, :2]
    array([[0., 1.], [2., 3.]])
    """
    tree = linkage(np.frombuffer(data).reshape(-1, D), "ward")
    tree[:, 2] = np.arange(len(tree))  # heights without ties: a cut gives just K branches
    return tree


METHODS = {
    "kmeans": k_means,
    "k-means++": k_means_plus_plus,
    "random": random,
    "random_from_data": random_from_data,
    "hierarchical": hierarchical,
}
DETERMINISTIC = {"hierarchical"}


def start(model, rows, rng):
    """Give the model the parameters that EM climbs from, and an empty history.

    Known starts are taken as they are.  Of random ones ``n_init`` are tried, on
    a sample of the rows if there are many: a short run of EM each, then the most
    promising to the end (Biernacki, Celeux & Govaert 2003,
    https://doi.org/10.1016/S0167-9473(02)00163-9).

    Examples
    --------
    >>> from numpy_ml_gmm import GMM
    >>> from numpy_ml_gmm.blocks import Rows
    >>> model, rows = GMM(2, init_params=[0, 0, 1, 1]), Rows(np.array([[0.0], [1.0], [8.0], [9.0]]))
    >>> model.n_features_in_ = 1
    >>> start(model, rows, np.random.default_rng(0))
    >>> model.means_.ravel()
    array([0.5, 8.5])
    """
    check_spread(one_component(rows, diagonal=True))
    model.history_, model.best_restart_ = [[]], 0
    if not model.warm_start:
        vars(model).pop("covariances_", None)  # an earlier fit leaves no trace in this one
    try:
        _set_out(model, rows, rng)
    except ValueError:
        check_distinct_rows(rows, model.n_components)  # if so, that is the reason
        raise


def _set_out(model, rows, rng):
    """Parameters as the arguments ask for: the last ones, given ones, or a search."""
    given = given_parameters(model)
    if model.warm_start and hasattr(model, "means_"):
        model._check_is_fitted()
    elif len(given) == 3:
        vars(model).update(given)
    elif "means_" in given:
        _place(model, some_rows(with_weight(rows), model.n_components, rng), given, rng)
    elif is_random(model.init_params):
        _search(model, rows, given, rng)
    else:
        _place(model, rows, given, rng)


def is_random(init):
    """Whether a second start would differ from the first.

    Examples
    --------
    >>> is_random("k-means++"), is_random("hierarchical")
    (True, False)
    """
    return callable(init) or (isinstance(init, str) and init not in DETERMINISTIC)


def _search(model, rows, given, rng):
    """Try random starts; leave the model at the best."""
    kept = with_weight(rows)
    few = some_rows(kept, model.n_components, rng)
    runs = [copy.copy(model) for _ in range(model.n_init)]
    for run in runs:
        run.history_ = [[]]
    starts = _survivors(runs, lambda run: _short_run(run, few, given, rng))
    finalists = sorted(starts, key=_height, reverse=True)[:FINALISTS]
    if len(starts) > 1:
        finalists = _survivors(finalists, lambda run: _exhaust(run.climb(few, run.max_iter)))
    best = max(finalists, key=_height)
    # All rows seen: climb again from the start, in view.  Else: from the top of the sample.
    vars(model).update(starts[best] if few is kept else _parameters(best))
    scale = rows.total_weight / few.total_weight
    model.history_ = [[scale * value for value in run.history_[0]] for run in runs]
    model.best_restart_ = runs.index(best)
    model.history_[model.best_restart_] = []


def _survivors(runs, action):
    """``action(run)`` of each run that does not collapse; if all do, the last error."""
    results, failure = {}, None
    for run in runs:
        try:
            results[run] = action(run)
        except ValueError as error:
            failure = error
    if not results:
        raise failure
    return results


def _short_run(run, rows, given, rng):
    """A few steps from a random start; the parameters of the start."""
    _place(run, rows, given, rng)
    start = _parameters(run)
    _exhaust(run.climb(rows, min(SHORT_RUN, run.max_iter)))
    return start


def _exhaust(generator):
    for _ in generator:
        pass


def _height(run):
    return run.log_likelihood_


def _parameters(model):
    return {name: getattr(model, name) for name in ("weights_", "means_", "covariances_")}


def _place(model, rows, given, rng):
    """Parameters by an M step from a first guess of the responsibilities."""
    r = first_guess(model, rows, given, rng)
    model.m_step(statistics_of(rows, r, model.covariance_model.diagonal))
    vars(model).update(given)


def first_guess(model, rows, given, rng):
    """Responsibilities (N, K) by the model's ``init_params``.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM
    >>> from numpy_ml_gmm.blocks import Rows
    >>> rows = Rows(np.array([[0.0], [1.0], [9.0]]))
    >>> first_guess(GMM(2, init_params=[0, 0, 1]), rows, {}, np.random.default_rng(0))
    array([[1., 0.], [1., 0.], [0., 1.]])
    """
    K, N, init = model.n_components, len(rows.X), model.init_params
    w = np.ones(N) if rows.weights is None else rows.weights.astype(np.float64)
    if "means_" in given:
        return by_nearest(rows.X, given["means_"], w)
    if callable(init):
        return check_responsibilities(init(rows.X, K, rng), N, K, "init_params(X, ...)")
    if not isinstance(init, str):
        return check_responsibilities(init, N, K, "init_params")
    Z, guess = standardised(rows.X, w), method_named(init)
    return in_line_with(rows.priors, from_left_to_right(guess(Z, K, rng, w), Z, w))


def method_named(init):
    """The function of a start that has a name.

    Examples
    --------
    >>> method_named("k_means")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: init_params='k_means' is not known: choose one of kmeans, k-means++, ...
    """
    if init not in METHODS:
        raise ValueError(
            f"init_params={init!r} is not known: choose one of {', '.join(METHODS)}, labels, "
            "responsibilities, or a function"
        )
    return METHODS[init]


def by_nearest(X, means, w):
    """Labels by the nearest of the given means, in standard units.

    Examples
    --------
    >>> by_nearest(np.array([[0.0], [9.0]]), np.array([[1.0], [8.0]]), np.ones(2))
    array([[1., 0.], [0., 1.]])
    """
    K = len(means)
    Z = standardised(np.vstack([X, means]), np.append(w, np.zeros(K)))
    return one_hot(squared_distances(Z[:-K], Z[-K:]).argmin(axis=1), K)


def from_left_to_right(r, Z, w):
    """Number the components by their first coordinate, so that equal fits look equal.

    Examples
    --------
    >>> r, Z = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[-1.0], [1.0]])
    >>> from_left_to_right(r, Z, np.ones(2))
    array([[1., 0.], [0., 1.]])
    """
    w_r = r * w[:, None]
    N_k = w_r.sum(axis=0)
    return r[:, np.argsort(w_r.T @ Z[:, 0] / np.where(N_k > 0, N_k, 1))]


def in_line_with(priors, r):
    """Number the components as the priors do, and let the priors rule out what they rule out.

    Examples
    --------
    >>> in_line_with(np.array([[0.0, 1.0], [1.0, 1.0]]), np.array([[1.0, 0.0], [0.0, 1.0]]))
    array([[0., 1.], [1., 0.]])
    """
    if priors is None:
        return r
    # Huge or tiny ones would over- or underflow; a factor common to a row means nothing here.
    priors = priors / priors.max(axis=1, keepdims=True)
    _, order = linear_sum_assignment(priors.T @ r, maximize=True)
    product = priors * r[:, order]
    product = np.where(product.any(axis=1, keepdims=True), product, priors)
    return product / product.sum(axis=1, keepdims=True)


def given_parameters(model):
    """The checked start parameters that the user gave, as attributes.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM
    >>> model = GMM(2, means_init=[[0], [1]])
    >>> model.n_features_in_ = 1
    >>> given_parameters(model)
    {'means_': array([[0.], [1.]])}
    """
    K, D = model.n_components, model.n_features_in_
    shape = model.covariance_model
    checks = {
        "weights": lambda a: check_weights(a, K, "weights_init"),
        "means": lambda a: check_means(a, K, D, "means_init"),
        "covariances": lambda a: check_covariances(a, shape, K, D, "covariances_init"),
    }
    values = {name: getattr(model, f"{name}_init") for name in checks}
    return {f"{name}_": checks[name](a) for name, a in values.items() if a is not None}


def with_weight(rows):
    """The rows whose weight is not zero.

    Examples
    --------
    >>> from numpy_ml_gmm.blocks import Rows
    >>> with_weight(Rows(np.array([[0.0], [9.0]]), weights=np.array([1.0, 0.0]))).X
    array([[0.]])
    """
    if rows.weights is None or rows.weights.all():
        return rows
    return rows.take(np.flatnonzero(rows.weights))


def some_rows(rows, K, rng):
    """All rows, or a random sample if there are far more than a start needs.

    Examples
    --------
    >>> from numpy_ml_gmm.blocks import Rows
    >>> rows = Rows(np.arange(10_000.0)[:, None])
    >>> len(some_rows(rows, 2, np.random.default_rng(0)).X)
    1040
    """
    N, D = rows.X.shape
    enough = K * (ROWS_PER_COMPONENT + ROWS_PER_FEATURE * D)
    while enough < N:
        some = rows.take(np.sort(rng.choice(N, size=enough, replace=False)))
        if len(constant_features(one_component(some, diagonal=True))) == 0:
            return some
        enough *= 2  # a feature that is rare shows in none of them: look at more
    return rows


def constant_features(statistics):
    """The features that are the same in every row, up to rounding.

    Examples
    --------
    >>> from numpy_ml_gmm.blocks import Rows
    >>> rows = Rows(np.array([[1.0, 5.0], [2.0, 5.0]]))
    >>> constant_features(statistics_of(rows, np.ones((2, 1)), diagonal=True))
    array([1])
    """
    N, means, W = statistics.moments()
    unit = np.finfo(statistics.dtype).eps * np.abs(means[0])
    return np.flatnonzero(W[0] <= N * unit**2)


def check_spread(statistics):
    """No feature may be the same in every row.

    Examples
    --------
    >>> from numpy_ml_gmm.blocks import Rows
    >>> statistics = statistics_of(Rows(np.array([[1.0, 5.0], [2.0, 5.0]])), np.ones((2, 1)), True)
    >>> check_spread(statistics)
    Traceback (most recent call last):
    ValueError: feature 1 is constant (about 5): drop that column
    """
    N, means, W = statistics.moments()
    for d in constant_features(statistics):
        raise ValueError(f"feature {d} is constant (about {means[0, d]:g}): drop that column")
    least = np.finfo(statistics.dtype).tiny / np.finfo(statistics.dtype).eps
    for d in np.flatnonzero(W[0] <= N * least):
        raise ValueError(
            f"feature {d} varies by {np.sqrt(W[0, d] / N[0]):.1g} only, too little to square in "
            f"{statistics.dtype}: change its unit"
        )
