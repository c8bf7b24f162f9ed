"""Marking a class: each notebook in a process of its own, then a table."""

import argparse
import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from .checking import check
from .problems import EXERCISES

MEMORY = 4 << 30  # bytes for one notebook, where the system can limit them
PORTIONS = 4  # of a notebook's time limit, what one cell or one function may use
QUIET = {"MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


# ---- In the notebook's own process -------------------------------------------------------------


class OutOfTime(BaseException):
    """A cell or a function does not end.  No ``except Exception`` in it catches this."""


@contextmanager
def at_most(seconds):
    """Raise :class:`OutOfTime` in the block after so long, where the system can."""
    if not hasattr(signal, "setitimer"):  # Windows: the time limit of the process must do
        yield
        return

    def out_of_time(*_):
        raise OutOfTime

    signal.signal(signal.SIGALRM, out_of_time)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def limit_memory():
    """One notebook must not take the machine's memory from the others."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    hard_limit = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = MEMORY if hard_limit == resource.RLIM_INFINITY else min(MEMORY, hard_limit)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard_limit))


def read_cells(path):
    """The code cells of a notebook."""
    cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def run_notebook(path, results, seconds):
    """Run the code cells of one notebook, then check its functions; a line of JSON for each.

    A cell that fails costs only itself.  What is done is on file, should the rest not end.
    """
    namespace = {"__name__": "__main__"}
    for source in read_cells(path):
        run_cell(source, namespace, seconds)
    with open(results, "a", encoding="utf-8") as file:
        for name in EXERCISES:
            if callable(namespace.get(name)):
                message = check_in_time(namespace[name], name, seconds)
                print(json.dumps([name, message]), file=file, flush=True)


def run_cell(source, namespace, seconds):
    """Run one cell; lines for the notebook's shell are left out."""
    lines = [
        "" if line.lstrip().startswith(("%", "!", "?")) else line for line in source.split("\n")
    ]
    try:
        with at_most(seconds):
            exec(compile("\n".join(lines), "<cell>", "exec"), namespace)
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)


def check_in_time(function, name, seconds):
    """What ``check`` says, also of a function that does not end, or ends the process."""
    try:
        with at_most(seconds):
            return check(function, name).message
    except OutOfTime:
        return f"it does not end within {seconds:g} s"
    except BaseException as error:
        return f"it raised {type(error).__name__}"


# ---- In the marker's ---------------------------------------------------------------------------


def mark(path, time_limit=60.0):
    """Verdicts on one notebook, run in its own process and folder.

    Parameters
    ----------
    path : str
        The notebook.
    time_limit : float
        Seconds.

    Returns
    -------
    verdicts : dict
        Exercise -> message, empty if it is right.
    note : str
        Why some are missing, or empty.

    Examples
    --------
    >>> cell = {"cell_type": "code", "source": "def bic(*_): return 0.0"}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "ada.ipynb")
    ...     _ = path.write_text(json.dumps({"cells": [cell]}))
    ...     mark(path)
    ({'bic': 'wrong answer: all zero; it is 0, not 351.497'}, '')
    """
    try:
        read_cells(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        return {}, f"it cannot be read as a notebook ({type(error).__name__}: {error})"
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results.jsonl")
        results.touch()
        arguments = ["--one", str(Path(path).resolve()), str(results), str(time_limit / PORTIONS)]
        note = run_apart(arguments, folder, time_limit)
        return dict(map(json.loads, results.read_text(encoding="utf-8").splitlines())), note


def run_apart(arguments, folder, time_limit):
    """Run this command in another process, silent, in a folder; why it failed, or nothing."""
    root = str(Path(__file__).parents[2])
    paths = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    process = subprocess.Popen(
        [sys.executable, "-m", __package__, *arguments],
        cwd=folder,
        env=os.environ | QUIET | {"PYTHONPATH": paths},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        code = process.wait(time_limit)
        return "" if code == 0 else f"its process ended with code {code}"
    except subprocess.TimeoutExpired:
        return f"stopped after {time_limit:g} s"
    finally:  # end it and what it has started
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (AttributeError, ProcessLookupError, PermissionError):  # Windows, or all ended
            process.kill()
        process.wait()


def table(notebooks, marks):
    """Lines: a row for each notebook, a column for each exercise, then what was wrong."""
    asked = [name for name in EXERCISES if any(name in verdicts for verdicts, _ in marks)]
    rows, messages = [["notebook", *asked, "right"]], []
    for path, (verdicts, note) in zip(notebooks, marks, strict=True):
        words = [{None: "-", "": "right"}.get(verdicts.get(name), "wrong") for name in asked]
        rows.append([str(path), *words, f"{words.count('right')}/{len(asked)}"])
        messages += [f"{path}: {name}: {text}" for name, text in verdicts.items() if text]
        if note or not verdicts:
            messages.append(f"{path}: {note or 'no exercise was found in it'}")
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return [*lines, "", *messages]


def write_csv(file, notebooks, marks):
    """A line for each notebook and exercise."""
    with open(file, "w", newline="", encoding="utf-8") as f:
        writer = csv.writer(f)
        writer.writerow(["notebook", "exercise", "verdict", "message"])
        for path, (verdicts, _) in zip(notebooks, marks, strict=True):
            for name, text in verdicts.items():
                writer.writerow([path, name, "wrong" if text else "right", text])


def main(argv=None):
    """Mark notebooks; the exit code is 0 once all are marked, right or wrong.

    Examples
    --------
    >>> main(["nobody.ipynb"])  # doctest: +ELLIPSIS
    notebook      right
    nobody.ipynb  0/0
    <BLANKLINE>
    nobody.ipynb: it cannot be read as a notebook (FileNotFoundError: ...)
    0
    """
    p = argparse.ArgumentParser(
        prog=f"python -m {__package__}",
        description="Check the functions in students' notebooks. Their code is run: with your "
        "rights, in a process of its own for each notebook.",
    )
    p.add_argument("notebooks", nargs="+", metavar="NOTEBOOK")
    p.add_argument("--time-limit", type=float, default=60.0, help="seconds for each notebook")
    p.add_argument("--jobs", type=int, default=os.cpu_count(), help="notebooks at a time")
    p.add_argument("--csv", metavar="FILE", help="write the verdicts there as well")
    args = p.parse_args(argv)
    with ThreadPoolExecutor(max(1, args.jobs or 1)) as pool:
        marks = list(pool.map(partial(mark, time_limit=args.time_limit), args.notebooks))
    print("\n".join(table(args.notebooks, marks)))
    if args.csv:
        write_csv(args.csv, args.notebooks, marks)
    return 0
