"""Mixtures fitted side by side: each takes the steps it would take alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numpy_ml_gmm import GMM, load_iris, load_old_faithful
from numpy_ml_gmm.blocks import Rows
from numpy_ml_gmm.covariances import MODELS
from numpy_ml_gmm.initialization import METHODS, standardised
from numpy_ml_gmm.side_by_side import (
    Cell,
    Data,
    Moments,
    Result,
    Stack,
    climb,
    promising,
    search,
    stacked,
)
from numpy_ml_gmm.statistics import statistics_of

FAITHFUL, IRIS = load_old_faithful().X, load_iris().X
KINDS = {diagonal: [m for m in MODELS.values() if m.diagonal == diagonal] for diagonal in (0, 1)}
LIMITS = {"tol": 1e-8, "max_iter": 2000}


def guess(X, K, seed=0):
    """Responsibilities (N, K) of a k-means start."""
    w = np.ones(len(X))
    return METHODS["kmeans"](standardised(X, w), K, np.random.default_rng(seed), w)


def stack_of(X, sizes, diagonal, var_smoothing=1e-6):
    """A stack of every model with every K, and its moments from k-means."""
    rows = Rows(X)
    cells = [Cell(K, model) for model in KINDS[diagonal] for K in sizes]
    x = [Moments(*statistics_of(rows, guess(X, K), bool(diagonal)).moments()) for K, _ in cells]
    return Stack(Data.of(rows, bool(diagonal), var_smoothing), cells), cells, stacked(x)


def alone(X, cell, **params):
    """The same mixture as a GMM from the same start."""
    K, model = cell
    params = {"tol": 0, "max_iter": 1} | params
    return GMM(K, covariance_type=model.letters, init_params=guess(X, K), **params)


@pytest.mark.parametrize("diagonal", [0, 1])
@pytest.mark.parametrize("X", [FAITHFUL, IRIS, IRIS * 1e-6 + 1.0])
def test_a_step_of_a_stack_is_the_step_of_each_mixture(X, diagonal):
    stack, cells, x = stack_of(X, [1, 2, 4], diagonal)
    theta, x1, log_likelihood, failures = stack.step(x)
    theta, x2, second, _ = stack.step(x1, theta)
    assert not failures
    for m, (K, model) in enumerate(cells):
        one = alone(X, cells[m]).fit(X)
        np.testing.assert_allclose(theta.pi[m, :K], one.weights_, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(theta.mu[m, :K], one.means_, rtol=1e-9)
        expected = model.expand(one.covariances_, *one.means_.shape)
        np.testing.assert_allclose(theta.Sigma[m, :K], expected, rtol=1e-6, atol=1e-7 * X.var())
        assert second[m] == pytest.approx(one.log_likelihood_, rel=1e-9)
        assert second[m] >= log_likelihood[m] - 1e-9 * abs(second[m])
        assert (x2.N[m, K:] == 0).all() and x2.N[m].sum() == pytest.approx(len(X))


@pytest.mark.parametrize("diagonal", [0, 1])
def test_no_likelihood_falls_and_every_end_is_a_fixed_point_of_em(diagonal):
    stack, cells, x = stack_of(FAITHFUL, [1, 2, 3, 5], diagonal)
    results = climb(stack.data, cells, x, **LIMITS)
    for cell, result in zip(cells, results, strict=True):
        history = np.array(result.history)
        assert result.converged and (np.diff(history) >= -1e-9 * np.abs(history[1:])).all()
        pi, mu, Sigma = result.parameters
        again = alone(FAITHFUL, cell)
        again.weights_, again.means_, again.covariances_ = pi, mu, Sigma
        again.n_features_in_ = 2
        assert again.log_likelihood(FAITHFUL) == pytest.approx(history[-1], abs=1e-7)
        again.m_step(again.e_step(FAITHFUL))  # a plain step gains next to nothing
        assert again.log_likelihood(FAITHFUL) == pytest.approx(history[-1], abs=1e-5)


def test_leaps_reach_the_likelihood_of_plain_em_in_fewer_steps():
    stack, cells, x = stack_of(FAITHFUL, [3], 0)
    results = climb(stack.data, cells, x, **LIMITS)
    plain = [alone(FAITHFUL, cell, **LIMITS).fit(FAITHFUL) for cell in cells]
    ends = [result.history[-1] for result in results]
    assert ends == pytest.approx([one.log_likelihood_ for one in plain], abs=1e-3)
    assert sum(len(r.history) for r in results) < sum(one.n_iter_ for one in plain) / 2


def test_a_collapse_is_named_and_its_neighbours_do_not_notice():
    X = np.vstack([FAITHFUL, np.repeat(FAITHFUL[:1], 30, axis=0)])
    rows, model = Rows(X), MODELS["VVV"]
    data = Data.of(rows, False, 0.0)
    bad = np.eye(2)[np.repeat([0, 1], [272, 30])]  # one component is thirty equal points
    starts = [Moments(*statistics_of(rows, r, False).moments()) for r in (guess(X, 2), bad)]
    cells = [Cell(2, model)] * 3
    failed = climb(data, cells, stacked([starts[0], starts[1], starts[0]]), **LIMITS)
    assert "component 1 has collapsed" in failed[1].error and "30.0 points" in failed[1].error
    single = climb(data, cells[:1], stacked(starts[:1]), **LIMITS)[0]
    for result in (failed[0], failed[2]):
        assert result.history[-1] == pytest.approx(single.history[-1], abs=1e-6)


@pytest.mark.equation("squarem")
@settings(max_examples=20, deadline=None)
@given(st.floats(0.05, 0.95), st.integers(0, 10**6))
def test_where_the_error_shrinks_by_one_factor_a_leap_lands_on_the_fixed_point(rate, seed):
    stack, _, end = stack_of(IRIS, [3], 0)
    rng = np.random.default_rng(seed)
    error = Moments(*(1e-3 * a * rng.uniform(-1, 1, size=a.shape) for a in end))
    error = error._replace(W=error.W + np.swapaxes(error.W, -1, -2))
    x0, x1, x2 = (
        Moments(*(a + rate**t * e for a, e in zip(end, error, strict=True))) for t in range(3)
    )
    for landed, there in zip(stack.leap(x0, x1, x2), end, strict=True):
        np.testing.assert_allclose(landed, there, rtol=1e-9, atol=1e-9 * np.abs(there).max())


def test_a_leap_out_of_bounds_is_shortened_or_not_taken():
    stack, _, x = stack_of(IRIS, [2], 0)
    shrinking = [x._replace(W=x.W * factor) for factor in (1.0, 0.6, 0.3)]  # on to below 0
    landed = stack.leap(*shrinking)
    assert (np.linalg.eigvalsh(landed.W) > 0).all()
    assert (
        np.trace(landed.W, axis1=2, axis2=3) <= np.trace(shrinking[2].W, axis1=2, axis2=3)
    ).all()


def test_of_many_starts_the_promising_few_go_on():
    owner = np.array([0, 0, 0, 0, 1, 1, 1])
    log_likelihood = np.array([-5.0, -1.0, -3.0, -2.0, -np.inf, -7.0, -np.inf])
    assert promising(owner, log_likelihood).tolist() == [1, 2, 3, 5]


def test_restarts_reach_the_best_of_single_starts():
    rows, cells = Rows(IRIS), [Cell(3, MODELS["VVV"]), Cell(3, MODELS["EEE"])]
    guesses = {3: [guess(IRIS, 3, seed) for seed in range(4)]}
    settings = dict(var_smoothing=1e-6, **LIMITS)
    together = search(rows, rows, cells, guesses, **settings)
    for c, cell in enumerate(cells):
        best = max(end.history[-1] for end in together[c])
        single = [search(rows, rows, [cell], {3: [r]}, **settings)[0][0] for r in guesses[3]]
        assert best == pytest.approx(max(end.history[-1] for end in single), abs=1e-4)


def test_starts_from_a_sample_end_on_all_rows():
    model = GMM.from_parameters(
        [0.3, 0.7], [[0.0, 0.0], [4.0, 1.0]], [np.eye(2), 0.5 * np.eye(2)], random_state=0
    )
    X, _ = model.sample(4000)
    few = X[::10]
    cell = Cell(2, MODELS["VVV"])
    guesses = {2: [guess(few, 2, seed) for seed in range(3)]}
    settings = dict(var_smoothing=1e-6, **LIMITS)
    ends = search(Rows(X), Rows(few), [cell], guesses, **settings)[0]
    expected = alone(X, cell, **LIMITS).fit(X).log_likelihood_
    assert max(end.history[-1] for end in ends) == pytest.approx(expected, abs=1e-3)


def test_an_empty_start_is_a_failure_with_its_reason():
    rows, empty = Rows(IRIS), np.eye(2)[np.zeros(150, int)]
    results = search(
        rows, rows, [Cell(2, MODELS["EEE"])], {2: [empty]}, var_smoothing=1e-6, **LIMITS
    )
    assert [isinstance(r, Result) for r in results[0]] == [True]
    assert "component 1 holds 0.0 points" in results[0][0].error
