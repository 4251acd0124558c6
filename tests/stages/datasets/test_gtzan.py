"""GTZAN as distributed."""

from __future__ import annotations

from mxt.core.records import Clip, Listing, Remark
from mxt.stages.datasets.gtzan import GENRES, Gtzan

FILES = tuple(f"genres/{genre}/{genre}.{number:05}.au" for genre in GENRES for number in (0, 54))


def test_the_original_layout_is_recognised():
    assert Gtzan().detect(Listing("/r", FILES)).score > 0.9
    assert Gtzan().detect(Listing("/r", tuple(path.upper() for path in FILES))).score > 0.9
    assert Gtzan().detect(Listing("/r", tuple(path.removeprefix("genres/").replace(".au", ".wav") for path in FILES))).score > 0.9


def test_other_collections_are_not():
    assert Gtzan().detect(Listing("/r", ("rock/song.wav", "pop/song.wav"))).score == 0
    assert Gtzan().detect(Listing("/r", (*FILES, *(f"more/{i}.wav" for i in range(20))))).score == 0
    assert Gtzan().detect(Listing("/r", tuple(path.replace(".au", ".flac") for path in FILES))).score == 0


def test_clips_have_genre_and_number_and_the_corrupt_one_is_named():
    items = list(Gtzan().clips(Listing("/r", FILES)))
    clips = [item for item in items if isinstance(item, Clip)]
    assert len(clips) == 20
    assert {clip.targets["genre"] for clip in clips} == set(GENRES)
    assert clips[0].fields == {"number": "00000"}
    assert all(clip.group is None for clip in clips)
    assert [item.text for item in items if isinstance(item, Remark)] == ["genres/jazz/jazz.00054.au is corrupt in many copies of GTZAN"]


def test_a_name_that_contradicts_its_folder_is_named():
    items = list(Gtzan().clips(Listing("/r", ("Rock/rock.00001.wav", "rock/pop.00002.wav"))))
    assert [item.targets["genre"] for item in items if isinstance(item, Clip)] == ["rock", "rock"]
    assert any(isinstance(item, Remark) and "pop.00002" in item.text for item in items)
