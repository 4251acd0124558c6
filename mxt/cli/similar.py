"""`mxt similar`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mxt.cli import completion, console
from mxt.cli.option_groups import RunOptions
from mxt.cli.options import MOST_CLIPS, DatasetsOption, GroupByOption, SeedOption, TargetOption
from mxt.core.errors import UsageError

if TYPE_CHECKING:
    from mxt.results.similar import LabelNext, Neighbour, Similar

OUT = Path("similar.html")


@dataclass(frozen=True, slots=True)
class SearchedOptions:
    """Among which clips, and by what."""

    features: Annotated[
        str | None,
        typer.Option(
            "--features",
            metavar="VIEW",
            help="A view such as convnet:135 (default: the one extracted last).",
            autocompletion=completion.views,
        ),
    ] = None
    dataset: DatasetsOption = None
    target: TargetOption = None
    other_recordings: Annotated[
        bool,
        typer.Option(
            "--other-recordings",
            help="Leave out the same recording: clips of its group, and copies of its audio.",
        ),
    ] = False
    group_by: GroupByOption = None


def similar(
    query: Annotated[
        str | None,
        typer.Argument(
            metavar="[CLIP|FILE]",
            help="A clip (its id, or its file's name), or any audio file.",
            autocompletion=completion.names,
        ),
    ] = None,
    *,
    searched: SearchedOptions,
    top: Annotated[
        int, typer.Option("--top", metavar="N", min=1, max=MOST_CLIPS, help="Number of clips to list.")
    ] = 10,
    label_next: Annotated[
        int | None,
        typer.Option(
            "--label-next",
            metavar="N",
            min=1,
            max=MOST_CLIPS,
            help="Instead, list N unlabelled clips worth labelling next.",
        ),
    ] = None,
    seed: SeedOption = 0,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.html", help="Also write a page to listen to them.")
    ] = None,
    run: RunOptions,
) -> None:
    """Find the clips most like another clip or file, or those worth labelling next.

    All clips are compared: by the cosine of the angle between their features, every column standardised.

    With --label-next, a linear classifier learns from the labelled clips. Listed are clips that it is least
    sure of (smallest margin between the two likeliest classes), from as many clusters of the features.
    """
    from mxt.workflows.label_next import LabelNextRequest
    from mxt.workflows.label_next import label_next as work_label_next
    from mxt.workflows.similar import SimilarRequest
    from mxt.workflows.similar import similar as work

    if (query is None) == (label_next is None):
        raise UsageError(
            "name a clip or a file, or give --label-next N" + ("" if query is None else ", not both")
        )
    datasets = tuple(searched.dataset or ())
    request: SimilarRequest | LabelNextRequest
    if label_next is not None:
        _refuse_with_label_next(searched)
        request = LabelNextRequest(
            label_next, searched.features, next(iter(datasets), None), searched.target, seed, out
        )
        with run.progress() as progress:
            unsure = work_label_next(run.store, request, run.registry(), progress=progress)
        run.answer(unsure, _naming(render_label_next, out), next=_next(request))
        return
    assert query is not None
    request = SimilarRequest(
        query,
        searched.features,
        datasets,
        top,
        searched.other_recordings,
        searched.group_by,
        searched.target,
        out,
    )
    with run.progress() as progress:
        found = work(run.store, request, run.registry(), progress=progress)
    run.answer(found, _naming(render, out), next=_next(request))


def _refuse_with_label_next(searched: SearchedOptions) -> None:
    if searched.other_recordings or searched.group_by or len(searched.dataset or ()) > 1:
        raise UsageError("--label-next takes one --dataset, and neither --other-recordings nor --group-by")


def _next(request: Any) -> str:
    """The command that writes the page, where none was written."""
    return "" if request.out is not None else replace(request, out=OUT).command()


def _naming(show: Any, out: Path | None) -> Any:
    def render_and_name(result: Any) -> None:
        show(result)
        if out is not None:
            console.say(f"written: {out} ({console.size_text(out.stat().st_size)})")

    return render_and_name


def render(found: Similar) -> None:
    """Print the most similar clips as a table."""
    query = f"{found.query} ({found.label})" if found.label else found.query
    datasets = ", ".join(found.datasets)
    console.say(f"{datasets} · {found.view} · {found.clips:,} clips compared with {query}")
    if found.left_out:
        words = f" ({found.grouping})" if found.grouping else ": copies of its audio; no groups are known"
        console.say(f"  left out {found.left_out:,} of the same recording{words}")
    columns: dict[str, list[str]] = {
        "similarity": [f"{one.similarity:.3f}" for one in found.neighbours],
        "clip": [one.clip for one in found.neighbours],
        found.target or "label": [one.label for one in found.neighbours],
        "group": [one.group for one in found.neighbours],
        "data set": [one.dataset for one in found.neighbours] if len(found.datasets) > 1 else [],
        "": [_remark(one) for one in found.neighbours],
    }
    _table(columns)


def _remark(one: Neighbour) -> str:
    return "same audio" if one.copy else ""


def render_label_next(found: LabelNext) -> None:
    """Print the clips worth labelling next as a table."""
    console.say(
        f"{found.dataset} · {found.view} · {found.target}: {found.labelled:,} labelled, "
        f"{found.unlabelled:,} not · linear, {found.classes:,} classes"
    )
    _table(
        {
            "margin": [f"{one.margin:.2f}" for one in found.clips],
            "clip": [one.clip for one in found.clips],
            "perhaps": [", ".join(f"{name} {p:.2f}" for name, p in one.likely) for one in found.clips],
        }
    )


def _table(columns: dict[str, list[str]]) -> None:
    """A table without columns that say nothing."""
    kept = {name: values for name, values in columns.items() if any(values)}
    console.table("", list(kept), [list(row) for row in zip(*kept.values(), strict=True)])
