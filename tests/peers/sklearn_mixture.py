"""scikit-learn's own tests of its mixtures, run on ours.

    python tests/peers/sklearn_mixture.py

The tests are those of the installed wheel, sklearn/mixture/tests; nothing is downloaded.  In them
``GaussianMixture`` and ``BayesianGaussianMixture`` are the classes below: ours, under the names of
scikit-learn's arguments and attributes.  Of errors and warnings the kind is compared, and not the
words.  A test that fails must be among the ``DIFFERENCES``, with the reason, and one that is among
them must fail: else the program ends with 1.
"""

import sys
import warnings

import numpy as np
import pytest
import sklearn
import sklearn.mixture

from numpy_ml_gmm import GMM, BayesianGMM
from numpy_ml_gmm.exchange import counterpart, precisions

LAST_DIGIT = "a step may lose the last digit of a bound that is compared exactly"
COLLAPSE = "a component without points, or without a volume, is an error and not a result"
DIFFERENCES = {
    "test_compare_covar_type": "sets a model up by private methods",
    "test_gaussian_mixture_precisions_init": "sets a model up by private methods",
    "test_gaussian_mixture_all_init_does_not_estimate_gaussian_parameters": "counts calls of a "
    "private function",
    "test_gaussian_mixture_precisions_init_diag": "k-means runs on standardised features, so it is "
    "not the k-means of which the test takes the covariances",
    "test_monotonic_likelihood": "the stopping rule looks at two gains, and a fit of one step "
    "(max_iter=1, warm_start=True) has only one; " + LAST_DIGIT,
    "test_init": LAST_DIGIT,
    "test_max_iter_zero": "means_init alone gives each point to the nearest mean; " + COLLAPSE,
    "test_regularisation": COLLAPSE,
    "test_gaussian_mixture_setting_best_params": COLLAPSE,
}


class Theirs:
    """Names and defaults of scikit-learn for a mixture of ours."""

    def take(self, given):
        """The constructor's arguments as attributes."""
        for name in self._parameter_names():
            setattr(self, name, given[name])

    n_jobs, conjugate_prior, fixed, noise = None, None, (), False
    weights_init = means_init = precisions_init = None

    @property
    def var_smoothing(self):
        return self.reg_covar

    @property
    def covariances_init(self):
        """The inverses of the precisions to start from."""
        if self.precisions_init is None:
            return None
        given = np.asarray(self.precisions_init)
        return np.linalg.inv(given) if self.covariance_type in ("full", "tied") else 1 / given

    @property
    def random_state(self):
        return self._seed

    @random_state.setter
    def random_state(self, value):
        legacy = isinstance(value, np.random.RandomState)
        self._seed = int(value.randint(2**31)) if legacy else value

    @property
    def precisions_cholesky_(self):
        return precisions(self.covariances_, counterpart(self.covariance_model))[0]

    @property
    def precisions_(self):
        return precisions(self.covariances_, counterpart(self.covariance_model))[1]

    def _n_parameters(self):
        return self.n_parameters()

    def fit(self, X, y=None, **known):
        super().fit(X, **known)
        if not isinstance(self, BayesianGMM):
            self.lower_bound_ = self.score(X)
            self.lower_bounds_ = [value / len(X) for value in self.history_[self.best_restart_]]
        return self


class GaussianMixture(Theirs, GMM):
    def __init__(
        self,
        n_components=1,
        *,
        covariance_type="full",
        tol=1e-3,
        reg_covar=1e-6,
        max_iter=100,
        n_init=1,
        init_params="kmeans",
        weights_init=None,
        means_init=None,
        precisions_init=None,
        random_state=None,
        warm_start=False,
        verbose=0,
        verbose_interval=10,
    ):
        self.take(locals())


class BayesianGaussianMixture(Theirs, BayesianGMM):
    def __init__(
        self,
        *,
        n_components=1,
        covariance_type="full",
        tol=1e-3,
        reg_covar=1e-6,
        max_iter=100,
        n_init=1,
        init_params="kmeans",
        weight_concentration_prior_type="dirichlet_process",
        weight_concentration_prior=None,
        mean_precision_prior=None,
        mean_prior=None,
        degrees_of_freedom_prior=None,
        covariance_prior=None,
        random_state=None,
        warm_start=False,
        verbose=0,
        verbose_interval=10,
    ):
        self.take(locals())


class Outcomes:
    """A plugin of pytest: the tests that passed and those that failed, without their parameters."""

    def __init__(self):
        self.passed, self.failed = set(), set()

    def pytest_runtest_logreport(self, report):
        name = report.nodeid.rpartition("::")[2].partition("[")[0]
        if report.failed:
            self.failed.add(name)
        elif report.when == "call" and report.passed:
            self.passed.add(name)


def without_words(expected):
    """``pytest.raises`` or ``pytest.warns`` by the kind alone."""
    return lambda *kinds, match=None, **kwargs: expected(*kinds, **kwargs)


def main():
    sklearn.mixture.GaussianMixture = GaussianMixture
    sklearn.mixture.BayesianGaussianMixture = BayesianGaussianMixture
    for name in ("raises", "warns"):  # our messages have words of their own
        setattr(pytest, name, without_words(getattr(pytest, name)))
    outcomes = Outcomes()
    options = ["-q", "--no-header", "--tb=short", "-p", "no:cacheprovider", "-c", "/dev/null"]
    pytest.main([*options, "--pyargs", "sklearn.mixture.tests"], plugins=[outcomes])
    as_told = sorted(outcomes.failed & DIFFERENCES.keys())
    news = [f"fails, without a reason: {name}" for name in outcomes.failed - DIFFERENCES.keys()]
    news += [f"passes, with a reason: {name}" for name in DIFFERENCES.keys() - outcomes.failed]
    print(
        f"\nscikit-learn {sklearn.__version__}: {len(outcomes.passed - outcomes.failed)} tests pass"
    )
    print(f"{len(as_told)} differ on purpose:")
    print(*(f"  {name}: {DIFFERENCES[name]}" for name in as_told), *sorted(news), sep="\n")
    return int(bool(news) or not outcomes.passed)


if __name__ == "__main__":
    with warnings.catch_warnings():
        sys.exit(main())
