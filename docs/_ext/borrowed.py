"""What a page borrows from a chapter: its pictures and its equations, as they are there.

``{gallery}``  each line is ``page: words``: the first picture of the page, linked to it.
``{picture} page``  the same picture alone.
``page (words)``  in place of ``page``: the first whose description has these words.
``{equation} label``  the equation with this label, and a link to where it is derived.
``{first-run} key``  one run of the stepper.

So the front page and the slides show what the build computed for the chapters, and compute
nothing themselves.
"""

import json
from pathlib import Path

import stepper
import stepper_runs
from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)


class Borrowed(nodes.General, nodes.Element):
    """A place that is filled once every page has been read."""


class Gallery(SphinxDirective):
    """Pictures that lead to their pages."""

    has_content = True

    def run(self):
        box = nodes.container(classes=["gallery"])
        for line in filter(None, self.content):
            page, words = line.split(": ", 1)
            box += self.place(page, words)
        return [box]

    def place(self, page, words=""):
        """A place for a picture, ``page`` or ``page (words)``."""
        name, _, described = page.removesuffix(")").partition(" (")
        found = Borrowed(page=name, described=described, words=words)
        self.set_source_info(found)
        return found


class Picture(Gallery):
    """One picture."""

    has_content = False
    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        return [self.place(self.arguments[0])]


class Equation(SphinxDirective):
    """One equation."""

    required_arguments = 1

    def run(self):
        found = Borrowed("", nodes.math_block(), label=self.arguments[0])  # so MathJax is loaded
        self.set_source_info(found)
        return [found]


class FirstRun(SphinxDirective):
    """The stepper with one of its runs."""

    required_arguments = 1

    def run(self):
        self.env.note_dependency(str(Path(stepper_runs.__file__)))
        runs = [run for run in (make() for make in stepper_runs.RUNS) if run.key in self.arguments]
        data = json.dumps([stepper_runs.collect(run) for run in runs], separators=(",", ":"))
        place = stepper.PLACE.format(data=data.replace("<", "\\u003c"))
        return [nodes.raw("", f'<div class="first-run">{place}</div>', format="html")]


def fill(app, doctree, docname):
    """Put the pictures and equations into their places."""
    for place in list(doctree.findall(Borrowed)):
        lend = equation if "label" in place else picture
        try:
            place.replace_self(lend(app, place, docname))
        except (LookupError, OSError, ValueError):
            wanted = place.get("label") or f"{place['page']} ({place['described']})"
            logger.warning("there is no %s to borrow", wanted, location=place)
            place.parent.remove(place)


def picture(app, place, docname):
    """The picture; with words, all of it is a link to its page."""
    images = app.env.get_doctree(place["page"]).findall(nodes.image)
    [image, *_] = [
        image for image in images if place["described"] in " ".join(image["alt"].split())
    ]
    image = image.deepcopy()
    if place["words"]:
        image["loading"] = "lazy"
        address = app.builder.get_relative_uri(docname, place["page"])
        link = nodes.reference("", "", image, refuri=address, internal=True)
        link += nodes.inline(text=place["words"])
        return nodes.paragraph("", "", link, classes=["gallery-item"])
    return nodes.container("", image, classes=["cell_output"])


def equation(app, place, docname):
    """The equation without a number of its own, and below it the one that it has."""
    domain = app.env.get_domain("math")
    home = domain.equations[place["label"]][0]
    blocks = app.env.get_doctree(home).findall(nodes.math_block)
    [found] = [block for block in blocks if block.get("label") == place["label"]]
    math = nodes.math_block(found.astext(), found.astext(), nowrap=False, number=None, label=None)
    line = nodes.paragraph("", "", nodes.Text("→ "), classes=["borrowed-from"])
    title = app.env.titles[home].astext()
    words = nodes.inline(text=place["label"])
    line += domain.resolve_xref(app.env, docname, app.builder, "eq", place["label"], place, words)
    line += nodes.Text(f" in {title}")
    return nodes.container("", math, line, classes=["borrowed-equation"])


def borrowers(app, env):
    """Pages that borrow are written anew each time, for what they borrow may have changed."""
    return sorted(page for page, facts in env.metadata.items() if facts.get("borrows"))


def note(app, doctree):
    """Remember which pages borrow."""
    if any(doctree.findall(Borrowed)):
        app.env.metadata[app.env.current_document.docname]["borrows"] = True


def setup(app):
    app.add_node(Borrowed)
    app.add_directive("gallery", Gallery)
    app.add_directive("picture", Picture)
    app.add_directive("equation", Equation)
    app.add_directive("first-run", FirstRun)
    app.connect("doctree-read", note)
    app.connect("env-updated", borrowers)
    app.connect("doctree-resolved", fill)
    return {"version": "1", "parallel_read_safe": True}
