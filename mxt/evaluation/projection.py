"""Clips on a plane: features projected to two dimensions, for maps."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Method = Literal["pca", "tsne"]
METHODS: dict[Method, str] = {"pca": "PCA", "tsne": "t-SNE"}  # as people call them
PERPLEXITY, COMPONENTS = 30.0, 50
FEWEST = 8  # rows from which t-SNE is asked; fewer have hardly any neighbours


def project(X: npt.NDArray[Any], method: Method, seed: int) -> npt.NDArray[np.float64]:
    """Two coordinates for each row, after standardising every column.

    Parameters
    ----------
    X : float [n, d]
        Finite features, one row per clip. Constant columns count for nothing.
    method : {"pca", "tsne"}
        Principal components keep large distances, t-SNE keeps neighbours. t-SNE works on the first
        `COMPONENTS` principal components and starts from the first two; fewer than `FEWEST` rows, or rows
        that are all equal, are projected by PCA instead.
    seed : int
        Of the random draws; the same seed gives the same coordinates.

    Returns
    -------
    float64 [n, 2]
        A dimension that the rows do not have is zero.

    References
    ----------
    L. van der Maaten and G. Hinton, Journal of Machine Learning Research 9 (2008); carried out by
    scikit-learn.

    Examples
    --------
    >>> project(np.array([[0.0, 1.0], [2.0, 1.0]]), "pca", 0).round(3).tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from sklearn.preprocessing import StandardScaler

    scaled = StandardScaler().fit_transform(np.asarray(X, dtype=np.float64)) if len(X) > 1 else np.zeros(1)
    if not scaled.any():
        return np.zeros((len(X), 2))
    components = PCA(min(COMPONENTS, *scaled.shape), random_state=seed).fit_transform(scaled)
    if method == "pca" or len(X) < FEWEST:
        plane = components[:, :2]
        return np.asarray(np.pad(plane, [(0, 0), (0, 2 - plane.shape[1])]))
    perplexity = min(PERPLEXITY, (len(X) - 1) / 3)
    start = "pca" if components.shape[1] > 1 else "random"
    embedding = TSNE(2, perplexity=perplexity, init=start, random_state=seed).fit_transform(components)
    return np.asarray(embedding, dtype=np.float64)
