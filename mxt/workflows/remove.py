"""`mxt rm` and `mxt prune`: remove by name, and what nothing refers to."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mxt.core.errors import Refused, StoreDamaged, StoreError, listed
from mxt.core.files import is_held, translate_os_errors
from mxt.core.records import ClipRecord
from mxt.core.views import parse_view
from mxt.results.index import Outline, outlines
from mxt.store.features import FeatureTable, folder_bytes
from mxt.store.layout import Store
from mxt.store.names import WORDS, Named, find_named

HALF_DONE_SECONDS = 3600.0  # a result or table half made is no longer being made after so long


@dataclass(frozen=True, slots=True)
class Item:
    """Something to be removed: its kind in words, its name, its bytes, what follows from it, and the results of it that stay."""

    kind: str
    name: str
    nbytes: int
    note: str = ""
    results: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Removal:
    """What was removed; with `dry_run` what would have been."""

    items: tuple[Item, ...]
    dry_run: bool

    @property
    def nbytes(self) -> int:
        """Bytes of all items."""
        return sum(item.nbytes for item in self.items)


Step = tuple[Item, Callable[[], None]]


def remove(
    store: Path, names: Sequence[str], *, kind: str | None = None, dry_run: bool = False, yes: bool = False
) -> Removal:
    """Remove data sets, feature tables and results by name.

    Parameters
    ----------
    store : Path
        The store's folder.
    names : sequence of str
        As `find_named` takes them.
    kind : str, optional
        Where a name is used twice.
    dry_run : bool
        Only say what would go.
    yes : bool
        It is meant.

    Raises
    ------
    UnknownName, UsageError
        A name means nothing, or several things: nothing is removed.
    Refused
        Neither `dry_run` nor `yes`.
    StoreBusy
        A feature table is being written.
    """
    opened = Store.open(store, read_only=dry_run)
    found = dict.fromkeys(find_named(opened, name, kind) for name in names)
    return _carry_out(
        opened, [_STEPS[named.kind](opened, named) for named in found], "mxt rm", dry_run=dry_run, yes=yes
    )


def prune(store: Path, *, dry_run: bool = False, yes: bool = False) -> Removal:
    """Remove feature tables of no catalogued clip, and what killed runs left.

    Parameters
    ----------
    store : Path
        The store's folder.
    dry_run, yes : bool
        As for `remove`.

    Raises
    ------
    StoreDamaged
        There are feature tables and no catalogue: what is used cannot be told.
    Refused
        Neither `dry_run` nor `yes`.
    """
    opened = Store.open(store, read_only=dry_run)
    if opened.features.folders() and not (opened.root / "catalogue.sqlite").exists():
        raise StoreDamaged(
            f"{opened.root} has no catalogue: which features are used cannot be told; ingest again first"
        )
    used = [clip for record in opened.catalogue.datasets() for clip in opened.catalogue.clips(record.name)]
    unused = [table for table in opened.features.tables() if not _uses(table, used)]
    steps = [
        _remove_table(opened, Named("features", table.label, table.path), note="no clip of any data set")
        for table in unused
    ]
    leftovers = [
        path for path in (*opened.features.leftovers(), *opened.results.partial()) if _abandoned(path)
    ]
    steps += [
        (Item("leftover", path.name, folder_bytes(path), _leftover_note(path)), partial(_remove_folder, path))
        for path in leftovers
    ]
    return _carry_out(opened, steps, "mxt prune", dry_run=dry_run, yes=yes)


def _carry_out(store: Store, steps: Sequence[Step], command: str, *, dry_run: bool, yes: bool) -> Removal:
    removal = Removal(tuple(item for item, _ in steps), dry_run)
    if dry_run or not steps:
        return removal
    store.check_writable()
    if not yes:
        words = listed(f"{item.kind} {item.name}" for item in removal.items)
        size = f" ({removal.nbytes / 1e3:,.0f} kB)" if removal.nbytes else ""
        raise Refused(f"{command} would remove {words} for good{size}; add --yes if that is meant")
    for _, act in steps:
        act()
    return removal


def _remove_dataset(store: Store, named: Named) -> Step:
    note = "its features stay in their tables; mxt prune removes those no data set uses"
    return Item(WORDS["dataset"], named.name, 0, note, _results_of(store, named.name)), partial(
        store.catalogue.remove, named.name
    )


def _results_of(store: Store, dataset: str) -> tuple[str, ...]:
    """Of the results that can be read, those of a data set."""
    return tuple(
        name
        for name, outline in outlines(store).items()
        if isinstance(outline, Outline) and outline.dataset == dataset
    )


def _remove_table(store: Store, named: Named, note: str = "") -> Step:
    assert named.path is not None
    path = named.path

    def act() -> None:
        store.features.remove(path)
        for record in store.catalogue.datasets():
            for view in store.catalogue.views(record.name):
                if any(part.label == named.name for part in parse_view(view)):
                    store.catalogue.remove_view(record.name, view)

    return Item(WORDS["features"], named.name, folder_bytes(path), note), act


def _remove_result(store: Store, named: Named) -> Step:
    assert named.path is not None
    return Item(WORDS["result"], named.name, folder_bytes(named.path)), partial(
        store.results.remove, named.name
    )


_STEPS = {"dataset": _remove_dataset, "features": _remove_table, "result": _remove_result}


def _uses(table: FeatureTable, used: Sequence[ClipRecord]) -> bool:
    """Whether any row belongs to a catalogued clip; a table that cannot be read, or is still empty, is kept."""
    try:
        stored = table.keys()
    except StoreError:
        return True
    keys = set(table.keys_of(used))
    return not len(stored) or any(key.tobytes() in keys for key in stored)


def _abandoned(path: Path) -> bool:
    """Finished folds are given up on request; what is still at work is left alone, and so may be what is half published or made."""
    if is_held(path / "lock"):
        return False
    return path.suffix != ".partial" or time.time() - path.stat().st_mtime > HALF_DONE_SECONDS


def _leftover_note(path: Path) -> str:
    return (
        "finished folds of an evaluation that was stopped"
        if path.name.startswith(".partial-")
        else "left by a run that was killed"
    )


def _remove_folder(path: Path) -> None:
    with translate_os_errors("removing", path):
        shutil.rmtree(path)
