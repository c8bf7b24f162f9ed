r"""Modules that learn together by passing messages.

A module sits on one or more others.  They show it their *forward messages*, one
row for each data element.  It learns, shows its own, and answers each module
below with a *backward message* of the same shape.

A mixture takes the backward message :math:`\rho_{nk}`, what the modules above
say of the class of row n, as priors of :meth:`numpy_ml_gmm.GMM.fit`.  It answers
with the mean of the class of each row.

.. math::

    r_{nk} \propto \rho_{nk} \, \pi_k \, \mathcal{N}(x_n \mid \mu_k, \Sigma_k) , \qquad
    \hat z_n = \arg\max_k r_{nk} , \qquad \text{answer } \mu_{\hat z_n}

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
Neurorobotics 12:25).  Where Serket draws samples, a module here runs EM.  Its
names ``modules.GMM`` and ``modules.MarkovModel`` are understood.

A probability of 0 in a message of one's own is taken at its word: the class is
impossible for that row.  The modules here send no 0 where a class is only unlikely.

To write a module of one's own, derive from :class:`Module` and give it an
``update``.  Here is one that knows the classes of some rows:

>>> import numpy as np
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

from .base import Module, Observation
from .markov import MarkovModule
from .mixture import GMMModule
from .results import matching

__all__ = ["GMMModule", "MarkovModule", "Module", "Observation", "matching"]

GMM, MarkovModel = GMMModule, MarkovModule  # Serket's names
