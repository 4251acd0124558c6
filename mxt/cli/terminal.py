"""Lines as a terminal shows them: harmless, wrapped between words, some first words in colour."""

from __future__ import annotations

import os
import re
import shutil
import textwrap
import unicodedata
from typing import Any, TextIO

from mxt.core.text import written

_COMMAND = re.compile(r"\s*(next: |\$ )?mxt ")
_COLOURS = {"careful:": 33, "error:": 31, "problem:": 31, "next:": 36}  # yellow, red, cyan


def visible(text: str) -> str:
    r"""`text` with control characters written out, so that a file's name cannot write to the terminal.

    Examples
    --------
    >>> visible("a" + chr(27) + "[2J.wav")
    'a\\x1b[2J.wav'
    """
    if text.isprintable():
        return text
    text = written(text)
    return "".join(
        c
        if c.isprintable() or unicodedata.category(c) == "Zs"
        else c.encode("unicode_escape").decode("ascii")
        for c in text
    )


class HarmlessStream:
    """A stream that cannot steer the terminal: control characters except tab and newline are written out.

    It takes the place of standard output and standard error, so that warnings, tracebacks, logs and what
    plugins print pass through it, too. What is harmless already, such as colours and bars, goes straight to
    `rich_proxied_file` (rich's own name for it).
    """

    def __init__(self, stream: TextIO) -> None:
        self.rich_proxied_file = stream

    def write(self, text: str) -> int:
        """Write a text of any number of lines."""
        lines = ("\t".join(map(visible, line.split("\t"))) for line in text.split("\n"))
        self.rich_proxied_file.write("\n".join(lines))
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        """Everything else comes from the stream itself."""
        return getattr(self.rich_proxied_file, name)


def harmless(stream: TextIO) -> Any:
    """`stream` as a `HarmlessStream`, unless it is one."""
    return stream if isinstance(stream, HarmlessStream) else HarmlessStream(stream)


def unguarded(stream: TextIO) -> TextIO:
    """The stream that a `HarmlessStream` writes to, or `stream` itself if it is another one."""
    return stream.rich_proxied_file if isinstance(stream, HarmlessStream) else stream


def warning_text(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    """A Python warning in one line, whatever the message is made of."""
    del line
    return f"{visible(f'{category.__name__}: {message} ({filename}, line {lineno})')}\n"


def on_terminal(line: str, stream: TextIO) -> str:
    """`line` as it is written to `stream`, made harmless; wrapped and coloured only on a terminal."""
    line = visible(line)
    if not stream.isatty():
        return line
    return "\n".join(map(_coloured, wrapped(line, shutil.get_terminal_size().columns)))


def wrapped(line: str, width: int) -> list[str]:
    """`line` in lines of at most `width` characters, broken at ``·`` where possible, else between words.

    A longer word stays whole, and so does a command, which somebody may want to copy.

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
        line.strip(),
        width,
        initial_indent=start,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _coloured(line: str) -> str:
    first = line.partition(" ")[0]
    if first not in _COLOURS or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb":
        return line
    return f"\x1b[{_COLOURS[first]}m{first}\x1b[0m{line[len(first) :]}"
