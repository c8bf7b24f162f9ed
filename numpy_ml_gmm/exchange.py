"""Fitted mixtures to scikit-learn's classes, and back: the same numbers under other names.

scikit-learn has four covariance types.  A model whose components all have a covariance of their
own is one of them; what is shared by some rule between these, such as VEV, is written out, one
covariance for each component.  Predictions are the same; a criterion that counts parameters is not.

=================================== ============= ===============================
covariance model                    scikit-learn  shape
=================================== ============= ===============================
VVV VEE EVE VVE EEV VEV EVV         full          (K, D, D)
EEE                                 tied          (D, D)
VVI VEI EVI EEI                     diag          (K, D)
VII EII                             spherical     (K,)
=================================== ============= ===============================

A variational mixture is taken over if its covariances are full.  For the other types scikit-learn
computes with other distributions than those of the model, so the same numbers mean something else
there.

scikit-learn is imported by :func:`to_sklearn` alone.
"""

import copy

import numpy as np

from .covariances import covariance_model
from .frames import cholesky
from .parameters import Parameters
from .validation import not_fitted_error

# Arguments, and results of a fit, that both sides have under the same name.
ARGUMENTS = "tol", "max_iter", "warm_start"
PRIORS = (
    *("weight_concentration_prior_type", "weight_concentration_prior", "mean_precision_prior"),
    *("mean_prior", "degrees_of_freedom_prior", "covariance_prior"),
)
RESULTS = "converged_", "n_iter_", "n_features_in_", "feature_names_in_"
POSTERIOR = (
    *("mean_precision_", "degrees_of_freedom_", "lower_bound_", "weight_concentration_prior_"),
    *("mean_precision_prior_", "mean_prior_", "degrees_of_freedom_prior_", "covariance_prior_"),
)
OTHER = (
    "covariance_type={!r} has other distributions in scikit-learn than in the model, so the same "
    "numbers would predict something else; "
)


def counterpart(model):
    """scikit-learn's name for the shape of a :class:`~numpy_ml_gmm.covariances.CovarianceModel`."""
    _, spherical, diagonal = model.form
    if diagonal:
        return "spherical" if spherical else "diag"
    return "tied" if model.letters == "EEE" else "full"


def to_sklearn(model, X=None):
    """A fitted ``GaussianMixture`` or ``BayesianGaussianMixture`` with the same distribution.

    Parameters
    ----------
    model : GMM or BayesianGMM
        Fitted, without noise.
    X : array (N, D), optional
        Points whose mean log-likelihood is the ``lower_bound_`` of a ``GaussianMixture``.  Without
        them those of the fit, and nan if there was none.

    Raises
    ------
    ValueError
        If scikit-learn has no such model.
    """
    try:
        from sklearn import mixture
    except ModuleNotFoundError as error:
        raise ImportError(
            "to_sklearn makes a model of scikit-learn's: python -m pip install scikit-learn"
        ) from error

    theta, variational = model.theta, hasattr(model, "weight_concentration_")
    kind = counterpart(model.covariance_model)
    if model.noise:
        raise ValueError("noise=True has no counterpart in scikit-learn: fit with noise=False")
    if variational and kind != "full":
        remedy = "take model.mixture_.to_sklearn(), the mixture at the expected parameters"
        raise ValueError(OTHER.format(model.covariance_type) + remedy)
    seed = model.random_state if isinstance(model.random_state, int | np.integer) else None
    cls = mixture.BayesianGaussianMixture if variational else mixture.GaussianMixture
    arguments = {name: getattr(model, name) for name in (*ARGUMENTS, *PRIORS * variational)}
    kinds = {"covariance_type": kind, "random_state": seed}
    theirs = cls(n_components=model.n_components, **kinds, **arguments)
    theirs.weights_, theirs.means_ = theta.weights.copy(), theta.means.copy()
    theirs.covariances_ = covariance_model(kind).contract(theta.covariances).copy()
    theirs.precisions_cholesky_, theirs.precisions_ = precisions(theirs.covariances_, kind)
    for name in (*RESULTS, *POSTERIOR * variational):
        if hasattr(model, name):
            setattr(theirs, name, copy.deepcopy(getattr(model, name)))
    if variational:
        theirs.weight_concentration_ = theirs_of(model.weight_concentration_)
    else:
        theirs.lower_bound_ = height_of(model) if X is None else model.score(X)
    return theirs


def height_of(model):
    """The mean log-likelihood of the points of a fit; nan if it is not known."""
    N = getattr(model, "n_samples_seen_", 0)
    return getattr(model, "log_likelihood_", np.nan) / N if N else np.nan


def precisions(covariances, kind):
    """Upper triangles U with U U^T the inverse of each covariance, and these inverses."""
    if kind in ("diag", "spherical"):
        U = 1 / np.sqrt(covariances)
        return U, U * U
    L = cholesky(covariances[None] if kind == "tied" else covariances)
    U = np.linalg.solve(L, np.broadcast_to(np.eye(L.shape[-1]), L.shape)).swapaxes(-1, -2)
    both = np.triu(U), np.triu(U) @ np.tril(U.swapaxes(-1, -2))
    return tuple(a[0] for a in both) if kind == "tied" else both


def theirs_of(concentration):
    """The concentrations of weights: a pair of arrays where each weight is a stick."""
    return tuple(concentration.copy()) if concentration.ndim == 2 else concentration.copy()


def from_sklearn(cls, theirs):
    """A fitted mixture of ours with the parameters of one of scikit-learn's.

    Parameters
    ----------
    cls : type
        :class:`~numpy_ml_gmm.GMM` or :class:`~numpy_ml_gmm.BayesianGMM`.
    theirs : GaussianMixture or BayesianGaussianMixture
        Fitted.

    Raises
    ------
    TypeError
        If it is none, or the other one.
    ValueError
        If it is not fitted, or its parameters make no mixture.
    """
    variational = "weight_concentration_prior_type" in cls._parameter_names()
    wanted = "BayesianGaussianMixture" if variational else "GaussianMixture"
    if not any(base.__name__ == wanted for base in type(theirs).__mro__):
        raise TypeError(
            f"model is a {type(theirs).__name__}, and {cls.__name__}.from_sklearn takes a {wanted}"
            " of scikit-learn: fit one, or choose the class that goes with it"
        )
    if not hasattr(theirs, "means_"):
        kind, name = type(not_fitted_error(theirs)), type(theirs).__name__
        raise kind(f"this {name} is not fitted yet: call its fit first")
    if variational and theirs.covariance_type != "full":
        remedy = "take GMM.from_parameters of its weights_, means_ and covariances_"
        raise ValueError(OTHER.format(theirs.covariance_type) + remedy)
    seed = theirs.random_state if isinstance(theirs.random_state, int | np.integer) else None
    arguments = {name: getattr(theirs, name) for name in (*ARGUMENTS, *PRIORS * variational)}
    ours = cls(
        theirs.n_components, covariance_type=theirs.covariance_type, random_state=seed, **arguments
    )
    given = (np.asarray(getattr(theirs, name)) for name in ("weights_", "means_", "covariances_"))
    theta = Parameters.check(*given, ours.covariance_model)
    for name in (*RESULTS, *POSTERIOR * variational):
        if hasattr(theirs, name):
            setattr(ours, name, copy.deepcopy(getattr(theirs, name)))
    if variational:
        ours.weight_concentration_ = np.array(theirs.weight_concentration_)
    ours.weights_, ours.means_ = theta.weights, theta.means
    ours.covariances_ = ours.covariance_model.contract(theta.covariances).copy()
    ours.n_features_in_, ours._fitted_type = theta.means.shape[1], ours.covariance_type
    ours._check_state()
    return ours
