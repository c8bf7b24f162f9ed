"""The table of components by feature: integrals as oracles, and what is printed."""

import re
import warnings
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from problems import random_model, with_holes
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm

from numpy_ml_gmm import GMM, BayesianGMM, CollapseWarning, load_iris, load_old_faithful, select
from numpy_ml_gmm.parameters import Parameters
from numpy_ml_gmm.summary import WIDTH, as_counts, distances, joint_distances, shortened, width

FAITHFUL, IRIS = load_old_faithful().X, load_iris().X
PLAIN = "full", "tied", "diag", "spherical", "tied_diag", "tied_spherical", "VEV"


# ---- What tells components apart ---------------------------------------------------------------


@pytest.mark.equation("affinity")
@pytest.mark.parametrize("seed", range(6))
def test_the_affinity_of_a_feature_is_the_integral_of_the_root_of_both_densities(seed):
    rng = np.random.default_rng(seed)
    mu, sigma = rng.normal(size=(2, 1)) * 2, rng.uniform(0.2, 3, size=(2, 1))
    p, q = (norm(m, s) for m, s in zip(mu[:, 0], sigma[:, 0], strict=True))
    rho, _ = quad(lambda x: np.sqrt(p.pdf(x) * q.pdf(x)), -40, 40, points=[*mu[:, 0]], limit=200)
    assert np.exp(-distances(mu, sigma)[0, 1, 0]) == pytest.approx(rho, abs=1e-9)


@pytest.mark.parametrize("name", PLAIN[:6])
def test_the_affinity_of_all_features_is_an_expectation_under_one_component(name):
    """The integral of sqrt(p q) is the mean of sqrt(q / p) under p."""
    theta = random_model(name, K=2, D=3, seed=3, spread=0.6).theta
    Sigma = [np.diag(S) if S.ndim == 1 else S for S in theta.covariances]
    p, q = (multivariate_normal(m, S) for m, S in zip(theta.means, Sigma, strict=True))
    X = p.rvs(200_000, random_state=0)
    ratios = np.exp((q.logpdf(X) - p.logpdf(X)) / 2)
    rho = np.exp(-joint_distances(theta)[0, 1])
    assert rho == pytest.approx(ratios.mean(), abs=5 * ratios.std() / np.sqrt(len(X)))


def test_kailaths_bounds_hold_for_the_error_of_the_best_guess():
    for mu, sigma in (([0, 1], [1, 1]), ([0, 0], [1, 5]), ([0, 3], [1, 2])):
        x = np.linspace(-60, 60, 400_001)
        p, q = (norm.pdf(x, m, s) for m, s in zip(mu, sigma, strict=True))
        error = np.minimum(p, q).sum() * (x[1] - x[0]) / 2
        rho = np.exp(-distances(np.c_[mu], np.c_[sigma])[0, 1, 0])
        assert (1 - np.sqrt(1 - rho**2)) / 2 - 1e-6 <= error <= rho / 2 + 1e-6


@pytest.mark.parametrize("name", PLAIN[:6])
def test_all_features_together_overlap_no_more_than_any_alone(name):
    model = random_model(name, K=4, D=3, seed=1, spread=1)
    together, summary = np.exp(-joint_distances(model.theta)), model.summary()
    for i in range(4):
        for j in range(i):
            alone = summary.overlap(i, j)
            assert together[i, j] <= alone.min() + 1e-9
            if name in ("diag", "spherical", "tied_diag", "tied_spherical"):
                assert together[i, j] == pytest.approx(alone.prod(), rel=1e-9)


@pytest.mark.parametrize("unit", [1e-100, 1e-30, 1e30, 1e70])
def test_overlaps_and_neighbours_do_not_depend_on_units(unit):
    model = random_model("full", K=4, D=2, seed=5)
    scale = np.array([unit, 1.0])
    theta = Parameters(
        model.weights_, model.means_ * scale, model.covariances_ * np.outer(scale, scale)
    )
    np.testing.assert_allclose(joint_distances(theta), joint_distances(model.theta), rtol=1e-9)
    other = GMM.from_parameters(*theta).summary()
    assert other.pairs() == model.summary().pairs()
    np.testing.assert_allclose(other.overlap(0, 1), model.summary().overlap(0, 1), rtol=1e-9)


def test_the_features_that_overlap_least_are_named_first():
    frame = pd.DataFrame(IRIS, columns=load_iris().feature_names)
    text = str(GMM(3, random_state=0).fit(frame).summary())
    line = next(line for line in text.splitlines() if line.startswith("1 and 2"))
    assert re.search(r"Petal.Width 0.35, Petal.Length 0.45, Sepal.Length 0.85", line)


# ---- Points ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("kwargs", [{}, {"noise": True}, {"conjugate_prior": "default"}])
def test_points_are_the_counts_of_the_e_step(name, kwargs):
    if kwargs.get("conjugate_prior") and name == "VEV":
        return
    model = GMM(2, covariance_type=name, random_state=0, **kwargs).fit(FAITHFUL)
    np.testing.assert_allclose(model.counts_, model.e_step(FAITHFUL).counts, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(model.summary().points, model.counts_[:2])


def test_weighted_and_missing_rows_and_tables_of_models_have_points_too():
    w = np.random.default_rng(0).uniform(size=len(FAITHFUL))
    assert GMM(2, random_state=0).fit(FAITHFUL, sample_weight=w).counts_.sum() == pytest.approx(
        w.sum()
    )
    holes = with_holes(FAITHFUL, 0.2, np.random.default_rng(0))
    model = GMM(2, random_state=0).fit(holes)
    np.testing.assert_allclose(model.counts_, model.e_step(holes).counts, rtol=1e-4)
    for row in select(FAITHFUL, [1, 3], ["VVV", "EII"], random_state=0).rows:
        counts = row.model.e_step(FAITHFUL).counts
        np.testing.assert_allclose(row.model.counts_, counts, rtol=1e-9)
    bayes = BayesianGMM(3, random_state=0).fit(FAITHFUL)
    np.testing.assert_allclose(bayes.summary().points.sum(), len(FAITHFUL))


def test_points_are_those_of_the_present_parameters_or_not_shown(tmp_path):
    model = GMM(2, noise=True, random_state=0).fit(FAITHFUL)
    model.save(tmp_path / "model.npz")
    assert str(GMM.load(tmp_path / "model.npz").summary()) == str(model.summary())
    assert model.m_step(model.e_step(FAITHFUL[:100])).summary().points is None
    given = GMM.from_parameters(model.theta.weights / model.theta.weights.sum(), *model.theta[1:])
    assert "points" not in str(given.summary())


@pytest.mark.parametrize(
    "counts", [np.ones(3), np.array([-1.0, 3.0]), np.array(["a", "b"]), [1, 2]]
)
def test_counts_that_no_fit_leaves_are_not_saved(counts, tmp_path):
    model = GMM(2, random_state=0).fit(FAITHFUL)
    model.counts_ = counts
    with pytest.raises(ValueError, match="counts_"):
        model.save(tmp_path / "model.npz")


@pytest.mark.parametrize("outliers", [1, 2, 3])
def test_a_component_that_a_tied_fit_spends_on_outliers_is_marked(outliers):
    far = [50.0, 300.0] + np.arange(outliers)[:, None] / 10
    X = np.vstack([FAITHFUL, far])
    summary = GMM(3, covariance_type="tied", random_state=0).fit(X).summary()
    assert summary.few().sum() == 1 and summary.points[summary.few()] == pytest.approx(outliers)
    assert f"*{outliers}.0" in str(summary) and "noise=True" in str(summary)
    assert f"*{outliers}.0" in summary._repr_html_()
    calm = GMM(2, covariance_type="tied", noise=True, random_state=0).fit(X).summary()
    assert not calm.few().any() and calm.noise[1] == pytest.approx(outliers, abs=0.3)


def test_few_is_less_than_a_covariance_of_its_own_needs():
    X = np.random.default_rng(0).normal(size=(60, 9))
    z = np.repeat([0, 1], [8, 52])
    X[z == 1] += 30
    for name, marked in (("full", True), ("tied", False), ("diag", False)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CollapseWarning)
            model = GMM(2, covariance_type=name, init_params=z, random_state=0).fit(X)
        assert ("*8.0" in str(model.summary())) == marked


def test_weights_that_sum_to_one_mark_nothing():
    model = GMM(2, random_state=0).fit(FAITHFUL, sample_weight=np.full(272, 1 / 272))
    text = str(model.summary())
    assert "*" not in text and "0.356" in text and ", 1 point\n" in text


# ---- What is printed ---------------------------------------------------------------------------

NAMES = {
    "short": "x{}",
    "long": "the standard deviation of the radius of nucleus number {}",
    "wide": "細胞核の半径の標準偏差の推定値その番号は{}",
    "odd": "<b>&\n\t'{}' {{%s}}",
    "empty": "",
}


def mixture(K, D, names="short", magnitude=0.0, **params):
    """A mixture with names, and points that were never seen."""
    model = random_model("full", K, D, seed=K + D, **params)
    scale = 10.0 ** (magnitude * np.linspace(-1, 1, D))
    model.means_ *= scale
    model.covariances_ *= np.outer(scale, scale)
    model.feature_names_in_ = np.array([NAMES[names].format(d) for d in range(D)], dtype=object)
    model.counts_ = 1000 * model.weights_
    return model


@pytest.mark.parametrize("magnitude", [0, 6, 140])
@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize(("K", "D"), [(1, 1), (2, 2), (2, 30), (20, 2), (20, 30), (3, 100)])
def test_nothing_wraps_in_a_terminal_of_80_columns(K, D, names, magnitude):
    summary = mixture(K, D, names, magnitude).summary()
    assert repr(summary) == str(summary)
    assert max(width(line) for line in str(summary).splitlines()) <= WIDTH == 80
    assert "nan" not in str(summary) and "inf" not in str(summary)


def test_every_component_and_feature_is_there():
    text = str(mixture(20, 30).summary())
    heads = re.findall(r"^component (.*)$", text, re.MULTILINE)
    assert " ".join(heads).split() == [str(k) for k in range(20)]
    assert all(text.count(f"\nx{d} ") == len(heads) for d in range(30))


def test_means_and_deviations_are_those_of_the_mixture_to_their_last_digit():
    """Read what is printed, and compare."""
    for magnitude in (0, 2, 9):
        model = mixture(3, 6, magnitude=magnitude)
        lines = [line for line in str(model.summary()).splitlines() if line.startswith("x")]
        sigma = np.sqrt(model.covariances_.diagonal(axis1=1, axis2=2))
        for d, line in enumerate(lines):
            unit = float((re.search(r" / (1e\S+)", line) or [0, 1])[1])
            for k, (m, s) in enumerate(re.findall(r"(\S+) ± (\S+)", line)):
                last = unit * 10.0 ** -len(m.partition(".")[2])
                assert float(m) * unit == pytest.approx(model.means_[k, d], abs=0.5001 * last)
                assert float(s) * unit == pytest.approx(sigma[k, d], abs=0.5001 * last)
                assert len(re.sub(r"\D", "", s).lstrip("0")) >= 2  # digits of the deviation


@pytest.mark.parametrize("far", [1e6, 1e10, 1e13])
def test_far_away_means_keep_the_digits_in_which_they_differ(far):
    text = str(GMM(2, random_state=0).fit(FAITHFUL + np.array([far, 0.0])).summary())
    assert re.search(rf"{far + 2:.0f}\.0\d ± 0.26", text) and f"{far + 4:.0f}." in text


def test_of_many_features_those_that_tell_most_apart_are_shown():
    mu = np.zeros((2, 100))
    mu[1, [7, 77]] = 5
    model = GMM.from_parameters([0.5, 0.5], mu, np.ones((2, 100)), covariance_type="diag")
    shown = [line.split()[0] for line in str(model.summary()).splitlines() if "±" in line]
    assert {"x7", "x77"} <= set(shown) and len(shown) == 40
    assert "40 of 100 features" in str(model.summary())


def test_the_noise_has_a_row_without_means():
    model = GMM(2, noise=True, random_state=0).fit(np.vstack([FAITHFUL, [[50.0, 300.0]]]))
    row = next(line for line in str(model.summary()).splitlines() if line.startswith("noise"))
    assert row.split() == ["noise", "0.004", "1.0"]
    wide = GMM(2, noise=True, init_params=np.arange(40) % 2, var_smoothing=1.0)
    X = np.random.default_rng(0).normal(size=(40, 12))
    X[1::2] += 3
    text = str(wide.fit(X).summary())
    assert re.search(r"^component +0 +1 +noise$", text, re.MULTILINE)


class Cells(HTMLParser):
    """The text of every cell of the tables, and the tags that are open at the end."""

    def __init__(self, html):
        super().__init__()
        self.open, self.cells = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.cells[-1] += data


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize(("K", "D"), [(2, 2), (2, 30), (20, 2)])
def test_the_html_says_the_same_with_whole_names(K, D, names):
    model = mixture(K, D, names)
    page, text = Cells(model.summary()._repr_html_()), str(model.summary())
    assert not page.open
    means = [cell for cell in page.cells if "±" in cell]
    assert sorted(means) == sorted(re.findall(r"-?[\d.]+ ± [\d.]+", text))
    for d, name in enumerate(model.feature_names_in_):
        assert (" ".join(name.split()) or f"x{d}") in page.cells


def test_a_frame_has_a_row_for_each_component_and_feature():
    model = mixture(3, 4, "long")
    frame = model.summary().to_frame()
    means = frame.pivot(index="component", columns="feature", values="mean")
    np.testing.assert_array_equal(means[model.feature_names_in_], model.means_)
    np.testing.assert_allclose(
        frame["sd"].to_numpy().reshape(3, 4) ** 2, model.covariances_.diagonal(axis1=1, axis2=2)
    )
    assert frame.groupby("component")["points"].first().sum() == pytest.approx(1000)
    assert (
        GMM.from_parameters([1.0], [[0.0]], [[[1.0]]]).summary().to_frame()["points"].isna().all()
    )


def test_names_are_cut_in_the_middle_and_counts_have_few_digits():
    assert shortened("radius error", 20) == "radius error"
    assert shortened("a" * 30 + "z", 9) == "aaaa…aaaz"
    assert as_counts([96.81, 175.19]) == ["96.8", "175.2"]
    assert as_counts([3e5, 7e5]) == ["300000", "700000"]
    assert as_counts([0.25, 0.75]) == ["0.25", "0.75"]


def test_a_model_that_lacks_its_noise_says_so():
    model = GMM(2, init_params="kmeans").fit(FAITHFUL).set_params(noise=True)
    with pytest.raises(ValueError, match="has noise=True but no noise_box_: call fit"):
        model.summary()


def test_an_unfitted_model_says_so():
    with pytest.raises(AttributeError, match="fit"):
        GMM(2).summary()
