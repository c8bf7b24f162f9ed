"""How EM climbed: the log-likelihood after each step, and the staircase of half steps."""

from __future__ import annotations

from itertools import islice
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from ..hints import Array, Given
from .colours import FAINT, LINES, inks_of, palette
from .labels import add_legend, write_far_ticks


def plot_log_likelihood(
    model: Any, X: Given = None, *, gap: bool = False, ax: Any = None, **kwargs: Any
) -> Axes:
    r"""The log-likelihood after every step: all restarts, and the kept one strong.

    Parameters
    ----------
    model : object
        With ``history_``, a list of log-likelihoods (sums, in nats) for each
        restart, and ``best_restart_``, the index of the one that was kept.
    X : ignored
        There so that all plots are called alike.
    gap : bool
        Whether to show, on a log scale, what is still missing to the best value.
        EM converges linearly: its gap ends as a straight line.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For the kept restart's line, see :meth:`matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If the model has no history.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> ax = plot_log_likelihood(SimpleNamespace(history_=[[-9.0, -5.0], [-8.0, -4.0, -3.0]]))
    >>> [len(line.get_xdata()) for line in ax.lines]
    [2, 3]
    >>> plt.close(ax.figure)
    """
    history, best = _history(model)
    ax = plt.subplots(layout="constrained")[1] if ax is None else ax
    if gap:  # what each run misses to the best value; nan where that is below rounding
        top = max(run.max() for run in history)
        history = [np.where(top - run > 1e-12 * abs(top), top - run, np.nan) for run in history]
    kept = {
        "color": palette(1, inks_of(ax).dark)[0],
        "linewidth": 2.4,
        "zorder": 3,
        "label": "kept",
    } | kwargs
    other = {"color": FAINT, "linewidth": 1, "alpha": 0.8, "zorder": 1}
    for i in sorted(range(len(history)), key=lambda i: i == best):  # the kept one on top
        steps = np.arange(1, len(history[i]) + 1)
        ax.plot(steps, history[i], **kept if i == best else other)
    ax.set_yscale("log" if gap else "linear")
    write_far_ticks(ax.yaxis)
    ax.set_xlabel("EM step")
    ax.set_ylabel("gap to the best (nats)" if gap else r"log-likelihood $\log p(X \mid \theta)$")
    return ax


def _history(model):
    """The runs, as arrays without empty ones, and which of them was kept."""
    runs = getattr(model, "history_", None)
    runs = [] if runs is None else [np.asarray(run, dtype=np.float64).ravel() for run in runs]
    if not any(len(run) for run in runs):
        raise ValueError(
            f"model={model!r} has no history_: plot a fitted numpy_ml_gmm.GMM, or an object whose "
            f"history_ is a list with one array of log-likelihoods for each restart"
        )
    ends = [run[-1] if len(run) else -np.inf for run in runs]
    best = int(getattr(model, "best_restart_", np.argmax(ends)))
    kept = [i for i in range(len(runs)) if len(runs[i])]
    return [runs[i] for i in kept], kept.index(best) if best in kept else int(np.argmax(ends))


def half_steps(model: Any, X: ArrayLike, n_steps: int = 5) -> Array:
    r"""ELBO and log-likelihood after every half step of EM.

    An E step sets :math:`q_{nk} = r_{nk}` and closes the gap.  An M step moves
    :math:`\theta` and leaves q, so that a gap opens again:

    .. math::
        \log p(X \mid \theta) = \mathrm{ELBO}(q, \theta) +
            \mathrm{KL}\bigl(q \,\|\, p(Z \mid X, \theta)\bigr) .

    Parameters
    ----------
    model : GMM
        With ``iterate``, ``predict_proba``, ``elbo`` and ``log_likelihood``.  It is fitted.
    X : array (N, D)
        Points.
    n_steps : int
        Number of E steps to show.

    Returns
    -------
    ndarray (H, 2)
        ELBO and log-likelihood after E, M, E, ..., E.

    Raises
    ------
    ValueError
        If the model cannot iterate, or ``n_steps`` is below 1.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM, load_old_faithful
    >>> elbo, log_p = half_steps(GMM(2, random_state=0), load_old_faithful().X, n_steps=3).T
    >>> len(elbo), bool(np.allclose(elbo[::2], log_p[::2]))  # equal after each E step
    (5, True)
    """
    if not hasattr(model, "iterate") or n_steps < 1:
        raise ValueError(
            f"model={model!r}, n_steps={n_steps}: pass a GMM, which can iterate, and n_steps from 1"
        )
    trace, q = [], None
    for _ in islice(model.iterate(X), n_steps):
        log_p = model.log_likelihood(X)
        if q is not None:
            trace.append((model.elbo(X, q), log_p))  # after the M step
        q = model.predict_proba(X)
        trace.append((model.elbo(X, q), log_p))  # after the E step
    return np.array(trace)


def plot_elbo(model: Any, X: ArrayLike, *, n_steps: int = 5, ax: Any = None, **kwargs: Any) -> Axes:
    r"""The staircase of EM: ELBO, KL and log-likelihood at half steps.

    .. math::
        \log p(X \mid \theta) = \mathrm{ELBO}(q, \theta) +
            \mathrm{KL}\bigl(q \,\|\, p(Z \mid X, \theta)\bigr)

    See :func:`half_steps`.

    Parameters
    ----------
    model : GMM
        It is fitted by this call.  A rough start makes high stairs.
    X : array (N, D)
        Points.
    n_steps : int
        Number of E steps.
    ax : matplotlib Axes, optional
        Where to draw.
    **kwargs
        For the line of the log-likelihood, see :meth:`matplotlib.axes.Axes.plot`.

    Returns
    -------
    matplotlib Axes
        With a legend.

    Raises
    ------
    ValueError
        If the model cannot iterate, or ``n_steps`` is below 1.

    Examples
    --------
    >>> from numpy_ml_gmm import GMM, load_old_faithful
    >>> ax = plot_elbo(GMM(2, random_state=0), load_old_faithful().X, n_steps=3)
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['E', 'M', 'E', 'M', 'E']
    >>> plt.close(ax.figure)
    """
    elbo, log_p = half_steps(model, X, n_steps).T
    ax = plt.subplots(layout="constrained")[1] if ax is None else ax
    inks = inks_of(ax)
    blue, gold = palette(2, inks.dark)
    edges = np.arange(len(elbo) + 1)
    stairs = [np.append(values, values[-1]) for values in (elbo, log_p)]
    gap = {"color": gold, "alpha": 0.45, "linewidth": 0, "label": "KL"}
    ax.fill_between(edges, *stairs, step="post", **gap)
    step = {"drawstyle": "steps-post", "linewidth": 2.4}
    ax.plot(edges, stairs[0], **step, color=blue, label="ELBO")
    above = {"color": inks.ink, "linestyle": LINES[1], "label": r"$\log p(X \mid \theta)$"}
    ax.plot(edges, stairs[1], **step | above | kwargs)
    ax.set_xticks(edges[:-1] + 0.5, ["EM"[h % 2] for h in range(len(elbo))])
    ax.set_xlabel("half step of EM")
    ax.set_ylabel("nats")
    write_far_ticks(ax.yaxis)
    add_legend(ax)
    return ax
