"""The registry: finds a stage by kind and name, checks its parameters, imports it when it is used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mxt.core.errors import MxtError, PluginError, UnknownName, UsageError, stage_failures
from mxt.core.identity import canonical_json, sha256_file, sha256_text
from mxt.core.pipeline import Chosen
from mxt.core.specs import KINDS, Kind, StageSpec

BUILT_IN = "built-in"


@dataclass(frozen=True, slots=True)
class Registered:
    """A stage and who brought it.

    Parameters
    ----------
    spec : StageSpec
        What it says of itself, before any parameter is known.
    distribution : str
        The package that brings it; ``file:NAME.py`` for a one-file plugin.
    origin : str
        ``"built-in"``, ``"entry point NAME = package.module"`` or ``"file PATH"``.
    source : Path, optional
        What may be edited in place, the file of a one-file plugin or the package of an editable
        install: the hash of its code joins the fingerprint.
    source_sha256 : str
        Hash of what was loaded, where that is known better than by reading `source` again.
    """

    spec: StageSpec
    distribution: str = "mxt"
    origin: str = BUILT_IN
    source: Path | None = None
    source_sha256: str = ""

    @property
    def options(self) -> tuple[str, ...]:
        """What a command needs to find the stage: ``--plugin`` and its file; nothing where it is installed."""
        return ("--plugin", str(self.source)) if self.distribution.startswith("file:") else ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a plugin: who, and why. It is contained and listed."""

    source: str
    cause: str


@dataclass(frozen=True, slots=True)
class Registry:
    """All stages that can be used.

    Parameters
    ----------
    stages : tuple of Registered
        Sorted by kind (in the order of the work) and name.
    problems : tuple of Problem
        Of plugins that are broken, misspelt or clash; sorted.
    clashes : mapping
        ``(kind, name)`` that several bring, to the message that names them all.
    """

    stages: tuple[Registered, ...] = ()
    problems: tuple[Problem, ...] = ()
    clashes: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def names(self, kind: Kind) -> list[str]:
        """Names of the stages of `kind`, sorted."""
        return sorted(entry.spec.name for entry in self.stages if entry.spec.kind == kind)

    def find(self, kind: Kind, name: str) -> Registered:
        """The stage of `kind` called `name`.

        Raises
        ------
        UnknownName
            There is none; the nearest are listed.
        PluginError
            Several plugins bring one of this name.
        """
        if message := self.clashes.get((kind, name)):
            raise PluginError(message)
        for entry in self.stages:
            if (entry.spec.kind, entry.spec.name) == (kind, name):
                return entry
        hint = f"(not loaded: {self.problems[0].source}: {self.problems[0].cause})" if self.problems else ""
        hint += " (more in mxt plugins)" if len(self.problems) > 1 else ""
        raise UnknownName("data set loader" if kind == "dataset" else kind, name, self.names(kind), hint=hint)

    def choose(self, kind: Kind, name: str, params: Mapping[str, Any], weights: str | None = None) -> Chosen:
        """A stage with checked parameters, its spec resolved for them.

        Parameters
        ----------
        kind, name : str
            Which stage.
        params : mapping
            Those given; text is parsed. The others take their defaults.
        weights : str, optional
            Name of the weight set (``None``: the default one).

        Raises
        ------
        UsageError
            A parameter or weight set it does not have, does not fit, or does not apply here.
        PluginError
            The stage's own code fails, or its resolved spec is not valid.
        """
        entry = self.find(kind, name)
        checked = entry.spec.parameters(params)
        if weights is not None:
            entry.spec.weight_set(weights)
        spec = _resolve(entry, checked, weights)
        for given in params:
            if given not in {param.name for param in spec.params}:
                used = f" with weights {weights}" if weights else ""
                raise UsageError(f"parameter {given} does not apply to {kind} {name}{used}")
        kept = spec.parameters(
            {param.name: checked[param.name] for param in spec.params if param.name in checked}
        )
        return Chosen(
            spec=spec, params=kept, distribution=entry.distribution, source_sha256=_source_hash(entry)
        )

    @staticmethod
    def build(chosen: Chosen) -> Any:
        """The stage object: a frozen dataclass of its parameters.

        Raises
        ------
        PluginError
            It cannot be imported or made; names the stage, who brings it, and the cause.
        """
        spec, what = chosen.spec, f"{chosen.spec.kind} {chosen.spec.name!r} ({chosen.distribution})"
        factory = _import_target(spec.target, what)
        with blame(f"{what} cannot be made"):
            return factory(**chosen.params)

    def create(self, kind: Kind, name: str, params: Mapping[str, Any] | None = None) -> Any:
        """`choose`, then `build`."""
        return self.build(self.choose(kind, name, params or {}))


def kind_named(text: str) -> Kind:
    """The kind that `text` names, singular or plural.

    Raises
    ------
    UnknownName
        It names none.

    Examples
    --------
    >>> kind_named("backbones"), kind_named("head")
    ('backbone', 'head')
    """
    for kind in KINDS:
        if text.lower() in (kind, f"{kind}s"):
            return kind
    raise UnknownName("kind of stage", text, [f"{kind}s" for kind in KINDS])


class blame:
    """Turns what a plugin's code raises into a `PluginError` that begins with `message`; mxt's own errors pass."""

    def __init__(self, message: str) -> None:
        self.message = message

    def __enter__(self) -> None:
        pass

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, stage_failures()) and not isinstance(error, MxtError):
            raise PluginError(f"{self.message}: {type(error).__name__}: {error}") from error


def _resolve(entry: Registered, params: Mapping[str, Any], weights: str | None) -> StageSpec:
    if entry.spec.resolve is None:
        return entry.spec
    what = f"{entry.spec.kind} {entry.spec.name!r} ({entry.distribution})"
    function = _import_target(entry.spec.resolve, what)
    with blame(f"{what} cannot be resolved for {dict(params)}"):
        found = function(entry.spec, dict(params), weights)
    if not isinstance(found, StageSpec) or (found.kind, found.name) != (entry.spec.kind, entry.spec.name):
        raise PluginError(f"{what}: {entry.spec.resolve} returned no spec of this stage")
    found.check()
    return found


def _import_target(target: str, what: str) -> Any:
    module, _, attribute = target.partition(":")
    with blame(f"{what} cannot be loaded from {target}"):
        found: Any = importlib.import_module(module)
        for word in attribute.split("."):
            found = getattr(found, word)
        return found


def _source_hash(entry: Registered) -> str:
    if entry.source_sha256 or entry.source is None:
        return entry.source_sha256
    with blame(f"{entry.spec.kind} {entry.spec.name!r} ({entry.distribution}): its module cannot be read"):
        return _hash_of_code(entry.source)


def _hash_of_code(source: Path) -> str:
    """Hash of a module's file, or of all modules of a package: a network's tensors may lie beside its stage."""
    if not source.is_dir():
        return sha256_file(source)
    return sha256_text(
        canonical_json(
            {str(path.relative_to(source)): sha256_file(path) for path in sorted(source.rglob("*.py"))}
        )
    )
