"""Mutants: small changes to the package, each of which some test should notice.

.. code-block:: sh

    python -m tests.mutants --minutes 60 --seed 1    # go on where the last run with this seed ended
    python -m tests.mutants --report                 # the score by file, and who survived
    python -m tests.mutants --files em.py plots      # only of these files or folders
    python -m tests.mutants --own                    # only the tests of the mutant's own file
    python -m tests.mutants --recheck                # the survivors once more, by all tests

A mutant is one change to one place: ``<`` for ``<=``, ``axis=1`` for ``axis=0``, a statement left
out.  It is made in a copy of the package, and the tests of its file are run against the copy,
without doctests; then those of the modules that import the file.  A mutant that no test notices is
a question: is there a hole in the tests, or is the change *equivalent*, so that no test could see
it?  The second answer is written into ``tests/data/equivalent_mutants.json`` with its reason.

The ledger is a file of JSON lines, one for each mutant, and adds up over runs.  Of each mutant the
last line counts.  A run takes one mutant of each file in turn, in an order that the seed decides.
"""

import argparse
import ast
import hashlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).parents[1]
PACKAGE = "numpy_ml_gmm"
# The tests that are about each file or folder, the quick ones first.
TESTS = {
    "archive.py": "files cli",
    "blocks.py": "statistics gmm missing",
    "bootstrap.py": "bootstrap weights",
    "classify.py": "classify",
    "cli.py": "cli",
    "combining.py": "combine",
    "conditional.py": "conditional",
    "conventions.py": "ecosystem bad_input",
    "covariances": "covariances",
    "datasets.py": "ecosystem cli",
    "em.py": "em equations",
    "exercises": "exercises",
    "fisher.py": "fisher",
    "frames.py": "statistics hard gmm equations",
    "gmm.py": "equations parameters gmm bad_input weights",
    "missing.py": "missing",
    "modules": "modules files",
    "parameters.py": "parameters gmm",
    "plots": "plots",
    "processes.py": "selection bootstrap",
    "regression.py": "conditional ecosystem",
    "restarts.py": "restarts em selection",
    "selection.py": "selection restarts hard weights",
    "starts.py": "restarts selection",
    "statistics.py": "statistics equations gmm",
    "tables.py": "cli",
    "textbook.py": "textbook",
    "training.py": "bad_input hard missing",
    "validation.py": "bad_input ecosystem weights",
    "writing.py": "files cli",
}
SKIPPED = "__init__.py", "__main__.py"  # they hold names
EQUIVALENT = Path(__file__).parent / "data" / "equivalent_mutants.json"
FACTOR, SPARE = 5, 30  # a mutant may take so many times the clean run, and so many seconds more
MEMORY = 2**33  # bytes: a mutant that asks for more has failed
OUTCOMES = "killed", "too long", "survived", "equivalent"
KEY = "file", "kind", "before", "after", "nth"  # what names a mutant in the ledger


# ---- Making mutants ----------------------------------------------------------------------------


class Mutant(NamedTuple):
    """One change to one file."""

    file: str  # within the package
    line: int
    kind: str
    before: str  # the line as it is, and as it becomes
    after: str
    nth: int  # of several that read alike
    start: int  # the bytes of the file that give way to the code
    end: int
    code: str

    @property
    def key(self):
        """What names the mutant in the ledger, wherever its line has moved."""
        return self.file, self.kind, self.before, self.after, self.nth

    def made_of(self, source):
        """The bytes of the file, changed."""
        return source[: self.start] + self.code.encode() + source[self.end :]


COMPARISONS = {
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt},
    **{ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is},
    **{ast.In: ast.NotIn, ast.NotIn: ast.In},
}
OPERATORS = {
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult},
    **{ast.FloorDiv: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd},
}
TWINS = {"argmax": "argmin", "min": "max", "minimum": "maximum", "any": "all", "floor": "ceil"}
TWINS |= {b: a for a, b in TWINS.items()}


def copy_of(node, **changes):
    """The node with other fields."""
    return type(node)(**({name: getattr(node, name) for name in node._fields} | changes))


def changes_of(node, parent):
    """Each (kind, new node) that one node can become; None leaves a statement out."""
    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            ops = [*node.ops[:i], COMPARISONS[type(op)](), *node.ops[i + 1 :]]
            yield "comparison", copy_of(node, ops=ops)
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OPERATORS:
        if not is_text(node):
            yield "operator", copy_of(node, op=OPERATORS[type(node.op)]())
    elif isinstance(node, ast.BoolOp):
        yield "and, or", copy_of(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not", node.operand
    elif isinstance(node, ast.keyword) and node.arg == "axis":
        with suppress(ValueError):
            new = {0: 1, 1: 0, -1: 0, -2: -1}.get(ast.literal_eval(node.value))
            if new is not None:
                yield "axis", copy_of(node, value=ast.Constant(new))
    elif isinstance(node, ast.Constant) and getattr(parent, "arg", None) != "axis":
        if isinstance(node.value, bool):
            yield "flag", ast.Constant(not node.value)
        elif isinstance(node.value, int):
            yield "number", ast.Constant(node.value + 1)
        elif isinstance(node.value, float):
            yield "number", ast.Constant(2 * node.value)
    elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
        name = "id" if isinstance(node, ast.Name) else "attr"
        if getattr(node, name) in TWINS:
            yield "twin", copy_of(node, **{name: TWINS[getattr(node, name)]})
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        first, second, rest = node.value.elts[:1], node.value.elts[1:2], node.value.elts[2:]
        if second:
            yield "swap", copy_of(node, value=copy_of(node.value, elts=second + first + rest))
    if is_droppable(node):
        yield "dropped", None


def is_text(node):
    """Whether an operation makes text, or joins dictionaries."""
    return isinstance(node, ast.BinOp) and any(
        isinstance(side, ast.JoinedStr | ast.Dict | ast.List)
        or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        or (isinstance(side, ast.BinOp) and is_text(side))
        for side in (node.left, node.right)
    )


def is_droppable(node):
    """Whether a statement can be left out without a name going missing."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call)
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets)
    if isinstance(node, ast.If):
        return not node.orelse and isinstance(node.body[-1], ast.Raise | ast.Return)
    return isinstance(node, ast.AugAssign | ast.Break | ast.Continue)


def places(tree):
    """Every (node, parent) that may be changed: no annotations, no messages, no ``__all__``."""
    waiting = [(tree, None)]
    while waiting:
        node, parent = waiting.pop()
        yield node, parent
        if isinstance(node, ast.JoinedStr | ast.Raise):
            continue
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            continue
        for name, value in ast.iter_fields(node):
            if name not in ("annotation", "returns", "decorator_list"):
                for child in value if isinstance(value, list) else [value]:
                    if isinstance(child, ast.AST):
                        waiting.append((child, node))


def mutants_of(file, source):
    """Every :class:`Mutant` of a file, from its bytes, in the order of its lines."""
    rows, found, seen = source.splitlines(keepends=True), [], Counter()
    starts = np.cumsum([0, *map(len, rows)])
    for node, parent in places(ast.parse(source)):
        for kind, new in changes_of(node, parent):
            first, last = starts[node.lineno - 1], starts[node.end_lineno]
            start, end = first + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
            code = "pass" if new is None else ast.unparse(new)
            code = f"({code})" if isinstance(node, ast.expr) else code
            after = source[first:start] + code.encode() + source[end:last]
            texts = (" ".join(part.decode().split()) for part in (source[first:last], after))
            found.append((node.lineno, kind, *texts, int(start), int(end), code))
    mutants = []
    for line, kind, before, after, *change in sorted(found):
        mutants.append(Mutant(file, line, kind, before, after, seen[kind, before, after], *change))
        seen[kind, before, after] += 1
    return mutants


def files_of():
    """The files of the package that hold code."""
    folder = ROOT / PACKAGE
    paths = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.py"))]
    return [path for path in paths if path.rpartition("/")[2] not in SKIPPED]


def in_turn(seed, files):
    """All mutants, one of each file in turn, in an order that the seed decides."""
    orders = []
    for file in files:
        rng = np.random.default_rng([seed, zlib.crc32(file.encode())])
        mutants = mutants_of(file, (ROOT / PACKAGE / file).read_bytes())
        orders.append([mutants[i] for i in rng.permutation(len(mutants))])
    files = np.random.default_rng(seed).permutation(len(orders))
    for n in range(max(map(len, orders), default=0)):
        yield from (orders[f][n] for f in files if n < len(orders[f]))


# ---- Which tests -------------------------------------------------------------------------------


def own_tests(file):
    """The names of the tests of a file."""
    return TESTS.get(file, TESTS.get(file.partition("/")[0], "")).split()


def importers(file):
    """The files of the package that import a file: their tests are its neighbours'."""
    name = file.partition("/")[0].removesuffix(".py")  # what is outside imports the folder
    line = re.compile(rf"^\s*(from|import) .*\b{name}\b", re.MULTILINE)
    return [f for f in files_of() if line.search((ROOT / PACKAGE / f).read_text("utf-8"))]


def tests_of(file):
    """The names of a file's own tests, and then those of its neighbours."""
    own = own_tests(file)
    return list(dict.fromkeys([*own, *(t for other in importers(file) for t in own_tests(other))]))


class Bench:
    """A copy of the package and its tests, in which one file at a time is changed."""

    def __init__(self, folder, ledger, tests_of):
        self.folder, self.ledger, self.tests_of = Path(folder), ledger, tests_of
        self.clean = {}  # name of a test file -> (seconds, tests that fail without any mutant)
        ignored = shutil.ignore_patterns("__pycache__", "vendor", ".*")
        for name in (PACKAGE, "tests"):
            shutil.copytree(ROOT / name, self.folder / name, ignore=ignored)
        for path in ROOT.iterdir():  # what the tests read
            if not path.name.startswith(".") and not (self.folder / path.name).exists():
                (self.folder / path.name).symlink_to(path)

    def run(self, test, *options, seconds=3600):
        """The exit code of some tests, None if they took too long, and what they printed."""
        command = [sys.executable, "-m", "pytest", "-q", "-o", "addopts=", "--tb=no", "-rfE"]
        command += ["-p", "no:cacheprovider", "--hypothesis-seed=0", *options]
        known = {"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        known |= {"OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg", "PYTEST_ADDOPTS": ""}
        with subprocess.Popen(
            [*command, f"tests/test_{test}.py"],
            cwd=self.folder,
            env=os.environ | known,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # so that what it started ends with it
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
        ) as process:
            try:
                said = process.communicate(timeout=seconds)[0]
                return process.returncode, said
            except subprocess.TimeoutExpired:
                return None, ""
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def clean_run(self, test):
        """How long some tests take without a mutant, and which of them fail all the same."""
        source = b"".join(path.read_bytes() for path in sorted((ROOT / PACKAGE).rglob("*.py")))
        source += (ROOT / f"tests/test_{test}.py").read_bytes()
        state = hashlib.sha256(source).hexdigest()[:16]
        for line in read(self.ledger):
            if line.get("clean") == test and line["state"] == state:
                return line["seconds"], line["failing"]
        begun = time.monotonic()
        code, said = self.run(test)
        if code not in (0, 1):
            raise RuntimeError(f"tests/test_{test}.py does not run, even without a mutant:\n{said}")
        seconds, failing = round(time.monotonic() - begun, 1), failures(said)
        note(self.ledger, clean=test, state=state, seconds=seconds, failing=failing)
        return seconds, failing

    def outcome(self, mutant):
        """What the tests say of a mutant: an outcome, and the test that says so."""
        path, tests = self.folder / PACKAGE / mutant.file, self.tests_of(mutant.file)
        for test in tests:
            if test not in self.clean:
                self.clean[test] = self.clean_run(test)
            seconds, failing = self.clean[test]
            known, source = [f"--deselect={name}" for name in failing], path.read_bytes()
            path.write_bytes(mutant.made_of(source))
            try:
                code, said = self.run(test, "-x", *known, seconds=FACTOR * seconds + SPARE)
            finally:
                path.write_bytes(source)
            if code is None:
                return "too long", f"test_{test}"
            if code not in (0, 5):  # 5: all that is in it fails anyway
                return "killed", (failures(said) or [f"tests/test_{test}.py does not run"])[0]
        return "survived", ", ".join(tests)


def failures(said):
    """The tests that failed, from what pytest printed."""
    return re.findall(r"^(?:FAILED|ERROR) (tests/.*?)(?: - .*)?$", said, re.MULTILINE)


# ---- The ledger --------------------------------------------------------------------------------


def note(ledger, **line):
    """Append a line."""
    with open(ledger, "a") as file:
        file.write(json.dumps(line) + "\n")


def read(ledger):
    """The lines of the ledger, none if it is not there."""
    try:
        with open(ledger) as file:
            return [json.loads(line) for line in file]
    except FileNotFoundError:
        return []


def known(ledger):
    """The last line of each mutant that was tried, by its key."""
    lines = (line for line in read(ledger) if "outcome" in line)
    return {tuple(line[name] for name in KEY): line for line in lines}


def equivalent():
    """The mutants that no test can tell from the package, with the reasons, by their keys."""
    lines = json.loads(EQUIVALENT.read_text("utf-8"))
    return {tuple(line[name] for name in KEY): line["why"] for line in lines}


def run(mutants, ledger, seconds, tests_of=tests_of, show=print):
    """Try mutants for some time; who survives is shown as it comes."""
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        bench = Bench(folder, ledger, tests_of)
        for mutant in mutants:
            if time.monotonic() > end:
                break
            begun = time.monotonic()
            outcome, by = bench.outcome(mutant)
            line = dict(zip(KEY, mutant.key, strict=True)) | {"line": mutant.line}
            took = round(time.monotonic() - begun, 1)
            note(ledger, **line, outcome=outcome, by=by, seconds=took)
            if outcome == "survived":
                show(told(line))


def told(line):
    """A mutant in three lines."""
    change = f"  - {line['before']}\n  + {line['after']}"
    return f"{line['file']}:{line['line']}, {line['kind']}\n{change}"


def report(ledger):
    """The score by file, and the survivors that are not known to be equivalent."""
    lines, same = known(ledger), equivalent()
    files = {file: mutants_of(file, (ROOT / PACKAGE / file).read_bytes()) for file in files_of()}
    head = f"{'':32}" + "".join(f"{word:>12}" for word in ("mutants", "tried", *OUTCOMES, "score"))
    text, survivors, total = [head], [], Counter()
    for file, mutants in files.items():
        counts = Counter(mutants=len(mutants))
        for mutant in mutants:
            if (line := lines.pop(mutant.key, None)) is not None:
                lives = line["outcome"] == "survived"
                counts["equivalent" if lives and mutant.key in same else line["outcome"]] += 1
                if lives and mutant.key not in same:
                    survivors.append(told(line | {"line": mutant.line}))
        total += counts
        text += [row_of(file, counts)] * (len(counts) > 1)
    text.append(row_of("all", total))
    if lines:
        text.append(f"{len(lines)} more were tried on code that has changed since")
    return "\n".join([*text, "", "Survivors:" if survivors else "No survivors", *survivors])


def row_of(name, counts):
    """A line of the report; the score is the part noticed of those that can be."""
    tried = sum(counts[outcome] for outcome in OUTCOMES)
    noticed = counts["killed"] + counts["too long"]
    score = f"{100 * noticed / max(1, noticed + counts['survived']):.0f} %"
    cells = (counts["mutants"], tried, *(counts[outcome] for outcome in OUTCOMES), score)
    return f"{name:32}" + "".join(f"{cell:>12}" for cell in cells)


def main():
    """The command: see the module."""
    p = argparse.ArgumentParser("python -m tests.mutants", description="Changes to be noticed.")
    p.add_argument("--minutes", type=float, default=10.0)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--ledger", default=".mutants.jsonl", help="adds up over runs (%(default)s)")
    p.add_argument("--files", nargs="+", metavar="FILE", help="files or folders of the package")
    p.add_argument("--own", action="store_true", help="leave out the tests of the neighbours")
    p.add_argument("--report", action="store_true", help="only say what the ledger adds up to")
    p.add_argument("--recheck", action="store_true", help="try the survivors once more")
    args = p.parse_args()
    files = [f for f in files_of() if not args.files or {f, f.partition("/")[0]} & {*args.files}]
    tried = known(args.ledger)
    lives = {key for key, line in tried.items() if line["outcome"] == "survived"} - {*equivalent()}
    if not args.report:
        mutants = (m for m in in_turn(args.seed, files) if m.key not in tried)
        if args.recheck:
            mutants = (m for m in in_turn(args.seed, files) if m.key in lives)
        try:
            run(mutants, args.ledger, 60 * args.minutes, own_tests if args.own else tests_of)
        except KeyboardInterrupt:
            print("stopped; the same command goes on from here")
    print(report(args.ledger))


if __name__ == "__main__":
    main()
