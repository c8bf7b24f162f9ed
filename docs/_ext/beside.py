"""``{beside} object``: a derivation on the left, the live source of the code on the right.

The docstring is left out of the source: the text beside it says more.  The build fails

* if the object is gone,
* if its docstring does not cite every label in ``:equations:``,
* if inline code in the text does not occur in the source beside it.  Write a role or a link
  for what is rightly elsewhere: those must resolve.

A label that no chapter defines fails as a dangling ``:eq:``.
"""

import ast
import importlib
import inspect
import re
import textwrap

from bindings import cited
from docutils import nodes
from docutils.parsers.rst import directives
from reference import entry
from sphinx import addnodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)
INLINE = re.compile(
    r"""^(?P<fence>[`:~]{3,}).*?^(?P=fence)\s*$     # a block, such as an equation
    | \{[\w:-]+\}(?P<role>`+).+?(?P=role)         # {class}`GMM`
    | \[(?:`[^`]*`|[^]`])*\]\([^)]*\)             # [`GMM`](page.md)
    | (?P<ticks>`+)(?P<code>.+?)(?P=ticks)        # inline code, which is checked""",
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)


def find(name):
    """The object with this dotted name; what a package re-exports hides a module of that name."""
    head, *rest = name.split(".")
    found = importlib.import_module(head)
    for part in rest:
        if inspect.ismodule(found) and not hasattr(found, part):
            found = importlib.import_module(f"{found.__name__}.{part}")
        else:
            found = getattr(found, part)
    return found


def function_of(found):
    """The function behind a property, a class method or a cached function."""
    found = getattr(found, "fget", found)
    return inspect.unwrap(getattr(found, "__func__", found))


def source_without_docstring(found):
    """The source, flush left."""
    lines = textwrap.dedent(inspect.getsource(function_of(found))).splitlines()
    body = ast.parse("\n".join(lines)).body[0].body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        del lines[body[0].lineno - 1 : body[0].end_lineno]
    return "\n".join(lines).rstrip()


def unbound(text, name):
    """The inline code in a text that is neither in the source of an object nor its name."""
    source = source_without_docstring(find(name))
    codes = [match["code"].strip() for match in INLINE.finditer(text) if match["code"]]
    return [code for code in codes if not (occurs(code, source) or f".{name}".endswith(f".{code}"))]


def occurs(code, source):
    """Whether code stands in a source, word for word and however it is spaced."""
    code, source = (re.findall(r"\w+|[^\w\s]", text) for text in (code, source))
    return any(source[i : i + len(code)] == code for i in range(len(source)))


class Beside(SphinxDirective):
    """Text and code side by side; on a narrow page the code comes after the text."""

    required_arguments = 1
    has_content = True
    option_spec = {"equations": directives.unchanged_required}

    def run(self):
        name, labels = self.arguments[0], self.options.get("equations", "").split()
        found = self.checked(name, labels)
        strangers = unbound("\n".join(self.content), name)
        if strangers:  # a warning keeps the box, and with it the equations that others cite
            logger.warning(
                "beside: the text beside %s quotes %s, which its source does not contain.  Quote"
                " the source, or write a role such as {func}`...` for what is elsewhere",
                name,
                ", ".join(f"`{code}`" for code in strangers),
                location=self.get_location(),
            )
        self.env.note_dependency(inspect.getsourcefile(function_of(found)))
        text = nodes.container(classes=["beside-text"])
        self.state.nested_parse(self.content, self.content_offset, text)
        code = nodes.container(classes=["beside-code"])
        code += self.caption(name, labels)
        source = source_without_docstring(found)
        code += nodes.literal_block(source, source, language="python")
        return [nodes.container("", text, code, classes=["beside"])]

    def checked(self, name, labels):
        """The object, or an error that names the file and the line."""
        try:
            found = find(name)
        except (AttributeError, ModuleNotFoundError) as error:
            raise self.error(f"beside: there is no {name}: {error}") from None
        if not labels:
            raise self.error(f"beside: {name} needs :equations:, the labels that it computes")
        missing = [label for label in labels if label not in cited(found.__doc__)]
        if missing:
            raise self.error(
                f"beside: the docstring of {name} does not cite "
                + ", ".join(f":eq:`{label}`" for label in missing)
            )
        return found

    def caption(self, name, labels):
        """The object's name as a link to its reference, and the equations it computes."""
        line = nodes.paragraph(classes=["beside-caption"])
        line += self.reference("py", "obj", entry(name), nodes.literal("", name.split(".", 1)[1]))
        line += nodes.Text(" computes ")
        for i, label in enumerate(labels):
            line += nodes.Text(", " if i else "")
            line += self.reference("math", "numref", label, nodes.literal("", label))
        return line

    def reference(self, domain, kind, target, text):
        """A link that Sphinx resolves, and reports if it cannot."""
        kind = "eq" if domain == "math" else kind
        reference = addnodes.pending_xref(
            "",
            text,
            refdomain=domain,
            reftype=kind,
            reftarget=target,
            refexplicit=domain == "py",
            refwarn=True,
            refdoc=self.env.docname,
        )
        self.set_source_info(reference)
        return reference


def setup(app):
    app.add_directive("beside", Beside)
    return {"version": "1", "parallel_read_safe": True}
