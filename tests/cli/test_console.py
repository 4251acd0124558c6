from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
import pytest

from mxt.cli import console
from mxt.cli.lines import LinesProgress, progress_words
from mxt.cli.progress import shown_progress
from mxt.core.errors import Reason


@dataclass(frozen=True)
class Record:
    path: Path
    values: tuple[float, ...]
    reason: Reason = Reason.NOT_AUDIO


class Mode(Enum):
    FAST = "fast"


def printed(capsys, value):
    console.emit_json(value)
    return json.loads(capsys.readouterr().out)


def test_records_are_printed_as_json(capsys):
    record = Record(Path("a/b"), (1.0, float("nan")))
    assert printed(capsys, [record]) == [{"path": "a/b", "values": [1.0, None], "reason": "not_audio"}]
    assert printed(
        capsys, {"x": np.arange(2), "y": np.float32(0.5), "z": {3, 1}, "k": b"\x01", "m": Mode.FAST}
    ) == {
        "x": [0, 1],
        "y": 0.5,
        "z": [1, 3],
        "k": "01",
        "m": "fast",
    }


def test_what_is_no_record_is_not_made_into_text():
    with pytest.raises(TypeError, match="object cannot be written as JSON"):
        console.emit_json(object())


@pytest.mark.parametrize("items", [[], [1], [{"a": [1, 2]}, [], {"b": {}}]])
def test_an_iterator_is_printed_as_a_list_is(items, capsys):
    console.emit_json(items)
    expected = capsys.readouterr().out
    console.emit_json(iter(items))
    assert capsys.readouterr().out == expected


def test_the_items_of_an_iterator_are_printed_as_they_come(capsys):
    def items():
        yield 1
        yield 2
        assert capsys.readouterr().out == "[\n  1,\n"
        yield 3

    console.emit_json(items())


@pytest.mark.parametrize("columns", ["200", "20"])  # wide enough for a table, and too narrow
def test_a_table_printed_in_blocks_is_one_table(columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    rows = [("one two", 1000, None), ("x" * 12, 2, ""), ("three", None, "left")] * 3
    console.table("title", ("name", "n", ""), rows)
    whole = capsys.readouterr().out
    monkeypatch.setattr(console, "BLOCK", 2)
    console.table("title", ("name", "n", ""), rows)
    assert capsys.readouterr().out == whole


def test_a_table_without_rows_is_its_head(capsys):
    console.table("title", ("name", "n", ""), [])
    assert capsys.readouterr().out == "title\nname  n\n"


def test_table_is_not_wrapped_into_a_pipe(capsys):
    console.table("title", ("name", "n"), [("x" * 300, 1234), (None, 5)])
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["title", "name" + " " * 302 + "n", "x" * 300 + "  1,234", " " * 306 + "5"]


def test_markup_and_control_characters_in_cells_are_shown_as_they_are(capsys):
    console.table("", ("name",), [("[red]a[/red]",), ("a\x1b[2Jb\nc",)])
    out = capsys.readouterr().out
    assert "[red]a[/red]" in out
    assert r"a\x1b[2Jb\nc" in out


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (5_000_000_000, "5.0 GB"), (2e15, "2000.0 TB")],
)
def test_sizes_are_for_people(n_bytes, text):
    assert console.size_text(int(n_bytes)) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.6, "1 min 0 s"), (3600, "1 h 0 min"), (30_000, "8 h 20 min")]
)
def test_durations_are_for_people(seconds, text):
    assert console.seconds_text(seconds) == text


@contextmanager
def counting(total: int | None, every: float = 10.0) -> Iterator[tuple[list[str], list[float], object]]:
    lines: list[str] = []
    now = [0.0]
    shown = LinesProgress(lines.append, every=every, clock=lambda: now[0])
    with shown.step("extract", total, unit="clips") as step:
        yield lines, now, step


def test_line_every_ten_seconds_with_rate_and_time_left():
    with counting(100) as (lines, now, step):
        for _ in range(5):
            now[0] += 4
            step.advance(8)
        assert lines == ["extract: 24 of 100 clips, 2.0/s, 38 s left"]
    assert lines[1:] == ["extract: 40 of 100 clips, 2.0/s, 30 s left"]


def test_quick_work_writes_no_line():
    with counting(100) as (lines, now, step):
        now[0] = 9.0
        step.advance(100)
    assert lines == []


def test_unknown_total_shows_count_and_rate():
    with counting(None) as (lines, now, step):
        now[0] = 20.0
        step.advance(40)
    assert lines[0] == "extract: 40 clips, 2.0/s, 20 s"


def test_bytes_are_shown_as_sizes():
    assert progress_words(500_000, 2_000_000, "B", 1.0) == "500.0 kB of 2.0 MB, 500.0 kB/s, 3 s left"


def test_progress_into_a_pipe_goes_to_standard_error(capsys):
    with shown_progress() as shown:
        shown.say("fetching")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "fetching\n")


def test_what_a_library_writes_to_the_terminal_by_itself_is_kept_from_it():
    code = (
        "import os, sys; from mxt.cli.progress import shown_progress\n"
        "with shown_progress() as progress:\n"
        "    os.write(2, b'native'); progress.say('python'); print('print', file=sys.stderr)\n"
        "os.write(2, b'after')"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stderr == "python\nprint\nafter"


def test_quiet_shows_nothing(capsys):
    with shown_progress(quiet=True) as shown, shown.step("x", 3) as step:
        step.advance()
        shown.say("fetching")
    assert capsys.readouterr() == ("", "")


def test_bar_on_a_terminal_has_rate_and_leaves_nothing_behind():
    import io

    from rich.console import Console

    from mxt.cli.bars import bars_progress

    out = io.StringIO()
    with (
        bars_progress(Console(file=out, force_terminal=True, width=120)) as shown,
        shown.step("extract [x]", 10, unit="clips") as step,
    ):
        step.advance(4)
        shown.bars.refresh()
        shown.say("a line [above]")
    text = out.getvalue()
    assert "extract [x]" in text
    assert "4 of 10 clips" in text
    assert "a line [above]" in text
