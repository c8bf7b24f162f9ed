"""Mixtures fitted side by side: each takes the steps it would take alone."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import moments
from sklearn.datasets import load_breast_cancer, load_wine

from numpy_ml_gmm import GMM, ConvergenceWarning, load_iris, load_old_faithful
from numpy_ml_gmm.blocks import Rows
from numpy_ml_gmm.covariances import MODELS
from numpy_ml_gmm.em import Cell, Run, SideBySide, climb, gain_to_come
from numpy_ml_gmm.restarts import (
    HALF_WAY,
    SHORT_RUN,
    first_statistics,
    promising,
    search,
    start_parameters,
)
from numpy_ml_gmm.starts import METHODS, standardised
from numpy_ml_gmm.training import Data

FAITHFUL, IRIS = load_old_faithful().X, load_iris().X
KINDS = {diagonal: [m for m in MODELS.values() if m.diagonal == diagonal] for diagonal in (0, 1)}
LIMITS = {"tol": 1e-8, "max_iter": 2000}


def guess(X, K, seed=0):
    """Responsibilities (N, K) of a k-means start."""
    w = np.ones(len(X))
    return METHODS["kmeans"](standardised(X, w), K, np.random.default_rng(seed), w)


def starts_of(data, cell, guesses):
    """The parameters that each first guess gives a cell."""
    [found] = start_parameters(GMM, data, [cell], [first_statistics(data, guesses)], exact=True)
    return found


def table_of(X, sizes, diagonal, var_smoothing=1e-6):
    """Every model with every K: the data, the cells, and their starts from k-means."""
    data = Data.of(Rows(X), bool(diagonal), var_smoothing)
    cells = [Cell(K, model) for model in KINDS[diagonal] for K in sizes]
    return data, cells, [starts_of(data, cell, [guess(X, cell[0])])[0] for cell in cells]


def alone(X, cell, **params):
    """The same mixture as a GMM from the same start."""
    K, model, _ = cell
    params = {"tol": 0, "max_iter": 1} | params
    return GMM(K, covariance_type=model.letters, init_params=guess(X, K), **params)


@pytest.mark.parametrize("diagonal", [0, 1])
@pytest.mark.parametrize("X", [FAITHFUL, IRIS, IRIS * 1e-6 + 1.0])
def test_a_step_side_by_side_is_the_step_of_each_mixture(X, diagonal):
    data, cells, starts = table_of(X, [1, 2, 4], diagonal)
    stack = SideBySide(GMM, data, cells)
    start = stack.together(starts)
    x1 = stack.e_step(start)
    theta, x2 = stack.step(start, x1)
    assert not stack.failures
    for m, (K, *_) in enumerate(cells):
        one = alone(X, cells[m]).fit(X)
        pi, mu, Sigma = stack.alone(theta, m)
        np.testing.assert_allclose(pi, one.weights_, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(mu, one.means_, rtol=1e-9)
        np.testing.assert_allclose(Sigma, one.theta.covariances, rtol=1e-6, atol=1e-7 * X.var())
        assert x2.log_likelihood[m] == pytest.approx(one.log_likelihood_, rel=1e-9)
        assert x2.log_likelihood[m] >= x1.log_likelihood[m] - 1e-9 * abs(x2.log_likelihood[m])
        assert (x2.counts[m, K:] == 0).all() and x2.counts[m].sum() == pytest.approx(len(X))


@pytest.mark.parametrize("diagonal", [0, 1])
def test_no_likelihood_falls_and_every_end_is_a_fixed_point_of_em(diagonal):
    data, cells, starts = table_of(FAITHFUL, [1, 2, 3, 5], diagonal)
    runs = climb(GMM, data, cells, starts, **LIMITS)
    for cell, run in zip(cells, runs, strict=True):
        history = np.array(run.history)
        assert run.converged and (np.diff(history) >= -1e-9 * np.abs(history[1:])).all()
        again = alone(FAITHFUL, cell)
        again._set_theta(run.end)
        assert again.log_likelihood(FAITHFUL) == pytest.approx(history[-1], abs=1e-7)
        again.m_step(again.e_step(FAITHFUL))  # a plain step gains next to nothing
        assert again.log_likelihood(FAITHFUL) == pytest.approx(history[-1], abs=1e-5)


@pytest.mark.parametrize("X", [IRIS, load_wine().data, load_breast_cancer().data])
@pytest.mark.parametrize("smoothing", [1e-6, 1e-4, 1e-3])
def test_smoothing_lowers_no_likelihood_in_either_walk(X, smoothing):
    for letters in ("VVV", "EEE", "VVI"):
        cell = Cell(3, MODELS[letters])
        data = Data.of(Rows(X), cell.model.diagonal, smoothing)
        starts = starts_of(data, cell, [guess(X, 3, seed) for seed in range(4)])
        runs = climb(GMM, data, [cell] * 4, starts, tol=1e-7, max_iter=300)
        plain = alone(X, cell, tol=1e-7, max_iter=300, var_smoothing=smoothing)
        histories = [run.history for run in runs] + [
            [step.log_likelihood_ for step in plain.iterate(X)]
        ]
        for history in histories:
            assert (np.diff(history) > -1e-8 * len(X)).all()


def test_leaps_reach_the_likelihood_of_plain_em_in_fewer_steps():
    data, cells, starts = table_of(FAITHFUL, [3], 0)
    results = climb(GMM, data, cells, starts, **LIMITS)
    plain = [alone(FAITHFUL, cell, **LIMITS).fit(FAITHFUL) for cell in cells]
    ends = [result.history[-1] for result in results]
    assert ends == pytest.approx([one.log_likelihood_ for one in plain], abs=1e-3)
    assert sum(len(r.history) for r in results) < sum(one.n_iter_ for one in plain) / 2


@pytest.mark.parametrize("max_iter", range(8))
def test_no_walk_takes_more_steps_than_it_may(max_iter):
    data, cells, starts = table_of(IRIS, [2, 4], 0)
    runs = climb(GMM, data, cells, starts, tol=0, max_iter=max_iter)
    assert all(len(run.history) <= max_iter and not run.converged for run in runs)
    stack = SideBySide(GMM, data, cells)
    for m, run in enumerate(runs):
        at_end = stack.e_step(stack.together([run.end for run in runs])).log_likelihood[m]
        assert run.log_likelihood == pytest.approx(at_end, abs=1e-6)
        assert not run.history or run.history[-1] == run.log_likelihood


def test_a_collapse_is_named_and_its_neighbours_do_not_notice():
    X = np.vstack([FAITHFUL, np.repeat(FAITHFUL[:1], 30, axis=0)])
    data, cells = Data.of(Rows(X), False, 0.0), [Cell(2, MODELS["VVV"])] * 3
    bad = np.eye(2)[np.repeat([0, 1], [272, 30])]  # one component is thirty equal points
    good, collapsing = starts_of(data, cells[0], [guess(X, 2), bad])
    failed = climb(GMM, data, cells, [good, collapsing, good], **LIMITS)
    assert "component 1 has collapsed" in failed[1].error and "30.0 points" in failed[1].error
    assert failed[1].end is None
    single = climb(GMM, data, cells[:1], [good], **LIMITS)[0]
    for run in (failed[0], failed[2]):
        assert run.log_likelihood == pytest.approx(single.log_likelihood, abs=1e-6)


def statistics_at(X, K):
    """All full models side by side, and their statistics at the start."""
    data, cells, starts = table_of(X, [K], 0)
    stack = SideBySide(GMM, data, cells)
    return stack, stack.e_step(stack.together(starts))


def with_moments(x, N, means, W):
    """Statistics with other counts, means and scatters."""
    firsts = N[..., None] * (means - x.origin)
    return x._replace(counts=N, firsts=firsts, scatters=W)


@pytest.mark.equation("squarem")
@settings(max_examples=20, deadline=None)
@given(st.floats(0.05, 0.95), st.integers(0, 10**6))
def test_where_the_error_shrinks_by_one_factor_a_leap_lands_on_the_fixed_point(rate, seed):
    stack, end = statistics_at(IRIS, 3)
    stack.reach[:] = np.inf
    rng = np.random.default_rng(seed)
    errors = [1e-3 * a * rng.uniform(-1, 1, size=a.shape) for a in moments(end)]
    errors[2] = errors[2] + np.swapaxes(errors[2], -1, -2)
    path = [
        with_moments(end, *(a + rate**t * e for a, e in zip(moments(end), errors, strict=True)))
        for t in range(3)
    ]
    for landed, there in zip(moments(stack.leap(*path)), moments(end), strict=True):
        np.testing.assert_allclose(landed, there, rtol=1e-9, atol=1e-9 * np.abs(there).max())
    stack.reach[:] = 1 / (1 - rate) / 2  # then it ends half-way
    for landed, there in zip(moments(stack.leap(*path)), moments(end), strict=True):
        assert not np.allclose(landed, there, rtol=1e-9, atol=0)
    assert stack.far.all()


@pytest.mark.parametrize(
    "gain, last, left",
    [
        (1.0, 2.0, 2.0),  # a half each time: 1 + 1/2 + 1/4 + ...
        (1.0, -2.0, 1.0),  # gains that change sign make no series: what was just gained
        (-1.0, 2.0, 1.0),
        (2.0, 2.0, 2e5),  # gains that do not shrink have no end in sight
        (3.0, 2.0, 3e5),
        (-3.0, -2.0, 3e5),
        (1.0, 0.0, 1.0),
        (1.0, np.nan, 1e5),  # the first step says nothing of the next
        (1e-14, 1.0, 0.0),  # lost in the rounding of the log-likelihood
    ],
)
def test_what_is_still_to_come_is_a_geometric_series_or_far_more_than_was_gained(gain, last, left):
    assert gain_to_come(gain, last, -100.0, np.dtype(float)) == pytest.approx(left)


@pytest.mark.parametrize("name", ["full", "diag", "tied", "spherical"])
def test_fits_of_one_step_that_go_on_from_each_other_converge(name):
    """None of them sees two gains; in the end what one gains is as good as nothing."""
    model = GMM(3, covariance_type=name, max_iter=1, warm_start=True, random_state=0)
    n = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        while not model.fit(IRIS).converged_ and n < 3000:
            n += 1
    assert 10 < n < 2999
    whole = GMM(3, covariance_type=name, random_state=0).fit(IRIS)
    assert model.log_likelihood_ >= whole.log_likelihood_ - 1e-4


def test_a_leap_out_of_bounds_is_shortened_or_not_taken():
    stack, x = statistics_at(IRIS, 2)
    shrinking = [x._replace(scatters=x.scatters * factor) for factor in (1.0, 0.6, 0.3)]
    landed = stack.leap(*shrinking)  # on to below 0
    assert (np.linalg.eigvalsh(landed.scatters) > 0).all()
    last = np.trace(shrinking[2].scatters, axis1=2, axis2=3)
    assert (np.trace(landed.scatters, axis1=2, axis2=3) <= last).all()


def test_a_component_without_points_fails_though_its_covariance_may_be_finite():
    stack, x = statistics_at(IRIS, 3)
    N, W = x.counts.copy(), x.scatters.copy()
    N[:, 1], W[:, 1] = 0, 0
    stack.m_step(x._replace(counts=N, scatters=W))
    assert sorted(stack.failures) == list(range(len(N)))
    assert all("component 1" in reason for reason in stack.failures.values())


def test_a_leap_of_which_a_part_is_infinite_is_not_taken():
    stack, x = statistics_at(IRIS, 2)
    wild = x.scatters.copy()
    wild[0, 0, [0, 1], [1, 0]] = np.inf
    landed = stack.leap(x._replace(scatters=wild), x, x)
    for found, expected in zip(moments(landed), moments(x), strict=True):
        np.testing.assert_array_equal(found[0], expected[0])


def test_of_many_starts_the_promising_few_go_on():
    owner = np.array([0, 0, 0, 0, 1, 1, 1])
    log_likelihood = np.array([-5.0, -1.0, -3.0, -2.0, -np.inf, -7.0, -np.inf])
    assert promising(owner, log_likelihood, 3).tolist() == [1, 2, 3, 5]
    assert promising(owner, log_likelihood).tolist() == [0, 1, 2, 3, 5]
    assert promising(owner, log_likelihood, np.array([1.5, 0])).tolist() == [1, 3]


def test_half_of_many_starts_are_left_behind_early():
    """Those whose end is not near by then: four steps, ten steps, or the whole way."""
    data, cell = Data.of(Rows(IRIS), False, 1e-6), Cell(3, MODELS["VVV"])
    starts = starts_of(data, cell, [guess(IRIS, 3, seed) for seed in range(20)])
    none, few = search(GMM, data, [cell, cell], [[Run(error="no start")], starts], **LIMITS)
    assert none == [Run(error="no start")]
    lengths = np.array([len(run.history) for run in few])
    assert np.sum(lengths == HALF_WAY) == 10
    assert np.sum(lengths == SHORT_RUN) == 4
    assert [run.end is not None for run in few] == (lengths > SHORT_RUN).tolist()
    fourth = np.array([run.history[HALF_WAY - 1] for run in few])
    assert fourth[lengths == HALF_WAY].max() <= fourth[lengths > HALF_WAY].min()
    tenth = np.array([run.history[min(SHORT_RUN, len(run.history)) - 1] for run in few])
    assert tenth[lengths == SHORT_RUN].max() <= tenth[lengths > SHORT_RUN].min()


def test_restarts_reach_the_best_of_single_starts():
    data, cells = Data.of(Rows(IRIS), False, 1e-6), [Cell(3, MODELS["VVV"]), Cell(3, MODELS["EEE"])]
    guesses = [guess(IRIS, 3, seed) for seed in range(4)]
    starts = [starts_of(data, cell, guesses) for cell in cells]
    together = search(GMM, data, cells, starts, **LIMITS)
    for c, cell in enumerate(cells):
        best = max(run.log_likelihood for run in together[c])
        single = [search(GMM, data, [cell], [[start]], **LIMITS)[0][0] for start in starts[c]]
        assert best == pytest.approx(max(run.log_likelihood for run in single), abs=1e-4)


def test_an_empty_start_is_a_failure_with_its_reason():
    data, cell = Data.of(Rows(IRIS), False, 1e-6), Cell(2, MODELS["EEE"])
    starts = starts_of(data, cell, [np.eye(2)[np.zeros(150, int)]])
    [[run]] = search(GMM, data, [cell], [starts], **LIMITS)
    assert run.end is None and "component 1 holds 0.0 points" in run.error


@pytest.mark.parametrize("far", [1, 1e6])
@pytest.mark.parametrize("name", ["VVV", "VVI", "EEE", "VEV"])
def test_mixtures_of_data_sets_of_their_own_step_as_each_alone(name, far):
    """Far from each other, components have frames of their own too."""
    rng, model = np.random.default_rng(0), MODELS[name]
    near = 1e-3 if name == "VEV" else 1e-6  # its search goes on until the last of them is near
    sets = [np.vstack([rng.normal(size=(40, 2)), rng.normal(size=(60, 2)) + far]) for _ in range(3)]
    datas = [Data.of(Rows(X), model.diagonal, 1e-6) for X in sets]
    r = np.repeat(np.eye(2), [40, 60], axis=0) * 0.9 + 0.05
    cells = [Cell(2, model)] * 3
    starts = [starts_of(data, cells[0], [r])[0] for data in datas]
    several = SideBySide(GMM, Data.side_by_side(datas), cells)
    theta = several.together(starts)
    for _ in range(3):
        theta, x = several.step(theta, several.e_step(theta))
    for m, (data, start) in enumerate(zip(datas, starts, strict=True)):
        one = SideBySide(GMM, data, cells[:1])
        alone = one.together([start])
        for _ in range(3):
            alone, y = one.step(alone, one.e_step(alone))
        assert x.log_likelihood[m] == pytest.approx(y.log_likelihood[0], rel=1e-4 * near)
        for a, b in zip(several.alone(theta, m), one.alone(alone, 0), strict=True):
            np.testing.assert_allclose(a, b, rtol=near, atol=1e-9 * far)
    two = SideBySide(GMM, several.data.taken(np.array([True, False, True])), cells[:2])
    again = two.e_step(two.together([several.alone(theta, 0), several.alone(theta, 2)]))
    np.testing.assert_allclose(again.log_likelihood, x.log_likelihood[[0, 2]], rtol=1e-12)
