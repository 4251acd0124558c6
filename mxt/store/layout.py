"""The store: one folder with a catalogue, feature tables, results and a log; its schema version."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mxt.core.errors import InputError, StoreDamaged, StoreError, StoreReadOnly
from mxt.core.files import atomic_write, translate_damage, translate_os_errors
from mxt.core.text import parse_json, written_all

if TYPE_CHECKING:
    import sqlite3

    from mxt.store.catalogue import Catalogue
    from mxt.store.features import FeatureStore
    from mxt.store.fingerprints import Fingerprints
    from mxt.store.results import ResultStore

SCHEMA = 4
RUN_FIELDS = {  # what is read of a line of runs.jsonl
    "command": str,
    "dataset": str,
    "fingerprint": str,
    "device": str,
    "workers": int,
    "computed": int,
    "seconds": float,
    "versions": dict,
    "failures": list,
}


def _to_2(root: Path) -> None:
    from mxt.store.catalogue_hashes import add_hashes

    _migrate_catalogue(root, add_hashes)


def _to_3(root: Path) -> None:
    from mxt.store.catalogue_kinds import add_kinds

    _migrate_catalogue(root, add_kinds)


def _to_4(root: Path) -> None:
    from mxt.store.catalogue_figures import add_figures

    _migrate_catalogue(root, add_figures)


def _migrate_catalogue(root: Path, step: Callable[[sqlite3.Connection], None]) -> None:
    from mxt.store.catalogue import Catalogue

    if (root / "catalogue.sqlite").exists():
        Catalogue(root / "catalogue.sqlite").migrate(step)


# from this schema to the next one, given the root
MIGRATIONS: Mapping[int, Callable[[Path], None]] = {1: _to_2, 2: _to_3, 3: _to_4}


class Store:
    """A store on disk; `Store.open` makes one of these.

    Parameters
    ----------
    root : Path
        Its folder.
    read_only : bool
        Whether writing is refused.
    """

    def __init__(self, root: Path, *, read_only: bool = False) -> None:
        self.root, self.read_only = root, read_only

    @classmethod
    def open(cls, root: Path, *, create: bool = False, read_only: bool = False) -> Store:
        """Open the store in a folder.

        Parameters
        ----------
        root : Path
            The folder.
        create : bool
            Make a store if there is none and the folder is empty or missing.
        read_only : bool
            Refuse writing; a store of a newer schema is opened like this in any case.

        Raises
        ------
        InputError
            There is no store, or the folder holds something else.
        StoreDamaged, StoreReadOnly, StoreFull
            ``mxt.json`` is not readable; the folder cannot be written.
        """
        root = Path(root)
        schema = _read_schema(root)
        if schema is None and (root / "catalogue.sqlite").exists():
            raise StoreDamaged(_damage_text(root / "mxt.json"))
        if schema is None:
            if not create:
                raise InputError(f"no store at {root}; mxt ingest PATH makes one, --store names another")
            _make(root)
            schema = SCHEMA
        if schema < SCHEMA and not read_only:
            _migrate(root, schema)
        return cls(root, read_only=read_only or schema > SCHEMA)

    @classmethod
    def existing(cls, root: Path) -> Store | None:
        """The store in a folder, opened for reading; ``None`` where nothing was catalogued yet."""
        return cls.open(root, read_only=True) if (root / "catalogue.sqlite").exists() else None

    @cached_property
    def intact(self) -> frozenset[str]:
        """Names of the data sets that were known to be as they were written when this was asked first."""
        from mxt.store.catalogue_intact import intact_datasets

        return intact_datasets(self.root)

    @cached_property
    def catalogue(self) -> Catalogue:
        """Data sets, files and clips."""
        from mxt.store.catalogue import Catalogue

        return Catalogue(self.root / "catalogue.sqlite", read_only=self.read_only)

    @cached_property
    def features(self) -> FeatureStore:
        """The feature tables."""
        from mxt.store.features import FeatureStore

        return FeatureStore(self.root / "features", read_only=self.read_only)

    @cached_property
    def results(self) -> ResultStore:
        """Results of evaluations and searches."""
        from mxt.store.results import ResultStore

        return ResultStore(self.root / "results", read_only=self.read_only)

    @cached_property
    def fingerprints(self) -> Fingerprints:
        """Fingerprints of the recordings, a cache."""
        from mxt.audio.fingerprint import VERSION
        from mxt.store.fingerprints import Fingerprints

        return Fingerprints(self.root / "fingerprints.sqlite", version=VERSION, read_only=self.read_only)

    def check_writable(self) -> None:
        """Raise `StoreReadOnly` if the store is open for reading, of a newer schema, or not writable."""
        if self.read_only:
            newer = (_read_schema(self.root) or 0) > SCHEMA
            why = (
                "it was made by a newer mxt: upgrade mxt to write to it"
                if newer
                else "it is opened for reading only"
            )
            raise StoreReadOnly(f"{self.root} cannot be written: {why}")
        if not os.access(self.root, os.W_OK):
            raise StoreReadOnly(
                f"no permission to write {self.root}; make it writable or use another --store"
            )

    def log_run(self, entry: Mapping[str, Any]) -> None:
        """Append one line to ``runs.jsonl``: what was run when, versions, rates."""
        self.check_writable()
        line = json.dumps(written_all(entry), default=str).encode() + b"\n"
        path = self.root / "runs.jsonl"
        with translate_os_errors("writing", path), path.open("a+b", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - 1))
            torn = file.read(1) not in (b"", b"\n")  # a kill cut the last line short
            file.write((b"\n" if torn else b"") + line)

    def runs(self) -> list[dict[str, Any]]:
        """What `log_run` wrote, in order; other lines (edited, cut short by a kill) are skipped."""
        path = self.root / "runs.jsonl"
        with translate_os_errors("reading", path):
            lines = path.read_text(encoding="utf-8", errors="replace").split("\n") if path.exists() else []
        runs = []
        for line in lines:
            with suppress(ValueError):
                if _is_run(entry := parse_json(line)):
                    runs.append(entry)
        return runs


def _is_run(entry: object) -> bool:
    """Whether a line of the log is one that `Store.log_run` wrote: everything that is read has its type."""
    if not isinstance(entry, dict) or not all(
        isinstance(entry[name], kind) for name, kind in RUN_FIELDS.items() if name in entry
    ):
        return False
    return all(
        isinstance(failure, list) and len(failure) == 3 and all(isinstance(word, str) for word in failure)
        for failure in entry.get("failures", ())
    )


def _read_schema(root: Path) -> int | None:
    path = root / "mxt.json"
    with translate_os_errors("reading", path), translate_damage(lambda _: _damage_text(path)):
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except NotADirectoryError:
            raise InputError(f"{root} is a file, not a store") from None
        schema = json.loads(content)["schema"]
        if type(schema) is not int or schema < 1:
            raise ValueError
    return schema


def _damage_text(path: Path) -> str:
    return f'{path} is missing or damaged: it is a file of one line, {{"schema": {SCHEMA}}}; write that back'


def _make(root: Path) -> None:
    if root.is_dir() and any(not entry.name.endswith(".partial") for entry in root.iterdir()):
        raise InputError(
            f"{root} is not empty and is not a store (no mxt.json): "
            "choose an empty or new folder with --store"
        )
    with translate_os_errors("making a store in", root):
        root.mkdir(parents=True, exist_ok=True)
        with atomic_write(root / "mxt.json", "w") as file:
            file.write(json.dumps({"schema": SCHEMA}) + "\n")


def _migrate(root: Path, old: int) -> None:
    """Bring an older store up to date, one schema at a time, after copying its catalogue."""
    if any(schema not in MIGRATIONS for schema in range(old, SCHEMA)):
        raise StoreError(
            f"{root} has schema {old}, which this mxt cannot bring to {SCHEMA}; use the mxt that wrote it"
        )
    with translate_os_errors("bringing up to date", root):
        if (root / "catalogue.sqlite").exists():
            shutil.copy2(root / "catalogue.sqlite", root / f"catalogue.schema{old}.sqlite")
        for schema in range(old, SCHEMA):
            MIGRATIONS[schema](root)
        with atomic_write(root / "mxt.json", "w") as file:
            file.write(json.dumps({"schema": SCHEMA}) + "\n")
