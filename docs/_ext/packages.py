"""``{extras}``, ``{requirements}`` and ``{bibtex}``: facts of the package that are never stale.

The first two are tables of what setup.cfg asks for.  Each line of ``{extras}`` says what an extra
is for, and the build fails if one is lacking, or gone.  The third is CITATION.cff for BibTeX.
"""

import configparser
import re
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).parents[2]
SETTINGS, CITATION = ROOT / "setup.cfg", ROOT / "CITATION.cff"
ENTRY = r"""@software{numpy_ml_gmm,
  author  = {{%(name)s}},
  title   = {{numpy\_ml\_gmm}%(subtitle)s},
  version = {%(version)s},
  date    = {%(date-released)s},
  license = {%(license)s},
}"""


def settings():
    """The sections of setup.cfg."""
    parser = configparser.ConfigParser()
    parser.read(SETTINGS, "utf-8")
    return parser


def packages(text):
    """The requirements in a setting, one a line."""
    return [line.strip() for line in text.strip().splitlines()]


def table(heads, rows):
    """A table of text and of lists of code."""
    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in heads), cols=len(heads))
    head = nodes.row("", *(nodes.entry("", nodes.paragraph(text=text)) for text in heads))
    body = (nodes.row("", *map(cell, row)) for row in rows)
    group += [nodes.thead("", head), nodes.tbody("", *body)]
    return nodes.table("", group)


def cell(content):
    """A sentence, or names as code with commas between them."""
    line = nodes.paragraph()
    for i, name in enumerate([content] if isinstance(content, str) else content):
        if i:
            line += nodes.Text(", ")
        line += nodes.Text(name) if isinstance(content, str) else nodes.literal("", name)
    return nodes.entry("", line)


class Extras(SphinxDirective):
    """A table of the extras; each line of the content is ``name: what it is for``."""

    has_content = True

    def run(self):
        self.env.note_dependency(str(SETTINGS))
        told = dict(line.split(": ", 1) for line in self.content if line)
        extras = settings()["options.extras_require"]
        if told.keys() != extras.keys():
            differ = ", ".join(sorted(told.keys() ^ extras.keys()))
            raise self.error(f"extras: here or in setup.cfg, but not in both: {differ}")
        rows = [([name], told[name], packages(extras[name])) for name in told]
        return [table(("extra", "for", "installs"), rows)]


class Requirements(SphinxDirective):
    """What is always installed, and the versions of Python that are tested."""

    def run(self):
        self.env.note_dependency(str(SETTINGS))
        found = settings()
        tested = [
            line.rsplit(" ", 1)[1]
            for line in packages(found["metadata"]["classifiers"])
            if "Python :: 3." in line
        ]
        rows = [
            ("Python", [found["options"]["python_requires"]], ", ".join(tested)),
            *(
                (*parted(package), "the lowest version and the newest")
                for package in packages(found["options"]["install_requires"])
            ),
        ]
        return [table(("needs", "version", "tested with"), rows)]


def parted(package):
    """A requirement as its name and the bound."""
    name, bound = package.split(" ", 1)
    return name, [bound.replace(" ", "")]


class BibTeX(SphinxDirective):
    """The package as an entry for BibTeX."""

    def run(self):
        self.env.note_dependency(str(CITATION))
        lines = CITATION.read_text("utf-8")
        told = dict(re.findall(r'^[ -]*([a-z-]+): "?(.+?)"?$', lines, re.MULTILINE))
        entry = ENTRY % (told | {"subtitle": told["title"].removeprefix("numpy_ml_gmm")})
        return [nodes.literal_block(entry, entry, language="bibtex")]


def setup(app):
    app.add_directive("extras", Extras)
    app.add_directive("requirements", Requirements)
    app.add_directive("bibtex", BibTeX)
    return {"version": "1", "parallel_read_safe": True}
