"""What a notebook shows of a model."""

from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from numpy_ml_gmm import GMM, BayesianGMM, GMMClassifier, GMMRegressor, load_iris
from numpy_ml_gmm.html import representation

IRIS = load_iris()
X = IRIS.X
EVIL = ["<script>alert(1)</script>", "a & b", '"quoted"', "plain"]


class Reader(HTMLParser):
    """The rows of all tables as text, and the tags."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.open, self.tags, self.text = [], [], set(), ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data
        self.text += data


def test_a_fit_shows_weights_means_and_deviations_by_name():
    frame = pd.DataFrame(X, columns=EVIL)
    model = GMM(2, covariance_type="VEV", init_params="kmeans").fit(frame)
    page = Reader(model._repr_html_())
    assert page.tags == {"style", "div", "code", "table", "thead", "tbody", "tr", "th", "td"} | {
        "p",
        "details",
        "summary",
    }
    head, first = page.rows[:2]
    assert head == ["component", "weight", "points", *EVIL] and first[0] == "0"
    assert float(first[1]) == pytest.approx(model.weights_[0], abs=1e-3)
    assert float(first[2]) == pytest.approx(model.counts_[0], abs=0.05)
    mean, sd = map(float, first[3].split(" ± "))
    assert mean == pytest.approx(model.means_[0, 0], rel=1e-3)
    assert sd == pytest.approx(np.sqrt(model.covariances_[0, 0, 0]), rel=0.05)
    assert f"log-likelihood {model.log_likelihood_:.2f}; {model.n_iter_} steps; conv" in page.text
    assert ["covariance_type", "'VEV'"] in page.rows


def test_every_kind_of_model_is_shown():
    scattered = np.random.default_rng(0).uniform(-9, 9, (50, 4))
    noisy = GMM(2, noise=True, init_params="kmeans").fit(np.vstack([X, scattered]))
    rows = Reader(representation(noisy)).rows[1:4]
    assert noisy.noise_weight_ > 0.1 and rows[2][0] == "noise" and not any(rows[2][3:])
    shown = [float(row[1]) for row in rows]
    assert shown == pytest.approx([*noisy.weights_, noisy.noise_weight_], abs=5e-4)
    bayes = BayesianGMM(3, covariance_type="spherical", init_params="kmeans").fit(X)
    assert f"lower bound {bayes.lower_bound_:.2f}" in Reader(representation(bayes)).text
    line = GMMRegressor(2, init_params="kmeans").fit(X[:, :2], X[:, 2:])
    heads = ["component", "weight", "points", "x0", "x1", "y[0]", "y[1]"]
    assert Reader(representation(line)).rows[0] == heads
    names = np.array(["<i>", "b", "c"])[IRIS.target]
    classes = GMMClassifier("MclustDA", n_components={"<i>": 1, "b": 2, "c": 1}).fit(X, names)
    rows = Reader(representation(classes)).rows[1:5]
    assert [row[0] for row in rows] == ["<i>", "b, 0", "b, 1", "c"]


@pytest.mark.parametrize("model", [GMM(2), BayesianGMM(2), GMMRegressor(), GMMClassifier()])
def test_a_model_that_is_not_fitted_shows_its_arguments(model):
    page = Reader(representation(model))
    assert "not fitted" in page.text and page.rows[0] == ["argument", "value"]


def test_attributes_that_do_not_fit_are_no_error_in_a_notebook():
    model = GMM(2, init_params="kmeans").fit(X)
    model.n_components = 7
    assert "not fitted" in Reader(representation(model)).text


def test_a_large_table_is_cut_and_says_so():
    K, D = 40, 30
    model = GMM.from_parameters(
        np.full(K, 1 / K), np.zeros((K, D)), np.ones((K, D)), covariance_type="diag"
    )
    page = Reader(representation(model))
    assert len(page.rows[0]) == 2 + 12 + 1 and page.rows[1][-1] == "…"
    assert "10 rows more; 18 features more" in page.text and page.rows[30][0] == "29"
    given = Reader(representation(GMM(3, means_init=np.arange(3000.0).reshape(3, 1000))))
    assert max(len(cell) for row in given.rows for cell in row) < 300
