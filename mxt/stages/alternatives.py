"""Parameters that have a meaning only for one choice of another parameter."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from mxt.core.errors import UsageError
from mxt.core.specs import StageSpec


def refuse_others(
    spec: StageSpec, params: Mapping[str, Any], choice: str, names: Mapping[str, Collection[str]]
) -> None:
    """Refuse what belongs to a choice that was not made.

    Parameters
    ----------
    spec : StageSpec
        The stage.
    params : mapping
        All its parameters, checked.
    choice : str
        The parameter that decides.
    names : mapping
        The parameters that belong to each of its values.

    Raises
    ------
    UsageError
        One of them differs from its default, and another value was chosen.
    """
    for value, belonging in names.items():
        changed = [name for name in spec.changed(params) if name in belonging]
        if changed and params[choice] != value:
            needs = f"{changed[0]} of {spec.name} needs --set {choice}={value}"
            raise UsageError(f"{needs}; the {choice} is {params[choice]}")
