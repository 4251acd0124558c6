"""The convnet paper's resampler: ``kaiser_best`` of resampy 0.1.5 as librosa called it.

A windowed sinc is tabulated; each output sample is the sum of a left and a right wing of input samples,
weighted by the table with linear interpolation. Peculiar are that the step through the table is truncated to
whole entries, and where the right wing stops near the end of the signal. Features that are to equal the
published ones need both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Signal = npt.NDArray[np.float32]
Wide = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

ZERO_CROSSINGS = 64
PER_CROSSING = 512
ROLLOFF = 0.9475937167399596
BETA = 14.769656459379492

_CHUNK = 1 << 17  # output samples whose registers are held at once
_ROWS = 2048  # output samples whose inputs are gathered at once


def half_window() -> Wide:
    """Right half of the windowed sinc.

    Returns
    -------
    numpy.ndarray
        float64 [32769], from the centre outwards.
    """
    taps = ZERO_CROSSINGS * PER_CROSSING
    crossings = np.linspace(0, ZERO_CROSSINGS, taps + 1)
    return np.asarray(np.kaiser(2 * taps + 1, BETA)[taps:] * ROLLOFF * np.sinc(ROLLOFF * crossings))


def kaiser_best(y: Signal, sr_in: int, sr_out: int) -> Signal:
    """Resample as the paper did.

    Parameters
    ----------
    y : numpy.ndarray
        float32 [samples].
    sr_in, sr_out : int
        Hz.

    Returns
    -------
    numpy.ndarray
        float32 [ceil(samples * ratio)], the product rounded in float64 as in the original: 29 s at
        22,050 Hz become 348,001 samples at 12,000 Hz. At most the last one is padding, a zero.

    References
    ----------
    J. O. Smith, Digital Audio Resampling, https://ccrma.stanford.edu/~jos/resample/.
    """
    ratio = float(sr_out) / sr_in
    out = np.zeros(int(np.ceil(len(y) * ratio)), np.float32)
    plan = _Plan.make(y, ratio)
    register = 0.0
    for begin in range(0, int(len(y) * ratio), _CHUNK):
        size = min(_CHUNK, int(len(y) * ratio) - begin)
        # rounding errors of the register add up in the original, so it is added up one step after the other
        # here too
        times = np.full(size + 1, 1.0 / ratio)
        times[0] = register
        np.add.accumulate(times, out=times)
        register = float(times[-1])
        _convolve(plan, times[:-1], out[begin : begin + size])
    return out


@dataclass(frozen=True)
class _Plan:
    """What all output samples have in common."""

    padded: Signal  # the signal with `margin` zeros on both sides
    samples: int
    margin: int
    table: Wide
    slope: Wide
    scale: float
    step: int

    @classmethod
    def make(cls, y: Signal, ratio: float) -> _Plan:
        scale = min(1.0, ratio)
        table = half_window() * scale
        step = max(1, int(scale * PER_CROSSING))
        margin = len(table) // step + 2
        return cls(np.pad(y, margin), len(y), margin, table, np.diff(table, append=table[-1]), scale, step)

    def locate(self, fraction: Wide) -> tuple[Index, Wide]:
        """Entry of the table for a distance of `fraction` input samples (scaled), and how far after it."""
        position = fraction * PER_CROSSING
        entry = position.astype(np.int64)
        return entry, position - entry

    def wing(self, entry: int) -> tuple[Wide, Wide]:
        """Weights of one wing, nearest first, and their slopes."""
        picked = slice(entry, entry + (len(self.table) - entry) // self.step * self.step, self.step)
        return self.table[picked], self.slope[picked]


def _convolve(plan: _Plan, times: Wide, out: Signal) -> None:
    """Output samples at these times, as one matrix product for all that use the same table entries."""
    nearest = times.astype(np.int64)
    fraction = plan.scale * (times - nearest)
    left, left_rest = plan.locate(fraction)
    right, right_rest = plan.locate(plan.scale - fraction)
    key = left * (PER_CROSSING + 2) + right
    order = np.argsort(key, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(key[order])) + 1):
        for begin in range(0, len(group), _ROWS):
            rows = group[begin : begin + _ROWS]
            out[rows] = _wings(
                plan,
                nearest[rows],
                int(left[rows[0]]),
                left_rest[rows],
                int(right[rows[0]]),
                right_rest[rows],
            )


def _gather(y: Signal, starts: Index, length: int) -> Signal:
    """Pieces of `y`: float32 [starts, length].

    Samples that share table entries lie a constant number of inputs apart, mostly: copying a slice
    then lets other threads run, which picking by index does not.
    """
    pieces = np.lib.stride_tricks.sliding_window_view(y, length)
    hop = int(starts[1] - starts[0]) if len(starts) > 1 else 1
    if hop > 0 and int(starts[-1] - starts[0]) == hop * (len(starts) - 1) and (np.diff(starts) == hop).all():
        return np.array(pieces[starts[0] : starts[-1] + 1 : hop])
    return np.asarray(pieces[starts])


def _wings(plan: _Plan, nearest: Index, left: int, left_rest: Wide, right: int, right_rest: Wide) -> Wide:
    """Sum of both wings around the input samples `nearest`."""
    left_weights, left_slopes = plan.wing(left)
    right_weights, right_slopes = plan.wing(right)
    n_left, n_right = len(left_weights), len(right_weights)
    inputs = _gather(plan.padded, plan.margin + nearest - (n_left - 1), n_left + n_right)
    # the right wing stops at n_orig - i_last - n + 1, i_last being the last index of the left wing
    stop = plan.samples - (np.minimum(nearest + 1, n_left) - 1) - nearest + 1
    if stop.min() < n_right:
        inputs[:, n_left:] *= np.arange(n_right) < stop[:, None]
    kernels = np.zeros((n_left + n_right, 3), np.float32)
    kernels[:n_left, 0], kernels[:n_left, 1] = left_weights[::-1], left_slopes[::-1]
    kernels[n_left:, 0], kernels[n_left:, 2] = right_weights, right_slopes
    sums = inputs @ kernels
    return np.asarray(sums[:, 0] + left_rest * sums[:, 1] + right_rest * sums[:, 2])
