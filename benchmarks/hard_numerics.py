r"""Errors on hard data: ours and scikit-learn's, against EM with 50 digits.

    python benchmarks/hard_numerics.py            # prints the table, about three minutes
    python benchmarks/hard_numerics.py --write    # and puts it into docs/numerics.md

Both programs get the same numbers and the same start, without smoothing, and take one step of EM,
or as many as it takes to converge.  The truth is EM in mpmath with 50 digits on exactly those
numbers; with 500 components or features in floats of 80 bits, for mpmath would take hours.

========== ============= ==========================================================
symbol     shape         meaning
========== ============= ==========================================================
``X``      (N, D)        data, in float64 or float32: taken as exact
``theta``                weights (K,), means (K, D), covariances (K, D, D)
``error``                the largest of three: of the means, in standard deviations;
                         of the covariances, as parts of sigma_i sigma_j; of
                         log p(x) under the parameters found, in nats a point
========== ============= ==========================================================
"""

import argparse
import re
import warnings
from pathlib import Path
from typing import NamedTuple

import mpmath
import numpy as np

from numpy_ml_gmm import GMM

PAGE = Path(__file__).parents[1] / "docs" / "numerics.md"
BEGIN, END = "<!-- table of hard_numerics.py -->", "<!-- end of table -->"
STEPS = 100  # at most, to converge: the clusters are apart, so that few are needed
mpmath.mp.dps = 50


class Numbers(NamedTuple):
    """Arithmetic with more digits than float64."""

    array: callable
    log: callable
    exp: callable
    sqrt: callable
    two_pi: object
    small: float  # a relative change that is nothing


def each(function):
    return np.vectorize(function, otypes=[object])


DIGITS_50 = Numbers(
    lambda a: each(mpmath.mpf)(np.asarray(a, float)),
    *map(each, (mpmath.log, mpmath.exp, mpmath.sqrt)),
    2 * mpmath.pi(),
    1e-30,
)
BITS_80 = Numbers(
    lambda a: np.asarray(a, np.longdouble),
    *(np.log, np.exp, np.sqrt),
    2 * np.longdouble("3.14159265358979323846264338327950288"),
    1e-16,
)


# ---- The truth --------------------------------------------------------------------------------


def exact_cholesky(S, numbers):
    """The lower triangle L with L L^T = S, column by column."""
    L = numbers.array(np.zeros(S.shape))
    for j in range(len(S)):
        rest = S[j:, j] - (L[j:, :j] @ L[j, :j] if j else 0)
        L[j:, j] = rest / numbers.sqrt(rest[0])
    return L


def exact_log_joint(X, theta, numbers):
    """log pi_k N(x_n | mu_k, Sigma_k), (N, K)."""
    columns = []
    for pi, mu, S in zip(*theta, strict=True):
        L, y = exact_cholesky(S, numbers), (X - mu).T.copy()
        for i in range(len(y)):
            y[i] = (y[i] - (L[i, :i] @ y[:i] if i else 0)) / L[i, i]
        log_det = 2 * numbers.log(L.diagonal()).sum() + len(mu) * numbers.log(numbers.two_pi)
        columns.append(numbers.log(pi) - (log_det + (y * y).sum(axis=0)) / 2)
    return np.array(columns).T


def exact_log_p(joint, numbers):
    """log p(x_n), (N,)."""
    top = joint.max(axis=1)
    return top + numbers.log(numbers.exp(joint - top[:, None]).sum(axis=1))


def exact_step(X, theta, numbers):
    """One step of EM."""
    joint = exact_log_joint(X, theta, numbers)
    r = numbers.exp(joint - exact_log_p(joint, numbers)[:, None])
    N = r.sum(axis=0)
    means = (r.T @ X) / N[:, None]
    centred = [X - mu for mu in means]
    Sigma = [(Y * a[:, None]).T @ Y / n for Y, a, n in zip(centred, r.T, N, strict=True)]
    return N / N.sum(), means, np.array(Sigma)


def deviations(theta):
    """The standard deviations of each component, (K, D)."""
    return np.array([S.diagonal().astype(float) ** 0.5 for S in theta[2]])


def exact_end(X, theta, numbers):
    """EM until nothing changes."""
    for _ in range(STEPS):
        last, theta = theta, exact_step(X, theta, numbers)
        if np.abs((theta[1] - last[1]) / deviations(theta)).max() < numbers.small:
            break
    return theta


# ---- The programs -------------------------------------------------------------------------------


def ours(X, theta, steps):
    """The parameters after some steps, and log p(x) under them."""
    start = dict(zip(("weights_init", "means_init", "covariances_init"), theta, strict=True))
    model = GMM(len(theta[0]), var_smoothing=0, tol=0, max_iter=steps, **start).fit(X)
    return (model.weights_, model.means_, model.covariances_), model.score_samples(X)


def scikit_learns(X, theta, steps):
    """The same, by its own two steps: its ``fit`` would take the start as precisions."""
    from sklearn.mixture import GaussianMixture
    from sklearn.mixture._gaussian_mixture import _compute_precision_cholesky

    model = GaussianMixture(len(theta[0]), reg_covar=0)
    model.weights_, model.means_, model.covariances_ = (a.astype(X.dtype) for a in theta)
    model.precisions_cholesky_ = _compute_precision_cholesky(model.covariances_, "full")
    for _ in range(steps):
        model._m_step(X, model._e_step(X)[1])
    return (model.weights_, model.means_, model.covariances_), model.score_samples(X)


def error(X, truth, found, log_p, numbers):
    """The largest error of the means, the covariances and the log densities."""
    sd = deviations(truth)
    theta = [numbers.array(np.asarray(a, float)) for a in found]
    means = np.abs((theta[1] - truth[1]) / sd).max()
    covariances = np.abs((theta[2] - truth[2]) / (sd[:, :, None] * sd[:, None, :])).max()
    exact = exact_log_p(exact_log_joint(X, theta, numbers), numbers)
    return float(max(means, covariances, np.abs(exact - log_p).mean()))


def outcome(program, X, start, steps, truth, numbers):
    """An error, or in words why there is none; and whether the program said so."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found, log_p = program(X, start, steps)
    except ValueError as failure:
        return "refused" if program is ours else "fails", str(failure)
    if not all(np.isfinite(a).all() for a in (*found, log_p)):
        return "nan", ""
    try:
        return error(numbers.array(X), truth, found, log_p, numbers), ""
    except (ValueError, ZeroDivisionError, TypeError):  # the root of a negative pivot
        return "no covariance", ""


# ---- The data -----------------------------------------------------------------------------------


def two_clusters(rng, N=120, D=2, K=2, apart=6.0):
    """Points of K clusters, and their labels."""
    z = np.arange(N) % K
    A = np.eye(D) + 0.3 * rng.normal(size=(D, D)) / np.sqrt(D)
    centres = apart * rng.permutation(np.arange(K))[:, None] * np.ones(D) / np.sqrt(D)
    return rng.normal(size=(N, D)) @ A.T + centres[z], z


def problem(kind, size):
    """Data (N, D), labels (N,), and the numbers to work out the truth with."""
    rng = np.random.default_rng(0)
    X, z = two_clusters(rng)
    if kind == "translation":
        return X + size, z, DIGITS_50
    if kind == "scale":
        return X * size, z, DIGITS_50
    if kind == "condition":
        turn = np.linalg.qr(rng.normal(size=(2, 2)))[0]
        return X * [1, size**-0.5] @ turn, z, DIGITS_50
    if kind == "distance":
        X, z = two_clusters(rng, apart=size)
        return X, z, DIGITS_50
    if kind == "float32":
        return (X + size).astype(np.float32), z, DIGITS_50
    if kind == "float32, condition":
        turn = np.linalg.qr(rng.normal(size=(2, 2)))[0]
        return (X * [1, size**-0.5] @ turn).astype(np.float32), z, DIGITS_50
    if kind == "K":
        return *two_clusters(rng, N=5 * size, K=size, apart=12), BITS_80
    if kind == "D":
        return *two_clusters(rng, N=3 * size, D=size, apart=60), BITS_80
    return *two_clusters(rng, N=size + 1, D=size, K=1), DIGITS_50


ROWS = [
    *(("translation", size) for size in (1e3, 1e6, 1e9, 1e12, 1e15)),
    *(("scale", size) for size in (1e-150, 1e-100, 1e100, 1e150)),
    *(("condition", size) for size in (1e4, 1e8, 1e12, 1e15)),
    *(("distance", size) for size in (1e2, 1e4, 1e6, 1e8, 1e10)),
    *(("K", 500), ("D", 500), ("N = D + 1, D", 40)),
    *(("float32", size) for size in (0.0, 1e3, 1e5)),
    ("float32, condition", 1e4),
]


def start_of(X, z):
    """Each cluster's own moments, a little spoilt, so that the first step has something to do."""
    X, K = X.astype(float), z.max() + 1
    parts = [(X[z == k], X[z == k][0]) for k in range(K)]
    means = np.array([c + (part - c).mean(axis=0) for part, c in parts])
    Sigma = np.array([np.cov((part - c).T, ddof=0).reshape(2 * X.shape[1:]) for part, c in parts])
    move = 0.3 * np.sqrt(np.einsum("kdd->kd", Sigma))
    return np.bincount(z) / len(z), means + move, 1.2 * Sigma


def row(kind, size):
    """The cells of one row."""
    X, z, numbers = problem(kind, size)
    start = start_of(X, z)
    exact = numbers.array(X), tuple(map(numbers.array, start))
    cells, remarks = [], []
    for steps, truth in ((1, exact_step(*exact, numbers)), (STEPS, exact_end(*exact, numbers))):
        rounded = [a.astype(float).astype(X.dtype) for a in truth]
        log_p = exact_log_p(exact_log_joint(exact[0], truth, numbers), numbers)
        try:
            least = error(exact[0], truth, rounded, log_p, numbers)
        except (ValueError, ZeroDivisionError, TypeError):
            least = "no covariance"
        found = [outcome(f, X, start, steps, truth, numbers) for f in (ours, scikit_learns)]
        cells += [least, *(value for value, _ in found)]
        remarks += [text for _, text in found if text]
    return cells, remarks


def shown(value):
    """A cell."""
    return value if isinstance(value, str) else f"{value:.0e}"


def table(kinds, written):
    """The lines of the table; rows of other kinds stay as they are written."""
    head = "one step: rounded truth | ours | scikit-learn | converged: rounded truth | ours | "
    lines = [f"| data | {head}scikit-learn |", "|---|" + "---|" * 6]
    for kind, size in ROWS:
        name = f"{kind} {size:g}" if isinstance(size, float) else f"{kind} = {size}"
        if kind in kinds:
            cells, remarks = row(kind, size)
            lines.append(f"| {name} | {' | '.join(map(shown, cells))} |")
            print(lines[-1], *remarks, sep="\n    ", flush=True)
        else:
            lines += [line for line in written if line.startswith(f"| {name} |")]
    return lines


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--write", action="store_true", help="put the table into docs/numerics.md")
    p.add_argument("--only", help="rows of one kind")
    args = p.parse_args()
    page = PAGE.read_text()
    lines = table([args.only] if args.only else {kind for kind, _ in ROWS}, page.splitlines())
    if args.write:
        text = re.sub(f"(?s){BEGIN}.*{END}", "\n".join([BEGIN, *lines, END]), page)
        PAGE.write_text(text)


if __name__ == "__main__":
    main()
