"""Links to NumPy's and matplotlib's pages, from a list in this folder instead of the network.

``objects.txt`` holds one line for each object: project, kind, name, page.  It is
written as an inventory before intersphinx reads one.
"""

import zlib
from pathlib import Path

LIST = Path(__file__).with_name("objects.txt")
SITES = {
    "numpy": "https://numpy.org/doc/stable/",
    "matplotlib": "https://matplotlib.org/stable/",
    "python": "https://docs.python.org/3/",
}


def write_inventories(app, config):
    """One inventory for each project, in the build folder."""
    rows = [line.split() for line in LIST.read_text().splitlines() if line]
    folder = Path(app.doctreedir)
    folder.mkdir(parents=True, exist_ok=True)
    for project, site in SITES.items():
        path = folder / f"{project}.inv"
        path.write_bytes(inventory(project, [row[1:] for row in rows if row[0] == project]))
        config.intersphinx_mapping[project] = (site, str(path))


def inventory(project, rows):
    """The bytes of an inventory, version 2."""
    head = f"# Sphinx inventory version 2\n# Project: {project}\n# Version: \n"
    head += "# The remainder of this file is compressed using zlib.\n"
    lines = [f"{name} {kind} 1 {page} -\n" for kind, name, page in rows]
    return head.encode() + zlib.compress("".join(lines).encode())


def setup(app):
    app.connect("config-inited", write_inventories, priority=1)
    return {"version": "1", "parallel_read_safe": True}
