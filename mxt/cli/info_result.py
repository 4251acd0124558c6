"""How `mxt info` shows a result, and lines that it shares with the rest of `mxt info`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mxt.cli import console

if TYPE_CHECKING:
    from mxt.results.records import DatasetResult
    from mxt.results.search_record import SearchResult
    from mxt.workflows.info import ResultInfo


def render_result(answer: ResultInfo) -> None:
    """Print a result."""
    from mxt.cli.details import render_details
    from mxt.evaluation.metrics import metric_words
    from mxt.results.records import DatasetResult

    entry, result = answer.entry, answer.result
    console.say(f"result {entry.id} · {entry.dataset} · {entry.view} · {entry.head} · {entry.protocol}")
    if entry.stale:
        console.say(f"careful: {entry.stale}")
    for name, score in entry.scores.items():
        bounds = f"  (95 %: {score.bounds})" if score.low == score.low else ""
        if score.value == score.value:
            console.say(f"{metric_words(name)} {score.value:.3f}{bounds}")
    if isinstance(result, DatasetResult):
        render_details(result.task, result.views[result.best])
    for line in tree(_result_facts(answer)):
        console.say(line)
    for caution in result.all_cautions:
        console.say(f"careful: {caution}")
    say_commands(answer.commands)


def _result_facts(answer: ResultInfo) -> dict[str, Any]:
    """What is known of a result beside its scores, under the words that people have for it."""
    from mxt.results.search_record import SearchResult

    result, rests_on = answer.result, answer.result.provenance
    own = _search_facts(result) if isinstance(result, SearchResult) else _evaluation_facts(result)
    return {
        "created": rests_on.created,
        "target": f"{result.target} ({result.task})",
        "folds": result.folds,
        "groups": result.grouping,
        "clips": f"{result.clips:,}",
        "left out": [f"{left.count:,} {left.words}" for left in result.left_out],
        **own,
        f"head {result.head}": dict(result.stage.get("params") or {}),
        "seed": result.request.seed,
        "fingerprints": dict(rests_on.fingerprints),
        "versions": dict(rests_on.versions),
    }


def _evaluation_facts(result: DatasetResult) -> dict[str, Any]:
    view = result.views[result.best]
    assessment, method = view.assessment, view.assessment.method
    unit = f" over {method.unit}s" if method.unit else ""
    return {
        "independent units": f"{assessment.units:,}",
        "intervals": f"{100 * method.level:g} %, {method.name}{unit}",
        "baselines": {name: f"{value:.3f}" for name, value in assessment.baselines.items()},
        "compared with": [one.view for one in result.compared if one.view != view.view],
    }


def _search_facts(result: SearchResult) -> dict[str, Any]:
    best = result.rows[result.best]
    return {
        "best in hindsight": f"{best.name} {best.score}",
        "choosing costs": result.cost.signed,
        "chosen": [f"{name} {count}" for name, count in Counter(result.chosen).most_common()],
    }


def say_commands(commands: Sequence[str]) -> None:
    """Print the commands that make something again."""
    if commands:
        console.say("to make it again:")
        for command in commands:
            console.say(f"  {command}")


def tree(values: Mapping[str, Any], indent: int = 1) -> list[str]:
    """Nested values as indented lines; lists of plain values on one line."""
    lines = []
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            lines += ["  " * indent + name, *tree(value, indent + 1)]
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            lines += ["  " * indent + f"{name}: {len(value)}"]
        elif value not in (None, "", [], {}):
            items = value if isinstance(value, list) else [value]
            text = ", ".join(
                " ".join(map(str, item)) if isinstance(item, list) else str(item) for item in items
            )
            lines.append("  " * indent + f"{name}: {text}")
    return lines
