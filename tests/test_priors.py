"""Priors and held parameters: the M step against densities of scipy.stats, and against mclust."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import full_covariances, random_model, with_holes
from scipy import stats
from scipy.optimize import minimize
from sklearn.base import clone

from numpy_ml_gmm import (
    GMM,
    CollapseWarning,
    NormalInverseWishart,
    load_iris,
    load_old_faithful,
    select,
)
from numpy_ml_gmm.blocks import Rows
from numpy_ml_gmm.covariances import MODELS
from numpy_ml_gmm.em import Cell, SideBySide

FAITHFUL, IRIS = load_old_faithful().X, load_iris().X
ALL = list(MODELS)
DENSITIES = ["VVV", "EEE", "VVI", "EEI", "VII", "EII"]  # models whose prior is a density


def a_prior(name, D, K, kappa=0.7):
    """A prior with all fields given, in the shapes of the model."""
    rng = np.random.default_rng(5)
    A = rng.normal(size=(D, D))
    kinds = {"I": 2.5} if name[1] == "I" else {"I": rng.uniform(1, 3, D)}
    scale = kinds.get(name[2], A @ A.T + np.eye(D))
    alpha = rng.uniform(1, 4, K)
    return NormalInverseWishart(rng.normal(size=D), kappa, scale, D + 1.5, alpha)


def log_prior(prior, name, theta):
    """The log density of the parameters by scipy.stats, term by term.

    Where components share something, but not all, their prior is the product of the densities
    that they would have apart.
    """
    K = len(theta.means)
    nu, kappa = prior.degrees_of_freedom, prior.mean_precision
    total = stats.dirichlet(np.broadcast_to(prior.weight_concentration, K)).logpdf(theta.weights)
    for k in range(K if "V" in name else 1):
        C = theta.covariances[k]
        if name[1] == "I":
            total += stats.invgamma(nu / 2, scale=prior.scale / 2).logpdf(C[0])
        elif name[2] == "I":
            total += stats.invgamma(nu / 2, scale=prior.scale / 2).logpdf(C).sum()
        else:
            total += stats.invwishart(nu, prior.scale).logpdf(C)
    for k in range(K):
        C = theta.covariances[k]
        C = np.diag(C) if C.ndim == 1 else C
        if kappa > 0:
            total += stats.multivariate_normal(prior.mean, C / kappa).logpdf(theta.means[k])
    return total


def expected(X, r, theta):
    """Q, by scipy.stats."""
    total = 0.0
    for k, (pi, mu, C) in enumerate(zip(*theta, strict=True)):
        C = np.diag(C) if C.ndim == 1 else C
        total += r[:, k] @ (np.log(pi) + stats.multivariate_normal(mu, C).logpdf(X))
    return total


def m_step(name, X, r, prior, **params):
    """theta after an M step from responsibilities r."""
    start = GMM(r.shape[1], covariance_type=name, init_params=r, max_iter=0, conjugate_prior=prior)
    return start.set_params(**params).fit(X).theta


# ---- The M step --------------------------------------------------------------------------------


@pytest.mark.equation("conjugate-prior", "map-m-step", "pseudo-statistics")
@pytest.mark.parametrize("kappa", [0.7, 0.0])
@pytest.mark.parametrize("name", ALL)
def test_m_step_is_higher_than_anything_near(name, kappa):
    """Against what other responsibilities make, which obeys the model too."""
    rng = np.random.default_rng(0)
    X, K = random_model("full", 3, 3, 1).sample(80)[0], 3
    r, prior = rng.dirichlet(np.ones(K), len(X)), a_prior(name, 3, K, kappa)
    best = m_step(name, X, r, prior)
    top = expected(X, r, best) + log_prior(prior, name, best)
    for size in (1e-3, 1e-2, 0.1, 1.0):
        for _ in range(5):
            other = (1 - size) * r + size * rng.dirichlet(np.ones(K), len(X))
            theta = m_step(name, X, other, prior)
            assert expected(X, r, theta) + log_prior(prior, name, theta) < top
            plain = theta._replace(covariances=theta.covariances * (1 + size * rng.normal() / 9))
            assert expected(X, r, plain) + log_prior(prior, name, plain) < top


@pytest.mark.equation("log-prior", "log-posterior")
@pytest.mark.parametrize("name", DENSITIES)
def test_log_posterior_is_what_scipy_says(name):
    prior = a_prior(name, 4, 3)
    model = GMM(3, covariance_type=name, conjugate_prior=prior, random_state=0).fit(IRIS)
    wanted = model.log_likelihood_ + log_prior(prior, name, model.theta)
    assert model.log_posterior_ == pytest.approx(wanted, rel=1e-12)
    assert model.log_likelihood_ == pytest.approx(model.log_likelihood(IRIS), rel=1e-12)
    assert model.history_[model.best_restart_][-1] == model.log_posterior_


def test_mode_is_found_by_a_general_optimiser_too():
    """A quasi-Newton search on the log posterior itself, in free coordinates, ends there too."""
    x, prior = FAITHFUL[:, :1], a_prior("VVV", 1, 2)
    model = GMM(2, conjugate_prior=prior, random_state=0, tol=1e-13).fit(x)

    def objective(v):
        pi = np.array([1 / (1 + np.exp(-v[0])), 1 / (1 + np.exp(v[0]))])
        theta = model.theta._replace(
            weights=pi, means=v[1:3, None], covariances=np.exp(v[3:])[:, None, None]
        )
        density = pi * stats.norm(v[1:3], np.exp(v[3:] / 2)).pdf(x)
        return -np.log(density.sum(axis=1)).sum() - log_prior(prior, "VVV", theta)

    theta = model.theta
    logit = np.log(theta.weights[0] / theta.weights[1])
    end = np.concatenate([[logit], theta.means.ravel(), np.log(theta.covariances.ravel())])
    found = minimize(objective, end + 0.05, method="BFGS", options={"gtol": 1e-6})
    np.testing.assert_allclose(found.x, end, atol=1e-5)
    assert -found.fun == pytest.approx(model.log_posterior_, abs=1e-8)


@pytest.mark.parametrize("name", ALL)
def test_no_step_lowers_the_log_posterior(name):
    for seed in range(3):
        model = GMM(4, covariance_type=name, conjugate_prior="default", random_state=seed)
        model.set_params(init_params="random", n_init=1, max_iter=60, tol=0).fit(IRIS)
        steps = np.diff(model.history_[0])
        assert len(steps) == 59 and steps.min() > -1e-9 * abs(model.log_posterior_)


# ---- mclust ------------------------------------------------------------------------------------

# mclust 6.0.0: mstep(iris, z=0.7*unmap(Species)+0.1, prior=priorControl()), the first variance and
# the first mean; and Mclust(faithful, G=2, prior=priorControl(), control=emControl(tol=1e-14)).
MCLUST = {
    "VII": (0.722341979371808, -1709.580829607),
    "VVI": (0.381421903921929, -1229.21568993),
    "EEE": (0.436563822465042, -1140.260935482),
    "VVV": (0.358705293061091, -1130.509263671),
}


@pytest.mark.parametrize("name", MCLUST)
def test_default_prior_is_that_of_mclust(name):
    variance, log_likelihood = MCLUST[name]
    r = 0.7 * np.eye(3)[load_iris().target] + 0.1
    theta = m_step(name, IRIS, r, "default")
    assert theta.covariances[0].ravel()[0] == pytest.approx(variance, rel=1e-12)
    assert theta.means[0, 0] == pytest.approx(5.25731720322601, rel=1e-13)
    model = GMM(2, covariance_type=name, conjugate_prior="default", random_state=0, tol=1e-12)
    assert model.fit(FAITHFUL).log_likelihood_ == pytest.approx(log_likelihood, abs=1e-5)


def test_default_prior_is_that_of_mclust_in_one_dimension():
    """mclust 6.0.0: Mclust(faithful$eruptions, G=2, modelNames="V", and "E"), as above."""
    for name, log_likelihood in (("VVV", -276.3963137579), ("EEE", -287.3091511166)):
        model = GMM(2, covariance_type=name, conjugate_prior="default", random_state=0, tol=1e-12)
        found = model.fit(FAITHFUL[:, :1]).log_likelihood_
        assert found == pytest.approx(log_likelihood, abs=1e-5)


def test_mode_at_mclusts_own_tolerance():
    """mclust stops at -1130.5111483193; the mode itself is a little further on."""
    model = GMM(2, conjugate_prior="default", random_state=0).fit(FAITHFUL)
    assert model.log_likelihood_ == pytest.approx(-1130.5111483193, abs=3e-3)


@pytest.mark.parametrize("name", ["VVV", "VII", "VVI"])
def test_default_prior_in_words(name):
    """What the docstring says of None, written out."""
    K, D = 3, 4
    C = np.cov(IRIS.T) / K ** (2 / D)
    scale = C if name == "VVV" else np.trace(C) / D
    spelt = NormalInverseWishart(IRIS.mean(axis=0), 0.01, scale, D + 2, 1.0)
    fits = [
        GMM(K, covariance_type=name, conjugate_prior=prior, random_state=0).fit(IRIS)
        for prior in ("default", spelt, NormalInverseWishart(), {"mean_precision": 0.01})
    ]
    for fit in fits[1:]:
        assert fit.log_posterior_ == pytest.approx(fits[0].log_posterior_, rel=1e-12)


# ---- What a prior is for -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_with_a_prior_no_component_collapses(name):
    """Five equal points draw a component to them, until there is something to hold it."""
    X = np.vstack([np.random.default_rng(0).normal(size=(40, 2)), np.full((5, 2), 4.0)])
    prior = NormalInverseWishart(scale=0.1 if name[1] == "I" else [0.1, 0.1])
    with warnings.catch_warnings():
        warnings.simplefilter("error", CollapseWarning)
        model = GMM(6, covariance_type=name, conjugate_prior=prior, random_state=0).fit(X)
    C = full_covariances(model)
    nu = 4  # D + 2
    counts = {"VVV": nu + 4, "VVI": nu + 3, "VII": nu + 4}.get(name)
    if counts:  # the smallest covariance that the prior allows: with all points in one place
        N_k = model.e_step(X).counts.max()
        assert np.linalg.eigvalsh(C).min() > 0.04 / (N_k + counts)
    assert model.converged_


def test_components_without_points_are_the_prior():
    X = np.array([[0.0], [0.1], [0.2], [9.0]])
    r = np.array([[1.0, 0.0, 0.0]] * 3 + [[0.0, 1.0, 0.0]])
    prior = NormalInverseWishart(mean=[5.0], scale=2.0, degrees_of_freedom=3)
    theta = m_step("VVV", X, r, prior)
    assert theta.means[2, 0] == 5.0 and theta.weights[2] == 0
    assert theta.covariances[2, 0, 0] == pytest.approx(2.0 / (3 + 1 + 2))


def test_smoothing_adds_nothing_beside_a_prior():
    fits = [
        GMM(2, conjugate_prior="default", var_smoothing=v, random_state=0).fit(FAITHFUL)
        for v in (0, 0.1)
    ]
    assert fits[0].log_posterior_ == pytest.approx(fits[1].log_posterior_, rel=1e-12)


def test_weights_are_drawn_together_by_their_concentration():
    prior = NormalInverseWishart(weight_concentration=1e6)
    model = GMM(2, conjugate_prior=prior, random_state=0).fit(FAITHFUL)
    np.testing.assert_allclose(model.weights_, 0.5, atol=1e-4)
    one_sided = NormalInverseWishart(weight_concentration=[1.0, 501.0])
    r = np.eye(2)[[0] * 136 + [1] * 136]
    np.testing.assert_allclose(
        m_step("VVV", FAITHFUL, r, one_sided).weights, [136 / 772, 636 / 772]
    )


# ---- With the rest of the package --------------------------------------------------------------


def test_point_of_weight_two_is_the_point_twice():
    w = np.random.default_rng(0).integers(0, 3, len(IRIS))
    params = {"conjugate_prior": "default", "random_state": 0, "tol": 1e-12}
    once = GMM(2, **params).fit(IRIS, sample_weight=w)
    twice = GMM(2, **params).fit(np.repeat(IRIS, w, axis=0))
    assert once.log_posterior_ == pytest.approx(twice.log_posterior_, abs=1e-7)


@pytest.mark.parametrize("name", ["VVV", "VVI", "VEV"])
def test_wide_data_and_threads_and_float32(name):
    X, params = (
        random_model("full", 2, 66, 0).sample(200)[0],
        {"init_params": "kmeans", "n_init": 1},
    )
    params |= {"covariance_type": name, "conjugate_prior": "default", "random_state": 0}
    fits = [
        GMM(2, n_jobs=n, **params).fit(data)
        for n, data in ((1, X), (2, X), (1, X.astype(np.float32)))
    ]
    assert fits[0].log_posterior_ == fits[1].log_posterior_
    assert fits[2].log_posterior_ == pytest.approx(fits[0].log_posterior_, rel=1e-4)
    assert np.diff(fits[0].history_[fits[0].best_restart_]).min(initial=0) > -1e-6


def test_a_prior_fits_fewer_rows_than_columns():
    X = np.random.default_rng(0).normal(size=(12, 20))
    prior = NormalInverseWishart(scale=1.0)
    model = GMM(2, conjugate_prior=prior, random_state=0).fit(X)
    assert np.linalg.eigvalsh(model.covariances_).min() > 0.9 / (12 + 22 + 22)


def test_missing_values_beside_a_prior():
    """The mode of what is there: the log posterior is stationary there in every direction."""
    X = with_holes(IRIS[:, :2], 0.3, 0)
    prior = a_prior("VVV", 2, 2)
    model = GMM(2, conjugate_prior=prior, random_state=0, tol=1e-13).fit(X)
    assert np.diff(model.history_[model.best_restart_]).min() > -1e-9

    def height(theta):
        fixed = GMM.from_parameters(*theta)
        return fixed.log_likelihood(X) + log_prior(prior, "VVV", theta)

    top, rng = height(model.theta), np.random.default_rng(0)
    assert top == pytest.approx(model.log_posterior_, abs=1e-8)
    for _ in range(20):
        delta, A = 1e-3 * rng.normal(size=(2, 2)), np.eye(2) + 1e-3 * rng.normal(size=(2, 2, 2))
        C = A @ model.covariances_ @ A.transpose(0, 2, 1)
        w = model.weights_ * np.exp(1e-3 * rng.normal(size=2))
        w = w / w.sum()
        assert (
            height(model.theta._replace(weights=w, means=model.means_ + delta, covariances=C)) < top
        )


@pytest.mark.parametrize("name", ALL)
def test_mixtures_of_different_sizes_step_beside_each_other_as_each_alone(name):
    """Places that a smaller mixture leaves empty get no pseudo-points."""
    kind = MODELS[name]
    models = [
        GMM(K, covariance_type=name, conjugate_prior="default", init_params="hierarchical")
        for K in (1, 3, 4)
    ]
    data = models[0]._data(Rows(FAITHFUL))
    known = [model._known(data) for model in models]
    starts = [model.set_params(max_iter=2, tol=0).fit(FAITHFUL).theta for model in models]
    cells = [Cell(len(s.weights), kind, k) for s, k in zip(starts, known, strict=True)]
    stack = SideBySide(GMM, data, cells)
    theta = stack.together(starts)
    theta, x = stack.step(theta, stack.e_step(theta))
    assert not stack.failures
    for m, (start, cell) in enumerate(zip(starts, cells, strict=True)):
        one = SideBySide(GMM, data, [cell])
        alone = one.together([start])
        alone, y = one.step(alone, one.e_step(alone))
        assert x.objective[m] == pytest.approx(y.objective[0], rel=1e-6)
        for a, b in zip(stack.alone(theta, m), one.alone(alone, 0), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-6)


def test_select_takes_a_prior_and_nothing_collapses():
    table = select(FAITHFUL, range(1, 8), ["VVV", "VVI", "EEE"], conjugate_prior="default")
    assert not table.failures
    for row in table.rows:
        alone = GMM(
            row.n_components, covariance_type=row.covariance_type, conjugate_prior="default"
        )
        alone.set_params(random_state=0).fit(FAITHFUL)
        assert row.n_components > 2 or row.model.log_posterior_ > alone.log_posterior_ - 0.1
        bic = -2 * row.log_likelihood + row.n_parameters * np.log(len(FAITHFUL))
        assert row.bic == pytest.approx(bic)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(ALL), st.integers(1, 4), st.integers(0, 99))
def test_m_step_of_statistics_is_that_of_the_fit(name, K, seed):
    X = random_model("full", 2, 3, seed).sample(60)[0]
    model = GMM(K, covariance_type=name, conjugate_prior="default", random_state=0, max_iter=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X)
    again = clone(model)
    again._set_theta(model.theta)
    again.m_step(model.e_step(X))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.set_params(warm_start=True, max_iter=1).fit(X)
    np.testing.assert_allclose(again.covariances_, model.covariances_, rtol=1e-5)
    np.testing.assert_allclose(again.means_, model.means_, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "prior",
    ["default", a_prior("VVV", 2, 2), {"scale": [1.0, 2.0], "mean_precision": 0}],
    ids=["name", "value", "dict"],
)
def test_saved_cloned_and_shown(prior, tmp_path):
    model = clone(GMM(2, conjugate_prior=prior, fixed={"weights": [0]}, weights_init=[0.3, 0.7]))
    model.set_params(random_state=0).fit(FAITHFUL)
    model.save(tmp_path / "model.npz")
    loaded = GMM.load(tmp_path / "model.npz")
    assert loaded.log_posterior_ == model.log_posterior_ and loaded.fixed == model.fixed
    assert loaded.fit(FAITHFUL).log_posterior_ == model.log_posterior_
    assert "conjugate_prior=" in repr(model)


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        ("mclust", "conjugate_prior='mclust' is not known"),
        (3, "conjugate_prior=3 is not known"),
        ({"kappa": 3}, "choose None, 'default', or a NormalInverseWishart"),
        ({"mean": [1.0]}, "mean of the prior must be finite, of shape"),
        ({"mean": [1.0, np.nan]}, "mean"),
        ({"mean_precision": -1}, "mean_precision"),
        ({"scale": [[1.0, 2.0], [2.0, 1.0]]}, "scale must be positive definite"),
        ({"scale": 0.0}, "scale must be positive definite"),
        ({"scale": [[1.0, 0.9], [0.0, 1.0]]}, "scale must be symmetric"),
        ({"scale": np.ones((3, 3))}, "scale of the prior must be"),
        ({"degrees_of_freedom": 1.0}, "degrees_of_freedom=1 must be above 1"),
        ({"weight_concentration": 0.5}, "at least 1, which is flat"),
        ({"weight_concentration": [1, 2, 3]}, "weight_concentration"),
    ],
)
def test_errors_name_the_field_the_value_and_the_remedy(prior, message):
    model = GMM(2, conjugate_prior=prior)
    before = dict(vars(model))
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(FAITHFUL)
    assert vars(model) == before


# ---- Parameters that are held ------------------------------------------------------------------

START = {
    "weights_init": [0.2, 0.3, 0.5],
    "means_init": IRIS[[0, 75, 120]],
    "covariances_init": np.repeat(0.5 * np.eye(4)[None], 3, axis=0),
}
NAMES = ["weights", "means", "covariances"]


@pytest.mark.parametrize("held", [[n] for n in NAMES] + [NAMES[:2], NAMES[1:], NAMES])
def test_what_is_held_stays_to_the_bit_and_the_rest_climbs(held):
    given = {f"{name}_init": START[f"{name}_init"] for name in held}
    model = GMM(3, fixed=held, random_state=0, tol=1e-13, var_smoothing=0, **given)
    model.fit(IRIS)
    for name in held:
        np.testing.assert_array_equal(getattr(model, f"{name}_"), given[f"{name}_init"])
    history = model.history_[model.best_restart_]
    assert np.diff(history).min(initial=0) > -1e-8
    assert model.converged_
    rng, theta = np.random.default_rng(1), model.theta
    for _ in range(20):  # stationary in what is free
        A = np.eye(4) + 1e-3 * rng.normal(size=(3, 4, 4))
        w = theta.weights * np.exp(1e-3 * rng.normal(size=3))
        moved = {
            "weights": w / w.sum(),
            "means": theta.means + 1e-3 * rng.normal(size=(3, 4)),
            "covariances": A @ theta.covariances @ A.transpose(0, 2, 1),
        }
        other = theta._replace(**{name: moved[name] for name in NAMES if name not in held})
        assert GMM.from_parameters(*other).log_likelihood(IRIS) <= model.log_likelihood_ + 2e-4


@pytest.mark.equation("held-means")
@pytest.mark.parametrize("name", ALL)
def test_covariances_are_about_the_held_means(name):
    """One component has the covariance of the points about a mean that is not theirs."""
    mu = IRIS.mean(axis=0) + np.array([1.0, -2.0, 0.5, 0.0])
    model = GMM(1, covariance_type=name, means_init=[mu], fixed=("means",), var_smoothing=0)
    model.fit(IRIS)
    C = (IRIS - mu).T @ (IRIS - mu) / len(IRIS)
    if name[2] == "I":
        C = np.diag(C.diagonal() if name[1] != "I" else np.full(4, np.trace(C) / 4))
    np.testing.assert_allclose(full_covariances(model)[0], C, rtol=1e-7, atol=1e-9)


def test_some_components_are_held():
    fixed = {"means": [0], "covariances": [2], "weights": [1]}
    model = GMM(3, fixed=fixed, **START, tol=1e-12, var_smoothing=0).fit(IRIS)
    assert (model.means_[0] == IRIS[0]).all() and not (model.means_[1:] == IRIS[[75, 120]]).any()
    assert (model.covariances_[2] == 0.5 * np.eye(4)).all()
    assert model.weights_[1] == 0.3 and model.weights_.sum() == pytest.approx(1)
    assert np.diff(model.history_[0]).min() > -1e-8


def test_equal_weights_are_uniform_ones_that_are_held():
    model = GMM(3, weights_init=np.full(3, 1 / 3), fixed="weights", random_state=0).fit(IRIS)
    free = GMM(3, random_state=0).fit(IRIS)
    assert (model.weights_ == 1 / 3).all()
    assert model.log_likelihood_ < free.log_likelihood_ < model.log_likelihood_ + 5


def test_held_means_beside_a_prior():
    """The formula holds for any mean: the prior's points are scattered about it too."""
    prior, rng = a_prior("VVV", 4, 3), np.random.default_rng(0)
    r, mu = rng.dirichlet(np.ones(3), len(IRIS)), IRIS[[0, 75, 120]]
    theta = m_step("VVV", IRIS, r, prior, means_init=None)
    held = GMM(3, conjugate_prior=prior, fixed=("means",), means_init=mu, max_iter=1, tol=0)
    held.set_params(weights_init=theta.weights, covariances_init=theta.covariances).fit(IRIS)
    start = GMM.from_parameters(theta.weights, mu, theta.covariances)
    r = start.predict_proba(IRIS)
    top = expected(IRIS, r, held.theta) + log_prior(prior, "VVV", held.theta)
    for _ in range(20):
        A = np.eye(4) + 1e-2 * rng.normal(size=(3, 4, 4))
        C = A @ held.covariances_ @ A.transpose(0, 2, 1)
        other = held.theta._replace(covariances=C)
        assert expected(IRIS, r, other) + log_prior(prior, "VVV", other) < top


def test_held_parameters_come_in_where_others_were():
    """After a warm start, and after somebody has set others between two steps."""
    C = np.repeat(0.3 * np.eye(4)[None], 3, axis=0)
    known = {"fixed": ("covariances",), "covariances_init": C, "var_smoothing": 0}
    model = GMM(3, random_state=0, var_smoothing=0).fit(IRIS)
    model.set_params(warm_start=True, **known).fit(IRIS)
    assert (model.covariances_ == C).all() and np.diff(model.history_[0]).min() > -1e-9
    for n, step in enumerate(GMM(3, random_state=0, **known).iterate(IRIS)):
        if n == 0:
            step.covariances_ = 9 * C
    assert (step.covariances_ == C).all()


def test_held_weights_may_leave_nothing():
    w = [0.56, 0.34, 0.1, 0.0]  # 1 less these is -2e-16
    fixed = {"weights": [0, 1, 2]}
    model = GMM(4, fixed=fixed, weights_init=w, conjugate_prior="default", random_state=0)
    np.testing.assert_allclose(model.fit(IRIS).weights_, w, atol=1e-15)


@pytest.mark.parametrize(
    ("fixed", "free"),
    [((), 44), ("weights", 42), ("means", 32), ({"means": [0]}, 40), ({"covariances": [1]}, 34)],
)
def test_held_parameters_are_not_counted(fixed, free):
    model = GMM(3, fixed=fixed, **START).fit(IRIS)
    assert model.n_parameters() == free  # of 2 weights, 12 means and 30 covariances


def test_a_prior_that_suits_some_cells_leaves_the_others_a_reason():
    prior = NormalInverseWishart(scale=[1.0, 2.0])
    rows = select(FAITHFUL, [1, 2], ["EII", "VVI"], conjugate_prior=prior).rows
    assert [row.error is None for row in rows] == [False, False, True, True]
    assert "scale of the prior must be" in rows[0].error


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"fixed": None}, "fixed=None must be a tuple of names"),
        ({"fixed": {"means": 0}}, "must be a tuple of names, or a dict"),
        ({"fixed": ("mean",)}, "names 'mean': choose from weights, means, covariances"),
        ({"fixed": ("means",)}, "holds means: give means_init"),
        (START | {"fixed": {"means": [3]}}, "names component 3 of n_components=3"),
        (START | {"fixed": {"means": [0.5]}}, "fixed"),
        (
            {
                "fixed": {"covariances": [0]},
                "covariance_type": "tied",
                "covariances_init": np.eye(4),
            },
            "have something in common",
        ),
    ],
)
def test_errors_about_what_is_held(params, message):
    with pytest.raises((ValueError, TypeError), match=message):
        GMM(3, **params).fit(IRIS)
