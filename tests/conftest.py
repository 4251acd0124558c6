"""Fixtures for all tests."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # where tests find pages.py and others

if TYPE_CHECKING:
    from torch import Tensor

    from mxt.registry import Registry

INCEPTION_OUTPUTS = {"imagenet": 1000, "tf2015": 1008}


def _data_folder() -> Path | None:
    named = os.environ.get("MXT_TEST_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    return folder if (folder / "README.md").is_file() else None


def pytest_configure() -> None:
    """Let no test depend on the shell: children must hear Ctrl-C, and lines are as long as each test says."""
    os.environ.pop("COLUMNS", None)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if _data_folder() is None:
        skip = pytest.mark.skip(
            reason="needs the real recordings; MXT_TEST_DATA names no folder that has them"
        )
        for item in items:
            if item.get_closest_marker("realdata"):
                item.add_marker(skip)
    for_cuda = [
        item for item in items if item.get_closest_marker("cuda") or "agrees with the gpu" in item.name
    ]
    if for_cuda and not _has_cuda():
        config.hook.pytest_deselected(items=for_cuda)
        items[:] = [item for item in items if item not in for_cuda]


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real recordings and golden values."""
    folder = _data_folder()
    assert folder is not None, "mark tests that use `data` with realdata"
    return folder


# gives up root's right to read and write what permissions forbid (CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH),
# then becomes mxt
AS_ANYBODY = """
import ctypes, os, sys
if os.geteuid() == 0:
    for right in (1, 2):
        ctypes.CDLL(None).prctl(24, right, 0, 0, 0)  # PR_CAPBSET_DROP
os.execv(sys.executable, [sys.executable, "-m", "mxt", *sys.argv[1:]])
"""


def _like_trained(layout: str) -> dict[str, Tensor]:
    """A random state dict of Inception-v3 with the names and shapes of a released one.

    The values keep their magnitude from block to block, and the batch statistics are not trivial.
    """
    import torch
    from torchvision.models import Inception3

    torch_rng = torch.Generator().manual_seed(7)
    network = Inception3(
        num_classes=INCEPTION_OUTPUTS[layout], aux_logits=layout == "imagenet", init_weights=False
    )
    ranges = {
        "running_var": (0.7, 1.3),
        "weight": (0.7, 1.3),
        "running_mean": (-0.2, 0.2),
        "bias": (-0.2, 0.2),
    }
    tensors = {}
    for name, tensor in network.state_dict().items():
        if tensor.ndim == 4:
            tensors[name] = torch.randn(tensor.shape, generator=torch_rng) * (2 / tensor[0].numel()) ** 0.5
        elif ".bn." in name and tensor.is_floating_point():
            low, high = ranges[name.rpartition(".")[2]]
            tensors[name] = torch.rand(tensor.shape, generator=torch_rng) * (high - low) + low
        else:
            tensors[name] = tensor
    return tensors


@pytest.fixture(scope="session")
def inception_state_dicts() -> dict[str, dict[str, Tensor]]:
    """Tensors of the names and shapes of both released weight sets of inception_v3."""
    return {layout: _like_trained(layout) for layout in INCEPTION_OUTPUTS}


@pytest.fixture(scope="session")
def inception_files(tmp_path_factory, inception_state_dicts) -> dict[str, Path]:
    """The same as files, one in each format: what may be given as ``--weights-file``."""
    import torch
    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("inception")
    torch.save(inception_state_dicts["imagenet"], folder / "imagenet.pth")
    save_file(inception_state_dicts["tf2015"], folder / "tf2015.safetensors")
    return {"imagenet": folder / "imagenet.pth", "tf2015": folder / "tf2015.safetensors"}


@pytest.fixture
def mxt_as_anybody() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command in a process to which permissions mean something, even where the tests run as root."""

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", AS_ANYBODY, *map(str, words)], capture_output=True, text=True, check=False
        )

    return run


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests used real recordings: a run without them must not pass for one with them."""
    of_real_data = {
        outcome: sum(
            "realdata" in report.keywords
            for report in terminalreporter.stats.get(outcome, [])
            if hasattr(report, "keywords")
        )
        for outcome in ("passed", "failed", "skipped")
    }
    ran = of_real_data["passed"] + of_real_data["failed"]
    terminalreporter.write_line(f"on real recordings: {ran} tests ran, {of_real_data['skipped']} skipped")


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
COMMON = dict(
    kind="backbone", sample_rate=8000, window=Window.sliding(0.5, 0.25), layers=LAYERS, batch_windows=4
)
PARAMS = (Param("scale", "float", 1.0, "a factor"), Param("nap", "float", 0.0, "seconds to rest"))


@hookimpl
def mxt_stages():
    return [
        StageSpec(name="tiny", summary="tiny", target=":Tiny", params=PARAMS, **COMMON),
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
    from mxt.registry import build_registry

    return build_registry([plugin])


@pytest.fixture(scope="session")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six timbres of twelve notes."""
    from mxt.workflows.demo import synthesise

    return synthesise(tmp_path_factory.mktemp("collection"), class_size=12)


@pytest.fixture(scope="session")
def _ingested(collection: Path, registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from mxt.ingestion.requests import IngestRequest
    from mxt.workflows.ingest import ingest

    store = tmp_path_factory.mktemp("ingested") / "mxt-store"
    ingest(store, IngestRequest(collection), registry)
    return store


@pytest.fixture
def store(_ingested: Path, tmp_path: Path) -> Path:
    """A store of its own in which the collection is catalogued."""
    return Path(shutil.copytree(_ingested, tmp_path / "mxt-store"))


@pytest.fixture
def scheduler() -> Iterator[Any]:
    """A scheduler of Dask without workers."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0", silence_logs=50) as cluster:
        yield cluster


@pytest.fixture
def start(scheduler: Any, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts workers for the scheduler, and waits until they are there."""
    from clusters import starter

    with starter(scheduler, tmp_path) as start:
        yield start
