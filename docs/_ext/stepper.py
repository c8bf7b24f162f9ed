"""``{stepper}``: the EM stepper, an interactive figure fed by the real class at build time.

The page holds the frames as JSON and a place for the figure.  ``_static/stepper``
holds the script that draws it.
"""

import json
from pathlib import Path

import stepper_runs
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

PLACE = """<div class="stepper" role="group" aria-label="EM stepper">
<noscript><p>The stepper needs JavaScript. The pictures further down show the same
steps.</p></noscript>
<script type="application/json">{data}</script>
</div>"""


class Stepper(SphinxDirective):
    """Run EM, and write its frames into the page."""

    def run(self):
        self.env.note_dependency(str(Path(stepper_runs.__file__)))
        runs = [stepper_runs.collect(run()) for run in stepper_runs.RUNS]
        data = json.dumps(runs, separators=(",", ":")).replace("<", "\\u003c")
        return [nodes.raw("", PLACE.format(data=data), format="html")]


def setup(app):
    app.add_directive("stepper", Stepper)
    app.add_js_file("stepper/stepper.js", defer="defer")
    return {"version": "1", "parallel_read_safe": True}
