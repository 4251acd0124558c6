"""What a reproduction has to compute, before it computes anything."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mxt.core.cores import cores
from mxt.core.progress import SILENT, Progress
from mxt.core.records import ClipRecord
from mxt.extraction.estimate import estimate
from mxt.extraction.plan import ExtractionPlan, choose_device, make_plan
from mxt.extraction.request import ExtractRequest
from mxt.extraction.tasks import by_content
from mxt.papers.shtern2017.records import Piece, Plan
from mxt.papers.shtern2017.subjects import Subject, clips_of
from mxt.papers.shtern2017.tasks import Column
from mxt.registry import Registry
from mxt.store.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class _Part:
    """The extraction of one piece, with only the clips that no piece before it has."""

    dataset: str
    column: Column
    clips: int
    plan: ExtractionPlan

    @property
    def seconds_of_audio(self) -> float:
        return sum(clip.duration for clip in self.plan.contents.values())


def make_plan_of(
    store_path: Path,
    catalogue: Catalogue,
    subjects: Sequence[Subject],
    requests: Mapping[Column, ExtractRequest],
    registry: Registry,
    *,
    progress: Progress = SILENT,
) -> Plan:
    """The features that are missing, with time and disk; nothing is written.

    Time is that of a few clips of each column, and goes by the length of the audio.
    """
    clips = {subject.dataset: clips_of(catalogue, subject) for subject in subjects}
    columns = [column for column in requests if any(column in subject.columns for subject in subjects)]
    pieces: list[Piece] = []
    with progress.step("planning", len(columns), unit="columns") as step:
        for column in columns:
            request = requests[column]
            parts = _parts(store_path, subjects, clips, column, request, registry)
            pieces += _pieces(parts, request)
            step.advance()
    return Plan(tuple(pieces), shutil.disk_usage(store_path).free)


def _parts(
    store_path: Path,
    subjects: Sequence[Subject],
    clips: Mapping[str, Sequence[ClipRecord]],
    column: Column,
    request: ExtractRequest,
    registry: Registry,
) -> list[_Part]:
    parts, seen = [], set[bytes]()
    for subject in subjects:
        if column not in subject.columns:
            continue
        plan = make_plan(store_path, replace(request, dataset=subject.parent), registry)
        own = clips[subject.dataset]
        plan = replace(plan, clips=own, contents=by_content(own))
        missing = {key: clip for key, clip in by_content(plan.missing()).items() if key not in seen}
        seen |= set(missing)
        parts.append(_Part(subject.dataset, column, len(plan.contents), replace(plan, contents=missing)))
    return parts


def _pieces(parts: Sequence[_Part], request: ExtractRequest) -> list[Piece]:
    """The parts of one column with their times, by the part that has most to do."""
    longest = max(parts, key=lambda part: part.seconds_of_audio)
    rate, bytes_of_clip = 0.0, 0.0
    if longest.plan.contents:
        taken = estimate(longest.plan, device=choose_device(request.device), workers=request.jobs or cores())
        rate = taken.seconds / longest.seconds_of_audio
        bytes_of_clip = taken.disk_bytes / len(longest.plan.contents)
    return [
        Piece(
            part.dataset,
            part.column,
            part.clips,
            len(part.plan.contents),
            rate * part.seconds_of_audio,
            round(bytes_of_clip * len(part.plan.contents)),
        )
        for part in parts
    ]
