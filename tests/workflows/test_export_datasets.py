"""A view as a folder that Hugging Face's datasets opens."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet

import mxt
from mxt.core.errors import InputError, Refused, UsageError
from mxt.extraction.request import ExtractRequest
from mxt.registry import Registry
from mxt.results.features import Features
from mxt.store.layout import Store
from mxt.workflows.export import ExportRequest, export
from mxt.workflows.extract import extract

SPLITS = ("train", "valid", "test")


@pytest.fixture
def extracted(store: Path, registry: Registry) -> Path:
    """Clips with a class, several labels, a number, and a split; one is unlabelled."""
    extract(store, ExtractRequest(backbone="tiny"), registry)
    catalogue = Store.open(store).catalogue
    record = catalogue.dataset()
    changed = [
        dataclasses.replace(
            clip,
            split=SPLITS[i % 3],
            targets={
                "label": None if i == 0 else clip.targets["label"],
                "tags": ("a", "b") if i % 2 else (),
                "features": i / 2,
            },
            fields={"site": "north"},
        )
        for i, clip in enumerate(catalogue.clips(record.name))
    ]
    catalogue.replace_clips(dataclasses.replace(record, targets=("label", "tags", "features")), changed)
    return store


@pytest.fixture
def folder(extracted: Path, tmp_path: Path) -> Path:
    export(extracted, ExportRequest("tiny", tmp_path / "notes", format="datasets"))
    return tmp_path / "notes"


@pytest.fixture
def features(extracted: Path) -> Features:
    return mxt.open(extracted).features("tiny")


def part(folder: Path, name: str) -> Any:
    return parquet.read_table(folder / "data" / f"{name}-00000-of-00001.parquet")


def test_each_split_is_a_parquet_file_that_the_card_names(folder: Path, features: Features) -> None:
    files = sorted(path.name for path in (folder / "data").iterdir())
    assert files == [f"{name}-00000-of-00001.parquet" for name in ("test", "train", "validation")]
    card = (folder / "README.md").read_text()
    assert card.startswith("---\nconfigs:\n")
    assert "- split: validation\n    path: data/validation-*" in card
    assert part(folder, "validation")["clip"].to_pylist() == features.ids[1::3]


def test_features_are_lists_and_classes_are_numbers_with_names(folder: Path, features: Features) -> None:
    table = part(folder, "train")
    np.testing.assert_array_equal(np.array(table["features"].to_pylist(), np.float32), features.X[::3])
    about = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    names = about["label"]["names"]
    numbers = table["label"].to_pylist()
    assert numbers[0] is None
    assert [names[number] for number in numbers[1:]] == features.fields["label"][3::3]
    assert about["features"]["length"] == 3
    assert table["features_"].to_pylist()[:2] == [0.0, 1.5]  # a target that is called as the features are
    assert table["tags"].to_pylist()[1] == ["a", "b"]
    assert table["site"].to_pylist()[0] == "north"


def test_without_a_split_all_is_for_training(store: Path, registry: Registry, tmp_path: Path) -> None:
    extract(store, ExtractRequest(backbone="tiny"), registry)
    export(store, ExportRequest("tiny", tmp_path / "notes", format="datasets"))
    assert len(part(tmp_path / "notes", "train")) == 72


def test_datasets_opens_it(
    folder: Path, features: Features, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    opened = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert {name: len(part) for name, part in opened.items()} == dict.fromkeys(
        ("train", "validation", "test"), 24
    )
    assert (
        opened["train"].features["label"].int2str(opened["train"][1]["label"]) == features.fields["label"][3]
    )
    np.testing.assert_array_equal(np.array(opened["test"].with_format("numpy")["features"]), features.X[2::3])


def test_a_folder_is_replaced_with_yes_only_and_only_one_that_was_exported(
    extracted: Path, folder: Path
) -> None:
    request = ExportRequest("tiny:1", folder, format="datasets")
    with pytest.raises(Refused, match="--yes"):
        export(extracted, request)
    export(extracted, request, yes=True)
    assert len(part(folder, "train")["features"][0]) == 1
    (folder / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="not a folder that mxt export wrote"):
        export(extracted, request, yes=True)
    assert [path.name for path in folder.parent.iterdir() if path.name.endswith(".partial")] == []


def test_a_name_that_says_no_format_is_refused(extracted: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.npz, \.csv, \.parquet; or choose a --format"):
        export(extracted, ExportRequest("tiny", tmp_path / "notes"))
    assert (
        ExportRequest("tiny", Path("notes"), format="datasets").command()
        == "mxt export tiny notes --format datasets"
    )
