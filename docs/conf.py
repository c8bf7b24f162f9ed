"""Sphinx settings.  Nothing here needs a network, at build time or at reading time."""

import inspect
import re
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE / "_ext"), str(ROOT)]

import beside  # noqa: E402

import numpy_ml_gmm  # noqa: E402

project = "numpy_ml_gmm"
author = "The numpy_ml_gmm developers"
copyright = "2026, " + author
release = version = numpy_ml_gmm.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "numpydoc",
    "myst_nb",
    "beside",
    "borrowed",
    "cells",
    "concordance",
    "downloads",
    "inventories",
    "numbered_links",
    "packages",
    "playground",
    "reference",
    "slides",
    "stepper",
]
exclude_patterns = ["_build", "**.ipynb_checkpoints"]
nitpicky = True
language = "en"
suppress_warnings = [
    "ref.citation",  # a module's list of sources need not be cited in it
]

# ---- Chapters: MyST Markdown, run by the build ------------------------------------------------

myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_dmath_double_inline = True
nb_execution_mode = "force"  # a cache would show the output of an older package
nb_execution_excludepatterns = ["tutorials/exercises/*"]  # there the student's code is missing
nb_execution_raise_on_error = False  # a warning, which -W makes an error, names the file
nb_execution_show_tb = True
nb_execution_timeout = 120
nb_merge_streams = True
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"

# Equations are numbered by chapter, so that (3.2) means one thing on every page.
numfig = True
math_numfig = True
numfig_secnum_depth = 1
math_eqref_format = "({number})"

# ---- Mathematics without a network ------------------------------------------------------------

mathjax_path = "mathjax/tex-svg-full.js"
mathjax3_config = {
    "tex": {"tags": "none"},
    "svg": {"fontCache": "global"},
    "options": {"enableMenu": False},  # its menu would load speech rules from outside
}

# ---- API reference ----------------------------------------------------------------------------

autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
viewcode_line_numbers = True
chapters = [  # the order of the concordance
    "model",
    "likelihood",
    "em",
    "climb",
    "exponential-family",
    "covariances",
    "starts",
    "choosing",
    "combining",
    "comparing",
    "projecting",
    "summary",
    "weights",
    "missing",
    "variational",
    "regression",
    "classification",
    "priors",
    "large-data",
    "chunks",
    "streams",
    "numerics",
    "modules",
    "fisher-vectors",
]
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"

# ---- What can be taken along ------------------------------------------------------------------

# Where notebooks can be opened: {name: address with {path}}, such as {"Colab":
# "https://colab.research.google.com/github/OWNER/NAME/blob/main/{path}"}.  None, so no link.
notebook_hosts = {}

# ---- Looks ------------------------------------------------------------------------------------

html_theme = "furo"
html_title = "numpy_ml_gmm"
html_static_path = ["_static"]
html_css_files = ["chapters.css", "stepper/stepper.css", "playground/playground.css"]
html_js_files = [("accessible.js", {"defer": "defer"})]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": False}


def copy_tutorials(app, config):
    """Notebooks live in tutorials/; Sphinx reads only what is below docs/.

    The solutions stay out: a student would find them first.
    """
    shutil.rmtree(HERE / "tutorials", ignore_errors=True)
    for pattern in ("tutorials/*.ipynb", "tutorials/exercises/*.ipynb"):
        for notebook in sorted(ROOT.glob(pattern)):
            copy = HERE / notebook.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(notebook, copy)  # with its time, so that a second build need not run it


def skip_foreign(app, what, name, obj, skip, options):
    """Leave out what a named tuple inherits from tuple: it is no part of this package."""
    inherited = inspect.ismethoddescriptor(obj) or inspect.isbuiltin(obj)
    return True if inherited and name in ("count", "index") else skip


def without_double_brackets(app, what, name, obj, options, lines):
    """A docstring writes (:eq:`label`), and the link brings brackets of its own."""
    cited = r":eq:`[\w-]+`"
    for i, line in enumerate(lines):
        lines[i] = re.sub(rf"\(({cited}(?:, {cited})*)\)", r"\1", line)


def fields_by_comment(app, what, name, obj, options, lines):
    """A field of a named tuple is described by the comment behind it."""
    if lines and lines[0].startswith("Alias for field number"):
        owner, field = name.rsplit(".", 1)
        source = inspect.getsource(beside.find(owner))
        comment = re.search(rf"^ +{field}: [^#\n]*# (.*)$", source, re.MULTILINE)
        lines[:] = [comment[1], ""] if comment else [""]


def without_sections(app, what, name, obj, options, lines):
    """A heading in a module's docstring is no section of the page: two pages may have the same."""
    if what == "module":
        for i in range(1, len(lines)):
            if lines[i] and set(lines[i]) == {"-"} and lines[i - 1].isalpha():
                lines[i - 1 : i + 1] = [f".. rubric:: {lines[i - 1]}", ""]


def module_of_class(app, module, name):
    """The source of a cached property is in its class, not in functools."""
    owner = name.rpartition(".")[0]
    return beside.find(f"{module}.{owner}").__module__ if owner else None


def setup(app):
    app.connect("config-inited", copy_tutorials)
    app.connect("autodoc-process-docstring", without_double_brackets)
    app.connect("autodoc-process-docstring", without_sections)
    app.connect("autodoc-process-docstring", fields_by_comment, priority=1)
    app.connect("autodoc-skip-member", skip_foreign)
    app.connect("viewcode-follow-imported", module_of_class)
