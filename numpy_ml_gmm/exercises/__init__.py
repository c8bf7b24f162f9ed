r"""Checks for students' own code, which say what went wrong.

A student writes a function; :func:`check` calls it on small seeded problems.  What counts as right
is :mod:`numpy_ml_gmm.textbook`.  If an answer is wrong it is compared with the answers of wrong
implementations, and of pairs of them, and the mistake is named whose answer it *equals*.  The
student's code itself is never read: any right algorithm passes.

==================== ====================================================== =====================
exercise             call                                                   answer
==================== ====================================================== =====================
e_step               ``e_step(X, weights, means, covariances)``             r (N, K)
m_step               ``m_step(X, r)``                                       weights, means,
                                                                            covariances
em_step              ``em_step(X, weights, means, covariances)``            the same three
log_likelihood       ``log_likelihood(X, weights, means, covariances)``     a number: the sum
elbo                 ``elbo(X, q, weights, means, covariances)``            a number: the sum
seed_probabilities   ``seed_probabilities(X, centres)``                     p (N,)
k_means_start        ``k_means_start(X, centres)``                          weights, means,
                                                                            covariances
bic                  ``bic(log_likelihood, N, K, D)``                       a number
sample               ``sample(n, weights, means, covariances, rng)``        X (n, D), z (n,)
conditional_mean     ``conditional_mean(X, mean, covariance)``              X completed (N, D)
e_step_with_missing  ``e_step_with_missing(X, weights, means,               r, the sums of x (K, D)
                     covariances)``                                         and of x x^T (K, D, D)
map_m_step           ``map_m_step(X, r, m, kappa, scale, nu, alpha)``       weights, means,
                                                                            covariances
posterior_counts     ``posterior_counts(r, alpha_0, beta_0, nu_0)``         alpha, beta, nu
expected_log_weights ``expected_log_weights(alpha)``                        E[log pi] (K,)
expected_log_det     ``expected_log_det(nu, W)``                            E[log det Lambda] (K,)
weighted_m_step      ``weighted_m_step(X, r, w)``                           weights, means,
                                                                            covariances
stream_step          ``stream_step(X, r, counts, sums, xi)``                counts (K,), sums
                                                                            (K, D), weights, means
entropy_gain         ``entropy_gain(r, i, j)``                              a number: the fall
==================== ====================================================== =====================

Shapes are X (N, D), weights (K,), means and centres (K, D), covariances (K, D, D), r and q (N, K);
a mean is (D,) and a covariance (D, D).  In the two that speak of what is missing, X holds nan.
Of a prior, m is (D,) and scale (D, D).  The alpha, beta and nu of K components are (K,) and W
is (K, D, D); in ``map_m_step`` nu is one number for all.  How often a point counts is w (N,).
In ``stream_step`` X is a batch, and counts and sums are those of earlier ones.

A class is marked from the shell, by the same check on new problems::

    python -m numpy_ml_gmm.exercises class/*.ipynb

There each notebook runs in a process of its own, and the check does not.  Problems go in, arrays
come out, and what counts as right stays outside.

The pages, each using those before it: ``k_means``, ``missing_values``, ``priors`` and ``sums``
(right answers that the textbook lacks), ``knobs`` (right functions that can go wrong),
``mistakes``, ``prior_mistakes`` and ``sum_mistakes`` (the catalogue), ``chance`` (what is asked of
a sample), ``problems``, ``naming`` (which mistake it is), ``checking`` (the check), ``answering``
(the notebook's process) and ``marking`` (the marker's).

References
----------
.. [1] Bilmes, J. A. (1998). *A gentle tutorial of the EM algorithm and its application to
   parameter estimation for Gaussian mixture and hidden Markov models*. TR-97-021.
.. [2] Arthur, D. & Vassilvitskii, S. (2007). *k-means++: the advantages of careful seeding*.
   SODA, pages 1027-1035.
"""

from ..textbook import bic, e_step, elbo, em_step, log_joint, log_likelihood, m_step, q_function
from .checking import Trouble, Verdict, check
from .k_means import k_means_start, seed_probabilities
from .marking import main, mark
from .missing_values import conditional_mean, e_step_with_missing
from .priors import expected_log_det, expected_log_weights, map_m_step, posterior_counts
from .problems import EXERCISES, Exercise
from .sums import entropy_gain, stream_step, weighted_m_step

__all__ = [
    "EXERCISES",
    "Exercise",
    "Trouble",
    "Verdict",
    "bic",
    "check",
    "conditional_mean",
    "e_step",
    "e_step_with_missing",
    "elbo",
    "em_step",
    "entropy_gain",
    "expected_log_det",
    "expected_log_weights",
    "k_means_start",
    "log_joint",
    "log_likelihood",
    "m_step",
    "main",
    "map_m_step",
    "mark",
    "posterior_counts",
    "q_function",
    "seed_probabilities",
    "stream_step",
    "weighted_m_step",
]
