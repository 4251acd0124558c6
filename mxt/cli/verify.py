"""`mxt verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import console
from mxt.cli.option_groups import StoreOptions
from mxt.cli.options import QuietOption
from mxt.store.verify_findings import Finding, Problem, Repair

if TYPE_CHECKING:
    from mxt.store.verify import VerifyReport

SHOWN = 50
AGAIN = "no feature is computed again"
WORDS = {
    Problem.NOT_READABLE: "not readable ({})",
    Problem.NOT_AS_WRITTEN: "not what was written",
    Problem.WRONG_LENGTH: "{} rows, not {}",
    Problem.TABLE_LOST: "not what was written, and neither is its copy: the table cannot be read; "
    "remove it (mxt rm) and extract again",
    Problem.KEYS_MISSING: "keys are missing",
    Problem.WRONG_KEYS: "keys of other rows",
    Problem.KEYS_DIFFER: "keys differ from their copy, and nothing tells which are right",
    Problem.KEYS_LOST: "keys are lost, and so is their copy",
    Problem.CUT_SHORT: "open, though their values were written: a run was cut short, or the chunk is missing",
    Problem.NOT_SEALED: "rows are not bound to their places, as in all tables of earlier versions: "
    "a chunk in a wrong place would not be noticed",
    Problem.SEALS_MISSING: "seals are missing",
    Problem.WRONG_SEALS: "seals do not belong to the clips of these rows",
    Problem.NO_REASON: "failed without a reason",
    Problem.NO_VALUES: "done, but without values",
    Problem.WRONG_VALUES: "not what was written for the clips of these rows",
    Problem.CATALOGUE_MISSING: f"missing; ingest again: {AGAIN}",
    Problem.CATALOGUE_EMPTY: f"empty; ingest again: {AGAIN}",
    Problem.CATALOGUE_BROKEN: "{}; move it away and ingest again: " + AGAIN,
    Problem.DATASET_CHANGED: "data set {} is not what was written ({}); ingest or derive it again: " + AGAIN,
    Problem.DATASETS_GONE: "data sets are gone ({}); move it away and ingest again: " + AGAIN,
    Problem.DAMAGED: "{}",
    Problem.NOT_REACHABLE: "{}",
}
REPAIRS = {
    Repair.RESTORED: "restored",
    Repair.OPENED: "its rows are opened again",
    Repair.NEW_ROWS: "computed again as new rows",
    Repair.WRITTEN_BACK: "written back",
    Repair.SEALED: "bound to their places",
}


def verify(
    *,
    at: StoreOptions,
    repair: Annotated[
        bool, typer.Option("--repair", help="Repair what can be repaired; open lost rows again.")
    ] = False,
    quiet: QuietOption = False,
) -> None:
    """Read everything in the store and name what is damaged.

    With --repair, damage is restored from copies and checksums where possible; other rows are opened, and the
    next extract computes just those. Exits with code 1 if damage remains.
    """
    from mxt.cli.progress import shown_progress
    from mxt.workflows.verify import verify as work

    with shown_progress(quiet or at.as_json) as progress:
        report = work(at.store, repair=repair, progress=progress)
    repairable = not repair and any(finding.repair for finding in report.findings)
    at.answer(report, render, plain=to_json, next="mxt verify --repair" if repairable else "")
    if not report.sound:
        raise typer.Exit(1)


def to_json(report: VerifyReport) -> dict[str, object]:
    """A report as plain values."""
    return {
        "sound": report.sound,
        "tables": [
            {**console.plain(table), "findings": [_plain(finding) for finding in table.findings]}
            for table in report.tables
        ],
        "others": [_plain(finding) for finding in report.others],
        "results": report.results,
        "repaired": report.repaired,
        "seconds": report.seconds,
    }


def _plain(finding: Finding) -> dict[str, object]:
    return {
        "place": finding.where,
        "part": finding.part,
        "kind": console.plain(finding.problem),
        "what": _what(finding),
        "first": finding.first,
        "last": finding.last,
        "damage": finding.damage,
        "repair": REPAIRS[finding.repair] if finding.repair else "",
        "reachable": finding.reachable,
    }


def render(report: VerifyReport) -> None:
    """Print what was read, what is damaged, and what was repaired."""
    rows, chunks = sum(table.rows for table in report.tables), sum(table.chunks for table in report.tables)
    nbytes = console.size_text(sum(table.nbytes for table in report.tables))
    console.say(
        f"read {len(report.tables)} feature tables ({rows:,} rows, {chunks:,} chunks, {nbytes}) "
        f"and {report.results} results in {report.seconds:.1f} s"
    )
    for finding in report.findings[:SHOWN]:
        console.say(_line(finding, repaired=report.repaired))
    if len(report.findings) > SHOWN:
        console.say(f"… and {len(report.findings) - SHOWN:,} more (--json lists all)")
    damaged = [finding for finding in report.findings if finding.damage]
    if not damaged and all(finding.reachable for finding in report.findings):
        console.say("nothing is damaged")
    opened = [table for table in report.tables if table.opened]
    for table in opened:
        console.say(
            f"{table.label}: {table.opened:,} rows are computed again by the next mxt extract "
            f"(mxt info {table.label} shows the command)"
        )
    if report.repaired and damaged and report.sound and not opened:
        console.say("everything is restored; nothing has to be computed again")


def _line(finding: Finding, *, repaired: bool) -> str:
    word = "damaged" if finding.damage else "note" if finding.reachable else "not read"
    rows = "" if finding.first is None else f" rows {finding.first} to {finding.last}"
    if finding.first is not None and finding.first == finding.last:
        rows = f" row {finding.first}"
    part = f" {finding.part}{rows}:" if finding.part else ""
    repair = f" [{'' if repaired else '--repair: '}{REPAIRS[finding.repair]}]" if finding.repair else ""
    return f"{word}: {finding.where}:{part} {_what(finding)}{repair}"


def _what(finding: Finding) -> str:
    """What is wrong, in words."""
    details = [str(detail) for detail in finding.details]
    if finding.problem is Problem.CATALOGUE_BROKEN:
        details = ["; ".join(details)]
    if finding.problem is Problem.DATASET_CHANGED:
        details = [details[0], ", ".join(details[1:])]
    return WORDS[finding.problem].format(*details)
