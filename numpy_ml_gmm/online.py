r"""Streams: EM on data that come in batches and are not kept.

EM needs nothing of the data but their expected statistics, and these are sums.  So the sums are
carried along.  A batch is met by the present parameters, its statistics are added to what is left
of the earlier ones, and the M step is as always (:eq:`stream`):

.. math::

    s_t = \xi_t \, s_{t-1} + s(\mathcal{B}_t, \theta_{t-1}), \qquad
    \theta_t = \text{M step of } s_t .

Early batches were met by poor parameters, so they have to be forgotten.  After n points a share
:math:`1 / \operatorname{mem}(n)` of the average is replaced by each new one (:eq:`memory`), with

.. math::

    \operatorname{mem}(n) = n \quad (n \le n_0), \qquad
    \operatorname{mem}(n) = n_0 \, (n / n_0)^{\mathrm{power}} \quad (n > n_0) .

=========== ============= ================================================================
symbol      shape         meaning
=========== ============= ================================================================
``s``       Statistics    of a batch, under the parameters that it met
``S``       Statistics    of the stream: the newest points count 1 each, older ones less
``n, b``                  weight of all points so far, and of the batch
``c``                     n_0, how many points are remembered in full
``power``                 0 is a memory of fixed length
=========== ============= ================================================================

Source: Cappé & Moulines (2009), *On-line expectation-maximization algorithm for latent data
models*, Journal of the Royal Statistical Society B 71(3),
https://doi.org/10.1111/j.1467-9868.2009.00698.x, for averages of statistics, steps of
:math:`n^{-\mathrm{power}}`, and a first M step that waits.
"""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np

from .archive import check_shape, is_number
from .blocks import thread_count
from .covariances.rules import each
from .parameters import Parameters
from .priors import given_parameters
from .statistics import Statistics
from .validation import as_floats, check_not_negative, check_rows

POWER = 0.6  # how the memory grows: 1/2 would never settle, 1 would hardly forget the start
IN_FULL = 10  # points for each number among the parameters: so many are remembered in full
EARLY = 3  # points for each of these, at most, that the first M step waits for
SUMS = "counts", "firsts", "scatters", "log_likelihood", "origin"  # of Statistics
STREAM = "n_samples_seen_", *(f"stream_{name}_" for name in SUMS)
OF_A_FIT = (  # what there is to say of a climb, and not of a stream
    *("log_likelihood_", "log_posterior_", "lower_bound_"),
    *("converged_", "history_", "best_restart_", "counts_"),
)


def partial_fit(model: Any, X: Any, memory: float | None = None, **known: Any) -> None:
    """A step of stepwise EM (:eq:`stream`); see :meth:`numpy_ml_gmm.GMM.partial_fit`.

    A copy of the model takes it, so that an error leaves the model as it was.
    """
    memory = None if memory is None else check_memory(memory)
    run = copy.copy(model)
    if not hasattr(run, "means_"):
        begin(run, X, **known)
    rows = run._check_rows(X, **known)
    S = statistics = run.e_step(rows)
    n, b, size = seen_by(run), rows.total_weight, sum(np.size(a) for a in run.theta)
    if n > 0:
        before, limits = sums_of(run), (IN_FULL * size, POWER) if memory is None else (memory, 0.0)
        S = statistics + kept(n, b, *limits) / float(before.counts.sum()) * before
    if n + b >= EARLY * size or stands_alone(run, S):
        run.m_step(S)
        run.n_iter_ = getattr(run, "n_iter_", 0) + 1
    remember(run, S, n + b)
    for name in vars(model).keys() - vars(run).keys():
        delattr(model, name)
    vars(model).update(vars(run))


def begin(run: Any, X: Any, sample_weight: Any, priors: Any, error_covariances: Any) -> None:
    """Give a model a start: the parameters given to it, or what a fit finds on the first batch."""
    run._check_arguments()
    places, n_jobs = run._n_places, thread_count(run.n_jobs)
    rows = check_rows(X, places, sample_weight, priors, None, n_jobs, error_covariances)
    given, steps = given_parameters(run, rows.X.shape[1]), run.max_iter
    try:
        if len(given) == 3 and not run.noise:
            run._set_theta(Parameters(**given))
        else:
            run.set_params(max_iter=0 if given else steps).fit(rows).set_params(max_iter=steps)
    except ValueError as error:
        raise ValueError(
            f"a stream needs a start, and its first batch of {len(rows.X)} rows gives none: "
            f"{error}. Or begin with more rows, or give weights_init, means_init, covariances_init"
        ) from error
    run._remember_features(X)
    learnt_from(run, 0.0)  # this batch is yet to be counted
    run.n_iter_ = 0


def stands_alone(run: Any, S: Statistics) -> bool:
    """Whether each component has points enough for its parameters, or a prior to hold these up."""
    if run.conjugate_prior is not None or hasattr(run, "mean_precision_"):
        return True
    return bool(S.counts[: run.n_components].min() > run.n_features_in_)


# ---- Memory -------------------------------------------------------------------------------------


def kept(n: float, b: float, c: float, power: float) -> float:
    r"""For how many points the n earlier ones count beside b new ones (:eq:`memory`).

    The average of the earlier ones keeps a share :math:`e^{-u}` with the integral ``u``,
    :math:`\int_n^{n + N_t} di / \operatorname{mem}(i)`, in however many batches the b come.
    """
    early = min(b, max(c - n, 0.0))  # while all are remembered in full
    u = math.log1p(early / n)
    if early < b:
        r, x = 1 - power, max(n / c, 1.0)
        u += x**r * math.expm1(r * math.log1p((b - early) / (c * x))) / r
    if u == 0:  # b is lost in the rounding of n
        return n
    return b / math.expm1(u) if u < 700 else 0.0


def check_memory(memory: Any) -> float:
    """A number of points, at least 1; infinity is all of them."""
    if isinstance(memory, float) and memory == math.inf:
        return memory
    number = check_not_negative(memory, "memory")
    if number < 1:
        raise ValueError(f"memory={memory!r} must be at least 1: a number of points, or None")
    return number


# ---- What a stream leaves behind ----------------------------------------------------------------


def seen_by(model: Any) -> float:
    """The weight of all points that the parameters come from, as far as that is known."""
    return float(getattr(model, "n_samples_seen_", 0.0))


def learnt_from(model: Any, weight: float) -> None:
    """Parameters come from so many points, all at once: what was said of others is over."""
    for name in (*STREAM, *OF_A_FIT):
        vars(model).pop(name, None)
    model.n_samples_seen_ = weight


def remember(model: Any, S: Statistics, n: float) -> None:
    """The sums of a stream as attributes, and no results of an earlier fit."""
    learnt_from(model, n)
    for name in SUMS:
        setattr(model, f"stream_{name}_", getattr(S, name))


def sums_of(model: Any) -> Statistics:
    """The sums of the stream so far; after a fit those whose moments its parameters are."""
    if hasattr(model, "stream_counts_"):
        found = {name: getattr(model, f"stream_{name}_") for name in SUMS}
        return Statistics(**found, dtype=model.means_.dtype)
    if hasattr(model, "mean_precision_"):
        return model._sums()
    if model.conjugate_prior is not None:
        raise ValueError(
            "this model comes from a fit with a conjugate_prior, and what is the prior's and what "
            "the data's cannot be told any more: give the first batch to partial_fit too"
        )
    theta = model._places
    N, origin = model.n_samples_seen_ * theta.weights, theta.weights @ theta.means
    W = each(N, theta.covariances) * theta.covariances
    ll = getattr(model, "log_likelihood_", 0.0)
    return Statistics(N, N[:, None] * (theta.means - origin), W, ll, origin, model.means_.dtype)


def shapes(places: int, D: int, diagonal: bool) -> dict[str, tuple[int, ...]]:
    """The shapes of what a stream leaves behind."""
    square = (places, D) if diagonal else (places, D, D)
    each_one = (places,), (places, D), square, (), (D,)
    return {f"stream_{name}_": shape for name, shape in zip(SUMS, each_one, strict=True)}


def check_stream(model: Any) -> None:
    """What a stream left behind is whole, and could be sums over points."""
    there = [name for name in STREAM[1:] if hasattr(model, name)]
    if not is_number(seen_by(model)) or not 0 <= seen_by(model) < math.inf:
        raise ValueError(f"n_samples_seen_={model.n_samples_seen_!r} must be a number, at least 0")
    if not there:
        return
    if lost := [name for name in STREAM if not hasattr(model, name)]:
        raise ValueError(f"the stream has lost {', '.join(lost)}: delete {', '.join(there)} too")
    wanted = shapes(model._n_places, model.n_features_in_, model.covariance_model.diagonal)
    for name in there:
        value = as_floats(getattr(model, name), name)
        check_shape(name, value.shape, wanted[name])
        if not np.isfinite(value).all():
            raise ValueError(f"{name} holds nan or infinity")
    W, diagonal = model.stream_scatters_, model.covariance_model.diagonal
    squares = W if diagonal else np.einsum("kdd->kd", W)
    if model.stream_counts_.min() < 0 or squares.min() < 0:
        raise ValueError("stream_counts_ and stream_scatters_ must not hold negative squares")
