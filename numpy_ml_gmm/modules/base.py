"""The base class of modules, data as a module, and the two messages between modules."""

from __future__ import annotations

import itertools
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..hints import Array, Given, PathLike
from ..writing import as_path
from .chain import rows_to_one


class Module:
    """Base class of everything that can be connected.

    An example of one's own is in :mod:`numpy_ml_gmm.modules`.  Modules are numbered in
    the order of making, from 0.  The number is part of the name: ``module001_gmm``.

    Parameters
    ----------
    name : str
        What stands behind the number.
    directory : str or path-like
        Where the module's folder is written.

    Attributes
    ----------
    name : str
        With the number.
    folder : pathlib.Path
        Where results are written.
    keeps_numbers : bool
        Whether its answers number the classes as the forward message did that they answer.
        True of mixtures and chains; set it in a class of your own if it is true there.

    Examples
    --------
    >>> Module.reset_count()
    >>> Module("eye").name, Module("ear").name
    ('module000_eye', 'module001_ear')
    """

    _numbers = itertools.count()
    keeps_numbers = False
    load_dir: PathLike | None = None  # where another has learnt what this one recognises with

    def __init__(self, name: str, directory: PathLike = ".") -> None:
        if not isinstance(name, str) or not name or "/" in name or "\\" in name:
            raise ValueError(f"name={name!r} must be text that can be part of a folder's name")
        self.name = f"module{next(Module._numbers):03d}_{name}"
        self.directory = as_path(directory)
        self._below: tuple[Module, ...] = ()
        self._forward: NDArray[Any] | None = None
        self._backward: NDArray[Any] | None = None
        self._speaker: Module | None = None  # the module that sent the backward message
        self._heard: NDArray[Any] | None = None  # the backward message behind the forward one
        self._log_density: Array | None = None  # (N, K) of each row in each class, where known

    @staticmethod
    def reset_count() -> None:
        """Number the next module 0: a new network in the same session.

        Examples
        --------
        A module finds what was learnt if it has the same number and name:

        >>> Module.reset_count()
        >>> learnt = Module("eye")
        >>> Module.reset_count()
        >>> Module("eye").folder == learnt.folder
        True
        """
        Module._numbers = itertools.count()

    @property
    def folder(self) -> pathlib.Path:
        """The folder of the results, such as ``results/module000_eye``."""
        return self.directory / self.name

    def saved_model(self) -> pathlib.Path:
        """The path of ``model.npz``, which "recog" needs: in ``load_dir``, or in the folder.

        Raises
        ------
        FileNotFoundError
            If nothing was learnt there.

        Examples
        --------
        >>> Module("eye", directory="results").saved_model()  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        FileNotFoundError: mode='recog' needs results/module..._eye/model.npz: learn first, ...
        """
        path = (self.folder if self.load_dir is None else as_path(self.load_dir)) / "model.npz"
        if not path.exists():
            raise FileNotFoundError(
                f"mode='recog' needs {path}: learn first, with the same directory and the modules "
                "made in the same order"
            )
        return path

    def connect(self, *modules: Module) -> None:
        """Put this module on others, which it observes.  A second call replaces the first.

        Parameters
        ----------
        *modules : Module
            Their messages are observed in this order.

        Raises
        ------
        TypeError, ValueError
            If there is none, one is not a module, or one sits on this module.

        Examples
        --------
        >>> Module("top").connect([[0.0], [1.0]])  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        TypeError: module..._top cannot connect to list: wrap data in Observation(data)
        """
        if not modules:
            raise ValueError(f"{self.name}.connect() got no module: pass at least one")
        for module in modules:
            if not isinstance(module, Module):
                raise TypeError(
                    f"{self.name} cannot connect to {type(module).__name__}: wrap data in "
                    "Observation(data)"
                )
            if module is self or self in module.all_below():
                raise ValueError(
                    f"{self.name} cannot connect to {module.name}: that would close a cycle, as "
                    f"{module.name} already sits on {self.name}. Connect upwards only"
                )
        self._below = modules

    def all_below(self) -> Iterator[Module]:
        """Every module below this one, however deep.

        Examples
        --------
        >>> obs, middle, top = Observation([[0.0], [1.0]]), Module("middle"), Module("top")
        >>> middle.connect(obs)
        >>> top.connect(middle)
        >>> list(top.all_below()) == [middle, obs]
        True
        """
        for module in self._below:
            yield module
            yield from module.all_below()

    def update(self) -> None:
        """Read the observations, learn, and send messages: each kind of module has its own.

        Examples
        --------
        >>> Module("eye").update()
        Traceback (most recent call last):
        NotImplementedError: Module needs an update method of its own
        """
        raise NotImplementedError(f"{type(self).__name__} needs an update method of its own")

    def get_observations(self) -> list[NDArray[Any]]:
        """The forward messages of the modules below, a list of arrays with as many rows each.

        Raises
        ------
        RuntimeError
            If nothing is connected, or a module below has not been updated yet.
        ValueError
            If the numbers of rows differ.

        Examples
        --------
        >>> top = Module("top")
        >>> top.connect(Observation([[0.0], [1.0]]), Observation([[5.0], [6.0]]))
        >>> top.get_observations()
        [array([[0.], [1.]]), array([[5.], [6.]])]
        """
        if not self._below:
            raise RuntimeError(
                f"{self.name} is not connected: call {self.name}.connect(observation) before update"
            )
        for module in self._below:
            if module.get_forward_msg() is None:
                raise RuntimeError(
                    f"{module.name} has no forward message yet: update it before {self.name}"
                )
        counts = {module.name: len(module.get_forward_msg()) for module in self._below}
        if len(set(counts.values())) > 1:
            raise ValueError(f"{self.name} needs as many rows from each module, but got {counts}")
        return [module.get_forward_msg() for module in self._below]

    def set_forward_msg(self, message: ArrayLike) -> None:
        """Show the modules above an array with one row for each data element.

        Parameters
        ----------
        message : array (N, ...)

        Examples
        --------
        The answer to other rows is forgotten:

        >>> obs = Observation([[1.0], [2.0]])
        >>> obs.set_backward_msg([[1.5], [1.5]])
        >>> obs.set_forward_msg([[3.0]])
        >>> obs.get_backward_msg() is None
        True
        """
        message = np.asarray(message)
        if message.ndim == 0 or len(message) == 0:
            raise ValueError(f"{self.name}: a message of shape {message.shape} has no rows")
        if self._backward is not None and self._backward.shape != message.shape:
            self._backward = None  # it answered other rows
        self._forward, self._heard, self._log_density = message, self._backward, None

    def get_forward_msg(self) -> NDArray[Any] | Any:
        """What this module shows to those above, or None before its first update.

        Examples
        --------
        >>> Module("eye").get_forward_msg() is None
        True
        """
        return self._forward

    def set_backward_msg(self, message: ArrayLike | None) -> None:
        """Take the answer of the module above.  The last one counts; None forgets it.

        Parameters
        ----------
        message : array or None
            In the shape of the forward message.

        Raises
        ------
        ValueError
            If its shape is not that of the forward message which it answers.

        Examples
        --------
        >>> Observation([[1.0], [2.0]]).set_backward_msg([[1.5]])  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ValueError: module... got a backward message of shape (1, 1), expected (2, 1), the shape ...
        """
        message = None if message is None else np.asarray(message)
        answered = self._forward
        if not (message is None or answered is None or message.shape == answered.shape):
            raise ValueError(
                f"{self.name} got a backward message of shape {message.shape}, expected "
                f"{answered.shape}, the shape of its forward message"
            )
        self._backward, self._speaker = message, None

    def get_backward_msg(self) -> NDArray[Any] | Any:
        """What the module above answered, or None.

        Examples
        --------
        >>> Observation([[1.0], [2.0]]).get_backward_msg() is None
        True
        """
        return self._backward

    def evidence(self, weights: Given = None) -> tuple[Array, Array]:
        r"""What each row alone says of its class, without what came from above (:eq:`evidence`).

        .. math::

            \mathcal{E}_{nk} \propto \frac{r_{nk}}{\rho_{nk} \, \pi_k}

        For a module whose forward message r is the probability of each class.  Here rho is the
        backward message that it had when it showed r.  A class of probability 0 has evidence 0.
        A row of which no class is left, against what it was told, has no evidence: all are equal.

        Parameters
        ----------
        weights : array (K,), optional
            By default the mean of r over the rows.

        Returns
        -------
        log_b : ndarray (N, K)
            Logarithms; the largest of each row is 0.
        weights : ndarray (K,)
            :math:`\pi_k`, what the module multiplies each class by.

        Examples
        --------
        The rows and the mean of all rows agree about the first class, in logs:

        >>> log_b, pi = Observation([[0.9, 0.1], [0.7, 0.3]]).evidence()
        >>> np.exp(log_b).round(3), pi
        (array([[1.   , 0.444],
               [0.583, 1.   ]]), array([0.8, 0.2]))
        """
        message = self.get_forward_msg()
        if message is None:
            raise RuntimeError(f"{self.name} has no forward message yet: update it first")
        r = rows_to_one(as_priors(message, message.shape, self.name))
        rho = np.ones_like(r) if self._heard is None else as_priors(self._heard, r.shape, self.name)
        pi = r.mean(axis=0) if weights is None else np.asarray(weights)
        known = (r > 0) & (rho > 0) & (pi > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            log_b = np.where(known, np.log(r) - np.log(rho) - np.log(pi), -np.inf)
        top = log_b.max(axis=1, keepdims=True)
        return np.subtract(log_b, top, out=np.zeros_like(log_b), where=top > -np.inf), pi

    def send_backward_msgs(self, messages: Sequence[ArrayLike]) -> None:
        """Answer each module below, in the order of :meth:`connect`.

        Parameters
        ----------
        messages : list of array
            One for each module, in the shape of its forward message.

        Examples
        --------
        >>> obs, top = Observation([[1.0], [2.0]]), Module("top")
        >>> top.connect(obs)
        >>> top.send_backward_msgs([[[1.5], [1.5]]])
        >>> obs.get_backward_msg()
        array([[1.5], [1.5]])
        """
        if len(messages) != len(self._below):
            raise ValueError(
                f"{self.name} sends {len(messages)} messages to {len(self._below)} modules: give "
                "one for each"
            )
        for module, message in zip(self._below, messages, strict=True):
            module.set_backward_msg(message)
            module._speaker = self


class Observation(Module):
    """Data as a module: its forward message is the data.

    Parameters
    ----------
    data : array (N, D)
        One row for each data element.
    name : str
        See :class:`Module`.

    Examples
    --------
    >>> Observation([[1.0, 2.0]]).get_forward_msg()
    array([[1., 2.]])
    """

    def __init__(self, data: ArrayLike, name: str = "obs") -> None:
        super().__init__(name)
        self.set_forward_msg(data)

    def update(self) -> None:
        """Nothing to do: data are what they are.

        Examples
        --------
        >>> Observation([[1.0, 2.0]]).update()
        """


def as_priors(message, shape, name):
    """A message of probabilities (N, K) as it is; below zero by rounding is zero.

    Its rows matter up to a factor.  A zero is taken at its word: that class is impossible.
    """
    if message is None:
        return None
    message = np.asarray(message, dtype=np.float64)
    if len(shape) != 2 or message.shape != shape:
        raise ValueError(
            f"{name} got a message of shape {message.shape}, expected {shape}: one row for each "
            "data element, one column for each class"
        )
    probabilities = np.maximum(message, 0)  # nan stays
    if (
        not np.isfinite(message).all()
        or message.min() < -1e-6
        or not probabilities.any(axis=1).all()
    ):
        raise ValueError(
            f"{name} got a message with negative, non-finite or all-zero rows: send probabilities"
        )
    return probabilities
