"""What an ingest will do, decided before any audio is opened: the loader, its clips, and what else lies there."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mxt.core.errors import (
    InputError,
    MxtError,
    PluginError,
    Reason,
    UnknownName,
    UsageError,
    listed,
    stage_failures,
)
from mxt.core.identity import clip_id, microseconds, sha256_text
from mxt.core.pipeline import Chosen
from mxt.core.records import Clip, Detection, FileRecord, Listing, Remark, Target
from mxt.core.stages import PublishesHashes
from mxt.core.text import shortened, written, written_all
from mxt.ingestion.walk import Walk, others
from mxt.registry import Registry, split_settings
from mxt.stages.datasets.suffixes import SOUND, suffix

GENERAL = "folder"
BUILT_IN = "mxt"  # the distribution that comes first where two loaders are equally sure
ABOUT = 0.1 + 1e-9  # loaders whose scores differ by less are told to the user
LONGEST_NAME = 100  # of a data set: names become parts of file names
LONGEST_SECONDS = 1e9  # thirty years: where a clip may begin or end
TOLD_NOTHING = (
    "metadata",
    "labels",
    "label",
    "index",
    "annotations",
    "annotation",
    "meta",
    "data",
    "clips",
    "files",
    "train",
    "test",
)


@dataclass(frozen=True)
class Plan:
    """The clips a loader named, checked against the files there are.

    Parameters
    ----------
    walk : Walk
        What lies there.
    chosen : Chosen
        The loader with its parameters.
    why : str
        Why this loader.
    clips : tuple of Clip
        Each id once, in catalogue order.
    files : dict
        Path to record, of every file a clip names; unmeasured ones have no reason yet.
    beside : tuple of FileRecord
        Files no clip names that are listed as left out: hidden ones, pictures, pipes, …
    remarks : tuple of Remark
        The loader's, and those of these checks.
    published : mapping
        Path to MD5, of the files whose content the loader knows.
    """

    walk: Walk
    chosen: Chosen
    why: str
    clips: tuple[Clip, ...]
    files: dict[str, FileRecord]
    beside: tuple[FileRecord, ...]
    remarks: tuple[Remark, ...]
    published: Mapping[str, str] = field(default_factory=dict)


def make_plan(
    walked: Walk,
    registry: Registry,
    *,
    loader: str | None,
    params: Mapping[str, Any],
    settings: Sequence[str],
    why: str = "",
) -> Plan:
    """Choose a loader and ask it for the clips.

    Raises
    ------
    InputError
        No loader knows what to do with this, or it names no clip.
    UsageError
        An unknown loader, or parameters that it does not have.
    """
    chosen, reason, broken = choose_loader(
        walked.listing, registry, loader=loader, params=params, settings=settings
    )
    clips, remarks, published = _ask(registry, chosen, walked.listing)
    remarks = [*broken, *remarks]
    clips, repeated = _each_once(clips)
    clips = [
        replace(
            clip,
            path=posixpath.normpath(clip.path.replace("\\", "/"))
            if clip.path not in walked.files
            else clip.path,
        )
        for clip in clips
    ]
    files = {clip.path: _file(clip.path, walked) for clip in clips}
    named = set(files)
    if not any(file.reason is Reason.NONE for file in files.values()):
        raise InputError(_nothing(walked, chosen, clips))
    remarks += repeated
    remarks += [
        Remark("file without a row", path)
        for path in walked.files
        if path not in named and suffix(path) in SOUND
    ]
    beside = [*others(walked, named), *(file for file in walked.left_out if file.path not in named)]
    return Plan(
        walked,
        chosen,
        why or reason,
        tuple(clips),
        files,
        tuple(sorted(beside, key=lambda f: f.path)),
        tuple(remarks),
        published,
    )


def choose_loader(
    listing: Listing,
    registry: Registry,
    *,
    loader: str | None,
    params: Mapping[str, Any],
    settings: Sequence[str],
) -> tuple[Chosen, str, list[Remark]]:
    """The loader asked for, else the one surest of the listing among those that have the parameters given.

    Returns
    -------
    Chosen, str, list of Remark
        The loader, why this one, and what should be said of others: those that broke, and those that are
        about as sure.
    """
    if loader is not None:
        return _chosen(registry, loader, listing, params, settings), "chosen with --loader", []
    wanted = {*params, *(setting.partition("=")[0].strip().rpartition(".")[2] for setting in settings)}
    found, broken = _detections(listing, registry, wanted, params, settings)
    if not found:
        known = {
            param.name
            for name in registry.names("dataset")
            for param in registry.find("dataset", name).spec.params
        }
        unknown = sorted(wanted - known)
        if unknown:
            raise UnknownName("parameter of a dataset loader", unknown[0], known)
        raise InputError(f"no dataset loader has all of the parameters {listed(sorted(wanted))}")
    best, detected = max(found, key=lambda each: (each[1].score, each[0].distribution == BUILT_IN))
    if detected.score <= 0:  # where none is sure of anything, the most general one says best what is missing
        reason = next((each.reason for chosen, each in found if chosen.spec.name == GENERAL), detected.reason)
        raise InputError(f"{_place(listing)}: nothing here is recognised as labelled audio ({reason})")
    alike = [
        Remark(
            "another layout is about as likely",
            f"{chosen.spec.name} ({each.reason}); --loader {chosen.spec.name} chooses it",
        )
        for chosen, each in found
        if chosen is not best and 0 < each.score >= detected.score - ABOUT
    ]
    return best, detected.reason, [*broken, *alike]


def _detections(
    listing: Listing, registry: Registry, wanted: set[str], params: Mapping[str, Any], settings: Sequence[str]
) -> tuple[list[tuple[Chosen, Detection]], list[Remark]]:
    """What each loader that has all the parameters says of the listing; a broken one does not keep the others from working."""
    found, broken = [], []
    for name in registry.names("dataset"):
        if wanted - {param.name for param in registry.find("dataset", name).spec.params}:
            continue
        try:
            chosen = _chosen(registry, name, listing, params, settings)
            detected = registry.build(chosen).detect(listing)
            if not 0 <= detected.score <= 1:
                raise PluginError(f"it is sure to {detected.score}, which is not between 0 and 1")
        except UsageError:
            raise
        except stage_failures() as error:
            broken.append(
                Remark(
                    "loader that failed",
                    f"{name}: {error}" if isinstance(error, MxtError) else f"{name}: {error!r}",
                )
            )
            continue
        found.append((chosen, detected))
    return found, broken


def _chosen(
    registry: Registry, name: str, listing: Listing, params: Mapping[str, Any], settings: Sequence[str]
) -> Chosen:
    """A loader with its parameters; the table that was named becomes one of them, so that it is known which it was."""
    spec = registry.find("dataset", name).spec
    given = dict(params) | split_settings(settings, [spec])[name]
    if listing.table is not None and any(param.name == "table" for param in spec.params):
        given["table"] = listing.table
    return registry.choose("dataset", name, given)


def default_name(path: Path) -> str:
    """A data set's name from what was ingested: the folder's, or the table's where that says something.

    Examples
    --------
    >>> default_name(Path("/music/My Genres"))
    'My_Genres'
    """
    path = Path(os.path.abspath(path))
    word = path.name or "root"
    if suffix(path.name) in ("csv", "tsv", "jsonl") and not path.is_dir():
        word = path.parent.name if path.stem.lower() in TOLD_NOTHING else path.stem
    return safe_name(word) or "dataset"


def safe_name(text: str) -> str:
    """`text` with everything but letters, digits, ``_``, ``-`` and ``.`` made ``_``; of a long one the beginning, and a hash of it all."""
    name = re.sub(r"[^\w.-]+", "_", text).strip("_.-")
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 9]}-{sha256_text(name)[:8]}"


def checked_name(given: str) -> str:
    """A data set's name as it was asked for.

    Raises
    ------
    UsageError
        It has other characters than those of `safe_name`; what would do is said.
    """
    if safe_name(given) != given or not given:
        would_do = safe_name(given) or "dataset"
        raise UsageError(
            f"--name {shortened(given)!r}: a name has letters, digits, _, - and . only, at most {LONGEST_NAME}; {would_do!r} would do"
        )
    return given


def _place(listing: Listing) -> str:
    return f"{listing.root}/{listing.table}" if listing.table else listing.root


def _ask(
    registry: Registry, chosen: Chosen, listing: Listing
) -> tuple[list[Clip], list[Remark], Mapping[str, str]]:
    """What a loader says: clips, remarks, and the hashes it knows of."""
    clips, remarks = [], []
    loader = registry.build(chosen)
    try:
        published = loader.published_md5(listing) if isinstance(loader, PublishesHashes) else {}
        for item in loader.clips(listing):
            if isinstance(item, Clip):
                clips.append(catalogued(item))
            else:
                remarks.append(Remark(written(item.kind), written(item.text)))
    except MxtError:
        raise
    except stage_failures() as error:
        raise PluginError(
            f"dataset {chosen.spec.name!r} ({chosen.distribution}) failed: {type(error).__name__}: {error}"
        ) from error
    return clips, remarks, published


def catalogued(clip: Clip) -> Clip:
    """A clip as the catalogue takes it: the whole file where it is that, labels and columns as text, the path as it is on disk.

    Raises
    ------
    InputError
        It begins or ends where no recording does.
    """
    if not all(abs(seconds) <= LONGEST_SECONDS for seconds in (clip.start or 0.0, clip.end or 0.0)):
        raise InputError(
            f"{written(clip.path)}: a segment from {clip.start or 0:g} to {clip.end or 0:g} s; correct its times, in seconds"
        )
    return replace(
        clip,
        path=clip.path if _may_exist(clip.path) else written(clip.path),
        start=None if clip.start == 0 and clip.end is None else clip.start,
        targets=written_all(clip.targets),
        split=written_all(clip.split),
        fold=written_all(clip.fold),
        group=written_all(clip.group),
        fields=written_all(clip.fields),
    )


def _may_exist(path: str) -> bool:
    """Whether a file can be called so."""
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return True


def identifier(clip: Clip) -> str:
    """The id of a clip: its path and segment."""
    return clip_id(clip.path, microseconds(clip.start), microseconds(clip.end))


def _each_once(clips: Iterable[Clip]) -> tuple[list[Clip], list[Remark]]:
    """Clips named twice become one; where their targets differ they have none, for nobody knows which is right."""
    found: dict[str, Clip] = {}
    remarks = []
    for clip in clips:
        name = identifier(clip)
        first = found.setdefault(name, clip)
        if first is clip:
            continue
        differ = [column for column, value in clip.targets.items() if first.targets.get(column) != value]
        if not differ:
            remarks.append(Remark("clip in two rows", name))
            continue
        values = "; ".join(
            f"{column}: {_words(first.targets.get(column))} and {_words(clip.targets[column])}"
            for column in differ
        )
        remarks.append(Remark("clip in rows that disagree", f"{name}: {values}; taken as unlabelled"))
        none: dict[str, Target] = dict.fromkeys(differ)
        found[name] = replace(first, targets={**first.targets, **none})
    return list(found.values()), remarks


def _words(value: Target) -> str:
    return ", ".join(value) if isinstance(value, tuple) else "nothing" if value is None else str(value)


def _file(path: str, walked: Walk) -> FileRecord:
    if path in walked.files:
        return walked.files[path]
    for file in walked.left_out:
        if file.path == path:
            return file
    where = "it lies outside the folder" if path.startswith(("../", "/")) else "no such file"
    return FileRecord(path, 0, 0, 0, reason=Reason.MISSING, detail=where)


def _nothing(walked: Walk, chosen: Chosen, clips: Sequence[Clip]) -> str:
    place, number = _place(walked.listing), len(walked.listing.files)
    if clips:
        return f"{place}: none of the {len(clips):,} clips that {chosen.spec.name} names is there; the first is {clips[0].path}"
    return f"{place}: no audio among the {number:,} files" if number else f"{place}: no files"
