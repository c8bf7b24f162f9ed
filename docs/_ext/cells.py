"""A cell that raises fails the build, with the file and the line of the cell.

myst-nb alone names the file.  What it leaves in the page is a block with the
traceback, and that has a line.
"""

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
                    fence = cell.line - 2  # myst-nb counts from below the fence
                    logger.warning("the cell raises %s", last, location=(app.env.docname, fence))


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
