from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mxt.store.fingerprints import Fingerprints

PEAKS = {b"a": np.array([[1, 2], [3, 500]], dtype=np.uint16), b"b": np.empty((0, 2), dtype=np.uint16)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where fingerprints are kept."""
    return tmp_path / "fingerprints.sqlite"


def kept(path: Path, *, version: int = 1, read_only: bool = False) -> dict[bytes, list[list[int]]]:
    store = Fingerprints(path, version=version, read_only=read_only)
    return {key: peaks.tolist() for key, peaks in store.peaks([b"a", b"b", b"c"]).items()}


def test_fingerprints_and_similarities_come_back(path: Path) -> None:
    store = Fingerprints(path, version=1)
    store.keep_peaks(PEAKS)
    store.keep_similarities({(b"a", b"b"): 0.5})
    assert kept(path) == kept(path, read_only=True) == {b"a": [[1, 2], [3, 500]], b"b": []}
    assert store.similarities([(b"a", b"b"), (b"b", b"a")]) == {(b"a", b"b"): 0.5}


def test_those_of_another_version_are_forgotten(path: Path) -> None:
    Fingerprints(path, version=1).keep_peaks(PEAKS)
    assert kept(path, version=2, read_only=True) == {}
    assert kept(path, version=2) == {}
    assert kept(path, version=1) == {}


def test_a_damaged_file_is_as_if_it_were_not_there_and_made_anew(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)
    assert kept(path, read_only=True) == {}
    assert kept(path) == {}
    Fingerprints(path, version=1).keep_peaks(PEAKS)
    assert b"a" in kept(path)


def test_nothing_is_written_to_a_store_that_is_read_only(path: Path) -> None:
    store = Fingerprints(path, version=1, read_only=True)
    store.keep_peaks(PEAKS)
    assert store.peaks([b"a"]) == {}
    assert not path.exists()


def test_a_folder_that_cannot_be_written_keeps_nothing_and_raises_nothing(tmp_path: Path) -> None:
    store = Fingerprints(tmp_path / "gone" / "fingerprints.sqlite", version=1)
    store.keep_peaks(PEAKS)
    assert store.peaks([b"a"]) == {}
