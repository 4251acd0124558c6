"""A fingerprint of a recording: where its spectrum has peaks.

Peaks survive a change of level, re-encoding, resampling and trimming; pairs of them, with the time between,
are compared (`mxt.evaluation.copies`), and what matches is heard again: the waveforms of two copies, once
aligned, correlate.

References
----------
Wang, "An industrial-strength audio search algorithm", ISMIR 2003.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

Signal = npt.NDArray[np.float32]
Peaks = npt.NDArray[np.uint16]

VERSION = 1  # raised when peaks change
SAMPLE_RATE = 8000
N_FFT, HOP = 1024, 128
LONGEST_SECONDS = 300.0  # of a clip that is looked at
PEAKS_PER_SECOND = 20
LOWEST, HIGHEST = 6, 500  # bins that are looked at
FRAMES_AROUND, BINS_AROUND = 4, 8  # a peak is the highest point this far around
FLOOR = 1e-8  # of the highest power of a clip, below which nothing is a peak
LONGEST_COMPARED = 10 * SAMPLE_RATE
SHORTEST_COMPARED = SAMPLE_RATE // 8
_FINER = 4  # samples are divided by this when waveforms are aligned


def load(path: Path, start: float = 0.0, seconds: float | None = None) -> Signal:
    """A recording, or a part of it, as it is compared: mono, 8 kHz, at most five minutes.

    Returns
    -------
    float32 [samples]

    Raises
    ------
    AudioError
        It cannot be read.
    """
    from mxt.audio.decode import read
    from mxt.audio.resample import resample

    y, sr = read(path, start=start, seconds=min(seconds or LONGEST_SECONDS, LONGEST_SECONDS))
    return resample(y, sr, SAMPLE_RATE)


def peaks(y: Signal) -> Peaks:
    """Peaks of the spectrogram: at most 20 a second, the highest.

    Parameters
    ----------
    y : float32 [samples]
        At 8 kHz.

    Returns
    -------
    uint16 [n, 2]
        Frame (of 16 ms) and bin (of 7.8 Hz), in the order of frames.

    Examples
    --------
    >>> peaks(np.zeros(8000, dtype=np.float32)).shape
    (0, 2)
    """
    from scipy.fft import rfft
    from scipy.ndimage import maximum_filter1d

    window = np.hanning(N_FFT).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(y, N_FFT // 2), N_FFT)[::HOP]
    spectrum = rfft(frames * window, axis=1)[:, LOWEST:HIGHEST]
    power = spectrum.real**2 + spectrum.imag**2
    around = maximum_filter1d(power, 2 * BINS_AROUND + 1, axis=1, mode="constant")
    around = maximum_filter1d(around, 2 * FRAMES_AROUND + 1, axis=0, mode="constant")
    frame, number = np.nonzero((power == around) & (power > FLOOR * power.max(initial=0.0)))
    kept = np.sort(_highest(frame * HOP // SAMPLE_RATE, power[frame, number]))
    return np.column_stack([frame[kept], number[kept] + LOWEST]).astype(np.uint16)


def correlation(first: Signal, second: Signal, offset: int) -> float:
    """Correlation of two waveforms where they overlap, aligned to a fraction of a sample.

    Parameters
    ----------
    first, second : float32 [samples]
        At 8 kHz.
    offset : int
        Frames by which what is heard in `first` comes later in `second`; right within two frames.

    Returns
    -------
    float
        0 to 1; 0 where they overlap for less than an eighth of a second. Of a longer overlap the first ten
        seconds count.
    """
    from scipy.fft import irfft, next_fast_len, rfft

    shift, slack = offset * HOP, 2 * HOP
    begin = max(0, slack - shift)
    x = first[begin : min(len(first), len(second) - shift - slack, begin + LONGEST_COMPARED)]
    if len(x) < SHORTEST_COMPARED:
        return 0.0
    y = second[begin + shift - slack : begin + shift + len(x) + slack]
    size = next_fast_len(len(x) + len(y), real=True)
    size += size % 2
    spectrum = rfft(y, size) * np.conj(rfft(x, size))
    products = _FINER * np.abs(irfft(spectrum, size * _FINER)[: 2 * slack * _FINER + 1])
    best = int(products.argmax())
    under = y[best // _FINER :][: len(x)]
    energy = float((x * x).sum(dtype=np.float64)) * float((under * under).sum(dtype=np.float64))
    return min(1.0, float(products[best]) / energy**0.5) if energy > 0 else 0.0


def _highest(second: npt.NDArray[np.int64], power: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """Places of the highest peaks of each second."""
    order = np.lexsort((-power, second))
    first = np.searchsorted(second[order], second[order])  # of the same second
    return order[np.arange(len(order)) - first < PEAKS_PER_SECOND]
