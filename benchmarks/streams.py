"""A million rows read once, in batches, against a fit of all of them.

    python benchmarks/streams.py            # about a minute
    python benchmarks/streams.py --rows 100000

The loss is the mean log-likelihood of all rows under the fit, less that under the stream, in nats a
row; below 0 the first batch led to a higher hill.  Seconds are of the processor.
"""

import argparse
import time
import warnings

import numpy as np

from numpy_ml_gmm import GMM

MIXTURES = [(3, 2, 3.0), (5, 4, 2.0), (5, 4, 1.0), (10, 8, 2.0)]  # K, D, spread of the means


def mixture(K, D, spread, rng):
    """A mixture at random; with means one deviation apart much is left in doubt."""
    means = spread * rng.normal(size=(K, D))
    covariances = np.array([np.cov(rng.normal(size=(D, 3 * D))) for _ in range(K)])
    weights = rng.dirichlet(np.full(K, 5.0))
    return GMM.from_parameters(weights, means, covariances, random_state=1)


def stream(X, K, first, size):
    """A stream of X: one large batch, then smaller ones."""
    model = GMM(K, random_state=0).partial_fit(X[:first])
    for i in range(first, len(X), size):
        model.partial_fit(X[i : i + size])
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    n, rng = parser.parse_args().rows, np.random.default_rng(0)
    warnings.simplefilter("ignore")
    print("| K, D, spread | first batch | others | loss (nats a row) | stream (s) | fit (s) |")
    print("|---|---|---|---|---|---|")
    for K, D, spread in MIXTURES:
        X = mixture(K, D, spread, rng).sample(n)[0]
        begin = time.process_time()
        whole = GMM(K, random_state=0).fit(X)
        of_fit = time.process_time() - begin
        for first, size in [(1000, 1000), (20_000, 10_000)]:
            begin = time.process_time()
            model = stream(X, K, first, size)
            of_stream = time.process_time() - begin
            loss = whole.score(X) - model.score(X)
            row = f"| {K}, {D}, {spread:g} | {first:,} | {size:,} | {loss:.1e} "
            print(f"{row}| {of_stream:.1f} | {of_fit:.1f} |", flush=True)


if __name__ == "__main__":
    main()
