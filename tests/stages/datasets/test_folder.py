"""Classes from folders and names."""

from __future__ import annotations

import pytest

from mxt.core.errors import UnknownName, UsageError
from mxt.core.records import Clip, Listing, Remark
from mxt.stages.datasets.folder import Folder


def clips(files, **params):
    found = list(Folder(**params).clips(Listing("/r", tuple(sorted(files)))))
    return {item.path: item for item in found if isinstance(item, Clip)}, [
        item for item in found if isinstance(item, Remark)
    ]


def labels(files, **params):
    return {path: clip.targets.get("label") for path, clip in clips(files, **params)[0].items()}


def test_the_folder_is_the_class():
    assert labels(["rock/1.wav", "pop/1.mp3"]) == {"rock/1.wav": "rock", "pop/1.mp3": "pop"}


@pytest.mark.parametrize("files", [["train/a/1.wav", "Test/b/1.wav"], ["a/train/1.wav", "b/Test/1.wav"]])
def test_split_folders_are_splits_wherever_they_are(files):
    found, _ = clips(files)
    assert [clip.split for clip in found.values()] == [
        {"T": "test", "t": "train"}[next(c for c in path if c in "tT")] for path in found
    ]
    assert {clip.targets["label"] for clip in found.values()} == {"a", "b"}


def test_validation_and_dev_are_one_split():
    found, _ = clips(["train/a/1.wav", "validation/b/1.wav", "test/a/1.wav"])
    assert [clip.split for clip in found.values()] == ["test", "train", "valid"]


def test_a_single_folder_called_like_a_split_is_none():
    found, _ = clips(["test/a/1.wav", "test/b/1.wav"])
    assert {clip.split for clip in found.values()} == {None}


def test_fold_folders_are_folds():
    found, _ = clips(["audio/fold1/a/1.wav", "audio/fold10/b/1.wav"])
    assert [(clip.fold, clip.targets["label"]) for clip in found.values()] == [("1", "a"), ("10", "b")]


NESTED = ["music/rock/ann/1.wav", "music/rock/ben/1.wav", "music/pop/cat/1.wav"]


def test_the_class_of_nested_folders_is_the_first_that_differs_and_the_others_are_fields():
    found, remarks = clips(NESTED)
    assert [clip.targets["label"] for clip in found.values()] == ["pop", "rock", "rock"]
    assert found[NESTED[0]].fields == {"folder_1": "music", "folder_3": "ann"}
    assert [remark.kind for remark in remarks] == ["nested folders"]


@pytest.mark.parametrize("level", [3, -1])
def test_label_level_chooses_another(level):
    assert set(labels(NESTED, label_level=level).values()) == {"ann", "ben", "cat"}


def test_a_label_level_below_all_files_is_refused():
    with pytest.raises(UsageError, match="at most 3 folders deep"):
        clips(NESTED, label_level=4)


def test_files_without_folders_have_no_labels_and_a_pattern_is_suggested():
    found, remarks = clips(["0_ann_1.wav", "1_ben_1.wav"])
    assert all(clip.targets == {} for clip in found.values())
    assert "{a}_{b}_{c}.wav" in remarks[0].text


def test_one_folder_around_all_is_no_class():
    assert labels(["audio/1.wav", "audio/2.wav"]) == {"audio/1.wav": None, "audio/2.wav": None}


def test_files_outside_the_class_folders_have_no_label_and_are_named():
    found, remarks = clips(["rock/1.wav", "pop/1.wav", "stray.wav"])
    assert found["stray.wav"].targets == {"label": None}
    assert remarks == [Remark("file outside the class folders", "stray.wav")]


def test_pictures_and_tables_are_no_clips_but_unknown_suffixes_are():
    assert set(labels(["a/1.wav", "a/cover.jpg", "a/notes.txt", "b/no_extension", "b/x.xyz"])) == {
        "a/1.wav",
        "b/no_extension",
        "b/x.xyz",
    }


def test_a_pattern_gives_targets_fields_and_the_special_names():
    found, remarks = clips(["1_ann_a.wav", "2_ben_b.wav", "odd.wav"], pattern="{digit}_{group}_{take}.wav")
    assert found["1_ann_a.wav"] == Clip(
        "1_ann_a.wav", targets={"digit": "1"}, group="ann", fields={"take": "a"}
    )
    assert found["odd.wav"].targets == {"digit": None}
    assert remarks == [Remark("name does not fit the pattern", "odd.wav")]


def test_a_pattern_in_class_folders_keeps_both():
    found, _ = clips(["rock/1_a.wav", "pop/2_b.wav"], pattern="{number}_{take}.wav")
    assert list(found["rock/1_a.wav"].targets) == ["number", "label"]


def test_the_field_called_label_is_the_target():
    found, _ = clips(["1_a.wav", "2_b.wav"], pattern="{take}_{label}.wav")
    assert found["1_a.wav"].targets == {"label": "a"}


def test_another_field_is_the_target_where_that_is_said():
    found, _ = clips(
        ["1_ann_a.wav", "2_ben_b.wav"], pattern="{digit}_{speaker}_{take}.wav", target=("speaker",)
    )
    assert found["1_ann_a.wav"].targets == {"speaker": "ann"}
    assert found["1_ann_a.wav"].fields == {"digit": "1", "take": "a"}


def test_a_field_or_the_folder_may_be_the_group_and_stays_a_field():
    found, _ = clips(
        ["1_ann_a.wav", "2_ben_b.wav", "odd.wav"],
        pattern="{digit}_{speaker}_{take}.wav",
        group_column="speaker",
    )
    assert [found[name].group for name in ("1_ann_a.wav", "2_ben_b.wav", "odd.wav")] == ["ann", "ben", None]
    assert found["1_ann_a.wav"].fields == {"speaker": "ann", "take": "a"}
    found, _ = clips(["owl/site1/a.wav", "crow/site1/b.wav"], group_column="folder_2")
    assert {clip.group for clip in found.values()} == {"site1"}
    found, _ = clips(["owl/site1/a.wav", "crow/site1/b.wav"], group_column="folder")
    assert found["owl/site1/a.wav"].group == "owl/site1"


def test_an_unknown_group_lists_the_fields():
    with pytest.raises(UnknownName, match="did you mean speaker"):
        clips(["1_ann.wav"], pattern="{digit}_{speaker}.wav", group_column="speakers")


def test_an_unknown_target_lists_the_fields():
    with pytest.raises(UnknownName, match="did you mean speaker"):
        clips(["1_ann.wav"], pattern="{digit}_{speaker}.wav", target=("speakers",))


def test_a_pattern_that_fits_nothing_is_refused():
    with pytest.raises(UsageError, match="no name matches"):
        clips(["a/1.wav", "b/2.wav"], pattern="{x}_{y}.wav")


def test_detection_is_surer_of_folders_than_of_files_alone():
    sure = Folder().detect(Listing("/r", ("a/1.wav", "b/1.wav"))).score
    unsure = Folder().detect(Listing("/r", ("1.wav", "2.wav"))).score
    assert sure > unsure > 0 == Folder().detect(Listing("/r", ("notes.txt",))).score
