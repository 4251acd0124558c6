from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

from mxt.audio.bands import BandAnalysis
from mxt.audio.decode import read

SR, HOP = 22_050, 256
ANALYSIS = BandAnalysis(SR, 27.5, 103, 12, HOP)


def powers(y, analysis=ANALYSIS):
    return torch.cat(list(analysis.powers(torch.from_numpy(np.asarray(y, np.float32)))), dim=1)


def sine(hz, seconds=4.0, level=1.0):
    return level * np.sin(2 * np.pi * hz * np.arange(int(seconds * SR)) / SR)


@pytest.mark.parametrize("band", [12, 40, 60, 80, 102])
def test_a_sine_in_the_middle_of_a_band_has_its_level_there_and_nowhere_else(band):
    power = powers(sine(ANALYSIS.centre(band), level=0.5))[:, 150:200]
    torch.testing.assert_close(power[band], torch.full((50,), 0.25), atol=1e-3, rtol=0)
    others = torch.cat([power[:band], power[band + 1 :]])
    assert float(others.max()) < 0.25 * 1e-4


def test_a_sine_between_two_bands_is_shared_by_them():
    power = powers(sine(ANALYSIS.centre(50.5)))[:, 150:200].mean(1)
    torch.testing.assert_close(
        power[50:52], torch.full((2,), 0.25), atol=0.01, rtol=0
    )  # half the amplitude each


def test_an_impulse_is_in_all_bands_at_its_time():
    y = np.zeros(20 * SR)
    y[10 * SR] = 1.0
    power = powers(y)
    assert (power.argmax(1) == 10 * SR // HOP).all()


def by_one_transform(y, analysis):
    """The same by one transform in float64 and envelopes at the full rate, read at the analysis's frames."""
    hop, silence = analysis.hop_length, 10 * SR
    size = -(-(len(y) + silence) // hop) * hop
    spectrum = 2 * np.fft.fft(y, size)
    frequency = np.fft.fftfreq(size, 1 / SR)
    power = []
    for band in range(analysis.bands):
        distance = analysis.bands_per_octave * np.log2(np.maximum(frequency, 1e-9) / analysis.centre(band))
        weights = np.cos(np.pi / 2 * np.clip(distance, -1, 1)) ** 2
        width = analysis.centre(band + 1) - analysis.centre(band - 1)
        if analysis.instant:
            values = 2 ** max(0, int(np.ceil(np.log2(2 * width * hop / SR))))  # of a frame
            magnitude = np.abs(np.fft.ifft(weights * spectrum)[:: hop // values])
            around = np.pad(magnitude, values, mode="wrap")  # what rings before the beginning
            window = np.blackman(2 * values + 1)
            of_frames = np.convolve(around, window / window.sum(), mode="valid")[::values] ** 2
        else:
            values = 2 ** max(0, int(np.ceil(np.log2(width * hop / SR))))
            envelope = np.fft.ifft(weights * spectrum)[hop // values // 2 :: hop // values]
            of_frames = (np.abs(envelope) ** 2).reshape(-1, values).mean(1)
        power.append(of_frames[: analysis.frames(len(y))])
    return np.array(power)


@pytest.mark.parametrize(
    ("analysis", "samples"),
    [
        (ANALYSIS, 700),
        (ANALYSIS, 3 * SR),
        (BandAnalysis(SR, 440.0, 12, 12, 512), 3 * SR),  # one low band
        (BandAnalysis(SR, 440.0, 12, 12, 512), 40 * SR),  # two blocks
        (BandAnalysis(SR, 2000.0, 24, 12, 256), 3 * SR),  # no low band
        (BandAnalysis(SR, 55.0, 41, 48, 64), 3 * SR),  # low bands only
        (BandAnalysis(SR, 60.0, 8, 1, 256), 3 * SR),  # wide bands
        (replace(ANALYSIS, instant=True), 3 * SR),
        (replace(ANALYSIS, instant=True), 40 * SR),
        (BandAnalysis(SR, 60.0, 6, 1, 256, instant=True), 3 * SR),
    ],
)
def test_the_powers_are_those_of_one_transform_of_the_whole_clip(analysis, samples):
    rng = np.random.default_rng(samples)
    y = (
        rng.standard_normal(samples)
        * np.repeat(10 ** rng.uniform(-1.5, -0.5, 40), -(-samples // 40))[:samples]
    ).astype(np.float32)
    power, expected = powers(y, analysis).numpy(), by_one_transform(y, analysis)
    assert power.shape == expected.shape
    loud = expected > expected.max() * 1e-4
    difference = np.abs(10 * np.log10(power[loud] / expected[loud]))
    assert np.quantile(difference, 0.999) < 0.1
    assert difference.mean() < 20 * np.log10(1 + 1e-3)  # ringing below -60 dB is left out


def test_where_the_blocks_meet_cannot_be_seen():
    rng = np.random.default_rng(0)
    y = rng.standard_normal(40 * SR) * 0.1
    whole = powers(y)
    part = powers(y[: 29 * SR])  # other blocks, the same beginning
    assert whole.shape[1] == -(-40 * SR // HOP)
    compared = slice(0, 20 * SR // HOP)
    close = (10 * torch.log10(whole[:, compared] / part[:, compared])).abs()
    assert float(close.quantile(0.999)) < 0.05
    assert float(close.mean()) < 1e-3


@pytest.mark.parametrize("samples", [1, 255, 256, 257, 5000])
def test_a_clip_of_any_length_has_a_frame_for_each_hop_begun(samples):
    assert powers(np.ones(samples)).shape == (103, -(-samples // HOP))


@pytest.mark.realdata
@pytest.mark.parametrize("genre", ["classical", "country", "metal"])
def test_its_ranks_are_those_of_librosas_constant_q_filters_of_the_same_width(data, genre):
    """librosa's filters are twice as wide by default; scaled by their length they give amplitudes."""
    import librosa
    from scipy.stats import spearmanr

    y = read(next((data / "gtzan_full").rglob(f"{genre}.00000.*")), seconds=10.0)[0]
    ours = powers(y).numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # short transforms of the lowest octaves
        cq = np.abs(librosa.cqt(y, sr=SR, fmin=27.5, n_bins=103, hop_length=HOP, filter_scale=2))
    lengths = librosa.filters.wavelet_lengths(
        freqs=librosa.cqt_frequencies(103, fmin=27.5), sr=SR, filter_scale=2
    )[0]
    theirs = (cq[:, :-1] ** 2 + cq[:, 1:] ** 2) / lengths[
        :, None
    ]  # librosa's frames are centred where ours begin
    assert spearmanr(ours[:, : theirs.shape[1]].ravel(), theirs[:, : ours.shape[1]].ravel()).statistic > 0.95
