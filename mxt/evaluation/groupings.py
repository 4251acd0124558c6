"""What clips may be grouped by: folders, columns, parts of the file names; and whether it matters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import PurePosixPath
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mxt.core.records import ClipRecord, Target
from mxt.evaluation.groups import Codes, codes, straddling
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
        return self.share >= ALIKE and self.share >= 2 * self.chance


def proposals(
    clips: Sequence[ClipRecord], target: str, *, origins: Sequence[Origin] = ("folder", "column", "name")
) -> list[Proposal]:
    """Ways to group clips other than by their classes: into more than one group, and fewer than clips.

    Parameters
    ----------
    clips : sequence of ClipRecord
    target : str
        The column that is predicted; empty where there is none.
    origins : sequence of str
        What is looked at.
    """
    classes = [text_of(clip.targets.get(target, clip.fields.get(target))) for clip in clips]
    wanted, seen = [], {tuple(codes(classes).tolist())}
    ways = {
        "folder": _by_folder(clips),
        "column": _by_column(clips, target),
        "name": _by_name(clips),
    }
    for proposal in chain.from_iterable(ways[origin] for origin in origins):
        partition = tuple(proposal.codes.tolist())
        if partition not in seen and _divides(proposal.values, classes):
            seen.add(partition)
            wanted.append(proposal)
    return wanted


def split_groups(proposal: Proposal, fold_of: npt.NDArray[Any]) -> int:
    """How many groups lie in several folds: int64 [n], -1 for clips in none."""
    inside = np.flatnonzero((fold_of >= 0) & np.array([bool(value) for value in proposal.values]))
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


def _divides(values: Sequence[str], classes: Sequence[str]) -> bool:
    """Whether values divide clips, and otherwise than the classes do."""
    number = len(set(values) - {""})
    return 1 < number < len(values) and len(set(zip(values, classes, strict=True))) > len(set(classes))


def _by_folder(clips: Sequence[ClipRecord]) -> Iterator[Proposal]:
    yield Proposal("folder", "folder", tuple(str(PurePosixPath(clip.file.path).parent) for clip in clips))


def _by_column(clips: Sequence[ClipRecord], target: str) -> Iterator[Proposal]:
    """Fields, and other targets that are no numbers: what is measured groups nothing."""
    names = dict.fromkeys(name for clip in clips for name in (*clip.targets, *clip.fields))
    for name in names:
        column = [clip.targets.get(name, clip.fields.get(name)) for clip in clips]
        if name not in (target, *NO_GROUPS) and not any(isinstance(value, float) for value in column):
            yield Proposal(name, "column", tuple(map(text_of, column)))


def _by_name(clips: Sequence[ClipRecord]) -> Iterator[Proposal]:
    """The parts of file names between separators, and the whole name without its folder and suffix."""
    expressions = []
    stems = [PurePosixPath(clip.file.path).stem for clip in clips]
    for separator in SEPARATORS:
        counts = {len(stem.split(separator)) for stem in stems}
        if len(counts) == 1 and 1 < (n_parts := counts.pop()) <= MOST_PARTS:
            expressions += [_part(separator, number, n_parts) for number in range(n_parts)]
    for expression in (*expressions, WHOLE_NAME):
        compiled = re.compile(expression)
        matches = [compiled.search(clip.id) for clip in clips]
        yield Proposal(expression, "name", tuple(match[1] if match else "" for match in matches))


def _part(separator: str, number: int, n_parts: int) -> str:
    """A regular expression for one of the parts of a file name."""
    part = f"[^/{separator}]+"
    between = r"\." if separator == "." else separator
    if number == n_parts - 1:
        return (
            rf"{between}({part})\.[^/.]*$" if separator == "." else rf"{between}({part})\.[^/.{separator}]*$"
        )
    return "(?:^|/)" + f"{part}{between}" * number + f"({part}){between}[^/]*$"
