"""The checked tensors of a network, with batch normalisations as affine maps of fixed statistics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from mxt.plugin import WeightsError, read_members
from mxt_musicnn.checkpoint import read_checkpoint

Array = npt.NDArray[np.float64]

EPSILON = 1e-3  # TensorFlow's default for batch normalisation


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tensors of one network, by TensorFlow's names, and what they are called in messages."""

    tensors: Mapping[str, npt.NDArray[Any]]
    name: str

    @classmethod
    def of(cls, wheel: Path, network: str) -> Checkpoint:
        """Read one of the four checkpoints out of musicnn's wheel; nothing is unpacked.

        Raises
        ------
        WeightsError
            Not that wheel, or a damaged one.
        """
        index, data = (f"musicnn/{network}/{name}" for name in (".index", ".data-00000-of-00001"))
        found = read_members(wheel, (index, data))
        name = f"{network} in {wheel}"
        return cls(read_checkpoint(found[index], found[data], name=name), name)

    def get(self, name: str, *shape: int) -> Array:
        """The tensor `name` as float64.

        Raises
        ------
        WeightsError
            It is not there, or of another shape.
        """
        if name not in self.tensors:
            raise WeightsError(f"{self.name} has no tensor {name!r}: it holds another network than expected")
        tensor = self.tensors[name]
        if tensor.shape != shape or tensor.dtype != np.float32:
            raise WeightsError(
                f"{self.name}: tensor {name!r} is {tensor.dtype} {tensor.shape}, expected float32 {shape}"
            )
        return tensor.astype(np.float64)

    def affine(self, place: int, channels: int) -> tuple[Array, Array]:
        """Batch normalisation number `place` as ``scale x + shift``, each [channels].

        ``gamma (x - mean) / sqrt(variance + eps) + beta``
        """
        prefix = numbered("batch_normalization", place)
        gamma, beta, mean, variance = (
            self.get(f"{prefix}/{what}", channels)
            for what in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        scale = gamma / np.sqrt(variance + EPSILON)
        return scale, beta - mean * scale


def numbered(name: str, place: int) -> str:
    """How TensorFlow calls its layers: the first has no number."""
    return f"{name}_{place}" if place else name


@dataclass(frozen=True)
class Pooled:
    """Bias, ReLU and batch normalisation behind a maximum instead of before it.

    A convolution y, then ``a relu(y + b) + c`` with the maximum over places, is ``a relu(max y + b) + c``
    where a >= 0 and ``a relu(min y + b) + c`` where a < 0. With the sign of a in the kernel, ``d = sign(a)
    y``, both are the maximum of d.

    Parameters
    ----------
    sign, bias, scale, shift : tensor float32 [channels]
        Of the formula ``scale relu(sign d + bias) + shift``.
    """

    sign: Tensor
    bias: Tensor
    scale: Tensor
    shift: Tensor

    @classmethod
    def of(cls, bias: Array, scale: Array, shift: Array, *, device: str) -> Pooled:
        """Put them on `device`."""
        return cls(*(to_tensor(values, device) for values in (signs(scale), bias, scale, shift)))

    def __call__(self, maxima: Tensor) -> Tensor:
        """Finish maxima of d, channels last: [..., channels]."""
        return torch.addcmul(self.shift, F.relu_(torch.addcmul(self.bias, self.sign, maxima)), self.scale)


def signs(scale: Array) -> Array:
    """1 or -1: what a kernel [..., channels] is multiplied with before `Pooled`."""
    return np.where(scale < 0, -1.0, 1.0)


def to_tensor(values: Array, device: str) -> Tensor:
    """float32 on `device`."""
    return torch.from_numpy(np.ascontiguousarray(values, np.float32)).to(device)
