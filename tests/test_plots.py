"""Plots say what they claim: geometry, masses and colours are measured, not only drawn."""

import re
import subprocess
import sys
import warnings
from itertools import combinations, islice
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import trapezoid
from scipy.stats import chi2, multivariate_normal, norm

matplotlib.use("agg")

import matplotlib.pyplot as plt
from matplotlib.animation import FFMpegWriter
from matplotlib.collections import PathCollection
from matplotlib.path import Path as Curve
from PIL import Image

from numpy_ml_gmm import (
    GMM,
    combine,
    load_iris,
    load_old_faithful,
    plots,
    separating_directions,
)
from numpy_ml_gmm.covariances import MODELS, NAMES
from numpy_ml_gmm.plots import view
from numpy_ml_gmm.plots.colours import contrast
from numpy_ml_gmm.plots.grid import intervals

MASSES = (0.99, 0.9, 0.5)


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def faithful():
    return load_old_faithful().X


@pytest.fixture(scope="module")
def iris():
    return load_iris().X


def mixture(pi, mu, Sigma, covariance_type="full"):
    parameters = {"weights_": pi, "means_": mu, "covariances_": Sigma}
    arrays = {name: np.asarray(value, dtype=float) for name, value in parameters.items()}
    return SimpleNamespace(**arrays, covariance_type=covariance_type)


def random_mixture(seed, K, D):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(K, D, D))
    return mixture(
        rng.dirichlet(np.full(K, 3)),
        3 * rng.normal(size=(K, D)),
        A @ np.swapaxes(A, -1, -2) + 0.05 * np.eye(D),
    )


def draw(model, n, seed=0):
    """n points of a mixture, and their components."""
    rng = np.random.default_rng(seed)
    z = rng.choice(len(model.weights_), n, p=model.weights_)
    L = np.linalg.cholesky(model.covariances_)
    return model.means_[z] + np.einsum("nij,nj->ni", L[z], rng.normal(size=(n, L.shape[-1])))


def covariances_of_shape(covariance_type, K, D, seed=1):
    """Covariances in the shape that a covariance model's attribute has, and all of them in full."""
    model = MODELS[NAMES.get(covariance_type, covariance_type)]
    rng = np.random.default_rng(seed)
    shape = model.shape(K, D)
    if shape[-2:] == (D, D):
        A = rng.normal(size=shape)
        values = A @ np.swapaxes(A, -1, -2) + 0.1 * np.eye(D)
    else:
        values = rng.uniform(0.3, 3, size=shape)
    full = model.expand(values, K, D)
    return values, np.array([np.diag(S) for S in full]) if model.diagonal else full


TRICKY = {
    "one component": mixture([1], [[0, 0]], [[[1, 0.9], [0.9, 1]]]),
    "two that overlap": mixture([0.3, 0.7], [[0, 0], [2, 1]], [np.eye(2), 2 * np.eye(2)]),
    "crossed needles": mixture(
        [0.5, 0.5], [[0, 0], [1, 0]], [[[1, 0.99], [0.99, 1]], [[1, -0.99], [-0.99, 1]]]
    ),
    "tight and far apart": mixture([0.5, 0.5], [[0, 0], [1, 1]], [1e-14 * np.eye(2)] * 2),
    "a spike in a cloud": mixture([0.3, 0.7], [[0, 0], [1, 1]], [1e-4 * np.eye(2), 4 * np.eye(2)]),
    "far from the origin": mixture([0.3, 0.7], [[1e8, 1e8], [1e8 + 3, 1e8]], [np.eye(2)] * 2),
    "units far apart": mixture([0.3, 0.7], [[0, 0], [3e6, 3e-6]], [np.diag([1e12, 1e-12])] * 2),
    "a weight of zero": mixture([0, 1], [[0, 0], [3, 1]], [np.eye(2)] * 2),
    "many": random_mixture(0, 12, 2),
}

# --- density ---------------------------------------------------------------------------------


@pytest.mark.parametrize("model", TRICKY.values(), ids=TRICKY)
def test_the_mass_inside_a_contour_is_what_its_label_says(model):
    ax = plots.plot_contours(model, masses=MASSES, labels=False)
    (contours,) = ax.collections
    X = draw(model, 40_000)
    centre, scale = model.means_[0], np.sqrt(np.diag(model.covariances_[0]))
    for mass, path in zip(MASSES, contours.get_paths(), strict=True):
        inside = np.zeros(len(X), dtype=bool)
        for loop in path.to_polygons(closed_only=False):
            assert np.array_equal(loop[0], loop[-1])  # the grid holds the whole region
            inside ^= Curve((loop - centre) / scale).contains_points((X - centre) / scale)
        assert abs(inside.mean() - mass) < 0.01


@pytest.mark.parametrize("model", TRICKY.values(), ids=TRICKY)
def test_the_levels_enclose_their_masses(model):
    log_p = view.log_density(view.parameters(model), draw(model, 40_000))
    for mass, level in zip(MASSES, plots.density_levels(model, MASSES), strict=True):
        assert abs((log_p >= level).mean() - mass) < 0.006  # four standard errors


@pytest.mark.parametrize("D", [1, 2])
def test_the_level_of_one_gaussian_is_the_chi_square_quantile(D):
    model = random_mixture(3, 1, D)
    peak = multivariate_normal(model.means_[0], model.covariances_[0]).logpdf(model.means_[0])
    levels = plots.density_levels(model, MASSES)
    np.testing.assert_allclose(levels, peak - chi2.ppf(MASSES, df=D) / 2, atol=1e-3)


def test_the_names_on_the_contours_are_their_masses():
    ax = plots.plot_contours(TRICKY["one component"], masses=(0.5, 0.995))
    assert {text.get_text() for text in ax.texts} == {"50 %", "99.5 %"}


def test_the_innermost_shade_has_no_hole_at_the_mode():
    round_one = mixture([1], [[0, 0]], [np.eye(2)])
    ax = plots.plot_contours(round_one, masses=0.99, filled=True)
    [filled] = [collection for collection in ax.collections if getattr(collection, "filled", False)]
    assert filled.levels[0] < multivariate_normal([0, 0]).logpdf([0, 0]) < filled.levels[-1]


def test_the_density_of_two_features_is_the_marginal():
    model = random_mixture(5, 3, 4)
    shown = view.parameters(model).marginal((3, 1))
    X = np.random.default_rng(0).normal(size=(20, 2))
    gaussians = [
        multivariate_normal(mu[[3, 1]], S[np.ix_([3, 1], [3, 1])]).pdf(X)
        for mu, S in zip(model.means_, model.covariances_, strict=True)
    ]
    np.testing.assert_allclose(np.exp(view.log_density(shown, X)), model.weights_ @ gaussians)


def test_weights_that_are_rounded_are_made_to_sum_to_one():
    model = mixture(0.99992 * np.array([0.3, 0.7]), [[0], [3]], [[[1]], [[2]]])
    x, density = plots.plot_density_1d(model, components=False).lines[0].get_data()
    assert abs(trapezoid(density, x) - 1) < 3e-5


def test_the_mass_inside_a_marginal_contour_is_what_its_label_says():
    model = random_mixture(5, 3, 4)
    ax = plots.plot_contours(model, features=(3, 1), masses=0.9, labels=False)
    (path,) = ax.collections[0].get_paths()
    X = draw(model, 40_000)[:, [3, 1]]
    inside = np.zeros(len(X), dtype=bool)
    for loop in path.to_polygons(closed_only=False):
        inside ^= Curve(loop).contains_points(X)
    assert abs(inside.mean() - 0.9) < 0.01


def test_the_curves_of_one_feature_are_the_densities():
    model = random_mixture(2, 3, 2)
    ax = plots.plot_density_1d(model, features=1)
    x = ax.lines[0].get_xdata()
    parts = model.weights_ * norm.pdf(
        x[:, None], model.means_[:, 1], np.sqrt(model.covariances_[:, 1, 1])
    )
    for line, expected in zip(ax.lines, [*parts.T, parts.sum(axis=1)], strict=True):
        np.testing.assert_allclose(line.get_ydata(), expected, rtol=1e-9, atol=1e-300)
    assert abs(trapezoid(parts.sum(axis=1), x) - 1) < 1e-4


def test_an_interval_ends_where_a_line_between_two_ticks_is_zero():
    x = np.array([0.0, 1.0, 3.0, 4.0, 6.0, 7.0])
    ends = intervals(x, np.array([-1.0, 3.0, -1.0, -2.0, 2.0, 4.0]))
    np.testing.assert_allclose(ends, [[0.25, 2.5], [5.0, 7.0]])
    np.testing.assert_allclose(intervals(x, np.ones(6)), [[0, 7]])
    assert intervals(x, -np.ones(6)).shape == (0, 2)
    slopes = np.random.default_rng(0).uniform(0.1, 5, size=20)
    for zero, slope in zip(np.linspace(0.01, 6.99, 20), slopes, strict=True):
        np.testing.assert_allclose(intervals(x, slope * (x - zero)), [[zero, 7]])
        np.testing.assert_allclose(intervals(x, slope * (zero - x)), [[0, zero]])


@pytest.mark.parametrize("mass", [0.5, 0.9, 0.99])
def test_a_shade_begins_and_ends_at_the_level_of_its_mass(mass):
    ax = plots.plot_density_1d(mixture([1], [[0]], [[[1]]]), masses=mass, components=False)
    x = ax.collections[0].get_paths()[0].vertices[:, 0]
    np.testing.assert_allclose([x.min(), x.max()], norm.interval(mass), atol=2e-3)


def test_the_shaded_part_of_the_line_holds_its_mass():
    model = mixture([0.4, 0.6], [[0], [5]], [[[1]], [[0.25]]])
    ax = plots.plot_density_1d(model, masses=0.9, components=False)
    ends = [patch.get_paths()[0].vertices[:, 0] for patch in ax.collections]
    assert len(ends) == 2  # two intervals
    mass = sum(
        model.weights_ @ np.diff(norm.cdf([e.min(), e.max()], model.means_, [[1], [0.5]])).ravel()
        for e in ends
    )
    assert abs(mass - 0.9) < 0.002


# --- components --------------------------------------------------------------------------------


def outline(patch):
    """Points along a patch's curve, (P, 2)."""
    curves = patch.get_path().iter_bezier()
    return np.concatenate([curve(np.linspace(0, 1, 100)) for curve, _ in curves])


def centre_of(patch):
    x = outline(patch)
    return (x.min(axis=0) + x.max(axis=0)) / 2


def mahalanobis(x, mu, Sigma):
    delta = x - mu
    return np.einsum("ni,ni->n", delta, np.linalg.solve(Sigma, delta.T).T)


@pytest.mark.parametrize("covariance_type", [*NAMES, *MODELS])
def test_the_axes_of_an_ellipse_are_eigenvalues_times_the_chi_square_quantile(covariance_type):
    K, mu = 3, np.array([[0, 0], [5, 1], [-4, 2]])
    values, full = covariances_of_shape(covariance_type, K, 2)
    ax = plots.plot_ellipses(mixture(np.ones(3) / 3, mu, values, covariance_type), masses=0.8)
    assert len(ax.patches) == K
    for patch, centre, Sigma in zip(ax.patches, mu, full, strict=True):
        x = outline(patch)
        radius = np.linalg.norm(x - centre, axis=1)
        expected = np.sqrt(np.linalg.eigvalsh(Sigma) * chi2.ppf(0.8, df=2))
        np.testing.assert_allclose([radius.min(), radius.max()], expected, rtol=2e-3)
        np.testing.assert_allclose(mahalanobis(x, centre, Sigma), chi2.ppf(0.8, df=2), rtol=2e-3)


def test_the_ellipse_of_a_pair_of_features_holds_its_mass():
    model = random_mixture(7, 1, 4)
    ax = plots.plot_ellipses(model, features=(2, 0), masses=0.9)
    inside = ax.patches[0].get_path().contains_points(draw(model, 40_000)[:, [2, 0]])
    assert abs(inside.mean() - 0.9) < 0.008


def test_the_interval_of_one_feature_holds_its_mass():
    model = random_mixture(7, 1, 1)
    ax = plots.plot_ellipses(model, masses=0.9)
    ends = ax.lines[0].get_xdata()
    sd = np.sqrt(model.covariances_[0, 0, 0])
    np.testing.assert_allclose(np.diff(norm.cdf(ends, model.means_[0, 0], sd)), 0.9)


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
def test_scikit_learns_mixture_is_drawn_like_ours(covariance_type, faithful):
    from sklearn.mixture import GaussianMixture

    theirs = GaussianMixture(2, covariance_type=covariance_type, random_state=0).fit(faithful)
    parameters = theirs.weights_, theirs.means_, theirs.covariances_
    ours = GMM.from_parameters(*parameters, covariance_type=covariance_type)
    X = faithful[:50]
    theta = view.parameters(theirs)
    np.testing.assert_allclose(view.responsibilities(theta, X), ours.predict_proba(X), atol=1e-9)
    np.testing.assert_allclose(view.log_joint(theta, X), ours.log_joint(X), rtol=1e-9)
    paths = [plots.plot_ellipses(model).patches[1].get_path().vertices for model in (theirs, ours)]
    np.testing.assert_allclose(*paths)


@pytest.mark.parametrize("covariance_type", ["full", "diag"])
def test_theta_alone_is_drawn_like_its_model(covariance_type, faithful):
    model = GMM(2, covariance_type=covariance_type, random_state=0).fit(faithful)
    theta, same = view.parameters(model.theta), view.parameters(model)
    for one, other in zip(theta, same, strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(ValueError, match=r"weights=.*sum to 1"):
        plots.plot_ellipses(theta._replace(weights=np.ones(2)))


def test_a_component_that_is_all_but_a_line_is_drawn():
    line = [[1, 1], [1, 1 + 4e-16]]
    model = mixture([0.5, 0.5], [[0, 0], [1, 1]], [line, np.eye(2)])
    on_and_off = [[0.5, 0.5], [3, 0]]
    points = plots.plot_responsibilities(model, on_and_off).collections[0]
    np.testing.assert_allclose(points.get_facecolors()[:, :3], plots.palette(2), atol=1e-6)


# --- colours -------------------------------------------------------------------------------------


def linear(colours):
    return np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIELAB of linear RGB, in which distance is what the eye sees."""
    xyz = rgb @ np.array(
        [[0.4339, 0.2127, 0.0178], [0.3762, 0.7152, 0.1095], [0.1899, 0.0722, 0.8727]]
    )
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = f.T
    return np.column_stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])


# Machado, Oliveira & Fernandes (2009), A physiologically-based model for simulation of color
# vision deficiency, IEEE Transactions on Visualization and Computer Graphics 15(6), 1291-1298: the
# matrices of severity 1, a complete deficiency, for linear RGB.
EYES = {
    "typical": np.eye(3),
    "no red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no blue": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def closest(colours, eyes):
    """The least distance of two colours as some eyes see them, in CIELAB."""
    seen = lab(np.clip(linear(colours) @ np.transpose(EYES[eyes]), 0, 1))
    return min(np.linalg.norm(a - b) for a, b in combinations(seen, 2))


@pytest.mark.parametrize("eyes", EYES)
def test_the_palette_survives_colour_blindness(eyes):
    for K in range(2, 21):
        assert closest(plots.palette(K), eyes) > 15, K  # one step of a good printer is about 2
        assert closest(plots.palette(K, dark=True), eyes) > (11 if K <= 8 else 8), K


@pytest.mark.parametrize("K", range(1, 21))
def test_the_palette_stands_out_from_the_page(K):
    assert min(contrast(colour, (1, 1, 1)) for colour in plots.palette(K)) > 1.9
    assert min(contrast(colour, (0, 0, 0)) for colour in plots.palette(K, dark=True)) > 3.6


def test_the_contrast_of_black_and_white_is_21():
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    assert contrast((0.2, 0.4, 0.6), (0.2, 0.4, 0.6)) == pytest.approx(1)


@pytest.mark.parametrize("K", [2, 3, 5, 8, 20])
def test_the_palette_runs_from_dark_to_light_in_grey(K):
    lightness = lab(linear(plots.palette(K)))[:, 0]
    assert (np.diff(lightness) > (4 if K <= 8 else 0)).all()


@given(st.integers(2, 8), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_mixed_colours_lie_between_their_components(K, seed):
    r = np.random.default_rng(seed).dirichlet(np.ones(K), size=20)
    colours = plots.palette(K)
    mixed = plots.mix_colours(r, colours)
    assert (mixed >= colours.min(axis=0) - 1e-12).all()
    assert (mixed <= colours.max(axis=0) + 1e-12).all()
    np.testing.assert_allclose(plots.mix_colours(np.eye(K), colours), colours)


def test_the_colour_of_a_point_is_the_mean_of_the_components_by_responsibility(iris):
    model = GMM(3, random_state=0).fit(iris)
    points = plots.plot_responsibilities(model, iris, features=(1, 3)).collections[0]
    np.testing.assert_array_equal(points.get_offsets(), iris[:, [1, 3]])
    expected = model.predict_proba(iris) @ plots.palette(3)  # of all four features
    np.testing.assert_allclose(points.get_facecolors()[:, :3], expected, atol=1e-9)


# --- what the model says of each point ---------------------------------------------------------


def test_the_curves_of_responsibility_add_up_to_one():
    ax = plots.plot_responsibilities(random_mixture(1, 4, 1), [[0.0], [1.0]])
    np.testing.assert_allclose(sum(line.get_ydata() for line in ax.lines), 1)


@pytest.mark.parametrize("thresholds", [None, (0.01, 0.4)])
def test_every_point_is_in_one_class_of_uncertainty(faithful, thresholds):
    model = GMM(3, random_state=0).fit(faithful)
    given = {} if thresholds is None else {"thresholds": thresholds}
    ax = plots.plot_uncertainty(model, faithful, **given)
    groups = ax.collections
    assert sum(len(group.get_offsets()) for group in groups) == len(faithful)
    u = 1 - model.predict_proba(faithful).max(axis=1)
    low, high = thresholds or (0.05, 0.2)
    classes = np.digitize(u, (low, high), right=True)
    for g, group in enumerate(groups):
        np.testing.assert_array_equal(group.get_offsets(), faithful[classes == g])
    said = [text.get_text().replace(r"\leq", "<=") for text in ax.get_legend().get_texts()]
    assert said == [f"$u_n <= {low}$", f"${low} < u_n <= {high}$", f"$u_n > {high}$"]


def test_the_same_uncertainty_looks_the_same_in_every_picture():
    """Also among points that are all doubtful, or all sure."""
    model = mixture([0.5, 0.5], [[0], [4]], [[[1]], [[1]]])

    def look(X):
        groups = [c for c in plots.plot_uncertainty(model, X).collections if len(c.get_offsets())]
        found = [c for c in groups if np.isclose(c.get_offsets()[:, 0], 2.5).any()]
        return [(c.get_sizes().tolist(), c.get_facecolors().tolist()) for c in found]

    sure, doubtful = np.full((50, 1), -3.0), np.full((50, 1), 2.0)
    looks = [look(np.vstack([[[2.5]], *others])) for others in ([], [sure], [doubtful])]
    assert len(looks[0]) == 1 and looks[0] == looks[1] == looks[2]


def test_uncertainty_and_class_are_those_of_all_features(iris):
    model = GMM(3, random_state=0).fit(iris)
    r = model.predict_proba(iris)
    alone = GMM.from_parameters(model.weights_, model.means_[:, :1], model.covariances_[:, :1, :1])
    seen = alone.predict_proba(iris[:, :1])  # what the feature that is shown says by itself
    assert np.abs(r - seen).max() > 0.5 and (r.argmax(axis=1) != seen.argmax(axis=1)).any()
    groups = plots.plot_uncertainty(model, iris, features=0).collections
    found = np.concatenate([group.get_offsets() for group in groups])
    expected = np.column_stack([iris[:, 0], 1 - r.max(axis=1)])
    np.testing.assert_allclose(np.sort(found, axis=0), np.sort(expected, axis=0), atol=1e-9)
    groups = plots.plot_classification(model, iris, features=0, boundaries=False).collections
    found = np.concatenate([group.get_offsets() for group in groups])
    expected = np.column_stack([iris[:, 0], r.argmax(axis=1)])
    np.testing.assert_array_equal(np.sort(found, axis=0), np.sort(expected, axis=0))


def test_points_are_classified_as_predict_does(iris):
    model = GMM(3, random_state=0).fit(iris)
    ax = plots.plot_classification(model, iris, features=(2, 3), boundaries=False)
    for k, points in enumerate(ax.collections):
        np.testing.assert_array_equal(points.get_offsets(), iris[model.predict(iris) == k][:, 2:])


def test_two_components_tie_on_the_border():
    model = random_mixture(11, 2, 2)
    ax = plots.plot_classification(model)
    borders = [c for c in ax.collections if not c.filled]
    x = np.concatenate([path.vertices for border in borders for path in border.get_paths()])
    joint = view.log_joint(view.parameters(model), x)
    np.testing.assert_allclose(joint[:, 0], joint[:, 1], atol=0.02)


def test_two_equal_components_meet_half_way_on_the_line():
    ax = plots.plot_classification(mixture([0.5, 0.5], [[0], [4]], [[[1]], [[1]]]))
    left, right = (patch.get_extents().transformed(ax.transData.inverted()) for patch in ax.patches)
    assert abs(left.x1 - 2) < 1e-9 and abs(right.x0 - 2) < 1e-9


def test_a_component_without_weight_has_no_region():
    ax = plots.plot_classification(TRICKY["a weight of zero"])
    assert len(ax.collections) == 1


def test_a_scatter_matrix_shows_every_pair_of_features(iris):
    model = GMM(3, random_state=0).fit(iris)
    axes = plots.plot_scatter_matrix(model, iris)
    for (i, j), ax in np.ndenumerate(axes):
        if i > j:
            np.testing.assert_array_equal(ax.collections[0].get_offsets(), iris[:, [j, i]])
            for patch, mu in zip(ax.patches, model.means_, strict=True):
                np.testing.assert_allclose(centre_of(patch), mu[[j, i]], atol=1e-3)
    for column in range(4):
        assert len({ax.get_xlim() for ax in axes[:, column]}) == 1
    for row in range(4):
        assert len({ax.get_ylim() for ax in np.delete(axes[row], row)}) == 1


# --- how EM went -----------------------------------------------------------------------------


def test_every_restart_is_drawn_and_the_kept_one_on_top(faithful):
    model = GMM(3, n_init=4, random_state=0).fit(faithful)
    ax = plots.plot_log_likelihood(model)
    assert len(ax.lines) == len(model.history_)
    for line in ax.lines:  # the first value is that after the first step
        assert line.get_xdata().tolist() == list(range(1, len(line.get_ydata()) + 1))
    np.testing.assert_array_equal(ax.lines[-1].get_ydata(), model.history_[model.best_restart_])
    assert ax.lines[-1].get_linewidth() > max(line.get_linewidth() for line in ax.lines[:-1])


def test_of_histories_alone_the_highest_is_on_top():
    ax = plots.plot_log_likelihood(SimpleNamespace(history_=[[-9, -3], [-9, -1, -0.5], [-9, -2]]))
    strong = max(ax.lines, key=lambda line: (line.get_zorder(), line.get_linewidth()))
    assert strong.get_ydata()[-1] == -0.5


def test_the_gap_to_the_best_value_only_falls(faithful):
    model = GMM(3, n_init=1, random_state=0, var_smoothing=0).fit(faithful)
    gap = plots.plot_log_likelihood(model, gap=True).lines[-1].get_ydata()
    assert (np.diff(gap[np.isfinite(gap)]) < 1e-9).all()


def test_the_gap_is_what_each_run_lacks_of_the_best_value_of_all():
    runs = SimpleNamespace(history_=[[-9.0, -5.0], [-8.0, -4.0, -3.0]], best_restart_=1)
    other, kept = plots.plot_log_likelihood(runs, gap=True).lines
    assert other.get_ydata().tolist() == [6, 2]
    np.testing.assert_array_equal(kept.get_ydata(), [5, 1, np.nan])  # no logarithm of 0
    for gap, label, scale in ((True, "gap to the best", "log"), (False, "log p", "linear")):
        ax = plots.plot_log_likelihood(runs, gap=gap)
        assert label in ax.get_ylabel().replace("\\", "")
        assert (ax.get_xlabel(), ax.get_yscale()) == ("EM step", scale)


def test_the_staircase_only_climbs_and_the_e_step_closes_the_gap(faithful):
    model = GMM(2, n_init=1, init_params="random", random_state=0, var_smoothing=0)
    elbo, log_p = plots.half_steps(model, faithful, n_steps=6).T
    assert len(elbo) == 11
    assert (np.diff(elbo) >= -1e-9).all() and (np.diff(log_p) >= -1e-9).all()
    np.testing.assert_allclose(elbo[::2], log_p[::2], atol=1e-8)  # after E: KL = 0
    assert (elbo[1::2] < log_p[1::2]).all()  # after M: KL > 0


def test_the_shaded_gap_of_the_staircase_is_the_kl_divergence(faithful):
    first, second = GMM(2, random_state=3).iterate(faithful), GMM(2, random_state=3)
    q = next(first).predict_proba(faithful)
    after = next(first)
    elbo, log_p = plots.half_steps(second, faithful, n_steps=2)[1]
    np.testing.assert_allclose(log_p - elbo, after.kl(faithful, q), rtol=1e-6, atol=1e-8)


def selection(**changes):
    rows = [("full", 1, 9.0), ("full", 2, 5.0), ("diag", 1, 8.0), ("diag", 2, 6.0)]
    return SimpleNamespace(
        rows=[
            SimpleNamespace(**{"n_components": K, "covariance_type": c, "bic": b, "error": None}
                            | {"silhouette": None if K == 1 else b / 10} | changes)
            for c, K, b in rows
        ]
    )  # fmt: skip


def test_the_smallest_bic_and_the_largest_silhouette_are_marked():
    assert plots.plot_selection(selection()).texts[0].get_text() == "full, K = 2"
    ax = plots.plot_selection(selection(), criterion="silhouette")
    assert ax.texts[0].get_text() == "diag, K = 2"


@pytest.mark.parametrize(
    ("values", "side"),
    [([1, 2, 3], "left"), ([2, 1, 3], "center"), ([3, 2, 1], "right"), ([1], "center")],
)
def test_the_name_of_the_best_stays_within_the_axes(values, side):
    cells = [
        {"n_components": K, "covariance_type": "full", "bic": v} for K, v in enumerate(values, 1)
    ]
    table = SimpleNamespace(rows=[SimpleNamespace(error=None, **cell) for cell in cells])
    assert plots.plot_selection(table).texts[0].get_ha() == side


def test_a_fit_that_failed_leaves_a_gap():
    table = selection()
    table.rows[1].error = "component 0 has collapsed"
    ax = plots.plot_selection(table)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [9.0, np.nan])
    assert ax.texts[0].get_text() == "diag, K = 2"


def test_each_frame_of_the_animation_is_one_em_step(faithful, tmp_path):
    model = GMM(2, random_state=0)
    means = [step.means_.copy() for step in islice(model.iterate(faithful), 3)]
    animation = plots.animate_em(GMM(2, random_state=0).iterate(faithful), faithful, n_steps=3)
    ax = animation._fig.axes[0]
    for t in range(3):
        animation._func(t)
        drawn = [centre_of(patch) for patch in ax.patches[:2]]
        np.testing.assert_allclose(drawn, means[t], atol=1e-2)
        assert ax.get_title().startswith(f"step {t + 1}: log-likelihood")
    animation.to_gif(tmp_path / "em.gif")
    with Image.open(tmp_path / "em.gif") as gif:
        assert (gif.format, gif.n_frames, gif.info["duration"]) == ("GIF", 3, 250)  # milliseconds
    assert animation._repr_html_().startswith("<img")


def test_the_frame_of_an_animation_has_room_for_all_points_and_means():
    far = mixture([0.5, 0.5], [[0, 0], [10, 5]], [np.eye(2)] * 2)
    animation = plots.animate_em([TWO, far], [[-2.0, 1.0], [0.0, 3.0]])
    points = np.vstack([TWO.means_, far.means_, [[-2.0, 1.0], [0.0, 3.0]]])
    low, high = points.min(axis=0), points.max(axis=0)
    ax, margin = animation._fig.axes[0], 0.08 * (high - low)
    assert ax.get_title().startswith("step 1")  # drawn before anybody asks for a frame
    limits = np.transpose([ax.get_xlim(), ax.get_ylim()])
    np.testing.assert_allclose(limits, [low - margin, high + margin])
    animation._draw_was_started = True  # or Matplotlib warns that it was not shown


def test_an_animation_shows_fifty_steps_unless_told_otherwise():
    for told, expected in [({}, 50), ({"n_steps": 7}, 7)]:
        animation = plots.animate_em([TWO] * 60, X2, **told)
        assert len(list(animation.new_frame_seq())) == expected
        animation._draw_was_started = True  # or Matplotlib warns that it was not shown


def test_the_graph_has_five_nodes_four_edges_and_two_plates():
    ax = plots.plot_graphical_model()
    assert len([p for p in ax.patches if isinstance(p, matplotlib.patches.Circle)]) == 5
    assert len([p for p in ax.patches if isinstance(p, matplotlib.patches.FancyBboxPatch)]) == 2
    assert len([t for t in ax.texts if getattr(t, "arrow_patch", None)]) == 4


def test_a_plate_can_show_how_often(faithful):
    texts = plots.plot_graphical_model(random_mixture(0, 3, 2), faithful).texts
    assert {"$N$ = 272", "$K$ = 3"} <= {text.get_text() for text in texts}


# --- manners -------------------------------------------------------------------------------------

ON_MODELS = [
    plots.plot_contours,
    plots.plot_ellipses,
    plots.plot_responsibilities,
    plots.plot_uncertainty,
    plots.plot_uncertainty_surface,
    plots.plot_classification,
    plots.plot_outliers,
    plots.plot_density_1d,
]


@pytest.mark.parametrize("K", [1, 2, 9])
@pytest.mark.parametrize("D", [1, 2, 3])
@pytest.mark.parametrize("plot", ON_MODELS)
def test_plots_draw_on_the_axes_they_get_and_touch_nothing_else(plot, D, K):
    model = random_mixture(K, K, D)
    X = draw(model, 30)
    one = 0 if plot is plots.plot_density_1d else (0, 2)
    features = one if D == 3 else 0 if plot is plots.plot_density_1d else None
    figure, (ax, other) = plt.subplots(1, 2)
    style, figures = dict(matplotlib.rcParams), plt.get_fignums()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert plot(model, X, features=features, ax=ax) is ax
        figure.canvas.draw()
    assert ax.has_data() and not other.has_data()
    assert dict(matplotlib.rcParams) == style and plt.get_fignums() == figures
    assert ax.get_xlabel() and ax.get_ylabel()


@pytest.mark.parametrize("plot", ON_MODELS)
def test_one_point_and_points_all_alike_are_drawn(plot):
    model = random_mixture(0, 2, 1)
    for X in ([[0.5]], [[0.5]] * 4):
        assert plot(model, X).has_data()


def test_labels_of_the_caller_stay_and_columns_name_themselves():
    pandas = pytest.importorskip("pandas")
    model = random_mixture(0, 2, 2)
    frame = pandas.DataFrame(draw(model, 20), columns=["length", "width"])
    ax = plt.subplots()[1]
    ax.set_xlabel("mine")
    plots.plot_responsibilities(model, frame, ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("mine", "width")


def test_keywords_reach_matplotlib(faithful):
    model = GMM(2, random_state=0).fit(faithful)
    assert plots.plot_ellipses(model, linewidth=7).patches[0].get_linewidth() == 7
    plots.plot_contours(model, cmap="viridis", filled=True, components=True)
    ax = plots.plot_responsibilities(model, faithful, s=50)
    assert ax.collections[0].get_sizes().tolist() == [50]


def test_importing_the_package_does_not_import_matplotlib():
    code = "import sys, numpy_ml_gmm; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


TWO, FOUR = random_mixture(0, 2, 2), random_mixture(0, 2, 4)
X2 = np.zeros((3, 2))
BROKEN = {
    "not fitted": (lambda: plots.plot_ellipses(GMM(2)), "weights_.*fit"),
    "four features": (lambda: plots.plot_ellipses(FOUR), r"4 features.*features=\(0, 1\).*matrix"),
    "line of two": (lambda: plots.plot_density_1d(TWO), "2 features.*features=0"),
    "pair too long": (lambda: plots.plot_contours(FOUR, features=(0, 1, 2)), r"0, 1, 2.*most 2"),
    "pair twice": (lambda: plots.plot_contours(FOUR, features=(1, 1)), r"\(1, 1\).*different"),
    "pair too high": (lambda: plots.plot_contours(FOUR, features=(0, 4)), r"\(0, 4\).*0 to 3"),
    "pair negative": (lambda: plots.plot_contours(FOUR, features=(-1, 0)), r"\(-1, 0\).*0 to 3"),
    "pair of names": (lambda: plots.plot_contours(FOUR, features=("a", "b")), "whole numbers"),
    "mass in percent": (lambda: plots.plot_contours(TWO, masses=(50, 90)), "masses.*0.9 for 90 %"),
    "no mass": (lambda: plots.plot_ellipses(TWO, masses=()), "masses"),
    "wide X": (lambda: plots.plot_responsibilities(TWO, np.zeros((3, 5))), r"\(3, 5\).*\(N, 2\)"),
    "flat X": (lambda: plots.plot_responsibilities(TWO, np.zeros(2)), r"\(2,\).*\(N, 2\)"),
    "empty X": (lambda: plots.plot_contours(TWO, np.zeros((0, 2))), r"\(0, 2\).*from 1"),
    "infinity in X": (lambda: plots.plot_uncertainty(TWO, X2 + np.inf), "X.0. .*not finite"),
    "only nan in X": (lambda: plots.plot_uncertainty(TWO, X2 * np.nan), "no row of X has all of"),
    "no X": (lambda: plots.plot_responsibilities(TWO, None), "X=None"),
    "no X to animate": (lambda: plots.animate_em([TWO], None), "X=None"),
    "no steps": (lambda: plots.animate_em([], X2), "steps is empty.*iterate"),
    "few axes": (lambda: plots.plot_scatter_matrix(TWO, ax=plt.subplots(1, 3)[1]), "3 axes.*2 x 2"),
    "bad X in the matrix": (lambda: plots.plot_scatter_matrix(TWO, X2[:, :1]), r"\(3, 1\)"),
    "few thresholds": (lambda: plots.plot_uncertainty(TWO, X2, thresholds=(0.1,)), "two numbers"),
    "falling": (lambda: plots.plot_uncertainty_surface(TWO, thresholds=(0.5, 0.1)), "that rise"),
    "in percent": (lambda: plots.plot_uncertainty(TWO, X2, thresholds=(5, 20)), r"\(5, 20\).*0.05"),
    "outliers, percent": (lambda: plots.plot_outliers(TWO, X2, mass=99), "mass=99.*0.99 for 99 %"),
    "no X for outliers": (lambda: plots.plot_outliers(TWO, None), "X=None"),
    "few names": (lambda: plots.plot_ellipses(TWO, names=["a"]), r"names=\['a'\] must be 2 texts"),
    "a word": (lambda: plots.plot_profiles(TWO, names="ab"), "names='ab' must be 2 texts"),
    "profile of none": (lambda: plots.plot_profiles(GMM(2)), "weights_.*fit"),
    "profile of 5": (lambda: plots.plot_profiles(TWO, features=4), "4 must be .* from 0 to 1"),
    "tree of one": (
        lambda: plots.plot_dendrogram(combine(GMM(1).fit([[0.0], [1.0]]), [[0.0], [1.0]])),
        "nothing to merge",
    ),
    "names in the matrix": (lambda: plots.plot_scatter_matrix(TWO, names=["a"]), "2 texts"),
    "projection of one": (
        lambda: plots.plot_projection(GMM(1).fit(np.eye(2)), np.eye(2)), "components differ"
    ),
    "no history": (lambda: plots.plot_log_likelihood(TWO), "history_"),
    "empty history": (
        lambda: plots.plot_log_likelihood(SimpleNamespace(history_=[[]])),
        "history_",
    ),
    "no iterate": (lambda: plots.plot_elbo(TWO, X2), "iterate"),
    "no steps of the staircase": (lambda: plots.half_steps(GMM(2), X2, 0), "n_steps=0"),
    "criterion": (lambda: plots.plot_selection(selection(), criterion="mdl"), "'mdl'.*bic, aic"),
    "all failed": (lambda: plots.plot_selection(selection(error="no")), "errors"),
    "no colours": (lambda: plots.palette(0), "K=0"),
    "rows do not sum to one": (lambda: plots.mix_colours([[1, 1]], np.eye(2, 3)), "summing to 1"),
    "too few colours": (lambda: plots.mix_colours([[1, 0]], np.eye(3)), r"\(1, 2\)"),
    "covariance type": (
        lambda: plots.plot_ellipses(mixture([1], [[0, 0]], [[1, 1]])),
        r"\(1, 2\), expected \(1, 2, 2\).*covariance_type",
    ),
    "singular": (
        lambda: plots.plot_ellipses(mixture([1], [[0, 0]], [[[1, 1], [1, 1]]])),
        r"covariances_\[0\].*var_smoothing",
    ),
    "nan in the model": (
        lambda: plots.plot_ellipses(mixture([1], [[0, np.nan]], [np.eye(2)])),
        "means_ holds nan",
    ),
    "weights": (
        lambda: plots.plot_ellipses(mixture([1, 1], np.zeros((2, 2)), [np.eye(2)] * 2)),
        "weights_.*sum to 1",
    ),
    "a negative weight": (
        lambda: plots.plot_ellipses(mixture([1.5, -0.5], np.zeros((2, 2)), [np.eye(2)] * 2)),
        "weights_.*at least 0",
    ),
    "more weights than means": (
        lambda: plots.plot_ellipses(mixture([0.5, 0.2, 0.3], np.zeros((2, 2)), [np.eye(2)] * 2)),
        r"weights_ has shape \(3,\) and means_ \(2, 2\)",
    ),
    "shapes": (lambda: plots.plot_ellipses(mixture([1], [0, 0], [np.eye(2)])), r"\(K, D\)"),
}  # fmt: skip


@pytest.mark.parametrize(("call", "message"), BROKEN.values(), ids=BROKEN)
def test_bad_input_is_named_with_its_remedy_and_leaves_no_figure(call, message):
    before = len(plt.get_fignums())
    with pytest.raises(ValueError, match=message):
        call()
    assert len(plt.get_fignums()) - before <= (message == "3 axes.*2 x 2")


def test_points_with_holes_are_shown_where_they_have_a_place():
    X = np.array([[0.0, 0, 0], [np.nan, 1, 1], [4, np.nan, 4], [4, 4, np.nan], [4, 4, 4]])
    model = GMM.from_parameters([0.5, 0.5], [[0, 0, 0], [4, 4, 4]], [np.eye(3)] * 2)
    ax = plots.plot_responsibilities(model, X, features=(0, 1))
    assert len(ax.collections[0].get_offsets()) == 3  # rows 0, 3 and 4
    axes = plots.plot_scatter_matrix(model, X)
    assert len(axes[2, 1].collections[0].get_offsets()) == 3
    ax = plots.plot_classification(model, X, features=(0, 2))
    shown = np.vstack([c.get_offsets() for c in ax.collections if len(c.get_offsets())])
    assert {tuple(point) for point in shown.tolist()} >= {(0.0, 0.0), (4.0, 4.0)}


# --- one feature given another -------------------------------------------------------------------


@pytest.mark.parametrize("features", [(0, 1), (3, 1)])
def test_the_curve_of_a_conditional_is_the_joint_over_the_marginal(features):
    model = random_mixture(5, 3, 4)
    theta = view.parameters(model)
    values = [theta.means[0, features[0]], theta.means[1, features[0]] + 0.4]
    joint, right = plots.plot_conditional(model, values, features=features)
    for value, cut, curve in zip(values, joint.lines, right.lines, strict=True):
        np.testing.assert_array_equal(cut.get_xdata(), [value, value])
        p, y = curve.get_data()
        points = np.column_stack([np.full_like(y, value), y])
        height = np.exp(view.log_density(theta.marginal(features), points))
        area = np.exp(view.log_density(theta.marginal(features[0]), np.array([[value]])))
        np.testing.assert_allclose(p, height / area, atol=1e-5)
        assert trapezoid(p, y) == pytest.approx(1, abs=1e-4)
    labels = [text.get_text() for text in right.get_legend().get_texts()]
    assert labels == [f"{joint.get_xlabel()} = {value:g}" for value in values]


def test_a_component_that_is_ruled_out_does_not_stretch_the_conditional():
    steep = mixture([0.5, 0.5], [[0, 0], [9, 0]], [[[1e-2, 1], [1, 101]], np.eye(2)])
    _, right = plots.plot_conditional(steep, 9.0)
    low, high = right.get_ylim()
    assert np.abs(right.lines[0].get_ydata()).max() < 5 and high - low < 150


def test_the_conditional_draws_on_two_axes_of_the_caller(faithful):
    model = GMM(2, random_state=0).fit(faithful)
    mine = plt.subplots(2, 1)[1]
    mine[1].set_xlabel("mine")
    drawn = plots.plot_conditional(model, 2, faithful, features=(0, 1), ax=mine, linewidth=7)
    assert list(drawn) == list(mine) and mine[1].get_xlabel() == "mine"
    assert mine[1].lines[0].get_linewidth() == 7


BAD_CUTS = {
    "not fitted": (GMM(2), 1.0, {}, "weights_.*fit"),
    "nan": (TWO, np.nan, {}, "values=nan"),
    "none": (TWO, [], {}, r"values=\[\]"),
    "table": (TWO, [[1.0]], {}, r"values=\[\[1.0\]\]"),
    "four features": (FOUR, 1.0, {}, "4 features"),
    "one feature": (FOUR, 1.0, {"features": 2}, "features=2.*needs two"),
    "a model of one": (random_mixture(0, 2, 1), 1.0, {}, "features=None, of 1.*needs two"),
    "mass": (TWO, 1.0, {"masses": 50}, "masses"),
    "X": (TWO, 1.0, {"X": np.zeros((3, 5))}, r"\(3, 5\)"),
}  # fmt: skip


@pytest.mark.parametrize(("model", "values", "others", "message"), BAD_CUTS.values(), ids=BAD_CUTS)
def test_a_bad_cut_is_named_and_leaves_no_figure(model, values, others, message):
    with pytest.raises(ValueError, match=message):
        plots.plot_conditional(model, values, **others)
    assert not plt.get_fignums()
    with pytest.raises(ValueError, match="3 axes, expected 2"):
        plots.plot_conditional(TWO, 1.0, ax=plt.subplots(1, 3)[1])


# --- ten thousand points and more ----------------------------------------------------------------


def scattered(ax):
    """How many points are drawn in an axes."""
    kinds = (c for c in ax.collections if isinstance(c, PathCollection))
    return sum(len(points.get_offsets()) for points in kinds if len(points.get_sizes()))


@pytest.mark.parametrize("plot", [*ON_MODELS, plots.plot_projection])
def test_of_many_points_as_many_are_drawn_as_can_be_seen(plot):
    model = random_mixture(0, 2, 2)
    if plot is plots.plot_projection:
        model = GMM.from_parameters(model.weights_, model.means_, model.covariances_)
    X = draw(random_mixture(0, 2, 2), 12_000)
    kwargs = {"features": 0} if plot is plots.plot_density_1d else {}
    one, same = (plot(model, X, **kwargs) for _ in range(2))
    if plot is plots.plot_density_1d:
        heights = np.array([patch.get_height() for patch in one.patches])
        assert len(X) * heights.sum() * one.patches[0].get_width() == pytest.approx(len(X))
        return
    assert 10_000 <= scattered(one) == scattered(same) < 10_200  # and means, outliers
    for a, b in zip(one.collections, same.collections, strict=True):
        np.testing.assert_array_equal(a.get_offsets(), b.get_offsets())
    assert all(c.get_rasterized() for c in one.collections if len(c.get_offsets()) > 2000)


def test_no_outlier_is_thinned_away():
    X = np.vstack([draw(TWO, 11_000), [[50, 50], [-50, 50]]])
    points, rings = plots.plot_outliers(TWO, X, mass=0.999).collections[-2:]
    theirs = GMM.from_parameters(TWO.weights_, TWO.means_, TWO.covariances_).outliers(X, 0.999)
    np.testing.assert_array_equal(rings.get_offsets(), X[theirs])
    assert len(points.get_offsets()) == 10_000
    assert rings.get_label() == f"outside 99.9 %: {theirs.sum()} of 11002 points"


def test_a_matrix_of_many_points_is_a_small_drawing(tmp_path):
    model = random_mixture(1, 3, 3)
    X = draw(model, 30_000)
    axes = plots.plot_scatter_matrix(model, X)
    assert len(axes[1, 0].collections[0].get_offsets()) == 2000
    axes[0, 0].figure.savefig(tmp_path / "matrix.svg")
    assert (tmp_path / "matrix.svg").stat().st_size < 600_000
    legend = [text.get_text() for text in axes[0, 2].get_legend().get_texts()]
    assert legend == ["component 0", "component 1", "component 2"]


# --- names ---------------------------------------------------------------------------------------

COLUMNS = ["length", "width", "height"]


def framed(D=3):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(draw(random_mixture(0, 2, D), 60), columns=COLUMNS[:D])
    return GMM(2, random_state=0).fit(frame), frame


@pytest.mark.parametrize("plot", ON_MODELS)
def test_a_model_fitted_to_a_data_frame_names_its_features_in_every_plot(plot):
    model, frame = framed()
    line = plot is plots.plot_density_1d
    for X in (frame, frame.to_numpy()):
        ax = plot(model, X, features="height" if line else ("height", "length"))
        assert ax.get_xlabel() == "height"
        assert line or ax.get_ylabel() == "length"


def test_the_other_plots_name_features_too():
    model, frame = framed()
    axes = plots.plot_scatter_matrix(model, frame.to_numpy(), features=("height", "length"))
    assert [axes[1, 0].get_xlabel(), axes[1, 1].get_xlabel()] == ["height", "length"]
    assert axes[1, 0].get_ylabel() == "length"
    joint, right = plots.plot_conditional(model, 0, features=("width", "height"))
    assert (joint.get_xlabel(), joint.get_ylabel()) == ("width", "height")
    assert right.get_legend().get_texts()[0].get_text() == "width = 0"
    ax = plots.plot_profiles(model, features=("width", "length"))
    assert [label.get_text() for label in ax.get_xticklabels()] == ["width", "length"]
    written = {text.get_text() for text in plots.plot_projection(model, frame).texts}
    assert plots.plot_projection(model, frame).get_ylabel() == "component"  # K = 2: one direction
    three = GMM(3, random_state=0).fit(frame)
    written = {text.get_text() for text in plots.plot_projection(three, frame.to_numpy()).texts}
    assert written >= set(COLUMNS)
    animation = plots.animate_em([model], frame, features=("height", "width"))
    animation._draw_was_started = True  # or Matplotlib warns that it was not shown
    ax = animation._fig.axes[0]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("height", "width")


def test_a_data_set_of_the_package_names_its_features():
    data = load_old_faithful()
    model = GMM(2, random_state=0).fit(data.X)
    ax = plots.plot_contours(model, data)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("eruptions", "waiting")
    fitted = GMM(2, random_state=0).fit(data)
    np.testing.assert_array_equal(fitted.means_, model.means_)
    assert plots.plot_contours(fitted).get_ylabel() == "waiting"


def test_columns_in_another_order_are_refused():
    model, frame = framed()
    with pytest.raises(ValueError, match=r"columns \['width', .*pass X\[\['length', 'width'"):
        plots.plot_contours(model, frame[["width", "length", "height"]], features=(0, 1))


@pytest.mark.parametrize(
    "plot",
    [
        plots.plot_ellipses,
        plots.plot_responsibilities,
        plots.plot_classification,
        plots.plot_density_1d,
        plots.plot_profiles,
        plots.plot_projection,
        plots.plot_scatter_matrix,
    ],
)
def test_components_have_names_in_the_legend(plot):
    model, frame = framed(2)
    kwargs = {"features": 0} if plot is plots.plot_density_1d else {}
    ax = plot(model, frame, names=("short", "long"), **kwargs)
    legend = (ax[0, -1] if plot is plots.plot_scatter_matrix else ax).get_legend()
    said = [text.get_text() for text in legend.get_texts()]
    assert [name for name in said if name != "mixture"] == ["short", "long"]


def test_twenty_components_are_all_in_a_legend_beside_the_picture():
    model = random_mixture(4, 20, 2)
    ax = plots.plot_classification(model, draw(model, 2000), boundaries=False)
    ax.figure.canvas.draw()
    legend = ax.get_legend()
    assert len(legend.get_texts()) == 20
    assert legend.get_window_extent().x0 >= ax.bbox.x1
    assert legend.get_window_extent().y0 >= 0
    looks = {
        (tuple(c.get_facecolors()[0]), c.get_paths()[0].vertices.tobytes()) for c in ax.collections
    }
    assert len(looks) == 20


# --- where there is little room ------------------------------------------------------------------


def boxes(texts):
    """Where texts stand, in pixels, once they are drawn."""
    texts[0].figure.canvas.draw()
    return [text.get_window_extent() for text in texts if text.get_text()]


def overlapping(texts):
    return [(a, b) for a, b in combinations(boxes(texts), 2) if a.overlaps(b)]


@pytest.mark.parametrize("size", [(6.4, 4.8), (3, 2)])
def test_fourteen_names_at_the_ends_of_lines_lie_side_by_side(size):
    rng = np.random.default_rng(0)
    cells = [(name, K) for name in MODELS for K in range(1, 10)]
    values = {cell: 2300 + 500 / cell[1] ** 2 + rng.uniform(0, 20) for cell in cells}
    rows = [
        SimpleNamespace(error=None, covariance_type=name, n_components=K, bic=values[name, K])
        for name, K in cells
    ]
    for zoom in (False, True, 30.0):
        ax = plt.figure(figsize=size, layout="constrained").subplots()
        plots.plot_selection(SimpleNamespace(rows=rows), ax=ax, zoom=zoom)
        names = [text for text in ax.texts if text.get_text() in MODELS]
        assert {text.get_text() for text in names} == set(MODELS) and not overlapping(names)
        assert min(box.x0 for box in boxes(names)) > ax.bbox.x1
        assert max(box.x1 for box in boxes(names)) <= ax.figure.bbox.x1
        ends = {line.get_label(): line.get_ydata()[-1] for line in ax.lines[: len(MODELS)]}
        low, high = ax.get_ylim()
        inside = [text for text in names if low <= ends[text.get_text()] <= high]
        heights = [text.get_position()[1] for text in inside]
        order = np.argsort([ends[text.get_text()] for text in inside])
        assert (np.diff(np.array(heights)[order]) > 0).all()  # in the order of the ends


def test_a_zoom_shows_what_is_near_the_best():
    table = selection()  # 5, 6, 8 and 9
    low, high = plots.plot_selection(table, zoom=2).get_ylim()
    assert low < 5 and 6 < high < 8
    low, high = plots.plot_selection(table, zoom=True).get_ylim()
    assert low < 5 and 6 <= high < 8
    low, high = plots.plot_selection(table, criterion="silhouette", zoom=0.05).get_ylim()
    assert 0.5 < low < 0.6 < high  # 0.6 and 0.5: the larger is better
    for zoom in (-1, np.inf, "near"):
        with pytest.raises(ValueError, match="zoom="):
            plots.plot_selection(table, zoom=zoom)


@pytest.mark.parametrize("size", [(3, 2), (4, 2.5), (7, 3.4), (12, 6)])
def test_the_graph_can_be_read_at_any_size(size):
    ax = plt.figure(figsize=size, layout="constrained").subplots()
    plots.plot_graphical_model(random_mixture(0, 3, 2), np.zeros((272, 2)), ax=ax)
    words = [text for text in ax.texts if text.get_text()]
    assert not overlapping(words)
    assert min(text.get_fontsize() for text in words) >= 6
    inside = ax.figure.bbox
    assert all(inside.contains(*corner) for box in boxes(words) for corner in (box.min, box.max))
    circles = [p for p in ax.patches if isinstance(p, matplotlib.patches.Circle)]
    for circle, name in zip(circles, plots.NODES, strict=True):
        [text] = [text for text in words if text.get_text() == name]
        own, room = text.get_window_extent(), circle.get_window_extent()
        assert room.x0 < own.x0 and own.x1 < room.x1


def test_names_on_contours_lie_on_their_own_contour_alone():
    """Or, where there is no room, in a legend."""
    for name in ("one component", "two that overlap", "tight and far apart", "a spike in a cloud"):
        ax = plots.plot_contours(TRICKY[name], masses=MASSES)
        ax.figure.canvas.draw()
        written = {text.get_text() for text in ax.texts}
        if not written:
            (said,) = ax.get_legend().get_texts()
            assert said.get_text() == "99 %, 90 %, 50 %, inwards"
            continue
        assert written == {"99 %", "90 %", "50 %"} and not overlapping(ax.texts), name
        paths = ax.collections[0].get_paths()
        for own, text in enumerate(ax.texts):
            box = text.get_window_extent()
            height = (box.y0 + box.y1) / 2 + np.array([-0.25, 0, 0.25]) * box.height
            for other, path in enumerate(paths):
                points = ax.transData.transform(path.vertices)
                near = np.abs(points - [(box.x0 + box.x1) / 2, height[1]])
                touched = (near < [1, box.height / 4]).all(axis=1).any()
                assert other == own or not touched, (name, own, other)
    narrow = mixture([1], [[0, 0]], [[[1, 0.9999], [0.9999, 1]]])
    assert plots.plot_contours(narrow).get_legend() is not None


@pytest.mark.parametrize("centre", [1e6, -1234567.0, 1e8])
def test_ticks_far_from_0_are_short_and_say_where_they_are(centre):
    model = mixture([0.5, 0.5], [[centre, 0], [centre + 4, 1]], [np.eye(2)] * 2)
    ax = plots.plot_contours(model)
    ax.set_xlabel("mine")
    ax.figure.canvas.draw()
    offset = ax.xaxis.get_offset_text().get_text()
    ticks = [label.get_text().replace("\N{MINUS SIGN}", "-") for label in ax.get_xticklabels()]
    assert max(map(len, ticks)) <= 5
    for tick, place in zip(ticks, ax.get_xticks(), strict=True):
        assert float(tick) + float(offset.replace(",", "")) == pytest.approx(place, abs=1e-6)
    assert ax.yaxis.get_offset_text().get_text() == ""


@pytest.mark.parametrize("spread", [0.3, 30])
def test_ticks_of_log_likelihoods_are_written_in_full(spread):
    values = -1289.4 - spread * np.exp(-np.arange(20.0))
    ax = plots.plot_log_likelihood(SimpleNamespace(history_=[values]))
    ax.figure.canvas.draw()
    assert ax.yaxis.get_offset_text().get_text() == ""
    assert all("1" in label.get_text()[:3] for label in ax.get_yticklabels())


def test_in_a_matrix_the_offset_stands_beside_the_name():
    model = mixture([0.5, 0.5], [[1e6, 0], [1e6 + 4, 1]], [np.eye(2)] * 2)
    axes = plots.plot_scatter_matrix(model)
    axes[0, 0].figure.canvas.draw()
    assert axes[1, 0].get_xlabel() == "$x_{1}$\n+1,000,000"
    assert axes[1, 1].get_xlabel() == "$x_{2}$"
    assert not any(ax.xaxis.offsetText.get_visible() for ax in axes.flat)


# --- more pictures -------------------------------------------------------------------------------


@pytest.mark.parametrize("standardise", [True, False])
def test_a_profile_is_means_and_deviations(iris, standardise):
    model = GMM(3, random_state=0).fit(iris)
    ax = plots.plot_profiles(model, features=(3, 0), standardise=standardise)
    theta = view.parameters(model)
    mean = theta.weights @ theta.means
    total = theta.weights @ (theta.means**2 + np.einsum("kdd->kd", theta.covariances)) - mean**2
    centre, unit = (mean, np.sqrt(total)) if standardise else (0 * mean, 0 * mean + 1)
    for k, bars in enumerate(ax.containers):
        points, _, (segments,) = bars.lines
        heights = ((theta.means[k] - centre) / unit)[[3, 0]]
        np.testing.assert_allclose(points.get_ydata(), heights)
        sd = np.sqrt(theta.covariances[k].diagonal()) / unit
        ends = np.array([segment[:, 1] for segment in segments.get_segments()])
        np.testing.assert_allclose(ends, heights[:, None] + np.outer(sd[[3, 0]], [-1, 1]))


@pytest.mark.parametrize("K", [2, 3, 7])
def test_the_tree_has_a_fork_at_the_entropy_that_each_merger_takes_away(K):
    model = random_mixture(1, K, 2)
    X = draw(model, 300)
    own = GMM.from_parameters(model.weights_, model.means_, model.covariances_)
    combination = combine(own, X)
    ax = plots.plot_dendrogram(combination)
    forks = [line for line in ax.lines if len(line.get_xdata()) == 4]
    lost = combination.entropies[-1] - combination.entropies[:-1]
    np.testing.assert_allclose(
        sorted(max(line.get_ydata()) for line in forks), sorted(lost), atol=1e-9
    )
    leaves = [int(label.get_text()) for label in ax.get_xticklabels()]
    assert sorted(leaves) == list(range(K))
    low = min(forks, key=lambda line: max(line.get_ydata()))  # the first two that merge
    pair = {leaves[round(x)] for x in (low.get_xdata()[0], low.get_xdata()[-1])}
    G = K - 1
    merged = combination.clusters[G - 1]
    i, j = sorted(pair)
    assert merged[i] == merged[j]
    *_, cut = (line.get_ydata()[0] for line in ax.lines)
    assert sum(max(line.get_ydata()) > cut for line in forks) == combination.n_clusters - 1


def test_the_surface_of_uncertainty_has_its_borders_where_a_point_would_be_in_such_doubt():
    model = random_mixture(11, 3, 2)
    ax = plots.plot_uncertainty_surface(model, thresholds=(0.1, 0.3))
    lines = [c for c in ax.collections if not getattr(c, "filled", True)]
    for line, border in zip(lines, (0.1, 0.3), strict=True):
        x = np.concatenate([path.vertices for path in line.get_paths()])
        u = 1 - view.responsibilities(view.parameters(model), x).max(axis=1)
        assert np.abs(u - border).mean() < 0.01
    said = [text.get_text() for text in ax.get_legend().get_texts()]
    assert said == ["$u = 0.1$", "$u = 0.3$"]
    assert plots.plot_uncertainty_surface(random_mixture(0, 1, 2)).get_xlabel()  # no doubt at all


@pytest.mark.parametrize("features", [None, 0])
def test_outliers_are_those_of_the_model(faithful, features):
    model = GMM(2, random_state=0).fit(faithful)
    ax = plots.plot_outliers(model, faithful, mass=0.95, features=features)
    *_, inside, rings = ax.collections
    outside = model.outliers(faithful, 0.95)
    log_p = model.score_samples(faithful)
    for points, which in ((inside, ~outside), (rings, outside)):
        height = faithful[which, 1] if features is None else log_p[which]
        expected = np.column_stack([faithful[which, 0], height])
        np.testing.assert_allclose(points.get_offsets(), expected)
    if features == 0:
        border = ax.lines[0].get_ydata()[0]
        assert (log_p[outside] < border).all() and (log_p[~outside] >= border).all()


def test_a_model_is_projected_along_the_directions_that_separate_it(iris):
    model = GMM(3, random_state=0).fit(iris)
    one, other = (
        plots.plot_projection(some, iris) for some in (model, separating_directions(model))
    )
    for a, b in zip(one.collections, other.collections, strict=True):
        np.testing.assert_array_equal(a.get_offsets(), b.get_offsets())


# --- animations in files -------------------------------------------------------------------------


@pytest.fixture
def short_film(faithful):
    steps = GMM(2, random_state=0).iterate(faithful)
    return plots.animate_em(steps, faithful, n_steps=2)


def test_an_animation_is_written_as_its_name_says(short_film, tmp_path):
    short_film.save(tmp_path / "em.gif", fps=2)
    with Image.open(tmp_path / "em.gif") as gif:
        assert (gif.n_frames, gif.info["duration"]) == (2, 500)
    short_film.save(str(tmp_path / "em.html"))
    page = (tmp_path / "em.html").read_text("utf-8")
    assert page.count("data:image/png;base64") == 2
    assert not re.search(r'src="https?://[^"]*\.(js|png)', page)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["em.gif", "em.html"]


@pytest.mark.parametrize("name", ["em.mp4", "em.MOV"])
def test_a_film_without_ffmpeg_says_what_to_do(short_film, tmp_path, name):
    with matplotlib.rc_context({"animation.ffmpeg_path": str(tmp_path / "nowhere")}):
        with pytest.raises(
            RuntimeError, match=r"ffmpeg.*install ffmpeg, or save to a .gif or .html"
        ):
            short_film.save(tmp_path / name)
    assert not list(tmp_path.iterdir())
    short_film._draw_was_started = True  # or Matplotlib warns that it was not shown


def test_a_film_is_written_where_ffmpeg_is(short_film, tmp_path):
    if not FFMpegWriter.isAvailable():
        short_film._draw_was_started = True
        pytest.skip("ffmpeg is not installed")
    short_film.save(tmp_path / "em.mp4")
    assert b"ftyp" in (tmp_path / "em.mp4").read_bytes()[:16]


def test_an_animation_in_an_unknown_format_is_refused(short_film, tmp_path):
    with pytest.raises(ValueError, match=r"em.docx' must end in one of .gif, .html, .mp4"):
        short_film.save(tmp_path / "em.docx")
    with pytest.raises(TypeError, match="filename=3 must be the name of a file"):
        short_film.save(3)
    short_film._draw_was_started = True
