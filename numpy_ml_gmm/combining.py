r"""Combining components: several of them may describe one cluster.

BIC asks for as many Gaussians as it takes to describe the density, and a cluster that is no
Gaussian takes several.  Whether two components belong together shows in the responsibilities:
where they overlap, each point is in doubt between the two.  The doubt in all is the entropy

.. math::

    H = -\sum_n \sum_k r_{nk} \log r_{nk} .

To merge two components is to add up their columns of r.  It lowers the entropy by

.. math::

    \Delta_{ij} = \sum_n \operatorname{entr}(r_{ni}) + \operatorname{entr}(r_{nj})
        - \operatorname{entr}(r_{ni} + r_{nj}) , \qquad \operatorname{entr}(r) = -r \log r .

The pair with the largest :math:`\Delta_{ij}` is merged, then the next, until one cluster is
left.  The density stays what it was: the clusters are mixtures themselves.

============== ========== ===========================================================
symbol         shape      meaning
============== ========== ===========================================================
``r``          (N, K)     responsibilities of the components
``K'``                    number of clusters, from K down to 1
``membership`` (K, K')    1 where a component belongs to a cluster, else 0
``entropies``  (K,)       the entropy H with 1, 2, ..., K clusters
============== ========== ===========================================================

Source: Baudry, Raftery, Celeux, Lo & Gottardo (2010), *Combining mixture components for
clustering*, Journal of Computational and Graphical Statistics 19(2), 332-353,
https://doi.org/10.1198/jcgs.2010.08111; mclust has it as ``clustCombi``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import entr

from .frames import TINY
from .hints import Array, Given, Labels
from .validation import check_count, check_sample_weight


class Combination(NamedTuple):
    """The components of a mixture in ever fewer clusters: what :func:`combine` returns.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM
    >>> means = [[0.0], [1.0], [9.0]]
    >>> model = GMM.from_parameters([0.3, 0.3, 0.4], means, 1.0, covariance_type="EII")
    >>> combination = combine(model, [[-1.0], [0.5], [2.0], [8.0], [9.0]])
    >>> combination
    <Combination: 3 components in 2 clusters, entropy 1.64 -> 0.00>

    Row G - 1 says which cluster each component belongs to where there are G of them:

    >>> combination.clusters
    array([[0, 0, 0],
           [0, 0, 1],
           [0, 1, 2]])
    """

    responsibilities: np.ndarray  # (N, K) of the components, for the points
    clusters: np.ndarray  # (K, K) row G - 1: the cluster of each component, of G clusters
    merges: np.ndarray  # (K - 1, 2) row G - 1: which of G + 1 clusters become one
    entropies: np.ndarray  # (K,) of the responsibilities of 1, 2, ..., K clusters, in nats
    n_merged: np.ndarray  # (K - 1,) entry G - 1: how many points those two clusters hold
    n_clusters: int  # a choice of G: where the curve of the entropies bends

    def membership(self, n_clusters: int | None = None) -> Array:
        r"""Which components make up which cluster: b (K, G), of 0 and 1.

        Responsibilities times b are those of the clusters (:eq:`merged-responsibilities`).

        Parameters
        ----------
        n_clusters : int, optional
            G; without it the choice :attr:`n_clusters`.

        Examples
        --------
        By it new points come in clusters too:

        >>> from numpy_ml_gmm import GMM
        >>> pair = GMM.from_parameters([0.5, 0.5], [[0.0], [1.0]], 1.0, covariance_type="EII")
        >>> b = combine(pair, [[-1.0], [0.5], [2.0]]).membership(1)
        >>> pair.predict_proba([[0.5]]) @ b
        array([[1.]])
        """
        K = len(self.clusters)
        G = self.n_clusters if n_clusters is None else check_count(n_clusters, "n_clusters")
        if G > K:
            raise ValueError(f"n_clusters={G} of {K} components: give a number from 1 to {K}")
        return np.eye(G)[self.clusters[G - 1]]

    def predict_proba(self, n_clusters: int | None = None) -> Array:
        r"""Responsibilities of the clusters for the points (:eq:`merged-responsibilities`), (N, G).

        .. math::

            r_{ng} = \sum_{k \in g} r_{nk}

        Examples
        --------
        >>> from numpy_ml_gmm import GMM, load_iris
        >>> X = load_iris().X
        >>> combine(GMM(4, random_state=0).fit(X), X).predict_proba(3).shape
        (150, 3)
        """
        return self.responsibilities @ self.membership(n_clusters)

    def predict(self, n_clusters: int | None = None) -> Labels:
        """The most probable cluster of each point, (N,).

        Examples
        --------
        The third component is the likeliest for the point at 1, but two others together, which
        are one cluster, have more of it:

        >>> from numpy_ml_gmm import GMM
        >>> means = [[0.0], [0.0], [2.0]]
        >>> three = GMM.from_parameters([0.3, 0.3, 0.4], means, 1.0, covariance_type="EII")
        >>> X = [[-1.0], [0.0], [1.0], [3.0]]
        >>> three.predict(X)[2], combine(three, X).predict(2)
        (np.int64(2), array([0, 0, 0, 1]))
        """
        return self.predict_proba(n_clusters).argmax(axis=1)

    def __repr__(self) -> str:
        K, G = len(self.clusters), self.n_clusters
        first, last = self.entropies[[K - 1, G - 1]]
        components, clusters = "component" + "s" * (K > 1), "cluster" + "s" * (G > 1)
        return (
            f"<Combination: {K} {components} in {G} {clusters}, entropy {first:.2f} -> {last:.2f}>"
        )


def combine(
    model: Any, X: ArrayLike, *, sample_weight: Given = None, priors: Given = None
) -> Combination:
    r"""Merge components pair by pair, those first whose merger leaves the least doubt.

    Each time it is the pair that lowers the entropy of the responsibilities most
    (:eq:`entropy-gain`).  A choice of the number of clusters is where the entropies, drawn over
    that number, bend (:eq:`entropy-bend`).

    Parameters
    ----------
    model : GMM
        Fitted; or any mixture with ``predict_proba``.
    X : array (N, D)
        The points whose doubt is to be lowered, as a rule those of the fit.
    sample_weight : array (N,), optional
        Weight 2 is the point twice, weight 0 the point absent.
    priors : array (N, K) or (N,), optional
        What is known of the points' components, as for
        :meth:`GMM.predict_proba <numpy_ml_gmm.GMM.predict_proba>`.

    Returns
    -------
    Combination

    Raises
    ------
    ValueError, TypeError
        If the model is not fitted, or X, the weights or the priors do not fit.

    Notes
    -----
    Noise is no component: each point counts as far as it is none, and says which of the clusters it
    would belong to.

    The choice is that of mclust's ``clustCombiOptim``.  Of two components it keeps both, and of
    three it always makes two clusters: a bend needs three points.  So look at
    :func:`~numpy_ml_gmm.plots.plot_combination` too.

    Examples
    --------
    A square is no Gaussian, and takes several.  Two squares are two clusters all the same:

    >>> from numpy_ml_gmm import select
    >>> corner = np.repeat([[0, 0], [1.5, 0.5]], 200, axis=0)
    >>> X = corner + np.random.default_rng(17).uniform(size=(400, 2))
    >>> model = select(X, range(1, 8)).best
    >>> model.n_components, combine(model, X).n_clusters
    (5, 2)
    """
    if not hasattr(model, "predict_proba"):
        raise TypeError(
            f"model is a {type(model).__name__}, which has no predict_proba: pass a fitted mixture"
        )
    r = model.predict_proba(X) if priors is None else model.predict_proba(X, priors=priors)
    r = np.asarray(r, np.float64)
    w = np.ones(len(r)) if sample_weight is None else check_sample_weight(sample_weight, r)
    if getattr(model, "noise", False):
        r, w = r[:, :-1] / np.maximum(1 - r[:, -1:], TINY), w * (1 - r[:, -1])
    clusters, merges = merge(r, w)
    K = len(clusters)
    levels = [r @ np.eye(G)[clusters[G - 1]] for G in range(1, K + 1)]  # (N, 1), ..., (N, K)
    entropies = np.maximum([w @ entr(level).sum(axis=1) for level in levels], 0)
    pairs = zip(levels[1:], merges, strict=True)
    n_merged = np.array([w @ np.isin(level.argmax(axis=1), pair) for level, pair in pairs])
    n_clusters = K if K < 3 else bend(np.arange(K), entropies).at + 1
    return Combination(r, clusters, merges, entropies, n_merged, n_clusters)


def merge(r, w):
    r"""The cluster of each component with G = 1, ..., K clusters, and which two merge at each step.

    The gain of merging i and j is (:eq:`entropy-gain`)

    .. math::

        \Delta_{ij} = \sum_n w_n \, [\operatorname{entr}(r_{ni}) + \operatorname{entr}(r_{nj})
            - \operatorname{entr}(r_{ni} + r_{nj})] , \qquad \operatorname{entr}(r) = -r \log r .

    Parameters
    ----------
    r : array (N, K)
    w : array (N,)

    Returns
    -------
    clusters (K, K), merges (K - 1, 2)
    """

    def gain(i, j):
        return w @ (h[i] + h[j] - entr(r[i] + r[j]))

    r = r.T.copy()  # a row for each cluster that is left; it is named by its first component
    h, K = entr(r), len(r)
    first, clusters, merges = np.arange(K), [np.arange(K)], []
    gains = {(i, j): gain(i, j) for j in range(K) for i in range(j)}
    while gains:
        i, j = max(gains, key=gains.get)
        merges.append(clusters[-1][[i, j]])
        first[first == j] = i
        clusters.append(np.unique(first, return_inverse=True)[1])
        r[i] += r[j]
        h[i] = entr(r[i])
        gains = {pair: old for pair, old in gains.items() if j not in pair}
        gains |= {pair: gain(*pair) for pair in gains if i in pair}
    return np.array(clusters[::-1]), np.array(merges[::-1], int).reshape(K - 1, 2)


class Bend(NamedTuple):
    """Two straight lines, on either side of a point of a curve."""

    at: int  # number of the point
    lines: list  # two pairs (x, height), for the points up to it and from it on


def bend(x, y):
    r"""Where a curve bends: two straight lines, each fitted by least squares, that share a point.

    The point is the one with the smallest sum of squares (:eq:`entropy-bend`).

    Parameters
    ----------
    x, y : array (K,)
        K of at least 3.
    """

    def line(some):
        offset = x[some] - x[some].mean()
        slope = np.linalg.lstsq(offset[:, None], y[some], rcond=None)[0]
        return y[some].mean() + slope * offset

    best = np.inf
    for at in range(1, len(x) - 1):
        parts = slice(0, at + 1), slice(at, None)
        lines = [(x[some], line(some)) for some in parts]
        squares = sum(
            ((y[some] - height) ** 2).sum() for some, (_, height) in zip(parts, lines, strict=True)
        )
        if squares < best:
            best, found = squares, Bend(at, lines)
    return found
