"""Clusters of cells: ``cluster_anndata`` against R's ``Mclust(X, K, "EEE")``, in turns.

    python benchmarks/cluster_vs_mclust.py

Needs R with mclust (Debian: r-cran-mclust), which gets one thread as ours does.  The data are 5,000
cells with 30 features each, as principal components or a graph network give them: K clusters of
unequal sizes, one covariance, tails of a t distribution, and variances that fall from the first
feature to the last.  ``overlap`` says how far the means are apart.  Time is processor time.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import subprocess
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score

from numpy_ml_gmm import cluster_anndata

SCRIPT = Path(__file__).with_suffix(".R")
N, D, TURNS = 5000, 30, 3
CASES = {"apart": 1.0, "touching": 0.6, "overlapping": 0.4}


def embedding(K, spread, seed):
    """Points (N, D), and the cluster that each was drawn from."""
    rng = np.random.default_rng(seed)
    z = rng.choice(K, size=N, p=rng.dirichlet(np.full(K, 4.0)))
    scale = np.geomspace(5, 0.5, D)
    A = np.linalg.cholesky(np.cov(rng.normal(size=(D, 3 * D))))
    noise = rng.standard_t(8, size=(N, D)) @ A.T
    return (spread * rng.normal(size=(K, D))[z] + noise) * scale, z


def mclust(path, K):
    """Seconds, log-likelihood and labels."""
    run = subprocess.run(["Rscript", SCRIPT, path, str(K)], capture_output=True, text=True)
    figures, labels = run.stdout.splitlines()[:2]
    return *map(float, figures.split()), np.array(labels.split(), int)


def ours(X, K, **params):
    """Seconds, log-likelihood and labels."""
    adata = SimpleNamespace(obs=pd.DataFrame(index=range(len(X))), obsm={"X_pca": X}, uns={})
    start = time.process_time()
    cluster_anndata(adata, n_components=K, **params)
    seconds = time.process_time() - start
    return seconds, adata.uns["mclust"]["log_likelihood"], adata.obs["mclust"].astype(int)


HEAD = """\
| clusters | K | mclust (s) | ours (s) | one tree (s) | ours - mclust (nats) | tree - mclust |\
 ARI mclust | ARI ours | ours with mclust |
|---|---|---|---|---|---|---|---|---|---|"""


def row(name, K, turns, z):
    """The least time of each, what the first turn reached, and how well labels agree."""
    seconds = [f"{min(turn[i][0] for turn in turns):.2f}" for i in range(3)]
    theirs, ours, tree = turns[0]
    gaps = [f"{fit[1] - theirs[1]:+z.1f}" for fit in (ours, tree)]
    pairs = (z, theirs[2]), (z, ours[2]), (theirs[2], ours[2])
    scores = [f"{adjusted_rand_score(*pair):.3f}" for pair in pairs]
    return f"| {' | '.join([name, str(K), *seconds, *gaps, *scores])} |"


def main():
    print(HEAD)
    for name, spread in CASES.items():
        for K in (7, 12):
            X, z = embedding(K, spread, seed=K)
            with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
                np.savetxt(file, X, delimiter=",")
                file.flush()
                turns = [
                    (mclust(file.name, K), ours(X, K), ours(X, K, init_params="hierarchical"))
                    for _ in range(TURNS)
                ]
            print(row(name, K, turns, z), flush=True)


if __name__ == "__main__":
    main()
