"""``{concordance}``: every labelled equation, the code that cites it, the tests that check it.

``{concordance-tests}`` shows those tests.

Built from the chapters, the docstrings and the tests, so it cannot go stale.  A
label without a test fails the build.
"""

import bindings
from reference import entry
from sphinx.util.docutils import SphinxDirective


def code_link(place):
    """A link to the reference, without the package's name."""
    name = entry(place.name)
    return f"{{py:obj}}`{name.split('.', 1)[1]} <{name}>`"


def test_link(place):
    """A link to the test's source, further down the page."""
    return f"[{place.name}](#{place.name})"


class Concordance(SphinxDirective):
    """The table: one row for each label, in the order of the chapters."""

    def run(self):
        self.env.note_reread()
        labels, tests = bindings.labels(), bindings.tests()
        missing = labels.keys() - tests.keys()
        if missing:
            raise self.error(f"concordance: no test is marked with {', '.join(sorted(missing))}")
        order = self.env.config.chapters
        place = {chapter: i for i, chapter in enumerate(order)}
        rows = sorted(labels, key=lambda label: place.get(labels[label].stem, len(order)))
        return self.parse_text_to_nodes("\n".join(table(rows, bindings.citations(), tests)))


class ConcordanceTests(SphinxDirective):
    """The source of each test in the table, as it stands."""

    def run(self):
        self.env.note_reread()
        return self.parse_text_to_nodes("\n".join(sources(bindings.tests())))


def table(labels, citations, tests):
    """Markdown for the rows."""
    yield from ("| | Equation | Code | Test |", "|---|---|---|---|")
    for label in labels:
        code = "<br>".join(map(code_link, citations.get(label, [])))
        test = "<br>".join(map(test_link, tests[label]))
        yield f"| {{eq}}`{label}` | `{label}` | {code} | {test} |"


def sources(tests):
    """Markdown that includes the tests, each below a target of its name."""
    for place in sorted({p for places in tests.values() for p in places}, key=by_line):
        yield from (f"({place.name})=", f":::{{literalinclude}} ../tests/{place.path.name}")
        yield from (f":pyobject: {place.name}", ":::", "")


def by_line(place):
    return place.path, place.line


def setup(app):
    app.add_config_value("chapters", [], "env")
    app.add_directive("concordance", Concordance)
    app.add_directive("concordance-tests", ConcordanceTests)
    return {"version": "1", "parallel_read_safe": True}
