"""Predictions so far for many recordings, beside the file they will go to: a stopped run continues."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from mxt.core.errors import InputError
from mxt.core.text import parse_json, written

Unit = tuple[float, float, Sequence[Sequence[float]], Sequence[float]]


class Journal:
    """Lines of JSON: the first names the run, each other one clip or window, or a recording that is finished.

    Parameters
    ----------
    path : Path, optional
        ``None``: nothing is kept.
    run : str
        Equal for runs that say the same; a journal of another run is begun anew.
    """

    def __init__(self, path: Path | None, run: str) -> None:
        self.path, self.run = path, run
        self.units: dict[str, list[Unit]] = {}
        self.finished: dict[tuple[str, tuple[int, int]], float] = {}
        self._stats: dict[str, tuple[int, int]] = {}
        self._file: IO[str] | None = None
        if path is None:
            return
        lines = list(_read(path, run))
        for line in lines:
            self._take(line)
        with _named(path):
            self._file = path.open("w", encoding="utf-8")
            for line in [{"run": run}, *lines]:
                self._write(line)

    def _take(self, line: Mapping[str, Any]) -> None:
        name, stat = line["file"], (line["stat"][0], line["stat"][1])
        if self._stats.setdefault(name, stat) != stat:  # another file by now
            self.units.pop(name, None)
            self._stats[name] = stat
        if "seconds" in line:
            self.finished[name, stat] = line["seconds"]
        else:
            self.units.setdefault(name, []).append((*line["at"], line["values"], line["likeness"]))

    def known(self, name: str, stat: tuple[int, int]) -> list[Unit]:
        """What was predicted for a recording in an earlier run."""
        return self.units.get(written(name), []) if self._stats.get(written(name)) == stat else []

    def add(self, name: str, stat: tuple[int, int], unit: Unit) -> None:
        """Keep the prediction for a clip or window."""
        start, end, values, likeness = unit
        self._write(
            {"file": written(name), "stat": stat, "at": [start, end], "values": values, "likeness": likeness}
        )

    def finish(self, name: str, stat: tuple[int, int], seconds: float) -> None:
        """Keep that a recording of so many seconds is finished."""
        self._write({"file": written(name), "stat": stat, "seconds": seconds})
        if self._file is not None:
            self._file.flush()

    def close(self, *, done: bool) -> None:
        """Close the journal, and remove it where the run is done."""
        if self._file is not None and self.path is not None:
            self._file.close()
            if done:
                self.path.unlink(missing_ok=True)

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._file is not None and self.path is not None:
            with _named(self.path):
                self._file.write(json.dumps(line) + "\n")


def _read(path: Path, run: str) -> list[dict[str, Any]]:
    """The lines of a journal of this run; a last line that was cut is left out."""
    lines: list[dict[str, Any]] = []
    with suppress(FileNotFoundError), _named(path), path.open(encoding="utf-8") as file, suppress(ValueError):
        if parse_json(next(file, "{}")) != {"run": run}:
            return []
        for text in file:
            lines.append(parse_json(text))
    return lines


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Errors of the system name the journal."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise InputError(f"{path} cannot be used: {error.strerror or error}") from error
