"""Units and distances: multiplying data by powers of two changes nothing but the units."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from numpy_ml_gmm import GMM, bootstrap_parameters, load_iris, load_old_faithful, select
from numpy_ml_gmm.covariances import MODELS
from numpy_ml_gmm.fisher import fisher_vector
from numpy_ml_gmm.starts import METHODS

IRIS, FAITHFUL = load_iris().X, load_old_faithful().X
# These look at each feature on its own or at all linear functions; the others at lengths.
EACH_UNIT = [name for name in MODELS if name not in ("EII", "VII", "EEV", "VEV", "EVE", "VVE")]
powers = st.integers(-300, 300)


def units(name, D, draw):
    """Powers of two: one for each feature, or one for all where the model compares features."""
    return 2.0 ** np.array(draw[:D] if name in EACH_UNIT else draw[:1] * D)


@settings(max_examples=8, deadline=None)
@given(st.lists(powers, min_size=4, max_size=4), st.integers(0, 3))
@example([300] * 4, 0)
@example([-300] * 4, 0)
@example([300, -300, 300, -300], 0)
@pytest.mark.parametrize("init", METHODS)
@pytest.mark.parametrize("name", MODELS)
def test_the_unit_changes_nothing_but_the_units(name, init, k, seed):
    unit = units(name, 4, k)
    params = dict(covariance_type=name, init_params=init, n_init=3, tol=1e-5, random_state=seed)
    a, b = GMM(3, **params).fit(IRIS), GMM(3, **params).fit(IRIS * unit)
    np.testing.assert_array_equal(a.predict(IRIS), b.predict(IRIS * unit))
    r, again = a.predict_proba(IRIS), b.predict_proba(IRIS * unit)
    np.testing.assert_allclose(again, r, atol=1e-9)
    shift = len(IRIS) * np.log(unit).sum()
    assert b.log_likelihood_ + shift == pytest.approx(a.log_likelihood_, abs=1e-8)
    np.testing.assert_allclose(b.means_ / unit, a.means_, rtol=1e-9)
    each = a.theta.covariances, b.theta.covariances
    square = unit * unit if a.covariance_model.diagonal else np.outer(unit, unit)
    np.testing.assert_allclose(each[1] / square, each[0], rtol=1e-7, atol=1e-9)


@settings(max_examples=4, deadline=None)
@given(st.lists(powers, min_size=2, max_size=2))
@example([400, -460])
def test_select_ranks_the_same_table_in_every_unit(k):
    table = select(FAITHFUL, [1, 2, 3], EACH_UNIT)
    unit = units("VVV", 2, k)
    again = select(FAITHFUL * unit, [1, 2, 3], EACH_UNIT)
    shift = 2 * len(FAITHFUL) * np.log(unit).sum()
    for a, b in zip(table.rows, again.rows, strict=True):
        assert (a.error is None) == (b.error is None)
        # Within a thousandth of what ``tol`` lets a row lack: ties of starts end by rounding.
        assert b.bic - shift == pytest.approx(a.bic, abs=3e-5, nan_ok=True)
        assert b.icl - shift == pytest.approx(a.icl, abs=3e-5, nan_ok=True)


@pytest.mark.parametrize("unit", [1e78, 1e-100, 1e145, 1e-140])
def test_one_unit_for_all_features_leaves_every_model_its_fit(unit):
    shift = 4 * len(FAITHFUL) * np.log(unit)
    for a, b in zip(select(FAITHFUL, 2).rows, select(FAITHFUL * unit, 2).rows, strict=True):
        assert b.bic - shift == pytest.approx(a.bic, abs=1e-6)
        assert b.silhouette == pytest.approx(a.silhouette)


@settings(max_examples=10, deadline=None)
@given(st.lists(powers, min_size=2, max_size=2))
@example([480, -460])
@pytest.mark.parametrize("name", ["diag", "tied_diag", "VEI"])
def test_fisher_vectors_have_no_unit(name, k):
    unit = units("VVV", 2, k)
    params = dict(covariance_type=name, random_state=0)
    a, b = GMM(2, **params).fit(FAITHFUL), GMM(2, **params).fit(FAITHFUL * unit)
    some = FAITHFUL[:20]
    np.testing.assert_allclose(fisher_vector(b, some * unit), fisher_vector(a, some), atol=1e-9)


@settings(max_examples=3, deadline=None)
@given(st.lists(powers, min_size=2, max_size=2))
@example([18, -250])
@example([-300, 300])
@pytest.mark.parametrize("kind", ["nonparametric", "parametric"])
def test_standard_errors_change_with_the_unit(kind, k):
    unit = units("VVV", 2, k)
    a, b = (
        bootstrap_parameters(
            GMM(2, random_state=0).fit(X), X, kind=kind, n_bootstraps=5, random_state=0
        ).standard_errors()
        for X in (FAITHFUL, FAITHFUL * unit)
    )
    np.testing.assert_allclose(b.weights, a.weights, rtol=1e-6)
    np.testing.assert_allclose(b.means / unit, a.means, rtol=1e-6)
    np.testing.assert_allclose(b.covariances / np.outer(unit, unit), a.covariances, rtol=1e-6)


@settings(max_examples=10, deadline=None)
@given(st.floats(0, 12), st.sampled_from([-1.0, 1.0]))
@example(12.0, 1.0)
@pytest.mark.parametrize("name", MODELS)
def test_an_offset_leaves_the_digits_that_float64_has(name, power, sign):
    Z = (IRIS - IRIS.mean(axis=0)) / IRIS.std(axis=0)
    offset = sign * 10**power
    far = Z + offset
    near = far - offset  # exact: what the doubles hold
    labels = np.repeat([0, 1, 2], 50)
    params = dict(covariance_type=name, init_params=labels, tol=0, max_iter=20)
    a, b = GMM(3, **params).fit(near), GMM(3, **params).fit(far)
    error = 1e-10 + 50 * np.finfo(float).eps * 10**power
    np.testing.assert_allclose(b.predict_proba(far), a.predict_proba(near), atol=error)
    np.testing.assert_allclose(b.means_ - offset, a.means_, atol=error)
    np.testing.assert_allclose(b.covariances_, a.covariances_, atol=error)
    assert b.log_likelihood_ == pytest.approx(a.log_likelihood_, abs=len(Z) * error)
    assert (np.diff(b.history_[0]) > -1e-8 * len(Z)).all()


@pytest.mark.parametrize("name", ["full", "diag"])
@pytest.mark.parametrize("unit", [2.0**300, 2.0**-300])
def test_a_tiny_component_beside_others_has_its_digits_in_every_unit(name, unit):
    rng = np.random.default_rng(0)
    z = np.repeat([0, 1], 100)
    X = rng.normal(size=(200, 2)) * np.array([1.0, 1e-5])[z][:, None] + z[:, None]
    params = dict(covariance_type=name, init_params=z, var_smoothing=0)
    a, b = GMM(2, **params).fit(X), GMM(2, **params).fit(X * unit)
    np.testing.assert_allclose(b.covariances_ / unit**2, a.covariances_, rtol=1e-9)
    np.testing.assert_allclose(b.means_ / unit, a.means_, rtol=1e-12)


def two_far_clusters(D, distance, seed=0):
    """Two clusters of 200 points, so many of their standard deviations apart, and labels."""
    rng = np.random.default_rng(seed)
    A = np.eye(D) + 0.3 * rng.normal(size=(D, D)) / np.sqrt(D)
    z = np.repeat([0, 1], 200)
    return rng.normal(size=(400, D)) @ A.T + distance * z[:, None], z


def own_gaussians(X, z):
    """Each cluster's mean and covariance, and the log-likelihood of the two far apart."""
    parts = [(X[z == k], X[z == k][0]) for k in (0, 1)]
    means = np.array([c + (part - c).mean(axis=0) for part, c in parts])
    covariances = np.array(
        [np.cov((part - c).T, ddof=0).reshape(2 * X.shape[1:]) for part, c in parts]
    )
    per_point = np.log(2) + np.linalg.slogdet(2 * np.pi * np.e * covariances)[1].mean() / 2
    return means, covariances, -len(X) * per_point


@pytest.mark.parametrize("distance", [1e6, 1e7, 1e8, 1e9, 1e10, 1e11])
@pytest.mark.parametrize("D", [1, 2, 4, 64])
def test_clusters_far_apart_are_two_gaussians(D, distance):
    X, z = two_far_clusters(D, distance)
    means, covariances, height = own_gaussians(X, z)
    given_all = dict(weights_init=[0.5, 0.5], means_init=means, covariances_init=covariances)
    rounding = 1e-9 + len(X) * D * (np.finfo(float).eps * distance) ** 2
    fits = [
        GMM(2, var_smoothing=0, random_state=0).fit(X),
        GMM(2, var_smoothing=0, **given_all).fit(X),
        select(X, 2, "VVV", var_smoothing=0).best,
    ]
    for model in fits:
        assert model.log_likelihood_ == pytest.approx(height, abs=1e-9 * abs(height) + rounding)
        assert len(set(model.predict(X)[:200])) == len(set(model.predict(X)[200:])) == 1
    known = GMM.from_parameters([0.5, 0.5], means, covariances)
    assert known.log_likelihood(X) == pytest.approx(height, abs=1e-6 + 10 * rounding)


def test_columns_that_depend_on_others_are_still_refused():
    dependent = np.column_stack([FAITHFUL, FAITHFUL.sum(axis=1)])
    with pytest.raises(ValueError, match=r"singular.*var_smoothing"):
        GMM(2, var_smoothing=0, random_state=0).fit(dependent)


@pytest.mark.parametrize("name", ["tied", "full"])
@pytest.mark.parametrize("offset", [1e9, 1e10, 1e11, 1e12, 1e13])
def test_a_direction_too_thin_for_the_mean_is_refused_or_the_likelihood_does_not_fall(name, offset):
    rng = np.random.default_rng(0)
    x = rng.normal(size=600) + np.repeat([0, 6], 300)
    X = np.column_stack([x, x + 0.003 * rng.normal(size=600)]) + offset
    model = GMM(2, covariance_type=name, var_smoothing=0, n_init=1, tol=1e-9, random_state=0)
    try:
        history = [step.log_likelihood_ for step in model.iterate(X)]
    except ValueError as error:
        assert offset >= 1e11
        assert "too far from 0" in str(error) and "Subtract a constant" in str(error)
    else:
        assert offset < 1e11 and (np.diff(history) > -1e-6 * len(X)).all()


def test_a_cross_of_thin_clusters_far_away_is_refused_too():
    rng = np.random.default_rng(0)
    x, sign = rng.normal(size=600), np.repeat([1, -1], 300)
    X = np.column_stack([x, sign * x + 0.003 * rng.normal(size=600)])
    params = dict(init_params=(sign > 0).astype(int), var_smoothing=0)
    assert GMM(2, **params).fit(X + 1e9).converged_
    with pytest.raises(ValueError, match=r"component . has collapsed.*var_smoothing"):
        GMM(2, **params).fit(X + 1e13)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("unit", [1e-160, 1e-200, 1e-300, 1e-309, 1e-312, 5e-324])
@pytest.mark.parametrize("fit", [lambda X: GMM(2).fit(X), lambda X: select(X, [1, 2])])
def test_a_spread_too_small_to_square_is_no_constant(fit, unit):
    with pytest.raises(ValueError, match=r"too little to square in float64"):
        fit(np.arange(9.0)[:, None] * unit)
    with pytest.raises(ValueError, match=r"constant"):
        fit(np.full((9, 1), unit))


@pytest.mark.filterwarnings("ignore:component")
@pytest.mark.parametrize("name", MODELS)
def test_covariances_stay_symmetric_until_a_component_collapses(name):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        X = np.vstack([rng.normal(size=(60, 3)), rng.normal(size=(6, 3)) * [1, 1, 1e-4] + 5])
        X = X @ rng.normal(size=(3, 3)) * 10.0 ** rng.integers(-8, 8, size=3)
        params = dict(covariance_type=name, var_smoothing=0, n_init=1, random_state=seed)
        model = GMM(5, init_params="random_from_data", tol=0, max_iter=100, **params)
        try:
            for step in model.iterate(X):
                Sigma = step.theta.covariances
                assert Sigma.ndim == 2 or (Sigma == Sigma.transpose(0, 2, 1)).all()
        except ValueError as error:
            assert "collapsed" in str(error)


@settings(max_examples=10, deadline=None)
@given(powers)
@example(-300)
@pytest.mark.parametrize("name", ["full", "tied", "diag"])
@pytest.mark.parametrize("smoothing", [0, 1e-3])
def test_no_unit_lets_the_likelihood_fall(name, smoothing, k):
    params = dict(covariance_type=name, var_smoothing=smoothing, tol=1e-9, random_state=0)
    model = GMM(3, init_params=np.repeat([0, 1, 2], 50), max_iter=200, **params)
    history = [step.log_likelihood_ for step in model.iterate(IRIS * 2.0**k)]
    assert (np.diff(history) > -1e-8 * len(IRIS)).all()
