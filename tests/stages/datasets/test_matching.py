"""Rows find their files, and never by a guess."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxt.stages.datasets.matching import FileIndex, match_rows

FILES = (
    "audio/fold1/a.wav",
    "audio/fold2/a.wav",
    "audio/fold2/b.wav",
    "audio/fold2/b.mp3",
    "metal.00058.au",
    "Café.wav",
)


@pytest.mark.parametrize(
    ("text", "how", "path"),
    [
        ("audio/fold1/a.wav", "path", "audio/fold1/a.wav"),
        ("./audio/fold1/a.wav", "path", "audio/fold1/a.wav"),
        ("C:\\data\\audio\\fold1\\a.wav", "path", "audio/fold1/a.wav"),
        ("/home/ann/fold2/a.wav", "path", "audio/fold2/a.wav"),
        ("fold2\\A.WAV", "path", "audio/fold2/a.wav"),
        ("b.wav", "name", "audio/fold2/b.wav"),
        ("elsewhere/b.wav", "name", "audio/fold2/b.wav"),
        ("metal.00058", "stem", "metal.00058.au"),
        ("metal.00058.wav", "stem", "metal.00058.au"),
        ("fold1/a", "stem", "audio/fold1/a.wav"),
        (unicodedata.normalize("NFD", "Café.wav"), "name", "Café.wav"),
        ("nothing.wav", "none", ""),
        ("metal", "none", ""),
    ],
)
def test_rows_find_files_by_path_then_name_then_stem(text, how, path):
    match = FileIndex(FILES).find(text)
    assert (match.how, match.path) == (how, path)


@pytest.mark.parametrize(("text", "number"), [("a.wav", 2), ("other/a.wav", 2), ("b", 2)])
def test_what_may_be_several_files_is_ambiguous(text, number):
    match = FileIndex(FILES).find(text)
    assert match.how == "ambiguous"
    assert len(match.candidates) == number


def test_paths_are_also_those_seen_from_the_table():
    assert FileIndex(["train/a.wav", "test/a.wav"]).find("a.wav", folder="test").path == "test/a.wav"
    assert FileIndex(["audio/a.wav", "x/a.wav"]).find("../audio/a.wav", folder="meta").path == "audio/a.wav"


def test_a_file_meant_by_its_path_is_not_taken_by_anothers_name():
    rows = match_rows(FileIndex(["rock/001.wav"]), ["rock/001.wav", "jazz/001.wav"])
    assert [match.how for match in rows] == ["path", "none"]


def test_two_rows_that_would_mean_one_file_by_its_name_are_ambiguous():
    rows = match_rows(FileIndex(["x/001.wav"]), ["rock/001.wav", "jazz/001.wav"])
    assert [match.how for match in rows] == ["ambiguous", "ambiguous"]


def test_segments_of_one_file_share_it():
    rows = match_rows(FileIndex(["x/001.wav"]), ["001.wav", "001.wav"])
    assert [match.path for match in rows] == ["x/001.wav", "x/001.wav"]


names = st.text("abAB1._é", min_size=1, max_size=6).filter(lambda name: name.strip(".") != "")


@given(st.lists(st.tuples(names, names).map("/".join), min_size=1, max_size=8, unique=True))
def test_every_file_is_found_by_its_own_path(files):
    index = FileIndex(files)
    assert [index.find(path).path for path in files] == files
