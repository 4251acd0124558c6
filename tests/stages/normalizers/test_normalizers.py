from __future__ import annotations

import importlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxt.audio.level import from_db, peak
from mxt.core.specs import StageSpec
from mxt.core.stages import Levels
from mxt.stages.normalizers.none import Unchanged
from mxt.stages.normalizers.peak import PeakNormalizer
from mxt.stages.normalizers.specs import SPECS


def clip(level: float) -> np.ndarray:
    return (level * np.sin(np.arange(1000) * 0.1)).astype(np.float32)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_every_spec_is_sound_and_its_target_takes_its_parameters(spec: StageSpec):
    assert spec.problems() == []
    module, attribute = spec.target.split(":")
    getattr(importlib.import_module(module), attribute)(**spec.parameters({}))


@given(level=st.floats(1e-6, 100), target_db=st.floats(-60, 20))
def test_peak_brings_a_clip_to_its_target(level, target_db):
    y = clip(level)
    found = PeakNormalizer(target_db=target_db)(y, sample_rate=8000, levels=Levels(peak=peak(y), rms=0.1))
    assert found.dtype == np.float32
    assert peak(found) == pytest.approx(from_db(target_db), rel=1e-5)


def test_peak_uses_the_level_of_the_whole_clip_and_not_of_the_part_it_is_given():
    y = clip(0.1)
    found = PeakNormalizer()(y, sample_rate=8000, levels=Levels(peak=0.8, rms=0.3))
    np.testing.assert_allclose(found, y / np.float32(0.8), rtol=1e-6)


def test_peak_leaves_what_it_was_given_as_it_was():
    y = clip(0.1)
    before = y.copy()
    PeakNormalizer()(y, sample_rate=8000, levels=Levels(peak=0.1, rms=0.1))
    np.testing.assert_array_equal(y, before)


@pytest.mark.parametrize("stage", [Unchanged(), PeakNormalizer()])
def test_silence_stays_silence(stage):
    y = np.zeros(100, np.float32)
    np.testing.assert_array_equal(stage(y, sample_rate=8000, levels=Levels(peak=0.0, rms=0.0)), y)


def test_none_changes_nothing():
    y = clip(0.3)
    assert Unchanged()(y, sample_rate=8000, levels=Levels(peak=0.3, rms=0.2)) is y
