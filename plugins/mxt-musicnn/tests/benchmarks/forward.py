"""Speed and deviation of the four networks against the same networks in plain torch, one thread, in one run.

``python tests/benchmarks/forward.py WHEEL``: milliseconds of CPU a patch of 3 s, and the largest difference
of any layer relative to the layer's largest value.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from mxt_musicnn.backbone import MusicNN, compressed
from mxt_musicnn.plugin import BANDS, FRAMES, NETWORKS
from mxt_musicnn.tensors import Checkpoint
from plain import Plain

PATCHES = 8


def least(call: Callable[[], object], *, times: int = 7) -> float:
    """Milliseconds of this thread, the least of several runs."""
    call()
    found = []
    for _ in range(times):
        since = time.thread_time()
        call()
        found.append(time.thread_time() - since)
    return 1e3 * min(found)


def line(name: str, wheel: Path, power: torch.Tensor) -> str:
    """Figures of one network, for mel power [N, 96, 187]."""
    here, checkpoint = MusicNN(name).prepare(wheel, "cpu"), Checkpoint.of(wheel, name)
    plain = Plain(
        {key: tensor for key, tensor in checkpoint.tensors.items() if "/" in key and "Adam" not in key}
    )
    x = compressed(power)
    expected, found = plain(x), here(power)
    differences = {
        layer: float(np.abs(found[layer] - values.numpy()).max() / values.abs().max())
        for layer, values in expected.items()
    }
    worst = max(differences, key=lambda layer: differences[layer])
    alone = least(lambda: plain(x[:1]))
    together = least(lambda: plain(x), times=3) / len(x)
    fast = least(lambda: here(power)) / len(x)
    return (
        f"{name:<13} {alone:9.1f} ms {together:13.1f} ms {fast:7.1f} ms   {differences[worst]:.1e} ({worst})"
    )


def main(wheel: Path) -> None:
    """One line a network."""
    torch.set_num_threads(1)
    power = torch.from_numpy(
        np.random.default_rng(1).gamma(0.2, 1.0, (PATCHES, BANDS, FRAMES)).astype(np.float32)
    )
    lines = ["network       plain, one   plain, eight       here   largest difference"]
    lines += [line(name, wheel, power) for name in NETWORKS]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
