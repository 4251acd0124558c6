"""The VGG released with musicnn: five blocks of convolution, ReLU, batch normalisation, maximum.

ReLU and batch normalisation are put behind the maximum (`mxt_musicnn.tensors.Pooled`). The first maximum
takes every second band only, so only those are convolved.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from mxt_musicnn.tensors import Checkpoint, Pooled, signs, to_tensor

MAPS, FLAT, TAGS = 128, 256, 50
STRIDES = ((1, 2), (1, 1), (1, 1), (1, 1), (1, 1))  # of the convolutions, time x frequency
POOLS = (
    ((4, 1), (2, 1)),
    ((2, 2), (2, 2)),
    ((2, 2), (2, 2)),
    ((2, 2), (2, 2)),
    ((4, 4), (4, 4)),
)  # size and stride


@dataclass(frozen=True)
class Vgg:
    """The whole network on a device; a function from log mel spectrograms [N, 187, 96] to its layers."""

    scale: float
    shift: float
    kernels: tuple[Tensor, ...]  # [128, in, 3, 3]
    finish: tuple[Pooled, ...]
    tags: tuple[Tensor, Tensor]  # matrix [256, 50], bias [50]

    @classmethod
    def of(cls, checkpoint: Checkpoint, *, device: str) -> Vgg:
        """Read it.

        Raises
        ------
        WeightsError
            The checkpoint holds another network.
        """
        (scale,), (shift,) = checkpoint.affine(0, 1)
        kernels, finish = [], []
        for block in range(1, 6):
            affine = checkpoint.affine(block, MAPS)
            kernel = checkpoint.get(f"{block}CNN/kernel", 3, 3, MAPS if block > 1 else 1, MAPS) * signs(
                affine[0]
            )
            kernels.append(
                to_tensor(kernel.transpose(3, 2, 0, 1), device).contiguous(memory_format=torch.channels_last)
            )
            finish.append(Pooled.of(checkpoint.get(f"{block}CNN/bias", MAPS), *affine, device=device))
        tags = checkpoint.get("dense/kernel", FLAT, TAGS), checkpoint.get("dense/bias", TAGS)
        return cls(
            float(scale),
            float(shift),
            tuple(kernels),
            tuple(finish),
            (to_tensor(tags[0], device), to_tensor(tags[1], device)),
        )

    def __call__(self, x: Tensor) -> dict[str, Tensor]:
        """Layers [N, dimension]; maps are averaged over time and frequency."""
        h = (x * self.scale + self.shift)[:, None].contiguous(memory_format=torch.channels_last)
        found = {}
        for block, kernel in enumerate(self.kernels):
            maxima = F.max_pool2d(F.conv2d(h, kernel, stride=STRIDES[block], padding=1), *POOLS[block])
            last = self.finish[block](maxima.permute(0, 2, 3, 1))  # channels last, as it lies in memory
            found[f"pool{block + 1}"] = last.mean((1, 2))
            h = last.permute(0, 3, 1, 2)
        return found | {"tags": torch.sigmoid(last.flatten(1) @ self.tags[0] + self.tags[1])}
