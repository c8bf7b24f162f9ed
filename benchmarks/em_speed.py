"""Milliseconds per EM step: ours, scikit-learn's and, where it is installed, Intel's oneDAL.

    python benchmarks/em_speed.py            # the whole grid, about ten minutes
    python benchmarks/em_speed.py --quick    # the small rows

All start from the same parameters and see the same data in one run, in turns; the least of
several turns counts.  A step's time is the difference of two fits that differ only in their
number of steps.  Ratios last; milliseconds belong to the machine.

The floor is what no program gets below that computes with these features: the multiply-adds
of both products at the speed of a large matrix product, and one exp for each point and
component.  oneDAL comes with `pip install scikit-learn-intelex`.
"""

import argparse
import os
import time
import warnings

import numpy as np
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from numpy_ml_gmm import GMM
from numpy_ml_gmm.frames import n_features

try:
    import daal4py
except ImportError:
    daal4py = None

GRID = [
    (200_000, 2, 20, "full"),
    (100_000, 8, 16, "full"),
    (40_000, 32, 32, "full"),
    (20_000, 128, 16, "full"),
    (1_000, 3, 10, "full"),
    (100_000, 64, 64, "diag"),
]
ONEDAL_THREADS = []  # it can be told only once in a process


def problem(N, D, K, covariance_type, seed=0):
    """Data of a mixture, and a start near its parameters."""
    rng = np.random.default_rng(seed)
    means = 2 * rng.normal(size=(K, D))
    z = rng.integers(K, size=N)
    scale = rng.uniform(0.7, 1.4, size=(K, D))
    X = means[z] + scale[z] * rng.normal(size=(N, D))
    if covariance_type == "full":
        X = X @ (np.eye(D) + 0.5 * rng.normal(size=(D, D)) / np.sqrt(D))
    start = np.array([X[z == k].mean(axis=0) for k in range(K)])
    variances = np.tile(X.var(axis=0) / 4, (K, 1))
    covariances = variances if covariance_type == "diag" else variances[:, :, None] * np.eye(D)
    return X, np.full(K, 1 / K), start, covariances


def ours(X, weights, means, covariances, covariance_type, threads):
    def fit(steps):
        model = GMM(
            len(weights),
            covariance_type=covariance_type,
            tol=0,
            max_iter=steps,
            var_smoothing=0,
            weights_init=weights,
            means_init=means,
            covariances_init=covariances,
            n_jobs=threads,
        )
        return model.fit(X).means_

    return fit


def scikit_learns(X, weights, means, covariances, covariance_type, threads):
    inverse = 1 / covariances if covariance_type == "diag" else np.linalg.inv(covariances)

    def fit(steps):
        model = GaussianMixture(
            len(weights),
            covariance_type=covariance_type,
            tol=0,
            max_iter=steps,
            reg_covar=0,
            weights_init=weights,
            means_init=means,
            precisions_init=inverse,
            init_params="random_from_data",
        )
        with threadpool_limits(threads):
            return model.fit(X).means_

    return fit


def onedals(X, weights, means, covariances, covariance_type, threads):
    if daal4py is None or covariance_type != "full" or threads not in (ONEDAL_THREADS or [threads]):
        return None
    if not ONEDAL_THREADS:
        daal4py.daalinit(threads)
        ONEDAL_THREADS.append(threads)

    def fit(steps):
        algorithm = daal4py.em_gmm(
            nComponents=len(weights), maxIterations=steps, accuracyThreshold=0
        )
        return algorithm.compute(X, weights[None], means.copy(), list(covariances.copy())).means

    return fit


def seconds(function, steps):
    begin = time.perf_counter()
    result = function(steps)
    return time.perf_counter() - begin, result


def per_step(fits, few, many, turns):
    """Least seconds per step of each fit, in turns, and each one's means after ``many`` steps."""
    least, means = {}, {}
    for _ in range(turns):
        for name, fit in fits.items():
            for steps in (few, many):
                spent, means[name] = seconds(fit, steps)
                least[name, steps] = min(least.get((name, steps), np.inf), spent)
    best = {name: (least[name, many] - least[name, few]) / (many - few) for name in fits}
    return best, means


def machine_speed(threads):
    """Multiply-adds a second of a large product, and exps a second on each thread."""
    A, x = np.ones((1500, 1500)), np.linspace(-30, 0, 4096)
    with threadpool_limits(threads):
        product = min(seconds(lambda _: A @ A, 0)[0] for _ in range(10))
    exponential = min(seconds(lambda _: [np.exp(x) for _ in range(100)], 0)[0] for _ in range(10))
    return 1500**3 / product, threads * 100 * len(x) / exponential


def row(case, threads, speeds, turns):
    N, D, K, covariance_type = case
    settings = (*problem(*case), covariance_type, threads)
    makers = {"ours": ours, "scikit-learn": scikit_learns, "oneDAL": onedals}
    fits = {name: fit for name, make in makers.items() if (fit := make(*settings))}
    work = N * K * n_features(D, covariance_type == "diag")
    many = int(np.clip(3e9 / work, 4, 300))
    best, means = per_step(fits, max(1, many // 4), many, turns)
    floor = 2 * work / speeds[0] + N * K / speeds[1]
    return best, means, floor


def report(threads, grid, turns):
    speeds = machine_speed(threads)
    products, exps = (speed / 1e9 for speed in speeds)
    print(f"\n{threads} thread(s); products {products:.1f} GMA/s, exp {exps:.2f} G/s\n")
    print("| N, D, K | ours (ms) | floor | scikit-learn | ratio | oneDAL | ratio | difference |")
    print("|---|---|---|---|---|---|---|---|")
    logs = []
    for case in grid:
        best, means, floor = row(case, threads, speeds, turns)
        ratio = {name: best[name] / best["ours"] for name in best}
        off = {name: np.abs(means[name] - means["ours"]).max() for name in means}
        logs += [np.log(ratio["oneDAL"])] if "oneDAL" in ratio else []
        dal = (
            f"{1e3 * best['oneDAL']:.2f} | {ratio['oneDAL']:.2f}" if "oneDAL" in ratio else "- | -"
        )
        print(
            f"| {case[0]:,}, {case[1]}, {case[2]} {case[3]} | {1e3 * best['ours']:.2f} | "
            f"{1e3 * floor:.2f} | {1e3 * best['scikit-learn']:.2f} | {ratio['scikit-learn']:.1f} | "
            f"{dal} | {off['scikit-learn']:.0e} |",
            flush=True,
        )
    if logs:
        print(f"\nGeometric mean of oneDAL's ratios, full covariances: {np.exp(np.mean(logs)):.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="the rows that take milliseconds")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, os.cpu_count()])
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    grid = [case for case in GRID if not arguments.quick or case[0] * case[1] * case[2] < 2e7]
    for threads in arguments.threads:
        report(threads, grid, arguments.turns)


if __name__ == "__main__":
    main()
