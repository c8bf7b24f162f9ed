"""What a step of EM costs where the data lie in chunks, measured, modelled and projected.

    python benchmarks/cluster.py measure    # some minutes: benchmarks/cluster.json
    python benchmarks/cluster.py large      # 160 million rows made as they are read: ten minutes
    python benchmarks/cluster.py draw FILE  # the figure of docs/chunks.md, from the numbers

The data are made as they are read, so they are never in memory as a whole.  The start is given,
so that what is timed is steps alone.  The model of the seconds of a step is

    share * (rows * (D * making + F * K * product) + chunks * per_chunk) + fixed

The share is that of the busiest process, in whole chunks, and F the numbers that EM keeps of a
row for each component.  The four numbers are fitted to the grid by least squares of the relative
errors; the large run says whether the model holds.
"""

import json
import math
import sys
import threading
import time
import warnings
from pathlib import Path

import dask.array as da
import matplotlib.pyplot as plt
import numpy as np
from dask.distributed import Client, LocalCluster, get_task_stream
from scipy.optimize import nnls

from numpy_ml_gmm import GMM
from numpy_ml_gmm.frames import n_features

HERE = Path(__file__).parent
RESULTS = HERE / "cluster.json"
CHUNK = 1_000_000  # rows
GRID = [  # rows, features, components
    *((N, 8, 16) for N in (10_000, 100_000, 1_000_000, 8_000_000)),
    *((1_000_000, D, 16) for D in (2, 32)),
    *((1_000_000, 8, K) for K in (4, 64)),
]
LARGE = 160_000_000, 8, 16


def points(N, D):
    """N rows of eight clusters, made chunk by chunk as they are read."""
    chunks = -(-N // CHUNK)
    rows = -(-N // chunks)

    def made(block_info=None):
        place = block_info[None]
        rng = np.random.default_rng(place["chunk-location"][0])
        shape = place["chunk-shape"]
        return rng.standard_normal(shape) + 6 * rng.integers(0, 2, (shape[0], 1)) * np.ones(D)

    sizes = tuple(min(rows, N - start) for start in range(0, N, rows))
    return da.map_blocks(made, chunks=(sizes, (D,)), dtype=float, meta=np.zeros((0, 0)))


def started(D, K, max_iter):
    """A mixture whose start is given."""
    rng = np.random.default_rng(0)
    return GMM(
        K,
        weights_init=np.full(K, 1 / K),
        means_init=rng.normal(3, 3, (K, D)),
        covariances_init=np.tile(9 * np.eye(D), (K, 1, 1)),
        max_iter=max_iter,
        tol=0,
    )


def seconds_a_step(N, D, K, steps=5):
    """The median over some steps."""
    times = []
    stepping = started(D, K, steps).iterate(points(N, D))
    next(stepping)
    last = time.perf_counter()
    for _ in stepping:
        now = time.perf_counter()
        times.append(now - last)
        last = now
    return float(np.median(times))


def cluster(n):
    """So many worker processes of one thread."""
    return LocalCluster(
        n_workers=n, threads_per_worker=1, dashboard_address=":0", memory_limit=0, silence_logs=50
    )


def measure():
    """The grid, with one worker process and with two."""
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    runs = []
    for processes in 1, 2:
        with cluster(processes) as machines, Client(machines):
            for N, D, K in GRID:
                chunks = points(N, D).numblocks[0]
                seconds = seconds_a_step(N, D, K)
                runs.append([N, D, K, chunks, processes, seconds])
                print(f"{processes} process(es), {N:>9} x {D} x {K}: {seconds:.4f} s", flush=True)
    found["runs"] = runs
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")


def large():
    """Ten gigabytes of rows, which are never in memory together: time, memory, and what moved."""
    N, D, K = LARGE
    found = json.loads(RESULTS.read_text())
    with cluster(2) as machines, Client(machines) as client:
        peaks, done = {}, threading.Event()

        def look():
            while not done.wait(0.5):
                for address, info in client.scheduler_info(n_workers=-1)["workers"].items():
                    memory = info["metrics"]["memory"]
                    peaks[address] = max(peaks.get(address, 0), memory)

        def sent():
            moved = client.run(lambda dask_worker: dask_worker.transfer_outgoing_bytes_total)
            return sum(moved.values())

        watcher = threading.Thread(target=look)
        watcher.start()
        times, own, bytes_moved = [], [], []
        X = points(N, D)
        last, before = time.perf_counter(), sent()
        steps = started(D, K, 5).iterate(X)
        for n in range(1, 6):
            with get_task_stream(client) as stream:
                model = next(steps)
                times.append(time.perf_counter() - last)
            seconds = [
                part["stop"] - part["start"]
                for task in stream.data
                for part in task["startstops"]
                if part["action"] == "compute"
            ]
            own.append(sum(seconds) / 2)
            after = sent()
            bytes_moved.append(after - before)
            said = f"{times[-1]:.1f} s, its chunks {own[-1]:.1f} s, {bytes_moved[-1]} bytes moved"
            print(f"step {n}: {said}", flush=True)
            last, before = time.perf_counter(), after
        assert model.n_iter_ == 5
        done.set()
        watcher.join()
    step, chunks = float(np.median(times[1:])), float(np.median(own[1:]))
    found["large"] = {
        "rows": N,
        "features": D,
        "components": K,
        "chunks": X.numblocks[0],
        "seconds a step": step,
        "seconds of its chunks on each process": chunks,
        "ratio": step / chunks,
        "megabytes of each worker": [round(peak / 2**20) for peak in peaks.values()],
        "bytes moved a step": bytes_moved[1:],
    }
    print(json.dumps(found["large"], indent=1))
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")


def terms(N, D, K, chunks, processes):
    """What the four numbers of the model are multiplied by."""
    F, share = n_features(D, diagonal=False), math.ceil(chunks / processes) / chunks
    return [N * D * share, N * F * K * share, chunks * share, 1.0]


def model_of(runs):
    """The four numbers, none below 0, from the runs of the grid."""
    A, seconds = np.array([terms(*run[:-1]) for run in runs]), np.array([run[-1] for run in runs])
    return nnls(A / seconds[:, None], np.ones(len(runs)))[0]


def table():
    """Of each run what was measured and what the model says, the large one last."""
    found = json.loads(RESULTS.read_text())
    c, large = model_of(found["runs"]), found["large"]
    size = [large["rows"], large["features"], large["components"], large["chunks"], 2]
    runs = [*found["runs"], [*size, large["seconds a step"]]]
    return c, [(*run, float(np.dot(c, terms(*run[:-1])))) for run in runs]


def figure():
    """Measured, modelled, and projected to ten thousand million rows on a hundred machines."""
    c, runs = table()
    fig, ax = plt.subplots(figsize=(6, 4), layout="constrained")
    N = np.logspace(4, 10, 60)
    for processes, colour in (1, "C0"), (2, "C1"), (200, "C2"):
        guess = [np.dot(c, terms(n, 8, 16, max(1, n / CHUNK), processes)) for n in N]
        name = f"{processes} process" + "es" * (processes > 1)
        ax.plot(N, guess, "--" if processes > 2 else "-", color=colour, label=name)
        seen = [run for run in runs if run[1:3] == (8, 16) and run[4] == processes]
        ax.plot([run[0] for run in seen], [run[5] for run in seen], "o", color=colour)
    ax.set(xscale="log", yscale="log", xlabel="rows, of 8 features", ylabel="seconds a step of EM")
    ax.set_title("16 components. Dots: measured. Dashes: projected to 100 machines", fontsize=9)
    ax.legend(frameon=False)
    return fig


def draw():
    """The figure, in a file, and the numbers behind it."""
    c, runs = table()
    print("seconds for each number made, for each product, for each chunk, fixed:", c)
    for *run, measured, said in runs:
        print(run, f"measured {measured:.4f}, model {said:.4f}")
    figure().savefig(sys.argv[2])


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # a few steps do not converge
    {"measure": measure, "large": large, "draw": draw}[sys.argv[1]]()
