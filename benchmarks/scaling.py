"""How a step of EM grows with N, D and K: ours beside scikit-learn's and oneDAL's, one at a time.

    python benchmarks/scaling.py                 # print; a quarter of an hour on one thread
    python benchmarks/scaling.py --write         # keep the results in scaling.json
    python img/make_pictures.py                  # draw those that were kept

From one middle case each of N, D and K takes the values of a row while the others stay.  The
exponent is the slope of log time against log size from one value to the next.  A cliff is where
it jumps: where features outgrow the cache, or components get frames of their own.
Measured as in em_speed.py, from which the peers come.
"""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
from em_speed import PEERS, Case, machine, measured, ratios

KEPT = Path(__file__).with_suffix(".json")
MIDDLE = Case(20_000, 8, 8)
ROWS = {
    "N": [100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000],
    "D": [1, 2, 4, 8, 16, 24, 32, 48, 63, 64, 96, 128, 192, 256],
    "K": [1, 2, 4, 8, 16, 32, 64],
}
NAMES = ["ours", "scikit-learn", "oneDAL"]


def cases(letter):
    """The middle case with other values of one letter."""
    return [MIDDLE._replace(**{letter: value}) for value in ROWS[letter]]


def print_row(letter, rows):
    """Times, ratios and exponents of one sweep."""
    print(f"\n| {letter} | ours (ms) | exponent | {' | '.join(NAMES[1:])} |")
    print("|---" * (len(NAMES) + 2) + "|")
    before = [None, *rows]
    for last, row in zip(before, rows, strict=False):
        size = getattr(Case(*row["case"]), letter)
        ms = row["ms"]["ours"][1]
        slope = "-"
        if last:
            step = np.log(size / getattr(Case(*last["case"]), letter))
            slope = f"{np.log(ms / last['ms']['ours'][1]) / step:.2f}"
        others = [f"{ratios(row, n):.2f}" if n in row["ms"] else "-" for n in NAMES[1:]]
        print(f"| {size:,} | {ms:.3f} | {slope} | {' | '.join(others)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--write", action="store_true", help=f"keep the results in {KEPT.name}")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    peers, found = {name: PEERS[name] for name in NAMES}, {}
    for letter in ROWS:
        found[letter] = [measured(case, 1, arguments.turns, peers) for case in cases(letter)]
        print_row(letter, found[letter])
    if arguments.write:
        KEPT.write_text(json.dumps({"machine": machine(), "rows": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
