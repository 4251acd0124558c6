"""Many clips as columns; the record of a clip is made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt

from mxt.core.columns import Column, Rows
from mxt.core.identity import KEY_BYTES
from mxt.core.records import ClipRecord, Target
from mxt.core.reprs import short_repr
from mxt.core.text import written

if TYPE_CHECKING:
    from collections.abc import Mapping

Mask = npt.NDArray[np.bool_]
_MISSING = object()


@dataclass(frozen=True, eq=False)
class Clips(Sequence[ClipRecord]):
    """Clips of a data set: a sequence of `ClipRecord`, of which only columns are held.

    Whatever looks at all clips reads columns, which take some 200 bytes per clip; a record is made when it is
    indexed or iterated over.

    Parameters
    ----------
    ids, paths : Column of str
        Ids of the clips, and paths of their files.
    keys : uint8 [n, 32]
        Audio keys; zeros where a clip cannot be used.
    usable, has_audio, is_clip : bool [n]
        As `ClipRecord` says.
    durations : float64 [n]
        Seconds.
    splits, folds, groups : Column of str or None
    targets, fields : Column of mapping
        See also `values`.
    rows : int64 [n]
        Rows in what they were taken from: they tell clips of one data set apart.
    records : callable
        Gives the records of such rows.
    """

    ids: Column[str]
    paths: Column[str]
    keys: npt.NDArray[np.uint8]
    usable: Mask
    has_audio: Mask
    is_clip: Mask
    durations: npt.NDArray[np.float64]
    splits: Column[str | None]
    folds: Column[str | None]
    groups: Column[str | None]
    targets: Column[Mapping[str, Target]]
    fields: Column[Mapping[str, str]]
    rows: Rows
    records: Callable[[Rows], Iterator[ClipRecord]]
    __repr__ = short_repr

    @classmethod
    def of(cls, clips: Sequence[ClipRecord]) -> Clips:
        """The columns of these clips, which are themselves where they are that already."""
        if isinstance(clips, cls):
            return clips
        n = len(clips)
        keys = b"".join(clip.key or bytes(KEY_BYTES) for clip in clips)
        return cls(
            ids=Column.of(clip.id for clip in clips),
            paths=Column.of(clip.file.path for clip in clips),
            keys=np.frombuffer(keys, np.uint8).reshape(n, KEY_BYTES),
            usable=np.fromiter((clip.usable for clip in clips), bool, n),
            has_audio=np.fromiter((clip.has_audio for clip in clips), bool, n),
            is_clip=np.fromiter((clip.is_clip for clip in clips), bool, n),
            durations=np.fromiter((clip.duration for clip in clips), np.float64, n),
            splits=Column.of(clip.split for clip in clips),
            folds=Column.of(clip.fold for clip in clips),
            groups=Column.of(clip.group for clip in clips),
            targets=Column.of((clip.targets for clip in clips), key=contents_of),
            fields=Column.of((clip.fields for clip in clips), key=contents_of),
            rows=np.arange(n, dtype=np.int64),
            records=lambda rows: (clips[row] for row in rows.tolist()),
        )

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, rows: int) -> ClipRecord: ...
    @overload
    def __getitem__(self, rows: slice | npt.NDArray[Any]) -> Clips: ...
    def __getitem__(self, rows: int | slice | npt.NDArray[Any]) -> ClipRecord | Clips:
        """The record of one clip; the clips of a slice, of row numbers or of a mask."""
        if isinstance(rows, (slice, np.ndarray)):
            return self._take(rows)
        return next(self.records(self.rows[[rows]]))

    def __iter__(self) -> Iterator[ClipRecord]:
        return self.records(self.rows)

    def hashes(self) -> Iterator[str]:
        """The audio key of each clip in hexadecimal digits; empty where it cannot be used."""
        for key, usable in zip(self.keys, self.usable.tolist(), strict=True):
            yield key.tobytes().hex() if usable else ""

    def rows_by_name(self) -> dict[str, int]:
        """The row of each clip by its id, as it is `written`."""
        return {written(id_): row for row, id_ in enumerate(self.ids)}

    def values(self, name: str) -> Column[Target]:
        """The value of a target, or of a field where a clip has no such target: ``None`` where neither."""
        values: Column[Any] = self.targets.map(lambda targets: targets.get(name, _MISSING))
        missing = values.where(lambda value: value is _MISSING)
        if not missing.any():
            return values
        of_fields = self.fields.map(lambda fields: fields.get(name))
        if missing.all():
            return of_fields
        return Column.of(b if lacks else a for a, b, lacks in zip(values, of_fields, missing, strict=True))

    def names(self) -> list[str]:
        """Names of targets and fields, by first appearance."""
        firsts = [(row, 0, self.targets[row]) for row in self.targets.firsts().tolist()]
        firsts += [(row, 1, self.fields[row]) for row in self.fields.firsts().tolist()]
        return list(
            dict.fromkeys(name for *_, own in sorted(firsts, key=lambda one: one[:2]) for name in own)
        )

    def rows_of(self, others: Clips) -> Rows:
        """Where each of other clips of the data set is among these: int64 [others], -1 where it is not."""
        if self.records is others.records:
            row_of = np.full(max(self.rows.max(initial=-1), others.rows.max(initial=-1)) + 1, -1)
            row_of[self.rows] = np.arange(len(self))
            return np.asarray(row_of[others.rows], dtype=np.int64)
        known = {id_: row for row, id_ in enumerate(self.ids)}
        return np.fromiter((known.get(id_, -1) for id_ in others.ids), np.int64, len(others))

    def _take(self, rows: slice | npt.NDArray[Any]) -> Clips:
        if isinstance(rows, np.ndarray) and rows.dtype == bool and rows.all():
            return self
        taken = {field.name: getattr(self, field.name) for field in fields(self)}
        return Clips(**{name: value if name == "records" else value[rows] for name, value in taken.items()})


def contents_of(mapping: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a mapping is equal by: 1 and 1.0 are different."""
    return tuple((name, type(value), value) for name, value in mapping.items())
