"""Synthetic notes of several timbres: a small labelled collection for the demo and for tests.

Each timbre is a textbook synthesis method; pitch, level, duration, attack, added noise and tuning vary from
note to note, so that telling the timbres apart is neither trivial nor hopeless.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Signal = npt.NDArray[np.floating]
Rng = np.random.Generator


def note(timbre: str, rng: Rng, *, sample_rate: int = 22_050) -> npt.NDArray[np.float32]:
    """Synthesise one note of a timbre, with everything else drawn at random.

    Parameters
    ----------
    timbre : str
        One of `TIMBRES`.
    rng : numpy.random.Generator
        Draws pitch (110 to 660 Hz), duration (1 to 3 s), level (-26 to -3 dBFS) and background noise (-65 to
        -35 dB below it).
    sample_rate : int
        Hz.

    Returns
    -------
    float32 [samples]
        Between -1 and 1.

    Examples
    --------
    >>> note("bell", np.random.default_rng(0)).dtype
    dtype('float32')
    """
    pitch = 110.0 * 2 ** rng.uniform(0, 2.6)
    t = np.arange(int(rng.uniform(1.0, 3.0) * sample_rate)) / sample_rate
    y = TIMBRES[timbre](t, pitch, rng)
    y = y / np.max(np.abs(y)) * 10 ** (rng.uniform(-26, -3) / 20)
    noise = rng.standard_normal(len(t)) * np.max(np.abs(y)) * 10 ** (rng.uniform(-65, -35) / 20)
    return np.asarray(np.clip(y + noise, -1, 1), np.float32)


def _envelope(t: Signal, attack: float, release: float) -> Signal:
    """Linear rise over `attack` seconds and fall over the last `release` seconds."""
    rise = np.minimum(t / attack, 1.0)
    return np.asarray(rise * np.minimum((t[-1] - t) / release, 1.0))


def _harmonics(t: Signal, pitch: float, amplitudes: Signal, rng: Rng) -> Signal:
    """Sum of harmonics with random phases, with a vibrato of up to 0.4 %."""
    phase = 2 * np.pi * pitch * (t + rng.uniform(0, 0.004) * np.sin(2 * np.pi * 5.5 * t) / (2 * np.pi * 5.5))
    y = np.zeros_like(t)
    for number, amplitude in enumerate(amplitudes, start=1):
        if number * pitch < 9_000:
            y += amplitude * np.sin(number * phase + rng.uniform(0, 2 * np.pi))
    return y


def organ(t: Signal, pitch: float, rng: Rng) -> Signal:
    """A few octave-spaced harmonics, steady (additive synthesis)."""
    amplitudes = np.zeros(8)
    amplitudes[[0, 1, 3, 7]] = rng.uniform(0.4, 1.0, 4)
    return _harmonics(t, pitch, amplitudes, rng) * _envelope(t, rng.uniform(0.02, 0.08), 0.1)


def reed(t: Signal, pitch: float, rng: Rng) -> Signal:
    """Odd harmonics, as in a pipe closed at one end."""
    amplitudes = np.zeros(15)
    amplitudes[::2] = 1.0 / np.arange(1, 16, 2) ** rng.uniform(0.7, 1.3)
    return _harmonics(t, pitch, amplitudes, rng) * _envelope(t, rng.uniform(0.03, 0.12), 0.15)


def bow(t: Signal, pitch: float, rng: Rng) -> Signal:
    """All harmonics falling as 1/n, with a slow attack: a bowed string."""
    amplitudes = 1.0 / np.arange(1, 25) ** rng.uniform(0.9, 1.3)
    return _harmonics(t, pitch, amplitudes, rng) * _envelope(t, rng.uniform(0.08, 0.3), 0.25)


def pluck(t: Signal, pitch: float, rng: Rng) -> Signal:
    """Harmonics that decay faster the higher they are: a plucked string."""
    where = rng.uniform(0.1, 0.3)  # along the string
    decay = rng.uniform(1.0, 2.5)
    y = np.zeros_like(t)
    for n in range(1, 30):
        if n * pitch < 9_000:
            amplitude = np.sin(np.pi * n * where) / n * np.exp(-decay * t * (1 + 0.25 * n))
            y += amplitude * np.sin(2 * np.pi * n * pitch * t)
    return y


def bell(t: Signal, pitch: float, rng: Rng) -> Signal:
    """Inharmonic partials by frequency modulation (Chowning 1973), ratio 1 : 1.4, index falling with time."""
    index = rng.uniform(2, 6) * np.exp(-t * rng.uniform(1, 2))
    modulator = index * np.sin(2 * np.pi * 1.4 * pitch * t)
    return np.asarray(np.exp(-t * rng.uniform(0.8, 1.8)) * np.sin(2 * np.pi * pitch * t + modulator))


def breath(t: Signal, pitch: float, rng: Rng) -> Signal:
    """A nearly pure tone in noise filtered around it: a breathy flute."""
    tone = _harmonics(t, pitch, np.array([1.0, rng.uniform(0.05, 0.25), 0.05]), rng)
    spectrum = np.fft.rfft(rng.standard_normal(len(t)))
    f = np.fft.rfftfreq(len(t), t[1])
    noise = np.fft.irfft(spectrum * np.exp(-(((f - 2 * pitch) / (3 * pitch)) ** 2)), len(t))
    y = tone + rng.uniform(0.2, 0.6) * noise / np.max(np.abs(noise))
    return np.asarray(y * _envelope(t, rng.uniform(0.05, 0.15), 0.15))


TIMBRES: dict[str, Callable[[Signal, float, Rng], Signal]] = {
    "bell": bell,
    "bow": bow,
    "breath": breath,
    "organ": organ,
    "pluck": pluck,
    "reed": reed,
}
