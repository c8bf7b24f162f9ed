"""Asking a student's function, judging the answer, and naming the mistake."""

import copy
import warnings
from typing import NamedTuple

import numpy as np

from .problems import EXERCISES, PARAMETERS, as_parts


class Trouble(Exception):
    """What keeps an answer from being compared at all.

    Examples
    --------
    >>> ask(lambda *_: None, EXERCISES["bic"], (-1130.26, 272, 2, 2))
    Traceback (most recent call last):
    numpy_ml_gmm.exercises.checking.Trouble: it returns nothing: end with return
    """


class Verdict(NamedTuple):
    """What :func:`check` found.  It is true if the function is right.

    Examples
    --------
    >>> Verdict("bic"), bool(Verdict("bic", "the covariances are not counted"))
    (bic: right, False)
    """

    exercise: str
    message: str = ""

    def __bool__(self):
        return not self.message

    def __repr__(self):
        return f"{self.exercise}: {self.message or 'right'}"

    __str__ = __repr__


def check(function, exercise=None):
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
    try:
        return Verdict(name, diagnose(function, EXERCISES[name]))
    except Trouble as trouble:
        return Verdict(name, str(trouble))


def diagnose(function, exercise):
    """The mistake in words, or nothing."""
    problems, hard_problems = list(exercise.problems()), list(exercise.edge())
    answers = [ask(function, exercise, arguments) for arguments in problems]
    rights = [exercise.expected(arguments) for arguments in problems]
    part = first_wrong_part(answers, rights, exercise.tolerance)
    if part is not None:
        return name_mistake(exercise, problems, answers, rights, part)
    try:
        answers = [ask(function, exercise, arguments) for arguments in hard_problems]
    except Trouble:
        return exercise.edge_message
    rights = [exercise.expected(arguments) for arguments in hard_problems]
    wrong = first_wrong_part(answers, rights, exercise.tolerance) is not None
    return exercise.edge_message if wrong else ""


def ask(function, exercise, arguments):
    """The function's answer as a tuple of arrays of the right shapes.

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
    except Exception as error:
        raise Trouble(f"it raised {type(error).__name__}: {error}") from None
    for i, (now, before) in enumerate(zip(given, arguments, strict=True)):
        if isinstance(before, np.ndarray) and not np.array_equal(now, before):
            raise Trouble(f"it changes its argument number {i + 1}: work on a copy")
    parts = check_parts(answer, exercise.parts, exercise.shapes(arguments))
    return as_parts(exercise.summary(*parts)) if exercise.summary else parts


def check_parts(answer, names, shapes):
    """The answer as arrays, of the shapes asked for, finite."""
    if answer is None:
        raise Trouble("it returns nothing: end with return")
    if len(names) == 1:
        answer = (answer,)
    elif not isinstance(answer, tuple | list) or len(answer) != len(names):
        raise Trouble(f"it should return {len(names)} things: {', '.join(names)}")
    return tuple(map(check_part, answer, names, shapes))


def check_part(value, name, shape):
    """One part as an array of floats, of the shape asked for."""
    try:
        a = np.asarray(value)
    except ValueError:
        raise Trouble(f"the {name} cannot be read as one array of shape {shape}") from None
    if a.dtype.kind == "c":
        raise Trouble(f"complex numbers in the {name}: is there a root of a negative number?")
    if a.dtype.kind not in "fiub":
        raise Trouble(f"the {name} should be numbers, not {a.dtype}")
    if a.shape != shape and (shape != () or a.size != 1):
        hint = ": it is transposed" if a.ndim > 1 and a.T.shape == shape else ""
        wanted = "a single number" if shape == () else f"of shape {shape}"
        raise Trouble(f"the {name} should be {wanted}, not of shape {a.shape}{hint}")
    a = a.reshape(shape).astype(float)
    if not np.isfinite(a).all():
        raise Trouble(f"nan or inf in the {name}: look for log 0, 0 / 0 and exp of a large number")
    return a


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


def name_mistake(exercise, problems, answers, rights, part):
    """The mistake that gives this part, and most of the others; or how the part differs."""
    scores = {}
    for message, wrong in exercise.mistakes.items():
        guesses = [as_parts(wrong(*copy.deepcopy(arguments))) for arguments in problems]
        same_parts = parts_that_agree(answers, guesses, exercise.tolerance)
        if same_parts[part]:
            scores[message] = sum(same_parts)
    if scores:
        return max(scores, key=scores.get)  # of equals, the first
    return describe_difference(exercise, answers, rights, part)


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
