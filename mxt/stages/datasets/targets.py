"""What the values of a column are: classes, several labels, or numbers."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mxt.core.records import Target

Numbers = Literal["auto", "values", "classes"]
SEPARATORS = (";", "|")
MOST_NUMBERED_CLASSES = 50
_NOT_THERE = frozenset(("", "nan", "na", "n/a", "null", "none"))
_WHOLE = re.compile(r"[+-]?\d+")
_SPLITS = {
    "train": "train",
    "training": "train",
    "tr": "train",
    "learn": "train",
    "valid": "valid",
    "validation": "valid",
    "val": "valid",
    "dev": "valid",
    "development": "valid",
    "test": "test",
    "testing": "test",
    "te": "test",
    "eval": "test",
    "evaluation": "test",
}


def split_name(text: str) -> str | None:
    """``train``, ``valid`` or ``test`` for the words people use for them, else ``None``.

    Examples
    --------
    >>> split_name("Validation"), split_name("blues")
    ('valid', None)
    """
    return _SPLITS.get(text.strip().lower())


ValueKind = Literal["classes", "numbers", "numbered classes", "several labels"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the values of a column are, and what separates several labels in a text."""

    kind: ValueKind
    separator: str = ""

    def __str__(self) -> str:
        if self.kind == "numbered classes":
            return "whole numbers taken as classes"
        return f"{self.kind}, separated by {self.separator}" if self.separator else self.kind


def typed(
    values: Sequence[object], *, numbers: Numbers = "auto", decimal_comma: bool = False
) -> tuple[list[Target], Meaning]:
    """The values of one column as targets.

    A list in any row means several labels in all of them, and so does ``;`` or ``|`` in any text. Numbers
    are values to predict, but a few whole numbers that repeat are taken as classes. An empty value means
    that there is no label.

    Parameters
    ----------
    values : sequence
        Text, numbers, lists or ``None``, one per clip.
    numbers : {"auto", "values", "classes"}
        What numbers are.
    decimal_comma : bool
        Whether ``3,5`` is a number.

    Returns
    -------
    targets : list of Target
        One per value.
    meaning : Meaning
        What they are.

    Examples
    --------
    >>> typed(["rock;pop", "jazz", ""])
    ([('rock', 'pop'), ('jazz',), None], Meaning(kind='several labels', separator=';'))
    >>> typed(["0.25", "1.5"])[0]
    [0.25, 1.5]
    """
    if any(isinstance(value, (list, tuple)) for value in values):
        return [_labels(value, "") for value in values], Meaning("several labels")
    texts = [_text(value) for value in values]
    if numbers != "classes" and (parsed := _numbers(texts, decimal_comma)) is not None:
        if numbers == "values" or not _numbered_classes(texts):
            return list(parsed), Meaning("numbers")
        words = [text.strip() for text in texts]
        return [word if word.lower() not in _NOT_THERE else None for word in words], Meaning(
            "numbered classes"
        )
    for separator in SEPARATORS:
        if any(separator in text for text in texts):
            return [_labels(text, separator) for text in texts], Meaning("several labels", separator)
    return [text.strip() or None for text in texts], Meaning("classes")


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _labels(value: object, separator: str) -> Target:
    """Several labels in their order, without repetitions; ``None`` where there is none."""
    if isinstance(value, (list, tuple)):
        words = [_text(word).strip() for word in value]
        return tuple(dict.fromkeys(word for word in words if word))  # an empty list is known to have no label
    text = _text(value)
    words = text.split(separator) if separator else [text]
    return tuple(dict.fromkeys(word.strip() for word in words if word.strip())) or None


def _numbers(texts: Sequence[str], decimal_comma: bool) -> list[float | None] | None:
    found: list[float | None] = []
    for text in texts:
        word = text.strip().lower()
        if word in _NOT_THERE:
            found.append(None)
            continue
        try:
            number = float(word.replace(",", ".") if decimal_comma else word)
        except ValueError:
            return None
        found.append(number if math.isfinite(number) else None)
    return found if any(number is not None for number in found) else None


def _numbered_classes(texts: Sequence[str]) -> bool:
    """Whether all are whole numbers, few of them, and each repeats (on average at least three times)."""
    words = [text.strip() for text in texts if text.strip().lower() not in _NOT_THERE]
    if not all(_WHOLE.fullmatch(word) for word in words):
        return False
    counts = Counter(words)
    return len(counts) <= MOST_NUMBERED_CLASSES and len(words) >= 2 * len(counts)
