"""Weights repeat rows, and priors say what is known of them, in everything that takes points."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import (
    NAMES,
    moments,
    one_start,
    parameters,
    random_model,
    slow_log_joint,
    with_holes,
)
from scipy.special import entr, logsumexp, softmax
from scipy.stats import norm

from numpy_ml_gmm import GMM, load_iris, select, textbook
from numpy_ml_gmm import selection as module
from numpy_ml_gmm.bootstrap import bootstrap_parameters, likelihood_ratio_test
from numpy_ml_gmm.selection import silhouette

IRIS = load_iris().X


def histogram(n=500, bins=40):
    """Bin centres (40, 1) and counts of two Gaussians five standard deviations apart."""
    rng = np.random.default_rng(0)
    counts, edges = np.histogram(np.r_[rng.normal(0, 1, n), rng.normal(5, 1, n)], bins)
    return (edges[:-1, None] + edges[1:, None]) / 2, counts


def repeated(X, w):
    """The rows that the weights stand for."""
    return np.repeat(X, w, axis=0)


def close(a, b, rtol=1e-9, atol=1e-9):
    for x, y in zip(a, b, strict=True):
        np.testing.assert_allclose(x, y, rtol=rtol, atol=atol)


MID, COUNTS = histogram()


# ---- Histograms: a row of weight w is w rows ---------------------------------------------------


INITS = ["k-means++", "kmeans", "hierarchical", "random_from_data", "labels", "parameters"]


@pytest.mark.parametrize("init", INITS)
@pytest.mark.parametrize("name", NAMES)
def test_a_fit_to_a_histogram_is_the_fit_to_the_repeated_rows(name, init):
    params = dict(covariance_type=name, random_state=0, n_init=3)
    fits = []
    for X, w in ((MID, COUNTS), (repeated(MID, COUNTS), None)):
        start = {
            "labels": {"init_params": (X[:, 0] > 2).astype(int)},
            "parameters": dict(weights_init=[0.5, 0.5], means_init=[[0], [4]]),
        }.get(init, {"init_params": init})
        fits.append(GMM(2, **params | start).fit(X, sample_weight=w))
    binned, rows = fits
    close(parameters(binned), parameters(rows), rtol=1e-7)
    assert binned.log_likelihood_ == pytest.approx(rows.log_likelihood_, rel=1e-9)
    assert binned.bic(MID, sample_weight=COUNTS) == pytest.approx(
        rows.bic(repeated(MID, COUNTS)), rel=1e-9
    )


def sums_over_points(model, X, q, z, **weights):
    """All that is summed over points."""
    bounds = (f(X, q, **weights) for f in (model.q_function, model.elbo, model.kl))
    sums = (model.log_likelihood, model.score, model.aic, model.bic, model.icl)
    e_step = model.e_step(X, **weights)
    return [
        *(f(X, **weights) for f in sums),
        *bounds,
        model.entropy(q, **{k: v for k, v in weights.items() if k == "sample_weight"}),
        model.complete_log_likelihood(X, z, **weights),
        e_step.log_likelihood,
        *(np.ravel(a) for a in moments(e_step)),
    ]


def by_scipy(model, X, q, z, w, priors=None):
    """The same, by sums over scipy's log joint."""
    joint = slow_log_joint(model, X)
    if priors is not None:
        with np.errstate(divide="ignore"):
            joint = joint + np.log(priors)
    log_p, N, d = w @ logsumexp(joint, axis=1), w.sum(), model.n_parameters()
    Q = w @ np.where(q > 0, q * np.where(q > 0, joint, 0), 0).sum(axis=1)
    H = w @ entr(q).sum(axis=1)
    r = w[:, None] * softmax(joint, axis=1)
    N_k, mu = r.sum(axis=0), r.T @ X / r.sum(axis=0)[:, None]
    W = np.einsum("nk,nkd,nke->kde", r, X[:, None] - mu, X[:, None] - mu)
    W = np.diagonal(W, axis1=1, axis2=2) if model.covariance_model.diagonal else W
    icl = -2 * w @ joint.max(axis=1) + d * np.log(N)
    criteria = [-2 * log_p + 2 * d, -2 * log_p + d * np.log(N), icl]
    complete = w @ joint[np.arange(len(X)), z]
    sums = [log_p, log_p / N, *criteria, Q, Q + H, log_p - Q - H, H, complete, log_p]
    return [*sums, *map(np.ravel, (N_k, mu, W))]


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(NAMES), st.integers(1, 4), st.integers(1, 4), st.integers(0, 10**6))
def test_every_sum_over_points_is_that_of_the_repeated_rows(name, K, D, seed):
    model, rng = random_model(name, K, D, seed), np.random.default_rng(seed)
    X, z = model.sample(30)
    w, q = rng.integers(0, 4, size=30), rng.dirichlet(np.ones(K), size=30)
    w[0] = 1
    weighted = sums_over_points(model, X, q, z, sample_weight=w)
    close(weighted, sums_over_points(model, *(repeated(a, w) for a in (X, q, z))))
    close(weighted, by_scipy(model, X, q, z, w), rtol=1e-8, atol=1e-7)
    keep = w > 0  # weights of 0 leave rows out
    close(weighted, sums_over_points(model, X[keep], q[keep], z[keep], sample_weight=w[keep]))


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(NAMES), st.integers(1, 4), st.integers(0, 10**6))
def test_weights_need_not_be_whole(name, K, seed):
    model, rng = random_model(name, K, 2, seed), np.random.default_rng(seed)
    X, z = model.sample(30)
    w, q = rng.gamma(0.5, size=30), rng.dirichlet(np.ones(K), size=30)
    weighted = sums_over_points(model, X, q, z, sample_weight=w)
    close(weighted, by_scipy(model, X, q, z, w), rtol=1e-8, atol=1e-7)


# ---- How many components -----------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:EM did not converge")  # four components, on a plateau
def test_of_a_histogram_two_components_are_chosen():
    w = {"sample_weight": COUNTS}
    fits = [GMM(K, covariance_type="tied", random_state=0).fit(MID, **w) for K in (1, 2, 3, 4)]
    assert np.argmin([model.bic(MID, **w) for model in fits]) == 1
    for criterion in ("bic", "icl", "silhouette"):
        best = select(MID, range(1, 5), criterion=criterion, **w).best
        assert best.n_components == 2
        assert np.sort(best.means_[:, 0]) == pytest.approx([0, 5], abs=0.2)


def test_a_histogram_that_is_all_but_normal_has_its_likelihood():
    edges = np.linspace(-5, 5, 201)
    mass = 1000 * np.diff(norm.cdf(edges))  # not whole, down to 1e-4
    mid = (edges[:-1, None] + edges[1:, None]) / 2
    model = GMM(1, var_smoothing=0).fit(mid, sample_weight=mass)
    variance = mass @ mid[:, 0] ** 2 / mass.sum()
    assert model.covariances_.item() == pytest.approx(variance, rel=1e-9)
    log_p = mass @ norm.logpdf(mid[:, 0], 0, np.sqrt(variance))
    bic = -2 * log_p + 2 * np.log(mass.sum())
    assert model.bic(mid, sample_weight=mass) == pytest.approx(bic, rel=1e-9)


@pytest.mark.parametrize("init", ["hierarchical", "kmeans", "k-means++"])
def test_the_table_of_a_histogram_is_that_of_the_repeated_rows(init):
    params = dict(init_params=init, n_init=3, tol=1e-7, random_state=0)
    params |= dict(n_components=range(1, 5), covariance_types=["EEE", "VVV", "VVI"])
    binned = select(MID, sample_weight=COUNTS, **params)
    rows = select(repeated(MID, COUNTS), **params)
    assert binned.top(1)[0].n_components == rows.top(1)[0].n_components == 2
    for a, b in zip(binned.rows, rows.rows, strict=True):
        assert a.error == b.error
        for name in ("log_likelihood", "aic", "bic", "silhouette"):
            ours, theirs = getattr(a, name), getattr(b, name)
            assert ours == pytest.approx(theirs, rel=1e-8, nan_ok=True)
        assert a.icl == pytest.approx(b.icl, rel=1e-5)  # a point may be in the balance
        w = {"sample_weight": COUNTS}
        assert a.bic == pytest.approx(a.model.bic(MID, **w), rel=1e-12)
        assert a.icl == pytest.approx(a.model.icl(MID, **w), rel=1e-12)
        expected = silhouette(repeated(MID, COUNTS), a.model.predict(repeated(MID, COUNTS)))
        assert a.silhouette == pytest.approx(expected, rel=1e-9, nan_ok=True)


# ---- Rows of weight zero -----------------------------------------------------------------------


@pytest.mark.parametrize("portion", [0, 0.3])
@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_a_common_factor_of_the_weights_changes_the_height_alone(factor, portion):
    X = with_holes(random_model("full", seed=3).sample(100)[0], portion)
    w = np.random.default_rng(1).uniform(0.1, 2, len(X))
    one, other = (GMM(2, random_state=0).fit(X, sample_weight=f * w) for f in (1, factor))
    close(parameters(other), parameters(one), rtol=1e-5)
    assert other.log_likelihood_ == pytest.approx(factor * one.log_likelihood_, rel=1e-6)


def with_absent_rows(n=200, absent=600):
    """Rows that count among others, far away, that do not: X, the weights."""
    rng = np.random.default_rng(1)
    X = np.vstack(
        [random_model("full", seed=3).sample(n)[0], 100 + 50 * rng.normal(size=(absent, 2))]
    )
    w, order = np.r_[np.ones(n), np.zeros(absent)], rng.permutation(n + absent)
    return X[order], w[order]


@pytest.mark.parametrize("far", [1e6, 1e100, 1.7e150])
@pytest.mark.parametrize("portion", [0, 0.3])
@pytest.mark.parametrize("name", ["full", "diag"])
def test_a_row_of_weight_zero_may_lie_anywhere(name, portion, far):
    X = with_holes(random_model("full", seed=3).sample(100)[0], portion)
    w = np.random.default_rng(1).uniform(0.1, 2, len(X))
    model = GMM(2, covariance_type=name, random_state=0)
    height = model.fit(X, sample_weight=w).log_likelihood_
    model.fit(np.insert(X, 0, far, axis=0), sample_weight=np.insert(w, 0, 0))
    assert model.log_likelihood_ == pytest.approx(height, rel=1e-6)


@pytest.mark.parametrize("init", ["hierarchical", "kmeans", "random", "random_from_data"])
def test_a_table_leaves_out_rows_of_weight_zero(init, monkeypatch):
    monkeypatch.setattr(module, "ROWS_IN_SILHOUETTE", 300)
    monkeypatch.setattr("numpy_ml_gmm.starts.ROWS_PER_COMPONENT", 100)
    X, w = with_absent_rows()
    params = dict(init_params=init, n_init=2, random_state=0)
    weighted = select(X, [1, 3], ["VVV", "EEE"], sample_weight=w, **params)
    absent = select(X[w > 0], [1, 3], ["VVV", "EEE"], **params)
    for a, b in zip(weighted.rows, absent.rows, strict=True):
        for name in ("log_likelihood", "bic", "icl", "silhouette"):
            assert getattr(a, name) == pytest.approx(getattr(b, name), rel=1e-9, nan_ok=True)


def test_labels_to_start_from_are_those_of_all_rows(monkeypatch):
    monkeypatch.setattr(module, "ROWS_IN_SILHOUETTE", 300)
    X, w = with_absent_rows()
    z = random_model("full", seed=3).predict(X)
    weighted = select(X, 3, "VVV", sample_weight=w, init_params=z)
    absent = select(X[w > 0], 3, "VVV", init_params=z[w > 0])
    for name in ("log_likelihood", "icl", "silhouette"):
        assert getattr(weighted.rows[0], name) == pytest.approx(getattr(absent.rows[0], name))


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 4), st.integers(0, 10**6))
def test_the_silhouette_of_weighted_rows_is_that_of_the_repeated(n_labels, seed):
    rng = np.random.default_rng(seed)
    X, labels = rng.normal(size=(20, 2)), rng.integers(n_labels, size=20)
    w = rng.integers(0, 3, size=20) * rng.integers(0, 2, size=n_labels)[labels]
    w[0] = 1
    expected = silhouette(repeated(X, w), repeated(labels, w))
    assert silhouette(X, labels, sample_weight=w) == pytest.approx(expected, nan_ok=True)


def test_the_silhouette_looks_for_its_sample_among_rows_that_count(monkeypatch):
    monkeypatch.setattr(module, "ROWS_IN_SILHOUETTE", 300)
    X, w = with_absent_rows()
    labels = X[:, 0] > np.median(X[w > 0, 0])
    expected = silhouette(X[w > 0], labels[w > 0])
    assert silhouette(X, labels, sample_weight=w) == pytest.approx(expected, rel=1e-12)


# ---- The bootstrap -----------------------------------------------------------------------------


def test_the_parametric_bootstrap_of_a_histogram_is_that_of_the_repeated_rows():
    model = GMM(2, random_state=0).fit(MID, sample_weight=COUNTS)
    params = dict(kind="parametric", n_bootstraps=4, random_state=0)
    binned = bootstrap_parameters(model, MID, sample_weight=COUNTS, **params)
    rows = bootstrap_parameters(model, repeated(MID, COUNTS), **params)
    close(binned.replicates, rows.replicates)


def test_the_bootstrap_of_a_histogram_has_the_errors_of_its_points():
    model = GMM(1).fit(MID, sample_weight=COUNTS)
    found = bootstrap_parameters(model, MID, sample_weight=COUNTS, random_state=0)
    x, N = repeated(MID, COUNTS)[:, 0], COUNTS.sum()
    errors = found.standard_errors()
    assert errors.means.item() == pytest.approx(x.std() / np.sqrt(N), rel=0.12)
    fourth = np.mean((x - x.mean()) ** 4)
    expected = np.sqrt((fourth - x.var() ** 2) / N)
    assert errors.covariances.item() == pytest.approx(expected, rel=0.12)


def test_the_likelihood_ratio_of_a_histogram_is_that_of_the_repeated_rows():
    params = dict(n_components=1, n_bootstraps=19, n_init=2, tol=1e-4, random_state=0)
    binned = likelihood_ratio_test(MID, sample_weight=COUNTS, **params)
    rows = likelihood_ratio_test(repeated(MID, COUNTS), **params)
    assert binned.statistic == pytest.approx(rows.statistic, rel=1e-9)
    assert binned.p_value == rows.p_value == 1 / 20
    close([binned.null_statistics], [rows.null_statistics], rtol=1e-7, atol=1e-7)


def test_components_are_matched_by_the_rows_that_count():
    rng = np.random.default_rng(0)
    X = np.r_[rng.normal(-4, 1, 60), rng.normal(4, 1, 60), np.full(3000, 1e4)][:, None]
    w = np.r_[np.ones(120), np.zeros(3000)]
    model = GMM(2, random_state=0).fit(X, sample_weight=w)
    for kind in ("parametric", "nonparametric"):
        found = bootstrap_parameters(
            model, X, sample_weight=w, kind=kind, n_bootstraps=20, random_state=0
        )
        # 1 / sqrt(60) is 0.13; where a far row decides, who has the larger variance is who.
        assert (found.standard_errors().means < 0.3).all()


# ---- Priors ------------------------------------------------------------------------------------


def priors_of(rng, N, K):
    """Priors (N, K) of which some are 0, and a q that is 0 where they are."""
    a = rng.uniform(0.1, 5, size=(N, K)) * rng.integers(0, 2, size=(N, K))
    a[np.arange(N), rng.integers(K, size=N)] = 1
    q = rng.dirichlet(np.ones(K), size=N) * (a > 0)
    return a, q / q.sum(axis=1, keepdims=True)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(NAMES), st.integers(1, 4), st.integers(1, 4), st.integers(0, 10**6))
def test_priors_in_every_sum_over_points_are_scipys(name, K, D, seed):
    model, rng = random_model(name, K, D, seed), np.random.default_rng(seed)
    X, _ = model.sample(30)
    priors, q = priors_of(rng, 30, K)
    z, w = priors.argmax(axis=1), rng.uniform(0.1, 3, size=30)
    found = sums_over_points(model, X, q, z, priors=priors, sample_weight=w)
    expected = by_scipy(model, X, q, z, w, priors)
    expected[8] = w @ entr(q).sum(axis=1)
    close(found, expected, rtol=1e-8, atol=1e-6)
    with np.errstate(divide="ignore"):
        joint = slow_log_joint(model, X) + np.log(priors)
    close([model.log_joint(X, priors=priors)], [joint])
    close([model.predict_proba(X, priors=priors)], [softmax(joint, axis=1)])
    close([model.score_samples(X, priors=priors)], [logsumexp(joint, axis=1)])
    assert (model.predict(X, priors=priors) == joint.argmax(axis=1)).all()


def test_the_divergence_from_what_priors_rule_out_is_infinite():
    model = random_model("full", K=2, D=1)
    assert model.kl([[0.0]], [[0.5, 0.5]], priors=[[1, 0]]) == np.inf
    assert model.elbo([[0.0]], [[0.5, 0.5]], priors=[[1, 0]]) == -np.inf


def test_a_step_with_priors_is_the_textbooks_with_their_responsibilities():
    start, rng = random_model("full", K=3, D=2, seed=1), np.random.default_rng(0)
    X, _ = start.sample(80)
    priors, _ = priors_of(rng, 80, 3)
    with np.errstate(divide="ignore"):
        r = softmax(slow_log_joint(start, X) + np.log(priors), axis=1)
    model = GMM(3, var_smoothing=0, **one_start(start))
    next(model.iterate(X, priors=priors))
    close(parameters(model), textbook.m_step(X, r))


def some_labels(K=3, N=150, known=40):
    """Labels of which most are -1, and the priors that they stand for."""
    rng = np.random.default_rng(0)
    labels = np.full(N, -1)
    z = load_iris().target
    some = rng.choice(N, known, replace=False)
    labels[some] = z[some]
    assert set(labels) == {-1, 0, 1, 2}
    priors = np.ones((N, K))
    priors[some] = np.eye(K)[labels[some]]
    return labels, priors


def same_bits(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_labels_are_the_priors_that_they_stand_for_in_every_method():
    labels, priors = some_labels()
    model = GMM(3, random_state=0).fit(IRIS, priors=labels)
    assert same_bits(model.theta, GMM(3, random_state=0).fit(IRIS, priors=priors).theta)
    q, z = model.predict_proba(IRIS, priors=labels), model.predict(IRIS, priors=labels)
    found, expected = (sums_over_points(model, IRIS, q, z, priors=a) for a in (labels, priors))
    assert same_bits(found, expected)
    for method in ("log_joint", "predict", "predict_proba", "score_samples"):
        f = getattr(model, method)
        assert np.array_equal(f(IRIS, priors=labels), f(IRIS, priors=priors))
        assert np.array_equal(f(IRIS, priors=labels.tolist()), f(IRIS, priors=priors))
        assert np.array_equal(f(IRIS, priors=labels.astype(float)), f(IRIS, priors=priors))
    a, b = (list(GMM(3, random_state=0).iterate(IRIS, priors=p))[-1] for p in (labels, priors))
    assert same_bits(a.theta, b.theta) and a.history_ == b.history_
    a, b = (GMM(3, random_state=0).fit_predict(IRIS, priors=p) for p in (labels, priors))
    assert np.array_equal(a, b)
    a, b = (
        bootstrap_parameters(model, IRIS, priors=p, n_bootstraps=3, random_state=0)
        for p in (labels, priors)
    )
    assert same_bits(a.replicates, b.replicates)


def test_known_labels_are_predicted():
    labels, _ = some_labels()
    model = GMM(3, random_state=0).fit(IRIS, priors=labels)
    known = labels >= 0
    assert (model.predict(IRIS, priors=labels)[known] == labels[known]).all()
    assert (GMM(3).fit_predict(IRIS, priors=labels)[known] == labels[known]).all()
    assert (model.predict_proba(IRIS, priors=labels)[known] == np.eye(3)[labels[known]]).all()
    wrong = (labels + 1) % 3  # whatever they are
    assert (model.predict(IRIS, priors=wrong) == wrong).all()


@pytest.mark.parametrize("init", ["k-means++", "kmeans", "hierarchical"])
def test_a_few_labels_among_many_rows_number_the_components(init):
    rng = np.random.default_rng(0)
    z = rng.integers(3, size=20_000)
    X, labels = rng.normal(size=(20_000, 2)) + 8 * z[:, None], np.full(20_000, -1)
    for k in range(3):  # from right to left
        labels[np.flatnonzero(z == k)[:2]] = 2 - k
    for seed in range(3):
        model = GMM(3, init_params=init, n_init=3, random_state=seed).fit(X, priors=labels)
        assert np.mean(model.predict(X) == 2 - z) > 0.999
    best = select(X, 3, "VVI", init_params=init, n_init=3, random_state=0, priors=labels).best
    assert np.mean(best.predict(X) == 2 - z) > 0.999


@pytest.mark.parametrize("init", ["hierarchical", "kmeans"])
def test_a_table_takes_labels_for_every_number_of_components(init):
    labels, _ = some_labels()
    params = dict(covariance_types=["VVV", "EEE", "VVI"], init_params=init, tol=1e-9, n_init=3)
    table = select(IRIS, [1, 2, 3, 4], priors=labels, random_state=0, rounds=1, **params)
    for row in table.rows:
        K = row.n_components
        if K < 3:
            assert row.error == f"priors name more components than n_components={K}: raise it"
            continue
        alone = select(IRIS, K, priors=some_labels(K)[1], random_state=0, rounds=1, **params)
        [same] = [a for a in alone.rows if a.covariance_type == row.covariance_type]
        for name in ("log_likelihood", "bic", "icl", "silhouette"):
            assert getattr(row, name) == pytest.approx(getattr(same, name), rel=1e-6, nan_ok=True)
        if row.error:
            continue
        known = {"priors": labels}
        assert row.log_likelihood == pytest.approx(row.model.log_likelihood(IRIS, **known))
        assert row.bic == pytest.approx(row.model.bic(IRIS, **known))
        assert row.icl == pytest.approx(row.model.icl(IRIS, **known))


@pytest.mark.parametrize(
    "priors, message",
    [
        (np.full(150, 3), r"priors\[0\] is 3"),
        (np.full(150, -2), r"priors\[0\] is -2"),
        (np.full(150, 0.5), r"priors\[0\] is 0.5"),
        (np.full(150, np.nan), r"priors\[0\] is nan"),
        (np.zeros(149, int), "priors has shape"),
        (["a"] * 150, "priors holds <U1: pass an array of numbers"),
    ],
)
def test_labels_that_name_no_component_are_named(priors, message):
    model = GMM(3, random_state=0).fit(IRIS)
    for f in (model.fit, model.predict, model.bic, model.e_step):
        with pytest.raises(ValueError, match=message):
            f(IRIS, priors=priors)
    with pytest.raises(ValueError, match=message):
        select(IRIS, 3, "VVV", priors=priors)


def test_a_table_of_several_sizes_takes_no_priors_for_one():
    with pytest.raises(ValueError, match=r"priors has shape \(150, 3\), but K=\[2, 3\] are tried"):
        select(IRIS, [2, 3], priors=np.ones((150, 3)))
