"""Clips that belong together, by group or audio key: they are never split between learning and testing."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.clips import Clips
from mxt.core.columns import Column
from mxt.evaluation.tasks import Targets

Codes = npt.NDArray[np.int64]


def codes(values: Sequence[Hashable]) -> Codes:
    """Number values by first appearance; ``None`` is a value of its own each time.

    Returns
    -------
    int64 [n]

    Examples
    --------
    >>> codes(["b", "a", None, "b", None]).tolist()
    [0, 1, 2, 0, 3]
    """
    column = Column.of(values)
    return numbered(column.codes, column.where(lambda value: value is not None))


def key_codes(clips: Clips) -> Codes:
    """Number clips by their audio, by first appearance; a clip that cannot be used has its own each time.

    Returns
    -------
    int64 [n]
    """
    # hashes: the first eight bytes tell them apart, but for what is no hash
    _, first, number = np.unique(
        np.ascontiguousarray(clips.keys[:, :8]).view("<u8")[:, 0], return_index=True, return_inverse=True
    )
    if (clips.keys[first[number]] != clips.keys).any():
        number = np.unique(clips.keys, axis=0, return_inverse=True)[1].ravel()
    return numbered(number, clips.usable)


def units(*memberships: Codes) -> Codes:
    """Units that must stay whole: clips connected through any of the memberships.

    Parameters
    ----------
    *memberships : int64 [n]
        Group and key of each clip, as `codes` gives them.

    Returns
    -------
    int64 [n]
        Number of each clip's unit, by first appearance.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n = len(memberships[0])
    ends, offset = [], n
    for membership in memberships:
        ends.append(membership + offset)
        offset += int(membership.max(initial=-1)) + 1
    rows = np.tile(np.arange(n), len(memberships))
    edges = coo_matrix(
        (np.ones(len(rows), dtype=np.int8), (rows, np.concatenate(ends))), shape=(offset, offset)
    )
    _, labels = connected_components(edges, directed=False)
    return numbered(labels[:n])


def numbered(numbers: npt.NDArray[Any], shared: npt.NDArray[np.bool_] | None = None) -> Codes:
    """Numbers by first appearance; those that are not `shared` are different each time."""
    if shared is not None and not shared.all():
        numbers = np.where(shared, numbers, numbers.max(initial=0) + 1 + np.arange(len(numbers)))
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.asarray(rank[inverse], dtype=np.int64)


def conflicting(keys: Codes, targets: Targets) -> npt.NDArray[np.bool_]:
    """Clips whose audio is also there under another label.

    Returns
    -------
    bool [n]
    """
    y = targets.y if targets.y.ndim == 2 else targets.y[:, None]
    n_keys = int(keys.max(initial=-1)) + 1
    first = np.full(n_keys, -1, dtype=np.int64)
    first[keys[::-1]] = np.arange(len(keys))[::-1]
    differs = (y != y[first[keys]]).any(axis=1)
    bad = np.zeros(n_keys, dtype=bool)
    bad[keys[differs]] = True
    return np.asarray(bad[keys])


def count_units(membership: npt.NDArray[np.bool_], unit_of: Codes) -> Codes:
    """In how many units each class or label occurs.

    Parameters
    ----------
    membership : bool [n, classes]
        As `Targets.membership` gives it.
    unit_of : int64 [n]

    Returns
    -------
    int64 [classes]
    """
    return np.array([len(np.unique(unit_of[column])) for column in membership.T], dtype=np.int64)


def straddling(groups: Codes, parts: npt.NDArray[Any]) -> Codes:
    """Groups that lie in more than one part, as their codes."""
    pairs = np.unique(np.stack([groups, parts.astype(np.int64)], axis=1), axis=0)
    found, counts = np.unique(pairs[:, 0], return_counts=True)
    return np.asarray(found[counts > 1], dtype=np.int64)
