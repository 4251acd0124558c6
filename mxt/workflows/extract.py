"""`mxt extract`: compute what is missing of a data set's features under one pipeline, and keep it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mxt.audio.memory import return_freed_memory
from mxt.core.cores import cores
from mxt.core.errors import InputError, PluginError, Reason, UsageError, WeightsError
from mxt.core.progress import SILENT, Progress
from mxt.core.provenance import versions
from mxt.extraction.compute import Outcome
from mxt.extraction.engine import Engine, OpenEngine, carry_out, threads
from mxt.extraction.estimate import estimate
from mxt.extraction.parts import Joined, join, parts_of
from mxt.extraction.plan import NO_ROW, ExtractionPlan, choose_device, make_plan
from mxt.extraction.records import Estimate, Extraction, Failure, Trial
from mxt.extraction.request import ExtractRequest
from mxt.extraction.tasks import make_tasks, stratified
from mxt.registry import Registry
from mxt.store.features import DONE, FAILED, OPEN, FeatureTable
from mxt.store.table_writer import TableWriter
from mxt.workflows.engines import extraction_engine

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

IN_A_ROW = 5  # errors of the moment, or failures of a stage, after which a run stops


def extract(
    store_path: Path,
    request: ExtractRequest,
    registry: Registry,
    *,
    progress: Progress = SILENT,
    engine: OpenEngine | None = None,
) -> Extraction:
    """Compute the missing features of a data set.

    Parameters
    ----------
    store_path : Path
        The folder of the store.
    request : ExtractRequest
        What is wanted.
    registry : Registry
        Where stages are found.
    progress : Progress
        Told of every clip.
    engine : callable, optional
        Opens the engine that computes; by default, the one that the request names.

    Returns
    -------
    Extraction
        What was done.

    Raises
    ------
    InputError
        Nothing usable, or several files in a row could not be read: what is finished is kept.
    PluginError
        The backbone failed on several clips in a row, or returned something other than its spec promises.
    StoreBusy
        Another process computes the same table.

    Examples
    --------
    >>> result = extract(Path("mxt-store"), ExtractRequest("mfcc"), build_registry())  # doctest: +SKIP
    """
    run = _Run(make_plan(store_path, request, registry), workers=request.jobs or cores())
    _join_parts(run, progress)
    if request.dry_run:
        run.device = choose_device(request.device)
        estimated = estimate(run.plan, device=run.device, workers=run.workers)
        return _extraction(run, run.plan.states(), estimated)
    states = run.plan.states()
    if run.plan.anything_to_do(states):
        clips = int(((states == OPEN) | (states == NO_ROW)).sum())
        _compute(run, engine or extraction_engine(request, clips, progress, run.note), progress)
        return_freed_memory()
        states = run.plan.states()
    catalogue, dataset, view = run.plan.store.catalogue, run.plan.dataset.name, run.plan.view
    if run.plan.share is None and view not in catalogue.views(dataset):
        catalogue.add_view(dataset, view)
    return _extraction(run, states)


def _join_parts(run: _Run, progress: Progress) -> None:
    """Join the tables of shares of this table, where there are any, before the rest is computed.

    A dry run only looks at them.
    """
    plan = run.plan
    parts = parts_of(plan.store, plan.pipeline.fingerprint) if plan.share is None else {}
    if parts and plan.request.dry_run:
        run.plan = replace(plan, parts=tuple(parts.values()))
        run.joined = Joined(tuple(parts), int(((plan.states() <= OPEN) & (run.plan.states() > OPEN)).sum()))
    elif parts:
        plan.store.check_writable()
        run.plan = replace(plan, table=plan.table or plan.create_table())
        assert run.plan.table is not None
        run.joined = join(parts, run.plan.table, list(plan.contents), plan.store, progress)


def compute_missing(
    plan: ExtractionPlan, *, wait: float = 0.0, progress: Progress = SILENT, engine: OpenEngine = threads
) -> tuple[Failure, ...]:
    """Compute what is missing of a plan's clips into its table; the clips that failed.

    `wait` is how many seconds another process may keep the table; the errors are those of `extract`.
    """
    run = _Run(plan, workers=plan.request.jobs or cores(), wait=wait)
    if plan.anything_to_do(plan.states()):
        _compute(run, engine, progress)
    return tuple(run.failures)


@dataclass(slots=True)
class _Run:
    """A plan, and what has been done of it so far."""

    plan: ExtractionPlan
    workers: int
    wait: float = 0.0
    device: str = "cpu"
    computed: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    seconds_elsewhere: float = 0.0
    seconds_by_step: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    in_a_row: Counter[Reason] = field(default_factory=Counter)
    by_worker: Counter[str] = field(default_factory=Counter)
    joined: Joined | None = None
    trial: Trial | None = None

    def note(self, trial: Trial) -> None:
        """Keep what was measured of the engines."""
        self.trial = trial


def _compute(run: _Run, engine: OpenEngine, progress: Progress) -> None:
    """Compute what is missing into the table of the plan, which is made where there is none yet."""
    plan = run.plan
    plan.store.check_writable()
    run.device = choose_device(plan.request.device)
    if plan.pipeline.backbone.spec.rows_together:
        run.workers = 1
    recipe = plan.recipe(run.device, progress)
    with engine(recipe, run.workers) as opened:  # first: where that fails, no empty table is left
        table = plan.table or plan.create_table()
        run.plan = replace(plan, table=table)
        try:
            _fill(table, run, opened, progress)
        except (PluginError, UsageError, WeightsError):  # a worker could not begin, or a stage is broken
            if plan.table is None and not (run.computed or run.failures):
                plan.store.features.remove(table.path)  # made in this run, and nothing is in it
            raise


def _fill(table: FeatureTable, run: _Run, engine: Engine, progress: Progress) -> None:
    """Assign rows, compute those that are open, and commit them as they come."""
    plan = run.plan
    with table.writer(wait=run.wait) as writer:
        row_of = dict(zip(plan.contents, map(int, writer.assign(list(plan.contents))), strict=True))
        if plan.request.retry_failed:
            writer.retry(list(row_of.values()))
        wanted = {int(row) for row in writer.open_rows()} & _trial(plan, row_of)
        tasks = list(make_tasks(plan.clips, row_of, wanted, plan.dataset, plan.pipeline))
        run.workers = max(1, min(run.workers, len(tasks)))
        started, cpu_started = time.monotonic(), time.process_time()
        try:
            with progress.step(f"extract {table.label}", len(wanted), unit="clips") as step:
                for computed in carry_out(tasks, engine):
                    run.seconds_by_step.update(computed.timings.seconds)
                    step.workers(engine.workers)
                    if computed.worker:
                        run.by_worker[computed.worker] += len(computed.outcomes)
                        run.seconds_elsewhere += computed.timings.seconds.total()
                    for outcome in computed.outcomes:
                        if outcome.job.row in wanted:  # a batch mode computes others as well
                            wanted.discard(outcome.job.row)
                            _keep(outcome, run, writer)
                            step.advance()
        finally:  # also when interrupted: what is finished is kept
            writer.flush()
            run.seconds = time.monotonic() - started
            run.cpu_seconds = time.process_time() - cpu_started + run.seconds_elsewhere
            _log(table, run)


def _trial(plan: ExtractionPlan, row_of: Mapping[bytes, int]) -> set[int]:
    """Rows of a trial of ``--limit`` clips, taken in turn from every class; all rows without a limit."""
    if plan.request.limit is None:
        return set(row_of.values())
    trial = stratified(list(plan.contents.values()), plan.request.limit)
    return {row_of[clip.key] for clip in trial if clip.key is not None}


def _keep(outcome: Outcome, run: _Run, writer: TableWriter) -> None:
    if outcome.features is not None:
        writer.put(outcome.job.row, outcome.features)
        run.computed += 1
        run.in_a_row.clear()
        return
    run.failures.append(Failure(outcome.job.clip_id, outcome.reason, outcome.detail))
    run.in_a_row[outcome.reason] += 1
    if run.in_a_row[outcome.reason] >= IN_A_ROW:
        _stop(outcome, run.plan)
    if not outcome.reason.passing:
        writer.fail(outcome.job.row, outcome.reason)


def _stop(last: Outcome, plan: ExtractionPlan) -> None:
    """Stop where a drive is gone or a stage is broken, rather than meet it ten thousand times."""
    where = (
        f"{IN_A_ROW} in a row, the last {last.job.clip_id}: {last.reason.words}, {last.detail}; "
        "what is finished is kept"
    )
    if last.reason is Reason.STAGE_FAILED:
        backbone = plan.pipeline.backbone
        raise PluginError(
            f"backbone {backbone.spec.name} of {backbone.distribution} failed on {where}; "
            "fix it, then rerun with --retry-failed"
        )
    if last.reason.passing:
        root = plan.dataset.root
        raise InputError(
            f"{where}. Is {root} all there? Then run the same command again, or mxt ingest {root}"
        )


def _log(table: FeatureTable, run: _Run) -> None:
    run.plan.store.log_run(
        {
            "command": "extract",
            "dataset": run.plan.dataset.name,
            "label": table.label,
            "fingerprint": table.fingerprint,
            "computed": run.computed,
            "seconds": round(run.seconds, 3),
            "cpu_seconds": round(run.cpu_seconds, 3),
            "cpu_seconds_by_step": dict(run.seconds_by_step),
            "device": run.device,
            "workers": len(run.by_worker) or run.workers,
            "versions": versions(),
            "failures": [[failure.clip, failure.reason.words, failure.detail] for failure in run.failures],
        }
    )


def _extraction(run: _Run, states: npt.NDArray[np.int64], estimated: Estimate | None = None) -> Extraction:
    plan = run.plan
    all_steps = run.seconds_by_step.total()
    return Extraction(
        dataset=plan.dataset.name,
        root=plan.dataset.root,
        label=plan.label,
        view=plan.view,
        fingerprint=plan.fingerprint,
        pipeline=plan.pipeline,
        columns=sum(layer.dimension for layer in plan.chosen),
        layers=tuple(layer.name for layer in plan.chosen),
        clips=len(plan.clips),
        contents=len(plan.contents),
        done=int((states == DONE).sum()),
        failed=int((states == FAILED).sum()),
        left_open=int(((states == OPEN) | (states == NO_ROW)).sum()),
        computed=run.computed,
        seconds=run.seconds,
        cpu_seconds=run.cpu_seconds,
        shares={step: spent / all_steps for step, spent in run.seconds_by_step.items() if all_steps},
        device=run.device,
        workers=len(run.by_worker) or run.workers,
        by_worker=dict(run.by_worker),
        trial=run.trial,
        share=plan.share,
        joined=run.joined,
        failures=tuple(run.failures),
        earlier=plan.earlier(),
        namesake=plan.namesake(),
        estimate=estimated,
    )
