"""Recordings with random damage: one after the other, and as a folder."""

from __future__ import annotations

import json
import os

import decoders
import pytest
from hostile_names import begin, check

from mxt.audio import decode

WRONG_ONCE = (
    1182,
    1465,
    2253,
    3762,
    7698,
    9055,
)  # of `odd_files`: their samples depended on how they were read


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Small files in every format that can be written here."""
    return decoders.seeds(tmp_path_factory.mktemp("seeds"), None)


def _try(paths, numbers, folder):
    *_, tried = decoders.campaign(paths, numbers, folder)
    assert not tried.wrong, "\n".join(tried.wrong)
    assert tried.counts.total() == len(numbers)
    assert 0.1 < tried.counts["samples"] / len(numbers) < 0.9


def test_damaged_files_in_every_format_give_samples_or_a_reason(made, tmp_path):
    _try(made, range(200), tmp_path)


@pytest.mark.realdata
def test_damaged_odd_files_give_samples_or_a_reason(data, tmp_path):
    _try(decoders.seeds(tmp_path, data), [*range(100), *WRONG_ONCE], tmp_path)


def test_a_folder_of_damaged_files_is_ingested_and_extracted_and_every_file_is_used_or_named(made, tmp_path):
    journey = begin(tmp_path / "journey")
    for number in range(60):
        path = journey.folder / "songs" / "ab"[number % 2] / f"{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(decoders.damage(made, number))
    summary = json.loads(journey.run("ingest", "songs", "--json").out)["summary"]
    assert summary["used"] + sum(summary["left_out"].values()) == 60
    journey.run("extract", "--backbone", "mfcc")
    journey.run("info", "songs", "--failures")
    check(journey)


def test_the_campaign_notices_a_decoder_that_hangs_crashes_or_raises_something_else(made):
    for what, expected in ((_hang, "hang"), (_crash, "signal 6"), (_raise, "ZeroDivisionError")):
        outcome = decoders.contained.call(what, str(made[0]), seconds=2)
        assert expected in outcome.ended


def _hang(path):
    decode.read(path)
    while True:
        pass


def _crash(path):
    decode.read(path)
    os.abort()


def _raise(path):
    raise ZeroDivisionError(path)
