"""How the check of bundles on a labelled data set is printed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mxt.cli import console
from mxt.cli.fit import expected_text
from mxt.core.errors import listed
from mxt.evaluation.metrics import metric_words

if TYPE_CHECKING:
    from mxt.workflows.check import Checked, Share


def render_checks(checks: Sequence[Checked]) -> None:
    """Print what was promised and what was found, and how often no label would be given."""
    for checked in checks:
        model = checked.model
        console.say(f"{model.name} on {checked.dataset} · target {checked.target} · {checked.clips:,} clips")
        console.say(f"promised {expected_text(model)}")
        if checked.scores:
            _scores(checked)
        if checked.foreign.of:
            console.say(
                f"none of these: {_share(checked.foreign)} of the clips of classes that it does not know "
                f"({listed(checked.foreign_classes, 4)})"
            )
        _left_out(checked)


def _scores(checked: Checked) -> None:
    first = checked.scores[0]
    verdict = "within the promised interval" if checked.kept else "outside the promised interval"
    score = f"{metric_words(first.name)} {first.value:.3f}"
    console.say(f"found    {score}  (95 %: {first.interval.bounds}), {verdict}")
    if checked.calibration is not None:
        _reliability(checked)
    console.say(f"none of these: {_share(checked.abstained)} of these clips")


def _reliability(checked: Checked) -> None:
    assert checked.calibration is not None
    console.say(
        f"Brier score {checked.calibration.brier:.3f}, at fitting {checked.model.held_out.brier_after:.3f}"
    )
    bins = checked.calibration.bins
    rows = [[f"{one.low:.1f} to {one.high:.1f}", one.clips, one.probability, one.right] for one in bins]
    console.table("", ["probability", "clips", "mean probability", "share right"], rows)


def _left_out(checked: Checked) -> None:
    for count, words in (
        (checked.learnt, "it learnt from them"),
        (checked.unlabelled, f"without {checked.target}"),
        (checked.unusable, "cannot be used"),
    ):
        if count:
            console.say(f"left out {count:,}: {words}")


def _share(share: Share) -> str:
    return f"{share.count:,} of {share.of:,} ({100 * share.count / max(share.of, 1):.0f} %)"


def checked_plain(checks: Sequence[Checked]) -> list[dict[str, Any]]:
    """Checks as JSON."""
    return [
        {
            "model": checked.model.name,
            "dataset": checked.dataset,
            "target": checked.target,
            "clips": checked.clips,
            "promised": {score.name: score.interval.to_plain() for score in checked.model.scores},
            "scores": {score.name: score.interval.to_plain() for score in checked.scores},
            "within": checked.kept,
            "calibration": checked.calibration,
            "abstained": checked.abstained,
            "foreign": checked.foreign,
            "foreign_classes": checked.foreign_classes,
            "left_out": {
                "learnt": checked.learnt,
                "unlabelled": checked.unlabelled,
                "unusable": checked.unusable,
            },
        }
        for checked in checks
    ]
