"""How scores are printed."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from mxt.core.errors import Reason
from mxt.core.records import ClipRecord, DatasetRecord, FileRecord, Measurement
from mxt.core.specs import Layer
from mxt.ingestion.walk import other_file
from mxt.store.layout import Store

N = 60
NOISE = np.random.default_rng(0).normal(size=(N, 2))
VIEWS = {
    "clear": 5 * np.eye(2)[np.arange(N) % 2] + NOISE,
    "as_clear": 5 * np.eye(2)[np.arange(N) % 2] - NOISE,
    "noise": NOISE,
}
QUICK = ("--set", "kernel=rbf", "--set", "svm.C=8", "--set", "gamma=1", "-q")


@pytest.fixture
def store(tmp_path):
    """Two data sets of the same clips and views, a table beside the first."""
    store = Store.open(tmp_path / "mxt-store", create=True)
    keys = [hashlib.sha256(str(n).encode()).digest() for n in range(N)]
    files = [
        FileRecord(f"{n:02}.wav", 1, 1, 1, Measurement(key.hex(), 1.0, 22050, 1, 22050, 0.5, 0.5, 0.1))
        for n, key in enumerate(keys)
    ]
    genres = ["jazz", "rock"] * (N // 2)
    clips = [
        ClipRecord(file.path, file, key, targets={"genre": genre})
        for file, key, genre in zip(files, keys, genres, strict=True)
    ]
    for name in ("first", "second"):
        store.catalogue.replace_clips(DatasetRecord(name, "/x", "folder", {}, ("genre",), "", ""), clips)
        for label in VIEWS:
            store.catalogue.add_view(name, label)
    for label, X in VIEWS.items():
        table = store.features.create(
            hashlib.sha256(label.encode()).hexdigest(), label, {}, [Layer(1, "all", 2)]
        )
        with table.writer() as writer:
            for row, values in zip(writer.assign(keys), X.astype(np.float32), strict=True):
                writer.put(int(row), {"all": values})
    return store


@pytest.mark.usefixtures("store")
def test_data_sets_by_views_mark_the_best_and_what_is_not_clearly_below_it(mxt):
    shown = mxt("eval", "--dataset", "first", "--dataset", "second", *QUICK).out.splitlines()
    head = next(place for place, line in enumerate(shown) if line.startswith("data set"))
    assert shown[head].split() == ["data", "set", "score", *VIEWS]
    for line, name in zip(shown[head + 1 :], ("first", "second"), strict=False):
        cells = [cell.strip() for cell in line.split("  ") if cell.strip()]
        assert cells[:2] == [name, "accuracy"]
        assert sorted(cell[-1] for cell in cells[2:]) == [")", "*", "~"]
        assert cells[4].endswith(")")  # noise is clearly below
    assert shown[head + 3] == "* the best of its data set   ~ not clearly below it"


@pytest.mark.usefixtures("store")
def test_where_it_is_narrow_data_sets_by_views_go_without_intervals(mxt, monkeypatch):
    monkeypatch.setattr("mxt.cli.console.width", lambda: 80)
    shown = mxt("eval", "--dataset", "first", "--dataset", "second", *QUICK).out
    assert max(map(len, shown[shown.index("data set") :].splitlines())) <= 80
    table = shown[: shown.index("\n\ndata set")]
    assert "columns" not in table
    assert " to " in table


def test_tables_and_hidden_files_beside_the_audio_are_no_clips_left_out(mxt, store):
    clips = store.catalogue.clips("first")
    beside = other_file(FileRecord("labels.csv", 1, 1, 1))
    gone = FileRecord("gone.wav", 1, 1, 1, reason=Reason.NOT_AUDIO, detail="cannot be read")
    more = [ClipRecord(file.path, file, None, file.reason, file.detail) for file in (beside, gone)]
    store.catalogue.replace_clips(store.catalogue.dataset("first"), [*clips, *more])
    assert (
        "left out 1: cannot be used" in mxt("eval", "--dataset", "first", "--features", "clear", *QUICK).out
    )


@pytest.mark.usefixtures("store")
def test_what_is_saved_is_told_in_one_line(mxt):
    shown = mxt("eval", "--dataset", "first", *QUICK).out
    (saved,) = (line for line in shown.splitlines() if line.startswith("saved: "))
    assert saved.endswith(", and 2 of the other views (mxt ls)")
    assert "next: mxt report --dataset" in shown
