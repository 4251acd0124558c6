"""The examples run."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile

from mxt.cli.main import main
from mxt.extraction.request import ExtractRequest
from mxt.registry import build_registry
from mxt.results.request import EvaluateRequest
from mxt.workflows.evaluate import evaluate
from mxt.workflows.extract import extract
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
    ingest(
        store,
        timing,
        registry,
        params={"pattern": "{timbre}_{metre}_{take}.wav", "target": ("timbre", "metre")},
    )
    extract(store, ExtractRequest(backbone="mfcc"), registry)
    quick = ("C=0.1", "folds=5")
    timbre, metre = (
        evaluate(store, EvaluateRequest(target=name, head="linear", settings=quick), registry)
        for name in ("timbre", "metre")
    )
    assert timbre.datasets[0].views[0].assessment.first.value == 1.0
    assert metre.datasets[0].views[0].assessment.first.value < 0.8


def commands(name: str) -> list[list[str]]:
    """The commands in the docstring of an example, without what follows ``#``."""
    text = (EXAMPLES / name).read_text(encoding="utf-8").split('"""')[1]
    return [shlex.split(line, comments=True)[1:] for line in re.findall(r"^    (mxt .*)$", text, re.M)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, beside it small recordings of two kinds; the weights folder is empty."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MXT_WEIGHTS_DIR", str(tmp_path / "weights"))
    rng = np.random.default_rng(0)
    (tmp_path / "FOLDER").mkdir()
    for take in range(12):
        for word, y in (
            ("hiss", rng.normal(size=8000)),
            ("hum", np.sin(np.arange(8000) * (0.05 + 0.01 * take))),
        ):
            soundfile.write(tmp_path / "FOLDER" / f"{word}_{take:02}.wav", 0.2 * y, 16_000)
    return tmp_path


def typed(words: list[str]) -> None:
    """Run a command, which has to end well."""
    code: object = 0
    try:
        main([*words, "--quiet"] if words[0] != "weights" and "stages" not in words else words)
    except SystemExit as end:
        code = end.code or 0
    assert code == 0, words


@pytest.mark.parametrize("name", ["one_file_plugin.py", "every_kind_plugin.py", "network_with_weights.py"])
def test_the_commands_of_a_plugin_run_as_written(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(EXAMPLES / name, folder)
    if name == "network_with_weights.py":
        example("network_with_weights").write(folder / "projection.f32")
    lines = commands(name)
    if not any("ingest" in line for line in lines):
        typed(["ingest", "FOLDER", "--pattern", "{word}_{take}.wav"])
    for line in lines:
        typed(line)
    assert "FAIL" not in capsys.readouterr().out
