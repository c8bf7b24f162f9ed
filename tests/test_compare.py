"""Divergences of mixtures against quadrature, formulas and searches; reduction against moments."""

import itertools

import numpy as np
import pytest
from problems import full_covariances, parameters, random_model
from scipy.optimize import minimize
from scipy.special import softmax
from scipy.stats import multivariate_normal, norm, uniform
from sklearn.mixture import GaussianMixture

from numpy_ml_gmm import GMM, BayesianGMM, load_old_faithful
from numpy_ml_gmm.compare import (
    Pieces,
    js_divergence,
    kl_approximation,
    kl_bound,
    kl_components,
    kl_divergence,
    merge_cost,
    reduce_mixture,
    within,
)
from numpy_ml_gmm.covariances import MODELS
from numpy_ml_gmm.noise import Box

FAITHFUL = load_old_faithful().X


def line(seed, K=2, spread=2.0):
    return random_model("full", K=K, D=1, seed=seed, spread=spread)


def by_quadrature(p, q, steps=40_001):
    """KL and JS of mixtures of one feature, by a sum over a fine grid."""
    x = np.linspace(-40, 40, steps)[:, None]
    a, b = p.score_samples(x), q.score_samples(x)
    m, dx = np.logaddexp(a, b) - np.log(2), x[1, 0] - x[0, 0]
    kl = (np.exp(a) * (a - b)).sum() * dx
    return kl, (np.exp(a) * (a - m) + np.exp(b) * (b - m)).sum() * dx / 2


def kl_of_gaussians(mu, Sigma, nu, T):
    """The textbook's formula, with inverses."""
    P, delta = np.linalg.inv(T), nu - mu
    gap = np.linalg.slogdet(T)[1] - np.linalg.slogdet(Sigma)[1]
    return (np.trace(P @ Sigma) + delta @ P @ delta - len(mu) + gap) / 2


def boxed(model, weight=0.3, low=-6.0, high=6.0):
    """The same mixture with noise between two corners."""
    D = model.n_features_in_
    model.set_params(noise=True)
    model.noise_weight_, model.weights_ = weight, model.weights_ * (1 - weight)
    centre = np.full((1, D), (low + high) / 2)
    model.noise_box_ = np.vstack([centre, np.eye(D) * (high - low) / 2])
    return model


# ---- By draws ----------------------------------------------------------------------------------


@pytest.mark.equation("kl-mixtures", "js")
@pytest.mark.parametrize("seed", range(4))
def test_draws_agree_with_quadrature_within_their_errors(seed):
    p, q = line(seed), line(seed + 10, K=3)
    kl, js = by_quadrature(p, q)
    for expected, found in (
        (kl, kl_divergence(p, q, 20_000, random_state=seed)),
        (js, js_divergence(p, q, 20_000, random_state=seed)),
    ):
        assert abs(found.value - expected) < 4 * found.standard_error
        assert found.standard_error < 0.2 * (1 + expected)


@pytest.mark.equation("kl-mixtures", "js")
@pytest.mark.parametrize("divergence", [kl_divergence, js_divergence])
def test_the_error_is_how_the_values_scatter(divergence):
    p, q = line(1), line(2)
    found = [divergence(p, q, 300, random_state=seed) for seed in range(150)]
    values, errors = np.array(found).T
    assert values.std() == pytest.approx(errors.mean(), rel=0.2)


def test_a_mixture_is_nothing_away_from_itself_and_jensen_shannon_is_symmetric():
    p, q = random_model("full", seed=1), random_model("full", seed=2)
    assert p.kl_to(p) == (0, 0)
    assert js_divergence(p, p, random_state=0) == pytest.approx((0, 0), abs=1e-12)
    there, back = js_divergence(p, q, random_state=0), js_divergence(q, p, random_state=1)
    assert abs(there.value - back.value) < 4 * np.hypot(there[1], back[1])
    assert 0 < there.value < np.log(2)


def test_draws_depend_on_the_seed_alone():
    p, q = random_model("full", seed=1), random_model("diag", seed=2)
    assert p.kl_to(q) == p.kl_to(q) != kl_divergence(p, q, random_state=5)
    before = p.sample(3)[0]
    p.kl_to(q, n_samples=50)
    np.testing.assert_array_equal(p.sample(3)[0], before)


@pytest.mark.equation("kl-mixtures")
def test_noise_ends_with_its_box():
    p, q = boxed(line(1)), line(2)
    x = np.linspace(-60, 60, 240_001)
    pi, mu, Sigma = (np.ravel(a) for a in parameters(p))
    one = norm.pdf(x[:, None], mu, np.sqrt(Sigma)) @ pi + 0.3 * uniform.pdf(x, -6, 12)
    other, dx = np.exp(q.score_samples(x[:, None])), x[1] - x[0]
    assert one.sum() * dx == pytest.approx(1, abs=1e-4)
    for a, b, found in (
        (one, other, kl_divergence(p, q, 20_000, 0)),
        (other, one, kl_divergence(q, p, 20_000, 0)),
    ):
        some = (a > 0) & (b > 0)
        expected = (a[some] * np.log(a[some] / b[some])).sum() * dx
        assert abs(found.value - expected) < 4 * found.standard_error


# ---- Between components -----------------------------------------------------------------------


@pytest.mark.equation("kl-gaussians")
@pytest.mark.parametrize("letters", ["full", "diag", "tied", "spherical", "tied_spherical"])
def test_the_divergence_of_gaussians_is_the_textbooks(letters):
    p, q = random_model(letters, D=4, seed=3), random_model("full", K=2, D=4, seed=4)
    found = kl_components(Pieces.of(p), Pieces.of(q))
    for (a, mu, Sigma), (b, nu, T) in itertools.product(
        zip(range(3), p.means_, full_covariances(p), strict=True),
        zip(range(2), q.means_, q.covariances_, strict=True),
    ):
        assert found[a, b] == pytest.approx(kl_of_gaussians(mu, Sigma, nu, T), rel=1e-10)


@pytest.mark.equation("kl-gaussians")
def test_the_divergence_of_a_gaussian_from_a_box_is_a_mean_over_the_box():
    p, q = boxed(random_model("full", D=2, seed=3)), random_model("full", K=2, D=2, seed=4)
    p.noise_box_[1:] = [[3.6, 4.8], [-1.6, 1.2]]  # across the features
    x = p.noise_box_[0] + np.random.default_rng(0).uniform(-1, 1, (200_000, 2)) @ p.noise_box_[1:]
    found = kl_components(Pieces.of(p), Pieces.of(q))[-1]
    for b, (nu, T) in enumerate(zip(q.means_, q.covariances_, strict=True)):
        terms = -np.log(12 * 4) - multivariate_normal.logpdf(x, nu, T)
        assert abs(found[b] - terms.mean()) < 5 * terms.std() / np.sqrt(len(x))


def test_only_a_box_within_it_is_near_to_a_box():
    small, large = (boxed(random_model("full", D=2), low=-a, high=a) for a in (1, 3))
    there = kl_components(Pieces.of(small), Pieces.of(large))
    assert there[-1, -1] == pytest.approx(2 * np.log(3)) and np.isinf(there[:-1, -1]).all()
    assert np.isinf(kl_components(Pieces.of(large), Pieces.of(small))[-1, -1])
    assert kl_approximation(small, small) == pytest.approx(0, abs=1e-12)
    assert kl_bound(small, small) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_a_turned_box_is_within_another_if_its_corners_are(seed):
    rng = np.random.default_rng(seed)
    axes, others = (np.linalg.qr(rng.normal(size=(3, 3)))[0] for _ in range(2))
    box = Box(0.3 * rng.normal(size=3), axes * rng.uniform(0.2, 1, (3, 1)))
    other = Box(0.1 * rng.normal(size=3), others * rng.uniform(1, 3, (3, 1)))
    corners = box.centre + np.array(list(itertools.product([-1, 1], repeat=3))) @ box.edges
    assert within(box, other) == other.holds(corners).all()
    assert box.holds(box.draw(100, rng)).all()
    assert not box.holds(box.centre + 1.001 * np.vstack([box.edges, -box.edges])).any()


@pytest.mark.equation("kl-approximation", "kl-bound")
def test_one_gaussian_each_makes_both_exact():
    p, q = random_model("full", K=1, D=3, seed=1), random_model("full", K=1, D=3, seed=2)
    exact = kl_of_gaussians(p.means_[0], p.covariances_[0], q.means_[0], q.covariances_[0])
    assert kl_approximation(p, q) == pytest.approx(exact) == kl_bound(p, q)


@pytest.mark.equation("kl-approximation")
@pytest.mark.parametrize("seed", range(3))
def test_the_approximation_is_its_formula_term_by_term(seed):
    p, q = random_model("full", seed=seed), random_model("full", K=4, seed=seed + 5)
    total = 0
    for pi, mu, Sigma in zip(*parameters(p), strict=True):
        above, below = (
            sum(
                w * np.exp(-kl_of_gaussians(mu, Sigma, nu, T))
                for w, nu, T in zip(*parameters(m), strict=True)
            )
            for m in (p, q)
        )
        total += pi * np.log(above / below)
    assert kl_approximation(p, q) == pytest.approx(total, rel=1e-9)


def bound_of(phi, psi, kl):
    return (phi * (np.log(phi) - np.log(psi) + kl)).sum()


@pytest.mark.equation("kl-bound", "kl-bound-updates")
@pytest.mark.parametrize("seed", range(4))
def test_the_bound_is_the_least_that_a_search_finds_and_above_the_divergence(seed):
    p, q = line(seed, K=3, spread=1.5), line(seed + 10, K=2, spread=1.5)
    kl = kl_components(Pieces.of(p), Pieces.of(q))

    def bound(free):
        phi = p.weights_[:, None] * softmax(free[:6].reshape(3, 2), axis=1)
        psi = q.weights_ * softmax(free[6:].reshape(3, 2), axis=0)
        return bound_of(phi, psi, kl)

    least = min(
        minimize(bound, start, tol=1e-12).fun
        for start in np.random.default_rng(0).normal(size=(3, 12))
    )
    found = kl_bound(p, q)
    assert found == pytest.approx(least, rel=1e-5)
    assert found >= by_quadrature(p, q)[0] - 1e-9


@pytest.mark.equation("kl-bound-updates")
def test_each_update_is_the_best_for_the_other():
    rng = np.random.default_rng(0)
    pi, w, kl = rng.dirichlet([1] * 3), rng.dirichlet([1] * 4), rng.exponential(size=(3, 4))
    phi = pi[:, None] * rng.dirichlet([1] * 4, size=3)
    psi = w * phi / phi.sum(axis=0)
    best = bound_of(phi, psi, kl)
    better = psi * np.exp(-kl)
    next_phi = pi[:, None] * better / better.sum(axis=1, keepdims=True)
    for _ in range(200):
        other = w * rng.dirichlet([1] * 3, size=4).T
        assert bound_of(phi, other, kl) >= best
        other = pi[:, None] * rng.dirichlet([1] * 4, size=3)
        assert bound_of(other, psi, kl) >= bound_of(next_phi, psi, kl) - 1e-12


@pytest.mark.equation("kl-bound")
@pytest.mark.parametrize("letters", MODELS)
def test_the_bound_holds_for_fits_of_every_covariance_model(letters):
    kwargs = dict(covariance_type=letters, random_state=0, n_init=1)
    p, q = GMM(3, **kwargs).fit(FAITHFUL), GMM(2, **kwargs).fit(FAITHFUL)
    value, error = p.kl_to(q, n_samples=2000)
    assert kl_bound(p, q) > value - 4 * error
    assert abs(kl_approximation(p, p)) < 1e-9 and abs(kl_bound(p, p)) < 1e-9


@pytest.mark.parametrize("scale", [1e-150, 1e-8, 1e8, 1e140])
@pytest.mark.parametrize("shift", [0.0, 1e4])
def test_divergences_do_not_depend_on_unit_and_origin(scale, shift):
    p, q = random_model("full", seed=1), random_model("full", seed=2)

    def moved(m):
        return GMM.from_parameters(
            m.weights_, (m.means_ + shift) * scale, m.covariances_ * scale * scale, random_state=1
        )

    for distance in (kl_approximation, kl_bound, lambda p, q: kl_divergence(p, q, 500, 0).value):
        assert distance(moved(p), moved(q)) == pytest.approx(distance(p, q), rel=1e-6)


@pytest.mark.filterwarnings("error")
def test_far_away_is_far_or_infinite_and_says_nothing():
    near = GMM.from_parameters([1.0], [[0.0]], [[[1e-290]]])
    far = GMM.from_parameters([1.0], [[1e150]], [[[1e280]]])
    assert kl_bound(far, near) == kl_approximation(far, near) == np.inf
    assert kl_divergence(far, near, 10, 0).value > 1e200
    assert kl_bound(near, far) == pytest.approx(kl_divergence(near, far, 10, 0).value)
    assert js_divergence(near, far, 10, 0).value == pytest.approx(np.log(2))


def test_other_mixtures_are_taken():
    theirs = GaussianMixture(2, random_state=0).fit(FAITHFUL)
    ours = GMM.from_parameters(theirs.weights_, theirs.means_, theirs.covariances_, random_state=0)
    for distance in (lambda p, q: kl_divergence(p, q, 500, 0).value, kl_approximation, kl_bound):
        assert distance(ours, theirs) == pytest.approx(0, abs=1e-9)
    bayes = BayesianGMM(3, random_state=0).fit(FAITHFUL)
    assert bayes.kl_to(ours, 500) == bayes.mixture_.kl_to(ours, 500)
    assert abs(kl_bound(bayes, bayes.mixture_)) < 1e-9
    wait = GMM(2, random_state=0).fit(FAITHFUL[:, 1:])
    assert kl_divergence(ours.marginal(1), wait, 500, 0).value < 0.1


# ---- Fewer components ---------------------------------------------------------------------------


def moments(model):
    pi, mu, Sigma = parameters(model)
    pi = pi / pi.sum()
    mean = pi @ mu
    delta = mu - mean
    return mean, np.einsum("k,kij->ij", pi, Sigma) + np.einsum("k,ki,kj->ij", pi, delta, delta)


@pytest.mark.equation("merged-moments")
@pytest.mark.parametrize("letters", ["full", "diag", "spherical", "tied"])
@pytest.mark.parametrize("n", [1, 3, 6])
def test_moments_stay_what_they_are(letters, n):
    model = random_model(letters, K=6, D=3, seed=2)
    reduced = reduce_mixture(model, n).model
    assert reduced.n_components == n == len(reduced.weights_)
    for before, after in zip(moments(model), moments(reduced), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-12, atol=1e-12)
    if n == 6:
        for before, after in zip(parameters(model), parameters(reduced), strict=True):
            np.testing.assert_allclose(after, before, rtol=1e-12)


@pytest.mark.equation("merge-cost")
def test_the_cost_is_its_formula_and_the_cheapest_pair_goes_first():
    model = random_model("full", K=5, D=2, seed=4, spread=1.5)
    pi, mu, Sigma = parameters(model)
    costs = {}
    for i, j in itertools.combinations(range(5), 2):
        total, delta = pi[i] + pi[j], mu[i] - mu[j]
        both = (pi[i] * Sigma[i] + pi[j] * Sigma[j]) / total
        both += pi[i] * pi[j] / total**2 * np.outer(delta, delta)
        log_det = [np.linalg.slogdet(S)[1] for S in (both, Sigma[i], Sigma[j])]
        costs[i, j] = (total * log_det[0] - pi[i] * log_det[1] - pi[j] * log_det[2]) / 2
    i, j = np.array(list(costs)).T
    np.testing.assert_allclose(merge_cost(model.theta, i, j), list(costs.values()), rtol=1e-10)
    reduction = reduce_mixture(model, 4)
    best = min(costs, key=costs.get)
    assert reduction.costs == pytest.approx([costs[best]])
    assert reduction.groups[best[0]] == reduction.groups[best[1]]
    assert len(set(reduction.groups)) == 4


@pytest.mark.equation("merge-cost")
@pytest.mark.parametrize("seed", range(5))
def test_the_cost_of_a_merger_bounds_the_divergence(seed):
    model = line(seed, K=3, spread=1.0)
    reduction = reduce_mixture(model, 2)
    assert 0 <= by_quadrature(model, reduction.model)[0] <= reduction.costs[0] + 1e-9


def test_doubled_components_are_put_together_for_nothing():
    model = random_model("full", K=3, D=2, seed=1)
    pi, mu, Sigma = parameters(model)
    doubled = GMM.from_parameters(np.r_[0.3 * pi, 0.7 * pi], np.r_[mu, mu], np.r_[Sigma, Sigma])
    reduction = reduce_mixture(doubled, 3)
    assert reduction.groups.tolist() == [0, 1, 2] * 2 and reduction.costs.max() < 1e-12
    for before, after in zip(parameters(model), parameters(reduction.model), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-9)


def test_noise_names_and_bayes_are_kept():
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame(FAITHFUL, columns=["eruption", "wait"])
    model = GMM(4, noise=True, random_state=0).fit(table)
    model.weights_, model.noise_weight_ = 0.7 * model.weights_ / model.weights_.sum(), 0.3
    reduced = reduce_mixture(model, 2).model
    assert reduced.noise_weight_ == model.noise_weight_
    assert reduced.weights_.sum() + reduced.noise_weight_ == pytest.approx(1)
    assert list(reduced.feature_names_in_) == ["eruption", "wait"]
    assert len(reduced.predict_proba(table)[0]) == 3
    assert abs(kl_bound(reduced, model)) < 1
    bayes = BayesianGMM(5, random_state=0).fit(FAITHFUL)
    assert type(reduce_mixture(bayes, 2).model) is GMM
    swapped = GMM(1).fit(table[["wait", "eruption"]])
    with pytest.raises(ValueError, match="one order"):
        model.kl_to(swapped)


@pytest.mark.parametrize("scale", [1e-150, 1e148])
def test_mergers_do_not_depend_on_the_unit(scale):
    model = random_model("full", K=6, D=3, seed=3)
    pi, mu, Sigma = parameters(model)
    moved = GMM.from_parameters(pi, (mu + 100) * scale, Sigma * scale * scale)
    here, there = reduce_mixture(model, 2), reduce_mixture(moved, 2)
    assert here.groups.tolist() == there.groups.tolist()
    np.testing.assert_allclose(here.costs, there.costs, rtol=1e-6)
    np.testing.assert_allclose(there.model.means_, (here.model.means_ + 100) * scale)


def test_tiny_components_far_apart_have_a_price():
    means, tiny = [[0.0, 0.0], [1.0, 0.0], [1e8, 0.0]], 1e-24 * np.eye(2)
    model = GMM.from_parameters([0.3, 0.3, 0.4], means, [tiny] * 3)
    i, j = np.array([0, 0, 1]), np.array([1, 2, 2])
    expected = [
        w / 2 * np.log1p(a * d * d / 1e-24)
        for w, a, d in ((0.6, 0.25, 1), (0.7, 12 / 49, 1e8), (0.7, 12 / 49, 1e8))
    ]
    np.testing.assert_allclose(merge_cost(model.theta, i, j), expected, rtol=1e-6)


def test_needles_across_the_features_cannot_be_merged():
    means, tiny = [[0.0, 0.0], [1.0, 1.0], [50.0, 0.0]], 1e-24 * np.eye(2)
    model = GMM.from_parameters([0.3, 0.3, 0.4], means, [tiny] * 3)
    assert reduce_mixture(model, 3).costs.size == 0
    with pytest.raises(ValueError, match=r"n_components=2 .*too narrow.*Ask for 3"):
        reduce_mixture(model, 2)


BAD = {
    "not fitted": (lambda p: p.kl_to(GMM(2)), ValueError, "not fitted"),
    "no mixture": (lambda p: p.kl_to([1, 2]), TypeError, "list is no mixture.*fitted GMM"),
    "other features": (lambda p: p.kl_to(line(0)), ValueError, "2 and 1 features.*marginal"),
    "few draws": (lambda p: p.kl_to(p, 1), ValueError, "n_samples=1 must be at least 2"),
    "half a draw": (lambda p: js_divergence(p, p, 2.5), TypeError, "n_samples=2.5"),
    "seed": (lambda p: kl_divergence(p, p, 9, -1), ValueError, "random_state=-1"),
    "more": (lambda p: reduce_mixture(p, 4), ValueError, "n_components=4, but the mixture has 3"),
    "none": (lambda p: reduce_mixture(p, 0), ValueError, "n_components=0"),
    "theirs": (
        lambda p: reduce_mixture(GaussianMixture(2).fit(FAITHFUL), 1),
        TypeError,
        "pass a fitted GMM",
    ),
}


@pytest.mark.parametrize(("call", "error", "message"), BAD.values(), ids=BAD)
def test_what_does_not_fit_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call(random_model("full"))
