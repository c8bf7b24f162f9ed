"""Fisher vectors and float32 descriptors, against finite differences and plain sums."""

import numpy as np
import pytest
from problems import log_joint, log_likelihood, random_model
from scipy.integrate import quad
from scipy.optimize import approx_fprime
from scipy.special import softmax

from numpy_ml_gmm import GMM, NotFittedError
from numpy_ml_gmm.fisher import fisher_vector, log_likelihood_gradient, signed_root

DIAGONAL = ["diag", "spherical", "tied_diag", "tied_spherical"]


def matrices(sigma):
    """Covariances (K, D, D) of these deviations (K, D)."""
    return sigma[:, :, None] ** 2 * np.eye(sigma.shape[1])


def problem(seed=0, N=30, K=3, D=2):
    """Parameters (pi, mu, sigma), the mixture, and points of another origin."""
    rng = np.random.default_rng(seed)
    pi, mu = rng.dirichlet(np.full(K, 3.0)), 2 * rng.normal(size=(K, D))
    sigma = rng.uniform(0.5, 2, size=(K, D))
    model = GMM.from_parameters(pi, mu, sigma**2, covariance_type="diag")
    return pi, mu, sigma, model, 2 * rng.normal(size=(N, D)) + 0.5


def slope_by_differences(X, pi, mu, sigma, of):
    """Central differences of the log-likelihood in mu or sigma."""

    def log_p(flat):
        at = {"mu": mu, "sigma": sigma, of: flat.reshape(mu.shape)}
        return log_likelihood(X, pi, at["mu"], matrices(at["sigma"]))

    at = {"mu": mu, "sigma": sigma}[of].ravel()
    step = 1e-5 * np.eye(len(at))
    return np.array([(log_p(at + h) - log_p(at - h)) / 2e-5 for h in step]).reshape(mu.shape)


@pytest.mark.equation("gradient-mean")
@pytest.mark.parametrize("seed", range(3))
def test_slope_in_the_means_is_a_finite_difference_of_the_log_likelihood(seed):
    pi, mu, sigma, model, X = problem(seed)
    differences = slope_by_differences(X, pi, mu, sigma, "mu")
    r = softmax(log_joint(X, pi, mu, matrices(sigma)), axis=1)
    formula = np.einsum("nk,nkd->kd", r, X[:, None, :] - mu) / sigma**2
    np.testing.assert_allclose(formula, differences, atol=1e-6)
    np.testing.assert_allclose(log_likelihood_gradient(model, X)[0], differences, atol=1e-6)


@pytest.mark.equation("gradient-deviation")
@pytest.mark.parametrize("seed", range(3))
def test_slope_in_the_deviations_is_a_finite_difference_of_the_log_likelihood(seed):
    pi, mu, sigma, model, X = problem(seed)
    differences = slope_by_differences(X, pi, mu, sigma, "sigma")
    r = softmax(log_joint(X, pi, mu, matrices(sigma)), axis=1)
    terms = (X[:, None, :] - mu) ** 2 / sigma**3 - 1 / sigma
    np.testing.assert_allclose(np.einsum("nk,nkd->kd", r, terms), differences, atol=1e-6)
    np.testing.assert_allclose(log_likelihood_gradient(model, X)[1], differences, atol=1e-6)


@pytest.mark.equation("fisher-information")
def test_information_of_a_point_is_the_variance_of_its_slope_when_components_are_apart():
    pi, mu, sigma = np.array([0.3, 0.7]), np.array([[0.0], [200.0]]), np.array([[1.5], [4.0]])

    def expected(k, of):
        def integrand(x):
            at = {"mu": mu, "sigma": sigma}[of][k, 0]

            def log_p(t):
                values = {"mu": mu.copy(), "sigma": sigma.copy()}
                values[of][k, 0] = t[0]
                return log_likelihood(np.array([[x]]), pi, values["mu"], matrices(values["sigma"]))

            return approx_fprime([at], log_p, 1e-6)[0] ** 2 * np.exp(log_p([at]))

        centre, width = mu[k, 0], 10 * sigma[k, 0]
        return quad(integrand, centre - width, centre + width, limit=200)[0]

    for k in range(2):
        assert expected(k, "mu") == pytest.approx(pi[k] / sigma[k, 0] ** 2, rel=1e-4)
        assert expected(k, "sigma") == pytest.approx(2 * pi[k] / sigma[k, 0] ** 2, rel=1e-4)


@pytest.mark.equation("fisher-vector")
@pytest.mark.parametrize("name", DIAGONAL)
def test_vector_is_the_mean_slope_over_the_root_of_the_information(name):
    model = random_model(name, seed=3)
    X, _ = random_model(name, seed=4).sample(40)
    sigma = np.sqrt(model.covariance_model.expand(model.covariances_, *model.means_.shape))
    slopes = [
        slope_by_differences(X, model.weights_, model.means_, sigma, of) for of in ("mu", "sigma")
    ]
    information = model.weights_[:, None] / sigma**2
    by_hand = [
        slopes[0] / len(X) / np.sqrt(information),
        slopes[1] / len(X) / np.sqrt(2 * information),
    ]
    plain = fisher_vector(model, X, square_root=False, normalise=False)
    np.testing.assert_allclose(plain, np.ravel(by_hand), atol=1e-6)


@pytest.mark.equation("signed-root")
def test_root_keeps_the_sign_and_its_square_is_the_size():
    v = np.random.default_rng(0).normal(size=100)
    f = signed_root(v)
    np.testing.assert_allclose(f * np.abs(f), v, rtol=1e-14)
    assert (np.sign(f) == np.sign(v)).all() and signed_root(np.zeros(1)) == 0


def test_vector_is_rooted_then_brought_to_length_one():
    *_, model, X = problem()
    plain = fisher_vector(model, X, square_root=False, normalise=False)
    root = np.sign(plain) * np.sqrt(np.abs(plain))
    np.testing.assert_allclose(fisher_vector(model, X), root / np.sqrt((root**2).sum()), rtol=1e-12)
    assert np.linalg.norm(fisher_vector(model, X, square_root=False)) == pytest.approx(1)


def test_vector_of_the_training_set_is_nearly_zero():
    X, _ = random_model("diag", seed=5, spread=3.0).sample(500)
    model = GMM(
        3, covariance_type="diag", tol=1e-13, max_iter=5000, var_smoothing=0, random_state=0
    )
    vector = fisher_vector(model.fit(X), X, square_root=False, normalise=False)
    assert np.abs(vector).max() < 1e-4


def test_a_set_twice_has_the_vector_of_the_set():
    *_, model, X = problem()
    twice = fisher_vector(model, np.vstack([X, X]))
    np.testing.assert_allclose(twice, fisher_vector(model, X), rtol=1e-10)


def test_far_from_the_origin_no_digits_are_lost():
    pi, mu, sigma, model, X = problem()
    far = GMM.from_parameters(pi, mu + 2.0**30, sigma**2, covariance_type="diag")
    np.testing.assert_allclose(fisher_vector(far, X + 2.0**30), fisher_vector(model, X), atol=1e-6)


def test_float32_stays_float32_and_close():
    *_, model, X = problem(N=500)
    narrow, wide = fisher_vector(model, X.astype(np.float32)), fisher_vector(model, X)
    assert narrow.dtype == np.float32 and wide.dtype == np.float64
    np.testing.assert_allclose(narrow, wide, atol=2e-3)


def test_one_point_and_a_component_without_points_give_finite_numbers():
    model = GMM.from_parameters(
        [0.5, 0.5, 0.0], [[0.0], [1e4], [5.0]], [[1.0]] * 3, covariance_type="diag"
    )
    vector = fisher_vector(model, [[0.5]])
    assert np.isfinite(vector).all() and np.linalg.norm(vector) == pytest.approx(1)
    np.testing.assert_allclose(vector[[1, 2, 4, 5]], 0, atol=1e-30)


def test_bad_input_is_told():
    *_, model, X = problem()
    with pytest.raises(ValueError, match=r"covariance_type='full'.*fit GMM"):
        fisher_vector(random_model("full"), X)
    with pytest.raises(ValueError, match="has 3 features"):
        fisher_vector(model, np.ones((4, 3)))
    with pytest.raises((NotFittedError, ValueError), match="not fitted"):
        fisher_vector(GMM(2, covariance_type="diag"), X)


# ---- The mixture as vl_gmm has it: diagonal, float32, random start, so many steps ----------------


def test_descriptors_in_float32_are_clustered_in_float32_throughout():
    X = np.random.default_rng(0).random((1000, 3)).astype(np.float32)
    model = GMM(
        10,
        covariance_type="diag",
        init_params="random",
        tol=0,
        max_iter=100,
        n_init=2,
        var_smoothing=1e-4,
        random_state=0,
    ).fit(X)
    assert model.n_iter_ == 100
    results = model.weights_, model.means_, model.covariances_, model.predict_proba(X)
    assert {a.dtype for a in results} == {np.dtype(np.float32)}
    assert [a.shape for a in results] == [(10,), (10, 3), (10, 3), (1000, 10)]
    assert (model.covariances_ >= 1e-4 * X.var(axis=0) * (1 - 1e-5)).all()  # the floor


def test_given_parameters_in_float32_are_where_em_starts():
    X = np.random.default_rng(0).random((500, 3)).astype(np.float32)
    start = np.full(2, 0.5, np.float32), X[:2], np.full((2, 3), 0.1, np.float32)
    names = "weights_init", "means_init", "covariances_init"
    given = dict(zip(names, start, strict=True))
    settings = {"covariance_type": "diag", "tol": 0, "max_iter": 3, "var_smoothing": 0}
    narrow = GMM(2, **settings, **given).fit(X)
    wide = GMM(2, **settings, **given).fit(X.astype(np.float64))
    assert narrow.means_.dtype == np.float32 and wide.means_.dtype == np.float64
    np.testing.assert_allclose(narrow.means_, wide.means_, rtol=1e-4)
