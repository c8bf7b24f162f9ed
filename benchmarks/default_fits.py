"""A default fit beside scikit-learn with ten starts at tol=1e-5: time, and what is reached.

    python benchmarks/default_fits.py

In turns, one thread, processor time of the mean of some seeds.  *Ahead* is how many nats our
log-likelihood is higher, in the mean; our ends are sound by the test of the package.
"""

import time
import warnings

import numpy as np
from em_speed import Case, Problem
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from numpy_ml_gmm import GMM, load_iris, load_old_faithful

CASES = Case(1_000, 3, 10), Case(10_000, 8, 8), Case(100_000, 8, 8), Case(20_000, 32, 8)


def tables():
    """Name, points and K of every data set."""
    digits = load_digits().data
    yield "Old Faithful", load_old_faithful().X, 2
    yield "iris", load_iris().X, 3
    yield "wine", load_wine().data, 3
    yield "breast cancer, ten features", load_breast_cancer().data[:, :10], 2
    yield "breast cancer", load_breast_cancer().data, 2
    yield "digits, ten components", PCA(10, svd_solver="full").fit_transform(digits), 4
    yield "digits, twenty components", PCA(20, svd_solver="full").fit_transform(digits), 10
    for case in CASES:
        yield str(case), Problem(case, 1).X, case.K


def fitted(model, X):
    """The model, fitted to X, and its seconds."""
    begin = time.process_time()
    model.fit(X)
    return model, time.process_time() - begin


def main():
    warnings.simplefilter("ignore")
    print("| data, K | ours (s) | scikit-learn (s) | ratio | ahead |\n" + "|---" * 5 + "|")
    logs, some = [], load_iris().X
    fitted(GMM(2), some), fitted(GaussianMixture(2), some)  # what is loaded on first use
    for name, X, K in tables():
        ours, theirs, ahead = [], [], []
        for seed in range(1 if X.size > 50_000 else 3):
            model, seconds = fitted(GMM(K, random_state=seed), X)
            ours.append(seconds)
            peer = GaussianMixture(K, n_init=10, tol=1e-5, max_iter=1000, random_state=seed)
            peer, seconds = fitted(peer, X)
            theirs.append(seconds)
            ahead.append(model.log_likelihood_ - peer.score(X) * len(X))
        a, b, more = np.mean(ours), np.mean(theirs), np.mean(ahead)
        logs.append(np.log(b / a))
        print(f"| {name}, {K} | {a:.3f} | {b:.3f} | {b / a:.1f} | {more:.1f} |", flush=True)
    print(f"\nGeometric mean of the ratios: {np.exp(np.mean(logs)):.1f}")


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
