from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from mxt.core.errors import WeightsError
from mxt.stages.backbones.state_dicts import read_state_dict

TENSORS = {"a.weight": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(3)}


@pytest.mark.parametrize("legacy", [False, True])
def test_tensors_come_back_by_name_from_pytorchs_files(tmp_path, legacy):
    torch.save(TENSORS, tmp_path / "x.bin", _use_new_zipfile_serialization=not legacy)
    found = read_state_dict(tmp_path / "x.bin")
    assert list(found) == list(TENSORS)
    assert all(torch.equal(found[name], tensor) for name, tensor in TENSORS.items())


def test_safetensors_are_told_by_their_content_not_their_name(tmp_path):
    save_file(TENSORS, tmp_path / "x.pth")
    found = read_state_dict(tmp_path / "x.pth")
    assert all(torch.equal(found[name], tensor) for name, tensor in TENSORS.items())


class _Harmful:
    def __reduce__(self):
        return (pytest.fail, ("a pickled function was called",))


@pytest.mark.parametrize(
    "content", [{"x": _Harmful()}, {"net": torch.nn.Linear}], ids=["calls something", "a class"]
)
def test_what_would_have_to_be_run_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "x.pth")
    with pytest.raises(WeightsError, match=r"x\.pth cannot be read as a state dict"):
        read_state_dict(tmp_path / "x.pth")


@pytest.mark.parametrize("junk", [b"", b"no weights", b"12345678{" * 9, b"PK\x03\x04 cut"])
def test_junk_and_cut_files_are_refused(tmp_path, junk):
    (tmp_path / "x.pth").write_bytes(junk)
    with pytest.raises(
        WeightsError, match=r"x\.pth cannot be read as a state dict \(\.pth or safetensors\): ."
    ):
        read_state_dict(tmp_path / "x.pth")


def test_a_checkpoint_with_more_than_the_model_is_named_for_what_it_is(tmp_path):
    torch.save({"epoch": 3, "state_dict": TENSORS}, tmp_path / "x.pth")
    with pytest.raises(WeightsError, match="holds epoch, state_dict besides tensors"):
        read_state_dict(tmp_path / "x.pth")


def test_a_list_is_no_state_dict(tmp_path):
    torch.save([torch.zeros(2)], tmp_path / "x.pth")
    with pytest.raises(WeightsError, match="holds a list, not a state dict"):
        read_state_dict(tmp_path / "x.pth")
