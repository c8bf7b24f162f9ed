"""Streams: batches that are learnt from and let go, against sums and fits of the whole."""

import copy
import math
import pickle

import numpy as np
import pandas as pd
import pytest
from problems import NAMES, moments, one_start, parameters, random_model, with_holes
from scipy.integrate import quad
from sklearn.base import clone
from sklearn.utils import estimator_checks

from numpy_ml_gmm import GMM, BayesianGMM, load_iris, select
from numpy_ml_gmm.covariances import MODELS
from numpy_ml_gmm.online import IN_FULL, POWER, STREAM, kept, sums_of

X = load_iris().X
close = pytest.approx


def begun(**params):
    """A model of iris with a start of its own, and no points."""
    start = GMM(3, max_iter=2, tol=0, n_init=1, init_params="kmeans", random_state=0, **params)
    return GMM(3, random_state=0, **params, **one_start(start.fit(X)))


# ---- One step ------------------------------------------------------------------------------------


@pytest.mark.equation("stream")
@pytest.mark.parametrize("name", MODELS)
def test_everything_at_once_is_one_step_of_em(name):
    model = begun(covariance_type=name)
    wanted = copy.copy(model).set_params(max_iter=1, tol=0).fit(X)
    found = model.partial_fit(X)
    for a, b in zip(parameters(found), parameters(wanted), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)
    assert (found.n_iter_, found.n_samples_seen_) == (1, 150)


KINDS = {
    "weights": ({}, {"sample_weight": np.arange(150) % 3}),
    "priors": ({}, {"priors": np.where(np.arange(150) % 5, -1, np.arange(150) // 50)}),
    "errors": ({"var_smoothing": 0}, {"error_covariances": np.full(X.shape, 0.01)}),
    "prior": ({"conjugate_prior": "default"}, {}),
    "held": ({"fixed": ("means",)}, {}),
    "noise": ({"noise": True}, {}),
    "plain": ({"var_smoothing": 0}, {}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_fit_knows_a_stream_knows(kind):
    params, known = KINDS[kind]
    model = begun().set_params(**params)
    wanted = copy.copy(model).set_params(max_iter=1, tol=0).fit(X, **known)
    found = copy.copy(model).partial_fit(X, **known)
    for a, b in zip(parameters(found), parameters(wanted), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)


def test_missing_values_are_expected():
    rows, model = with_holes(X, 0.2), begun(var_smoothing=0)
    wanted = copy.copy(model).set_params(max_iter=1, tol=0).fit(rows)
    for a, b in zip(parameters(model.partial_fit(rows)), parameters(wanted), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.equation("stream")
def test_a_step_is_the_m_step_of_old_sums_times_a_factor_and_new_ones():
    model = begun().partial_fit(X[::2])
    old, new = sums_of(model), model.e_step(X[1::2])
    S = 0.25 * old + new  # by hand: of a memory of 75 points, 75 new ones leave exp(-1)
    rho = 1 / math.expm1(1)
    wanted = copy.copy(model).m_step(rho * old + new)
    model.partial_fit(X[1::2], memory=75)
    np.testing.assert_allclose(model.means_, wanted.means_, rtol=1e-12)
    assert not np.allclose(model.means_, copy.copy(model).m_step(S).means_, rtol=1e-12)
    for a, b in zip(moments(sums_of(model)), moments(rho * old + new), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize("model", [BayesianGMM(3, random_state=0), GMM(3, random_state=0)])
def test_with_a_full_memory_the_sums_are_those_of_all_batches(model):
    model.partial_fit(X[::3], memory=math.inf)
    for i in (1, 2):
        before = copy.copy(model)
        model.partial_fit(X[i::3], memory=math.inf)
        whole = sums_of(before) + before.e_step(X[i::3])
        np.testing.assert_allclose(model.stream_counts_, whole.counts, rtol=1e-12)
        wanted = copy.copy(before).m_step(whole)
        np.testing.assert_allclose(model.covariances_, wanted.covariances_, rtol=1e-9)
    assert model.stream_counts_.sum() == close(150) == model.n_samples_seen_


# ---- Memory --------------------------------------------------------------------------------------


def memory(t, c, power):
    """m(t), as the chapter defines it."""
    return t if t <= c else c * (t / c) ** power


@pytest.mark.equation("memory")
@pytest.mark.parametrize("c, power", [(50, 0.6), (50, 0), (1e9, 0.6), (1, 0.9), (math.inf, 0)])
@pytest.mark.parametrize("n, b", [(1, 1), (20, 10), (20, 500), (300, 7), (1e6, 1e4), (0.5, 0.2)])
def test_what_is_kept_is_an_integral_over_the_memory(n, b, c, power):
    cut = [c] if n < c < n + b else None
    lost = quad(lambda t: 1 / memory(t, c, power), n, n + b, points=cut, epsabs=0, epsrel=1e-11)[0]
    share = math.exp(-lost)  # of the average that the old points keep
    N = kept(n, b, c, power)
    assert N / (N + b) == close(share, rel=1e-6, abs=1e-30)


@pytest.mark.parametrize("c, power", [(50, 0.6), (1000, 0), (math.inf, 0)])
@pytest.mark.parametrize("n", [1, 45, 2000])
def test_a_row_at_a_time_forgets_as_a_batch_does(n, c, power):
    whole, share = kept(n, 60, c, power), 1.0
    for i in range(60):
        N = kept(n + i, 1, c, power)
        share *= N / (N + 1)
    assert share == close(whole / (whole + 60), rel=1e-9)


@pytest.mark.parametrize("n, b", [(1e300, 1e-300), (1e-300, 1e300), (1e18, 1), (1, 1e18)])
@pytest.mark.parametrize("c, power", [(900.0, 0.6), (7.0, 0.0), (math.inf, 0.0)])
def test_weights_of_any_size_leave_a_number(n, b, c, power):
    assert 0 <= kept(n, b, c, power) < math.inf


def test_a_memory_of_fixed_length_holds_so_many_points():
    assert kept(1e6, 1, 1000, 0) == close(1000, rel=1e-3)
    assert kept(1e6, 1, 1000, POWER) == close(memory(1e6, 1000, POWER), rel=1e-3)
    assert kept(300, 20, 1000, 0) == close(300)  # as long as all are remembered, all count alike
    assert IN_FULL >= 5


# ---- A stream ------------------------------------------------------------------------------------


def batches(X, size):
    """X in pieces."""
    return [X[i : i + size] for i in range(0, len(X), size)]


def test_a_stream_read_once_is_nearly_as_good_as_a_fit():
    """A million rows: ``python benchmarks/streams.py``."""
    X = random_model("full", K=3, D=2, seed=1, spread=3.0).sample(60_000)[0]
    whole = GMM(3, n_init=3, random_state=0).fit(X)
    model = GMM(3, random_state=0)
    for batch in batches(X, 2000):
        model.partial_fit(batch)
    assert whole.score(X) - model.score(X) < 1e-3


def test_the_size_of_the_batches_hardly_matters():
    X, start = random_model("full", seed=2, spread=3.0).sample(1500)[0], None
    scores = []
    for size in (1, 7, 400):
        model = GMM(3, random_state=0).partial_fit(X[:500])
        start = model.score(X)
        for batch in batches(X[500:], size):
            model.partial_fit(batch)
        scores.append(model.score(X))
    assert np.ptp(scores) < 2e-3 and min(scores) > start


def test_drift_is_followed():
    rng, start = np.random.default_rng(0), np.array([[-3.0, 0.0], [3.0, 0.0]])
    model, lasting = GMM(2, random_state=0), GMM(2, random_state=0)
    for t in range(200):
        centres = start + np.array([0.05 * t, 0.0])  # ten standard deviations on the whole way
        batch = centres[rng.integers(2, size=100)] + rng.normal(size=(100, 2))
        model.partial_fit(batch, memory=1000)
        lasting.partial_fit(batch, memory=math.inf)
    wanted, lag = centres, 0.05 * 1000 / 100  # behind by what moved in ten batches
    assert np.abs(np.sort(model.means_[:, 0]) - wanted[:, 0] + lag).max() < 0.25
    assert np.abs(np.sort(lasting.means_[:, 0]) - wanted[:, 0]).max() > 2


@pytest.mark.parametrize("name", NAMES)
def test_from_a_given_start_a_stream_may_come_row_by_row(name):
    """The first M step waits until each component has points enough."""
    model = begun(covariance_type=name)
    for n, x in enumerate(np.random.default_rng(0).permutation(X)):
        model.partial_fit([x])
        if n < 4:
            assert model.n_iter_ == 0
            np.testing.assert_array_equal(model.means_, model.means_init)
    assert 80 < model.n_iter_ < 150
    assert model.score(X) > begun(covariance_type=name).set_params(max_iter=0).fit(X).score(X) - 0.1


def test_a_fit_goes_on_as_a_stream_and_its_points_count():
    model = GMM(3, random_state=0).fit(X)
    before = model.means_.copy()
    model.partial_fit(X[:30])  # setosa
    assert model.n_samples_seen_ == 180
    k = model.predict(X[:1])[0]
    assert model.weights_[k] == close((50 + 30) / 180, abs=1e-3)
    others = [j for j in range(3) if j != k]
    np.testing.assert_allclose(model.means_[others], before[others], atol=1e-6)


def test_the_best_of_a_table_goes_on_too():
    model = select(X, [2, 3], ["VVV"]).best
    means = model.means_.copy()
    assert model.partial_fit(X[:1]).n_samples_seen_ == 151
    np.testing.assert_allclose(model.means_, means, atol=0.02)


def test_a_fit_with_a_prior_has_no_sums_to_go_on_from():
    model = GMM(2, conjugate_prior="default").fit(X)
    with pytest.raises(ValueError, match="give the first batch to partial_fit too"):
        model.partial_fit(X)
    assert model.converged_


@pytest.mark.parametrize("kind", ["dirichlet_process", "dirichlet_distribution"])
@pytest.mark.parametrize("name", NAMES)
def test_the_sums_behind_a_variational_fit_give_its_distributions_again(name, kind):
    prior = {"weight_concentration_prior_type": kind, "mean_precision_prior": 0.3}
    model = BayesianGMM(4, covariance_type=name, random_state=0, **prior).fit(X)
    again = copy.copy(model).m_step(sums_of(model))
    for field in "weights_", "means_", "covariances_", "mean_precision_", "degrees_of_freedom_":
        found, wanted = getattr(again, field), getattr(model, field)
        np.testing.assert_allclose(found, wanted, rtol=1e-8, atol=1e-10)
    seen = copy.copy(model).partial_fit(X[:30], memory=math.inf)
    assert seen.mean_precision_.sum() == close(4 * 0.3 + 180)


def test_a_new_fit_ends_a_stream():
    model = GMM(3, random_state=0).partial_fit(X).partial_fit(X)
    assert not hasattr(model, "history_") and not hasattr(model, "log_likelihood_")
    model.fit(X)
    assert not hasattr(model, "stream_counts_") and model.n_samples_seen_ == 150
    for a, b in zip(parameters(model), parameters(GMM(3, random_state=0).fit(X)), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("cls", [GMM, BayesianGMM])
def test_an_m_step_by_hand_leaves_nothing_that_was_said_of_other_parameters(cls):
    fitted = cls(2, init_params="kmeans", random_state=0).fit(X)
    streamed = cls(2, init_params="kmeans", random_state=0).partial_fit(X)
    for model in (fitted, streamed):
        statistics = model.e_step(X[:60])
        model.m_step(statistics)
        assert model.n_samples_seen_ == close(60)
        left = {"log_likelihood_", "lower_bound_", "converged_", "history_", "counts_", *STREAM[1:]}
        assert not left & set(vars(model))
        going_on = copy.copy(model).partial_fit(X[60:], memory=math.inf)
        assert going_on.n_samples_seen_ == close(len(X)) == going_on.stream_counts_.sum()


def test_the_log_likelihood_of_a_stream_is_of_points_as_they_came():
    model = begun()
    first = copy.copy(model).set_params(max_iter=0).fit(X[:80]).log_likelihood(X[:80])
    model.partial_fit(X[:80], memory=math.inf)
    assert model.stream_log_likelihood_ == close(first)
    second = model.log_likelihood(X[80:])
    model.partial_fit(X[80:], memory=math.inf)
    assert model.stream_log_likelihood_ == close(first + second)


@pytest.mark.parametrize(
    "params", [{}, {"covariance_type": "diag"}, {"noise": True}, {"covariance_type": "tied"}]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_stream_goes_on_the_next_day(tmp_path, params, dtype):
    rows = np.random.default_rng(0).permutation(X).astype(dtype)
    model = GMM(2, random_state=0, **params).partial_fit(rows[:60]).partial_fit(rows[60:100])
    model.save(tmp_path / "stream.npz")
    others = [GMM.load(tmp_path / "stream.npz"), copy.deepcopy(model), copy.copy(model)]
    others.append(pickle.loads(pickle.dumps(model)))
    model.partial_fit(rows[100:])
    for other in others:
        other.partial_fit(rows[100:])
        assert vars(other).keys() == vars(model).keys()
        for a, b in zip(parameters(other), parameters(model), strict=True):
            np.testing.assert_array_equal(a, b)
    assert not vars(clone(model)).keys() & set(STREAM)


def test_a_variational_stream_goes_on_the_next_day(tmp_path):
    model = BayesianGMM(4, random_state=0).partial_fit(X[::2])
    model.save(tmp_path / "stream.npz")
    other = BayesianGMM.load(tmp_path / "stream.npz").partial_fit(X[1::2], memory=math.inf)
    model.partial_fit(X[1::2], memory=math.inf)
    np.testing.assert_array_equal(other.means_, model.means_)
    assert model.mean_precision_.sum() == close(4 + 150)  # the prior's points, and all


@pytest.mark.parametrize(
    "name, value",
    [
        ("stream_counts_", np.ones(4)),
        ("stream_counts_", np.array([1.0, -1.0, 1.0])),
        ("stream_firsts_", np.full((3, 4), np.nan)),
        ("stream_scatters_", np.zeros((3, 4))),
        ("stream_scatters_", -np.ones((3, 4, 4))),
        ("n_samples_seen_", -1.0),
        ("n_samples_seen_", "many"),
        ("stream_origin_", None),
    ],
)
def test_sums_that_make_no_sense_are_not_saved(tmp_path, name, value):
    model = GMM(3, random_state=0).partial_fit(X)
    setattr(model, name, value)
    if value is None:
        delattr(model, name)
    with pytest.raises((TypeError, ValueError), match=name.split("_")[0]):
        model.save(tmp_path / "stream.npz")


# ---- What can go wrong ---------------------------------------------------------------------------


BAD = {
    "features": ({"X": X[:, :3]}, "X has 3 features, but GMM is expecting 4"),
    "no rows": ({"X": X[:0]}, "0 sample"),
    "infinity": ({"X": [[1, 2, 3, np.inf]]}, "infinity"),
    "weights": ({"X": X[:2], "sample_weight": [0, 0]}, "sample_weight"),
    "memory": ({"X": X, "memory": 0}, "memory=0 must be at least 1"),
    "no number": ({"X": X, "memory": "long"}, "memory='long'"),
    "nan": ({"X": X, "memory": math.nan}, "memory=nan"),
    "names": ({"X": pd.DataFrame(X, columns=list("dcba"))}, "feature names"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_failed_batch_leaves_the_model_as_it_was(case):
    batch, message = BAD[case]
    model = GMM(3, random_state=0).partial_fit(pd.DataFrame(X, columns=list("abcd")))
    before = {name: copy.deepcopy(value) for name, value in vars(model).items()}
    with pytest.raises((ValueError, TypeError), match=message):
        model.partial_fit(**batch)
    assert vars(model).keys() == before.keys()
    for name, value in before.items():
        np.testing.assert_array_equal(getattr(model, name), value)


def test_a_component_without_points_left_is_told():
    model = GMM(2, random_state=0).partial_fit([[0.0], [0.1], [9.0], [9.1]])
    with pytest.raises(ValueError, match=r"component 1 holds 0\.0 points"):
        for _ in range(100):
            model.partial_fit([[0.0], [0.2], [0.1]], memory=2)
    assert np.isfinite(model.score([[0.0], [9.0]]))


@pytest.mark.parametrize(
    "batch, why", [([[1.0, 2.0]], "n_samples=1"), ([[1.0, 2.0]] * 9, "constant")]
)
def test_a_first_batch_without_a_start_is_told(batch, why):
    model = GMM(3)
    with pytest.raises(ValueError, match=f"needs a start.*{why}.*begin with more rows, or give"):
        model.partial_fit(batch)
    assert vars(model) == vars(GMM(3))


def test_a_batch_of_one_point_again_and_again_is_a_batch():
    model = GMM(3, random_state=0).partial_fit(X)
    for _ in range(20):
        model.partial_fit(np.repeat(X[:1], 5, axis=0))
    assert np.isfinite(model.score(X)) and model.n_samples_seen_ == 250


def test_rows_of_weight_zero_are_not_there():
    weight = np.arange(150.0) % 2
    one = begun().partial_fit(X[:60]).partial_fit(X, sample_weight=weight)
    two = begun().partial_fit(X[:60]).partial_fit(X[1::2])
    for a, b in zip(parameters(one), parameters(two), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_a_stream_far_from_zero_keeps_its_digits():
    """The origin of the sums moves with the points."""
    far, near, rng = GMM(2, random_state=0), GMM(2, random_state=0), np.random.default_rng(0)
    for t in range(40):
        batch = np.round(rng.normal(size=(50, 1)) + rng.integers(2, size=(50, 1)) * 8 + t, 3)
        near.partial_fit(batch, memory=100)
        far.partial_fit(batch + 2.0**30, memory=100)
    np.testing.assert_allclose(far.means_ - 2.0**30, near.means_, atol=1e-5)
    np.testing.assert_allclose(far.covariances_, near.covariances_, rtol=1e-5)


@pytest.mark.parametrize("model", [GMM(), BayesianGMM()])
@pytest.mark.parametrize(
    "check",
    [
        "check_estimators_partial_fit_n_features",
        "check_n_features_in_after_fitting",
        "check_estimators_dtypes",
        "check_f_contiguous_array_estimator",
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_scikit_learns_checks_of_partial_fit_find_nothing(model, check):
    getattr(estimator_checks, check)(type(model).__name__, model)
