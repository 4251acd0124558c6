"""Reading everything in a store, naming what is damaged, and putting right what can be."""

from __future__ import annotations

import os
import time
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from mxt.core.errors import StoreBusy, StoreError, StoreFull
from mxt.core.files import OwnedLock, translate_os_errors
from mxt.core.progress import SILENT, Progress, Step
from mxt.store.catalogue import AGAIN, Catalogue
from mxt.store.findings import Finding, TableReport, told
from mxt.store.layout import Store
from mxt.store.schema import CHUNK, SEAL
from mxt.store.table import FeatureTable

__all__ = ["Finding", "TableReport", "VerifyReport", "verify"]

UNSEALED = "rows are not bound to their places, as in all tables made by earlier versions: a chunk in a wrong place would not be noticed"


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was read and what was found.

    Parameters
    ----------
    tables : tuple of TableReport
        Every feature table.
    others : tuple of Finding
        What is wrong with catalogue and results.
    results : int
        Results read.
    repaired : bool
        Whether damage was put right where it can be.
    seconds : float
        How long it took.
    """

    tables: tuple[TableReport, ...]
    others: tuple[Finding, ...]
    results: int
    repaired: bool
    seconds: float

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings."""
        return tuple(finding for table in self.tables for finding in table.findings) + self.others

    @property
    def sound(self) -> bool:
        """True where everything was read and nothing is damaged (any more)."""
        return all(
            each.reachable and not (each.damage and not (self.repaired and each.repair))
            for each in self.findings
        )


def verify(store: Store, *, repair: bool = False, progress: Progress = SILENT) -> VerifyReport:
    """Read a whole store.

    Parameters
    ----------
    store : Store
        The store.
    repair : bool
        Put right what can be; rows that cannot are opened, so that the next extraction computes
        just them. Takes the writer's lock of each table.
    progress : Progress
        Told in chunks.

    Raises
    ------
    StoreBusy, StoreReadOnly, StoreFull
        With `repair`: a table is being written; the store cannot be.
    """
    if repair:
        store.check_writable()
    begun = time.monotonic()
    folders = store.features.folders()
    with progress.step("verify", _chunks(folders), unit="chunks") as step:
        tables = tuple(_verified(folder, repair=repair, step=step) for folder in folders)
    ids = store.results.list()
    catalogue = Catalogue(store.root / "catalogue.sqlite", read_only=True)
    others = (*_check_catalogue(catalogue, tables), *_check_results(store, ids))
    return VerifyReport(tables, others, len(ids), repair, time.monotonic() - begun)


def _verified(folder: Path, *, repair: bool, step: Step) -> TableReport:
    """A table's report; one that cannot be reached now does not keep others from being read."""
    try:
        return _verify_table(folder, repair=repair, step=step)
    except (StoreBusy, StoreFull):
        raise
    except StoreError as error:
        return TableReport("", folder.name, findings=(told(_name(folder), "", error),))


def _verify_table(folder: Path, *, repair: bool, step: Step) -> TableReport:
    from mxt.store.arrays import remove_partial_files
    from mxt.store.inspection import inspect_rows, repair_slab
    from mxt.store.metadata import begin_sealing, check_metadata, end_sealing

    with (
        OwnedLock(folder / "lock", f"feature table {_name(folder)}") if repair else nullcontext(),
        translate_os_errors("repairing" if repair else "reading", folder),
    ):
        if repair:
            remove_partial_files(folder)
        findings = check_metadata(folder, repair=repair)
        label = findings[0].place if findings else ""
        report = TableReport(label, folder.name, findings=tuple(findings))
        if any(not (repair and finding.repair) for finding in findings):
            return report  # rows can be read once this is put right
        table = FeatureTable(folder)
        report = replace(report, label=table.label, nbytes=table.nbytes())
        if not table.sealed:
            report = replace(
                report,
                findings=(
                    *report.findings,
                    Finding(table.label, SEAL, UNSEALED, damage=False, repair="bound now"),
                ),
            )
            if repair:
                begin_sealing(folder, table)
        for slab in inspect_rows(table):
            opened = repair_slab(slab, folder) if repair and (slab.findings or not table.sealed) else 0
            report = replace(
                report,
                rows=slab.stop,
                chunks=report.chunks + len(slab.values) * -(-len(slab) // CHUNK),
                findings=report.findings + tuple(slab.findings),
                opened=report.opened + opened,
            )
            step.advance(len(slab.values) * -(-len(slab) // CHUNK))
        if repair and not table.sealed:
            end_sealing(folder, table)
    return report


def _name(folder: Path) -> str:
    try:
        return FeatureTable(folder).label
    except StoreError:
        return folder.name[:12]


def _chunks(folders: list[Path]) -> int:
    total = 0
    for folder in folders:
        try:
            table = FeatureTable(folder)
            total += len(table.kinds) * -(-len(table) // CHUNK)
        except StoreError:
            continue
    return total


def _check_catalogue(catalogue: Catalogue, tables: tuple[TableReport, ...]) -> list[Finding]:
    name = catalogue.path.name
    if not os.path.lexists(catalogue.path):
        return (
            [Finding("catalogue", name, "missing; ingest again: no feature is computed again")]
            if tables
            else []
        )
    if not catalogue.path.stat().st_size and tables:
        return [Finding("catalogue", name, "empty; ingest again: no feature is computed again")]
    try:
        if wrong := catalogue.structure():
            return [
                Finding(
                    "catalogue",
                    name,
                    f"{'; '.join(wrong)}; move it away and ingest again: no feature is computed again",
                )
            ]
        damage = catalogue.damage()
        findings = [
            Finding("catalogue", name, f"{dataset}: {what} are not what was written; {AGAIN}")
            for dataset, what in damage.items()
        ]
        for record in catalogue.datasets():  # values that no hash covers, in catalogues of earlier versions
            if record.name not in damage:
                catalogue.clips(record.name)
                catalogue.remarks(record.name)
    except StoreError as error:  # damaged so that nothing can be read, or no permission, which is no damage
        return [told("catalogue", name, error)]
    return findings


def _check_results(store: Store, ids: list[str]) -> list[Finding]:
    findings = []
    for result in ids:
        try:
            store.results.predictions(result)
        except StoreError as error:
            findings.append(told(result, "result", error))
    return findings
