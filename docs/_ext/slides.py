"""Pages below ``slides/`` are decks as well: they get the script that presents a page.

Without it each is a page as any other, and its print has a sheet for each section.
"""


def add_script(app, pagename, templatename, context, doctree):
    """The script and the looks of slides, for those pages alone."""
    if pagename.startswith("slides/session"):
        app.add_js_file("slides/slides.js", defer="defer")
        app.add_css_file("slides/slides.css")


def setup(app):
    app.connect("html-page-context", add_script)
    return {"version": "1", "parallel_read_safe": True}
