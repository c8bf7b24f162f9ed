"""Bad input gets an error that names the argument, the value and the remedy; nothing is lost."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
from problems import random_model

from numpy_ml_gmm import GMM, ConvergenceWarning, load_iris

X, _ = random_model("full", seed=1).sample(60)


def spoilt(value):
    bad = X.copy()
    bad[7, 1] = value
    return bad


BAD_DATA = {
    "nan": (spoilt(np.nan), r"X\[7, 1\] is nan"),
    "inf": (spoilt(np.inf), r"X\[7, 1\] is inf"),
    "too large to square": (spoilt(1e300), "too large"),
    "no rows": (np.empty((0, 2)), "0 sample"),
    "no columns": (np.empty((5, 0)), "0 feature"),
    "one-dimensional": (X[:, 0], "Reshape your data"),
    "three-dimensional": (X[None], "Reshape your data"),
    "one row": (X[:1], "n_samples=1"),
    "fewer rows than components": (X[:2], "n_samples=2 .*lower n_components"),
    "complex": (X + 1j, "Complex data not supported"),
    "strings": (np.array([["a", "b"], ["c", "d"], ["e", "f"]]), "numbers"),
    "a constant column": (np.column_stack([X, np.full(60, 0.1)]), "feature 2 is constant"),
    "a constant column far out": (np.column_stack([np.full(60, 1e8 / 3), X]), "feature 0 is const"),
    "all rows equal": (np.tile([0.1, 0.2], (60, 1)), "feature 0 is constant"),
}


@pytest.mark.parametrize("bad, message", BAD_DATA.values(), ids=BAD_DATA)
def test_data_that_cannot_be_fitted(bad, message):
    with pytest.raises(ValueError, match=message):
        GMM(3, random_state=0).fit(bad)


def test_objects_that_are_not_numbers():
    with pytest.raises(TypeError, match="numbers only"):
        GMM().fit(np.array([[{}, 1], [2, 3]], dtype=object))
    with pytest.raises(ValueError, match="NaN"):
        GMM().fit(np.array([[None, 1], [2, 3]], dtype=object))


BAD_ARGUMENTS = {
    "n_components": [(0, ValueError), (-1, ValueError), (2.5, TypeError), ("two", TypeError)],
    "covariance_type": [("fulll", ValueError), (None, ValueError), (["full"], ValueError)],
    "tol": [(-1.0, ValueError), (np.nan, ValueError), ("small", TypeError)],
    "max_iter": [(0, ValueError), (1.5, TypeError)],
    "n_init": [(0, ValueError), (None, TypeError)],
    "var_smoothing": [(-1e-9, ValueError), (np.inf, ValueError), ("none", TypeError)],
    "n_jobs": [(0, ValueError), (1.5, TypeError)],
    "init_params": [
        ("k_means", ValueError),
        (np.zeros(3), ValueError),
        (np.full(60, 9), ValueError),
        (np.ones((60, 3)), ValueError),
        (lambda X, K, rng: np.ones(2), ValueError),
    ],
    "weights_init": [
        ([0.5, 0.5], ValueError),
        ([0.9, 0.9, 0.9], ValueError),
        ([-0.5, 0.75, 0.75], ValueError),
    ],
    "means_init": [
        (np.zeros((3, 5)), ValueError),
        (np.full((3, 2), np.nan), ValueError),
        ([[1e300, 0.0], [0.0, 0.0], [1.0, 1.0]], ValueError),
    ],
    "covariances_init": [
        (np.eye(2), ValueError),
        (np.array([-np.eye(2)] * 3), ValueError),
        (np.array([[[1, 2], [0, 1]]] * 3), ValueError),
    ],
}
ARGUMENT_CASES = [(n, v, e) for n, cases in BAD_ARGUMENTS.items() for v, e in cases]


@pytest.mark.parametrize("name, value, error", ARGUMENT_CASES)
def test_arguments_out_of_range_are_named(name, value, error):
    with pytest.raises(error, match=name):
        GMM(3, random_state=0).set_params(**{name: value}).fit(X)


BAD_WEIGHTS = [np.ones(59), np.ones((60, 1)), -np.ones(60), np.zeros(60), np.full(60, np.nan)]


@pytest.mark.parametrize("weights", BAD_WEIGHTS)
def test_weights_that_do_not_fit(weights):
    with pytest.raises(ValueError, match="sample_weight"):
        GMM(3).fit(X, sample_weight=weights)


BAD_PRIORS = [
    np.ones((60, 2)),
    np.ones(60),
    -np.ones((60, 3)),
    np.zeros((60, 3)),
    np.full((60, 3), np.nan),
]


@pytest.mark.parametrize("priors", BAD_PRIORS)
def test_priors_that_do_not_fit(priors):
    with pytest.raises(ValueError, match="priors"):
        GMM(3).fit(X, priors=priors)


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
    assert GMM(2, init_params=labels).fit(points).converged_


def test_a_component_without_points_is_named():
    with pytest.raises(ValueError, match=r"component 1 holds 0\.0 points"):
        GMM(2, init_params=np.zeros(60, int)).fit(X)


@pytest.mark.parametrize("K", [4, 5, 8])
@pytest.mark.parametrize("init", ["k-means++", "kmeans"])
def test_fewer_different_points_than_components_is_said_so(init, K):
    points = np.repeat([[0.0, 1.0], [2.0, 3.0], [2.0, 5.0]], 20, axis=0)
    with pytest.raises(ValueError, match=r"holds 0\.0 points: lower n_components"):
        GMM(K, init_params=init, random_state=0).fit(points)


def test_features_that_depend_on_each_other_are_found_out():
    dependent = np.column_stack([X, X.sum(axis=1)])
    with pytest.raises(ValueError, match=r"singular.*var_smoothing"):
        GMM(2, var_smoothing=0, random_state=0).fit(dependent)
    assert GMM(2, random_state=0).fit(dependent).converged_


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
    for z in (np.full(60, 2), np.zeros(59), np.full(60, 0.5), np.full(60, -1)):
        with pytest.raises(ValueError, match="z "):
            model.complete_log_likelihood(X, z)
    for q in (np.ones((60, 2)), np.ones((60, 3)) / 3, -np.ones((60, 2))):
        for method in (model.q_function, model.elbo, model.kl):
            with pytest.raises(ValueError):
                method(X, q)


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
def test_a_far_point_belongs_to_the_component_that_is_nearest_in_its_own_units():
    pair = GMM.from_parameters([0.5, 0.5], [[0.0], [5.0]], [[[1.0]], [[4.0]]])
    np.testing.assert_array_equal(pair.predict_proba([[-1e140], [1e140]]), [[0, 1], [0, 1]])
