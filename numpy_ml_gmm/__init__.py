"""Gaussian mixtures to read, to teach and to use."""

from .bayes import BayesianGMM
from .bootstrap import bootstrap_parameters, likelihood_ratio_test
from .classify import GMMClassifier
from .combining import combine
from .datasets import load_iris, load_old_faithful
from .gmm import GMM
from .priors import NormalInverseWishart
from .regression import GMMRegressor
from .selection import select
from .single_cell import cluster_anndata
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
    "cluster_anndata",
    "combine",
    "likelihood_ratio_test",
    "load_iris",
    "load_old_faithful",
    "select",
]
