"""How much memory a fit needs above its data.  Linux only.

    python benchmarks/memory.py

The data are a memory map with N = 2,000,000, D = 8, and an array.  What is counted is the
process's own memory (RssAnon), looked at every few milliseconds, less what it was before.
"""

import os
import tempfile
import threading
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np

from numpy_ml_gmm import GMM

N, D, K, STEPS = 2_000_000, 8, 16, 3


def own_memory():
    """Megabytes of this process that are not those of a file."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) / 1024


def peak_above(function):
    """The most that a call adds to the memory, in megabytes."""
    before, seen, done = own_memory(), [], threading.Event()

    def look():
        while not done.is_set():
            seen.append(own_memory())
            time.sleep(0.002)

    watcher = threading.Thread(target=look)
    watcher.start()
    function()
    done.set()
    watcher.join()
    return max(seen) - before


def main():
    warnings.simplefilter("ignore")  # a few steps do not converge
    rng = np.random.default_rng(0)
    GMM(2, max_iter=2).fit(rng.normal(size=(1000, D)))  # what the first fit loads
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "X.npy")
        X = np.lib.format.open_memmap(path, "w+", shape=(N, D))
        for n in range(0, N, 10_000):
            X[n : n + 10_000] = rng.normal(size=(10_000, D)) + 4 * rng.integers(4, size=(10_000, 1))
        for name, data in ("memory map", np.load(path, mmap_mode="r")), ("array", np.array(X)):
            for n_jobs in 1, os.cpu_count():
                model = GMM(K, max_iter=STEPS, random_state=0, n_jobs=n_jobs)
                print(f"{name}, {n_jobs} thread(s): {peak_above(partial(model.fit, data)):.0f} MB")


if __name__ == "__main__":
    main()
