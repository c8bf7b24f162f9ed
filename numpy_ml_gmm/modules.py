r"""Modules that learn together by passing messages.

A module sits on one or more others.  They show it their *forward messages*, one
row for each data element.  It learns, shows its own, and answers each module
below with a *backward message* of the same shape.

A mixture takes the backward message :math:`\rho_{nk}`, what the modules above
say of the class of row n, as priors of :meth:`numpy_ml_gmm.GMM.fit`.  It answers
with the mean of the class of each row.

.. math::

    r_{nk} \propto \rho_{nk} \, \pi_k \, \mathcal{N}(x_n \mid \mu_k, \Sigma_k) , \qquad
    \hat z_n = \arg\max_k r_{nk} , \qquad m_n = \mu_{\hat z_n}

=================== ============= =====================================================
name                shape         meaning
=================== ============= =====================================================
``X``               (N, D)        forward messages of the modules below, side by side
``rho``             (N, K)        backward message from above; rows matter up to a factor
``Pdz``             (N, K)        responsibilities r, the forward message
``mu``              (K, D)        means; row by row, (N, D), they are the message down
``category``        (N,)          correct classes, if they are known: only to compare
``labels``          (K,)          the category that stands for each class
=================== ============= =====================================================

The module names, the method names and the result files are those of Serket
(Nakamura, Nagai & Taniguchi 2018, *SERKET: an architecture for connecting
stochastic models to realize a large-scale cognitive model*, Frontiers in
Neurorobotics 12:25).  Where Serket draws samples, a module here runs EM.

To write a module of one's own, derive from :class:`Module` and give it an
``update``.  Here is one that knows the classes of some rows:

>>> class Teacher(Module):
...     '''Sends down the classes it knows; -1 stands for one it does not.'''
...
...     def __init__(self, known):
...         super().__init__("teacher")
...         self.known = np.asarray(known)
...
...     def update(self):
...         Pdz = self.get_observations()[0]
...         message = np.ones_like(Pdz)
...         rows = self.known >= 0
...         message[rows] = np.eye(Pdz.shape[1])[self.known[rows]]
...         self.send_backward_msgs([message])

It turns the mixture below it into a part-labelled one:

>>> import tempfile
>>> obs = Observation([[0.0], [0.1], [0.3], [5.0], [5.2], [5.1]])
>>> gmm1 = GMMModule(2, directory=tempfile.mkdtemp())
>>> teacher = Teacher([1, -1, -1, 0, -1, -1])
>>> gmm1.connect(obs)
>>> teacher.connect(gmm1)
>>> for module in (gmm1, teacher, gmm1):
...     module.update()
>>> gmm1.get_forward_msg().argmax(axis=1)
array([1, 1, 1, 0, 0, 0])
"""

import copy
import itertools
import shutil
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.special import softmax

from . import markov
from .gmm import GMM as Mixture
from .validation import ConvergenceWarning, check_count, check_X

MODES = "learn", "recog"
LABELS = "class_labels_"  # an attribute of the saved mixture: what each class was called
TINY = 1e-100  # the least that a message may say: no class is ruled out for good


class Module:
    """Base class of everything that can be connected; see the example at the top of this file.

    Modules are numbered in the order of making, from 0.  The number is part of
    the name: ``module000_obs``, ``module001_gmm``.

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

    Examples
    --------
    >>> Module.reset_count()
    >>> Module("eye").name, Module("ear").name
    ('module000_eye', 'module001_ear')
    """

    _numbers = itertools.count()

    def __init__(self, name, directory="."):
        if not isinstance(name, str) or not name or "/" in name or "\\" in name:
            raise ValueError(f"name={name!r} must be text that can be part of a folder's name")
        self.name = f"module{next(Module._numbers):03d}_{name}"
        self.directory = Path(directory)
        self._below = ()
        self._forward = self._backward = None

    @staticmethod
    def reset_count():
        """Number the next module 0: a new network in the same session.

        Examples
        --------
        >>> Module.reset_count()
        >>> Module("eye").name
        'module000_eye'
        """
        Module._numbers = itertools.count()

    @property
    def folder(self):
        """The folder of the results.

        Examples
        --------
        >>> Module.reset_count()
        >>> Module("eye", directory="results").folder.as_posix()
        'results/module000_eye'
        """
        return self.directory / self.name

    def saved_model(self):
        """The path of ``model.npz``, which "recog" needs.

        Raises
        ------
        FileNotFoundError
            If nothing was learnt there.

        Examples
        --------
        >>> Module.reset_count()
        >>> Module("eye", directory="results").saved_model()  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        FileNotFoundError: mode='recog' needs results/module000_eye/model.npz: learn first, ...
        """
        path = self.folder / "model.npz"
        if not path.exists():
            raise FileNotFoundError(
                f"mode='recog' needs {path}: learn first, with the same directory and the modules "
                "made in the same order"
            )
        return path

    def connect(self, *modules):
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
        >>> obs, gmm1 = Observation([[0.0], [1.0]]), GMMModule(2)
        >>> gmm1.connect(obs)
        >>> gmm1.get_observations()
        [array([[0.], [1.]])]
        """
        if not modules:
            raise ValueError(f"{self.name}.connect() got no module: pass at least one")
        for module in modules:
            self._check_can_sit_on(module)
        self._below = modules

    def _check_can_sit_on(self, module):
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

    def all_below(self):
        """Every module below this one, however deep.

        Examples
        --------
        >>> Module.reset_count()
        >>> obs, gmm1, gmm2 = Observation([[0.0], [1.0]]), GMMModule(2), GMMModule(2)
        >>> gmm1.connect(obs)
        >>> gmm2.connect(gmm1)
        >>> [module.name for module in gmm2.all_below()]
        ['module001_gmm', 'module000_obs']
        """
        for module in self._below:
            yield module
            yield from module.all_below()

    def update(self):
        """Read the observations, learn, and send messages: each kind of module has its own.

        Examples
        --------
        >>> Module.reset_count()
        >>> Module("eye").update()
        Traceback (most recent call last):
        NotImplementedError: Module needs an update method of its own
        """
        raise NotImplementedError(f"{type(self).__name__} needs an update method of its own")

    def get_observations(self):
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
        rows = {module.name: len(module.get_forward_msg()) for module in self._below}
        if len(set(rows.values())) > 1:
            raise ValueError(f"{self.name} needs as many rows from each module, but got {rows}")
        return [module.get_forward_msg() for module in self._below]

    def set_forward_msg(self, message):
        """Show the modules above an array with one row for each data element.

        Parameters
        ----------
        message : array (N, ...)

        Examples
        --------
        >>> obs = Observation([[1.0], [2.0]])
        >>> obs.set_forward_msg([[3.0]])
        >>> obs.get_forward_msg()
        array([[3.]])
        """
        message = np.asarray(message)
        if message.ndim == 0 or len(message) == 0:
            raise ValueError(f"{self.name}: a message of shape {message.shape} has no rows")
        if self._backward is not None and self._backward.shape != message.shape:
            self._backward = None  # it answered other rows
        self._forward = message

    def get_forward_msg(self):
        """What this module shows to those above, or None before its first update.

        Examples
        --------
        >>> Module("eye").get_forward_msg() is None
        True
        """
        return self._forward

    def set_backward_msg(self, message):
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
        >>> obs = Observation([[1.0], [2.0]])
        >>> obs.set_backward_msg([[1.5], [1.5]])
        >>> obs.get_backward_msg()
        array([[1.5], [1.5]])
        """
        message = None if message is None else np.asarray(message)
        answered = None if message is None else self._forward
        if answered is not None and message.shape != answered.shape:
            raise ValueError(
                f"{self.name} got a backward message of shape {message.shape}, expected "
                f"{answered.shape}, the shape of its forward message"
            )
        self._backward = message

    def get_backward_msg(self):
        """What the module above answered, or None.

        Examples
        --------
        >>> Observation([[1.0], [2.0]]).get_backward_msg() is None
        True
        """
        return self._backward

    def send_backward_msgs(self, messages):
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


class Observation(Module):
    """Data as a module: its forward message is the data.

    Parameters
    ----------
    data : array (N, D)
        One row for each data element.

    Examples
    --------
    >>> Observation([[1.0, 2.0]]).get_forward_msg()
    array([[1., 2.]])
    """

    def __init__(self, data):
        super().__init__("obs")
        self.set_forward_msg(data)

    def update(self):
        """Nothing to do: data are what they are.

        Examples
        --------
        >>> obs = Observation([[1.0]])
        >>> obs.update()
        >>> obs.get_forward_msg()
        array([[1.]])
        """


class GMMModule(Module):
    """A Gaussian mixture that sorts rows into K classes.

    Parameters
    ----------
    K : int
        Number of classes.
    itr : int
        At most so many EM steps in each update.  A later update goes on from
        the parameters of the last; the first one with a message starts anew,
        so that the classes get the numbers that the message has.
    name : str
        See :class:`Module`.
    category : array (N,), optional
        Correct classes, whole numbers.  They are compared with what was
        learnt, and name the classes in the files.  Learning does not see them.
    mode : str
        ``"learn"``, or ``"recog"`` to load what was learnt and classify new rows.
    directory : str or path-like
        See :class:`Module`.
    **params
        Other arguments of :class:`numpy_ml_gmm.GMM`.  ``catogory``, as an old
        example has it, is read as ``category`` with a warning.

    Attributes
    ----------
    model : GMM
        The mixture; fitted after the first update.

    Examples
    --------
    >>> import tempfile
    >>> Module.reset_count()
    >>> obs = Observation([[0.0], [0.1], [0.3], [5.0], [5.2], [5.1]])
    >>> gmm1 = GMMModule(2, category=[1, 1, 1, 7, 7, 7], directory=tempfile.mkdtemp())
    >>> gmm1.connect(obs)
    >>> gmm1.update()
    >>> gmm1.name, sorted(path.name for path in gmm1.folder.iterdir())
    ('module001_gmm', ['Pdz_learn.txt', 'acc_learn.txt', 'class_learn.txt', 'model.npz',
    'mu_learn.txt'])
    >>> np.loadtxt(gmm1.folder / "class_learn.txt")
    array([1., 1., 1., 7., 7., 7.])
    """

    def __init__(
        self, K, itr=100, name="gmm", category=None, mode="learn", directory=".", **params
    ):
        if "catogory" in params:
            warnings.warn("catogory is read as category: correct the spelling", stacklevel=2)
            category = params.pop("catogory")
        self.K, self.itr = check_count(K, "K"), check_count(itr, "itr")
        self.mode = check_mode(mode)
        self.category = None if category is None else check_category(category)
        self.model = Mixture(K, max_iter=itr, **params)
        self._had_message = None
        super().__init__(name, directory)  # last: a failed call takes no number

    def update(self):
        """Learn or recognise, write the folder, and send both messages.

        Raises
        ------
        RuntimeError
            If the module is not connected, or one below has no message yet.
        ValueError, FileNotFoundError
            If a message or the categories do not fit the rows, EM fails, or
            there is no model to recognise with.  The module and its folder are
            then what they were.

        Examples
        --------
        >>> obs = Observation([[0.0], [0.1], [0.3], [5.0], [5.2], [5.1]])
        >>> gmm1 = GMMModule(2, directory=tempfile.mkdtemp())
        >>> gmm1.connect(obs)
        >>> gmm1.update()
        >>> gmm1.get_forward_msg().round()
        array([[1., 0.], [1., 0.], [1., 0.], [0., 1.], [0., 1.], [0., 1.]])
        """
        parts = self.get_observations()
        X = check_X(np.column_stack(parts), name=f"what {self.name} observes")
        priors = as_priors(self.get_backward_msg(), (len(X), self.K), self.name)
        model = {"learn": self._learnt, "recog": self._loaded}[check_mode(self.mode)](X, priors)
        Pdz = responsibilities(model, X, priors)
        self._write(model, Pdz)
        self.model, self._had_message = model, priors is not None
        self.set_forward_msg(Pdz)
        mu = model.means_[Pdz.argmax(axis=1)]  # (N, D), the mean of the class of each row
        self.send_backward_msgs(shared_out(mu, parts))

    def _learnt(self, X, priors):
        """The model after at most ``itr`` more steps of EM."""
        model = copy.copy(self.model)
        model.warm_start = self._had_message == (priors is not None)
        with warnings.catch_warnings():  # itr is what one update may cost, not a promise
            warnings.simplefilter("ignore", ConvergenceWarning)
            return model.fit(X, priors=priors)

    def _loaded(self, X, priors):
        """The model in the folder."""
        path = self.saved_model()
        model = Mixture.load(path)
        if model.n_components != self.K:
            raise ValueError(f"K={self.K}, but {path} has {model.n_components} classes: pass that")
        return model

    def _names(self, model, classes):
        """What to call each class (K,), and the accuracy or None."""
        if self.category is not None:
            return matching(classes, check_category(self.category, len(classes)), self.K)
        numbers = np.arange(self.K)
        return (numbers if self.mode == "learn" else getattr(model, LABELS, numbers)), None

    def _write(self, model, Pdz):
        classes = Pdz.argmax(axis=1)
        labels, accuracy = self._names(model, classes)
        order = np.argsort(labels)
        with whole_folder(self.folder, self.mode) as to:
            if self.mode == "learn":
                setattr(model, LABELS, labels)  # so that "recog" names the classes alike
                model.save(to / "model.npz")
            if accuracy is not None:
                np.savetxt(to / f"acc_{self.mode}.txt", [accuracy], fmt="%.17g")
            np.savetxt(to / f"class_{self.mode}.txt", labels[classes], fmt="%d")
            np.savetxt(to / f"mu_{self.mode}.txt", model.means_[order], fmt="%.17g")
            np.savetxt(to / f"Pdz_{self.mode}.txt", Pdz[:, order], fmt="%.17g")


GMM = GMMModule  # Serket's name


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
    >>> Pdz = Observation([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9]])
    >>> chain = MarkovModule(directory=tempfile.mkdtemp())
    >>> chain.connect(Pdz)
    >>> chain.update()
    >>> chain.get_forward_msg().argmax(axis=1)
    array([0, 0, 0, 0, 1, 1])
    """

    def __init__(self, itr=10, name="markov", mode="learn", directory="."):
        self.itr, self.mode = check_count(itr, "itr"), check_mode(mode)
        self._said = None
        super().__init__(name, directory)

    def update(self):
        """Learn the transitions or load them, write the folder, and send both messages.

        Examples
        --------
        >>> gmm1 = GMMModule(2, directory=tempfile.mkdtemp())
        >>> chain = MarkovModule(directory=gmm1.directory)
        >>> gmm1.connect(Observation([[0.0], [0.1], [0.3], [5.0], [5.2], [5.1]]))
        >>> chain.connect(gmm1)
        >>> for module in (gmm1, chain):
        ...     module.update()
        >>> chain.get_forward_msg().argmax(axis=1)
        array([0, 0, 0, 1, 1, 1])
        """
        Pdz = self._classes()
        new = copy.copy(self)
        {"learn": new._learn, "recog": new._load}[check_mode(self.mode)](Pdz)
        result = markov.posterior(new._evidence(Pdz), new.transitions, new.initial)
        new._write(result)
        vars(self).update(vars(new), log_likelihood=result.log_likelihood)
        self._said = markov.rows_to_one(np.maximum(result.message / self.weights, TINY))
        self.set_forward_msg(result.gamma)
        self.send_backward_msgs([self._said])

    def _classes(self):
        """The one observation, checked to hold probabilities."""
        parts = self.get_observations()
        if len(parts) != 1:
            raise ValueError(f"{self.name} sits on {len(parts)} modules: connect it to one")
        Pdz = as_priors(parts[0], (len(parts[0]), *parts[0].shape[1:]), self.name)
        if self._said is not None and self._said.shape != Pdz.shape:
            self._said = None
        return Pdz

    def _evidence(self, Pdz):
        """What each row itself says of its class, (N, K); the largest is 1."""
        said = 1 if self._said is None else self._said
        b = Pdz / (said * self.weights)
        return np.maximum(b / b.max(axis=1, keepdims=True), TINY)

    def _learn(self, Pdz):
        K = Pdz.shape[1]
        if getattr(self, "transitions", np.empty(0)).shape != (K, K):
            self.transitions, self.initial = np.full((K, K), 1 / K), np.full(K, 1 / K)
        self.weights = Pdz.mean(axis=0)
        b = self._evidence(Pdz)
        for _ in range(self.itr):
            result = markov.posterior(b, self.transitions, self.initial)
            self.transitions = markov.transitions(result.counts)
            self.initial = result.gamma[0]

    def _load(self, Pdz):
        path = self.saved_model()
        with np.load(path, allow_pickle=False) as file:
            vars(self).update({name: file[name] for name in file.files})
        if len(self.weights) != Pdz.shape[1]:
            raise ValueError(f"{path} has {len(self.weights)} classes, but Pdz {Pdz.shape[1]}")

    def _write(self, result):
        parameters = {"transitions": self.transitions, "initial": self.initial}
        with whole_folder(self.folder, self.mode) as to:
            if self.mode == "learn":
                np.savez(to / "model.npz", weights=self.weights, **parameters)
            np.savetxt(to / f"class_{self.mode}.txt", result.gamma.argmax(axis=1), fmt="%d")
            np.savetxt(to / f"Pdz_{self.mode}.txt", result.gamma, fmt="%.17g")


# ---- Messages, matching, folders -------------------------------------------------------------


def responsibilities(model, X, priors=None):
    """Responsibilities with what is known of each row, (N, K) (:eq:`priors`).

    Examples
    --------
    >>> model = Mixture.from_parameters([0.5, 0.5], [[-1.0], [1.0]], [[[1.0]], [[1.0]]])
    >>> responsibilities(model, [[0.0]], np.array([[0.9, 0.1]]))
    array([[0.9, 0.1]])
    """
    return softmax(model.log_joint(X) + (0 if priors is None else np.log(priors)), axis=1)


def shared_out(mu, parts):
    """The columns of mu, as they came from each of the parts.

    Examples
    --------
    >>> shared_out(np.array([[1, 2, 3]]), [np.zeros((1, 2)), np.zeros((1, 1))])
    [array([[1, 2]]), array([[3]])]
    """
    widths = [part[0].size for part in parts]
    columns = np.split(mu, np.cumsum(widths)[:-1], axis=1)
    return [column.reshape(part.shape) for column, part in zip(columns, parts, strict=True)]


def as_priors(message, shape, name):
    """A message of probabilities: rows sum to one, and none is quite zero.

    A mixture above sends means of responsibilities.  They may be below zero by
    rounding.

    Examples
    --------
    >>> as_priors([[2.0, 2.0]], (1, 2), "module001_gmm")
    array([[0.5, 0.5]])
    """
    if message is None:
        return None
    message = np.asarray(message, dtype=np.float64)
    if len(shape) != 2 or message.shape != shape:
        raise ValueError(
            f"{name} got a message of shape {message.shape}, expected {shape}: one row for each "
            "data element, one column for each class"
        )
    if not np.isfinite(message).all() or message.min() < -1e-6 or not message.any(axis=1).all():
        raise ValueError(
            f"{name} got a message with negative, non-finite or all-zero rows: send probabilities"
        )
    return markov.rows_to_one(np.maximum(message, TINY))


def matching(classes, category, K):
    r"""The best one-to-one naming of classes by categories, and its accuracy (:eq:`matching`).

    .. math::

        \text{accuracy} = \frac1N \max_{\sigma} \sum_n \mathbb{1}[\sigma(z_n) = c_n]

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
    np.add.at(confusion, (classes, c), 1)
    rows, columns = linear_sum_assignment(confusion, maximize=True)
    labels = np.full(K, known[-1])
    spare = np.setdiff1d(np.arange(K), rows)
    labels[rows], labels[spare] = known[columns], known[-1] + 1 + np.arange(len(spare))
    return labels, float(confusion[rows, columns].sum() / len(c))


def check_category(category, N=None):
    """Correct classes (N,), whole numbers.

    Examples
    --------
    >>> check_category([0.0, 2.0])
    array([0, 2])
    """
    c = np.asarray(category)
    if c.dtype.kind not in "iufb" or not np.isfinite(c).all() or (c != np.floor(c)).any():
        raise ValueError("category must hold whole numbers: number the classes")
    if c.ndim != 1 or len(c) == 0 or N not in (None, len(c)):
        raise ValueError(f"category has shape {c.shape}, expected ({N or 'N'},): one for each row")
    return c.astype(int)


def check_mode(mode):
    """One of the modes.

    Examples
    --------
    >>> check_mode("train")
    Traceback (most recent call last):
    ValueError: mode='train' is not known: choose 'learn' or 'recog'
    """
    if mode not in MODES:
        raise ValueError(f"mode={mode!r} is not known: choose 'learn' or 'recog'")
    return mode


@contextmanager
def whole_folder(path, mode):
    """A folder to write results in, which takes the place of ``path`` if the body succeeds.

    Results of an earlier run that the new ones outdate are dropped: all of them
    in "learn", those of "recog" in "recog".  Other files in the folder stay.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     path = Path(parent, "module000_gmm")
    ...     with whole_folder(path, "learn") as folder:
    ...         _ = (folder / "class_learn.txt").write_text("0")
    ...     [file.name for file in path.iterdir()]
    ['class_learn.txt']
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as scratch:
        new, old = Path(scratch, "new"), Path(scratch, "old")
        if path.exists():
            shutil.copytree(path, new)
        new.mkdir(exist_ok=True)
        for outdated in MODES if mode == "learn" else [mode]:
            for what in ("acc", "class", "mu", "Pdz"):
                (new / f"{what}_{outdated}.txt").unlink(missing_ok=True)
        yield new
        exchange(path, new, old)


def exchange(path, new, old):
    """Move ``path`` to ``old`` and ``new`` to ``path``, or leave ``path`` as it is.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     path, new, old = (Path(parent, name) for name in ("here", "new", "old"))
    ...     new.mkdir()
    ...     exchange(path, new, old)
    ...     path.exists(), new.exists()
    (True, False)
    """
    if path.exists():
        path.rename(old)
    try:
        new.rename(path)
    except OSError:
        if old.exists():
            old.rename(path)
        raise
