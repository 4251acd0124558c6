"""Extended Ballroom in the layout it is distributed in."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from mxt.core.errors import InputError
from mxt.core.records import Clip, Detection, Listing, Remark
from mxt.stages.datasets.expected import class_remarks
from mxt.stages.datasets.suffixes import SOUND, suffix

DANCES = {
    "Chacha": 455,
    "Foxtrot": 507,
    "Jive": 350,
    "Pasodoble": 53,
    "Quickstep": 497,
    "Rumba": 470,
    "Salsa": 47,
    "Samba": 468,
    "Slowwaltz": 65,
    "Tango": 464,
    "Viennesewaltz": 252,
    "Waltz": 529,
    "Wcswing": 23,
}
"""Dances and their clips, 4,180 in all."""
REPEATS = ("exact", "time", "karaoke", "version")
_NAMES = {name.lower(): name for name in DANCES}
_PATH = re.compile(rf"(?:.*/)?({'|'.join(DANCES)})/(\d+)\.\w+", re.IGNORECASE | re.DOTALL)
_XML = re.compile(r"extendedballroom[\w.]*\.xml", re.IGNORECASE)
_MD5 = re.compile(r"[0-9a-fA-F]{32}")
_SHOWN = ("artist", "title", "album", "bpm")


@dataclass(frozen=True)
class ExtendedBallroom:
    """Loader of ``<Dance>/<id>.mp3`` with ``extendedballroom_v1.1.xml``."""

    def detect(self, listing: Listing) -> Detection:
        """Sure where nearly all audio files have such names, without the XML file only for most dances."""
        found = [
            match.group(1).lower()
            for path in listing.files
            if (match := _PATH.fullmatch(path)) and suffix(path) in SOUND
        ]
        sounds = sum(suffix(path) in SOUND for path in listing.files)
        if not found or len(found) < 0.9 * sounds:
            return Detection(0.0, "not named <Dance>/<number>.mp3")
        dances = len(set(found))
        if _xml(listing):
            return Detection(0.97, f"{dances} dances and the XML of Extended Ballroom")
        return Detection(
            0.92 if dances > len(DANCES) // 2 else 0.3,
            f"{dances} dances of Extended Ballroom, without the XML",
        )

    def clips(self, listing: Listing) -> Iterator[Clip | Remark]:
        """The clips with their dance; clips of one artist, or of one recording, are a group, as the XML says.

        Raises
        ------
        InputError
            The XML cannot be read.
        """
        songs = _songs(listing)
        groups = _groups(songs)
        found = [
            (path, match)
            for path in listing.files
            if suffix(path) in SOUND and (match := _PATH.fullmatch(path))
        ]
        for path, match in found:
            number = match.group(2)
            song = songs.get(number, {})
            yield Clip(
                path,
                targets={"dance": _NAMES[match.group(1).lower()]},
                group=groups.get(number),
                fields={"id": number, **{name: song[name] for name in _SHOWN if song.get(name)}},
            )
        if not songs:
            yield Remark(
                "no metadata",
                "extendedballroom_v1.1.xml is missing: artists are not known, and may be in both training "
                "and test data",
            )
        unknown = [path for path, match in found if songs and match.group(2) not in songs]
        yield from (Remark("not in the XML", path) for path in unknown)
        yield from class_remarks((_NAMES[match.group(1).lower()] for _, match in found), DANCES)

    def published_md5(self, listing: Listing) -> Mapping[str, str]:
        """The hashes that the XML gives."""
        songs = _songs(listing)
        hashes = {
            path: songs.get(match.group(2), {}).get("hash", "")
            for path in listing.files
            if (match := _PATH.fullmatch(path))
        }
        return {
            path: md5.lower() for path, md5 in hashes.items() if suffix(path) == "mp3" and _MD5.fullmatch(md5)
        }


def _xml(listing: Listing) -> str:
    return next((path for path in listing.files if _XML.fullmatch(posixpath.basename(path))), "")


def _songs(listing: Listing) -> dict[str, dict[str, str]]:
    """Id to attributes of every song: the root has a node a dance, which has a node a song."""
    path = _xml(listing)
    if not path:
        return {}
    try:
        root = ElementTree.parse(Path(listing.root, path)).getroot()
    except (ElementTree.ParseError, OSError) as error:
        raise InputError(
            f"{path} cannot be read: {error}; fetch it again, or remove it to do without artists"
        ) from error
    return {
        song.attrib["id"]: {name: " ".join(value.split()) for name, value in song.attrib.items()}
        for song in root.iter()
        if song.attrib.get("id")
    }


def _groups(songs: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Id to group: songs of one artist, and versions of one recording, are together."""
    joined = _Joined()
    for number, song in songs.items():
        if artist := song.get("artist", "").casefold():
            joined.join(number, f"artist {artist}")
        for kind in REPEATS:
            for other in re.findall(r"\d+", song.get(kind, "")):
                if other in songs:
                    joined.join(number, other)
    names: dict[str, str] = {}
    for number, song in songs.items():
        if number in joined.parents:
            names.setdefault(joined.root(number), song.get("artist") or number)
    return {number: names[joined.root(number)] for number in songs if number in joined.parents}


@dataclass
class _Joined:
    """Sets that grow together (union and find)."""

    parents: dict[str, str] = field(default_factory=dict)

    def root(self, name: str) -> str:
        self.parents.setdefault(name, name)
        while self.parents[name] != name:
            self.parents[name] = name = self.parents[self.parents[name]]
        return name

    def join(self, a: str, b: str) -> None:
        self.parents[self.root(a)] = self.root(b)
