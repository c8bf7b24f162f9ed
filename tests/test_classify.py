"""Discriminant analysis: R's mclust, scikit-learn's special cases, Bayes' rule by hand."""

import json
import math
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from problems import log_densities, log_likelihood, parameters, with_holes
from scipy.special import logsumexp, softmax
from scipy.stats import multivariate_normal
from sklearn.base import clone, is_classifier
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import accuracy_score, brier_score_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from numpy_ml_gmm import (
    GMM,
    CollapseWarning,
    GMMClassifier,
    NotFittedError,
    load_iris,
    select,
)
from numpy_ml_gmm.classify import brier_score
from numpy_ml_gmm.covariances import MODELS

nan, inf = np.nan, np.inf
DATA = Path(__file__).with_name("data")
MCLUST = json.loads((DATA / "mclust_da.json").read_text())  # made by tests/make_mclust_da.R
X, y = load_iris().X, load_iris().target
BANKNOTES = np.loadtxt(DATA / "banknote.csv", delimiter=",", skiprows=5, usecols=range(1, 7))
STATUS = np.loadtxt(DATA / "banknote.csv", delimiter=",", skiprows=5, usecols=0, dtype=str)
SETS = {"banknote": (BANKNOTES, STATUS), "iris": (X, y)}


# ---- R's mclust ----------------------------------------------------------------------------------


@pytest.mark.equation("class-log-likelihood")
@pytest.mark.parametrize("letters", MODELS)
@pytest.mark.parametrize("name", SETS)
def test_one_gaussian_a_class_is_mclusts_edda(name, letters):
    """With EVE and VVE mclust runs until it stands still; they have several minima.

    Before version 6.1.1 mclust did not count the proportions of the classes.
    """
    theirs = MCLUST[name]["EDDA"][letters]
    ours = GMMClassifier(covariance_type=letters, var_smoothing=0).fit(*SETS[name])
    C = len(ours.classes_)
    assert ours.n_parameters_ == theirs["n_parameters"] + C - 1
    log_N = math.log(len(SETS[name][0]))
    assert ours.bic_ == pytest.approx(-2 * ours.log_likelihood_ + ours.n_parameters_ * log_N)
    if letters == "VVE":  # ours is at a better place: see the next test
        return
    assert ours.log_likelihood_ == pytest.approx(theirs["log_likelihood"], abs=0.001)
    assert round(len(SETS[name][0]) * (1 - ours.score(*SETS[name]))) == theirs["errors"]
    posterior = ours.predict_proba(SETS[name][0])[::7]
    np.testing.assert_allclose(posterior, theirs["posterior"], atol=2e-4)


@pytest.mark.parametrize(
    ("name", "letters", "joint", "marginal"),
    [
        ("banknote", "EVE", -759.531925708, -756.939852883),  # as mclust itself stops
        ("banknote", "EVE", -759.531616934, -756.960981976),  # with tol=1e-15 for its M step
        ("banknote", "VVE", -758.979391849, -755.953963449),
        ("iris", "VVE", -221.455895624, -215.34430485),
    ],
)
def test_what_is_maximised_is_the_joint_and_no_lower_than_mclusts(name, letters, joint, marginal):
    """From R: the densities of predict(MclustDA(...)), at the class of each point and summed."""
    points, classes = SETS[name]
    ours = GMMClassifier(covariance_type=letters, var_smoothing=0).fit(points, classes)
    z = np.searchsorted(ours.classes_, classes)
    assert ours.log_joint(points)[np.arange(len(z)), z].sum() > joint - 1e-6
    assert ours.log_likelihood_ == pytest.approx(marginal, abs=0.5 if letters == "VVE" else 0.03)


@pytest.mark.parametrize(
    ("name", "letters", "value"), [("banknote", "EVE", -756.94), ("iris", "VEV", -187.71)]
)
def test_bic_chooses_the_model_of_all_classes_as_mclust_does(name, letters, value):
    model = GMMClassifier(var_smoothing=0).fit(*SETS[name])
    assert set(model.covariance_types_) == {letters} == set(MCLUST[name]["chosen"]["models"])
    assert model.log_likelihood_ == pytest.approx(value, abs=0.03)
    assert value == pytest.approx(MCLUST[name]["chosen"]["log_likelihood"], abs=0.005)
    each = [GMMClassifier(covariance_type=t, var_smoothing=0).fit(*SETS[name]).bic_ for t in MODELS]
    assert model.bic_ == pytest.approx(min(each), abs=1e-5)


@pytest.mark.parametrize(
    ("name", "Ks", "types", "value"),
    [
        (
            "banknote",
            {"counterfeit": 2, "genuine": 1},
            {"counterfeit": "EVE", "genuine": "VVV"},
            -646.08,
        ),
        ("iris", {0: 2, 1: 1, 2: 1}, {0: "EEE", 1: "VVV", 2: "VVV"}, -172.81),
    ],
)
def test_a_mixture_for_each_class_is_mclusts(name, Ks, types, value):
    theirs = MCLUST[name]["MclustDA"]
    points, classes = SETS[name]
    settings = dict(n_components=Ks, covariance_type=types, var_smoothing=0)
    ours = GMMClassifier("MclustDA", **settings).fit(points, classes)
    assert ours.n_components_ == theirs["n_components"]
    assert ours.n_parameters_ == theirs["n_parameters"] + len(Ks) - 1
    assert ours.log_likelihood_ == pytest.approx(theirs["log_likelihood"], abs=0.01)
    assert ours.log_likelihood_ == pytest.approx(value, abs=0.01)
    assert round(len(classes) * (1 - ours.score(points, classes))) == theirs["errors"]
    np.testing.assert_allclose(ours.predict_proba(points)[::7], theirs["posterior"], atol=2e-3)


# -sum(sapply(MclustDA(...)$models, function(m) max(m$BIC))): of the mixtures of all classes
THEIR_BICS = {"banknote": 1318.9078649847, "iris": 210.81811087516}


@pytest.mark.parametrize("name", SETS)
def test_bic_finds_mixtures_for_each_class_no_worse_than_mclusts(name):
    theirs, (points, classes) = MCLUST[name]["MclustDA"], SETS[name]
    ours = GMMClassifier("MclustDA", var_smoothing=0).fit(points, classes)
    z = np.searchsorted(ours.classes_, classes)
    best = [select(points[z == c], range(1, 6), var_smoothing=0).best for c in range(z.max() + 1)]
    assert ours.covariance_types_ == [model.covariance_type for model in best]
    assert ours.n_components_ == [model.n_components for model in best]
    assert ours.n_parameters_ == sum(model.n_parameters() for model in best) + z.max()
    assert sum(m.bic(points[z == c]) for c, m in enumerate(best)) < THEIR_BICS[name] + 0.01
    tau = np.bincount(z) / len(z)
    joint = np.column_stack([m.score_samples(points) for m in best]) + np.log(tau)
    np.testing.assert_allclose(ours.log_joint(points), joint, rtol=1e-9)
    assert ours.score(points, classes) >= 1 - theirs["errors"] / len(points)


# ---- Bayes' rule ---------------------------------------------------------------------------------


def classes_by_hand(points, z, tau, covariance):
    """log tau_c N(x | mean_c, covariance_c), the moments by NumPy, (N, C)."""
    columns = [
        np.log(tau[c])
        + multivariate_normal.logpdf(points, points[z == c].mean(axis=0), covariance(c))
        for c in range(len(tau))
    ]
    return np.column_stack(columns)


@pytest.mark.equation("class-joint", "class-posterior")
@pytest.mark.parametrize("priors", [None, (0.2, 0.5, 0.3)])
def test_full_covariances_are_quadratic_discriminant_analysis(priors):
    tau = np.full(3, 1 / 3) if priors is None else np.array(priors)
    wanted = classes_by_hand(X, y, tau, lambda c: np.cov(X[y == c].T, ddof=0))
    model = GMMClassifier(covariance_type="VVV", priors=priors, var_smoothing=0).fit(X, y)
    np.testing.assert_allclose(model.log_joint(X), wanted, rtol=1e-9)
    np.testing.assert_allclose(model.predict_proba(X), softmax(wanted, axis=1), atol=1e-9)
    log_proba = wanted - logsumexp(wanted, axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_log_proba(X), log_proba, rtol=1e-8, atol=1e-9)
    np.testing.assert_array_equal(model.predict(X), wanted.argmax(axis=1))
    assert model.log_likelihood_ == pytest.approx(logsumexp(wanted, axis=1).sum())
    assert model.n_parameters_ == 3 * (4 + 10) + (2 if priors is None else 0)


@pytest.mark.equation("linear-discriminant")
def test_one_covariance_is_linear_discriminant_analysis():
    model = GMMClassifier(covariance_type="EEE", var_smoothing=0).fit(X, y)
    theirs = LinearDiscriminantAnalysis(solver="lsqr").fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X), theirs.predict_proba(X), atol=1e-9)
    mu = model.means_
    within = sum(np.cov(X[y == c].T, ddof=0) for c in range(3)) / 3
    P = np.linalg.inv(within)
    w = (mu[1] - mu[0]) @ P
    b = np.log(model.priors_[1] / model.priors_[0]) - w @ (mu[0] + mu[1]) / 2
    joint = model.log_joint(X)
    np.testing.assert_allclose(joint[:, 1] - joint[:, 0], X @ w + b, rtol=1e-8)


def test_diagonal_covariances_are_naive_bayes():
    w = np.random.default_rng(0).uniform(size=len(X))
    model = GMMClassifier(covariance_type="VVI", var_smoothing=0).fit(X, y, w)
    theirs = GaussianNB(var_smoothing=0).fit(X, y, w)
    np.testing.assert_allclose(model.predict_proba(X), theirs.predict_proba(X), atol=1e-9)
    np.testing.assert_allclose(model.priors_, theirs.class_prior_)
    assert model.mixture_.covariance_type == "diag"


@pytest.mark.parametrize("model", ["EDDA", "MclustDA"])
def test_the_likelihood_is_that_of_the_mixture_of_all_components(model):
    ours = GMMClassifier(model, covariance_type=["VEV", "VVI"], n_components=[1, 2]).fit(X, y)
    assert ours.log_likelihood_ == pytest.approx(log_likelihood(X, *parameters(ours.mixture_)))
    assert len(ours.weights_) == sum(ours.n_components_)
    assert ours.weights_.sum() == pytest.approx(1)


def test_a_diagonal_and_a_full_mixture_live_in_one():
    types = {0: "VVI", 1: "VVV", 2: "EII"}
    model = GMMClassifier("MclustDA", n_components=[1, 2], covariance_type=types).fit(X, y)
    assert model.covariance_types_ == list(types.values())
    for c in range(3):
        alone = select(X[y == c], [1, 2], types[c]).best
        np.testing.assert_allclose(
            model.log_joint(X)[:, c] - np.log(1 / 3), alone.score_samples(X), rtol=1e-9
        )


# ---- Weights, holes, classes ---------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"model": "MclustDA", "n_components": 1}])
def test_a_weight_is_so_many_rows(settings):
    w = np.random.default_rng(0).integers(0, 4, size=len(X))
    model = GMMClassifier(**settings, covariance_type=("VEV", "VVI"))
    weighted = clone(model).fit(X, y, w)
    repeated = clone(model).fit(np.repeat(X, w, axis=0), np.repeat(y, w))
    np.testing.assert_allclose(weighted.log_joint(X), repeated.log_joint(X), rtol=1e-5)
    assert weighted.bic_ == pytest.approx(repeated.bic_, rel=1e-7)
    share = repeated.score(np.repeat(X, w, axis=0), np.repeat(y, w))
    assert weighted.score(X, y, w) == pytest.approx(share)


@pytest.mark.parametrize("model", ["EDDA", "MclustDA"])
def test_a_class_without_weight_is_absent(model):
    settings = dict(covariance_type=["EEE", "VVI"], n_components=1)
    absent = GMMClassifier(model, **settings).fit(X, y, sample_weight=1.0 * (y > 0))
    without = GMMClassifier(model, **settings).fit(X[y > 0], y[y > 0])
    assert absent.classes_.tolist() == [1, 2]
    np.testing.assert_allclose(absent.log_joint(X), without.log_joint(X), rtol=1e-9)


@pytest.mark.parametrize("covariance_type", ["VVV", "EEE", "VVI", ("EEE", "VVV", "EII")])
def test_rows_with_holes_count_with_what_they_have(covariance_type):
    holes = with_holes(X, 0.2)
    model = GMMClassifier(covariance_type=covariance_type).fit(holes, y)
    mixture = GMM(3, covariance_type=model.covariance_types_[0], init_params=y)
    mixture.set_params(n_init=1, tol=1e-9).fit(holes, priors=y)
    np.testing.assert_allclose(model.means_, mixture.means_, rtol=1e-3)
    assert model.log_likelihood_ == pytest.approx(mixture.log_likelihood(holes), abs=0.01)
    theta = parameters(model.mixture_)
    for row, joint in zip(holes[:40], model.log_joint(holes), strict=False):
        o = np.flatnonzero(~np.isnan(row))
        pi, mu, Sigma = theta[0], theta[1][:, o], theta[2][:, o[:, None], o]
        by_hand = np.log(pi) + (log_densities(row[None, o], mu, Sigma)[0] if len(o) else 0)
        np.testing.assert_allclose(joint, by_hand, rtol=1e-8)
    assert model.score(holes, y) > 0.85


def test_each_class_alone_may_have_holes():
    holes = with_holes(X, 0.1)
    model = GMMClassifier("MclustDA", n_components=[1, 2], covariance_type=["EEE", "VVI"])
    assert model.fit(holes, y).score(holes, y) > 0.9


@pytest.mark.parametrize(
    "labels",
    [
        y - 1,
        y.astype(float),
        y > 0,
        np.array(["setosa", "versicolor", "virginica"])[y],
        np.array(["setosa", "versicolor", "virginica"], dtype=object)[y],
        pd.Series(y).map({0: "a", 1: "b", 2: "c"}).astype("category"),
        y.tolist(),
    ],
)
def test_classes_have_any_names(labels):
    model = GMMClassifier(covariance_type="VVV").fit(X, labels)
    assert model.score(X, labels) > 0.9
    assert set(model.predict(X)) <= set(np.asarray(labels).tolist())
    assert model.classes_.tolist() == sorted(set(np.asarray(labels).tolist()))


def test_a_class_known_from_one_point_is_described_by_the_others_covariance():
    few, one = np.vstack([X[:50], [[9.0] * 4]]), np.append(y[:50], 1)
    model = GMMClassifier(covariance_type="EEE").fit(few, one)
    assert model.predict([[9.0] * 4, X[0]]).tolist() == [1, 0]
    several = GMMClassifier(covariance_type=["VVV", "VVI", "EEI"]).fit(few, one)
    assert set(several.covariance_types_) == {"EEI"}  # the others collapse and are left out
    with pytest.warns(CollapseWarning, match="component 1 has collapsed"):
        GMMClassifier(covariance_type="VVV").fit(few, one)


def test_single_precision_stays():
    model = GMMClassifier(covariance_type=["EEE", "VVV"]).fit(X.astype(np.float32), y)
    assert model.predict_proba(X.astype(np.float32)).dtype == model.means_.dtype == np.float32
    assert model.score(X, y) > 0.95


# ---- scikit-learn's contract ---------------------------------------------------------------------

ALONE = "a class whose column is constant, or that is a single point, has no mixture of its own"
XFAIL = dict.fromkeys(
    (
        "check_sample_weights_shape",
        "check_sample_weights_not_overwritten",
        "check_sample_weight_equivalence_on_dense_data",
    ),
    ALONE,
)


@pytest.mark.filterwarnings("ignore:Estimator GMMClassifier does not inherit:UserWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.filterwarnings("ignore::numpy_ml_gmm.DataWarning")
@pytest.mark.filterwarnings("ignore::numpy_ml_gmm.CollapseWarning")
@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (GMMClassifier(), {}),
        (GMMClassifier(covariance_type="full"), {}),
        (GMMClassifier(covariance_type="tied"), {}),
        (GMMClassifier("MclustDA", n_components=(1, 2), covariance_type=("EII", "VVI")), XFAIL),
    ],
    ids=repr,
)
def test_scikit_learns_own_checks_find_nothing(model, expected):
    results = check_estimator(model, on_fail=None, expected_failed_checks=expected)
    assert sum(result["status"] == "passed" for result in results) > 55
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert not failed
    alone = [str(r["exception"]) for r in results if r["status"] == "xfail"]
    assert all("alone: column" in reason and "model='EDDA'" in reason for reason in alone)


def test_it_works_where_scikit_learn_expects_a_classifier():
    assert is_classifier(GMMClassifier())
    model = clone(GMMClassifier("MclustDA", n_components={0: 1, 1: [1, 2], 2: 1}))
    assert model.get_params()["n_components"] == {0: 1, 1: [1, 2], 2: 1}
    search = GridSearchCV(GMMClassifier(), {"covariance_type": ["EII", "EEE"]}, cv=3)
    assert search.fit(X, y).best_params_ == {"covariance_type": "EEE"}
    scaled = make_pipeline(StandardScaler(), GMMClassifier(covariance_type="full")).fit(X, y)
    plain = GMMClassifier(covariance_type="full").fit(X, y)
    np.testing.assert_allclose(scaled.predict_proba(X), plain.predict_proba(X), atol=1e-3)
    assert cross_val_score(GMMClassifier(covariance_type="EEE"), X, y, cv=5).mean() > 0.97
    w = np.random.default_rng(0).uniform(size=len(X))
    assert plain.score(X, y, w) == pytest.approx(
        accuracy_score(y, plain.predict(X), sample_weight=w)
    )


def test_frames_and_their_names():
    frame, names = pd.DataFrame(X, columns=load_iris().feature_names), pd.Series(list("abc"))[y]
    model = GMMClassifier(covariance_type="VEV").fit(frame, names)
    assert list(model.feature_names_in_) == list(frame.columns)
    assert set(model.predict(frame)) == set("abc")
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[frame.columns[::-1]])
    with pytest.raises(ValueError, match="class 'b' alone: column 'same' is constant"):
        GMMClassifier("MclustDA").fit(frame.assign(same=np.where(y == 1, 0, y + X[:, 0])), names)
    with pytest.raises(ValueError, match="column 'same' is constant"):
        GMMClassifier().fit(frame.assign(same=1), names)


@pytest.mark.parametrize("model", ["EDDA", "MclustDA"])
def test_a_saved_classifier_comes_back_whole(tmp_path, model):
    frame, names = pd.DataFrame(X, columns=load_iris().feature_names), np.array(list("abc"))[y]
    ours = GMMClassifier(model, n_components=2, covariance_type=["VEV", "VVI"]).fit(frame, names)
    ours.save(tmp_path / "model.npz")
    for loaded in (GMMClassifier.load(tmp_path / "model.npz"), pickle.loads(pickle.dumps(ours))):
        assert vars(loaded).keys() == vars(ours).keys()
        np.testing.assert_array_equal(loaded.predict_proba(frame), ours.predict_proba(frame))
        np.testing.assert_array_equal(loaded.predict(X), ours.predict(X))
        assert loaded.n_components_ == ours.n_components_ and loaded.bic_ == ours.bic_
    for new in (GMMClassifier(), GMMClassifier(n_components=3, covariance_type=("EII", "VVV"))):
        new.save(tmp_path / "model.npz")
        assert vars(GMMClassifier.load(tmp_path / "model.npz")) == vars(new)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("n_components_", [1, 1], r"n_components_=\[1, 1\] does not fit 3 components"),
        ("n_components_", [1, 2], "classes_ must have 2 entries"),
        ("n_components_", [0, 1, 2], "n_components_=0"),
        ("priors_", np.ones(3), "priors_ = .* sum to 1"),
        ("priors_", np.ones(2) / 2, "priors_ must have 3 entries"),
        ("classes_", np.arange(4), "classes_ must have 3 entries"),
        ("covariance_types_", ["VVV", "VVV", "XXX"], "'XXX' is not known"),
        ("covariance_types_", ["VVV"], "covariance_types_ must have 3 entries"),
        ("means_", np.ones((3, 2)), "means_ has shape"),
        ("covariances_", -np.ones((3, 4, 4)), "not symmetric positive definite"),
        ("feature_names_in_", np.array(["u"]), "feature_names_in_ has shape"),
        ("log_likelihood_", "much", "log_likelihood_='much' must be a number"),
        ("model", "LDA", "model='LDA' is not known"),
        ("n_jobs", 0, "n_jobs=0"),
        ("var_smoothing", -1, "var_smoothing=-1"),
        ("note", "mine", "note cannot be saved"),
    ],
)
def test_what_does_not_fit_together_is_not_saved(tmp_path, name, value, message):
    model = GMMClassifier(covariance_type="VVV").fit(X, y)
    setattr(model, name, value)
    with pytest.raises((TypeError, ValueError), match=message):
        model.save(tmp_path / "model.npz")
    assert not list(tmp_path.iterdir())


def test_a_result_that_is_missing_is_told_of(tmp_path):
    model = GMMClassifier(covariance_type="VVV").fit(X, y)
    del model.classes_, model.bic_
    with pytest.raises(ValueError, match="means_ is there, but not bic_, classes_: fit again"):
        model.save(tmp_path / "model.npz")
    GMM(2, random_state=0).fit(X).save(tmp_path / "mixture.npz")
    with pytest.raises(ValueError, match="holds GMM, expected GMMClassifier"):
        GMMClassifier.load(tmp_path / "mixture.npz")


# ---- What cannot be ------------------------------------------------------------------------------

BAD_FITS = {
    "no y": ((X, None), {}, "requires y.*use GMM"),
    "short y": ((X, y[:-1]), {}, r"y has shape \(149,\), expected \(150,\)"),
    "two columns": ((X, np.column_stack([y, y])), {}, r"y has shape \(150, 2\)"),
    "numbers": ((X, X[:, 0]), {}, r"label type: continuous. y\[0\] is 5.1.*use GMMRegressor"),
    "nan in y": ((X, np.where(y == 1, nan, y)), {}, r"label type: missing. y\[50\] is nan"),
    "infinity in y": ((X, np.where(y == 1, inf, y)), {}, r"y\[50\] is inf"),
    "None in y": ((X, [None, *"ab" * 74, "a"]), {}, "y holds NoneType, str: give each row a class"),
    "kinds of labels": ((X, np.array([1, "a"] * 75, dtype=object)), {}, "y holds int, str"),
    "a column of nan": ((X * [1, nan, 1, 1], y), {}, "column 1 has no number at all"),
    "a constant column": ((X * [1, 0, 1, 1], y), {}, "column 1 is constant"),
    "one row": ((X[:1], y[:1]), {}, "n_samples=1"),
    "weights": ((X, y, np.ones(3)), {}, "sample_weight.shape"),
    "no weight": ((X, y, np.zeros(150)), {}, "sample_weight.*above zero"),
    "model": ((X, y), {"model": "LDA"}, "model='LDA' is not known: choose EDDA or MclustDA"),
    "letters": ((X, y), {"covariance_type": "EEX"}, "covariance_type='EEX' is not known"),
    "no letters": ((X, y), {"covariance_type": []}, "empty"),
    "letters of a class": ((X, y), {"covariance_type": {0: "EEE"}}, "in EDDA all classes share"),
    "priors": ((X, y), {"priors": [0.5, 0.6, 0.2]}, r"priors = .* sum to 1"),
    "few priors": ((X, y), {"priors": [0.5, 0.5]}, r"priors has shape \(2,\), expected \(3,\)"),
    "no number": ((X, y), {"model": "MclustDA", "n_components": {0: 1}}, "nothing for class 1"),
    "zero": ((X, y), {"model": "MclustDA", "n_components": 0}, "^n_components=0 must be"),
    "smoothing": ((X, y), {"var_smoothing": -1}, "var_smoothing=-1"),
    "a single point": ((X[:51], y[:51]), {"model": "MclustDA"}, "class 1 alone: n_samples=1"),
    "equal points": (
        (np.vstack([X[:50], X[:3] * 0]), [0] * 50 + [1] * 3),
        {"model": "MclustDA"},
        "class 1 alone: columns 0, 1, 2 and 3 are constant.*or choose model='EDDA'",
    ),
    "nothing fits": (
        (np.vstack([X[:50], X[:3] * 0]), [0] * 50 + [1] * 3),
        {"covariance_type": ["VVV", "VVI"]},
        r"component k being the class number k of \[0, 1\]: .*component 1 has collapsed",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "settings", "message"), BAD_FITS.values(), ids=BAD_FITS)
def test_a_bad_fit_is_named_and_changes_nothing(arguments, settings, message):
    model = GMMClassifier(covariance_type="EEE").fit(X, y)
    before = vars(model.set_params(**settings)).copy()
    with pytest.raises(ValueError, match=message):
        model.fit(*arguments)
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is before[name] for name in before)


def test_an_unfitted_classifier_says_so():
    for call in (
        lambda m: m.predict(X),
        lambda m: m.predict_proba(X),
        lambda m: m.score(X, y),
        lambda m: m.mixture_,
    ):
        with pytest.raises(NotFittedError, match="GMMClassifier is not fitted yet: call fit with"):
            call(GMMClassifier())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.predict(X[:, :2]), "2 features"),
        (lambda m: m.log_joint(X * inf), "infinity|finite"),
        (lambda m: m.score(X, y[:-1]), r"y has shape \(149,\)"),
        (lambda m: m.score(X, y, np.ones(3)), "sample_weight.shape"),
    ],
)
def test_points_that_do_not_fit_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(GMMClassifier(covariance_type="EEE").fit(X, y))


# ---- How good probabilities are -----------------------------------------------------------------


@pytest.mark.equation("brier")
def test_the_brier_score_is_mclusts_and_its_definition():
    theirs = json.loads((DATA / "mclust_verbs.json").read_text())["brier"]
    p, labels = np.array(theirs["z"]), np.array(theirs["class"]) - 1
    assert brier_score(p, labels) == pytest.approx(theirs["score"], rel=1e-12)
    names = np.array(["setosa", "versicolor", "virginica"])
    assert brier_score(p, names[labels], classes=names) == pytest.approx(theirs["score"])
    w = np.random.default_rng(0).integers(0, 3, size=150)
    total = sum(
        n * sum((p[i, c] - (labels[i] == c)) ** 2 for c in range(3)) for i, n in enumerate(w)
    )
    assert brier_score(p, labels, sample_weight=w) == pytest.approx(total / w.sum() / 2)


@pytest.mark.equation("brier")
def test_two_classes_have_the_score_of_scikit_learn():
    model = GMMClassifier().fit(BANKNOTES, STATUS)
    p = model.predict_proba(BANKNOTES)
    ours = brier_score(p, STATUS, classes=model.classes_)
    assert ours == pytest.approx(brier_score_loss(STATUS == model.classes_[1], p[:, 1]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[0.5, 0.6]], [0]), r"probabilities\[0\] sums to 1.1"),
        (([0.5, 0.5], [0, 1]), r"shape \(2,\), expected \(N, C\)"),
        (([[0.5, 0.5]], [2]), r"labels\[0\] is 2"),
        (([[0.5, 0.5]], [0, 1]), r"labels has shape \(2,\), expected \(1,\)"),
        (([[0.5, 0.5]], ["a"]), "labels must hold whole numbers"),
    ],
)
def test_a_score_of_what_is_none_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        brier_score(*arguments)
    with pytest.raises(ValueError, match=r"labels\[0\] is 'cow', .*classes=\['cat', 'dog'\]"):
        brier_score([[0.5, 0.5]], ["cow"], classes=["cat", "dog"])
    with pytest.raises(ValueError, match="classes names 1, but probabilities have 2 columns"):
        brier_score([[0.5, 0.5]], ["cat"], classes=["cat"])
