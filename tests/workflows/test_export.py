"""A view as a file other tools read."""

from __future__ import annotations

import csv
import dataclasses

import numpy as np
import pytest

from mxt.core.errors import InputError, Refused, UnknownName, UsageError
from mxt.extraction.request import ExtractRequest
from mxt.results.views import load_view
from mxt.store.layout import Store
from mxt.workflows.export import export
from mxt.workflows.extract import extract


@pytest.fixture
def extracted(store, registry):
    extract(store, ExtractRequest(backbone="tiny"), registry)
    return store


@pytest.fixture
def expected(extracted):
    return load_view(Store.open(extracted, read_only=True), None, "tiny")


@pytest.fixture
def odd_targets(extracted):
    """The same clips with several labels, numbers, a fold, and an odd name."""
    catalogue = Store.open(extracted).catalogue
    record = catalogue.dataset()
    clips = catalogue.clips(record.name)
    targets = [("a", "b"), ("b",), (), None]
    changed = [
        dataclasses.replace(
            clip,
            id=f"caf\udce9 {place}",
            fold=str(place % 2),
            targets={"tags": targets[place % 4], "mood": None if place == 1 else place / 2, "split": "x"},
        )
        for place, clip in enumerate(clips)
    ]
    catalogue.replace_clips(dataclasses.replace(record, targets=("tags", "mood", "split")), changed)
    return extracted


def test_npz_holds_features_clips_and_targets(extracted, expected, tmp_path):
    found = export(extracted, "tiny", tmp_path / "x.npz")
    with np.load(tmp_path / "x.npz", allow_pickle=False) as file:
        np.testing.assert_array_equal(file["X"], expected.X)
        assert file["X"].dtype == np.float32
        assert file["clip"].tolist() == expected.ids
        assert file["columns"].tolist() == ["tiny.level.0", "tiny.both.level", "tiny.both.crossings"]
        assert file["label"].tolist() == [clip.targets["label"] for clip in expected.clips]
    assert (found.clips, found.columns, found.targets, found.missing) == (72, 3, ("label",), 0)


def test_csv_has_one_line_a_clip_and_every_digit(extracted, expected, tmp_path):
    export(extracted, "tiny", tmp_path / "x.csv")
    with (tmp_path / "x.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["clip", "label", *expected.columns]
    assert [row["clip"] for row in rows] == expected.ids
    X = np.array([[row[name] for name in expected.columns] for row in rows], np.float32)
    np.testing.assert_array_equal(X, expected.X)


def test_parquet_keeps_types(extracted, expected, tmp_path):
    from pyarrow import parquet

    export(extracted, "tiny:1", tmp_path / "x.parquet")
    table = parquet.read_table(tmp_path / "x.parquet")
    assert table.column_names == ["clip", "label", "tiny.level.0"]
    np.testing.assert_array_equal(table["tiny.level.0"].to_numpy(), expected.X[:, 0])
    assert table.schema.metadata[b"mxt.view"] == b"tiny:level"


def test_several_labels_numbers_folds_and_odd_names_are_kept(odd_targets, tmp_path):
    from pyarrow import parquet

    for suffix in ("npz", "csv", "parquet"):
        export(odd_targets, "tiny", tmp_path / f"x.{suffix}")
    rows = parquet.read_table(tmp_path / "x.parquet").slice(0, 4).to_pylist()
    assert [row["tags"] for row in rows] == [["a", "b"], ["b"], [], None]
    assert [row["mood"] for row in rows] == [0.0, None, 1.0, 1.5]
    assert [(row["clip"], row["target.split"], row["fold"]) for row in rows[:2]] == [
        ("caf\\xe9 0", "x", "0"),
        ("caf\\xe9 1", "x", "1"),
    ]
    with np.load(tmp_path / "x.npz") as file:
        assert file["tags"][:4].tolist() == ["a;b", "b", "", ""]
        np.testing.assert_array_equal(file["mood"][:3], [0.0, np.nan, 1.0])
    with (tmp_path / "x.csv").open(encoding="utf-8") as file:
        assert next(csv.DictReader(file))["tags"] == "a;b"


def test_clips_without_features_are_counted_and_left_out(store, registry, tmp_path):
    extract(store, ExtractRequest(backbone="tiny", limit=12), registry)
    found = export(store, "tiny", tmp_path / "x.npz")
    assert (found.clips, found.missing, found.failed) == (12, 60, 0)


def test_an_existing_file_is_replaced_only_with_a_yes(extracted, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("mine")
    with pytest.raises(Refused, match="is there already; add --yes"):
        export(extracted, "tiny", path)
    assert path.read_text() == "mine"
    export(extracted, "tiny", path, yes=True)
    assert path.stat().st_size > 1000


@pytest.mark.parametrize("name", ["x.txt", "x", "x.pkl"])
def test_an_unknown_suffix_is_refused(name, extracted, tmp_path):
    with pytest.raises(UsageError, match=r"exports end in \.npz, \.csv, \.parquet"):
        export(extracted, "tiny", tmp_path / name)


def test_a_folder_that_is_not_there_is_said_so_and_nothing_is_left(extracted, tmp_path):
    with pytest.raises(InputError, match=r"cannot be written: No such file or directory"):
        export(extracted, "tiny", tmp_path / "none" / "x.csv")
    assert not (tmp_path / "none").exists()


def test_an_unknown_view_lists_candidates(extracted, tmp_path):
    with pytest.raises(UnknownName, match="did you mean tiny"):
        export(extracted, "tinny", tmp_path / "x.csv")
