r"""A mixture as a regressor: fit the joint density of X and y, predict with the conditional.

The joint table (X, y) is fitted by EM like any other.  The prediction for a new x is the
mean of y under the conditional mixture, and its spread is the standard deviation
(:eq:`conditional-mean`, :eq:`conditional-covariance`):

.. math::

    \hat x_m = \mathbb{E}[x_m \mid x_o] = \sum_k r_k(x_o) \,
        \bigl[ \mu_{k,m} + \Sigma_{k,mo} \Sigma_{k,oo}^{-1} (x_o - \mu_{k,o}) \bigr] ,

where :math:`x_o` are the features in X and :math:`x_m` those in y.

With one component it is linear regression.  With several, each component has a line of its
own, and the responsibilities blend them.

================ ============ =====================================================
symbol           shape        meaning
================ ============ =====================================================
``X``            (N, D)       what is known of each point
``y``            (N,), (N, T) what is to be predicted, one or several outputs
``mixture_``                  the mixture of the D + T features, X before y
================ ============ =====================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .blocks import Patterns, Rows, thread_count
from .chunks import row_by_row
from .conditional import Conditional
from .conventions import Estimator
from .gmm import FITTED, GMM
from .hints import Array, Given, Init, Seed
from .parameters import diagonals
from .validation import (
    as_floats,
    check_count,
    check_sample_weight,
    check_X,
    column_names,
    not_fitted_error,
)

if TYPE_CHECKING:
    from typing import Self


class GMMRegressor(Estimator):
    r"""Regression with a mixture: fit X and y together, predict y given X.

    Parameters
    ----------
    n_components : int
        K, the number of components.  With 1 it is linear regression.
    covariance_type : str
        As for :class:`~numpy_ml_gmm.GMM`, of the joint table (X, y).  With diagonal covariances a
        component's prediction is flat, and only the responsibilities depend on x.
    tol, max_iter, n_init, init_params, var_smoothing, random_state, n_jobs, verbose
        As for :class:`~numpy_ml_gmm.GMM`.

    Attributes
    ----------
    mixture_ : GMM
        Of the D + T features, those of X before the outputs y.
    weights_, means_, covariances_, log_likelihood_, converged_, n_iter_, history_, best_restart_
        Its attributes.
    n_features_in_ : int
        D
    output_shape_ : list
        Of one row of y: [] if y was (N,), else [T].
    feature_names_in_ : ndarray
        Only after a fit to a data frame with string column names.

    Examples
    --------
    One line explains nothing of a parabola, four that are blended nearly all:

    >>> x = np.linspace(-1, 1, 201)[:, None]
    >>> y = x[:, 0] ** 2
    >>> [round(GMMRegressor(K, random_state=0).fit(x, y).score(x, y), 2) for K in (1, 4)]
    [0.0, 0.99]
    """

    weights_: Array
    means_: Array
    covariances_: Array
    log_likelihood_: float
    converged_: bool
    n_iter_: int
    history_: list[list[float]]
    best_restart_: int
    n_features_in_: int
    output_shape_: list[int]
    feature_names_in_: NDArray[Any]

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        tol: float = 1e-7,
        max_iter: int = 1000,
        n_init: int = 20,
        init_params: Init = "mixed",
        var_smoothing: float = 1e-6,
        random_state: Seed = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.var_smoothing = var_smoothing
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: Given = None) -> Self:
        """Fit the mixture of X and y together.

        Parameters
        ----------
        X : array (N, D)
            nan is a missing value.
        y : array (N,) or (N, T)
            One output, or several.
        sample_weight : array (N,), optional
            Weight 2 is the point twice, weight 0 the point absent.

        Returns
        -------
        GMMRegressor
            The model itself.

        Raises
        ------
        ValueError, TypeError
            As from :meth:`GMM.fit <numpy_ml_gmm.GMM.fit>`, and if y does not fit X.  The model is
            then what it was.

        Examples
        --------
        >>> x = np.array([[0.0], [1.0], [2.0], [4.0]])
        >>> model = GMMRegressor(var_smoothing=0).fit(x, [1.0, 2.0, 4.0, 7.0])
        >>> slope, intercept = np.polyfit(x[:, 0], [1.0, 2.0, 4.0, 7.0], deg=1)
        >>> np.allclose(model.predict([[3.0]]), 3 * slope + intercept)
        True
        """
        table = check_X(X, missing=True)
        outputs = check_outputs(y, len(table))
        joint = np.column_stack([table, outputs])
        weights = None if sample_weight is None else check_sample_weight(sample_weight, joint)
        names = [*names_of(X, "X", table), *names_of(y, "y", outputs)]
        n_jobs, patterns = thread_count(self.n_jobs), Patterns.of(joint)
        rows = Rows(joint, weights, n_jobs=n_jobs, names=names, patterns=patterns)
        mixture = GMM(**self.get_params()).fit(rows)  # type: ignore[arg-type]
        vars(self).update({name: a for name, a in vars(mixture).items() if name in FITTED})
        self.n_features_in_, self.output_shape_ = table.shape[1], list(outputs.shape[1:])
        self._remember_features(X)
        return self

    @overload
    def predict(self, X: ArrayLike, return_std: Literal[False] = False) -> Array: ...

    @overload
    def predict(self, X: ArrayLike, return_std: Literal[True]) -> tuple[Array, Array]: ...

    @row_by_row
    def predict(self, X, return_std=False):
        """The mean of y given each row of X, and its standard deviation.

        Parameters
        ----------
        X : array (N, D)
            Where it is nan, the prediction is the mean of y given the rest of the row.
        return_std : bool

        Returns
        -------
        mean : ndarray (N,) or (N, T), as y was in the fit
        std : ndarray of the same shape
            Only with ``return_std``.

        Examples
        --------
        The noise need not be the same everywhere:

        >>> rng = np.random.default_rng(0)
        >>> x = rng.uniform(0, 4, size=(2000, 1))
        >>> y = rng.normal(scale=np.where(x[:, 0] < 2, 0.1, 1.0))
        >>> model = GMMRegressor(4, random_state=0).fit(x, y)
        >>> model.predict([[1.0], [3.0]], return_std=True)[1].round(1)
        array([0.1, 1. ])
        """
        self._check_is_fitted()
        self._check_feature_names(X)
        D, theta, dtype = self.n_features_in_, self.mixture_.theta, self.means_.dtype
        X, outputs = check_X(X, D, missing=True), range(D, self.means_.shape[1])
        mean, variances = np.empty((2, len(X), len(outputs)), dtype)
        for n, missing in (Patterns.of(X) or Patterns.whole(X)).groups():
            o = np.flatnonzero(~missing)
            seen = Conditional.of(theta.marginal([*o, *outputs]), range(len(o)))
            mean[n], V = seen.moments(X[n][:, o], return_std)
            if return_std:
                variances[n] = diagonals(V)
        shape = -1, *self.output_shape_
        if return_std:
            return mean.reshape(shape), np.sqrt(variances).reshape(shape)
        return mean.reshape(shape)

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: Given = None) -> float:
        r"""The share of the variance of y that is explained, the mean over outputs.

        .. math::

            R^2 = 1 - \frac{\sum_n w_n (y_n - \hat y_n)^2}{\sum_n w_n (y_n - \bar y)^2}

        Examples
        --------
        >>> line = np.arange(9.0)[:, None]
        >>> round(GMMRegressor().fit(line, [1, 0, 3, 2, 5, 4, 7, 6, 8]).score(line, line[:, 0]), 2)
        1.0
        """
        predicted = np.asarray(self.predict(X))  # as many numbers as y has
        predicted = predicted.reshape(len(predicted), -1)
        y = check_outputs(y, len(predicted)).reshape(predicted.shape)
        w = np.ones(len(y)) if sample_weight is None else check_sample_weight(sample_weight, y)
        left = w @ (y - predicted) ** 2  # (T,)
        total = w @ (y - np.average(y, axis=0, weights=w)) ** 2
        share = np.divide(left, total, out=np.sign(left), where=total > 0)
        return float((1 - share).mean())

    @property
    def mixture_(self) -> GMM:
        """The mixture of the D + T features, those of X before the outputs y."""
        self._check_is_fitted()
        mixture = GMM(**self.get_params())
        vars(mixture).update({name: a for name, a in vars(self).items() if name in FITTED})
        mixture.n_features_in_ = self.means_.shape[1]
        return mixture

    def _check_is_fitted(self):
        if not hasattr(self, "means_"):
            kind, name = type(not_fitted_error(self)), type(self).__name__
            raise kind(f"this {name} is not fitted yet: call fit with X and y")

    _results = *FITTED, "output_shape_", "feature_names_in_"

    def _check_state(self):
        """Arguments, and results if there are any, that a fit could have left here."""
        if not hasattr(self, "means_"):
            return GMM(**self.get_params())._check_state()
        mixture, shape = self.mixture_, getattr(self, "output_shape_", None)
        mixture._check_state()
        D = check_count(getattr(self, "n_features_in_", None), "n_features_in_")
        T = mixture.n_features_in_ - D
        if T < 1 or (shape != [T] and (shape, T) != ([], 1)):
            raise ValueError(
                f"output_shape_={shape!r} does not fit n_features_in_={D} and means_ of {D + T} "
                "features"
            )
        if len(getattr(self, "feature_names_in_", range(D))) != D:
            raise ValueError(f"feature_names_in_ must be {D} names, one a feature")

    def __sklearn_tags__(self):
        """What scikit-learn's tools want to know; only they call this."""
        from sklearn.utils import InputTags, RegressorTags, Tags, TargetTags

        return Tags(
            estimator_type="regressor",
            target_tags=TargetTags(required=True, multi_output=True),
            transformer_tags=None,
            classifier_tags=None,
            regressor_tags=RegressorTags(),
            input_tags=InputTags(allow_nan=True),
        )


def check_outputs(y, N) -> Array:
    """Outputs (N,) or (N, T) as floats, all finite.

    Examples
    --------
    >>> check_outputs([1, 2], N=3)
    Traceback (most recent call last):
    ValueError: y has shape (2,), expected (3,) or (3, n_outputs): one output, or row, a sample
    """
    if y is None:
        raise ValueError(
            "GMMRegressor requires y to be passed, but the target y is None: for a density of X "
            "alone use GMM"
        )
    outputs = as_floats(y, "y")
    if outputs.ndim not in (1, 2) or len(outputs) != N:
        raise ValueError(
            f"y has shape {outputs.shape}, expected ({N},) or ({N}, n_outputs): one output, or "
            "row, a sample"
        )
    check_X(outputs.reshape(N, -1), name="y")
    return outputs


def names_of(data, name, array):
    """What messages call the columns of a table."""
    if array.ndim == 1:
        return [name]
    return column_names(data) or [f"{name}[:, {d}]" for d in range(array.shape[1])]
