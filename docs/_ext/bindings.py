"""What binds an equation to code and to a test: labels, citations, marks.

Plain Python without Sphinx, so that the tests use it too.

========== ================================ =========================================
what       where                            written as
========== ================================ =========================================
label      a chapter, ``docs/**/*.md``      ``:label: name`` in a math directive
citation   a docstring of the package       ``:eq:`name```
test       ``tests/*.py``                   ``@pytest.mark.equation("name")``
========== ================================ =========================================
"""

import ast
import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
LABEL = re.compile(r"^:label: *(\S+) *$", re.MULTILINE)
CITATION = re.compile(r":eq:`(?:[^`<]*<)?([\w-]+)>?`")


class Place(NamedTuple):
    """A Python object by its dotted name, and where it starts."""

    name: str
    path: Path
    line: int


def labels(docs=ROOT / "docs"):
    """Every equation label, with the chapter that defines it, in order."""
    found = {}
    for path in sorted(docs.rglob("*.md")):
        if "_build" not in path.parts:
            found |= {label: path for label in LABEL.findall(path.read_text("utf-8"))}
    return found


def cited(docstring):
    """The labels that a docstring cites."""
    return set(CITATION.findall(docstring or ""))


def citations(package=ROOT / "numpy_ml_gmm"):
    """For each label, the objects whose docstrings cite it."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        module = ".".join(parts).removesuffix(".__init__")
        for name, node in documented(ast.parse(path.read_text("utf-8")), module):
            for label in cited(ast.get_docstring(node)):
                place = Place(name, path, getattr(node, "lineno", 1))
                found.setdefault(label, []).append(place)
    return found


def documented(node, name):
    """A module, class or function and all that it holds, with dotted names."""
    yield name, node
    for child in node.body:
        if isinstance(child, ast.ClassDef | ast.FunctionDef):
            yield from documented(child, f"{name}.{child.name}")


def tests(folder=ROOT / "tests"):
    """For each label, the tests that are marked with it."""
    found = {}
    for path in sorted(folder.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for label in marks(node):
                found.setdefault(label, []).append(Place(node.name, path, node.lineno))
    return found


def marks(node):
    """The labels in ``@pytest.mark.equation(...)`` above a function."""
    for decorator in getattr(node, "decorator_list", []):
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith(
            "mark.equation"
        ):
            yield from (argument.value for argument in decorator.args)
