"""Missing values: every number against sums over rows by scipy.stats, and by quadrature."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import (
    completed_moments,
    full_covariances,
    observed_log_joint,
    random_model,
    with_errors,
    with_holes,
)
from scipy.special import logsumexp, softmax

from numpy_ml_gmm import (
    GMM,
    DataWarning,
    bootstrap_parameters,
    likelihood_ratio_test,
    load_iris,
    missing,
    select,
)
from numpy_ml_gmm.blocks import Patterns, Rows, slices
from numpy_ml_gmm.covariances import MODELS
from numpy_ml_gmm.frames import WIDE
from numpy_ml_gmm.statistics import one_component
from numpy_ml_gmm.training import Data, dependent_columns

TYPES = ["full", "tied", "diag", "spherical"]


@pytest.fixture(params=["common", "rare", "both"])
def patterns_are(request, monkeypatch):
    """Sums of whole patterns, points completed one by one, or what the default makes of them."""
    few = {"common": 0, "rare": 10**9, "both": missing.COMMON}
    monkeypatch.setattr(missing, "COMMON", few[request.param])


def problem(name, D=3, K=3, N=60, seed=0, portion=0.3):
    """A mixture, points of it with holes, and its parameters in full."""
    model = random_model(name, K, D, seed)
    X = with_holes(model.sample(N)[0], portion, seed)
    return model, X, (model.weights_, model.means_, full_covariances(model))


# ---- Rows and their patterns -------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), st.integers(1, 70), st.floats(0, 1), st.integers(0, 99))
def test_patterns_hold_each_row_once_and_blocks_are_cut_at_their_borders(N, D, portion, seed):
    X = with_holes(np.random.default_rng(seed).normal(size=(N, D)), portion, seed)
    patterns = Patterns.of(X)
    if not np.isnan(X).any():
        assert patterns is None
        return
    assert sorted(patterns.order) == list(range(N))
    assert len(np.unique(patterns.missing, axis=0)) == len(patterns.missing)
    assert (np.diff(patterns.counts) <= 0).all()
    rows = Rows(X, weights=np.arange(N) + 1.0, patterns=patterns)
    for some in slices(0, N, 7):
        block = rows.block(some)
        assert sum(place.stop - place.start for _, place in block.patterns) == block.x.shape[1]
        for p, place in block.patterns:
            assert (np.isnan(block.x[:, place]).T == patterns.missing[p]).all()
        index = patterns.order[some]
        np.testing.assert_array_equal(block.x.T, X[index])
        assert (block.weights == index + 1).all()
    np.testing.assert_array_equal(patterns.restored(X[patterns.order]), X)


@pytest.mark.parametrize("D", [1, 8, 9, 64, 65, 128, 129, 200])
def test_rows_that_lack_another_feature_have_another_pattern(D):
    X = np.where(np.eye(D, dtype=bool), np.nan, 1.0)  # row n lacks feature n
    X = np.vstack([X, X[::-1], np.ones((3, D))])
    patterns = Patterns.of(X)
    assert len(patterns.missing) == D + 1
    for rows, lacking in patterns.groups():
        assert (np.isnan(X[rows]) == lacking).all()


@pytest.mark.parametrize("portion", [0, 0.3])
def test_rows_in_double_precision_and_some_of_the_rows_have_the_same_holes(portion):
    X = with_holes(np.random.default_rng(0).normal(size=(30, 3)), portion).astype(np.float32)
    rows = Rows(X, patterns=Patterns.of(X))
    index = np.arange(0, 30, 2)
    for other, expected in [(rows.in_double(), X.astype(float)), (rows.take(index), X[index])]:
        assert other.X.dtype == expected.dtype
        np.testing.assert_array_equal(other.X, expected)
        assert (other.patterns is None) == (portion == 0)
        if portion:
            for found, fresh in zip(other.patterns, Patterns.of(expected), strict=True):
                np.testing.assert_array_equal(found, fresh)


# ---- The E step --------------------------------------------------------------------------------


@pytest.mark.usefixtures("patterns_are")
@pytest.mark.parametrize("D", [1, 2, 5])
@pytest.mark.parametrize("name", TYPES)
def test_the_e_step_is_a_sum_over_rows(name, D):
    model, X, (pi, mu, Sigma) = problem(name, D)
    X[4] = np.nan
    w = np.random.default_rng(1).uniform(0, 2, len(X))
    priors = np.random.default_rng(2).uniform(0.1, 1, (len(X), 3))
    joint = observed_log_joint(X, pi, mu, Sigma) + np.log(priors)
    r = softmax(joint, axis=1)
    N_k, means, W = completed_moments(X, r * w[:, None], mu, Sigma)
    found = model.e_step(X, sample_weight=w, priors=priors)
    np.testing.assert_allclose(model.log_joint(X, priors=priors), joint, rtol=1e-12)
    np.testing.assert_allclose(model.predict_proba(X, priors=priors), r, atol=1e-13)
    np.testing.assert_allclose(found.counts, N_k, rtol=1e-12)
    np.testing.assert_allclose(found.means, means, rtol=1e-11, atol=1e-12)
    scatters = np.einsum("kdd->kd", W) if found.diagonal else W
    np.testing.assert_allclose(found.scatters, scatters, rtol=1e-11, atol=1e-11)
    assert found.log_likelihood == pytest.approx(w @ logsumexp(joint, axis=1), rel=1e-12)
    assert model.log_likelihood(X, sample_weight=w, priors=priors) == pytest.approx(
        found.log_likelihood, rel=1e-12
    )


@pytest.mark.usefixtures("patterns_are")
def test_the_same_with_many_features_and_components_of_all_sizes():
    rng = np.random.default_rng(0)
    for D in (6, WIDE + 2):
        scale = np.array([1.0, 1e-7, 1e4])
        Sigma = np.array([np.cov(rng.normal(size=(D, 3 * D))) for _ in scale])
        Sigma *= scale[:, None, None] ** 2
        mu = rng.normal(size=(3, D)) * 10 + 1e3
        model = GMM.from_parameters([0.2, 0.3, 0.5], mu, Sigma, random_state=0)
        X = with_holes(model.sample(40)[0], 0.2)
        joint = observed_log_joint(X, model.weights_, mu, Sigma)
        np.testing.assert_allclose(model.log_joint(X), joint, rtol=1e-8, atol=1e-7)
        N_k, means, W = completed_moments(X, softmax(joint, axis=1), mu, Sigma)
        found = model.e_step(X)
        np.testing.assert_allclose(found.counts, N_k, rtol=1e-9)
        np.testing.assert_allclose(found.means, means, rtol=1e-9)
        for k in range(3):
            np.testing.assert_allclose(
                found.scatters[k], W[k], rtol=1e-6, atol=2e-6 * np.abs(W[k]).max()
            )


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(TYPES),
    st.integers(1, 5),
    st.integers(1, 4),
    st.floats(0, 1),
    st.sampled_from([0, 1, 2, 10**9]),
    st.sampled_from([0.0, 1e6]),
    st.sampled_from([1e-100, 1.0, 1e70]),
    st.integers(0, 10**6),
)
def test_the_density_is_that_of_what_each_row_has(name, D, K, portion, common, offset, unit, seed):
    model, X, (pi, mu, Sigma) = problem(name, D, K, 20, seed, portion)
    if not np.isnan(X).any():
        X[0, 0] = np.nan
    before, missing.COMMON = missing.COMMON, common
    try:
        moved = GMM.from_parameters(
            pi,
            (mu + offset) * unit,
            model.covariances_ * unit**2,
            covariance_type=name,
        )
        found = moved.log_joint((X + offset) * unit)
    finally:
        missing.COMMON = before
    observed = (~np.isnan(X)).sum(axis=1, keepdims=True)
    joint = observed_log_joint(X, pi, mu, Sigma) - observed * np.log(unit)
    np.testing.assert_allclose(found, joint, rtol=1e-7, atol=1e-7)


def test_a_row_without_any_number_has_the_weights_as_responsibilities():
    model, *_ = problem("full")
    X = np.full((2, 3), np.nan)
    np.testing.assert_allclose(model.predict_proba(X), [model.weights_] * 2, rtol=1e-12)
    np.testing.assert_allclose(model.score_samples(X), 0, atol=1e-12)
    found = model.e_step(X)
    np.testing.assert_allclose(found.means, model.means_, rtol=1e-12)
    np.testing.assert_allclose(found.scatters / found.counts[:, None, None], model.covariances_)


def test_the_density_of_two_features_of_three_by_quadrature():
    model, *_ = problem("full")
    x = np.array([0.3, np.nan, -0.5])
    grid = np.linspace(-60, 60, 60001)
    points = np.column_stack([np.full_like(grid, x[0]), grid, np.full_like(grid, x[2])])
    density = np.exp(model.score_samples(points)).sum() * (grid[1] - grid[0])
    assert model.score_samples([x])[0] == pytest.approx(np.log(density), rel=1e-9)


@pytest.mark.parametrize("name", TYPES)
def test_where_nothing_is_missing_nothing_changes(name):
    model, *_ = problem(name)
    X = model.sample(50)[0]
    rows = Rows(X)
    assert type(missing.natural_of(model.theta, rows)).__name__ == "Natural"
    masked = np.ma.array(X, mask=np.zeros_like(X, bool))
    a, b = (GMM(2, covariance_type=name, random_state=0).fit(data) for data in (X, masked))
    assert (a.means_ == b.means_).all() and a.history_ == b.history_


@pytest.mark.parametrize("portion", [0, 0.3])
def test_the_features_of_few_whole_rows_are_made_once(portion):
    X = with_holes(np.random.default_rng(0).normal(size=(40, 3)), portion)
    data = Data.of(Rows(X, patterns=Patterns.of(X)), False, 1e-6)
    assert (data.rows.kept is None) == (portion > 0)
    if portion == 0:
        kept = data.rows.kept
        assert kept.frame is data.frame and kept.T.shape == (10, 40)


def test_a_block_and_a_thread_more_change_no_bit(monkeypatch):
    model, X, _ = problem("full", N=5000, portion=0.2)
    monkeypatch.setattr("numpy_ml_gmm.blocks.ROWS_PER_BLOCK", 64)
    one, two = (model.set_params(n_jobs=n).e_step(X) for n in (1, 2))
    assert all((a == b).all() for a, b in zip(one[:3], two[:3], strict=True))
    assert one.log_likelihood == two.log_likelihood


def test_float32_and_a_memory_map(tmp_path):
    model, X, _ = problem("full", D=4, N=3000)
    single = model.e_step(X.astype(np.float32))
    double = model.e_step(X.astype(np.float32).astype(np.float64))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single.means, double.means, rtol=1e-4, atol=1e-5)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    assert Patterns.of(mapped).X is None and Patterns.of(np.asarray(mapped)).X is None
    same = GMM(3, random_state=0).fit(mapped)
    assert same.log_likelihood_ == GMM(3, random_state=0).fit(X).log_likelihood_


def test_rows_that_are_not_copied_are_read_where_they_stand(monkeypatch):
    model, X, _ = problem("full")
    kept = model.e_step(X)
    monkeypatch.setattr("numpy_ml_gmm.blocks.MOST_COPIED", 0)
    assert Patterns.of(X).X is None
    np.testing.assert_array_equal(model.e_step(X).scatters, kept.scatters)


# ---- Fits --------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::numpy_ml_gmm.CollapseWarning")
@pytest.mark.parametrize("name", MODELS)
def test_every_model_climbs_to_a_stationary_point(name):
    X = with_holes(random_model("full", 2, 3, 3).sample(150)[0], 0.25)
    model = GMM(2, covariance_type=name, random_state=0, n_init=3, tol=1e-10, max_iter=3000).fit(X)
    assert np.diff(model.history_[model.best_restart_]).min() > -1e-7
    height = model.log_likelihood_
    pi, mu, Sigma = model.weights_, model.means_, full_covariances(model)
    assert height == pytest.approx(
        logsumexp(observed_log_joint(X, pi, mu, Sigma), axis=1).sum(), rel=1e-10
    )

    def slope(weights=pi, means=mu, covariances=Sigma):
        return logsumexp(observed_log_joint(X, weights, means, covariances), axis=1).sum()

    h = 1e-4
    for d in range(3):
        step = np.zeros_like(mu)
        step[0, d] = h
        assert abs(slope(means=mu + step) - slope(means=mu - step)) / (2 * h) < 0.05
    for factor in (1 + h, 1 - h):  # larger or smaller, all alike: every model allows that
        assert slope(covariances=Sigma * factor) < height + 1e-6


@pytest.mark.parametrize("kind", ["holes", "variances", "covariances"])
@pytest.mark.usefixtures("patterns_are")
def test_scatters_are_symmetric_to_the_last_bit(kind):
    for seed in range(10):
        model, X, _ = problem("full", D=4, seed=seed)
        errors = None if kind == "holes" else errors_of(kind, *X.shape)[0]
        W = model.e_step(X, error_covariances=errors).scatters
        np.testing.assert_array_equal(W, W.swapaxes(1, 2))


def test_parameters_are_found_where_filling_in_the_mean_is_biased():
    rng = np.random.default_rng(0)
    pi, mu = np.array([0.4, 0.6]), np.array([[0.0, 0.0, 0.0], [4.0, 4.0, 0.0]])
    Sigma = np.array([[[1, 0.8, 0.3], [0.8, 1, 0.3], [0.3, 0.3, 1]], np.eye(3)])
    truth = GMM.from_parameters(pi, mu, Sigma, random_state=0)
    X, _ = truth.sample(6000)
    holes = X.copy()
    holes[:, 1:][rng.random((6000, 2)) < 0.3] = np.nan
    fit = GMM(2, random_state=0, n_init=3).fit(holes)
    np.testing.assert_allclose(fit.weights_, pi, atol=0.03)
    np.testing.assert_allclose(fit.means_, mu, atol=0.08)
    np.testing.assert_allclose(fit.covariances_, Sigma, atol=0.1)
    filled = np.where(np.isnan(holes), np.nanmean(holes, axis=0), holes)
    biased = GMM(2, random_state=0, n_init=3).fit(filled)
    assert np.abs(biased.covariances_ - Sigma).max() > 0.3


def test_missing_at_random_is_enough():
    """y is missing where x is large: the mean of what is there is wrong, that of EM right."""
    truth = GMM.from_parameters([1.0], [[0.0, 0.0]], [[[1.0, 0.8], [0.8, 1.0]]], random_state=0)
    X, _ = truth.sample(4000)
    X[X[:, 0] > 0, 1] = np.nan
    assert np.nanmean(X[:, 1]) < -0.5
    fit = GMM(1).fit(X)
    np.testing.assert_allclose(fit.means_[0], 0, atol=0.1)
    np.testing.assert_allclose(fit.covariances_[0], [[1, 0.8], [0.8, 1]], atol=0.1)


@pytest.mark.parametrize("init", ["mixed", "kmeans", "k-means++", "random", "hierarchical"])
def test_every_start_works_with_holes(init):
    X = with_holes(load_iris().X, 0.15)
    fit = GMM(3, init_params=init, n_init=3, random_state=0).fit(X)
    assert fit.converged_ and np.isfinite(fit.log_likelihood_)
    agreement = pd.crosstab(fit.predict(X), load_iris().target).to_numpy()
    assert agreement.max(axis=0).sum() > 110


def test_labels_and_given_parameters_and_a_function_may_start_too():
    data = load_iris()
    X = with_holes(data.X, 0.2)
    seen = []

    def start(points, K, rng):
        seen.append(points)
        return data.target

    fits = [
        GMM(3, init_params=data.target).fit(X),
        GMM(3, init_params=start, n_init=1).fit(X),
        GMM(3, means_init=[data.X[data.target == k].mean(axis=0) for k in range(3)]).fit(X),
    ]
    assert not np.isnan(seen[0]).any() and (seen[0][~np.isnan(X)] == X[~np.isnan(X)]).all()
    assert max(f.log_likelihood_ for f in fits) - min(f.log_likelihood_ for f in fits) < 1


def test_weights_and_priors_are_those_of_repeated_and_labelled_rows():
    X = with_holes(load_iris().X, 0.2)
    w = np.random.default_rng(0).integers(1, 4, len(X))
    start = {"init_params": "hierarchical", "tol": 0, "max_iter": 5}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        once = GMM(2, **start).fit(X, sample_weight=w)
        again = GMM(2, **start).fit(np.repeat(X, w, axis=0))
    np.testing.assert_allclose(once.means_, again.means_, rtol=1e-8)
    labels = np.where(np.arange(150) % 3 == 0, load_iris().target, -1)
    fit = GMM(3, random_state=0).fit(X, priors=labels)
    known = labels >= 0
    assert (fit.predict(X, priors=labels)[known] == labels[known]).all()


def test_select_finds_the_components_through_the_holes():
    X = with_holes(load_iris().X, 0.1)
    table = select(X, range(1, 5), ["EEE", "VVV", "VVI"])
    assert not table.failures and table.best.n_components in (2, 3)
    for row in table.rows:
        model = row.model
        assert row.bic == pytest.approx(model.bic(X)) and row.icl == pytest.approx(model.icl(X))
        assert np.isfinite(row.silhouette) or row.n_components == 1


@pytest.mark.parametrize("kind", ["nonparametric", "parametric"])
def test_the_bootstrap_sees_that_holes_cost_precision(kind):
    X = load_iris().X[:50]
    errors = []
    for data in (X, with_holes(X, 0.4)):
        model = GMM(1, tol=1e-4).fit(data)
        found = bootstrap_parameters(model, data, kind=kind, n_bootstraps=30, random_state=0)
        errors.append(found.standard_errors().means)
    assert (errors[1] > errors[0]).mean() > 0.7


def test_the_likelihood_ratio_test_draws_rows_with_the_same_holes():
    X = with_holes(np.random.default_rng(0).normal(size=(80, 2)), 0.3)
    test = likelihood_ratio_test(X, 1, n_bootstraps=9, n_init=2, random_state=0)
    assert 0.1 <= test.p_value <= 1 and np.isfinite(test.null_statistics).all()


# ---- Input -------------------------------------------------------------------------------------


FRAME = pd.DataFrame({"a": [1.0, 2.0, None, 4.0, 6.0], "b": [2, None, 1, 5, 3]})


@pytest.mark.parametrize(
    "data",
    [
        FRAME,
        FRAME.astype({"b": "Int64"}),
        FRAME.astype("Float64"),
        FRAME.astype(object).where(FRAME.notna(), None),
        np.ma.masked_invalid(FRAME.to_numpy()),
        FRAME.to_numpy().tolist(),
    ],
)
def test_what_is_missing_may_be_nan_na_none_or_masked(data):
    expected = GMM(1).fit(FRAME.to_numpy())
    found = GMM(1).fit(data)
    assert (found.means_ == expected.means_).all()
    assert found.score(data) == expected.score(FRAME.to_numpy())


def test_polars_nulls_are_missing():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": [1.0, 2.0, None, 4.0, 6.0], "b": [2, None, 1, 5, 3]})
    assert (GMM(1).fit(frame).means_ == GMM(1).fit(FRAME.to_numpy()).means_).all()


def test_infinity_is_never_missing():
    X = with_holes(load_iris().X, 0.1)
    X[3, 2] = np.inf
    with pytest.raises(ValueError, match=r"column 2 holds infinity \(X\[3, 2\] is inf\)") as error:
        GMM(2).fit(X)
    assert "NaN" not in str(error.value)


def test_a_column_without_a_number_is_named_and_so_is_a_pair_never_seen_together():
    frame = pd.DataFrame(load_iris().X, columns=list("abcd"))
    with pytest.raises(ValueError, match="column 'c' has no number at all: drop that column"):
        GMM(2).fit(frame.assign(c=np.nan))
    apart = frame.copy()
    apart.loc[::2, "a"] = np.nan
    apart.loc[1::2, "b"] = np.nan
    with pytest.warns(DataWarning, match="no row has both of columns 'a' and 'b'"):
        GMM(2, n_init=2, random_state=0).fit(apart)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        GMM(2, covariance_type="diag", n_init=2, random_state=0).fit(apart)
    constant = frame.assign(d=np.where(np.arange(150) % 2, 3.0, np.nan))
    with pytest.raises(ValueError, match=r"column 'd' is constant \(about 3\)"):
        GMM(2).fit(constant)


@pytest.mark.parametrize("n_whole", [1, 2, 3, 4, 60])
def test_of_too_few_whole_rows_no_column_is_called_dependent(n_whole):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    X[:, 2] = X[:, 0] + X[:, 1] + 1e-6 * X[:, 2]  # nearly, so that it is worth a look
    whole = one_component(Rows(X), diagonal=False)
    X[n_whole:][rng.permuted(np.eye(3, dtype=bool)[[0] * (60 - n_whole)], axis=1)] = np.nan
    assert dependent_columns(Rows(X, patterns=Patterns.of(X)), whole) == []


def test_nothing_that_is_passed_in_is_changed():
    X = with_holes(load_iris().X, 0.2)
    before = X.copy()
    GMM(2, random_state=0).fit(X).predict(X)
    np.testing.assert_array_equal(X, before)


def test_far_away_and_thin_as_without_holes():
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    X = np.column_stack([x, x + 1e-5 * rng.normal(size=400), rng.normal(size=400)])
    holes = with_holes(X, 0.2)
    a, b = (
        GMM(1, var_smoothing=0, tol=1e-9).fit(holes + offset).log_likelihood_
        for offset in (0.0, 1e6)
    )
    assert a == pytest.approx(b, rel=1e-5)
    Sigma = GMM(1, var_smoothing=0, tol=1e-9).fit(holes).covariances_[0]
    assert np.array([1, -1]) @ Sigma[:2, :2] @ [1, -1] == pytest.approx(1e-10, rel=0.2)


# ---- Points with errors ------------------------------------------------------------------------


def errors_of(kind, N, D, seed=0):
    """Covariances of errors as they are given, and as matrices (N, D, D)."""
    A = np.random.default_rng(seed).normal(size=(N, D, D))
    R = 0.3 * A @ A.transpose(0, 2, 1)
    if kind == "the same for all":
        R = np.repeat(R[:1], N, axis=0)
    if kind == "variances":
        given = np.einsum("ndd->nd", R).copy()
        return given, np.array([np.diag(variances) for variances in given])
    return R, R


@pytest.mark.parametrize("kind", ["variances", "covariances", "the same for all"])
@pytest.mark.parametrize("D", [1, 3])
@pytest.mark.parametrize("name", TYPES)
def test_the_e_step_sees_through_errors(name, D, kind):
    model, X, (pi, mu, Sigma) = problem(name, D)
    given, R = errors_of(kind, len(X), D)
    joint, points, C = with_errors(X, R, pi, mu, Sigma)
    r = softmax(joint, axis=1)
    N_k = r.sum(axis=0)
    means = np.einsum("nk,knd->kd", r, points) / N_k[:, None]
    delta = points - means[:, None]
    W = np.einsum("nk,kni,knj->kij", r, delta, delta) + np.einsum("nk,knij->kij", r, C)
    found = model.e_step(X, error_covariances=given)
    known = {"error_covariances": given}
    np.testing.assert_allclose(model.log_joint(X, **known), joint, rtol=1e-10)
    np.testing.assert_allclose(model.predict_proba(X, **known), r, atol=1e-12)
    np.testing.assert_allclose(
        model.score_samples(X, **known), logsumexp(joint, axis=1), rtol=1e-10, atol=1e-15
    )
    assert model.score(X, **known) * len(X) == pytest.approx(found.log_likelihood)
    np.testing.assert_allclose(found.counts, N_k, rtol=1e-10)
    np.testing.assert_allclose(found.means, means, rtol=1e-9, atol=1e-10)
    scatters = np.einsum("kdd->kd", W) if found.diagonal else W
    np.testing.assert_allclose(found.scatters, scatters, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("name", TYPES)
def test_errors_of_zero_are_missing_values_alone(name):
    model, X, _ = problem(name)
    plain, exact = model.e_step(X), model.e_step(X, error_covariances=np.zeros_like(X))
    assert plain.log_likelihood == pytest.approx(exact.log_likelihood, rel=1e-12)
    np.testing.assert_allclose(plain.scatters, exact.scatters, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("portion", [0, 0.3])
def test_rows_as_if_exact_have_the_same_holes_and_no_errors(portion):
    X = with_holes(np.random.default_rng(0).normal(size=(30, 3)), portion)
    errors = errors_of("variances", 30, 3)[0]
    rows, plain = Rows(X, patterns=Patterns.of(X, errors), errors=errors), Patterns.of(X)
    exact = rows.as_if_exact()
    assert exact.errors is None and exact.X is X and (exact.patterns is None) == (plain is None)
    assert plain is None or (exact.patterns.missing == plain.missing).all()
    assert exact.as_if_exact() is exact


def test_a_fit_with_errors_takes_them_away_again():
    rng = np.random.default_rng(0)
    z = rng.random(2500) < 0.4
    y = np.column_stack([np.where(z, -1.0, 1.0), rng.normal(size=2500)])
    y[:, 0] += 0.3 * rng.normal(size=2500)
    errors = np.column_stack([rng.uniform(0.3, 1.2, 2500), np.full(2500, 0.5)])
    x = y + errors * rng.normal(size=y.shape)
    x[rng.random(x.shape) < 0.1] = np.nan
    plain = GMM(2, random_state=0, n_init=3).fit(x)
    fit = GMM(2, random_state=0, n_init=2, tol=1e-5).fit(x, error_covariances=errors**2)
    assert plain.covariances_[:, 0, 0].min() > 0.25  # 0.09 in truth
    found = fit.theta.reorder(np.argsort(fit.means_[:, 0]))
    np.testing.assert_allclose(found.covariances[:, 0, 0], 0.09, atol=0.05)
    np.testing.assert_allclose(found.covariances[:, 1, 1], 1, atol=0.12)
    np.testing.assert_allclose(found.means[:, 0], [-1, 1], atol=0.06)
    np.testing.assert_allclose(found.weights, [0.4, 0.6], atol=0.04)
    assert np.diff(fit.history_[fit.best_restart_]).min() > -1e-7
    assert fit.log_likelihood(x, error_covariances=errors**2) == pytest.approx(fit.log_likelihood_)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.ones(60), r"shape \(60,\), expected \(60, 3\) \(variances\) or \(60, 3, 3\)"),
        (-np.ones((60, 3)), r"\[0\] is \[-1.0, -1.0, -1.0\]: it must be finite"),
        (np.full((60, 3), np.inf), "must be finite"),
        (np.tile([[1, 0, 0], [0, 1, 2], [0, 2, 1.0]], (60, 1, 1)), "negative eigenvalue"),
        (np.tile([[1, 0, 0], [0, 1, 0], [0, 0.1, 1.0]], (60, 1, 1)), "symmetric"),
        ("a", "pass an array of numbers"),
    ],
)
def test_errors_that_do_not_fit(given, message):
    X = problem("full")[0].sample(60)[0]
    with pytest.raises(ValueError, match=f"error_covariances.*{message}"):
        GMM(2).fit(X, error_covariances=given)
