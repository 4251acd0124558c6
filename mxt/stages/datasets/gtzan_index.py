"""Index of GTZAN genres: the MD5 of each clip as a 22,050 Hz WAV, and its part of the filtered split."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

INDEX = "gtzan_index.json"
_PARTS = {"train": "train", "valid": "valid", "test": "test", "-": ""}


@dataclass(frozen=True, slots=True)
class Known:
    """One clip: MD5 of the file, and ``train``, ``valid``, ``test``, empty where it is left out."""

    md5: str
    filtered_split: str


@cache
def gtzan_index() -> dict[str, Known]:
    """Clip (``blues.00000``) to what is known of it; 1,000 clips.

    References
    ----------
    Sources are named in ``gtzan_index.json``.
    """
    text = resources.files("mxt.stages.datasets").joinpath(INDEX).read_text(encoding="utf-8")
    found = {}
    for genre, lines in json.loads(text)["clips"].items():
        for number, line in enumerate(lines):
            md5, part = line.split()
            found[f"{genre}.{number:05}"] = Known(md5, _PARTS[part])
    return found
