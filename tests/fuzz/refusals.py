"""Errors that the package may raise on data, each with what must be true of the data for it."""

import re

import numpy as np

LIMIT = np.sqrt(np.finfo(float).max) / 1000


class Refused(Exception):
    """A documented error, and true: the name says which."""


class Failure(AssertionError):
    """The package is wrong; the text says how."""


def spread(X, w):
    """Weighted means and standard deviations of the columns, with more digits than float64 has."""
    X, w = X.astype(np.longdouble), np.asarray(w, np.longdouble)
    c = X[0]
    mean = (w[:, None] * (X - c)).sum(axis=0) / w.sum()
    delta = X - c - mean
    return c + mean, np.sqrt((w[:, None] * delta * delta).sum(axis=0) / w.sum())


def facts(sample, K, w, smoothing, letters):
    """What each error claims, by the words in its message."""
    X = sample.values
    finite = np.isfinite(X).all() and (np.abs(X) < (1.8e16 if sample.single else LIMIT)).all()
    eps = float(np.finfo(np.float32 if sample.single else float).eps)
    if X.size and finite:
        used = X[w > 0]
        n, rows = len(used), len(np.unique(used, axis=0))
        mean, sd = (a.astype(float) for a in spread(used, w[w > 0]))
        constant = (sd <= 1.1 * eps * np.abs(mean)).any()
        tiny = 2e-19 if sample.single else 2e-154
        narrow = ((sd <= tiny) & (np.ptp(used, axis=0) > 0)).any()
        with np.errstate(all="ignore"):
            scaled = (used - mean) / np.where(sd > 0, sd, 1)
            values = np.linalg.svd(scaled * np.sqrt(w[w > 0] / w.max())[:, None], compute_uv=False)
        thin = values[-1] / values[0] if n > X.shape[1] else 0.0
        blur = np.linalg.norm(eps * mean / np.where(sd > 0, sd, 1)) / max(thin, 1e-300)
        wide = n <= X.shape[1]
        lost = 100 * X.shape[1] * np.max(eps * np.abs(used) / np.maximum(sd, 1e-300))
    else:
        n, rows, constant, narrow, thin, blur, wide = len(X), len(X), True, True, 0, 1, True
        lost = 1
    largest = 1.8e16 if sample.single else LIMIT
    size = np.longdouble(np.ptp(X)) if X.size and finite else 1
    scatter = w.sum() * size * size
    singular = letters[2] != "I" and smoothing == 0
    return {
        "sample_weight sums to": not (1 / largest < w.sum() < largest and 1e-300 < scatter < 1e300),
        "must be a table of finite numbers|NaN|masked values": not finite,
        r"0 (sample|feature)\(s\)": X.size == 0,
        r"n_samples=\d+ is too few": n < max(K, 2),
        r"different rows, fewer than n_components": rows < K,
        "no number at all": np.isnan(X).all(axis=0).any(),
        r"constant \(about": constant,
        "too little to square": narrow,
        "data lie too far from 0": blur > 1e-3,
        r"columns: covariances that are not diagonal are singular": singular and wide,
        "(function of|repeats|add up to).* singular": letters[2] != "I" and thin < max(1e-4, lost),
        "whole mixture is singular": thin < 1e-4,
        "collapsed|holds .* points": not (sample.benign and smoothing > 0),
    }


def explain(error, sample, K, w, smoothing=1e-6, letters="VVV"):
    """Raise Refused if the error is documented and true of the data, else Failure."""
    text = str(error)
    if not isinstance(error, ValueError | TypeError):
        raise Failure(f"{type(error).__name__}: {text}") from error
    for pattern, true in facts(sample, K, w, smoothing, letters).items():
        if re.search(pattern, text):
            if true:
                raise Refused(pattern)
            raise Failure(f"refused, but it is not so: {text[:200]}") from error
    raise Failure(f"undocumented {type(error).__name__}: {text[:200]}") from error
