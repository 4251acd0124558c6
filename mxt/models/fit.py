"""Fit a model to all clips of a study: parameters chosen inside, probabilities from out-of-fold scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.errors import EvaluationError
from mxt.core.progress import Progress
from mxt.core.provenance import versions
from mxt.core.records import Task
from mxt.evaluation import guards
from mxt.evaluation.assess import Assessment, assess
from mxt.evaluation.calibration import Scaling, calibration
from mxt.evaluation.crossval import OutOfFold, calm
from mxt.evaluation.fitting import Learner, converged
from mxt.evaluation.search import choose
from mxt.evaluation.selection import Selection
from mxt.evaluation.splits import Fold
from mxt.models.heads import Head, Unsupported, from_estimator
from mxt.models.heads.foreign import keep
from mxt.models.likeness import Likeness, learn_likeness
from mxt.models.model import Array, Card, HeldOut, Model, Part, short_keys
from mxt.models.probabilities import by_class, calibrate, held_out, scores_kind
from mxt.results.study import Study
from mxt.results.views import Matrix


def fit_model(
    study: Study,
    matrix: Matrix,
    predicted: OutOfFold,
    parts: Sequence[Part],
    *,
    command: str,
    progress: Progress,
) -> Model:
    """The model of a study of one view, and what it is worth.

    Parameters
    ----------
    study : Study
    matrix : Matrix
        Features of the view.
    predicted : OutOfFold
        Predictions of the nested cross-validation.
    parts : sequence of Part
        What the columns of the view are.
    command : str
        What fits it again.

    Raises
    ------
    EvaluationError
        The head gives no scores, so that there are no probabilities; or it cannot be kept.
    """
    selection, X = study.selection, study.prepared.rows(matrix)
    targets, seed = selection.sample.targets, study.request.seed
    outputs = _outputs(study, predicted)
    truth = targets.y[predicted.rows]
    if targets.task == "classification":
        predicted = replace(predicted, predicted=_most(outputs))
    assessment = assess(selection, predicted, seed=seed)
    params, estimator, mean, scale = _learn(study, X, progress)
    Z = ((X.astype(np.float64) - mean).astype(np.float32) / scale).astype(np.float32)
    return Model(
        parts=tuple(parts),
        target=targets.column,
        task=targets.task,
        classes=targets.classes,
        mean=mean,
        scale=scale,
        head=_head(estimator, targets.task),
        calibrated=calibrate(targets.task, outputs, truth),
        likeness=_likeness(selection, Z, seed),
        held_out=_held_out(selection, outputs, truth, predicted),
        scores=assessment.scores,
        learnt=short_keys(selection.clips),
        card=_card(study, params, _cautions(study, predicted, assessment, estimator), command),
        view=matrix.view,
    )


def _outputs(study: Study, predicted: OutOfFold) -> Array:
    """Out-of-fold outputs as a head gives them, float64 [n, outputs]."""
    if study.selection.sample.targets.task == "regression":
        return np.asarray(predicted.predicted, dtype=np.float64)[:, None]
    if predicted.scores is None:
        name = study.prepared.head.spec.name
        raise EvaluationError(
            f"head {name} gives labels without scores, so there are no probabilities; "
            "use a head with decision_function or predict_proba (svm, linear, forest)"
        )
    return predicted.scores.astype(np.float64)


def _most(outputs: Array) -> npt.NDArray[np.int64]:
    """The class with the highest output: a model's answer."""
    return np.asarray(np.where(np.isfinite(outputs), outputs, -np.inf).argmax(axis=1))


def _learn(
    study: Study, X: npt.NDArray[Any], progress: Progress
) -> tuple[Mapping[str, Any], Any, Array, Array]:
    """The parameters that are best over the folds, and the head learnt with them from all clips."""
    from sklearn.preprocessing import StandardScaler

    learner, plan = study.prepared.learner(X.shape[1]), study.selection.plan
    y = study.selection.sample.targets.y
    everything = np.arange(len(y))
    inner = tuple((fold.learn, fold.test) for fold in plan.folds)
    fold = Fold("all clips", everything, everything, inner if len(learner.grid) > 1 else ())
    n_fits = len(fold.inner) * len(learner.grid) + 1
    with progress.step(f"fit {study.prepared.head.spec.name}", n_fits, unit="fits") as step, calm():
        params = choose(learner, X, y, fold, step.advance)
        scaler = StandardScaler().fit(X)
        estimator = _fitted(learner, params, scaler.transform(X), y)
        step.advance()
    return params, estimator, scaler.mean_.astype(np.float64), scaler.scale_.astype(np.float64)


def _fitted(learner: Learner, params: Mapping[str, Any], Z: npt.NDArray[Any], y: npt.NDArray[Any]) -> Any:
    estimator = learner.make().set_params(**params)
    return estimator.fit(Z, y.astype(np.int64) if learner.task == "multilabel" else y)


def _head(estimator: Any, task: Task) -> Head:
    """A fitted estimator as arrays, or else as skops keeps it."""
    try:
        return from_estimator(estimator)
    except Unsupported as error:
        return keep(estimator, task, str(error))


def _likeness(selection: Selection, Z: npt.NDArray[Any], seed: int) -> Likeness:
    class_of = selection.sample.targets.membership().argmax(axis=1)
    return learn_likeness(Z, selection.sample.unit_of, class_of, seed=seed)


def _held_out(selection: Selection, outputs: Array, truth: npt.NDArray[Any], predicted: OutOfFold) -> HeldOut:
    task = selection.sample.targets.task
    calibrated = held_out(task, outputs, truth, predicted.fold)
    unit = selection.sample.unit_of[predicted.rows]
    if task != "classification":
        return HeldOut(calibrated.astype(np.float32), truth, unit)
    raw = Scaling(scores_kind(outputs), 1.0, 0.0).probabilities(by_class(outputs))
    before, after = (calibration(values, truth).brier for values in (raw, calibrated))
    return HeldOut(calibrated.astype(np.float32), truth, unit, before, after)


def _cautions(study: Study, predicted: OutOfFold, assessment: Assessment, estimator: Any) -> tuple[str, ...]:
    cautions = [
        *guards.about_clips(study.selection),
        *guards.about_score(study.selection, predicted, assessment, nested=True),
    ]
    if not converged(estimator):
        cautions.append("the head stopped at its iteration limit")
    return tuple(dict.fromkeys(cautions))


def _card(study: Study, params: Mapping[str, Any], cautions: tuple[str, ...], command: str) -> Card:
    selection = study.selection
    targets, common = selection.sample.targets, study.common()
    member = targets.membership() if targets.classes else np.zeros((len(targets), 0), dtype=bool)
    seconds = selection.clips.durations
    return Card(
        dataset=study.record.name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        clips=len(selection.clips),
        units=len(np.unique(selection.sample.unit_of)),
        counts={name: int(n) for name, n in zip(targets.classes, member.sum(axis=0), strict=True)},
        seconds=(float(seconds.min()), float(np.median(seconds)), float(seconds.max())),
        head=common["stage"],
        params={name: getattr(value, "item", lambda value=value: value)() for name, value in params.items()},
        folds=study.folds,
        grouping=common["grouping"],
        command=command,
        versions=versions(),
        cautions=cautions,
    )
