"""Long work that is stopped and goes on: the same bits, and never a wrong answer."""

import functools
import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from numpy_ml_gmm import GMM, BayesianGMM, checkpoints, load_iris, select
from numpy_ml_gmm.checkpoints import Entry, Journal, set_state, state_of, token
from numpy_ml_gmm.priors import NormalInverseWishart

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
X = load_iris().X
HOLES = np.where(np.random.default_rng(0).random(X.shape) < 0.1, np.nan, X)
WIDE = np.random.default_rng(0).normal(size=(120, 70)) + np.repeat([[0.0], [0.6]], 60, axis=0)


class Stopped(KeyboardInterrupt):
    """Ctrl-C, at a moment of our choice."""


@pytest.fixture
def stop(monkeypatch):
    """Work stops when it has kept so many states; how many it has kept is counted."""
    kept, stop = Entry.keep, {"count": 0, "at": None}

    def keep(self, *state):
        kept(self, *state)
        if self.journal is not None:
            stop["count"] += 1
            if stop["count"] == stop["at"]:
                raise Stopped

    monkeypatch.setattr(Entry, "keep", keep)
    return stop


def bits(result):
    """All numbers of a model or a table, to compare."""
    if not isinstance(result, GMM):
        rows = [(r.bic, r.icl, r.silhouette, r.converged, r.error) for r in result.rows]
        return repr(rows), [bits(row.model) for row in result.rows if row.model]
    found = {k: v for k, v in vars(result).items() if k.endswith("_") and k != "history_"}
    found = {k: (v.dtype, v.tobytes()) if hasattr(v, "tobytes") else v for k, v in found.items()}
    return found, result.history_


def fit(X, model=GMM, **params):
    """A fit that takes a checkpoint."""
    arguments = {"random_state": 0, "n_init": 4, "max_iter": 30} | params
    return lambda checkpoint: model(3, **arguments).fit(X, checkpoint=checkpoint)


PRIOR = NormalInverseWishart(mean_precision=0.1)
WORK = {
    "full": fit(X),
    "iterated": fit(X, covariance_type="VEV"),
    "with leaps": fit(X, accelerate=True, max_iter=200, tol=1e-12),
    "tied diagonal": fit(X, covariance_type="tied_diag"),
    "single precision": fit(X.astype(np.float32)),
    "missing": fit(HOLES),
    "wide": fit(WIDE, max_iter=5),
    "noise": fit(X, noise=True),
    "prior": fit(X, conjugate_prior=PRIOR),
    "held": fit(X, fixed={"weights": [0]}, weights_init=[0.2, 0.5, 0.3]),
    "process": fit(X, BayesianGMM),
    "shared precision": fit(X, BayesianGMM, covariance_type="tied"),
    "table": functools.partial(select, X, [1, 2, 3], ["VVV", "EEE", "VVI"]),
    "noisy table": functools.partial(select, X, [1, 2], ["VVV", "VEI"], noise=True),
}


@pytest.mark.parametrize("name", WORK)
def test_stopped_work_goes_on_and_ends_with_the_same_bits(stop, tmp_path, name):
    work, file = WORK[name], tmp_path / "checkpoint.npz"
    wanted = bits(work(checkpoint=None))
    assert bits(work(checkpoint=file)) == wanted  # never stopped
    n, stop["count"] = stop["count"], 0
    assert bits(work(checkpoint=file)) == wanted  # it was over
    for at, seconds in zip((1, n // 3, n - 2), (1e6, 0, 1e6), strict=True):
        file.unlink()
        stop |= {"count": 0, "at": max(at, 1)}
        with pytest.raises(Stopped):
            work(checkpoint=(file, seconds))
        stop |= {"count": 0, "at": None}
        assert bits(work(checkpoint=file)) == wanted
        assert stop["count"] <= n - at + 2  # and nothing was done twice but the round at hand


# In chunks of Dask: the arguments, and what goes with the rows.
CHUNKED = {
    "fit": ({}, {"sample_weight": np.arange(150) % 3 + 1.0}),
    "missing": ({"covariance_type": "diag"}, {}),
    "process": ({"tol": 1e-4}, {}),
    "table": ({"tol": 1e-2}, {}),
}


@pytest.mark.parametrize("name", CHUNKED)
def test_data_in_chunks_go_on_with_the_same_bits_and_others_are_refused(stop, tmp_path, name):
    dask, da = pytest.importorskip("dask"), pytest.importorskip("dask.array")
    (params, known), file = CHUNKED[name], tmp_path / "checkpoint.npz"
    rows = HOLES if name == "missing" else X

    def work(checkpoint, rows=rows, size=40, known=known):
        lazy = da.from_array(rows, chunks=(size, 4))
        if name == "table":
            return select(lazy, [1, 2], "VVI", random_state=0, checkpoint=checkpoint, **params)
        model = BayesianGMM if name == "process" else GMM
        model = model(3, random_state=0, n_init=2, max_iter=6, **params)
        return model.fit(lazy, checkpoint=checkpoint, **known)

    with dask.config.set(scheduler="synchronous"):
        wanted = bits(work(None))
        assert bits(work(file)) == wanted
        n, stop["count"] = stop["count"], 0
        for at in (n // 3, n - 2):  # in the search, and in mid-climb
            file.unlink()
            stop |= {"count": 0, "at": at}
            with pytest.raises(Stopped):
                work((file, 0))
            stop |= {"count": 0, "at": None}
            assert bits(work(file)) == wanted
            assert stop["count"] <= n - at + 2
        others = [{"rows": rows + 1}, {"rows": rows[::-1]}, {"size": 50}]
        others += [{"known": {"sample_weight": np.ones(150)}}] if known else []
        for other in others:
            with pytest.raises(ValueError, match="belongs to other work"):
                work(file, **other)


def test_stopped_again_and_again_it_comes_to_the_same_end(stop, tmp_path):
    work, ends = WORK["full"], []
    while not ends:
        stop |= {"count": 0, "at": 7}
        try:
            ends.append(work(checkpoint=tmp_path / "checkpoint.npz"))
        except Stopped:
            pass
    assert bits(ends[0]) == bits(work(checkpoint=None))


def test_processes_hand_in_what_they_have(stop, tmp_path):
    work = functools.partial(select, X, [1, 2], ["VVV", "VVI"], n_jobs=2)
    wanted, stop["at"] = bits(work()), 2
    with pytest.raises(Stopped):
        work(checkpoint=tmp_path / "checkpoint.npz")
    assert bits(work(checkpoint=tmp_path / "checkpoint.npz")) == wanted


def test_a_seed_that_nobody_gave_is_kept(stop, tmp_path):
    """Stopped in the search, the starts are the same again; and the file has the answer."""
    work, file = fit(X, random_state=None), tmp_path / "checkpoint.npz"
    stop["at"] = 3
    with pytest.raises(Stopped):
        work(checkpoint=file)
    copy = tmp_path / "copy.npz"
    copy.write_bytes(file.read_bytes())
    one, two = work(checkpoint=file), work(checkpoint=copy)
    assert bits(one) == bits(two)


def test_a_generator_is_left_as_a_fit_leaves_it(tmp_path):
    states = []
    for checkpoint in (None, tmp_path / "file.npz", tmp_path / "file.npz"):
        rng = np.random.default_rng(5)
        fit(X, random_state=rng)(checkpoint=checkpoint)
        states.append(state_of(rng))
    assert states[0] == states[1] == states[2]


@pytest.mark.parametrize("kind", [np.random.PCG64, np.random.MT19937, np.random.Philox])
def test_the_state_of_any_generator_is_text(kind):
    rng, other = (np.random.Generator(kind(seed)) for seed in (1, 2))
    set_state(other, state_of(rng))
    assert rng.random(5).tolist() == other.random(5).tolist()


def test_a_failed_fit_fails_again_and_changes_nothing(tmp_path):
    rows, work = (
        np.repeat([[0.0], [1.0], [5.0]], 5, axis=0),
        GMM(3, var_smoothing=0, random_state=0),
    )
    for _ in range(2):
        with pytest.raises(ValueError, match=r"component|different"):
            work.fit(rows, checkpoint=tmp_path / "file.npz")
        assert not hasattr(work, "means_")


def test_steps_one_by_one_are_kept_too(tmp_path):
    file = tmp_path / "file.npz"
    model = GMM(3, n_init=2, random_state=0)
    for n, _ in enumerate(model.iterate(X, checkpoint=(file, 1e6))):
        if n == 4:
            break
    wanted = GMM(3, n_init=2, random_state=0).fit(X)
    steps = list(GMM(3, n_init=2, random_state=0).iterate(X, checkpoint=file))
    assert len(steps) == wanted.n_iter_ - 5
    np.testing.assert_array_equal(steps[-1].means_, wanted.means_)


# ---- Whose it is ---------------------------------------------------------------------------------


OTHERS = {
    "other rows": ({}, {"X": X + 1}, "X is another"),
    "fewer rows": ({}, {"X": X[:100]}, "X is another"),
    "single precision": ({}, {"X": X.astype(np.float32)}, "X is another"),
    "weights": ({}, {"sample_weight": np.arange(150.0) + 1}, "X is another"),
    "priors": ({}, {"priors": np.arange(150) % 4 - 1}, "X is another"),
    "errors": ({}, {"error_covariances": np.full(X.shape, 0.1)}, "X is another"),
    "components": ({"n_components": 2}, {}, "n_components=3 there and 2 here"),
    "seed": ({"random_state": 1}, {}, "random_state=0 there and 1 here"),
    "generator": ({"random_state": np.random.default_rng(0)}, {}, "random_state is another"),
    "two": ({"tol": 1e-3, "max_iter": 9}, {}, "tol=1e-07 there and 0.001 here, max_iter=1000"),
    "start": ({"means_init": X[:3]}, {}, "means_init is another"),
    "prior": ({"conjugate_prior": PRIOR}, {}, "conjugate_prior"),
    "function": ({"init_params": lambda X, K, rng: rng.integers(K, size=len(X))}, {}, "init_pa"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_other_data_or_arguments_are_refused(tmp_path, other):
    file, (params, data, message) = tmp_path / "file.npz", OTHERS[other]
    GMM(3, n_init=1, random_state=0).fit(X, checkpoint=file)
    before = file.read_bytes()
    with pytest.raises(ValueError, match="belongs to other work") as error:
        model = GMM(3, n_init=1, random_state=0).set_params(**params)
        model.fit(**({"X": X} | data), checkpoint=file)
    assert message in str(error.value)
    assert "Name another file, or delete" in str(error.value)
    assert file.read_bytes() == before


def test_another_class_and_a_table_are_other_work(tmp_path):
    file = tmp_path / "file.npz"
    GMM(3, n_init=1, random_state=0).fit(X, checkpoint=file)
    with pytest.raises(ValueError, match="class='GMM' there and 'BayesianGMM' here"):
        BayesianGMM(3, n_init=1, random_state=0).fit(X, checkpoint=file)
    with pytest.raises(ValueError, match="class='GMM' there and 'select' here"):
        select(X, [1], "VVV", checkpoint=file)


def test_threads_and_words_make_no_difference(tmp_path, capsys):
    file, arguments = tmp_path / "file.npz", {"n_init": 1, "random_state": 0}
    one = GMM(3, **arguments).fit(X, checkpoint=file)
    two = GMM(3, n_jobs=2, verbose=1, **arguments).fit(X, checkpoint=file)
    np.testing.assert_array_equal(one.means_, two.means_)


def test_a_warm_start_from_other_parameters_is_other_work(tmp_path):
    file = tmp_path / "file.npz"
    models = [GMM(3, n_init=1, random_state=seed).fit(X[::2]) for seed in (0, 1)]
    for model in models:
        model.set_params(warm_start=True, random_state=0)
        model.means_ = model.means_ + model.best_restart_ + (model is models[1])
    models[0].fit(X, checkpoint=file)
    with pytest.raises(ValueError, match="parameters is another"):
        models[1].fit(X, checkpoint=file)


def test_functions_are_known_by_what_they_do():
    def make(shift, times=1):
        return lambda X, K, rng: (np.arange(len(X)) + shift * times) % K

    assert token(make(1)) == token(make(1)) != token(make(2))
    assert token(make(1, 3)) != token(make(1))
    assert token(functools.partial(make, 1)) != token(functools.partial(make, 2))
    assert token(lambda x: x in {"a", "b"}) == token(lambda x: x in {"b", "a"})
    with pytest.raises(TypeError, match="cannot be known again"):
        token(i for i in range(3))


def test_work_of_another_kind_is_told_by_its_kind_alone(tmp_path):
    GMM(2, init_params="kmeans").fit(X, checkpoint=tmp_path / "file.npz")
    with pytest.raises(ValueError, match=r"other work: class='GMM' there and 'select' here\."):
        select(X, [1, 2], ["EEE"], checkpoint=tmp_path / "file.npz")
    with pytest.raises(TypeError, match="checkpoint=5 must be the name of a file"):
        GMM(2).fit(X, checkpoint=5)


def test_a_token_is_the_same_in_another_process():
    code = "from tests.test_checkpoints import OTHERS, token; print(token(OTHERS['function'][0]))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == token(OTHERS["function"][0])


# ---- The file ------------------------------------------------------------------------------------


@pytest.fixture
def file(stop, tmp_path):
    """A checkpoint of a fit that was stopped in its search."""
    stop["at"] = 6
    with pytest.raises(Stopped):
        WORK["full"](checkpoint=tmp_path / "file.npz")
    stop["at"] = None
    return tmp_path / "file.npz"


def test_a_flipped_bit_is_refused_or_changes_nothing(file):
    content, wanted = file.read_bytes(), bits(WORK["full"](checkpoint=None))
    for place in np.random.default_rng(0).integers(len(content), size=40):
        damaged = bytearray(content)
        damaged[place] ^= 1 << (place % 8)
        file.write_bytes(damaged)
        try:
            assert bits(WORK["full"](checkpoint=(file, 1e6))) == wanted
        except ValueError as error:
            assert "delete that one to begin anew" in str(error)


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04", None])
def test_what_is_no_checkpoint_is_refused_and_kept(file, content):
    file.write_bytes(file.read_bytes()[:-100] if content is None else content)
    before = file.read_bytes()
    with pytest.raises(ValueError, match=r"no checkpoint to go on from: .* Name another file"):
        WORK["full"](checkpoint=file)
    assert file.read_bytes() == before


def test_a_model_is_no_checkpoint_and_a_checkpoint_no_model(file, tmp_path):
    GMM(2, random_state=0).fit(X).save(tmp_path / "model.npz")
    with pytest.raises(ValueError, match="holds GMM, expected checkpoint"):
        WORK["full"](checkpoint=tmp_path / "model.npz")
    with pytest.raises(ValueError, match="holds checkpoint, expected GMM"):
        GMM.load(file)


@pytest.mark.parametrize(
    "part, value",
    [
        ("entries", '{"work 0": [{"shape": [-5]}]}'),
        ("entries", '{"work 0": [{"shape": [1e9]}]}'),
        ("entries", "[1, 2]"),
        ("entries", '{"work 0": ' + "[" * 5000 + "]" * 5000 + "}"),
        ("numbers", np.zeros(3)),
        ("numbers", np.zeros((1, 3))),
        ("numbers", np.array(["text"])),
        ("belongs", "[]"),
        ("seed", "not JSON"),
    ],
)
def test_parts_that_do_not_fit_are_refused(file, part, value):
    with np.load(file) as found:
        header, numbers = json.loads(str(found["header"])), found["numbers"]
    if part == "numbers":
        numbers = value
    else:
        header["values"][part] = value
    np.savez(file, header=np.array(json.dumps(header)), numbers=numbers)
    with pytest.raises(ValueError, match="no checkpoint to go on from"):
        WORK["full"](checkpoint=file)


def test_the_file_runs_no_code(file):
    with zipfile.ZipFile(file) as archive:
        assert not any(b"\x80\x04" == archive.read(name)[:2] for name in archive.namelist())
    with np.load(file, allow_pickle=False) as found:
        assert all(found[name].dtype != object for name in found.files)


@pytest.mark.parametrize(
    "checkpoint, error, message",
    [
        (7, TypeError, "must be the name of a file"),
        (("a.npz",), ValueError, "path, or \\(path, seconds\\)"),
        (("a.npz", -1), ValueError, "seconds of checkpoint=-1"),
        (("a.npz", "soon"), TypeError, "seconds of checkpoint"),
        (".", ValueError, "no plain file"),
    ],
)
def test_a_checkpoint_that_cannot_be_one_is_told(checkpoint, error, message):
    with pytest.raises(error, match=message):
        GMM(2, random_state=0).fit(X, checkpoint=checkpoint)


def test_a_folder_that_is_not_there_is_known_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(GMM, "_find_start", lambda *args: pytest.fail("too late"))
    with pytest.raises(FileNotFoundError):
        GMM(2, random_state=0).fit(X, checkpoint=tmp_path / "nowhere" / "file.npz")


def test_a_write_that_fails_leaves_the_last_whole_file(file, monkeypatch):
    def full(path, kind, values):
        raise OSError("no space left on device")

    before = file.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.archive, "save", full)
        with pytest.raises(OSError, match="no space left"):
            WORK["full"](checkpoint=(file, 0))
    assert file.read_bytes() == before
    assert bits(WORK["full"](checkpoint=file)) == bits(WORK["full"](checkpoint=None))


def test_writes_wait_for_their_time(tmp_path, monkeypatch):
    """And for ten times as long as the last one took."""
    now, written = [0.0], []
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: now[0])

    def save(path, kind, values):
        written.append(now[0])
        now[0] += 3.0 if len(written) > 2 else 0.0

    monkeypatch.setattr(checkpoints.archive, "save", save)
    with Journal((tmp_path / "file.npz", 10), dict, None) as journal:
        for _ in range(100):
            now[0] += 1.0
            journal.entry("work").keep(1.0)
    assert written[:4] == [0.0, 10.0, 20.0, 53.0]


def test_without_a_checkpoint_nothing_is_kept():
    journal = Journal(None, dict, None)
    journal.entry("work").keep(1.0)
    assert journal.entries == {} and journal.entry("work").state is None


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="the children are forked")
def test_a_kill_anywhere_leaves_a_whole_file_and_the_same_answer():
    """Ten moments; ``python -m tests.kills 100`` does more."""
    command = [sys.executable, "-m", "tests.kills", "10", "--work", "quick"]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "all with the bits of work that nobody stopped" in found.stdout
