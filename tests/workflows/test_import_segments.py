"""Features of segments, lists, and arrays larger than memory come into the store."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import mxt
from mxt.core.errors import InputError
from mxt.core.records import ClipRecord
from mxt.ingestion.requests import DeriveRequest, ImportRequest
from mxt.store.layout import Store
from mxt.workflows.derive import derive
from mxt.workflows.import_features import import_features


@pytest.fixture
def clips(store: Path) -> list[ClipRecord]:
    """The windows of 0.4 s that the collection is cut into, in catalogue order."""
    derive(store, DeriveRequest("windows", {"length": 0.4, "hop": 0.3}, name="windows"))
    return Store.open(store, read_only=True).catalogue.clips("windows")


def spans(clips: list[ClipRecord]) -> tuple[list[str], list[float], list[float]]:
    starts = [(clip.start_us or 0) / 1e6 for clip in clips]
    ends = [start + clip.duration for start, clip in zip(starts, clips, strict=True)]
    return [clip.file.path for clip in clips], starts, ends


def features_of(clips: list[ClipRecord]) -> np.ndarray:
    return np.random.default_rng(3).standard_normal((len(clips), 4)).astype(np.float32)


def test_rows_of_file_start_end_and_columns_find_their_segments_in_any_order(store, clips, tmp_path):
    X, (files, starts, ends) = features_of(clips), spans(clips)
    lines = [
        ",".join([file, f"{start:.3f}", f"{end:.3f}", *map(str, row)])
        for file, start, end, row in zip(files, starts, ends, X, strict=True)
    ]
    (tmp_path / "perch.csv").write_text("\n".join(["filename,start,end,e0,e1,e2,e3", *lines[::-1]]))
    imported = import_features(store, ImportRequest(tmp_path / "perch.csv", dataset="windows"))
    assert (imported.used, dict(imported.layers), imported.missing) == (len(clips), {"features": 4}, ())
    features = mxt.open(store).features("perch", dataset="windows")
    np.testing.assert_allclose(features.X, X, rtol=1e-6)
    assert features.columns == tuple(f"perch.features.e{k}" for k in range(4))


@pytest.mark.parametrize(
    ("start", "end", "factor"),
    [("onset_ms", "offset_ms", 1000.0), ("Begin Time (s)", "End Time (s)", 1.0), ("start", "duration", 1.0)],
)
def test_times_may_have_other_headings_and_units(store, clips, tmp_path, start, end, factor):
    files, starts, ends = spans(clips)
    ends = [b - a for a, b in zip(starts, ends, strict=True)] if end == "duration" else ends
    table = {
        "file": files,
        start: np.array(starts) * factor,
        end: np.array(ends) * factor,
        "x": np.ones(len(clips)),
    }
    parquet.write_table(pa.table(table), tmp_path / "m.parquet")
    assert import_features(store, ImportRequest(tmp_path / "m.parquet", dataset="windows")).used == len(clips)


def test_a_column_of_lists_is_a_layer_and_a_missing_list_is_a_clip_without_features(store, clips, tmp_path):
    X, (files, starts, ends) = features_of(clips), spans(clips)
    embedding = [None if row == 1 else values.tolist() for row, values in enumerate(X)]
    table = {
        "filename": files,
        "start": starts,
        "end": ends,
        "embedding": pa.array(embedding, pa.list_(pa.float32())),
    }
    parquet.write_table(pa.table(table), tmp_path / "m.parquet")
    imported = import_features(store, ImportRequest(tmp_path / "m.parquet", dataset="windows"))
    assert dict(imported.layers) == {"embedding": 4}
    assert imported.not_finite == (clips[1].id,)
    np.testing.assert_array_equal(mxt.open(store).features("m", dataset="windows").X, np.delete(X, 1, axis=0))


def test_rows_of_other_times_are_named_and_belong_to_no_clip(store, clips, tmp_path):
    files, starts, ends = spans(clips)
    starts[2] += 0.05
    np.savez(tmp_path / "m.npz", filename=files, start=starts, end=ends, e=features_of(clips))
    imported = import_features(store, ImportRequest(tmp_path / "m.npz", dataset="windows"))
    assert imported.unknown == (f"{files[2]}#{starts[2]:g}-{ends[2]:g}",)
    assert imported.missing == (clips[2].id,)


def test_a_segment_that_is_there_twice_with_other_numbers_is_refused(store, clips, tmp_path):
    files, starts, ends = spans(clips)
    starts[1], ends[1] = starts[0], ends[0]
    np.savez(tmp_path / "m.npz", filename=files, start=starts, end=ends, e=features_of(clips))
    with pytest.raises(InputError, match="is there twice, in rows 1 and 2"):
        import_features(store, ImportRequest(tmp_path / "m.npz", dataset="windows"))


def test_segments_of_files_that_are_whole_clips_are_refused_with_the_way_to_them(store, clips, tmp_path):
    files, starts, ends = spans(clips)
    starts, ends = [start + 0.01 for start in starts], [end + 0.01 for end in ends]
    np.savez(tmp_path / "m.npz", filename=files, start=starts, end=ends, e=features_of(clips))
    with pytest.raises(InputError, match="Its rows are segments"):
        import_features(store, ImportRequest(tmp_path / "m.npz", dataset="timbres"))


def test_a_file_with_one_row_is_that_clip_whatever_part_of_it_was_looked_at(store, tmp_path):
    whole = [clip for clip in Store.open(store, read_only=True).catalogue.clips("timbres") if clip.usable]
    files = [clip.file.path for clip in whole]
    np.savez(
        tmp_path / "m.npz", filename=files, start=np.full(72, 0.1), end=np.full(72, 0.2), e=np.ones((72, 2))
    )
    assert import_features(store, ImportRequest(tmp_path / "m.npz", dataset="timbres")).used == 72


MEASURE = """
import sys
from pathlib import Path
from mxt.ingestion.feature_files import read_features
from mxt.ingestion.feature_rows import blocks, finite_rows
features = read_features(Path(sys.argv[1]))
finite = finite_rows(features.arrays)
total = sum(values["features"].sum() for _, values, _ in blocks(features.arrays))
lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(finite.sum()), int(lines["RssAnon"].split()[0]))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_a_bare_array_is_mapped_and_never_in_memory_as_a_whole(tmp_path):
    array = np.lib.format.open_memmap(tmp_path / "x.npy", mode="w+", dtype=np.float64, shape=(200_000, 200))
    array[:] = 1.0
    array.flush()
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path / "x.npy")], capture_output=True, text=True, check=True
    )
    rows, kilobytes = map(int, done.stdout.split())
    assert rows == 200_000
    assert kilobytes < 200_000  # of 320,000 that the file has
