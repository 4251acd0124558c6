"""Pictures for image networks: of a given size and in three colours; fixed ones for calibration."""

from __future__ import annotations

import torch
from torch import Tensor

from mxt.audio.picture import PIECE_COLUMNS, resized
from mxt.core.errors import PluginError

DECIBELS = 80.0  # below the reference is black


def to_pictures(rendered: Tensor, *, size: int, decibels: bool = False) -> Tensor:
    """Renderings as colour pictures of `size` x `size`, resized bilinearly where they are not yet.

    Parameters
    ----------
    rendered : Tensor
        float32 [N, bands, frames] (grey) or [N, 3, bands, frames], 0 (black) to 1 (white).
    size : int
        Pixels.
    decibels : bool
        Whether `rendered` is in decibels, see `brightness`.

    Returns
    -------
    Tensor
        float32 [N, 3, size, size].

    Raises
    ------
    PluginError
        Another shape.
    """
    if rendered.ndim not in (3, 4) or (rendered.ndim == 4 and rendered.shape[1] != 3):
        raise PluginError(
            f"a picture is [N, bands, frames] or [N, 3, bands, frames], not {tuple(rendered.shape)}"
        )
    x = rendered[:, None] if rendered.ndim == 3 else rendered
    pieces = (brightness(each) if decibels else each for each in torch.split(x, PIECE_COLUMNS, dim=-1))
    return resized(pieces, columns=x.shape[-1], height=size, width=size).expand(-1, 3, -1, -1)


def brightness(decibels: Tensor) -> Tensor:
    """Decibels as brightness: -80 dB and less black, 0 dB and more white."""
    return (decibels / DECIBELS + 1).clamp_(0, 1)


def calibration_pictures(*, size: int) -> Tensor:
    """Pictures to calibrate random networks with, float32 [4, 3, size, size], always the same."""
    from mxt.stages.backbones.calibration import SAMPLE_RATE, sounds
    from mxt.stages.renderers.melspectrogram import MelSpectrogram

    render = MelSpectrogram(n_fft=1024, hop_length=256, n_mels=128, floor_db=-DECIBELS).prepare(
        SAMPLE_RATE, "cpu"
    )
    return to_pictures(brightness(render(torch.from_numpy(sounds()[::2]))), size=size)
