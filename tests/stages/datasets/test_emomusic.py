"""emoMusic as distributed."""

from __future__ import annotations

import csv

import pytest

from mxt.core.errors import TableError
from mxt.stages.datasets.emomusic import EmoMusic

STATIC = (
    "song_id,mean_arousal,std_arousal,mean_valence,std_valence\n"
    "2,3.1,0.99,3,0.66\n3,3.5,1.8,3.3,1.7\n4,5.7,1.5,5.5,1.6\n"
)
SONGS = (
    "song_id,file_name,Artist,Song title,start of the segment (min.sec),end of the segment (min.sec),"
    "Genre,Mediaeval 2013 set\n"
    "2,2.mp3,The New Mystikal Troubadours\t,Tonight A Lonely Century,2.1,2.55,Blues\t,development\n"
    "3,3.mp3,The New Mystikal Troubadours,Look,0.1,0.55,Blues,evaluation\n"
)
FILES = {"annotations/static_annotations.csv": STATIC, "annotations/songs_info.csv": SONGS}
CLIPS = ("clips_45seconds/2.mp3", "clips_45seconds/3.mp3")


def test_averaged_annotations_beside_numbered_clips_are_recognised(tree):
    assert EmoMusic().detect(tree(*CLIPS, files=FILES)).score > 0.95
    assert EmoMusic().detect(tree("clips/a.mp3", "clips/b.mp3", files=FILES)).score == 0
    assert EmoMusic().detect(tree(*CLIPS)).score == 0


def test_both_targets_are_means_divided_by_nine_and_the_artist_is_the_group(tree, load):
    clips, _ = load(EmoMusic(), tree(*CLIPS, files=FILES))
    assert clips[0].path == "clips_45seconds/2.mp3"
    assert clips[0].targets == {"arousal": pytest.approx(3.1 / 9), "valence": pytest.approx(3 / 9)}
    assert clips[0].group == clips[1].group == "The New Mystikal Troubadours"
    assert clips[0].fields["mediaeval_2013_set"] == "development"
    assert clips[0].fields["genre"] == "Blues"


def test_annotated_clips_whose_file_is_not_there_are_named_and_counted(tree, load):
    clips, remarks = load(EmoMusic(), tree(*CLIPS, files=FILES))
    assert clips[2].path == "clips_45seconds/4.mp3"
    assert remarks["incomplete"] == ["2 of 744 clips, 742 are missing"]


def test_only_the_clips_of_45_seconds_are_taken_where_others_lie_beside_them(tree, load):
    clips, _ = load(EmoMusic(), tree(*CLIPS, "full/2.mp3", "zz/3.mp3", files=FILES))
    assert [clip.path for clip in clips[:2]] == list(CLIPS)


def test_without_artists_it_is_said(tree, load):
    clips, remarks = load(EmoMusic(), tree(*CLIPS, files={"static_annotations.csv": STATIC}))
    assert clips[0].group is None
    assert "artists are not known" in remarks["no metadata"][0]


@pytest.mark.parametrize("rating", ["0.3", "12", "", "loud"])
def test_a_rating_off_the_scale_is_refused_with_its_line(tree, rating):
    listing = tree(*CLIPS, files={"static_annotations.csv": STATIC.replace("3.5", rating)})
    with pytest.raises(TableError, match="line 3: mean_arousal is a mean of ratings from 1 to 9"):
        list(EmoMusic().clips(listing))


@pytest.mark.realdata
def test_targets_are_those_of_the_published_catalogue(tree, load, data):
    with (data / "choi2017" / "csv" / "emoMusic.csv").open() as file:
        published = {row["id"]: row for row in csv.DictReader(file)}
    clips, _ = load(EmoMusic(), tree(*CLIPS, files=FILES))
    assert all(
        clip.targets["arousal"]
        == pytest.approx(float(published[clip.fields["id"]]["label_arousal"]), abs=1e-9)
        for clip in clips
    )
    assert all(
        clip.targets["valence"]
        == pytest.approx(float(published[clip.fields["id"]]["label_valence"]), abs=1e-9)
        for clip in clips
    )
