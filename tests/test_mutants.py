"""Some seconds of ``python -m tests.mutants``: what it changes, notices and adds up."""

import ast
import json

import mutants
import pytest
from mutants import changes_of, mutants_of, places

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
    assert mutants.own_tests(file)
    same = ast.dump(ast.parse(source))
    for mutant in found[::40]:
        assert ast.dump(ast.parse(mutant.made_of(source))) != same


def test_letters_of_several_bytes_are_no_obstacle():
    source = "x = 'größe' if 1 < 2 else 3  # für\n".encode()
    [mutant] = [m for m in mutants_of("f.py", source) if m.kind == "comparison"]
    assert mutant.made_of(source).decode() == "x = 'größe' if (1 <= 2) else 3  # für\n"
    assert len(
        [new for node, parent in places(ast.parse(source)) for new in changes_of(node, parent)]
    )


@pytest.fixture
def little(tmp_path, monkeypatch):
    """A package of one function, with a test that looks at one of its two numbers."""
    (tmp_path / "numpy_ml_gmm").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "numpy_ml_gmm" / "__init__.py").touch()
    (tmp_path / "numpy_ml_gmm" / "em.py").write_text("SEEN = 1\nUNSEEN = 2\n")
    (tmp_path / "tests" / "test_em.py").write_text(
        "from numpy_ml_gmm.em import SEEN\n\n\ndef test_it():\n    assert SEEN == 1\n\n\n"
        "def test_that_fails_anyway():\n    assert SEEN == 3\n"
    )
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    monkeypatch.setattr(mutants, "TESTS", {"em.py": "em"})
    monkeypatch.setattr(mutants, "EQUIVALENT", tmp_path / "equivalent.json")
    (tmp_path / "equivalent.json").write_text("[]")
    return tmp_path


def test_a_run_tells_who_is_noticed_and_by_which_test(little):
    ledger, said = little / "ledger.jsonl", []
    before = (little / "numpy_ml_gmm" / "em.py").read_bytes()
    mutants.run(mutants.in_turn(1, ["em.py"]), ledger, 60, show=said.append)
    assert said == ["em.py:2, number\n  - UNSEEN = 2\n  + UNSEEN = (3)"]
    tried = {line["before"]: line for line in mutants.known(ledger).values()}
    assert tried["SEEN = 1"]["outcome"] == "killed"
    assert tried["SEEN = 1"]["by"] == "tests/test_em.py::test_it"
    assert tried["UNSEEN = 2"]["outcome"] == "survived"
    assert (little / "numpy_ml_gmm" / "em.py").read_bytes() == before
    assert "50 %" in mutants.report(ledger) and "UNSEEN = (3)" in mutants.report(ledger)
    reason = {key: tried["UNSEEN = 2"][key] for key in mutants.KEY} | {"why": "nobody uses it"}
    mutants.EQUIVALENT.write_text(json.dumps([reason]))
    assert "100 %" in mutants.report(ledger) and "No survivors" in mutants.report(ledger)
    (little / "numpy_ml_gmm" / "em.py").write_text("SEEN = 1\n")
    assert "1 more were tried on code that has changed since" in mutants.report(ledger)


def test_tests_that_do_not_run_without_a_mutant_notice_none(little):
    (little / "tests" / "test_em.py").write_text("import no_such_module\n")
    with pytest.raises(RuntimeError, match=r"tests/test_em.py does not run, even without a mutant"):
        mutants.run(mutants.in_turn(1, ["em.py"]), little / "ledger.jsonl", 60)
    assert not mutants.known(little / "ledger.jsonl")


def test_a_mutant_that_does_not_end_is_noticed(little, monkeypatch):
    (little / "numpy_ml_gmm" / "em.py").write_text("SEEN = 1\nwhile not SEEN:\n    pass\n")
    monkeypatch.setattr(mutants, "FACTOR", 1)
    monkeypatch.setattr(mutants, "SPARE", 1)
    endless = [m for m in mutants.in_turn(1, ["em.py"]) if m.kind == "not"]
    mutants.run(endless, little / "ledger.jsonl", 60)
    assert [line["outcome"] for line in mutants.known(little / "ledger.jsonl").values()] == [
        "too long"
    ]
