"""Milliseconds per step of the variational mixture: ours, our EM's, and scikit-learn's.

    python benchmarks/bayes.py                 # the grid of em_speed.py, some minutes
    python benchmarks/bayes.py --rows small    # as there

All start from the same responsibilities and see the same data in one run, in turns; the least of
several turns counts, in processor time.  A step's time is the difference of two fits that differ
only in their number of steps.  "of EM" is our step over GMM's, for the same covariance type.
"""

import argparse
import time
import warnings

import numpy as np
from em_speed import GRID, Problem
from sklearn.mixture import BayesianGaussianMixture
from threadpoolctl import threadpool_limits

from numpy_ml_gmm import GMM, BayesianGMM


def fits(X, r, covariance_type):
    """What is timed: functions of the number of steps."""
    K = r.shape[1]
    shared = {"covariance_type": covariance_type, "tol": 0}

    class Started(BayesianGaussianMixture):
        def _initialize_parameters(self, X, *args, **kwargs):
            self._initialize(X, r)

    def em(steps):
        GMM(K, max_iter=steps, var_smoothing=0, init_params=r, **shared).fit(X)

    def ours(steps):
        BayesianGMM(K, max_iter=steps, var_smoothing=0, init_params=r, **shared).fit(X)

    def theirs(steps):
        Started(n_components=K, max_iter=steps, reg_covar=0, **shared).fit(X)

    return {"em": em, "ours": ours, "scikit-learn": theirs}


def per_step(functions, few, many, turns):
    """Least processor seconds per step of each function, in turns."""
    least = {}
    for _ in range(turns):
        for name, function in functions.items():
            for steps in (few, many):
                begin = time.process_time()
                function(steps)
                spent = time.process_time() - begin
                least[name, steps] = min(least.get((name, steps), np.inf), spent)
    return {name: (least[name, many] - least[name, few]) / (many - few) for name in functions}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", default="", help="only rows with this in their name or size")
    parser.add_argument("--turns", type=int, default=5)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| N x D x K | ours (ms) | of EM | scikit-learn (ms) | ratio |\n|---|---|---|---|---|")
    ratios = []
    for case in GRID:
        if arguments.rows not in f"{case} {case.size}":
            continue
        data = Problem(case, 1)
        theta, kind = (data.weights, data.means, data.covariances), case.covariance_type
        start = GMM.from_parameters(*theta, covariance_type=kind)
        many = int(np.clip(1e9 / case.work, 4, 300))
        with threadpool_limits(1):
            functions = fits(data.X, start.predict_proba(data.X), kind)
            best = per_step(functions, max(1, many // 4), many, arguments.turns)
        ratio = best["scikit-learn"] / best["ours"]
        ratios.append(ratio)
        print(
            f"| {case} | {1e3 * best['ours']:.2f} | "
            f"{best['ours'] / best['em']:.2f} | {1e3 * best['scikit-learn']:.2f} | "
            f"{ratio:.1f} |",
            flush=True,
        )
    mean = np.exp(np.mean(np.log(ratios)))
    print(f"\nGeometric mean of the ratios: {mean:.1f}")


if __name__ == "__main__":
    main()
