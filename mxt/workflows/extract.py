"""`mxt extract`: compute what is missing of a data set's features under one pipeline, and keep it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from mxt.audio.memory import return_freed_memory
from mxt.core.cores import cores
from mxt.core.errors import InputError, PluginError, Reason
from mxt.core.pipeline import Pipeline
from mxt.core.progress import SILENT, Progress, Step
from mxt.core.provenance import versions
from mxt.core.views import Part, layers_text
from mxt.extraction.engine import run_pool
from mxt.extraction.estimate import estimate
from mxt.extraction.plan import NO_ROW, Plan, choose_device, make_plan, make_tasks, stratified
from mxt.extraction.records import Estimate, Extraction, Failure
from mxt.extraction.request import ExtractRequest
from mxt.extraction.tasks import Outcome, Timings
from mxt.registry import Registry
from mxt.store.features import DONE, FAILED, OPEN, FeatureTable
from mxt.store.writer import TableWriter

IN_A_ROW = 5  # errors of the moment, or failures of a stage, after which a run stops


def extract(
    store_path: Path, request: ExtractRequest, registry: Registry, *, progress: Progress = SILENT
) -> Extraction:
    """Compute the missing features of a data set.

    Parameters
    ----------
    store_path : Path
        The store's folder.
    request : Request
        What is wanted.
    registry : Registry
        Where stages are found.
    progress : Progress
        Told clip by clip.

    Returns
    -------
    Extraction
        What was done.

    Raises
    ------
    InputError
        Nothing usable, or several files in a row could not be read: what is finished is kept.
    PluginError
        The backbone failed on several clips in a row, or returned something else than its spec promises.
    StoreBusy
        Another process computes the same table.
    """
    plan = make_plan(store_path, request, registry)
    if request.dry_run:
        device, workers = choose_device(request.device), request.jobs or cores()
        return _summary(
            plan, estimated=estimate(plan, device=device, workers=workers), device=device, workers=workers
        )
    work = _Work(plan)
    if not work.nothing_to_do():
        try:
            work.run(progress)
        except PluginError:
            if plan.table is None and work.plan.table is not None and not (work.computed or work.failures):
                plan.store.features.remove(work.plan.table.path)  # made in this run, and nothing is in it
            raise
        return_freed_memory()
    if (view := _view(work.plan)) not in plan.store.catalogue.views(plan.dataset.name):
        plan.store.catalogue.add_view(plan.dataset.name, view)
    return _summary(work.plan, work)


def _create_table(plan: Plan) -> FeatureTable:
    pipeline, label = plan.pipeline, plan.request.label
    attributes = {
        "kind": "extracted",
        "pipeline": pipeline.identity(),
        "specification": _specification(pipeline),
    }
    layers = pipeline.backbone.spec.layers
    return plan.store.features.create(
        pipeline.fingerprint, label or pipeline.label, attributes, layers, exact_label=label is not None
    )


def _specification(pipeline: Pipeline) -> dict[str, Any]:
    """What a reader of the store should know of the pipeline beyond what identifies it."""
    spec, weights = pipeline.backbone.spec, pipeline.weights
    return {
        "summary": spec.summary,
        "citation": spec.citation,
        "licence": spec.licence,
        "weights": {**asdict(weights), "source": "" if weights.source.startswith("file:") else weights.source}
        if weights
        else None,
        "layers": [asdict(layer) for layer in spec.layers],
    }


class _Work:
    """One extraction under way."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.failures: list[Failure] = []
        self.computed = 0
        self.timings = Timings()
        self.seconds = self.cpu_seconds = 0.0
        self.device, self.workers = "cpu", plan.request.jobs or cores()
        self._in_a_row: Counter[Reason] = Counter()

    def nothing_to_do(self) -> bool:
        """True where every clip's row is settled: no lock is taken and torch is not imported."""
        states = self.plan.states()
        retry = self.plan.request.retry_failed and bool((states == FAILED).any())
        return not ((states == OPEN).any() or (states == NO_ROW).any() or retry)

    def run(self, progress: Progress) -> None:
        """Assign rows, compute those that are open, commit as they come."""
        self.plan.store.check_writable()
        self.device = choose_device(self.plan.request.device)
        prepared = self.plan.prepare(self.device, progress)  # first: where that fails, no empty table is left
        table = self.plan.table or _create_table(self.plan)
        self.plan = replace(self.plan, table=table)
        with table.writer() as writer:
            rows = dict(
                zip(self.plan.contents, map(int, writer.assign(list(self.plan.contents))), strict=True)
            )
            if self.plan.request.retry_failed:
                writer.retry(list(rows.values()))
            wanted = {int(row) for row in writer.open_rows()} & self._trial(rows)
            tasks = list(make_tasks(self.plan.clips, rows, wanted, self.plan.dataset, self.plan.pipeline))
            self.workers = 1 if prepared.recipe.together else max(1, min(self.workers, len(tasks)))
            started, cpu_started = time.monotonic(), time.process_time()
            try:
                with (
                    progress.step(f"extract {table.label}", len(wanted), unit="clips") as step,
                    closing(run_pool(tasks, prepared, jobs=self.workers)) as finished,
                ):
                    for outcomes, timings in finished:
                        self.timings.seconds.update(timings.seconds)
                        self._keep(writer, outcomes, wanted, step)
            finally:  # also when interrupted: what is finished is kept
                writer.flush()
                self.seconds, self.cpu_seconds = time.monotonic() - started, time.process_time() - cpu_started
                self._log(table)

    def _trial(self, rows: Mapping[bytes, int]) -> set[int]:
        """Rows of a trial of ``--limit`` clips, taken in turn from every class; all rows without a limit."""
        limit = self.plan.request.limit
        if limit is None:
            return set(rows.values())
        return {
            rows[clip.key]
            for clip in stratified(list(self.plan.contents.values()), limit)
            if clip.key is not None
        }

    def _keep(self, writer: TableWriter, outcomes: Sequence[Outcome], wanted: set[int], step: Step) -> None:
        for outcome in outcomes:
            if outcome.job.row not in wanted:
                continue
            wanted.discard(outcome.job.row)
            if outcome.features is not None:
                writer.put(outcome.job.row, outcome.features)
                self.computed += 1
                self._in_a_row.clear()
            else:
                self.failures.append(Failure(outcome.job.clip_id, outcome.reason, outcome.detail))
                self._stop_after_several(outcome)
                if not outcome.reason.passing:
                    writer.fail(outcome.job.row, outcome.reason)
            step.advance()

    def _stop_after_several(self, outcome: Outcome) -> None:
        """Stop where a drive is gone or a stage is broken, rather than meet it ten thousand times."""
        self._in_a_row[outcome.reason] += 1
        if self._in_a_row[outcome.reason] < IN_A_ROW:
            return
        where = f"{IN_A_ROW} in a row, the last {outcome.job.clip_id}: {outcome.reason.words}, {outcome.detail}; what is finished is kept"
        if outcome.reason is Reason.STAGE_FAILED:
            backbone = self.plan.pipeline.backbone
            raise PluginError(
                f"backbone {backbone.spec.name} of {backbone.distribution} failed on {where}; mend it, then --retry-failed"
            )
        if outcome.reason.passing:
            root = self.plan.dataset.root
            raise InputError(
                f"{where}. Is {root} all there? Then run the same command again, or mxt ingest {root}"
            )

    def _log(self, table: FeatureTable) -> None:
        self.plan.store.log_run(
            {
                "command": "extract",
                "dataset": self.plan.dataset.name,
                "label": table.label,
                "fingerprint": table.fingerprint,
                "computed": self.computed,
                "seconds": round(self.seconds, 3),
                "cpu_seconds": round(self.cpu_seconds, 3),
                "cpu_seconds_by_step": dict(self.timings.seconds),
                "device": self.device,
                "workers": self.workers,
                "versions": versions(),
                "failures": [
                    [failure.clip, failure.reason.words, failure.detail] for failure in self.failures
                ],
            }
        )


def _view(plan: Plan) -> str:
    label = plan.table.label if plan.table is not None else plan.request.label or plan.pipeline.label
    return str(Part(label, layers_text(plan.chosen, plan.pipeline.backbone.spec.layers)))


def _summary(
    plan: Plan,
    work: _Work | None = None,
    *,
    estimated: Estimate | None = None,
    device: str = "cpu",
    workers: int = 1,
) -> Extraction:
    states, view = plan.states(), _view(plan)
    measured = work.timings.seconds if work else Counter[str]()
    return Extraction(
        dataset=plan.dataset.name,
        root=plan.dataset.root,
        label=view.partition(":")[0],
        view=view,
        fingerprint=plan.pipeline.fingerprint,
        pipeline=plan.pipeline,
        columns=sum(layer.dimension for layer in plan.chosen),
        layers=tuple(layer.name for layer in plan.chosen),
        clips=len(plan.clips),
        contents=len(plan.contents),
        done=int((states == DONE).sum()),
        failed=int((states == FAILED).sum()),
        left_open=int(((states == OPEN) | (states == NO_ROW)).sum()),
        computed=work.computed if work else 0,
        seconds=work.seconds if work else 0.0,
        cpu_seconds=work.cpu_seconds if work else 0.0,
        shares={step: spent / measured.total() for step, spent in measured.items() if measured.total()},
        device=work.device if work else device,
        workers=work.workers if work else workers,
        failures=tuple(work.failures) if work else (),
        earlier=plan.earlier(),
        estimate=estimated,
    )
