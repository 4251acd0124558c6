"""The registry: it finds a stage by kind and name, checks its parameters, and imports it when it is used."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from mxt.core.errors import MxtError, PluginError, UnknownName, UsageError, nearest, stage_failures
from mxt.core.identity import canonical_json, sha256_file, sha256_text
from mxt.core.pipeline import Chosen
from mxt.core.specs import KINDS, Kind, StageSpec
from mxt.registry.origin import BUILT_IN, Origin


@dataclass(frozen=True, slots=True)
class Registered:
    """A stage and who brought it.

    Parameters
    ----------
    spec : StageSpec
        What it says of itself, before any parameter is known.
    origin : Origin
        Who brings it.
    source : Path, optional
        What may be edited in place, the file of a one-file plugin or the package of an editable install:
        the hash of its code joins the fingerprint.
    """

    spec: StageSpec
    origin: Origin = BUILT_IN
    source: Path | None = None

    @property
    def distribution(self) -> str:
        """The package that brings it; ``file:NAME.py`` for a one-file plugin."""
        return self.origin.distribution

    @property
    def options(self) -> tuple[str, ...]:
        """Options by which a command finds the stage: ``--plugin`` and its file; none if it is installed."""
        return ("--plugin", str(self.origin.path)) if self.origin.path else ()

    def __str__(self) -> str:
        return f"{self.spec.kind} {self.spec.name!r} ({self.distribution})"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a plugin. It is contained and listed.

    Parameters
    ----------
    origins : tuple of Origin
        Whose it is: several where they clash.
    cause : str
        What is wrong, in a sentence.
    """

    origins: tuple[Origin, ...]
    cause: str

    @property
    def source(self) -> str:
        """Whose it is, in words; of those that clash just the names, since the cause says where they are."""
        if len(self.origins) == 1:
            return str(self.origins[0])
        return ", ".join(sorted(origin.distribution for origin in self.origins))

    def __str__(self) -> str:
        return f"{self.source}: {self.cause}"


@dataclass(frozen=True, slots=True)
class Registry:
    """All stages that can be used.

    Parameters
    ----------
    stages : tuple of Registered
        Sorted by kind (in the order of the work) and name.
    problems : tuple of Problem
        Plugins that are broken, have a misspelt hook, or clash; sorted.
    clashes : mapping
        ``(kind, name)`` that several plugins bring, to a message that names them all.
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
            There is none; similar names are listed.
        PluginError
            Several plugins bring a stage of this name.
        """
        if message := self.clashes.get((kind, name)):
            raise PluginError(message)
        for entry in self.stages:
            if (entry.spec.kind, entry.spec.name) == (kind, name):
                return entry
        hints = [f"(not loaded: {self.problems[0]})"] if self.problems else []
        hints += ["(more in mxt plugins)"] if len(self.problems) > 1 else []
        known = self.names(kind)
        if kind == "backbone" and not nearest(name, known):
            hints.append(_way_to(name))
        what = "data set loader" if kind == "dataset" else kind
        raise UnknownName(what, name, known, hint=" ".join(hints))

    def choose(self, kind: Kind, name: str, params: Mapping[str, Any], weights: str | None = None) -> Chosen:
        """A stage with checked parameters, and its spec as resolved for them.

        Parameters
        ----------
        kind, name : str
            Which stage.
        params : mapping
            Parameters that differ from their defaults; text is parsed.
        weights : str, optional
            Name of the weight set (``None``: the default one).

        Raises
        ------
        UsageError
            A parameter or weight set that does not exist, has a wrong value, or does not apply.
        PluginError
            The code of the stage fails, or its resolved spec is invalid.
        """
        entry = self.find(kind, name)
        checked = entry.spec.parameters(params)
        if weights is not None:
            entry.spec.weight_set(weights)
        spec = _resolve(entry, checked, weights)
        known = {param.name for param in spec.params}
        for param in params:
            if param not in known:
                used = f" with weights {weights}" if weights else ""
                raise UsageError(f"parameter {param} does not apply to {kind} {name}{used}")
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
            It cannot be imported or made; the message names the stage, its package and the cause.
        """
        spec, what = chosen.spec, f"{chosen.spec.kind} {chosen.spec.name!r} ({chosen.distribution})"
        factory = _import_target(spec.target, what)
        with blame(f"{what} cannot be made"):
            return factory(**chosen.params)

    def create(self, kind: Kind, name: str, params: Mapping[str, Any] | None = None) -> Any:
        """`choose`, then `build`."""
        return self.build(self.choose(kind, name, params or {}))


def kind_named(text: str) -> Kind:
    """The kind of stage that `text` names, in the singular or the plural.

    Raises
    ------
    UnknownName
        No such kind.

    Examples
    --------
    >>> kind_named("backbones"), kind_named("head")
    ('backbone', 'head')
    """
    for kind in KINDS:
        if text.lower() in (kind, f"{kind}s"):
            return kind
    raise UnknownName("kind of stage", text, [f"{kind}s" for kind in KINDS])


def _way_to(backbone: str) -> str:
    """How a network that mxt does not bring is used."""
    word = re.sub(r"\W+", "_", PurePath(backbone).stem).strip("_").lower()
    plugin = word if word.isidentifier() else "mynet"
    return (
        f"(another network is used by a plugin, which mxt plugins new {plugin} --one-file begins; "
        f"features computed elsewhere by mxt import FILE --as {plugin})"
    )


class blame:
    """Turn what a plugin's code raises into a `PluginError` with `message`; errors of mxt itself pass."""

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
    function = _import_target(entry.spec.resolve, str(entry))
    with blame(f"{entry} cannot be resolved for {dict(params)}"):
        spec = function(entry.spec, dict(params), weights)
    if not isinstance(spec, StageSpec) or (spec.kind, spec.name) != (entry.spec.kind, entry.spec.name):
        raise PluginError(f"{entry}: {entry.spec.resolve} did not return a spec of this stage")
    spec.check()
    return spec


def _import_target(target: str, what: str) -> Any:
    module, _, attribute = target.partition(":")
    with blame(f"{what} cannot be loaded from {target}"):
        value: Any = importlib.import_module(module)
        for word in attribute.split("."):
            value = getattr(value, word)
        return value


def _source_hash(entry: Registered) -> str:
    if entry.origin.source_sha256 or entry.source is None:
        return entry.origin.source_sha256
    with blame(f"{entry}: its module cannot be read"):
        return _hash_of_code(entry.source)


def _hash_of_code(source: Path) -> str:
    """Hash of a module, or of all modules of a package: a stage may depend on those beside it."""
    if not source.is_dir():
        return sha256_file(source)
    modules = {str(path.relative_to(source)): sha256_file(path) for path in sorted(source.rglob("*.py"))}
    return sha256_text(canonical_json(modules))
