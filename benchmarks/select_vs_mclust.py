"""The whole table, fourteen models by nine values of K, against R's Mclust() side by side.

    python benchmarks/select_vs_mclust.py [n_jobs]

Needs R with mclust (Debian: r-cran-mclust).  Both start from a tree and both print BIC with
their time.  They stop differently: mclust when a step gains less than 1e-5 of the
log-likelihood, ours when the gain still to come is below ``tol`` nats per point, by default
1e-4; the three best then go on to 1e-7.
"""

import csv
import subprocess
import sys
import time
from importlib import resources
from pathlib import Path

import numpy as np

from numpy_ml_gmm import datasets
from numpy_ml_gmm.selection import select

SCRIPT = Path(__file__).with_suffix(".R")
SETTINGS = {
    "tree": {},
    "tree, tol=1e-7": {"tol": 1e-7},
    "tree and k-means": {"init_params": ("hierarchical", "kmeans")},
}


def mclust(name):
    """Seconds, and {(model, K): BIC} in our sign."""
    data = resources.files("numpy_ml_gmm").joinpath("data", f"{name}.csv")
    run = subprocess.run(
        ["Rscript", SCRIPT, data], check=True, text=True, stdout=subprocess.PIPE
    ).stdout.splitlines()
    rows = list(csv.DictReader(run[1:]))
    return float(run[0]), {
        (model, int(row["K"])): float(value) if value != "NA" else np.nan
        for row in rows
        for model, value in row.items()
        if model != "K"
    }


def ours(X, n_jobs, **settings):
    """Seconds, and {(model, K): BIC}; the first result also chooses."""
    start = time.perf_counter()
    selection = select(X, random_state=0, n_jobs=n_jobs, **settings)
    seconds = time.perf_counter() - start
    return seconds, {(r.covariance_type, r.n_components): r.bic for r in selection.rows}, selection


def report(name, n_jobs):
    """One line for each setting."""
    X = datasets.LOADERS[name]().X
    seconds, theirs = mclust(name)
    failed = sum(map(np.isnan, theirs.values()))
    print(f"{name}: mclust {seconds:.2f} s, {failed} of {len(theirs)} cells without a fit")
    for label, settings in SETTINGS.items():
        own, table, selection = ours(X, n_jobs, **settings)
        better = np.array([theirs[cell] - table[cell] for cell in theirs])
        print(
            f"  {label:17} {own:6.2f} s ({own / seconds:5.1f} times mclust)  BIC lower by 0.1"
            f" or more in {(better > 0.1).sum()}, equal in {(abs(better) <= 0.1).sum()},"
            f" higher in {(better < -0.1).sum()} (at most {-np.nanmin(better):.1f}),"
            f" without a fit {len(selection.failures)}; {selection!r}"
        )


if __name__ == "__main__":
    for name in datasets.LOADERS:
        report(name, int(sys.argv[1]) if len(sys.argv) > 1 else None)
