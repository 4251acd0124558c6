"""Words that cannot mean anything: empty ones, paths that are too long or circular, very long names."""

from __future__ import annotations

import os

import pytest

LONG = 300 * "a"


@pytest.fixture
def loop(tmp_path):
    os.symlink("loop", tmp_path / "loop")


PATHS = [
    ("ingest", "{}"),
    ("ls", "--store", "{}"),
    ("verify", "--store", "{}"),
    ("--plugin", "{}", "stages"),
    ("stages", "--plugin", "{}"),
    ("extract", "--backbone", "convnet", "--weights-file", "{}"),
    ("figures", "--out", "{}"),
    ("export", "mfcc", "{}/x.npz"),
    ("import", "{}/x.npz"),
    ("derive", "without", "{}"),
    ("eval", "--folds", "{}"),
    ("eval", "--chart", "{}/x.png"),
    ("render", "a", "--renderer", "melspectrogram", "--out", "{}"),
    ("weights", "import", "{}"),
    ("plugins", "new", "x", "--out", "{}"),
    ("plugins", "check", "x", "--sample", "{}"),
]


@pytest.mark.parametrize("words", PATHS, ids=" ".join)
@pytest.mark.parametrize(
    ("path", "why"),
    [(LONG, "longer than the file system allows"), ("loop", "its symbolic links form a circle")],
)
@pytest.mark.usefixtures("loop")
def test_a_path_that_no_file_can_have_is_told_in_a_line(mxt, words, path, why):
    ran = mxt(*(word.format(path) for word in words))
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert why in ran.err
    assert len(ran.err) < 200


@pytest.mark.parametrize(
    "words",
    [
        ("ingest", ""),
        ("ingest", "x", "--name", ""),
        ("ingest", "x", "--name="),
        ("eval", "--dataset", ""),
        ("export", "mfcc", ""),
        ("derive", "excerpt", "--start", "0", "--length", "1", "--name", ""),
        ("rm", ""),
        ("info", ""),
        ("extract", "--backbone", ""),
    ],
    ids=" ".join,
)
def test_an_empty_word_is_refused_wherever_it_is_typed(mxt, words):
    ran = mxt(*words)
    assert (ran.code, ran.out) == (2, "")
    assert "is empty: give it a value, or leave it out" in ran.err


@pytest.mark.parametrize("plugin", [LONG, "loop"])
@pytest.mark.usefixtures("loop")
def test_plugins_of_the_environment_are_told_so_too(mxt, monkeypatch, plugin):
    monkeypatch.setenv("MXT_PLUGIN", plugin)
    ran = mxt("stages")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert ran.err.startswith("error: --plugin ")


@pytest.mark.parametrize(
    "words",
    [
        ("render", LONG, "--renderer", "melspectrogram", "--out", "q"),
        ("plugins", "new", LONG),
        ("plugins", "check", LONG),
        ("plugins", "check", "loop"),
    ],
    ids=lambda words: " ".join(words)[:20],
)
@pytest.mark.usefixtures("loop")
def test_a_word_that_may_be_a_path_or_a_name_is_none_of_both(mxt, words):
    ran = mxt(*words)
    assert (ran.code > 0, ran.out, ran.err.count("\n")) == (True, "", 1)
