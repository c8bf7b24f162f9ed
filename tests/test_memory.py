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
def test_a_table_is_labelled_in_less_memory_than_it_has_bytes(tmp_path, kind):
    pytest.importorskip("dask.dataframe")
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    few, many, n = tmp_path / f"few.{kind}", tmp_path / f"many.{kind}", 30_000
    X = np.random.default_rng(0).normal(size=(n, 4)) + 4 * (np.arange(n) % 2)[:, None]
    if kind == "csv":
        words = "and so on, " * 30
        lines = ["a,b,c,d,words", *(f'{a},{b},{c},{d},"{words}"' for a, b, c, d in X.tolist())]
        many.write_text("\n".join(lines))
        few.write_text("\n".join(lines[:2000]))
    else:
        X = np.hstack([X, np.random.default_rng(1).random((n, 40))])  # and columns that wait
        frame = pa.table(list(X.T), [*"abcd", *(f"other{d}" for d in range(40))])
        pq.write_table(frame, many, row_group_size=2500, compression=None)
        pq.write_table(frame[:2500], few)
    run = """
import dask, dask.dataframe
from numpy_ml_gmm.cli import main, pieces
dask.config.set(scheduler="synchronous")
pieces.BYTES, (folder, kind, *words) = 2**18, sys.argv[1:]
model = GMM.from_parameters([0.5, 0.5], [[0.0] * 4, [4.0] * 4], [np.eye(4)] * 2)
model.save(folder + "/model.npz")
def predict(name, *words):
    path = folder + "/" + name + "." + kind
    out = folder + "/out." + (kind if words else "csv")
    words += "--model", folder, "--columns", "a,b,c,d", "--out", out
    return main(["predict", path, *words])
predict("few", *words)  # what is loaded when it is needed
limit(10 if kind == "csv" else 9)
print(predict("many", *words))
"""
    assert many.stat().st_size > (10 if kind == "csv" else 9) * MB
    found = limited(run, tmp_path, kind, "--engine", "dask")
    assert found.stdout == "0\n", found.stderr
    if kind == "csv":
        assert (tmp_path / "out.csv").read_bytes().count(b"\n") == n + 1
    else:
        assert len(list((tmp_path / "out.parquet").iterdir())) == n / 2500
