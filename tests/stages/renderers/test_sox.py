from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from mxt.audio.decode import read
from mxt.stages.renderers.sox import COLOURS, SoxSpectrogram, Timing, colour_numbers, palette

SR = 22_050
needs_sox = pytest.mark.skipif(shutil.which("sox") is None, reason="needs the program sox")


def by_sox(path: Path, folder: Path, *options: str) -> np.ndarray:
    """Pixels [rows, columns, 3] of the real program, 0 to 1."""
    from matplotlib.image import imread

    made = folder / "sox.png"
    subprocess.run(
        ["sox", path, "-n", "remix", "-", "spectrogram", "-r", *options, "-o", made],
        check=True,
        capture_output=True,
    )
    return np.asarray(imread(made))[..., :3]


def by_us(path: Path, stage: SoxSpectrogram) -> np.ndarray:
    y, sample_rate = read(path)
    found = stage.prepare(sample_rate, "cpu")(torch.from_numpy(y)[None])[0]
    return (found if found.ndim == 3 else found.expand(3, -1, -1)).permute(1, 2, 0).numpy()


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    columns = min(a.shape[1], b.shape[1])
    assert columns >= 0.95 * max(a.shape[1], b.shape[1])
    return float(np.corrcoef(a[:, :columns].ravel(), b[:, :columns].ravel())[0, 1])


@needs_sox
@pytest.mark.parametrize(("seconds", "sample_rate"), [(0.7, 22_050), (5.0, 16_000), (31.0, 8000)])
def test_it_looks_as_the_real_program_draws_it(tmp_path, seconds, sample_rate):
    rng = np.random.default_rng(0)
    t = np.arange(int(seconds * sample_rate)) / sample_rate
    y = 0.3 * np.sin(2 * np.pi * 300 * t * (1 + t / seconds)) * (t % 0.5 < 0.4) + 0.003 * rng.standard_normal(
        len(t)
    )
    soundfile.write(tmp_path / "a.wav", y, sample_rate)
    real, ours = by_sox(tmp_path / "a.wav", tmp_path), by_us(tmp_path / "a.wav", SoxSpectrogram())
    assert correlation(real, ours) > 0.99
    assert real.shape[0] == ours.shape[0] == 513


@needs_sox
@pytest.mark.realdata
@pytest.mark.parametrize("number", range(10))
def test_it_looks_as_the_real_program_draws_real_clips(data, tmp_path, number):
    clips = sorted((data / "gtzan_excerpts").rglob("*.flac"))[::10][:10]
    assert correlation(by_sox(clips[number], tmp_path), by_us(clips[number], SoxSpectrogram())) > 0.99


@needs_sox
def test_grey_and_another_range_look_alike_too(tmp_path):
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "a.wav", np.geomspace(0.001, 0.3, 2 * SR) * rng.standard_normal(2 * SR), SR)
    real = by_sox(tmp_path / "a.wav", tmp_path, "-m", "-z", "80", "-Z", "-10")
    assert (
        correlation(
            real,
            by_us(tmp_path / "a.wav", SoxSpectrogram(colours="grey", reference_db=-10.0, floor_db=-90.0)),
        )
        > 0.99
    )


def test_colours_run_from_black_over_blue_red_yellow_to_white():
    colours = palette().T
    assert colours.shape == (COLOURS, 3)
    np.testing.assert_allclose(colours[0], [0, 0, 0], atol=0.01)
    np.testing.assert_allclose(colours[-1], [1, 1, 1], atol=0.01)
    np.testing.assert_allclose(colours[int(0.6 * COLOURS)], [0.94, 0, 0], atol=0.03)
    assert colours[int(0.3 * COLOURS)].argmax() == 2


def test_below_the_range_is_black_and_above_it_white():
    found = colour_numbers(torch.tensor([-121.0, -120.0, -60.0, -0.001, 0.0, 10.0]), 120.0)
    assert found.tolist() == [0, 1, 124, 247, 248, 248]


@pytest.mark.parametrize("seconds", [0.01, 0.3, 5.0, 30.0, 600.0])
def test_a_clip_of_any_length_fills_about_the_columns_asked_for(seconds):
    samples = int(seconds * SR)
    timing = Timing.of(samples, SR, n_fft=1024, columns=800)
    assert timing.step <= 512
    assert timing.columns <= 800
    assert timing.columns >= min(700, 0.9 * seconds * 5000)
