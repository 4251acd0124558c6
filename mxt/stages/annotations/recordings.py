"""Which recording a file of annotations belongs to, by its own name."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from mxt.stages.datasets.matching import FileIndex, Match

_PURPOSE = re.compile(
    r"[._ -]+(table([._ -]*\d+)?|selections?|selection[._ -]table|raven|birdnet|results?|labels?"
    r"|label[ _]?track|annotations?|events?)$",
    re.IGNORECASE,
)


def recording_of(path: str, index: FileIndex) -> Match:
    """The recording that is called as the file of annotations is, up to what such files are called.

    Examples
    --------
    >>> recording_of("boxes/a.Table.1.selections.txt", FileIndex(["sounds/a.wav"])).path
    'sounds/a.wav'
    """
    matches = (index.find(name) for name in _names(path))
    return next((match for match in matches if match.how != "none"), Match("none"))


def recording_named(path: str) -> str:
    """What the recording of a file of annotations is called where it is not there.

    Examples
    --------
    >>> recording_named("boxes/a.Table.1.selections.txt")
    'boxes/a'
    """
    return list(_names(path))[-1]


def _names(path: str) -> Iterator[str]:
    """The path without its suffix, and shorter by one word that tells the purpose each time."""
    name = posixpath.splitext(path)[0]
    yield name
    while (shorter := _PURPOSE.sub("", name)) != name and posixpath.basename(shorter):
        yield (name := shorter)
