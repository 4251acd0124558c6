from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxt.audio.level import from_db, rms
from mxt.audio.loudness import integrated_loudness
from mxt.core.stages import Levels
from mxt.stages.normalizers.lufs import LufsNormalizer
from mxt.stages.normalizers.rms import RmsNormalizer

SR = 16_000


def clip(level: float) -> np.ndarray:
    return (level * np.sin(np.arange(SR) * 0.1)).astype(np.float32)


@given(level=st.floats(1e-4, 10), target_db=st.floats(-60, 0))
def test_rms_brings_a_clip_to_its_target(level, target_db):
    y = clip(level)
    found = RmsNormalizer(target_db=target_db)(y, sample_rate=SR, levels=Levels(peak=math.nan, rms=rms(y)))
    assert found.dtype == np.float32
    assert rms(found) == pytest.approx(from_db(target_db), rel=1e-4)


@pytest.mark.parametrize("level", [0.01, 0.3, 2.0])
def test_lufs_brings_a_clip_to_its_target(level):
    y = clip(level)
    known = Levels(math.nan, math.nan, integrated_loudness([y], SR))
    found = LufsNormalizer(target_lufs=-23.0)(y, sample_rate=SR, levels=known)
    assert integrated_loudness([found], SR) == pytest.approx(-23.0, abs=1e-3)


@pytest.mark.parametrize("stage", [RmsNormalizer(), LufsNormalizer()])
def test_silence_stays_silence(stage):
    y = np.zeros(100, np.float32)
    np.testing.assert_array_equal(stage(y, sample_rate=SR, levels=Levels(0.0, 0.0, -math.inf)), y)


@pytest.mark.parametrize("stage", [RmsNormalizer(), LufsNormalizer()])
def test_a_part_is_scaled_as_the_whole_clip_is(stage):
    y, known = clip(0.2), Levels(0.9, 0.4, -12.0)
    np.testing.assert_array_equal(
        stage(y[:50], sample_rate=SR, levels=known), stage(y, sample_rate=SR, levels=known)[:50]
    )
