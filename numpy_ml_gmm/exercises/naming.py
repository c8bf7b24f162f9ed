"""Which mistake an answer equals.

First it is looked for among the mistakes of the catalogue, where all parts of the answer must be
equal.  Then two of them at once, by turning the knobs of both.  Then each wrong part by itself: a
mistake that concerns this part alone may stand beside another that is not known.  Last, whether the
part is the right one with something done to it.

Whatever is said is true of the numbers.  Where they cannot tell two mistakes apart, both are said.
"""

from __future__ import annotations

from functools import lru_cache, partial
from itertools import combinations, permutations
from typing import Any, NamedTuple

import numpy as np

from .problems import EXERCISES, answer_of

TIE = 1e-12
EXACT = 1e-6  # portion of the largest, where much is tried and nothing may fit by chance


def distance(a, b, right):
    """The largest difference, as a portion of the largest guess; of what is right if that is 0."""
    if a.shape != b.shape or not np.isfinite(b).all():
        return np.inf
    return abs(a - b).max(initial=0) / (abs(b).max(initial=0) or abs(right).max(initial=0) or 1)


def same(a, b, tolerance):
    """Equal shapes, and values equal to a portion of the largest."""
    return distance(a, b, b) <= tolerance


def distances(answers, guesses, rights):
    """For each part, the largest distance on any problem."""
    return np.max(
        [
            [distance(a, b, c) for a, b, c in zip(*parts, strict=True)]
            for parts in zip(answers, guesses, rights, strict=True)
        ],
        axis=0,
    )


def first_wrong_part(answers, rights, tolerance):
    """The first part that is wrong on some problem; later ones may only follow from it."""
    wrong = distances(answers, rights, rights) > tolerance
    return int(wrong.argmax()) if wrong.any() else None


def name_mistake(wrong_answers, answers, rights, tolerance):
    """The mistake that gives these answers, or None: the nearest, and others just as near."""
    gaps = {}
    for message, guesses in wrong_answers.items():
        if not_far(answers[0], guesses[0], rights[0], tolerance):
            gap = distances(answers, guesses, rights)
            if (gap <= tolerance).all():
                gaps[message] = gap.max()
    return nearest(gaps)


def not_far(answer, guess, right, tolerance):
    """Whether one number of each part allows that they agree: most mistakes are ruled out so."""
    tolerances = tolerance if isinstance(tolerance, tuple) else [tolerance] * len(right)
    return all(
        a.shape == b.shape and abs(a.flat[0] - b.flat[0]) <= t * (1 + abs(b).max() + abs(c).max())
        for a, b, c, t in zip(answer, guess, right, tolerances, strict=True)
    )


def nearest(gaps):
    """The messages with the smallest gap; where numbers cannot tell them apart, all are said."""
    ties = [message for message, gap in gaps.items() if gap <= min(gaps.values()) + TIE]
    return " Or: ".join(ties[:3]) or None


# ---- What is computed once for all answers to the same problems ---------------------------------


class Known(NamedTuple):
    """The problems of an exercise, and the answers that are known."""

    problems: list[Any]
    rights: list[Any]
    hard_problems: list[Any]
    hard_rights: list[Any]
    wrongs: dict[str, list[Any]]
    shapes: list[Any]
    hard_shapes: list[Any]


@lru_cache(maxsize=64)
def known(name, seed):
    """What is known of the problems with this seed."""
    exercise = EXERCISES[name]
    problems, hard_problems = list(exercise.problems(seed)), list(exercise.edge(seed))
    rights = [exercise.expected(arguments) for arguments in problems]
    hard_rights = [exercise.expected(arguments) for arguments in hard_problems]
    wrongs = exercise.wrong_answers(problems)
    shapes = list(map(exercise.shapes, problems, rights))
    hard_shapes = list(map(exercise.shapes, hard_problems, hard_rights))
    return Known(problems, rights, hard_problems, hard_rights, wrongs, shapes, hard_shapes)


@lru_cache(maxsize=64)
def two_at_once(name, seed):
    """Both messages of two mistakes that turn different knobs, and the answer to one problem."""
    exercise, problems = EXERCISES[name], known(name, seed).problems
    found = []
    for (a, one), (b, other) in combinations(exercise.mistakes.items(), 2):
        knobs = [getattr(wrong, "keywords", {}) for wrong in (one, other)]
        if all(knobs) and one.func is other.func and not knobs[0].keys() & knobs[1].keys():
            both = partial(one.func, **knobs[0], **knobs[1])
            found.append((a, b, both, answered(both, problems[0])))
    return found


def answered(wrong, arguments):
    """The answer of a function, or nothing if two mistakes together have none."""
    try:
        return answer_of(wrong, arguments)
    except (np.linalg.LinAlgError, IndexError, ValueError):
        return ()


# ---- The names ----------------------------------------------------------------------------------


def name_two(name, seed, answers):
    """Two mistakes that give this answer together, or the one that all such pairs share."""
    (problems, rights, *_), found = known(name, seed), []
    for a, b, both, first in two_at_once(name, seed):
        if first and (distances(answers[:1], [first], rights[:1]) <= EXACT).all():
            guesses = [answered(both, arguments) for arguments in problems]
            if all(guesses) and (distances(answers, guesses, rights) <= EXACT).all():
                found.append((a, b))
    if len(found) in (1, 2):
        return "two mistakes at once. " + " Or: ".join(f"(1) {a}. (2) {b}" for a, b in found)
    shared = set.intersection(*map(set, found)) if found else set()
    return f"more than one mistake; one is this: {shared.pop()}" if shared else None


def name_parts(exercise, wrongs, answers, rights):
    """The mistakes that concern a single part, for each wrong part from the first one on."""
    names = []
    for part in np.flatnonzero(distances(answers, rights, rights) > exercise.tolerance):
        gaps = {}
        for message, guesses in wrongs.items():
            knobs = getattr(exercise.mistakes[message], "keywords", {})
            if {exercise.concerns.get(knob) for knob in knobs} == {part}:
                gap = distances(answers, guesses, rights)[part]
                if gap <= np.broadcast_to(exercise.nearness, len(rights[0]))[part]:
                    gaps[message] = gap
        if gaps:
            names.append(nearest(gaps))
        if not names:
            return None  # later parts may only follow from this one
    return "; and ".join(names)


def inverses(a):
    """The inverse of each matrix."""
    return np.linalg.inv(a) if a.ndim > 2 else a


CHANGES = {
    "rounded to whole numbers": np.round,
    "cut to whole numbers: does an array of integers cut the fractions off?": np.trunc,
    "rounded to one decimal": lambda a: np.round(a, 1),
    "rounded to two decimals": lambda a: np.round(a, 2),
    "with the wrong sign": np.negative,
    "as absolute values": abs,
    "subtracted from 1": lambda a: 1 - a,
    "inverted, as 1 over each": lambda a: 1 / a,
    "as logarithms": np.log,
    "as exponentials": np.exp,
    "with the root taken": np.sqrt,
    "squared": np.square,
    "as cumulative sums": lambda a: np.cumsum(a, axis=0),
    "as cumulative sums along the last axis": lambda a: np.cumsum(a, axis=-1) if a.ndim else a,
    "divided by their sum": lambda a: a / a.sum(),
    "divided by the sum along the last axis": lambda a: a / a.sum(axis=-1, keepdims=True),
    "divided by the largest": lambda a: a / a.max(),
    "with the mean subtracted": lambda a: a - a.mean(),
    "as a softmax": lambda a: np.exp(a - a.max()) / np.exp(a - a.max()).sum(),
    "as inverse matrices": inverses,
    "as Cholesky factors": lambda a: np.linalg.cholesky(a) if a.ndim > 2 else a,
    "with everything off the diagonals set to 0": lambda a: (
        a * np.eye(a.shape[-1]) if a.ndim > 2 else a
    ),
    "all like the first": lambda a: 0 * a + a[:1] if a.ndim else a,
    "all like the last": lambda a: 0 * a + a[-1:] if a.ndim else a,
    "all replaced by their average": lambda a: 0 * a + a.mean(axis=0),
}


WORDS = {("times", 0.5): "halved (times 0.5)", ("times", 2.0): "doubled (times 2)"}


def name_constant(exercise, answers, rights, part):
    """What is the same number everywhere, where it should not be."""
    pairs = [(answer[part], right[part]) for answer, right in zip(answers, rights, strict=True)]
    if not exercise.summary and all(a.size > 1 and np.ptp(a) == 0 != np.ptp(b) for a, b in pairs):
        numbers = " and then ".join(f"{a.flat[0]:.4g}" for a, _ in pairs[:2])
        return f"all numbers of the {exercise.titles[part]} are equal, {numbers}"
    return None


def name_change(exercise, answers, rights, part):
    """What was done to the right numbers of a part, or None."""
    title = exercise.titles[part]
    pairs = [(answer[part], right[part]) for answer, right in zip(answers, rights, strict=True)]
    if any(a.shape != b.shape for a, b in pairs):
        return None
    said = f"the {title}: the right numbers,"
    for text, change in CHANGES.items():
        try:
            if all(same(a, change(b), EXACT) for a, b in pairs):
                return f"{said} {text}"
        except (np.linalg.LinAlgError, IndexError, ValueError):  # nothing to do to a number
            continue
    for axis in range(pairs[0][0].ndim):
        if all(a.shape[axis] <= 5 and reordered(a, b, axis) for a, b in pairs):
            return f"{said} in another order along axis {axis}"
        if all(same(a, np.sort(b, axis), EXACT) for a, b in pairs):
            return f"{said} sorted along axis {axis}"
    low, high = (of([of(a) for a, _ in pairs]) for of in (np.min, np.max))
    cut = sum(((b < low) | (b > high)).sum() for _, b in pairs)
    if cut > 1 and all(same(a, np.clip(b, low, high), EXACT) for a, b in pairs):
        return f"{said} clipped to what is between {low:.4g} and {high:.4g}"
    for text, change in {"times": np.divide, "plus": np.subtract}.items():
        numbers = np.concatenate([change(a, b)[b != 0] for a, b in pairs])
        if numbers.size > 1 and np.isfinite(numbers).all():
            if np.ptp(numbers) < EXACT * abs(numbers).max():
                return (
                    f"{said} {WORDS.get((text, round(numbers[0], 6)), f'{text} {numbers[0]:.4g}')}"
                )
    a, b = pairs[0]
    ridge = (a - b).flat[0]
    if a.ndim > 2 and all(same(a, b + ridge * np.eye(a.shape[-1]), EXACT) for a, b in pairs):
        return f"{said} with {ridge:.4g} added to the diagonals"
    return None


def reordered(a, b, axis):
    """Whether some order along an axis makes b of a."""
    orders = permutations(range(a.shape[axis]))
    return any(same(np.take(a, order, axis), b, EXACT) for order in map(list, orders))


ARGUMENTS = {
    "the points are cut to whole numbers before they are used": np.trunc,
    "the points are rounded to whole numbers before they are used": np.round,
    "the points are centred before they are used": lambda X: X - X.mean(axis=0),
    "the points are divided by their standard deviations before they are used": lambda X: (
        X / X.std(axis=0)
    ),
    "the points are standardised before they are used": lambda X: (
        (X - X.mean(axis=0)) / X.std(axis=0)
    ),
}
ROWS = {"the last row is left out": slice(None, -1), "the first row is left out": slice(1, None)}


def name_argument(exercise, problems, answers):
    """What was done to the points before a right computation, or None."""
    if not all(np.ndim(arguments[0]) == 2 for arguments in problems):
        return None
    for text, change in ARGUMENTS.items():
        if agrees_with_right(exercise, answers, [(change(X), *rest) for X, *rest in problems]):
            return text
    for text, rows in ROWS.items():
        fewer = [
            [a[rows] if np.ndim(a) and len(a) == len(arguments[0]) else a for a in arguments]
            for arguments in problems
        ]
        if agrees_with_right(exercise, answers, fewer):
            return text
    return None


def agrees_with_right(exercise, answers, problems):
    """Whether the answers are the right ones to these problems."""
    guesses = [answered(exercise.right, arguments) for arguments in problems]
    return all(guesses) and bool((distances(answers, guesses, guesses) <= EXACT).all())
