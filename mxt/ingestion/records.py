"""What an ingest, a derivation and an import found, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from mxt.core.records import DatasetRecord
from mxt.ingestion.changes import FIRST, Changes
from mxt.ingestion.summary import Summary


@dataclass(frozen=True, slots=True)
class Ingested:
    """One data set that was ingested.

    Parameters
    ----------
    name, root, loader, why : str
        The data set, its folder, the loader, and why this one.
    params : mapping
        The loader's parameters.
    summary : Summary
        The data set in figures.
    changes : Changes
        What differs from the ingest before.
    read : int
        Files opened now; the others were known.
    seconds : float
        Time it took.
    dry_run : bool
        True: nothing was opened or written.
    views : tuple of str
        Features that came with it; empty where they are to be computed from audio.
    """

    name: str
    root: str
    loader: str
    why: str
    params: Mapping[str, Any]
    summary: Summary
    changes: Changes
    read: int = 0
    seconds: float = 0.0
    dry_run: bool = False
    views: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, record: DatasetRecord, why: str, summary: Summary, changes: Changes = FIRST, **more: Any
    ) -> Self:
        """The data set as it was catalogued; `more` are further fields."""
        return cls(record.name, record.root, record.loader, why, record.params, summary, changes, **more)


@dataclass(frozen=True, slots=True)
class Derived:
    """One data set that was derived.

    Parameters
    ----------
    name, parent, how : str
        The data set, the one it comes from, and the derivation as it is typed.
    summary : Summary
        The data set in figures.
    changes : Changes
        What differs from the time before.
    views : tuple of str
        Features that are there already; empty where they are to be computed.
    """

    name: str
    parent: str
    how: str
    summary: Summary
    changes: Changes
    views: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """Features that were imported.

    Parameters
    ----------
    dataset, label, fingerprint : str
        The data set whose clips they are, and the feature table.
    file : str
        Where they came from.
    rows : int
        Rows of the file.
    clips, used : int
        Usable clips of the data set, and those that have features now.
    written : int
        Rows stored now; the others were there.
    layers : mapping
        Layer to its columns.
    matched : mapping
        ``path``, ``name``, ``stem`` or ``order`` to the rows that were matched so.
    unknown, ambiguous, repeated : tuple of str
        Ids of rows that belong to no usable clip, that may belong to several, and that repeat an earlier row.
    not_finite, missing : tuple of str
        Clips whose numbers are not finite, and clips without a row.
    passed_over : tuple of str
        Columns or arrays that were not taken for features.
    """

    dataset: str
    label: str
    fingerprint: str
    file: str
    rows: int
    clips: int
    used: int
    written: int
    layers: Mapping[str, int]
    matched: Mapping[str, int]
    unknown: tuple[str, ...]
    ambiguous: tuple[str, ...]
    repeated: tuple[str, ...]
    not_finite: tuple[str, ...]
    missing: tuple[str, ...]
    passed_over: tuple[str, ...]
