"""What commands that show a few lines take grows slowly, or not at all, with the clips there are."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from mxt.core.records import ClipRecord, DatasetRecord, FileRecord, Measurement
from mxt.extraction.plan import make_plan
from mxt.extraction.request import ExtractRequest
from mxt.ingestion.requests import IngestRequest
from mxt.registry import build_registry
from mxt.store.catalogue import Catalogue
from mxt.store.layout import Store
from mxt.store.verify import verify
from mxt.workflows.extract import extract
from mxt.workflows.info import info
from mxt.workflows.ingest import ingest
from mxt.workflows.ls import ls

REGISTRY = build_registry()
FEW, MANY = 1_000, 10_000


def published(root: Path, clips: int) -> Path:
    """Features of the published form, in one layer."""
    (root / "csv").mkdir(parents=True)
    (root / "features").mkdir()
    rows = "".join(f"{i},{i % 7}/{i // 4}_{i % 4}.ogg,{i % 10},train\n" for i in range(clips))
    (root / "csv" / "jamendo_vd.csv").write_text(f"id,filepath,label,category\n{rows}")
    X = np.random.default_rng(0).standard_normal((clips, 120), np.float32)
    np.save(root / "features" / "jamendo_vd_mfcc.npy", X)
    return root


def sounds(number: int) -> Iterator[ClipRecord]:
    for i in range(number):
        sha256 = hashlib.sha256(str(i).encode()).hexdigest()
        file = FileRecord(
            f"{i}.wav", 16_044, i, i + 1, Measurement(sha256, 1.0, 8000, 1, 8000, 0.5, 0.5, 0.1)
        )
        yield ClipRecord(file.path, file, bytes.fromhex(sha256), targets={"label": str(i % 10)})


def store_of(folder: Path, clips: int) -> Path:
    """A store of as many clips with features, and as many with audio whose features are there."""
    root = folder / "store"
    ingest(root, IngestRequest(published(folder / "published", clips)), REGISTRY)
    store = Store.open(root)
    store.catalogue.replace_clips(
        DatasetRecord("sounds", "/nowhere", "folder", {}, ("label",), "", ""), sounds(clips)
    )
    plan = make_plan(root, ExtractRequest("mfcc"), REGISTRY)
    table = plan.create_table()
    (layer,) = table.layers
    with table.writer() as writer:
        for row in writer.assign(list(plan.contents)).tolist():
            writer.put(row, {layer.name: np.full(layer.dimension, row, np.float32)})
    extract(root, ExtractRequest("mfcc"), REGISTRY)
    return root


@pytest.fixture(scope="module")
def stores(tmp_path_factory) -> dict[int, Path]:
    return {clips: store_of(tmp_path_factory.mktemp(str(clips)), clips) for clips in (FEW, MANY)}


COMMANDS: dict[str, tuple[Callable[[Path], object], float]] = {  # and bytes that a clip more may take
    "ls": (ls, 50),
    "info of a data set": (lambda store: info(store, "jamendo_vd", REGISTRY), 400),
    "info of a table": (lambda store: info(store, "mfcc", REGISTRY), 400),
    "ingest again": (lambda store: ingest(store, IngestRequest(store.parent / "published"), REGISTRY), 400),
    "extract": (lambda store: extract(store, ExtractRequest("mfcc", dataset="sounds"), REGISTRY), 500),
}


def peak(work: Callable[[Path], object], store: Path) -> int:
    """Bytes that Python and NumPy hold at most while `work` runs."""
    tracemalloc.start()
    try:
        work(store)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("command", COMMANDS)
def test_memory_grows_by_no_more_than_some_bytes_per_clip(command, stores):
    work, per_clip = COMMANDS[command]
    work(stores[FEW])  # imports
    few, many = peak(work, stores[FEW]), peak(work, stores[MANY])
    assert (many - few) / (MANY - FEW) < per_clip, (few, many)


def test_verify_holds_some_thousand_rows_at_a_time(stores):
    assert peak(lambda store: verify(Store.open(store)), stores[MANY]) < 6 * 4096 * (120 * 4 + 100)


@pytest.mark.parametrize("command", COMMANDS)
def test_no_clip_becomes_an_object_where_none_is_shown(command, stores, monkeypatch):
    def refuse(*_args: object, **_options: object) -> None:
        raise AssertionError("a clip was read")

    monkeypatch.setattr(Catalogue, "each_clip", refuse)
    monkeypatch.setattr(Catalogue, "files", refuse)
    COMMANDS[command][0](stores[FEW])


def test_a_store_of_many_clips_has_few_files(stores):
    tables = [table for table in Store.open(stores[MANY]).features.tables() if table.label == "choi2017_mfcc"]
    chunks = [
        len(list(array.glob("c.*"))) for table in tables for array in table.path.iterdir() if array.is_dir()
    ]
    assert max(chunks) == 10
