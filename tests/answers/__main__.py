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
    verbose = "-v" in arguments
    names = [a for a in arguments if not a.startswith("-")] or list(WRONG)
    print(f"{'':22}" + "".join(f"{kind:>12}" for kind in KINDS) + f"{'share':>8}")
    total = Counter()
    for name in names:
        all_of_them = list(judged(name))
        found = Counter(kind for kind, *_ in all_of_them)
        total += found
        if verbose:
            for kind, truth, source, message in all_of_them:
                if kind not in ("right",) and (kind != "named" or "-vv" in arguments):
                    print(
                        f"  {kind:10} {difference(name, source)[:110]!r} [{truth}]\n{'':14}{message}"
                    )
        share = found["named"] / len(list(wrong_answers(name)))
        print(f"{name:22}" + "".join(f"{found[k]:12}" for k in KINDS) + f"{share:8.0%}")
    n = sum(total[k] for k in KINDS[:4])
    print(f"{'all':22}" + "".join(f"{total[k]:12}" for k in KINDS) + f"{total['named'] / n:8.0%}")


main(sys.argv[1:])
