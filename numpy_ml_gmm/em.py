r"""When EM stops, and many mixtures that climb side by side, with leaps.

A step of EM is :meth:`GMM.em_step <numpy_ml_gmm.GMM.em_step>`, here as everywhere.  There are
two walks over it.  The plain one is :meth:`GMM.iterate <numpy_ml_gmm.GMM.iterate>`: a step, a
look, a step, and :class:`Leaps` between them if they are asked for.  The other is for tables of
models and for restarts, which take thousands of steps on one data set: M mixtures step together,
one array for all of them, and a long climb is shortened by leaps.

With s the statistics of every component, as counts, means and scatters, and two steps from
:math:`s_0` to :math:`s_1` to :math:`s_2`, the third starts from (:eq:`squarem`)

.. math::

    s' = s_0 + 2 \omega\, \delta_1 + \omega^2 \delta_2, \qquad
    \delta_1 = s_1 - s_0, \quad \delta_2 = (s_2 - s_1) - \delta_1, \quad
    \omega = \frac{\lVert \delta_1 \rVert}{\lVert \delta_2 \rVert} \ge 1 .

With :math:`\omega = 1` that is :math:`s_2`.  A mixture whose likelihood is not higher for the
leap goes on from :math:`s_2`, so no leap ever lowers a likelihood.

============ ================ ============================================================
symbol       shape            meaning
============ ================ ============================================================
``M, K``                      number of mixtures, components in the largest of them
``spare``    (M, K)           places that a smaller mixture leaves empty
``theta``    (M, K), ...      parameters of all mixtures
``x``        (M, K), ...      statistics of all mixtures; N is 0 where spare
============ ================ ============================================================

Source: Varadhan & Roland (2008), *Simple and globally convergent methods for accelerating
the convergence of any EM algorithm*, Scandinavian Journal of Statistics 35(2),
https://doi.org/10.1111/j.1467-9469.2007.00585.x, scheme S3.
"""

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .blocks import one_blas_thread
from .checkpoints import next_entry
from .covariances import CovarianceModel
from .frames import ROUNDING, SingularCovariance, collapsed
from .parameters import Parameters, choose
from .priors import Known
from .statistics import Statistics
from .validation import are_positive_definite

SLOWEST = 1 - 1e-5  # the ratio of two gains that is taken for 1, or for one that is not known
FEW_STEPS = 10  # the least that a stretch of a climb with leaps may have
# So long a leap may be at first; and so many times as long after one that long which led higher.
REACH, LONGER = 16.0, 4
LEAPS = 2  # how often a leap that leads out of bounds is tried, the second time half as far


class Cell(NamedTuple):
    """One mixture to fit: how many components, and which covariances are allowed."""

    n_components: int
    model: CovarianceModel
    known: Known | None = None  # besides the data


class Run(NamedTuple):
    """How EM went from one start."""

    start: Parameters | None = None
    end: Parameters | None = None  # None if it went no further than a short run, or failed
    log_likelihood: float = -math.inf  # of the end
    objective: float = -math.inf  # of the end: what was climbed, with a prior log-posterior
    counts: np.ndarray | None = None  # of the end, (K,)
    history: Sequence = ()  # the objective after every step that was kept
    converged: bool = False
    error: str | None = None

    @classmethod
    def of(cls, start, end, *rest):
        """A run from what a checkpoint has of it."""
        return cls(
            *(None if theta is None else Parameters(*theta) for theta in (start, end)), *rest
        )


# ---- When to stop -----------------------------------------------------------------------------


def gain_to_come(gain, last_gain, log_likelihood, dtype):
    r"""Aitken's estimate of the gain in log-likelihood from the last step on (:eq:`aitken`).

    Gains shrink like a geometric series of ratio :math:`a^2 = \Delta_t / \Delta_{t-1}`, so

    .. math::

        \log p(X \mid \theta_\infty) - \log p(X \mid \theta_{t-1})
            \approx \frac{\Delta_t}{1 - a^2} .

    0 if the gain is lost in the rounding of the log-likelihood.  Where :math:`a^2` is not known
    yet, or gains grow, 1 / (1 - a^2) counts as a hundred thousand: a gain so much smaller than
    what one cares for is the end of a climb, whatever came before it.

    Source: Böhning, Dietz, Schaub, Schlattmann & Lindsay (1994), *The distribution of the
    likelihood ratio for mixtures of densities from the one-parameter exponential family*.
    """
    if abs(gain) <= ROUNDING[dtype] * abs(log_likelihood):
        return 0.0
    rate = gain / last_gain if last_gain else 0.0  # nan before the second step
    rate = max(rate, 0.0) if rate < SLOWEST else SLOWEST
    return abs(gain) / (1 - rate)


def left_after_leaps(history, x):
    """The same estimate where leaps make single gains uneven, after a step that led to x.

    The gains are those of two stretches, each a sixth of the way: one that is level for a few
    steps may rise again.
    """
    n = max(FEW_STEPS, len(history) // 6)
    if len(history) < 2 * n:
        return math.inf
    before, middle, now = history[-2 * n], history[-n], x.objective
    return gain_to_come(now - middle, middle - before, now, x.dtype)


# ---- Side by side -----------------------------------------------------------------------------


class SideBySide:
    """M mixtures of one data set, and the two halves of the step that they take together.

    The steps are those of a ``family``, :class:`~numpy_ml_gmm.GMM`.  Here is only what it means
    to be several: spare places, covariance models that differ, and failures.  A mixture of
    which a component collapses has log-likelihood -inf from then on, and ``failures[m]`` says
    why; its other results mean nothing.
    """

    def __init__(self, family, data, cells):
        self.family = family
        self.data = data
        self.cells = cells
        K = np.array([cell.n_components for cell in cells])
        self.noise = data.rows.box is not None  # it has the last place of all
        self.spare = np.arange(K.max(initial=0) + self.noise) >= K[:, None]  # (M, K)
        self.spare[:, self.spare.shape[1] - self.noise :] = False
        self.free = self.spare.copy()  # places (M, K) that need no points: that of the noise too
        self.free[:, self.spare.shape[1] - self.noise :] = True
        self.uneven = self.spare.any()
        self.known = cells[0].known and Known.together([cell.known for cell in cells], self.spare)
        self.kinds = {}  # covariance model -> numbers of its mixtures, or a slice
        for m, cell in enumerate(cells):
            self.kinds.setdefault(cell.model, []).append(m)
        for model, some in self.kinds.items():
            if some[-1] - some[0] == len(some) - 1:  # side by side: views, not copies
                self.kinds[model] = slice(some[0], some[-1] + 1)
        self.failures = {}
        self.reach = np.full(len(cells), REACH)  # how long the next leap may be: its omega

    def together(self, thetas):
        """Parameters of single mixtures as those of M, spare places filled."""
        theta = Parameters(*self._in_places(thetas))
        self._make_harmless(theta, self.spare)
        return theta

    def statistics_together(self, each):
        """Statistics of single mixtures, about one origin, as those of M; spare places hold 0."""
        sums = self._in_places([(x.counts, x.firsts, x.scatters) for x in each])
        return Statistics(*sums, np.zeros(len(each)), each[0].origin, each[0].dtype)

    def _in_places(self, each):
        """Arrays (K, ...) of single mixtures as those of M, (M, K, ...), with 0 in spare places."""
        together = [np.zeros((*self.spare.shape, *a.shape[1:])) for a in each[0]]
        for m, one in enumerate(each):
            for a, b in zip(together, one, strict=True):
                a[m, ~self.spare[m]] = b
        return together

    def alone(self, theta, m):
        """The parameters of one mixture, without spare places."""
        return Parameters(*(a[m, ~self.spare[m]] for a in theta))

    def step(self, theta, x):
        """A step of EM: parameters and their statistics, to the next."""
        return self.family.em_step(theta, x, self.m_step, self.e_step)

    def m_step(self, x, last=None):
        """Parameters from statistics; ``last`` are covariances (M, K, ...) to start from."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # spare places hold 0
            theta = self.family.maximise(x, self._rule, self.data.smoothing, last, self.known)
        sound = np.isfinite(theta.covariances).reshape(*self.spare.shape, -1).all(axis=-1)
        if self.known is None or self.known.prior is None:  # without one, no points, no covariance
            sound &= (theta.weights > 1e-15) | self.free
        if self.uneven or not sound.all():
            self._fail(theta, ~self.spare & ~sound)
            self._make_harmless(theta, self.spare)
        return theta

    def _rule(self, W, N, last):
        """From scatters to covariances, each mixture by its own model."""
        if len(self.kinds) == 1:
            return np.array(next(iter(self.kinds)).minimise(W, N, last))
        Sigma = np.empty_like(W)
        for model, members in self.kinds.items():
            before = None if last is None else last[members]
            Sigma[members] = model.minimise(W[members], N[members], before)
        return Sigma

    def e_step(self, theta):
        """Statistics from parameters; the log-likelihood of a failure is -inf."""
        while True:
            try:
                x = self.family.expect(theta, self.data.rows, self.data.frame, self.known)
                break
            except SingularCovariance as error:
                bad = np.zeros(self.spare.shape, bool)
                bad.flat[error.every] = True
                self._fail(theta, bad)
        if self.failures:
            x.log_likelihood[list(self.failures)] = -np.inf
        if self.uneven:
            for a in x.counts, x.firsts, x.scatters:
                a[self.spare] = 0
        return x._replace(log_prior=np.zeros(len(self.cells)) + x.log_prior)

    def _fail(self, theta, bad):
        """Note why each mixture with a bad component (M, K) fails, and make its place harmless."""
        for m in np.flatnonzero(bad.any(axis=1)):
            k = int(bad[m].argmax())
            reason = collapsed(k, theta.weights[m, k] * self.data.rows.total_weight)
            self.failures.setdefault(int(m), reason)
            self._make_harmless(theta, (m, ...))
            theta.weights[m, 0] = 1

    def _make_harmless(self, theta, where):
        """In some places (M, K), the moments of the data, and weight 0."""
        theta.weights[where], theta.means[where] = 0, self.data.mean
        theta.covariances[where] = self.data.covariance

    def leap(self, x0, x1, x2):
        """Statistics further along the way of two steps (:eq:`squarem`), for each mixture."""
        start, one, two = map(self._as_rows, (x0, x1, x2))
        first, second = one - start, two - 2 * one + start
        with np.errstate(over="ignore", invalid="ignore"):  # of a failure they mean nothing
            length, bend = np.linalg.norm(first, axis=1), np.linalg.norm(second, axis=1)
        known = (bend > 0) & (length < np.inf)
        omega = np.divide(length, bend, out=np.ones(len(length)), where=known)
        self.far, omega = omega >= self.reach, np.minimum(omega, self.reach)
        for _ in range(LEAPS):
            omega = np.maximum(omega, 1)[:, None]
            with np.errstate(over="ignore", invalid="ignore"):  # such a leap is not possible
                leapt = start + 2 * omega * first + omega**2 * second
                N, shifts, W = self._parted(leapt, like=x2)
            # Those of some points have counts and variances above 0.  A failure may hold nan.
            W[~np.isfinite(W).all(axis=-1)] = 0
            if x2.diagonal:
                positive = W.min(axis=-1) > 0
            else:
                some = np.where(self.free[..., None, None], np.eye(W.shape[-1]), W)
                positive = are_positive_definite(some)
            possible = ((N > 0) & positive | self.free & (N >= 0)).all(axis=1)
            x = self._as_statistics(N, shifts, W, like=x2)
            if possible.all():
                return x
            omega = np.where(possible, omega[:, 0], (omega[:, 0] + 1) / 2)
        return _changed(x2, lambda name: choose(possible, getattr(x, name), getattr(x2, name)))

    def _as_rows(self, x):
        """Counts, means and scatters in one row (M, P), in units of the data's spread."""
        parts = (
            a / unit
            for a, unit in zip((x.counts, x.shifts, x.scatters), self._units(), strict=True)
        )
        return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)

    def _parted(self, rows, like):
        """Counts, means and scatters of such rows, in the same units."""
        sums = like.counts, like.firsts, like.scatters
        parts = np.split(rows, np.cumsum([a[0].size for a in sums[:2]]), axis=1)
        return [part.reshape(a.shape) for part, a in zip(parts, sums, strict=True)]

    def _as_statistics(self, *parts, like):
        """Such counts, means and scatters as statistics; nothing is known of their likelihood."""
        N, shifts, W = (a * unit for a, unit in zip(parts, self._units(), strict=True))
        return like._replace(
            counts=N,
            firsts=N[..., None] * shifts,
            scatters=W,
            log_likelihood=np.full(len(N), -np.inf),
            log_prior=np.zeros(len(N)),
        )

    def _units(self):
        """What counts, means and scatters are measured in."""
        n, unit = self.data.rows.total_weight, np.sqrt(self.data.variances)
        square = unit * unit if self.data.covariance.ndim == 1 else np.outer(unit, unit)
        return n, unit, n * square

    def round_trip(self, theta, x):
        """Two plain steps and one after a leap: parameters, statistics, objectives (3, M).

        The third objective is nan where the leap was not worth it.
        """
        one, x1 = self.step(theta, x)
        two, x2 = self.step(one, x1)
        three, x3, higher = self.leapt(two, x, x1, x2)
        path = [x1.objective, x2.objective, np.where(higher, x3.objective, np.nan)]
        return three, x3, np.array(path)

    def leapt(self, theta, x0, x1, x2):
        """Parameters and statistics a step beyond a leap, and where (M,) that is higher than x2.

        Where it is not, they are theta and x2, to which two steps had led.
        """
        failures = dict(self.failures)
        three, x3 = self.step(theta, self.leap(x0, x1, x2))
        self.failures = failures  # where a leap leads says nothing of the mixture
        higher = x3.objective >= x2.objective
        longer = np.where(higher, LONGER * self.reach, np.maximum(self.reach / LONGER, 1))
        self.reach = np.where(self.far, longer, self.reach)
        theta = Parameters(*(choose(higher, a, b) for a, b in zip(three, theta, strict=True)))
        x = _changed(x2, lambda name: choose(higher, getattr(x3, name), getattr(x2, name)))
        return theta, x, higher


class Leaps:
    """Leaps of one mixture that climbs in view: one after every second step, if it leads higher."""

    def __init__(self, family, data, cell, x, reach=None):
        self.stack = SideBySide(family, data, [cell])
        self.stack.reach[:] = reach or REACH
        self.path = [x]  # statistics since the last leap

    @property
    def reach(self):
        """How long the next leap may be; None between the steps before it."""
        return float(self.stack.reach[0]) if len(self.path) == 1 else None

    def after(self, theta, x):
        """Where to go on from a step that led to theta and x."""
        self.path.append(x)
        if len(self.path) < 3:
            return theta, x
        seen = (_changed(s, lambda name, s=s: np.array([getattr(s, name)])) for s in self.path)
        theta, x, _ = self.stack.leapt(self.stack.together([theta]), *seen)
        heights = {name: float(getattr(x, name)[0]) for name in ("log_likelihood", "log_prior")}
        x = _changed(x, lambda name: getattr(x, name)[0])._replace(**heights)
        self.path = [x]
        return self.stack.alone(theta, 0), x


def _changed(x, function):
    """Statistics with other numbers: ``function`` of each field that has one for each mixture."""
    names = "counts", "firsts", "scatters", "log_likelihood", "log_prior"
    return x._replace(**{name: function(name) for name in names})


def climb(family, data, cells, starts, *, tol, max_iter, cuts=None, on_end=int):
    """EM from some starts, side by side and with leaps: a :class:`Run` for each.

    A mixture ends when what it can still gain is below ``tol`` nats a point, after ``max_iter``
    steps, or with a failure.  The others go on.

    Parameters
    ----------
    family : type
        :class:`~numpy_ml_gmm.GMM`.
    data : Data
        Of all mixtures, or of each its own.
    cells : list of Cell
    starts : list of Parameters
        One for each cell.
    tol, max_iter : float, int
        As for :class:`~numpy_ml_gmm.GMM`.
    cuts : dict, optional
        After how many steps it is decided who goes on, and a function for each: from the
        log-likelihoods (M,), -inf where one failed or was left behind, to the numbers of those who
        do.  Until the last cut all steps are plain.  One that has ended by then has its end.
    on_end : callable
        Is told how many end.
    """
    max_iter = min(max_iter, np.iinfo(int).max)  # NumPy's whole numbers have an end
    cuts = cuts or {}
    last_cut = max(cuts, default=0)
    runs = [Run(start, history=[]) for start in starts]
    going, N, first = np.arange(len(runs)), data.rows.total_weight, 0
    heights, entry = np.full(len(runs), -np.inf), next_entry()
    with one_blas_thread():  # small products, which threads would slow down
        if entry.state:  # a checkpoint has seen it
            runs, (stack, theta, x), rest = gone_before(family, data, cells, *entry.state)
            if stack is None:
                on_end(len(runs))
                return runs
            going, heights, left, gain, first = rest
        else:
            stack = SideBySide(family, data, cells)
            theta = stack.together(starts)
            x = stack.e_step(theta)
            left = gain = np.full(len(runs), np.nan)  # nothing is known yet
        for n_rounds in itertools.count(first):
            entry.keep(*as_kept(runs, going, heights, left, gain, n_rounds, stack, theta, x))
            heights[going] = x.objective
            steps = np.array([len(runs[m].history) for m in going])
            over = (left < float(tol)) | (steps >= max_iter)
            for i in np.flatnonzero(over):
                runs[going[i]] = runs[going[i]]._replace(
                    end=stack.alone(theta, i),
                    log_likelihood=float(x.log_likelihood[i]),
                    objective=float(x.objective[i]),
                    counts=x.counts[i, ~stack.spare[i]],
                    converged=bool(left[i] < tol),
                )
            for i, reason in stack.failures.items():
                runs[going[i]] = runs[going[i]]._replace(end=None, error=reason)
                over[i] = True
            if n_rounds in cuts:
                left_behind = ~over & ~np.isin(going, cuts[n_rounds](heights))
                heights[going[left_behind]] = -np.inf
                over |= left_behind
            if over.any():
                on_end(np.count_nonzero(over))
                if over.all():
                    entry.keep(runs, None)
                    return runs
                stack, theta, x = _narrowed(stack, theta, x, ~over)
                going, steps, gain = going[~over], steps[~over], gain[~over]
            last = x.objective
            if n_rounds >= last_cut and max_iter - steps.max() >= 3:
                theta, x, path = stack.round_trip(theta, x)
            else:
                theta, x = stack.step(theta, x)
                path = x.objective[None]
            for m, values in zip(going, path.T.tolist(), strict=True):
                runs[m].history.extend(value for value in values if math.isfinite(value))
            with np.errstate(invalid="ignore"):  # a failure has -inf
                before, gain = np.vstack([gain, np.diff([last, *path[:2]], axis=0)])[-2:]
                gained = np.fmax.reduce(path) - last
            pairs = zip(gain.tolist(), before.tolist(), x.objective.tolist(), strict=True)
            aitken = [gain_to_come(*pair, x.dtype) for pair in pairs]
            # The larger of what Aitken says of the plain steps, and what the whole round gained.
            left = np.where(np.equal(aitken, 0), 0, np.maximum(aitken, gained)) / N


def _narrowed(stack, theta, x, on):
    """The mixtures that go on, with room for the largest of them."""
    data, cells = stack.data.taken(on), [stack.cells[m] for m in np.flatnonzero(on)]
    few = SideBySide(stack.family, data, cells)
    few.reach = stack.reach[on]
    used = ~stack.spare[on].all(axis=0)
    cut = {name: getattr(x, name)[on][:, used] for name in ("counts", "firsts", "scatters")}
    x = x._replace(log_likelihood=x.log_likelihood[on], log_prior=x.log_prior[on], **cut)
    return few, Parameters(*(a[on][:, used] for a in theta)), x


def as_kept(runs, going, heights, left, gain, n_rounds, stack, theta, x):
    """A climb at the beginning of a round, for a checkpoint: nothing in it changes afterwards."""
    lengths = [len(run.history) for run in runs]  # histories do change, at their ends
    sums = x.counts, x.firsts, x.scatters, x.log_likelihood, x.origin, x.log_prior
    rest = going, heights.copy(), left, gain, n_rounds
    failures = list(stack.failures.items())
    return list(runs), [lengths, rest, failures, stack.reach, theta, sums]


def gone_before(family, data, cells, runs, state):
    """What :func:`as_kept` was given, from a checkpoint: runs, stack with theta and x, the rest."""
    runs = [Run.of(*run) for run in runs]
    if state is None:  # it had come to its end
        return runs, (None, None, None), None
    lengths, (going, *rest), failures, reach, theta, (*sums, log_prior) = state
    for run, length in zip(runs, lengths, strict=True):
        del run.history[length:]
    going = going.astype(int)
    stack = SideBySide(family, data.taken(going), [cells[m] for m in going])
    stack.failures, stack.reach = dict(failures), reach
    x = Statistics(*sums, data.rows.X.dtype, log_prior)
    return runs, (stack, Parameters(*theta), x), (going, *rest)
