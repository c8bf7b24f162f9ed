"""Mixtures that become scikit-learn's and come back, with the same numbers."""

import copy
import pickle
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from problems import NAMES
from sklearn.base import clone
from sklearn.exceptions import NotFittedError as TheirNotFittedError
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.utils.validation import check_is_fitted

from numpy_ml_gmm import GMM, BayesianGMM, NotFittedError, combine, load_iris
from numpy_ml_gmm.covariances import MODELS
from numpy_ml_gmm.fisher import fisher_vector

X = load_iris().X
TYPES = "full", "tied", "diag", "spherical"
ALL = sorted({*NAMES, *MODELS})


def fitted(cls=GaussianMixture, **params):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged does not matter here
        return cls(3, max_iter=20, random_state=0, **params).fit(X)


def theirs(cls=GaussianMixture, **params):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cls(n_components=3, max_iter=20, random_state=0, **params).fit(X)


def agree(a, b):
    np.testing.assert_allclose(a.score_samples(X), b.score_samples(X), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(a.predict_proba(X), b.predict_proba(X), atol=1e-9)
    np.testing.assert_array_equal(a.predict(X), b.predict(X))


@pytest.mark.parametrize("name", ALL)
def test_every_covariance_model_has_a_counterpart_and_comes_back(name):
    model = fitted(GMM, covariance_type=name, init_params="kmeans", n_init=1)
    other = model.to_sklearn(X)
    agree(model, other)
    for there in (other, model.to_sklearn()):
        assert there.lower_bound_ == pytest.approx(model.score(X), abs=1e-9)
    assert other.get_params()["covariance_type"] in TYPES
    again = GMM.from_sklearn(other)
    agree(model, again)
    for mine, back in zip(model.theta, again.theta, strict=True):
        np.testing.assert_allclose(mine, back, rtol=1e-14)


def test_without_points_of_a_fit_the_height_is_not_known():
    stream, stepped = GMM(2, random_state=0).partial_fit(X), GMM(2, random_state=0).fit(X)
    stepped.m_step(stepped.e_step(X[:50]))
    for model in (stream, stepped, stream.marginal([0, 1])):
        assert np.isnan(model.to_sklearn().lower_bound_)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_their_model_has_all_attributes_of_a_fit_and_the_way_back_is_exact(covariance_type):
    first = theirs(covariance_type=covariance_type)
    ours = GMM.from_sklearn(first)
    agree(first, ours)
    second = ours.to_sklearn(X)
    missing = {"lower_bounds_"}  # of every step: ours holds other numbers, those of all restarts
    assert {n for n in vars(first) if n.endswith("_")} - set(vars(second)) <= missing
    for name in ("weights_", "means_", "covariances_"):
        np.testing.assert_allclose(getattr(first, name), getattr(second, name), rtol=1e-14)
    for name in ("precisions_", "precisions_cholesky_"):
        np.testing.assert_allclose(getattr(first, name), getattr(second, name), rtol=1e-6)
    for name in ("converged_", "n_iter_", "n_features_in_"):
        assert getattr(first, name) == getattr(second, name)
    check_is_fitted(second)
    second.sample(5), second.bic(X), clone(second).fit(X)


@pytest.mark.parametrize("kind", ["dirichlet_process", "dirichlet_distribution"])
def test_a_variational_mixture_goes_there_and_back(kind):
    first = theirs(BayesianGaussianMixture, weight_concentration_prior_type=kind)
    ours = BayesianGMM.from_sklearn(first)
    agree(first, ours)
    again = ours.to_sklearn()
    agree(first, again)
    for name, value in vars(first).items():
        if name.endswith("_") and name not in ("lower_bounds_", "precisions_cholesky_"):
            np.testing.assert_allclose(getattr(again, name), value, rtol=1e-6, err_msg=name)
    mine = fitted(BayesianGMM, weight_concentration_prior_type=kind)
    agree(mine, mine.to_sklearn())
    agree(mine, BayesianGMM.from_sklearn(mine.to_sklearn()))
    agree(mine.mixture_, mine.mixture_.to_sklearn())


def test_names_of_columns_are_kept_both_ways():
    frame = pd.DataFrame(X, columns=load_iris().feature_names)
    model = GMM(2, random_state=0, init_params="kmeans").fit(frame)
    other = model.to_sklearn()
    assert list(other.feature_names_in_) == list(frame.columns)
    assert (other.predict(frame) == model.predict(frame)).all()
    assert list(GMM.from_sklearn(other).feature_names_in_) == list(frame.columns)


def test_nothing_is_shared_between_the_two():
    model = fitted(GMM)
    before, other = copy.deepcopy(model.theta), model.to_sklearn()
    for name in ("weights_", "means_", "covariances_"):
        getattr(other, name)[...] = 7
    for old, new in zip(before, model.theta, strict=True):
        np.testing.assert_array_equal(old, new)


def test_what_has_no_counterpart_says_so():
    noisy = fitted(GMM, noise=True)
    with pytest.raises(ValueError, match="noise=True has no counterpart"):
        noisy.to_sklearn()
    with pytest.raises(ValueError, match=r"'diag' has other distributions.*model.mixture_"):
        fitted(BayesianGMM, covariance_type="diag").to_sklearn()
    tied = theirs(BayesianGaussianMixture, covariance_type="tied")
    with pytest.raises(ValueError, match=r"'tied' has other distributions.*from_parameters"):
        BayesianGMM.from_sklearn(tied)
    for cls, model in [
        (GMM, theirs(BayesianGaussianMixture)),
        (BayesianGMM, theirs()),
        (GMM, "model"),
        (GMM, GMM(2)),
    ]:
        with pytest.raises(TypeError, match=f"is a {type(model).__name__}, and {cls.__name__}"):
            cls.from_sklearn(model)
    for error in (NotFittedError, TheirNotFittedError):
        with pytest.raises(error, match="this GaussianMixture is not fitted yet"):
            GMM.from_sklearn(GaussianMixture(2))
        with pytest.raises(error, match="this GMM is not fitted yet"):
            GMM(2).to_sklearn()
    broken = theirs()
    broken.weights_ = broken.weights_ * 2
    with pytest.raises(ValueError, match="weights"):
        GMM.from_sklearn(broken)


def test_a_model_that_came_over_is_saved_pickled_and_goes_on(tmp_path):
    model = GMM.from_sklearn(theirs())
    model.save(tmp_path / "model.npz")
    agree(GMM.load(tmp_path / "model.npz"), model)
    agree(pickle.loads(pickle.dumps(model)), model)
    better = model.set_params(warm_start=True, max_iter=100, tol=1e-8).fit(X)
    assert better.score(X) >= theirs().score(X)


def test_fisher_vectors_and_clusters_take_their_mixture():
    other = theirs(covariance_type="diag")
    ours = GMM.from_sklearn(other)
    np.testing.assert_array_equal(fisher_vector(other, X), fisher_vector(ours, X))
    np.testing.assert_allclose(combine(other, X).entropies, combine(ours, X).entropies, atol=1e-8)
    with pytest.raises(ValueError, match="Fisher vectors need diagonal covariances"):
        fisher_vector(theirs(), X)
    with pytest.raises(TypeError, match="is a str"):
        fisher_vector("model", X)


@pytest.mark.parametrize("covariance_type", ["tied", "diag"])
@pytest.mark.parametrize("cls", [GaussianMixture, BayesianGaussianMixture])
def test_every_plot_of_a_mixture_takes_theirs(cls, covariance_type):
    import matplotlib.pyplot as plt

    from numpy_ml_gmm import plots

    model, two = theirs(cls, covariance_type=covariance_type), (2, 3)
    plots.plot_ellipses(model, X, features=two)
    plots.plot_contours(model, X, features=two)
    plots.plot_density_1d(model, X, features=2)
    plots.plot_responsibilities(model, X, features=two)
    plots.plot_uncertainty(model, X, features=two)
    plots.plot_classification(model, X, features=two)
    plots.plot_scatter_matrix(model, X, features=two)
    plots.plot_conditional(model, [3.0, 5.0], X, features=two)
    plt.close("all")
    plots.plot_graphical_model(model, X)
    plots.plot_combination(combine(model, X), X)
    assert len(plots.density_levels(model, [0.5, 0.9], features=two)) == 2
    plt.close("all")


def test_without_scikit_learn_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ImportError, match="python -m pip install scikit-learn"):
        GMM.from_parameters([1.0], [[0.0]], [[[1.0]]]).to_sklearn()
