r"""The Gaussian mixture model, and EM as Bilmes (1998) derives it.

A point :math:`x_n` is made in two steps: draw a component :math:`z_n = k` with
probability :math:`\pi_k`, then draw the point from that component's Gaussian.
We see :math:`X`; the :math:`Z` are *latent*.  Their joint likelihood (:eq:`joint`) is

.. math::

    p(Z, X \mid \theta) = \prod_{n=1}^N \prod_{k=1}^K
        \bigl[ \pi_k \, \mathcal{N}(x_n \mid \mu_k, \Sigma_k) \bigr]^{\mathbb{1}[z_n = k]} ,
    \qquad \theta = \{\pi_k, \mu_k, \Sigma_k\}_{k=1}^K .

Its logarithm is a sum of entries of one array, the log joint :math:`(N, K)`.
Every method of the class is a short expression in that array.

The file reads as the lecture does: the model, the E step, the M step, the climb, why it climbs,
use.  Three things have a file of their own: the features T(x) (``frames.py``), the covariance
models (``covariances/``), and where EM starts (``starts.py``, ``restarts.py``).

=========== ======================= ============ =============================================
symbol      attribute or argument   shape        meaning
=========== ======================= ============ =============================================
``X``       ``X``                   (N, D)       observed points
``z``       ``z``                   (N,)         component of each point, 0 to K - 1
``pi``      ``weights_``            (K,)         mixing weights, sum to 1
``mu``      ``means_``              (K, D)       means
``Sigma``   ``covariances_``        (K, D, D)    covariances (other shapes: see covariances.py)
``r``       ``predict_proba``       (N, K)       responsibilities p(z_n = k | x_n, theta)
``N_k``     ``statistics.counts``   (K,)         expected number of points, sum of r over n
=========== ======================= ============ =============================================

Log-likelihoods are natural logs, summed over points unless *mean* is said.

References
----------
.. [1] Bilmes, J. A. (1998). *A gentle tutorial of the EM algorithm and its application to
   parameter estimation for Gaussian mixture and hidden Markov models*. International
   Computer Science Institute, TR-97-021.
.. [2] Dempster, A. P., Laird, N. M. & Rubin, D. B. (1977). *Maximum likelihood from incomplete
   data via the EM algorithm*. Journal of the Royal Statistical Society B 39(1), 1-38.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr, log_softmax, xlogy
from scipy.special import softmax as responsibilities

from . import compare, conditional, density, exchange, online, restarts, summary
from .archive import check_results
from .blocks import ROWS_PER_BLOCK, Block, Rows, few_threads_for, in_chunks, slices, thread_count
from .chunks import ClusterLost, additive, row_by_row, rows_of
from .conventions import Estimator
from .covariances import CovarianceModel, covariance_model
from .em import Cell, Leaps, gain_to_come, left_after_leaps
from .frames import ROUNDING, TINY, Frame, Natural, cholesky, holds, is_resolved
from .hints import Array, Checkpoint, Columns, Fixed, Given, Init, Labels, Seed
from .log import tell_step
from .missing import natural_of
from .noise import Box
from .parameters import Parameters, choose
from .priors import Known, NormalInverseWishart, as_prior, check_fixed, known_to
from .statistics import (
    Statistics,
    add_up,
    log_sum,
    map_log_joint,
    smoothed,
    softmax,
    total_moments,
)
from .summary import Summary
from .training import Data
from .validation import (
    CollapseWarning,
    ConvergenceWarning,
    as_floats,
    check_alive,
    check_count,
    check_enough_rows,
    check_flag,
    check_labels,
    check_matrix_shape,
    check_means,
    check_not_negative,
    check_responsibilities,
    check_rows,
    check_some_component,
    check_weights,
    known_to_sklearn,
    look_for_ids,
    not_fitted_error,
    random_generator,
    warn,
)

if TYPE_CHECKING:
    from typing import Self

FITTED = (  # what a fit leaves behind
    *("weights_", "means_", "covariances_", "n_features_in_", "_fitted_type"),
    *("log_likelihood_", "converged_", "n_iter_", "history_", "best_restart_"),
    *("counts_", "log_posterior_", "noise_weight_", "noise_box_"),  # where there are any
    *online.STREAM,
)


class GMM(Estimator):
    r"""A Gaussian mixture, fitted by EM.

    Parameters
    ----------
    n_components : int
        K, the number of components.
    covariance_type : str
        Which covariances are allowed: ``"full"``, ``"tied"``, ``"diag"``,
        ``"spherical"``, ``"tied_diag"``, ``"tied_spherical"``, or three letters
        such as ``"VVV"``; see :mod:`numpy_ml_gmm.covariances`.
    tol : float
        EM stops when the gain in mean log-likelihood that is still to come, as
        Aitken's formula extrapolates it, is below ``tol`` (nats per point).
        0 always runs ``max_iter`` steps.
    max_iter : int
        At most so many EM steps.  0 gives the start itself.
    n_init : int
        Number of restarts.  Each is a short run of EM; the best six go on to the end, and the
        likeliest end in which no component has collapsed is kept.
    init_params : str, array or callable
        Where EM starts: ``"mixed"`` (starts of several kinds, then moves away from the best
        end as long as they help), ``"k-means++"``, ``"kmeans"``, ``"random"``
        (responsibilities), ``"random_from_data"`` (points as means),
        ``"hierarchical"`` (Ward's tree, no randomness), labels (N,),
        responsibilities (N, K), or a function of ``(X, n_components, rng)``
        that returns either.
    weights_init, means_init, covariances_init : array, optional
        Parameters to start from, in the shapes of the fitted attributes.  With
        ``means_init`` alone, points go to the nearest mean.
    var_smoothing : float
        This portion of each feature's variance is added to the variances, so
        that no component collapses.  0 is plain maximum likelihood.
    random_state : int, numpy.random.Generator or None
        Seed of the starts and of :meth:`sample`.
    warm_start : bool
        Whether ``fit`` goes on from the present parameters.
    n_jobs : int or None
        Threads: None is 1, -1 is every core.  The result does not depend on it.
    verbose : int
        1 tells how each restart ended, and the log-likelihood every ten steps: in the log, or
        printed if nobody reads it; see :mod:`numpy_ml_gmm.log`.
    conjugate_prior : None, "default", NormalInverseWishart or dict of its fields
        With a prior EM climbs to the mode of the posterior (:eq:`map-m-step`), ``var_smoothing``
        adds nothing, and no component can collapse.  ``"default"`` is mclust's.
    fixed : tuple of str, or dict
        Any of ``"weights"``, ``"means"``, ``"covariances"``: they stay at their ``*_init``.  Or
        ``{"means": [0]}`` for some of the components.  Beside noise, weights that are held are
        shares of what it leaves.
    noise : bool
        Whether there is one component more, uniform over a box around the data, for points that
        belong to no other (:eq:`noise`).  Its label is -1; responsibilities have a last column
        for it.  Labels in ``init_params`` may be -1 too.
    accelerate : bool
        Whether every second step of the climb in view is followed by a leap (:eq:`squarem`), if
        that leads higher.  Where components overlap, far fewer steps lead to the same end; now
        and then it is another one.  A step with a leap takes a second look at the data.

    Attributes
    ----------
    weights_ : ndarray (K,)
    means_ : ndarray (K, D)
    covariances_ : ndarray
        (K, D, D) for full, (D, D) for tied, (K, D) for diag, (K,) for spherical,
        (D,) for tied_diag, () for tied_spherical.
    log_likelihood_ : float
        Of the parameters returned, summed over the training points (weighted).
    converged_ : bool
    n_iter_ : int
        EM steps of the run that was kept.
    history_ : list of lists of float
        The log-likelihood after every step of every restart.  Where the
        restarts saw only some of the rows, theirs are scaled up to all.
    best_restart_ : int
        Which of them was kept.
    log_posterior_ : float
        Only with a ``conjugate_prior``: log-likelihood and log density of the parameters, which
        ``history_`` then holds.  The prior of a model whose components share some of their
        covariances, but not all, is no density; it lacks a constant there.
    counts_ : ndarray (K,), or (K + 1,) with ``noise``
        N_k, how many of the training points each component is expected to hold.
    noise_weight_, noise_box_ : float, ndarray (D + 1, D)
        Only with ``noise``: its weight, which with ``weights_`` sums to 1; the centre of the box,
        and half its edges.
    n_features_in_ : int
    feature_names_in_ : ndarray
        Only after a fit to a data frame with string column names.
    n_samples_seen_ : float
        Weight of all points that the parameters come from, of a fit or of a stream.
    stream_counts_, stream_firsts_, stream_scatters_, stream_log_likelihood_, stream_origin_
        Only after :meth:`partial_fit`: the sums that it goes on from, as
        :class:`~numpy_ml_gmm.statistics.Statistics` have them.  The log-likelihood is that of each
        point under the parameters that it met.  A stream has no ``log_likelihood_``,
        ``history_``, ``converged_`` or ``best_restart_``, and ``n_iter_`` counts its M steps.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM, load_old_faithful
    >>> model = GMM(2, random_state=0).fit(load_old_faithful().X)
    >>> round(model.log_likelihood_, 2)
    -1130.26
    """

    weights_: Array
    means_: Array
    covariances_: Array
    log_likelihood_: float
    converged_: bool
    n_iter_: int
    history_: list[list[float]]
    best_restart_: int
    log_posterior_: float
    counts_: Array
    noise_weight_: float
    noise_box_: Array
    n_samples_seen_: float
    stream_counts_: Array
    stream_firsts_: Array
    stream_scatters_: Array
    stream_log_likelihood_: float
    stream_origin_: Array
    n_features_in_: int
    feature_names_in_: NDArray[Any]

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        tol: float = 1e-7,
        max_iter: int = 1000,
        n_init: int = 20,
        init_params: Init = "mixed",
        weights_init: Given = None,
        means_init: Given = None,
        covariances_init: Given = None,
        var_smoothing: float = 1e-6,
        random_state: Seed = None,
        warm_start: bool = False,
        n_jobs: int | None = None,
        verbose: int = 0,
        conjugate_prior: str | Mapping[str, Any] | NormalInverseWishart | None = None,
        fixed: Fixed = (),
        noise: bool = False,
        accelerate: bool = False,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.weights_init = weights_init
        self.means_init = means_init
        self.covariances_init = covariances_init
        self.var_smoothing = var_smoothing
        self.random_state = random_state
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.conjugate_prior = conjugate_prior
        self.fixed = fixed
        self.noise = noise
        self.accelerate = accelerate

    @classmethod
    def from_parameters(
        cls, weights: ArrayLike, means: ArrayLike, covariances: ArrayLike, **params: Any
    ) -> Self:
        """A mixture with known parameters, ready for every method but fitting.

        Parameters
        ----------
        weights : array (K,)
        means : array (K, D)
        covariances : array
            In the shape of ``covariance_type``.  What else a type such as VEI asks of them
            is not looked into.
        **params
            Other arguments of the constructor.

        Raises
        ------
        ValueError
            If shapes disagree, weights do not sum to 1, or a covariance is not
            symmetric positive definite.

        Examples
        --------
        One cluster may lie inside another:

        >>> ring = GMM.from_parameters([0.5, 0.5], [[0.0], [0.0]], [[[1.0]], [[100.0]]])
        >>> ring.predict([[-9.0], [0.0], [9.0]])
        array([1, 0, 1])
        """
        K, _ = check_matrix_shape(means, "means")
        model = cls(K, **params)
        model._set_theta(Parameters.check(weights, means, covariances, model.covariance_model))
        return model

    @property
    def covariance_model(self) -> CovarianceModel:
        """The rule from scatter matrices to covariances."""
        return covariance_model(self.covariance_type)

    @property
    def theta(self) -> Parameters:
        """The present parameters as one value, each component with its own covariance.

        Examples
        --------
        >>> pair = GMM.from_parameters([0.4, 0.6], [[-1.0], [1.0]], 4.0, covariance_type="EII")
        >>> pair.theta.reorder([1, 0]).weights
        array([0.6, 0.4])
        """
        self._check_is_fitted()
        attributes = self.weights_, self.means_, self.covariances_
        pi, mu, Sigma = (np.asarray(a, np.float64) for a in attributes)  # maybe single precision
        return Parameters.expand(pi, mu, Sigma, self.covariance_model)

    # ---- The model ---------------------------------------------------------------------------

    @row_by_row
    def log_joint(
        self, X: ArrayLike, *, priors: Given = None, error_covariances: Given = None
    ) -> Array:
        r"""Log joint of each point and each component, (N, K) (:eq:`log-joint`).

        .. math::

            \log p(x_n, z_n = k \mid \theta) =
                \log \pi_k + \log \mathcal{N}(x_n \mid \mu_k, \Sigma_k)

        Examples
        --------
        >>> standard = GMM.from_parameters([1.0], [[0.0]], [[[1.0]]])
        >>> standard.log_joint([[0.0]]).round(4)  # -log(2 pi) / 2
        array([[-0.9189]])
        """
        return self._log_joint(self._check_rows(X, None, priors, error_covariances))

    @additive
    def log_likelihood(self, X: ArrayLike, *, sample_weight: Given = None, priors: Given = None,
                       error_covariances: Given = None) -> float:  # fmt: skip
        r"""Log-likelihood of the observed points, the sum over n (:eq:`log-likelihood`).

        .. math::

            \log p(X \mid \theta) =
                \sum_n \log \sum_k \pi_k \, \mathcal{N}(x_n \mid \mu_k, \Sigma_k)

        Examples
        --------
        A point of weight two is the point twice (:eq:`weighted-log-likelihood`):

        >>> standard = GMM.from_parameters([1.0], [[0.0]], [[[1.0]]])
        >>> twice = standard.log_likelihood([[0.0]], sample_weight=[2])
        >>> twice == standard.log_likelihood([[0.0], [0.0]])
        True
        """
        rows = self._check_rows(X, sample_weight, priors, error_covariances)
        return rows.weighted_sum(self._per_block(rows, log_sum))

    @additive
    def complete_log_likelihood(
        self, X: ArrayLike, z: ArrayLike, *, sample_weight: Given = None, priors: Given = None
    ) -> float:
        r"""Log of the joint likelihood :eq:`joint` for known z: :eq:`complete-log-likelihood`.

        .. math::

            \log p(Z, X \mid \theta) =
                \sum_n \log \pi_{z_n} \mathcal{N}(x_n \mid \mu_{z_n}, \Sigma_{z_n})

        Examples
        --------
        Summed over what z may be, it is the likelihood:

        >>> uneven = GMM.from_parameters([0.2, 0.8], [[-1.0], [1.0]], 1.0, covariance_type="EII")
        >>> each = [uneven.complete_log_likelihood([[0.3]], [k]) for k in (0, 1)]
        >>> np.exp(each).sum().round(6) == np.exp(uneven.log_likelihood([[0.3]])).round(6)
        np.True_
        """
        rows = self._check_rows(X, sample_weight, priors)
        if self.noise:  # as predict names it
            z = np.where(np.equal(z, -1), self.n_components, z)
        z = check_labels(z, len(rows.X), self._n_places, "z")
        joint = self._log_joint(rows)
        return rows.weighted_sum(joint[np.arange(len(z)), z])

    # ---- The E step --------------------------------------------------------------------------

    @staticmethod
    def e_step_of_block(natural: Natural, block: Block) -> tuple[Array, Array]:
        r"""Bayes' rule for a block of points, and the sums that the M step needs of it.

        With the log of prior times density as a product of natural parameters and features
        (:eq:`exponential-family`), the responsibilities are a softmax (:eq:`e-step`), and the
        expected statistics a second product (:eq:`expected-statistics`):

        .. math::

            \ell_{nk} = \eta_k^\top T(x_n), \qquad
            r_{nk} = \frac{e^{\ell_{nk}}}{\sum_j e^{\ell_{nj}}}, \qquad
            s_k = \sum_n r_{nk} \, T(x_n)

        Parameters
        ----------
        natural : Natural
            Of one mixture, or of M side by side.
        block : Block

        Returns
        -------
        sums (K, F), log p(x) (B,)

        Examples
        --------
        The first feature is 1, so its sums are the counts:

        >>> from numpy_ml_gmm.blocks import Rows
        >>> rows = Rows(np.array([[-9.0], [0.0], [9.0]]))
        >>> theta = Parameters(np.full(2, 0.5), np.array([[-1.0], [1.0]]), np.ones((2, 1, 1)))
        >>> sums, _ = GMM.e_step_of_block(natural_of(theta, rows), rows.block(slice(0, 3)))
        >>> sums[:, 0].round(2)
        array([1.5, 1.5])
        """
        T = natural.features(block)  # (F, B): 1, y, y y^T
        joint = natural.with_priors(natural.eta @ T, block)  # (K, B): log p(x_n, z_n = k)
        r, log_p = softmax(joint, block.weights, natural.wide)  # (K, B), (B,)
        return r @ T.T, log_p

    @classmethod
    def expect(
        cls, theta: Parameters, rows: Rows, frame: Frame | None = None, known: Known | None = None
    ) -> Statistics:
        """The E step for parameters as a value: expected ``Statistics`` of all rows.

        Parameters
        ----------
        theta : Parameters
            Of one mixture, or of M side by side.
        rows : Rows
            Checked data.
        frame : Frame, optional
            Where features are taken; by default that of the whole mixture.
        known : Known, optional
            Its prior has a density too.

        Examples
        --------
        No model is needed, only a value:

        >>> from numpy_ml_gmm.blocks import Rows
        >>> theta = Parameters(np.ones(1), np.zeros((1, 1)), np.ones((1, 1, 1)))
        >>> GMM.expect(theta, Rows(np.array([[1.0], [3.0]]))).means
        array([[2.]])
        """
        statistics = rows.gathered(
            lambda some: add_up(cls.e_step_of_block, some, natural_of(theta, some, frame))
        )
        if known is None:
            return statistics
        return statistics._replace(log_prior=known.log_prior(theta))

    @additive
    def e_step(self, X: ArrayLike, *, sample_weight: Given = None, priors: Given = None,
               error_covariances: Given = None) -> Statistics:  # fmt: skip
        r"""Expected sufficient statistics under the posterior of each point (:eq:`e-step`).

        .. math::

            r_{nk} = p(z_n = k \mid x_n, \theta) =
                \frac{\pi_k \mathcal{N}(x_n \mid \mu_k, \Sigma_k)}
                     {\sum_j \pi_j \mathcal{N}(x_n \mid \mu_j, \Sigma_j)}

        Parameters
        ----------
        X : array (N, D)
        sample_weight : array (N,), optional
            How often each point counts (:eq:`weighted-m-step`).
        priors : array (N, K) or (N,), optional
            What is known of each point's component: :math:`\pi_k` times ``priors[n, k]`` takes
            the place of :math:`\pi_k` (:eq:`priors`).  Or labels, with -1 where nothing is known.

        Returns
        -------
        Statistics
            What :meth:`m_step` takes, with the ``log_likelihood`` of the present parameters.

        Examples
        --------
        >>> pair = GMM.from_parameters([0.5, 0.5], [[-1.0], [1.0]], [[[1.0]], [[1.0]]])
        >>> pair.e_step([[0.0], [0.0], [9.0]]).counts.round(4)
        array([1., 2.])
        """
        rows = self._check_rows(X, sample_weight, priors, error_covariances)
        return self.expect(self._places, rows)

    # ---- The M step --------------------------------------------------------------------------

    @staticmethod
    def maximise(
        statistics: Statistics,
        rule: Callable[..., Array],
        smoothing: Array | float = 0.0,
        last: Array | None = None,
        known: Known | None = None,
    ) -> Parameters:
        r"""The M step for values: the parameters that maximise Q (:eq:`m-step`).

        .. math::

            N_k = \sum_n r_{nk}, \qquad
            \pi_k = \frac{N_k}{N}, \qquad
            \mu_k = \frac{1}{N_k} \sum_n r_{nk} x_n, \qquad
            W_k = \sum_n r_{nk} (x_n - \mu_k)(x_n - \mu_k)^\top

        Parameters
        ----------
        statistics : Statistics
            Of one mixture, or of M side by side.
        rule : callable
            The covariance model, from scatters W and counts N to covariances.
        smoothing : array (D,)
            Each point counts as a small cloud with these variances.
        last : array (K, D, D) or (K, D), optional
            Covariances that an iterated rule may start from.
        known : Known, optional
            A prior, parameters that are held, or noise; see :mod:`numpy_ml_gmm.priors`.

        Returns
        -------
        Parameters

        Examples
        --------
        >>> statistics = GMM.from_parameters([1.0], [[0.0]], [[[1.0]]]).e_step([[1.0], [3.0]])
        >>> GMM.maximise(statistics, covariance_model("full").minimise)
        Parameters(weights=array([1.]), means=array([[2.]]), covariances=array([[[1.]]]))
        """
        N_k = statistics.counts  # (K,)
        pi = N_k / N_k.sum(axis=-1, keepdims=True)  # (K,)
        mu = statistics.means  # (K, D)
        W = smoothed(statistics.scatters, N_k, smoothing)  # (K, D, D)
        if known is not None:  # data that were never seen, or what does not change
            pi, mu, W, N_k, rule = known.applied(statistics, W, rule)
        Sigma = rule(W, N_k, last)  # for "full" W_k / N_k
        return Parameters(pi, mu, Sigma)

    def m_step(self, statistics: Statistics) -> Self:
        r"""Set the parameters that maximise Q, given expected statistics (:eq:`m-step`).

        With ``var_smoothing`` each point counts as a small cloud (:eq:`smoothing`).  The points
        themselves may be a little less likely for it; :meth:`em_step` keeps the present
        covariances then.

        Examples
        --------
        ``statistics`` may be those of several parts of the data, added up:

        >>> model = GMM.from_parameters([0.5, 0.5], [[-1.0], [1.0]], 1.0, covariance_type="EII")
        >>> parts = model.e_step([[-3.0], [-2.0]]), model.e_step([[2.0], [9.0]])
        >>> model.m_step(parts[0] + parts[1]).means_.round(2)
        array([[-2.46],
               [ 5.45]])
        """
        self._check_statistics(statistics)
        N, mean, covariance = total_moments(statistics)
        smoothing = self._smoothing * (covariance if statistics.diagonal else covariance.diagonal())
        iterated = self.covariance_model.iterated and hasattr(self, "covariances_")
        last = self._places.covariances if iterated else None
        known = known_to(self, N, mean, covariance, self._box)
        theta = self.maximise(statistics, self._rule, smoothing, last, known)
        self._set_theta(theta, statistics.dtype)
        online.learnt_from(self, float(N))
        return self

    def _rule(self, W, N_k, last):
        """The covariances of the covariance model; a ValueError where a component has collapsed."""
        check_alive(N_k)
        Sigma = self.covariance_model.minimise(W, N_k, last)
        self.covariance_model.check_found(Sigma, N_k)
        return Sigma

    # ---- The climb ---------------------------------------------------------------------------

    @staticmethod
    def em_step(
        theta: Parameters,
        statistics: Statistics,
        m_step: Callable[..., Parameters],
        e_step: Callable[..., Statistics],
    ) -> tuple[Parameters, Statistics]:
        """One step of EM (:eq:`m-step`, :eq:`e-step`): the likelihood is not lower (:eq:`ascent`).

        The E step comes second, because it also yields the log-likelihood of the new
        parameters.  Smoothed covariances may make the points less likely.  Then the present
        ones are kept: weights and means alone never do.

        Parameters
        ----------
        theta, statistics : Parameters, Statistics
            The present ones, of one mixture or of M side by side.
        m_step, e_step : callable
            :meth:`maximise` and :meth:`expect`, with what they need to know of the data.

        Returns
        -------
        Parameters, Statistics
            The next.

        Examples
        --------
        EM as a loop of one's own, from values to values:

        >>> from numpy_ml_gmm import load_old_faithful
        >>> from numpy_ml_gmm.blocks import Rows
        >>> X = load_old_faithful().X
        >>> e_step = partial(GMM.expect, rows=Rows(X))
        >>> m_step = partial(GMM.maximise, rule=covariance_model("full").minimise)
        >>> theta = GMM(2, max_iter=0, random_state=0).fit(X).theta
        >>> statistics = e_step(theta)
        >>> for _ in range(20):
        ...     theta, statistics = GMM.em_step(theta, statistics, m_step, e_step)
        >>> round(statistics.log_likelihood, 2)
        -1130.26
        """
        before, Sigma = statistics.objective, theta.covariances
        theta = m_step(statistics, last=Sigma)
        statistics = e_step(theta)
        rounding = math.sqrt(ROUNDING[statistics.dtype]) / 10  # nats a point
        fell = statistics.objective < before - rounding * statistics.counts.sum(axis=-1)
        if np.any(fell):
            theta = theta._replace(covariances=choose(fell, Sigma, theta.covariances))
            statistics = e_step(theta)
        return theta, statistics

    def iterate(self, X: ArrayLike, *, sample_weight: Given = None, priors: Given = None,
                error_covariances: Given = None, checkpoint: Checkpoint = None
                ) -> Iterator[Self]:  # fmt: skip
        """Find a start, then yield the model after every EM step (:eq:`e-step`, :eq:`m-step`).

        It ends when little is left to gain (:eq:`aitken`).  :meth:`fit` exhausts this generator,
        and says what its arguments are.  A lesson can stop in between, look, and set parameters:
        the next step starts from those that are there.

        Yields
        ------
        GMM
            The model itself; ``history_`` ends with its log-likelihood.

        Examples
        --------
        >>> from numpy_ml_gmm import load_old_faithful
        >>> for step in GMM(2, max_iter=50, random_state=0).iterate(load_old_faithful().X):
        ...     step.weights_ = np.full(2, 0.5)  # held, while the rest goes on
        >>> step.means_[:, 0].round(2)
        array([2.04, 4.29])
        """
        rows = self._check_training_rows(X, sample_weight, priors, error_covariances)
        data = self._data(rows)
        if data.dependence:
            warn(data.dependence)
        known = self._known(data)
        m_step = partial(self.maximise, rule=self._rule, smoothing=data.smoothing, known=known)
        e_step = partial(self.expect, rows=data.rows, frame=data.frame, known=known)

        journal = restarts.journal_of(checkpoint, self, data.rows)
        start, gain, over, reach = restarts.begin(journal, self, data, known)
        theta, walk = start.theta, journal.entry("walk")
        statistics = e_step(theta)
        self._set_theta(theta, rows.X.dtype, data.rows.box)
        online.learnt_from(self, rows.total_weight)
        self._show(statistics, start, over)
        cell = Cell(self.n_components, self.covariance_model, known)
        leaps = Leaps(self, data, cell, statistics, reach) if self.accelerate else None
        with journal:
            for _ in range(len(start.history), 0 if over else self.max_iter):
                last, last_gain = statistics.objective, gain
                theta, statistics = self.em_step(theta, statistics, m_step, e_step)
                gain = statistics.objective - last
                left = gain_to_come(gain, last_gain, last, statistics.dtype)
                if leaps:
                    theta, statistics = leaps.after(theta, statistics)
                    left = left_after_leaps(start.history, statistics)
                start.history.append(statistics.objective)
                self._set_theta(theta, rows.X.dtype)
                self._show(statistics, start, left < self.tol * rows.total_weight)
                if not leaps or leaps.reach or self.converged_:
                    reach = leaps and leaps.reach
                    walk.keep(theta, gain, self.converged_, *start[1:], self.n_iter_, reach)
                shown = self._shown()
                yield self
                if self.converged_:
                    break
                if self._shown() != shown:  # somebody has set parameters: go on from those
                    theta, gain = self._checked_theta(rows.X.shape[1]), math.nan
                    theta = theta if known is None else known.holding(theta)
                    statistics = e_step(theta)
                    if leaps:
                        leaps.path = [statistics]
        if rows.at_hand:  # an error if singular without the data's own frame
            natural_of(self._places, data.rows)
        collapsed = self._collapse(theta, data)
        if collapsed and self.max_iter > 0 and self.n_components > 1 and not data.dependence:
            warn(collapsed, CollapseWarning)

    @np.errstate()  # NumPy's settings are put back, even if Ctrl-C comes as they change
    def fit(self, X: ArrayLike, y: Any = None, *, sample_weight: Given = None, priors: Given = None,
            error_covariances: Given = None, checkpoint: Checkpoint = None) -> Self:  # fmt: skip
        """Fit the mixture by EM.

        Parameters
        ----------
        X : array (N, D)
            float32 stays float32; other numbers become float64.  Covariances that would be
            singular in single precision are float64 all the same.  nan is a missing value.
            Dask's arrays and data frames are looked at where their chunks lie; see :doc:`/chunks`.
        y : ignored
            There for scikit-learn's pipelines.  Labels in it are not looked at: give those that
            are known to ``priors``.
        sample_weight : array (N,), optional
            Weight 2 is the point twice, weight 0 the point absent.
        priors : array (N, K) or (N,), optional
            Probabilities that multiply the weights of each point.  A row
            with a single 1 is a labelled point, a row of ones an unlabelled one.
            Or labels, 0 to K - 1, with -1 where there is none.
        error_covariances : array (N, D) or (N, D, D), optional
            Variances, or covariances, of what was added to each point when it was measured: the
            mixture is that of the points without it (:eq:`deconvolution`).
        checkpoint : path, or (path, seconds), optional
            A file that the state goes to every 30 seconds, or every so many.  After a kill the same
            call goes on from there, and ends with the bits of a fit that nobody stopped.  The file
            stays, and a fit that was finished is there again at once.

        Returns
        -------
        GMM
            The model itself.

        Raises
        ------
        ValueError, TypeError
            For data or arguments that do not fit, each other or the checkpoint, and when a
            component collapses.  The model is then what it was.

        Warns
        -----
        DataWarning
            If a column is a linear function of others, and only ``var_smoothing`` keeps the
            covariances from being singular; or if a column looks like an id.
        ConvergenceWarning
            If ``max_iter`` was reached first.  Where scikit-learn is loaded it is of scikit-learn's
            class of that name too.

        Examples
        --------
        >>> GMM(2, random_state=0).fit([[0.0], [0.1], [5.0], [5.2]]).means_.round(2)
        array([[0.05],
               [5.1 ]])
        """
        run = copy.copy(self)  # this model changes when all has gone well, at once
        known: Any = {"sample_weight": sample_weight, "priors": priors, "checkpoint": checkpoint}
        try:
            with few_threads_for(X):
                for _ in run.iterate(X, **known, error_covariances=error_covariances):
                    pass
        except (KeyboardInterrupt, ClusterLost) as stop:
            self._keep(run, X, stop)
            raise
        self._become(run, X)
        if not self.converged_ and self.tol > 0 and self.max_iter > 0:
            reason = f"EM did not converge in max_iter={self.max_iter} steps"
            warn(f"{reason}: raise max_iter or tol", known_to_sklearn(ConvergenceWarning))
        return self

    def fit_predict(self, X: ArrayLike, y: Any = None, *, sample_weight: Given = None,
                    priors: Given = None, error_covariances: Given = None) -> Labels:  # fmt: skip
        """Fit, then the most probable component of each point (N,).

        Examples
        --------
        >>> GMM(2, init_params=[0, 0, 1, 1]).fit_predict([[0.0], [0.1], [5.0], [5.2]])
        array([0, 0, 1, 1])
        """
        what_is_known: Any = {"priors": priors, "error_covariances": error_covariances}
        self.fit(X, sample_weight=sample_weight, **what_is_known)
        return self.predict(X, **what_is_known)

    @np.errstate()  # as in fit
    def partial_fit(self, X: ArrayLike, y: Any = None, *, sample_weight: Given = None,
                    priors: Given = None, error_covariances: Given = None,
                    memory: float | None = None) -> Self:  # fmt: skip
        """Learn from one more batch of a stream, by a step of stepwise EM (:eq:`stream`).

        The batch is met by the present parameters and then let go: what stays are sums, and
        :meth:`save`, copies and pickles keep them.  See :doc:`/streams`.

        Parameters
        ----------
        X : array (N, D)
            From one row on.  Only the first batch must hold a start: if no ``weights_init``,
            ``means_init`` or ``covariances_init`` is given it is fitted, as by :meth:`fit`.
        y : ignored
        sample_weight, priors, error_covariances
            As for :meth:`fit`.
        memory : float, optional
            How many points are remembered: of older ones less and less is left
            (:eq:`memory`).  A number follows what drifts.  ``math.inf`` is for data that do not
            drift and a start that is good.  By default the memory grows with the stream, but more
            slowly: the start is forgotten, and the parameters settle.

        Returns
        -------
        GMM
            The model itself.

        Raises
        ------
        ValueError, TypeError
            For data or arguments that do not fit, if the first batch is too small for a start, and
            if a component has no points left.  The model is then what it was.

        Examples
        --------
        Batches that are thrown away, and their mixture:

        >>> truth = GMM.from_parameters([0.3, 0.7], [[-2.0], [2.0]], 1.0, covariance_type="EII")
        >>> stream = truth.set_params(random_state=np.random.default_rng(0))
        >>> model = GMM(2, random_state=0)
        >>> for _ in range(100):
        ...     model = model.partial_fit(stream.sample(200)[0])
        >>> model.means_.ravel().round(1), model.n_samples_seen_
        (array([-2.,  2.]), 20000.0)
        """
        known = {"priors": priors, "error_covariances": error_covariances}
        online.partial_fit(self, X, memory, sample_weight=sample_weight, **known)
        return self

    # ---- Why EM climbs -----------------------------------------------------------------------

    @additive
    def q_function(
        self, X: ArrayLike, r: ArrayLike, *, sample_weight: Given = None, priors: Given = None
    ) -> float:
        r"""Expected complete log-likelihood under responsibilities r (N, K) (:eq:`q-function`).

        .. math::

            Q = \sum_n \sum_k r_{nk} \log \bigl[ \pi_k \mathcal{N}(x_n \mid \mu_k, \Sigma_k) \bigr]

        Examples
        --------
        With r of 0 and 1 it is the complete log-likelihood:

        >>> uneven = GMM.from_parameters([0.2, 0.8], [[-1.0], [1.0]], 1.0, covariance_type="EII")
        >>> Q = uneven.q_function([[0.3]], [[0.0, 1.0]])
        >>> Q == uneven.complete_log_likelihood([[0.3]], [1])
        True
        """
        rows = self._check_rows(X, sample_weight, priors)
        r = check_responsibilities(r, len(rows.X), self._n_places, "r")
        terms = np.zeros_like(r)  # 0 where r is, even if the log joint is -inf
        np.multiply(r, self._log_joint(rows), out=terms, where=r > 0)
        return rows.weighted_sum(terms.sum(axis=1))

    @staticmethod
    @additive
    def entropy(q: ArrayLike, *, sample_weight: Given = None) -> float:
        r"""Entropy of a distribution over assignments, q (N, K), in nats (:eq:`entropy`).

        .. math::

            H(q) = -\sum_n \sum_k q_{nk} \log q_{nk}

        Examples
        --------
        >>> round(GMM.entropy([[0.5, 0.5], [0.0, 1.0]]), 4)  # log 2
        0.6931
        """
        q = np.atleast_2d(as_floats(q, "q"))
        N, K = q.shape
        q = check_responsibilities(q, N, K, "q")
        rows = check_rows(q, K, sample_weight)
        return rows.weighted_sum(entr(q).sum(axis=1))

    @additive
    def elbo(
        self, X: ArrayLike, q: ArrayLike, *, sample_weight: Given = None, priors: Given = None
    ) -> float:
        r"""Lower bound on the log-likelihood, for any q (N, K) (:eq:`elbo`).

        .. math::

            \mathcal{L}(q, \theta) = Q + H(q) \le \log p(X \mid \theta)

        Examples
        --------
        The bound touches the log-likelihood where q is the posterior:

        >>> pair = GMM.from_parameters([0.5, 0.5], [[-1.0], [1.0]], [[[1.0]], [[1.0]]])
        >>> bound = pair.elbo([[0.0]], [[0.5, 0.5]])
        >>> round(pair.log_likelihood([[0.0]]) - bound, 12)
        0.0
        """
        q = check_responsibilities(q, len(self._check_rows(X).X), self._n_places, "q")
        Q = self.q_function(X, q, sample_weight=sample_weight, priors=priors)
        return Q + self.entropy(q, sample_weight=sample_weight)

    @additive
    def kl(
        self, X: ArrayLike, q: ArrayLike, *, sample_weight: Given = None, priors: Given = None
    ) -> float:
        r"""What the bound lacks: divergence of q from the posterior (:eq:`kl`).

        .. math::

            \mathrm{KL}(q \,\|\, r) = \sum_n \sum_k q_{nk} \log \frac{q_{nk}}{r_{nk}}
                = \log p(X \mid \theta) - \mathcal{L}(q, \theta)

        Examples
        --------
        Two components that are alike leave every point in doubt, and a q that is certain has a
        price:

        >>> alike = GMM.from_parameters([0.5, 0.5], [[0.0], [0.0]], 1.0, covariance_type="EII")
        >>> round(alike.kl([[3.0]], [[1.0, 0.0]]), 4)  # log 2
        0.6931
        """
        rows = self._check_rows(X, sample_weight, priors)
        q = check_responsibilities(q, len(rows.X), self._n_places, "q")
        log_r = log_softmax(self._log_joint(rows), axis=1)
        cross = np.zeros_like(q)
        np.multiply(q, log_r, out=cross, where=q > 0)
        return rows.weighted_sum((xlogy(q, q) - cross).sum(axis=1))

    # ---- Use ---------------------------------------------------------------------------------

    @row_by_row
    def predict(
        self, X: ArrayLike, *, priors: Given = None, error_covariances: Given = None
    ) -> Labels:
        """The most probable component of each point, (N,); -1 is the noise.

        Examples
        --------
        Of two equal points the second is known to be of component 1:

        >>> pair = GMM.from_parameters([0.5, 0.5], [[-1.0], [1.0]], [[[1.0]], [[1.0]]])
        >>> pair.predict([[-0.5], [-0.5]], priors=[-1, 1])
        array([0, 1])
        """
        rows = self._check_rows(X, None, priors, error_covariances)
        z = self._per_block(rows, partial(np.argmax, axis=0))
        return np.where(z == self.n_components, -1, z) if self.noise else z

    @row_by_row
    def predict_proba(
        self, X: ArrayLike, *, priors: Given = None, error_covariances: Given = None
    ) -> Array:
        """Responsibilities :eq:`e-step`, (N, K).

        Examples
        --------
        >>> from numpy_ml_gmm import load_old_faithful
        >>> X = load_old_faithful().X
        >>> GMM(2, random_state=0).fit(X).predict_proba(X[:2]).round(3)
        array([[0., 1.],
               [1., 0.]])
        """
        rows = self._check_rows(X, None, priors, error_covariances)
        return self._per_block(rows, lambda joint: responsibilities(joint, axis=0).T)

    @row_by_row
    def score_samples(
        self, X: ArrayLike, *, priors: Given = None, error_covariances: Given = None
    ) -> Array:
        """Log density of each point, (N,).

        Examples
        --------
        >>> GMM.from_parameters([1.0], [[0.0]], [[[4.0]]]).score_samples([[0.0], [2.0]]).round(4)
        array([-1.6121, -2.1121])
        """
        rows = self._check_rows(X, None, priors, error_covariances)
        return self._per_block(rows, log_sum)

    def score(self, X: ArrayLike, y: Any = None, *, sample_weight: Given = None,
              priors: Given = None, error_covariances: Given = None) -> float:  # fmt: skip
        """Log-likelihood, the mean over points.

        Examples
        --------
        >>> round(GMM.from_parameters([1.0], [[0.0]], [[[4.0]]]).score([[0.0], [2.0]]), 4)
        -1.8621
        """
        what_is_known = sample_weight, priors, error_covariances
        log_p, N = self._summed(X, log_sum, *what_is_known)
        return float(log_p / N)

    def sample(self, n_samples: int = 1) -> tuple[Array, Labels]:
        """Draw points: first how many of each component, then those of its Gaussian.

        Returns
        -------
        X : ndarray (n_samples, D)
        z : ndarray (n_samples,)
            The component of each point.  Points come in random order.

        Examples
        --------
        >>> X, z = GMM.from_parameters([1.0], [[7.0]], [[[1.0]]], random_state=0).sample(3)
        >>> X.shape, z
        ((3, 1), array([0, 0, 0]))
        """
        theta, pi = self.theta, self._places.weights
        n_samples = check_count(n_samples, "n_samples")
        rng = random_generator(self.random_state)
        L = np.sqrt(theta.covariances) if theta.diagonal else cholesky(theta.covariances)
        labels = np.arange(len(pi))
        labels[self.n_components :] = -1  # noise
        X, z = np.empty((n_samples, self.n_features_in_)), np.empty(n_samples, int)
        for some in slices(0, n_samples, ROWS_PER_BLOCK):  # so few are shuffled in the cache
            N_k = rng.multinomial(some.stop - some.start, pi / pi.sum())
            Y = rng.standard_normal((N_k.sum(), self.n_features_in_))
            parts = np.split(Y, np.cumsum(N_k)[:-1])  # first all points of component 0
            for y, mu, L_k in zip(parts, theta.means, L, strict=False):
                y[:] = (y * L_k if theta.diagonal else y @ L_k.T) + mu
            if self.noise:
                parts[-1][:] = self._box.draw(len(parts[-1]), rng)
            order = rng.permutation(len(Y))
            X[some], z[some] = Y.take(order, axis=0), labels.repeat(N_k).take(order)
        return X, z

    def marginal(self, features: Columns) -> GMM:
        r"""The mixture of some of the features, in the order given (:eq:`marginal`).

        .. math::

            p(x_o) = \sum_k \pi_k \, \mathcal{N}(x_o \mid \mu_{k,o}, \Sigma_{k,oo})

        Parameters
        ----------
        features : int, str, or list of these
            By number, or by name after a fit to a data frame.

        Returns
        -------
        GMM
            Of ``covariance_type`` full, or diag if this one's covariances are diagonal.

        Examples
        --------
        >>> flat = GMM.from_parameters([1.0], [[1.0, 2.0]], [[4.0, 9.0]], covariance_type="diag")
        >>> flat.marginal(1).covariances_
        array([[9.]])
        """
        chosen = self._check_columns(features)
        return self._of_features(self.theta.marginal(chosen), chosen)

    def condition(self, features: Columns, values: ArrayLike) -> GMM:
        r"""The mixture of the remaining features, where these have values (:eq:`conditional`).

        .. math::

            p(x_m \mid x_o) =
                \sum_k r_k(x_o) \, \mathcal{N}\bigl(x_m \mid \mu_k(x_o), C_k\bigr)

        Parameters
        ----------
        features : int, str, or list of these
            Those that are known, by number, or by name after a fit to a data frame.
        values : float or array
            One for each of them.

        Returns
        -------
        GMM
            Of ``covariance_type`` full, or diag if this one's covariances are diagonal.

        Raises
        ------
        ValueError
            If a feature does not exist, a value is not finite, or no feature remains.

        Examples
        --------
        How long is the wait after an eruption of two minutes?

        >>> from numpy_ml_gmm import load_old_faithful
        >>> model = GMM(2, random_state=0).fit(load_old_faithful().X)
        >>> wait = model.condition(0, 2.0)
        >>> wait.weights_.round(3), wait.means_.ravel().round(1)
        (array([1., 0.]), array([54.2, 67.3]))
        """
        chosen = self._check_columns(features)
        x = conditional.check_values(values, chosen, self.n_features_in_)
        theta = self.theta
        rest = conditional.remaining(theta, chosen)
        return self._of_features(conditional.condition(theta, chosen, x), rest)

    @overload
    def regress(self, X: ArrayLike, return_cov: Literal[False] = False) -> Array: ...

    @overload
    def regress(self, X: ArrayLike, return_cov: Literal[True]) -> tuple[Array, Array]: ...

    @row_by_row
    def regress(self, X, return_cov=False):
        r"""Complete a table: NaN becomes its mean, given the rest of its row.

        Mean and covariance are those of the conditional mixture
        (:eq:`conditional-mean`, :eq:`conditional-covariance`).

        Parameters
        ----------
        X : array (N, D)
            NaN where the answer is wanted.
        return_cov : bool
            Whether to return the covariances too.

        Returns
        -------
        completed : ndarray (N, D)
        covariances : ndarray (N, D, D)
            Only with ``return_cov``: of what was NaN, and 0 for what was known.

        Raises
        ------
        ValueError, TypeError
            If X does not fit the model, or holds infinity.

        Examples
        --------
        The variance is largest where it is not clear which component explains the row:

        >>> corners = GMM.from_parameters([0.5, 0.5], [[0, 0], [9, 9]], 1.0, covariance_type="EII")
        >>> completed, V = corners.regress([[0, np.nan], [4.5, np.nan]], return_cov=True)
        >>> completed[:, 1].round(2), V[:, 1, 1].round(2)
        (array([0. , 4.5]), array([ 1.  , 21.25]))
        """
        rows = self._check_rows(X)
        return conditional.regress(self.theta, rows, return_cov)

    def impute(self, X: ArrayLike, draws: int | None = None) -> Array:
        r"""Fill in what is missing: by its conditional mean, or by random draws.

        The mean is the best single guess, and looks too sure: what is filled in varies less
        than what is known.  Draws from :eq:`conditional` vary as they should; whoever goes on to
        estimate something does so on each of them.

        Parameters
        ----------
        X : array (N, D)
            nan where a number is missing.
        draws : int, optional
            How many completions to draw, with the model's ``random_state``.

        Returns
        -------
        ndarray (N, D), or (draws, N, D)

        Raises
        ------
        ValueError, TypeError
            If X does not fit the model, or holds infinity.

        Examples
        --------
        >>> pair = GMM.from_parameters([1.0], [[0, 0]], [[[1, 0.8], [0.8, 1]]], random_state=0)
        >>> pair.impute([[2.0, np.nan]])
        array([[2. , 1.6]])
        >>> pair.impute([[2.0, np.nan]], draws=10_000)[:, 0, 1].std().round(2)  # sqrt(1 - 0.8^2)
        np.float64(0.6)
        """
        if draws is None:
            return self.regress(X)
        return np.swapaxes(self._drawn(X, check_count(draws, "draws")), 0, 1)

    def to_sklearn(self, X: Given = None) -> Any:
        """The same mixture as scikit-learn's ``GaussianMixture``, for tools that ask for one.

        Covariances that scikit-learn has no type for are written out, one for each component.
        ``lower_bound_`` is the mean log-likelihood of the points of the fit, or of X if given.

        Raises
        ------
        ValueError
            If there is noise, which scikit-learn has not; of a variational mixture also if its
            covariances are not full, see :mod:`numpy_ml_gmm.exchange`.

        Examples
        --------
        >>> from numpy_ml_gmm import load_iris
        >>> X = load_iris().X
        >>> model = GMM(3, covariance_type="VEV", random_state=0).fit(X)
        >>> theirs = model.to_sklearn()
        >>> theirs.covariance_type, np.allclose(theirs.score_samples(X), model.score_samples(X))
        ('full', True)
        """
        return exchange.to_sklearn(self, X)

    @classmethod
    def from_sklearn(cls, model: Any) -> Self:
        """A mixture that scikit-learn has fitted, with every method of this class.

        Raises
        ------
        TypeError, ValueError
            If it is no fitted ``GaussianMixture``, or for :class:`~numpy_ml_gmm.BayesianGMM` no
            fitted ``BayesianGaussianMixture`` with full covariances.

        Examples
        --------
        >>> from sklearn.mixture import GaussianMixture
        >>> from numpy_ml_gmm import load_old_faithful
        >>> theirs = GaussianMixture(2, random_state=0).fit(load_old_faithful().X)
        >>> GMM.from_sklearn(theirs).condition(0, 2.0).means_.round(1).min()  # the next wait
        np.float64(54.2)
        """
        return exchange.from_sklearn(cls, model)

    # ---- How many components -----------------------------------------------------------------

    def n_parameters(self) -> int:
        """Free parameters: K - 1 weights, K D means, and those of the covariances; none held.

        Examples
        --------
        >>> from numpy_ml_gmm import load_iris
        >>> GMM(3, random_state=0).fit(load_iris().X).n_parameters()  # 2 + 12 + 30
        44
        """
        self._check_is_fitted()
        D, held = np.shape(self.means_)[1], check_fixed(self)
        weights, means, covariances = (int(np.count_nonzero(~mask)) for mask in held.values())
        weights -= weights > 0  # they share what the others leave
        covariances = covariances and self.covariance_model.n_parameters(covariances, D)
        noise = 2 * self.noise  # its weight and its volume, as mclust counts
        return int(weights + means * D + covariances + noise)

    def aic(self, X: ArrayLike, *, sample_weight: Given = None, priors: Given = None) -> float:
        r"""Akaike's criterion; smaller is better (:eq:`aic`).

        .. math::

            \mathrm{AIC} = -2 \log p(X \mid \theta) + 2 \, \mathrm{df}

        Examples
        --------
        >>> round(GMM.from_parameters([1.0], [[0.0]], [[[4.0]]]).aic([[0.0], [2.0]]), 2)
        11.45
        """
        log_p = self.log_likelihood(X, sample_weight=sample_weight, priors=priors)
        return -2 * log_p + 2 * self.n_parameters()

    def bic(self, X: ArrayLike, *, sample_weight: Given = None, priors: Given = None) -> float:
        r"""Schwarz's criterion; smaller is better (mclust prints its negative) (:eq:`bic`).

        .. math::

            \mathrm{BIC} = -2 \log p(X \mid \theta) + \mathrm{df} \log N

        N is the sum of the weights, if there are any.

        Examples
        --------
        >>> wide = GMM.from_parameters([1.0], [[0.0]], [[[4.0]]])
        >>> repeated = wide.bic([[0.0], [0.0], [0.0], [2.0]])
        >>> wide.bic([[0.0], [2.0]], sample_weight=[3, 1]) == repeated
        True
        """
        log_p, N = self._summed(X, log_sum, sample_weight, priors)
        return float(-2 * log_p + self.n_parameters() * np.log(N))

    def icl(self, X: ArrayLike, *, sample_weight: Given = None, priors: Given = None) -> float:
        r"""Integrated completed likelihood; smaller is better (:eq:`icl`).

        BIC with the complete log-likelihood at the most probable components.

        .. math::

            \mathrm{ICL} = -2 \log p(\hat Z, X \mid \theta) + \mathrm{df} \log N

        Examples
        --------
        One component leaves no doubt, and ICL is BIC:

        >>> wide = GMM.from_parameters([1.0], [[0.0]], [[[4.0]]])
        >>> wide.icl([[0.0], [2.0]]) == wide.bic([[0.0], [2.0]])
        True
        """
        complete, N = self._summed(X, partial(np.max, axis=0), sample_weight, priors)
        return float(-2 * complete + self.n_parameters() * np.log(N))

    # ---- The density in use ------------------------------------------------------------------

    def cdf(self, x: ArrayLike) -> NDArray[np.float64]:
        r"""The mass to the left of x, of a mixture of one feature (:eq:`cdf`), in the shape of x.

        .. math::

            \Phi(x \mid \theta) = \sum_k \pi_k \, \Phi\Bigl(\frac{x - \mu_k}{\sigma_k}\Bigr)

        See :func:`numpy_ml_gmm.density.cdf`.

        Examples
        --------
        >>> GMM.from_parameters([1.0], [[0.0]], [[[4.0]]]).cdf([-np.inf, 0.0, 2.0]).round(4)
        array([0.    , 0.5   , 0.8413])
        """
        return density.cdf(self, x)

    def quantile(self, p: ArrayLike) -> NDArray[np.float64]:
        r"""The number below which a mixture of one feature has mass p, in the shape of p.

        It is the inverse of :meth:`cdf` (:eq:`quantile`), to the last digit.
        See :func:`numpy_ml_gmm.density.quantile`.

        Examples
        --------
        Of the mixture's waiting times nine in ten are shorter than:

        >>> from numpy_ml_gmm import load_old_faithful
        >>> model = GMM(2, random_state=0).fit(load_old_faithful().X)
        >>> model.marginal(1).quantile(0.9).round(1)
        np.float64(86.1)
        """
        return density.quantile(self, p)

    def density_level(self, mass: ArrayLike = 0.99) -> NDArray[np.float64]:
        r"""The log density on the border of the smallest region of that mass.

        (:eq:`density-level`)  See :func:`numpy_ml_gmm.density.density_level`.

        Examples
        --------
        >>> plane = GMM.from_parameters([1.0], [[0, 0]], 1.0, covariance_type="EII")
        >>> plane.density_level([0.5, 0.9]).round(2)  # log(0.5 / 2 pi), log(0.1 / 2 pi)
        array([-2.53, -4.14])
        """
        return density.density_level(self, mass)

    @row_by_row
    def outliers(self, X: ArrayLike, mass: float = 0.99) -> NDArray[np.bool_]:
        r"""Whether each row lies outside the smallest region of that mass (:eq:`outliers`), (N,).

        Of a row that lacks values, what it has is compared with the marginal mixture.  Noise is
        part of the density, so a point in its box is as ordinary as the box makes it: those that
        no component explains are ``model.predict(X) == -1``.
        See :func:`numpy_ml_gmm.density.outliers`.

        Examples
        --------
        >>> plane = GMM.from_parameters([1.0], [[0, 0]], 1.0, covariance_type="EII")
        >>> plane.outliers([[0.0, 3.0], [0.0, 3.1], [np.nan, 3.0]])
        array([False,  True,  True])
        """
        return density.outliers(self, X, mass)

    def kl_to(self, other: GMM, n_samples: int = 10_000) -> compare.Estimate:
        r"""Divergence of another mixture from this one, in nats, by draws (:eq:`kl-mixtures`).

        .. math::

            \mathrm{KL}(p \,\|\, q) = \int p(x) \log \frac{p(x)}{q(x)} \, dx

        A ``value`` and its ``standard_error``; draws are those of ``random_state``.
        See :mod:`numpy_ml_gmm.compare`, also for what needs no draws.

        Examples
        --------
        It is the log-likelihood of a point that is lost to the other mixture, on average:

        >>> one, two = (GMM(K, random_state=0).fit([[0], [1], [7], [9]]) for K in (1, 2))
        >>> two.kl_to(one).value > 0, two.kl_to(two).value
        (True, 0.0)
        """
        return compare.kl_divergence(self, other, n_samples, self.random_state)

    def summary(self) -> Summary:
        """A table of the components: weight, points, mean and deviation of each feature.

        It also says which features tell each component from its nearest (:eq:`affinity`).  It
        prints in 80 columns, and is a table in a notebook; components of few points are marked.

        Returns
        -------
        Summary

        Examples
        --------
        >>> from numpy_ml_gmm import load_old_faithful
        >>> GMM(2, random_state=0).fit(load_old_faithful().X).summary()
        GMM, 'full': 2 components, 2 features, 272 points
        <BLANKLINE>
        component  weight  points           x0          x1
        0           0.356    96.8  2.04 ± 0.26  54.5 ± 5.8
        1           0.644   175.2  4.29 ± 0.41  80.0 ± 6.0
        <BLANKLINE>
        Overlap of each component with its nearest, 1 if they are the same:
        <BLANKLINE>
        components  overlap  the features that overlap least
        0 and 1        0.00  x0 0.00, x1 0.10
        """
        return summary.summarise(self)

    # ---- Plumbing ----------------------------------------------------------------------------

    def _become(self, run, X):
        """Take over what a fit to X has found."""
        for name in self._fitted:
            vars(self).pop(name, None)
            if hasattr(run, name):
                setattr(self, name, getattr(run, name))
        self._remember_features(X)

    def _keep(self, run, X, stop):
        """Of a fit to chunks that is stopped the last whole step; an error says so."""
        reached = in_chunks(X) and vars(run).get("history_") is not vars(self).get("history_")
        if reached:
            self._become(run, X)
        if isinstance(stop, ClusterLost):
            kept = f"the model holds step {run.n_iter_}: go on with warm_start=True"
            kept = kept if reached else "the model is what it was: fit again"
            stop.args = (f"{stop}. Start a cluster; {kept}",)

    def _check_is_fitted(self):
        """There are parameters, and they are those that the arguments ask for."""
        super()._check_is_fitted()
        for name in ("weights_", "covariances_", "n_features_in_"):
            if not hasattr(self, name):
                reason = f"has means_ but no {name}: to set parameters by hand,"
                raise not_fitted_error(self, reason)
        K, D, shape = self.n_components, self.n_features_in_, np.shape(self.means_)
        remedy = "fit again without warm_start, or set it back"
        if shape != (K, D):
            raise ValueError(
                f"means_ has shape {shape}, but n_components={K} and {D} features need "
                f"{(K, D)}: {remedy}"
            )
        if not self.noise and hasattr(self, "noise_box_"):
            raise ValueError(f"weights_ are those beside noise, but now noise=False: {remedy}")
        fitted = getattr(self, "_fitted_type", self.covariance_type)
        if covariance_model(fitted).form != self.covariance_model.form:
            raise ValueError(
                f"covariances_ are of covariance_type={fitted!r}, but now it is "
                f"{self.covariance_type!r}: {remedy}"
            )

    def _check_rows(self, X, sample_weight=None, priors=None, error_covariances=None):
        """The door: data that fit the fitted model, as :class:`~numpy_ml_gmm.blocks.Rows`."""
        self._check_is_fitted()
        self._check_feature_names(X)
        n_jobs, K, D = thread_count(self.n_jobs), self._n_places, self.n_features_in_
        rows = check_rows(X, K, sample_weight, priors, D, n_jobs, error_covariances)
        rows = rows._replace(box=self._box)
        if rows.priors is not None:
            check_some_component(rows.priors, self._places.weights)
        if rows.X.dtype == np.float64 or is_resolved(self.theta, rows.X.dtype):
            return rows
        return rows.in_double()  # single precision cannot see the model

    def _check_arguments(self):
        """Arguments that a fit can work with."""
        check_count(self.n_components, "n_components")
        check_count(self.max_iter, "max_iter", minimum=0)
        check_count(self.n_init, "n_init")
        check_not_negative(self.tol, "tol")
        check_not_negative(self.var_smoothing, "var_smoothing", at_most=1e6)
        check_flag(self.warm_start, "warm_start")
        check_flag(self.verbose, "verbose")
        check_flag(self.noise, "noise")
        check_flag(self.accelerate, "accelerate")
        check_fixed(self)
        as_prior(self.conjugate_prior)

    def _check_training_rows(self, X, sample_weight, priors, error_covariances=None, n_places=None):
        """The door of :meth:`fit`: arguments, and data that the model may be fitted to."""
        self._check_arguments()
        n_places, n_jobs = n_places or self._n_places, thread_count(self.n_jobs)
        known = sample_weight, priors, n_jobs, error_covariances
        rows = rows_of(X, n_places, *known, progress=self.verbose)
        check_enough_rows(rows, self.n_components)
        look_for_ids(rows)
        return rows

    def _data(self, rows):
        """What all steps of a fit to these rows share."""
        data = Data.of(rows, self.covariance_model.diagonal, self.var_smoothing)
        if self.conjugate_prior is not None:  # it holds up the covariances, exactly
            data = data._replace(smoothing=0 * data.smoothing)
        if self.noise and rows.box is None:
            data = data._replace(rows=data.rows._replace(box=Box.of(rows)))
        return data

    def _known(self, data):
        """What there is to know besides the data."""
        N, rows = data.rows.total_weight, data.rows
        return known_to(self, N, data.mean, data.unsmoothed, rows.box)

    @property
    def _smoothing(self):
        """The portion of the variances that smoothing adds; a prior does without."""
        return self.var_smoothing if self.conjugate_prior is None else 0.0

    @property
    def _n_places(self):
        """How many columns responsibilities have: the components, and the noise."""
        return self.n_components + bool(self.noise)

    @property
    def _box(self):
        """The box of the noise, if there is any."""
        if not self.noise:
            return None
        for name in ("noise_box_", "noise_weight_"):
            if not hasattr(self, name):
                raise not_fitted_error(self, f"has noise=True but no {name}: call fit, or")
        return Box(self.noise_box_[0], self.noise_box_[1:])

    @property
    def _places(self):
        """The components, and in the last place the noise."""
        return self._box.beside(self.theta, self.noise_weight_) if self.noise else self.theta

    @property
    def _objective(self):
        """What EM climbs, in words."""
        return "log-likelihood" if self.conjugate_prior is None else "log-posterior"

    def _find_start(self, data, known, rng):
        """Where a fit to some data starts, as a :class:`~numpy_ml_gmm.restarts.Start`."""
        return restarts.find_start(self, data, known, rng)

    def _go_on(self, data):
        """What a fit to some data has to know where it goes on without looking for a start."""

    def _collapse(self, theta, data):
        """In words, that a component has no volume of its own; or None."""
        return restarts.collapse(theta, self, data)

    def _check_statistics(self, statistics):
        """Statistics of as many components and features as the model has."""
        if not isinstance(statistics, Statistics):
            name = type(statistics).__name__
            raise TypeError(f"statistics is a {name}: pass what e_step returns")
        D = statistics.firsts.shape[-1]
        found = *statistics.firsts.shape, statistics.diagonal
        wanted = (
            self._n_places,
            getattr(self, "n_features_in_", D),
            self.covariance_model.diagonal,
        )
        if found != wanted:
            raise ValueError(
                "statistics are of another model: (n_components, n_features, diagonal) is "
                f"{found}, expected {wanted}. Pass what e_step of this model returns"
            )

    def _check_columns(self, features):
        """Features of the fitted model, by number."""
        self._check_is_fitted()
        names = getattr(self, "feature_names_in_", None)
        return conditional.check_columns(features, self.n_features_in_, names)

    def _of_features(self, theta, features):
        """The mixture theta of some of the features, with the arguments of this one."""
        of_this = "weights_init", "means_init", "covariances_init", "conjugate_prior"
        none = dict.fromkeys(of_this) | {"fixed": (), "noise": False}
        kind = {"covariance_type": "diag" if theta.diagonal else "full"}
        model = type(self)(**self.get_params() | none | kind)
        if self.noise:  # it is left out
            theta = theta._replace(weights=theta.weights / theta.weights.sum())
        model._set_theta(theta)
        if hasattr(self, "feature_names_in_"):
            model.feature_names_in_ = self.feature_names_in_[features]
        return model

    def _per_block(self, rows, function):
        """``function`` of the log joint (K, B) of each block, joined along the rows."""
        return map_log_joint(function, rows, natural_of(self._places, rows))

    @additive
    def _summed(self, X, function, sample_weight=None, priors=None, error_covariances=None):
        """``function`` of the log joint of each point, summed, and the number of points: (2,)."""
        rows = self._check_rows(X, sample_weight, priors, error_covariances)
        return np.array([rows.weighted_sum(self._per_block(rows, function)), rows.total_weight])

    @row_by_row
    def _drawn(self, X, draws):
        """X (N, draws, D), completed by random draws."""
        rows, rng = self._check_rows(X), random_generator(self.random_state)
        return np.swapaxes(conditional.draw(self.theta, rows, draws, rng), 0, 1)

    def _log_joint(self, rows):
        """The log joint (N, K)."""
        return self._per_block(rows, lambda joint: joint.T.copy())

    def _set_theta(self, theta, dtype=np.float64, box=None):
        """Parameters as attributes, in the shapes of the covariance type."""
        vars(self).pop("counts_", None)  # those of other parameters
        if box is not None:
            self.noise_box_ = np.vstack([box.centre, box.edges])
        elif not self.noise:  # nor is there any from an earlier fit
            vars(self).pop("noise_box_", None)
            vars(self).pop("noise_weight_", None)
        if self.noise and len(theta.weights) > self.n_components:
            self.noise_weight_ = float(theta.weights[-1])
            theta = theta.reorder(slice(-1))
        self.weights_ = theta.weights.astype(dtype)
        self.means_ = theta.means.astype(dtype)
        if dtype != np.float64 and not theta.diagonal and not holds(dtype, theta.covariances):
            dtype = np.float64  # in single precision they would be singular
        self.covariances_ = self.covariance_model.contract(theta.covariances).astype(dtype)
        self.n_features_in_ = self.means_.shape[1]
        self._fitted_type = self.covariance_type

    _fitted: tuple[str, ...] = FITTED
    _results: tuple[str, ...] = *FITTED, "feature_names_in_", "class_labels_"

    @staticmethod
    def _saved_shapes(values, shapes):
        """What K, D and the covariance type in a file imply."""
        if "means_" not in shapes:
            return {}
        K, D = (check_count(values[name], name) for name in ("n_components", "n_features_in_"))
        fitted_type = values.get("_fitted_type", values["covariance_type"])
        kind, places = covariance_model(fitted_type), K + bool(values.get("noise"))
        shapes = Parameters.shapes(K, D, kind) | {"counts_": (places,)}
        return shapes | online.shapes(places, D, kind.diagonal)

    def _check_state(self):
        """Arguments, parameters and results that a fit could have left here."""
        self._check_arguments()
        thread_count(self.n_jobs)
        random_generator(self.random_state)
        covariance_model(self.covariance_type)
        shapes = {}
        if hasattr(self, "n_features_in_") or hasattr(self, "means_"):
            self._check_is_fitted()
            self._checked_theta(self.n_features_in_)
            online.check_stream(self)
            K, D = self.n_components, self.n_features_in_
            shapes = Parameters.shapes(K, D, self.covariance_model)
            shapes |= {"counts_": (self._n_places,)}
        check_results(vars(self), shapes)

    def _shown(self):
        """Shapes and bits of the attributes, by which a change is seen; a list is one."""
        attributes = [self.weights_, self.means_, self.covariances_]
        attributes += [np.float64(self.noise_weight_)] if self.noise else []
        return [hasattr(a, "tobytes") and (a.shape, a.tobytes()) for a in attributes]

    def _checked_theta(self, D):
        """The attributes as a value, for data of D features: somebody may have set them."""
        means = check_means(self.means_, self.n_components, D, "means_")
        box, weights = self._box, np.asarray(self.weights_)
        if box is not None:
            both = np.append(weights, self.noise_weight_)
            check_weights(both, self.n_components + 1, "weights_ and noise_weight_")
            weights = weights / max(1 - self.noise_weight_, TINY)
        theta = Parameters.check(weights, means, self.covariances_, self.covariance_model)
        return theta if box is None else box.beside(theta, self.noise_weight_)

    def _show(self, x, start, converged=False):
        """How high the climb has come, by statistics or a run, and how it went, as attributes."""
        self.log_likelihood_, self.converged_ = x.log_likelihood, bool(converged)
        self.counts_ = x.counts
        if self.conjugate_prior is not None:
            self.log_posterior_ = float(x.objective)
        else:  # that of an earlier fit would be of another model
            vars(self).pop("log_posterior_", None)
        self.history_, self.best_restart_ = start.histories, start.best
        self.n_iter_ = len(start.history)
        tell_step(self, x.objective)
