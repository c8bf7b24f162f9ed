"""The command: see the package."""

import argparse
import sys

from . import campaign


def main():
    p = argparse.ArgumentParser("python -m tests.fuzz", description="Random cases, with oracles.")
    p.add_argument("--minutes", type=float, default=1.0)
    p.add_argument("--seed", type=int, default=7)
    p.add_argument("--ledger", default=".fuzz.jsonl", help="adds up over runs (%(default)s)")
    p.add_argument("--summary", action="store_true", help="only say what the ledger adds up to")
    p.add_argument("--recheck", action="store_true", help="run the recorded failures once more")
    p.add_argument("--replay", type=int, nargs=2, metavar=("SEED", "CASE"), help="one case, loudly")
    args = p.parse_args()
    if args.replay:
        kind, rng = campaign.kind_of(*args.replay)
        print(f"{kind}, of {args.replay}")
        campaign.KINDS[kind][0](rng, campaign.tempfile.mkdtemp())
        return 0
    if args.recheck:
        return campaign.recheck(args.ledger) > 0
    if not args.summary:
        try:
            campaign.run(args.seed, args.ledger, 60 * args.minutes)
        except KeyboardInterrupt:
            print("stopped; the same command goes on from here")
    print(campaign.summary(args.ledger))
    return 0


if __name__ == "__main__":
    sys.exit(main())
