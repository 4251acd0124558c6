"""Every error that mxt raises on purpose, and the reasons for which a clip can be left out.

MxtError
├── UsageError               the command was typed wrongly                  exit 2
│   ├── UnknownName          a name that nothing has; the nearest are listed
│   └── UnclearTimes         columns of a table that may be times
├── InputError               what was given cannot be used
│   ├── AudioError           one file or clip, with a typed Reason
│   └── TableError           a table of labels, with its line
├── StoreError               the feature store
│   ├── StoreBusy            another process writes the same table
│   ├── StoreDamaged         something on disk is not what was written
│   ├── StoreReadOnly        no permission, or a store of a newer schema
│   └── StoreFull            no space left
├── WeightsError             weights missing, or not those expected
├── PluginError              a stage that cannot be loaded or misbehaves
├── EvaluationError          no score can be computed from what is there
└── Refused                  a step that needs --yes
"""

from __future__ import annotations

import difflib
import shlex
import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from itertools import accumulate
from typing import Any

from mxt.core.text import shortened

MOST_NAMES, MOST_CHARACTERS = 30, 400  # that a message lists


class Reason(IntEnum):
    """Why a file or clip is left out. The numbers are stored: append, never renumber."""

    NONE = 0
    NOT_AUDIO = 1
    EMPTY = 2
    UNREADABLE = 3
    TOO_SHORT = 4
    NOT_FINITE = 5
    DECODER_FAILED = 6
    MISSING = 7
    HIDDEN = 8
    NOT_A_FILE = 9
    STAGE_FAILED = 10
    CHANGED = 11

    @property
    def words(self) -> str:
        """The reason as printed, e.g. ``"not audio"``."""
        return "" if self is Reason.NONE else self.name.lower().replace("_", " ")

    @property
    def passing(self) -> bool:
        """True where trying again later may succeed: a row stays open rather than failed."""
        return self in (Reason.UNREADABLE, Reason.MISSING, Reason.CHANGED)


class MxtError(Exception):
    """Base of all errors meant for people: what, where, expected, got, what to do."""

    exit_code = 1

    def __reduce__(self) -> tuple[Any, ...]:
        """From another process it comes as it is, rather than made again from its message alone."""
        return _as_it_was, (type(self), self.args, self.__dict__)


def _as_it_was(kind: type[MxtError], args: tuple[object, ...], values: dict[str, object]) -> MxtError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(values)
    return error


def stage_failures() -> tuple[type[BaseException], ...]:
    """What to catch around the code of a stage: ``except stage_failures() as error``.

    `sys.exit` in it is a failure of the stage and does not end mxt. Nor does a KeyboardInterrupt in a worker
    thread, where it does not come from Ctrl-C.
    """
    in_worker = threading.current_thread() is not threading.main_thread()
    return (Exception, SystemExit, KeyboardInterrupt) if in_worker else (Exception, SystemExit)


@contextmanager
def no_ctrl_c() -> Iterator[None]:
    """In a worker thread: turn a KeyboardInterrupt into an ordinary exception for the main thread."""
    try:
        yield
    except KeyboardInterrupt as error:
        raise RuntimeError("KeyboardInterrupt, though nobody pressed Ctrl-C") from error


def listed(names: Iterable[object], most: int = MOST_NAMES) -> str:
    """Names as a message lists them, shortened to fit on a line.

    Examples
    --------
    >>> listed(["a", "b", "c", "d", "e"], 3)
    'a, b, c, … (5 in all)'
    """
    texts = [shortened(str(name)) for name in names]
    ends = list(accumulate(len(text) + 2 for text in texts))
    kept = max(1, min(most, bisect_right(ends, MOST_CHARACTERS)))
    return ", ".join(texts[:kept]) + (f", … ({len(texts)} in all)" if len(texts) > kept else "")


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """At most three of the `known` names that `name` may have been meant to be, the nearest first."""
    return difflib.get_close_matches(name, list(known), n=3, cutoff=0.6)


class UsageError(MxtError):
    """The command or call was made wrongly."""

    exit_code = 2


class UnknownName(UsageError):
    """A name that is not known.

    The message lists the nearest of the `known` names, or else at most `most` of them, or says what is given
    as `instead`; a `hint` is added at the end.
    """

    def __init__(
        self,
        what: str,
        name: str,
        known: Iterable[str],
        *,
        hint: str = "",
        instead: str = "",
        most: int = MOST_NAMES,
    ) -> None:
        self.what, self.name, self.known = what, name, sorted(set(known))
        near = nearest(name, self.known)
        if instead:
            tail = instead
        elif not self.known:
            tail = "there are none"
        elif near:
            tail = f"did you mean {' or '.join(map(shortened, near))}?"
        else:
            tail = f"there are: {listed(self.known, most)}"
        super().__init__(f"no {what} called {shortened(name)!r}; {tail}" + (f" {hint}" if hint else ""))


class UnclearTimes(UsageError):
    """A table gives several labels to one file, and has columns that may say which part each label is of.

    Parameters
    ----------
    table : str
        Its path.
    columns : (str, str)
        Those that may be start and end.
    files : int
        How many have several labels.
    """

    def __init__(self, table: str, columns: tuple[str, str], files: int) -> None:
        self.table, self.columns, self.files = table, columns, files
        start, end = columns
        super().__init__(
            f"{self.question}: --start-column {shlex.quote(start)} --end-column {shlex.quote(end)} cuts "
            "segments there, --set segments=no uses whole files"
        )

    @property
    def question(self) -> str:
        """What is unclear."""
        files = "one file" if self.files == 1 else f"each of {self.files:,} files"
        columns = " and ".join(map(repr, self.columns))
        return f"{self.table} gives several labels to {files}, and its columns {columns} may be times"


class InputError(MxtError):
    """What was given (a folder, a table, a file) cannot be used."""


class AudioError(InputError):
    """One file or clip cannot be used.

    Parameters
    ----------
    reason : Reason
        The typed reason, stored with the clip.
    detail : str
        What exactly happened, for people.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        self.reason, self.detail = reason, detail
        super().__init__(f"{reason.words}: {detail}" if detail else reason.words)


class TableError(InputError):
    """A table of labels cannot be read; the message names file and line."""


class StoreError(MxtError):
    """The feature store cannot do what was asked."""


class StoreBusy(StoreError):
    """Another process is writing the same table."""


class StoreDamaged(StoreError):
    """Something on disk is not what was written; ``mxt verify`` names it."""


class StoreReadOnly(StoreError):
    """The store cannot be written: permission, read-only medium, newer schema."""


class StoreFull(StoreError):
    """No space left where the store lies."""


class WeightsError(MxtError):
    """Weights are missing or are not those expected.

    `reason` is the message without the ways to get them.
    """

    def __init__(self, message: str, *, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason or message


class PluginError(MxtError):
    """A stage cannot be loaded, or does not keep its contract."""


class EvaluationError(MxtError):
    """No score can be computed from what is there."""


class Refused(MxtError):
    """A step that needs confirmation: repeat it with ``--yes``."""
