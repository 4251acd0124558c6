"""What an extraction would take: time from a few timed clips, and disk."""

from __future__ import annotations

import shutil
import time

from mxt.core.progress import SILENT
from mxt.extraction.compute import compute_prepared
from mxt.extraction.plan import ExtractionPlan
from mxt.extraction.recipe import prepare
from mxt.extraction.records import Estimate
from mxt.extraction.tasks import ClipJob, stratified

TIMED_CLIPS = 8
BYTES_PER_ROW = 34  # audio key, state and reason


def estimate(plan: ExtractionPlan, *, device: str, workers: int) -> Estimate:
    """The time and disk that the missing clips would take, from a few of them, spread over the classes."""
    missing = plan.missing()
    columns = sum(layer.dimension for layer in plan.pipeline.backbone.spec.layers)
    seconds = _seconds_per_clip(plan, device) / workers * len(missing) if missing else 0.0
    return Estimate(
        seconds, len(missing) * (columns * 4 + BYTES_PER_ROW), shutil.disk_usage(plan.store.root).free
    )


def _seconds_per_clip(plan: ExtractionPlan, device: str) -> float:
    prepared = prepare(plan.recipe(device, SILENT))
    task = tuple(ClipJob.of(clip, 0, plan.dataset) for clip in stratified(plan.missing(), TIMED_CLIPS))
    compute_prepared(task[:1], prepared)
    started = time.monotonic()
    compute_prepared(task, prepared)
    return (time.monotonic() - started) / len(task)
