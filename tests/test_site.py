"""The built site as a whole: every link inside it leads somewhere, and the doors lead on."""

import html
import json
import re
import shutil
import subprocess
import sys
import zipfile
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote, urlsplit

import pytest

import numpy_ml_gmm
from numpy_ml_gmm.covariances import MODELS

ROOT = Path(__file__).parents[1]


@pytest.fixture
def extensions(monkeypatch):
    """The folder of Sphinx extensions, importable."""
    monkeypatch.setattr(sys, "path", [str(ROOT / "docs" / "_ext"), *sys.path])
    pytest.importorskip("sphinx", reason="needs Sphinx: install '.[docs]'")


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


# ---- The doors ---------------------------------------------------------------------------------


def test_the_front_page_has_four_doors_and_ten_pictures(site):
    text = (site.folder / "index.html").read_text("utf-8")
    doors = re.findall(r'<div class="door [^"]*">\s*<p><strong><a [^>]*href="([^"#]+)', text)
    assert doors == ["model.html", "teaching.html", "how-to/csv-to-clusters.html", "install.html"]
    pictures = re.findall(r'<p class="gallery-item"><a [^>]*href="([^"]+)"><img ([^>]*)>', text)
    assert len(pictures) == len({page for page, _ in pictures}) == 10
    for page, picture in pictures:  # borrowed from the page that it leads to
        name = re.search(r'src="([^"]+)"', picture)[1]
        assert f'src="{name}"' in (site.folder / page).read_text("utf-8"), page


def test_the_first_run_of_the_stepper_is_on_the_front_page(site):
    frames = r'<script type="application/json">(.*?)</script>'
    front = re.search(frames, (site.folder / "index.html").read_text("utf-8"), re.DOTALL)[1]
    chapter = re.search(frames, (site.folder / "em.html").read_text("utf-8"), re.DOTALL)[1]
    assert json.loads(front) == json.loads(chapter)[:1]


def test_the_reference_opens_with_what_users_call(site, extensions):
    import reference

    listed = [name for names in reference.TASKS.values() for name in names]
    assert sorted(listed) == sorted(numpy_ml_gmm.__all__)
    index = (site.folder / "api" / "index.html").read_text("utf-8")
    assert index.index(">BayesianGMM<") < index.index("Modules to use") < index.index("Inside")
    page = (site.folder / "api" / "compare.html").read_text("utf-8")
    names = re.findall(r'<dt [^>]*id="numpy_ml_gmm\.compare\.(\w+)"', page)
    assert names[0] in numpy_ml_gmm.__all__ and names.index("kl_bound") < names.index("Estimate")


def test_each_notebook_can_be_taken_along(site):
    notebooks = [*ROOT.glob("tutorials/*.ipynb"), *ROOT.glob("tutorials/exercises/*.ipynb")]
    for notebook in notebooks:
        name = notebook.relative_to(ROOT)
        assert (site.folder / name).read_bytes() == notebook.read_bytes()
        page = (site.folder / name.with_suffix(".html")).read_text("utf-8")
        assert f'<a download href="{name.name}">Download this notebook</a></p>' in page
    [archive] = site.folder.glob("notebooks-*.zip")
    packed = {Path(name).name for name in zipfile.ZipFile(archive).namelist()}
    assert packed == {notebook.name for notebook in notebooks}


def test_the_course_is_printed_in_the_order_of_the_contents(site, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs")
    import print_course

    text = (ROOT / "docs" / "index.md").read_text("utf-8")
    contents = re.search(r":numbered:\n:caption: The course\n\n(.*?)```", text, re.DOTALL)[1]
    assert print_course.chapters(site.folder) == [f"{name}.html" for name in contents.split()]


def test_the_source_can_be_taken_along(site):
    [path] = site.folder.glob("numpy_ml_gmm-*.zip")
    with zipfile.ZipFile(path) as archive:
        names = {name.split("/", 1)[1]: name for name in archive.namelist()}
        assert archive.read(names["setup.cfg"]) == (ROOT / "setup.cfg").read_bytes()
    assert {"pyproject.toml", ".ci/backend.py", "README.md", "numpy_ml_gmm/gmm.py"} <= names.keys()
    assert not [name for name in names if "__pycache__" in name or name.startswith("docs/api/")]


def test_a_notebook_opens_where_conf_names_a_host(extensions):
    import downloads

    hosts = {"Colab": "https://example.org/{path}"}
    app = SimpleNamespace(config=SimpleNamespace(notebook_hosts=hosts))
    context = {"body": "<h1>1</h1> text"}
    downloads.add_bar(app, "tutorials/12_bug_museum", "", context, doctree=object())
    address = "https://example.org/tutorials/12_bug_museum.ipynb"
    assert f' · <a href="{address}">Open in Colab</a></p> text' in context["body"]


def test_an_extra_without_a_purpose_fails(extensions):
    import packages

    told = ["test: to run the tests", "gone: no such extra"]
    page = SimpleNamespace(env=SimpleNamespace(note_dependency=len), content=told, error=ValueError)
    with pytest.raises(ValueError, match=r"not in both: anndata, dask, docs, gone, tutorials"):
        packages.Extras.run(page)


def test_the_page_of_the_command_line_shows_commands_as_they_are_typed(site):
    text = (site.folder / "command-line.html").read_text("utf-8")
    plain = html.unescape(re.sub(r"<[^>]*>", "", text))
    assert "\n$ numpy_ml_gmm geyser.csv --n_clusters 2\n" in plain
    assert plain.count("--find_num_clusters_range") > 2
    assert not re.search(r"[\u2013\u2014]\w", plain)  # a dash that was two hyphens


def test_each_question_cites_a_thread_and_each_term_a_derivation():
    text = (ROOT / "docs" / "faq.md").read_text("utf-8")
    for question in text.split("\n## ")[1:]:
        assert re.search(r"^→ \[.*\]\(.*\) · Asked: \[.*\]\(https://", question, re.MULTILINE)
    text = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    terms = re.findall(r"^([\w-].*)\n  (.*)", text.partition("```{glossary}")[2], re.MULTILINE)
    assert len(terms) > 30 and [term for term, _ in terms] == sorted(
        (term for term, _ in terms), key=str.lower
    )
    for term, sentence in terms:
        assert re.search(r"\. → \[.*\]\([\w-]+\.md", sentence), term


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
    assert min(float(difference) for *_, difference in table) > -1e-6  # ours is not lower


def test_what_cannot_be_borrowed_fails_with_file_and_line(tmp_path, extensions):
    pytest.importorskip("myst_parser", reason="needs myst-nb: install '.[docs]'")
    page = "# A page\n\n$x$\n\n```{picture} index (a cat)\n```\n\n```{equation} gone\n```\n"
    (tmp_path / "index.md").write_text(page)
    (tmp_path / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT / 'docs' / '_ext')!r})\n"
        "extensions = ['myst_parser', 'borrowed']\n"
    )
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    run = subprocess.run(
        [*command, tmp_path, tmp_path / "out"], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode != 0
    assert re.search(r"index\.md:5: WARNING: there is no index \(a cat\) to borrow", run.stderr)
    assert re.search(r"index\.md:8: WARNING: there is no gone to borrow", run.stderr)
