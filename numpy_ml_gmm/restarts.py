"""The search for a start: short runs side by side, finalists, the climb.

EM ends on the hill it starts on, so several starts are tried.  Each takes a few steps; the
most promising of each mixture go on to the end.  One search serves :meth:`GMM.fit
<numpy_ml_gmm.GMM.fit>`, with one mixture, and :func:`~numpy_ml_gmm.selection.select`, with a
table of them.

Source: Biernacki, Celeux & Govaert (2003), *Choosing starting values for the EM algorithm for
getting the highest likelihood in multivariate Gaussian mixture models*, Computational
Statistics & Data Analysis 41, https://doi.org/10.1016/S0167-9473(02)00163-9.
"""

from typing import NamedTuple

import numpy as np

from .em import Cell, Run, climb
from .parameters import Parameters
from .starts import by_nearest, first_guesses, is_random, some_rows, with_weight
from .statistics import Data, Statistics, statistics_of
from .validation import (
    check_alive,
    check_covariances,
    check_distinct_rows,
    check_means,
    check_weights,
)

SHORT_RUN, FINALISTS = 10, 3  # EM steps of every start, and how many starts go on to the end


class Start(NamedTuple):
    """Where a fit starts, and how the other starts went."""

    theta: Parameters
    histories: list  # of floats, a list for each start
    best: int  # which start this is

    @property
    def history(self):
        """Of this start: what the fit goes on writing."""
        return self.histories[self.best]


def find_start(model, data, rng):
    """The :class:`Start` of a fit, as the model's arguments ask for.

    Parameters that are known, or given, are taken as they are.  Of random starts ``n_init``
    are tried, on a sample of the rows if there are many.
    """
    try:
        return _find_start(model, data, rng)
    except ValueError:
        check_distinct_rows(data.rows, model.n_components)  # if so, that is the reason
        raise


def _find_start(model, data, rng):
    cell = Cell(model.n_components, model.covariance_model)
    K, D = cell.n_components, len(data.mean)
    given = given_parameters(model, D)
    if model.warm_start and hasattr(model, "means_"):
        return Start(model.theta, [[]], 0)
    if len(given) == 3:
        return Start(Parameters(**given), [[]], 0)
    kept = with_weight(data.rows)
    several = is_random(model.init_params) and "means" not in given
    few = some_rows(kept, K, rng) if several or "means" in given else data.rows
    if "means" in given:
        guesses = [by_nearest(few, given["means"])]
    else:
        guesses = first_guesses(model.init_params, few, K, rng, model.n_init if several else 1)
    if few is data.rows or few is kept:
        sample = data._replace(rows=few)
    else:
        sample = Data.of(few, cell.model.diagonal, model.var_smoothing)
    starts = start_parameters(type(model), sample, cell, first_statistics(sample, guesses), given)
    sampled = len(few.X) < len(kept.X) and several
    if len(guesses) == 1 and not sampled:
        return Start(alive(starts)[0], [[]], 0)
    limits = {"tol": model.tol, "max_iter": model.max_iter}
    [runs] = search(type(model), sample, [cell], [starts], **limits)
    best = likeliest(runs, max(model.tol, 1e-9) * few.total_weight)
    scale = data.rows.total_weight / few.total_weight
    histories = [[scale * value for value in run.history] for run in runs]
    histories[best] = []
    # All rows seen: climb again from the start, in view.  Else: from the top of the sample.
    return Start(runs[best].end if sampled else runs[best].start, histories, best)


def given_parameters(model, D):
    """The checked start parameters that the user gave, by name."""
    K, kind = model.n_components, model.covariance_model
    given = {}
    if model.weights_init is not None:
        given["weights"] = check_weights(model.weights_init, K, "weights_init")
    if model.means_init is not None:
        given["means"] = check_means(model.means_init, K, D, "means_init")
    if model.covariances_init is not None:
        Sigma = check_covariances(model.covariances_init, kind, K, D, "covariances_init")
        given["covariances"] = kind.expand(Sigma, K, D)
    return given


def first_statistics(data, guesses):
    """The :class:`~numpy_ml_gmm.statistics.Statistics` of each first guess (N, K)."""
    K = guesses[0].shape[1]
    found = statistics_of(data.rows, np.hstack(guesses), data.frame)
    sums = found.counts, found.firsts, found.scatters
    parts = zip(*(a.reshape(-1, K, *a.shape[1:]) for a in sums), strict=True)
    return [Statistics(*part, 0.0, found.origin, found.dtype) for part in parts]


def start_parameters(family, data, cell, moments, given=None):
    """The parameters that the M step makes of each first guess, or the error that it makes."""
    starts = []
    for x in moments:
        try:
            check_alive(x.counts)
            theta = family.maximise(x, cell.model.minimise, data.smoothing)
            cell.model.check_found(theta.covariances, x.counts)
            starts.append(theta._replace(**(given or {})))
        except ValueError as error:
            starts.append(error)
    return starts


def alive(starts):
    """The starts that are parameters; if none is, the last error."""
    found = [start for start in starts if isinstance(start, Parameters)]
    if not found:
        raise starts[-1]
    return found


def likeliest(runs, tolerance):
    """The number of the run that ended highest; if all failed, the reason of the last failure.

    Of ends within the tolerance, which are one optimum, the first counts: rounding decides
    nothing.
    """
    heights = np.array([-np.inf if run.end is None else run.log_likelihood for run in runs])
    if heights.max() == -np.inf:
        raise ValueError([run.error for run in runs if run.error][-1])
    return int(np.flatnonzero(heights >= heights.max() - tolerance)[0])


def search(family, data, cells, starts, *, tol, max_iter, on_end=int):
    """Fit each cell from the most promising of its starts: a ``Run`` for each start.

    Parameters
    ----------
    family : type
        :class:`~numpy_ml_gmm.GMM`.
    data : Data
    cells : list of Cell
        All diagonal, or none of them.
    starts : list of lists
        For each cell what :func:`start_parameters` gives.
    tol, max_iter, on_end
        As for :func:`~numpy_ml_gmm.em.climb`.

    Returns
    -------
    list of lists of Run
        As long as ``starts``.  A run without an end was not among the most promising, or failed.
    """
    tries = [(c, i) for c, some in enumerate(starts) for i in range(len(some))]
    good = [(c, i) for c, i in tries if isinstance(starts[c][i], Parameters)]
    runs = [[Run(error=str(start)) for start in some] for some in starts]
    if not good:
        return runs
    owner = np.array([c for c, _ in good])
    short = min(SHORT_RUN, max_iter) if len(good) > len(set(owner)) else 0
    found = climb(
        family,
        data,
        [cells[c] for c in owner],
        [starts[c][i] for c, i in good],
        tol=tol,
        max_iter=max_iter,
        short=short,
        keep=lambda log_likelihood: promising(owner, log_likelihood),
        on_end=on_end,
    )
    for (c, i), run in zip(good, found, strict=True):
        runs[c][i] = run
    return runs


def promising(owner, log_likelihood):
    """The numbers of the likeliest few tries of each owner; failures, at -inf, are left out."""
    order = np.lexsort((-log_likelihood, owner))
    _, first, place = np.unique(owner[order], return_index=True, return_inverse=True)
    rank = np.arange(len(order)) - first[place]
    return np.sort(order[(rank < FINALISTS) & np.isfinite(log_likelihood[order])])
