r"""A chain of classes: the forward and the backward pass, as Bilmes (1998) derives them.

The class of a row depends on the class of the row before.  With the *evidence*
:math:`b_{nk}`, proportional to the density of row n in class k, the joint of a
path of classes and its rows is (:eq:`chain-joint`)

.. math::

    p(Z, X) \propto a_{z_1} b_{1 z_1} \prod_{n=2}^N A_{z_{n-1} z_n} b_{n z_n} .

A row's class is decided by the row itself and by all the others.  The two
parts are kept apart: the *message* is what the others say (:eq:`chain-message`).

=============== ========== ====================================================
symbol          shape      meaning
=============== ========== ====================================================
``b``           (N, K)     evidence; each row matters up to a factor
``A``           (K, K)     transition probabilities, A[j, k] from class j to k
``a``           (K,)       probabilities of the first row's class
``alpha``       (N, K)     p(z_n | rows up to n)
``beta``        (N, K)     p(rows after n | z_n), up to a factor for each row
``message``     (N, K)     p(z_n | all rows but n)
``gamma``       (N, K)     p(z_n | all rows)
``counts``      (K, K)     expected number of steps from class j to class k
=============== ========== ====================================================

Source: Bilmes (1998), *A gentle tutorial of the EM algorithm*, section 4.
"""

from typing import NamedTuple

import numpy as np

LEAST_COUNT = 1e-150  # no class is ruled out for good, and a product of two is not yet zero


class Posterior(NamedTuple):
    """What a chain says of the classes of its rows."""

    message: np.ndarray  # (N, K)
    gamma: np.ndarray  # (N, K)
    counts: np.ndarray  # (K, K)
    log_likelihood: float


def forward_pass(b, A, a):
    r"""The filtered classes and the chance of each row (:eq:`forward-pass`).

    .. math::

        c_n \, \alpha_{nk} = b_{nk} \sum_j \alpha_{n-1, j} A_{jk} , \qquad
        \log p(X) = \sum_n \log c_n

    Examples
    --------
    >>> alpha, c = forward_pass(np.array([[0.2, 0.6]]), np.eye(2), np.array([0.5, 0.5]))
    >>> alpha, c
    (array([[0.25, 0.75]]), array([0.4]))
    """
    alpha, c = np.empty_like(b), np.empty(len(b))
    ahead = a
    for n in range(len(b)):
        joint = ahead * b[n]  # (K,)
        c[n] = joint.sum()
        alpha[n] = joint / c[n]
        ahead = alpha[n] @ A
    return alpha, c


def backward_pass(b, A):
    r"""What the later rows say of each class, up to a factor (:eq:`backward-pass`).

    .. math::

        \beta_{nk} \propto \sum_j A_{kj} \, b_{n+1, j} \, \beta_{n+1, j} , \qquad
        \beta_{Nk} \propto 1

    Examples
    --------
    >>> backward_pass(np.array([[1.0, 1.0], [0.2, 0.6]]), np.eye(2))
    array([[0.25, 0.75], [0.5 , 0.5 ]])
    """
    beta = np.full_like(b, 1 / b.shape[1])
    for n in range(len(b) - 2, -1, -1):
        beta[n] = A @ (b[n + 1] * beta[n + 1])
        beta[n] /= beta[n].sum()
    return beta


def posterior(b, A, a):
    r"""Both passes put together (:eq:`chain-message`, :eq:`chain-posterior`, :eq:`chain-counts`).

    .. math::

        m_{nk} \propto \beta_{nk} \sum_j \alpha_{n-1, j} A_{jk} , \qquad
        \gamma_{nk} \propto b_{nk} \, m_{nk} , \qquad
        C_{jk} = \sum_{n=2}^N p(z_{n-1} = j, z_n = k \mid X)

    Parameters
    ----------
    b : array (N, K)
    A : array (K, K)
    a : array (K,)

    Returns
    -------
    Posterior

    Examples
    --------
    >>> b = np.array([[0.9, 0.1], [0.5, 0.5]])
    >>> posterior(b, np.eye(2), np.array([0.5, 0.5])).gamma
    array([[0.9, 0.1], [0.9, 0.1]])
    """
    alpha, c = forward_pass(b, A, a)
    beta = backward_pass(b, A)
    ahead = np.vstack([a, alpha[:-1] @ A])  # (N, K)
    message = rows_to_one(ahead * beta)
    gamma = rows_to_one(message * b)
    # Of a step, alpha_j A_jk b_k beta_k over its sum.
    later = b * beta / (ahead * b * beta).sum(axis=1)[:, None]
    counts = A * (alpha[:-1].T @ later[1:])
    log_p = float(np.log(c).sum())
    return Posterior(message, gamma, counts, log_p)


def transitions(counts):
    r"""The transition probabilities that the expected counts make likeliest (:eq:`transitions`).

    .. math::

        A_{jk} = \frac{C_{jk}}{\sum_l C_{jl}}

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
