"""Milliseconds per EM step: ours, and that of others where they are installed.

    python benchmarks/em_speed.py                 # every row, on one thread: half an hour
    python benchmarks/em_speed.py --rows small    # rows whose name contains that word
    python benchmarks/em_speed.py --threads 2
    python benchmarks/em_speed.py --write         # keep the results in em_speed.json
    python benchmarks/em_speed.py --table         # print those that were kept, and measure nothing

All start from the same parameters and see the same data in one run, in turns; the least of
several turns counts.  A step's time is the difference of two fits that differ only in their
number of steps; what a fit does before and after drops out.  The means after these steps are
compared with ours.  Ratios last; milliseconds belong to the machine.  oneDAL stops
where nothing moves; it is left out if that was too soon to be timed.  VLFeat leaves
responsibilities below 0.01 / K out of its sums, so that its means are other ones where clusters
overlap.

The floor is what no program gets below that computes with these features: the multiply-adds
of both products at the speed of a large matrix product, and one exp for each point and
component.  Processor time stands beside the time on the clock: with several threads it says what
they cost.

oneDAL comes with `pip install scikit-learn-intelex`, mclust with R (Debian: r-cran-mclust), VLFeat,
which is diagonal, with Debian's libvlfeat1, and pomegranate, which brings torch and takes five GB,
with `pip install pomegranate`.  oneDAL can be told its number of threads only once in a process.
"""

import argparse
import ctypes
import datetime
import json
import platform
import subprocess
import tempfile
import time
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_info, threadpool_limits

from numpy_ml_gmm import GMM
from numpy_ml_gmm.frames import n_features

try:
    import daal4py
except ImportError:
    daal4py = None

KEPT = Path(__file__).with_suffix(".json")
MCLUST = Path(__file__).with_suffix(".R")
MOST_STEPS = 40


class Case(NamedTuple):
    """One row: the shape of the data, and what is fitted to them."""

    N: int
    D: int
    K: int
    covariance_type: str = "full"
    dtype: str = "float64"

    @property
    def size(self):
        """In a word, for ``--rows``."""
        return "wide" if self.D >= 64 else "small" if self.N <= 1000 else "middle"

    def __str__(self):
        more = [self.covariance_type] * (self.covariance_type != "full")
        more += [self.dtype] * (self.dtype != "float64")
        return " ".join([f"{self.N:,} x {self.D} x {self.K}", *more])

    @property
    def work(self):
        """Multiply-adds of one of the two products."""
        return self.N * self.K * n_features(self.D, self.covariance_type == "diag")


GRID = [
    Case(272, 2, 2),
    Case(1_000, 3, 10),
    Case(569, 30, 2),
    Case(200_000, 2, 20),
    Case(1_000_000, 3, 10),
    Case(100_000, 8, 8),
    Case(100_000, 8, 16),
    Case(100_000, 8, 16, dtype="float32"),
    Case(50_000, 32, 16),
    Case(50_000, 32, 16, dtype="float32"),
    Case(40_000, 32, 32),
    Case(20_000, 128, 16),
    Case(20_000, 128, 16, dtype="float32"),
    Case(5_000, 400, 8),
    Case(5_000, 400, 8, dtype="float32"),
    Case(100_000, 64, 64, "diag"),
    Case(200_000, 8, 16, "diag"),
]


class Spent(NamedTuple):
    """Seconds on the clock, and of the processor."""

    clock: float
    processor: float

    def least(self, other):
        return Spent(*map(min, self, other))

    def per_step(self, few, steps):
        return Spent(*((a - b) / steps for a, b in zip(self, few, strict=True)))


class Problem:
    """Data of a mixture, and a start near its parameters."""

    def __init__(self, case, threads, seed=0):
        self.case, self.threads = case, threads
        N, D, K, kind, dtype = case
        rng = np.random.default_rng(seed)
        # Few points would be at rest before the last step, were their clusters far apart.
        means = 2 * min(1, np.sqrt(3 / D) if N <= 1000 else 1) * rng.normal(size=(K, D))
        z = rng.integers(K, size=N)
        scale = rng.uniform(0.7, 1.4, size=(K, D))
        X = means[z] + scale[z] * rng.normal(size=(N, D))
        if kind == "full":
            X = X @ (np.eye(D) + 0.5 * rng.normal(size=(D, D)) / np.sqrt(D))
        variances = np.tile(X.var(axis=0) / 4, (K, 1))
        self.X = X.astype(dtype)
        self.weights = np.full(K, 1 / K)
        self.means = np.array([X[z == k].mean(axis=0) for k in range(K)])
        self.covariances = variances if kind == "diag" else variances[:, :, None] * np.eye(D)


# ---- Whom we measure: each is None, or a function of the number of steps ----------------------


def timed(fit):
    """From a fit that returns means and how many steps it took to one that says what it spent.

    A short one is called for a twentieth of a second, and the least counts.
    """

    def run(steps):
        least, begin = Spent(np.inf, np.inf), time.perf_counter()
        while time.perf_counter() < begin + 0.05:
            clock, processor = time.perf_counter(), time.process_time()
            means, taken = fit(steps)
            spent = Spent(time.perf_counter() - clock, time.process_time() - processor)
            least = least.least(spent)
        return least, means, taken

    return run


def ours(problem):
    def fit(steps):
        model = GMM(
            problem.case.K,
            covariance_type=problem.case.covariance_type,
            tol=0,
            max_iter=steps,
            var_smoothing=0,
            weights_init=problem.weights,
            means_init=problem.means,
            covariances_init=problem.covariances,
            n_jobs=problem.threads,
        )
        return model.fit(problem.X).means_, steps

    return timed(fit)


def scikit_learns(problem):
    diagonal, dtype = problem.case.covariance_type == "diag", problem.case.dtype
    precisions = 1 / problem.covariances if diagonal else np.linalg.inv(problem.covariances)

    def fit(steps):
        model = GaussianMixture(
            problem.case.K,
            covariance_type=problem.case.covariance_type,
            tol=0,
            max_iter=steps,
            reg_covar=0,
            weights_init=problem.weights.astype(dtype),
            means_init=problem.means.astype(dtype),
            precisions_init=precisions.astype(dtype),
            init_params="random_from_data",
        )
        return model.fit(problem.X).means_, steps

    return timed(fit)


def onedals(problem):
    if daal4py is None or problem.case.covariance_type != "full":
        return None
    daal4py.daalinit(problem.threads)
    precision = "float" if problem.case.dtype == "float32" else "double"

    def fit(steps):
        algorithm = daal4py.em_gmm(
            nComponents=problem.case.K, maxIterations=steps, accuracyThreshold=0, fptype=precision
        )
        start = problem.weights[None], problem.means.copy(), list(problem.covariances.copy())
        found = algorithm.compute(problem.X, *start)
        return found.means, int(found.nIterations[0, 0])  # it stops where nothing moves

    return timed(fit)


def mclusts(problem):
    """R is started once for each call, and times the steps itself."""
    case = problem.case
    if problem.threads > 1 or case.dtype != "float64" or case.work > 5e7:
        return None
    kind = "VVI" if case.covariance_type == "diag" else "VVV"

    def run(steps):
        with tempfile.TemporaryDirectory() as folder:
            covariances = problem.covariances
            if kind == "VVI":
                covariances = covariances[:, :, None] * np.eye(case.D)
            for name, a in ("X", problem.X), ("means", problem.means), ("Sigma", covariances):
                (Path(folder) / name).write_bytes(np.ascontiguousarray(a).tobytes())
            words = [kind, *(str(n) for n in (case.N, case.D, case.K, steps)), folder]
            command = ["Rscript", str(MCLUST), *words]
            out = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout
        clock, processor, *means = map(float, out.split())
        return Spent(clock, processor), np.reshape(means, (case.K, case.D)), steps

    try:
        run(1)
    except (FileNotFoundError, subprocess.CalledProcessError):
        return None
    return run


def vlfeats(problem):
    """It stops where the likelihood hardly changes, and is called again until all steps are taken.

    The E step before the first step of a call repeats one, or is part of the start.  So a call is
    timed from the end of its first E step, which it prints, to the end of its last.
    """
    case = problem.case
    if case.covariance_type != "diag":
        return None
    try:
        library = ctypes.CDLL("libvl.so.1")
    except OSError:
        return None
    size, single = ctypes.c_size_t, case.dtype == "float32"
    library.vl_gmm_new.restype = ctypes.c_void_p
    library.vl_gmm_get_means.restype = ctypes.POINTER(ctypes.c_float if single else ctypes.c_double)
    start = problem.means, problem.covariances, problem.weights
    means, covariances, weights = (a.astype(case.dtype) for a in start)
    ends = []

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p)
    def printed(text):
        if text.startswith(b"gmm: em: iteration"):
            ends.append((time.perf_counter(), time.process_time()))
        return 0

    def run(steps):
        library.vl_set_printf_func(printed)
        library.vl_set_num_threads(size(problem.threads))
        gmm = ctypes.c_void_p(library.vl_gmm_new(1 if single else 2, size(case.D), size(case.K)))
        library.vl_gmm_set_means(gmm, means.ctypes)
        library.vl_gmm_set_covariances(gmm, covariances.ctypes)
        library.vl_gmm_set_priors(gmm, weights.ctypes)
        library.vl_gmm_set_covariance_lower_bound(gmm, ctypes.c_double(0))
        library.vl_gmm_set_verbosity(gmm, 1)
        spent, taken = np.zeros(2), 0
        while taken < steps:
            ends.clear()
            library.vl_gmm_set_max_num_iterations(gmm, size(steps - taken))
            library.vl_gmm_em(gmm, problem.X.ctypes, size(case.N))
            spent += np.subtract(ends[-1], ends[0])
            taken += len(ends) - 1
        found = np.ctypeslib.as_array(library.vl_gmm_get_means(gmm), (case.K, case.D)).copy()
        library.vl_gmm_delete(gmm)
        return Spent(*spent), found, taken

    return run


def pomegranates(problem):
    if np.prod(problem.case[:3]) > 1e8:  # 100,000 x 64 x 64: 5 to 20 seconds a step
        return None
    try:  # here, for torch takes seconds to load
        import torch
        from pomegranate.distributions import Normal
        from pomegranate.gmm import GeneralMixtureModel
    except (ImportError, OSError):
        return None
    kind, dtype = problem.case.covariance_type, problem.case.dtype
    start = problem.means, problem.covariances, problem.weights
    means, covariances, weights = (a.astype(dtype) for a in start)
    X = torch.from_numpy(problem.X)
    torch.set_num_threads(problem.threads)
    torch.set_default_dtype(X.dtype)  # that of its sums, whatever the parameters have

    def fit(steps):
        pairs = zip(means, covariances, strict=True)
        normals = [Normal(mean, covariance, kind) for mean, covariance in pairs]
        GeneralMixtureModel(normals, weights, max_iter=steps, tol=-np.inf).fit(X)
        return np.array([normal.means.numpy() for normal in normals]), steps

    return timed(fit)


PEERS = {
    "ours": ours,
    "scikit-learn": scikit_learns,
    "oneDAL": onedals,
    "mclust": mclusts,
    "VLFeat": vlfeats,
    "pomegranate": pomegranates,
}


# ---- The measurement --------------------------------------------------------------------------


def machine_speed(threads, dtype):
    """Multiply-adds a second of a large product, and exps a second on each thread."""

    def least(function, turns=10):
        return min(timed(lambda steps: (function(steps), 0))(0)[0].clock for _ in range(turns))

    A, x = np.ones((1500, 1500), dtype), np.linspace(-30, 0, 4096, dtype=dtype)
    with threadpool_limits(threads):
        product = least(lambda _: A @ A)
    exponential = least(lambda _: [np.exp(x) for _ in range(100)])
    return 1500**3 / product, threads * 100 * len(x) / exponential


def measured(case, threads, turns, peers=PEERS):
    """One row of results, as JSON can keep it."""
    problem = Problem(case, threads)
    fits = {name: fit for name, make in peers.items() if (fit := make(problem))}
    many = int(np.clip(2e9 / case.work, 12, MOST_STEPS))
    few = 1
    least, means, taken = {}, {}, {}
    with threadpool_limits(threads):
        for _ in range(turns):
            for name, fit in fits.items():
                for steps in few, many:
                    spent, means[name], taken[name, steps] = fit(steps)
                    least[name, steps] = spent.least(least.get((name, steps), spent))
    more = {name: taken[name, many] - taken[name, few] for name in fits}
    whole = [name for name in fits if more[name] > 1]
    best = {name: least[name, many].per_step(least[name, few], more[name]) for name in whole}
    products, exps = machine_speed(threads, case.dtype)
    floor = 2 * case.work / products + case.N * case.K / exps
    return {
        "case": case,
        "threads": threads,
        "ms": {name: [round(1e3 * t, 5) for t in spent] for name, spent in best.items()},
        "floor": round(1e3 * floor, 5),
        "difference": float(max(np.abs(means[name] - means["ours"]).max() for name in whole)),
        "date": datetime.date.today().isoformat(),
    }


def machine():
    """What the numbers belong to: the processor, and the kernels of BLAS."""
    processor = platform.processor() or platform.machine()
    if (info := Path("/proc/cpuinfo")).exists():
        lines = info.read_text().splitlines()
        names = [s.split(":")[1].strip() for s in lines if "model name" in s]
        processor = f"{len(names)} x {names[0]}"
    blas = {i.get("architecture") for i in threadpool_info() if i["user_api"] == "blas"}
    return f"{processor}, OpenBLAS kernels {', '.join(sorted(filter(None, blas)))}"


def ratios(row, name):
    """How many times our time a peer's is: on the clock with several threads, else processor."""
    which = 0 if row["threads"] > 1 else 1
    return row["ms"][name][which] / row["ms"]["ours"][which]


def line(row, names):
    """One row of the table in Markdown, with a column for each of these peers."""
    ms, which = row["ms"], 0 if row["threads"] > 1 else 1
    cells = [str(Case(*row["case"])), f"{ms['ours'][which]:.2f}"]
    cells += [f"{ms['ours'][which] / row['floor']:.1f}"]
    cells += [f"{ratios(row, name):.2f}" if name in ms else "-" for name in names]
    return "| " + " | ".join([*cells, f"{row['difference']:.0e}", row["date"]]) + " |"


def table(rows):
    """All rows with one number of threads, and geometric means."""
    names = [name for name in list(PEERS)[1:] if any(name in row["ms"] for row in rows)]
    head = ["N x D x K", "ours (ms)", "x floor", *names, "difference", "date"]
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
    for row in rows:
        print(line(row, names))
    for name in names:
        logs = [np.log(ratios(r, name)) for r in rows if name in r["ms"] and r["case"][3] == "full"]
        if logs:
            print(f"\n{name} / ours, geometric mean of full rows: {np.exp(np.mean(logs)):.2f}")


def keep(rows):
    """Put results among those that were kept, in the order of the grid."""
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {"rows": []}
    known = {(row["threads"], Case(*row["case"])): row for row in kept["rows"] + rows}
    order = sorted(known, key=lambda key: (key[0], GRID.index(key[1])))
    kept = {"machine": machine(), "rows": [known[key] for key in order]}
    KEPT.write_text(json.dumps(kept, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", default="", help="only rows with this in their name or size")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--write", action="store_true", help=f"keep the results in {KEPT.name}")
    parser.add_argument("--table", action="store_true", help="print the results that were kept")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.table:
        kept = json.loads(KEPT.read_text())
        print(kept["machine"])
        for threads in sorted({row["threads"] for row in kept["rows"]}):
            print(f"\n{threads} thread(s)\n")
            table([row for row in kept["rows"] if row["threads"] == threads])
        return
    peers = {name: PEERS[name] for name in PEERS if name in {"ours", *arguments.peers}}
    rows = []
    for case in GRID:
        if arguments.rows in f"{case} {case.size}":
            rows.append(measured(case, arguments.threads, arguments.turns, peers))
            print(line(rows[-1], list(peers)[1:]), flush=True)
            if arguments.write:
                keep(rows[-1:])
    print(f"\n{machine()}, {arguments.threads} thread(s)\n")
    table(rows)


if __name__ == "__main__":
    main()
