"""`mxt reproduce shtern2017`: the paper's experiments on what is in the store, and its findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np

from mxt.audio.level import to_db
from mxt.core.clips import Clips
from mxt.core.cores import cores
from mxt.core.errors import EvaluationError, InputError
from mxt.core.progress import SILENT, Progress
from mxt.core.provenance import versions
from mxt.core.records import ClipRecord, DatasetRecord
from mxt.core.stages import Levels
from mxt.evaluation.assess import Assessment, assess
from mxt.evaluation.crossval import cross_validate
from mxt.evaluation.tasks import class_name, is_labelled
from mxt.extraction.plan import make_plan
from mxt.ingestion.levels import clip_levels
from mxt.ingestion.lineage import outdated
from mxt.papers.shtern2017.columns import HEADS, PROTOCOL, Columns, choose_columns
from mxt.papers.shtern2017.findings import TimingAndTimbre
from mxt.papers.shtern2017.from_rows import Scored
from mxt.papers.shtern2017.plan import make_plan_of
from mxt.papers.shtern2017.records import (
    Cell,
    ClassRms,
    Plan,
    Row,
    ShternReproduction,
    ShternRequest,
)
from mxt.papers.shtern2017.subjects import Kind, Subject, find_subjects
from mxt.papers.shtern2017.tasks import Column
from mxt.registry import Registry
from mxt.results.loudness import Spread
from mxt.results.prepared import prepare
from mxt.results.records import DatasetResult
from mxt.results.request import EvaluateRequest
from mxt.store.layout import Store
from mxt.workflows.derive import derive
from mxt.workflows.evaluate import evaluate
from mxt.workflows.extract import extract
from mxt.workflows.loudness import QUIETEST_DB
from mxt.workflows.shtern2017_chords import hear_chords


def reproduce_shtern2017(
    store_path: Path,
    request: ShternRequest,
    registry: Registry,
    *,
    jobs: int | None = None,
    planned: Callable[[Plan], None] | None = None,
    progress: Progress = SILENT,
) -> ShternReproduction:
    """Extract what is missing of the paper's data sets, evaluate as the paper does, and judge its findings.

    Parameters
    ----------
    store_path : Path
    request : ShternRequest
    registry : Registry
    jobs : int, optional
        Parallel workers (default: one per core).
    planned : callable, optional
        Told what is missing before anything is computed.
    progress : Progress

    Raises
    ------
    InputError
        None of the paper's data sets is in the store.
    UnknownName, UsageError
        A data set, role, network or parameter that does not exist.
    """
    store = Store.open(store_path, read_only=request.dry_run)
    columns = choose_columns(request, registry, jobs=jobs)
    subjects, absent = find_subjects(store.catalogue, request.roles)
    subjects = tuple(_possible(subject, columns) for subject in subjects)
    if not subjects:
        raise InputError(
            f"{store_path} has none of the paper's data sets: mxt ingest Extended Ballroom or NSynth, "
            "or name a labelled data set: --as instrument=NAME"
        )
    plan = make_plan_of(store_path, store.catalogue, subjects, columns.requests, registry, progress=progress)
    outcome = ShternReproduction(
        columns.network, columns.protocol, plan, absent=absent, dry_run=request.dry_run
    )
    if request.dry_run:
        return outcome
    if planned is not None:
        planned(plan)
    store.check_writable()
    run = _Run(store_path, store, columns, registry, jobs, progress)
    with progress.step("reproduce shtern2017", len(subjects), unit="data sets") as step:
        rows: list[Row] = []
        for subject in subjects:
            rows += filter(None, [run.row(subject)])
            step.advance()
    findings = (*run.scored(rows).findings(), *run.chords(subjects[0].parent))
    store.log_run(
        {"command": "reproduce", "paper": PROTOCOL, "request": request.to_plain(), "versions": versions()}
    )
    return replace(
        outcome,
        rows=tuple(rows),
        findings=findings,
        unscored=run.unscored,
        computed=run.computed,
        evaluated=run.evaluated,
    )


def _possible(subject: Subject, columns: Columns) -> Subject:
    """A subject without the columns that the network does not offer."""
    return replace(subject, columns=tuple(column for column in subject.columns if column in columns.requests))


@dataclass
class _Run:
    """A reproduction on its way."""

    store_path: Path
    store: Store
    columns: Columns
    registry: Registry
    jobs: int | None
    progress: Progress
    computed: int = 0
    evaluated: int = 0
    unscored: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def row(self, subject: Subject) -> Row | None:
        """Derive, extract and evaluate one data set; ``None`` where it cannot be evaluated."""
        self._derive(subject)
        views = {column: self._extract(subject, column) for column in subject.columns}
        clips = self.store.catalogue.columns(subject.dataset)
        self.files |= dict(zip(clips.ids, clips.paths, strict=True))
        cells: dict[Column, Cell] = {}
        try:
            for of_network in HEADS:
                own = {column: view for column, view in views.items() if column.of_network is of_network}
                if own:
                    result = self._evaluate(subject, own, clips, HEADS[of_network])
                    cells |= _cells(subject, own, result)
        except EvaluationError as error:
            self.unscored[subject.dataset] = str(error)
            return None
        usable = int(clips.usable.sum())
        row = Row(subject, usable, result.classes, cells)
        if subject.kind is not Kind.WHOLE:
            return row
        return self._with_loudness(row, clips)

    def scored(self, rows: Sequence[Row]) -> Scored:
        """Rows with their predictions."""
        return Scored(
            rows,
            load=cache(self.store.results.predictions),
            file_of=self.files.__getitem__,
            colour=Column.COLOUR in self.columns.requests,
        )

    def chords(self, dataset: str) -> list[TimingAndTimbre]:
        """What features say of the same chords in two metres and on two instruments; `dataset` is any."""
        requests = (self.columns.requests[column] for column in (Column.NETWORK, Column.MARSYAS))
        plans = [
            make_plan(self.store_path, replace(request, dataset=dataset), self.registry)
            for request in requests
        ]
        return hear_chords(plans, self.progress)

    def _derive(self, subject: Subject) -> None:
        wanted = subject.derived
        if wanted is None:
            return
        known = {record.name: record for record in self.store.catalogue.datasets()}
        record = known.get(subject.dataset)
        if record and wanted.matches(record, subject.parent) and not outdated(record, self.store.catalogue):
            return
        derive(self.store_path, replace(wanted, jobs=self.jobs), progress=self.progress)

    def _extract(self, subject: Subject, column: Column) -> str:
        """The view of a column."""
        request = replace(self.columns.requests[column], dataset=subject.dataset)
        extraction = extract(self.store_path, request, self.registry, progress=self.progress)
        self.computed += extraction.computed
        return extraction.view

    def _evaluate(
        self, subject: Subject, views: Mapping[Column, str], clips: Clips, head: str
    ) -> DatasetResult:
        names = [path.rpartition("/")[2] for path in clips[clips.usable].paths]
        repeated = ("hash=path",) if len(set(names)) < len(names) else ()
        request = EvaluateRequest(
            datasets=(subject.dataset,),
            features=tuple(views.values()),
            group_by=_grouping(subject),
            head=None if head == "linear" else head,
            protocols=(PROTOCOL,),
            settings=(*repeated, *self.columns.settings[PROTOCOL], *self.columns.settings[head]),
        )
        before = len(self.store.results.list())
        evaluated = evaluate(
            self.store_path, request, self.registry, jobs=self.jobs, reuse=True, progress=self.progress
        )
        self.evaluated += len(self.store.results.list()) - before
        (result,) = evaluated.datasets
        if result.task != "classification":
            raise EvaluationError(f"{result.target} is not a target with one class per clip")
        return result

    def _with_loudness(self, row: Row, clips: Clips) -> Row:
        """A row with its part of Table 4, what loudness alone tells, and what normalising adds."""
        record = self.store.catalogue.dataset(row.subject.dataset)
        usable = clips[clips.usable & clips.has_audio]
        levels = clip_levels(record.root, usable, jobs=self.jobs, progress=self.progress)
        pairs = zip(usable, levels, strict=True)
        measured = [(clip, level) for clip, level in pairs if isinstance(level, Levels)]
        scored = self.scored([row])
        row = replace(
            row,
            network_gain=scored.change(row, Column.NETWORK_PEAK, Column.NETWORK),
            marsyas_gain=scored.change(row, Column.MARSYAS_PEAK, Column.MARSYAS),
            loudness=_rms_of_classes(record.targets[0], measured),
        )
        with suppress(EvaluationError):  # too few clips of a class for folds
            alone = self._loudness_alone(row.subject, record, measured)
            baseline = max(alone.baselines["chance"], alone.baselines["majority"])
            return replace(row, alone=alone.first.interval, baseline=baseline)
        return row

    def _loudness_alone(
        self, subject: Subject, record: DatasetRecord, levels: Sequence[tuple[ClipRecord, Levels]]
    ) -> Assessment:
        """Ten folds of a random forest that is shown RMS and peak."""
        forest = HEADS[False]
        request = EvaluateRequest(
            head=forest, group_by=_grouping(subject), settings=self.columns.settings[forest]
        )
        prepared = prepare(self.registry, request, record, [clip for clip, _ in levels], "nested")
        values = {clip.id: (to_db(level.rms), to_db(level.peak)) for clip, level in levels}
        X = np.array([values[clip.id] for clip in prepared.selection.clips])
        predictions = cross_validate(
            prepared.learner(2),
            np.maximum(X, QUIETEST_DB).astype(np.float32),
            prepared.selection.sample.targets.y,
            prepared.selection.plan,
            jobs=self.jobs or cores(),
            progress=self.progress,
            what="loudness alone",
        )
        return assess(prepared.selection, predictions, seed=0)


def _grouping(subject: Subject) -> str | None:
    """The subsets of NSynth have two instruments a family: too few to be groups."""
    return "file" if subject.task.subset else None


def _rms_of_classes(column: str, levels: Sequence[tuple[ClipRecord, Levels]]) -> tuple[ClassRms, ...]:
    """Table 4, the quietest class first."""
    of_class: dict[str, list[float]] = {}
    for clip, level in levels:
        value = clip.targets.get(column)
        if is_labelled(value):
            of_class.setdefault(class_name(value), []).append(level.rms)
    classes = [ClassRms(name, len(rms), Spread.of(np.array(rms))) for name, rms in of_class.items()]
    return tuple(sorted(classes, key=lambda one: one.rms.mean))


def _cells(subject: Subject, views: Mapping[Column, str], result: DatasetResult) -> dict[Column, Cell]:
    cells = {}
    for column, view in zip(views, result.views, strict=True):
        assessment = view.assessment
        cells[column] = Cell(
            column,
            view.view,
            assessment.score("accuracy").interval,
            assessment.baselines["chance"],
            assessment.clips,
            subject.published.get(column),
            view.result_id,
        )
    return cells
