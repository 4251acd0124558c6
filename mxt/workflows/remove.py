"""`mxt rm` and `mxt prune`: remove by name, and what nothing refers to."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from pathlib import Path

from mxt.core.errors import Refused, StoreDamaged, StoreError, listed
from mxt.core.files import folder_bytes, is_held, translate_os_errors
from mxt.core.views import parse_view
from mxt.results.index import Outline, outlines
from mxt.store.catalogue import Catalogue
from mxt.store.features import FeatureTable
from mxt.store.layout import Store
from mxt.store.names import WORDS, Named, find_named
from mxt.store.table_keys import find_rows

HALF_DONE_SECONDS = 3600.0  # after so long nobody is still making a half-made result or table


class Note(Enum):
    """What a person should know about an item."""

    FEATURES_STAY = auto()
    UNUSED = auto()
    UNFINISHED = auto()
    KILLED = auto()


@dataclass(frozen=True, slots=True)
class Item:
    """Something to be removed.

    Parameters
    ----------
    kind : str
        ``"data set"``, ``"feature table"``, ``"result"`` or ``"leftover"``.
    name : str
        Its name, label or id.
    nbytes : int
        Bytes it takes.
    note : Note, optional
        What a person should know about it.
    results : tuple of str
        Results of a data set, which stay.
    """

    kind: str
    name: str
    nbytes: int = 0
    note: Note | None = None
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
        The kind of all of them, if several things have a name.
    dry_run : bool
        Only return what would be removed.
    yes : bool
        Confirms that they are to be removed.

    Raises
    ------
    UnknownName, UsageError
        Nothing, or several things, have a name; nothing is removed then.
    Refused
        Neither `dry_run` nor `yes`.
    StoreBusy
        A feature table is being written.
    """
    opened = Store.open(store, read_only=dry_run)
    meant = dict.fromkeys(find_named(opened, name, kind) for name in names)
    steps = [_STEPS[named.kind](opened, named) for named in meant]
    return _carry_out(opened, steps, "mxt rm", dry_run=dry_run, yes=yes)


def prune(store: Path, *, dry_run: bool = False, yes: bool = False) -> Removal:
    """Remove feature tables that no catalogued clip uses, and what killed runs left.

    Parameters
    ----------
    store : Path
        The store's folder.
    dry_run, yes : bool
        As for `remove`.

    Raises
    ------
    StoreDamaged
        There are feature tables but no catalogue: nothing tells which are used.
    Refused
        Neither `dry_run` nor `yes`.
    """
    opened = Store.open(store, read_only=dry_run)
    if opened.features.folders() and not (opened.root / "catalogue.sqlite").exists():
        raise StoreDamaged(
            f"{opened.root} has no catalogue, so nothing tells which features are used; ingest again first"
        )
    for record in opened.catalogue.datasets():
        opened.catalogue.check(record.name)  # a changed id or key would make a table look unused
    steps = [
        _remove_table(opened, Named("features", table.label, table.path), Note.UNUSED)
        for table in opened.features.tables()
        if not _is_used(table, opened.catalogue)
    ]
    leftovers = (*opened.features.leftovers(), *opened.results.partial())
    steps += [_remove_leftover(path) for path in leftovers if _abandoned(path)]
    return _carry_out(opened, steps, "mxt prune", dry_run=dry_run, yes=yes)


def _carry_out(store: Store, steps: Sequence[Step], command: str, *, dry_run: bool, yes: bool) -> Removal:
    removal = Removal(tuple(item for item, _ in steps), dry_run)
    if dry_run or not steps:
        return removal
    store.check_writable()
    if not yes:
        words = listed(f"{item.kind} {item.name}" for item in removal.items)
        size = f" ({removal.nbytes / 1e3:,.0f} kB)" if removal.nbytes else ""
        raise Refused(f"{command} would remove {words} for good{size}; add --yes to confirm")
    for _, act in steps:
        act()
    return removal


def _remove_dataset(store: Store, named: Named) -> Step:
    item = Item(WORDS["dataset"], named.name, note=Note.FEATURES_STAY, results=_results_of(store, named.name))
    return item, partial(store.catalogue.remove, named.name)


def _results_of(store: Store, dataset: str) -> tuple[str, ...]:
    """Of the results that can be read, those of a data set."""
    return tuple(
        name
        for name, outline in outlines(store).items()
        if isinstance(outline, Outline) and outline.dataset == dataset
    )


def _remove_table(store: Store, named: Named, note: Note | None = None) -> Step:
    path = _folder(named)

    def act() -> None:
        store.features.remove(path)
        for record in store.catalogue.datasets():
            for view in store.catalogue.views(record.name):
                if any(part.label == named.name for part in parse_view(view)):
                    store.catalogue.remove_view(record.name, view)

    return Item(WORDS["features"], named.name, folder_bytes(path), note), act


def _remove_result(store: Store, named: Named) -> Step:
    item = Item(WORDS["result"], named.name, folder_bytes(_folder(named)))
    return item, partial(store.results.remove, named.name)


def _folder(named: Named) -> Path:
    assert named.path is not None
    return named.path


_STEPS = {"dataset": _remove_dataset, "features": _remove_table, "result": _remove_result}


def _is_used(table: FeatureTable, catalogue: Catalogue) -> bool:
    """Whether any row belongs to a catalogued clip; unreadable and still empty tables count as used."""
    try:
        stored = table.keys()
    except StoreError:
        return True
    keys = (table.keys_in(catalogue, record.name) for record in catalogue.datasets())
    return not len(stored) or any((find_rows(stored, of_dataset) >= 0).any() for of_dataset in keys)


def _abandoned(path: Path) -> bool:
    """Whether no process works on a leftover; what is half published or half made may be recent."""
    if is_held(path / "lock"):
        return False
    return path.suffix != ".partial" or time.time() - path.stat().st_mtime > HALF_DONE_SECONDS


def _remove_leftover(path: Path) -> Step:
    def act() -> None:
        with translate_os_errors("removing", path):
            shutil.rmtree(path)

    note = Note.UNFINISHED if path.name.startswith(".partial-") else Note.KILLED
    return Item("leftover", path.name, folder_bytes(path), note), act
