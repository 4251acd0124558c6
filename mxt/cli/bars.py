"""Progress bars on a terminal, by rich."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, Task, TaskID, TextColumn
from rich.progress import Progress as RichProgress
from rich.progress_bar import ProgressBar
from rich.table import Column
from rich.text import Text

from mxt.cli.lines import progress_words
from mxt.cli.terminal import on_terminal, visible
from mxt.core.progress import Progress, Step

LEAST, MOST = 4, 24  # characters of the bar
FREE = 2 + 3  # characters between the words and the bar, and at the end


class _HowFar(ProgressColumn):
    """Count, rate and time left, in the words of `progress_words`."""

    def render(self, task: Task) -> Text:
        """One bar's text."""
        return Text(_words(task))


class _ShrinkingBar(BarColumn):
    """A bar that shrinks for the words beside it, and leaves room for the ``^C`` that terminals echo."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.console = console

    def render(self, task: Task) -> ProgressBar:
        """One bar."""
        taken = cell_len(task.description) + cell_len(_words(task)) + FREE
        self.bar_width = max(LEAST, min(MOST, self.console.width - taken))
        return super().render(task)


def _words(task: Task) -> str:
    total = None if task.total is None else int(task.total)
    unit, workers = str(task.fields["unit"]), int(task.fields["workers"])
    return progress_words(int(task.completed), total, unit, task.elapsed or 0.0, workers)


class _Bar:
    def __init__(self, bars: RichProgress, task: TaskID) -> None:
        self.bars, self.task = bars, task

    def advance(self, n: int = 1) -> None:
        """`n` more are done."""
        self.bars.advance(self.task, n)

    def workers(self, n: int) -> None:
        """`n` workers elsewhere are at it."""
        self.bars.update(self.task, workers=n)


class _Bars:
    def __init__(self, bars: RichProgress) -> None:
        self.bars = bars

    @contextmanager
    def step(self, what: str, total: int | None, *, unit: str = "") -> Iterator[Step]:
        """Show a bar while the work goes on."""
        task = self.bars.add_task(visible(what), total=total, unit=unit, workers=0)
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
    whole = Column(no_wrap=True)
    columns = (
        TextColumn("{task.description}", markup=False, table_column=whole),
        _ShrinkingBar(console),
        _HowFar(whole.copy()),
    )
    with RichProgress(*columns, console=console, transient=True) as bars:
        yield _Bars(bars)
