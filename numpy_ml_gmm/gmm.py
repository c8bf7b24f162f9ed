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

import math
import warnings

import numpy as np
from scipy.special import entr, log_softmax, logsumexp, softmax, xlogy

from . import initialization
from .blocks import Rows, thread_count
from .conventions import Estimator
from .covariances import covariance_model
from .parameters import Parameters
from .statistics import (
    ROUNDING,
    SingularCovariance,
    cholesky,
    components,
    diagonals,
    expected_statistics,
    is_resolved,
    map_log_joint,
    total_variance,
)
from .validation import (
    ConvergenceWarning,
    as_floats,
    check_alive,
    check_count,
    check_covariances,
    check_enough_rows,
    check_labels,
    check_matrix_shape,
    check_means,
    check_not_negative,
    check_responsibilities,
    check_rows,
    check_some_component,
    check_statistics,
    check_weights,
    check_X,
    collapsed,
    random_generator,
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
        At most so many EM steps.
    n_init : int
        Number of restarts.  Each is a short run of EM; the best goes on.
    init_params : str, array or callable
        Where EM starts: ``"k-means++"``, ``"kmeans"``, ``"random"``
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
        1 prints the log-likelihood every ten steps.

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
    n_features_in_ : int
    feature_names_in_ : ndarray
        Only after a fit to a data frame with string column names.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM, load_old_faithful
    >>> model = GMM(2, random_state=0).fit(load_old_faithful().X)
    >>> round(model.log_likelihood_, 2)
    -1130.26
    """

    def __init__(
        self,
        n_components=1,
        *,
        covariance_type="full",
        tol=1e-7,
        max_iter=1000,
        n_init=10,
        init_params="k-means++",
        weights_init=None,
        means_init=None,
        covariances_init=None,
        var_smoothing=1e-6,
        random_state=None,
        warm_start=False,
        n_jobs=None,
        verbose=0,
    ):
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

    @classmethod
    def from_parameters(cls, weights, means, covariances, **params):
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
        >>> GMM.from_parameters([0.5, 0.5], [[-1.0], [1.0]], [[[1.0]], [[1.0]]]).predict([[-2.0]])
        array([0])
        """
        K, D = check_matrix_shape(means, "means")
        model = cls(K, **params)
        model.weights_ = check_weights(weights, K)
        model.means_ = check_means(means, K, D)
        model.covariances_ = check_covariances(covariances, model.covariance_model, K, D)
        model.n_features_in_, model._fitted_type = D, model.covariance_type
        return model

    @property
    def theta(self):
        """The present parameters as one value, see :mod:`numpy_ml_gmm.parameters`.

        Examples
        --------
        >>> pair = GMM.from_parameters([0.5, 0.5], [[-1.0], [1.0]], [1.0, 4.0], \
covariance_type="spherical")
        >>> pair.theta.reorder([1, 0]).covariances
        array([[4.],
               [1.]])
        """
        self._check_is_fitted()
        return Parameters(self.weights_, self.means_, self._expanded())

    # ---- The model ---------------------------------------------------------------------------

    def log_joint(self, X):
        r"""Log joint of each point and each component, (N, K) (:eq:`log-joint`).

        .. math::

            \log p(x_n, z_n = k \mid \theta) =
                \log \pi_k + \log \mathcal{N}(x_n \mid \mu_k, \Sigma_k)

        Examples
        --------
        >>> standard = GMM.from_parameters([1.0], [[0.0]], [[[1.0]]])
        >>> standard.log_joint([[0.0]]).round(4)
        array([[-0.9189]])
        """
        return self._per_block(X, lambda joint: joint.T.copy())

    def log_likelihood(self, X):
        r"""Log-likelihood of the observed points, the sum over n (:eq:`log-likelihood`).

        .. math::

            \log p(X \mid \theta) =
                \sum_n \log \sum_k \pi_k \, \mathcal{N}(x_n \mid \mu_k, \Sigma_k)

        Examples
        --------
        >>> pair = GMM.from_parameters([0.5, 0.5], [[-1.0], [1.0]], [[[1.0]], [[1.0]]])
        >>> round(pair.log_likelihood([[0.0], [0.0]]), 4)
        -2.8379
        """
        return float(self.score_samples(X).sum(dtype=np.float64))

    def complete_log_likelihood(self, X, z):
        r"""Log of the joint likelihood :eq:`joint` for known z: :eq:`complete-log-likelihood`.

        .. math::

            \log p(Z, X \mid \theta) =
                \sum_n \log \pi_{z_n} \mathcal{N}(x_n \mid \mu_{z_n}, \Sigma_{z_n})

        Examples
        --------
        >>> pair = GMM.from_parameters([0.5, 0.5], [[-1.0], [1.0]], [[[1.0]], [[1.0]]])
        >>> round(pair.complete_log_likelihood([[0.0], [0.0]], [0, 1]), 4)
        -4.2242
        """
        joint = self.log_joint(X)
        z = check_labels(z, len(joint), self.n_components, "z")
        return float(joint[np.arange(len(z)), z].sum(dtype=np.float64))

    # ---- EM ----------------------------------------------------------------------------------

    def e_step(self, X, *, sample_weight=None, priors=None):
        r"""Expected sufficient statistics under the posterior of each point (:eq:`e-step`).

        .. math::

            r_{nk} = p(z_n = k \mid x_n, \theta) =
                \frac{\pi_k \mathcal{N}(x_n \mid \mu_k, \Sigma_k)}
                     {\sum_j \pi_j \mathcal{N}(x_n \mid \mu_j, \Sigma_j)} ,
            \qquad
            s_k = \sum_n r_{nk} \, (1, x_n, x_n x_n^\top)

        Parameters
        ----------
        X : array (N, D)
        sample_weight : array (N,), optional
            How often each point counts.
        priors : array (N, K), optional
            What is known of each point's component: :math:`\pi_k` times
            ``priors[n, k]`` takes the place of :math:`\pi_k`.

        Returns
        -------
        Statistics
            What :meth:`m_step` takes, with the ``log_likelihood`` of the
            present parameters.

        Examples
        --------
        >>> pair = GMM.from_parameters([0.5, 0.5], [[-1.0], [1.0]], [[[1.0]], [[1.0]]])
        >>> pair.e_step([[0.0], [0.0], [9.0]]).counts.round(4)
        array([1., 2.])
        """
        rows = self._check_rows(X, sample_weight, priors)
        check_some_component(rows.priors, self.weights_)
        return expected_statistics(rows, self._components(rows))

    def m_step(self, statistics):
        r"""The parameters that maximise Q, given expected statistics (:eq:`m-step`).

        .. math::

            N_k = \sum_n r_{nk}, \qquad
            \pi_k = \frac{N_k}{N}, \qquad
            \mu_k = \frac{1}{N_k} \sum_n r_{nk} x_n, \qquad
            W_k = \sum_n r_{nk} (x_n - \mu_k)(x_n - \mu_k)^\top

        The covariance model turns the scatter matrices W into covariances, for
        ``full`` :math:`\Sigma_k = W_k / N_k`.  With ``var_smoothing`` each point
        counts as a small cloud: W_k grows by N_k times that portion of the variances.
        The points themselves may be a little less likely for it, by 1e-5 at most of the
        log-likelihoods seen.  :meth:`climb` keeps the present covariances in such a step.

        Examples
        --------
        >>> pair = GMM.from_parameters([0.5, 0.5], [[-1.0], [1.0]], [[[1.0]], [[1.0]]])
        >>> pair.m_step(pair.e_step([[-3.0], [-2.0], [2.0], [9.0]])).means_.round(2)
        array([[-2.46],
               [ 5.45]])
        """
        D = getattr(self, "n_features_in_", None)
        check_statistics(statistics, self.n_components, D, self.covariance_model.diagonal)
        N_k, mu, W = check_alive(statistics).moments()
        if self.var_smoothing > 0:
            smoothing = self.var_smoothing * total_variance(N_k, mu, W)
            diagonals(W)[...] += N_k[:, None] * smoothing
        Sigma = self.covariance_model.estimate(W, N_k, self._last_covariances())
        self.weights_ = (N_k / N_k.sum()).astype(statistics.dtype)
        self.means_ = mu.astype(statistics.dtype)
        self.covariances_ = Sigma.astype(statistics.dtype)
        self._fitted_type = self.covariance_type
        return self

    def iterate(self, X, *, sample_weight=None, priors=None):
        """Find a start, then yield the model after every EM step.

        :meth:`fit` exhausts this generator.  A lesson can stop in between.

        Yields
        ------
        GMM
            The model itself; ``history_`` ends with its log-likelihood.

        Examples
        --------
        >>> from numpy_ml_gmm import load_old_faithful
        >>> steps = GMM(2, random_state=0).iterate(load_old_faithful().X)
        >>> next(steps).n_iter_
        1
        """
        with self._unchanged_on_error():
            rows = self._check_training_rows(X, sample_weight, priors)
            initialization.start(self, rows, random_generator(self.random_state))
        yield from self.climb(rows, self.max_iter)

    def climb(self, rows, n_steps):
        """At most ``n_steps`` of EM (:eq:`e-step`, :eq:`m-step`), a yield after each.

        Examples
        --------
        >>> from numpy_ml_gmm.blocks import Rows
        >>> model = GMM.from_parameters([0.5, 0.5], [[0.0], [4.0]], [[[1.0]], [[1.0]]])
        >>> rows = Rows(np.array([[-1.0], [0.0], [1.0], [4.0], [6.0]]))
        >>> model.history_, model.best_restart_ = [[]], 0
        >>> for _ in model.climb(rows, n_steps=2):
        ...     pass
        >>> model.means_.ravel().round(1) + 0.0
        array([0., 5.])
        """
        statistics, gain = self.e_step(rows), np.nan
        rows = rows._replace(frame=statistics.groups[0].frame)  # the data's own serves every step
        for _ in range(n_steps):
            last, last_gain = statistics.log_likelihood, gain
            statistics = self._step(rows, statistics)
            gain = statistics.log_likelihood - last
            left = gain_to_come(gain, last_gain)
            if abs(gain) <= ROUNDING[statistics.dtype] * abs(last):  # lost in rounding
                left = 0.0
            self._record(statistics.log_likelihood, left / rows.total_weight)
            yield self
            if self.converged_:
                return

    def _step(self, rows, statistics):
        """One EM step from the present parameters' statistics to those of the next."""
        Sigma, last = self.covariances_, statistics.log_likelihood
        statistics = self.m_step(statistics).e_step(rows)
        if statistics.log_likelihood - last < -math.sqrt(ROUNDING[statistics.dtype]) * abs(last):
            # Smoothed covariances may be less likely; weights and means alone not (:eq:`ascent`).
            self.covariances_ = Sigma
            statistics = self.e_step(rows)
        return statistics

    def fit(self, X, y=None, *, sample_weight=None, priors=None):
        """Fit the mixture by EM.

        Parameters
        ----------
        X : array (N, D)
            float32 stays float32; other numbers become float64.
        y : ignored
            There for scikit-learn's pipelines.
        sample_weight : array (N,), optional
            Weight 2 is the point twice, weight 0 the point absent.
        priors : array (N, K), optional
            Probabilities that multiply the weights of each point.  A row
            with a single 1 is a labelled point, a row of ones an unlabelled one.

        Returns
        -------
        GMM
            The model itself.

        Raises
        ------
        ValueError, TypeError
            For data or arguments that do not fit, and when a component
            collapses.  The model is then what it was.

        Examples
        --------
        >>> GMM(2, random_state=0).fit([[0.0], [0.1], [5.0], [5.2]]).means_.round(2)
        array([[0.05],
               [5.1 ]])
        """
        with self._unchanged_on_error():
            for _ in self.iterate(X, sample_weight=sample_weight, priors=priors):
                pass
            self._remember_features(X)
        if not self.converged_ and self.tol > 0:
            warnings.warn(
                f"EM did not converge in max_iter={self.max_iter} steps: raise max_iter or tol",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def fit_predict(self, X, y=None, *, sample_weight=None, priors=None):
        """Fit, then the most probable component of each point (N,).

        Examples
        --------
        >>> GMM(2, init_params=[0, 0, 1, 1]).fit_predict([[0.0], [0.1], [5.0], [5.2]])
        array([0, 0, 1, 1])
        """
        return self.fit(X, sample_weight=sample_weight, priors=priors).predict(X)

    # ---- Use ---------------------------------------------------------------------------------

    def predict(self, X):
        """The most probable component of each point, (N,).

        Examples
        --------
        >>> pair = GMM.from_parameters([0.5, 0.5], [[-1.0], [1.0]], [[[1.0]], [[1.0]]])
        >>> pair.predict([[-0.5], [2.0]])
        array([0, 1])
        """
        return self._per_block(X, lambda joint: joint.argmax(axis=0))

    def predict_proba(self, X):
        """Responsibilities :eq:`e-step`, (N, K).

        Examples
        --------
        >>> pair = GMM.from_parameters([0.5, 0.5], [[-1.0], [1.0]], [[[1.0]], [[1.0]]])
        >>> pair.predict_proba([[0.0], [9.0]]).round(3)
        array([[0.5, 0.5],
               [0. , 1. ]])
        """
        return self._per_block(X, lambda joint: softmax(joint, axis=0).T)

    def score_samples(self, X):
        """Log density of each point, (N,).

        Examples
        --------
        >>> pair = GMM.from_parameters([0.5, 0.5], [[-1.0], [1.0]], [[[1.0]], [[1.0]]])
        >>> pair.score_samples([[0.0], [1.0]]).round(4)
        array([-1.4189, -1.4852])
        """
        return self._per_block(X, lambda joint: logsumexp(joint, axis=0))

    def score(self, X, y=None):
        """Log-likelihood, the mean over points.

        Examples
        --------
        >>> pair = GMM.from_parameters([0.5, 0.5], [[-1.0], [1.0]], [[[1.0]], [[1.0]]])
        >>> round(pair.score([[0.0], [0.0]]), 4)
        -1.4189
        """
        return float(self.score_samples(X).mean(dtype=np.float64))

    def sample(self, n_samples=1):
        """Draw points: first a component, then a point of its Gaussian.

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
        n_samples = check_count(n_samples, "n_samples")
        self._check_is_fitted()
        rng = random_generator(self.random_state)
        z = rng.choice(self.n_components, size=n_samples, p=self.weights_ / self.weights_.sum())
        X = rng.standard_normal((n_samples, self.n_features_in_))
        for k, Sigma in enumerate(self._expanded()):
            X[z == k] = self.means_[k] + scaled_noise(X[z == k], Sigma)
        return X, z

    # ---- Why EM climbs -----------------------------------------------------------------------

    def q_function(self, X, r):
        r"""Expected complete log-likelihood under responsibilities r (N, K) (:eq:`q-function`).

        .. math::

            Q = \sum_n \sum_k r_{nk} \log \bigl[ \pi_k \mathcal{N}(x_n \mid \mu_k, \Sigma_k) \bigr]

        Examples
        --------
        >>> pair = GMM.from_parameters([0.5, 0.5], [[-1.0], [1.0]], [[[1.0]], [[1.0]]])
        >>> round(pair.q_function([[0.0]], [[0.5, 0.5]]), 4)
        -2.1121
        """
        joint = self.log_joint(X)
        r = check_responsibilities(r, *joint.shape, "r")
        return float(r[r > 0] @ joint[r > 0])

    @staticmethod
    def entropy(q):
        r"""Entropy of a distribution over assignments, q (N, K), in nats (:eq:`entropy`).

        .. math::

            H(q) = -\sum_n \sum_k q_{nk} \log q_{nk}

        Examples
        --------
        >>> round(GMM.entropy([[0.5, 0.5], [0.0, 1.0]]), 4)
        0.6931
        """
        q = np.atleast_2d(as_floats(q, "q"))
        return float(entr(check_responsibilities(q, *q.shape, "q")).sum())

    def elbo(self, X, q):
        r"""Lower bound on the log-likelihood, for any q (N, K) (:eq:`elbo`).

        .. math::

            \mathcal{L}(q, \theta) = Q + H(q) \le \log p(X \mid \theta)

        Examples
        --------
        >>> pair = GMM.from_parameters([0.5, 0.5], [[-1.0], [1.0]], [[[1.0]], [[1.0]]])
        >>> round(pair.elbo([[0.0]], [[0.5, 0.5]]), 4), round(pair.elbo([[0.0]], [[1.0, 0.0]]), 4)
        (-1.4189, -2.1121)
        """
        q = check_responsibilities(q, len(check_X(X)), self.n_components, "q")
        return self.q_function(X, q) + self.entropy(q)

    def kl(self, X, q):
        r"""What the bound lacks: divergence of q from the posterior (:eq:`kl`).

        .. math::

            \mathrm{KL}(q \,\|\, r) = \sum_n \sum_k q_{nk} \log \frac{q_{nk}}{r_{nk}}
                = \log p(X \mid \theta) - \mathcal{L}(q, \theta)

        Examples
        --------
        >>> pair = GMM.from_parameters([0.5, 0.5], [[-1.0], [1.0]], [[[1.0]], [[1.0]]])
        >>> round(pair.kl([[0.0]], [[1.0, 0.0]]), 4)
        0.6931
        """
        log_r = log_softmax(self.log_joint(X), axis=1)
        q = check_responsibilities(q, *log_r.shape, "q")
        return float(xlogy(q, q).sum() - q[q > 0] @ log_r[q > 0])

    # ---- How many components -----------------------------------------------------------------

    def n_parameters(self):
        """Free parameters: K - 1 weights, K D means, and those of the covariances.

        Examples
        --------
        >>> pair = GMM.from_parameters([0.5, 0.5], [[-1.0], [1.0]], [[[1.0]], [[1.0]]])
        >>> pair.n_parameters()
        5
        """
        self._check_is_fitted()
        K, D = self.means_.shape
        return K - 1 + K * D + self.covariance_model.n_parameters(K, D)

    def aic(self, X):
        r"""Akaike's criterion; smaller is better (:eq:`aic`).

        .. math::

            \mathrm{AIC} = -2 \log p(X \mid \theta) + 2 d

        Examples
        --------
        >>> pair = GMM.from_parameters([0.5, 0.5], [[-1.0], [1.0]], [[[1.0]], [[1.0]]])
        >>> round(pair.aic([[0.0], [1.0]]), 2)
        15.81
        """
        return -2 * self.log_likelihood(X) + 2 * self.n_parameters()

    def bic(self, X):
        r"""Schwarz's criterion; smaller is better (mclust prints its negative) (:eq:`bic`).

        .. math::

            \mathrm{BIC} = -2 \log p(X \mid \theta) + d \log N

        Examples
        --------
        >>> pair = GMM.from_parameters([0.5, 0.5], [[-1.0], [1.0]], [[[1.0]], [[1.0]]])
        >>> float(round(pair.bic([[0.0], [1.0]]), 2))
        9.27
        """
        return -2 * self.log_likelihood(X) + self.n_parameters() * math.log(len(X))

    def icl(self, X):
        r"""Integrated completed likelihood; smaller is better (:eq:`icl`).

        BIC with the complete log-likelihood at the most probable components.

        .. math::

            \mathrm{ICL} = -2 \log p(\hat Z, X \mid \theta) + d \log N

        Examples
        --------
        >>> pair = GMM.from_parameters([0.5, 0.5], [[-1.0], [1.0]], [[[1.0]], [[1.0]]])
        >>> float(round(pair.icl([[0.0], [1.0]]), 2))
        10.91
        """
        complete = self.complete_log_likelihood(X, self.predict(X))
        return -2 * complete + self.n_parameters() * math.log(len(X))

    # ---- Plumbing ----------------------------------------------------------------------------

    @property
    def covariance_model(self):
        """The rule from scatter matrices to covariances.

        Examples
        --------
        >>> GMM(covariance_type="tied").covariance_model.letters
        'EEE'
        """
        return covariance_model(self.covariance_type)

    def _check_is_fitted(self):
        """There are parameters, and they are those that the arguments ask for."""
        super()._check_is_fitted()
        K, D = self.n_components, self.n_features_in_
        remedy = "fit again without warm_start, or set it back"
        if self.means_.shape != (K, D):
            raise ValueError(
                f"means_ has shape {self.means_.shape}, but n_components={K} and {D} features need "
                f"{(K, D)}: {remedy}"
            )
        fitted = getattr(self, "_fitted_type", self.covariance_type)
        # By K = 3 and D = 2: where K = D, tied and diagonal covariances look alike.
        if covariance_model(fitted).shape(3, 2) != self.covariance_model.shape(3, 2):
            raise ValueError(
                f"covariances_ are of covariance_type={fitted!r}, but now it is "
                f"{self.covariance_type!r}: {remedy}"
            )

    def _expanded(self):
        """Every component's own covariance: (K, D, D), or (K, D) if diagonal."""
        return self.covariance_model.expand(self.covariances_, *self.means_.shape)

    def _last_covariances(self):
        """Where an iterated covariance model goes on from, if there is anything."""
        known = self.covariance_model.iterated and hasattr(self, "covariances_")
        return self._expanded() if known else None

    def _components(self, rows):
        theta = self.weights_, self.means_, self._expanded()
        try:
            return components(*theta, rows.X.dtype, rows.frame)
        except SingularCovariance as error:
            points = None if error.k is None else self.weights_[error.k] * rows.total_weight
            raise ValueError(collapsed(error.k, points)) from None

    def _per_block(self, X, function):
        rows = self._check_rows(X)
        return map_log_joint(function, rows, self._components(rows))

    def _record(self, log_likelihood, left):
        """Write down a step of EM; ``left`` is the mean gain to come."""
        self.history_[self.best_restart_].append(log_likelihood)
        self.log_likelihood_ = log_likelihood
        self.n_iter_ = len(self.history_[self.best_restart_])
        self.converged_ = bool(left < self.tol)
        if self.verbose and self.n_iter_ % 10 == 0:
            print(f"step {self.n_iter_}: log-likelihood {log_likelihood:.6f}")

    def _check_rows(self, X, sample_weight=None, priors=None):
        if isinstance(X, Rows):
            return X
        self._check_is_fitted()
        self._check_feature_names(X)
        n_jobs, K, D = thread_count(self.n_jobs), self.n_components, self.n_features_in_
        rows = check_rows(X, K, sample_weight, priors, D, n_jobs)
        if is_resolved(self.means_, self._expanded(), rows.X.dtype):
            return rows
        return rows._replace(X=rows.X.astype(np.float64))  # single precision cannot see the model

    def _check_training_rows(self, X, sample_weight, priors):
        K = check_count(self.n_components, "n_components")
        check_count(self.max_iter, "max_iter")
        check_count(self.n_init, "n_init")
        check_not_negative(self.tol, "tol")
        check_not_negative(self.var_smoothing, "var_smoothing", at_most=1e6)
        rows = check_rows(X, K, sample_weight, priors, n_jobs=thread_count(self.n_jobs))
        check_enough_rows(rows, K)
        self.n_features_in_ = rows.X.shape[1]
        return rows


def gain_to_come(gain, last_gain):
    r"""Aitken's estimate of the gain in log-likelihood from the last step on (:eq:`aitken`).

    Gains shrink like a geometric series, so with rate :math:`a = g_t / g_{t-1}`

    .. math::

        \ell_\infty - \ell_{t-1} \approx \frac{g_t}{1 - a} .

    Source: Boehning, Dietz, Schaub, Schlattmann & Lindsay (1994), *The distribution of the
    likelihood ratio for mixtures of densities from the one-parameter exponential family*.

    Examples
    --------
    >>> gain_to_come(1.0, 2.0)
    2.0
    """
    rate = gain / last_gain if last_gain else 0.0  # nan before the second step
    return abs(gain) / (1 - max(rate, 0)) if rate < 1 else np.inf


def scaled_noise(noise, Sigma):
    """Standard normal rows as rows with covariance Sigma, a matrix or a diagonal.

    Examples
    --------
    >>> scaled_noise(np.ones((1, 2)), np.array([[4.0, 0.0], [0.0, 9.0]]))
    array([[2., 3.]])
    """
    return noise * np.sqrt(Sigma) if Sigma.ndim == 1 else noise @ cholesky(Sigma[None])[0].T
