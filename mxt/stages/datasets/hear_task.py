"""A task of the HEAR benchmark as its preprocessing writes it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mxt.core.errors import InputError, listed
from mxt.core.records import Clip, Detection, Listing, Remark, Target
from mxt.core.text import parse_json
from mxt.stages.datasets.suffixes import may_be_sound
from mxt.stages.datasets.targets import split_name

METADATA, VOCABULARY = "task_metadata.json", "labelvocabulary.csv"
TARGET = "label"


@dataclass(frozen=True)
class HearTask:
    """Loader of ``task_metadata.json``, ``<split>.json`` and ``<sample rate>/<split>/*.wav``."""

    def detect(self, listing: Listing) -> Detection:
        """Sure where the metadata of a task and its vocabulary lie side by side."""
        if not (tasks := _tasks(listing)):
            return Detection(0.0, f"no {METADATA} with {VOCABULARY} beside it")
        return Detection(0.98, "a task of HEAR" if len(tasks) == 1 else f"{len(tasks)} tasks of HEAR")

    def clips(self, listing: Listing) -> Iterator[Clip | Remark]:
        """Clips with their label, or labels, and their split or fold, at the highest sample rate there is.

        Clips whose file is not there are missing.

        Raises
        ------
        InputError
            There are several tasks, their files cannot be read, or it is a task of events.
        """
        task = _only_task(listing)
        metadata = _json(listing, posixpath.join(task, METADATA))
        several = _several_labels(metadata, task)
        audio = _audio_by_rate(listing, task)
        rate = max(audio)
        for split in metadata["splits"]:
            for name, labels in _json(listing, posixpath.join(task, f"{split}.json")).items():
                path = posixpath.join(task, str(rate), split, name)
                part = split_name(split)
                target = _target(labels, several, f"{split}.json: {name}")
                yield Clip(path, targets={TARGET: target}, split=part, fold=None if part else split)
        for other in sorted(audio.keys() - {rate}):
            yield Remark(
                "another sample rate", f"{len(audio[other]):,} files at {other} Hz; {rate} Hz is used"
            )


def _tasks(listing: Listing) -> list[str]:
    """Folders of tasks, below the root; empty text for the root itself."""
    folders = [posixpath.dirname(path) for path in listing.files if posixpath.basename(path) == METADATA]
    there = set(listing.files)
    return [folder for folder in folders if posixpath.join(folder, VOCABULARY) in there]


def _only_task(listing: Listing) -> str:
    tasks = _tasks(listing)
    if len(tasks) != 1:
        raise InputError(
            f"{listing.root} has {len(tasks)} tasks of HEAR, and a data set is one of them; "
            f"name its folder: {listed(tasks)}"
        )
    return tasks[0]


def _several_labels(metadata: Mapping[str, Any], task: str) -> bool:
    """Whether a clip has several labels; tasks of another kind are refused."""
    embedding, prediction = metadata.get("embedding_type"), metadata.get("prediction_type")
    if embedding != "scene" or prediction not in ("multiclass", "multilabel"):
        raise InputError(
            f"{metadata.get('task_name', task)} is a task of {embedding} and {prediction}; mxt has features "
            "of whole clips, for tasks of scene and multiclass or multilabel"
        )
    splits = metadata.get("splits")
    if not isinstance(splits, list) or not all(isinstance(split, str) for split in splits):
        raise InputError(f"{posixpath.join(task, METADATA)} has no list of splits")
    return bool(prediction == "multilabel")


def _audio_by_rate(listing: Listing, task: str) -> dict[int, set[str]]:
    """Files by the sample rate that their folder is called."""
    audio: dict[int, set[str]] = {}
    for path in listing.files:
        rate = posixpath.relpath(path, task or ".").partition("/")[0]
        if rate.isdecimal() and may_be_sound(path):
            audio.setdefault(int(rate), set()).add(path)
    if not audio:
        raise InputError(f"{posixpath.join(listing.root, task)} has no audio: no folder such as 48000")
    return audio


def _target(labels: object, several: bool, where: str) -> Target:
    if not isinstance(labels, list) or (not several and len(labels) != 1):
        raise InputError(f"{where} has {labels!r}, expected {'a list of labels' if several else 'one label'}")
    words = tuple(dict.fromkeys(map(str, labels)))
    return words if several else words[0]


def _json(listing: Listing, path: str) -> dict[str, Any]:
    try:
        values = parse_json(Path(listing.root, path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    if not isinstance(values, dict):
        raise InputError(f"{path} should be a JSON object, as HEAR's preprocessing writes it")
    return values
