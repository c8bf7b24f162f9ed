"""The playground: its second EM against the class, and the page as a reader uses it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import test_browser
from test_browser import AXE, RULES, emulate, requests

from numpy_ml_gmm import GMM, CollapseWarning, load_old_faithful
from numpy_ml_gmm.covariances import NAMES, covariance_model
from numpy_ml_gmm.em import gain_to_come
from numpy_ml_gmm.plots import palette

webdriver = test_browser.webdriver
browser = test_browser.browser  # the fixture
DOCS = Path(__file__).parents[1] / "docs"
STATIC = DOCS / "_static"
EM = (STATIC / "playground" / "em.js").read_text("utf-8")


# ---- Two programs, one EM ------------------------------------------------------------------------

RUN = """
const [X, start, name, varSmoothing, steps] = arguments, found = [];
let theta = start;
for (let t = 0; t < steps; t++) {
  const r = EM.eStep(X, theta), m = EM.mStep(X, r, theta, name, varSmoothing);
  found.push({ r, ...m, ...m.theta });
  if (m.error) break;
  theta = m.theta;
  found[t].log_likelihood = EM.logLikelihood(X, theta);
  Object.assign(found[t], EM.bound(X, r, theta));
}
return found;
"""


def in_javascript(browser, X, start, name, var_smoothing, steps):
    """What em.js finds in each step: responsibilities, then parameters and what they are worth."""
    weights, means, covariances = start
    theta = {
        "weights": weights.tolist(),
        "means": means.tolist(),
        "covariances": as_matrices(covariances, name, len(weights)).tolist(),
    }
    browser.get("about:blank")
    return browser.execute_script(EM + RUN, X.tolist(), theta, name, var_smoothing, steps)


def as_matrices(covariances, name, K):
    """Each component's covariance, (K, 2, 2), of those in the shape of a covariance type."""
    model = covariance_model(name)
    each = model.expand(covariances, K, 2)
    return each[..., None] * np.eye(2) if model.diagonal else each


def random_problem(seed):
    """Points, parameters to start from, and arguments: K, N, units and place vary."""
    rng = np.random.default_rng(seed)
    name, K = list(NAMES)[seed % len(NAMES)], int(rng.integers(1, 7))
    N = int(rng.integers(8 * K, 120))
    centres = rng.normal(size=(K, 2)) * rng.choice([1, 3, 10])
    X = centres[rng.integers(K, size=N)] + rng.normal(size=(N, 2)) @ rng.normal(size=(2, 2))
    X = X * np.exp(rng.normal(size=2)) + rng.normal(size=2) * rng.choice([0, 1, 30])
    A = rng.normal(size=(K, 2, 2)) * X.std(axis=0)[:, None] / 2
    S = A @ A.transpose(0, 2, 1) + np.diag(X.var(axis=0) / 10)
    model = covariance_model(name)
    S = np.diagonal(S, axis1=1, axis2=2) if model.diagonal else S
    means = X[rng.choice(N, K, replace=False)]
    start = rng.dirichlet(np.full(K, 3.0)), means, model.contract(S)
    return X, start, name, float(rng.choice([0, 1e-6, 1e-3]))


def from_start(start, name, var_smoothing, **params):
    given = dict(zip(("weights_init", "means_init", "covariances_init"), start, strict=True))
    kind = {"covariance_type": name, "var_smoothing": var_smoothing}
    return GMM(len(start[0]), **given, **kind, **params)


STEPS = 6


@pytest.mark.parametrize("seeds", [range(k, 50, 5) for k in range(5)], ids=str)
def test_every_half_step_in_javascript_is_that_of_the_class(browser, seeds):
    for seed in seeds:
        X, start, name, var_smoothing = random_problem(seed)
        steps = in_javascript(browser, X, start, name, var_smoothing, STEPS)
        model = from_start(start, name, var_smoothing, tol=0, max_iter=STEPS)
        q = GMM.from_parameters(*start, covariance_type=name).predict_proba(X)
        for found, _ in zip(steps, model.iterate(X), strict=True):
            Sigma = as_matrices(model.covariances_, name, len(model.weights_))
            scale = np.abs(model.log_likelihood(X))
            agree(found["r"], q, floor=1e-200)
            agree(found["weights"], model.weights_)
            agree(found["means"], model.means_, floor=X.std())
            agree(found["covariances"], Sigma, floor=Sigma.max())
            agree(found["log_likelihood"], model.log_likelihood(X))
            agree(found["elbo"], model.elbo(X, q))
            agree(found["kl"], model.kl(X, q), floor=1e-4 * scale)
            q = model.predict_proba(X)


def agree(found, wanted, floor=0.0):
    """To nine digits; of numbers that rounding may have made, to nine digits of the floor."""
    bound = 1e-9 * np.maximum(np.abs(wanted), floor)
    assert (np.abs(np.array(found) - wanted) <= bound).all()


SEVEN = np.array([[2, 3], [2.6, 4], [3.4, 3.2], [3, 2.2], [6.5, 3.5], [7, 4.2], [7.6, 3]])
FEW = [  # name, means to start from, standard deviations
    ("full", [[2.5, 3.0], [7.0, 4.2]], [2, 0.3]),
    ("full", [[3.0, 3.5], [7.0, 3.5], [3.0, 2.2]], [1, 1, 0.3]),
    ("diag", [[3.0, 3.5], [7.0, 3.5], [3.0, 2.2]], [1, 1, 0.1]),
    ("spherical", [[2.0, 3.0], [5.0, 3.5]], [0.1, 2]),
    ("tied", [[3.0, 3.5], [500.0, 500.0]], [1, 1]),  # nobody is near
]


@pytest.mark.parametrize(("name", "means", "deviations"), FEW)
def test_what_collapses_in_javascript_collapses_in_the_class(browser, name, means, deviations):
    """In the same step, or in the next: the class adds up about an origin, and rounds more."""
    K, S = len(means), np.square(deviations)
    S = {"full": S[:, None, None] * np.eye(2), "diag": np.stack([S, S], 1), "spherical": S}
    S = (S | {"tied": np.eye(2)})[name]
    start = np.full(K, 1 / K), np.array(means), S
    steps = in_javascript(browser, SEVEN, start, name, 0, 50)
    model = from_start(start, name, 0, tol=0, max_iter=50)
    done = 0
    with pytest.raises(ValueError, match=r"component \d") as error:
        for _ in model.iterate(SEVEN):
            done += 1
    who = r"component \d (has collapsed|holds)"
    assert re.search(who, steps[-1]["error"])[0] == re.search(who, str(error.value))[0]
    assert done - (len(steps) - 1) in (0, 1)


LINE = np.stack([np.linspace(4, 6, 6), 0.5 + 1e-6 * np.array([1, -1, -1, 1, 1, -1])], axis=1)
NEEDLE = np.vstack([SEVEN, LINE])


@pytest.mark.parametrize(
    ("X", "means", "deviations"),
    [(SEVEN, FEW[1][1], FEW[1][2]), (NEEDLE, [[4.5, 3.0], [5.0, 0.5]], [2, 0.5])],
    ids=["a point", "a line"],
)
def test_what_smoothing_alone_holds_up_is_named_as_by_the_class(browser, X, means, deviations):
    K, S = len(means), np.square(deviations)[:, None, None] * np.eye(2)
    start = np.full(K, 1 / K), np.array(means), S
    last = in_javascript(browser, X, start, "full", 1e-6, 30)[-1]
    with pytest.warns(CollapseWarning) as said:
        from_start(start, "full", 1e-6, tol=0, max_iter=30).fit(X)
    who = r"component \d"
    assert re.search(who, last["warning"])[0] == re.search(who, str(said[0].message))[0]
    assert "only var_smoothing=1e-6 gives it a volume" in last["warning"]


def test_smoothed_covariances_are_kept_out_where_they_would_lower_the_likelihood(browser):
    X = load_old_faithful().X
    best = GMM(2, var_smoothing=0, random_state=0).fit(X)
    start = best.weights_, best.means_, best.covariances_
    [found] = in_javascript(browser, X, start, "full", 1e-2, 1)
    model = from_start(start, "full", 1e-2, tol=0, max_iter=1)
    for _ in model.iterate(X):
        agree(found["covariances"], model.covariances_)
    agree(found["covariances"], best.covariances_)


@pytest.mark.parametrize(
    "history",
    [[-3.0, -2.0], [-9.0, -3.0, -1.0], [-9.0, -8.0, -3.0], [-1.0, -1.0, -0.5],
     [-5.0, -4.0, -4.0], [-5.0, -4.0, -4.1], [-5.0, -4 - 9e-16, -4.0]],
    ids=str,
)  # fmt: skip
def test_what_is_left_to_gain_is_said_as_by_the_class(browser, history):
    browser.get("about:blank")
    found = browser.execute_script(f"{EM} return String(EM.gainToCome(arguments[0]))", history)
    gains = np.diff([np.nan] * (4 - len(history)) + history)[-2:]
    wanted = gain_to_come(float(gains[1]), float(gains[0]), history[-2], np.dtype(float))
    assert float(found.replace("Infinity", "inf")) == pytest.approx(wanted, rel=1e-12, abs=0)


# ---- The page ------------------------------------------------------------------------------------

CONF = """
import sys
sys.path[:0] = [{extensions!r}, {root!r}]
extensions = ["myst_parser", "stepper", "playground"]
html_theme = "furo"
html_static_path = [{static!r}]
html_css_files = ["chapters.css", "stepper/stepper.css", "playground/playground.css"]
html_js_files = [("accessible.js", {{"defer": "defer"}})]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The site at SITE, or two pages of it alone: that takes seconds."""
    if built := os.environ.get("SITE"):
        return Path(built)
    for name in ("furo", "myst_parser"):
        pytest.importorskip(name, reason=f"building the page needs {name}: install '.[docs]'")
    source, out = (tmp_path_factory.mktemp(name) for name in ("source", "out"))
    places = {"extensions": DOCS / "_ext", "root": DOCS.parent, "static": STATIC}
    (source / "conf.py").write_text(CONF.format(**{k: str(v) for k, v in places.items()}))
    (source / "index.md").write_text("# Pages\n\n```{toctree}\nem\nplayground\n```\n")
    (source / "em.md").write_text("# EM\n\n```{stepper}\n```\n")
    (source / "playground.md").write_text((DOCS / "playground.md").read_text("utf-8"))
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(source), str(out)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return out


class Playground:
    """The page, by what a reader can see and do."""

    def __init__(self, browser):
        self.browser = browser

    def find(self, name):
        return self.browser.find_element("css selector", f".playground-{name}")

    def press(self, *names):
        for name in names:
            self.browser.execute_script(
                "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})",
                self.find(name),
            )
            self.find(name).click()

    def choose(self, name, value):
        self.browser.execute_script(
            "const s = document.querySelector('.playground-' + arguments[0]);"
            "s.value = arguments[1]; s.dispatchEvent(new Event('change'))",
            name,
            str(value),
        )

    def mouse(self, *moves):
        """Press at the first place in the picture, from 0 to 1 to the right and down, release."""
        plane, chain = self.find("plane"), webdriver.ActionChains(self.browser, duration=20)
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", plane)
        w, h = plane.size["width"], plane.size["height"]
        for n, (x, y) in enumerate(moves):
            chain.move_to_element_with_offset(plane, (x - 0.5) * w, (y - 0.5) * h)
            chain = chain if n else chain.click_and_hold()
        chain.release().perform()

    def keys(self, *keys):
        """Keys for whatever has the focus."""
        webdriver.ActionChains(self.browser, duration=0).send_keys(*keys).perform()

    def focus(self, name):
        self.browser.execute_script("arguments[0].focus()", self.find(name))

    def set(self, **state):
        """Open a state by its address."""
        self.browser.execute_script(
            "location.hash = encodeURIComponent(JSON.stringify(arguments[0]))", state
        )
        self.browser.execute_async_script("setTimeout(arguments[0], 20)")

    def until_the_end(self, most=400):
        """Step until EM has converged or cannot go on; the last words."""
        return self.browser.execute_script(
            """
            const q = (name) => document.querySelector(".playground-" + name);
            for (let i = 0; i < arguments[0]; i++) {
              q("e").click(); q("m").click();
              if (/converged|Choose another/.test(q("status").textContent)) break;
            }
            return q("status").textContent;
            """,
            most,
        )

    @property
    def status(self):
        return self.find("status").text.replace("\N{MINUS SIGN}", "-")

    @property
    def points(self):
        return len(self.browser.find_elements("css selector", ".playground-point"))

    @property
    def log_likelihood(self):
        return float(re.search(r"log-likelihood (-?[\d.]+\d)", self.status)[1])

    @property
    def rows(self):
        """Numbers of the table, a row for each component."""
        lines = self.find("numbers").text.replace("\N{MINUS SIGN}", "-").splitlines()[1:]
        return [[float(v) for v in re.findall(r"-?\d[\d.]*(?:e-?\d+)?", line)] for line in lines]

    @property
    def code(self):
        return self.find("python textarea").get_attribute("value")


@pytest.fixture
def shown(folder, browser):
    def show(width=1280, scheme="light", page="playground.html", address=""):
        emulate(browser, width, scheme)
        browser.get("about:blank")
        browser.get((folder / page).as_uri() + address)
        return Playground(browser)

    return show


@pytest.fixture
def page(shown):
    return shown()


def test_the_numbers_on_the_page_are_pythons(page):
    X = load_old_faithful().X
    start = variables(page.code.partition(".fit")[0])["model"].get_params()
    given = (start[f"{name}_init"] for name in ("weights", "means", "covariances"))
    model = GMM.from_parameters(*given, var_smoothing=0)
    for t in range(1, 4):
        q = model.predict_proba(X)
        page.press("e")
        assert page.status.startswith(f"E step {t}: log-likelihood {model.log_likelihood(X):.2f}")
        model.m_step(model.e_step(X))
        page.press("m")
        weights = ", ".join(f"{weight:.3f}" for weight in model.weights_)
        height = model.log_likelihood(X)
        assert page.status == f"M step {t}: log-likelihood {height:.2f}; weights {weights}."
        said = page.find("sum").text.replace("\N{MINUS SIGN}", "-")
        assert f"ELBO {model.elbo(X, q):.2f} + KL {model.kl(X, q):.2f}" in said
        for k, row in enumerate(page.rows):
            S = model.covariances_[k]
            assert row[:2] == [k, round(model.weights_[k], 3)]
            assert row[2:4] == pytest.approx(model.means_[k], abs=0.0051)
            assert row[4:7] == pytest.approx([S[0, 0], S[1, 1], S[0, 1]], rel=0.01)
            assert row[7] == pytest.approx(q[:, k].sum(), abs=0.051)


def variables(code, **known):
    """What a program leaves behind."""
    exec(code, known)
    return known


@pytest.mark.parametrize(
    "state",
    [
        {"cloud": "faithful", "K": 2, "name": "full"},
        {"cloud": "cigars", "K": 3, "name": "tied", "seed": 2},
        {"cloud": "unequal", "K": 2, "name": "diag", "varSmoothing": 1e-3},
        {"cloud": "round", "K": 4, "name": "tied_diag"},
        {"cloud": "ring", "K": 5, "name": "spherical", "varSmoothing": 0},
        {"cloud": "none", "K": 2, "name": "tied_spherical", "X": SEVEN.tolist()},
    ],
    ids=lambda state: state["name"],
)
def test_the_code_on_the_page_does_what_the_page_does(page, state):
    page.set(**state)
    page.until_the_end()
    steps = int(re.search(r"M step (\d+)", page.status)[1])
    model = variables(page.code, print=lambda *_: None)["model"]
    assert model.get_params()["covariance_type"] == state["name"]
    assert model.n_iter_ == steps and model.converged_
    assert page.log_likelihood == pytest.approx(model.log_likelihood_, abs=0.0051)


def test_run_goes_to_the_end_by_itself_and_pauses(page):
    page.press("run")
    assert page.find("run").text == "Pause"
    assert page.find("status").get_attribute("aria-busy") == "true"
    page.press("run")
    assert page.find("run").text == "Run"
    assert page.find("status").get_attribute("aria-busy") == "false"
    page.press("run")
    wait = pytest.importorskip("selenium.webdriver.support.wait").WebDriverWait
    wait(page.browser, 15).until(lambda _: "has converged" in page.status)
    assert page.find("run").text == "Run" and page.log_likelihood == -1130.26
    page.press("reset")
    assert page.status.startswith("Start: log-likelihood")


def test_an_m_step_needs_an_e_step_and_twice_is_once(page):
    page.press("m")
    assert page.status == "An M step needs responsibilities: take an E step first."
    page.press("e", "m")
    once = page.status
    page.press("m")
    assert page.status == once
    page.press("e")
    once = page.status
    page.press("e")
    assert page.status == once


# ---- Points and means ----------------------------------------------------------------------------


def test_clicks_add_points_and_erase_them(page):
    page.choose("cloud", "none")
    assert page.points == 0 and page.status.startswith("There are no points yet: click")
    page.mouse((0.3, 0.3))
    assert page.points == 1 and page.status.startswith("1 point is too few for K = 2")
    page.mouse((0.7, 0.6))
    page.browser.execute_script("document.querySelector('[value=spray]').click()")
    page.mouse((0.4, 0.7))
    assert page.points == 12
    page.browser.execute_script("document.querySelector('[value=erase]').click()")
    page.mouse((0.3, 0.3))
    assert page.points == 11
    page.mouse((0.95, 0.1))
    assert page.points == 11 and page.status == "There is no point to erase here."
    page.press("clear")
    assert page.points == 0


def test_points_stay_in_the_picture_and_are_not_too_many(page):
    page.choose("cloud", "none")
    page.browser.execute_script("document.querySelector('[value=spray]').click()")
    page.focus("plane")
    page.keys(*[ARROWS["left"]] * 20, *[ARROWS["down"]] * 20, *[ENTER] * 5)
    X = variables(page.code.partition("model")[0])["X"]
    assert X.shape == (50, 2) and (X >= 0).all() and (X < 3).all()
    page.set(cloud="none", X=np.random.default_rng(0).uniform(1, 6, (995, 2)).round(2).tolist())
    page.focus("plane")
    page.keys(ENTER)
    assert page.points == 995 and page.status == "1000 points are enough."


def test_a_point_is_added_where_the_click_is(page):
    page.choose("cloud", "none")
    page.mouse((0.5, 0.5))
    box = page.browser.execute_script("""
        const box = (s) => document.querySelector(s).getBoundingClientRect();
        const [p, q] = [box(".playground-plane"), box(".playground-point")];
        return [["left", "right"], ["top", "bottom"]]
          .map(([a, b]) => (q[a] + q[b] - p[a] - p[b]) / 2);
    """)
    assert box == pytest.approx([0, 0], abs=1)
    X = variables(re.search(r"import.*?\]\)", page.code, re.S)[0])["X"]
    assert X == pytest.approx(np.array([[4.72, 2.89]]), abs=0.03)


def test_dragging_a_cross_moves_the_mean_and_nothing_else(page):
    page.choose("cloud", "cigars")
    before = page.rows
    x, y = page.browser.execute_script("""
        const box = (s) => document.querySelector(s).getBoundingClientRect();
        const [p, m] = [box(".playground-plane"), box(".playground-rim")];
        const [x, y] = [(m.left + m.right) / 2, (m.top + m.bottom) / 2];
        return [(x - p.left) / p.width, (y - p.top) / p.height];
    """)
    page.mouse((x, y), (0.5, 0.2), (0.8, 0.2))
    assert page.status.startswith("Mean 0 is at (") and page.points == 150
    assert page.rows[0][2:4] != before[0][2:4]
    assert page.rows[1] == before[1] and page.rows[0][4:] == before[0][4:]
    page.press("e", "m")
    assert page.status.startswith("M step 1")


def test_points_that_are_added_leave_what_was_learnt(page):
    page.choose("cloud", "round")
    page.until_the_end()
    learnt = page.rows
    page.mouse((0.2, 0.8))
    assert page.points == 121
    assert [row[1:7] for row in page.rows] == [row[1:7] for row in learnt]


ARROWS = {"left": "\ue012", "up": "\ue013", "right": "\ue014", "down": "\ue015"}
TAB, ENTER, SPACE, DELETE, SHIFT = "\ue004", "\ue007", " ", "\ue017", "\ue008"


def test_the_keyboard_alone_can_do_everything(page):
    page.focus("cloud")
    page.keys("N")  # the select's own search: None
    assert page.points == 0
    page.focus("plane")
    page.keys(ENTER)
    page.keys(*[ARROWS["left"]] * 3, ENTER, ARROWS["up"], ENTER, ARROWS["right"])
    assert page.find("where").get_attribute("textContent") == "Cursor at (4.50, 3.28)."
    page.keys(ENTER)
    assert page.points == 4
    page.keys("1")
    assert page.status.startswith("Mean 1 is at (4.50, 3.28)")
    page.keys(DELETE)
    assert page.points == 3
    page.focus("e")
    page.keys(SPACE, TAB, ENTER)
    assert page.status.startswith("M step 1")
    page.focus("K")
    page.keys(ARROWS["up"])
    assert page.find("K").get_attribute("value") == "1"


def test_the_tab_key_reaches_every_control_in_order(page):
    page.focus("cloud")
    reached = []
    for _ in range(20):
        reached.append(
            page.browser.execute_script(
                "return document.activeElement.className?.baseVal ??"
                " (document.activeElement.className || document.activeElement.tagName)"
            )
        )
        page.keys(TAB)
    wanted = "cloud K name varSmoothing kind seed again plane".split()
    assert reached[: len(wanted)] == [f"playground-{name}" for name in wanted]
    order = [name for name in reached if name.startswith("playground-")]
    assert order[len(wanted) :] == [f"playground-{n}" for n in "clear e m run reset".split()]
    assert {"INPUT", "SUMMARY", "A"} <= set(reached)


def test_every_control_has_a_name(page):
    names = page.browser.execute_script("""
        return [...document.querySelectorAll(".playground :is(button, select, input, textarea)")]
          .map((c) => c.ariaLabel || c.labels?.[0]?.textContent || c.textContent);
    """)
    assert len(names) >= 17 and all(name.strip() for name in names)


# ---- What cannot be fitted -----------------------------------------------------------------------

HARD = [  # points, K, covariance_type, what is said
    ([], 2, "full", "There are no points"),
    ([[3, 3]], 1, "full", "1 point is too few for K = 1: add points, two at least."),
    ([[1, 1], [2, 3]], 4, "full", "2 points are too few for K = 4"),
    ([[3, 3]] * 8, 2, "full", "only 1 different points for K = 2"),
    ([[3, 3], [5, 5]] * 8, 3, "diag", "only 2 different points for K = 3"),
    ([[3, 1], [3, 2], [3, 5]], 2, "diag", "All points have x = 3"),
    ([[1, 1], [2, 2], [3, 3], [5, 5]], 2, "full", "lie on a line"),
    ([[1, 1], [2, 2], [3, 3], [5, 5]], 2, "tied", "lie on a line"),
]


def test_what_cannot_be_fitted_is_said_and_nothing_is_nan(page):
    for X, K, name, message in HARD:
        page.set(cloud="none", X=X, K=K, name=name, varSmoothing=0)
        assert message in page.status
        assert_numbers(page)
        for press in ("e", "m", "run", "reset"):
            page.press(press)
            assert message in page.status, press
        assert_numbers(page)


@pytest.mark.parametrize("var_smoothing", [0, 1e-6])
def test_points_on_top_of_each_other_never_make_nan(page, var_smoothing):
    X = [[3, 3]] * 6 + [[5, 5]] * 2 + [[7, 3]]
    for name in NAMES:
        for K in (1, 2, 3):
            page.set(cloud="none", X=X, K=K, name=name, varSmoothing=var_smoothing)
            end = page.until_the_end(30)
            assert re.search("converged|Choose another start|M step 30", end)
            assert_numbers(page)


def assert_numbers(page):
    """Nothing on the page, nor in its pictures, is no number."""
    whole = page.browser.execute_script(
        "const p = document.querySelector('.playground').cloneNode(true);"
        "p.querySelectorAll('script, select').forEach((s) => s.remove());"
        "return p.outerHTML + p.querySelector('textarea').value"
    )
    assert not re.search(r"NaN|Infinity|undefined|null", whole)


def test_a_text_that_is_no_state_changes_nothing(shown):
    for address in ("#nothing", "#%7B%22cloud%22%3A1%7D", "#%", "#null"):
        page = shown(address=address)
        assert page.points == 272 and page.status.startswith("Start")
    state = {"cloud": "round", "K": 99, "name": "x", "X": [[1]], "theta": {"means": 1}, "seed": -1}
    page.set(**state)
    assert page.points == 120 and len(page.rows) == 6


S = [[1, 0], [0, 1]]
BAD_THETA = [
    {"weights": [0.5, "0.5"], "means": [[1, 1], [2, 2]], "covariances": [S, S]},
    {"weights": [0.5, 0.5], "means": [[1, 1], [2, None]], "covariances": [S, S]},
    {"weights": [0.5, 0.5], "means": [[1, 1], [2, 1e300]], "covariances": [S, S]},
    {"weights": [0.5, 0.5], "means": [[1, 1], [2, 2]], "covariances": [S, [[1, 1], [1, 1]]]},
    {"weights": [0.5, 0.5], "means": [[1, 1], [2, 2]], "covariances": [S]},
]


def test_parameters_in_an_address_are_taken_only_if_they_are_some(page):
    for theta in BAD_THETA:
        page.set(cloud="round", K=2, name="full", theta=theta)
        assert [row[1] for row in page.rows] == [0.5, 0.5] and page.rows[0][2:4] != [1, 1]
        assert_numbers(page)
    theta = BAD_THETA[0] | {"weights": [2, 6], "covariances": [[[1, 0.5], [0.5, 3]], S]}
    page.set(cloud="round", K=2, name="tied_spherical", theta=theta)
    assert page.rows[0][1:] == [0.25, 1, 1, 2, 2, 0] and page.rows[1][4:] == [2, 2, 0]


def test_a_link_brings_the_state_back(page, shown):
    page.choose("cloud", "cigars")
    page.choose("name", "tied")
    page.mouse((0.2, 0.2))
    page.focus("plane")
    page.keys("0")
    link = page.browser.find_element("css selector", ".playground p a").get_attribute("href")
    before, rows = page.log_likelihood if "log" in page.status else None, page.rows
    again = shown(address=link[link.index("#") :])
    assert again.rows == rows and again.points == 151
    assert before is None or again.log_likelihood == before


# ---- What to try ---------------------------------------------------------------------------------


def experiment(page, words):
    """Press the button with these words; how EM ends from there."""
    for button in page.browser.find_elements("css selector", "button[data-playground]"):
        if words in button.text:
            page.browser.execute_script("arguments[0].click()", button)
            assert page.status.startswith("Start")
            return page.until_the_end()
    raise AssertionError(words)


def test_the_experiments_end_as_the_text_says(page):
    assert "converged" in experiment(page, "two crosses in one cluster")
    low = page.log_likelihood
    page.press("reset")
    page.focus("plane")
    page.keys(*[ARROWS["down"]] * 10, "1")
    page.until_the_end()
    high = page.log_likelihood
    assert high > low + 20
    page.choose("seed", 5)
    page.until_the_end()
    assert page.log_likelihood == high
    page.choose("cloud", "ring")
    ends = []
    for seed in range(3):
        page.choose("seed", seed)
        page.until_the_end()
        ends.append(page.log_likelihood)
    assert len(set(ends)) > 1

    end = experiment(page, "seven points")
    assert "has collapsed" in end and "(1.0 points)" in end
    page.choose("varSmoothing", "0.000001")
    assert "gives it a volume" in page.until_the_end() and "converged" in page.status

    assert "converged" in experiment(page, "crossed cigars")
    spherical = page.log_likelihood
    assert abs(page.rows[0][2] - page.rows[1][2]) > 2  # left and right
    page.choose("name", "full")
    page.until_the_end()
    assert page.log_likelihood > spherical + 100
    assert page.rows[0][6] * page.rows[1][6] < 0  # up and down

    assert "M step 2" in experiment(page, "three equal means")
    assert page.rows[0][1:] == page.rows[1][1:] == page.rows[2][1:]
    equal = page.log_likelihood
    page.focus("plane")
    page.keys("0")
    page.until_the_end()
    assert page.log_likelihood > equal + 1  # it was no maximum


# ---- How it looks --------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", RULES)
def test_axe_finds_nothing(shown, scheme):
    page = shown(scheme=scheme)
    page.browser.execute_script(AXE.read_text("utf-8"))
    page.browser.execute_script("document.querySelector('.playground details').open = true")
    page.press("e", "m")
    for _ in ("numbers", "a message"):
        violations = page.browser.execute_async_script(
            "const done = arguments[0];"
            "axe.run('.playground').then((results) => done(results.violations))"
        )
        assert [(v["id"], v["nodes"][0]["html"]) for v in violations] == []
        page.press("clear")
    assert page.points == 0


def test_nothing_is_asked_for_from_outside(shown, browser):
    browser.get_log("browser"), list(requests(browser))  # of others
    page = shown()
    page.until_the_end()
    page.mouse((0.3, 0.3))
    asked = list(requests(page.browser))
    assert asked and [u for u in asked if not u.startswith(("file:", "data:", "about:"))] == []
    assert page.browser.get_log("browser") == []


@pytest.mark.parametrize("cloud", ["faithful", "ring"])
def test_nothing_is_cut_on_a_phone(shown, cloud):
    page = shown(420)
    page.choose("cloud", cloud)
    page.choose("K", 6)
    page.until_the_end(5)
    cut = page.browser.execute_script("""
        const root = document.querySelector(".playground"), found = [];
        if (document.documentElement.scrollWidth > 420) found.push("page");
        for (const box of root.querySelectorAll("div, p, table, fieldset"))
          if (box.scrollWidth > box.clientWidth + 1 && !box.matches(".playground-where"))
            found.push(box.className);
        for (const svg of root.querySelectorAll(":scope > div > svg")) {
          const s = svg.getBoundingClientRect();
          for (const text of svg.querySelectorAll("text")) {
            const t = text.getBoundingClientRect();
            if (t.left < s.left - 1 || t.right > s.right + 1) found.push(text.textContent);
            if (t.top < s.top - 1 || t.bottom > s.bottom + 1) found.push(text.textContent);
          }
        }
        return found;
    """)
    assert cut == []


def test_a_tap_adds_a_point(shown):
    page = shown(420)
    page.choose("cloud", "none")
    plane = page.find("plane")
    finger = webdriver.common.actions.pointer_input.PointerInput("touch", "finger")
    actions = webdriver.ActionChains(page.browser, devices=[finger])
    actions.w3c_actions.pointer_action.move_to(plane).pointer_down().pointer_up()
    actions.perform()
    assert page.points == 1


def test_a_finger_drags_a_mean(shown):
    page = shown(420)
    x, y = page.browser.execute_script("""
        const mark = document.querySelector(".playground-mean:last-child");
        mark.scrollIntoView({ block: "center", behavior: "instant" });
        const box = mark.querySelector(".playground-rim").getBoundingClientRect();
        return [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
    """)
    before = page.rows
    for kind, dx in [("Start", 0), ("Move", -20), ("Move", -40), ("End", None)]:
        places = [] if dx is None else [{"x": x + dx, "y": y + dx / 2}]
        page.browser.execute_cdp_cmd(
            "Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": places}
        )
    assert page.status.startswith("Mean 1 is at (") and page.points == 272
    assert page.rows[1][2] < before[1][2] - 0.3 and page.rows[0] == before[0]


def shown_colours(page):
    keys = page.browser.find_elements("css selector", ".playground-numbers .playground-key")
    rgb = [re.findall(r"[\d.]+", key.value_of_css_property("background-color"))[:3] for key in keys]
    return np.array(rgb, float)


@pytest.mark.parametrize("K", [2, 6])
def test_colours_are_the_packages_and_in_the_dark_lighter(shown, K):
    page = shown()
    page.choose("K", K)
    light = shown_colours(page)
    assert light == pytest.approx(255 * palette(K), abs=0.6)
    page = shown(scheme="dark")
    page.choose("K", K)
    dark = shown_colours(page)
    assert (dark > light).all()
    ground = page.find("ground").value_of_css_property("fill")
    back = luminance(np.array(re.findall(r"[\d.]+", ground)[:3], float))
    assert ((luminance(dark) + 0.05) / (back + 0.05)).min() > 3


def luminance(rgb):
    """Of colours from 0 to 255, as the accessibility guidelines (WCAG 2) have it."""
    c = rgb / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ [
        0.2126,
        0.7152,
        0.0722,
    ]


def test_the_page_holds_what_the_package_has(page):
    text = page.browser.execute_script("return document.querySelector('.playground script').text")
    data = json.loads(text)
    assert data["models"] == list(NAMES)
    assert data["clouds"][0]["X"] == load_old_faithful().X.tolist()
    offered = page.browser.execute_script("return Object.keys(EM.MODELS)")
    assert sorted(offered) == sorted(NAMES)


@pytest.mark.parametrize("key", ["bishop", "local", "collapse", "empty"])
def test_the_stepper_fits_one_screen(shown, key):
    page = shown(page="em.html")
    height = page.browser.execute_script(
        "const s = document.querySelector('.stepper-run'); s.value = arguments[0];"
        "s.dispatchEvent(new Event('change'));"
        "document.querySelector('.stepper-plane').dispatchEvent("
        "new KeyboardEvent('keydown', {key: 'End', bubbles: true}));"
        "return document.querySelector('.stepper').getBoundingClientRect().height",
        key,
    )
    assert 300 < height <= 900


def test_the_playground_fits_one_screen(page):
    page.choose("K", 6)
    page.until_the_end(3)
    page.focus("plane")
    assert page.find("numbers").rect["height"] > 100
    height = page.browser.execute_script(
        "return document.querySelector('.playground').getBoundingClientRect().height"
    )
    assert 300 < height <= 900
