"""The musically motivated network: timbral and temporal filters, convolutions, pooling, dense layers.

With fixed statistics, batch normalisation is affine. Where its input is not padded (the dense layer) it is
folded into the weights; before a maximum it is put behind it (`mxt_musicnn.tensors.Pooled`), so that only
what the maximum leaves is touched. On the CPU the patches of a batch are computed one by one, so a feature
cannot depend on what else is in the batch.

References
----------
J. Pons, X. Serra: musicnn: pre-trained convolutional neural networks for music audio tagging, ISMIR 2019
(late-breaking), arXiv:1909.06654; `musicnn/models.py` of the released package.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mxt_musicnn.plugin import BANDS
from mxt_musicnn.tensors import Checkpoint, Pooled, numbered, signs, to_tensor
from mxt_musicnn.timbral import WideFilters, taps_of

WIDTHS = (38, 67)  # bands of the timbral filters
LENGTHS = (128, 64, 32)  # frames of the temporal filters
TIMBRAL, TEMPORAL, DENSE, PENULTIMATE, TAGS = 204, 51, 64, 200, 50  # maps and units
FRAMES = 7  # of all other filters, with three of zeros on both sides
FRONT = len(WIDTHS) * TIMBRAL + len(LENGTHS) * TEMPORAL
POOLED = FRONT + 3 * DENSE


@dataclass(frozen=True)
class FrontEnd:
    """The first convolutions, each followed by the maximum over frequency.

    Parameters
    ----------
    scale, shift : float
        Batch normalisation of the input.
    wide : tuple of WideFilters
        Timbral filters, transformed; empty where that is not faster, on other devices than the CPU.
    timbral : tuple of tensor [204, 1, 7, K]
        Timbral filters as they are.
    temporal : tuple of tensor [51, 1, length, 1]
        Temporal filters.
    finish : Pooled
        What follows the maximum, 561 maps.
    """

    scale: float
    shift: float
    wide: tuple[WideFilters, ...]
    timbral: tuple[Tensor, ...]
    temporal: tuple[Tensor, ...]
    finish: Pooled

    @classmethod
    def of(cls, checkpoint: Checkpoint, *, device: str) -> FrontEnd:
        """Read it; `device` decides how the timbral filters are computed."""
        (scale,), (shift,) = checkpoint.affine(0, 1)
        shapes = [(FRAMES, width, 1, TIMBRAL) for width in WIDTHS] + [
            (length, 1, 1, TEMPORAL) for length in LENGTHS
        ]
        kernels, biases, affines = [], [], []
        for place, shape in enumerate(shapes):
            affines.append(checkpoint.affine(place + 1, shape[-1]))
            kernels.append(
                checkpoint.get(numbered("conv2d", place) + "/kernel", *shape)[:, :, 0] * signs(affines[-1][0])
            )
            biases.append(checkpoint.get(numbered("conv2d", place) + "/bias", shape[-1]))
        scales, shifts = (np.concatenate(parts) for parts in zip(*affines, strict=True))
        direct = tuple(to_tensor(kernel.transpose(2, 0, 1)[:, None], device) for kernel in kernels)
        transformed = (
            tuple(WideFilters.of(kernel, bands=BANDS) for kernel in kernels[: len(WIDTHS)])
            if device == "cpu"
            else ()
        )
        return cls(
            float(scale),
            float(shift),
            transformed,
            direct[: len(WIDTHS)],
            direct[len(WIDTHS) :],
            Pooled.of(np.concatenate(biases), scales, shifts, device=device),
        )

    def __call__(self, x: Tensor) -> Tensor:
        """Maps [N, T, 561] of log mel spectrograms [N, T, 96]; N is 1 on the CPU."""
        x = x * self.scale + self.shift
        if self.wide:
            taps = taps_of(_padded(x, FRAMES)[0], frames=FRAMES)
            maxima = [filters.maxima(taps)[None] for filters in self.wide]
        else:
            maxima = [_maxima(x, kernel) for kernel in self.timbral]
        return self.finish(torch.cat([*maxima, *(_maxima(x, kernel) for kernel in self.temporal)], dim=2))


def _padded(x: Tensor, length: int) -> Tensor:
    """`x` [N, T, bands] with zeros in time, so that a filter of `length` frames gives T values (SAME)."""
    return F.pad(x, (0, 0, (length - 1) // 2, length // 2))


def _maxima(x: Tensor, kernel: Tensor) -> Tensor:
    """Convolution of `x` [N, T, bands] with `kernel` [maps, 1, length, K], maximum over K: [N, T, maps]."""
    return F.conv2d(_padded(x, kernel.shape[2])[:, None], kernel).amax(3).transpose(1, 2)


@dataclass(frozen=True)
class DenseConvolution:
    """A convolution over time of all maps, ReLU, batch normalisation: [N, T, maps] to [N, T, 64]."""

    kernel: Tensor  # [64, maps, 7]
    bias: Tensor
    scale: Tensor
    shift: Tensor

    @classmethod
    def of(cls, checkpoint: Checkpoint, place: int, maps: int, *, device: str) -> DenseConvolution:
        """Read convolution `place`, 5 to 7."""
        name = numbered("conv2d", place)
        kernel, bias = (
            checkpoint.get(f"{name}/kernel", FRAMES, maps, 1, DENSE),
            checkpoint.get(f"{name}/bias", DENSE),
        )
        found = (kernel[:, :, 0].transpose(2, 1, 0), bias, *checkpoint.affine(place + 1, DENSE))
        return cls(*(to_tensor(values, device) for values in found))

    def __call__(self, x: Tensor) -> Tensor:
        """Maps of maps, channels last."""
        y = F.conv1d(x.transpose(1, 2), self.kernel, self.bias, padding=FRAMES // 2).transpose(1, 2)
        return torch.addcmul(self.shift, F.relu_(y), self.scale)


@dataclass(frozen=True)
class Musicnn:
    """The whole network on a device; a function from log mel spectrograms [N, T, 96] to its layers."""

    front: FrontEnd
    middle: tuple[DenseConvolution, ...]
    hidden: tuple[Tensor, ...]  # matrices of the maxima and of the means [753, 200], bias, scale, shift [200]
    tags: tuple[Tensor, Tensor]  # matrix [200, 50], bias [50]

    @classmethod
    def of(cls, checkpoint: Checkpoint, *, device: str) -> Musicnn:
        """Read it.

        Raises
        ------
        WeightsError
            The checkpoint holds another network.
        """
        scale, shift = checkpoint.affine(9, 2 * POOLED)
        matrix, bias = (
            checkpoint.get("dense/kernel", 2 * POOLED, PENULTIMATE),
            checkpoint.get("dense/bias", PENULTIMATE),
        )
        folded = matrix * scale[:, None]  # its rows alternate: maximum and mean of a map
        hidden = (folded[0::2], folded[1::2], bias + shift @ matrix, *checkpoint.affine(10, PENULTIMATE))
        tags = checkpoint.get("dense_1/kernel", PENULTIMATE, TAGS), checkpoint.get("dense_1/bias", TAGS)
        return cls(
            FrontEnd.of(checkpoint, device=device),
            tuple(
                DenseConvolution.of(checkpoint, place, maps, device=device)
                for place, maps in ((5, FRONT), (6, DENSE), (7, DENSE))
            ),
            tuple(to_tensor(values, device) for values in hidden),
            (to_tensor(tags[0], device), to_tensor(tags[1], device)),
        )

    def __call__(self, x: Tensor) -> dict[str, Tensor]:
        """Layers [N, dimension]; maps are averaged over time."""
        front = self.front(x)
        first = self.middle[0](front)
        second = self.middle[1](first) + first
        third = self.middle[2](second) + second
        maps = torch.cat([front, first, second, third], dim=2)
        maximum, mean = maps.amax(1), maps.mean(1)
        of_maximum, of_mean, bias, scale, shift = self.hidden
        hidden = torch.addcmul(shift, F.relu_(maximum @ of_maximum + mean @ of_mean + bias), scale)
        at = len(WIDTHS) * TIMBRAL
        parts = (mean[:, :at], mean[:, at:FRONT], *torch.split(mean[:, FRONT:], DENSE, dim=1))
        found = dict(zip(("timbral", "temporal", "cnn1", "cnn2", "cnn3"), parts, strict=True))
        return found | {
            "mean_pool": mean,
            "max_pool": maximum,
            "penultimate": hidden,
            "tags": torch.sigmoid(hidden @ self.tags[0] + self.tags[1]),
        }
