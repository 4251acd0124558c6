"""Loudness as people hear it: ITU-R BS.1770 with torchaudio's filters; no other module imports it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mxt.core.errors import MxtError

if TYPE_CHECKING:
    import torch

Signal = npt.NDArray[np.float32]

# ITU-R BS.1770-4, annex 1: blocks of 400 ms that overlap by 75 %, an absolute and a relative gate
BLOCK_SECONDS, STEPS_A_BLOCK = 0.4, 4
OFFSET_DB, ABSOLUTE_GATE, RELATIVE_GATE = -0.691, -70.0, -10.0
# its two filters, as torchaudio.functional.loudness makes them
SHELF_DB, SHELF_HZ, SHELF_Q = 4.0, 1500.0, 1 / math.sqrt(2)
HIGHPASS_HZ, HIGHPASS_Q = 38.0, 0.5

PIECE_SECONDS, SETTLING_SECONDS = (
    20.0,
    1.0,
)  # filtered in pieces; what the filters remember is gone after a second
HEADROOM = 2.0**-6  # torchaudio's filters clip at full scale: the signal goes through them this much lower


class LoudnessUnavailable(MxtError):
    """torchaudio cannot be imported; everything that does not measure loudness works without it."""


def filters() -> Any:
    """`torchaudio.functional`.

    Raises
    ------
    LoudnessUnavailable
        It is not installed, or does not fit the torch that is.
    """
    try:
        import torchaudio.functional as functional
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        raise LoudnessUnavailable(
            "loudness in LUFS is measured with torchaudio, which cannot be imported "
            f"({type(error).__name__}: {error}); install the torchaudio that belongs to your torch "
            "(pip install 'torch>=2.11,<2.15' 'torchaudio>=2.11,<2.12'), "
            "or normalise by peak or rms, which need no torchaudio"
        ) from error
    return functional


def integrated_loudness(blocks: Iterable[Signal], sample_rate: int) -> float:
    """Integrated loudness of a signal in mono, in bounded memory.

    Parameters
    ----------
    blocks : iterable of numpy.ndarray
        float32 [samples] each, one after the other; their lengths do not matter.
    sample_rate : int
        Hz.

    Returns
    -------
    float
        LUFS; minus infinity where nothing is louder than -70 LUFS. A signal shorter than 400 ms is one block.

    Raises
    ------
    LoudnessUnavailable
        torchaudio cannot be imported.

    References
    ----------
    ITU-R BS.1770-4, annex 1. `torchaudio.functional.loudness` gives the same for a signal that is in memory
    as a whole, as long as its filters do not clip.
    """
    step = round(round(BLOCK_SECONDS * sample_rate) / STEPS_A_BLOCK)
    energies = list(_step_energies(blocks, sample_rate, step))
    whole = np.array([energy for energy, samples in energies if samples == step])
    if len(whole) >= STEPS_A_BLOCK:
        powers = np.lib.stride_tricks.sliding_window_view(whole, STEPS_A_BLOCK).sum(axis=1) / (
            STEPS_A_BLOCK * step
        )
    elif energies:
        powers = np.array([sum(energy for energy, _ in energies) / sum(samples for _, samples in energies)])
    else:
        return -math.inf
    return _gated(powers)


def _gated(powers: npt.NDArray[np.float64]) -> float:
    """Loudness of the blocks that pass both gates."""
    with np.errstate(divide="ignore"):
        # L = -0.691 + 10 log10(mean square)
        levels = OFFSET_DB + 10 * np.log10(powers)
    audible = levels > ABSOLUTE_GATE
    if not audible.any():
        return -math.inf
    loud = audible & (levels > OFFSET_DB + 10 * np.log10(powers[audible].mean()) + RELATIVE_GATE)
    return float(OFFSET_DB + 10 * np.log10(powers[loud].mean()))


def _step_energies(blocks: Iterable[Signal], sample_rate: int, step: int) -> Iterator[tuple[float, int]]:
    """Sum of squares of the weighted signal, and samples, of every step; the last step may be short."""
    import torch

    settling = round(SETTLING_SECONDS * sample_rate)
    before = np.zeros(settling, np.float32)
    for piece in _pieces(blocks, step * max(1, round(PIECE_SECONDS * sample_rate / step))):
        joined = torch.from_numpy(np.concatenate([before, piece]) * np.float32(HEADROOM))
        squares = _weighted(joined, sample_rate)[len(before) :].double().square_() / HEADROOM**2
        for first in range(0, len(piece), step):
            part = squares[first : first + step]
            yield float(part.sum()), len(part)
        before = np.concatenate([before, piece])[-settling:]


def _weighted(y: torch.Tensor, sample_rate: int) -> torch.Tensor:
    """The K-weighted signal, float32 [samples]."""
    functional = filters()
    shelved = functional.treble_biquad(y, sample_rate, SHELF_DB, SHELF_HZ, SHELF_Q)
    weighted: torch.Tensor = functional.highpass_biquad(shelved, sample_rate, HIGHPASS_HZ, HIGHPASS_Q)
    return weighted


def _pieces(blocks: Iterable[Signal], length: int) -> Iterator[Signal]:
    """The same samples in pieces of `length`, the last one shorter."""
    held, count = [], 0
    for block in blocks:
        held.append(np.array(block, np.float32))
        count += len(block)
        if count >= length:
            joined = np.concatenate(held)
            whole = count // length * length
            yield from (joined[first : first + length] for first in range(0, whole, length))
            held, count = [joined[whole:]], count - whole
    if count:
        yield np.concatenate(held)
