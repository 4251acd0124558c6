"""How names that are not UTF-8 are written."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxt.core.text import parse_json, written, written_all


@given(st.binary(min_size=1, max_size=20))
def test_every_name_a_file_can_have_is_written_as_utf_8(name):
    assert written(os.fsdecode(name)).encode("utf-8")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_text_that_is_utf_8_stays_as_it_is(text):
    assert written(text) == text


@pytest.mark.parametrize(
    ("text", "expected"), [("caf\udce9", "caf\\xe9"), ("\ud800", "\\ud800"), ("a\udc41", "a\\udc41")]
)
def test_bytes_and_other_lone_surrogates_are_written_out(text, expected):
    assert written(text) == expected


def test_every_text_in_plain_values_is_written():
    assert written_all({"\udce9": [("\udce9", 1), None], "b": 0.5}) == {
        "\\xe9": [("\\xe9", 1), None],
        "b": 0.5,
    }


@pytest.mark.parametrize("text", ["[" * 100 + "]" * 100, "[" * 100_000, '{"a":' * 100_000])
def test_json_that_is_nested_too_deeply_is_a_value_error(text):
    with pytest.raises(ValueError, match="nested"):
        parse_json(text)


def test_ordinary_json_is_parsed():
    assert parse_json('{"a": [1, {"b": null}]}') == {"a": [1, {"b": None}]}
