"""The lowest versions that setup.cfg allows, for pip: ``>= 1.26`` becomes ``== 1.26``.

.. code-block:: sh

    python .ci/lowest.py test > constraints.txt    # of the package and of its extra "test"
"""

import configparser
import re
import sys
from pathlib import Path


def lowest(extras):
    """A line for each requirement, of the package itself and of some extras."""
    config = configparser.ConfigParser()
    config.read(Path(__file__).parents[1] / "setup.cfg")
    lists = [config["options"]["install_requires"]]
    lists += [config["options.extras_require"][extra] for extra in extras]
    for requirement in "\n".join(lists).split("\n"):
        if requirement.strip():
            bounds = re.fullmatch(r"([\w-]+)(?:\[.*\])? *>= *([\w.]+)", requirement.strip())
            if bounds is None:
                raise SystemExit(f"{requirement!r} has no lower bound: write name >= version")
            yield f"{bounds[1]}=={bounds[2]}"


if __name__ == "__main__":
    print("\n".join(dict.fromkeys(lowest(sys.argv[1:]))))
