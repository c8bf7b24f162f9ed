"""A Gaussian mixture as a module."""

import copy
import warnings

import numpy as np
from scipy.special import softmax

from ..gmm import GMM
from ..validation import ConvergenceWarning, check_count, check_X
from .base import Module, as_priors
from .results import check_category, check_mode, matching, results_folder


class GMMModule(Module):
    """A Gaussian mixture that sorts rows into K classes.

    What the modules above say of the class of a row is the prior of that row (:eq:`priors`).

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

    def __init__(
        self, K, itr=100, name="gmm", category=None, mode="learn", directory=".", **params
    ):
        if "catogory" in params:
            warnings.warn("catogory is read as category: correct the spelling", stacklevel=2)
            category = params.pop("catogory")
        self.K, self.itr = check_count(K, "K"), check_count(itr, "itr")
        self.mode = check_mode(mode)
        self.category = None if category is None else check_category(category)
        self.model = GMM(K, max_iter=itr, **params)
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
        The answer to each module below has the shape of what it showed:

        >>> import tempfile
        >>> from numpy_ml_gmm.modules import Observation
        >>> one, two = Observation(np.eye(4)[:, :1]), Observation(np.eye(4)[:, 1:])
        >>> gmm1 = GMMModule(1, directory=tempfile.mkdtemp())
        >>> gmm1.connect(one, two)
        >>> gmm1.update()
        >>> one.get_backward_msg().shape, two.get_backward_msg()[0]
        ((4, 1), array([0.25, 0.25, 0.25]))
        """
        parts = self.get_observations()
        X = check_X(np.column_stack(parts), name=f"what {self.name} observes")
        priors = as_priors(self.get_backward_msg(), (len(X), self.K), self.name)
        model = self._learnt(X, priors) if check_mode(self.mode) == "learn" else self._loaded()
        Pdz = softmax(model.log_joint(X) + (0 if priors is None else np.log(priors)), axis=1)
        self._write(model, Pdz)
        self.model, self._had_message = model, priors is not None
        self.set_forward_msg(Pdz)
        mu = model.means_[Pdz.argmax(axis=1)]  # (N, D), the mean of the class of each row
        ends = np.cumsum([part[0].size for part in parts])
        answers = np.split(mu, ends[:-1], axis=1)  # the columns as they came from each module
        self.send_backward_msgs([a.reshape(p.shape) for a, p in zip(answers, parts, strict=True)])

    def _learnt(self, X, priors):
        """The model after at most ``itr`` more steps of EM."""
        model = copy.copy(self.model)
        model.warm_start = self._had_message == (priors is not None)
        with warnings.catch_warnings():  # itr is what one update may cost, not a promise
            warnings.simplefilter("ignore", ConvergenceWarning)
            return model.fit(X, priors=priors)

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
