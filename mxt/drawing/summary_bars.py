"""All tasks in one figure: what the layers reach, what they are compared with, and what others reached (Choi et al. 2017, figure 2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mxt.drawing.figure import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    at_right,
    headline,
    interval_line,
    page,
    short,
    shown,
    write_numbers,
)
from mxt.drawing.panels import Panel
from mxt.evaluation.interval import Interval
from mxt.evaluation.metrics import metric_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mxt.results.search_record import SearchResult

TRAINED = (BLUE, GREEN, ORANGE, VERMILION, SKY)
COLUMNS = (
    "task",
    "data_set",
    "target",
    "metric",
    "what",
    "layers",
    "score",
    "low",
    "high",
    "chance",
    "source",
)
CHOSEN, BEST, ALL = "layers chosen inside", "best combination", "all layers"
WIDTH, ROW, LINE = 7.2, 0.24, 104


@dataclass(frozen=True, slots=True)
class Summed:
    """One bar: what it is called in the legend, its layers, its score."""

    what: str
    layers: str
    score: Interval


def draw_summary(panels: Sequence[Panel], stem: Path) -> None:
    """Draw searches that were done in one way, grouped by task, and write their numbers."""
    tasks = _by_task(panels)
    found = {task: list(_bars(group)) for task, group in tasks.items()}
    colours = _colours(panels)
    n_rows = sum(len(bars) + 1 for bars in found.values())
    with page(stem, width=WIDTH, height=1.75 + ROW * n_rows) as (figure, axis):
        place, ticks, labels = 0.0, [], []
        for task, bars in found.items():
            first = tasks[task][0]
            axis.text(
                0.0,
                place,
                shown(f"{task} · {metric_words(first.result.main)}"),
                transform=axis.get_yaxis_transform(),
                fontsize=7.5,
                fontweight="bold",
                va="center",
            )
            top = place + 0.5
            for bar in bars:
                place += 1
                _draw(axis, place, bar, colours[bar.what])
                ticks.append(place)
                labels.append(short(bar.layers))
            _references(axis, first, top, place + 0.5)
            place += 1.2
        axis.set_yticks(ticks, labels, fontsize=6.5, fontfamily="DejaVu Sans Mono")
        axis.tick_params(axis="y", length=0)
        axis.set_ylim(place - 0.5, -0.7)
        lowest = min((bar.score.low for bars in found.values() for bar in bars), default=0.0)
        axis.set_xlim(min(0.0, lowest - 0.02), 1.005)
        axis.set_xticks([tick / 5 for tick in range(6)])
        axis.tick_params(axis="x", labelsize=7)
        axis.grid(axis="x", color="#D9D9D9", linewidth=0.6)
        axis.set_xlabel("score with 95 % interval", fontsize=8)
        figure.legend(
            handles=_legend(panels, colours),
            loc="outside lower left",
            ncols=3,
            fontsize=7,
            frameon=False,
            handlelength=1.6,
        )
        headline(axis, "Summary of tasks", _subtitle(panels), characters=LINE)
    write_numbers(stem, COLUMNS, _numbers(tasks, found))


def _by_task(panels: Sequence[Panel]) -> dict[str, list[Panel]]:
    tasks: dict[str, list[Panel]] = {}
    for panel in panels:
        tasks.setdefault(panel.words, []).append(panel)
    return tasks


def _bars(panels: Sequence[Panel]) -> Iterator[Summed]:
    """What each backbone's layers reach, chosen and all together, then all layers of the random network, then what was added."""
    for panel in panels:
        yield _chosen(panel)
        yield _all_layers(panel.result, panel.widest)
    for panel in panels:
        if panel.baseline is not None and (row := panel.baseline.row(panel.widest)) is not None:
            yield _all_layers(panel.baseline, row.name)
            break
    seen = set()
    for row in (row for panel in panels for row in panel.alone):
        if row.name not in seen:
            seen.add(row.name)
            yield Summed(row.name, "", row.score)


def _chosen(panel: Panel) -> Summed:
    """Nested: the search as a whole; else the best combination of layers, as papers report."""
    result = panel.result
    if result.nested:
        whole = result.scores[0]
        often = max(dict.fromkeys(result.chosen), key=result.chosen.count)
        words = f"{often} {result.chosen.count(often)} of {len(result.chosen)}"
        return Summed(f"{result.view}, {CHOSEN}", words, whole.interval)
    best = panel.plain[0]
    return Summed(f"{result.view}, {BEST}", best.name, best.score)


def _all_layers(result: SearchResult, name: str) -> Summed:
    row = result.row(name)
    assert row is not None
    return Summed(f"{result.view}, {ALL}", name, row.score)


def _colours(panels: Sequence[Panel]) -> dict[str, str]:
    """Of each kind of bar, in the order of the legend."""
    found: dict[str, str] = {}
    for number, view in enumerate(dict.fromkeys(panel.result.view for panel in panels)):
        colour = TRAINED[number % len(TRAINED)]
        found |= {
            f"{view}, {CHOSEN if panels[0].result.nested else BEST}": colour,
            f"{view}, {ALL}": _paler(colour),
        }
    found |= {f"{panel.baseline.view}, {ALL}": GREY for panel in panels if panel.baseline is not None}
    return found | {name: PURPLE for panel in panels for name in panel.result.beside}


def _paler(colour: str) -> str:
    """Half way to white."""
    return "#" + "".join(f"{(int(colour[place : place + 2], 16) + 255) // 2:02X}" for place in (1, 3, 5))


def _draw(axis: Axes, place: float, bar: Summed, colour: str) -> None:
    axis.barh(place, bar.score.value, height=0.78, color=colour, zorder=2)
    interval_line(axis, place, bar.score.low, bar.score.high)
    at_right(axis, place, f"{bar.score.value:.3f}")


def _references(axis: Axes, panel: Panel, top: float, bottom: float) -> None:
    """Chance, and what others reached, over the bars of one task."""
    if panel.result.task != "regression":
        axis.vlines(
            panel.result.chance, top, bottom, color="black", linestyle="dotted", linewidth=1.1, zorder=3
        )
    if panel.quoted is not None:
        axis.vlines(
            panel.quoted.value, top, bottom, color="black", linestyle=(0, (4, 2)), linewidth=1.3, zorder=3
        )


def _legend(panels: Sequence[Panel], colours: dict[str, str]) -> list[object]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[object] = [Patch(color=colour, label=shown(what)) for what, colour in colours.items()]
    if any(panel.quoted is not None for panel in panels):
        handles.append(
            Line2D(
                [],
                [],
                color="black",
                linestyle=(0, (4, 2)),
                linewidth=1.3,
                label="state of the art, as quoted",
            )
        )
    if any(panel.result.task != "regression" for panel in panels):
        handles.append(Line2D([], [], color="black", linestyle="dotted", linewidth=1.1, label="chance"))
    return handles


def _subtitle(panels: Sequence[Panel]) -> str:
    protocol, how = panels[0].way
    text = f"{protocol}{f' · {how}' if how else ''}. "
    if panels[0].result.nested:
        text += "Layers and parameters are chosen inside each fold; at the left what was chosen most often. "
        added = [name for panel in panels for name in panel.result.beside]
        text += f"{', '.join(dict.fromkeys(added))} was among the choices. " if added else ""
    else:
        text += "The best combination is chosen on the folds that are reported: too high by that choice. "
    quoted = [
        f"{panel.words} {panel.quoted.value:g} ({panel.quoted.metric})"
        for panel in _first_of_each(panels)
        if panel.quoted
    ]
    source = next((panel.quoted.source for panel in panels if panel.quoted), "")
    return text + (f"State of the art, {source}: {'; '.join(quoted)}." if quoted else "")


def _first_of_each(panels: Sequence[Panel]) -> list[Panel]:
    return [group[0] for group in _by_task(panels).values()]


def _numbers(tasks: dict[str, list[Panel]], found: dict[str, list[Summed]]) -> Iterator[list[object]]:
    for task, panels in tasks.items():
        result, quoted = panels[0].result, panels[0].quoted
        head: list[object] = [task, result.dataset, result.target, metric_words(result.main)]
        for bar in found[task]:
            yield [
                *head,
                bar.what,
                bar.layers,
                bar.score.value,
                bar.score.low,
                bar.score.high,
                result.chance,
                "this store",
            ]
        if quoted is not None:
            yield [
                *head[:3],
                quoted.metric,
                "state of the art",
                None,
                quoted.value,
                None,
                None,
                None,
                quoted.source,
            ]
