"""What holds for every renderer that makes a picture, and what is particular to some."""

from __future__ import annotations

import dataclasses
import importlib

import numpy as np
import pytest
import torch

from mxt.core.errors import UsageError
from mxt.stages.renderers.logfrequency import LogFrequency, note_hz
from mxt.stages.renderers.melimage import MelImage
from mxt.stages.renderers.melspectrogram import MelSpectrogram
from mxt.stages.renderers.phase import PhaseSpectrogram
from mxt.stages.renderers.sox import SoxSpectrogram
from mxt.stages.renderers.specs import SPECS
from mxt.stages.renderers.waveform import Waveform

SR = 22_050
PICTURES = [LogFrequency, MelImage, PhaseSpectrogram, SoxSpectrogram, Waveform]
OF_LEVELS = PICTURES[:-1]
named = pytest.mark.parametrize("kind", PICTURES, ids=lambda kind: kind.__name__)
named_levels = pytest.mark.parametrize("kind", OF_LEVELS, ids=lambda kind: kind.__name__)


def music(seconds=2.0, level=0.2, seed=0):
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * SR)) / SR
    tones = sum(np.sin(2 * np.pi * f * t) / (1 + k) for k, f in enumerate(rng.uniform(80, 4000, 6)))
    return (level * (tones * (t % 0.5 < 0.4) + 0.01 * rng.standard_normal(len(t)))).astype(np.float32)


def tone(hz, seconds=2.0, level=0.5):
    return (level * np.sin(2 * np.pi * hz * np.arange(int(seconds * SR)) / SR)).astype(np.float32)


def drawn(stage, *clips):
    return stage.prepare(SR, "cpu")(torch.from_numpy(np.stack(clips)))


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_a_specs_defaults_are_those_of_its_stage(spec):
    module, _, name = spec.target.partition(":")
    assert dataclasses.asdict(getattr(importlib.import_module(module), name)()) == spec.parameters({})


@named
def test_a_picture_has_the_size_asked_for_and_lies_between_black_and_white(kind):
    found = drawn(kind(height=99, width=77), music(), music(seed=1))
    assert found.shape in ((2, 99, 77), (2, 3, 99, 77))
    assert (float(found.min()) >= 0, float(found.max()) <= 1.0001) == (True, True)


@named_levels
def test_a_louder_clip_is_a_brighter_picture(kind):
    quiet, loud = drawn(kind(height=60, width=50), music(level=0.02), music(level=0.2))
    assert float(loud.mean()) > 1.1 * float(quiet.mean())


@named
def test_with_rescale_loudness_is_lost(kind):
    quiet, loud = drawn(kind(rescale=True, height=60, width=50), music(level=0.02), music(level=0.2))
    assert float((quiet - loud).abs().mean()) < 2e-3


@named
def test_silence_is_black_but_for_the_line_of_the_waveform(kind):
    found = drawn(kind(height=51, width=20), np.zeros(SR, np.float32))
    assert float(found.mean()) == pytest.approx(1 / 51 if kind is Waveform else 0.0, abs=1e-6)


@named_levels
def test_the_picture_of_a_long_clip_is_resized_from_the_full_one(kind):
    """Columns are reduced piece by piece; the result is torch's resizing of the whole picture."""
    y = music(12.0)
    full = drawn(kind(), y)
    full = full[:, None] if full.ndim == 3 else full
    expected = torch.nn.functional.interpolate(
        full, (99, 77), mode="bilinear", antialias=True, align_corners=False
    )
    found = drawn(kind(height=99, width=77), y)
    torch.testing.assert_close(found.reshape(expected.shape), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("hz", [220.0, 880.0, 3520.0])
@pytest.mark.parametrize("kind", [*OF_LEVELS, MelSpectrogram], ids=lambda kind: kind.__name__)
def test_the_axis_says_where_a_tone_is(kind, hz):
    stage = kind()
    found = drawn(stage, tone(hz))[0]
    rows = (found.sum(0) if found.ndim == 3 else found).mean(1)
    axis = stage.row_axis(SR, len(rows))
    spacing = np.abs(np.gradient(axis.values))[int(rows.argmax())]
    assert axis.quantity == "frequency, Hz"
    assert axis.values[int(rows.argmax())] == pytest.approx(hz, abs=1.1 * spacing)


@pytest.mark.parametrize("kind", OF_LEVELS, ids=lambda kind: kind.__name__)
def test_the_axis_of_a_resized_picture_says_so_too(kind):
    stage = kind(height=299, width=10)
    found = drawn(stage, tone(1000.0))[0]
    rows = (found.sum(0) if found.ndim == 3 else found).mean(1)
    assert stage.row_axis(SR, 299).values[int(rows.argmax())] == pytest.approx(1000, rel=0.06)


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        (
            LogFrequency(highest_hz=12_000.0),
            "bands from A0 .27.5 Hz. to 12000 Hz do not fit into 0 to 11025 Hz",
        ),
        (LogFrequency(lowest_note="H2"), "lowest_note is a note such as A0"),
        (MelImage(fmax=20_000.0), "mel bands from 0 to 20000 Hz do not fit"),
        *(
            (kind(floor_db=-10.0, reference_db=-20.0), "floor_db -10 is not below reference_db -20")
            for kind in OF_LEVELS
        ),
    ],
)
def test_parameters_that_do_not_fit_are_usage_errors(stage, message):
    with pytest.raises(UsageError, match=message):
        stage.prepare(SR, "cpu")


@pytest.mark.parametrize(
    ("note", "hz"),
    [("A4", 440.0), ("a4", 440.0), ("C4", 261.626), ("C#4", 277.183), ("Db4", 277.183), ("C-1", 8.176)],
)
def test_notes_are_in_equal_temperament(note, hz):
    assert note_hz(note) == pytest.approx(hz, abs=1e-3)


def test_logfrequency_has_twelve_rows_an_octave_with_the_highest_on_top():
    values = LogFrequency().row_axis(SR, 103).values
    np.testing.assert_allclose(values[:-12] / values[12:], 2.0)
    assert values[-1] == pytest.approx(27.5)


def test_a_full_scale_tone_is_white_and_one_40_db_below_is_half_as_bright():
    full, less = drawn(LogFrequency(), tone(880.0, level=1.0), tone(880.0, level=0.01))
    assert float(full[:, 80].max()) == pytest.approx(1.0, abs=1e-3)
    assert float(less[:, 80].max()) == pytest.approx(0.5, abs=1e-3)


def test_a_steady_tone_in_the_middle_of_its_bin_keeps_its_hue():
    found = drawn(PhaseSpectrogram(), tone(64 * SR / 1024))[0][:, 512 - 64, 10:-10]
    assert float(found.std(dim=1).max()) < 1e-3


def test_a_quarter_of_a_period_later_is_a_quarter_of_a_turn_in_hue():
    import colorsys

    y = tone(64 * SR / 1024, seconds=1.0)
    hues = [
        colorsys.rgb_to_hsv(*drawn(PhaseSpectrogram(), part)[0][:, 512 - 64, 30].tolist())[0]
        for part in (y, np.roll(y, -4))
    ]
    assert (hues[1] - hues[0]) % 1 == pytest.approx(0.25, abs=0.01)


def test_a_waveform_is_bright_between_its_extremes():
    y = np.repeat(np.float32([0.5, -0.25]), SR // 2)
    left, right = drawn(Waveform(height=80, width=2), y)[0].T
    assert float(left[19:21].sum()) == pytest.approx(
        1.0, abs=1e-4
    )  # a line a quarter from the top, half a pixel on either side
    assert float(left.sum()) == pytest.approx(1.0, abs=1e-4)
    assert float(right.sum()) == pytest.approx(30, abs=1e-3)  # from where the left one ended down to -0.25


@pytest.mark.parametrize("samples", [7, 100, 22_050])
def test_a_waveform_is_the_same_however_many_samples_are_looked_at_together(samples, monkeypatch):
    y = music(1.0)[:samples]
    expected = drawn(Waveform(width=50), y)
    monkeypatch.setattr("mxt.stages.renderers.waveform.SLAB_SAMPLES", 40)
    torch.testing.assert_close(drawn(Waveform(width=50), y), expected, rtol=0, atol=0)
