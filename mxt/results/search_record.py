"""What a search gave, and how it is kept in the store and found again."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mxt.core.provenance import versions
from mxt.evaluation.assess import Score
from mxt.evaluation.interval import Interval

if TYPE_CHECKING:
    from mxt.store.layout import Store

KIND = "search"


@dataclass(frozen=True, slots=True)
class StrategyResult:
    """What one combination gave.

    Parameters
    ----------
    name : str
        The layers, and what was joined to them.
    columns : int
    score : Interval
        The main score.
    per_fold : tuple of float
    behind : Interval
        Score minus that of the best combination, paired.
    chosen : int
        Folds in which it was the one chosen.
    params : mapping
        Where all folds share them.
    recalls : mapping
        Class to recall.
    """

    name: str
    columns: int
    score: Interval
    per_fold: tuple[float, ...]
    behind: Interval
    chosen: int
    params: Mapping[str, Any]
    recalls: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search of one backbone on one data set by one protocol gave.

    Parameters
    ----------
    scores : tuple of Score
        Of the search as a whole: nested, the combination is chosen inside each learning part; else the best
        one's.
    chosen : tuple of str
        The combination of each fold.
    rows : tuple of StrategyResult
        Every combination, its parameters chosen by the protocol.
    best : int
        Place of the combination that is best in hindsight.
    cost : Interval
        Its score minus that of the search as a whole: what choosing costs.
    fits, spared : int
        Fits done, and those that could not have won any more.
    from_store : bool
        Whether nothing was computed.
    """

    dataset: str
    target: str
    task: str
    view: str
    beside: tuple[str, ...]
    head: str
    protocol: str
    nested: bool
    folds: str
    clips: int
    main: str
    scores: tuple[Score, ...]
    chance: float
    chosen: tuple[str, ...]
    fold_names: tuple[str, ...]
    rows: tuple[StrategyResult, ...]
    best: int
    cost: Interval
    cautions: tuple[str, ...]
    left_out: tuple[tuple[str, int], ...]
    fits: int = 0
    spared: int = 0
    seconds: float = 0.0
    result_id: str = ""
    from_store: bool = False

    def row(self, name: str) -> StrategyResult | None:
        """The combination called `name`, where it was tried."""
        return next((row for row in self.rows if row.name == name), None)


@dataclass(frozen=True, slots=True)
class Searched:
    """All searches of a command, and what should be said of them as a whole."""

    results: tuple[SearchResult, ...]
    remarks: tuple[str, ...] = field(default=())


def to_record(result: SearchResult) -> dict[str, Any]:
    """A search as it is published: beside its own fields those every result has."""
    plain = asdict(result)
    return {
        "kind": KIND,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "argv": sys.argv[1:],
        "dataset": result.dataset,
        "target": result.target,
        "task": result.task,
        "protocol": result.protocol,
        "folds_words": result.folds,
        "main": result.main,
        "scores": {score.name: score.interval.to_plain() for score in result.scores},
        "clips": result.clips,
        "cautions": list(result.cautions),
        "seconds": round(result.seconds, 3),
        "versions": versions(),
        "search": plain,
    }


def from_record(record: Mapping[str, Any]) -> SearchResult:
    """The search of a published result."""
    plain = json.loads(json.dumps(record["search"]))
    plain["scores"] = tuple(_score(score) for score in plain["scores"])
    plain["rows"] = tuple(_row(row) for row in plain["rows"])
    cost = plain["cost"]
    plain["cost"] = Interval.from_plain(cost) if isinstance(cost, dict) else Interval(*cost)
    for name in ("beside", "chosen", "fold_names", "cautions"):
        plain[name] = tuple(plain[name])
    plain["left_out"] = tuple((why, count) for why, count in plain["left_out"])
    known = {each.name for each in fields(SearchResult)}
    return SearchResult(**{name: value for name, value in plain.items() if name in known})


def _score(plain: Mapping[str, Any]) -> Score:
    return Score(plain["name"], Interval.from_plain(plain.get("interval", plain)))


def _row(plain: Mapping[str, Any]) -> StrategyResult:
    row = dict(plain) | {"per_fold": tuple(plain["per_fold"])}
    if "low" in row:
        row["score"] = {"value": row["score"], "low": row.pop("low"), "high": row.pop("high")}
        bounds = {side: row.pop(f"behind_{side}") for side in ("low", "high")}
        row["behind"] = {"value": row["behind"], **bounds}
    for name in ("score", "behind"):
        row[name] = Interval.from_plain(row[name])
    return StrategyResult(**row)


def saved_search(store: Store, key: str) -> SearchResult | None:
    """The newest result of exactly this search, if there is one."""
    from dataclasses import replace

    for result_id in reversed(store.results.list()):
        path = store.results.path / result_id / "result.json"
        with suppress(OSError, ValueError, KeyError, TypeError):
            text = path.read_text(encoding="utf-8")
            if key in text:
                return replace(from_record(json.loads(text)), result_id=result_id, from_store=True)
    return None
