r"""Many mixtures of the same data, fitted side by side.

A table of models or a set of restarts takes thousands of steps of EM on one data set.  On
small data each step is too short to keep NumPy busy.  Here M mixtures take their steps
together: one array for all of them, one call where there were M.

A step is GMM's own: expected statistics (:eq:`expected-statistics`), then the M step
(:eq:`m-step`) of each covariance model.  A long climb is shortened.  With x the counts,
means and scatters of every component, and two steps from :math:`x_0` to :math:`x_1` to
:math:`x_2`, the third starts from (:eq:`squarem`)

.. math::

    x' = x_0 - 2 \alpha\, r + \alpha^2 v, \qquad
    r = x_1 - x_0, \quad v = (x_2 - x_1) - r, \quad
    \alpha = -\frac{\lVert r \rVert}{\lVert v \rVert} \le -1 .

With :math:`\alpha = -1` that is :math:`x_2`.  A mixture whose likelihood is not higher for the
leap goes on from :math:`x_2`, so no leap ever lowers a likelihood.

============ ================ ============================================================
symbol       shape            meaning
============ ================ ============================================================
``M, K``                      number of mixtures, components in the largest of them
``spare``    (M, K)           places that a smaller mixture leaves empty
``N``        (M, K)           counts; 0 where spare
``mu``       (M, K, D)        means
``W``        (M, K, D, D)     scatter matrices, or (M, K, D) if all models are diagonal
``x``        (M, P)           all of these in one row, in units of the data's spread
============ ================ ============================================================

Source: Varadhan & Roland (2008), *Simple and globally convergent methods for accelerating
the convergence of any EM algorithm*, Scandinavian Journal of Statistics 35(2),
https://doi.org/10.1111/j.1467-9469.2007.00585.x, scheme S3.
"""

import math
from typing import NamedTuple

import numpy as np

from .blocks import Rows, blas_controller
from .covariances import CovarianceModel
from .gmm import gain_to_come
from .statistics import (
    EPS,
    Frame,
    SingularCovariance,
    components,
    diagonals,
    expected_statistics,
    one_component,
    statistics_of,
)
from .validation import check_alive, collapsed

__all__ = [
    "Cell",
    "Data",
    "Moments",
    "Parameters",
    "Result",
    "Stack",
    "climb",
    "search",
    "still_to_come",
]

SHORT_RUN, FINALISTS = 10, 3  # EM steps of every start, and how many starts go on to the end
LEAPS = 2  # how often a leap that leads out of bounds is tried, the second time half as far


class Cell(NamedTuple):
    """One mixture to fit: how many components, and which covariances are allowed.

    Examples
    --------
    >>> from numpy_ml_gmm.covariances import covariance_model
    >>> Cell(2, covariance_model("diag")).model.letters
    'VVI'
    """

    n_components: int
    model: CovarianceModel


class Moments(NamedTuple):
    """Counts, means and scatters of every component of every mixture.

    Examples
    --------
    >>> x = Moments(np.full((1, 2), 3.0), np.zeros((1, 2, 4)), np.ones((1, 2, 4)))
    >>> x.N.shape  # one mixture of two components
    (1, 2)
    """

    N: np.ndarray  # (M, K)
    mu: np.ndarray  # (M, K, D)
    W: np.ndarray  # (M, K, D, D), or (M, K, D)


class Parameters(NamedTuple):
    """Weights, means and covariances of every component of every mixture.

    Examples
    --------
    >>> theta = Parameters(np.ones((5, 1)), np.zeros((5, 1, 2)), np.ones((5, 1, 2)))
    >>> len(theta.pi)  # five mixtures
    5
    """

    pi: np.ndarray  # (M, K)
    mu: np.ndarray  # (M, K, D)
    Sigma: np.ndarray  # (M, K, D, D), or (M, K, D)


class Result(NamedTuple):
    """How one mixture ended: its parameters, or the reason why there are none.

    Examples
    --------
    >>> Result(error="component 1 has collapsed").converged
    False
    """

    parameters: Parameters | None = None  # (K,), (K, D) and in the shape that the user sees
    history: list = ()  # log-likelihood after every step that was kept
    converged: bool = False
    error: str | None = None


class Data(NamedTuple):
    """The rows, and what all mixtures of them share.

    Examples
    --------
    >>> data = Data.of(Rows(np.array([[0.0], [2.0]])), diagonal=True, var_smoothing=0.1)
    >>> data.mean, data.smoothing
    (array([1.]), array([0.1]))
    """

    rows: Rows
    mean: np.ndarray  # (D,)
    covariance: np.ndarray  # (D, D), or (D,) if only variances are looked at
    smoothing: np.ndarray  # (D,) what every variance grows by

    @classmethod
    def of(cls, rows, diagonal, var_smoothing):
        """Look at all rows as one component.

        Examples
        --------
        >>> Data.of(Rows(np.array([[0.0], [2.0]])), diagonal=False, var_smoothing=0.0).covariance
        array([[1.]])
        """
        N, mean, W = one_component(rows, diagonal).moments()
        smoothing = var_smoothing * diagonals(W)[0] / N[0]
        covariance = W[0] / N[0] + (smoothing if diagonal else np.diag(smoothing))
        return cls(
            rows._replace(frame=Frame.of(mean[0], covariance)), mean[0], covariance, smoothing
        )

    @property
    def units(self):
        """What counts, means and scatters are measured in.

        Examples
        --------
        >>> n, unit, _ = Data.of(Rows(np.array([[0.0], [2.0]])), True, 0.0).units
        >>> n, unit
        (2.0, array([1.]))
        """
        n, unit = self.rows.total_weight, np.sqrt(diagonals(self.covariance[None])[0])
        return n, unit, n * (unit * unit if self.covariance.ndim == 1 else np.outer(unit, unit))


class Stack:
    """M mixtures of one data set, and the step of EM that they take together.

    Examples
    --------
    >>> from numpy_ml_gmm.covariances import covariance_model
    >>> data = Data.of(Rows(np.array([[0.0], [1.0], [5.0], [6.0]])), True, 0.0)
    >>> Stack(data, [Cell(1, covariance_model("EII")), Cell(2, covariance_model("VII"))]).spare
    array([[False,  True], [False, False]])
    """

    def __init__(self, data, cells):
        self.data = data
        K = np.array([cell.n_components for cell in cells])
        self.spare = np.arange(K.max(initial=0)) >= K[:, None]  # (M, K)
        models = [cell.model for cell in cells]
        self.kinds = [
            (model, np.array([m for m, other in enumerate(models) if other is model]))
            for model in dict.fromkeys(models)
        ]

    def step(self, x, last=None):
        """A step of EM from moments x, which were found with parameters ``last``.

        Returns
        -------
        Parameters, Moments, log-likelihoods (M,), failures
            ``failures`` is a dict from a mixture's number to the reason.  The log-likelihood
            of a failure is -inf, and its other results mean nothing.

        Examples
        --------
        >>> from numpy_ml_gmm.covariances import covariance_model
        >>> data = Data.of(Rows(np.array([[0.0], [1.0], [5.0], [6.0]])), True, 0.0)
        >>> stack = Stack(data, [Cell(2, covariance_model("VVI"))])
        >>> x = Moments(np.full((1, 2), 2.0), np.array([[[0.5], [5.5]]]), np.full((1, 2, 1), 0.5))
        >>> stack.step(x)[2].round(2)  # the log-likelihood
        array([-5.68])
        """
        theta, failures = self.m_step(x, last)
        x, log_likelihood, more = self.e_step(theta)
        failures |= more
        log_likelihood[list(failures)] = -np.inf
        return theta, x, log_likelihood, failures

    def m_step(self, x, last=None):
        """The parameters that maximise each Q (:eq:`m-step`), and failures.

        Examples
        --------
        >>> from numpy_ml_gmm.covariances import covariance_model
        >>> data = Data.of(Rows(np.array([[0.0], [1.0], [5.0], [6.0]])), True, 0.0)
        >>> stack = Stack(data, [Cell(2, covariance_model("VVI"))])
        >>> x = Moments(np.full((1, 2), 2.0), np.array([[[0.5], [5.5]]]), np.full((1, 2, 1), 0.5))
        >>> stack.m_step(x)[0].Sigma.ravel()
        array([0.25, 0.25])
        """
        W = x.W.copy()  # (M, K, D, D)
        diagonals(W.reshape(-1, *W.shape[2:]))[...] += x.N.reshape(-1, 1) * self.data.smoothing
        Sigma = np.empty_like(W)
        for model, members in self.kinds:
            before = None if last is None else last.Sigma[members]
            Sigma[members] = model.minimise(W[members], x.N[members], before)
        theta = Parameters(x.N / x.N.sum(axis=1, keepdims=True), x.mu.copy(), Sigma)
        finite = np.isfinite(Sigma).reshape(*self.spare.shape, -1).all(axis=-1)
        failures = self._failures(theta, ~self.spare & ~(finite & (theta.pi > 1e-15)))
        self._make_harmless(theta, self.spare)
        return theta, failures

    def e_step(self, theta):
        """Moments under the posterior of each mixture (:eq:`e-step`), likelihoods, failures.

        Examples
        --------
        >>> from numpy_ml_gmm.covariances import covariance_model
        >>> data = Data.of(Rows(np.array([[0.0], [1.0], [5.0], [6.0]])), True, 0.0)
        >>> stack = Stack(data, [Cell(2, covariance_model("VVI"))])
        >>> x = Moments(np.full((1, 2), 2.0), np.array([[[0.5], [5.5]]]), np.full((1, 2, 1), 0.5))
        >>> stack.e_step(stack.m_step(x)[0])[0].N.round(2)
        array([[2., 2.]])
        """
        rows, shape, failures = self.data.rows, self.spare.shape, {}
        while True:
            try:
                flat = (a.reshape(-1, *a.shape[2:]) for a in theta)
                groups = components(*flat, rows.X.dtype, rows.frame)
                break
            except SingularCovariance as error:
                bad = np.zeros(shape, bool)
                bad.flat[error.k] = True
                failures |= self._failures(theta, bad)
        statistics = expected_statistics(rows, groups, shape)
        x = Moments(*(a.reshape(*shape, *a.shape[1:]) for a in statistics.moments()))
        x.N[self.spare], x.mu[self.spare], x.W[self.spare] = 0, self.data.mean, 0
        return x, statistics.log_likelihood, failures

    def leap(self, x0, x1, x2):
        """Moments further along the way of two steps (:eq:`squarem`), for each mixture.

        Examples
        --------
        >>> from numpy_ml_gmm.covariances import covariance_model
        >>> data = Data.of(Rows(np.array([[0.0], [1.0], [5.0], [6.0]])), True, 0.0)
        >>> stack = Stack(data, [Cell(2, covariance_model("VVI"))])
        >>> x = Moments(np.full((1, 2), 2.0), np.array([[[0.5], [5.5]]]), np.full((1, 2, 1), 0.5))
        >>> path = [x._replace(mu=x.mu + 0.1 * 0.5**t) for t in range(3)]  # halves its error
        >>> np.allclose(stack.leap(*path).mu, x.mu)
        True
        """
        start, one, two = map(self._as_rows, (x0, x1, x2))
        r, v = one - start, two - 2 * one + start
        length, bend = np.linalg.norm(r, axis=1), np.linalg.norm(v, axis=1)
        alpha = -np.divide(length, bend, out=np.ones(len(r)), where=bend > 0)
        for _ in range(LEAPS):
            alpha = np.minimum(alpha, -1)[:, None]
            x = self._as_moments(start - 2 * alpha * r + alpha**2 * v, like=x2)
            possible = self._are_possible(x)
            if possible.all():
                return x
            alpha = np.where(possible, alpha[:, 0], (alpha[:, 0] - 1) / 2)
        return choose(possible, x, x2)

    def _are_possible(self, x):
        """Whether moments are those of some points: counts and variances above 0, (M,)."""
        diagonal = x.W.ndim == x.mu.ndim
        least = x.W.min(axis=-1) if diagonal else np.linalg.eigvalsh(x.W)[..., 0]
        return ((x.N > 0) & (least > 0) | self.spare).all(axis=1)

    def _as_rows(self, x):
        """Moments as rows (M, P), in the units of the data, from its mean."""
        x = x._replace(mu=x.mu - self.data.mean)
        parts = [a / unit for a, unit in zip(x, self.data.units, strict=True)]
        return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)

    def _as_moments(self, rows, like):
        """Rows (M, P) as moments again."""
        parts = np.split(rows, np.cumsum([like.N[0].size, like.mu[0].size]), axis=1)
        shaped = (part.reshape(a.shape) for part, a in zip(parts, like, strict=True))
        x = Moments(*(a * unit for a, unit in zip(shaped, self.data.units, strict=True)))
        return x._replace(mu=x.mu + self.data.mean)

    def _make_harmless(self, theta, where):
        """In some places (M, K), the moments of the data, and weight 0."""
        theta.pi[where], theta.mu[where] = 0, self.data.mean
        theta.Sigma[where] = self.data.covariance

    def _failures(self, theta, bad):
        """The reason of each mixture with a bad component (M, K), whose place is made harmless."""
        failures = {}
        for m in np.flatnonzero(bad.any(axis=1)):
            k = int(bad[m].argmax())
            failures[int(m)] = collapsed(k, theta.pi[m, k] * self.data.rows.total_weight)
            self._make_harmless(theta, (m, ...))
            theta.pi[m, 0] = 1
        return failures


def choose(condition, one, other):
    """For each mixture (M,) the arrays of one, or else of the other."""
    pairs = zip(one, other, strict=True)
    return type(one)(
        *(np.where(condition.reshape(-1, *[1] * (a.ndim - 1)), a, b) for a, b in pairs)
    )


def stacked(moments):
    """Moments of single mixtures, (K,), (K, D), ..., as those of a stack."""
    K = max(len(x.N) for x in moments)
    x = Moments(*(np.zeros((len(moments), K, *a.shape[1:])) for a in moments[0]))
    for m, one in enumerate(moments):
        for a, b in zip(x, one, strict=True):
            a[m, : len(b)] = b
    return x


def walk(stack, x, n_steps):
    """A few plain steps: moments, log-likelihoods (M,) and failures."""
    theta, failures = None, {}
    for _ in range(n_steps):
        theta, x, log_likelihood, more = stack.step(x, theta)
        failures = more | failures
    log_likelihood[list(failures)] = -np.inf
    return x, log_likelihood, failures


def round_trip(stack, x, theta):
    """Two plain steps and one after a leap: parameters, moments, likelihoods (3, M), failures.

    The third likelihood is nan where the leap was not worth it.
    """
    one, x1, first, failures = stack.step(x, theta)
    two, x2, second, more = stack.step(x1, one)
    three, x3, third, _ = stack.step(stack.leap(x, x1, x2), two)
    higher = third >= second
    path = np.array([first, second, np.where(higher, third, np.nan)])
    return choose(higher, three, two), choose(higher, x3, x2), path, more | failures


def still_to_come(path, last):
    """Gain in log-likelihood that each mixture can still expect after a round, in nats (M,).

    The larger of what Aitken's formula says of the two plain steps (:eq:`aitken`), and what
    the whole round gained since ``last``.

    Examples
    --------
    >>> still_to_come(np.array([[-6.0], [-4.0], [np.nan]]), np.array([-10.0]))
    array([6.])
    """
    with np.errstate(invalid="ignore"):  # a failure has -inf
        gain, before, gained = path[1] - path[0], path[0] - last, np.fmax.reduce(path) - last
    aitken = [gain_to_come(*pair) for pair in zip(gain.tolist(), before.tolist(), strict=True)]
    lost_in_rounding = np.abs(gain) <= EPS * np.abs(path[1])
    return np.where(lost_in_rounding, 0.0, np.maximum(aitken, gained))


def climb(data, cells, x, *, tol, max_iter, on_end=int):
    """EM with leaps from moments x to the end: a :class:`Result` for each cell.

    A mixture ends when what it can still gain is below ``tol`` nats a point, after
    ``max_iter`` steps, or with a failure.  The others go on.  ``on_end`` is told how many end.

    Examples
    --------
    >>> from numpy_ml_gmm.covariances import covariance_model
    >>> rows = Rows(np.array([[0.0], [1.0], [5.0], [6.0]]))
    >>> cells, r = [Cell(2, covariance_model("VVI"))], np.eye(2)[[0, 0, 1, 1]]
    >>> x = stacked([Moments(*statistics_of(rows, r, diagonal=True).moments())])
    >>> climb(Data.of(rows, True, 0.0), cells, x, tol=1e-7, max_iter=100)[0].converged
    True
    """
    results, histories = [None] * len(cells), [[] for _ in cells]
    going, theta, stack = np.arange(len(cells)), None, Stack(data, cells)
    last = np.full(len(cells), -np.inf)
    while len(going):
        theta, x, path, failures = round_trip(stack, x, theta)
        left = still_to_come(path, last) / data.rows.total_weight
        for m, (i, values) in enumerate(zip(going, path.T.tolist(), strict=True)):
            histories[i] += [value for value in values if not math.isnan(value)]
            if m in failures:
                results[i] = Result(error=failures[m])
            elif left[m] < tol or len(histories[i]) >= max_iter:
                parameters = as_seen(theta, m, cells[i], data.rows.X.dtype)
                results[i] = Result(parameters, histories[i], bool(left[m] < tol))
        on = np.array([results[i] is None for i in going])
        going, last = going[on], np.fmax.reduce(path)[on]
        if not on.all():
            on_end((~on).sum())
            stack, theta, x = narrowed(data, [cells[i] for i in going], theta, x, on)
    return results


def narrowed(data, cells, theta, x, on):
    """A stack of the mixtures that go on, with room for the largest of them."""
    stack = Stack(data, cells)
    K = stack.spare.shape[1]
    return stack, *(type(some)(*(a[on, :K] for a in some)) for some in (theta, x))


def as_seen(theta, m, cell, dtype):
    """One mixture's parameters without spare places, in the shapes that the user sees."""
    (K, model), pi, mu, Sigma = cell, *(a[m] for a in theta)
    Sigma = Sigma[:K, ..., 0] if model.letters[1] == "I" else Sigma[:K]
    Sigma = Sigma if "V" in model.letters else Sigma[0]
    return Parameters(*(np.array(a, dtype) for a in (pi[:K], mu[:K], Sigma)))


def search(rows, few, cells, guesses, *, var_smoothing, **limits):
    """Fit each cell from the most promising of some starts.

    Parameters
    ----------
    rows : Rows
        The data.
    few : Rows
        The data, or a sample of it: what starts are found on.
    cells : list of Cell
    guesses : dict
        For each K some responsibilities (n of few, K), one array for each start.
    var_smoothing : float
    **limits
        ``tol``, ``max_iter`` and ``on_end`` of :func:`climb`.

    Returns
    -------
    list of lists of Result
        For each cell the ends of the starts that went on.

    Examples
    --------
    >>> from numpy_ml_gmm.covariances import covariance_model
    >>> rows = Rows(np.array([[0.0], [1.0], [5.0], [6.0]]))
    >>> cells, r = [Cell(2, covariance_model("VVI"))], np.eye(2)[[0, 0, 1, 1]]
    >>> ends = search(rows, rows, cells, {2: [r]}, var_smoothing=0.0, tol=1e-7, max_iter=100)
    >>> ends[0][0].parameters.mu.round(2).ravel()
    array([0.5, 5.5])
    """
    found = {}
    with blas_controller().limit(limits=1):  # small products, which threads would slow down
        for diagonal in {cell.model.diagonal for cell in cells}:
            some = [cell for cell in cells if cell.model.diagonal is diagonal]
            settings = limits | {"var_smoothing": var_smoothing, "diagonal": diagonal}
            results = _search_kind(rows, few, some, guesses, **settings)
            found |= dict(zip(some, results, strict=True))
    return [found[cell] for cell in cells]


def _search_kind(rows, few, cells, guesses, *, diagonal, var_smoothing, max_iter, **limits):
    """:func:`search` for cells that are all diagonal, or none of them."""
    try:
        brief = Data.of(few, diagonal, var_smoothing)
        data = brief if few is rows else Data.of(rows, diagonal, var_smoothing)
    except SingularCovariance:
        return [[Result(error=collapsed(None))] for _ in cells]
    starts = {K: [_moments_of(few, r, diagonal) for r in guesses[K]] for K, _ in cells}
    ends = [[x for x in starts[K] if isinstance(x, Result)] for K, _ in cells]
    tries = [(c, x) for c, (K, _) in enumerate(cells) for x in starts[K] if isinstance(x, Moments)]
    if not tries:
        return ends
    owner, x = np.array([c for c, _ in tries]), stacked([x for _, x in tries])
    if len(tries) > len(cells):
        owner, x = _after_short_run(brief, cells, owner, x, min(SHORT_RUN, max_iter), ends)
    scale = rows.total_weight / few.total_weight
    x = x._replace(N=x.N * scale, W=x.W * scale)
    going = [cells[c] for c in owner]
    for c, end in zip(owner, climb(data, going, x, max_iter=max_iter, **limits), strict=True):
        ends[c].append(end)
    return ends


def _after_short_run(data, cells, owner, x, n_steps, ends):
    """Who goes on after a few steps, with their moments; failures are added to the ends."""
    x, log_likelihood, failures = walk(Stack(data, [cells[c] for c in owner]), x, n_steps)
    for m, reason in failures.items():
        ends[owner[m]].append(Result(error=reason))
    best = promising(owner, log_likelihood)
    return owner[best], Moments(*(a[best] for a in x))


def _moments_of(rows, r, diagonal):
    """Moments for given responsibilities (N, K), or a failure if a component has no points."""
    try:
        return Moments(*check_alive(statistics_of(rows, r, diagonal)).moments())
    except ValueError as error:
        return Result(error=str(error))


def promising(owner, log_likelihood):
    """The numbers of the likeliest few tries of each owner; failures, at -inf, are left out."""
    order = np.lexsort((-log_likelihood, owner))
    _, first, place = np.unique(owner[order], return_index=True, return_inverse=True)
    rank = np.arange(len(order)) - first[place]
    return np.sort(order[(rank < FINALISTS) & np.isfinite(log_likelihood[order])])
