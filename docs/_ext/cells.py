"""A cell that raises fails the build, with the file and the line of the cell.

myst-nb alone names the file.  What it leaves in the page is a block with the
traceback, and that has a line.
"""

from pathlib import Path

from docutils import nodes
from sphinx.util import logging

logger = logging.getLogger(__name__)


def report(app, doctree):
    """Warn of each traceback in a page that the author did not ask for."""
    for cell in doctree.findall(nodes.container):
        if cell.get("nb_element") == "cell_code" and not asked_for(cell):
            for block in cell.findall(nodes.literal_block):
                if block.get("language") == "ipythontb":
                    last = block.astext().strip().splitlines()[-1]
                    place = app.env.docname, first_line(cell, app.env.doc2path(app.env.docname))
                    logger.warning("the cell raises %s", last, location=place)


def first_line(cell, path):
    """Where a cell starts in its file: at the fence, or at its entry in a notebook."""
    if Path(path).suffix != ".ipynb":
        return cell.line - 2  # myst-nb counts from below the fence
    lines = Path(path).read_text("utf-8").splitlines()
    starts = [n for n, line in enumerate(lines, 1) if '"cell_type":' in line]
    return starts[cell.line // 10_000 - 1]  # myst-nb gives each cell ten thousand lines


def describe(app, doctree):
    """A picture of a notebook that has no text of its own is named by its section."""
    if app.env.docname.startswith("tutorials/"):
        for image in doctree.findall(nodes.image):
            if not image.get("alt") or "/" in image["alt"]:
                image["alt"] = f"The picture that the code above draws: {title_of(image)}"


def title_of(node):
    """The title of the section that a node is in."""
    while node.parent is not None and not isinstance(node, nodes.section):
        node = node.parent
    return node.next_node(nodes.title).astext() if node.next_node(nodes.title) else "no title"


def asked_for(cell):
    """Whether the cell is tagged as one that raises."""
    return any("raises-exception" in name for name in cell["classes"])


def setup(app):
    app.connect("doctree-read", report)
    app.connect("doctree-read", describe)
    return {"version": "1", "parallel_read_safe": True}
