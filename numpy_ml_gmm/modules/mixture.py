"""A Gaussian mixture as a module."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np

from ..gmm import GMM
from ..hints import Array, Given, PathLike
from ..validation import ConvergenceWarning, check_count, check_X
from .base import Module, as_priors
from .results import check_category, check_mode, matching, results_folder

LEAST_MEAN = 1e-100  # of responsibilities: above 0, though a float may say it is not


class GMMModule(Module):
    """A Gaussian mixture that sorts rows into K classes.

    What the modules above say of the class of a row is the prior of that row (:eq:`priors`).

    Parameters
    ----------
    K : int
        Number of classes.
    itr : int
        At most so many EM steps in each update.  A later update goes on from
        the parameters of the last.  Only the first one with a message starts
        anew, so that the classes get the numbers that the message has, unless
        the module above ``keeps_numbers``.
    name : str
        See :class:`Module`.
    category : array (N,), optional
        Correct classes, whole numbers.  They are compared with what was
        learnt, and name the classes in the files.  Learning does not see them.
    mode : str
        ``"learn"``, or ``"recog"`` to load what was learnt and classify new rows.
    directory : str or path-like
        See :class:`Module`.
    load_dir : str or path-like, optional
        Recognise with the model in this folder, as Serket has it.
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
    >>> from numpy_ml_gmm.modules import Module, Observation
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

    keeps_numbers = True

    def __init__(
        self,
        K: int,
        itr: int = 100,
        name: str = "gmm",
        category: Given = None,
        mode: str = "learn",
        directory: PathLike = ".",
        load_dir: PathLike | None = None,
        **params: Any,
    ) -> None:
        if "catogory" in params:
            warnings.warn("catogory is read as category: correct the spelling", stacklevel=2)
            category = params.pop("catogory")
        self.K, self.itr = check_count(K, "K"), check_count(itr, "itr")
        self.mode = check_mode(mode if load_dir is None else "recog")
        self.load_dir = load_dir
        self.category = None if category is None else check_category(category)
        self.model = GMM(K, max_iter=itr, **params)
        self._had_message: bool | None = None
        super().__init__(name, directory)  # last: a failed call takes no number

    def update(self) -> None:
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
        The answer to each module below has the shape of what it showed:

        >>> import tempfile
        >>> from numpy_ml_gmm.modules import Observation
        >>> one, two = Observation(np.eye(5)[:, :1]), Observation(np.eye(5)[:, 1:4])
        >>> gmm1 = GMMModule(1, directory=tempfile.mkdtemp())
        >>> gmm1.connect(one, two)
        >>> gmm1.update()
        >>> one.get_backward_msg().shape, two.get_backward_msg()[0]
        ((5, 1), array([0.2, 0.2, 0.2]))
        """
        parts = self.get_observations()
        X = check_X(np.column_stack(parts), name=f"what {self.name} observes")
        priors = as_priors(self.get_backward_msg(), (len(X), self.K), self.name)
        model = self._learnt(X, priors) if check_mode(self.mode) == "learn" else self._loaded()
        Pdz = model.predict_proba(X, priors=priors)
        self._write(model, Pdz)
        self.model, self._had_message = model, priors is not None
        self.set_forward_msg(Pdz)
        with np.errstate(divide="ignore", invalid="ignore"):
            density = model.log_joint(X) - np.log(model.weights_)  # (N, K)
        self._log_density = np.where(model.weights_ > 0, density, -np.inf)
        mu = model.means_[Pdz.argmax(axis=1)]  # (N, D), the mean of the class of each row
        ends = np.cumsum([part[0].size for part in parts])
        answers = np.split(mu, ends[:-1], axis=1)  # the columns as they came from each module
        answers = [a.reshape(part.shape) for a, part in zip(answers, parts, strict=True)]
        for module, answer in zip(self._below, answers, strict=True):
            if isinstance(module, GMMModule):  # a mean of probabilities, known up to rounding
                np.maximum(answer, LEAST_MEAN, out=answer)
        self.send_backward_msgs(answers)

    def evidence(self, weights: Given = None) -> tuple[Array, Array]:
        """The log density of each row in each class, and the weights of the mixture.

        Nothing is divided: what came from above was not in it.

        Examples
        --------
        >>> import tempfile
        >>> from numpy_ml_gmm.modules import Observation
        >>> gmm1 = GMMModule(1, directory=tempfile.mkdtemp())
        >>> gmm1.connect(Observation([[-1.0], [1.0]]))
        >>> gmm1.update()
        >>> gmm1.evidence()[0].round(3)  # -log(2 pi) / 2 - 1 / 2
        array([[-1.419],
               [-1.419]])
        """
        if self._log_density is None:  # another message was shown than update does
            return super().evidence(weights)
        return self._log_density, self.model.weights_

    def _learnt(self, X, priors):
        """The model after at most ``itr`` more steps of EM."""
        model = copy.copy(self.model)
        model.warm_start = self._goes_on(priors)
        with warnings.catch_warnings():  # itr is what one update may cost, not a promise
            warnings.simplefilter("ignore", ConvergenceWarning)
            return model.fit(X, priors=priors)

    def _goes_on(self, priors):
        """Whether the parameters of the last update mean the classes that the priors mean."""
        if priors is not None and getattr(self._speaker, "keeps_numbers", False):
            return True
        return self._had_message == (priors is not None)

    def _loaded(self):
        """The model in the folder."""
        path = self.saved_model()
        model = GMM.load(path)
        if model.n_components != self.K:
            raise ValueError(f"K={self.K}, but {path} has {model.n_components} classes: pass that")
        return model

    def _write(self, model, Pdz):
        """The folder, with the classes named by categories where these are known."""
        classes = Pdz.argmax(axis=1)
        labels, accuracy = np.arange(self.K), None  # (K,), what each class is called
        if self.category is not None:
            category = check_category(self.category, len(classes))
            labels, accuracy = matching(classes, category, self.K)
        elif self.mode == "recog":
            labels = getattr(model, "class_labels_", labels)
        order = np.argsort(labels)
        with results_folder(self.folder, self.mode) as to:
            if self.mode == "learn":
                model.class_labels_ = labels  # saved too, so that "recog" names the classes alike
                model.save(to / "model.npz")
            if accuracy is not None:
                np.savetxt(to / f"acc_{self.mode}.txt", [accuracy], fmt="%.17g")
            np.savetxt(to / f"class_{self.mode}.txt", labels[classes], fmt="%d")
            np.savetxt(to / f"mu_{self.mode}.txt", model.means_[order], fmt="%.17g")
            np.savetxt(to / f"Pdz_{self.mode}.txt", Pdz[:, order], fmt="%.17g")
