"""Findings that follow from the rows of a reproduction, and from the predictions behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mxt.core.reprs import short_repr
from mxt.evaluation.comparison import Difference
from mxt.papers.shtern2017.compare import Arrays, paired, paired_changes, rank_correlation
from mxt.papers.shtern2017.findings import (
    FEWEST_DATASETS,
    Claim,
    LengthRobust,
    LoudnessIsSeen,
    LoudnessStack,
    NormalisingAndLoudness,
    Point,
    PublishedCells,
    SoxColour,
)
from mxt.papers.shtern2017.records import Row
from mxt.papers.shtern2017.subjects import Kind
from mxt.papers.shtern2017.tasks import Column


@dataclass(frozen=True, eq=False)
class Scored:
    """The rows of a reproduction, with their predictions.

    Parameters
    ----------
    rows : sequence of Row
    load : callable
        From a result's id to its predictions.
    file_of : callable
        From a clip's id to its recording: what a clip and its excerpt have in common.
    colour : bool
        Whether the network takes pictures in colour.
    """

    rows: Sequence[Row]
    load: Callable[[str], Arrays]
    file_of: Callable[[str], str]
    colour: bool
    __repr__ = short_repr

    def predictions(self, row: Row, column: Column) -> Arrays | None:
        """What was predicted in one cell."""
        cell = row.cells.get(column)
        return self.load(cell.result) if cell else None

    def change(self, row: Row, after: Column, before: Column) -> Difference | None:
        """The accuracy of one column minus that of another, on the same clips."""
        first, second = self.predictions(row, after), self.predictions(row, before)
        return None if first is None or second is None else paired(first, second)

    def findings(self) -> Iterator[Claim]:
        """All that follow."""
        yield published_cells(self.rows)
        yield normalising_and_loudness(points_of(self.rows))
        yield from self._loudness_classes()
        yield self._stack()
        yield from self._lengths()
        yield from self._colours()

    def _loudness_classes(self) -> Iterator[LoudnessIsSeen]:
        for row in self.rows:
            cell = row.cells.get(Column.NETWORK)
            if row.subject.kind is Kind.LOUDNESS and cell is not None:
                yield LoudnessIsSeen(
                    row.subject.parent, row.subject.parts, cell.score, cell.chance, cell.published
                )

    def _stack(self) -> LoudnessStack:
        for row in self.rows:
            gain = self.change(row, Column.STACK, Column.NETWORK_PEAK)
            if gain is not None:
                stack = row.cells[Column.STACK].published
                without = row.cells[Column.NETWORK_PEAK].published
                published = None if stack is None or without is None else stack - without
                return LoudnessStack(row.subject.dataset, gain, published)
        return LoudnessStack("")

    def _lengths(self) -> Iterator[LengthRobust]:
        whole = {row.subject.dataset: row for row in self.rows if row.subject.kind is Kind.WHOLE}
        judged = False
        for row in self.rows:
            subject = row.subject
            if subject.kind is not Kind.SHORT or subject.derived is None or subject.parent not in whole:
                continue
            parts: dict[Column, tuple[Arrays, Arrays]] = {}
            for column in (Column.NETWORK, Column.MARSYAS):
                after = self.predictions(row, column)
                before = self.predictions(whole[subject.parent], column)
                if after is not None and before is not None:
                    parts[column] = (after, before)
            if len(parts) < 2:
                continue
            judged = True
            network, marsyas = (paired(*pair, key=self.file_of) for pair in parts.values())
            contrast = paired_changes(*parts.values(), key=self.file_of)
            seconds = float(subject.derived.options["length"])
            yield LengthRobust(subject.parent, seconds, network, marsyas, contrast)
        if not judged:
            yield LengthRobust("", 0.0)

    def _colours(self) -> Iterator[SoxColour]:
        coloured = [row for row in self.rows if Column.COLOUR in row.cells]
        for row in coloured:
            yield SoxColour(row.subject.dataset, self.change(row, Column.COLOUR, Column.NETWORK))
        if not coloured:
            yield SoxColour("", offered=self.colour)


def published_cells(rows: Sequence[Row]) -> PublishedCells:
    """How many published accuracies are met."""
    cells = [(row, cell) for row in rows for cell in row.cells.values() if cell.published is not None]
    off: Mapping[str, float] = {
        f"{row.subject.dataset}, {cell.column.value}": cell.score.value - (cell.published or 0.0)
        for row, cell in cells
        if not cell.met
    }
    return PublishedCells(len(cells) - len(off), len(cells), off)


def points_of(rows: Sequence[Row]) -> tuple[Point, ...]:
    """A point for each data set of Table 2 that is not part of another one."""
    return tuple(
        Point(row.subject.dataset, row.network_gain, row.alone, row.baseline)
        for row in rows
        if row.subject.kind is Kind.WHOLE
        and not row.subject.part
        and row.network_gain is not None
        and row.alone is not None
    )


def normalising_and_loudness(points: Sequence[Point]) -> NormalisingAndLoudness:
    """The rank correlation of gains with what loudness alone tells, where there are enough data sets."""
    if len(points) < FEWEST_DATASETS:
        return NormalisingAndLoudness(tuple(points))
    rho, p = rank_correlation([point.told for point in points], [point.gain.interval for point in points])
    return NormalisingAndLoudness(tuple(points), rho, p)
