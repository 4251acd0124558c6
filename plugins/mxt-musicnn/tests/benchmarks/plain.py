"""The four networks as in `musicnn/models.py`, in plain torch, nothing folded: for comparison only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


class Plain:
    """A network from its tensors: a function from log mel spectrograms [N, 187, 96] to layers."""

    def __init__(self, tensors: Mapping[str, np.ndarray], *, dtype: torch.dtype = torch.float32) -> None:
        self.tensors = {name: torch.tensor(values, dtype=dtype) for name, values in tensors.items()}

    def __call__(self, x: Tensor) -> dict[str, Tensor]:
        with torch.inference_mode():
            return self.vgg(x) if "1CNN/kernel" in self.tensors else self.musicnn(x)

    def norm(self, place: int, x: Tensor) -> Tensor:
        """Batch normalisation of channels (dimension 1)."""
        prefix = f"batch_normalization_{place}" if place else "batch_normalization"
        shape = (-1,) + (1,) * (x.ndim - 2)
        gamma, beta, mean, variance = (
            self.tensors[f"{prefix}/{what}"].view(shape)
            for what in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return (x - mean) / torch.sqrt(variance + 1e-3) * gamma + beta

    def convolve(self, name: str, x: Tensor, **options: int) -> Tensor:
        """Convolution with bias, and ReLU."""
        return F.relu(
            F.conv2d(
                x, self.tensors[f"{name}/kernel"].permute(3, 2, 0, 1), self.tensors[f"{name}/bias"], **options
            )
        )

    def dense(self, name: str, x: Tensor) -> Tensor:
        return x @ self.tensors[f"{name}/kernel"] + self.tensors[f"{name}/bias"]

    def musicnn(self, x: Tensor) -> dict[str, Tensor]:
        x = self.norm(0, x[:, None])
        front = []
        for place, length in enumerate((7, 7, 128, 64, 32)):
            padded = F.pad(x, (0, 0, (length - 1) // 2, length // 2))
            front.append(
                self.norm(place + 1, self.convolve(f"conv2d_{place}" if place else "conv2d", padded)).amax(3)
            )
        maps = [torch.cat(front, 1)]  # [N, 561, T]
        for place in (5, 6, 7):
            padded = F.pad(maps[-1].transpose(1, 2)[:, None], (0, 0, 3, 3))
            found = self.norm(place + 1, self.convolve(f"conv2d_{place}", padded))[..., 0]
            maps.append(found if place == 5 else found + maps[-1])
        everything = torch.cat(maps, 1)
        maximum, mean = everything.amax(2), everything.mean(2)
        flat = torch.stack([maximum, mean], 2).flatten(1)
        hidden = self.norm(10, F.relu(self.dense("dense", self.norm(9, flat))))
        names = ("timbral", "temporal", "cnn1", "cnn2", "cnn3")
        found = dict(zip(names, torch.split(mean, [408, 153, 64, 64, 64], dim=1), strict=True))
        return found | {
            "mean_pool": mean,
            "max_pool": maximum,
            "penultimate": hidden,
            "tags": torch.sigmoid(self.dense("dense_1", hidden)),
        }

    def vgg(self, x: Tensor) -> dict[str, Tensor]:
        x, found = self.norm(0, x[:, None]), {}
        for block, pool in enumerate((((4, 1), 2), (2, 2), (2, 2), (2, 2), (4, 4)), start=1):
            x = F.max_pool2d(self.norm(block, self.convolve(f"{block}CNN", x, padding=1)), *pool)
            found[f"pool{block}"] = x.mean((2, 3))
        return found | {"tags": torch.sigmoid(self.dense("dense", x.permute(0, 2, 3, 1).flatten(1)))}
