"""Every notebook is kept clean, is short, and runs from top to bottom."""

import json
import os
import re
from pathlib import Path

import pytest

from numpy_ml_gmm.exercises import EXERCISES, mark

ROOT = Path(__file__).parents[1]
TUTORIALS = sorted(ROOT.glob("tutorials/*.ipynb"))
TASKS = sorted(ROOT.glob("tutorials/exercises/*.ipynb"))
SOLUTIONS = sorted(ROOT.glob("tutorials/exercises/solutions/*.ipynb"))
NOTEBOOKS = TUTORIALS + TASKS + SOLUTIONS


def each(paths):
    """Parametrise by notebook, named by its path."""
    names = [str(path.relative_to(ROOT / "tutorials")) for path in paths]
    return pytest.mark.parametrize("path", paths, ids=names)


def cells(path, kind=None):
    """The cells of a notebook, or those of one kind."""
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in found if kind in (None, cell["cell_type"])]


@each(NOTEBOOKS)
def test_it_is_a_valid_notebook_without_outputs(path):
    nbformat = pytest.importorskip("nbformat")
    nbformat.validate(nbformat.read(path, as_version=4))
    for cell in cells(path, "code"):
        assert cell["outputs"] == [] and cell["execution_count"] is None
    ids = [cell["id"] for cell in cells(path)]
    assert len(set(ids)) == len(ids)


@each(NOTEBOOKS)
def test_it_is_short_and_opens_with_a_title(path):
    assert len(cells(path)) <= 22
    assert "".join(cells(path)[0]["source"]).startswith("# ")


@each(TUTORIALS)
def test_a_tutorial_checks_what_it_says(path):
    assert any("assert " in "".join(cell["source"]) for cell in cells(path, "code"))


@each(TUTORIALS + TASKS)
def test_its_links_lead_to_equations_of_the_chapters(path):
    chapters = "\n".join(page.read_text() for page in ROOT.glob("docs/*.md"))
    labels = set(re.findall(r"^:label: (\S+)$|^\((\S+)\)=$", chapters, re.MULTILINE))
    known = {label for pair in labels for label in pair}
    for cell in cells(path, "markdown"):
        for target in re.findall(r"\]\(#([^)]+)\)", "".join(cell["source"])):
            assert target in known, target


def code(path):
    """The source of each cell of code."""
    return ["".join(cell["source"]) for cell in cells(path, "code")]


@each(TUTORIALS)
def test_each_picture_has_a_claim_that_is_checked(path):
    near = ["", *code(path), ""]
    for before, cell, after in zip(near, near[1:], near[2:], strict=False):
        if re.search(r"\b(plot_\w+|subplots)\(", cell):
            assert "assert " in before + cell + after, cell


def executed(path, folder):
    """A notebook with the outputs of a run, by the build of the documentation or by us.

    The build runs every notebook and leaves it beside the site.  Where SITE says that this has
    been done just now, nothing is run twice.
    """
    nbformat = pytest.importorskip("nbformat")
    if built := os.environ.get("SITE"):
        return nbformat.read(Path(built).parent / "jupyter_execute/tutorials" / path.name, 4)
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook, resources = nbformat.read(path, 4), {"metadata": {"path": str(folder)}}
    return nbclient.NotebookClient(notebook, timeout=120, resources=resources).execute()


@each(TUTORIALS)
def test_it_runs_without_a_warning(path, tmp_path):
    run = [cell for cell in executed(path, tmp_path).cells if cell.cell_type == "code"]
    assert [cell.source for cell in run] == code(path)
    for cell in run:
        assert cell.execution_count, cell.source
        for output in cell.outputs:
            assert output.output_type != "error" and output.get("name") != "stderr", output


@each(TASKS + SOLUTIONS)
def test_its_cells_are_python_and_run_without_a_warning(path, tmp_path, monkeypatch, capsys):
    """In this process: they have no pictures, and a kernel for each would take a second."""
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    for source in code(path):
        exec(compile(source, path, "exec"), names)
    assert not capsys.readouterr().err


def test_every_exercise_is_set_and_solved(tmp_path):
    """By the marker, and as one notebook: a process for each of twenty-two takes its time."""
    assert [path.name for path in TASKS] == [path.name for path in SOLUTIONS]
    for paths, solved in [(TASKS, False), (SOLUTIONS, True)]:
        book = tmp_path / f"{solved}.ipynb"
        book.write_text(json.dumps({"cells": [cell for path in paths for cell in cells(path)]}))
        verdicts, note = mark(str(book), time_limit=240, seed=0)
        assert not note and set(verdicts) == set(EXERCISES)
        assert all((message == "") is solved for message in verdicts.values()), verdicts
