"""The saved searches to draw: the newest of each kind, with its baseline and what was published about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mxt.core.errors import MxtError
from mxt.core.reprs import short_repr
from mxt.core.views import parse_view
from mxt.evaluation.candidates import default_kinds
from mxt.results.records import stale
from mxt.results.saving import saved_searches
from mxt.results.search_record import SearchResult, StrategyResult
from mxt.store.layout import Store

RANDOM = "random_"  # how the names of untrained backbones begin


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
    is_random : bool
        Whether its network is untrained.
    published : Published, optional
        Where a paper reports on the same task.
    baseline : SearchResult, optional
        The same search of a random network.
    """

    result: SearchResult
    is_random: bool
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
    def how(self) -> str:
        """What was chosen beyond data set, features, target and protocol; empty for the defaults."""
        request, kinds = self.result.request, self.result.request.candidates
        options = {
            "candidates": "" if kinds == default_kinds(len(self.result.layers)) else ",".join(kinds),
            "group-by": request.group_by,
            "folds": request.folds,
            "head": request.head,
            "seed": request.seed,
        }
        return " ".join([*(f"{name}={value}" for name, value in options.items() if value), *request.settings])

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
    def widest(self) -> str | None:
        """The name of all layers together; ``None`` where they were not tried."""
        joined = [row for row in self.plain if not row.weights]
        return next((row.name for row in joined if len(row.layers) == len(self.result.layers)), None)

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
    for result in saved_searches(store, remarks):
        if (datasets and result.dataset not in datasets) or (protocols and result.protocol not in protocols):
            continue
        if why := stale(result.dataset, result.target, result.provenance.targets_hash, store.catalogue):
            remarks.append(f"not drawn: {result.result_id}, {why}")
            continue
        panel = Panel(result, _backbone(store, result.view).startswith(RANDOM))
        key = (result.dataset, result.target, result.view, *panel.way)
        if key not in newest or _tried_more(result, newest[key].result):
            newest[key] = panel
    order = {record.name: number for number, record in enumerate(store.catalogue.datasets())}
    panels = sorted(
        newest.values(),
        key=lambda panel: (order[panel.result.dataset], panel.result.target, panel.result.view, panel.way),
    )
    return list(_paired(panels)), remarks


def _tried_more(older: SearchResult, newer: SearchResult) -> bool:
    """Whether an older search of the same clips tried more combinations."""
    same_clips = older.provenance.sample_sha256 == newer.provenance.sample_sha256
    return same_clips and len(older.rows) > len(newer.rows)


def _backbone(store: Store, view: str) -> str:
    """The backbone of the table that was searched; its label where that is not known."""
    label = parse_view(view)[0].label
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
    used = [panel for study, panel in random.items() if study in studies]
    yield from (panel for panel in panels if panel.is_random and panel not in used)


def _study(panel: Panel) -> tuple[object, ...]:
    return (panel.result.dataset, panel.result.target, panel.way)
