"""What is written down in several places agrees, and the source archive holds what is tracked.

``bash .ci/sdist`` builds, unpacks, installs and tests that archive; ``bash .ci/lowest`` runs the
tests with the lowest versions.
"""

import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import numpy_ml_gmm

ROOT = Path(__file__).parents[1]
SETTINGS = configparser.ConfigParser()
SETTINGS.read(ROOT / "setup.cfg")


def test_the_citation_is_of_this_version_and_has_a_date():
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\nversion: {numpy_ml_gmm.__version__}\n" in citation
    assert re.search(r"^date-released: \d{4}-\d\d-\d\d$", citation, re.MULTILINE)


def test_every_place_names_the_same_versions_of_python():
    listed = re.findall(r"Python :: (3\.\d+)$", SETTINGS["metadata"]["classifiers"], re.MULTILINE)
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    [matrix] = re.findall(r"python-version: \[(.*)\]", workflow)
    assert re.findall(r"3\.\d+", matrix) == listed
    lowest = listed[0]
    assert SETTINGS["options"]["python_requires"] == f">={lowest}"
    assert f"Python {lowest} or later" in (ROOT / "README.md").read_text("utf-8")
    target = f'target-version = "py{lowest.replace(".", "")}"'
    assert target in (ROOT / "pyproject.toml").read_text("utf-8")


def test_every_package_of_the_code_is_installed():
    folders = {path.parent for path in (ROOT / "numpy_ml_gmm").rglob("*.py")}
    names = {".".join(folder.relative_to(ROOT).parts) for folder in folders}
    names.add("numpy_ml_gmm.tutorials")  # notebooks, from the folder that package_dir names
    assert names == set(SETTINGS["options"]["packages"].split())


def test_the_lowest_versions_are_the_lower_bounds():
    command = [sys.executable, ROOT / ".ci" / "lowest.py", "test"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    bounds = SETTINGS["options"]["install_requires"] + SETTINGS["options.extras_require"]["test"]
    required = [Requirement(line) for line in bounds.strip().splitlines()]
    assert lines == [f"{r.name}{r.specifier}".replace(">=", "==") for r in required]


def test_the_list_of_the_source_archive_names_every_folder_and_file_at_the_top():
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT)
    if tracked.returncode:
        pytest.skip("no git checkout: what is tracked is not known")
    top = {line.split("/")[0] for line in tracked.stdout.splitlines()}
    listed = (ROOT / ".ci" / "MANIFEST.in").read_text("utf-8").split()
    assert top - set(listed) == {"pyproject.toml", "setup.cfg"}  # which setuptools adds
