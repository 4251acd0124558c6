"""Through all of `mxt extract`: the row of a clip does not depend on the clips beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from mxt.extraction.request import ExtractRequest
from mxt.ingestion.requests import IngestRequest
from mxt.registry import build_registry
from mxt.store.layout import Store
from mxt.workflows.extract import extract
from mxt.workflows.ingest import ingest

SAMPLE_RATE = 16_000
SECONDS = (0.3, 1.5, 4.0, 31.0)  # 31 s: longer than random_convnet's 29

ENDS = ("clip0", f"clip{len(SECONDS) - 1}")  # the shortest and the longest


@pytest.fixture(scope="module")
def clips() -> dict[str, np.ndarray]:
    """Clips of different length: noise."""
    rng = np.random.default_rng(5)
    found = {
        f"clip{place}": 0.1 * rng.normal(size=round(seconds * SAMPLE_RATE))
        for place, seconds in enumerate(SECONDS)
    }
    return {name: y.astype(np.float32) for name, y in found.items()}


def rows(folder: Path, clips: dict[str, np.ndarray], backbone: str, *, jobs: int) -> dict[str, np.ndarray]:
    """Each clip's row of all layers, by its name; files lie in the order of `clips`."""
    for place, (name, y) in enumerate(clips.items()):
        path = folder / "sounds" / f"label{place % 2}" / f"{place}-{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, y, SAMPLE_RATE, subtype="FLOAT")
    registry = build_registry()
    ingest(folder / "store", IngestRequest(folder / "sounds"), registry)
    found = extract(folder / "store", ExtractRequest(backbone, device="cpu", jobs=jobs), registry)
    assert (found.done, found.failed) == (len(clips), 0)
    store = Store.open(folder / "store", read_only=True)
    catalogued = store.catalogue.clips("sounds")
    table = store.features.find(found.label)
    X, _ = table.read([clip.key for clip in catalogued], [layer.name for layer in table.layers])
    return {Path(clip.id).stem.partition("-")[2]: row for clip, row in zip(catalogued, X, strict=True)}


@pytest.mark.parametrize("backbone", ["mfcc", "random_convnet"])
def test_rows_are_the_same_together_alone_and_in_another_order(backbone, clips, tmp_path):
    together = rows(tmp_path / "together", clips, backbone, jobs=1)
    backwards = rows(tmp_path / "backwards", dict(reversed(clips.items())), backbone, jobs=2)
    alone = {
        name: rows(tmp_path / name, {name: y}, backbone, jobs=1)[name]
        for name, y in clips.items()
        if name in ENDS
    }
    assert len({row.tobytes() for row in together.values()}) == len(clips)
    for name, row in together.items():
        np.testing.assert_array_equal(backwards[name], row)
    for name, row in alone.items():
        np.testing.assert_array_equal(together[name], row)
