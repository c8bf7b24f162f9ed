"""Bad input gets an error that names the argument, the value and the remedy; nothing is lost."""

import io
import pathlib
import re
import subprocess
import sys
import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest
import sklearn.datasets
from problems import random_model

from numpy_ml_gmm import (
    GMM,
    CollapseWarning,
    ConvergenceWarning,
    DataWarning,
    load_iris,
    load_old_faithful,
    select,
)
from numpy_ml_gmm.blocks import Rows
from numpy_ml_gmm.starts import hierarchical
from numpy_ml_gmm.statistics import one_component
from numpy_ml_gmm.training import dependent_columns
from numpy_ml_gmm.validation import check_X

X, _ = random_model("full", seed=1).sample(60)


def spoilt(value):
    bad = X.copy()
    bad[7, 1] = value
    return bad


BAD_DATA = {
    "a column of nan": (X * [1, np.nan], "column 1 has no number at all"),
    "inf": (spoilt(np.inf), r"X\[7, 1\] is inf"),
    "too large to square": (spoilt(1e300), "too large"),
    "no rows": (np.empty((0, 2)), "0 sample"),
    "no columns": (np.empty((5, 0)), "0 feature"),
    "one-dimensional": (X[:, 0], "Reshape your data"),
    "three-dimensional": (X[None], "Reshape your data"),
    "an image": (np.ones((8, 8, 3)), r"Reshape your data: X\.reshape\(-1, X\.shape\[-1\]\) keeps"),
    "a list of batches": (
        [X[:30], X[30:]],
        r"Reshape your data: np\.reshape\(X, \(-1, 2\)\) keeps",
    ),
    "a list of batches of different lengths": ([X[:20], X[20:]], r"np\.vstack\(X\) joins tables"),
    "one feature as a list": (
        [1.0, 2.0, 3.0],
        r"np\.reshape\(X, \(-1, 1\)\) if it has one feature",
    ),
    "one row": (X[:1], "n_samples=1"),
    "fewer rows than components": (X[:2], "n_samples=2 .*lower n_components"),
    "complex": (X + 1j, "Complex data not supported"),
    "strings": (np.array([["a", "b"], ["c", "d"], ["e", "f"]]), "numbers"),
    "a constant column": (np.column_stack([X, np.full(60, 0.1)]), "column 2 is constant"),
    "a constant column far out": (np.column_stack([np.full(60, 1e8 / 3), X]), "column 0 is const"),
    "two constant columns": (
        np.column_stack([np.full(60, 7), X, np.zeros(60)]),
        r"^columns 0 and 3 are constant \(about 7, 0\): drop those columns$",
    ),
    "a constant column of a data frame": (
        pd.DataFrame(X, columns=["a", "b"]).assign(country="7"),
        "column 'country' is constant",
    ),
    "a table of complex numbers": (pd.DataFrame(X + 1j), "Complex data not supported"),
    "dates": (
        pd.DataFrame({"a": pd.to_datetime(["2020-01-01", "2021-01-01"])}),
        "column 'a' holds dates",
    ),
    "rows of different lengths": ([[1, 2], [3]], "X has rows of different lengths"),
    "a whole number too large": ([[2**2000], [1], [2]], "numbers too large .*: change the unit"),
    "a long double too large": (np.array([["1e4000"], [1], [2]], np.longdouble), "too large"),
    "numbers as text": (X.astype(str), r"numbers as text: np\.asarray\(X, float\)"),
    "all rows equal": (np.tile([0.1, 0.2], (60, 1)), "columns 0 and 1 are constant.*none is left"),
}


@pytest.mark.parametrize("bad, message", BAD_DATA.values(), ids=BAD_DATA)
def test_data_that_cannot_be_fitted(bad, message):
    with pytest.raises(ValueError, match=message):
        GMM(3, random_state=0).fit(bad)


NO_TABLES = {
    "nothing": (None, "X is None, not a table: pass an array"),
    "a path as text": ("points.csv", r"X is 'points.csv', not a table: .*read_table\(path\)\.X"),
    "a path": (pathlib.Path("points.csv"), r"points.csv'\), not a table: .*read_table"),
    "a file": (io.StringIO("1,2"), "X is a StringIO, not a table: .*read_table"),
    "columns by name": ({"a": [1, 2]}, r"X is a dict, .*np\.column_stack\(list\(X\.values"),
    "a generator": ((x for x in X), "X is a generator, not a table: pass an array"),
    "words": (["a", "b"], r"X holds text \('a'\): pass a table of numbers"),
}


@pytest.mark.parametrize("bad, message", NO_TABLES.values(), ids=NO_TABLES)
@pytest.mark.parametrize("call", ["fit", "partial_fit", "predict", "score_samples"])
def test_what_is_no_table_at_all(call, bad, message):
    model = GMM(2, random_state=0)
    model = model if "fit" in call else model.fit(X)
    with pytest.raises(TypeError, match=message):
        getattr(model, call)(bad)


def test_objects_that_are_not_numbers():
    with pytest.raises(TypeError, match=r"column 0 holds no numbers only.*X\[0, 0\] is \{\}"):
        GMM().fit(np.array([[{}, 1], [2, 3]], dtype=object))
    with pytest.raises(ValueError, match="column 0 holds text"):
        GMM().fit(np.array([["None", 1], [2, 3]], dtype=object))


BAD_ARGUMENTS = {
    "n_components": [(0, ValueError), (-1, ValueError), (2.5, TypeError), ("two", TypeError)],
    "covariance_type": [("fulll", ValueError), (None, ValueError), (["full"], ValueError)],
    "tol": [(-1.0, ValueError), (np.nan, ValueError), ("small", TypeError)],
    "max_iter": [(-1, ValueError), (1.5, TypeError)],
    "n_init": [(0, ValueError), (None, TypeError)],
    "var_smoothing": [
        (-1e-9, ValueError),
        (np.inf, ValueError),
        (1e308, ValueError),
        ("none", TypeError),
    ],
    "n_jobs": [(0, ValueError), (1.5, TypeError)],
    "random_state": [(-1, ValueError), ("a", TypeError), (1.5, TypeError)],
    "init_params": [
        ("k_means", ValueError),
        (np.zeros(3), ValueError),
        (np.full(60, 9), ValueError),
        (np.ones((60, 3)), ValueError),
        (lambda X, K, rng: np.ones(2), ValueError),
        (np.full((60, 3), "a"), ValueError),
        ([[1, 2], [3]], ValueError),
    ],
    "weights_init": [
        ([0.5, 0.5], ValueError),
        ([0.9, 0.9, 0.9], ValueError),
        ([-0.5, 0.75, 0.75], ValueError),
        (["a", "b", "c"], ValueError),
    ],
    "means_init": [
        (np.zeros((3, 5)), ValueError),
        (np.full((3, 2), np.nan), ValueError),
        ([[1e300, 0.0], [0.0, 0.0], [1.0, 1.0]], ValueError),
        (np.full((3, 2), "a"), ValueError),
    ],
    "covariances_init": [
        (np.eye(2), ValueError),
        (np.array([-np.eye(2)] * 3), ValueError),
        (np.array([[[1, 2], [0, 1]]] * 3), ValueError),
        (np.full((3, 2, 2), "a"), ValueError),
        (1e-12 * np.array([[[1, 0.5], [0, 1]]] * 3), ValueError),
        (np.full((3, 2, 2), np.inf), ValueError),
    ],
}
ARGUMENT_CASES = [(n, v, e) for n, cases in BAD_ARGUMENTS.items() for v, e in cases]


@pytest.mark.parametrize("name, value, error", ARGUMENT_CASES)
def test_arguments_out_of_range_are_named(name, value, error):
    with pytest.raises(error, match=name):
        GMM(3, random_state=0).set_params(**{name: value}).fit(X)


BAD_WEIGHTS = [
    (np.ones(59), r"expected \(60,\)"),
    (np.ones((60, 1)), r"expected \(60,\)"),
    (-np.ones(60), "from -1.0 to -1.0"),
    (np.zeros(60), "some above zero"),
    (np.full(60, np.nan), "finite"),
    (["a"] * 60, "holds <U1: pass an array of numbers"),
    (np.ones(60) * 1j, "omplex"),
    (np.ma.masked_less(np.arange(60.0), 9), "masked values"),
    (np.full(60, 1e300), r"sums to 6e\+301.*divide the weights by their mean"),
    (np.full(60, 1e308), r"sums to inf.*largest weight 1e\+308"),
    (np.full(60, 1e-320), "out of the range of float64"),
]


@pytest.mark.parametrize("weights, message", BAD_WEIGHTS)
@pytest.mark.filterwarnings("error")
def test_weights_that_do_not_fit(weights, message):
    with pytest.raises(ValueError, match=f"sample_weight.*{message}"):
        GMM(3).fit(X, sample_weight=weights)


@pytest.mark.filterwarnings("error")
def test_weights_too_large_for_single_precision_are_refused_there_only():
    weights = np.full(60, 1e39)
    with pytest.raises(ValueError, match=r"sample_weight.*out of the range of float32"):
        GMM(3).fit(X.astype(np.float32), sample_weight=weights)
    model, plain = (GMM(3, random_state=0).fit(X, sample_weight=w) for w in (weights, None))
    assert np.isclose(model.log_likelihood_, 1e39 * plain.log_likelihood_)


BAD_PRIORS = [
    (np.ones((60, 2)), r"shape \(60, 2\)"),
    (np.ones(59), r"shape \(59,\), expected \(60,\)"),
    (np.full(60, 3), r"\[0\] is 3"),
    (-np.ones((60, 3)), r"\[0, 0\] is -1.0"),
    (np.zeros((60, 3)), r"\[0\] is all zero"),
    (np.full((60, 3), np.nan), r"\[0, 0\] is nan"),
    (np.where(np.arange(180).reshape(60, 3) == 50, np.inf, 1), r"\[16, 2\] is inf"),
    (np.full((60, 3), "a"), "pass an array of numbers"),
    (np.ones((60, 3)) * 1j, "omplex"),
]


def test_labels_without_any_point_of_one_of_many_components_and_features():
    rng = np.random.default_rng(0)
    z = rng.integers(19, size=400)  # and none is 19
    wide = 15 * np.eye(70)[z] + rng.normal(size=(400, 70))
    with pytest.raises(ValueError, match=r"component 19 holds 0\.0 points"):
        GMM(20, covariance_type="diag", init_params=z).fit(wide)


def test_priors_that_allow_only_components_of_weight_zero():
    model = GMM.from_parameters([1.0, 0.0], np.eye(2), np.array([np.eye(2)] * 2))
    priors = np.ones((60, 2))
    assert model.e_step(X[:, :2], priors=priors).counts[1] < 1e-100
    priors[7, 0] = 0
    with pytest.raises(ValueError, match=r"priors\[7\] allows only components of weight 0"):
        model.e_step(X[:, :2], priors=priors)


@pytest.mark.parametrize("priors, message", BAD_PRIORS)
@pytest.mark.filterwarnings("error")
def test_priors_that_do_not_fit(priors, message):
    with pytest.raises(ValueError, match=f"priors.*{message}"):
        GMM(3).fit(X, priors=priors)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("factor", [1e-320, 1e300, 1e308])
def test_a_common_factor_of_the_priors_changes_the_likelihood_alone(factor):
    plain = GMM(3, random_state=0).fit(X, priors=np.ones((60, 3)))
    model = GMM(3, random_state=0).fit(X, priors=np.full((60, 3), factor))
    np.testing.assert_allclose(model.means_, plain.means_, rtol=1e-6)
    gain = model.log_likelihood_ - plain.log_likelihood_
    assert np.isclose(gain, 60 * np.log(factor))


def test_a_failed_fit_leaves_the_model_as_it_was():
    model = GMM(3, random_state=0).fit(X)
    before = dict(vars(model))
    for bad, _ in BAD_DATA.values():
        with pytest.raises(ValueError):
            model.fit(bad)
        assert vars(model).keys() == before.keys()
        assert all(vars(model)[name] is before[name] for name in before)


def test_a_component_that_collapses_is_named_with_its_mass():
    points = np.vstack([X, np.tile([50.0, 50.0], (4, 1))])
    labels = np.r_[np.zeros(60, int), np.ones(4, int)]
    with pytest.raises(ValueError, match=r"component 1 .*4\.0 points.*var_smoothing") as error:
        GMM(2, var_smoothing=0, init_params=labels).fit(points)
    assert "n_components" in str(error.value)
    with pytest.warns(CollapseWarning, match="component 1 has collapsed: it lies on 4.0 points"):
        assert GMM(2, init_params=labels).fit(points).converged_


def test_a_component_without_points_is_named():
    with pytest.raises(ValueError, match=r"component 1 holds 0\.0 points"):
        GMM(2, init_params=np.zeros(60, int)).fit(X)


@pytest.mark.parametrize("K", [4, 5, 8])
@pytest.mark.parametrize("init", ["k-means++", "kmeans"])
def test_fewer_different_points_than_components_is_said_so(init, K):
    points = np.repeat([[0.0, 1.0], [2.0, 3.0], [2.0, 5.0]], 20, axis=0)
    message = f"X holds 3 different rows, fewer than n_components={K}: lower n_components"
    with pytest.raises(ValueError, match=message):
        GMM(K, init_params=init, random_state=0).fit(points)


# ---- Columns that depend on others -------------------------------------------------------------

RNG = np.random.default_rng(0)
PLAIN = pd.DataFrame(RNG.normal([0, 5, 50], [1, 2, 9], size=(200, 3)), columns=["a", "b", "c"])
CODES = pd.get_dummies(pd.Series(RNG.choice(list("uvw"), 200)), dtype=float)
GROUPS = pd.get_dummies(pd.Series(RNG.choice(list("xyz"), 200)), dtype=float)
SHARES = pd.DataFrame(RNG.dirichlet([3, 2, 2], size=200), columns=["red", "green", "blue"])
DEPENDENT = {
    "a sum": (
        PLAIN.assign(d=PLAIN.a + PLAIN.b),
        "column 'd' is a linear function of columns 'a' and 'b':",
    ),
    "a difference, first": (
        PLAIN.assign(d=PLAIN.a - PLAIN.b)[["d", "a", "c", "b"]],
        "column 'b' is a linear function of columns 'd' and 'a':",
    ),
    "a duplicate": (PLAIN.assign(d=PLAIN.b), "column 'd' repeats column 'b':"),
    "another unit": (
        PLAIN.assign(d=PLAIN.b * 1.8 + 32),
        "column 'd' is a linear function of column 'b':",
    ),
    "the rest of a whole": (PLAIN.assign(d=100 - PLAIN.b), "columns 'b' and 'd' add up to 100:"),
    "shares": (SHARES, "columns 'red', 'green' and 'blue' add up to 1:"),
    "one-hot codes": (
        pd.concat([PLAIN, CODES], axis=1),
        "columns 'u', 'v' and 'w' add up to 1:",
    ),
    "one-hot codes of two things": (
        pd.concat([CODES, PLAIN, GROUPS], axis=1),
        "columns 'u', 'v' and 'w' add up to 1; columns 'x', 'y' and 'z' add up to 1:",
    ),
    "two at once": (
        PLAIN.assign(d=PLAIN.a, e=PLAIN.b + PLAIN.c),
        "column 'd' repeats column 'a'; column 'e' is a linear function of columns 'b' and 'c':",
    ),
    "single precision": (
        PLAIN.assign(d=PLAIN.a + PLAIN.b).astype(np.float32),
        "column 'd' is a linear function of columns 'a' and 'b':",
    ),
    "far out": (
        PLAIN.assign(d=PLAIN.a + PLAIN.b) + 1e6,
        "column 'd' is a linear function of columns 'a' and 'b':",
    ),
    "many features": (
        pd.DataFrame(RNG.normal(size=(200, 70))).assign(d=lambda t: t[3] + t[68]),
        "column 'd' is a linear function of columns 3 and 68:",
    ),
}
ORIENTED = ["full", "tied", "VEE", "EVV"]


@pytest.mark.parametrize("frame, message", DEPENDENT.values(), ids=DEPENDENT)
@pytest.mark.parametrize("name", ["full", "tied"])
def test_columns_that_depend_on_others_are_named(frame, message, name):
    numbers = message
    for d, label in enumerate(frame.columns):
        numbers = numbers.replace(repr(label), str(d))
    model = GMM(2, covariance_type=name, n_init=2, tol=1e-2, random_state=0, var_smoothing=0)
    for data, wanted in ((frame, message), (frame.to_numpy(), numbers)):
        with pytest.raises(ValueError) as error:
            model.fit(data)
        assert str(error.value).startswith(wanted) and "Drop column" in str(error.value)
    with pytest.warns(DataWarning) as caught:
        smooth = GMM(**model.get_params() | {"var_smoothing": 1e-6}).fit(frame)
    assert np.isfinite(smooth.log_likelihood_) and str(caught[0].message).startswith(message)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("frame, message", DEPENDENT.values(), ids=DEPENDENT)
def test_what_the_error_says_to_drop_is_enough(frame, message):
    with pytest.raises(ValueError) as error:
        GMM(1, var_smoothing=0).fit(frame)
    drop = str(error.value).partition("Drop ")[2].partition(", raise")[0]
    kept = frame[[label for label in frame if repr(label) not in drop]]
    assert GMM(1, var_smoothing=0).fit(kept).converged_


@pytest.mark.parametrize("n", [5, 6, 7])
def test_five_dependent_columns_are_named_and_others_are_counted(n):
    sums = {f"sum {i}": PLAIN.a + (i + 2) * PLAIN.b for i in range(n)}
    with pytest.raises(ValueError) as error:
        GMM(1, var_smoothing=0).fit(PLAIN.assign(**sums))
    text = str(error.value)
    assert text.count("is a linear function of") == 5
    assert text.count("and so on") == (n > 5) and (f"for {n - 5} columns more" in text) == (n > 5)


@pytest.mark.parametrize("name", ["a sum", "one-hot codes", "shares"])
def test_diagonal_models_do_not_mind_columns_that_depend_on_others(name):
    frame, _ = DEPENDENT[name]
    assert GMM(1, covariance_type="diag", var_smoothing=0).fit(frame).converged_


@pytest.mark.parametrize("smoothing", [0, 1e-6])
@pytest.mark.parametrize("name", ["a sum", "one-hot codes", "another unit"])
def test_a_table_names_the_columns_once(name, smoothing):
    frame, message = DEPENDENT[name]
    table = select(frame, range(1, 4), ["EII", *ORIENTED], var_smoothing=smoothing)
    lines = [line for line in str(table).splitlines() if message in line]
    assert len(lines) == 1
    assert lines[0].startswith(f"full, tied, VEE, EVV with 1 to 3 components: {message}")
    with pytest.raises(ValueError, match=f"no cell could be fitted; full with 1 .*{message}"):
        select(frame, [1, 2], ORIENTED, var_smoothing=smoothing)


def test_a_component_without_spread_in_one_column_is_told_from_a_point():
    frame = PLAIN.assign(flag=(PLAIN.a > 0).astype(float))
    error = select(frame, [1, 2], "VVI").failures[0].error
    assert "points, which do not vary in column 'flag'" in error


@pytest.mark.parametrize("far", [1e3, 1e6, 1e9, 1e12])
def test_clusters_far_apart_do_not_depend_on_each_other(far):
    z = np.arange(60) % 2
    for D in (2, 5):
        rows = Rows(np.random.default_rng(D).normal(size=(60, D)) + far * z[:, None])
        assert dependent_columns(rows, one_component(rows, False)) == []


@pytest.mark.parametrize("seed", range(5))
def test_dependence_is_found_with_its_factors_in_any_units(seed):
    rng = np.random.default_rng(seed)
    unit = 10.0 ** rng.integers(-9, 9, size=6)
    points = rng.normal(rng.normal(size=6), size=(100, 6)) * unit
    points[:, 4] = unit[4] * ((points / unit)[:, [0, 2]] @ [2, -3] + 7)
    rows = Rows(points, weights=rng.integers(0, 3, 100).astype(float))
    [(d, factors)] = dependent_columns(rows, one_component(rows, False))
    assert d == 4
    np.testing.assert_allclose((factors * unit / unit[4])[[0, 2]], [2, -3], rtol=1e-6)


def test_rows_of_weight_zero_say_nothing_of_dependence():
    points = DEPENDENT["a sum"][0].to_numpy()
    points[:50, 3] = 0
    w = np.r_[np.zeros(50), np.ones(150)]
    with pytest.raises(ValueError, match="column 3 is a linear function of columns 0 and 1"):
        GMM(1, var_smoothing=0).fit(points, sample_weight=w)
    assert GMM(1, var_smoothing=0).fit(points).converged_


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("D", [8, 100])
def test_fewer_rows_than_columns_are_no_fault_of_a_column(D):
    points = np.random.default_rng(0).normal(size=(8, D))
    with pytest.raises(ValueError, match=f"X has 8 rows for {D} columns.*Take fewer columns"):
        GMM(1, var_smoothing=0).fit(points)
    assert np.isfinite(GMM(1).fit(points).log_likelihood_)


# ---- Tables as users have them ------------------------------------------------------------------

MESSY = pd.DataFrame(
    {
        "age": [20.0, np.nan, 22, 23, np.nan, 25],
        "city": ["Rome", "Oslo", "Rome", "Rome", "Oslo", "Oslo"],
        "name": list("abcdef"),
        "born": pd.date_range("2020-01-01", periods=6),
        "took": pd.to_timedelta([1, 2, 3, 4, 5, 6], unit="s"),
        "kind": pd.Categorical(["x", "y", "y", "x", "x", "y"]),
        "score": pd.array([1, 2, None, 4, 5, 6], dtype="Int64"),
        "ratio": [0.5, np.inf, 0.1, 0.2, -np.inf, 0.3],
        "huge": [1e200, 1, 2, 3, 4, 5],
        "price": ["1.5", "2.5", "3.5", "?", "4.5", "5.5"],
        "same": [3.0] * 6,
        "height": [1.0, 2, 4, 3, 5, 8],
        "member": [True, False, True, True, False, True],
    }
)
SAID = {
    "age": r"column 'age' holds NaN \(row 1 is nan, the first of 2 rows\): drop those rows,",
    "city": r"column 'city' holds text \(row 0 is 'Rome', the first of 6 rows\): .*"
    r"pd\.get_dummies\(X, columns=\['city'\], drop_first=True, dtype=float\)",
    "name": r"column 'name' holds text \(row 0 is 'a', the first of 6 rows\): drop the column(;|$)",
    "born": r"column 'born' holds dates \(row 0 is 2020-01-01.*count days: \(X\['born'\] - ",
    "took": r"column 'took' holds lengths of time .*X\['took'\]\.dt\.total_seconds\(\)",
    "kind": r"column 'kind' holds text \(row 0 is 'x'.*pd\.get_dummies",
    "score": r"column 'score' holds NaN \(row 2 is <NA>\): drop that row, or fill it in",
    "ratio": r"column 'ratio' holds infinity \(row 1 is inf, the first of 2 rows\)",
    "huge": r"column 'huge' holds numbers too large \(row 0 is 1e\+200\): change the unit",
    "price": r"column 'price' holds text \(row 3 is '\?'\): pd\.to_numeric\(X\['price'\], errors=",
    "same": r"column 'same' is 3\.0 in every row: drop it",
}


HOLES = {"age", "score"}  # no fault where values may be missing


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("fit", [GMM(2).fit, select, check_X], ids=["fit", "select", "no holes"])
def test_a_messy_table_is_told_all_of_its_faults_at_once(fit):
    frame = MESSY.drop(columns="huge")
    with pytest.raises(ValueError, match=r"^X must be a table of finite numbers:") as error:
        fit(frame)
    lines = str(error.value).splitlines()[1:]
    fine = {"huge"} if fit is check_X else {"huge"} | HOLES
    for line, label in zip(lines, [label for label in SAID if label not in fine], strict=True):
        assert re.search(SAID[label], line), line


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("label", SAID)
def test_one_faulty_column_is_one_line(label):
    with pytest.raises(ValueError, match=SAID[label] if label != "same" else "'same' is constant"):
        (check_X if label in HOLES else GMM(2).fit)(MESSY[["height", label]])


def test_the_remedies_work():
    frame = pd.concat([MESSY] * 3, ignore_index=True)
    X = frame[["city", "born", "took", "price", "height"]]
    X = pd.get_dummies(X, columns=["city"], drop_first=True, dtype=float)
    X["born"] = (X["born"] - X["born"].min()).dt.days
    X["took"] = X["took"].dt.total_seconds() ** 2
    X["price"] = pd.to_numeric(X["price"], errors="coerce")
    assert GMM(1, covariance_type="diag").fit(X.dropna()).converged_


def test_of_many_faults_the_first_ten_are_listed():
    bad = np.where(np.eye(30) > 0, np.inf, np.ones(30))
    with pytest.raises(ValueError, match=r"X\[9, 9\] is inf.*\n  and 20 more$") as error:
        GMM(2).fit(bad)
    assert len(str(error.value).splitlines()) == 12


@pytest.mark.parametrize("kind", [list, tuple, np.array, partial(np.array, dtype=object)])
def test_lists_and_object_arrays_have_numbers_for_columns(kind):
    with pytest.raises(ValueError, match=r"column 1 holds text \(X\[0, 1\] is 'a'"):
        GMM(2).fit(kind([[1, "a"], [2, "b"], [3, "a"]]))
    with pytest.raises(ValueError, match=r"column 0 holds NaN \(X\[2, 0\] is (None|nan)\)"):
        check_X([[1.0, 2], [3, 4], [None, 5]])


def test_booleans_are_numbers_and_codes_that_are_text_are_not():
    assert GMM(1).fit(MESSY[["height", "member"]]).means_[0, 1] == pytest.approx(4 / 6)


@pytest.mark.filterwarnings("ignore::numpy_ml_gmm.CollapseWarning")
def test_a_prediction_names_columns_too_and_takes_constant_ones():
    frame = MESSY[["height", "age"]]
    model = GMM(2, random_state=0).fit(frame.dropna())
    with pytest.raises(ValueError, match=r"column 'age' holds infinity \(row 1 is inf"):
        model.predict(frame.assign(height=1.0).fillna(np.inf))
    assert model.predict(frame.dropna().assign(height=1.0)).shape == (4,)


def test_polars_frames_are_told_their_columns():
    polars = pytest.importorskip("polars")
    whole = polars.DataFrame({"a": X[:, 0], "b": X[:, 1]})
    fit = GMM(2, random_state=0).fit(whole)
    assert fit.feature_names_in_.tolist() == ["a", "b"]
    assert (fit.predict(whole) == GMM(2, random_state=0).fit_predict(X)).all()
    assert select(whole, [2], "VVV").best.feature_names_in_.tolist() == ["a", "b"]
    holes = polars.DataFrame({"a": [1.0, None, 3.0], "b": [1, 2, 3], "c": [np.nan, 1.0, 2.0]})
    with pytest.raises(ValueError, match=r"column 'a' holds NaN[^;]*;\n.*column 'c' holds NaN"):
        check_X(holes)
    for kind, words in (("datetime64[D]", "dates"), ("timedelta64[ms]", "lengths of time")):
        times = polars.DataFrame({"b": [1.0, 2.0, 3.0], "t": np.array([0, 5, 1]).astype(kind)})
        with pytest.raises(ValueError, match=f"column 't' holds {words}"):
            GMM(2).fit(times)
    with pytest.raises(ValueError, match="column 'b' holds text"):
        GMM(2).fit(polars.DataFrame({"a": [1.0, 2.0, 3.0], "b": ["x", "y", "x"]}))


# ---- Columns that look like an id ----------------------------------------------------------------

SETS = ("iris", "wine", "digits", "breast_cancer", "diabetes", "linnerud")


@pytest.mark.parametrize("first, step", [(0, 1), (1, 1), (1000, 7), (-5, 2)])
@pytest.mark.parametrize("dtype", [int, float, np.float32])
def test_a_column_that_counts_up_is_asked_after(first, step, dtype):
    frame = pd.DataFrame(load_iris().X.astype(dtype), columns=list("abcd"))
    frame.insert(0, "id", np.arange(first, first + 150 * step, step).astype(dtype))
    last = first + 149 * step
    message = f"column '?(id|0)'? counts up from {first} to {last} in whole numbers: is it an id"
    for data in (frame, frame.to_numpy()):
        for use in (GMM(1, n_init=1).fit, GMM(1).fit_predict, partial(select, n_components=1)):
            with pytest.warns(DataWarning, match=message) as caught:
                use(data)
            assert caught[0].filename == __file__


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", SETS)
def test_no_feature_of_known_data_is_taken_for_an_id(name):
    data = getattr(sklearn.datasets, f"load_{name}")()
    X = data.data[:, data.data.std(axis=0) > 0]
    GMM(1, covariance_type="diag").fit(X)
    GMM(1, covariance_type="diag").fit(X[np.argsort(X[:, 0])])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "column",
    [
        np.sort(np.random.default_rng(0).normal(size=60)),  # a measurement that is sorted
        np.arange(60) / 10,  # not whole
        np.r_[np.arange(59), 58],  # one twice
        np.r_[np.arange(59), 7],  # not rising
        np.arange(60) // 2,
        np.random.default_rng(0).permutation(60),
    ],
)
def test_what_does_not_count_up_is_no_id(column):
    GMM(1, covariance_type="diag").fit(np.column_stack([column, X]))


@pytest.mark.filterwarnings("error")
def test_few_rows_and_a_single_column_may_count_up():
    GMM(1, covariance_type="diag").fit(np.column_stack([np.arange(20), X[:20]]))
    GMM(1).fit(np.arange(50.0)[:, None])
    GMM(2, random_state=0).fit(load_old_faithful().X)


# ---- Parameters set by hand ---------------------------------------------------------------------


@pytest.mark.parametrize("names", [("weights_", "means_", "covariances_"), ("means_",)])
def test_parameters_set_by_hand_are_sent_to_from_parameters(names):
    model = GMM(2)
    values = {"weights_": [0.5, 0.5], "means_": np.eye(2), "covariances_": [np.eye(2)] * 2}
    for name in names:
        setattr(model, name, np.array(values[name]))
    uses = [partial(getattr(model, use), X) for use in ("predict", "score", "bic", "e_step")]
    for use in [*uses, model.sample, model.n_parameters, lambda: model.theta]:
        with pytest.raises(ValueError, match=r"by hand, use GMM\.from_parameters"):
            use()
    assert model.fit(X).predict(X).shape == (60,)


def test_parameters_of_a_fitted_model_may_be_replaced_by_lists():
    model = GMM(2, random_state=0).fit(X)
    labels = model.predict(X)
    model.weights_, model.means_ = model.weights_.tolist(), model.means_.tolist()
    assert (model.predict(X) == labels).all() and model.n_parameters() == 11


def test_labels_go_to_priors_and_y_is_ignored():
    z = np.full(60, -1)
    z[:2] = [0, 1]
    plain = GMM(2, random_state=0).fit(X)
    assert (GMM(2, random_state=0).fit(X, z).means_ == plain.means_).all()
    assert GMM(2, random_state=0).fit(X, priors=z).predict(X, priors=z)[0] == 0
    assert "labels" in GMM.fit.__doc__.lower().split("y : ignored")[1][:200]


@pytest.mark.parametrize(
    "method",
    [
        "predict",
        "predict_proba",
        "score",
        "score_samples",
        "bic",
        "aic",
        "icl",
        "log_joint",
        "log_likelihood",
        "e_step",
    ],
)
def test_methods_say_that_a_fit_is_missing_or_features_are_wrong(method):
    with pytest.raises(ValueError, match="not fitted yet: call fit"):
        getattr(GMM(), method)(X)
    with pytest.raises(ValueError, match="3 features, but GMM is expecting 2"):
        getattr(GMM(2, random_state=0).fit(X), method)(np.ones((4, 3)))


CHANGES = [
    ("full", {"covariance_type": "diag"}, "'full', but now it is 'diag'"),
    ("diag", {"covariance_type": "full"}, "'diag', but now it is 'full'"),
    ("full", {"n_components": 3}, r"means_ has shape \(2, 2\), but n_components=3"),
    ("tied", {"covariance_type": "diag"}, "'tied', but now it is 'diag'"),
    ("diag", {"covariance_type": "EEE"}, "'diag', but now it is 'EEE'"),
]


@pytest.mark.parametrize("name, change, message", CHANGES)
def test_a_model_that_its_arguments_no_longer_fit_says_so(name, change, message):
    model = GMM(2, covariance_type=name, random_state=0).fit(X).set_params(**change)
    uses = [partial(getattr(model, use), X) for use in ("predict", "bic", "e_step", "score")]
    for use in [*uses, model.n_parameters, model.sample]:
        with pytest.raises(ValueError, match=f"{message}.*fit again"):
            use()
    with pytest.raises(ValueError, match=f"{message}.*without warm_start"):
        model.set_params(warm_start=True).fit(X)
    assert model.set_params(warm_start=False).fit(X).predict(X).shape == (60,)


def test_names_of_one_covariance_model_and_models_of_one_shape_are_no_change():
    model = GMM(2, random_state=0).fit(X)
    labels = model.predict(X)
    for name in ("VVV", "VVE"):
        assert (model.set_params(covariance_type=name).predict(X) == labels).all()


def test_the_number_of_parameters_needs_a_fit():
    with pytest.raises(ValueError, match="not fitted yet: call fit"):
        GMM(2).n_parameters()


def test_an_m_step_takes_what_an_e_step_of_its_own_model_gives():
    model = GMM(2, random_state=0).fit(X)
    before = dict(vars(model))
    three = np.column_stack([X, X[:, 0] ** 2])
    others = (
        GMM(3, random_state=0).fit(X).e_step(X),
        GMM(2, random_state=0).fit(three).e_step(three),
        GMM(2, covariance_type="diag", random_state=0).fit(X).e_step(X),
    )
    for statistics in others:
        with pytest.raises(ValueError, match="statistics are of another model"):
            model.m_step(statistics)
    with pytest.raises(TypeError, match="statistics is a ndarray: pass what e_step returns"):
        model.m_step(X)
    assert all(vars(model)[name] is before[name] for name in before)


def test_steps_that_cannot_begin_leave_no_trace():
    model = GMM(2, init_params="nowhere")
    with pytest.raises(ValueError, match="init_params"):
        next(model.iterate(X))
    assert vars(model) == vars(GMM(2, init_params="nowhere"))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype, unit", [(np.float32, 1e-30), (np.float64, 1e-160)])
def test_a_spread_too_small_to_square_is_named(dtype, unit):
    with pytest.raises(ValueError, match=rf"columns 0 and 1: a spread .*{np.dtype(dtype)}: change"):
        GMM(2).fit((X * unit).astype(dtype))


@pytest.mark.filterwarnings("error")
def test_ward_s_tree_has_a_branch_for_every_component():
    points = np.random.default_rng(0).normal(size=(5000, 1))
    guess = hierarchical(points, 2100, None, np.ones(5000))
    assert guess.sum(axis=0).min() >= 1


def test_the_error_is_ours_where_scikit_learn_is_not_used():
    code = (
        "import numpy_ml_gmm as g\n"
        "try: g.GMM().predict([[1.0]])\n"
        "except g.NotFittedError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "GMM.from_parameters" in run.stdout


def test_sample_checks_its_argument():
    with pytest.raises(ValueError, match="not fitted"):
        GMM().sample()
    model = GMM(2, random_state=0).fit(X)
    for bad in (0, -1):
        with pytest.raises(ValueError, match="n_samples"):
            model.sample(bad)


def test_labels_and_responsibilities_of_the_teaching_methods_are_checked():
    model = GMM(2, random_state=0).fit(X)
    half = np.full(60, 0.5)
    for z in (np.full(60, 2), np.zeros(59), half, np.full(60, -1), ["a"] * 60, None, 3.0):
        with pytest.raises(ValueError, match="z "):
            model.complete_log_likelihood(X, z)
    for q in (np.ones((60, 2)), np.ones((60, 3)) / 3, -np.ones((60, 2)), half, None, 3.0, "ab"):
        for method in (model.q_function, model.elbo, model.kl):
            with pytest.raises(ValueError, match=r"[rq] (has|must|holds)"):
                method(X, q)


def test_the_value_and_the_row_out_of_range_are_named():
    z, q = np.zeros(60), np.full((60, 2), 0.5)
    z[7], q[9, 1] = 2, 0.6
    with pytest.raises(ValueError, match=r"z must .* from 0 to 1.*: z\[7\] is 2\.0"):
        GMM(2, random_state=0).fit(X).complete_log_likelihood(X, z)
    with pytest.raises(ValueError, match=r"init_params must .*: init_params\[9\] sums to 1\.1"):
        GMM(2, init_params=q).fit(X)


@pytest.mark.parametrize("q", [[[-1, 2]], [[0.5, 0.6]], [[np.nan, 1]], [[np.inf, 1]], "ab", None])
@pytest.mark.filterwarnings("error")
def test_entropy_is_of_probabilities(q):
    with pytest.raises(ValueError, match=r"q (must hold|holds)"):
        GMM.entropy(q)


BAD_PARAMETERS = [
    ([0.5, 0.6], [[0.0], [1.0]], [[[1.0]], [[1.0]]], "weights"),
    ([0.5, 0.5], [0.0, 1.0], [[[1.0]], [[1.0]]], "means"),
    ([1.0], [[1e200]], [[[1.0]]], r"means\[0, 0\] is 1e\+200"),
    ([0.5, 0.5], [[0.0], [1.0]], [[[1.0]], [[-1.0]]], "component 1"),
    ([0.5, 0.5], [[0.0], [1.0]], [1.0, 1.0], "covariances"),
]


@pytest.mark.parametrize("weights, means, covariances, message", BAD_PARAMETERS)
def test_parameters_that_make_no_mixture(weights, means, covariances, message):
    with pytest.raises(ValueError, match=message):
        GMM.from_parameters(weights, means, covariances)


def test_stopping_early_is_a_warning_unless_it_was_asked_for():
    with pytest.warns(ConvergenceWarning, match="max_iter=2"):
        GMM(3, max_iter=2, random_state=0).fit(load_iris().X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not GMM(3, max_iter=2, tol=0, random_state=0).fit(load_iris().X).converged_


@pytest.mark.filterwarnings("ignore::numpy_ml_gmm.CollapseWarning")
def test_no_numpy_warning_reaches_the_user():
    with np.errstate(divide="raise", over="raise", invalid="raise"):
        z = np.zeros((60, 2))
        z[:, 0] = 1
        z[:3] = 0.5
        far = np.vstack([X, [[1e9, -1e9]]])
        for name in ("full", "diag", "tied", "spherical"):
            GMM(2, covariance_type=name, random_state=0).fit(X, priors=z).predict_proba(far)
            GMM(2, covariance_type=name, random_state=0).fit(X.astype(np.float32)).bic(X)


@pytest.mark.parametrize("name", ["full", "diag", "tied", "spherical", "VVE"])
@pytest.mark.parametrize(
    "dtype, unit, far",
    [
        (np.float64, 1e-6, [[1e150, 1e150], [1e120, -1e110], [1e60, 0.0]]),
        (np.float64, 1.0, [[1e150, -1e150], [3e5, 1e5]]),
        (np.float32, 1e-6, [[1e16, -1e16], [1e13, 1.0], [1e2, 0.0]]),
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_point_at_any_distance_has_a_density_and_responsibilities(name, dtype, unit, far):
    model = GMM(2, covariance_type=name, random_state=0).fit((X * unit).astype(dtype))
    far = np.array(far, dtype)
    density, r = model.score_samples(far), model.predict_proba(far)
    assert (np.isfinite(density) & (density < -1e6)).all() and (np.diff(density) >= 0).all()
    np.testing.assert_allclose(r.sum(axis=1), 1)
    assert np.isfinite(model.e_step(far).log_likelihood)


@pytest.mark.filterwarnings("error")
def test_a_point_far_from_a_narrow_mixture_has_a_density():
    narrow = GMM.from_parameters([1.0], [[0.0, 0.0]], [1e-310 * np.eye(2)])
    assert np.isfinite(narrow.score(np.ones((1, 2))))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("unit, shift", [(1e100, 0), (1e-60, 0), (1.0, 1e9)])
def test_single_precision_is_left_where_it_cannot_see_the_model(unit, shift):
    model = GMM(2, random_state=0).fit(X * unit + shift)
    single = X.astype(np.float32)
    density = model.score_samples(single)
    np.testing.assert_array_equal(density, model.score_samples(single.astype(np.float64)))
    assert np.isfinite(density).all()


@pytest.mark.filterwarnings("error")
def test_a_far_point_belongs_to_the_component_that_is_nearest_in_its_own_units():
    pair = GMM.from_parameters([0.5, 0.5], [[0.0], [5.0]], [[[1.0]], [[4.0]]])
    np.testing.assert_array_equal(pair.predict_proba([[-1e140], [1e140]]), [[0, 1], [0, 1]])
