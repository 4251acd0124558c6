"""The saved searches to draw: the newest of each kind, with its baseline and what was published about it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mxt.core.errors import MxtError, StoreDamaged
from mxt.core.reprs import short_repr
from mxt.core.views import parse_view
from mxt.results.records import stale
from mxt.results.search_record import KIND, SearchResult, StrategyResult, from_record
from mxt.store.layout import Store

RANDOM = "random_"  # how the names of untrained backbones begin
_NAMED = {"--dataset", "--features", "--with", "--target", "--protocol"}


@dataclass(frozen=True, slots=True)
class Quoted:
    """A score that others reached, as a paper quotes it: its value, what it measures, and who quotes it."""

    value: float
    metric: str
    source: str


@dataclass(frozen=True, slots=True)
class Published:
    """What a paper published about a task.

    Parameters
    ----------
    task : str
        Its name.
    scores : mapping
        Combinations, as the search names them, to their scores.
    quoted : Quoted, optional
        The state of the art.
    """

    task: str
    scores: Mapping[str, float]
    quoted: Quoted | None = None


@dataclass(frozen=True, eq=False)
class Panel:
    """One search, and what belongs beside it.

    Parameters
    ----------
    result : SearchResult
    result_id : str
    how : str
        How it was done, beyond data set, features, target and protocol; empty for the defaults.
    label : str
        The table whose layers were searched.
    is_random : bool
        Whether its network is untrained.
    sample : str
        Hash of the clips that took part.
    published : Published, optional
        Where a paper reports on the same task.
    baseline : SearchResult, optional
        The same search of a random network.
    """

    result: SearchResult
    result_id: str
    how: str
    label: str
    is_random: bool
    sample: str
    published: Published | None = None
    baseline: SearchResult | None = field(default=None, repr=False)
    __repr__ = short_repr

    @property
    def words(self) -> str:
        """The name of the task."""
        if self.published is not None:
            return self.published.task
        target = self.result.target
        return self.result.dataset if target in ("label", "class") else f"{self.result.dataset}, {target}"

    @property
    def way(self) -> tuple[str, str]:
        """The protocol and its options, which all searches in one figure share."""
        return self.result.protocol, self.how

    @property
    def about(self) -> str:
        """Clips, head and folds, for the text of a figure."""
        result = self.result
        return " · ".join(filter(None, (f"{result.clips:,} clips", result.head, result.folds, self.how)))

    @property
    def chance(self) -> float | None:
        """The score of guessing; ``None`` for regression, where it is zero by definition."""
        return None if self.result.task == "regression" else self.result.chance

    @property
    def quoted(self) -> Quoted | None:
        """What others reached, where a paper quotes it."""
        return None if self.published is None else self.published.quoted

    @property
    def plain(self) -> list[StrategyResult]:
        """Combinations of layers alone, the best first; of equals the one with fewer columns."""
        beside = self.result.beside
        rows = [row for row in self.result.rows if not any(_has(row.name, name) for name in beside)]
        return sorted(rows, key=lambda row: (-round(row.score.value, 9), row.columns, row.name))

    @property
    def alone(self) -> list[StrategyResult]:
        """What was joined, by itself."""
        return [row for row in self.result.rows if row.name in self.result.beside]

    @property
    def widest(self) -> str:
        """The name of all layers together."""
        return max(self.plain, key=lambda row: row.columns).name

    @property
    def joined(self) -> list[StrategyResult]:
        """All layers with each thing joined to them."""
        names = {f"{self.widest}+{name}" for name in self.result.beside}
        return [row for row in self.result.rows if row.name in names]


def _has(combination: str, added: str) -> bool:
    return combination == added or combination.endswith(f"+{added}")


def read_panels(
    store: Store, *, datasets: Sequence[str], protocols: Sequence[str]
) -> tuple[list[Panel], list[str]]:
    """The searches to draw, in the order of data sets, and remarks about those that are not drawn.

    Parameters
    ----------
    store : Store
    datasets, protocols : sequence of str
        Names; empty for all.
    """
    newest: dict[tuple[str, ...], Panel] = {}
    remarks: list[str] = []
    for result_id, record in _records(store, remarks):
        result = from_record(record)
        if (datasets and result.dataset not in datasets) or (protocols and result.protocol not in protocols):
            continue
        if why := stale(record, store.catalogue):
            remarks.append(f"not drawn: {result_id}, {why}")
            continue
        panel = _panel(store, result_id, record, result)
        key = (result.dataset, result.target, result.view, *panel.way)
        before = newest.get(key)
        # of searches of the same clips the one that tried most, else the newest
        if before is None or (before.sample == panel.sample and len(result.rows) > len(before.result.rows)):
            newest[key] = panel
    order = {record.name: number for number, record in enumerate(store.catalogue.datasets())}
    panels = sorted(
        newest.values(),
        key=lambda panel: (order[panel.result.dataset], panel.result.target, panel.result.view, panel.way),
    )
    return list(_paired(panels)), remarks


def _records(store: Store, remarks: list[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Saved searches, the newest first."""
    for result_id in reversed(store.results.list()):
        try:
            record = store.results.load(result_id)
        except StoreDamaged as error:
            remarks.append(str(error))
            continue
        if record.get("kind") == KIND:
            yield result_id, record


def _panel(store: Store, result_id: str, record: Mapping[str, Any], result: SearchResult) -> Panel:
    label = parse_view(result.view)[0].label
    is_random = _backbone(store, label).startswith(RANDOM)
    how = _how(str(record.get("command", "")))
    return Panel(result, result_id, how, label, is_random, str(record.get("sample_sha256", "")))


def _how(command: str) -> str:
    """Options of a search's command that say how it was done."""
    words = shlex.split(command)[2:]
    pairs = zip(words[::2], words[1::2], strict=False)
    return " ".join(
        value if name == "--set" else f"{name.lstrip('-')}={value}"
        for name, value in pairs
        if name not in _NAMED
    )


def _backbone(store: Store, label: str) -> str:
    """The backbone of a table; its label where that is not known."""
    try:
        pipeline = store.features.find(label).attributes.get("pipeline")
    except MxtError:
        return label
    return str(pipeline["backbone"]["name"]) if isinstance(pipeline, Mapping) else label


def _paired(panels: Sequence[Panel]) -> Iterator[Panel]:
    """Each search with that of a random network beside it; random ones without partner stand alone."""
    random = {_study(panel): panel for panel in reversed(panels) if panel.is_random}
    trained = [panel for panel in panels if not panel.is_random]
    for panel in trained:
        beside = random.get(_study(panel))
        yield panel if beside is None else replace(panel, baseline=beside.result)
    studies = {_study(panel) for panel in trained}
    used = {panel.result_id for study, panel in random.items() if study in studies}
    yield from (panel for panel in panels if panel.is_random and panel.result_id not in used)


def _study(panel: Panel) -> tuple[object, ...]:
    return (panel.result.dataset, panel.result.target, panel.way)
