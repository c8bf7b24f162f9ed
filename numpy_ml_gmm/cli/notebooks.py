"""Copy the notebooks of the course out of the package.

In a wheel they are in the package; in a checkout, where an editable install reads them too, they
are in the folder ``tutorials`` beside it.
"""

import shutil
from argparse import Namespace
from pathlib import Path

import numpy_ml_gmm

from .saying import fail, note, say, say_json

PATTERNS = "*.ipynb", "exercises/*.ipynb"
SOLUTIONS = "exercises/solutions/*.ipynb"


def run(args: Namespace, command: str) -> int:
    """Copy, and say what was copied; the exit code."""
    try:
        source, target = find(), Path(args.folder)
        patterns = [*PATTERNS, *([SOLUTIONS] if args.solutions else [])]
        paths = [path for pattern in patterns for path in sorted(source.glob(pattern))]
        names = [path.relative_to(source) for path in paths]
        if target.exists() and not target.is_dir():
            raise ValueError(f"{args.folder} is a file: name a folder")
        changed = [name for name in names if differs(source / name, target / name)]
        kept = [] if args.overwrite else changed
        for name in names:
            if name not in kept:
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source / name, target / name)
    except (OSError, ValueError) as error:
        return fail(error, 2)
    if kept:
        files = ", ".join(map(str, kept))
        note(args, f"{files}: there already and not the same, so kept; --overwrite replaces them")
    copied = [str(name) for name in names if name not in kept]
    if args.json:
        notes = getattr(args, "notes", [])
        say_json({"folder": args.folder, "from": str(source), "copied": copied, "notes": notes})
    elif not args.quiet:
        say(f"{len(copied)} notebooks in {args.folder}, copied from {source}")
        say(f"to open them: python -m pip install jupyterlab && jupyter lab {args.folder}")
    return 0


def find() -> Path:
    """The folder with the notebooks."""
    package = Path(numpy_ml_gmm.__file__).parent
    for folder in (package / "tutorials", package.parent / "tutorials"):
        if any(folder.glob("*.ipynb")):
            return folder
    raise ValueError(f"there are no notebooks in {package}: install the package again")


def differs(new: Path, old: Path) -> bool:
    """Whether there is another file already."""
    return old.exists() and (old.is_dir() or old.read_bytes() != new.read_bytes())
