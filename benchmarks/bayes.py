"""Milliseconds per step of the variational mixture: ours, our EM's, and scikit-learn's.

    python benchmarks/bayes.py            # the grid of em_speed.py, some minutes
    python benchmarks/bayes.py --quick    # the small rows

All start from the same responsibilities and see the same data in one run, in turns; the least of
several turns counts, in processor time.  A step's time is the difference of two fits that differ
only in their number of steps.  "of EM" is our step over GMM's, for the same covariance type.
"""

import argparse
import time
import warnings

import numpy as np
from em_speed import GRID, problem
from sklearn.mixture import BayesianGaussianMixture
from threadpoolctl import threadpool_limits

from numpy_ml_gmm import GMM, BayesianGMM
from numpy_ml_gmm.frames import n_features

SMALL = (272, 2, 2, "full")


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
    parser.add_argument("--quick", action="store_true", help="the rows that take milliseconds")
    parser.add_argument("--turns", type=int, default=5)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| N, D, K | ours (ms) | of EM | scikit-learn (ms) | ratio |\n|---|---|---|---|---|")
    ratios = []
    for case in [SMALL, *GRID]:
        N, D, K, covariance_type = case
        if arguments.quick and N * D * K >= 2e7:
            continue
        X, weights, means, covariances = problem(*case)
        start = GMM.from_parameters(weights, means, covariances, covariance_type=covariance_type)
        many = int(np.clip(1e9 / (N * K * n_features(D, covariance_type == "diag")), 4, 300))
        with threadpool_limits(1):
            functions = fits(X, start.predict_proba(X), covariance_type)
            best = per_step(functions, max(1, many // 4), many, arguments.turns)
        ratio = best["scikit-learn"] / best["ours"]
        ratios += [ratio] if case in GRID else []
        print(
            f"| {N:,}, {D}, {K} {covariance_type} | {1e3 * best['ours']:.2f} | "
            f"{best['ours'] / best['em']:.2f} | {1e3 * best['scikit-learn']:.2f} | "
            f"{ratio:.1f} |",
            flush=True,
        )
    mean = np.exp(np.mean(np.log(ratios)))
    print(f"\nGeometric mean of the ratios, over the rows of em_speed.py: {mean:.1f}")


if __name__ == "__main__":
    main()
