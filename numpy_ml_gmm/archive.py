"""Files written whole or not at all: a file, a folder, a saved model, a folder of results.

What is read or written stands beside its place under a temporary name until it is complete.
A saved model is an ``.npz`` file without pickle, so that loading it runs no code.
"""

import json
import os
import shutil
import tempfile
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError

import numpy as np

FORMAT = 1
# What reading an array file raises whose bytes are not what they were.
DAMAGED = ValueError, EOFError, RuntimeError, TokenError, zipfile.BadZipFile, zlib.error


@contextmanager
def whole_file(path):
    """A temporary path beside ``path`` that takes its place if the body succeeds."""
    if Path(path).is_dir():
        raise IsADirectoryError(f"{path} is a folder: name a file in it")
    path = Path(path).resolve()  # a link stays one: what it points to is replaced
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path, outdated=None):
    """A folder to write in, which becomes ``path`` in one step if the body succeeds.

    If ``path`` is there already, its other files stay, and there are two ways.  By default
    the new files move into it, each in one step.  With ``outdated``, the names of files that
    the new ones would contradict, it is exchanged as a whole for a copy without them.

    Parameters
    ----------
    path : str or path-like
    outdated : iterable of str, optional
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as scratch:
        new, old = Path(scratch, "new"), Path(scratch, "old")
        if outdated is not None and path.exists():
            shutil.copytree(path, new)
            for name in outdated:
                (new / name).unlink(missing_ok=True)
        new.mkdir(exist_ok=True)
        yield new
        if outdated is None and path.exists():
            for file in new.iterdir():
                os.replace(file, path / file.name)
            return
        if path.exists():
            path.rename(old)
        try:
            new.rename(path)
        except OSError:
            if old.exists():
                old.rename(path)
            raise


def save(path, kind, values):
    """Write named values to an ``.npz`` file, with the name of the class that they belong to.

    Arrays are stored as they are, plain values as JSON in the array ``header``.

    Parameters
    ----------
    path : str or path-like
    kind : str
    values : dict

    Raises
    ------
    TypeError
        If a value cannot be stored, such as a function.
    """
    stored = {name: storable(name, value) for name, value in values.items()}
    arrays = {name: v for name, v in stored.items() if isinstance(v, np.ndarray)}
    plain = {name: v for name, v in stored.items() if name not in arrays}
    header = json.dumps({"format": FORMAT, "class": kind, "values": plain})
    with whole_file(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, header=np.array(header), **arrays)


def load(path, kind):
    """The values that :func:`save` wrote; a ValueError if the file holds none of this class."""
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name][()] for name in file.files}
        header = json.loads(str(arrays.pop("header")))
        found = header["format"], header["class"]
        values = header["values"] | arrays
    except FileNotFoundError:
        raise
    except (*DAMAGED, KeyError, TypeError, OSError) as error:
        raise ValueError(f"{path} is not a model written by save: {error}") from None
    if found != (FORMAT, kind):
        raise ValueError(f"{path} holds {found[1]}, expected {kind}")
    return values


def storable(name, value):
    """A plain value for JSON, or an array that needs no pickle."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    try:
        if isinstance(value, list):  # arrays and NumPy's numbers in it become plain ones
            return json.loads(json.dumps(value, default=lambda item: item.tolist()))
        array = np.asarray(value)
        if array.dtype != object:
            return array
        if all(isinstance(item, str) for item in array.ravel()):
            return array.astype(str)
        raise TypeError("objects need pickle")
    except (AttributeError, TypeError, ValueError):
        raise TypeError(
            f"{name}={value!r} cannot be saved: set it to a plain value or an array"
        ) from None


def write_results(folder, model, X, extra=""):
    """Labels, responsibilities, parameters and the model itself, whole or not at all.

    Parameters
    ----------
    folder : str or path-like
        Made if it is not there.
    model : GMM
        Fitted.
    X : array (N, D)
    extra : str
        The table of a search, for ``selection.txt``.
    """
    names = getattr(model, "feature_names_in_", None)
    values = {
        "n_components": model.n_components,
        "covariance_type": model.covariance_type,
        "feature_names": None if names is None else list(names),
        "weights": model.weights_.tolist(),
        "means": model.means_.tolist(),
        "covariances": model.covariances_.tolist(),
        "log_likelihood": model.log_likelihood_,
        "n_parameters": model.n_parameters(),
        "aic": model.aic(X),
        "bic": model.bic(X),
        "icl": model.icl(X),
        "converged": model.converged_,
        "n_iter": model.n_iter_,
    }
    with whole_folder(folder) as to:
        np.savetxt(to / "labels.txt", model.predict(X), fmt="%d")
        np.savetxt(to / "responsibilities.txt", model.predict_proba(X), fmt="%.17g")
        (to / "parameters.json").write_text(json.dumps(values, indent=2) + "\n")
        model.save(to / "model.npz")
        if extra:
            (to / "selection.txt").write_text(extra + "\n")
