"""CPU time of the convnet's parts, as mxt computes them and as written, beside their deviation, in one run.

    python tests/benchmarks/convnet_parts.py

Weights and sounds are random, with one thread; milliseconds per clip of 29 s, the least of ten.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from mxt.stages.backbones.calibration import calibrated, sounds
from mxt.stages.backbones.convnet_network import POOLS, Network
from mxt.stages.backbones.convnet_tensors import fold
from mxt.stages.backbones.mfcc import Mfcc
from mxt.stages.backbones.random_convnet import he_normal
from mxt.stages.backbones.specs import RANDOM_CONVNET
from mxt.stages.renderers.melspectrogram import MelSpectrogram


def main() -> None:
    torch.set_num_threads(1)
    y = torch.from_numpy(sounds()[:1])
    tensors = he_normal(0)
    statistics = calibrated(tensors, sounds(), **RANDOM_CONVNET.input.params)
    network = Network.of(fold(tensors, statistics), device="cpu")
    before = Network.of(fold(tensors, statistics), device="cpu", before_pooling=True)
    render = MelSpectrogram(**RANDOM_CONVNET.input.params).prepare(12_000, "cpu")
    x = render(y)
    print(f"mel spectrogram in decibels  {least(render, y):6.2f}")
    print(f"mfcc                         {least(Mfcc().prepare(None, 'cpu'), y):6.2f}")
    with torch.inference_mode():
        compare(network, x, tensors, statistics)
    print(f"all five, fast               {least(network, x):6.2f}")
    print(f"all five, before pooling     {least(before, x):6.2f}")


def compare(network: Network, x: torch.Tensor, tensors: Any, statistics: Any) -> None:
    """Print each block, fast and as written, and the largest difference of their pooled maps."""
    fast, plain = x[0], x[:, None]
    for k in range(5):
        values = [
            torch.from_numpy(part[k]).float()
            for part in (statistics.mean, statistics.variance, tensors.gammas, tensors.betas)
        ]
        kernel, bias = (
            torch.from_numpy(tensors.kernels[k]).float(),
            torch.from_numpy(tensors.biases[k]).float(),
        )

        def written(h: torch.Tensor, k=k, kernel=kernel, bias=bias, values=values) -> torch.Tensor:
            y = F.elu(F.batch_norm(F.conv2d(h, kernel, bias, padding=1), *values, eps=1e-3))
            pooled = F.max_pool2d(y, POOLS[k])
            pooled.mean((2, 3))
            return pooled

        block = (lambda h, k=k: network._block(h, k)[0]) if k else (lambda h: network._first_block(h)[0])
        new, old = least(block, fast), least(written, plain)
        fast, plain = block(fast), written(plain)
        difference = float((fast - plain).abs().max())
        print(
            f"block {k + 1}                      {new:6.2f}   as written {old:6.2f}   "
            f"largest difference {difference:.1e}"
        )


def least(function: Callable[[torch.Tensor], Any], x: torch.Tensor) -> float:
    """Milliseconds of CPU time of the fastest of ten calls, after two to warm up."""
    times = []
    for _ in range(12):
        start = time.process_time()
        function(x)
        times.append(time.process_time() - start)
    return min(times[2:]) * 1000


if __name__ == "__main__":
    main()
