"""Random data, as awkward as data come: a table in some container, and the numbers it means."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

try:
    import polars
except ImportError:  # one container fewer
    polars = None

SHAPES = "clusters", "uniform", "heavy", "lattice", "repeated", "collinear", "tiny", "outlier"
LETTERS = (
    *("EII", "VII", "EEI", "VEI", "EVI", "VVI", "EEE"),
    *("VEE", "EVE", "VVE", "EEV", "VEV", "EVV", "VVV"),
)
NAMES = {
    **{"full": "VVV", "tied": "EEE", "diag": "VVI", "spherical": "VII"},
    **{"tied_diag": "EEI", "tied_spherical": "EII"},
}


@dataclass
class Sample:
    """Data to be fitted, with what the generator knows of them."""

    X: Any  # what the package is given
    values: np.ndarray  # (N, D) float64: the same numbers
    shape: str
    single: bool = False  # whether the package computes in single precision
    benign: bool = False  # any mixture with enough points a component can be fitted


def draw_size(rng, wide=0.01):
    """Rows and columns: small, mostly."""
    N = int(rng.choice([rng.integers(1, 6), rng.integers(6, 60), rng.integers(60, 200)], p=TENTHS))
    D = int(rng.choice([1, 2, 3, rng.integers(4, 9)], p=[0.25, 0.4, 0.2, 0.15]))
    if rng.random() < 0.03:
        D = int(rng.integers(N, 2 * N + 4)) if N < 12 else D  # more columns than rows
    if rng.random() < wide:
        N, D = int(rng.integers(20, 150)), int(rng.integers(62, 70))
    return N, D


TENTHS = [0.06, 0.72, 0.22]


def draw_shape(rng, shape, N, D):
    """Numbers (N, D) of order 1."""
    X = rng.normal(size=(N, D))
    if shape == "clusters":
        K = rng.integers(1, 5)
        A = np.eye(D) + rng.normal(size=(K, D, D)) * 0.4
        z = rng.integers(K, size=N)
        return np.einsum("nij,nj->ni", A[z], X) + rng.uniform(1, 8) * rng.normal(size=(K, D))[z]
    if shape == "uniform":
        return rng.random((N, D))
    if shape == "heavy":
        return rng.standard_t(rng.choice([1, 2, 3]), size=(N, D))
    if shape == "lattice":
        return np.round(X * rng.integers(1, 4))
    if shape == "repeated":
        return X[rng.integers(max(1, N // 3), size=N)]
    if shape == "collinear":
        X[:, -1] = X[:, :-1].sum(axis=1) + 10.0 ** -rng.integers(1, 14) * X[:, -1]
        return X if D > 1 else np.round(X, 1)
    if shape == "tiny":  # one cluster is tiny, or far away
        few = rng.random(N) < 0.4
        X[few] = X[few] * 10.0 ** -rng.integers(1, 9) + rng.normal(size=D) * 3
        return X
    X[rng.integers(N), rng.integers(D)] = rng.choice([-1, 1]) * 10.0 ** rng.choice([2, 5, 9, 150])
    return X


def draw_sample(rng, shape=None, container=None):
    """A table; ``shape`` and ``container`` by name, or drawn."""
    N, D = draw_size(rng)
    shape = shape or str(rng.choice(SHAPES, p=[0.4, 0.06, 0.08, 0.08, 0.08, 0.12, 0.1, 0.08]))
    X = draw_shape(rng, shape, N, D)
    moderate = True
    if rng.random() < 0.3:
        power = rng.choice([3, 8, 30, 100, 155, 300], p=[0.3, 0.2, 0.2, 0.2, 0.05, 0.05])
        powers = rng.integers(-power, power + 1, size=D if rng.random() < 0.5 else 1)
        with np.errstate(over="ignore"):
            X = X * 10.0**powers
        moderate = power <= 3
    if rng.random() < 0.25:
        power = rng.integers(1, 16)
        X = X + rng.choice([-1, 1]) * 10.0**power * np.abs(X).max(axis=0)
        moderate = moderate and power <= 5
    if rng.random() < 0.02:
        X[:, rng.integers(D)] = rng.choice([0, 7.5, 1e9 / 3])  # a constant
        moderate = False
    if rng.random() < 0.03:
        X[rng.integers(N), rng.integers(D)] = rng.choice([np.nan, np.inf, -np.inf])
        moderate = False
    X, values, single = put_in(rng, X, container)
    return Sample(X, values, shape, single, moderate and shape == "clusters" and not single)


def put_in(rng, X, container=None):
    """The numbers in some container and type: what is given, what it means, whether single."""
    kind = container or str(rng.choice(CONTAINERS, p=PORTIONS))
    values = np.array(X, float)
    with np.errstate(over="ignore", invalid="ignore"):
        if kind in ("float32", "float16", ">f8", "longdouble", "object"):
            given = X.astype(kind)
            return given, given.astype(float), kind == "float32"
        if kind in ("int64", "int8", "uint8", "bool"):
            largest = {"int64": 2.0**62, "int8": 127, "uint8": 255, "bool": 1}[kind]
            whole = np.clip(
                np.nan_to_num(np.round(X * (5 if kind != "int64" else 100))), 0, largest
            )
            given = whole.astype(kind)
            return given, given.astype(float), False
    if kind == "F":
        return np.asfortranarray(X), values, False
    if kind == "strided":
        wide = rng.normal(size=(2 * len(X), 3 * X.shape[1]))
        wide[::2, 1::3] = X
        return wide[::2, 1::3], values, False
    if kind == "reversed":
        return X[::-1, ::-1].copy()[::-1, ::-1], values, False
    if kind == "read-only":
        X = X.copy()
        X.flags.writeable = False
        return X, values, False
    if kind == "list":
        return X.tolist(), values, False
    if kind == "matrix":
        return np.asmatrix(X), values, False
    if kind == "masked":
        mask = rng.random(X.shape) < (0.02 if rng.random() < 0.2 else 0)
        return np.ma.array(X, mask=mask), np.where(mask, np.nan, values), False
    names = [f"f{d}" for d in range(X.shape[1])]
    if kind == "pandas":
        return pd.DataFrame(X, columns=names), values, False
    if kind == "nullable":
        return pd.DataFrame(X, columns=names).astype("Float64"), values, False
    if kind == "polars" and polars:
        return polars.DataFrame(X, schema=names), values, False
    if kind == "empty":
        X = X[:0] if rng.random() < 0.5 else X[:, :0]
        return X, X.copy(), False
    return X, values, False


WEIGHTS_OF = {
    **{"plain": 50, "float32": 10, "float16": 1, ">f8": 1, "longdouble": 1, "object": 2},
    **{"int64": 3, "int8": 1, "uint8": 1, "bool": 0.5, "F": 3, "strided": 3, "reversed": 2},
    **{"read-only": 3, "list": 3, "matrix": 1, "masked": 2, "pandas": 5, "nullable": 2},
    **{"polars": 2, "empty": 0.5},
}
CONTAINERS = list(WEIGHTS_OF)
PORTIONS = np.array(list(WEIGHTS_OF.values())) / sum(WEIGHTS_OF.values())


def draw_weights(rng, N):
    """How often each row counts, or None; all valid."""
    kind = rng.choice(["none", "whole", "uniform", "spread", "huge"], p=[0.7, 0.1, 0.1, 0.07, 0.03])
    w = {
        "none": np.ones(N),
        "whole": rng.integers(0, 4, size=N).astype(float),
        "uniform": rng.random(N),
        "spread": 10.0 ** rng.uniform(-12, 2, size=N),
        "huge": rng.random(N) * 10.0 ** rng.choice([-100, 100]),
    }[str(kind)]
    return None if kind == "none" or not w.any() else w


def draw_priors(rng, N, K):
    """What is known of each row, or None, and the same as probabilities (N, K)."""
    kind = rng.choice(["none", "labels", "soft", "zeros"], p=[0.8, 0.08, 0.07, 0.05])
    if kind == "none":
        return None, None
    if kind == "labels":
        z = np.where(rng.random(N) < 0.3, rng.integers(K, size=N), -1)
        return z, np.where((z == -1)[:, None], 1.0, np.eye(K)[np.maximum(z, 0)])
    P = rng.random((N, K)) * 10.0 ** rng.integers(-3, 3, size=(N, 1))
    if kind == "zeros":
        P *= rng.random((N, K)) < 0.8
        P[~P.any(axis=1)] = 1
    return P, P


def copied(value):
    """What comparing with later shows any change: a deep copy in a comparable form."""
    if value is None:
        return None
    if hasattr(value, "to_numpy"):
        value = value.to_numpy()
    if isinstance(value, np.ma.MaskedArray):
        return value.data.tobytes(), np.ma.getmaskarray(value).tobytes()
    if isinstance(value, list) or value.dtype == object:
        return repr(value)
    return np.array(value).tobytes()
