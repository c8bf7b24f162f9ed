"""Transitions between the classes of consecutive rows, as a module."""

import numpy as np

from ..validation import check_count
from . import chain
from .base import LEAST_PROBABILITY, Module, as_priors
from .results import check_mode, results_folder


class MarkovModule(Module):
    r"""Transition probabilities between the classes of consecutive rows.

    On a :class:`GMMModule` it makes a hidden Markov model.  Each update takes the
    responsibilities apart into what the rows say and what this module said
    last (:eq:`evidence`), runs Baum and Welch's algorithm on the transitions, and
    answers with what the *other* rows say of each row's class (:eq:`chain-to-mixture`).

    .. math::

        b_{nk} \propto \frac{r_{nk}}{\rho_{nk} \, \pi_k} , \qquad
        \rho_{nk}^{\text{new}} \propto \frac{p(z_n = k \mid x_m, m \ne n)}{\pi_k}

    Parameters
    ----------
    itr : int
        Steps of Baum and Welch's algorithm in each update.
    name : str
    mode : str
        ``"learn"``, or ``"recog"`` to load what was learnt.
    directory : str or path-like

    Attributes
    ----------
    transitions : ndarray (K, K)
        From the class of the row, to the class of the next.
    initial : ndarray (K,)
        Of the first row.
    weights : ndarray (K,)
        :math:`\pi_k`, the mean of the responsibilities when it learnt.
    log_likelihood : float
        Of the evidence, as it is scaled: the largest of each row is 1.

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

    def __init__(self, itr=10, name="markov", mode="learn", directory="."):
        self.itr, self.mode = check_count(itr, "itr"), check_mode(mode)
        self._said = None  # (N, K), the last answer
        super().__init__(name, directory)

    def update(self):
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
        Pdz = self._observed_classes()
        learns = check_mode(self.mode) == "learn"
        pi, A, a = self._start(Pdz) if learns else self._loaded(Pdz.shape[1])
        said = 1 if self._said is None else self._said
        b = Pdz / (said * pi)  # (N, K), the evidence
        b = np.maximum(b / b.max(axis=1, keepdims=True), LEAST_PROBABILITY)
        for _ in range(self.itr if learns else 0):
            result = chain.posterior(b, A, a)
            A, a = chain.transitions(result.counts), result.gamma[0]
        result = chain.posterior(b, A, a)
        with results_folder(self.folder, self.mode) as to:
            if learns:
                np.savez(to / "model.npz", weights=pi, transitions=A, initial=a)
            np.savetxt(to / f"class_{self.mode}.txt", result.gamma.argmax(axis=1), fmt="%d")
            np.savetxt(to / f"Pdz_{self.mode}.txt", result.gamma, fmt="%.17g")
        self.weights, self.transitions, self.initial = pi, A, a
        self.log_likelihood = result.log_likelihood
        self._said = chain.rows_to_one(np.maximum(result.message / pi, LEAST_PROBABILITY))
        self.set_forward_msg(result.gamma)
        self.send_backward_msgs([self._said])

    def _observed_classes(self):
        """The one observation (N, K), checked to hold probabilities."""
        parts = self.get_observations()
        if len(parts) != 1:
            raise ValueError(f"{self.name} sits on {len(parts)} modules: connect it to one")
        Pdz = as_priors(parts[0], (len(parts[0]), *parts[0].shape[1:]), self.name)
        if self._said is not None and self._said.shape != Pdz.shape:
            self._said = None  # of other rows
        return Pdz

    def _start(self, Pdz):
        """Weights, and the transitions and first chances to go on from: the last, or equal ones."""
        K = Pdz.shape[1]
        if getattr(self, "transitions", np.empty(0)).shape == (K, K):
            return Pdz.mean(axis=0), self.transitions, self.initial
        return Pdz.mean(axis=0), np.full((K, K), 1 / K), np.full(K, 1 / K)

    def _loaded(self, K):
        """Weights, transitions and first chances in the folder."""
        path = self.saved_model()
        with np.load(path, allow_pickle=False) as file:
            pi, A, a = file["weights"], file["transitions"], file["initial"]
        if len(pi) != K:
            raise ValueError(f"{path} has {len(pi)} classes, but Pdz {K}")
        return pi, A, a
