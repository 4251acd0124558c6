"""Files that name clips, for ``mxt derive without``."""

from __future__ import annotations

import csv
import posixpath
from collections import defaultdict
from pathlib import Path

import numpy as np

from mxt.core.clips import Clips
from mxt.core.columns import Rows
from mxt.core.errors import InputError, listed
from mxt.core.files import read_whole
from mxt.core.records import Remark
from mxt.core.text import written

COLUMNS = ("clip", "id", "path", "file", "filename", "name")


def names_in(file: str, clips: Clips) -> tuple[Rows, tuple[Remark, ...]]:
    """Rows of the clips that a file names, and what it names that is not there.

    Parameters
    ----------
    file : str
        One name per line (lines that begin with ``#`` are skipped); or a .csv or .tsv, of which the column
        ``clip`` (or id, path, file) is read (default: the first column).
    clips : Clips

    Raises
    ------
    InputError
        The file cannot be read.
    """
    names = _listed(Path(file))
    wanted = set(names)
    by_id: dict[str, list[int]] = {}
    by_path: dict[str, list[int]] = defaultdict(list)
    by_name: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row, (id_, path) in enumerate(zip(map(written, clips.ids), map(written, clips.paths), strict=True)):
        name = posixpath.basename(path)
        if id_ in wanted:
            by_id[id_] = [row]
        if path in wanted:
            by_path[path].append(row)
        if name in wanted:
            by_name[name][path].append(row)
    rows: set[int] = set()
    remarks = []
    for name in names:
        paths = by_name.get(name, {})
        only = next(iter(paths.values())) if len(paths) == 1 else None
        if named := by_id.get(name) or by_path.get(name) or only:
            rows.update(named)
        elif paths:
            remarks.append(
                Remark("named and there several times", f"{name}: {listed(sorted(paths), 3)}; write the path")
            )
        else:
            remarks.append(Remark("named and not there", name))
    return np.array(sorted(rows), dtype=np.int64), tuple(remarks)


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
