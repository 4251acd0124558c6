"""Clips worth labelling next: those that a head is least sure of, spread over all that it is unsure of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.evaluation.tasks import Targets

TIMES = 10  # so many times more clips than are asked for are looked at, the least certain ones
INNER_FOLDS = 3  # in which parameters are chosen

Array = npt.NDArray[np.float64]


def probabilities(
    make: Callable[[], Any],
    grid: Mapping[str, list[Any]] | Sequence[Mapping[str, list[Any]]],
    learn: tuple[npt.NDArray[Any], Targets],
    X: npt.NDArray[Any],
) -> Array:
    """Probabilities of classes, or of labels, by a head that learns from all labelled clips.

    Parameters
    ----------
    make : callable
        Gives a fresh estimator with ``predict_proba``.
    grid : mapping, or sequence of mapping
        Its parameters to choose from, where every class has clips enough.
    learn : (float [m, d], Targets)
        Labelled clips: of several classes, or with several labels.
    X : float [n, d]
        Clips without a label.

    Returns
    -------
    float64 [n, classes]
    """
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    A, targets = learn
    y = targets.y.astype(np.int64)
    estimator = Pipeline([("scale", StandardScaler()), ("head", make())])
    folds = min(INNER_FOLDS, int(np.bincount(y).min()) if y.ndim == 1 else len(y))
    if folds > 1 and grid:
        grids = [grid] if isinstance(grid, Mapping) else list(grid)
        named = [{f"head__{name}": values for name, values in one.items()} for one in grids]
        estimator = GridSearchCV(estimator, named, cv=folds)
    return np.asarray(estimator.fit(A, y).predict_proba(X), np.float64)


def margins(p: npt.NDArray[Any], *, multilabel: bool) -> Array:
    """How sure a row of probabilities is, 0 (not at all) to 1, float64 [n].

    The difference of the two likeliest classes; of several labels, twice the smallest distance from one half.

    Examples
    --------
    >>> margins(np.array([[0.5, 0.3, 0.2], [0.9, 0.1, 0.0]]), multilabel=False).round(6).tolist()
    [0.2, 0.8]
    """
    if multilabel:
        return np.asarray(2 * np.abs(p - 0.5).min(axis=1), np.float64)
    highest = np.sort(p, axis=1)[:, -2:]
    return np.asarray(highest[:, 1] - highest[:, 0], np.float64)


def spread(X: npt.NDArray[Any], margin: Array, count: int, *, seed: int) -> npt.NDArray[np.int64]:
    """Rows of small margin that are unlike one another, the smallest margin first.

    The `TIMES` times `count` rows of the smallest margins are joined to `count` clusters, and the row with
    the smallest margin is taken from each.

    Parameters
    ----------
    X : float [n, d]
    margin : float [n]
    count : int
    seed : int
        Of the clusters.

    References
    ----------
    F. Zhdanov, Diverse mini-batch Active Learning, 2019, arXiv:1901.05954

    Examples
    --------
    >>> X = np.array([[0.0], [0.1], [5.0], [5.1], [9.0]])
    >>> spread(X, np.array([0.1, 0.2, 0.4, 0.3, 0.9]), 2, seed=0).tolist()
    [0, 3]
    """
    from sklearn.cluster import KMeans
    from sklearn.preprocessing import StandardScaler

    rows = np.argsort(margin, kind="stable")[: TIMES * count]
    if len(rows) <= count:
        return rows
    Z = StandardScaler().fit_transform(np.asarray(X[rows], np.float64))
    number = min(count, len(np.unique(Z, axis=0)))
    cluster = KMeans(number, n_init=3, random_state=seed).fit_predict(Z)
    _, firsts = np.unique(cluster, return_index=True)  # rows are sorted: the first has the smallest margin
    chosen = set(firsts.tolist())
    chosen |= set([i for i in range(len(rows)) if i not in chosen][: count - len(chosen)])  # of equal rows
    return np.asarray(rows[sorted(chosen)], np.int64)
