"""Fields in file names."""

from __future__ import annotations

import re

import pytest

from mxt.core.errors import UsageError
from mxt.stages.datasets.patterns import compile_pattern, suggest


@pytest.mark.parametrize(
    ("pattern", "path", "fields"),
    [
        ("{digit}_{speaker}_{take}.wav", "3_theo_17.wav", {"digit": "3", "speaker": "theo", "take": "17"}),
        (
            "{digit}_{speaker}_{take}.wav",
            "deep/er/3_theo_17.WAV",
            {"digit": "3", "speaker": "theo", "take": "17"},
        ),
        ("{digit}_{speaker}_{take}.wav", "3_theo.wav", None),
        ("{digit}_{speaker}_{take}.wav", "3_theo_1.flac", None),
        ("{a}_{b}", "1_2.mp3", {"a": "1", "b": "2"}),
        (
            "{artist}/{album}/{} - {title}.mp3",
            "x/Ann/First/01 - Song.mp3",
            {"artist": "Ann", "album": "First", "title": "Song"},
        ),
        ("{artist}/{album}/{}.mp3", "First/01.mp3", None),
        ("[{x}] (1+1).wav", "[a.b] (1+1).wav", {"x": "a.b"}),
        ("{take number}.wav", "4.wav", {"take number": "4"}),
        ("{x}.wav", "new\nline.wav", {"x": "new\nline"}),
        (
            "{speaker:2}{text:3}{emotion:1}{version:1}.wav",
            "wav/03a01Fa.wav",
            {"speaker": "03", "text": "a01", "emotion": "F", "version": "a"},
        ),
        (r"(?P<site>[A-Z]+)(?P<n>\d+)", "x/AB12.wav", {"site": "AB", "n": "12"}),
        (r"(?P<site>[A-Z]+)(?P<n>\d+)", "x/xAB12.wav", None),
        (r"(?P<year>\d{4})/(\w+)_(?P<label>\w)\.wav", "a/2019/b_c.wav", {"year": "2019", "label": "c"}),
        (r"(?P<a>x)?(?P<b>y)", "y.wav", {"b": "y"}),
    ],
)
def test_fields_are_taken_from_names_and_folders(pattern, path, fields):
    assert compile_pattern(pattern).match(path) == fields


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("plain.wav", "no field"),
        ("{a}_{a}.wav", "twice"),
        ("{a}_{b.wav", "unmatched brace"),
        ("{}.wav", "no field"),
        ("(?P<a>[0-9)", "is not a regular expression"),
    ],
)
def test_a_pattern_that_cannot_be_meant_is_refused(pattern, message):
    with pytest.raises(UsageError, match=message):
        compile_pattern(pattern)


def test_a_pattern_is_suggested_where_names_are_alike():
    assert suggest(["a/0_ann_1.wav", "1_ben_2.wav"]) == "{a}_{b}_{c}.wav"
    assert suggest(["blues.00000.wav", "rock.00000.wav"]) == "{a}.{b}.wav"
    assert suggest(["one.wav", "two.wav"]) is None


@pytest.mark.parametrize(
    ("pattern", "name", "fields"),
    [
        ("{speaker:2}{text:3}{emotion:1}{}", "03a01Fa.wav", {"speaker": "03", "text": "a01", "emotion": "F"}),
        ("{speaker:2}_{take}", "jb_12.wav", {"speaker": "jb", "take": "12"}),
        ("{speaker:2}_{take}", "jbx_12.wav", None),
        ("{:3}{take}", "abc7.wav", {"take": "7"}),
    ],
)
def test_a_width_is_so_many_characters(pattern, name, fields):
    assert compile_pattern(pattern).match(name) == fields


@pytest.mark.parametrize(
    "field",
    ["{speaker:}", "{speaker:x}", "{speaker:0}", "{speaker:02d}", "{speaker:2:3}", "{speaker:99999999}"],
)
def test_what_is_no_width_is_refused_with_the_grammar(field):
    with pytest.raises(
        UsageError,
        match=rf"{re.escape(field)} is not a field; "
        r"a field is {speaker}, or {speaker:2} with two characters",
    ):
        compile_pattern(field + "_{take}")
