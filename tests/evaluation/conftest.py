"""Clips, targets and learners made on the spot."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mxt.core.records import ClipRecord, FileRecord, Measurement
from mxt.evaluation.fitting import Learner
from mxt.evaluation.search import expand
from mxt.evaluation.tasks import Targets

MakeClip = Callable[..., ClipRecord]


@pytest.fixture(scope="session")
def make_clip() -> MakeClip:
    """Make a usable clip from a path, its content, and whatever columns."""

    def make(path: str, content: str | None = None, **columns: Any) -> ClipRecord:
        key = hashlib.sha256((content or path).encode()).digest()
        file = FileRecord(path, 1, 1, 1, Measurement(key.hex(), 1.0, 22050, 1, 22050, 0.5, 0.5, 0.1))
        return ClipRecord(columns.pop("id", path), file, key, **columns)

    return make


@pytest.fixture(scope="session")
def classes() -> Callable[[Any], Targets]:
    """Make classification targets from class numbers."""

    def make(y: Any) -> Targets:
        y = np.asarray(y, dtype=np.int64)
        return Targets("genre", "classification", y, tuple(f"class {i}" for i in range(y.max() + 1)))

    return make


@pytest.fixture(scope="session")
def logistic() -> Callable[..., Learner]:
    """Make a quick learner: logistic regression over a small grid."""

    def make(n_classes: int, grid: dict[str, list[Any]] | None = None) -> Learner:
        from sklearn.linear_model import LogisticRegression

        return Learner(
            lambda: LogisticRegression(max_iter=500),
            expand(grid or {"C": [0.1, 1.0]}),
            "classification",
            n_classes,
        )

    return make
