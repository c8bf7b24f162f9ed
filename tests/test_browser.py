"""The built site in a real browser: from files, without a network, as a reader sees it."""

import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from numpy_ml_gmm import GMM

webdriver = pytest.importorskip(
    "selenium.webdriver", reason="the browser tests need selenium: install '.[test]'"
)
ROOT = Path(__file__).parents[1]
AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync
--disable-background-networking --disable-component-update --hide-scrollbars""".split()
TYPESET = """
const done = arguments[0];
(window.MathJax?.startup?.promise ?? Promise.resolve()).then(() => setTimeout(done, 50));
"""


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium that keeps a log of what it asks for."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("no chromium or no chromedriver: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=driver)
    with webdriver.Chrome(options=options, service=service) as browser:
        browser.set_script_timeout(300)  # axe takes its time on a busy machine
        yield browser


@pytest.fixture(scope="module")
def shown(site, browser):
    """A function that opens a page in a window of some width, in light or dark."""
    if site.code and not (site.folder / "index.html").exists():
        pytest.skip("the site does not build: see test_docs.py")

    def show(page, width=1280, scheme="light"):
        emulate(browser, width, scheme)
        browser.get((site.folder / page).as_uri())
        browser.execute_async_script(TYPESET)
        return browser

    return show


def emulate(browser, width, scheme="light"):
    """A window of some width, of a reader who likes light or dark."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)


def all_pages(site):
    return sorted(str(path.relative_to(site.folder)) for path in site.folder.rglob("*.html"))


def written_pages(site):
    """Pages with text of ours: not the listings of source, which are alike."""
    return [page for page in all_pages(site) if not page.startswith("_modules/numpy")]


LOOK = """
    const all = (selector) => [...document.querySelectorAll(selector)];
    const cut = (selector) => all(selector)
      .filter((box) => box.scrollWidth > box.clientWidth + 1).map((box) => box.textContent);
    return {
      places: all(".math").length,
      typeset: all(".math > mjx-container > svg").length,
      errors: all("[data-mjx-error], mjx-merror").length,
      width: document.documentElement.scrollWidth,
      equations: cut("div.math mjx-container"),
      code: cut(".beside pre"),
      small: all("div.math .eqno")
        .filter((number) => {
          const box = number.parentNode.querySelector("mjx-container");
          return parseFloat(box.style.fontSize) < 75;
        })
        .map((number) => number.textContent),
    };
"""
# The structure of a page is the same in the dark; only the colours differ.
RULES = {"light": "{}", "dark": "{runOnly: ['color-contrast']}"}


@pytest.fixture(scope="module")
def visits(site, shown):
    """What is to be seen on each page, by a single visit: wide, in the dark, and on a phone."""
    written, script, found = set(written_pages(site)), AXE.read_text("utf-8"), {}
    for page in all_pages(site):
        browser = shown(page)
        found[page] = seen = {"wide": browser.execute_script(LOOK)}
        seen["said"] = [entry["message"] for entry in browser.get_log("browser")]
        seen["asked"] = list(requests(browser))
        if page in written:
            # Pages of the reference are made alike: two will do.
            if not page.startswith("api/") or page in ("api/index.html", "api/gmm.html"):
                browser.execute_script(script)
                for scheme in RULES if "/" not in page else ["light"]:  # their colours are alike
                    emulate(browser, 1280, scheme)
                    seen[scheme] = violations(browser, RULES[scheme])
            emulate(browser, 420)
            seen["phone"] = browser.execute_script(LOOK)
            browser.get_log("browser"), list(requests(browser))  # axe asked for style sheets
    return found


def violations(browser, rules):
    """What axe finds by all of its rules, those on landmarks and headings too."""
    found = browser.execute_async_script(
        f"const done = arguments[0]; axe.run({rules}).then((results) => done(results.violations))"
    )
    return [(v["id"], v["impact"], v["nodes"][0]["html"][:120]) for v in found]


def test_mathematics_is_typeset_on_every_page_without_errors_or_requests(visits):
    for page, seen in visits.items():
        assert seen["wide"]["places"] == seen["wide"]["typeset"], page
        assert seen["wide"]["errors"] == 0, page
        assert seen["wide"]["width"] <= 1280, page
        assert seen["said"] == [], page
        assert [u for u in seen["asked"] if not u.startswith(("file:", "data:"))] == [], page


def requests(browser):
    """The addresses that the browser asked for since the last call."""
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            yield message["params"]["request"]["url"]


def test_the_formulas_are_many(site, shown):
    browser = shown("em.html")
    assert browser.execute_script("return document.querySelectorAll('mjx-container').length") > 60


@pytest.mark.parametrize("scheme", RULES)
def test_axe_finds_no_violation(visits, scheme):
    found = {page: seen[scheme] for page, seen in visits.items() if seen.get(scheme)}
    assert found == {}


def test_no_page_scrolls_sideways_on_a_phone(visits):
    wide = {page: seen["phone"]["width"] for page, seen in visits.items() if "phone" in seen}
    assert {page: width for page, width in wide.items() if width > 420} == {}


def test_no_equation_is_cut_off(visits):
    for page, seen in visits.items():
        assert seen["wide"]["equations"] == [], page
        if "phone" in seen and not page.startswith("api/"):  # docstrings are set for a terminal
            assert seen["phone"]["equations"] == [], page


def test_no_numbered_equation_is_tiny_on_a_phone(visits):
    """It is set smaller where it is too wide, but not below three quarters."""
    phones = {page: seen["phone"] for page, seen in visits.items() if "phone" in seen}
    assert {page: seen["small"] for page, seen in phones.items() if seen["small"]} == {}


def test_no_code_beside_a_derivation_is_cut_off(visits):
    assert {
        page: seen["wide"]["code"] for page, seen in visits.items() if seen["wide"]["code"]
    } == {}


def test_code_stands_beside_its_derivation_and_on_a_phone_below(shown):
    boxes = """
        return ["text", "code"].map((part) => {
          const box = document.querySelector(".beside-" + part).getBoundingClientRect();
          return [box.left, box.top, box.right, box.bottom];
        });
    """
    text, code = shown("em.html").execute_script(boxes)
    assert code[0] >= text[2] and code[1] < text[3]
    text, code = shown("em.html", 420).execute_script(boxes)
    assert code[1] >= text[3] and abs(code[0] - text[0]) < 2


# ---- The stepper ---------------------------------------------------------------------------------


class Stepper:
    """The figure, by what a reader can see and press."""

    def __init__(self, browser):
        self.browser = browser

    def find(self, name):
        return self.browser.find_element("css selector", f".stepper-{name}")

    def press(self, name, times=1):
        button = self.find(name)
        self.browser.execute_script(
            "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", button
        )
        for _ in range(times):
            button.click()

    def keys(self, name, *keys):
        self.find(name).send_keys(*keys)

    def choose(self, key):
        self.browser.execute_script(
            "const s = document.querySelector('.stepper-run'); s.value = arguments[0];"
            "s.dispatchEvent(new Event('change'))",
            key,
        )

    @property
    def position(self):
        return int(self.find("head").text.split(" / ")[0])

    @property
    def numbers(self):
        """Log-likelihood, weights and means, as written on the page."""
        plain = self.find("numbers").text.replace("\N{MINUS SIGN}", "-")
        caption, _, *rows = plain.splitlines()
        log_p = float(re.search(r"log-likelihood (\S+),", caption)[1])
        cells = [[float(x) for x in re.findall(r"-?\d+\.\d+", row)] for row in rows]
        return log_p, [row[0] for row in cells], [row[1:3] for row in cells]


@pytest.fixture
def stepper(shown):
    return Stepper(shown("em.html"))


@pytest.fixture(scope="module")
def python_runs():
    """The same runs, by the class alone: a list of models after 0, 1, 2 ... M steps."""
    sys.path.insert(0, str(ROOT / "docs" / "_ext"))
    try:
        import stepper_runs
    finally:
        sys.path.pop(0)
    return {run.key: run for run in (make() for make in stepper_runs.RUNS)}


def expected(run, half_steps):
    """What the page must show after so many half steps."""
    model = GMM.from_parameters(*run.start, var_smoothing=0)
    for _ in range(half_steps // 2):
        model.m_step(model.e_step(run.X))
    weights, means = model.weights_, model.means_
    return model.log_likelihood(run.X), weights.tolist(), means.tolist()


def agree(shown_numbers, run, half_steps):
    (log_p, weights, means), wanted = shown_numbers, expected(run, half_steps)
    assert log_p == pytest.approx(wanted[0], abs=0.0051)
    assert weights == pytest.approx(wanted[1], abs=0.00051)
    for mean, want in zip(means, wanted[2], strict=True):
        assert mean == pytest.approx(want, abs=0.0051)


def test_the_numbers_after_clicks_are_pythons(stepper, python_runs):
    run = python_runs["bishop"]
    agree(stepper.numbers, run, 0)
    for t in range(1, 8):
        stepper.press("step")
        assert stepper.position == t
        agree(stepper.numbers, run, t)
    stepper.press("back", 3)
    agree(stepper.numbers, run, 4)


def test_the_numbers_after_keys_are_pythons(stepper, python_runs):
    run = python_runs["bishop"]
    right, left, end, home = "\ue014", "\ue012", "\ue010", "\ue011"
    stepper.keys("plane", right, right, right, right, left)
    assert stepper.position == 3
    agree(stepper.numbers, run, 3)
    stepper.keys("slider", right, right)
    agree(stepper.numbers, run, 5)
    stepper.keys("plane", end)
    agree(stepper.numbers, run, 2 * run.n_steps)
    assert not stepper.find("step").is_enabled()
    stepper.keys("plane", home)
    assert stepper.position == 0 and not stepper.find("back").is_enabled()


@pytest.mark.parametrize("key", ["local", "collapse"])
def test_the_other_runs_end_as_pythons(stepper, python_runs, key):
    stepper.choose(key)
    stepper.keys("plane", "\ue010")
    last = stepper.position
    agree(stepper.numbers, python_runs[key], last)
    assert ("component 1 has collapsed" in stepper.find("head").text) == (key == "collapse")


@pytest.mark.parametrize("key", ["bishop", "local", "collapse", "empty"])
def test_the_curve_is_the_log_likelihood(stepper, key):
    """Every height on the curve, also of what lies below the picture."""
    stepper.choose(key)
    line = stepper.find("line").get_attribute("d")
    heights = [float(y) for y in re.findall(r"[ML][\d.]+ (-?[\d.]+)", line)]
    data = json.loads(
        stepper.browser.execute_script(
            "return document.querySelector('.stepper script').textContent"
        )
    )
    [frames] = [run["frames"] for run in data if run["key"] == key]
    values = [frame["log_likelihood"] for frame in frames]
    slope, level = np.polyfit(values, heights, 1)
    assert slope < 0  # up on the page is down in SVG
    assert heights == pytest.approx(slope * np.array(values) + level, abs=0.2)


@pytest.mark.parametrize("key", ["bishop", "local"])  # others begin small, or wide as a prior
def test_the_start_is_in_the_picture(stepper, key):
    stepper.choose(key)
    outside = stepper.browser.execute_script("""
        const plane = document.querySelector(".stepper-plane").getBoundingClientRect();
        return [...document.querySelectorAll(".stepper-ellipse")]
          .map((ellipse) => ellipse.getBoundingClientRect())
          .filter((box) => box.top < plane.top || box.bottom > plane.bottom
            || box.left < plane.left || box.right > plane.right).length;
    """)
    assert outside == 0


def test_responsibilities_add_up_to_the_points(stepper, python_runs):
    stepper.press("step")
    held = [float(x) for x in re.findall(r"([\d.]+) points", stepper.find("numbers").text)]
    counts = (
        GMM.from_parameters(*python_runs["bishop"].start).e_step(python_runs["bishop"].X).counts
    )
    assert held == pytest.approx(counts.tolist(), abs=0.2)


def test_play_steps_by_itself_and_pauses(stepper):
    stepper.press("play")
    assert stepper.find("play").text == "Pause"
    WebDriverWait = pytest.importorskip("selenium.webdriver.support.wait").WebDriverWait
    WebDriverWait(stepper.browser, 5).until(lambda _: stepper.position >= 2)
    stepper.press("play")
    assert stepper.find("play").text == "Play"


def test_a_screen_reader_hears_the_state(stepper):
    stepper.press("step", 2)
    live = stepper.find("live")
    assert live.get_attribute("aria-live") == "polite"
    said = live.get_attribute("textContent")
    log_p = stepper.numbers[0]
    assert "M step 1" in said and f"{log_p:.2f}" in said and "component 0: weight" in said
    assert "M step 1" in stepper.find("slider").get_attribute("aria-valuetext")


# ---- The slides ----------------------------------------------------------------------------------


DECKS = [f"slides/session-{n}.html" for n in range(1, 7)]
RIGHT, LEFT, HOME, ESCAPE = "\ue014", "\ue012", "\ue011", "\ue00c"
SLIDE = """
    const [slide] = document.querySelectorAll(".slide.shown");
    return [slide.querySelector("h1, h2").firstChild.data, location.hash,
      document.documentElement.scrollHeight,
      [...slide.querySelectorAll("img")].every((image) => image.naturalWidth > 0)];
"""


@pytest.fixture
def presented(shown):
    """A function that opens a deck, presses Present, and returns the browser."""

    def present(deck):
        browser = shown(deck)
        size = {"width": 1280, "height": 720, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.find_element("css selector", ".slides-start button").click()
        return browser

    return present


def press(browser, *keys):
    browser.find_element("css selector", "body").send_keys(*keys)


@pytest.mark.parametrize("deck", DECKS)
def test_each_slide_fits_the_screen(presented, deck):
    browser = presented(deck)
    slides = browser.find_elements("css selector", ".slide")
    assert len(slides) > 8
    for _ in slides:
        title, _, height, drawn = browser.execute_script(SLIDE)
        assert height <= 720 and drawn, title
        press(browser, RIGHT)


def test_keys_turn_the_slides_and_the_address_keeps_the_place(presented):
    browser = presented(DECKS[1])
    press(browser, RIGHT, RIGHT, RIGHT, LEFT)
    assert browser.execute_script(SLIDE)[:2] == ["The log-likelihood", "#the-log-likelihood"]
    press(browser, HOME)
    assert browser.execute_script(SLIDE)[:2] == ["Session 2: the likelihood and EM", ""]
    press(browser, ESCAPE)
    assert not browser.find_elements("css selector", ".presenting")
    assert len([s for s in browser.find_elements("css selector", ".slide") if s.is_displayed()]) > 8
