"""The runs that the EM stepper shows: real fits of the real class, half a step at a time.

A frame is taken at the start, after every E step and after every M step.  An E
step changes the responsibilities, and an M step the parameters.  What the page
prints is what is written here.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import log_softmax, xlogy

from numpy_ml_gmm import GMM, BayesianGMM, load_old_faithful


class Run(NamedTuple):
    """A named start, and how far to follow it; with a ``prior`` it is a variational one."""

    key: str
    title: str
    text: str
    X: np.ndarray  # (N, D)
    start: tuple  # weights (K,), means (K, D), covariances (K, D, D)
    n_steps: int
    prior: dict | None = None  # arguments of BayesianGMM


def frames(run):
    """The frames of a run, ready for JSON."""
    return variational_frames(run) if run.prior else plain_frames(run)


def plain_frames(run):
    """Frames of EM."""
    model = GMM.from_parameters(*run.start, var_smoothing=0)
    r = np.tile(model.weights_, (len(run.X), 1))  # before the first E step: only the weights
    yield frame("start", 0, model, run.X, r)
    statistics = model.e_step(run.X)
    for step in range(1, run.n_steps + 1):
        r = model.predict_proba(run.X)
        yield frame("E", step, model, run.X, r)
        model.m_step(statistics)
        statistics = model.e_step(run.X)  # fails if a component has collapsed
        yield frame("M", step, model, run.X, r)


def variational_frames(run):
    """Frames of variational EM: in place of the log-likelihood stands the best bound."""
    r = np.tile(run.start[0], (len(run.X), 1))
    for step, model in enumerate(variational_models(run)):
        yield frame("M" if step else "start", step, model, run.X, r)
        if step < run.n_steps:
            r = model.predict_proba(run.X)
            yield frame("E", step + 1, model, run.X, r)


def variational_models(run):
    """The model at its start, and after every step."""
    r = GMM.from_parameters(*run.start).predict_proba(run.X)
    settings = {"init_params": r, "tol": 0, "var_smoothing": 0, **run.prior}
    yield BayesianGMM(len(run.start[0]), max_iter=0, **settings).fit(run.X)
    yield from BayesianGMM(len(run.start[0]), max_iter=run.n_steps, **settings).iterate(run.X)


def divergence(r, joint):
    """Of responsibilities r from the posterior, which may be too small for numbers."""
    return (xlogy(r, r) - r * log_softmax(joint, axis=1)).sum()


def collect(run):
    """The frames of a run up to its end, or up to the collapse of a component."""
    found, error = [], ""
    try:
        for one in frames(run):
            found.append(one)
    except ValueError as collapse:
        error = str(collapse)
    return {
        "key": run.key,
        "title": run.title,
        "text": run.text,
        "height": "best lower bound" if run.prior else "log-likelihood",
        "X": rounded(run.X, 4),
        "frames": found,
        "error": error,
        "best": best(run),
    }


def best(run):
    """The log-likelihood, or bound, of a default fit: many starts, and a little smoothing."""
    if run.prior:
        model = BayesianGMM(len(run.start[0]), random_state=0, **run.prior).fit(run.X)
        return round(model.lower_bound_, 4)
    model = GMM(len(run.start[0]), random_state=0).fit(run.X)
    return round(model.log_likelihood_, 4)


def frame(half, step, model, X, r):
    """One state: parameters, responsibilities, what EM climbs, and its lower bound for r."""
    height = model.lower_bound_ if hasattr(model, "lower_bound_") else model.log_likelihood(X)
    return {
        "half": half,
        "step": step,
        "weights": rounded(model.weights_, 6),
        "means": rounded(model.means_, 6),
        "covariances": significant(model.covariances_, 6),
        "log_likelihood": round(height, 4),
        "elbo": round(height - divergence(r, model.log_joint(X)), 4),
        "r": rounded(r[:, :-1], 3),  # the last component holds the rest
    }


def rounded(a, digits):
    """A nested list; adding 0 turns -0.0 into 0.0."""
    return (np.round(a, digits) + 0.0).tolist()


def significant(a, digits):
    """A nested list with so many digits of each number, however small."""
    return np.vectorize(lambda v: float(f"{v:.{digits}g}"))(a).tolist()


def round_start(means, variance=1.0):
    """Equal weights and equal round covariances about these means."""
    K, D = np.shape(means)
    return np.full(K, 1 / K), np.array(means, float), np.tile(variance * np.eye(D), (K, 1, 1))


def old_faithful():
    """The geyser in standard units, as in Bishop's figure 9.8."""
    X = load_old_faithful().X
    return (X - X.mean(axis=0)) / X.std(axis=0)


def bishop():
    """Two round components in opposite corners, as the picture in the book shows them."""
    text = (
        "Old Faithful in standard units, from the start of Bishop's figure 9.8: two equal round "
        "components in the two empty corners. The book shows a picture and gives no numbers. "
        "Means (\N{MINUS SIGN}1.5, 1) and (1.5, \N{MINUS SIGN}1) and variance 0.5 are our "
        "reading of it."
    )
    start = round_start([[-1.5, 1.0], [1.5, -1.0]], 0.5)
    return Run("bishop", "Old Faithful", text, old_faithful(), start, 16)


def four_clusters():
    """Four clusters in the corners of a rectangle, uneven in shape and number."""
    rng = np.random.default_rng(1)
    centres = np.array([[-4.0, 1.2], [-4.0, -1.2], [4.0, 1.2], [4.0, -1.2]])
    sizes = 60, 40, 50, 30
    return np.vstack(
        [c + 0.5 * rng.standard_normal((n, 2)) for c, n in zip(centres, sizes, strict=True)]
    )


def local_optimum():
    """Three components share one side, and one takes both clusters of the other."""
    text = (
        "Four clusters and four components, but three start on the left. One is left for both "
        "clusters on the right, and EM cannot move another across."
    )
    start = round_start([[-5.0, 1.0], [-4.0, -1.0], [-3.0, 1.5], [4.0, 0.0]])
    return Run("local", "A local optimum", text, four_clusters(), start, 25)


def collapse():
    """A small component near one point takes hold of two, and the likelihood has no bound."""
    text = (
        "The left half of Old Faithful with var_smoothing=0. The small component lets go of one "
        "point after another. With two left it is a line through them, and its covariance is "
        "singular."
    )
    X = old_faithful()
    weights, means, covariances = round_start([[-1.2, -1.2], [-1.13, -1.91]])
    covariances[1] *= 0.003
    return Run("collapse", "A collapse", text, X[X[:, 0] < -0.3], (weights, means, covariances), 40)


def emptying():
    """Six components with a prior that favours few: four of them empty themselves."""
    text = (
        "Six components on every fourth eruption of Old Faithful, and a prior that favours few: "
        "BayesianGMM with a weight concentration of 0.001. Here the curve is the lower bound on "
        "the log evidence, not the log-likelihood. Four components lose all their points."
    )
    start = round_start(
        [[-1.5, 0.5], [-1.2, -1.5], [-0.5, 0.0], [0.4, 0.9], [0.8, 0.2], [1.4, 1.4]]
    )
    prior = {
        "weight_concentration_prior_type": "dirichlet_distribution",
        "weight_concentration_prior": 0.001,
    }
    return Run("empty", "Components that empty", text, old_faithful()[::4], start, 30, prior)


RUNS = bishop, local_optimum, collapse, emptying
