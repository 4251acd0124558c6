"""`mxt reproduce shtern2017`: its plan, and its answer as lines and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mxt.cli import console
from mxt.core.errors import listed
from mxt.papers.shtern2017.subjects import Kind
from mxt.papers.shtern2017.tasks import Column

if TYPE_CHECKING:
    from mxt.core.stages import Evaluation
    from mxt.evaluation.comparison import Difference
    from mxt.papers.shtern2017.records import Cell, Network, Plan, Row, ShternReproduction

HEADINGS = {
    Column.NETWORK: "network",
    Column.NETWORK_PEAK: "normalised",
    Column.MARSYAS: "marsyas",
    Column.MARSYAS_PEAK: "normalised",
    Column.COLOUR: "sox's colours",
    Column.STACK: "loudness stack",
}
FEW_TESTED = 50
PAPERS_SPLIT = (10.0, 10.0)  # percent that validate and test
TITLES = {
    Kind.WHOLE: "Table 2 · accuracy",
    Kind.SHORT: "an eighth of each clip (of full songs: seconds 30 to 60)",
    Kind.SUBSET: "Table 3 · Ballroom, its larger dances",
    Kind.LOUDNESS: "classes of loudness",
}


def to_json(result: ShternReproduction) -> dict[str, Any]:
    """A reproduction as plain values."""
    from mxt.cli.findings_shtern2017 import says

    plan = result.plan
    return {
        "network": result.network,
        "protocol": {"hash_percent": result.protocol.hash_percent, "runs": result.protocol.runs},
        "plan": {
            "missing": plan.missing,
            "seconds": plan.seconds,
            "disk_bytes": plan.disk_bytes,
            "disk_free": plan.disk_free,
            "pieces": plan.pieces,
        },
        "dry_run": result.dry_run,
        "computed": result.computed,
        "evaluated": result.evaluated,
        "rows": [_row_to_json(row) for row in result.rows],
        "findings": [
            {
                "name": finding.name,
                "says": says(finding),
                "source": finding.source,
                "holds": finding.holds,
                "undecided": finding.undecided,
                "numbers": finding,
            }
            for finding in result.findings
        ],
        "unscored": dict(result.unscored or {}),
        "absent": result.absent,
    }


def _row_to_json(row: Row) -> dict[str, Any]:
    return {
        "dataset": row.subject.dataset,
        "task": row.subject.task.name,
        "kind": row.subject.kind,
        "clips": row.clips,
        "classes": row.classes,
        "cells": list(row.cells.values()),
        "network_gain": row.network_gain,
        "marsyas_gain": row.marsyas_gain,
        "loudness": row.loudness,
        "loudness_alone": row.alone,
        "baseline": row.baseline,
    }


def plan_lines(plan: Plan) -> list[str]:
    """What is missing, in lines."""
    if not plan.missing:
        return ["nothing is missing: all features are in the store"]
    lacking: dict[str, list[str]] = {}
    for piece in plan.pieces:
        if piece.missing:
            words = f"{piece.column.value} {piece.missing:,} of {piece.clips:,}"
            lacking.setdefault(piece.dataset, []).append(words)
    return [
        *(f"missing of {dataset}: {' · '.join(words)}" for dataset, words in lacking.items()),
        f"to extract: {plan.missing:,} features · about {console.seconds_text(plan.seconds)}, evaluation not "
        f"counted · {console.size_text(plan.disk_bytes)} on disk of {console.size_text(plan.disk_free)} free",
    ]


def render(result: ShternReproduction) -> None:
    """Print the plan of a dry run, or the paper's tables and the findings."""
    console.say(network_line(result.network))
    if result.dry_run:
        for line in plan_lines(result.plan):
            console.say(line)
        _say_absent(result)
        return
    console.say(
        f"protocol shtern2017: {_split(result.protocol)}, {result.protocol.runs} runs; "
        "network: softmax layer, marsyas: random forest"
    )
    for kind in Kind:
        rows = [row for row in result.rows if row.subject.kind is kind]
        if rows:
            console.say()
            _table(kind, rows)
    _render_gains(result.rows)
    _render_loudness(result.rows)
    console.say()
    for dataset, why in (result.unscored or {}).items():
        console.say(f"not evaluated: {dataset}: {why}")
    _say_few_tested(result)
    _say_absent(result)
    _render_findings(result)


def network_line(network: Network) -> str:
    """The network, and why this one."""
    words = [f"network: {network.label}"]
    if network.chosen:
        words.append(f"{'the best' if network.weights else 'random: none'} with weights on this machine")
    if not network.is_papers:
        words.append("the paper's is inception_v3:tf2015 (mxt weights fetch inception_v3:tf2015)")
    return " · ".join(words)


def _split(protocol: Evaluation) -> str:
    """How clips are split, and how the paper did it, if that is another way."""
    valid, test = protocol.hash_percent
    words = f"{100 - valid - test:g}/{valid:g}/{test:g} by SHA-1 of the file names"
    return words if protocol.hash_percent == PAPERS_SPLIT else f"{words} (the paper: 80/10/10)"


def _say_few_tested(result: ShternReproduction) -> None:
    few = [
        f"{row.subject.dataset} ({_tested(row)})"
        for row in result.rows
        if row.subject.kind is Kind.WHOLE and _tested(row) < FEW_TESTED
    ]
    if few:
        words = f"careful: few clips are tested, so little can be decided: {listed(few)}"
        more = result.protocol.hash_percent == PAPERS_SPLIT
        console.say(f"{words}; --set test=40 tests more than the paper's 10 %" if more else words)


def _say_absent(result: ShternReproduction) -> None:
    if result.absent:
        console.say(f"not in the store: {listed(result.absent)}")


def _table(kind: Kind, rows: list[Row]) -> None:
    """The cells of one kind of data set; where a number was published, it stands behind a slash."""
    columns = [column for column in Column if any(column in row.cells for row in rows)]
    body = [
        [
            _name(row),
            row.clips,
            row.classes,
            _tested(row),
            *(_cell(row.cells.get(column)) for column in columns),
        ]
        for row in rows
    ]
    headings = ["data set", "clips", "classes", "tested", *(HEADINGS[column] for column in columns)]
    published = any(cell.published is not None for row in rows for cell in row.cells.values())
    console.table(f"{TITLES[kind]}{' / published' if published else ''}", headings, body)


def _name(row: Row) -> str:
    subject = row.subject
    return f"{subject.dataset} ({subject.task.words})" if subject.kind is Kind.WHOLE else subject.dataset


def _tested(row: Row) -> int:
    return next(iter(row.cells.values())).clips


def _cell(cell: Cell | None) -> str | None:
    if cell is None:
        return None
    return str(cell.score) if cell.published is None else f"{cell.score} / {cell.published:.3f}"


def _render_gains(rows: tuple[Row, ...]) -> None:
    whole = [row for row in rows if row.network_gain or row.marsyas_gain]
    body = [
        [
            row.subject.dataset,
            *_gain(row.network_gain),
            *_gain(row.marsyas_gain),
            None if row.alone is None else str(row.alone),
            row.baseline or None,
        ]
        for row in whole
    ]
    if body:
        console.say()
        columns = ["data set", "network", "p", "marsyas", "p", "loudness alone", "largest class"]
        console.table("change by normalising (paired), and accuracy of loudness alone", columns, body)


def _gain(gain: Difference | None) -> tuple[str | None, str | None]:
    return (None, None) if gain is None else (gain.interval.signed, f"{gain.p:.2g}")


def _render_loudness(rows: tuple[Row, ...]) -> None:
    body = [
        [row.subject.dataset, one.name, one.clips, f"{one.rms.mean:.3f} ± {one.rms.deviation:.3f}"]
        for row in rows
        for one in row.loudness
    ]
    if body:
        console.say()
        title = "Table 4 · RMS of each class (1.0 is full scale), mean and standard deviation"
        console.table(title, ["data set", "class", "clips", "RMS"], body)


def _render_findings(result: ShternReproduction) -> None:
    """Print each statement with its source, and below it what every data set says of it."""
    from mxt.cli.findings_shtern2017 import says, verdict

    console.say("findings, recomputed from this store")
    statements = dict.fromkeys((finding.name, finding.source) for finding in result.findings)
    for name, source in statements:
        console.say(f"- {name} ({source})")
        for finding in result.findings:
            if finding.name == name:
                console.say(f"  {verdict(finding)}: {says(finding)}")
    console.say(f"computed now: {result.computed:,} features, {result.evaluated:,} scores")
