"""What the catalogue's columns say of each clip: its target, its group, its fold."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mxt.core.clips import Clips
from mxt.core.columns import Column
from mxt.core.errors import InputError, UnknownName, UsageError, listed
from mxt.core.files import read_whole
from mxt.core.records import ClipRecord, Target

LEAVE_ONE_GROUP_OUT = Path("leave-one-group-out")  # in place of a table of folds


@dataclass(frozen=True, slots=True)
class Groups:
    """A group for each clip (``None``: it stands alone), and where they come from, in words."""

    values: Column[str | None]
    words: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", Column.of(self.values))

    @property
    def count(self) -> int:
        """How many different groups."""
        return sum(value is not None for value in self.values.distinct())


def choose_target(clips: Sequence[ClipRecord], targets: Sequence[str], name: str | None) -> str:
    """The column to be learnt.

    Parameters
    ----------
    clips : sequence of ClipRecord
    targets : sequence of str
        The data set's target columns, the default one first.
    name : str, optional
        As asked for: a target, or any other column or field.

    Raises
    ------
    UnknownName, InputError
        No such column; there is no target at all.
    """
    if name is None and targets:
        return targets[0]
    columns = Clips.of(clips).names()
    if name is None:
        hint = (
            f"choose a column with --target: {listed(columns)}"
            if columns
            else "ingest it with labels, see mxt ingest --help"
        )
        raise InputError(f"this data set has no target; {hint}")
    if name not in columns and name not in targets:
        raise UnknownName("column", name, [*targets, *columns])
    return name


def target_values(clips: Sequence[ClipRecord], column: str) -> Column[Target]:
    """The value of a target or field for each clip."""
    return Clips.of(clips).values(column)


def group_values(clips: Sequence[ClipRecord], group_by: str | None) -> Groups | None:
    """The group of each clip.

    Parameters
    ----------
    clips : sequence of ClipRecord
    group_by : str, optional
        A column or field, ``folder``, ``file``, ``none``, or a regular expression with one capturing
        group, searched for in the clip's id. Without it: the catalogue's groups, else the file that
        segments come from.

    Returns
    -------
    Groups or None
        ``None`` where nothing is known, or is to be known.

    Raises
    ------
    UnknownName, UsageError
        No such column; a regular expression that is none, has not one group, or matches nothing.
    """
    clips = Clips.of(clips)
    if group_by is None:
        return _known_groups(clips)
    columns = clips.names()
    if group_by in columns:
        return Groups(clips.values(group_by).map(_as_group), f"by {group_by}")
    if group_by == "none":
        return None
    if group_by == "group":
        return Groups(clips.groups.map(_as_group), "by group")
    if group_by == "folder":
        return Groups(clips.paths.map(lambda path: str(PurePosixPath(path).parent)), "by folder")
    if group_by == "file":
        return Groups(clips.paths, "by file")
    if "(" not in group_by:
        hint = "(or a regular expression with one group in parentheses)"
        raise UnknownName("column to group by", group_by, [*columns, "folder", "file", "none"], hint=hint)
    return _matched(clips, group_by)


def read_folds(path: Path) -> dict[str, str]:
    """Clip id to fold, from a file with the columns ``clip`` and ``fold``.

    Raises
    ------
    InputError
        The file cannot be read, or lacks these columns; a clip is there twice with two folds.
    """
    try:
        lines = read_whole(path).decode("utf-8-sig").splitlines()
    except OSError as error:
        raise InputError(f"--folds {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"--folds {path} is not UTF-8 text: {error}") from error
    first = lines[0] if lines else ""
    delimiter = max(",;\t", key=first.count)
    rows = list(csv.DictReader(lines, delimiter=delimiter))
    heads = {(name or "").strip().lower(): name for name in (rows[0] if rows else {})}
    if "clip" not in heads or "fold" not in heads:
        raise InputError(f"--folds {path}: its first line is to be clip,fold; it is {first.strip()[:80]!r}")
    found: dict[str, str] = {}
    for row in rows:
        clip, fold = (row[heads["clip"]] or "").strip(), (row[heads["fold"]] or "").strip()
        if fold and found.setdefault(clip, fold) != fold:
            raise InputError(f"--folds {path}: {clip} is in fold {found[clip]} and in fold {fold}")
    return found


def _known_groups(clips: Clips) -> Groups | None:
    if any(clips.groups.distinct()):
        return Groups(clips.groups.map(_as_group), "by group")
    if len(clips.paths.firsts()) < len(clips):
        return Groups(clips.paths, "by file")
    return None


def _matched(clips: Clips, pattern: str) -> Groups:
    try:
        expression = re.compile(pattern)
    except re.error as error:
        neither = f"--group-by {pattern!r} is neither a column nor a regular expression"
        raise UsageError(f"{neither}: {error}") from error
    if expression.groups != 1:
        raise UsageError(
            f"--group-by {pattern!r} has {expression.groups} groups in parentheses, and needs exactly one: "
            "what it matches names the group"
        )

    def group(name: str) -> str | None:
        match = expression.search(name)
        return (match.group(1) or None) if match else None

    values = clips.ids.map(group)
    if len(clips) and not any(values.distinct()):
        raise UsageError(f"--group-by {pattern!r} matches no clip; the first one is {clips.ids[0]}")
    return Groups(values, f"by {pattern}")


def _as_group(value: Target) -> str | None:
    if isinstance(value, tuple):
        return "|".join(value) or None
    return None if value is None or value == "" else str(value)
