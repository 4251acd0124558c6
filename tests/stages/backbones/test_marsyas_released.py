from __future__ import annotations

import csv
import itertools

import numpy as np
import pytest
import soundfile
import torch

from mxt.audio.streamed import Streamed
from mxt.extraction.request import ExtractRequest
from mxt.registry import build_registry
from mxt.stages.backbones.marsyas import Marsyas
from mxt.stages.backbones.marsyas_released import released_windows
from mxt.stages.backbones.specs import MARSYAS

SR = 22_050
LABELS = MARSYAS.layers[0].labels
SILENT_WINDOW = [1 / 512, 0.5, 1.0, *14 * [0.0]]


def features(*clips):
    return Marsyas().prepare(None, "cpu")([torch.from_numpy(y) for y in clips])["timbre"]


def by_name(y):
    return dict(zip(LABELS, features(y)[0], strict=True))


def in_pieces(y, samples):
    return Streamed(lambda: (y[k : k + samples] for k in range(0, len(y), samples)), len(y))


def band_edges():
    first, step, ratio = map(float, np.float32([133.3333, 66.66666, 1.0711703]))
    edges = [first + step * i for i in range(13)]
    for _ in range(29):
        edges.append(edges[-1] * ratio)
    return edges


def straightforward(y):
    """The 68 numbers, window by window and number by number."""
    n, k = np.arange(512), np.arange(257)
    y = np.concatenate([y.astype(np.float64), np.zeros(-len(y) % 512)]) / 2
    before, windows = np.zeros(257), []
    for x in y.reshape(-1, 512):
        P = np.abs(np.fft.rfft(x * (0.54 - 0.46 * np.cos(2 * np.pi * n / 511))) / 512) ** 2
        L = np.log(P + np.finfo(np.float64).tiny)
        d = (L - before)[1:] ** 2
        below = [j for j in k[2:] if P[: j + 1].sum() < 0.9 * P.sum()]
        bands = []
        for low, centre, high in zip(band_edges(), band_edges()[1:], band_edges()[2:], strict=False):
            hz = k * SR / 512
            triangle = np.maximum(0, np.minimum((hz - low) / (centre - low), (high - hz) / (high - centre)))
            power = (triangle * 2 / (high - low)) @ P
            bands.append(np.log10(power) if power else 0.0)
        cosines = np.cos(np.pi / 40 * np.outer(np.arange(13), np.arange(40) + 0.5)) * np.sqrt(2 / 40)
        cosines[0] /= np.sqrt(2)
        crossed = sum(a * b < 0 for a, b in itertools.pairwise(x))
        centroid = (k * P).sum() / P.sum() / 257 if P.any() else 0.5
        change = d.sum() / (257 * d.max()) if d.max() else 0.0
        windows.append(
            [(1 + crossed) / 512, centroid, max(below, default=257) / 257, change, *(cosines @ bands)]
        )
        before = L
    texture = np.lib.stride_tricks.sliding_window_view(39 * windows[:1] + windows, 40, axis=0)
    mean, deviation = texture.mean(2), texture.std(2)
    return np.concatenate([mean.mean(0), deviation.mean(0), mean.std(0), deviation.std(0)])


@pytest.mark.parametrize("samples", [512, 600, 4 * 512, 30_000, 3 * SR])
def test_the_formulas_are_those_written_out_window_by_window(music, samples):
    y = music()[:samples]
    np.testing.assert_allclose(features(y)[0], straightforward(y), rtol=1e-6, atol=1e-7)


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["gtzan_full", "gtzan_excerpts"])
def test_clips_have_the_numbers_of_the_real_program(data, name):
    with (data / "marsyas" / f"{name}.csv").open() as file:
        _, *rows = csv.reader(file)
    expected = np.array([row[2:] for row in rows], dtype=np.float64)
    paths = [next((data / name).rglob(f"{row[0]}.*")) for row in rows]
    found = features(*(soundfile.read(path, dtype="float32")[0] for path in paths))
    assert (np.abs(found - expected) / expected.std(0)).max() < 1e-5


def test_a_clip_has_the_same_numbers_alone_and_in_any_order(music):
    clips = [music(seconds, seed) for seed, seconds in enumerate((0.02, 2.0, 1.3))]
    together = features(*clips)
    np.testing.assert_array_equal(features(*clips[::-1]), together[::-1])
    np.testing.assert_array_equal(np.concatenate([features(y) for y in clips]), together)


@pytest.mark.parametrize("samples", [40 * SR, 40 * SR - 100])
def test_a_clip_read_in_pieces_has_the_numbers_of_the_whole_with_its_last_partial_window(music, samples):
    y = np.tile(music(), 8)[:samples]
    stage = Marsyas().prepare(None, "cpu")
    expected = stage([torch.from_numpy(y)])["timbre"]
    np.testing.assert_array_equal(stage([in_pieces(y, 10_007)])["timbre"], expected)


def test_slabs_leave_no_seam(music, monkeypatch):
    y = torch.from_numpy(music())
    expected = released_windows("cpu")(y)
    monkeypatch.setattr("mxt.stages.backbones.marsyas_released.SLAB_FRAMES", 50)
    torch.testing.assert_close(released_windows("cpu")(y), expected, rtol=1e-12, atol=1e-12)


def test_the_last_window_is_filled_with_zeros_and_counted(music):
    y = music()[:2000]
    windows = released_windows("cpu")(torch.from_numpy(y))
    assert len(windows) == 4
    filled = np.pad(y, (0, 48))
    torch.testing.assert_close(windows, released_windows("cpu")(torch.from_numpy(filled)), rtol=0, atol=0)


def test_silence_has_its_centroid_in_the_middle_and_its_rolloff_at_the_top():
    silent = torch.zeros(SR)
    first, *others = released_windows("cpu")(silent).tolist()
    assert others == [SILENT_WINDOW] * 43
    assert first[3] == pytest.approx(256 / 257)  # before the first window the logarithm is 0, not silence
    assert np.isfinite(features(silent.numpy())).all()


def test_a_tone_has_its_bin_as_centroid_and_rolloff_and_crosses_zero_twice_a_period():
    hz = 100 * SR / 512
    tone = by_name(np.sin(2 * np.pi * hz * np.arange(2 * SR) / SR + 0.1).astype(np.float32))
    assert tone["zero_crossings_mean_of_means"] == pytest.approx(2 * hz / SR, abs=1 / 256)
    assert tone["centroid_mean_of_means"] == pytest.approx(100 / 257, rel=0.01)
    # at bin 101 more than 90 % of the power is reached, below it less
    assert tone["rolloff_mean_of_means"] == pytest.approx(100 / 257, abs=1.01 / 257)


def test_a_click_has_a_flat_spectrum():
    y = np.zeros(512, np.float32)
    y[256] = 0.5
    crossed, centroid, rolloff, *_ = released_windows("cpu")(torch.from_numpy(y))[0].tolist()
    assert crossed == 1 / 512
    assert centroid == pytest.approx(128 / 257)
    assert rolloff == 230 / 257  # 231 of 257 bins hold less than 90 %, 232 more


def test_a_clip_of_bass_only_has_a_rolloff_of_1():
    bass = by_name(np.cos(2 * np.pi * 20 * np.arange(SR // 512 * 512) / SR).astype(np.float32))
    assert bass["rolloff_mean_of_means"] == 1
    assert bass["centroid_mean_of_means"] < 0.01


@pytest.mark.parametrize("windows", [1, 2, 3, 4])
def test_a_clip_of_fewer_windows_than_the_program_needs_has_those_it_has(music, windows):
    y = music()[: windows * 512]
    found = features(y)[0]
    assert np.isfinite(found).all()
    if windows == 1:
        np.testing.assert_array_equal(found[17:], 0)  # nothing varies


def test_very_faint_samples_cross_zero():
    y = np.float32(1e-30) * np.float32([1, -1] * 256)
    assert features(y)[0, 0] == 1


def test_the_papers_variant_is_the_stage_as_it_was_before_there_were_variants():
    registry = build_registry()
    paper = ExtractRequest("marsyas", settings=("variant=paper",)).pipeline(registry)
    # of mxt extract --backbone marsyas at commit 8f005bd
    assert paper.fingerprint.startswith("d05efc2db7be")
    assert paper.label == "marsyas-paper"
    released = ExtractRequest("marsyas").pipeline(registry)
    assert (released.label, released.backbone.spec.version) == ("marsyas", 2)
    assert released.fingerprint != paper.fingerprint
