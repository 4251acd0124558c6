"""A small store of made-up features, and results that an earlier mxt saved of the same clips."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest

from mxt.core.records import ClipRecord, DatasetRecord, FileRecord, Measurement
from mxt.core.specs import Layer
from mxt.store.layout import Store

N = 24
SAVED_BEFORE = Path(__file__).with_name("saved_before_formats")


def small_clips() -> list[ClipRecord]:
    """24 clips of nine artists; the first has no genre."""
    clips = []
    for i in range(N):
        key = hashlib.sha256(str(i).encode()).digest()
        measured = Measurement(key.hex(), 1.0, 22050, 1, 22050, 0.5, 0.5, 0.1)
        file = FileRecord(f"{i:02}.wav", 1, 1, 1, measured)
        genre, artist = ["jazz", "rock"][i % 2] if i else None, f"a{i // 2 % 9}"
        clips.append(ClipRecord(file.path, file, key, targets={"genre": genre}, fields={"artist": artist}))
    return clips


@pytest.fixture
def small(tmp_path: Path) -> Store:
    """A data set with two tables of two layers each; nothing evaluated."""
    store, rng, clips = (
        Store.open(tmp_path / "mxt-store", create=True),
        np.random.default_rng(0),
        small_clips(),
    )
    store.catalogue.replace_clips(DatasetRecord("small songs", "/x", "folder", {}, ("genre",), "", ""), clips)
    layers = [Layer(1, "low", 2), Layer(2, "high", 2)]
    for label, strength in (("good", 1.0), ("fair", 0.4)):
        store.catalogue.add_view("small songs", label)
        fingerprint = hashlib.sha256(label.encode()).hexdigest()
        with store.features.create(fingerprint, label, {}, layers).writer() as writer:
            for row, i in zip(writer.assign([clip.key for clip in clips if clip.key]), range(N), strict=True):
                values = {
                    name: (strength * layer * np.eye(2)[i % 2] + rng.normal(size=2) / 2).astype(np.float32)
                    for layer, name in ((1, "low"), (2, "high"))
                }
                writer.put(int(row), values)
    return store


@pytest.fixture
def before(small: Store) -> Store:
    """The same store with an evaluation and a search that mxt saved before results had a format."""
    shutil.copytree(SAVED_BEFORE, small.results.path)
    return small
