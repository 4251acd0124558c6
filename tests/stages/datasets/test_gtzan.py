"""GTZAN as distributed."""

from __future__ import annotations

from collections import Counter

from mxt.core.records import Clip, Listing, Remark
from mxt.stages.datasets.gtzan import GENRES, Gtzan
from mxt.stages.datasets.gtzan_index import gtzan_index

FILES = tuple(f"genres/{genre}/{genre}.{number:05}.au" for genre in GENRES for number in (0, 54))


def test_the_original_layout_is_recognised():
    assert Gtzan().detect(Listing("/r", FILES)).score > 0.9
    assert Gtzan().detect(Listing("/r", tuple(path.upper() for path in FILES))).score > 0.9
    assert (
        Gtzan()
        .detect(Listing("/r", tuple(path.removeprefix("genres/").replace(".au", ".wav") for path in FILES)))
        .score
        > 0.9
    )


def test_other_collections_are_not():
    assert Gtzan().detect(Listing("/r", ("rock/song.wav", "pop/song.wav"))).score == 0
    assert Gtzan().detect(Listing("/r", (*FILES, *(f"more/{i}.wav" for i in range(20))))).score == 0
    assert Gtzan().detect(Listing("/r", tuple(path.replace(".au", ".flac") for path in FILES))).score == 0


def test_clips_have_genre_number_and_filtered_split_and_the_corrupt_one_is_named(load):
    clips, remarks = load(Gtzan(), Listing("/r", FILES))
    assert len(clips) == 20
    assert {clip.targets["genre"] for clip in clips} == set(GENRES)
    assert clips[0].fields == {"number": "00000", "filtered_split": "valid"}
    assert all(clip.group is None and clip.split is None for clip in clips)
    assert remarks["known fault"] == ["genres/jazz/jazz.00054.au is corrupt in many copies of GTZAN"]
    assert remarks["incomplete"][0].startswith("20 of 1,000 clips, 980 are missing: blues 98 of 100, ")


def test_the_filtered_split_is_that_of_the_index_and_faulty_clips_have_no_label(load):
    whole = tuple(f"genres/{name.partition('.')[0]}/{name}.au" for name in gtzan_index())
    clips, remarks = load(Gtzan(split="filtered"), Listing("/r", whole))
    assert Counter(clip.split for clip in clips) == {"train": 443, "valid": 197, "test": 290, None: 70}
    assert all((clip.targets["genre"] is None) == (clip.split is None) for clip in clips)
    assert "incomplete" not in remarks


def test_md5s_are_known_of_the_wav_distribution_only():
    wav = tuple(path.replace(".au", ".wav") for path in FILES)
    assert Gtzan().published_md5(Listing("/r", FILES)) == {}
    assert (
        Gtzan().published_md5(Listing("/r", wav))["genres/blues/blues.00000.wav"]
        == "b462fa6a82a35d00940fe251f11447e5"
    )


def test_a_name_that_contradicts_its_folder_is_named():
    items = list(Gtzan().clips(Listing("/r", ("Rock/rock.00001.wav", "rock/pop.00002.wav"))))
    assert [item.targets["genre"] for item in items if isinstance(item, Clip)] == ["rock", "rock"]
    assert any(isinstance(item, Remark) and "pop.00002" in item.text for item in items)
