"""Clusters of the cells or spots in an AnnData object, as R's mclust finds them.

Tools for single cells and for spatial data keep a table of cells by genes as an ``AnnData``, with
names for what belongs to it:

============ ============================ ==========================================
place        what is read or written      shape
============ ============================ ==========================================
``obsm``     the representation, read     (N, D)
``obs``      the cluster of each cell     (N,)
``obsm``     responsibilities             (N, K), with noise (N, K + 1)
``uns``      parameters and criteria      by name
============ ============================ ==========================================

Whatever has these attributes will do.  The package anndata is not imported.

Source: Virshup, Rybakov, Theis, Angerer & Wolf (2024), *anndata: access and store annotated data
matrices*, Journal of Open Source Software 9(101), 4371; Scrucca, Fop, Murphy & Raftery (2016).
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from .gmm import GMM
from .selection import select


def cluster_anndata(
    adata: Any,
    use_rep: str = "X_pca",
    n_components: int | Iterable[int] = range(1, 10),
    key_added: str = "mclust",
    *,
    covariance_type: str = "EEE",
    random_state: Any = 0,
    copy: bool = False,
    **params: Any,
) -> Any:
    """Fit a mixture to a representation of the cells, and write their clusters into ``adata``.

    Parameters
    ----------
    adata : AnnData
    use_rep : str
        The key in ``adata.obsm`` of what is clustered, or ``"X"`` for ``adata.X``.
    n_components : int, or several
        How many clusters.  Of several numbers :func:`~numpy_ml_gmm.selection.select` takes that
        with the best BIC.  The default is that of ``Mclust``.
    key_added : str
        Where the result is written.
    covariance_type : str
        ``"EEE"``, one covariance for all clusters, is what the tools that call mclust ask for.
    random_state : int, numpy.random.Generator or None
    copy : bool
        Whether to leave ``adata`` as it is, and return a copy with the result.
    **params
        Other arguments of :class:`~numpy_ml_gmm.GMM`, or of ``select``, such as ``noise=True``.

    Returns
    -------
    AnnData or None
        None, unless ``copy``.  These are set:

        ``adata.obs[key_added]``
            Categorical, "0" to "K - 1": the most probable cluster; "-1" is noise.
        ``adata.obsm[f"{key_added}_proba"]``
            Responsibilities (N, K); with noise (N, K + 1).
        ``adata.uns[key_added]``
            ``params``, ``weights``, ``means``, ``covariances``, ``log_likelihood`` and ``bic``.

    Raises
    ------
    KeyError
        If there is no such representation.
    ValueError, TypeError
        If it or the arguments do not fit.  ``adata`` is then what it was.

    Examples
    --------
    Anything with these attributes can take the place of an AnnData:

    >>> from types import SimpleNamespace
    >>> import pandas as pd
    >>> from numpy_ml_gmm import load_iris
    >>> flowers = SimpleNamespace(obs=pd.DataFrame(), obsm={"X_pca": load_iris().X}, uns={})
    >>> cluster_anndata(flowers, n_components=3)
    >>> flowers.obs["mclust"].value_counts(sort=False).to_dict()
    {'0': 50, '1': 49, '2': 51}
    """
    import pandas as pd

    X = representation(adata, use_rep)
    params |= {"random_state": random_state}
    if isinstance(n_components, Iterable):
        model = select(X, list(n_components), covariance_type, **params).best
    else:
        model = GMM(n_components, covariance_type=covariance_type, **params).fit(X)
    labels, r = np.asarray(model.predict(X)), np.asarray(model.predict_proba(X))  # Dask's, perhaps
    bic, names = model.bic(X), [str(k) for k in range(-bool(model.noise), model.n_components)]
    adata = adata.copy() if copy else adata
    adata.obs[key_added] = pd.Categorical(labels.astype(str), categories=names)
    adata.obsm[f"{key_added}_proba"] = r
    adata.uns[key_added] = {
        "params": {"use_rep": use_rep, **plain(model.get_params())},
        "weights": model.weights_,
        "means": model.means_,
        "covariances": model.covariances_,
        "log_likelihood": model.log_likelihood_,
        "bic": bic,
    }
    return adata if copy else None


def plain(params: dict[str, Any]) -> dict[str, Any]:
    """Those arguments that any file format can hold."""
    return {name: v for name, v in params.items() if isinstance(v, bool | int | float | str)}


def representation(adata: Any, use_rep: str) -> Any:
    """The table (N, D) of that name, dense.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> representation(SimpleNamespace(obsm={"X_pca": [[1.0], [2.0]]}), "X_pca")
    [[1.0], [2.0]]
    """
    if use_rep != "X" and use_rep not in adata.obsm:
        known = ", ".join(map(repr, adata.obsm)) or "nothing"
        raise KeyError(
            f"use_rep={use_rep!r} is not in adata.obsm, which has {known}: choose one of these, or "
            "'X', or make it first, such as with scanpy.pp.pca(adata)"
        )
    X = adata.X if use_rep == "X" else adata.obsm[use_rep]
    return X.toarray() if hasattr(X, "toarray") else X
