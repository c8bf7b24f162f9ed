r"""The variational mixture: EM that finds distributions of the parameters, not values.

The parameters have a prior, and with it the model of everything is (:eq:`bayesian-model`)

.. math::

    p(X, Z, \pi, \mu, \Lambda) = p(\pi) \prod_k
        \mathcal{N}\bigl(\mu_k \mid \mu_0, (\beta_0 \Lambda_k)^{-1}\bigr)
        \mathcal{W}(\Lambda_k \mid \Psi_0^{-1}, \nu_0)
        \prod_n \pi_{z_n} \mathcal{N}(x_n \mid \mu_{z_n}, \Lambda_{z_n}^{-1}) .

Its posterior is approximated by the best :math:`q(Z)\, q(\pi, \mu, \Lambda)`.  That q(theta) is of
the same form as the prior, with numbers that depend on the data through counts, means and scatters
alone.  So a step is one of EM: the same E step, with expected natural parameters, and an M step in
which the prior counts as data.

==================== ============================= =============================================
symbol               attribute                     meaning
==================== ============================= =============================================
``alpha`` (K,)       ``weight_concentration_``     of the Dirichlet distribution of the weights
``beta`` (K,)        ``mean_precision_``           how many points each mean rests on
``m`` (K, D)         ``means_``                    expected means
``nu`` (K,)          ``degrees_of_freedom_``       how many points each covariance rests on
``Sigma`` (K, D, D)  ``covariances_``              :math:`\Psi_k / \nu_k`: inverse of the
                                                   expected precision of the component
``scatter`` (D, D)   ``covariance_prior_``         :math:`\Psi_0`: how the prior's points scatter
``N`` (K,)                                         counts :math:`N_k = \sum_n r_{nk}`
==================== ============================= =============================================

In the climb the ``weights`` of a :class:`~numpy_ml_gmm.parameters.Parameters` are these counts:
alpha, beta and nu are the prior's plus N.

Sources: Attias (2000), *A variational Bayesian framework for graphical models*, NIPS 12; Bishop
(2006), *Pattern Recognition and Machine Learning*, section 10.2; for the Dirichlet process, Blei &
Jordan (2006), *Variational inference for Dirichlet process mixtures*, Bayesian Analysis 1(1), and
Kurihara, Welling & Vlassis (2007), *Accelerated variational Dirichlet process mixtures*, NIPS 19,
whose sticks beyond K keep their prior.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular
from scipy.special import digamma, gammaln, logsumexp

from . import online
from .archive import check_shape, is_number
from .blocks import Patterns, Rows
from .chunks import additive, row_by_row
from .covariances import covariance_model
from .covariances.rules import each
from .frames import EPS, Frame, SingularCovariance, cholesky, inverse_triangles
from .gmm import FITTED, GMM
from .hints import Array, Checkpoint, Given, Init, Seed
from .log import tell_step
from .missing import natural_of
from .parameters import Parameters, diagonals
from .priors import Known
from .restarts import Attempt, Start, first_statistics, start_from
from .starts import counts_of, first_guesses, is_random, some_rows
from .statistics import Statistics, add_up, map_log_joint
from .training import completed_rows
from .validation import (
    as_floats,
    check_covariances,
    check_means,
    check_not_negative,
    not_fitted_error,
)

if TYPE_CHECKING:
    from typing import Self

NOTHING = 10 * EPS  # points that every component holds, so that none is divided by 0
PRIORS = "dirichlet_process", "dirichlet_distribution"
CONJUGATE = {  # a Wishart distribution, or gammas
    covariance_model(name).letters: name
    for name in ("full", "tied", "diag", "spherical", "tied_diag", "tied_spherical")
}
# What a prior may be.  Of more points, the bound would show the rounding of their number; of fewer,
# what every component holds.
REACH = 1e-10, 1e8


# ---- Expectations and divergences -------------------------------------------------------------


def expected_log(alpha):
    r"""Expected logs under a Dirichlet distribution, alpha (..., K) (:eq:`expected-log-weight`).

    .. math::

        \mathbb{E}[\log \pi_k] = \psi(\alpha_k) - \psi\Bigl(\sum_j \alpha_j\Bigr)
    """
    return digamma(alpha) - digamma(alpha.sum(axis=-1, keepdims=True))


def kl_dirichlet(alpha, prior, logs):
    r"""Divergence of one Dirichlet distribution from another (:eq:`kl-dirichlet`).

    ``logs`` are the :func:`expected_log` of alpha; the prior may have one number for all.
    """
    prior = np.broadcast_to(prior, alpha.shape)
    constants = gammaln(alpha.sum(axis=-1)) - gammaln(prior.sum(axis=-1))
    each = gammaln(prior) - gammaln(alpha) + (alpha - prior) * logs
    return constants + each.sum(axis=-1)


def log_det_gap(nu, p):
    r"""The mean log determinant, less the log of the determinant of the mean: below 0.

    (:eq:`expected-log-det`)

    .. math::

        \mathbb{E} \log |\Lambda| - \log |\mathbb{E} \Lambda| =
            \sum_{i=1}^{p} \psi\Bigl(\frac{\nu + 1 - i}{2}\Bigr) - p \log \frac{\nu}{2}
    """
    return digamma((nu[..., None] - np.arange(p)) / 2).sum(axis=-1) - p * np.log(nu / 2)


def kl_wishart(nu, prior, p, trace, log_det, gap):
    r"""Divergence of one Wishart distribution from another (:eq:`kl-wishart`).

    Parameters
    ----------
    nu, prior : array
        Degrees of freedom, of matrices (p, p).
    trace, log_det : array
        Of :math:`\Psi_0 \mathbb{E}[\Lambda]`: how large the expected precision is in units of the
        prior.
    gap : array
        :func:`log_det_gap` of nu.
    """
    more = nu - prior
    half = trace - prior * log_det + p * (nu * np.log(nu) - more * np.log(2) - nu) + more * gap
    i = np.arange(p) / 2
    constants = gammaln(prior[..., None] / 2 - i) - gammaln(nu[..., None] / 2 - i)
    return half / 2 + constants.sum(axis=-1)


def of_those_before(accumulate, a):
    """A cumulative sum or product without the entry itself, along the last axis."""
    found = np.empty_like(a)
    found[..., 0] = accumulate.identity
    accumulate.accumulate(a[..., :-1], axis=-1, out=found[..., 1:])
    return found


# ---- The prior ---------------------------------------------------------------------------------


class Posterior(NamedTuple):
    """What q(theta) knows, and two expectations; means and covariances are apart."""

    alpha: np.ndarray  # (..., K), or (..., K, 2) for sticks
    beta: np.ndarray  # (..., K)
    nu: np.ndarray  # (..., K), or (..., 1) if all share a precision
    logs: np.ndarray  # expected logs, in the shape of alpha
    gap: np.ndarray  # of log determinants, :func:`log_det_gap`, in the shape of nu


class Prior:
    """What is assumed of the parameters, and how it turns counts into distributions.

    A precision may be a matrix of each component, one that all share (:eq:`shared-precision`), a
    number for each feature (:eq:`feature-precisions`), or one number (:eq:`sphere-precision`).
    Axes before K number mixtures side by side.

    Parameters
    ----------
    model : CovarianceModel
    process : bool
        Whether weights are sticks of a Dirichlet process, or one Dirichlet distribution.
    concentration, precision, freedom : float
        alpha_0, beta_0 and nu_0.
    mean : array (D,)
    scatter : array (D, D), or (D,) if covariances are diagonal
        Psi_0.
    """

    def __init__(self, model, process, concentration, precision, mean, freedom, scatter):
        self.process, self.concentration = process, concentration
        self.precision, self.mean = precision, mean
        self.freedom, self.scatter = freedom, scatter
        self.varies = "V" in model.letters  # else all components share a precision
        D, spherical = len(mean), model.letters[1] == "I"
        # The size of each Wishart distribution, and its degrees of freedom for each point.
        self.size, self.each = (1, D if spherical else 1) if model.diagonal else (D, 1)
        self.root = None if model.diagonal else np.linalg.cholesky(scatter)

    def numbers(self, N):
        r"""alpha, beta and nu after counts N (..., K) (:eq:`posterior-counts`).

        Sticks have both numbers of a Beta distribution, (..., K, 2) (:eq:`posterior-sticks`).
        """
        if self.process:
            alpha = np.full((*N.shape, 2), self.concentration)
            alpha[..., 0] = 1 + N
            alpha[..., 1] += of_those_before(np.add, N[..., ::-1])[..., ::-1]  # N of later sticks
        else:
            alpha = self.concentration + N
        known = N if self.varies else N.sum(axis=-1, keepdims=True)
        return alpha, self.precision + N, self.freedom + known

    def posterior(self, alpha, beta, nu):
        """q(theta) with these numbers, and their expectations."""
        gap = log_det_gap(self.each * nu, self.size)
        return Posterior(alpha, beta, nu, expected_log(alpha), gap)

    def maximise(self, statistics, rule, last=None):
        r"""The M step: q(theta), where the prior counts as data (:eq:`posterior-means`).

        .. math::

            \hat\mu_k = \mu_0 + \frac{N_k (\bar x_k - \mu_0)}{\beta_0 + N_k}, \qquad
            \Psi_k = \Psi_0 + W_k +
                \frac{\beta_0 N_k}{\beta_0 + N_k} (\bar x_k - \mu_0) (\bar x_k - \mu_0)^\top

        and :math:`\Sigma_k = \Psi_k / (\nu_0 + N_k)` is what the covariance model's rule makes of
        these scatters and counts.

        Returns
        -------
        Parameters
            With counts as weights.
        """
        N = statistics.counts + NOTHING
        shift = (statistics.origin - self.mean) + statistics.firsts / N[..., None]  # (K, D)
        beta = self.precision + N
        share = 1 if self.varies else 1 / N.shape[-1]  # of the prior, if all share a precision
        d = np.sqrt(self.precision * N / beta)[..., None] * shift
        square = d * d if statistics.diagonal else d[..., :, None] * d[..., None, :]
        W = statistics.scatters + square + share * self.scatter
        Sigma = rule(W, N + share * self.freedom, last)
        return Parameters(N, self.mean + (N / beta)[..., None] * shift, Sigma)

    def sums(self, beta: np.ndarray, m: np.ndarray, Sigma: np.ndarray) -> tuple[np.ndarray, ...]:
        """Counts, means less the prior's, and scatters of which :meth:`maximise` makes these."""
        N = np.maximum(beta - self.precision, NOTHING)
        shift = (m - self.mean) * (beta / N)[:, None]
        share = 1 if self.varies else 1 / len(N)
        d = np.sqrt(self.precision * N / beta)[:, None] * shift
        square = d * d if self.root is None else d[:, :, None] * d[:, None, :]
        W = each(N + share * self.freedom, Sigma) * Sigma - square - share * self.scatter
        variances = W if self.root is None else np.einsum("kdd->kd", W)
        np.maximum(variances, 0, out=variances)  # where there are no points, that is rounding
        return N, shift, W

    def weights(self, alpha):
        """Expected weights (..., K); those of sticks are divided by their sum, as sticks go on."""
        if self.process:
            a, b = alpha[..., 0], alpha[..., 1]
            alpha = a / (a + b) * of_those_before(np.multiply, b / (a + b))
        return alpha / alpha.sum(axis=-1, keepdims=True)

    def log_weights(self, q):
        """Expected log weights (..., K) (:eq:`expected-log-weight`, :eq:`expected-log-stick`)."""
        if not self.process:
            return q.logs
        return q.logs[..., 0] + of_those_before(np.add, q.logs[..., 1])

    def log_factors(self, q):
        r"""Log weights of the expected log joint, which sum to less than one (:eq:`log-factors`).

        .. math::

            \log \tilde\pi_k = \mathbb{E}[\log \pi_k]
                + \tfrac12 \bigl( \mathbb{E} \log |\Lambda_k| - \log |\nu_k \Psi_k^{-1}| \bigr)
                - \frac{D}{2 \beta_k}
        """
        D = len(self.mean)
        return self.log_weights(q) + D / self.size * q.gap / 2 - D / (2 * q.beta)

    def divergence(self, q, m, Sigma):
        r"""How far q(theta) is from the prior (:eq:`evidence-bound`, :eq:`kl-means`), (...).

        .. math::

            \mathrm{KL}\bigl(q(\pi) \,\|\, p(\pi)\bigr) + \sum_k
                \mathrm{KL}\bigl(q(\mu_k, \Lambda_k) \,\|\, p(\mu_k, \Lambda_k)\bigr)
        """
        if not self.varies:
            Sigma = Sigma[..., :1, :] if self.root is None else Sigma[..., :1, :, :]
        trace, log_det, distance = self.compared(m - self.mean, Sigma)
        nu, prior = self.each * q.nu[..., None], np.array(self.each * self.freedom)
        total = kl_wishart(nu, prior, self.size, trace, log_det, q.gap[..., None])
        total = total.sum(axis=(-2, -1))
        ratio = self.precision / q.beta
        means = len(self.mean) * (ratio - 1 - np.log(ratio)) + self.precision * distance
        if self.process:
            prior = np.array([1.0, self.concentration])
            total += kl_dirichlet(q.alpha, prior, q.logs).sum(axis=-1)
        else:
            total += kl_dirichlet(q.alpha, self.concentration, q.logs)
        return total + means.sum(axis=-1) / 2

    def compared(self, delta, Sigma):
        """Precisions in units of the prior, and how far the means are from the prior's.

        Returns
        -------
        trace, log_det : array (..., K, 1), or (..., K, D) if each feature has a distribution
            Of the prior's scatter times the precision.
        distance : array (..., K)
            Squared, in units of Sigma.
        """
        if self.root is None:
            ratio = self.each * self.scatter / Sigma  # (..., K, D)
            ratio = ratio[..., :1] if self.each > 1 else ratio  # all features share one
            return ratio, np.log(ratio), (delta * delta / Sigma).sum(axis=-1)
        U = inverse_triangles(np.linalg.cholesky(Sigma))  # U^T U is the expected precision
        V, y = U @ self.root, U @ delta[..., None]
        log_det = 2 * np.log(diagonals(V)).sum(axis=-1)  # V is a triangle
        trace, distance = (np.einsum("...ij,...ij->...", a, a) for a in (V, y))
        return trace[..., None], log_det[..., None], distance

    def predictive(self, beta, nu, Sigma):
        r"""Degrees of freedom (K,) and scale of each component's Student t (:eq:`predictive`)."""
        freedom = self.each * nu + 1 - self.size
        factor = self.each * nu / freedom * (1 + beta) / beta
        return freedom, Sigma * factor.reshape(-1, *[1] * (Sigma.ndim - 1))


def log_student(delta, freedom, scale, together):
    r"""Log density of a Student t distribution at points delta (n, d) from its centre.

    With a diagonal scale (d,), its features are one distribution ``together``, or d of them.
    """
    d = delta.shape[1]
    if scale.ndim == 2:
        L = cholesky(scale[None])[0]
        # A row may lack all: SciPy 1.11 solves no empty system.
        squares = (solve_triangular(L, delta.T, lower=True) if d else delta.T).T ** 2
        log_dets = 2 * np.log(L.diagonal())
    else:
        squares, log_dets = delta * delta / scale, np.log(scale)
    if together:
        squares, log_dets = squares.sum(axis=1, keepdims=True), log_dets.sum()
    size = d if together else 1
    constant = gammaln((freedom + size) / 2) - gammaln(freedom / 2)
    constant = constant - (size * np.log(freedom * np.pi) + log_dets) / 2
    return (constant - (freedom + size) / 2 * np.log1p(squares / freedom)).sum(axis=1)


# ---- The model ---------------------------------------------------------------------------------


INSTEAD = "compare models by lower_bound_, or ask mixture_, which has the expected parameters"


class Absent(property):
    """A method of GMM that means nothing for a distribution of parameters."""

    def __init__(self, remedy):
        super().__init__()
        self.remedy = remedy

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, model, owner):
        raise AttributeError(f"{owner.__name__} has no {self.name}: {self.remedy}")


DISTRIBUTIONS = (  # beside the parameters, what a fit leaves behind
    *("weight_concentration_", "mean_precision_", "degrees_of_freedom_"),
    *("weight_concentration_prior_", "mean_precision_prior_", "mean_prior_"),
    *("degrees_of_freedom_prior_", "covariance_prior_"),
)


class BayesianGMM(GMM):
    r"""A Gaussian mixture whose parameters have distributions, found by variational inference.

    Components that the data do not need empty themselves: give more than enough.

    Parameters
    ----------
    n_components : int
        K, the most components that the data may have.
    covariance_type : str
        ``"full"``, ``"tied"``, ``"diag"``, ``"spherical"``, ``"tied_diag"`` or
        ``"tied_spherical"``: those whose precisions have a conjugate prior.
    tol : float
        Steps end when the gain in the bound that is still to come, as Aitken's formula
        extrapolates it, is below ``tol`` (nats per point).  0 always runs ``max_iter`` steps.
    max_iter : int
        At most so many steps.  0 gives the start itself.
    n_init : int
        Number of restarts, as for :class:`~numpy_ml_gmm.GMM`; the best bound is kept.
    init_params : str, array or callable
        As for :class:`~numpy_ml_gmm.GMM`.  Each start begins with an M step.
    weight_concentration_prior_type : str
        ``"dirichlet_process"`` (sticks, of which the first K are looked at) or
        ``"dirichlet_distribution"``.
    weight_concentration_prior : float, optional
        gamma of the process, or alpha_0 of each component: the lower, the fewer components hold
        points.  By default 1 / K.
    mean_precision_prior : float, optional
        beta_0: how many points the prior mean stands for.  By default 1.
    mean_prior : array (D,), optional
        m_0; by default the mean of the data.
    degrees_of_freedom_prior : float, optional
        nu_0: how many points the prior covariance stands for, above D - 1, or above 0 if
        covariances are diagonal.  By default D.
    covariance_prior : array, optional
        The scatter of these points, (D, D) for full and tied, (D,) for diag and tied_diag, a number
        for spherical and tied_spherical.  By default the covariance of the data.
    var_smoothing : float
        This portion of each feature's variance is added to the default ``covariance_prior``, so
        that it has an inverse.
    random_state : int, numpy.random.Generator or None
        Seed of the starts and of :meth:`sample`.
    warm_start : bool
        Whether ``fit`` goes on from the present distributions.
    n_jobs : int or None
        Threads: None is 1, -1 is every core.  The result does not depend on it.
    verbose : int
        As for :class:`~numpy_ml_gmm.GMM`, of the bound.
    accelerate : bool
        As for :class:`~numpy_ml_gmm.GMM`.

    Attributes
    ----------
    weights_ : ndarray (K,)
        Expected weights.
    means_ : ndarray (K, D)
        Expected means.
    covariances_ : ndarray
        Inverses of the expected precisions, in the shapes of :class:`~numpy_ml_gmm.GMM`.
    weight_concentration_ : ndarray (K,), or (2, K) for the process
        alpha; for the process both parameters of each stick's Beta distribution.
    mean_precision_ : ndarray (K,)
        beta
    degrees_of_freedom_ : ndarray (K,), or float if all share a covariance
        nu
    weight_concentration_prior_, mean_precision_prior_, degrees_of_freedom_prior_ : float
        The prior.
    mean_prior_, covariance_prior_ : ndarray
        The prior.
    lower_bound_ : float
        Lower bound on the log of the evidence p(X), with all its constants.
    converged_ : bool
    n_iter_ : int
        Steps of the run that was kept.
    history_ : list of lists of float
        The bound after every step of every restart.
    best_restart_ : int
        Which of them was kept.
    counts_ : ndarray (K,)
        How many of the training points each component is expected to hold.
    n_features_in_ : int
    feature_names_in_ : ndarray
        Only after a fit to a data frame with string column names.
    n_samples_seen_ : float
        Weight of all points, of a fit or of a stream.  After :meth:`partial_fit` there are the sums
        that it goes on from too, as in :class:`~numpy_ml_gmm.GMM`, and no ``lower_bound_``.

    Notes
    -----
    ``sample``, ``marginal``, ``condition``, ``regress`` and ``impute`` use the mixture at the
    expected parameters, :attr:`mixture_`.  ``log_joint``, ``predict_proba``, ``score_samples``,
    ``score`` and ``log_likelihood`` use the expected log joint, as scikit-learn's do.

    Examples
    --------
    Of eight components two are left:

    >>> from numpy_ml_gmm import BayesianGMM, load_old_faithful
    >>> model = BayesianGMM(8, random_state=0).fit(load_old_faithful().X)
    >>> model.weights_[model.weights_ > 0.01].round(2)
    array([0.64, 0.36])
    """

    weight_concentration_: Array
    mean_precision_: Array
    degrees_of_freedom_: Array | float
    weight_concentration_prior_: float
    mean_precision_prior_: float
    mean_prior_: Array
    degrees_of_freedom_prior_: float
    covariance_prior_: Array | float
    lower_bound_: float

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        tol: float = 1e-7,
        max_iter: int = 1000,
        n_init: int = 20,
        init_params: Init = "mixed",
        weight_concentration_prior_type: str = "dirichlet_process",
        weight_concentration_prior: float | None = None,
        mean_precision_prior: float | None = None,
        mean_prior: Given = None,
        degrees_of_freedom_prior: float | None = None,
        covariance_prior: Given = None,
        var_smoothing: float = 1e-6,
        random_state: Seed = None,
        warm_start: bool = False,
        n_jobs: int | None = None,
        verbose: int = 0,
        accelerate: bool = False,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.weight_concentration_prior_type = weight_concentration_prior_type
        self.weight_concentration_prior = weight_concentration_prior
        self.mean_precision_prior = mean_precision_prior
        self.mean_prior = mean_prior
        self.degrees_of_freedom_prior = degrees_of_freedom_prior
        self.covariance_prior = covariance_prior
        self.var_smoothing = var_smoothing
        self.random_state = random_state
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.accelerate = accelerate

    @property
    def prior(self) -> Prior:
        """What was assumed of the parameters, as one value."""
        return prior_of(
            self.covariance_type,
            self.weight_concentration_prior_type == PRIORS[0],
            self.weight_concentration_prior_,
            self.mean_precision_prior_,
            self.mean_prior_.tobytes(),
            self.degrees_of_freedom_prior_,
            np.asarray(self.covariance_prior_).tobytes(),
        )

    @property
    def mixture_(self) -> GMM:
        """The mixture at the expected parameters, with every method of its own."""
        names = GMM._parameter_names()
        model = GMM(**{name: v for name, v in self.get_params().items() if name in names})
        model._set_theta(self.theta, self.means_.dtype)
        if hasattr(self, "feature_names_in_"):
            model.feature_names_in_ = self.feature_names_in_
        return model

    # ---- The steps ---------------------------------------------------------------------------

    def maximise(  # type: ignore[override]
        self,
        statistics: Statistics,
        rule: Callable[..., Array],
        smoothing: Array | float = 0.0,
        last: Array | None = None,
        known: Known | None = None,
    ) -> Parameters:
        """The M step for values: q(theta) given q(Z) (:eq:`posterior-means`).

        Returns
        -------
        Parameters
            With counts as weights.

        Examples
        --------
        With the one point that the prior stands for, two points are three:

        >>> rows = [[-1.0], [3.0]]
        >>> model = BayesianGMM(mean_prior=[7.0], random_state=0).fit(rows)
        >>> model.maximise(model.e_step(rows), model.covariance_model.minimise).means
        array([[3.]])
        """
        return self.prior.maximise(statistics, rule, last)

    def expect(  # type: ignore[override]
        self, theta: Parameters, rows: Rows, frame: Frame | None = None, known: Known | None = None
    ) -> Statistics:
        """The E step for values (:eq:`expected-log-joint`): their ``objective`` is the bound.

        GMM's own, with other natural parameters.  Their weights do not sum to one and may be too
        small for numbers, so their logs are added.

        Examples
        --------
        The steps as a loop of one's own, from values to values:

        >>> from numpy_ml_gmm import load_old_faithful
        >>> from numpy_ml_gmm.blocks import Rows
        >>> X = load_old_faithful().X
        >>> model = BayesianGMM(2, max_iter=0, random_state=0).fit(X)
        >>> m_step = functools.partial(model.maximise, rule=model.covariance_model.minimise)
        >>> e_step = functools.partial(model.expect, rows=Rows(X))
        >>> theta = m_step(model.e_step(X))
        >>> statistics = e_step(theta)
        >>> for _ in range(20):
        ...     theta, statistics = model.em_step(theta, statistics, m_step, e_step)
        >>> round(statistics.objective, 1)
        -1181.2
        """
        prior, N = self.prior, np.maximum(theta.weights, NOTHING)  # 0 where a mixture has failed
        q = prior.posterior(*prior.numbers(N))
        shares = N / N.sum(axis=-1, keepdims=True)
        theta, more = theta._replace(weights=shares), prior.log_factors(q) - np.log(shares)

        def summed(some):
            natural = natural_of(theta, some, frame)
            return add_up(self.e_step_of_block, some, natural.shifted(more))

        x = rows.gathered(summed)
        price = prior.divergence(q, *theta[1:])
        return x._replace(log_prior=-price if price.shape else -float(price))

    @additive
    def e_step(self, X: ArrayLike, *, sample_weight: Given = None, priors: Given = None,
               error_covariances: Given = None) -> Statistics:  # fmt: skip
        """Expected statistics under the present q(theta) (:eq:`expected-log-joint`).

        Their ``log_likelihood`` is the first term of :eq:`evidence-bound`.

        Examples
        --------
        >>> from numpy_ml_gmm import load_iris
        >>> X = load_iris().X
        >>> model = BayesianGMM(5, random_state=0).fit(X)
        >>> statistics = model.e_step(X)
        >>> np.allclose(model.mean_precision_, 1 + statistics.counts, rtol=1e-2)
        True
        """
        rows = self._check_rows(X, sample_weight, priors, error_covariances)
        return self._expected(rows)

    def m_step(self, statistics: Statistics) -> Self:
        """Set q(theta), given expected statistics, with the prior of the fit.

        Examples
        --------
        Data that arrive later, without the earlier ones:

        >>> from numpy_ml_gmm import load_old_faithful
        >>> X = load_old_faithful().X
        >>> model = BayesianGMM(2, random_state=0).fit(X[:200])
        >>> both = model.e_step(X[:200]) + model.e_step(X[200:])
        >>> round(model.m_step(both).mean_precision_.sum())  # 272 points, and the prior's two
        274
        """
        self._check_is_fitted()
        self._check_statistics(statistics)
        self._set_theta(self.maximise(statistics, self._rule), statistics.dtype)
        online.learnt_from(self, float(statistics.counts.sum()))
        return self

    def iterate(self, X: ArrayLike, *, sample_weight: Given = None, priors: Given = None,
                error_covariances: Given = None, checkpoint: Checkpoint = None
                ) -> Iterator[Self]:  # fmt: skip
        """Find a start, then yield the model after every step.

        The steps go on from their own distributions, not from attributes that somebody sets.

        Yields
        ------
        BayesianGMM
            The model itself; ``history_`` ends with its bound.

        Examples
        --------
        >>> from numpy_ml_gmm import load_old_faithful
        >>> model = BayesianGMM(6, init_params="kmeans", max_iter=40, tol=0, random_state=0)
        >>> held = [(m.weights_ > 0.01).sum() for m in model.iterate(load_old_faithful().X)]
        >>> held[0] > held[-1]
        np.True_
        """
        known: Any = {"sample_weight": sample_weight, "priors": priors, "checkpoint": checkpoint}
        yield from super().iterate(X, **known, error_covariances=error_covariances)

    # ---- Use ---------------------------------------------------------------------------------

    @row_by_row
    def score_samples(
        self,
        X: ArrayLike,
        *,
        predictive: str = "expected",
        priors: Given = None,
        error_covariances: Given = None,
    ) -> Array:
        r"""Log density of each point, (N,).

        Parameters
        ----------
        X : array (N, D)
        predictive : str
            ``"expected"``: the log sum of the expected log joint,
            :math:`\log \sum_k e^{\tilde\ell_{nk}}`,
            as scikit-learn has it; its exponential integrates to less than 1.  ``"t"``: the log
            of the density of a new point, averaged over q(theta), which is a mixture of Student t
            distributions (:eq:`predictive`).
        priors, error_covariances
            As for :meth:`GMM.predict_proba <numpy_ml_gmm.GMM.predict_proba>`; a Student t density
            knows no errors.

        Examples
        --------
        Few points leave much open, and the tails are heavy:

        >>> model = BayesianGMM(random_state=0).fit([[-1.0], [0.0], [1.0]])
        >>> plain = model.mixture_.score_samples([[0.0], [9.0]])
        >>> (model.score_samples([[0.0], [9.0]], predictive="t") - plain).round(1)
        array([-0.2, 46. ])
        """
        if predictive == "expected":
            return super().score_samples(X, priors=priors, error_covariances=error_covariances)
        if predictive != "t":
            raise ValueError(f"predictive={predictive!r} is not known: choose 'expected' or 't'")
        if error_covariances is not None:
            raise ValueError(
                "error_covariances have no place in a Student t density: take predictive='expected'"
            )
        rows = self._check_rows(X, None, priors)
        with np.errstate(divide="ignore"):  # log 0 = -inf: this component is ruled out
            log_weights = np.log(self.weights_)
            log_priors = 0 if rows.priors is None else np.log(rows.priors)
        joint = self._log_students(rows.X.astype(np.float64)) + log_weights + log_priors
        return logsumexp(joint, axis=1).astype(rows.X.dtype)

    def _log_students(self, X):
        """Log density of each point in each component's Student t, (N, K); nan is summed out."""
        Sigma, spherical = self.theta.covariances, self.covariance_model.letters[1] == "I"
        nu = np.broadcast_to(self.degrees_of_freedom_, self.mean_precision_.shape)
        freedom, scale = self.prior.predictive(self.mean_precision_, nu, Sigma)
        found = np.empty((len(X), self.n_components))
        for rows, missing in (Patterns.of(X) or Patterns.whole(X)).groups():
            o = np.flatnonzero(~missing)
            x, together = X[np.ix_(rows, o)], scale.ndim == 3 or spherical
            for k, m in enumerate(self.means_):
                part = scale[k][o] if scale.ndim == 2 else scale[k][np.ix_(o, o)]
                found[rows, k] = log_student(x - m[o], freedom[k], part, together)
        return found

    n_parameters = Absent(INSTEAD)
    aic = Absent(INSTEAD)
    bic = Absent(INSTEAD)
    icl = Absent(INSTEAD)
    complete_log_likelihood = Absent(INSTEAD)
    q_function = Absent(INSTEAD)
    elbo = Absent(INSTEAD)
    kl = Absent(INSTEAD)
    from_parameters = Absent("its parameters have distributions. Call fit, or use GMM")

    # ---- Plumbing ----------------------------------------------------------------------------

    def _natural(self, rows):
        """Expected natural parameters of the fitted model for some rows."""
        alpha, prior, theta = self.weight_concentration_, self.prior, self.theta
        alpha, nu = alpha.T if prior.process else alpha, np.atleast_1d(self.degrees_of_freedom_)
        q = prior.posterior(alpha, self.mean_precision_, nu)
        weights = np.maximum(theta.weights, EPS)
        natural = natural_of(theta._replace(weights=weights), rows)
        return natural.shifted(prior.log_factors(q) - np.log(weights))

    def _expected(self, rows):
        """Expected statistics of some rows under the present q(theta)."""
        return add_up(self.e_step_of_block, rows, self._natural(rows))

    def _per_block(self, rows, function):
        """``function`` of the expected log joint (K, B) of each block, joined along the rows."""
        return map_log_joint(function, rows, self._natural(rows))

    _objective = "lower bound"

    def _sums(self) -> Statistics:
        """The statistics of the points that a fit has seen, as its distributions tell them."""
        theta, prior = self.theta, self.prior
        N, shift, W = prior.sums(self.mean_precision_, theta.means, theta.covariances)
        return Statistics(N, N[:, None] * shift, W, 0.0, prior.mean, self.means_.dtype)

    def _go_on(self, data):
        """The prior, as a start would have set it."""
        self._set_prior(data)

    def _find_start(self, data, known, rng):
        """The prior, and the best start under it, as the arguments ask for."""
        old = None
        if self.warm_start and hasattr(self, "means_"):
            self._check_is_fitted()
            self._checked_theta(len(data.mean))
            old = data.rows.gathered(self._expected)
        self._set_prior(data)
        if old:
            return Start(self.maximise(old, self._rule), [[]], 0)
        kept = data.rows.with_weight()
        attempt, guesses = self._attempt(data, kept, rng)
        sampled = len(attempt.data.rows.X) < len(kept.X)
        return start_from(attempt, guesses, sampled, data.rows.total_weight, rng)

    def _attempt(self, data, kept, rng):
        """First guesses (N, K), and what tries them: on a sample of the rows, if these are many."""
        several = is_random(self.init_params)
        few = some_rows(kept, self.n_components, rng) if several else data.rows
        n = self.n_init if several and self.n_components > 1 else 1
        guesses = first_guesses(self.init_params, completed_rows(few), self.n_components, rng, n)
        if len(few.X) >= len(kept.X):
            return BoundAttempt(data._replace(rows=few), self, {}, None), guesses
        w = counts_of(few)  # each of them counts for several
        few = few._replace(weights=w * (data.rows.total_weight / w.sum()))
        return BoundAttempt(self._data(few), self, {}, None), guesses

    def _collapse(self, theta, data):
        """No component collapses: the prior's points hold it up."""

    def _set_prior(self, data):
        """What the arguments say of the prior, and where they say nothing what the data do."""
        D, model = len(data.mean), self.covariance_model
        each = () if model.letters[1] == "I" else np.shape(data.covariance)
        given = self._given_prior(D, each)
        self.weight_concentration_prior_ = given.get("concentration", 1 / self.n_components)
        self.mean_precision_prior_ = given.get("precision", 1.0)
        self.mean_prior_ = given.get("mean", data.mean)
        self.degrees_of_freedom_prior_ = float(given.get("freedom", D))
        if "scatter" in given:
            self.covariance_prior_ = given["scatter"]
        else:
            C = covariance_of(data)
            self.covariance_prior_ = C if each else float(C.mean())

    def _given_prior(self, D, each):
        """The checked priors that the user gave, for D features and covariances of a shape."""
        given, diagonal = {}, self.covariance_model.diagonal
        for name, argument in (
            ("concentration", "weight_concentration_prior"),
            ("precision", "mean_precision_prior"),
            ("freedom", "degrees_of_freedom_prior"),
        ):
            if getattr(self, argument) is not None:
                given[name] = check_positive(getattr(self, argument), argument)
        if given.get("freedom", D) <= (0 if diagonal else D - 1):
            raise ValueError(
                f"degrees_of_freedom_prior={self.degrees_of_freedom_prior} must be above {D - 1}, "
                "the number of features less one: raise it, or choose covariance_type='diag'"
            )
        if self.mean_prior is not None:
            given["mean"] = check_mean(self.mean_prior, D, "mean_prior")
        if self.covariance_prior is not None:
            given["scatter"] = check_scatter(self.covariance_prior, each)
        return given

    def _check_arguments(self):
        """Arguments that a fit can work with, as far as can be told without data."""
        super()._check_arguments()
        if self.weight_concentration_prior_type not in PRIORS:
            raise ValueError(
                f"weight_concentration_prior_type={self.weight_concentration_prior_type!r} is not "
                f"known: choose one of {', '.join(PRIORS)}"
            )
        if self.covariance_model.letters not in CONJUGATE:
            raise ValueError(
                f"covariance_type={self.covariance_type!r} has no conjugate prior: choose one of "
                f"{', '.join(CONJUGATE.values())}"
            )

    def _check_is_fitted(self):
        """There are distributions, and they are those that the arguments ask for."""
        lacking = [name for name in DISTRIBUTIONS if not hasattr(self, name)]
        if lacking:
            known = hasattr(self, "means_")
            reason = f"has means_ but no {lacking[0]}" if known else "is not fitted yet"
            raise type(not_fitted_error(self))(f"this {type(self).__name__} {reason}: call fit")
        super()._check_is_fitted()
        K, D, kind = self.n_components, self.n_features_in_, self.weight_concentration_prior_type
        for name, shape in posterior_shapes(K, D, self.covariance_model, kind == PRIORS[0]).items():
            check_shape(name, np.shape(getattr(self, name)), shape)

    def _set_theta(self, theta, dtype=np.float64, box=None):
        """q(theta) as attributes, from counts, expected means and covariances."""
        prior = self.prior
        alpha, self.mean_precision_, nu = prior.numbers(theta.weights)
        self.weight_concentration_ = alpha.T if prior.process else alpha
        self.degrees_of_freedom_ = nu if prior.varies else float(nu[0])
        super()._set_theta(theta._replace(weights=prior.weights(alpha)), dtype)

    def _show(self, x, start, converged=False):
        """How high the climb has come, and how it went, as attributes."""
        self.lower_bound_, self.converged_ = float(x.objective), bool(converged)
        self.counts_ = x.counts
        self.history_, self.best_restart_ = start.histories, start.best
        self.n_iter_ = len(start.history)
        tell_step(self, self.lower_bound_)

    def _shown(self):
        """Nothing: steps go on from their own distributions."""

    def _of_features(self, theta, features):
        """The mixture theta of some of the features: of known parameters."""
        return self.mixture_._of_features(theta, features)

    _fitted = (
        *(name for name in FITTED if name != "log_likelihood_"),
        "lower_bound_",
        *DISTRIBUTIONS,
    )
    _results = *_fitted, "feature_names_in_", "class_labels_"

    @staticmethod
    def _saved_shapes(values, shapes):
        """What K, D and the types in a file imply."""
        found = GMM._saved_shapes(values, shapes)
        if not found:
            return found
        K, D = found["means_"]
        process = values.get("weight_concentration_prior_type") == PRIORS[0]
        kind = covariance_model(values.get("_fitted_type", values["covariance_type"]))
        return found | posterior_shapes(K, D, kind, process)

    def _check_state(self):
        """Arguments, distributions and results that a fit could have left here."""
        super()._check_state()
        if not hasattr(self, "means_"):
            return
        model, D = self.covariance_model, self.n_features_in_
        check_mean(self.mean_prior_, D, "mean_prior_")
        check_scatter(self.covariance_prior_, np.shape(self.covariance_prior_), "covariance_prior_")
        least = 0 if model.diagonal else D - 1
        for name, bound in (
            *((name, 0) for name in ("weight_concentration_", "weight_concentration_prior_")),
            *((name, 0) for name in ("mean_precision_", "mean_precision_prior_")),
            *((name, least) for name in ("degrees_of_freedom_", "degrees_of_freedom_prior_")),
        ):
            value = as_floats(getattr(self, name), name)
            if not ((value > bound) & (value < np.inf)).all():
                raise ValueError(f"{name}={value} must be finite and above {bound}")
        if not is_number(getattr(self, "lower_bound_", 0.0)):
            raise ValueError(f"lower_bound_={self.lower_bound_!r} must be a number")


# What GMM takes and a prior has no use for stays as it is by default.
for _name, _default in inspect.signature(GMM).parameters.items():
    if _name not in inspect.signature(BayesianGMM).parameters:
        setattr(BayesianGMM, _name, _default.default)


# ---- What it needs -----------------------------------------------------------------------------


@functools.lru_cache(maxsize=2)
def prior_of(covariance_type, process, concentration, precision, mean, freedom, scatter):
    """The :class:`Prior` with arrays given as bytes; the steps of a fit share one."""
    model = covariance_model(covariance_type)
    mean, scatter = map(np.frombuffer, (mean, scatter))
    D = len(mean)
    scatter = np.broadcast_to(scatter, D) if model.diagonal else scatter.reshape(D, D)
    return Prior(model, process, concentration, precision, mean, freedom, scatter)


def posterior_shapes(K, D, model, process):
    """The shapes of the attributes of a posterior and its prior."""
    return {
        "weight_concentration_": (2, K) if process else (K,),
        "mean_precision_": (K,),
        "degrees_of_freedom_": (K,) if "V" in model.letters else (),
        "weight_concentration_prior_": (),
        "mean_precision_prior_": (),
        "degrees_of_freedom_prior_": (),
        "mean_prior_": (D,),
        "covariance_prior_": () if model.letters[1] == "I" else (D,) if model.diagonal else (D, D),
    }


def check_positive(value, name):
    """A number above 0, of ordinary size."""
    number = check_not_negative(value, name, at_most=REACH[1])
    if number < REACH[0]:
        raise ValueError(f"{name}={value!r} must be above {REACH[0]:g}")
    return number


def check_mean(mean, D, name):
    """A mean (D,), finite."""
    m = as_floats(mean, name)
    if m.shape != (D,):
        raise ValueError(f"{name} has shape {m.shape}, expected {(D,)}: one number a feature")
    return check_means(m[None], 1, D, name)[0]


def check_scatter(scatter, shape, name="covariance_prior"):
    """A scatter of that shape, positive definite."""
    model = covariance_model(("spherical", "diag", "full")[len(shape)])
    C = as_floats(scatter, name).astype(np.float64)
    if C.shape != shape:
        raise ValueError(f"{name} has shape {C.shape}, expected {shape} for this covariance_type")
    check_covariances(C[None], model, 1, shape[-1] if shape else 1, name)
    return C if shape else float(C)


def covariance_of(data):
    """Covariance of all rows, smoothed: (D, D), or (D,) if only variances are looked at."""
    diagonal, n = data.covariance.ndim == 1, data.rows.total_weight
    smoothing = data.smoothing if diagonal else np.diag(data.smoothing)
    C = (data.unsmoothed + smoothing) * (n / max(n - 1, n / 2))  # as of a sample
    try:
        if not diagonal:
            cholesky(C[None])
    except SingularCovariance:
        raise ValueError(
            "the covariance of the data has no inverse, and can be no prior: raise var_smoothing, "
            "or give a covariance_prior"
        ) from None
    return C


class BoundAttempt(Attempt):
    """The search for a start, where the steps are those of a model, and bounds are compared."""

    def starts(self, guesses, exact=False):
        """q(theta) from first guesses (N, K); the longest sticks first, if we number them."""
        model, rows = self.model, self.data.rows
        if model.prior.process and isinstance(model.init_params, str) and rows.priors is None:
            w = counts_of(rows)
            guesses = (r[:, np.argsort(-(w @ r), kind="stable")] for r in guesses)
        rule = model.covariance_model.minimise
        return [model.maximise(x, rule) for x in first_statistics(self.data, guesses)]

    @property
    def family(self):
        """Whose steps they are: the model's, which has the prior."""
        return self.model

    def likeliest(self, runs):
        """The run with the best bound; of those that are one optimum the first."""
        bounds = [-np.inf if run.end is None else run.objective for run in runs]
        if max(bounds) == -np.inf:
            raise ValueError(next(run.error for run in runs if run.error))
        least = max(bounds) - self.tolerance
        return next(run for run, bound in zip(runs, bounds, strict=True) if bound >= least)

    def has_collapsed(self, best):
        """Never: the prior gives every component a volume."""
        return False
