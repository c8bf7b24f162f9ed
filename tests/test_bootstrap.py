"""The bootstrap against what theory says of one component, and of known numbers of components."""

import json
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from problems import slow_log_likelihood
from scipy.stats import dirichlet

from numpy_ml_gmm import (
    GMM,
    BayesianGMM,
    CollapseWarning,
    DataWarning,
    GMMClassifier,
    load_iris,
    load_old_faithful,
    starts,
)
from numpy_ml_gmm import bootstrap as module
from numpy_ml_gmm.bootstrap import (
    Bootstrap,
    LikelihoodRatioTest,
    bootstrap_parameters,
    likelihood_ratio_test,
    match,
)
from numpy_ml_gmm.parameters import Parameters
from numpy_ml_gmm.processes import in_processes
from numpy_ml_gmm.validation import check_rows

FAITHFUL = load_old_faithful().X
N = len(FAITHFUL)


@pytest.mark.parametrize("kind", ["nonparametric", "parametric"])
def test_the_error_of_one_mean_is_sd_over_root_n(kind):
    bootstrap = bootstrap_parameters(GMM(1).fit(FAITHFUL), FAITHFUL, kind=kind, random_state=0)
    errors = bootstrap.standard_errors()
    assert errors.means[0] == pytest.approx(FAITHFUL.std(axis=0) / np.sqrt(N), rel=0.12)
    assert errors.weights == pytest.approx(0, abs=1e-12)  # the only weight is 1


def test_the_error_of_a_variance_is_that_of_the_normal():
    X = np.random.default_rng(0).normal(0, 3, (400, 1))
    bootstrap = bootstrap_parameters(GMM(1).fit(X), X, kind="parametric", random_state=0)
    error = bootstrap.standard_errors().covariances.item()
    assert error == pytest.approx(X.var() * np.sqrt(2 / 400), rel=0.15)


def test_the_error_of_a_weight_far_apart_is_the_binomial_one():
    rng = np.random.default_rng(1)
    X = np.r_[rng.standard_normal(60), 40 + rng.standard_normal(140)][:, None]
    model = GMM(2, random_state=0).fit(X)
    errors = bootstrap_parameters(model, X, random_state=0).standard_errors()
    assert errors.weights == pytest.approx(np.sqrt(0.3 * 0.7 / 200), rel=0.15)


def test_the_interval_holds_the_estimate_and_widens_with_the_level():
    model = GMM(2, random_state=0).fit(FAITHFUL)
    bootstrap = bootstrap_parameters(model, FAITHFUL, n_bootstraps=60, random_state=0)
    narrow, wide = bootstrap.intervals(0.5), bootstrap.intervals(0.95)
    for low, high, estimate in zip(*wide, model.theta, strict=True):
        assert (low <= estimate).all() and (estimate <= high).all()
    assert (wide[1].means - wide[0].means > narrow[1].means - narrow[0].means).all()


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9])
def test_as_many_replicates_lie_below_the_interval_as_above(level):
    replicates = Parameters(np.ones((101, 1)), np.arange(101.0)[:, None, None], np.ones((101, 1)))
    low, high = Bootstrap(replicates, n_failed=0).intervals(level)
    assert (low.means, high.means) == (
        pytest.approx(50 - 50 * level),
        pytest.approx(50 + 50 * level),
    )


def test_an_interval_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(40):
        X = rng.standard_normal((60, 1))
        bootstrap = bootstrap_parameters(GMM(1).fit(X), X, n_bootstraps=60, random_state=rng)
        low, high = bootstrap.intervals(0.8)
        hits += low.means.item() < 0 < high.means.item()
    assert 24 <= hits <= 38  # 32 expected, sd 2.5


def test_switched_labels_are_switched_back():
    model = GMM(3, random_state=0).fit(FAITHFUL)
    order = np.array([2, 0, 1])
    switched = GMM.from_parameters(
        model.weights_[order], model.means_[order], model.covariances_[order]
    )
    found = match(model.predict_proba(FAITHFUL), switched.predict_proba(FAITHFUL))
    assert found.tolist() == [1, 2, 0]
    for again, own in zip(switched.theta.reorder(found), model.theta, strict=True):
        np.testing.assert_allclose(again, own, rtol=1e-15)


def test_a_common_covariance_is_not_reordered():
    model = GMM(2, covariance_type="tied", random_state=0).fit(FAITHFUL)  # (D, D), and D = K
    again = model.theta.reorder([1, 0])
    assert (model.covariance_model.contract(again.covariances) == model.covariances_).all()


def test_no_component_is_mistaken_for_another_in_any_replicate():
    model = GMM(2, random_state=0).fit(FAITHFUL)
    bootstrap = bootstrap_parameters(model, FAITHFUL, n_bootstraps=60, random_state=0)
    near = np.abs(bootstrap.replicates.means - model.means_) < [1, 10]
    assert near.all() and bootstrap.n_failed == 0


@pytest.mark.filterwarnings("error")
def test_replicates_that_collapse_are_no_matter_for_a_warning():
    X = np.vstack([np.random.default_rng(k).normal(8 * k, 1, size=(10 - 5 * k, 2)) for k in (0, 1)])
    model = GMM(2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CollapseWarning)  # that of the model itself
        model.fit(X)
    assert bootstrap_parameters(model, X, n_bootstraps=30, random_state=0).n_failed == 0


@pytest.mark.filterwarnings("error")
def test_what_the_data_were_warned_of_is_not_said_again_by_replicates():
    X = np.column_stack([FAITHFUL, FAITHFUL.sum(axis=1)])
    with pytest.warns(DataWarning, match="linear function|add up|repeats"):
        model = GMM(1).fit(X)
    assert bootstrap_parameters(model, X, n_bootstraps=3, random_state=0).n_failed == 0


def test_replicates_depend_on_the_seed_alone():
    model = GMM(2, random_state=0).fit(FAITHFUL)
    a, b = (
        bootstrap_parameters(model, FAITHFUL, n_bootstraps=6, random_state=5, n_jobs=j).replicates
        for j in (None, 2)
    )
    assert (a.means == b.means).all() and (a.covariances == b.covariances).all()


@pytest.mark.parametrize("kind", ["nonparametric", "parametric"])
def test_another_seed_draws_other_replicates(kind):
    model, settings = GMM(1).fit(FAITHFUL), {"kind": kind, "n_bootstraps": 4}
    a, b = (
        bootstrap_parameters(model, FAITHFUL, random_state=seed, **settings).replicates.means
        for seed in (0, 1)
    )
    assert len(np.unique(np.concatenate([a, b])[:, 0, 0])) == 8


@pytest.mark.parametrize("kind", ["nonparametric", "parametric"])
def test_a_replicate_starts_at_the_models_parameters(kind):
    model = GMM(3, random_state=0).fit(FAITHFUL).set_params(max_iter=0)
    bootstrap = bootstrap_parameters(model, FAITHFUL, kind=kind, n_bootstraps=3, random_state=0)
    for replicates, parameters in zip(bootstrap.replicates, model.theta, strict=True):
        for replicate in replicates:
            np.testing.assert_allclose(replicate, parameters, rtol=1e-12)


def test_the_model_stays_as_it_was():
    model = GMM(2, random_state=0).fit(FAITHFUL)
    before = repr(vars(model))
    bootstrap_parameters(model, FAITHFUL, n_bootstraps=4, random_state=0)
    assert repr(vars(model)) == before


@pytest.mark.parametrize("K, D", [(1, 1), (2, 2), (3, 30), (40, 1)])
def test_a_bootstrap_shows_its_errors_and_not_its_replicates(K, D):
    X = np.random.default_rng(0).standard_normal((400, D)) + 9 * np.arange(400)[:, None] // 10
    model = GMM(K, covariance_type="tied_spherical", init_params=np.arange(400) * K // 400).fit(X)
    bootstrap = bootstrap_parameters(model, X, n_bootstraps=5, random_state=0)
    lines = repr(bootstrap).splitlines()
    assert lines[0] == f"<Bootstrap: {5 - bootstrap.n_failed} replicates, {bootstrap.n_failed} " + (
        "failed.  Standard errors:"
    )
    assert len(lines) == 2 + min(K, 20) + int(K > 20) and max(map(len, lines)) < 100
    errors = bootstrap.standard_errors()
    shown = lines[2].rstrip(">").split()
    assert shown[:3] == ["0", f"{errors.weights[0]:.3g}", f"{errors.means[0, 0]:.3g}"]
    assert ("..." in lines[-1]) == (K > 20 or D > 8)


def test_a_likelihood_ratio_test_shows_its_verdict_in_one_line():
    test = LikelihoodRatioTest(9.0, 0.05, np.arange(99.0), 1)
    assert repr(test) == (
        "<LikelihoodRatioTest: statistic 9, p_value 0.05, 99 replicates, 1 failed>"
    )


# ---- One more component? ---------------------------------------------------------------------


def test_two_clusters_are_told_from_one():
    test = likelihood_ratio_test(FAITHFUL, 1, n_bootstraps=19, n_init=1, tol=1e-5, random_state=0)
    one, two = (GMM(K, random_state=0).fit(FAITHFUL).log_likelihood_ for K in (1, 2))
    assert test.p_value == 1 / 20
    assert test.statistic == pytest.approx(2 * (two - one), rel=1e-5)


def test_two_clusters_are_not_told_to_be_three():
    X, _ = GMM.from_parameters(
        [0.5, 0.5], [[0.0], [8.0]], [[[1.0]], [[1.0]]], random_state=4
    ).sample(150)
    test = likelihood_ratio_test(
        X, 2, n_bootstraps=19, n_init=1, covariance_type="tied", random_state=0
    )
    assert test.p_value > 0.05


@pytest.fixture
def fitted(monkeypatch):
    """The models and tables of every group of replicates, and the heights that were found."""
    seen, together = [], module.together

    def recorded(models, tables, weights=None):
        seen.append((models, tables, together(models, tables, weights)))
        return seen[-1][2]

    monkeypatch.setattr(module, "together", recorded)
    return seen


@pytest.mark.parametrize("K", [1, 2])
def test_the_statistics_are_twice_the_log_ratios_of_two_fits_alike(fitted, K):
    params = {"covariance_type": "tied", "n_init": 2, "var_smoothing": 1e-3, "tol": 1e-5}
    test = likelihood_ratio_test(FAITHFUL, K, n_bootstraps=3, random_state=0, **params)
    *observed, (nulls, tables, low), (alternatives, same, high) = fitted
    assert test.statistic == 2 * (observed[1][2][0] - observed[0][2][0])
    assert all(X is Y and X.shape == FAITHFUL.shape for X, Y in zip(tables, same, strict=True))
    np.testing.assert_array_equal(test.null_statistics, 2 * (high - low))
    for models, heights, size in ((nulls, low, K), (alternatives, high, K + 1)):
        for model, X, height in zip(models, tables, heights, strict=True):
            assert model.n_components == size
            assert model.get_params() | params == model.get_params()
            # Both stop where about ``tol`` nats a point seem to be left; on a plateau more is.
            left = 40 * params["tol"] * len(X)
            assert height == pytest.approx(slow_log_likelihood(model.fit(X), X), abs=left)
    assert len({model.random_state for model in nulls}) == 3
    one, two = (GMM(k, random_state=0, **params).fit(FAITHFUL) for k in (K, K + 1))
    log_ratio = slow_log_likelihood(two, FAITHFUL) - slow_log_likelihood(one, FAITHFUL)
    assert test.statistic == pytest.approx(2 * log_ratio, rel=1e-2)


@pytest.mark.parametrize("name", ["full", "diag", "VEV", "tied"])
def test_replicates_side_by_side_are_those_one_by_one(monkeypatch, name):
    params = {"n_bootstraps": 6, "covariance_type": name, "n_init": 5, "random_state": 0}
    some = load_iris().X[50:]
    # Which ends exchange components hangs by a thread now and then, and so which others are found.
    monkeypatch.setattr(starts, "CROSSINGS", 0)
    together = likelihood_ratio_test(some, 2, **params)
    monkeypatch.setattr(module, "TOGETHER", 1)
    alone = likelihood_ratio_test(some, 2, **params)
    assert together.statistic == pytest.approx(alone.statistic, abs=1e-3)
    same = np.isclose(together.null_statistics, alone.null_statistics, rtol=0, atol=0.05)
    assert same.sum() >= 5  # even without, rounding may choose among six finalists


def test_a_replicate_that_cannot_be_fitted_does_not_stop_the_others(monkeypatch):
    drawn, draw_points = [], module.draw_points

    def sometimes_constant(*args):
        drawn.append(draw_points(*args) * (1 if len(drawn) != 1 else [1, 0]))
        return drawn[-1]

    monkeypatch.setattr(module, "draw_points", sometimes_constant)
    test = likelihood_ratio_test(FAITHFUL, 1, n_bootstraps=4, n_init=2, random_state=0)
    assert len(test.null_statistics) == 3 and test.n_failed == 1


def test_the_seed_decides_what_is_drawn_under_the_null():
    settings = {"n_bootstraps": 3, "n_init": 1, "tol": 1e-3}
    a, again, b = (
        likelihood_ratio_test(FAITHFUL, 1, random_state=seed, **settings).null_statistics
        for seed in (0, 0, 1)
    )
    assert (a == again).all() and len(set(a) | set(b)) == 6


@pytest.mark.parametrize("share", [0, 1, 3])
def test_a_replicate_that_equals_the_statistic_counts(monkeypatch, share):
    settings = {"n_bootstraps": 3, "n_init": 1, "random_state": 0}
    statistic = likelihood_ratio_test(FAITHFUL, 1, **settings).statistic
    values = [statistic] * share + [0.0] * (3 - share)
    monkeypatch.setattr(module, "null_statistics", lambda *_: values)
    assert likelihood_ratio_test(FAITHFUL, 1, **settings).p_value == (1 + share) / 4


def test_under_the_null_the_p_value_is_about_uniform():
    rng = np.random.default_rng(3)
    p = [
        likelihood_ratio_test(
            rng.standard_normal((50, 1)),
            1,
            n_bootstraps=9,
            covariance_type="tied",
            n_init=1,
            tol=1e-4,
            random_state=rng,
        ).p_value
        for _ in range(40)
    ]
    assert 0.4 < np.mean(p) < 0.7  # 0.55 expected, sd 0.045
    assert np.mean(np.array(p) <= 0.1) < 0.3  # 0.1 expected, sd 0.047


# ---- What bad input gets ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "jk"}, "kind='jk'"),
        ({"n_bootstraps": 1}, "n_bootstraps=1"),
        ({"X": FAITHFUL[:, :1]}, "1 features"),
    ],
)
def test_bad_input_is_named(arguments, message):
    model = GMM(1).fit(FAITHFUL)
    with pytest.raises(ValueError, match=message):
        bootstrap_parameters(**{"model": model, "X": FAITHFUL} | arguments)


def test_only_a_gmm_is_fitted_again():
    bayes = BayesianGMM(2, init_params="kmeans").fit(FAITHFUL)
    classes = GMMClassifier(covariance_type="EEE").fit(FAITHFUL, FAITHFUL[:, 0] > 3)
    for model in (bayes, classes):
        with pytest.raises(
            TypeError, match=f"model is a {type(model).__name__}.*pass a fitted GMM"
        ):
            bootstrap_parameters(model, FAITHFUL)


def test_a_model_must_be_fitted():
    with pytest.raises(ValueError, match="not fitted"):
        bootstrap_parameters(GMM(1), FAITHFUL)


def test_a_level_lies_between_0_and_1():
    bootstrap = bootstrap_parameters(GMM(1).fit(FAITHFUL), FAITHFUL, n_bootstraps=2)
    with pytest.raises(ValueError, match="level=95"):
        bootstrap.intervals(95)
    with pytest.raises(TypeError, match="level='a' must be a number"):
        bootstrap.intervals("a")


def test_a_seed_that_is_none_is_named():
    for seed, error in ((-1, ValueError), ("a", TypeError)):
        with pytest.raises(error, match=f"random_state={seed!r} must be"):
            bootstrap_parameters(GMM(1).fit(FAITHFUL), FAITHFUL, random_state=seed)


def process_id(_):
    return os.getpid()


@pytest.mark.parametrize(("n_jobs", "own"), [(None, True), (1, True), (2, False)])
def test_one_job_needs_no_other_process_and_two_do(n_jobs, own):
    found = set(in_processes(process_id, range(4), n_jobs))
    assert (found == {os.getpid()}) if own else (os.getpid() not in found)


# ---- Weighted likelihood and jackknife ----------------------------------------------------------

VERBS = json.loads(Path(__file__).with_name("data").joinpath("mclust_verbs.json").read_text())


def jackknife_by_hand(X, estimate):
    """The textbook's jackknife of any estimate."""
    found = np.array([estimate(np.delete(X, n, axis=0)) for n in range(len(X))])
    n = len(X)
    return np.sqrt((n - 1) / n * ((found - found.mean(axis=0)) ** 2).sum(axis=0))


@pytest.mark.equation("jackknife")
def test_the_jackknife_of_one_gaussian_is_the_textbooks():
    X = FAITHFUL[:60]
    found = bootstrap_parameters(GMM(1, var_smoothing=0).fit(X), X, kind="jackknife")
    errors = found.standard_errors()
    assert len(found.replicates.means) == 60 and found.n_failed == 0
    np.testing.assert_allclose(errors.means[0], X.std(axis=0, ddof=1) / np.sqrt(60), rtol=1e-9)
    by_hand = jackknife_by_hand(X, lambda X: np.cov(X.T, bias=True))
    np.testing.assert_allclose(errors.covariances[0], by_hand, rtol=1e-9)
    low, high = found.intervals(0.9)
    np.testing.assert_allclose(high.means - low.means, 2 * 1.6448536 * errors.means, rtol=1e-6)


@pytest.mark.equation("jackknife")
@pytest.mark.parametrize("fit", VERBS["jackknife"], ids=lambda fit: fit["model"])
def test_mclusts_jackknife_has_the_same_errors(fit):
    """Made by tests/make_mclust_verbs.R."""
    X, rule = FAITHFUL[:80], GMM(covariance_type=fit["model"]).covariance_model
    start = dict(
        weights_init=fit["weights"],
        means_init=fit["means"],
        covariances_init=rule.contract(np.array(fit["covariances"])),
    )
    climb = dict(covariance_type=fit["model"], var_smoothing=0, tol=1e-12, max_iter=5000)
    model = GMM(2, **climb, **start).fit(X)
    errors = bootstrap_parameters(model, X, kind="jackknife").standard_errors()
    np.testing.assert_allclose(errors.weights, fit["errors"]["weights"], rtol=1e-5)
    np.testing.assert_allclose(errors.means, fit["errors"]["means"], rtol=1e-5)
    theirs = rule.contract(np.array(fit["errors"]["covariances"]))
    np.testing.assert_allclose(errors.covariances, theirs, rtol=1e-4)


@pytest.mark.equation("jackknife")
def test_a_point_of_weight_two_is_left_out_twice():
    rng = np.random.default_rng(0)
    X, w = FAITHFUL[:40], rng.integers(0, 4, 40)
    repeated = np.repeat(X, w, axis=0)
    weighted, unweighted = (
        bootstrap_parameters(GMM(1).fit(*a, **b), *a, **b, kind="jackknife").standard_errors()
        for a, b in (((X,), {"sample_weight": w}), ((repeated,), {}))
    )
    for a, b in zip(weighted, unweighted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-12)


@pytest.mark.equation("jackknife")
def test_a_point_in_two_halves_is_nearly_the_point():
    X = FAITHFUL[:50]
    halves = np.repeat(X, 2, axis=0), {"sample_weight": np.full(100, 0.5)}
    whole = bootstrap_parameters(GMM(1).fit(X), X, kind="jackknife").standard_errors()
    model = GMM(1).fit(halves[0], **halves[1])
    split = bootstrap_parameters(model, halves[0], **halves[1], kind="jackknife").standard_errors()
    np.testing.assert_allclose(split.means, whole.means, rtol=0.02)
    np.testing.assert_allclose(split.covariances, whole.covariances, rtol=0.03)


@pytest.mark.equation("likelihood-weights")
@pytest.mark.parametrize("weights", [None, [0, 1, 2.5, 4, 0.25, 9]])
def test_random_weights_have_the_moments_of_a_dirichlet_distribution(weights):
    w = np.ones(6) if weights is None else np.array(weights)
    rows = check_rows(np.zeros((6, 1)), 1, weights)
    rng = np.random.default_rng(0)
    v = np.array([module.draw_weights(rows, rng) for _ in range(6000)])
    np.testing.assert_allclose(v.sum(axis=1), w.sum())
    np.testing.assert_allclose(v.mean(axis=0), w, atol=0.15)
    W, alpha = w.sum(), w * round(w.sum()) / w.sum()
    variances = W**2 * dirichlet(alpha[w > 0]).var()
    np.testing.assert_allclose(v.var(axis=0)[w > 0], variances, rtol=0.1)
    assert (v[:, w == 0] == 0).all()


@pytest.mark.equation("likelihood-weights")
def test_the_weighted_likelihood_says_of_one_mean_what_theory_says():
    kwargs = dict(kind="wlbs", n_bootstraps=120, random_state=0)
    found = bootstrap_parameters(GMM(1).fit(FAITHFUL), FAITHFUL, **kwargs)
    errors = found.standard_errors().means[0]
    assert errors == pytest.approx(FAITHFUL.std(axis=0) / np.sqrt(N), rel=0.2)
    w = np.random.default_rng(0).integers(0, 3, N)
    weighted = bootstrap_parameters(
        GMM(1).fit(FAITHFUL, sample_weight=w), FAITHFUL, sample_weight=w, **kwargs
    )
    X = np.repeat(FAITHFUL, w, axis=0)
    errors = weighted.standard_errors().means[0]
    assert errors == pytest.approx(X.std(axis=0) / np.sqrt(len(X)), rel=0.2)


def test_the_four_kinds_agree_about_old_faithful():
    X = FAITHFUL[:90]
    model = GMM(2, random_state=0, n_init=2).fit(X)
    errors = [
        bootstrap_parameters(model, X, kind=kind, n_bootstraps=30, random_state=0)
        for kind in module.KINDS
    ]
    means = np.array([found.standard_errors().means for found in errors])
    assert (np.abs(means / means.mean(axis=0) - 1) < 0.45).all()


def test_a_jackknife_depends_on_no_seed_and_knows_holes_priors_and_noise():
    X = FAITHFUL[:24].copy()
    X[::7, 0] = np.nan
    model = GMM(2, random_state=0, n_init=2, tol=1e-4).fit(X)
    a, b = (bootstrap_parameters(model, X, kind="jackknife", random_state=j) for j in (0, 1))
    np.testing.assert_array_equal(a.replicates.means, b.replicates.means)
    assert repr(a).startswith("<Jackknife: 24 replicates, 0 failed.  Standard errors:\ncomponent")
    known = np.where(X[:, 1] > 70, 1, -1)
    for kwargs in ({}, {"priors": known}):
        model = GMM(2, noise=not kwargs, random_state=0, n_init=2, tol=1e-4).fit(X, **kwargs)
        for kind in ("jackknife", "wlbs"):
            found = bootstrap_parameters(model, X, kind=kind, n_bootstraps=3, **kwargs)
            assert np.isfinite(found.standard_errors().means).all()


def test_a_fit_that_collapses_without_a_row_is_counted():
    X = np.r_[np.random.default_rng(0).normal(size=30), [50, 50.1, 50.2]][:, None]
    start = {"init_params": np.r_[np.zeros(30, int), [1, 1, 1]], "var_smoothing": 0}
    X[-1] = X[-2]  # without the third from last, its component has no width
    model = GMM(2, **start).fit(X)
    found = bootstrap_parameters(model, X, kind="jackknife")
    assert found.n_failed == 1 and len(found.counts) == 32 == len(found.replicates.weights)
    assert np.isfinite(found.standard_errors().means).all()


@pytest.mark.equation("jackknife")
@pytest.mark.parametrize("kind", module.KINDS)
@pytest.mark.parametrize("scale", [1e-150, 1e140])
def test_errors_follow_the_unit(kind, scale):
    X = FAITHFUL[:20]
    here, there = (
        bootstrap_parameters(
            GMM(1).fit(Y), Y, kind=kind, n_bootstraps=9, random_state=0
        ).standard_errors()
        for Y in (X, scale * X)
    )
    np.testing.assert_allclose(there.means / scale, here.means, rtol=1e-6)
    np.testing.assert_allclose(there.covariances / scale / scale, here.covariances, rtol=1e-6)


def test_what_the_jackknife_cannot_do_is_named():
    model = GMM(1).fit(FAITHFUL)
    w = np.full(N, 0.5 / N)
    with pytest.raises(ValueError, match=r"adds up to 0.5, .*whole point at a time: give weights"):
        bootstrap_parameters(model, FAITHFUL, sample_weight=w, kind="jackknife")
    with pytest.raises(
        ValueError, match=r"kind='jk'.*nonparametric, parametric, wlbs or jackknife"
    ):
        bootstrap_parameters(model, FAITHFUL, kind="jk")
    found = bootstrap_parameters(model, FAITHFUL[:5], kind="jackknife")
    with pytest.raises(ValueError, match="level=95 must lie between 0 and 1"):
        found.intervals(95)
