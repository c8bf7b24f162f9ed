r"""The mixture of some features, given others: its parameters, and its mean as a regression.

Split the features of a point into those that are known, o, and the rest, m.  In component k
the rest are normal, about a mean that is linear in what is known
(:eq:`conditional-component`).  So the conditional of a mixture is a mixture
(:eq:`conditional`), and what is known decides its weights (:eq:`conditional-weights`):

.. math::

    p(x_m \mid x_o) = \sum_k r_k(x_o) \, \mathcal{N}\bigl(x_m \mid
        \mu_{k,m} + \Sigma_{k,mo} \Sigma_{k,oo}^{-1} (x_o - \mu_{k,o}), \; C_k\bigr) .

All of it comes from one Cholesky factor a component, with the known features first:

.. math::

    \Sigma_k = L L^\top, \qquad
    L = \begin{pmatrix} L_{oo} & 0 \\ L_{mo} & L_{mm} \end{pmatrix}, \qquad
    u_o = L_{oo}^{-1} (x_o - \mu_{k,o}) .

Then :math:`|u_o|^2` is the exponent of the known features' density, the mean of the rest is
:math:`\mu_{k,m} + L_{mo} u_o`, and :math:`C_k = L_{mm} L_{mm}^\top`.

============ ===================== =================================================
symbol       shape                 meaning
============ ===================== =================================================
``x``        (O, N)                what is known of N points, x_o, as columns
``u``        (K, O, N)             the same, as each component sees it
``r``        (K, N)                the weights given x_o
``mu``       (K, M, N)             the means given x_o
``C``        (K, M, M), or (K, M)  the covariances given x_o, the same for all points
============ ===================== =================================================

Source: Ghahramani & Jordan (1994), *Supervised learning from incomplete data via an EM
approach*, NIPS 6; Bishop (2006), *Pattern Recognition and Machine Learning*, section 2.3.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import softmax

from .blocks import block_size, slices
from .frames import HORIZON, cholesky
from .parameters import Parameters, diagonals
from .validation import as_floats


class Conditional(NamedTuple):
    """A mixture as it is seen from its known features, whatever their values."""

    log_heights: np.ndarray  # (K,) log of weight times the density of x_o at its mean
    known: np.ndarray  # (K, O) means of the known features
    whiten: np.ndarray  # (K, O, O) the inverse of L_oo; (K, O) if diagonal
    rest: np.ndarray  # (K, M) means of the rest
    spread: np.ndarray | None  # (K, M, O) L_mo; None if diagonal
    covariances: np.ndarray  # (K, M, M) C; (K, M) if diagonal

    @classmethod
    def of(cls, theta, features):
        """That of a mixture, with these features known (:eq:`conditional-component`).

        Raises
        ------
        SingularCovariance
            If a component's covariance has no inverse.
        """
        rest, n = remaining(theta, features), len(features)
        theta = Parameters(*(a.astype(np.float64) for a in theta.marginal([*features, *rest])))
        with np.errstate(divide="ignore"):  # a weight of 0 rules its component out
            log_pi = np.log(theta.weights)
        if theta.diagonal:
            whiten, spread = theta.covariances[:, :n] ** -0.5, None
            C, log_det = theta.covariances[:, n:], np.log(whiten).sum(axis=1)
        else:
            L = cholesky(theta.covariances)  # (K, D, D)
            whiten, spread, L_mm = np.linalg.inv(L[:, :n, :n]), L[:, n:, :n], L[:, n:, n:]
            C, log_det = L_mm @ L_mm.transpose(0, 2, 1), np.log(diagonals(whiten)).sum(axis=1)
        log_heights = log_pi + log_det - n * np.log(2 * np.pi) / 2
        return cls(log_heights, theta.means[:, :n], whiten, theta.means[:, n:], spread, C)

    def at(self, x):
        r"""Weights and means for some values of the known features (:eq:`conditional-weights`).

        .. math::

            r_k \propto \pi_k \, \mathcal{N}(x_o \mid \mu_{k,o}, \Sigma_{k,oo}) , \qquad
            \mu_{k,m} + L_{mo} u_o , \qquad u_o = L_{oo}^{-1} (x_o - \mu_{k,o})

        Parameters
        ----------
        x : array (O, N)
            As columns, which are long: so the products run along them.

        Returns
        -------
        r (K, N), mu (K, M, N)
        """
        delta = x - self.known[:, :, None]  # (K, O, N)
        if self.spread is None:
            u, mu = self.whiten[:, :, None] * delta, self.rest[:, :, None]
        else:
            u = self.whiten @ delta
            mu = self.rest[:, :, None] + self.spread @ u
        far = HORIZON[u.dtype]
        energy = np.square(u.clip(-far, far, out=u), out=u).sum(axis=1)  # (K, N)
        energy -= energy.min(axis=0)  # far away it is large, and only differences count
        return softmax(self.log_heights[:, None] - energy / 2, axis=0), mu

    def moments(self, X, return_cov=False):
        r"""Mean and covariance of the rest (:eq:`conditional-mean`, :eq:`conditional-covariance`).

        .. math::

            \hat x_m = \sum_k r_k \, \mu_k(x_o) , \qquad
            \operatorname{Cov}[x_m \mid x_o] = \sum_k r_k \bigl[ C_k +
                (\mu_k(x_o) - \hat x_m)(\mu_k(x_o) - \hat x_m)^\top \bigr]

        Parameters
        ----------
        X : array (N, O)
        return_cov : bool

        Returns
        -------
        mean (N, M), covariance (N, M, M); None without ``return_cov``
        """
        N, (K, M) = len(X), self.rest.shape
        mean, V = np.empty((N, M)), np.empty((N, M, M)) if return_cov else None
        size = block_size(2 * K * (X.shape[1] + M) + 2 * M * M * return_cov, N)
        for some in slices(0, N, size):
            r, mu = self.at(X[some].T.astype(np.float64))
            m = (r[:, None] * mu).sum(axis=0)  # (M, B)
            mean[some] = m.T
            if return_cov:
                within = np.tensordot(r, self.covariances, (0, 0))  # (B, M, M)
                if self.spread is None:
                    within = within[:, :, None] * np.eye(M)
                delta = (np.sqrt(r)[:, None] * (mu - m)).transpose(2, 1, 0)  # (B, M, K)
                V[some] = within + delta @ delta.transpose(0, 2, 1)
        return mean, V


def remaining(theta, features):
    """The features that are not among these, in order."""
    return np.setdiff1d(np.arange(theta.means.shape[-1]), features)


def condition(theta, features, values):
    """The mixture of the remaining features, where these have given values (:eq:`conditional`).

    Parameters
    ----------
    theta : Parameters
    features : array (O,) of int
    values : array (O,)

    Returns
    -------
    Parameters

    Examples
    --------
    Two components at (0, 0) and (9, 9): whoever is at 9 in one feature is so in the other.

    >>> theta = Parameters(np.full(2, 0.5), np.array([[0.0, 0.0], [9.0, 9.0]]), np.ones((2, 2)))
    >>> given = condition(theta, [0], [9.0])
    >>> given.weights.round(6), given.means
    (array([0., 1.]), array([[0.],
           [9.]]))
    """
    seen = Conditional.of(theta, features)
    r, mu = seen.at(np.asarray(values, np.float64)[:, None])
    return Parameters(r[:, 0], mu[:, :, 0], seen.covariances)


def regress(theta, rows, return_cov=False):
    """Complete a table: the mean of what each row does not know, given what it knows.

    Rows that lack the same features are taken together (:eq:`conditional-mean`,
    :eq:`conditional-covariance`).

    Parameters
    ----------
    theta : Parameters
    rows : Rows
        Checked data, NaN where the answer is wanted.
    return_cov : bool

    Returns
    -------
    ndarray (N, D), or with ``return_cov`` that and the covariances (N, D, D), 0 where known

    Examples
    --------
    >>> from numpy_ml_gmm.blocks import Patterns, Rows
    >>> theta = Parameters(np.ones(1), np.zeros((1, 2)), np.array([[[1.0, 0.5], [0.5, 1.0]]]))
    >>> X = np.array([[2.0, np.nan], [np.nan, np.nan]])
    >>> regress(theta, Rows(X, patterns=Patterns.of(X)))
    array([[2., 1.],
           [0., 0.]])
    """
    completed, (N, D), patterns = np.array(rows.X), rows.X.shape, rows.patterns
    V = np.zeros((N, D, D), completed.dtype) if return_cov else None
    for n, missing in () if patterns is None else patterns.groups():
        m, o = np.flatnonzero(missing), np.flatnonzero(~missing)
        if len(m) > 0:
            mean, covariance = Conditional.of(theta, o).moments(completed[n][:, o], return_cov)
            completed[n[:, None], m] = mean
            if return_cov:
                V[n[:, None, None], m[:, None], m] = covariance
    return (completed, V) if return_cov else completed


def draw(theta, rows, draws, rng):
    """Completions of a table, drawn from the conditional mixture of each row (:eq:`conditional`).

    First a component with the weights given what is known, then the rest from its Gaussian.

    Returns
    -------
    ndarray (draws, N, D)
    """
    completed, patterns = np.repeat(rows.X[None], draws, axis=0), rows.patterns
    for n, missing in () if patterns is None else patterns.groups():
        m, o = np.flatnonzero(missing), np.flatnonzero(~missing)
        if len(m) > 0:
            seen = Conditional.of(theta, o)
            r, mu = seen.at(rows.X[n][:, o].T.astype(np.float64))  # (K, N), (K, M, N)
            below = rng.random((draws, 1, len(n))) > r.cumsum(axis=0)[:-1]
            z = below.sum(axis=1)  # (draws, N)
            noise, C = rng.standard_normal((*z.shape, len(m))), seen.covariances
            if theta.diagonal:
                noise *= np.sqrt(C)[z]
            else:
                noise = (cholesky(C)[z] @ noise[..., None])[..., 0]
            mean = np.broadcast_to(mu, (*mu.shape[:2], len(n)))
            completed[:, n[:, None], m] = mean[z, :, np.arange(len(n))] + noise
    return completed


# ---- What the caller gives -------------------------------------------------------------------


def check_columns(features, D, names=None):
    """The numbers of features that are given by number or by a data frame's name.

    Examples
    --------
    >>> check_columns(["height", 0], D=3, names=["age", "sex", "height"])
    array([2, 0])
    >>> check_columns("weight", D=2, names=["age", "height"])
    Traceback (most recent call last):
    ValueError: features='weight' is not among the features: choose from 'age', 'height', or 0 to 1
    """
    known = {} if names is None else {str(name): d for d, name in enumerate(names)}
    given = [features] if isinstance(features, str) or np.ndim(features) == 0 else list(features)
    numbers = [known.get(f, f) if isinstance(f, str) else f for f in given]
    listed = "".join(f"{name!r}, " for name in known)
    choose = f"choose from {listed + 'or ' if listed else ''}0 to {D - 1}"
    for f, d in zip(given, numbers, strict=True):
        whole = isinstance(d, int | np.integer) and not isinstance(d, bool)
        if not whole or not 0 <= d < D:
            raise ValueError(f"features={f!r} is not among the features: {choose}")
    if not given or len(set(numbers)) < len(numbers):
        raise ValueError(f"features={features!r} must be one or several, all different: {choose}")
    return np.array(numbers, dtype=int)


def check_values(values, features, D):
    """A finite value (O,) for each of the features that are held, of which there are fewer than D.

    Examples
    --------
    >>> check_values(2, [0], D=3)
    array([2.])
    """
    x = np.atleast_1d(as_floats(values, "values")).astype(np.float64)
    if x.shape != (len(features),):
        raise ValueError(
            f"values has shape {np.shape(values)}, expected ({len(features)},): one value for each "
            "of the features"
        )
    if not (np.abs(x) < HORIZON[x.dtype]).all():
        raise ValueError(
            f"values={x} holds NaN, infinity or a number too large: leave out a feature that is "
            "not known, and give each of the others a finite value"
        )
    if len(features) == D:
        raise ValueError(
            f"features names all {D} features, and none is left: leave out at least one"
        )
    return x
