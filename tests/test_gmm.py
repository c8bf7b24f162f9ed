"""Claims about the mixture and EM, each with an oracle."""

import copy
import itertools
import json
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import (
    FAMILIAR,
    NAMES,
    full_covariances,
    moments,
    one_start,
    parameters,
    random_model,
    slow_log_joint,
    slow_log_likelihood,
    slow_moments,
)
from scipy.sparse import issparse
from scipy.special import logsumexp, softmax
from scipy.stats import chi2
from sklearn.datasets import load_breast_cancer
from sklearn.mixture import GaussianMixture

from numpy_ml_gmm import GMM, blocks, load_iris, load_old_faithful
from numpy_ml_gmm.blocks import Rows, map_chunks
from numpy_ml_gmm.covariances import MODELS
from numpy_ml_gmm.frames import Natural
from numpy_ml_gmm.statistics import softmax as softmax_of_block
from numpy_ml_gmm.statistics import sparse_softmax

OPTIMA = json.loads((Path(__file__).parent / "data" / "optima.json").read_text())
FAITHFUL, IRIS = load_old_faithful().X, load_iris().X
TABLES = {
    "old_faithful": FAITHFUL,
    "old_faithful standardised, ddof=0": (FAITHFUL - FAITHFUL.mean(axis=0)) / FAITHFUL.std(axis=0),
    "old_faithful waiting only": FAITHFUL[:, 1:],
    "iris": IRIS,
}
ROWS = [
    (table, int(row.split()[0]), row.split()[1], value["log_likelihood"])
    for table in TABLES
    for row, value in OPTIMA[table].items()
    if "true labels" not in row
]


def close(a, b, **tolerance):
    for x, y in zip(a, b, strict=True):
        np.testing.assert_allclose(x, y, **tolerance)


# ---- The model -----------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(NAMES), st.integers(1, 5), st.integers(1, 6), st.integers(0, 10**6))
def test_log_joint_is_scipys(name, K, D, seed):
    model = random_model(name, K, D, seed)
    X = 4 * np.random.default_rng(seed).normal(size=(20, D))
    np.testing.assert_allclose(model.log_joint(X), slow_log_joint(model, X), rtol=1e-10, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_marginal_likelihood_is_the_sum_over_all_assignments(name):
    model = random_model(name, K=3, D=2, seed=1)
    X, _ = model.sample(7)
    joint = np.exp(slow_log_joint(model, X))  # (N, K)
    total = sum(np.prod(joint[range(7), list(z)]) for z in itertools.product(range(3), repeat=7))
    assert np.isclose(model.log_likelihood(X), np.log(total), rtol=1e-12)


def test_complete_likelihood_is_the_product_of_joint_probabilities():
    model = random_model("full", seed=2)
    X, z = model.sample(6)
    product = np.prod(np.exp(slow_log_joint(model, X))[range(6), z])
    assert np.isclose(model.complete_log_likelihood(X, z), np.log(product), rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_responsibilities_equal_bayes_rule_by_hand(name):
    model = random_model(name, seed=3)
    X, _ = model.sample(50)
    joint = np.exp(slow_log_joint(model, X))
    by_hand = joint / joint.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X), by_hand, atol=1e-12)
    assert (model.predict(X) == by_hand.argmax(axis=1)).all()
    np.testing.assert_allclose(np.exp(model.score_samples(X)), joint.sum(axis=1), rtol=1e-10)


def test_far_points_have_responsibilities_too():
    model = random_model("full", seed=3)
    r = model.predict_proba([[1e6, -1e6], [1e100, 1e100]])
    np.testing.assert_allclose(r.sum(axis=1), 1)


def test_one_symbol_of_the_seed_is_worth_its_number():
    known = OPTIMA["old_faithful"]["2 full"]
    model = GMM.from_parameters(known["weights"], known["means"], known["covariances"])
    r = model.predict_proba(FAITHFUL)
    assert np.isclose(model.log_likelihood(FAITHFUL), known["log_likelihood"], atol=1e-7)
    assert np.isclose(model.entropy(r), known["entropy"], atol=1e-6)
    assert np.isclose(model.q_function(FAITHFUL, r), known["q_function"], atol=1e-6)
    best = model.complete_log_likelihood(FAITHFUL, model.predict(FAITHFUL))
    assert np.isclose(best, known["complete_log_likelihood_at_map_labels"], atol=1e-6)


# ---- EM ------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 10**6))
def test_statistics_are_the_sums_of_their_definitions(K, D, seed):
    model = random_model("full", K, D, seed, spread=1.0)
    X, _ = random_model("full", K, D, seed, spread=1.0).sample(30)
    r = softmax(slow_log_joint(model, X), axis=1)
    close(moments(model.e_step(X)), slow_moments(X, r), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_no_admissible_change_of_parameters_raises_q(name):
    rng = np.random.default_rng(4)
    model = random_model(name, seed=4, var_smoothing=0)
    X, _ = random_model("full", seed=5).sample(200)
    r = model.predict_proba(X)
    best = model.m_step(model.e_step(X)).q_function(X, r)
    for _ in range(200):
        weights = model.weights_ * np.exp(1e-3 * rng.normal(size=3))
        means = model.means_ + 1e-3 * rng.normal(size=model.means_.shape)
        covariances = model.covariances_ * (
            1 + 1e-3 * rng.normal(size=np.shape(model.covariances_))
        )
        if covariances.ndim and covariances.shape[-2:] == (2, 2) and name in ("full", "tied"):
            covariances = (covariances + np.swapaxes(covariances, -1, -2)) / 2
        other = GMM.from_parameters(
            weights / weights.sum(), means, covariances, covariance_type=name
        )
        assert other.q_function(X, r) < best + 1e-9


@pytest.mark.parametrize("name", NAMES)
def test_no_direction_improves_the_fixed_point(name):
    """The gradient of the log-likelihood, by finite differences, in pi, mu and Sigma."""
    model = GMM(2, covariance_type=name, var_smoothing=0, tol=1e-13, max_iter=5000, random_state=0)
    model.fit(FAITHFUL / FAITHFUL.std(axis=0))
    X = FAITHFUL / FAITHFUL.std(axis=0)

    def height(log_pi, mu, Sigma):
        pi = np.exp(log_pi) / np.exp(log_pi).sum()
        return slow_log_likelihood(GMM.from_parameters(pi, mu, Sigma, covariance_type=name), X)

    at = [np.log(model.weights_), model.means_, np.asarray(model.covariances_)]
    for i, value in enumerate(at):
        for index in np.ndindex(value.shape):
            step = np.zeros(value.shape)
            step[index] = 1e-5
            if i == 2 and name in ("full", "tied"):
                step = (step + np.swapaxes(step, -1, -2)) / 2
            up, down = list(at), list(at)
            up[i], down[i] = value + step, value - step
            assert abs(height(*up) - height(*down)) / 2e-5 < 2e-3, (i, index)


@pytest.mark.filterwarnings("ignore::numpy_ml_gmm.CollapseWarning")  # from a single start
@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(MODELS)), st.integers(1, 4), st.integers(1, 4), st.integers(0, 10**6))
def test_the_log_likelihood_never_falls(name, K, D, seed):
    X, _ = random_model("full", K, D, seed, spread=1.5).sample(120)
    kwargs = dict(covariance_type=name, random_state=seed, tol=0, max_iter=30, n_init=1)
    plain = GMM(K, var_smoothing=0, **kwargs)
    try:
        path = [m.log_likelihood_ for m in plain.iterate(X)]
    except ValueError:  # a component collapsed: its likelihood has no maximum
        path = []
    assert (np.diff(path) >= -1e-9 * np.abs(path[1:])).all()
    smooth = [m.log_likelihood_ for m in GMM(K, **kwargs).iterate(X)]
    assert (np.diff(smooth) >= -1e-7 * np.abs(smooth[1:])).all()


@pytest.mark.parametrize("name", ["full", "VEV"])
def test_nor_does_it_fall_where_smoothing_alone_would_lower_it(name):
    X = load_breast_cancer().data[:, [0, 2, 3, 20, 22, 23, 6, 7, 26, 27]]  # correlated above 0.99
    start = {"init_params": "k-means++", "n_init": 1, "random_state": 0}
    steps = GMM(2, covariance_type=name, **start).iterate(X)
    path, falls = [], []
    for model in steps:
        path.append(model.log_likelihood_)
        plain = copy.copy(model)
        falls.append(plain.m_step(plain.e_step(X)).log_likelihood(X) - path[-1])
    assert (np.diff(path) >= -2e-8 * np.abs(path[1:])).all()
    assert model.converged_ and min(falls) < -1e-7 * abs(path[-1])


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(NAMES), st.integers(1, 4), st.integers(0, 10**6))
def test_log_likelihood_is_elbo_plus_kl_for_any_q(name, K, seed):
    model = random_model(name, K, 3, seed)
    X, _ = model.sample(20)
    q = np.random.default_rng(seed).dirichlet(np.ones(K), size=20)
    log_likelihood = slow_log_likelihood(model, X)
    assert np.isclose(model.elbo(X, q) + model.kl(X, q), log_likelihood, rtol=1e-11)
    assert model.elbo(X, q) <= log_likelihood + 1e-9
    assert np.isclose(model.elbo(X, model.predict_proba(X)), log_likelihood, rtol=1e-11)


def test_kl_of_hard_labels_is_finite():
    model = random_model("full")
    X, z = model.sample(10)
    log_r = np.log(softmax(slow_log_joint(model, X), axis=1))
    assert np.isclose(model.kl(X, z), -log_r[range(10), z].sum())


def test_a_component_that_is_impossible_and_not_believed_in_costs_nothing():
    model = GMM.from_parameters([0, 0.3, 0.7], [[0.0], [1.0], [3.0]], np.ones((3, 1, 1)))
    X, q = np.array([[0.5], [2.0]]), np.array([[0, 1.0, 0], [0, 0.4, 0.6]])
    possible = GMM.from_parameters([0.3, 0.7], [[1.0], [3.0]], np.ones((2, 1, 1)))
    for name in ("q_function", "kl", "elbo"):
        expected = getattr(possible, name)(X, q[:, 1:])
        assert np.isclose(getattr(model, name)(X, q), expected, rtol=1e-12)


def test_history_ends_with_the_likelihood_of_what_is_returned():
    model = GMM(3, random_state=0).fit(IRIS)
    assert len(model.history_) == model.n_init
    kept = model.history_[model.best_restart_]
    assert len(kept) == model.n_iter_
    assert kept[-1] == model.log_likelihood_
    assert np.isclose(model.log_likelihood_, slow_log_likelihood(model, IRIS), rtol=1e-12)
    assert max(h[-1] for h in model.history_) <= kept[-1] + 1e-3


def test_fit_exhausts_iterate():
    stepped = GMM(3, random_state=0)
    for _ in stepped.iterate(IRIS):
        pass
    close(parameters(stepped), parameters(GMM(3, random_state=0).fit(IRIS)), rtol=0)


def test_iterate_is_an_e_step_and_an_m_step():
    model = random_model("full", var_smoothing=0)
    X, _ = model.sample(100)
    stepped = GMM(3, var_smoothing=0, **one_start(model))
    next(stepped.iterate(X))
    r = softmax(slow_log_joint(model, X), axis=1)
    N_k, mu, W = slow_moments(X, r)
    close(parameters(stepped), (N_k / 100, mu, W / N_k[:, None, None]), rtol=1e-9)


# ---- Against scikit-learn ------------------------------------------------------------------


def precisions(model):
    C = full_covariances(model)
    return {
        "full": lambda: np.linalg.inv(C),
        "tied": lambda: np.linalg.inv(C[0]),
        "diag": lambda: 1 / model.covariances_,
        "spherical": lambda: 1 / model.covariances_,
    }[model.covariance_type]()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("dtype, atol", [(np.float64, 1e-9), (np.float32, 1e-3)])
@pytest.mark.parametrize("name", FAMILIAR)
def test_equal_starts_give_scikit_learns_parameters(name, dtype, atol):
    truth = random_model(name, K=4, D=3, seed=7)
    X, _ = truth.sample(2000)
    start = random_model(name, K=4, D=3, seed=8)
    theirs = GaussianMixture(
        4,
        covariance_type=name,
        tol=0,
        max_iter=10,
        reg_covar=0,
        weights_init=start.weights_,
        means_init=start.means_,
        precisions_init=precisions(start),
        init_params="random_from_data",
    ).fit(X)
    ours = GMM(4, covariance_type=name, tol=0, max_iter=10, var_smoothing=0, **one_start(start))
    ours.fit(X.astype(dtype))
    got = ours.weights_, ours.means_, ours.covariances_, ours.predict_proba(X)
    want = theirs.weights_, theirs.means_, theirs.covariances_, theirs.predict_proba(X)
    close(got, want, atol=atol, rtol=atol)
    assert ours.weights_.dtype == ours.means_.dtype == ours.covariances_.dtype == dtype
    assert ours.predict_proba(X.astype(dtype)).dtype == dtype
    assert np.isclose(ours.bic(X), theirs.bic(X)) and np.isclose(ours.aic(X), theirs.aic(X))


# ---- Known optima --------------------------------------------------------------------------


@pytest.mark.parametrize("table, K, name, best", ROWS, ids=lambda v: str(v))
def test_known_optima_are_reached(table, K, name, best):
    model = GMM(K, covariance_type=name, var_smoothing=0, tol=1e-10, max_iter=5000, random_state=0)
    assert model.fit(TABLES[table]).log_likelihood_ > best - 1e-5


@pytest.mark.parametrize("table, K, name, best", ROWS, ids=lambda v: str(v))
def test_the_default_call_reaches_them_too(table, K, name, best):
    fits = [GMM(K, covariance_type=name, random_state=s).fit(TABLES[table]) for s in range(10)]
    assert sum(fit.log_likelihood_ > best - 1e-4 for fit in fits) >= 9


def test_the_parameters_of_the_optimum_are_the_known_ones():
    known = OPTIMA["old_faithful"]["2 full"]
    model = GMM(2, var_smoothing=0, tol=1e-12, random_state=0).fit(FAITHFUL)
    order = np.argsort(model.means_[:, 0])
    np.testing.assert_allclose(model.weights_[order], known["weights"], rtol=1e-6)
    np.testing.assert_allclose(model.means_[order], known["means"], rtol=1e-6)
    np.testing.assert_allclose(model.covariances_[order], known["covariances"], rtol=1e-5)


# ---- Invariances ---------------------------------------------------------------------------


def dyadic(model, n, seed=0):
    """A sample on a grid of 1/1024, which moving by 2^27 does not round."""
    return np.round(model.sample(n)[0] * 1024) / 1024


@pytest.mark.parametrize("name", NAMES)
def test_moving_the_data_moves_only_the_means(name):
    X = dyadic(random_model(name, seed=9), 400)
    here = GMM(3, covariance_type=name, random_state=0).fit(X)
    there = GMM(3, covariance_type=name, random_state=0).fit(X + 2.0**27)
    np.testing.assert_allclose(there.means_ - 2.0**27, here.means_, atol=1e-6)
    np.testing.assert_allclose(there.weights_, here.weights_, rtol=1e-8)
    np.testing.assert_allclose(there.covariances_, here.covariances_, rtol=1e-6, atol=1e-8)
    assert np.isclose(there.log_likelihood_, here.log_likelihood_, rtol=1e-8)


@pytest.mark.parametrize("name", ["full", "tied", "diag", "tied_diag"])
def test_changing_units_changes_parameters_only_accordingly(name):
    X, _ = random_model(name, seed=10).sample(400)
    unit = np.array([1e6, 1e-6])
    here = GMM(3, covariance_type=name, random_state=0).fit(X)
    there = GMM(3, covariance_type=name, random_state=0).fit(X * unit)
    np.testing.assert_allclose(there.means_, here.means_ * unit, rtol=1e-8)
    np.testing.assert_allclose(there.weights_, here.weights_, rtol=1e-8)
    square = np.outer(unit, unit)
    np.testing.assert_allclose(full_covariances(there), full_covariances(here) * square, rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("unit", [1e6, 1e-6])
def test_one_unit_for_all_features(name, unit):
    X, _ = random_model(name, seed=10).sample(400)
    here = GMM(3, covariance_type=name, random_state=0).fit(X)
    there = GMM(3, covariance_type=name, random_state=0).fit(X * unit)
    np.testing.assert_allclose(there.means_, here.means_ * unit, rtol=1e-8)
    np.testing.assert_allclose(there.covariances_, here.covariances_ * unit**2, rtol=1e-7)


@pytest.mark.filterwarnings("ignore::numpy_ml_gmm.CollapseWarning")
@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_rows_does_not_matter(name):
    X, _ = random_model(name, seed=11).sample(300)
    start = one_start(random_model(name, seed=12))
    shuffled = np.random.default_rng(0).permutation(X)
    a = GMM(3, covariance_type=name, **start).fit(X)
    b = GMM(3, covariance_type=name, **start).fit(shuffled)
    close(parameters(a), parameters(b), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("init", ["kmeans", "k-means++"])
def test_weight_two_is_the_point_twice(name, init):
    X, _ = random_model(name, seed=13).sample(150)
    w = np.random.default_rng(0).integers(1, 4, size=150)
    settings = dict(covariance_type=name, random_state=0, init_params=init, n_init=3)
    weighted = GMM(3, **settings).fit(X, sample_weight=w)
    repeated = GMM(3, **settings).fit(np.repeat(X, w, axis=0))
    close(parameters(weighted), parameters(repeated), rtol=1e-8, atol=1e-10)
    assert np.isclose(weighted.log_likelihood_, repeated.log_likelihood_, rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("init", ["kmeans", "k-means++", "random", "random_from_data"])
def test_weight_zero_is_the_point_absent(name, init):
    X, _ = random_model(name, seed=14).sample(150)
    w = np.random.default_rng(0).integers(0, 2, size=150)
    X[w == 0] += 100
    settings = dict(covariance_type=name, random_state=0, init_params=init, n_init=1)
    weighted = GMM(3, **settings).fit(X, sample_weight=w)
    absent = GMM(3, **settings).fit(X[w == 1])
    close(parameters(weighted), parameters(absent), rtol=1e-7, atol=1e-9)


def test_richer_models_are_at_least_as_likely():
    heights = {
        name: GMM(3, covariance_type=name, var_smoothing=0, random_state=0)
        .fit(IRIS)
        .log_likelihood_
        for name in NAMES
    }
    for poor, rich in [
        ("tied_spherical", "spherical"),
        ("tied_spherical", "tied_diag"),
        ("tied_diag", "tied"),
        ("spherical", "diag"),
        ("tied_diag", "diag"),
        ("diag", "full"),
        ("tied", "full"),
    ]:
        assert heights[poor] <= heights[rich] + 1e-6


@pytest.mark.parametrize("name", NAMES)
def test_far_apart_tight_clusters_keep_their_digits(name):
    rng = np.random.default_rng(15)
    noise = rng.normal(size=(2, 200, 2))
    noise -= noise.mean(axis=1, keepdims=True)
    X = np.vstack([1e-7 * noise[0], [1.0, 1.0] + 1e-7 * noise[1]])
    rounded = np.array([X[:200], X[200:] - 1.0])  # exact: what the doubles hold
    model = GMM(2, covariance_type=name, var_smoothing=0, random_state=0).fit(X)
    order = np.argsort(model.means_[:, 0])
    W = np.array([np.cov(part.T, ddof=0) for part in rounded])
    want = {
        "full": W,
        "tied": W.mean(axis=0),
        "diag": np.diagonal(W, axis1=1, axis2=2),
        "tied_diag": np.diagonal(W.mean(axis=0)),
        "spherical": np.trace(W, axis1=1, axis2=2) / 2,
        "tied_spherical": np.trace(W.mean(axis=0)) / 2,
    }[name]
    got = (
        model.covariances_[order]
        if np.ndim(want) and len(want) == 2 and "tied" not in name
        else (model.covariances_)
    )
    scale = np.sqrt(np.trace(W[0]) / 2) ** 2
    np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-6 * scale)


def test_nearly_dependent_features_keep_their_likelihood():
    rng = np.random.default_rng(16)
    a = rng.normal(size=500)
    X = np.column_stack([a, a + 1e-4 * rng.normal(size=500)])
    model = GMM(2, var_smoothing=0, random_state=0, tol=0, max_iter=30).fit(X)
    density = 0
    for pi, mu, C in zip(*(np.longdouble(p) for p in parameters(model)), strict=True):
        d, det = X - mu, C[0, 0] * C[1, 1] - C[0, 1] ** 2
        square = C[1, 1] * d[:, 0] ** 2 - 2 * C[0, 1] * d[:, 0] * d[:, 1] + C[0, 0] * d[:, 1] ** 2
        density += pi * np.exp(-square / det / 2) / (2 * np.pi * np.sqrt(det))
    assert np.isclose(model.log_likelihood_, float(np.log(density).sum()), rtol=1e-9)


def test_float32_keeps_digits_away_from_the_origin():
    X, _ = random_model("diag", K=2, seed=17).sample(5000)
    X = (X + 1000).astype(np.float32)
    start = dict(init_params=(X[:, 0] > np.median(X[:, 0])).astype(int), max_iter=10, tol=0)
    single = GMM(2, **start).fit(X)
    double = GMM(2, **start).fit(X.astype(np.float64))
    np.testing.assert_allclose(single.covariances_, double.covariances_, rtol=1e-3, atol=1e-4)
    assert np.isclose(single.log_likelihood_, double.log_likelihood_, rtol=1e-5)


# ---- What is known of single points --------------------------------------------------------


def test_priors_multiply_the_weights():
    model = random_model("full", seed=18, var_smoothing=0)
    X, _ = model.sample(100)
    a = np.random.default_rng(0).uniform(0.1, 1, size=(100, 3))
    joint = slow_log_joint(model, X) + np.log(a)
    r = softmax(joint, axis=1)
    statistics = model.e_step(X, priors=a)
    close(moments(statistics), slow_moments(X, r), rtol=1e-9, atol=1e-9)
    assert np.isclose(statistics.log_likelihood, np.log(np.exp(joint).sum(axis=1)).sum())


def test_labels_known_for_all_points_give_each_classs_own_gaussian():
    z = load_iris().target
    model = GMM(3, var_smoothing=0, random_state=0).fit(IRIS, priors=np.eye(3)[z])
    N_k, mu, W = slow_moments(IRIS, np.eye(3)[z])
    close(parameters(model), (N_k / 150, mu, W / N_k[:, None, None]), rtol=1e-9)
    known = OPTIMA["iris"]["3 with the true labels"]
    assert np.isclose(model.complete_log_likelihood(IRIS, z), known["complete_log_likelihood"])
    assert np.isclose(model.log_likelihood(IRIS), known["log_likelihood"])


def test_a_few_labels_number_the_components():
    z = load_iris().target
    priors = np.ones((150, 3))
    for n in (0, 1, 60, 61, 120, 121):
        priors[n] = np.eye(3)[z[n]]
    for seed in range(5):
        model = GMM(3, random_state=seed).fit(IRIS, priors=priors)
        assert np.mean(model.predict(IRIS) == z) > 0.9


# ---- Use -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_samples_have_the_models_moments(name):
    model = random_model(name, K=2, D=2, seed=19)
    X, z = model.sample(40_000)
    for k in range(2):
        part, C = X[z == k], full_covariances(model)[k]
        assert abs(len(part) / 40_000 - model.weights_[k]) < 5 * np.sqrt(0.25 / 40_000)
        delta = part.mean(axis=0) - model.means_[k]
        assert len(part) * delta @ np.linalg.solve(C, delta) < chi2(2).ppf(1 - 1e-6)
        np.testing.assert_allclose(np.cov(part.T), C, atol=0.06 * np.trace(C))
    assert 0.2 < np.mean(z[1:] != z[:-1]) / (2 * np.prod(model.weights_)) < 2  # shuffled


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", NAMES)
def test_samples_in_the_components_own_coordinates_are_standard(name, seed):
    rng, D, n = np.random.default_rng(seed), 3, 30_000
    long = rng.normal(size=(2, D, D)) @ np.diag([5.0, 1.0, 0.1])  # a root, far from symmetric
    full, variances = long @ long.transpose(0, 2, 1), rng.uniform(0.01, 25, size=(2, D))
    covariances = {
        **{"full": full, "tied": full[0], "diag": variances, "tied_diag": variances[0]},
        **{"spherical": variances[:, 0], "tied_spherical": variances[0, 0]},
    }[name]
    theta = [0.5, 0.5], rng.normal(size=(2, D)), covariances
    model = GMM.from_parameters(*theta, covariance_type=name, random_state=seed)
    X, z = model.sample(n)
    for k, C in enumerate(full_covariances(model)):
        u = np.linalg.solve(np.linalg.cholesky(C), (X[z == k] - model.means_[k]).T)
        assert np.abs(u.mean(axis=1)).max() < 5 / np.sqrt(u.shape[1])
        assert np.abs(np.cov(u) - np.eye(D)).max() < 5 * np.sqrt(2 / u.shape[1])


@pytest.mark.parametrize("total", [1 - 9e-7, 1 + 9e-7])
def test_weights_are_made_to_sum_to_one(total):
    model, X = random_model("full", K=3), IRIS[:, :2]
    rounded = GMM.from_parameters(total * model.weights_, model.means_, model.covariances_)
    close([rounded.weights_], [model.weights_], rtol=1e-14)
    close([rounded.score_samples(X)], [model.score_samples(X)], rtol=0, atol=1e-13)


@pytest.mark.parametrize("K", [3, 7, 11])
def test_weights_that_sum_to_one_but_for_rounding_are_drawn_from(K):
    model = random_model("diag", K)
    model.weights_ = np.full(K, 1 / K, np.float32)
    assert model.weights_.astype(float).sum() != 1
    assert len(np.unique(model.sample(1000)[1])) == K


def test_criteria_are_their_formulas():
    model = GMM(2, covariance_type="diag", random_state=0).fit(FAITHFUL)
    d, N = (2 - 1) + 2 * 2 + 2 * 2, len(FAITHFUL)
    log_likelihood = slow_log_likelihood(model, FAITHFUL)
    hard = slow_log_joint(model, FAITHFUL).max(axis=1).sum()
    assert model.n_parameters() == d
    assert np.isclose(model.aic(FAITHFUL), -2 * log_likelihood + 2 * d)
    assert np.isclose(model.bic(FAITHFUL), -2 * log_likelihood + d * np.log(N))
    assert np.isclose(model.icl(FAITHFUL), -2 * hard + d * np.log(N))
    assert np.isclose(model.score(FAITHFUL), log_likelihood / N)


@pytest.mark.parametrize("name", MODELS)
def test_every_number_of_threads_gives_the_same_bits(name):
    X, _ = random_model("full", K=4, D=3, seed=20).sample(30_000)
    rng = np.random.default_rng(0)
    known = dict(sample_weight=rng.uniform(0, 2, size=30_000), priors=rng.integers(-1, 4, 30_000))
    params = dict(covariance_type=name, random_state=0, n_init=2, max_iter=5, tol=0)
    fits = [GMM(4, n_jobs=n_jobs, **params).fit(X, **known) for n_jobs in (1, 2, 3, -1)]
    for other in fits[1:]:
        close(parameters(fits[0]), parameters(other), rtol=0, atol=0)
        assert fits[0].history_ == other.history_
        assert fits[0].bic(X, **known) == other.bic(X, **known)


def test_chunks_are_worked_on_by_as_many_threads_as_asked_for():
    both = threading.Barrier(2, timeout=20)

    def function(blocks):
        both.wait()  # an error if nobody else comes
        return len(blocks)

    assert list(map_chunks(function, n_rows=64, size=1, n_jobs=2)) == [2] * 32


@pytest.mark.parametrize("n_jobs, threads", [(None, 1), (1, 1), (2, 2), (3, 3)])
def test_every_sum_over_rows_is_shared_out(n_jobs, threads, monkeypatch):
    seen, executor = [], blocks.ThreadPoolExecutor

    def recorded(n):
        seen.append(n)
        return executor(n)

    monkeypatch.setattr(blocks, "ThreadPoolExecutor", recorded)
    model = random_model("diag", n_jobs=n_jobs)
    X, _ = model.sample(80_000)
    for use in (model.e_step, model.score, model.predict, model.predict_proba, model.bic):
        seen.clear()
        use(X)
        assert set(seen) == {threads}
    seen.clear()
    GMM(2, n_jobs=n_jobs, init_params=(X[:, 0] > 0).astype(int), max_iter=1, tol=0).fit(X)
    assert set(seen) == {threads}


def test_blocks_add_up_to_one_sum(monkeypatch):
    model = random_model("full", K=3, D=2, seed=21)
    X, _ = model.sample(5000)
    whole = model.e_step(X)
    monkeypatch.setattr("numpy_ml_gmm.blocks.BYTES_PER_BLOCK", 8)
    close(moments(model.e_step(X)), moments(whole), rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("spread, sparse", [(3.0, True), (0.1, False)])
@pytest.mark.parametrize("dtype, rtol", [(np.float64, 1e-10), (np.float32, 1e-3)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_wide_diagonals_are_summed_over_the_responsibilities_that_count(
    spread, sparse, dtype, rtol, order
):
    model = random_model("diag", K=40, D=70, seed=4, spread=spread)
    X, rng = model.sample(900)[0].astype(dtype, order=order), np.random.default_rng(0)
    weights, priors = rng.uniform(0, 2, size=900), rng.uniform(0, 1, size=(900, 40))
    priors[:, :3] = rng.integers(2, size=(900, 3))
    statistics = model.e_step(X, sample_weight=weights.astype(dtype), priors=priors.astype(dtype))
    rows = Rows(X, weights.astype(dtype), priors.astype(dtype))
    natural = Natural.of(model.theta, rows)
    joint = natural.log_joint(rows.block(slice(0, 900), natural.order))
    assert issparse(softmax_of_block(joint, rows.weights, natural.wide)[0]) is sparse
    with np.errstate(divide="ignore"):
        joint = slow_log_joint(model, X.astype(float)) + np.log(priors)
    r = weights[:, None] * softmax(joint, axis=1)
    N, mu = r.sum(axis=0), r.T @ X / r.sum(axis=0)[:, None]
    W = np.array([r[:, k] @ (X - mu[k]).astype(float) ** 2 for k in range(40)])
    assert np.isclose(statistics.log_likelihood, weights @ logsumexp(joint, axis=1), rtol=rtol)
    close(moments(statistics), (N, mu, W), rtol=rtol, atol=rtol)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 6), st.integers(1, 9), st.floats(0, 200), st.integers(0, 10**6))
def test_what_the_sparse_softmax_leaves_out_is_below_rounding(K, B, spread, seed):
    joint = spread * np.random.default_rng(seed).normal(size=(K, B))
    weights = np.arange(1.0, B + 1)
    r, log_p = sparse_softmax(joint, weights, joint.max(axis=0))
    np.testing.assert_allclose(
        r.toarray(), weights * softmax(joint, axis=0), rtol=1e-13, atol=1e-33
    )
    np.testing.assert_allclose(log_p, logsumexp(joint, axis=0), rtol=1e-13, atol=1e-13)


def test_a_memory_map_is_data_like_any_other(tmp_path):
    X, _ = random_model("full", seed=22).sample(20_000)
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    a, b = GMM(3, random_state=0).fit(mapped), GMM(3, random_state=0).fit(X)
    close(parameters(a), parameters(b), rtol=0, atol=0)


def test_warm_start_goes_on_where_the_fit_stopped():
    start = one_start(random_model("full", K=3, D=4, seed=23, spread=0.5))
    start["means_init"] = IRIS[[0, 60, 120]]
    start["covariances_init"] = np.array([np.cov(IRIS.T)] * 3)
    model = GMM(3, warm_start=True, max_iter=5, tol=0, **start).fit(IRIS).fit(IRIS)
    at_once = GMM(3, max_iter=10, tol=0, **start).fit(IRIS)
    close(parameters(model), parameters(at_once), rtol=1e-9)


def test_large_data_start_from_a_sample_and_climb_on_all_rows():
    X, _ = random_model("diag", K=3, D=2, seed=24).sample(20_000)
    model = GMM(3, covariance_type="diag", random_state=0).fit(X)
    assert np.isclose(model.log_likelihood_, slow_log_likelihood(model, X), rtol=1e-10)
    for run in model.history_:
        assert np.isclose(run[-1], model.log_likelihood_, rtol=0.2)


@pytest.mark.filterwarnings("ignore::numpy_ml_gmm.CollapseWarning")
@pytest.mark.parametrize(
    "start",
    [
        {},
        {"init_params": "kmeans"},
        {"init_params": "random"},
        {"init_params": "random_from_data"},
        {"means_init": [[0, 0], [1, 0]]},
    ],
)
def test_a_feature_too_rare_for_the_sample_of_a_start_is_no_obstacle(start):
    X = np.column_stack([np.random.default_rng(0).normal(size=20_000), np.zeros(20_000)])
    X[[5, 9000], 1] = 1
    model = GMM(2, random_state=1, **start).fit(X)
    # At the top one component holds the two rows, and the other's second feature is flat.
    assert sorted((20_000 * model.weights_).round()) == [2, 19_998]
    one = GMM(1, var_smoothing=0, **start | {"means_init": None}).fit(X)
    np.testing.assert_allclose(one.covariances_[0], np.cov(X.T, ddof=0), rtol=1e-9)
