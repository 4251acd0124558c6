"""Compares files with the MD5s that their data set publishes, so that altered copies are named."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mxt.core.records import FileRecord, Measurement, Remark

ALTERED = "other than published"
"""Noted with a file that is not the published one; the note stays, so that known files are not read again."""


def noted(measurement: Measurement, path: Path, md5: str | None) -> Measurement:
    """`measurement` with a note if the file at `path` is not the published one.

    Parameters
    ----------
    measurement : Measurement
    path : Path
        The file, which was just read.
    md5 : str or None
        Of the file as published, where that is known.
    """
    if md5 is None:
        return measurement
    try:
        with path.open("rb") as file:
            same = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() == md5
    except OSError:
        return measurement
    return measurement if same else replace(measurement, notes=(*measurement.notes, ALTERED))


def remarks(files: Mapping[str, FileRecord], published: Mapping[str, str]) -> list[Remark]:
    """Name the files that are others than published; one remark where all are: then it is another edition."""
    read = {
        path: file.measurement
        for path in published
        if (file := files.get(path)) and file.measurement is not None
    }
    altered = [path for path, measured in read.items() if ALTERED in measured.notes]
    if len(altered) > 1 and len(altered) == len(read):
        return [
            Remark(
                ALTERED,
                f"none of the {len(read):,} files has the published MD5: they were converted, or are another "
                "edition",
            )
        ]
    return [Remark(ALTERED, f"{path} does not have the published MD5") for path in altered]
