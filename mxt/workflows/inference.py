"""From recordings to what models say of them: features from the store or computed, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.errors import AudioError
from mxt.core.progress import Progress
from mxt.extraction.compute import Outcome
from mxt.extraction.direct import Cut, Direct
from mxt.extraction.loading import Stretch
from mxt.extraction.records import Failure
from mxt.extraction.tasks import Job
from mxt.models.model import Model
from mxt.models.timeline import Outputs
from mxt.store.features import DONE
from mxt.store.layout import Store
from mxt.workflows.journal import Journal, Unit
from mxt.workflows.recordings import Recording, Recordings

READ_AT_ONCE = 1000  # clips whose features are read from the store together


class Inference:
    """What models say of recordings, as far as it is known.

    Parameters
    ----------
    models : sequence of Model
    recordings : Recordings
        Those that fail are added to its failures.
    cut : Cut, optional
        Of a timeline.
    journal : Journal
        What was predicted in a run that was stopped.
    store : Store, optional
        Whose features are used.
    """

    def __init__(
        self,
        models: Sequence[Model],
        recordings: Recordings,
        cut: Cut | None,
        journal: Journal,
        store: Store | None,
    ) -> None:
        self.models, self.cut, self._journal, self._failures = models, cut, journal, recordings.failures
        self.recordings = recordings.usable
        self._units: dict[str, list[Unit]] = {
            recording.name: list(journal.known(recording.name, recording.stat))
            for recording in self.recordings
        }
        self.resumed = sum(map(len, self._units.values()))
        self._seconds: dict[str, float] = {
            recording.name: journal.finished.get((recording.name, recording.stat), recording.clip.duration)
            for recording in self.recordings
        }
        self.to_do = [
            recording
            for recording in self.recordings
            if (recording.name, recording.stat) not in journal.finished
        ]
        self.from_store = 0
        if store is not None and cut is None:
            self._read_store(store)

    @property
    def labelled(self) -> int:
        """Recordings with predictions."""
        return sum(map(bool, self._units.values()))

    @property
    def seconds(self) -> float:
        """Their audio."""
        return sum(self._seconds[name] for name, units in self._units.items() if units)

    def by_name(self) -> dict[str, tuple[Outputs, ...]]:
        """What each model gives for each recording with predictions, by its name."""
        return {
            recording.name: self._outputs(recording)
            for recording in self.recordings
            if self._units[recording.name]
        }

    def _outputs(self, recording: Recording) -> tuple[Outputs, ...]:
        units = self._units[recording.name]
        starts = np.array([start for start, *_ in units], dtype=np.float64)
        ends = np.array([end for _, end, *_ in units], dtype=np.float64)
        if self.cut is not None:  # what is left at the end belongs to the last window
            ends[-1] = max(ends[-1], self._seconds[recording.name])
        return tuple(
            Outputs(
                recording.file,
                starts,
                ends,
                np.array([values[i] for _, _, values, _ in units], dtype=np.float64),
                np.array([likeness[i] for _, _, _, likeness in units], dtype=np.float64),
            )
            for i in range(len(self.models))
        )

    def compute(self, engine: Direct, progress: Progress) -> None:
        """Predict for the recordings that are left."""
        total = sum(1 if self.cut is None else self.cut.count(one.clip.duration) for one in self.to_do)
        by_name = {recording.name: recording for recording in self.to_do}
        with progress.step("predict", total, unit="clips" if self.cut is None else "windows") as step:
            known = sum(len(self._units[recording.name]) for recording in self.to_do)
            if known:
                step.advance(known)
            for task, computed in engine.compute(self._jobs()):
                outcomes = [one.outcomes for one in computed]
                self._take(task, outcomes, by_name)
                step.advance(len(task))
        for recording in self.to_do:
            self._finish(recording)

    def _jobs(self) -> Iterator[Job]:
        failed = {failure.clip for failure in self._failures}
        for recording in self.to_do:
            if self.cut is None:
                yield recording.job()
                continue
            try:
                skip = len(self._units[recording.name])
                yield from self.cut.stretches(recording.path, recording.name, skip=skip)
            except AudioError as error:
                if recording.name not in failed:
                    self._failures.append(Failure(recording.name, error.reason, error.detail))

    def _take(
        self,
        task: Sequence[Job],
        outcomes: Sequence[Sequence[Outcome]],
        by_name: Mapping[str, Recording],
    ) -> None:
        """Keep the predictions for the clips or windows of a task."""
        usable = []
        for i, job in enumerate(task):
            failure = next((of[i] for of in outcomes if of[i].features is None), None)
            if failure is None:
                usable.append(i)
            else:
                at = f" at {job.start:g} s" if isinstance(job, Stretch) else ""
                self._failures.append(Failure(job.clip_id, failure.reason, f"{failure.detail}{at}"))
        if not usable:
            return
        fingerprints = list(dict.fromkeys(part.fingerprint for model in self.models for part in model.parts))
        features = {
            fingerprint: [of[i].features for i in usable]
            for fingerprint, of in zip(fingerprints, outcomes, strict=True)
        }
        answers = self._answers([_columns(model, features) for model in self.models])
        for i, (values, likeness) in zip(usable, answers, strict=True):
            job = task[i]
            recording = by_name[job.clip_id]
            unit = (*_at(job), values, likeness)
            self._units[recording.name].append(unit)
            self._journal.add(recording.name, recording.stat, unit)
            if self.cut is None:
                self._finish(recording)

    def _answers(
        self, matrices: Sequence[npt.NDArray[np.float32]]
    ) -> list[tuple[list[list[float]], list[float]]]:
        """Values and likeness of each row, of all models."""
        answers = [model.say(X) for model, X in zip(self.models, matrices, strict=True)]
        return [
            ([values[row].tolist() for values, _ in answers], [float(shares[row]) for _, shares in answers])
            for row in range(len(matrices[0]))
        ]

    def _finish(self, recording: Recording) -> None:
        key = (recording.name, recording.stat)
        if self._units[recording.name] and key not in self._journal.finished:
            self._journal.finished[key] = self._seconds[recording.name]
            self._journal.finish(*key, self._seconds[recording.name])

    def _read_store(self, store: Store) -> None:
        """Predict from the features that are in the store; what is done needs no computing."""
        tables = {part.fingerprint: None for model in self.models for part in model.parts}
        found = {fingerprint: store.features.by_fingerprint(fingerprint) for fingerprint in tables}
        if any(table is None for table in found.values()):
            return
        left = []
        for first in range(0, len(self.to_do), READ_AT_ONCE):
            block = self.to_do[first : first + READ_AT_ONCE]
            clips = [recording.clip for recording in block]
            done = np.array([clip.key is not None for clip in clips])
            matrices = []
            for model in self.models:
                columns = []
                for part in model.parts:
                    table = found[part.fingerprint]
                    assert table is not None
                    X, state = table.read(
                        [clip.key or bytes(32) for clip in clips], [n for n, _ in part.layers]
                    )
                    done &= state == DONE
                    columns.append(X)
                matrices.append(np.concatenate(columns, axis=1))
            rows = np.flatnonzero(done)
            answers = self._answers([X[rows] for X in matrices]) if len(rows) else []
            for row, (values, likeness) in zip(rows, answers, strict=True):
                self._units[block[row].name].append((*_at(block[row].job()), values, likeness))
            self.from_store += len(rows)
            left += [recording for recording, there in zip(block, done, strict=True) if not there]
        self.to_do = left


def _at(job: Job) -> tuple[float, float]:
    """Start and end of a clip or window in its recording, seconds."""
    if isinstance(job, Stretch):
        return job.start, job.end
    start = (job.start_us or 0) / 1e6
    return start, start + job.duration


def _columns(model: Model, features: Mapping[str, Sequence[Any]]) -> npt.NDArray[np.float32]:
    """The columns of a model from the layers of its pipelines, float32 [n, columns]."""
    return np.concatenate(
        [
            np.stack([layers[name] for layers in features[part.fingerprint]])
            for part in model.parts
            for name, _ in part.layers
        ],
        axis=1,
    )
