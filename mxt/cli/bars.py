"""Progress bars on a terminal, by rich."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, Task, TaskID, TextColumn
from rich.progress import Progress as RichProgress
from rich.table import Column
from rich.text import Text

from mxt.cli.console import progress_line
from mxt.cli.terminal import on_terminal
from mxt.core.progress import Progress, Step


class _HowFar(ProgressColumn):
    """Count, rate and time left, in the words of `progress_line`."""

    def render(self, task: Task) -> Text:
        """One bar's text."""
        total = None if task.total is None else int(task.total)
        line = progress_line("", int(task.completed), total, str(task.fields["unit"]), task.elapsed or 0.0)
        return Text(line.removeprefix(": "))


class _Bar:
    def __init__(self, bars: RichProgress, task: TaskID) -> None:
        self.bars, self.task = bars, task

    def advance(self, n: int = 1) -> None:
        """`n` more are done."""
        self.bars.advance(self.task, n)


class _Bars:
    def __init__(self, bars: RichProgress) -> None:
        self.bars = bars

    @contextmanager
    def step(self, what: str, total: int | None, *, unit: str = "") -> Iterator[Step]:
        """Show a bar while the work goes on."""
        task = self.bars.add_task(what, total=total, unit=unit)
        try:
            yield _Bar(self.bars, task)
        finally:
            self.bars.remove_task(task)

    def say(self, line: str) -> None:
        """Write one line above the bars."""
        self.bars.console.print(Text.from_ansi(on_terminal(line, sys.stderr)), soft_wrap=True)


@contextmanager
def bars_progress(console: Console) -> Iterator[Progress]:
    """Progress that draws on `console` and leaves nothing behind.

    Parameters
    ----------
    console : Console
        Of standard error.
    """
    # where it is narrow the bar gives way, not the words
    words, bar = Column(no_wrap=True), Column(max_width=24)
    columns = (
        TextColumn("{task.description}", markup=False, table_column=words),
        BarColumn(None, table_column=bar),
        _HowFar(Column(no_wrap=True)),
    )
    with RichProgress(*columns, console=console, transient=True) as bars:
        yield _Bars(bars)
