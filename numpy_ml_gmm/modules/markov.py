"""Transitions between the classes of consecutive rows, as a module."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import softmax

from .. import archive
from ..hints import PathLike
from ..validation import as_floats, check_count, check_weights
from . import chain
from .base import Module, as_priors
from .results import check_mode, results_folder


class MarkovModule(Module):
    r"""Transition probabilities between the classes of consecutive rows.

    On a :class:`GMMModule` it makes a hidden Markov model.  Each update asks the module
    below what its rows say, without what this module said last (:eq:`evidence`), runs
    Baum and Welch's algorithm on the transitions, and answers with what the *other*
    rows say of each row's class (:eq:`chain-to-mixture`).

    .. math::

        \mathcal{E}_{nk} \propto \frac{r_{nk}}{\rho_{nk} \, \pi_k} , \qquad
        \rho_{nk}^{\text{new}} \propto \frac{p(z_n = k \mid x_i, i \ne n)}{\pi_k}

    Parameters
    ----------
    itr : int
        Steps of Baum and Welch's algorithm in each update.
    name : str
    mode : str
        ``"learn"``, or ``"recog"`` to load what was learnt.
    directory : str or path-like
    lengths : list of int, optional
        The rows are several sequences, one after the other, of so many rows each.  Each
        begins anew, and no step leads from one to the next.
    num_samp : int, optional
        Serket's name for ``itr``.
    load_dir : str or path-like, optional
        Recognise with the model in this folder, as Serket has it.

    Attributes
    ----------
    transitions : ndarray (K, K)
        From the class of the row, to the class of the next.
    initial : ndarray (K,)
        Of the first row of each sequence.
    weights : ndarray (K,)
        :math:`\pi_k`, what the module below multiplied each class by when this one learnt.
    log_likelihood : float
        Of the hidden Markov model, if this module sits on a :class:`GMMModule`.  On others
        the largest evidence of each row is taken to be 1.

    Examples
    --------
    >>> import tempfile
    >>> from numpy_ml_gmm.modules import Observation
    >>> Pdz = Observation([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9]])
    >>> chain1 = MarkovModule(directory=tempfile.mkdtemp())
    >>> chain1.connect(Pdz)
    >>> chain1.update()
    >>> chain1.get_forward_msg().argmax(axis=1)
    array([0, 0, 0, 0, 1, 1])
    """

    keeps_numbers = True

    def __init__(
        self,
        itr: int = 10,
        name: str = "markov",
        mode: str = "learn",
        directory: PathLike = ".",
        lengths: Any = None,
        num_samp: int | None = None,
        load_dir: PathLike | None = None,
    ) -> None:
        self.itr = check_count(itr if num_samp is None else num_samp, "itr")
        self.mode = check_mode(mode if load_dir is None else "recog")
        self.lengths, self.load_dir = lengths, load_dir
        super().__init__(name, directory)

    def update(self) -> None:
        """Learn the transitions or load them, write the folder, and send both messages.

        Examples
        --------
        >>> import tempfile
        >>> from numpy_ml_gmm.modules import GMMModule, Observation
        >>> gmm1 = GMMModule(2, directory=tempfile.mkdtemp())
        >>> chain1 = MarkovModule(directory=gmm1.directory)
        >>> gmm1.connect(Observation([[0.0], [0.1], [0.3], [5.0], [5.2], [5.1]]))
        >>> chain1.connect(gmm1)
        >>> for module in (gmm1, chain1):
        ...     module.update()
        >>> chain1.get_forward_msg().argmax(axis=1)
        array([0, 0, 0, 1, 1, 1])
        """
        below = self._class_module()
        N, K = below.get_forward_msg().shape
        first = self._first_rows(N)
        learns = check_mode(self.mode) == "learn"
        pi, P, a = self._start(K) if learns else self._loaded(K)
        log_b, pi = below.evidence(pi)  # (N, K), (K,)
        for _ in range(self.itr if learns else 0):
            result = chain.posterior(log_b, P, a, first)
            P, a = chain.transitions(result.counts), chain.transitions(result.firsts)
        result = chain.posterior(log_b, P, a, first)
        with results_folder(self.folder, self.mode) as to:
            if learns:
                learnt = {"weights": pi, "transitions": P, "initial": a}
                archive.save(to / "model.npz", "MarkovModule", learnt)
            np.savetxt(to / f"class_{self.mode}.txt", result.gamma.argmax(axis=1), fmt="%d")
            np.savetxt(to / f"Pdz_{self.mode}.txt", result.gamma, fmt="%.17g")
        self.weights, self.transitions, self.initial = pi, P, a
        self.log_likelihood = result.log_likelihood
        self.set_forward_msg(result.gamma)
        with np.errstate(divide="ignore"):
            log_rho = np.where(pi > 0, result.log_message - np.log(pi), -np.inf)
        self.send_backward_msgs([softmax(log_rho, axis=1)])

    def _class_module(self):
        """The one module below, checked to show probabilities (N, K)."""
        messages = self.get_observations()
        if len(messages) != 1:
            raise ValueError(f"{self.name} sits on {len(messages)} modules: connect it to one")
        as_priors(messages[0], messages[0].shape, self.name)
        return self._below[0]

    def _first_rows(self, N):
        """Whether each row begins a sequence, (N,)."""
        lengths = [N] if self.lengths is None else np.ravel(self.lengths).tolist()
        for i, length in enumerate(lengths):
            check_count(length, f"lengths[{i}]")
        if sum(lengths) != N:
            raise ValueError(
                f"lengths of {len(lengths)} sequences sum to {sum(lengths)}, but {self.name} "
                f"observes N={N} rows: give the number of rows of each sequence, in order"
            )
        first = np.zeros(N, dtype=bool)
        first[np.cumsum([0, *lengths[:-1]])] = True
        return first

    def _start(self, K):
        """No weights, and the transitions and first chances to go on from: the last, or equal."""
        if getattr(self, "transitions", np.empty(0)).shape == (K, K):
            return None, self.transitions, self.initial
        return None, np.full((K, K), 1 / K), np.full(K, 1 / K)

    def _loaded(self, K):
        """Weights, transitions and first chances in the folder."""
        path = self.saved_model()
        names = ("weights", "transitions", "initial")
        found = archive.load(path, "MarkovModule", names, square, bare=True)
        try:
            pi, P, a = (as_floats(found[name], name) for name in names)
            if len(pi) != K:
                raise ValueError(f"it has {len(pi)} classes, but Pdz {K}")
            for name, rows in (("weights", [pi]), ("initial", [a]), ("transitions", P)):
                for row in rows:
                    check_weights(row, K, name)
        except KeyError as error:
            raise ValueError(f"{path} holds no {error}: learn again") from None
        except ValueError as error:
            raise ValueError(f"{path} holds no sound chain: {error}") from None
        return pi, P, a


def square(values, shapes):
    """The shapes of the arrays in a chain's file, by the number of its weights."""
    K = (shapes.get("weights") or (0,))[0]
    return {"weights": (K,), "transitions": (K, K), "initial": (K,)}
