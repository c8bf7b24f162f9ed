"""What is read from files is checked; what is written is whole, or not there."""

import io
import json
import os
import stat
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from problems import NAMES, random_model

from numpy_ml_gmm import GMM, load_iris, load_old_faithful, select, writing
from numpy_ml_gmm.archive import RESULTS, whole_folder, write_results
from numpy_ml_gmm.modules import GMMModule, MarkovModule, Module, Observation
from numpy_ml_gmm.writing import PREFIX

DATA = Path(__file__).parent / "data"
FAITHFUL, IRIS = load_old_faithful().X, load_iris().X
PLAIN = {"random_state": 0, "n_init": 1, "max_iter": 5, "tol": 0}


def members(path):
    """The arrays of a saved model, and its header as a dict."""
    with np.load(path) as file:
        arrays = dict(file)
    return arrays, json.loads(str(arrays.pop("header")))


def edit(path, values=None, drop=(), old=False, **arrays):
    """Change plain values and arrays in a saved model; ``format_`` and ``class_`` too.

    ``old`` makes it one of version 0.1, which did not list its arrays.
    """
    found, header = members(path)
    listed = set(header.pop("arrays"))
    for name in ("format", "class"):
        header[name] = (values or {}).pop(f"{name}_", header[name])
    header["values"] |= values or {}
    for name in {*(values or {})} & {*found}:
        del found[name]
    for name in drop:
        header["values"].pop(name, None), found.pop(name, None)
    if not old:
        header["arrays"] = sorted(listed - {*(values or {})})
    np.savez(path, header=np.array(json.dumps(header)), **found | arrays)


@pytest.fixture
def saved(tmp_path):
    """The path of a model with two components and two features."""
    path = tmp_path / "model.npz"
    model = GMM(2, **PLAIN).fit(FAITHFUL)
    model.class_labels_ = np.array([3, 1])
    model.save(path)
    return path


# ---- Models of earlier versions, and of this one -------------------------------------------------


@pytest.mark.parametrize("name", ["model_first.npz", "model_0_1.npz"])
def test_a_file_of_an_earlier_version_loads_for_ever(name):
    model = GMM.load(DATA / name)
    assert (model.n_components, model.covariance_type) == (2, "VEV")
    assert list(model.feature_names_in_) == ["eruptions", "waiting"]
    assert model.log_likelihood(FAITHFUL) == pytest.approx(model.log_likelihood_, rel=1e-9)
    np.testing.assert_allclose(model.means_, [[2.04, 54.49], [4.29, 79.98]], atol=0.01)


def test_a_chain_of_an_earlier_version_loads_for_ever(tmp_path):
    (tmp_path / "model.npz").write_bytes((DATA / "markov_0_1.npz").read_bytes())
    chain = recognising(tmp_path)
    chain.update()
    np.testing.assert_array_equal(chain.transitions, [[0.9, 0.1], [0.3, 0.7]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NAMES)
def test_what_any_model_saves_it_loads(tmp_path, name, dtype):
    fitted = GMM(3, covariance_type=name, **PLAIN).fit(IRIS.astype(dtype))
    for model in (fitted, GMM(3, covariance_type=name), random_model(name, 3, 4, seed=1)):
        model.save(tmp_path / "model.npz")
        loaded = GMM.load(tmp_path / "model.npz")
        assert vars(loaded).keys() == vars(model).keys()
        for key, value in vars(model).items():
            np.testing.assert_array_equal(getattr(loaded, key), value)
            assert np.asarray(getattr(loaded, key)).dtype == np.asarray(value).dtype


def test_a_diagonal_model_of_many_features_is_not_made_a_matrix(tmp_path):
    D = 20_000
    model = GMM.from_parameters([1], np.zeros((1, D)), np.ones((1, D)), covariance_type="diag")
    model.save(tmp_path / "model.npz")
    assert GMM.load(tmp_path / "model.npz").means_.shape == (1, D)


def test_the_best_of_a_table_is_saved_and_loaded(tmp_path):
    best = select(IRIS, [1, 2], ["all"], max_iter=20).best
    best.save(tmp_path / "model.npz")
    loaded = GMM.load(tmp_path / "model.npz")
    np.testing.assert_array_equal(loaded.predict(IRIS), best.predict(IRIS))


# ---- Models that somebody has edited -------------------------------------------------------------

EYES = np.array([np.eye(2)] * 2)
EDITED = {
    "weights of 5": ({"weights_": np.array([2.0, 3.0])}, {}, "weights = .* sum to 1"),
    "weights below 0": ({"weights_": np.array([1.5, -0.5])}, {}, "weights = .* at least 0"),
    "nan weights": ({"weights_": np.array([np.nan, 0.5])}, {}, "weights"),
    "one weight": ({"weights_": np.ones(1)}, {}, r"weights_ has shape \(1,\), expected \(2,\)"),
    "huge weights": ({"weights_": np.full(2, 1e308)}, {}, "weights = .* sum to 1"),
    "text as weights": ({"weights_": np.array(["a", "b"])}, {}, "holds <U1"),
    "infinite means": ({"means_": np.full((2, 2), np.inf)}, {}, "means_.* is inf"),
    "whole means": ({"means_": np.eye(2, dtype=int)}, {}, "means_ holds int64: set it to floats"),
    "means of others": ({"means_": np.eye(3)}, {}, r"means_ has shape \(3, 3\)"),
    "nan covariances": ({"covariances_": EYES * np.nan}, {}, "covariances holds nan"),
    "negative": ({"covariances_": -EYES}, {}, "not symmetric positive definite"),
    "asymmetric": ({"covariances_": EYES + np.eye(2, k=1)}, {}, "not symmetric"),
    "huge": (
        {"covariances_": EYES + 1e308 * (np.eye(2, k=1) - np.eye(2, k=-1))},
        {},
        "not symmetric",
    ),
    "one covariance": ({"covariances_": EYES[:1]}, {}, r"covariances_ has shape \(1, 2, 2\)"),
    "seven components": ({}, {"n_components": 7}, r"shape \(2,\), expected \(7,\)"),
    "2.0 components": ({}, {"n_components": 2.0}, "n_components=2.0 must be a whole number"),
    "True components": ({}, {"n_components": True}, "n_components=True must be a whole number"),
    "five features": ({}, {"n_features_in_": 5}, "expected"),
    "2.0 features": ({}, {"n_features_in_": 2.0}, "n_features_in_=2.0 must be a whole number"),
    "another type": ({}, {"covariance_type": "round"}, "covariance_type='round' is not known"),
    "a type of no model": ({}, {"_fitted_type": "round"}, "covariance_type='round' is not known"),
    "a type of other shape": ({}, {"covariance_type": "diag"}, "covariance_type='full', but now"),
    "a list as type": ({}, {"covariance_type": ["full"]}, "is not known"),
    "a flag as text": ({}, {"warm_start": "no"}, "warm_start='no' must be True or False"),
    "negative tol": ({}, {"tol": -1}, "tol=-1"),
    "tol as text": ({}, {"tol": "small"}, "tol='small'"),
    "no restart": ({}, {"n_init": 0}, "n_init=0"),
    "no thread": ({}, {"n_jobs": 0}, "n_jobs=0"),
    "a bad seed": ({}, {"random_state": "seven"}, "random_state='seven'"),
    "names of three": ({"feature_names_in_": np.array(["a", "b", "c"])}, {}, r"shape \(3,\)"),
    "numbers as names": ({"feature_names_in_": np.ones(2)}, {}, "must be texts"),
    "labels of half": ({"class_labels_": np.array([0.5, 1])}, {}, "class_labels_=.* whole numbers"),
    "three labels": ({"class_labels_": np.arange(3)}, {}, r"class_labels_ has shape \(3,\)"),
    "labels in a list": ({}, {"class_labels_": "ab"}, "class_labels_='ab' must be whole numbers"),
    "a likelihood as text": ({}, {"log_likelihood_": "high"}, "log_likelihood_='high'"),
    "converged as text": ({}, {"converged_": "yes"}, "converged_='yes'"),
    "a history of one": ({}, {"history_": [1.0]}, "history_"),
    "steps as text": ({}, {"n_iter_": "5"}, "n_iter_='5'"),
    "an object": ({}, {"tol": {"a": 1}}, "'tol' is a JSON object"),
    "of the future": ({}, {"format_": 2}, "of format 2, which a newer version .* update"),
    "format of text": ({}, {"format_": "1"}, "its format is '1', not 1"),
    "of another class": ({}, {"class_": "HMM"}, "holds HMM, expected GMM"),
}
SHADOWS = ["predict", "fit", "__class__", "__dict__", "theta", "mode", "_check_rows", "_results"]


@pytest.mark.parametrize("case", EDITED)
def test_an_edited_model_is_refused(saved, case):
    arrays, values, message = EDITED[case]
    edit(saved, dict(values), **arrays)
    with pytest.raises(ValueError, match=f"{saved.name} .*{message}"):
        GMM.load(saved)


@pytest.mark.parametrize("name", SHADOWS)
@pytest.mark.parametrize("as_array", [True, False])
def test_only_known_names_are_taken(saved, name, as_array):
    edit(saved, None if as_array else {name: 1}, **{name: np.ones(2)} if as_array else {})
    with pytest.raises(ValueError, match=f"it holds '{name}', which no model has"):
        GMM.load(saved)


@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize(
    "names",
    [
        *(["weights_"], ["means_"], ["covariances_"], ["n_features_in_"]),
        ["weights_", "means_", "covariances_"],
    ],
)
def test_a_model_without_a_part_is_refused(saved, names, old):
    edit(saved, drop=names, old=old)
    with pytest.raises(ValueError, match=r"model.npz"):
        GMM.load(saved)


def test_an_array_that_may_be_missing_is_missed_if_it_was_there(saved):
    edit(saved, drop=["class_labels_"])
    with pytest.raises(ValueError, match="it has lost 'class_labels_'"):
        GMM.load(saved)


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_components": 7},
        {"means_": np.eye(3)},
        {"mine": 1},
        {"feature_names_in_": np.array(["a"])},
    ],
)
def test_save_refuses_what_load_would(saved, wrong):
    before, model = saved.read_bytes(), GMM.load(saved)
    vars(model).update(wrong)
    with pytest.raises((TypeError, ValueError), match=f"{next(iter(wrong))}"):
        model.save(saved)
    assert saved.read_bytes() == before


# ---- Bytes that declare what is not there --------------------------------------------------------


def npy(dtype="<f8", shape="(2,)", data=b""):
    """The bytes of an array whose header says what it likes."""
    text = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


def rewrite(path, member, data, method=zipfile.ZIP_STORED):
    """Replace one member of a zip file by these bytes."""
    with zipfile.ZipFile(path) as file:
        contents = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in (contents | {member: data}).items():
            file.writestr(name, content)


def peak_of_load(path):
    """What loading raises, and the most memory that it needs in bytes, by Python's own count."""
    import tracemalloc

    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="is not a model") as caught:
            GMM.load(path)
        return str(caught.value), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


DECLARED = {
    "8 GB": npy(shape="(1000000000,)"),
    "10^18 rows": npy(shape="(1000000000000000000, 2)"),
    "more than 64 bits": npy(shape="(9999999999999999999, 9999999999999999999)"),
    "less than there is": npy(shape="(1,)", data=bytes(16)),
    "a damaged dtype": npy(dtype="<f8,("),
    "a dtype that is none": npy(dtype="<f3"),
    "objects": npy(dtype="|O"),
    "records": npy(dtype="<f8,<f8"),
    "a negative axis": npy(shape="(-1, -2)", data=bytes(16)),
    "Python 2": npy(shape="(2L,)", data=bytes(16)),
    "code": npy(shape="(__import__('os').abort(),)"),
    "nothing": b"",
    "no array": b"hello",
    "digits": npy(shape="(" + "1" * 900),
    "brackets": npy(shape="(" * 900),
}


@pytest.mark.parametrize("case", DECLARED)
@pytest.mark.parametrize("member", ["weights_.npy", "means_init.npy"])
def test_an_array_that_is_not_what_it_declares_is_refused(saved, case, member):
    rewrite(saved, member, DECLARED[case])
    _, peak = peak_of_load(saved)
    assert peak < 1e6


def test_a_file_that_unpacks_to_a_thousand_times_its_size_is_refused(saved):
    many = io.BytesIO()
    np.save(many, np.zeros(20_000_000))
    rewrite(saved, "means_init.npy", many.getvalue(), zipfile.ZIP_DEFLATED)
    assert saved.stat().st_size < 1e6
    message, peak = peak_of_load(saved)
    assert "is compressed, which save never does" in message and peak < 1e6


def test_an_array_of_the_wrong_shape_is_not_read(saved):
    many = io.BytesIO()
    np.save(many, np.zeros((1_000_000, 2, 2)))
    rewrite(saved, "covariances_.npy", many.getvalue())
    message, peak = peak_of_load(saved)
    assert "covariances_ has shape (1000000, 2, 2), expected (2, 2, 2)" in message and peak < 1e6


@pytest.mark.parametrize(
    "text",
    ["[" * 200_000, '{"a":' * 100_000, "null", "7", '{"format": 1, "class": "GMM", "values": [1]}'],
)
def test_a_header_that_is_no_header_is_refused(saved, text):
    arrays, _ = members(saved)
    np.savez(saved, header=np.array(text), **arrays)
    with pytest.raises(ValueError, match="is not a model"):
        GMM.load(saved)


def test_a_value_that_is_an_array_too_is_refused(saved):
    arrays, header = members(saved)
    header["values"]["weights_"] = [0.5, 0.5]
    np.savez(saved, header=np.array(json.dumps(header)), **arrays)
    with pytest.raises(ValueError, match="it holds 'weights_' twice"):
        GMM.load(saved)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice_is_refused(saved):
    with zipfile.ZipFile(saved, "a") as file:
        file.writestr("weights_.npy", npy(data=bytes(16)))
    with pytest.raises(ValueError, match="overlap"):
        GMM.load(saved)


def test_a_flipped_bit_is_refused_or_changes_nothing(saved):
    whole, rng = saved.read_bytes(), np.random.default_rng(0)
    wanted = GMM.load(saved)
    for place in rng.integers(0, len(whole), size=400):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << rng.integers(8)
        saved.write_bytes(flipped)
        try:
            model = GMM.load(saved)
        except ValueError:
            continue
        for key, value in vars(wanted).items():
            np.testing.assert_array_equal(getattr(model, key), value)


@pytest.mark.parametrize("path", [3, True, None, 2.5, ["model.npz"]])
def test_a_number_is_no_path_and_its_file_stays_open(saved, path):
    open_file = os.open(saved, os.O_RDONLY)
    for call in (GMM.load, GMM.load(saved).save):
        with pytest.raises(TypeError, match=r"path=.* must be the name of a file"):
            call(open_file if path == 3 else path)
    os.close(open_file)  # an OSError if it was closed


def test_a_folder_and_a_missing_file_are_told_as_the_system_tells_them(tmp_path):
    with pytest.raises(IsADirectoryError):
        GMM.load(tmp_path)
    with pytest.raises(FileNotFoundError):
        GMM.load(tmp_path / "missing.npz")


# ---- The file of a chain -------------------------------------------------------------------------

CHAIN = {"weights": [0.5, 0.5], "transitions": [[0.9, 0.1], [0.2, 0.8]], "initial": [0.5, 0.5]}
OF_THREE = {name: np.full((3,) * np.ndim(value), 1 / 3) for name, value in CHAIN.items()}


def recognising(folder):
    """A chain that recognises with the file in a folder."""
    chain = MarkovModule(directory=folder, load_dir=folder)
    chain.connect(Observation([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9]]))
    return chain


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"transitions": np.full((2, 2), np.nan)}, "transitions = .* sum to 1"),
        ({"transitions": [[0.9, 0.9], [0.2, 0.8]]}, "transitions = .* sum to 1"),
        ({"transitions": [[1.5, -0.5], [0.2, 0.8]]}, "transitions = .* at least 0"),
        ({"transitions": [[0.9, 0.1]]}, r"transitions has shape \(1, 2\), expected \(2, 2\)"),
        ({"initial": [0.5, 0.6]}, "initial = .* sum to 1"),
        ({"weights": [2.0, 3.0]}, "weights = .* sum to 1"),
        ({"weights": ["a", "b"]}, "weights holds <U1"),
        ({"weights": 1.0}, "expected"),
        (OF_THREE, "it has 3 classes, but Pdz 2"),
        ({"mode": "learn"}, "it holds 'mode', which no model has"),
        ({"update": [1.0]}, "it holds 'update', which no model has"),
    ],
)
def test_an_edited_chain_is_refused_and_sends_nothing(tmp_path, wrong, message):
    np.savez(tmp_path / "model.npz", **CHAIN | wrong)
    chain = recognising(tmp_path)
    with pytest.raises(ValueError, match=f"model.npz .*{message}"):
        chain.update()
    assert chain.get_forward_msg() is None and chain._below[0].get_backward_msg() is None
    assert os.listdir(tmp_path) == ["model.npz"]


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04"])
def test_a_damaged_chain_is_told_and_its_file_closed(tmp_path, content):
    (tmp_path / "model.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"model.npz is not a model written by save"):
        recognising(tmp_path).update()  # an open file would be a ResourceWarning, an error here


def test_a_chain_without_a_part_and_a_mixture_are_no_chain(tmp_path, saved):
    with pytest.raises(ValueError, match="holds GMM, expected MarkovModule"):
        recognising(tmp_path).update()
    np.savez(saved, weights=CHAIN["weights"], initial=CHAIN["initial"])
    with pytest.raises(ValueError, match="holds no 'transitions': learn again"):
        recognising(tmp_path).update()


def test_a_mixture_that_somebody_edited_names_no_classes(tmp_path):
    Module.reset_count()
    learns = GMMModule(2, directory=tmp_path, random_state=0, category=[5, 5, 9, 9])
    obs = Observation([[0.0], [0.1], [5.0], [5.2]])
    learns.connect(obs)
    learns.update()
    edit(learns.folder / "model.npz", class_labels_=np.array([np.nan, 1]))
    again = GMMModule(2, directory=tmp_path, load_dir=learns.folder)
    again.connect(obs)
    with pytest.raises(ValueError, match="class_labels_"):
        again.update()
    assert again.get_forward_msg() is None and not again.folder.exists()


# ---- Writing a file ------------------------------------------------------------------------------


def a_model(seed=0):
    """A small model, without a fit."""
    return random_model("full", 2, 2, seed)


def litter(folder):
    """The scratch folders in a folder."""
    return [name for name in os.listdir(folder) if name.startswith(PREFIX)]


@pytest.mark.parametrize("how", ["named", "by descriptor"])
def test_a_pipe_gets_the_content_and_stays_a_pipe(tmp_path, how):
    path, contents = tmp_path / "pipe.npz", []
    os.mkfifo(path)
    end, start = os.pipe()

    def read():
        with open(path if how == "named" else end, "rb") as pipe:
            contents.append(pipe.read())

    reader = threading.Thread(target=read)
    reader.start()
    a_model().save(path if how == "named" else f"/dev/fd/{start}")
    os.close(start)
    reader.join()
    if how == "named":
        os.close(end)
    (tmp_path / "model.npz").write_bytes(contents[0])
    assert (GMM.load(tmp_path / "model.npz").means_ == a_model().means_).all()
    assert stat.S_ISFIFO(path.stat().st_mode) and not litter(tmp_path)


def test_a_hard_link_stays_one(tmp_path):
    one, two = tmp_path / "one.npz", tmp_path / "two.npz"
    a_model(seed=1).save(one)
    os.link(one, two)
    a_model(seed=2).save(one)
    assert os.path.samefile(one, two)
    assert (GMM.load(two).means_ == a_model(seed=2).means_).all()
    assert sorted(os.listdir(tmp_path)) == ["one.npz", "two.npz"]


def test_a_hard_link_has_its_old_content_again_after_an_error(tmp_path, monkeypatch):
    one, pour = tmp_path / "one.npz", writing.pour
    a_model(seed=1).save(one)
    os.link(one, tmp_path / "two.npz")
    before = one.read_bytes()

    def full_disk(source, target):
        monkeypatch.setattr(writing, "pour", pour)
        Path(target).write_bytes(Path(source).read_bytes()[:100])
        raise OSError("No space left on device")

    monkeypatch.setattr(writing, "pour", full_disk)
    with pytest.raises(OSError, match="No space"):
        a_model(seed=2).save(one)
    assert (tmp_path / "two.npz").read_bytes() == before
    assert os.path.samefile(one, tmp_path / "two.npz")


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o4755])
def test_a_file_keeps_its_mode_and_a_new_one_has_the_usual(tmp_path, mode):
    path, plain = tmp_path / "model.npz", tmp_path / "plain"
    plain.touch()
    a_model().save(path)
    assert path.stat().st_mode == plain.stat().st_mode
    path.chmod(mode)
    a_model(seed=1).save(path)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_file_that_may_not_be_written_is_kept(tmp_path, monkeypatch):
    path = tmp_path / "model.npz"
    a_model().save(path)
    before = path.read_bytes()
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(PermissionError, match=r"model.npz may not be written to"):
        a_model(seed=1).save(path)
    assert path.read_bytes() == before


def test_four_threads_may_save_one_path(tmp_path):
    path, errors = tmp_path / "model.npz", []

    def save(seed):
        try:
            for _ in range(25):
                a_model(seed).save(path)
                GMM.load(path)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=save, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == [] and os.listdir(tmp_path) == ["model.npz"]


@pytest.mark.parametrize("name", ["a" * 250, "a" * 246 + ".npz", "ä" * 120 + ".npz", ".npz", "new"])
@pytest.mark.parametrize("as_bytes", [True, False])
def test_any_name_will_do(tmp_path, name, as_bytes):
    path = os.fsencode(tmp_path / name) if as_bytes else str(tmp_path / name)
    for seed in range(2):
        a_model(seed).save(path)
        assert (GMM.load(path).means_ == a_model(seed).means_).all()
    assert os.listdir(tmp_path) == [name]
    with whole_folder(os.fsencode(tmp_path / f"f{name[1:]}")) as folder:
        (folder / "file").touch()
    assert sorted(os.listdir(tmp_path)) == sorted([name, f"f{name[1:]}"])


KILLED = """
import sys, time
from numpy_ml_gmm.writing import whole_file, whole_folder
with {call}(sys.argv[1]) as path:
    (path / "file" if {folder} else path).write_text("half")
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("call", ["whole_file", "whole_folder"])
def test_the_next_write_removes_what_a_killed_one_left(tmp_path, call):
    code = KILLED.format(call=call, folder=call == "whole_folder")
    command = [sys.executable, "-c", code, str(tmp_path / "a")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        a_model().save(tmp_path / "model.npz")
        assert len(litter(tmp_path)) == 1  # that process lives
        process.kill()
    a_model().save(tmp_path / "model.npz")
    assert os.listdir(tmp_path) == ["model.npz"]


# ---- Writing a folder ----------------------------------------------------------------------------

OLD = {"a.txt": "old a", "b.txt": "old b", "stale.txt": "old", "mine.txt": "mine"}
NEW = {"a.txt": "new a", "b.txt": "new b", "c.txt": "new c", "mine.txt": "mine"}
WAYS = ["one step", "two steps", "file by file"]


def prepare(folder, way):
    """A folder with results of an earlier run, a file of somebody's own, perhaps a subfolder."""
    folder.mkdir(parents=True)
    for name, text in OLD.items():
        (folder / name).write_text(text)
    if way == "file by file":
        (folder / "sub").mkdir()
        (folder / "sub" / "deep.txt").write_text("deep")


def found(folder):
    """The text of each file in a folder; a subfolder must be there whole."""
    files = {path.name: path for path in folder.iterdir()}
    if sub := files.pop("sub", None):
        assert (sub / "deep.txt").read_text() == "deep"
    return {name: path.read_text() for name, path in files.items()}


def renew(folder):
    """Write the results of a new run."""
    with whole_folder(folder, outdated=["a.txt", "b.txt", "c.txt", "stale.txt"]) as to:
        for name in ("a.txt", "b.txt", "c.txt"):
            (to / name).write_text(NEW[name])


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    """How the system lets folders be exchanged."""
    if request.param == "two steps":
        monkeypatch.setattr(writing, "exchanged_in_one_step", lambda a, b: False)
    return request.param


def test_folders_that_are_not_there_are_made(tmp_path):
    renew(tmp_path / "a" / "b" / "r")
    written = {name: text for name, text in NEW.items() if name != "mine.txt"}
    assert found(tmp_path / "a" / "b" / "r") == written
    assert os.listdir(tmp_path / "a" / "b") == ["r"]


def test_new_results_replace_old_ones_and_keep_what_is_not_theirs(tmp_path, way):
    prepare(tmp_path / "r", way)
    (tmp_path / "r").chmod(0o750)
    (tmp_path / "r" / "a.txt").chmod(0o600)
    renew(tmp_path / "r")
    assert found(tmp_path / "r") == NEW and os.listdir(tmp_path) == ["r"]
    assert stat.S_IMODE((tmp_path / "r").stat().st_mode) == 0o750
    assert stat.S_IMODE((tmp_path / "r" / "a.txt").stat().st_mode) == 0o600


def interrupted(call, step, how):
    """Run ``call`` until so many lines of writing.py have run, then ``how``; whether it ended."""
    left = [step]

    def trace(frame, event, _):
        if frame.f_code.co_filename != writing.__file__:
            return None
        if event == "line":
            left[0] -= 1
            if left[0] == 0:
                sys.settrace(None)
                how()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return left[0] > 0


def test_an_interrupt_anywhere_leaves_all_old_or_all_new(tmp_path, way):
    def interrupt():
        raise KeyboardInterrupt

    outcomes, step, done = [], 0, False
    while not done:
        step += 1
        folder = tmp_path / str(step) / "r"
        prepare(folder, way)
        try:
            done = interrupted(lambda folder=folder: renew(folder), step, interrupt)
        except KeyboardInterrupt:
            outcomes.append(found(folder))
            assert outcomes[-1] in (OLD, NEW), step
            renew(folder)
        assert found(folder) == NEW
    assert OLD in outcomes and NEW in outcomes and step > 40


def test_an_interrupt_just_after_the_last_step_is_an_interrupt(tmp_path, monkeypatch):
    def rename(self, target):
        os.rename(self, target)
        if Path(target) == tmp_path / "r":
            raise KeyboardInterrupt

    prepare(tmp_path / "r", "two steps")
    monkeypatch.setattr(writing, "exchanged_in_one_step", lambda a, b: False)
    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(KeyboardInterrupt):
        renew(tmp_path / "r")
    assert found(tmp_path / "r") == NEW and os.listdir(tmp_path) == ["r"]


KILLS = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_files import NEW, OLD, found, interrupted, prepare, renew, writing
top, way = Path(sys.argv[1]), sys.argv[3]
if way == "two steps":
    writing.exchanged_in_one_step = lambda a, b: False
step, done = 0, False
while not done:
    step += 1
    folder = top / str(step) / "r"
    prepare(folder, way)
    pid = os.fork()
    if pid == 0:
        interrupted(lambda: renew(folder), step, lambda: os._exit(9))
        os._exit(0)
    done = os.waitpid(pid, 0)[1] == 0
    seen = found(folder) if folder.exists() else None
    with writing.whole_file(folder.parent / "other.txt") as path:  # it removes what was left
        path.write_text("")
    left = sorted(os.listdir(folder.parent))
    state = "away" if seen is None else "old" if seen == OLD else "new" if seen == NEW else "mixed"
    print(step, state, left == ["other.txt", "r"] and found(folder) in (OLD, NEW))
"""


@pytest.mark.parametrize(
    ("way", "allowed"), [(WAYS[0], {"old", "new"}), (WAYS[1], {"old", "new", "away"})]
)
def test_a_kill_anywhere_leaves_all_old_or_all_new(tmp_path, way, allowed):
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", KILLS, str(tmp_path), here, way]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert len(rows) > 40 and {row[1] for row in rows} == allowed
    assert {row[2] for row in rows} == {"True"}  # after the next write it is one of them, alone


def test_results_of_a_run_without_a_search_are_not_beside_an_old_search(tmp_path):
    model = GMM(2, **PLAIN).fit(FAITHFUL)
    write_results(tmp_path / "r", model, FAITHFUL, extra="a table")
    write_results(tmp_path / "r", model, FAITHFUL)
    assert sorted(os.listdir(tmp_path / "r")) == sorted(set(RESULTS) - {"selection.txt"})


@pytest.mark.parametrize("where", ["the working folder", "a link", "a folder with a link in it"])
def test_a_folder_that_must_stay_the_same_is_filled_file_by_file(tmp_path, monkeypatch, where):
    folder = tmp_path / "r"
    prepare(folder, WAYS[0])
    inode = folder.stat().st_ino
    if where == "the working folder":
        monkeypatch.chdir(folder)
        renew(".")
        assert os.path.samefile(".", folder) and folder.stat().st_ino == inode
    elif where == "a link":
        (tmp_path / "link").symlink_to(folder)
        renew(tmp_path / "link")
        assert (tmp_path / "link").is_symlink()
    else:
        (folder / "a.txt").rename(tmp_path / "elsewhere.txt")
        (folder / "a.txt").symlink_to(tmp_path / "elsewhere.txt")
        renew(folder)
        assert (folder / "a.txt").is_symlink()
        assert (tmp_path / "elsewhere.txt").read_text() == "new a"
    assert found(folder) == NEW and not litter(tmp_path)


def test_a_file_that_comes_while_folders_are_exchanged_stays(tmp_path, monkeypatch, way):
    prepare(tmp_path / "r", way)
    exchange = writing.exchanged_in_one_step

    def late(a, b):
        Path(b, "late.txt").write_text("late")
        return exchange(a, b)

    monkeypatch.setattr(writing, "exchanged_in_one_step", late)
    renew(tmp_path / "r")
    assert NEW.items() <= found(tmp_path / "r").items()
    assert way == "file by file" or (tmp_path / "r" / "late.txt").read_text() == "late"


def test_a_run_that_ends_while_folders_are_exchanged_mixes_with_none(tmp_path, monkeypatch):
    prepare(tmp_path / "r", WAYS[0])
    exchange = writing.exchanged_in_one_step

    def meanwhile(a, b):
        monkeypatch.setattr(writing, "exchanged_in_one_step", exchange)
        with whole_folder(tmp_path / "r", outdated=["a.txt", "b.txt", "c.txt", "stale.txt"]) as to:
            for name in ("a.txt", "c.txt", "stale.txt"):
                (to / name).write_text("another run")
        return exchange(a, b)

    monkeypatch.setattr(writing, "exchanged_in_one_step", meanwhile)
    renew(tmp_path / "r")
    assert found(tmp_path / "r") == NEW


def test_a_module_writes_into_a_folder_of_any_name_and_recognises_there(tmp_path):
    folder = os.fsencode(tmp_path / ("ä" * 100))
    Module.reset_count()
    learns = GMMModule(2, name="g" * 230, directory=folder, random_state=0)
    learns.connect(Observation([[0.0], [0.1], [5.0], [5.2]]))
    learns.update()
    learns.update()
    assert os.listdir(folder) == [os.fsencode(learns.name)]
    again = GMMModule(2, directory=tmp_path, load_dir=os.fsencode(learns.folder))
    again.connect(learns._below[0])
    again.update()
    np.testing.assert_array_equal(again.get_forward_msg(), learns.get_forward_msg())


def test_four_threads_may_write_one_folder(tmp_path):
    errors = []

    def write():
        try:
            for _ in range(20):
                renew(tmp_path / "r")
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == [] and os.listdir(tmp_path) == ["r"]
    assert found(tmp_path / "r") == {name: NEW[name] for name in ("a.txt", "b.txt", "c.txt")}
