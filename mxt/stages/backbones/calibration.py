"""Batch statistics for a network without any: measured on fixed synthetic sounds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from mxt.stages.backbones.convnet_network import POOLS, elu_
from mxt.stages.backbones.convnet_tensors import BLOCKS, EPSILON, Statistics, Tensors
from mxt.stages.renderers.melspectrogram import MelSpectrogram

SAMPLE_RATE = 12_000
CLIPS = 8
_PHRASE, _REPEATS = 43_500, 8  # 3.6 s, eight times

Signal = npt.NDArray[np.float64]


def sounds() -> npt.NDArray[np.float32]:
    """Eight clips [8, 348000] at 12 kHz: chords, chirps, bursts of noise and clicks over a bed of noise.

    Drawn with `numpy.random.RandomState`, whose stream is frozen: the same on every machine. Their mel
    spectrograms have about the mean, deviation, tilt and roughness of real music's.
    """
    rng = np.random.RandomState(20170328)
    return np.stack([np.tile(_phrase(rng), _REPEATS) for _ in range(CLIPS)]).astype(np.float32)


def _phrase(rng: np.random.RandomState) -> Signal:
    bed = _noise(rng, _PHRASE)
    y = bed / np.std(bed) * 10 ** rng.uniform(-2.4, -0.8)
    for voice in (_chord, _chord, _chord, _chirp, _burst, _click):
        beat = int(SAMPLE_RATE * rng.uniform(0.15, 0.9))
        level = 10 ** rng.uniform(-1.2, 0)
        for start in range(rng.randint(beat), _PHRASE, beat):
            t = np.arange(min(2 * beat, _PHRASE - start)) / SAMPLE_RATE
            event = voice(rng, t) * np.minimum(1, t * 200)
            y[start : start + len(t)] += (
                event * np.exp(-t * rng.uniform(0.5, 8)) * level * rng.uniform(0.3, 1)
            )
    return y


def _noise(rng: np.random.RandomState, samples: int) -> Signal:
    """Noise that falls by 0 to 6 dB an octave above 100 Hz."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    hertz = np.arange(len(spectrum)) / samples * SAMPLE_RATE
    return np.asarray(
        np.fft.irfft(spectrum / np.maximum(hertz / 100, 1) ** rng.uniform(0, 1), samples), np.float64
    )


def _chord(rng: np.random.RandomState, t: Signal) -> Signal:
    """Up to three tones of sixteen harmonics."""
    phase = 2 * np.pi * t
    tones = [55 * 2 ** rng.uniform(0, 3.5) for _ in range(rng.randint(1, 4))]
    slope = rng.uniform(0.5, 1.5)
    harmonics = [(pitch * h, h**-slope) for pitch in tones for h in range(1, 17) if pitch * h < 5900]
    return np.asarray(sum(a * np.sin(f * phase + rng.uniform(0, 2 * np.pi)) for f, a in harmonics))


def _chirp(rng: np.random.RandomState, t: Signal) -> Signal:
    """A sine that glides by up to two octaves a second, between 150 and 5,000 Hz."""
    hertz = np.clip(rng.uniform(200, 3000) * np.exp2(rng.uniform(-2, 2) * t), 150, 5000)
    return np.asarray(np.sin(2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE))


def _burst(rng: np.random.RandomState, t: Signal) -> Signal:
    """Noise that dies away at once, like a drum."""
    noise = _noise(rng, len(t))
    return np.asarray(noise / np.std(noise) * np.exp(-t * rng.uniform(10, 60)))


def _click(rng: np.random.RandomState, t: Signal) -> Signal:
    """A pulse of a few samples."""
    return np.asarray(3 * np.exp(-t * rng.uniform(1000, 6000)))


def calibrated(tensors: Tensors, y: npt.NDArray[np.float32], **rendering: object) -> Statistics:
    """Mean and variance of every convolution's outputs over the clips `y`, block after block.

    Parameters
    ----------
    tensors : Tensors
        The network.
    y : array float32 [N, samples]
        Clips at 12 kHz.
    **rendering
        Parameters of the mel spectrogram the network reads.
    """
    render = MelSpectrogram(**rendering).prepare(SAMPLE_RATE, "cpu")  # type: ignore[arg-type]
    means, variances = [], []
    with torch.inference_mode():
        maps = [clip[None, None] for clip in render(torch.from_numpy(y))]
        for k in range(BLOCKS):
            kernel, bias = (torch.from_numpy(part[k]).float() for part in (tensors.kernels, tensors.biases))
            outputs = [F.conv2d(h, kernel, bias, padding=1)[0] for h in maps]
            moments = [torch.var_mean(o.flatten(1).double(), dim=1, correction=0) for o in outputs]
            mean = torch.stack([m for _, m in moments]).mean(0)
            # variance over all clips: the mean of theirs, and that of their means
            variance = torch.stack([v + (m - mean).square() for v, m in moments]).mean(0)
            means.append(mean.numpy())
            variances.append(variance.numpy())
            scale = torch.from_numpy(tensors.gammas[k]) / torch.sqrt(variance + EPSILON)
            shift = torch.from_numpy(tensors.betas[k]) - mean * scale
            maps = [
                elu_(F.max_pool2d(o * scale.float()[:, None, None] + shift.float()[:, None, None], POOLS[k]))[
                    None
                ]
                for o in outputs
            ]
    return Statistics(np.stack(means), np.stack(variances))
