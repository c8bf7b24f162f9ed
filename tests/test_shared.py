"""Errors and warnings that are scikit-learn's as well, wherever scikit-learn is loaded."""

import copy
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest
import sklearn.exceptions

import numpy_ml_gmm
from numpy_ml_gmm import GMM, BayesianGMM, GMMClassifier, GMMRegressor, load_iris
from numpy_ml_gmm.classify import DataConversionWarning
from numpy_ml_gmm.validation import known_to_sklearn

SHARED = numpy_ml_gmm.NotFittedError, numpy_ml_gmm.ConvergenceWarning, DataConversionWarning
X = load_iris().X


@pytest.mark.parametrize("ours", SHARED)
def test_it_is_of_both_classes_and_so_are_its_copies(ours):
    theirs = getattr(sklearn.exceptions, ours.__name__)
    first = known_to_sklearn(ours)("why")
    first.place = 3
    alone = ours("why")  # as a program without scikit-learn makes it
    alone.place = 3
    for error in (first, alone):
        for again in (copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
            assert isinstance(again, ours) and isinstance(again, theirs)
            assert again.args == ("why",) and again.place == 3
            assert type(again).__name__ == ours.__name__


@pytest.mark.parametrize("cls", [GMM, BayesianGMM, GMMClassifier, GMMRegressor])
def test_either_name_catches_it(cls):
    for kind in (sklearn.exceptions.NotFittedError, numpy_ml_gmm.NotFittedError, AttributeError):
        with pytest.raises(kind, match="is not fitted yet"):
            cls(2 if cls in (GMM, BayesianGMM) else "EDDA").predict(X)


@pytest.mark.parametrize("theirs", [False, True])
def test_either_filter_finds_the_warning(theirs):
    kind = sklearn.exceptions.ConvergenceWarning if theirs else numpy_ml_gmm.ConvergenceWarning
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", kind)  # others are errors
        GMM(3, max_iter=1, random_state=0).fit(X)


def run(code, stdin=None):
    return subprocess.run(
        [sys.executable, "-c", code], input=stdin, capture_output=True, check=True
    ).stdout


def test_a_pickle_is_read_by_programs_with_and_without_scikit_learn():
    raised = "from numpy_ml_gmm import GMM\ntry: GMM(2).predict([[0]])\nexcept ValueError as e:"
    dumped = f"import pickle, sys\n{raised} sys.stdout.buffer.write(pickle.dumps(e))"
    read = (
        "import pickle, sys; e = pickle.loads(sys.stdin.buffer.read());"
        "print(type(e).__mro__[1].__module__, 'sklearn' in sys.modules)"
    )
    for loaded in ("", "import sklearn.exceptions\n"):
        held = run(loaded + dumped)
        assert run(read, held).split() == [b"numpy_ml_gmm.validation", b"False"]
        error = pickle.loads(held)
        assert isinstance(error, sklearn.exceptions.NotFittedError) and np.size(error.args) == 1
