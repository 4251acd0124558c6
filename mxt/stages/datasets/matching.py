"""Finds the file that a row of a table means: by path, by name, or by name without suffix; never a guess."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from mxt.stages.datasets.suffixes import may_be_sound, without_sound_suffix

How = Literal["path", "name", "stem", "none", "ambiguous"]
_DRIVE = re.compile(r"^(?:[A-Za-z]:)?/+|^file:/+")


@dataclass(frozen=True, slots=True)
class Match:
    """The path and how it was found, or the candidates if it is ambiguous."""

    how: How
    path: str = ""
    candidates: tuple[str, ...] = ()


class FileIndex:
    """Files by what people call them.

    Parameters
    ----------
    files : iterable of str
        ``/``-separated paths.
    """

    def __init__(self, files: Iterable[str]) -> None:
        self._paths: dict[str, str] = {}
        self._names: dict[str, list[str]] = defaultdict(list)
        self._stems: dict[str, list[str]] = defaultdict(list)
        for path in files:
            self._paths[path] = path
            name = _folded(posixpath.basename(path))
            self._names[name].append(path)
            self._stems[without_sound_suffix(name)].append(path)

    @classmethod
    def of_recordings(cls, files: Iterable[str]) -> FileIndex:
        """Of those among `files` that may be sound."""
        return cls(path for path in files if may_be_sound(path))

    def __contains__(self, path: str) -> bool:
        return path in self._paths

    def find(self, text: str, *, folder: str = "") -> Match:
        r"""The file that `text` means, written in a table in `folder`.

        Examples
        --------
        >>> index = FileIndex(["audio/fold1/a.wav", "audio/fold2/b.wav"])
        >>> index.find(r"C:\sounds\fold1\a.wav")
        Match(how='path', path='audio/fold1/a.wav', candidates=())
        >>> index.find("B").how
        'stem'
        """
        if text in self._paths:
            return Match("path", text)
        text = tidy(text)
        for path in (posixpath.normpath(posixpath.join(folder, text)), text):
            if path in self._paths:
                return Match("path", path)
        name = _folded(posixpath.basename(text))
        if name in self._names:
            return _choose(self._names[name], text, "name")
        stems = dict.fromkeys((name, without_sound_suffix(name)))
        found = list(dict.fromkeys(path for stem in stems for path in self._stems.get(stem, ())))
        return _choose(found, text, "stem") if found and name else Match("none")


def match_rows(index: FileIndex, texts: Sequence[str], *, folder: str = "") -> list[Match]:
    """Matches of all rows; a file that one row means by its path is not taken by another's mere name.

    Where two rows that are written differently would mean one file, and neither says so by its path, both are
    ambiguous.
    """
    found = {text: index.find(text, folder=folder) for text in dict.fromkeys(texts)}
    claims: dict[str, dict[How, list[str]]] = defaultdict(lambda: defaultdict(list))
    for text, match in found.items():
        if match.path:
            claims[match.path][match.how].append(text)
    for path, by in claims.items():
        first = next(how for how in ("path", "name", "stem") if how in by)
        for how, rivals in by.items():
            if how != first:
                found |= dict.fromkeys(rivals, Match("none"))
            elif how != "path" and len({_folded(tidy(text)) for text in rivals}) > 1:
                found |= dict.fromkeys(rivals, Match("ambiguous", candidates=(path,)))
    return [found[text] for text in texts]


def tidy(text: str) -> str:
    r"""A path as written in a table with ``/``, without drive, root or ``./``.

    Examples
    --------
    >>> tidy(r".\a\b.wav"), tidy("D:/x/b.wav")
    ('a/b.wav', 'x/b.wav')
    """
    text = _DRIVE.sub("", text.strip().replace("\\", "/"))
    return posixpath.normpath(text) if text else ""


def _choose(candidates: Sequence[str], text: str, how: How) -> Match:
    """The candidate that shares the most folders with `text`, if there is exactly one."""
    shared = [_shared_folders(path, text) for path in candidates]
    best = [path for path, number in zip(candidates, shared, strict=True) if number == max(shared)]
    if len(best) > 1:
        return Match("ambiguous", candidates=tuple(candidates))
    return Match("path" if how == "name" and max(shared) else how, best[0])


def _shared_folders(path: str, text: str) -> int:
    """How many folders, counted from the file, are called the same."""
    pairs = zip(
        reversed(_folded(path).split("/")[:-1]), reversed(_folded(text).split("/")[:-1]), strict=False
    )
    number = 0
    for a, b in pairs:
        if a != b:
            break
        number += 1
    return number


def _folded(text: str) -> str:
    """Names that file systems or people take for one: composed characters, no case."""
    return unicodedata.normalize("NFC", text).casefold()
