"""One EM step on rows with holes, beside the same step on complete rows.

    python benchmarks/missing.py

Prints processor time on one thread, the least of some turns taken in turns.  Two cases: many
rows that share patterns, and patterns of their own for nearly all rows.  For the second the
floor is a Cholesky factor for each row and component, N K D^3 / 3 operations, by NumPy.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import time
from functools import partial

import numpy as np

from numpy_ml_gmm import GMM
from numpy_ml_gmm.blocks import Patterns, Rows
from numpy_ml_gmm.missing import natural_of


def problem(N, D, K, portion):
    """Rows without and with holes, and parameters that might have made them."""
    rng = np.random.default_rng(0)
    A = rng.normal(size=(K, D, D)) / np.sqrt(D)
    Sigma = A @ A.transpose(0, 2, 1) + 0.3 * np.eye(D)
    model = GMM.from_parameters(
        np.full(K, 1 / K), 3 * rng.normal(size=(K, D)), Sigma, random_state=0
    )
    X = model.sample(N)[0]
    holes = np.where(rng.random(X.shape) < portion, np.nan, X)
    return model, Rows(X), Rows(holes, patterns=Patterns.of(holes))


def least(*functions, turns=7):
    """The least processor time of each function, in milliseconds, taken in turns."""
    best = np.full(len(functions), np.inf)
    for _ in range(turns):
        for i, function in enumerate(functions):
            start = time.process_time()
            function()
            best[i] = min(best[i], time.process_time() - start)
    return 1e3 * best


def step(model, rows, frame):
    """An E step and an M step."""
    statistics = GMM.expect(model.theta, rows, frame)
    return GMM.maximise(statistics, model.covariance_model.minimise)


def report(N, D, K, portion):
    model, rows, holes = problem(N, D, K, portion)
    frame = natural_of(model.theta, rows).frame
    S = np.repeat(model.covariances_, N, axis=0)
    calls = [partial(step, model, data, frame) for data in (rows, holes)]
    complete, missing, floor = least(*calls, lambda: np.linalg.cholesky(S))
    print(
        f"N={N} D={D} K={K}, {100 * portion:.0f} % missing, {len(holes.patterns.counts)} patterns: "
        f"{missing:.1f} ms; complete rows {complete:.1f} ms ({missing / complete:.2f}), "
        f"Cholesky factors {floor:.1f} ms ({missing / floor:.2f})",
        flush=True,
    )


if __name__ == "__main__":
    report(100_000, 8, 8, 0.1)
    report(100_000, 8, 8, 0.3)
    report(1000, 30, 8, 0.1)
    report(1000, 30, 8, 0.5)
    report(5000, 4, 3, 0.2)
