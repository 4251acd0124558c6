"""Cut clips into folds: units whole, classes spread evenly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mxt.evaluation.groups import Codes

Membership = npt.NDArray[np.bool_]


def assign_folds(
    unit_of: Codes, membership: Membership, n_folds: int, *, seed: int, shuffle: bool = True
) -> Codes:
    """A fold for each clip.

    Units of several clips (or labels) go, the most telling first, where their classes are rarest so
    far; clips that stand alone then level the classes. Deterministic for a seed.

    Parameters
    ----------
    unit_of : int64 [n]
        Clips of one unit share a fold.
    membership : bool [n, classes]
        What is balanced.
    n_folds : int
        Number of folds.
    seed : int
        Of the drawing.
    shuffle : bool
        False: clips that stand alone are cut in their order, per class, as scikit-learn's unshuffled
        ``StratifiedKFold`` did before 0.22.

    Returns
    -------
    int64 [n]
        0 to ``n_folds - 1``.
    """
    rng = np.random.default_rng(seed)
    first, inverse, size = np.unique(unit_of, return_index=True, return_inverse=True, return_counts=True)[1:]
    content = _content(membership, inverse, len(first))
    single = (size == 1) & (membership[first].sum(axis=1) == 1)
    fold_of_unit = np.full(len(first), -1, dtype=np.int64)
    counts = np.zeros((n_folds, content.shape[1]))
    _place_large(np.flatnonzero(~single), content, fold_of_unit, counts, rng)
    classes = membership.argmax(axis=1)[first]
    for one in np.unique(classes[single]):
        members = np.flatnonzero(single & (classes == one))
        members = rng.permutation(members) if shuffle else members[np.argsort(first[members])]
        _level(members, one, fold_of_unit, counts, rng if shuffle else None)
    return np.asarray(fold_of_unit[inverse], dtype=np.int64)


def stratified(rows: Codes, unit_of: Codes, membership: Membership, most: int, seed: int) -> Codes:
    """The rows, or where they are more than `most` a part of them with all classes, units whole."""
    parts = -(-len(rows) // most)
    if parts == 1:
        return rows
    return np.asarray(rows[assign_folds(unit_of[rows], membership[rows], parts, seed=seed) == 0])


def _content(membership: Membership, inverse: Codes, n_units: int) -> npt.NDArray[np.float64]:
    """Clips of each class in each unit, and all its clips in the last column: [units, classes + 1]."""
    from scipy.sparse import csr_matrix

    n = len(inverse)
    gather = csr_matrix((np.ones(n), (inverse, np.arange(n))), shape=(n_units, n))
    return np.asarray(gather @ np.column_stack([membership, np.ones(n)]))


def _place_large(
    large: Codes,
    content: npt.NDArray[np.float64],
    fold_of_unit: Codes,
    counts: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> None:
    """Greedy: the fold in which sum over classes of (share of the class)^2 grows least."""
    total = np.maximum(content.sum(axis=0), 1)
    large = rng.permutation(large)
    large = large[np.argsort(-(content[large] / total).max(axis=1, initial=0), kind="stable")]
    for unit in large:
        growth = counts @ (content[unit] / total**2)
        fold = np.lexsort((counts[:, -1], growth.round(12)))[0]
        fold_of_unit[unit] = fold
        counts[fold] += content[unit]


def _level(
    members: Codes,
    column: int,
    fold_of_unit: Codes,
    counts: npt.NDArray[np.float64],
    rng: np.random.Generator | None,
) -> None:
    """Distribute single clips of one class so that all folds hold as many of it; smaller folds come first."""
    n_folds, n = len(counts), len(members)
    tie = (
        np.arange(n_folds) if rng is None else np.lexsort((rng.permutation(n_folds), counts[:, -1])).argsort()
    )
    most = n if np.ptp(counts[:, column]) else -(-n // n_folds)
    folds = np.repeat(np.arange(n_folds), most)
    height = counts[folds, column] + np.tile(np.arange(most), n_folds)
    quota = np.bincount(folds[np.lexsort((tie[folds], height))[:n]], minlength=n_folds)
    fold_of_unit[members] = np.repeat(np.arange(n_folds), quota)
    counts[:, column] += quota
    counts[:, -1] += quota
