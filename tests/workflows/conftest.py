"""A small labelled collection and its store, made once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mxt.registry import Registry, build_registry
from mxt.workflows.demo import synthesise
from mxt.workflows.ingest import ingest

PLUGIN = '''
import dataclasses
import time

import numpy as np

from mxt.plugin import AudioError, Layer, Param, Reason, StageSpec, Window, hookimpl


@dataclasses.dataclass(frozen=True)
class Tiny:
    """Level and crossings of each second, in two layers."""

    scale: float = 1.0
    nap: float = 0.0

    def prepare(self, weights, device):
        def network(x):
            time.sleep(self.nap)
            level = x.abs().mean(dim=1, keepdim=True).numpy() * self.scale
            crossings = (x[:, 1:] * x[:, :-1] < 0).float().mean(dim=1, keepdim=True).numpy()
            return {"level": level, "both": np.concatenate([level, crossings], axis=1)}

        return network


@dataclasses.dataclass(frozen=True)
class Broken:
    def prepare(self, weights, device):
        def network(x):
            raise KeyError("oops")

        return network


LAYERS = (Layer(1, "level", 1), Layer(2, "both", 2, labels=("level", "crossings")))
COMMON = dict(kind="backbone", sample_rate=8000, window=Window.sliding(0.5, 0.25), layers=LAYERS, batch_windows=4)


@hookimpl
def mxt_stages():
    return [
        StageSpec(name="tiny", summary="tiny", target=":Tiny", 
                  params=(Param("scale", "float", 1.0, "a factor"), Param("nap", "float", 0.0, "seconds to rest")), **COMMON),
        StageSpec(name="broken", summary="never works", target=":Broken", **COMMON),
    ]
'''


@pytest.fixture(scope="session")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A one-file plugin with two quick backbones: one that works, one that never does."""
    path = tmp_path_factory.mktemp("plugin") / "quick.py"
    path.write_text(PLUGIN)
    return path


@pytest.fixture(scope="session")
def registry(plugin: Path) -> Registry:
    return build_registry([plugin])


@pytest.fixture(scope="session")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six timbres of twelve notes."""
    return synthesise(tmp_path_factory.mktemp("collection"), class_size=12)


@pytest.fixture(scope="session")
def _ingested(collection: Path, registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("ingested") / "mxt-store"
    ingest(store, collection, registry)
    return store


@pytest.fixture
def store(_ingested: Path, tmp_path: Path) -> Path:
    """A store of its own in which the collection is catalogued."""
    return Path(shutil.copytree(_ingested, tmp_path / "mxt-store"))
