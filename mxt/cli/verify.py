"""`mxt verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli.options import DEFAULT_STORE, JsonOption, QuietOption, StoreOption

if TYPE_CHECKING:
    from mxt.store.verify import VerifyReport

SHOWN = 50


def verify(
    store: StoreOption = DEFAULT_STORE,
    repair: Annotated[
        bool, typer.Option("--repair", help="Put right what can be; rows that are lost are opened again.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Read everything in the store and name what is damaged.

    With --repair, what other arrays tell is restored, and rows whose values are lost are opened: the next
    extract computes just those. Exit code 1 where damage remains.
    """
    from mxt.cli import console
    from mxt.cli.progress import shown_progress
    from mxt.workflows.verify import verify as run

    with shown_progress(quiet or as_json) as progress:
        report = run(store, repair=repair, progress=progress)
    if as_json:
        console.emit_json(to_json(report))
    else:
        render(report)
    if not report.sound:
        raise typer.Exit(1)


def to_json(report: VerifyReport) -> dict[str, object]:
    """A report as plain values."""
    from mxt.cli import console

    found: dict[str, object] = console.plain(report)
    return {"sound": report.sound, **found}


def render(report: VerifyReport) -> None:
    """Print what was read, what is damaged, and what to do."""
    from mxt.cli import console

    rows, chunks = sum(table.rows for table in report.tables), sum(table.chunks for table in report.tables)
    nbytes = console.size_text(sum(table.nbytes for table in report.tables))
    console.say(
        f"read {len(report.tables)} feature tables ({rows:,} rows, {chunks:,} chunks, {nbytes}) and {report.results} results "
        f"in {report.seconds:.1f} s"
    )
    for finding in report.findings[:SHOWN]:
        does = finding.repair if report.repaired else f"--repair: {finding.repair}" if finding.repair else ""
        word = "damaged" if finding.damage else "note" if finding.reachable else "not read"
        console.say(f"{word}: {finding}" + (f" [{does}]" if does else ""))
    if len(report.findings) > SHOWN:
        console.say(f"… and {len(report.findings) - SHOWN:,} more (--json lists all)")
    if all(finding.reachable and not finding.damage for finding in report.findings):
        console.say("nothing is damaged")
    if report.repaired:
        opened = {table.label: table.opened for table in report.tables if table.opened}
        for label, number in opened.items():
            console.say(
                f"{label}: {number:,} rows are computed again by the next mxt extract (mxt info {label} says how)"
            )
        if any(finding.damage for finding in report.findings) and report.sound and not opened:
            console.say("everything is restored; nothing has to be computed again")
    elif any(finding.repair for finding in report.findings):
        console.next_line("mxt verify --repair")
