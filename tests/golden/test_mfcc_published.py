"""MFCCs against those the convnet's authors published for the ten clips of `gtzan_full`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mxt.audio.decode import read
from mxt.audio.resample import resample
from mxt.stages.backbones.mfcc import Mfcc

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def deviations(data: Path):
    """|found - published| [10, 120] in standard deviations of each column over the 1,000 clips."""
    table = np.load(data / "choi2017" / "features" / "gtzan_genre_mfcc.npy")
    files = sorted((data / "gtzan_full").glob("*.wav"))

    def of(method: str, pad_mode: str) -> np.ndarray:
        features, found = Mfcc(pad_mode).prepare(None, "cpu"), []
        for path in files:
            y, sample_rate = read(path, seconds=29)
            found.append(features(torch.from_numpy(resample(y, sample_rate, 12_000, method=method))[None])["mfcc"][0])
        return np.abs(np.stack(found) - table[::100]) / table.std(axis=0)

    return of


def test_with_the_papers_resampler_and_reflection_the_published_rows_come_out(deviations):
    assert deviations("kaiser_best", "reflect").max() < 1e-4


def test_with_todays_defaults_they_differ_most_in_the_means_of_differences(deviations):
    found = deviations("soxr", "constant").reshape(10, 3, 2, 20)
    assert found.max() > 0.5
    assert np.median(found) < 0.05
    assert found[:, 1:, 0].max() > found[:, 0].max()
