"""Marking a class: each notebook answers from a process of its own, then a table."""

from __future__ import annotations

import argparse
import csv
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Timeout
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from threading import TIMEOUT_MAX, Thread

import numpy as np

from .answering import from_json, to_json
from .checking import Trouble, judge, one_line, tells_apart
from .problems import EXERCISES

PORTIONS = 4  # of a notebook's time limit, what one cell or one function may use
MOST_BYTES = 4 << 20  # of one answer
QUIET = {"MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


# ---- A notebook's process, seen from outside -----------------------------------------------------


class Silence(Exception):
    """A notebook's process gives no answer, and will not give another."""


def within(seconds, function, *arguments):
    """``function(*arguments)``, or a ``Timeout``: then a thread of its own waits on."""
    result = Future()

    def work():
        try:
            result.set_result(function(*arguments))
        except BaseException as error:
            result.set_exception(error)

    Thread(target=work, daemon=True).start()
    return result.result(max(seconds, 0))


class Pupil:
    """A notebook's process and all that it starts, silent, in a folder of its own.

    What it says is the student's: read up to a length, and taken for nothing but text and numbers.
    """

    def __init__(self, path, folder, seconds):
        arguments = ["--one", str(Path(path).resolve()), str(seconds)]
        root = str(Path(__file__).parents[2])
        paths = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
        self.process = subprocess.Popen(
            [sys.executable, "-m", __package__, *arguments],
            cwd=folder,
            env=os.environ | QUIET | {"PYTHONPATH": paths},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()  # on Linux its guard then ends what it has started: see answering
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        with suppress(AttributeError, ProcessLookupError, PermissionError):  # Windows, or all ended
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        for pipe in self.process.stdin, self.process.stdout:
            with suppress(OSError, Timeout):  # somebody may hold the other end
                within(1, pipe.close)

    def exchange(self, *question):
        """A question, if there is one, and the answer."""
        if question:
            self.process.stdin.write(json.dumps(question, default=to_json).encode() + b"\n")
            self.process.stdin.flush()
        line = self.process.stdout.readline(MOST_BYTES)
        if not line:
            raise EOFError
        return json.loads(line, object_hook=from_json)

    def hear(self, until, *question):
        """The answer, if it comes in time and can be read."""
        try:
            return within(until - time.monotonic(), self.exchange, *question)
        except Timeout:
            raise Silence("it does not end") from None
        except (EOFError, OSError):
            with suppress(subprocess.TimeoutExpired):
                code = self.process.wait(1)
                raise Silence(f"its process ended with code {code}") from None
            raise Silence("its process no longer answers") from None
        except Exception:  # whatever stands there, it is no answer
            raise Silence("its process answers with something else than arrays") from None

    def functions(self, until):
        """The names of the functions in the notebook, once its cells have run."""
        said = self.hear(until)
        if isinstance(said, str):
            raise Silence(one_line(said))
        words = [word for word in said if isinstance(word, str)] if isinstance(said, list) else []
        return [name for name in EXERCISES if name in words]

    def answer(self, name, until, arguments):
        """The parts of an answer; a ``Trouble`` if there are none."""
        said = self.hear(until, name, arguments)
        if isinstance(said, str):
            raise Trouble(said)
        parts = said if isinstance(said, list) else []
        arrays = all(isinstance(part, np.ndarray) for part in parts)
        if not arrays or len(parts) != len(EXERCISES[name].parts):
            raise Silence("its process answers with something else than arrays")
        return parts


# ---- One notebook --------------------------------------------------------------------------------


@lru_cache
def sound_seed(seed):
    """The first seed from this one on whose problems tell all mistakes apart."""
    while not all(tells_apart(exercise, seed) for exercise in EXERCISES.values()):
        seed += 1
    return seed


def new_seed():
    """A sound seed that nobody knows."""
    return sound_seed(secrets.randbits(32))


def mark(
    path: Path, time_limit: float = 60.0, seed: int | None = None
) -> tuple[dict[str, str], str]:
    """Verdicts on one notebook, whose cells and functions run in another process.

    A function that ends that process, or does not end, costs only itself: the cells are run
    again for the others.

    Parameters
    ----------
    path : str
        The notebook.
    time_limit : float
        Seconds.
    seed : int, optional
        Of the problems, or the next that is sound; by default they are new.

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
    ...     mark(path, seed=0)
    ({'bic': 'wrong answer: all zero; it is 0, not 319.625'}, '')
    """
    seed = new_seed() if seed is None else sound_seed(seed)
    deadline = time.monotonic() + time_limit
    verdicts: dict[str, str] = {}
    written: list[str] = []
    try:
        while not written or set(written) - set(verdicts):
            with (
                tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
                Pupil(path, folder, time_limit / PORTIONS) as pupil,
            ):
                names = pupil.functions(deadline)
                written = written or names
                left = [name for name in names if name not in verdicts]
                if not left:
                    raise Silence("no exercise was found in it")
                ask_each(pupil, left, verdicts, deadline, time_limit / PORTIONS, seed)
        return verdicts, ""
    except Silence as silence:
        note = f"stopped after {time_limit:g} s" if time.monotonic() >= deadline else str(silence)
    except Exception as error:  # whatever it is, the class goes on
        note = one_line(f"it could not be marked ({type(error).__name__}: {error})")
    missing = [name for name in written if name not in verdicts]
    return verdicts, f"{note}: {', '.join(missing)} not marked" if missing else note


def ask_each(pupil, names, verdicts, deadline, seconds, seed):
    """Add verdicts, until one function has cost the process."""
    for name in names:
        until = min(time.monotonic() + seconds, deadline)
        try:
            verdicts[name] = judge(name, partial(pupil.answer, name, until), seed).message
        except Silence as silence:
            if time.monotonic() >= deadline:
                raise
            limit = f" within {seconds:g} s" if time.monotonic() >= until else ""
            verdicts[name] = f"{silence}{limit}"
            return


# ---- The class -----------------------------------------------------------------------------------


def table(notebooks, marks):
    """Lines: a row for each notebook, a column for each exercise, then what was wrong."""
    asked = [name for name in EXERCISES if any(name in verdicts for verdicts, _ in marks)]
    rows, messages = [["notebook", *asked, "right"]], []
    for path, (verdicts, note) in zip(map(one_line, notebooks), marks, strict=True):
        words = [{None: "-", "": "right"}.get(verdicts.get(name), "wrong") for name in asked]
        rows.append([path, *words, f"{words.count('right')}/{len(asked)}"])
        messages += [f"{path}: {name}: {text}" for name, text in verdicts.items() if text]
        messages += [f"{path}: {note}"] if note else []
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return [*lines, "", *messages]


def write_csv(file, notebooks, marks):
    """A line for each notebook and exercise, and for what is said of a whole notebook."""
    with open(file, "w", newline="", encoding="utf-8", errors="surrogateescape") as f:
        writer = csv.writer(f)
        writer.writerow(["notebook", "exercise", "verdict", "message"])
        for path, (verdicts, note) in zip(notebooks, marks, strict=True):
            for name, text in verdicts.items():
                writer.writerow([path, name, "wrong" if text else "right", text])
            if note:
                writer.writerow([path, "", "", note])


def duration(text):
    """A number above 0 that a clock can wait for."""
    if 0 < float(text) <= TIMEOUT_MAX:
        return float(text)
    raise argparse.ArgumentTypeError(f"{text} is not a number of seconds above 0")


def main(argv: Sequence[str] | None = None) -> int:
    """Mark notebooks; the exit code is 0 once all are marked, right or wrong.

    Examples
    --------
    >>> main(["nobody.ipynb"])  # doctest: +ELLIPSIS
    notebook      right
    nobody.ipynb  0/0
    <BLANKLINE>
    nobody.ipynb: it cannot be read as a notebook (FileNotFoundError: ...)
    the problems were those of --seed ...
    0
    """
    p = argparse.ArgumentParser(
        prog=f"python -m {__package__}",
        description="Check the functions in students' notebooks. Their code is run: with your "
        "rights, in a process of its own for each notebook.",
    )
    p.add_argument("notebooks", nargs="+", metavar="NOTEBOOK")
    p.add_argument("--time-limit", type=duration, default=60.0, help="seconds for each notebook")
    p.add_argument("--jobs", type=int, default=os.cpu_count(), help="notebooks at a time")
    p.add_argument("--csv", metavar="FILE", help="write the verdicts there as well")
    p.add_argument(
        "--seed", type=int, help="of the problems, to ask them again (default: new ones)"
    )
    args = p.parse_args(argv)
    if args.seed is not None and args.seed < 0:
        p.error(f"--seed {args.seed} is negative: give that of an earlier table")
    if args.csv:
        try:
            open(args.csv, "a").close()  # before the work, and as it was
        except OSError as error:
            p.error(f"--csv {args.csv} cannot be written ({error.strerror}): name another file")
    seed = new_seed() if args.seed is None else sound_seed(args.seed)
    with ThreadPoolExecutor(max(1, args.jobs or 1)) as pool:
        one = partial(mark, time_limit=args.time_limit, seed=seed)
        marks = list(pool.map(one, args.notebooks))
    lines = [*table(args.notebooks, marks), f"the problems were those of --seed {seed}"]
    encoding = sys.stdout.encoding or "utf-8"
    failed = False
    if args.csv:
        try:
            write_csv(args.csv, args.notebooks, marks)
        except OSError as error:  # the disk is full by now: the table is there all the same
            lines.append(f"--csv {args.csv} was not written ({error.strerror})")
            failed = True
    print("\n".join(lines).encode(encoding, "backslashreplace").decode(encoding))
    return int(failed)
