"""Through the whole of `mxt extract`: a clip's row does not depend on the clips beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from mxt.extraction.request import ExtractRequest
from mxt.registry import build_registry
from mxt.store.layout import Store
from mxt.workflows.extract import extract
from mxt.workflows.ingest import ingest

SAMPLE_RATE = 22_050
SECONDS = (
    0.2,
    3.0,
    3.3,
    6.1,
    7.5,
    13.0,
)  # repeated to one patch, exactly and about one, two, two and a part, four
LAYERS = ("timbral", "max_pool", "penultimate", "tags")


@pytest.fixture(scope="module")
def clips() -> dict[str, np.ndarray]:
    """Clips of different length: noise that swells and decays."""
    rng = np.random.default_rng(8)
    return {
        f"clip{place}": _swell(rng, round(seconds * SAMPLE_RATE)) for place, seconds in enumerate(SECONDS)
    }


def _swell(rng: np.random.Generator, samples: int) -> np.ndarray:
    return (0.1 * rng.normal(size=samples) * np.sin(np.linspace(0, 20, samples))).astype(np.float32)


def rows(folder: Path, clips: dict[str, np.ndarray], weights: Path, *, jobs: int) -> dict[str, np.ndarray]:
    """Each clip's row of all `LAYERS`, by its name; files lie in the order of `clips`."""
    for place, (name, y) in enumerate(clips.items()):
        path = folder / "sounds" / f"label{place % 2}" / f"{place}-{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, y, SAMPLE_RATE, subtype="FLOAT")
    registry = build_registry()
    ingest(folder / "store", folder / "sounds", registry)
    found = extract(
        folder / "store", ExtractRequest("musicnn", weights_file=weights, device="cpu", jobs=jobs), registry
    )
    assert (found.done, found.failed) == (len(clips), 0)
    store = Store.open(folder / "store", read_only=True)
    catalogued = store.catalogue.clips("sounds")
    X, _ = store.features.find(found.label).read([clip.key for clip in catalogued], LAYERS)
    return {Path(clip.id).stem.partition("-")[2]: row for clip, row in zip(catalogued, X, strict=True)}


def test_rows_are_the_same_together_alone_and_in_another_order(clips, random_wheel, tmp_path):
    together = rows(tmp_path / "together", clips, random_wheel, jobs=1)
    backwards = rows(tmp_path / "backwards", dict(reversed(clips.items())), random_wheel, jobs=2)
    alone = {name: rows(tmp_path / name, {name: y}, random_wheel, jobs=1)[name] for name, y in clips.items()}
    assert len({row.tobytes() for row in together.values()}) == len(clips)
    for name, row in together.items():
        assert np.isfinite(row).all()
        np.testing.assert_array_equal(backwards[name], row)
        np.testing.assert_array_equal(alone[name], row)
