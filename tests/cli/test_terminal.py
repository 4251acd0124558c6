"""How lines and tables look on a terminal, and that a pipe gets them unchanged."""

from __future__ import annotations

import io
import os

import pytest
from rich.console import Console

from mxt.cli import console, terminal
from mxt.cli.bars import bars_progress
from mxt.cli.terminal import on_terminal, wrapped


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def narrow(monkeypatch):
    """A function that makes terminals of a width."""

    def make(columns: int) -> None:
        monkeypatch.setattr(terminal.shutil, "get_terminal_size", lambda: os.terminal_size((columns, 50)))

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    return make


def test_a_short_line_is_as_it_was():
    assert wrapped("  used all 100", 80) == ["  used all 100"]


def test_a_long_line_breaks_between_its_parts_and_then_between_words():
    line = "  genres · 1,000 files · 10 classes of 100, which is a good deal more than fits · 8 h 20 min"
    assert wrapped(line, 40) == [
        "  genres · 1,000 files ·",
        "    10 classes of 100, which is a good",
        "    deal more than fits ·",
        "    8 h 20 min",
    ]


@pytest.mark.parametrize("width", [20, 33, 47, 80])
def test_no_word_is_cut_or_lost_and_no_line_is_too_long(width):
    line = (
        "careful: no groups known: recordings that belong together may be split between learning and testing"
        " · 12 clips · (--group-by)"
    )
    lines = wrapped(line, width)
    assert " ".join(lines).split() == line.split()
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize(
    "line",
    [
        "next: mxt extract --backbone convnet --layers 135",
        "  mxt ingest /a/long/folder --name genres",
        "$ mxt eval",
    ],
)
def test_a_command_is_never_broken(line):
    assert wrapped(line, 10) == [line]


def test_an_address_stays_whole():
    line = "  from    https://example.org/" + "a" * 80
    assert wrapped(line, 40) == [line]


def test_lines_are_wrapped_and_coloured_on_a_terminal_only(narrow):
    narrow(20)
    line = "careful: some clips are missing"
    assert on_terminal(line, io.StringIO()) == line
    assert on_terminal(line, Terminal()) == "\x1b[33mcareful:\x1b[0m some clips\n  are missing"


def test_no_colour_where_that_is_wished(narrow, monkeypatch):
    narrow(80)
    monkeypatch.setenv("NO_COLOR", "1")
    assert on_terminal("error: no store", Terminal()) == "error: no store"


def test_values_of_a_table_stay_whole_and_texts_give_way(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "60")
    console.table(
        "",
        ("name", "score", "what it is", ""),
        [("musicnn:penultimate", "0.9 (0.8 to 1.0)", "a text that is longer " * 3, None)],
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "name                 score             what it is"
    assert lines[1].startswith("musicnn:penultimate  0.9 (0.8 to 1.0)  a text that is longer")
    assert max(map(len, lines)) <= 60


def test_a_table_too_wide_for_its_words_is_told_in_lines_that_break_between_words(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    rows = [
        ("20250131-174502-genres-1f0c", "convnet:135", 0.5, None),
        ("b", "musicnn:penultimate+mfcc", None, "labels changed since"),
    ]
    console.table("results", ("id", "view", "score", ""), rows)
    assert capsys.readouterr().out.splitlines() == [
        "results",
        "20250131-174502-genres-1f0c",
        "  view convnet:135 · score 0.500",
        "b",
        "  view musicnn:penultimate+mfcc ·",
        "    labels changed since",
    ]


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_no_word_of_a_table_is_broken(monkeypatch, capsys, width):
    monkeypatch.setenv("COLUMNS", str(width))
    rows = [
        (
            f"20250131-174502-genres-{n:04}",
            f"musicnn:layer{n}",
            "r2 0.5 (0.4 to 0.6)",
            "a text of several words",
        )
        for n in range(3)
    ]
    console.table("", ("identifier", "view", "score", "what it is"), rows)
    words = set(capsys.readouterr().out.split())
    assert {word for row in rows for cell in row for word in cell.split()} <= words


@pytest.mark.parametrize("width", [72, 80, 200])
def test_progress_stays_on_one_line_where_it_is_narrow(width):
    printed = io.StringIO()
    hidden = Console(file=io.StringIO(), force_terminal=True, width=width)
    with bars_progress(hidden) as shown, shown.step("eval musicnn:penultimate", 430, unit="fits") as step:
        step.advance(389)
        Console(file=printed, width=width).print(shown.bars.make_tasks_table(shown.bars.tasks))
    (line,) = printed.getvalue().splitlines()
    assert "389 of 430 fits" in line
    assert line.startswith("eval musicnn:penultimate")
    assert len(line) < width  # an echoed ^C does not break the line
