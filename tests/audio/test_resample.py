from __future__ import annotations

import math
import threading
from fractions import Fraction

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mxt.audio.resample import RESAMPLERS, resample, resample_blocks
from mxt.core.errors import UnknownName


def tone(samples: int, sample_rate: int, hz: float) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(samples) / sample_rate).astype(np.float32)


@pytest.mark.parametrize("method", RESAMPLERS)
@pytest.mark.parametrize(
    "rates", [(22_050, 12_000), (44_100, 12_000), (8_000, 12_000), (48_000, 16_000), (11_025, 12_000)]
)
def test_a_tone_stays_the_same_tone(method, rates):
    sr_in, sr_out = rates
    resampled = resample(tone(2 * sr_in, sr_in, 1000), sr_in, sr_out, method=method)
    middle = slice(sr_out // 2, 3 * sr_out // 2)
    # the paper's resampler steps through its table in whole entries, which costs it some accuracy
    np.testing.assert_allclose(
        resampled[middle], tone(2 * sr_out, sr_out, 1000)[middle], atol=1e-4 if method == "soxr" else 5e-3
    )


@pytest.mark.parametrize("method", RESAMPLERS)
def test_what_the_new_rate_cannot_hold_is_removed(method):
    resampled = resample(tone(44_100, 44_100, 9000), 44_100, 12_000, method=method)
    assert np.abs(resampled[1000:-1000]).max() < 1e-3


@pytest.mark.parametrize("method", RESAMPLERS)
def test_equal_rates_change_nothing(method):
    y = tone(1000, 8000, 440)
    assert resample(y, 8000, 8000, method=method) is y


@settings(max_examples=30, deadline=None)
@given(
    samples=st.integers(1, 3000),
    sr_in=st.sampled_from([8000, 11_025, 22_050, 44_100, 48_000]),
    sr_out=st.sampled_from([12_000, 16_000]),
)
@pytest.mark.parametrize("method", RESAMPLERS)
def test_the_length_is_rounded_up(method, samples, sr_in, sr_out):
    resampled = resample(np.zeros(samples, np.float32), sr_in, sr_out, method=method)
    assert resampled.dtype == np.float32
    exact = Fraction(samples * sr_out, sr_in)
    # the paper's resampler multiplied by a rounded ratio
    assert len(resampled) == math.ceil(exact if method == "soxr" else samples * (sr_out / sr_in))


@pytest.mark.parametrize("sr_in", [22_050, 44_100, 48_000])
@pytest.mark.parametrize(("method", "spare"), [("soxr", 0), ("kaiser_best", 1)])
def test_29_seconds_of_a_common_rate_are_348000_samples_at_12_kilohertz(sr_in, method, spare):
    resampled = resample(np.ones(29 * sr_in, np.float32), sr_in, 12_000, method=method)
    assert len(resampled) - 348_000 in (0, spare)
    assert not resampled[348_000:].any()


def test_soxr_is_what_librosa_calls_soxr_hq():
    y = np.random.default_rng(0).normal(0, 0.1, 22_050).astype(np.float32)
    # librosa's length is one too many here: 22050 * (12000 / 22050) is a little more than 12000 in binary
    expected = librosa.resample(y, orig_sr=22_050, target_sr=12_000, res_type="soxr_hq")[:12_000]
    np.testing.assert_array_equal(resample(y, 22_050, 12_000), expected)


def test_an_unknown_resampler_lists_those_there_are():
    with pytest.raises(UnknownName, match=r"no resampler called 'sox'; did you mean soxr\?"):
        resample(np.zeros(10, np.float32), 2, 1, method="sox")


@pytest.mark.parametrize("method", RESAMPLERS)
def test_threads_get_what_one_thread_gets(method):
    y = np.random.default_rng(0).normal(0, 0.1, 20_000).astype(np.float32)
    expected = resample(y, 22_050, 12_000, method=method)
    resampled: list[np.ndarray] = []
    threads = [
        threading.Thread(target=lambda: resampled.append(resample(y, 22_050, 12_000, method=method)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(resampled) == 4
    assert all(np.array_equal(z, expected) for z in resampled)


@pytest.mark.parametrize("method", RESAMPLERS)
def test_a_stream_is_resampled_as_the_whole(method: str) -> None:
    y = np.random.default_rng(0).standard_normal(50_000).astype(np.float32)
    blocks = np.split(y, [1000, 1001, 30_000])
    resampled = np.concatenate(list(resample_blocks(iter(blocks), 22_050, 12_000, method=method)))
    whole = resample(y, 22_050, 12_000, method=method)
    np.testing.assert_allclose(resampled, whole[: len(resampled)], atol=1e-5)
    assert abs(len(resampled) - len(whole)) <= 1
