"""Cases about what is outside: files, command lines, interrupts and kills."""

import contextlib
import io
import os
import signal
import time
from pathlib import Path

import numpy as np

from numpy_ml_gmm import GMM, archive, cli, select
from numpy_ml_gmm.tables import read_table

from .mixtures import claim, draw_type, only_our_warnings
from .refusals import Refused

X = np.random.default_rng(0).normal(size=(40, 2)) + 4 * np.repeat([0, 1], 20)[:, None]


def small_model(rng):
    """A fitted mixture, quickly."""
    name, _ = draw_type(rng)
    return GMM(2, covariance_type=name, init_params=np.repeat([0, 1], 20), max_iter=3, tol=0).fit(X)


def damaged(rng, data):
    """Some bytes flipped, cut out, doubled, or put in."""
    data, n = bytearray(data), len(data)
    for _ in range(rng.integers(1, 4)):
        i, kind = int(rng.integers(n)), rng.integers(6)
        j = min(n, i + int(rng.integers(1, 40)))
        if kind < 3:
            data[i % len(data)] ^= 1 << int(rng.integers(8))
        elif kind == 3:
            del data[i:j]
        elif kind == 4:
            data[i:i] = data[i:j]
        else:
            data = data[:i]
        if not data:
            break
    return bytes(data)


def model_file(rng, folder):
    """A damaged file of a model: refused, or a model that is whole."""
    path = Path(folder, "model.npz")
    model = small_model(rng)
    model.save(path)
    path.write_bytes(damaged(rng, path.read_bytes()))
    try:
        with only_our_warnings():
            again = GMM.load(path)
            r = again.predict_proba(X)
    except ValueError as error:
        claim(str(path) in str(error), f"the file is not named: {error}")
        raise Refused("not a model") from None
    claim(np.array_equal(r, model.predict_proba(X)), "a damaged file gives another model")


def table_file(rng, folder):
    """A damaged table: numbers, or an error that names the file."""
    kind = str(rng.choice(["csv", "npy", "npz"]))
    path = Path(folder, f"table.{kind}")
    if kind == "csv":
        separator = str(rng.choice([",", ";", "\t", " "]))
        lines = [separator.join(["one", "two"])] if rng.random() < 0.6 else []
        lines += [separator.join(map(repr, row)) for row in X.tolist()]
        path.write_text("\n".join(lines))
    elif kind == "npy":
        np.save(path, X)
    else:
        np.savez(path, X=X)
    path.write_bytes(damaged(rng, path.read_bytes()))
    try:
        with only_our_warnings():
            found = np.asarray(read_table(path))
        with np.errstate(all="ignore"):  # they may be infinite, but they can be read
            found.sum()
    except (ValueError, OSError) as error:
        claim(str(path) in str(error), f"the file is not named: {error}")
        raise Refused("not a table") from None
    except (TypeError, UnicodeError) as error:
        claim("sum" in str(error) or "ufunc" in str(error), f"{type(error).__name__}: {error}")
        raise Refused("an array of no numbers") from None


WORDS = [
    *("--n_clusters", "2", "--data_path", "iris", "old_faithful", "--max_iter", "3", "0", "-1"),
    *("--find_num_clusters_range", "1", "--covariance_type", "VVV", "all", "diag,EEE", "--seed"),
    *("--criterion", "aic", "icl", "--n_jobs", "--out", "--plot", "x.png", "x.xyz", "", "--", "é"),
    *(
        "--max-iter",
        "--n_clusters=2",
        "--data-path=iris",
        "1e3",
        "99999999999999999999",
        "/",
        "\x00",
    ),
    *("--version", "--help", "--bad", "-h", "nan"),
]
USUAL = ["--n_clusters", "2", "--data_path", "old_faithful", "--max_iter", "5"]


def command(rng, folder):
    """A random command line: an exit code, never a traceback."""
    words = list(USUAL) if rng.random() < 0.5 else []
    for _ in range(rng.integers(1, 5)):
        words.insert(int(rng.integers(len(words) + 1)), str(rng.choice(WORDS)))
    if "all" in words or "--find_num_clusters_range" in words:
        words = [word for word in words if word not in ("99999999999999999999", "1e3", "all")]
    out, err, here = io.StringIO(), io.StringIO(), os.getcwd()
    os.chdir(folder)
    try:
        with only_our_warnings(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = cli.main(words)
    finally:
        os.chdir(here)
    claim(code in (0, 1, 2), f"exit code {code}: {words}")
    claim((code == 0) or err.getvalue().startswith("numpy_ml_gmm: "), f"no message: {words}")
    claim("Traceback" not in err.getvalue(), f"a traceback: {words}")
    if code:
        raise Refused(f"exit code {code}")


@contextlib.contextmanager
def interrupted_after(seconds):
    """KeyboardInterrupt comes in the midst."""

    def stop(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, max(seconds, 1e-6))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def interrupt(rng, folder):
    """Ctrl-C in a fit, a search or while a file is written: the call is over, nothing is half."""
    path = Path(folder, "model.npz")
    model = small_model(rng)
    model.save(path)
    before, names = path.read_bytes(), vars(model).copy()
    numpys = np.geterr(), np.geterrcall()
    other = small_model(rng)
    what = str(rng.choice(["fit", "select", "save"]))
    call = {
        "fit": lambda: model.set_params(n_init=20, init_params="mixed", tol=1e-9).fit(X),
        "select": lambda: select(X, [1, 2, 3], ["VVV", "EEE"]),
        "save": lambda: [other.save(path) for _ in range(3)],
    }[what]
    if what == "fit":
        names.update(n_init=20, init_params="mixed", tol=1e-9)
    try:
        with interrupted_after(float(rng.random()) * (0.003 if what == "save" else 0.05)):
            call()
    except KeyboardInterrupt:
        if what == "fit":
            claim(
                all(
                    vars(model)[name] is value or vars(model)[name] == value
                    for name, value in names.items()
                    if not isinstance(value, np.ndarray)
                ),
                "an interrupted fit changed the model",
            )
        outcome = "interrupted"
    else:
        outcome = "in time"
    claim(what == "save" or numpys == (np.geterr(), np.geterrcall()), "NumPy's settings changed")
    claim(path.read_bytes() == before or same_model(GMM.load(path), other), "half a file")
    if what == "save" and outcome == "interrupted":
        claim(os.listdir(folder) == ["model.npz"], f"litter: {os.listdir(folder)}")
    if outcome == "interrupted":
        raise Refused(outcome)


def same_model(a, b):
    """The same parameters, to the bit."""
    return all(np.array_equal(getattr(a, n), getattr(b, n)) for n in ("weights_", "means_"))


def kill(rng, folder):
    """SIGKILL while files are written: each is the old one or the new one."""
    path, results = Path(folder, "model.npz"), Path(folder, "results")
    old, new = small_model(rng), small_model(rng)
    old.save(path)
    archive.write_results(results, old, X)
    child = os.fork()
    if child == 0:
        try:
            while True:
                new.save(path)
                archive.write_results(results, new, X)
        finally:
            os._exit(0)
    time.sleep(float(rng.random()) * 0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    kept = GMM.load(path)
    claim(same_model(kept, old) or same_model(kept, new), "neither the old model nor the new one")
    kept = GMM.load(results / "model.npz")
    claim(same_model(kept, old) or same_model(kept, new), "neither the old results nor the new")
    new.save(path)
    claim(same_model(GMM.load(path), new), "the next write fails")
