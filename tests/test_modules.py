"""Connected modules: messages, files, matching, and chains against brute force."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import log_densities
from scipy.optimize import approx_fprime, minimize
from scipy.special import softmax

from numpy_ml_gmm import GMM, writing
from numpy_ml_gmm.modules import (
    GMMModule,
    MarkovModel,
    MarkovModule,
    Module,
    Observation,
    matching,
)
from numpy_ml_gmm.modules.chain import (
    backward_pass,
    forward_pass,
    posterior,
    rows_to_one,
    transitions,
)

ROOT = Path(__file__).parents[1]
SEED_SCRIPT = """
import numpy_ml_gmm.modules as srk
from numpy_ml_gmm import modules as gmm
import numpy as np

data = np.loadtxt( "data.txt" )  # load data
data_category = np.loadtxt( "category.txt" )  # load correct labels

# define the modules
obs = srk.Observation( data )  # send the observation to the connected module
gmm1 = gmm.GMM( 10, catogory=data_category )  # classify into ten classes

# construct the model
gmm1.connect( obs )  # connect obs to gmm1

gmm1.update()  # train gmm1
"""


@pytest.fixture(autouse=True)
def from_zero():
    """Each test numbers its modules from 0."""
    Module.reset_count()


def groups(N=300, K=3, seed=0, distance=8.0):
    """Well separated groups, unequal in size and shape, away from the origin."""
    rng = np.random.default_rng(seed)
    c = rng.choice(K, size=N, p=np.arange(1, K + 1) / (K * (K + 1) / 2))
    means = distance * np.stack([np.arange(K), np.arange(K) % 2], axis=1) + [100, -5]
    return means[c] + rng.normal(size=(N, 2)) * [1.0, 0.6], c


def learnt(directory, X, K, **params):
    """An observation and a mixture on it, updated once."""
    obs, gmm1 = Observation(X), GMMModule(K, directory=directory, random_state=0, **params)
    gmm1.connect(obs)
    gmm1.update()
    return obs, gmm1


def densities(X, mu, Sigma):
    """N(x_n | mu_k, Sigma_k), (N, K)."""
    return np.exp(log_densities(X, mu, Sigma))


def read(module, what):
    return np.loadtxt(module.folder / f"{what}.txt")


# ---- The seed's example -------------------------------------------------------------------------


def test_the_seeds_example_runs_with_only_its_imports_changed(tmp_path):
    X, c = groups(K=10, N=800)
    np.savetxt(tmp_path / "data.txt", X)
    np.savetxt(tmp_path / "category.txt", c)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"}
    run = subprocess.run(
        [sys.executable, "-c", SEED_SCRIPT],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert "catogory is read as category" in run.stderr
    folder = tmp_path / "module001_gmm"
    names = ["Pdz_learn.txt", "acc_learn.txt", "class_learn.txt", "model.npz", "mu_learn.txt"]
    assert sorted(path.name for path in folder.iterdir()) == names
    shapes = [np.loadtxt(folder / name).shape for name in names if name.endswith("txt")]
    assert shapes == [(800, 10), (), (800,), (10, 2)]
    assert np.loadtxt(folder / "acc_learn.txt") > 0.8


# ---- One mixture --------------------------------------------------------------------------------


def test_update_is_a_fit_and_its_messages_are_responsibilities_and_class_means(tmp_path):
    X, _ = groups()
    obs, gmm1 = learnt(tmp_path, X, 3)
    model = GMM(3, max_iter=100, random_state=0).fit(X)
    np.testing.assert_array_equal(gmm1.get_forward_msg(), model.predict_proba(X))
    np.testing.assert_array_equal(obs.get_backward_msg(), model.means_[model.predict(X)])
    np.testing.assert_array_equal(read(gmm1, "class_learn"), model.predict(X))
    np.testing.assert_array_equal(read(gmm1, "mu_learn"), model.means_)
    np.testing.assert_array_equal(read(gmm1, "Pdz_learn"), model.predict_proba(X))
    assert not (gmm1.folder / "acc_learn.txt").exists()


def test_the_backward_message_is_the_prior_of_each_row(tmp_path):
    X, _ = groups(distance=2.0)
    message = np.random.default_rng(1).dirichlet(np.ones(3), size=len(X))
    gmm1 = GMMModule(3, directory=tmp_path, random_state=0, tol=1e-10, itr=1000)
    gmm1.connect(Observation(X))
    gmm1.set_backward_msg(message)
    gmm1.update()
    direct = GMM(3, tol=1e-10, random_state=0).fit(X, priors=message)
    joint = message * direct.weights_ * densities(X, direct.means_, direct.covariances_)
    by_bayes = joint / joint.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(gmm1.get_forward_msg(), by_bayes, atol=1e-10)


def test_a_later_update_goes_on_from_the_last(tmp_path):
    X, _ = groups(distance=3.0)
    gmm1 = GMMModule(3, itr=4, directory=tmp_path, random_state=0, tol=0, n_init=1)
    gmm1.connect(Observation(X))
    gmm1.update()
    gmm1.update()
    whole = GMM(3, max_iter=8, tol=0, n_init=1, random_state=0).fit(X)
    np.testing.assert_allclose(gmm1.model.means_, whole.means_, rtol=1e-9)


def test_recognition_classifies_new_rows_and_learns_nothing(tmp_path):
    X, c = groups()
    _, gmm1 = learnt(tmp_path, X[:200], 3, category=c[:200] + 10)
    Module.reset_count()
    _, again = learnt(tmp_path, X[200:], 3, mode="recog")
    assert again.folder == gmm1.folder
    np.testing.assert_array_equal(again.model.means_, gmm1.model.means_)
    np.testing.assert_array_equal(again.get_forward_msg(), gmm1.model.predict_proba(X[200:]))
    assert (read(again, "class_recog") == c[200:] + 10).mean() > 0.98  # named as they were learnt
    assert not (again.folder / "acc_recog.txt").exists()
    Module.reset_count()
    learnt(tmp_path, X[200:], 3, mode="recog", category=c[200:])
    assert read(again, "acc_recog") > 0.98
    assert read(again, "class_learn").shape == (200,)  # what was learnt is still there


def test_modules_are_numbered_in_the_order_of_making(tmp_path):
    made = Observation([[0.0]]), GMMModule(2, name="a"), Observation([[0.0]]), MarkovModule()
    names = ["module000_obs", "module001_a", "module002_obs", "module003_markov"]
    assert [module.name for module in made] == names
    with pytest.raises(ValueError, match="mode"):
        GMMModule(2, mode="train")  # takes no number
    assert GMMModule(2).name == "module004_gmm"


# ---- Matching -----------------------------------------------------------------------------------


def rows_of(confusion):
    """Classes and categories that have this confusion table."""
    counts = np.ravel(confusion)
    k, c = np.divmod(np.arange(len(counts)), np.shape(confusion)[1])
    return np.repeat(k, counts), np.repeat(c, counts)


def test_matching_is_the_best_where_swaps_get_stuck():
    labels, accuracy = matching(*rows_of([[5, 6, 0], [0, 5, 6], [6, 0, 5]]), K=3)
    assert accuracy == 18 / 33
    assert labels.tolist() == [1, 2, 0]


@pytest.mark.equation("matching")
@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 10**6))
def test_matching_is_the_best_of_all_namings(K, C, seed):
    confusion = np.random.default_rng(seed).integers(1, 9, size=(K, C))
    z, c = rows_of(confusion)
    labels, accuracy = matching(z, c, K)
    names = [*range(C), *[-1] * K]  # -1: this class is left over
    namings = {p[:K] for p in itertools.permutations(names)}
    best = max((np.array(naming)[z] == c).mean() for naming in namings)
    assert accuracy == pytest.approx(best) == (labels[z] == c).mean()
    assert len(set(labels.tolist())) == K
    assert set(labels.tolist()) - set(range(C)) == set(range(C, C + max(0, K - C)))


@pytest.mark.filterwarnings("ignore::numpy_ml_gmm.CollapseWarning")
@pytest.mark.parametrize(("K", "numbers"), [(3, [0, 1, 2]), (5, [2, 4, 8]), (2, [3, 1, 2])])
def test_files_are_in_the_order_of_the_matched_classes(tmp_path, K, numbers):
    X, c = groups()
    category = np.array(numbers)[c]
    _, gmm1 = learnt(tmp_path, X, K, category=category)
    named, Pdz, mu = (read(gmm1, f"{what}_learn") for what in ("class", "Pdz", "mu"))
    assert Pdz.shape == (300, K) and mu.shape == (K, 2)
    labels = gmm1.model.class_labels_
    np.testing.assert_array_equal(np.sort(labels)[Pdz.argmax(axis=1)], named)
    for label, column, mean in zip(np.sort(labels), Pdz.T, mu, strict=True):
        k = int(np.flatnonzero(labels == label)[0])
        np.testing.assert_array_equal(mean, gmm1.model.means_[k])
        np.testing.assert_array_equal(column, gmm1.get_forward_msg()[:, k])
    assert read(gmm1, "acc_learn") == pytest.approx((named == category).mean())


# ---- Three modules ------------------------------------------------------------------------------


def two_views(seed, N=400):
    """Two tables of the same things: each has two of the three kinds close together."""
    rng = np.random.default_rng(seed)
    c = rng.choice(3, size=N, p=[0.4, 0.35, 0.25])
    one = np.array([[0, 0], [5, 0], [5, 3]])[c] + rng.normal(size=(N, 2))
    two = np.array([[0, 0], [3, 0], [0, 5]])[c] + rng.normal(size=(N, 2))
    return one * [1, 3] + [40, 5], two @ [[9, 3], [0, 6]] + [-300, 20], c


def together(views, c, directory, rounds):
    """Two observations, two mixtures, and one above; the accuracies of all three each round."""
    lower = [GMMModule(3, name=name, category=c, directory=directory, random_state=0)
             for name in ("one", "two")]  # fmt: skip
    above = {"covariance_type": "tied_spherical", "var_smoothing": 0.01, "random_state": 0}
    upper = GMMModule(3, name="above", category=c, directory=directory, **above)
    for module, view in zip(lower, views, strict=True):
        module.connect(Observation(view))
    upper.connect(*lower)
    for _ in range(rounds):
        for module in (*lower, upper):
            module.update()
        yield [float(read(module, "acc_learn")) for module in (*lower, upper)]


@pytest.mark.parametrize("seed", range(6))
def test_three_modules_learn_better_jointly_than_apart(tmp_path, seed):
    one, two, c = two_views(seed)
    alone = [float(read(learnt(tmp_path, X, 3, category=c)[1], "acc_learn")) for X in (one, two)]
    *_, last = together((one, two), c, tmp_path, rounds=5)
    assert last[0] > alone[0] + 0.02 and last[1] > alone[1] + 0.02
    assert min(last) > 0.95


@pytest.mark.filterwarnings("ignore::numpy_ml_gmm.CollapseWarning")
def test_the_answers_from_above_are_class_means_split_by_module(tmp_path):
    one, two, _ = two_views(0)
    lower = [GMMModule(K, directory=tmp_path, random_state=0) for K in (2, 3)]
    upper = GMMModule(
        3, directory=tmp_path, covariance_type="diag", var_smoothing=0.1, random_state=0
    )
    for module, view in zip(lower, (one, two), strict=True):
        module.connect(Observation(view))
        module.update()
    upper.connect(*lower)
    upper.update()
    means = upper.model.means_[upper.get_forward_msg().argmax(axis=1)]  # (N, 5)
    np.testing.assert_array_equal(lower[0].get_backward_msg(), means[:, :2])
    np.testing.assert_array_equal(lower[1].get_backward_msg(), means[:, 2:])
    np.testing.assert_allclose(means[:, :2].sum(axis=1), 1)


# ---- Chains, against the sum over all paths -----------------------------------------------------


def chain(N=5, K=3, seed=0):
    """Evidence, transitions and first probabilities, and the joint of every path, (K,) * N."""
    rng = np.random.default_rng(seed)
    b, A, a = rng.uniform(size=(N, K)), rng.dirichlet(np.ones(K), size=K), rng.dirichlet(np.ones(K))
    return b, A, a, all_paths(b, A, a)


def all_paths(b, A, a):
    """The joint of each path of classes and the rows, (K,) * N."""
    joint = np.zeros((len(a),) * len(b))
    for z in itertools.product(range(len(a)), repeat=len(b)):
        steps = np.prod([A[j, k] for j, k in itertools.pairwise(z)])
        joint[z] = a[z[0]] * steps * np.prod([b[n, k] for n, k in enumerate(z)])
    return joint


def sum_but(joint, *axes):
    """The sum over every axis but these."""
    return joint.sum(axis=tuple(n for n in range(joint.ndim) if n not in axes))


@pytest.mark.equation("chain-joint")
@pytest.mark.parametrize("seed", range(3))
def test_the_likelihood_is_the_sum_over_all_paths(seed):
    b, A, a, joint = chain(seed=seed)
    vector = a * b[0]  # the product of matrices, without any scaling
    for row in b[1:]:
        vector = vector @ A @ np.diag(row)
    assert vector.sum() == pytest.approx(joint.sum())
    assert posterior(np.log(b), A, a).log_likelihood == pytest.approx(np.log(joint.sum()))


def both_passes(b, A, a):
    """alpha (N, K), c (N,) and beta (N, K), none of them in logs; one sequence."""
    first = np.arange(len(b)) == 0
    log_ahead, log_c = forward_pass(np.log(b), A, a, first[::-1])
    alpha = b * np.exp(log_ahead - log_c[:, None])
    return alpha, np.exp(log_c), rows_to_one(np.exp(backward_pass(np.log(b), A, first)))


@pytest.mark.equation("forward-pass")
@pytest.mark.parametrize("seed", range(3))
def test_alpha_is_the_posterior_given_the_rows_so_far(seed):
    b, A, a, _ = chain(seed=seed)
    alpha, c, _ = both_passes(b, A, a)
    before = 1.0  # p(rows before)
    for n in range(len(b)):
        joint = all_paths(b[: n + 1], A, a)
        ends = sum_but(joint, n)  # p(z_n, rows so far)
        np.testing.assert_allclose(alpha[n], ends / joint.sum(), rtol=1e-10)
        assert np.prod(c[: n + 1]) == pytest.approx(joint.sum())
        ahead = a if n == 0 else alpha[n - 1] @ A
        np.testing.assert_allclose(ends / before, b[n] * ahead, rtol=1e-10)
        before = joint.sum()


@pytest.mark.equation("backward-pass")
def test_beta_is_what_the_later_rows_say():
    b, A, a, _ = chain()
    _, _, beta = both_passes(b, A, a)
    formula = np.ones(3)
    for n in reversed(range(len(b))):
        later = np.zeros(3)
        for k in range(3):
            for z in itertools.product(range(3), repeat=len(b) - n - 1):
                path = (k, *z)
                steps = np.prod([A[i, j] for i, j in itertools.pairwise(path)])
                later[k] += steps * np.prod([b[n + 1 + m, j] for m, j in enumerate(z)])
        np.testing.assert_allclose(beta[n], later / later.sum(), rtol=1e-10)
        np.testing.assert_allclose(formula, later, rtol=1e-10)
        formula = A @ (b[n] * formula)


def of_the_others(joint, b, n):
    """p(z_n | all rows but n) by the sum over all paths, (K,)."""
    rest = sum_but(joint / np.expand_dims(b[n], [m for m in range(len(b)) if m != n]), n)
    return rest / rest.sum()


@pytest.mark.equation("chain-message")
def test_the_message_is_the_posterior_without_the_row():
    b, A, a, joint = chain()
    alpha, _, beta = both_passes(b, A, a)
    for n in range(len(b)):
        without = b.copy()
        without[n] = 1  # the row says nothing
        rest = of_the_others(joint, b, n)
        np.testing.assert_allclose(np.exp(posterior(np.log(b), A, a).log_message[n]), rest)
        np.testing.assert_allclose(posterior(np.log(without), A, a).gamma[n], rest)
        formula = beta[n] * (a if n == 0 else alpha[n - 1] @ A)
        np.testing.assert_allclose(formula / formula.sum(), rest)


@pytest.mark.equation("chain-posterior")
def test_gamma_is_the_share_of_all_paths_through_the_class():
    b, A, a, joint = chain()
    for n in range(len(b)):
        share = sum_but(joint, n) / joint.sum()
        np.testing.assert_allclose(posterior(np.log(b), A, a).gamma[n], share, rtol=1e-10)
        formula = b[n] * of_the_others(joint, b, n)
        np.testing.assert_allclose(formula / formula.sum(), share, rtol=1e-10)


@pytest.mark.equation("chain-counts")
def test_counts_are_the_expected_numbers_of_steps_over_all_paths():
    b, A, a, joint = chain()
    steps = sum(sum_but(joint, n, n + 1) for n in range(len(b) - 1)) / joint.sum()
    np.testing.assert_allclose(posterior(np.log(b), A, a).counts, steps, rtol=1e-10)
    alpha, _, beta = both_passes(b, A, a)
    tables = [np.outer(alpha[n - 1], b[n] * beta[n]) * A for n in range(1, len(b))]
    np.testing.assert_allclose(sum(table / table.sum() for table in tables), steps, rtol=1e-10)


@pytest.mark.equation("chain-q")
def test_q_is_the_mean_log_joint_over_all_paths():
    b, A, a, joint = chain()
    by_paths = (joint / joint.sum() * np.log(joint)).sum()
    result = posterior(np.log(b), A, a)
    parts = result.gamma[0] @ np.log(a), result.counts * np.log(A), result.gamma * np.log(b)
    assert sum(np.sum(part) for part in parts) == pytest.approx(by_paths)


@pytest.mark.equation("transitions")
def test_no_other_transitions_make_the_expected_path_likelier():
    C = np.random.default_rng(0).uniform(0.5, 3, size=(3, 3))
    formula = C / C.sum(axis=1, keepdims=True)

    def loss(free):
        return -(C * np.log(softmax(np.c_[free.reshape(3, 2), np.zeros(3)], axis=1))).sum()

    best = minimize(loss, np.zeros(6), tol=1e-12).x
    found = softmax(np.c_[best.reshape(3, 2), np.zeros(3)], axis=1)
    np.testing.assert_allclose(found, formula, atol=1e-5)
    np.testing.assert_allclose(transitions(C), formula, rtol=1e-12)


def test_a_thousand_rows_neither_under_nor_overflow():
    b = np.random.default_rng(0).uniform(size=(1000, 2)) * 1e-200
    result = posterior(np.log(b), np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0.5, 0.5]))
    assert all(np.isfinite(part).all() for part in result)
    assert result.counts.sum() == pytest.approx(999)


def log_sum(x, axis=-1):
    return np.logaddexp.reduce(x, axis=axis)


def row_by_row(log_b, A, a, first):
    """log ahead and log c by the recursion as it is written, in logs throughout."""
    with np.errstate(divide="ignore"):
        log_A, log_a = np.log(A), np.log(a)
    log_ahead, log_c, ahead = np.empty_like(log_b), np.empty(len(log_b)), log_a
    for n in range(len(log_b)):
        log_ahead[n] = log_a if first[n] else ahead
        joint = log_ahead[n] + log_b[n]
        log_c[n] = log_sum(joint)
        ahead = log_sum((joint - log_c[n])[:, None] + log_A, axis=0)
    return log_ahead, log_c


@pytest.mark.parametrize(("N", "K"), [(1, 2), (2, 3), (7, 3), (50, 4), (97, 2), (400, 3), (60, 33)])
@pytest.mark.parametrize("scale", [1, 1000])
@pytest.mark.parametrize("zeros", [False, True])
def test_pieces_side_by_side_are_the_rows_one_by_one(N, K, scale, zeros):
    """Densities down to exp(-1000) of each other, steps down to 1e-150 of each other, or none."""
    rng = np.random.default_rng(N)
    log_b, a = scale * rng.normal(size=(N, K)), rng.dirichlet(np.ones(K))
    A = transitions(rng.dirichlet(np.full(K, 0.05), size=K))
    if zeros:
        A = rows_to_one(np.where(np.eye(K) + np.roll(np.eye(K), 1, axis=1), A, 0))
    first = rng.random(N) < 0.1
    first[0] = True
    ahead, log_c = forward_pass(log_b, A, a, np.roll(first, -1))
    by_rows, chances = row_by_row(log_b, A, a, first)
    np.testing.assert_allclose(ahead, by_rows, atol=1e-10)
    np.testing.assert_allclose(log_c, chances, atol=1e-10)


def test_a_class_that_a_row_all_but_rules_out_may_be_the_only_one_that_fits():
    log_b = np.array([[0.0, -2000.0], [-5000.0, 0.0]])  # by exp(3000), the second class
    result = posterior(log_b, np.eye(2), np.array([0.5, 0.5]))
    np.testing.assert_array_equal(result.gamma, [[0, 1], [0, 1]])
    assert result.log_likelihood == pytest.approx(-2000 + np.log(0.5))


# ---- Several sequences, against the sum over all paths of each ----------------------------------


@pytest.mark.equation("chain-counts", "chain-posterior")
@pytest.mark.parametrize("lengths", [[5, 4], [1, 4, 1, 3], [3, 3, 3], [1] * 4])
def test_sequences_share_their_transitions_and_nothing_else(lengths):
    b, A, a, _ = chain(N=1)
    b = np.random.default_rng(1).uniform(size=(sum(lengths), 3))
    starts = np.cumsum([0, *lengths[:-1]])
    whole = posterior(np.log(b), A, a, np.isin(np.arange(len(b)), starts))
    counts, firsts, log_p = np.zeros((3, 3)), np.zeros(3), 0.0
    for start, N in zip(starts, lengths, strict=True):
        joint = all_paths(b[start : start + N], A, a)
        log_p += np.log(joint.sum())
        for n in range(N):
            gamma = sum_but(joint, n) / joint.sum()
            np.testing.assert_allclose(whole.gamma[start + n], gamma, rtol=1e-10)
        firsts += sum_but(joint, 0) / joint.sum()
        counts += sum(sum_but(joint, n, n + 1) for n in range(N - 1)) / joint.sum()
    np.testing.assert_allclose(whole.counts, counts, rtol=1e-10)
    np.testing.assert_allclose(whole.firsts, firsts, rtol=1e-10)
    assert whole.log_likelihood == pytest.approx(log_p)


def test_two_sequences_are_two_chains_with_their_counts_added(tmp_path):
    Pdz = np.random.default_rng(0).dirichlet(np.ones(3), size=70)
    both = MarkovModule(itr=3, directory=tmp_path, lengths=[30, 40])
    below = Observation(Pdz)
    both.connect(below)
    both.update()
    log_b, pi = below.evidence()
    A, a = np.full((3, 3), 1 / 3), np.full(3, 1 / 3)
    for _ in range(3):
        one, two = (posterior(part, A, a) for part in (log_b[:30], log_b[30:]))
        A = rows_to_one(one.counts + two.counts)
        a = (one.gamma[0] + two.gamma[0]) / 2
    np.testing.assert_allclose(both.transitions, A, rtol=1e-9)
    np.testing.assert_allclose(both.initial, a, rtol=1e-9)
    parts = [posterior(part, A, a) for part in (log_b[:30], log_b[30:])]
    gamma = np.vstack([part.gamma for part in parts])
    np.testing.assert_allclose(both.get_forward_msg(), gamma, rtol=1e-8)
    message = np.vstack([part.log_message for part in parts])
    np.testing.assert_allclose(
        below.get_backward_msg(), rows_to_one(np.exp(message) / pi), rtol=1e-8
    )
    again = MarkovModule(directory=tmp_path, load_dir=both.folder, lengths=(40, 30))
    again.connect(Observation(np.roll(Pdz, 40, axis=0)))
    again.update()
    np.testing.assert_allclose(np.roll(again.get_forward_msg(), 30, axis=0), gamma, rtol=1e-8)


@pytest.mark.parametrize(
    ("lengths", "error", "message"),
    [
        ([3, 4], ValueError, r"lengths of 2 sequences sum to 7, but module\d+_markov observes N=8"),
        ([], ValueError, "lengths of 0 sequences sum to 0, but"),
        ([8, 0], ValueError, r"lengths\[1\]=0 must be at least 1"),
        ([4.0, 4.0], TypeError, r"lengths\[0\]=4.0 must be a whole number"),
    ],
)
def test_wrong_lengths_are_told(tmp_path, lengths, error, message):
    chain1 = MarkovModule(directory=tmp_path, lengths=lengths)
    chain1.connect(Observation(np.full((8, 2), 0.5)))
    with pytest.raises(error, match=message):
        chain1.update()
    assert list(tmp_path.iterdir()) == []


# ---- GMM + Markov = a hidden Markov model -------------------------------------------------------


@pytest.mark.equation("evidence", "chain-to-mixture")
def test_messages_are_the_evidence_and_what_the_other_rows_say(tmp_path):
    rng = np.random.default_rng(0)
    N, K = 6, 2
    said, pi, density = rng.dirichlet([1, 1], N), np.array([0.3, 0.7]), rng.uniform(size=(N, K))
    r = rows_to_one(said * pi * density)
    evidence = r / said / pi
    np.testing.assert_allclose(rows_to_one(evidence), rows_to_one(density))
    module, below = MarkovModule(mode="recog", directory=tmp_path), Observation(r)
    module.connect(below)
    A, a = np.array([[0.9, 0.1], [0.3, 0.7]]), np.array([0.6, 0.4])
    module.folder.mkdir()
    np.savez(module.folder / "model.npz", transitions=A, initial=a, weights=pi)
    below.set_backward_msg(said)
    below.set_forward_msg(r)  # said was in it
    module.update()
    joint = all_paths(density, A, a)
    for n in range(N):
        gamma = sum_but(joint, n) / joint.sum()
        np.testing.assert_allclose(module.get_forward_msg()[n], gamma, rtol=1e-9)
        answer = rows_to_one(gamma / density[n] / pi)
        np.testing.assert_allclose(below.get_backward_msg()[n], answer, rtol=1e-9)
        back = answer * pi * density[n]  # the mixture's responsibilities with this message
        np.testing.assert_allclose(back / back.sum(), gamma, rtol=1e-9)


def sticky(N, seed):
    """Two overlapping groups whose class rarely changes from row to row."""
    rng = np.random.default_rng(seed)
    z = np.cumsum(rng.random(N) < 0.08) % 2
    return np.array([[0.0, 0.0], [1.5, 1.0]])[z] + rng.normal(size=(N, 2)), z


def alternate(X, directory, rounds, mode="learn", **params):
    """A mixture on the rows and a chain on the mixture, updated in turns."""
    gmm1 = GMMModule(2, mode=mode, directory=directory, random_state=0, **params)
    chain1 = MarkovModule(mode=mode, directory=directory)
    gmm1.connect(Observation(X))
    chain1.connect(gmm1)
    for _ in range(rounds):
        gmm1.update()
        chain1.update()
    return gmm1, chain1


def hmm_log_likelihood(X, A, a, mu, Sigma):
    """The forward recursion as plain as it can be."""
    b = densities(X, mu, Sigma)
    vector, log_p = a * b[0], 0.0
    for row in b[1:]:
        log_p, vector = log_p + np.log(vector.sum()), vector / vector.sum() @ A * row
    return log_p + np.log(vector.sum())


def in_turn(N, seed):
    """Four round clusters, visited in turn."""
    z = np.arange(N) % 4
    corners = 1.2 * np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
    return corners[z] + 0.18 * np.random.default_rng(seed).normal(size=(N, 2)), z


def log_likelihood_of_pair(X, chain1, model):
    """log p(X) of the hidden Markov model by a forward pass in logs."""
    a, A, b = chain1.initial, chain1.transitions, log_densities(X, model.means_, model.covariances_)
    return row_by_row(b, A, a, np.arange(len(X)) == 0)[1].sum()


def baum_welch(X, mu, Sigma, steps=60, smoothing=1e-6):
    """EM for the whole hidden Markov model: the log-likelihood and gamma where it ends."""
    N, K = len(X), len(mu)
    A, a = np.full((K, K), 1 / K), np.full(K, 1 / K)
    for _ in range(steps):
        b = log_densities(X, mu, Sigma)
        with np.errstate(divide="ignore"):
            log_A, log_a = np.log(A), np.log(a)
        f, g = np.empty((N, K)), np.zeros((N, K))
        f[0] = log_a + b[0]
        for n in range(1, N):
            f[n] = log_sum(f[n - 1][:, None] + log_A, axis=0) + b[n]
        for n in reversed(range(N - 1)):
            g[n] = log_sum(log_A + b[n + 1] + g[n + 1], axis=1)
        log_p = log_sum(f[-1])
        steps_of = f[:-1, :, None] + log_A + (b + g)[1:, None] - log_p  # (N - 1, K, K)
        r, A, a = np.exp(f + g - log_p), np.exp(steps_of).sum(axis=0), np.exp(f[0] + g[0] - log_p)
        A = A / A.sum(axis=1, keepdims=True)
        mu = r.T @ X / r.sum(axis=0)[:, None]
        deltas = [X - m for m in mu]
        Sigma = [(w[:, None] * d).T @ d / w.sum() for w, d in zip(r.T, deltas, strict=True)]
        Sigma = np.array(Sigma) + smoothing * np.diag(X.var(axis=0))
    return log_p, r


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("N", [100, 120])
@pytest.mark.parametrize("itr", [1, 100])
def test_the_pair_climbs_to_where_baum_and_welch_do_and_stays(tmp_path, N, seed, itr):
    X, z = in_turn(N, seed)
    gmm1 = GMMModule(4, itr=itr, category=z, directory=tmp_path, random_state=seed)
    chain1 = MarkovModule(directory=tmp_path)
    gmm1.connect(Observation(X))
    chain1.connect(gmm1)
    accuracies, heights = [], []
    for n in range(10):
        gmm1.update()
        if n == 0:
            start = gmm1.model.means_, gmm1.model.covariances_
        chain1.update()
        accuracies.append(float(read(gmm1, "acc_learn")))
        heights.append(log_likelihood_of_pair(X, chain1, gmm1.model))
        assert chain1.log_likelihood == pytest.approx(heights[-1], rel=1e-10)
    assert (np.diff(heights) > -1e-9).all()
    assert set(accuracies[1:]) == {1.0}
    best, r = baum_welch(X, *start)
    assert heights[-1] == pytest.approx(best, abs=1e-5)
    np.testing.assert_allclose(gmm1.get_forward_msg(), r, atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_one_step_of_the_mixture_at_a_time_never_lowers_the_likelihood(tmp_path, seed):
    X, _ = sticky(150, seed)
    gmm1 = GMMModule(3, itr=1, directory=tmp_path, random_state=seed, var_smoothing=0)
    chain1 = MarkovModule(itr=1, directory=tmp_path)
    gmm1.connect(Observation(X))
    chain1.connect(gmm1)
    heights = []
    for _ in range(25):
        gmm1.update()
        chain1.update()
        heights.append(chain1.log_likelihood)
    assert (np.diff(heights) > -1e-9).all()


def test_the_evidence_is_what_the_rows_say_whatever_came_from_above(tmp_path):
    X, _ = sticky(200, seed=0)
    gmm1, _ = alternate(X, tmp_path, rounds=2)
    gmm1.update()  # with the chain's message
    log_b, pi = gmm1.evidence()
    density = log_densities(X, gmm1.model.means_, gmm1.model.covariances_)
    np.testing.assert_allclose(log_b, density, rtol=1e-10, atol=1e-10)
    np.testing.assert_array_equal(pi, gmm1.model.weights_)
    gmm1.set_forward_msg(gmm1.get_forward_msg())  # a message alone, as from a module of one's own
    by_division, _ = gmm1.evidence(pi)
    largest = density.max(axis=1, keepdims=True)
    np.testing.assert_allclose(by_division, density - largest, rtol=1e-9, atol=1e-9)


def test_what_was_ruled_out_from_above_has_no_evidence():
    below = Observation([[0.5, 0.5], [0.5, 0.5]])
    below.set_backward_msg([[1.0, 0.0], [0.5, 0.5]])
    below.set_forward_msg([[0.5, 0.5], [0.0, 1.0]])  # made with that message, and against it
    np.testing.assert_array_equal(below.evidence()[0], [[0, -np.inf], [-np.inf, 0]])
    log_b, _ = Observation([[0.5, 0.5]]).evidence([1.0, 0.0])  # nor has a class of probability 0
    np.testing.assert_array_equal(log_b, [[0, -np.inf]])


def test_an_observation_says_the_same_however_often_it_is_answered(tmp_path):
    below = Observation(np.random.default_rng(0).dirichlet(np.ones(2), size=40))
    chain1 = MarkovModule(directory=tmp_path)
    chain1.connect(below)
    before = below.evidence()[0]
    chain1.update()
    assert below.get_backward_msg() is not None  # but it was not in the data
    np.testing.assert_array_equal(below.evidence()[0], before)


def test_probability_zero_is_taken_at_its_word_and_only_for_its_row(tmp_path):
    hard = np.eye(3)[[0, 1, 0, 1, 0, 1, 0]]  # no step from a class to itself, none of class 2
    chain1, below = MarkovModule(directory=tmp_path), Observation(hard)
    chain1.connect(below)
    chain1.update()
    np.testing.assert_array_equal(chain1.get_forward_msg(), hard)
    assert (chain1.transitions > 0).all() and (chain1.initial > 0).all()
    below.set_forward_msg(np.eye(3)[[2, 2, 1, 0, 0]])  # steps that were never seen
    chain1.update()
    np.testing.assert_array_equal(chain1.get_forward_msg(), below.get_forward_msg())
    X, c = groups(N=60, distance=3.0)
    gmm1 = GMMModule(3, directory=tmp_path, random_state=0)
    gmm1.connect(Observation(X))
    gmm1.set_backward_msg(np.where(np.arange(60)[:, None] < 30, np.eye(3)[c], 1.0))
    gmm1.update()
    np.testing.assert_array_equal(gmm1.get_forward_msg()[:30], np.eye(3)[c[:30]])


def test_steps_of_probability_zero_that_the_rows_need_are_told(tmp_path):
    np.savez(tmp_path / "model.npz", weights=[0.5, 0.5], transitions=np.eye(2), initial=[0.5, 0.5])
    chain1 = MarkovModule(directory=tmp_path, load_dir=tmp_path)
    chain1.connect(Observation([[1.0, 0.0], [0.0, 1.0]]))
    with pytest.raises(ValueError, match=r"row 1 allows no class .* has probability 0"):
        chain1.update()


def test_a_first_message_starts_anew_unless_it_keeps_the_numbers(tmp_path):
    X, _ = groups(N=200)
    _, gmm1 = learnt(tmp_path, X, 3)
    z, means = gmm1.get_forward_msg().argmax(axis=1), gmm1.model.means_
    known = np.where(np.arange(200)[:, None] < 50, np.eye(3)[z], 1.0)
    gmm1.set_backward_msg(known[:, [1, 2, 0]])
    gmm1.update()
    np.testing.assert_allclose(gmm1.model.means_, means[[1, 2, 0]], atol=1e-3)
    X = np.random.default_rng(0).normal(size=(200, 2))  # one step from a start is not the end
    for keeps_numbers in (False, True):
        once = GMMModule(3, itr=1, directory=tmp_path, random_state=0, n_init=1)
        above = Module("above")
        above.keeps_numbers = keeps_numbers
        once.connect(Observation(X))
        above.connect(once)
        once.update()
        mixture = once.model
        above.send_backward_msgs([np.ones((200, 3))])
        once.update()
        alone = mixture.m_step(mixture.e_step(X))
        assert np.allclose(once.model.means_, alone.means_, rtol=1e-9) == keeps_numbers


def test_a_message_by_hand_is_not_taken_for_that_of_the_last_module_above(tmp_path):
    X = np.random.default_rng(0).normal(size=(200, 2))  # one step from a start is not the end
    once = GMMModule(3, itr=1, directory=tmp_path, random_state=0, n_init=1)
    once.connect(Observation(X))
    above = Module("above")
    above.keeps_numbers = True
    above.connect(once)
    once.update()
    above.send_backward_msgs([np.ones((200, 3))])
    for message in (None, np.ones((200, 3))):  # the numbers of the second are its own
        once.set_backward_msg(message)
        mixture = once.model
        once.update()
    going_on = mixture.m_step(mixture.e_step(X))
    assert not np.allclose(once.model.means_, going_on.means_, rtol=1e-9)


def test_serkets_names_are_understood(tmp_path):
    obs = Observation(sticky(50, seed=0)[0], name="eye")
    gmm1 = GMMModule(2, name="gmm", directory=tmp_path, random_state=0)
    chain1 = MarkovModel(num_samp=20, name="mm", directory=tmp_path)
    gmm1.connect(obs)
    chain1.connect(gmm1)
    gmm1.update()
    chain1.update()
    names = ["module000_eye", "module001_gmm", "module002_mm"]
    assert [module.name for module in (obs, gmm1, chain1)] == names
    assert (MarkovModel, chain1.itr) == (MarkovModule, 20)
    new = GMMModule(2, directory=tmp_path, load_dir=gmm1.folder)
    above = MarkovModel(directory=tmp_path, load_dir=str(chain1.folder))
    new.connect(obs)
    above.connect(new)
    new.update()
    above.update()
    assert (new.mode, above.mode) == ("recog", "recog")
    np.testing.assert_array_equal(new.model.means_, gmm1.model.means_)
    np.testing.assert_array_equal(above.transitions, chain1.transitions)
    assert sorted(path.name for path in new.folder.iterdir())[:2] == [
        "Pdz_recog.txt",
        "class_recog.txt",
    ]
    with pytest.raises(FileNotFoundError, match=r"needs .*nowhere.model\.npz"):
        GMMModule(2, directory=tmp_path, load_dir=tmp_path / "nowhere").saved_model()


def test_a_mixture_and_a_chain_settle_at_the_optimum_of_a_hidden_markov_model(tmp_path):
    X, _ = sticky(200, seed=0)
    exact = {"var_smoothing": 0, "tol": 1e-12, "itr": 2000}
    gmm1, chain1 = alternate(X, tmp_path, rounds=50, **exact)
    A, a, model = chain1.transitions, chain1.initial, gmm1.model
    # The mixture's responsibilities are the chain's posterior, exactly.
    gmm1.update()
    np.testing.assert_allclose(gmm1.get_forward_msg(), chain1.get_forward_msg(), atol=1e-7)
    gamma = posterior(log_densities(X, model.means_, model.covariances_), A, a).gamma
    np.testing.assert_allclose(gmm1.get_forward_msg(), gamma, atol=1e-7)

    # No direction raises the likelihood of the hidden Markov model.
    def at(theta):
        p, q, mu = theta[0], theta[1], theta[2:6].reshape(2, 2)
        L = np.zeros((2, 2, 2))
        L[:, [0, 1, 1], [0, 0, 1]] = theta[6:].reshape(2, 3)
        B = np.array([[1 - p, p], [q, 1 - q]])
        return hmm_log_likelihood(X, B, a, mu, L @ L.transpose(0, 2, 1))

    L = np.linalg.cholesky(model.covariances_)[:, [0, 1, 1], [0, 0, 1]]
    best = np.concatenate([[A[0, 1], A[1, 0]], model.means_.ravel(), L.ravel()])
    slope = approx_fprime(best, at, 1e-7)
    elsewhere = approx_fprime(best * 1.05, at, 1e-7)
    assert np.abs(slope).max() < 0.02 < 1 < np.abs(elsewhere).max()

    # New rows, recognised by both: the exact posterior under what was learnt.
    fresh, _ = sticky(50, seed=1)
    Module.reset_count()
    again, _ = alternate(fresh, tmp_path, rounds=2, mode="recog")
    gamma = posterior(log_densities(fresh, model.means_, model.covariances_), A, a).gamma
    np.testing.assert_allclose(again.get_forward_msg(), gamma, atol=1e-6)


def test_on_few_rows_the_pair_equals_the_sum_over_all_paths(tmp_path):
    X = np.array([[0.0], [0.4], [2.1], [2.6], [1.2], [0.1], [-0.3], [2.2], [1.9]])
    gmm1, chain1 = alternate(X, tmp_path, 80, var_smoothing=0.05, tol=1e-13, itr=3000)
    gmm1.update()
    A, a, model = chain1.transitions, chain1.initial, gmm1.model
    joint = all_paths(densities(X, model.means_, model.covariances_), A, a)
    exact = [sum_but(joint, n) / joint.sum() for n in range(len(X))]
    np.testing.assert_allclose(gmm1.get_forward_msg(), exact, atol=1e-6)


def test_a_chain_above_helps_the_mixture_and_recognises_new_rows(tmp_path):
    X, z = sticky(600, seed=1)
    gmm1, chain1 = alternate(X[:400], tmp_path, rounds=10, category=z[:400])
    alone = GMM(2, tol=1e-5, random_state=0).fit(X[:400])
    assert read(gmm1, "acc_learn") > matching(alone.predict(X[:400]), z[:400], 2)[1] + 0.05
    Module.reset_count()
    new, again = alternate(X[400:], tmp_path, 2, category=z[400:], mode="recog")
    np.testing.assert_array_equal(again.transitions, chain1.transitions)
    assert read(new, "acc_recog") > matching(alone.predict(X[400:]), z[400:], 2)[1] + 0.05
    assert read(again, "Pdz_recog").shape == (200, 2)


# ---- Whole or not at all, and bad input ---------------------------------------------------------


def state(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("fails", ["savetxt", "rename"])
def test_a_folder_is_written_whole_or_not_at_all(tmp_path, monkeypatch, fails):
    X, c = groups()
    _, gmm1 = learnt(tmp_path, X, 3, category=c)
    (gmm1.folder / "notes.txt").write_text("mine")
    before, model, message = state(gmm1.folder), gmm1.model, gmm1.get_forward_msg()

    def full(*arguments, **keywords):
        raise OSError("no space left")

    def rename(self, target):
        return full() if self.name == "new" else os.rename(self, target)

    with monkeypatch.context() as patch:
        if fails == "savetxt":
            patch.setattr(np, "savetxt", full)
        else:
            patch.setattr(writing, "exchanged_in_one_step", lambda a, b: False)
            patch.setattr(Path, "rename", rename)
        with pytest.raises(OSError, match="no space"):
            gmm1.update()
    assert state(gmm1.folder) == before
    assert [path.name for path in tmp_path.iterdir()] == [gmm1.name]  # no litter
    assert gmm1.model is model and gmm1.get_forward_msg() is message
    gmm1.category = None
    gmm1.update()
    assert not (gmm1.folder / "acc_learn.txt").exists()  # of another run
    assert (gmm1.folder / "notes.txt").read_text() == "mine"


@pytest.mark.filterwarnings("ignore::numpy_ml_gmm.CollapseWarning")
def test_a_failed_update_changes_nothing(tmp_path):
    X, c = groups()
    _, gmm1 = learnt(tmp_path, X, 3, category=c)
    before, means = state(gmm1.folder), gmm1.model.means_
    gmm1.connect(Observation(np.vstack([X[:0], np.full((9, 2), np.nan)])))
    with pytest.raises(
        ValueError, match=r"what module001_gmm observes must be .*\n  column 0 holds NaN"
    ):
        gmm1.update()
    gmm1.connect(Observation(X[:9]))
    with pytest.raises(ValueError, match=r"category has shape \(300,\), expected \(9,\)"):
        gmm1.update()
    assert state(gmm1.folder) == before and gmm1.model.means_ is means


def test_calls_in_the_wrong_order_are_told(tmp_path):
    gmm1, upper = GMMModule(2, directory=tmp_path), GMMModule(2, directory=tmp_path)
    with pytest.raises(RuntimeError, match=r"module000_gmm is not connected: call .*connect"):
        gmm1.update()
    gmm1.connect(Observation(np.eye(4)))
    upper.connect(gmm1)
    with pytest.raises(RuntimeError, match="module000_gmm has no forward message yet: update it"):
        upper.update()
    with pytest.raises(RuntimeError, match="no forward message yet: update it first"):
        gmm1.evidence()
    for module in (GMMModule(2, directory=tmp_path, mode="recog"),):
        module.connect(Observation(np.eye(4)))
        with pytest.raises(FileNotFoundError, match=r"mode='recog' needs .*model.npz: learn first"):
            module.update()
    chain1 = MarkovModule(mode="recog", directory=tmp_path)
    chain1.connect(Observation([[0.5, 0.5]]))
    with pytest.raises(FileNotFoundError, match="learn first"):
        chain1.update()
    assert list(tmp_path.iterdir()) == []


def test_wrong_connections_are_told():
    one, two, three = GMMModule(2), GMMModule(2), GMMModule(2)
    two.connect(one)
    three.connect(two)
    with pytest.raises(ValueError, match=r"module000_gmm cannot connect to module002_gmm.*cycle"):
        one.connect(three)
    with pytest.raises(ValueError, match="cycle"):
        one.connect(one)
    with pytest.raises(TypeError, match=r"cannot connect to ndarray: wrap data in Observation"):
        one.connect(np.eye(2))
    with pytest.raises(ValueError, match="got no module"):
        one.connect()
    one.connect(Observation(np.eye(3)), Observation(np.eye(2)))
    with pytest.raises(ValueError, match=r"as many rows.*module003_obs': 3, 'module004_obs': 2"):
        one.update()


def test_wrong_messages_are_told(tmp_path):
    X, _ = groups(N=20)
    obs, gmm1 = learnt(tmp_path, X, 3)
    for shape in [(20, 2), (19, 3), (20,)]:
        with pytest.raises(ValueError, match=r"module001_gmm got a backward message of shape"):
            gmm1.set_backward_msg(np.ones(shape))
    with pytest.raises(ValueError, match="sends 2 messages to 1 modules"):
        gmm1.send_backward_msgs([X, X])
    for bad in (-np.ones((20, 3)), np.full((20, 3), np.nan), np.zeros((20, 3))):
        gmm1.set_backward_msg(bad)
        with pytest.raises(ValueError, match="send probabilities"):
            gmm1.update()
    fresh = GMMModule(3, directory=tmp_path)
    fresh.connect(obs)
    fresh.set_backward_msg(np.ones((20, 2)))
    with pytest.raises(ValueError, match=r"message of shape \(20, 2\), expected \(20, 3\)"):
        fresh.update()
    with pytest.raises(ValueError, match="has no rows"):
        obs.set_forward_msg([])
    chain1 = MarkovModule(directory=tmp_path)
    chain1.connect(gmm1, obs)
    with pytest.raises(ValueError, match="sits on 2 modules: connect it to one"):
        chain1.update()
    chain1.connect(obs)
    with pytest.raises(ValueError, match="module003_markov got a message with negative"):
        chain1.update()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"K": 0}, ValueError, "K=0 must be at least 1"),
        ({"K": 2.5}, TypeError, "K=2.5 must be a whole number"),
        ({"itr": 0}, ValueError, "itr=0"),
        ({"mode": "train"}, ValueError, "mode='train' is not known: choose 'learn' or 'recog'"),
        ({"name": "a/b"}, ValueError, "name='a/b'"),
        ({"category": [0.5, 1]}, ValueError, "category must hold whole numbers"),
        ({"category": [[0, 1]]}, ValueError, "category has shape"),
        ({"covariances": "diag"}, TypeError, "covariances"),
    ],
)
def test_wrong_arguments_are_told(arguments, error, message):
    with pytest.raises(error, match=message):
        GMMModule(**{"K": 2, **arguments})


def test_a_mode_changed_to_nonsense_and_a_model_of_other_size_are_told(tmp_path):
    X, _ = groups(N=50)
    _, gmm1 = learnt(tmp_path, X, 3)
    gmm1.mode = "train"
    with pytest.raises(ValueError, match="mode='train' is not known"):
        gmm1.update()
    Module.reset_count()
    with pytest.raises(ValueError, match=r"K=2, but .*model.npz has 3 classes"):
        learnt(tmp_path, X, 2, mode="recog")
    with pytest.raises(NotImplementedError, match="needs an update method"):
        Module("mine").update()


def test_messages_of_other_rows_are_forgotten(tmp_path):
    X, _ = groups(N=50)
    obs, gmm1 = learnt(tmp_path, X, 3)
    obs.set_forward_msg(X[:30])
    assert obs.get_backward_msg() is None
    gmm1.update()
    assert gmm1.get_forward_msg().shape == (30, 3)


def test_a_row_that_rules_out_all_that_it_was_told_has_no_evidence():
    below = Observation([[0.5, 0.5], [0.5, 0.5]])
    below.set_backward_msg([[0.0, 1.0], [0.5, 0.5]])
    below.set_forward_msg([[1.0, 0.0], [0.25, 0.75]])
    log_b, _ = below.evidence([0.5, 0.5])
    np.testing.assert_allclose(np.exp(log_b), [[1, 1], [1 / 3, 1]])
