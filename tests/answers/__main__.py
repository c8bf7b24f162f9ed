"""The table of :mod:`tests.answers`, and what was said to each answer that is not named."""

import sys
from collections import Counter

from . import WRONG, judged, wrong_answers

KINDS = "named", "only wrong", "false", "missed", "right", "refused"


def difference(name, source):
    """The lines of a wrong answer that the right one does not have."""
    right = WRONG[name][0].splitlines()
    return " | ".join(line.strip() for line in source.splitlines() if line not in right)


def main(arguments):
    """Print the table for the exercises named, or for all."""
    names = [a for a in arguments if not a.startswith("-")] or list(WRONG)
    print(f"{'':22}" + "".join(f"{kind:>12}" for kind in KINDS) + f"{'share':>8}")
    total = Counter()
    for name in names:
        answers = list(judged(name))
        found = Counter(kind for kind, *_ in answers)
        total += found
        share = found["named"] / len(list(wrong_answers(name)))
        print(f"{name:22}" + "".join(f"{found[k]:12}" for k in KINDS) + f"{share:8.0%}")
        for kind, truth, source, message in answers if "-v" in arguments else ():
            if kind not in ("right", "named"):
                print(f"  {kind:10} {difference(name, source)[:110]!r} [{truth}]")
                print(f"{'':14}{message}")
    share = total["named"] / sum(total[k] for k in KINDS[:4])
    print(f"{'all':22}" + "".join(f"{total[k]:12}" for k in KINDS) + f"{share:8.0%}")


main(sys.argv[1:])
