"""What the findings of the second paper make of numbers, and how columns are compared."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mxt.cli.findings_shtern2017 import WHY, says, verdict
from mxt.core.errors import UsageError
from mxt.evaluation.comparison import Difference
from mxt.evaluation.interval import Interval
from mxt.papers.shtern2017.chords import PIECES, VERSIONS, play, timing_and_timbre
from mxt.papers.shtern2017.columns import choose_columns
from mxt.papers.shtern2017.compare import Arrays, paired, paired_changes, rank_correlation
from mxt.papers.shtern2017.findings import (
    Finding,
    LengthRobust,
    LoudnessIsSeen,
    LoudnessStack,
    Point,
    PublishedCells,
    SoxColour,
    TimingAndTimbre,
    Undecided,
)
from mxt.papers.shtern2017.from_rows import normalising_and_loudness
from mxt.papers.shtern2017.records import Network, ShternRequest
from mxt.papers.shtern2017.tasks import BALLROOM_SIZES, TASKS, Column, dances_above, published
from mxt.registry import Registry


def gain(value: float, half: float, p: float = 0.001) -> Difference:
    return Difference(Interval(value, value - half, value + half), p)


def robust(network: float, marsyas: float, half: float) -> LengthRobust:
    contrast = Interval(network - marsyas, network - marsyas - half, network - marsyas + half)
    return LengthRobust("songs", 30.0, gain(network, half), gain(marsyas, half), contrast)


VERDICTS: tuple[tuple[Finding, bool | None, Undecided | None], ...] = (
    (PublishedCells(4, 4, {}), True, None),
    (PublishedCells(3, 4, {"ballroom, network": 0.1}), False, None),
    (PublishedCells(0, 0, {}), None, Undecided.NO_DATA),
    (LoudnessIsSeen("b", 5, Interval(0.35, 0.3, 0.4), 0.2, 0.352), True, None),
    (LoudnessIsSeen("b", 5, Interval(0.2, 0.19, 0.21), 0.2, None), False, None),
    (LoudnessIsSeen("b", 5, Interval(0.3, 0.1, 0.5), 0.2, None), None, Undecided.UNCLEAR),
    (LoudnessStack("b", gain(0.046, 0.01), 0.046), True, None),
    (LoudnessStack("b", gain(0.0, 0.01, 0.9)), False, None),
    (LoudnessStack("b", gain(0.046, 0.1, 0.4)), None, Undecided.UNCLEAR),
    (LoudnessStack(""), None, Undecided.NO_DATA),
    (robust(-0.004, -0.113, 0.02), True, None),
    (robust(-0.15, -0.113, 0.02), False, None),
    (robust(-0.004, -0.02, 0.1), None, Undecided.UNCLEAR),
    (LengthRobust("", 0.0), None, Undecided.NO_DATA),
    (SoxColour("b", gain(0.001, 0.01, 0.9)), True, None),
    (SoxColour("b", gain(0.08, 0.03)), False, None),
    (SoxColour("b", gain(0.01, 0.05, 0.6)), None, Undecided.UNCLEAR),
    (SoxColour(""), None, Undecided.NO_DATA),
    (SoxColour("", offered=False), None, Undecided.NO_COLOUR),
    (TimingAndTimbre("net", 6, Interval(0.5, 0.4, 0.6)), True, None),
    (TimingAndTimbre("net", 6, Interval(1.5, 1.2, 1.8)), False, None),
    (TimingAndTimbre("net", 6, Interval(1.0, 0.8, 1.2)), None, Undecided.UNCLEAR),
)


@pytest.mark.parametrize(("finding", "holds", "undecided"), VERDICTS)
def test_a_finding_holds_or_does_not_or_is_undecided_for_a_reason(
    finding: Finding, holds: bool | None, undecided: Undecided | None
) -> None:
    assert (finding.holds, finding.undecided) == (holds, undecided)
    assert says(finding)
    assert verdict(finding).startswith({True: "holds", False: "does not hold", None: "undecided ("}[holds])


def test_every_reason_has_words() -> None:
    assert set(WHY) == set(Undecided)


def points(gains: list[float], told: list[float]) -> list[Point]:
    return [
        Point(f"set{n}", gain(g, 0.01), Interval(t, t - 0.02, t + 0.02), 0.25)
        for n, (g, t) in enumerate(zip(gains, told, strict=True))
    ]


TOLD = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]


def test_normalising_hurts_where_loudness_tells_classes_apart() -> None:
    finding = normalising_and_loudness(points([0.1, 0.07, 0.03, 0.0, -0.05, -0.1, -0.2], TOLD))
    assert finding.holds is True
    assert finding.rho is not None
    assert finding.rho.value == pytest.approx(-1.0)
    assert finding.p < 0.01


def test_the_opposite_does_not_hold_and_no_order_is_undecided() -> None:
    rising = normalising_and_loudness(points([-0.2, -0.1, -0.05, 0.0, 0.03, 0.07, 0.1], TOLD))
    assert rising.holds is False
    mixed = normalising_and_loudness(points([0.0, 0.1, -0.1, 0.05, -0.05, 0.12, -0.02], TOLD))
    assert (mixed.holds, mixed.undecided) == (None, Undecided.UNCLEAR)


def test_four_data_sets_are_too_few() -> None:
    finding = normalising_and_loudness(points([0.1, 0.0, -0.1, -0.2], TOLD[:4]))
    assert (finding.holds, finding.rho, finding.undecided) == (None, None, Undecided.FEW_DATASETS)
    assert "set0 +0.100" in says(finding)


def test_what_loudness_tells_counts_from_guessing_to_perfect() -> None:
    (point,) = points([0.0], [0.625])
    assert point.told.value == pytest.approx(0.5)


def test_data_sets_with_wide_intervals_widen_that_of_the_correlation() -> None:
    x = [Interval(float(n), float(n), float(n)) for n in range(7)]
    sharp = [Interval(-float(n), -float(n), -float(n)) for n in range(7)]
    blurred = [Interval(one.value, one.value - 6, one.value + 6) for one in sharp]
    (first, _), (second, _) = rank_correlation(x, sharp), rank_correlation(x, blurred)
    assert first.value == second.value == pytest.approx(-1.0)
    assert second.high - second.low > first.high - first.low


def predictions(right: list[bool], *, suffix: str = "", runs: int = 2) -> Arrays:
    """Of clips of two classes; the same in each run."""
    n = len(right)
    truth = np.arange(n) % 2
    predicted = np.where(right, truth, 1 - truth)
    return {
        "clip": np.tile([f"{number}.wav{suffix}" for number in range(n)], runs),
        "fold": np.repeat([f"run {run + 1}" for run in range(runs)], n),
        "y_true": np.tile(truth, runs),
        "y_predicted": np.tile(predicted, runs),
        "unit": np.tile(np.arange(n), runs),
        "classes": np.array(["a", "b"]),
    }


def test_columns_are_compared_clip_by_clip() -> None:
    better, worse = [True] * 40, [True] * 20 + [False] * 20
    difference = paired(predictions(better), predictions(worse))
    assert difference is not None
    assert difference.value == pytest.approx(0.5)
    assert difference.clear
    same = paired(predictions(worse), predictions(worse))
    assert same is not None
    assert same.value == 0
    assert -0.1 < same.interval.low < -0.05, "40 clips do not exclude what none of them shows"


def test_a_few_clips_without_any_difference_decide_nothing() -> None:
    same = paired(predictions([True] * 4), predictions([True] * 4))
    assert SoxColour("b", same).undecided is Undecided.UNCLEAR


def test_excerpts_are_compared_with_the_clips_they_come_from() -> None:
    whole, part = predictions([True] * 10), predictions([True] * 8 + [False] * 2, suffix="#1-2")
    assert paired(part, whole) is None
    difference = paired(part, whole, key=lambda clip: clip.partition("#")[0])
    assert difference is not None
    assert difference.value == pytest.approx(-0.2)


def test_changes_are_compared_on_the_same_clips() -> None:
    good, bad = predictions([True] * 30), predictions([True] * 15 + [False] * 15)
    contrast = paired_changes((good, good), (bad, good), key=str)
    assert contrast is not None
    assert contrast.value == pytest.approx(0.5)
    assert contrast.low > 0.2


def test_the_published_tables_belong_to_the_papers_data_sets() -> None:
    assert set(published()["table_2"]) == set(TASKS)
    assert set(published()["table_3"]) == {str(len(dances_above(size))) for size in BALLROOM_SIZES}
    assert TASKS["ballroom"].is_whole(13, 4000)
    assert not TASKS["ballroom"].is_whole(13, 400)
    assert not TASKS["genre"].is_whole(10, 2000)


def test_chords_are_the_same_every_time_and_differ_by_one_thing() -> None:
    assert len(VERSIONS) == 4 * PIECES
    first, other_metre, other_instrument = VERSIONS[0], VERSIONS[2], VERSIONS[1]
    assert (first.metre, first.instrument) == (3, "guitar")
    assert np.array_equal(play(first), play(first))
    assert len(play(first)) == len(play(other_metre)) == len(play(other_instrument))
    assert not np.allclose(play(first), play(other_metre))


def test_features_that_ignore_the_metre_tell_timing_less() -> None:
    rng = np.random.default_rng(0)
    of_instrument = {"guitar": rng.normal(size=8), "piano": rng.normal(size=8)}
    deaf = {
        version: np.float32(of_instrument[version.instrument] + 0.1 * rng.normal(size=8))
        for version in VERSIONS
    }
    assert timing_and_timbre("deaf", deaf).holds is True
    of_metre = {3: rng.normal(size=8), 4: rng.normal(size=8)}
    counting = {
        version: np.float32(of_metre[version.metre] + 0.1 * rng.normal(size=8)) for version in VERSIONS
    }
    assert timing_and_timbre("counting", counting).holds is False


def test_settings_go_to_the_stage_they_belong_to(registry: Registry) -> None:
    request = ShternRequest(network="inception_v3", settings=("random=3", "steps=10", "trees=7", "runs=2"))
    columns = choose_columns(request, registry)
    assert columns.network == Network("inception_v3", "", ("random=3",))
    assert columns.settings == {
        "shtern2017": ("shtern2017.runs=2",),
        "linear": ("linear.steps=10",),
        "forest": ("forest.trees=7",),
    }
    assert columns.requests[Column.COLOUR].settings == ("inception_v3.random=3", "renderer=sox")
    assert columns.requests[Column.MARSYAS].settings == ()


def test_a_request_is_kept_as_json_and_typed_as_a_command() -> None:
    request = ShternRequest(
        (("genre", "gtzan"),), "net", "w", Path("own.pth"), ("runs=1",), "cpu", plugins=(Path("net.py"),)
    )
    assert ShternRequest.from_plain(json.loads(json.dumps(request.to_plain()))) == request
    assert request.command() == (
        "mxt reproduce shtern2017 --as genre=gtzan --network net --weights w --weights-file own.pth "
        "--set runs=1 --plugin net.py --device cpu"
    )


def test_without_any_weights_the_network_is_random_and_said_to_be(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MXT_WEIGHTS_DIR", str(tmp_path))
    network = choose_columns(ShternRequest(), registry).network
    assert (network.backbone, network.weights, network.chosen) == ("inception_v3", "", True)
    with pytest.raises(UsageError, match="--network"):
        choose_columns(ShternRequest(weights="imagenet"), registry)
