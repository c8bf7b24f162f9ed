r"""Where EM starts.

EM climbs to the optimum of the hill it starts on, so the start decides the
result.  Each function here looks at the data in standard units,
:math:`z = (x - \bar x) / s`, and returns a first guess of the
responsibilities; the first M step turns it into parameters.

========== ============= =======================================================
name       shape         meaning
========== ============= =======================================================
``Z``      (N, D)        the data in standard units
``w``      (N,)          how often each row counts
``K``                    number of components
``r``      (N, K)        responsibilities; labels are rows with a single 1
========== ============= =======================================================
"""

import functools

import numpy as np
import scipy  # its parts are loaded when they are first asked for

from .frames import EPS
from .noise import guesses_with_noise
from .statistics import one_component, softmax
from .training import constant_features, what_is_there
from .validation import check_responsibilities

ROWS_PER_COMPONENT, ROWS_PER_FEATURE = 500, 20  # enough rows for a start
ROWS_IN_TREE = 1000  # a tree needs memory for every pair
MANY_FEATURES = 16  # from so many on most starts are those of k-means
MOVES, CROSSINGS = 20, 20  # guesses near an end, in each round
AROUND, NEAREST = 0.7, (0.05, 0.3)  # how many part a component around a point, and which portion


def standardised(X, w):
    """Each feature with weighted mean 0 and variance 1."""
    X = X.astype(np.float64)
    delta = X - np.average(X, axis=0, weights=w)
    return delta / np.sqrt(np.average(delta**2, axis=0, weights=w))


def squared_distances(Z, centres):
    """Squared distance of each point to each centre, (N, K)."""
    cross = Z @ centres.T
    d2 = (Z * Z).sum(axis=1)[:, None] - 2 * cross + (centres * centres).sum(axis=1)
    return np.maximum(d2, 0)


def draw(p, rng):
    """One index, drawn with probability proportional to p.

    By the inverse of the cumulative sum: a row of weight two is drawn just as
    two equal rows side by side.
    """
    cumulative = np.cumsum(p)
    return int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))


def plus_plus(Z, K, rng, w):
    """K rows, each drawn by squared distance to the nearest row so far.

    Source: Arthur & Vassilvitskii (2007), *k-means++: the advantages of careful
    seeding*, SODA, pages 1027-1035.
    """
    centres = Z[[draw(w, rng)]]
    nearest = np.full(len(Z), np.inf)
    for _ in range(K - 1):
        nearest = np.minimum(nearest, squared_distances(Z, centres[-1:])[:, 0])
        p = w * nearest
        centres = np.vstack([centres, Z[draw(p if p.any() else w, rng)]])
    return centres


def one_hot(labels, K):
    """Labels (N,) as responsibilities (N, K)."""
    return np.eye(K)[labels]


def k_means(Z, K, rng, w, max_iter=100):
    """Lloyd's algorithm from k-means++ centres: labels by the nearest centre."""
    centres = plus_plus(Z, K, rng, w)
    labels = None
    for _ in range(max_iter):
        d2 = squared_distances(Z, centres)
        previous, labels = labels, d2.argmin(axis=1)
        if previous is not None and (labels == previous).all():
            break
        r = one_hot(labels, K) * w[:, None]
        for k in np.flatnonzero(r.sum(axis=0) == 0):  # an empty cluster takes the farthest point
            far = int((w * d2.min(axis=1)).argmax())
            r[far], d2[far] = one_hot(k, K) * w[far], 0
        N_k = r.sum(axis=0)[:, None]  # 0 where there are fewer different points than clusters
        centres = np.where(N_k > 0, r.T @ Z / np.where(N_k > 0, N_k, 1), centres)
    return one_hot(labels, K)


def on_principal_axes(Z, w, power):
    """Z turned to its principal axes, each divided by a power of its spread.

    Power 1 makes every variance 1 (or 0, where there is none), so that no linear change of the
    data matters.  Power 1/2 keeps some of the larger spread of the first axes (Scrucca &
    Raftery 2015, https://doi.org/10.1007/s11634-015-0220-z).
    """
    s, axes = np.linalg.svd(Z * np.sqrt(w / w.sum())[:, None], full_matrices=False)[1:]
    sound = s > 3e-5 * s[0]  # deviations
    return Z @ axes[sound].T / s[sound] ** power


def seeds(Z, K, rng, w):
    """Labels by the nearest of the k-means++ centres."""
    return one_hot(squared_distances(Z, plus_plus(Z, K, rng, w)).argmin(axis=1), K)


def k_means_plus_plus(Z, K, rng, w):
    """Labels by the nearest of the k-means++ centres, in standard or in whitened units.

    A coin decides between them.  Restarts differ more than those of k-means, which
    often all end on the same hill.
    """
    return seeds(on_principal_axes(Z, w, 1) if rng.random() < 0.5 else Z, K, rng, w)


def random_from_data(Z, K, rng, w):
    """K random rows as means, unit variances: soft labels by their densities."""
    centres = Z[rng.choice(len(Z), K, replace=False, p=w / w.sum())]
    d2 = squared_distances(Z, centres)
    r = np.exp((d2.min(axis=1, keepdims=True) - d2) / 2)
    return r / r.sum(axis=1, keepdims=True)


def random(Z, K, rng, w):
    """Random responsibilities: each row uniform on the simplex."""
    return rng.dirichlet(np.ones(K), size=len(Z))


def hierarchical(Z, K, rng, w, power=0.5):
    """Ward's tree, cut into K branches: no randomness, and one tree serves every K.

    The tree grows on principal axes; see :func:`on_principal_axes`.  Of many rows a sample makes
    the tree, the same one each time, and the others go to the nearest branch.
    """
    Y = on_principal_axes(Z, w, power)
    some = rows_of_tree(w, max(ROWS_IN_TREE, 2 * K))
    if K == 1:
        return np.ones((len(Z), 1))
    tree = ward_tree(Y[some].tobytes(), Y.shape[1])
    # Undo the last K - 1 merges: for K = N or N - 1, "maxclust" of SciPy 1.11 gives N - 2 branches.
    r = one_hot(scipy.cluster.hierarchy.fcluster(tree, len(some) - K - 0.5, "distance") - 1, K)
    nearest = one_hot(squared_distances(Y, r.T @ Y[some] / r.sum(axis=0)[:, None]).argmin(1), K)
    nearest[some] = r
    return nearest


def rows_of_tree(w, most):
    """The rows that make the tree, each as often as it counts if the weights are whole."""
    whole = (w == np.floor(w)).all() and w.sum() <= max(10 * most, len(w))
    some = np.repeat(np.arange(len(w)), w.astype(int) if whole else w > 0)
    if len(some) > most:
        some = np.sort(np.random.default_rng(0).choice(some, most, replace=False))
    return some


@functools.lru_cache(maxsize=2)
def ward_tree(data, D):
    """Ward's tree of rows given as bytes.  The last two are held: a table of fits shares them."""
    tree = scipy.cluster.hierarchy.linkage(np.frombuffer(data).reshape(-1, D), "ward")
    tree[:, 2] = np.arange(len(tree))  # heights without ties: merge i is at height i
    return tree


def mixed(Z, K, rng, w, i):
    """The i-th of a mixture of starts: seeds, k-means and trees, in units of several kinds.

    No kind is best on all data, and several starts of one kind often end on the same few hills.
    Tens repeat, but for the trees, which would be the same again.
    """
    mixture = MIXTURE if Z.shape[1] < MANY_FEATURES else MIXTURE_OF_MANY
    kind = mixture[i % 10]
    if i >= 10 and kind.startswith("tree"):
        kind = mixture[0]
    if kind == "tree, half whitened":
        return hierarchical(Z, K, rng, w)
    if kind == "tree, whitened":
        return hierarchical(Z, K, rng, w, power=1)
    if kind == "seeds, whitened":
        return seeds(on_principal_axes(Z, w, 1), K, rng, w)
    if kind == "k-means, half whitened":
        return k_means(on_principal_axes(Z, w, 0.5), K, rng, w)
    if kind == "k-means, features at random":
        return k_means(Z * rng.exponential(size=Z.shape[1]), K, rng, w)
    return (k_means if kind == "k-means" else seeds)(Z, K, rng, w)


MIXTURE = (
    *("seeds", "tree, half whitened", "seeds, whitened", "k-means, half whitened", "seeds"),
    *("tree, whitened", "seeds", "k-means, features at random", "seeds, whitened", "seeds"),
)
# With many features a few points say little of where the clusters are.
MIXTURE_OF_MANY = (
    *("k-means, half whitened", "tree, half whitened", "seeds, whitened"),
    *("k-means, half whitened", "k-means", "k-means, half whitened", "tree, whitened", "k-means"),
    *("k-means, features at random", "k-means, half whitened"),
)
METHODS = {
    "mixed": mixed,
    "kmeans": k_means,
    "k-means++": k_means_plus_plus,
    "random": random,
    "random_from_data": random_from_data,
    "hierarchical": hierarchical,
}
DETERMINISTIC = {"hierarchical"}


def moved(joint, Z, w, rng, noise=False):
    """First guesses near an end of EM: one component is taken out, and another parted in two.

    A local optimum often has two components where one would do, and one where two are needed.
    The parted component is cut by a plane through its mean, in a random direction of the units
    in which it is round.  More often a few points around one of them are cut out: on real data
    the highest hills often have a small dense component beside wide ones.

    Source: Ueda, Nakano, Ghahramani & Hinton (2000), *SMEM algorithm for mixture models*, Neural
    Computation 12(9), https://doi.org/10.1162/089976600300015088, for moves of this kind; theirs
    are ranked by criteria, these are drawn.

    Parameters
    ----------
    joint : array (N, K)
        Log joint at the end, K > 1; with noise, a column more for it.
    Z : array (N, D)
    w : array (N,)
    rng : numpy.random.Generator
    noise : bool
        Whether there is noise, which stays as it is.

    Yields
    ------
    array (N, K)
    """
    K = joint.shape[1] - noise
    joint = np.ascontiguousarray(joint.T)
    own = softmax(joint.copy(), None)[0][K:].T  # of the noise, (N, 0) or (N, 1)
    pairs = np.array([(j, k) for j in range(K) for k in range(K - 1)])
    pairs = rng.permutation(np.tile(pairs, (-(-MOVES // len(pairs)), 1)))[:MOVES]
    for j, k in pairs:
        r, _ = softmax(np.delete(joint[:K], j, axis=0), None)  # (K - 1, N) without component j
        if r[k] @ w > EPS * w.sum():
            part = around_a_point if rng.random() < AROUND else parted
            r = np.vstack([np.delete(r, k, axis=0), *part(r[k], Z, w, rng)]).T
            yield np.hstack([r * (1 - own), own]) if noise else r


def crossed(joint, others, rng, noise=False):
    """First guesses near an end of EM: a component of another end in the place of one.

    Each climb may have found something that the others lack.

    Source: Pernkopf & Bouchaffra (2005), *Genetic-based EM algorithm for learning Gaussian mixture
    models*, IEEE Transactions on Pattern Analysis and Machine Intelligence 27(8),
    https://doi.org/10.1109/TPAMI.2005.162, for mixtures that exchange components.

    Parameters
    ----------
    joint : array (N, K)
        Log joint at the end; with noise, a column more for it.
    others : list of array (N, K)
        The same at other ends.
    rng : numpy.random.Generator
    noise : bool
        Whether there is noise, which nobody exchanges.

    Yields
    ------
    array (N, K)
    """
    K = joint.shape[1] - noise
    joint, others = np.ascontiguousarray(joint.T), [other.T for other in others]
    for i in rng.permutation(len(others) * K * K)[:CROSSINGS]:
        other, j, k = np.unravel_index(i, (len(others), K, K))
        mixture = joint.copy()
        mixture[j] = others[other][k]
        yield softmax(mixture, None)[0].T


def parted(r_k, Z, w, rng=None):
    """A component's responsibilities (N,), cut in two by a plane through its mean.

    The plane is drawn in the units in which the component is round, or else cuts its longest axis.
    """
    own = r_k * w
    delta = Z - own @ Z / own.sum()
    variance, axes = np.linalg.eigh((delta * own[:, None]).T @ delta / own.sum())
    if rng is None:
        direction = axes[:, -1]
    else:
        scale = np.sqrt(np.maximum(variance, 1e-12 * variance[-1]))
        scale[scale == 0] = 1  # equal points: any plane will do
        direction = axes / scale @ rng.standard_normal(Z.shape[1])
    above = delta @ direction > 0
    return r_k * above, r_k * ~above


def around_a_point(r_k, Z, w, rng):
    """A component's responsibilities (N,), parted into the points around one of them, and the rest.

    How large a portion the nearest are is drawn too.
    """
    own = r_k * w
    nearest = np.argsort(squared_distances(Z, Z[[draw(own, rng)]])[:, 0], kind="stable")
    mass = np.cumsum(own[nearest])
    inside = np.zeros(len(Z), bool)
    inside[nearest[: np.searchsorted(mass, rng.uniform(*NEAREST) * mass[-1]) + 1]] = True
    return r_k * inside, r_k * ~inside


def is_random(init):
    """Whether a second start would differ from the first."""
    return callable(init) or (isinstance(init, str) and init not in DETERMINISTIC)


def check_init(init):
    """A start that has a name must be one of the known ones."""
    if isinstance(init, str) and init not in METHODS:
        raise ValueError(
            f"init_params={init!r} is not known: choose one of {', '.join(METHODS)}, labels, "
            "responsibilities, or a function"
        )


def first_guesses(init, rows, K, rng, n=1):
    """Responsibilities (N, K) of n starts; ``init`` is as in :class:`~numpy_ml_gmm.GMM`.

    Where the rows have noise, there is a column more.
    """
    check_init(init)
    N, noise = len(rows.X), rows.box is not None
    if callable(init):
        guesses = [init(rows.X, K, rng) for _ in range(n)]
        return [check_guess(r, N, K, noise, "init_params(X, ...)") for r in guesses]
    if not isinstance(init, str):
        return [check_guess(init, N, K, noise, "init_params")]
    w = counts_of(rows)
    Z = standardised(rows.X, w)

    def guess(Z, w, i):
        r = mixed(Z, K, rng, w, i) if init == "mixed" else METHODS[init](Z, K, rng, w)
        return from_left_to_right(r, Z, w)

    guesses = guesses_with_noise(guess, Z, w, K, n) if noise else (guess(Z, w, i) for i in range(n))
    return [in_line_with(rows.priors, r, noise) for r in guesses]


def check_guess(r, N, K, noise, name):
    """Labels (N,) or responsibilities (N, K) that a user gives; with noise a column more, or -1."""
    if noise and np.ndim(r) == 1:
        r = np.where(np.equal(r, -1), K, r)
    return check_responsibilities(r, N, K + noise, name)


def counts_of(rows):
    """How often each row counts, (N,)."""
    return np.ones(len(rows.X)) if rows.weights is None else rows.weights.astype(np.float64)


def by_nearest(rows, means):
    """Labels by the nearest of the given means, in standard units."""
    K = len(means)
    Z = standardised(np.vstack([rows.X, means]), np.append(counts_of(rows), np.zeros(K)))
    return one_hot(squared_distances(Z[:-K], Z[-K:]).argmin(axis=1), K)


def from_left_to_right(r, Z, w):
    """Number the components by their first coordinate, so that equal fits look equal."""
    w_r = r * w[:, None]
    N_k = w_r.sum(axis=0)
    return r[:, np.argsort(w_r.T @ Z[:, 0] / np.where(N_k > 0, N_k, 1))]


def in_line_with(priors, r, noise=False):
    """Number the components as the priors do, and let the priors rule out what they rule out.

    With noise the last column is nobody else's.
    """
    if priors is None:
        return r
    # Huge or tiny ones would over- or underflow; a factor common to a row means nothing here.
    priors = priors / priors.max(axis=1, keepdims=True)
    order = np.arange(r.shape[1])
    some = slice(len(order) - noise)
    together = priors[:, some].T @ r[:, some]
    better = scipy.optimize.linear_sum_assignment(together, maximize=True)
    if together[better].sum() > (1 + 1e-9) * together.trace():  # else rounding would decide
        order[some] = better[1]
    product = priors * r[:, order]
    product = np.where(product.any(axis=1, keepdims=True), product, priors)
    return product / product.sum(axis=1, keepdims=True)


def known_rows(rows, rng, most=ROWS_PER_COMPONENT):
    """Some rows of each component of which the priors (N, K) say something: they number it."""

    def likeliest(rows):
        says_something = np.ptp(rows.priors, axis=1) > 0
        return np.where(says_something, rows.priors.argmax(axis=1), -1)

    z = rows.gathered(likeliest, lambda a, b: np.concatenate([a, b]))
    known = rng.permutation(np.flatnonzero(z >= 0))
    return np.concatenate([known[z[known] == k][:most] for k in range(z.max(initial=0) + 1)])


def some_rows(rows, K, rng):
    """All rows, or a random sample if there are far more than a start needs."""
    N, D = rows.X.shape
    enough = K * (ROWS_PER_COMPONENT + ROWS_PER_FEATURE * D)
    while enough < N:
        index = rng.choice(N, size=enough, replace=False)
        if rows.priors is not None:
            index = np.union1d(index, known_rows(rows, rng))
        some = rows.take(np.sort(index))
        whole = what_is_there(some) if some.patterns else one_component(some, diagonal=True)
        if len(constant_features(whole)) == 0:
            return some
        enough *= 2  # a feature that is rare shows in none of them: look at more
    return rows if rows.at_hand else rows.take(np.arange(len(rows.X)))
