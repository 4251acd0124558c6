"""Recordings inside Arrow, Parquet and tar files are written to a folder once, and catalogued there."""

from __future__ import annotations

import io
import json
import tarfile
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from mxt.core.errors import InputError, StoreError, UsageError
from mxt.core.records import ClipRecord
from mxt.ingestion.requests import IngestRequest
from mxt.registry import build_registry
from mxt.store.layout import Store
from mxt.workflows.ingest import ingest

REGISTRY = build_registry()
NAMES = ["dog", "rain"]
FEATURES = {
    "audio": {"_type": "Audio"},
    "label": {"_type": "ClassLabel", "names": NAMES},
    "tags": {"_type": "List", "feature": {"_type": "ClassLabel", "names": NAMES}},
}


def sound(number: int) -> bytes:
    """A short recording whose content is told by its number."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes((i * (number + 3)) % 251 for i in range(2000)))
    return content.getvalue()


def table(audio: list[dict[str, object]]) -> pa.Table:
    """Rows as `datasets` writes them."""
    rows = len(audio)
    columns = {
        "audio": pa.array(audio, pa.struct({"bytes": pa.binary(), "path": pa.string()})),
        "label": pa.array([number % 2 for number in range(rows)], pa.int64()),
        "tags": pa.array([[0, 1]] * rows, pa.list_(pa.int64())),
        "when": pa.array([0] * rows, pa.timestamp("s")),
        "picture": pa.array([b"x"] * rows, pa.binary()),
    }
    metadata = {"huggingface": json.dumps({"info": {"features": FEATURES}})}
    return pa.table(columns).replace_schema_metadata(metadata)


def embedded(*names: str | None) -> pa.Table:
    return table([{"bytes": sound(number), "path": name} for number, name in enumerate(names)])


def saved(folder: Path, rows: pa.Table) -> Path:
    """A folder as `save_to_disk` writes it."""
    folder.mkdir(parents=True)
    with pa.ipc.new_stream(folder / "data-00000-of-00001.arrow", rows.schema) as writer:
        writer.write_table(rows, max_chunksize=2)
    for name in ("state.json", "dataset_info.json"):
        (folder / name).write_text("{}")
    return folder


def clips(tmp_path: Path, folder: Path, **options) -> dict[str, ClipRecord]:
    """Clips of a folder that is unpacked beside it, by their ids."""
    return unpacked(tmp_path, folder, **options)[0]


def unpacked(tmp_path: Path, folder: Path, **options) -> tuple[dict[str, ClipRecord], Mapping[str, Any]]:
    """The same, and the remarks by their kinds."""
    store = tmp_path / "store"
    request = IngestRequest(folder, unpack=tmp_path / "out", **options)
    (result,) = ingest(store, request, REGISTRY)
    assert (result.name, result.root) == ("out", str(tmp_path / "out"))
    found = Store.open(store).catalogue.clips(result.name)
    return {clip.id: clip for clip in found if clip.is_clip}, result.summary.remarks


def test_recordings_and_class_names_of_a_saved_dataset(tmp_path):
    found, remarks = unpacked(tmp_path, saved(tmp_path / "sounds", embedded("a.wav", "b.wav", "c.wav")))
    assert {id_: clip.targets["label"] for id_, clip in found.items()} == {
        "a.wav": "dog",
        "b.wav": "rain",
        "c.wav": "dog",
    }
    assert all(clip.usable for clip in found.values())
    assert json.loads(found["a.wav"].fields["tags"]) == NAMES
    assert list(remarks["columns left out"]) == ["neither text nor numbers: picture"]


def test_splits_are_folders(tmp_path):
    for part in ("train", "test"):
        saved(tmp_path / "sounds" / part, embedded(f"{part}.wav"))
    (tmp_path / "sounds" / "dataset_dict.json").write_text("{}")
    found = clips(tmp_path, tmp_path / "sounds")
    assert {id_: clip.split for id_, clip in found.items()} == {
        "train/train.wav": "train",
        "test/test.wav": "test",
    }


def test_parquet_files_as_the_hub_has_them(tmp_path):
    (tmp_path / "sounds" / "data").mkdir(parents=True)
    for part in ("train", "validation"):
        path = tmp_path / "sounds" / "data" / f"{part}-00000-of-00001.parquet"
        parquet.write_table(embedded(f"{part}.wav"), path)
    found = clips(tmp_path, tmp_path / "sounds")
    assert {clip.split for clip in found.values()} == {"train", "valid"}


def test_recordings_that_are_files_are_linked_not_copied(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.wav").write_bytes(sound(1))
    rows = table([{"bytes": None, "path": str(tmp_path / "elsewhere" / "a.wav")}])
    found = clips(tmp_path, saved(tmp_path / "sounds", rows))
    assert found["a.wav"].usable
    assert (tmp_path / "out" / "a.wav").readlink() == tmp_path / "elsewhere" / "a.wav"


def test_names_are_made_unique_and_stay_below_the_folder(tmp_path):
    names = ("a.wav", "x/../A.wav", "a-1.wav", "../../up.wav", None, ".wav")
    found = clips(tmp_path, saved(tmp_path / "sounds", embedded(*names)))
    assert sorted(found) == ["000004.wav", "A-1.wav", "a-1-2.wav", "a.wav", "up.wav", "wav.wav"]
    assert len({clip.key for clip in found.values()}) == 6


def test_rows_without_a_recording_are_counted(tmp_path):
    rows = table([{"bytes": sound(1), "path": "a.wav"}, {"bytes": None, "path": None}])
    found, remarks = unpacked(tmp_path, saved(tmp_path / "sounds", rows))
    assert list(found) == ["a.wav"]
    assert list(remarks["rows without a recording"]) == ["1 left out"]


def shard(path: Path, members: dict[str, bytes]) -> None:
    path.parent.mkdir(exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def test_shards_of_webdataset(tmp_path):
    for part, labels in (("train", "dog"), ("test", "rain")):
        members = {"x/1.wav": sound(len(part)), "x/1.cls": labels.encode(), "x/1.json": b'{"site": "A"}'}
        shard(tmp_path / "sounds" / f"{part}-000.tar", members | {"x/2.wav": sound(9), "x/2.jpg": b"x"})
    found, remarks = unpacked(tmp_path, tmp_path / "sounds", params={"group_column": "site"})
    about = {id_: (clip.targets["label"], clip.split, clip.group) for id_, clip in found.items()}
    assert about == {
        "train/1.wav": ("dog", "train", "A"),
        "train/2.wav": (None, "train", None),
        "test/1.wav": ("rain", "test", "A"),
        "test/2.wav": (None, "test", None),
    }
    assert list(remarks["files left out"]) == ["with the suffixes jpg"]


def test_without_a_folder_to_unpack_to_the_command_is_told(tmp_path):
    folder = saved(tmp_path / "sounds", embedded("a.wav"))
    with pytest.raises(InputError, match=f"mxt ingest {folder} --unpack NEWFOLDER"):
        ingest(tmp_path / "store", IngestRequest(folder), REGISTRY)
    shard(tmp_path / "shards" / "0.tar", {"a.flac": b""})
    with pytest.raises(InputError, match=r"inside tar archives.*--unpack NEWFOLDER"):
        ingest(tmp_path / "store", IngestRequest(tmp_path / "shards"), REGISTRY)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"unpack": "store"}, InputError, "store already exists"),
        ({"unpack": "out", "dry_run": True}, UsageError, "leave out one of them"),
        ({"unpack": "none/out"}, StoreError, "No such file or directory"),
    ],
)
def test_folders_that_cannot_be_made_are_refused(tmp_path, options, error, message):
    folder = saved(tmp_path / "sounds", embedded("a.wav"))
    (tmp_path / "store").mkdir()
    options = {**options, "unpack": tmp_path / options["unpack"]}
    with pytest.raises(error, match=message):
        ingest(tmp_path / "store", IngestRequest(folder, **options), REGISTRY)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sounds", "store"]


def test_a_folder_of_files_needs_no_unpacking(tmp_path):
    (tmp_path / "sounds" / "dog").mkdir(parents=True)
    (tmp_path / "sounds" / "dog" / "a.wav").write_bytes(sound(1))
    with pytest.raises(UsageError, match="needs no --unpack: folder reads it"):
        ingest(tmp_path / "store", IngestRequest(tmp_path / "sounds", unpack=tmp_path / "out"), REGISTRY)


def test_a_file_that_is_cut_leaves_nothing_behind(tmp_path):
    folder = saved(tmp_path / "sounds", embedded("a.wav", "b.wav", "c.wav"))
    (path,) = folder.glob("*.arrow")
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(InputError, match="cannot be read"):
        ingest(tmp_path / "store", IngestRequest(folder, unpack=tmp_path / "out"), REGISTRY)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["sounds"]


def test_what_datasets_itself_saves_is_read(tmp_path):
    datasets = pytest.importorskip("datasets")
    (tmp_path / "recordings").mkdir()
    paths = [tmp_path / "recordings" / f"{number}.wav" for number in range(4)]
    for number, path in enumerate(paths):
        path.write_bytes(sound(number))
    rows = datasets.Dataset.from_dict({"audio": list(map(str, paths)), "label": [0, 1, 0, 1]})
    rows = rows.cast_column("audio", datasets.Audio())
    rows.cast_column("label", datasets.ClassLabel(names=NAMES)).save_to_disk(str(tmp_path / "sounds"))
    found = clips(tmp_path, tmp_path / "sounds")
    assert [clip.targets["label"] for clip in found.values()] == ["dog", "rain", "dog", "rain"]
    assert [Path(tmp_path, "out", id_).read_bytes() for id_ in found] == [sound(n) for n in range(4)]
