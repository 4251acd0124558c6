"""What a name typed by a person means: a data set, a feature table or a result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mxt.core.errors import UnknownName, UsageError
from mxt.store.layout import Store

KINDS = ("dataset", "features", "result")
WORDS = {"dataset": "data set", "features": "feature table", "result": "result"}
SHORTEST_FINGERPRINT = 8  # digits of a fingerprint that may stand for a table


@dataclass(frozen=True, slots=True)
class Named:
    """What a name means.

    Parameters
    ----------
    kind : str
        ``"dataset"``, ``"features"`` or ``"result"``.
    name : str
        In full: a data set's name, a table's label (its fingerprint where it cannot be read), a result's id.
    path : Path, optional
        Folder of a table or result.
    """

    kind: str
    name: str
    path: Path | None = None


def find_named(store: Store, name: str, kind: str | None = None) -> Named:
    """Look a name up among data sets, feature tables and results.

    Parameters
    ----------
    store : Store
    name : str
        A data set's name, a table's label or the first digits of its fingerprint, a result's id or a
        part of it that is its own.
    kind : str, optional
        One of `KINDS`, where a name is used twice.

    Raises
    ------
    UnknownName
        Nothing is called so; the nearest names are listed.
    UsageError
        Several things are called so.
    """
    kinds = _kinds(kind)
    found = [named for each in kinds for named in _LOOK_UP[each](store, name)]
    if len(found) > 1:
        words = " and a ".join(WORDS[named.kind] for named in found)
        raise UsageError(f"{name} is a {words}; say which with --kind {' or --kind '.join(named.kind for named in found)}")
    if not found:
        raise UnknownName(
            " or ".join(filter(None, (", ".join(WORDS[each] for each in kinds[:-1]), WORDS[kinds[-1]]))),
            name,
            [known for each in kinds for known in _names(store, each)],
        )
    return found[0]


def _kinds(kind: str | None) -> tuple[str, ...]:
    if kind is None:
        return KINDS
    singular = {"datasets": "dataset", "data": "dataset", "table": "features", "tables": "features", "feature": "features",
                "results": "result"}  # fmt: skip
    kind = singular.get(kind.lower(), kind.lower())
    if kind not in KINDS:
        raise UnknownName("kind", kind, KINDS)
    return (kind,)


def _names(store: Store, kind: str) -> list[str]:
    if kind == "dataset":
        return [record.name for record in store.catalogue.datasets()]
    if kind == "features":
        return [table.label for table in store.features.tables()]
    return store.results.list()


def _dataset(store: Store, name: str) -> list[Named]:
    return [Named("dataset", name)] if name in _names(store, "dataset") else []


def _features(store: Store, name: str) -> list[Named]:
    tables = store.features.tables()
    found = [Named("features", table.label, table.path) for table in tables if table.label == name]
    if found or len(name) < SHORTEST_FINGERPRINT:
        return found
    labels = {table.path: table.label for table in tables}
    folders = [folder for folder in store.features.folders() if folder.name.startswith(name)]
    return [Named("features", labels.get(folder, folder.name), folder) for folder in folders]


def _result(store: Store, name: str) -> list[Named]:
    try:
        found = store.results.find(name)
    except UnknownName:
        return []
    return [Named("result", found, store.results.path / found)]


_LOOK_UP = {"dataset": _dataset, "features": _features, "result": _result}
