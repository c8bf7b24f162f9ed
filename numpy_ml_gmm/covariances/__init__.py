r"""Covariance models: from scatter matrices to covariances.

The M step of every Gaussian mixture ends in the same numbers, one count and
one scatter matrix per component,

.. math::

    N_k = \sum_n r_{nk}, \qquad
    W_k = \sum_n r_{nk} (x_n - \mu_k)(x_n - \mu_k)^\top .

A covariance model says which matrices :math:`\Sigma_k` are allowed.  Its
M step is the allowed choice that minimises (:eq:`covariance-objective`)

.. math::

    \sum_k N_k \log |\Sigma_k| + \operatorname{tr}(\Sigma_k^{-1} W_k) ,

which is :math:`-2 Q` up to a constant.  This is the one place where models are told
apart.  ``model.py`` holds the table of their rules, ``rules.py`` those in closed form,
``iterated_shape.py`` and ``iterated_axes.py`` the searches.

A covariance has a volume, a shape and an orientation (:eq:`volume-shape-orientation`),

.. math::

    \Sigma_k = \sigma_k^2 E_k S_k E_k^\top , \qquad
    \sigma_k^2 = |\Sigma_k|^{1/D}, \quad |S_k| = 1, \quad E_k^\top E_k = I ,

with :math:`S_k` diagonal.  The volume is :math:`|\Sigma_k|^{1/2} = \sigma_k^D`.  Three
letters say whether each of them is Equal in all components, Varies, or is the
Identity.  There are two spheres; otherwise volume and shape follow
one of four rules, in one of three kinds of axes:
:math:`14 = 2 + 4 \times 3`.

======= ================ ===================================== ======================
letters name             :math:`\Sigma_k`                      free parameters
======= ================ ===================================== ======================
``EII`` tied_spherical   :math:`\sigma^2 I`                    1
``VII`` spherical        :math:`\sigma_k^2 I`                  K
``EEI`` tied_diag        :math:`\sigma^2 S`                    D
``VEI``                  :math:`\sigma_k^2 S` (iterated)       K + (D - 1)
``EVI``                  :math:`\sigma^2 S_k`                  1 + K (D - 1)
``VVI`` diag             :math:`\sigma_k^2 S_k`                K D
``EEE`` tied             :math:`\sigma^2 E S E'`               D + R
``VEE``                  :math:`\sigma_k^2 E S E'` (iterated)  K + (D - 1) + R
``EVE``                  :math:`\sigma^2 E S_k E'` (iterated)  1 + K (D - 1) + R
``VVE``                  :math:`\sigma_k^2 E S_k E'` (it.)     K D + R
``EEV``                  :math:`\sigma^2 E_k S E_k'`           D + K R
``VEV``                  :math:`\sigma_k^2 E_k S E_k'` (it.)   K + (D - 1) + K R
``EVV``                  :math:`\sigma^2 E_k S_k E_k'`         1 + K (D - 1) + K R
``VVV`` full             :math:`\sigma_k^2 E_k S_k E_k'`       K D + K R
======= ================ ===================================== ======================

Here R = D (D - 1) / 2, the number of angles of a rotation.

========== ================== ==================================================
symbol     shape              meaning
========== ================== ==================================================
``W``      (..., K, D, D)     scatter matrices; their diagonals (..., K, D) if
                              the model is diagonal
``N``      (..., K)           counts, the expected number of points in each
``K, D``                      number of components, number of features
``u``      (..., K)           logs of sigma_k^2, up to a common constant
``E``      (..., D, D)        an orientation: the columns are the axes
========== ================== ==================================================

Axes before K, if there are any, number mixtures that are solved side by side.  A
mixture with fewer components than its neighbours has spare ones with N_k = 0 and
W_k = 0; they take no part.

Sources: Banfield & Raftery (1993), *Model-based Gaussian and non-Gaussian
clustering*, Biometrics 49(3), for the models; Celeux & Govaert (1995),
*Gaussian parsimonious clustering models*, Pattern Recognition 28(5),
https://doi.org/10.1016/0031-3203(94)00125-6, for their M steps; Browne &
McNicholas (2014), *Estimating common principal components in high dimensions*,
Advances in Data Analysis and Classification 8(2), for EVE and VVE.
"""

from .iterated_axes import common_axes
from .iterated_shape import equal_shape
from .model import MODELS, NAMES, RULES, CovarianceModel, covariance_model
from .rules import equal, equal_volume, own_axes, sphere, tied_sphere, varying

__all__ = [
    "MODELS",
    "NAMES",
    "RULES",
    "CovarianceModel",
    "common_axes",
    "covariance_model",
    "equal",
    "equal_shape",
    "equal_volume",
    "own_axes",
    "sphere",
    "tied_sphere",
    "varying",
]
