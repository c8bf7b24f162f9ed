"""Cases about mixtures: fits, single steps, known mixtures, wrong arguments, tables of models."""

import re
import warnings
from contextlib import contextmanager

import numpy as np

from numpy_ml_gmm import GMM, blocks, select

from .data import (
    LETTERS,
    NAMES,
    copied,
    draw_priors,
    draw_sample,
    draw_weights,
)
from .oracle import EPS, SINGLE, Mixture, Undecided, broken_constraint, em_step, moments
from .refusals import Failure, Refused, explain

STARTS = "mixed", "kmeans", "k-means++", "random", "random_from_data", "hierarchical"
OURS = {"ConvergenceWarning", "CollapseWarning", "DataWarning"}  # the first may be scikit-learn's


def claim(true, what):
    """A Failure unless it is true."""
    if not true:
        raise Failure(what)


@contextmanager
def only_our_warnings():
    """No other warning may leave the package."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in caught:
        if warning.category.__name__ not in OURS:
            place = f"{warning.filename.rpartition('/')[2]}:{warning.lineno}"
            raise Failure(f"{warning.category.__name__} leaks: {warning.message} ({place})")


@contextmanager
def unmodified(**arguments):
    """No argument may be changed."""
    before = {name: copied(value) for name, value in arguments.items()}
    yield
    for name, value in arguments.items():
        claim(copied(value) == before[name], f"{name} was modified")


@contextmanager
def small_blocks(rng):
    """Now and then rows are cut into many blocks, as if there were a million."""
    kept = blocks.ROWS_PER_BLOCK
    blocks.ROWS_PER_BLOCK = 8 if rng.random() < 0.1 else kept
    try:
        yield
    finally:
        blocks.ROWS_PER_BLOCK = kept


def draw_type(rng):
    """A covariance type and its letters."""
    name = str(rng.choice([*LETTERS, *NAMES]))
    return name, NAMES.get(name, name)


def draw_components(rng, n):
    """K, seldom as large as the number of rows."""
    return int(rng.integers(1, max(2, min(6, n // 3 + 2))) if rng.random() < 0.96 else min(n, 40))


def full(model):
    """Every component's covariance as a matrix, float64."""
    each = np.array(model.theta.covariances, float)
    return each[:, :, None] * np.eye(each.shape[1]) if each.ndim == 2 else each


def theta_of(model):
    """Weights, means and covariance matrices, float64."""
    return model.weights_.astype(float), model.means_.astype(float), full(model)


def smoothing_of(sample, w, portion):
    """What the package says that it adds to each variance."""
    X, total = sample.values, w.sum()
    c = X[w.argmax()]
    mean = w @ (X - c) / total
    return portion * (w @ (X - c - mean) ** 2) / total


def eps_of(sample):
    return SINGLE if sample.single else EPS


def worst_error(mixture, single=False):
    """How far each row's log joint may be off where it matters, (N,)."""
    return mixture.error(single, reach=60)


# ---- A whole fit -----------------------------------------------------------------------------


def fit(rng, folder):
    """Fit, and look at all that it promises."""
    sample = draw_sample(rng)
    N = len(sample.values)
    name, letters = draw_type(rng)
    K = max(draw_components(rng, N), 1)
    w = draw_weights(rng, N)
    priors, P = draw_priors(rng, N, K)
    params = dict(
        covariance_type=name,
        init_params=str(rng.choice(STARTS, p=[0.1, 0.2, 0.2, 0.15, 0.2, 0.15])),
        n_init=int(rng.integers(1, 4)),
        tol=float(rng.choice([0, 1e-3, 1e-5, 1e-7])),
        max_iter=int(rng.choice([0, 1, 5, 40, 100])),
        var_smoothing=float(rng.choice([0, 1e-6, 1e-3], p=[0.2, 0.6, 0.2])),
        random_state=int(rng.integers(100)),
    )
    counts = np.ones(N) if w is None else w
    sample.benign &= K <= N / 5 and w is None and priors is None
    model = GMM(K, **params)
    before = dict(vars(model))
    with small_blocks(rng), only_our_warnings(), unmodified(X=sample.X, w=w, priors=priors):
        try:
            model.fit(sample.X, sample_weight=w, priors=priors)
        except Exception as error:
            claim(vars(model) == before, "a fit that failed changed the model")
            explain(error, sample, K, counts, params["var_smoothing"], letters)
        if rng.random() < 0.15:
            again = GMM(K, n_jobs=2, **params).fit(sample.X, sample_weight=w, priors=priors)
            same = all(
                np.array_equal(getattr(again, a), getattr(model, a))
                for a in ("weights_", "means_", "covariances_", "log_likelihood_")
            )
            claim(same, "two threads give other bits than one")
    check_fit(model, sample, counts, P, letters)
    with only_our_warnings():
        check_use(model, sample, counts, priors, P)


def check_fit(model, sample, w, P, letters):
    """The constraint, the likelihood, the history, and that no step of EM leads on."""
    X, eps, total = sample.values, eps_of(sample), w.sum()
    pi, mu, Sigma = theta_of(model)
    claim(
        np.isfinite(pi).all() and np.isfinite(mu).all() and np.isfinite(Sigma).all(), "not finite"
    )
    claim((pi >= 0).all() and abs(pi.sum() - 1) < 10 * eps * len(pi), "weights do not sum to 1")
    if not sample.single:
        broken = broken_constraint(letters, Sigma)
        claim(not broken, f"{letters}: {broken}")
    here = Mixture(X, pi, mu, Sigma, P)
    if not here.near.all():
        return
    value, error = w @ here.log_p, w @ here.error(sample.single)
    fall = np.sqrt(eps) / 10 * total + 4 * total * here.moved(eps) ** 2
    if sample.single:
        fall += error  # a table's best rows climb on from what was stored
    for history in model.history_:
        noise = 100 * eps * np.abs(history).max(initial=0)
        drop = -np.diff(history).min(initial=0)
        claim(drop <= fall + noise, f"the likelihood falls by {drop / total:.3g} nats a point")
    claim(len(model.history_[model.best_restart_]) == model.n_iter_, "n_iter_ is not the history's")
    off = abs(model.log_likelihood_ - value)
    claim(
        off <= error,
        f"log_likelihood_ is off by {off / total:.3g} nats a point, kappa {here.kappa:.2g}",
    )
    check_stationary(model, sample, w, P, letters, here, error)


def check_stationary(model, sample, w, P, letters, here, error):
    """At convergence a step of EM gains next to nothing.

    But not where a component has shrunk to a point: the package warns of it.  There gains come in
    jumps, and scatters that are nothing beside their covariance leave the axes of EEV to rounding.
    """
    if (here.r.T @ w).min() < 2 * w.sum() / np.count_nonzero(w):
        return
    if not (model.converged_ and model.max_iter > 0) or here.kappa > 1e10:
        return
    with np.errstate(all="ignore"):
        try:
            smoothing = smoothing_of(sample, w, model.var_smoothing)
            theta = em_step(sample.values, w, here.r, letters, smoothing)
        except np.linalg.LinAlgError:
            return
        if theta is None or not all(np.isfinite(a).all() for a in theta):
            return
        if max(map(np.linalg.cond, theta[2])) > 1e12:
            return
        there = Mixture(sample.values, *theta, P)
    gain = (w @ there.log_p - w @ here.log_p) / w.sum()
    allowed = 20 * model.tol + (error + w @ there.error(sample.single)) / w.sum()
    claim(gain <= allowed, f"converged, but a step gains {gain:.3g} nats a point ({letters})")


def check_use(model, sample, w, priors, P):
    """What a fitted or known mixture says of points."""
    X, eps = sample.values, eps_of(sample)
    mixture = Mixture(X, *theta_of(model), P)
    near, error = mixture.near, mixture.error(sample.single)
    log_p = model.score_samples(sample.X, priors=priors)
    off = np.abs(log_p - mixture.log_p) - error
    claim(
        not (off[near] > 0).any(),
        f"log p(x) is off by {off[near].max(initial=0):.3g}, kappa {mixture.kappa:.2g}",
    )
    r = model.predict_proba(sample.X, priors=priors)
    wrong = np.abs(r - mixture.r).max(axis=1) > 4 * worst_error(mixture, sample.single)
    claim(not wrong[near].any(), f"responsibilities differ, kappa {mixture.kappa:.2g}")
    claim(np.allclose(r.sum(axis=1), 1, atol=20 * eps), "responsibilities do not sum to 1")
    z = model.predict(sample.X, priors=priors)
    best = np.sort(mixture.joint, axis=1)
    clear = near if r.shape[1] == 1 else near & (best[:, -1] - best[:, -2] > 0.1)
    clear &= worst_error(mixture, sample.single) < 0.01
    claim((z == mixture.joint.argmax(axis=1))[clear].all(), "predict is not the most probable")


# ---- Single steps ----------------------------------------------------------------------------


def steps(rng, folder):
    """Each step of ``iterate`` against a step of an EM of twenty lines."""
    sample = draw_sample(rng, container=str(rng.choice(["plain", "plain", "float32", "F"])))
    N = len(sample.values)
    name, letters = draw_type(rng)
    K = max(draw_components(rng, N), 1)
    w = draw_weights(rng, N)
    priors, P = draw_priors(rng, N, K)
    counts = np.ones(N) if w is None else w
    start = rng.integers(K, size=N) if rng.random() < 0.5 else rng.dirichlet(np.ones(K), size=N)
    portion = float(rng.choice([0, 1e-6, 1e-2]))
    sample.benign = False  # a random partition may leave a component without points
    model = GMM(K, covariance_type=name, init_params=start, var_smoothing=portion, tol=0)
    model.set_params(max_iter=int(rng.integers(1, 6)), random_state=0)
    with small_blocks(rng), only_our_warnings(), unmodified(X=sample.X, start=start):
        try:
            last = None
            for step in model.iterate(sample.X, sample_weight=w, priors=priors):
                theta = theta_of(step)
                if last is not None:
                    check_step(last, theta, sample, counts, P, letters, portion)
                last = theta
            if last is None:
                return
        except (Failure, Undecided):
            raise
        except Exception as error:
            explain(error, sample, K, counts, portion, letters)
    check_fit(model, sample, counts, P, letters)


def check_step(last, theta, sample, w, P, letters, portion):
    """From one theta to the next, within what conditions allow."""
    here = Mixture(sample.values, *last, P)
    if not here.near.all() or here.kappa > 1e11:
        return
    with np.errstate(all="ignore"):
        try:
            own = em_step(sample.values, w, here.r, letters, smoothing_of(sample, w, portion))
        except np.linalg.LinAlgError:
            return
    if own is None or not all(np.isfinite(a).all() for a in own):
        return
    eps = eps_of(sample)
    error = 10 * worst_error(here, sample.single).max()
    N_k = here.r.T @ w
    if error > 0.1 or N_k.min() < 1e-6 * w.sum() or max(map(np.linalg.cond, own[2])) > 1e14:
        return
    portion_k = error * w.sum() / N_k  # a relative error of each component's sums
    off = np.abs(theta[0] - own[0]) / own[0]
    claim((off <= portion_k + 1e-9).all(), f"a step's weights are off by {off.max():.3g}")
    sd, whole = np.sqrt(np.einsum("kdd->kd", own[2])), np.ptp(sample.values, axis=0)
    far = 1 + (whole / sd).max(axis=1)  # what a wrong responsibility moves
    rounding = 4 * eps * np.abs(own[1]) / sd
    off = np.abs(theta[1] - own[1]) / sd
    limit = (portion_k * far)[:, None] + rounding
    claim((off <= limit).all(), f"a step's means are off by {(off / limit).max():.3g} limits")
    kept = np.allclose(theta[2], last[2], rtol=1e-6, atol=0)  # the guard against a fall
    off = np.abs(theta[2] - own[2]) / (sd[:, :, None] * sd[:, None, :])
    limit = (portion_k * far**2)[:, None, None] + 1e3 * eps * max(map(np.linalg.cond, own[2]))
    # The shape of a scatter far smaller than its covariance has no digits, nor any effect.
    scatter = moments(sample.values, here.r * w[:, None])[2]
    least = (np.einsum("kdd->kd", scatter) / N_k[:, None] / sd**2).min()
    loose = letters in ("VEI", "VEE", "VEV") or (letters[0] == "E" and least < 1e-6)
    claim(
        kept or loose or (off <= limit).all(),
        f"{letters}: a step's covariances are off by {(off / limit).max():.3g} limits",
    )


# ---- Known mixtures --------------------------------------------------------------------------


def known(rng, folder):
    """A mixture with given parameters, often ill-conditioned, on points near and far."""
    N, D, K = int(rng.integers(1, 30)), int(rng.integers(1, 5)), int(rng.integers(1, 5))
    unit = 10.0 ** rng.integers(-150, 140, size=D) if rng.random() < 0.3 else np.ones(D)
    lengths = 10.0 ** rng.uniform(-rng.choice([0.5, 3, 6]), 0, size=(K, D))
    axes = np.linalg.qr(rng.normal(size=(K, D, D)))[0]
    root = axes * lengths[:, None, :]
    Sigma = (root @ np.swapaxes(root, 1, 2)) * np.outer(unit, unit)
    Sigma = (Sigma + np.swapaxes(Sigma, 1, 2)) / 2
    mu = (rng.normal(size=(K, D)) * 10.0 ** rng.integers(-1, 3) * unit).astype(float)
    offset = unit * 10.0 ** rng.integers(0, 14) if rng.random() < 0.2 else 0 * unit
    z = rng.integers(K, size=N)
    X = mu[z] + np.einsum("nij,nj->ni", root[z], rng.normal(size=(N, D))) * unit
    X[rng.random(N) < 0.1] *= 10.0 ** rng.integers(0, 8)
    X, mu = X + offset, mu + offset
    pi = rng.dirichlet(np.full(K, rng.choice([0.1, 1, 5])))
    priors, P = draw_priors(rng, N, K)
    name = "full"
    if rng.random() < 0.3:
        name, Sigma = "diag", Sigma * np.eye(D)
    given = np.einsum("kdd->kd", Sigma) if name == "diag" else Sigma
    with only_our_warnings(), unmodified(X=X, pi=pi, mu=mu, Sigma=given):
        try:
            model = GMM.from_parameters(pi, mu, given, covariance_type=name)
            sums = model.e_step(X, priors=priors)
        except ValueError as error:
            text = str(error)
            mixture = Mixture(X, pi, mu, Sigma)
            claim(
                ("not symmetric positive definite" in text and mixture.kappa > 1e7)
                or ("collapsed" in text and (mixture.kappa > 1e7 or offset.any()))
                or "whole mixture is singular" in text
                or ("table of finite numbers" in text and np.abs(X).max() > 1e150)
                or ("allows only components of weight 0" in text and pi.min() == 0),
                f"a known mixture is refused: {text[:150]}",
            )
            raise Refused(text[:30]) from None
        sample = type("Points", (), dict(X=X, values=X, single=False))
        check_use(model, sample, np.ones(N), priors, P)
        check_bound(rng, model, X, P, priors, sums)


def check_bound(rng, model, X, P, priors, sums):
    """The lower bound: Q + H <= log p(X), and what it lacks is the divergence."""
    mixture = Mixture(X, *theta_of(model), P)
    if not mixture.near.all():
        return
    error = mixture.error().sum() + worst_error(mixture).sum()
    value = mixture.log_p.sum()
    claim(abs(sums.log_likelihood - value) <= error, "e_step's log-likelihood")
    claim(abs(model.log_likelihood(X, priors=priors) - value) <= error, "log_likelihood")
    claim(np.allclose(sums.counts, mixture.r.sum(axis=0), atol=error), "e_step's counts")
    q = rng.dirichlet(np.ones(len(model.weights_)), size=len(X))
    if P is not None:
        q = q * (P > 0) + 1e-300 * (P > 0)
        q /= q.sum(axis=1, keepdims=True)
    if (model.weights_ < 1e-300).any() or not np.isfinite(mixture.joint[q > 0]).all():
        return
    size = (q * np.abs(np.where(q > 0, mixture.joint, 0))).sum()
    noise = error + 1e-9 * size + 100 * EPS * mixture.kappa * (q * mixture.quad).sum()
    lack = model.kl(X, q, priors=priors)
    claim(lack >= -noise, f"a divergence of {lack:.3g}")
    bound = model.elbo(X, q, priors=priors)
    claim(abs(bound + lack - value) <= noise, f"elbo + kl is off by {bound + lack - value:.3g}")


# ---- Wrong arguments ---------------------------------------------------------------------------

HOSTILE = [
    *(None, True, -1, 0, 1, 2.0, 2.5, 10**30, -(10**30), np.nan, np.inf, 1e308, 1e-320, 5e-324),
    *("", "full", "a\x00b", "\ud800", b"x", [], {}, (), object(), [[]], [[1, 2], [3]], 1j),
    *(np.int8(2), np.float32(2), np.array(2), np.array([2]), np.zeros(0), np.zeros((0, 2))),
    *(np.full((9, 3), np.nan), np.array(["a"]), np.datetime64("2020"), np.ma.masked, int, slice(2)),
    *(lambda *a: None, lambda *a: 1 / 0, range(3), float("-inf"), np.ones((4, 4)) * 1j),
]
ARGUMENTS = (
    *("n_components", "covariance_type", "tol", "max_iter", "n_init", "init_params"),
    *("weights_init", "means_init", "covariances_init", "var_smoothing", "random_state"),
    *("warm_start", "n_jobs"),
)
CALLS = "X", "sample_weight", "priors", "predict", "sample", "q", "z", "weights", "means", "covs"


def arguments(rng, folder):
    """One argument is nonsense: an error that names it, or it makes sense after all."""
    X = rng.normal(size=(9, 2))
    bad = HOSTILE[rng.integers(len(HOSTILE))]
    name = str(rng.choice(ARGUMENTS + CALLS))
    if name in ("n_jobs", "n_init") and isinstance(bad, int) and abs(bad) > 100:
        bad = 0  # so many would be started
    settings = dict(max_iter=5, n_init=2, random_state=0)
    eye = np.array([np.eye(2)] * 2)
    two = GMM.from_parameters([0.5, 0.5], [[0.0, 0.0], [1.0, 1.0]], eye)
    call = {
        "X": lambda: GMM(2, **settings).fit(bad),
        "sample_weight": lambda: GMM(2, **settings).fit(X, sample_weight=bad),
        "priors": lambda: GMM(2, **settings).fit(X, priors=bad),
        "predict": lambda: two.predict(bad),
        "sample": lambda: two.sample(bad) if not isinstance(bad, int) or bad < 10**9 else bad,
        "q": lambda: two.q_function(X, bad),
        "z": lambda: two.complete_log_likelihood(X, bad),
        "weights": lambda: GMM.from_parameters(bad, [[0.0, 0.0], [1.0, 1.0]], eye),
        "means": lambda: GMM.from_parameters([0.5, 0.5], bad, eye),
        "covs": lambda: GMM.from_parameters([0.5, 0.5], [[0.0, 0.0], [1.0, 1.0]], bad),
    }.get(name, lambda: GMM(**{"n_components": 2, **settings, name: bad}).fit(X))
    names = {"predict": "X", "sample": "n_samples", "q": "r", "covs": "covariances"}
    try:
        with only_our_warnings():
            call()
    except (ValueError, TypeError) as error:
        text, wanted = str(error), names.get(name, name)
        also = {"n_components": "n_samples", "means": "weights"}.get(name, wanted)
        named = wanted in text or also in text or (name == "X" and re.match("columns? \\d", text))
        own = name == "init_params" and callable(bad)  # a function's own error goes through
        claim(named or own, f"{name}: the error does not name it: {text[:150]}")
        raise Refused(name) from None
    except ZeroDivisionError:
        raise Refused("a function's own error") from None


# ---- A table of models -------------------------------------------------------------------------


def table(rng, folder):
    """``select``: each row is a right fit, or says why there is none."""
    sample = draw_sample(rng)
    N = len(sample.values)
    Ks = [int(k) for k in rng.integers(1, 5, size=rng.integers(1, 4))]
    types = [str(t) for t in rng.choice(LETTERS, size=rng.integers(1, 4))]
    sample.benign = False  # a cell that collapses has no fit
    inits = tuple(str(i) for i in rng.choice(STARTS, size=rng.integers(1, 3)))
    portion = float(rng.choice([0, 1e-6]))
    w = draw_weights(rng, N)
    counts = np.ones(N) if w is None else w
    known = rng.integers(-1, min(Ks), size=N) if rng.random() < 0.15 else None
    with only_our_warnings(), unmodified(X=sample.X, w=w):
        try:
            found = select(
                sample.X,
                Ks,
                types,
                sample_weight=w,
                priors=known,
                init_params=inits,
                var_smoothing=portion,
                max_iter=int(rng.choice([1, 20, 100])),
            )
        except Exception as error:
            explain(error, sample, max(Ks), counts, portion, "".join(types)[:3])
    claim(len(found.rows) == len(set(Ks)) * len(set(types)), "rows are missing")
    for row in found.rows:
        claim((row.model is None) == (row.error is not None), "neither a fit nor an error")
        if row.model is None:
            claim("boolean index" not in row.error and "broadcast" not in row.error, row.error)
            continue
        priors = None
        if known is not None:
            seen = np.eye(row.n_components)[np.maximum(known, 0)]
            priors = np.where((known == -1)[:, None], 1.0, seen)
        check_fit(row.model, sample, counts, priors, row.covariance_type)
        d, n = row.n_parameters, counts.sum()
        value = -2 * row.log_likelihood + d * np.log(n)
        claim(abs(value - row.bic) <= 10 * eps_of(sample) * (100 + abs(value)), "bic")
    bics = [row.bic for row in found.rows if not row.error]
    claim(found.best is not None and min(bics) == found.top(1)[0].bic, "best is not the best")
