"""Tables in pieces, at the shell: --engine dask says what is said without it."""

import csv
import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numpy_ml_gmm import load_old_faithful
from numpy_ml_gmm.cli import main
from numpy_ml_gmm.tables import read_sheet

dask = pytest.importorskip("dask")
pytest.importorskip("dask.dataframe")
pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
pieces = pytest.importorskip("numpy_ml_gmm.cli.pieces")

X = np.round(load_old_faithful().X, 3)
QUICK = ["--n_clusters", "2", "--init_params", "kmeans", "--n_init", "1", "--max_iter", "2"]
COLUMNS = ["--id", "name", "--ignore", "day", "--weights", "times"]
DASK = ["--engine", "dask"]


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(pieces, "BYTES", 2000)
    with dask.config.set(scheduler="synchronous"):
        yield


def run(*words, code=0):
    """A command that ends with this exit code."""
    assert main([str(word) for word in words]) == code


def refusal(capsys, *words, code=2):
    """The one line on stderr of a command that must fail."""
    run(*words, code=code)
    output, error = capsys.readouterr()
    assert output == "" and error.count("\n") == 1
    return error


def lines(rows=range(272)):
    """Cells with words, weights and gaps, among them one that is long and has none."""
    for n in rows:
        a, b = X[n].tolist()
        a = "" if n % 50 == 3 or 100 <= n < 190 else a
        yield [f"e{n}", a, f"d{n % 7}", b, n % 3 + 1]


HEADER = ["name", "eruptions", "day", "waiting", "times"]


def write(path, rows, mark=","):
    """Rows in a file of the kind that its name says."""
    if path.suffix == ".parquet":
        columns = [list(column) for column in zip(*rows, strict=True)]
        columns[1] = [None if a == "" else a for a in columns[1]]
        frame = pa.table(dict(zip(HEADER, columns, strict=True)))
        return pq.write_table(frame, path, row_group_size=80)
    with open(path, "w", newline="") as file:
        out = csv.writer(file, delimiter=mark, lineterminator="\n")
        text = [[str(c).replace(".", "," if mark == ";" else ".") for c in row] for row in rows]
        return out.writerows([HEADER, *text])


def table(name, tmp_path):
    """The name of a table as it is read in pieces, and as it is read at once."""
    if name in ("folder", "pattern"):
        (tmp_path / "parts").mkdir()
        write(tmp_path / "whole.csv", lines())
        for n in range(3):
            write(tmp_path / "parts" / f"p{n}.csv", lines(range(91 * n, min(272, 91 * n + 91))))
        return tmp_path / "parts" / ("*.csv" if name == "pattern" else ""), tmp_path / "whole.csv"
    write(tmp_path / name, [*lines()], {"a.tsv": "\t", "semicolons.csv": ";"}.get(name, ","))
    return tmp_path / name, tmp_path / name


def same(one, two):
    """Two texts are the same but for the last digits."""
    assert len(one) == len(two)
    for a, b in zip(one, two, strict=True):
        assert a == b or float(a.replace(",", ".")) == pytest.approx(
            float(b.replace(",", ".")), rel=1e-5
        )


def cells(text):
    """The words of a text."""
    return text.replace(";", "\t").replace("\t", " ").replace(",", " , ").split()


@pytest.mark.parametrize(
    ("name", "extra"),
    [
        ("semicolons.csv", []),
        ("a.parquet", []),
        ("a.csv", ["--dropna"]),
        ("a.tsv", ["--dropna"]),
        ("folder", ["--dropna"]),
        ("pattern", ["--dropna"]),
    ],
)
def test_each_command_says_what_it_says_of_the_whole(name, tmp_path, capsys, extra):
    lazy, whole = table(name, tmp_path)
    for source, engine, to in ((lazy, DASK, "dask"), (whole, [], "numpy")):
        (out := tmp_path / to).mkdir()
        run(source, *QUICK, *COLUMNS, *engine, *extra, "--out", out, "--labels", out / "l.csv")
        model = ["--model", out]
        run("predict", source, *engine, *extra, *model, "--out", out / "p.txt", "--mass", "0.5")
        run("score", source, *engine, *extra, *model, "--out", out / "s.csv", "--weights", "times")
        run("impute", source, *engine, *model, "--out", out / "i.csv")
        said = capsys.readouterr()
        text = (said.out + said.err).replace(str(source), "SOURCE").replace(str(out), "OUT")
        (out / "said.txt").write_text(text)
    for file in sorted(path.name for path in (tmp_path / "numpy").glob("*.[ct]*")):
        ours, theirs = ((tmp_path / to / file).read_text() for to in ("dask", "numpy"))
        same(cells(ours), cells(theirs))


def test_other_ways_to_fit(tmp_path, capsys):
    write(tmp_path / "a.parquet", [*lines()])
    found = []
    for engine in (DASK, []):
        words = [tmp_path / "a.parquet", *COLUMNS, *engine, "--json"]
        run(*words, "--find_num_clusters_range", 1, 2, *QUICK[2:], "--covariance_type", "EEI")
        search = json.loads(capsys.readouterr().out)
        words += ["--plot", tmp_path / "a.svg", "--features", "waiting"]
        run(*words, *QUICK, "--standardise", "--covariance_type", "VEV", "--dropna")
        units = json.loads(capsys.readouterr().out)
        numbers = [search["means"], units["means"], *units["covariances"]]
        criteria = [[row["bic"], row["icl"]] for row in search["selection"]]
        found.append((np.vstack([*numbers, *criteria]), search["notes"], units["notes"]))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-6)
    assert found[0][1:] == found[1][1:]


@pytest.mark.parametrize("name", ["a.parquet", "a.csv"])
def test_a_parquet_folder_has_the_columns_and_new_ones(tmp_path, name):
    write(tmp_path / name, [*lines()])
    to = tmp_path / "labels.parquet"
    to.mkdir()
    for stale in ("part-00099.parquet", "notes.txt"):
        (to / stale).write_text("old")
    run(tmp_path / name, *QUICK, *COLUMNS, *DASK, "--dropna", "--labels", to, "--quiet")
    assert not (to / "part-00099.parquet").exists()
    assert (to / "notes.txt").read_text() == "old"
    parts = [pq.read_table(path) for path in sorted(to.glob("part-*.parquet"))]
    assert len(parts) > 2 and len({part.schema for part in parts}) == 1
    frame = pa.concat_tables(parts)
    assert frame.column_names == [*HEADER, "component", "probability", "outlier"]
    assert frame["name"].to_pylist() == [f"e{n}" for n in range(272)]
    assert frame["waiting"].to_pylist() == X[:, 1].tolist()
    lost = [a is None for a in frame["eruptions"].to_pylist()]
    assert [z is None for z in frame["component"].to_pylist()] == lost and sum(lost) == 94
    run(to / "part*", *QUICK, "--columns", "eruptions,waiting", *DASK, "--quiet")


# ---- Cuts ----------------------------------------------------------------------------------------

CELLS = st.text(st.sampled_from("ab.1é\u2028#';,\t "), max_size=4).map(str.strip)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1), st.sampled_from(",;\t"), st.integers(1, 90))
def test_a_text_that_is_cut_anywhere_has_the_same_cells(tmp_path_factory, rows, mark, size):
    file = io.StringIO()
    out = csv.writer(file, delimiter=mark, lineterminator="\n")
    out.writerows([["name", "b", "c"], *([f"#{n}", *row] for n, row in enumerate(rows))])
    path = tmp_path_factory.mktemp("cut") / "a.csv"
    path.write_text("# a remark\n" + file.getvalue(), encoding="utf-8", newline="")
    whole = read_sheet(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "BYTES", size + len("# a remark\nname,b,c\n") + 30)
        sheets = [piece.sheet() for piece in pieces.texts_of([path], None)]
    assert [row for sheet in sheets for row in sheet.rows()] == list(whole.rows())
    assert [n for sheet in sheets for n in sheet.places] == list(whole.places)


def with_line(n, text):
    """A table of 400 lines, one of which is another."""
    rows = ["a,b"] + [f"{i},{i * i % 7}" for i in range(399)]
    rows[n - 1] = text
    return "\n".join(rows).encode("latin-1")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (with_line(333, "x,1"), "a.csv: column 'a' holds 'x', not a number (line 333)"),
        (with_line(333, "1,2,3"), "a.csv: line 333 has 3 cells, but the first has 2"),
        (with_line(333, "1,\xe9"), "a.csv: line 333 is not UTF-8 text"),
        (with_line(333, '1,"2'), "a.csv: a quoted cell may go on after byte"),
        (with_line(333, "-1,inf") + b"\n-7,inf\n", "from row 0 on: X must be a table of finite"),
        (b"a,b\n", "has a header but no rows"),
        (b"", "is empty"),
    ],
)
def test_what_is_wrong_has_its_line(tmp_path, capsys, content, message):
    (tmp_path / "a.csv").write_bytes(content)
    code = 1 if "finite" in message else 2
    assert message in refusal(capsys, tmp_path / "a.csv", *QUICK, *DASK, code=code)


def test_weights_and_all_wrong_pieces_are_told(tmp_path, capsys):
    rows = [*lines()]
    rows[260][4] = -1
    rows[200][3] = rows[220][3] = "late"
    write(tmp_path / "a.csv", rows)
    error = refusal(capsys, tmp_path / "a.csv", *QUICK, *COLUMNS, *DASK)
    assert "column 'waiting' holds 'late', not a number (line 202 and 1 more)" in error
    assert "and more is wrong in 1 other pieces" in error


def test_files_that_do_not_fit_together(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n3,4\n5,7\n")
    (tmp_path / "b.csv").write_text("b,a\n1,2\n")
    assert "b.csv: the columns are b, a, and not" in refusal(capsys, tmp_path, *QUICK, *DASK)
    (tmp_path / "c.tsv").write_text("a\tb\n1\t2\n")
    assert "files of several kinds" in refusal(capsys, tmp_path, *QUICK, *DASK)
    pq.write_table(pa.table({"a": [1.0][:0]}), tmp_path / "e.parquet", row_group_size=1)
    assert "no rows" in refusal(capsys, tmp_path / "e.parquet", *QUICK, *DASK)
    (tmp_path / "f.parquet").write_bytes(b"PAR1")
    assert "f.parquet: " in refusal(capsys, tmp_path / "f.parquet", *QUICK, *DASK)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["iris", *QUICK], "name a file that ends in .csv"),
        (["-", *QUICK], "name a file that ends in .csv"),
        (["a.csv.gz", *QUICK], "unpack a .gz before"),
        (["a.csv", *QUICK, "--n_jobs", "2"], "DASK_NUM_WORKERS says how many threads"),
        (["a.csv", *QUICK, "--labels", "a.csv"], "is the table that is read"),
        (["*.csv", *QUICK, "--labels", "b.csv"], "is the table that is read"),
        (["p.parquet", *QUICK, "--labels", "p.parquet"], "is the table that is read"),
        (["p.parquet/*.parquet", *QUICK, "--labels", "p.parquet"], "is the table that is read"),
        (["a.csv", *QUICK, "--labels", "f.parquet"], "is a file: name a folder"),
        (["predict", "a.csv", "--model", "m", "--json"], "holds all rows at once"),
        (["impute", "a.csv", "--model", "m", "--out", "x.parquet"], "impute writes .csv"),
    ],
)
def test_what_cannot_be_asked_for(tmp_path, capsys, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    for name in ("a.csv", "b.csv", "a.csv.gz", "f.parquet"):
        Path(name).write_text("a,b\n1,2\n2,5\n3,1\n")
    Path("p.parquet").mkdir()
    pq.write_table(pa.table({"a": X[:, 0], "b": X[:, 1]}), "p.parquet/part-00000.parquet")
    assert message in refusal(capsys, *words, *DASK)


def test_without_dask_it_says_how_to_install_it(tmp_path, capsys, monkeypatch):
    write(tmp_path / "a.csv", lines())
    monkeypatch.setitem(sys.modules, "dask.dataframe", None)
    error = refusal(capsys, tmp_path / "a.csv", *QUICK, *DASK)
    assert 'pip install "numpy_ml_gmm[dask]"' in error


def test_draws_of_one_piece_are_not_those_of_the_next(tmp_path, capsys):
    write(tmp_path / "a.csv", lines())
    run(tmp_path / "a.csv", *QUICK, *COLUMNS, *DASK, "--out", tmp_path / "m", "--quiet")
    run("impute", tmp_path / "a.csv", *DASK, "--model", tmp_path / "m", "--draws", 2, "--seed", 3)
    header, *rows = csv.reader(io.StringIO(capsys.readouterr().out))
    assert header[-1] == "draw" and len(rows) == 544
    drawn = [row[1] for row in rows if 100 <= int(row[0][1:]) < 190]
    assert len(set(drawn)) == len(drawn) == 180
