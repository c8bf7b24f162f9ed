"""Choosing a mixture: the table, its criteria, and what cannot be fitted."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import silhouette_score

from numpy_ml_gmm import GMM, CollapseWarning, load_iris, load_old_faithful
from numpy_ml_gmm import selection as module
from numpy_ml_gmm.covariances import MODELS
from numpy_ml_gmm.em import Cell
from numpy_ml_gmm.restarts import thinnest
from numpy_ml_gmm.selection import (
    Selection,
    TableRow,
    describe,
    describe_several,
    select,
    shares_of_work,
    silhouette,
    work,
)
from numpy_ml_gmm.starts import hierarchical, rows_of_tree, ward_tree

FAITHFUL = load_old_faithful().X
IRIS = load_iris().X
STARTS = ("hierarchical", "kmeans")


@pytest.fixture(scope="module")
def table():
    return select(FAITHFUL, range(1, 5), ["EEE", "VVV", "VII"], random_state=0)


def test_old_faithful_is_three_components_with_one_covariance():
    best = select(FAITHFUL, range(1, 5)).best
    assert (best.covariance_type, best.n_components) == ("EEE", 3)
    assert best.log_likelihood_ == pytest.approx(-1126.31593, abs=1e-4)


def test_iris_is_two_components_of_equal_shape():
    selection = select(IRIS, range(1, 4))
    assert (selection.best.covariance_type, selection.best.n_components) == ("VEV", 2)
    assert selection.best.log_likelihood_ == pytest.approx(-215.72597, abs=1e-5)
    assert selection.top(1)[0].bic == pytest.approx(561.72846, abs=1e-4)


def test_every_cell_has_its_row(table):
    cells = [(row.covariance_type, row.n_components) for row in table.rows]
    assert cells == [(name, K) for name in ("EEE", "VVV", "VII") for K in range(1, 5)]


def test_criteria_follow_their_formulas(table):
    N = len(FAITHFUL)
    for row in table.rows:
        z = row.model.predict(FAITHFUL)
        complete = row.model.complete_log_likelihood(FAITHFUL, z)
        assert row.aic == pytest.approx(-2 * row.log_likelihood + 2 * row.n_parameters)
        assert row.bic == pytest.approx(-2 * row.log_likelihood + row.n_parameters * np.log(N))
        assert row.icl == pytest.approx(-2 * complete + row.n_parameters * np.log(N))


def test_the_best_is_the_smallest_or_of_silhouettes_the_largest(table):
    assert table.best is min(table.rows, key=lambda row: row.bic).model
    largest = max((row for row in table.rows if row.n_components > 1), key=lambda r: r.silhouette)
    assert Selection(table.rows, "silhouette").best is largest.model


def test_the_top_three_are_in_order(table):
    values = [row.bic for row in table.top(3)]
    assert len(values) == 3 and values == sorted(values)


def test_one_component_is_the_same_in_all_models_of_an_orientation():
    rows = select(FAITHFUL, 1).rows
    values = {row.covariance_type: row.log_likelihood for row in rows}
    diagonal = [values[name] for name in MODELS if name[2] == "I" and name[1] != "I"]
    oriented = [values[name] for name in MODELS if name[2] != "I"]
    assert np.ptp(diagonal) < 1e-8 and np.ptp(oriented) < 1e-8


def test_the_table_is_the_same_from_several_processes():
    arguments = FAITHFUL, [1, 2, 300], ["VEE", "VVV", "VII"]  # too many components are failures
    alone, shared = (select(*arguments, n_jobs=n) for n in (1, 2))
    for a, b in zip(alone.rows, shared.rows, strict=True):
        assert describe(a) == describe(b) and a.error == b.error
        assert a.bic == pytest.approx(b.bic, rel=1e-8, nan_ok=True)


def test_large_data_are_shared_out_to_threads(monkeypatch):
    def no_processes(*_):
        raise AssertionError("copied the data")

    monkeypatch.setattr(module, "in_processes", no_processes)
    monkeypatch.setattr(module, "LARGE", 100)
    alone, shared = (select(FAITHFUL, 2, ["VVV", "VII"], n_jobs=n) for n in (1, 2))
    assert [row.bic for row in alone.rows] == [row.bic for row in shared.rows]


@pytest.mark.parametrize("n", [1, 2, 3, 20])
def test_shares_hold_every_cell_once_and_are_even(n):
    cells = [Cell(K, model) for K in range(1, 10) for model in MODELS.values()]
    shares = shares_of_work(cells, n)
    assert sorted(map(id, cells)) == sorted(id(cell) for share in shares for cell in share)
    assert len(shares) == min(n, 14)
    assert max(map(work, shares)) <= 1.2 * sum(map(work, shares)) / len(shares) or n == 20


@pytest.mark.parametrize("criterion", ["bic", "icl", "silhouette"])
def test_the_three_best_climb_to_the_end(criterion):
    arguments = IRIS, range(1, 5), ["VVI", "VEV", "VVV"], criterion
    selection, slow = select(*arguments), select(*arguments, tol=1e-7)
    exact = {describe(row): row for row in slow.rows}
    for row in selection.top(3):
        same = exact[describe(row)]
        assert row.model.tol == pytest.approx(1e-7) and row.converged
        assert row.log_likelihood == pytest.approx(same.log_likelihood, abs=1e-4)
        assert row.bic == pytest.approx(row.model.bic(IRIS))
        assert row.icl == pytest.approx(row.model.icl(IRIS))
        assert row.silhouette == pytest.approx(silhouette(IRIS, row.model.predict(IRIS)))
        history = row.model.history_[0]
        assert len(history) == row.model.n_iter_ and history[-1] == row.log_likelihood
        assert (np.diff(history) > -1e-7 * abs(history[-1])).all()
    assert {row.model.tol for row in selection.rows if row not in selection.top(3)} == {1e-4}


def test_where_one_of_the_best_collapses_on_its_last_climb_the_next_takes_its_place(monkeypatch):
    def climbed_on(data, model, tol):
        if model.n_components == 3:
            return TableRow(3, "EEE", error="component 0 has collapsed")
        return climb_of(data, model, tol)

    climb_of = module.climbed_on
    monkeypatch.setattr(module, "climbed_on", climbed_on)
    selection = select(FAITHFUL, range(1, 6), "EEE")
    assert [row.n_components for row in selection.failures] == [3]
    assert all(row.model.tol < 1e-6 for row in selection.top(3))


def test_random_starts_depend_on_the_seed_alone():
    a, b = (
        select(FAITHFUL, 4, "VVV", init_params="random", n_init=1, random_state=3).rows[0].bic
        for _ in range(2)
    )
    assert a == b
    alone = GMM(4, init_params="random", n_init=1, random_state=3).fit(FAITHFUL)
    assert alone.bic(FAITHFUL) == pytest.approx(a, abs=1e-3)  # the same start, and optimum


@pytest.mark.parametrize("seed", range(4))
def test_the_seed_of_a_table_is_that_of_each_fit(seed):
    settings = {"init_params": "random", "n_init": 1, "max_iter": 1, "tol": 0}
    row = select(IRIS, 3, "VVV", random_state=seed, **settings).rows[0]
    alone = GMM(3, random_state=seed, **settings).fit(IRIS)
    assert row.log_likelihood == pytest.approx(alone.log_likelihood_, rel=1e-9)
    other = GMM(3, random_state=seed + 1, **settings).fit(IRIS)
    assert abs(row.log_likelihood - other.log_likelihood_) > 1e-3  # one step is near its start


def test_a_generator_is_a_seed_and_draws_on():
    settings = {"init_params": "random", "max_iter": 1, "tol": 0}
    one, again = np.random.default_rng(5), np.random.default_rng(5)
    a, b = (select(IRIS, 3, "VVV", random_state=one, **settings).rows[0].bic for _ in range(2))
    assert a != b
    assert a == select(IRIS, 3, "VVV", random_state=again, **settings).rows[0].bic


@pytest.mark.parametrize("starts", [STARTS, STARTS[::-1]])
@pytest.mark.parametrize("K", [3, 4])
def test_of_several_starts_the_likeliest_is_kept(starts, K):
    single = [select(IRIS, K, "VVI", init_params=s, random_state=0) for s in starts]
    ends = [table.rows[0].log_likelihood for table in single]
    assert abs(ends[0] - ends[1]) > 10  # nats: two hills
    both = select(IRIS, K, "VVI", init_params=starts, random_state=0)
    assert both.rows[0].log_likelihood == pytest.approx(max(ends), abs=1e-3)


def test_the_data_stay_as_they_are_and_float32_is_taken():
    X = FAITHFUL.astype(np.float32)
    before = X.copy()
    row = select(X, 2, "VVV").rows[0]
    assert (X == before).all()
    assert row.log_likelihood == pytest.approx(-1130.264, rel=1e-4)


# ---- The hierarchical start ------------------------------------------------------------------


def one_step(X, K, w=None):
    return GMM(K, init_params="hierarchical", max_iter=1, tol=0).fit(X, sample_weight=w)


def test_one_tree_serves_the_whole_table():
    ward_tree.cache_clear()
    select(FAITHFUL, range(1, 5), ["EII", "EEE", "VVV"])
    assert ward_tree.cache_info().misses == 1


def test_the_hierarchical_start_has_no_randomness():
    a, b = (GMM(4, init_params="hierarchical", random_state=s).fit(IRIS) for s in (0, 1))
    assert (a.means_ == b.means_).all() and len(a.history_) == 1


def test_the_hierarchical_start_is_the_same_in_every_unit_and_order():
    a = one_step(IRIS, 3).log_likelihood_
    shuffled = np.random.default_rng(0).permutation(len(IRIS))
    scale = np.array([1e-3, 1.0, 1e4, 7.0])
    b = one_step((IRIS * scale + 5)[shuffled], 3).log_likelihood_
    assert a - len(IRIS) * np.log(scale).sum() == pytest.approx(b, abs=1e-6)


def test_a_row_of_weight_zero_is_absent_from_the_tree():
    w = np.ones(len(IRIS))
    w[:40] = 0
    a, b = one_step(IRIS, 3, w), one_step(IRIS[40:], 3)
    assert a.log_likelihood_ == pytest.approx(b.log_likelihood_, abs=1e-9)


def test_a_row_of_weight_two_is_in_the_tree_twice():
    w = np.random.default_rng(0).integers(0, 4, len(IRIS)).astype(float)
    X = IRIS + 1e-3 * np.random.default_rng(1).standard_normal(IRIS.shape)  # no ties
    a, b = one_step(X, 3, w), one_step(np.repeat(X, w.astype(int), axis=0), 3)
    assert a.log_likelihood_ == pytest.approx(b.log_likelihood_, abs=1e-9)


def test_a_tree_of_many_rows_grows_on_a_sample():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((6000, 2)) + 20 * rng.integers(0, 3, (6000, 1))
    model = GMM(3, init_params="hierarchical").fit(X)
    assert np.sort(model.means_[:, 0]) == pytest.approx([0, 20, 40], abs=0.2)


def test_the_sample_that_makes_a_tree_is_always_the_same():
    some, again = (rows_of_tree(np.ones(6000), 1000) for _ in range(2))
    assert (some == again).all() and len(np.unique(some)) == 1000
    X = np.random.default_rng(0).standard_normal((6000, 2))
    a, b = (GMM(4, init_params="hierarchical", max_iter=0).fit(X).means_ for _ in range(2))
    assert (a == b).all()


@pytest.mark.filterwarnings("ignore::numpy_ml_gmm.CollapseWarning")
def test_ties_give_as_many_branches_as_asked_for():
    X = np.repeat(np.arange(6.0), 4)[:, None]  # every merge but the first is a tie
    for K in range(1, 7):
        model = GMM(K, covariance_type="tied", init_params="hierarchical", max_iter=1, tol=0).fit(X)
        assert model.means_.shape == (K, 1)


@pytest.mark.parametrize("X", [np.eye(6), np.repeat(np.eye(4), 2, axis=0)], ids=["all", "pairs"])
def test_a_tree_has_a_branch_for_every_component_up_to_as_many_as_different_rows(X):
    w = np.ones(len(X))
    for K in range(1, len(np.unique(X, axis=0)) + 1):  # of N rows, SciPy 1.11 parted N - 2 at most
        r = hierarchical(X - X.mean(axis=0), K, None, w)
        assert (r.sum(axis=1) == 1).all() and r.any(axis=0).all()


# ---- What cannot be fitted -------------------------------------------------------------------


def test_a_failure_keeps_its_row_and_its_reason():
    X = np.random.default_rng(0).standard_normal((6, 2))
    selection = select(X, [1, 7], "VVV")
    assert selection.failures == [selection.rows[1]]
    assert "n_samples=6" in selection.rows[1].error
    assert np.isnan(selection.rows[1].bic) and selection.rows[1].model is None
    assert "VVV with 7 components: n_samples=6" in str(selection)


def test_equal_reasons_are_told_once():
    X = np.random.default_rng(0).standard_normal((6, 2))
    lines = str(select(X, range(1, 9), ["EII", "VII", "EEI"])).splitlines()
    assert sum("n_samples=6 is too few" in line for line in lines) == 2  # for K = 7 and for 8
    assert any(line.startswith("EII, VII, EEI with 7 components: n_samples") for line in lines)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([("EEE", 1)], "EEE with 1 component"),
        ([("EEE", 2), ("EEE", 3)], "EEE with 2, 3 components"),
        ([("EEE", K) for K in (2, 3, 4, 7)], "EEE with 2 to 4, 7 components"),
        (
            [(name, K) for name in ("EEE", "VVV", "VII") for K in (range(2, 9 - (name == "VII")))],
            "EEE, VVV with 2 to 8 components; VII with 2 to 7 components",
        ),
    ],
)
def test_several_cells_in_words(cells, words):
    assert describe_several([TableRow(K, name) for name, K in cells]) == words


def test_a_component_held_up_by_smoothing_is_a_failure():
    X = np.vstack([IRIS, np.repeat(IRIS[:1], 20, axis=0)])  # twenty equal rows: a point mass
    labels = np.repeat([0, 1], [150, 20])
    with pytest.warns(CollapseWarning, match="component 1 has collapsed: it lies on 21.0 points"):
        fit = GMM(2, init_params=labels).fit(X)
    assert fit.log_likelihood_ > -100  # high, and means nothing
    with pytest.raises(ValueError, match="component 1 has collapsed"):
        select(X, 2, "VVV", init_params=labels)


def test_thinness_does_not_depend_on_the_units():
    A = np.array([[2.0, 0.3], [0.0, 1e-3]])
    models = [
        GMM(2, var_smoothing=0, init_params="hierarchical").fit(X) for X in (FAITHFUL, FAITHFUL @ A)
    ]
    a, b = (thinnest(model.theta, np.zeros(2)) for model in models)
    assert np.sort(a) == pytest.approx(np.sort(b), rel=1e-3)
    assert (a > 0.01).all() and (a < 1).all()


@pytest.mark.parametrize("name", MODELS)
def test_one_component_of_correlated_data_is_not_thin(name):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(500)
    X = np.column_stack([x, x + 1e-2 * rng.standard_normal(500)])
    assert select(X, 1, name).failures == []


def test_a_tight_cluster_is_real_without_smoothing():
    rng = np.random.default_rng(0)
    X = np.vstack([1e-5 * rng.standard_normal((50, 2)), rng.standard_normal((50, 2))])
    assert select(X, 2, "VVV", var_smoothing=0).best.n_components == 2
    with pytest.raises(ValueError, match="only var_smoothing=1e-06 gives it a volume"):
        select(X, 2, "VVV", init_params=np.repeat([0, 1], 50))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"criterion": "BIC"}, "criterion='BIC'"),
        ({"covariance_types": "round"}, "covariance_type='round'"),
        ({"covariance_types": []}, "empty"),
        ({"n_components": []}, "empty"),
        ({"n_components": 0}, "n_components=0"),
        ({"X": [[np.inf], [1.0]]}, "infinity"),
        ({"X": np.ones((9, 2)), "n_components": 1}, "constant"),
        ({"var_smoothing": -1}, "var_smoothing"),
        ({"init_params": ()}, "init_params="),
        ({"init_params": ("hierarchical", "best")}, "init_params='best' is not known"),
        ({"tol": -1.0}, "tol=-1.0"),
        ({"n_init": 0}, "n_init=0"),
        ({"random_state": -1}, "random_state=-1"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        select(**{"X": FAITHFUL, "n_components": 1} | arguments)


def test_no_number_of_components_is_a_type_error():
    with pytest.raises(TypeError, match="n_components=None"):
        select(FAITHFUL, None)


def test_labels_of_another_length_are_named():
    with pytest.raises(ValueError, match=r"labels has shape \(9,\), expected \(272,\)"):
        silhouette(FAITHFUL, np.zeros(9))


def test_an_unknown_argument_is_a_type_error():
    with pytest.raises(TypeError, match="colour"):
        select(FAITHFUL, 1, colour="red")


# ---- Silhouette ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_silhouette_agrees_with_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    X, labels = rng.standard_normal((300, 3)), rng.integers(0, 2 + seed, 300)
    assert silhouette(X, labels) == pytest.approx(silhouette_score(X, labels), abs=1e-12)


def test_a_point_alone_has_silhouette_zero():
    X, labels = [[0.0], [1.0], [50.0]], [0, 0, 1]
    assert silhouette(X, labels) == pytest.approx(silhouette_score(X, labels))


def test_silhouette_needs_two_labels():
    assert np.isnan(silhouette(FAITHFUL, np.zeros(len(FAITHFUL))))


def test_silhouettes_of_the_table_agree_with_scikit_learn(table):
    for row in table.rows:
        labels = row.model.predict(FAITHFUL)
        if len(set(labels)) > 1:
            assert row.silhouette == pytest.approx(silhouette_score(FAITHFUL, labels), abs=1e-12)
        else:
            assert np.isnan(row.silhouette)


def test_silhouette_of_many_rows_is_near_that_of_all(monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((3000, 2)) + 5 * rng.integers(0, 2, (3000, 1))
    labels = X[:, 0] > 2.5
    everything = silhouette(X, labels)
    monkeypatch.setattr(module, "ROWS_IN_SILHOUETTE", 1000)
    assert silhouette(X, labels) == pytest.approx(everything, abs=0.02)
    assert silhouette(X, labels) == silhouette(X, labels)


# ---- How it shows ----------------------------------------------------------------------------


def test_several_models_print_as_a_wide_table(table):
    lines = str(table).splitlines()
    assert lines[0].split() == ["K", "EEE", "VVV", "VII"]
    assert lines[3].split()[:2] == ["3", "2314.30"]
    assert "Best by BIC (smaller is better): EEE with 3 components" in lines[-1]
    assert repr(table) == "<Selection: 12 fits, 0 failed, best EEE with 3 components by bic>"


def test_one_model_prints_as_a_long_table():
    lines = str(select(FAITHFUL, [1, 2], "full", criterion="silhouette")).splitlines()
    assert lines[0].split()[:3] == ["K", "log-likelihood", "parameters"]
    assert lines[2].split()[:3] == ["2", "-1130.26", "11"]
    assert "Best by silhouette (larger is better): full with 2 components" in lines[-1]


def test_to_pandas_has_a_row_for_each_cell(table):
    frame = table.to_pandas()
    assert list(frame["bic"]) == [row.bic for row in table.rows]
    assert "model" not in frame


def test_column_names_of_a_frame_are_kept(table):
    frame = pd.DataFrame(FAITHFUL, columns=["eruptions", "waiting"])
    assert list(select(frame, 2, "VVV").best.feature_names_in_) == ["eruptions", "waiting"]


def test_one_component_has_no_silhouette():
    selection = select(FAITHFUL, 1, "VVV", criterion="silhouette")
    assert "no best" in repr(selection)
    with pytest.raises(ValueError, match="no fit has a silhouette"):
        _ = selection.best


def test_a_cell_in_words():
    assert describe(TableRow(1, "full")) == "full with 1 component"


def test_importing_the_package_imports_no_plots_and_no_peers():
    code = (
        "import sys, json, numpy_ml_gmm, numpy_ml_gmm.selection, numpy_ml_gmm.cli;"
        "print(json.dumps([m for m in ('matplotlib', 'pandas', 'sklearn') if m in sys.modules]))"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert json.loads(output) == []
