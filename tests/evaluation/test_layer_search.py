from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

from mxt.core.errors import EvaluationError
from mxt.evaluation.candidates import strategies
from mxt.evaluation.fitting import Learner
from mxt.evaluation.layer_search import Found, Search, search_layers
from mxt.evaluation.layers import PartKernels, Strategy, workers_with_room
from mxt.evaluation.search import choose, expand, learn_and_predict
from mxt.evaluation.splits import Plan, Sample, cut_folds, draw_folds
from mxt.evaluation.tasks import Targets
from mxt.stages.heads.weighted_layers import WeightedClassifier

GRID = [{"kernel": ["rbf"], "C": [0.1, 8.0], "gamma": [0.001, 0.1]}, {"kernel": ["linear"], "C": [0.1, 2.0]}]
RNG = np.random.default_rng(0)
N = 120
Y = np.arange(N) % 4
BLOCKS = [(np.eye(4)[Y] * scale + RNG.normal(size=(N, 4))).astype(np.float32) for scale in (0.4, 0.8, 1.2)]
NUMBERS = BLOCKS[2][:, 0] + 0.5 * BLOCKS[1][:, 1] + 0.2 * RNG.normal(size=N)
CLASSES = Targets("x", "classification", Y, ("a", "b", "c", "d"))
VALUES = Targets("x", "regression", NUMBERS)


class Memory(dict[Any, Any]):
    def put(self, fold: int | str, outcome: dict[str, Any]) -> None:
        self[fold] = {
            name: [list(pair) for pair in value] if name == "which" else value
            for name, value in outcome.items()
        }


def task(
    targets: Targets = CLASSES,
    blocks: list[np.ndarray] = BLOCKS,
    *,
    standardise: bool | None = False,
    nested: bool = False,
    **options: Any,
) -> Search:
    tried = options.get("tried", strategies([str(i + 1) for i in range(len(blocks))]))
    regression = targets.task == "regression"
    make: Callable[[], Any] = (lambda: SVR(epsilon=0.1)) if regression else SVC
    score = "pooled" if nested else "fold_mean"
    learner = Learner(
        make, expand(options.get("grid", GRID)), targets.task, len(targets.classes), standardise, score
    )
    sample = Sample(targets, np.arange(len(targets)))
    plan = draw_folds(sample, 4, inner=3, seed=0) if nested else cut_folds(sample, 5, inner=0, seed=0)
    return Search(blocks, tried, [learner] * len(tried), targets.y, plan)


def grid_search(search: Search, strategy: Strategy, *, standardise: bool) -> GridSearchCV:
    """What scikit-learn does with the concatenated columns and the same folds."""
    machine = search.learner.make()
    name = type(machine).__name__.lower()
    model = make_pipeline(StandardScaler(), machine) if standardise else make_pipeline(machine)
    grid = [{f"{name}__{key}": value for key, value in each.items()} for each in GRID]
    X = np.hstack([search.blocks[i] for i in strategy.blocks])
    folds = [(fold.learn, fold.test) for fold in search.plan.folds]
    return GridSearchCV(model, grid, cv=folds).fit(X, search.y)


def check_equal(search: Search, found: Found, *, standardise: bool) -> None:
    sizes = [len(fold.test) for fold in search.plan.folds]
    for strategy, score, out in zip(search.strategies, found.scores, found.found, strict=True):
        theirs = grid_search(search, strategy, standardise=standardise)
        folds = np.stack([theirs.cv_results_[f"split{i}_test_score"] for i in range(len(sizes))], axis=1)
        means = np.average(folds, axis=1, weights=sizes)
        assert score == pytest.approx(means.max(), abs=1e-6)
        name = type(search.learner.make()).__name__.lower()
        ours = {f"{name}__{key}": value for key, value in out.params[0].items()}
        assert means[theirs.cv_results_["params"].index(ours)] == pytest.approx(means.max(), abs=1e-6)


@pytest.mark.parametrize("standardise", [False, True])
@pytest.mark.parametrize("targets", [CLASSES, VALUES], ids=["classes", "numbers"])
def test_every_combination_gets_the_score_and_parameters_of_scikit_learns_grid_search(
    targets: Targets, standardise: bool
) -> None:
    search = task(targets, standardise=standardise)
    check_equal(search, search_layers(search, nested=False, jobs=2), standardise=standardise)


def test_candidates_that_are_given_up_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    search = task(standardise=None)
    found = search_layers(search, nested=False)
    monkeypatch.setattr("mxt.evaluation.layer_choice.MARGIN", np.inf)
    whole = search_layers(search, nested=False)
    assert found.spared > 0 == whole.spared
    assert found.fits + found.spared == whole.fits
    assert np.array_equal(found.scores, whole.scores)
    assert [out.params for out in found.found] == [out.params for out in whole.found]
    assert all(
        np.array_equal(a.predicted, b.predicted) for a, b in zip(found.found, whole.found, strict=True)
    )


def test_both_scalings_give_the_better_of_the_two() -> None:
    both, raw, scaled = (
        search_layers(task(standardise=each), nested=False).scores for each in (None, False, True)
    )
    assert np.array_equal(both, np.maximum(raw, scaled))


def test_the_number_of_jobs_changes_nothing() -> None:
    one, three = (
        search_layers(task(nested=True, standardise=True), nested=True, jobs=jobs) for jobs in (1, 3)
    )
    assert np.array_equal(one.chosen.predicted, three.chosen.predicted)
    assert one.chosen_names == three.chosen_names


def test_nested_each_combination_is_chosen_and_predicted_as_mxt_eval_does() -> None:
    search = task(nested=True, standardise=True)
    found = search_layers(search, nested=True)
    last = search.strategies[-1]
    X = np.hstack([search.blocks[i] for i in last.blocks])
    for fold in search.plan.folds:
        params = choose(search.learner, X, search.y, fold, lambda: None)
        expected = learn_and_predict(search.learner, params, X, search.y, fold, lambda: None).predicted
        assert np.array_equal(found.found[-1].predicted[fold.test], expected)


def test_nested_the_choice_never_sees_the_testing_part() -> None:
    """Labels of a testing part are shuffled: what is chosen and predicted for it stays."""
    search = task(nested=True, standardise=True)
    found = search_layers(search, nested=True)
    fold = search.plan.folds[0]
    y = search.y.copy()
    y[fold.test] = np.roll(y[fold.test], 1)
    plan = Plan(search.plan.kind, (fold,), "")
    other = search_layers(Search(search.blocks, search.strategies, search.learners, y, plan), nested=True)
    assert other.chosen_names[0] == found.chosen_names[0]
    assert np.array_equal(other.chosen.predicted, found.chosen.predicted[fold.test])


def test_a_layer_that_tells_everything_is_chosen() -> None:
    sure = [RNG.normal(size=(N, 3)).astype(np.float32), (5 * np.eye(4)[Y]).astype(np.float32)]
    found = search_layers(task(blocks=sure, nested=True, standardise=True), nested=True)
    assert set(found.chosen_names) == {"2"}


@pytest.mark.parametrize("nested", [False, True])
def test_a_search_that_was_stopped_continues(nested: bool) -> None:
    search = task(nested=nested, standardise=True)
    kept, whole = Memory(), search_layers(search, nested=nested)
    search_layers(search, nested=nested, scratch=kept)
    names = list(kept)
    for name in names[len(names) // 2 :]:
        del kept[name]
    again = search_layers(search, nested=nested, scratch=kept)
    assert 0 < again.fits < whole.fits
    assert np.array_equal(again.chosen.predicted, whole.chosen.predicted)
    assert np.array_equal(again.scores, whole.scores)


def weighting_task() -> Search:
    """Single layers by support vector machines, and a weighting with another grid."""
    plain = task(nested=True, standardise=True)
    tried = [*strategies("123")[:3], Strategy("weighted", (0, 1, 2), weighted=3)]
    weighting = replace(
        plain.learner, make=lambda: WeightedClassifier(n_layers=3), grid=[{"C": C} for C in (0.01, 0.1, 1.0)]
    )
    return replace(plain, strategies=tried, learners=[plain.learner] * 3 + [weighting])


def test_a_weighting_is_chosen_from_a_grid_of_its_own_and_tells_its_weights() -> None:
    search = weighting_task()
    found = search_layers(search, nested=True, jobs=2)
    folds = search.plan.folds
    assert found.fits == sum(1 + len(fold.inner) * len(one.grid) for fold in folds for one in search.learners)
    assert {params["C"] for params in found.found[3].params} <= {0.01, 0.1, 1.0}
    assert list(found.weights) == [3]
    assert found.weights[3].shape == (len(folds), 3)
    assert np.allclose(found.weights[3].sum(axis=1), 1)
    X = np.hstack(search.blocks)
    for fold, weights, params in zip(folds, found.weights[3], found.found[3].params, strict=True):
        order = np.argsort(search.y[fold.learn], kind="stable")
        learn = fold.learn[order]
        alone = WeightedClassifier(n_layers=3, **params).fit(
            StandardScaler().fit_transform(X[learn]), Y[learn]
        )
        assert np.allclose(weights, alone.layer_weights_, atol=1e-3)


def test_other_candidates_are_the_same_beside_a_weighting() -> None:
    beside = search_layers(weighting_task(), nested=True)
    plain = search_layers(task(nested=True, standardise=True, tried=strategies("123")[:3]), nested=True)
    assert np.array_equal(beside.scores[:3], plain.scores)
    for one, other in zip(beside.found, plain.found, strict=False):
        assert np.array_equal(one.predicted, other.predicted)


def test_a_search_that_was_stopped_continues_with_the_weights_it_had_learnt() -> None:
    search, kept = weighting_task(), Memory()
    whole = search_layers(search, nested=True, scratch=kept)
    for name in list(kept)[len(kept) // 2 :]:
        del kept[name]
    again = search_layers(search, nested=True, scratch=kept)
    assert 0 < again.fits < whole.fits
    assert np.array_equal(again.weights[3], whole.weights[3])
    assert np.array_equal(again.chosen.predicted, whole.chosen.predicted)


def test_a_search_stopped_within_a_fold_continues_with_the_combinations_that_are_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mxt.evaluation.layer_parts.KEEP_AFTER", 0.0)
    search, kept = task(nested=False), Memory()
    whole = search_layers(search, nested=False, scratch=kept)
    pieces = [name for name in kept if name.startswith("0-all")]
    assert len(pieces) == len(search.strategies)
    left = Memory({name: kept[name] for name in pieces[:2]})
    again = search_layers(search, nested=False, scratch=left)
    assert again.fits == whole.fits - 2 * search.n_candidates
    assert np.array_equal(again.scores, whole.scores)
    assert np.array_equal(again.chosen.predicted, whole.chosen.predicted)


def test_a_head_without_kernels_is_searched_too() -> None:
    from sklearn.linear_model import LogisticRegression

    tried = strategies(["1", "2"])
    learner = Learner(lambda: LogisticRegression(max_iter=500), [{"C": 0.1}, {"C": 1.0}], "classification", 4)
    plan = draw_folds(Sample(CLASSES, np.arange(N)), 3, inner=2, seed=0)
    found = search_layers(Search(BLOCKS[:2], tried, [learner] * 3, Y, plan), nested=True)
    assert found.scores[2] > 0.25


def test_kernels_that_do_not_fit_into_memory_together_are_computed_a_combination_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = search_layers(task(), nested=False)
    monkeypatch.setattr("mxt.evaluation.layers.HELD_BYTES", 0)
    assert np.allclose(search_layers(task(), nested=False).scores, expected.scores, atol=1e-9)


def test_there_are_no_more_workers_than_their_kernels_have_room(monkeypatch: pytest.MonkeyPatch) -> None:
    one = 8 * 100 * 120
    held = len(BLOCKS) * one

    def workers(jobs: int, *, apart: bool = False) -> int:
        return workers_with_room(jobs, len(BLOCKS), 100, 20, apart=apart)

    monkeypatch.setattr("mxt.evaluation.layers.WORK_BYTES", held + 2 * (2 * one) + 1)
    assert [workers(jobs) for jobs in (1, 2, 8)] == [1, 2, 2]
    assert workers(8, apart=True) == 1, "each process holds the inner products of all layers"
    monkeypatch.setattr("mxt.evaluation.layers.WORK_BYTES", 3 * (held + 2 * one))
    assert workers(8, apart=True) == 3
    monkeypatch.setattr("mxt.evaluation.layers.WORK_BYTES", 0)
    assert workers(8) == 1


def test_summed_kernels_are_those_of_the_joined_columns() -> None:
    learn, test = np.arange(0, N, 2), np.arange(1, N, 2)
    parts = PartKernels(BLOCKS, learn, test, standardise=False, prefix="")
    (A, B), kernels = parts.of(Strategy("13", (0, 2)))
    assert kernels is not None
    (K, L), _ = kernels.matrices({"kernel": "rbf", "gamma": 0.3})
    A, B = A.astype(np.float64), B.astype(np.float64)
    assert np.allclose(K, np.exp(-0.3 * ((A[:, None] - A) ** 2).sum(-1)), atol=1e-12)
    assert np.allclose(L, np.exp(-0.3 * ((B[:, None] - A) ** 2).sum(-1)), atol=1e-12)


def test_several_labels_a_clip_are_refused() -> None:
    labels = Targets("x", "multilabel", np.eye(4, dtype=bool)[Y], ("a", "b", "c", "d"))
    learner = Learner(SVC, [{}], "multilabel", 4)
    with pytest.raises(EvaluationError, match="several labels"):
        Search(
            BLOCKS,
            strategies(["1"]),
            [learner],
            labels.y,
            cut_folds(Sample(CLASSES, np.arange(N)), 3, inner=0, seed=0),
        )


@pytest.mark.realdata
@pytest.mark.parametrize("standardise", [False, True])
def test_on_published_features_the_search_equals_scikit_learns_grid_search(
    data: Path, standardise: bool
) -> None:
    folder = data / "choi2017"
    chosen = np.arange(0, 1000, 4)
    blocks = [
        np.load(folder / "features" / f"gtzan_genre_layer_{i}.npy").astype(np.float32)[chosen]
        for i in range(5)
    ]
    with (folder / "csv" / "gtzan_genre.csv").open() as file:
        y = np.array([int(row["label"]) for row in csv.DictReader(file)])[chosen]
    targets = Targets("label", "classification", y, tuple("0123456789"))
    tried = (Strategy("12345", (0, 1, 2, 3, 4)), Strategy("35", (2, 4)))
    search = task(targets, blocks, standardise=standardise, tried=tried)
    check_equal(search, search_layers(search, nested=False, jobs=2), standardise=standardise)
