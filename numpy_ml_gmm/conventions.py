"""scikit-learn's conventions: parameters by name, repr, tags, feature names; and saved models.

Nothing here knows about mixtures.  scikit-learn is never imported, except where only a program
that uses it comes by: ``__sklearn_tags__``, and what asks for metadata or answers about it.
"""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

import numpy as np

from . import archive, html
from .hints import PathLike
from .validation import feature_names, not_fitted_error

if TYPE_CHECKING:
    from typing import Self


NO_METADATA = "self", "X", "y", "checkpoint"
ROUTED = "fit", "predict", "predict_proba", "predict_log_proba", "score"


def metadata(cls, method):
    """Arguments of a method that concern each row, besides X and y: what can be routed.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM
    >>> metadata(GMM, "fit")
    ['sample_weight', 'priors', 'error_covariances']
    """
    function = inspect.getattr_static(cls, method, None)
    if not inspect.isfunction(function):
        return []
    return [name for name in inspect.signature(function).parameters if name not in NO_METADATA]


class Estimator:
    """Base class: constructor arguments are attributes of the same name.

    Examples
    --------
    >>> class Mean(Estimator):
    ...     def __init__(self, robust=False):
    ...         self.robust = robust
    >>> Mean(robust=True)
    Mean(robust=True)
    """

    @classmethod
    @functools.cache
    def _parameter_names(cls):
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's arguments, by name.

        Examples
        --------
        >>> from numpy_ml_gmm import GMM
        >>> GMM(3).get_params()["n_components"]
        3
        """
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self, **params: Any) -> Self:
        """Change constructor arguments; an unknown name is a ValueError.

        Examples
        --------
        >>> from numpy_ml_gmm import GMM
        >>> GMM(3).set_params(n_components=2)
        GMM(n_components=2)
        """
        for name in params:
            if name not in self._parameter_names():
                raise ValueError(
                    f"Invalid parameter {name!r} for estimator {type(self).__name__}: "
                    f"choose from {self._parameter_names()}"
                )
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def __repr__(self):
        defaults = inspect.signature(type(self).__init__).parameters
        changed = [
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if repr(value) != repr(defaults[name].default)
        ]
        return f"{type(self).__name__}({', '.join(changed)})"

    def _repr_html_(self):
        """What a notebook shows."""
        return html.representation(self)

    def __sklearn_tags__(self):
        """What scikit-learn's tools want to know; only they call this."""
        from sklearn.utils import InputTags, Tags, TargetTags

        return Tags(
            estimator_type="density_estimator",
            target_tags=TargetTags(required=False),
            transformer_tags=None,
            classifier_tags=None,
            regressor_tags=None,
            input_tags=InputTags(allow_nan=True),
        )

    # ---- Metadata --------------------------------------------------------------------------------

    def set_fit_request(self, **wanted: bool | str | None) -> Self:
        """Which arguments of ``fit`` scikit-learn's tools shall pass on, such as weights.

        Parameters
        ----------
        **wanted
            For each argument True, False, None (an error if it is given), or the name by which
            the tool gets it.

        Raises
        ------
        RuntimeError
            Unless scikit-learn's metadata routing is enabled.
        TypeError, ValueError
            If there is no such argument, or the value is none of these.

        Examples
        --------
        >>> from numpy_ml_gmm import GMM
        >>> import sklearn
        >>> with sklearn.config_context(enable_metadata_routing=True):
        ...     model = GMM(2).set_fit_request(sample_weight=True, priors="labels")
        ...     model.get_metadata_routing().fit.requests["priors"]
        'labels'
        """
        return self._set_request("fit", wanted)

    def set_score_request(self, **wanted: bool | str | None) -> Self:
        """The same for ``score``.

        Examples
        --------
        Each fold is fitted and scored with its own weights:

        >>> import sklearn
        >>> from sklearn.model_selection import cross_val_score
        >>> from numpy_ml_gmm import GMM
        >>> X, w = [[0.0], [2.0], [99.0], [1.0], [3.0], [99.0]], [1, 1, 0, 1, 1, 0]
        >>> with sklearn.config_context(enable_metadata_routing=True):
        ...     model = GMM().set_fit_request(sample_weight=True)
        ...     model = model.set_score_request(sample_weight=True)
        ...     cross_val_score(model, X, params={"sample_weight": w}, cv=2).round(2)
        array([-1.92, -1.92])
        """
        return self._set_request("score", wanted)

    def set_predict_request(self, **wanted: bool | str | None) -> Self:
        """The same for ``predict``.

        Examples
        --------
        >>> import sklearn
        >>> from sklearn.pipeline import make_pipeline
        >>> from sklearn.preprocessing import StandardScaler
        >>> from numpy_ml_gmm import GMM
        >>> with sklearn.config_context(enable_metadata_routing=True):
        ...     pair = GMM(2, init_params=[0, 0, 1, 1]).set_predict_request(priors=True)
        ...     pipe = make_pipeline(StandardScaler(), pair).fit([[0.0], [1.0], [8.0], [9.0]])
        ...     pipe.predict([[4.4], [4.4]], priors=[-1, 1])
        array([0, 1])
        """
        return self._set_request("predict", wanted)

    def set_predict_proba_request(self, **wanted: bool | str | None) -> Self:
        """The same for ``predict_proba``.

        Examples
        --------
        None, the default, means that nobody has decided, and is an error if the argument is given:

        >>> import sklearn
        >>> from numpy_ml_gmm import GMM
        >>> with sklearn.config_context(enable_metadata_routing=True):
        ...     asked = GMM(2).set_predict_proba_request(priors=False).get_metadata_routing()
        >>> asked.predict_proba.requests
        {'priors': False, 'error_covariances': None}
        """
        return self._set_request("predict_proba", wanted)

    def get_metadata_routing(self) -> Any:
        """What scikit-learn's tools ask before they pass anything on: its ``MetadataRequest``.

        Examples
        --------
        >>> from numpy_ml_gmm import GMMClassifier
        >>> GMMClassifier().get_metadata_routing().fit.requests
        {'sample_weight': None}
        """
        from sklearn.utils.metadata_routing import MetadataRequest, get_routing_for_object

        if hasattr(self, "_metadata_request"):
            return get_routing_for_object(self._metadata_request)
        request = MetadataRequest(owner=type(self).__name__)
        for method in ROUTED:
            for name in metadata(type(self), method):
                getattr(request, method).add_request(param=name, alias=None)
        return request

    def _set_request(self, method, wanted):
        """Remember what is wanted, under the name that scikit-learn's ``clone`` copies."""
        from sklearn import get_config
        from sklearn.utils.metadata_routing import UNCHANGED

        if not get_config().get("enable_metadata_routing"):
            raise RuntimeError(
                f"set_{method}_request needs scikit-learn's metadata routing: call "
                "sklearn.set_config(enable_metadata_routing=True) first"
            )
        known = metadata(type(self), method)
        if unknown := sorted(set(wanted) - set(known)):
            name = f"{type(self).__name__}.{method}"
            raise TypeError(
                f"Unexpected args: {', '.join(unknown)}, which {name} does not take: "
                + (f"choose from {', '.join(known)}" if known else "it takes no metadata")
            )
        asked = self.get_metadata_routing()
        for name, alias in wanted.items():
            if alias != UNCHANGED:
                getattr(asked, method).add_request(param=name, alias=alias)
        self._metadata_request = asked
        return self

    # ---- Fitted, and to what ---------------------------------------------------------------------

    def _check_is_fitted(self):
        if not hasattr(self, "means_"):
            raise not_fitted_error(self)

    def _remember_features(self, X):
        names = feature_names(X)
        vars(self).pop("feature_names_in_", None)
        if names is not None:
            self.feature_names_in_ = names

    def _check_feature_names(self, X):
        """A data frame must have the columns of the fit, in their order."""
        names, known = feature_names(X), getattr(self, "feature_names_in_", None)
        if names is not None and known is not None and list(names) != list(known):
            raise ValueError(
                "The feature names should match those that were passed during fit: "
                f"got {list(names)}, expected {list(known)}"
            )

    def save(self, path: PathLike) -> None:
        """Write parameters and results to an ``.npz`` file, whole or not at all.

        No pickle is written, so loading the file runs no code.  What was asked of scikit-learn's
        routing, by :meth:`set_fit_request`, is no part of the model and is left out.

        Parameters
        ----------
        path : str, bytes or path-like
            Written as given.  A file that is there is replaced in one step and keeps its mode; a
            pipe, a device or a hard link gets the content.

        Raises
        ------
        TypeError
            If an attribute cannot be stored, such as a function as ``init_params``, or is none
            of the constructor's nor of a fit's.
        ValueError
            If :meth:`load` would refuse the model, because something in it does not fit.

        Examples
        --------
        >>> import os, tempfile
        >>> from numpy_ml_gmm import GMM, load_iris
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     GMM(3, random_state=0).fit(load_iris().X).save(os.path.join(folder, "iris.npz"))
        ...     os.listdir(folder)
        ['iris.npz']
        """
        values = {name: value for name, value in vars(self).items() if name != "_metadata_request"}
        foreign = sorted(values.keys() - self._saved_names())
        if foreign:
            raise TypeError(
                f"{', '.join(foreign)} cannot be saved: a file holds the arguments and the results "
                f"of a {type(self).__name__}. Delete the attribute, or keep it in another file"
            )
        self._check_state()
        archive.save(path, type(self).__name__, values)

    @classmethod
    def load(cls, path: PathLike) -> Self:
        """Read what :meth:`save` wrote, now or with an earlier version of the package.

        The file is not trusted: what it holds must pass the checks that
        ``from_parameters`` makes, and there must be nothing else in it.

        Raises
        ------
        ValueError
            If the file is not a saved model, or one that makes no sense.
        OSError
            If it cannot be opened.

        Examples
        --------
        >>> import os, tempfile
        >>> from numpy_ml_gmm import GMM, load_iris
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "iris.npz")
        ...     GMM(3, random_state=0).fit(load_iris().X).save(path)
        ...     GMM.load(path).means_.shape
        (3, 4)
        """
        model = cls()
        tuples = [name for name, value in vars(model).items() if isinstance(value, tuple)]
        vars(model).update(archive.load(path, cls.__name__, cls._saved_names(), cls._saved_shapes))
        for name in tuples:  # they became arrays
            value = getattr(model, name)
            setattr(model, name, tuple(value.tolist()) if isinstance(value, np.ndarray) else value)
        try:
            model._check_state()
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path!s} holds no sound {cls.__name__}: {error}") from None
        return model

    @classmethod
    def _saved_names(cls):
        """Arguments and results: what there may be in a file."""
        return {*cls._parameter_names(), *cls._results}

    _results: tuple[str, ...] = ()  # names of attributes that a fit sets

    @staticmethod
    def _saved_shapes(values, shapes):
        """The shapes that arrays in a file must have; values and shapes are what is there."""
        return {}

    def _check_state(self):
        """Raise a ValueError or a TypeError if attributes do not fit together."""
