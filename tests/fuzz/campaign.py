"""Running cases, and a ledger that adds up over runs.

The ledger is a file of JSON lines.  Each says for a range of cases of one seed how many had which
outcome, and which failed.  A run goes on where the ledger ends, so it can be stopped at any time.
"""

import json
import signal
import subprocess
import tempfile
import time
import traceback
import warnings
from collections import Counter
from contextlib import contextmanager

import numpy as np

from . import mixtures, outside
from .oracle import Undecided
from .refusals import Failure, Refused

KINDS = {  # each with its share of the cases
    "fit": (mixtures.fit, 0.35),
    "steps": (mixtures.steps, 0.2),
    "known mixture": (mixtures.known, 0.2),
    "arguments": (mixtures.arguments, 0.06),
    "table of models": (mixtures.table, 0.03),
    "model file": (outside.model_file, 0.06),
    "table file": (outside.table_file, 0.05),
    "command line": (outside.command, 0.02),
    "interrupt": (outside.interrupt, 0.02),
    "kill": (outside.kill, 0.01),
}
OUTCOMES = "right", "refused", "undecided", "failed"
TOO_LONG = 60  # seconds
NOTED_EVERY = 20  # seconds


class TooLong(BaseException):
    """A case took over a minute; no ``except Exception`` may swallow it."""


@contextmanager
def a_minute_at_most():
    """TooLong is raised in the midst of what takes longer."""

    def stop(*_):
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(TOO_LONG)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def kind_of(seed, n):
    """The kind of a case, and the generator that makes the rest of it."""
    rng = np.random.default_rng([seed, n])
    shares = np.array([share for _, share in KINDS.values()])
    return str(rng.choice(list(KINDS), p=shares / shares.sum())), rng


def run_case(seed, n):
    """One case: its kind, its outcome, and what failed, if anything did."""
    kind, rng = kind_of(seed, n)
    try:
        with tempfile.TemporaryDirectory() as folder, a_minute_at_most(), np.errstate():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                KINDS[kind][0](rng, folder)
    except Refused:
        return kind, "refused", None
    except Undecided:
        return kind, "undecided", None
    except Failure as failure:
        return kind, "failed", str(failure)
    except TooLong:
        return kind, "failed", "took over a minute"
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{place.filename.rpartition('/')[2]}:{place.lineno}"
        return kind, "failed", f"{type(error).__name__}: {str(error)[:200]} ({where})"
    return kind, "right", None


def run(seed, ledger, seconds, most=None, show=print):
    """Cases from where the ledger ends, for some time; what failed is shown as it comes."""
    n = max([line["stop"] for line in read(ledger) if line["seed"] == seed], default=0)
    end, last = time.monotonic() + seconds, n + (most or 10**12)
    while time.monotonic() < end and n < last:
        first, counts, failures, since = n, Counter(), [], time.monotonic()
        slowest = (0.0, n)
        try:
            while time.monotonic() < min(end, since + NOTED_EVERY) and n < last:
                begun = time.monotonic()
                kind, outcome, what = run_case(seed, n)
                slowest = max(slowest, (round(time.monotonic() - begun, 1), n))
                counts[f"{kind}: {outcome}"] += 1
                if what:
                    failures.append({"case": n, "kind": kind, "what": what})
                    show(f"seed {seed}, case {n}, {kind}: {what}")
                n += 1
        finally:
            line = {
                **{"seed": seed, "start": first, "stop": n, "commit": commit()},
                **{"seconds": round(time.monotonic() - since, 1), "slowest": slowest},
                **{"counts": dict(counts), "failures": failures},
            }
            if n > first:
                with open(ledger, "a") as file:
                    file.write(json.dumps(line) + "\n")
    return n


def read(ledger):
    """The lines of the ledger, none if it is not there."""
    try:
        with open(ledger) as file:
            return [json.loads(line) for line in file]
    except FileNotFoundError:
        return []


def commit():
    """The version that ran."""
    try:
        command = ["git", "rev-parse", "--short", "HEAD"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def recheck(ledger, show=print):
    """Run each recorded failure again; how many still fail."""
    failures = {(line["seed"], f["case"]) for line in read(ledger) for f in line["failures"]}
    left = 0
    for seed, n in sorted(failures):
        kind, outcome, what = run_case(seed, n)
        left += outcome == "failed"
        show(f"seed {seed}, case {n}, {kind}: {what or outcome}")
    show(f"{left} of {len(failures)} failures are left")
    return left


def summary(ledger):
    """All runs together, in words."""
    lines = read(ledger)
    counts, ranges = Counter(), {}
    for line in lines:
        counts.update(line["counts"])
        ranges.setdefault(line["seed"], []).append((line["start"], line["stop"]))
    text = [f"{sum(counts.values())} cases in {sum(x['seconds'] for x in lines) / 60:.0f} minutes"]
    for seed, parts in sorted(ranges.items()):
        text.append(f"seed {seed}: cases {min(parts)[0]} to {max(parts)[1] - 1}")
    text.append(f"{'':16}" + "".join(f"{outcome:>10}" for outcome in OUTCOMES))
    for kind in KINDS:
        found = [counts[f"{kind}: {outcome}"] for outcome in OUTCOMES]
        text.append(f"{kind:16}" + "".join(f"{n:10}" for n in found))
    seconds, n = max([line["slowest"] for line in lines], default=(0, None))
    text.append(f"slowest case: {n}, {seconds} s")
    return "\n".join(text)
