"""The published catalogues and features, and small files of the form of those tasks that are not at hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from mxt.core.errors import InputError, TableError, UnknownName
from mxt.core.records import Listing
from mxt.core.stages import FeatureSetLoader
from mxt.ingestion.walk import walk
from mxt.stages.datasets.choi2017 import CONVNET, MFCC, Choi2017

BALLROOM = (
    "label",
    ["100701,b/Waltz/100701.mp3,12", "100702,b/Waltz/100702.mp3,12", "200001,b/Chacha/200001.mp3,3"],
)
JAMENDO = (
    "label,category",
    [
        "05 - A_30,valid/nosing/05 - A_30.wav,0,valid",
        "05 - A_31,valid/sing/05 - A_31.wav,1,valid",
        "02 - B_0,train/sing/02 - B_0.wav,1,train",
        "03 - C_0,test/nosing/03 - C_0.wav,0,test",
    ],
)
URBANSOUND = (
    "label,fold",
    ["99710-9-0-2,fold6/99710-9-0-2.wav,9,6", "99812-1-0-0,fold7/99812-1-0-0.wav,1,7"],
)


def write(
    root: Path,
    name: str,
    table: tuple[str, Sequence[str]],
    *,
    layers: int = 5,
    mfcc: bool = True,
    rows: int | None = None,
) -> None:
    """A task as published: its table, and numbers that tell row and layer."""
    heading, lines = table
    for folder in ("csv", "features"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    text = "".join(f"{number},{line}\n" for number, line in enumerate(lines))
    (root / "csv" / f"{name}.csv").write_text(f",id,filepath,{heading}\n{text}")
    count = len(lines) if rows is None else rows
    for k in range(layers):
        np.save(
            root / "features" / f"{name}_layer_{k}.npy",
            np.full((count, 32), k, np.float32) + np.arange(count)[:, None] / 8,
        )
    if mfcc:
        np.save(root / "features" / f"{name}_mfcc.npy", np.zeros((count, 120)) + np.arange(count)[:, None])


def sets(root: Path, **params: object) -> dict:
    return {found.name: found for found in Choi2017(**params).feature_sets(walk(root).listing)}


def test_it_is_a_loader_of_feature_sets_and_sure_of_its_layout(tmp_path):
    write(tmp_path, "urbansound", URBANSOUND)
    assert isinstance(Choi2017(), FeatureSetLoader)
    assert Choi2017().detect(walk(tmp_path).listing).score > 0.9
    assert Choi2017().detect(Listing("/r", ("csv/urbansound.csv", "features/other_layer_0.npy"))).score == 0


def test_folders_as_in_the_repository_are_read_too(tmp_path):
    write(tmp_path, "urbansound", URBANSOUND)
    (tmp_path / "csv").rename(tmp_path / "data_csv")
    (tmp_path / "features").rename(tmp_path / "data_feats")
    assert list(sets(tmp_path)) == ["urbansound"]


def test_ballroom_has_its_dances_by_name_and_by_number(tmp_path):
    write(tmp_path, "ballroom_extended", BALLROOM)
    clips = sets(tmp_path)["ballroom_extended"].clips
    assert [(clip.targets["label"], clip.fields["label_number"]) for clip in clips] == [
        ("Waltz", "12"),
        ("Waltz", "12"),
        ("Chacha", "3"),
    ]


def test_jamendo_has_its_split_and_segments_are_grouped_by_track(tmp_path):
    write(tmp_path, "jamendo_vd", JAMENDO)
    clips = sets(tmp_path)["jamendo_vd"].clips
    assert [(clip.targets["label"], clip.split, clip.group) for clip in clips] == [
        ("nosing", "valid", "05 - A"),
        ("sing", "valid", "05 - A"),
        ("sing", "train", "02 - B"),
        ("nosing", "test", "03 - C"),
    ]


def test_urbansound_has_its_folds_and_needs_no_mfcc(tmp_path):
    write(tmp_path, "urbansound", URBANSOUND, mfcc=False)
    found = sets(tmp_path)["urbansound"]
    assert [(c.targets["label"], c.fold, c.group) for c in found.clips] == [
        ("street_music", "6", "99710"),
        ("car_horn", "7", "99812"),
    ]
    assert [block.label for block in found.blocks] == [CONVNET]
    assert {remark.kind: remark.text for remark in found.remarks} == {
        "missing features": "urbansound_mfcc.npy",
        "incomplete": "2 of 8,732 clips, 8,730 are missing",
    }


def test_folders_that_do_not_tell_the_classes_apart_leave_the_numbers(tmp_path):
    write(tmp_path, "ballroom_extended", ("label", ["a,x/a.mp3,0", "b,x/b.mp3,1"]))
    assert [clip.targets["label"] for clip in sets(tmp_path)["ballroom_extended"].clips] == ["0", "1"]


def test_layers_are_in_the_order_of_the_network(tmp_path):
    write(tmp_path, "urbansound", URBANSOUND)
    block = sets(tmp_path)["urbansound"].blocks[0]
    assert [(layer.number, layer.name, layer.dimension) for layer in block.layers] == [
        (k, f"block{k}", 32) for k in range(1, 6)
    ]
    assert [float(block.arrays[f"block{k}"][0, 0]) for k in range(1, 6)] == [0, 1, 2, 3, 4]


def test_only_the_tasks_asked_for_are_read(tmp_path):
    write(tmp_path, "urbansound", URBANSOUND)
    write(tmp_path, "jamendo_vd", JAMENDO)
    assert list(sets(tmp_path)) == ["jamendo_vd", "urbansound"]
    assert list(sets(tmp_path, tasks=("urbansound",))) == ["urbansound"]
    with pytest.raises(UnknownName, match="no task called 'urbansoun'; did you mean urbansound"):
        sets(tmp_path, tasks=("urbansoun",))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda root: write(root, "urbansound", URBANSOUND, rows=3),
            "urbansound_layer_0.npy: expected 2 rows of 32 numbers",
        ),
        (
            lambda root: (root / "features/urbansound_layer_3.npy").unlink(),
            "urbansound: only 4 of 5 layers exist",
        ),
        (
            lambda root: (root / "features/urbansound_mfcc.npy").write_bytes(b"\x93NUMPY no"),
            "urbansound_mfcc.npy is not an array of numbers",
        ),
    ],
)
def test_features_that_do_not_fit_their_table_are_refused(tmp_path, change, message):
    write(tmp_path, "urbansound", URBANSOUND)
    change(tmp_path)
    with pytest.raises(InputError, match=message):
        sets(tmp_path)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (("fold", ["a,b/a.wav,1"]), "columns filepath and label are needed"),
        (("label", ["a,b/a.wav,1", "a,b/a.wav,1"]), "each row needs its own filepath; 1 have none"),
        (("label_arousal", ["a,b/a.wav,loud"]), "line 2: a number is expected, got 'loud'"),
    ],
)
def test_tables_of_another_form_are_refused(tmp_path, table, message):
    write(tmp_path, "emoMusic", table)
    with pytest.raises(TableError, match=message):
        sets(tmp_path)


@pytest.mark.realdata
def test_the_published_files_give_three_data_sets(data):
    found = sets(data / "choi2017")
    assert {name: len(each.clips) for name, each in found.items()} == {
        "gtzan_genre": 1000,
        "gtzan_speechmusic": 128,
        "emoMusic": 744,
    }
    assert all(each.remarks == () for each in found.values())
    genre, music, emotion = found.values()
    assert Counter(clip.targets["label"] for clip in genre.clips) == Counter(
        clip.fields["id"] for clip in genre.clips
    )  # the table's own ids are the names
    assert Counter(clip.fields["filtered_split"] for clip in genre.clips) == {
        "train": 443,
        "valid": 197,
        "test": 290,
        "": 70,
    }
    assert Counter(clip.targets["label"] for clip in music.clips) == {"music": 64, "speech": 64}
    assert set(emotion.clips[0].targets) == {"arousal", "valence"}
    assert [block.label for block in genre.blocks] == [CONVNET, MFCC]
