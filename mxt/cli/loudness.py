"""`mxt loudness`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mxt.cli import console
from mxt.cli.option_groups import ChartOptions, StudyOptions
from mxt.cli.options import DatasetOption, JobsOption

if TYPE_CHECKING:
    from mxt.results.loudness import LoudnessStudy, Spread

SHOWN = 3
NEXT = "mxt extract --backbone … --normalizer peak   (then mxt eval compares it with the unprocessed one)"


def loudness(
    *, dataset: DatasetOption = None, study: StudyOptions, jobs: JobsOption = None, run: ChartOptions
) -> None:
    """Show how loud the classes are, and whether they can be told apart by loudness alone."""
    from mxt.drawing.charts import loudness_chart
    from mxt.results.loudness import LoudnessStudy
    from mxt.results.request import EvaluateRequest
    from mxt.workflows.loudness import loudness as work

    request = EvaluateRequest(
        datasets=(dataset,) if dataset else (),
        target=study.target,
        group_by=study.group_by,
        folds=study.folds,
        seed=study.seed,
    )
    with run.progress() as progress:
        result = work(run.store, request, run.registry(), jobs=jobs, progress=progress)
    next = NEXT if result.leaks else ""
    run.answer_drawn(result, render, loudness_chart, plain=LoudnessStudy.to_plain, next=next)


def render(study: LoudnessStudy) -> None:
    """Print a table of classes, and what loudness alone tells about them."""
    n_clips = f"{len(study.clips):,} clips"
    console.say(f"{study.dataset} · {study.target} · {n_clips}, measured on the mean of their channels")
    columns = ["class", "clips", "RMS", "RMS, dBFS", "peak, dBFS", "LUFS", "silent"]
    rows = [
        [
            of_class.name,
            of_class.clips,
            _spread(of_class.rms_linear, 3),
            *(_spread(spread, 1) for spread in (of_class.rms, of_class.peak, of_class.lufs)),
            of_class.silent or None,
        ]
        for of_class in study.classes
    ]
    n_columns = len(columns) if any(of_class.silent for of_class in study.classes) else len(columns) - 1
    title = "mean and standard deviation of each class, the quietest first"
    console.table(title, columns[:n_columns], [row[:n_columns] for row in rows])
    _render_alone(study)
    for clip, why in study.unread[:SHOWN]:
        console.say(f"left out: {clip}: {why}")
    if len(study.unread) > SHOWN:
        console.say(f"left out: {len(study.unread) - SHOWN:,} more that cannot be read")


def _render_alone(study: LoudnessStudy) -> None:
    """Print the score of a classifier that sees only levels."""
    from mxt.evaluation.metrics import metric_words

    alone, first = study.alone, study.alone.first
    console.say(f"loudness alone (RMS, peak, LUFS) · {study.head} · {study.folds}")
    words = {"chance": "chance", "majority": "always the largest class"}
    baselines = ", ".join(
        f"{word} {alone.baselines[name]:.3f}" for name, word in words.items() if name in alone.baselines
    )
    score = f"{metric_words(first.name)} {first.value:.3f}  (95 %: {first.interval.bounds})"
    console.say(f"{score}   {baselines}")
    if not study.leaks:
        console.say("loudness alone is not clearly better than the baseline")
        return
    what = "numbers can be predicted from" if alone.main.startswith("r2") else "classes can be told by"
    console.say(
        f"careful: {what} loudness alone, clearly better than the baseline ({study.baseline:.3f}): "
        "a score may come from levels; compare with a normalised view"
    )


def _spread(spread: Spread, digits: int) -> str:
    if spread.mean != spread.mean:
        return ""
    return f"{spread.mean:.{digits}f} ± {spread.deviation:.{digits}f}"
