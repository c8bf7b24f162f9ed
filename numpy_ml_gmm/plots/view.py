"""What one plot shows: some features of a mixture, points, colours, names and an axes."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import logsumexp, softmax

from ..covariances import covariance_model
from ..hints import Array
from ..noise import Box
from ..parameters import Parameters
from ..validation import as_array, column_names
from .colours import Inks, inks_of, palette
from .labels import component_names, write_far_ticks

MASSES = (0.5, 0.9, 0.99)
POINTS = 10_000  # of more, so many are drawn: they would hide each other
VECTORS = 2_000  # of more, points are drawn as an image, also in an SVG or a PDF

# --- the mixture ----------------------------------------------------------------------------


def parameters(model):
    """theta of any model, checked and copied: each component has a matrix (K, D, D).

    Without the noise, if there is any: the weights then sum to 1 all the same.
    """
    if isinstance(model, Parameters):
        names, covariance_type = model._fields, "diag" if model.diagonal else "full"
    else:
        names = "weights_", "means_", "covariances_"
        covariance_type = getattr(model, "covariance_type", "full")
    for name in names:
        if not hasattr(model, name):
            raise ValueError(f"model={model!r} has no {name}: call its fit first")
    pi, mu, covariances = (np.array(getattr(model, name), dtype=np.float64) for name in names)
    pi /= 1 - noise_of(model)[0]
    _check_numbers(names, pi, mu, covariances)
    Sigma = _matrices(covariances, covariance_model(covariance_type), *mu.shape)
    return Parameters(pi / pi.sum(), mu, Sigma)


def _check_numbers(names, pi, mu, covariances):
    """Weights (K,) that sum to 1, means (K, D), and only finite numbers."""
    if mu.ndim != 2 or pi.shape != mu.shape[:1]:
        raise ValueError(
            f"{names[0]} has shape {pi.shape} and {names[1]} {mu.shape}: "
            "they must be (K,) and (K, D)"
        )
    for name, value in zip(names, (pi, mu, covariances), strict=True):
        if not np.isfinite(value).all():
            raise ValueError(f"{name} holds nan or infinity: fit the model again")
    if (pi < 0).any() or not np.isclose(pi.sum(), 1, atol=1e-4):
        raise ValueError(f"{names[0]}={pi} must be at least 0 and sum to 1: divide by the sum")


def _matrices(covariances, rule, K, D):
    """The covariances of any covariance model as positive definite matrices (K, D, D)."""
    if covariances.shape != rule.shape(K, D):
        raise ValueError(
            f"covariances_ has shape {covariances.shape}, expected {rule.shape(K, D)} "
            f"for {rule.letters}: set the model's covariance_type to what they are"
        )
    Sigma = rule.expand(covariances, K, D)
    Sigma = Sigma[:, :, None] * np.eye(D) if rule.diagonal else Sigma
    for k, S in enumerate(Sigma):
        try:
            np.linalg.cholesky(S)
        except np.linalg.LinAlgError:
            raise ValueError(
                f"covariances_[{k}] is not positive definite: raise var_smoothing and fit again"
            ) from None
    return Sigma


def log_joint(theta, X):
    """log pi_k N(x_n | mu_k, Sigma_k), (N, K), of what each point has."""
    # Not GMM.log_joint, which refuses a component that is all but singular: scikit-learn fits
    # such with a small reg_covar, and a picture of it shows what went wrong.
    joint, missing = np.empty((len(X), len(theta.weights))), np.isnan(X)
    if missing.any():
        for lacking in np.unique(missing, axis=0):
            rows, there = (missing == lacking).all(axis=1), np.flatnonzero(~lacking)
            joint[rows] = log_joint(theta.marginal(there), X[np.ix_(rows, there)])
        return joint
    L = np.linalg.cholesky(theta.covariances)  # (K, D, D)
    for k, mu in enumerate(theta.means):
        y = solve_triangular(L[k], (X - mu).T, lower=True)  # (D, N)
        joint[:, k] = -(y * y).sum(axis=0) / 2 - np.log(L[k].diagonal()).sum()
    with np.errstate(divide="ignore"):  # a weight of 0 rules its component out
        return joint + np.log(theta.weights) - X.shape[1] / 2 * np.log(2 * np.pi)


def noise_of(model):
    """The weight of a model's noise, and its box; 0 and None if there is none."""
    if not getattr(model, "noise", False) or not hasattr(model, "noise_box_"):
        return 0.0, None
    centre, *edges = model.noise_box_
    return model.noise_weight_, Box(centre, np.array(edges))


def log_density(theta, X):
    """log p(x_n), (N,)."""
    return logsumexp(log_joint(theta, X), axis=1)


def responsibilities(theta, X):
    """r, (N, K)."""
    return softmax(log_joint(theta, X), axis=1)


# --- the view -------------------------------------------------------------------------------


class View(NamedTuple):
    """What one plot shows."""

    whole: Parameters  # of all D features
    shown: Parameters  # the marginal of the one or two shown
    features: list  # which these are
    names: list  # and what they are called
    X: Any  # (N, D), or None
    x: Any  # (N, d), or None
    colours: np.ndarray  # (K, 3)
    inks: Inks  # the background, and the colour of text
    components: list  # K names
    ax: Any
    noise: tuple = (0.0, None)  # its weight, and its box

    @property
    def line(self):
        """Whether one feature is shown."""
        return len(self.features) == 1

    @property
    def joint(self):
        """The log joint of all features, (N, K); with noise a column more."""
        joint, (weight, box) = log_joint(self.whole, self.X), self.noise
        if box is None:
            return joint
        with np.errstate(divide="ignore"):
            own = np.log(weight) + box.log_density(np.isnan(self.X))
        return np.column_stack([joint + np.log(1 - weight), own])

    def scatter(self, height, **kwargs):
        """The points; on a line, at this height (N,)."""
        kwargs = {"rasterized": len(self.x) > VECTORS} | kwargs
        return self.ax.scatter(self.x[:, 0], height if self.line else self.x[:, 1], **kwargs)

    def label(self, height):
        """Label the axes, unless the caller has; on a line the second is the height."""
        both = self.ax.xaxis, self.ax.yaxis
        for axis, name in zip(both, [*self.names, height][:2], strict=True):
            axis.set_label_text(axis.get_label_text() or name)
        for axis in both[: len(self.features)]:
            write_far_ticks(axis)
        if self.line and height == "component":
            self.ax.set_yticks(range(len(self.colours)))


def view_of(
    model: Any,
    X: Any,
    features: Any,
    ax: Any,
    d: int = 2,
    names: Sequence[str] | None = None,
    most: int | None = POINTS,
) -> View:
    """Check what the caller gave and gather it; a new figure only if all is well."""
    whole = parameters(model)
    K, D = whole.means.shape
    columns = feature_names(model, X, D)
    features = check_features(features, D, d, columns)
    components = component_names(names, K)
    X = None if X is None else check_data(X, D)
    if X is not None:
        X = X[~np.isnan(X[:, features]).any(axis=1)]  # a point has its place only if both are known
        if not len(X):
            raise ValueError(f"no row of X has all of features={features}: choose others")
        X = thinned(X, most or len(X))
    ax = plt.subplots(layout="constrained")[1] if ax is None else ax
    inks = inks_of(ax)
    return View(
        whole=whole,
        shown=whole.marginal(features),
        features=features,
        names=[columns[i] for i in features],
        X=X,
        x=None if X is None else X[:, features],
        colours=palette(K, inks.dark),
        inks=inks,
        components=components,
        ax=ax,
        noise=noise_of(model),
    )


def feature_names(model, X, D):
    """The D names of the features: those of the fit, of the columns of X, or x_1, x_2, ..."""
    fit, own = getattr(model, "feature_names_in_", None), column_names(X)
    fit, own = ([str(n) for n in some] if some is not None else None for some in (fit, own))
    if fit and own and len(own) == D and sorted(fit) == sorted(own) and fit != own:
        raise ValueError(f"X has the columns {own}, the model {fit}: pass X[{fit}]")
    known = own if own and len(own) == D else fit
    return known or [f"$x_{{{i + 1}}}$" for i in range(D)]


def thinned(X, most):
    """So many rows of X, the same ones each time; X itself if it has no more."""
    if len(X) <= most:
        return X
    return X[np.sort(np.random.default_rng(0).choice(len(X), most, replace=False))]


# --- what the caller gives ------------------------------------------------------------------


def needs_data(X):
    """X, which this plot cannot do without."""
    if X is None:
        raise ValueError("X=None: this plot shows points, so pass the data X (N, D)")
    return X


def check_data(X, D):
    """Points (N, D), finite or missing (nan)."""
    X = np.asarray(as_array(X, "X"), dtype=np.float64)
    if X.ndim != 2 or X.shape[1] != D or not len(X):
        raise ValueError(
            f"X has shape {X.shape}, expected (N, {D}) with N from 1: pass the {D} features "
            f"that the model was fitted to, one row a point"
        )
    if np.isinf(X).any():
        n = int(np.argmax(np.isinf(X).any(axis=1)))
        raise ValueError(f"X[{n}] = {X[n]} is not finite: leave out such rows, or fill them in")
    return X


def check_features(features, D, d, names=()):
    """Columns to show, at most d of them, by number or by name."""
    example = "features=0" if d == 1 else "features=(0, 1)"
    if features is None and D <= d:
        return list(range(D))
    if features is None:
        remedy = " or call plot_scatter_matrix" if d == 2 else ""
        raise ValueError(
            f"features=None, but the model has {D} features and this plot shows {d}: "
            f"choose, as in {example},{remedy}".rstrip(",")
        )
    chosen = np.atleast_1d(features)
    if chosen.dtype.kind in "UO" and chosen.ndim == 1 and set(chosen) <= set(names):
        chosen = np.array([list(names).index(name) for name in chosen])
    whole = chosen.dtype.kind in "iu" and chosen.ndim == 1 and 1 <= len(chosen) <= d
    if not whole or len(set(chosen)) < len(chosen) or chosen.min() < 0 or chosen.max() >= D:
        raise ValueError(
            f"features={features!r} must be at most {d} different whole numbers from 0 to {D - 1}, "
            f"as in {example}"
        )
    return chosen.tolist()


def check_masses(masses) -> Array:
    """Masses (M,), from large to small: the densities on their contours then rise."""
    m = np.unique(np.atleast_1d(np.asarray(masses, dtype=np.float64)))[::-1]
    if m.ndim != 1 or not len(m) or not ((0 < m) & (m < 1)).all():
        raise ValueError(f"masses={masses!r} must lie between 0 and 1: write 0.9 for 90 %")
    return m


def pair_of_axes(ax, **layout):
    """The caller's two axes, or new ones side by side."""
    if ax is None:
        return plt.subplots(1, 2, figsize=(7.5, 4), layout="constrained", **layout)[1]
    axes = np.asarray(ax, dtype=object).reshape(-1)
    if len(axes) != 2:
        raise ValueError(f"ax holds {len(axes)} axes, expected 2: use plt.subplots(1, 2)")
    return axes
