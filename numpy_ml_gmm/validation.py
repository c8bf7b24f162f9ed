"""Checks of what the user passes in: each error names the argument, the value and the remedy."""

import sys

import numpy as np

from .blocks import Rows, slices

ROWS_AT_ONCE = 8192


class NotFittedError(ValueError, AttributeError):
    """The model has no parameters yet.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM
    >>> try:
    ...     GMM(2).predict([[0.0]])
    ... except ValueError as error:
    ...     print(error)
    this GMM is not fitted yet: call fit, or use GMM.from_parameters
    """


class ConvergenceWarning(UserWarning):
    """EM stopped at ``max_iter`` before the log-likelihood settled.

    Examples
    --------
    >>> import warnings
    >>> from numpy_ml_gmm import GMM, load_iris
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     _ = GMM(3, max_iter=1, random_state=0).fit(load_iris().X)
    >>> caught[0].category.__name__
    'ConvergenceWarning'
    """


def not_fitted_error(model):
    """Our error, or scikit-learn's own where a program already uses scikit-learn.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM
    >>> str(not_fitted_error(GMM(2)))
    'this GMM is not fitted yet: call fit, or use GMM.from_parameters'
    """
    known = sys.modules.get("sklearn.exceptions")
    kind = NotFittedError if known is None else known.NotFittedError
    name = type(model).__name__
    return kind(f"this {name} is not fitted yet: call fit, or use {name}.from_parameters")


def check_X(X, n_features=None, name="X"):
    """X as a finite float array (N, D); float32 stays float32.

    Examples
    --------
    >>> check_X([[1, 2], [3, 4]])
    array([[1., 2.], [3., 4.]])
    >>> check_X([[1.0, np.nan]])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: X contains NaN, infinity or a value too large for float64: X[0, 1] is nan. ...
    """
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


def _check_finite(X, name, remedy="Drop the row, fill the value, or change the unit"):
    limit = np.sqrt(np.finfo(X.dtype).max) / 1000
    for rows in slices(0, len(X), ROWS_AT_ONCE):
        bad = ~(np.abs(X[rows]) < limit)  # nan compares false too
        if bad.any():
            n, d = np.argwhere(bad)[0]
            raise ValueError(
                f"{name} contains NaN, infinity or a value too large for {X.dtype}: "
                f"{name}[{rows.start + n}, {d}] is {X[rows.start + n, d]}. {remedy}"
            )


def check_rows(X, n_components, sample_weight=None, priors=None, n_features=None, n_jobs=1):
    """Data with its weights and priors, checked, as :class:`~numpy_ml_gmm.blocks.Rows`.

    Examples
    --------
    >>> rows = check_rows([[1.0], [2.0], [4.0]], n_components=2, sample_weight=[1, 1, 2])
    >>> rows.total_weight
    4.0
    """
    if isinstance(X, Rows):
        return X
    X = check_X(X, n_features)
    weights = None if sample_weight is None else check_sample_weight(sample_weight, X)
    priors = None if priors is None else check_priors(priors, len(X), n_components)
    return Rows(X, weights, priors, n_jobs)


def check_sample_weight(sample_weight, X):
    """Weights (N,), finite, none negative, not all zero.

    Examples
    --------
    >>> check_sample_weight([1, 0, 2], np.ones((3, 2)))
    array([1., 0., 2.])
    """
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
    """Probabilities (N, K) of each row's component, no row all zero.

    Examples
    --------
    >>> check_priors([[1, 1], [0, 1]], N=2, K=2)
    array([[1., 1.], [0., 1.]])
    >>> check_priors([[1, 1], [0, 0]], N=2, K=2)
    Traceback (most recent call last):
    ValueError: priors[1] is all zero: it rules out every component for that row
    """
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
    """Component numbers (N,), whole, from 0 to K - 1.

    Examples
    --------
    >>> check_labels([0.0, 2.0], N=2, K=3, name="z")
    array([0, 2])
    """
    z = np.asarray(z)
    if z.shape != (N,):
        raise ValueError(f"{name} has shape {z.shape}, expected {(N,)}: one component a row")
    if z.dtype.kind not in "iuf" or (z != np.floor(z)).any() or z.min() < 0 or z.max() >= K:
        raise ValueError(f"{name} must hold whole numbers from 0 to {K - 1}, the components")
    return z.astype(int)


def check_responsibilities(r, N, K, name):
    """Responsibilities (N, K) with rows that sum to one; labels (N,) become rows of 0 and 1.

    Examples
    --------
    >>> check_responsibilities([1, 0], N=2, K=2, name="r")
    array([[0., 1.], [1., 0.]])
    """
    r = np.asarray(r)
    if r.ndim == 1:
        return np.eye(K)[check_labels(r, N, K, name)]
    if r.shape != (N, K):
        raise ValueError(f"{name} has shape {r.shape}, expected labels {(N,)} or rows {(N, K)}")
    if not (r >= 0).all() or not np.allclose(r.sum(axis=1), 1, atol=1e-5):
        raise ValueError(f"{name} must hold probabilities: at least 0, each row summing to 1")
    return r.astype(np.float64)


def check_alive(statistics):
    """Statistics in which every component holds some points.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> check_alive(SimpleNamespace(counts=np.array([0.0, 9.0])))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: component 0 holds 0.0 points: lower n_components, raise var_smoothing, ...
    """
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
    """At least as many rows as components, and two (not counting rows of weight zero).

    Examples
    --------
    >>> check_enough_rows(Rows(np.ones((3, 1))), K=4)
    Traceback (most recent call last):
    ValueError: n_samples=3 is too few for n_components=4: lower n_components
    """
    n = len(rows.X) if rows.weights is None else np.count_nonzero(rows.weights)
    if n < max(K, 2):
        remedy = "lower n_components" if n > 1 else "a mixture needs two points at least"
        raise ValueError(f"n_samples={n} is too few for n_components={K}: {remedy}")


def check_matrix_shape(array, name):
    """The shape of a matrix.

    Examples
    --------
    >>> check_matrix_shape([[1.0, 2.0]], "means")
    (1, 2)
    """
    if np.ndim(array) != 2:
        raise ValueError(f"{name} has shape {np.shape(array)}, expected (n_components, n_features)")
    return np.shape(array)


def check_weights(weights, K, name="weights"):
    """Mixing weights (K,): none negative, summing to one.

    Examples
    --------
    >>> check_weights([0.5, 0.6], K=2)
    Traceback (most recent call last):
    ValueError: weights = [0.5 0.6] must be at least 0 and sum to 1: divide them by their sum
    """
    pi = np.asarray(weights, dtype=np.float64)
    if pi.shape != (K,):
        raise ValueError(f"{name} has shape {pi.shape}, expected {(K,)}: one weight a component")
    if not (pi >= 0).all() or abs(pi.sum() - 1) > 1e-6:
        raise ValueError(f"{name} = {pi} must be at least 0 and sum to 1: divide them by their sum")
    return pi / pi.sum()


def check_means(means, K, D, name="means"):
    """Means (K, D), finite.

    Examples
    --------
    >>> check_means([[1, 2]], K=1, D=2)
    array([[1., 2.]])
    """
    mu = np.asarray(means, dtype=np.float64)
    if mu.shape != (K, D):
        raise ValueError(f"{name} has shape {mu.shape}, expected {(K, D)}: one row a component")
    _check_finite(mu, name, "Give means in the units of the data")
    return mu


def check_covariances(covariances, model, K, D, name="covariances"):
    """Covariances in the shape of their model, symmetric and positive definite.

    Examples
    --------
    >>> from numpy_ml_gmm.covariances import covariance_model
    >>> full = covariance_model("full")
    >>> check_covariances([[[1.0, 2.0], [2.0, 1.0]]], full, K=1, D=2)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: covariances of component 0 is not symmetric positive definite: ...
    """
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
    """A whole number, at least ``minimum``.

    Examples
    --------
    >>> check_count(3, "n_components")
    3
    >>> check_count(0, "n_components")
    Traceback (most recent call last):
    ValueError: n_components=0 must be at least 1
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name}={value!r} must be a whole number, at least {minimum}")
    if value < minimum:
        raise ValueError(f"{name}={value!r} must be at least {minimum}")
    return int(value)


def check_not_negative(value, name):
    """A finite number, at least 0.

    Examples
    --------
    >>> check_not_negative(-1, "tol")
    Traceback (most recent call last):
    ValueError: tol=-1 must be finite and at least 0
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{name}={value!r} must be a number, at least 0")
    if not np.isfinite(value) or value < 0:
        raise ValueError(f"{name}={value!r} must be finite and at least 0")
    return float(value)


def feature_names(X):
    """Column names of a data frame, if all are strings; else None.

    Examples
    --------
    >>> feature_names([[1.0, 2.0]]) is None
    True
    """
    columns = getattr(X, "columns", None)
    if columns is None or not all(isinstance(c, str) for c in columns):
        return None
    return np.asarray(columns, dtype=object)
