"""The convnet's five blocks, computed fast: the same numbers as written in the paper, in another order.

As written, a block is a 3 x 3 convolution, batch normalisation, ELU and max pooling. With fixed statistics
batch normalisation is affine and is folded into the convolution, and ELU rises monotonically, so that

    max(ELU(BN(conv(x)))) = ELU(max(folded(x)))

exactly, and ELU is needed on an eighth of the values. On the CPU block 1, the largest, is computed for four
neighbouring columns at once: the input, seen as an image of a quarter of the width with four channels, is
convolved with 4 x 32 kernels of 3 x 2 in slabs that stay in the processor's cache. Every clip is computed by
itself, so a feature cannot depend on what else is in the batch. Figures: tests/benchmarks/convnet_parts.py.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from mxt.audio.memory import keep_freed_memory
from mxt.stages.backbones.convnet_tensors import BLOCKS, CHANNELS, Folded

POOLS = ((2, 4), (3, 4), (2, 5), (2, 4), (4, 4))  # frequency x time
LAYERS = tuple(f"block{k}" for k in range(1, BLOCKS + 1))
_SLAB = 12  # pooled rows of block 1 computed together: 4 MB of convolution outputs


def elu_(x: torch.Tensor) -> torch.Tensor:
    """ELU with alpha 1 in place, within 6e-8 of the exact value.

    ``max(x, exp(min(x, 0)) - 1)``: for x < 0, exp(x) - 1 >= x. Twelve times as fast as torch's own on the
    CPU, which calls expm1; the digits this loses matter only relative to values near 0, and here means are
    taken.
    """
    return torch.maximum(x, torch.clamp(x, max=0).exp_().sub_(1), out=x)


@dataclass(frozen=True)
class Network:
    """The folded blocks on a device.

    Parameters
    ----------
    kernels, biases : tuple of tensor
        Of the five blocks, [32, in, 3, 3] and [32].
    wide_kernel, wide_bias : tensor [128, 4, 3, 2], [128]
        Block 1 for four columns at once.
    before_pooling : bool
        Features are averaged before pooling rather than after it.
    """

    kernels: tuple[torch.Tensor, ...]
    biases: tuple[torch.Tensor, ...]
    wide_kernel: torch.Tensor
    wide_bias: torch.Tensor
    before_pooling: bool

    @classmethod
    def of(cls, folded: Folded, *, device: str, before_pooling: bool = False) -> Network:
        """Put `folded` on `device`."""
        keep_freed_memory()
        layout = torch.channels_last
        kernels = tuple(
            torch.from_numpy(k).to(device).contiguous(memory_format=layout) for k in folded.kernels
        )
        biases = tuple(torch.from_numpy(b).to(device) for b in folded.biases)
        wide = _four_columns(kernels[0]).contiguous(memory_format=layout)
        return cls(kernels, biases, wide, biases[0].repeat(4), before_pooling)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Features of all layers.

        Parameters
        ----------
        x : tensor float32 [N, 96, frames]
            Mel spectrograms in decibels.

        Returns
        -------
        tensor float32 [N, 160]
            The means of the 32 maps of block 1, then of block 2, and so on.
        """
        with torch.inference_mode():
            if x.device.type == "cpu":
                return torch.cat([self._one_clip(clip) for clip in x])
            with full_precision():
                return self._batch(x)

    def _one_clip(self, x: torch.Tensor) -> torch.Tensor:
        h, mean = self._first_block(x)
        means = [mean]
        for k in range(1, BLOCKS):
            h, mean = self._block(h, k)
            means.append(mean)
        return torch.cat(means, dim=1)

    def _batch(self, x: torch.Tensor) -> torch.Tensor:
        h, means = x[:, None], []
        for k in range(BLOCKS):
            h, mean = self._block(h, k)
            means.append(mean)
        return torch.cat(means, dim=1)

    def _block(self, x: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
        y = F.conv2d(x, self.kernels[k], self.biases[k], padding=1)
        if self.before_pooling:
            elu_(y)
            return F.max_pool2d(y, POOLS[k]), y.mean((2, 3))
        y = elu_(F.max_pool2d(y, POOLS[k]))
        return y, y.mean((2, 3))

    def _first_block(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Block 1 of a clip [bands, frames]: pooled maps [1, 32, bands / 2, frames / 4], means [1, 32]."""
        bands, frames = x.shape
        rows, columns = bands // 2, frames // 4
        padded = x.new_zeros(bands + 2, 4 * columns + 4)
        padded[1:-1, 1 : 1 + frames] = x
        phases = padded.view(1, bands + 2, columns + 1, 4).permute(
            0, 3, 1, 2
        )  # four channels, channels last, no copy
        pooled = x.new_empty(rows, columns, CHANNELS)
        total = torch.zeros(CHANNELS, dtype=torch.float64)
        for start in range(0, rows, _SLAB):
            stop = min(start + _SLAB, rows)
            y = F.conv2d(phases[:, :, 2 * start : 2 * stop + 2], self.wide_kernel, self.wide_bias).permute(
                0, 2, 3, 1
            )
            y = y.reshape(stop - start, 2, columns, 4, CHANNELS)
            if self.before_pooling:
                for part in torch.split(y, 2):
                    total += elu_(part).sum((0, 1, 2, 3))
            _pool_into(pooled[start:stop], y)
        mean = (
            (total / (bands * frames)).to(torch.float32) if self.before_pooling else elu_(pooled).mean((0, 1))
        )
        return pooled.permute(2, 0, 1)[None], mean[None]


def _pool_into(out: torch.Tensor, y: torch.Tensor) -> None:
    """Maximum of `y` [rows, 2, columns, 4, 32] over axes 1 and 3 into `out`, computed within `y`."""
    y = torch.maximum(y[:, 0], y[:, 1], out=y[:, 0])
    y = torch.maximum(y[:, :, :2], y[:, :, 2:], out=y[:, :, :2])
    torch.maximum(y[:, :, 0], y[:, :, 1], out=out)


def _four_columns(kernel: torch.Tensor) -> torch.Tensor:
    """The kernel [32, 1, 3, 3] for four columns at once: [4 x 32, 4, 3, 2] over columns 4 j ... 4 j + 7.

    Output column b of the four reads the input columns b, b + 1, b + 2, and input column c is channel c % 4
    of the image whose columns are c // 4.
    """
    wide = kernel.new_zeros(4, CHANNELS, 4, 3, 2)
    for b in range(4):
        for tap in range(3):
            column = b + tap
            wide[b, :, column % 4, :, column // 4] = kernel[:, 0, :, tap]
    return wide.reshape(4 * CHANNELS, 4, 3, 2)


def full_precision() -> AbstractContextManager[None]:
    """Convolutions on CUDA without the rounding of TF32, by algorithms that repeat their results."""
    found: AbstractContextManager[None] = torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=True, allow_tf32=False
    )
    return found
