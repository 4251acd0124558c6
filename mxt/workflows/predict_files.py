"""Predictions as files: CSV, JSON Lines, Parquet, selection tables of Raven, label tracks of Audacity."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from mxt.core.errors import InputError, Refused, UsageError
from mxt.core.files import atomic_write
from mxt.core.records import Annotation
from mxt.core.text import written
from mxt.stages.annotations import audacity, raven

if TYPE_CHECKING:
    from mxt.models.timeline import Prediction

FOLDERS = {"raven": raven, "audacity": audacity}  # a file for each recording
SUFFIXES = {".csv": "csv", ".jsonl": "jsonl", ".parquet": "parquet"}
FORMATS = (*SUFFIXES.values(), *FOLDERS)


def format_of(out: Path, given: str | None) -> str:
    """The format of what is written to `out`.

    Raises
    ------
    UsageError
        The suffix names none, or it is another than the one given.
    """
    by_suffix = SUFFIXES.get(out.suffix.lower())
    if given is not None and given not in FORMATS:
        raise UsageError(f"--format is one of {', '.join(FORMATS)}, not {given!r}")
    if given in FOLDERS or (given is not None and by_suffix in (None, given)):
        return given
    if by_suffix is None or given is not None:
        raise UsageError(
            f"--out {out}: the name ends in {', '.join(SUFFIXES)}; or it is a folder, "
            f"with --format {' or '.join(FOLDERS)}"
        )
    return by_suffix


def plain_row(row: Prediction, *, columns: bool = False) -> dict[str, Any]:
    """A prediction as plain values: one object of JSON, or with `columns` the cells of a table."""
    plain: dict[str, Any] = {
        "file": written(row.file),
        "start": row.start,
        "end": row.end,
        "label": row.label,
        "confidence": _rounded(row.confidence),
        "why": row.why,
        "model": row.model,
    }
    if not math.isnan(row.value):
        del plain["confidence"]
        plain |= {"value": row.value, "low": row.low, "high": row.high}
    if columns:
        for place, (name, probability) in enumerate(row.others, 2):
            plain |= {f"label_{place}": name, f"confidence_{place}": _rounded(probability)}
    else:
        plain["others"] = [{"label": name, "confidence": _rounded(p)} for name, p in row.others]
    return plain


def write_predictions(
    out: Path, given: str | None, rows: Sequence[Prediction], *, yes: bool
) -> tuple[str, ...]:
    """Write predictions in the format of the suffix, or the one given; the files that were written.

    Raises
    ------
    InputError
        A file cannot be written.
    Refused
        A label track or selection table is there already, and not `yes`.
    """
    kind = format_of(out, given)
    try:
        if kind in FOLDERS:
            return _write_folder(out, kind, rows, yes=yes)
        with atomic_write(out) as file:
            _WRITERS[kind](file, rows)
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror or error}") from error
    return (str(out),)


def _write_folder(out: Path, kind: str, rows: Sequence[Prediction], *, yes: bool) -> tuple[str, ...]:
    """One file for each recording, below `out` where the recording lies below the folder of them all."""
    module = FOLDERS[kind]
    texts: dict[Path, str] = {}
    by_file: dict[str, list[Prediction]] = {}
    for row in rows:
        by_file.setdefault(row.file, []).append(row)
    below = _below({name: Path(name) for name in by_file})
    for name, of_file in by_file.items():
        annotations = [_annotation(row) for row in of_file if not row.why]
        path = out / below[name].parent / module.file_name(name)
        if path in texts:  # a.wav and a.flac
            path = path.with_name(module.file_name(f"{below[name].name}.x"))
        texts[path] = module.write(annotations)
    taken = [path for path in texts if path.exists()]
    if taken and not yes:
        raise Refused(f"{taken[0]} already exists ({len(taken)} such files); add --yes to replace them")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path, "w") as file:
            file.write(written(text))
    return tuple(map(str, texts))


def _below(paths: dict[str, Path]) -> dict[str, Path]:
    """Paths below the folder that all of them have in common."""
    absolute = {name: path.absolute() for name, path in paths.items()}
    parents = [path.parent.parts for path in absolute.values()]
    common = 0
    while parents and all(len(parts) > common and parts[common] == parents[0][common] for parts in parents):
        common += 1
    return {name: Path(*path.parts[common:]) for name, path in absolute.items()}


def _annotation(row: Prediction) -> Annotation:
    label = row.label if math.isnan(row.value) else f"{row.value:.6g}"
    own = {"Confidence": "" if math.isnan(row.confidence) else f"{row.confidence:.4f}", "Model": row.model}
    return Annotation(row.file, row.start, row.end, label, fields=own)


def _write_jsonl(file: IO[bytes], rows: Sequence[Prediction]) -> None:
    for row in rows:
        file.write(json.dumps(plain_row(row), ensure_ascii=False).encode() + b"\n")


def _table(rows: Sequence[Prediction]) -> Any:
    import pyarrow as pa

    cells = [plain_row(row, columns=True) for row in rows]
    names = list(dict.fromkeys(name for row in cells for name in row)) or ["file", "label"]
    texts = {"file", "why", "model"} | {name for name in names if name.startswith("label")}
    return pa.table(
        {
            name: pa.array([row.get(name) for row in cells], pa.string() if name in texts else pa.float64())
            for name in names
        }
    )


def _write_csv(file: IO[bytes], rows: Sequence[Prediction]) -> None:
    from pyarrow import csv

    csv.write_csv(_table(rows), file)


def _write_parquet(file: IO[bytes], rows: Sequence[Prediction]) -> None:
    from pyarrow import parquet

    parquet.write_table(_table(rows), file)


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)


_WRITERS: dict[str, Callable[[IO[bytes], Sequence[Prediction]], None]] = {
    "csv": _write_csv,
    "jsonl": _write_jsonl,
    "parquet": _write_parquet,
}
