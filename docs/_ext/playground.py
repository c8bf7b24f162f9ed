"""``{playground}``: points that readers draw themselves, and EM on them in JavaScript.

The page holds the package's palettes and some data sets as JSON, and a place for the figure.
``_static/playground`` holds the scripts, in the order of ``SCRIPTS``: the first three compute and
know nothing of the page.
"""

import json

import numpy as np
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from numpy_ml_gmm import load_old_faithful
from numpy_ml_gmm.covariances import NAMES
from numpy_ml_gmm.plots import palette

MOST = 6  # components
SCRIPTS = "em", "start", "run", "draw", "playground"
VIEW = [0, 10], [0, 6.25]  # what the picture shows of the plane
PLACE = """<div class="playground" role="group" aria-label="EM playground">
<noscript><p>The playground needs JavaScript.</p></noscript>
<script type="application/json">{data}</script>
</div>"""


class Playground(SphinxDirective):
    """A place for the playground, and what it needs to know of the package."""

    def run(self):
        data = {
            "models": list(NAMES),
            "palettes": [(palette(K) * 255).round().tolist() for K in range(1, MOST + 1)],
            "clouds": clouds(),
        }
        text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
        return [nodes.raw("", PLACE.format(data=text), format="html")]


def clouds():
    """The data sets on offer, with a number of components to begin with."""
    rng = np.random.default_rng(4)
    return [
        old_faithful(),
        cloud("round", "Three round clusters", 3, three_round(rng)),
        cloud("cigars", "Crossed cigars", 2, crossed_cigars(rng)),
        cloud("ring", "A ring", 6, ring(rng)),
        cloud("unequal", "A large cluster and a small one", 2, unequal(rng)),
        cloud("none", "None: draw your own", 2, np.empty((0, 2))),
    ]


def old_faithful():
    axes, view = ["duration (min)", "waiting (min)"], ([1, 5.6], [38, 102])
    return cloud("faithful", "Old Faithful", 2, load_old_faithful().X, axes, view)


def cloud(key, title, K, X, axes=("x", "y"), view=VIEW):
    X = X if key == "faithful" else np.round(X, 2)
    return {"key": key, "title": title, "K": K, "X": X.tolist(), "axes": axes, "view": view}


def three_round(rng):
    centres = np.array([[2.4, 4.4], [5.0, 1.6], [7.6, 4.2]])
    return np.vstack([c + 0.55 * rng.standard_normal((40, 2)) for c in centres])


def crossed_cigars(rng):
    angles = np.deg2rad([32, -32])
    axes = np.stack([[np.cos(angles), np.sin(angles)], [-np.sin(angles), np.cos(angles)]])
    long_and_thin = rng.standard_normal((2, 75, 2)) * [1.9, 0.22]
    return np.vstack([[5, 3.1] + z @ axes[:, :, k] for k, z in enumerate(long_and_thin)])


def ring(rng):
    angles, radii = rng.uniform(0, 2 * np.pi, 150), 2.2 + 0.15 * rng.standard_normal(150)
    return [5, 3.1] + radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def unequal(rng):
    large = [4.2, 3.2] + rng.standard_normal((150, 2)) * [1.4, 0.9]
    return np.vstack([large, [8.3, 4.6] + 0.25 * rng.standard_normal((15, 2))])


def add_scripts(app, pagename, templatename, context, doctree):
    """The scripts go to pages with a playground only."""
    if 'class="playground"' in context.get("body", ""):
        for name in SCRIPTS:
            app.add_js_file(f"playground/{name}.js", defer="defer")


def setup(app):
    app.add_directive("playground", Playground)
    app.connect("html-page-context", add_scripts)
    return {"version": "1", "parallel_read_safe": True}
