"""GTZAN speech/music in the layout it is distributed in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mxt.core.records import Clip, Detection, Listing, Remark
from mxt.stages.datasets.expected import class_remarks
from mxt.stages.datasets.suffixes import SOUND, suffix

CLASSES = {"music": 64, "speech": 64}
_PATH = re.compile(r"(?:.*/)?(music|speech)_wav/[^/]+", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class GtzanSpeechMusic:
    """Loader of ``music_wav/*.wav`` and ``speech_wav/*.wav``."""

    def detect(self, listing: Listing) -> Detection:
        """Sure where nearly all audio files lie in these two folders."""
        found = [_PATH.fullmatch(path) for path in listing.files if suffix(path) in SOUND]
        folders = {match.group(1).lower() for match in found if match}
        if len(folders) < 2 or sum(match is not None for match in found) < 0.9 * len(found):
            return Detection(0.0, "no folders music_wav and speech_wav")
        return Detection(0.95, "music_wav and speech_wav of GTZAN")

    def clips(self, listing: Listing) -> Iterator[Clip | Remark]:
        """The clips with their class; nothing is known of which belong together."""
        classes = []
        for path in listing.files:
            if suffix(path) in SOUND and (match := _PATH.fullmatch(path)):
                classes.append(match.group(1).lower())
                yield Clip(path, targets={"class": classes[-1]})
        yield from class_remarks(classes, CLASSES)
