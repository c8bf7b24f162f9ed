"""The climb as a user sees it: it never falls, steps start where they are told, fits end whole."""

import copy
import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from problems import NAMES, full_covariances, one_start, parameters, random_model
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

from numpy_ml_gmm import (
    GMM,
    BayesianGMM,
    bootstrap,
    load_iris,
    restarts,
    select,
    selection,
    textbook,
)
from numpy_ml_gmm.bootstrap import bootstrap_parameters
from numpy_ml_gmm.covariances import MODELS
from numpy_ml_gmm.em import climb, left_after_leaps

IRIS = load_iris().X
DATA = {
    "iris": IRIS,
    "wine": load_wine().data,
    "breast cancer": load_breast_cancer().data[:, :10],
    "diabetes": load_diabetes().data,
}
SMOOTHINGS = 0, 1e-6, 1e-4, 1e-2


def assert_never_falls(history, X):
    """No step loses more than the guard takes for rounding: 1.5e-9 nats a point."""
    assert (np.diff(history) >= -1.5e-9 * len(X)).all()


def assert_honest(model, X):
    """The likelihood that the model claims is that of its parameters, by plain arrays."""
    expected = textbook.log_likelihood(X, *parameters(model))
    assert model.log_likelihood_ == pytest.approx(expected, rel=1e-9, abs=1e-9)


# ---- The likelihood never falls ----------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::numpy_ml_gmm.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::numpy_ml_gmm.CollapseWarning")
@pytest.mark.parametrize("smoothing", SMOOTHINGS)
@pytest.mark.parametrize("data", DATA)
def test_the_likelihood_never_falls_in_a_fit_nor_in_its_restarts(data, smoothing):
    X, fitted = DATA[data], 0
    for letters in MODELS:
        model = GMM(3, covariance_type=letters, var_smoothing=smoothing, random_state=0)
        model.set_params(n_init=2, max_iter=25)
        try:
            model.fit(X)
        except ValueError as error:
            assert smoothing == 0 and "collapsed" in str(error)
            continue
        for history in model.history_:
            assert_never_falls(history, X)
        assert_honest(model, X)
        fitted += 1
    assert fitted >= 12


# ---- Leaps in the climb in view ----------------------------------------------------------------

rng = np.random.default_rng(0)
OVERLAPPING = np.vstack([rng.normal(size=(400, 2)), rng.normal(size=(400, 2)) + 1.2])
HOLES = np.where(rng.random(IRIS.shape) < 0.1, np.nan, IRIS)
WITH_LEAPS = {
    "noise": (GMM, OVERLAPPING, {"noise": True}),
    "a prior": (GMM, OVERLAPPING, {"conjugate_prior": "default"}),
    "held": (GMM, OVERLAPPING, {"fixed": {"weights": [0]}, "weights_init": [0.3, 0.4, 0.3]}),
    "missing": (GMM, HOLES, {}),
    "single precision": (GMM, OVERLAPPING.astype(np.float32), {}),
    "own frames": (GMM, rng.normal(size=(300, 64)) + np.repeat([[0], [1], [2]], 100, axis=0), {}),
    "bayes": (BayesianGMM, OVERLAPPING, {"max_iter": 300}),
} | {letters: (GMM, OVERLAPPING, {"covariance_type": letters}) for letters in MODELS}


@pytest.mark.filterwarnings("ignore::numpy_ml_gmm.ConvergenceWarning")
@pytest.mark.parametrize("case", WITH_LEAPS)
def test_leaps_never_lower_what_is_climbed_and_shorten_the_climb(case):
    kind, X, params = WITH_LEAPS[case]
    params = {"n_init": 1, "init_params": "kmeans", "random_state": 1, "max_iter": 4000} | params
    plain = kind(3, **params).fit(X)
    leaping = kind(3, accelerate=True, **params).fit(X)
    [history] = leaping.history_
    rounding = 1e-6 * np.abs(history[-1]) if X.dtype == np.float32 else 1e-9 * len(X)
    if case not in ("EVE", "VVE"):  # their inner iterations end a little short
        assert (np.diff(history) >= -rounding).all()
    assert history[-1] >= plain.history_[0][-1] - 1.5e-6 * len(X)
    if len(plain.history_[0]) > 300:
        assert len(history) < len(plain.history_[0]) / 2
    assert leaping.n_iter_ == len(history)


def test_leaps_give_way_to_what_somebody_sets_and_go_on():
    steps = GMM(
        2, accelerate=True, init_params="kmeans", n_init=1, max_iter=40, tol=0, random_state=0
    )
    heights = []
    for i, step in enumerate(steps.iterate(OVERLAPPING)):
        assert_honest(step, OVERLAPPING)
        heights.append(step.log_likelihood_)
        if i == 20:
            step.means_ = OVERLAPPING[:2]
    assert len(heights) == 40
    assert (np.diff(heights[:21]) >= -1e-6).all() and (np.diff(heights[21:]) >= -1e-6).all()


def test_a_climb_with_leaps_is_over_when_two_stretches_of_it_say_so():
    x = SimpleNamespace(objective=-10.0, dtype=np.dtype(float))
    geometric = [-10 - 0.5**i for i in range(1, 24)]
    assert left_after_leaps(geometric[:19], x) == np.inf  # too short to tell
    gained, before = -10 - geometric[-10], geometric[-10] - geometric[-20]
    assert left_after_leaps(geometric, x) == pytest.approx(gained / (1 - gained / before))
    level_then_rising = [*np.linspace(-20, -19.9, 30), -19, -17, -14]
    assert left_after_leaps(level_then_rising, x) > 1e5  # gains that grow have no end in sight


@pytest.fixture
def climbs(monkeypatch):
    """Every run that climbs side by side, with its cell, while a test lasts."""
    seen = []

    def recorded(family, data, cells, starts, **kwargs):
        runs = climb(family, data, cells, starts, **kwargs)
        seen.extend(zip(cells, runs, strict=True))
        return runs

    monkeypatch.setattr(restarts, "climb", recorded)
    monkeypatch.setattr(selection, "climb", recorded)
    return seen


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
@pytest.mark.parametrize("data", DATA)
def test_the_likelihood_never_falls_in_the_climbs_of_a_table(data, smoothing, climbs):
    X = DATA[data]
    select(X, [2, 4], var_smoothing=smoothing, max_iter=40)
    assert len({cell for cell, _ in climbs}) >= (28 if smoothing else 24)
    for _, run in climbs:  # those too that are refused as degenerate in the end
        assert_never_falls(run.history, X)
        if run.end:
            Sigma = run.end.covariances
            Sigma = np.array([np.diag(S) for S in Sigma]) if run.end.diagonal else Sigma
            expected = textbook.log_likelihood(X, run.end.weights, run.end.means, Sigma)
            assert run.log_likelihood == pytest.approx(expected, rel=1e-8, abs=1e-6)


def test_the_likelihood_never_falls_in_the_fits_of_the_bootstrap(monkeypatch):
    fitted, fits = [], bootstrap.fits

    def recorded(model, X, **kwargs):
        good = fits(model, X, **kwargs)
        fitted.append((model, X))
        return good

    monkeypatch.setattr(bootstrap, "fits", recorded)
    X, params = DATA["wine"][:, :4], dict(var_smoothing=1e-2, random_state=0, n_init=2)
    for name in ("full", "tied", "VEV"):
        model = GMM(3, covariance_type=name, **params).fit(X)
        for kind in ("parametric", "nonparametric"):
            bootstrap_parameters(model, X, kind=kind, n_bootstraps=3, random_state=0)
    assert len(fitted) == 3 * 2 * 3
    for model, drawn in fitted:
        for history in model.history_:
            assert_never_falls(history, drawn)


def few_and_many_rows():
    """Iris, and so many rows that starts are found on a sample of them."""
    return IRIS, random_model("full", K=3, D=2, seed=1, spread=1.0).sample(20_000)[0]


@pytest.mark.parametrize("max_iter", [0, 1, 2, 5, 9, 10, 11, 13])
def test_no_run_of_a_fit_takes_more_than_max_iter_steps(max_iter):
    for X, n_init, init in itertools.product(
        few_and_many_rows(), [1, 3, 10], ["k-means++", "hierarchical"]
    ):
        model = GMM(3, max_iter=max_iter, n_init=n_init, tol=0, random_state=0, init_params=init)
        model.fit(X)
        assert len(model.history_) == (n_init if init == "k-means++" else 1)
        assert max(map(len, model.history_)) <= max_iter
        kept = model.history_[model.best_restart_]
        assert len(kept) == model.n_iter_ == max_iter
        assert kept[-1:] == [model.log_likelihood_] * (max_iter > 0)
        assert_honest(model, X)
        assert not model.converged_


def test_where_all_is_reached_fewer_steps_are_taken_and_counted():
    for X in (IRIS, random_model("full", seed=1).sample(20_000)[0]):
        model = GMM(3, random_state=0).fit(X)
        assert model.converged_ and max(map(len, model.history_)) < 1000
        assert model.n_iter_ == len(model.history_[model.best_restart_])


# ---- A step starts from the parameters that are there ------------------------------------------


def two_steps_on(X, name="full", **params):
    """A model of three components, two steps on its way, and the steps to come."""
    params = dict(var_smoothing=0, tol=0, max_iter=5, n_init=1, random_state=0) | params
    model = GMM(3, covariance_type=name, **params)
    steps = model.iterate(X)
    next(steps), next(steps)
    return model, steps


def covariances_of(name, N, W):
    """What the M step makes of counts and scatters, for the types that need no search."""
    D = W.shape[1]
    own, all_ = W / N[:, None, None], W.sum(axis=0) / N.sum()
    return {
        "full": own,
        "tied": all_,
        "diag": np.array([np.diag(S) for S in own]),
        "spherical": np.array([np.trace(S) / D for S in own]),
        "tied_diag": np.diag(all_),
        "tied_spherical": np.trace(all_) / D,
    }[name]


def assert_next_step_is_that_of(theta, model, steps, X, rtol=1e-10):
    """The step that comes next is EM's, by plain arrays, from these parameters."""
    X = X.astype(float)
    r = textbook.e_step(X, *theta)
    pi, mu, Sigma = textbook.m_step(X, r)
    N = r.sum(axis=0)
    next(steps)
    np.testing.assert_allclose(model.weights_, pi, rtol=rtol)
    np.testing.assert_allclose(model.means_, mu, rtol=rtol)
    expected = covariances_of(model.covariance_type, N, N[:, None, None] * Sigma)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(model.covariances_, expected, rtol=rtol, atol=rtol * scale)
    reached = textbook.log_likelihood(X, *parameters(model))
    assert model.log_likelihood_ == pytest.approx(reached, rel=rtol)


def new_means(model):
    return IRIS[[3, 70, 120]]


SETTERS = {
    "means": lambda m: setattr(m, "means_", new_means(m)),
    "means as a list": lambda m: setattr(m, "means_", new_means(m).tolist()),
    "means as ints": lambda m: setattr(m, "means_", new_means(m).round().astype(int)),
    "means in single precision": lambda m: setattr(m, "means_", new_means(m).astype(np.float32)),
    "one mean in place": lambda m: m.means_.__setitem__(0, IRIS[3]),
    "one number in place": lambda m: m.means_.__setitem__((0, 1), 3.25),
    "means in another order": lambda m: setattr(m, "means_", m.means_[::-1]),
    "weights": lambda m: setattr(m, "weights_", np.array([0.1, 0.2, 0.7])),
    "weights as a list": lambda m: setattr(m, "weights_", [0.1, 0.2, 0.7]),
    "weights in place": lambda m: m.weights_.__setitem__(slice(None), [0.1, 0.2, 0.7]),
    "covariances": lambda m: setattr(m, "covariances_", 2 * m.covariances_),
    "covariances as a list": lambda m: setattr(m, "covariances_", (2 * m.covariances_).tolist()),
    "covariances in place": lambda m: np.multiply(m.covariances_, 2, out=m.covariances_),
    "everything": lambda m: vars(m).update(
        means_=new_means(m), weights_=[0.2, 0.2, 0.6], covariances_=np.array([np.eye(4)] * 3)
    ),
}


@pytest.mark.parametrize("dtype, rtol", [(np.float64, 1e-10), (np.float32, 1e-4)])
@pytest.mark.parametrize("setter", SETTERS)
def test_the_next_step_starts_from_what_was_set(setter, dtype, rtol):
    X = IRIS.astype(dtype)
    model, steps = two_steps_on(X)
    SETTERS[setter](model)
    theta = [np.array(a, float) for a in (model.weights_, model.means_, model.covariances_)]
    assert_next_step_is_that_of(theta, model, steps, X, rtol)
    assert model.means_.dtype == dtype and model.n_iter_ == 3
    theta = parameters(model)  # and after that the climb is EM's again
    assert_next_step_is_that_of([np.array(a, float) for a in theta], model, steps, X, rtol)


@pytest.mark.parametrize("name", NAMES)
def test_what_was_set_counts_with_every_covariance_type(name):
    model, steps = two_steps_on(IRIS, name)
    model.means_, model.weights_ = new_means(model), [0.1, 0.2, 0.7]
    model.covariances_ = 2 * model.covariances_
    theta = np.array(model.weights_), model.means_, full_covariances(model)
    assert_next_step_is_that_of(theta, model, steps, IRIS)


def test_means_that_are_held_stay_where_they_are_held():
    held = IRIS[[3, 70, 120]]
    theta = None
    for step in GMM(3, var_smoothing=0, tol=0, max_iter=6, random_state=0).iterate(IRIS):
        if theta is not None:
            for ours, theirs in zip(parameters(step), textbook.em_step(IRIS, *theta), strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=1e-9)
        step.means_ = held
        theta = step.weights_, held, step.covariances_


@pytest.mark.parametrize("letters", MODELS)
def test_who_sets_nothing_changes_nothing(letters):
    params = dict(covariance_type=letters, random_state=0, n_init=2, max_iter=12, tol=0)
    fitted, looked_at = GMM(3, **params).fit(IRIS), GMM(3, **params)
    for step in looked_at.iterate(IRIS):
        step.predict_proba(IRIS), step.bic(IRIS), step.theta, step.sample(3)
        step.means_, step.weights_ = step.means_.copy(), step.weights_  # the same bits
    for name in ("weights_", "means_", "covariances_", "history_", "best_restart_", "n_iter_"):
        a, b = getattr(fitted, name), getattr(looked_at, name)
        assert np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b
    assert fitted.log_likelihood_ == looked_at.log_likelihood_


@pytest.mark.parametrize(
    "name, value, message",
    [
        ("means_", np.full((3, 4), np.nan), r"means_\[0, 0\] is nan"),
        ("means_", IRIS[:3, :3], r"means_ has shape \(3, 3\), expected \(3, 4\)"),
        ("means_", IRIS[:2], r"means_ has shape \(2, 4\), expected \(3, 4\)"),
        ("means_", "a", "means_ holds <U1"),
        ("means_", None, "means_ "),
        ("means_", [[1.0, 2.0], [3.0]], "means_ has rows of different lengths"),
        ("means_", 1j * IRIS[:3], "means_ is complex"),
        ("weights_", [0.5, 0.6, 0.1], "weights = .* sum to 1"),
        ("weights_", [-0.5, 1.0, 0.5], "weights = .* at least 0"),
        ("weights_", [np.nan, 0.5, 0.5], "weights = "),
        ("weights_", [0.5, 0.5], r"weights has shape \(2,\), expected \(3,\)"),
        ("covariances_", -np.array([np.eye(4)] * 3), "covariances of component 0 is not symm"),
        ("covariances_", np.eye(4), r"covariances has shape \(4, 4\), expected \(3, 4, 4\)"),
        ("covariances_", [[1.0], [2.0, 3.0]], "covariances has rows of different lengths"),
    ],
)
def test_what_makes_no_mixture_is_named_when_the_next_step_meets_it(name, value, message):
    model, steps = two_steps_on(IRIS)
    setattr(model, name, value)
    with pytest.raises(ValueError, match=message):
        next(steps)


def test_means_in_another_shape_are_no_means_though_their_bits_are_the_same():
    model, steps = two_steps_on(IRIS)
    model.means_ = model.means_.ravel()
    with pytest.raises(ValueError, match=r"means_ has shape \(12,\)"):
        next(steps)


# ---- No steps at all: the start itself ---------------------------------------------------------


def starts():
    """Arguments of a fit, and how many starts are tried."""
    labels = np.repeat([0, 1, 2], 50)
    given = one_start(GMM(3, random_state=0, max_iter=1, tol=0).fit(IRIS))
    return [
        ({}, 20),
        ({"n_init": 3, "init_params": "kmeans"}, 3),
        ({"init_params": "random"}, 20),
        ({"init_params": "hierarchical"}, 1),
        ({"init_params": labels}, 1),
        ({"init_params": np.eye(3)[labels]}, 1),
        ({"init_params": lambda X, K, rng: rng.integers(K, size=len(X))}, 20),
        ({"means_init": IRIS[[3, 70, 120]]}, 1),
        ({"weights_init": [0.2, 0.3, 0.5]}, 20),
        (given, 1),
    ]


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("i", range(10))
def test_without_steps_a_fit_is_its_start(i, many):
    params, n = starts()[i]
    X = IRIS
    if many:  # more rows than a start looks at
        X = np.vstack([IRIS] * 40)
        if np.ndim(params.get("init_params", 0)) > 0:
            params = params | {"init_params": np.concatenate([params["init_params"]] * 40)}
    model = GMM(3, max_iter=0, random_state=0, **params).fit(X)
    assert list(GMM(3, max_iter=0, random_state=0, **params).iterate(X)) == []
    assert model.n_iter_ == 0 and not model.converged_
    assert model.history_ == [[]] * n
    assert model.log_likelihood_ == pytest.approx(model.log_likelihood(X), rel=1e-12)
    assert_honest(model, X)
    first = next(GMM(3, max_iter=1, tol=0, random_state=0, **params | {"n_init": 1}).iterate(X))
    if n == 1:  # the first step is EM's from there
        smoothed = GMM(3, **one_start(model)).iterate(X)
        for a, b in zip(parameters(next(smoothed)), parameters(first), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9)


def test_without_steps_given_parameters_come_back():
    given = random_model("full", K=3, D=4, seed=1)
    model = GMM(3, max_iter=0, **one_start(given)).fit(IRIS)
    for a, b in zip(parameters(model), parameters(given), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-15)


def test_without_steps_labels_are_each_classs_own_gaussian():
    z = np.repeat([0, 1, 2], 50)
    model = GMM(3, max_iter=0, init_params=z, var_smoothing=0).fit(IRIS)
    for ours, theirs in zip(parameters(model), textbook.m_step(IRIS, np.eye(3)[z]), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


# ---- A fit that fails leaves the model as it was -----------------------------------------------


def interrupted(X, K, rng):
    raise KeyboardInterrupt


def stops_at(call, error=KeyboardInterrupt):
    """A step of EM that is interrupted in the given call."""
    em_step, calls = GMM.em_step, itertools.count(1)

    def step(*args):
        if next(calls) == call:
            raise error
        return em_step(*args)

    return staticmethod(step)


def collapsing():
    """Data of which a component shrinks to five equal points after some steps."""
    x = np.r_[np.zeros(5), np.random.default_rng(0).normal(3, 1, 60)]
    return x[:, None], dict(init_params=(x > 0.7).astype(int), var_smoothing=0, tol=0)


FAILURES = {
    "collapse": lambda m, _: m.set_params(**collapsing()[1]).fit(collapsing()[0]),
    "nan": lambda m, _: m.fit(IRIS * np.nan),
    "constant": lambda m, _: m.fit(np.ones((50, 4))),
    "too few": lambda m, _: m.fit(IRIS[:1]),
    "weights": lambda m, _: m.fit(IRIS, sample_weight=-np.ones(150)),
    "priors": lambda m, _: m.fit(IRIS, priors=np.zeros((150, 2))),
    "an argument": lambda m, _: m.set_params(tol=-1).fit(IRIS),
    "labels": lambda m, _: m.set_params(init_params=np.zeros(150, int)).fit(IRIS),
    "interrupted start": lambda m, _: m.set_params(init_params=interrupted).fit(IRIS),
    "interrupted restarts": lambda m, patch: (
        patch.setattr(GMM, "em_step", stops_at(5)),
        m.fit(IRIS),
    ),
    "interrupted climb": lambda m, patch: (
        patch.setattr(GMM, "em_step", stops_at(2)),
        m.set_params(init_params="hierarchical").fit(IRIS),
    ),
}


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("failure", FAILURES)
def test_a_fit_that_fails_leaves_every_attribute_as_it_was(failure, earlier, monkeypatch):
    model = GMM(2, random_state=0)
    if earlier:
        model.fit(IRIS)
    model.note_ = "the user's own"
    arguments = set(model.get_params())
    before = {name: value for name, value in vars(model).items() if name not in arguments}
    deep = copy.deepcopy(before)
    with pytest.raises((ValueError, KeyboardInterrupt)):
        FAILURES[failure](model, monkeypatch)
    after = {name: value for name, value in vars(model).items() if name not in arguments}
    assert list(after) == list(before)
    assert all(after[name] is before[name] for name in before)
    assert repr(after) == repr(deep)  # nor in place


def test_a_warm_start_on_other_features_or_from_no_mixture_says_so_and_leaves_no_trace():
    model = GMM(2, random_state=0, warm_start=True).fit(IRIS)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=r"means_ has shape \(2, 4\), expected \(2, 3\)"):
        model.fit(IRIS[:, :3])
    assert all(vars(model)[name] is before[name] for name in before)
    model.weights_ = [0.5, 0.6]
    with pytest.raises(ValueError, match=r"weights = .* sum to 1"):
        model.fit(IRIS)


def test_an_attribute_that_the_user_added_outlives_a_fit():
    model = GMM(2, random_state=0).fit(IRIS)
    model.note_ = "the user's own"
    model.fit(IRIS[:100])
    assert model.note_ == "the user's own" and model.n_features_in_ == 4


def test_steps_that_fail_leave_the_last_that_went_well(monkeypatch):
    model = GMM(2, random_state=0, init_params="hierarchical", tol=0)
    monkeypatch.setattr(GMM, "em_step", stops_at(3, ValueError("enough")))
    steps = model.iterate(IRIS)
    next(steps), next(steps)
    second = copy.deepcopy(vars(model))
    with pytest.raises(ValueError, match="enough"):
        next(steps)
    assert repr(vars(model)) == repr(second) and model.n_iter_ == 2
    assert_honest(model, IRIS)


def test_a_component_that_collapses_on_the_way_leaves_the_step_before():
    X, params = collapsing()
    model = GMM(2, **params)
    steps, states = model.iterate(X), []
    with pytest.raises(ValueError, match="component 0 has collapsed"):
        for step in steps:
            states.append(copy.deepcopy(vars(step)))
    assert len(states) >= 2 and repr(vars(model)) == repr(states[-1])


# ---- A class of one's own ----------------------------------------------------------------------


def test_a_subclass_with_its_own_e_step_is_asked_in_every_step_and_restart():
    calls = []

    class Counting(GMM):
        @staticmethod
        def e_step_of_block(natural, block):
            calls.append(natural.shape)
            return GMM.e_step_of_block(natural, block)

    plain = dict(init_params="hierarchical", max_iter=7, tol=0, var_smoothing=0)
    model = Counting(3, **plain).fit(IRIS)
    assert calls == [(3,)] * 8  # at the start, and after each step
    for a, b in zip(model.theta, GMM(3, **plain).fit(IRIS).theta, strict=True):
        assert (a == b).all()
    calls.clear()
    Counting(3, n_init=4, random_state=0).fit(IRIS)
    assert calls.count((4, 3)) >= 10 and (3,) in calls  # the short runs, four side by side


class Hard(GMM):
    """EM with the most probable component in the place of probabilities (classification EM)."""

    @staticmethod
    def e_step_of_block(natural, block):
        joint = natural.log_joint(block)
        top = joint.max(axis=-2, keepdims=True)
        r = (joint == top).astype(float).reshape(-1, joint.shape[-1])
        return r @ natural.features(block).T, top[..., 0, :]


@pytest.mark.parametrize("n_init", [1, 5])
def test_an_e_step_of_ones_own_decides_what_a_fit_finds(n_init):
    model = Hard(3, random_state=0, n_init=n_init, var_smoothing=0, tol=1e-12).fit(IRIS)
    z = model.predict(IRIS)
    for ours, theirs in zip(parameters(model), textbook.m_step(IRIS, np.eye(3)[z]), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)
    assert model.log_likelihood_ == pytest.approx(model.complete_log_likelihood(IRIS, z))
    assert all((np.diff(history) >= -1e-7).all() for history in model.history_)


# ---- Single precision --------------------------------------------------------------------------


@pytest.mark.parametrize("letters", MODELS)
def test_in_single_precision_the_likelihood_is_that_of_the_rounded_parameters(letters):
    for X in (IRIS, *few_and_many_rows()[1:]):
        X = X.astype(np.float32)
        model = GMM(3, covariance_type=letters, random_state=0, n_init=2, max_iter=30, tol=0).fit(X)
        assert model.log_likelihood_ == pytest.approx(model.log_likelihood(X), rel=1e-5)
        theta = [a.astype(float) for a in parameters(model)]
        expected = textbook.log_likelihood(X.astype(float), *theta)
        assert model.log_likelihood_ == pytest.approx(expected, rel=1e-5)
