"""Estimators that are no arrays: kept by skops, which rebuilds known types and runs no code of a file."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.records import Task
from mxt.core.reprs import short_repr
from mxt.models.heads.arrays import Array, Unsupported, require

LARGEST = 1 << 30  # bytes that what skops keeps may unpack to


@dataclass(frozen=True, eq=False)
class Foreign:
    """A fitted scikit-learn estimator as skops keeps it.

    Parameters
    ----------
    data : uint8 [bytes]
        What `skops.io.dumps` gave.
    task : {"classification", "multilabel", "regression"}
    n_outputs : int
        Of the estimator.
    """

    data: npt.NDArray[np.uint8]
    task: Task
    n_outputs: int
    __repr__ = short_repr

    def outputs(self, X: npt.NDArray[Any]) -> Array:
        """Values, margins or probabilities, float64 [n, outputs]."""
        return outputs_of(self.estimator, X, self.task)

    @cached_property
    def estimator(self) -> Any:
        """The estimator.

        Raises
        ------
        Unsupported
            skops is not installed.
        ValueError
            It is made of types that skops does not trust by itself.
        """
        skops_io, data = _skops(), self.data.tobytes()
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            require(sum(entry.file_size for entry in archive.infolist()) <= LARGEST, "foreign: too large")
        untrusted = skops_io.get_untrusted_types(data=data)
        require(not untrusted, f"foreign: types that are not trusted: {', '.join(untrusted)}")
        return skops_io.loads(data)

    def check(self, columns: int) -> int:
        """The number of outputs; `ValueError` where the estimator does not fit."""
        require(self.data.ndim == 1 and self.data.dtype == np.uint8, "foreign: data")
        given = self.outputs(np.zeros((1, columns), np.float32)).shape
        require(given == (1, self.n_outputs), "foreign: outputs")
        return self.n_outputs


def keep(estimator: Any, task: Task, reason: str) -> Foreign:
    """A fitted estimator that cannot be written as arrays, for the `reason` given.

    Raises
    ------
    Unsupported
        skops is not installed, or does not trust its types.
    """
    try:
        skops_io = _skops()
    except Unsupported:
        raise Unsupported(f"{reason}. With skops it can be kept as it is: pip install skops") from None
    data = skops_io.dumps(estimator)
    if untrusted := skops_io.get_untrusted_types(data=data):
        raise Unsupported(f"{reason}; and skops would have to run code of {', '.join(untrusted)}")
    n_outputs = outputs_of(estimator, np.zeros((1, estimator.n_features_in_), np.float32), task).shape[1]
    return Foreign(np.frombuffer(data, dtype=np.uint8), task, n_outputs)


def outputs_of(estimator: Any, X: npt.NDArray[Any], task: Task) -> Array:
    """What an estimator gives for rows, as `mxt.models.heads.Head.outputs`."""
    if task == "regression":
        return np.asarray(estimator.predict(X), dtype=np.float64).reshape(len(X), 1)
    scores = getattr(estimator, "decision_function", None) or estimator.predict_proba
    raw = scores(X)
    if isinstance(raw, list):  # one array [n, 2] for each label
        raw = np.stack([label[:, -1] for label in raw], axis=1)
    raw = np.asarray(raw, dtype=np.float64)
    return raw[:, None] if raw.ndim == 1 else raw


def _skops() -> Any:
    try:
        from skops import io as skops_io
    except ImportError as error:
        raise Unsupported("skops is needed for it: pip install skops") from error
    return skops_io
