"""Recordings inside other files, written to a folder once: as files, with a table of their columns beside."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from mxt.core.errors import InputError, MxtError, UsageError, stage_failures
from mxt.core.files import translate_os_errors
from mxt.core.progress import Progress
from mxt.core.records import Packed, Remark
from mxt.core.stages import PackedLoader
from mxt.ingestion.detection import detect
from mxt.ingestion.names import safe_name
from mxt.ingestion.requests import IngestRequest
from mxt.ingestion.walk import place_of, walk
from mxt.registry import Registry
from mxt.stages.datasets.suffixes import SOUND, suffix

TABLE, FILE = "metadata.jsonl", "file_name"  # the layout that Hugging Face calls audiofolder
_BEGINNINGS = {b"RIFF": "wav", b"fLaC": "flac", b"OggS": "ogg", b"ID3": "mp3", b"\xff\xfb": "mp3"}


def unpacked(
    request: IngestRequest, registry: Registry, progress: Progress
) -> tuple[IngestRequest, list[Remark]]:
    """Write the recordings that lie inside other files to the folder `request.unpack`.

    Recordings that are files already become links there: they are never copied.

    Returns
    -------
    request : IngestRequest
        What catalogues that folder.
    remarks : list of Remark
        What was left out.

    Raises
    ------
    UsageError
        Nothing there needs to be unpacked.
    InputError
        The folder exists, cannot be written, or something in it cannot be read.
    """
    assert request.unpack is not None
    folder = request.unpack.expanduser()
    walked = walk(request.path.expanduser())
    detected = detect(walked.listing, replace(request, params={}, settings=()), registry)
    where = place_of(walked.listing)
    if not isinstance(detected.loader, PackedLoader):
        raise UsageError(f"{where} needs no --unpack: {detected.chosen.spec.name} reads it ({detected.why})")
    if request.dry_run:
        raise UsageError("--dry-run writes nothing, and --unpack a folder: leave out one of them")
    if folder.exists():
        raise InputError(f"{folder} already exists: mxt ingest {folder} reads it; or name a new folder")
    with translate_os_errors("writing", folder):
        partial = Path(tempfile.mkdtemp(dir=folder.absolute().parent, prefix=f".{folder.name}.partial."))
        try:
            inside = partial / "folder"  # mkdtemp's own folder is closed to others
            inside.mkdir()
            remarks = _write(detected.loader.packed(walked.listing), inside, walked.listing.root, progress)
            inside.rename(folder)
        except (MxtError, OSError):
            raise
        except stage_failures() as error:
            raise detected.failed(error) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return replace(request, path=folder, loader=None, unpack=None), remarks


def _write(items: Iterable[Packed | Remark], folder: Path, root: str, progress: Progress) -> list[Remark]:
    names, without, remarks = _Names(), 0, []
    with (
        open(folder / TABLE, "x", encoding="utf-8") as table,
        progress.step("unpack", None, unit="recordings") as step,
    ):
        for number, item in enumerate(items):
            if isinstance(item, Remark):
                remarks.append(item)
                continue
            if item.content is None:
                without += 1
                continue
            path = names.path(item, number)
            (folder / path).parent.mkdir(exist_ok=True)
            if isinstance(item.content, bytes):
                (folder / path).write_bytes(item.content)
            else:
                (folder / path).symlink_to(os.path.join(root, item.content))
            columns = {f"{name}_" if name == FILE else name: value for name, value in item.columns.items()}
            table.write(json.dumps({FILE: path, **columns}, ensure_ascii=False) + "\n")
            step.advance()
    if without:
        remarks.append(Remark("rows without a recording", f"{without:,} left out"))
    return remarks


@dataclass
class _Names:
    """Paths below the folder, each given once, whatever the recordings are called."""

    given: set[str] = field(default_factory=set)

    def path(self, item: Packed, number: int) -> str:
        stem, end = os.path.splitext(os.path.basename(item.name))
        if suffix(item.name) not in SOUND:
            stem, end = item.name, f".{_kind(item.content)}"
        path = safe_name(stem) or f"{number:06}"
        if part := safe_name(item.part):
            path = f"{part}/{path}"
        while path.casefold() in self.given:
            path += f"-{number}"
        self.given.add(path.casefold())
        return path + end.lower()


def _kind(content: bytes | str | None) -> str:
    """The suffix of a recording whose name has none, by its first bytes."""
    if isinstance(content, bytes):
        return next((end for begin, end in _BEGINNINGS.items() if content.startswith(begin)), "wav")
    return suffix(str(content)) or "wav"
