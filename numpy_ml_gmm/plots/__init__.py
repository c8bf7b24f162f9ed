r"""Pictures of a mixture: its density, its components, what it says of each point.

Every function takes a model, draws on an axes, and gives the axes back.  The
model is anything with ``weights_``, ``means_`` and ``covariances_``: a
:class:`~numpy_ml_gmm.GMM`, fitted or built from parameters, or scikit-learn's.
Or it is theta itself, a :class:`~numpy_ml_gmm.parameters.Parameters`.  Most plots
show three things,

.. math::
    p(x) = \sum_k \pi_k \, \mathcal{N}(x \mid \mu_k, \Sigma_k), \qquad
    r_{nk} = \frac{\pi_k \, \mathcal{N}(x_n \mid \mu_k, \Sigma_k)}{p(x_n)}, \qquad
    \{x : (x - \mu_k)^\top \Sigma_k^{-1} (x - \mu_k) = \chi^2_{D, m}\} :

the density, the responsibilities, and the ellipse that holds the mass m of a
component.  A plane shows two features.  With more, ``features=(i, j)`` shows
the *marginal* of two, which for a Gaussian mixture is exact: those rows of
:math:`\mu_k`, those rows and columns of :math:`\Sigma_k`.

===================== ============= ====================================================
symbol                shape         meaning
===================== ============= ====================================================
``theta.weights``     (K,)          mixing weights
``theta.means``       (K, D)        means
``theta.covariances`` (K, D, D)     covariances, whatever the covariance model
``r``                 (N, K)        responsibilities, of all D features
``x``                 (N, d)        the features shown, d = 1 or 2
``m``                 (M,)          masses, such as 0.5, 0.9, 0.99
===================== ============= ====================================================

Nothing here changes a global style or opens a window.  Give ``ax`` to draw
on your own axes; without it a new figure is made.  Text and lines have the colours of the style
that is in use, also a dark one.  Features have the names of a data frame's columns, if the model
was fitted to one or X is one, and can be chosen by them.

The files in the order of reading: ``view`` takes in what the caller gave, ``colours``
colours it, ``labels`` writes on it, ``grid`` chooses where to evaluate a density; ``ellipses``,
``densities``, ``points``, ``outlying``, ``matrix``, ``conditional`` and ``profiles`` draw a
mixture; ``climb``, ``selection`` and ``animation`` draw how EM went, ``combining`` and
``dendrogram`` how components merge, ``projecting`` what separates them, ``graph`` the model itself.
"""

from .animation import EMAnimation, animate_em
from .climb import half_steps, plot_elbo, plot_log_likelihood
from .colours import CHOICES, COLOURS, FAINT, INK, LINES, MARKERS, mix_colours, palette
from .combining import plot_combination
from .conditional import plot_conditional
from .dendrogram import plot_dendrogram
from .densities import density_levels, plot_contours, plot_density_1d
from .ellipses import plot_ellipses
from .graph import EDGES, NODES, PLATES, plot_graphical_model
from .matrix import plot_scatter_matrix
from .outlying import plot_outliers
from .points import (
    plot_classification,
    plot_responsibilities,
    plot_uncertainty,
    plot_uncertainty_surface,
)
from .profiles import plot_profiles
from .projecting import plot_projection
from .selection import CRITERIA, plot_selection
from .view import MASSES

__all__ = [
    "CHOICES", "COLOURS", "CRITERIA", "EDGES", "FAINT", "INK", "LINES", "MARKERS", "MASSES",
    "NODES", "PLATES", "EMAnimation", "animate_em", "density_levels", "half_steps", "mix_colours",
    "palette", "plot_classification", "plot_combination", "plot_conditional", "plot_contours",
    "plot_dendrogram", "plot_density_1d", "plot_elbo", "plot_ellipses", "plot_graphical_model",
    "plot_log_likelihood", "plot_outliers", "plot_profiles", "plot_projection",
    "plot_responsibilities", "plot_scatter_matrix", "plot_selection", "plot_uncertainty",
    "plot_uncertainty_surface",
]  # fmt: skip
