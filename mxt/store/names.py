"""What a name typed by a person means: a data set, a feature table, a result or a clip."""

from __future__ import annotations

import difflib
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
    """Look a name up among data sets, feature tables and results, and where they are asked for, clips.

    Parameters
    ----------
    store : Store
    name : str
        A data set's name, a table's label or the first digits of its fingerprint, a result's id or a
        part of it that is its own; a clip's id, or its file's name or stem (unless something else is called
        just so).
    kind : str, optional
        One of `kinds`, where a name is used twice.
    kinds : tuple of str
        What is looked among: `KINDS` or `WITH_CLIPS`.
    dataset : str, optional
        The data set of the clip, where several have one of this name.

    Raises
    ------
    UnknownName
        Nothing is called so; the nearest names are listed.
    UsageError
        Several things are called so.
    """
    kinds = _kinds("clip" if dataset is not None and kind is None else kind, kinds)
    found = [named for each in kinds if each != "clip" for named in _LOOK_UP[each](store, name)]
    if "clip" in kinds:
        found += _clips(store, name, dataset, whole_ids=any(named.name == name for named in found))
    if len(found) > 1:
        if all(named.kind == "clip" for named in found):
            raise UsageError(_several_clips(name, found))
        words = " and a ".join(dict.fromkeys(WORDS[named.kind] for named in found))
        raise UsageError(
            f"{name} is a {words}; say which with --kind {' or --kind '.join(dict.fromkeys(named.kind for named in found))}"
        )
    if kinds == ("clip",) and not found:
        raise UnknownName(
            "clip", name, _nearest_clips(store, name, dataset), hint="(mxt ls --clips lists them)"
        )
    if not found:
        raise UnknownName(
            " or ".join(filter(None, (", ".join(WORDS[each] for each in kinds[:-1]), WORDS[kinds[-1]]))),
            name,
            [
                *(known for each in kinds for known in _names(store, each)),
                *(_nearest_clips(store, name, dataset) if "clip" in kinds else ()),
            ],
            hint="(mxt ls lists them)"
            if not store.features.unreadable()
            else "(mxt ls lists them; some feature tables cannot be read)",
            most=SHOWN,
        )
    return found[0]


def _kinds(kind: str | None, kinds: tuple[str, ...]) -> tuple[str, ...]:
    if kind is None:
        return kinds
    singular = {
        "datasets": "dataset",
        "data": "dataset",
        "table": "features",
        "tables": "features",
        "feature": "features",
        "results": "result",
        "clips": "clip",
    }
    kind = singular.get(kind.lower(), kind.lower())
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


def _clips(store: Store, name: str, dataset: str | None, *, whole_ids: bool = False) -> list[Named]:
    """Clips whose id is `name`; else, unless `whole_ids`, those whose file's name or stem it is."""
    found, alike, name = [], [], written(name)
    for each in [store.catalogue.dataset(dataset).name] if dataset is not None else _names(store, "dataset"):
        for clip in store.catalogue.clips(each):
            path = PurePosixPath(written(clip.file.path))
            if written(clip.id) == name:
                found.append(Named("clip", clip.id, dataset=each))
            elif name in (path.name, path.stem):
                alike.append(Named("clip", clip.id, dataset=each))
    return found or ([] if whole_ids else alike)


def _several_clips(name: str, found: list[Named]) -> str:
    datasets = sorted({named.dataset for named in found})
    if len(datasets) == len(found):
        return f"{name} is a clip of {' and of '.join(datasets)}; say which with --dataset {' or --dataset '.join(datasets)}"
    shown = listed((named.name for named in found), SHOWN)
    return f"{name} is the name of {len(found)} clips; give its id: {shown}"


def _nearest_clips(store: Store, name: str, dataset: str | None) -> list[str]:
    datasets = [store.catalogue.dataset(dataset).name] if dataset is not None else _names(store, "dataset")
    return difflib.get_close_matches(
        name, (clip.id for each in datasets for clip in store.catalogue.clips(each)), n=3
    )


_LOOK_UP = {"dataset": _dataset, "features": _features, "result": _result}
