"""The whole table, fourteen models by nine values of K, against R's Mclust() side by side.

    python benchmarks/select_vs_mclust.py [n_jobs]

Needs R with mclust (Debian: r-cran-mclust).  mclust starts from a tree, ours from a tree and
k-means, and both print BIC with their time.  They stop differently: mclust when a step gains less
than 1e-5 of the log-likelihood, ours when the gain still to come is below ``tol`` nats per point,
by default 1e-4; the three best then go on to 1e-7.
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
    "default": {},
    "one round": {"rounds": 1},
    "one round, tree": {"rounds": 1, "init_params": "hierarchical"},
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
    """Seconds, {(model, K): BIC}, and the selection."""
    start = time.perf_counter()
    selection = select(X, random_state=0, n_jobs=n_jobs, **settings)
    seconds = time.perf_counter() - start
    return seconds, {(r.covariance_type, r.n_components): r.bic for r in selection.rows}, selection


def report(name, n_jobs, turns=3):
    """One line for each setting: the least time of some turns, ours and mclust's."""
    X = datasets.LOADERS[name]().X
    seconds = dict.fromkeys(["mclust", *SETTINGS], np.inf)
    for _ in range(turns):
        spent, theirs = mclust(name)
        seconds["mclust"] = min(seconds["mclust"], spent)
        tables = {label: ours(X, n_jobs, **settings) for label, settings in SETTINGS.items()}
        seconds |= {label: min(seconds[label], tables[label][0]) for label in SETTINGS}
    failed = sum(map(np.isnan, theirs.values()))
    print(f"{name}: mclust {seconds['mclust']:.2f} s, {failed} of {len(theirs)} without a fit")
    for label, (_, table, selection) in tables.items():
        better = np.array([theirs[cell] - table[cell] for cell in theirs])
        lower, higher = (better > 0.1).sum(), (better < -0.1).sum()
        print(
            f"  {label:17} {seconds[label]:6.2f} s"
            f" ({seconds[label] / seconds['mclust']:5.2f} times mclust)"
            f"  BIC lower by 0.1 or more in {lower}, equal in {(abs(better) <= 0.1).sum()},"
            f" higher in {higher} (at most {-np.nanmin(better):.1f}),"
            f" without a fit {len(selection.failures)}; {selection!r}"
        )


if __name__ == "__main__":
    for name in datasets.LOADERS:
        report(name, int(sys.argv[1]) if len(sys.argv) > 1 else None)
