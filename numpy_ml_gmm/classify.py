r"""Discriminant analysis: a mixture for each class, and Bayes' rule between the classes.

The points of a class c are described by a mixture of their own, and a new point goes to the
class that is most probable for it (:eq:`class-posterior`):

.. math::

    p(x, g) = \tau_g \sum_{k=1}^{K_g} \pi_{gk} \, \mathcal{N}(x \mid \mu_{gk}, \Sigma_{gk}) ,
    \qquad p(g \mid x) = \frac{p(x, g)}{\sum_{g'} p(x, g')} .

``"EDDA"`` gives every class one Gaussian, and the covariances of all follow one of the fourteen
models: it is GMM with known labels.  With ``EEE`` it is linear discriminant analysis
(:eq:`linear-discriminant`), with ``VVV`` quadratic, with ``VVI`` naive Bayes.  ``"MclustDA"`` asks
:func:`~numpy_ml_gmm.selection.select` for a mixture of each class alone.

All components of all classes are one mixture again, with weights :math:`\tau_g \pi_{gk}`.
It is what is kept, and what does the work (:eq:`class-joint`).

================= ============ =====================================================
symbol            shape        meaning
================= ============ =====================================================
``X``             (N, D)       points
``y``             (N,)         their classes, any names or whole numbers
``tau``           (C,)         ``priors_``, how probable each class is without a point
``K_c``           (C,)         ``n_components_``, of each class
``mixture_``                   all :math:`\sum_g K_g` components, class by class
================= ============ =====================================================

Sources: Bensmail & Celeux (1996), *Regularized Gaussian discriminant analysis through eigenvalue
decomposition*, JASA 91, 1743-1748, for EDDA; Hastie & Tibshirani (1996), *Discriminant analysis by
Gaussian mixtures*, JRSS B 58, 155-176; Fraley & Raftery (2002), *Model-based clustering,
discriminant analysis, and density estimation*, JASA 97, 611-631, for MclustDA.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_softmax, softmax

from .archive import check_results
from .blocks import Patterns, Rows, thread_count
from .chunks import additive, row_by_row
from .conventions import Estimator
from .covariances import covariance_model
from .gmm import GMM
from .hints import Array, Given, Init, PathLike, Seed
from .parameters import Parameters
from .selection import TO_THE_END, check_components, check_types, select
from .statistics import log_sum
from .training import Data
from .validation import (
    DataWarning,
    Shared,
    as_array,
    as_floats,
    check_count,
    check_enough_rows,
    check_labels,
    check_responsibilities,
    check_sample_weight,
    check_weights,
    check_X,
    column_names,
    known_to_sklearn,
    not_fitted_error,
    random_generator,
    warn,
)

if TYPE_CHECKING:
    from typing import Self

THETA = "weights_", "means_", "covariances_"


class DataConversionWarning(Shared, DataWarning):
    """Data had to be reshaped to be understood.

    Examples
    --------
    >>> issubclass(DataConversionWarning, UserWarning)
    True
    """


class GMMClassifier(Estimator):
    r"""Classification with a mixture for each class.

    Parameters
    ----------
    model : str
        ``"EDDA"``: one Gaussian a class, with covariances of one model.  ``"MclustDA"``: a mixture
        for each class, found by :func:`~numpy_ml_gmm.selection.select`.
    n_components : int, sequence of int, or dict
        For MclustDA: the numbers of components to choose from.  A dict has them for each class.
        EDDA does not look at it.
    covariance_type : str, sequence of str, or dict
        As for :func:`~numpy_ml_gmm.selection.select`: one covariance model, several to choose
        from, or ``"all"`` fourteen.  For MclustDA it may be a dict, with those for each class.
    priors : array (C,), optional
        The probability of each class, in the order of ``classes_``.  By default it is the class's
        share of the points.
    tol, max_iter, n_init, init_params, var_smoothing, random_state, n_jobs
        As for :func:`~numpy_ml_gmm.selection.select`.

    Attributes
    ----------
    classes_ : ndarray (C,)
        Sorted.  A class whose points all have weight 0 is not among them.
    priors_ : ndarray (C,)
    n_components_ : list of int
        Of each class.
    covariance_types_ : list of str
        Of each class.
    mixture_ : GMM
        Of all components, class by class.
    weights_, means_, covariances_ : ndarray
        Its parameters; covariances are full, or diag if all are diagonal.
    log_likelihood_ : float
        Of the points of the fit without their classes (:eq:`class-log-likelihood`), as mclust's.
    n_parameters_ : int
        Free parameters of all classes, and C - 1 priors unless they were given.
    bic_ : float
        Of both (:eq:`class-log-likelihood`); smaller is better.
    n_iter_ : int
        EM steps of the longest fit that was kept.
    n_features_in_ : int
    feature_names_in_ : ndarray
        Only after a fit to a data frame with string column names.

    Examples
    --------
    >>> from numpy_ml_gmm import GMMClassifier, load_iris
    >>> iris = load_iris()
    >>> model = GMMClassifier().fit(iris.X, iris.target)
    >>> model.covariance_types_, round(model.score(iris.X, iris.target), 2)
    (['VEV', 'VEV', 'VEV'], 0.98)
    """

    classes_: NDArray[Any]
    priors_: Array
    n_components_: list[int]
    covariance_types_: list[str]
    weights_: Array
    means_: Array
    covariances_: Array
    log_likelihood_: float
    n_parameters_: int
    bic_: float
    n_iter_: int
    n_features_in_: int
    feature_names_in_: NDArray[Any]

    def __init__(
        self,
        model: str = "EDDA",
        *,
        n_components: int | Sequence[int] | Mapping[Any, Any] = (1, 2, 3, 4, 5),
        covariance_type: str | Sequence[str] | Mapping[Any, Any] = "all",
        priors: Given = None,
        tol: float = 1e-4,
        max_iter: int = 1000,
        n_init: int = 1,
        init_params: Init | tuple[Init, ...] = ("hierarchical", "kmeans"),
        var_smoothing: float = 1e-6,
        random_state: Seed = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.model = model
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.priors = priors
        self.tol = tol
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.var_smoothing = var_smoothing
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: Given = None) -> Self:
        """Fit the mixture of each class.

        Parameters
        ----------
        X : array (N, D)
            nan is a missing value.
        y : array (N,)
            The class of each point: texts, whole numbers or truth values.
        sample_weight : array (N,), optional
            Weight 2 is the point twice, weight 0 the point absent.

        Returns
        -------
        GMMClassifier
            The model itself.

        Raises
        ------
        ValueError, TypeError
            If the data or the arguments do not fit, or if the points of a class are too few for
            every covariance model.  The model is then what it was.

        Warns
        -----
        CollapseWarning, DataWarning
            As from :meth:`GMM.fit <numpy_ml_gmm.GMM.fit>`, if EDDA is given a single covariance
            model.  Of several those that collapse are left out.

        Examples
        --------
        >>> X = [[0.0], [1.0], [2.0], [6.0], [8.0]]
        >>> model = GMMClassifier(covariance_type="EEE").fit(X, ["a", "a", "a", "b", "b"])
        >>> model.predict([[1.0], [7.0]])
        array(['a', 'b'], dtype='<U1')
        """
        self._check_arguments()
        rows, classes, z = self._check_training_rows(X, y, sample_weight)
        counts = np.bincount(z, rows.weights)
        tau = counts / counts.sum()
        if self.priors is not None:
            tau = check_weights(self.priors, len(classes), "priors")
        find = self._one_gaussian_each if self.model == "EDDA" else self._a_mixture_each
        fits, parts, d = find(rows, classes.tolist(), z)
        mixture = joined(parts, tau, rows.X.dtype)
        log_likelihood = mixture.log_likelihood(rows)

        self.classes_, self.priors_ = classes, tau
        self.covariance_types_ = [fit.covariance_type for fit in fits]
        self.n_components_ = [len(theta.weights) for theta in parts]
        self.n_iter_ = max(fit.n_iter_ for fit in fits)
        self.weights_, self.means_ = mixture.weights_, mixture.means_
        self.covariances_, self.n_features_in_ = mixture.covariances_, mixture.n_features_in_
        self.log_likelihood_ = log_likelihood
        self.n_parameters_ = d + (len(classes) - 1 if self.priors is None else 0)
        self.bic_ = -2 * log_likelihood + self.n_parameters_ * math.log(rows.total_weight)
        self._remember_features(X)
        return self

    def _one_gaussian_each(self, rows, classes, z):
        """EDDA: the fit of each class, its theta, and how many parameters all have.

        It is one mixture with as many components as classes, and all labels known.
        """
        if isinstance(self.covariance_type, dict):
            raise ValueError(
                f"covariance_type={self.covariance_type!r} has a model for each class, but in EDDA "
                "all classes share one: name it, or choose model='MclustDA'"
            )
        C, types = len(classes), check_types(self.covariance_type)
        if len(types) == 1:  # a fit like any other, with its warnings
            known = {"init_params": z, "n_init": 1, "tol": TO_THE_END * self.tol}
            fit = GMM(C, covariance_type=types[0], **self._settings() | known)
            best = fit.fit(rows._replace(priors=np.eye(C)[z]))
        else:
            Data.of(rows, True, self.var_smoothing)  # an error about the data names its columns
            known = {"priors": z, "init_params": (z,), "sample_weight": rows.weights, "rounds": 1}
            with told(f"EDDA, component k being the class number k of {classes}"):
                table = select(rows.X, C, types, **self._settings() | known)
            best = min((r.model for r in table.rows if not r.error), key=lambda fit: fit.bic(rows))
        theta = best.theta._replace(weights=np.ones(C))
        parts = [theta.reorder([c]) for c in range(C)]
        return [best] * C, parts, best.n_parameters() - (C - 1)

    def _a_mixture_each(self, rows, classes, z):
        """MclustDA: the fit of each class, its theta, and how many parameters all have."""
        fits = []
        for c, name in enumerate(classes):
            Ks = check_components(for_class(self.n_components, name, "n_components"))
            types = check_types(for_class(self.covariance_type, name, "covariance_type"))
            some = rows.take(z == c)
            with told(f"class {name!r} alone", "; or choose model='EDDA'"):
                check_enough_rows(some, 1)
                Data.of(some, True, self.var_smoothing)
                table = select(some.X, Ks, types, sample_weight=some.weights, **self._settings())
            fits.append(table.best)
        return fits, [fit.theta for fit in fits], sum(fit.n_parameters() for fit in fits)

    def _settings(self):
        """What all searches share."""
        names = "tol", "max_iter", "n_init", "init_params", "var_smoothing", "random_state"
        return {name: getattr(self, name) for name in (*names, "n_jobs")}

    def _check_arguments(self):
        """Arguments that a fit can work with."""
        if self.model not in ("EDDA", "MclustDA"):
            raise ValueError(f"model={self.model!r} is not known: choose EDDA or MclustDA")
        GMM(**self._settings())._check_arguments()
        thread_count(self.n_jobs)
        random_generator(self.random_state)

    def _check_training_rows(self, X, y, sample_weight):
        """The door of :meth:`fit`: the rows that count, the classes, and the number of each."""
        table = check_X(X, missing=True)
        labels, weights = check_classes(y, len(table)), None
        n_jobs, names = thread_count(self.n_jobs), column_names(X)
        if sample_weight is not None:
            weights = check_sample_weight(sample_weight, table)
            table, labels, weights = (a[weights > 0] for a in (table, labels, weights))
        classes, z = np.unique(labels, return_inverse=True)
        patterns = Patterns.of(table)
        rows = Rows(table, weights, n_jobs=n_jobs, names=names, patterns=patterns)
        check_enough_rows(rows, 1)
        return rows, classes, z

    @row_by_row
    def log_joint(self, X: ArrayLike) -> Array:
        r"""Log joint of each point and each class, (N, C) (:eq:`class-joint`).

        .. math::

            \log p(x_n, g) = \log \tau_g
                + \log \sum_k \pi_{gk} \, \mathcal{N}(x_n \mid \mu_{gk}, \Sigma_{gk})

        Without the first term, ``log_joint(X) - np.log(priors_)``, it is the density of each class.

        Examples
        --------
        Half way between two classes that are alike but in number, the densities are equal:

        >>> X, y = [[0], [2], [5], [7], [5], [7]], list("aabbbb")
        >>> model = GMMClassifier(covariance_type="EII", var_smoothing=0).fit(X, y)
        >>> model.log_joint([[3.5]]).round(4)
        array([[-5.1426, -4.4494]])
        >>> (model.log_joint([[3.5]]) - np.log(model.priors_)).round(4)
        array([[-4.0439, -4.0439]])
        """
        self._check_is_fitted()
        self._check_feature_names(X)
        joint = self.mixture_.log_joint(X)
        parts = np.split(joint, np.cumsum(self.n_components_)[:-1], axis=1)  # one for each class
        return np.stack([log_sum(part, axis=1) for part in parts], axis=1)

    @row_by_row
    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The most probable class of each point, (N,).

        Examples
        --------
        >>> twice = GMMClassifier(covariance_type="VII").fit([[0], [2], [5], [9]], [1, 1, 7, 7])
        >>> twice.predict([[1], [4], [7]])
        array([1, 7, 7])
        """
        joint = self.log_joint(X)
        return self.classes_[joint.argmax(axis=1)]

    @row_by_row
    def predict_proba(self, X: ArrayLike) -> Array:
        r"""How probable each class is for each point, (N, C) (:eq:`class-posterior`).

        Examples
        --------
        Where classes are alike in shape and in number, half way is half way:

        >>> even = GMMClassifier(covariance_type="EII").fit([[0], [2], [6], [8]], [0, 0, 1, 1])
        >>> even.predict_proba([[4]]).round(3)
        array([[0.5, 0.5]])
        """
        return softmax(self.log_joint(X), axis=1)

    @row_by_row
    def predict_log_proba(self, X: ArrayLike) -> Array:
        """The log of :meth:`predict_proba`, which does not underflow, (N, C).

        Examples
        --------
        >>> X, y = [[0], [2], [98], [100]], [0, 0, 1, 1]
        >>> far = GMMClassifier(covariance_type="EII", var_smoothing=0).fit(X, y)
        >>> far.predict_proba([[1]])[0, 1], far.predict_log_proba([[1]])[0, 1].round()
        (np.float64(0.0), np.float64(-4802.0))
        """
        return log_softmax(self.log_joint(X), axis=1)

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: Given = None) -> float:
        """The share of points (by weight) whose class is predicted.

        Examples
        --------
        >>> from numpy_ml_gmm import GMMClassifier, load_iris
        >>> iris = load_iris()
        >>> lda = GMMClassifier(covariance_type="EEE").fit(iris.X, iris.target)
        >>> lda.score(iris.X, iris.target)
        0.98
        """
        right, total = self._right(X, y, sample_weight)
        return float(right / total)

    @additive
    def _right(self, X, y, sample_weight):
        """The weight of the points whose class is predicted, and of all: (2,)."""
        predicted = self.predict(X)
        right = 1.0 * (predicted == check_classes(y, len(predicted)))
        w = np.ones(len(right))
        if sample_weight is not None:
            w = check_sample_weight(sample_weight, right)
        return np.array([right @ w, w.sum()])

    @property
    def mixture_(self) -> GMM:
        """The mixture of all components of all classes, class by class."""
        self._check_is_fitted()
        kind = "diag" if np.ndim(self.covariances_) == 2 else "full"
        mixture = GMM(len(self.weights_), covariance_type=kind, n_jobs=self.n_jobs)
        for name in (*THETA, "n_features_in_"):
            setattr(mixture, name, getattr(self, name))
        return mixture

    def _check_is_fitted(self):
        if not hasattr(self, "means_"):
            kind, name = type(not_fitted_error(self)), type(self).__name__
            raise kind(f"this {name} is not fitted yet: call fit with X and y")

    _results = (
        *(*THETA, "n_features_in_", "feature_names_in_", "classes_", "priors_", "n_components_"),
        *("covariance_types_", "log_likelihood_", "n_parameters_", "bic_", "n_iter_"),
    )

    @classmethod
    def load(cls, path: PathLike) -> Self:
        model = super().load(path)
        for name in ("n_components", "covariance_type", "init_params"):  # tuples became arrays
            value = getattr(model, name)
            setattr(model, name, tuple(value.tolist()) if isinstance(value, np.ndarray) else value)
        return model

    @staticmethod
    def _saved_shapes(values, shapes):
        """What the numbers of components and features in a file imply."""
        if "means_" not in shapes:
            return {}
        Ks = [check_count(K, "n_components_") for K in values["n_components_"]]
        D = check_count(values["n_features_in_"], "n_features_in_")
        kind = covariance_model("diag" if len(shapes["covariances_"]) == 2 else "full")
        wanted = Parameters.shapes(sum(Ks), D, kind)
        return wanted | {"classes_": (len(Ks),), "priors_": (len(Ks),)}

    def _check_state(self):
        """Arguments, and results if there are any, that a fit could have left here."""
        self._check_arguments()
        if not hasattr(self, "means_"):
            return
        lacking = {*self._results, "feature_names_in_"} - {*vars(self), "feature_names_in_"}
        if lacking:
            raise ValueError(f"means_ is there, but not {', '.join(sorted(lacking))}: fit again")
        self.mixture_._check_state()
        Ks = [check_count(K, "n_components_") for K in self.n_components_]
        if len(self.weights_) != sum(Ks):
            raise ValueError(f"n_components_={Ks} does not fit {len(self.weights_)} components")
        for name in ("classes_", "priors_", "covariance_types_"):
            if len(getattr(self, name)) != len(Ks):
                raise ValueError(f"{name} must have {len(Ks)} entries, one a class")
        for covariance_type in self.covariance_types_:
            covariance_model(covariance_type)
        check_weights(self.priors_, len(Ks), "priors_")
        check_results(vars(self), {"feature_names_in_": (self.n_features_in_,)})

    def __sklearn_tags__(self):
        """What scikit-learn's tools want to know; only they call this."""
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            transformer_tags=None,
            classifier_tags=ClassifierTags(),
            regressor_tags=None,
            input_tags=InputTags(allow_nan=True),
        )


def brier_score(
    probabilities: ArrayLike,
    labels: ArrayLike,
    *,
    classes: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
) -> float:
    r"""How far probabilities of classes are from what came true; smaller is better (:eq:`brier`).

    .. math::

        \frac{1}{2 N} \sum_n \sum_g \bigl( p(g \mid x_n) - \mathbb{1}[g_n = g] \bigr)^2

    Parameters
    ----------
    probabilities : array (N, C)
        What ``predict_proba`` gives, for points that the fit has not seen.
    labels : array (N,)
        The class of each point.
    classes : array (C,), optional
        The classes in the order of the columns, a model's ``classes_``; without them labels are
        numbers of columns, from 0.
    sample_weight : array (N,), optional
        How often each point counts.

    Returns
    -------
    float
        From 0, always sure and always right, to 1, always sure and never right.

    Raises
    ------
    ValueError
        If rows are no probabilities, or a label is none of the classes.

    Examples
    --------
    Whoever does not know says so, and is better off than who is sure and wrong:

    >>> brier_score([[0.5, 0.5], [0.5, 0.5]], [0, 1]), brier_score([[1, 0], [1, 0]], [0, 1])
    (0.25, 0.5)
    >>> round(brier_score([[0.9, 0.1]], ["cat"], classes=["cat", "dog"]), 4)
    0.01
    """
    p = as_floats(probabilities, "probabilities")
    if p.ndim != 2:
        raise ValueError(
            f"probabilities have shape {p.shape}, expected (N, C): pass what predict_proba gives"
        )
    N, C = p.shape
    p = check_responsibilities(p, N, C, "probabilities")
    if classes is not None:
        labels = places_of(labels, as_array(classes, "classes").tolist(), C)
    y = np.eye(C)[check_labels(labels, N, C, "labels")]
    w = None if sample_weight is None else check_sample_weight(sample_weight, p)
    return float(np.average(((p - y) ** 2).sum(axis=1), weights=w) / 2)


def places_of(labels: ArrayLike, classes: list, C: int) -> NDArray[np.int64]:
    """The column of each label, where the columns are named."""
    if len(classes) != C:
        raise ValueError(f"classes names {len(classes)}, but probabilities have {C} columns")
    place = {name: c for c, name in enumerate(classes)}
    names = as_array(labels, "labels").ravel().tolist()
    for n, label in enumerate(names):
        if label not in place:
            raise ValueError(
                f"labels[{n}] is {label!r}, which is not among classes={classes}: give every class "
                "its column"
            )
    return np.array([place[label] for label in names], np.int64)


def joined(parts, tau, dtype):
    """One mixture of all components of all classes (:eq:`class-joint`).

    Parameters
    ----------
    parts : list of Parameters
        The mixture of each class.
    tau : array (C,)
        The probability of each class.
    dtype : dtype
        Of the parameters.
    """
    diagonal = all(theta.diagonal for theta in parts)
    weights = np.concatenate([t * theta.weights for t, theta in zip(tau, parts, strict=True)])
    means = np.concatenate([theta.means for theta in parts])
    covariances = [
        theta.covariances[..., None] * np.eye(means.shape[1])
        if theta.diagonal and not diagonal
        else theta.covariances
        for theta in parts
    ]
    mixture = GMM(len(weights), covariance_type="diag" if diagonal else "full")
    mixture._set_theta(Parameters(weights, means, np.concatenate(covariances)), dtype)
    return mixture


@contextmanager
def told(where, remedy=""):
    """An error says where it arose, and what else can be done."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{where}: {error}{remedy}") from None


def for_class(value, name, argument):
    """An argument that may be a dict with a value for each class.

    Examples
    --------
    >>> for_class({"a": 2, "b": 1}, "b", "n_components"), for_class([1, 2], "b", "n_components")
    (1, [1, 2])
    """
    if isinstance(value, dict) and name not in value:
        raise ValueError(f"{argument}={value!r} has nothing for class {name!r}: add it")
    return value[name] if isinstance(value, dict) else value


def check_classes(y, N):
    """The class of each row, (N,): texts, whole numbers or truth values.

    Examples
    --------
    >>> check_classes([1.0, 3.0], N=2)
    array([1., 3.])
    >>> check_classes([0.5, 3.0], N=2)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: Unknown label type: continuous. y[0] is 0.5, but classes are texts or ...
    """
    if y is None:
        raise ValueError(
            "GMMClassifier requires y to be passed, but the target y is None: for clusters of X "
            "alone use GMM"
        )
    labels = as_array(y, "y")
    if labels.ndim == 2 and labels.shape[1] == 1:
        reason = "A column-vector y was passed when a 1d array was expected: pass y.ravel()"
        warn(reason, known_to_sklearn(DataConversionWarning))
        labels = labels[:, 0]
    if labels.shape != (N,):
        raise ValueError(f"y has shape {labels.shape}, expected {(N,)}: one class a row")
    kinds = {str if isinstance(label, str) else type(label) for label in labels.tolist()}
    if labels.dtype.kind == "O" and len(kinds) == 1:
        labels = np.array(labels.tolist())
    whole = labels.dtype.kind in "biuU"
    if labels.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            bad = ~(np.isfinite(labels) & (labels == np.floor(labels)))
        if bad.any():
            n = int(bad.argmax())
            kind = "continuous" if np.isfinite(labels[n]) else "missing"
            raise ValueError(
                f"Unknown label type: {kind}. y[{n}] is {labels[n]}, but classes are texts or "
                "whole numbers. To predict a number use GMMRegressor"
            )
    elif not whole:
        names = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise ValueError(f"y holds {names}: give each row a class, all texts or whole numbers")
    return labels
