"""Lines as a terminal shows them: broken between words, some first words in colour."""

from __future__ import annotations

import os
import re
import shutil
import textwrap
from typing import TextIO

_COMMAND = re.compile(r"\s*(next: |\$ )?mxt ")
_COLOURS = {"careful:": 33, "error:": 31, "problem:": 31, "next:": 36}  # yellow, red, cyan


def on_terminal(text: str, stream: TextIO) -> str:
    """`text` as it is written to `stream`: into a pipe or a file unchanged."""
    if not stream.isatty():
        return text
    width = shutil.get_terminal_size().columns
    return "\n".join(_coloured(part) for line in text.split("\n") for part in wrapped(line, width))


def wrapped(line: str, width: int) -> list[str]:
    """`line` in lines of at most `width` characters, broken between the parts that ``·`` separates where it can be, else between words.

    A word that is longer, and a command, which somebody may want to copy, stay whole.

    Examples
    --------
    >>> wrapped("genres · 1,000 files · 10 classes of 100", 24)
    ['genres · 1,000 files ·', '  10 classes of 100']
    """
    if len(line) <= width or _COMMAND.match(line):
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    lines = [indent]
    for part in line.strip().split(" · "):
        joined = lines[-1] + ("" if not lines[-1].strip() else " · ") + part
        if len(joined) + 2 <= width or not lines[-1].strip():
            lines[-1] = joined
        else:
            lines[-1] += " ·"
            lines.append(f"{indent}  {part}")
    return [short for long in lines for short in _by_words(long, width, indent + "  ")]


def _by_words(line: str, width: int, indent: str) -> list[str]:
    if len(line) <= width:
        return [line]
    if max(map(len, line.split())) + len(indent) > width:  # an address: whole, it can be copied
        return [line]
    start = " " * (len(line) - len(line.lstrip()))
    return textwrap.wrap(
        line.strip(), width, initial_indent=start, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _coloured(line: str) -> str:
    first = line.partition(" ")[0]
    if first not in _COLOURS or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb":
        return line
    return f"\x1b[{_COLOURS[first]}m{first}\x1b[0m{line[len(first) :]}"
