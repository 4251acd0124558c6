from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk

from mxt.evaluation.metrics import (
    CHOOSE_BY,
    METRICS,
    TABLE,
    baselines,
    confusion,
    from_totals,
    macro,
    main,
    metric_words,
    pooled,
    ranking,
)
from mxt.evaluation.totals import contributions

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("n_classes", [2, 7])
def test_classification_scores_are_scikit_learns(n_classes: int) -> None:
    y = np.r_[np.arange(n_classes), RNG.integers(n_classes, size=300)]
    predicted = np.where(RNG.random(len(y)) < 0.6, y, RNG.integers(n_classes, size=len(y)))
    found = pooled("classification", y, predicted, n_classes=n_classes)
    assert found == pytest.approx(
        {
            "accuracy": sk.accuracy_score(y, predicted),
            "balanced_accuracy": sk.balanced_accuracy_score(y, predicted),
            "macro_f1": sk.f1_score(y, predicted, average="macro"),
            "matthews": sk.matthews_corrcoef(y, predicted),
        }
    )
    assert np.array_equal(confusion(y, predicted, n_classes), sk.confusion_matrix(y, predicted))


@pytest.mark.parametrize(
    ("y", "predicted"),
    [
        ([0, 1, 2, 2, 1], [2, 2, 2, 2, 2]),
        ([1, 1, 1], [0, 1, 2]),
        ([0, 1, 2], [0, 1, 2]),
        ([0, 0, 1, 1], [1, 1, 0, 0]),
        ([0, 0, 1, 1], [0, 2, 1, 2]),
    ],
)
def test_the_matthews_correlation_is_scikit_learns_where_a_class_is_missing_or_never_predicted(
    y: list[int], predicted: list[int]
) -> None:
    found = pooled("classification", np.array(y), np.array(predicted), n_classes=3)
    assert found["matthews"] == pytest.approx(sk.matthews_corrcoef(y, predicted))


def test_the_matthews_correlation_of_resamples_is_that_of_the_clips_they_repeat() -> None:
    y, predicted = RNG.integers(4, size=(2, 60))
    weights = RNG.integers(0, 4, size=(5, 60)).astype(float)
    totals = (contributions("classification", y, predicted, n_classes=4).T @ weights.T).T
    expected = [sk.matthews_corrcoef(y, predicted, sample_weight=draw) for draw in weights]
    assert from_totals("classification", totals)["matthews"] == pytest.approx(expected)


def test_every_metric_has_a_name_of_its_own_and_a_task_that_has_a_main_score() -> None:
    assert len(METRICS) == len(TABLE)
    assert {task: main(task).name for task in CHOOSE_BY} == {
        "classification": "accuracy",
        "regression": "r2",
        "multilabel": "roc_auc",
    }
    assert {METRICS[name].task for name in CHOOSE_BY.values()} == set(CHOOSE_BY)


def test_a_metric_of_another_version_goes_by_its_name() -> None:
    assert (metric_words("matthews"), metric_words("kappa")) == ("Matthews correlation", "kappa")


def test_a_class_that_is_predicted_but_not_there_counts_in_macro_f1_alone() -> None:
    y, predicted = np.array([0, 0, 1, 1]), np.array([0, 2, 1, 1])
    found = pooled("classification", y, predicted, n_classes=4)
    assert found["balanced_accuracy"] == pytest.approx(0.75)
    assert found["macro_f1"] == pytest.approx(sk.f1_score(y, predicted, average="macro"))


def test_regression_scores_are_scikit_learns() -> None:
    y = 1e4 + RNG.normal(size=200)
    predicted = y + 0.5 * RNG.normal(size=200)
    found = pooled("regression", y, predicted, n_classes=0)
    assert found == pytest.approx(
        {"r2": sk.r2_score(y, predicted), "mae": sk.mean_absolute_error(y, predicted)}
    )


@pytest.mark.parametrize("levels", [4, 1000])
def test_rankings_are_scikit_learns_with_ties_and_weights(levels: int) -> None:
    y = RNG.random((200, 3)) < [0.5, 0.1, 0.8]
    scores = np.round(levels * (RNG.random((200, 3)) + 0.3 * y)) / levels
    weights = RNG.integers(0, 4, size=(2, 200)).astype(float)
    found = ranking(y, scores, weights)
    for draw in range(2):
        for label in range(3):
            given = (y[:, label], scores[:, label])
            assert found["roc_auc"][draw, label] == pytest.approx(
                sk.roc_auc_score(*given, sample_weight=weights[draw])
            )
            assert found["average_precision"][draw, label] == pytest.approx(
                sk.average_precision_score(*given, sample_weight=weights[draw])
            )


def test_a_label_that_all_or_none_have_does_not_enter_the_mean() -> None:
    y = np.array([[True, True], [False, True], [True, True]])
    found = macro(ranking(y, np.array([[0.9, 0.1], [0.1, 0.2], [0.8, 0.3]])))
    assert (found["roc_auc"][0], found["average_precision"][0]) == (1.0, 1.0)


def test_scores_of_nothing_are_not_a_number() -> None:
    assert np.isnan(from_totals("classification", np.zeros(6))["accuracy"])


def test_the_baselines_are_a_guess_and_the_largest_class() -> None:
    assert baselines("classification", np.array([0, 0, 0, 1]), 2) == {"chance": 0.5, "majority": 0.75}
