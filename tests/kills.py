"""Kill fits and searches with a checkpoint at random moments, and see what comes out.

    python -m tests.kills 100            # a hundred kills of a fit, and of a search; minutes
    python -m tests.kills 100 --seed 7 --work fit

A child works with a checkpoint, and is killed (SIGKILL) after a random time.  The file must be
whole then, or not there yet.  The next child goes on from it.  One that comes to the end must have
the bits of the work that nobody stopped; then the file is deleted, and the next begins anew.
"""

import argparse
import hashlib
import multiprocessing
import os
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

from numpy_ml_gmm import GMM, archive, checkpoints, select


def fit(checkpoint):
    """A fit of a second or so: many starts, moves, and a long walk."""
    model = GMM(4, n_init=6, tol=1e-9, random_state=0).fit(data(), checkpoint=checkpoint)
    return model.weights_, model.means_, model.covariances_, *map(np.array, model.history_)


def search(checkpoint):
    """A table of twelve cells."""
    types, Ks = ["EEE", "VVI", "VVV"], [1, 2, 3, 4]
    table = select(data(), Ks, types, random_state=0, checkpoint=checkpoint)
    numbers = [[row.log_likelihood, row.icl, row.silhouette] for row in table.rows]
    return np.array(numbers), table.best.weights_, table.best.means_, table.best.covariances_


def quick(checkpoint):
    """A fit that is over soon, for the tests."""
    model = GMM(2, n_init=3, random_state=0).fit(data()[::3], checkpoint=checkpoint)
    return model.weights_, model.means_, model.covariances_, *map(np.array, model.history_)


def data():
    """Three clusters that overlap."""
    rng = np.random.default_rng(0)
    return np.vstack([rng.normal(size=(100, 3)) + shift for shift in (0, 2, 3)])


def child(work, checkpoint, answer):
    """What a child does: the work, and a digest of all bits of the result."""
    warnings.simplefilter("ignore")
    bits = b"".join(np.ascontiguousarray(a) for a in work(checkpoint))
    answer.send(hashlib.sha256(bits).hexdigest())


def outcome(work, checkpoint, seconds=None):
    """What a child finds; None if it is killed, after some seconds."""
    fork = multiprocessing.get_context("fork")  # what it imports is there already
    ours, theirs = fork.Pipe(duplex=False)
    process = fork.Process(target=child, args=(work, checkpoint, theirs))
    process.start()
    process.join(seconds)
    process.kill()
    process.join()
    return ours.recv() if ours.poll() else None


def killed(work, n, seed=0):
    """Kill n children: how many moments found a file, and how often work came to an end."""
    rng = np.random.default_rng(seed)
    wanted = outcome(work, None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "checkpoint.npz")
        begin = time.monotonic()
        assert outcome(work, (path, 0)) == wanted, "with a checkpoint the bits are others"
        longest = time.monotonic() - begin
        path.unlink()
        kills = ends = there = 0
        while kills < n or path.exists():
            found = outcome(work, (path, 0), rng.uniform(0, longest) if kills < n else None)
            if path.exists():
                archive.load(path, checkpoints.KIND, checkpoints.PARTS, checkpoints.no_shapes)
            if found is None:
                kills, there = kills + 1, there + path.exists()
                continue
            assert found == wanted, f"after {kills} kills the bits are others"
            path.unlink()
            ends += 1
        left = [name for name in os.listdir(folder) if not name.startswith(".")]
        assert left == [], left
    return there, ends


def main():
    """A hundred kills of each kind of work, or as many as asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("n", type=int, nargs="?", default=100)
    parser.add_argument("--seed", type=int, default=0)
    kinds = {work.__name__: work for work in (fit, search, quick)}
    parser.add_argument("--work", nargs="+", choices=kinds, default=["fit", "search"])
    args = parser.parse_args()
    for work in map(kinds.get, args.work):
        begin = time.monotonic()
        there, ends = killed(work, args.n, args.seed)
        spent = time.monotonic() - begin
        print(f"{work.__name__}: {args.n} kills, {there} of which left a file, all whole;", end=" ")
        print(f"{ends} ends, all with the bits of work that nobody stopped; {spent:.0f} s")


if __name__ == "__main__":
    main()
