"""Hard input: what the campaign of tests/fuzz found, by its kind, and what the issues named."""

import importlib.util
import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
import sklearn.exceptions

import numpy_ml_gmm
from numpy_ml_gmm import GMM, load_iris, load_old_faithful, select
from numpy_ml_gmm.blocks import thread_count
from numpy_ml_gmm.covariances import MODELS
from numpy_ml_gmm.frames import SingularCovariance, cholesky

IRIS, FAITHFUL = load_iris().X, load_old_faithful().X
HUGE = 10**400
SQUARE = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 2, float)


# ---- Tables whose cells collapse ----------------------------------------------------------------


@pytest.mark.parametrize("init", ["kmeans", "k-means++", "mixed", "hierarchical"])
@pytest.mark.parametrize("Ks", [[1, 2], [2, 1], [1, 2, 3], [1, 3, 4], [1, 5]])
@pytest.mark.parametrize("types", ["VVV", ["VVV", "EEE"], ["VEV", "VVI", "EVE", "EII"]])
def test_a_cell_that_collapses_leaves_the_others_their_fits(init, Ks, types):
    table = select(SQUARE, Ks, types, init_params=init, var_smoothing=0, random_state=0)
    one = [row for row in table.rows if row.n_components == 1]
    assert all(row.model is not None for row in one)
    for row in table.failures:
        assert any(word in row.error for word in ("collapsed", "holds 0.0 points"))


@pytest.mark.parametrize("distance", [10, 1e3, 1e6])
@pytest.mark.parametrize("Ks", [[1, 2], [1, 2, 3], [2, 3], [2, 4], [3, 4]])
def test_cells_learn_from_neighbours_whose_components_share_no_point(distance, Ks):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2)) + distance * np.repeat(np.eye(4, 2), 10, axis=0)
    X[20:] -= distance
    table = select(X, Ks, ["VVV", "EEI"], init_params="kmeans", var_smoothing=0)
    assert all(np.isfinite(row.bic) or "collapsed" in row.error for row in table.rows)


@pytest.mark.parametrize("name", ["VII", "VVV"])
@pytest.mark.parametrize("seed", range(5))
def test_a_table_whose_last_fit_collapses_in_the_end_is_an_error(name, seed):
    X = np.random.default_rng(seed).normal(size=(5, 1))
    for tol in (1e-1, 1e-2, 1e-4):
        arguments = dict(init_params="random", var_smoothing=0, max_iter=100, tol=tol)
        try:
            table = select(X, [2], name, **arguments)
        except ValueError as error:
            assert "no cell could be fitted" in str(error) and "collapsed" in str(error)
        else:
            assert table.best.n_components == 2


@pytest.mark.parametrize("offset", [1e15, 4e15, 1e16])
@pytest.mark.parametrize("seed", [0, 16, 17, 38, 40])
def test_no_step_of_linear_algebra_fails_where_rounding_makes_clusters_collapse(offset, seed):
    rng = np.random.default_rng(seed)
    X = 2000 * rng.normal(size=(13, 3)) + offset * rng.uniform(0.5, 1, size=3)
    for types in (["VVV", "EEV"], ["VEV", "EVE"]):
        try:
            table = select(X, [2, 3, 4], types, var_smoothing=0, max_iter=20)
        except ValueError as error:  # of which LinAlgError is one too
            assert "no cell could be fitted" in str(error)
        else:
            assert all(row.error or np.isfinite(row.bic) for row in table.rows)


def test_a_singular_matrix_is_named_whichever_factorisation_sees_it():
    singular = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(20, 7)) @ rng.normal(size=(7, 8))
        X += 10.0 ** rng.uniform(-9, -7) * rng.normal(size=(20, 8))
        try:
            cholesky(np.array([np.eye(8), X.T @ X / 20]))
        except SingularCovariance as error:
            assert error.k == 1
            singular += 1
    assert 0 < singular < 300


@pytest.mark.filterwarnings("ignore:EM did not converge")
@pytest.mark.parametrize("name", ["EEE", "VVV", "EEV"])
def test_what_is_fitted_can_be_used_however_thin_the_data(name):
    outcomes = set()
    for seed in range(15):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(18, 2))
        X[:, 1] = X[:, 0] + 10.0 ** rng.uniform(-9, -6.5) * X[:, 1]
        params = dict(covariance_type=name, var_smoothing=0, init_params="k-means++", n_init=1)
        for K in (1, 2):
            try:
                model = GMM(K, max_iter=1, random_state=seed, **params).fit(X)
            except ValueError as error:
                assert "singular" in str(error) or "collapsed" in str(error)
                outcomes.add("refused")
            else:
                assert np.isfinite(model.score(X))
                outcomes.add("fitted")
        try:
            table = select(X, [1, 2], name, var_smoothing=0)
            assert all(row.error or np.isfinite(row.icl) for row in table.rows)
        except ValueError as error:
            assert "no cell could be fitted" in str(error)
    assert outcomes == {"fitted", "refused"}


@pytest.mark.parametrize("unit", [1e-150, 1.0, 1e150])
def test_a_pivot_that_is_rounding_beside_its_diagonal_is_none(unit):
    eps, scale = np.finfo(float).eps, np.diag([1.0, unit])
    for correlated, regular in ((1 + eps, False), (1 + 100 * eps, True)):
        S = scale @ np.array([[1.0, 1.0], [1.0, correlated]]) @ scale
        if regular:
            np.testing.assert_allclose(cholesky(S[None])[0] @ cholesky(S[None])[0].T, S)
        else:
            with pytest.raises(SingularCovariance):
                cholesky(S[None])
    cholesky(np.diag([1.0, unit**2])[None])  # thin, but not for being correlated


# ---- The ends of the range ----------------------------------------------------------------------


@pytest.mark.parametrize("X", [[[1e151], [-1e151]], [[1.3e151], [-1.3e151], [0.1]]])
def test_the_largest_numbers_are_fitted_without_a_warning(X):
    model = GMM(1, var_smoothing=0).fit(X)
    np.testing.assert_allclose(model.covariances_.ravel(), np.var(np.divide(X, 1e151)) * 1e302)


@pytest.mark.filterwarnings("ignore:component")
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("low, high", [(-150, 148), (-140, 100), (-60, 148), (-100, 140)])
def test_units_that_differ_by_most_of_the_range_raise_no_warning(name, low, high):
    unit = 10.0 ** np.array([low, high, 0, 0])
    for X in (IRIS, np.vstack([IRIS, [100.0, -100.0, 100.0, 100.0]])):
        model = GMM(2, covariance_type=name, init_params="kmeans", n_init=1, max_iter=5, tol=0)
        try:
            model.fit(X * unit)
        except ValueError as error:
            assert "collapsed" in str(error) or "singular" in str(error)


@pytest.mark.parametrize("unit", [1e-38, 1e-40, 1e-44])
def test_single_precision_too_small_to_square_says_so(unit):
    X = (IRIS * unit).astype(np.float32)
    for name in ("full", "diag"):
        with pytest.raises(ValueError, match=r"too little to square in float32|constant"):
            GMM(2, covariance_type=name).fit(X)


@pytest.mark.parametrize("weight, unit", [(1e100, 1e140), (1e148, 1e100), (1e-100, 1e-120)])
@pytest.mark.parametrize("name", ["full", "diag"])
def test_weights_and_units_that_leave_the_range_only_together(weight, unit, name):
    weights = np.full(len(IRIS), weight)
    for X, w in [(IRIS * unit, None), (IRIS, weights)]:
        GMM(2, covariance_type=name, n_init=1, random_state=0).fit(X, sample_weight=w)
    with pytest.raises(ValueError, match=r"sample_weight sums to .* divide the weights by their"):
        GMM(2, covariance_type=name).fit(IRIS * unit, sample_weight=weights)


@pytest.mark.parametrize("offset", [0, 1e2, 1e4, 1e5])  # there they are 0.008 apart
@pytest.mark.parametrize("name", ["full", "diag", "EEE"])
def test_single_precision_at_an_offset_is_that_of_the_numbers_it_holds(name, offset):
    X = (IRIS + offset).astype(np.float32)
    params = dict(covariance_type=name, init_params=np.repeat([0, 1, 2], 50), tol=0, max_iter=10)
    with np.errstate(all="raise", under="ignore"):
        single, double = (GMM(3, **params).fit(a) for a in (X, X.astype(float)))
    assert single.log_likelihood_ == pytest.approx(double.log_likelihood_, rel=1e-12)
    np.testing.assert_array_equal(single.means_, double.means_.astype(np.float32))


@pytest.mark.parametrize("name", ["full", "diag"])
@pytest.mark.parametrize("offset", [0, 1e3, 1e5])
def test_many_numbers_in_single_precision_lose_few_digits(name, offset):
    X = (np.tile(IRIS, (60, 1)) + offset).astype(np.float32)
    params = dict(covariance_type=name, init_params=np.arange(len(X)) % 3, tol=0, max_iter=1)
    single, double = (GMM(3, **params).fit(a) for a in (X, X.astype(float)))
    assert single.log_likelihood_ == pytest.approx(double.log_likelihood_, abs=1e-5 * len(X))
    spread = np.sqrt(np.diag(np.cov(IRIS.T)))
    assert (np.abs(single.means_ - double.means_) / spread).max() < 1e-5 + 1e-7 * offset
    assert single.score(X) == pytest.approx(single.score(X.astype(float)), abs=2e-6)


@pytest.mark.parametrize("name", ["full", "EEE", "VEE", "EVV"])
@pytest.mark.parametrize("thin", [1e-2, 1e-3])
def test_single_precision_never_stores_a_covariance_that_cannot_be_used(name, thin):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 12))
    X[:, -1] = X[:, :-1].sum(axis=1) + thin * X[:, -1]
    X = X.astype(np.float32)
    params = dict(covariance_type=name, init_params=np.repeat([0, 1], 45), max_iter=5, tol=0)
    model = GMM(2, var_smoothing=0, **params).fit(X)
    assert model.score(X) == pytest.approx(model.log_likelihood_ / 90, abs=1e-2)
    easy = GMM(2, **params).fit(rng.normal(size=(90, 12)).astype(np.float32))
    assert easy.covariances_.dtype == easy.means_.dtype == np.float32


def hard_numerics():
    """The benchmark as a module."""
    path = Path(__file__).parents[1] / "benchmarks" / "hard_numerics.py"
    spec = importlib.util.spec_from_file_location("hard_numerics", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.filterwarnings("ignore:EM did not converge")
@pytest.mark.parametrize(
    "kind, size",
    [
        *(("translation", size) for size in (1e3, 1e9, 1e12)),
        *(("scale", size) for size in (1e-150, 1e150)),
        *(("condition", size) for size in (1e4, 1e8, 1e12, 1e15)),
        *(("distance", size) for size in (1e2, 1e6, 1e10)),
        *(("float32", size) for size in (0.0, 1e3, 1e5)),
        ("float32, condition", 1e4),
    ],
)
def test_a_step_is_as_good_as_fifty_digits_rounded(kind, size):
    h = hard_numerics()
    X, z, numbers = h.problem(kind, size)
    start, exact = h.start_of(X, z), numbers.array(X)
    truth = h.exact_step(exact, tuple(map(numbers.array, start)), numbers)
    found, remark = h.outcome(h.ours, X, start, 1, truth, numbers)
    assert not remark
    rounded = [a.astype(float).astype(X.dtype) for a in truth]
    log_p = h.exact_log_p(h.exact_log_joint(exact, truth, numbers), numbers)
    assert found <= max(1e-12, 3 * h.error(exact, truth, rounded, log_p, numbers))


# ---- Arguments ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tol", "var_smoothing"])
@pytest.mark.parametrize("value", [10**30, HUGE, np.int64(2) ** 62, np.float32(1e30)])
def test_a_number_may_be_larger_than_any_float(name, value):
    model = GMM(2, random_state=0, **{name: value})
    if name == "tol" and value is not HUGE:
        assert model.fit(FAITHFUL).converged_
    else:
        with pytest.raises(ValueError, match=name):
            model.fit(FAITHFUL)


def test_no_number_of_steps_is_too_large():
    model = GMM(2, max_iter=10**30, random_state=0).fit(FAITHFUL)
    assert model.converged_ and select(FAITHFUL, [2], "VVV", max_iter=10**30).best.converged_


@pytest.mark.parametrize("name", ["warm_start", "verbose"])
@pytest.mark.parametrize("value", [np.zeros(0), np.ones(2), "yes", [0, 0]])
def test_what_is_neither_yes_nor_no(name, value):
    with pytest.raises(TypeError, match=name):
        GMM(2, **{name: value}).fit(FAITHFUL)


def test_priors_of_different_lengths():
    for ragged in ([[1, 2], [3]], [[1], 2], [np.ones(2), np.ones(3)]):
        with pytest.raises(ValueError, match="priors has rows of different lengths"):
            GMM(2).fit(SQUARE, priors=ragged)
        with pytest.raises(ValueError, match="priors has rows of different lengths"):
            select(SQUARE, [2, 3], priors=ragged)


def test_a_small_integer_type_counts_components():
    few = np.tile(FAITHFUL, (8, 1))
    a, b = (GMM(K, n_init=2, random_state=0).fit(few) for K in (2, np.int8(2)))
    np.testing.assert_array_equal(a.means_, b.means_)


@pytest.mark.parametrize("call", [GMM(2).fit, lambda X: select(X, [2], "VVV")])
def test_an_interrupt_while_numpy_changes_its_settings_leaves_them_as_they_were(call, monkeypatch):
    cholesky = np.linalg.cholesky

    def interrupted(S):  # as Ctrl-C does, between the factor and the end of NumPy's own errstate
        np.errstate(invalid="call", call=cholesky, over="ignore").__enter__()
        raise KeyboardInterrupt

    monkeypatch.setattr(np.linalg, "cholesky", interrupted)
    before = np.geterr(), np.geterrcall()
    with np.errstate():  # for the tests that follow
        with pytest.raises(KeyboardInterrupt):
            call(FAITHFUL)
        assert np.geterr() == before[0]
        if np.__version__ >= "2":  # NumPy 1 puts back what is called only if it set it
            assert np.geterrcall() == before[1]


# ---- The machine, and scikit-learn --------------------------------------------------------------


def test_every_core_is_every_core_that_the_process_may_use():
    assert thread_count(-1) == joblib.cpu_count()
    assert thread_count(-2) == max(1, joblib.cpu_count() - 1)
    code = "from numpy_ml_gmm.blocks import thread_count; print(thread_count(-1), thread_count(3))"
    environment = os.environ | {"LOKY_MAX_CPU_COUNT": "1"}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment)
    assert run.stdout.split() == [b"1", b"3"]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_an_affinity_mask_is_looked_at():
    mine = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(mine)})
        assert thread_count(-1) == 1
    finally:
        os.sched_setaffinity(0, mine)


@pytest.mark.parametrize("module", [numpy_ml_gmm, sklearn.exceptions])
def test_the_warning_is_scikit_learns_too(module):
    with pytest.warns(module.ConvergenceWarning, match="max_iter=1"):
        GMM(3, max_iter=1, random_state=0).fit(IRIS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", module.ConvergenceWarning)
        GMM(3, max_iter=1, random_state=0).fit(IRIS)
    with pytest.raises(module.NotFittedError, match="not fitted") as caught:
        GMM(2).predict(IRIS)
    again = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(again, numpy_ml_gmm.NotFittedError) and str(again) == str(caught.value)


def test_without_scikit_learn_the_warning_is_ours_alone():
    code = (
        "import sys, warnings, numpy_ml_gmm as g\n"
        "warnings.simplefilter('error')\n"
        "try: g.GMM(3, max_iter=1, random_state=0).fit(g.load_iris().X)\n"
        "except UserWarning as w: print(type(w) is g.ConvergenceWarning, 'sklearn' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.split() == ["True", "False"], run.stderr


def test_a_mixture_that_is_singular_as_a_whole_is_told_from_a_component():
    assert str(SingularCovariance(None)).startswith(
        "the covariance of the whole mixture is singular"
    )
    assert str(SingularCovariance(2)).startswith("component 2")
