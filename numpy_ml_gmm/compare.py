r"""How far one mixture is from another, and a mixture of fewer components that is near.

The divergence of q from p is an expectation under p (:eq:`kl-mixtures`), and so is that of
both from their average (:eq:`js`):

.. math::

    \mathrm{KL}(p \,\|\, q) = \int p(x) \log \frac{p(x)}{q(x)} \, dx , \qquad
    \mathrm{JS}(p, q) = \tfrac12 \mathrm{KL}(p \,\|\, \bar p)
        + \tfrac12 \mathrm{KL}(q \,\|\, \bar p) , \qquad \bar p = \tfrac12 (p + q) .

The logarithm of a sum stands in the way of a formula, so both are means over draws, with their
standard error.  Between two components there is a formula (:eq:`kl-gaussians`), and two things can
be made of it without draws: an approximation, and an upper bound (:eq:`kl-approximation`,
:eq:`kl-bound`).

============ ============ =================================================================
symbol       shape        meaning
============ ============ =================================================================
``pi, w``    (A,), (B,)   weights of p and of q
``kl``       (A, B)       divergence of each component of q from each of p
``phi``      (A, B)       how the weights of p are shared out to the components of q
``psi``      (A, B)       how the weights of q are shared out to the components of p
============ ============ =================================================================

Sources: Hershey & Olsen (2007), *Approximating the Kullback Leibler divergence between Gaussian
mixture models*, ICASSP 4, 317-320, https://doi.org/10.1109/ICASSP.2007.366913; Runnalls (2007),
*Kullback-Leibler approach to Gaussian mixture reduction*, IEEE Transactions on Aerospace and
Electronic Systems 43(3), 989-999, https://doi.org/10.1109/TAES.2007.4383588; Lin (1991),
*Divergence measures based on the Shannon entropy*, IEEE Transactions on Information Theory 37(1).
"""

import copy
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.special import logsumexp

from .covariances import covariance_model
from .density import log_density
from .frames import SingularCovariance, cholesky, mixture_moments
from .hints import Seed
from .parameters import Parameters, diagonals
from .validation import check_count, random_generator

Array = NDArray[np.float64]

MOST_STEPS, STILL = 10_000, 1e-12  # of the bound, and when a step of it no longer counts


class Estimate(NamedTuple):
    """A mean over draws, and how far it may be off."""

    value: float
    standard_error: float

    @classmethod
    def of(cls, terms: Array) -> "Estimate":
        """The mean of independent terms (n,)."""
        if np.isinf(terms).any():  # a point that the other mixture cannot have
            return cls(np.inf, np.inf)
        unit = max(np.abs(terms).max(), np.finfo(float).tiny)  # their squares may be no numbers
        error = (terms / unit).std(ddof=1) / np.sqrt(len(terms))
        return cls(float((terms / unit).mean() * unit), float(error * unit))


# ---- By draws ----------------------------------------------------------------------------------


def kl_divergence(p: Any, q: Any, n_samples: int = 10_000, random_state: Seed = None) -> Estimate:
    r"""Divergence of q from p, in nats, by draws from p (:eq:`kl-mixtures`).

    .. math::

        \mathrm{KL}(p \,\|\, q) \approx \frac1N \sum_{n=1}^N \log \frac{p(x_n)}{q(x_n)} ,
        \qquad x_n \sim p

    Parameters
    ----------
    p, q : GMM
        Or any mixture with ``sample`` and ``score_samples``, such as scikit-learn's.  Noise is
        uniform in its box, and there is none outside; of a BayesianGMM it is its ``mixture_``.
    n_samples : int
        At least 2.
    random_state : int, numpy.random.Generator or None
        Of the draws.

    Returns
    -------
    Estimate
        ``value`` and its ``standard_error``, which falls with the square root of ``n_samples``.
        A value a few errors below 0 is chance.

    Raises
    ------
    ValueError, TypeError
        If a mixture is not fitted, or the two are of different features.

    Examples
    --------
    Between two Gaussians there is a formula, here half the squared distance:

    >>> from numpy_ml_gmm import GMM
    >>> here, there = (GMM.from_parameters([1.0], [[mu]], [[[1.0]]]) for mu in (0.0, 2.0))
    >>> value, error = kl_divergence(here, there, random_state=0)
    >>> abs(value - 2) < 3 * error, round(error, 2)
    (True, 0.02)
    """
    p, q = comparable(p, q)
    (x,) = draws((p,), n_samples, random_state)
    return Estimate.of(log_p(p, x) - log_p(q, x))


def js_divergence(p: Any, q: Any, n_samples: int = 10_000, random_state: Seed = None) -> Estimate:
    r"""Divergence of p and q from their average, in nats: from 0 to log 2 (:eq:`js`).

    It is the same in both directions, never infinite, and its root is a metric.  There are
    ``n_samples`` draws from each; the rest is as for :func:`kl_divergence`.

    Examples
    --------
    Two mixtures that never meet are log 2 apart:

    >>> from numpy_ml_gmm import GMM
    >>> here, far = (GMM.from_parameters([1.0], [[mu]], [[[1.0]]]) for mu in (0.0, 1e6))
    >>> round(js_divergence(here, far, random_state=0).value, 4)
    0.6931
    """
    p, q = comparable(p, q)
    halves = []
    for one, other, x in zip((p, q), (q, p), draws((p, q), n_samples, random_state), strict=True):
        own, theirs = log_p(one, x), log_p(other, x)
        halves.append(Estimate.of(own - np.logaddexp(own, theirs) + np.log(2)))
    values, errors = zip(*halves, strict=True)
    return Estimate(float(np.mean(values)), float(np.hypot(*errors) / 2))


def comparable(*models) -> list:
    """Mixtures of the same features, each as one that has a density; an error says what is not."""
    found = [getattr(model, "mixture_", model) for model in models]
    for model in found:
        if not (hasattr(model, "sample") and hasattr(model, "score_samples")):
            raise TypeError(
                f"{type(model).__name__} is no mixture: it has no sample and score_samples. "
                "Pass a fitted GMM"
            )
        if hasattr(model, "_check_is_fitted"):
            model._check_is_fitted()
    sizes = [np.shape(model.means_)[1] for model in found]
    if len(set(sizes)) > 1:
        raise ValueError(
            f"the mixtures are of {' and '.join(map(str, sizes))} features: compare those of the "
            "same, as in model.marginal(features)"
        )
    names = [getattr(model, "feature_names_in_", None) for model in found]
    known = [list(some) for some in names if some is not None]
    if len(known) > 1 and known[0] != known[1]:
        raise ValueError(
            f"the mixtures are of the features {known[0]} and {known[1]}: bring them into one "
            "order, as in model.marginal(names)"
        )
    return found


def mixture_of(model):
    """A fitted GMM as it is, and that of a BayesianGMM or a GMMClassifier."""
    (found,) = comparable(model)
    if not hasattr(found, "_of_features"):
        raise TypeError(f"model is a {type(model).__name__}: pass a fitted GMM")
    return found


def draws(models, n_samples: int, random_state) -> list[Array]:
    """``n_samples`` points of each model, from streams of their own."""
    n_samples = check_count(n_samples, "n_samples", minimum=2)
    seeds = random_generator(random_state).integers(2**31, size=len(models))
    pairs = zip(models, seeds, strict=True)
    return [
        copy.copy(model).set_params(random_state=int(seed)).sample(n_samples)[0]
        for model, seed in pairs
    ]


def log_p(model, X: Array) -> Array:
    """Log density of each point (N,); noise ends with its box."""
    if getattr(model, "noise", False):
        return log_density(model._places, model._box, model._check_rows(X))
    return np.asarray(model.score_samples(X), np.float64)


# ---- Without draws -----------------------------------------------------------------------------


class Pieces(NamedTuple):
    """The components of a mixture, as far as divergences know them; the last may be a box."""

    weights: Array  # (K,)
    means: Array  # (K, D)
    roots: Array  # (K, D, D) R with covariance R R^T; of Gaussians lower triangles
    entropies: Array  # (K,)
    box: object  # the noise in the last place, or None

    @classmethod
    def of(cls, model) -> "Pieces":
        """Those of a model that have weight."""
        theta, box = (
            (model._places, model._box) if hasattr(model, "_places") else (foreign(model), None)
        )
        weights, means = theta.weights / theta.weights.sum(), theta.means
        if theta.diagonal:
            roots = np.sqrt(theta.covariances)[..., None] * np.eye(means.shape[1])
        else:
            roots = cholesky(theta.covariances)
        log_dets = np.log(diagonals(roots)).sum(axis=1)
        entropies = means.shape[1] / 2 * (1 + np.log(2 * np.pi)) + log_dets
        if box is not None:
            roots[-1], entropies[-1] = box.edges.T / np.sqrt(3), box.log_volume
        there = weights > 0
        last = box if there[-1] else None
        return cls(weights[there], means[there], roots[there], entropies[there], last)


def foreign(model) -> Parameters:
    """theta of another package's mixture, by its attributes."""
    rule = covariance_model(getattr(model, "covariance_type", "full"))
    names = "weights_", "means_", "covariances_"
    pi, mu, Sigma = (np.asarray(getattr(model, name), float) for name in names)
    return Parameters.expand(pi, mu, Sigma, rule)


def kl_components(p: Pieces, q: Pieces) -> Array:
    r"""Divergence of each component of q from each of p, (A, B) (:eq:`kl-gaussians`).

    .. math::

        \mathrm{KL}(p_i \,\|\, \mathcal{N}(\mu, \Sigma)) = -H(p_i) + \tfrac12 \Bigl[
            D \log 2 \pi + \log |\Sigma| + \operatorname{tr}(\Sigma^{-1} \Sigma_i)
            + (\mu_i - \mu)^\top \Sigma^{-1} (\mu_i - \mu) \Bigr]

    The cross-entropy with a Gaussian takes the mean and the covariance of a component only, so it
    may be Gaussian, or uniform in a box.  Nothing but a box within it is near to a box: else
    infinity.
    """
    (A, D), B = p.means.shape, len(q.weights)
    kl = np.full((A, B), np.inf)
    with np.errstate(over="ignore"):  # too far for a number is infinitely far
        for b in range(B - (q.box is not None)):
            L = q.roots[b]
            spread = solve_triangular(L, np.hstack(list(p.roots)), lower=True).reshape(D, A, D)
            shift = solve_triangular(L, (p.means - q.means[b]).T, lower=True)
            squares = (spread**2).sum(axis=(0, 2)) + (shift**2).sum(axis=0)
            log_det = 2 * np.log(L.diagonal()).sum()
            kl[:, b] = (D * np.log(2 * np.pi) + log_det + squares) / 2 - p.entropies
    if p.box is not None and q.box is not None and within(p.box, q.box):
        kl[-1, -1] = q.entropies[-1] - p.entropies[-1]
    return np.maximum(kl, 0)


def within(box, other) -> bool:
    """Whether one box lies in another, all but rounding."""
    lengths = np.linalg.norm(other.edges, axis=1)
    axes = other.edges.T / lengths
    reach = np.abs((box.centre - other.centre) @ axes) + np.abs(box.edges @ axes).sum(axis=0)
    return bool((reach <= lengths * (1 + 1e-9)).all())


def kl_approximation(p: Any, q: Any) -> float:
    r"""An approximation of the divergence of q from p without draws (:eq:`kl-approximation`).

    .. math::

        \sum_i \pi_i \log \frac{\sum_l \pi_l e^{-\mathrm{KL}(p_i \| p_l)}}
                               {\sum_j \pi_j^q e^{-\mathrm{KL}(p_i \| q_j)}}

    It is exact between two Gaussians, 0 from a mixture to itself, and may be below 0 otherwise.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM
    >>> pair = GMM.from_parameters([0.5, 0.5], [[-5.0], [5.0]], 1.0, covariance_type="EII")
    >>> one = GMM.from_parameters([1.0], [[0.0]], [[[26.0]]])
    >>> round(kl_approximation(pair, one), 2), round(kl_divergence(pair, one, 10**5, 0).value, 2)
    (0.94, 0.93)
    """
    p, q = (Pieces.of(model) for model in comparable(p, q))
    own, other = (logsumexp(np.log(to.weights) - kl_components(p, to), axis=1) for to in (p, q))
    return float(p.weights @ (own - other))


def kl_bound(p: Any, q: Any) -> float:
    r"""An upper bound of the divergence of q from p, the lowest of its kind (:eq:`kl-bound`).

    .. math::

        \mathrm{KL}(p \,\|\, q) \le \sum_{ij} \varphi_{ij} \Bigl[
            \log \frac{\varphi_{ij}}{\varphi_{ij}^q} + \mathrm{KL}(p_i \,\|\, q_j) \Bigr] , \qquad
            \sum_j \varphi_{ij} = \pi_i , \quad \sum_i \varphi_{ij}^q = \pi_j^q

    Each of two updates lowers it (:eq:`kl-bound-updates`), until it stands still.

    Examples
    --------
    Where components overlap, there is room between the two:

    >>> from numpy_ml_gmm import GMM
    >>> near = [[-1.0], [1.0]]
    >>> even = GMM.from_parameters([0.5, 0.5], near, 1.0, covariance_type="EII")
    >>> odd = GMM.from_parameters([0.3, 0.7], near, 1.0, covariance_type="EII")
    >>> round(kl_divergence(even, odd, 10**5, 0).value, 2), round(kl_bound(even, odd), 2)
    (0.05, 0.09)
    """
    p, q = (Pieces.of(model) for model in comparable(p, q))
    kl, log_pi, log_w = kl_components(p, q), np.log(p.weights)[:, None], np.log(q.weights)
    if np.isinf(kl).all(axis=1).any():
        return np.inf
    log_phi, last = np.where(np.isinf(kl), -np.inf, log_pi + log_w), np.inf
    for _ in range(MOST_STEPS):
        share = logsumexp(log_phi, axis=0)
        log_psi = log_w + log_phi - np.where(np.isinf(share), 0, share)
        reach = logsumexp(log_psi - kl, axis=1, keepdims=True)
        log_phi = log_pi + log_psi - kl - reach
        bound = float(p.weights @ (log_pi - reach)[:, 0])
        if last - bound <= STILL * (1 + abs(bound)):
            break
        last = bound
    return max(bound, 0.0)


# ---- Fewer components --------------------------------------------------------------------------


def merge_cost(theta: Parameters, i, j) -> Array:
    r"""What it costs at most to put one Gaussian in the place of two (:eq:`merge-cost`).

    .. math::

        \mathrm{cost}_{ij} = \tfrac12 \bigl[ (\pi_i + \pi_j) \log |\Sigma_{ij}|
            - \pi_i \log |\Sigma_i| - \pi_j \log |\Sigma_j| \bigr]

    The covariance of both is the average within them and one direction more, so its determinant is
    :math:`|\bar\Sigma| (1 + \bar\pi_i \bar\pi_j \delta^\top \bar\Sigma^{-1} \delta)`: far apart it
    keeps its digits.

    Parameters
    ----------
    theta : Parameters
        With covariances (K, D, D).
    i, j : array (P,)
        Pairs of components.

    Returns
    -------
    ndarray (P,)
        In nats.
    """
    pi, mu, Sigma = theta
    total = pi[i] + pi[j]
    a = np.divide(pi[i], total, out=np.ones_like(total), where=total > 0)
    within = a[:, None, None] * Sigma[i] + (1 - a)[:, None, None] * Sigma[j]
    L, delta = cholesky(within), (mu[i] - mu[j])[..., None]
    log_det = log_dets(cholesky(Sigma))
    with np.errstate(over="ignore"):
        square = (np.linalg.solve(L, delta) ** 2).sum(axis=(1, 2))
        both = log_dets(L) + np.log1p(a * (1 - a) * square)
    return np.maximum(total * both - pi[i] * log_det[i] - pi[j] * log_det[j], 0) / 2


def log_dets(L: Array) -> Array:
    """Log determinants of L L^T, for triangles (..., D, D)."""
    return 2 * np.log(diagonals(L)).sum(axis=-1)


def merged(theta: Parameters, i: int, j: int) -> Parameters:
    r"""The mixture with one Gaussian in the place of two, of their moments (:eq:`merged-moments`).

    .. math::

        \pi_{ij} = \pi_i + \pi_j , \qquad
        \mu_{ij} = \bar\pi_i \mu_i + \bar\pi_j \mu_j , \qquad
        \Sigma_{ij} = \bar\pi_i \Sigma_i + \bar\pi_j \Sigma_j
            + \bar\pi_i \bar\pi_j (\mu_i - \mu_j)(\mu_i - \mu_j)^\top

    It takes the place of i.
    """
    two = theta.reorder([i, j])
    total = two.weights.sum()
    alpha = two.weights / total if total > 0 else np.full(2, 0.5)
    mean, covariance = mixture_moments(alpha, *two[1:])
    weights, means, covariances = (a.copy() for a in theta)
    weights[i], means[i], covariances[i] = total, mean, covariance
    return Parameters(*(np.delete(a, j, axis=0) for a in (weights, means, covariances)))


class Reduction(NamedTuple):
    """A mixture of fewer components, and how it came about."""

    model: Any  # a GMM of covariance_type "full"
    groups: NDArray[np.int64]  # (K,) into which component each of the old ones went
    costs: Array  # (K - n_components,) of each merger, in nats; their sum bounds no divergence

    def __repr__(self) -> str:
        """From how many to how many, and at what cost."""
        K, n = len(self.groups), self.model.n_components
        return f"<Reduction: {K} components to {n}, costs {self.costs.sum():.4g} nats>"


def reduce_mixture(model: Any, n_components: int) -> Reduction:
    r"""A mixture of fewer components, by merging pairs, the cheapest first (:eq:`merge-cost`).

    Mean and covariance of the whole stay what they are (:eq:`merged-moments`).  No data are needed.

    Parameters
    ----------
    model : GMM
        Fitted, or built from parameters.  Noise stays as it is.
    n_components : int
        How many are left.

    Returns
    -------
    Reduction
        Its ``model`` is of covariance type full: of two diagonal components with different means
        the covariance is not diagonal.

    Raises
    ------
    ValueError, TypeError
        If the model is not fitted, or has fewer components.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM
    >>> means = [[0.0], [1.0], [9.0]]
    >>> three = GMM.from_parameters([0.25, 0.25, 0.5], means, 1.0, covariance_type="EII")
    >>> reduction = reduce_mixture(three, 2)
    >>> reduction
    <Reduction: 3 components to 2, costs 0.05579 nats>
    >>> reduction.model.means_.ravel(), reduction.model.covariances_.ravel(), reduction.groups
    (array([0.5, 9. ]), array([1.25, 1.  ]), array([0, 0, 1]))
    """
    model = mixture_of(model)
    n = check_count(n_components, "n_components")
    theta, D = model.theta, model.n_features_in_
    if n > len(theta.weights):
        raise ValueError(
            f"n_components={n}, but the mixture has {len(theta.weights)}: give a number up to that"
        )
    if theta.diagonal:
        theta = theta._replace(covariances=theta.covariances[..., None] * np.eye(D))
    centre, covariance = mixture_moments(theta.weights / theta.weights.sum(), *theta[1:])
    unit = np.sqrt(covariance.diagonal())  # squares of far means may be no numbers
    theta = theta._replace(
        means=(theta.means - centre) / unit, covariances=theta.covariances / np.outer(unit, unit)
    )
    groups, costs = np.arange(len(theta.weights)), []
    while len(theta.weights) > n:
        i, j = np.array(list(combinations(range(len(theta.weights)), 2))).T
        cost = merge_cost(theta, i, j)
        least = int(cost.argmin())
        i, j = int(i[least]), int(j[least])
        theta = merged(theta, i, j)
        try:
            cholesky(theta.covariances[[i]])
        except SingularCovariance:
            raise ValueError(
                f"n_components={n} asks to merge components that are too narrow for how far apart "
                f"they lie: their common covariance is singular. Ask for {len(theta.weights) + 1}"
            ) from None
        costs.append(cost[least])
        groups[groups == j] = i
        groups[groups > j] -= 1
    theta = theta._replace(
        means=centre + theta.means * unit, covariances=theta.covariances * np.outer(unit, unit)
    )
    return Reduction(with_components(model, theta), groups, np.array(costs))


def with_components(model, theta: Parameters):
    """A mixture like another, with these components, and its noise."""
    found = model._of_features(theta, slice(None)).set_params(n_components=len(theta.weights))
    if model.noise:
        found.set_params(noise=True)
        found.noise_weight_, found.noise_box_ = model.noise_weight_, model.noise_box_.copy()
        found.weights_ = found.weights_ * (1 - model.noise_weight_)
    return found
