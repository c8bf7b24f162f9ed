"""What the command line says: results on standard output; notes and errors, a line each, on stderr.

Progress is shown on a terminal only, and wiped away again.
"""

import json
import os
import sys
import warnings
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from .options import PROGRAM


def say(text: str) -> None:
    """Text on stdout; what its encoding lacks is escaped."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding))


def say_json(values: dict) -> None:
    """Values by name as JSON, which has no nan, a line each."""
    items = plain(values).items()
    lines = (f"  {json.dumps(name)}: {json.dumps(value, allow_nan=False)}" for name, value in items)
    say("{\n" + ",\n".join(lines) + "\n}")


def plain(value: Any) -> Any:
    """A value without arrays, and null for what is no finite number."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not abs(value) < float("inf") else value


def flush() -> None:
    """Whatever is wrong with stdout is seen now; it may be closed."""
    if sys.stdout is not None:
        sys.stdout.flush()


def output_lost(error: OSError) -> int:
    """Nothing more can be printed: the exit code.  A reader that has left knows why."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1 if isinstance(error, BrokenPipeError) else fail(f"standard output: {error}", 2)


def fail(error: Any, code: int) -> int:
    """One line on stderr; the exit code."""
    complain(f"error: {in_one_line(error)}")
    return code


def in_one_line(error: Any) -> str:
    """What an error says, or its name."""
    return " ".join(str(error).split()) or type(error).__name__


def complain(text: str) -> None:
    """One line on stderr, if anybody reads it."""
    with suppress(OSError):
        if sys.stderr is not None:
            print(f"{PROGRAM}: {text}", file=sys.stderr)


def note(args: Namespace, text: str) -> None:
    """What is no error, but worth knowing; JSON has it too."""
    vars(args).setdefault("notes", []).append(text)
    if not args.quiet:
        complain(f"note: {text}")


@contextmanager
def notes(args: Namespace) -> Iterator[None]:
    """Warnings in the body are notes."""
    from ..validation import ConvergenceWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        yield
    for warning in caught:
        if not issubclass(warning.category, ConvergenceWarning):
            note(args, in_one_line(warning.message))


def on_terminal(args: Namespace) -> bool:
    """Whether somebody watches."""
    return not args.quiet and sys.stderr is not None and sys.stderr.isatty()


@contextmanager
def progress(args: Namespace, text: str) -> Iterator[None]:
    """Say what goes on, as long as it does."""
    if not on_terminal(args):
        yield
        return
    print(f"\r\x1b[K{PROGRAM}: {text} ...", end="", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
