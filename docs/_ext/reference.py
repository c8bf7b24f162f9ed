"""The reference: a page for every module and package, written before Sphinx reads the sources.

So a new module is in the reference as soon as it exists.  The pages hold no text
of their own: it comes from the docstrings.  A package has a page like a module,
with what its ``__init__`` defines or re-exports; a module inside a package has a
page for the rest.  What users call comes first, and the internals apart from it.
"""

import importlib
import inspect
import pkgutil
from pathlib import Path

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
INDEX = """# Reference

Generated from the docstrings.
`[source]` leads to the code, and an equation number to its derivation.

## To use

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
PAGE = """# {name}

```{{eval-rst}}
.. automodule:: {module}
   :members: {members}
   :special-members: __add__, __mul__
   :exclude-members: {elsewhere}
{more}```
"""
CLASS = """
.. autoclass:: {package}.{name}
   :members:
   :inherited-members:
"""


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
    parents = [name[:i] for i, letter in enumerate(name) if letter == "."]
    elsewhere = {n for parent in parents for n in public(f"{package}.{parent}")}
    short = [n for n in public(module) if f"{name}.{n}" in SHORT]
    is_package = hasattr(importlib.import_module(module), "__path__")
    return PAGE.format(
        name=name,
        module=module,
        members=", ".join(public(module)) if is_package else "",
        elsewhere=", ".join(sorted(elsewhere.union(short))),
        more="".join(CLASS.format(package=package, name=n) for n in short),
    )


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
    write(folder / "index.md", INDEX.format(**tables))
    for name in names:
        write(folder / f"{name}.md", page(package, name))


def table(package, names):
    """The names with what each is for, and their place in the contents."""
    rows = [f"| {{doc}}`{name}` | {purpose(f'{package}.{name}')} |" for name in names]
    return TABLE.format(rows="\n".join(rows), names="\n".join(names))


def setup(app):
    app.add_config_value("reference_package", "numpy_ml_gmm", "env")
    app.connect("config-inited", write_pages)
    return {"version": "1", "parallel_read_safe": True}
