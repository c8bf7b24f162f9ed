"""A vocabulary for image descriptors: 100,000 rows of 128 float32 numbers, 64 diagonal components.

    python benchmarks/sift_sized.py            # a minute or two
    python benchmarks/sift_sized.py --rows 20000 --turns 3

Ours and scikit-learn's, from the same parameters, in turns.  A step's time is the difference
of two fits that differ only in their number of steps; of each fit the least of several turns
counts.  The ratio lasts; milliseconds belong to the machine.  The variances have the same floor in
both: scikit-learn adds `reg_covar`, we add that portion of each feature's variance, and the
features here have variance 1.
"""

import argparse
import itertools
import os
import time
import warnings

import numpy as np
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from numpy_ml_gmm import GMM

FLOOR = 1e-4


def descriptors(N, D, K, seed=0):
    """Rows like SIFT's: none negative, many small, in overlapping groups; variance 1."""
    rng = np.random.default_rng(seed)
    centres = rng.gamma(0.7, 30, size=(K, D))
    X = np.minimum(rng.gamma(1.5, (centres[rng.integers(K, size=N)] + 4) / 1.5), 255)
    return (X / X.std(axis=0)).astype(np.float32)


def start(X, K, seed=1):
    """Weights, K rows as means, and the variances of the data."""
    rows = np.random.default_rng(seed).choice(len(X), K, replace=False)
    variances = np.tile(X.var(axis=0), (K, 1))
    return np.full(K, 1 / K, np.float32), X[rows], variances


def ours(X, parameters, steps, threads):
    weights, means, variances = parameters
    return GMM(
        len(weights),
        covariance_type="diag",
        tol=0,
        max_iter=steps,
        var_smoothing=FLOOR,
        weights_init=weights,
        means_init=means,
        covariances_init=variances,
        n_jobs=threads,
    ).fit(X)


def scikit_learns(X, parameters, steps, threads):
    weights, means, variances = parameters
    model = GaussianMixture(
        len(weights),
        covariance_type="diag",
        tol=0,
        max_iter=steps,
        reg_covar=FLOOR,
        weights_init=weights,
        means_init=means,
        precisions_init=1 / variances,
        init_params="random_from_data",
    )
    with threadpool_limits(threads):
        return model.fit(X)


def seconds(fit, *arguments):
    begin = time.perf_counter()
    model = fit(*arguments)
    return time.perf_counter() - begin, model


def per_step(X, parameters, threads, few, many, turns):
    """Seconds per step of each, by the least times of its fits, and the models after ``many``."""
    least, models = {}, {}
    for _ in range(turns):
        for fit, steps in itertools.product((ours, scikit_learns), (few, many)):
            time_taken, models[fit] = seconds(fit, X, parameters, steps, threads)
            least[fit, steps] = min(least.get((fit, steps), np.inf), time_taken)
    return {fit: (least[fit, many] - least[fit, few]) / (many - few) for fit in models}, models


def report(X, K, threads, turns):
    best, models = per_step(X, start(X, K), threads, 2, 10, turns)
    mine, theirs = models[ours], models[scikit_learns]
    likelihood = mine.score(X.astype(np.float64)), theirs.score(X.astype(np.float64))
    print(
        f"| {threads} | {1e3 * best[ours]:.0f} | {1e3 * best[scikit_learns]:.0f} | "
        f"{best[scikit_learns] / best[ours]:.1f} | {mine.means_.dtype}, {theirs.means_.dtype} | "
        f"{np.abs(mine.means_ - theirs.means_).max():.0e} | "
        f"{likelihood[0]:.3f}, {likelihood[1]:.3f} |",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, os.cpu_count()])
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    X = descriptors(arguments.rows, 128, 64)
    print(f"N={len(X):,}, D=128, K=64, float32, diag; milliseconds per EM step\n")
    print("| threads | ours | scikit-learn | ratio | results | means differ by | mean log p |")
    print("|---|---|---|---|---|---|---|")
    for threads in arguments.threads:
        report(X, 64, threads, arguments.turns)


if __name__ == "__main__":
    main()
