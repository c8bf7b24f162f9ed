"""Checks of what the user passes in: each error names the argument, the value and the remedy."""

import sys

import numpy as np

from .blocks import Rows, slices

ROWS_AT_ONCE = 8192


class NotFittedError(ValueError, AttributeError):
    """The model has no parameters yet."""


class ConvergenceWarning(UserWarning):
    """EM stopped at ``max_iter`` before the log-likelihood settled."""


def not_fitted_error(model):
    """Our error, or scikit-learn's own where a program already uses scikit-learn."""
    known = sys.modules.get("sklearn.exceptions")
    kind = NotFittedError if known is None else known.NotFittedError
    name = type(model).__name__
    return kind(f"this {name} is not fitted yet: call fit, or use {name}.from_parameters")


def check_X(X, n_features=None, name="X"):
    """X as a finite float array (N, D); float32 stays float32."""
    X = _as_floats(X, name)
    if X.ndim != 2:
        raise ValueError(
            f"{name} has shape {X.shape}, expected (n_samples, n_features). "
            f"Reshape your data: {name}.reshape(-1, 1) if it has one feature, "
            f"{name}.reshape(1, -1) if it is one sample"
        )
    if 0 in X.shape:
        what = "sample(s)" if X.shape[0] == 0 else "feature(s)"
        raise ValueError(
            f"{name} has 0 {what} (shape={X.shape}) while a minimum of 1 is required: "
            "pass at least one row and one column"
        )
    if n_features is not None and X.shape[1] != n_features:
        raise ValueError(
            f"{name} has {X.shape[1]} features, but GMM is expecting {n_features} features as "
            "input: pass the columns that the model was fitted to"
        )
    _check_finite(X, name)
    return X


def _as_floats(X, name):
    if hasattr(X, "toarray"):
        raise TypeError(f"{name} is a sparse matrix: pass {name}.toarray(), a dense array")
    kind = np.asarray(X).dtype.kind if not hasattr(X, "dtypes") else "O"
    if kind == "c":
        raise ValueError(
            f"Complex data not supported: {name} is complex; pass its real and imaginary parts "
            "as columns"
        )
    if kind not in "biufO":
        raise ValueError(f"{name} holds {np.asarray(X).dtype}: pass an array of numbers")
    X = np.asanyarray(X) if isinstance(X, np.memmap) else np.asarray(X)
    if X.dtype in (np.float32, np.float64):
        return X
    try:
        return X.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"{name} does not hold numbers only ({error}): convert it first"
        ) from None


def _check_finite(X, name):
    limit = np.sqrt(np.finfo(X.dtype).max) / 1000
    for rows in slices(0, len(X), ROWS_AT_ONCE):
        bad = ~(np.abs(X[rows]) < limit)  # nan compares false too
        if bad.any():
            n, d = np.argwhere(bad)[0]
            raise ValueError(
                f"{name} contains NaN, infinity or a value too large for {X.dtype}: "
                f"{name}[{rows.start + n}, {d}] is {X[rows.start + n, d]}. Drop the row, fill the "
                "value, or change the unit"
            )


def check_rows(X, n_components, sample_weight=None, priors=None, n_features=None, n_jobs=1):
    """Data with its weights and priors, checked, as :class:`~numpy_ml_gmm.blocks.Rows`."""
    if isinstance(X, Rows):
        return X
    X = check_X(X, n_features)
    weights = None if sample_weight is None else check_sample_weight(sample_weight, X)
    priors = None if priors is None else check_priors(priors, len(X), n_components)
    return Rows(X, weights, priors, n_jobs)


def check_sample_weight(sample_weight, X):
    """Weights (N,), finite, none negative, not all zero."""
    w = np.asarray(sample_weight, dtype=X.dtype)
    if w.ndim == 0:
        w = np.full(len(X), w)
    if w.shape != (len(X),):
        raise ValueError(
            f"sample_weight.shape == {w.shape}, expected {(len(X),)}: give one weight a row"
        )
    if not np.isfinite(w).all() or w.min() < 0 or w.max() == 0:
        raise ValueError(
            f"sample_weight runs from {w.min()} to {w.max()}: each weight must be finite and at "
            "least zero, and some above zero"
        )
    return w


def check_priors(priors, N, K):
    """Probabilities (N, K) of each row's component, no row all zero."""
    a = np.asarray(priors, dtype=np.float64)
    if a.shape != (N, K):
        raise ValueError(
            f"priors has shape {a.shape}, expected {(N, K)}: one row a sample, one column a "
            "component"
        )
    if not np.isfinite(a).all() or a.min() < 0:
        raise ValueError("priors holds negative or non-finite values: give probabilities")
    if not a.any(axis=1).all():
        n = int(np.argmin(a.any(axis=1)))
        raise ValueError(f"priors[{n}] is all zero: it rules out every component for that row")
    return a


def check_labels(z, N, K, name):
    """Component numbers (N,), whole, from 0 to K - 1."""
    z = np.asarray(z)
    if z.shape != (N,):
        raise ValueError(f"{name} has shape {z.shape}, expected {(N,)}: one component a row")
    if z.dtype.kind not in "iuf" or (z != np.floor(z)).any() or z.min() < 0 or z.max() >= K:
        raise ValueError(f"{name} must hold whole numbers from 0 to {K - 1}, the components")
    return z.astype(int)


def check_responsibilities(r, N, K, name):
    """Responsibilities (N, K) with rows that sum to one; labels (N,) become rows of 0 and 1."""
    r = np.asarray(r)
    if r.ndim == 1:
        return np.eye(K)[check_labels(r, N, K, name)]
    if r.shape != (N, K):
        raise ValueError(f"{name} has shape {r.shape}, expected labels {(N,)} or rows {(N, K)}")
    if not (r >= 0).all() or not np.allclose(r.sum(axis=1), 1, atol=1e-5):
        raise ValueError(f"{name} must hold probabilities: at least 0, each row summing to 1")
    return r.astype(np.float64)


def check_alive(statistics):
    """Statistics in which every component holds some points."""
    N_k = statistics.counts
    k = N_k.argmin()
    if N_k[k] <= 1e-15 * N_k.sum():
        raise ValueError(
            f"component {k} holds {N_k[k]:.1f} points: lower n_components, raise var_smoothing, "
            "or change init_params"
        )
    return statistics


def collapsed(k, points=None):
    """What to say of a component, or of a whole mixture (k is None), without an inverse."""
    if k is None:
        return (
            "the covariance of the whole mixture is singular: a feature is a linear function "
            "of others. Drop it, raise var_smoothing, or choose covariance_type='diag'"
        )
    return (
        f"component {k} has collapsed: its covariance is singular ({points:.1f} points). Raise "
        "var_smoothing, lower n_components, change init_params, or choose a simpler covariance_type"
    )


def check_enough_rows(rows, K):
    """At least as many rows as components, and two (not counting rows of weight zero)."""
    n = len(rows.X) if rows.weights is None else np.count_nonzero(rows.weights)
    if n < max(K, 2):
        remedy = "lower n_components" if n > 1 else "a mixture needs two points at least"
        raise ValueError(f"n_samples={n} is too few for n_components={K}: {remedy}")


def check_matrix_shape(array, name):
    """The shape of a matrix."""
    if np.ndim(array) != 2:
        raise ValueError(f"{name} has shape {np.shape(array)}, expected (n_components, n_features)")
    return np.shape(array)


def check_weights(weights, K, name="weights"):
    """Mixing weights (K,): none negative, summing to one."""
    pi = np.asarray(weights, dtype=np.float64)
    if pi.shape != (K,):
        raise ValueError(f"{name} has shape {pi.shape}, expected {(K,)}: one weight a component")
    if not (pi >= 0).all() or abs(pi.sum() - 1) > 1e-6:
        raise ValueError(f"{name} = {pi} must be at least 0 and sum to 1: divide them by their sum")
    return pi / pi.sum()


def check_means(means, K, D, name="means"):
    """Means (K, D), finite."""
    mu = np.asarray(means, dtype=np.float64)
    if mu.shape != (K, D):
        raise ValueError(f"{name} has shape {mu.shape}, expected {(K, D)}: one row a component")
    if not np.isfinite(mu).all():
        raise ValueError(f"{name} holds nan or infinity: give finite means")
    return mu


def check_covariances(covariances, model, K, D, name="covariances"):
    """Covariances in the shape of their model, symmetric and positive definite."""
    Sigma = np.asarray(covariances, dtype=np.float64)
    if Sigma.shape != model.shape(K, D):
        raise ValueError(
            f"{name} has shape {Sigma.shape}, expected {model.shape(K, D)} for this covariance_type"
        )
    for k, S in enumerate(model.expand(Sigma, K, D)):
        S = np.diag(S) if model.diagonal else S
        if not np.allclose(S, S.T) or not _positive_definite(S):
            raise ValueError(
                f"{name} of component {k} is not symmetric positive definite: its eigenvalues must "
                "all be above 0"
            )
    return Sigma


def _positive_definite(S):
    try:
        np.linalg.cholesky(S)
    except np.linalg.LinAlgError:
        return False
    return bool(np.isfinite(S).all())


def check_count(value, name, minimum=1):
    """A whole number, at least ``minimum``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name}={value!r} must be a whole number, at least {minimum}")
    if value < minimum:
        raise ValueError(f"{name}={value!r} must be at least {minimum}")
    return int(value)


def check_not_negative(value, name):
    """A finite number, at least 0."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{name}={value!r} must be a number, at least 0")
    if not np.isfinite(value) or value < 0:
        raise ValueError(f"{name}={value!r} must be finite and at least 0")
    return float(value)


def feature_names(X):
    """Column names of a data frame, if all are strings; else None."""
    columns = getattr(X, "columns", None)
    if columns is None or not all(isinstance(c, str) for c in columns):
        return None
    return np.asarray(columns, dtype=object)
