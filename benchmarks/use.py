"""A fitted mixture in use, beside scikit-learn's with the same parameters.

    python benchmarks/use.py

In turns, one thread, the least processor time of each.  *Memory* is the most that a call holds
beside the data, its answer included: ours, scikit-learn's.
"""

import time
import tracemalloc
from functools import partial

import numpy as np
from em_speed import Case, Problem
from threadpoolctl import threadpool_limits

from numpy_ml_gmm import GMM, load_old_faithful

CALLS = "predict", "predict_proba", "score_samples"
SAMPLES = (1_000, 2, 3), (100_000, 2, 2), (100_000, 8, 8), (20_000, 32, 16), (1_000_000, 3, 5)


def seconds(call, n):
    """Processor time of one of n calls in a row."""
    begin = time.process_time()
    for _ in range(n):
        call()
    return (time.process_time() - begin) / n


def least_times(calls, turns=15):
    """The least processor time of each call, taken in turns."""
    n = [1 + int(0.02 / seconds(call, 3)) for call in calls]  # short ones a few times in a row
    return np.min([list(map(seconds, calls, n)) for _ in range(turns)], axis=0)


def most_memory(call):
    """The most megabytes that a call holds at a time."""
    tracemalloc.start()
    call()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 1e6


def tell(data, name, calls):
    """A row of the table."""
    a, b = least_times(calls)
    memory = ", ".join(f"{most_memory(call):.1f}" for call in calls)
    print(
        f"| {data} | {name} | {a * 1e3:.3g} | {b * 1e3:.3g} | {b / a:.2f} | {memory} |", flush=True
    )


def main():
    faithful, problem = load_old_faithful().X, Problem(Case(200_000, 8, 16), 1)
    small = GMM(2, random_state=0).fit(faithful)
    large = GMM.from_parameters(problem.weights, problem.means, problem.covariances)
    print(
        "| data | call | ours (ms) | scikit-learn (ms) | ratio | memory (MB) |\n" + "|---" * 6 + "|"
    )
    for model, X in (small, faithful[:1]), (large, problem.X):
        for name in CALLS:
            calls = [partial(getattr(one, name), X) for one in (model, model.to_sklearn())]
            tell(" x ".join(f"{n:,}" for n in X.shape), name, calls)
    rng = np.random.default_rng(0)
    for N, D, K in SAMPLES:
        Sigma = np.array([np.cov(rng.normal(size=(D, 5 * D))) for _ in range(K)])
        pi, mu = np.full(K, 1 / K), rng.normal(size=(K, D))
        model = GMM.from_parameters(pi, mu, Sigma, random_state=0)
        tell(Case(N, D, K), "sample", [partial(m.sample, N) for m in (model, model.to_sklearn())])


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
