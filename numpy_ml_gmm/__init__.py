"""Gaussian mixtures to read, to teach and to use."""

from .bayes import BayesianGMM
from .bootstrap import bootstrap_parameters, likelihood_ratio_test
from .classify import GMMClassifier, brier_score
from .combining import combine
from .compare import js_divergence, reduce_mixture
from .datasets import load_iris, load_old_faithful
from .gmm import GMM
from .priors import NormalInverseWishart
from .projecting import separating_directions
from .regression import GMMRegressor
from .selection import select
from .validation import CollapseWarning, ConvergenceWarning, DataWarning, NotFittedError

__version__ = "0.1.0"
__all__ = [
    "GMM",
    "BayesianGMM",
    "CollapseWarning",
    "ConvergenceWarning",
    "DataWarning",
    "GMMClassifier",
    "GMMRegressor",
    "NormalInverseWishart",
    "NotFittedError",
    "bootstrap_parameters",
    "brier_score",
    "combine",
    "js_divergence",
    "likelihood_ratio_test",
    "load_iris",
    "load_old_faithful",
    "reduce_mixture",
    "select",
    "separating_directions",
]
