"""The commands that use a saved model, and what a fit at the shell may be told of its table."""

import csv
import gzip
import io
import itertools
import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import numpy_ml_gmm
from numpy_ml_gmm import GMM, load_iris, load_old_faithful, selection, starts, tables
from numpy_ml_gmm.cli import main, notebooks, options, pictures
from numpy_ml_gmm.tables import READERS, read_sheet, read_table

FAITHFUL, IRIS = load_old_faithful().X, load_iris().X
ROOT = Path(__file__).parents[1]
QUICK = ["--n_clusters", "2", "--init_params", "kmeans", "--n_init", "1"]


def run(*words, code=0):
    """A command that ends with this exit code."""
    assert main([str(word) for word in words]) == code


def refusal(capsys, *words, code=2):
    """The one line on stderr of a command that must fail."""
    run(*words, code=code)
    output, error = capsys.readouterr()
    assert output == "" and error.startswith("numpy_ml_gmm: error: ") and error.count("\n") == 1
    return error


def rows_of(text, delimiter=","):
    """The cells of a text, and its first line apart."""
    header, *rows = csv.reader(io.StringIO(text), delimiter=delimiter)
    return header, rows


def write_csv(path, rows):
    """Cells with commas between them, quoted where they must be."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


@pytest.fixture
def mixed(tmp_path):
    """A table with words, dates, a quoted cell over two lines, holes, weights and a constant."""
    lines = [["name", "eruptions", "day", "waiting", "remark", "times", "always"]]
    for n, (a, b) in enumerate(FAITHFUL):
        a, b = "" if n % 50 == 3 else a, "NA" if n % 70 == 5 else b
        remark = 'it said "no",\nthen #went' if n == 4 else ""
        lines.append([f"e{n}", a, f"1985-08-{n % 30 + 1:02}", b, remark, n % 3 + 1, 7])
    path = tmp_path / "mixed.csv"
    write_csv(path, lines)
    return path


ASIDE = ["--id", "name", "--ignore", "day,remark,always"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Folders of results: Old Faithful by name, iris without names, and with noise."""
    folder = tmp_path_factory.mktemp("saved")
    np.save(folder / "iris.npy", IRIS)
    data = {"faithful": "old_faithful", "iris": folder / "iris.npy", "noise": "old_faithful"}
    for name, path in data.items():
        extra = ["--noise"] if name == "noise" else []
        run(path, *QUICK, *extra, "--out", folder / name, "--quiet")
    return folder


# ---- From a table to labels ----------------------------------------------------------------------


def test_a_mixed_table_becomes_a_labelled_one_in_one_command(mixed, tmp_path, capsys):
    to = tmp_path / "labelled.csv"
    run(mixed, *QUICK, *ASIDE, "--weights", "times", "--labels", to, "--out", tmp_path / "r")
    output, error = capsys.readouterr()
    assert error == "" and "272 rows, 2 features, 10 cells missing" in output
    assert f"labels in {to}" in output
    old, new = rows_of(mixed.read_text()), rows_of(to.read_text())
    assert new[0] == [*old[0], "component", "probability", "outlier"]
    assert [row[:-3] for row in new[1]] == old[1]
    X = read_sheet(mixed).numbers([1, 3]).X
    assert np.isnan(X).sum() == 10
    model = GMM.load(tmp_path / "r" / "model.npz")
    assert list(model.feature_names_in_) == ["eruptions", "waiting"]
    assert [int(row[-3]) for row in new[1]] == model.predict(X).tolist()
    r = model.predict_proba(X).max(axis=1)
    np.testing.assert_allclose([float(row[-2]) for row in new[1]], r, rtol=1e-5)
    w = np.arange(272) % 3 + 1
    twin = GMM(2, init_params="kmeans", n_init=1, max_iter=100, random_state=0)
    twin.fit(X, sample_weight=w)
    assert model.log_likelihood_ == pytest.approx(twin.log_likelihood_)
    values = json.loads((tmp_path / "r" / "parameters.json").read_text())
    assert values["bic"] == pytest.approx(twin.bic(X, sample_weight=w))


def test_every_problem_of_a_table_is_told_at_once(mixed, tmp_path, capsys):
    rows = list(csv.reader(io.StringIO(mixed.read_text())))
    for n, row in enumerate(rows):
        row += [["count", "void"], [n, ""]][n > 0]
    rows[9][1] = "inf"
    path = tmp_path / "wrong.csv"
    write_csv(path, rows)
    error = refusal(capsys, path, *QUICK, "--weights", "tmies")
    for text in (
        "wrong.csv: ",
        "--weights names 'tmies', which is no column: did you mean 'times'?",
        "column 'name' holds 'e0', not a number (line 2)",
        "column 'day' holds '1985-08-01', not a number (line 2)",
        "column 'remark' holds 'it said",
        "then #went', not a number (line 6)",
        "(--ignore name,day,remark,always,void passes over them)",
        "column 'void' has no number at all: drop it",
        "column 'eruptions' holds infinity (row 8 is inf)",
        "column 'always' is 7.0 in every row: drop it",
    ):
        assert text in error
    rows[9][1] = "2"
    write_csv(path, rows)
    drop = "name,day,remark,always,void"
    run(path, *QUICK, "--ignore", drop)
    assert "column 'count' counts up from 1 to 272" in capsys.readouterr().err
    assert "column 'count' counts up from 1 to 272" in refusal(capsys, path, *QUICK)


@pytest.mark.parametrize(
    ("words", "features"),
    [
        (["--columns", "eruptions,waiting"], "eruptions, waiting"),
        (["--columns", "waiting", "--columns", "eruptions"], "waiting, eruptions"),
        (["--columns", "4,2"], "waiting, eruptions"),
        (["--columns", "wai*,eru*"], "waiting, eruptions"),
        (["--ignore", "1,3,5-7"], "eruptions, waiting"),
        (
            ["--ignore", "day,remark,always", "--id", "name", "--weights", "times"],
            "eruptions, waiting",
        ),
    ],
)
def test_columns_are_chosen_by_name_pattern_or_number(mixed, capsys, words, features):
    run(mixed, *QUICK, *words, "--json")
    assert json.loads(capsys.readouterr().out)["feature_names"] == features.split(", ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--columns", "wating"],
            "--columns names 'wating', which is no column: did you mean 'waiting'?",
        ),
        (
            ["--ignore", "xyz"],
            "there are 'name', 'eruptions', 'day', 'waiting', 'remark' and 2 more",
        ),
        (["--columns", "8"], "--columns names '8'"),
        (["--id", "*"], "--id names '*', which is 7 columns: name one"),
        (["--weights", "name", "--columns", "2,4"], "--weights: column 'name' holds 'e0'"),
        (
            ["--weights", "waiting", "--columns", "2"],
            "--weights: column 'waiting' holds nan in row 6",
        ),
        (["--ignore", "*"], "no column is left as a feature"),
        (["--columns", "always,2"], "column 'always' is constant"),
    ],
)
def test_wrong_columns_are_told_with_the_remedy(mixed, capsys, words, message):
    assert message in refusal(capsys, mixed, *QUICK, *words)


def test_rows_without_a_cell_are_left_out_if_asked_and_keep_their_place(mixed, tmp_path, capsys):
    run(
        mixed,
        *QUICK,
        *ASIDE,
        "--weights",
        "times",
        "--dropna",
        "--labels",
        "-",
        "--out",
        tmp_path / "r",
    )
    output, error = capsys.readouterr()
    assert error == "numpy_ml_gmm: note: 10 of 272 rows lack a cell and are left out (--dropna)\n"
    _, rows = rows_of(output)
    assert len(rows) == 272
    assert all((row[-3:] == ["", "", ""]) == (row[1] == "" or row[3] == "NA") for row in rows)
    assert len(np.loadtxt(tmp_path / "r" / "labels.txt")) == 262


def test_a_column_without_a_name_can_be_passed_over(tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_text(",a,b\n" + "".join(f"{n},{a},{b}\n" for n, (a, b) in enumerate(FAITHFUL)))
    assert "column 1 has no name" in (error := refusal(capsys, path, *QUICK))
    assert "--ignore 1 passes over it" in error
    run(path, *QUICK, "--ignore", "1", "--labels", "-")
    assert capsys.readouterr().out.startswith(",a,b,component,probability,outlier\n0,")


def test_names_with_commas_and_quotes_can_be_named(tmp_path, capsys):
    path = tmp_path / "a.csv"
    rows = [[f"x{n}", a, b] for n, (a, b) in enumerate(FAITHFUL)]
    write_csv(path, [['the "x", as said', "a", "b"], *rows])
    error = refusal(capsys, path, *QUICK)
    told = error.split("(--ignore ")[1].split(" passes")[0]
    shell = subprocess.run(f"printf %s {told}", shell=True, capture_output=True, text=True)
    run(path, *QUICK, "--ignore", shell.stdout)


def test_of_many_words_the_remedy_stays_short(tmp_path, capsys):
    path = tmp_path / "a.csv"
    rows = [[f"c{d}" for d in range(900)], *([f"word {n}"] * 900 for n in range(3))]
    write_csv(path, rows)
    error = refusal(capsys, path, *QUICK)
    assert "and 890 columns more" in error and "--columns names others" in error
    assert len(error) < 1000


def test_the_same_id_twice_is_a_note(tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "".join(f"{a},x{n // 2}\n" for n, (a, _) in enumerate(FAITHFUL)))
    run(path, *QUICK, "--id", "b")
    assert "note: --id b: 'x0' names 2 rows" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("end", "mark"), [(".csv", ","), (".tsv", "\t"), (".txt", ";"), (".csv.gz", ",")]
)
def test_the_ending_of_the_labels_says_how_they_are_written(tmp_path, capsys, end, mark):
    path, to = tmp_path / "a.csv", tmp_path / f"b{end}"
    path.write_text("a;b\n" + "".join(f"{a};{b}\n".replace(".", ",") for a, b in FAITHFUL))
    run(path, *QUICK, "--labels", to)
    content = to.read_bytes()
    text = (gzip.decompress(content) if end.endswith("gz") else content).decode()
    mark = ";" if mark == "," else mark  # a table with semicolons keeps them
    header, rows = rows_of(text, mark)
    assert header == ["a", "b", "component", "probability", "outlier"]
    assert rows[0][0] == "3,6" and all("." not in row[3] for row in rows)
    if end == ".txt":
        assert read_table(to).X.shape == (272, 5)


def test_a_table_without_a_header_stays_one(tmp_path, capsys):
    path = tmp_path / "a.txt"
    np.savetxt(path, FAITHFUL)
    run(path, *QUICK, "--labels", "-")
    assert len(list(csv.reader(io.StringIO(capsys.readouterr().out)))) == 272


def test_a_name_that_is_there_is_not_given_again(tmp_path, capsys):
    path = tmp_path / "a.csv"
    run("old_faithful", *QUICK, "--labels", path)
    run(path, *QUICK, "--columns", "1-2", "--labels", "-")
    header, _ = rows_of(capsys.readouterr().out.split("\n\n")[-1].split(f"labels in {path}\n")[-1])
    assert header[2:] == [
        *("component", "probability", "outlier"),
        *("component_2", "probability_2", "outlier_2"),
    ]


def test_responsibilities_of_all_components_on_request(saved, capsys):
    run("predict", "old_faithful", "--model", saved / "noise", "--responsibilities")
    header, rows = rows_of(capsys.readouterr().out)
    assert header[-3:] == ["probability_0", "probability_1", "probability_noise"]
    table = np.array(rows, float)
    np.testing.assert_allclose(table[:, -3:].sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(table[:, -3:].max(axis=1), table[:, 3])
    assert ((table[:, 2] == -1) == (table[:, -3:].argmax(axis=1) == 2)).all()
    assert (table[table[:, 2] == -1, 4] == 1).all()  # noise is out of place


# ---- Outliers ------------------------------------------------------------------------------------


def test_outliers_are_those_of_the_model_and_the_noise(tmp_path):
    X = np.r_[IRIS, [[9.0, 9, 9, 9]]]
    np.savetxt(tmp_path / "x.csv", X, delimiter=",", header="a,b,c,d", comments="")
    for option in [], ["--mass", "0.5"], ["--noise"]:
        out = str(tmp_path / f"labelled{len(option)}{'--noise' in option}.csv")
        fit = ["fit", str(tmp_path / "x.csv"), "--n_clusters", "3", "--labels", out, *option]
        assert main([*fit, "--out", str(tmp_path / "out"), "--quiet"]) == 0
        model = GMM.load(tmp_path / "out" / "model.npz")
        mass = 0.5 if "--mass" in option else 0.99
        expected = model.outliers(X, mass) | (model.predict(X) == -1)
        found = np.loadtxt(out, delimiter=",", skiprows=1)[:, -1]
        assert (found == expected).all() and expected.any()


# ---- A saved model -------------------------------------------------------------------------------


def test_predict_finds_the_columns_by_name(saved, tmp_path, capsys):
    run("predict", "old_faithful", "--model", saved / "faithful" / "model.npz")
    _, rows = rows_of(capsys.readouterr().out)
    path = tmp_path / "turned.tsv"
    lines = [
        ["waiting", "who", "eruptions"],
        *([b, f"n{n}", a] for n, (a, b) in enumerate(FAITHFUL)),
    ]
    path.write_text("\n".join("\t".join(map(str, line)) for line in lines))
    run("predict", path, "--model", saved / "faithful", "--out", tmp_path / "b.csv")
    turned = rows_of((tmp_path / "b.csv").read_text())[1]
    assert [row[-3:] for row in turned] == [row[-3:] for row in rows]
    model = GMM.load(saved / "faithful" / "model.npz")
    assert [int(row[2]) for row in rows] == model.predict(FAITHFUL).tolist()
    assert [int(row[2]) for row in rows] == np.loadtxt(saved / "faithful" / "labels.txt").tolist()


@pytest.mark.parametrize(
    ("text", "words", "message"),
    [
        (
            "waiting,x\n3,4\n",
            [],
            "needs column 'eruptions', but the table has columns 'waiting' and 'x'",
        ),
        ("a,b\n3,4\n", [], "needs columns 'eruptions' and 'waiting', but the table has"),
        (
            "waiting,eruptions,waiting\n3,4,5\n",
            [],
            "'waiting', which the table has twice: rename one",
        ),
        ("waiting,eruptions\n3,x\n", [], "column 'eruptions' holds 'x', not a number (line 2)"),
        ("waiting,eruptions\n3,inf\n", [], "column 'eruptions' holds infinity"),
        (
            "1,2,3\n3,5,4\n",
            [],
            "fitted to 2 features, but here are 3 columns: name as many with --columns",
        ),
    ],
)
def test_what_does_not_fit_the_model_is_told(saved, tmp_path, capsys, text, words, message):
    path = tmp_path / "a.csv"
    path.write_text(text)
    for command in ("predict", "score", "impute"):
        assert message in refusal(capsys, command, path, "--model", saved / "faithful", *words)


def test_columns_that_need_not_be_named_are_a_note(saved, capsys):
    run("score", "old_faithful", "--model", saved / "faithful", "--columns", "waiting")
    assert "note: --columns is not needed" in capsys.readouterr().err


def test_without_names_columns_go_by_their_order(saved, tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_text("\n".join(f"{a},7,{b}" for a, b in FAITHFUL))
    run("predict", path, "--model", saved / "faithful", "--columns", "1,3")
    output, error = capsys.readouterr()
    assert error == (
        "numpy_ml_gmm: note: the columns are taken in the order of the model's, not by name\n"
    )
    labels = [int(row[3]) for row in csv.reader(io.StringIO(output))]
    assert labels == GMM.load(saved / "faithful" / "model.npz").predict(FAITHFUL).tolist()
    run("predict", "iris", "--model", saved / "iris")
    assert capsys.readouterr().err == ""


def test_score_agrees_with_the_model(saved, tmp_path, capsys):
    model, to = GMM.load(saved / "faithful" / "model.npz"), tmp_path / "s.csv"
    run("score", "old_faithful", "--model", saved / "faithful", "--json", "--out", to)
    values = json.loads(capsys.readouterr().out)
    assert values["log_likelihood"] == pytest.approx(model.log_likelihood(FAITHFUL))
    assert values["mean_log_likelihood"] == pytest.approx(model.score(FAITHFUL))
    for name in ("aic", "bic", "icl"):
        assert values[name] == pytest.approx(getattr(model, name)(FAITHFUL))
    header, rows = rows_of(to.read_text())
    assert header == ["eruptions", "waiting", "log_density"]
    logs = [float(row[2]) for row in rows]
    np.testing.assert_allclose(logs, model.score_samples(FAITHFUL), rtol=1e-5)
    run("score", "old_faithful", "--model", saved / "faithful")
    assert f"{model.bic(FAITHFUL):.4f}" in capsys.readouterr().out


def test_a_weight_of_two_is_the_row_twice(saved, tmp_path, capsys):
    path = tmp_path / "a.csv"
    lines = (f"{a},{b},{n % 2 + 1}\n" for n, (a, b) in enumerate(FAITHFUL))
    path.write_text("eruptions,waiting,w\n" + "".join(lines))
    run("score", path, "--model", saved / "faithful", "--weights", "w", "--json")
    found = json.loads(capsys.readouterr().out)
    model = GMM.load(saved / "faithful" / "model.npz")
    twice = np.repeat(FAITHFUL, np.arange(272) % 2 + 1, axis=0)
    assert found["bic"] == pytest.approx(model.bic(twice))


def test_sample_draws_what_the_model_draws(saved, capsys):
    run("sample", "--model", saved / "faithful", "--n_samples", 5, "--seed", 3)
    header, rows = rows_of(capsys.readouterr().out)
    assert header == ["eruptions", "waiting", "component"]
    model = GMM.load(saved / "faithful" / "model.npz")
    model.random_state = 3
    X, z = model.sample(5)
    assert np.array(rows, float).tolist() == np.column_stack([X, z]).tolist()
    run("sample", "--model", saved / "iris", "--n_samples", 2, "--json")
    assert json.loads(capsys.readouterr().out)["columns"] == ["x1", "x2", "x3", "x4"]


def test_impute_fills_in_what_is_missing_and_nothing_else(saved, mixed, capsys):
    old = rows_of(mixed.read_text())
    run("impute", mixed, "--model", saved / "faithful")
    header, rows = rows_of(capsys.readouterr().out)
    assert header == old[0]
    model = GMM.load(saved / "faithful" / "model.npz")
    X = read_sheet(mixed).numbers([1, 3]).X
    expected = model.impute(X)
    for row, before, x, full in zip(rows, old[1], X, expected, strict=True):
        for d, j in ((1, 0), (3, 1)):
            if np.isnan(x[j]):
                assert float(row[d]) == pytest.approx(full[j])
                row[d] = before[d]
        assert row == before
    run("impute", mixed, "--model", saved / "faithful", "--draws", 2, "--seed", 1)
    header, rows = rows_of(capsys.readouterr().out)
    assert header[-1] == "draw" and [row[-1] for row in rows] == ["1"] * 272 + ["2"] * 272
    model.random_state = 1
    assert float(rows[272 + 3][1]) == pytest.approx(model.impute(X, 2)[1, 3, 0])


def test_plot_draws_with_and_without_a_table(saved, tmp_path, capsys):
    for words in (["old_faithful"], []):
        to = tmp_path / "a.svg"
        run("plot", *words, "--model", saved / "faithful", "--out", to, "--features", "waiting")
        assert "<svg" in to.read_text() and f"picture in {to}" in capsys.readouterr().out
    assert "--features names 'wait'" in refusal(
        capsys, "plot", "--model", saved / "faithful", "--out", to, "--features", "wait"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["predict", "iris"], "required: --model (predict --help shows the options)"),
        (["predict", "--model", "m.npz"], "a table is required: DATA, or --data_path DATA"),
        (["predict", "iris", "--model", "nowhere"], "--model nowhere: there is no file nowhere"),
        (["predict", "iris", "--model", __file__], "is not a model written by save"),
        (["predit", "iris"], "'predit' is neither a command (fit, predict, score, sample"),
        (["sample", "--model", "m.npz"], "required: --n_samples"),
        (["iris", "iris", *QUICK], "unrecognized arguments: iris iris"),
        (["iris", "--data_path", "iris", *QUICK], "unrecognized arguments: iris"),
        (["iris", *QUICK, "--labels", "a.xlsx"], "--labels a.xlsx must end in .csv, .tsv, .txt"),
        (["iris", *QUICK, "--labels", "no/a.csv"], "--labels no/a.csv: there is no folder no"),
        (["iris", *QUICK, "--labels", "-", "--json"], "both print to standard output"),
        (["iris", *QUICK, "--mass", "1"], "--mass 1 must lie between 0 and 1"),
        (["iris", *QUICK, "--tol", "-1"], "--tol=-1.0 must be finite and at least 0"),
        (["iris", *QUICK, "--features", "1"], "--features says what a picture shows: add --plot"),
        (["iris", *QUICK, "--init_params", "magic"], "invalid choice: 'magic'"),
    ],
)
def test_bad_usage_is_one_line(capsys, words, message):
    assert message in refusal(capsys, *words)


def test_a_table_is_not_written_over_itself(mixed, saved, capsys):
    before = mixed.read_bytes()
    message = "is the table that is read: name another file"
    assert message in refusal(capsys, mixed, *QUICK, *ASIDE, "--labels", mixed)
    words = ["impute", mixed, "--model", saved / "faithful", "--out", mixed]
    assert message in refusal(capsys, *words)
    assert mixed.read_bytes() == before


# ---- What a fit may be told ----------------------------------------------------------------------


@pytest.mark.parametrize("covariance_type", ["full", "diag", "VEI", "EVV", "tied"])
def test_standardising_changes_no_model_that_has_no_units(tmp_path, capsys, covariance_type):
    words = ["iris", *QUICK, "--covariance_type", covariance_type, "--json", "--max_iter", "1000"]
    found = []
    for more in ([], ["--standardise"]):
        run(*words, *more, "--out", tmp_path / "r")
        found.append(json.loads(capsys.readouterr().out))
        model = GMM.load(tmp_path / "r" / "model.npz")
        assert model.log_likelihood(IRIS) == pytest.approx(found[-1]["log_likelihood"])
        assert (np.loadtxt(tmp_path / "r" / "labels.txt") == model.predict(IRIS)).all()
    plain, standard = found
    assert standard["covariance_type"] == covariance_type and standard["notes"] == []
    assert standard["log_likelihood"] == pytest.approx(plain["log_likelihood"], abs=1e-3)
    np.testing.assert_allclose(standard["means"], plain["means"], rtol=1e-3)
    np.testing.assert_allclose(standard["covariances"], plain["covariances"], atol=1e-3)


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ("spherical", "VEI"),
        ("EII", "EEI"),
        ("VEV", "VVV"),
        ("EEV", "EVV"),
        ("EVE", "EVV"),
        ("VVE", "VVV"),
    ],
)
def test_a_model_with_units_is_another_in_those_of_the_table(asked, kind, capsys):
    X = IRIS * [1, 10, 100, 0.1]
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    twin = GMM(
        2, covariance_type=asked, init_params="kmeans", n_init=1, max_iter=100, random_state=0
    )
    height = twin.fit(Z).log_likelihood_ - len(X) * np.log(X.std(axis=0)).sum()
    path = io.BytesIO()
    np.save(path, X)
    sys_stdin, sys.stdin = sys.stdin, SimpleNamespace(buffer=io.BytesIO(path.getvalue()))
    try:
        run("-", *QUICK, "--covariance_type", asked, "--standardise", "--json")
    finally:
        sys.stdin = sys_stdin
    values = json.loads(capsys.readouterr().out)
    assert values["covariance_type"] == kind and f"is {kind} in the units of" in values["notes"][0]
    assert values["log_likelihood"] == pytest.approx(height, abs=1e-6)


def test_standardising_with_holes_weights_and_noise(mixed, capsys):
    words = [mixed, *QUICK, *ASIDE, "--weights", "times", "--noise", "--json"]
    found = []
    for more in ([], ["--standardise"]):
        run(*words, *more)
        found.append(json.loads(capsys.readouterr().out))
    assert found[0]["log_likelihood"] == pytest.approx(found[1]["log_likelihood"], abs=1e-3)
    assert found[0]["noise_weight"] == pytest.approx(found[1]["noise_weight"], abs=1e-3)


def test_options_reach_the_fit_and_the_search(monkeypatch, capsys):
    seen = []
    fit, select = GMM.fit, selection.select

    def watched(self, X, *args, **kwargs):
        seen.append(self.get_params())
        return fit(self, X, *args, **kwargs)

    monkeypatch.setattr(GMM, "fit", watched)
    settings = ["--tol", "1e-3", "--init_params", "kmeans", "--n_init", "3", "--noise"]
    settings += ["--conjugate_prior", "default"]
    wanted = {"tol": 1e-3, "init_params": "kmeans", "n_init": 3, "noise": True}
    wanted |= {"conjugate_prior": "default", "max_iter": 100}
    run("old_faithful", "--n_clusters", 2, *settings)
    assert seen[-1].items() >= wanted.items()
    assert "2 components and noise" in (output := capsys.readouterr().out)
    assert "noise, label -1, weight 0.1" in output

    def seen_select(*args, **kwargs):
        seen.append(kwargs)
        return select(*args, **kwargs)

    monkeypatch.setattr("numpy_ml_gmm.cli.fitting.select", seen_select)
    run("old_faithful", "--find_num_clusters_range", 1, 2, *settings)
    assert seen[-1].items() >= wanted.items()


def test_max_iter_is_that_of_the_seed():
    assert options.parser().parse_args(["--n_clusters", "2"]).max_iter == 100


# ---- For programs, and for people ----------------------------------------------------------------


def test_json_says_all_that_was_found(capsys):
    run("old_faithful", *QUICK, "--json", "--max_iter", "2")
    values = json.loads(capsys.readouterr().out)
    assert values["notes"] == ["EM did not converge in 2 steps: raise --max_iter"]
    assert values["feature_names"] == ["eruptions", "waiting"] and values["converged"] is False
    run("old_faithful", "--find_num_clusters_range", 1, 2, "--covariance_type", "EII,VVV", "--json")
    values = json.loads(capsys.readouterr().out)
    assert len(values["selection"]) == 4 and values["selection"][0]["silhouette"] is None
    assert values["bic"] == pytest.approx(min(row["bic"] for row in values["selection"]))


def test_quiet_says_nothing_but_errors_and_what_was_asked_for(tmp_path, capsys):
    run("old_faithful", *QUICK, "--quiet", "--max_iter", "2", "--out", tmp_path / "r")
    assert capsys.readouterr() == ("", "")
    run("old_faithful", *QUICK, "--quiet", "--labels", "-")
    output, error = capsys.readouterr()
    assert len(output.splitlines()) == 273 and error == ""
    assert "is no file" in refusal(capsys, "nowhere.csv", *QUICK, "--quiet")


@pytest.mark.parametrize("quiet", [[], ["--quiet"]])
def test_progress_is_shown_on_a_terminal_only(quiet):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "numpy_ml_gmm", "old_faithful", *QUICK, *quiet]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        said = b""
        while True:
            try:
                said += (part := os.read(ours, 4096))
            except OSError:  # the terminal is closed
                break
            if not part:
                break
    os.close(ours)
    assert process.returncode == 0
    assert (said == b"") == bool(quiet)
    if not quiet:
        assert b"fitting to 272 rows ..." in said and said.endswith(b"\r\x1b[K")


def test_a_reader_that_leaves_ends_a_table_quietly(saved):
    command = f"{sys.executable} -m numpy_ml_gmm sample --model {saved}/faithful --n_samples 99999"
    done = subprocess.run(f"{command} | head -n 1", shell=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("eruptions,waiting,component\n", "")


def test_help_loads_no_library():
    code = (
        "import sys; from numpy_ml_gmm.cli import main; main(['--help']);"
        "main(['predict', '--help']); print({'numpy', 'scipy', 'matplotlib'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"


def test_the_names_of_the_package_are_found_where_they_are():
    import ast

    listed = {name for names in numpy_ml_gmm.HOMES.values() for name in names}
    assert sorted(listed) == sorted(numpy_ml_gmm.__all__)
    tree = ast.parse(Path(numpy_ml_gmm.__file__).read_text("utf-8"))
    typed = {
        node.module: tuple(alias.name for alias in node.names)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
    }
    assert typed == numpy_ml_gmm.HOMES
    code = (
        "import numpy_ml_gmm as m; print(m.covariances.MODELS and m.GMM(2), hasattr(m, 'nothing'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "GMM(n_components=2) False\n"


def test_choices_that_are_spelt_out_for_a_quick_help_are_those_of_the_package():
    assert selection.CRITERIA == options.CRITERIA
    assert sorted(options.STARTS) == sorted(starts.METHODS)
    for command in options.COMMANDS:
        assert command in options.parser().format_help()
        assert options.USAGES[command] in options.parser(command).format_help()


# ---- Kinds of files ------------------------------------------------------------------------------

TEXT = "a,b\n" + "".join(f"{a},{b}\n" for a, b in FAITHFUL)


def files():
    """The same table as bytes, by ending."""
    array, arrays = io.BytesIO(), io.BytesIO()
    np.save(array, FAITHFUL)
    np.savez(arrays, X=FAITHFUL)
    content = {".npy": array.getvalue(), ".npz": arrays.getvalue(), ".csv": TEXT.encode()}
    content |= {".tsv": TEXT.replace(",", "\t").encode(), ".txt": TEXT.replace(",", " ").encode()}
    content |= {f"{end}.gz": gzip.compress(content[end]) for end in (".csv", ".tsv", ".txt")}
    if ".parquet" not in content and (polars := pytest.importorskip("polars")):
        frame = io.BytesIO()
        polars.DataFrame(dict(zip("ab", FAITHFUL.T, strict=True))).write_parquet(frame)
        content[".parquet"] = frame.getvalue()
    return content


@pytest.mark.parametrize("end", READERS)
def test_a_table_from_a_file_a_pipe_and_standard_input(tmp_path, monkeypatch, end):
    content = files()[end]
    path = tmp_path / f"a{end}"
    path.write_bytes(content)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    for source in (path, "-"):
        table = read_table(source)
        assert (table.X == FAITHFUL).all()
        assert table.names == (None if end.startswith(".np") else ["a", "b"])


def test_a_table_through_a_pipe_with_a_name():
    code = "import sys; from numpy_ml_gmm import tables as t; print(t.read_table(sys.argv[1]).X)"
    words = f"{sys.executable} -c {code!r} <(printf 'a,b\\n1,2\\n3,4\\n' | gzip)"
    done = subprocess.run(["bash", "-c", words], capture_output=True, text=True)
    assert done.stdout == "[[1. 2.]\n [3. 4.]]\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv.gz", b"a,b\n1,2\n", "a.csv.gz: is not a whole gzip file"),
        ("a.csv.gz", gzip.compress(TEXT.encode())[:-20], "a.csv.gz: is not a whole gzip file"),
        ("a.parquet", b"PAR1", "a.parquet: "),
        ("a.tsv", b"", "a.tsv: is empty"),
    ],
)
def test_damaged_files_are_one_line(tmp_path, capsys, name, content, message):
    (tmp_path / name).write_bytes(content)
    assert message in refusal(capsys, tmp_path / name, *QUICK)


def test_parquet_without_a_library_says_what_to_do(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    monkeypatch.setitem(sys.modules, "pandas", None)
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    error = refusal(capsys, tmp_path / "a.parquet", *QUICK)
    assert "reading .parquet needs polars, or pandas with pyarrow: pip install polars" in error


def test_a_parquet_file_with_dates_lists_and_holes(tmp_path, capsys):
    polars = pytest.importorskip("polars")
    X = [[*map(float, column)] for column in FAITHFUL.T]
    X[0][3] = None
    frame = polars.DataFrame({"a": X[0], "b": X[1], "list": [[1, 2]] * 272, "day": ["x,y"] * 272})
    frame.write_parquet(tmp_path / "a.parquet")
    assert "column 'list' holds '[1, 2]', not a number (row 1)" in refusal(
        capsys, tmp_path / "a.parquet", *QUICK
    )
    run(tmp_path / "a.parquet", *QUICK, "--columns", "a,b", "--labels", "-")
    header, rows = rows_of(capsys.readouterr().out)
    assert header[:4] == ["a", "b", "list", "day"] and rows[3][:4] == ["", "62.0", "[1, 2]", "x,y"]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("age (years)\n1\n2\n4\n", [["1"], ["2"], ["4"]]),
        ('a,b\n1,"x\ny"\n2,z\n', [["1", "x\ny"], ["2", "z"]]),
        ('a,b\n1,3" pipe\n2,z\n', [["1", '3" pipe'], ["2", "z"]]),
        ("#ff0000;1,5\n#00ff00;2,5\n", [["#ff0000", "1,5"], ["#00ff00", "2,5"]]),
        (
            "# by hand\na,b\n#ff,1\n# and so on, and so on, and so on\n#fe,2\n",
            [["#ff", "1"], ["#fe", "2"]],
        ),
        ("a,b\r\n1,2\r3,4\n", [["1", "2"], ["3", "4"]]),
        ("a,b\n1,x\x0by\u2028z\n", [["1", "x\x0by\u2028z"]]),
        ("a,b,c\n1,w#v,2\n", [["1", "w#v", "2"]]),
        ('a b\n "New York"   1 \n Rome 2\n', [["New York", "1"], ["Rome", "2"]]),
    ],
)
def test_texts_of_mixed_tables(tmp_path, text, rows):
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    assert list(read_sheet(path).rows()) == rows


CELLS = st.text(st.sampled_from("ab.1é\u2028#'\";,\t\n "), max_size=4).map(str.lstrip)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1), st.sampled_from(",;\t"))
def test_cells_come_back_as_they_are(rows, mark):
    rows = [[f"r{n}", *row] for n, row in enumerate(rows)]
    file = io.StringIO()
    csv.writer(file, delimiter=mark, lineterminator="\n").writerows([["name", *"abc"], *rows])
    sheet = tables.read_text_table(file.getvalue(), None)
    assert sheet.names == ["name", *"abc"] and list(sheet.rows()) == rows


def test_lines_of_other_lengths_are_counted(tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_text("# by hand\na,b\n1,2\n3\n\n4,5,6\n")
    assert "line 4 has 1 cells, but the first has 2 (2 lines differ from it)" in refusal(
        capsys, path, *QUICK
    )


# ---- Pictures ------------------------------------------------------------------------------------


@pytest.mark.parametrize("covariance_type", ["full", "diag"])
def test_of_many_features_those_that_separate_are_shown(covariance_type):
    rng = np.random.default_rng(0)
    z, X = rng.integers(3, size=600), rng.normal(size=(600, 10))
    for d, shift in ((8, 6 * z), (2, 5 * (z == 1)), (5, 4 * (z == 0))):
        X[:, d] = 10.0**d * (X[:, d] + shift)  # units are no reason
    model = GMM(3, covariance_type=covariance_type, n_init=2, random_state=0).fit(X)
    assert pictures.separating(model, 3) == [2, 5, 8]
    assert pictures.separating(GMM(1).fit(X), 3) == [0, 1, 2]  # none does


def test_a_picture_of_many_features_says_which(tmp_path, capsys):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 7)) + 5 * (np.arange(60) % 2)[:, None] * [1, 1, 1, 0, 1, 1, 1]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(",".join(map(str, x)) for x in [list("abcdefg"), *X]))
    run(path, *QUICK, "--plot", tmp_path / "a.png", "--covariance_type", "diag")
    assert capsys.readouterr().err == (
        "numpy_ml_gmm: note: the picture shows the 6 of 7 features that separate the components "
        "best, a, b, c, e, f, g: --features chooses\n"
    )
    run(
        path, *QUICK, "--plot", tmp_path / "a.svg", "--covariance_type", "diag", "--features", "d,g"
    )
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("shown", "labels"), [([1], "b"), ([3, 0], "d a"), ([2, 1, 0], "c b a")])
def test_a_picture_of_chosen_features(shown, labels):
    args, model = (
        options.parser().parse_args(["--n_clusters", "2"]),
        GMM(2, n_init=1, random_state=0),
    )
    figure = pictures.picture(args, model.fit(IRIS), IRIS, list("abcd"), shown)
    texts = {ax.get_xlabel() for ax in figure.axes} | {ax.get_ylabel() for ax in figure.axes}
    assert {*labels.split()} == texts - {"", "density"}


def test_of_many_rows_some_are_drawn(monkeypatch, capsys):
    monkeypatch.setattr(pictures, "POINTS", 100)
    args, model = (
        options.parser().parse_args(["--n_clusters", "2"]),
        GMM(2, n_init=1, random_state=0),
    )
    figure = pictures.picture(args, model.fit(FAITHFUL), FAITHFUL, ["a", "b"], None)
    assert len(figure.axes[0].collections[0].get_offsets()) == 100
    assert "note: the picture shows 100 of the rows" in capsys.readouterr().err


# ---- Notebooks -----------------------------------------------------------------------------------


def test_tutorials_are_copied_and_nobodys_file_is_lost(tmp_path, capsys):
    to = tmp_path / "course"
    run("tutorials", to)
    assert f"notebooks copied from {ROOT / 'tutorials'} to {to}" in capsys.readouterr().out
    found = sorted(str(path.relative_to(to)) for path in to.rglob("*.ipynb"))
    notebooks_here = itertools.chain(*((ROOT / "tutorials").glob(p) for p in notebooks.PATTERNS))
    assert found == sorted(str(path.relative_to(ROOT / "tutorials")) for path in notebooks_here)
    mine = to / found[0]
    mine.write_text("mine")
    (to / found[1]).unlink()
    run("tutorials", to)
    output, error = capsys.readouterr()
    assert mine.read_text() == "mine" and (to / found[1]).exists()
    assert f"note: kept what is there and not the same ({found[0]}): --overwrite" in error
    assert output.startswith("1 notebooks copied")
    run("tutorials", to, "--overwrite", "--solutions", "--quiet")
    assert mine.read_bytes() == (ROOT / "tutorials" / found[0]).read_bytes()
    assert len(list((to / "exercises" / "solutions").iterdir())) > 5
    assert "is a file: name a folder" in refusal(capsys, "tutorials", mine)


def test_tutorials_come_out_of_an_installed_package(tmp_path, monkeypatch, capsys):
    inside = tmp_path / "numpy_ml_gmm"
    shutil.copytree(ROOT / "tutorials", inside / "tutorials")
    monkeypatch.setattr(notebooks, "PACKAGE", inside)
    run("tutorials", tmp_path / "course")
    output = capsys.readouterr().out
    assert f"copied from {inside / 'tutorials'}" in output and "checkout" not in output
    shutil.rmtree(inside)
    assert "there are no notebooks" in refusal(capsys, "tutorials", tmp_path / "course")


def test_the_wheel_is_told_to_hold_the_notebooks():
    import configparser

    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    package, folder = config["options"]["package_dir"].strip().split(" = ")
    assert package in config["options"]["packages"].split()
    patterns = config["options.package_data"][package].split(", ")
    held = {path for pattern in patterns for path in (ROOT / folder).glob(pattern)}
    assert held == set((ROOT / "tutorials").rglob("*.ipynb"))
