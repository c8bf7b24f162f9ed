"""Statistics add: those of parts of the data are those of the whole, from any frame."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import FAMILIAR, full_covariances, moments, random_model, slow_log_joint
from scipy.special import logsumexp, softmax

from numpy_ml_gmm import GMM, load_iris, textbook, training
from numpy_ml_gmm.blocks import Rows
from numpy_ml_gmm.covariances import MODELS
from numpy_ml_gmm.frames import (
    LEAST_PIECE,
    SHORT,
    SMALL_PRODUCT,
    WIDE,
    FeaturesInPieces,
    Frame,
    Natural,
)
from numpy_ml_gmm.parameters import Parameters
from numpy_ml_gmm.statistics import FLOOR, Statistics, log_sum, map_log_joint, statistics_of
from numpy_ml_gmm.statistics import softmax as softmax_of_block

IRIS = load_iris().X
FAR = 2.0**27  # some 10^8; data on a grid of 1/1024 move so far without rounding


def on_grid(a):
    return np.round(np.asarray(a) * 1024) / 1024


def exact_moments(X, r, diagonal=False):
    """N_k, mu_k and W_k as their definitions say, in extended precision."""
    X, r = np.longdouble(X), np.longdouble(r)
    N = r.sum(axis=0)
    mu = r.T @ X / N[:, None]
    W = np.array([(r[:, [k]] * (X - mu[k])).T @ (X - mu[k]) for k in range(len(N))])
    return N, mu, np.diagonal(W, axis1=1, axis2=2) if diagonal else W


def assert_equal_moments(statistics, exact, offset=0.0, tolerance=1e-12):
    """Counts, means and scatters, each in units of its component's spread."""
    N, mu, W = exact
    spread = np.sqrt(W if W.ndim == 2 else np.diagonal(W, axis1=1, axis2=2))  # (K, D)
    unit = spread**2 if W.ndim == 2 else spread[:, :, None] * spread[:, None, :]
    means = statistics.shifts + (statistics.origin - offset)  # about the data
    np.testing.assert_allclose(statistics.counts, N.astype(float), rtol=tolerance)
    assert (np.abs(means - mu) * np.sqrt(N)[:, None] <= tolerance * spread).all()
    assert (np.abs(statistics.scatters - W) <= tolerance * unit).all()


def sample_on_grid(name, K, D, seed, offset=0.0, n=40):
    """A model with means on the grid, points of it on the grid, and the same far away."""
    near = random_model(name, K, D, seed)
    near.means_ = on_grid(near.means_)
    far = random_model(name, K, D, seed)
    far.means_ = near.means_ + offset
    rng = np.random.default_rng(seed)
    L = np.linalg.cholesky(full_covariances(near))
    X = np.vstack([m + rng.normal(size=(n, D)) @ A.T for m, A in zip(near.means_, L, strict=True)])
    return near, far, on_grid(rng.permutation(X)), rng


def in_parts(model, X, cuts, w):
    """Statistics of each part of the rows."""
    pairs = zip(np.split(X, cuts), np.split(w, cuts), strict=True)
    return [model.e_step(x, sample_weight=v) for x, v in pairs]


# ---- Sums --------------------------------------------------------------------------------------


@pytest.mark.equation("merge")
@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(FAMILIAR),
    st.integers(1, 4),
    st.one_of(st.integers(1, 6), st.sampled_from([63, 64, 70])),
    st.sampled_from([0.0, FAR]),
    st.integers(0, 10**6),
)
def test_parts_add_up_to_the_sums_over_all_points(name, K, D, offset, seed):
    near, far, X, rng = sample_on_grid(name, K, D, seed, offset)
    w = rng.uniform(0.1, 3, size=len(X))
    cuts = np.sort(rng.choice(np.arange(1, len(X)), size=2, replace=False))
    added = sum(in_parts(far, X + offset, cuts, w))
    joint = slow_log_joint(near, X)
    r = softmax(joint, axis=1) * w[:, None]
    exact = exact_moments(X, r, near.covariance_model.diagonal)
    assert_equal_moments(added, exact, offset, 1e-11)  # r by scipy has its own rounding
    assert added.log_likelihood == pytest.approx(w @ logsumexp(joint, axis=1), rel=1e-12, abs=1e-9)
    once = far.e_step(X + offset, sample_weight=w)
    whole = once.counts, once.shifts + (once.origin - offset), once.scatters
    assert_equal_moments(added, whole, offset)
    assert added.log_likelihood == pytest.approx(once.log_likelihood, rel=1e-12, abs=1e-9)


def in_a_frame_of_its_own(X, r, diagonal, rng):
    """Statistics found about a point of this part, and in its units."""
    c, scale = X[0] + rng.normal(size=X.shape[1]), rng.uniform(0.5, 2, size=X.shape[1])
    return statistics_of(Rows(X), r, Frame.scaled(c, scale, diagonal))


@pytest.mark.equation("merge")
@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([1, 2, 5, 64, 70]),
    st.booleans(),
    st.sampled_from([0.0, FAR]),
    st.sampled_from([0.0, 1.0, 1e3, 1e6]),
    st.integers(0, 10**6),
)
def test_parts_with_frames_of_their_own_add_up_wherever_they_lie(D, diagonal, offset, apart, seed):
    rng = np.random.default_rng(seed)
    where = on_grid(apart * rng.normal(size=(4, 1, D)))
    X = on_grid(rng.normal(size=(4, 25, D))) + where
    r = rng.dirichlet(np.ones(3), size=(4, 25))
    parts = [in_a_frame_of_its_own(X[i] + offset, r[i], diagonal, rng) for i in range(4)]
    exact = exact_moments(X.reshape(-1, D), r.reshape(-1, 3), diagonal)
    for order in (parts, parts[::-1]):
        assert_equal_moments(sum(order), exact, offset)
    a, b, c, d = parts
    assert_equal_moments((a + b) + (c + d), exact, offset)


@pytest.mark.parametrize("diagonal", [True, False])
@pytest.mark.parametrize("far", [[FAR, 0.0], [0.0, -FAR], [FAR, -FAR]])
def test_a_component_far_from_the_frame_in_one_feature_keeps_its_digits(far, diagonal):
    near = on_grid(np.random.default_rng(0).normal(size=(2, 40, 2)))
    X, r = np.vstack([near[0], near[1] + far]), np.repeat(np.eye(2), 40, axis=0)
    found = statistics_of(Rows(X), r, Frame.scaled(np.zeros(2), np.ones(2), diagonal))
    exact = exact_moments(X, r, diagonal)[2].astype(float)
    np.testing.assert_allclose(found.scatters, exact, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", FAMILIAR)
def test_a_component_may_be_empty_in_a_part_or_in_all(name):
    near, _, X, _ = sample_on_grid(name, 3, 2, seed=1)
    priors = np.ones((len(X), 3))
    priors[:50, 0] = priors[:, 2] = 0  # the third is nowhere
    halves = [near.e_step(X[i], priors=priors[i]) for i in (slice(50), slice(50, None))]
    assert halves[0].counts[0] < 1e-100 and halves[1].counts[0] > 1
    with np.errstate(divide="ignore"):
        r = softmax(slow_log_joint(near, X) + np.log(priors), axis=1)
    N, mu, W = exact_moments(X, r[:, :2], near.covariance_model.diagonal)
    for added in (sum(halves), sum(halves[::-1])):
        two = added._replace(**{a: getattr(added, a)[:2] for a in ("counts", "firsts", "scatters")})
        assert_equal_moments(two, (N, mu, W), tolerance=1e-11)
        assert added.counts[2] < 1e-100 and (np.abs(added.scatters[2]) < 1e-100).all()
        assert np.isfinite(added.means).all()


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(FAMILIAR), st.integers(0, 6), st.integers(1, 6), st.integers(0, 10**6))
def test_a_weight_repeats_the_rows(name, a, b, seed):
    model, _, X, _ = sample_on_grid(name, 2, 3, seed)
    s, t = model.e_step(X[:30]), model.e_step(X[30:])
    repeated = model.e_step(np.vstack([X[:30]] * a + [X[30:]] * b))
    for weighted in (a * s + b * t, s * a + t * np.int64(b), np.float64(a) * s + np.float32(b) * t):
        whole = repeated.counts, repeated.shifts + repeated.origin, repeated.scatters
        assert_equal_moments(weighted, whole)
        assert weighted.log_likelihood == pytest.approx(repeated.log_likelihood, rel=1e-12)


@pytest.mark.parametrize("D", [2, 64])
@pytest.mark.parametrize("name", FAMILIAR)
def test_single_precision_adds_to_single_and_with_double_to_double(name, D):
    model, _, X, _ = sample_on_grid(name, 3, D, seed=2)
    single = X.astype(np.float32)  # a grid of 1/1024: the same points
    parts = [model.e_step(single[:60]), model.e_step(single[60:])]
    once = model.e_step(X)
    whole = once.counts, once.shifts + once.origin, once.scatters
    assert_equal_moments(sum(parts), whole, tolerance=1e-4)
    assert sum(parts).dtype == np.float32
    assert model.m_step(sum(parts)).means_.dtype == np.float32
    assert (parts[0] + once).dtype == (once + parts[0]).dtype == np.float64


# ---- The M step of a sum -----------------------------------------------------------------------


@pytest.mark.parametrize("smoothing", [0.0, 1e-3])
@pytest.mark.parametrize("letters", MODELS)
def test_the_m_step_from_three_parts_is_that_from_all_rows(letters, smoothing):
    params = dict(covariance_type=letters, var_smoothing=smoothing, max_iter=3, tol=0)
    fit = GMM(3, random_state=0, **params).fit(IRIS)
    whole, present = fit.e_step(IRIS), fit.theta
    parts = [fit.e_step(IRIS[i::3]) for i in range(3)]
    (pi, mu, Sigma), _ = fit.m_step(whole).theta, fit._set_theta(present)
    again = fit.m_step(sum(parts)).theta
    np.testing.assert_allclose(again.weights, pi, rtol=1e-12)
    np.testing.assert_allclose(again.means, mu, rtol=1e-12)
    np.testing.assert_allclose(again.covariances, Sigma, rtol=1e-12, atol=1e-12)


@pytest.mark.equation("m-step")
@pytest.mark.parametrize("D", [1, 2, 30, 64, 70])
def test_the_m_step_from_parts_is_the_textbooks_from_all_points(D):
    model, _, X, _ = sample_on_grid("full", 2, D, seed=3, n=100)
    model.var_smoothing = 0
    added = sum(model.e_step(part) for part in np.array_split(X, 3))
    expected = textbook.m_step(X, softmax(slow_log_joint(model, X), axis=1))
    for ours, theirs in zip(model.m_step(added).theta, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


def test_em_on_chunks_is_em_on_all_rows():
    whole, chunked = (GMM(3, max_iter=1, tol=0, random_state=0).fit(IRIS) for _ in range(2))
    for _ in range(20):
        whole.m_step(whole.e_step(IRIS))
        chunked.m_step(sum(chunked.e_step(part) for part in np.array_split(IRIS, 4)))
    for a, b in zip(chunked.theta, whole.theta, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9)


# ---- What does not add -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        lambda s: s + 3,
        lambda s: 3 + s,
        lambda s: s + tuple(s),
        lambda s: s + None,
        lambda s: s * s,
        lambda s: s * "2",
        lambda s: s * None,
        lambda s: s * np.ones(3),
        lambda s: np.ones(3) * s,
        lambda s: [1, 2, 3] * s,
    ],
)
def test_other_things_than_statistics_and_numbers_are_type_errors(wrong):
    model, _, X, _ = sample_on_grid("full", 3, 3, seed=4)
    with pytest.raises(TypeError, match="Statistics"):
        wrong(model.e_step(X))


@pytest.mark.parametrize("name, K, D", [("full", 1, 2), ("full", 3, 1), ("diag", 3, 2)])
def test_statistics_of_other_shapes_are_refused_even_where_numpy_would_stretch_them(name, K, D):
    one, two = random_model("full", 3, 2), random_model(name, K, D)
    s, t = one.e_step(np.zeros((4, 2))), two.e_step(np.zeros((4, D)))
    first, second = "(3, 2, False)", f"({K}, {D}, {name == 'diag'})"
    for a, b, message in ((s, t, f"is {first} and {second}"), (t, s, f"is {second} and {first}")):
        with pytest.raises(ValueError, match=re.escape(message)):
            a + b


def test_a_sum_leaves_its_parts_as_they_were_and_is_statistics():
    model, _, X, _ = sample_on_grid("full", 2, 2, seed=5)
    s, t = model.e_step(X[:30]), model.e_step(X[30:])
    before = [np.array(a) for a in moments(s) + moments(t)]
    added = 2 * s + t
    assert isinstance(added, Statistics) and isinstance(added.log_likelihood, float)
    for a, b in zip(moments(s) + moments(t), before, strict=True):
        assert (a == b).all()


@pytest.mark.parametrize("kept", ["features", "points", "nothing"])
@pytest.mark.parametrize(("K", "D"), [(1, 24), (4, 24), (5, 24), (2, 40), (9, 40), (3, 2)])
def test_features_kept_made_anew_or_none_at_all_give_the_same_sums(K, D, kept, monkeypatch):
    """With few components of many features each has its own frame, unless features are kept."""
    monkeypatch.setattr(training, "KEPT", 2**20 if kept == "features" else 0)
    monkeypatch.setattr(training, "KEPT_POINTS", 0 if kept == "nothing" else 2**20)
    rng = np.random.default_rng(K)
    X = rng.normal(size=(600, D)) + 3 * rng.normal(size=(K, D))[rng.integers(K, size=600)]
    w = rng.uniform(0.5, 2, size=len(X))
    model = GMM(K, init_params="kmeans", max_iter=3, tol=0, random_state=0)
    model.fit(X, sample_weight=w)
    data = model._data(Rows(X, weights=w))
    held = data.rows.kept
    assert (held is None) == (kept == "nothing")
    assert held is None or (held.T is not None) == (kept == "features")
    found = GMM.expect(model.theta, data.rows, data.frame)
    joint = slow_log_joint(model, X)
    r = softmax(joint, axis=1) * w[:, None]
    assert_equal_moments(found, exact_moments(X, r), tolerance=1e-11)
    assert found.log_likelihood == pytest.approx(w @ logsumexp(joint, axis=1), rel=1e-12)
    alone = Natural.of(model.theta, data.rows, data.frame).own
    assert (len(alone) == K) == (kept != "features" and 6 * K <= D)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("apart", [3, 20, 1e3, 9e3])
def test_tied_components_in_a_row_are_as_exact_as_alone(apart, dtype):
    """Shifts from frame to frame do not add up."""
    rng, D, K = np.random.default_rng(0), 64, 40
    means = apart * np.outer(np.arange(K), np.eye(D)[0])
    X = (rng.normal(size=(2000, D)) + means[np.arange(2000) % K]).astype(dtype)
    theta = Parameters(np.full(K, 1 / K), means, np.tile(np.eye(D), (K, 1, 1)))
    rows = Rows(X)
    assert rows.precision == dtype
    joint = map_log_joint(np.transpose, rows, Natural.of(theta, rows))
    for k in range(K):
        alone = theta.reorder([k])
        joint_alone = map_log_joint(np.transpose, rows, Natural.of(alone, rows))
        error = np.abs(joint[k::K, k] - joint_alone[k::K, 0])
        assert error.max() < (1e-9 if dtype == np.float64 else 1e-4)


@pytest.mark.parametrize("name", ["tied", "EEV"])
@pytest.mark.parametrize("apart", [1.0, 1e3, 1e5, 1e9, 1e11])
def test_components_that_share_a_covariance_are_as_exact_near_as_far(name, apart):
    """Points go from one frame to the next by a shift, unless it would cost them their digits."""
    rng, D = np.random.default_rng(0), 64
    z = np.repeat(range(3), 100)
    X = rng.normal(size=(300, D)) @ rng.normal(size=(D, D)) + apart * rng.normal(size=(3, D))[z]
    model = GMM(3, covariance_type=name, init_params=z, max_iter=2, tol=0, var_smoothing=0).fit(X)
    joint = slow_log_joint(model, X)
    np.testing.assert_allclose(model.log_joint(X), joint, rtol=1e-10)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3, 1e9, 1e30])
def test_log_sums_and_responsibilities_are_scipys_however_large_the_numbers_are(size, dtype):
    rng = np.random.default_rng(0)
    joint = (size * rng.normal(size=(5, 200))).astype(dtype)
    joint[rng.random((5, 200)) < 0.2] = -np.inf  # ruled out
    joint[0, 0], joint[1:, 0], joint[:, 1] = 0, -np.inf, -np.inf
    before = joint.copy()
    with np.errstate(invalid="ignore"):
        expected = logsumexp(joint.astype(np.float64), axis=0)
    found = log_sum(joint)
    assert found.dtype == dtype
    np.testing.assert_array_equal(joint, before)
    np.testing.assert_allclose(found, expected, rtol=4 * np.finfo(dtype).eps, atol=1e-6)
    np.testing.assert_array_equal(log_sum(joint.T.copy(), axis=1), found)

    possible = joint > -np.inf
    some = possible.any(axis=0)
    with np.errstate(invalid="ignore", over="ignore"):
        r, log_p = softmax_of_block(joint.copy(), None)
    np.testing.assert_allclose(log_p[some], expected[some], rtol=4 * np.finfo(dtype).eps, atol=1e-6)
    share = softmax(joint[:, some].astype(np.float64), axis=0)
    np.testing.assert_allclose(r[:, some], share, rtol=1e-3, atol=1.1 * np.exp(FLOOR[r.dtype]))
    assert (r[:, some] > 0).all()  # and none is so small that its square would be slow


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("K", [1, 16])
@pytest.mark.parametrize(
    ("F", "B"), [(45, 1399), (45, 4096), (45, 2723), (300, 900), (3, 8192), (3, 700), (900, 2000)]
)
def test_products_in_pieces_are_the_products(F, B, K, dtype):
    """Pieces are small enough for BLAS, and the sums of several are long, so threads are let in."""
    rng = np.random.default_rng(F)
    T, eta = rng.normal(size=(F, B)).astype(dtype), rng.normal(size=(K, F)).astype(dtype)
    r = rng.uniform(size=(K, B)).astype(dtype)
    some = FeaturesInPieces.of(T, K)
    small, few = K * F * B <= SMALL_PRODUCT, SMALL_PRODUCT // (K * F) < LEAST_PIECE
    if some is T:
        assert few or small
        assert K * F > SHORT or B < 2 * LEAST_PIECE
        assert small or dtype == np.float64
    elif some.size < B:
        pieces, left = some.stacks(T)
        assert np.shares_memory(pieces, T)
        assert left.shape[-1] < 8 * (len(pieces) + 1)
        assert K * F * some.size <= SMALL_PRODUCT
        assert K * F * len(pieces) > SHORT or some.size < 2 * LEAST_PIECE
    else:
        assert few
        assert dtype == np.float32
    tolerance = {"rtol": 0, "atol": 50 * np.finfo(dtype).eps * np.sqrt(B)}
    np.testing.assert_allclose(eta @ some, eta @ T, **tolerance)
    np.testing.assert_allclose(r @ some.T, r @ T.T, **tolerance)
    assert (eta @ some).dtype == (r @ some.T).dtype == dtype


@pytest.mark.parametrize(
    ("D", "diagonal", "own", "expected"),
    [
        (2, True, False, False),
        (WIDE, True, False, True),
        (WIDE, False, False, False),
        (WIDE, True, True, False),  # components with frames of their own
    ],
)
def test_responsibilities_may_be_sparse_where_features_are_many(D, diagonal, own, expected):
    frame = Frame.scaled(np.zeros(D), np.ones(D), diagonal)
    natural = Natural.blank(3, frame, Rows(np.ones((1, D))), {1: frame} if own else None)
    assert natural.wide == expected
    assert not natural._replace(shape=(2, 3)).wide  # nor those of mixtures side by side
