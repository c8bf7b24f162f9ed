"""theta as one value: expanded, reordered, marginalised, checked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import NAMES, log_joint, random_model, slow_log_joint, slow_log_likelihood
from scipy.integrate import quad
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from numpy_ml_gmm import GMM, load_iris
from numpy_ml_gmm.covariances import MODELS, covariance_model
from numpy_ml_gmm.parameters import Parameters

IRIS = load_iris().X


def matrices(theta):
    """Weights, means and full covariances of a value."""
    if theta.diagonal:
        return theta.weights, theta.means, np.array([np.diag(S) for S in theta.covariances])
    return tuple(theta)


def density(X, theta):
    """log p(x) by scipy.stats, (N,)."""
    return logsumexp(log_joint(X, *matrices(theta)), axis=1)


# ---- Expand and contract -----------------------------------------------------------------------


@pytest.mark.parametrize("letters", MODELS)
def test_a_fit_is_its_theta_and_the_way_back(letters):
    model = GMM(3, covariance_type=letters, random_state=0, n_init=1, max_iter=5, tol=0).fit(IRIS)
    theta, rule = model.theta, model.covariance_model
    assert theta.covariances.shape == ((3, 4) if letters[2] == "I" else (3, 4, 4))
    assert (rule.contract(theta.covariances) == model.covariances_).all()
    again = GMM.from_parameters(
        theta.weights, theta.means, rule.contract(theta.covariances), covariance_type=letters
    )
    for a, b in zip(again.theta, theta, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-15)
    assert density(IRIS, theta).sum() == pytest.approx(model.log_likelihood_, rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(NAMES), st.integers(1, 4), st.integers(1, 4), st.integers(0, 10**6))
def test_theta_has_the_density_of_its_model_in_every_order(name, K, D, seed):
    model, rng = random_model(name, K, D, seed), np.random.default_rng(seed)
    X, _ = model.sample(20)
    order = rng.permutation(K)
    again = model.theta.reorder(order)
    joint = log_joint(X, *matrices(again))
    np.testing.assert_allclose(joint, slow_log_joint(model, X)[:, order], rtol=1e-12)
    for a, b in zip(again.reorder(np.argsort(order)), model.theta, strict=True):
        assert (a == b).all()
    contracted = model.covariance_model.contract(again.covariances)
    same = GMM.from_parameters(again.weights, again.means, contracted, covariance_type=name)
    assert slow_log_likelihood(same, X) == pytest.approx(slow_log_likelihood(model, X), rel=1e-12)


# ---- Marginals ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("d", [0, 1])
def test_the_marginal_of_one_feature_is_the_integral_over_the_other(name, d):
    theta = random_model(name, K=3, D=2, seed=3).theta
    parts = [multivariate_normal(m, S) for m, S in zip(*matrices(theta)[1:], strict=True)]
    for x in (-2.0, 0.3, 4.0):

        def joint(y, x=x):
            point = (x, y) if d == 0 else (y, x)
            return sum(pi * p.pdf(point) for pi, p in zip(theta.weights, parts, strict=True))

        integral, _ = quad(joint, -40, 40, points=theta.means[:, 1 - d], limit=200)
        for features in ([d], d, np.arange(2) == d):
            marginal = theta.marginal(features)
            assert marginal.means.shape == (3, 1)
            assert np.exp(density(np.array([[x]]), marginal)[0]) == pytest.approx(
                integral, rel=1e-7
            )


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(NAMES), st.integers(1, 3), st.integers(1, 5), st.integers(0, 10**6))
def test_a_marginal_has_the_means_and_covariances_of_its_features(name, K, D, seed):
    rng = np.random.default_rng(seed)
    theta = random_model(name, K, D, seed).theta
    features = rng.permutation(D)[: rng.integers(1, D + 1)]
    marginal = theta.marginal(features)
    X = rng.normal(size=(10, len(features)))
    expected = [
        np.log(pi) + multivariate_normal.logpdf(X, m[features], S[np.ix_(features, features)])
        for pi, m, S in zip(*matrices(theta), strict=True)
    ]
    np.testing.assert_allclose(density(X, marginal), logsumexp(expected, axis=0), rtol=1e-10)
    inner = rng.permutation(len(features))[:1]
    for a, b in zip(marginal.marginal(inner), theta.marginal(features[inner]), strict=True):
        assert (a == b).all()
    for a, b in zip(theta.marginal(range(D)), theta, strict=True):
        assert (a == b).all()


def test_mixtures_side_by_side_have_each_its_marginal():
    thetas = [random_model("full", K=2, D=3, seed=seed).theta for seed in range(4)]
    together = Parameters(*map(np.stack, zip(*thetas, strict=True))).marginal([2, 0])
    for m, theta in enumerate(thetas):
        for a, b in zip(together, theta.marginal([2, 0]), strict=True):
            assert (a[m] == b).all()


# ---- What makes no mixture ---------------------------------------------------------------------

GOOD = dict(weights=[0.4, 0.6], means=[[0, 0], [1, 2]], covariances=[np.eye(2)] * 2)


@pytest.mark.parametrize("letters", MODELS)
def test_what_a_user_gives_is_checked_and_expanded(letters):
    rule = covariance_model(letters)
    shape = rule.shape(2, 3)
    given = np.broadcast_to(np.eye(3) if shape[-2:] == (3, 3) else 1.0, shape)
    theta = Parameters.check([0, 1], [[0, 0, 0], [1, 2, 3]], given.tolist(), rule)
    assert all(a.dtype == np.float64 for a in theta)
    for S in matrices(theta)[2]:
        assert (np.eye(3) == S).all()


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"weights": [0.4, 0.5]}, "weights = .* must be at least 0 and sum to 1"),
        ({"weights": [1.4, -0.4]}, "weights = .* must be at least 0"),
        ({"weights": [1.0]}, r"weights has shape \(1,\), expected \(2,\)"),
        ({"weights": ["a", "b"]}, "weights holds <U1"),
        ({"means": [0, 1]}, r"means has shape \(2,\), expected \(n_components, n_features\)"),
        ({"means": [[0, np.inf], [1, 2]]}, r"means\[0, 1\] is inf"),
        ({"means": [[0, 1], [1]]}, "means has rows of different lengths"),
        ({"covariances": np.eye(2)}, r"covariances has shape \(2, 2\), expected \(2, 2, 2\)"),
        ({"covariances": [np.eye(2), -np.eye(2)]}, "covariances of component 1 is not symmetric"),
        ({"covariances": [[[1, 2], [0, 1]]] * 2}, "covariances of component 0 is not symmetric"),
        ({"covariances": [np.nan * np.eye(2)] * 2}, "covariances holds nan"),
    ],
)
def test_what_makes_no_mixture_is_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        Parameters.check(**GOOD | wrong, model=covariance_model("full"))
