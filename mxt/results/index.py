"""An index of results: what each is about, so that lists and look-ups need not read every result.

It is a copy of what the results say, kept in one file. Where it is missing, damaged, or older than a result,
that result is read again; what a result is used for is always read from the result itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mxt.core.errors import MxtError, StoreDamaged, StoreError
from mxt.core.files import atomic_write
from mxt.core.identity import sha256_text
from mxt.core.text import parse_json
from mxt.evaluation.assess import Score
from mxt.evaluation.interval import Interval
from mxt.results.plain import Result, from_plain
from mxt.results.search_record import SearchResult
from mxt.store.results import RESULT
from mxt.store.serialise import dump_json

if TYPE_CHECKING:
    from mxt.store.layout import Store

INDEX = ".index.json"
FORMAT = 2


@dataclass(frozen=True, slots=True)
class Outline:
    """What a result is about.

    Parameters
    ----------
    kind : {"evaluation", "search"}
    created, dataset, target, view, head, protocol, folds, grouping : str
        As in the result.
    clips : int
    settings : mapping
        Parameters of the head.
    seed : int
    scores : tuple of Score
        The main one first.
    targets_hash : str
        Of the clips and targets it was made of.
    key : str
        See `Provenance`.
    """

    kind: str
    created: str
    dataset: str
    target: str
    view: str
    head: str
    protocol: str
    folds: str
    grouping: str
    clips: int
    seed: int
    targets_hash: str
    key: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    scores: tuple[Score, ...] = ()


def outline(result: Result) -> Outline:
    """What a result is about."""
    if isinstance(result, SearchResult):
        scores, joined = result.scores, result.beside
    else:
        scores, joined = result.views[result.best].assessment.scores, ()
    return Outline(
        kind=result.kind,
        created=result.provenance.created,
        dataset=result.dataset,
        target=result.target,
        view="+".join((result.view, *joined)),
        head=result.head,
        protocol=result.protocol,
        folds=result.folds,
        grouping=result.grouping,
        clips=result.clips,
        seed=result.request.seed,
        targets_hash=result.provenance.targets_hash,
        key=result.provenance.key,
        settings=dict(result.stage.get("params") or {}),
        scores=scores,
    )


def _age(named: tuple[str, Outline | StoreError]) -> tuple[str, str]:
    """What results are sorted by: their names tell the second only."""
    result_id, what = named
    return result_id[: len("20260101-000000")], what.created if isinstance(what, Outline) else ""


def outlines(store: Store) -> dict[str, Outline | StoreError]:
    """What every result of a store is about, the oldest first; or what keeps it from being read.

    The index is brought up to date where the store may be written.
    """
    known = _read(store.results.path / INDEX)
    results: dict[str, Outline | StoreError] = {}
    entries: dict[str, dict[str, Any]] = {}
    for result_id in store.results.list():
        stamp = _stamp(store.results.path / result_id / RESULT)
        entry = known.get(result_id)
        if entry is not None and stamp is not None and entry["stamp"] == stamp:
            results[result_id] = _from_plain(entry["outline"])
            entries[result_id] = entry
            continue
        try:
            results[result_id] = current = _outline_of(store, result_id)
        except StoreError as error:
            results[result_id] = error
        else:
            entries[result_id] = {"stamp": stamp, "outline": _to_plain(current)}
    if entries != known and not store.read_only:
        _write(store.results.path / INDEX, entries)
    return dict(sorted(results.items(), key=_age))


def _outline_of(store: Store, result_id: str) -> Outline:
    plain = store.results.load(result_id)
    try:
        return outline(from_plain(plain))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        path = store.results.path / result_id
        raise StoreDamaged(f"{path} is not a result that mxt can read ({error!r})") from error


def _stamp(path: Path) -> list[int] | None:
    """What changes when a file is written or another is put in its place."""
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """The entries of an index; none where it is missing or not what was written."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        plain: Any = parse_json(path.read_text(encoding="utf-8"))
        entries: dict[str, dict[str, Any]] = plain["entries"]
        if plain["format"] == FORMAT and plain["checksum"] == sha256_text(dump_json(entries)):
            return entries
    return {}


def _write(path: Path, entries: Mapping[str, Any]) -> None:
    with suppress(OSError, MxtError), atomic_write(path, "w") as file:
        text = dump_json(entries)
        file.write(dump_json({"format": FORMAT, "checksum": sha256_text(text), "entries": entries}))


def _to_plain(current: Outline) -> dict[str, Any]:
    scores = [[score.name, score.interval.to_plain()] for score in current.scores]
    return asdict(current) | {"scores": scores}


def _from_plain(plain: Mapping[str, Any]) -> Outline:
    scores = tuple(Score(name, Interval.from_plain(interval)) for name, interval in plain["scores"])
    return Outline(**dict(plain) | {"scores": scores})
