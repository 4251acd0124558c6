"""Shares of an extraction: tables of their own, joined into the bytes of one run."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from stored import table_files

from mxt.core.errors import Reason, StoreBusy, UsageError
from mxt.core.files import OwnedLock
from mxt.extraction.parts import Joined, Share
from mxt.extraction.request import ExtractRequest
from mxt.store.features import OPEN
from mxt.store.layout import Store
from mxt.workflows.extract import extract

TINY = ExtractRequest("tiny", device="cpu")
PARTS = [replace(TINY, part=f"{k}/4") for k in (1, 2, 3, 4)]


@pytest.fixture
def whole(store, registry, tmp_path) -> dict[str, bytes]:
    """The table as one run makes it, in another store."""
    other = Path(shutil.copytree(store, tmp_path / "whole"))
    extract(other, TINY, registry)
    return table_files(other)


def labels(store: Path) -> list[str]:
    return [table.label for table in Store.open(store).features.tables()]


def test_parts_in_any_order_are_joined_into_the_bytes_of_one_run(store, registry, whole):
    parts = [extract(store, request, registry) for request in reversed(PARTS)]
    assert labels(store) == [f"tiny.part{k}of4" for k in (1, 2, 3, 4)]
    assert sum(part.computed for part in parts) == 72
    result = extract(store, TINY, registry)
    assert result.joined == Joined(tuple(Share(4, k) for k in (1, 2, 3, 4)), 72)
    assert (result.computed, result.done, result.joined.missing) == (0, 72, ())
    assert table_files(store) == whole


def test_a_part_that_is_missing_is_said_and_computed(store, registry, whole):
    for request in (PARTS[0], PARTS[3]):
        extract(store, request, registry)
    result = extract(store, TINY, registry)
    assert result.joined is not None
    assert result.joined.missing == (Share(4, 2), Share(4, 3))
    assert (result.joined.clips, result.computed) == (36, 36)
    assert table_files(store) == whole


def test_a_dry_run_counts_what_parts_hold_and_joins_nothing(store, registry):
    for request in (PARTS[0], PARTS[3]):
        extract(store, request, registry)
    plan = extract(store, replace(TINY, dry_run=True), registry)
    assert plan.joined == Joined((Share(4, 1), Share(4, 4)), 36)
    assert (plan.done, plan.left_open, labels(store)) == (36, 36, ["tiny.part1of4", "tiny.part4of4"])


def test_a_part_run_twice_has_nothing_to_do(store, registry):
    assert extract(store, PARTS[0], registry).computed == 18
    assert extract(store, PARTS[0], registry).computed == 0
    extract(store, TINY, registry)
    again = extract(store, PARTS[0], registry)
    assert (again.computed, again.contents) == (0, 0), "the whole table has its clips"
    assert labels(store) == ["tiny"]


def test_a_part_that_is_still_computed_is_not_joined(store, registry):
    extract(store, PARTS[1], registry)
    (part,) = Store.open(store).features.tables()
    with (
        OwnedLock(part.path / "lock", "the part"),
        pytest.raises(StoreBusy, match=r"part 2/4 of tiny is being written by"),
    ):
        extract(store, TINY, registry)
    assert extract(store, TINY, registry).done == 72


def test_failures_of_a_part_are_failures_of_the_whole(store, registry):
    extract(store, PARTS[0], registry)
    (part,) = Store.open(store).features.tables()
    state = part.states()
    assert (state != OPEN).all()
    with part.writer() as writer:
        key = bytes(range(32))
        (row,) = writer.assign([key])
        writer.fail(int(row), Reason.STAGE_FAILED)
    extract(store, TINY, registry)
    table = Store.open(store).features.find("tiny")
    _, states, reasons = table.states_of([key])
    assert (states[0], reasons[0]) == (2, Reason.STAGE_FAILED)


def test_a_join_that_is_cut_short_is_repeated(store, registry, whole, monkeypatch):
    for request in PARTS:
        extract(store, request, registry)
    with monkeypatch.context() as patched:
        patched.setattr("mxt.store.features.FeatureStore.remove", interrupt)
        with pytest.raises(KeyboardInterrupt):
            extract(store, TINY, registry)
    result = extract(store, TINY, registry)
    assert result.joined is not None
    assert (result.joined.clips, result.computed) == (0, 0)
    assert table_files(store) == whole


def interrupt(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize("text", ["0/4", "5/4", "1", "a/b", "1/0", "-1/4"])
def test_what_is_no_share_is_refused(store, registry, text):
    with pytest.raises(UsageError, match="--part is K/N"):
        extract(store, replace(TINY, part=text), registry)


def test_a_batch_mode_has_no_parts(store, registry):
    request = ExtractRequest("convnet", settings=("statistics=batch",), part="1/2")
    with pytest.raises(UsageError, match="one clip alone"):
        extract(store, request, registry)
