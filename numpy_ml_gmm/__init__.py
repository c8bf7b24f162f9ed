"""Gaussian mixtures to read, to teach and to use."""

from .datasets import load_iris, load_old_faithful
from .gmm import GMM
from .validation import ConvergenceWarning, NotFittedError

__version__ = "0.1.0"
__all__ = ["GMM", "ConvergenceWarning", "NotFittedError", "load_iris", "load_old_faithful"]
