"""The built site as a whole: every link inside it leads somewhere, and the doors lead on."""

import re
import shutil
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from numpy_ml_gmm.covariances import MODELS

ROOT = Path(__file__).parents[1]


class Page(HTMLParser):
    """The links of a page, and the places in it that a link can lead to."""

    def __init__(self, text):
        super().__init__()
        self.links, self.places = [], {"", "top"}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.places.update(attrs[key] for key in ("id", "name") if attrs.get(key))
        key = {"a": "href", "link": "href", "use": "href", "img": "src", "script": "src"}.get(tag)
        if attrs.get(key):
            self.links.append(attrs[key])


@pytest.fixture(scope="module")
def read(site):
    """A function that parses a page once."""
    if site.code and not (site.folder / "index.html").exists():
        pytest.skip("the site does not build: see test_docs.py")
    return cache(lambda path: Page(path.read_text("utf-8")))


def dead(read, folder, path):
    """The links of a page that lead nowhere: no such file, or no such place in it."""
    for link in read(path).links:
        parts = urlsplit(link)
        if not parts.scheme and not parts.netloc:
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file() or not target.is_relative_to(folder):
                yield link
            elif target.suffix == ".html" and unquote(parts.fragment) not in read(target).places:
                yield link


def test_every_link_inside_the_site_leads_somewhere(site, read):
    folder = site.folder.resolve()
    found = {
        str(path.relative_to(folder)): lost
        for path in sorted(folder.rglob("*.html"))
        if (lost := sorted(set(dead(read, folder, path))))
    }
    assert found == {}


def test_the_crawl_finds_dead_links(tmp_path):
    (tmp_path / "a.html").write_text(
        '<a href="b.html#here"> <a href="#gone"> <a href="c.html"> <a href="#a%20b"> <p id="a b">'
        '<a href="b.html#no"> <a href="https://example.org/#x"> <img src="d.png">'
    )
    (tmp_path / "b.html").write_text('<p id="here">')
    lost = dead(lambda path: Page(path.read_text("utf-8")), tmp_path, tmp_path / "a.html")
    assert sorted(lost) == ["#gone", "b.html#no", "c.html", "d.png"]


# ---- What a reader copies ------------------------------------------------------------------------


CELL = re.compile(r"^```\{code-cell\} ipython3\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def copied(path):
    """The code that a page shows, as a reader copies it, and the files that it offers for it."""
    text = path.read_text("utf-8")
    cells = [cell for cell in CELL.findall(text) if "remove-cell" not in cell]
    code = [re.sub(r"\A(---\n.*?^---\n|(:.*\n)+)", "", c, flags=re.S | re.M) for c in cells]
    offered = re.findall(r"\{download\}`[^`<]*<([^>]*)>`", text)
    return "\n".join(code), [path.parent / name for name in offered]


def test_the_code_of_the_page_on_mclust_runs_as_copied(tmp_path):
    code, files = copied(ROOT / "docs" / "coming-from" / "mclust.md")
    for file in files:
        shutil.copy(file, tmp_path)
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    table = [line.split() for line in run.stdout.splitlines()[1:15]]
    assert [letters for letters, *_ in table] == list(MODELS)
    assert "!" not in run.stdout  # which marks another number of parameters
    assert max(abs(float(difference)) for *_, difference in table) < 0.05
