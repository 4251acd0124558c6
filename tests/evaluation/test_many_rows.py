"""Learning from many rows: a block at a time, from a part of them first, and said where a part is all."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from mxt.core.stages import Evaluation
from mxt.evaluation import fitting, guards, many_rows, splits
from mxt.evaluation.balance import stratified
from mxt.evaluation.fitting import scaled
from mxt.evaluation.left_out import MOST_NAMED
from mxt.evaluation.many_rows import learn_from
from mxt.evaluation.selection import select
from mxt.evaluation.splits import Sample, draw_folds
from mxt.evaluation.tasks import Targets

CLASSES = ("a", "b", "c")


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    y = rng.integers(len(CLASSES), size=3000)
    X = (rng.normal(size=(3000, 8)) + y[:, None] * rng.normal(size=8) + 5).astype(np.float32)
    return X, y


@pytest.fixture
def few_are_many(monkeypatch):
    monkeypatch.setattr(many_rows, "MANY_ROWS", 1000)
    monkeypatch.setattr(fitting, "MANY_ROWS", 1000)
    monkeypatch.setattr(fitting, "BLOCK", 256)


def halves(X):
    return np.arange(0, len(X), 2), np.arange(1, len(X), 2)


def test_up_to_100_000_rows_nothing_differs_from_scikit_learn(rows):
    X, y = rows
    learn, test = halves(X)
    scaler = StandardScaler().fit(X[learn])
    A, B = scaled(X, learn, test, standardise=True)
    assert (A.tobytes(), B.tobytes()) == tuple(scaler.transform(X[part]).tobytes() for part in (learn, test))
    ours, theirs = LogisticRegression(), LogisticRegression().fit(A, y[learn])
    many_rows.fit(ours, A, y[learn])
    assert ours.coef_.tobytes() == theirs.coef_.tobytes()
    assert many_rows.MANY_ROWS == splits.CHOOSE_ON == 100_000


@pytest.mark.usefixtures("few_are_many")
@pytest.mark.parametrize("standardise", [True, False])
def test_scaling_by_blocks_agrees_with_scaling_at_once(rows, standardise):
    X, _ = rows
    learn, test = halves(X)
    scaler = StandardScaler().fit(X[learn])
    for part, found in zip((learn, test), scaled(X, learn, test, standardise=standardise), strict=True):
        np.testing.assert_allclose(found, scaler.transform(X[part]) if standardise else X[part], atol=2e-6)
        assert found.dtype == np.float32


@pytest.mark.usefixtures("few_are_many")
def test_beginning_with_a_part_reaches_the_same_solution(rows):
    X, y = rows
    X = StandardScaler().fit_transform(X)
    ours, theirs = (LogisticRegression(C=10.0, tol=1e-6) for _ in range(2))
    many_rows.fit(ours, X, y)
    theirs.fit(X, y)
    assert (ours.predict(X) == theirs.predict(X)).mean() > 0.999
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=0.02)
    assert (type(ours), ours.C, ours.warm_start) == (LogisticRegression, 10.0, False)


@pytest.mark.usefixtures("few_are_many")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_beginning_with_a_part_is_ahead_after_a_few_iterations_on_all_rows(rows):
    X, y = rows
    X = StandardScaler().fit_transform(X)
    ours, theirs = (LogisticRegression(C=10.0, max_iter=4) for _ in range(2))
    many_rows.fit(ours, X, y)
    theirs.fit(X, y)
    best = log_loss(y, LogisticRegression(C=10.0, max_iter=1000).fit(X, y).predict_proba(X))
    ahead, behind = (log_loss(y, one.predict_proba(X)) - best for one in (ours, theirs))
    assert ahead < behind / 2


@pytest.mark.usefixtures("few_are_many")
def test_a_class_that_the_part_lacks_is_learnt_all_the_same(rows):
    X, y = rows
    y = np.where(np.arange(len(y)) == 1, 9, y)
    estimator = LogisticRegression(max_iter=1000)
    many_rows.fit(estimator, StandardScaler().fit_transform(X), y)
    assert estimator.classes_.tolist() == [0, 1, 2, 9]


@pytest.mark.usefixtures("few_are_many")
def test_other_estimators_learn_in_their_own_way(rows):
    from sklearn.linear_model import RidgeClassifier

    ours = RidgeClassifier()
    many_rows.fit(ours, *rows)
    assert ours.coef_.tobytes() == RidgeClassifier().fit(*rows).coef_.tobytes()


def sample(y, groups=None) -> Sample:
    return Sample(Targets("x", "classification", y, CLASSES), np.arange(len(y)), groups)


def test_a_stratified_part_keeps_classes_and_units(rows):
    _, y = rows
    groups = np.arange(len(y)) // 3
    own = sample(y, groups)
    part = stratified(np.arange(len(y)), own.unit_of, own.targets.membership(), 700, 0)
    assert 500 <= len(part) <= 700
    np.testing.assert_allclose(np.bincount(y[part]) / len(part), np.bincount(y) / len(y), atol=0.02)
    assert not set(groups[part]) & set(np.delete(groups, part))
    assert len(stratified(np.arange(700), own.unit_of, own.targets.membership(), 700, 0)) == 700


def test_parameters_are_chosen_on_a_part_of_many_rows(rows, monkeypatch):
    _, y = rows
    own = sample(y)
    whole = draw_folds(own, 5, inner=3, seed=0)
    monkeypatch.setattr(splits, "CHOOSE_ON", 800)
    plan = draw_folds(own, 5, inner=3, seed=0)
    for fold, before in zip(plan.folds, whole.folds, strict=True):
        assert np.array_equal(fold.learn, before.learn)
        assert np.array_equal(fold.test, before.test)
        assert (before.chosen_on, fold.chosen_on) == (2400, 800)
        for learn, test in fold.inner:
            assert len(learn) + len(test) == 800
            assert not set(learn) & set(test)
            assert set(learn) | set(test) <= set(fold.learn)


def test_a_head_that_learns_from_a_part_is_told(rows):
    _, y = rows
    own = sample(y)
    plan = draw_folds(own, 5, inner=3, seed=0)
    assert learn_from(plan, own, 2400, 0) is plan
    cut = learn_from(plan, own, 1000, 0)
    assert [len(fold.learn) for fold in cut.folds] == [800] * 5
    assert all(set(fold.learn) <= set(whole.learn) for fold, whole in zip(cut.folds, plan.folds, strict=True))
    assert cut.remarks == ("the head learnt from a sample of 800 of the 2,400 learning clips of a fold",)


def chosen(clips):
    evaluation = Evaluation()
    return select(
        clips,
        column="genre",
        task=None,
        is_target=True,
        groups=None,
        folds=None,
        choices=dict.fromkeys(("classification", "multilabel", "regression"), evaluation),
        seed=0,
    )


def test_a_choice_on_a_part_is_said(make_clip, monkeypatch):
    clips = [make_clip(f"{i}.wav", targets={"genre": CLASSES[i % 3]}) for i in range(300)]
    assert guards.about_choice(chosen(clips)) == []
    monkeypatch.setattr(splits, "CHOOSE_ON", 100)
    assert guards.about_choice(chosen(clips)) == [
        "parameters were chosen on a sample of 90 of the 270 learning clips of a fold"
    ]


def test_of_many_clips_that_are_left_out_the_first_are_named(make_clip):
    clips = [make_clip(f"{i}.wav", targets={"genre": CLASSES[i % 2]}) for i in range(60)]
    others = [make_clip(f"{i:05}.mp3") for i in range(MOST_NAMED + 7)]
    (left,) = chosen([*clips, *others]).left_out
    assert left.count == MOST_NAMED + 7
    assert left.names == tuple(clip.id for clip in others[:MOST_NAMED])
