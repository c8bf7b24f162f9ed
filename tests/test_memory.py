"""Data that do not fit into memory: work in a child process that may not have so much of it."""

import subprocess
import sys

import numpy as np
import pytest

resource = pytest.importorskip("resource")
if not sys.platform.startswith("linux"):
    pytest.skip("only Linux counts what a process asks for by itself", allow_module_level=True)

MB = 2**20
# What the process has after its imports, and some more.  RLIMIT_AS would count the map itself.
LIMITED = """
import resource, sys
import numpy as np
from numpy_ml_gmm import GMM
def limit(megabytes):
    lines = open("/proc/self/status").read().splitlines()
    there = next(int(line.split()[1]) for line in lines if line.startswith("VmData"))
    most = there * 1024 + megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
"""


def limited(code, *words):
    """What a child says that may have little memory, and its errors."""
    command = [sys.executable, "-c", LIMITED + code, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_memory_map_is_fitted_in_less_memory_than_it_has_bytes(tmp_path):
    file = np.lib.format.open_memmap(
        tmp_path / "points.npy", mode="w+", dtype=np.float64, shape=(3_200_000, 8)
    )
    piece = np.random.default_rng(0).normal(size=(100_000, 8))
    piece[::2] += 4
    for begin in range(0, len(file), len(piece)):
        file[begin : begin + len(piece)] = piece
    del file
    assert (tmp_path / "points.npy").stat().st_size > 195 * MB
    fits = """
limit(60)
X = np.load(sys.argv[1], mmap_mode="r")
model = GMM(2, covariance_type="diag", n_init=1, max_iter=3, tol=0, random_state=0).fit(X)
print(*sorted(model.means_.mean(axis=1).round(1)))
"""
    found = limited(fits, tmp_path / "points.npy")
    assert found.stdout.split() == ["0.0", "4.0"], found.stderr
    found = limited(fits.replace('mmap_mode="r"', ""), tmp_path / "points.npy")
    assert "MemoryError" in found.stderr  # the limit holds


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_is_read_in_less_memory_than_it_has_bytes(tmp_path, kind):
    pytest.importorskip("dask.dataframe")
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path, n = tmp_path / f"a.{kind}", 120_000
    X = np.random.default_rng(0).normal(size=(n, 4)) + 4 * (np.arange(n) % 2)[:, None]
    if kind == "csv":
        np.savetxt(path, X, fmt="%.15f", delimiter=",", header="a,b,c,d", comments="")
    else:
        X = np.repeat(X, 8, axis=1)
        names = [f"{name}{d}" for name in "abcd" for d in range(8)]
        frame = pa.table(dict(zip(names, X.T, strict=True)))
        pq.write_table(frame, path, row_group_size=6000, compression=None)
    run = """
import dask, dask.dataframe, pyarrow.parquet, scipy.spatial
from numpy_ml_gmm.cli import main, pieces
dask.config.set(scheduler="synchronous")
pieces.BYTES, (path, *words) = 2**18, sys.argv[1:]
model = path + ".model.npz"
limit(LIMIT)
fit = ["--n_clusters", "2", "--n_init", "1", "--init_params", "kmeans", "--max_iter", "2"]
columns = ["--columns", "a*,c*"]
assert main([path, *fit, *columns, "--labels", path + ".csv", "--quiet", *words]) == 0
print("done")
"""
    run = run.replace("LIMIT", "12" if kind == "csv" else "24")
    found = limited(run, path, "--engine", "dask")
    assert found.stdout == "done\n", found.stderr
    lines = (tmp_path / f"a.{kind}.csv").read_text().splitlines()
    assert len(lines) == n + 1 and lines[0].endswith("component,probability,outlier")
    assert "memory" in limited(run, path).stderr  # at once it is too much
