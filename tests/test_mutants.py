"""Some seconds of ``python -m tests.mutants``: what it changes, notices and adds up."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import mutants
import pytest
from mutants import changes_of, mutants_of, place_of, places

SOURCE = b'''"""Text stays."""

__all__ = ["f"]


def f(x: int = 3, flag=True):
    """Text."""
    if not x:
        raise ValueError(f"x={x + 1}")
    y = x.max(axis=0) * 2.5
    y[0] = 1
    return y, min(x, -1) < 0 and flag
'''


def test_each_kind_of_change_is_made_and_texts_are_left_alone():
    found = [(m.line, m.kind, m.after) for m in mutants_of("f.py", SOURCE)]
    assert found == [
        (6, "flag", "def f(x: int = 3, flag=(False)):"),
        (6, "number", "def f(x: int = (4), flag=True):"),
        (8, "dropped", "pass"),
        (8, "not", "if (x):"),
        (10, "axis", "y = x.max(axis=1) * 2.5"),
        (10, "number", "y = x.max(axis=0) * (5.0)"),
        (10, "operator", "y = (x.max(axis=0) / 2.5)"),
        (10, "twin", "y = (x.min)(axis=0) * 2.5"),
        (11, "dropped", "pass"),
        (11, "number", "y[(1)] = 1"),
        (11, "number", "y[0] = (2)"),
        (12, "and, or", "return y, (min(x, -1) < 0 or flag)"),
        (12, "comparison", "return y, (min(x, -1) <= 0) and flag"),
        (12, "number", "return y, min(x, -(2)) < 0 and flag"),
        (12, "number", "return y, min(x, -1) < (1) and flag"),
        (12, "swap", "return (min(x, -1) < 0 and flag, y)"),
        (12, "twin", "return y, (max)(x, -1) < 0 and flag"),
    ]


@pytest.mark.parametrize("file", mutants.files_of())
def test_mutants_of_the_package_are_programs_with_names_of_their_own(file):
    source = (mutants.ROOT / mutants.PACKAGE / file).read_bytes()
    found = mutants_of(file, source)
    assert len({mutant.key for mutant in found}) == len(found) > 0
    same, n_lines = ast.dump(ast.parse(source)), source.count(b"\n")
    for mutant in found[::40]:
        changed = mutant.made_of(source)
        assert ast.dump(ast.parse(changed)) != same and changed.count(b"\n") == n_lines


def test_letters_of_several_bytes_are_no_obstacle():
    source = "x = 'größe' if 1 < 2 else 3  # für\n".encode()
    [mutant] = [m for m in mutants_of("f.py", source) if m.kind == "comparison"]
    assert mutant.made_of(source).decode() == "x = 'größe' if (1 <= 2) else 3  # für\n"
    assert len(
        [new for node, parent in places(ast.parse(source)) for new in changes_of(node, parent)]
    )


def test_of_each_mutant_it_is_known_which_lines_must_be_executed():
    source = b"""A = 1


def f(x, most=2, *rest):
    if (
        x < most
        and rest
    ):
        return 3
    return [y + 4 for y in rest]
"""
    found = {m.after: place_of(m, source) for m in mutants_of("f.py", source)}
    assert found["A = (2)"] == (None, True)
    assert found["def f(x, most=(3), *rest):"] == (range(4, 11), True)
    assert found["(x <= most)"] == (range(5, 9), False)
    assert found["return (4)"] == (range(9, 10), False)
    assert found["return [y + (5) for y in rest]"] == (range(10, 11), False)


# ---- A campaign on a package of a few lines ----------------------------------------------------

PACKAGE = """
SEEN = 1
UNSEEN = 2


def double(x, times=2):
    return times * x


def unseen(x):
    return x + 3


def elsewhere(x):
    return x == 4


def until(n):
    while n > 0:
        n -= 1
    return n
"""
TESTS = """
import subprocess, sys, time
from numpy_ml_gmm import em

READY = []


def test_that_takes_longer():
    time.sleep(0.1)
    READY.append(True)
    em.unseen(0)


def test_that_is_right_only_after_the_other():
    em.unseen(0)
    assert READY


def test_it():
    assert em.SEEN == 1 and em.double(3) == 6


def test_that_fails_anyway():
    em.unseen(0)
    assert em.SEEN == 3


def test_in_another_process():
    code = "from numpy_ml_gmm import em; assert em.elsewhere(4)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_that_may_not_end():
    assert em.until(3) == 0
"""


def campaign(folder, *options):
    """Run the command on the package in a folder: what it prints, and its errors."""
    command = [sys.executable, "-m", "tests.mutants", *options]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return run.stdout, run.stderr


@pytest.fixture(scope="module")
def little(tmp_path_factory):
    """A package of a few lines and its tests, in a folder, after a campaign: what it said."""
    pytest.importorskip("coverage")
    if not hasattr(os, "fork"):
        pytest.skip("a campaign forks")
    folder = tmp_path_factory.mktemp("little")
    for name in ("numpy_ml_gmm", "tests", "tests/data"):
        (folder / name).mkdir()
    (folder / "numpy_ml_gmm" / "__init__.py").touch()
    (folder / "numpy_ml_gmm" / "em.py").write_text(PACKAGE)
    (folder / "tests" / "test_em.py").write_text(TESTS)
    source = Path(mutants.__file__).read_text("utf-8")
    assert "SPARE = 5, 30" in source
    (folder / "tests" / "mutants.py").write_text(source.replace("SPARE = 5, 30", "SPARE = 5, 8"))
    (folder / "tests" / "data" / "equivalent_mutants.json").write_text("[]")
    return folder, campaign(folder)


def tried(folder):
    """What became of each mutant, by the changed line, and who said so."""
    lines = mutants.known(folder / ".mutants.jsonl").values()
    return {line["after"]: (line["outcome"], line["by"].rpartition("::")[2]) for line in lines}


def test_a_run_tells_who_is_noticed_and_by_which_test(little):
    folder, (said, errors) = little
    assert not errors and (folder / "numpy_ml_gmm" / "em.py").read_text() == PACKAGE
    found = tried(folder)
    assert found["SEEN = (2)"] == ("killed", "test_it")
    assert found["def double(x, times=(3)):"] == ("killed", "test_it")
    assert found["return (times / x)"] == ("killed", "test_it")
    assert found["return (x != 4)"] == ("killed", "test_in_another_process")
    assert found["n += 1"] == ("too long", "test_that_may_not_end")
    survivors = {after for after, (outcome, _) in found.items() if outcome == "survived"}
    assert survivors == {"UNSEEN = (3)", "return (x - 3)", "return x + (4)"}
    assert all(after in said for after in survivors)
    assert f"{100 * (1 - len(survivors) / len(found)):.0f} %" in said


def test_a_reason_makes_a_survivor_equivalent_and_a_test_kills_it(little):
    folder, _ = little
    lines = mutants.known(folder / ".mutants.jsonl").values()
    [line] = [line for line in lines if line["after"] == "UNSEEN = (3)"]
    reason = {key: line[key] for key in mutants.KEY} | {"why": "nobody uses it"}
    (folder / "tests" / "data" / "equivalent_mutants.json").write_text(json.dumps([reason]))
    (folder / "tests" / "test_more.py").write_text(
        "from numpy_ml_gmm import em\n\n\ndef test_more():\n    assert em.unseen(1) == 4\n"
    )
    said, errors = campaign(folder, "--recheck")
    assert not errors and "100 %" in said and "No survivors" in said
    assert tried(folder)["return (x - 3)"] == ("killed", "test_more")
    (folder / "numpy_ml_gmm" / "em.py").write_text("SEEN = 1\n")
    assert "more were tried on code that has changed since" in campaign(folder, "--report")[0]


def test_tests_that_do_not_run_without_a_mutant_notice_none(little):
    folder, _ = little
    (folder / "tests" / "test_broken.py").write_text("import no_such_module\n")
    errors = campaign(folder, "--ledger", "other.jsonl")[1]
    assert "tests/test_broken.py does not run, even without a mutant" in errors
    assert not mutants.known(folder / "other.jsonl")
