"""Loading of stages: built-ins from a list, entry points one by one, one-file plugins by path."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import Distribution, EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from mxt.core.errors import InputError, MxtError, PluginError, stage_failures
from mxt.core.hooks import ENTRY_POINT_GROUP, PROJECT, Hooks
from mxt.core.specs import KINDS, StageSpec
from mxt.core.text import shortened
from mxt.registry.folders import PluginFolder, read_folder, same_distribution
from mxt.registry.origin import BUILT_IN, Origin
from mxt.registry.registry import Problem, Registered, Registry
from mxt.stages import builtin


@dataclass(slots=True)
class _Gathering:
    manager: pluggy.PluginManager
    stages: list[Registered] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def blame(self, origin: Origin, cause: object) -> None:
        foreign = isinstance(cause, BaseException) and not isinstance(cause, MxtError)
        self.problems.append(
            Problem((origin,), f"{type(cause).__name__}: {cause}" if foreign else str(cause))
        )


def build_registry(plugin_files: Sequence[Path] = ()) -> Registry:
    """Load every plugin, and return all stages.

    A plugin that is broken, has a misspelt hook, or clashes with another is contained: the others work, and
    `Registry.problems` says what is wrong with it.

    Parameters
    ----------
    plugin_files : sequence of Path
        One-file plugins and folders of packages (``--plugin FILE.py``, ``--plugin FOLDER``); such a package
        takes the place of its installed self.

    Raises
    ------
    InputError
        A one-file plugin that does not exist, or a folder without a plugin: these were asked for by name.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    gathering = _Gathering(manager)
    _register(gathering, BUILT_IN, builtin)
    paths = sorted({Path(os.path.realpath(file.expanduser())) for file in plugin_files})
    folders = [read_folder(path) for path in paths if os.path.isdir(path)]
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda p: (p.name, p.value)):
        distribution = _distribution(point)
        if not any(same_distribution(distribution, folder.distribution) for folder in folders):
            _load_entry_point(gathering, point, distribution)
    for folder in folders:
        _load_folder(gathering, folder)
    for path in paths:
        if not os.path.isdir(path):
            _load_file(gathering, path)
    return _without_clashes(gathering)


def _load_entry_point(gathering: _Gathering, point: EntryPoint, distribution: str) -> None:
    """Load what `point` names; one without an installed package comes from a folder that may be edited."""
    origin = Origin("entry point", distribution, point=point.name, value=point.value)
    try:
        editable = point.dist is None or _is_editable(point.dist)
        origin = replace(origin, module=point.module, editable=editable)
        plugin = point.load()
    except stage_failures() as error:
        gathering.blame(origin, error)
        return
    _register(gathering, origin, plugin)


def _distribution(point: EntryPoint) -> str:
    """The name of the package that brings an entry point; its metadata may be gone."""
    try:
        names = point.dist.metadata.get_all("Name") if point.dist and point.dist.metadata else None
    except FileNotFoundError:  # of the package importlib_metadata, where another package brings it
        names = None
    return str(names[0]) if names else "an unknown distribution"


def _load_folder(gathering: _Gathering, folder: PluginFolder) -> None:
    """Load a package's entry points; its modules come before others of the same names."""
    if str(folder.modules) not in sys.path:
        sys.path.insert(0, str(folder.modules))
        importlib.invalidate_caches()
    for point in folder.points:
        _load_entry_point(gathering, point, folder.distribution)


def _is_editable(dist: Distribution) -> bool:
    """Whether the installed code may be edited in place: its installer says so, or left no list of files."""
    if text := dist.read_text("direct_url.json"):
        return bool(json.loads(text).get("dir_info", {}).get("editable", False))
    return dist.read_text("RECORD") is None


def _load_file(gathering: _Gathering, path: Path) -> None:
    """Run a one-file plugin as a module of its own.

    The module's name holds the hash of the text that is run, so that an edited file is another module;
    Python's bytecode cache is not used: it takes a file of the same size and second for unchanged.
    """
    if not os.path.isfile(path):
        raise InputError(f"--plugin {shortened(str(path))}: no such file")
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(f"--plugin {shortened(str(path))} cannot be read: {error.strerror}") from error
    digest = hashlib.sha256(text).hexdigest()
    name = f"mxt_plugin_{re.sub(r'[^0-9A-Za-z_]', '_', path.stem)}_{digest[:16]}"
    origin = Origin.of_file(path, name, digest)
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


def _register(gathering: _Gathering, origin: Origin, plugin: Any) -> None:
    """Register one plugin, look for misspelt hooks, call its hook, keep its valid specs."""
    manager, key = gathering.manager, str(origin)
    try:
        manager.register(plugin, key)
        if misspelt := _unknown_hooks(manager, plugin):
            raise PluginError(f"unknown hook {misspelt}; there is one hook: mxt_stages")
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


def _unknown_hooks(manager: pluggy.PluginManager, plugin: Any) -> str:
    """Hooks that `plugin` implements and that mxt does not have, probably misspelt."""
    callers = manager.get_hookcallers(plugin) or ()
    return ", ".join(repr(caller.name) for caller in callers if not caller.has_spec())


def _keep(gathering: _Gathering, origin: Origin, spec: object) -> None:
    if not isinstance(spec, StageSpec):
        gathering.blame(origin, f"mxt_stages returned {spec!r}, which is not a StageSpec")
        return
    try:
        spec = _with_own_module(spec, origin)
        if wrong := spec.problems():
            gathering.blame(origin, f"{spec.kind} {spec.name!r}: " + "; ".join(wrong))
            return
        source = origin.path or (_package_of(spec.target) if origin.editable else None)
    except stage_failures() as error:
        gathering.blame(origin, error)
        return
    gathering.stages.append(Registered(spec, origin, source))


def _with_own_module(spec: StageSpec, origin: Origin) -> StageSpec:
    """In a one-file plugin, ``":Class"`` means the file itself."""
    if origin.kind != "file":
        return spec
    if spec.target.startswith(":"):
        spec = replace(spec, target=origin.module + spec.target)
    if spec.resolve is not None and spec.resolve.startswith(":"):
        spec = replace(spec, resolve=origin.module + spec.resolve)
    return spec


def _package_of(target: str) -> Path:
    """Folder of the package that holds `target`, or the file of a module outside packages."""
    module = target.partition(":")[0]
    top = importlib.util.find_spec(module.partition(".")[0])
    if top is None or importlib.util.find_spec(module) is None:
        raise ModuleNotFoundError(f"No module named {module!r}")
    if top.submodule_search_locations:
        return Path(next(iter(top.submodule_search_locations)))
    return Path(top.origin or "")


def _without_clashes(gathering: _Gathering) -> Registry:
    by_name: dict[tuple[str, str], list[Registered]] = defaultdict(list)
    for entry in gathering.stages:
        by_name[entry.spec.kind, entry.spec.name].append(entry)
    clashing = {key: entries for key, entries in by_name.items() if len(entries) > 1}
    clashes = {key: _clash(entries) for key, entries in clashing.items()}
    problems = [
        *gathering.problems,
        *(
            Problem(tuple(entry.origin for entry in entries), clashes[key])
            for key, entries in clashing.items()
        ),
    ]
    order = {kind: position for position, kind in enumerate(KINDS)}
    kept = [entries[0] for entries in by_name.values() if len(entries) == 1]
    return Registry(
        stages=tuple(sorted(kept, key=lambda entry: (order[entry.spec.kind], entry.spec.name))),
        problems=tuple(sorted(problems, key=str)),
        clashes=clashes,
    )


def _clash(entries: Sequence[Registered]) -> str:
    # two files of one name differ in their folders only
    who = sorted(f"{entry.distribution} ({entry.origin.where})" for entry in entries)
    spec = entries[0].spec
    return f"{spec.kind} {spec.name!r} is brought by {' and by '.join(who)}; rename or uninstall one of them"
