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


class CollapseWarning(UserWarning):
    """A component lies on so few points that only ``var_smoothing`` gives it a volume.

    Examples
    --------
    >>> import warnings
    >>> from numpy_ml_gmm import GMM
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     _ = GMM(3, random_state=0).fit([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> caught[0].category.__name__
    'CollapseWarning'
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
    X = as_floats(X, name)
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


def as_floats(value, name):
    """An array of floats: float32 as it is, other numbers as float64.

    Examples
    --------
    >>> as_floats([1, 2], "sample_weight")
    array([1., 2.])
    >>> as_floats(["a", "b"], "sample_weight")
    Traceback (most recent call last):
    ValueError: sample_weight holds <U1: pass an array of numbers
    """
    array = _as_array(value, name)
    if array.dtype in (np.float32, np.float64):
        return array
    _check_kind(array.dtype, name)
    try:
        with np.errstate(over="ignore"):  # infinity is refused later, where its place is known
            return array.astype(np.float64)
    except OverflowError:
        raise ValueError(f"{name} holds a number too large for float64: change the unit") from None
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"{name} does not hold numbers only ({error}): convert it first"
        ) from None


def _check_kind(dtype, name):
    if dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: {name} is complex; pass its real and imaginary parts "
            "as columns"
        )
    if dtype.kind not in "biufO":
        raise ValueError(f"{name} holds {dtype}: pass an array of numbers")


def _as_array(value, name):
    if hasattr(value, "toarray"):
        raise TypeError(f"{name} is a sparse matrix: pass {name}.toarray(), a dense array")
    if np.ma.is_masked(value):
        raise ValueError(
            f"{name} has masked values: drop those rows, or fill them with {name}.filled(value)"
        )
    try:
        return np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} has rows of different lengths: make them equal") from None


def _check_finite(X, name, remedy="Drop the row, fill the value, or change the unit"):
    limit = _largest(X.dtype)
    for rows in slices(0, len(X), ROWS_AT_ONCE):
        bad = ~(np.abs(X[rows]) < limit)  # nan compares false too
        if bad.any():
            n, d = np.argwhere(bad)[0]
            raise ValueError(
                f"{name} contains NaN, infinity or a value too large for {X.dtype}: "
                f"{name}[{rows.start + n}, {d}] is {X[rows.start + n, d]}. {remedy}"
            )


def _largest(dtype):
    """Its square, times the number of rows, is still a number."""
    return np.sqrt(np.finfo(dtype).max) / 1000


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
    w = as_floats(sample_weight, "sample_weight")
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
    _check_total(w, X.dtype)
    return w.astype(X.dtype, copy=False)


def _check_total(w, dtype):
    with np.errstate(over="ignore"):
        total = w.sum()
    if not 1 / _largest(dtype) < total < _largest(dtype):
        raise ValueError(
            f"sample_weight sums to {total:g}, out of the range of {dtype} (largest weight "
            f"{w.max():g}): divide the weights by their mean"
        )


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
    if np.ndim(priors) == 1:
        return labels_as_priors(priors, N, K)
    a = as_floats(priors, "priors").astype(np.float64, copy=False)
    if a.shape != (N, K):
        raise ValueError(
            f"priors has shape {a.shape}, expected {(N, K)}: one row a sample, one column a "
            "component"
        )
    bad = ~((a >= 0) & (a < np.inf))
    if bad.any():
        n, k = np.argwhere(bad)[0]
        raise ValueError(
            f"priors[{n}, {k}] is {a[n, k]}: give probabilities, finite and at least 0"
        )
    if not a.any(axis=1).all():
        n = int(np.argmin(a.any(axis=1)))
        raise ValueError(f"priors[{n}] is all zero: it rules out every component for that row")
    return a


def labels_as_priors(labels, N, K):
    """Labels (N,), -1 where none is known, as priors (N, K)."""
    labels = as_floats(labels, "priors")
    known = check_labels(np.where(labels == -1, 0, labels), N, K, "priors")
    return np.where((labels == -1)[:, None], 1.0, np.eye(K)[known])


def check_some_component(priors, weights):
    """Each row's priors allow a component whose weight is not 0.

    Examples
    --------
    >>> check_some_component(np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([1.0, 0.0]))
    Traceback (most recent call last):
    ValueError: priors[1] allows only components of weight 0: allow another, or raise the weight
    """
    if priors is None or weights.all():
        return
    possible = priors[:, weights > 0].any(axis=1)
    if not possible.all():
        n = int(possible.argmin())
        raise ValueError(
            f"priors[{n}] allows only components of weight 0: allow another, or raise the weight"
        )


def check_labels(z, N, K, name):
    """Component numbers (N,), whole, from 0 to K - 1.

    Examples
    --------
    >>> check_labels([0.0, 2.0], N=2, K=3, name="z")
    array([0, 2])
    """
    z = _as_array(z, name)
    if z.shape != (N,):
        raise ValueError(f"{name} has shape {z.shape}, expected {(N,)}: one component a row")
    rule = f"{name} must hold whole numbers from 0 to {K - 1}, the components"
    if z.dtype.kind not in "iuf":
        raise ValueError(f"{rule}, but holds {z.dtype}: convert it")
    bad = ~((z == np.floor(z)) & (z >= 0) & (z < K))
    if bad.any():
        n = int(bad.argmax())
        raise ValueError(f"{rule}: {name}[{n}] is {z[n]}")
    return z.astype(int)


def check_responsibilities(r, N, K, name):
    """Responsibilities (N, K) with rows that sum to one; labels (N,) become rows of 0 and 1.

    Examples
    --------
    >>> check_responsibilities([1, 0], N=2, K=2, name="r")
    array([[0., 1.], [1., 0.]])
    >>> check_responsibilities([[0.5, 0.6]], N=1, K=2, name="r")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: r must hold probabilities, at least 0, each row summing to 1: r[0] sums to 1.1, ...
    """
    r = _as_array(r, name)
    if r.ndim == 1:
        return np.eye(K)[check_labels(r, N, K, name)]
    r = as_floats(r, name).astype(np.float64, copy=False)
    if r.shape != (N, K):
        raise ValueError(f"{name} has shape {r.shape}, expected labels {(N,)} or rows {(N, K)}")
    with np.errstate(over="ignore", invalid="ignore"):
        total, least = r.sum(axis=1), r.min(axis=1)
    bad = ~((least >= 0) & (np.abs(total - 1) <= 2e-5))
    if bad.any():
        n = int(bad.argmax())
        raise ValueError(
            f"{name} must hold probabilities, at least 0, each row summing to 1: "
            f"{name}[{n}] sums to {total[n]:g}, its least is {least[n]:g}"
        )
    return r


def check_alive(N_k):
    """Every component must hold some points; counts (K,)."""
    k = N_k.argmin()
    if N_k[k] <= 1e-15 * N_k.sum():
        raise ValueError(
            f"component {k} holds {N_k[k]:.1f} points: lower n_components, raise var_smoothing, "
            "or change init_params"
        )


def random_generator(random_state):
    """A generator of random numbers: the one given, or one with that seed.

    Examples
    --------
    >>> random_generator(7).integers(10)
    np.int64(9)
    >>> random_generator(-1)
    Traceback (most recent call last):
    ValueError: random_state=-1 must be None, a whole number of at least 0, or a Generator
    """
    try:
        return np.random.default_rng(random_state)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"random_state={random_state!r} must be None, a whole number of at least 0, or a "
            "Generator"
        ) from None


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


def check_distinct_rows(rows, K):
    """At least as many different rows as components (not counting rows of weight zero).

    Examples
    --------
    >>> check_distinct_rows(Rows(np.array([[0.0], [0.0], [1.0]])), K=3)
    Traceback (most recent call last):
    ValueError: X holds 2 different rows, fewer than n_components=3: lower n_components
    """
    X = rows.X if rows.weights is None else rows.X[rows.weights > 0]
    n = len(np.unique(X, axis=0))
    if n < K:
        raise ValueError(
            f"X holds {n} different rows, fewer than n_components={K}: lower n_components"
        )


def check_matrix_shape(array, name):
    """The shape of a matrix.

    Examples
    --------
    >>> check_matrix_shape([[1.0, 2.0]], "means")
    (1, 2)
    """
    shape = _as_array(array, name).shape
    if len(shape) != 2:
        raise ValueError(f"{name} has shape {shape}, expected (n_components, n_features)")
    return shape


def check_weights(weights, K, name="weights"):
    """Mixing weights (K,): none negative, summing to one.

    Examples
    --------
    >>> check_weights([0.5, 0.6], K=2)
    Traceback (most recent call last):
    ValueError: weights = [0.5 0.6] must be at least 0 and sum to 1: divide them by their sum
    """
    pi = as_floats(weights, name).astype(np.float64, copy=False)
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
    mu = as_floats(means, name).astype(np.float64)
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
    Sigma = as_floats(covariances, name).astype(np.float64)
    if Sigma.shape != model.shape(K, D):
        raise ValueError(
            f"{name} has shape {Sigma.shape}, expected {model.shape(K, D)} for this covariance_type"
        )
    if not np.isfinite(Sigma).all():
        raise ValueError(f"{name} holds nan or infinity: give finite covariances")
    for k, S in enumerate(model.expand(Sigma, K, D)):
        S = np.diag(S) if model.diagonal else S
        if not (_symmetric(S) and _positive_definite(S)):
            raise ValueError(
                f"{name} of component {k} is not symmetric positive definite: its eigenvalues must "
                "all be above 0"
            )
    return Sigma


def _symmetric(S):
    unit = np.sqrt(np.abs(np.diag(S)))  # a feature's, so that no unit makes a difference
    return bool((np.abs(S - S.T) <= 1e-5 * np.outer(unit, unit)).all())


def _positive_definite(S):
    try:
        np.linalg.cholesky(S)
    except np.linalg.LinAlgError:
        return False
    return True


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


def check_not_negative(value, name, at_most=np.inf):
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
    if value > at_most:
        raise ValueError(f"{name}={value!r} must be at most {at_most:g}: use a small number")
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
