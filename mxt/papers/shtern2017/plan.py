"""What a reproduction has to compute, before it computes anything."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mxt.core.cores import cores
from mxt.core.progress import SILENT, Progress
from mxt.core.records import ClipRecord
from mxt.extraction.contents import by_content
from mxt.extraction.estimate import estimate
from mxt.extraction.plan import ExtractionPlan, choose_device, make_plan
from mxt.extraction.request import ExtractRequest
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

    def piece(self) -> Piece:
        """With the time of a few clips."""
        missing = len(self.plan.contents)
        if not missing:
            return Piece(self.dataset, self.column, self.clips, 0, 0.0, 0)
        request = self.plan.request
        taken = estimate(self.plan, device=choose_device(request.device), workers=request.jobs or cores())
        return Piece(self.dataset, self.column, self.clips, missing, taken.seconds, taken.disk_bytes)


def make_plan_of(
    store_path: Path,
    catalogue: Catalogue,
    subjects: Sequence[Subject],
    requests: Mapping[Column, ExtractRequest],
    registry: Registry,
    *,
    progress: Progress = SILENT,
) -> Plan:
    """The missing features, and their time and disk from a few clips of each piece; nothing is written."""
    clips = {subject.dataset: clips_of(catalogue, subject) for subject in subjects}
    parts = [
        part
        for column, request in requests.items()
        for part in _parts(store_path, subjects, clips, column, request, registry)
    ]
    pieces = []
    with progress.step("planning", len(parts), unit="tables") as step:
        for part in parts:
            pieces.append(part.piece())
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
