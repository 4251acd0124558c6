"""Read everything in a store, find what is damaged, and repair what can be repaired."""

from __future__ import annotations

import os
import time
from collections import deque
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from mxt.core.errors import StoreBusy, StoreError, StoreFull
from mxt.core.files import OwnedLock, translate_os_errors
from mxt.core.progress import SILENT, Progress, Step
from mxt.store.catalogue import Catalogue
from mxt.store.layout import Store
from mxt.store.table import FeatureTable
from mxt.store.table_schema import SEAL
from mxt.store.verify_findings import Finding, Problem, Repair, TableReport, error_finding

__all__ = ["Finding", "Problem", "Repair", "TableReport", "VerifyReport", "verify"]


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was read, and what is wrong with it.

    Parameters
    ----------
    tables : tuple of TableReport
        Every feature table.
    others : tuple of Finding
        What is wrong with catalogue and results.
    results : int
        Results read.
    repaired : bool
        Whether what can be repaired was repaired.
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
            finding.reachable and not (finding.damage and not (self.repaired and finding.repair))
            for finding in self.findings
        )


def verify(store: Store, *, repair: bool = False, progress: Progress = SILENT) -> VerifyReport:
    """Read a whole store.

    Parameters
    ----------
    store : Store
        The store.
    repair : bool
        Restore what can be restored and open the other damaged rows, so that the next extraction computes
        just those. Takes the writer's lock of each table.
    progress : Progress
        Counts chunks.

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
        return TableReport("", folder.name, findings=(error_finding(_name(folder), "", error),))


def _verify_table(folder: Path, *, repair: bool, step: Step) -> TableReport:
    from mxt.store.table_arrays import remove_partial_files
    from mxt.store.verify_metadata import check_metadata

    with (
        OwnedLock(folder / "lock", f"feature table {_name(folder)}") if repair else nullcontext(),
        translate_os_errors("repairing" if repair else "reading", folder),
    ):
        if repair:
            remove_partial_files(folder)
        findings = check_metadata(folder, repair=repair)
        label = findings[0].where if findings else ""
        report = TableReport(label, folder.name, findings=tuple(findings))
        if any(not (repair and finding.repair) for finding in findings):
            return report  # rows can be read once this is repaired
        return _verify_rows(FeatureTable(folder), report, repair=repair, step=step)


def _verify_rows(table: FeatureTable, report: TableReport, *, repair: bool, step: Step) -> TableReport:
    from mxt.store.verify_metadata import begin_sealing, end_sealing
    from mxt.store.verify_rows import inspect_rows

    findings = list(report.findings)
    rows, chunks, nbytes, opened = 0, 0, table.nbytes(), 0
    if not table.sealed:
        findings.append(Finding(table.label, SEAL, Problem.NOT_SEALED, repair=Repair.SEALED))
        if repair:
            begin_sealing(table.path, table)
    for inspection in inspect_rows(table):
        if repair and (inspection.findings or not table.sealed):
            opened += inspection.repair(table.path)
        findings += inspection.findings
        rows, chunks = inspection.slab.stop, chunks + inspection.slab.chunks
        step.advance(inspection.slab.chunks)
    if repair and not table.sealed:
        end_sealing(table.path, table)
    return TableReport(table.label, report.fingerprint, rows, chunks, nbytes, tuple(findings), opened)


def _name(folder: Path) -> str:
    try:
        return FeatureTable(folder).label
    except StoreError:
        return folder.name[:12]


def _chunks(folders: list[Path]) -> int:
    total = 0
    for folder in folders:
        with suppress(StoreError):
            table = FeatureTable(folder)
            total += len(table.kinds) * -(-len(table) // table.rows_per_chunk)
    return total


def _check_catalogue(catalogue: Catalogue, tables: tuple[TableReport, ...]) -> list[Finding]:
    def finding(problem: Problem, *details: object) -> Finding:
        return Finding("catalogue", catalogue.path.name, problem, details)

    if not os.path.lexists(catalogue.path):
        return [finding(Problem.CATALOGUE_MISSING)] if tables else []
    if not catalogue.path.stat().st_size and tables:
        return [finding(Problem.CATALOGUE_EMPTY)]
    try:
        if lines := catalogue.structure():
            return [finding(Problem.CATALOGUE_BROKEN, *lines)]
        if gone := catalogue.gone():
            return [finding(Problem.DATASETS_GONE, gone)]
        damage = catalogue.damage()
        for record in catalogue.datasets():  # values that no hash covers, in catalogues of earlier versions
            if record.name not in damage:
                deque(catalogue.each_clip(record.name), maxlen=0)
                catalogue.remarks(record.name)
    except StoreError as error:  # damaged so that nothing can be read, or no permission, which is no damage
        return [error_finding("catalogue", catalogue.path.name, error)]
    return [finding(Problem.DATASET_CHANGED, name, *parts) for name, parts in damage.items()]


def _check_results(store: Store, ids: list[str]) -> list[Finding]:
    findings = []
    for result in ids:
        try:
            store.results.predictions(result)
        except StoreError as error:
            findings.append(error_finding(result, "result", error))
    return findings
