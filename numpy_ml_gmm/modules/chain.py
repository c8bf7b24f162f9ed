r"""A chain of classes: the forward and the backward pass, as Bilmes (1998) derives them.

The class of a row depends on the class of the row before.  With the *evidence*
:math:`\mathcal{E}_{nk}`, proportional to the density of row n in class k, the joint of a
path of classes and its rows is (:eq:`chain-joint`)

.. math::

    p(Z, X) \propto P_{0 z_1} \mathcal{E}_{1 z_1}
        \prod_{n=2}^N P_{z_{n-1} z_n} \mathcal{E}_{n z_n} .

A row's class is decided by the row itself and by all the others.  The two
parts are kept apart: the *message* is what the others say (:eq:`chain-message`).

================ ========== ===================================================
symbol           shape      meaning
================ ========== ===================================================
``log_b``        (N, K)     log evidence; each row matters up to a constant
``P``            (K, K)     transition probabilities, P[j, k] from class j to k
``a``            (K,)       P_0, probabilities of the class of a first row
``first``        (N,)       whether a row is the first of its sequence
``last``         (N,)       whether it is the last
``log_ahead``    (N, K)     log p(z_n | rows before n)
``log_backward`` (N, K)     log p(rows after n | z_n), up to a constant for each row
``log_message``  (N, K)     log p(z_n | all rows but n)
``gamma``        (N, K)     p(z_n | all rows)
``counts``       (K, K)     expected number of steps from class j to class k
================ ========== ===================================================

All is in logs: densities differ by more than a float can hold, and the class that one row
makes all but impossible may be the only one that the next row allows.

Source: Bilmes (1998), *A gentle tutorial of the EM algorithm*, section 4.
"""

import math
from typing import NamedTuple

import numpy as np

from ..statistics import log_sum

LEAST_COUNT = 1e-150  # of a step: none is ruled out for good, and two in a row are not yet 0
NEARLY_LOST = 1e-200  # a sum above it lacks no digit for terms that were too small for a float
LOWEST = np.finfo(float).min
FEW_CLASSES = 32  # up to so many, pieces side by side are faster than row after row


class Posterior(NamedTuple):
    """What a chain says of the classes of its rows."""

    log_message: np.ndarray  # (N, K)
    gamma: np.ndarray  # (N, K)
    counts: np.ndarray  # (K, K)
    firsts: np.ndarray  # (K,) expected number of sequences that begin in each class
    log_likelihood: float


def step(log_ahead, log_b, P):
    r"""From what is ahead of a row to what is ahead of the next (:eq:`forward-pass`).

    .. math::

        \overrightarrow{p}_{nk} \propto \mathcal{E}_{nk} \sum_j \overrightarrow{p}_{n-1, j} P_{jk}

    The sum is what is ahead, and c what a row is divided by.  The axes after that of the classes
    are for chains side by side.

    Returns
    -------
    log_ahead (K, ...), log c (...)
    """
    joint = log_ahead + log_b  # (K, ...)
    log_c = log_sum(joint)  # (...)
    log_forward = joint - np.maximum(log_c, LOWEST)
    return log_product(P.T, log_forward), log_c


def log_product(P, x):
    """The log of ``P @ exp(x)``, (K, ...): with logs inside too where floats would lose it."""
    p = (P @ np.exp(x).reshape(len(P), -1)).reshape(x.shape)
    with np.errstate(divide="ignore"):
        log_p = np.log(p)
        if p.min() < NEARLY_LOST:
            lost = p.min(axis=0) < NEARLY_LOST
            log_p[:, lost] = log_sum(np.log(P).T[:, :, None] + x[:, None, lost])
    return log_p


def forward_pass(log_b, P, a, last):
    """What the rows before say of each class (N, K), and the chance of each row (N,), in logs.

    The rows are cut into pieces that walk side by side.  Each walks from every class first:
    then we know what it makes of what is ahead of it, whatever that is.  From piece to piece
    we learn what it is, and each walks from there.
    """
    N, K = log_b.shape
    C = math.isqrt(N) if K <= FEW_CLASSES else 1  # C pieces of L rows; those beyond N say nothing
    L = math.ceil(N / C)
    with np.errstate(divide="ignore"):
        log_a, unit = np.log(a)[:, None], np.log(np.eye(K))
    rows = np.pad(log_b, [(0, C * L - N), (0, 0)]).reshape(C, L, K).T.copy()  # (K, L, C)
    ends = np.pad(last, (0, C * L - N)).reshape(C, L).T  # (L, C)

    start = np.tile(log_a, C)  # (K, C) what is ahead of each piece
    if C > 1:
        total, after = 0.0, np.tile(unit[:, None], (1, C, 1))  # (C, K), (K, C, K): from each class
        for n in range(L):
            after, log_c = step(after, rows[:, n, :, None], P)
            after[:, ends[n]] = log_a[:, :, None]
            total = total + log_c
        for c in range(C - 1):
            joint = start[:, c] + total[c] + after[:, c]  # (K, K)
            start[:, c + 1] = log_sum(joint, axis=1) - max(log_sum(joint.ravel()), LOWEST)

    log_ahead, log_c = np.empty((K, L, C)), np.empty((L, C))
    for n in range(L):
        log_ahead[:, n] = start
        start, log_c[n] = step(start, rows[:, n], P)
        start[:, ends[n]] = log_a
    return log_ahead.T.reshape(-1, K)[:N], log_c.T.ravel()[:N]


def backward_pass(log_b, P, first):
    r"""What the later rows say of each class (N, K), in logs (:eq:`backward-pass`).

    .. math::

        \overleftarrow{p}_{nk} \propto
            \sum_j P_{kj} \, \mathcal{E}_{n+1, j} \, \overleftarrow{p}_{n+1, j} , \qquad
        \overleftarrow{p}_{Nk} \propto 1
    """
    nothing = np.ones(len(P))
    log_backward, _ = forward_pass(log_b[::-1], P.T, nothing, first[::-1])
    return log_backward[::-1]


def posterior(log_b, P, a, first=None):
    r"""Both passes put together (:eq:`chain-message`, :eq:`chain-posterior`, :eq:`chain-counts`).

    .. math::

        \mathcal{M}_{nk} \propto
            \overleftarrow{p}_{nk} \sum_j \overrightarrow{p}_{n-1, j} P_{jk} , \qquad
        \gamma_{nk} \propto \mathcal{E}_{nk} \, \mathcal{M}_{nk} , \qquad
        N_{jk} = \sum_{n=2}^N p(z_{n-1} = j, z_n = k \mid X)

    Parameters
    ----------
    log_b : array (N, K)
    P : array (K, K)
    a : array (K,)
    first : array (N,) of bool, optional
        Where a sequence begins; only row 0 if it is not given.

    Returns
    -------
    Posterior

    Raises
    ------
    ValueError
        If no path of classes has a probability above 0.

    Examples
    --------
    >>> b = np.array([[0.9, 0.1], [0.5, 0.5]])
    >>> posterior(np.log(b), np.eye(2), np.array([0.5, 0.5])).gamma
    array([[0.9, 0.1], [0.9, 0.1]])
    """
    first = np.arange(len(log_b)) == 0 if first is None else first
    log_ahead, log_c = forward_pass(log_b, P, a, last=np.roll(first, -1))
    if not np.isfinite(log_c).all():
        n = int(np.isfinite(log_c).argmin())
        raise ValueError(
            f"row {n} allows no class that can follow the rows before it: each path of classes has "
            "probability 0. Send probabilities above 0 where a class is possible"
        )
    log_backward = backward_pass(log_b, P, first)
    log_message = log_ahead + log_backward
    log_message -= log_sum(log_message, axis=1)[:, None]
    gamma = np.exp(log_message + log_b - log_sum(log_message + log_b, axis=1)[:, None])
    # Of a step, alpha_j A_jk b_k beta_k over its sum.
    log_forward = log_ahead + log_b - log_c[:, None]
    log_later = log_b + log_backward - log_sum(log_ahead + log_b + log_backward, axis=1)[:, None]
    before, after = log_forward[:-1][~first[1:]], log_later[1:][~first[1:]]
    with np.errstate(divide="ignore"):
        log_P = np.log(P)
    counts = [np.exp(before[:, j, None] + log_P[j] + after).sum(axis=0) for j in range(len(P))]
    return Posterior(
        log_message, gamma, np.array(counts), gamma[first].sum(axis=0), float(log_c.sum())
    )


def transitions(counts):
    r"""The probabilities that the expected counts make likeliest (:eq:`transitions`).

    .. math::

        P_{jk} = \frac{N_{jk}}{\sum_l N_{jl}}

    A class that is never left is left with equal chances.

    Examples
    --------
    >>> transitions(np.array([[3.0, 1.0], [0.0, 0.0]]))
    array([[0.75, 0.25], [0.5 , 0.5 ]])
    """
    return rows_to_one(counts + LEAST_COUNT)


def rows_to_one(p):
    """Each row divided by its sum."""
    return p / p.sum(axis=-1, keepdims=True)
