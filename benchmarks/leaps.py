"""What leaps save, and where they end: `accelerate=True` beside plain steps, from the same starts.

    python benchmarks/leaps.py [--starts 50]

Ten data sets, each fitted from so many random starts.  *E steps* are looks at the data until the
log-likelihood is within 1e-6 nats a point of the higher of the two ends; a step with a leap
takes one more.  An end is another one if it is more than 1e-5 nats a point away.  The likelihood
is looked at after every step: by how much does it ever fall?
"""

import argparse
import warnings

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.decomposition import PCA

from numpy_ml_gmm import GMM, load_iris, load_old_faithful


def data_sets():
    """X, K and covariance type, by name; the last five overlap."""
    rng = np.random.default_rng(0)

    def clouds(distance, D, K, n=500):
        return np.vstack([rng.normal(size=(n, D)) + distance * k for k in range(K)])

    wine = PCA(5, whiten=True, svd_solver="full").fit_transform(load_wine().data)
    digits = PCA(10, svd_solver="full").fit_transform(load_digits().data)
    return {
        "Old Faithful": (load_old_faithful().X, 2, "full"),
        "iris": (load_iris().X, 3, "full"),
        "wine, five components": (wine, 3, "full"),
        "breast cancer, ten features": (load_breast_cancer().data[:, :10], 3, "diag"),
        "digits, ten components": (digits, 5, "tied"),
        "two clouds, 1.5 apart": (clouds(1.5, 2, 2), 2, "full"),
        "two clouds, 1 apart": (clouds(1, 2, 2), 2, "tied"),
        "three clouds, 1.5 apart": (clouds(1.5, 2, 3), 3, "full"),
        "three clouds, 1 apart": (clouds(1, 3, 3), 3, "diag"),
        "four clouds, 2 apart": (clouds(2, 1, 4), 4, "full"),
    }


def climb(X, K, name, seed, accelerate, max_iter=30_000):
    """The log-likelihoods of a climb from a random start."""
    arguments = {"init_params": "random_from_data", "n_init": 1, "random_state": seed}
    model = GMM(K, covariance_type=name, accelerate=accelerate, max_iter=max_iter, **arguments)
    return np.array(model.fit(X).history_[0])


def e_steps(history, top, N, accelerate):
    """Looks at the data until the height is within 1e-6 nats a point of the top."""
    there = np.flatnonzero(history >= top - 1e-6 * N)
    steps = there[0] + 1 if len(there) else len(history)
    return steps + (steps // 2 if accelerate else 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--starts", type=int, default=50)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| data | plain | with leaps | saved | higher | lower | deepest fall |")
    print("|---|---|---|---|---|---|---|")
    ratios = []
    for title, (X, K, name) in data_sets().items():
        counts, ends, fall, slow = [], [], 0.0, []
        for seed in range(arguments.starts):
            try:
                plain, leaping = (climb(X, K, name, seed, a) for a in (False, True))
            except ValueError:  # a component has collapsed
                continue
            difference = (leaping[-1] - plain[-1]) / len(X)
            ends.append(difference)
            fall = min(fall, np.diff(leaping).min() / len(X))
            if abs(difference) < 1e-5:
                top = max(plain[-1], leaping[-1])
                both = e_steps(plain, top, len(X), False), e_steps(leaping, top, len(X), True)
                counts.append(both)
                if both[0] >= 2000:
                    slow.append(both[0] / both[1])
        a, b = np.median(counts, axis=0)
        ratios += slow
        ends = np.array(ends)
        print(
            f"| {title}: {name}, {K} | {a:.0f} | {b:.0f} | {a / b:.1f} | {(ends > 1e-5).sum()} "
            f"| {(ends < -1e-5).sum()} of {len(ends)} | {fall:.0e} |",
            flush=True,
        )
    if ratios:
        print(
            f"\n{len(ratios)} climbs took 2,000 plain steps or more: leaps took "
            f"{np.median(ratios):.1f} times fewer (median; least {min(ratios):.1f})"
        )


if __name__ == "__main__":
    main()
