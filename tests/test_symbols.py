"""One letter, one meaning: the mathematics of the chapters against ``docs/symbols.md``.

And one list of sources: who is cited in a chapter stands in ``docs/references.md``.
"""

import ast
import importlib
import re
from collections import Counter
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PACKAGE = DOCS.parent / "numpy_ml_gmm"
# No chapters: the table itself, and pages without a derivation of their own.
PAGES = {"symbols", "index", "concordance", "references", "command-line"}
CHAPTERS = {path.stem: path for path in DOCS.glob("*.md") if path.stem not in PAGES}

# ---- The letters of a formula --------------------------------------------------------------------

FENCE = re.compile(r"^(?P<fence>`{3,}|:{3,})(?P<kind>.*)$")
MATH = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$([^$\n]+?)\$", re.DOTALL)
# Words in a formula, and what is set, not said.
WORDS = re.compile(
    r"\\(?:text|texttt|mathrm|operatorname|begin|end)\*?\s*\{[^{}]*\}|^:\w+:.*$",
    re.MULTILINE,
)
FONTS = r"mathcal|mathbb|mathbf"
ACCENTS = r"hat|bar|tilde|vec|overrightarrow|overleftarrow"
LETTER = rf"(?:\\(?:{FONTS})(?:\s*\{{\s*\w\s*\}}|\s+\w)|\\[A-Za-z]+|[A-Za-z])"
TOKEN = re.compile(
    rf"\\(?P<accent>{ACCENTS})(?![A-Za-z])\s*(?:\{{\s*(?P<braced>{LETTER})\s*\}}|(?P<bare>{LETTER}))"
    rf"|(?P<letter>{LETTER})"
)
# What stands for an operation, a relation or a space.  Any other command counts as a symbol.
COMMANDS = (
    "frac tfrac sqrt sum prod int log exp arg max min dots cdots cdot times pm infty to"
    " partial nabla top mid ge le leftarrow approx propto sim in ne cap"
    " left right bigl bigr Bigl Bigr big Big lVert rVert lceil rceil quad qquad"
    " underbrace xrightarrow Pr ln cos sin"
).split()


def formulas(text):
    """The TeX in a Markdown page: inline, displayed, and in math directives; no code."""
    kept, inside, stack = [], [], []
    for line in text.splitlines():
        fence = FENCE.match(line)
        if fence and (not stack or fence["kind"].strip() or fence["fence"] != stack[-1][0]):
            stack.append((fence["fence"], fence["kind"].strip()))
        elif fence:
            stack.pop()
        elif stack and stack[-1][1] == "{math}":
            inside.append(line)
        elif all(fence.startswith(":") for fence, _ in stack):
            kept.append(line)
    prose = re.sub(r"(`+).+?\1", "", "\n".join(kept), flags=re.DOTALL)
    yield "\n".join(inside)
    yield from (display or inline for display, inline in MATH.findall(prose))


def letters(formula):
    r"""The symbols in TeX, each with its font or accent: ``x``, ``\bar x``, ``\mathcal L``."""
    for match in TOKEN.finditer(WORDS.sub(" ", formula)):
        letter = match["letter"] or match["braced"] or match["bare"]
        name = re.sub(r"[{}\s]+", " ", letter).strip()
        if name.removeprefix("\\") not in COMMANDS:
            yield f"\\{match['accent']} {name}" if match["accent"] else name


def symbols_of(text):
    """All symbols of a page, each with how often it occurs."""
    return Counter(letter for formula in formulas(text) for letter in letters(formula))


NAME = re.compile(r"\\(?:mathrm|operatorname)\*?\s*\{([^{}]*)\}")


def names_of(text):
    """The names of several letters in the formulas of a page."""
    return Counter(name for formula in formulas(text) for name in NAME.findall(formula))


# ---- The table -----------------------------------------------------------------------------------


def table(text):
    """{symbol: (chapters, whether it goes on)}; a symbol with two lines is an error."""
    found = {}
    for line in text.partition("## In the sources")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        chapters = re.findall(r"\]\(([\w-]+)\.md\)", cells[-1])
        if not line.startswith("|") or not chapters:
            continue
        first = cells[0]
        for symbol in letters(first.replace("$", " ")) if "$" in first else first.split(", "):
            if symbol in found:
                raise ValueError(f"{symbol} has two lines, and so two meanings")
            found[symbol] = chapters, cells[-1].endswith(" on")
    return found


def may_use(chapters, listed, goes_on):
    """Whether one of these chapters may, by what a line of the table says."""
    return goes_on or not chapters.isdisjoint(listed)


def strangers(text, chapter, lines):
    """What the formulas of a chapter use that the table does not list for it."""
    used = symbols_of(text) + names_of(text)
    return {s for s in used if s not in lines or not may_use({chapter}, *lines[s])}


LINES = table((DOCS / "symbols.md").read_text("utf-8"))
USED = {
    chapter: symbols_of(text) + names_of(text)
    for chapter, text in ((name, path.read_text("utf-8")) for name, path in CHAPTERS.items())
}


@pytest.mark.parametrize("chapter", sorted(CHAPTERS))
def test_each_letter_of_a_chapter_is_in_the_table(chapter):
    """With one meaning: a letter has one line, which says where it is used."""
    assert strangers(CHAPTERS[chapter].read_text("utf-8"), chapter, LINES) == set()


def test_the_table_lists_nothing_that_is_not_used():
    said = {(symbol, chapter) for symbol, (chapters, _) in LINES.items() for chapter in chapters}
    assert {(symbol, chapter) for symbol, chapter in said if symbol not in USED[chapter]} == set()


def test_a_letter_enters_where_the_table_says():
    index = (DOCS / "index.md").read_text("utf-8")
    order = [name for name in re.findall(r"^[\w-]+$", index, re.MULTILINE) if name in USED]
    enters = {
        symbol: next(chapter for chapter in order if symbol in USED[chapter])
        for symbol, (_, goes_on) in LINES.items()
        if goes_on
    }
    assert enters == {symbol: LINES[symbol][0][0] for symbol in enters}


def test_the_names_in_code_are_in_the_code():
    words = set(re.findall(r"\w+", "\n".join(p.read_text("utf-8") for p in PACKAGE.rglob("*.py"))))
    rows = re.findall(r"^\| \$.*", (DOCS / "symbols.md").read_text("utf-8"), re.MULTILINE)
    codes = [code for row in rows for code in re.findall("`([^`]+)`", row)]
    assert len(codes) > 50
    assert [code for code in codes if not words.issuperset(re.findall(r"\w+", code))] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a new letter $y$", {"y"}),
        ("another type $\\mathcal{X}$ and accent $\\breve x$", {r"\mathcal X", r"\breve"}),
        ("$$\n\\hat{\\Sigma} + \\xi\n$$", {r"\hat \Sigma", r"\xi"}),
        ("::::{beside} x\n```{math}\n:label: new\n\\zeta = 1\n```\n::::", {r"\zeta"}),
        ("a word $\\operatorname{new}(x) + \\mathrm{df}$", {"new"}),
        ("| $x$ | `$y$` | $\\tilde N$ |", {r"\tilde N"}),
        ("what the chapter may use: $p(x_n \\mid \\theta) \\text{ if } n \\ge 1$, `$y$`", set()),
        ("```python\ncost = '$y$'\n```\n```{code-cell} ipython3\nx = '$y$'\n```", set()),
    ],
)
def test_a_new_letter_fails(text, found):
    """Seen through the eyes of the first chapter."""
    assert strangers(text, "model", LINES) == found


def test_a_second_meaning_fails():
    line = "| $a$ | rate | | [model](model.md) |\n"
    with pytest.raises(ValueError, match="a has two lines"):
        table(line + line.replace("rate", "acceleration"))


MATH_BLOCK = re.compile(r"^( *)\.\. math::\n((?:\n|\1 +.*\n?)+)", re.MULTILINE)
MATH_ROLE = re.compile(r":math:`([^`]+)`")


@pytest.fixture
def bindings(monkeypatch):
    """What binds equations and code, an extension of the documentation."""
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    return importlib.import_module("bindings")


def test_a_docstring_that_cites_an_equation_has_its_letters(bindings):
    """It may use those of the chapter where the equation stands."""
    chapter_of, found = {label: path.stem for label, path in bindings.labels().items()}, {}
    for path in PACKAGE.rglob("*.py"):
        for name, node in bindings.documented(ast.parse(path.read_text("utf-8")), path.stem):
            text = ast.get_docstring(node) or ""
            chapters = {chapter_of[label] for label in bindings.cited(text) & chapter_of.keys()}
            math = [block for _, block in MATH_BLOCK.findall(text)] + MATH_ROLE.findall(text)
            used = {letter for formula in math for letter in letters(formula)} if chapters else ()
            strange = {s for s in used if s not in LINES or not may_use(chapters, *LINES[s])}
            if strange:
                found[f"{path.name}: {name}"] = strange
    assert found == {}


# ---- Sources -------------------------------------------------------------------------------------

SURNAME = r"[A-ZÀ-Þ][\w'’–-]*[a-zà-ÿ][\w'’–-]*"
CITATION = re.compile(
    rf"(?!(?:By|In|See)\b)({SURNAME}(?:,? (?:{SURNAME}|and|&|et al\.))*),? \(?((?:18|19|20)\d\d)\b"
)
CITING = [*DOCS.glob("*.md"), *DOCS.glob("coming-from/*.md"), *PACKAGE.rglob("*.py")]


def listed(text):
    """Surnames and year of each entry of the list of references."""
    for line in text.splitlines():
        entry = re.match(r": (.+?) \((\d{4})\)", line)
        if entry:
            yield set(re.findall(SURNAME, entry[1])), entry[2]


def unlisted(text, entries):
    """Authors with a year, as in "Wu (1983)" and "(Fraley & Raftery 2007)", without an entry."""
    for authors, year in CITATION.findall(re.sub(r"\s+", " ", text)):
        names = set(re.findall(SURNAME, authors))
        if not any(names <= surnames and year == when for surnames, when in entries):
            yield f"{authors} ({year})"


def texts_of(path):
    """A page; of a module its docstrings, as code and comments cite nobody."""
    text = path.read_text("utf-8")
    if path.suffix == ".md":
        return [text]
    kinds = ast.Module, ast.ClassDef, ast.FunctionDef
    return [ast.get_docstring(n) or "" for n in ast.walk(ast.parse(text)) if isinstance(n, kinds)]


def test_whoever_is_cited_is_in_the_list_of_references():
    entries = list(listed((DOCS / "references.md").read_text("utf-8")))
    missing = {
        (path.name, citation)
        for path in CITING
        if path.stem != "references"
        for text in texts_of(path)
        for citation in unlisted(text, entries)
    }
    assert missing == set()


@pytest.mark.parametrize(
    "text",
    [
        "Nobody (1983)",
        "(Nobody & Noone 2007)",
        "as Nobody,\nNoone and Others (2010) say",
        "Wu (1984)",
    ],
)
def test_an_unlisted_source_fails(text):
    entries = list(listed(": Wu, C. F. J. (1983). On the convergence\n"))
    assert list(unlisted("Wu (1983) and in 1990. " + text, entries))


# ---- Ellipses ------------------------------------------------------------------------------------

CELL = re.compile(r"^```\{code-cell\} ipython3\n(.*?)^```$", re.DOTALL | re.MULTILINE)
DRAWN = re.compile(r"plot_ellipses\((?:[^()]|\([^()]*\))*\)")


def ellipses(text):
    """For each cell that draws ellipses: its head, and the masses that they hold."""
    for cell in CELL.findall(text):
        masses = [re.search(r"masses=([\d.]+)", call) for call in DRAWN.findall(cell)]
        if masses:
            head, _, _ = cell.partition("\n---\n")
            yield head, {float(mass[1]) if mass else 0.9 for mass in masses}


def test_each_picture_of_ellipses_says_how_much_they_hold():
    cells = [cell for path in CHAPTERS.values() for cell in ellipses(path.read_text("utf-8"))]
    silent = [
        head for head, masses in cells for mass in masses if f"{100 * mass:.0f} %" not in head
    ]
    assert len(cells) >= 6 and silent == []
