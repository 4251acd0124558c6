"""What in the data of a study, or in how it was divided, may explain its scores."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.columns import Column
from mxt.core.errors import InputError, StoreError, UnknownName
from mxt.core.progress import SILENT, Progress
from mxt.core.reprs import short_repr
from mxt.core.views import parse_view
from mxt.evaluation.assess import assess
from mxt.evaluation.batch_steps import StepTest, find_steps
from mxt.evaluation.columns import target_values
from mxt.evaluation.duplicates import LARGEST, find_duplicates
from mxt.evaluation.groupings import likeness, nearest, proposals, split_groups, text_of
from mxt.evaluation.metadata import metadata_of, predicted_from
from mxt.evaluation.oddities import constant_columns, equal_columns, outliers
from mxt.evaluation.wrong_labels import find_suspects
from mxt.results.audit_records import Audit, By, Columns, Grouping, MetadataScore, NearCopy, WrongLabel
from mxt.results.copies import find_copies, missing_seconds
from mxt.results.study import Study
from mxt.results.views import Matrix, load_view

CHEAP_SECONDS = 1800.0  # of audio that an evaluation reads by itself to compare recordings
FEWEST_COLUMNS = 16  # below which equal features are no sign of equal recordings
WIDEST_BESIDE = 512  # columns of another view that tell what the music is
EXAMPLES = 3


def audit_study(
    study: Study,
    probabilities: Sequence[npt.NDArray[Any] | None],
    *,
    thorough: bool = False,
    jobs: int | None = None,
    progress: Progress = SILENT,
) -> list[Audit]:
    """Look for what may explain the scores of the views of a study.

    Parameters
    ----------
    study : Study
    probabilities : sequence
        Of each view: out-of-fold probabilities, float [clips of the selection, classes], NaN where a clip was
        not tested; ``None`` where there are none.
    thorough : bool
        Whether recordings are compared by their sound however long that takes; otherwise only where no more
        than half an hour of audio has to be read for it.
    jobs : int, optional
        Clips read at a time (default: one per core).
    progress : Progress
    """
    case = _Case.of(study)
    unheard = 0.0 if thorough else missing_seconds(study.store, study.selection.clips)
    unheard = unheard if unheard > CHEAP_SECONDS else 0.0
    copies = [] if unheard else _by_fingerprint(case, jobs, progress)
    metadata = _metadata(case)
    return [
        _of_view(case, matrix, estimates, copies, metadata, unheard)
        for matrix, estimates in zip(study.matrices, probabilities, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class _Case:
    """A study, with the label and the fold of each clip of its selection."""

    study: Study
    labels: Column[str]
    fold_of: npt.NDArray[np.int64]
    fold_names: tuple[str, ...]
    __repr__ = short_repr

    @classmethod
    def of(cls, study: Study) -> _Case:
        """Folds are those in which clips are tested; of a split, its learning part is a fold too."""
        selection = study.selection
        folds = [fold for fold in selection.plan.folds if fold.run == 0]
        fold_of = np.full(len(selection.clips), -1, dtype=np.int64)
        names = [fold.name for fold in folds]
        if len(folds) == 1:
            fold_of[folds[0].learn] = 1
            names.append("learn")
        for place, fold in enumerate(folds):
            fold_of[fold.test] = place
        column = selection.sample.targets.column
        labels = target_values(selection.clips, column).map(text_of)
        return cls(study, labels, fold_of, tuple(names))

    @property
    def y(self) -> npt.NDArray[Any]:
        """Classes by number; all equal where the target is no class."""
        targets = self.study.selection.sample.targets
        return targets.y if targets.task == "classification" else np.zeros(len(targets), dtype=np.int64)

    def copy(self, first: int, second: int, similarity: float, by: By) -> NearCopy:
        """Two clips as a pair of copies."""
        first, second = sorted((first, second))
        ids = self.study.selection.clips.ids
        names = [self.fold_names[place] if place >= 0 else "" for place in self.fold_of[[first, second]]]
        return NearCopy(
            ids[first],
            ids[second],
            similarity,
            (self.labels[first], self.labels[second]),
            (names[0], names[1]),
            by,
        )


def _of_view(
    case: _Case,
    matrix: Matrix,
    probabilities: npt.NDArray[Any] | None,
    copies: Sequence[NearCopy],
    metadata: tuple[MetadataScore, ...],
    unheard: float,
) -> Audit:
    X = case.study.prepared.rows(matrix)
    if not 2 <= len(X) <= LARGEST:
        return Audit(copies=tuple(copies), metadata=metadata, clips=len(X), unheard=unheard)
    neighbour = nearest(X)
    by_features = [] if X.shape[1] < FEWEST_COLUMNS else _by_features(case, X)
    known = {(copy.first, copy.second) for copy in copies}
    together = [*copies, *(copy for copy in by_features if (copy.first, copy.second) not in known)]
    return Audit(
        wrong_labels=() if probabilities is None else _wrong_labels(case, probabilities),
        copies=tuple(sorted(together, key=lambda copy: (not copy.split, -copy.similarity))),
        metadata=metadata,
        groupings=_groupings(case, neighbour),
        columns=_columns(case, X, neighbour),
        steps=_steps(case, matrix),
        clips=len(X),
        unheard=unheard,
    )


def _by_fingerprint(case: _Case, jobs: int | None, progress: Progress) -> list[NearCopy]:
    study = case.study
    found = find_copies(study.store, study.record.root, study.selection.clips, jobs=jobs, progress=progress)
    return [case.copy(copy.first, copy.second, copy.similarity, "fingerprint") for copy in found]


def _by_features(case: _Case, X: npt.NDArray[Any]) -> list[NearCopy]:
    """Clips whose features are (almost) equal though their files differ."""
    unit_of, duplicates = case.study.selection.sample.unit_of, find_duplicates(X)
    pairs = [pair for pair in duplicates.pairs if unit_of[pair.first] != unit_of[pair.second]]
    if len(pairs) > len(X) // 4:  # features that tell so little apart say nothing of recordings
        return []
    limit = duplicates.limit
    return [case.copy(pair.first, pair.second, 1 - pair.distance / limit, "features") for pair in pairs]


def _metadata(case: _Case) -> tuple[MetadataScore, ...]:
    selection, seed = case.study.selection, case.study.request.seed
    scores = []
    if len(selection.clips) > LARGEST:
        return ()
    for what, values in metadata_of(selection.clips, case.labels).items():
        assessment = assess(selection, predicted_from(values, selection), seed=seed)
        baseline = assessment.baselines.get("majority", assessment.baselines["chance"])
        scores.append(MetadataScore(what, assessment.first, baseline))
    return tuple(sorted(scores, key=lambda score: -score.score.value))


def _groupings(case: _Case, neighbour: npt.NDArray[np.int64]) -> tuple[Grouping, ...]:
    """Ways to group clips by which groups are split."""
    groupings = []
    for proposal in proposals(case.study.selection.clips, case.study.selection.sample.targets.column):
        split = split_groups(proposal, case.fold_of)
        if split:
            examples = tuple(proposal.names[:EXAMPLES])
            alike = likeness(neighbour, proposal.codes, case.y)
            groupings.append(
                Grouping(proposal.name, proposal.origin, proposal.groups, split, alike, examples)
            )
    return tuple(sorted(groupings, key=lambda grouping: -grouping.likeness.share))


def _columns(case: _Case, X: npt.NDArray[Any], neighbour: npt.NDArray[np.int64]) -> Columns:
    clips = case.study.selection.clips
    silent = (clip.id for clip in clips if clip.file.measurement and "silent" in clip.file.measurement.notes)
    return Columns(
        constant=int(constant_columns(X).sum()),
        equal=int(equal_columns(X).sum()),
        outliers=tuple(clips.ids[row] for row in outliers(X, neighbour).tolist()),
        silent=tuple(silent),
    )


def _steps(case: _Case, matrix: Matrix) -> StepTest | None:
    """Steps in the features of all clips along the catalogue, beside what another view says of the music.

    ``None`` where mxt computed each clip alone: then order cannot matter, and a step is the recordings' own.
    """
    if all(_by_clip(case.study, fingerprint) for fingerprint in matrix.fingerprints.values()):
        return None
    labels = target_values(matrix.clips, case.study.selection.sample.targets.column)
    task = case.study.selection.sample.targets.task
    names = labels.map(lambda label: text_of(label) if task == "classification" else "")
    order = sorted(names.distinct())
    y = names.array({name: i for i, name in enumerate(order)}.__getitem__, np.int64)
    return find_steps(matrix.X, y, beside=_beside(case.study, matrix))


def _by_clip(study: Study, fingerprint: str) -> bool:
    """Whether a table holds features that mxt computed, each of its clip alone."""
    table = study.store.features.by_fingerprint(fingerprint)
    pipeline = None if table is None else table.attributes.get("pipeline")
    return isinstance(pipeline, dict) and not pipeline.get("rows_together")


def _beside(study: Study, matrix: Matrix) -> npt.NDArray[Any] | None:
    """Features of the same clips from other tables, where there are any that are not too wide."""
    for other in _others(study, matrix):
        if other.clips.ids == matrix.clips.ids and other.X.shape[1] <= WIDEST_BESIDE:
            return other.X
    return None


def _others(study: Study, matrix: Matrix) -> list[Matrix]:
    own = set(matrix.fingerprints)
    asked = [other for other in study.matrices if own.isdisjoint(other.fingerprints)]
    if asked or len(study.matrices) > 1:
        return asked
    views = [
        view
        for view in study.store.catalogue.views(study.record.name)
        if own.isdisjoint(part.label for part in parse_view(view))
    ]
    clips = study.store.catalogue.columns(study.record.name) if views else None
    for view in views:
        with suppress(UnknownName, InputError, StoreError):  # extracted once, and gone or damaged since
            return [load_view(study.store, study.record.name, view, clips=clips)]
    return []


def _wrong_labels(case: _Case, probabilities: npt.NDArray[Any]) -> tuple[WrongLabel, ...]:
    targets = case.study.selection.sample.targets
    if targets.task != "classification":
        return ()
    tested = np.flatnonzero(np.isfinite(probabilities).all(axis=1))
    estimates, y = probabilities[tested], targets.y[tested]
    ids = case.study.selection.clips.ids
    return tuple(
        WrongLabel(
            ids[int(tested[suspect.row])],
            targets.classes[y[suspect.row]],
            targets.classes[suspect.suggested],
            float(estimates[suspect.row, y[suspect.row]]),
            float(estimates[suspect.row, suspect.suggested]),
            suspect.quality,
        )
        for suspect in find_suspects(estimates, y)
    )
