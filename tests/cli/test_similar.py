"""`mxt similar` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mxt.cli.main import main
from mxt.extraction.request import ExtractRequest
from mxt.registry import Registry
from mxt.workflows.extract import extract


def run(*args: object) -> int:
    try:
        main([str(arg) for arg in args])
    except SystemExit as done:
        return int(done.code or 0)
    return 0


@pytest.fixture
def extracted(store: Path, registry: Registry) -> Path:
    extract(store, ExtractRequest("tiny"), registry)
    return store


def test_a_table_and_the_way_to_a_page(extracted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--store", extracted, "--other-recordings", "--group-by", r"\.(\d+)\.", "--top", 3)
    assert run("similar", "bell.003", *options) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "timbres · tiny · 66 clips compared with bell/bell.003.wav (bell)"
    assert lines[1] == r"  left out 5 of the same recording (by \.(\d+)\.)"
    assert lines[2].split() == ["similarity", "clip", "label", "group"]
    assert len(lines) == 7
    assert lines[-1].startswith("next: mxt similar bell.003 --top 3 --other-recordings")
    assert lines[-1].endswith("--out similar.html")


def test_machines_are_told_the_same(extracted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("similar", "bell.003", "--store", extracted, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["query"] == "bell/bell.003.wav"
    assert len(found["neighbours"]) == 10


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "name a clip or a file, or give --label-next N"),
        (("bell.003", "--label-next", "3"), "not both"),
        (("--label-next", "3", "--other-recordings"), "neither --other-recordings nor --group-by"),
    ],
)
def test_what_does_not_go_together_is_refused(
    extracted: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    assert run("similar", *words, "--store", extracted) == 2
    assert message in capsys.readouterr().err
