from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from mxt.core.records import ClipRecord
from mxt.core.stages import Evaluation
from mxt.evaluation.assess import assess
from mxt.evaluation.metadata import metadata_of, predicted_from
from mxt.evaluation.selection import select

CHOICES: Any = dict.fromkeys(("classification", "regression", "multilabel"), Evaluation(folds=3))
MakeClip = Callable[..., ClipRecord]


def clips_of(make_clip: MakeClip, **measured: Any) -> list[ClipRecord]:
    """Sixty clips of two classes in turn; `measured` gives values of the second class."""
    clips = []
    for i in range(60):
        clip = make_clip(f"{i:02}.wav", targets={"y": "ab"[i % 2]})
        assert clip.file.measurement is not None
        own = measured if i % 2 else {}
        clips.append(
            replace(clip, file=replace(clip.file, measurement=replace(clip.file.measurement, **own)))
        )
    return clips


def score(clips: list[ClipRecord], what: str) -> float:
    selection = select(
        clips, column="y", task=None, is_target=True, groups=None, folds=None, choices=CHOICES, seed=0
    )
    values = metadata_of(selection.clips, ["ab"[i % 2] for i in range(60)])[what]
    return assess(selection, predicted_from(values, selection), seed=0).first.value


def test_a_class_with_a_sample_rate_of_its_own_is_told_by_it(make_clip: MakeClip) -> None:
    assert score(clips_of(make_clip, sample_rate=44100), "sample rate") == 1.0


def test_a_class_that_is_louder_is_told_by_loudness(make_clip: MakeClip) -> None:
    assert score(clips_of(make_clip, rms=0.2), "loudness") == 1.0


def test_what_is_equal_for_all_clips_is_left_out(make_clip: MakeClip) -> None:
    assert set(metadata_of(clips_of(make_clip), ["no"] * 60)) == {"file order"}


def test_the_order_of_files_whose_paths_name_the_classes_is_left_out(make_clip: MakeClip) -> None:
    clips = [make_clip(f"{label}/{i}.wav") for label in ("jazz", "rock") for i in range(5)]
    assert metadata_of(clips, ["jazz"] * 5 + ["rock"] * 5) == {}


def test_an_order_that_follows_the_classes_tells_them(make_clip: MakeClip) -> None:
    clips = [make_clip(f"{i:02}.wav", targets={"y": "ab"[i >= 30]}) for i in range(60)]
    selection = select(
        clips, column="y", task=None, is_target=True, groups=None, folds=None, choices=CHOICES, seed=0
    )
    values = metadata_of(selection.clips, ["one", "two"] * 30)["file order"]
    assert np.array_equal(values[:, 0], np.arange(60))
    assert assess(selection, predicted_from(values, selection), seed=0).first.value > 0.95
