"""Which clips learn and which test: given folds, a given split, or folds drawn by group and class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mxt.core.columns import Column
from mxt.core.errors import EvaluationError
from mxt.core.reprs import short_repr
from mxt.evaluation.balance import assign_folds, stratified
from mxt.evaluation.fold_names import missing_numbers, natural, part_of
from mxt.evaluation.groups import Codes, straddling, units
from mxt.evaluation.tasks import Targets

Rows = npt.NDArray[np.int64]
FEWEST_FOLDS = 3
CHOOSE_ON = 100_000  # learning rows by which parameters are chosen: of more, a stratified sample


@dataclass(frozen=True, eq=False)
class Fold:
    """One learning and one testing part, and the parts inside the first by which parameters are chosen.

    Parameters
    ----------
    name : str
        The fold's own name.
    learn, test : int64
        Row numbers.
    inner : tuple of (int64, int64)
        Learning and testing rows, all inside `learn` (or, of a split, its validation part).
    run : int
        Which repetition this is: of the same folds with other seeds, or with folds of its own.
    """

    name: str
    learn: Rows
    test: Rows
    inner: tuple[tuple[Rows, Rows], ...] = ()
    run: int = 0
    __repr__ = short_repr

    @property
    def chosen_on(self) -> int:
        """Rows by which parameters are chosen: the learning rows, a sample of them, or a validation part."""
        return sum(len(test) for _, test in self.inner)


@dataclass(frozen=True, eq=False)
class Plan:
    """All folds of an evaluation, how they were made in words, and remarks for the reader of its scores."""

    kind: Literal["given folds", "given split", "hashed split", "grouped", "stratified", "in order"]
    folds: tuple[Fold, ...]
    words: str
    remarks: tuple[str, ...] = ()
    __repr__ = short_repr

    @property
    def tested(self) -> Rows:
        """Rows that are tested, sorted, each once."""
        return np.unique(np.concatenate([fold.test for fold in self.folds]))

    @property
    def runs(self) -> int:
        """How often every fold is learnt."""
        return 1 + max(fold.run for fold in self.folds)

    def repeated(self, runs: int) -> Plan:
        """The same folds `runs` times, each time with other seeds."""
        return joined([self] * runs, "run")


@dataclass(frozen=True, eq=False)
class Sample:
    """The clips of an evaluation.

    Parameters
    ----------
    targets : Targets
        Of n clips.
    keys : int64 [n]
        Equal where the audio is equal.
    groups : int64 [n], optional
        Equal where clips belong together; ``None`` where nothing is known.
    given : Column of str, optional
        Folds (or parts) of the clips, as given; no ``None`` among them.
    """

    targets: Targets
    keys: Codes
    groups: Codes | None = None
    given: Column[str] | None = None
    unit_of: Codes = field(init=False)
    __repr__ = short_repr

    def __post_init__(self) -> None:
        if self.given is not None:
            object.__setattr__(self, "given", Column.of(self.given))
        known = [self.keys] if self.groups is None else [self.keys, self.groups]
        object.__setattr__(self, "unit_of", units(*known))


def joined(plans: Sequence[Plan], one: str) -> Plan:
    """Several plans as the repetitions of one; `one` is what a repetition is called, e.g. ``"run"``."""
    if len(plans) == 1:
        return plans[0]
    folds = tuple(
        replace(
            fold,
            name=f"{fold.name}, {one} {i + 1}" if len(plan.folds) > 1 else f"{one} {i + 1}",
            run=i * plan.runs + fold.run,
        )
        for i, plan in enumerate(plans)
        for fold in plan.folds
    )
    return replace(plans[0], folds=folds, words=f"{plans[0].words}, {len(plans)} {one}s")


def draw_folds(sample: Sample, n_folds: int, *, inner: int, seed: int, shuffle: bool = True) -> Plan:
    """Folds by group and class.

    Parameters
    ----------
    sample : Sample
        The clips.
    n_folds, inner : int
        Number of outer folds, and of folds inside each learning part (0: none).
    seed : int
        Of the drawing.
    shuffle : bool
        False: cut in catalogue order.
    """
    membership = sample.targets.membership()
    fold_of = assign_folds(sample.unit_of, membership, n_folds, seed=seed, shuffle=shuffle)
    folds = _cross(fold_of, [str(i + 1) for i in range(n_folds)], sample.unit_of, membership, inner, seed)
    grouped = sample.groups is not None
    words = f"{n_folds}-fold, {'grouped, ' if grouped else ''}stratified"
    return Plan("grouped" if grouped else "stratified", folds, words)


def cut_folds(sample: Sample, n_folds: int, *, inner: int, seed: int) -> Plan:
    """Folds in catalogue order, as scikit-learn 0.18 cut them without shuffling.

    Each class is cut into `n_folds` consecutive parts, the first ones larger by one clip where the class does
    not divide; numbers are cut so as a whole. Groups and copies are not looked at.
    """
    targets = sample.targets
    membership = targets.membership()
    classes = targets.y if targets.task == "classification" else np.zeros(len(targets), dtype=np.int64)
    fold_of = np.empty(len(targets), dtype=np.int64)
    for one in np.unique(classes):
        members = np.flatnonzero(classes == one)
        for i, part in enumerate(np.array_split(members, n_folds)):
            fold_of[part] = i
    folds = _cross(fold_of, [str(i + 1) for i in range(n_folds)], sample.unit_of, membership, inner, seed)
    stratified = targets.task == "classification"
    words = f"{n_folds}-fold, {'stratified, ' if stratified else ''}in catalogue order"
    return Plan("in order", folds, words)


def use_folds(sample: Sample, *, inner: int, seed: int, numbered: bool = True) -> Plan:
    """The folds as given; copies of one recording go to the fold of the first.

    Folds inside a learning part keep the given folds whole where there are enough of them: whoever
    made the folds may have known what belongs together. Missing numbers are told of where folds are
    `numbered`.
    """
    assert sample.given is not None
    names = sorted(sample.given.distinct(), key=natural)
    given = sample.given.array({name: i for i, name in enumerate(names)}.__getitem__, np.int64)
    fold_of, moved = _settle(given, sample.keys)
    names, fold_of = _close_gaps(names, fold_of)
    remarks = [f"{moved} copies of recordings moved to the fold of the first copy"] if moved else []
    remarks += (missing_numbers(names) if numbered else []) + _straddling(sample, fold_of, "folds")
    whole = fold_of if len(names) > inner else sample.unit_of
    folds = _cross(fold_of, names, whole, sample.targets.membership(), inner, seed)
    return Plan("given folds", folds, f"{len(names)} given folds", tuple(remarks))


def use_split(sample: Sample, *, inner: int, seed: int) -> Plan:
    """One testing part as given. Parameters are chosen on the validation part where there is one."""
    assert sample.given is not None
    parts = sample.given.array(lambda name: part_of(name) or "", str)
    test_name = "test" if (parts == "test").any() else "valid"
    test = np.flatnonzero(parts == test_name)
    copies = np.isin(sample.keys, sample.keys[test]) & (parts != test_name)
    learn = np.flatnonzero((parts != test_name) & (parts != "") & ~copies)
    if not len(test) or not len(learn):
        raise EvaluationError(
            f"the split has {len(learn)} clips to learn from and {len(test)} to test with; both are needed"
        )
    remarks = (
        [f"{copies.sum()} copies of testing recordings left out of the learning part"] if copies.any() else []
    )
    remarks += [] if test_name == "test" else ["there is no test part: tested on the validation part"]
    remarks += _straddling(sample, (parts == test_name).astype(np.int64), "learning and testing part")
    valid = learn[parts[learn] == "valid"]
    train = learn[(parts[learn] == "train") & ~np.isin(sample.keys[learn], sample.keys[valid])]
    if len(valid) and len(train) and inner:
        pairs: tuple[tuple[Rows, Rows], ...] = ((train, valid),)
        words = "given split, parameters chosen on its validation part"
    else:
        pairs = _inside(learn, sample.unit_of, sample.targets.membership(), inner, seed)
        words = "given split"
    return Plan("given split", (Fold(test_name, learn, test, pairs),), words, tuple(remarks))


def use_hash(sample: Sample, *, inner: int, percent: tuple[float, float]) -> Plan:
    """The split given by hashes of the file names; parameters are chosen on the validation part.

    Copies of testing recordings are left out of the other parts.
    """
    assert sample.given is not None
    parts = sample.given.array(str, str)
    test = np.flatnonzero(parts == "test")
    copies = np.isin(sample.keys, sample.keys[test]) & (parts != "test")
    learn, valid = (np.flatnonzero((parts == name) & ~copies) for name in ("train", "valid"))
    if not len(test) or not len(learn):
        raise EvaluationError(
            f"hashing the file names leaves {len(learn)} clips to learn from and {len(test)} to test with, "
            "and both are needed; if the same few names repeat in many folders, "
            "hash whole paths: --set hash=path"
        )
    remarks = (
        [f"{copies.sum()} copies of testing recordings left out of the other parts"] if copies.any() else []
    )
    remarks += _straddling(sample, (parts == "test").astype(np.int64), "learning and testing part")
    pairs = ((learn, valid),) if len(valid) and inner else ()
    valid_percent, test_percent = percent
    shares = f"{100 - valid_percent - test_percent:g}/{valid_percent:g}/{test_percent:g}"
    words = f"{shares} by SHA-1 of the file names"
    return Plan("hashed split", (Fold("test", learn, test, pairs),), words, tuple(remarks))


def _cross(
    fold_of: Codes,
    names: Sequence[str],
    unit_of: Codes,
    membership: npt.NDArray[np.bool_],
    inner: int,
    seed: int,
) -> tuple[Fold, ...]:
    folds = []
    for i, name in enumerate(names):
        learn = np.flatnonzero(fold_of != i)
        folds.append(
            Fold(
                name,
                learn,
                np.flatnonzero(fold_of == i),
                _inside(learn, unit_of, membership, inner, seed + 1 + i),
            )
        )
    return tuple(folds)


def _inside(
    learn: Rows, unit_of: Codes, membership: npt.NDArray[np.bool_], inner: int, seed: int
) -> tuple[tuple[Rows, Rows], ...]:
    learn = stratified(learn, unit_of, membership, CHOOSE_ON, seed) if inner else learn
    inner = min(inner, len(np.unique(unit_of[learn])))
    if inner < 2:
        return ()
    fold_of = assign_folds(unit_of[learn], membership[learn], inner, seed=seed)
    return tuple((learn[fold_of != i], learn[fold_of == i]) for i in range(inner))


def _settle(given: Codes, keys: Codes) -> tuple[Codes, int]:
    """Every clip in the fold of the first clip with its key, and how many had to move."""
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    settled = given[first[inverse]]
    return settled, int((settled != given).sum())


def _close_gaps(names: list[str], fold_of: Codes) -> tuple[list[str], Codes]:
    there, closed = np.unique(fold_of, return_inverse=True)
    if len(there) < 2:
        raise EvaluationError("the given folds leave all clips in one fold; at least two are needed")
    return [names[i] for i in there], closed.astype(np.int64)


def _straddling(sample: Sample, fold_of: npt.NDArray[Any], what: str) -> list[str]:
    if sample.groups is None:
        return []
    n = len(straddling(sample.groups, fold_of))
    return [f"{n} groups lie in several of the given {what}"] if n else []
