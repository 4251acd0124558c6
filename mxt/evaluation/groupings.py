"""What clips may be grouped by: folders, columns, parts of the file names; and whether it matters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import PurePosixPath
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mxt.core.clips import Clips
from mxt.core.columns import Column
from mxt.core.records import ClipRecord, Target
from mxt.evaluation.groups import Codes, codes, numbered, straddling
from mxt.evaluation.tasks import class_name

Origin = Literal["folder", "column", "name"]
NO_GROUPS = ("start", "end", "split", "fold", "filtered_split")  # columns that tell not what belongs together
SEPARATORS = ("_", "-", ".", " ")
MOST_PARTS = 8
WHOLE_NAME = r"([^/]+)\.[^/.]*$"
# Share of clips whose nearest one is of the same group, from which groups are alike. Measured: speakers of
# spoken digits 0.95 to 0.99; their takes 0.00 to 0.01; pitch, length and dynamics of notes 0.05 to 0.64.
ALIKE = 0.75


@dataclass(frozen=True, slots=True)
class Proposal:
    """A way to group clips.

    Parameters
    ----------
    name : str
        As ``--group-by`` takes it.
    origin : {"folder", "column", "name"}
    values : Column of str
        The group of each clip; empty for clips without one.
    """

    name: str
    origin: Origin
    values: Column[str]

    @property
    def alone(self) -> npt.NDArray[np.bool_]:
        """Clips without a group: bool [n]."""
        return ~self.values.where(bool)

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return len(self.names)

    @property
    def names(self) -> list[str]:
        """The groups, by first appearance."""
        return [value for value in self.values.distinct() if value]

    @property
    def codes(self) -> Codes:
        """The group of each clip as a number: int64 [n]."""
        return codes(self.values.map(lambda value: value or None))


class Divisions:
    """Which ways to group clips divide them otherwise than their classes do, and than ways before them.

    Parameters
    ----------
    classes : int64 [n]
        A number for each class.
    """

    def __init__(self, classes: Codes) -> None:
        self._classes = numbered(classes)
        self._seen = {self._classes.tobytes()}

    def groups(self, values: npt.NDArray[Any], alone: npt.NDArray[np.bool_]) -> int:
        """How many groups a way makes; 0 where it is not wanted.

        Parameters
        ----------
        values : int [n]
            A number for each group.
        alone : bool [n]
            Clips without a group.
        """
        if not len(values):
            return 0
        groups, classes = numbered(values), self._classes
        number = len(np.unique(groups[~alone]))
        both = len(np.unique(groups * (classes.max() + 1) + classes))
        partition = numbered(groups, ~alone).tobytes()
        if not 1 < number < len(groups) or both == classes.max() + 1 or partition in self._seen:
            return 0
        self._seen.add(partition)
        return number


@dataclass(frozen=True, slots=True)
class Likeness:
    """How often the nearest clip is of the same group: the share, and what chance would give."""

    share: float
    chance: float

    @property
    def clear(self) -> bool:
        """Whether clips of one group are alike beyond chance."""
        return self.share >= ALIKE and self.share >= 2 * self.chance


def proposals(clips: Sequence[ClipRecord], target: str) -> list[Proposal]:
    """Ways to group clips other than by their classes: into more than one group, and fewer than clips.

    Parameters
    ----------
    clips : sequence of ClipRecord
    target : str
        The column that is predicted; empty where there is none.
    """
    clips = Clips.of(clips)
    divisions = Divisions(clips.values(target).map(text_of).codes.astype(np.int64))
    ways = chain(_by_folder(clips), _by_column(clips, target), _by_name(clips))
    return [way for way in ways if divisions.groups(way.values.codes, way.alone)]


def split_groups(proposal: Proposal, fold_of: npt.NDArray[Any]) -> int:
    """How many groups lie in several folds: int64 [n], -1 for clips in none."""
    inside = np.flatnonzero((fold_of >= 0) & ~proposal.alone)
    return len(straddling(proposal.codes[inside], fold_of[inside]))


def nearest(X: npt.NDArray[Any]) -> Codes:
    """The nearest other row of each row, in standardised columns: int64 [n]."""
    from sklearn.neighbors import NearestNeighbors
    from sklearn.preprocessing import StandardScaler

    Z = StandardScaler().fit_transform(X.astype(np.float32))
    index = NearestNeighbors(n_neighbors=2, algorithm="brute").fit(Z)
    both = index.kneighbors(Z, return_distance=False)
    itself = both[:, 0] == np.arange(len(X))
    return np.asarray(np.where(itself, both[:, 1], both[:, 0]), dtype=np.int64)


def likeness(neighbour: Codes, group_of: Codes, y: npt.NDArray[Any]) -> Likeness:
    """How often the nearest row is of the same group, among rows of one class with others of their group.

    Parameters
    ----------
    neighbour : int64 [n]
        As `nearest` gives it.
    group_of : int64 [n]
    y : [n]
        Classes; groups are compared within one, as clips of one class are alike in any case.
    """
    _, class_of = np.unique(y, return_inverse=True)
    cells = class_of * (int(group_of.max(initial=0)) + 1) + group_of
    _, cell, size = np.unique(cells, return_inverse=True, return_counts=True)
    others = size[cell] - 1
    rows = (class_of == class_of[neighbour]) & (others > 0)
    if not rows.any():
        return Likeness(0.0, 0.0)
    chance = others / np.maximum(np.bincount(class_of)[class_of] - 1, 1)
    share = group_of[neighbour] == group_of
    return Likeness(float(share[rows].mean()), float(chance[rows].mean()))


def text_of(value: Target) -> str:
    """A target or field as the name of a group; empty where there is none."""
    return "|".join(value) if isinstance(value, tuple) else "" if value is None else class_name(value)


def _by_folder(clips: Clips) -> Iterator[Proposal]:
    yield Proposal("folder", "folder", clips.paths.map(lambda path: str(PurePosixPath(path).parent)))


def _by_column(clips: Clips, target: str) -> Iterator[Proposal]:
    """Fields, and other targets that are no numbers: what is measured groups nothing."""
    for name in clips.names():
        column = clips.values(name)
        if name not in (target, *NO_GROUPS) and not any(isinstance(one, float) for one in column.distinct()):
            yield Proposal(name, "column", column.map(text_of))


def _by_name(clips: Clips) -> Iterator[Proposal]:
    """The parts of file names between separators, and the whole name without its folder and suffix."""
    expressions = []
    stems = clips.paths.map(lambda path: PurePosixPath(path).stem).distinct()
    for separator in SEPARATORS:
        counts = {len(stem.split(separator)) for stem in stems}
        if len(counts) == 1 and 1 < (n_parts := counts.pop()) <= MOST_PARTS:
            expressions += [_part(separator, number, n_parts) for number in range(n_parts)]
    for expression in (*expressions, WHOLE_NAME):
        yield Proposal(expression, "name", clips.ids.map(partial(_match, re.compile(expression))))


def _match(expression: re.Pattern[str], name: str) -> str:
    match = expression.search(name)
    return match[1] if match else ""


def _part(separator: str, number: int, n_parts: int) -> str:
    """A regular expression for one of the parts of a file name."""
    part = f"[^/{separator}]+"
    between = r"\." if separator == "." else separator
    if number == n_parts - 1:
        return (
            rf"{between}({part})\.[^/.]*$" if separator == "." else rf"{between}({part})\.[^/.{separator}]*$"
        )
    return "(?:^|/)" + f"{part}{between}" * number + f"({part}){between}[^/]*$"
