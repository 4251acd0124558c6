"""Who brings stages, what is wrong with them, and the contract checks of an author's own."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mxt.core.errors import InputError, PluginError, UnknownName
from mxt.core.progress import SILENT, Progress
from mxt.core.specs import Kind
from mxt.registry import BUILT_IN, Origin, Problem, Registry
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
    origin : Origin
        Where its code lies, and whether it may be edited there.
    stages : mapping
        Kind to the names of its stages of that kind.
    to_check : str
        The argument by which ``mxt plugins check`` knows it: its name, or its file.
    """

    name: str
    version: str
    origin: Origin
    stages: Mapping[Kind, tuple[str, ...]]
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
    by_origin: dict[Origin, dict[Kind, list[str]]] = {}
    for entry in registry.stages:
        by_origin.setdefault(entry.origin, {}).setdefault(entry.spec.kind, []).append(entry.spec.name)
    lines = [
        PluginLine(
            name=origin.distribution,
            version=_version(origin.distribution),
            origin=origin,
            stages={kind: tuple(names) for kind, names in by_kind.items()},
            to_check=str(origin.path or origin.distribution),
        )
        for origin, by_kind in by_origin.items()
    ]
    lines.sort(key=lambda line: (line.origin != BUILT_IN, line.name, line.origin.where))
    return PluginList(tuple(lines), registry.problems)


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
        Nothing is called so; no such sample.
    PluginError
        It could not be loaded at all.
    """
    if sample is not None and not sample.is_dir():
        raise InputError(f"--sample {sample}: no such folder")
    stages = [entry for entry in registry.stages if entry.spec.name == name or _is_called(entry.origin, name)]
    problems = tuple(
        problem
        for problem in registry.problems
        if any(_is_called(origin, name) for origin in problem.origins)
    )
    if not stages and problems:
        raise PluginError("; ".join(map(str, problems)))
    if not stages:
        known = {name for entry in registry.stages for name in (entry.distribution, entry.spec.name)}
        raise UnknownName("plugin or stage", name, known)
    checks = [check for entry in stages for check in checks_for(entry, registry, sample=sample)]
    outcomes = []
    with progress.step(f"checking {name}", len(checks), unit="checks") as step:
        for check in checks:
            outcomes.append(check.outcome())
            step.advance()
    return CheckReport(name, tuple(outcomes), problems, dict(Counter(outcome.result for outcome in outcomes)))


def _is_called(origin: Origin, name: str) -> bool:
    """Whether `name` is a distribution, an entry point or a file, by its name or its path."""
    return name in origin.names or (
        origin.path is not None and os.path.realpath(os.path.expanduser(name)) == str(origin.path)
    )
