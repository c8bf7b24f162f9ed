"""A saved model, and a folder of results.

A saved model is an ``.npz`` file: a zip of arrays without pickle, so that loading it runs no code.
Plain values are JSON in one of the arrays, the ``header``::

    {"format": 1, "class": "GMM", "values": {"n_components": 2, "tol": 1e-07, ...},
     "arrays": ["weights_", "means_", "covariances_"]}

Reading trusts nothing.  Names must be known, and an array is read once its shape is right and its
bytes are there: the members are not compressed, so none is larger than the file.
"""

import json
import math
import os
import re
import zipfile
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass

import numpy as np

from .blocks import in_chunks
from .validation import check_count
from .writing import as_path, whole_file, whole_folder

__all__ = ["as_path", "load", "save", "whole_file", "whole_folder", "write_results"]

FORMAT = 1
# How NumPy begins an array of truth values, numbers or text.  Its own reader evaluates this.
NPY = re.compile(
    rb"\x93NUMPY\x01\x00(..)\{'descr': '([<>|=]?[biufU][1-9]\d{0,9})', 'fortran_order': "
    rb"(?:True|False), 'shape': \(((?:\d+(?:, \d+)*,?)?)\), \} *\n",
    re.DOTALL,
)
OBJECTS = {"fixed", "conjugate_prior"}  # arguments that may be JSON objects
RESULTS = "labels.txt", "responsibilities.txt", "parameters.json", "model.npz", "selection.txt"


# ---- A model -----------------------------------------------------------------------------------


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
    header = {"format": FORMAT, "class": kind, "values": plain, "arrays": list(arrays)}
    with whole_file(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, header=np.array(json.dumps(header)), **arrays)


def storable(name, value):
    """A plain value for JSON, or an array that needs no pickle."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    try:
        if is_dataclass(value):
            value = asdict(value)
        if isinstance(value, list | dict):  # arrays and numbers of NumPy become plain ones
            return json.loads(json.dumps(value, default=lambda item: item.tolist()))
        array = np.asarray(value)
        if array.dtype == object and all(isinstance(item, str) for item in array.ravel()):
            array = array.astype(str)
        if array.dtype.kind in "biufU":
            return array
        raise TypeError("other objects need pickle")
    except (AttributeError, TypeError, ValueError):
        raise TypeError(
            f"{name}={value!r} cannot be saved: set it to a plain value or an array"
        ) from None


def load(path, kind, names, shapes, bare=False, what="model written by save"):
    """The values that :func:`save` wrote.

    Parameters
    ----------
    path : str or path-like
    kind : str
        The class that they must belong to.
    names : collection of str
        Those that the class knows.
    shapes : callable
        From the plain values, and the shape of each array, to the shapes that arrays must have.
    bare : bool
        Whether a file without a header is one of the class.
    what : str
        What the file should be, in words.

    Raises
    ------
    ValueError
        If the file holds anything else.  Nothing is read then that is larger than it should be.
    """
    path = as_path(path)
    with open(path, "rb") as stream:
        with damage_told(path, what):
            file = zipfile.ZipFile(stream)
            members = {name: Member.of(file, name) for name in unpacked_names(file)}
            header = {"format": FORMAT, "class": kind, "values": {}}
            if "header" in members or not bare:
                header = json.loads(str(members.pop("header").read()))
            found, owner = header["format"], header["class"]
        if type(found) is int and found > FORMAT:
            raise ValueError(
                f"{path} is of format {found}, which a newer version of numpy_ml_gmm wrote: "
                f"update the package, which knows format {FORMAT}"
            )
        if owner != kind:
            raise ValueError(f"{path} holds {owner}, expected {kind}")
        with damage_told(path, what):
            check_names(header, members, names)
            return read_members(header["values"], members, shapes)


@contextmanager
def damage_told(path, what):
    """Whatever damaged bytes do to zipfile, json and NumPy is one error."""
    try:
        yield
    except Exception as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"{path} is not a {what}: {reason or type(error).__name__}") from None


def unpacked_names(file):
    """The names of the arrays in a zip file, each there once and no larger than the file."""
    infos, size = file.infolist(), os.fstat(file.fp.fileno()).st_size
    for info in infos:
        if info.compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"{info.filename} is compressed, which save never does")
    names = [info.filename.removesuffix(".npy") for info in infos]
    if len(set(names)) < len(names) or sum(info.file_size for info in infos) > size:
        raise ValueError("its members overlap")
    return names


class Member:
    """An array in a zip file, of which only shape and type have been looked at."""

    def __init__(self, file, name, shape):
        self.file, self.name, self.shape = file, name, shape

    @classmethod
    def of(cls, file, name):
        """Look at an array: it must declare as many bytes as there are."""
        info = file.getinfo(f"{name}.npy")
        with file.open(info) as stream:
            declared = NPY.match(stream.read(1 << 12))
        if declared is None:
            raise ValueError(f"{name} is no array of numbers or text")
        length, dtype, shape = declared.groups()
        shape = tuple(map(int, shape.replace(b",", b" ").split()))
        size = math.prod(shape) * np.dtype(dtype.decode()).itemsize
        if declared.end() != 10 + int.from_bytes(length, "little"):
            raise ValueError(f"{name} is damaged")
        if declared.end() + size != info.file_size:
            raise ValueError(
                f"{name} declares {size} bytes for shape {shape}, but there are "
                f"{info.file_size - declared.end()}"
            )
        return cls(file, name, shape)

    def read(self):
        """The array, or the number or the text if it holds but one."""
        with self.file.open(f"{self.name}.npy") as stream:
            return np.lib.format.read_array(stream, allow_pickle=False)[()]


def check_names(header, members, names):
    """The format is known, names are those of the class, and plain values are plain."""
    values, listed = header["values"], header.get("arrays", [])
    if type(header["format"]) is not int or header["format"] != FORMAT:
        raise ValueError(f"its format is {header['format']!r}, not {FORMAT}")
    if not isinstance(values, dict):
        raise ValueError("its header names no values")
    for found, what in (
        ({*values, *members}.difference(names), "it holds {}, which no model has"),
        (values.keys() & members.keys(), "it holds {} twice"),
        ({*listed}.difference(members), "it has lost {}"),
        (
            [name for name in values.keys() - OBJECTS if isinstance(values[name], dict)],
            "{} is a JSON object",
        ),
    ):
        if found:
            raise ValueError(what.format(", ".join(map(repr, sorted(found)))))


def read_members(values, members, shapes):
    """All values, once the shapes are right that some of them imply for others."""
    values = values | {name: m.read() for name, m in members.items() if m.shape == ()}
    wanted = shapes(values, {name: m.shape for name, m in members.items()})
    for name in sorted(members.keys() & wanted.keys()):
        check_shape(name, members[name].shape, wanted[name])
    return values | {name: m.read() for name, m in members.items() if m.shape != ()}


def check_results(results, shapes):
    """What a fit says of itself beside the parameters; each may be missing.

    Parameters
    ----------
    results : dict
        Attributes of a model by name.
    shapes : dict
        Those that arrays among them must have.
    """
    for name, least in (("n_features_in_", 1), ("n_iter_", 0), ("best_restart_", 0)):
        if name in results:
            check_count(results[name], name, minimum=least)
    for name, of, what in (
        ("warm_start", is_flag, "True or False"),
        ("converged_", is_flag, "True or False"),
        ("log_likelihood_", is_number, "a number"),
        ("log_posterior_", is_number, "a number"),
        ("noise_weight_", is_portion, "a number from 0 to 1"),
        ("history_", are_runs, "a list of numbers for each restart"),
        ("feature_names_in_", are_names, "texts, one for each feature"),
        ("counts_", are_counts, "numbers, one for each component, at least 0"),
        ("class_labels_", are_whole, "whole numbers, one for each component"),
    ):
        if name in results and not of(results[name]):
            raise ValueError(f"{name}={results[name]!r} must be {what}")
    for name in sorted(results.keys() & shapes.keys()):
        check_shape(name, np.shape(results[name]), shapes[name])
    for name in sorted(results.keys() & {"weights_", "means_", "covariances_"}):
        dtype = np.asarray(results[name]).dtype
        if dtype.kind != "f":
            raise ValueError(f"{name} holds {dtype}: set it to floats, as from_parameters does")


def check_shape(name, shape, wanted):
    """A shape is the one that it must be."""
    if shape != wanted:
        raise ValueError(f"{name} has shape {shape}, expected {wanted}")


def is_flag(value):
    """Whether a value says yes or no."""
    return np.ndim(value) == 0 and value in (True, False)


def is_number(value):
    """Whether a value is one number."""
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def is_portion(value):
    """Whether a value is a number from 0 to 1."""
    return is_number(value) and 0 <= value <= 1


def are_runs(value):
    """Whether a value is a list of lists of numbers."""
    lists = isinstance(value, list) and all(isinstance(run, list) for run in value)
    return lists and all(is_number(number) for run in value for number in run)


def are_names(value):
    """Whether a value is an array of text."""
    return isinstance(value, np.ndarray) and all(isinstance(name, str) for name in value.tolist())


def are_whole(value):
    """Whether a value is an array of whole numbers."""
    return isinstance(value, np.ndarray) and value.dtype.kind in "iu"


def are_counts(value):
    """Whether a value is an array of numbers, at least 0."""
    numbers = isinstance(value, np.ndarray) and value.dtype.kind == "f"
    return numbers and bool((value >= 0).all())


# ---- Results -----------------------------------------------------------------------------------


def results_of(model, X, sample_weight=None):
    """What a fit to X found, as values for JSON."""
    names, weighted = getattr(model, "feature_names_in_", None), {"sample_weight": sample_weight}
    return {
        "n_components": model.n_components,
        "covariance_type": model.covariance_type,
        "feature_names": None if names is None else list(names),
        "weights": model.weights_.tolist(),
        "noise_weight": getattr(model, "noise_weight_", None),
        "means": model.means_.tolist(),
        "covariances": model.covariances_.tolist(),
        "log_likelihood": model.log_likelihood_,
        "n_parameters": model.n_parameters(),
        "aic": model.aic(X, **weighted),
        "bic": model.bic(X, **weighted),
        "icl": model.icl(X, **weighted),
        "converged": model.converged_,
        "n_iter": model.n_iter_,
    }


def blocks_of(X):
    """An array as it is; one of Dask's block by block, in memory one at a time."""
    return (X.blocks[n].compute() for n in range(X.numblocks[0])) if in_chunks(X) else [X]


def write_results(folder, model, X, extra="", sample_weight=None):
    """Labels, responsibilities, parameters and the model itself, whole or not at all.

    Results of an earlier run give way to them, other files in the folder stay.  If there are
    only plain files in it the folder is exchanged as a whole; see :mod:`numpy_ml_gmm.writing`.

    Parameters
    ----------
    folder : str or path-like
        Made if it is not there.
    model : GMM
        Fitted.
    X : array (N, D)
    extra : str
        The table of a search, for ``selection.txt``.
    sample_weight : array (N,), optional
        With which the model was fitted.
    """
    values = results_of(model, X, sample_weight)
    with whole_folder(folder, outdated=RESULTS) as to:
        with open(to / "labels.txt", "w") as z, open(to / "responsibilities.txt", "w") as r:
            for some in blocks_of(X):
                np.savetxt(z, model.predict(some), fmt="%d")
                np.savetxt(r, model.predict_proba(some), fmt="%.17g")
        (to / "parameters.json").write_text(json.dumps(values, indent=2) + "\n")
        model.save(to / "model.npz")
        if extra:
            (to / "selection.txt").write_text(extra + "\n", encoding="utf-8")
