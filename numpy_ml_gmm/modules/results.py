"""What a module writes into its folder, and the categories that name its classes there."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment

from ..archive import whole_folder
from ..hints import Labels

MODES = "learn", "recog"


def check_mode(mode):
    """One of the modes."""
    if mode not in MODES:
        raise ValueError(f"mode={mode!r} is not known: choose 'learn' or 'recog'")
    return mode


def results_folder(folder, mode):
    """A folder to write in that takes the place of ``folder``, whole or not at all.

    Results of an earlier run that the new ones outdate are dropped: all of them
    in "learn", those of "recog" in "recog".  Other files in the folder stay.
    """
    outdated = MODES if mode == "learn" else [mode]
    names = [f"{what}_{m}.txt" for m in outdated for what in ("acc", "class", "mu", "Pdz")]
    return whole_folder(folder, outdated=names)


def check_category(category, N=None):
    """Correct classes (N,), whole numbers."""
    c = np.asarray(category)
    if c.dtype.kind not in "iufb" or not np.isfinite(c).all() or (c != np.floor(c)).any():
        raise ValueError("category must hold whole numbers: number the classes")
    if c.ndim != 1 or len(c) == 0 or N not in (None, len(c)):
        raise ValueError(f"category has shape {c.shape}, expected ({N or 'N'},): one for each row")
    return c.astype(int)


def matching(classes: ArrayLike, category: ArrayLike, K: int) -> tuple[Labels, float]:
    r"""The best one-to-one naming of classes by categories, and its accuracy (:eq:`matching`).

    .. math::

        \text{accuracy} = \frac1N \max_{\text{names}}
            \sum_n \mathbb{1}[\operatorname{name}(z_n) = g_n]

    By the Hungarian method.  Exchanging names in pairs may get stuck below the best.

    Parameters
    ----------
    classes : array (N,)
        From 0 to K - 1.
    category : array (N,)
        Whole numbers.  There may be more of them than classes, or fewer.
    K : int

    Returns
    -------
    labels : ndarray (K,)
        The category of each class.  Classes left over get numbers above them all.
    accuracy : float
        The share of rows whose class has the row's category.

    Examples
    --------
    >>> labels, accuracy = matching([0, 0, 1, 2], [5, 5, 3, 3], K=3)
    >>> labels.tolist(), accuracy
    ([5, 3, 6], 0.75)
    """
    known, c = np.unique(category, return_inverse=True)
    confusion = np.zeros((K, len(known)), dtype=int)
    np.add.at(confusion, (np.asarray(classes), c), 1)
    rows, columns = linear_sum_assignment(confusion, maximize=True)
    labels = np.full(K, known[-1])
    spare = np.setdiff1d(np.arange(K), rows)
    labels[rows], labels[spare] = known[columns], known[-1] + 1 + np.arange(len(spare))
    return labels, float(confusion[rows, columns].sum() / len(c))
