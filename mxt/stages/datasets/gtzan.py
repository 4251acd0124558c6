"""GTZAN genre in the layout it is distributed in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mxt.core.records import Clip, Detection, Listing, Remark
from mxt.stages.datasets.suffixes import SOUND, suffix

GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
CORRUPT = "jazz.00054"  # its .wav cannot be decoded in the copies most people have
_PATH = re.compile(rf"(?:.*/)?({'|'.join(GENRES)})/({'|'.join(GENRES)})\.(\d{{5}})\.(?:au|wav)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Gtzan:
    """Loader of ``genres/<genre>/<genre>.NNNNN.au`` or ``.wav``, in any case."""

    def detect(self, listing: Listing) -> Detection:
        """Sure where nearly all audio files are called so, in two genres or more."""
        found = [match.group(1).lower() for path in listing.files if (match := _PATH.fullmatch(path))]
        sounds = sum(suffix(path) in SOUND for path in listing.files)
        if not found or len(found) < 0.9 * sounds or len(set(found)) < 2:
            return Detection(0.0, "not named <genre>/<genre>.NNNNN.au or .wav")
        return Detection(0.92, f"{len(set(found))} genre folders of GTZAN")

    def clips(self, listing: Listing) -> Iterator[Clip | Remark]:
        """The clips with their genre; the number is a field. No groups are known: the data set names no artists."""
        for path in listing.files:
            match = _PATH.fullmatch(path)
            if match is None:
                continue
            folder, name, number = match.group(1).lower(), match.group(2).lower(), match.group(3)
            yield Clip(path, targets={"genre": folder}, fields={"number": number})
            if folder != name:
                yield Remark("genre differs from the name", f"{path}: taken as {folder}")
            if f"{name}.{number}" == CORRUPT:
                yield Remark("known fault", f"{path} is corrupt in many copies of GTZAN")
