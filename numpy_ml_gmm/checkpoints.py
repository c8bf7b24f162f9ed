"""Checkpoints: long work in a file, so that it can be killed and go on.

Work that is deterministic needs no picture of the whole program to go on.  It is done again, and
whatever takes long looks first whether its result is in the file.  Such a piece is an
:class:`Entry` of a :class:`Journal`: a climb of mixtures side by side, the plain walk of a fit, the
cells that a process had.  A piece that was not finished has its last state there, and goes on from
that.  So the same bits come out, wherever the kill came.

The file is an ``.npz`` as :mod:`numpy_ml_gmm.archive` writes them, whole or not at all:

============ ===================================================================================
name         what is in it
============ ===================================================================================
``belongs``  JSON: the arguments, and digests of arrays and data: whose work this is
``seed``     JSON: the random state of the beginning, for a random_state of None
``entries``  JSON: the states of the entries by name, with shapes in the place of arrays
``numbers``  all arrays of these, one after the other
============ ===================================================================================
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import functools
import hashlib
import json
import math
import pickle
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np

from . import archive
from .blocks import slices
from .validation import check_not_negative

SECONDS = 30.0  # between two writes, unless the user says otherwise
SHARE = 10  # the next write waits at least so many times as long as the last one took
ROWS_AT_ONCE = 2**16
KIND = "checkpoint"
PARTS = "belongs", "seed", "entries", "numbers"
_active: contextvars.ContextVar[Journal | None] = contextvars.ContextVar("journal", default=None)


class Entry:
    """A piece of work in a journal: the ``state`` that it goes on from, or its result."""

    def __init__(self, journal: Journal | None = None, name: str = "") -> None:
        self.journal = journal
        self.name = name

    @property
    def state(self) -> list | None:
        """What was kept last; None at the beginning, and where there is no file."""
        return None if self.journal is None else self.journal.entries.get(self.name)

    def keep(self, *state: Any) -> None:
        """Note a state: it is written when the time has come, and when the work ends."""
        if self.journal is not None:
            self.journal.entries[self.name] = list(state)
            self.journal.changed = True
            self.journal.write_if_due()


class Journal:
    """The entries of one piece of work, kept in a file; without a file nothing is kept.

    Parameters
    ----------
    checkpoint : None, path, or (path, seconds)
    whose : callable
        Gives the arguments that the work depends on, by name; see :func:`token`.
    seed : object
        The random state of the beginning, as JSON can hold it.

    Raises
    ------
    ValueError
        If the file is damaged, is no checkpoint, or belongs to other data or arguments.
    """

    def __init__(self, checkpoint: Any, whose: Callable[[], dict[str, Any]], seed: Any) -> None:
        self.path, self.seconds = as_checkpoint(checkpoint)
        self.entries: dict[str, list] = {}
        self.seed, self.begun = seed, 0
        self.changed, self.due = False, 0.0
        if self.path is None:
            return
        self.belongs = {name: token(value) for name, value in whose().items()}
        if self.path.exists():
            self.read()
        else:  # a folder that cannot be written to should be known now, and a seed that is drawn
            self.write()

    def entry(self, name: str | None = None) -> Entry:
        """An entry by name, or the next of those that come one after the other."""
        if self.path is None:
            return Entry()
        if name is None:
            name, self.begun = f"work {self.begun}", self.begun + 1
        return Entry(self, name)

    def settled(self, **entries: Any) -> None:
        """What all earlier entries were for: these take their place, in the file at once."""
        if self.path is not None:
            self.entries = {name: list(state) for name, state in entries.items()}
            self.write()

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """While the body runs, :func:`next_entry` is one of this journal."""
        before = _active.set(self)
        try:
            yield
        finally:
            _active.reset(before)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *error: object) -> None:
        if self.changed:
            self.write()

    # ---- The file --------------------------------------------------------------------------------

    def write_if_due(self) -> None:
        """Write what has changed, if the last time is long enough ago."""
        if time.monotonic() >= self.due:
            self.write()

    def write(self) -> None:
        """Write the file, whole or not at all."""
        numbers: list[np.ndarray] = []
        begin = time.monotonic()
        entries = json.dumps({name: packed(v, numbers) for name, v in self.entries.items()})
        values = {
            "belongs": json.dumps(self.belongs),
            "seed": json.dumps(self.seed),
            "entries": entries,
            "numbers": np.concatenate(numbers) if numbers else np.zeros(0),
        }
        archive.save(self.path, KIND, values)
        self.changed, now = False, time.monotonic()
        self.due = now + max(self.seconds, SHARE * (now - begin) if self.seconds else 0)

    def read(self) -> None:
        """Take over what is in the file, if it is of this work."""
        try:
            found = archive.load(self.path, KIND, PARTS, no_shapes, what=KIND)
            belongs, seed, entries = (json.loads(str(found[name])) for name in PARTS[:3])
            numbers = found["numbers"]
            if not isinstance(numbers, np.ndarray) or (numbers.dtype, numbers.ndim) != (float, 1):
                raise ValueError("numbers is no row of float64")
            rest = Numbers(numbers)
            entries = {name: unpacked(value, rest) for name, value in entries.items()}
            if not isinstance(belongs, dict) or len(rest.numbers):
                raise ValueError("its parts do not fit together")
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
            raise ValueError(
                f"checkpoint={str(self.path)!r} is no checkpoint to go on from: {error}. Name "
                "another file, or delete that one to begin anew"
            ) from None
        check_owner(self.path, belongs, self.belongs)
        self.seed, self.entries, self.due = seed, entries, time.monotonic() + self.seconds


def no_shapes(values: dict, shapes: dict) -> dict:
    """Of a checkpoint no array has a shape that other values imply."""
    return {}


def next_entry() -> Entry:
    """The next entry of the active journal; one that keeps nothing if there is none."""
    journal = _active.get()
    return Entry() if journal is None else journal.entry()


# ---- States as text and numbers -----------------------------------------------------------------


def packed(value: Any, numbers: list[np.ndarray]) -> Any:
    """A state for JSON: for arrays stand their shapes, and their numbers go to the list."""
    if isinstance(value, np.ndarray):
        numbers.append(value.astype(np.float64, copy=False).ravel())
        return {"shape": value.shape}
    if isinstance(value, list | tuple):
        return [packed(item, numbers) for item in value]
    return value.item() if isinstance(value, np.generic) else value


class Numbers:
    """Numbers that are taken one array after the other."""

    def __init__(self, numbers: np.ndarray) -> None:
        self.numbers = numbers

    def take(self, shape: list[int]) -> np.ndarray:
        """The next array, of that shape."""
        size = math.prod(shape)
        found, self.numbers = self.numbers[:size], self.numbers[size:]
        return found.reshape(shape).copy()


def unpacked(value: Any, numbers: Numbers) -> Any:
    """What :func:`packed` made text and numbers of; tuples are lists."""
    if isinstance(value, dict):
        return numbers.take(value["shape"])
    return [unpacked(item, numbers) for item in value] if isinstance(value, list) else value


# ---- Whose work it is ---------------------------------------------------------------------------


def as_checkpoint(checkpoint: Any) -> tuple[Path | None, float]:
    """The file and the seconds that a user means."""
    if checkpoint is None:
        return None, math.inf
    path, seconds = checkpoint, SECONDS
    if isinstance(checkpoint, tuple):
        if len(checkpoint) != 2:
            raise ValueError(f"checkpoint={checkpoint!r} must be a path, or (path, seconds)")
        path, seconds = checkpoint
    path = archive.as_path(path, "checkpoint")
    if path.exists() and not path.is_file():
        raise ValueError(f"checkpoint={str(path)!r} is no plain file: name a file, there or new")
    return path, check_not_negative(seconds, "the seconds of checkpoint")


def check_owner(path: Path | None, theirs: dict, ours: dict) -> None:
    """A checkpoint is of the same data and arguments."""
    names = [name for name in {**theirs, **ours} if theirs.get(name) != ours.get(name)]
    if not names:
        return
    names = ["class"] if "class" in names else names  # work of another kind has other arguments
    shown = ", ".join(
        f"{name} is another"
        if "digest" in f"{theirs.get(name)}{ours.get(name)}"
        else f"{name}={theirs.get(name)} there and {ours.get(name)} here"
        for name in names
    )
    raise ValueError(
        f"checkpoint={str(path)!r} belongs to other work: {shown}. Name another file, or delete "
        "that one to begin anew"
    )


def digest(parts: Iterable[Any]) -> str:
    """A digest of bytes and text, one after the other."""
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        found.update(part.encode() if isinstance(part, str) else part)
    return f"digest {found.hexdigest()}"


def token(value: Any) -> str:
    """A text by which a value is known again, in another process too.

    Functions are known by their code, and by what it encloses.

    Raises
    ------
    TypeError
        If there is none.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return repr(value)
    if isinstance(value, np.random.Generator):
        return digest([state_of(value)])
    if isinstance(value, CodeType):
        return digest([value.co_code, repr(value.co_names), *map(token, value.co_consts)])
    if hasattr(value, "__code__"):
        cells = [cell.cell_contents for cell in value.__closure__ or ()]
        defaults = value.__defaults__, value.__kwdefaults__, getattr(value, "__self__", None)
        return token([value.__code__, cells, *defaults])
    if isinstance(value, functools.partial):
        return token([value.func, value.args, value.keywords])
    if dataclasses.is_dataclass(value):
        return token({f.name: getattr(value, f.name) for f in dataclasses.fields(value)})
    if isinstance(value, dict):
        return token([list(value), list(value.values())])
    if isinstance(value, set | frozenset):
        return token(sorted(map(token, value)))
    if isinstance(value, list | tuple | range):
        text = ", ".join(map(token, value))
        return f"({text})" if len(text) < 60 and "digest" not in text else digest([text])
    if hasattr(value, "__array__"):
        a = np.asarray(value)
        if a.ndim == 0 and not isinstance(a.item(), np.generic):
            return token(a.item())
        if a.dtype != object:
            return digest([a.dtype.str, repr(a.shape), np.ascontiguousarray(a)])
        return token(a.tolist())
    with contextlib.suppress(Exception):
        return digest([pickle.dumps(value)])
    raise TypeError(f"{value!r} cannot be known again in a checkpoint: give a plain value or array")


def fingerprint(rows: Any) -> str:
    """A text by which the rows of a fit are known again, with their weights, priors and errors."""
    if not rows.at_hand:  # in what chunks they lie matters too, to the last bit
        return rows.gathered(fingerprint, lambda *both: digest(both))

    def parts() -> Iterator[Any]:
        for a in rows.X, rows.weights, rows.priors, rows.errors:
            yield "nothing" if a is None else f"{a.dtype.str} {a.shape}"
            some = [] if a is None else slices(0, len(a), ROWS_AT_ONCE)
            yield from (np.ascontiguousarray(a[rows]) for rows in some)

    return digest(parts())


# ---- Random states ------------------------------------------------------------------------------


def state_of(rng: np.random.Generator) -> str:
    """The state of a generator as text."""
    return json.dumps(rng.bit_generator.state, default=lambda a: a.tolist())


def set_state(rng: np.random.Generator, state: str) -> None:
    """Put a generator into a state that :func:`state_of` gave."""
    rng.bit_generator.state = json.loads(state)
