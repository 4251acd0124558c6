"""TorchScript files as backbones."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from mxt.core.errors import InputError
from mxt.registry import Registry, build_registry
from mxt.testing import checks_for

REGISTRY = build_registry()
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.*:FutureWarning"),
]
SETTINGS = """
sample_rate = 8000
[window]
samples = 400
[[layers]]
output = "0"
name = "linear"
dimension = 6
[[layers]]
output = "1"
name = "bent"
dimension = 6
pool = "max"
"""


class Small(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(40, 6)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        linear = self.linear(x.reshape(x.shape[0], 10, 40))
        return linear, linear.tanh()


class Reads(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.from_file("/etc/hostname", size=1, dtype=torch.uint8)


def saved(path: Path, module: torch.nn.Module) -> Path:
    torch.jit.script(module.eval()).save(str(path))
    path.with_suffix(".toml").write_text(SETTINGS)
    return path


@pytest.fixture
def model(tmp_path):
    torch.manual_seed(0)
    return saved(tmp_path / "small.pt", Small())


def network(model: Path):
    return Registry.build(REGISTRY.choose("backbone", "torchscript", {"model": str(model)})).prepare(
        None, "cpu"
    )


def test_features_are_those_of_the_module_itself(model):
    x = torch.randn(5, 400)
    with torch.inference_mode():
        linear, bent = torch.jit.load(model)(x)
    features = network(model)(x)
    np.testing.assert_allclose(features["linear"], linear.mean(1), rtol=0, atol=1e-6)
    np.testing.assert_allclose(features["bent"], bent.amax(1), rtol=0, atol=1e-6)


def test_the_contract_is_kept(model):
    entry = REGISTRY.find("backbone", "torchscript")
    outcomes = [check.outcome() for check in checks_for(entry, REGISTRY, params={"model": str(model)})]
    assert [outcome for outcome in outcomes if outcome.result == "failed"] == []
    assert sum(outcome.result == "passed" for outcome in outcomes) >= 13


def test_a_pickle_is_refused_unread(model):
    model.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(InputError, match="is not TorchScript; a pickle is not read"):
        network(model)


def test_a_file_of_torch_save_is_refused_unread(model):
    torch.save(Small().state_dict(), model)
    with pytest.raises(InputError, match=r"is a pickle of torch\.save, not TorchScript"):
        network(model)


@pytest.mark.parametrize("name", ["../../outside.py", "/etc/outside", "small/code/\x1b[31m.py"])
def test_a_member_with_a_hostile_name_is_refused(model, name):
    with zipfile.ZipFile(model, "a") as archive:
        archive.writestr(name, "x")
    with pytest.raises(InputError, match="whose name leads out of it"):
        network(model)


def test_a_module_that_reads_files_is_refused(tmp_path):
    with pytest.raises(InputError, match="it uses aten::from_file"):
        network(saved(tmp_path / "reads.pt", Reads()))


def test_an_output_that_is_not_there_is_named(model):
    model.with_suffix(".toml").write_text(SETTINGS.replace('"1"', '"2"'))
    with pytest.raises(InputError, match="has no output '2'; it has '0', '1'"):
        network(model)(torch.zeros(1, 400))
