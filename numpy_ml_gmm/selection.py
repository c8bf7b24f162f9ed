r"""Choosing a mixture: a table over the number of components and the covariance model.

More parameters always fit better, so each criterion charges for them.  With
df free parameters, N points and :math:`\hat z` the most probable components,

.. math::

    \mathrm{AIC} &= -2 \log p(X \mid \theta) + 2 \, \mathrm{df} \\
    \mathrm{BIC} &= -2 \log p(X \mid \theta) + \mathrm{df} \log N \\
    \mathrm{ICL} &= -2 \log p(\hat Z, X \mid \theta) + \mathrm{df} \log N .

Of these smaller is better (R's mclust prints BIC and ICL negated).  AIC aims at
prediction and tends to choose too many components; BIC at the density; ICL at
clusters that do not overlap.  The silhouette looks at distances alone, and
larger is better.

========== ============= =======================================================
symbol     shape         meaning
========== ============= =======================================================
``X``      (N, D)        the data
``K``                    number of components
``z``      (N,)          most probable component of each point
``cells``                one fit for each K and each covariance model
========== ============= =======================================================

The whole table climbs side by side: see :mod:`numpy_ml_gmm.em`.

Sources: Akaike (1974), *A new look at the statistical model identification*;
Schwarz (1978), *Estimating the dimension of a model*; Biernacki, Celeux &
Govaert (2000), *Assessing a mixture model for clustering with the integrated
completed likelihood*; Rousseeuw (1987), *Silhouettes*; Scrucca, Fop, Murphy &
Raftery (2016), *mclust 5*, for the table.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist
from scipy.special import softmax
from tqdm import tqdm

from .blocks import slices
from .checkpoints import Journal, fingerprint, next_entry
from .covariances import MODELS, covariance_model
from .em import Cell, Run, climb
from .frames import TINY, Natural, SingularCovariance
from .gmm import GMM
from .hints import Checkpoint, Given, Init, Seed
from .priors import NormalInverseWishart
from .processes import in_processes
from .restarts import (
    FINALISTS,
    Start,
    collapse,
    first_statistics,
    likeliest,
    search,
    start_parameters,
)
from .starts import (
    check_init,
    counts_of,
    first_guesses,
    is_random,
    parted,
    some_rows,
    standardised,
)
from .training import completed_rows
from .validation import (
    as_array,
    check_count,
    check_enough_rows,
    check_rows,
    random_generator,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Selection", "TableRow", "select", "silhouette"]

LARGER_IS_BETTER = {"silhouette", "log_likelihood"}
CRITERIA = ("bic", "aic", "icl", "silhouette")
ROWS_IN_SILHOUETTE, ROWS_AT_ONCE = 5000, 256
TO_THE_END = 1e-3  # the part of tol that the best rows are climbed to
LARGE = 2**22  # numbers in the data: 32 megabytes, from where on processes get no copies


@dataclass
class TableRow:
    """One cell of the table: a fitted mixture, or the reason why there is none.

    Examples
    --------
    >>> TableRow(3, "VVV", error="component 1 has collapsed").bic
    nan
    """

    n_components: int
    covariance_type: str
    log_likelihood: float = np.nan  # the sum over points, in nats
    n_parameters: int | None = None
    aic: float = np.nan
    bic: float = np.nan
    icl: float = np.nan
    silhouette: float = np.nan
    converged: bool = False
    error: str | None = None
    model: GMM | None = None


class Selection:
    """A table of fits, ranked by one criterion.

    Attributes
    ----------
    rows : list of TableRow
        Every cell, K by K within each covariance model, failures included.
    criterion : str
        What :attr:`best` and :meth:`top` go by.

    Examples
    --------
    >>> Selection([TableRow(1, "VVV", bic=9.0), TableRow(2, "VVV", bic=7.0)], "bic")
    <Selection: 2 fits, 0 failed, best VVV with 2 components by bic>
    """

    def __init__(self, rows: list[TableRow], criterion: str) -> None:
        self.rows = rows
        self.criterion = criterion

    @property
    def best(self) -> GMM:
        """The best mixture, fitted; a ValueError if no row has a value of the criterion.

        Examples
        --------
        >>> from numpy_ml_gmm import load_iris
        >>> select(load_iris().X, [1, 2, 3], "VEV").best.n_components
        2
        """
        if not self.top(1):
            raise ValueError(f"no fit has a {self.criterion}: choose another criterion")
        return self.top(1)[0].model  # type: ignore[return-value]

    def top(self, n: int = 3) -> list[TableRow]:
        """The n best rows, the best first.  Failures are left out.

        Examples
        --------
        >>> table = Selection([TableRow(1, "VVV", bic=9.0), TableRow(2, "VVV", bic=7.0)], "bic")
        >>> [row.n_components for row in table.top(1)]
        [2]
        """
        sign = -1 if self.criterion in LARGER_IS_BETTER else 1
        ranked = [row for row in self.rows if not np.isnan(getattr(row, self.criterion))]
        return sorted(ranked, key=lambda row: sign * getattr(row, self.criterion))[:n]

    @property
    def failures(self) -> list[TableRow]:
        """The rows without a fit; ``error`` says why.

        Examples
        --------
        >>> table = [TableRow(1, "VVV", bic=9.0), TableRow(9, "VVV", error="too few points")]
        >>> [row.error for row in Selection(table, "bic").failures]
        ['too few points']
        """
        return [row for row in self.rows if row.error]

    def to_pandas(self) -> pd.DataFrame:
        """The table as a pandas frame, without the models.

        Raises
        ------
        ImportError
            If pandas is not installed.

        Examples
        --------
        >>> table = Selection([TableRow(1, "VVV", bic=9.0)], "bic")
        >>> table.to_pandas()["bic"].tolist()
        [9.0]
        """
        import pandas as pd

        names = [field.name for field in fields(TableRow) if field.name != "model"]
        return pd.DataFrame([{name: getattr(row, name) for name in names} for row in self.rows])

    def __repr__(self) -> str:
        return f"<Selection: {len(self.rows)} fits, {len(self.failures)} failed, {self._verdict()}>"

    def __str__(self) -> str:
        types = list(dict.fromkeys(row.covariance_type for row in self.rows))
        table = self._long_table() if len(types) == 1 else self._wide_table(types)
        lines = [*aligned(table), "", *self._ranking()]
        reasons: dict[str | None, list[TableRow]] = {row.error: [] for row in self.failures}
        for row in self.failures:
            reasons[row.error].append(row)
        why = [f"{describe_several(rows)}: {reason}" for reason, rows in reasons.items()]
        return "\n".join(lines + (["", "No fit (-):", *why] if why else []))

    def _long_table(self):
        head = ["K", "log-likelihood", "parameters", "AIC", "BIC", "ICL", "silhouette", "converged"]
        return [head, *map(self._long_row, self.rows)]

    def _long_row(self, row):
        values = map(number, (row.aic, row.bic, row.icl))
        converged = "-" if row.error else "yes" if row.converged else "no"
        first = [str(row.n_components), number(row.log_likelihood), str(row.n_parameters or "-")]
        return [*first, *values, number(row.silhouette, 4), converged]

    def _wide_table(self, types):
        cells = {(row.n_components, row.covariance_type): row for row in self.rows}
        digits = 4 if self.criterion == "silhouette" else 2
        body = [
            [str(K), *(number(getattr(cells[K, name], self.criterion), digits) for name in types)]
            for K in dict.fromkeys(row.n_components for row in self.rows)
        ]
        return [["K", *types], *body]

    def _ranking(self):
        name = self.criterion if self.criterion == "silhouette" else self.criterion.upper()
        sense = "larger" if self.criterion in LARGER_IS_BETTER else "smaller"
        best = [f"{describe(row)} ({getattr(row, self.criterion):.4f})" for row in self.top(3)]
        then = f"; then {', '.join(best[1:])}" if best[1:] else ""
        return [f"Best by {name} ({sense} is better): {best[0]}{then}" if best else self._verdict()]

    def _verdict(self):
        best = self.top(1)
        return f"best {describe(best[0])} by {self.criterion}" if best else "no best"


def describe(row):
    """A cell in words.

    Examples
    --------
    >>> describe(TableRow(2, "VEV"))
    'VEV with 2 components'
    """
    return f"{row.covariance_type} with {row.n_components} component" + "s" * (row.n_components > 1)


def describe_several(rows):
    """Cells in words, those of several models together.

    Examples
    --------
    >>> rows = [TableRow(K, name) for name in ("EEE", "VVV") for K in (2, 3, 4, 7)]
    >>> describe_several(rows)
    'EEE, VVV with 2 to 4, 7 components'
    """
    Ks_of = {row.covariance_type: [] for row in rows}
    for row in rows:
        Ks_of[row.covariance_type].append(row.n_components)
    types_of = {}
    for name, Ks in Ks_of.items():
        types_of.setdefault(tuple(sorted(Ks)), []).append(name)
    parts = []
    for Ks, types in types_of.items():
        runs = np.split(Ks, np.flatnonzero(np.diff(Ks) > 1) + 1)
        counts = [
            f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs
        ]
        word = "component" + "s" * (Ks != (1,))
        parts.append(f"{', '.join(types)} with {', '.join(counts)} {word}")
    return "; ".join(parts)


def number(value, digits=2):
    """A number for the table; - where there is none.

    Examples
    --------
    >>> number(2.0), number(np.nan)
    ('2.00', '-')
    """
    return "-" if np.isnan(value) else f"{value:.{digits}f}"


def aligned(table):
    """Rows of text, each column as wide as its widest cell.

    Examples
    --------
    >>> aligned([["K", "BIC"], ["10", "3.25"]])
    [' K   BIC', '10  3.25']
    """
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in table]


@np.errstate()  # NumPy's settings are put back, even if Ctrl-C comes as they change
def select(
    X: ArrayLike,
    n_components: int | Iterable[int] = range(1, 10),
    covariance_types: str | Sequence[str] = "all",
    criterion: str = "bic",
    *,
    sample_weight: Given = None,
    priors: Given = None,
    init_params: Init | tuple[Start, ...] = ("hierarchical", "kmeans"),
    n_init: int = 1,
    tol: float = 1e-4,
    max_iter: int = 1000,
    var_smoothing: float = 1e-6,
    rounds: int = 2,
    random_state: Seed = 0,
    n_jobs: int | None = None,
    progress: bool = False,
    conjugate_prior: str | Mapping[str, Any] | NormalInverseWishart | None = None,
    noise: bool = False,
    checkpoint: Checkpoint = None,
) -> Selection:
    """Fit every number of components with every covariance model, and choose.

    Parameters
    ----------
    X : array (N, D)
    n_components : int or sequence of int
        The values of K to try.
    covariance_types : str or sequence of str
        Names or letters as for :class:`~numpy_ml_gmm.GMM`; ``"all"`` is all fourteen.
    criterion : str
        ``"bic"``, ``"aic"``, ``"icl"`` or ``"silhouette"``.
    sample_weight : array (N,), optional
        How often each row counts: the criteria are those of the repeated rows.
    priors : array (N,) or (N, K), optional
        What is known of the rows' components, as for :meth:`numpy_ml_gmm.GMM.fit`: labels, -1
        where there is none, or probabilities if only one K is tried.
    init_params : str, array, callable, or tuple of these
        Where EM starts, as for :class:`~numpy_ml_gmm.GMM`.  Of several, each cell keeps the
        likeliest fit.
    n_init : int
        How often a random start is drawn, once for all covariance models.
    tol : float
        A fit stops when the gain still to come is below ``tol`` nats a point.  The three
        best go on to a thousandth of that, with up to ``max_iter`` steps more.
    max_iter, var_smoothing : int, float
        As for :class:`~numpy_ml_gmm.GMM`.
    rounds : int
        1 climbs from the starts alone.  From the second round on each cell starts again from the
        partitions of the best cells with as many components, one more, and one fewer.
    random_state : int, numpy.random.Generator or None
        Seed of the starts.  With the default the same data give the same table.
    n_jobs : int or None
        None is 1, -1 is every core.  Processes, which share out the covariance models; with
        large data, or one model, threads.  The result does not depend on it but for rounding.
    progress : bool
        Whether to show a progress bar.
    conjugate_prior, noise
        As for :class:`~numpy_ml_gmm.GMM`, in every cell.  With a prior the criteria are those of
        the log-likelihood at the mode, as in mclust, and no cell can collapse.
    checkpoint : path, or (path, seconds), optional
        A file that the state goes to every 30 seconds, or every so many, as for
        :meth:`numpy_ml_gmm.GMM.fit`.  Processes hand in what they have when they are done, so with
        ``n_jobs`` it is coarser.

    Returns
    -------
    Selection

    Raises
    ------
    ValueError, TypeError
        For data or arguments that do not fit, and if every cell fails.  One
        cell's failure is no error: its row says why.

    Notes
    -----
    The likelihood of a mixture has no upper bound: a component that shrinks to
    a point, or to a plane through a few points, raises it for ever.  With
    ``var_smoothing`` such a fit comes to rest at a high likelihood that means
    nothing.  A fit with a component that has no volume of its own is therefore a failure here;
    see :func:`~numpy_ml_gmm.restarts.collapse`. So is every
    covariance model that is not diagonal where a column is a linear function of others.

    With the default ``tol`` the rows that are not among the best may still gain a few
    tenths, on long plateaus more.  ``tol=1e-7`` for the whole table takes about twice as long.

    Examples
    --------
    >>> from numpy_ml_gmm import load_old_faithful
    >>> print(select(load_old_faithful().X, [2, 3], ["EEE", "VVV"]))
    K      EEE      VVV
    2  2325.22  2322.19
    3  2314.30  2324.18
    <BLANKLINE>
    Best by BIC (smaller is better): EEE with 3 components (2314.2957); then \
VVV with 2 components (2322.1917), VVV with 3 components (2324.1784)
    """
    if criterion not in CRITERIA:
        raise ValueError(f"criterion={criterion!r} is not known: choose {', '.join(CRITERIA)}")
    Ks, types = check_components(n_components), check_types(covariance_types)
    inits: tuple = init_params if isinstance(init_params, tuple) else (init_params,)
    if not inits:
        raise ValueError("init_params=() is empty: name one kind of start or more")
    for init in inits:
        check_init(init)
    rounds = check_count(rounds, "rounds")
    if len(Ks) == len(types) == 1 or not all(isinstance(init, str) for init in inits):
        rounds = 1  # nothing to learn from, or starts that are known
    settings: dict[str, Any] = {"tol": tol, "max_iter": max_iter, "var_smoothing": var_smoothing}
    settings |= {"conjugate_prior": conjugate_prior, "noise": noise}
    settings |= {"n_init": n_init, "n_jobs": n_jobs, "random_state": random_state}
    check_table_priors(priors, Ks)
    door = GMM(**settings)
    rows = door._check_training_rows(X, sample_weight, priors, n_places=max(Ks) + bool(noise))
    if not any(np.ndim(init) for init in inits):  # labels, say, are those of all rows
        rows = rows.with_weight()

    def whose():
        found = {"n_components": Ks, "covariance_types": types, "criterion": criterion}
        found |= {**settings, "init_params": inits, "rounds": rounds, "n_jobs": rows.n_jobs}
        return {"class": "select", **found, "X": fingerprint(rows)}

    journal = Journal(checkpoint, whose, one_seed(random_state))
    settings["random_state"] = journal.seed
    with journal, journal.active():
        look = GMM(covariance_type="diag", **settings)
        data = look._data(rows)  # an error about the data is none about a model
        models = [GMM(K, covariance_type=t, **settings) for t in types for K in Ks]
        with tqdm(total=len(models), desc="fits", disable=not progress, leave=False) as bar:
            ends = fit_table(data, models, inits, rounds, bar.update)
        table = [row_of(model, runs, data) for model, runs in zip(models, ends, strict=True)]
        if sound := [row for row in table if not row.error]:
            add_clusters(rows, sound)
        for row in sound:
            row.model._remember_features(X)
        selection = Selection(table, criterion)
        finish(data, selection, TO_THE_END * tol)  # the last may collapse on the way
    if all(row.error for row in table):
        raise ValueError(f"no cell could be fitted; {describe(table[0])}: {table[0].error}")
    return selection


def check_table_priors(priors, Ks):
    """Labels become priors (N, K) for the largest K; those of a smaller one are its first columns.

    With noise there is a column more, which stays the last one of any K.
    """
    shape = priors.shape if hasattr(priors, "shape") else as_array(priors, "priors").shape
    if len(shape) > 1 and len(Ks) > 1:
        raise ValueError(
            f"priors has shape {shape}, but K={Ks} are tried: give labels (N,), -1 "
            "where there is none, or try one K"
        )


def check_components(n_components):
    """The values of K, each a whole number of at least 1, none twice.

    Examples
    --------
    >>> check_components([2, 3, 2]), check_components(4)
    ([2, 3], [4])
    """
    values = list(n_components) if np.iterable(n_components) else [n_components]
    if not values:
        raise ValueError(f"n_components={n_components!r} is empty: give one K or more")
    return list(dict.fromkeys(check_count(K, "n_components") for K in values))


def check_types(covariance_types):
    """The names of covariance models, none twice.

    Examples
    --------
    >>> check_types(["full", "VVV", "diag"]), len(check_types("all"))
    (['VVV', 'diag'], 14)
    """
    several = np.iterable(covariance_types) and not isinstance(covariance_types, str)
    names = list(covariance_types) if several else [covariance_types]
    if not names:
        raise ValueError(f"covariance_types={covariance_types!r} is empty: name one or 'all'")
    names = list(MODELS) if names == ["all"] else names
    return list({covariance_model(name).letters: name for name in names}.values())


def one_seed(random_state):
    """A whole number: the seed itself, or one drawn.

    Examples
    --------
    >>> one_seed(7)
    7
    """
    rng = random_generator(random_state)
    whole = isinstance(random_state, int | np.integer)
    return int(random_state) if whole else int(rng.integers(2**32))


def fit_table(data, models, inits, rounds, on_end):
    """Fit every model side by side: for each, a Run from every start.

    After the first round the cells learn from each other: each starts again from the partition
    of the best cell with as many components, or from one of its neighbours', whichever is the
    most promising.
    """
    rows, cells = data.rows, [Cell(model.n_components, model.covariance_model) for model in models]
    few = rows_of_starts(rows, models[0], inits, cells)
    whole = completed_rows(few)
    Ks = {cell.n_components for cell in cells}
    guesses = {K: guesses_of(rows, whole, models[0], K, inits) for K in Ks}
    ends = fit_shares(rows, few, guesses, models, cells, on_end)
    for _ in range(rounds - 1):
        guesses = guesses_from(few, whole.X, data, models, ends)
        more = fit_shares(rows, few, guesses, models, cells, int, finalists=1)
        ends = [some + others for some, others in zip(ends, more, strict=True)]
    return ends


def fit_shares(rows, few, guesses, models, cells, on_end, finalists=FINALISTS):
    """:func:`fit_cells`, shared out to processes if there are several and the data are not large.

    Cells of one covariance model climb best side by side, so they stay together.
    """
    limits = {"model": models[0], "finalists": finalists}
    shares = shares_of_work(cells, rows.n_jobs)
    if len(shares) <= 1 or rows.X.size > LARGE or not rows.at_hand:
        return fit_cells(rows, few, guesses, cells, on_end=on_end, **limits)
    alone = rows._replace(n_jobs=1)
    few = alone if few is rows else few._replace(n_jobs=1)
    one = partial(fit_cells, alone, few, guesses, **limits)
    found, entries = {}, [next_entry() for _ in shares]
    new = [share for share, entry in zip(shares, entries, strict=True) if not entry.state]
    coming = iter(in_processes(one, new, len(shares)))
    for share, entry in zip(shares, entries, strict=True):
        if entry.state:
            ends = [[Run.of(*run) for run in runs] for runs in entry.state]
        else:
            ends = next(coming)
            entry.keep(*ends)
        on_end(len(share))
        found |= dict(zip(share, ends, strict=True))
    return [found[cell] for cell in cells]


def guesses_from(rows, X, data, models, ends):
    """First guesses for each K from the best cells with K, K - 1 and K + 1 components, by BIC.

    Of one component fewer, the two largest are parted in turn; of one more, the two that share
    the most points are put together.
    """
    best = {K: softmax(fit._log_joint(rows), axis=1) for K, fit in best_of_each(data, models, ends)}
    noise = {K: r[:, K:] for K, r in best.items()}  # (N, 0), or (N, 1) if there is any
    best = {K: r[:, :K] for K, r in best.items()}
    w = counts_of(rows)
    Z, guesses = standardised(X, w), {}
    for K in {model.n_components for model in models}:
        some = [np.hstack([best[K], noise[K]])] if K in best else []
        if K - 1 in best:
            r = best[K - 1]
            for k in np.argsort(-(w @ r))[:2]:
                halves = parted(r[:, k], Z, w)
                parts = np.delete(r, k, axis=1), *halves, noise[K - 1]
                some.append(np.column_stack(parts))
        if K + 1 in best:
            r = best[K + 1]
            length = np.sqrt(w @ r**2)
            shared = r.T @ (w[:, None] * r) / np.maximum(np.outer(length, length), TINY)
            i, j = np.triu_indices(K + 1, 1)  # where no two share a point, the first two
            most = shared[i, j].argmax()
            i, j = i[most], j[most]
            parts = np.delete(r, [i, j], axis=1), r[:, i] + r[:, j], noise[K + 1]
            some.append(np.column_stack(parts))
        guesses[K] = some or ValueError("no cell near this one has a fit")
    return guesses


def best_of_each(data, models, ends):
    """For every K with a fit: K and the model of the least BIC.  No cell is graded in vain."""
    least, found = {}, {}

    def bic(fit):
        return -2 * fit.log_likelihood_ + fit.n_parameters() * np.log(data.rows.total_weight)

    hopes = []
    for i, (model, runs) in enumerate(zip(models, ends, strict=True)):
        top = max(runs, key=lambda run: run.log_likelihood)  # its end need not be sound
        if top.end is not None:
            hopes.append((bic(fitted_by(model, top, data.rows.X.dtype, data.rows.box)), i))
    for hope, i in sorted(hopes):
        K = models[i].n_components
        if hope < least.get(K, np.inf):
            fit = best_or_reason(models[i], ends[i], data)
            if not isinstance(fit, str) and bic(fit) < least.get(K, np.inf):
                least[K], found[K] = bic(fit), fit
    return found.items()


def rows_of_starts(rows, model, inits, cells):
    """The rows that starts are drawn from: a sample if there are many and all starts allow it."""
    if not any(map(is_random, inits)) or any(np.ndim(init) > 0 for init in inits):
        return rows
    K = max(cell.n_components for cell in cells)
    return some_rows(rows, K, np.random.default_rng(model.random_state))


def guesses_of(rows, few, model, K, inits):
    """Responsibilities (n, K) of every start for K components, or the reason why there are none."""
    try:
        check_enough_rows(rows, K)
        if few.priors is not None:
            noise = few.priors.shape[1] - (few.box is not None)  # the column after the components
            columns = [*range(K), *range(noise, few.priors.shape[1])]
            few = few._replace(priors=few.priors[:, columns])
            if not few.priors.any(axis=1).all():
                raise ValueError(f"priors name more components than n_components={K}: raise it")
        guesses = []
        for init in inits:
            rng = np.random.default_rng(model.random_state)
            guesses += first_guesses(init, few, K, rng, model.n_init if is_random(init) else 1)
        return guesses
    except ValueError as error:
        return error


def fit_cells(rows, few, guesses, cells, *, model, finalists, on_end=int):
    """For each cell a :class:`~numpy_ml_gmm.em.Run` from every start, found on a few rows.

    The cells are as the ``model`` is, but for K and the covariance model.
    """
    found, limits = {}, {"tol": model.tol, "max_iter": model.max_iter}
    for diagonal in {cell.model.diagonal for cell in cells}:
        some = [cell for cell in cells if cell.model.diagonal is diagonal]
        impossible = [cell for cell in some if isinstance(guesses[cell.n_components], Exception)]
        found |= {cell: [Run(error=str(guesses[cell.n_components]))] for cell in impossible}
        some = [cell for cell in some if cell not in found]
        try:
            kind = copy.copy(model).set_params(covariance_type="diag" if diagonal else "full")
            sample = data = kind._data(few)
            if len(few.X) < len(rows.X):
                data = kind._data(rows)
            if data.dependence:  # the criteria would be those of the smoothing
                raise ValueError(data.dependence)
        except ValueError as error:
            found |= {cell: [Run(error=str(error))] for cell in some}
            continue
        ready = []
        for cell in some:
            try:
                ready.append(knowing(cell, model, data))
            except ValueError as error:  # a prior may suit some of the cells only
                found[cell] = [Run(error=str(error))]
        some = [cell for cell in some if cell not in found]
        if not some:
            continue
        Ks = {cell.n_components for cell in some}
        moments = {K: first_statistics(sample, guesses[K]) for K in Ks}
        starts = start_parameters(GMM, sample, ready, [moments[c.n_components] for c in ready])
        runs = search(GMM, sample, ready, starts, finalists=finalists, on_end=on_end, **limits)
        if len(few.X) < len(rows.X):
            runs = on_all_rows(data, ready, runs, limits)
        found |= dict(zip(some, runs, strict=True))
    return [found[cell] for cell in cells]


def knowing(cell, model, data):
    """A cell with what the model of it knows besides the data."""
    K, letters = cell.n_components, cell.model.letters
    model = copy.copy(model).set_params(n_components=K, covariance_type=letters)
    return cell._replace(known=model._known(data))


def on_all_rows(data, cells, runs, limits):
    """The ends that were found on a sample of the rows climb on, on all of them."""
    tries = [(c, i) for c, some in enumerate(runs) for i, run in enumerate(some) if run.end]
    ends = [runs[c][i].end for c, i in tries]
    if ends:
        found = climb(GMM, data, [cells[c] for c, _ in tries], ends, **limits)
        for (c, i), run in zip(tries, found, strict=True):
            runs[c][i] = run
    return runs


def work(cells):
    """About how long some cells take, beside each other."""
    return sum(K * (1 if model.diagonal else 4 if model.iterated else 2) for K, model, _ in cells)


def shares_of_work(cells, n):
    """At most n shares of about equal work; the cells of one covariance model stay together."""
    models = {}
    for cell in cells:
        models.setdefault(cell.model.letters, []).append(cell)
    shares = [[] for _ in range(min(n, len(models)))]
    for some in sorted(models.values(), key=work, reverse=True):
        min(shares, key=work).extend(some)
    return shares


def fitted_by(model, run, dtype, box=None):
    """A copy of the model with the end of a run."""
    model = copy.copy(model)
    start = Start(run.start, [run.history], 0)
    model._set_theta(run.end, dtype, box)
    model._show(run, start, run.converged)
    return model


def best_or_reason(model, runs, data):
    """The likeliest sound end of a model, or in words why there is none."""
    try:
        best = likeliest(runs, model, data)
    except ValueError as error:
        return str(error)
    if reason := collapse(best.end, model, data):
        return reason
    fit = fitted_by(model, best, data.rows.X.dtype, data.rows.box)
    fit.n_samples_seen_ = data.rows.total_weight
    try:
        Natural.of(fit._places, data.rows)  # as whoever uses it will
    except SingularCovariance as error:
        return str(error)
    return fit


def row_of(model, runs, data):
    """The row of one cell, without what its clusters say."""
    best = best_or_reason(model, runs, data)
    row = TableRow(model.n_components, model.covariance_type)
    if isinstance(best, str):
        return replace(row, error=best)
    log_likelihood, d = best.log_likelihood_, best.n_parameters()
    return replace(
        row,
        log_likelihood=log_likelihood,
        n_parameters=d,
        aic=-2 * log_likelihood + 2 * d,
        bic=-2 * log_likelihood + d * np.log(data.rows.total_weight),
        converged=best.converged_,
        model=best,
    )


def finish(data, selection, tol):
    """The best rows climb on, and those that take their place if they collapse on the way."""
    while coarse := [r for r in selection.top() if r.converged and r.model.tol > tol]:
        for row in coarse:
            better = climbed_on(data, row.model, tol)
            for field in fields(TableRow):
                setattr(row, field.name, getattr(better, field.name))


def climbed_on(data, model, tol):
    """The row of a fitted model that climbs on until less than ``tol`` is to come."""
    data = model._data(data.rows)
    cell = Cell(model.n_components, model.covariance_model, model._known(data))
    [run] = climb(GMM, data, [cell], [model._places], tol=tol, max_iter=model.max_iter)
    run = run._replace(history=model.history_[0] + run.history)
    row = row_of(copy.copy(model).set_params(tol=tol), [run], data)
    if not row.error:
        add_clusters(data.rows, [row])
    return row


def add_clusters(rows, table):
    """Fill in what the most probable components say: ICL and the silhouette."""
    some, labelled = some_points(rows), []
    for row in table:
        complete = rows.gathered(partial(complete_log_likelihood, row.model))
        row.icl = -2 * complete + row.n_parameters * np.log(rows.total_weight)
        joint = row.model._log_joint(some)
        labelled.append(np.eye(joint.shape[1])[joint.argmax(axis=1)])
    w, X = some.weights, completed_rows(some).X
    distances = mean_distances(X, np.hstack(labelled), w)  # one pass for all
    columns = np.cumsum([z.shape[1] for z in labelled])[:-1]
    for row, z, d in zip(table, labelled, np.split(distances, columns, axis=1), strict=True):
        row.silhouette = silhouette_from(d, z, w)


def complete_log_likelihood(model, rows):
    """Log joint of the rows and their most probable components, summed."""
    return rows.weighted_sum(model._per_block(rows, partial(np.max, axis=0)))


def silhouette(X: ArrayLike, labels: ArrayLike, *, sample_weight: Given = None) -> float:
    r"""Mean silhouette: how much nearer each point is to its own cluster than to the next.

    With a the mean distance to the other points of its own cluster and b the
    smallest of the mean distances to the points of another one,

    .. math::

        s_n = \frac{b_n - a_n}{\max(a_n, b_n)} ,

    and 0 for a point alone in its cluster.  Distances are Euclidean, in the
    units of X.  Of more than 5000 rows a sample is taken, the same one each time.

    Parameters
    ----------
    X : array (N, D)
    labels : array (N,)
        Any numbers or names.
    sample_weight : array (N,), optional
        How often each point counts.

    Returns
    -------
    float
        Between -1 and 1, or nan if fewer than two labels are used.

    Examples
    --------
    >>> round(silhouette([[0.0], [1.0], [10.0], [11.0]], [0, 0, 1, 1]), 3)
    0.9
    """
    rows, labels = check_rows(X, 1, sample_weight), np.asarray(labels)
    N = len(rows.X)
    if labels.shape != (N,):
        raise ValueError(f"labels has shape {labels.shape}, expected {(N,)}: one for each row")
    rows = rows._replace(priors=labels[:, None])  # so that they stay beside their rows
    some = some_points(rows)
    names, labels = np.unique(some.priors[:, 0], return_inverse=True)
    z = np.eye(len(names))[labels]
    return silhouette_from(mean_distances(some.X, z, some.weights), z, some.weights)


def some_points(rows):
    """All rows that count, or a fixed sample of 5000 of them."""
    rows = rows.with_weight()
    if len(rows.X) <= ROWS_IN_SILHOUETTE:
        return rows.take(np.arange(len(rows.X)))
    rng = np.random.default_rng(0)
    return rows.take(np.sort(rng.choice(len(rows.X), ROWS_IN_SILHOUETTE, replace=False)))


def mean_distances(X, z, w=None):
    """Mean distance of each point to the other points of each cluster, (N, columns of z)."""
    z = z if w is None else z * w[:, None]
    N = z.sum(axis=0)
    total = np.vstack([cdist(X[rows], X) @ z for rows in slices(0, len(X), ROWS_AT_ONCE)])
    others = N - (z > 0)  # a point is not one of its own neighbours
    return np.where(others > 0, total / np.where(others > 0, others, 1), np.inf)


def silhouette_from(distances, z, w=None):
    """Mean silhouette from :func:`mean_distances` and one-hot labels, both (N, K)."""
    if np.count_nonzero(z.any(axis=0)) < 2:
        return np.nan
    own = z == 1
    a, b = distances[own], np.where(own, np.inf, distances).min(axis=1)
    a, alone = np.where(np.isinf(a), 0, a), np.isinf(a)
    longer = np.maximum(a, b)
    s = np.where(alone | (longer == 0), 0, (b - a) / np.where(longer > 0, longer, 1))
    return float(np.average(s, weights=w))
