"""A store of made-up features, without audio."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mxt.core.records import ClipRecord, DatasetRecord, FileRecord, Measurement
from mxt.core.specs import Layer
from mxt.store.layout import Store

GENRES = np.array(["blues", "jazz", "rock"])[np.arange(90) % 3]


def clips_of(
    n: int,
    targets: Mapping[str, Sequence[Any]],
    fields: Mapping[str, Sequence[str]],
    columns: Mapping[str, Sequence[Any]],
) -> list[ClipRecord]:
    found = []
    for i in range(n):
        key = hashlib.sha256(str(i).encode()).digest()
        file = FileRecord(
            f"{i % 3}/{i:03}.wav", 1, 1, 1, Measurement(key.hex(), 1.0, 22050, 1, 22050, 0.5, 0.5, 0.1)
        )
        target, field = ({name: values[i] for name, values in each.items()} for each in (targets, fields))
        found.append(
            ClipRecord(
                file.path,
                file,
                key,
                targets=target,
                fields=field,
                **{name: v[i] for name, v in columns.items()},
            )
        )
    return found


@pytest.fixture
def make_store(tmp_path: Path) -> Callable[..., Store]:
    """Make a store with a catalogued data set and one table a view, of so many layers; no audio."""

    def make(
        views: Mapping[str, np.ndarray],
        targets: Mapping[str, Sequence[Any]] | None = None,
        *,
        name: str = "music",
        fields: Mapping[str, Sequence[str]] | None = None,
        layers: int = 1,
        **columns: Sequence[Any],
    ) -> Store:
        store = Store.open(tmp_path / "mxt-store", create=True)
        targets = targets or {"genre": GENRES.tolist()}
        clips = clips_of(len(next(iter(targets.values()))), targets, fields or {}, columns)
        store.catalogue.replace_clips(DatasetRecord(name, "/x", "folder", {}, tuple(targets), "", ""), clips)
        for label, X in views.items():
            store.catalogue.add_view(name, label)
            if any(table.label == label for table in store.features.tables()):
                continue
            names = ["all"] if layers == 1 else [f"layer{i + 1}" for i in range(layers)]
            table = store.features.create(
                hashlib.sha256(label.encode()).hexdigest(),
                label,
                {},
                [Layer(i + 1, layer, X.shape[1] // layers) for i, layer in enumerate(names)],
            )
            with table.writer() as writer:
                for row, clip, values in zip(
                    writer.assign([c.key for c in clips[: len(X)] if c.key]), clips, X, strict=False
                ):
                    assert clip.key is not None
                    writer.put(int(row), dict(zip(names, np.split(values, layers), strict=True)))
        return store

    return make
