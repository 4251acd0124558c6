"""WebDataset: tar archives in which files of one name and several suffixes are one recording."""

from __future__ import annotations

import itertools
import posixpath
import re
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mxt.core.errors import InputError, listed
from mxt.core.files import translate_os_errors
from mxt.core.records import Clip, Detection, Listing, Packed, Remark
from mxt.core.text import parse_json
from mxt.stages.datasets.suffixes import SOUND, may_be_sound, suffix
from mxt.stages.datasets.targets import split_name

LABEL, TEXT, COLUMNS = "cls", "txt", "json"
MEMBERS = 20  # that decide whether an archive holds recordings
Member = tuple[str, str, bytes]  # key, suffix, content


@dataclass(frozen=True)
class WebDataset:
    """Loader of tar shards."""

    def detect(self, listing: Listing) -> Detection:
        """Sure of a folder of nothing but archives, where the first one begins with recordings."""
        shards = _shards(listing)
        if not shards or any(may_be_sound(path) for path in listing.files):
            return Detection(0.0, "no folder of tar archives alone")
        try:
            first = itertools.islice(_members(listing, shards[0], content=False), MEMBERS)
            sounds = sum(end in SOUND for _, end, _ in first)
        except InputError as error:
            return Detection(0.0, str(error))
        return Detection(0.95 if sounds else 0.0, f"{sounds:,} recordings at the beginning of {shards[0]}")

    def clips(self, listing: Listing) -> Iterator[Clip | Remark]:
        """Refuse: recordings are read as files.

        Raises
        ------
        InputError
        """
        raise InputError(
            f"{listing.root} keeps its recordings inside tar archives, and mxt reads files: "
            f"mxt ingest {listing.root} --unpack NEWFOLDER writes them there once, with their labels"
        )

    def packed(self, listing: Listing) -> Iterator[Packed | Remark]:
        """The recordings in the order of the archives: ``.cls`` is the label, ``.json`` holds columns.

        Raises
        ------
        InputError
            An archive cannot be read.
        """
        left_out: set[str] = set()
        for path in _shards(listing):
            words = re.split(r"[\W_]+", posixpath.splitext(path)[0])
            part = next((split for word in words if (split := split_name(word))), "")
            for key, group in itertools.groupby(_members(listing, path), key=lambda member: member[0]):
                files = list(group)
                left_out |= {end for _, end, _ in files} - SOUND - {LABEL, TEXT, COLUMNS}
                sound = next((member for member in files if member[1] in SOUND), None)
                name = f"{posixpath.basename(key)}.{sound[1]}" if sound else key
                yield Packed(name, sound[2] if sound else None, part, _columns(path, files))
        if left_out:
            yield Remark("files left out", f"with the suffixes {listed(sorted(left_out))}")


def _shards(listing: Listing) -> list[str]:
    return [path for path in listing.files if suffix(path) == "tar"]


def _members(listing: Listing, path: str, *, content: bool = True) -> Iterator[Member]:
    """The files of an archive; the key is all of a path before the first dot of its name."""
    with translate_os_errors("reading", Path(listing.root, path)):
        try:
            with tarfile.open(Path(listing.root, path), "r|*") as archive:
                for member in archive:
                    folder, name = posixpath.split(member.name)
                    stem, _, end = name.partition(".")
                    if member.isfile() and stem:
                        file = archive.extractfile(member) if content else None
                        yield posixpath.join(folder, stem), end.lower(), file.read() if file else b""
        except tarfile.TarError as error:
            raise InputError(f"{path} cannot be read: {error}") from error


def _columns(path: str, files: Sequence[Member]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for key, end, content in files:
        try:
            if end == COLUMNS:
                value = parse_json(content.decode())
                columns |= value if isinstance(value, dict) else {COLUMNS: value}
            elif end in (LABEL, TEXT):
                columns["label" if end == LABEL else "text"] = content.decode().strip()
        except ValueError as error:
            raise InputError(f"{path}: {key}.{end} is not {end.upper()}: {error}") from error
    return columns
