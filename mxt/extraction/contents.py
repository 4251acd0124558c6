"""The usable clips of a data set, of which only the keys are read until a clip itself is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from mxt.core.made import Made
from mxt.core.records import ClipRecord
from mxt.store.catalogue import Catalogue


class UsableClips(Made[ClipRecord]):
    """The usable clips of a data set, in catalogue order.

    Parameters
    ----------
    catalogue : Catalogue
    dataset : str
    """

    def __init__(self, catalogue: Catalogue, dataset: str) -> None:
        self._catalogue, self._dataset = catalogue, dataset
        self.keys = [key.tobytes() for key in catalogue.keys(dataset)]

    @cached_property
    def _clips(self) -> list[ClipRecord]:
        return [clip for clip in self._catalogue.each_clip(self._dataset) if clip.usable]

    def __len__(self) -> int:
        return len(self.keys)

    def make(self, row: int) -> ClipRecord:
        """The clip of a row."""
        return self._clips[row]

    def __iter__(self) -> Iterator[ClipRecord]:
        return iter(self._clips)


class Contents(Mapping[bytes, ClipRecord]):
    """Audio key to the first clip with that content, in catalogue order."""

    def __init__(self, clips: UsableClips) -> None:
        self._clips, self._number = clips, dict[bytes, int]()
        for number, key in enumerate(clips.keys):
            self._number.setdefault(key, number)

    def __getitem__(self, key: bytes) -> ClipRecord:
        return self._clips[self._number[key]]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._number)

    def __len__(self) -> int:
        return len(self._number)


def by_content(clips: Sequence[ClipRecord]) -> Mapping[bytes, ClipRecord]:
    """Audio key to clip, in catalogue order; the first of clips with the same content."""
    if isinstance(clips, UsableClips):
        return Contents(clips)
    contents: dict[bytes, ClipRecord] = {}
    for clip in clips:
        if clip.key is not None:
            contents.setdefault(clip.key, clip)
    return contents
