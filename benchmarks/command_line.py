"""A mixed table of 200,000 rows, from CSV to labelled CSV in one command; and the time of --help.

    python benchmarks/command_line.py                 # 200,000 rows
    python benchmarks/command_line.py --rows 20000

The table has a name for each row, four measurements of which one in a hundred is missing, a kind,
a date, remarks in quotes over two lines, and a column that never changes.  Each command runs in a
process of its own, in turns; the least processor time of three counts, and the most memory.
"""

import argparse
import csv
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

COMMAND = [sys.executable, "-m", "numpy_ml_gmm"]
COLUMNS = "cell,area,perimeter,cd4,cd8,batch,date,remark,plate".split(",")
ASIDE = ["--id", "cell", "--ignore", "batch,date,remark,plate"]


def write_table(path, N, rng):
    """A table of three clusters, as a laboratory would write it."""
    means = np.array([[0, 0, 0, 0], [4, 1, 0, 2], [0, 5, 3, -2.0]])
    X = means[rng.choice(3, N, p=[0.5, 0.3, 0.2])] + rng.normal(size=(N, 4)) * [1, 2, 1, 0.5]
    cells = np.where(rng.random((N, 4)) < 0.01, "", np.char.mod("%.4f", X))
    with open(path, "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for n, row in enumerate(cells):
            remark = 'a "note",\nwith a second line' if n % 1000 == 0 else ""
            rows.writerow([f"c{n}", *row, "AB"[n % 2], f"2024-05-{n % 30 + 1:02}", remark, 7])


def measured(words, code=0):
    """Seconds of processor time, and megabytes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*COMMAND, *map(str, words)], capture_output=True)
    assert done.returncode == code, done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, after.ru_maxrss / 1024


def main():
    """Print a line for each command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=200_000)
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        table, results = here / "cells.csv", here / "results"
        write_table(table, parser.parse_args().rows, np.random.default_rng(0))
        fit = [table, "--n_clusters", 3, *ASIDE, "--out", results, "--labels", here / "l.csv"]
        use = ["predict", table, "--model", results, "--out", here / "p.csv"]
        commands = {"--help": (["--help"], 0), "all its problems": ([table, *fit[1:3]], 2)}
        commands |= {"fit and label": (fit, 0), "predict": (use, 0)}
        found = {name: [] for name in commands}
        for _ in range(3):
            for name, (words, code) in commands.items():
                found[name].append(measured(words, code))
        print("| command | seconds |\n|---|---|")
        for name, runs in found.items():
            print(f"| {name} | {min(seconds for seconds, _ in runs):.2f} |")
        print(f"\nmost memory of all: {max(m for runs in found.values() for _, m in runs):.0f} MB")


if __name__ == "__main__":
    main()
