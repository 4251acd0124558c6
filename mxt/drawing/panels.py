"""What is drawn of saved searches: the newest of each kind, with its baseline and what was published of its task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mxt.core.errors import MxtError
from mxt.core.reprs import short_repr
from mxt.core.views import parse_view
from mxt.papers.choi2017_tasks import Quoted, Task, find_task, published, state_of_the_art
from mxt.results.records import stale
from mxt.results.request import SearchRequest
from mxt.results.saving import saved_searches
from mxt.results.search_record import SearchResult, StrategyResult
from mxt.store.layout import Store

RANDOM = "random_"  # backbones of this name are baselines


@dataclass(frozen=True, eq=False)
class Panel:
    """One search, and what belongs beside it.

    Parameters
    ----------
    result : SearchResult
    result_id : str
    how : str
        Options beyond data set, features, target and protocol; empty for none.
    label : str
        The table whose layers were searched.
    is_random : bool
        Whether its network learnt nothing.
    sample : str
        Hash of the clips that took part.
    task : Task, optional
        The paper's task that its data set is.
    baseline : SearchResult, optional
        The same search of a random network.
    """

    result: SearchResult
    result_id: str
    how: str
    label: str
    is_random: bool
    sample: str
    task: Task | None = None
    baseline: SearchResult | None = field(default=None, repr=False)
    __repr__ = short_repr

    @property
    def words(self) -> str:
        """The task in words."""
        if self.task is not None:
            return self.task.words
        target = self.result.target
        return self.result.dataset if target in ("label", "class") else f"{self.result.dataset}, {target}"

    @property
    def way(self) -> tuple[str, str]:
        """The protocol and its options: what is compared within a figure shares it."""
        return self.result.protocol, self.how

    @property
    def quoted(self) -> Quoted | None:
        """What others reached, where the paper quotes it."""
        return None if self.task is None else state_of_the_art(self.task)

    @property
    def plain(self) -> list[StrategyResult]:
        """Combinations of layers alone, the best first; of equals the one of fewer columns."""
        rows = [row for row in self.result.rows if not self._added(row.name)]
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
    def whole(self) -> list[StrategyResult]:
        """All layers with each thing joined to them."""
        return [
            row
            for row in self.result.rows
            if row.name in {f"{self.widest}+{name}" for name in self.result.beside}
        ]

    def published(self, name: str) -> float | None:
        """The published score of a combination, where there is one."""
        if self.task is None:
            return None
        scores: Mapping[str, float] = published()["scores"].get(self.task.name, {})
        layers, _, added = name.partition("+")
        return scores.get(f"{layers}+mfcc" if added else layers if layers.isdigit() else "mfcc")

    def _added(self, name: str) -> bool:
        return any(name == each or name.endswith(f"+{each}") for each in self.result.beside)


def read_panels(
    store: Store, *, datasets: Sequence[str], protocols: Sequence[str]
) -> tuple[list[Panel], list[str]]:
    """The searches to draw, in the order of data sets, and remarks on what is not drawn.

    Parameters
    ----------
    store : Store
    datasets, protocols : sequence of str
        Names; empty for all.
    """
    newest: dict[tuple[str, ...], Panel] = {}
    remarks: list[str] = []
    for result in saved_searches(store, remarks):
        result_id, rests_on = result.result_id, result.provenance
        if (datasets and result.dataset not in datasets) or (protocols and result.protocol not in protocols):
            continue
        if why := stale(result.dataset, result.target, rests_on.targets_hash, store.catalogue):
            remarks.append(f"not drawn: {result_id}, {why}")
            continue
        panel = _panel(store, result)
        key = (result.dataset, result.target, result.view, *panel.way)
        before = newest.get(key)
        # of searches of the same clips the one that tried most, else the newest
        if before is None or (before.sample == panel.sample and len(result.rows) > len(before.result.rows)):
            newest[key] = panel
    order = {record.name: place for place, record in enumerate(store.catalogue.datasets())}
    found = sorted(
        newest.values(),
        key=lambda each: (order[each.result.dataset], each.result.target, each.result.view, each.way),
    )
    return list(_paired(found)), remarks


def _panel(store: Store, result: SearchResult) -> Panel:
    label = parse_view(result.view)[0].label
    task = find_task(
        store.catalogue.dataset(result.dataset), result.target, len(store.catalogue.clips(result.dataset))
    )
    is_random = _backbone(store, label).startswith(RANDOM)
    return Panel(
        result,
        result.result_id,
        _how(result.request),
        label,
        is_random,
        result.provenance.sample_sha256,
        task,
    )


def _how(request: SearchRequest) -> str:
    """What a search was asked beside data set, features, target and protocol."""
    named = {
        "group-by": request.group_by,
        "folds": request.folds,
        "head": request.head,
        "seed": request.seed or None,
    }
    words = [f"{name}={value}" for name, value in named.items() if value is not None]
    return " ".join([*words, *request.settings])


def _backbone(store: Store, label: str) -> str:
    """The backbone of a table; its label where that is not known."""
    try:
        pipeline = store.features.find(label).attributes.get("pipeline")
    except MxtError:
        return label
    return str(pipeline["backbone"]["name"]) if isinstance(pipeline, Mapping) else label


def _paired(panels: Sequence[Panel]) -> Iterator[Panel]:
    """Each search with that of a random network beside it; random ones that belong to none stand for themselves."""
    by_place: dict[tuple[object, ...], Panel] = {}
    for each in panels:
        if each.is_random:
            by_place.setdefault(_place(each), each)
    used = set()
    for each in panels:
        other = by_place.get(_place(each))
        if not each.is_random and other is not None:
            used.add(other.result_id)
            yield replace(each, baseline=other.result)
        elif not each.is_random:
            yield each
    yield from (each for each in panels if each.is_random and each.result_id not in used)


def _place(panel: Panel) -> tuple[object, ...]:
    return (panel.result.dataset, panel.result.target, panel.way)
