"""What students answer, right and wrong, and what the check says to it.

They were written before the catalogue of mistakes was looked at.  ``python -m tests.answers``
prints for each exercise how many wrong answers are named truly; with ``-v`` also what was said to
the others.
"""

import re
from collections import Counter

import numpy as np
import scipy

from numpy_ml_gmm.exercises import check

from . import draws, missing, priors, second, steps, sums, third

ROOMS = steps, draws, missing, priors, sums
WRONG = {name: table for room in ROOMS for name, table in room.WRONG.items()}
RIGHT = {
    name: sources + third.RIGHT.get(name, [])
    for room in ROOMS
    for name, sources in room.RIGHT.items()
}

# What is said of an answer whose mistake is not known.
ONLY_WRONG = re.compile("wrong |nan or inf in|it raised ")


def wrong_answers(name):
    """(what the mistake truly is, source) of each."""
    right, slips = WRONG[name]
    sets = (right, slips + second.SECOND[name]), third.THIRD.get(name, ("", []))
    for right, slips in sets:
        for truth, *edits in slips:
            source = right
            for old, new in zip(edits[::2], edits[1::2], strict=True):
                assert old in source, (name, old)
                source = source.replace(old, new)
            yield truth, source


def function(name, source):
    """The student's function."""
    world = {"np": np, "scipy": scipy}
    exec(source, world)
    return world[name]


def kind_of(message, truth):
    """Whether what is said names the mistake, and truly."""
    if not message:
        return "missed"
    if re.search(truth, message, re.IGNORECASE) and not ONLY_WRONG.match(message):
        return "named"
    return "only wrong" if ONLY_WRONG.match(message) else "false"


def judged(name):
    """(kind, truth, source, message) of every answer to an exercise."""
    for truth, source in wrong_answers(name):
        message = check(function(name, source), name).message
        yield kind_of(message, truth), truth, source, message
    for source in RIGHT[name]:
        message = check(function(name, source), name).message
        yield ("refused" if message else "right"), "", source, message


def counts(name):
    """How many answers of each kind."""
    return Counter(kind for kind, *_ in judged(name))
