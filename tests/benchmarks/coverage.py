"""Whether intervals hold the truth, and comparisons their level: simulated, where the truth is known.

    python tests/benchmarks/coverage.py scores --clips 60 100 500 --repetitions 500
    python tests/benchmarks/coverage.py views --views 2 5 8 20 --repetitions 500

``scores``: five Gaussian classes, logistic regression in ten folds, drawn once and five times. The interval
should hold the accuracy of the classifiers that were learnt (of all folds and repeats), which is computed on
5,120 points that none has seen, in 95 % of the repetitions; beside it the accuracy expected of any such
classifier. ``views``: answers of equal views, right in 70 % of 100 clips and hard and easy in part together;
some view should be called clearly below the best in at most 5 % of the tables. The power is the share of the
other views found below one that is 8 points better, also by what mxt did before: permutations adjusted by
Holm, and a percentile interval without zero.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, qmc

from mxt.evaluation.comparison import against_best
from mxt.evaluation.splits import Sample, draw_folds, joined
from mxt.evaluation.statistics import Judged, interval, resample
from mxt.evaluation.tasks import Targets

CLASSES, COLUMNS, APART = 5, 10, 1.7
FOLDS, REPEATS = 10, 5
UNSEEN = 1024  # of each class
STEPS = 80
CLIPS, ACCURACY, BETTER, DRAWS = 100, 0.7, 0.08, 2000


@dataclass(frozen=True, eq=False)
class Classes:
    """Gaussian classes: their means, and points of them on which classifiers are judged."""

    means: np.ndarray
    unseen: np.ndarray
    truth: np.ndarray

    @classmethod
    def drawn(cls, seed: int) -> Classes:
        """Means at random, and evenly spread points around them."""
        means = APART / np.sqrt(COLUMNS) * np.random.default_rng(seed).normal(size=(CLASSES, COLUMNS))
        points = qmc.MultivariateNormalQMC(np.zeros(COLUMNS), seed=seed).random(UNSEEN)
        unseen = np.concatenate([mean + points for mean in means])
        return cls(means, with_ones(unseen), np.repeat(np.arange(CLASSES), UNSEEN))


def with_ones(X: np.ndarray) -> np.ndarray:
    """Columns and a constant one, float32."""
    return np.c_[X, np.ones(len(X))].astype(np.float32)


def learn(X: np.ndarray, y: np.ndarray, learns: np.ndarray) -> np.ndarray:
    """Logistic regressions (L2, C = 1) of several learning parts at once, by accelerated gradient descent.

    Parameters
    ----------
    X : float32 [n, d]
    y : int64 [n]
    learns : float32 [n, parts]
        1 where a clip is learnt from.

    Returns
    -------
    float32 [d, parts, classes]
    """
    n, d = X.shape
    truth = np.eye(CLASSES, dtype=np.float32)[y][:, None]
    weights = np.zeros((d, learns.shape[1], CLASSES), dtype=np.float32)
    ahead, step, t = weights, 1 / (0.5 * np.linalg.eigvalsh(X.T @ X)[-1] + 1), 1.0
    penalty = np.r_[np.ones(d - 1), 0].astype(np.float32)[:, None, None]
    for _ in range(STEPS):
        p = (X @ ahead.reshape(d, -1)).reshape(n, -1, CLASSES)
        p = np.exp(p - p.max(axis=2, keepdims=True))
        p = (p / p.sum(axis=2, keepdims=True) - truth) * learns[:, :, None]
        gradient = (X.T @ p.reshape(n, -1)).reshape(weights.shape) + penalty * ahead
        before, weights = weights, (ahead - step * gradient).astype(np.float32)
        following = (1 + np.sqrt(1 + 4 * t * t)) / 2
        ahead = (weights + (t - 1) / following * (weights - before)).astype(np.float32)
        t = following
    return weights


def repetition(classes: Classes, n: int, seed: int) -> tuple[Judged, np.ndarray]:
    """Clips with their out-of-fold predictions, and the accuracy of each classifier [repeats, folds]."""
    rng = np.random.default_rng([seed, n])
    y = rng.permutation(np.arange(n) % CLASSES)
    X = with_ones(classes.means[y] + rng.normal(size=(n, COLUMNS)))
    sample = Sample(Targets("class", "classification", y, tuple("abcde")), np.arange(n))
    plan = joined([draw_folds(sample, FOLDS, inner=0, seed=seed * 100 + r) for r in range(REPEATS)], "repeat")
    learns = np.ones((n, len(plan.folds)), dtype=np.float32)
    for i, fold in enumerate(plan.folds):
        learns[fold.test, i] = 0
    weights = learn(X, y, learns)
    rows = np.concatenate([fold.test for fold in plan.folds])
    of_fold = np.repeat(np.arange(len(plan.folds)), [len(fold.test) for fold in plan.folds])
    predicted = np.einsum("nd,dnk->nk", X[rows], weights[:, of_fold]).argmax(axis=1)
    judged = Judged(
        "classification",
        y[rows],
        predicted,
        rows,
        CLASSES,
        of_fold,
        np.array([f.run for f in plan.folds])[of_fold],
    )
    unseen = (classes.unseen @ weights.reshape(len(weights), -1)).reshape(-1, len(plan.folds), CLASSES)
    accuracy = (unseen.argmax(axis=2) == classes.truth[:, None]).mean(axis=0)
    return judged, accuracy.reshape(REPEATS, FOLDS)


def first_run(judged: Judged) -> Judged:
    """The predictions of the first repeat alone."""
    rows = judged.runs == 0
    return Judged("classification", judged.y[rows], judged.predicted[rows], judged.unit_of[rows], CLASSES)


def coverage(n: int, repetitions: int, seed: int = 0) -> dict[str, tuple[float, float, float]]:
    """Of intervals: the share that hold the learnt classifiers' accuracy, the expected one, and the width.

    Returns
    -------
    dict
        By how often folds were drawn.
    """
    classes = Classes.drawn(seed)
    bounds: dict[str, list[tuple[float, float, float]]] = {"once": [], f"{REPEATS} times": []}
    expected = []
    for i in range(repetitions):
        judged, accuracy = repetition(classes, n, seed + i)
        expected.append(accuracy.mean())
        for name, one, own in (
            ("once", first_run(judged), accuracy[:1]),
            (f"{REPEATS} times", judged, accuracy),
        ):
            samples = resample(one, seed=i).scores["accuracy"]
            found = interval(float((one.y == one.predicted).mean()), samples, n)
            bounds[name].append((found.low, found.high, own.mean()))
    table = {}
    for name, values in bounds.items():
        low, high, own = np.array(values).T
        truth = np.mean(expected)
        table[name] = (
            float(np.mean((low <= own) & (own <= high))),
            float(np.mean((low <= truth) & (truth <= high))),
            float(np.mean(high - low)),
        )
    return table


def answers(rng: np.random.Generator, accuracies: np.ndarray, together: float) -> np.ndarray:
    """Whether views are right, bool [clips, views]; `together`: how alike they find clips hard."""
    shared, alone = rng.normal(size=(CLIPS, 1)), rng.normal(size=(CLIPS, len(accuracies)))
    return np.sqrt(together) * shared + np.sqrt(1 - together) * alone < norm.ppf(accuracies)


def below_best(right: np.ndarray, seed: int) -> tuple[int, np.ndarray]:
    """The best view, and which are called clearly below it."""
    found = against_best(right.mean(axis=0).tolist(), right / len(right), seed=seed)
    return found.best, np.array([one is not None and one.clear for one in found.differences])


def below_best_before(right: np.ndarray, seed: int) -> tuple[int, np.ndarray]:
    """The same by permutations of pairs, adjusted by Holm, and percentile intervals."""
    rng, best = np.random.default_rng(seed), int(right.mean(axis=0).argmax())
    gaps = right[:, [best]].astype(float) - right
    others = [i for i in range(right.shape[1]) if i != best]
    signs = rng.integers(0, 2, size=(DRAWS, CLIPS)) * 2.0 - 1.0
    chance = np.abs(signs @ gaps) >= gaps.sum(axis=0) - 1e-9
    p = (1 + chance.sum(axis=0)) / (1 + DRAWS)
    drawn = rng.multinomial(CLIPS, np.full(CLIPS, 1 / CLIPS), size=DRAWS) @ gaps
    clear, largest = np.zeros(right.shape[1], dtype=bool), 0.0
    for rank, i in enumerate(sorted(others, key=lambda i: p[i])):
        largest = max(largest, (len(others) - rank) * p[i])
        clear[i] = largest < 0.05 and np.quantile(drawn[:, i], 0.025) > 0
    return best, clear


def levels(
    views: int, together: float, repetitions: int, seed: int = 0
) -> Iterator[tuple[str, float, float]]:
    """Of each method: the share of tables of equal views with a false alarm, and the power."""
    equal, better = np.full(views, ACCURACY), np.full(views, ACCURACY)
    better[0] += BETTER
    for name, method in (("now", below_best), ("before", below_best_before)):
        rng = np.random.default_rng([seed, views])
        false, power = [], []
        for i in range(repetitions):
            false.append(method(answers(rng, equal, together), i)[1].any())
            best, clear = method(answers(rng, better, together), i)
            power.append(clear[1:].mean() if best == 0 else 0.0)
        yield name, float(np.mean(false)), float(np.mean(power))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["scores", "views"])
    parser.add_argument("--clips", type=int, nargs="+", default=[60, 100, 500])
    parser.add_argument("--views", type=int, nargs="+", default=[2, 5, 8, 20])
    parser.add_argument("--repetitions", type=int, default=500)
    options = parser.parse_args()
    if options.what == "scores":
        print("clips  folds drawn  holds: own classifiers  expected   width")
        for n in options.clips:
            for name, (own, expected, width) in coverage(n, options.repetitions).items():
                print(
                    f"{n:5}  {name:<11}  {100 * own:20.1f} %  {100 * expected:6.1f} %  {width:6.3f}",
                    flush=True,
                )
        return
    print("views  correlation  method  called below among equals  power at 8 points")
    for views in options.views:
        for together in (0.3, 0.7):
            for name, false, power in levels(views, together, options.repetitions):
                print(
                    f"{views:5}  {together:11}  {name:<6}  {100 * false:23.1f} %  {100 * power:15.1f} %",
                    flush=True,
                )


if __name__ == "__main__":
    main()
