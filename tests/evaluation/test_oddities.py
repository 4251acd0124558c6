from __future__ import annotations

import numpy as np

from mxt.evaluation.groupings import nearest
from mxt.evaluation.oddities import constant_columns, equal_columns, outliers

X = np.random.default_rng(0).normal(size=(60, 5))


def test_columns_that_say_nothing_are_told() -> None:
    odd = np.column_stack([X, np.full(60, 0.3), X[:, 1], np.zeros(60)])
    assert constant_columns(odd).tolist() == [False] * 5 + [True, False, True]
    assert equal_columns(odd).tolist() == [False] * 6 + [True, False]


def test_a_clip_far_from_all_others_is_an_outlier() -> None:
    far = X.copy()
    far[7] += 30
    assert outliers(far, nearest(far)).tolist() == [7]
    assert outliers(X, nearest(X)).tolist() == []
