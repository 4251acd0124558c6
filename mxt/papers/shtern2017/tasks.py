"""The data sets of the paper, how they are found in a store, and what was published about them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from mxt.stages.datasets.extended_ballroom import DANCES

WHOLE = 0.9  # share of its clips from which a data set is compared with what was published for all of it


class Column(Enum):
    """What is computed of a data set; the first four are the columns of Table 2, in their order."""

    NETWORK = "network"
    NETWORK_PEAK = "network, normalised"
    MARSYAS = "marsyas"
    MARSYAS_PEAK = "marsyas, normalised"
    COLOUR = "network, sox's colours"
    STACK = "network, loudness stack"

    @property
    def of_network(self) -> bool:
        """Whether the network computes it; the others are Marsyas's."""
        return self not in (Column.MARSYAS, Column.MARSYAS_PEAK)


TABLE_2 = tuple(Column)[:4]


@dataclass(frozen=True, slots=True)
class Task:
    """A data set of the paper.

    Parameters
    ----------
    name : str
        As typed.
    words : str
        As printed.
    classes, clips : int
        Of the paper's; the clips of NSynth Instrument are known roughly (880 to 650 a class).
    loader : str
        Of the data set in a store; empty for the paper's own collections, which are named by the user.
    subset : str
        Of NSynth.
    """

    name: str
    words: str
    classes: int
    clips: int
    loader: str = ""
    subset: str = ""

    def is_whole(self, classes: int, clips: int) -> bool:
        """Whether a data set of this size may be the paper's, so that its numbers may stand beside."""
        return classes == self.classes and clips >= WHOLE * self.clips


TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (
        Task("genre", "Genre", 3, 1800),
        Task("short-genre", "Short Genre", 3, 1800),
        Task("instrument", "Instrument", 2, 1200),
        Task("vocalist", "Vocalist", 2, 1200),
        Task("composer", "Composer", 2, 1200),
        Task("ballroom", "Ballroom", 13, 4180, "extended_ballroom"),
        Task("nsynth-family", "NSynth Family", 3, 2640, "nsynth", "family"),
        Task("nsynth-instrument", "NSynth Instrument", 8, 6120, "nsynth", "instrument"),
        Task("nsynth-organ", "NSynth Organ", 2, 880, "nsynth", "organ"),
    )
}
ROLES = tuple(task.name for task in TASKS.values() if not task.loader)
BALLROOM_SIZES = (100, 300, 400, 500)  # the dances of Table 3 have more clips than this


def dances_above(size: int) -> tuple[str, ...]:
    """The dances that have more clips than `size` in the whole data set.

    Examples
    --------
    >>> [len(dances_above(size)) for size in BALLROOM_SIZES]
    [9, 8, 7, 2]
    """
    return tuple(dance for dance, clips in DANCES.items() if clips > size)


@cache
def published() -> Mapping[str, Any]:
    """The published accuracies, in percent."""
    path = Path(__file__).parent / "published.json"
    numbers: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return numbers
