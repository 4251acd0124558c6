"""Features of synthesised chords, for what Shtern et al. 2017 say of timing and timbre."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from mxt.core.errors import PluginError
from mxt.core.identity import audio_key, sha256_file
from mxt.core.progress import Progress
from mxt.extraction.compute import compute_prepared
from mxt.extraction.plan import ExtractionPlan, choose_device
from mxt.extraction.recipe import prepare
from mxt.extraction.tasks import ClipJob
from mxt.papers.shtern2017.chords import SAMPLE_RATE, VERSIONS, play, timing_and_timbre
from mxt.papers.shtern2017.findings import TimingAndTimbre
from mxt.store.features import DONE


def hear_chords(plans: Sequence[ExtractionPlan], progress: Progress) -> list[TimingAndTimbre]:
    """The features of all versions by the pipelines of plans; they are kept in their tables, as all are."""
    with tempfile.TemporaryDirectory() as folder:
        jobs = _write_all(Path(folder), progress)
        return [_hear(plan, jobs, progress) for plan in plans]


def _hear(plan: ExtractionPlan, jobs: Sequence[ClipJob], progress: Progress) -> TimingAndTimbre:
    assert plan.table is not None
    keys = [audio_key(job.sha256) for job in jobs]
    _, states, _ = plan.table.states_of(keys)
    if (states != DONE).any():
        _compute(plan, jobs, keys, progress)
    X, _ = plan.table.read(keys, [layer.name for layer in plan.chosen])
    return timing_and_timbre(plan.view, dict(zip(VERSIONS, X, strict=True)))


def _compute(
    plan: ExtractionPlan, jobs: Sequence[ClipJob], keys: Sequence[bytes], progress: Progress
) -> None:
    assert plan.table is not None
    prepared = prepare(plan.recipe(choose_device(plan.request.device), progress))
    with (
        plan.table.writer() as writer,
        progress.step(f"chords {plan.label}", len(jobs), unit="clips") as step,
    ):
        for row, job in zip(writer.assign(keys), jobs, strict=True):
            (outcome,) = compute_prepared((job,), prepared).outcomes
            if outcome.features is None:
                raise PluginError(f"{plan.label} failed on synthesised chords: {outcome.detail}")
            writer.put(int(row), outcome.features)
            step.advance()


def _write_all(folder: Path, progress: Progress) -> list[ClipJob]:
    """Every version as a file."""
    import soundfile

    jobs = []
    with progress.step("synthesising chords", len(VERSIONS), unit="clips") as step:
        for version in VERSIONS:
            path, y = folder / version.name, play(version)
            soundfile.write(path, y, SAMPLE_RATE, subtype="PCM_16")
            stat = path.stat()
            identity = stat.st_size, stat.st_mtime_ns, stat.st_ino
            seconds = len(y) / SAMPLE_RATE
            jobs.append(ClipJob(0, version.name, str(path), sha256_file(path), identity, duration=seconds))
            step.advance()
    return jobs
