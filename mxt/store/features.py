"""All feature tables of a store: found by label or fingerprint, made and removed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mxt.core.errors import StoreError, StoreReadOnly, UnknownName, UsageError
from mxt.core.files import OwnedLock, translate_os_errors
from mxt.core.specs import Layer
from mxt.core.text import shortened
from mxt.core.views import LABEL, LONGEST_LABEL
from mxt.store.table import FeatureTable
from mxt.store.table_attributes import new_attributes
from mxt.store.table_schema import DONE, FAILED, OPEN

__all__ = ["DONE", "FAILED", "OPEN", "FeatureStore", "FeatureTable"]


class FeatureStore:
    """All feature tables of a store.

    Parameters
    ----------
    path : Path
        The folder ``features``.
    read_only : bool
        Whether `create` refuses.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path, self.read_only = path, read_only

    def tables(self) -> list[FeatureTable]:
        """All tables that can be read, by label; `unreadable` names the others."""
        return self._look()[0]

    def unreadable(self) -> dict[Path, StoreError]:
        """Folders of tables whose attributes cannot be read, and why: damage, no permission."""
        return self._look()[1]

    def _look(self) -> tuple[list[FeatureTable], dict[Path, StoreError]]:
        tables, unreadable = [], {}
        for folder in self.folders():
            try:
                tables.append(FeatureTable(folder, read_only=self.read_only))
            except StoreError as error:
                unreadable[folder] = error
        return sorted(tables, key=lambda table: table.label), unreadable

    def find(self, label: str) -> FeatureTable:
        """The table called `label`.

        Raises
        ------
        UnknownName
            There is none; the nearest labels are listed.
        """
        readable, unreadable = self._look()
        tables = {table.label: table for table in readable}
        if label not in tables:
            hint = f"({len(unreadable)} more cannot be read: mxt verify)" if unreadable else ""
            raise UnknownName("feature table", label, tables, hint=hint)
        return tables[label]

    def by_fingerprint(self, fingerprint: str) -> FeatureTable | None:
        """The table of this fingerprint, if there is one.

        Raises
        ------
        StoreDamaged, StoreReadOnly
            There is one, whose attributes cannot be read.
        """
        folder = self.path / fingerprint
        with translate_os_errors("reading", self.path):
            return FeatureTable(folder, read_only=self.read_only) if folder.is_dir() else None

    def create(
        self,
        fingerprint: str,
        label: str,
        attributes: Mapping[str, Any],
        layers: Sequence[Layer],
        *,
        rows: int = 0,
        exact_label: bool = False,
    ) -> FeatureTable:
        """Make the table of a fingerprint, or return the one there is.

        Parameters
        ----------
        fingerprint : str
            64 hexadecimal digits.
        label : str
            Its name; ``.2`` and so on is added where another table has it.
        attributes : mapping
            Specification, weights hashes: plain values that are equal for equal runs.
        layers : sequence of Layer
            All that is stored.
        rows : int
            How many are planned: tables of many rows have larger chunks, so that there are fewer files.
        exact_label : bool
            Raise `StoreError` rather than change the label.
        """
        _check_label(label)
        if self.read_only:
            raise StoreReadOnly(
                f"{self.path.parent} is opened for reading only: no feature table can be made"
            )
        with translate_os_errors("making a feature table in", self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            with OwnedLock(self.path / "lock", "the list of feature tables", wait=30):
                if (table := self.by_fingerprint(fingerprint)) is not None:
                    return table
                if exact_label:
                    self.check_free(label)
                described = new_attributes(attributes, fingerprint, self.free_label(label), layers)
                self._make(fingerprint, described, layers, rows)
        return FeatureTable(self.path / fingerprint)

    def remove(self, folder: Path) -> None:
        """Remove a table, readable or not.

        Parameters
        ----------
        folder : Path
            Its folder, one of `folders`.

        Raises
        ------
        StoreBusy, StoreReadOnly
            It is being written; the store cannot be.
        """
        if self.read_only:
            raise StoreReadOnly(f"{self.path.parent} is opened for reading only: nothing can be removed")
        gone = self.path / f".{folder.name[:12]}.removed"
        with (
            translate_os_errors("removing", folder),
            OwnedLock(folder / "lock", f"feature table {folder.name[:12]}"),
        ):
            shutil.rmtree(gone, ignore_errors=True)
            folder.rename(gone)  # at once for readers, whatever happens to the rest
        shutil.rmtree(gone, ignore_errors=True)

    def leftovers(self) -> tuple[Path, ...]:
        """What killed runs left while they made or removed a table."""
        with translate_os_errors("reading", self.path):
            entries = sorted(self.path.iterdir()) if self.path.is_dir() else []
        return tuple(p for p in entries if p.name.startswith(".") and p.suffix in (".partial", ".removed"))

    def free_label(self, label: str) -> str:
        """`label`, or where a table has it already, `label` with ``.2`` and so on."""
        taken = {table.label for table in self.tables()}
        if label not in taken:
            return label
        return next(free for n in range(2, len(taken) + 3) if (free := f"{label}.{n}") not in taken)

    def check_free(self, label: str) -> None:
        """Raise where a new table cannot be called exactly `label`.

        Raises
        ------
        UsageError, StoreError
            It is not a valid label; another table has it.
        """
        _check_label(label)
        if label in {table.label for table in self.tables()}:
            raise StoreError(
                f"another feature table is called {label}; choose another name with --as, or mxt rm {label}"
            )

    def _make(
        self, fingerprint: str, described: Mapping[str, Any], layers: Sequence[Layer], rows: int
    ) -> None:
        from mxt.store.table_arrays import write_table

        partial = Path(tempfile.mkdtemp(dir=self.path, prefix=f".{fingerprint[:12]}.", suffix=".partial"))
        try:
            write_table(
                partial / "table", described, layers, rows
            )  # mkdtemp's own folder is closed to others
            (partial / "table").rename(self.path / fingerprint)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def folders(self) -> list[Path]:
        """Folders of all tables, readable or not."""
        with translate_os_errors("reading", self.path):
            if not self.path.is_dir():
                return []
            return sorted(
                folder
                for folder in self.path.iterdir()
                if folder.is_dir() and not folder.name.startswith(".")
            )


def _check_label(label: str) -> None:
    if not LABEL.fullmatch(label) or len(label) > LONGEST_LABEL:
        raise UsageError(
            f"{shortened(label)!r} is not a label: letters, digits, _ - ., at most {LONGEST_LABEL}"
        )
