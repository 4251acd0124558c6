"""GTZAN genre in the layout it is distributed in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mxt.core.records import Clip, Detection, Listing, Remark
from mxt.stages.datasets.expected import class_remarks
from mxt.stages.datasets.gtzan_index import gtzan_index
from mxt.stages.datasets.suffixes import SOUND, suffix

GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
CLIPS_A_GENRE = 100
CORRUPT = "jazz.00054"  # its .wav cannot be decoded in the copies most people have
FIELD = "filtered_split"
_PATH = re.compile(
    rf"(?:.*/)?({'|'.join(GENRES)})/({'|'.join(GENRES)})\.(\d{{5}})\.(?:au|wav)", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True)
class Gtzan:
    """Loader of ``genres/<genre>/<genre>.NNNNN.au`` or ``.wav``, in any case."""

    split: str = "none"

    def detect(self, listing: Listing) -> Detection:
        """Sure where nearly all audio files are called so, in two genres or more."""
        found = [match.group(1).lower() for path in listing.files if (match := _PATH.fullmatch(path))]
        sounds = sum(suffix(path) in SOUND for path in listing.files)
        if not found or len(found) < 0.9 * sounds or len(set(found)) < 2:
            return Detection(0.0, "not named <genre>/<genre>.NNNNN.au or .wav")
        return Detection(0.92, f"{len(set(found))} genre folders of GTZAN")

    def clips(self, listing: Listing) -> Iterator[Clip | Remark]:
        """The clips with their genre, number and filtered split; no groups, since artists are not known.

        With ``split="filtered"`` that split is the clips' own, and those it leaves out as faulty or repeated
        have no label.
        """
        genres, left_out = [], 0
        for path in listing.files:
            match = _PATH.fullmatch(path)
            if match is None:
                continue
            folder, name, number = match.group(1).lower(), match.group(2).lower(), match.group(3)
            known = gtzan_index().get(f"{name}.{number}")
            part = known.filtered_split if known else ""
            filtered = self.split == "filtered"
            left_out += filtered and not part
            genres.append(folder)
            yield Clip(
                path,
                targets={"genre": None if filtered and not part else folder},
                split=part or None if filtered else None,
                fields={"number": number, **({FIELD: part} if part else {})},
            )
            if folder != name:
                yield Remark("genre differs from the name", f"{path}: taken as {folder}")
            if f"{name}.{number}" == CORRUPT:
                yield Remark("known fault", f"{path} is corrupt in many copies of GTZAN")
        if left_out:
            yield Remark(
                "filtered split",
                f"{left_out:,} clips are faulty or repeat others: they have no label, so they are not used",
            )
        yield from class_remarks(genres, dict.fromkeys(GENRES, CLIPS_A_GENRE))

    def published_md5(self, listing: Listing) -> Mapping[str, str]:
        """Those of the 22,050 Hz WAV distribution."""
        found = {}
        for path in listing.files:
            match = _PATH.fullmatch(path)
            if (
                match
                and suffix(path) == "wav"
                and (known := gtzan_index().get(f"{match.group(2).lower()}.{match.group(3)}"))
            ):
                found[path] = known.md5
        return found
