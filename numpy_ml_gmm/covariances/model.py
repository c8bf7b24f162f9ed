"""A covariance model: its letters, its rule, and the shapes of its covariances."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..hints import Array
from .iterated_axes import common_axes
from .iterated_shape import equal_shape
from .rules import equal, equal_volume, own_axes, sphere, tied_sphere, varying


class CovarianceModel(NamedTuple):
    """What the rest of the package needs to know of a covariance model.

    Examples
    --------
    >>> [letters for letters, model in MODELS.items() if model.iterated]
    ['VEI', 'VEE', 'EVE', 'VVE', 'VEV']
    """

    letters: str  # volume, shape, orientation
    rule: Callable  # (W, N) -> covariances that broadcast to the shape of W

    @property
    def diagonal(self) -> bool:
        """True if W and the covariances are diagonals only."""
        return self.letters[2] == "I"

    @property
    def iterated(self) -> bool:
        """True if the rule is a search, which may start from covariances that are at hand."""
        return self.letters in ("VEI", "VEE", "EVE", "VVE", "VEV")

    @property
    def form(self) -> tuple[bool, bool, bool]:
        """What :meth:`shape` depends on: whether anything varies, is a sphere, is diagonal."""
        return "V" in self.letters, self.letters[1] == "I", self.diagonal

    def shape(self, K: int, D: int) -> tuple[int, ...]:
        """The shape of the covariances that the user sees.

        Examples
        --------
        >>> [MODELS[letters].shape(3, 2) for letters in ("VVV", "EEE", "VVI", "VII", "EII")]
        [(3, 2, 2), (2, 2), (3, 2), (3,), ()]
        """
        varies, spherical, diagonal = self.form
        each = () if spherical else (D,) if diagonal else (D, D)
        return (K, *each) if varies else each

    def n_parameters(self, K: int, D: int) -> int:
        """Number of free parameters: of volume, shape and orientation.

        Examples
        --------
        >>> [MODELS[letters].n_parameters(K=3, D=2) for letters in ("EII", "VVI", "EEE", "VVV")]
        [1, 6, 3, 9]
        """
        sizes = 1, D - 1, D * (D - 1) // 2
        times = {"I": 0, "E": 1, "V": K}
        return sum(times[letter] * size for letter, size in zip(self.letters, sizes, strict=True))

    def expand(self, covariances: ArrayLike, K: int, D: int) -> Array:
        """Every component's own covariance: (K, D, D), or (K, D) if diagonal.

        Examples
        --------
        >>> MODELS["VII"].expand([1.0, 4.0], K=2, D=2)
        array([[1., 1.], [4., 4.]])
        """
        covariances = np.asarray(covariances)
        if self.letters == "VII":
            covariances = covariances[:, None]
        shape = (K, D) if self.diagonal else (K, D, D)
        return covariances if covariances.shape == shape else np.broadcast_to(covariances, shape)

    def contract(self, Sigma: Any) -> Array:
        """The inverse of :meth:`expand`: (..., K, D, D) or (..., K, D) in the shape for the user.

        Examples
        --------
        >>> MODELS["VII"].contract(np.array([[1.0, 1.0], [4.0, 4.0]]))
        array([1., 4.])
        """
        varies, spherical, diagonal = self.form
        if not varies:
            Sigma = Sigma.take(0, axis=-2 if diagonal else -3)
        return Sigma.take(0, axis=-1) if spherical else Sigma

    def estimate(self, W: Array, N: Array, last: Array | None = None) -> Array:
        """The covariances of one mixture that minimise :eq:`covariance-objective`.

        Parameters
        ----------
        W : array (K, D, D), or (K, D) if diagonal
        N : array (K,)
        last : array like W, optional
            Where to start an iterated rule.  Only EVE and VVE may end elsewhere for it,
            never at a worse place: their objective has several minima.

        Raises
        ------
        ValueError
            If no covariances do, because a scatter matrix is singular.  The models
            that never divide by a volume return a singular covariance instead.

        Examples
        --------
        >>> W = np.array([[[4.0, 0.0], [0.0, 8.0]]])
        >>> MODELS["VVV"].estimate(W, np.array([4.0]))
        array([[[1., 0.], [0., 2.]]])
        """
        Sigma = self.minimise(W, N, last)
        self.check_found(Sigma, N)
        return self.contract(Sigma)

    def minimise(self, W: Array, N: Array, last: Array | None = None) -> Array:
        """The covariances that minimise :eq:`covariance-objective`, one for each component.

        Mixtures may lie side by side.

        Returns
        -------
        ndarray like W: (..., K, D, D), or (..., K, D) if diagonal
            nan where there is no minimum.  What components share is a read-only view.

        Examples
        --------
        >>> W = np.array([[4.0, 8.0], [4.0, 4.0]])
        >>> MODELS["EEI"].minimise(W, np.array([2.0, 2.0]))
        array([[2., 3.], [2., 3.]])
        """
        start = (last,) if self.iterated else ()
        try:
            with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
                Sigma = self.rule(W, N, *start)
            return Sigma if Sigma.shape == W.shape else np.broadcast_to(Sigma, W.shape)
        except np.linalg.LinAlgError:
            if N.ndim == 1:
                return np.full(W.shape, np.nan)
        # One of these mixtures has no minimum: find out which.
        lasts = [None] * len(N) if last is None else last
        return np.stack([self.minimise(*one) for one in zip(W, N, lasts, strict=True)])

    def check_found(self, Sigma: Array, N: Array) -> None:
        """Raise if there is no minimum, with the components whose Sigma (K, ...) is not finite.

        Examples
        --------
        >>> Sigma = np.array([[1.0], [np.nan]])
        >>> MODELS["VEI"].check_found(Sigma, np.array([5.0, 1.0]))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ValueError: VEI: component 1 has collapsed: the scatter is singular (1.0 points). ...
        """
        finite = np.isfinite(Sigma)
        if not finite.all():
            bad = np.flatnonzero(~finite.reshape(len(N), -1).all(axis=1))
            raise ValueError(
                f"{self.letters}: component {', '.join(map(str, bad))} has collapsed: the scatter "
                f"is singular ({N[bad].sum():.1f} points). Lower n_components, raise "
                f"var_smoothing, or choose a simpler covariance_type"
            )


RULES: dict[str, Callable[..., Array]] = {
    "EII": tied_sphere,
    "VII": sphere,
    "EEI": equal,
    "VEI": equal_shape,
    "EVI": equal_volume,
    "VVI": varying,
    "EEE": equal,
    "VEE": equal_shape,
    "EVE": partial(common_axes, rule=equal_volume),
    "VVE": partial(common_axes, rule=varying),
    "EEV": partial(own_axes, rule=equal),
    "VEV": partial(own_axes, rule=equal_shape),
    "EVV": equal_volume,
    "VVV": varying,
}
MODELS = {letters: CovarianceModel(letters, rule) for letters, rule in RULES.items()}
NAMES = {
    "full": "VVV",
    "tied": "EEE",
    "diag": "VVI",
    "tied_diag": "EEI",
    "spherical": "VII",
    "tied_spherical": "EII",
}


def covariance_model(covariance_type: str) -> CovarianceModel:
    """The model of a name (``"full"``) or of three letters (``"VVV"``).

    Raises
    ------
    ValueError
        If there is no such model; the message lists the names.

    Examples
    --------
    >>> covariance_model("diag").n_parameters(3, 2)
    6
    >>> covariance_model("EEE") is covariance_model("tied")
    True
    """
    letters = NAMES.get(str(covariance_type), covariance_type)
    if not isinstance(letters, str) or letters not in MODELS:
        raise ValueError(
            f"covariance_type={covariance_type!r} is not known: choose one of "
            f"{', '.join(NAMES)}, or of {', '.join(MODELS)}"
        )
    return MODELS[letters]
