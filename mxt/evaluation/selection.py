"""Which clips take part in an evaluation, and why the others do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mxt.core.clips import Clips
from mxt.core.columns import Column
from mxt.core.errors import EvaluationError, UsageError, listed
from mxt.core.records import ClipRecord, Task
from mxt.core.reprs import short_repr
from mxt.core.stages import Evaluation
from mxt.core.text import shortened, written
from mxt.evaluation.columns import Groups, target_values
from mxt.evaluation.fold_names import natural, part_of
from mxt.evaluation.groups import conflicting, count_units
from mxt.evaluation.hashing import hash_parts
from mxt.evaluation.left_out import LeftOut, Why
from mxt.evaluation.pool import Pool
from mxt.evaluation.splits import (
    FEWEST_FOLDS,
    Plan,
    Sample,
    cut_folds,
    draw_folds,
    joined,
    use_folds,
    use_hash,
    use_split,
)
from mxt.evaluation.tasks import Targets, encode, infer_task, is_labelled

FEWEST_TO_LEARN = 2  # groups of a class: one is tested, another one learnt from
DRAWN = ("grouped", "stratified")  # kinds of plans that another seed changes
SEEDS = (
    1_000_003  # between the seeds of repetitions: each fold takes the next few for what is drawn inside it
)
LARGEST = 1e15  # of numbers to be predicted: sums of their squares are finite, and in float32, too


@dataclass(frozen=True, eq=False)
class Selection:
    """The clips of an evaluation with their folds.

    Parameters
    ----------
    clips : Clips
        Those that take part; rows of `sample` and `plan` refer to them.
    sample : Sample
    plan : Plan
    left_out : tuple of LeftOut
    copies : int
        Clips whose audio is there more than once, beyond the first.
    groups : Groups, optional
        As known for `clips`.
    """

    clips: Clips
    sample: Sample
    plan: Plan
    left_out: tuple[LeftOut, ...]
    copies: int
    groups: Groups | None
    __repr__ = short_repr


def select(
    clips: Sequence[ClipRecord],
    *,
    column: str,
    task: Task | None,
    is_target: bool,
    groups: Groups | None,
    folds: Mapping[str, str] | None,
    choices: Mapping[Task, Evaluation],
    seed: int,
    leave_one_out: bool = False,
    repeats: int = 1,
) -> Selection:
    """Choose clips, and draw or read their folds.

    Parameters
    ----------
    clips : sequence of ClipRecord
        With features.
    column : str
        What is learnt.
    task : optional
        ``None``: inferred.
    is_target : bool
        Whether ingest has already found out what the column holds.
    groups : Groups, optional
        One for each of `clips`.
    folds : mapping, optional
        Clip id to fold, as given on the command line.
    choices : mapping
        The protocol's choices for each task.
    seed : int
    leave_one_out : bool
        Whether each group is a fold of its own.
    repeats : int
        How often folds are drawn, each time anew.

    Raises
    ------
    EvaluationError
        What is left cannot be learnt: no labels, one class, too few clips.
    UsageError
        Folds that are not drawn were to be repeated.
    """
    pool = Pool(Clips.of(clips), groups)
    values = target_values(clips, column)
    pool.keep(values.where(is_labelled), Why.UNLABELLED, column)
    labelled = values[pool.mask]
    if not len(labelled):
        raise EvaluationError(f"no clip has a {column!r}; choose another --target")
    task = task or infer_task(labelled.distinct(), text_is_class=is_target)
    targets = encode(labelled, task=task, column=column)
    evaluation = choices[task]
    if evaluation.keep_together:
        agree = ~conflicting(pool.keys(), targets)
        pool.keep_some(agree, Why.CONFLICTING, column)
        targets = targets.take(agree).drop_absent()
    if leave_one_out:
        targets = _without_small_classes(pool, targets, fewest=FEWEST_TO_LEARN)
    found = _one_each(pool) if leave_one_out else _given(pool, folds, evaluation)
    given = None
    if found is not None:
        there = found.where(lambda part: part is not None)
        given = found[there].map(str)
        pool.keep_some(there, Why.NO_FOLD)
        targets = targets.take(there).drop_absent()
    else:
        _refuse_one_group(pool.groups())
        targets = _without_small_classes(pool, targets, fewest=min(FEWEST_FOLDS, evaluation.folds))
    _check(targets, column, groups)
    sample = pool.sample(targets, given)
    own = folds is None and not leave_one_out
    plans = [_plan(sample, evaluation, seed + SEEDS * i, own=own) for i in range(repeats)]
    if repeats > 1 and plans[0].kind not in DRAWN:
        raise UsageError(
            f"--repeats draws new folds each time, and here they are fixed ({plans[0].words}): leave it out"
            + (", or draw folds with --set outer=kfold" if plans[0].kind.startswith("given") and own else "")
        )
    plan = joined(plans, "repeat").repeated(evaluation.runs)
    if leave_one_out:
        plan = replace(plan, words=f"leave-one-group-out, {len(plan.folds):,} groups")
    elif folds is not None:
        plan = replace(plan, remarks=(*plan.remarks, *_empty_folds(folds, found)))
    return Selection(pool.clips, sample, plan, tuple(pool.left_out), pool.copies(), pool.groups())


def _given(pool: Pool, folds: Mapping[str, str] | None, evaluation: Evaluation) -> Column[str | None] | None:
    """The fold or part given for each clip; ``None`` where there are none to use."""
    clips = pool.clips
    if folds is not None:
        found = clips.ids.map(lambda name: folds.get(written(name)))
        if len(set(found.distinct()) - {None}) < 2:
            first = next(iter(folds), "")
            raise EvaluationError(
                f"--folds must name at least two folds of this data set; clips here look like "
                f"{clips.ids[0]!r}, in the table like {first!r}"
            )
        return found
    if evaluation.outer == "kfold":
        return None
    if evaluation.outer == "hash":
        return Column.of(hash_parts(clips.paths, of=evaluation.hash_of, percent=evaluation.hash_percent))
    own = clips.folds.map(lambda fold: fold or None)
    if evaluation.outer == "given" and len(set(own.distinct()) - {None}) >= 2:
        return own
    parts = clips.splits.map(lambda split: part_of(split) if split else None)
    there = parts.distinct()
    if "train" in there and ("test" in there or "valid" in there):
        return parts
    if evaluation.outer == "split":
        raise EvaluationError("this data set has no split into a training and a test part")
    return None


def _one_each(pool: Pool) -> Column[str | None]:
    """A fold for each group, and for each clip that stands alone."""
    groups = pool.groups()
    if groups is None:
        raise EvaluationError(
            "--folds leave-one-group-out needs groups, and none are known: name them with --group-by"
        )
    _refuse_one_group(groups)
    each = zip(pool.clips.ids, groups.values, strict=True)
    return Column.of(name if group is None else group for name, group in each)


def _empty_folds(folds: Mapping[str, str], found: Column[str | None] | None) -> list[str]:
    """A remark where folds of a given table hold none of the clips."""
    empty = sorted(set(folds.values()) - set(found.distinct() if found else ()), key=natural)
    return [f"given folds without a clip here: {listed(empty)}"] if empty else []


def _refuse_one_group(groups: Groups | None) -> None:
    """A single group leaves nothing to test with: it is never split."""
    if (
        groups is not None
        and None not in (there := groups.values.distinct())
        and len(there) == 1 < len(groups.values)
    ):
        raise EvaluationError(
            f"all {len(groups.values):,} clips are in one group, {shortened(str(there[0]))!r} "
            f"({groups.words}), and a group is never split between learning and testing: choose another "
            "--group-by (a column, folder, a regular expression, or file for one group per file)"
        )


def _without_small_classes(pool: Pool, targets: Targets, *, fewest: int) -> Targets:
    """Leave out classes of fewer than `fewest` units; of several labels, the labels."""
    if targets.task == "regression":
        return targets
    unit_of = pool.sample(targets).unit_of
    counts = count_units(targets.membership(), unit_of)
    small = counts < fewest
    if not small.any():
        return targets
    names = tuple(
        f"{name} ({count})" for name, count, bad in zip(targets.classes, counts, small, strict=True) if bad
    )
    unit = "clips" if len(np.unique(unit_of)) == len(unit_of) else "groups"
    if targets.task == "multilabel":
        why = Why.SMALL_LABELS if fewest == FEWEST_FOLDS else Why.SINGLE_LABELS
        pool.left_out.append(LeftOut(why, 0, unit, names))
        return Targets(
            targets.column,
            targets.task,
            targets.y[:, ~small],
            tuple(n for n, bad in zip(targets.classes, small, strict=True) if not bad),
        )
    large = ~small[targets.y]
    pool.keep_some(large, Why.SMALL_CLASSES if fewest == FEWEST_FOLDS else Why.SINGLE_CLASSES, unit, names)
    return targets.take(large).drop_absent()


def _check(targets: Targets, column: str, groups: Groups | None) -> None:
    if targets.task == "regression":
        largest = float(np.abs(targets.y).max(initial=0.0))
        if largest and not 1 / LARGEST <= largest <= LARGEST:
            raise EvaluationError(
                f"values of {column!r} reach {largest:.3g}, too large or too small to square; "
                f"choose a unit in which they lie between {1 / LARGEST:g} and {LARGEST:g}"
            )
        if len(targets) < 2 * FEWEST_FOLDS or np.ptp(targets.y) == 0:
            raise EvaluationError(
                f"{len(targets)} clips with {len(np.unique(targets.y))} different values of {column!r} "
                "are too few to learn from"
            )
    elif not len(targets.classes) or (targets.task == "classification" and len(targets.classes) < 2):
        names = listed(targets.classes) or "none"
        units = "clips" if groups is None else f"groups (there are {groups.count:,}, {groups.words})"
        raise EvaluationError(
            f"two classes of {column!r} in at least {FEWEST_FOLDS} {units} each are needed; left: {names}. "
            f"Another --target{'' if groups is None else ', or another --group-by'}?"
        )


def _plan(sample: Sample, evaluation: Evaluation, seed: int, *, own: bool) -> Plan:
    """The folds of a sample; `own`: given folds, if there are any, are the data set's."""
    inner = evaluation.inner_folds if evaluation.nested else 0
    if not evaluation.keep_together:
        alone = np.arange(len(sample.targets), dtype=np.int64)
        sample = Sample(sample.targets, alone, None, sample.given)
    if own and evaluation.outer == "hash":
        return use_hash(sample, inner=inner, percent=evaluation.hash_percent)
    if sample.given is not None:
        if all(part_of(name) for name in sample.given.distinct()):
            return use_split(sample, inner=inner, seed=seed)
        return use_folds(sample, inner=inner, seed=seed, numbered=own)
    available = n_units = len(np.unique(sample.unit_of))
    if sample.targets.task == "classification":
        available = int(count_units(sample.targets.membership(), sample.unit_of).min())
    n_folds = min(evaluation.folds, available)
    if n_folds < 2:
        raise EvaluationError(
            "all clips belong to one group; nothing is left to test with. Another --group-by?"
        )
    if evaluation.keep_together or evaluation.shuffle:
        plan = draw_folds(sample, n_folds, inner=inner, seed=seed, shuffle=evaluation.shuffle)
    else:
        plan = cut_folds(sample, n_folds, inner=inner, seed=seed)
    if n_folds == evaluation.folds:
        return plan
    units = "clips" if sample.groups is None else "groups"
    owner = "the smallest class has" if n_folds < n_units else "there are only"
    few = f"only {n_folds} folds, not {evaluation.folds}: {owner} {n_folds} {units}"
    return replace(plan, remarks=(*plan.remarks, few))
