"""Mutants: small changes to the package, each of which some test should notice.

.. code-block:: sh

    python -m tests.mutants --minutes 60 --seed 1    # go on where the last run with this seed ended
    python -m tests.mutants --report                 # the score by file, and who survived
    python -m tests.mutants --files em.py plots      # only of these files or folders
    python -m tests.mutants --recheck                # the survivors once more, by all their tests

A mutant is one change to one place: ``<`` for ``<=``, ``axis=1`` for ``axis=0``, a statement left
out.  A mutant that no test notices is a question: is there a hole in the tests, or is the change
*equivalent*, so that no test could see it, or as right as before?  The second answer is written
into ``tests/data/equivalent_mutants.json`` with its reason.

To be quick, a run first finds out which test executes which line.  That takes a quarter of an hour
after a change of the package, and is kept in ``.mutants.map.json``.  Then it holds all tests ready
in one process.  For each mutant that process forks, puts the changed code into the functions, and
runs the tests that execute the line, the quickest first, until one fails.  What happens at import
cannot be put in afterwards, such as a default or a constant, and is tried by a new process.
Doctests, and the tests of :data:`SLOW`, have no say.

The ledger is a file of JSON lines, one for each mutant, and adds up over runs.  Of each mutant the
last line counts.  A run takes one mutant of each file in turn, in an order that the seed decides.
Linux or macOS, and ``pip install coverage``.
"""

import argparse
import ast
import gc
import hashlib
import inspect
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
from collections import Counter, defaultdict
from contextlib import suppress
from pathlib import Path
from types import CodeType, FunctionType
from typing import NamedTuple

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "numpy_ml_gmm"
SLOW = "browser", "docs", "fuzz", "mutants", "pictures", "tutorials"  # minutes, or not about lines
SKIPPED = "__init__.py", "__main__.py"  # they hold names
EQUIVALENT = Path(__file__).parent / "data" / "equivalent_mutants.json"
MOST = 6  # seconds of tests for a mutant, except in a recheck
FACTOR, SPARE = 5, 30  # a test may take so many times its usual time, and so many seconds more
MEMORY = 2**34  # bytes: a mutant that asks for more has failed
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
        """The bytes of the file, changed; each line stays where it is."""
        lost = "\n" * source[self.start : self.end].count(b"\n")
        cut = len(self.code) - self.code.endswith(")")  # within brackets a line may end
        code = self.code[:cut] + lost + self.code[cut:]
        return source[: self.start] + code.encode() + source[self.end :]


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
            yield "number", ast.Constant(2 * node.value or 1.0)
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


class Place(NamedTuple):
    """What must be executed for a mutant to have an effect."""

    lines: range | None  # None: any line of the file will do
    at_import: bool


def place_of(mutant, source):
    """The :class:`Place` of a mutant: its statement, or all of a function with another default."""
    nodes = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.stmt) and node.lineno <= mutant.line <= node.end_lineno
    ]
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    if not any(node.body[0].lineno <= mutant.line for node in functions):
        lines = range(functions[0].lineno, functions[0].end_lineno + 1) if functions else None
        return Place(lines, at_import=True)
    node = max(nodes, key=lambda node: node.lineno)
    last = node.body[0].lineno - 1 if getattr(node, "body", None) else node.end_lineno
    return Place(range(node.lineno, max(last, node.lineno) + 1), at_import=False)


def test_files():
    """The files of tests that have a say."""
    paths = sorted((ROOT / "tests").glob("test_*.py"))
    return [path.name for path in paths if path.stem.removeprefix("test_") not in SLOW]


def short_hash(data):
    """A few letters for some bytes."""
    return hashlib.sha256(data).hexdigest()[:16]


class Bench:
    """A plug-in for pytest: all tests held ready, in a folder where one file at a time changes."""

    def __init__(self, folder, maps, work):
        self.folder, self.maps, self.work = Path(folder).resolve(), Path(maps), work
        self.cover = self.item = self.failed = None  # of the process that runs tests
        self.note, self.trusted = self.folder / "note.json", set()
        ignored = shutil.ignore_patterns("__pycache__", "vendor", ".*")
        for name in (PACKAGE, "tests"):
            shutil.copytree(ROOT / name, self.folder / name, ignore=ignored)
        for path in ROOT.iterdir():  # what the tests read
            if not path.name.startswith(".") and not (self.folder / path.name).exists():
                (self.folder / path.name).symlink_to(path)

    def start(self):
        """Import the tests, and do the work where pytest would run them."""
        known = {"PYTHONPATH": str(self.folder), "PYTEST_ADDOPTS": "", "MPLBACKEND": "agg"}
        os.environ.update(known | {"OPENBLAS_NUM_THREADS": "1"})
        os.chdir(self.folder)
        sys.path[:] = [str(self.folder), *(path for path in sys.path if path != str(ROOT))]
        options = ["-o", "addopts=", "-p", "no:cacheprovider", "-p", "no:terminal"]
        files = [f"tests/{name}" for name in test_files()]
        code = pytest.main([*options, "-p", "no:faulthandler", *files], plugins=[self])
        if self.failed:
            raise RuntimeError(self.failed)
        if code == pytest.ExitCode.INTERRUPTED:
            raise KeyboardInterrupt
        if code != pytest.ExitCode.OK:
            raise RuntimeError("pytest ended before its time")

    def pytest_sessionstart(self):
        """The same random examples in each run, and none that come from another mutant."""
        with suppress(ImportError):
            from hypothesis import HealthCheck, Phase, settings

            known = dict(deadline=None, database=None, derandomize=True)
            known["phases"] = [Phase.explicit, Phase.generate]  # a failure need not be small
            settings.register_profile("mutants", suppress_health_check=list(HealthCheck), **known)
            settings.load_profile("mutants")

    def pytest_collectreport(self, report):
        """Tests that cannot be imported without a mutant say nothing of any."""
        if report.failed:
            self.failed = f"{report.nodeid} does not run, even without a mutant:\n{report.longrepr}"

    def pytest_runtestloop(self, session):
        """Map the tests, and then do what this bench is for."""
        if self.failed:
            return True
        loaded = sys.modules.get(PACKAGE)
        if loaded and not loaded.__file__.startswith(str(self.folder)):
            raise RuntimeError(f"the tests import {loaded.__file__}, not the copy to be changed")
        self.items = {item.nodeid: item for item in session.items}
        self.aloud = session.config.pluginmanager.getplugin("capturemanager")
        gc.collect()
        gc.freeze()  # so that forks share more memory
        self.tests = self.mapped()
        self.work(self)
        return True

    # ---- which test executes which line ----

    def mapped(self):
        """Of each test that passes: seconds, whether it starts processes, and its lines by file."""
        sources = sorted((self.folder / PACKAGE).rglob("*.py"))
        state = short_hash(b"".join(path.read_bytes() for path in sources))
        maps = json.loads(self.maps.read_text()) if self.maps.exists() else {}
        known = maps["tests"] if maps.get("state") == state else {}
        files = {}  # those whose tests are new, or not as they were
        for name, item in self.items.items():
            if known.get(name, {}).get("source") != source_of(item):
                files.setdefault(name.partition("::")[0], []).append(item)
        for name, items in files.items():
            code = apart(lambda items=items: self.look(items))
            if code != 0:
                raise RuntimeError(f"{name} ends with {code}, even without a mutant")
            known |= json.loads(self.note.read_text())
            self.maps.write_text(json.dumps({"state": state, "tests": known}))
        return {name: known[name] for name in self.items if not known[name]["failed"]}

    def look(self, items):
        """Run some tests and note what they do."""
        from coverage import Coverage

        tests, started = {}, []
        sys.addaudithook(lambda event, args: event in STARTS and started.append(event))
        include = [str(self.folder / PACKAGE / "*")]
        self.cover = Coverage(data_file=None, include=include, config_file=False, messages=False)
        self.cover.set_option("run:disable_warnings", ["no-data-collected"])
        self.cover.start()
        for self.item, following in zip(items, [*items[1:], None], strict=True):
            self.cover.switch_context(self.item.nodeid)
            begun, self.failed = time.monotonic(), None
            started.clear()
            self.item.config.hook.pytest_runtest_protocol(item=self.item, nextitem=following)
            test = {"seconds": round(time.monotonic() - begun, 4), "failed": self.failed}
            test |= {"starts": bool(started), "source": source_of(self.item), "lines": {}}
            tests[self.item.nodeid] = test
        self.cover.stop()
        data = self.cover.get_data()
        names = {
            i.nodeid: {i.nodeid, *(f"fixture {name}" for name in i.fixturenames)} for i in items
        }
        for path in data.measured_files():
            file = Path(path).relative_to(self.folder / PACKAGE).as_posix()
            for line, contexts in data.contexts_by_lineno(path).items():
                for name in names:
                    if not names[name].isdisjoint(contexts):
                        tests[name]["lines"].setdefault(file, []).append(line)
        self.note.write_text(json.dumps(tests))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        """What several tests share is executed for each of them."""
        wide = self.cover and fixturedef.scope != "function"
        if wide:
            self.cover.switch_context(f"fixture {fixturedef.argname}")
        try:
            return (yield)
        finally:
            if wide:
                self.cover.switch_context(self.item.nodeid)

    def pytest_runtest_logreport(self, report):
        """Remember that a test failed."""
        if report.failed:
            self.failed = True

    def tests_of(self, mutant, place):
        """The tests that execute a place, then those beside them that start other processes."""
        file, wanted = mutant.file, set(place.lines or ())

        def there(test):
            lines = test["lines"].get(file, ())
            return wanted.intersection(lines) if place.lines else lines

        here = [name for name, test in self.tests.items() if there(test)]
        beside = {name.partition("::")[0] for name in here}
        about = [name for name, test in self.tests.items() if test["starts"]]
        about = [name for name in about if not here or name.partition("::")[0] in beside]
        here, about = (sorted(names, key=self.seconds) for names in (here, about))
        return list(dict.fromkeys(here + about))

    def seconds(self, name):
        """How long a test takes."""
        return self.tests[name]["seconds"]

    # ---- a mutant ----

    def outcome(self, mutant, most=MOST):
        """What the tests say of a mutant: an outcome, who says so, and how many tests were run."""
        path = self.folder / PACKAGE / mutant.file
        source = path.read_bytes()
        place, changed = place_of(mutant, source), mutant.made_of(source)
        tests = self.tests_of(mutant, place)
        if not tests:
            return "survived", "no test", 0
        upto = np.cumsum([self.seconds(name) for name in tests]) <= most
        tests = tests[: max(1, int(upto.sum()))]
        try_them = self.anew if place.at_import else self.warm
        path.write_bytes(changed)
        try:
            outcome, n = try_them(tests, lambda: put_in(path, source, changed))
        finally:
            path.write_bytes(source)
        if outcome == "survived":
            return outcome, f"{len(tests)} of {len(upto)} tests", len(tests)
        if tests[n] not in self.trusted:  # does it fail by itself in any case?
            if self.warm([tests[n]], lambda: None)[0] != "survived":
                del self.tests[tests[n]]
                return self.outcome(mutant, most)
            self.trusted.add(tests[n])
        return outcome, tests[n], n + 1

    def warm(self, tests, change):
        """Run tests in a fork, after a change, until one fails: the outcome, and its number."""

        def work():
            change()
            items = [self.items[name] for name in tests]
            for n, (item, following) in enumerate(zip(items, [*items[1:], None], strict=True)):
                self.note.write_text(str(n))
                signal.setitimer(signal.ITIMER_REAL, FACTOR * self.seconds(tests[n]) + SPARE)
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if self.failed:
                    return 1
            return 0

        self.note.write_text("")
        code = apart(work)
        if not self.note.read_text():  # the code does not fit into the functions
            return self.anew(tests, change)
        outcome = {0: "survived", -signal.SIGALRM: "too long"}.get(code, "killed")
        return outcome, int(self.note.read_text())

    def anew(self, tests, change):
        """The same in a new process, which imports what is in the folder."""
        (self.folder / "names.txt").write_text("\n".join(tests))
        command = [sys.executable, "-m", "pytest", "-x", "-o", "addopts=", "--tb=no", "-rfE", "-q"]
        command += ["-p", "no:cacheprovider", "--hypothesis-seed=0", "@names.txt"]
        seconds = FACTOR * sum(map(self.seconds, tests)) + SPARE
        env = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command, stdout=pipe, stderr=pipe, text=True, env=env, start_new_session=True
        ) as process:
            try:
                said = process.communicate(timeout=seconds)[0]
            except subprocess.TimeoutExpired:
                return "too long", len(tests) - 1
            finally:
                end(process.pid)
        failed = re.search(r"^(?:FAILED|ERROR) (tests/.*?)(?: - .*)?$", said, re.MULTILINE)
        n = tests.index(failed[1]) if failed and failed[1] in tests else 0
        return ("survived" if process.returncode == 0 else "killed"), n


STARTS = "subprocess.Popen", "os.fork", "os.posix_spawn"  # what Python calls a new process


def source_of(item):
    """What a test depends on, in short; not what it calls."""
    return short_hash(inspect.getsource(item.function).encode())


def put_in(path, before, after):
    """Give the functions that were imported from a file the code that its new source has."""
    old, new = codes_of(before, path), codes_of(after, path)
    gc.unfreeze()
    for f in gc.get_objects():
        if isinstance(f, FunctionType) and f.__code__.co_filename == str(path):
            key = f.__code__.co_name, f.__code__.co_firstlineno
            f.__code__ = new[key][old[key].index(f.__code__)]  # two lambdas may share a line


def codes_of(source, path):
    """All code of a file, by name and line."""
    codes, waiting = defaultdict(list), [compile(source, path, "exec")]
    while waiting:
        code = waiting.pop()
        codes[code.co_name, code.co_firstlineno].append(code)
        waiting += [part for part in code.co_consts if isinstance(part, CodeType)]
    return codes


def apart(work):
    """Do some work in a process of its own: its exit code, or minus the signal that ended it."""
    pid = os.fork()
    if pid == 0:
        code = 3
        try:
            os.setsid()
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            code = work() or 0
        finally:
            os._exit(code)
    try:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    finally:
        end(pid)


def end(pid):
    """End all that a process has started, and itself."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


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


def run(mutants, ledger, seconds, most=MOST, show=print):
    """Try mutants for some time; who survives is shown as it comes."""

    def work(bench):
        last = time.monotonic() + seconds
        for mutant in mutants:
            begun = time.monotonic()
            if begun > last:
                break
            outcome, by, n = bench.outcome(mutant, most)
            line = dict(zip(KEY, mutant.key, strict=True)) | {"line": mutant.line}
            took = round(time.monotonic() - begun, 1)
            note(ledger, **line, outcome=outcome, by=by, tests=n, seconds=took)
            if outcome == "survived":
                with bench.aloud.global_and_fixture_disabled():
                    show(told(line))

    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        Bench(folder, ledger.with_suffix(".map.json"), work).start()


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
    p.add_argument("--report", action="store_true", help="only say what the ledger adds up to")
    p.add_argument("--recheck", action="store_true", help="try the survivors once more")
    args = p.parse_args()
    args.ledger = Path(args.ledger).resolve()
    files = [f for f in files_of() if not args.files or {f, f.partition("/")[0]} & {*args.files}]
    tried = known(args.ledger)
    lives = {key for key, line in tried.items() if line["outcome"] == "survived"} - {*equivalent()}
    if not args.report:
        mutants = (m for m in in_turn(args.seed, files) if m.key not in tried)
        if args.recheck:
            mutants = (m for m in in_turn(args.seed, files) if m.key in lives)
        try:
            run(mutants, args.ledger, 60 * args.minutes, np.inf if args.recheck else MOST)
        except KeyboardInterrupt:
            print("stopped; the same command goes on from here")
    print(report(args.ledger))


if __name__ == "__main__":
    main()
