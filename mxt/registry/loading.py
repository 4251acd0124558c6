"""Gathers stages: built-ins from an explicit list, entry points one by one, one-file plugins by path."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import Distribution, EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from mxt.core.errors import InputError, stage_failures
from mxt.core.hooks import ENTRY_POINT_GROUP, PROJECT, Hooks
from mxt.core.specs import KINDS, StageSpec
from mxt.core.text import shortened
from mxt.registry.folders import PluginFolder, read_folder, same_distribution
from mxt.registry.registry import BUILT_IN, Problem, Registered, Registry
from mxt.stages import builtin


@dataclass(frozen=True, slots=True)
class _Origin:
    """Who brings stages: what `Registered` says of them, but the spec."""

    distribution: str
    words: str
    file: Path | None = None
    module: str = ""
    source_sha256: str = ""
    editable: bool = False

    def __str__(self) -> str:
        return self.words if self.file else f"{self.distribution} ({self.words})"


@dataclass(slots=True)
class _Gathering:
    manager: pluggy.PluginManager
    found: list[Registered] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def blame(self, origin: _Origin, cause: object) -> None:
        text = f"{type(cause).__name__}: {cause}" if isinstance(cause, BaseException) else str(cause)
        if isinstance(
            cause, pluggy.PluginValidationError
        ):  # pluggy's words for a misspelt hook end in the module
            text = (
                text.partition(" in plugin <")[0].removeprefix("PluginValidationError: ")
                + "; there is one hook: mxt_stages"
            )
        self.problems.append(Problem(str(origin), text))


def build_registry(plugin_files: Sequence[Path] = ()) -> Registry:
    """Load every plugin and return what they bring.

    A plugin that is broken, misspelt or clashes is contained: the others work, and `Registry.problems` has
    its cause.

    Parameters
    ----------
    plugin_files : sequence of Path
        One-file plugins and folders of packages (``--plugin FILE.py``, ``--plugin FOLDER``); such a package
        takes the place of its installed self.

    Raises
    ------
    InputError
        A one-file plugin that does not exist, or a folder that is none of a plugin: it was asked for by name.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    gathering = _Gathering(manager)
    _register(gathering, _Origin("mxt", BUILT_IN), builtin)
    paths = sorted({Path(os.path.realpath(file.expanduser())) for file in plugin_files})
    folders = [read_folder(path) for path in paths if os.path.isdir(path)]
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda p: (p.name, p.value)):
        if not any(same_distribution(_distribution(point), folder.distribution) for folder in folders):
            _load_entry_point(gathering, point)
    for folder in folders:
        _load_folder(gathering, folder)
    for path in paths:
        if not os.path.isdir(path):
            _load_file(gathering, path)
    return _without_clashes(gathering)


def _load_entry_point(gathering: _Gathering, point: EntryPoint) -> None:
    origin = _Origin(_distribution(point), f"entry point {point.name} = {point.value}")
    try:
        origin = replace(origin, editable=point.dist is not None and _is_editable(point.dist))
        plugin = point.load()
    except stage_failures() as error:
        gathering.blame(origin, error)
        return
    _register(gathering, origin, plugin)


def _distribution(point: EntryPoint) -> str:
    """The name of the package that brings an entry point; its metadata may be gone."""
    names = point.dist.metadata.get_all("Name") if point.dist and point.dist.metadata else None
    return str(names[0]) if names else "an unknown distribution"


def _load_folder(gathering: _Gathering, folder: PluginFolder) -> None:
    """Load a package's entry points as if it were installed to be edited: its modules come before others of their names."""
    if str(folder.modules) not in sys.path:
        sys.path.insert(0, str(folder.modules))
        importlib.invalidate_caches()
    for point in folder.points:
        origin = _Origin(folder.distribution, f"entry point {point.name} = {point.value}", editable=True)
        try:
            plugin = point.load()
        except stage_failures() as error:
            gathering.blame(origin, error)
            continue
        _register(gathering, origin, plugin)


def _is_editable(dist: Distribution) -> bool:
    """True where the installed code may be edited in place: said so by its installer, or it has no list of files."""
    if text := dist.read_text("direct_url.json"):
        return bool(json.loads(text).get("dir_info", {}).get("editable", False))
    return dist.read_text("RECORD") is None


def _load_file(gathering: _Gathering, path: Path) -> None:
    """Run a one-file plugin as a module of its own.

    The module's name holds the hash of the text that is run, so that an edited file is another module;
    Python's bytecode cache, which takes a file of equal size and second for unchanged, is not asked.
    """
    if not os.path.isfile(path):
        raise InputError(f"--plugin {shortened(str(path))}: there is no such file")
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(f"--plugin {shortened(str(path))} cannot be read: {error.strerror}") from error
    digest = hashlib.sha256(text).hexdigest()
    name = f"mxt_plugin_{re.sub(r'[^0-9A-Za-z_]', '_', path.stem)}_{digest[:16]}"
    origin = _Origin(f"file:{path.name}", f"file {path}", file=path, module=name, source_sha256=digest)
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        exec(compile(text, str(path), "exec"), module.__dict__)
    except stage_failures() as error:
        del sys.modules[name]
        gathering.blame(origin, error)
        return
    _register(gathering, origin, module)


def _register(gathering: _Gathering, origin: _Origin, plugin: Any) -> None:
    """Register one plugin, look for misspelt hooks, call its hook, keep its valid specs."""
    manager, key = gathering.manager, str(origin)
    try:
        manager.register(plugin, key)
        manager.check_pending()
        others = [other for other in manager.get_plugins() if other is not plugin]
        answers = manager.subset_hook_caller("mxt_stages", others)()
        specs = [spec for answer in answers for spec in answer]
    except stage_failures() as error:
        if manager.has_plugin(key):
            manager.unregister(name=key)
        gathering.blame(origin, error)
        return
    if not answers:
        gathering.blame(origin, "it has no hook mxt_stages (is @hookimpl above it?)")
    for spec in specs:
        _keep(gathering, origin, spec)


def _keep(gathering: _Gathering, origin: _Origin, spec: object) -> None:
    if not isinstance(spec, StageSpec):
        gathering.blame(origin, f"mxt_stages returned {spec!r}, which is no StageSpec")
        return
    try:
        spec = _with_own_module(spec, origin.module)
        if wrong := spec.problems():
            gathering.blame(origin, f"{spec.kind} {spec.name!r}: " + "; ".join(wrong))
            return
        source = _package_of(spec.target) if origin.editable else origin.file
    except stage_failures() as error:
        gathering.blame(origin, error)
        return
    gathering.found.append(
        Registered(
            spec=spec,
            distribution=origin.distribution,
            origin=origin.words,
            source=source,
            source_sha256=origin.source_sha256,
        )
    )


def _with_own_module(spec: StageSpec, module: str) -> StageSpec:
    """In a one-file plugin, ``":Class"`` means the file itself."""
    if not module:
        return spec
    if spec.target.startswith(":"):
        spec = replace(spec, target=module + spec.target)
    if spec.resolve is not None and spec.resolve.startswith(":"):
        spec = replace(spec, resolve=module + spec.resolve)
    return spec


def _package_of(target: str) -> Path:
    """Folder of the package that holds `target`, or the file of its module where it is in none; nothing is imported."""
    module = target.partition(":")[0]
    found = importlib.util.find_spec(module.partition(".")[0])
    if found is None or importlib.util.find_spec(module) is None:
        raise ModuleNotFoundError(f"No module named {module!r}")
    if found.submodule_search_locations:
        return Path(next(iter(found.submodule_search_locations)))
    return Path(found.origin or "")


def _without_clashes(gathering: _Gathering) -> Registry:
    by_name: dict[tuple[str, str], list[Registered]] = defaultdict(list)
    for entry in gathering.found:
        by_name[entry.spec.kind, entry.spec.name].append(entry)
    clashes = {key: _clash(entries) for key, entries in by_name.items() if len(entries) > 1}
    problems = [
        *gathering.problems,
        *(_clash_problem(by_name[key], message) for key, message in clashes.items()),
    ]
    order = {kind: place for place, kind in enumerate(KINDS)}
    kept = [entries[0] for entries in by_name.values() if len(entries) == 1]
    return Registry(
        stages=tuple(sorted(kept, key=lambda entry: (order[entry.spec.kind], entry.spec.name))),
        problems=tuple(sorted(problems, key=lambda problem: (problem.source, problem.cause))),
        clashes=clashes,
    )


def _names(entries: Iterable[Registered]) -> list[str]:
    return sorted(f"{entry.distribution} ({entry.origin})" for entry in entries)


def _clash(entries: Sequence[Registered]) -> str:
    spec = entries[0].spec
    return f"{spec.kind} {spec.name!r} is brought by {' and by '.join(_names(entries))}; rename or uninstall one of them"


def _clash_problem(entries: Sequence[Registered], message: str) -> Problem:
    return Problem(", ".join(sorted(entry.distribution for entry in entries)), message)
