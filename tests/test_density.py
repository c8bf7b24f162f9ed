"""Distribution function, quantiles, regions of highest density: quadrature, draws, R."""

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from problems import parameters, random_model, with_holes
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import chi2, norm, uniform

from numpy_ml_gmm import GMM, BayesianGMM, load_iris, load_old_faithful
from numpy_ml_gmm.covariances import MODELS

nan, inf = np.nan, np.inf
FAITHFUL = load_old_faithful().X
MCLUST = json.loads(Path(__file__).with_name("data").joinpath("mclust_verbs.json").read_text())
GRID = np.concatenate([[0, 1e-300, 1e-20], np.linspace(0, 1, 301), [1 - 1e-15, 1]])


def density(model):
    """The density of a mixture of one feature, by scipy.stats."""
    pi, mu, Sigma = (np.ravel(a) for a in parameters(model))
    centre, half = model.noise_box_.ravel() if model.noise else (0, 1)
    pi_0 = model.noise_weight_ if model.noise else 0

    def p(x):
        return pi @ norm.pdf(x, mu, np.sqrt(Sigma)) + pi_0 * uniform.pdf(x, centre - half, 2 * half)

    return p


def line(seed=0, K=3):
    return random_model("full", K=K, D=1, seed=seed)


def with_noise(D=1, pi_0=0.2, seed=0):
    """A fitted mixture of two clusters and a box."""
    rng = np.random.default_rng(seed)
    X = np.vstack([rng.normal(0, 1, (150, D)), rng.normal(9, 1, (150, D))])
    X = np.vstack([X, rng.uniform(-20, 30, (int(300 * pi_0 / (1 - pi_0)), D))])
    return GMM(2, noise=True, random_state=0).fit(X)


# ---- One feature -------------------------------------------------------------------------------


@pytest.mark.equation("cdf")
@pytest.mark.parametrize("model", [line(), with_noise()], ids=["plain", "noise"])
def test_the_distribution_function_is_the_integral_of_the_density(model):
    low, points = -40.0, [-20, -10, -3, 0, 3, 9, 20, 30]
    for x in (-5.0, 0.3, 4.0, 25.0):
        edges = [low, *(t for t in points if low < t < x), x]
        if model.noise:
            edges += [e for e in (model.noise_box_[0] + [-1, 1] * model.noise_box_[1]) if e < x]
            edges.sort()
        pieces = (quad(density(model), *ab, epsabs=1e-12) for ab in itertools.pairwise(edges))
        integral = sum(value for value, _ in pieces)
        assert model.cdf(x) == pytest.approx(integral, abs=1e-9)


@pytest.mark.equation("cdf")
def test_a_box_adds_the_distribution_function_of_the_uniform():
    model = with_noise()
    x = np.linspace(-30, 40, 57)
    pi, mu, Sigma = (np.ravel(a) for a in parameters(model))
    centre, half = model.noise_box_.ravel()
    parts = [
        p * norm.cdf(x, m.item(), np.sqrt(S.item())) for p, m, S in zip(pi, mu, Sigma, strict=True)
    ]
    expected = sum(parts) + model.noise_weight_ * uniform.cdf(x, centre - half, 2 * half)
    np.testing.assert_allclose(model.cdf(x), expected, atol=1e-13)


@pytest.mark.equation("quantile")
@pytest.mark.parametrize("model", [line(), line(3, 1), with_noise()], ids=["plain", "one", "noise"])
def test_the_quantile_is_the_root_and_inverts_to_rounding(model):
    x = model.quantile(GRID)
    np.testing.assert_allclose(model.cdf(x), GRID, atol=4e-16)
    assert (x[GRID == 0] == -inf).all() and (x[GRID == 1] == inf).all()
    assert (np.diff(model.quantile(np.sort(GRID))[1:-1]) >= 0).all()
    p = np.random.default_rng(0).random(6000)  # the next number below is too small already
    assert (model.cdf(np.nextafter(model.quantile(p), -inf)) < p).all()
    for p in (0.01, 0.4, 0.77):
        root = brentq(lambda x, p=p: model.cdf(x) - p, -100, 100, xtol=1e-13)
        assert model.quantile(p) == pytest.approx(root, abs=1e-9)


def test_one_gaussian_is_scipys():
    model = GMM.from_parameters([1.0], [[3.0]], [[[4.0]]])
    x = np.linspace(-20, 25, 100)
    np.testing.assert_allclose(model.cdf(x), norm.cdf(x, 3, 2), rtol=1e-13)
    p = GRID[GRID != 1 - 1e-15]  # there F is flat to rounding
    np.testing.assert_allclose(model.quantile(p), norm.ppf(p, 3, 2), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("scale", [1e-150, 1e-12, 1.0, 1e12, 1e148])
@pytest.mark.parametrize("offset", [0.0, -1e3])
def test_quantiles_follow_the_unit_and_the_origin(scale, offset):
    weights, means, variances = [0.3, 0.7], np.array([[-1.0], [2.0]]), np.array([[0.5], [1.5]])
    plain = GMM.from_parameters(weights, means, variances, covariance_type="diag")
    moved = GMM.from_parameters(
        weights, scale * (means + offset), variances * scale * scale, covariance_type="diag"
    )
    np.testing.assert_allclose(
        moved.quantile(GRID),
        scale * (plain.quantile(GRID) + offset),
        rtol=1e-12,
        atol=scale * 1e-11,
    )
    np.testing.assert_allclose(moved.cdf(moved.quantile(GRID)), GRID, atol=1e-12)


def test_a_gap_between_far_components_has_an_end():
    model = GMM.from_parameters([0.25, 0.75], [[-1e12], [1e12]], [[[1.0]], [[1e-8]]])
    x = model.quantile([0.2, 0.25, 0.25 + 1e-9, 0.3])
    assert abs(x[:2] + 1e12).max() < 10 and abs(x[2:] - 1e12).max() < 10
    assert model.cdf([0.0, -1e308, 1e308]).tolist() == [0.25, 0, 1]
    extreme = GMM.from_parameters([0.5, 0.5], [[-1e150], [1e150]], [[[1e-300]], [[1e299]]])
    assert np.isfinite(extreme.quantile([1e-300, 0.5, 1 - 1e-16])).all()


def test_a_component_without_weight_has_no_say_and_noise_may_have_all():
    model = GMM.from_parameters([1.0, 0.0], [[0.0], [1e9]], [[[1.0]], [[1.0]]])
    assert model.quantile(0.975) == pytest.approx(norm.ppf(0.975))
    model = with_noise()
    model.weights_, model.noise_weight_ = np.zeros(2), 1.0
    centre, half = model.noise_box_.ravel()
    assert model.quantile([0.25, 1.0]) == pytest.approx([centre - half / 2, centre + half])


def test_answers_have_the_shape_of_the_question():
    model = line()
    assert np.shape(model.cdf(0)) == np.shape(model.quantile(0.5)) == ()
    assert model.cdf(np.zeros((2, 3))).shape == model.quantile(np.full((2, 3), 0.5)).shape == (2, 3)
    assert model.cdf([]).shape == model.quantile([]).shape == (0,)
    assert np.isnan(model.cdf([nan, 0.0])).tolist() == [True, False]
    assert model.cdf(pd.Series([0.0, 1.0])).shape == (2,)


@pytest.mark.parametrize("letters", MODELS)
def test_marginals_of_every_covariance_model_have_quantiles(letters):
    model = GMM(2, covariance_type=letters, random_state=0, n_init=1).fit(FAITHFUL)
    wait = model.marginal(1)
    draws = model.sample(4000)[0][:, 1]
    assert abs(wait.cdf(np.sort(draws)) - np.arange(4000) / 4000).max() < 0.04  # Kolmogorov
    given = model.condition(0, 2.0)
    assert given.cdf(given.quantile([0.1, 0.5])) == pytest.approx([0.1, 0.5], abs=1e-15)
    level = model.density_level(0.9)
    assert (model.score_samples(model.sample(4000)[0]) >= level).mean() == pytest.approx(
        0.9, abs=0.02
    )


@pytest.mark.parametrize("fit", MCLUST["lines"], ids=lambda fit: fit["model"])
def test_mclust_has_the_same_distribution_function_and_quantiles(fit):
    """Made by tests/make_mclust_verbs.R; its quantiles are roots found to 1e-8."""
    variances = np.ravel(fit["variances"])[:, None]
    means = np.ravel(fit["means"])[:, None]
    model = GMM.from_parameters(np.ravel(fit["weights"]), means, variances, covariance_type="diag")
    np.testing.assert_allclose(model.cdf(fit["x"]), fit["cdf"], rtol=1e-12)
    np.testing.assert_allclose(model.quantile(fit["p"]), fit["quantile"], atol=1e-5)


def test_mclusts_levels_are_quantiles_of_the_densities_of_the_data():
    fit = MCLUST["levels"]
    model = GMM.from_parameters(np.ravel(fit["weights"]), fit["means"], fit["covariances"])
    log_p = model.score_samples(FAITHFUL)
    sampled = np.quantile(np.exp(log_p), 1 - np.array(fit["mass"]))
    np.testing.assert_allclose(sampled, fit["levels"], rtol=1e-10)
    # Ours are those of the mixture: mclust's come near, as near as 272 points can.
    beyond = (log_p[:, None] < model.density_level(fit["mass"])).mean(axis=0)
    np.testing.assert_allclose(beyond, 1 - np.array(fit["mass"]), atol=0.08)


# ---- Regions of highest density -----------------------------------------------------------------

MASSES = np.array([0.01, 0.3, 0.5, 0.9, 0.99, 0.9999])


@pytest.mark.equation("density-level", "outliers")
@pytest.mark.parametrize("D", [1, 2, 7, 40])
def test_the_levels_of_one_gaussian_are_those_of_chi_square(D):
    model = random_model("full", K=1, D=D, seed=D)
    peak = model.score_samples(model.means_)[0]
    expected = peak - chi2.ppf(MASSES, D) / 2
    np.testing.assert_allclose(model.density_level(MASSES), expected, atol=4e-3)
    X = model.sample(3000)[0]
    squares = -2 * (model.score_samples(X) - peak)
    agree = model.outliers(X, 0.9) == (squares > chi2.ppf(0.9, D))
    assert agree.mean() > 0.999


@pytest.mark.equation("density-level")
def test_the_region_holds_its_mass_by_quadrature():
    model = GMM.from_parameters([0.3, 0.7], [[-1.0], [2.5]], [[[0.5]], [[1.0]]])
    x = np.linspace(-12, 14, 200_001)
    log_p = model.score_samples(x[:, None])
    for mass, t in zip(MASSES, model.density_level(MASSES), strict=True):
        inside = (np.exp(log_p) * (log_p >= t)).sum() * (x[1] - x[0])
        assert abs(inside - mass) < 2e-3 * min(mass, 1 - mass) + 1e-5


@pytest.mark.equation("density-level")
@pytest.mark.parametrize(("K", "D", "spread"), [(3, 2, 1), (5, 8, 0.5), (8, 20, 0.3), (3, 2, 9)])
def test_the_region_holds_its_mass_of_draws(K, D, spread):
    model = random_model("full", K=K, D=D, spread=spread, seed=K)
    log_p = model.score_samples(model.sample(100_000)[0])
    for mass, t in zip(MASSES, model.density_level(MASSES), strict=True):
        error = np.sqrt(mass * (1 - mass) / 100_000)
        assert abs((log_p >= t).mean() - mass) < 4 * error + 5e-3 * min(mass, 1 - mass)


@pytest.mark.equation("outliers")
def test_noise_is_part_of_the_density():
    model = with_noise(D=2, pi_0=0.3)
    flat = (
        np.log(model.noise_weight_) - np.log(2 * np.linalg.norm(model.noise_box_[1:], axis=1)).sum()
    )
    assert model.density_level(0.99) == pytest.approx(flat, abs=1e-6)
    inside = model.noise_box_[0] + 0.99 * model.noise_box_[1:].sum(axis=0)
    assert model.predict([inside]) == [-1]
    assert model.outliers([inside, [500.0, 0.0], model.means_[0]]).tolist() == [False, True, False]
    in_box = model._box.draw(500, np.random.default_rng(0))
    for weight in np.linspace(0.2, 0.4, 9):
        model.weights_, model.noise_weight_ = np.full(2, (1 - weight) / 2), weight
        for dtype in (np.float32, np.float64):
            assert not model.outliers(in_box.astype(dtype)).any()
    log_p = model.score_samples(model.sample(20_000)[0])
    t = model.density_level(0.4)
    assert (log_p >= t).mean() == pytest.approx(0.4, abs=0.02)


@pytest.mark.parametrize("noise", [False, True])
def test_a_row_that_lacks_values_is_a_point_of_the_marginal(noise):
    X = with_holes(load_iris().X, 0.2)
    model = GMM(3, noise=noise, random_state=0).fit(X)
    far = np.array([[nan, 9.9, nan, nan], [nan] * 4, [5.0, 3.0, nan, nan]])
    found = model.outliers(np.vstack([X, far]), mass=0.9)
    assert found[-3:].tolist() == [not noise or found[-3], False, False]
    there = ~np.isnan(X).any(axis=1)
    np.testing.assert_array_equal(found[: len(X)][there], model.outliers(X[there], 0.9))
    if not noise:
        some = np.isnan(X[:, 2]) & ~np.isnan(X[:, [0, 1, 3]]).any(axis=1)
        by_hand = model.marginal([0, 1, 3]).outliers(X[some][:, [0, 1, 3]], 0.9)
        np.testing.assert_array_equal(found[: len(X)][some], by_hand)
        assert found[: len(X)].mean() == pytest.approx(0.1, abs=0.06)


@pytest.mark.parametrize("scale", [1e-150, 1e-9, 1e9, 1e148])
def test_outliers_do_not_depend_on_the_unit(scale):
    weights, means = [0.4, 0.6], np.array([[0.0, 0.0], [5.0, 1.0]])
    plain = GMM.from_parameters(weights, means, [1.0, 2.0], covariance_type="VII", random_state=0)
    X = np.vstack([plain.sample(200)[0], [[40.0, 0.0]]])
    tiny = GMM.from_parameters(
        weights, scale * means, scale * scale * np.array([1.0, 2.0]), covariance_type="VII"
    )
    np.testing.assert_array_equal(tiny.outliers(scale * X, 0.9), plain.outliers(X, 0.9))
    shift = 1e9
    far = GMM.from_parameters(weights, means + shift, [1.0, 2.0], covariance_type="VII")
    assert (far.outliers(X + shift, 0.9) == plain.outliers(X, 0.9)).mean() > 0.99


def test_bayesian_single_precision_and_named_columns():
    table = pd.DataFrame(FAITHFUL, columns=["eruption", "wait"])
    model = GMM(2, random_state=0).fit(table)
    found = model.outliers(table, 0.95)
    assert found.dtype == bool and 3 < found.sum() < 30
    with pytest.raises(ValueError, match="feature names should match"):
        model.outliers(table[["wait", "eruption"]])
    single = GMM(2, random_state=0).fit(FAITHFUL.astype(np.float32))
    assert (single.outliers(FAITHFUL.astype(np.float32), 0.95) == found).mean() > 0.99
    bayes = BayesianGMM(4, random_state=0).fit(FAITHFUL)
    np.testing.assert_array_equal(bayes.outliers(FAITHFUL), bayes.mixture_.outliers(FAITHFUL))
    assert bayes.marginal(0).cdf(inf) == 1


def test_two_features_by_a_sum_over_a_grid():
    model = random_model("full", K=2, D=2, seed=1, spread=1.0)
    t = model.density_level(0.8)

    low, high = model.means_.min() - 4, model.means_.max() + 4
    steps = np.linspace(low, high, 300)
    grid = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    log_p = model.score_samples(grid)
    cell = (steps[1] - steps[0]) ** 2
    assert np.exp(log_p[log_p >= t]).sum() * cell == pytest.approx(0.8, abs=3e-3)


BAD = {
    "cdf of two": (
        lambda m: GMM(1).fit(FAITHFUL).cdf(0),
        ValueError,
        r"has 2: .*marginal\(0\).cdf",
    ),
    "quantile of two": (lambda m: GMM(1).fit(FAITHFUL).quantile(0.1), ValueError, "marginal"),
    "p above 1": (lambda m: m.quantile([0.5, 1.5]), ValueError, "p=1.5 is not between 0 and 1"),
    "p below 0": (lambda m: m.quantile(-0.1), ValueError, "p=-0.1 is not"),
    "p nan": (lambda m: m.quantile(nan), ValueError, "p=nan is not"),
    "p words": (lambda m: m.quantile("half"), ValueError, "p holds <U4: pass an array of numbers"),
    "x words": (lambda m: m.cdf(["a"]), ValueError, "x holds <U1"),
    "mass 0": (lambda m: m.density_level(0), ValueError, "mass=0 must lie between 0 and 1"),
    "mass 99": (lambda m: m.outliers([[0.0]], 99), ValueError, "mass=99 .*write 0.99"),
    "masses": (lambda m: m.outliers([[0.0]], [0.5, 0.9]), ValueError, "one number"),
    "wide X": (lambda m: m.outliers([[0.0, 1.0]]), ValueError, "features"),
    "not fitted": (lambda m: GMM(2).cdf(0), ValueError, "not fitted"),
    "infinity": (lambda m: m.outliers([[inf]]), ValueError, "X"),
}


@pytest.mark.parametrize(("call", "error", "message"), BAD.values(), ids=BAD)
def test_what_does_not_fit_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call(line())
