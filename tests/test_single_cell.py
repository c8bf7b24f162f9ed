"""Clusters written into an AnnData, or whatever has its attributes."""

import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from numpy_ml_gmm import GMM, cluster_anndata, load_old_faithful, select

X = load_old_faithful().X
NAMES = [f"cell {n}" for n in range(len(X))]


class Duck(SimpleNamespace):
    """obs, obsm, uns, X and copy, as an AnnData has them."""

    def copy(self):
        return Duck(X=self.X, obs=self.obs.copy(), obsm=dict(self.obsm), uns=dict(self.uns))


@pytest.fixture(params=["duck", "anndata"])
def adata(request):
    """Cells with two representations; the real AnnData only where it is installed."""
    obs, obsm = pd.DataFrame(index=NAMES), {"X_pca": X.astype(np.float32), "emb": X}
    if request.param == "duck":
        return Duck(X=csr_array(X), obs=obs, obsm=obsm, uns={})
    anndata = pytest.importorskip("anndata", reason="install '.[anndata]' to try the real one")
    return anndata.AnnData(X=csr_array(X).copy(), obs=obs, obsm=obsm)


def test_labels_and_responsibilities_are_those_of_the_model(adata):
    assert cluster_anndata(adata, "emb", 2) is None
    model = GMM(2, covariance_type="EEE", random_state=0).fit(X)
    column = adata.obs["mclust"]
    assert list(column.cat.categories) == ["0", "1"] and list(column.index) == NAMES
    np.testing.assert_array_equal(column.astype(int), model.predict(X))
    np.testing.assert_array_equal(adata.obsm["mclust_proba"], model.predict_proba(X))
    found = adata.uns["mclust"]
    again = GMM.from_parameters(
        found["weights"], found["means"], found["covariances"], covariance_type="EEE"
    )
    assert again.bic(X) == pytest.approx(found["bic"])
    assert found["params"]["use_rep"] == "emb" and found["params"]["covariance_type"] == "EEE"


def test_a_copy_leaves_the_original_alone(adata):
    copy = cluster_anndata(adata, "emb", 2, "clusters", copy=True)
    assert "clusters" in copy.obs and "clusters_proba" in copy.obsm and "clusters" in copy.uns
    assert "clusters" not in adata.obs and not adata.uns and set(adata.obsm) == {"X_pca", "emb"}


def test_a_representation_in_chunks_gives_the_same_clusters():
    da = pytest.importorskip("dask.array")
    here, there = (
        Duck(obs=pd.DataFrame(index=NAMES), obsm={"X_pca": of}, uns={})
        for of in (X, da.from_array(X, chunks=(100, 2)))
    )
    for adata in (here, there):
        cluster_anndata(adata, n_components=2)
    assert (here.obs["mclust"] == there.obs["mclust"]).all()
    np.testing.assert_allclose(
        there.obsm["mclust_proba"], here.obsm["mclust_proba"], rtol=1e-6, atol=1e-12
    )


def test_noise_is_a_category_of_its_own(adata):
    adata.obsm["emb"] = np.where(np.arange(len(X))[:, None] < 3, [[50.0, 300.0]], X)
    cluster_anndata(adata, "emb", 2, noise=True)
    assert list(adata.obs["mclust"].cat.categories) == ["-1", "0", "1"]
    assert (adata.obs["mclust"].iloc[:3] == "-1").all()
    assert adata.obsm["mclust_proba"].shape == (len(X), 3)


def test_of_several_numbers_the_best_bic_is_taken(adata):
    cluster_anndata(adata, "emb", range(1, 5))
    best = select(X, range(1, 5), "EEE").best
    assert adata.uns["mclust"]["params"]["n_components"] == best.n_components == 3
    np.testing.assert_array_equal(adata.obs["mclust"].astype(int), best.predict(X))


def test_x_itself_may_be_sparse_and_single_precision_is_taken(adata):
    for rep in "X", "X_pca":
        cluster_anndata(adata, rep, 2, rep)
    assert (adata.obs["X"].astype(int) == adata.obs["X_pca"].astype(int)).mean() > 0.99


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        ({"use_rep": "X_umap"}, KeyError, r"use_rep='X_umap'.* 'X_pca', 'emb'.*scanpy"),
        ({"n_components": 0}, ValueError, "n_components=0"),
        ({"covariance_type": "round", "n_components": 2}, ValueError, "round"),
        ({"n_components": 2, "colour": 3}, TypeError, "colour"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_written(adata, call, error, message):
    with pytest.raises(error, match=message):
        cluster_anndata(adata, **call)
    assert not len(adata.obs.columns) and not adata.uns and "mclust_proba" not in adata.obsm


def test_a_result_goes_to_a_file_and_back(adata, tmp_path):
    if isinstance(adata, Duck):
        return
    cluster_anndata(adata, "emb", 2)
    adata.write_h5ad(tmp_path / "cells.h5ad")
    back = sys.modules["anndata"].read_h5ad(tmp_path / "cells.h5ad")
    np.testing.assert_array_equal(back.obs["mclust"], adata.obs["mclust"])
    np.testing.assert_array_equal(back.uns["mclust"]["means"], adata.uns["mclust"]["means"])
    assert back.uns["mclust"]["params"]["use_rep"] == "emb"


def test_nothing_else_is_imported():
    """anndata is the caller's; the package asks only for the attributes."""
    import subprocess

    code = "import sys, numpy_ml_gmm; print({'anndata', 'pandas'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"
