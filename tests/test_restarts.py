"""The search for a start: starts of several kinds, moves, and which ends can be trusted."""

import itertools
import warnings

import numpy as np
import pytest
from problems import random_model, with_holes
from sklearn.datasets import load_breast_cancer, load_wine, make_blobs
from sklearn.metrics import adjusted_rand_score

from numpy_ml_gmm import (
    GMM,
    CollapseWarning,
    load_iris,
    load_old_faithful,
    restarts,
    select,
    starts,
)
from numpy_ml_gmm.blocks import Patterns, Rows
from numpy_ml_gmm.covariances import MODELS
from numpy_ml_gmm.em import Run
from numpy_ml_gmm.parameters import Parameters
from numpy_ml_gmm.restarts import AGAIN, collapse, grades, likeliest, thinnest
from numpy_ml_gmm.starts import (
    CROSSINGS,
    MANY_FEATURES,
    MIXTURE,
    MOVES,
    NEAREST,
    around_a_point,
    crossed,
    first_guesses,
    k_means,
    moved,
    parted,
    random_from_data,
    some_rows,
    standardised,
)
from numpy_ml_gmm.training import Data

IRIS, FAITHFUL = load_iris().X, load_old_faithful().X


# ---- The first answer --------------------------------------------------------------------------


def known_clusters():
    """Small, wide and elongated data whose clusters are known."""
    for N, D, K in ((100, 20, 2), (60, 10, 2), (300, 50, 3), (60, 5, 3)):
        for seed in range(5):
            yield *make_blobs(N, D, centers=K, random_state=seed), K
    for D in (15, 20):
        for seed in range(2):
            z = np.repeat([0, 1, 2], 60)
            shift = np.array([0, 3, 7])[z][:, None]
            yield np.random.default_rng(seed).normal(size=(180, D)) + shift, z, 3
    for seed in range(3):
        z = np.repeat([0, 1], 100)
        noise = np.random.default_rng(seed).normal(size=(200, 2)) * [8, 0.5]
        yield noise + np.array([[0, 0], [0, 4]])[z], z, 2


def test_the_default_call_finds_the_clusters_that_are_there():
    found = [
        adjusted_rand_score(z, GMM(K, random_state=0).fit_predict(X))
        for X, z, K in known_clusters()
    ]
    # One of the 27, sixty points in five features, has a likelier optimum than its clusters.
    assert sum(score < 0.95 for score in found) <= 1


@pytest.mark.parametrize("seed", range(6))
def test_the_table_finds_two_elongated_clusters(seed):
    rng = np.random.default_rng(seed)
    z, angle = np.repeat([0, 1], 300), rng.uniform(0, np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    X = (rng.normal(size=(600, 2)) + np.array([[-4, 0], [4, 0]])[z]) @ np.diag([0.05, 8]) @ turn
    best = select(X, range(1, 6), ["spherical", "tied", "diag", "full"], random_state=0).best
    assert best.n_components == 2
    assert adjusted_rand_score(z, best.predict(X)) > 0.99


def test_a_second_round_makes_no_cell_worse():
    X = load_wine().data
    types = ["VII", "VVI", "EEE", "VVV"]
    one, two = (select(X, range(1, 6), types, rounds=rounds).rows for rounds in (1, 2))
    both = [(a, b) for a, b in zip(one, two, strict=True) if not a.error]
    assert all(not b.error and b.bic <= a.bic + 0.1 for a, b in both)
    assert sum(b.bic < a.bic - 1 for a, b in both) >= 3


# ---- Starts ------------------------------------------------------------------------------------


def test_the_mixture_of_starts_is_of_all_kinds_and_has_each_tree_once():
    X = load_breast_cancer().data[:, :5]
    rows = data_of(X).rows
    guesses = first_guesses("mixed", rows, 3, np.random.default_rng(0), 20)
    assert all(guess.shape == (len(X), 3) and (guess.sum(axis=1) == 1).all() for guess in guesses)
    different = {guess.tobytes() for guess in guesses}
    assert len(different) >= 18
    trees = [i for i, kind in enumerate(MIXTURE) if kind.startswith("tree")]
    again = first_guesses("mixed", rows, 3, np.random.default_rng(1), 10)
    same = [i for i in range(10) if (guesses[i] == again[i]).all()]
    assert set(trees) <= set(same)  # no chance in them


@pytest.mark.parametrize("seed", range(3))
def test_clusters_among_many_features_are_found(seed):
    """Where scikit-learn's ten starts find those of two seeds, and seeds of ours those of one."""
    rng = np.random.default_rng(seed)
    z = rng.integers(3, size=500)
    X = rng.normal(size=(500, 50)) @ rng.normal(size=(50, 50)) + 2 * rng.normal(size=(3, 50))[z]
    model = GMM(3, covariance_type="tied", random_state=seed).fit(X)
    assert adjusted_rand_score(z, model.predict(X)) > 0.95


@pytest.mark.parametrize("D", [MANY_FEATURES - 1, MANY_FEATURES])
def test_among_many_features_starts_look_at_all_points(D):
    """Labels of k-means are those of the nearest mean, in the units that it looks at."""
    X = load_breast_cancer().data[:, :D]
    Z, w, rng = standardised(X, np.ones(len(X))), np.ones(len(X)), np.random.default_rng(0)
    r = starts.mixed(Z, 3, rng, w, 4)
    means = r.T @ Z / r.sum(axis=0)[:, None]
    at_rest = (r.argmax(axis=1) == starts.squared_distances(Z, means).argmin(axis=1)).all()
    assert at_rest == (D == MANY_FEATURES)


def data_of(X):
    return Data.of(Rows(X), False, 1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_k_means_goes_on_until_each_row_is_with_the_nearest_mean(seed):
    rng = np.random.default_rng(seed)
    Z, w = rng.normal(size=(300, 2)), rng.uniform(0.1, 5, size=300)
    r = k_means(Z, 6, rng, w)
    means = (w[:, None] * r).T @ Z / (w @ r)[:, None]
    distances = np.linalg.norm(Z[:, None] - means, axis=2)
    assert (distances.argmin(axis=1) == r.argmax(axis=1)).all()


@pytest.mark.parametrize("init", ["mixed", "kmeans", "k-means++", "hierarchical"])
def test_a_row_of_weight_three_is_three_rows_to_a_start(init):
    rng = np.random.default_rng(0)
    X, w = rng.normal(size=(80, 3)) ** 3, rng.integers(1, 6, size=80)
    few = first_guesses(init, Rows(X, w.astype(float)), 4, np.random.default_rng(1), 10)
    many = first_guesses(init, Rows(np.repeat(X, w, axis=0)), 4, np.random.default_rng(1), 10)
    for a, b in zip(few, many, strict=True):
        np.testing.assert_array_equal(np.repeat(a, w, axis=0), b)


@pytest.mark.parametrize("portion", [0, 0.1])
def test_a_start_looks_at_some_of_many_rows_and_at_all_of_few(portion, monkeypatch):
    monkeypatch.setattr(starts, "ROWS_PER_COMPONENT", 100)
    X = with_holes(np.random.default_rng(0).normal(size=(5000, 2)), portion)
    enough = 3 * (100 + 2 * starts.ROWS_PER_FEATURE)
    for N in (enough, 5000):
        rows = Rows(X[:N], patterns=Patterns.of(X[:N]))
        assert len(some_rows(rows, 3, np.random.default_rng(0)).X) == enough < 5000


def test_rows_that_hardly_count_are_hardly_ever_drawn_as_means():
    rng, w = np.random.default_rng(0), np.full(60, 1e-9)
    Z, w[:3] = rng.normal(size=(60, 2)), 1
    for _ in range(10):
        assert sorted(random_from_data(Z, 3, rng, w)[:3].argmax(axis=1)) == [0, 1, 2]


def test_a_move_takes_one_component_out_and_parts_another():
    model = random_model("full", K=4, D=3, seed=0)
    X, _ = model.sample(200)
    Z, w = standardised(X, np.ones(200)), np.ones(200)
    joint, r = model.log_joint(X), model.predict_proba(X)
    guesses = list(moved(joint, Z, w, np.random.default_rng(0)))
    assert len(guesses) == MOVES
    for guess in guesses:
        np.testing.assert_allclose(guess.sum(axis=1), 1, rtol=1e-12)
        assert guess.shape == r.shape and (guess >= 0).all()
        assert (guess[:, -1] * guess[:, -2] == 0).all()  # the halves share no point
        kept = guess[:, :2]  # two of the four, and they took what they could of the one taken out
        matches = [min(np.abs(kept[:, [i]] - r).sum(axis=0)) for i in range(2)]
        assert all(match < 200 for match in matches)


@pytest.mark.parametrize("noise", [False, True])
def test_ends_exchange_components(noise):
    ends = [random_model("full", K=3 + noise, D=2, seed=seed) for seed in range(3)]
    X, _ = ends[0].sample(50)
    joint, *others = (end.log_joint(X) for end in ends)
    found = set()
    for guess in crossed(joint, others, np.random.default_rng(0), noise):
        mixtures = {
            (o, j, k): np.column_stack([*joint.T[:j], others[o][:, k], *joint.T[j + 1 :]])
            for o in range(2)
            for j in range(3)
            for k in range(3)
        }
        r = {key: np.exp(m) / np.exp(m).sum(axis=1)[:, None] for key, m in mixtures.items()}
        [key] = [key for key in r if np.allclose(guess, r[key], rtol=1e-9)]
        found.add(key)
    assert len(found) == 18 < CROSSINGS  # every exchange once, and none of the noise
    assert not list(crossed(joint, [], np.random.default_rng(0), noise))  # nobody to take from


def test_exchanges_reach_what_moves_alone_do_not(monkeypatch):
    X, ends = load_wine().data, {}
    for n in (0, CROSSINGS):
        monkeypatch.setattr(starts, "CROSSINGS", n)
        fits = [GMM(4, var_smoothing=0, random_state=s).fit(X) for s in range(6)]
        ends[n] = np.median([fit.log_likelihood_ for fit in fits])
    assert ends[CROSSINGS] > ends[0] + 10


def test_a_component_is_parted_through_its_mean():
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(500, 2)) * [5, 1]
    r_k, w = rng.uniform(size=500), rng.integers(1, 3, size=500).astype(float)
    above, below = parted(r_k, Z, w)
    np.testing.assert_allclose(above + below, r_k)
    mean = (w * r_k) @ Z / (w @ r_k)
    side = (Z - mean)[:, 0] > 0  # the longest axis is the first
    assert np.mean(side == (above > 0)) > 0.97 or np.mean(side == (above == 0)) > 0.97
    point = parted(np.ones(5), np.ones((5, 2)), np.ones(5), rng)
    np.testing.assert_allclose(sum(point), 1)  # equal points have no direction
    for seed in range(20):  # on a line the other variances are 0, and rounding takes of that
        line = np.outer(rng.normal(size=30), np.random.default_rng(seed).normal(size=4))
        above, below = parted(np.ones(30), line, np.ones(30), rng)
        np.testing.assert_allclose(above + below, 1)


def test_of_ends_hardly_less_likely_those_with_larger_components_count():
    model, data, theta = GMM(2), hundred_points(), pair(0.5)

    def run(objective, *counts):
        return Run(
            end=theta, objective=objective, log_likelihood=objective, counts=np.array(counts)
        )

    few, half, even, far = run(0.0, 4, 96), run(-1.0, 20, 80), run(-2.0, 39, 61), run(-3.5, 50, 50)
    runs = [few, half, even, far]
    assert likeliest(runs, model, data) is few
    assert likeliest(runs, model, data, margin=3.0) is half  # it is more than half of 39
    assert likeliest([few, even, far], model, data, margin=3.0) is even
    assert likeliest([few, far], model, data, margin=3.0) is few
    assert likeliest([even, run(-1.9, 40, 60)], model, data, 0.5, 3.0) is even  # one optimum


@pytest.mark.parametrize("seed", range(4))
def test_weights_in_another_unit_keep_the_same_end(seed):
    """Nats that a handful of points gain are those of points that count once."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(100, 2)) + rng.integers(2, size=(100, 1)) * [2.0, 1.0]
    one = GMM(2, random_state=seed).fit(X)
    other = GMM(2, random_state=seed).fit(X, sample_weight=np.full(100, 2.0**-7))
    np.testing.assert_allclose(other.means_, one.means_, rtol=1e-3, atol=1e-3)


def test_few_points_that_overlap_are_found_about_as_well_as_from_one_simple_start():
    """The likeliest of many ends would fit a handful of points that lie close by chance."""
    ours, simple = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        mu = rng.normal(size=(2, 2))
        mu *= 3 / np.linalg.norm(mu[0] - mu[1])
        A = [np.linalg.cholesky(np.eye(2) + 0.3 * M @ M.T) for M in rng.normal(size=(2, 2, 2))]
        z = rng.integers(2, size=100)
        X = np.array([mu[k] + A[k] @ rng.normal(size=2) for k in z])
        ours.append(adjusted_rand_score(z, GMM(2, random_state=seed).fit_predict(X)))
        one = GMM(2, random_state=seed, init_params="kmeans", n_init=1)
        simple.append(adjusted_rand_score(z, one.fit_predict(X)))
    assert np.mean(ours) > 0.3 and np.mean(ours) > np.mean(simple) - 0.2


def test_the_points_around_one_are_cut_out_of_a_component():
    rng, cut = np.random.default_rng(0), []
    Z, w = rng.normal(size=(300, 3)), rng.integers(0, 3, size=300).astype(float)
    r_k = rng.uniform(size=300)
    for _ in range(40):
        inside, rest = around_a_point(r_k, Z, w, rng)
        np.testing.assert_array_equal(inside + rest, r_k)
        [centre] = [
            i
            for i in np.flatnonzero(inside)
            if w[i]
            and ((Z[inside > 0] - Z[i]) ** 2).sum(axis=1).max()
            < ((Z[inside == 0] - Z[i]) ** 2).sum(axis=1).min()
        ][:1]
        assert inside[centre] > 0
        cut.append((inside @ w) / (r_k @ w))
    assert NEAREST[0] <= min(cut) and max(cut) <= NEAREST[1] + 2 / (r_k @ w)
    same = around_a_point(np.ones(9), np.ones((9, 2)), np.ones(9), rng)
    assert all(half.any() for half in same)  # equal points are parted too


def test_moves_reach_what_no_start_of_one_kind_does():
    X, reached = load_breast_cancer().data[:, :10], {}
    for init in ("k-means++", "mixed"):
        fits = [GMM(4, init_params=init, n_init=10, random_state=s).fit(X) for s in range(3)]
        reached[init] = [fit.log_likelihood_ for fit in fits]
    assert min(reached["mixed"]) > max(reached["k-means++"]) - 30
    assert np.median(reached["mixed"]) > np.median(reached["k-means++"])


# ---- Which ends count --------------------------------------------------------------------------


def pair(variance, weight=0.5, D=2):
    """Two components, one of them with another variance in every direction."""
    covariances = np.stack([np.eye(D), variance * np.eye(D)])
    return Parameters(np.array([1 - weight, weight]), np.eye(2, D) * 5, covariances)


def hundred_points(smoothing=0.0, names=None):
    """What an end is held against: how many points there are, and what smoothing adds."""
    data = Data.of(Rows(np.random.default_rng(0).normal(size=(100, 2)), names=names), True, 0)
    return data._replace(smoothing=np.full(2, smoothing))


def test_moves_end_where_they_do_not_help_or_the_best_end_is_found_again_and_again(monkeypatch):
    rounds = []
    monkeypatch.setattr(restarts, "moved", lambda *args: rounds.append(1) or moved(*args))
    GMM(2, random_state=0).fit(FAITHFUL)  # all finalists end there
    assert len(rounds) == 0
    GMM(2, random_state=0, n_init=AGAIN - 1).fit(FAITHFUL)
    assert len(rounds) == 1


def test_thinness_is_in_units_of_the_average_component():
    theta = pair(1e-4)
    average = 0.5 * np.eye(2) + 0.5e-4 * np.eye(2)
    expected = [1 / average[0, 0], 1e-4 / average[0, 0]]
    np.testing.assert_allclose(thinnest(theta, np.zeros(2)), expected)
    A = np.array([[3.0, 0.5], [0.0, 1e-3]])
    turned = theta._replace(means=theta.means @ A, covariances=A.T @ theta.covariances @ A)
    np.testing.assert_allclose(thinnest(turned, np.zeros(2)), expected, rtol=1e-6)
    held = theta._replace(covariances=theta.covariances + np.diag([1e6, 1e3]))  # by smoothing
    np.testing.assert_allclose(thinnest(held, np.array([1e6, 1e3])), expected, rtol=1e-3)
    variances = Parameters(*theta[:2], np.einsum("kdd->kd", held.covariances))
    np.testing.assert_allclose(thinnest(variances, np.array([1e6, 1e3])), expected, rtol=1e-3)


def test_a_direction_that_smoothing_alone_holds_up_has_no_volume():
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    flat = turn @ np.diag([1.0, 0.5, 0.0]) @ turn.T
    for held in (np.full(3, 1e-6), np.array([1e-6, 1e-3, 1e-2])):
        for missing in (0.0, 1e-18, 1e-9):  # smoothing, less what rounding took
            covariances = np.stack([flat, np.eye(3)]) + np.diag(held - missing)
            theta = Parameters(np.array([0.5, 0.5]), np.zeros((2, 3)), covariances)
            thin, sound = thinnest(theta, held)
            assert abs(thin) < 1e-6 and sound > 0.1
            both = theta._replace(covariances=covariances[[0, 0]])  # nothing to compare with
            assert np.isfinite(thinnest(both, held)).all()
            variances = theta._replace(covariances=np.tile(held - missing, (2, 1)))
            assert (thinnest(variances, held) <= 0).all()


@pytest.mark.parametrize(
    "theta, smoothing, expected",
    [
        (pair(0.5), 0.0, 2),
        (pair(1e-10), 0.0, 1),  # thin, and without smoothing it may be real
        (pair(1e-20), 0.0, 0),
        (pair(1e-10), 1e-12, 0),
        (pair(0.5, weight=0.03), 0.0, 1),  # three points: a plane has three directions
        (pair(0.5, weight=0.04), 0.0, 2),
    ],
)
def test_ends_are_graded(theta, smoothing, expected):
    model = GMM(2, var_smoothing=smoothing)
    assert grades([theta, pair(0.5)], model, hundred_points(smoothing)).tolist() == [expected, 2]


def test_a_grade_does_not_depend_on_the_others():
    model = GMM(2, covariance_type="EVV", var_smoothing=1e-6)
    data = model._data(Rows(np.random.default_rng(0).normal(size=(100, 2))))
    ends = [pair(0.0), pair(0.5), pair(1e-7)]  # of the first no statistics can be had
    alone = [grades([end], model, data)[0] for end in ends]
    for order in itertools.permutations(range(3)):
        found = grades([ends[i] for i in order], model, data)
        assert found.tolist() == [alone[i] for i in order]


def test_fewer_points_than_features_lie_in_a_plane_unless_some_are_completed():
    X = np.random.default_rng(0).normal(size=(25, 30))
    for portion, expected in ((0, {0}), (0.15, {0, 1, 2})):
        some = with_holes(X, portion)
        model = GMM(2, covariance_type="tied", max_iter=3, tol=0, random_state=0)
        data = model._data(model._check_training_rows(some, None, None))
        with warnings.catch_warnings(action="ignore", category=CollapseWarning):
            theta = model.fit(some).theta
        [found] = grades([theta], model, data)
        assert (collapse(theta, model, data) is None) == (found > 0)
        assert found in expected


def test_the_likeliest_sound_end_is_kept_before_a_likelier_one_that_is_not():
    model = GMM(2, var_smoothing=0)
    thin, good, better = (
        Run(None, theta, objective=height)
        for theta, height in ((pair(1e-10), 9.0), (pair(0.5), 1.0), (pair(0.6), 2.0))
    )
    failed = Run(error="component 1 has collapsed")
    assert likeliest([failed, thin, good, better], model, hundred_points()) is better
    assert (
        likeliest([good, better], model, hundred_points(), tolerance=1.5) is good
    )  # one optimum: the first
    assert likeliest([failed, thin], model, hundred_points()) is thin
    with pytest.raises(ValueError, match="component 1 has collapsed"):
        likeliest([failed], model, hundred_points())


def test_a_fit_without_a_sound_end_says_so():
    with pytest.warns(CollapseWarning, match=r"component \d+ has collapsed: it lies on \d.\d "):
        GMM(140, n_init=2, random_state=0).fit(IRIS)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("distance", [1e2, 1e4, 1e6, 1e7])
def test_clusters_narrower_than_the_smoothing_are_sound_and_single_points_are_not(name, distance):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2))
    X[100:] += distance
    best = select(X, 2, name).best
    assert best.predict(X).tolist() == np.repeat(best.predict(X[[0, -1]]), 100).tolist()
    points = np.repeat(distance * rng.normal(size=(10, 2)), 3, axis=0)
    with pytest.raises(ValueError, match="collapsed"):
        select(points, 10, name)


@pytest.mark.parametrize("name", ["EVI", "EVE", "EVV"])
def test_rounded_values_blown_up_to_the_common_volume_are_no_cluster(name):
    """28 of fifty irises have a petal width of exactly 0.2: BIC would choose them as a needle."""
    table = select(IRIS[:50], range(1, 6), ["EEE", name])
    assert (table.best.covariance_type, table.best.n_components) == ("EEE", 2)
    assert all(row.error or row.bic > -36 for row in table.rows)


def test_a_column_without_spread_in_a_component_is_named():
    theta = pair(0.5)
    theta.covariances[1, 1] = theta.covariances[1, :, 1] = [0, 1e-12]
    data = hundred_points(names=["age", "flag"])
    text = collapse(theta, GMM(2, var_smoothing=0), data)
    assert text is None  # thin, but real
    text = collapse(theta, GMM(2, var_smoothing=1e-6), data)
    assert "component 1 has collapsed" in text and "'flag'" in text and "50.0 points" in text
