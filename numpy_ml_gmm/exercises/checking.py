"""Asking a student's function, judging the answer, and naming the mistake.

:func:`judge` has problems and wants answers.  Where they are computed is not its business: in
``check`` the student's function is called here, and when a class is marked in another process.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .naming import (
    first_wrong_part,
    known,
    name_argument,
    name_change,
    name_mistake,
    name_parts,
    name_two,
    same,
)
from .problems import EXERCISES

LONGEST = 400  # characters of a message


def one_line(text):
    r"""Somebody else's words on one line: printable, and not too many.

    Examples
    --------
    >>> one_line("no\nben.ipynb: bic: right")
    'no\\nben.ipynb: bic: right'
    """
    cut = f"{text[:LONGEST]} ... ({len(text)} characters)" if len(text) > LONGEST else text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut)


class Trouble(Exception):
    """What keeps an answer from being compared at all.

    Examples
    --------
    >>> ask(lambda *_: None, EXERCISES["bic"], (-1130.26, 272, 2, 2))
    Traceback (most recent call last):
    numpy_ml_gmm.exercises.checking.Trouble: it returns nothing: end with return
    """

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message) or "it does not say what is wrong")


class NotFinite(Trouble):
    """Some number of the answer is nan or infinite."""


class Verdict(NamedTuple):
    """What :func:`check` found.  It is true if the function is right.

    Examples
    --------
    >>> Verdict("bic"), bool(Verdict("bic", "the covariances are not counted"))
    (bic: right, False)
    """

    exercise: str
    message: str = ""

    def __bool__(self) -> bool:
        return not self.message

    def __repr__(self) -> str:
        return f"{self.exercise}: {self.message or 'right'}"

    __str__ = __repr__  # type: ignore[misc]


def check(function: Callable[..., Any], exercise: str | None = None) -> Verdict:
    """Check a student's function, and say what went wrong.

    Parameters
    ----------
    function : callable
        The student's.
    exercise : str, optional
        Which exercise it answers; by default, that of the function's name.

    Returns
    -------
    Verdict
        True in an assertion if the function is right; printed, it names the mistake.

    Raises
    ------
    ValueError
        If there is no such exercise.

    Examples
    --------
    >>> def bic(log_likelihood, N, K, D):
    ...     d = (K - 1) + K * D + K * D * (D + 1) / 2
    ...     return -2 * log_likelihood + d * np.log(N)
    >>> check(bic)
    bic: right
    >>> def bic(log_likelihood, N, K, D):
    ...     return -2 * log_likelihood + 2 * ((K - 1) + K * D + K * D * (D + 1) / 2)
    >>> check(bic)
    bic: this is AIC: the price of a parameter is log N, not 2
    """
    name = exercise or getattr(function, "__name__", None)
    if name not in EXERCISES:
        raise ValueError(f"there is no exercise {name!r}: choose one of {', '.join(EXERCISES)}")
    return judge(name, partial(ask, function, EXERCISES[name]))


def judge(name, answer_to, seed=0):
    """The verdict on an exercise, from ``answer_to(arguments)``: arrays, or a ``Trouble``."""
    try:
        with np.errstate(all="ignore"):  # what is huge is wrong, and no more
            return Verdict(name, diagnose(name, answer_to, seed))
    except Trouble as trouble:
        return Verdict(name, str(trouble))


def diagnose(name, answer_to, seed):
    """The mistake in words, or nothing."""
    exercise, (problems, rights, hard_problems, hard_rights, _) = EXERCISES[name], known(name, seed)
    raw = [fitted(exercise, arguments, answer_to(arguments)) for arguments in problems]
    answers = [exercise.summary(*parts) if exercise.summary else parts for parts in raw]
    part = first_wrong_part(answers, rights, exercise.tolerance)
    if part is not None:
        return (
            name_wrong(name, seed, answers, part)
            or (exercise.chance and exercise.chance.wrong_shape(raw, problems))
            or describe_difference(exercise, answers, rights, part)
        )
    if exercise.chance:
        return exercise.chance(raw, problems, answer_to)
    return at_the_edge(exercise, hard_problems, hard_rights, answer_to)


def name_wrong(name, seed, answers, part):
    """The name of what is wrong, or None; zeros everywhere are no attempt yet."""
    exercise, (problems, rights, _, _, wrongs) = EXERCISES[name], known(name, seed)
    if not any(part.any() for parts in answers for part in parts):
        return None
    return (
        name_mistake(wrongs, answers, rights, exercise.tolerance)
        or (exercise.pairs and name_two(name, seed, answers))
        or name_parts(exercise, wrongs, answers, rights)
        or name_change(exercise, answers, rights, part)
        or (not exercise.summary and name_argument(exercise, problems, answers))
    )


def at_the_edge(exercise, problems, rights, answer_to):
    """What is wrong where a fair attempt may still break, or nothing."""
    try:
        answers = [fitted(exercise, arguments, answer_to(arguments)) for arguments in problems]
        part = first_wrong_part(answers, rights, exercise.tolerance) if answers else None
        found = part is not None and describe_difference(exercise, answers, rights, part)
    except NotFinite:
        return exercise.edge_message
    except Trouble as trouble:
        found = str(trouble)
    if found and exercise.edge_of_nan:
        return f"{exercise.edge_message.split(':')[0]}: {found}"
    return f"{exercise.edge_message} ({found})" if found else ""


def ask(function, exercise, arguments):
    """The function's answer as a tuple of arrays of floats.

    Raises
    ------
    Trouble
        If it raises, changes its arguments, or answers with something else.
    """
    given = copy.deepcopy(arguments)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # a nan gets a better message below
            answer = function(*given)
    except Trouble:  # from a package that is shut: see answering
        raise
    except Exception as error:
        raise Trouble(f"it raised {type(error).__name__}: {error}") from None
    for i, (now, before) in enumerate(zip(given, arguments, strict=True)):
        if isinstance(before, np.ndarray) and not np.array_equal(now, before, equal_nan=True):
            raise Trouble(f"it changes its argument number {i + 1}: work on a copy")
    if answer is None:
        raise Trouble("it returns nothing: end with return")
    if len(exercise.parts) == 1:
        answer = (answer,)
    elif not isinstance(answer, tuple | list | np.ndarray) or len(answer) != len(exercise.parts):
        raise Trouble(f"it should return {len(exercise.parts)} things: {', '.join(exercise.parts)}")
    return tuple(map(as_floats, answer, exercise.parts))


def as_floats(value, name):
    """One part as an array of floats."""
    try:
        a = np.asarray(value)
    except ValueError:
        raise Trouble(f"the {name} cannot be read as one array: are its rows alike?") from None
    if a.dtype.kind == "O":  # such as fractions, or what np.frompyfunc returns
        try:
            a = a.astype(float)
        except (TypeError, ValueError):
            pass
    if a.dtype.kind == "c":
        if a.imag.any():
            raise Trouble(f"complex numbers in the {name}: is there a root of a negative number?")
        a = a.real
    if a.dtype.kind not in "fiub":
        raise Trouble(f"the {name} should be numbers, not {a.dtype}")
    return a.astype(float)


def fitted(exercise, arguments, parts):
    """The parts of an answer, if they have the shapes asked for and are finite."""
    return tuple(map(fitting, parts, exercise.parts, exercise.shapes(arguments)))


def fitting(a, name, shape):
    """One part, if it has the shape asked for and is finite."""
    if a.shape != shape and (shape != () or a.size != 1):
        hint = ": it is transposed" if a.ndim > 1 and a.T.shape == shape else ""
        wanted = "a single number" if shape == () else f"of shape {shape}"
        raise Trouble(f"the {name} should be {wanted}, not of shape {a.shape}{hint}")
    if not np.isfinite(a).all():
        raise NotFinite(
            f"nan or inf in the {name}: look for log 0, 0 / 0 and exp of a large number"
        )
    return a.reshape(shape)


def tells_apart(exercise, seed=0):
    """Whether, on the problems of this seed, no mistake is right.

    Then each is named, for nothing is nearer to its answer; of equals, all are.
    """
    problems = list(exercise.problems(seed))
    rights = [exercise.expected(arguments) for arguments in problems]
    try:
        wrong = exercise.wrong_answers(problems)
    except np.linalg.LinAlgError:  # a cluster of too few points
        return False
    visible = (
        first_wrong_part(answers, rights, exercise.tolerance) is not None
        for answers in wrong.values()
    )
    return all(visible) and all(np.isfinite(part).all() for right in rights for part in right)


def describe_difference(exercise, answers, rights, part):
    """Where a part of no known mistake is wrong, and what strikes the eye about it."""
    name, tolerance = (
        exercise.titles[part],
        np.broadcast_to(exercise.tolerance, len(exercise.titles))[part],
    )
    pairs = [(answer[part], right[part]) for answer, right in zip(answers, rights, strict=True)]
    a, b = next((a, b) for a, b in pairs if not same(a, b, tolerance))
    if a.shape != b.shape:
        return f"z should hold whole numbers from 0 to {len(b) - 1}, each at least once"
    hint = ""
    if not a.any():
        hint = "all zero; "
    elif name == "r":
        off = abs(a.sum(axis=1) - 1).max() > 1e-3
        hint = "not every row sums to one; " if off else "each row does sum to one; "
    where = np.unravel_index(abs(a - b).argmax(), b.shape)
    place = f"at {[int(i) for i in where]} " if b.ndim else ""
    return f"wrong {name}: {hint}{place}it is {a[where]:.6g}, not {b[where]:.6g}"
