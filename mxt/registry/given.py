"""What a command has to name to get a stage again: parameters that are not the defaults, and plugin files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mxt.core.errors import MxtError
from mxt.core.specs import Kind
from mxt.registry.registry import Registry


def given_params(
    registry: Registry,
    kind: Kind,
    name: str,
    params: Mapping[str, Any],
    defaults: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The parameters that have to be given to make a stage again.

    Parameters
    ----------
    registry : Registry
        Where the defaults are found.
    kind, name : str
        The stage. Where it is not installed, every parameter has to be given.
    params : mapping
        All its parameters, as they were stored.
    defaults : mapping, optional
        Defaults other than the stage's own: those that a backbone gives its renderer.

    Returns
    -------
    dict
        Name to value; a parameter whose value is ``None`` cannot be given and is left out.
    """
    try:
        usual = registry.find(kind, name).spec.parameters(defaults or {})
    except MxtError:
        usual = {}
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in params.items()}
    return {
        key: value
        for key, value in values.items()
        if value is not None and (key not in usual or usual[key] != value)
    }


def plugin_files(registry: Registry, *stages: tuple[Kind, str]) -> tuple[Path, ...]:
    """The one-file plugins that bring any of these stages, by kind and name; for ``--plugin``."""
    origins = [entry.origin for entry in registry.stages if (entry.spec.kind, entry.spec.name) in stages]
    return tuple(dict.fromkeys(origin.path for origin in origins if origin.path))
