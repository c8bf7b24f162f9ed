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

from .problems import EXERCISES, PARAMETERS

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
            return Verdict(name, diagnose(EXERCISES[name], answer_to, seed))
    except Trouble as trouble:
        return Verdict(name, str(trouble))


def diagnose(exercise, answer_to, seed):
    """The mistake in words, or nothing."""
    problems, hard_problems = list(exercise.problems(seed)), list(exercise.edge(seed))
    answers = [compared(exercise, arguments, answer_to(arguments)) for arguments in problems]
    rights = [exercise.expected(arguments) for arguments in problems]
    part = first_wrong_part(answers, rights, exercise.tolerance)
    if part is not None:
        wrong = exercise.wrong_answers(problems)
        return name_mistake(wrong, answers, part, exercise.tolerance) or describe_difference(
            exercise, answers, rights, part
        )
    try:
        answers = [
            compared(exercise, arguments, answer_to(arguments)) for arguments in hard_problems
        ]
    except Trouble:
        return exercise.edge_message
    rights = [exercise.expected(arguments) for arguments in hard_problems]
    wrong = first_wrong_part(answers, rights, exercise.tolerance) is not None
    return exercise.edge_message if wrong else ""


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
    elif not isinstance(answer, tuple | list) or len(answer) != len(exercise.parts):
        raise Trouble(f"it should return {len(exercise.parts)} things: {', '.join(exercise.parts)}")
    return tuple(map(as_floats, answer, exercise.parts))


def as_floats(value, name):
    """One part as an array of floats."""
    try:
        a = np.asarray(value)
    except ValueError:
        raise Trouble(f"the {name} cannot be read as one array: are its rows alike?") from None
    if a.dtype.kind == "c":
        raise Trouble(f"complex numbers in the {name}: is there a root of a negative number?")
    if a.dtype.kind not in "fiub":
        raise Trouble(f"the {name} should be numbers, not {a.dtype}")
    return a.astype(float)


def compared(exercise, arguments, parts):
    """What of an answer is compared: the parts themselves, or their summary."""
    shapes = exercise.shapes(arguments)
    parts = tuple(map(fitting, parts, exercise.parts, shapes))
    return exercise.summary(*parts) if exercise.summary else parts


def fitting(a, name, shape):
    """One part, if it has the shape asked for and is finite."""
    if a.shape != shape and (shape != () or a.size != 1):
        hint = ": it is transposed" if a.ndim > 1 and a.T.shape == shape else ""
        wanted = "a single number" if shape == () else f"of shape {shape}"
        raise Trouble(f"the {name} should be {wanted}, not of shape {a.shape}{hint}")
    if not np.isfinite(a).all():
        raise Trouble(f"nan or inf in the {name}: look for log 0, 0 / 0 and exp of a large number")
    return a.reshape(shape)


def same(a, b, tolerance):
    """Equal shapes, and values equal to a portion of the largest."""
    if a.shape != b.shape:
        return False
    return bool(abs(a - b).max() <= tolerance * (abs(b).max() or 1))


def parts_that_agree(answers, guesses, tolerance):
    """For each part, whether the answers are the guesses on every problem."""
    columns = zip(zip(*answers, strict=True), zip(*guesses, strict=True), strict=True)
    return [
        all(same(a, b, tolerance) for a, b in zip(mine, theirs, strict=True))
        for mine, theirs in columns
    ]


def first_wrong_part(answers, rights, tolerance):
    """The first part that is wrong on some problem; later ones may only follow from it."""
    agree = parts_that_agree(answers, rights, tolerance)
    return None if all(agree) else agree.index(False)


def name_mistake(wrong_answers, answers, part, tolerance):
    """The mistake that gives this part, and most of the others; or None."""
    scores = {}
    for message, guesses in wrong_answers.items():
        same_parts = parts_that_agree(answers, guesses, tolerance)
        if same_parts[part]:
            scores[message] = sum(same_parts)
    return max(scores, key=scores.get, default=None)  # of equals, the first


def tells_apart(exercise, seed=0):
    """Whether, on the problems of this seed, every mistake is named and none is right."""
    problems = list(exercise.problems(seed))
    rights = [exercise.expected(arguments) for arguments in problems]
    try:
        wrong = exercise.wrong_answers(problems)
    except np.linalg.LinAlgError:  # a cluster of too few points
        return False
    for message, answers in wrong.items():
        part = first_wrong_part(answers, rights, exercise.tolerance)
        if part is None or name_mistake(wrong, answers, part, exercise.tolerance) != message:
            return False
    return all(np.isfinite(part).all() for right in rights for part in right)


def describe_difference(exercise, answers, rights, part):
    """Where a part of no known mistake is wrong, and what strikes the eye about it."""
    name = (PARAMETERS if exercise.summary else exercise.parts)[part]
    pairs = [(answer[part], right[part]) for answer, right in zip(answers, rights, strict=True)]
    a, b = next((a, b) for a, b in pairs if not same(a, b, exercise.tolerance))
    if a.shape != b.shape:
        return f"z should hold whole numbers from 0 to {len(b) - 1}, each at least once"
    hint = ""
    if not a.any():
        hint = "all zero; "
    elif np.array_equal(a, np.round(a)) and not np.array_equal(b, np.round(b)):
        hint = "only whole numbers, does an array of integers cut the fractions off? "
    elif name == "r":
        off = abs(a.sum(axis=1) - 1).max() > 1e-3
        hint = "not every row sums to one; " if off else "each row does sum to one; "
    where = np.unravel_index(abs(a - b).argmax(), b.shape)
    place = f"at {[int(i) for i in where]} " if b.ndim else ""
    return f"wrong {name}: {hint}{place}it is {a[where]:.6g}, not {b[where]:.6g}"
