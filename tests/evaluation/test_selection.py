from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from mxt.core.errors import EvaluationError, UsageError
from mxt.core.records import ClipRecord, Task
from mxt.core.stages import Evaluation
from mxt.evaluation.columns import Groups
from mxt.evaluation.metrics import pooled
from mxt.evaluation.selection import Selection, select
from mxt.evaluation.statistics import Judged, interval, resample

MakeClip = Callable[..., ClipRecord]
TASKS: tuple[Task, ...] = ("classification", "multilabel", "regression")


def choose(
    clips: list[ClipRecord],
    *,
    groups: Groups | None = None,
    folds: Mapping[str, str] | None = None,
    leave_one_out: bool = False,
    repeats: int = 1,
    **changes: Any,
) -> Selection:
    evaluation = Evaluation(**changes)
    return select(
        clips,
        column="genre",
        task=None,
        is_target=True,
        groups=groups,
        folds=folds,
        leave_one_out=leave_one_out,
        choices=dict.fromkeys(TASKS, evaluation),
        seed=0,
        repeats=repeats,
    )


@pytest.fixture
def clips(make_clip: MakeClip) -> list[ClipRecord]:
    return [
        make_clip(f"{genre}{i:02}.wav", targets={"genre": genre})
        for i in range(12)
        for genre in ("pop", "rock")
    ]


def why(selection: Selection) -> dict[str, tuple[int, tuple[str, ...]]]:
    return {each.words: (each.count, each.names) for each in selection.left_out}


def test_unlabelled_clips_are_left_out_and_counted(clips: list[ClipRecord], make_clip: MakeClip) -> None:
    selection = choose(
        [*clips, make_clip("x.wav", targets={"genre": None}), make_clip("y.wav", targets={"genre": ""})]
    )
    assert why(selection) == {"without genre": (2, ("x.wav", "y.wav"))}
    assert len(selection.clips) == 24


def test_one_recording_under_two_labels_is_left_out_and_named(
    clips: list[ClipRecord], make_clip: MakeClip
) -> None:
    twice = [
        make_clip("metal.00058.wav", "same", targets={"genre": "pop"}),
        make_clip("rock.00016.wav", "same", targets={"genre": "rock"}),
    ]
    assert why(choose([*clips, *twice])) == {
        "the same audio under another genre": (2, ("metal.00058.wav", "rock.00016.wav"))
    }


def test_copies_with_one_label_are_counted_and_stay(clips: list[ClipRecord], make_clip: MakeClip) -> None:
    selection = choose([*clips, make_clip("copy.wav", "pop00.wav", targets={"genre": "pop"})])
    assert (selection.copies, len(selection.clips)) == (1, 25)


def test_a_small_class_means_fewer_folds(clips: list[ClipRecord], make_clip: MakeClip) -> None:
    selection = choose([*clips, *(make_clip(f"jazz{i}.wav", targets={"genre": "jazz"}) for i in range(4))])
    assert len(selection.plan.folds) == 4
    assert selection.plan.remarks == ("only 4 folds, not 10: the smallest class has 4 clips",)


def test_a_class_too_small_for_three_folds_is_left_out_by_name(
    clips: list[ClipRecord], make_clip: MakeClip
) -> None:
    selection = choose([*clips, *(make_clip(f"jazz{i}.wav", targets={"genre": "jazz"}) for i in range(2))])
    assert why(selection) == {"classes of fewer than 3 clips": (2, ("jazz (2)",))}
    assert selection.sample.targets.classes == ("pop", "rock")


def test_a_class_in_two_groups_only_is_left_out_however_many_clips_it_has(
    clips: list[ClipRecord], make_clip: MakeClip
) -> None:
    jazz = [make_clip(f"jazz{i}.wav", targets={"genre": "jazz"}) for i in range(20)]
    groups = Groups((*(clip.id for clip in clips), *("ab"[i % 2] for i in range(20))), "by artist")
    assert why(choose([*clips, *jazz], groups=groups)) == {
        "classes of fewer than 3 groups": (20, ("jazz (2)",))
    }


def test_leave_one_group_out_tests_each_group_by_itself_and_keeps_classes_of_two(
    clips: list[ClipRecord], make_clip: MakeClip
) -> None:
    more = [make_clip(f"jazz{i}.wav", targets={"genre": "jazz"}) for i in range(6)]
    lone = [make_clip(f"folk{i}.wav", targets={"genre": "folk"}) for i in range(3)]
    names = [f"g{i % 4}" for i in range(len(clips))] + ["x", "y"] * 3 + ["z"] * 3
    selection = choose([*clips, *more, *lone], groups=Groups(tuple(names), "by artist"), leave_one_out=True)
    assert [fold.name for fold in selection.plan.folds] == ["g0", "g1", "g2", "g3", "x", "y"]
    assert selection.plan.words == "leave-one-group-out, 6 groups"
    assert why(selection) == {"classes of fewer than 2 groups": (3, ("folk (1)",))}
    assert selection.plan.remarks == ()


def test_leave_one_group_out_needs_groups(clips: list[ClipRecord]) -> None:
    with pytest.raises(EvaluationError, match="name them with --group-by"):
        choose(clips, leave_one_out=True)


def test_years_and_words_name_folds_without_an_alarm(clips: list[ClipRecord]) -> None:
    names = ["2015", "2018", "autumn", "²"]
    folds = {clip.id: names[i % 4] for i, clip in enumerate(clips)}
    selection = choose(clips, folds=folds)
    assert [fold.name for fold in selection.plan.folds] == names
    assert not any("missing" in remark for remark in selection.plan.remarks)


def test_a_fold_of_the_table_that_holds_no_clip_is_told(clips: list[ClipRecord]) -> None:
    folds = {clip.id: str(1 + i % 3) for i, clip in enumerate(clips)}
    selection = choose(clips, folds={**folds, "elsewhere.wav": "4"})
    assert selection.plan.remarks == ("given folds without a clip here: 4",)


def test_small_labels_are_left_out_but_their_clips_stay(make_clip: MakeClip) -> None:
    clips = [
        make_clip(f"{i}.wav", targets={"genre": ("a",) if i % 2 else ("b", "rare") if i < 3 else ("b",)})
        for i in range(20)
    ]
    selection = choose(clips)
    assert selection.sample.targets.classes == ("a", "b")
    assert (len(selection.clips), selection.left_out[0].names) == (20, ("rare (2)",))


def test_the_data_sets_own_folds_come_before_its_split(make_clip: MakeClip) -> None:
    clips = [
        make_clip(f"{i}.wav", targets={"genre": "ab"[i % 2]}, fold=str(i % 4), split=("train", "test")[i % 2])
        for i in range(16)
    ]
    assert choose(clips).plan.kind == "given folds"
    assert choose(clips, outer="split").plan.kind == "given split"
    assert choose(clips, outer="kfold").plan.kind == "stratified"


def test_a_file_of_folds_comes_before_all_and_clips_it_lacks_are_left_out(clips: list[ClipRecord]) -> None:
    selection = choose(clips, folds={clip.id: str(i % 3) for i, clip in enumerate(clips[:-2])})
    assert (selection.plan.kind, why(selection)["without a given fold"][0]) == ("given folds", 2)


def test_a_file_of_folds_for_other_clips_is_refused(clips: list[ClipRecord]) -> None:
    with pytest.raises(EvaluationError, match=r"clips here look like 'pop00\.wav'"):
        choose(clips, folds={"elsewhere.wav": "1"})


def test_a_split_that_is_asked_for_has_to_be_there(clips: list[ClipRecord]) -> None:
    with pytest.raises(EvaluationError, match="no split"):
        choose(clips, outer="split")


def test_one_class_cannot_be_told_from_anything(make_clip: MakeClip) -> None:
    with pytest.raises(EvaluationError, match="two classes of 'genre'"):
        choose([make_clip(f"{i}.wav", targets={"genre": "pop"}) for i in range(10)])


def test_groups_that_are_the_classes_leave_nothing_to_evaluate(clips: list[ClipRecord]) -> None:
    with pytest.raises(EvaluationError, match="Another --target, or another --group-by"):
        choose(clips, groups=Groups(tuple(clip.targets["genre"] for clip in clips), "by genre"))  # type: ignore[arg-type]


def test_no_labels_at_all_is_said(make_clip: MakeClip) -> None:
    with pytest.raises(EvaluationError, match="no clip has a 'genre'"):
        choose([make_clip("a.wav")])


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_everything_in_one_group_is_said_with_the_group_and_where_it_comes_from(
    make_clip: MakeClip, task: Task
) -> None:
    clips = [
        make_clip(f"{i}.wav", targets={"genre": "ab"[i % 2] if task == "classification" else i / 2})
        for i in range(12)
    ]
    groups = Groups(("x",) * 12, "by (.).wav")
    with pytest.raises(
        EvaluationError,
        match=r"^all 12 clips are in one group, 'x' \(by \(\.\)\.wav\), .* choose another --group-by",
    ):
        choose(clips, groups=groups)
    assert len(choose(clips, groups=groups, folds={clip.id: clip.id[0] for clip in clips}).clips) == 12


def test_too_few_groups_are_counted_where_classes_do_not_reach_into_three(clips: list[ClipRecord]) -> None:
    groups = Groups(tuple("xy"[i % 2] for i in range(24)), "by site")
    with pytest.raises(
        EvaluationError, match=r"at least 3 groups \(there are 2, by site\) each are needed; left: none\."
    ):
        choose(clips, groups=groups)


@pytest.mark.parametrize("unit", [1e307, 1e16, 1e-17, 1e-300])
def test_numbers_whose_squares_cannot_be_computed_with_are_said_so(make_clip: MakeClip, unit: float) -> None:
    clips = [make_clip(f"{i:02}.wav", targets={"genre": (i - 5) * unit}) for i in range(12)]
    with pytest.raises(
        EvaluationError,
        match=r"values of 'genre' reach .*e.*; choose a unit in which they lie between 1e-15 and 1e\+15",
    ):
        choose(clips)


@pytest.mark.parametrize("unit", [1e14, 1.0, 1e-15])
def test_scores_of_numbers_do_not_depend_on_their_unit(make_clip: MakeClip, unit: float) -> None:
    clips = [make_clip(f"{i:02}.wav", targets={"genre": (i - 5) * unit}) for i in range(12)]
    y = choose(clips).sample.targets.y
    scores = pooled("regression", y, y * 0.5, n_classes=0)
    samples = resample(Judged("regression", y, y * 0.5, np.arange(12), n_classes=0), seed=0)
    assert scores["r2"] == pytest.approx(0.744, abs=0.001)
    found = interval(0.0, samples.scores["r2"], 1_000_000)
    assert (found.low, found.high) == pytest.approx((0.703, 0.787), abs=0.001)


def test_each_repeat_tests_every_clip_once_in_folds_of_its_own(clips: list[ClipRecord]) -> None:
    plan = choose(clips, folds=None, repeats=3, inner_folds=2).plan
    assert (plan.runs, plan.words) == (3, "10-fold, stratified, 3 repeats")
    assert plan.folds[10].name == "1, repeat 2"
    divisions = []
    for run in range(3):
        folds = [fold for fold in plan.folds if fold.run == run]
        np.testing.assert_array_equal(np.sort(np.concatenate([fold.test for fold in folds])), np.arange(24))
        assert all(len(fold.inner) == 2 for fold in folds)
        divisions.append({frozenset(fold.test.tolist()) for fold in folds})
    assert divisions[0] != divisions[1] != divisions[2]
    assert divisions[0] == {frozenset(fold.test.tolist()) for fold in choose(clips).plan.folds}


def test_groups_stay_together_in_every_repeat(clips: list[ClipRecord]) -> None:
    artists = tuple(str(i // 4) for i in range(24))
    for fold in choose(clips, groups=Groups(artists, "by artist"), repeats=4).plan.folds:
        assert not {artists[i] for i in fold.learn} & {artists[i] for i in fold.test}


@pytest.mark.parametrize(
    ("given", "changes", "advice"),
    [
        (True, {}, r"here they are fixed \(3 given folds\): leave it out$"),
        (False, {"shuffle": False, "keep_together": False}, r"in catalogue order\): leave it out$"),
    ],
)
def test_folds_that_are_not_drawn_cannot_be_repeated(
    clips: list[ClipRecord], given: bool, changes: dict[str, Any], advice: str
) -> None:
    folds = {clip.id: str(i % 3) for i, clip in enumerate(clips)} if given else None
    with pytest.raises(UsageError, match=advice):
        choose(clips, folds=folds, repeats=2, **changes)


def test_folds_of_the_data_set_can_be_drawn_instead_to_be_repeated(make_clip: MakeClip) -> None:
    clips = [
        make_clip(f"{i}.wav", targets={"genre": ["pop", "rock"][i % 2]}, fold=str(i % 4)) for i in range(24)
    ]
    with pytest.raises(
        UsageError, match=r"4 given folds\): leave it out, or draw folds with --set outer=kfold"
    ):
        choose(clips, repeats=2)
    assert choose(clips, repeats=2, outer="kfold").plan.runs == 2
