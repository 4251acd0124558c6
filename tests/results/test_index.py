"""The index of results: a copy of what they say, never more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mxt.core.errors import StoreDamaged
from mxt.results import index
from mxt.results.index import INDEX, Outline, outlines
from mxt.results.saving import saved_search
from mxt.store.layout import Store
from mxt.store.verify import verify


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the results that are read from their own files."""
    ids: list[str] = []
    load = index._outline_of
    monkeypatch.setattr(index, "_outline_of", lambda store, name: (ids.append(name), load(store, name))[1])
    return ids


def the_index(store: Store) -> Path:
    return store.results.path / INDEX


def test_results_are_read_once_and_then_found_in_the_index(before: Store, read: list[str]) -> None:
    first = outlines(before)
    assert list(first) == before.results.list() == read
    assert outlines(before) == first
    assert len(read) == 3
    assert [each.kind for each in first.values() if isinstance(each, Outline)].count("search") == 1


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"format": 1, "entries": {}}', b"\xff\xfe", b"[" * 100_000, None]
)
def test_an_index_that_is_damaged_or_gone_costs_a_reading(
    before: Store, read: list[str], content: bytes | None
) -> None:
    first = outlines(before)
    if content is None:
        the_index(before).unlink()
    else:
        the_index(before).write_bytes(content)
    assert outlines(before) == first
    assert len(read) == 6
    assert outlines(before) == first
    assert len(read) == 6, "it was written again"


def test_no_changed_character_of_an_index_changes_what_is_said(before: Store) -> None:
    first, whole = outlines(before), the_index(before).read_bytes()
    for place in range(0, len(whole), 97):
        changed = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        the_index(before).write_bytes(changed)
        assert outlines(before) == first


def test_a_result_that_was_changed_since_is_read_again(before: Store, read: list[str]) -> None:
    outlines(before)
    name = before.results.list()[0]
    (before.results.path / name / "result.json").write_text("{")
    assert isinstance(outlines(before)[name], StoreDamaged)
    assert read[3:] == [name]


def test_results_whose_files_changed_places_are_read_again(before: Store) -> None:
    outlines(before)
    first, second = (before.results.path / name / "result.json" for name in before.results.list()[:2])
    first.rename(first.with_suffix(".other"))
    second.rename(first)
    first.with_suffix(".other").rename(second)
    damaged = [isinstance(each, StoreDamaged) for each in outlines(before).values()]
    assert damaged == [True, True, False]


def test_a_removed_result_is_gone_from_the_index(before: Store) -> None:
    outlines(before)
    name = before.results.list()[0]
    before.results.remove(name)
    assert name not in outlines(before)
    assert name not in the_index(before).read_text()


def test_a_store_that_is_only_read_gets_no_index(before: Store) -> None:
    found = outlines(Store.open(before.root, read_only=True))
    assert len(found) == 3
    assert not the_index(before).exists()


def test_verify_reads_the_results_and_not_the_index(before: Store) -> None:
    outlines(before)
    name = before.results.list()[0]
    path = before.results.path / name / "result.json"
    status = path.stat()
    path.write_text(path.read_text().replace("good", "best"))
    plain = json.loads(the_index(before).read_text())
    now = path.stat()
    assert now.st_size == status.st_size
    plain["entries"][name]["stamp"] = [now.st_size, now.st_mtime_ns, now.st_ctime_ns]
    the_index(before).write_text(json.dumps(plain))
    assert [finding.where for finding in verify(before).others] == [name]


def test_an_index_that_points_to_another_search_is_not_believed(before: Store) -> None:
    found = outlines(before)
    (name,) = (name for name, each in found.items() if isinstance(each, Outline) and each.kind == "search")
    entries = json.loads(the_index(before).read_text())["entries"]
    key = entries[name]["outline"]["key"]
    entries[name]["outline"]["key"] = "ab" * 32
    index._write(the_index(before), entries)
    assert saved_search(before, "ab" * 32) is None
    the_index(before).unlink()
    assert saved_search(before, key) is not None
