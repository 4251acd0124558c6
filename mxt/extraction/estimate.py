"""What an extraction would take: time from a few timed clips, and disk."""

from __future__ import annotations

import shutil
import time

from mxt.core.progress import SILENT
from mxt.extraction.engine import compute_chunk
from mxt.extraction.plan import Plan, job_of, stratified
from mxt.extraction.records import Estimate

TIMED_CLIPS = 8
BYTES_A_ROW = 34  # audio key, state and reason


def estimate(plan: Plan, *, device: str, workers: int) -> Estimate:
    """Time a few of the missing clips, spread over the classes; the first batch warms up."""
    missing = plan.missing()
    columns = sum(layer.dimension for layer in plan.pipeline.backbone.spec.layers)
    seconds = _seconds_a_clip(plan, device) / workers * len(missing) if missing else 0.0
    return Estimate(
        seconds, len(missing) * (columns * 4 + BYTES_A_ROW), shutil.disk_usage(plan.store.root).free
    )


def _seconds_a_clip(plan: Plan, device: str) -> float:
    prepared = plan.prepare(device, SILENT)
    jobs = [job_of(clip, 0, plan.dataset) for clip in stratified(plan.missing(), TIMED_CLIPS)]
    compute_chunk(jobs[:1], prepared)
    started = time.monotonic()
    compute_chunk(jobs, prepared)
    return (time.monotonic() - started) / len(jobs)
