"""What a command has to name to get a stage again: parameters that are not the defaults, and plugin files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mxt.core.errors import MxtError
from mxt.core.specs import Kind
from mxt.registry.registry import Registry


def given_params(registry: Registry, kind: Kind, name: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters that differ from the stage's defaults; all of them where the stage is not installed."""
    try:
        defaults = {param.name: param.default for param in registry.find(kind, name).spec.params}
    except MxtError:
        defaults = {}
    plain = {key: tuple(value) if isinstance(value, list) else value for key, value in params.items()}
    return {
        key: value
        for key, value in plain.items()
        if value is not None and (key not in defaults or defaults[key] != value)
    }


def plugin_files(registry: Registry, *stages: tuple[Kind, str]) -> tuple[str, ...]:
    """Files of one's own that bring some of these stages, for ``--plugin``."""
    entries = [entry for entry in registry.stages if (entry.spec.kind, entry.spec.name) in stages]
    return tuple(dict.fromkeys(file for entry in entries for file in entry.options[1:]))
