"""Parameters of a stage as they are typed after ``--set``: the inverse of `mxt.registry.split_settings`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mxt.core.errors import MxtError
from mxt.core.specs import Kind
from mxt.registry.registry import Registry


def given_settings(
    registry: Registry,
    kind: Kind,
    name: str,
    params: Mapping[str, Any],
    defaults: Mapping[str, Any] | None = None,
) -> dict[str, str]:
    """The parameters that have to be given to make a stage again, as text.

    Parameters
    ----------
    registry : Registry
        Where the defaults are found.
    kind, name : str
        The stage. Where it is not installed, every parameter is given.
    params : mapping
        All its parameters, as they were stored.
    defaults : mapping, optional
        Defaults other than the stage's own: those that a backbone gives its renderer.

    Returns
    -------
    dict
        Name to text; a parameter without a value cannot be given and is left out.
    """
    try:
        usual = registry.find(kind, name).spec.parameters(defaults or {})
    except MxtError:
        usual = {}
    return {
        key: _text(value)
        for key, value in params.items()
        if value is not None and (key not in usual or usual[key] != _as_given(value))
    }


def _as_given(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value  # JSON knows no tuples


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
