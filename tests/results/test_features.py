"""Features as arrays and data frames."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from sklearn.model_selection import GroupKFold

import mxt
from mxt.core.errors import UnknownName, UsageError
from mxt.extraction.request import ExtractRequest
from mxt.registry import Registry
from mxt.results.features import Features
from mxt.store.layout import Store
from mxt.workflows.extract import extract


@pytest.fixture
def extracted(store: Path, registry: Registry) -> Path:
    extract(store, ExtractRequest(backbone="tiny"), registry)
    return store


@pytest.fixture
def features(extracted: Path) -> Features:
    return mxt.open(extracted).features("tiny")


@pytest.fixture
def varied(extracted: Path) -> Path:
    """The same clips, some of them unlabelled, with groups, several labels, numbers and a field."""
    catalogue = Store.open(extracted).catalogue
    record = catalogue.dataset()
    changed = [
        dataclasses.replace(
            clip,
            targets={
                "label": None if i == 0 else "<b>a & b</b>",
                "tags": ("a", "b") if i % 2 else ("b", "c"),
                "mood": None if i == 1 else i / 2,
            },
            group=None if i == 0 else f"tape {i % 4}",
            fields={"site": f"site {i % 3}"},
        )
        for i, clip in enumerate(catalogue.clips(record.name))
    ]
    catalogue.replace_clips(dataclasses.replace(record, targets=("label", "tags", "mood")), changed)
    return extracted


def test_they_hold_features_targets_ids_and_fields(features: Features) -> None:
    assert features.X.shape == (72, 3)
    assert features.X.dtype == np.float32
    assert features.y is not None
    assert features.y.tolist() == [name.split("/")[0] for name in features.ids] == features.fields["label"]
    assert features.groups is None
    assert (features.view, features.dataset, features.target) == ("tiny", "timbres", "label")


def test_they_are_unpacked_as_an_array_and_ids(features: Features) -> None:
    X, ids = features
    assert X is features.X
    assert ids is features.ids


def test_targets_are_classes_numbers_or_tuples_of_labels(varied: Path) -> None:
    store = mxt.open(varied)
    labels, tags, mood = (store.features("tiny", target=name).y for name in ("label", "tags", "mood"))
    assert labels is not None
    assert labels[:2].tolist() == [None, "<b>a & b</b>"]
    assert tags is not None
    assert tags[:2].tolist() == [("b", "c"), ("a", "b")]
    assert mood is not None
    assert mood.dtype == np.float64
    assert np.isnan(mood[1])
    assert mood[2] == 1.0


def test_groups_are_as_scikit_learn_takes_them_and_a_clip_of_no_group_is_one(varied: Path) -> None:
    features = mxt.open(varied).features("tiny")
    assert features.groups is not None
    assert features.groups[:2].tolist() == [features.ids[0], "tape 1"]
    assert len(list(GroupKFold(3).split(features.X, features.y, features.groups))) == 3
    by_site = mxt.open(varied).features("tiny", group_by="site").groups
    assert by_site is not None
    assert set(by_site) == {"site 0", "site 1", "site 2"}


def test_a_column_that_is_not_there_is_named(varied: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean label"):
        mxt.open(varied).features("tiny", target="labels")


def test_whatever_reads_arrow_reads_all_columns(varied: Path) -> None:
    features = mxt.open(varied).features("tiny")
    table = pa.table(features)
    assert table.column_names[:6] == ["clip", "label", "tags", "mood", "group", "site"]
    assert table.column_names[6:] == list(features.columns)
    assert table["tags"].to_pylist()[0] == ["b", "c"]
    np.testing.assert_array_equal(table[features.columns[0]].to_numpy(), features.X[:, 0])


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_data_frames_have_a_row_for_each_clip(varied: Path, library: str) -> None:
    pytest.importorskip(library)
    features = mxt.open(varied).features("tiny")
    frame = getattr(features, f"to_{library}")()
    assert frame.shape == (72, 9)
    assert list(frame["clip"]) == features.ids
    assert list(frame["mood"])[2] == 1.0


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_library_that_is_not_installed_is_named(
    features: Features, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(UsageError, match=f"needs {library}: pip install {library}"):
        getattr(features, f"to_{library}")()


def test_representations_are_short_however_many_clips_there_are(varied: Path) -> None:
    store = mxt.open(varied)
    features = store.features("tiny")
    assert len(repr(features)) < 600
    assert len(repr(store)) < 200
    assert len(repr(store.matrix("tiny"))) < 600
    assert len(features._repr_html_()) < 3000


def test_a_notebook_is_shown_the_first_rows_and_no_name_becomes_markup(varied: Path) -> None:
    shown = mxt.open(varied).features("tiny")._repr_html_()
    assert "timbres · tiny · 72 clips, 3 columns" in shown
    assert shown.count("<tr>") == 6
    assert "&lt;b&gt;a &amp; b&lt;/b&gt;" in shown
    assert "<b>" not in shown
