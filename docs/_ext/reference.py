"""A reference page for every module of the package, written before Sphinx reads the sources.

So a new module is in the reference as soon as it exists.  The pages hold no text
of their own: it comes from the docstrings.
"""

import ast
import pkgutil
from pathlib import Path

import numpy_ml_gmm

HOME = "numpy_ml_gmm"
INDEX = """# Reference

Generated from the docstrings.
`[source]` leads to the code, and an equation number to its derivation.

| module | what it is for |
|---|---|
{rows}

```{{toctree}}
:hidden:

{names}
```
"""
PAGE = """# {name}

```{{eval-rst}}
.. automodule:: {home}.{name}
   :members:
{options}```
"""
# The class has its public name, numpy_ml_gmm.GMM, and what it inherits.  The plots pass a View
# among themselves.  The exercises' right answers are the textbook's, and are shown there.
OPTIONS = {
    "gmm": """   :exclude-members: GMM

.. autoclass:: numpy_ml_gmm.GMM
   :members:
   :inherited-members:
""",
    "plots": "   :exclude-members: View\n",
    "exercises": "   :exclude-members: bic, e_step, elbo, em_step, log_joint, log_likelihood, "
    "m_step, q_function\n",
}


def modules():
    """The package's modules and packages; the mixture itself comes first."""
    names = [name for _, name, _ in pkgutil.iter_modules(numpy_ml_gmm.__path__)]
    return sorted((n for n in names if not n.startswith("_")), key=lambda n: (n != "gmm", n))


def purpose(name):
    """The first sentence of a module's docstring."""
    path = Path(numpy_ml_gmm.__path__[0], name)
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    first = (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split("\n\n")[0]
    return " ".join(first.split())


def write(path, text):
    """Write a file only if that changes it, so that Sphinx rereads no more than it must."""
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


def write_pages(app, config):
    """All pages, and none of modules that are gone."""
    folder = Path(app.srcdir, "api")
    folder.mkdir(exist_ok=True)
    names = modules()
    for path in folder.glob("*.md"):
        if path.stem not in [*names, "index"]:
            path.unlink()
    rows = "\n".join(f"| {{doc}}`{name}` | {purpose(name)} |" for name in names)
    write(folder / "index.md", INDEX.format(rows=rows, names="\n".join(names)))
    for name in names:
        page = PAGE.format(home=HOME, name=name, options=OPTIONS.get(name, ""))
        write(folder / f"{name}.md", page)


def setup(app):
    app.connect("config-inited", write_pages)
    return {"version": "1", "parallel_read_safe": True}
