"""What the page's script reads: clips, answers, previews and maps, as plain values."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.text import written
from mxt.drawing.report.contents import ShownChapter, ShownResult
from mxt.drawing.report.need import Key
from mxt.drawing.report.previews import Previews
from mxt.drawing.report.words import MOST_LISTED
from mxt.evaluation.projection import METHODS
from mxt.results.report import ShownClip

PROBABILITIES = 4  # the highest of each clip, and that of its own class
PLACES = 1000  # steps of a map's axes


def page_data(chapters: Sequence[ShownChapter], previews: Previews) -> dict[str, Any]:
    """The values of the page; clips, results and classes refer to one another by number."""
    clips = Clips(previews)
    data = {
        "chapters": [_chapter(chapter, clips) for chapter in chapters],
        "results": [_result(one, chapter, clips) for chapter in chapters for one in chapter.results],
    }
    return {**data, **clips.data(), "methods": dict(METHODS)}


class Clips:
    """The clips of a page, numbered as they are met."""

    def __init__(self, previews: Previews) -> None:
        self.previews = previews
        self.rows: list[list[Any]] = []
        self.sounds: list[list[Any]] = []
        self.number_of: dict[Key, int] = {}

    def number(self, dataset: str, clip: str, known: Mapping[str, ShownClip]) -> int:
        """The number of a clip: its name, group, seconds, the number of its preview, and why it has none."""
        key = dataset, written(clip)
        if key not in self.number_of:
            self.number_of[key] = len(self.rows)
            about = known.get(key[1], ShownClip())
            self.rows.append(
                [
                    key[1],
                    about.group,
                    round(about.seconds, 2),
                    self._sound(key),
                    self.previews.silent.get(key, ""),
                ]
            )
        return self.number_of[key]

    def data(self) -> dict[str, Any]:
        """The clips and their sounds, as the script reads them."""
        return {"clips": self.rows, "sounds": self.sounds, "soundType": self.previews.sound_type}

    def _sound(self, key: Key) -> int:
        preview = self.previews.of.get(key)
        if preview is None:
            return -1
        sound, picture = (b64encode(part).decode() for part in (preview.sound, preview.picture))
        self.sounds.append([sound, picture, preview.start, preview.seconds])
        return len(self.sounds) - 1


def _result(one: ShownResult, chapter: ShownChapter, clips: Clips) -> dict[str, Any]:
    answers, dataset, known = one.of.answers, chapter.of.card.name, chapter.of.clips
    rows = []
    classes: tuple[str, ...] = ()
    if answers is not None:
        classes = answers.classes
        probabilities = (
            [None] * len(answers.clips) if answers.probabilities is None else answers.probabilities
        )
        for clip, true, predicted, fold, p in zip(
            answers.clips, answers.true, answers.predicted, answers.folds, probabilities, strict=True
        ):
            highest = None if p is None else _highest(p, true)
            rows.append([clips.number(dataset, clip, known), true, _rounded(predicted), fold, highest])
    return {
        "name": one.name,
        "chapter": chapter.number,
        "task": chapter.of.task,
        "classes": classes,
        "rows": rows,
        "map": _map(one, chapter, clips),
    }


def _rounded(predicted: Any) -> Any:
    if isinstance(predicted, float):
        return round(predicted, 4)
    return [[number, round(share, 3)] for number, share in predicted]


def _highest(p: npt.NDArray[np.float32], true: tuple[int, ...]) -> list[list[float]]:
    """Class and probability, the highest first; the true ones among them."""
    order = [int(i) for i in np.argsort(-p, kind="stable")]
    kept = [*order[:PROBABILITIES], *(i for i in order[PROBABILITIES:] if i in true)]
    return [[i, round(float(p[i]), 3)] for i in kept]


def _map(one: ShownResult, chapter: ShownChapter, clips: Clips) -> dict[str, Any] | None:
    points = one.of.map
    if points is None:
        return None
    known, dataset = chapter.of.clips, chapter.of.card.name
    return {
        "clips": [clips.number(dataset, clip, known) for clip in points.clips],
        "points": {method: _places(xy) for method, xy in points.points.items()},
    }


def _places(points: npt.NDArray[np.float64]) -> list[list[int]]:
    """Points in a square of `PLACES` steps, both axes in one scale."""
    spread = np.ptp(points, axis=0)
    scale = spread.max() or 1.0
    centred = (points - points.min(axis=0) - spread / 2) / scale + 0.5
    places = np.round(PLACES * centred).astype(int)
    return [[x, PLACES - y] for x, y in places.tolist()]


def _chapter(chapter: ShownChapter, clips: Clips) -> dict[str, Any]:
    known, dataset = chapter.of.clips, chapter.of.card.name
    return {
        "wrong": [
            [
                clips.number(dataset, one.clip, known),
                one.label,
                one.suggested,
                round(one.probability, 3),
                round(one.suggested_probability, 3),
            ]
            for one in chapter.audit.wrong_labels[:MOST_LISTED]
        ],
        "copies": [
            {
                "clips": [clips.number(dataset, clip, known) for clip in (one.first, one.second)],
                "labels": one.labels,
                "folds": one.folds,
                "similarity": round(one.similarity, 3),
                "by": one.by,
                "split": one.split,
            }
            for one in chapter.audit.copies[:MOST_LISTED]
        ],
    }
