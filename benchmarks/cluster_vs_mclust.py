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


def main():
    print("| clusters | K | mclust (s) | ours (s) | one tree (s) | log-likelihood, ours - mclust |")
    print("| ARI mclust | ARI ours | ours with mclust |")
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
            seconds = [min(turn[i][0] for turn in turns) for i in range(3)]
            (_, theirs, their_labels), (_, height, labels), _ = turns[0]
            scores = [
                adjusted_rand_score(a, b)
                for a, b in ((z, their_labels), (z, labels), (labels, their_labels))
            ]
            print(
                f"| {name} | {K} | {' | '.join(f'{s:.2f}' for s in seconds)} "
                f"| {height - theirs:+.1f} | {' | '.join(f'{s:.3f}' for s in scores)} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
