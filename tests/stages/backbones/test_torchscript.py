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


class RunsWhenOpened(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.training = False

    @torch.jit.export
    def __getstate__(self) -> bool:
        return self.training

    @torch.jit.export
    def __setstate__(self, training: bool) -> None:
        self.training = training
        torch.save(torch.ones(1), "it ran")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def hidden(x: torch.Tensor) -> torch.Tensor:
    return x + torch.from_file("/etc/hostname", size=1, dtype=torch.uint8)


class Forks(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.jit.wait(torch.jit.fork(hidden, x))


class Prints(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.sum() > 0:
            print("heard")  # noqa: T201
        return x


class AnotherLibrary(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.ops._c10d_functional.wait_tensor(x)


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


@pytest.mark.parametrize(
    ("module", "operator"),
    [(Forks, "prim::fork"), (Prints, "prim::Print"), (AnotherLibrary, "_c10d_functional::wait_tensor")],
)
def test_a_module_that_does_more_than_compute_is_refused(module, operator, tmp_path):
    with pytest.raises(InputError, match=f"it uses {operator}, which mxt does not run"):
        network(saved(tmp_path / "does.pt", module()))


def test_code_that_is_run_when_a_file_is_opened_is_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = saved(tmp_path / "runs.pt", RunsWhenOpened())
    with pytest.raises(InputError, match=r"has code that is run when it is opened \(__setstate__\)"):
        REGISTRY.choose("backbone", "torchscript", {"model": str(model)})
    assert not (tmp_path / "it ran").exists()


def test_a_class_of_a_library_is_refused(model):
    with zipfile.ZipFile(model, "a") as archive:
        archive.writestr("small/code/more.py", "x : __torch__.torch.classes.dist_c10d.FileStore")
    with pytest.raises(InputError, match=r"has a class of a library \(torch\.classes\)"):
        network(model)


def test_an_archive_that_unpacks_to_far_more_than_it_holds_is_refused(model):
    with zipfile.ZipFile(model, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("small/code/long.py", b"#" * 70_000_000)
    with pytest.raises(InputError, match=r"its members unpack to 70,\d+,\d+ bytes, more than they can hold"):
        network(model)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(model):
    with zipfile.ZipFile(model, "a") as archive:
        archive.writestr(archive.namelist()[0], b"another")
    with pytest.raises(InputError, match="two of its members have one name"):
        network(model)


def test_a_damaged_archive_is_refused(model):
    content = model.read_bytes()
    at = content.index(b"def forward") if b"def forward" in content else content.index(b".py") + 40
    model.write_bytes(content[:at] + b"\x00" * 40 + content[at + 40 :])
    with pytest.raises(InputError, match=r"is damaged|does not open it"):
        network(model)


def test_an_output_that_is_not_there_is_named(model):
    model.with_suffix(".toml").write_text(SETTINGS.replace('"1"', '"2"'))
    with pytest.raises(InputError, match="has no output '2'; it has '0', '1'"):
        network(model)(torch.zeros(1, 400))
