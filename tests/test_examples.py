"""The examples run."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from mxt.registry import build_registry
from mxt.workflows.evaluate import evaluate
from mxt.workflows.evaluating.records import Request
from mxt.workflows.extract import extract
from mxt.workflows.extracting.records import Request as ExtractRequest
from mxt.workflows.ingest import ingest

EXAMPLES = Path(__file__).parents[1] / "examples"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def timing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("timing")
    return Path(example("timing_and_timbre").write(folder, takes=8))


def test_timbre_is_heard_better_than_timing_by_features_averaged_over_a_clip(timing: Path) -> None:
    assert timing.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    registry, store = build_registry(), timing.parent / "store"
    ingest(store, timing, registry, params={"pattern": "{timbre}_{metre}_{take}.wav", "target": ("timbre", "metre")})
    extract(store, ExtractRequest(backbone="mfcc"), registry)
    quick = ("C=0.1", "folds=5")
    timbre, metre = (evaluate(store, registry, Request(target=name, head="linear", settings=quick)) for name in ("timbre", "metre"))
    assert timbre.datasets[0].views[0].assessment.first.value == 1.0
    assert metre.datasets[0].views[0].assessment.first.value < 0.8
