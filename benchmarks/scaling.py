"""How a step of EM grows with N, D and K: ours beside scikit-learn's and oneDAL's, one at a time.

    python benchmarks/scaling.py                 # print, a quarter of an hour on one thread
    python benchmarks/scaling.py --write         # keep the results in scaling.json
    python benchmarks/scaling.py --draw FILE     # draw those that were kept, and measure nothing

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
NAMES = [name for name in PEERS if name != "mclust"]


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


def draw(kept, path):
    """How many times our time the others take, against N, D and K."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.2), layout="constrained")
    axes = figure.subplots(1, len(ROWS), sharey=True)
    styles = {"scikit-learn": ("C0", "o-"), "oneDAL": ("C1", "s--")}
    for ax, (letter, rows) in zip(axes, kept["rows"].items(), strict=True):
        for name, (colour, style) in styles.items():
            there = [row for row in rows if name in row["ms"]]
            sizes = [getattr(Case(*row["case"]), letter) for row in there]
            ax.plot(sizes, [ratios(row, name) for row in there], style, color=colour, label=name)
        ax.axhline(1, color="0.5", linewidth=0.8)
        rest = ", ".join(f"{a} = {getattr(MIDDLE, a):,}" for a in ROWS if a != letter)
        ax.set(xscale="log", yscale="log", xlabel=letter, title=rest)
    axes[0].set_ylabel("their time / ours")
    axes[0].set_yticks([0.1, 0.3, 1, 3, 10], ["0.1", "0.3", "1", "3", "10"])
    axes[-1].legend(frameon=False)
    figure.savefig(path, dpi=150)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--write", action="store_true", help=f"keep the results in {KEPT.name}")
    parser.add_argument("--draw", metavar="FILE")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.draw:
        draw(json.loads(KEPT.read_text()), arguments.draw)
        return
    peers, found = {name: PEERS[name] for name in NAMES}, {}
    for letter in ROWS:
        found[letter] = [measured(case, 1, arguments.turns, peers) for case in cases(letter)]
        print_row(letter, found[letter])
    if arguments.write:
        KEPT.write_text(json.dumps({"machine": machine(), "rows": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
