from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxt.core.identity import audio_key, canonical_json, clip_id, microseconds, sha256_file, sha256_text

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
SHA = st.binary(min_size=32, max_size=32).map(bytes.hex)
TIME = st.one_of(st.none(), st.integers(0, 10**10))


@given(PLAIN)
def test_canonical_json_is_json_of_the_same_value(value):
    assert json.loads(canonical_json(value)) == value


@given(st.dictionaries(st.text(), st.integers(), max_size=6))
def test_order_of_keys_does_not_matter(value):
    assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)


def test_not_a_number_has_no_canonical_form():
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"a": float("nan")})


def test_file_and_text_have_the_hash_of_their_bytes(tmp_path):
    content = "Vögel\n" * 300_000  # more than one block
    (tmp_path / "f").write_bytes(content.encode())
    assert sha256_file(tmp_path / "f") == sha256_text(content) == hashlib.sha256(content.encode()).hexdigest()


@given(SHA)
def test_key_of_a_whole_file_is_its_hash(sha256):
    assert audio_key(sha256) == bytes.fromhex(sha256)


@given(SHA, st.sets(st.tuples(TIME, TIME), min_size=2, max_size=8))
def test_different_segments_have_different_keys(sha256, segments):
    # no start is the start 0, but for the whole file
    distinct = {(s if s is not None or e is None else 0, e) for s, e in segments}
    assert len({audio_key(sha256, *segment) for segment in distinct}) == len(distinct)


@given(SHA, TIME, TIME)
def test_key_has_32_bytes(sha256, start, end):
    assert len(audio_key(sha256, start, end)) == 32


@pytest.mark.parametrize(
    ("start", "end", "name"),
    [
        (None, None, "a.wav"),
        (0.5, 2.0, "a.wav#0.5-2"),
        (None, 2.0, "a.wav#0-2"),
        (1.0, None, "a.wav#1-"),
        (0.0000014, 1, "a.wav#0.000001-1"),
    ],
)
def test_clip_is_named_by_its_path_and_seconds(start, end, name):
    assert clip_id("a.wav", microseconds(start), microseconds(end)) == name
