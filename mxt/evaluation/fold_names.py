"""Names that people give to folds and to the parts of a split."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mxt.core.errors import listed

MOST_DIGITS = 4  # of the number of a fold
PARTS = {
    "train": ("train", "training", "learn", "learning", "trn"),
    "valid": ("valid", "validation", "val", "dev", "development"),
    "test": ("test", "testing", "tst", "eval", "evaluation"),
}


def part_of(name: str) -> str | None:
    """``train``, ``valid`` or ``test`` for a word people use for it; else ``None``.

    Examples
    --------
    >>> part_of("Validation"), part_of("fold3")
    ('valid', None)
    """
    word = name.strip().lower()
    return next((part for part, words in PARTS.items() if word in words), None)


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """A sorting key by which 10 follows 9."""
    return tuple(
        (0, int(word), "") if word.isdecimal() else (1, 0, word) for word in re.findall(r"\d{1,18}|\D+", name)
    )


def missing_numbers(names: Sequence[str]) -> list[str]:
    """A remark where folds are numbered and a few are missing; years and dates are no such numbers."""
    numbers = [int(name) for name in names if name.isdecimal() and len(name) <= MOST_DIGITS]
    if len(numbers) < len(names) or max(numbers) > 2 * len(numbers):
        return []
    missing = sorted(set(range(min(1, *numbers), max(numbers) + 1)) - set(numbers))
    return [f"given folds are missing: {listed(missing)}"] if missing else []
