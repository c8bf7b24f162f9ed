r"""Pictures of a mixture: its density, its components, what it says of each point.

Every function takes a model, draws on an axes, and gives the axes back.  The
model is anything with ``weights_``, ``means_`` and ``covariances_``: a
:class:`~numpy_ml_gmm.GMM`, fitted or built from parameters, or scikit-learn's.
Most plots show three things,

.. math::
    p(x) = \sum_k \pi_k \, \mathcal{N}(x \mid \mu_k, \Sigma_k), \qquad
    r_{nk} = \frac{\pi_k \, \mathcal{N}(x_n \mid \mu_k, \Sigma_k)}{p(x_n)}, \qquad
    \{x : (x - \mu_k)^\top \Sigma_k^{-1} (x - \mu_k) = \chi^2_{D, m}\} :

the density, the responsibilities, and the ellipse that holds the mass m of a
component.  A plane shows two features.  With more, ``features=(i, j)`` shows
the *marginal* of two, which for a Gaussian mixture is exact: those rows of
:math:`\mu_k`, those rows and columns of :math:`\Sigma_k`.

========== ============= ====================================================
symbol     shape         meaning
========== ============= ====================================================
``pi``     (K,)          mixing weights
``mu``     (K, D)        means
``Sigma``  (K, D, D)     covariances, whatever the covariance model
``r``      (N, K)        responsibilities, of all D features
``x``      (N, d)        the features shown, d = 1 or 2
``m``      (M,)          masses, such as 0.5, 0.9, 0.99
========== ============= ====================================================

Nothing here changes a global style or opens a window.  Give ``ax`` to draw
on your own axes; without it a new figure is made.
"""

import base64
import tempfile
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation, PillowWriter
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch
from matplotlib.path import Path as Curve
from matplotlib.transforms import Affine2D
from scipy.linalg import solve_triangular
from scipy.special import logsumexp, ndtri, softmax
from scipy.stats import chi2

from .covariances import covariance_model

MASSES = (0.5, 0.9, 0.99)
INK = "#1f2933"  # text and the mixture as a whole
FAINT = "#9aa5b1"  # data without a colour of its own

# From dark to light, so that grey prints keep the order; hues after Okabe and Ito.
COLOURS = {
    "navy": "#16306f",
    "wine": "#85194d",
    "green": "#1f6b3a",
    "blue": "#0b74b8",
    "vermilion": "#d1600f",
    "pink": "#cb7fb0",
    "sky": "#5fb5e5",
    "gold": "#efac22",
}
# The best apart for each K, to three kinds of colour-blind eyes and in grey.
CHOICES = {
    1: "blue",
    2: "blue gold",
    3: "wine blue gold",
    4: "wine blue pink gold",
    5: "navy wine blue pink gold",
    6: "navy wine green blue vermilion gold",
    7: "navy wine green blue vermilion pink gold",
    8: "navy wine green blue vermilion pink sky gold",
}
LINES = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (7, 2, 1.5, 2)))
MARKERS = "os^Dv*PX"

# --- the mixture as plots need it ----------------------------------------------------------


class Mixture(NamedTuple):
    """The parameters of a model, with one full covariance for each component.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM
    >>> model = GMM.from_parameters([1.0], [[0.0, 0.0]], [[1.0, 4.0]], covariance_type="diag")
    >>> Mixture.of(model).Sigma
    array([[[1., 0.], [0., 4.]]])
    """

    pi: np.ndarray  # (K,)
    mu: np.ndarray  # (K, D)
    Sigma: np.ndarray  # (K, D, D)

    @classmethod
    def of(cls, model):
        """Read any model's parameters; a ValueError says what is wrong with them.

        Examples
        --------
        >>> from numpy_ml_gmm import GMM
        >>> Mixture.of(GMM.from_parameters([0.5, 0.5], [[0.0], [1.0]], [[[1.0]], [[1.0]]])).pi
        array([0.5, 0.5])
        """
        pi, mu, covariances = _parameters(model)
        rule = covariance_model(getattr(model, "covariance_type", "full"))
        if covariances.shape != rule.shape(*mu.shape):
            raise ValueError(
                f"covariances_ has shape {covariances.shape}, expected {rule.shape(*mu.shape)} "
                f"for {rule.letters}: set the model's covariance_type to what they are"
            )
        Sigma = rule.expand(covariances, *mu.shape)
        Sigma = Sigma[:, :, None] * np.eye(mu.shape[1]) if rule.diagonal else Sigma
        return cls(pi, mu, _positive_definite(Sigma))

    def marginal(self, features):
        """The mixture of some features alone.

        Examples
        --------
        >>> whole = Mixture(np.ones(1), np.array([[1.0, 2.0, 3.0]]), np.diag([1.0, 4.0, 9.0])[None])
        >>> whole.marginal([0, 2]).mu
        array([[1., 3.]])
        """
        i = list(features)
        return Mixture(self.pi, self.mu[:, i], self.Sigma[:, i][:, :, i])

    def log_joint(self, X):
        r"""log pi_k N(x_n | mu_k, Sigma_k), (N, K).

        Examples
        --------
        >>> standard = Mixture(np.ones(1), np.zeros((1, 1)), np.ones((1, 1, 1)))
        >>> standard.log_joint(np.zeros((1, 1))).round(4)
        array([[-0.9189]])
        """
        joint = np.empty((len(X), len(self.pi)))
        for k, (mu, L) in enumerate(zip(self.mu, np.linalg.cholesky(self.Sigma), strict=True)):
            y = solve_triangular(L, (X - mu).T, lower=True)  # (D, N)
            joint[:, k] = -(y * y).sum(axis=0) / 2 - np.log(L.diagonal()).sum()
        with np.errstate(divide="ignore"):  # a weight of 0 rules its component out
            return joint + np.log(self.pi) - X.shape[1] / 2 * np.log(2 * np.pi)

    def log_density(self, X):
        """log p(x_n), (N,).

        Examples
        --------
        >>> twice = Mixture(np.array([0.5, 0.5]), np.zeros((2, 1)), np.ones((2, 1, 1)))
        >>> twice.log_density(np.zeros((1, 1))).round(4)
        array([-0.9189])
        """
        return logsumexp(self.log_joint(X), axis=1)

    def responsibilities(self, X):
        """r, (N, K).

        Examples
        --------
        >>> two = Mixture(np.array([0.5, 0.5]), np.array([[-1.0], [1.0]]), np.ones((2, 1, 1)))
        >>> two.responsibilities(np.zeros((1, 1)))
        array([[0.5, 0.5]])
        """
        return softmax(self.log_joint(X), axis=1)


def _parameters(model):
    """weights_ (K,), means_ (K, D) and covariances_ of a fitted model."""
    names = "weights_", "means_", "covariances_"
    for name in names:
        if not hasattr(model, name):
            raise ValueError(f"model={model!r} has no {name}: call its fit first")
    pi, mu, covariances = (np.asarray(getattr(model, name), dtype=np.float64) for name in names)
    if mu.ndim != 2 or pi.shape != mu.shape[:1]:
        raise ValueError(
            f"weights_ has shape {pi.shape} and means_ {mu.shape}: they must be (K,) and (K, D)"
        )
    for name, value in zip(names, (pi, mu, covariances), strict=True):
        if not np.isfinite(value).all():
            raise ValueError(f"{name} holds nan or infinity: fit the model again")
    if (pi < 0).any() or not np.isclose(pi.sum(), 1, atol=1e-4):
        raise ValueError(f"weights_={pi} must be at least 0 and sum to 1: divide by the sum")
    return pi / pi.sum(), mu, covariances


def _positive_definite(Sigma):
    for k, S in enumerate(Sigma):
        try:
            np.linalg.cholesky(S)
        except np.linalg.LinAlgError:
            raise ValueError(
                f"covariances_[{k}] is not positive definite: raise var_smoothing and fit again"
            ) from None
    return Sigma


class View(NamedTuple):
    """What one plot shows."""

    whole: Mixture  # of all D features
    shown: Mixture  # the marginal of the one or two shown
    X: np.ndarray | None  # (N, D)
    x: np.ndarray | None  # (N, d)
    colours: np.ndarray  # (K, 3)
    names: list  # of the features shown
    ax: Any

    @property
    def line(self):
        """Whether one feature is shown."""
        return self.shown.mu.shape[1] == 1

    def scatter(self, height, **kwargs):
        """The points; on a line, at this height (N,)."""
        return self.ax.scatter(self.x[:, 0], height if self.line else self.x[:, 1], **kwargs)

    def label(self, height):
        """Label the axes, unless the caller has; on a line the second is the height."""
        names = [*self.names, height][:2]
        self.ax.set_xlabel(self.ax.get_xlabel() or names[0])
        self.ax.set_ylabel(self.ax.get_ylabel() or names[1])
        if self.line and height == "component":
            self.ax.set_yticks(range(len(self.colours)))


def _view(model, X, features, ax, d=2):
    """Check what the caller gave and gather it."""
    whole = Mixture.of(model)
    D = whole.mu.shape[1]
    features = _check_features(features, D, d)
    names = _feature_names(model, X, D)
    X = None if X is None else _check_data(X, D)
    return View(
        whole,
        whole.marginal(features),
        X,
        None if X is None else X[:, features],
        palette(len(whole.pi)),
        [names[i] for i in features],
        plt.subplots(layout="constrained")[1] if ax is None else ax,
    )


def _needs_data(X):
    if X is None:
        raise ValueError("X=None: this plot shows points, so pass the data X (N, D)")
    return X


def _check_data(X, D):
    X = np.asarray(X, dtype=np.float64)
    if X.ndim != 2 or X.shape[1] != D or not len(X):
        raise ValueError(
            f"X has shape {X.shape}, expected (N, {D}) with N from 1: pass the {D} features "
            f"that the model was fitted to, one row a point"
        )
    if not np.isfinite(X).all():
        n = int(np.argmin(np.isfinite(X).all(axis=1)))
        raise ValueError(f"X[{n}] = {X[n]} is not finite: leave out such rows, or fill them in")
    return X


def _check_features(features, D, d):
    """Columns to show, at most d of them."""
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
    whole = chosen.dtype.kind in "iu" and chosen.ndim == 1 and 1 <= len(chosen) <= d
    if not whole or len(set(chosen)) < len(chosen) or chosen.min() < 0 or chosen.max() >= D:
        raise ValueError(
            f"features={features!r} must be at most {d} different whole numbers from 0 to {D - 1}, "
            f"as in {example}"
        )
    return chosen.tolist()


def _check_masses(masses):
    """Masses (M,), from large to small: the densities on their contours then rise."""
    m = np.unique(np.atleast_1d(np.asarray(masses, dtype=np.float64)))[::-1]
    if m.ndim != 1 or not len(m) or not ((0 < m) & (m < 1)).all():
        raise ValueError(f"masses={masses!r} must lie between 0 and 1: write 0.9 for 90 %")
    return m


def _feature_names(model, X, D):
    """The columns of a data frame, the names the model remembers, or x_1, x_2, ..."""
    for names in getattr(X, "columns", None), getattr(model, "feature_names_in_", None):
        if names is not None and len(names) == D:
            return [str(name) for name in names]
    return [f"$x_{{{d + 1}}}$" for d in range(D)]


def _percent(mass):
    return f"{100 * mass:.4g} %"


# --- colours -----------------------------------------------------------------------------------


def palette(K):
    """One colour for each component, from dark to light.

    Neighbours differ in lightness, so that the order survives a grey print, and
    in hue, also to colour-blind eyes.  Beyond eight they are steps of matplotlib's
    cividis map.

    Parameters
    ----------
    K : int
        Number of colours.

    Returns
    -------
    ndarray (K, 3)
        Red, green and blue, from 0 to 1.

    Raises
    ------
    ValueError
        If K is below 1.

    Examples
    --------
    >>> palette(3).shape
    (3, 3)
    """
    if K < 1:
        raise ValueError(f"K={K} colours make no palette: ask for 1 or more")
    if K in CHOICES:
        return np.array([to_rgb(COLOURS[name]) for name in CHOICES[K].split()])
    return matplotlib.colormaps["cividis"](np.linspace(0, 0.95, K))[:, :3]


def mix_colours(r, colours):
    r"""The colour of each point: :math:`\sum_k r_{nk} \, c_k`.

    Parameters
    ----------
    r : array (N, K)
        Responsibilities.
    colours : array (K, 3)
        One colour for each component.

    Returns
    -------
    ndarray (N, 3)

    Raises
    ------
    ValueError
        If a row of ``r`` is not a convex combination: it must be at least 0 and sum to 1.

    Examples
    --------
    >>> mix_colours([[0.5, 0.5]], [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    array([[0.5, 0. , 0.5]])
    """
    r, colours = np.asarray(r, dtype=np.float64), np.asarray(colours, dtype=np.float64)
    if r.ndim != 2 or r.shape[1] != len(colours):
        raise ValueError(
            f"r has shape {r.shape}, expected (N, {len(colours)}): one column a colour"
        )
    if (r < 0).any() or not np.allclose(r.sum(axis=1), 1):
        raise ValueError("r must hold probabilities: at least 0, and each row summing to 1")
    return np.clip(r @ colours, 0, 1)


# --- density -------------------------------------------------------------------------------------


def density_levels(model, masses=MASSES, *, features=None):
    r"""Log densities on the borders of the highest-density regions.

    The region of mass m is the smallest that holds m:

    .. math::
        \{x : \log p(x) \ge t\}, \qquad
        t \text{ such that } \int \mathbb{1}[\log p(x) \ge t] \, p(x) \, dx = m .

    So t is a quantile of :math:`\log p(x)` under p itself.  It is read off
    points spread evenly over the mass of each component, not off random ones.

    Parameters
    ----------
    model : object
        With ``weights_``, ``means_`` and ``covariances_``.
    masses : float or sequence of float
        Each between 0 and 1.
    features : int or pair of int, optional
        Which features' marginal; needed if the model has more than two.

    Returns
    -------
    ndarray (M,)
        One for each mass, from the largest mass to the smallest.

    Raises
    ------
    ValueError
        If the model is not fitted, or a mass or a feature does not exist.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM
    >>> standard = GMM.from_parameters([1.0], [[0.0, 0.0]], [np.eye(2)])
    >>> density_levels(standard, 0.9).round(3)  # log(0.1 / 2 pi)
    array([-4.14])
    """
    whole = Mixture.of(model)
    shown = whole.marginal(_check_features(features, whole.mu.shape[1], 2))
    return _levels(shown, _check_masses(masses))


def _levels(mixture, masses):
    points, mass = _spread(mixture)
    log_p = mixture.log_density(points)
    order = np.argsort(-log_p)
    enclosed = np.cumsum(mass[order]) - mass[order] / 2
    return np.interp(masses, enclosed, log_p[order])


def _spread(mixture, total=2**17):
    """Points (P, d) that stand for equal masses of each component, and these masses (P,)."""
    K, d = mixture.mu.shape
    n = max(total // K // 4, 512)
    y = _spiral(n, d)  # (n, d)
    L = np.linalg.cholesky(mixture.Sigma)
    points = mixture.mu[:, None] + y @ L.transpose(0, 2, 1)  # (K, n, d)
    return points.reshape(-1, d), np.repeat(mixture.pi / n, n)


def _spiral(n, d):
    """n points that share the mass of the standard Gaussian: quantiles, or a sunflower."""
    u = (np.arange(n) + 0.5) / n
    if d == 1:
        return ndtri(u)[:, None]
    radius = np.sqrt(-2 * np.log1p(-u))
    angle = np.pi * (3 - np.sqrt(5)) * np.arange(n)  # the golden angle
    return radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])


def _grid(mixture, x=None, radius=4.5):
    """Coordinates along each shown feature, finer where a component is narrow."""
    precision = np.linalg.inv(mixture.Sigma)
    narrow = np.diagonal(precision, axis1=1, axis2=2) ** -0.5  # (K, d), with the other feature held
    sd = np.diagonal(mixture.Sigma, axis1=1, axis2=2) ** 0.5
    return [
        _ticks(mixture.mu[:, i], radius * sd[:, i], narrow[:, i], None if x is None else x[:, i])
        for i in range(mixture.mu.shape[1])
    ]


def _ticks(centre, reach, width, x, n=200):
    """Ticks along one feature: n over the whole, and five a width in reach of a component."""
    low, high = (centre - reach).min(), (centre + reach).max()
    if x is not None:
        low, high = min(low, x.min()), max(high, x.max())
    knots = np.unique([low, high, *(centre - reach), *(centre + reach)])
    middle = (knots[1:] + knots[:-1]) / 2
    near = np.abs(middle[:, None] - centre) < reach  # (knots - 1, K)
    rate = np.maximum(n / (high - low), np.where(near, 5 / width, 0).max(axis=1))
    count = np.concatenate([[0], np.cumsum(rate * np.diff(knots))])
    most = np.clip(np.sqrt(8e6 / len(centre)), 400, 1600)  # bounds the work on a grid
    return np.unique(np.interp(np.linspace(0, count[-1], int(min(count[-1], most))), count, knots))


def _mesh(x, y):
    """The points (len(y) len(x), 2) of a grid, row by row."""
    return np.column_stack([a.ravel() for a in np.meshgrid(x, y)])


def plot_contours(
    model,
    X=None,
    *,
    masses=MASSES,
    components=False,
    filled=False,
    labels=True,
    features=None,
    ax=None,
    **kwargs,
):
    """Contours of the density, named by the mass inside.

    Each contour bounds a highest-density region, see :func:`density_levels`.
    A model of one feature is drawn by :func:`plot_density_1d`.

    Parameters
    ----------
    model : object
        With ``weights_``, ``means_`` and ``covariances_``.
    X : array (N, D), optional
        Points to draw underneath.
    masses : float or sequence of float
        Masses inside the contours, each between 0 and 1.
    components : bool
        Whether to draw the same contours of each component too, in its colour.
    filled : bool
        Whether to shade the regions.
    labels : bool
        Whether to write the masses on the contours.
    features : int or pair of int, optional
        Which features' marginal; needed if the model has more than two.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For :meth:`matplotlib.axes.Axes.contour`, or for :func:`plot_density_1d`.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If the model is not fitted, or X, a mass or a feature does not fit.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM
    >>> model = GMM.from_parameters([0.4, 0.6], [[0, 0], [4, 1]], [np.eye(2), np.eye(2)])
    >>> ax = plot_contours(model, masses=(0.5, 0.9))
    >>> [len(contour.levels) for contour in ax.collections]
    [2]
    >>> plt.close(ax.figure)
    """
    masses = _check_masses(masses)
    view = _view(model, X, features, ax)
    if view.line:
        return plot_density_1d(model, X, masses=masses, features=features, ax=view.ax, **kwargs)
    if X is not None:
        view.scatter(None, s=9, color=FAINT, linewidths=0, zorder=1)
    _draw_contours(view, masses, filled, labels, kwargs)
    if components:
        _draw_ellipses(view, masses, linewidth=1)
    view.label("")
    return view.ax


def _draw_contours(view, masses, filled, labels, kwargs):
    levels = _levels(view.shown, masses)
    x, y = _cropped(view.shown, levels[0])
    log_p = view.shown.log_density(_mesh(x, y)).reshape(len(y), len(x))
    if filled:
        top = max(log_p.max(), levels[-1]) + 1
        shades = [to_rgba(INK, alpha) for alpha in np.linspace(0.05, 0.2, len(levels))]
        view.ax.contourf(x, y, log_p, levels=[*levels, top], colors=shades, zorder=0)
    style = {"linewidths": np.linspace(0.8, 1.4, len(levels)), "zorder": 2}
    style |= {} if "cmap" in kwargs else {"colors": INK}
    lines = view.ax.contour(x, y, log_p, levels=levels, linestyles="-", **style | kwargs)
    if labels:
        names = dict(zip(lines.levels, map(_percent, masses), strict=True))
        view.ax.clabel(lines, fmt=names, fontsize="small")


def _cropped(mixture, level):
    """A grid about the region where the density reaches a level."""
    points, _ = _spread(mixture, total=2**14)
    inside = points[mixture.log_density(points) >= level]
    low, high = inside.min(axis=0), inside.max(axis=0)
    margin = 0.08 * (high - low)
    ticks = _grid(mixture, radius=7)
    edges = zip(ticks, low - margin, high + margin, strict=True)
    return [np.unique([a, *t[(a < t) & (t < b)], b]) for t, a, b in edges]


def plot_density_1d(
    model, X=None, *, masses=(), components=True, bins=30, features=None, ax=None, **kwargs
):
    r"""The density of one feature: histogram, mixture and weighted components.

    .. math::
        p(x) = \sum_k \pi_k \, \mathcal{N}(x \mid \mu_k, \sigma_k^2)

    Parameters
    ----------
    model : object
        With ``weights_``, ``means_`` and ``covariances_``.
    X : array (N, D), optional
        Points for the histogram.
    masses : float or sequence of float
        Masses of highest-density regions to shade under the curve.
    components : bool
        Whether to draw each component, times its weight.
    bins : int or sequence
        Bins of the histogram.
    features : int, optional
        Which feature's marginal; needed if the model has more than one.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For the line of the mixture, see :meth:`matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If the model is not fitted, or X, a mass or the feature does not fit.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM
    >>> model = GMM.from_parameters([0.4, 0.6], [[0.0], [4.0]], [[[1.0]], [[1.0]]])
    >>> ax = plot_density_1d(model)
    >>> len(ax.lines)  # the mixture and two components
    3
    >>> plt.close(ax.figure)
    """
    view = _view(model, X, features, ax, d=1)
    (x,) = _grid(view.shown, view.x)
    joint = view.shown.log_joint(x[:, None])  # (G, K)
    log_p = logsumexp(joint, axis=1)
    if X is not None:
        view.ax.hist(view.x[:, 0], bins, density=True, color=FAINT, alpha=0.35, linewidth=0)
    if np.size(masses):
        _shade(view, _check_masses(masses), x, log_p)
    if components:
        _draw_components(view, x, np.exp(joint))
    style = {"color": INK, "linewidth": 2, "label": "mixture"} | kwargs
    view.ax.plot(x, np.exp(log_p), **style)
    view.ax.set_ylim(bottom=0)
    view.label("density")
    return view.ax


def _draw_components(view, x, p):
    for k, colour in enumerate(view.colours):
        style = {"color": colour, "linestyle": LINES[k % 4], "label": f"component {k}"}
        view.ax.plot(x, p[:, k], linewidth=1.6, **style)
        view.ax.fill_between(x, p[:, k], color=colour, alpha=0.3, linewidth=0)


def _shade(view, masses, x, log_p):
    for mass, level in zip(masses, _levels(view.shown, masses), strict=True):
        for n, ends in enumerate(_intervals(x, log_p - level)):
            inside = np.unique([ends[0], *x[(ends[0] < x) & (x < ends[1])], ends[1]])
            height = np.exp(view.shown.log_density(inside[:, None]))
            label = None if n else f"{_percent(mass)} of the mass"
            style = {"color": INK, "alpha": 0.12, "linewidth": 0, "label": label, "zorder": 1.5}
            view.ax.fill_between(inside, height, **style)


def _intervals(x, f):
    """Where f > 0 along x: the ends (M, 2) of each interval."""
    inside = np.concatenate([[False], f > 0, [False]])
    edges = np.flatnonzero(inside[1:] != inside[:-1])  # of the first point after each change
    a, b = np.clip(edges - 1, 0, None), np.clip(edges, None, len(x) - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(a == b, 0, f[a] / (f[a] - f[b]))
    return (x[a] + share * (x[b] - x[a])).reshape(-1, 2)


# --- components ----------------------------------------------------------------------------------


def plot_ellipses(model, X=None, *, masses=0.9, features=None, ax=None, **kwargs):
    r"""The ellipse of each component that holds a given mass of it.

    .. math::
        x = \mu_k + \sqrt{\chi^2_{2, m}} \; L_k u, \qquad
        L_k L_k^\top = \Sigma_k, \quad |u| = 1 .

    The axes are :math:`\sqrt{\lambda_i \chi^2_{2, m}}` long, with
    :math:`\lambda_i` the eigenvalues of :math:`\Sigma_k`.  Angles look right if
    the caller sets ``ax.set_aspect("equal")``.  One feature gives intervals.

    Parameters
    ----------
    model : object
        With ``weights_``, ``means_`` and ``covariances_``.
    X : array (N, D), optional
        Points to draw underneath.
    masses : float or sequence of float
        Masses of a component inside its ellipses, each between 0 and 1.
    features : int or pair of int, optional
        Which features' marginal; needed if the model has more than two.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For :class:`matplotlib.patches.PathPatch`, or for the lines of intervals.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If the model is not fitted, or X, a mass or a feature does not fit.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM
    >>> model = GMM.from_parameters([0.4, 0.6], [[0, 0], [4, 1]], [np.eye(2), np.eye(2)])
    >>> ax = plot_ellipses(model, masses=(0.5, 0.9))
    >>> len(ax.patches)
    4
    >>> plt.close(ax.figure)
    """
    masses = _check_masses(masses)
    view = _view(model, X, features, ax)
    K = len(view.colours)
    if X is not None:
        view.scatter(np.full(len(view.x), -1.0), s=9, color=FAINT, linewidths=0, zorder=1)
    (_draw_bars if view.line else _draw_ellipses)(view, masses, **kwargs)
    height = np.arange(K) if view.line else view.shown.mu[:, 1]
    style = {"marker": "X", "edgecolors": view.colours, "linewidths": 1.6, "zorder": 4}
    view.ax.scatter(view.shown.mu[:, 0], height, s=90, color="white", **style)
    view.label("component")
    return view.ax


def _draw_ellipses(view, masses, **kwargs):
    L = np.linalg.cholesky(view.shown.Sigma)
    for radius in np.sqrt(chi2.ppf(masses, df=2)):
        for k, (mu, colour) in enumerate(zip(view.shown.mu, view.colours, strict=True)):
            style = {"edgecolor": colour, "facecolor": "none", "linewidth": 2, "zorder": 3}
            style |= {"linestyle": LINES[k % 4]} | kwargs
            matrix = np.eye(3)
            matrix[:2, :2], matrix[:2, 2] = radius * L[k], mu
            ellipse = Curve.unit_circle().transformed(Affine2D(matrix))
            view.ax.add_patch(PathPatch(ellipse, **style))
    view.ax.autoscale_view()


def _draw_bars(view, masses, **kwargs):
    sd = np.sqrt(view.shown.Sigma[:, 0, 0])
    for width, radius in enumerate(np.sqrt(chi2.ppf(masses, df=1)), start=1):
        for k, (mu, colour) in enumerate(zip(view.shown.mu[:, 0], view.colours, strict=True)):
            style = {"color": colour, "linewidth": 2 * width, "solid_capstyle": "butt"} | kwargs
            view.ax.plot([mu - radius * sd[k], mu + radius * sd[k]], [k, k], **style)


# --- what the model says of each point -----------------------------------------------------------


def plot_responsibilities(model, X, *, features=None, ax=None, **kwargs):
    r"""Points in mixed colours: the responsibilities, softly.

    A point's colour is :math:`\sum_k r_{nk} c_k`.  Its area grows with its
    uncertainty :math:`1 - \max_k r_{nk}`.  The responsibilities are those of
    all features, also where two are shown.  One feature gives the curves
    :math:`r_k(x)` too.

    Parameters
    ----------
    model : object
        With ``weights_``, ``means_`` and ``covariances_``.
    X : array (N, D)
        Points.
    features : int or pair of int, optional
        Which features to show; needed if the model has more than two.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For :meth:`matplotlib.axes.Axes.scatter`.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If the model is not fitted, or X or a feature does not fit.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM
    >>> model = GMM.from_parameters([0.5, 0.5], [[0, 0], [4, 0]], [np.eye(2), np.eye(2)])
    >>> ax = plot_responsibilities(model, [[2.0, 0.0]])
    >>> bool(np.allclose(ax.collections[0].get_facecolor()[0, :3], palette(2).mean(axis=0)))
    True
    >>> plt.close(ax.figure)
    """
    view = _view(model, _needs_data(X), features, ax)
    r = view.whole.responsibilities(view.X)
    u = 1 - r.max(axis=1)
    if view.line and len(view.whole.mu[0]) == 1:
        _draw_curves(view)
    style = {"edgecolors": "white", "linewidths": 0.4, "zorder": 2, "s": 28 + 110 * u}
    view.scatter(1 - u, **style | {"c": mix_colours(r, view.colours)} | kwargs)
    view.label(r"$r_{nk}$")
    return view.ax


def _draw_curves(view):
    """r_k(x) of one feature."""
    (x,) = _grid(view.shown, view.x)
    for k, r_k in enumerate(view.shown.responsibilities(x[:, None]).T):
        style = {"color": view.colours[k], "linestyle": LINES[k % 4], "label": f"component {k}"}
        view.ax.plot(x, r_k, **style)


def plot_uncertainty(model, X, *, features=None, ax=None, **kwargs):
    r"""Points by their uncertainty: the more doubtful, the larger and darker.

    .. math::
        u_n = 1 - \max_k r_{nk}

    Three classes, as mclust draws them: up to the 75 % quantile of u, up to the
    95 % quantile, and above.

    Parameters
    ----------
    model : object
        With ``weights_``, ``means_`` and ``covariances_``.
    X : array (N, D)
        Points.
    features : int or pair of int, optional
        Which features to show; needed if the model has more than two.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For :meth:`matplotlib.axes.Axes.scatter`.

    Returns
    -------
    matplotlib Axes
        With a legend of the classes.

    Raises
    ------
    ValueError
        If the model is not fitted, or X or a feature does not fit.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM
    >>> model = GMM.from_parameters([0.5, 0.5], [[0.0], [4.0]], [[[1.0]], [[1.0]]])
    >>> ax = plot_uncertainty(model, [[0.0], [0.0], [0.1], [2.0]])
    >>> float(ax.collections[-1].get_offsets()[0, 1].round(3))  # the point half-way
    0.5
    >>> plt.close(ax.figure)
    """
    view = _view(model, _needs_data(X), features, ax)
    u = 1 - view.whole.responsibilities(view.X).max(axis=1)
    edges = np.quantile(u, [0.75, 0.95])
    group = (u[:, None] > edges).sum(axis=1)
    low, high = (f"{edge:.2g}" for edge in edges)
    names = rf"$u_n \leq$ {low}", rf"$u_n \leq$ {high}", rf"$u_n >$ {high}"
    for g, colour in enumerate(("#c3ccd5", "#7b8794", INK)):
        part = view._replace(x=view.x[group == g])
        style = {"s": (9, 26, 60)[g], "color": colour, "label": names[g], "linewidths": 0}
        part.scatter(u[group == g], **style | {"zorder": 2 + g} | kwargs)
    view.ax.legend(title=r"$u_n = 1 - \max_k r_{nk}$")
    view.label("$u_n$")
    return view.ax


def plot_classification(model, X=None, *, boundaries=True, features=None, ax=None, **kwargs):
    r"""Points by their most probable component, and the borders between components.

    .. math::
        \hat z_n = \arg\max_k r_{nk}

    The points are told apart by all features; the borders are those of the
    marginal that is shown.

    Parameters
    ----------
    model : object
        With ``weights_``, ``means_`` and ``covariances_``.
    X : array (N, D), optional
        Points.
    boundaries : bool
        Whether to shade each component's region and draw its border.
    features : int or pair of int, optional
        Which features to show; needed if the model has more than two.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For :meth:`matplotlib.axes.Axes.scatter`.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If the model is not fitted, or X or a feature does not fit.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM
    >>> model = GMM.from_parameters([0.5, 0.5], [[0.0], [4.0]], [[[1.0]], [[1.0]]])
    >>> ax = plot_classification(model, [[0.0], [3.0]])
    >>> [points.get_offsets().tolist() for points in ax.collections]
    [[[0.0, 0.0]], [[3.0, 1.0]]]
    >>> plt.close(ax.figure)
    """
    view = _view(model, X, features, ax)
    if boundaries:
        (_draw_spans if view.line else _draw_regions)(view)
    if X is not None:
        z = view.whole.log_joint(view.X).argmax(axis=1)
        for k in np.unique(z):
            part = view._replace(x=view.x[z == k])
            style = {"marker": MARKERS[k % 8], "edgecolors": "white", "linewidths": 0.4, "s": 28}
            style |= {"color": view.colours[k], "label": f"component {k}", "zorder": 2}
            part.scatter(np.full(len(part.x), k), **style | kwargs)
    view.label("component")
    return view.ax


def _margins(mixture, X):
    """log joint of each component less that of the best other one, (N, K)."""
    joint = mixture.log_joint(X)
    best, second = (np.sort(joint, axis=1)[:, -2:].T)[::-1]
    others = np.where(joint == best[:, None], second[:, None], best[:, None])
    with np.errstate(invalid="ignore"):  # a weight of 0 never wins
        return np.nan_to_num(joint - others, neginf=-1e300)


def _draw_regions(view):
    if len(view.colours) == 1:
        return
    x, y = _grid(view.shown, view.x)
    for k, margin in enumerate(_margins(view.shown, _mesh(x, y)).T):
        if margin.max() > 0:
            f = margin.reshape(len(y), len(x))
            shade = [to_rgba(view.colours[k], 0.18)]
            view.ax.contourf(x, y, f, levels=[0, f.max() + 1], colors=shade, zorder=0)
            if margin.min() < 0:
                view.ax.contour(x, y, f, levels=[0], colors=INK, linewidths=1, zorder=1)


def _draw_spans(view):
    if len(view.colours) == 1:
        return
    (x,) = _grid(view.shown, view.x)
    for k, margin in enumerate(_margins(view.shown, x[:, None]).T):
        for low, high in _intervals(x, margin):
            view.ax.axvspan(low, high, color=view.colours[k], alpha=0.18, linewidth=0, zorder=0)


def plot_scatter_matrix(model, X=None, *, masses=0.9, features=None, ax=None, **kwargs):
    """Every pair of features, each with its true marginal.

    On the diagonal :func:`plot_density_1d`.  Below it :func:`plot_responsibilities`
    and :func:`plot_ellipses`.  Above it :func:`plot_contours` at 50, 90 and 99 %.

    Parameters
    ----------
    model : object
        With ``weights_``, ``means_`` and ``covariances_``.
    X : array (N, D), optional
        Points.
    masses : float or sequence of float
        Masses of a component inside its ellipses.
    features : sequence of int, optional
        Which features; all of them by default.
    ax : array of matplotlib Axes (F, F), optional
        Where to draw, F the number of features.
    **kwargs
        For :func:`plot_ellipses`.

    Returns
    -------
    ndarray of matplotlib Axes (F, F)

    Raises
    ------
    ValueError
        If the model is not fitted, or X, a mass, a feature or ``ax`` does not fit.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM
    >>> model = GMM.from_parameters([1.0], [[0, 0, 0]], [np.eye(3)])
    >>> axes = plot_scatter_matrix(model)
    >>> axes.shape
    (3, 3)
    >>> plt.close(axes[0, 0].figure)
    """
    D = Mixture.of(model).mu.shape[1]
    if X is not None:
        _check_data(X, D)
    chosen = _check_features(range(D) if features is None else features, D, D)
    axes = _matrix_axes(len(chosen), ax)
    _check_masses(masses)
    for (row, column), panel in np.ndenumerate(axes):
        i, j = chosen[row], chosen[column]
        _draw_panel(model, X, (i, j), masses, panel, kwargs)
        _tidy_panel(panel, row, column, len(chosen))
    _align(axes)
    return axes


def _matrix_axes(F, ax):
    if ax is None:
        size = max(4, 2.2 * F)
        return plt.subplots(F, F, figsize=(size, size), layout="constrained", squeeze=False)[1]
    axes = np.asarray(ax, dtype=object).reshape(-1)
    if len(axes) != F * F:
        raise ValueError(
            f"ax holds {len(axes)} axes, expected {F} x {F}: use plt.subplots({F}, {F})"
        )
    return axes.reshape(F, F)


def _draw_panel(model, X, pair, masses, ax, kwargs):
    i, j = pair  # row and column: feature j runs to the right, feature i upwards
    if i == j:
        plot_density_1d(model, X, features=i, ax=ax)
    elif i > j:
        if X is not None:
            plot_responsibilities(model, X, features=(j, i), ax=ax, s=14)
        plot_ellipses(model, masses=masses, features=(j, i), ax=ax, **kwargs)
    else:
        plot_contours(model, X, features=(j, i), labels=False, filled=True, ax=ax)


def _tidy_panel(ax, row, column, F):
    if row < F - 1:
        ax.set_xlabel("")
        ax.tick_params(labelbottom=False)
    if column or (row == 0 and F > 1):
        ax.tick_params(labelleft=False)
        ax.set_ylabel("")
    if row == column:
        ax.set_yticks([])


def _align(axes):
    """The same limits along each column, and along each row off the diagonal."""
    for f, column in enumerate(axes.T):
        low, high = np.transpose([ax.get_xlim() for ax in column])
        for ax in column:
            ax.set_xlim(low.min(), high.max())
        for ax in np.delete(axes[f], f):
            ax.set_ylim(low.min(), high.max())


# --- how EM went ---------------------------------------------------------------------------------


def plot_log_likelihood(model, X=None, *, gap=False, ax=None, **kwargs):
    r"""The log-likelihood after every step: all restarts, and the kept one strong.

    Parameters
    ----------
    model : object
        With ``history_``, a list of log-likelihoods (sums, in nats) for each
        restart, and ``best_restart_``, the index of the one that was kept.
    X : ignored
        There so that all plots are called alike.
    gap : bool
        Whether to show, on a log scale, what is still missing to the best value.
        EM converges linearly: its gap ends as a straight line.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For the kept restart's line, see :meth:`matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If the model has no history.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> ax = plot_log_likelihood(SimpleNamespace(history_=[[-9.0, -5.0], [-8.0, -4.0, -3.0]]))
    >>> [len(line.get_xdata()) for line in ax.lines]
    [2, 3]
    >>> plt.close(ax.figure)
    """
    history, best = _history(model)
    ax = plt.subplots(layout="constrained")[1] if ax is None else ax
    if gap:
        history = _gaps(history)
    kept = {"color": COLOURS["blue"], "linewidth": 2.4, "zorder": 3, "label": "kept"} | kwargs
    other = {"color": FAINT, "linewidth": 1, "alpha": 0.8, "zorder": 1}
    for i in sorted(range(len(history)), key=lambda i: i == best):  # the kept one on top
        steps = np.arange(1, len(history[i]) + 1)
        ax.plot(steps, history[i], **kept if i == best else other)
    ax.set_yscale("log" if gap else "linear")
    ax.set_xlabel("EM step")
    ax.set_ylabel("gap to the best (nats)" if gap else r"log-likelihood $\log p(X \mid \theta)$")
    return ax


def _gaps(history):
    """What each run misses to the best value; nan where that is below rounding."""
    top = max(run.max() for run in history)
    return [np.where(top - run > 1e-12 * abs(top), top - run, np.nan) for run in history]


def _history(model):
    """The runs, as arrays without empty ones, and which of them was kept."""
    runs = getattr(model, "history_", None)
    runs = [] if runs is None else [np.asarray(run, dtype=np.float64).ravel() for run in runs]
    if not any(len(run) for run in runs):
        raise ValueError(
            f"model={model!r} has no history_: plot a fitted numpy_ml_gmm.GMM, or an object whose "
            f"history_ is a list with one array of log-likelihoods for each restart"
        )
    ends = [run[-1] if len(run) else -np.inf for run in runs]
    best = int(getattr(model, "best_restart_", np.argmax(ends)))
    kept = [i for i in range(len(runs)) if len(runs[i])]
    return [runs[i] for i in kept], kept.index(best) if best in kept else int(np.argmax(ends))


def half_steps(model, X, n_steps=5):
    r"""ELBO and log-likelihood after every half step of EM.

    An E step sets :math:`q_{nk} = r_{nk}` and closes the gap.  An M step moves
    :math:`\theta` and leaves q, so that a gap opens again:

    .. math::
        \log p(X \mid \theta) = \mathrm{ELBO}(q, \theta) +
            \mathrm{KL}\bigl(q \,\|\, p(Z \mid X, \theta)\bigr) .

    Parameters
    ----------
    model : GMM
        With ``iterate``, ``predict_proba``, ``elbo`` and ``log_likelihood``.  It is fitted.
    X : array (N, D)
        Points.
    n_steps : int
        Number of E steps to show.

    Returns
    -------
    ndarray (H, 2)
        ELBO and log-likelihood after E, M, E, ..., E.

    Raises
    ------
    ValueError
        If the model cannot iterate, or ``n_steps`` is below 1.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM, load_old_faithful
    >>> elbo, log_p = half_steps(GMM(2, random_state=0), load_old_faithful().X, n_steps=3).T
    >>> len(elbo), bool(np.allclose(elbo[::2], log_p[::2]))  # equal after each E step
    (5, True)
    """
    if not hasattr(model, "iterate") or n_steps < 1:
        raise ValueError(
            f"model={model!r}, n_steps={n_steps}: pass a GMM, which can iterate, and n_steps from 1"
        )
    trace, q = [], None
    for _ in islice(model.iterate(X), n_steps):
        log_p = model.log_likelihood(X)
        if q is not None:
            trace.append((model.elbo(X, q), log_p))  # after the M step
        q = model.predict_proba(X)
        trace.append((model.elbo(X, q), log_p))  # after the E step
    return np.array(trace)


def plot_elbo(model, X, *, n_steps=5, ax=None, **kwargs):
    r"""The staircase of EM: ELBO, KL and log-likelihood at half steps.

    .. math::
        \log p(X \mid \theta) = \mathrm{ELBO}(q, \theta) +
            \mathrm{KL}\bigl(q \,\|\, p(Z \mid X, \theta)\bigr)

    See :func:`half_steps`.

    Parameters
    ----------
    model : GMM
        It is fitted by this call.  A rough start makes high stairs.
    X : array (N, D)
        Points.
    n_steps : int
        Number of E steps.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For the line of the log-likelihood, see :meth:`matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib Axes
        With a legend.

    Raises
    ------
    ValueError
        If the model cannot iterate, or ``n_steps`` is below 1.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM, load_old_faithful
    >>> ax = plot_elbo(GMM(2, random_state=0), load_old_faithful().X, n_steps=3)
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['E', 'M', 'E', 'M', 'E']
    >>> plt.close(ax.figure)
    """
    elbo, log_p = half_steps(model, X, n_steps).T
    ax = plt.subplots(layout="constrained")[1] if ax is None else ax
    edges = np.arange(len(elbo) + 1)
    stairs = [np.append(values, values[-1]) for values in (elbo, log_p)]
    gap = {"color": COLOURS["gold"], "alpha": 0.45, "linewidth": 0, "label": "KL"}
    ax.fill_between(edges, *stairs, step="post", **gap)
    step = {"drawstyle": "steps-post", "linewidth": 2.4}
    ax.plot(edges, stairs[0], **step, color=COLOURS["blue"], label="ELBO")
    above = {"color": INK, "linestyle": LINES[1], "label": r"$\log p(X \mid \theta)$"}
    ax.plot(edges, stairs[1], **step | above | kwargs)
    ax.set_xticks(edges[:-1] + 0.5, ["EM"[h % 2] for h in range(len(elbo))])
    ax.set_xlabel("half step of EM")
    ax.set_ylabel("nats")
    ax.legend()
    return ax


CRITERIA = {
    "bic": "BIC (smaller is better)",
    "aic": "AIC (smaller is better)",
    "icl": "ICL (smaller is better)",
    "silhouette": "silhouette (larger is better)",
    "log_likelihood": "log-likelihood (rises with every parameter)",
}


def plot_selection(selection, X=None, *, criterion="bic", ax=None, **kwargs):
    """A criterion over the number of components, one line for each covariance model.

    Parameters
    ----------
    selection : object
        With ``rows``: each has ``n_components``, ``covariance_type``, the criteria
        by name, and ``error``, None if the fit went well.
    X : ignored
        There so that all plots are called alike.
    criterion : str
        ``"bic"``, ``"aic"``, ``"icl"``, ``"silhouette"`` or ``"log_likelihood"``.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For the lines, see :meth:`matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib Axes
        With a legend.  A ring marks the best.

    Raises
    ------
    ValueError
        If the criterion is unknown, or no row has a value of it.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> row = {"covariance_type": "full", "error": None}
    >>> rows = [SimpleNamespace(n_components=K, bic=b, **row) for K, b in [(1, 9.0), (2, 7.0)]]
    >>> ax = plot_selection(SimpleNamespace(rows=rows))
    >>> ax.texts[0].get_text()
    'full, K = 2'
    >>> plt.close(ax.figure)
    """
    table = _criterion_table(selection, criterion)
    ax = plt.subplots(layout="constrained")[1] if ax is None else ax
    for i, (name, colour) in enumerate(zip(table, palette(len(table)), strict=True)):
        style = {"color": colour, "marker": MARKERS[i % 8], "linestyle": LINES[i % 4]}
        ax.plot(*zip(*sorted(table[name].items()), strict=True), **style | {"label": name} | kwargs)
    ax.margins(0.1, 0.15)
    _mark_best(ax, table, larger=criterion in ("silhouette", "log_likelihood"))
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set_xlabel("number of components $K$")
    ax.set_ylabel(CRITERIA[criterion])
    ax.legend(ncols=-(-len(table) // 7), title="covariances")
    return ax


def _criterion_table(selection, criterion):
    """{covariance type: {K: value}}, with nan where a fit failed."""
    if criterion not in CRITERIA:
        raise ValueError(f"criterion={criterion!r} is not known: choose from {', '.join(CRITERIA)}")
    table = {}
    for row in getattr(selection, "rows", ()):
        value = None if row.error else getattr(row, criterion, None)
        column = table.setdefault(row.covariance_type, {})
        column[row.n_components] = np.nan if value is None else float(value)
    if not np.isfinite([v for column in table.values() for v in column.values()]).any():
        raise ValueError(f"selection={selection!r} has no row with a {criterion}: see its errors")
    return table


def _mark_best(ax, table, larger):
    entries = [(v, K, name) for name, column in table.items() for K, v in column.items()]
    entries = [entry for entry in entries if np.isfinite(entry[0])]
    value, K, name = (max if larger else min)(entries, key=lambda entry: entry[0])
    ring = {"marker": "o", "markersize": 16, "fillstyle": "none", "markeredgewidth": 1.8}
    ax.plot([K], [value], color=INK, linestyle="none", **ring)
    ends = min(entry[1] for entry in entries), max(entry[1] for entry in entries)
    side = (
        "center"
        if ends[0] < K < ends[1] or ends[0] == ends[1]
        else "left"
        if K == ends[0]
        else "right"
    )
    offset = {"xytext": (0, 20 if larger else -20), "textcoords": "offset points", "ha": side}
    ax.annotate(f"{name}, K = {K}", (K, value), va="center", fontweight="bold", **offset)


class EMAnimation(FuncAnimation):
    """A matplotlib animation that a notebook shows, as a GIF within the page.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM, load_old_faithful
    >>> X = load_old_faithful().X
    >>> animation = animate_em(GMM(2, random_state=0).iterate(X), X, n_steps=2)
    >>> animation._repr_html_()[:31]
    '<img alt="EM, step by step" src'
    >>> plt.close()
    """

    def to_gif(self, path, fps=4):
        """Write a GIF file.

        Examples
        --------
        >>> from numpy_ml_gmm import GMM, load_old_faithful
        >>> X = load_old_faithful().X
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "em.gif")
        ...     animate_em(GMM(2, random_state=0).iterate(X), X, n_steps=2).to_gif(path)
        ...     path.read_bytes()[:3]
        b'GIF'
        >>> plt.close()
        """
        self.save(path, writer=PillowWriter(fps=fps))

    def _repr_html_(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "em.gif")
            self.to_gif(path)
            code = base64.b64encode(path.read_bytes()).decode()
        return f'<img alt="EM, step by step" src="data:image/gif;base64,{code}">'


def animate_em(steps, X, *, n_steps=50, masses=(0.5, 0.9), features=None, ax=None, **kwargs):
    """An animation of real EM steps: responsibilities and ellipses after each.

    Parameters
    ----------
    steps : iterable of models
        Such as ``GMM(3).iterate(X)``.  Their parameters are copied.
    X : array (N, D)
        Points.
    n_steps : int
        At most so many steps.
    masses : float or sequence of float
        Masses of a component inside its ellipses.
    features : pair of int, optional
        Which features to show; needed if the models have more than two.
    ax : matplotlib Axes, optional
        Where to draw; each frame clears it.
    **kwargs
        For :class:`matplotlib.animation.FuncAnimation`, such as ``interval``.

    Returns
    -------
    EMAnimation
        A notebook shows it.  ``animation.to_gif("em.gif")`` writes a GIF,
        ``animation.save("em.mp4")`` a film if ffmpeg is installed.

    Raises
    ------
    ValueError
        If there are no steps, or X, a mass or a feature does not fit.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM, load_old_faithful
    >>> X = load_old_faithful().X
    >>> animation = animate_em(GMM(2, random_state=0).iterate(X), X, n_steps=3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     animation.to_gif(Path(folder, "em.gif"))
    ...     Path(folder, "em.gif").exists()
    True
    >>> plt.close()
    """
    frames = [_snapshot(model) for model in islice(steps, n_steps)]
    if not frames:
        raise ValueError("steps is empty: pass a fresh model.iterate(X), not one already used up")
    view = _view(frames[0], _needs_data(X), features, ax)
    limits = _limits(frames, view, features)
    values = [Mixture.of(frame).log_density(view.X).sum() for frame in frames]

    def draw(t):
        view.ax.clear()
        plot_responsibilities(frames[t], X, features=features, ax=view.ax)
        plot_ellipses(frames[t], masses=masses, features=features, ax=view.ax)
        view.ax.set(title=f"step {t + 1}: log-likelihood {values[t]:.2f}", **limits)

    draw(0)
    options = {"frames": len(frames), "interval": 250, "init_func": lambda: None} | kwargs
    return EMAnimation(view.ax.figure, draw, **options)


def _snapshot(model):
    """A copy of a model's parameters."""
    names = "weights_", "means_", "covariances_"
    copies = {name: np.array(getattr(model, name)) for name in names if hasattr(model, name)}
    copies["covariance_type"] = getattr(model, "covariance_type", "full")
    if hasattr(model, "feature_names_in_"):
        copies["feature_names_in_"] = model.feature_names_in_
    return SimpleNamespace(**copies)


def _limits(frames, view, features):
    """The limits that hold the points and every frame's means."""
    chosen = _check_features(features, view.X.shape[1], 2)
    points = np.concatenate([view.x, *(frame.means_[:, chosen] for frame in frames)])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.08 * np.where(high > low, high - low, 1)
    ends = np.transpose([low - margin, high + margin])
    return dict(zip(("xlim", "ylim"), map(tuple, ends), strict=True))


# --- the model as a graph ------------------------------------------------------------------------

NODES = {  # where, and what it is
    r"$\pi$": (0, 0, "weights"),
    r"$z_n$": (1.9, 0, "component"),
    r"$x_n$": (3.7, 0, "point"),
    r"$\mu_k$": (5.9, 0.72, "means"),
    r"$\Sigma_k$": (5.9, -0.72, "covariances"),
}
EDGES = (
    (r"$\pi$", r"$z_n$"),
    (r"$z_n$", r"$x_n$"),
    (r"$\mu_k$", r"$x_n$"),
    (r"$\Sigma_k$", r"$x_n$"),
)
PLATES = (1.2, -1.1, 3.2, 1.75, "$N$"), (5.1, -1.8, 1.6, 3.17, "$K$")


def plot_graphical_model(model=None, X=None, *, equations=True, ax=None, **kwargs):
    r"""The mixture as a graph with plates: what is drawn from what, and how often.

    .. math::
        z_n \mid \pi \sim \mathrm{Categorical}(\pi), \qquad
        x_n \mid z_n = k \sim \mathcal{N}(\mu_k, \Sigma_k) .

    The shaded node is observed.  A plate repeats what it holds.

    Parameters
    ----------
    model : object, optional
        If it is fitted, the plate of components shows its number of them.
    X : array (N, D), optional
        If given, the plate of points shows their number.
    equations : bool
        Whether to write the two lines above under the graph.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For the circles, see :class:`matplotlib.patches.Circle`.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If ``model`` is given and is not fitted.

    Examples
    --------
    >>> ax = plot_graphical_model()
    >>> [text.get_text() for text in ax.texts][:4]
    ['$\\pi$', 'weights', '$z_n$', 'component']
    >>> plt.close(ax.figure)
    """
    ax = plt.subplots(figsize=(7, 3.4), layout="constrained")[1] if ax is None else ax
    _draw_nodes(ax, kwargs)
    _draw_plates(ax, model, X)
    if equations:
        _write_equations(ax)
    ax.set_aspect("equal")
    ax.set(xlim=(-0.55, 6.8), ylim=(-2.7 if equations else -1.9, 1.5))
    ax.axis("off")
    return ax


def _draw_nodes(ax, kwargs):
    style = {"radius": 0.44, "edgecolor": INK, "linewidth": 1.6, "zorder": 3} | kwargs
    circles = {}
    for name, (x, y, caption) in NODES.items():
        shade = {"facecolor": "#c8d6e5" if name == "$x_n$" else "white"}
        circles[name] = ax.add_patch(Circle((x, y), **shade | style))
        ax.text(x, y, name, ha="center", va="center", fontsize=19, color=INK, zorder=4)
        ax.text(x, y - 0.52, caption, ha="center", va="top", fontsize=9, color="#52606d")
    for start, end in EDGES:
        ends = {"patchA": circles[start], "patchB": circles[end], "shrinkA": 0, "shrinkB": 0}
        arrow = {"arrowstyle": "-|>,head_width=0.3,head_length=0.6", "color": INK, "linewidth": 1.4}
        ax.annotate("", NODES[end][:2], NODES[start][:2], arrowprops=arrow | ends, zorder=2)


def _draw_plates(ax, model, X):
    counts = [None if X is None else len(X), None if model is None else len(Mixture.of(model).pi)]
    for (x, y, width, height, name), count in zip(PLATES, counts, strict=True):
        style = {
            "boxstyle": "round,pad=0,rounding_size=0.15",
            "facecolor": "none",
            "edgecolor": INK,
        }
        ax.add_patch(FancyBboxPatch((x, y), width, height, linewidth=1.2, zorder=1, **style))
        label = name if count is None else f"{name} = {count}"
        ax.text(x + width - 0.1, y + 0.08, label, ha="right", va="bottom", fontsize=13, color=INK)


def _write_equations(ax):
    lines = (
        r"$z_n \mid \pi \;\sim\; \mathrm{Categorical}(\pi)$",
        r"$x_n \mid z_n = k \;\sim\; \mathcal{N}(\mu_k, \Sigma_k)$",
    )
    for x, line in zip((1.35, 4.9), lines, strict=True):
        ax.text(x, -2.35, line, ha="center", va="center", fontsize=14, color=INK)
