"""The search for a start: short runs side by side, finalists, the climb.

EM ends on the hill it starts on, so several starts are tried.  Each takes a few steps; the
likelier half takes a few more, and the most promising of each mixture go on to the end.  One
search serves :meth:`GMM.fit <numpy_ml_gmm.GMM.fit>`, with one mixture, and
:func:`~numpy_ml_gmm.selection.select`, with a table of them.  A fit then looks further, near the
best end and with parts of the others (:func:`moved_on`), by the same search.

Source: Biernacki, Celeux & Govaert (2003), *Choosing starting values for the EM algorithm for
getting the highest likelihood in multivariate Gaussian mixture models*, Computational
Statistics & Data Analysis 41, https://doi.org/10.1016/S0167-9473(02)00163-9.  Jamieson &
Talwalkar (2016), *Non-stochastic best arm identification and hyperparameter optimization*, AISTATS
51, https://proceedings.mlr.press/v51/jamieson16.html, for halving.
"""

import itertools
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .checkpoints import Journal, fingerprint, set_state, state_of
from .covariances.rules import each
from .em import Cell, Run, SideBySide, climb
from .frames import EPS, TINY, SingularCovariance
from .log import tell_restarts
from .missing import natural_of
from .noise import SHARE
from .parameters import Parameters, diagonals
from .priors import given_parameters
from .starts import (
    by_nearest,
    counts_of,
    crossed,
    first_guesses,
    from_left_to_right,
    in_line_with,
    is_random,
    moved,
    some_rows,
    standardised,
)
from .statistics import (
    Statistics,
    add_up,
    given_responsibilities,
    map_log_joint,
    smoothed,
    statistics_of,
)
from .training import Data, completed_rows
from .validation import check_alive, check_distinct_rows, in_words, random_generator

# After so many EM steps the likelier half of the starts goes on, and after so many the finalists.
HALF_WAY, SHORT_RUN, FINALISTS = 4, 10, 6
TOGETHER = 2**18  # numbers in the first guesses that are looked at together: two megabytes
TO_COMPARE = 1e-5  # nats a point that an end may still gain when it is compared with others
ROUNDS = 4  # at most so many rounds of moves from the best end
AGAIN = FINALISTS  # a best end that was found so often is taken for the highest there is
# Of a sound component: the least variance, as a portion of the average one in that direction, and
# the points for each that its covariance needs.
SOUND, MORE_POINTS = 1e-8, 1.25
SOUND_END = 2  # the best grade of an end
CLOSE, HALF = 4.5, 0.5  # nats between ends of which the one with larger components counts


class Start(NamedTuple):
    """Where a fit starts, and how the other starts went."""

    theta: Parameters
    histories: list  # of floats, a list for each start
    best: int  # which start this is

    @property
    def history(self):
        """Of this start: what the fit goes on writing."""
        return self.histories[self.best]


def journal_of(checkpoint: Any, model: Any, rows: Any) -> Journal:
    """The journal of a fit of a model to some rows; see :mod:`numpy_ml_gmm.checkpoints`."""

    def whose() -> dict[str, object]:
        found = {"class": type(model).__name__, **model.get_params(), "X": fingerprint(rows)}
        if model.warm_start:
            found["parameters"] = [getattr(model, name, None) for name in model._fitted]
        return {name: v for name, v in found.items() if name not in ("n_jobs", "verbose")}

    seed = None if checkpoint is None else state_of(random_generator(model.random_state))
    return Journal(checkpoint, whose, seed)


def begin(journal: Journal, model: Any, data: Data, known: Any) -> tuple[Start, float, bool, Any]:
    """The start of a fit, or where it goes on; what it knew there: see ``iterate``.

    That is its last gain, whether it was over by then, and how long a leap may be.
    """
    rng = random_generator(model.random_state)
    if state := journal.entry("walk").state:
        theta, gain, over, histories, best, n_steps, reach = state
        del histories[best][n_steps:]
        set_state(rng, (journal.entry("random").state or [])[0])
        model._go_on(data)
        return Start(Parameters(*theta), histories, best), gain, over, reach
    if journal.seed is not None:
        set_state(rng, journal.seed)
    with journal, journal.active():
        start = model._find_start(data, known, rng)
    if known is not None:
        start = start._replace(theta=known.holding(start.theta))
    walk = start.theta, np.nan, False, *start[1:], len(start.history), None
    journal.settled(random=[state_of(rng)], walk=walk)
    return start, np.nan, False, None


def find_start(model, data, known, rng):
    """The :class:`Start` of a fit, as the model's arguments ask for.

    Parameters that are known, or given, are taken as they are.  Of random starts ``n_init``
    are tried, on a sample of the rows if there are many.
    """
    try:
        return _find_start(model, data, known, rng)
    except ValueError:
        check_distinct_rows(data.rows, model.n_components)  # if so, that is the reason
        raise


def _find_start(model, data, known, rng):
    D = len(data.mean)
    given = given_parameters(model, D)
    if model.warm_start and hasattr(model, "means_"):
        model._check_is_fitted()
        return Start(model._checked_theta(D), [[]], 0)
    if len(given) == 3:
        return Start(with_given(None, given, data.rows.box), [[]], 0)
    attempt, guesses, sampled = first_attempt(model, data, known, given, rng)
    return start_from(attempt, guesses, sampled, data.rows.total_weight, rng)


def start_from(attempt, guesses, sampled, N, rng):
    """The :class:`Start` that some first guesses lead to, of N points or a sample of them."""
    if len(guesses) == 1 and not sampled:
        [start] = attempt.starts(guesses, exact=True)
        if isinstance(start, Run):
            raise ValueError(start.error)
        return Start(start, [[]], 0)
    runs = attempt.runs(guesses)
    del guesses  # they are as large as the sample, each
    best = attempt.likeliest(runs)
    if attempt.moves_help and len(runs) > 1:
        [best] = moved_on([attempt], [best], [runs], [rng])
        runs = runs if any(run is best for run in runs) else [*runs, best]
    scale = N / attempt.data.rows.total_weight
    tell_restarts(attempt.model, runs, best, scale)
    histories = [[] if run is best else [scale * value for value in run.history] for run in runs]
    # All rows seen: climb again from the start, in view.  Else: from the top of the sample.
    theta = best.end if sampled else best.start
    return Start(theta, histories, next(i for i, run in enumerate(runs) if run is best))


def first_attempt(model, data, known, given, rng):
    """An :class:`Attempt`, its first guesses, and whether it looks at a sample of the rows."""
    K, init = int(model.n_components), model.init_params  # no int8
    kept, several = data.rows.with_weight(), is_random(init) and "means" not in given
    some = several or "means" in given or not data.rows.at_hand
    drawn_by = rng if several else np.random.default_rng(0)  # else no start is random
    few = some_rows(kept, K, drawn_by) if some else data.rows
    if "means" in given:
        guesses = [by_nearest(completed_rows(few), given["means"])]
        if few.box is not None:
            guesses = [np.column_stack([(1 - SHARE) * r, np.full(len(r), SHARE)]) for r in guesses]
    else:
        n = model.n_init if several and K > 1 else 1
        guesses = first_guesses(init, completed_rows(few), K, rng, n)
    on = data._replace(rows=few) if few is data.rows or few is kept else model._data(few)
    return Attempt(on, model, given, known), guesses, several and len(few.X) < len(kept.X)


def likeliest_ends(models, datas, rngs):
    """The likeliest end of several mixtures, each of data of its own, found side by side.

    They are mixtures of one kind, their data complete, and of equally many rows that count once.

    Returns
    -------
    list of Run
        None where no start has an end.
    """
    found = [
        first_attempt(model, data, None, {}, rng)
        for model, data, rng in zip(models, datas, rngs, strict=True)
    ]
    attempts, guesses, _ = zip(*found, strict=True)
    bests, seen = [], runs_together(attempts, guesses)
    for attempt, runs in zip(attempts, seen, strict=True):
        try:
            bests.append(attempt.likeliest(runs))
        except ValueError:
            bests.append(None)
    on = [i for i, best in enumerate(bests) if best and attempts[i].moves_help]
    if len(guesses[0]) > 1:
        several = ([each[i] for i in on] for each in (attempts, bests, seen, rngs))
        for i, best in zip(on, moved_on(*several), strict=True):
            bests[i] = best
    return bests


def runs_together(attempts, guesses):
    """A run from each first guess of each attempt, all side by side."""
    if not attempts:
        return []
    first = attempts[0]
    limits = {"tol": first.tol, "max_iter": first.model.max_iter}
    starts = [attempt.starts(some) for attempt, some in zip(attempts, guesses, strict=True)]
    several = [attempt.data for attempt in attempts]
    data = several[0] if len(several) == 1 else Data.side_by_side(several)
    return search(first.family, data, [attempt.cell for attempt in attempts], starts, **limits)


def moved_on(attempts, bests, seen, rngs):
    """The best runs that moves from their ends lead to, round by round as long as they help.

    Where a best end has been found again and again nobody looks for another.  Nor, after a round,
    does anybody where it has collapsed: others will be higher, and mean nothing either.
    """
    bests, seen = list(bests), [list(runs) for runs in seen]
    last, Zs = [None] * len(bests), [attempt.Z for attempt in attempts]
    for n in range(ROUNDS):
        on = [i for i, best in enumerate(bests) if best is not last[i]]
        on = [i for i in on if attempts[i].times_found(bests[i], seen[i]) < AGAIN]
        on = [i for i in on if n == 0 or not attempts[i].has_collapsed(bests[i])]
        if not on:
            break
        guesses = [attempts[i].moves(bests[i], seen[i], Zs[i], rngs[i]) for i in on]
        last = list(bests)
        for i, runs in zip(on, runs_together([attempts[i] for i in on], guesses), strict=True):
            seen[i] += runs
            bests[i] = attempts[i].likeliest(seen[i])
    return bests


class Attempt(NamedTuple):
    """A mixture to be found on some rows, and what was given of it."""

    data: Data
    model: object  # with the arguments of GMM
    given: dict
    known: object  # what else there is to know, as :class:`~numpy_ml_gmm.priors.Known`

    @property
    def cell(self):
        """The mixture for :func:`search`."""
        return Cell(self.model.n_components, self.model.covariance_model, self.known)

    @property
    def tolerance(self):
        """How far apart two ends of one optimum may be."""
        return self.tol * self.data.rows.total_weight

    @property
    def tol(self):
        """When ends can be compared; the climb in view goes on to the model's own ``tol``."""
        return max(self.model.tol, TO_COMPARE)

    def starts(self, guesses, exact=False):
        """Parameters from first guesses; see :func:`start_parameters`."""
        x = first_statistics(self.data, guesses)
        [found] = start_parameters(self.family, self.data, [self.cell], [x], self.given, exact)
        return found

    @property
    def family(self):
        """Whose steps they are."""
        return type(self.model)

    @property
    def moves_help(self):
        """Whether to look further than the starts."""
        init = self.model.init_params
        mixed = isinstance(init, str) and init == "mixed"
        return mixed and self.model.max_iter > 0 and not self.given

    def runs(self, guesses):
        """A run from each first guess."""
        return runs_together([self], [guesses])[0]

    def likeliest(self, runs):
        """The run that ended best."""
        rows = self.data.rows
        margin = CLOSE * min(1, rows.total_weight / rows.n_counted)  # weights may add to 1
        margin = margin if self.model.conjugate_prior is None else 0.0
        return likeliest(runs, self.model, self.data, self.tolerance, margin)

    def times_found(self, best, runs):
        """How many runs have ended where the best has."""
        heights = [run.objective for run in runs if run.end is not None]
        return np.count_nonzero(np.abs(np.subtract(heights, best.objective)) <= self.tolerance)

    def has_collapsed(self, best):
        """Whether a component of that end has no volume of its own."""
        return grades([best.end], self.model, self.data)[0] == 0

    @property
    def Z(self):
        """The rows in standard units, completed where something is missing."""
        return standardised(completed_rows(self.data.rows).X, counts_of(self.data.rows))

    def moves(self, best, seen, Z, rng):
        """First guesses near the end of a run, some with components of other ends seen."""
        rows, w, noise = self.data.rows, counts_of(self.data.rows), self.data.rows.box is not None
        free = rows._replace(priors=None)  # where there are priors, they number the guesses below
        # The likeliest ends of other optima; what a collapsed one has found besides may be sound.
        others = [best]
        for run in sorted(seen, key=lambda run: -run.objective):
            apart = (abs(run.objective - one.objective) > self.tolerance for one in others)
            if run.end is not None and len(others) <= FINALISTS and all(apart):
                others.append(run)
        naturals = (natural_of(run.end, free, self.data.frame) for run in others)
        joint, *others = (map_log_joint(np.transpose, free, natural) for natural in naturals)
        guesses = moved(joint, Z, w, rng, noise), crossed(joint, others, rng, noise)
        some = slice(self.model.n_components)
        for r in itertools.chain(*guesses):
            r[:, some] = from_left_to_right(r[:, some], Z, w)
            yield in_line_with(rows.priors, r, noise)


def first_statistics(data, guesses):
    """The :class:`~numpy_ml_gmm.statistics.Statistics` of each first guess (N, K)."""
    statistics, guesses = [], iter(guesses)
    for guess in guesses:  # as large as the data, each: a few at a time
        some = [guess, *itertools.islice(guesses, max(0, TOGETHER // guess.size - 1))]
        found = statistics_of_guess(data, np.hstack(some))
        sums = found.counts, found.firsts, found.scatters
        parts = zip(*(a.reshape(len(some), -1, *a.shape[1:]) for a in sums), strict=True)
        statistics += [Statistics(*part, 0.0, found.origin, found.dtype) for part in parts]
    return statistics


def statistics_of_guess(data, r):
    """Statistics for responsibilities r; what is missing is as all rows together expect it."""
    if data.rows.patterns is None:
        return statistics_of(data.rows, r, data.frame)
    theta = Parameters(*(np.repeat(a, r.shape[1], axis=0) for a in data.gaussian))
    rows = data.rows._replace(priors=r)
    return add_up(given_responsibilities, rows, natural_of(theta, rows, data.frame))


def start_parameters(family, data, cells, moments, given=None, exact=False):
    """For each cell the parameters that the M step makes of its first guesses, by their moments.

    In place of those that it cannot make stands a failed :class:`~numpy_ml_gmm.em.Run`.
    A search goes on from them, so unless ``exact`` an iterated rule only begins: from the
    covariance of the data, as between two steps of EM.
    """
    each = [(cell, x) for cell, some in zip(cells, moments, strict=True) for x in some]
    stack = SideBySide(family, data, [cell for cell, _ in each])
    shape = *stack.spare.shape, *data.covariance.shape
    last = None if exact else np.broadcast_to(data.covariance, shape)
    theta = stack.m_step(stack.statistics_together([x for _, x in each]), last)
    starts = [stack.alone(theta, m) for m in range(len(each))]
    for m in stack.failures:
        starts[m] = start_alone(family, data, *each[m], exact)
    if given:
        box = data.rows.box
        starts = [a if isinstance(a, Run) else with_given(a, given, box) for a in starts]
    found = iter(starts)
    return [list(itertools.islice(found, len(some))) for some in moments]


def start_alone(family, data, cell, x, exact):
    """The start of one cell that failed beside others, in its own words."""
    try:
        if cell.known is None or cell.known.prior is None:
            check_alive(x.counts[: cell.n_components])
        last = None if exact else np.broadcast_to(data.covariance, x.scatters.shape)
        theta = family.maximise(x, cell.model.minimise, data.smoothing, last, cell.known)
        cell.model.check_found(theta.covariances, x.counts)
        return theta
    except ValueError as error:
        return Run(error=str(error))


def with_given(theta, given, box):
    """Parameters, or None, with those that are given in their place."""
    if box is None:
        return theta._replace(**given) if theta else Parameters(**given)
    weight, rest = (theta.weights[-1], theta.reorder(slice(-1))) if theta else (SHARE, None)
    return box.beside(with_given(rest, given, None), weight)


def likeliest(runs, model, data, tolerance=0.0, margin=0.0):
    """The run with the highest end of the best :func:`grades`.

    A handful of points that lie close together by chance gains a few nats.  So of ends that are
    less likely than the best by less than the margin, all count whose smallest component is at
    least half as large as any other's.  Of ends within the tolerance, which are one optimum, the
    first counts: rounding decides nothing.  If all runs failed, a ValueError with the reason of
    the first.
    """
    ends = [run for run in runs if run.end is not None]
    if not ends:
        raise ValueError(next(run.error for run in runs if run.error))
    height, slack = np.array([run.objective for run in ends]), max(margin, tolerance)
    grade = np.full(len(ends), -1)  # known from the top down until one is sound, and near that one
    while True:
        first = SOUND_END if SOUND_END in grade else -1
        lowest = height[grade == first].max(initial=-np.inf) - slack
        unknown = np.flatnonzero((grade < 0) & (height >= lowest))
        if len(unknown) == 0:
            break
        grade[unknown] = grades([ends[i].end for i in unknown], model, data)
    best = height[grade == grade.max()].max()
    near = np.flatnonzero((grade == grade.max()) & (height >= best - slack))
    near = [ends[i] for i in near]
    if margin > 0:
        smallest = np.array([run.counts[: model.n_components].min() for run in near])
        near = [near[i] for i in np.flatnonzero(smallest >= HALF * smallest.max())]
    top = max(run.objective for run in near)
    return next(run for run in near if run.objective >= top - tolerance)


def thinnest(theta, held):
    r"""Each component's smallest variance as a portion of the average in that direction, (..., K).

    The smallest :math:`a^\top (\Sigma_k - v) a / a^\top (\bar\Sigma - v) a` over all directions a,
    with :math:`\bar\Sigma = \sum_k \pi_k \Sigma_k` and v (..., D) what is ``held`` up by smoothing.
    No linear change of units alters it if v = 0, nor how far the components are from each other.
    """
    pi, Sigma, held = theta.weights, theta.covariances, held[..., None, :]
    if theta.diagonal:
        within = (pi[..., None] * Sigma).sum(axis=-2, keepdims=True)
        return ((Sigma - held) / np.maximum(within - held, EPS * within)).min(axis=-1)
    pi = pi[..., None, None]
    unit = np.sqrt(diagonals((pi * Sigma).sum(axis=-3, keepdims=True)))  # (..., 1, D)
    square = unit[..., :, None] * unit[..., None, :]
    C = (Sigma - held[..., None] * np.eye(Sigma.shape[-1])) / square
    values, axes = np.linalg.eigh((pi * C).sum(axis=-3, keepdims=True))
    A = axes / np.sqrt(np.maximum(values, EPS))[..., None, :]  # A^T (within - v) / unit^2 A = 1
    return np.linalg.eigvalsh(np.swapaxes(A, -1, -2) @ C @ A)[..., 0]


def grades(ends, model, data):
    """How far ends of EM can be trusted, to rank them: 2 sound, 1 doubtful, 0 collapsed.

    An end is doubtful if a component is very thin, or has few points.  These are few if its
    covariance is its own, and they are hardly more than such a covariance needs to be regular:
    it can be laid through any so many points, at a likelihood that says nothing of the rest.
    With a conjugate prior no component can collapse.
    """
    if model.conjugate_prior is not None:
        return np.full(len(ends), SOUND_END)
    exact = data.rows.patterns is None and data.rows.errors is None
    if exact and not ends[0].diagonal and data.rows.n_counted <= ends[0].means.shape[1]:
        return np.zeros(len(ends), int)  # so few points lie in a plane
    scattered, held = zip(*(as_scattered(end, model, data) for end in ends), strict=True)
    theta = Parameters(*map(np.stack, zip(*scattered, strict=True)))
    least = thinnest(theta, np.stack(held)).min(axis=1)
    letters = model.covariance_model.letters
    needed = theta.means.shape[-1] + 1 if letters[1:] == "VV" else 2 if "V" in letters[:2] else 0
    enough = (theta.weights * data.rows.total_weight >= MORE_POINTS * needed).all(axis=1)
    sound = enough & (least > SOUND)
    return np.where(least > least_volume(model), np.where(sound, SOUND_END, 1), 0)


def least_volume(model):
    """What a component's :func:`thinnest` must exceed, not to have collapsed.

    Without smoothing a thin component is as real as its points, until rounding makes it.
    """
    return SOUND if model.var_smoothing > 0 else EPS


def as_scattered(theta, model, data):
    """The components without noise, and what of their variances is held up.

    Components that share a volume, but no shape, are blown up to it, and what smoothing added is
    blown up too.  There the points themselves are asked how they are scattered.
    """
    held, some = held_up(model, data), slice(model.n_components)
    if model.var_smoothing > 0 and model.covariance_model.letters[:2] == "EV":
        with suppress(SingularCovariance):  # which is found anyway
            x = type(model).expect(theta, data.rows)
            N, held = np.maximum(x.counts, TINY), 8 * EPS * data.variances
            theta = theta._replace(covariances=smoothed(x.scatters, N, held) / each(N, x.scatters))
    return theta.reorder(some), held


def held_up(model, data):
    """What smoothing adds to the variances of each component, and what rounding can, (D,)."""
    if model.var_smoothing == 0:
        return data.smoothing
    held = data.smoothing + 8 * EPS * data.variances
    spherical = model.covariance_model.letters[1] == "I"
    return np.full_like(held, held.mean()) if spherical else held


def collapse(theta, model, data):
    """In words, that a component has no volume but the one that smoothing gives it; or None."""
    if model.conjugate_prior is not None:
        return None
    (theta, held), least = as_scattered(theta, model, data), least_volume(model)
    portions = thinnest(theta, held)
    k = int(portions.argmin())
    if portions[k] > least:
        return None
    n_points = theta.weights[k] * data.rows.total_weight
    reason = f"component {k} has collapsed: it lies on {n_points:.1f} points"
    C = theta.covariances[k]
    own = (C if theta.diagonal else C.diagonal()) - held
    flat = np.flatnonzero(own <= least * data.variances)
    if 0 < len(flat) < len(own):  # in all of them: a point
        return (
            f"{reason}, which do not vary in {in_words(flat[:1], data.rows.names)}. Drop it if it "
            "holds few different values, or lower n_components"
        )
    return (
        f"{reason}, and only var_smoothing={model.var_smoothing:g} gives it a volume. Lower "
        "n_components, choose a simpler covariance_type, or lower var_smoothing if a cluster so "
        "thin is real"
    )


def search(family, data, cells, starts, *, tol, max_iter, finalists=FINALISTS, on_end=int):
    """Fit each cell from the most promising of its starts: a ``Run`` for each start.

    Parameters
    ----------
    family : type
        :class:`~numpy_ml_gmm.GMM`.
    data : Data
        Of all cells, or of each its own.
    cells : list of Cell
        All diagonal, or none of them.
    starts : list of lists
        For each cell what :func:`start_parameters` gives.
    tol, max_iter, on_end
        As for :func:`~numpy_ml_gmm.em.climb`.
    finalists : int
        How many starts of each cell go on to the end.

    Returns
    -------
    list of lists of Run
        As long as ``starts``.  A run without an end was not among the most promising, or failed.
    """
    runs = [[start if isinstance(start, Run) else None for start in some] for some in starts]
    good = [(c, i) for c, some in enumerate(runs) for i, run in enumerate(some) if run is None]
    if not good:
        return runs
    owner = np.array([c for c, _ in good])
    half = np.maximum(finalists, np.bincount(owner) / 2)  # of each cell
    several = len(good) > len(set(owner))
    cuts = {min(HALF_WAY, max_iter): half, min(SHORT_RUN, max_iter): finalists} if several else {}
    found = climb(
        family,
        data.taken(owner),
        [cells[c] for c in owner],
        [starts[c][i] for c, i in good],
        tol=tol,
        max_iter=max_iter,
        cuts={n: partial(promising, owner, most=most) for n, most in cuts.items()},
        on_end=on_end,
    )
    for (c, i), run in zip(good, found, strict=True):
        runs[c][i] = run
    return runs


def promising(owner, log_likelihood, most=FINALISTS):
    """The numbers of the likeliest tries of each owner; failures, at -inf, are left out.

    The ``most`` that are left may be a number for each owner.
    """
    order = np.lexsort((-log_likelihood, owner))
    _, first, place = np.unique(owner[order], return_index=True, return_inverse=True)
    rank = np.arange(len(order)) - first[place]
    most = np.broadcast_to(most, owner.max() + 1)[owner[order]]
    return np.sort(order[(rank < most) & np.isfinite(log_likelihood[order])])
