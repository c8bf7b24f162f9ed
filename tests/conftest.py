"""What several test files share: the documentation, built once."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[1]
NEEDED = "sphinx", "furo", "myst_nb", "sphinx_copybutton", "numpydoc", "sklearn"


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The documentation as a reader gets it: ``folder``, and the build's ``code`` and ``log``.

    Where it has been built just now, SITE says where: a build takes minutes.
    """
    if built := os.environ.get("SITE"):
        return SimpleNamespace(folder=Path(built), code=0, log="")
    for name in NEEDED:
        pytest.importorskip(name, reason=f"building the docs needs {name}: install '.[docs]'")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", "-b", "html"]
    run = subprocess.run(
        [*command, ROOT / "docs", folder], capture_output=True, text=True, cwd=ROOT
    )
    return SimpleNamespace(folder=folder, code=run.returncode, log=run.stderr)
