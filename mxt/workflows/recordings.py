"""The recordings that are to be labelled, from files and folders or a data set; and those that cannot be."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mxt.core.errors import InputError, Reason, UsageError
from mxt.core.identity import audio_key
from mxt.core.progress import Progress
from mxt.core.records import ClipRecord, DatasetRecord, FileKind, FileRecord
from mxt.extraction.records import Failure
from mxt.extraction.tasks import ClipJob
from mxt.ingestion.reading import measured
from mxt.ingestion.requests import IngestRequest
from mxt.ingestion.walk import walk
from mxt.stages.datasets.suffixes import may_be_sound
from mxt.store.layout import Store

NO_DATASET = DatasetRecord("", "", "", {}, (), "", "")


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording, or a clip of one.

    Parameters
    ----------
    name : str
        The path as it was given, or the id of the clip.
    file : str
        The file as it is called in what is written.
    root : str
        The folder that its path lies below.
    clip : ClipRecord
    """

    name: str
    file: str
    root: str
    clip: ClipRecord

    @property
    def path(self) -> str:
        """Where the file is."""
        return os.path.join(self.root, self.clip.file.path)

    @property
    def stat(self) -> tuple[int, int]:
        """Size and modification time (ns) of the file."""
        return self.clip.file.size, self.clip.file.mtime_ns

    def job(self) -> ClipJob:
        """The work of computing its features."""
        return ClipJob.of(replace(self.clip, id=self.name), 0, replace(NO_DATASET, root=self.root))


@dataclass
class Recordings:
    """What is to be labelled, what cannot be, and how many other files lie beside."""

    usable: list[Recording] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    others: int = 0


def given_recordings(
    paths: Sequence[Path], *, known: Collection[tuple[str, tuple[int, int]]], jobs: int, progress: Progress
) -> Recordings:
    """The recordings of files and folders, each opened once in a process that may crash or hang without harm.

    Parameters
    ----------
    paths : sequence of Path
    known : collection of (name, stat)
        Recordings that need not be opened, because all is known of them.
    jobs : int
        Processes.

    Raises
    ------
    InputError
        A path that is not there.
    """
    found = Recordings()
    seen: set[str] = set()
    for path in paths:
        root, files = _files(path, found)
        names = {file.path: str(path if path.is_file() else path / file.path) for file in files}
        files = [file for file in files if names[file.path] not in seen]
        seen |= {names[file.path] for file in files}
        to_open = [file for file in files if (names[file.path], (file.size, file.mtime_ns)) not in known]
        request = IngestRequest(path, jobs=jobs)
        opened = (
            {file.path: file for file in measured(root, to_open, {}, request, progress)} if to_open else {}
        )
        _sort_in(found, [opened.get(file.path, file) for file in files], names, root)
    return found


def _sort_in(found: Recordings, files: Iterable[FileRecord], names: dict[str, str], root: str) -> None:
    for file in files:
        name = names[file.path]
        if file.reason is not Reason.NONE:
            found.failures.append(Failure(name, file.reason, file.detail))
            continue
        key = audio_key(file.measurement.sha256) if file.measurement else None
        found.usable.append(Recording(name, name, root, ClipRecord(file.path, file, key)))


def _files(path: Path, found: Recordings) -> tuple[str, list[FileRecord]]:
    """The folder of a path, and the files that may be audio."""
    if path.is_dir():
        walked = walk(path)
        files = [file for file in walked.files.values() if may_be_sound(file.path)]
        found.others += len(walked.files) - len(files)
        found.failures += [
            Failure(str(path / file.path), file.reason, file.detail)
            for file in walked.left_out
            if file.kind is not FileKind.HIDDEN
        ]
        return walked.listing.root, files
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    file = FileRecord(path.name, status.st_size, status.st_mtime_ns, status.st_ino)
    return str(path.absolute().parent), [file]


def catalogued_recordings(
    store: Store, dataset: str | None, *, without: str | None, whole: bool
) -> Recordings:
    """The clips of a data set that have audio.

    Parameters
    ----------
    store : Store
    dataset : str, optional
        Default: the one last ingested.
    without : str, optional
        Only clips without this target.
    whole : bool
        Whether clips have to be whole files.

    Raises
    ------
    InputError, UsageError
        No clip is left; segments where whole files are needed.
    """
    from mxt.evaluation.tasks import is_labelled

    record = store.catalogue.dataset(dataset)
    found = Recordings()
    for clip in store.catalogue.each_clip(record.name):
        if without is not None and is_labelled(clip.targets.get(without)):
            continue
        if clip.usable and clip.has_audio:
            found.usable.append(Recording(clip.id, clip.file.path, record.root, clip))
        elif clip.is_clip:
            found.failures.append(Failure(clip.id, clip.reason, clip.detail))
    if not found.usable:
        which = "clips without a label" if without is not None else "usable clips with audio"
        raise InputError(f"{record.name} has no {which}")
    if whole and any(recording.clip.start_us is not None for recording in found.usable):
        raise UsageError(
            f"the clips of {record.name} are parts of files: leave out --window, or give the files"
        )
    return found
