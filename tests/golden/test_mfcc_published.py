"""MFCCs against those the convnet's authors published for the ten clips of `gtzan_full`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import mxt
from mxt.audio.decode import read
from mxt.audio.resample import resample
from mxt.extraction.request import ExtractRequest
from mxt.registry import build_registry
from mxt.stages.backbones.mfcc import Mfcc
from mxt.workflows.extract import extract
from mxt.workflows.ingest import ingest

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
            found.append(
                features(torch.from_numpy(resample(y, sample_rate, 12_000, method=method))[None])["mfcc"][0]
            )
        return np.abs(np.stack(found) - table[::100]) / table.std(axis=0)

    return of


def test_with_the_papers_resampler_and_reflection_the_published_rows_come_out(deviations):
    assert deviations("kaiser_best", "reflect").max() < 1e-4


def test_through_the_whole_extraction_the_published_rows_come_out(data, tmp_path):
    table = np.load(data / "choi2017" / "features" / "gtzan_genre_mfcc.npy")
    registry = build_registry()
    ingest(tmp_path / "store", data / "gtzan_full", registry, jobs=2)
    found = extract(
        tmp_path / "store",
        ExtractRequest("mfcc", settings=("pad_mode=reflect",), resampler="kaiser_best"),
        registry,
    )
    X, ids = mxt.open(tmp_path / "store").features(found.view)
    assert ids == sorted(path.name for path in (data / "gtzan_full").glob("*.wav"))
    assert (np.abs(X - table[::100]) / table.std(axis=0)).max() < 1e-4


def test_with_todays_defaults_they_differ_most_in_the_means_of_differences(deviations):
    found = deviations("soxr", "constant").reshape(10, 3, 2, 20)
    assert found.max() > 0.5
    assert np.median(found) < 0.05
    assert found[:, 1:, 0].max() > found[:, 0].max()
