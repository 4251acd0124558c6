"""What a report takes from predictions: which clips, in which order, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest

from mxt.evaluation.tasks import Targets
from mxt.results import answers
from mxt.results.answers import ByClip, choose_shown, ranking_loss
from mxt.results.predictions import Predictions


def by_clip(task="classification", *, clips, y, predicted, **more):
    targets = Targets("label", task, np.array(y), ("a", "b", "c"))
    n = len(clips)
    return ByClip(
        Predictions(
            tuple(clips), targets, np.array(predicted), ("1",) * n, np.zeros(n, int), np.arange(n), **more
        )
    )


def test_the_worst_come_first_wrong_before_unsure():
    p = np.array([[0.9, 0.1, 0], [0.4, 0.6, 0], [0.5, 0.3, 0.2], [0.05, 0.9, 0.05]], np.float32)
    one = by_clip(
        clips=["sure", "wrong", "unsure", "worst"], y=[0, 0, 0, 0], predicted=[0, 1, 0, 1], probabilities=p
    )
    told = one.answers(frozenset(one.clips))
    assert told.clips == ("worst", "wrong", "unsure", "sure")
    assert told.true == ((0,),) * 4
    assert told.predicted[0] == ((1, 1.0),)


def test_runs_of_a_clip_are_told_together():
    one = by_clip(clips=["x", "y", "x", "y", "x"], y=[0, 1, 0, 1, 0], predicted=[0, 1, 2, 1, 0])
    told = one.answers(frozenset({"x"}))
    assert told.clips == ("x",)
    assert told.predicted == (((0, pytest.approx(2 / 3)), (2, pytest.approx(1 / 3))),)
    assert told.tested == 2


def test_of_numbers_the_largest_errors_come_first():
    one = by_clip("regression", clips=["x", "y"], y=[1.0, 2.0], predicted=[1.1, 5.0])
    assert one.answers(frozenset({"x", "y"})).predicted == (5.0, 1.1)
    assert one.calibration() is None


def test_labels_that_are_ranked_the_wrong_way_round_are_worst():
    y = np.array([[True, False, False], [True, True, False]])
    assert ranking_loss(y, np.array([[0.1, 0.5, 0.3], [2.0, 1.0, -3.0]])).tolist() == [1.0, 0.0]
    one = by_clip(
        "multilabel",
        clips=["x", "y"],
        y=y,
        predicted=y,
        scores=np.array([[2, 1, 0], [0, 1, 2.0]], np.float32),
    )
    assert one.answers(frozenset({"x", "y"})).clips == ("y", "x")


def test_of_many_clips_the_worst_and_some_at_random_are_shown_and_only_those_are_mapped(monkeypatch):
    monkeypatch.setattr(answers, "WORST", 4)
    monkeypatch.setattr(answers, "DRAWN", 6)
    wrong = np.arange(50) % 10 == 3
    one = by_clip(clips=[f"{i:02}" for i in range(50)], y=np.zeros(50, int), predicted=wrong.astype(int))
    shown = choose_shown([one])
    assert len(shown.mapped) == 6
    assert shown.mapped < shown.clips
    assert {"03", "13", "23", "33"} <= shown.clips
    assert len(shown.clips) <= 10
    assert choose_shown([one]) == shown
