"""Every picture in img/ has a maker, which draws it the same each time."""

import os
import re
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest

matplotlib.use("agg")

import matplotlib.pyplot as plt

from numpy_ml_gmm import plots

ROOT = Path(__file__).resolve().parents[1]
IMG, GALLERY = ROOT / "img", ROOT / "docs" / "plots.md"
KINDS = {".svg", ".png", ".gif", ".jpg", ".jpeg", ".webp", ".pdf"}

CELL = re.compile(r"```\{code-cell\} ipython3\n(.*?)```", re.DOTALL)

pytestmark = pytest.mark.skipif(
    not (IMG / "make_pictures.py").exists(), reason="img/ is not part of an installed package"
)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Two folders, each drawn by a fresh interpreter, side by side."""
    folders = [tmp_path_factory.mktemp(name) for name in ("first", "second")]
    command = [sys.executable, str(IMG / "make_pictures.py")]
    place = {"cwd": ROOT, "env": os.environ | {"PYTHONPATH": str(ROOT)}}
    runs = [subprocess.Popen([*command, str(folder)], **place) for folder in folders]
    assert [run.wait() for run in runs] == [0, 0]
    return folders


def names(folder):
    return {path.name for path in folder.iterdir() if path.suffix in KINDS}


def test_every_picture_has_a_maker_and_every_maker_its_picture(drawn):
    assert names(IMG) == names(drawn[0])


def test_the_pictures_are_the_same_byte_for_byte_each_time(drawn):
    first, second = drawn
    for name in sorted(names(first)):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_no_picture_holds_a_date_or_asks_for_a_font(drawn):
    for path in drawn[0].glob("*.svg"):
        text = path.read_text()
        assert "<dc:date>" not in text and "<text" not in text, path.name


@pytest.mark.parametrize("page", ["README.md", *(p.name for p in (ROOT / "docs").glob("*.md"))])
def test_no_page_names_a_missing_picture(page):
    path = ROOT / page if page == "README.md" else ROOT / "docs" / page
    if not path.exists():
        pytest.skip(f"{page} is not there yet")
    named = set(re.findall(r"img/([\w.-]+\.\w+)", path.read_text()))
    missing = {name for name in named if Path(name).suffix in KINDS} - names(IMG)
    assert not missing


@pytest.mark.parametrize("name", [n for n in plots.__all__ if n.startswith(("plot_", "animate_"))])
def test_the_gallery_shows_every_plot_and_says_what_is_to_be_seen(name):
    text = GALLERY.read_text("utf-8")
    assert f"{{func}}`~numpy_ml_gmm.plots.{name}`" in text
    drawn = [cell for cell in CELL.findall(text) if f"plots.{name}(" in cell]
    assert drawn
    for cell in drawn:
        alt = re.search(r"    alt: (.*?)\n---\n", cell, re.DOTALL)
        assert alt and len(" ".join(alt[1].split())) > 30


def test_the_lines_of_the_readme_draw_the_names_of_the_features():
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    lines: dict = {}
    exec(code.replace("plot_contours(model, X)", "ax = plot_contours(model, X)"), lines)
    assert (lines["ax"].get_xlabel(), lines["ax"].get_ylabel()) == ("eruptions", "waiting")
    plt.close("all")
