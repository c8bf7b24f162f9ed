"""The components feature by feature: means with bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from ..frames import mixture_moments
from ..hints import Columns, Given
from .colours import FAINT, LINES, MARKERS, inks_of, palette
from .labels import add_legend, component_names
from .view import check_features, feature_names, parameters


def plot_profiles(
    model: Any,
    X: Given = None,
    *,
    standardise: bool = True,
    features: Columns | None = None,
    names: Sequence[str] | None = None,
    ax: Any = None,
    **kwargs: Any,
) -> Axes:
    r"""The mean of each component in each feature, with bars of one standard deviation.

    .. math::
        \frac{\mu_{kd} - \mu_d}{\sigma_d} \pm \frac{\sqrt{\Sigma_{kdd}}}{\sigma_d}

    :math:`\mu_d` and :math:`\sigma_d` are those of the mixture as a whole, so features of any
    unit share one scale: a component at 0 is as the average, and bars that do not overlap tell
    components apart.

    Parameters
    ----------
    model : object
        With ``weights_``, ``means_`` and ``covariances_``.
    X : array or data frame (N, D), optional
        Only the names of its columns are looked at.
    standardise : bool
        Whether to divide by the spread of the whole; without it features are in their own units.
    features : sequence of int or str, optional
        Which features, in this order; all of them by default.
    names : sequence of str, optional
        Names of the components, for the legend.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For :meth:`matplotlib.axes.Axes.errorbar`.

    Returns
    -------
    matplotlib Axes
        With a legend.

    Raises
    ------
    ValueError
        If the model is not fitted, or a feature or the names do not fit.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM, load_iris
    >>> iris = load_iris()
    >>> model = GMM(3, random_state=0).fit(iris.X)
    >>> ax = plot_profiles(model, names=iris.target_names)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['setosa', 'versicolor', 'virginica']
    >>> plt.close(ax.figure)
    """
    theta = parameters(model)
    K, D = theta.means.shape
    columns = feature_names(model, X, D)
    shown = check_features(range(D) if features is None else features, D, D, columns)
    components = component_names(names, K)
    width = max(6.4, 0.45 * len(shown))
    ax = plt.subplots(layout="constrained", figsize=(width, 4.8))[1] if ax is None else ax
    mean, covariance = mixture_moments(*theta)
    centre, unit = (mean, np.sqrt(covariance.diagonal())) if standardise else (0.0, np.ones(D))
    heights = (theta.means - centre) / unit  # (K, D)
    bars = np.sqrt(np.einsum("kdd->kd", theta.covariances)) / unit
    aside = 0.5 * (np.arange(K) - (K - 1) / 2) / max(K, 4)
    if standardise:
        ax.axhline(0, color=FAINT, linewidth=1, zorder=0)
    for k, colour in enumerate(palette(K, inks_of(ax).dark)):
        style = {"color": colour, "marker": MARKERS[k % 8], "linestyle": LINES[k % 4]}
        style |= {"capsize": 2.5, "linewidth": 1.2, "label": components[k]} | kwargs
        x = np.arange(len(shown)) + aside[k]
        ax.errorbar(x, heights[k, shown], yerr=bars[k, shown], **style)
    long = sum(len(columns[d]) + 2 for d in shown) > 10 * ax.get_figure().get_size_inches()[0]
    turned = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if long else {}
    ax.set_xticks(range(len(shown)), [columns[d] for d in shown], **turned)
    scale = "standard deviations from the mean of all" if standardise else r"$\mu_k \pm \sigma_k$"
    ax.set_ylabel(ax.get_ylabel() or scale)
    add_legend(ax)
    return ax
