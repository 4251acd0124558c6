"""Running mxt in a fork of a process that has imported everything, and judging how it ended."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import sys
import tempfile
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import contained

MOST_LINES, MOST_CHARACTERS = 8, 3000  # of the message of a failing command, besides what was typed
_PARTIAL = re.compile(r"\.([^/]+)\.\w+\.partial$")  # the name of a file until it is complete
_WARNING = re.compile(r"^\S+:\d+: \w*Warning:", re.MULTILINE)
# audit events that change something: how many paths they begin with, and the index of the first descriptor of
# a folder that a path is relative to
_CHANGES = {
    "os.mkdir": (1, 2),
    "os.rename": (2, 2),
    "os.remove": (1, 1),
    "os.rmdir": (1, 1),
    "os.link": (2, 2),
    "os.truncate": (1, 9),
    "os.chmod": (1, 2),
    "os.utime": (1, 3),
    "shutil.rmtree": (1, 1),
    "sqlite3.connect": (1, 9),
}


@dataclass(frozen=True)
class Ran:
    """What a command printed, its exit code, and what it touched but should not have.

    Parameters
    ----------
    words : sequence of str
        The command, without ``mxt``.
    code : int or None
        Exit code; ``None`` where the process did not end by itself.
    out, err : bytes
        Standard output and standard error.
    ended : str
        ``"hang"``, ``"signal 11"`` …; empty where the process ended by itself.
    strayed : tuple of str
        Paths outside the allowed folders that were written to, and addresses that were looked up.
    """

    words: Sequence[str]
    code: int | None
    out: bytes
    err: bytes
    ended: str
    strayed: tuple[str, ...]
    seconds: float

    @property
    def command(self) -> str:
        """The command as a person would type it."""
        words = (word if len(word) < 60 else f"{word[:20]}…({len(word):,} characters)" for word in self.words)
        return ascii(shlex.join(["mxt", *words]))[1:-1]

    def complaints(self, codes: Sequence[int] = (0, 1, 2)) -> list[str]:
        """Everything that must not happen, whatever the input; empty where all is well."""
        complaints = []
        if self.ended or self.code not in codes:
            complaints.append(self.ended or f"exit code {self.code}")
        if b"Traceback (most recent call last)" in self.err + self.out:
            complaints.append(
                "traceback: "
                + (self.err + self.out).decode("utf-8", "replace").strip().splitlines()[-1][:300]
            )
        elif self.code:
            text = self.err.decode("utf-8", "replace")
            if text.count("\n") > MOST_LINES or len(text) > MOST_CHARACTERS + 2 * sum(map(len, self.words)):
                complaints.append(f"{text.count(chr(10))} lines, {len(text)} characters of error")
            if not (self.err + self.out).strip():
                complaints.append("failed without a word")
        complaints += [
            f"{name}: {what}"
            for name, text in (("out", self.out), ("err", self.err))
            for what in _unprintable(text)
        ]
        if warning := _WARNING.search(self.err.decode("utf-8", "replace")):
            complaints.append(f"warning: {warning.group()}")
        complaints += [f"touched {path!a}" for path in self.strayed]
        return [f"{self.command}: {what}" for what in complaints]


def _unprintable(text: bytes) -> list[str]:
    try:
        shown = text.decode("utf-8")
    except UnicodeDecodeError as error:
        return [f"not UTF-8: {text[max(0, error.start - 20) : error.end + 20]!r}"]
    for index, character in enumerate(shown):
        if not (character.isprintable() or character == "\n" or unicodedata.category(character) == "Zs"):
            return [f"raw {character!a} in {shown[max(0, index - 30) : index + 30]!a}"]
    return []


def mxt(
    folder: Path, *words: object, seconds: float = 60.0, allowed: Sequence[str] = ("mxt-store", "out", "tmp")
) -> Ran:
    """Run one command in `folder`; it may write only to the `allowed` files and folders in it."""
    given = [os.fspath(word) if isinstance(word, os.PathLike) else str(word) for word in words]
    streams = folder / "tmp" / "streams"
    streams.mkdir(parents=True, exist_ok=True)
    outcome = contained.call(
        _run, str(folder), given, [str(folder / name) for name in allowed], seconds=seconds
    )
    code, strayed = outcome.value or (None, ())
    out, err = ((streams / name).read_bytes() for name in ("1", "2"))
    ended = outcome.ended if "\n" not in outcome.ended else "the harness failed: " + outcome.ended
    return Ran(given, code, out, err, ended, strayed, outcome.seconds)


def _run(folder: str, words: list[str], allowed: list[str]) -> tuple[int, tuple[str, ...]]:
    """In the forked process: run mxt as a process of its own would."""
    os.chdir(folder)
    tmp = os.path.join(folder, "tmp")
    os.environ |= {
        "HOME": tmp,
        "TMPDIR": tmp,
        "XDG_CACHE_HOME": tmp,
        "MPLCONFIGDIR": tmp,
        "MXT_WEIGHTS_DIR": os.path.join(tmp, "weights"),
        "MXT_OFFLINE": "1",
        "NO_COLOR": "1",
    }
    for name in ("MXT_STORE", "MXT_PLUGIN", "COLUMNS", "FORCE_COLOR"):
        os.environ.pop(name, None)
    tempfile.tempdir = None
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number in (1, 2):
        os.dup2(
            os.open(os.path.join(tmp, "streams", str(number)), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
            number,
        )
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(number, mode, encoding="utf-8", closefd=False) for number, mode in enumerate("rww")
    )
    sys.argv = ["mxt", *words]
    strayed = _watch([os.path.realpath(path) for path in allowed])
    from mxt.__main__ import main

    code = 0
    try:
        main()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    except BaseException:
        code = 1
        sys.excepthook(*sys.exc_info())
    strayed_paths = tuple(strayed)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    return code, strayed_paths


def _watch(allowed: list[str]) -> list[str]:
    """From now on, note what is written outside the allowed folders."""
    strayed: list[str] = []

    def elsewhere(path: object, folder: object = -1) -> None:
        if not isinstance(path, (str, bytes, os.PathLike)) or path in ("", b"", ":memory:"):
            return
        with contextlib.suppress(ValueError, OSError):  # a NUL in it: nothing was opened
            if isinstance(folder, int) and folder >= 0:
                path = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), os.fsdecode(path))
            name = os.path.realpath(
                os.fsdecode(path).removeprefix("file://").removeprefix("file:").partition("?")[0]
            )
            name = _PARTIAL.sub(r"\1", name)
            inside = any(name == root or name.startswith(root + os.sep) for root in allowed)
            if not (inside or name.startswith(("/dev/", "/proc/")) or "__pycache__" in name):
                strayed.append(name)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                elsewhere(path)
        elif event in _CHANGES:
            paths, at = _CHANGES[event]
            for index in range(paths):
                elsewhere(arguments[index], *arguments[at + index : at + index + 1])
        elif event in ("socket.connect", "socket.getaddrinfo"):
            strayed.append(f"{event} {arguments[-1 if event == 'socket.connect' else 0]}")

    sys.addaudithook(hook)
    return strayed
