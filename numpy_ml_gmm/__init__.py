"""Gaussian mixtures to read, to teach and to use.

A name is loaded when it is first asked for, so that ``--help`` need not wait for all of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    "brier_score",
    "cluster_anndata",
    "combine",
    "js_divergence",
    "likelihood_ratio_test",
    "load_iris",
    "load_old_faithful",
    "reduce_mixture",
    "select",
    "separating_directions",
]
HOMES = {
    "bayes": ("BayesianGMM",),
    "bootstrap": ("bootstrap_parameters", "likelihood_ratio_test"),
    "classify": ("GMMClassifier", "brier_score"),
    "combining": ("combine",),
    "compare": ("js_divergence", "reduce_mixture"),
    "datasets": ("load_iris", "load_old_faithful"),
    "gmm": ("GMM",),
    "priors": ("NormalInverseWishart",),
    "projecting": ("separating_directions",),
    "regression": ("GMMRegressor",),
    "selection": ("select",),
    "single_cell": ("cluster_anndata",),
    "validation": ("CollapseWarning", "ConvergenceWarning", "DataWarning", "NotFittedError"),
}


def __getattr__(name: str) -> Any:
    """A public name, or a module of the package."""
    for module, names in HOMES.items():
        if name in names:
            globals()[name] = getattr(import_module(f"{__name__}.{module}"), name)
            return globals()[name]
    if not name.startswith("_"):
        try:
            return import_module(f"{__name__}.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{name}":
                raise
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return sorted({*globals(), *__all__, *HOMES})
