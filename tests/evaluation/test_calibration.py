from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mxt.evaluation.calibration import calibrated, calibration

CLASSES, CLIPS, FOLDS = 4, 2000, 10
FOLD = np.arange(CLIPS) % FOLDS


def drawn(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of classes, and classes drawn from them."""
    rng = np.random.default_rng(seed)
    true = rng.dirichlet(np.full(CLASSES, 0.3), CLIPS)
    return true, (true.cumsum(axis=1) > rng.random((CLIPS, 1))).argmax(axis=1)


@pytest.mark.parametrize("factor", [0.1, 1.0, 20.0])
def test_scores_of_any_scale_become_the_probabilities_they_stand_for(factor: float) -> None:
    true, y = drawn()
    p = calibrated(factor * np.log(np.maximum(true, 1e-9)), y, FOLD, n_classes=CLASSES)
    assert p.dtype == np.float32
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
    assert np.abs(p - true).mean() < 0.02
    assert all(abs(each.probability - each.right) < 0.1 for each in calibration(p, y).bins if each.clips > 50)


def test_probabilities_of_a_head_that_is_too_sure_are_flattened() -> None:
    true, y = drawn()
    sure = true**4 / (true**4).sum(axis=1, keepdims=True)
    assert (
        calibration(calibrated(sure, y, FOLD, n_classes=CLASSES), y).brier < calibration(sure, y).brier - 0.03
    )


def test_labels_of_a_fold_do_not_change_its_own_probabilities() -> None:
    true, y = drawn()
    other = np.where(FOLD == 3, (y + 1) % CLASSES, y)
    first, second = (calibrated(np.log(true + 1e-9), each, FOLD, n_classes=CLASSES) for each in (y, other))
    np.testing.assert_array_equal(first[FOLD == 3], second[FOLD == 3])
    assert not np.array_equal(first[FOLD != 3], second[FOLD != 3])


def test_labels_of_a_split_do_not_change_the_probabilities_of_their_own_clips() -> None:
    true, y = drawn()
    changed = y.copy()
    changed[7] = (y[7] + 1) % CLASSES
    scores = np.log(true + 1e-9)
    first, second = (calibrated(scores, each, np.zeros(CLIPS), n_classes=CLASSES) for each in (y, changed))
    np.testing.assert_array_equal(first[7], second[7])


def test_a_class_that_a_fold_has_not_learnt_is_unlikely_but_never_impossible() -> None:
    true, y = drawn()
    scores = np.log(true + 1e-9)
    scores[FOLD == 0, 2] = np.nan
    p = calibrated(scores, y, FOLD, n_classes=CLASSES)
    assert np.isfinite(p).all()
    assert 0 < p[FOLD == 0, 2].max() < 1e-3
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)


def test_perfect_predictions_are_not_certain() -> None:
    y = np.arange(60) % 2
    p = calibrated(np.where(y[:, None] == np.arange(2), 5.0, -5.0), y, np.arange(60) % 5, n_classes=2)
    assert 0.98 < p.max(axis=1).min() < 1


@pytest.mark.parametrize("n_classes", [2, 3])
def test_every_kind_of_head_gives_probabilities_that_tell_sure_from_unsure(n_classes: int) -> None:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import SVC

    rng = np.random.default_rng(0)
    y = rng.integers(n_classes, size=300)
    X = np.eye(n_classes)[y] + 0.5 * rng.normal(size=(300, n_classes))
    fold = np.arange(300) % 5
    heads: list[tuple[Any, str]] = [
        (SVC(), "decision_function"),
        (LogisticRegression(), "decision_function"),
        (RandomForestClassifier(50, random_state=0), "predict_proba"),
    ]
    for head, method in heads:
        raw = np.concatenate(
            [getattr(head.fit(X[fold != i], y[fold != i]), method)(X[fold == i]) for i in range(5)]
        )
        scores = raw if raw.ndim > 1 else np.stack([-raw, raw], axis=1)
        order = np.argsort(fold, kind="stable")
        p = calibrated(scores, y[order], fold[order], n_classes=n_classes)
        right = p.argmax(axis=1) == y[order]
        surest = p.max(axis=1)
        assert surest[right].mean() > surest[~right].mean() + 0.08, method
        assert calibration(p, y[order]).brier < 0.8 * (1 - 1 / n_classes)


def test_bins_hold_every_clip_once() -> None:
    true, y = drawn()
    found = calibration(true, y, n_bins=5)
    assert sum(each.clips for each in found.bins) == CLIPS
    assert [each.low for each in found.bins] == [0.2, 0.4, 0.6, 0.8]
    assert all(each.low <= each.probability <= each.high for each in found.bins)


def test_the_brier_score_is_0_for_the_truth_and_2_for_its_opposite() -> None:
    y = np.array([0, 1])
    assert calibration(np.eye(2), y).brier == 0
    assert calibration(np.eye(2)[::-1], y).brier == 2
