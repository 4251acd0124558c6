"""Clips that are like another, and clips to label next, from a store."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

import mxt
from mxt.core.errors import InputError, UnknownName, UsageError
from mxt.extraction.request import ExtractRequest
from mxt.ingestion.requests import ImportRequest, IngestRequest
from mxt.registry import Registry
from mxt.store.layout import Store
from mxt.workflows.extract import extract
from mxt.workflows.import_features import import_features
from mxt.workflows.ingest import ingest
from mxt.workflows.label_next import LabelNextRequest, label_next
from mxt.workflows.similar import SimilarRequest, similar

QUERY = "bell/bell.003.wav"


@pytest.fixture
def extracted(store: Path, registry: Registry) -> Path:
    extract(store, ExtractRequest("tiny"), registry)
    return store


def test_the_nearest_clips_come_first_without_the_clip_itself(extracted: Path, registry: Registry) -> None:
    found = similar(extracted, SimilarRequest(QUERY, count=100), registry)
    assert (found.query, found.dataset, found.label, found.view) == (QUERY, "timbres", "bell", "tiny")
    assert found.clips == len(found.neighbours) == 71
    assert QUERY not in {one.clip for one in found.neighbours}
    values = [one.similarity for one in found.neighbours]
    assert values == sorted(values, reverse=True)
    features = mxt.open(extracted).features("tiny")
    Z = (features.X - features.X.mean(axis=0)) / features.X.std(axis=0)
    Z /= np.linalg.norm(Z, axis=1, keepdims=True)
    row = features.ids.index(found.neighbours[0].clip)
    assert found.neighbours[0].similarity == pytest.approx(Z[row] @ Z[features.ids.index(QUERY)], abs=1e-5)


def test_a_clip_may_be_called_by_its_name(extracted: Path, registry: Registry) -> None:
    assert similar(extracted, SimilarRequest("bell.003"), registry).query == QUERY


def test_a_file_outside_is_computed_as_the_table_was_and_nothing_is_added(
    extracted: Path, registry: Registry, collection: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "elsewhere.wav"
    shutil.copy(collection / QUERY, outside)
    with outside.open("ab") as file:
        file.write(b"LIST\4\0\0\0none")  # the same sound, other bytes
    rows = len(Store.open(extracted).features.find("tiny"))
    found = similar(extracted, SimilarRequest(str(outside), count=1), registry)
    assert (found.dataset, found.clips, found.label) == ("", 72, "")
    assert found.neighbours[0].clip == QUERY
    assert found.neighbours[0].similarity == pytest.approx(1.0, abs=1e-6)
    assert not found.neighbours[0].copy
    assert len(Store.open(extracted).features.find("tiny")) == rows


def test_a_file_with_the_bytes_of_a_clip_is_that_recording(
    extracted: Path, registry: Registry, collection: Path
) -> None:
    request = SimilarRequest(str(collection / QUERY), count=1)
    assert similar(extracted, request, registry).neighbours[0].copy
    other = similar(extracted, dataclasses.replace(request, other_recordings=True), registry)
    assert (other.left_out, other.clips) == (1, 71)
    assert other.neighbours[0].clip != QUERY


def test_the_same_recording_is_left_out_by_its_group(extracted: Path, registry: Registry) -> None:
    request = SimilarRequest(QUERY, count=100, other_recordings=True, group_by=r"\.(\d+)\.")
    found = similar(extracted, request, registry)
    assert (found.left_out, found.clips, found.grouping) == (5, 66, r"by \.(\d+)\.")
    assert not [one.clip for one in found.neighbours if one.clip.endswith("003.wav")]
    assert {len(one.group) for one in found.neighbours} == {3}


def test_several_data_sets_are_searched(
    extracted: Path, registry: Registry, collection: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(collection / "bell", tmp_path / "others" / "bell")
    ingest(extracted, IngestRequest(other.parent), registry)
    found = similar(
        extracted, SimilarRequest(QUERY, "tiny", datasets=("timbres", "others"), count=1), registry
    )
    assert found.datasets == ("timbres", "others")
    assert (found.clips, found.neighbours[0].dataset, found.neighbours[0].copy) == (83, "others", True)


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("bell/bell.03.wav", UnknownName, "did you mean bell/bell.003.wav"),
        (__file__, InputError, "not audio"),
    ],
)
def test_what_is_neither_clip_nor_audio_is_named(
    extracted: Path, registry: Registry, name: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        similar(extracted, SimilarRequest(name), registry)


def test_imported_features_cannot_be_computed_for_a_file(
    extracted: Path, registry: Registry, collection: Path, tmp_path: Path
) -> None:
    ids = mxt.open(extracted).features("tiny").ids
    np.savez(tmp_path / "mine.npz", clip=ids, x=np.random.default_rng(0).normal(size=(72, 3)))
    import_features(extracted, ImportRequest(tmp_path / "mine.npz"))
    assert len(similar(extracted, SimilarRequest(QUERY, "mine"), registry).neighbours) == 10
    (tmp_path / "new.wav").write_bytes((collection / QUERY).read_bytes() + b"LIST\4\0\0\0none")
    with pytest.raises(InputError, match="mine was not computed by mxt"):
        similar(extracted, SimilarRequest(str(tmp_path / "new.wav"), "mine"), registry)


def test_a_page_carries_the_query_and_what_is_like_it(
    extracted: Path, registry: Registry, tmp_path: Path
) -> None:
    similar(extracted, SimilarRequest(QUERY, count=3, out=tmp_path / "s.html"), registry)
    page = (tmp_path / "s.html").read_text(encoding="utf-8")
    assert "4 of 4 recordings can be heard" in page
    assert f"mxt similar {QUERY} --top 3" in page
    with pytest.raises(UsageError, match=r"ends in \.html"):
        similar(extracted, SimilarRequest(QUERY, out=tmp_path / "s.pdf"), registry)


@pytest.fixture
def partly(extracted: Path) -> Path:
    """Every third clip has its label."""
    catalogue = Store.open(extracted).catalogue
    record = catalogue.dataset()
    catalogue.replace_clips(
        record,
        [
            clip if i % 3 == 0 else dataclasses.replace(clip, targets={"label": None})
            for i, clip in enumerate(catalogue.clips(record.name))
        ],
    )
    return extracted


def test_clips_to_label_next_are_unlabelled_and_the_least_certain_come_first(
    partly: Path, registry: Registry, tmp_path: Path
) -> None:
    found = label_next(partly, LabelNextRequest(5, out=tmp_path / "next.html"), registry)
    assert (found.labelled, found.unlabelled, found.classes, len(found.clips)) == (24, 48, 6, 5)
    labels = dict(zip(*_ids_and_labels(partly), strict=True))
    assert [labels[one.clip] for one in found.clips] == [None] * 5
    margins = [one.margin for one in found.clips]
    assert margins == sorted(margins)
    for one in found.clips:
        (_, first), (_, second) = one.likely
        assert one.margin == pytest.approx(first - second)
    assert "5 of 5 recordings can be heard" in (tmp_path / "next.html").read_text(encoding="utf-8")


def _ids_and_labels(store: Path) -> tuple[list[str], list[str | None]]:
    features = mxt.open(store).features("tiny")
    return features.ids, list(features.fields["label"])


def test_without_unlabelled_clips_or_with_too_few_labels_it_says_so(
    extracted: Path, registry: Registry
) -> None:
    with pytest.raises(InputError, match="every clip of timbres"):
        label_next(extracted, LabelNextRequest(5), registry)
    catalogue = Store.open(extracted).catalogue
    clips = [dataclasses.replace(clip, targets={"label": None}) for clip in catalogue.clips("timbres")]
    catalogue.replace_clips(catalogue.dataset(), clips)
    with pytest.raises(InputError, match="label some of at least two classes first"):
        label_next(extracted, LabelNextRequest(5), registry)
