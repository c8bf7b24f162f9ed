"""What each function is asked, and the table of the exercises.

The weights are unequal, the covariances tilted, the means away from the origin: on round data
about the origin several mistakes cannot be seen.

Each set of problems has a seed.  A student's own check asks those of seed 0; whoever marks a class
draws another, so that an answer to known problems is no answer.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .. import textbook
from . import mistakes, prior_mistakes, sum_mistakes
from .chance import Chance
from .k_means import k_means_start, seed_probabilities
from .missing_values import conditional_mean, e_step_with_missing
from .priors import expected_log_det, expected_log_weights, map_m_step, posterior_counts
from .sums import entropy_gain, stream_step, weighted_m_step

PARAMETERS = "weights", "means", "covariances"


def parameters(K, D, seed):
    """Weights, means, covariances: unequal and in no order, anisotropic, away from the origin."""
    rng = np.random.default_rng(seed)
    weights = mistakes.normalised(np.roll(np.arange(1, K + 1), -1) + rng.random(K) / 2)
    means = 8 + 1.5 * rng.normal(size=(K, D))
    A = rng.normal(size=(K, D, D)) * rng.uniform(0.5, 1.4, size=(K, 1, 1))
    return weights, means, A @ A.transpose(0, 2, 1) + 0.3 * np.eye(D)


def mixtures(seed=0):
    """Two mixtures, each with its points."""
    for N, K, D, offset in [(60, 3, 2, 7), (50, 2, 3, 4)]:
        theta = parameters(K, D, seed + offset)
        X, _ = textbook.sample(N, *theta, np.random.default_rng(seed + offset))
        yield X, *theta


def far_mixtures(seed=0):
    """Every other point so far out that each density is 0 in floating point.

    The near ones stay: who subtracts one and the same number from all of them is found out.
    """
    for X, weights, means, covariances in mixtures(seed):
        spread = np.sqrt(np.linalg.eigvalsh(covariances).max())
        far = np.where(np.arange(len(X)) % 2, 40 * spread, 0.0)
        yield X + far[:, None], weights, means, covariances


def no_problems(seed=0):
    """Nothing: an exercise whose fair attempts do not break."""
    return ()


def with_responsibilities(seed=0):
    """(X, r): the rows of r are neither even nor certain."""
    for X, *theta in mixtures(seed):
        yield X, textbook.e_step(X, *theta)


def with_q(seed=0):
    """(X, q, parameters) with a q that is not the posterior."""
    for X, *theta in mixtures(seed):
        q = np.random.default_rng(seed + len(X)).dirichlet(np.ones(len(theta[0])), size=len(X))
        yield X, q, *theta


def with_certain_q(seed=0):
    """The same with a single 1 in each row of q."""
    for X, q, *theta in with_q(seed):
        yield X, mistakes.hard(q), *theta


def with_centres(seed=0):
    """(X, centres): rows of X as centres."""
    for X, weights, *_ in mixtures(seed):
        yield X, X[1 : 1 + len(weights)].copy()


def with_missing(seed=0, empty=False):
    """(X, parameters): some numbers of X are nan, and a whole row if it is to be empty."""
    for X, weights, means, covariances in mixtures(seed):
        rng, shift = np.random.default_rng(seed + len(X)), 6  # near enough that squares show C
        missing = rng.random(X.shape) < 0.35
        missing[np.arange(len(X)), rng.integers(X.shape[1], size=len(X))] = False
        missing[0] = empty
        yield np.where(missing, np.nan, X - shift), weights, means - shift, covariances


def with_missing_for_one(seed=0, empty=False):
    """(X, mean, covariance): the same for a single Gaussian."""
    for X, _, means, covariances in with_missing(seed, empty):
        yield X, means[0], covariances[0]


def without_points(r):
    """The same r, but the first component has given its points to the second."""
    r = r.copy()
    r[:, 1] += r[:, 0]
    r[:, 0] = 0
    return r


def with_prior(seed=0, empty=False):
    """(X, r, m, kappa, scale, nu, alpha): a prior that weighs nearly as much as the points."""
    for X, r in with_responsibilities(seed):
        rng, (K, D) = np.random.default_rng(seed + len(X)), (r.shape[1], X.shape[1])
        A = rng.normal(size=(D, D))
        scale = 20 * (A @ A.T + 0.5 * np.eye(D))
        m = 8 + rng.choice([-4, 4], size=D) + rng.normal(size=D)
        prior = m, 4 + 5 * rng.random(), scale, D + 3 + 4 * rng.random(), 2 + 6 * rng.random(K)
        yield X, without_points(r) if empty else r, *prior


def to_count(seed=0, empty=False):
    """(r, alpha_0, beta_0, nu_0)."""
    for _, r, _, kappa, _, nu, alpha in with_prior(seed, empty):
        yield r, float(alpha[0]) - 1, kappa, nu


def to_weigh(seed=0, least=1.2):
    """(alpha,) in no order; so small that logarithms are no digammas."""
    rng = np.random.default_rng(seed)
    for K in (3, 5):
        yield (rng.permutation(np.geomspace(least, 9, K)) * rng.uniform(1, 1.3, size=K),)


def wisharts(seed=0, sizes=((3, 2), (2, 3)), unit=0.2):
    """(nu, W): few degrees of freedom, and matrices in units of their own."""
    for K, D in sizes:
        rng = np.random.default_rng(seed + K)
        yield D + rng.uniform(1.5, 9, size=K), unit * parameters(K, D, seed + D)[2]


def with_weights(seed=0, whole=False):
    """(X, r, w): points that count more or less than once; or so many times, some of them never."""
    for X, r in with_responsibilities(seed):
        rng = np.random.default_rng(seed + len(X))
        w = rng.integers(4, size=len(X)) if whole else rng.uniform(0.2, 3, size=len(X))
        yield X, r, w.astype(float)


def with_old_sums(seed=0, empty=False):
    """(X, r, counts, sums, xi): a batch, and what earlier ones have left.

    If ``empty``, the first component has nothing of the batch, and the last one nothing but it.
    """
    for X, r in with_responsibilities(seed):
        rng = np.random.default_rng(seed + len(X))
        counts = rng.uniform(5, 40, size=r.shape[1])
        sums = counts[:, None] * (X.mean(axis=0) + rng.choice([-3, 3], size=(len(counts), 1)))
        if empty:
            r, counts[-1], sums[-1] = without_points(r), 0, 0
        yield X, r, counts, sums, float(rng.uniform(0.6, 0.9))


def with_a_pair(seed=0, certain=False):
    """(r, i, j): rows in doubt; if ``certain``, half of them are not."""
    rng = np.random.default_rng(seed)
    for N, K, i, j in [(40, 3, 0, 2), (30, 4, 3, 1), (60, 5, 1, 4), (50, 3, 2, 1)]:
        r = rng.dirichlet(rng.uniform(1, 3, size=K), size=N)
        if certain:
            r[::2] = mistakes.hard(r[::2])
        yield r, i, j


def counts(seed=0):
    """(log-likelihood, N, K, D)."""
    rng = np.random.default_rng(seed)
    sizes = (90, 3, 2), (40, 2, 4), (250, 5, 3), (170, 4, 5), (150, 6, 2)
    for log_likelihood, (N, K, D) in zip(
        [-137.5, -201.25, 88.0, -310.5, -99.0], sizes, strict=True
    ):
        yield log_likelihood + float(rng.integers(20)), N + int(rng.integers(20)), K, D


def counted(answers, problems):
    """How many parameters an answer to ``bic`` counts, if it is BIC but for their number."""
    found = [
        (float(answer) + 2 * log_likelihood) / np.log(N)
        for (answer,), (log_likelihood, N, _, _) in zip(answers, problems, strict=True)
    ]
    if not np.allclose(found, np.round(np.multiply(found, 2)) / 2, rtol=0, atol=1e-6):
        return None
    _, _, K, D = problems[0]
    right = (K - 1) + K * D + K * D * (D + 1) // 2
    return (
        f"the number of free parameters is wrong: for K = {K} and D = {D} this counts "
        f"{found[0]:g}, there are {right} in the weights, the means and the covariances"
    )


def to_draw(seed=0):
    """(n, parameters, rng)."""
    for K, D, offset in [(3, 2, 7), (2, 3, 4)]:
        yield 20_000, *parameters(K, D, seed + offset), np.random.default_rng(seed + offset)


def true_moments(n, weights, means, covariances, rng):
    """What the moments of a sample are close to."""
    return weights, means, covariances


def sample_moments(X, z):
    """Frequencies, means and covariances of the points of each component."""
    if (
        z.min() >= 0 and z.max() < 20 and not (z % 1).any()
    ):  # before anything as large as the largest label is made
        labels = z.astype(int)
        r = np.eye(labels.max() + 1)[labels]
        if r.any(axis=0).all():
            return textbook.m_step(X, r)
    return z, z, z


# ---- The exercises -----------------------------------------------------------------------------


def as_parts(answer):
    """A tuple of arrays."""
    return tuple(map(np.asarray, answer if isinstance(answer, tuple) else (answer,)))


def answer_of(wrong: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a mistake makes of a problem; what NumPy has to say of it is for nobody to hear."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return as_parts(wrong(*copy.deepcopy(arguments)))


class Exercise(NamedTuple):
    """One function to write: its problems, its right answer, its mistakes.

    Examples
    --------
    >>> EXERCISES["bic"].parts, EXERCISES["m_step"].concerns["means"]
    (('answer',), 1)
    """

    problems: Callable  # (seed) -> argument tuples
    right: Callable
    mistakes: dict  # message -> wrong version of ``right``
    parts: tuple  # names of what is returned
    edge: Callable = no_problems  # problems on which a fair attempt may still break
    edge_message: str = ""
    edge_of_nan: bool = False  # it speaks of nan alone, and not of wrong numbers
    returned: tuple = ()  # (arguments) -> shapes, where they are not those of ``right``
    summary: Callable | None = None  # of the answer, to compare with ``right``
    tolerance: Any = 1e-3  # float32 is welcome, mistakes are far larger; one number, or one a part
    concerns: Any = {}  # knob -> number of the one part that it turns
    pairs: bool = True  # whether two mistakes at once are looked for
    in_words: Any = None  # (answers, problems) -> what they show of a mistake that no row has
    chance: Any = None  # what else is asked of random numbers

    @property
    def nearness(self) -> Any:
        """How near an answer is to that of a mistake which is named: a number says little."""
        if self.summary:
            return self.tolerance
        return 3e-5 if self.parts == ("answer",) else min(self.tolerance, 1e-4)

    @property
    def titles(self) -> tuple:
        """The names of what is compared."""
        return PARAMETERS if self.summary else self.parts

    def wrong_answers(self, problems: Iterable[tuple[Any, ...]]) -> dict[str, list[Any]]:
        """For each mistake, the answers to the problems of who makes it.

        Examples
        --------
        >>> wrong = EXERCISES["bic"].wrong_answers([(-1130.26, 272, 2, 2)])
        >>> round(float(wrong["this is AIC: the price of a parameter is log N, not 2"][0][0]), 2)
        2282.52
        """
        return {
            message: [answer_of(wrong, arguments) for arguments in problems]
            for message, wrong in self.mistakes.items()
        }

    def expected(self, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """The right answer, a tuple of arrays.

        Examples
        --------
        >>> [part] = EXERCISES["bic"].expected((-1130.26, 272, 2, 2))
        >>> round(float(part), 2)
        2322.18
        """
        return as_parts(self.right(*copy.deepcopy(arguments)))

    def shapes(self, arguments: tuple[Any, ...], right: tuple[Any, ...]) -> list[tuple[int, ...]]:
        """The shapes of the parts.

        Examples
        --------
        >>> exercise = EXERCISES["m_step"]
        >>> arguments = next(exercise.problems())
        >>> exercise.shapes(arguments, exercise.expected(arguments))
        [(3,), (3, 2), (3, 2, 2)]
        """
        if self.returned:
            return [shape(*arguments) for shape in self.returned]
        return [part.shape for part in right]


FAR = (
    "right near the means, but not far from them: there every density is 0 in floating point. "
    "Stay in logarithms and subtract the largest before exp (log-sum-exp)"
)
ZERO = "right, except where q is 0: there q log q is 0, in the limit, and not nan"
EMPTY = (
    "right, except for a row of which everything is missing: its r is pi, and what is expected of "
    "it are mu and Sigma"
)
PRIOR_ALONE = (
    "right, except for a component without a point: its mean is m, and its covariance "
    "scale / (nu + D + 2)"
)
NOTHING_THERE = (
    "right, except for a component that gets nothing from the batch, or had nothing before: add "
    "sums, and divide once, at the end"
)
IN_DENSITY = ["log_weights", "delta", "covariance", "precision", "form", "quadratic", "log_det"]
IN_DENSITY += ["volume", "constant"]
IN_M_STEP = {"weights": 0, "means": 1} | dict.fromkeys(
    ["weigh", "centre", "scatter", "count", "shape"], 2
)
RIDGE = 1e-4  # so small that 0.001 on the diagonals is seen
EXERCISES = {
    "e_step": Exercise(mixtures, textbook.e_step, mistakes.E_STEP, ("r",), far_mixtures, FAR),
    "m_step": Exercise(
        with_responsibilities,
        textbook.m_step,
        mistakes.M_STEP,
        PARAMETERS,
        tolerance=RIDGE,
        concerns=IN_M_STEP,
    ),
    "em_step": Exercise(
        mixtures,
        textbook.em_step,
        mistakes.EM_STEP,
        PARAMETERS,
        far_mixtures,
        FAR,
        tolerance=RIDGE,
        concerns=dict.fromkeys([*IN_DENSITY, "shares", "after"], 0) | IN_M_STEP,
        pairs=False,
    ),
    "log_likelihood": Exercise(
        mixtures, textbook.log_likelihood, mistakes.LOG_LIKELIHOOD, ("answer",), far_mixtures, FAR
    ),
    "elbo": Exercise(with_q, textbook.elbo, mistakes.ELBO, ("answer",), with_certain_q, ZERO, True),
    "seed_probabilities": Exercise(
        with_centres, seed_probabilities, mistakes.SEED_PROBABILITIES, ("probabilities",)
    ),
    "k_means_start": Exercise(
        with_centres,
        k_means_start,
        mistakes.K_MEANS_START,
        PARAMETERS,
        tolerance=RIDGE,
        concerns={"clusters": 0} | IN_M_STEP,
        pairs=False,
    ),
    "bic": Exercise(
        counts, textbook.bic, mistakes.BIC, ("answer",), tolerance=1e-4, in_words=counted
    ),
    "sample": Exercise(
        to_draw,
        true_moments,
        mistakes.SAMPLE,
        ("X", "z"),
        returned=(lambda n, pi, mu, C, rng: (n, mu.shape[1]), lambda n, *_: (n,)),
        summary=sample_moments,
        tolerance=(0.05, 0.03, 0.15),  # seven standard errors
        concerns={"weights": 0, "means": 1, "covariances": 2},
        pairs=False,
        chance=Chance(),
    ),
    "conditional_mean": Exercise(
        with_missing_for_one,
        conditional_mean,
        mistakes.CONDITIONAL_MEAN,
        ("completed rows",),
        partial(with_missing_for_one, empty=True),
        "right, except for a row of which everything is missing: what is expected of it is mu",
    ),
    "e_step_with_missing": Exercise(
        with_missing,
        e_step_with_missing,
        mistakes.E_STEP_WITH_MISSING,
        ("r", "sums", "squares"),
        partial(with_missing, empty=True),
        EMPTY,
        tolerance=1e-4,  # beside squares, what is wrong about C is small
        concerns={"joint": 0, "shares": 0, "completed": 1, "together": 1, "first": 1}
        | dict.fromkeys(["covariance", "spread", "everywhere", "outer", "last"], 2),
        pairs=False,
    ),
    "map_m_step": Exercise(
        with_prior,
        map_m_step,
        prior_mistakes.MAP_M_STEP,
        PARAMETERS,
        partial(with_prior, empty=True),
        PRIOR_ALONE,
        tolerance=RIDGE,
        concerns={"weights": 0, "total": 0, "means": 1}
        | dict.fromkeys(["prior", "scatter", "pull", "count", "shape"], 2),
    ),
    "posterior_counts": Exercise(
        to_count,
        posterior_counts,
        prior_mistakes.POSTERIOR_COUNTS,
        ("alpha", "beta", "nu"),
        partial(to_count, empty=True),
        "right, except for a component without a point: it keeps alpha_0, beta_0 and nu_0",
        concerns={"alpha": 0, "beta": 1, "nu": 2},
    ),
    "expected_log_weights": Exercise(
        to_weigh,
        expected_log_weights,
        prior_mistakes.EXPECTED_LOG_WEIGHTS,
        ("answer",),
        partial(to_weigh, least=1e-4),
        "right, but not for a small alpha, which a component without points has: there only the "
        "digamma function itself will do",
    ),
    "expected_log_det": Exercise(
        wisharts,
        expected_log_det,
        prior_mistakes.EXPECTED_LOG_DET,
        ("answer",),
        partial(wisharts, sizes=[(2, 40)], unit=1e-12),
        "right, except where |W| is 0 in floating point, as with 40 features: take log |W| by "
        "slogdet, or by the logs of a Cholesky factor",
    ),
    "weighted_m_step": Exercise(
        with_weights,
        weighted_m_step,
        sum_mistakes.WEIGHTED_M_STEP,
        PARAMETERS,
        partial(with_weights, whole=True),
        "right, except where some weights are 0: such a point is left out",
        concerns={"weights": 0, "total": 0, "means": 1}
        | dict.fromkeys(["weigh", "centre", "scatter", "count", "shape"], 2),
    ),
    "stream_step": Exercise(
        with_old_sums,
        stream_step,
        sum_mistakes.STREAM_STEP,
        ("counts", "sums", "weights", "means"),
        partial(with_old_sums, empty=True),
        NOTHING_THERE,
        concerns={"counts": 0, "sums": 1, "weights": 2, "total": 2, "means": 3},
    ),
    "entropy_gain": Exercise(
        with_a_pair,
        entropy_gain,
        sum_mistakes.ENTROPY_GAIN,
        ("answer",),
        partial(with_a_pair, certain=True),
        "right, except where r is 0: there r log r is 0, in the limit, and not nan",
        True,
    ),
}
