"""Print the course: ``python docs/print_course.py docs/_build/html course.pdf``.

Chromium prints each chapter of a built site, in the order of the contents, and pdfunite (poppler)
or gs (Ghostscript) joins them.  The looks are ``@media print`` in ``_static/chapters.css``.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync
--disable-background-networking --disable-component-update --no-pdf-header-footer
--virtual-time-budget=20000""".split()  # the last lets MathJax finish
JOIN = {
    "pdfunite": lambda parts, out: ["pdfunite", *parts, out],
    "gs": lambda parts, out: ["gs", "-q", "-sDEVICE=pdfwrite", "-o", out, *parts],
}


def chapters(site):
    """The pages of the course, in order: those that the contents number."""
    text = (site / "index.html").read_text("utf-8")
    contents = text.partition('class="sidebar-tree"')[2].partition("</aside>")[0]
    return re.findall(r'href="([\w-]+\.html)">\d+\. ', contents)


def tool(*names):
    """The first of some programs that is installed."""
    found = [name for name in names if shutil.which(name)]
    if not found:
        raise SystemExit(f"print_course: install one of {', '.join(names)}")
    return found[0]


def main(site, out):
    """Print the chapters of a site into one file."""
    browser, join = tool("chromium", "chromium-browser", "google-chrome"), tool(*JOIN)
    with tempfile.TemporaryDirectory() as folder:
        parts = []
        for page in chapters(site):
            parts.append(f"{folder}/{page}.pdf")
            profile, target = f"--user-data-dir={folder}/profile", f"--print-to-pdf={parts[-1]}"
            command = [browser, *FLAGS, profile, target, (site / page).as_uri()]
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        subprocess.run(JOIN[join](parts, out), check=True)
    print(f"{out}: {len(parts)} chapters")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]).resolve(), sys.argv[2])
