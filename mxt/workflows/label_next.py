"""`mxt similar --label-next`: the clips without a label that are worth labelling next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mxt.core.commands import typed
from mxt.core.errors import InputError
from mxt.core.progress import SILENT, Progress
from mxt.core.records import DatasetRecord, Target
from mxt.core.text import written
from mxt.evaluation.columns import choose_target, target_values
from mxt.evaluation.tasks import Targets, encode, infer_task, is_labelled
from mxt.models.label_next import margins, probabilities, spread
from mxt.registry import Registry
from mxt.results.similar import LabelNext, Unsure
from mxt.results.views import load_view
from mxt.store.layout import Store
from mxt.workflows.similar import chosen_view
from mxt.workflows.similar_page import check_page, write_page

HEAD = "linear"


@dataclass(frozen=True, slots=True)
class LabelNextRequest:
    """What is asked of `label_next`; each field is an option of ``mxt similar``.

    Parameters
    ----------
    count : int
        Clips that are wanted.
    features : str, optional
        The view; by default the one extracted last.
    dataset : str, optional
        By default the one last ingested.
    target : str, optional
        By default the first target.
    seed : int
        Of the clusters by which clips are spread.
    out : Path, optional
        A page to write.

    Examples
    --------
    >>> LabelNextRequest(20, "mfcc").command()
    'mxt similar --label-next 20 --features mfcc'
    """

    count: int
    features: str | None = None
    dataset: str | None = None
    target: str | None = None
    seed: int = 0
    out: Path | None = None

    def command(self) -> str:
        """The command that repeats this."""
        return typed(
            "similar",
            options=[
                ("--label-next", self.count),
                ("--features", self.features),
                ("--dataset", self.dataset),
                ("--target", self.target),
                ("--seed", self.seed or None),
                ("--out", self.out),
            ],
        )


def label_next(
    store: Path, request: LabelNextRequest, registry: Registry, *, progress: Progress = SILENT
) -> LabelNext:
    """Choose clips without a label: those a linear head is least sure of, spread over the features.

    Parameters
    ----------
    store : Path
        The store's folder.
    request : LabelNextRequest
    registry : Registry
        Where the head is found.
    progress : Progress

    Raises
    ------
    InputError
        Every clip has a label, too few have one, or the target is a number.
    UnknownName
        No such data set, view or column.
    """
    if request.out is not None:
        check_page(request.out)
    opened = Store.open(store, read_only=True)
    record = opened.catalogue.dataset(request.dataset)
    matrix = load_view(opened, record.name, chosen_view(opened, (record.name,), request.features))
    column = choose_target(matrix.clips, record.targets, request.target)
    values = target_values(matrix.clips, column)
    there = values.where(is_labelled)
    targets = _targets(values[there], column, record)
    if there.all():
        raise InputError(f"every clip of {record.name} with features in {matrix.view} has a {column}")
    head = registry.create("head", HEAD)
    with progress.step("learning", 1, unit="heads") as step:
        p = probabilities(
            lambda: head.estimator(targets.task, seed=request.seed),
            head.grid(targets.task, n_features=matrix.X.shape[1]),
            (matrix.X[there], targets),
            matrix.X[~there],
        )
        step.advance()
    several = targets.task == "multilabel"
    margin = margins(p, multilabel=several)
    clips = matrix.clips[~there]
    chosen = spread(matrix.X[~there], margin, request.count, seed=request.seed).tolist()
    answer = LabelNext(
        dataset=record.name,
        view=matrix.view,
        target=column,
        task=targets.task,
        labelled=int(there.sum()),
        unlabelled=len(clips),
        classes=len(targets.classes),
        clips=tuple(
            Unsure(written(clips.ids[row]), float(margin[row]), _likely(p[row], targets)) for row in chosen
        ),
    )
    if request.out is not None:
        shown = {(record.name, written(clips[row].id)): (record.root, clips[row]) for row in chosen}
        write_page(request.out, answer, request.command(), shown, progress)
    return answer


def _targets(labelled: Sequence[Target], column: str, record: DatasetRecord) -> Targets:
    """What is learnt: classes or labels, at least two.

    Raises
    ------
    InputError
        There are none, one, or numbers.
    """
    if not labelled:
        raise InputError(
            f"no clip of {record.name} has a {column} yet: label some of at least two classes first"
        )
    task = infer_task(labelled, text_is_class=column in record.targets)
    if task == "regression":
        raise InputError(
            f"{column} is a number: --label-next is for classes and labels; choose another --target"
        )
    targets = encode(labelled, task=task, column=column)
    if len(targets.classes) < 2:
        raise InputError(f"every label is {targets.classes[0]}: label clips of another class first")
    return targets


def _likely(p: npt.NDArray[np.float64], targets: Targets) -> tuple[tuple[str, float], ...]:
    """The two likeliest classes; of several labels, the one that is least certain."""
    order = np.abs(p - 0.5).argsort(kind="stable")[:1] if targets.task == "multilabel" else np.argsort(-p)[:2]
    return tuple((targets.classes[i], float(p[i])) for i in order.tolist())
