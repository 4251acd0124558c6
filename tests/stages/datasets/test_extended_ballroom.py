"""Extended Ballroom as distributed."""

from __future__ import annotations

import pytest

from mxt.core.errors import InputError
from mxt.stages.datasets.extended_ballroom import DANCES, ExtendedBallroom

XML = """<?xml version="1.0"?>
<ExtendedBallroom>
  <Waltz>
    <song id="100701" title="Moon" artist="A. Band" album="One" bpm="88"
          hash="0123456789abcdef0123456789ABCDEF"/>
    <song id="100702" title="Sun"  artist="a. band" bpm="90" hash="none"/>
    <song id="100703" title="Moon (karaoke)" artist="Someone Else" bpm="88" karaoke="100701"/>
  </Waltz>
  <Wcswing><song id="200001" title="Swing" artist="" bpm="110"/></Wcswing>
</ExtendedBallroom>"""
FILES = ("Waltz/100701.mp3", "Waltz/100702.mp3", "Waltz/100703.mp3", "Wcswing/200001.mp3")


def test_class_folders_beside_the_xml_are_recognised_also_below_another_folder(tree):
    assert ExtendedBallroom().detect(tree(*FILES, files={"extendedballroom_v1.1.xml": XML})).score > 0.95
    deeper = {f"ballroom/{path}": "" for path in FILES} | {"ballroom/extendedballroom_v1.1.xml": XML}
    assert ExtendedBallroom().detect(tree(files=deeper)).score > 0.95


def test_without_the_xml_it_takes_most_of_the_dances_to_be_sure(tree):
    assert ExtendedBallroom().detect(tree(*FILES)).score < 0.6
    assert (
        ExtendedBallroom()
        .detect(tree(*(f"{dance}/1{number}.mp3" for number, dance in enumerate(DANCES))))
        .score
        > 0.9
    )
    assert ExtendedBallroom().detect(tree("Waltz/song.mp3", "Tango/song.mp3")).score == 0


def test_clips_have_dance_and_fields_and_groups_join_artists_and_repetitions(tree, load):
    clips, _ = load(ExtendedBallroom(), tree(*FILES, files={"extendedballroom_v1.1.xml": XML}))
    assert [clip.targets["dance"] for clip in clips] == ["Waltz", "Waltz", "Waltz", "Wcswing"]
    assert len({clip.group for clip in clips[:3]}) == 1
    assert clips[0].group == "A. Band"
    assert clips[3].group is None
    assert clips[0].fields == {
        "id": "100701",
        "artist": "A. Band",
        "title": "Moon",
        "album": "One",
        "bpm": "88",
    }


def test_counts_are_checked_and_what_is_missing_is_named(tree, load):
    _, remarks = load(ExtendedBallroom(), tree(*FILES))
    assert "artists are not known" in remarks["no metadata"][0]
    assert remarks["incomplete"][0].startswith("4 of 4,180 clips, 4,176 are missing: Chacha all 455, ")
    assert sum(DANCES.values()) == 4180


def test_a_clip_the_xml_does_not_know_is_named(tree, load):
    _, remarks = load(
        ExtendedBallroom(), tree(*FILES, "Waltz/999.mp3", files={"extendedballroom_v1.1.xml": XML})
    )
    assert remarks["not in the XML"] == ["Waltz/999.mp3"]


def test_hashes_of_the_xml_are_those_published(tree):
    listing = tree(*FILES, files={"extendedballroom_v1.1.xml": XML})
    assert ExtendedBallroom().published_md5(listing) == {
        "Waltz/100701.mp3": "0123456789abcdef0123456789abcdef"
    }


def test_an_xml_that_is_none_is_refused_by_name(tree):
    listing = tree(*FILES, files={"extendedballroom_v1.1.xml": "<a><b></a>"})
    with pytest.raises(InputError, match=r"extendedballroom_v1.1.xml cannot be read: mismatched tag"):
        list(ExtendedBallroom().clips(listing))
