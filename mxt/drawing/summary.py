"""All tasks in one figure: what layers, baselines and others reach (Choi et al. 2017, figure 2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mxt.drawing.numbers import NOTHING, write_numbers
from mxt.drawing.page import GREY, PURPLE, SERIES, headline, legend, page
from mxt.drawing.panels import Panel
from mxt.drawing.rows import Group, Row, draw_rows, height_of
from mxt.evaluation.interval import Interval
from mxt.evaluation.metrics import metric_words
from mxt.results.search_record import SearchResult

COLUMNS = (
    *("task", "data_set", "target", "metric", "what", "layers"),
    *("score", "low", "high", "chance", "source"),
)
TRAINED = tuple(colour for colour in SERIES if colour != PURPLE)
CHOSEN, BEST, ALL = "layers chosen inside", "best combination", "all layers"
WIDTH, ROW, MARGINS, LINE = 7.2, 0.23, 1.75, 104


@dataclass(frozen=True, slots=True)
class Entry:
    """One score: what it is in the legend, its layers, its value."""

    what: str
    layers: str
    score: Interval


def draw_summary(panels: Sequence[Panel], files: Sequence[Path]) -> None:
    """Draw searches that were done in one way, grouped by task, and write their numbers."""
    tasks: dict[str, list[Panel]] = {}
    for panel in panels:
        tasks.setdefault(panel.words, []).append(panel)
    entries = {task: list(_entries(of_task)) for task, of_task in tasks.items()}
    colours = _colours(panels)
    groups = [_group(tasks[task][0], entries[task], colours) for task in tasks]
    drawn = {entry.what for of_task in entries.values() for entry in of_task}
    *pictures, table = files
    height = MARGINS + ROW * height_of(groups)
    with page(*pictures, width=WIDTH, height=height) as (figure, (axis,)):
        draw_rows(axis, groups)
        lowest = min(entry.score.low for of_task in entries.values() for entry in of_task)
        axis.set_xlim(min(0.0, lowest) - 0.02, 1.02)
        axis.set_xlabel("score with 95 % interval")
        chance = any(panel.chance is not None for panel in panels)
        quoted = any(panel.quoted is not None for panel in panels)
        legend(
            figure,
            {what: colour for what, colour in colours.items() if what in drawn},
            chance="chance" if chance else "",
            quoted="state of the art, as quoted" if quoted else "",
        )
        headline(axis, "Summary of tasks", _text(tasks), characters=LINE)
    write_numbers(table, COLUMNS, _numbers(tasks, entries))


def _group(panel: Panel, entries: Sequence[Entry], colours: Mapping[str, str]) -> Group:
    rows = [
        Row(entry.layers, ((entry.score, colours[entry.what]),), (f"{entry.score.value:.3f}",))
        for entry in entries
    ]
    title = f"{panel.words} · {metric_words(panel.result.main)}"
    return Group(rows, title, panel.chance, panel.quoted.value if panel.quoted else None)


def _entries(panels: Sequence[Panel]) -> Iterator[Entry]:
    """Each backbone's layers, chosen and all together; the random network; what was added."""
    for panel in panels:
        yield _chosen(panel)
        yield from _all_layers(panel.result, panel.widest)
    baselines = [(panel.baseline, panel.widest) for panel in panels if panel.baseline is not None]
    yield from [entry for result, name in baselines for entry in _all_layers(result, name)][:1]
    alone = {row.name: row for panel in panels for row in panel.alone}
    yield from (Entry(name, "", row.score) for name, row in alone.items())


def _chosen(panel: Panel) -> Entry:
    """Nested: the search as a whole; else the best combination of layers, as papers report."""
    result = panel.result
    if not result.nested:
        best = panel.plain[0]
        return Entry(f"{result.view}, {BEST}", best.name, best.score)
    often = max(dict.fromkeys(result.chosen), key=result.chosen.count)
    words = f"{often} {result.chosen.count(often)} of {len(result.chosen)}"
    return Entry(f"{result.view}, {CHOSEN}", words, result.scores[0].interval)


def _all_layers(result: SearchResult, name: str | None) -> Iterator[Entry]:
    """All layers together, where they were tried."""
    if name is not None and (row := result.row(name)) is not None:
        yield Entry(f"{result.view}, {ALL}", name, row.score)


def _colours(panels: Sequence[Panel]) -> dict[str, str]:
    """The colour of each kind of score, in the order of the legend."""
    chosen = CHOSEN if panels[0].result.nested else BEST
    colours: dict[str, str] = {}
    for number, view in enumerate(dict.fromkeys(panel.result.view for panel in panels)):
        colour = TRAINED[number % len(TRAINED)]
        colours |= {f"{view}, {chosen}": colour, f"{view}, {ALL}": _paler(colour)}
    colours |= {f"{panel.baseline.view}, {ALL}": GREY for panel in panels if panel.baseline is not None}
    return colours | {name: PURPLE for panel in panels for name in panel.result.beside}


def _paler(colour: str) -> str:
    """Half way to white."""
    return "#" + "".join(f"{(int(colour[i : i + 2], 16) + 255) // 2:02X}" for i in (1, 3, 5))


def _text(tasks: Mapping[str, Sequence[Panel]]) -> str:
    panels = [panel for of_task in tasks.values() for panel in of_task]
    text = f"{' · '.join(filter(None, panels[0].way))}. "
    if panels[0].result.nested:
        text += "Layers and parameters were chosen inside each fold; left: the most frequent choice. "
        added = list(dict.fromkeys(name for panel in panels for name in panel.result.beside))
        text += f"The choices included {' and '.join(added)}. " if added else ""
    else:
        text += "Optimistic: the best combination was chosen on the reported folds. "
    quoted = {task: of_task[0].quoted for task, of_task in tasks.items()}
    scores = [f"{task} {score.value:g} ({score.metric})" for task, score in quoted.items() if score]
    source = next((score.source for score in quoted.values() if score), "")
    return text + (f"State of the art, {source}: {'; '.join(scores)}." if scores else "")


def _numbers(
    tasks: Mapping[str, Sequence[Panel]], entries: Mapping[str, Sequence[Entry]]
) -> Iterator[list[object]]:
    for task, (panel, *_) in tasks.items():
        result, quoted = panel.result, panel.quoted
        about: list[object] = [task, result.dataset, result.target]
        for entry in entries[task]:
            what = [metric_words(result.main), entry.what, entry.layers]
            yield [*about, *what, entry.score, result.chance, "this store"]
        if quoted is not None:
            score = Interval(quoted.value, NOTHING.low, NOTHING.high)
            yield [*about, quoted.metric, "state of the art", None, score, None, quoted.source]
