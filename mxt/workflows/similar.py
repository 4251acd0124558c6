"""`mxt similar`: the clips most like another clip or file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mxt.core.clips import Clips
from mxt.core.commands import typed
from mxt.core.errors import InputError
from mxt.core.progress import SILENT, Progress
from mxt.core.reprs import short_repr
from mxt.core.text import written
from mxt.evaluation.columns import group_values
from mxt.models.similar import nearest
from mxt.registry import Registry
from mxt.results.similar import Neighbour, Similar
from mxt.store.layout import Store
from mxt.workflows.similar_page import check_page, write_page
from mxt.workflows.similar_query import Query, Searched, find_query

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

COUNT = 10


@dataclass(frozen=True, slots=True)
class SimilarRequest:
    """What is asked of `similar`; each field is an option of ``mxt similar``.

    Parameters
    ----------
    query : str
        A clip of the first data set: its id, or the name of its file where that is clear; or an audio file.
    features : str, optional
        The view; by default the one extracted last.
    datasets : tuple of str
        Where to search; by default the data set last ingested.
    count : int
        Clips that are wanted.
    other_recordings : bool
        Whether clips of the same recording are left out: those of its group, and copies of its audio.
    group_by : str, optional
        What a recording is, as ``mxt eval`` takes it.
    target : str, optional
        The label that is shown; by default the first target.
    out : Path, optional
        A page to write.
    """

    query: str
    features: str | None = None
    datasets: tuple[str, ...] = ()
    count: int = COUNT
    other_recordings: bool = False
    group_by: str | None = None
    target: str | None = None
    out: Path | None = None

    def command(self) -> str:
        """The command that repeats this.

        Examples
        --------
        >>> SimilarRequest("a.wav", "mfcc", other_recordings=True).command()
        'mxt similar a.wav --features mfcc --other-recordings'
        """
        return typed(
            "similar",
            self.query,
            options=[
                ("--features", self.features),
                *(("--dataset", name) for name in self.datasets),
                ("--top", None if self.count == COUNT else self.count),
                ("--other-recordings", self.other_recordings),
                ("--group-by", self.group_by),
                ("--target", self.target),
                ("--out", self.out),
            ],
        )


def similar(
    store: Path,
    request: SimilarRequest,
    registry: Registry,
    *,
    progress: Progress = SILENT,
) -> Similar:
    """Find the clips whose features are most like those of another clip or file.

    Parameters
    ----------
    store : Path
        The store's folder.
    request : SimilarRequest
    registry : Registry
        Stages that compute the features of a file.
    progress : Progress

    Raises
    ------
    UnknownName, UsageError
        No such clip or file, data set, view or column.
    InputError
        The query has no features; those of the view cannot be computed from a file.
    """
    if request.out is not None:
        check_page(request.out)
    opened = Store.open(store, read_only=True)
    view = chosen_view(opened, request.datasets, request.features)
    searched = Searched.load(opened, request.datasets, view)
    query = find_query(opened, searched, request.query, registry, progress)
    copies = searched.copies(query.clip)
    own = _Own(np.zeros(len(searched.clips), bool), "")
    if request.other_recordings:
        own = _same_recording(searched, query, request, copies)
    left_out = own.rows | searched.is_at(query.row)
    rows, similarity = nearest(searched.X, query.x, request.count, left_out=left_out)
    labels, groups = searched.labels(request.target), searched.groups(request.group_by)
    answer = Similar(
        query=written(query.clip.id),
        dataset=query.dataset,
        label=labels[query.row] if query.row is not None else "",
        group=groups[query.row] if query.row is not None else "",
        view=searched.matrices[0].view,
        datasets=tuple(record.name for record in searched.records),
        clips=int((~left_out).sum()),
        left_out=int(own.rows.sum()),
        grouping=own.words,
        target=searched.target(request.target),
        neighbours=tuple(
            Neighbour(
                dataset=searched.key(row)[0],
                clip=searched.key(row)[1],
                similarity=float(value),
                label=labels[row],
                group=groups[row],
                copy=bool(copies[row]),
            )
            for row, value in zip(rows.tolist(), similarity, strict=True)
        ),
    )
    if request.out is not None:
        clips = {(query.dataset, answer.query): (searched.root(query.row), query.clip)}
        clips |= {searched.key(row): (searched.root(row), searched.clips[row]) for row in rows.tolist()}
        write_page(request.out, answer, request.command(), clips, progress)
    return answer


def chosen_view(store: Store, datasets: Sequence[str], view: str | None) -> str:
    """The view asked for, or the one extracted last for the first data set.

    Raises
    ------
    InputError
        Nothing was extracted for it.
    """
    if view is not None:
        return view
    name = store.catalogue.dataset(datasets[0] if datasets else None).name
    views = store.catalogue.views(name)
    if not views:
        raise InputError(f"{name} has no features yet; mxt extract lists the backbones")
    return views[-1]


@dataclass(frozen=True, eq=False)
class _Own:
    """Rows of the query's own recording, and what a recording is."""

    rows: npt.NDArray[np.bool_]
    words: str
    __repr__ = short_repr


def _same_recording(
    searched: Searched, query: Query, request: SimilarRequest, copies: npt.NDArray[np.bool_]
) -> _Own:
    """Other rows with the query's group or with its audio; a file outside has a group by its name only."""
    clips = searched.clips if query.row is not None else Clips.of([*searched.clips, query.clip])
    groups = group_values(clips, request.group_by)
    if groups is None:  # each file is a recording of its own
        by_file = query.row is not None and request.group_by is None
        return _Own(copies & ~searched.is_at(query.row), "by file" if by_file else "")
    own = groups.values[-1 if query.row is None else query.row]
    if own is None and query.row is None and copies.any():  # a file that is a clip has that clip's group
        own = groups.values[int(np.flatnonzero(copies)[0])]
    same = groups.values[: len(copies)].where(lambda value: value is not None and value == own)
    return _Own((same | copies) & ~searched.is_at(query.row), groups.words)
