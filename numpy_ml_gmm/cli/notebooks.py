"""Copy the notebooks of the course out of the package.

In a wheel they are in the package; in a checkout, where an editable install reads them too, they
are in the folder ``tutorials`` beside it.
"""

import shutil
from argparse import Namespace
from pathlib import Path

from .saying import fail, note, say, say_json

PACKAGE = Path(__file__).parents[1]
PATTERNS = "*.ipynb", "exercises/*.ipynb"
SOLUTIONS = "exercises/solutions/*.ipynb"


def run(args: Namespace, command: str) -> int:
    """Copy, and say what was copied; the exit code."""
    try:
        source, target = find(), Path(args.folder)
        if target.exists() and not target.is_dir():
            raise ValueError(f"{args.folder} is a file: name a folder")
        patterns = [*PATTERNS, *([SOLUTIONS] if args.solutions else [])]
        paths = [path for pattern in patterns for path in sorted(source.glob(pattern))]
        names = [str(path.relative_to(source)) for path in paths]
        there = [name for name in names if (target / name).exists()]
        same = [name for name in there if are_equal(source / name, target / name)]
        kept = [name for name in there if name not in same and not args.overwrite]
        copied = [name for name in names if name not in (*same, *kept)]
        for name in copied:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target / name)
    except (OSError, ValueError) as error:
        return fail(error, 2)
    if kept:
        files = ", ".join(kept)
        note(args, f"kept what is there and not the same ({files}): --overwrite replaces it")
    if args.json:
        values = {"folder": args.folder, "from": str(source), "copied": copied, "kept": kept}
        say_json(values | {"notes": getattr(args, "notes", [])})
    elif not args.quiet:
        already = f", {len(same)} were there already" * bool(same)
        say(f"{len(copied)} notebooks copied from {source} to {args.folder}{already}")
        if source.parent != PACKAGE:
            say("the package is installed from that checkout, where they can be opened as well")
        say(f"to open them: python -m pip install jupyterlab && jupyter lab {args.folder}")
    return 0


def find() -> Path:
    """The folder with the notebooks."""
    for folder in (PACKAGE / "tutorials", PACKAGE.parent / "tutorials"):
        if any(folder.glob("*.ipynb")):
            return folder
    raise ValueError(f"there are no notebooks in {PACKAGE}: install the package again")


def are_equal(new: Path, old: Path) -> bool:
    """Whether a file is there already, as it is."""
    return old.is_file() and old.read_bytes() == new.read_bytes()
