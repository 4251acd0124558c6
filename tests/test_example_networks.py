"""Networks in one file, examples/: equal to what their libraries compute, and keeping the contract."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile
import torch

import mxt
from mxt.core.errors import WeightsError
from mxt.core.weights import status
from mxt.extraction.request import ExtractRequest
from mxt.ingestion.requests import IngestRequest
from mxt.registry import Registry, build_registry
from mxt.testing import checks_for
from mxt.workflows.extract import extract
from mxt.workflows.ingest import ingest

TESTS = Path(__file__).parent
NAMES = ("ge2e", "crepe", "cnn14")


def module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


GOLDEN = module(TESTS / "golden" / "example_networks.py")
EXPECTED = json.loads((TESTS / "golden" / "example_networks.json").read_text(encoding="utf-8"))


def registry_with(name: str) -> Registry:
    return build_registry([TESTS.parent / "examples" / f"{name}.py"])


def skip_without_weights(registry: Registry, name: str) -> None:
    (file,) = registry.find("backbone", name).spec.weights
    if (state := status(file)) != "present":
        pytest.skip(f"{file.filename} is {state} in the weights folder: mxt weights fetch {name}")


# samples: two windows of ge2e, the second ending with the clip; 51 frames of crepe
@pytest.mark.parametrize(("name", "samples"), [("ge2e", 236 * 160 + 160), ("crepe", 8000)])
def test_features_of_a_clip_are_those_of_its_own_library(name, samples, tmp_path):
    registry, folder = registry_with(name), tmp_path / "clips"
    skip_without_weights(registry, name)
    folder.mkdir()
    soundfile.write(folder / "voice.wav", GOLDEN.voice(samples, 16_000), 16_000, subtype="FLOAT")
    ingest(tmp_path / "store", IngestRequest(folder), registry)
    extract(tmp_path / "store", ExtractRequest(name, layers="all"), registry)
    for layer, expected in EXPECTED[name].items():
        (row,) = mxt.open(tmp_path / "store").features(f"{name}:{layer}").X
        np.testing.assert_allclose(row[: len(expected)], expected, rtol=0, atol=1e-5)


def test_cnn14_computes_what_panns_does(tmp_path):
    torch.save({"model": GOLDEN.narrow_cnn14()}, tmp_path / "Cnn14_mAP=0.431.pth")
    registry = registry_with("cnn14")
    spec = registry.find("backbone", "cnn14").spec
    network = registry.create("backbone", "cnn14").prepare(tmp_path, "cpu")
    render = registry.create("renderer", spec.input.renderer, spec.input.params).prepare(32_000, "cpu")
    features = network(render(torch.from_numpy(GOLDEN.voice(32_000, 32_000))[None]))
    for layer, expected in EXPECTED["cnn14"].items():
        np.testing.assert_allclose(features[layer][0, : len(expected)], expected, rtol=0, atol=1e-5)


def test_cnn14_knows_its_sounds_once_their_names_are_here(tmp_path, monkeypatch):
    monkeypatch.setenv("MXT_WEIGHTS_DIR", str(tmp_path))
    registry = registry_with("cnn14")
    assert registry.choose("backbone", "cnn14", {}).spec.layers[-1].labels == ()
    (tmp_path / "cnn14").mkdir()
    rows = "".join(f'{k},/m/{k},"sound {k}, loud"\n' for k in range(527))
    (tmp_path / "cnn14" / "class_labels_indices.csv").write_text(f"index,mid,display_name\n{rows}")
    labels = registry.choose("backbone", "cnn14", {}).spec.layers[-1].labels
    assert (len(labels), labels[1]) == (527, "sound 1, loud")


def test_cnn14_refuses_another_file(tmp_path):
    (tmp_path / "Cnn14_mAP=0.431.pth").write_bytes(b"no weights")
    with pytest.raises(WeightsError, match="does not hold Cnn14"):
        registry_with("cnn14").create("backbone", "cnn14").prepare(tmp_path, "cpu")


@pytest.mark.parametrize("name", NAMES)
def test_each_keeps_the_contract(name):
    registry = registry_with(name)
    for check in checks_for(registry.find("backbone", name), registry):
        outcome = check.outcome()
        assert outcome.result != "failed", f"{check}: {outcome.detail}"


@pytest.mark.parametrize("name", NAMES)
def test_each_is_short(name):
    lines = (TESTS.parent / "examples" / f"{name}.py").read_text(encoding="utf-8").splitlines()
    assert sum(bool(line.strip()) for line in lines) < 90
