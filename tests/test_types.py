"""What users call says what it takes and what it gives; ``mypy`` (setup.cfg) holds it to that."""

import inspect
import re

import pytest
import typed_use
from test_docs import extensions, public_objects  # noqa: F401  a fixture

import numpy_ml_gmm

RETURNS_TWO_KINDS = "GMM.regress", "BayesianGMM.regress", "GMMRegressor.predict"  # overloads


def functions():
    """Public functions, methods and properties by their dotted names."""
    found = {name: f for name, f in public_objects().items() if inspect.isroutine(f)}
    for owner in numpy_ml_gmm.__all__:
        for name, value in inspect.getmembers(getattr(numpy_ml_gmm, owner)):
            if type(value) is property and not name.startswith("_"):
                found[f"{owner}.{name}"] = value.fget
    return found


def test_every_public_signature_has_types(extensions):  # noqa: F811
    bare = []
    for name, function in functions().items():
        signature = inspect.signature(function)
        given = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
        types = [signature.return_annotation, *(p.annotation for p in given)]
        if inspect.Parameter.empty in types and name not in RETURNS_TWO_KINDS:
            bare.append(name)
    assert not bare


@pytest.mark.parametrize("name", ["GMM", "BayesianGMM", "GMMRegressor", "GMMClassifier"])
def test_every_attribute_of_a_fit_has_a_type(name):
    cls = getattr(numpy_ml_gmm, name)
    known = {name for owner in cls.__mro__ for name in vars(owner).get("__annotations__", {})}
    known |= {name for name, value in inspect.getmembers(cls) if isinstance(value, property)}
    told = " ".join(re.findall(r"^    (\w+_(?:, \w+_)*)(?: :|$)", cls.__doc__, re.MULTILINE))
    wanted = set(re.findall(r"\w+_", told))
    assert wanted and wanted <= known


def test_code_that_type_checks_runs_too(capsys):
    assert typed_use.right().shape == (150,)
