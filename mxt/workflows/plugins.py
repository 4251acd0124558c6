"""Who brings stages, what is wrong with them, and the contract checks of an author's own."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mxt.core.errors import InputError, PluginError, UnknownName
from mxt.core.progress import SILENT, Progress
from mxt.registry import Problem, Registered, Registry
from mxt.testing import Outcome, checks_for


@dataclass(frozen=True, slots=True)
class PluginLine:
    """A distribution or file that brings stages.

    Parameters
    ----------
    name : str
        The distribution, or ``file:NAME.py``.
    version : str
        Of the distribution; empty for a file.
    origin : str
        ``"built-in"``, the entry point, or the file's path.
    edited : bool
        True where its code may be edited in place, so that a hash of it joins the fingerprint.
    stages : tuple of str
        ``kind name`` of each.
    to_check : str
        What ``mxt plugins check`` finds it by: its name, or its file.
    """

    name: str
    version: str
    origin: str
    edited: bool
    stages: tuple[str, ...]
    to_check: str


@dataclass(frozen=True, slots=True)
class PluginList:
    """All that bring stages, and what could not be used."""

    plugins: tuple[PluginLine, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What the contract checks found.

    Parameters
    ----------
    outcomes : tuple of Outcome
        In the order of the stages.
    problems : tuple of Problem
        Of this plugin, found while it was loaded.
    counts : dict
        Result to number.
    """

    name: str
    outcomes: tuple[Outcome, ...]
    problems: tuple[Problem, ...]
    counts: dict[str, int]

    @property
    def good(self) -> bool:
        """True where nothing failed."""
        return not self.problems and not self.counts.get("failed")


def list_plugins(registry: Registry) -> PluginList:
    """Distributions and files in the order of their names, mxt first."""
    by_origin: dict[tuple[str, str], list[Registered]] = {}
    for entry in registry.stages:
        by_origin.setdefault((entry.distribution, entry.origin), []).append(entry)
    lines = [
        PluginLine(
            name,
            _version(name),
            origin,
            any(e.source for e in entries),
            tuple(f"{e.spec.kind} {e.spec.name}" for e in entries),
            entries[0].options[-1] if entries[0].options else name,
        )
        for (name, origin), entries in by_origin.items()
    ]
    return PluginList(
        tuple(sorted(lines, key=lambda line: (line.origin != "built-in", line.name, line.origin))),
        registry.problems,
    )


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except (PackageNotFoundError, ValueError):
        return ""


def check_plugin(
    registry: Registry, name: str, progress: Progress = SILENT, *, sample: Path | None = None
) -> CheckReport:
    """Run the contract checks of all stages that `name` brings.

    Parameters
    ----------
    registry : Registry
        What is installed.
    name : str
        A distribution, an entry point, a stage, or a one-file plugin (its path or file name).
    sample : Path, optional
        A small folder in the layout of its loader, if it brings one.

    Raises
    ------
    UnknownName, InputError
        Nothing is called so; there is no such sample.
    PluginError
        It could not be loaded at all.
    """
    if sample is not None and not sample.is_dir():
        raise InputError(f"--sample {sample}: there is no such folder")
    stages, problems = tuple(_brought_by(registry, name)), _problems_of(registry, name)
    if not stages and problems:
        raise PluginError("; ".join(f"{problem.source}: {problem.cause}" for problem in problems))
    if not stages:
        known = {entry.distribution for entry in registry.stages} | {
            entry.spec.name for entry in registry.stages
        }
        raise UnknownName("plugin or stage", name, known)
    checks = [check for entry in stages for check in checks_for(entry, registry, sample=sample)]
    outcomes = []
    with progress.step(f"checking {name}", len(checks), unit="checks") as step:
        for check in checks:
            outcomes.append(check.outcome())
            step.advance()
    return CheckReport(name, tuple(outcomes), problems, dict(Counter(outcome.result for outcome in outcomes)))


def _brought_by(registry: Registry, name: str) -> Iterator[Registered]:
    for entry in registry.stages:
        point = (
            entry.origin.removeprefix("entry point ").partition(" = ")[0]
            if entry.origin.startswith("entry point ")
            else ""
        )
        names = {entry.distribution, entry.distribution.removeprefix("file:"), entry.spec.name, point}
        if name in names or _is_file(entry.origin, name):
            yield entry


def _problems_of(registry: Registry, name: str) -> tuple[Problem, ...]:
    words = (f"{name} (", f"entry point {name} =", f"{name}, ", f", {name}")
    return tuple(
        problem
        for problem in registry.problems
        if problem.source == name
        or any(word in problem.source for word in words)
        or _is_file(problem.source, name)
    )


def _is_file(origin: str, name: str) -> bool:
    if not origin.startswith("file "):
        return False
    path = Path(origin.removeprefix("file "))
    return name == path.name or os.path.realpath(os.path.expanduser(name)) == str(path)
