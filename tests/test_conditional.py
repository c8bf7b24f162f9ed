"""Marginals, conditionals and regression: quadrature, sampling, plain formulas, and gmr."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import NAMES, log_joint, parameters, random_model, with_holes
from scipy.integrate import quad, trapezoid
from scipy.special import logsumexp, softmax
from scipy.stats import multivariate_normal
from sklearn.base import clone
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from numpy_ml_gmm import GMM, GMMRegressor, NotFittedError, load_iris, load_old_faithful
from numpy_ml_gmm.covariances import MODELS

close = pytest.approx
nan, inf = np.nan, np.inf


def density(model, X):
    """The density of a mixture by scipy.stats."""
    return np.exp(logsumexp(log_joint(np.atleast_2d(X), *parameters(model)), axis=1))


def by_inverses(model, o, x):
    """Weights, means and covariances given x_o, from the precisions and scipy's densities."""
    pi, mu, Sigma = parameters(model)
    m = np.setdiff1d(np.arange(mu.shape[1]), o)
    P = np.linalg.inv(Sigma)
    C = np.linalg.inv(P[:, m[:, None], m])
    means = [
        mu[k, m] - C[k] @ P[k][np.ix_(m, o)] @ (x - mu[k, o]) for k in range(len(pi))
    ]  # completing the square in the exponent
    r = softmax(log_joint(x[None], pi, mu[:, o], Sigma[:, np.array(o)[:, None], o])[0])
    return r, np.array(means), C


def moments_of(r, means, C):
    """Mean and covariance of a mixture as their definitions say."""
    mean = sum(r_k * m for r_k, m in zip(r, means, strict=True))
    outer = (r_k * (S + np.outer(m, m)) for r_k, m, S in zip(r, means, C, strict=True))
    return mean, sum(outer) - np.outer(mean, mean)


def same(model, other, rtol=1e-9, atol=1e-12):
    for a, b in zip(parameters(model), parameters(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)


# ---- The equations ----------------------------------------------------------------------------


@pytest.mark.equation("marginal")
def test_the_marginal_is_the_joint_density_integrated_over_the_rest():
    model = random_model("full", K=3, D=3)
    for x in model.means_[:2] + 0.3:
        line = [quad(lambda t, x=x: density(model, [x[0], t, x[2]])[0], -30, 30, limit=200)[0]]
        np.testing.assert_allclose(density(model.marginal([0, 2]), x[[0, 2]]), line)
    t = np.linspace(-25, 25, 501)
    a, b = (grid.ravel() for grid in np.meshgrid(t, t))
    plane = density(model, np.column_stack([np.full_like(a, 0.3), a, b])).sum() * (t[1] - t[0]) ** 2
    assert density(model.marginal(0), [0.3])[0] == close(plane)


@pytest.mark.equation("conditional-component")
@pytest.mark.parametrize(("D", "o"), [(2, [0]), (3, [2]), (4, [3, 1])])
def test_a_gaussian_given_some_features_is_a_gaussian_with_a_linear_mean(D, o):
    one = random_model("full", K=1, D=D)
    m, rng = np.setdiff1d(np.arange(D), o), np.random.default_rng(1)
    mu, Sigma = one.means_[0], one.covariances_[0]
    slope = Sigma[np.ix_(m, o)] @ np.linalg.inv(Sigma[np.ix_(o, o)])
    C = Sigma[np.ix_(m, m)] - slope @ Sigma[np.ix_(o, m)]
    for x in 3 * rng.normal(size=(5, D)):
        mean = mu[m] + slope @ (x[o] - mu[o])
        ratio = density(one, x)[0] / density(one.marginal(o), x[o])[0]
        assert multivariate_normal.pdf(x[m], mean, C) == close(ratio, rel=1e-8)
        given = one.condition(o, x[o])
        np.testing.assert_allclose(given.means_[0], mean)
        np.testing.assert_allclose(given.covariances_[0], C)


@pytest.mark.equation("conditional-weights")
def test_the_weights_given_some_features_are_their_responsibilities():
    model = random_model("full", K=3, D=3)
    for x in np.random.default_rng(1).normal(size=(5, 2)):
        terms = [
            pi * multivariate_normal.pdf(x, mu[[2, 0]], S[np.ix_([2, 0], [2, 0])])
            for pi, mu, S in zip(*parameters(model), strict=True)
        ]
        weights = model.condition([2, 0], x).weights_
        np.testing.assert_allclose(weights, np.array(terms) / sum(terms))
        np.testing.assert_allclose(weights, model.marginal([2, 0]).predict_proba(x[None])[0])
        np.testing.assert_allclose(weights, model.predict_proba([[x[1], nan, x[0]]])[0])


@pytest.mark.equation("conditional")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("D", "o"), [(2, [1]), (4, [2, 0]), (3, [0, 1])])
def test_the_conditional_density_is_joint_over_marginal(name, D, o):
    model = random_model(name, K=3, D=D)
    m = np.setdiff1d(np.arange(D), o)
    X = np.random.default_rng(2).normal(scale=3, size=(40, D))
    X[:, o] = X[0, o]
    ratio = density(model, X) / density(model.marginal(o), X[:1, o])
    given = model.condition(o, X[0, o])
    np.testing.assert_allclose(density(given, X[:, m]), ratio, rtol=1e-8)
    np.testing.assert_allclose(given.score_samples(X[:, m]), np.log(ratio), rtol=1e-8)


def completed(model, row):
    """One completed row, and its covariance."""
    X, V = model.regress([row], return_cov=True)
    return X[0], V[0]


@pytest.mark.equation("conditional-mean", "conditional-covariance")
def test_mean_and_variance_of_what_is_not_known_by_integration():
    model, t = random_model("full", K=3, D=2), np.linspace(-40, 40, 40_001)
    p = density(model, np.column_stack([np.full_like(t, 0.5), t]))
    p /= trapezoid(p, t)
    x, V = completed(model, [0.5, nan])
    assert x[1] == close(trapezoid(t * p, t))
    assert V[1, 1] == close(trapezoid((t - x[1]) ** 2 * p, t))
    assert x[0] == 0.5 and not V[0].any() and not V[:, 0].any()


@pytest.mark.equation("conditional-mean", "conditional-covariance")
def test_mean_and_covariance_of_two_unknowns_by_integration():
    model, t = random_model("full", K=3, D=3, seed=4), np.linspace(-25, 25, 601)
    a, b = (grid.ravel() for grid in np.meshgrid(t, t))
    p = density(model, np.column_stack([a, np.full_like(a, 1.5), b]))
    p /= p.sum()
    x, V = completed(model, [nan, 1.5, nan])
    rest = np.stack([a, b]) - x[[0, 2], None]
    np.testing.assert_allclose(rest @ p, 0, atol=1e-9)
    np.testing.assert_allclose(V[np.ix_([0, 2], [0, 2])], rest * p @ rest.T, rtol=1e-7)


# ---- Conditionals -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*NAMES, "VEI", "EVI", "EVE", "VVE", "EEV"])
def test_every_covariance_model_is_conditioned_as_its_matrices_are(name):
    if name in NAMES:
        model = random_model(name, K=3, D=4, seed=2)
    else:
        shape = "diag" if MODELS[name].diagonal else "full"
        model = random_model(shape, K=3, D=4, seed=2).set_params(covariance_type=name)
    full = GMM.from_parameters(*parameters(model))
    given, marginal = model.condition([1, 3], [0.2, -1.0]), model.marginal([3, 0])
    same(given, full.condition([1, 3], [0.2, -1.0]))
    same(marginal, full.marginal([3, 0]))
    kind = "diag" if model.covariance_model.diagonal else "full"
    assert given.covariance_type == marginal.covariance_type == kind
    X = np.array([[0.1, nan, 3.0, nan], [nan, nan, 1.0, 2.0]])
    for a, b in zip(model.regress(X, True), full.regress(X, True), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("K", "D"), [(1, 2), (3, 4), (6, 8)])
def test_the_conditional_by_inverse_matrices(seed, K, D):
    model, rng = random_model("full", K=K, D=D, seed=seed), np.random.default_rng(seed)
    o = rng.permutation(D)[: rng.integers(1, D)]
    x = rng.normal(scale=3, size=len(o))
    for a, b in zip(parameters(model.condition(o, x)), by_inverses(model, o, x), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("seed", range(10))
def test_gmr_predicts_and_conditions_the_same(seed):
    gmr, rng = pytest.importorskip("gmr"), np.random.default_rng(seed)
    K, D = rng.integers(1, 7), rng.integers(2, 9)
    model = random_model("full", K=K, D=D, seed=seed)
    theirs = gmr.GMM(K, *parameters(model))
    o = np.sort(rng.permutation(D)[: rng.integers(1, D)])
    m = np.setdiff1d(np.arange(D), o)
    X = model.sample(50)[0]
    X[:, m] = nan
    predicted = theirs.predict(o, X[:, o])
    np.testing.assert_allclose(model.regress(X)[:, m], predicted, rtol=1e-10, atol=1e-10)
    for x in X[:5, o]:
        given, wanted = model.condition(o, x), theirs.condition(o, x)
        for a, b in zip(
            parameters(given), (wanted.priors, wanted.means, wanted.covariances), strict=True
        ):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10)


def test_to_learn_two_things_one_after_the_other_is_to_learn_them_at_once():
    model = random_model("full", K=3, D=4)
    one_by_one = model.condition(3, 0.4).condition(1, -1.0)
    same(one_by_one, model.condition([1, 3], [-1.0, 0.4]))
    same(one_by_one, model.condition([3, 1], [0.4, -1.0]))


def test_what_is_marginal_before_is_marginal_after():
    model = random_model("full", K=3, D=4)
    same(model.marginal([0, 1, 3]).condition(2, 0.7), model.condition(3, 0.7).marginal([0, 1]))


@pytest.mark.parametrize("origin", [0.0, 1e6])
def test_another_unit_and_another_origin_change_only_the_description(origin):
    model, unit = random_model("full", K=3, D=4), np.array([1e-6, 1.0, 30.0, 1e8])
    pi, mu, Sigma = parameters(model)
    other = GMM.from_parameters(pi, (mu + origin) * unit, Sigma * np.outer(unit, unit))
    X = np.random.default_rng(1).normal(scale=2, size=(5, 4))
    X[0, [0, 2]], X[1, 3], X[2] = nan, nan, nan
    (a, V), (b, W) = model.regress(X, True), other.regress((X + origin) * unit, True)
    rounding = 1e-9 * (1 + origin)
    np.testing.assert_allclose(b / unit - origin, a, atol=rounding)
    np.testing.assert_allclose(W / np.outer(unit, unit), V, atol=rounding)
    given = other.condition([1, 3], (X[4] + origin)[[1, 3]] * unit[[1, 3]])
    rest = unit[[0, 2]]
    back = GMM.from_parameters(
        given.weights_, given.means_ / rest - origin, given.covariances_ / np.outer(rest, rest)
    )
    same(back, model.condition([1, 3], X[4, [1, 3]]), rtol=0, atol=rounding)


def test_a_turn_of_what_is_known_changes_nothing_about_the_rest():
    model, rng = random_model("full", K=3, D=4), np.random.default_rng(1)
    A = np.eye(4)
    A[:2, :2] = rng.normal(size=(2, 2))
    pi, mu, Sigma = parameters(model)
    turned = GMM.from_parameters(pi, mu @ A.T, A @ Sigma @ A.T)
    x = rng.normal(size=2)
    same(turned.condition([0, 1], A[:2, :2] @ x), model.condition([0, 1], x))


def test_points_near_a_value_have_the_conditional_mean_and_covariance():
    model = random_model("full", K=3, D=3)
    X = model.sample(1_000_000)[0]
    x = model.means_[0, 1] + 0.5
    near = X[np.abs(X[:, 1] - x) < 0.02][:, [0, 2]]
    given = model.condition(1, x)
    mean, V = moments_of(*parameters(given))
    assert len(near) > 3000
    error = np.sqrt(np.diag(V) / len(near))
    assert (np.abs(near.mean(axis=0) - mean) < 4 * error).all()
    np.testing.assert_allclose(np.cov(near.T), V, rtol=0.1, atol=0.1)
    drawn = given.sample(len(near))[0]
    assert (np.abs(drawn.mean(axis=0) - mean) < 4 * error).all()
    np.testing.assert_allclose(np.cov(drawn.T), V, rtol=0.1, atol=0.1)


# ---- Far away ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("distance", [50, -300, 1e4])
def test_far_from_every_component_the_logs_still_know_the_weights(name, distance):
    """Every density is 0 in floating point there."""
    model = random_model(name, K=3, D=3)
    pi, mu, Sigma = parameters(model)
    x = np.array([distance, distance / 3])
    joint = log_joint(x[None], pi, mu[:, [0, 2]], Sigma[:, [[0], [2]], [0, 2]])
    assert (np.exp(joint) == 0).all()
    given = model.condition([0, 2], x)
    np.testing.assert_allclose(given.weights_, softmax(joint[0]), rtol=1e-6, atol=1e-300)
    assert model.regress([[x[0], nan, x[1]]])[0, 1] == close(given.weights_ @ given.means_[:, 0])


def test_two_components_alike_share_a_point_however_far_it_is():
    pair = GMM.from_parameters(
        [0.3, 0.7], [[0.0, 1.0], [0.0, 2.0]], [[1.0, 0.5], [0.5, 1.0]], covariance_type="tied"
    )
    for x in (0.0, 1e3, -1e8, 1e100):
        given = pair.condition(0, x)
        np.testing.assert_allclose(given.weights_, [0.3, 0.7])
        np.testing.assert_allclose(given.means_.ravel(), np.array([1, 2]) + x / 2)
        assert pair.regress([[x, nan]])[0, 1] == close(1.7 + x / 2)


def test_beyond_the_horizon_the_weights_are_still_numbers():
    """The square of 1e160 standard deviations is none."""
    thin = GMM.from_parameters([0.3, 0.7], [[0, 1], [0, 2]], [1e-120, 1], covariance_type="EEI")
    np.testing.assert_allclose(thin.condition(0, 1e100).weights_, [0.3, 0.7])
    assert thin.regress([[1e100, nan]])[0, 1] == close(1.7)


def test_a_component_without_weight_gets_none():
    pair = GMM.from_parameters([0.0, 1.0], [[0.0, 0.0], [9.0, 9.0]], 1.0, covariance_type="EII")
    given = pair.condition(0, 0.0)
    np.testing.assert_array_equal(given.weights_, [0, 1])
    assert pair.regress([[0.0, nan]])[0, 1] == 9


def test_an_all_but_certain_relation_is_kept():
    """The variance that is left is 1e-12 of the variance before."""
    line = GMM.from_parameters([1.0], [[0.0, 0.0]], [[[1.0, 1.0], [1.0, 1.0 + 1e-12]]])
    x, V = completed(line, [3.0, nan])
    assert x[1] == close(3) and V[1, 1] == close(1e-12, rel=1e-3)


def test_a_singular_component_is_named():
    model = random_model("full", K=2, D=2)
    model.covariances_[1] = [[1, 1], [1, 1]]
    for call in (lambda: model.condition(0, 1.0), lambda: model.regress([[1.0, nan]])):
        with pytest.raises(ValueError, match=r"component 1 has collapsed.*var_smoothing"):
            call()


# ---- Tables with holes ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_each_row_is_completed_by_its_own_conditional(name):
    model, rng = random_model(name, K=3, D=4), np.random.default_rng(3)
    X = model.sample(60)[0]
    X[rng.random(X.shape) < 0.4] = nan
    X[0], X[1] = nan, 1.0  # nothing is known, and everything
    filled, V = model.regress(X, return_cov=True)
    np.testing.assert_array_equal(model.regress(X), filled)
    for row, answer, covariance in zip(X, filled, V, strict=True):
        m = np.isnan(row)
        np.testing.assert_array_equal(answer[~m], row[~m])
        assert not covariance[~m].any() and not covariance[:, ~m].any()
        if m.all():
            mean, wanted = moments_of(*parameters(model))
        elif m.any():
            mean, wanted = moments_of(*parameters(model.condition(np.flatnonzero(~m), row[~m])))
        else:
            continue
        np.testing.assert_allclose(answer[m], mean)
        np.testing.assert_allclose(covariance[np.ix_(m, m)], wanted, rtol=1e-8, atol=1e-10)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 9), st.integers(1, 40))
def test_rows_may_come_in_any_order_and_company(seed, K, D, N):
    rng = np.random.default_rng(seed)
    model = random_model("full", K=K, D=D, seed=seed)
    X = 3 * rng.normal(size=(N, D))
    X[rng.random(X.shape) < rng.random()] = nan
    filled, V = model.regress(X, return_cov=True)
    order = rng.permutation(N)
    again, W = model.regress(X[order], return_cov=True)
    np.testing.assert_allclose(again, filled[order], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(W, V[order], rtol=1e-9, atol=1e-9)
    assert (np.linalg.eigvalsh(V) > -1e-9).all()
    np.testing.assert_array_equal(model.regress(filled), filled)


def test_many_rows_go_in_blocks():
    model = random_model("full", K=3, D=4)
    X = model.sample(30_000)[0]
    X[:, [1, 2]] = nan
    some = [0, 1, 8191, 8192, 20_000, 29_999]
    for whole, few in zip(model.regress(X, True), model.regress(X[some], True), strict=True):
        np.testing.assert_allclose(whole[some], few, rtol=1e-12, atol=1e-12)


def test_the_callers_table_is_left_alone_and_single_precision_stays():
    model = GMM(2, random_state=0).fit(load_old_faithful().X.astype(np.float32))
    X = np.array([[2.0, nan], [nan, 80.0]], dtype=np.float32)
    before = X.copy()
    filled, V = model.regress(X, return_cov=True)
    np.testing.assert_array_equal(X, before)
    assert filled.dtype == V.dtype == np.float32
    double = model.regress(X.astype(np.float64))
    np.testing.assert_allclose(filled, double, rtol=1e-6)
    assert not np.shares_memory(model.regress(double), double)


# ---- Names, arguments and errors -----------------------------------------------------------------


@pytest.fixture(scope="module")
def flowers():
    iris = load_iris()
    return GMM(3, random_state=0).fit(pd.DataFrame(iris.X, columns=list("abcd")))


def test_names_of_columns_are_taken_and_kept(flowers):
    given = flowers.condition(["d", "a"], [0.2, 5.0])
    same(given, flowers.condition([3, 0], [0.2, 5.0]), rtol=0)
    assert list(given.feature_names_in_) == ["b", "c"]
    assert list(flowers.marginal(["d", 1]).feature_names_in_) == ["d", "b"]
    assert given.condition("c", 1.5).feature_names_in_ == ["b"]
    frame = pd.DataFrame([[5.0, nan, 1.4, nan]], columns=list("abcd"))
    np.testing.assert_array_equal(flowers.regress(frame), flowers.regress(frame.to_numpy()))
    with pytest.raises(ValueError, match="feature names"):
        flowers.regress(frame[list("dcba")])


def test_a_hole_may_be_written_in_any_way(flowers):
    wanted = flowers.regress([[5.0, nan, 1.4, nan]])
    cells = [5.0, None, 1.4, pd.NA]
    for X in (
        [cells],
        pd.DataFrame([cells], columns=list("abcd"), dtype="Float64"),
        np.ma.masked_invalid([[5.0, nan, 1.4, nan]]),
    ):
        np.testing.assert_array_equal(flowers.regress(X), wanted)


def test_names_survive_a_saved_model(flowers, tmp_path):
    flowers.save(tmp_path / "model.npz")
    loaded = GMM.load(tmp_path / "model.npz")
    same(loaded.condition("d", 0.2), flowers.condition("d", 0.2), rtol=0)
    given = loaded.condition("d", 0.2)
    given.save(tmp_path / "given.npz")
    same(GMM.load(tmp_path / "given.npz"), given, rtol=0)


def test_the_new_mixture_keeps_the_arguments_but_no_start():
    X = load_iris().X
    start = dict(means_init=X[[0, 60, 120]], weights_init=np.ones(3) / 3, random_state=7)
    model = GMM(3, covariance_type="tied", tol=1e-3, **start).fit(X)
    for part in (model.marginal([0, 2]), model.condition(1, 3.0)):
        kept = {"n_components": 3, "random_state": 7, "tol": 1e-3, "covariance_type": "full"}
        assert kept.items() <= part.get_params().items()
        assert part.means_init is part.weights_init is part.covariances_init is None
        assert part.n_features_in_ == part.means_.shape[1]
        assert part.fit(part.sample(100)[0]).means_.shape == part.means_.shape


def test_a_subclass_stays_one():
    class Mine(GMM):
        pass

    model = Mine.from_parameters([1.0], np.zeros((1, 2)), [np.eye(2)])
    assert type(model.condition(0, 1.0)) is type(model.marginal(0)) is Mine


THREE = random_model("full", K=2, D=3)
BAD = {
    "unknown name": (lambda m: m.condition("e", 1.0), "features='e'.*'c', 'd', or 0 to 3"),
    "too high": (lambda m: m.marginal(4), "features=4 is not.*0 to 3"),
    "negative": (lambda m: m.marginal([0, -1]), "features=-1 is not.*0 to 3"),
    "fraction": (lambda m: m.marginal(1.0), "features=1.0 is not"),
    "mask": (lambda m: m.marginal([True, False, False, True]), "features=True is not"),
    "None": (lambda m: m.marginal(None), "features=None is not"),
    "none at all": (lambda m: m.marginal([]), r"features=\[\] must be one or several"),
    "twice": (lambda m: m.condition([1, "b"], [1, 1]), r"features=\[1, 'b'\].*all different"),
    "table of features": (lambda m: m.marginal([[0, 1]]), r"features=\[0, 1\] is not"),
    "names of an array's fit": (lambda m: THREE.condition("a", 1.0), "features='a'.*0 to 2"),
    "all features": (lambda m: THREE.condition([0, 1, 2], [1, 1, 1]), "all 3.*none is left"),
    "nan": (lambda m: m.condition(0, nan), "values=.nan. holds NaN.*leave out"),
    "infinity": (lambda m: m.condition([0, 1], [1, -inf]), "values=.*holds NaN, infinity"),
    "too large": (lambda m: m.condition(0, 1e200), "values=.*too large"),
    "too few": (lambda m: m.condition([0, 1], 1.0), r"values has shape \(\), expected \(2,\)"),
    "too many": (lambda m: m.condition(0, [1, 2]), r"values has shape \(2,\), expected \(1,\)"),
    "text": (lambda m: m.condition(0, "wide"), "values holds <U4"),
    "infinity in X": (lambda m: m.regress([[1, inf, nan, 1]]), r"infinity \(X\[0, 1\] is inf\)"),
    "large in X": (lambda m: m.regress([[1, 1e200, nan, 1]]), r"too large \(X\[0, 1\]"),
    "narrow X": (lambda m: m.regress([[1, nan]]), "X has 2 features.*expecting 4"),
    "flat X": (lambda m: m.regress([1, nan, 1, 1]), r"X has shape \(4,\).*reshape"),
    "no rows": (lambda m: m.regress(np.zeros((0, 4))), r"X has 0 sample"),
    "words in X": (lambda m: m.regress([["a", "b", "c", "d"]]), r"text \(X\[0, 0\] is 'a'\)"),
}  # fmt: skip


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_named_with_its_remedy(flowers, call, message):
    before = pickle.dumps(flowers)
    with pytest.raises(ValueError, match=message):
        call(flowers)
    assert pickle.dumps(flowers) == before


def test_an_unfitted_model_says_so():
    calls = (
        lambda m: m.marginal(0),
        lambda m: m.condition(0, 1.0),
        lambda m: m.regress([[1.0, nan]]),
    )
    for call in calls:
        with pytest.raises(AttributeError, match="not fitted yet"):
            call(GMM(2))


# ---- The regressor -------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Estimator GMMRegressor does not inherit:UserWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.filterwarnings("ignore::numpy_ml_gmm.DataWarning")  # in some checks y repeats x
@pytest.mark.filterwarnings("ignore::numpy_ml_gmm.CollapseWarning")
@pytest.mark.parametrize(
    ("n_components", "covariance_type"), [(1, "full"), (1, "tied"), (2, "full")]
)
def test_scikit_learns_own_checks_find_nothing(n_components, covariance_type):
    model = GMMRegressor(n_components, covariance_type=covariance_type)
    results = check_estimator(model, on_fail=None)
    assert sum(result["status"] == "passed" for result in results) > 50
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert not failed


def bent(N=400, seed=0):
    """Points about a bent line, with two outputs."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, size=(N, 2))
    y = np.abs(X[:, 0]) + 0.1 * rng.normal(size=N)
    return X, np.column_stack([y, X[:, 1] - y + 0.2 * rng.normal(size=N)])


def test_one_component_is_linear_regression():
    X, y = bent()
    w = np.random.default_rng(1).uniform(size=len(X))
    ours = GMMRegressor(var_smoothing=0).fit(X, y, sample_weight=w)
    theirs = LinearRegression().fit(X, y, sample_weight=w)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9, atol=1e-9)
    assert ours.score(X, y, w) == close(theirs.score(X, y, w))
    _, std = ours.predict(X[:1], return_std=True)
    spread = np.sqrt(np.average((y - theirs.predict(X)) ** 2, axis=0, weights=w))
    np.testing.assert_allclose(std[0], spread)


def test_the_regressor_is_the_mixture_of_both_tables():
    X, y = bent()
    model = GMMRegressor(3, random_state=0).fit(X, y)
    mixture = GMM(3, random_state=0).fit(np.column_stack([X, y]))
    same(model.mixture_, mixture, rtol=0)
    filled, V = mixture.regress(np.column_stack([X, np.full_like(y, nan)]), return_cov=True)
    mean, std = model.predict(X, return_std=True)
    np.testing.assert_allclose(mean, filled[:, 2:])
    np.testing.assert_allclose(std**2, np.diagonal(V, axis1=1, axis2=2)[:, 2:])
    assert model.score(X, y) > 0.9 > GMMRegressor().fit(X, y).score(X, y)


def test_the_standard_deviation_covers_new_points():
    X, y = bent(2000)
    model = GMMRegressor(4, random_state=0).fit(X, y[:, 0])
    X, y = bent(2000, seed=1)
    mean, std = model.predict(X, return_std=True)
    within = np.abs(y[:, 0] - mean) < 1.96 * std
    assert 0.93 < within.mean() < 0.98


@pytest.mark.parametrize("shape", [(-1,), (-1, 1), (-1, 2)])
def test_predictions_have_the_shape_of_y(shape):
    X, y = bent(40)
    y = y[:, : max(1, shape[-1])].reshape(-1, *shape[1:])
    model = GMMRegressor(random_state=0).fit(X, y)
    mean, std = model.predict(X, return_std=True)
    assert mean.shape == std.shape == y.shape
    assert model.score(X, y) == close(r2_score(y, mean))


def test_the_score_is_scikit_learns():
    X, y = bent(60)
    model = GMMRegressor(random_state=0).fit(X, y)
    w = np.random.default_rng(0).uniform(size=60)
    assert model.score(X, y, w) == close(r2_score(y, model.predict(X), sample_weight=w))
    constant = np.column_stack([np.ones(60), y[:, 1]])
    assert model.score(X, constant) == close(r2_score(constant, model.predict(X)))


def test_a_weight_is_so_many_rows():
    X, y = bent(60)
    w = np.random.default_rng(0).integers(0, 4, size=60)
    start = dict(random_state=0, init_params="kmeans")
    weighted = GMMRegressor(1, **start).fit(X, y, sample_weight=w)
    repeated = GMMRegressor(1, **start).fit(np.repeat(X, w, axis=0), np.repeat(y, w, axis=0))
    np.testing.assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-8)


def test_it_works_where_scikit_learn_expects_a_regressor():
    X, y = bent()
    model = clone(GMMRegressor(3, covariance_type="VEV", random_state=0))
    assert model.get_params()["covariance_type"] == "VEV"
    search = GridSearchCV(GMMRegressor(random_state=0), {"n_components": [1, 3]}, cv=3)
    assert search.fit(X, y[:, 0]).best_params_ == {"n_components": 3}
    scaled = make_pipeline(StandardScaler(), GMMRegressor(3, random_state=0)).fit(X, y)
    plain = GMMRegressor(3, random_state=0).fit(X, y)
    np.testing.assert_allclose(scaled.predict(X), plain.predict(X), atol=1e-3)


def test_frames_and_their_names():
    X, y = bent(50)
    frame, outputs = pd.DataFrame(X, columns=["u", "v"]), pd.DataFrame(y, columns=["p", "q"])
    model = GMMRegressor(random_state=0).fit(frame, outputs)
    np.testing.assert_array_equal(model.predict(frame), GMMRegressor().fit(X, y).predict(X))
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[["v", "u"]])
    one = GMMRegressor().fit(frame, outputs["p"])
    assert one.predict(frame).shape == (50,)


@pytest.mark.parametrize("outputs", [0, [0], [0, 1]])
def test_a_saved_regressor_comes_back_whole(tmp_path, outputs):
    X, y = bent(50)
    frame = pd.DataFrame(X, columns=["u", "v"])
    model = GMMRegressor(2, random_state=0).fit(frame, y[:, outputs])
    model.save(tmp_path / "model.npz")
    loaded = GMMRegressor.load(tmp_path / "model.npz")
    assert vars(loaded).keys() == vars(model).keys()
    assert loaded.output_shape_ == model.output_shape_
    for a, b in zip(loaded.predict(X, True), model.predict(X, True), strict=True):
        np.testing.assert_array_equal(a, b)
    GMMRegressor(3).save(tmp_path / "model.npz")
    assert vars(GMMRegressor.load(tmp_path / "model.npz")) == vars(GMMRegressor(3))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("output_shape_", [3]),
        ("output_shape_", []),
        ("n_features_in_", 4),
        ("n_features_in_", 0),
        ("feature_names_in_", np.array(["u"])),
        ("weights_", np.ones(2)),
        ("n_components", 3),
        ("note", "mine"),
    ],
)
def test_what_does_not_fit_together_is_not_saved(tmp_path, name, value):
    X, y = bent(50)
    model = GMMRegressor(2, random_state=0).fit(pd.DataFrame(X, columns=["u", "v"]), y)
    setattr(model, name, value)
    with pytest.raises((TypeError, ValueError), match=rf"{name.rstrip('_')}|means_"):
        model.save(tmp_path / "model.npz")
    assert not list(tmp_path.iterdir())


def test_a_mixture_is_no_regressor_and_has_one(tmp_path):
    X, y = bent(50)
    model = GMMRegressor(2, random_state=0).fit(X, y)
    model.mixture_.save(tmp_path / "mixture.npz")
    with pytest.raises(ValueError, match="holds GMM, expected GMMRegressor"):
        GMMRegressor.load(tmp_path / "mixture.npz")
    same(GMM.load(tmp_path / "mixture.npz"), model.mixture_, rtol=0)
    given = model.mixture_.condition([0, 1], X[0])
    assert moments_of(*parameters(given))[0] == close(model.predict(X[:1])[0])


def test_single_precision_stays():
    X, y = (table.astype(np.float32) for table in bent(50))
    mean, std = GMMRegressor(random_state=0).fit(X, y).predict(X, return_std=True)
    assert mean.dtype == std.dtype == np.float32


U, v = bent(30)
BAD_FITS = {
    "no y": ((U, None), "requires y.*use GMM"),
    "short y": ((U, v[:-1]), r"y has shape \(29, 2\), expected \(30,\) or \(30, n_outputs\)"),
    "deep y": ((U, v[:, :, None]), r"y has shape \(30, 2, 1\)"),
    "nan in y": ((U, np.where(v == v[3, 1], nan, v)), r"NaN \(y\[3, 1\] is nan\)"),
    "infinity in y": ((U, np.where(v[:, 0] == v[3, 0], inf, 1)), r"infinity \(y\[3, 0\] is inf\)"),
    "a column of nan": ((U * [1, nan], v), "has no number at all"),
    "constant y": ((U, np.ones(30)), "column 'y' is constant"),
    "constant output": ((U, np.ones((30, 1))), r"column 'y\[:, 0\]' is constant"),
    "words": ((U, ["a"] * 30), "y holds <U1"),
    "weights": ((U, v, np.ones(3)), "sample_weight.shape"),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), BAD_FITS.values(), ids=BAD_FITS)
def test_a_bad_fit_is_named_and_changes_nothing(arguments, message):
    model = GMMRegressor(random_state=0).fit(U, v)
    before = model.predict(U)
    with pytest.raises(ValueError, match=message):
        model.fit(*arguments)
    np.testing.assert_array_equal(model.predict(U), before)


def test_an_unfitted_regressor_says_so():
    for call in (lambda m: m.predict(U), lambda m: m.score(U, v)):
        with pytest.raises(AttributeError, match=r"GMMRegressor is not fitted yet: call fit with"):
            call(GMMRegressor(2))
    assert issubclass(NotFittedError, AttributeError)


# ---- Filling in --------------------------------------------------------------------------------


def test_imputing_means_is_regression():
    model = random_model("full", 3, 3, 1)
    X = with_holes(model.sample(40)[0], 0.3)
    np.testing.assert_array_equal(model.impute(X), model.regress(X))


@pytest.mark.parametrize("name", ["full", "diag", "spherical"])
def test_draws_have_the_moments_of_the_conditional(name):
    model = random_model(name, 3, 3, 2)
    X = with_holes(model.sample(6)[0], 0.5, seed=3)
    X[0] = np.nan
    completed, V = model.regress(X, return_cov=True)
    drawn = model.impute(X, draws=40_000)
    known = ~np.isnan(X)
    assert (drawn[:, known] == X[known]).all()
    sd = np.sqrt(np.einsum("ndd->nd", V))
    np.testing.assert_allclose(drawn.mean(axis=0), completed, atol=0.03 * (sd.max() + 1e-3))
    for n in range(len(X)):
        np.testing.assert_allclose(np.cov(drawn[:, n].T), V[n], atol=0.05 * (sd.max() ** 2 + 1e-3))


def test_intervals_of_draws_cover_what_was_lost():
    model = random_model("full", 2, 4, 5)
    table, _ = model.sample(3000)
    X = with_holes(table, 0.3)
    drawn = model.set_params(random_state=6).impute(X, draws=399)
    low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
    lost = np.isnan(X)
    assert ((low < table) & (table < high))[lost].mean() == pytest.approx(0.9, abs=0.03)


def test_draws_are_seeded_and_checked():
    model = random_model("full", 2, 2, 0, spread=1)
    X = [[np.nan, 0.0], [1.0, 2.0]]
    assert (model.impute(X, draws=3) == model.impute(X, draws=3)).all()
    assert model.impute(X, draws=3).shape == (3, 2, 2)
    with pytest.raises(ValueError, match="draws=0"):
        model.impute(X, draws=0)
    with pytest.raises(ValueError, match="infinity"):
        model.impute([[np.inf, 0.0]])


@pytest.mark.parametrize("name", ["full", "diag", "spherical"])
def test_a_regressor_predicts_from_what_each_row_has(name):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    y = X @ [1.0, -2.0, 0.5] + 0.1 * rng.normal(size=300)
    holes = with_holes(X, 0.2)
    model = GMMRegressor(2, covariance_type=name, n_init=2, random_state=0).fit(holes, y)
    mean, std = model.predict(holes, return_std=True)
    table = np.column_stack([holes, np.full(300, np.nan)])
    completed, V = model.mixture_.regress(table, return_cov=True)
    np.testing.assert_allclose(mean, completed[:, 3], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(std, np.sqrt(V[:, 3, 3]), rtol=1e-8)
    whole = ~np.isnan(holes).any(axis=1)
    np.testing.assert_allclose(model.predict(holes[whole]), mean[whole], rtol=1e-10)
    if name == "full":
        assert model.score(holes[whole], y[whole]) > 0.98
