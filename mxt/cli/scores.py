"""How scores are printed: a few lines for one view, a table for several."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mxt.cli import console
from mxt.cli.details import render_details
from mxt.cli.score_tables import render_grid, render_ways
from mxt.core.commands import typed
from mxt.core.errors import listed
from mxt.evaluation.left_out import LeftOut, Why
from mxt.evaluation.metrics import metric_words
from mxt.results.audit_words import leaks
from mxt.results.request import LARGEST_SVM

if TYPE_CHECKING:
    from mxt.evaluation.assess import Assessment, ClassResult
    from mxt.evaluation.comparison import Difference
    from mxt.results.records import DatasetResult, Evaluated, ViewResult

WEAKEST = 3
NAMED = 4
SMALL = (Why.SMALL_CLASSES, Why.SINGLE_CLASSES)
WIDE = 100  # characters of a terminal from which on tables have what can be done without


def render(evaluated: Evaluated, *, details: bool = False) -> None:
    """Print an evaluation."""
    for result in evaluated.datasets:
        if len(result.views) == 1:
            _render_one(result)
        else:
            _render_several(result)
        if details:
            _details(result)
        render_left_out(result.left_out)
        for line in _cautions(result):
            console.say(f"careful: {line}")
        _render_unheard(result.views[result.best])
        saved = [view.result_id for view in result.views if view.result_id]
        if saved:
            others = f", and {len(saved) - 1} of the other views (mxt ls)" if len(saved) > 1 else ""
            console.say(f"saved: {result.views[result.best].result_id or saved[0]}{others}")
    if len({result.dataset for result in evaluated.datasets}) > 1:
        render_grid(evaluated.datasets)
    render_ways(evaluated.datasets)
    for remark in evaluated.remarks:
        console.say(remark)


def headline(result: DatasetResult) -> str:
    """What was evaluated and how, with what was chosen for the user."""
    views = result.views[0].view if len(result.views) == 1 else f"{len(result.views)} views"
    words = [result.dataset, views]
    if result.several_targets:
        words.append(f"target {result.target}")
    side = "up to" if result.head == "svm" else "above"
    words.append(
        f"{result.head} (default {side} {LARGEST_SVM:,} clips)" if result.head_was_chosen else result.head
    )
    return " · ".join([*words, result.folds, *_taking_part(result)])


def _taking_part(result: DatasetResult) -> list[str]:
    """Clips that take part; where classes are too small for it, of how many, and how many classes."""
    small = next((left for left in result.left_out if left.why in SMALL), None)
    if small is None:
        return [f"{result.clips:,} clips"]
    classes = f"{result.classes:,} of {result.classes + len(small.names):,} classes"
    return [f"only {result.clips:,} of {result.clips + small.count:,} clips", classes]


def runs_text(result: DatasetResult, assessment: Assessment) -> str:
    """Every repetition's score, and their standard deviation."""
    import numpy as np

    scores = " ".join(f"{score:.3f}" for score in assessment.per_run)
    word = "repeats" if result.request.repeats > 1 else "runs"
    return f"{word}: {scores}, standard deviation {np.std(assessment.per_run, ddof=1):.3f}"


def _taken_for(gap: Difference | None, noise: float) -> str:
    """What a protocol's authors would say of a difference."""
    return "" if gap is None else "as chance" if gap.below(noise) else "as a difference"


def _render_one(result: DatasetResult) -> None:
    view = result.views[0]
    assessment = view.assessment
    first = assessment.first
    console.say(headline(result))
    chance = "" if result.task == "regression" else f"   chance {assessment.baselines['chance']:.3f}"
    console.say(
        f"{metric_words(first.name)} {first.value:.3f}  (95 %: {first.interval.bounds}){chance}"
        + "".join(f"   {words}" for words in _without_listening(view))
    )
    if result.runs > 1:
        console.say(runs_text(result, assessment))
    if more := assessment.telling[1:]:
        words = [f"{metric_words(score.name)} {score.interval}" for score in more]
        if result.task == "classification" and assessment.unequal:
            words.append(f"always the largest class {assessment.baselines['majority']:.3f}")
        console.say(" · ".join(words))
    if line := _weakest(assessment.classes, result.runs):
        console.say(line)


def _without_listening(view: ViewResult) -> list[str]:
    """Scores of what is known of the clips beside their sound, where they are above chance."""
    scores = [] if view.audit is None else view.audit.metadata
    return [f"{one.what} alone {one.score.value:.3f}" for one in scores if leaks(one)]


def _render_several(result: DatasetResult) -> None:
    console.say(headline(result))
    best = result.views[result.best]
    scores = [score.name for score in best.assessment.telling]
    main = scores[0]
    columns = [
        "view",
        f"{metric_words(main)} (95 %)",
        *(metric_words(name) for name in scores[1:]),
        "to the best (95 %)",
        "p",
    ]
    columns += [f"under {100 * result.noise:g} points"] if result.noise else []
    rows: list[list[object]] = []
    for view in result.views:
        assessment, gap = view.assessment, view.difference
        cells = [gap.interval.signed, f"{gap.p:.4f}"] if gap else ["best", ""]
        more = [f"{assessment.score(name).value:.3f}" for name in scores[1:]]
        cells += [_taken_for(gap, result.noise)] if result.noise else []
        rows.append([view.view, assessment.first.interval, *more, *cells])
    if console.width() >= WIDE:
        columns, rows = (
            [*columns, "columns"],
            [[*row, view.columns] for row, view in zip(rows, result.views, strict=True)],
        )
    console.table("", columns, rows)
    base = best.assessment.baselines
    known = (("chance", base["chance"]), ("always the largest class", base.get("majority")))
    words = [f"{name} {value:.3f}" for name, value in known if value]
    words += _without_listening(best)
    if words:
        console.say(" · ".join(words))
    _render_clear(result)
    if result.runs > 1:
        for view in result.views:
            console.say(f"{view.view} {runs_text(result, view.assessment)}")
    if line := _weakest(best.assessment.classes, result.runs):
        console.say(f"{best.view} {line}")


def _render_clear(result: DatasetResult) -> None:
    best = result.views[result.best].view
    gaps = [(view.view, view.difference) for view in result.views if view.difference is not None]
    clear = [name for name, gap in gaps if gap.clear]
    unclear = [name for name, gap in gaps if not gap.clear]
    if clear:
        console.say(f"clearly below {best}: {', '.join(clear)}")
    if unclear:
        console.say(f"not clearly different from {best}: {', '.join(unclear)}")
    if result.detectable < math.inf:
        console.say(f"{_sample_size(result)}: differences below {_size(result)} cannot be told apart here")


def _sample_size(result: DatasetResult) -> str:
    """How many clips the comparison rests on, and in how many groups."""
    assessment = result.views[result.best].assessment
    groups = f" in {assessment.units:,} groups" if assessment.method.unit == "group" else ""
    return f"{result.clips:,} clips{groups}"


def _size(result: DatasetResult) -> str:
    """The smallest difference that would be clear, of a share in points."""
    if result.task == "classification":
        return f"{100 * result.detectable:.{0 if result.detectable >= 0.0095 else 1}f} points"
    return f"{result.detectable:.{2 if result.detectable >= 0.0095 else 3}f}"


def render_left_out(left_out: Sequence[LeftOut]) -> None:
    """Print which clips and classes take no part, a line for each reason."""
    for left in left_out:
        names = listed(left.names, NAMED)
        count = f" {left.count:,}" if left.count else ""
        console.say(f"left out{count}: {left.words}{f': {names}' if names else ''}")
        if left.why is Why.SMALL_CLASSES and left.of == "groups":
            console.say(
                "  classes of two groups take part with --folds leave-one-group-out, or with fewer folds: "
                "--set folds=2"
            )


def _render_unheard(view: ViewResult) -> None:
    """Say that recordings were not compared by their sound, where that would have taken long."""
    if view.audit is not None and view.audit.unheard:
        console.say(
            f"copies were looked for in the features only; to compare the sound of the recordings "
            f"({console.seconds_text(view.audit.unheard)} to be read once), add --strict"
        )


def _details(result: DatasetResult) -> None:
    view = result.views[result.best]
    others = [score for score in view.assessment.scores if score not in view.assessment.telling]
    if others:
        console.say(" · ".join(f"{metric_words(score.name)} {score.interval}" for score in others))
    gaps = [(one.view, one.difference) for one in result.views if one.difference is not None]
    tested = [f"{name} {gap.corrected_p:.4f}" for name, gap in gaps if gap.corrected_p is not None]
    if tested:
        console.say(f"p against {view.view} by the corrected resampled t-test: {', '.join(tested)}")
    render_details(result.task, view)


def _weakest(classes: Sequence[ClassResult], runs: int) -> str:
    """The classes that are recognised least, and as what, by the mean count of all repetitions."""
    tested = [one for one in classes if one.clips and one.confused_with]
    words = []
    for one in sorted(tested, key=lambda one: one.first.value)[:WEAKEST]:
        confused = ", ".join(f"as {name} {count / runs:g}" for name, count in one.confused_with[:2])
        words.append(f"{one.name} {one.first.value:.2f} ({confused})")
    return f"weakest: {', '.join(words)}" if words else ""


def _cautions(result: DatasetResult) -> list[str]:
    """Those about the clips, those of views, named where not all have them, and the best view's audit."""
    lines = list(result.cautions)
    views = {
        line: [view.view for view in result.views if line in view.cautions]
        for view in result.views
        for line in view.cautions
    }
    lines += [
        line if len(named) == len(result.views) else f"{', '.join(named)}: {line}"
        for line, named in views.items()
    ]
    lines += result.views[result.best].complaints
    if any(left.why is Why.NOT_EXTRACTED for left in result.left_out):
        lines.append("some clips are not extracted yet: rerun mxt extract, then mxt eval")
    return lines


def next_command(evaluated: Evaluated) -> str:
    """The command that usually comes after an evaluation; empty where none does."""
    result = evaluated.datasets[-1]
    best = result.views[result.best]
    if len(result.views) == 1 and len(evaluated.datasets) == 1:
        if result.others:
            return f"mxt eval --features {best.view} --features {result.others[0]}   (compare)"
        if not best.view.startswith("mfcc"):
            return "mxt extract --backbone mfcc   (then mxt eval compares the two)"
    if not best.result_id:
        return ""
    return f"{typed('report', options=[('--dataset', result.dataset)])}   (see and hear where it errs)"
