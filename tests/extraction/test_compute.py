from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from mxt.audio.stft import stretch
from mxt.audio.streamed import Streamed
from mxt.core.errors import AudioError, Reason
from mxt.core.identity import sha256_file
from mxt.core.specs import Window
from mxt.core.stages import Levels, ReadsPieces
from mxt.extraction import loading
from mxt.extraction.compute import Outcome, compute_prepared
from mxt.extraction.loading import Reading
from mxt.extraction.recipe import Prepared
from mxt.extraction.tasks import ClipJob
from mxt.stages.normalizers.stacks import LoudnessStack

SR = 8000


@dataclasses.dataclass(frozen=True)
class Mean:
    """Mean and largest value of a window; refuses windows that hold `refuse`."""

    refuse: float | None = None
    seen: list[tuple[int, ...]] = dataclasses.field(default_factory=list)

    def prepare(self, weights: Path | None, device: str) -> Callable[[Any], Mapping[str, Any]]:
        def network(x: Any) -> Mapping[str, Any]:
            self.seen.append(tuple(x.shape))
            if self.refuse is not None and bool((x == self.refuse).any()):
                raise ValueError("I do not like this one")
            return {
                "mean": x.mean(dim=1, keepdim=True).numpy(),
                "largest": x.amax(dim=1, keepdim=True).numpy(),
            }

        return network


@dataclasses.dataclass(frozen=True)
class Unchanged:
    def __call__(self, y: Any, *, sample_rate: int, levels: Any) -> Any:
        return y


def prepared(
    backbone: Any, window: Window, *, batch_windows: int = 4, together: bool = False, **reading: Any
) -> Prepared:
    given = {"normalizer": Unchanged(), "in_pieces": isinstance(backbone, ReadsPieces)} | reading
    read = Reading(resampler="soxr", sample_rate=SR, window=window, **given)
    return Prepared(read, None, backbone.prepare(None, "cpu"), batch_windows, together)


def outcomes_of(jobs: Iterable[ClipJob], prepared: Prepared) -> tuple[Outcome, ...]:
    return compute_prepared(tuple(jobs), prepared).outcomes


def job(path: Path, row: int = 0, **changes: Any) -> ClipJob:
    stat = path.stat()
    found = ClipJob(
        row, path.name, str(path), sha256_file(path), (stat.st_size, stat.st_mtime_ns, stat.st_ino)
    )
    return dataclasses.replace(found, **changes)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Six files of one second, each holding a constant of its own."""
    paths = [tmp_path / f"{n}.wav" for n in range(6)]
    for n, path in enumerate(paths):
        soundfile.write(path, np.full(SR, (n + 1) / 16, dtype=np.float32), SR, subtype="FLOAT")
    return paths


def test_batches_have_a_fixed_shape_and_results_the_order_of_the_jobs(files: list[Path]) -> None:
    backbone = Mean()
    task = tuple(job(p, n) for n, p in enumerate(files))
    computed = compute_prepared(task, prepared(backbone, Window.fixed(1.0)))
    outcomes = computed.outcomes
    assert backbone.seen == [(4, SR), (4, SR)]
    assert [o.job.row for o in outcomes] == list(range(6))
    np.testing.assert_allclose(
        [o.features["mean"][0] for o in outcomes if o.features], np.arange(1, 7) / 16, rtol=1e-6
    )
    assert set(computed.timings.seconds) == {"decode", "front end", "network"}


def test_sliding_windows_are_averaged_over_each_clip(tmp_path: Path) -> None:
    path = tmp_path / "steps.wav"
    soundfile.write(path, np.repeat(np.array([0.25, 0.5, 0.75], dtype=np.float32), SR), SR, subtype="FLOAT")
    outcomes = outcomes_of([job(path)], prepared(Mean(), Window.sliding(1.0, 1.0), batch_windows=2))
    assert outcomes[0].features is not None
    np.testing.assert_allclose(outcomes[0].features["largest"], [0.5], rtol=1e-6)


def test_whole_clips_go_through_one_at_a_time(files: list[Path]) -> None:
    backbone = Mean()
    outcomes_of([job(p) for p in files[:2]], prepared(backbone, Window.whole()))
    assert backbone.seen == [(1, SR), (1, SR)]


def test_a_segment_is_cut_at_its_start_and_end(tmp_path: Path) -> None:
    path = tmp_path / "steps.wav"
    soundfile.write(path, np.repeat(np.array([0.25, 0.5, 0.75], dtype=np.float32), SR), SR, subtype="FLOAT")
    segment = job(path, start_us=1_000_000, end_us=2_000_000)
    outcomes = outcomes_of([segment], prepared(Mean(), Window.whole()))
    assert outcomes[0].features is not None
    np.testing.assert_allclose(outcomes[0].features["mean"], [0.5], rtol=1e-6)


def test_a_clip_the_backbone_refuses_does_not_take_its_batch_along(files: list[Path]) -> None:
    outcomes = outcomes_of([job(p) for p in files[:4]], prepared(Mean(refuse=2 / 16), Window.fixed(1.0)))
    assert [o.reason for o in outcomes] == [Reason.NONE, Reason.STAGE_FAILED, Reason.NONE, Reason.NONE]
    assert "I do not like this one" in outcomes[1].detail


@pytest.mark.filterwarnings("ignore:invalid value")
def test_features_that_are_not_finite_are_a_failure(files: list[Path]) -> None:
    @dataclasses.dataclass(frozen=True)
    class Broken:
        def prepare(self, weights: Path | None, device: str) -> Callable[[Any], Mapping[str, Any]]:
            return lambda x: {"nan": np.full((len(x), 1), np.nan, dtype=np.float32)}

    outcomes = outcomes_of([job(files[0])], prepared(Broken(), Window.fixed(1.0)))
    assert outcomes[0].reason is Reason.STAGE_FAILED


def test_a_file_changed_since_ingest_is_not_computed(files: list[Path]) -> None:
    stale = job(files[0])
    soundfile.write(files[0], np.zeros(SR, dtype=np.float32), SR)
    outcomes = outcomes_of([stale], prepared(Mean(), Window.fixed(1.0)))
    assert outcomes[0].reason is Reason.CHANGED


def test_a_file_only_touched_since_ingest_is_computed(files: list[Path]) -> None:
    touched = job(files[0])
    os.utime(files[0], ns=(1, 1))
    outcomes = outcomes_of([touched], prepared(Mean(), Window.fixed(1.0)))
    assert outcomes[0].reason is Reason.NONE


def test_a_file_that_is_gone_says_so(files: list[Path]) -> None:
    lost = job(files[0])
    files[0].unlink()
    outcomes = outcomes_of([lost], prepared(Mean(), Window.fixed(1.0)))
    assert outcomes[0].reason is Reason.MISSING


def test_what_a_stage_refuses_with_a_reason_keeps_that_reason(files: list[Path]) -> None:
    @dataclasses.dataclass(frozen=True)
    class Choosy:
        def prepare(self, weights: Path | None, device: str) -> Callable[[Any], Mapping[str, Any]]:
            def network(_: Any) -> Mapping[str, Any]:
                raise AudioError(Reason.TOO_SHORT, "needs a minute")

            return network

    outcomes = outcomes_of([job(files[0])], prepared(Choosy(), Window.fixed(1.0)))
    assert outcomes[0].reason is Reason.TOO_SHORT


def test_a_batch_mode_gets_the_clips_of_a_task_in_one_call(files: list[Path]) -> None:
    backbone = Mean()
    outcomes_of([job(p) for p in files], prepared(backbone, Window.fixed(1.0), together=True))
    assert backbone.seen == [(6, SR)]


def test_a_long_clip_that_cannot_be_read_fails_alone(files: list[Path]) -> None:
    lost = job(files[0], duration=1e4)
    files[0].unlink()
    outcomes = outcomes_of([lost], prepared(Mean(), Window.sliding(1.0, 0.5)))
    assert outcomes[0].reason is Reason.MISSING


@dataclasses.dataclass(frozen=True)
class Twice:
    """The clip at half its level, then the clip."""

    def __call__(self, y: Any, *, sample_rate: int, levels: Any) -> Any:
        return np.concatenate([y / 2, y])


@pytest.mark.parametrize(
    ("window", "samples", "largest"),
    [
        (Window.whole(), 8 * SR, 1.0),
        (Window.fixed(6.0), 6 * SR, 0.5),
        (Window.whole(max_seconds=1.0), SR, 0.125),
    ],
)
def test_a_normalizer_of_whole_clips_sees_all_of_a_clip_before_windows_are_cut(
    tmp_path: Path, window: Window, samples: int, largest: float
) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, np.linspace(0, 1, 4 * SR, dtype=np.float32), SR, subtype="FLOAT")
    backbone = Mean()
    stacked = prepared(backbone, window, normalizer=Twice(), whole_clip=True)
    (outcome,) = outcomes_of([job(path, duration=4.0)], stacked)
    assert outcome.features is not None
    assert backbone.seen[-1][1] == samples
    np.testing.assert_allclose(outcome.features["largest"], [largest], atol=1e-3)


def test_a_segment_is_stacked_alone(tmp_path: Path) -> None:
    path = tmp_path / "steps.wav"
    soundfile.write(path, np.repeat(np.array([0.25, 0.5, 0.75], dtype=np.float32), SR), SR, subtype="FLOAT")
    stacked = prepared(Mean(), Window.whole(), normalizer=Twice(), whole_clip=True)
    (outcome,) = outcomes_of([job(path, start_us=1_000_000, end_us=2_000_000)], stacked)
    assert outcome.features is not None
    np.testing.assert_allclose(outcome.features["mean"], [0.375], rtol=1e-6)


@pytest.mark.parametrize("window", [Window.whole(), Window.whole(max_seconds=33.0), Window.sliding(1.0, 0.5)])
@pytest.mark.parametrize("whole_clip", [False, True])
def test_a_long_clip_is_put_together_as_a_short_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, window: Window, whole_clip: bool
) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(
        path,
        np.random.default_rng(0).uniform(-1, 1, (35 * 16_000, 2)).astype(np.float32),
        16_000,
        subtype="FLOAT",
    )
    stage = Twice() if whole_clip else Unchanged()
    ready = prepared(Mean(), window, normalizer=stage, whole_clip=whole_clip)
    (at_once,) = outcomes_of([job(path, duration=35.0)], ready)
    monkeypatch.setattr(loading, "STREAM_SECONDS", 30.0)
    (in_pieces,) = outcomes_of([job(path, duration=35.0)], ready)
    assert at_once.features is not None
    assert in_pieces.features is not None
    for name, values in at_once.features.items():
        np.testing.assert_allclose(in_pieces.features[name], values, atol=1e-6)


@dataclasses.dataclass(frozen=True)
class Extremes:
    """Largest and last sample, of signals that are made while they are read."""

    given: list[type] = dataclasses.field(default_factory=list)
    reads_pieces = True

    def prepare(self, weights: Path | None, device: str) -> Callable[[Any], Mapping[str, Any]]:
        def network(batch: Any) -> Mapping[str, Any]:
            self.given.append(type(batch[0]))
            y = stretch(batch[0], 0, len(batch[0])).numpy()
            return {"all": np.array([[y.max(), y[-1], len(y), y[: len(y) // 4].max()]], np.float32)}

        return network


@pytest.mark.parametrize(
    "window", [Window.whole(), Window.whole(max_seconds=100.0), Window.sliding(1.0, 0.5)]
)
def test_copies_of_a_long_clip_are_made_while_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, window: Window
) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(
        path, np.random.default_rng(0).uniform(-0.2, 0.2, 35 * SR).astype(np.float32), SR, subtype="FLOAT"
    )
    backbone: Any = Mean() if window.kind == "sliding" else Extremes()
    ready = prepared(backbone, window, normalizer=LoudnessStack(), whole_clip=True)
    (at_once,) = outcomes_of([job(path, duration=35.0)], ready)
    monkeypatch.setattr(loading, "STREAM_SECONDS", 30.0)
    (in_pieces,) = outcomes_of([job(path, duration=35.0)], ready)
    assert at_once.features is not None
    assert in_pieces.features is not None
    for name, values in at_once.features.items():
        np.testing.assert_array_equal(in_pieces.features[name], values)
    if isinstance(backbone, Extremes):
        assert backbone.given[-1] is Streamed


def test_loudness_is_measured_for_a_normalizer_that_needs_it(tmp_path: Path) -> None:
    @dataclasses.dataclass(frozen=True)
    class Told:
        def __call__(self, y: Any, *, sample_rate: int, levels: Any) -> Any:
            return np.full_like(y, levels.lufs)

    path = tmp_path / "tone.wav"
    soundfile.write(path, 0.1 * np.sin(2 * np.pi * 997 * np.arange(3 * SR) / SR), SR, subtype="FLOAT")
    needing = prepared(Mean(), Window.whole(), normalizer=Told(), needs=("lufs",))
    (outcome,) = outcomes_of([job(path, levels=Levels(0.1, 0.07))], needing)
    assert outcome.features is not None
    np.testing.assert_allclose(outcome.features["mean"], [-23.0], atol=0.2)


def test_a_batch_that_does_not_fit_into_the_memory_of_a_gpu_is_halved(files: list[Path]) -> None:
    import torch

    seen: list[int] = []

    @dataclasses.dataclass(frozen=True)
    class Small:
        def prepare(self, weights: Path | None, device: str) -> Callable[[Any], Mapping[str, Any]]:
            def network(x: Any) -> Mapping[str, Any]:
                seen.append(len(x))
                if len(x) > 1:
                    raise torch.cuda.OutOfMemoryError("no room")
                return {"mean": x.mean(dim=1, keepdim=True).numpy()}

            return network

    outcomes = outcomes_of([job(p) for p in files[:4]], prepared(Small(), Window.fixed(1.0)))
    assert [outcome.reason for outcome in outcomes] == 4 * [Reason.NONE]
    assert seen == [4, 2, 1, 1, 1, 1]
