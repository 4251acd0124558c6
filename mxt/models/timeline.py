"""Predictions for a recording: for the whole of it, or for consecutive windows, joined where they agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mxt.core.reprs import short_repr
from mxt.models.model import Model
from mxt.models.thresholds import DEFAULT_LABEL

Array = npt.NDArray[np.float64]
Why = Literal["", "not sure", "unlike"]
NONE_OF_THESE = "none of these"


@dataclass(frozen=True, slots=True)
class Prediction:
    """The prediction for a clip, or for a stretch of a recording: one row of what `predict` writes.

    Parameters
    ----------
    file : str
        The recording.
    start, end : float
        Seconds.
    label : str
        The class or label; `NONE_OF_THESE` where `why` says that there is none. Empty for a number.
    confidence : float
        Probability of the label; of a number NaN.
    value, low, high : float
        The number and its bounds; NaN for classes and labels.
    others : tuple of (str, float)
        Further classes and their probabilities, the likeliest first.
    why : {"", "not sure", "unlike"}
        Why no label is given: none is likely enough, or the sound is unlike all that was learnt.
    model : str
        Name of the bundle.
    """

    file: str
    start: float
    end: float
    label: str
    confidence: float = float("nan")
    value: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    others: tuple[tuple[str, float], ...] = ()
    why: Why = ""
    model: str = ""


@dataclass(frozen=True, eq=False)
class Outputs:
    """What a model gives for the clips or windows of one file, in order.

    Parameters
    ----------
    file : str
    starts, ends : float64 [n]
        Seconds.
    values : float64 [n, classes], or [n, 3]
        Probabilities; or value, lower and upper bound.
    likeness : float64 [n]
        Share of learning clips that lie as far off.
    """

    file: str
    starts: Array
    ends: Array
    values: Array
    likeness: Array
    __repr__ = short_repr


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides about a label.

    Parameters
    ----------
    threshold : float, optional
        The least probability (default: none for classes, 0.5 for labels).
    reject : float
        A sound is unlike what was learnt where at most this share of learning clips lie so far off.
    further : int
        How many further classes are named.
    joined : bool
        Whether consecutive windows of one label become one stretch.
    """

    threshold: float | None = None
    reject: float = 0.01
    further: int = 0
    joined: bool = False


def predictions(model: Model, outputs: Outputs, rules: Rules) -> Iterator[Prediction]:
    """The rows of one file, by start."""
    unlike = model.likeness.is_unlike(outputs.likeness, rules.reject)
    starts, ends = _borders(outputs) if rules.joined else (outputs.starts, outputs.ends)
    if model.task == "regression":
        yield from _numbers(model, outputs, unlike)
    elif model.task == "multilabel":
        rows = list(_labels(model, outputs, unlike, (starts, ends), rules))
        yield from sorted(rows, key=lambda row: (row.start, -row.confidence))
    else:
        yield from _classes(model, outputs, unlike, (starts, ends), rules)


def _numbers(model: Model, outputs: Outputs, unlike: npt.NDArray[np.bool_]) -> Iterator[Prediction]:
    """Numbers with their bounds; windows are never joined."""
    columns = (outputs.starts, outputs.ends, outputs.values, unlike)
    for start, end, (value, low, high), far in zip(*columns, strict=True):
        yield Prediction(
            file=outputs.file,
            start=_seconds(start),
            end=_seconds(end),
            label=NONE_OF_THESE if far else "",
            value=float(value),
            low=float(low),
            high=float(high),
            why="unlike" if far else "",
            model=model.name,
        )


def _classes(
    model: Model, outputs: Outputs, unlike: npt.NDArray[np.bool_], span: tuple[Array, Array], rules: Rules
) -> Iterator[Prediction]:
    best = outputs.values.argmax(axis=1)
    sure = outputs.values.max(axis=1) >= (rules.threshold or 0.0)
    whys: list[Why] = [
        "unlike" if far else "" if clear else "not sure" for far, clear in zip(unlike, sure, strict=True)
    ]
    labels = [NONE_OF_THESE if why else model.classes[i] for i, why in zip(best, whys, strict=True)]
    for rows in _runs(list(zip(labels, whys, strict=True)), joined=rules.joined):
        mean = outputs.values[rows].mean(axis=0)
        order = [int(i) for i in np.argsort(-mean, kind="stable")]
        given = model.classes.index(labels[rows[0]]) if not whys[rows[0]] else None
        others = [(model.classes[i], float(mean[i])) for i in order if i != given][: rules.further]
        yield Prediction(
            file=outputs.file,
            start=_seconds(span[0][rows[0]]),
            end=_seconds(span[1][rows[-1]]),
            label=labels[rows[0]],
            confidence=float(mean[order[0] if given is None else given]),
            others=tuple(others),
            why=whys[rows[0]],
            model=model.name,
        )


def _labels(
    model: Model, outputs: Outputs, unlike: npt.NDArray[np.bool_], span: tuple[Array, Array], rules: Rules
) -> Iterator[Prediction]:
    """Stretches that have each of several labels, and those that have none."""
    threshold = DEFAULT_LABEL if rules.threshold is None else rules.threshold
    given = (outputs.values >= threshold) & ~unlike[:, None]
    none = ~given.any(axis=1)
    columns: list[tuple[str, Why, npt.NDArray[np.bool_], Array]] = [
        (name, "", given[:, label], outputs.values[:, label]) for label, name in enumerate(model.classes)
    ]
    columns += [
        (NONE_OF_THESE, "unlike", none & unlike, outputs.values.max(axis=1)),
        (NONE_OF_THESE, "not sure", none & ~unlike, outputs.values.max(axis=1)),
    ]
    for name, why, there, probability in columns:
        for rows in _runs(list(there), joined=rules.joined):
            if there[rows[0]]:
                yield Prediction(
                    file=outputs.file,
                    start=_seconds(span[0][rows[0]]),
                    end=_seconds(span[1][rows[-1]]),
                    label=name,
                    confidence=float(probability[rows].mean()),
                    why=why,
                    model=model.name,
                )


def _runs(keys: Sequence[Any], *, joined: bool) -> Iterator[list[int]]:
    """Rows one by one, or consecutive ones with equal keys together."""
    if not joined:
        yield from ([row] for row in range(len(keys)))
        return
    for _, rows in groupby(range(len(keys)), key=lambda row: keys[row]):
        yield list(rows)


def _borders(outputs: Outputs) -> tuple[Array, Array]:
    """Stretches that cover a recording without overlap: neighbours meet half way between their middles."""
    middles = (outputs.starts + outputs.ends) / 2
    borders = (middles[1:] + middles[:-1]) / 2
    return np.append(outputs.starts[:1], borders), np.append(borders, outputs.ends[-1:])


def _seconds(value: float) -> float:
    return round(float(value), 6)
