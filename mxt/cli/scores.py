"""How scores are printed: a few lines a view, a table for several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mxt.cli import console
from mxt.core.errors import listed
from mxt.evaluation.left_out import LeftOut, Why
from mxt.evaluation.metrics import METRICS, metric_words
from mxt.results.request import LARGEST_SVM

if TYPE_CHECKING:
    from mxt.evaluation.assess import Assessment, ClassResult, Difference
    from mxt.results.records import DatasetResult, Evaluated, ViewResult

WEAKEST = 3
NAMED = 4
GRID_CELL = 27
WIDE = 100  # characters of a terminal from which on tables have what can be done without


def render(result: Evaluated, *, details: bool = False) -> None:
    """Print an evaluation."""
    for each in result.datasets:
        if len(each.views) == 1:
            _render_one(each)
        else:
            _render_several(each)
        if details:
            _details(each)
        _render_left_out(each.left_out)
        for line in _cautions(each):
            console.say(f"careful: {line}")
        saved = [view.result_id for view in each.views if view.result_id]
        if saved:
            others = f", and {len(saved) - 1} of the other views (mxt ls)" if len(saved) > 1 else ""
            console.say(f"saved: {each.views[each.best].result_id or saved[0]}{others}")
    if len({each.dataset for each in result.datasets}) > 1:
        _render_grid(result.datasets)
    _render_protocols(result.datasets)
    for remark in result.remarks:
        console.say(remark)


def headline(each: DatasetResult) -> str:
    """What was evaluated and how, with what was chosen for the user."""
    views = each.views[0].view if len(each.views) == 1 else f"{len(each.views)} views"
    words = [each.dataset, views]
    if each.several_targets:
        words.append(f"target {each.target}")
    side = "up to" if each.head == "svm" else "above"
    words.append(f"{each.head} (default {side} {LARGEST_SVM:,} clips)" if each.head_was_chosen else each.head)
    return " · ".join([*words, each.folds, f"{each.clips:,} clips"])


def runs_text(found: Assessment) -> str:
    """Every run's score, and their standard deviation."""
    import numpy as np

    return f"runs: {' '.join(f'{score:.3f}' for score in found.per_fold)}, deviation {np.std(found.per_fold, ddof=1):.3f}"


def _taken_for(gap: Difference | None, noise: float) -> str:
    """What a protocol's authors would say of a difference."""
    return "" if gap is None else "as chance" if gap.below(noise) else "as a difference"


def _render_one(each: DatasetResult) -> None:
    view = each.views[0]
    found = view.assessment
    first = found.first
    console.say(headline(each))
    chance = "" if each.task == "regression" else f"   chance {found.baselines['chance']:.3f}"
    console.say(f"{metric_words(first.name)} {first.value:.3f}  (95 %: {first.interval.bounds}){chance}")
    if each.runs > 1:
        console.say(runs_text(found))
    shown = [score for score in found.scores[1:] if _is_shown(score.name, found)]
    if shown:
        words = [f"{metric_words(score.name)} {score.interval}" for score in shown]
        if each.task == "classification":
            words.append(f"always the largest class {found.baselines['majority']:.3f}")
        console.say(" · ".join(words))
    if line := _weakest(found.classes):
        console.say(line)


def _render_several(each: DatasetResult) -> None:
    console.say(headline(each))
    best = each.views[each.best]
    scores = [name for name in best.assessment.names if _is_shown(name, best.assessment)]
    main = scores[0]
    columns = [
        "view",
        f"{metric_words(main)} (95 %)",
        *(metric_words(name) for name in scores[1:]),
        "to the best (95 %)",
        "p",
    ]
    columns += [f"under {100 * each.noise:g} points"] if each.noise else []
    rows: list[list[object]] = []
    for view in each.views:
        found, gap = view.assessment, view.difference
        cells = [gap.interval.signed, f"{gap.p:.4f}"] if gap else ["best", ""]
        more = [f"{found.score(name).value:.3f}" for name in scores[1:]]
        cells += [_taken_for(gap, each.noise)] if each.noise else []
        rows.append([view.view, found.first.interval, *more, *cells])
    if console.width() >= WIDE:
        columns, rows = (
            [*columns, "columns"],
            [[*row, view.columns] for row, view in zip(rows, each.views, strict=True)],
        )
    console.table("", columns, rows)
    base = best.assessment.baselines
    known = (("chance", base["chance"]), ("always the largest class", base.get("majority")))
    words = [f"{name} {value:.3f}" for name, value in known if value]
    if words:
        console.say(" · ".join(words))
    _render_clear(each)
    if each.runs > 1:
        for view in each.views:
            console.say(f"{view.view} {runs_text(view.assessment)}")
    if line := _weakest(best.assessment.classes):
        console.say(f"{best.view} {line}")


def _render_clear(each: DatasetResult) -> None:
    best = each.views[each.best].view
    gaps = [(view.view, view.difference) for view in each.views if view.difference is not None]
    clear = [name for name, gap in gaps if gap.clear]
    unclear = [name for name, gap in gaps if not gap.clear]
    if clear:
        console.say(f"clearly below {best}: {', '.join(clear)}")
    if unclear:
        console.say(f"not clearly different from {best}: {', '.join(unclear)}")


def _render_protocols(results: Sequence[DatasetResult]) -> None:
    """Each view under every protocol and head, and the difference to the first."""
    what, ways = _ways(results)
    names = list(dict.fromkeys(ways))
    if len(names) < 2:
        return
    found = {
        (each.dataset, view.view, way): view.assessment.first
        for each, way in zip(results, ways, strict=True)
        for view in each.views
    }
    called = {metric_words(score.name) for score in found.values()}
    rows: list[list[object]] = []
    for dataset, view in dict.fromkeys((dataset, view) for dataset, view, _ in found):
        scores = {name: found[dataset, view, name] for name in names if (dataset, view, name) in found}
        for place, (name, score) in enumerate(scores.items()):
            block = ["", ""] if place else [dataset, view]  # named once
            word = f"{metric_words(score.name)} " if len(called) > 1 else ""
            gap = f"{score.value - scores[names[0]].value:+.3f}" if place and names[0] in scores else None
            rows.append([*block, name, f"{word}{score.interval}", gap])
    heading = f"{called.pop() if len(called) == 1 else 'score'} (95 %)"
    console.table(f"by {what}", ["data set", "view", "", heading, "to first"], rows)


def _render_grid(results: Sequence[DatasetResult]) -> None:
    """Data sets by views, the best of each marked, and those that are not clearly below it; where it is narrow without intervals."""
    views = list(dict.fromkeys(view.view for each in results for view in each.views))
    rows = []
    what, ways = _ways(results)
    wide = console.width() >= GRID_CELL * (len(views) + 1)
    for each, way in zip(results, ways, strict=True):
        found = {view.view: _grid_cell(view, interval=wide) for view in each.views}
        rows.append(
            [
                each.dataset,
                *([way] if what else []),
                metric_words(each.views[0].assessment.main),
                *(found.get(view) for view in views),
            ]
        )
    console.say()
    console.table("", ["data set", *([what] if what else []), "score", *views], rows)
    if len(views) > 1:
        console.say("* the best of its data set   ~ not clearly below it")


def _grid_cell(view: ViewResult, *, interval: bool) -> str:
    first, gap = view.assessment.first, view.difference
    mark = " *" if gap is None else "" if gap.clear else " ~"
    return (str(first.interval) if interval else f"{first.value:.3f}") + mark


def _ways(results: Sequence[DatasetResult]) -> tuple[str, list[str]]:
    """What evaluations of one data set differ in, empty where there is one, and each one's way."""
    protocols = len({each.protocol for each in results}) > 1
    heads = len({(each.dataset, each.protocol, each.head) for each in results}) > len(
        {(each.dataset, each.protocol) for each in results}
    )
    what = " and ".join([*(["protocol"] if protocols else []), *(["head"] if heads else [])])
    return what, [
        ", ".join([*([each.protocol] if protocols else []), *([each.head] if heads else [])])
        for each in results
    ]


def _render_left_out(left_out: Sequence[LeftOut]) -> None:
    for each in left_out:
        names = listed(each.names, NAMED)
        count = f" {each.count:,}" if each.count else ""
        console.say(f"left out{count}: {each.words}{f': {names}' if names else ''}")


def _details(each: DatasetResult) -> None:
    view = each.views[each.best]
    classes = view.assessment.classes
    if not classes:
        return
    console.table(
        "",
        [
            "class" if each.task == "classification" else "label",
            "clips",
            f"{metric_words(classes[0].first.name)} (95 %)",
            *(metric_words(score.name) for score in classes[0].scores[1:]),
        ],
        [
            [one.name, one.clips, one.first.interval, *(score.value for score in one.scores[1:])]
            for one in classes
        ],
    )
    if view.assessment.confusion is not None:
        rows = [[c.name, *counts] for c, counts in zip(classes, view.assessment.confusion, strict=True)]
        console.table(
            f"confusion of {view.view} (rows: true, columns: predicted)",
            ["", *(c.name for c in classes)],
            rows,
        )


def _weakest(classes: Sequence[ClassResult]) -> str:
    """The classes that are recognised least, and as what."""
    tested = [one for one in classes if one.clips and one.confused_with]
    words = []
    for one in sorted(tested, key=lambda one: one.first.value)[:WEAKEST]:
        confused = ", ".join(f"as {name} {count}" for name, count in one.confused_with[:2])
        words.append(f"{one.name} {one.first.value:.2f} ({confused})")
    return f"weakest: {', '.join(words)}" if words else ""


def _cautions(each: DatasetResult) -> list[str]:
    """Those about the clips, then those of views, which are named where not all have them."""
    lines = list(each.cautions)
    views = {
        line: [view.view for view in each.views if line in view.cautions]
        for view in each.views
        for line in view.cautions
    }
    lines += [
        line if len(named) == len(each.views) else f"{', '.join(named)}: {line}"
        for line, named in views.items()
    ]
    if any(left.why is Why.NOT_EXTRACTED for left in each.left_out):
        lines.append("some clips are not extracted yet: extract again, then evaluate again")
    return lines


def _is_shown(name: str, found: Assessment) -> bool:
    """Whether a score says something beside the main one."""
    return _unequal(found) or not (name in METRICS and METRICS[name].for_unequal)


def _unequal(found: Assessment) -> bool:
    import numpy as np

    from mxt.evaluation.assess import are_unequal

    return are_unequal(np.array([each.clips for each in found.classes]))


def next_command(result: Evaluated) -> str:
    """The command that usually comes after an evaluation; empty where none does."""
    last = result.datasets[-1]
    best = last.views[last.best]
    if len(last.views) == 1 and len(result.datasets) == 1:
        if last.others:
            return f"mxt eval --features {best.view} --features {last.others[0]}   (compare)"
        if not best.view.startswith("mfcc"):
            return "mxt extract --backbone mfcc   (then mxt eval compares the two)"
    return f"mxt info {best.result_id}" if best.result_id else ""
