"""The fourteen covariance models: each M step is the best choice the model allows."""

import itertools
import json
import shutil
import subprocess
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import log_joint
from scipy.linalg import expm
from scipy.optimize import minimize
from scipy.stats import ortho_group

import numpy_ml_gmm
from numpy_ml_gmm.covariances import (
    MODELS,
    NAMES,
    covariance_model,
    equal_volume,
    iterated_axes,
    iterated_shape,
    varying,
)
from numpy_ml_gmm.covariances.rules import own_axes

HERE = Path(__file__).parent
DATA = Path(numpy_ml_gmm.__file__).parent / "data"
seeds = st.integers(0, 2**32 - 1)
every_model = pytest.mark.parametrize("letters", MODELS)
dimensions = given(seed=seeds, K=st.integers(1, 5), D=st.integers(1, 6))


# --- an independent account of the models: any parameters -> covariances ------------------


def sizes(letters, K, D):
    """How many volumes, free log axes and rotation angles these letters have."""
    times = {"I": 0, "E": 1, "V": K}
    return [
        (times[letter], size)
        for letter, size in zip(letters, (1, D - 1, D * (D - 1) // 2), strict=True)
    ]


def skew(angles, D):
    X = np.zeros((D, D))
    X[np.triu_indices(D, 1)] = angles
    return X - X.T


def build(letters, theta, K, D):
    """Covariances (K, D, D) of a model from unconstrained numbers."""
    ends = np.cumsum([a * b for a, b in sizes(letters, K, D)])
    log_volume, log_axes, angles = (
        np.broadcast_to(part.reshape(count, size) if count else np.zeros((1, size)), (K, size))
        for part, (count, size) in zip(np.split(theta, ends[:2]), sizes(letters, K, D), strict=True)
    )
    log_shape = np.c_[log_axes, -log_axes.sum(axis=1)]
    Q = np.array([expm(skew(a, D)) for a in angles])
    return np.einsum("kia,ka,kja->kij", Q, np.exp(log_volume + log_shape), Q)


def take_apart(letters, Sigma):
    """Volumes (K,), shapes (K, D) and orientations (K, D, D) of covariances."""
    K, D = Sigma.shape[:2]
    if letters[2] == "I":
        Q = np.broadcast_to(np.eye(D), (K, D, D))
    elif letters[2] == "E":
        # Common axes diagonalise every weighted sum; odd weights keep axes apart.
        mixed = np.einsum("k,kij->ij", np.sqrt(np.arange(K) + 2.3), Sigma)
        Q = np.broadcast_to(np.linalg.eigh(mixed)[1], (K, D, D))
    else:
        Q = np.linalg.eigh(Sigma)[1]
    variances = np.einsum("kia,kij,kja->ka", Q, Sigma, Q)
    volume = np.exp(np.log(variances).mean(axis=1))
    return volume, variances / volume[:, None], Q


def nudge(letters, Sigma, size, rng):
    """A neighbour of these covariances within the model, at a random distance of about size."""
    K, D = Sigma.shape[:2]
    volume, shape, Q = take_apart(letters, Sigma)
    parts = [
        np.broadcast_to(size * rng.normal(size=(max(count, 1), n)) * bool(count), (K, n))
        for count, n in sizes(letters, K, D)
    ]
    log_shape = np.c_[parts[1], -parts[1].sum(axis=1)]
    variances = volume[:, None] * shape * np.exp(parts[0] + log_shape)
    Q = np.array([Q[k] @ expm(skew(parts[2][k], D)) for k in range(K)])
    return np.einsum("kia,ka,kja->kij", Q, variances, Q)


def objective(Sigma, W, N):
    """sum_k N_k log |Sigma_k| + tr(Sigma_k^-1 W_k), which the M step minimises."""
    log_det = np.linalg.slogdet(Sigma)[1]
    return N @ log_det + np.trace(np.linalg.solve(Sigma, W), axis1=1, axis2=2).sum()


def scatters(seed, K, D):
    """Random scatter matrices (K, D, D), each with volume, shape and orientation, and counts."""
    rng = np.random.default_rng(seed)
    N = rng.uniform(D + 1, 100, size=K)
    axes = np.exp(rng.normal(size=(K, D)) + rng.normal(size=(K, 1)))
    Q = np.array([expm(skew(rng.normal(size=D * (D - 1) // 2), D)) for _ in range(K)])
    return np.einsum("k,kia,ka,kja->kij", N, Q, axes, Q), N


def estimate(letters, W, N):
    """The M step, from full scatters to every component's own matrix (K, D, D)."""
    model, (K, D) = MODELS[letters], W.shape[:2]
    diagonals = np.diagonal(W, axis1=1, axis2=2)
    found = model.estimate(diagonals if model.diagonal else W, N)
    assert found.shape == model.shape(K, D)
    Sigma = model.expand(found, K, D)
    return Sigma[:, :, None] * np.eye(D) if model.diagonal else Sigma


# --- each M step is the best the model allows ---------------------------------------------


@every_model
@settings(deadline=None, max_examples=30)
@dimensions
def test_the_estimate_lies_in_the_model(letters, seed, K, D):
    Sigma = estimate(letters, *scatters(seed, K, D))
    volume, shape, Q = take_apart(letters, Sigma)
    np.testing.assert_allclose(
        np.einsum("kia,ka,kja->kij", Q, shape, Q).T * volume,
        Sigma.T,
        rtol=1e-7,
        atol=1e-9 * np.abs(Sigma).max(),
    )
    if letters[0] == "E":
        np.testing.assert_allclose(volume, volume[0], rtol=1e-9)
    if letters[1] in "IE":
        np.testing.assert_allclose(shape, np.broadcast_to(shape[0], shape.shape), rtol=1e-7)
    if letters[1] == "I":
        np.testing.assert_allclose(shape, 1, rtol=1e-12)


@every_model
@settings(deadline=None, max_examples=30)
@dimensions
def test_no_admissible_perturbation_lowers_the_objective(letters, seed, K, D):
    W, N = scatters(seed, K, D)
    Sigma = estimate(letters, W, N)
    least = objective(Sigma, W, N)
    rng = np.random.default_rng(seed)
    for size in (1e-5, 1e-3, 1e-2):
        for _ in range(3):
            assert objective(nudge(letters, Sigma, size, rng), W, N) > least - 1e-11 * abs(least)
    if letters not in ("EVE", "VVE"):  # one minimum: far away is no better
        for size in (0.1, 1.0):
            assert objective(nudge(letters, Sigma, size, rng), W, N) > least - 1e-11 * abs(least)


@every_model
@settings(deadline=None, max_examples=30)
@dimensions
def test_the_objective_is_level_at_the_estimate(letters, seed, K, D):
    W, N = scatters(seed, K, D)
    Sigma = estimate(letters, W, N)
    h = 1e-5
    for direction in range(3):
        up, down = (
            objective(nudge(letters, Sigma, s, np.random.default_rng(direction)), W, N)
            for s in (h, -h)
        )
        assert abs(up - down) / (2 * h) < 1e-5 * N.sum()


@every_model
@pytest.mark.parametrize("K, D", [(3, 2), (2, 3)])
def test_the_objective_equals_that_of_a_general_optimiser(letters, K, D):
    W, N = scatters(7, K, D)
    rng = np.random.default_rng(0)
    length = MODELS[letters].n_parameters(K, D)

    def minus_two_q(theta):
        return objective(build(letters, theta, K, D), W, N) / N.sum()

    found = min(minimize(minus_two_q, rng.normal(size=length)).fun for _ in range(4))
    assert objective(estimate(letters, W, N), W, N) / N.sum() == pytest.approx(found, abs=1e-8)


def test_common_axes_leave_a_saddle_point():
    # By symmetry the coordinate axes, those of the pooled scatter, are a stationary point;
    # the two diagonals are the common axes of all scatters.
    W = np.array([[[1, 0.9], [0.9, 1]], [[1, -0.9], [-0.9, 1]]]) * 10
    for letters in ("EVE", "VVE"):
        np.testing.assert_allclose(estimate(letters, W, np.array([10.0, 10.0])), W / 10)
    # From the axes themselves, too: a step leaves a level point if the objective curves down.
    step = iterated_axes._newton_angles(W, np.array([10.0, 10.0]), varying)
    assert abs(step).max() > 0.05


@pytest.mark.parametrize("letters", ["EVE", "VVE"])
@pytest.mark.parametrize("D", [3, 12, 20])
def test_axes_turned_pair_by_pair_end_where_newtons_method_does(letters, D, monkeypatch):
    for seed in range(3):  # axes that are nearly the same, so that there is one minimum
        W, N = scatters(seed, 3, D)
        rng = np.random.default_rng(seed)
        Q, variances = ortho_rotation(D, rng), np.exp(rng.normal(size=(3, D)))
        W = 0.1 * W + N[:, None, None] * (Q * variances[:, None]) @ Q.T
        ends = []
        for limit in (0, 10**6):
            monkeypatch.setattr(iterated_axes, "FEW_FEATURES", limit)
            ends.append(objective(estimate(letters, W, N), W, N) / N.sum())
        assert ends[0] == pytest.approx(ends[1], abs=1e-7)


def test_equal_shape_is_exact_where_alternation_takes_thousands_of_steps():
    W = np.array([[1, 1e-4], [1e-4, 100]]) * 10
    N = np.array([10.0, 30.0])
    for letters in ("VEI", "VEE"):
        model = MODELS[letters]
        Sigma = model.estimate(W if model.diagonal else W[:, :, None] * np.eye(2), N)
        variances = Sigma if model.diagonal else np.diagonal(Sigma, axis1=1, axis2=2)
        scaled = W / variances  # its row sums are D N_k, its column sums N
        np.testing.assert_allclose(scaled.sum(axis=1), 2 * N, rtol=1e-9)
        np.testing.assert_allclose(scaled.sum(axis=0), N.sum(), rtol=1e-9)


# --- the models among each other ----------------------------------------------------------


@settings(deadline=None, max_examples=60)
@dimensions
def test_a_wider_model_is_never_worse(seed, K, D):
    # Scatters of one population, as responsibilities give them: common axes exist.
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(60, D)) @ ortho_rotation(D, rng) * np.exp(rng.normal(size=D))
    r = rng.dirichlet(np.ones(K), size=60)
    N = r.sum(axis=0)
    delta = X - (r.T @ X / N[:, None])[:, None]
    W = np.einsum("nk,kni,knj->kij", r, delta, delta)
    least = {letters: objective(estimate(letters, W, N), W, N) for letters in MODELS}
    for narrow, wide in itertools.permutations(MODELS, 2):
        if all("IEV".index(a) <= "IEV".index(b) for a, b in zip(narrow, wide, strict=True)):
            assert least[wide] <= least[narrow] + 1e-9 * N.sum(), (narrow, wide)


def ortho_rotation(D, rng):
    return ortho_group.rvs(D, random_state=rng) if D > 1 else np.eye(1)


@every_model
@settings(deadline=None, max_examples=15)
@given(seed=seeds, K=st.integers(1, 5))
def test_in_one_dimension_only_the_volume_is_left(letters, seed, K):
    W, N = scatters(seed, K, 1)
    expected = W / N[:, None, None] if letters[0] == "V" else W.sum(axis=0) / N.sum()
    np.testing.assert_allclose(
        estimate(letters, W, N), np.broadcast_to(expected, W.shape), rtol=1e-12
    )


@every_model
@settings(deadline=None, max_examples=15)
@given(seed=seeds, D=st.integers(1, 6))
def test_of_one_component_only_sphere_axes_or_matrix_are_left(letters, seed, D):
    W, N = scatters(seed, 1, D)
    kind = {"II": "tied_spherical", "EI": "tied_diag", "VI": "tied_diag"}.get(letters[1:], "tied")
    expected = estimate(NAMES[kind], W, N)
    np.testing.assert_allclose(
        estimate(letters, W, N), expected, rtol=1e-10, atol=1e-12 * expected.max()
    )


@every_model
@settings(deadline=None, max_examples=30)
@given(seed=seeds, K=st.integers(1, 5), D=st.integers(1, 6), exponent=st.integers(-40, 40))
def test_scaling_the_data_scales_the_covariances(letters, seed, K, D, exponent):
    W, N = scatters(seed, K, D)
    factor = 10.0**exponent
    expected = factor * estimate(letters, W, N)
    np.testing.assert_allclose(
        estimate(letters, factor * W, N), expected, rtol=1e-5, atol=1e-7 * expected.max()
    )


@pytest.mark.parametrize("letters", [m for m in MODELS if m[1] == "I" or m[2] != "I"])
@settings(deadline=None, max_examples=30)
@dimensions
def test_turning_the_data_turns_the_covariances(letters, seed, K, D):
    W, N = scatters(seed, K, D)
    R = ortho_rotation(D, np.random.default_rng(seed))
    expected = R @ estimate(letters, W, N) @ R.T
    np.testing.assert_allclose(
        estimate(letters, R @ W @ R.T, N), expected, rtol=1e-5, atol=1e-7 * expected.max()
    )


@pytest.mark.parametrize("letters", ["EEI", "VEI", "EVI", "VVI", "EEE", "VEE", "EVV", "VVV"])
@settings(deadline=None, max_examples=30)
@dimensions
def test_other_units_for_each_feature_change_the_covariances_alike(letters, seed, K, D):
    W, N = scatters(seed, K, D)
    units = 10 ** np.random.default_rng(seed).uniform(-6, 6, size=D)
    scale = np.outer(units, units)
    expected = scale * estimate(letters, W, N)
    size = np.sqrt(expected[:, range(D), range(D)])
    error = (estimate(letters, scale * W, N) - expected) / size[:, :, None] / size[:, None]
    assert np.abs(error).max() < 1e-9


@every_model
def test_the_order_of_the_components_does_not_matter(letters):
    W, N = scatters(3, 4, 3)
    order = [2, 0, 3, 1]
    np.testing.assert_allclose(
        estimate(letters, W[order], N[order]), estimate(letters, W, N)[order], rtol=1e-8
    )


@pytest.mark.parametrize("letters", [m for m in MODELS if m[2] == "I"])
def test_the_volume_of_many_features_neither_over_nor_underflows(letters):
    W, N = np.full((3, 500), 1e-8), np.full(3, 10.0)
    found = MODELS[letters].estimate(W, N)
    np.testing.assert_allclose(found, np.full_like(found, 1e-9))


# --- mixtures side by side ----------------------------------------------------------------


def side_by_side(letters, seeds, sizes, D):
    """Scatters (M, K, D, D), or their diagonals, and counts (M, K) of mixtures of these sizes."""
    W, N = np.zeros((len(sizes), max(sizes), D, D)), np.zeros((len(sizes), max(sizes)))
    for m, (seed, K) in enumerate(zip(seeds, sizes, strict=True)):
        W[m, :K], N[m, :K] = scatters(seed, K, D)  # what stays 0 is spare
    return np.einsum("mkdd->mkd", W) if MODELS[letters].diagonal else W, N


@every_model
@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**32 - 4), sizes=st.lists(st.integers(1, 4), min_size=3, max_size=3))
def test_mixtures_side_by_side_are_solved_as_each_alone(letters, seed, sizes):
    W, N = side_by_side(letters, range(seed, seed + 3), sizes, D=3)
    together = MODELS[letters].minimise(W, N)
    for m, K in enumerate(sizes):
        alone = MODELS[letters].minimise(W[m, :K], N[m, :K])
        np.testing.assert_allclose(together[m, : len(alone)], alone, rtol=1e-6, atol=1e-9)


@every_model
def test_side_by_side_only_the_singular_mixture_has_no_m_step(letters):
    W, N = side_by_side(letters, range(3), [2, 2, 2], D=3)
    W[1] = 0
    finite = np.isfinite(MODELS[letters].minimise(W, N)).reshape(3, -1).all(axis=1)
    divides_by_a_volume = letters not in ("EII", "VII", "EEI", "VVI", "EEE", "EEV", "VVV")
    assert finite.tolist() == [True, not divides_by_a_volume, True]


@pytest.mark.parametrize("letters", ["EVE", "VVE"])
@pytest.mark.parametrize("seed", range(20))
def test_common_axes_are_never_left_for_worse_ones(letters, seed):
    last = estimate(letters, *scatters(seed, 3, 4))  # of other data: far from the minimum
    W, N = scatters(seed + 100, 3, 4)
    Q = take_apart(letters, last)[2]
    along = np.swapaxes(Q, 1, 2) @ W @ Q * np.eye(4)  # all that the best in these axes sees of W
    there = objective(estimate(letters[:2] + "I", along, N), along, N)
    assert objective(MODELS[letters].estimate(W, N, last), W, N) <= there + 1e-9 * abs(there)


@pytest.mark.parametrize("letters", ["EVE", "VVE"])
@pytest.mark.parametrize("seed", range(10))
def test_of_the_starts_of_common_axes_the_best_goes_on(letters, seed):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(3, 3, 3)) * rng.uniform(0.05, 1, size=(3, 1, 3))  # hills apart
    W, N = 50 * A @ np.swapaxes(A, 1, 2), rng.uniform(10, 50, size=3)
    found = objective(estimate(letters, W, N), W, N)
    for axes in np.linalg.eigh(np.concatenate([W, W.sum(axis=0, keepdims=True)]))[1]:
        last = np.tile(axes @ np.diag([1.0, 2.0, 4.0]) @ axes.T, (3, 1, 1))
        ends = objective(MODELS[letters].estimate(W, N, last), W, N)  # the way from these axes
        assert found <= ends + 1e-6 * abs(ends)


# --- what goes wrong ----------------------------------------------------------------------


@every_model
@pytest.mark.parametrize("rank", [0, 1, 2])
@pytest.mark.parametrize("K", [1, 3])
def test_a_singular_scatter_gives_no_warning_and_names_itself(letters, rank, K):
    W, N = scatters(5, K, 3)
    values, Q = np.linalg.eigh(W[-1])
    W[-1] = (Q[:, :rank] * values[:rank]) @ Q[:, :rank].T
    N[-1] = 2.5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            assert np.isfinite(estimate(letters, W, N)).all()
        except ValueError as error:
            assert letters in str(error) and "raise var_smoothing" in str(error)
            assert f"component {K - 1} has collapsed" in str(error)


@pytest.mark.parametrize("letters", ["EVI", "EVE", "VVE", "EVV", "VEI", "VEE", "VEV"])
def test_a_component_without_volume_has_no_m_step(letters):
    W, N = scatters(5, 3, 2)
    W[1] = 0
    with pytest.raises(ValueError, match=f"{letters}: component 1 has collapsed"):
        estimate(letters, W, N)


def test_no_rule_is_given_a_negative_variance_along_an_axis():
    def rule(Omega, N):
        assert (Omega >= 0).all()
        return varying(Omega, N)

    negative = 0
    for seed in range(50):
        A = np.random.default_rng(seed).normal(size=(2, 4, 2))
        W = A @ np.swapaxes(A, 1, 2)  # of rank two: the rest is rounding, up or down
        negative += (np.linalg.eigvalsh(W) < 0).any()
        np.testing.assert_allclose(own_axes(W, np.ones(2), rule=rule), W, atol=1e-12)
    assert negative > 10


@pytest.mark.parametrize("letters", ["EII", "VII", "EEI", "EEE", "EEV", "VEE", "VEV"])
def test_a_flat_component_borrows_from_the_others(letters):
    # Two points in three dimensions: a shared shape is still well defined.
    W, N = scatters(5, 3, 3)
    W[1], N[1] = np.outer([1, 2, 3], [1, 2, 3]), 2
    assert (np.linalg.eigvalsh(estimate(letters, W, N)) > 0).all()


def test_a_shape_that_no_volumes_explain_is_refused():
    # Each direction belongs to one component alone, and the counts do not match.
    W, N = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([1.0, 5.0])
    with pytest.raises(ValueError, match="VEI: component 0, 1"):
        MODELS["VEI"].estimate(W, N)


def test_what_was_not_found_is_named_with_its_points():
    Sigma, N = np.ones((3, 2)), np.array([5.0, 1.0, 2.5])
    MODELS["VVI"].check_found(Sigma, N)  # all is found
    Sigma[1], Sigma[2, 0] = np.nan, np.inf
    with pytest.raises(ValueError, match=r"VVI: component 1, 2 has collapsed: .*\(3.5 points\)"):
        MODELS["VVI"].check_found(Sigma, N)


# --- names, shapes, numbers of parameters -------------------------------------------------


@every_model
@pytest.mark.parametrize("K", [1, 2, 3])
@pytest.mark.parametrize("D", [1, 2, 3, 4])
def test_the_number_of_parameters_is_the_rank_of_the_model(letters, K, D):
    length = sum(count * size for count, size in sizes(letters, K, D))
    theta = np.random.default_rng(1).normal(size=length)
    h = 1e-6 * np.eye(length)
    jacobian = [
        (build(letters, theta + e, K, D) - build(letters, theta - e, K, D)).ravel() / 2e-6
        for e in h
    ]
    rank = np.linalg.matrix_rank(np.array(jacobian), tol=1e-6)
    assert MODELS[letters].n_parameters(K, D) == rank


def test_scikit_learn_names_are_six_of_the_fourteen():
    assert len(MODELS) == 14
    for name, letters in NAMES.items():
        assert covariance_model(name) is covariance_model(letters)


def test_an_unknown_model_is_answered_with_the_names():
    with pytest.raises(ValueError, match=r"'VIV' is not known.* full.*EEV"):
        covariance_model("VIV")


@pytest.mark.parametrize("K, D", [(3, 3), (2, 3), (1, 1)])
def test_expand_gives_every_component_its_own(K, D):
    # K = D is where shapes (K,) and (D,) are easily confused.
    W, N = scatters(2, K, D)
    shapes = {
        "tied_spherical": (), "spherical": (K,), "tied_diag": (D,), "diag": (K, D),
        "tied": (D, D), "full": (K, D, D),
    }  # fmt: skip
    for name, shape in shapes.items():
        assert covariance_model(name).shape(K, D) == shape
    by_axis = np.array([np.diag(w) for w in W])
    np.testing.assert_allclose(
        np.diagonal(estimate("EEI", W, N), axis1=1, axis2=2),
        np.broadcast_to(by_axis.sum(axis=0) / N.sum(), (K, D)),
    )
    np.testing.assert_allclose(
        np.diagonal(estimate("VII", W, N), axis1=1, axis2=2),
        np.repeat(by_axis.mean(axis=1)[:, None] / N[:, None], D, axis=1),
    )


@every_model
@pytest.mark.parametrize("K, D", [(3, 3), (3, 2), (1, 4), (4, 1)])
def test_contract_takes_back_what_expand_does(letters, K, D):
    model, (W, N) = MODELS[letters], side_by_side(letters, [4], [K], D)
    C = model.estimate(W[0], N[0])
    Sigma = model.expand(C, K, D)
    assert np.shape(C) == model.shape(K, D) and Sigma.shape == W[0].shape
    np.testing.assert_array_equal(model.contract(Sigma), C, strict=True)
    np.testing.assert_array_equal(model.minimise(W[0], N[0]), Sigma, strict=True)


@every_model
def test_mixtures_side_by_side_are_contracted_each(letters):
    model, (W, N) = MODELS[letters], side_by_side(letters, range(5), [3] * 5, D=3)
    Sigma = model.minimise(W, N)
    assert Sigma.shape == W.shape
    together = model.contract(Sigma)
    assert together.shape == (5, *model.shape(3, 3))
    for m in range(5):
        np.testing.assert_array_equal(together[m], model.contract(Sigma[m]))


def test_two_models_have_one_form_where_their_covariances_have_one_shape():
    for one, other in itertools.product(MODELS.values(), repeat=2):
        assert (one.form == other.form) == (one.shape(3, 2) == other.shape(3, 2))


# --- real data: R's mclust ----------------------------------------------------------------


@cache
def read(name):
    """A data set, or one of its columns."""
    table, column = {
        "faithful": ("old_faithful", slice(None)),
        "faithful_waiting": ("old_faithful", [1]),
        "iris": ("iris", slice(None)),
        "iris_petal_length": ("iris", [2]),
    }[name]
    return np.loadtxt(DATA / f"{table}.csv", delimiter=",", skiprows=1, ndmin=2)[:, column]


def m_step(letters, X, r):
    N = r.sum(axis=0)  # (K,)
    means = r.T @ X / N[:, None]  # (K, D)
    delta = X - means[:, None]  # (K, N, D)
    W = np.swapaxes(r.T[:, :, None] * delta, 1, 2) @ delta
    return N / len(X), means, estimate(letters, W, N), W, N


def em(letters, X, labels, tol=1e-13, max_iter=20_000):
    """The log-likelihoods of plain EM from labels, to convergence."""
    r = np.eye(labels.max() + 1)[labels]
    history = [-np.inf]
    for _ in range(max_iter):
        joint = log_joint(X, *m_step(letters, X, r)[:3])
        log_density = np.logaddexp.reduce(joint, axis=1)
        r = np.exp(joint - log_density[:, None])
        history.append(log_density.sum())
        if history[-1] - history[-2] < tol * abs(history[-1]):
            break
    return np.array(history[1:])


def exact_fits():
    return json.loads((HERE / "data" / "mclust_exact.json").read_text())["fits"]


@pytest.mark.parametrize("data, K, letters, reference, n_parameters", exact_fits())
def test_em_reaches_the_likelihood_of_mclust(data, K, letters, reference, n_parameters):
    starts = json.loads((HERE / "data" / "mclust_exact.json").read_text())["starts"]
    labels = np.array([int(label) - 1 for label in starts[f"{data}-{K}"]])
    X, letters = read(data), {"E": "EEE", "V": "VVV"}.get(letters, letters)
    history = em(letters, X, labels)
    assert history[-1] > reference - 1e-6
    assert (np.diff(history) > -1e-11 * abs(reference)).all()
    free = MODELS[letters].n_parameters(K, X.shape[1])
    assert free + K * X.shape[1] + K - 1 == n_parameters
    if letters != "VVE":  # mclust's VVE stops short of its maximum
        assert history[-1] == pytest.approx(reference, abs=1e-6)


def compare_m_steps(reference):
    for data, name in (("old_faithful", "faithful"), ("iris", "iris")):
        X, labels = read(name), np.array(reference[data]["labels"]) - 1
        K = labels.max() + 1
        r = 0.1 / K + 0.9 * np.eye(K)[labels]
        for letters, theirs in reference[data]["models"].items():
            pi, means, Sigma, W, N = m_step(letters, X, r)
            log_likelihood = np.logaddexp.reduce(log_joint(X, pi, means, Sigma), axis=1).sum()
            assert MODELS[letters].n_parameters(K, X.shape[1]) == theirs["n_parameters"]
            ours, bound = (objective(S, W, N) for S in (Sigma, np.array(theirs["sigma"])))
            assert ours < bound + 1e-10 * abs(bound)
            if letters == "VVE":  # mclust stops early, so its covariances are not the best
                continue
            np.testing.assert_allclose(Sigma, theirs["sigma"], rtol=1e-5, atol=1e-12)
            assert log_likelihood == pytest.approx(theirs["log_likelihood"], rel=1e-8)


def test_m_steps_equal_those_of_mclust():
    compare_m_steps(json.loads((HERE / "data" / "mclust_m_steps.json").read_text()))


def test_m_steps_equal_those_of_the_mclust_installed_here(tmp_path):
    ask = 'q(status = !all(sapply(c("mclust", "jsonlite"), requireNamespace, quietly = TRUE)))'
    if not shutil.which("Rscript") or subprocess.call(["Rscript", "-e", ask]):
        pytest.skip("needs R with mclust and jsonlite")
    script, output = HERE / "make_mclust_reference.R", tmp_path / "m_steps.json"
    subprocess.run(["Rscript", script, DATA, output], check=True)
    compare_m_steps(json.loads(output.read_text()))


@pytest.mark.parametrize("diagonal", [False, True])
def test_the_objective_of_equal_shapes_and_its_slope_by_differences(diagonal):
    rng = np.random.default_rng(0)
    A, u, target = rng.normal(size=(3, 2, 5)), rng.normal(size=3), rng.uniform(0.5, 1, size=3)
    W = A @ A.transpose(0, 2, 1)
    W = np.einsum("kdd->kd", W).copy() if diagonal else W

    def f(u):
        pool = np.tensordot(np.exp(-u), W, 1)
        return target @ u + np.linalg.slogdet(np.diag(pool) if diagonal else pool)[1]

    found, overlap = iterated_shape._pool(u, W, target)
    assert found == pytest.approx(f(u), rel=1e-12)
    for k, h in enumerate(1e-5 * np.eye(3)):
        slope = target[k] - overlap[k].sum()
        assert slope == pytest.approx((f(u + h) - f(u - h)) / 2e-5, abs=1e-8)


@pytest.mark.parametrize("rule", [varying, equal_volume])
def test_a_spare_component_has_no_part_in_the_objective_of_common_axes(rule):
    rng = np.random.default_rng(0)
    A, N, Q = (
        rng.normal(size=(2, 3, 6)),
        np.array([4.0, 9.0]),
        ortho_group.rvs(3, 5, random_state=0),
    )
    W = A @ A.transpose(0, 2, 1)
    with np.errstate(divide="ignore", invalid="ignore"):  # of the place that is spare
        f, padded = (
            iterated_axes._spread(Q, W[None], N[None], rule)
            for W, N in [(W, N), (np.concatenate([W, np.zeros((1, 3, 3))]), np.append(N, 0))]
        )
    np.testing.assert_allclose(padded, f, rtol=1e-12)
    assert len(f) == 5 and np.ptp(f) > 0.1
