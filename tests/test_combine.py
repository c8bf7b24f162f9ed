"""Components combined: a search over all pairs, R's clustCombi, and what a picture shows."""

import json
from itertools import combinations
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from problems import random_model, with_holes
from scipy.special import entr
from sklearn.mixture import GaussianMixture

from numpy_ml_gmm import GMM, combine, load_iris, load_old_faithful, select
from numpy_ml_gmm.combining import bend
from numpy_ml_gmm.plots import plot_combination

MCLUST = json.loads(Path(__file__).with_name("data").joinpath("mclust_combine.json").read_text())
DATA = {"iris": load_iris().X, "old_faithful": load_old_faithful().X}


def merged(r, pair):
    """Responsibilities with two columns added up, in the place of the first."""
    r = r.copy()
    r[:, pair[0]] += r[:, pair[1]]
    return np.delete(r, pair[1], axis=1)


def by_trial(r, w):
    """Responsibilities for each number of clusters, from K down: every pair is tried."""
    levels = [r]
    while levels[-1].shape[1] > 1:
        r = levels[-1]
        tries = [merged(r, pair) for pair in combinations(range(r.shape[1]), 2)]
        levels.append(min(tries, key=lambda r: w @ entr(r).sum(axis=1)))
    return levels


def random_responsibilities(K, seed, N=60):
    """Rows that are now and then certain."""
    rng = np.random.default_rng(seed)
    r = rng.dirichlet(np.full(K, 0.3), size=N)
    r[: N // 4] = np.eye(K)[rng.integers(K, size=N // 4)]
    return r


class Known:
    """A mixture whose responsibilities are known."""

    def __init__(self, r):
        self.r = r

    def predict_proba(self, X):
        return self.r


@pytest.mark.equation("entropy-gain", "merged-responsibilities")
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("K", [2, 3, 5, 8])
def test_each_step_merges_the_pair_that_a_search_finds(K, seed):
    r = random_responsibilities(K, seed)
    w = np.random.default_rng(seed).integers(0, 4, size=len(r))
    combination = combine(Known(r), r, sample_weight=w)
    for level in by_trial(r, w):
        G = level.shape[1]
        np.testing.assert_allclose(combination.predict_proba(G), level, atol=1e-12)
        np.testing.assert_array_equal(combination.predict(G), level.argmax(axis=1))
        assert combination.entropies[G - 1] == pytest.approx(w @ entr(level).sum(axis=1), abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_the_mergers_are_counted_and_named(seed):
    r = random_responsibilities(6, seed)
    combination = combine(Known(r), r)
    for G, pair in enumerate(combination.merges, start=1):
        before = combination.predict_proba(G + 1)
        np.testing.assert_allclose(merged(before, pair), combination.predict_proba(G), atol=1e-12)
        assert combination.n_merged[G - 1] == np.isin(before.argmax(axis=1), pair).sum()
    assert combination.n_merged[0] == len(r)


@pytest.mark.parametrize("fit", MCLUST["fits"], ids=lambda f: f"{f['data']}-{len(f['weights'])}")
def test_mclust_combines_the_same_components(fit):
    """Made by tests/make_mclust_combine.R."""
    model = GMM.from_parameters(fit["weights"], fit["means"], fit["covariances"])
    combination = combine(model, DATA[fit["data"]])
    assert (combination.clusters + 1).tolist() == fit["clusters"]
    np.testing.assert_allclose(combination.entropies, fit["entropies"], rtol=1e-8, atol=1e-8)
    assert combination.n_clusters == fit["n_clusters"]
    for G, sizes in enumerate(fit["sizes"], start=1):
        assert np.bincount(combination.predict(G), minlength=G).tolist() == np.ravel(sizes).tolist()


def two_squares():
    corner = np.repeat([[0, 0], [1.5, 0.5]], 200, axis=0)
    return corner + np.random.default_rng(17).uniform(size=(400, 2))


def test_bic_describes_two_squares_by_five_gaussians_and_they_are_two_clusters():
    X = two_squares()
    model = select(X, range(1, 8)).best
    combination = combine(model, X)
    assert (model.n_components, combination.n_clusters) == (5, 2)
    square = np.repeat([0, 1], 200)
    found = combination.predict()
    assert max((found == square).mean(), (found != square).mean()) > 0.99
    assert repr(combination) == "<Combination: 5 components in 2 clusters, entropy 53.12 -> 0.53>"


@pytest.mark.equation("entropy-bend")
@pytest.mark.parametrize("seed", range(5))
def test_the_bend_is_where_two_lines_leave_the_least(seed):
    rng = np.random.default_rng(seed)
    x = np.cumsum(rng.uniform(0.1, 1, size=9))
    y = np.cumsum(np.cumsum(rng.uniform(size=9)))

    def squares(at):
        return sum(
            np.polyfit(x[some], y[some], 1, full=True)[1].sum()
            for some in (slice(0, at + 1), slice(at, None))
        )

    found = bend(x, y)
    assert found.at == min(range(1, 8), key=squares)
    for some, (place, height) in zip(
        (slice(0, found.at + 1), slice(found.at, None)), found.lines, strict=True
    ):
        np.testing.assert_array_equal(place, x[some])
        np.testing.assert_allclose(height, np.polyval(np.polyfit(x[some], y[some], 1), x[some]))


def test_a_curve_of_two_lines_bends_where_they_meet():
    x = np.arange(7.0)
    assert bend(x, np.maximum(0, x - 3)).at == 3
    assert bend(x, 0 * x).at == 1  # of several equally good ones the first
    assert bend(np.array([0.0, 0, 0, 1]), np.array([0.0, 0, 1, 2])).at in (1, 2)  # no slope, no nan


@pytest.mark.parametrize(("K", "n_clusters"), [(1, 1), (2, 2), (3, 2)])
def test_few_components_leave_no_choice(K, n_clusters):
    r = random_responsibilities(K, 0)
    combination = combine(Known(r), r)
    assert combination.n_clusters == n_clusters
    assert combination.clusters.shape == (K, K)
    assert len(combination.merges) == len(combination.n_merged) == K - 1
    assert combination.entropies[0] == pytest.approx(0, abs=1e-12)
    words = [
        "1 component in 1 cluster,",
        "2 components in 2 clusters,",
        "3 components in 2 clusters,",
    ]
    assert repr(combination).startswith(f"<Combination: {words[K - 1]} entropy ")


def test_entropy_only_falls_and_clusters_are_nested():
    model = random_model("full", K=7, seed=3, spread=1.0)
    combination = combine(model, model.sample(200)[0])
    assert (np.diff(combination.entropies) >= 0).all()
    for G in range(1, 7):
        finer, coarser = combination.clusters[[G, G - 1]]
        assert len(set(zip(finer, coarser, strict=True))) == G + 1
        assert combination.membership(G).sum(axis=1).tolist() == [1] * 7


def test_a_weight_is_so_many_points():
    model = random_model("full", K=5, seed=1, spread=1.0)
    X = model.sample(80)[0]
    w = np.random.default_rng(0).integers(0, 4, size=80)
    weighted, repeated = combine(model, X, sample_weight=w), combine(model, np.repeat(X, w, axis=0))
    np.testing.assert_array_equal(weighted.clusters, repeated.clusters)
    np.testing.assert_allclose(weighted.entropies, repeated.entropies, atol=1e-9)
    np.testing.assert_allclose(weighted.n_merged, repeated.n_merged)
    assert weighted.n_clusters == repeated.n_clusters


def test_what_is_known_of_the_components_counts():
    model = random_model("full", K=4, seed=2, spread=1.0)
    X, z = model.sample(60)
    assert combine(model, X, priors=z).entropies.max() == pytest.approx(0, abs=1e-9)
    half = np.where(np.arange(60) < 30, z, -1)
    expected = entr(model.predict_proba(X, priors=half)).sum()
    assert combine(model, X, priors=half).entropies[-1] == pytest.approx(expected)


def test_rows_with_holes_count_with_what_they_have():
    model = random_model("full", K=4, D=3, seed=2, spread=1.0)
    X = with_holes(model.sample(60)[0], 0.3)
    combination = combine(model, X)
    np.testing.assert_array_equal(combination.responsibilities, model.predict_proba(X))
    assert np.isfinite(combination.entropies).all()


def test_other_mixtures_and_single_precision_are_taken():
    X = load_old_faithful().X
    theirs = GaussianMixture(3, random_state=0).fit(X)
    assert combine(theirs, X).predict(2).shape == (272,)
    ours = GMM(3, random_state=0).fit(X.astype(np.float32))
    assert combine(ours, X.astype(np.float32)).responsibilities.dtype == np.float64


BAD = {
    "not fitted": (lambda m, X: combine(GMM(3), X), ValueError, "not fitted"),
    "no mixture": (lambda m, X: combine(X, m), TypeError, "ndarray.*no predict_proba.*fitted"),
    "wide X": (lambda m, X: combine(m, X[:, :1]), ValueError, "features"),
    "weights": (lambda m, X: combine(m, X, sample_weight=[1]), ValueError, "sample_weight.shape"),
    "no weight": (lambda m, X: combine(m, X, sample_weight=0 * X[:, 0]), ValueError, "above zero"),
    "priors": (lambda m, X: combine(m, X, priors=[7] * len(X)), ValueError, "priors.*0 to 2"),
    "no clusters": (lambda m, X: combine(m, X).predict(0), ValueError, "n_clusters=0"),
    "many clusters": (lambda m, X: combine(m, X).predict(4), ValueError, "n_clusters=4.*1 to 3"),
    "half a cluster": (lambda m, X: combine(m, X).membership(1.5), TypeError, "n_clusters=1.5"),
}


@pytest.mark.parametrize(("call", "error", "message"), BAD.values(), ids=BAD)
def test_what_does_not_fit_is_named(call, error, message):
    model = random_model("full", K=3, seed=2)
    with pytest.raises(error, match=message):
        call(model, model.sample(20)[0])


# ---- The picture -------------------------------------------------------------------------------


@pytest.mark.parametrize("K", [2, 3, 6])
def test_the_picture_shows_the_entropies_and_the_choice(K):
    r = random_responsibilities(K, 1)
    combination = combine(Known(r), r)
    panels = plot_combination(combination)
    for panel, x in zip(
        panels, (np.arange(1, K + 1), np.append(0, np.cumsum(combination.n_merged))), strict=True
    ):
        np.testing.assert_allclose(panel.lines[0].get_xdata(), x)
        np.testing.assert_allclose(panel.lines[0].get_ydata(), combination.entropies)
        assert panel.get_xlabel()
    ring = panels[0].lines[-1]
    assert ring.get_xdata() == [combination.n_clusters]
    assert panels[0].texts[0].get_text() == f"G = {combination.n_clusters}"
    panels[0].figure.canvas.draw()
    plt.close("all")


def test_the_picture_takes_two_axes_and_a_mixture_that_has_something_to_merge():
    r = random_responsibilities(4, 1)
    axes = plt.subplots(2, 1)[1]
    assert list(plot_combination(combine(Known(r), r), ax=axes, color="red")) == list(axes)
    assert axes[0].lines[0].get_color() == "red"
    before = len(plt.get_fignums())
    with pytest.raises(ValueError, match="nothing to merge: fit more components"):
        plot_combination(combine(Known(r[:, :1] * 0 + 1), r))
    with pytest.raises(ValueError, match="1 axes, expected 2"):
        plot_combination(combine(Known(r), r), ax=axes[0])
    assert len(plt.get_fignums()) == before
    plt.close("all")
