"""Clips labelled by the folders they lie in, or by their names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mxt.core.errors import UnknownName, UsageError
from mxt.core.records import Clip, Detection, Listing, Remark, Target
from mxt.core.text import plural
from mxt.stages.datasets.patterns import compile_pattern, suggest
from mxt.stages.datasets.suffixes import may_be_sound
from mxt.stages.datasets.targets import split_name, typed

LABEL = "label"
_FOLD = re.compile(r"fold[ _-]?(\d+)", re.IGNORECASE)
_SPECIAL = ("split", "fold", "group")


@dataclass(frozen=True)
class Levels:
    """Which folders of a path mean what, counted from 0 below the root; ``None`` where none does."""

    label: int | None = None
    split: int | None = None
    fold: int | None = None


@dataclass(frozen=True)
class Folder:
    """Loader of folders; see its spec for the parameters."""

    label_level: int = 0
    pattern: str = ""
    target: tuple[str, ...] = ()
    group_column: str = ""

    def detect(self, listing: Listing) -> Detection:
        """Sure where files lie in folders; the last resort where they do not."""
        files = _sounds(listing)
        if not files:
            return Detection(0.0, "no file looks like audio")
        if self.pattern:
            return Detection(0.9, "names follow --pattern")
        levels = find_levels(files, self.label_level)
        if levels.label is None:
            return Detection(0.2, "files without labels")
        classes = len({_at(path, levels.label) for path in files} - {""})
        return Detection(
            0.6,
            f"{plural(classes, 'class folder')}"
            + (" below split folders" if levels.split is not None else ""),
        )

    def clips(self, listing: Listing) -> Iterator[Clip | Remark]:
        """One clip a file; files that lie outside the class folders have no label."""
        files = _sounds(listing)
        levels = find_levels(files, self.label_level)
        if self.label_level and levels.label is None:
            deepest = max((path.count("/") for path in files), default=0)
            raise UsageError(
                f"label_level {self.label_level}: files in {listing.root} are at most {deepest} folders deep"
            )
        named, unmatched = self._fields(files)
        columns = _columns(files, levels, named, self.target)
        all_fields = {path: named.get(path, {}) | _folder_fields(path, levels) for path in files}
        groups = _groups(all_fields, self.group_column)
        for path, fields in all_fields.items():
            targets = {name: column[path] for name, column in columns.items()}
            yield Clip(
                path,
                targets=targets,
                split=_split(path, levels, fields),
                fold=fields.get("fold") or _fold(path, levels),
                group=groups[path],
                fields={
                    name: value
                    for name, value in fields.items()
                    if name not in targets and name not in _SPECIAL
                },
            )
        yield from _remarks(files, levels, unmatched, bool(self.pattern))

    def _fields(self, files: Sequence[str]) -> tuple[dict[str, dict[str, str]], list[str]]:
        if not self.pattern:
            return {}, []
        pattern = compile_pattern(self.pattern)
        matched = {path: pattern.match(path) for path in files}
        if files and not any(matched.values()):
            raise UsageError(f"no name matches the pattern {self.pattern!r}; the first is {files[0]!r}")
        return {path: found for path, found in matched.items() if found}, [
            path for path, found in matched.items() if not found
        ]


def find_levels(files: Sequence[str], label_level: int = 0) -> Levels:
    """Recognise which folders are splits, folds and classes.

    Parameters
    ----------
    files : sequence of str
        Paths below the root.
    label_level : int
        0: the first level, splits and folds apart, at which there are two folders or more. Else
        counted from 1, or -1 for the folder the file lies in.

    Examples
    --------
    >>> find_levels(["train/a/1.wav", "test/b/2.wav"])
    Levels(label=1, split=0, fold=None)
    """
    depth = max((path.count("/") for path in files), default=0)
    values = [[_at(path, level) for path in files if path.count("/") > level] for level in range(depth)]
    split = next(
        (level for level, words in enumerate(values) if _all_there(words, files) and _are_splits(words)), None
    )
    fold = next(
        (level for level, words in enumerate(values) if _all_there(words, files) and _are_folds(words)), None
    )
    if label_level == -1:
        return Levels(-1 if depth else None, split, fold)
    if label_level:
        return Levels(label_level - 1 if label_level <= depth else None, split, fold)
    free = (level for level in range(depth) if level not in (split, fold) and len(set(values[level])) > 1)
    return Levels(next(free, None), split, fold)


def _all_there(words: Sequence[str], files: Sequence[str]) -> bool:
    return len(words) == len(files)


def _are_splits(words: Sequence[str]) -> bool:
    names = {split_name(word) for word in set(words)}
    return None not in names and len(names) > 1


def _are_folds(words: Sequence[str]) -> bool:
    return len(set(words)) > 1 and all(_FOLD.fullmatch(word) for word in set(words))


def _sounds(listing: Listing) -> list[str]:
    return [path for path in listing.files if may_be_sound(path)]


def _at(path: str, level: int) -> str:
    """The folder of `path` at `level`, empty where it does not lie that deep."""
    folders = path.split("/")[:-1]
    return folders[level] if -len(folders) <= level < len(folders) else ""


def _columns(
    files: Sequence[str], levels: Levels, named: Mapping[str, Mapping[str, str]], wanted: Sequence[str]
) -> dict[str, dict[str, Target]]:
    """Targets by column and path: the fields chosen (else `label`, or the first), then the folders."""
    fields = list(dict.fromkeys(name for found in named.values() for name in found))
    if not fields and levels.label is None:
        if wanted:
            raise UnknownName(
                "field",
                wanted[0],
                [],
                instead="the files lie in no class folders; name fields with --pattern",
            )
        return {}
    if wanted:
        known = [*fields, *([LABEL] if levels.label is not None else [])]
        for name in wanted:
            if name not in known:
                raise UnknownName("field", name, known)
        chosen = list(wanted)
    else:
        chosen = [LABEL] if LABEL in fields else [name for name in fields if name not in _SPECIAL][:1]
        chosen += [LABEL] if levels.label is not None and LABEL not in chosen else []
    columns: dict[str, dict[str, Target]] = {}
    for name in chosen:
        if name in fields:
            words = [named.get(path, {}).get(name, "") for path in files]
            # whole numbers in names are digits, takes, identifiers: classes; those with a point are values
            values, _ = typed(
                words, numbers="classes" if all(word.isdigit() for word in words if word) else "auto"
            )
            columns[name] = dict(zip(files, values, strict=True))
        else:
            columns[name] = {path: _at(path, levels.label or 0) or None for path in files}
    return columns


def _folder_fields(path: str, levels: Levels) -> dict[str, str]:
    """Folders with meaningless names such as ``folder_1``, which often hold artists and albums."""
    folders = path.split("/")[:-1]
    taken = {levels.split, levels.fold, levels.label if levels.label != -1 else len(folders) - 1}
    return {f"folder_{level + 1}": name for level, name in enumerate(folders) if level not in taken}


def _groups(fields: Mapping[str, Mapping[str, str]], column: str) -> dict[str, str | None]:
    """The group of each path: the field called so, or the folder it lies in."""
    if column == "folder":
        return {path: path.rpartition("/")[0] for path in fields}
    known = dict.fromkeys(name for found in fields.values() for name in found)
    if column and column not in known:
        raise UnknownName("field", column, [*known, "folder"], hint="(--pattern names fields)")
    return {path: found.get(column or "group") for path, found in fields.items()}


def _split(path: str, levels: Levels, fields: Mapping[str, str]) -> str | None:
    if "split" in fields:
        return split_name(fields["split"]) or fields["split"]
    return None if levels.split is None else split_name(_at(path, levels.split))


def _fold(path: str, levels: Levels) -> str | None:
    found = None if levels.fold is None else _FOLD.fullmatch(_at(path, levels.fold))
    return found.group(1) if found else None


def _remarks(
    files: Sequence[str], levels: Levels, unmatched: Sequence[str], patterned: bool
) -> Iterable[Remark]:
    for path in unmatched:
        yield Remark("name does not fit the pattern", path)
    if levels.label is None:
        hint = None if patterned else suggest(files)
        if hint:
            yield Remark(
                "labels may be in the names", f'{files[0]}: name their parts with --pattern "{hint}"'
            )
        return
    for path in files:
        if not _at(path, levels.label):
            yield Remark("file outside the class folders", path)
    depth = max(path.count("/") for path in files)
    if levels.label != -1 and depth > levels.label + 1:
        deeper = Counter(_at(path, levels.label + 1) for path in files)
        yield Remark(
            "nested folders",
            f"labels are folders at level {levels.label + 1}; level {levels.label + 2} has {len(deeper)}",
        )
