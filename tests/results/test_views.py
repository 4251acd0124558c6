from __future__ import annotations

import hashlib
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import mxt
from mxt.core import room
from mxt.core.errors import InputError, Reason, UnknownName, UsageError
from mxt.core.records import ClipRecord, DatasetRecord, FileRecord, Measurement
from mxt.core.specs import Layer
from mxt.results.views import load_view
from mxt.store import table
from mxt.store.layout import Store

LAYERS = (Layer(1, "low", 2), Layer(2, "high", 3, labels=("dark", "bright", "loud")))


def clip(path: str, content: str) -> ClipRecord:
    key = hashlib.sha256(content.encode()).digest()
    file = FileRecord(path, 1, 1, 1, Measurement(key.hex(), 1.0, 22050, 1, 22050, 0.5, 0.5, 0.1))
    return ClipRecord(path, file, key, targets={"genre": path[0]})


CLIPS = [clip("a1.wav", "one"), clip("a2.wav", "two"), clip("b1.wav", "three"), clip("b2.wav", "one")]
UNUSABLE = ClipRecord(
    "broken.wav", FileRecord("broken.wav", 1, 1, 1, None, Reason.NOT_AUDIO), None, Reason.NOT_AUDIO
)


def fill(store: Store, label: str, rows: dict[str, int | None]) -> None:
    """Write a table: content to its first value, or ``None`` for failed; others stay open."""
    table = store.features.create(hashlib.sha256(label.encode()).hexdigest(), label, {}, LAYERS)
    with table.writer() as writer:
        keys = [hashlib.sha256(content.encode()).digest() for content in rows]
        for row, value in zip(writer.assign(keys), rows.values(), strict=True):
            if value is None:
                writer.fail(int(row), Reason.STAGE_FAILED)
            else:
                writer.put(
                    int(row),
                    {"low": np.full(2, value, np.float32), "high": np.arange(3, dtype=np.float32) + value},
                )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    store = Store.open(tmp_path / "store", create=True)
    store.catalogue.replace_clips(
        DatasetRecord("notes", "/x", "folder", {}, ("genre",), "", ""), [*CLIPS, UNUSABLE]
    )
    fill(store, "whole", {"three": 30, "two": 20, "one": 10})
    fill(store, "part", {"one": 1, "three": None})
    store.catalogue.add_view("notes", "whole:2")
    return store.root


def test_rows_stand_in_catalogue_order_whatever_their_order_in_the_table(root: Path) -> None:
    X, ids = mxt.open(root).features("whole:low")
    assert ids == ["a1.wav", "a2.wav", "b1.wav", "b2.wav"]
    assert X.tolist() == [[10, 10], [20, 20], [30, 30], [10, 10]]


def test_parts_are_joined_by_audio_and_only_clips_that_have_all_are_there(root: Path) -> None:
    found = mxt.open(root).matrix("part:1+whole:2")
    assert found.ids == ["a1.wav", "b2.wav"]
    assert found.X.tolist() == [[1, 1, 10, 11, 12]] * 2
    assert (found.n_missing, found.n_failed) == (1, 1)


def test_columns_are_named_by_table_layer_and_label(root: Path) -> None:
    columns = mxt.open(root).matrix("whole").columns
    assert columns == (
        "whole.low.0",
        "whole.low.1",
        "whole.high.dark",
        "whole.high.bright",
        "whole.high.loud",
    )


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("whole:12", "whole"), ("whole: high", "whole:high"), ("whole:2,1+part:low", "whole+part:low")],
)
def test_a_view_has_one_canonical_form(root: Path, text: str, canonical: str) -> None:
    assert load_view(Store.open(root), "notes", text).view == canonical


@pytest.mark.parametrize(
    ("view", "error", "message"),
    [
        ("whol", UnknownName, "did you mean whole"),
        ("whole:3", UnknownName, r"its layers are 1 \(low\), 2 \(high\)"),
        ("whole:", UsageError, "is not a view"),
        ("whole+whole", UsageError, "twice"),
    ],
)
def test_a_view_that_is_not_there_lists_candidates(
    root: Path, view: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        load_view(Store.open(root), "notes", view)


def test_a_store_without_features_says_how_to_get_some(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store", create=True)
    with pytest.raises(InputError, match="mxt extract"):
        load_view(store, None, "convnet")


def test_a_store_opened_in_python_lists_what_it_has(root: Path) -> None:
    store = mxt.open(root)
    assert (store.datasets(), store.views()) == (["notes"], ["whole:2"])


def test_a_view_is_read_into_one_array(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "READ_BYTES", 1 << 18)
    n, layer = 10_000, Layer(1, "all", 50)
    clips = [clip(f"{i}.wav", str(i)) for i in range(n)]
    store = Store.open(tmp_path / "store", create=True)
    store.catalogue.replace_clips(DatasetRecord("many", "/x", "folder", {}, ("genre",), "", ""), clips)
    made = store.features.create("a" * 64, "all", {}, [layer], rows=n)
    X = np.arange(n * 50, dtype=np.float32).reshape(n, 50)
    with made.writer() as writer:
        for row, values in zip(writer.assign([one.key for one in clips]), X, strict=True):
            writer.put(int(row), {"all": values})
    columns = store.catalogue.columns("many")
    tracemalloc.start()
    matrix = load_view(store, "many", "all", clips=columns)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert np.array_equal(matrix.X, X)
    assert peak < X.nbytes + (5 << 18) + 200 * n  # parts of it; keys, states and seals
    some = load_view(store, "many", "all", clips=columns[np.arange(n - 1, 0, -2)])
    assert np.array_equal(some.X, X[::-2])


def test_a_large_view_lies_in_a_file_that_nobody_sees(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, whole = sorted(root.rglob("*")), load_view(Store.open(root), "notes", "whole")
    monkeypatch.setattr(room, "IN_MEMORY", 10)
    large = load_view(Store.open(root), "notes", "whole")
    assert isinstance(large.X, np.memmap)
    assert np.array_equal(large.X, whole.X)
    assert sorted(root.rglob("*")) == before
