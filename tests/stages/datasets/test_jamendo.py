"""Jamendo vocal detection as distributed."""

from __future__ import annotations

from mxt.stages.datasets.jamendo import Jamendo

LAB = "0.000 12.250 nosing\n12.250 30.5 sing\n\n30.5 31 nosing\n"
BESIDE = {
    "jamendo/train/01 - A.lab": LAB,
    "jamendo/test/02 - B.lab": "0 5 sing\n",
    "jamendo/valid/03 - C.lab": "0 5 nosing\n",
}
TRACKS = ("jamendo/train/01 - A.ogg", "jamendo/test/02 - B.mp3", "jamendo/valid/03 - C.mp3")


def test_tracks_with_singing_annotations_are_recognised(tree):
    assert Jamendo().detect(tree(*TRACKS, files=BESIDE)).score > 0.95
    assert Jamendo().detect(tree(*TRACKS)).score == 0


def test_other_annotations_are_not_taken_for_singing(tree):
    assert Jamendo().detect(tree(*TRACKS, files={path: "0 5 C:maj\n" for path in BESIDE})).score == 0


def test_segments_are_cut_by_the_annotations_and_grouped_by_track(tree, load):
    clips, _ = load(Jamendo(), tree(*TRACKS, files=BESIDE))
    first = [clip for clip in clips if clip.path == "jamendo/train/01 - A.ogg"]
    assert [(clip.start, clip.end, clip.targets["singing"]) for clip in first] == [
        (0, 12.25, "nosing"),
        (12.25, 30.5, "sing"),
        (30.5, 31, "nosing"),
    ]
    assert {clip.group for clip in first} == {"01 - A"}
    assert {clip.path: clip.split for clip in clips} == dict(
        zip(sorted(TRACKS), ("test", "train", "valid"), strict=True)
    )


def test_annotations_in_a_folder_of_their_own_and_published_lists_give_the_same(tree, load):
    files = {
        "labels/01 - A.lab": LAB,
        "labels/02 - B.lab": "0 5 sing\n",
        "filelists/train": "01 - A.ogg\n",
        "filelists/test": "02 - B.mp3\n",
    }
    listing = tree("audio/01 - A.ogg", "audio/02 - B.mp3", files=files)
    clips, _ = load(Jamendo(), listing)
    assert Jamendo().detect(listing).score > 0.95
    assert [clip.split for clip in clips] == ["train"] * 3 + ["test"]


def test_missing_tracks_are_counted_by_split(tree, load):
    _, remarks = load(Jamendo(), tree(*TRACKS, files=BESIDE))
    assert remarks["incomplete"] == [
        "3 of 93 tracks, 90 are missing: train 60 of 61, valid 15 of 16, test 15 of 16"
    ]


def test_lines_that_are_no_segments_and_tracks_without_annotations_are_named(tree, load):
    files = BESIDE | {"jamendo/test/02 - B.lab": "0 5 sing\n5 4 sing\nx y sing\n6 6 nosing\n"}
    clips, remarks = load(Jamendo(), tree(*TRACKS, "jamendo/train/04.ogg", files=files))
    assert len([clip for clip in clips if clip.group == "02 - B"]) == 1
    assert [text.partition(":")[0] for text in remarks["line that is not a segment"]] == [
        "jamendo/test/02 - B.lab, line 2",
        "jamendo/test/02 - B.lab, line 3",
    ]
    assert remarks["segment without length"] == ["jamendo/test/02 - B.lab, line 4"]
    assert remarks["track without annotations"] == ["jamendo/train/04.ogg"]
