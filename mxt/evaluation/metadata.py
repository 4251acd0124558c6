"""What is known of clips without listening to them, and how well it alone tells classes apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.audio.level import to_db
from mxt.core.clips import Clips
from mxt.core.records import ClipRecord, Measurement, Task
from mxt.evaluation.crossval import OutOfFold
from mxt.evaluation.selection import Selection

Matrix = npt.NDArray[np.float64]
QUIETEST_DB = -120.0
SMALLEST_LEAF = 3  # clips that a rule must hold for
CODECS = 20  # that have a column each


def metadata_of(clips: Sequence[ClipRecord], labels: Sequence[str]) -> dict[str, Matrix]:
    """Numbers that are known of each clip by what they are: float64 [n, columns].

    What is equal for all clips is left out, and so is the order of the files where their paths name the
    classes: it follows from how they are stored.

    Parameters
    ----------
    clips : sequence of ClipRecord
        In catalogue order; one at least.
    labels : sequence of str
        Of the clips.
    """
    clips = Clips.of(clips)
    measured = [clip.file.measurement for clip in clips]
    codecs = clips.paths.map(lambda path: PurePosixPath(path).suffix.lower())
    known: dict[str, npt.ArrayLike] = {
        "loudness": [_levels(one) for one in measured],
        "duration": clips.durations[:, None],
        "sample rate": [[float(one.sample_rate) if one else 0.0] for one in measured],
        "channels": [[float(one.channels) if one else 0.0] for one in measured],
        "codec": np.stack([codecs.where(name.__eq__) for name in sorted(codecs.distinct())[:CODECS]], axis=1),
    }
    named = sum(label.lower() in id_.lower() for id_, label in zip(clips.ids, labels, strict=True))
    if named < len(clips) / 2:
        known["file order"] = np.arange(len(clips))[:, None]
    matrices = {what: np.array(values, dtype=np.float64) for what, values in known.items()}
    return {what: matrix for what, matrix in matrices.items() if np.ptp(matrix, axis=0).any()}


def predicted_from(X: Matrix, selection: Selection) -> OutOfFold:
    """Out-of-fold predictions of a decision tree, on the folds of a selection.

    Parameters
    ----------
    X : float64 [n, d]
        Of the clips of the selection.
    selection : Selection
    """
    targets = selection.sample.targets
    folds = selection.plan.folds
    parts = [_predicted(X, targets.y, fold.learn, fold.test, targets.task) for fold in folds]
    rows = np.concatenate([fold.test for fold in folds])
    order = np.argsort(rows, kind="stable")
    fold_of = np.repeat(np.arange(len(folds)), [len(fold.test) for fold in folds])
    return OutOfFold(rows[order], np.concatenate(parts)[order], None, fold_of[order], ())


def _predicted(
    X: Matrix, y: npt.NDArray[Any], learn: npt.NDArray[Any], test: npt.NDArray[Any], task: Task
) -> npt.NDArray[Any]:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    make = DecisionTreeRegressor if task == "regression" else DecisionTreeClassifier
    tree = make(min_samples_leaf=min(SMALLEST_LEAF, max(1, len(learn) // 10)), random_state=0)
    return np.asarray(tree.fit(X[learn], y[learn]).predict(X[test])).astype(y.dtype)


def _levels(measured: Measurement | None) -> list[float]:
    """RMS and peak of the file in dBFS; of a segment they are those of the whole file."""
    if measured is None:
        return [0.0, 0.0]
    return [max(to_db(level), QUIETEST_DB) for level in (measured.rms, measured.mono_peak)]
