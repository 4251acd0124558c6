"""`mxt compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import completion, console
from mxt.cli.option_groups import StoreOptions
from mxt.core.text import plural

if TYPE_CHECKING:
    from mxt.workflows.compare import Comparison

SHOWN = 10


def compare(
    *,
    first: Annotated[
        str, typer.Argument(metavar="RESULT", help="A result.", autocompletion=completion.results)
    ],
    second: Annotated[
        str, typer.Argument(metavar="RESULT", help="Another result.", autocompletion=completion.results)
    ],
    at: StoreOptions,
) -> None:
    """Compare two results on the clips that they have in common, also of other days, folds and data sets.

    RESULT is an id, a part of it that is its own, or "last". The difference is paired: both are scored on the
    same clips.
    """
    from mxt.workflows.compare import CompareRequest
    from mxt.workflows.compare import compare as work

    at.answer(work(at.store, CompareRequest(first, second)), render)


def render(comparison: Comparison) -> None:
    """Print what differs, by how much, and where."""
    from mxt.cli.ls import what_differs
    from mxt.evaluation.metrics import metric_words

    first, second = comparison.first, comparison.second
    console.say(f"{comparison.clips:,} clips in common, of {first.clips:,} and {second.clips:,}")
    one, other = comparison.scores
    metric = metric_words(one.name)
    rows: list[list[object]] = [["result", first.id, second.id]]
    rows += [[name or "kind", *cells] for name, cells in what_differs((first, second), always=()).items()]
    rows.append([f"{metric} (95 %)", one.interval, other.interval])
    console.table("", ["", "first", "second"], rows)
    difference = comparison.difference
    side = "higher" if difference.value > 0 else "lower"
    verdict = f"clearly {side}" if difference.clear else "not clearly different"
    console.say(f"second - first: {metric} {difference.interval.signed}, p {difference.p:.4f}: {verdict}")
    _render_clips(comparison)
    _render_classes(comparison)
    for line in _cautions(comparison):
        console.say(f"careful: {line}")


def _render_clips(comparison: Comparison) -> None:
    if comparison.both or comparison.neither or comparison.only_first or comparison.only_second:
        console.say(
            f"right in both {comparison.both:,}, only in the first {len(comparison.only_first):,}, "
            f"only in the second {len(comparison.only_second):,}, in neither {comparison.neither:,}"
        )


def _render_classes(comparison: Comparison) -> None:
    """The classes that differ most."""
    from mxt.evaluation.metrics import METRICS, metric_words

    classes = [one for one in comparison.classes if one.gap][:SHOWN]
    if not classes:
        return
    counted = METRICS[comparison.scores[0].name].task == "classification"
    rows: list[list[object]] = []
    for one in classes:
        only = [one.only_first, one.only_second] if counted else []
        rows.append([one.name, one.clips, one.first.value, one.second.value, f"{one.gap:+.3f}", *only])
    metric = metric_words(classes[0].first.name)
    columns = ["class" if counted else "label", "clips", f"{metric}, first", "second", "second - first"]
    columns += ["right only in the first", "only in the second"] if counted else []
    most = f" (the {SHOWN} of {len(comparison.classes)} that differ most)"
    title = f"{columns[0]} by {columns[0]}{most if len(comparison.classes) > SHOWN else ''}"
    console.table(title, columns, rows)


def _cautions(comparison: Comparison) -> list[str]:
    lines = []
    if comparison.relabelled:
        lines.append(f"{plural(comparison.relabelled, 'clip')} with another label in each: not counted")
    if not comparison.same_folds:
        lines.append("the folds are not the same: part of the difference may come from how they were drawn")
    lines += [f"{one.id}: {one.stale}" for one in (comparison.first, comparison.second) if one.stale]
    return lines
