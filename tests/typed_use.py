"""What a user writes, for mypy: the first half must pass, and each line of the second be flagged.

``mypy`` reads this file (setup.cfg).  A ``type: ignore`` that nothing needs is an error here, so
code that is wrong and passes is found too.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from numpy_ml_gmm import (
    GMM,
    BayesianGMM,
    GMMClassifier,
    GMMRegressor,
    bootstrap_parameters,
    combine,
    load_iris,
    select,
)

if TYPE_CHECKING:
    from typing import assert_type


def right() -> NDArray[np.integer]:
    """Typical code, from lists and arrays, with keyword arguments of every kind."""
    iris = load_iris()
    X, y = iris.X, iris.target
    assert y is not None
    model = GMM(3, covariance_type="VEV", random_state=0, n_jobs=-1)
    model.fit(X, sample_weight=np.ones(150), priors=[-1] * 150)
    GMM(2, init_params=lambda X, K, rng: np.arange(len(X)) % K).fit([[0.0], [0.1], [5.0], [5.2]])
    GMM(1, means_init=[[0.0] * 4], fixed=("means",), conjugate_prior={"mean_precision": 0.1}).fit(X)
    labels, score = model.predict(X), model.score(X)
    largest: float = model.weights_.max() + score + model.log_likelihood_ + model.history_[0][-1]
    filled = model.regress(X[:2])[:, 0] + model.regress(X[:2], return_cov=True)[0][:, 0]
    points, z = model.sample(10)
    for step in model.iterate(X):
        step.weights_ = np.full(3, 1 / 3)
    half = 0.5 * model.e_step(X[:75]) + model.e_step(X[75:])
    model.m_step(half).save(os.devnull)
    best = select(X, [2, 3], ["VEV"]).best
    clusters = combine(best, X).predict(2)
    errors = bootstrap_parameters(best, X, n_bootstraps=5, random_state=0).standard_errors().means
    line = GMMRegressor(2, random_state=0).fit(X[:, :3], X[:, 3]).predict(X[:, :3]) + 1
    spread = GMMRegressor(2).fit(X[:, :3], X[:, 3]).predict(X[:, :3], return_std=True)[1]
    names = GMMClassifier(covariance_type="EEE").fit(X, y).predict(X).tolist()
    bound = BayesianGMM(4, random_state=0).fit(X).lower_bound_ + largest
    print(filled, points, z, errors, line, spread, names, bound, clusters.tolist())
    if TYPE_CHECKING:
        assert_type(model.fit(X), GMM)
        assert_type(BayesianGMM(2).fit(X), BayesianGMM)
        assert_type(model.bic(X), float)
        assert_type(model.condition(0, 5.0), GMM)
    return labels


def wrong(X: NDArray[np.float64]) -> None:
    """Each line has a mistake, and its kind."""
    GMM("3")  # type: ignore[arg-type]
    GMM(components=3)  # type: ignore[call-arg]
    GMM(3).fit(X, weights=np.ones(3))  # type: ignore[call-arg]
    GMM(3).fit(X, priors={0: 1})  # type: ignore[arg-type]
    GMM(3).predict(X).fit(X)  # type: ignore[attr-defined]
    GMM(3).mean_  # type: ignore[attr-defined]  # noqa: B018
    GMM(3).score(X).mean()  # type: ignore[attr-defined]
    GMM(3).regress(X).append(1)  # type: ignore[attr-defined]
    GMM(3, random_state="seed")  # type: ignore[arg-type]
    points: NDArray[np.float64] = GMM(3).sample(10)  # type: ignore[assignment]
    best: GMM = select(X)  # type: ignore[assignment]
    GMMRegressor().predict(X, return_std=True).shape  # type: ignore[attr-defined]  # noqa: B018
    combine(best, points).labels  # type: ignore[attr-defined]  # noqa: B018
    GMM.load(3)  # type: ignore[arg-type]
