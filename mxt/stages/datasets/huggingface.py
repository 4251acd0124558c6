"""Hugging Face `datasets` on disk: folders of ``save_to_disk``, its cache, and Parquet files."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mxt.core.errors import InputError, listed
from mxt.core.records import Clip, Detection, Listing, Packed, Remark
from mxt.core.text import parse_json
from mxt.stages.datasets.suffixes import suffix
from mxt.stages.datasets.targets import split_name

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 64  # read at a time: recordings are large
_SHARD = re.compile(r"-\d+-of-\d+$")
_INFO = ("dataset_info.json", "dataset_dict.json")


@dataclass(frozen=True)
class HuggingFace:
    """Loader of Arrow and Parquet files with a column of recordings."""

    def detect(self, listing: Listing) -> Detection:
        """Sure where the first Arrow or Parquet file has a column of the type Audio."""
        tables = _tables(listing)
        if not tables:
            return Detection(0.0, "no Arrow or Parquet files")
        try:
            column, _ = _audio_column(_schema(Path(listing.root, tables[0])))
        except InputError as error:
            return Detection(0.0, str(error))
        if not column:
            return Detection(0.0, f"no column of recordings in {tables[0]}")
        return Detection(0.97, f"recordings in the column {column} of {len(tables):,} Arrow or Parquet files")

    def clips(self, listing: Listing) -> Iterator[Clip | Remark]:
        """Refuse: recordings are read as files.

        Raises
        ------
        InputError
        """
        raise InputError(
            f"{listing.root} keeps its recordings inside Arrow or Parquet files, and mxt reads files: "
            f"mxt ingest {listing.root} --unpack NEWFOLDER writes them there once, with their columns"
        )

    def packed(self, listing: Listing) -> Iterator[Packed | Remark]:
        """The rows in the order of the files; columns of the type ClassLabel by the names of the classes.

        Raises
        ------
        InputError
            A file cannot be read, or has no column of recordings.
        """
        left_out: set[str] = set()
        for path in _tables(listing):
            part = _part(path, listing)
            for batch in _batches(Path(listing.root, path)):
                column, features = _audio_column(batch.schema)
                if not column:
                    raise InputError(f"{path} has no column of recordings")
                others = {name: batch.column(name) for name in batch.schema.names if name != column}
                columns = {name: _values(v, features.get(name)) for name, v in others.items() if _plain(v)}
                left_out |= others.keys() - columns.keys()
                for number in range(batch.num_rows):
                    row = {name: values[number] for name, values in columns.items()}
                    yield _packed(batch.column(column)[number].as_py(), part, row)
        if left_out:
            yield Remark("columns left out", f"neither text nor numbers: {listed(sorted(left_out))}")


def _tables(listing: Listing) -> list[str]:
    """Arrow files of `save_to_disk` or the cache, or Parquet files; not what `datasets` cached of results."""
    folders = {posixpath.dirname(path) for path in listing.files if posixpath.basename(path) in _INFO}
    return [
        path
        for path in listing.files
        if suffix(path) == "parquet"
        or (
            suffix(path) == "arrow"
            and posixpath.dirname(path) in folders
            and not posixpath.basename(path).startswith("cache-")
        )
    ]


def _part(path: str, listing: Listing) -> str:
    """The split that a file is called after, or its folder where that is one of several."""
    folder = posixpath.dirname(path)
    if posixpath.join(posixpath.dirname(folder), "dataset_dict.json") in listing.files:
        return posixpath.basename(folder)
    stem = _SHARD.sub("", posixpath.splitext(posixpath.basename(path))[0])
    words = [stem, *reversed(stem.split("-")), posixpath.basename(folder)]
    return next((split for word in words if (split := split_name(word))), "")


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A Parquet file, or an Arrow stream; an error of reading it is one line.

    Raises
    ------
    InputError
    """
    from pyarrow import ArrowException, ipc, memory_map, parquet

    try:
        if path.suffix == ".parquet":
            with parquet.ParquetFile(path) as file:
                yield file
        else:
            with memory_map(str(path)) as file, ipc.open_stream(file) as stream:
                yield stream
    except (ArrowException, OSError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error


def _schema(path: Path) -> pa.Schema:
    with _opened(path) as file:
        return file.schema_arrow if path.suffix == ".parquet" else file.schema


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    """The rows of a file, some at a time."""
    with _opened(path) as file:
        yield from file.iter_batches(batch_size=ROWS) if path.suffix == ".parquet" else file


def _audio_column(schema: pa.Schema) -> tuple[str, Mapping[str, Any]]:
    """The first column of recordings, empty if there is none, and the types `datasets` gives to columns."""
    try:
        info = parse_json((schema.metadata or {}).get(b"huggingface", b"{}").decode())
        features = info.get("info", {}).get("features", {})
        named = [name for name in schema.names if features.get(name, {}).get("_type") == "Audio"]
    except (ValueError, AttributeError):
        features, named = {}, []
    structs = [field.name for field in schema if str(field.type) == "struct<bytes: binary, path: string>"]
    known = [name for name in structs if name in named or name not in features]
    return (known[0] if known else ""), features


def _plain(column: pa.Array) -> bool:
    """Whether JSON has such values."""
    return "binary" not in str(column.type)


def _values(column: pa.Array, feature: Any) -> list[Any]:
    """The values of a column; of class labels, and of lists of them, their names."""
    inner = feature.get("feature", feature) if isinstance(feature, dict) else None
    names = inner.get("names") if isinstance(inner, dict) and inner.get("_type") == "ClassLabel" else None
    values: list[Any] = column.to_pylist()
    if not isinstance(names, list):
        return values

    def name(value: Any) -> Any:
        if isinstance(value, list):
            return [name(item) for item in value]
        return names[value] if isinstance(value, int) and 0 <= value < len(names) else None

    return [name(value) for value in values]


def _packed(audio: Any, part: str, row: Mapping[str, Any]) -> Packed:
    """A row; dates and other values that JSON has not become text."""
    plain = json.loads(json.dumps(row, default=str))
    path = str((audio or {}).get("path") or "")
    content = (audio or {}).get("bytes") or path or None
    return Packed(re.split(r"[\\/]", path)[-1], content, part, plain)
