"""`mxt fit`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mxt.cli import completion, console
from mxt.cli.option_groups import RunOptions, StudyOptions
from mxt.cli.options import (
    DatasetOption,
    HeadOption,
    JobsOption,
    SetOption,
    TaskOption,
    YesOption,
    known_task,
)

if TYPE_CHECKING:
    from mxt.models.model import Model
    from mxt.workflows.fit import Fitted

_CHOSEN = {"": "", "only": " (the only view)", "best": " (the best view evaluated)"}


def fit(
    *,
    dataset: DatasetOption = None,
    features: Annotated[
        str | None,
        typer.Option(
            "--features",
            metavar="VIEW",
            help="A view such as convnet:135 (default: the only one, or the best that mxt eval has scored).",
            autocompletion=completion.views,
        ),
    ] = None,
    head: HeadOption = None,
    setting: SetOption = None,
    study: StudyOptions,
    task: TaskOption = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.mxt", help="The bundle to write.")],
    jobs: JobsOption = None,
    yes: YesOption = False,
    run: RunOptions,
) -> None:
    """Fit a model to all labelled clips of a data set, and keep it as a bundle to carry away.

    The head is tuned, its probabilities are calibrated, and the score to expect is estimated on clips that
    were not learnt from. A bundle holds numbers only, no code: mxt predict reads it safely, whoever made it.
    """
    from mxt.workflows.fit import FitRequest
    from mxt.workflows.fit import fit as work

    request = FitRequest(
        out=out,
        dataset=dataset,
        features=features,
        target=study.target,
        task=known_task(task),
        group_by=study.group_by,
        folds=study.folds,
        head=head,
        settings=tuple(setting or ()),
        seed=study.seed,
        yes=yes,
    )
    with run.progress() as progress:
        fitted = work(run.store, request, run.registry(), jobs=jobs, progress=progress)
    run.answer(
        fitted,
        render,
        plain=fitted_plain,
        next=f"mxt predict {shlex.quote(str(out))} FOLDER --out labels.csv",
    )


def render(fitted: Fitted) -> None:
    """Print what was learnt, and what to expect of it."""
    from mxt.cli.scores import render_left_out

    model, card = fitted.model, fitted.model.card
    console.say(
        f"{card.dataset} · {model.view}{_CHOSEN[fitted.chosen]} · {card.head['name']} · "
        f"target {model.target} · {_learnt(model)} · {card.folds}"
    )
    console.say(f"expect {expected_text(model)}")
    if model.task == "classification":
        before, after = model.held_out.brier_before, model.held_out.brier_after
        console.say(
            f"probabilities, on clips not learnt from: Brier score {before:.3f}, calibrated {after:.3f}"
        )
    render_left_out(fitted.left_out)
    for line in card.cautions:
        console.say(f"careful: {line}")
    console.say(f"written: {fitted.path} ({console.size_text(fitted.nbytes)})")


def expected_text(model: Model) -> str:
    """The main score with its interval, as on new clips of the same kind."""
    from mxt.evaluation.metrics import metric_words

    first = model.scores[0]
    return f"{metric_words(first.name)} {first.value:.3f}  (95 %: {first.interval.bounds})"


def fitted_plain(fitted: Fitted) -> dict[str, Any]:
    """What was fitted, as JSON."""
    model = fitted.model
    left_out = [{"why": left.why.value, "count": left.count, "words": left.words} for left in fitted.left_out]
    return {
        "path": fitted.path,
        "bytes": fitted.nbytes,
        "view": model.view,
        "chosen": fitted.chosen,
        "left_out": left_out,
        **model_plain(model),
    }


def model_plain(model: Model) -> dict[str, Any]:
    """What a model is and promises, as JSON."""
    return {
        "target": model.target,
        "task": model.task,
        "classes": model.classes,
        "scores": {score.name: score.interval.to_plain() for score in model.scores},
        "brier": {"before": model.held_out.brier_before, "after": model.held_out.brier_after},
        "card": model.card,
    }


def _learnt(model: Model) -> str:
    card = model.card
    apart = f" in {card.units:,} groups" if card.units < card.clips else ""
    classes = f", {len(model.classes)} {'labels' if model.task == 'multilabel' else 'classes'}"
    return f"{card.clips:,} clips{apart}{classes if model.classes else ''}"
