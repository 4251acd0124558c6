"""Files that name clips, for ``mxt derive without``."""

from __future__ import annotations

import csv
import posixpath
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from mxt.core.errors import InputError, listed
from mxt.core.files import read_whole
from mxt.core.records import ClipRecord, Remark
from mxt.core.text import written

COLUMNS = ("clip", "id", "path", "file", "filename", "name")


def names_in(file: str, clips: Sequence[ClipRecord]) -> tuple[set[str], tuple[Remark, ...]]:
    """Ids of the clips that a file names, and what it names that is not there.

    Parameters
    ----------
    file : str
        One name per line (lines that begin with ``#`` are skipped); or a .csv or .tsv, of which the column
        ``clip`` (or id, path, file) is read (default: the first column).
    clips : sequence of ClipRecord

    Raises
    ------
    InputError
        The file cannot be read.
    """
    by_id = {written(clip.id): {clip.id} for clip in clips}
    by_path: dict[str, set[str]] = defaultdict(set)
    paths_of: dict[str, set[str]] = defaultdict(set)
    for clip in clips:
        path = written(clip.file.path)
        by_path[path].add(clip.id)
        paths_of[posixpath.basename(path)].add(path)
    ids: set[str] = set()
    remarks = []
    for name in _listed(Path(file)):
        paths = paths_of.get(name, set())
        only = by_path[next(iter(paths))] if len(paths) == 1 else None
        if named := by_id.get(name) or by_path.get(name) or only:
            ids |= named
        elif paths:
            remarks.append(
                Remark("named and there several times", f"{name}: {listed(sorted(paths), 3)}; write the path")
            )
        else:
            remarks.append(Remark("named and not there", name))
    return ids, tuple(remarks)


def _listed(path: Path) -> list[str]:
    try:
        lines = written(read_whole(path).decode("utf-8-sig", errors="surrogateescape")).splitlines()
    except OSError as error:
        why = error.strerror
        raise InputError(f"{path}, the list of clips to leave out, cannot be read: {why}") from error
    if path.suffix.lower() in (".csv", ".tsv"):
        rows = list(csv.reader(lines, delimiter="\t" if path.suffix.lower() == ".tsv" else ","))
        heads = [cell.strip().lower() for cell in rows[0]] if rows else []
        column = next((heads.index(name) for name in COLUMNS if name in heads), 0)
        begin = 1 if heads and heads[column] in COLUMNS else 0
        lines = [row[column] for row in rows[begin:] if len(row) > column]
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]
