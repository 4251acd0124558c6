"""Opens files that are not known yet, and saves what was measured in batches: a killed ingest continues."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from mxt.core.cores import cores
from mxt.core.made import Mapped
from mxt.core.progress import Progress
from mxt.core.records import FileRecord, Measurement
from mxt.ingestion import published
from mxt.ingestion.changes import is_settled
from mxt.ingestion.pool import FileJob, Pool
from mxt.ingestion.requests import IngestRequest
from mxt.store.catalogue import Catalogue
from mxt.store.packed_files import PackedFiles

COMMIT_FILES, COMMIT_SECONDS = 200, 2.0


def measured(
    root: str,
    files: Sequence[FileRecord],
    md5s: Mapping[str, str],
    request: IngestRequest,
    progress: Progress,
) -> Generator[FileRecord, None, None]:
    """Open files in worker processes, and yield each with its measurement, or the reason why it has none.

    Parameters
    ----------
    root : str
        Folder of the data set.
    files : sequence of FileRecord
        Those to be opened.
    md5s : mapping
        Path to MD5, of the files whose published content is known.
    request : IngestRequest
        How files are opened.
    """
    how = request.reading
    jobs = Mapped(lambda file: FileJob(os.path.join(root, file.path), file.size), files)
    pool = Pool(jobs, workers=request.jobs or cores(), seconds=how.seconds_a_file, work=how.work)
    with progress.step("reading", len(files), unit="files") as step, closing(pool.results()) as outcomes:
        for number, outcome in outcomes:
            file = files[number]
            step.advance()
            if isinstance(outcome, Measurement):
                checked = published.noted(outcome, Path(root, file.path), md5s.get(file.path))
                yield replace(file, measurement=checked)
            else:
                reason, detail = outcome
                yield replace(file, reason=reason, detail=detail)


def save_in_batches(
    catalogue: Catalogue, name: str, files: Generator[FileRecord, None, None], known: PackedFiles
) -> bool:
    """Save files as they come, for data set `name`, and add them to those that are known.

    Those that came before an interruption are saved, too.

    Returns
    -------
    bool
        Whether none of them has to be opened again.
    """
    batch: list[FileRecord] = []
    settled, last = True, time.monotonic()
    with closing(files):
        try:
            for file in files:
                batch.append(file)
                settled = settled and is_settled(file)
                if len(batch) >= COMMIT_FILES or time.monotonic() - last > COMMIT_SECONDS:
                    catalogue.save_files(name, batch)
                    known.add(batch)
                    batch, last = [], time.monotonic()
        finally:
            if batch:
                catalogue.save_files(name, batch)
                known.add(batch)
    return settled
