"""Checks of what the user passes in: each error names the argument, the value and the remedy."""

import functools
import os
import sys
import warnings
from functools import partial

import numpy as np

from .blocks import Patterns, Rows, in_chunks, slices
from .hints import Array, Labels

ROWS_AT_ONCE = 8192
NAMED, LISTED = 5, 10  # so many columns are named in a sentence, and have lines in a message
LIKE_AN_ID = 20  # fewer rows may count up by chance


class Shared:
    """What scikit-learn has too: a pickle of it is read as what it is where it is read.

    An error that a process without scikit-learn has raised is caught as scikit-learn's by one with.
    """

    def __reduce__(self):
        ours = next(c for c in type(self).__mro__ if c.__dict__.get("_made_of_both") is None)
        return _revived, (ours, self.args), vars(self) or None


def _revived(ours, args):
    return known_to_sklearn(ours)(*args)


class NotFittedError(Shared, ValueError, AttributeError):
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


class ConvergenceWarning(Shared, UserWarning):
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
    ...     _ = GMM(3, random_state=0).fit([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.1]])
    >>> caught[0].category.__name__
    'CollapseWarning'
    """


class DataWarning(UserWarning):
    """The data can be fitted, but hold something that was hardly meant.

    Examples
    --------
    >>> import warnings
    >>> from numpy_ml_gmm import GMM, load_iris
    >>> X = load_iris().X
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     _ = GMM(3, random_state=0).fit(np.column_stack([np.arange(150), X]))
    >>> print(caught[0].message)
    column 0 counts up from 0 to 149 in whole numbers: is it an id? If so, drop it
    """


def warn(message, category=DataWarning):
    """A warning at the line that called into the package."""
    frame, level, ours = sys._getframe(), 1, {__package__, "numpy", "contextlib"}  # a decorator
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in ours:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def not_fitted_error(model, reason="is not fitted yet: call fit, or"):
    """Our error, which is scikit-learn's too where a program already uses scikit-learn.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM
    >>> str(not_fitted_error(GMM(2)))
    'this GMM is not fitted yet: call fit, or use GMM.from_parameters'
    """
    name = type(model).__name__
    return known_to_sklearn(NotFittedError)(f"this {name} {reason} use {name}.from_parameters")


def known_to_sklearn(ours):
    """An exception of ours, or where a program uses scikit-learn one that is also of its class.

    So whoever filters or catches either class gets it.
    """
    theirs = getattr(sys.modules.get("sklearn.exceptions"), ours.__name__, None)
    return ours if theirs is None else _of_both(ours, theirs)


@functools.cache
def _of_both(ours, theirs):
    """A class that is a kind of both."""
    members = {"__doc__": ours.__doc__, "__module__": ours.__module__, "_made_of_both": True}
    return type(ours.__name__, (ours, theirs), members)


def check_X(X, n_features=None, name="X", missing=False) -> Array:
    """X as a finite float array (N, D); float32 stays float32.  ``missing`` lets nan through.

    Examples
    --------
    >>> check_X([[1, 2], [3, 4]])
    array([[1., 2.], [3., 4.]])
    >>> check_X([[1.0, np.nan], [2.0, 3.0]])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: X must be a table of finite numbers: column 1 holds NaN (X[0, 1] is nan): ...
    """
    if missing and np.ma.is_masked(X):
        X = X.astype(np.result_type(X, np.float32)).filled(np.nan)
    table = as_array(X, name)
    if missing:
        table = _with_nan(table)
    if table.ndim != 2:
        _check_is_numbers(X, table, name)
        raise ValueError(
            f"{name} has shape {table.shape}, expected (n_samples, n_features). "
            f"Reshape your data: {how_to_reshape(X, table, name)}"
        )
    if 0 in table.shape:
        what = "sample(s)" if table.shape[0] == 0 else "feature(s)"
        raise ValueError(
            f"{name} has 0 {what} (shape={table.shape}) while a minimum of 1 is required: "
            "pass at least one row and one column"
        )
    if n_features is not None and table.shape[1] != n_features:
        raise ValueError(
            f"{name} has {table.shape[1]} features, but GMM is expecting {n_features} features as "
            "input: pass the columns that the model was fitted to"
        )
    try:
        numbers = as_floats(table, name)
        parts = (numbers[some] for some in slices(0, len(numbers), ROWS_AT_ONCE))
        if all((_finite(part) | (missing & np.isnan(part))).all() for part in parts):
            return numbers
    except (TypeError, ValueError):
        if table.dtype.kind == "c":
            raise
    raise _error_about_columns(X, table, name, n_features is None, missing)


def _check_is_numbers(X, array, name):
    """What is no table may be no numbers either, and then no shape will help."""
    if array.ndim == 0 and array.dtype.kind not in "biufc":
        shown = X is None or isinstance(X, str | os.PathLike)
        what = repr(X) if shown else f"a {type(X).__name__}"
        remedy = "pass an array (n_samples, n_features)"
        if isinstance(X, dict):
            remedy = f"np.column_stack(list({name}.values())) makes a table of columns"
        elif isinstance(X, str | os.PathLike) or hasattr(X, "read"):
            remedy = "numpy_ml_gmm.tables.read_table(path).X is the table in a file"
        raise TypeError(f"{name} is {what}, not a table: {remedy}")
    if array.dtype.kind in "SU" and array.size:
        raise TypeError(f"{name} holds text ({str(array.flat[0])!r}): pass a table of numbers")


def how_to_reshape(X, array, name):
    """What makes a table of an array that is none."""
    if array.dtype.names:
        return f"np.lib.recfunctions.structured_to_unstructured({name}) makes columns of fields"
    if hasattr(X, "reshape"):
        pixels, column, row = (
            f"{name}.reshape({shape})" for shape in (f"-1, {name}.shape[-1]", "-1, 1", "1, -1")
        )
    else:
        last = array.shape[-1] if array.ndim else 1
        pixels, column, row = (
            f"np.reshape({name}, ({shape}))" for shape in (f"-1, {last}", "-1, 1", "1, -1")
        )
    if array.ndim > 2:
        return f"{pixels} keeps the last axis as columns, and makes all others rows"
    return f"{column} if it has one feature, {row} if it is one sample"


def as_floats(value, name) -> Array:
    """An array of floats: float32 as it is, other numbers as float64.

    Examples
    --------
    >>> as_floats([1, 2], "sample_weight")
    array([1., 2.])
    >>> as_floats(["a", "b"], "sample_weight")
    Traceback (most recent call last):
    ValueError: sample_weight holds <U1: pass an array of numbers
    """
    array = as_array(value, name)
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


def as_array(value, name):
    """Any array, if it is dense and nothing in it is masked."""
    if hasattr(value, "toarray"):
        raise TypeError(f"{name} is a sparse matrix: pass {name}.toarray(), a dense array")
    if in_chunks(value):
        raise TypeError(
            f"{name} is a collection of Dask's, and this needs it at once: pass {name}.compute() "
            "if it fits into memory, or a sample of its rows"
        )
    if np.ma.is_masked(value):
        raise ValueError(
            f"{name} has masked values: drop those rows, or fill them with {name}.filled(value)"
        )
    if type(value).__module__.startswith("polars") and column_names(value):
        columns = [np.asarray(value[label]) for label in column_names(value)]
        if any(column.dtype.kind in "mM" for column in columns):  # polars makes dates numbers
            return np.stack([column.astype(object) for column in columns], axis=1)
    try:
        return np.asarray(value)
    except ValueError:
        tables = all(len(getattr(part, "shape", ())) == 2 for part in value)
        remedy = f"np.vstack({name}) joins tables" if tables else "make them equal"
        raise ValueError(f"{name} has rows of different lengths: {remedy}") from None


def _finite(X):
    """Which numbers can be squared and added up."""
    return np.abs(X) < _largest(X.dtype)  # nan compares false too


def _largest(dtype):
    """Its square, times the number of rows, is still a number."""
    return np.sqrt(np.finfo(dtype).max) / 1000


# ---- Columns ----------------------------------------------------------------------------------


def column_names(X):
    """The labels of a data frame's columns; None of an array, whose columns have numbers."""
    columns = getattr(X, "columns", None)
    return list(columns) if np.iterable(columns) else None


def in_words(columns, names=None):
    """Columns by name or number, the first few of many.

    Examples
    --------
    >>> in_words([2]), in_words([0, 1, 2], names=["age", "height", "weight"])
    ('column 2', "columns 'age', 'height' and 'weight'")
    """
    labels = [str(d) if names is None else repr(names[d]) for d in columns]
    if len(labels) > NAMED + 1:
        labels = [*labels[:NAMED], f"{len(labels) - NAMED} more"]
    *first, last = labels
    return f"columns {', '.join(first)} and {last}" if first else f"column {last}"


MISSING = "NoneType", "NAType", "NaTType"  # types of a cell that holds nothing
REMEDIES = {  # for each kind of cell that is no finite number
    "NaN": "drop {rows}, or fill {them} in",
    "infinity": "drop {rows}, or put a finite number there",
    "numbers too large": "change the unit, for they have to be squared",
    "text": "drop the column, or code it as 0 and 1, a column for each value but one",
    "some text": "drop {rows}, or put numbers there",
    "dates": "drop the column, or make it a number, such as days since the first",
    "lengths of time": "drop the column, or make it a number of seconds",
}
PANDAS_REMEDIES = {
    "text": "drop the column, or code it as 0 and 1: "
    "pd.get_dummies({X}, columns=[{label}], drop_first=True, dtype=float)",
    "some text": "pd.to_numeric({X}[{label}], errors='coerce') makes it NaN; drop or fill that",
    "dates": "drop the column, or count days: ({X}[{label}] - {X}[{label}].min()).dt.days",
    "lengths of time": "drop the column, or count seconds: {X}[{label}].dt.total_seconds()",
}


def _with_nan(table):
    """An array of objects in which what is missing (None, pandas' NA) is nan."""
    if table.dtype != object:
        return table
    lacking = np.frompyfunc(lambda cell: type(cell).__name__ in MISSING, 1, 1)(table)
    return np.where(np.asarray(lacking, bool), np.nan, table)


def _error_about_columns(X, table, name, fitting, missing):
    """The error that says, column by column, what is no finite number, and the remedy."""
    names, lines, kinds = column_names(X), [], set()
    remedies = REMEDIES | (PANDAS_REMEDIES if type(X).__module__.startswith("pandas") else {})
    limit = _largest(np.float32 if table.dtype == np.float32 else np.float64)
    numeric = table.dtype.kind in "iuf"
    columns = _wrong_columns(table, limit, fitting) if numeric else range(table.shape[1])
    told = columns[: LISTED + 1] if numeric else columns  # others of many are only counted
    for d in told:
        column = table[:, d]
        label, rows_of = in_words([d], names), {}
        for n in _suspects(column, limit):
            if (kind := _kind_of(column[n], limit)) and not (missing and kind == "NaN"):
                rows_of.setdefault(kind, []).append(int(n))
        for kind, rows in rows_of.items():
            cell = repr(str(column[rows[0]])) if kind == "text" else column[rows[0]]
            where = f"row {rows[0]}" if names or " " in name else f"{name}[{rows[0]}, {d}]"
            others = f", the first of {len(rows)} rows" * (len(rows) > 1)
            some = "some " * (kind == "text" and len(rows) < len(table) / 2)
            remedy = remedies.get(some + kind, "drop the column, or make it a number")
            if len(rows) == len(table):
                n_values = len(set(map(str, column)))
                if n_values == 1 or (kind == "text" and n_values > len(table) / 2):
                    remedy = "drop the column"  # it says nothing, or each row something else
            remedy = remedy.format(
                rows="those rows" if len(rows) > 1 else "that row",
                them="them" if len(rows) > 1 else "it",
                X=name,
                label=names and repr(names[d]),
            )
            lines.append(f"{label} holds {kind} ({where} is {cell}{others}): {remedy}")
        if fitting and not rows_of and (column == column[0]).all():
            lines.append(f"{label} is {column[0]} in every row: drop it")
        kinds |= rows_of.keys()
    if not kinds and not numeric:
        return ValueError(f"{name} holds numbers as text: np.asarray({name}, float) reads them")
    if len(lines) > LISTED:
        lines[LISTED:] = [f"and {len(lines) - LISTED + len(columns) - len(told)} more"]
    text = f" {lines[0]}" if len(lines) == 1 else "\n  " + ";\n  ".join(lines)
    error = ValueError if kinds <= REMEDIES.keys() else TypeError
    return error(f"{name} must be a table of finite numbers:{text}")


def _wrong_columns(table, limit, fitting):
    """Of a table of numbers, those that are not all below the limit; in a fit the constant too."""
    wrong, constant = np.zeros(table.shape[1], bool), np.full(table.shape[1], fitting)
    for some in slices(0, len(table), ROWS_AT_ONCE):
        wrong |= ~(np.abs(table[some]) < limit).all(axis=0)
        constant &= (table[some] == table[0]).all(axis=0)
    return np.flatnonzero(wrong | constant)


def _suspects(column, limit):
    """The rows to look at one by one."""
    if column.dtype.kind in "mM":
        return range(len(column))
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            return np.flatnonzero(~(np.abs(column.astype(np.float64)) < limit))
    except (TypeError, ValueError, OverflowError):
        return range(len(column))


def _kind_of(cell, limit):
    """What a cell holds, in words; nothing if it is a number below the limit."""
    kind = type(cell).__name__
    if kind in MISSING or str(cell) == "NaT":
        return "NaN"
    if kind == "datetime64" or hasattr(cell, "strftime"):
        return "dates"
    if kind == "timedelta64" or hasattr(cell, "total_seconds"):
        return "lengths of time"
    try:
        number = abs(float(cell))
    except OverflowError:
        return "numbers too large"
    except ValueError:
        return "text"
    except TypeError as error:
        return f"no numbers only, {error}"
    if number < limit:
        return ""
    infinite = str(cell).strip("+-").lower().startswith("inf")  # a long double may only seem so
    return "NaN" if number != number else "infinity" if infinite else "numbers too large"


def look_for_ids(rows):
    """Warn of columns that count up in whole numbers, among other columns."""
    N, D = rows.X.shape
    if N <= LIKE_AN_ID or D == 1:
        return
    first, last, rising = rows.gathered(_rising, _one_after_the_other)
    for d in np.flatnonzero(rising):
        warn(
            f"{in_words([d], rows.names)} counts up from {first[d]:.0f} to {last[d]:.0f} in "
            "whole numbers: is it an id? If so, drop it"
        )


def _rising(rows):
    """The first row, the last, and which columns (D,) count up from one to the other."""
    X = rows.X
    rising = _counts_up(X[: LIKE_AN_ID + 1])
    for d in np.flatnonzero(rising):
        parts = (slice(some.start, some.stop + 1) for some in slices(0, len(X), ROWS_AT_ONCE))
        rising[d] = all(_counts_up(X[some, d : d + 1]).all() for some in parts)
    return X[0], X[-1], rising


def _one_after_the_other(some, more):
    """What :func:`_rising` finds of rows, and of those that come after them."""
    return some[0], more[1], some[2] & more[2] & (some[1] < more[0])


def _counts_up(X):
    """Which columns hold whole numbers, each larger than the last."""
    return (X == np.floor(X)).all(axis=0) & (np.diff(X, axis=0) > 0).all(axis=0)


def check_rows(
    X,
    n_components,
    sample_weight=None,
    priors=None,
    n_features=None,
    n_jobs=1,
    error_covariances=None,
):
    """Data with its weights, priors and errors, as :class:`~numpy_ml_gmm.blocks.Rows`.

    Examples
    --------
    >>> rows = check_rows([[1.0], [2.0], [4.0]], n_components=2, sample_weight=[1, 1, 2])
    >>> rows.total_weight
    4.0
    """
    if isinstance(X, Rows):
        return X
    names, X = column_names(X), check_X(X, n_features, missing=True)
    weights = None if sample_weight is None else check_sample_weight(sample_weight, X)
    priors = None if priors is None else check_priors(priors, len(X), n_components)
    errors = None if error_covariances is None else check_errors(error_covariances, X)
    return Rows(X, weights, priors, n_jobs, None, names, Patterns.of(X, errors), errors)


def check_errors(error_covariances, X):
    """Covariances of the rows' errors, (N, D) variances or (N, D, D); 0 where a value is missing.

    Examples
    --------
    >>> check_errors([[1, 2]], np.array([[0.5, np.nan]]))
    array([[1., 0.]])
    """
    name, (N, D) = "error_covariances", X.shape
    R = np.array(as_floats(error_covariances, name), np.float64)  # a copy
    if R.shape not in ((N, D), (N, D, D)):
        raise ValueError(
            f"{name} has shape {R.shape}, expected {(N, D)} (variances) or {(N, D, D)}"
        )
    lacking = np.isnan(X)
    R[lacking if R.ndim == 2 else lacking[:, :, None] | lacking[:, None, :]] = 0
    variances = R if R.ndim == 2 else np.einsum("ndd->nd", R)
    wrong = ~(_finite(R).reshape(N, -1).all(axis=1) & (variances >= 0).all(axis=1))
    reason = "must be finite, with variances of at least 0"
    if R.ndim == 3 and not wrong.any():
        unit = np.sqrt(np.where(variances > 0, variances, 1))
        correlations = R / (unit[:, :, None] * unit[:, None, :])
        wrong = (np.abs(correlations - correlations.transpose(0, 2, 1)) > 1e-8).any(axis=(1, 2))
        wrong |= np.linalg.eigvalsh(correlations)[:, 0] < -1e-8
        reason = "must be symmetric, without a negative eigenvalue"
    if wrong.any():
        n = int(wrong.argmax())
        raise ValueError(f"{name}[{n}] is {R[n].tolist()}: it {reason}")
    return R


def check_sample_weight(sample_weight, X) -> Array:
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
    priors = as_array(priors, "priors")
    if priors.ndim == 1:
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


def check_labels(z, N, K, name) -> Labels:
    """Component numbers (N,), whole, from 0 to K - 1.

    Examples
    --------
    >>> check_labels([0.0, 2.0], N=2, K=3, name="z")
    array([0, 2])
    """
    z = as_array(z, name)
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


def check_responsibilities(r, N, K, name) -> Array:
    """Responsibilities (N, K) with rows that sum to one; labels (N,) become rows of 0 and 1.

    Examples
    --------
    >>> check_responsibilities([1, 0], N=2, K=2, name="r")
    array([[0., 1.], [1., 0.]])
    >>> check_responsibilities([[0.5, 0.6]], N=1, K=2, name="r")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: r must hold probabilities, at least 0, each row summing to 1: r[0] sums to 1.1, ...
    """
    r = as_array(r, name)
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
    n = rows.n_counted
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
    n = len(rows.gathered(partial(distinct, K=K), lambda a, b: first_of(np.vstack([a, b]), K)))
    if n < K:
        raise ValueError(
            f"X holds {n} different rows, fewer than n_components={K}: lower n_components"
        )


def distinct(rows, K):
    """The first K different rows that count."""
    return first_of(rows.X if rows.weights is None else rows.X[rows.weights > 0], K)


def first_of(X, K):
    """The first K different rows of X."""
    return np.unique(X, axis=0)[:K]


def check_matrix_shape(array, name):
    """The shape of a matrix.

    Examples
    --------
    >>> check_matrix_shape([[1.0, 2.0]], "means")
    (1, 2)
    """
    shape = as_array(array, name).shape
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
    with np.errstate(over="ignore"):
        total = pi.sum()
    if not (pi >= 0).all() or abs(total - 1) > 1e-6:
        raise ValueError(f"{name} = {pi} must be at least 0 and sum to 1: divide them by their sum")
    return pi / total


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
    for k, d in np.argwhere(~_finite(mu)):
        raise ValueError(
            f"{name} contains NaN, infinity or a value too large for {mu.dtype}: "
            f"{name}[{k}, {d}] is {mu[k, d]}. Give means in the units of the data"
        )
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
        sound = (S > 0).all() if model.diagonal else _symmetric(S) and is_positive_definite(S)
        if not sound:
            raise ValueError(
                f"{name} of component {k} is not symmetric positive definite: its eigenvalues must "
                "all be above 0"
            )
    return Sigma


def _symmetric(S):
    unit = np.sqrt(np.abs(np.diag(S)))  # a feature's, so that no unit makes a difference
    with np.errstate(over="ignore"):
        return bool((np.abs(S - S.T) <= 1e-5 * np.outer(unit, unit)).all())


def is_positive_definite(S):
    """Whether a matrix (D, D), or all of several, have Cholesky factors in this precision."""
    try:
        np.linalg.cholesky(S)
    except np.linalg.LinAlgError:
        return False
    return True


def are_positive_definite(S):
    """Whether each of some matrices (..., D, D) is; at once, if all of them are."""
    if is_positive_definite(S):
        return np.ones(S.shape[:-2], bool)
    return np.linalg.eigvalsh(S)[..., 0] > 0


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


def check_flag(value, name):
    """Yes or no, as a number or a truth value; an array is neither."""
    if not isinstance(value, bool | int | np.bool_ | np.integer | None):
        raise TypeError(f"{name}={value!r} must be True or False")


def check_not_negative(value, name, at_most=np.inf):
    """A finite number, at least 0.

    Examples
    --------
    >>> check_not_negative(-1, "tol")
    Traceback (most recent call last):
    ValueError: tol=-1 must be finite and at least 0
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name}={value!r} must be a number, at least 0")
    try:
        number = float(value)
    except OverflowError:  # a whole number
        number = np.inf
    if not 0 <= number < np.inf:
        raise ValueError(f"{name}={value!r} must be finite and at least 0")
    if number > at_most:
        raise ValueError(f"{name}={value!r} must be at most {at_most:g}: use a small number")
    return number


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
