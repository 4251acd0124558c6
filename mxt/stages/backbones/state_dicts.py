"""Files of tensors: PyTorch's state dicts and safetensors, read without running what is in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from mxt.core.errors import WeightsError, listed
from mxt.core.text import first_line

_HEADER_BYTES = 8  # safetensors: the length of the header, then the header, which is JSON


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The tensors of a file by name, on the CPU, as they are stored.

    Parameters
    ----------
    path : Path
        Written by ``safetensors``, or by ``torch.save(model.state_dict(), path)``; told apart by their
        content.

    Raises
    ------
    WeightsError
        Neither of them, damaged, or something else than tensors by name.
    """
    try:
        found = (
            _read_safetensors(path)
            if _is_safetensors(path)
            else torch.load(path, map_location="cpu", weights_only=True)
        )
    except Exception as error:  # the readers raise errors of many types over a damaged file
        raise WeightsError(
            f"{path} cannot be read as a state dict (.pth or safetensors): {first_line(error)}"
        ) from error
    if not isinstance(found, Mapping):
        raise WeightsError(f"{path} holds a {type(found).__name__}, not a state dict")
    if others := [str(name) for name, value in found.items() if not isinstance(value, Tensor)]:
        raise WeightsError(
            f"{path} holds {listed(others, 3)} besides tensors; "
            "save the state dict: torch.save(model.state_dict(), PATH)"
        )
    return dict(found)


def _is_safetensors(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(_HEADER_BYTES + 1)[_HEADER_BYTES:] == b"{"


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    return load_file(path)
