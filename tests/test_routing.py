"""Weights and labels on their way through scikit-learn's tools."""

import copy
import pickle

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from numpy_ml_gmm import GMM, BayesianGMM, GMMClassifier, GMMRegressor, load_iris

IRIS = load_iris()
X = np.random.default_rng(0).permutation(IRIS.X)
w = np.random.default_rng(1).integers(0, 3, size=len(X)).astype(float)
known = np.where(np.arange(len(X)) % 10 == 0, np.arange(len(X)) // 10 % 2, -1)
FOLDS = KFold(3)


@pytest.fixture(autouse=True)
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


MODELS = {
    "GMM": (GMM(2, init_params="kmeans", n_init=1, random_state=0), None),
    "BayesianGMM": (BayesianGMM(2, init_params="kmeans", n_init=1, random_state=0), None),
    "GMMRegressor": (GMMRegressor(2, init_params="kmeans", n_init=1, random_state=0), X[:, 0] ** 2),
    "GMMClassifier": (GMMClassifier(covariance_type="EEE"), (X[:, 2] > 3).astype(int)),
}


@pytest.mark.parametrize("name", MODELS)
def test_each_fold_has_its_own_weights(name):
    model, y = MODELS[name]
    model = clone(model).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    found = cross_val_score(model, X, y, cv=FOLDS, params={"sample_weight": w})
    for score, (train, test) in zip(found, FOLDS.split(X), strict=True):
        y_train, y_test = (None, None) if y is None else (y[train], y[test])
        fit = clone(model).fit(X[train], y_train, sample_weight=w[train])
        assert score == pytest.approx(fit.score(X[test], y_test, sample_weight=w[test]), abs=1e-12)
    assert not np.allclose(found, cross_val_score(clone(MODELS[name][0]), X, y, cv=FOLDS))


def test_weights_and_labels_go_through_a_pipeline_to_fit_and_predict():
    model = clone(MODELS["GMM"][0]).set_fit_request(sample_weight=True, priors=True)
    model.set_predict_request(priors="labels").set_predict_proba_request(priors=True)
    scaler = StandardScaler().set_fit_request(sample_weight=False)
    pipe = make_pipeline(scaler, model).fit(X, sample_weight=w, priors=known)
    Z = StandardScaler().fit_transform(X)
    alone = clone(MODELS["GMM"][0]).fit(Z, sample_weight=w, priors=known)
    np.testing.assert_array_equal(pipe[-1].means_, alone.means_)
    labels = pipe.predict(X, labels=known)
    np.testing.assert_array_equal(labels, alone.predict(Z, priors=known))
    assert (labels[known >= 0] == known[known >= 0]).all()
    np.testing.assert_array_equal(
        pipe.predict_proba(X, priors=known), alone.predict_proba(Z, priors=known)
    )


def test_a_grid_search_routes_priors_of_each_row():
    model = clone(MODELS["GMM"][0]).set_fit_request(priors=True).set_score_request(priors=False)
    search = GridSearchCV(model, {"covariance_type": ["full", "diag"]}, cv=FOLDS)
    search.fit(X, priors=known)
    best = search.best_estimator_
    np.testing.assert_array_equal(best.means_, clone(best).fit(X, priors=known).means_)


def test_what_nobody_asked_for_is_an_error_not_a_silence():
    with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
        cross_val_score(clone(MODELS["GMM"][0]), X, cv=FOLDS, params={"sample_weight": w})


@pytest.mark.parametrize("name", MODELS)
def test_copies_keep_what_was_asked_for(name):
    model = clone(MODELS[name][0]).set_fit_request(sample_weight="counts")
    model.set_score_request(sample_weight=False)
    ways = clone, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))
    for again in (way(model) for way in ways):
        routing = again.get_metadata_routing()
        assert routing.fit.requests["sample_weight"] == "counts"
        assert routing.score.requests["sample_weight"] is False
        again.set_fit_request(sample_weight=True)
    assert model.get_metadata_routing().fit.requests["sample_weight"] == "counts"
    assert clone(MODELS[name][0]).get_metadata_routing().fit.requests["sample_weight"] is None


def test_a_request_is_no_part_of_a_saved_model(tmp_path):
    model = GMM(1).set_fit_request(sample_weight=True).fit(X)
    model.save(tmp_path / "model.npz")
    loaded = GMM.load(tmp_path / "model.npz")
    assert not hasattr(loaded, "_metadata_request") and hasattr(model, "_metadata_request")
    np.testing.assert_array_equal(loaded.means_, model.means_)


def test_a_request_that_makes_no_sense_changes_nothing():
    model = GMM(2)
    with pytest.raises(TypeError, match=r"weights, which GMM\.fit does not take"):
        model.set_fit_request(weights=True)
    with pytest.raises(TypeError, match=r"GMMClassifier\.predict does not take: it takes no"):
        GMMClassifier().set_predict_request(priors=True)
    with pytest.raises(ValueError, match="alias"):
        model.set_fit_request(sample_weight=3)
    with (
        sklearn.config_context(enable_metadata_routing=False),
        pytest.raises(RuntimeError, match="enable_metadata_routing=True"),
    ):
        model.set_fit_request(sample_weight=True)
    assert not hasattr(model, "_metadata_request")


def test_only_what_concerns_each_row_is_routed():
    fit = GMM().get_metadata_routing().fit.requests
    assert set(fit) == {"sample_weight", "priors", "error_covariances"}
    with pytest.raises(TypeError, match="Unexpected args: checkpoint"):
        GMM().set_fit_request(checkpoint=True)
