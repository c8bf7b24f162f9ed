"""``[the E step](#e-step)``: a link to an equation keeps its words, and gains the number.

MyST alone shows the number in place of the words.  The notebooks need the words:
Jupyter knows no numbers.
"""

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform


class NumberedLinks(SphinxPostTransform):
    """Put the number of the equation after the words of each Markdown link to one."""

    default_priority = 8  # MyST resolves its links at 9

    def run(self, **kwargs):
        equations = self.env.get_domain("math").equations
        for link in list(self.document.findall(addnodes.pending_xref)):
            to_page = link["refdomain"] == "doc"
            worded = link["reftype"] == "myst" and link["refexplicit"] and not to_page
            if worded and link["reftarget"] in equations:
                link.replace_self(self.resolved(link))

    def resolved(self, link):
        """The link that Sphinx makes for a number alone, with the words before it."""
        home, target, words = self.env.docname, link["reftarget"], link[0]
        math = self.env.get_domain("math")
        found = math.resolve_xref(self.env, home, self.app.builder, "eq", target, link, words)
        found.insert(0, [*words.children, nodes.Text("\N{NO-BREAK SPACE}")])
        return found


def setup(app):
    app.add_post_transform(NumberedLinks)
    return {"version": "1", "parallel_read_safe": True}
