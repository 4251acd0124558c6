"""Annotations of one recording by time: those of the same stretch, how many overlap, what lies between."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mxt.core.identity import microseconds
from mxt.core.records import Annotation

SHORTEST_GAP = 0.1  # seconds


@dataclass(frozen=True, slots=True)
class Stretch:
    """All annotations that begin and end at the same microseconds, and how many others overlap them."""

    annotations: tuple[Annotation, ...]
    overlaps: int

    @property
    def start(self) -> float:
        """Seconds."""
        return self.annotations[0].start

    @property
    def end(self) -> float:
        """Seconds."""
        return self.annotations[0].end

    def values(self, column: str | None = None) -> tuple[str, ...]:
        """Its labels, or what a column says, each once."""
        words = (a.label if column is None else _field(a, column) for a in self.annotations)
        return tuple(dict.fromkeys(word for word in words if word))

    @property
    def fields(self) -> dict[str, str]:
        """Its band, the number of overlaps, and the fields of its first annotation."""
        lows = [a.low_hz for a in self.annotations if a.low_hz is not None]
        highs = [a.high_hz for a in self.annotations if a.high_hz is not None]
        return {
            **dict(self.annotations[0].fields),
            **({"low_hz": f"{min(lows):.10g}"} if lows else {}),
            **({"high_hz": f"{max(highs):.10g}"} if highs else {}),
            "overlaps": str(self.overlaps),
        }


def stretches(annotations: Iterable[Annotation]) -> list[Stretch]:
    """The annotated stretches of one recording, by time."""
    same: dict[tuple[int | None, int | None], list[Annotation]] = defaultdict(list)
    for annotation in annotations:
        same[microseconds(annotation.start), microseconds(annotation.end)].append(annotation)
    alike = [tuple(same[span]) for span in sorted(same)]
    starts = sorted(group[0].start for group in alike)
    ends = sorted(group[0].end for group in alike)
    return [
        Stretch(group, max(0, bisect_left(starts, group[0].end) - bisect_right(ends, group[0].start) - 1))
        for group in alike
    ]


def gaps(annotated: Sequence[Stretch]) -> list[tuple[float, float | None]]:
    """Start and end of what lies between the stretches of a recording; the last one goes on to its end.

    Examples
    --------
    >>> gaps(stretches([Annotation("a", 1.0, 2.0), Annotation("a", 1.5, 3.0)]))
    [(0.0, 1.0), (3.0, None)]
    """
    left: list[tuple[float, float | None]] = []
    begin = 0.0
    for stretch in annotated:
        if stretch.start - begin >= SHORTEST_GAP:
            left.append((begin, stretch.start))
        begin = max(begin, stretch.end)
    return [*left, (begin, None)]


def _field(annotation: Annotation, column: str) -> str:
    return next((text for name, text in annotation.fields.items() if name.lower() == column.lower()), "")
