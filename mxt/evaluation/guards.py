"""What a reader of a score should know before trusting it, one calm line each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mxt.core.errors import listed
from mxt.evaluation import metrics
from mxt.evaluation.assess import Assessment, are_unequal
from mxt.evaluation.crossval import OutOfFold
from mxt.evaluation.selection import Selection

CEILING = 0.99
FEW_UNITS = 20
SHOWN = 5
_MAY_BE_SPLIT = "recordings that belong together may be split between learning and testing"


def about_clips(selection: Selection) -> list[str]:
    """Things to be careful of that do not depend on the features."""
    return [*_about_groups(selection), *selection.plan.remarks, *_about_folds(selection)]


def about_choice(selection: Selection) -> list[str]:
    """What to be careful of where parameters were chosen inside the learning parts."""
    fold = max(selection.plan.folds, key=lambda fold: len(fold.learn))
    if len(fold.inner) < 2 or fold.chosen_on == len(fold.learn):
        return []
    return [
        f"parameters were chosen on a sample of {fold.chosen_on:,} of the {len(fold.learn):,} learning clips "
        "of a fold"
    ]


def about_score(
    selection: Selection, found: OutOfFold, assessed: Assessment, *, nested: bool = True
) -> list[str]:
    """Things to be careful of that show in a view's score."""
    lines = []
    task, first = selection.sample.targets.task, assessed.first
    chance = assessed.baselines.get("majority", assessed.baselines["chance"])
    if first.interval.high < assessed.baselines["chance"] and task != "regression":
        lines.append(
            f"worse than guessing ({assessed.baselines['chance']:.3f}): the most similar clips have "
            "different labels, such as takes of one session; name what belongs together with --group-by"
        )
    elif first.interval.low <= chance:
        beaten = (
            "always the largest class"
            if "majority" in assessed.baselines
            else "chance"
            if task == "multilabel"
            else "always the mean"
        )
        worse = first.interval.high < chance
        lines.append(
            f"worse than {beaten} ({chance:.3f})"
            if worse
            else f"not clearly better than {beaten} ({chance:.3f}): the interval reaches it"
        )
    if first.value >= CEILING:
        lines.append(
            f"{metrics.metric_words(first.name)} is near the ceiling: representations can hardly differ "
            "there, and a leak would look the same"
        )
    if assessed.units < FEW_UNITS:
        what = "groups" if selection.groups is not None else "clips"
        lines.append(
            f"the interval rests on {assessed.units} {what}: it is approximate, and probably too narrow"
        )
    if found.unfinished:
        lines.append(
            f"the head stopped at its iteration limit in {len(found.unfinished)} of "
            f"{len(selection.plan.folds)} folds"
        )
    if not nested:
        lines.append("the score is optimistic, because parameters were chosen on the reported folds")
    return lines


def _duplicates(n: int) -> str:
    return "1 duplicate" if n == 1 else f"{n} duplicates"


def _about_groups(selection: Selection) -> Iterator[str]:
    given = selection.plan.kind in ("given folds", "given split")
    if selection.plan.kind == "in order":
        among = f", {_duplicates(selection.copies)} among them" if selection.copies else ""
        yield f"folds are cut in catalogue order: {_MAY_BE_SPLIT}{among}"
        return
    if selection.groups is None and not given:
        kept = "; duplicates were kept in one fold" if selection.copies else ""
        yield f"no groups known: {_MAY_BE_SPLIT} (--group-by){kept}"
    elif selection.copies and not given:
        was = "was" if selection.copies == 1 else "were"
        yield f"{_duplicates(selection.copies)} {was} kept in the fold of the original recording"
    if selection.groups is not None:
        alone = int(selection.groups.values.where(lambda value: value is None).sum())
        if alone:
            has = "clip has no group and stands" if alone == 1 else "clips have no group and stand"
            yield f"{alone} {has} alone"
        elif len(np.unique(selection.sample.unit_of)) == len(selection.clips):
            yield "every group is a single clip: grouping changes nothing"


def _about_folds(selection: Selection) -> Iterator[str]:
    targets, folds = selection.sample.targets, selection.plan.folds
    if targets.task == "regression":
        return
    member = targets.membership()
    untaught, untested = set(), set()
    folds = tuple(fold for fold in folds if fold.run == 0)
    for fold in folds:
        taught, tested = member[fold.learn].any(axis=0), member[fold.test].any(axis=0)
        untaught |= {targets.classes[i] for i in np.flatnonzero(tested & ~taught)}
        if not tested.all():
            untested.add(fold.name)
    if untaught:
        names = listed(sorted(untaught), SHOWN)
        yield f"tested but never learnt in the same fold: {names}; these clips count as wrong"
    if untested and targets.task == "classification":
        lacking = [fold.name for fold in folds if fold.name in untested]
        count = f"{len(lacking)} of {len(folds)} folds"
        yield f"classes are missing in the testing part of {count} ({listed(lacking, SHOWN)})"
    if targets.task == "classification" and are_unequal(
        np.bincount(targets.y, minlength=len(targets.classes))
    ):
        yield "classes differ in size: read balanced accuracy and macro F1 beside accuracy"
