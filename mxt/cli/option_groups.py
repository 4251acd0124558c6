"""Commands that take records of options: each field of a record is an option of the command line."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any, get_type_hints

LAST = ("store", "plugin", "as_json", "quiet")  # options that most commands have, in this order


def expanded(command: Callable[..., None]) -> Callable[..., None]:
    """A command as typer reads it: parameters annotated with a dataclass are replaced by its fields.

    Help lists options in the order of the parameters, but those that most commands have at the end.

    Examples
    --------
    >>> from mxt.cli.options import StoreOptions
    >>> def ls(at: StoreOptions, *, clips: bool = False) -> None: ...
    >>> list(inspect.signature(expanded(ls)).parameters)
    ['clips', 'store', 'as_json']
    """
    flat: list[Parameter] = []
    groups: dict[str, Any] = {}
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        group: Any = parameter.annotation
        if not dataclasses.is_dataclass(group):
            flat.append(parameter.replace(kind=Parameter.KEYWORD_ONLY))
            continue
        groups[parameter.name] = group
        hints = get_type_hints(group, include_extras=True)
        flat += [
            Parameter(field.name, Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name])
            for field in dataclasses.fields(group)
        ]

    @functools.wraps(command)
    def run(**values: Any) -> None:
        records = {
            name: group(**{field.name: values.pop(field.name) for field in dataclasses.fields(group)})
            for name, group in groups.items()
        }
        command(**records, **values)

    del run.__wrapped__
    flat.sort(key=lambda parameter: LAST.index(parameter.name) if parameter.name in LAST else -1)
    run.__signature__ = Signature(flat)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in flat}
    return run
