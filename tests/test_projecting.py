"""Directions that separate: scipy's generalized eigenvectors, discriminant analysis, and R."""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from problems import parameters, random_model, with_holes
from scipy.linalg import eigh
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from numpy_ml_gmm import GMM, BayesianGMM, GMMClassifier, load_iris, load_old_faithful
from numpy_ml_gmm.covariances import MODELS
from numpy_ml_gmm.plots import plot_projection
from numpy_ml_gmm.projecting import separating_directions

IRIS, FAITHFUL = load_iris().X, load_old_faithful().X
DATA = {"iris": IRIS, "old_faithful": FAITHFUL}
VERBS = json.loads(Path(__file__).with_name("data").joinpath("mclust_verbs.json").read_text())


def same_lines(a, b, **tolerance):
    """Directions (D, d) that agree but for their signs."""
    signs = np.sign((a * b).sum(axis=0))
    np.testing.assert_allclose(a * signs, b, **tolerance)


def kernel(model, mean, Sigma, lam):
    """M in the coordinates of the data, as Scrucca writes it."""
    pi, mu, C = parameters(model)
    pi = pi / pi.sum()
    P, S = np.linalg.inv(Sigma), np.einsum("k,kij->ij", pi, C)
    between = sum(p * np.outer(m - mean, m - mean) for p, m in zip(pi, mu, strict=True))
    within = sum(p * (c - S) @ P @ (c - S) for p, c in zip(pi, C, strict=True))
    return 2 * lam * between @ P @ between + 2 * (1 - lam) * within


@pytest.mark.equation("separation")
@pytest.mark.parametrize("lam", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("letters", ["full", "diag", "tied"])
def test_directions_are_scipys_generalized_eigenvectors(letters, lam):
    model = random_model(letters, K=3, D=5, seed=1, spread=1.0)
    pi, mu, C = parameters(model)
    mean = pi @ mu
    Sigma = np.einsum("k,kij->ij", pi, C) + np.einsum("k,ki,kj->ij", pi, mu - mean, mu - mean)
    values, vectors = eigh(kernel(model, mean, Sigma, lam), Sigma)
    if letters == "tied" and lam == 0:
        with pytest.raises(ValueError, match=r"share_of_means=0\.0 finds no direction"):
            separating_directions(model, share_of_means=lam)
        return
    found = separating_directions(model, share_of_means=lam)
    d = len(found.eigenvalues)
    assert d == (2 if lam == 1 or letters == "tied" else 5)
    np.testing.assert_allclose(found.eigenvalues, values[::-1][:d], rtol=1e-9, atol=1e-12)
    vectors = vectors[:, ::-1][:, :d]
    same_lines(found.directions, vectors / np.linalg.norm(vectors, axis=0), atol=1e-7)
    np.testing.assert_allclose(found.centre, mean)


@pytest.mark.parametrize("fit", VERBS["directions"], ids=lambda f: f"{f['data']}-{f['lambda']}")
def test_mclusts_directions(fit):
    """Made by tests/make_mclust_verbs.R."""
    model = GMM.from_parameters(fit["weights"], fit["means"], fit["covariances"])
    X = DATA[fit["data"]]
    found = separating_directions(model, X, share_of_means=fit["lambda"])
    np.testing.assert_allclose(found.eigenvalues, np.ravel(fit["eigenvalues"]), rtol=1e-8)
    same_lines(found.directions, np.array(fit["directions"]).T, atol=1e-7)


@pytest.mark.equation("separation")
def test_means_and_one_covariance_are_discriminant_analysis():
    labels = np.repeat([0, 1, 2], 50)
    model = GMM(3, covariance_type="tied", max_iter=0, init_params=labels, var_smoothing=0).fit(
        IRIS
    )
    found = separating_directions(model)
    theirs = LinearDiscriminantAnalysis(solver="eigen").fit(IRIS, labels).scalings_[:, :2]
    same_lines(found.directions, theirs / np.linalg.norm(theirs, axis=0), atol=1e-8)
    # The eigenvalue is twice the square of how much of the variance lies between the means.
    Z = found.transform(IRIS)
    between = np.array([Z[labels == k].mean(axis=0) for k in range(3)]).var(axis=0)
    np.testing.assert_allclose(found.eigenvalues, 2 * (between / Z.var(axis=0)) ** 2)
    np.testing.assert_allclose(found.from_means, found.eigenvalues)


@pytest.mark.equation("separation")
def test_no_other_direction_separates_better():
    model = random_model("full", K=3, D=4, seed=3, spread=0.5)
    found = separating_directions(model, share_of_means=0.5)
    pi, mu, C = parameters(model)
    Sigma = np.einsum("k,kij->ij", pi, C) + np.cov(mu.T, aweights=pi, bias=True)
    M = kernel(model, pi @ mu, Sigma, 0.5)

    def ratio(b):
        return (b @ M @ b) / (b @ Sigma @ b)

    tries = np.random.default_rng(0).normal(size=(2000, 4))
    assert max(map(ratio, tries)) <= ratio(found.directions[:, 0]) + 1e-12
    assert ratio(found.directions[:, 0]) == pytest.approx(found.eigenvalues[0])


@pytest.mark.equation("projected-mixture")
def test_the_mixture_along_the_directions_is_that_of_the_projected_points():
    model = random_model("full", K=3, D=5, seed=2)
    found = separating_directions(model, share_of_means=0.5)
    B = found.directions[:, :2]
    for mu, Sigma, m, S in zip(
        model.means_,
        model.covariances_,
        found.mixture.means_,
        found.mixture.covariances_,
        strict=True,
    ):
        np.testing.assert_allclose(m[:2], B.T @ (mu - found.centre))
        np.testing.assert_allclose(S[:2, :2], B.T @ Sigma @ B)
    X, z = model.sample(4000)
    Z = found.transform(X)
    for k in range(3):
        np.testing.assert_allclose(Z[z == k].mean(axis=0), found.mixture.means_[k], atol=0.2)
    everything = found.mixture.score(Z)  # all five directions: no more than another basis
    log_det = np.linalg.slogdet(found.directions)[1]
    assert everything == pytest.approx(model.score(X) - log_det)


def test_where_means_agree_covariances_separate():
    model = GMM.from_parameters(
        [0.5, 0.5], np.zeros((2, 3)), [np.diag([1.0, 1, 1]), np.diag([9.0, 1, 1])]
    )
    with pytest.raises(ValueError, match=r"share_of_means=1.0 finds no direction.* such as 0.5"):
        separating_directions(model)
    found = separating_directions(model, share_of_means=0.5)
    np.testing.assert_allclose(found.directions, [[1], [0], [0]], atol=1e-12)
    assert found.from_means == pytest.approx([0])


@pytest.mark.parametrize("letters", MODELS)
def test_every_covariance_model_has_directions(letters):
    model = GMM(3, covariance_type=letters, random_state=0, n_init=1, tol=1e-4).fit(IRIS)
    found = separating_directions(model, IRIS, share_of_means=0.9)
    mean, Sigma = IRIS.mean(axis=0), np.cov(IRIS.T, bias=True)
    values = eigh(kernel(model, mean, Sigma, 0.9), Sigma, eigvals_only=True)[::-1]
    np.testing.assert_allclose(found.eigenvalues, values[: len(found.eigenvalues)], rtol=1e-7)
    np.testing.assert_allclose(np.linalg.norm(found.directions, axis=0), 1)


@pytest.mark.parametrize("unit", [1e-150, 1e-9, 1e9, 1e140])
@pytest.mark.parametrize("only_one", [False, True])
def test_the_picture_does_not_depend_on_units(unit, only_one):
    model = random_model("full", K=3, D=3, seed=1)
    pi, mu, Sigma = parameters(model)
    s = np.array([unit, 1, 1]) if only_one else np.full(3, unit)
    X = model.sample(100)[0]
    moved = GMM.from_parameters(pi, (mu + 50) * s, Sigma * np.outer(s, s))
    for some, Y in ((None, None), (X, (X + 50) * s)):
        here = separating_directions(model, some, share_of_means=0.5)
        there = separating_directions(moved, Y, share_of_means=0.5)
        np.testing.assert_allclose(there.eigenvalues, here.eigenvalues, rtol=1e-6)
        assert np.isfinite(there.directions).all() and np.isfinite(there.mixture.means_).all()
        Z, other = here.transform(X), there.transform((X + 50) * s)
        np.testing.assert_allclose(
            np.abs(np.corrcoef(Z.T, other.T)[:3, 3:].diagonal()), 1, rtol=1e-6
        )


def test_weights_holes_noise_and_bayes():
    model = random_model("full", K=3, D=4, seed=1)
    X = model.sample(80)[0]
    w = np.random.default_rng(0).integers(0, 3, 80)
    a = separating_directions(model, X, sample_weight=w)
    b = separating_directions(model, np.repeat(X, w, axis=0))
    np.testing.assert_allclose(a.directions, b.directions, atol=1e-9)
    holes = with_holes(X, 0.2)
    completed, V = model.regress(holes, return_cov=True)
    Sigma = np.cov(completed.T, bias=True) + V.mean(axis=0)
    found = separating_directions(model, holes, share_of_means=0.5)
    values = eigh(kernel(model, completed.mean(axis=0), Sigma, 0.5), Sigma, eigvals_only=True)[::-1]
    np.testing.assert_allclose(found.eigenvalues, values, rtol=1e-9)
    np.testing.assert_allclose(
        found.transform(holes), (completed - found.centre) @ found.directions
    )
    noisy = GMM(2, noise=True, random_state=0).fit(np.vstack([FAITHFUL, [[30, 30], [-9, 100]]]))
    found = separating_directions(noisy, FAITHFUL)
    assert found.mixture.weights_.sum() == pytest.approx(1) and not found.mixture.noise
    bayes = BayesianGMM(3, random_state=0).fit(FAITHFUL)
    plain = separating_directions(bayes.mixture_)
    np.testing.assert_array_equal(separating_directions(bayes).directions, plain.directions)


def test_points_count_as_far_as_they_are_no_noise():
    rng = np.random.default_rng(0)
    clusters = np.vstack([rng.normal(0, 1, (100, 3)), rng.normal([8, 0, 0], 1, (100, 3))])
    X = np.vstack([clusters, rng.uniform(-40, 40, (100, 3))])
    model = GMM(2, noise=True, random_state=0).fit(X)
    assert model.noise_weight_ > 0.2
    found = separating_directions(model, X, share_of_means=0.5)
    w = 1 - model.predict_proba(X)[:, -1]
    mean, Sigma = np.average(X, axis=0, weights=w), np.cov(X.T, aweights=w, bias=True)
    values = eigh(kernel(model, mean, Sigma, 0.5), Sigma, eigvals_only=True)[::-1]
    np.testing.assert_allclose(found.eigenvalues, values, rtol=1e-8)
    np.testing.assert_allclose(found.centre, mean)


def test_all_components_of_all_classes_are_told_apart():
    model = GMMClassifier("MclustDA", n_components=2, covariance_type="EEE")
    model.fit(IRIS, np.repeat([0, 1, 2], 50))
    found = separating_directions(model, IRIS)
    assert found.model is not model and found.mixture.n_components == 6
    np.testing.assert_array_equal(
        found.directions, separating_directions(model.mixture_, IRIS).directions
    )
    one = separating_directions(GMM(2, random_state=0).fit(IRIS[:, :1]))
    assert repr(one) == "<Projection: 1 feature to 1: 100.0%>" and one.directions == [[1]]


def test_columns_of_a_table_keep_their_names():
    table = pd.DataFrame(IRIS, columns=list("abcd"))
    found = separating_directions(GMM(3, random_state=0).fit(table), table)
    assert list(found.mixture.feature_names_in_) == ["direction 1", "direction 2"]
    assert repr(found) == "<Projection: 4 features to 2: 96.3%, 3.7%>"
    np.testing.assert_array_equal(found.transform(table), found.transform(IRIS))
    with pytest.raises(ValueError, match="feature names should match"):
        found.transform(table[list("dcba")])


BAD = {
    "not fitted": (lambda: separating_directions(GMM(2)), ValueError, "not fitted"),
    "one": (lambda: separating_directions(GMM(1).fit(IRIS)), ValueError, "fit more components"),
    "share": (
        lambda: separating_directions(random_model("full"), share_of_means=2),
        ValueError,
        "share_of_means=2 must be at most 1",
    ),
    "no mixture": (lambda: separating_directions([1, 2]), TypeError, "list is no mixture"),
    "wide X": (lambda: separating_directions(random_model("full"), IRIS), ValueError, "4 features"),
    "weights": (
        lambda: separating_directions(random_model("full"), FAITHFUL, sample_weight=[1]),
        ValueError,
        "sample_weight.shape",
    ),
}


@pytest.mark.parametrize(("call", "error", "message"), BAD.values(), ids=BAD)
def test_what_does_not_fit_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


# ---- The picture -------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [None, ["a", "b", "c", "d"]])
def test_the_picture_shows_points_ellipses_and_features(names):
    X = IRIS if names is None else pd.DataFrame(IRIS, columns=names)
    model = GMM(3, random_state=0).fit(X)
    projection = separating_directions(model)
    ax = plot_projection(projection, X)
    Z, z = projection.transform(X), model.predict(X)
    for k, points in enumerate(ax.collections):
        np.testing.assert_allclose(points.get_offsets(), Z[z == k])
    assert len(ax.patches) == 3
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("direction 1", "direction 2")
    arrows = np.array([text.xy for text in ax.texts if hasattr(text, "arrow_patch")])
    ratio = arrows / (projection.directions * IRIS.std(axis=0)[:, None])
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-6)  # all on one scale
    written = [text.get_text() for text in ax.texts if text.get_text()]
    assert written == (names or [f"$x_{{{i}}}$" for i in range(1, 5)])
    ax.figure.canvas.draw()
    plt.close("all")


def test_the_picture_takes_one_direction_noise_and_axes():
    model = GMM(2, noise=True, random_state=0).fit(np.vstack([FAITHFUL, [[30, 30], [-9, 100]]]))
    projection = separating_directions(model)
    axes = plt.subplots()[1]
    assert plot_projection(projection, FAITHFUL, ax=axes, s=3) is axes
    assert axes.get_ylabel() == "component"
    both = separating_directions(model, share_of_means=0.5)
    assert plot_projection(both, FAITHFUL, directions=(1, 0)).get_xlabel() == "direction 2"
    before = len(plt.get_fignums())
    with pytest.raises(ValueError, match=r"features=2 must be .* from 0 to 1"):
        plot_projection(both, FAITHFUL, directions=2)
    with pytest.raises(ValueError, match="X=None: this plot shows points"):
        plot_projection(both, None)
    assert len(plt.get_fignums()) == before
    plt.close("all")
