"""Data in Dask's chunks: the sums are those of NumPy, wherever the rows lie."""

import importlib.util
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from numpy_ml_gmm import (
    GMM,
    BayesianGMM,
    GMMClassifier,
    GMMRegressor,
    bootstrap_parameters,
    load_iris,
    select,
)
from numpy_ml_gmm.blocks import blas_controller, in_chunks, one_blas_thread
from numpy_ml_gmm.chunks import Chunks, additive, row_by_row, rows_of
from numpy_ml_gmm.plots import plot_classification, plot_responsibilities
from numpy_ml_gmm.validation import check_distinct_rows

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")

IRIS = load_iris().X
HOLES = np.where(np.random.default_rng(0).random(IRIS.shape) < 0.05, np.nan, IRIS)
WEIGHTS = np.random.default_rng(1).integers(0, 3, 150).astype(float)
LABELS = np.where(np.arange(150) % 10 == 0, np.repeat([0, 1, 2], 50), -1)


@pytest.fixture(autouse=True)
def one_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


def chunked(X, rows=40, columns=2):
    """X with chunks that cut its columns too."""
    return da.from_array(X, chunks=(rows, columns) if np.ndim(X) == 2 else rows)


def assert_same(ours, theirs, tol=1e-9):
    height = "lower_bound_" if isinstance(ours, BayesianGMM) else "log_likelihood_"
    for name in ("weights_", "means_", "covariances_", height):
        a, b = getattr(ours, name), getattr(theirs, name)
        np.testing.assert_allclose(a, b, rtol=tol, atol=tol, err_msg=name)
    assert ours.n_iter_ == theirs.n_iter_ and ours.converged_ == theirs.converged_


# ---- A fit -------------------------------------------------------------------------------------

KINDS = {
    "full": {},
    "diag": {"covariance_type": "diag"},
    "tied": {"covariance_type": "tied"},
    "VVE": {"covariance_type": "VVE"},
    "prior": {"conjugate_prior": "default"},
    "noise": {"noise": True},
    "held": {"fixed": ("weights",), "weights_init": [0.3, 0.3, 0.4]},
    "means given": {"means_init": IRIS[[0, 60, 120]]},
    "a tree": {"init_params": "hierarchical"},
    "seeds": {"init_params": "k-means++", "n_init": 3},
    "spherical": {"covariance_type": "spherical"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_fit_is_that_of_numpy(kind):
    theirs = GMM(3, random_state=0, **KINDS[kind]).fit(IRIS)
    assert_same(GMM(3, random_state=0, **KINDS[kind]).fit(chunked(IRIS)), theirs)


KNOWN = {
    "weights": (IRIS, {"sample_weight": WEIGHTS}),
    "labels": (IRIS, {"priors": LABELS}),
    "priors": (IRIS, {"priors": np.where(LABELS[:, None] < 0, 1.0, np.eye(3)[LABELS])}),
    "errors": (IRIS, {"error_covariances": np.full((150, 4), 0.001)}),
    "holes": (HOLES, {}),
    "holes and weights": (HOLES, {"sample_weight": WEIGHTS}),
}


@pytest.mark.parametrize("lazy", [True, False])
@pytest.mark.parametrize("known", KNOWN)
def test_what_is_known_of_rows_goes_to_their_chunks(known, lazy):
    X, extra = KNOWN[known]
    few = dict(n_init=2, init_params="k-means++", tol=1e-4, random_state=0)
    theirs = GMM(3, **few).fit(X, **extra)
    extra = {name: chunked(a, 31, 1) if lazy else a for name, a in extra.items()}
    assert_same(GMM(3, **few).fit(chunked(X), **extra), theirs)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=1, max_size=8), st.integers(1, 4))
def test_no_way_of_cutting_changes_a_result(sizes, columns):
    sizes = [*sizes, 150 - sum(sizes)] if sum(sizes) < 150 else [150]
    X = da.from_array(IRIS, chunks=(tuple(s for s in sizes if s), columns))
    X = da.concatenate([X[:0], X, X[:0]])  # empty chunks too
    model = GMM(3, init_params="hierarchical", tol=1e-3)
    assert_same(type(model)(**model.get_params()).fit(X), model.fit(IRIS))


def test_many_rows_start_from_the_same_sample():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(9000, 2)) + 4 * rng.integers(0, 3, size=(9000, 1))
    known = np.where(np.arange(9000) % 500 == 0, 1, -1)
    for extra in ({}, {"priors": known}, {"sample_weight": np.arange(9000.0) % 3}):
        theirs = GMM(3, random_state=0, n_init=2).fit(X, **extra)
        lazy = {name: chunked(a, 777) for name, a in extra.items()}
        ours = GMM(3, random_state=0, n_init=2).fit(chunked(X, 1000), **lazy)
        np.testing.assert_allclose(ours.means_, theirs.means_, rtol=1e-9)
        assert ours.history_[0][:3] != [] and len(ours.history_) == len(theirs.history_)


def test_single_precision_stays_single():
    X = np.repeat(IRIS, 40, axis=0).astype(np.float32)
    ours = GMM(2, n_init=1, random_state=0).fit(chunked(X, 1700))
    theirs = GMM(2, n_init=1, random_state=0).fit(X)
    assert ours.means_.dtype == np.float32
    np.testing.assert_allclose(ours.means_, theirs.means_, rtol=1e-4)
    assert ours.predict_proba(chunked(X, 1700)).dtype == np.float32


def test_wide_data_too():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 70)) + 3 * rng.integers(0, 2, size=(400, 1))
    theirs = GMM(2, n_init=1, random_state=0, max_iter=5, tol=0).fit(X)
    assert_same(GMM(2, n_init=1, random_state=0, max_iter=5, tol=0).fit(chunked(X, 90)), theirs)


def test_the_variational_mixture_too():
    ours, theirs = (BayesianGMM(4, random_state=0, n_init=2) for _ in range(2))
    theirs.fit(IRIS)
    assert_same(ours.fit(chunked(IRIS)), theirs)
    found = ours.score_samples(chunked(IRIS), predictive="t")
    np.testing.assert_allclose(found, theirs.score_samples(IRIS, predictive="t"), rtol=1e-9)
    np.testing.assert_allclose(ours.e_step(chunked(IRIS)).counts, theirs.e_step(IRIS).counts)


def test_a_table_of_models_climbs_over_the_chunks_together(monkeypatch):
    passes = []
    gathered = Chunks.gathered
    monkeypatch.setattr(
        Chunks, "gathered", lambda self, *args: passes.append(1) or gathered(self, *args)
    )
    settings = dict(covariance_types=["EII", "EEE", "VVV"], rounds=1)
    ours = select(chunked(IRIS), [1, 2, 3], **settings)
    assert 0 < len(passes) < 40  # of thousands of steps nearly all are taken on the sample
    theirs = select(IRIS, [1, 2, 3], **settings)
    for a, b in zip(ours.rows, theirs.rows, strict=True):
        assert a.bic == pytest.approx(b.bic, abs=1e-6) and a.icl == pytest.approx(b.icl, abs=1e-6)
        assert a.silhouette == pytest.approx(b.silhouette, abs=1e-9, nan_ok=True)
    X = np.repeat(IRIS, 30, axis=0) + 0.1 * np.random.default_rng(0).normal(size=(4500, 4))
    settings |= {"random_state": 0, "init_params": "kmeans", "tol": 1e-3}
    passes.clear()
    ours, theirs = (select(data, [1, 2], **settings) for data in (chunked(X, 1000), X))
    steps = sum(len(row.model.history_[0]) for row in ours.rows)
    assert len(passes) < steps + 60  # one pass serves all cells that still climb
    for a, b in zip(ours.rows, theirs.rows, strict=True):
        assert a.bic == pytest.approx(b.bic, abs=1e-4)


# ---- Other methods -----------------------------------------------------------------------------

MODEL = GMM(3, random_state=0, n_init=2).fit(IRIS)
R = MODEL.predict_proba(IRIS)
SUMS = {
    "log_likelihood": lambda m, X, of: m.log_likelihood(X, sample_weight=of(WEIGHTS)),
    "complete_log_likelihood": lambda m, X, of: m.complete_log_likelihood(X, of(R.argmax(axis=1))),
    "q_function": lambda m, X, of: m.q_function(X, of(R)),
    "elbo": lambda m, X, of: m.elbo(X, of(R), priors=of(LABELS)),
    "kl": lambda m, X, of: m.kl(X, of(R)),
    "entropy": lambda m, X, of: GMM.entropy(of(R), sample_weight=of(WEIGHTS)),
    "score": lambda m, X, of: m.score(X, sample_weight=of(WEIGHTS)),
    "aic": lambda m, X, of: m.aic(X),
    "bic": lambda m, X, of: m.bic(X, sample_weight=of(WEIGHTS)),
    "icl": lambda m, X, of: m.icl(X),
    "counts": lambda m, X, of: m.e_step(X).counts,
    "scatters": lambda m, X, of: m.e_step(X, priors=of(LABELS)).scatters,
}


@pytest.mark.equation("chunk-sums")
def test_the_sums_of_chunks_are_those_of_all_rows_point_by_point():
    joint = np.stack([MODEL.log_joint(x[None])[0] for x in IRIS])
    r = np.exp(joint - np.logaddexp.reduce(joint, axis=1, keepdims=True))
    rows = rows_of(chunked(IRIS, 33), 3)
    found = GMM.expect(MODEL.theta, rows)
    assert len(rows.chunks) == 5 and found.log_likelihood == pytest.approx(
        np.logaddexp.reduce(joint, axis=1).sum(), rel=1e-12
    )
    np.testing.assert_allclose(found.counts, r.sum(axis=0), rtol=1e-10)
    np.testing.assert_allclose(found.means, (r.T @ IRIS) / r.sum(axis=0)[:, None], rtol=1e-10)
    for k in range(3):
        delta = IRIS - found.means[k]
        np.testing.assert_allclose(found.scatters[k], (r[:, k] * delta.T) @ delta, rtol=1e-9)


def test_the_model_of_the_cost_finds_the_numbers_that_made_the_times():
    path = Path(__file__).parents[1] / "benchmarks" / "cluster.py"
    if not path.exists():
        pytest.skip("benchmarks/ is not part of an installed package")
    spec = importlib.util.spec_from_file_location("cluster", path)
    cluster = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(cluster)
    numbers = np.array([1e-9, 2e-10, 3e-3, 0.05])
    sizes = [(N, D, K, max(1, N // 1_000_000), P) for N, D, K in cluster.GRID for P in (1, 2)]
    runs = [[*size, float(numbers @ cluster.terms(*size))] for size in sizes]
    np.testing.assert_allclose(cluster.model_of(runs), numbers, rtol=1e-6)
    N, D, K, C, P = 10**10, 8, 16, 10_000, 200  # a row has 1 + 8 + 36 numbers a component
    by_hand = (N * D * 1e-9 + N * 45 * K * 2e-10 + C * 3e-3) / P + 0.05
    assert numbers @ cluster.terms(N, D, K, C, P) == pytest.approx(by_hand)


@pytest.mark.parametrize("name", SUMS)
def test_a_sum_over_points_is_the_sum_over_chunks(name):
    expected = SUMS[name](MODEL, IRIS, lambda a: a)
    for of in (chunked, lambda a: a):  # what goes with the rows may be here, or in chunks
        X = IRIS if of is not chunked and name == "entropy" else chunked(IRIS)
        found = SUMS[name](MODEL, X, of)
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)
        assert not isinstance(found, da.Array)


ANSWERS = {
    "predict": lambda m, X: m.predict(X),
    "predict_proba": lambda m, X: m.predict_proba(X),
    "score_samples": lambda m, X: m.score_samples(X),
    "log_joint": lambda m, X: m.log_joint(X),
    "impute": lambda m, X: m.impute(X),
    "outliers": lambda m, X: m.outliers(X, 0.9),
    "regress": lambda m, X: m.regress(X),
    "covariances": lambda m, X: m.regress(X, return_cov=True)[1],
}


@pytest.mark.parametrize("X", [IRIS, HOLES], ids=["whole", "holes"])
@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_for_each_point_waits_until_it_is_asked_for(name, X):
    expected, found = ANSWERS[name](MODEL, X), ANSWERS[name](MODEL, chunked(X))
    assert isinstance(found, da.Array) and found.shape == expected.shape
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found[100:103], expected[100:103], rtol=1e-10, atol=1e-12)


def test_classifiers_and_regressors_answer_in_chunks():
    y, X = np.array(["a", "b", "c"])[np.repeat([0, 1, 2], 50)], chunked(HOLES)
    classifier = GMMClassifier(covariance_type="EEE").fit(IRIS, y)
    for verb in ("log_joint", "predict", "predict_proba", "predict_log_proba"):
        found = getattr(classifier, verb)(X)
        assert in_chunks(found)
        np.testing.assert_array_equal(found.compute(), getattr(classifier, verb)(HOLES))
    for known in ({}, {"sample_weight": WEIGHTS}):
        score = classifier.score(HOLES, y, **known)
        for labels in (y, chunked(y, 70)):
            assert classifier.score(X, labels, **known) == pytest.approx(score)
    regressor = GMMRegressor(2, init_params="kmeans").fit(IRIS[:, :2], IRIS[:, 2:])
    here = regressor.predict(HOLES[:, :2], return_std=True)
    for a, b in zip(regressor.predict(X[:, :2], return_std=True), here, strict=True):
        np.testing.assert_allclose(a.compute(), b, rtol=1e-12)  # products of other lengths
    score = regressor.score(HOLES[:, :2], IRIS[:, 2:])
    assert regressor.score(X[:, :2], IRIS[:, 2:]) == pytest.approx(score)


def test_what_needs_all_rows_does_not_gather_them_in_silence():
    model, X = GMM(2, init_params="kmeans").fit(IRIS), chunked(IRIS)
    batch, labels = GMM(2), chunked(np.repeat([0, 1], 75))
    for call in (
        lambda: batch.partial_fit(X),
        lambda: GMMClassifier().fit(X, labels),
        lambda: GMMRegressor().fit(X, labels),
        lambda: plot_classification(model, X, features=(0, 1)),
        lambda: plot_responsibilities(model, X, features=(0, 1)),
    ):
        with pytest.raises(TypeError, match=r"X is a collection of Dask's.*compute"):
            call()


def test_nothing_is_worked_out_before():
    def never(block):
        raise AssertionError("the chunk was looked at")

    lazy = chunked(IRIS, 40, 4).map_blocks(never, dtype=float, meta=np.zeros((0, 4)))
    assert MODEL.predict(lazy).shape == (150,)


def test_a_later_fit_changes_no_answer_that_waits():
    model = GMM(3, init_params="kmeans").fit(IRIS)
    wanted, waiting = model.predict_proba(IRIS), model.predict_proba(chunked(IRIS))
    model.fit(IRIS[:100])
    np.testing.assert_array_equal(waiting.compute(), wanted)


def test_pools_of_threads_do_not_nest():
    class Asked(GMM):
        @additive
        def jobs(self, X):
            return [self.n_jobs]

    model = Asked(n_jobs=-1)
    assert model.jobs(chunked(IRIS)) == [None] * 4 and model.jobs(IRIS) == [-1] == [model.n_jobs]


def test_draws_of_one_chunk_are_not_those_of_the_next():
    lacking = np.full((200, 4), np.nan)
    lacking[:, 0] = 5.0
    found = MODEL.impute(chunked(lacking, 50), draws=3).compute()
    assert found.shape == (3, 200, 4) and len(np.unique(found[0, :, 1])) == 200
    again = MODEL.impute(chunked(lacking, 50), draws=3).compute()
    assert (found == again).all()


def test_a_plain_function_can_be_additive_or_row_by_row():
    X = np.arange(6.0).reshape(3, 2)
    assert additive(total)(chunked(X, 2)) == 15
    np.testing.assert_array_equal(row_by_row(doubled)(chunked(X, 2)), 2 * X)


def total(X):
    return X.sum()


def doubled(X):
    return 2 * X


# ---- Chunks of all kinds -----------------------------------------------------------------------


def test_chunks_of_unknown_size():
    some, X = IRIS[IRIS[:, 0] > 5], chunked(IRIS, 40, 4)
    unknown = X[X[:, 0] > 5]
    assert np.isnan(unknown.shape[0])
    few = dict(n_init=2, random_state=0)
    model = GMM(2, **few).fit(unknown, sample_weight=np.ones(len(some)))
    assert_same(model, GMM(2, **few).fit(some))
    np.testing.assert_array_equal(model.predict(X[X[:, 0] > 5]), model.predict(some))
    assert model.bic(X[X[:, 0] > 5]) == pytest.approx(model.bic(some))


def test_a_chunk_without_any_weight():
    w = np.r_[np.zeros(40), np.ones(110)]
    few = dict(n_init=2, random_state=0)
    ours = GMM(2, **few).fit(chunked(IRIS), sample_weight=w)
    assert_same(ours, GMM(2, **few).fit(IRIS, sample_weight=w))


@pytest.mark.parametrize("verb", ["score", "log_likelihood", "bic", "e_step"])
def test_sums_over_chunks_of_which_some_have_no_weight_or_all_have_the_same(verb):
    model, some = GMM(3, init_params="kmeans").fit(IRIS), np.r_[np.zeros(60), np.ones(90)]
    for w in (some, 2.0):
        here, there = (getattr(model, verb)(X, sample_weight=w) for X in (IRIS, chunked(IRIS)))
        if verb == "e_step":
            here, there = here.counts, there.counts
        np.testing.assert_allclose(there, here, rtol=1e-12)
    with pytest.raises(ValueError, match="sample_weight is 0 in every row"):
        getattr(model, verb)(chunked(IRIS), sample_weight=np.zeros(150))
    with pytest.raises(ValueError, match="X has 0 sample"):
        getattr(model, verb)(chunked(IRIS)[:0])
    for wrong in (np.ones(7), chunked(np.ones(7))):
        with pytest.raises(ValueError, match=r"sample_weight.shape == \(7,\), expected \(150,\)"):
            getattr(model, verb)(chunked(IRIS), sample_weight=wrong)


def test_one_weight_for_all_rows():
    here, there = (
        GMM(3, init_params="kmeans", random_state=0).fit(X, sample_weight=2.0)
        for X in (IRIS, chunked(IRIS))
    )
    assert_same(there, here)
    assert there.n_samples_seen_ == 300


def test_a_data_frame():
    frame = pd.DataFrame(IRIS, columns=list("abcd"))
    frame.iloc[3, 1] = np.nan
    lazy = dd.from_pandas(frame, npartitions=4)
    few = dict(n_init=2, random_state=0)
    ours, theirs = GMM(2, **few).fit(lazy), GMM(2, **few).fit(frame)
    assert_same(ours, theirs)
    assert list(ours.feature_names_in_) == list("abcd")
    np.testing.assert_array_equal(ours.predict(lazy), theirs.predict(frame))
    assert ours.score(lazy) == pytest.approx(theirs.score(frame))
    weights = pd.Series(np.arange(150.0))
    w = dd.from_pandas(weights, npartitions=4)
    ours = GMM(2, **few).fit(lazy, sample_weight=w)
    assert_same(ours, GMM(2, **few).fit(frame, sample_weight=weights))
    with pytest.raises(ValueError, match="feature names should match"):
        ours.predict(lazy[["b", "a", "c", "d"]])


def bad(n, d, value):
    X = IRIS.copy()
    X[n, d] = value
    return chunked(X, 40, 4)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: GMM(2).fit(bad(85, 2, np.inf)), ValueError, "in chunk 2, from row 80 on: X must"),
        (lambda: MODEL.predict(bad(85, 2, np.inf)).compute(), ValueError, "in chunk 2: X must"),
        (lambda: MODEL.predict(chunked(IRIS)[:, :3]), ValueError, "X has 3 features, but GMM is"),
        (lambda: GMM(2).fit(chunked(IRIS)[:, 0]), ValueError, r"X\.reshape\(-1, 1\) if it has one"),
        (
            lambda: GMM(2).fit(chunked(IRIS).reshape(75, 2, 4)),
            ValueError,
            r"X\.reshape\(-1, X\.shape\[-1\]\) keeps the last axis",
        ),
        (
            lambda: GMM(2).fit(chunked(IRIS), sample_weight=np.ones(3)),
            ValueError,
            r"sample_weight.shape == \(3,\), expected \(150,\)",
        ),
        (
            lambda: GMM(2).fit(chunked(IRIS), sample_weight=np.zeros(150)),
            ValueError,
            "sample_weight is 0 in every row",
        ),
        (lambda: GMM(2).fit(chunked(IRIS)[:0]), ValueError, "no chunk holds a row"),
        (lambda: GMM(2).fit(da.ones((30, 2))), ValueError, "columns 0 and 1 are constant"),
        (lambda: GMM(200).fit(chunked(IRIS)), ValueError, "n_samples=150 is too few"),
        (lambda: GMM(2).predict(chunked(IRIS)), ValueError, "not fitted yet"),
        (
            lambda: GMM(2).fit(chunked(IRIS, 40, 4).astype(complex)),
            ValueError,
            "chunk 0.*and in 3 more.*complex",
        ),
        (
            lambda: bootstrap_parameters(MODEL, chunked(IRIS)),
            TypeError,
            "X is a collection of Dask's",
        ),
        (lambda: GMM(2).fit(IRIS, sample_weight=chunked(WEIGHTS)), TypeError, "sample_weight is a"),
        (
            lambda: GMM(2, init_params=np.zeros(150, int)).fit(chunked(IRIS)),
            ValueError,
            "component 1 holds 0.0 points",
        ),
        (
            lambda: GMM(2, var_smoothing=0).fit(chunked(np.c_[IRIS, IRIS[:, 0]])),
            ValueError,
            "column 4 repeats column 0",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_chunk(call, error, message):
    with pytest.raises(error, match=f"(?s){message}"):
        call()


def test_errors_of_many_chunks_are_told_together():
    X = np.tile([np.inf, 1.0], (70, 1))
    with pytest.raises(ValueError, match="in chunk 0") as caught:
        GMM(2).fit(chunked(X, 10))
    assert "in chunk 0, from row 0 on (and in 6 more): X must" in str(caught.value)
    X = np.ones((70, 2))
    X[np.arange(7) * 10 + np.arange(7), 1] = np.inf  # in each chunk it is another row
    with pytest.raises(ValueError, match="in chunk 0") as caught:
        GMM(2).fit(chunked(X, 10))
    lines = str(caught.value).splitlines()
    assert (
        lines[4].startswith("in chunk 4, from row 40 on") and lines[5] == "and 2 more of the kind"
    )


def test_ids_and_rows_that_are_equal_are_seen_across_chunks():
    with pytest.warns(UserWarning, match="column 0 counts up from 0 to 149"):
        GMM(1).fit(chunked(np.c_[np.arange(150), IRIS], 40, 5))
    turned = np.c_[np.r_[75:150, 0:75], IRIS]  # it counts up in each chunk, and not on the whole
    GMM(1).fit(chunked(turned, 75, 5))
    with pytest.raises(ValueError, match="X holds 2 different rows"):
        check_distinct_rows(rows_of(chunked(np.repeat([[0.0], [1.0]], 20, axis=0), 7), 1), 3)


# ---- Schedulers --------------------------------------------------------------------------------


def test_a_row_that_is_taken_comes_from_its_chunk():
    rows = rows_of(chunked(IRIS, 40, 4), 1, sample_weight=WEIGHTS)
    index = np.array([0, 39, 40, 41, 149])
    few = rows.take(index)
    np.testing.assert_array_equal(few.X, IRIS[index])
    np.testing.assert_array_equal(few.weights, WEIGHTS[index])
    counted = np.flatnonzero(WEIGHTS)
    np.testing.assert_array_equal(rows.with_weight().take([1, 70]).X, IRIS[counted[[1, 70]]])


@pytest.mark.parametrize(("shape", "held"), [((100, 30), True), ((3000, 60), False)])
def test_small_fits_hold_blas_to_one_thread_and_let_it_go(shape, held):
    """Threads would take longer to meet than to work."""
    seen = []

    def start(X, K, rng):
        seen.append([i["num_threads"] for i in blas_controller().info() if i["user_api"] == "blas"])
        return np.arange(len(X)) % K

    with threadpool_limits(2, user_api="blas"):
        X = np.random.default_rng(0).normal(size=shape)
        GMM(2, init_params=start, n_init=1, max_iter=1, tol=0).fit(X)
        assert (set(seen[0]) == {1}) == held
        after = [i["num_threads"] for i in blas_controller().info() if i["user_api"] == "blas"]
        assert set(after) == {2}


def test_threads_that_come_and_go_leave_blas_as_it_was():
    def threads():
        found = blas_controller().info()  # OpenMP's are counted for each thread apart
        return [info["num_threads"] for info in found if info["user_api"] == "blas"]

    before, seen, barrier = threads(), [], threading.Barrier(4)

    def work(i):
        barrier.wait()
        for _ in range(20):
            with one_blas_thread():
                seen.append(max(threads()))

    workers = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert set(seen) == {1} and threads() == before


def test_dask_is_not_imported_unless_it_is_used():
    code = (
        "import sys; from numpy_ml_gmm import GMM, load_iris, select; "
        "GMM(2, n_init=1).fit(load_iris().X).predict(load_iris().X); "
        "assert not any(name.startswith(('dask', 'distributed')) for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_ctrl_c_leaves_the_last_whole_iteration(monkeypatch):
    em_step, steps = GMM.em_step, []

    def stops(*args):
        steps.append(1)
        if len(steps) == 4:
            raise KeyboardInterrupt
        return em_step(*args)

    monkeypatch.setattr(GMM, "em_step", staticmethod(stops))
    model = GMM(2, init_params="hierarchical", tol=0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(chunked(IRIS))
    assert model.n_iter_ == 3 and not model.converged_
    monkeypatch.undo()
    exact = GMM(2, init_params="hierarchical", tol=0, max_iter=3).fit(chunked(IRIS))
    np.testing.assert_array_equal(model.means_, exact.means_)


# ---- A cluster of processes --------------------------------------------------------------------


@pytest.fixture(scope="module")
def client():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture
def on_cluster(client):
    with client.as_current(), dask.config.set(scheduler=client):
        yield client


POINTS = np.random.default_rng(0).normal(size=(8000, 3)) + 3 * (np.arange(8000) % 2)[:, None]


def test_the_bits_are_the_same_on_any_number_of_workers(client):
    settings = dict(n_init=2, random_state=0, covariance_type="VVE", max_iter=30, tol=1e-5)
    here = GMM(2, **settings).fit(chunked(POINTS, 500))
    for scheduler in ("threads", client):
        with dask.config.set(scheduler=scheduler):
            there = GMM(2, **settings).fit(chunked(POINTS, 500))
        for name in ("weights_", "means_", "covariances_"):
            assert getattr(there, name).tobytes() == getattr(here, name).tobytes()


def test_a_worker_that_dies_changes_nothing(on_cluster):
    settings = dict(init_params="hierarchical", tol=0, max_iter=12)
    expected = GMM(2, **settings).fit(chunked(POINTS, 500))
    held = on_cluster.persist(chunked(POINTS, 500))
    model = GMM(2, **settings)
    for _ in model.iterate(held):
        if model.n_iter_ == 4:
            os.kill(next(iter(on_cluster.run(os.getpid).values())), signal.SIGKILL)
    assert model.n_iter_ == 12 and model.means_.tobytes() == expected.means_.tobytes()


def moved(client):
    """Bytes that the workers have sent each other, until now."""
    sent = client.run(lambda dask_worker: dask_worker.transfer_outgoing_bytes_total)
    return sum(sent.values())


def test_what_travels_does_not_grow_with_the_rows(on_cluster):
    per_step = []
    for n in (2_000, 40_000):
        X = np.tile(POINTS[:2000], (n // 2000, 1))
        held = on_cluster.persist(da.concatenate([da.from_array(X, chunks=-1)] * 8))
        steps = GMM(2, init_params="hierarchical", tol=0, max_iter=8).iterate(held)
        next(steps)
        before = moved(on_cluster)
        for _ in steps:
            pass
        per_step.append((moved(on_cluster) - before) / 7)
    assert max(per_step) < 50_000  # and the larger data have 7.7 million bytes


STOPPED = """
import os, signal, subprocess, sys, threading, time
import dask.array as da, numpy as np
from distributed import Client, LocalCluster
from numpy_ml_gmm import GMM
from numpy_ml_gmm.chunks import ClusterLost

em_step, steps = GMM.em_step, []

def slow_step(*args):
    if len(steps) == 4:
        stop()
    steps.append(1)
    time.sleep(0.05)
    return em_step(*args)

GMM.em_step = staticmethod(slow_step)

if __name__ == "__main__":
    what = sys.argv[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    X = np.random.default_rng(0).normal(size=(4000, 2))
    scheduler = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard",
         "--scheduler-file", sys.argv[2]], **quiet)
    worker = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", sys.argv[2],
         "--nworkers", "1", "--nthreads", "1", "--death-timeout", "10", "--no-nanny",
         "--no-dashboard"], **quiet)
    client = Client(scheduler_file=sys.argv[2], timeout=60)
    held = da.from_array(X, chunks=(500, 2)).persist()
    def stop():
        if what == "scheduler":
            scheduler.kill()
        else:
            threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGINT)).start()
    model = GMM(2, init_params="hierarchical", tol=0, max_iter=100000)
    try:
        model.fit(held)
    except KeyboardInterrupt:
        time.sleep(1)
        left = client.run_on_scheduler(
            lambda dask_scheduler: sorted({t.state for t in dask_scheduler.tasks.values()}))
        print("stopped", model.n_iter_ == len(steps) - 1 or model.n_iter_ == len(steps), left)
    except ClusterLost as error:
        print("lost", f"holds step {model.n_iter_}: go on" in str(error), model.n_iter_ >= 3)
    sys.stdout.flush()
    worker.kill(), scheduler.kill()
    os._exit(0)
"""


@pytest.mark.parametrize(
    ("what", "told"), [("ctrl-c", "stopped True ['memory']"), ("scheduler", "lost True True")]
)
def test_a_fit_that_is_stopped_keeps_the_last_step_and_says_so(what, told, tmp_path):
    pytest.importorskip("distributed")
    script = tmp_path / "stopped.py"
    script.write_text(STOPPED)
    command = [sys.executable, script, what, tmp_path / "scheduler.json"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert run.stdout.strip() == told, run.stderr
