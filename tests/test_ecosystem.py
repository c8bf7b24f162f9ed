"""At home among other tools: scikit-learn, pandas, pickle, files, threads."""

import contextlib
import copy
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from problems import NAMES, parameters, random_model
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from numpy_ml_gmm import GMM, load_iris, load_old_faithful

X = load_iris().X


# We do not import scikit-learn, so GMM cannot inherit from its base class.
@pytest.mark.filterwarnings("ignore:Estimator GMM does not inherit:UserWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.parametrize("covariance_type", NAMES)
def test_scikit_learns_own_checks_find_nothing(covariance_type):
    results = check_estimator(GMM(covariance_type=covariance_type), on_fail=None)
    assert sum(result["status"] == "passed" for result in results) > 40
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert not failed


def test_clone_pipeline_and_grid_search():
    model = clone(GMM(3, covariance_type="tied", random_state=0))
    assert model.get_params() == GMM(3, covariance_type="tied", random_state=0).get_params()
    labels = make_pipeline(StandardScaler(), GMM(3, random_state=0)).fit_predict(X)
    assert sorted(np.bincount(labels)) == sorted(np.bincount(GMM(3, random_state=0).fit_predict(X)))
    search = GridSearchCV(GMM(random_state=0), {"n_components": [1, 2]}, cv=3)
    assert search.fit(np.random.default_rng(0).permutation(X)).best_params_ == {"n_components": 2}


def test_a_data_frame_is_taken_and_its_names_are_kept():
    frame = pd.DataFrame(X, columns=load_iris().feature_names)
    model = GMM(3, random_state=0).fit(frame)
    assert list(model.feature_names_in_) == list(frame.columns)
    assert (model.predict(frame) == GMM(3, random_state=0).fit(X).predict(X)).all()
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[frame.columns[::-1]])
    assert not hasattr(model.fit(X), "feature_names_in_")


@pytest.mark.parametrize("dtype", [int, np.float16, np.float32, bool])
def test_numbers_of_any_kind_are_taken(dtype):
    data = (X > X.mean(axis=0)).astype(dtype) if dtype is bool else X.astype(dtype)
    model = GMM(1, random_state=0).fit(data)
    np.testing.assert_allclose(model.means_[0], data.astype(float).mean(axis=0), rtol=1e-5)


def test_columns_in_fortran_order_and_lists_are_the_same_data():
    wanted = parameters(GMM(2, random_state=0).fit(X))
    for data in (np.asfortranarray(X), X.tolist(), X[::-1][::-1]):
        for a, b in zip(parameters(GMM(2, random_state=0).fit(data)), wanted, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_predict_the_same(how):
    model = GMM(3, random_state=0).fit(X)
    np.testing.assert_array_equal(how(model).predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_model_comes_back_whole(tmp_path, name):
    frame = pd.DataFrame(X, columns=load_iris().feature_names)
    model = GMM(3, covariance_type=name, random_state=0, means_init=X[[0, 60, 120]]).fit(frame)
    model.save(tmp_path / "model.npz")
    loaded = GMM.load(tmp_path / "model.npz")
    assert vars(loaded).keys() == vars(model).keys()
    for key, value in vars(model).items():
        np.testing.assert_array_equal(getattr(loaded, key), value)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert [p.name for p in tmp_path.iterdir()] == ["model.npz"]


def test_a_failed_save_leaves_the_old_file(tmp_path):
    path = tmp_path / "model.npz"
    GMM(2, random_state=0).fit(X).save(path)
    before = path.read_bytes()
    with pytest.raises(TypeError, match="init_params"):
        GMM(2, init_params=lambda X, K, rng: np.arange(len(X)) % K).fit(X).save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["model.npz"]


LISTS = [
    {"means_init": [X[0], X[149]]},
    {"init_params": list(np.arange(150) % 2)},
    {
        "covariances_init": [np.eye(4)] * 2,
        "weights_init": [np.float32(0.5), 0.5],
        "random_state": 0,
    },
    {"random_state": np.int64(3), "covariance_type": np.str_("diag")},
]


@pytest.mark.parametrize("arguments", LISTS)
def test_lists_of_arrays_and_of_numpys_numbers_are_saved(tmp_path, arguments):
    model = GMM(2, max_iter=2, tol=0, **{"random_state": 0, **arguments}).fit(X)
    model.save(tmp_path / "model.npz")
    loaded = GMM.load(tmp_path / "model.npz")
    for name, value in arguments.items():
        np.testing.assert_array_equal(getattr(loaded, name), value)
    assert loaded.fit(X).history_ == model.history_


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_covariance_that_is_one_number_keeps_its_type(tmp_path, dtype):
    model = GMM(2, covariance_type="EII", random_state=0).fit(X.astype(dtype))
    model.save(tmp_path / "model.npz")
    loaded = GMM.load(tmp_path / "model.npz")
    assert type(loaded.covariances_) is type(model.covariances_)
    assert loaded.covariances_.dtype == dtype and loaded.covariances_ == model.covariances_


def test_a_link_is_followed_and_a_folder_refused(tmp_path):
    model, target, link = GMM(2, random_state=0).fit(X), tmp_path / "target.npz", tmp_path / "link"
    link.symlink_to(target)
    model.save(link)
    assert link.is_symlink() and GMM.load(target).means_.shape == (2, 4)
    for folder in (".", tmp_path):
        with pytest.raises(IsADirectoryError, match="is a folder: name a file in it"):
            model.save(folder)


def test_what_is_not_a_model_is_not_loaded(tmp_path):
    (tmp_path / "text.npz").write_text("hello")
    (tmp_path / "zip.npz").write_bytes(b"PK\x03\x04")
    np.savez(tmp_path / "other.npz", a=np.ones(3))
    np.savez(tmp_path / "pickle.npz", header=np.array([{}], dtype=object))
    for name, header in [("list", "[1]"), ("values", '{"format": 1, "class": "GMM"}')]:
        np.savez(tmp_path / f"{name}.npz", header=np.array(header))
    np.save(tmp_path / "array.npy", X)
    for path in tmp_path.iterdir():
        with pytest.raises(ValueError, match=f"{path.name} is not a model"):
            GMM.load(path)
    with pytest.raises(FileNotFoundError):
        GMM.load(tmp_path / "missing.npz")


def test_a_damaged_model_is_not_loaded(tmp_path):
    path, rng = tmp_path / "model.npz", np.random.default_rng(0)
    GMM(3, random_state=0).fit(X).save(path)
    whole = path.read_bytes()
    for length in np.linspace(1, len(whole) - 1, 40, dtype=int):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="is not a model"):
            GMM.load(path)
    for start in rng.integers(0, len(whole) - 30, size=200):
        path.write_bytes(whole[:start] + rng.bytes(30) + whole[start + 30 :])
        with contextlib.suppress(ValueError):  # some bytes mean nothing
            GMM.load(path)


def test_the_global_random_generator_is_left_alone():
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    GMM(3, random_state=0).fit(X).sample(10)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


def test_seed_zero_is_a_seed():
    a, b = (random_model("full", seed=0).set_params(random_state=0).sample(5)[0] for _ in range(2))
    np.testing.assert_array_equal(a, b)


def test_importing_the_package_imports_no_plotting_and_no_peers():
    code = (
        "import sys, numpy_ml_gmm; "
        "print([m for m in ('matplotlib', 'sklearn', 'pandas') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_importing_the_class_imports_little_of_scipy():
    """The rest of it takes longer to load than the package, and few calls need it."""
    code = (
        "import sys, scipy.linalg, scipy.special; before = {*sys.modules}; "
        "from numpy_ml_gmm import GMM; "
        "parts = {'.'.join(m.split('.')[:2]) for m in {*sys.modules} - before}; "
        "print({m for m in parts if m.startswith('scipy.') and not m.startswith('scipy._')})"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"


def test_data_sets_are_whole():
    assert load_old_faithful().X.shape == (272, 2)
    np.testing.assert_allclose(load_old_faithful().X.mean(axis=0), [3.487783, 70.897059], atol=1e-6)
    np.testing.assert_allclose(X.mean(axis=0), [5.843333, 3.057333, 3.758, 1.199333], atol=1e-6)


def test_a_parameter_that_there_is_not_is_named_and_none_is_set():
    model = GMM(2)
    with pytest.raises(
        ValueError, match=r"Invalid parameter 'k' for estimator GMM: choose from \["
    ):
        model.set_params(n_components=3, k=3)
    assert model.n_components == 2 and not hasattr(model, "k")
