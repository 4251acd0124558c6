"""Options that come together, as records: each field of a record is an option of the command line.

A command names the records it takes (``def ls(at: StoreOptions) -> None``), and `expanded` turns their fields
into options.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from inspect import Parameter, Signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from mxt.cli import console
from mxt.cli.options import (
    DEFAULT_STORE,
    ChartOption,
    EngineOption,
    FoldsOption,
    GroupByOption,
    JobsOption,
    JsonOption,
    PluginOption,
    QuietOption,
    SchedulerOption,
    SeedOption,
    StoreOption,
    TargetOption,
)
from mxt.core.engines import AUTO, EngineChoice

if TYPE_CHECKING:
    from mxt.core.progress import Progress
    from mxt.registry import Registry

LAST = ("store", "plugin", "as_json", "quiet")  # options that most commands have, in this order


@dataclass(frozen=True, slots=True)
class AnswerOptions:
    """How a command answers."""

    as_json: JsonOption = False

    def answer(
        self,
        result: Any,
        render: Callable[[Any], None],
        *,
        plain: Callable[[Any], object] = console.plain,
        next: str = "",
    ) -> None:
        """Print `plain` of a result as JSON, or what `render` says of it and the command that comes next."""
        if self.as_json:
            console.emit_json(plain(result))
            return
        render(result)
        if next:
            console.next_line(next)


@dataclass(frozen=True, slots=True)
class StoreOptions(AnswerOptions):
    """A command that reads a store."""

    store: StoreOption = DEFAULT_STORE


@dataclass(frozen=True, slots=True)
class WorkOptions(StoreOptions):
    """A command that works on a store for a while."""

    quiet: QuietOption = False

    def progress(self) -> AbstractContextManager[Progress]:
        """Where progress is shown: nowhere for ``--quiet`` and ``--json``."""
        return _progress(shown=not (self.quiet or self.as_json))


@dataclass(frozen=True, slots=True)
class StageOptions(AnswerOptions):
    """A command that needs stages."""

    plugin: PluginOption = None

    def registry(self) -> Registry:
        """All stages: built in, installed, and of the files named."""
        from mxt.registry import build_registry

        return build_registry(self.plugin or ())


@dataclass(frozen=True, slots=True)
class StoredStageOptions(StageOptions):
    """A command that needs stages, and what a store knows of them."""

    store: StoreOption = DEFAULT_STORE


@dataclass(frozen=True, slots=True)
class LongStageOptions(StageOptions):
    """A command that needs stages, and takes a while."""

    quiet: QuietOption = False

    def progress(self) -> AbstractContextManager[Progress]:
        """Where progress is shown: nowhere for ``--quiet`` and ``--json``."""
        return _progress(shown=not (self.quiet or self.as_json))


@dataclass(frozen=True, slots=True)
class RunOptions(LongStageOptions):
    """A command that works on a store with stages, for a while."""

    store: StoreOption = DEFAULT_STORE


def _progress(*, shown: bool) -> AbstractContextManager[Progress]:
    from mxt.cli.progress import shown_progress

    return shown_progress(not shown)


@dataclass(frozen=True, slots=True)
class ChartOptions(RunOptions):
    """A command whose answer can be drawn; a chart that could not be written is refused before the work."""

    chart: ChartOption = None

    def __post_init__(self) -> None:
        if self.chart is not None:
            from mxt.drawing.page import check_picture

            check_picture(self.chart)

    def answer_drawn(
        self,
        result: Any,
        render: Callable[[Any], None],
        draw: Callable[[Any, Path], None],
        *,
        plain: Callable[[Any], object] = console.plain,
        next: str = "",
    ) -> None:
        """Answer as `answer` does, after the chart is drawn, where one is asked for."""
        chart = self.chart

        def render_and_name(result: Any) -> None:
            render(result)
            if chart is not None:
                console.say(f"drawn: {chart}")

        if chart is not None:
            draw(result, chart)
        self.answer(result, render_and_name, plain=plain, next=next)


@dataclass(frozen=True, slots=True)
class StudyOptions:
    """What is predicted, and how clips are divided."""

    target: TargetOption = None
    group_by: GroupByOption = None
    folds: FoldsOption = None
    seed: SeedOption = 0


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What computes, and how many at a time."""

    jobs: JobsOption = None
    engine: EngineOption = AUTO
    scheduler: SchedulerOption = None

    def choice(self, run: StageOptions) -> EngineChoice:
        """The engine that was chosen, for a command with these plugins."""
        return EngineChoice(self.engine, self.scheduler, tuple(run.plugin or ()))


def expanded(command: Callable[..., None]) -> Callable[..., None]:
    """A command as typer reads it: parameters annotated with a dataclass are replaced by its fields.

    Help lists options in the order of the parameters, but those that most commands have at the end.

    Examples
    --------
    >>> def ls(at: StoreOptions, *, clips: bool = False) -> None: ...
    >>> list(inspect.signature(expanded(ls)).parameters)
    ['clips', 'store', 'as_json']
    """
    flat: list[Parameter] = []
    groups: dict[str, Any] = {}
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        group: Any = parameter.annotation
        if not dataclasses.is_dataclass(group):
            flat.append(parameter.replace(kind=Parameter.KEYWORD_ONLY))
            continue
        groups[parameter.name] = group
        hints = get_type_hints(group, include_extras=True)
        flat += [
            Parameter(field.name, Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name])
            for field in dataclasses.fields(group)
        ]

    @functools.wraps(command)
    def run(**values: Any) -> None:
        records = {
            name: group(**{field.name: values.pop(field.name) for field in dataclasses.fields(group)})
            for name, group in groups.items()
        }
        command(**records, **values)

    del run.__wrapped__
    flat.sort(key=lambda parameter: LAST.index(parameter.name) if parameter.name in LAST else -1)
    run.__signature__ = Signature(flat)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in flat}
    return run
