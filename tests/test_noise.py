"""Noise: the density and a step of EM written out, mclust's chevron, and all doors."""

import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from problems import with_holes
from scipy import stats
from scipy.special import logsumexp, softmax
from sklearn.base import clone

from numpy_ml_gmm import GMM, bootstrap_parameters, combine, load_iris, select
from numpy_ml_gmm.noise import Box, likely_noise
from numpy_ml_gmm.plots import plot_classification, plot_responsibilities
from numpy_ml_gmm.plots.colours import FAINT, palette
from numpy_ml_gmm.validation import CollapseWarning, check_rows

CHEVRON = Path(__file__).parent / "data" / "chevron.csv"


def chevron():
    """mclust's simulated minefield: 1104 points, and which of them are noise."""
    text = np.genfromtxt(CHEVRON, delimiter=",", skip_header=1, dtype=str)
    return text[:, 1:].astype(float), text[:, 0] == '"noise"'


def clusters_in_clutter(seed=0, D=2, n=(60, 80, 60)):
    """Two tight clusters and uniform clutter: points and labels, -1 for the clutter."""
    rng = np.random.default_rng(seed)
    parts = [rng.normal(size=(n[0], D)) * 0.3, rng.normal(size=(n[1], D)) * 0.3 + 4]
    X = np.vstack([*parts, rng.uniform(-6, 10, (n[2], D))])
    return X, np.repeat([0, 1, -1], n)


def joint_by_hand(model, X):
    """The log joint (N, K + 1), each term by scipy.stats; nan is summed out."""
    box = model.noise_box_
    joint = np.empty((len(X), model.n_components + 1))
    full = model.theta.covariances
    for n, x in enumerate(X):
        o = ~np.isnan(x)
        for k in range(model.n_components):
            C = np.diag(full[k]) if full[k].ndim == 1 else full[k]
            joint[n, k] = np.log(model.weights_[k])
            if o.any():
                normal = stats.multivariate_normal(model.means_[k][o], C[np.ix_(o, o)])
                joint[n, k] += normal.logpdf(x[o])
        lengths = 2 * np.linalg.norm(box[1:], axis=1)
        lengths = lengths if o.all() else lengths[o]  # its edges lie along the features then
        joint[n, -1] = np.log(model.noise_weight_) - np.log(lengths).sum()
    return joint


# ---- The box -----------------------------------------------------------------------------------


def test_box_is_the_smaller_of_two_and_holds_all_points():
    rng = np.random.default_rng(0)
    turned = rng.uniform(-1, 1, (500, 2)) * [5, 0.5] @ np.array([[0.8, 0.6], [-0.6, 0.8]])
    for X, aligned in ((turned, False), (turned * [1, 0] + rng.uniform(-1, 1, (500, 2)), True)):
        box = Box.of(check_rows(X, 1))
        assert box.aligned is aligned
        u = (X - box.centre) @ np.linalg.inv(box.edges)
        np.testing.assert_allclose(np.abs(u).max(axis=0), 1, rtol=1e-9)
        volume = abs(np.linalg.det(2 * box.edges))
        assert np.exp(box.log_volume) == pytest.approx(volume)
        assert volume <= np.prod(np.ptp(X, axis=0)) * (1 + 1e-12)


def test_box_of_the_chevron_is_that_of_mclust():
    """mclust 6.0.0: hypvol(chevron[, 2:3])."""
    box = Box.of(check_rows(chevron()[0], 1))
    assert np.exp(box.log_volume) == pytest.approx(16021.8071078, rel=1e-10)


def test_moments_of_the_box_are_those_of_its_points():
    box = Box(np.array([1.0, -2.0]), np.array([[0.6, 0.8], [-1.6, 1.2]]))
    X = box.draw(200_000, np.random.default_rng(0))
    np.testing.assert_allclose(X.mean(axis=0), box.centre, atol=0.01)
    np.testing.assert_allclose(X.var(axis=0), box.variances, atol=0.01)
    assert np.exp(box.log_density()) == pytest.approx(1 / (2 * 1 * 2 * 2))


# ---- The model and EM --------------------------------------------------------------------------


@pytest.mark.equation("noise")
@pytest.mark.parametrize("holes", [0, 0.3])
@pytest.mark.parametrize("name", ["full", "tied", "diag", "spherical", "EEV"])
def test_every_door_says_what_the_terms_say(name, holes):
    X, _ = clusters_in_clutter()
    X = with_holes(X, holes, 0) if holes else X
    model = GMM(2, covariance_type=name, noise=True, random_state=0).fit(X)
    joint = joint_by_hand(model, X)
    np.testing.assert_allclose(model.log_joint(X), joint, atol=1e-8)
    np.testing.assert_allclose(model.score_samples(X), logsumexp(joint, axis=1), atol=1e-8)
    np.testing.assert_allclose(model.predict_proba(X), softmax(joint, axis=1), atol=1e-8)
    z = joint.argmax(axis=1)
    np.testing.assert_array_equal(model.predict(X), np.where(z == 2, -1, z))
    assert model.log_likelihood_ == pytest.approx(logsumexp(joint, axis=1).sum())
    assert model.weights_.sum() + model.noise_weight_ == pytest.approx(1)
    r = model.predict_proba(X)
    assert model.elbo(X, r) == pytest.approx(model.log_likelihood_)


@pytest.mark.parametrize("name", ["full", "tied", "diag", "spherical", "EEV", "VEI"])
def test_a_step_is_bayes_rule_and_the_sums(name):
    """A step from a known start, with loops over the points."""
    X, _ = clusters_in_clutter()
    model = GMM(2, covariance_type=name, noise=True, random_state=0, var_smoothing=0)
    model.set_params(max_iter=3, tol=0).fit(X)
    r = softmax(joint_by_hand(model, X), axis=1)
    model.set_params(warm_start=True, max_iter=1).fit(X)
    assert model.noise_weight_ == pytest.approx(r[:, -1].mean(), rel=1e-9)
    N_k = r[:, :2].sum(axis=0)
    np.testing.assert_allclose(model.weights_, N_k / len(X), rtol=1e-9)
    mu = r[:, :2].T @ X / N_k[:, None]
    np.testing.assert_allclose(model.means_, mu, rtol=1e-9)
    W = [(r[:, k, None] * (X - mu[k])).T @ (X - mu[k]) for k in range(2)]
    if name in ("full", "tied"):
        wanted = [W[k] / N_k[k] for k in range(2)] if name == "full" else sum(W) / N_k.sum()
        np.testing.assert_allclose(model.covariances_, wanted, rtol=1e-9)


def test_no_step_lowers_the_likelihood_and_the_end_is_stationary():
    X, _ = clusters_in_clutter()
    for name in ("full", "diag", "EEE", "VEV"):
        model = GMM(2, covariance_type=name, noise=True, random_state=0, var_smoothing=0)
        model.set_params(tol=1e-12).fit(X)
        assert np.diff(model.history_[model.best_restart_]).min() > -1e-9
        assert model.noise_weight_ == pytest.approx(model.predict_proba(X)[:, -1].mean(), abs=1e-5)


@pytest.mark.parametrize("D", [1, 2, 5])
def test_clutter_is_told_from_clusters(D):
    X, z = clusters_in_clutter(D=D, n=(100, 100, 60))
    found = GMM(2, noise=True, random_state=0).fit_predict(X)
    right = {1: 0.85, 2: 0.93, 5: 0.99}[D]
    same = max(
        (np.where(found == 1, 0, np.where(found == 0, 1, -1)) == z).mean(), (found == z).mean()
    )
    assert same > right


def test_chevron_is_found_at_least_as_well_as_by_mclust():
    """mclust 6.0.0: Mclust(chevron[, 2:3], initialization=list(noise=...)) has BIC -21127.82."""
    X, noise = chevron()
    for seed in range(3):
        model = GMM(2, covariance_type="EEV", noise=True, random_state=seed).fit(X)
        assert model.bic(X) <= 21127.76
    found = model.predict(X) == -1
    assert found[noise].mean() > 0.98 and found[~noise].mean() < 0.2
    labels = np.where(noise, -1, X[:, 0] > 55)
    named = GMM(2, covariance_type="EEV", noise=True, init_params=labels).fit(X)
    assert named.bic(X) == pytest.approx(model.bic(X), abs=1e-3)
    table = select(X, range(1, 4), noise=True)
    best = table.best
    assert (best.n_components, best.covariance_type) == (2, "EEV")
    assert best.bic(X) == pytest.approx(model.bic(X), abs=0.1)


def test_first_guess_parts_dense_from_sparse():
    X, z = clusters_in_clutter(n=(200, 200, 100))
    q = likely_noise(X, np.ones(len(X)))
    assert ((q > 0.5) == (z == -1)).mean() > 0.93


# ---- With the rest of the package --------------------------------------------------------------


@pytest.mark.parametrize("init", ["mixed", "kmeans", "k-means++", "random", "random_from_data"])
def test_all_starts_take_noise(init):
    X, z = clusters_in_clutter()
    model = GMM(2, noise=True, init_params=init, n_init=10, random_state=0).fit(X)
    assert ((model.predict(X) == -1) == (z == -1)).mean() > 0.9
    assert model.get_params() == clone(model).get_params()


@pytest.mark.parametrize("form", ["labels", "responsibilities", "function", "hierarchical"])
def test_starts_may_name_the_noise(form):
    X, z = clusters_in_clutter()
    r = np.eye(3)[z]
    init = {"labels": z, "responsibilities": r, "function": lambda X, K, rng: r}
    model = GMM(2, noise=True, init_params=init.get(form, form)).fit(X)
    assert ((model.predict(X) == -1) == (z == -1)).mean() > 0.9


def test_given_parameters_and_priors_number_the_components():
    X, _ = clusters_in_clutter()
    means = [[4.0, 4.0], [0.0, 0.0]]
    given = {"means_init": means, "weights_init": [0.5, 0.5], "covariances_init": [np.eye(2)] * 2}
    for some in (["means_init"], ["weights_init"], list(given)):
        params = {name: given[name] for name in some}
        model = GMM(2, noise=True, random_state=0, **params).fit(X)
        assert 0.2 < model.noise_weight_ < 0.35
        if "means_init" in params:
            np.testing.assert_allclose(model.means_, means, atol=0.2)
    known = np.full(len(X), -1)
    known[[0, 60, 199]] = [1, 0, 2]  # one of each, 2 is the noise
    model = GMM(2, noise=True, random_state=0).fit(X, priors=known)
    np.testing.assert_allclose(model.means_, means, atol=0.2)
    assert model.predict(X, priors=known)[199] == -1
    held = GMM(2, noise=True, means_init=means, fixed=("means",), random_state=0).fit(X)
    assert (held.means_ == means).all()


def test_weights_of_rows_and_blocks_and_threads_and_single_precision():
    X, _ = clusters_in_clutter(n=(6000, 8000, 6000))
    w = np.random.default_rng(0).integers(0, 3, len(X))
    once = GMM(2, noise=True, random_state=0, tol=1e-10).fit(X, sample_weight=w)
    twice = GMM(2, noise=True, random_state=0, tol=1e-10).fit(np.repeat(X, w, axis=0))
    assert once.noise_weight_ == pytest.approx(twice.noise_weight_, rel=1e-6)
    two = GMM(2, noise=True, random_state=0, tol=1e-10, n_jobs=2).fit(X, sample_weight=w)
    assert two.noise_weight_ == once.noise_weight_
    single = GMM(2, noise=True, random_state=0).fit(X.astype(np.float32))
    assert single.noise_weight_ == pytest.approx(once.noise_weight_, abs=0.02)
    assert single.predict_proba(X.astype(np.float32)).dtype == np.float32


def test_wide_data_take_noise():
    """From 64 features on each component has its own frame; the noise needs none."""
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(size=(300, 70)), rng.uniform(-9, 9, (60, 70))])
    model = GMM(1, noise=True, covariance_type="full", random_state=0).fit(X)
    z = model.predict(X)
    assert (z[:300] == 0).all() and (z[300:] == -1).all()


def test_saved_and_drawn_from_and_counted(tmp_path):
    X, _ = clusters_in_clutter()
    model = GMM(2, noise=True, random_state=0).fit(X)
    model.save(tmp_path / "model.npz")
    loaded = GMM.load(tmp_path / "model.npz")
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert model.n_parameters() == 11 + 2  # mclust counts the weight and the volume
    Y, z = model.sample(20_000)
    assert (z == -1).mean() == pytest.approx(model.noise_weight_, abs=0.02)
    np.testing.assert_allclose(Y[z == -1].mean(axis=0), model.noise_box_[0], atol=0.3)
    np.testing.assert_allclose(Y[z == 0].mean(axis=0), model.means_[0], atol=0.05)
    found = bootstrap_parameters(model, X, n_bootstraps=5, random_state=0)
    np.testing.assert_allclose(found.replicates.means.mean(axis=0), model.means_, atol=0.2)


def test_parts_of_a_mixture_leave_the_noise_out():
    X, _ = clusters_in_clutter()
    model = GMM(2, noise=True, random_state=0).fit(X)
    plain = GMM.from_parameters(
        model.weights_ / model.weights_.sum(), model.means_, model.covariances_
    )
    np.testing.assert_allclose(model.marginal(0).weights_, plain.weights_)
    np.testing.assert_allclose(model.condition(0, 1.0).means_, plain.condition(0, 1.0).means_)
    rows = [[0.1, np.nan], [np.nan, np.nan]]
    np.testing.assert_allclose(model.regress(rows), plain.regress(rows))


def test_a_prior_and_noise_together():
    X, z = clusters_in_clutter()
    model = GMM(2, noise=True, conjugate_prior="default", random_state=0).fit(X)
    assert np.diff(model.history_[model.best_restart_]).min() > -1e-8
    assert ((model.predict(X) == -1) == (z == -1)).mean() > 0.9


def test_pictures_show_the_noise_grey():
    X, _ = clusters_in_clutter()
    model = GMM(2, noise=True, random_state=0).fit(X)
    axes = plot_classification(model, X, boundaries=False)
    counts = {points.get_label(): len(points.get_offsets()) for points in axes.collections}
    z = model.predict(X)
    assert counts == {
        "component 0": (z == 0).sum(),
        "component 1": (z == 1).sum(),
        "noise": (z == -1).sum(),
    }
    colours = plot_responsibilities(model, X).collections[0].get_facecolor()[:, :3]
    r = model.predict_proba(X)
    wanted = r @ np.vstack([palette(2), to_rgb(FAINT)])
    np.testing.assert_allclose(colours, wanted, atol=1e-9)
    plt.close("all")


def test_without_clutter_the_noise_has_little_weight():
    X = load_iris().X
    model = GMM(3, noise=True, random_state=0).fit(X)
    assert model.noise_weight_ < 0.05
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert GMM(2, noise=True, random_state=0).fit([[0.0], [0.1], [0.2], [5.0], [5.1]])
        assert GMM(1, noise=True).fit([[0.0], [1.0]])  # the first neighbour of each is the other


@pytest.mark.parametrize("N", [5, 9, 40])
def test_few_rows_and_rows_in_a_plane_have_a_box(N):
    """Along principal components a flat cloud has no volume: the box is that of the features."""
    X = np.random.default_rng(0).normal(size=(N, 8))
    X[:, 7] = X[:, :6].sum(axis=1) if N == 40 else X[:, 7]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = GMM(1, noise=True, covariance_type="diag").fit(X)
    assert Box(model.noise_box_[0], model.noise_box_[1:]).log_volume > 0
    assert np.isfinite(model.score_samples(X)).all()


def test_components_combine_without_the_noise():
    X, z = clusters_in_clutter()
    model = GMM(4, noise=True, random_state=0).fit(X)
    found = combine(model, X)
    r = model.predict_proba(X)
    assert found.responsibilities.shape == (len(X), 4)
    kept = r[:, -1] < 0.5
    np.testing.assert_allclose(found.responsibilities[kept].sum(axis=1), 1)
    labels = found.predict(2)[z >= 0]
    assert (labels == z[z >= 0]).mean() in (0.0, 1.0)


def test_select_takes_priors_beside_noise():
    """Labels of noise stay in the last column for every number of components."""
    X, z = clusters_in_clutter()
    known = np.full(len(X), -1)
    known[[0, 1, 60, 61]] = [0, 0, 1, 1]
    table = select(X, [2, 3], ["VVV", "EEE"], noise=True, priors=known)
    for row in table.rows:
        alone = GMM(row.n_components, covariance_type=row.covariance_type, noise=True)
        alone.set_params(random_state=0).fit(X, priors=known)
        assert row.log_likelihood == pytest.approx(row.model.log_likelihood(X, priors=known))
        assert row.n_components > 2 or row.bic < alone.bic(X, priors=known) + 0.1
    two = select(X, [2, 3], ["VVV", "EEE"], noise=True, priors=known, n_jobs=2).rows
    assert [row.bic for row in two] == pytest.approx([row.bic for row in table.rows])
    with_noise = np.where(z == -1, 2, -1)
    assert (select(X, 2, "VVV", noise=True, priors=with_noise).best.predict(X) == -1).sum() > 50


def test_a_box_across_the_features_says_nothing_of_rows_with_holes():
    rng = np.random.default_rng(0)
    a = rng.uniform(-10, 10, (300, 1))
    X = np.vstack([np.hstack([a, a]) + rng.normal(0, 0.5, (300, 2)), rng.normal(0, 0.1, (100, 2))])
    model = GMM(1, noise=True, random_state=0).fit(X)
    holes = X[:3].copy()
    holes[0, 0] = np.nan
    with pytest.raises(ValueError, match="the box of the noise lies across the features"):
        model.score_samples(holes)
    assert np.isfinite(GMM(1, noise=True).fit(np.vstack([holes, X])).score_samples(holes)).all()


def test_another_fit_leaves_nothing_of_the_noise_behind():
    X, _ = clusters_in_clutter()
    model = GMM(2, noise=True, conjugate_prior="default", random_state=0).fit(X)
    model.set_params(noise=False)
    with pytest.raises(ValueError, match="beside noise, but now noise=False"):
        model.predict(X)
    model.set_params(conjugate_prior=None).fit(X)
    assert not {"log_posterior_", "noise_weight_", "noise_box_"} & vars(model).keys()


def test_the_weight_of_the_noise_may_be_set_between_steps():
    X, _ = clusters_in_clutter()
    model = GMM(2, noise=True, max_iter=4, tol=0, random_state=0)
    for step in model.iterate(X):
        step.weights_, step.noise_weight_ = np.full(2, 0.25), 0.5
    after = GMM(2, noise=True, max_iter=1, tol=0, warm_start=True)
    vars(after).update({k: v for k, v in vars(model).items() if k.endswith("_")})
    assert after.fit(X).noise_weight_ != 0.5
    with pytest.raises(ValueError, match="weights_ and noise_weight_"):
        for step in GMM(2, noise=True, random_state=0).iterate(X):
            step.weights_ = np.full(2, 0.5)


def test_equal_points_and_blocks_without_a_feature_leak_no_warning():
    rng = np.random.default_rng(0)
    X = np.vstack([np.repeat(rng.normal(size=(3, 4)), 40, axis=0), rng.uniform(-5, 5, (30, 4))])
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        with pytest.warns(CollapseWarning, match="it lies on 40.0 points"):
            model = GMM(3, noise=True, random_state=0, covariance_type="diag").fit(X)
        np.testing.assert_allclose(model.weights_, 40 / 150, rtol=1e-6)
        Z = rng.normal(size=(20000, 2))
        Z[:9000, 0] = np.nan
        assert Box.of(check_rows(Z, 1)).log_volume > 3


def test_labels_of_noise_go_round():
    X, _ = clusters_in_clutter()
    model = GMM(2, noise=True, random_state=0).fit(X)
    z, joint = model.predict(X), model.log_joint(X)
    assert model.complete_log_likelihood(X, z) == pytest.approx(joint.max(axis=1).sum())


def test_errors_say_what_noise_lacks():
    X, _ = clusters_in_clutter()
    model = GMM(2, random_state=0).fit(X).set_params(noise=True)
    with pytest.raises(ValueError, match="noise=True but no noise_box_"):
        model.predict(X)
    with pytest.raises(ValueError, match="priors has shape"):
        GMM(2, noise=True).fit(X, priors=np.ones((len(X), 2)))
    with pytest.raises(TypeError, match="noise='yes' must be True or False"):
        GMM(2, noise="yes").fit(X)
    with pytest.raises(ValueError, match="constant"):
        GMM(2, noise=True).fit(X * [1, 0])
