"""The documentation: it builds, it is whole, and a broken binding stops the build."""

import ast
import doctest
import importlib.util
import inspect
import itertools
import json
import pkgutil
import re
import subprocess
import sys
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import numpy_ml_gmm
from numpy_ml_gmm import GMM, BayesianGMM

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


@pytest.fixture
def extensions(monkeypatch):
    """The folder of Sphinx extensions, importable."""
    monkeypatch.setattr(sys, "path", [str(DOCS / "_ext"), *sys.path])
    pytest.importorskip("sphinx", reason="needs Sphinx: install '.[docs]'")


# ---- The site ----------------------------------------------------------------------------------


def test_the_site_builds_without_a_warning(site):
    assert site.code == 0, site.log


def pages(site):
    return {str(path.relative_to(site.folder)): path for path in site.folder.rglob("*.html")}


def test_no_page_asks_for_anything_outside(site):
    loads = re.compile(r"<(?:script|img|iframe)[^>]*\ssrc=\"(?:https?:)?//[^\"]*|@import[^;]*//")
    links = re.compile(r"<link[^>]*rel=\"(?:stylesheet|preload|icon)\"[^>]*href=\"(?:https?:)?//")
    for name, path in pages(site).items():
        text = path.read_text("utf-8")
        assert not loads.search(text), name
        assert not links.search(text), name


def test_every_module_has_a_page_and_every_public_name_an_entry(site, extensions):
    import reference

    found = pkgutil.walk_packages(numpy_ml_gmm.__path__, "numpy_ml_gmm.")
    modules = {name for _, name, _ in found if "._" not in name}
    written = {path.stem for path in (site.folder / "api").glob("*.html")}
    assert written - {"index"} == {name.removeprefix("numpy_ml_gmm.") for name in modules}
    entries = inventory(site.folder / "objects.inv")
    for module in sorted(modules):
        for name in reference.public(module):
            if callable(getattr(importlib.import_module(module), name)):
                assert reference.entry(f"{module}.{name}") in entries, (module, name)
    for name in numpy_ml_gmm.__all__:
        module = getattr(numpy_ml_gmm, name).__module__
        assert reference.entry(f"{module}.{name}") in entries, name
    public = [name for name, _ in inspect.getmembers(GMM) if not name.startswith("_")]
    assert {f"numpy_ml_gmm.GMM.{name}" for name in public} <= entries.keys()


def inventory(path):
    """The names in Sphinx's list of objects, each with its kind."""
    head = b"compressed using zlib.\n"
    raw = path.read_bytes()
    lines = zlib.decompress(raw[raw.index(head) + len(head) :]).decode().splitlines()
    return dict(line.split()[:2] for line in lines)


def test_the_fields_of_a_named_tuple_are_described_by_their_comments(site):
    for path in (site.folder / "api").glob("*.html"):
        assert "Alias for field number" not in path.read_text("utf-8"), path.name
    assert "features (F, B), or the points y (D, B), in the frame that was asked for" in (
        site.folder / "api" / "blocks.html"
    ).read_text("utf-8")


def test_every_page_has_alternative_text_for_its_pictures(site):
    for name, path in pages(site).items():
        for tag in re.findall(r"<img[^>]*>", path.read_text("utf-8")):
            alt = re.search(r"alt=\"([^\"]*)\"", tag)
            if "_images/" in tag:
                assert alt and len(alt[1]) > 30 and "_images" not in alt[1], (name, tag)


def test_the_concordance_lists_every_equation_with_code_and_test(site, extensions):
    import bindings

    text = (site.folder / "concordance.html").read_text("utf-8")
    rows = [row for row in re.findall(r"<tr.*?</tr>", text, re.S) if "<th" not in row]
    labels, citations, tests = bindings.labels(), bindings.citations(), bindings.tests()
    assert len(rows) == len(labels)
    for label in labels:
        [row] = [row for row in rows if f'#equation-{label}"' in row]
        assert f">{label}</span>" in row
        for place in citations.get(label, []):
            assert place.name.split(".")[-1] in row
        for place in tests[label]:
            assert f'href="#{place.name.replace("_", "-")}"' in row


def test_a_link_to_an_equation_shows_its_words_and_the_number(site, extensions):
    import bindings

    labels = bindings.labels()
    for path in sorted((ROOT / "tutorials").glob("*.ipynb")):
        page = (site.folder / "tutorials" / f"{path.stem}.html").read_text("utf-8")
        for words, target in re.findall(r"\[([^][]+)\]\(#([^)]+)\)", path.read_text("utf-8")):
            if target in labels:
                href = f"../{labels[target].stem}.html#equation-{target}"
                shown = rf'href="{re.escape(href)}">{re.escape(words)}\xa0\(\d+\.\d+\)</a>'
                assert re.search(shown, page), (path.name, words)


def test_a_link_to_a_page_shows_its_words_alone(site):
    """Also where the page has the name of an equation."""
    for path in sorted(DOCS.glob("*.md")):
        page = (site.folder / f"{path.stem}.html").read_text("utf-8")
        for words in re.findall(r"\[([\w -]+)\]\(\w[\w-]*\.md", path.read_text("utf-8")):
            assert f">{words}</span></a>" in page, (path.name, words)


def test_the_exercises_are_shown_and_not_run(site):
    shown = {path.stem for path in (site.folder / "tutorials" / "exercises").glob("*.html")}
    assert shown == {path.stem for path in (ROOT / "tutorials" / "exercises").glob("*.ipynb")}
    for path in (site.folder / "tutorials" / "exercises").glob("*.html"):
        text = path.read_text("utf-8")
        assert "your code here" in text and "cell_output" not in text, path.name


def test_the_solutions_are_not_shown(site):
    assert not [name for name in pages(site) if "solution" in name]


def test_the_pages_show_the_live_source(site):
    text = (site.folder / "climb.html").read_text("utf-8")
    plain = re.sub(r"<[^>]+>", "", text)
    body = inspect.getsource(GMM.elbo).splitlines()[-1].strip()
    assert body in plain


# ---- The design ----------------------------------------------------------------------------------


def imported_rooms(path):
    """The rooms of the package that a file imports from, itself included."""
    package = ["numpy_ml_gmm", *path.relative_to(ROOT / "numpy_ml_gmm").parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            for alias in node.names:
                names = [*base, *(node.module or "").split("."), alias.name]
                found = [name for name in names if name]
                if found[0] == "numpy_ml_gmm":
                    yield found[1]


def test_each_room_of_the_design_uses_only_rooms_above_it():
    """A package is one room; the table on the page names them all."""
    table = re.findall(r"^\| `(\w+)/?` \|", (DOCS / "design.md").read_text("utf-8"), re.MULTILINE)
    files = sorted((ROOT / "numpy_ml_gmm").rglob("*.py"))
    room_of = {
        path: path.relative_to(ROOT / "numpy_ml_gmm").with_suffix("").parts[0] for path in files
    }
    rooms = {room for room in room_of.values() if not room.startswith("__")}
    assert sorted(table) == sorted(rooms)
    for path, room in room_of.items():
        if room in table:
            above = {*table[: table.index(room) + 1], "__version__"}
            assert set(imported_rooms(path)) <= above, path


# ---- Examples ------------------------------------------------------------------------------------

PACKAGES = "plots", "modules"  # all that they hold is for users
SINGLE = "exercises.check", "covariances.covariance_model", "covariances.CovarianceModel"
SINGLE += ("fisher.fisher_vector",)
TRIVIAL = "get_params", "set_params"


def public_objects():
    """What users call, by dotted name: functions, classes and their methods."""
    import beside
    import reference

    names = [*numpy_ml_gmm.__all__, *SINGLE]
    names += [f"{p}.{name}" for p in PACKAGES for name in reference.public(f"numpy_ml_gmm.{p}")]
    found = {name: beside.find(f"numpy_ml_gmm.{name}") for name in names}
    found = {name: value for name, value in found.items() if callable(value)}
    for owner, value in [(name, value) for name, value in found.items() if inspect.isclass(value)]:
        for name, method in inspect.getmembers(value, inspect.isroutine):
            ours = str(getattr(method, "__module__", "")).startswith("numpy_ml_gmm")
            if ours and not name.startswith("_") and name not in TRIVIAL:
                found[f"{owner}.{name}"] = method
    return found


def test_every_public_name_has_an_example(extensions):
    """Properties and internal functions need none."""
    without = [
        name
        for name, value in public_objects().items()
        if ">>> " not in (inspect.getdoc(value) or "").partition("\nExamples\n--------\n")[2]
    ]
    assert without == []


def beginnings(path):
    """The first statement of each docstring's examples in a file that is not an import."""
    import bindings

    for _, node in bindings.documented(ast.parse(path.read_text("utf-8")), path.stem):
        examples = doctest.DocTestParser().get_examples(ast.get_docstring(node) or "")
        statements = ast.parse("".join(example.source for example in examples)).body
        rest = (s for s in statements if not isinstance(s, ast.Import | ast.ImportFrom))
        yield from map(ast.unparse, itertools.islice(rest, 1))


def test_no_more_than_three_examples_in_a_file_begin_alike(extensions):
    """The fourth time the same object is built, it teaches nothing."""
    files = sorted((ROOT / "numpy_ml_gmm").rglob("*.py"))
    often = {
        (str(path.relative_to(ROOT)), first): times
        for path in files
        for first, times in Counter(beginnings(path)).items()
        if times > 3
    }
    assert often == {}


# ---- A broken binding stops the build ------------------------------------------------------------


CONF = """
import sys
sys.path[:0] = [{folder!r}, "."]
extensions = ["sphinx.ext.autodoc", "sphinx.ext.mathjax", "myst_nb", "beside", "cells"]
myst_enable_extensions = ["colon_fence"]
nb_execution_mode = "force"
"""


def build(folder, page, settings="", cwd=ROOT):
    """Build one page: how the build ends, and what it says."""
    pytest.importorskip("myst_nb", reason="needs myst-nb: install '.[docs]'")
    (folder / "conf.py").write_text(CONF.format(folder=str(DOCS / "_ext")) + settings)
    (folder / "index.md").write_text(page)
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q"]
    run = subprocess.run(
        [*command, "-b", "html", folder, folder / "out"], capture_output=True, text=True, cwd=cwd
    )
    return run.returncode, run.stderr


def failing_build(folder, page):
    """What the build of one page says; it must fail."""
    code, log = build(folder, page)
    assert code != 0
    return log


BESIDE = """# A page

```{{math}}
:label: elbo
L
```

:::{{beside}} {name}
:equations: {labels}

Text.
:::
"""


@pytest.mark.parametrize(
    ("name", "labels", "message"),
    [
        ("numpy_ml_gmm.GMM.gone", "elbo", "there is no numpy_ml_gmm.GMM.gone"),
        ("nothing.at.all", "elbo", "there is no nothing.at.all"),
        ("numpy_ml_gmm.GMM.kl", "elbo", "does not cite :eq:`elbo`"),
        ("numpy_ml_gmm.GMM.kl", "", "needs :equations:"),
    ],
)
def test_a_broken_beside_fails_with_file_and_line(tmp_path, name, labels, message):
    log = failing_build(tmp_path, BESIDE.format(name=name, labels=labels))
    assert message in log
    assert "index.md:8:" in log


def test_inline_code_that_is_not_in_the_source_beside_fails_with_file_and_line(tmp_path):
    page = BESIDE.format(name="numpy_ml_gmm.GMM.elbo", labels="elbo")
    log = failing_build(tmp_path, page.replace("Text.", "`gone` is added to `self.entropy(q`."))
    assert re.search(r"index\.md:8: .*beside numpy_ml_gmm\.GMM\.elbo quotes `gone`, which", log)
    assert "`self.entropy(q`" not in log.partition("quotes")[2].partition("which")[0]


@pytest.mark.parametrize(
    ("text", "unbound"),
    [
        ("`self.q_function(X, q, ` and `self . q_function( X,q`", []),
        ("the source in\n`self.q_function(X,\nq` two lines", []),
        ("its name, `elbo`, `GMM.elbo` and `numpy_ml_gmm.GMM.elbo`", []),
        ("an end of a name, `function`", ["function"]),
        ("`other.elbo` and `gone`", ["other.elbo", "gone"]),
        ("the right words in the wrong order, `q_function.self`", ["q_function.self"]),
        ("{class}`gone` and {meth}`GMM.kl <numpy_ml_gmm.GMM.kl>`, then `gone`", ["gone"]),
        ("[`gone`](em.md) and [`X[n]` and more](em.md#there), then `gone`", ["gone"]),
        ("[no link] `gone`", ["gone"]),
        ("```{math}\n:label: gone\n`x`\n```\nthen `gone`", ["gone"]),
        ("a backtick in it, ``gone ` x``", ["gone ` x"]),
    ],
)
def test_inline_code_beside_is_looked_up_in_the_source(extensions, text, unbound):
    import beside

    assert beside.unbound(text, "numpy_ml_gmm.GMM.elbo") == unbound


BOX = re.compile(r"^(:{3,})\{beside\} (\S+)\n(.*?)^\1\s*$", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.stem)
def test_the_text_beside_code_quotes_that_code(extensions, path):
    """As the build says too, but at once."""
    import beside

    boxes = [(name, text) for _, name, text in BOX.findall(path.read_text("utf-8"))]
    unbound = {name: beside.unbound(text, name) for name, text in boxes}
    assert {name: codes for name, codes in unbound.items() if codes} == {}


def test_an_unknown_label_fails_with_file_and_line(tmp_path):
    log = failing_build(tmp_path, BESIDE.format(name="numpy_ml_gmm.GMM.kl", labels="kl"))
    assert re.search(r"index\.md:8: WARNING: equation not found: kl", log)


def test_a_cell_that_raises_fails_with_file_and_line(tmp_path):
    front = "---\nfile_format: mystnb\nkernelspec: {name: python3, display_name: Python 3}\n---\n"
    log = failing_build(tmp_path, front + "\n# A page\n\n```{code-cell} ipython3\n1 / 0\n```\n")
    assert re.search(r"index\.md:8: WARNING: the cell raises ZeroDivisionError", log)


def test_a_notebook_that_raises_fails_with_file_and_line(tmp_path):
    cells = [{"cell_type": "code", "source": text} for text in ("x = 1", "1 / 0")]
    for cell in cells:
        cell |= {"metadata": {}, "outputs": [], "execution_count": None}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 4}
    (tmp_path / "note.ipynb").write_text(json.dumps(notebook, indent=1))
    log = failing_build(tmp_path, "# A page\n\n```{toctree}\nnote\n```\n")
    line = int(re.search(r"note\.ipynb:(\d+): WARNING: the cell raises ZeroDivision", log)[1])
    entry = "\n".join((tmp_path / "note.ipynb").read_text().splitlines()[line - 1 : line + 2])
    assert '"cell_type"' in entry and "1 / 0" in entry


# ---- A package made of packages ------------------------------------------------------------------


LITTLE = {
    "__init__.py": '"""A little package."""\n',
    "em.py": '"""The steps."""\n\ndef step(x):\n    """One step (:eq:`curve`)."""\n',
    "plots/__init__.py": '''"""Pictures, such as :func:`little.plots.draw`."""

from little.plots.curves import SIZES, Curve, draw

__all__ = ["SIZES", "Curve", "draw", "here"]

def here(ax):
    """Defined in the package itself."""
''',
    "plots/curves.py": '''"""Curves."""

SIZES = 1, 2

def draw(ax):
    """Draw (:eq:`curve`)."""
    return tangent(ax)

class Curve:
    """A curve."""

    def length(self):
        """Its length (:eq:`curve`)."""
        return 1 + 1

def tangent(ax):
    """An internal (:eq:`curve`)."""
''',
    "plots/__main__.py": "raise SystemExit\n",
}
LITTLE_PAGE = """# A page

```{math}
:label: curve
y
```

:::{beside} little.plots.Curve.length
:equations: curve

`1+1`, for `Curve.length`; {meth}`~little.plots.Curve.length`
:::

:::{beside} little.plots.curves.draw
:equations: curve

Calls `tangent(ax)`.
:::

```{toctree}
api/index
```
"""


@pytest.fixture(scope="module")
def little(tmp_path_factory):
    """A package with a package in it, and its reference."""
    folder = tmp_path_factory.mktemp("little")
    for name, text in LITTLE.items():
        (folder / "little" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "little" / name).write_text(text)
    (folder / "site").mkdir()
    settings = 'extensions += ["reference", "sphinx.ext.viewcode"]\nreference_package = "little"\n'
    code, log = build(folder / "site", LITTLE_PAGE, settings, cwd=folder)
    assert code == 0, log
    return folder


def test_a_package_has_a_page_with_all_that_it_reexports(little):
    entries = inventory(little / "site" / "out" / "objects.inv")
    for name in "draw", "Curve", "Curve.length", "here", "curves.tangent":
        assert f"little.plots.{name}" in entries, name
    assert "little.plots.curves.draw" not in entries
    page = (little / "site" / "out" / "api" / "plots.html").read_text("utf-8")
    for name in "little.plots.draw", "little.plots.Curve.length", "little.plots.here":
        assert f'id="{name}"' in page, name
    inner = (little / "site" / "out" / "api" / "plots.curves.html").read_text("utf-8")
    assert 'id="little.plots.curves.tangent"' in inner


def test_a_reexported_name_links_to_its_source(little):
    page = (little / "site" / "out" / "api" / "plots.html").read_text("utf-8")
    for target in "plots/curves.html#draw", "plots/curves.html#Curve.length", "plots.html#here":
        assert f'href="../_modules/little/{target}"' in page, target
        source, anchor = target.split("#")
        text = (little / "site" / "out" / "_modules" / "little" / source).read_text("utf-8")
        assert f'id="{anchor}"' in text


def test_user_modules_come_first_and_internals_apart(little):
    index = (little / "site" / "api" / "index.md").read_text("utf-8")
    user, inside = index.split("## Inside")
    assert "{doc}`plots`" in user and "{doc}`em`" not in user
    assert "{doc}`em`" in inside and "{doc}`plots.curves`" in inside


def test_citations_are_found_in_packages_and_have_an_entry(little, extensions, monkeypatch):
    import bindings
    import reference

    monkeypatch.setattr(sys, "path", [str(little), *sys.path])
    [places] = bindings.citations(little / "little").values()
    assert [place.name for place in places] == [
        "little.em.step",
        "little.plots.curves.draw",
        "little.plots.curves.Curve.length",
        "little.plots.curves.tangent",
    ]
    entries = inventory(little / "site" / "out" / "objects.inv")
    listed = [reference.entry(place.name) for place in places]
    assert listed[1:3] == ["little.plots.draw", "little.plots.Curve.length"]
    assert set(listed) <= entries.keys()


# ---- The extensions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["numpy_ml_gmm.GMM.e_step", "numpy_ml_gmm.GMM.entropy", "numpy_ml_gmm.em.gain_to_come"]
)
def test_the_source_beside_is_the_code_without_its_docstring(extensions, name):
    import beside

    shown = ast.parse(beside.source_without_docstring(beside.find(name))).body[0]
    whole = ast.parse(inspect.cleandoc("\n" + inspect.getsource(beside.find(name)))).body[0]
    assert ast.get_docstring(whole) and not ast.get_docstring(shown)
    assert [ast.dump(node) for node in shown.body] == [ast.dump(node) for node in whole.body[1:]]


@pytest.fixture(scope="module")
def runs():
    """The stepper's runs, computed again."""
    pytest.importorskip("sphinx", reason="needs Sphinx: install '.[docs]'")
    sys.path.insert(0, str(DOCS / "_ext"))
    try:
        import stepper_runs
    finally:
        sys.path.pop(0)
    return {run.key: (run, stepper_runs.collect(run)) for run in (f() for f in stepper_runs.RUNS)}


def test_the_steppers_half_steps_climb(runs):
    for _, data in runs.values():
        bounds = [frame["elbo"] for frame in data["frames"][1:]]
        assert (np.diff(bounds) > -1e-3).all()
        for frame in data["frames"]:
            assert frame["elbo"] <= frame["log_likelihood"] + 1e-3
            if frame["half"] == "E":  # the bound touches
                assert frame["elbo"] == pytest.approx(frame["log_likelihood"], abs=1e-3)


def test_the_steppers_frames_are_those_of_the_class(runs):
    run, data = runs["bishop"]
    model = GMM.from_parameters(*run.start, var_smoothing=0)
    for frame in data["frames"]:
        if frame["half"] == "M":
            model.m_step(model.e_step(run.X))
        assert frame["log_likelihood"] == pytest.approx(model.log_likelihood(run.X), abs=1e-4)
        np.testing.assert_allclose(frame["means"], model.means_, atol=1e-6)
        np.testing.assert_allclose(frame["weights"], model.weights_, atol=1e-6)


def test_the_steppers_runs_show_what_they_say(runs):
    assert runs["bishop"][1]["frames"][-1]["log_likelihood"] == pytest.approx(
        runs["bishop"][1]["best"], abs=0.01
    )
    assert runs["local"][1]["frames"][-1]["log_likelihood"] < runs["local"][1]["best"] - 10
    assert "component 1 has collapsed" in runs["collapse"][1]["error"]
    assert runs["bishop"][1]["error"] == runs["local"][1]["error"] == ""
    empty = runs["empty"][1]["frames"]
    assert empty[-1]["log_likelihood"] == pytest.approx(runs["empty"][1]["best"], abs=0.01)
    held = [(np.array(frame["weights"]) > 0.01).sum() for frame in empty]
    assert held[0] == 6 and held[-1] == 2


def test_the_steppers_variational_frames_are_those_of_the_class(runs):
    run, data = runs["empty"]
    r = GMM.from_parameters(*run.start).predict_proba(run.X)
    settings = {"init_params": r, "max_iter": 7, "tol": 0, "var_smoothing": 0, **run.prior}
    model = BayesianGMM(6, **settings).fit(run.X)
    frame = next(f for f in data["frames"] if (f["half"], f["step"]) == ("M", 7))
    assert frame["log_likelihood"] == pytest.approx(model.lower_bound_, abs=1e-4)
    np.testing.assert_allclose(frame["means"], model.means_, atol=1e-6)


def test_the_page_holds_the_frames(site, runs):
    text = (site.folder / "em.html").read_text("utf-8")
    data = re.search(r'<script type="application/json">(.*?)</script>', text, re.S)[1]
    assert json.loads(data) == [json.loads(json.dumps(data)) for _, data in runs.values()]


def test_notebooks_are_copied_and_stale_ones_removed(tmp_path, monkeypatch, extensions):
    pytest.importorskip("sphinx")
    spec = importlib.util.spec_from_file_location("conf", DOCS / "conf.py")
    conf = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conf)
    monkeypatch.setattr(conf, "HERE", tmp_path / "docs")
    monkeypatch.setattr(conf, "ROOT", tmp_path)
    (tmp_path / "docs" / "tutorials").mkdir(parents=True)
    (tmp_path / "docs" / "tutorials" / "old.ipynb").write_text("{}")
    conf.copy_tutorials(None, None)
    assert not (tmp_path / "docs" / "tutorials").exists()
    (tmp_path / "tutorials" / "exercises" / "solutions").mkdir(parents=True)
    for name in ("new.ipynb", "exercises/task.ipynb", "exercises/solutions/task.ipynb"):
        (tmp_path / "tutorials" / name).write_text("{}")
    conf.copy_tutorials(None, None)
    copied = sorted((tmp_path / "docs" / "tutorials").rglob("*.ipynb"))
    assert [path.name for path in copied] == ["task.ipynb", "new.ipynb"]
