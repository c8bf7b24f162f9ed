"""The reference: a page for every module and package, written before Sphinx reads the sources.

So a new module is in the reference as soon as it exists.  The pages hold no text
of their own: it comes from the docstrings.  A package has a page like a module,
with what its ``__init__`` defines or re-exports; a module inside a package has a
page for the rest.  What users call comes first, and the internals apart from it:
in the index by task, and on the page of a module that users call.  There a name is
one to call if its docstring has an example, for internal ones have none.
"""

import importlib
import inspect
import pkgutil
import posixpath
import re
from pathlib import Path

from sphinx.util import logging

logger = logging.getLogger(__name__)

# What users call, in the order of the index.  Every other module is an internal one.
USER = (
    "gmm",
    "bayes",
    "regression",
    "classify",
    "priors",
    "textbook",
    "parameters",
    "covariances",
    "selection",
    "single_cell",
    "combining",
    "density",
    "compare",
    "projecting",
    "summary",
    "bootstrap",
    "plots",
    "datasets",
    "exercises",
    "modules",
    "fisher",
    "cli",
)
# A class has the name that users import, such as numpy_ml_gmm.GMM, and what it inherits.
SHORT = {
    "gmm.GMM": "GMM",
    "bayes.BayesianGMM": "BayesianGMM",
    "classify.GMMClassifier": "GMMClassifier",
    "regression.GMMRegressor": "GMMRegressor",
}
# The names that users import, by task.  The build fails if one of numpy_ml_gmm.__all__ is lacking.
TASKS = {
    "Clusters and densities": ("GMM", "BayesianGMM", "NormalInverseWishart"),
    "Choose a mixture": ("select", "likelihood_ratio_test", "combine"),
    "Know how sure it is": ("bootstrap_parameters", "brier_score"),
    "Classes and predictions": ("GMMClassifier", "GMMRegressor"),
    "Compare and project": ("js_divergence", "reduce_mixture", "separating_directions"),
    "Single cells": ("cluster_anndata",),
    "Data": ("load_old_faithful", "load_iris"),
    "Warnings and errors": (
        "CollapseWarning",
        "ConvergenceWarning",
        "DataWarning",
        "NotFittedError",
    ),
}
INDEX = """# Reference

Generated from the docstrings.
`[source]` leads to the code, and an equation number to its derivation.
{tasks}
## Modules to use

{user}

## Inside

What the modules above are made of, for whoever reads or changes the package.
A name here may change without notice.

{inside}
"""
TABLE = """| module | what it is for |
|---|---|
{rows}

```{{toctree}}
:hidden:

{names}
```"""
TASK = """
## {task}

| name | what it does |
|---|---|
{rows}
"""
USED = """# {name}

```{{eval-rst}}
.. automodule:: {module}
   :no-members:

{called}
```
"""
INSIDE = """
## Inside

What the above is made of. A name here may change without notice.

```{{eval-rst}}
{inside}
```
"""
PAGE = """# {name}

```{{eval-rst}}
.. automodule:: {module}
   :members: {members}
   :special-members: __add__, __mul__
   :exclude-members: {elsewhere}
```
"""
BACKLINK = re.compile(
    r'(?P<block>id="(?P<name>[^"]+)">\s*<a class="viewcode-back" href=")'
    r'(?P<page>[^"#]+)\.html#(?P<place>[^"]+)'
)


def modules(package):
    """The modules and packages inside a package, without its own name; parents come first."""
    path = importlib.import_module(package).__path__
    found = pkgutil.walk_packages(path, f"{package}.")
    names = [name.removeprefix(f"{package}.") for _, name, _ in found]
    return sorted(name for name in names if not any(n.startswith("_") for n in name.split(".")))


def public(module):
    """The public names of a module: its own, and for a package what it re-exports from inside."""
    found = importlib.import_module(module)
    own = [
        name
        for name, value in vars(found).items()
        if (inspect.isclass(value) or inspect.isroutine(value))
        and f"{value.__module__}.".startswith(f"{module}.")
    ]
    return [name for name in getattr(found, "__all__", own) if not name.startswith("_")]


def entry(name):
    """The name under which the reference lists an object: that of the outermost package with it."""
    package, _, rest = name.partition(".")
    for long, short in SHORT.items():
        if f"{rest}.".startswith(f"{long}."):
            return f"{package}.{short}{rest.removeprefix(long)}"
    above = [module for module in modules(package) if f"{rest}.".startswith(f"{module}.")]
    inner = rest.removeprefix(f"{above[-1]}.") if above else rest
    for module in above:
        if inner.split(".")[0] in public(f"{package}.{module}"):
            return f"{package}.{module}.{inner}"
    return name


def page(package, name):
    """The text of a module's page."""
    module = f"{package}.{name}"
    if name in USER:
        return used_page(package, name)
    parents = [name[:i] for i, letter in enumerate(name) if letter == "."]
    elsewhere = {n for parent in parents for n in public(f"{package}.{parent}")}
    is_package = hasattr(importlib.import_module(module), "__path__")
    return PAGE.format(
        name=name,
        module=module,
        members=", ".join(public(module)) if is_package else "",
        elsewhere=", ".join(sorted(elsewhere)),
    )


def used_page(package, name):
    """The text of the page of a module that users call: first what they call, then the rest."""
    module = f"{package}.{name}"
    found = importlib.import_module(module)
    names = [n for n in public(module) if callable(getattr(found, n))]
    taught = [n for n in names if has_example(getattr(found, n))]
    called = sorted(taught or names, key=lambda n: n not in imported(package))
    inside = [n for n in names if n not in called]
    text = USED.format(name=name, module=module, called=directives(package, name, called))
    return text + (INSIDE.format(inside=directives(package, name, inside)) if inside else "")


def has_example(found):
    """Whether a docstring shows how to use the object."""
    return ">>> " in (inspect.getdoc(found) or "")


def imported(package):
    """The names that users import from the package itself."""
    return getattr(importlib.import_module(package), "__all__", ())


def directives(package, name, names):
    """The directives that document some names of a module, under the names that users import."""
    found = importlib.import_module(f"{package}.{name}")
    blocks = []
    for n in names:
        value, full = getattr(found, n), entry(f"{package}.{name}.{n}")
        if inspect.isclass(value):
            kind = "exception" if issubclass(value, Exception) else "class"
            inherited = "\n   :inherited-members:" if f"{name}.{n}" in SHORT else ""
            more = f"\n   :members:\n   :special-members: __add__, __mul__{inherited}"
        else:
            kind, more = "function", ""
        blocks.append(f".. auto{kind}:: {full}{more}\n")
    return "\n".join(blocks)


def purpose(module):
    """The first sentence of a module's docstring."""
    doc = inspect.getdoc(importlib.import_module(module)) or ""
    return " ".join(doc.split("\n\n")[0].split())


def write(path, text):
    """Write a file only if that changes it, so that Sphinx rereads no more than it must."""
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


def write_pages(app, config):
    """All pages, and none of modules that are gone."""
    package, folder = config.reference_package, Path(app.srcdir, "api")
    folder.mkdir(exist_ok=True)
    names = modules(package)
    for path in folder.glob("*.md"):
        if path.stem not in [*names, "index"]:
            path.unlink()
    user = [name for name in USER if name in names]
    inside = [name for name in names if name not in USER]
    tables = {"user": table(package, user), "inside": table(package, inside)}
    write(folder / "index.md", INDEX.format(tasks=tasks(package), **tables))
    for name in names:
        write(folder / f"{name}.md", page(package, name))


def tasks(package):
    """The names that users import, by task."""
    found, told = imported(package), {n for names in TASKS.values() for n in names}
    for name in sorted(set(found) - told):
        logger.warning("reference: %s.%s is in none of TASKS", package, name)
    return "".join(
        TASK.format(task=task, rows="\n".join(row(package, name) for name in names))
        for task, names in TASKS.items()
        if set(names) <= set(found)
    )


def row(package, name):
    """A name that users import, as a link, and the first line of its docstring."""
    value = getattr(importlib.import_module(package), name)
    first = inspect.getdoc(value).splitlines()[0]
    plain = re.sub(r" \(:eq:`[^)]*\)", "", first)
    target = entry(f"{value.__module__}.{name}")
    return f"| {{py:obj}}`{name} <{target}>` | {plain.replace('``', '`')} |"


def table(package, names):
    """The names with what each is for, and their place in the contents."""
    rows = [f"| {{doc}}`{name}` | {purpose(f'{package}.{name}')} |" for name in names]
    return TABLE.format(rows="\n".join(rows), names="\n".join(names))


def mend_backlinks(app, pagename, templatename, context, doctree):
    """From a listing of source back to where the reference has each object.

    viewcode takes the name under which it met a module's first object for the name of all.
    """
    if pagename.startswith("_modules/"):
        objects = app.env.get_domain("py").objects

        def mended(match):
            docname = posixpath.normpath(f"{posixpath.dirname(pagename)}/{match['page']}")
            names = [
                name
                for name, found in objects.items()
                if found.docname == docname and name.endswith(f".{match['name']}")
            ]
            place = objects[min(names, key=len)].node_id if names else match["place"]
            return f"{match['block']}{match['page']}.html#{place}"

        context["body"] = BACKLINK.sub(mended, context["body"])


def setup(app):
    app.connect("html-page-context", mend_backlinks)
    app.add_config_value("reference_package", "numpy_ml_gmm", "env")
    app.connect("config-inited", write_pages)
    return {"version": "1", "parallel_read_safe": True}
