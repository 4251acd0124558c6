"""Findings that follow from the scores of the grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mxt.papers.choi2017.findings import (
    CLOSE,
    TOP,
    BestScore,
    CellsOfLayer,
    JoinedMfccs,
    LayersThatMatter,
    ManyLayers,
    PublishedCells,
    SameFolds,
    Standardisation,
    ThirdLayer,
)
from mxt.papers.choi2017.records import TaskReproduction
from mxt.papers.choi2017.tasks import published
from mxt.papers.finding import Finding


def cells_met(tasks: Sequence[TaskReproduction]) -> PublishedCells:
    """How many published scores are met."""
    cells = [(task, cell) for task in tasks for cell in task.published]
    off = {
        f"{task.task.name} {cell.strategy}": cell.difference
        for task, cell in cells
        if not cell.met and cell.difference is not None
    }
    return PublishedCells(len(cells) - len(off), sum(cell.exact for _, cell in cells), len(cells), off)


def of_layer(task: TaskReproduction, layer: str) -> CellsOfLayer:
    """Whether the published scores of a task were computed with another file of a layer."""
    parts = [
        [cell for cell in task.published if (layer in cell.strategy) is with_it] for with_it in (True, False)
    ]
    (met, largest), (met_without, largest_without) = (
        (sum(cell.met for cell in cells), max((abs(cell.difference or 0.0) for cell in cells), default=0.0))
        for cells in parts
    )
    n, n_without = map(len, parts)
    return CellsOfLayer(task.task.words, layer, met, n, largest, met_without, n_without, largest_without)


def standardisation(tasks: Sequence[TaskReproduction]) -> Standardisation:
    """Whether the published scores are those of raw or of standardised columns."""
    cells = [cell for task in tasks for cell in task.published]
    scaled = [cell for cell in cells if cell.unpublished_standardised is not None]
    met = sum(
        abs((cell.unpublished_standardised or 0.0) - (cell.published or 0.0)) <= CLOSE for cell in scaled
    )
    return Standardisation(sum(cell.met for cell in scaled), met, len(scaled))


def same_folds(tasks: Sequence[TaskReproduction]) -> Iterator[SameFolds]:
    """What tuning and reporting on the same folds adds, task by task."""
    for task in tasks:
        if task.nested is not None:
            best, whole = task.released.rows[task.released.best], task.nested.scores[0].interval
            score, chosen = best.score.value, task.nested.chosen
            yield SameFolds(task.task.words, len(task.cells), best.name, score, whole, chosen)


def of_task(task: TaskReproduction, *, whole: bool) -> Iterator[Finding]:
    """What the scores of a task say.

    Parameters
    ----------
    task : TaskReproduction
    whole : bool
        Whether all combinations were asked for: then which layers matter, and the best score, too.
    """
    if task.task.name == "jamendo_vd":
        yield of_layer(task, "5")
    scores = {cell.strategy: cell.score for cell in task.cells}
    if {"12345", "12345+mfcc"} <= set(scores):
        gain = scores["12345+mfcc"] - scores["12345"]
        yield JoinedMfccs(task.task.words, scores["12345"], gain)
    if whole:
        yield from _ranked(task)


def _ranked(task: TaskReproduction) -> Iterator[Finding]:
    """Which layers matter, and the best score."""
    name, words = task.task.name, task.task.words
    plain = sorted((cell for cell in task.cells if cell.strategy.isdigit()), key=lambda cell: -cell.score)
    top = tuple(cell.strategy for cell in plain[:TOP])
    level = len({cell.score for cell in plain[:TOP]}) == 1 and len(plain) > TOP
    claim = published()["paper"]["layers"].get(name)
    if claim and not level:
        counts = {layer: sum(layer in strategy for strategy in top) for layer in "12345"}
        yield LayersThatMatter(words, claim, top, counts)
    if name == "emoMusic_v":
        yield ThirdLayer(top[:6])
    if name == "gtzan_genre":
        yield ManyLayers(top)
    if (stated := published()["paper"]["best"].get(name)) is not None:
        here = max(task.cells, key=lambda cell: cell.score)
        table = published()["scores"].get(name, {})
        best = max(table, key=table.__getitem__) if table else ""
        paper, paper_strategy = stated
        yield BestScore(words, here.score, here.strategy, paper, paper_strategy, table.get(best), best)
