"""Clips and classes that take no part in an evaluation, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MOST_NAMED = 1000  # clips that a reason names


class Why(StrEnum):
    """Why something takes no part; results keep the value."""

    UNUSABLE = "unusable"
    NOT_EXTRACTED = "not extracted"
    FAILED = "extraction failed"
    UNLABELLED = "unlabelled"
    CONFLICTING = "conflicting labels"
    NO_FOLD = "no fold"
    SMALL_CLASSES = "small classes"
    SMALL_LABELS = "small labels"
    SINGLE_CLASSES = "single classes"
    SINGLE_LABELS = "single labels"
    OTHER = "other"


_WORDS = {
    Why.UNUSABLE: "cannot be used (mxt info {} --failures)",
    Why.NOT_EXTRACTED: "not extracted yet ({})",
    Why.FAILED: "extraction failed ({})",
    Why.UNLABELLED: "without {}",
    Why.CONFLICTING: "the same audio under another {}",
    Why.NO_FOLD: "without a given fold",
    Why.SMALL_CLASSES: "classes of fewer than 3 {}",
    Why.SMALL_LABELS: "labels in fewer than 3 {}",
    Why.SINGLE_CLASSES: "classes of fewer than 2 {}",
    Why.SINGLE_LABELS: "labels in fewer than 2 {}",
    Why.OTHER: "{}",
}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Clips, or classes, that take no part.

    Parameters
    ----------
    why : Why
    count : int
        Clips; 0 where only labels are left out.
    of : str
        What the reason is about: the data set, the view, the column, the unit that is counted.
    names : tuple of str
        Of classes, or of the first `MOST_NAMED` clips.

    Examples
    --------
    >>> LeftOut(Why.NOT_EXTRACTED, 30, "mfcc").words
    'not extracted yet (mfcc)'
    """

    why: Why
    count: int
    of: str = ""
    names: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The reason in words."""
        return _WORDS[self.why].format(self.of)
