"""Kill fits and searches with a checkpoint at random moments, and see what comes out.

    python -m tests.kills 100            # a hundred kills of a fit, and of a search; minutes
    python -m tests.kills 100 --seed 7

A child process works with a checkpoint, and is killed (SIGKILL) after a random time.  The file must
be whole then, or not there yet.  The next child goes on from it.  The one that comes to the end
must have the bits of the fit that nobody stopped; then the file is deleted, and it begins anew.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from numpy_ml_gmm import archive, checkpoints

WORK = """
import hashlib, sys
import numpy as np
from numpy_ml_gmm import GMM, select

kind, path = sys.argv[1:3]
rng = np.random.default_rng(0)
X = np.vstack([rng.normal(size=(100, 3)) + shift for shift in (0, 2, 3)])
print("ready", flush=True)
if kind == "fit":
    model = GMM(4, n_init=6, tol=1e-9, random_state=0).fit(X, checkpoint=(path, 0) if path else None)
    numbers = model.weights_, model.means_, model.covariances_, model.history_[model.best_restart_]
else:
    types = ["EEE", "VVI", "VVV"]
    table = select(X, [1, 2, 3, 4], types, checkpoint=(path, 0) if path else None)
    numbers = [[row.log_likelihood, row.icl, row.silhouette] for row in table.rows]
    numbers += [table.best.weights_, table.best.means_, table.best.covariances_]
print(hashlib.sha256(b"".join(np.asarray(a, float).tobytes() for a in numbers)).hexdigest())
"""


def started(kind, path):
    """A child at work, once it has imported what it needs."""
    command = [sys.executable, "-W", "ignore", "-c", WORK, kind, str(path)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    return child


def killed(kind, path, seconds):
    """Whether a child had to be killed after some seconds; if not, what it found."""
    child = started(kind, path)
    try:
        return False, child.communicate(timeout=seconds)[0].strip()
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGKILL)
        child.communicate()
        return True, None


def check_whole(path):
    """A checkpoint is not there yet, or can be read."""
    if path.exists():
        archive.load(path, checkpoints.KIND, checkpoints.PARTS, checkpoints.no_shapes)


def kill(kind, n, seed=0):
    """Kill n children; how many came to the end between them, and how far apart files were."""
    rng, ends = np.random.default_rng(seed), 0
    begin = time.monotonic()
    child = started(kind, "")
    begin = time.monotonic()
    wanted = child.communicate()[0].strip()
    longest = time.monotonic() - begin
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "checkpoint.npz")
        kills = 0
        while kills < n or path.exists():
            patience = rng.uniform(0, longest) if kills < n else None
            was_killed, found = killed(kind, path, patience)
            kills += was_killed
            check_whole(path)
            if not was_killed:
                assert found == wanted, (kind, kills, found, wanted)
                path.unlink()
                ends += 1
        left = [name for name in os.listdir(folder) if not name.startswith(".")]
        assert left == [], left
    return ends


def main():
    """A hundred kills of each kind, or as many as asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("n", type=int, nargs="?", default=100)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    for kind in ("fit", "select"):
        begin = time.monotonic()
        ends = kill(kind, args.n, args.seed)
        spent = time.monotonic() - begin
        print(f"{kind}: {args.n} kills, {ends} ends, all with the same bits; {spent:.0f} s")


if __name__ == "__main__":
    main()
