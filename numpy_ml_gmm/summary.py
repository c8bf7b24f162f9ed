r"""A fitted mixture as a table: components by features, and which features tell them apart.

A feature alone sees two components as two normal curves.  How much they overlap is their
*affinity*, 1 where they are the same and 0 where they do not meet (:eq:`affinity`):

.. math::

    \mathrm{BC} = \int \sqrt{\mathcal{N}(x \mid \mu_i, \sigma_i^2) \,
        \mathcal{N}(x \mid \mu_j, \sigma_j^2)} \, dx = e^{-\mathrm{BD}} , \qquad
    \mathrm{BD} = \frac{(\mu_i - \mu_j)^2}{4 (\sigma_i^2 + \sigma_j^2)} +
        \frac{1}{2} \log \frac{\sigma_i^2 + \sigma_j^2}{2 \sigma_i \sigma_j} .

The distance BD does not depend on units, grows with a difference of the means or of the spreads,
and for independent features is the sum over them.

========== ============ ====================================================
symbol     shape        meaning
========== ============ ====================================================
``mu``     (K, D)       means
``sigma``  (K, D)       standard deviation of each feature
``B``      (K, K, D)    distances, feature by feature; (K, K) of all together
``rho``    as B         affinities, exp(-B): the overlap
========== ============ ====================================================

Source: Bhattacharyya (1943), *On a measure of divergence between two statistical populations
defined by their probability distributions*, Bulletin of the Calcutta Mathematical Society 35,
99-109; Kailath (1967), *The divergence and Bhattacharyya distance measures in signal selection*,
IEEE Transactions on Communication Technology 15(1), 52-60.
"""

import itertools
import math
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .parameters import Parameters, diagonals

if TYPE_CHECKING:
    import pandas as pd

WIDTH = 80  # of a terminal
LONGEST = 28  # name, in places of a terminal
MOST, LISTED = 40, 5  # features in the table, and beside a pair of components
DECIMALS = 6  # at most
FEW = 5  # points: fewer are outliers rather than a cluster
EPS = float(np.finfo(np.float64).eps)
OVERLAP = "Overlap of each component with its nearest, 1 if they are the same:"
SEPARATION = ["components", "overlap", "the features that overlap least"]
STYLE = """<style>
.numpy-ml-gmm { overflow-x: auto; max-width: 100%; color: inherit; }
.numpy-ml-gmm table { border-collapse: collapse; margin: 0.5em 0; color: inherit; }
.numpy-ml-gmm :is(th, td) {
  padding: 0.2em 0.7em; text-align: right; white-space: nowrap; background: transparent;
  color: inherit; font-variant-numeric: tabular-nums;
  border: 0; border-bottom: 1px solid rgba(128, 128, 128, 0.4);
}
.numpy-ml-gmm :is(th:first-child, .overlap :last-child, .arguments :last-child) {
  text-align: left;
}
.numpy-ml-gmm :is(.overlap, .arguments) td:last-child { white-space: normal; }
.numpy-ml-gmm .arguments td { font-family: monospace; }
.numpy-ml-gmm th[scope="row"] { font-weight: normal; }
.numpy-ml-gmm summary { cursor: pointer; }
.numpy-ml-gmm .aside { opacity: 0.75; }
</style>"""
Rows = list[list[str]]


class Summary(NamedTuple):
    """What :meth:`~numpy_ml_gmm.GMM.summary` returns: it prints as a table.

    Examples
    --------
    Two species of iris differ in their petals, if at all:

    >>> from numpy_ml_gmm import GMM, load_iris
    >>> summary = GMM(3, random_state=0).fit(load_iris().X).summary()
    >>> summary.pairs()  # each component and its nearest
    [(0, 1), (1, 2)]
    >>> summary.overlap(1, 2).round(2)
    array([0.85, 0.96, 0.45, 0.35])
    """

    kind: str  # the model in a few words
    names: list[str]  # of the D features
    theta: Parameters  # weights, means and covariances of the K components
    points: np.ndarray | None  # (K,) expected numbers of training points; None if not known
    noise: tuple[float, float] | None  # weight and points of the noise, if there is any
    least: int  # with fewer points a component is marked
    labels: list[str]  # of the K components

    @property
    def deviations(self) -> np.ndarray:
        """The standard deviation of each feature in each component, (K, D)."""
        covariances = self.theta.covariances
        return np.sqrt(covariances if self.theta.diagonal else diagonals(covariances))

    def overlap(self, i: int, j: int) -> np.ndarray:
        """The affinity of two components in each feature alone (D,), between 0 and 1."""
        return np.exp(-distances(self.theta.means[[i, j]], self.deviations[[i, j]])[0, 1])

    def pairs(self) -> list[tuple[int, int]]:
        """Each component with that which overlaps it most, all features taken together."""
        if len(self.theta.weights) == 1:
            return []
        nearest = joint_distances(self.theta).argmin(axis=1)
        return sorted({(min(k, j), max(k, j)) for k, j in enumerate(nearest.tolist())})

    def few(self) -> np.ndarray:
        """Which components (K,) have too few points to be called a cluster."""
        if self.points is None or self.points.sum() < self.least:  # weights that sum to one
            return np.zeros(len(self.theta.weights), bool)
        return self.points < self.least

    def to_frame(self) -> "pd.DataFrame":
        """A row for each component and feature, as a data frame of pandas."""
        import pandas as pd

        K, D = self.theta.means.shape
        points = np.full(K, np.nan) if self.points is None else self.points
        return pd.DataFrame(
            {
                "component": np.repeat(np.arange(K), D),
                "weight": np.repeat(self.theta.weights, D),
                "points": np.repeat(points, D),
                "feature": self.names * K,
                "mean": self.theta.means.ravel(),
                "sd": self.deviations.ravel(),
            }
        )

    def __str__(self) -> str:
        table = self.table(self._shown(), LONGEST)
        parts = [self.kind, *map(aligned, blocks(table)), *self._notes()]
        if pairs := self._separation(LONGEST):
            parts.append(f"{OVERLAP}\n\n{aligned([SEPARATION, *pairs], left=(0, 2))}")
        return "\n\n".join(parts)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        table = self.table(self._shown())
        table = table if fits(table) else transposed(table)
        parts = [f"<p><b>{escape(self.kind)}</b></p>", html_table(table)]
        parts += [f"<p>{escape(note)}</p>" for note in self._notes()]
        if pairs := self._separation():
            parts += [f"<p>{OVERLAP}</p>", html_table([SEPARATION, *pairs], "overlap")]
        return f'{STYLE}<div class="numpy-ml-gmm" tabindex="0">{"".join(parts)}</div>'

    # ---- What is in the tables ---------------------------------------------------------------

    def _shown(self) -> list[int]:
        """Which features; of too many, those that tell neighbours apart best."""
        D = len(self.names)
        if D <= MOST:
            return list(range(D))
        rho = [self.overlap(i, j) for i, j in self.pairs()]
        best = np.argsort(np.min(rho, axis=0, initial=1.0), kind="stable") if rho else np.arange(D)
        return sorted(best[:MOST].tolist())

    def table(self, features: Iterable[int], longest: int | None = None) -> Rows:
        """A head, and a row of text for each component: label, weight, points, features."""
        head, columns = ["component", "weight"], [self.labels]
        columns.append([as_share(pi) for pi in self.theta.weights.tolist()])
        if self.points is not None:
            head.append("points")
            marks, counts = ["*" if few else "" for few in self.few()], self._counts()
            columns.append([m + n for m, n in zip(marks, counts, strict=False)])
        for d in features:
            exponent, cells = means_and_deviations(self.theta.means[:, d], self.deviations[:, d])
            unit = f" / 1e{exponent}" if exponent else ""
            head.append(shortened(self.names[d], longest) + unit)
            columns.append(cells)
        rows = [list(row) for row in zip(*columns, strict=True)]
        if self.noise is not None:
            known = ["noise", as_share(self.noise[0]), *self._counts()[-1:]]
            rows.append(known + [""] * (len(head) - len(known)))
        return [head, *rows]

    def _counts(self) -> list[str]:
        """Points of each component, and those of the noise, if they are known."""
        if self.points is None:
            return []
        return as_counts([*self.points.tolist(), *([self.noise[1]] if self.noise else [])])

    def _separation(self, longest: int | None = None) -> Rows:
        """The overlap of each pair of neighbours, and the features in which they overlap least."""
        rows = []
        for i, j in self.pairs():
            both, rho = joint_distances(self.theta.reorder([i, j]))[0, 1], self.overlap(i, j)
            best = np.argsort(rho, kind="stable")[:LISTED]
            words = [f"{shortened(self.names[d], longest)} {rho[d]:.2f}" for d in best]
            if longest is not None:  # in a line of a terminal
                room = itertools.accumulate(width(word) + 2 for word in words)
                words = [w for w, so_far in zip(words, room, strict=True) if so_far <= WIDTH - 23]
            rows.append(
                [
                    f"{self.labels[i]} and {self.labels[j]}",
                    f"{math.exp(-both):.2f}",
                    ", ".join(words),
                ]
            )
        return rows

    def _notes(self) -> list[str]:
        """What is to be said of the table."""
        notes, D = [], len(self.names)
        if D > MOST:
            notes.append(
                f"{MOST} of {D} features, which tell neighbours apart; to_frame() has all."
            )
        return notes + self.marks()

    def marks(self) -> list[str]:
        """What the mark of a component means, if any is marked."""
        if not self.few().any():
            return []
        remedy = "" if self.noise else ", which noise=True sets apart"
        return [f"* fewer than {self.least} points: outliers, perhaps{remedy}."]


def summarise(model: Any) -> Summary:
    """The summary of a fitted mixture, or of one with given parameters."""
    theta, counts = model._places, getattr(model, "counts_", None)
    K, D = model.n_components, theta.means.shape[1]
    theta = theta.reorder(slice(K))  # without the noise
    given = getattr(model, "feature_names_in_", [""] * D)
    names = [name if name.strip() else f"x{d}" for d, name in enumerate(given)]
    noise = None
    if model.noise:
        noise = model.noise_weight_, math.nan if counts is None else float(counts[-1])
    own = model.covariance_model.shape(K, D) == (K, D, D)
    sizes = [(K, "component"), (D, "feature")]
    sizes += [] if counts is None else [(counts.sum(), "point")]
    said = ", ".join(f"{n:.6g} {what}{'' if round(n, 6) == 1 else 's'}" for n, what in sizes)
    kind = f"{type(model).__name__}, {model.covariance_type!r}: {said}"
    points = None if counts is None else np.asarray(counts[:K], np.float64)
    least, labels = max(FEW, D + 1) if own else FEW, [str(k) for k in range(K)]
    return Summary(kind, names, theta, points, noise, least, labels)


# ---- How far apart -------------------------------------------------------------------------------


def distances(mu: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    r"""Distance B of each two components in each feature alone, (K, K, D) (:eq:`affinity`).

    .. math::

        \mathrm{BD} = \frac{(\mu_i - \mu_j)^2}{4 (\sigma_i^2 + \sigma_j^2)} +
            \frac{1}{2} \log \frac{\sigma_i^2 + \sigma_j^2}{2 \sigma_i \sigma_j}
    """
    z = (mu[:, None] - mu) / np.hypot(sigma[:, None], sigma)
    log_ratio = np.log(sigma)[:, None] - np.log(sigma)
    log_cosh = np.logaddexp(log_ratio, -log_ratio) - math.log(2)
    return z * z / 4 + log_cosh / 2


def joint_distances(theta: Parameters) -> np.ndarray:
    r"""Distance of each two components in all features together, (K, K); inf from themselves.

    .. math::

        \mathrm{BD} = \tfrac18 (\mu_i - \mu_j)^\top \bar\Sigma^{-1} (\mu_i - \mu_j) +
            \tfrac12 \log \frac{|\bar\Sigma|}{\sqrt{|\Sigma_i| |\Sigma_j|}} , \qquad
        \bar\Sigma = \tfrac12 (\Sigma_i + \Sigma_j)
    """
    K, mu, Sigma = len(theta.weights), theta.means, theta.covariances
    if theta.diagonal:
        B = distances(mu, np.sqrt(Sigma)).sum(axis=-1)
    else:
        B, log_dets = np.empty((K, K)), factored(Sigma)[2]
        for i in range(K):
            sigma, L, log_det = factored(Sigma[i] / 2 + Sigma / 2)
            z = np.linalg.solve(L, ((mu[i] - mu) / sigma)[..., None])[..., 0]
            B[i] = (z * z).sum(axis=-1) / 8 + (log_det - (log_dets[i] + log_dets) / 2) / 2
    np.fill_diagonal(B, np.inf)
    return B


def factored(Sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Deviations (K, D), the factor (K, D, D) of the correlations, log determinants (K,)."""
    sigma, D = np.sqrt(diagonals(Sigma)), Sigma.shape[-1]
    correlations = Sigma / sigma[:, :, None] / sigma[:, None]
    L = np.linalg.cholesky(correlations + D * EPS * np.eye(D))  # rounding leaves it a factor
    return sigma, L, 2 * (np.log(sigma) + np.log(diagonals(L))).sum(axis=-1)


# ---- Numbers as text -----------------------------------------------------------------------------


def as_share(weight: float) -> str:
    """A weight with three decimals, or one digit if it is smaller than they tell."""
    return f"{weight:.3f}" if weight >= 5e-4 or weight == 0 else f"{weight:.0e}"


def as_counts(counts: list[float]) -> list[str]:
    """Expected numbers of points, with one decimal unless they are many, or tiny weights."""
    total = sum(counts)
    form = ".1f" if 10 <= total < 1e5 else ".0f" if 1e5 <= total < 1e12 else ".3g"
    return [format(count, form) for count in counts]


def means_and_deviations(mu: np.ndarray, sigma: np.ndarray) -> tuple[int, list[str]]:
    """One feature of each component as ``mean ± sd``, and the power of ten they are in units of.

    The standard deviation has two digits, and the mean as many decimals.

    Examples
    --------
    >>> means_and_deviations(np.array([5.00612, 61.3]), np.array([0.3489, 12.8]))
    (0, ['5.01 ± 0.35', '61 ± 13'])
    >>> means_and_deviations(np.array([-5.0e-9]), np.array([2.5e-10]))
    (-9, ['-5.00 ± 0.25'])
    >>> means_and_deviations(np.array([1.0e13]), np.array([0.26]))
    (0, ['10000000000000.00 ± 0.26'])
    """
    size = max(np.abs(mu).max(), sigma.max())
    size = size if size < 1e4 * sigma.max() else sigma.max()  # far away, all digits count
    exponent = 0 if 1e-3 <= size < 1e6 else 3 * math.floor(math.log10(size) / 3)
    cells = []
    for m, s in zip((mu / 10.0**exponent).tolist(), (sigma / 10.0**exponent).tolist(), strict=True):
        decimals = min(max(1 - math.floor(math.log10(s)), 0), DECIMALS)
        deviation = f"{s:.{decimals}f}" if s >= 10.0 ** (1 - DECIMALS) else f"{s:.1e}"
        cells.append(f"{m:z.{decimals}f} ± {deviation}")
    return exponent, cells


def shortened(name: str, longest: int | None) -> str:
    """A name on one line; without its middle if it is too long."""
    name = " ".join(str(name).split())
    if longest is None or width(name) <= longest:
        return name
    half = (longest - 1) // 2
    left, right = name[:half], name[-half:]
    while width(left) > half:  # wide characters take two places
        left = left[:-1]
    while width(right) > half:
        right = right[1:]
    return f"{left}…{right}"


# ---- Tables as text and as HTML ------------------------------------------------------------------


def width(text: str) -> int:
    """How many places a text takes in a terminal; wide characters take two."""
    return sum(
        0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in text
    )


def transposed(rows: Rows) -> Rows:
    """Rows as columns."""
    return [list(column) for column in zip(*rows, strict=True)]


def widths(rows: Rows) -> list[int]:
    """Of each column, with the gap before the next."""
    return [max(map(width, column)) + 2 for column in zip(*rows, strict=True)]


def fits(rows: Rows) -> bool:
    """Whether the lines of a table do not wrap."""
    return sum(widths(rows)) - 2 <= WIDTH


def blocks(rows: Rows) -> Iterator[Rows]:
    """A table whose lines do not wrap: as it is, or with its rows as columns, some at a time."""
    if fits(rows):
        yield rows
        return
    rows = transposed(rows)
    first, *others = widths(rows)
    start = 1
    while start <= len(others):
        room = list(itertools.accumulate(others[start - 1 :], initial=first - 2))
        end = start + max(sum(w <= WIDTH for w in room[1:]), 1)
        yield [row[:1] + row[start:end] for row in rows]
        start = end


def aligned(rows: Rows, left: Sequence[int] = (0,)) -> str:
    """The lines of a table, some columns to the left and the others to the right."""
    lines, room = [], widths(rows)
    for row in rows:
        pads = [" " * (w - 2 - width(cell)) for w, cell in zip(room, row, strict=True)]
        pairs = enumerate(zip(row, pads, strict=True))
        cells = [cell + pad if k in left else pad + cell for k, (cell, pad) in pairs]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def html_table(rows: Rows, kind: str = "parameters") -> str:
    """A table with a head, and a head of each row."""
    head, *body = ([escape(cell) for cell in row] for row in rows)
    cells = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    lines = [f"<thead><tr>{cells}</tr></thead><tbody>"]
    for first, *rest in body:
        cells = "".join(f"<td>{cell}</td>" for cell in rest)
        lines.append(f'<tr><th scope="row">{first}</th>{cells}</tr>')
    return f'<table class="{kind}">{"".join(lines)}</tbody></table>'
