"""What can be taken along: each notebook, all of them in one file, and the source.

The files lie beside the pages, so a copy of the site gives them without a network.  A bar at the
top of a notebook's page leads to them; "Open in" stands there only for the hosts that conf.py
names.

``{takeaway} source`` and ``{takeaway} notebooks`` link to the archives.
"""

import html
import shutil
import zipfile
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxRole

ROOT = Path(__file__).parents[2]
LEFT_OUT = {"__pycache__", ".ipynb_checkpoints", ".hypothesis", "_build"}
WRITTEN = {"docs/api", "docs/tutorials"}  # by the build itself
BAR = '<p class="takeaway"><a download href="{name}">Download this notebook</a>{more}</p>'


def archives(version):
    """The name of each archive, and the files in it."""
    notebooks = sorted(ROOT.glob("tutorials/*.ipynb")) + sorted(
        ROOT.glob("tutorials/exercises/*.ipynb")
    )
    return {
        "source": (f"numpy_ml_gmm-{version}.zip", list(source_files())),
        "notebooks": (f"notebooks-{version}.zip", notebooks),
    }


def source_files():
    """What the source archive names, in order."""
    listed = (ROOT / ".ci" / "MANIFEST.in").read_text("utf-8").splitlines()
    words = [line.split() for line in listed]
    tops = [name for verb, *names in words for name in names if verb in ("include", "graft")]
    for top in sorted([*tops, "pyproject.toml", "setup.cfg"]):
        for path in sorted((ROOT / top).rglob("*")) if (ROOT / top).is_dir() else [ROOT / top]:
            inside = path.relative_to(ROOT)
            written = any(inside.is_relative_to(folder) for folder in WRITTEN)
            if path.is_file() and not written and not LEFT_OUT.intersection(inside.parts):
                yield path


def pack(path, files, folder):
    """Zip files under one folder; the same files make the same bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            entry = zipfile.ZipInfo(f"{folder}/{file.relative_to(ROOT).as_posix()}")
            entry.external_attr = (file.stat().st_mode & 0o777) << 16
            archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)


def write(app, exception):
    """Put the archives and the notebooks beside the pages."""
    if exception is None and app.builder.format == "html":
        for name, files in archives(app.config.version).values():
            pack(Path(app.outdir, name), files, name.removesuffix(".zip"))
        for page in app.env.found_docs:
            notebook = ROOT / f"{page}.ipynb"
            if notebook.exists():
                shutil.copy(notebook, Path(app.outdir, f"{page}.ipynb"))


def add_bar(app, pagename, templatename, context, doctree):
    """The bar of a notebook, below its title."""
    notebook = ROOT / f"{pagename}.ipynb"
    if doctree is not None and notebook.exists():
        path = notebook.relative_to(ROOT).as_posix()
        hosts = app.config.notebook_hosts.items()
        links = [(f"Open in {host}", address.format(path=path)) for host, address in hosts]
        more = "".join(f' · <a href="{html.escape(to)}">{words}</a>' for words, to in links)
        bar = BAR.format(name=notebook.name, more=more)
        context["body"] = context["body"].replace("</h1>", f"</h1>\n{bar}", 1)


class Takeaway(SphinxRole):
    """A link to an archive, by what is in it."""

    def run(self):
        found = archives(self.config.version)
        if self.text not in found:
            words = f"takeaway: {self.text!r} is none of {', '.join(found)}"
            return [], [self.inliner.reporter.error(words, line=self.lineno)]
        name = found[self.text][0]
        up = "../" * self.env.docname.count("/")
        return [nodes.reference("", name, refuri=f"{up}{name}", internal=True)], []


def setup(app):
    app.add_config_value("notebook_hosts", {}, "html")
    app.add_role("takeaway", Takeaway())
    app.connect("html-page-context", add_bar)
    app.connect("build-finished", write)
    return {"version": "1", "parallel_read_safe": True}
