"""What a name typed by a person means: a data set, a feature table, a result or a clip."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mxt.core.errors import UnknownName, UsageError, listed
from mxt.core.text import written
from mxt.store.layout import Store

KINDS = ("dataset", "features", "result")
WITH_CLIPS = (*KINDS, "clip")
WORDS = {"dataset": "data set", "features": "feature table", "result": "result", "clip": "clip"}
SHOWN = 5
SHORTEST_FINGERPRINT = 8  # digits of a fingerprint that may stand for a table


@dataclass(frozen=True, slots=True)
class Named:
    """What a name means.

    Parameters
    ----------
    kind : str
        ``"dataset"``, ``"features"``, ``"result"`` or ``"clip"``.
    name : str
        In full: a data set's name, a table's label (its fingerprint where it cannot be read), a result's or
        clip's id.
    path : Path, optional
        Folder of a table or result.
    dataset : str
        The data set of a clip.
    """

    kind: str
    name: str
    path: Path | None = None
    dataset: str = ""


def find_named(
    store: Store,
    name: str,
    kind: str | None = None,
    *,
    kinds: tuple[str, ...] = KINDS,
    dataset: str | None = None,
) -> Named:
    """Look a name up among data sets, feature tables and results, and if asked for, clips.

    Parameters
    ----------
    store : Store
    name : str
        A data set's name, a table's label or the first digits of its fingerprint, a result's id or an
        unambiguous part of it; a clip's id, or its file's name or stem unless something else has this name.
    kind : str, optional
        One of `kinds`, if several things have this name.
    kinds : tuple of str
        The kinds to search: `KINDS` or `WITH_CLIPS`.
    dataset : str, optional
        The data set of the clip, if several have one of this name.

    Raises
    ------
    UnknownName
        Nothing has this name; the nearest names are listed.
    UsageError
        Several things have this name.
    """
    kinds = _kinds("clip" if dataset is not None and kind is None else kind, kinds)
    matches = [named for kind in kinds if kind in _LOOK_UP for named in _LOOK_UP[kind](store, name)]
    if "clip" in kinds:
        matches += _clips(store, name, dataset, whole_ids=any(named.name == name for named in matches))
    if not matches:
        raise _unknown(store, name, kinds, dataset)
    if len(matches) > 1:
        raise UsageError(_several(name, matches))
    return matches[0]


def _unknown(store: Store, name: str, kinds: tuple[str, ...], dataset: str | None) -> UnknownName:
    """The error for a name that nothing has."""
    near = _nearest_clips(store, name, dataset) if "clip" in kinds else []
    if kinds == ("clip",):
        return UnknownName("clip", name, near, hint="(mxt ls --clips lists them)")
    *others, last = (WORDS[kind] for kind in kinds)
    words = f"{', '.join(others)} or {last}" if others else last
    known = [known for kind in kinds for known in _names(store, kind)]
    unreadable = "; some feature tables cannot be read" if store.features.unreadable() else ""
    return UnknownName(words, name, [*known, *near], hint=f"(mxt ls lists them{unreadable})", most=SHOWN)


def _several(name: str, matches: Sequence[Named]) -> str:
    """What to say where several things have a name."""
    kinds = list(dict.fromkeys(named.kind for named in matches))
    if kinds == ["clip"]:
        return _several_clips(name, matches)
    words = " and a ".join(WORDS[kind] for kind in kinds)
    return f"{name} is a {words}; say which with --kind {' or --kind '.join(kinds)}"


def _kinds(kind: str | None, kinds: tuple[str, ...]) -> tuple[str, ...]:
    if kind is None:
        return kinds
    kind = _SYNONYMS.get(kind.lower(), kind.lower())
    if kind not in kinds:
        raise UnknownName("kind", kind, kinds)
    return (kind,)


def _names(store: Store, kind: str) -> list[str]:
    if kind == "dataset":
        return [record.name for record in store.catalogue.datasets()]
    if kind == "features":
        return [table.label for table in store.features.tables()]
    if kind == "clip":  # too many to be listed
        return []
    return store.results.list()


def _dataset(store: Store, name: str) -> list[Named]:
    return [Named("dataset", name)] if name in _names(store, "dataset") else []


def _features(store: Store, name: str) -> list[Named]:
    tables = store.features.tables()
    named = [Named("features", table.label, table.path) for table in tables if table.label == name]
    if named or len(name) < SHORTEST_FINGERPRINT:
        return named
    labels = {table.path: table.label for table in tables}
    folders = [folder for folder in store.features.folders() if folder.name.startswith(name)]
    return [Named("features", labels.get(folder, folder.name), folder) for folder in folders]


def _result(store: Store, name: str) -> list[Named]:
    try:
        result = store.results.find(name)
    except UnknownName:
        return []
    return [Named("result", result, store.results.path / result)]


def _clips(store: Store, name: str, dataset: str | None, *, whole_ids: bool) -> list[Named]:
    """Clips whose id is `name`; or else, unless `whole_ids`, those whose file has this name or stem."""
    exact, alike, name = [], [], written(name)
    for owner in _owners(store, dataset):
        for id_, path in store.catalogue.clips_called(owner, name, also_files=not whole_ids):
            file = PurePosixPath(written(path))
            if written(id_) == name:
                exact.append(Named("clip", id_, dataset=owner))
            elif name in (file.name, file.stem):
                alike.append(Named("clip", id_, dataset=owner))
    return exact or ([] if whole_ids else alike)


def _several_clips(name: str, matches: Sequence[Named]) -> str:
    datasets = sorted({named.dataset for named in matches})
    if len(datasets) == len(matches):
        options = " or ".join(f"--dataset {dataset}" for dataset in datasets)
        return f"{name} is a clip of {' and of '.join(datasets)}; say which with {options}"
    shown = listed((named.name for named in matches), SHOWN)
    return f"{name} is the name of {len(matches)} clips; give its id: {shown}"


def _nearest_clips(store: Store, name: str, dataset: str | None) -> list[str]:
    ids = (id_ for owner in _owners(store, dataset) for id_ in store.catalogue.ids(owner))
    return difflib.get_close_matches(name, ids, n=3)


def _owners(store: Store, dataset: str | None) -> list[str]:
    """The data sets whose clips may be meant."""
    return _names(store, "dataset") if dataset is None else [store.catalogue.dataset(dataset).name]


_LOOK_UP = {"dataset": _dataset, "features": _features, "result": _result}
_SYNONYMS = {
    "datasets": "dataset",
    "data": "dataset",
    "table": "features",
    "tables": "features",
    "feature": "features",
    "results": "result",
    "clips": "clip",
}
