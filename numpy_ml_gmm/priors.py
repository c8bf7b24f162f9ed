r"""What is known besides the data: a prior, parameters that are held, a noise component.

With a prior EM climbs to the mode of the posterior (:eq:`log-posterior`).  A conjugate prior is
data that were never seen (:eq:`conjugate-prior`).  It says of the weights and of each component

.. math::

    \pi \sim \mathrm{Dir}(\alpha), \qquad
    \mu_k \mid \Sigma_k \sim \mathcal{N}(\mu_0, \Sigma_k / \kappa), \qquad
    \Sigma_k \sim \mathrm{IW}(\nu, \Psi) .

Its log is of the form of Q: :math:`\alpha - 1` points more for each weight, :math:`\kappa` points
at :math:`\mu_0`, and the scatter :math:`\Psi` of so many more.  So EM stays as it is, and the M
step adds these to the expected statistics (:eq:`map-m-step`):

.. math::

    \pi_k &\propto N_k + \alpha_k - 1, \qquad
    \mu_k = \frac{N_k \bar x_k + \kappa \mu_0}{N_k + \kappa}, \\
    \Sigma_k &= \frac{\Psi + W_k + N_k (\bar x_k - \mu_k)(\bar x_k - \mu_k)^\top
        + \kappa (\mu_0 - \mu_k)(\mu_0 - \mu_k)^\top}{N_k + \nu + D + 2} .

The last line holds for any :math:`\mu_k`, so for one that is held too.

============== ============== ================================================================
symbol         name           meaning
============== ============== ================================================================
``mu_0``       ``mean``       where means are drawn to
``kappa``      ``kappa``      how many points pull them there
``Psi``        ``scale``      scatter that each covariance has before any point, (..., 1, D, D)
``K_S / K``    ``share``      1, or 1 / K where all components have one covariance
``nu^+``       ``count``      how many points the scale stands for
``alpha - 1``  ``weight``     points of each component before any is seen
============== ============== ================================================================

Source: Fraley & Raftery (2007), *Bayesian regularization for normal mixture estimation and
model-based clustering*, Journal of Classification 24(2), for the prior, its default values, and EM
with it.
"""

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from scipy.special import gammaln, multigammaln, xlogy

from .covariances.rules import each
from .frames import TINY, cholesky
from .noise import Box, with_last
from .parameters import Parameters, diagonals
from .validation import (
    as_floats,
    check_count,
    check_covariances,
    check_means,
    check_not_negative,
    check_weights,
    is_positive_definite,
)

NAMES = "weights", "means", "covariances"


@dataclass(frozen=True, eq=False)
class NormalInverseWishart:
    r"""A conjugate prior of the components, and a Dirichlet prior of the weights.

    None stands for the values of mclust's ``defaultPrior``, which depend on the data.

    Parameters
    ----------
    mean : array (D,), optional
        m.  None is the mean of the data.
    mean_precision : float
        :math:`\kappa`: how many points pull each mean to the prior's; 0 leaves the means alone.
    scale : array, optional
        :math:`\Psi`: (D, D), or the variances (D,) or one number of it.  For diagonal
        models (D,) or a number, for spherical ones a number.  None is the covariance of the data
        over :math:`K^{2 / D}`; for diagonal and spherical models the mean variance over that.
    degrees_of_freedom : float, optional
        :math:`\nu`.  None is D + 2.
    weight_concentration : float or array (K,)
        :math:`\alpha`, at least 1, which is flat.

    Examples
    --------
    A variance of one point is 0, and nobody believes it:

    >>> from numpy_ml_gmm import GMM
    >>> prior = NormalInverseWishart(mean=[0.0], scale=1.0, degrees_of_freedom=3)
    >>> X = [[-0.1], [0.1], [4.0]]
    >>> model = GMM(2, conjugate_prior=prior, random_state=0).fit(X)
    >>> model.means_.ravel().round(2), model.covariances_.ravel().round(2)
    (array([0.  , 3.96]), array([0.13, 0.17]))
    """

    mean: object = None
    mean_precision: float = 0.01
    scale: object = None
    degrees_of_freedom: object = None
    weight_concentration: object = 1.0


def as_prior(value):
    """The prior that a user means: its name, a value, or the fields of one."""
    if value is None or isinstance(value, NormalInverseWishart):
        return value
    if isinstance(value, str) and value == "default":
        return NormalInverseWishart()
    known = [field.name for field in fields(NormalInverseWishart)]
    if isinstance(value, dict) and set(value) <= set(known):
        return NormalInverseWishart(**value)
    raise ValueError(
        f"conjugate_prior={value!r} is not known: choose None, 'default', or a "
        f"NormalInverseWishart({', '.join(known)})"
    )


class Pseudo(NamedTuple):
    """A prior in the terms of the M step, for one mixture or for M side by side."""

    mean: np.ndarray  # (D,)
    kappa: float
    scale: np.ndarray  # (..., 1, D, D), or (..., 1, D) if covariances are diagonal
    count: np.ndarray  # type: ignore[assignment]  # (..., 1)
    share: np.ndarray  # (..., 1)
    constant: np.ndarray  # (..., 1) of the log density of each covariance
    weight: np.ndarray  # (..., K), or (..., 1)

    @classmethod
    def of(cls, prior, model, K, mean, covariance):
        """That of a prior, for K components of a covariance model (:eq:`pseudo-statistics`).

        ``mean`` (D,) and ``covariance`` (D, D), or the variances (D,), are those of the data.
        """
        D, (_, spherical, diagonal) = len(mean), model.form
        m, kappa, scale, nu, alpha = checked(prior, model.form, K, mean, covariance)
        if spherical:  # one gamma for the one variance
            a = (nu + 2) / D
            constant = nu / 2 * np.log(scale[0] / 2) - gammaln(nu / 2)
            scale = scale / D
        elif diagonal:  # one for each
            a = nu + 2
            constant = (nu / 2 * np.log(scale / 2) - gammaln(nu / 2)).sum()
        else:
            a = nu + D + 1
            constant = nu / 2 * np.linalg.slogdet(scale / 2)[1] - multigammaln(nu / 2, D)
        one = np.ones(1)
        share = one if "V" in model.letters else one / K
        return cls(m, kappa, scale[None], a * one, share, constant * one, alpha - 1)

    def added_to(self, N, mu, W, there):
        """Scatters about mu, and counts, with those of the points never seen, where ``there``."""
        of_mean = self.kappa > 0  # the density of the mean holds one more Sigma^(-1/2)
        added = self.kappa * square(self.mean - mu, W) + each(self.share, W) * self.scale
        return W + each(there, W) * added, N + there * (self.share * self.count + of_mean)

    def log_density(self, theta, there):
        """The log density of the parameters of the mixture, or of each of M (:eq:`log-prior`)."""
        if theta.diagonal:
            log_det = np.log(theta.covariances).sum(axis=-1)
            trace = (self.scale / theta.covariances).sum(axis=-1)
            away = ((theta.means - self.mean) ** 2 / theta.covariances).sum(axis=-1)
        else:
            L = cholesky(theta.covariances.reshape(-1, *theta.covariances.shape[-2:]))
            L = L.reshape(theta.covariances.shape)
            log_det = 2 * np.log(diagonals(L)).sum(axis=-1)
            root = np.linalg.solve(L, np.linalg.cholesky(self.scale))
            trace = (root * root).sum(axis=(-2, -1))
            y = np.linalg.solve(L, (theta.means - self.mean)[..., None])
            away = (y * y).sum(axis=(-2, -1))
        each_one = self.share * (self.constant - (self.count * log_det + trace) / 2)
        if self.kappa > 0:
            D = theta.means.shape[-1]
            spread = D * np.log(2 * np.pi / self.kappa) + log_det
            each_one = each_one - (spread + self.kappa * away) / 2
        each_one = np.where(there, each_one, 0).sum(axis=-1)
        K, weight = there.sum(axis=-1), np.where(there, self.weight, 0)
        pi = theta.weights / theta.weights.sum(axis=-1, keepdims=True)
        flat = gammaln(weight.sum(axis=-1) + K) - gammaln(weight + 1).sum(axis=-1)
        return each_one + flat + xlogy(weight, pi).sum(axis=-1)


class Held(NamedTuple):
    """Parameters that do not change: their values, and for which components they are held."""

    theta: Parameters
    weights: np.ndarray  # (K,) of bool
    means: np.ndarray
    covariances: np.ndarray

    def put_in(self, pi, mu):
        """Weights and means, with those that are held; free weights share what these leave."""
        free = ~self.weights
        rest = max(1 - self.theta.weights[self.weights].sum(), 0)
        shared = pi / np.maximum((pi * free).sum(axis=-1, keepdims=True), TINY)
        pi = np.where(free, rest * shared, self.theta.weights)
        return pi, np.where(self.means[:, None], self.theta.means, mu)


@dataclass(frozen=True, eq=False)
class Known:
    """What the M step knows besides the expected statistics of a mixture, or of M of them."""

    prior: Pseudo | None = None
    held: Held | None = None
    box: Box | None = None  # of the noise, whose place is the last
    there: np.ndarray | None = None  # (M, K) places that are not spare

    @property
    def components(self):
        """All places but that of the noise."""
        return slice(None) if self.box is None else slice(-1)

    @classmethod
    def together(cls, knowns, spare):
        """Those of M mixtures as one; ``spare`` (M, K) are places without a component."""
        first = knowns[0]
        if first is None:
            return None
        there, prior = ~spare[:, first.components], None
        if first.prior is not None:
            priors = [known.prior for known in knowns]
            names = "scale", "count", "share", "constant"
            parts = (np.stack([getattr(p, name) for p in priors]) for name in names)
            weight = np.zeros(there.shape)
            for m, p in enumerate(priors):
                weight[m] = np.where(there[m], np.resize(p.weight, there.shape[1]), 0)
            prior = Pseudo(first.prior.mean, first.prior.kappa, *parts, weight)
        return cls(prior, first.held, first.box, there)

    def applied(self, x, W, rule):
        """What of an M step with statistics x changes: weights, means, scatters, counts, rule.

        With pseudo-points (:eq:`map-m-step`), and about means that are held (:eq:`held-means`).
        ``W`` are the scatters of x with what smoothing adds.
        """
        some, total = self.components, x.counts.sum(axis=-1, keepdims=True)
        N, shifts, W = x.counts[..., some], x.shifts[..., some, :], W[self.places(x.counts)]
        n, mu = N, x.origin + shifts
        prior, held, there = self.prior, self.held, self.there_or_all(N)
        if prior is not None:
            n = N + np.where(there, prior.weight, 0)
            pull = prior.kappa / np.maximum(N + prior.kappa, TINY)[..., None]
            mu = mu + pull * (prior.mean - mu)
        pi = n / np.maximum(n.sum(axis=-1, keepdims=True), TINY)
        if held is not None:
            pi, mu = held.put_in(pi, mu)
        W = W + each(N, W) * square(x.origin - mu + shifts, W)
        if prior is not None:
            W, N = prior.added_to(N, mu, W, there)
        if self.box is not None:
            noise = x.counts[..., -1:] / total
            pi = np.concatenate([pi * (1 - noise), noise], axis=-1)
            mu = with_last(mu, self.box.centre, axis=-2)
        return pi, mu, W, N, self.ruled_by(rule)

    def holding(self, theta):
        """Parameters of one mixture that come from elsewhere, with those that are held."""
        if self.held is None:
            return theta
        held, some = self.held, theta.reorder(self.components)
        pi, mu = held.put_in(some.weights / max(some.weights.sum(), TINY), some.means)
        mine = each(held.covariances, some.covariances)
        some = Parameters(pi, mu, np.where(mine, held.theta.covariances, some.covariances))
        return some if self.box is None else self.box.beside(some, theta.weights[-1])

    def ruled_by(self, rule):
        """The rule of the covariance model, but for covariances that are held, and the noise's."""

        def covariances(W, N, last=None):
            held, last = self.held, None if last is None else last[self.places(N)]
            if held is None or not held.covariances.any():
                Sigma = rule(W, N, last)
            else:
                mine = each(held.covariances, held.theta.covariances)
                Sigma = np.broadcast_to(held.theta.covariances, W.shape).copy()
                if not held.covariances.all():  # of what is held the rule sees one point
                    W, N = np.where(mine, Sigma, W), np.where(held.covariances, 1.0, N)
                    Sigma = np.where(mine, Sigma, rule(W, N, last))
            if self.box is None:
                return Sigma
            variances = self.box.variances
            variances = variances if W.ndim == N.ndim + 1 else np.diag(variances)
            return with_last(Sigma, variances, axis=N.ndim - 1)

        return covariances

    def places(self, N):
        """The index of the components in arrays whose axes begin as those of N do."""
        return (*[slice(None)] * (N.ndim - 1), self.components)

    def there_or_all(self, N):
        """Which places have a component."""
        return np.ones(N.shape, bool) if self.there is None else self.there

    def log_prior(self, theta):
        """The log density of the prior, (M,) or ()."""
        if self.prior is None:
            return np.zeros(theta.weights.shape[:-1])[()]
        some = self.places(theta.weights)
        theta = Parameters(*(a[some] for a in theta))
        return self.prior.log_density(theta, self.there_or_all(theta.weights))


# ---- What a model's arguments say -------------------------------------------------------------


def known_to(model, N, mean, covariance, box=None):
    """What a model with the arguments of GMM knows besides N points with such moments, or None."""
    K, kind, prior = model.n_components, model.covariance_model, as_prior(model.conjugate_prior)
    if prior is not None:
        if N <= 1 and prior.scale is None:
            raise ValueError(
                "conjugate_prior: one point has no covariance to make a prior from. Give a "
                "NormalInverseWishart with a scale, or a sample_weight with a sum above 1"
            )
        prior = Pseudo.of(prior, kind, K, mean, covariance * (N / max(N - 1, TINY)))
    held = held_by(model, len(mean))
    if prior is None and held is None and box is None:
        return None
    return Known(prior, held, box)


def held_by(model, D):
    """What ``fixed`` says, as :class:`Held`; None if nothing is held."""
    K, kind, masks = model.n_components, model.covariance_model, check_fixed(model)
    if not any(mask.any() for mask in masks.values()):
        return None
    given = given_parameters(model, D)
    for name, mask in masks.items():
        if mask.any() and name not in given:
            raise ValueError(f"fixed={model.fixed!r} holds {name}: give {name}_init")
    mask = masks["covariances"]
    if mask.any() and not mask.all() and kind.letters not in ("VVV", "VVI", "VII"):
        raise ValueError(
            f"fixed={model.fixed!r} holds some covariances, but those of "
            f"covariance_type={model.covariance_type!r} have something in common: hold all or "
            "none, or choose 'full', 'diag' or 'spherical'"
        )
    shape = (K, D) if kind.diagonal else (K, D, D)
    nothing = {"weights": np.zeros(K), "means": np.zeros((K, D)), "covariances": np.ones(shape)}
    return Held(Parameters(**(nothing | given)), *masks.values())


def check_fixed(model):
    """For which components (K,) each of weights, means and covariances is held, by name."""
    K, fixed = model.n_components, model.fixed
    lists = fixed.values() if isinstance(fixed, dict) else [fixed]
    if not all(map(np.iterable, lists)):
        raise TypeError(
            f"fixed={fixed!r} must be a tuple of names, or a dict from names to lists of components"
        )
    names = [fixed] if isinstance(fixed, str) else fixed
    choices = names if isinstance(names, dict) else dict.fromkeys(map(str, names), range(K))
    unknown = [name for name in choices if name not in NAMES]
    if unknown:
        raise ValueError(
            f"fixed={fixed!r} names {', '.join(map(repr, unknown))}: choose from {', '.join(NAMES)}"
        )
    masks = {name: np.zeros(K, bool) for name in NAMES}
    for name, some in choices.items():
        for k in some:
            if check_count(k, f"fixed[{name!r}]", minimum=0) >= K:
                raise ValueError(f"fixed={fixed!r} names component {k} of n_components={K}")
            masks[name][k] = True
    return masks


def given_parameters(model, D):
    """The checked start parameters that the user gave, by name."""
    K, kind = model.n_components, model.covariance_model
    given = {}
    if model.weights_init is not None:
        given["weights"] = check_weights(model.weights_init, K, "weights_init")
    if model.means_init is not None:
        given["means"] = check_means(model.means_init, K, D, "means_init")
    if model.covariances_init is not None:
        Sigma = check_covariances(model.covariances_init, kind, K, D, "covariances_init")
        given["covariances"] = kind.expand(Sigma, K, D)
    return given


def checked(prior, form, K, mean, covariance):
    """The numbers of a prior, checked, with the default ones where it has None."""
    D, (_, spherical, diagonal) = len(mean), form
    nu = D + 2 if prior.degrees_of_freedom is None else prior.degrees_of_freedom
    nu = check_above(nu, D - 1, "degrees_of_freedom")
    kappa = float(check_not_negative(prior.mean_precision, "mean_precision"))
    m = mean if prior.mean is None else check_of_shape(prior.mean, [(D,)], "mean")
    if prior.scale is not None:
        scale = check_scale(prior.scale, D, spherical, diagonal)
    else:
        variances = covariance if covariance.ndim == 1 else covariance.diagonal()
        scale = (np.full(D, variances.mean()) if diagonal else covariance) / K ** (2 / D)
        if not diagonal and not is_positive_definite(scale):
            raise ValueError(
                "the covariance of the data is singular, and can be no scale of a prior: give the "
                "NormalInverseWishart a scale, or choose covariance_type='diag'"
            )
    alpha = np.atleast_1d(as_floats(prior.weight_concentration, "weight_concentration"))
    if alpha.shape not in ((1,), (K,)) or not ((alpha >= 1) & (alpha < np.inf)).all():
        raise ValueError(
            f"weight_concentration={prior.weight_concentration!r} must be one number or {K}, "
            "of at least 1, which is flat: below it the likeliest weights are 0"
        )
    return m, kappa, scale, nu, alpha


def check_scale(scale, D, spherical, diagonal):
    """The scale of a prior: (D, D), or (D,) for diagonal models, equal for spherical ones."""
    scale = as_floats(scale, "scale")
    shapes = [()] if spherical else [(), (D,)] if diagonal else [(), (D,), (D, D)]
    scale = check_of_shape(scale, shapes, "scale")
    wide = scale if scale.ndim == 2 else np.broadcast_to(scale, D)
    wide = wide if diagonal or wide.ndim == 2 else np.diag(wide)
    if not diagonal and not np.allclose(wide, wide.T, rtol=1e-9, atol=0):
        raise ValueError("scale must be symmetric: give (scale + scale.T) / 2")
    if not (wide.min() > 0 if diagonal else is_positive_definite(wide)):
        raise ValueError("scale must be positive" + " definite" * (not diagonal))
    return wide


def check_of_shape(value, shapes, name):
    """Finite numbers of one of some shapes."""
    value = as_floats(value, name)
    if value.shape not in shapes or not np.isfinite(value).all():
        wanted = " or ".join(map(str, shapes))
        raise ValueError(f"{name} of the prior must be finite, of shape {wanted}: got {value!r}")
    return value


def check_above(value, least, name):
    """A number above another."""
    value = float(check_not_negative(value, name))
    if not value > least:
        raise ValueError(f"{name}={value:g} must be above {least}: below, the prior is no density")
    return value


def square(delta, W):
    """delta delta^T, or its diagonal if the scatters W are diagonals."""
    return delta * delta if W.ndim == delta.ndim else delta[..., :, None] * delta[..., None, :]
