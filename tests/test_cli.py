"""The command line: what it prints, writes and refuses."""

import json
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
import zipfile

import numpy as np
import pytest

from numpy_ml_gmm import GMM, load_iris, load_old_faithful
from numpy_ml_gmm.archive import whole_file, whole_folder
from numpy_ml_gmm.cli import fitting, main, options, pictures
from numpy_ml_gmm.tables import look_like_names, read_table

FAITHFUL = load_old_faithful().X
RANGE = ["--find_num_clusters_range", "1", "4", "--data_path", "old_faithful"]
TWO = ["--n_clusters", "2", "--data_path", "old_faithful"]


def shell(*arguments, **kwargs):
    """The command line in a process of its own."""
    command = [sys.executable, "-m", "numpy_ml_gmm", *arguments]
    return subprocess.run(command, capture_output=True, text=True, **kwargs)


def refusal(capsys, *arguments, code=2):
    """The one line on stderr of a command that must fail."""
    assert main([str(word) for word in arguments]) in ((1, 2) if code is None else (code,))
    output, error = capsys.readouterr()
    assert output == "" and error.startswith("numpy_ml_gmm: error: ")
    assert error.count("\n") == 1 and "Traceback" not in error
    return error


# ---- What it prints --------------------------------------------------------------------------


def test_the_first_command_of_the_readme(tmp_path):
    done = shell(*TWO, "--plot", "faithful.png", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for text in ("2 components", "-1130.26", "weight 0.3558", "eruptions", "54.47", "BIC"):
        assert text in done.stdout
    assert "picture in faithful.png" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["faithful.png"]
    assert (tmp_path / "faithful.png").read_bytes().startswith(b"\x89PNG")


def test_minus_and_underscore_are_alike(capsys):
    assert main(TWO) == 0
    first = capsys.readouterr().out
    assert main(["--n-clusters=2", "--data-path", "old_faithful", "--max-iter=100"]) == 0
    assert capsys.readouterr().out == first


def test_a_range_prints_a_table_and_names_the_best(capsys):
    assert main(["--find_num_clusters_range", "1", "3", "--data_path", "iris"]) == 0
    output = capsys.readouterr().out
    assert "silhouette" in output and "Best by BIC (smaller is better): full with 2" in output
    assert "2 components, covariances full (VVV): converged" in output


def test_all_covariance_models(capsys):
    assert main(["--n_clusters", "2", "--covariance_type", "all", "--data_path", "iris"]) == 0
    output = capsys.readouterr().out
    assert "VEV with 2 components (561.7285)" in output and "-215.7260" in output


def test_some_covariance_models(capsys):
    assert main([*TWO, "--covariance_type", "diag, EEE ", "--criterion", "aic"]) == 0
    assert "Best by AIC (smaller is better): EEE with 2" in capsys.readouterr().out


def test_the_same_seed_prints_the_same(capsys):
    outputs = set()
    for _ in range(2):
        main([*TWO, "--seed", "7"])
        outputs.add(capsys.readouterr().out)
    assert len(outputs) == 1


def test_a_run_cut_short_is_a_note(capsys):
    assert main(["--n_clusters", "3", "--data_path", "old_faithful", "--max_iter", "2"]) == 0
    output, error = capsys.readouterr()
    assert error == ("numpy_ml_gmm: note: EM did not converge in 2 steps: raise --max_iter\n")
    assert "not converged after 2 steps" in output


def test_a_search_cut_short_is_a_note(capsys):
    assert main([*RANGE, "--max_iter", "2"]) == 0
    error = capsys.readouterr().err
    assert "fits did not converge in 2 steps: raise --max_iter\n" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("search", [["--n_clusters", "2"], ["--find_num_clusters_range", "1", "2"]])
def test_what_is_odd_in_the_data_is_a_note(tmp_path, capsys, search):
    lines = [f"{n},{a},{b},{a + b}" for n, (a, b) in enumerate(FAITHFUL)]
    path = write(tmp_path, "a.csv", "\n".join(["id,a,b,sum", *lines]))
    assert main([*search, "--data_path", str(path), "--covariance_type", "diag"]) == 0
    assert capsys.readouterr().err == (
        "numpy_ml_gmm: note: column 'id' counts up from 0 to 271 in whole numbers: is it an id? If "
        "so, drop it\n"
    )
    main([*search, "--data_path", str(path), "--covariance_type", "full,EII"])
    output, error = capsys.readouterr()
    assert "column 'sum' is a linear function of columns 'a' and 'b'" in output + error


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_help_and_version(word, capsys):
    assert main([word]) == 0
    assert "numpy_ml_gmm" in capsys.readouterr().out


# ---- What it reads ---------------------------------------------------------------------------


def write(folder, name, text):
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("mark", [",", ";", "\t", " "])
@pytest.mark.parametrize("header", [True, False])
def test_a_csv_with_any_separator(tmp_path, mark, header):
    lines = [mark.join(["eruptions", "waiting"])] * header
    lines += [mark.join(map(str, row)) for row in FAITHFUL]
    table = read_table(write(tmp_path, "a.csv", "\n".join(lines)))
    assert (table.X == FAITHFUL).all()
    assert table.names == (["eruptions", "waiting"] if header else None)


def test_a_csv_with_quotes_spaces_comments_and_decimal_commas(tmp_path):
    text = '# made by hand\n"a"; "b"\n1,5; 2\n\n-3; 4e1\n'
    table = read_table(write(tmp_path, "a.csv", text))
    assert table.names == ["a", "b"] and table.X.tolist() == [[1.5, 2], [-3, 40]]


@pytest.mark.parametrize("text", ["a,b\n1,2\n3,4\n", "1,2\n3,4\n"])
def test_a_mark_of_utf_8_at_the_beginning_belongs_to_no_cell(tmp_path, text):
    path = tmp_path / "a.csv"  # as spreadsheets save it
    path.write_bytes(text.encode("utf-8-sig"))
    table = read_table(path)
    assert table.names == (["a", "b"] if "a" in text else None)
    assert table.X.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("name", ["a,1", "a;1", "a\t1"])
def test_a_quoted_name_may_hold_a_separator(tmp_path, name):
    table = read_table(write(tmp_path, "a.csv", f'"{name}","b"\n1,2\n3,4\n'))
    assert table.names == [name, "b"] and table.X.tolist() == [[1, 2], [3, 4]]


def test_a_damaged_archive_is_one_line(tmp_path, capsys):
    path = tmp_path / "a.npz"
    np.savez(path, FAITHFUL)
    whole = path.read_bytes()
    path.write_bytes(whole[:2000] + b"x" * 30 + whole[2030:])
    assert "a.npz" in refusal(capsys, "--n_clusters", 2, "--data_path", path)


def test_arrays(tmp_path):
    np.save(tmp_path / "a.npy", FAITHFUL)
    np.savez(tmp_path / "one.npz", FAITHFUL)
    np.savez(tmp_path / "named.npz", y=np.ones(3), X=FAITHFUL)
    for name in ("a.npy", "one.npz", "named.npz"):
        assert (read_table(tmp_path / name).X == FAITHFUL).all()


def test_an_array_on_disk_is_mapped_and_not_read(tmp_path):
    np.save(tmp_path / "a.npy", FAITHFUL)
    assert isinstance(read_table(tmp_path / "a.npy").X, np.memmap)


def npy(dtype="<f8", shape="(4, 2)", data=bytes(64)):
    """The bytes of an array whose header says what it likes."""
    text = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


DAMAGED = {
    "10^18 rows": npy(shape="(1000000000000000000, 2)"),
    "10^18 columns": npy(shape="(2, 1000000000000000000)"),
    "more than 64 bits": npy(shape="(9999999999999999999, 9999999999999999999)"),
    "160 GB": npy(shape="(10000000000, 2)"),
    "one row too many": npy(shape="(5, 2)"),
    "negative": npy(shape="(-4, -2)"),
    "a damaged dtype": npy(dtype="<f8,("),
    "a dtype that is none": npy(dtype="<f3"),
    "objects": npy(dtype="|O"),
    "brackets": npy(shape="(" * 5000),
    "code": npy(shape="(__import__('os').abort(),)"),
    "cut": npy()[:20],
    "nothing": b"",
}


@pytest.mark.parametrize("case", DAMAGED)
@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_an_array_that_is_not_what_it_declares_is_one_line(tmp_path, capsys, case, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(DAMAGED[case])
    if suffix == ".npz":
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("X.npy", DAMAGED[case])
    refusal(capsys, "--n_clusters", 2, "--data_path", path, code=None)


@pytest.mark.parametrize(
    ("encoding", "guess"),
    [("latin-1", "ISO-8859-1"), ("cp1252", "ISO-8859-1"), ("utf-16", "UTF-16")],
)
def test_a_csv_in_another_encoding_is_told_with_the_remedy(tmp_path, capsys, encoding, guess):
    path = tmp_path / "a.csv"
    path.write_bytes("x,größe\n1,2\n3,5\n4,1\n".encode(encoding))
    error = refusal(capsys, "--n_clusters", 1, "--data_path", path)
    assert "line 1 is not UTF-8 text: save the table as UTF-8" in error
    converted = subprocess.run(
        ["iconv", "-f", guess, "-t", "UTF-8", path], capture_output=True, check=True
    )
    path.write_bytes(converted.stdout)
    assert read_table(path).names == ["x", "größe"]


@pytest.mark.parametrize(
    ("text", "names", "rows"),
    [
        ("a,b;c\n1,5;2\n3;4\n", ["a,b", "c"], [[1.5, 2], [3, 4]]),
        ("1,5;2,5\n3;4\n", None, [[1.5, 2.5], [3, 4]]),
        ('"a;b";"c,d"\n1,5;2\n3;4\n', ["a;b", "c,d"], [[1.5, 2], [3, 4]]),
        ("a.b;c\n1,5;2.5\n3;4\n", ["a.b", "c"], [[1.5, 2.5], [3, 4]]),
    ],
)
def test_a_decimal_comma_is_one_in_numbers_only(tmp_path, text, names, rows):
    table = read_table(write(tmp_path, "a.csv", text))
    assert table.names == names and table.X.tolist() == rows


def test_a_cell_is_shown_as_it_is_in_the_file(tmp_path, capsys):
    path = write(tmp_path, "a.csv", "a;b\n1,5;2\n1,234.5;4\n")
    assert "column 'a' holds '1,234.5'" in refusal(capsys, "--n_clusters", 1, "--data_path", path)


HEADERS = {  # of numbers, over rows that look different
    "2019,2020,2021": "1.5,2.5,3.5\n2,1,7\n4,4.5,1\n",
    "2021,2020,2019": "15,25,31\n2,10,7\n4,44,1\n",
    "2010,2015,2020": "15,25,31\n2,10,7\n4,44,1\n",
    "0,1": "15,25\n20,10\n4,44\n",
    "10,30,35": "1.5,2.5,3.5\n2.5,1,7\n4,4.5,1\n",
}


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_of_numbers_is_a_note_and_an_option(tmp_path, capsys, header):
    path = write(tmp_path, "a.csv", f"{header}\n{HEADERS[header]}")
    command = ["--n_clusters", "1", "--data_path", str(path)]
    assert main(command) == 0
    output, error = capsys.readouterr()
    assert ": 4 rows" in output
    assert f"note: the first line, {header}, is read as a row of numbers: --header makes" in error
    assert main([*command, "--header"]) == 0
    output, error = capsys.readouterr()
    assert ": 3 rows" in output and error == ""
    assert all(name in output for name in header.split(","))
    assert main([*command, "--no-header"]) == 0
    output, error = capsys.readouterr()
    assert ": 4 rows" in output and error == ""


def test_of_a_long_first_line_five_cells_are_told(tmp_path, capsys):
    for D, told in ((5, "2015,2016,2017,2018,2019, is"), (6, "2015,2016,2017,2018,2019,..., is")):
        rows = np.random.default_rng(0).normal(size=(9, D))
        lines = [range(2015, 2015 + D), *rows]
        path = write(tmp_path, "a.csv", "\n".join(",".join(map(str, line)) for line in lines))
        assert main(["--n_clusters", "1", "--data_path", str(path)]) == 0
        assert f"the first line, {told} read as a row of numbers" in capsys.readouterr().err


@pytest.mark.parametrize("first", ["3.5,2,1", "1,2,3\n4,5,6", "7,1,2"])
def test_rows_of_numbers_are_not_taken_for_a_header(tmp_path, capsys, first):
    path = write(tmp_path, "a.csv", f"{first}\n15,25,31\n2,10,7\n4,44,1\n")
    assert main(["--n_clusters", "1", "--data_path", str(path)]) == 0
    assert capsys.readouterr().err == ""


def test_a_header_with_a_number_in_it_is_told_how_to_be_one(tmp_path, capsys):
    path = write(tmp_path, "a.csv", "name,2019\n1,2\n3,5\n4,1\n")
    command = ["--n_clusters", "1", "--data_path", str(path)]
    assert "pass --header if line 1 names the columns" in refusal(capsys, *command)
    assert main([*command, "--header"]) == 0
    assert "2019" in capsys.readouterr().out
    assert "not allowed with" in refusal(capsys, *command, "--header", "--no-header")


def test_bundled_data_by_name():
    assert (read_table("iris").X == load_iris().X).all()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "x,species\n1,setosa\n2,virginica\n", "column 'species' holds 'setosa'"),
        ("a.csv", "1,2\n3,red\n", "column 2 holds 'red', not a number (line 2)"),
        ("a.csv", "x,y\n1,\n3,\n", "column 'y' has no number at all"),
        ("a.csv", "x,y\n1,2\n3,4,5\n", "line 3 has 3 cells, but the first has 2"),
        ("a.csv", "x,y\n1,2,3\n3,4,5\n", "line 2 has 3 cells, but the first has 2"),
        ("a.csv", "", "is empty"),
        ("a.csv", "x,y\n", "header but no rows"),
        ("a.xlsx", "1,2\n", "must end in .npy, .npz, .csv"),
        ("a.npy", "nonsense", "a.npy"),
        ("a.npz", "nonsense", "is not a .npz file"),
        ("a.csv", "x,y\n1,2\n3,inf\n4,4\n", "infinity"),
        ("a.csv", ",a,b\n0,1,2\n1,3,5\n", "column 1 has no name: an index is no feature"),
        ("a.csv", "x,y\n1,2\n1,3\n1,4\n", "column 'x' is constant"),
        ("a.csv", "x,y\n1,2\n3,inf\n4,4\n", "column 'y' holds infinity (row 1 is inf)"),
        (
            "a.csv",
            "x,y,z\n1,2,a\n3,,b\n4,4,c\n",
            "column 'z' holds 'a', not a number (line 2): drop the column or the row",
        ),
    ],
)
def test_a_file_that_is_no_table(tmp_path, capsys, name, text, message):
    path = write(tmp_path, name, text)
    assert message in refusal(capsys, "--n_clusters", 2, "--data_path", path)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones((4, 4, 3)), "np.reshape(X, (-1, 3))"),
        (np.ones(5), "shape (5,)"),
        (np.ones((0, 2)), "0 sample(s)"),
        (np.array([["a"]]), "numbers"),
        (np.array([[1j]]), "omplex"),
        (np.array([{}], dtype=object), "no array of numbers"),
    ],
)
def test_an_array_that_is_no_table(tmp_path, capsys, array, message):
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    assert message in refusal(capsys, "--n_clusters", 2, "--data_path", tmp_path / "a.npy")


def test_several_arrays_and_none_named_X(tmp_path, capsys):
    np.savez(tmp_path / "a.npz", a=FAITHFUL, b=FAITHFUL)
    assert "name one X" in refusal(capsys, "--n_clusters", 2, "--data_path", tmp_path / "a.npz")


# ---- What it refuses -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required"),
        (["--data_path", "iris"], "--n_clusters --find_num_clusters_range"),
        ([*TWO, "--find_num_clusters_range", "1", "2"], "not allowed with"),
        (["--n_clusters", "two", "--data_path", "iris"], "invalid int value: 'two'"),
        (["--n_clusters", "0", "--data_path", "iris"], "--n_clusters=0"),
        (["--find_num_clusters_range", "3", "2", "--data_path", "iris"], "the lower first"),
        (["--n_clusters", "2", "--data_path", "nowhere"], "'nowhere' is no file"),
        (["--n_clusters", "2", "--data_path", ""], "data_path='' is no file"),
        (["--n_clusters", "2", "--data_path", "a" * 300 + ".csv"], "is no file"),
        ([*TWO, "--out", "a" * 300], "File name too long"),
        ([*TWO, "--plot", "a" * 300 + ".png"], "File name too long"),
        ([*TWO, "--covariance_type", "round"], "covariance_type='round'"),
        ([*TWO, "--criterion", "best"], "invalid choice: 'best'"),
        ([*TWO, "--max_iter", "0"], "--max_iter=0"),
        ([*TWO, "--seed", "-1"], "--seed=-1"),
        ([*TWO, "--n_jobs", "0"], "n_jobs=0"),
        ([*TWO, "--plot", "a.doc"], "--plot a.doc must end in"),
        ([*TWO, "--plot", "no/where.png"], "there is no folder no"),
        ([*TWO, "--plot", ""], "must end in"),
        ([*TWO, "--out", __file__], "is a file"),
        ([*TWO, "--out", __file__ + "/results"], "is a file: name a folder"),
        ([*TWO, "--out", ""], "names no folder"),
        ([*TWO, "--colour", "red"], "unrecognized arguments: --colour red"),
        (["--n_clusters", "300", "--data_path", "iris"], "n_samples=150"),
    ],
)
def test_bad_usage_is_one_line_and_exit_code_2(capsys, arguments, message):
    assert message in refusal(capsys, *arguments)


def test_what_cannot_be_written_is_said_before_the_fit(tmp_path, capsys, monkeypatch):
    (tmp_path / "folder.png").mkdir()
    assert "is a folder" in refusal(capsys, *TWO, "--plot", tmp_path / "folder.png")
    monkeypatch.setattr(os, "access", lambda *_: False)
    for arguments in (["--plot", tmp_path / "a.png"], ["--out", tmp_path / "new" / "results"]):
        assert f"may not write to {tmp_path}" in refusal(capsys, *TWO, *arguments)


def test_a_picture_that_cannot_be_drawn_is_one_line(tmp_path, capsys, monkeypatch):
    def no_latex(*_, **__):
        raise RuntimeError("xelatex not found")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", no_latex)
    assert main([*TWO, "--plot", str(tmp_path / "a.pgf")]) == 2
    assert capsys.readouterr().err == "numpy_ml_gmm: error: xelatex not found\n"
    assert not list(tmp_path.iterdir())


def test_a_fit_that_fails_is_exit_code_1(capsys, monkeypatch):
    def collapse(self, X):
        if self.n_components > 1:
            raise ValueError("component 1 has collapsed")

    monkeypatch.setattr(GMM, "fit", collapse)
    assert "component 1 has collapsed" in refusal(capsys, *TWO, code=1)


def test_an_interrupt_is_exit_code_130(monkeypatch):
    def interrupt(args, X):
        raise KeyboardInterrupt

    monkeypatch.setattr(fitting, "fit", interrupt)
    assert main(TWO) == 128 + signal.SIGINT


def test_a_reader_that_leaves_is_no_traceback():
    command = [sys.executable, "-m", "numpy_ml_gmm", *TWO]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1  # a shell's pipefail sees it


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            MemoryError("Unable to allocate 7 TiB"),
            "not enough memory (Unable to allocate 7 TiB): use",
        ),
        (MemoryError(), "not enough memory (MemoryError): use fewer columns"),
        (
            ImportError("cannot map libjpeg"),
            "a library cannot be loaded, perhaps for lack of memory",
        ),
        (RuntimeError("can't start new thread"), "can't start new thread"),
        (OSError("Too many open files"), "Too many open files"),
        (KeyError("mu"), "KeyError: 'mu'. That is a mistake in numpy_ml_gmm: please report it"),
    ],
)
def test_whatever_goes_wrong_is_one_line(capsys, monkeypatch, error, message):
    def fails(args, table):
        raise error

    monkeypatch.setattr(fitting, "fit", fails)
    assert message in refusal(capsys, *TWO, code=1)


def test_memory_that_is_not_there_is_one_line(tmp_path):
    np.save(tmp_path / "wide.npy", np.random.default_rng(0).normal(size=(3, 20_000)))
    done = shell(
        *("--n_clusters", "1", "--data_path", "wide.npy"),
        cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30)),
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("numpy_ml_gmm: error: not enough memory (Unable to allocate 2.98")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [TWO, ["--help"], ["--version"]])
def test_a_full_standard_output_is_one_line_and_files_are_written(tmp_path, words):
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "numpy_ml_gmm", *words, "--out", str(tmp_path / "r")]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    error = "numpy_ml_gmm: error: standard output: [Errno 28] No space left on device\n"
    assert (done.returncode, done.stderr) == (2, error)
    assert words != TWO or (tmp_path / "r" / "model.npz").exists()


def test_closed_and_full_streams_are_no_traceback():
    command = f"{sys.executable} -m numpy_ml_gmm"
    for line, code, said in [
        (f"{command} {' '.join(TWO)} 2>&1 >&-", 0, ""),
        (f"{command} --n_clusters 2 --data_path nowhere 2>&-", 2, None),
        (f"{command} --n_clusters 2 --data_path nowhere 2>/dev/full", 2, ""),
    ]:
        done = subprocess.run(["sh", "-c", line], capture_output=True, text=True)
        assert done.returncode == code
        assert said is None or done.stdout + done.stderr == said


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_that_lacks_a_letter_gets_it_escaped(tmp_path, encoding):
    rows = "\n".join(f"{a},{b}" for a, b in FAITHFUL)
    (tmp_path / "日.csv").write_text(f"größe,日本\n{rows}\n", encoding="utf-8")
    environment = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    words = "--n_clusters", "2", "--data_path", "日.csv", "--out", "r"
    command = [sys.executable, "-m", "numpy_ml_gmm", *words]
    done = subprocess.run(command, capture_output=True, cwd=tmp_path, env=environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u65e5\\u672c" in done.stdout
    assert list(GMM.load(tmp_path / "r" / "model.npz").feature_names_in_) == ["größe", "日本"]


def test_of_many_features_the_first_are_printed(tmp_path, capsys):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).normal(size=(5, 100_000)))
    data = ["--data_path", str(tmp_path / "a.npy"), "--covariance_type", "diag"]
    assert main(["--n_clusters", "1", *data]) == 0
    output = capsys.readouterr().out
    assert "these are the first 20 of 100000 features: --out DIR writes all of them" in output
    assert "x20" in output and "x21" not in output and len(output) < 10_000


@pytest.mark.parametrize("array", [-np.inf, np.inf, 1e300])
def test_many_wrong_columns_are_counted(tmp_path, capsys, array):
    X = np.random.default_rng(0).normal(size=(3, 200_000))
    X[1, ::2] = array
    np.save(tmp_path / "a.npy", X)
    error = refusal(capsys, "--n_clusters", 1, "--data_path", tmp_path / "a.npy")
    assert "column 19 holds" in error and "and 99990 more" in error and len(error) < 2000


def test_more_clusters_than_rows_are_not_tried(tmp_path, capsys):
    np.save(tmp_path / "a.npy", FAITHFUL[:5])
    data = ["--data_path", str(tmp_path / "a.npy"), "--covariance_type", "EII"]
    assert main(["--find_num_clusters_range", "1", "1000000000", *data]) == 0
    assert (
        "note: no more than 5 clusters are tried, for there are 5 rows" in capsys.readouterr().err
    )


# ---- What it writes --------------------------------------------------------------------------


def test_out_holds_what_the_model_says(tmp_path, capsys):
    assert main([*TWO, "--out", str(tmp_path / "new" / "results")]) == 0
    folder = tmp_path / "new" / "results"
    model = GMM.load(folder / "model.npz")
    values = json.loads((folder / "parameters.json").read_text())
    assert sorted(os.listdir(folder)) == [
        "labels.txt",
        "model.npz",
        "parameters.json",
        "responsibilities.txt",
    ]
    assert (np.loadtxt(folder / "labels.txt") == model.predict(FAITHFUL)).all()
    assert (np.loadtxt(folder / "responsibilities.txt") == model.predict_proba(FAITHFUL)).all()
    assert values["means"] == model.means_.tolist()
    assert values["feature_names"] == ["eruptions", "waiting"]
    assert values["log_likelihood"] == pytest.approx(-1130.264, abs=1e-3)
    log_p, d, N = values["log_likelihood"], 1 + 2 * 2 + 2 * 3, len(FAITHFUL)
    hard = model.log_joint(FAITHFUL).max(axis=1).sum()
    assert values["n_parameters"] == d
    assert values["aic"] == pytest.approx(-2 * log_p + 2 * d)
    assert values["bic"] == pytest.approx(-2 * log_p + d * np.log(N))
    assert values["icl"] == pytest.approx(-2 * hard + d * np.log(N))
    assert values["weights"] == model.weights_.tolist()
    assert values["covariances"] == model.covariances_.tolist()
    assert (values["n_components"], values["covariance_type"]) == (2, "full")
    assert (values["converged"], values["n_iter"]) == (True, model.n_iter_)
    assert os.listdir(tmp_path / "new") == ["results"]


def test_a_second_run_replaces_results_and_keeps_other_files(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("kept")
    assert main([*TWO, "--out", str(tmp_path)]) == 0
    assert main(["--n_clusters", "3", "--data_path", "iris", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "mine.txt").read_text() == "kept"
    assert len(np.loadtxt(tmp_path / "labels.txt")) == 150


def test_a_search_leaves_its_table(tmp_path, capsys):
    assert main([*RANGE, "--out", str(tmp_path / "r")]) == 0
    assert "Best by BIC" in (tmp_path / "r" / "selection.txt").read_text()


def test_a_failure_while_writing_leaves_nothing(tmp_path):
    with pytest.raises(OSError, match="disk"), whole_folder(tmp_path / "r") as folder:
        (folder / "half.txt").write_text("half")
        raise OSError("disk full")
    with pytest.raises(OSError, match="disk"), whole_file(tmp_path / "a.png") as path:
        path.write_text("half")
        raise OSError("disk full")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("columns", [[1], [0, 1], [0, 1, 2]])
def test_a_picture_for_any_number_of_features(tmp_path, capsys, columns):
    np.save(tmp_path / "a.npy", load_iris().X[:, columns])
    data, plot = str(tmp_path / "a.npy"), tmp_path / "a.svg"
    assert main(["--n_clusters", "2", "--data_path", data, "--plot", str(plot)]) == 0
    assert "<svg" in plot.read_text()


def test_a_picture_into_a_pipe_a_hard_link_and_a_private_file(tmp_path, capsys):
    pipe, link, private = (tmp_path / f"{n}.png" for n in range(3))
    contents = []
    os.mkfifo(pipe)
    link.touch(), private.touch(mode=0o600)
    os.link(link, tmp_path / "other.png")
    reader = threading.Thread(target=lambda: contents.append(pipe.read_bytes()))
    reader.start()
    for path in (pipe, link, private):
        assert main([*TWO, "--plot", str(path)]) == 0
    reader.join()
    contents += [(tmp_path / "other.png").read_bytes(), private.read_bytes()]
    assert all(content.startswith(b"\x89PNG") for content in contents)
    assert stat.S_ISFIFO(pipe.stat().st_mode) and os.path.samefile(link, tmp_path / "other.png")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert len(os.listdir(tmp_path)) == 4


@pytest.mark.parametrize("nothing", ["", "NA", "nan", "NULL", "None", " "])
def test_an_empty_cell_is_a_missing_value(capsys, tmp_path, nothing):
    rows = [[f"{value}" for value in row] for row in load_iris().X]
    rows[3][1] = rows[70][0] = rows[70][2] = nothing
    path = tmp_path / "holes.csv"
    path.write_text("a,b,c,d\n" + "".join(",".join(row) + "\n" for row in rows))
    X = read_table(path).X
    assert np.isnan(X).sum() == 3 and np.isnan(X[[3, 70, 70], [1, 0, 2]]).all()
    assert main(["--n_clusters", "2", "--data_path", str(path)]) == 0
    assert "150 rows, 4 features" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        ([[2019, 2020, 2021], [1.5, 2.5, 0.5]], True),
        ([[2019, 2020, 2021], [1, 2, 4]], True),  # whole numbers too, but of other steps
        ([[2019, 2020, 2021], [1, 2, 3]], False),
        ([[7, 9, 4], [1.5, 2.5, 0.5]], True),  # no other row is all whole
        ([[7, 9, 4], [1.5, 2.5, 0.5], [1, 5, 2]], False),
        ([[2019.5, 2020.5], [1.5, 2.5]], False),
        ([[2019, 2020, 2021]], False),  # there is no other row
        ([[2019], [0.5]], False),  # one number is no count
    ],
)
def test_a_row_that_looks_like_names(X, expected):
    assert look_like_names(np.array(X, float)) == expected


@pytest.mark.parametrize(("D", "panels"), [(1, 1), (2, 1), (3, 9), (4, 16)])
def test_every_panel_of_a_picture_shows_something(capsys, D, panels):
    X = load_iris().X[:, :D]
    args, columns = options.parser().parse_args(TWO), list("abcd"[:D])
    axes = pictures.picture(args, GMM(2, random_state=0).fit(X), X, columns, None).axes
    assert len(axes) == panels and all(ax.has_data() for ax in axes)
    assert capsys.readouterr().err == ""  # no feature is left out
