"""`logfrequency` as ARSS draws it, and its columns by the second."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from mxt.audio.decode import read
from mxt.audio.streamed import Streamed
from mxt.core.errors import UsageError
from mxt.registry import build_registry
from mxt.stages.renderers.logfrequency import LogFrequency

SR = 22_050
ARSS = LogFrequency(brightness="arss", pixels_per_second=150.0)


def tone(hz, seconds=2.0, level=0.5):
    return (level * np.sin(2 * np.pi * hz * np.arange(int(seconds * SR)) / SR)).astype(np.float32)


def music(seconds=3.0, seed=0):
    """Tones that begin and end, over noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * SR)) / SR
    tones = sum(np.sin(2 * np.pi * f * t) / (1 + k) for k, f in enumerate(rng.uniform(80, 4000, 6)))
    return (0.1 * (tones * (t % 0.5 < 0.4) + 0.01 * rng.standard_normal(len(t)))).astype(np.float32)


def drawn(stage, y, sample_rate=SR):
    return stage.prepare(sample_rate, "cpu")([y if isinstance(y, Streamed) else torch.from_numpy(y)])[
        0
    ].numpy()


def by_numpy(y, hop, bands=103):
    """ARSS 0.2.3 in its own terms: bands of one long transform, and the magnitudes of their analytic signals.

    A pixel is the magnitude at its first sample; where a band is wider than half the pixels per second, it is
    the mean under a Blackman window that reaches to the pixels beside it.
    """
    size = -(-(len(y) + 10 * SR) // hop) * hop
    spectrum, frequency = np.fft.fft(y.astype(float), size), np.fft.fftfreq(size, 1 / SR)
    window = np.blackman(2 * hop + 1)
    rows = []
    for band in range(bands)[::-1]:
        centre = 27.5 * 2 ** (band / 12)
        octaves = np.log2(np.maximum(frequency, 1e-9) / centre)
        hann = np.where(abs(octaves) < 1 / 12, 0.5 + 0.5 * np.cos(12 * np.pi * octaves), 0)
        magnitude = abs(np.fft.ifft(hann * spectrum))
        if centre * (2 ** (1 / 12) - 2 ** (-1 / 12)) > SR / hop / 2:
            magnitude = np.convolve(magnitude, window / window.sum(), mode="same")
        rows.append(magnitude[: len(y) : hop])
    return np.array(rows) / np.max(rows)


def correlation(picture, expected):
    assert picture.shape == expected.shape
    return np.corrcoef(picture.ravel(), expected.ravel())[0, 1]


def test_its_picture_is_that_of_arss():
    picture, expected = drawn(ARSS, music()), by_numpy(music(), SR // 150)
    assert correlation(picture, expected) > 0.9999
    assert spearmanr(picture.ravel(), expected.ravel()).statistic > 0.999


@pytest.mark.realdata
@pytest.mark.parametrize("genre", ["classical", "country", "metal"])
def test_the_picture_of_a_recording_is_that_of_arss(data, genre):
    y = read(next((data / "gtzan_full").rglob(f"{genre}.00000.*")), seconds=10.0)[0]
    picture, expected = drawn(ARSS, y), by_numpy(y, SR // 150)
    assert correlation(picture, expected) > 0.9999
    assert spearmanr(picture.ravel(), expected.ravel()).statistic > 0.999


def test_a_louder_copy_is_the_same_picture_in_arss_and_a_brighter_one_in_absolute():
    quiet, loud = 0.01 * music(), music()
    np.testing.assert_allclose(drawn(ARSS, loud), drawn(ARSS, quiet), atol=1e-5)
    absolute = LogFrequency(pixels_per_second=150.0)
    assert drawn(absolute, loud).mean() > 1.5 * drawn(absolute, quiet).mean()


def test_brightness_is_amplitude_and_the_largest_is_white():
    picture = drawn(ARSS, tone(880.0) + tone(220.0, level=0.05))
    assert picture.max() == 1.0
    middle = picture[:, 100:200].mean(1)
    assert middle[102 - 60] == pytest.approx(1.0, abs=0.01)
    assert middle[102 - 36] == pytest.approx(0.1, abs=0.001)  # 20 dB below


def test_gamma_takes_a_root():
    root = drawn(LogFrequency(brightness="arss", pixels_per_second=150.0, gamma=2.0), music())
    np.testing.assert_allclose(root, np.sqrt(drawn(ARSS, music())), atol=1e-6)


@pytest.mark.parametrize("gamma", [0.1, 1.0, 10.0])
def test_silence_is_black(gamma):
    picture = drawn(LogFrequency(brightness="arss", gamma=gamma), np.zeros(SR, np.float32))
    assert (picture == 0).all()


@pytest.mark.parametrize("level", [1e-30, 1e-12])
def test_what_is_nearly_silence_has_no_values_beyond_black_and_white(level):
    picture = drawn(ARSS, tone(880.0, level=level))
    assert np.isfinite(picture).all()
    assert (picture.min() >= 0, picture.max() <= 1) == (True, True)


@pytest.mark.parametrize(
    ("sample_rate", "columns"), [(22_050, 300), (44_100, 300), (16_000, 300), (12_000, 300)]
)
def test_pixels_per_second_are_columns_per_second_to_a_whole_number_of_samples(sample_rate, columns):
    stage = LogFrequency(pixels_per_second=150.0, highest_hz=4000.0)
    hop = round(sample_rate / 150)
    assert drawn(stage, np.ones(2 * sample_rate, np.float32), sample_rate).shape[1] == -(
        -2 * sample_rate // hop
    )
    assert abs(2 * sample_rate / hop - columns) < 1


def test_more_pixels_per_second_leave_a_steady_sound_as_bright_and_make_a_click_brighter():
    click = np.zeros(2 * SR, np.float32)
    click[SR] = 1.0
    few, many = (LogFrequency(pixels_per_second=rate) for rate in (50.0, 400.0))
    assert drawn(many, tone(880.0))[42, 400] == pytest.approx(drawn(few, tone(880.0))[42, 50], abs=1e-3)
    assert drawn(many, click)[0].max() > drawn(few, click)[0].max() + 0.05


def test_a_long_clip_that_is_read_in_pieces_has_the_same_picture():
    y, stage = music(70.0), LogFrequency(brightness="arss", pixels_per_second=300.0, height=50, width=40)
    in_pieces = Streamed(lambda: iter(np.array_split(y, 9)), len(y))
    np.testing.assert_array_equal(drawn(stage, in_pieces), drawn(stage, y))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"brightness": "arss", "floor_db": -60},
            "floor_db of logfrequency needs --set brightness=absolute; the brightness is arss",
        ),
        ({"brightness": "arss", "rescale": True}, "rescale of logfrequency needs"),
        ({"brightness": "arss", "reference_db": -3}, "reference_db of logfrequency needs"),
        ({"gamma": 2}, "gamma of logfrequency needs --set brightness=arss; the brightness is absolute"),
        ({"hop_length": 128, "pixels_per_second": 150}, "hop_length and pixels_per_second both say"),
    ],
)
def test_what_does_not_apply_is_refused(params, message):
    with pytest.raises(UsageError, match=message):
        build_registry().choose("renderer", "logfrequency", params)
