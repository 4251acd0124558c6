"""What clips may be grouped by: folders, columns, parts of the file names; and whether it matters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mxt.core.records import ClipRecord, Target
from mxt.evaluation.groups import Codes, codes, straddling
from mxt.evaluation.tasks import class_name

Origin = Literal["folder", "column", "name"]
NO_GROUPS = (
    "start",
    "end",
    "split",
    "fold",
    "filtered_split",
)  # these columns do not tell what belongs together
SEPARATORS = ("_", "-", ".", " ")
MOST_PARTS = 8
CLEAR_SHARE, CLEAR_FACTOR = (
    0.1,
    2.0,
)  # nearest neighbours of one group: beyond chance by this, and times chance
LARGEST = 10_000  # clips of which neighbours are looked for


@dataclass(frozen=True, slots=True)
class Proposal:
    """A way to group clips.

    Parameters
    ----------
    name : str
        As ``--group-by`` takes it.
    origin : {"folder", "column", "name"}
    values : tuple of str
        The group of each clip; empty for clips without one.
    """

    name: str
    origin: Origin
    values: tuple[str, ...]

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return len(set(self.values) - {""})

    @property
    def codes(self) -> Codes:
        """The group of each clip as a number: int64 [n]."""
        return codes([value or None for value in self.values])


@dataclass(frozen=True, slots=True)
class Likeness:
    """How often the nearest clip is of the same group: the share, and what chance would give."""

    share: float
    chance: float

    @property
    def clear(self) -> bool:
        """Whether clips of one group are alike beyond chance."""
        return self.share >= self.chance + CLEAR_SHARE and self.share >= CLEAR_FACTOR * self.chance


def proposals(clips: Sequence[ClipRecord], target: str) -> list[Proposal]:
    """Ways to group clips other than by their classes: into more than one group, and fewer than clips.

    Parameters
    ----------
    clips : sequence of ClipRecord
    target : str
        The column that is predicted; empty where there is none.
    """
    classes = [text_of(clip.targets.get(target, clip.fields.get(target))) for clip in clips]
    wanted, seen = [], {tuple(codes(classes).tolist())}
    for proposal in (_by_folder(clips), *_by_column(clips, target), *_by_name(clips)):
        partition = tuple(proposal.codes.tolist())
        if partition not in seen and _divides(proposal.values, classes):
            seen.add(partition)
            wanted.append(proposal)
    return wanted


def split_groups(proposal: Proposal, fold_of: npt.NDArray[Any]) -> int:
    """How many groups lie in several folds: int64 [n], -1 for clips in none."""
    part, between = f"[^/{separator}]+", re.escape(separator) if separator == "." else separator
    if number == n_parts - 1:
        return rf"{between}([^/.{separator.strip('.')}]+)\.[^/.]*$"
    return "(?:^|/)" + f"{part}{between}" * number + f"({part}){between}"
