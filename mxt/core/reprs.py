"""Short representations of records with arrays: types and sizes instead of the numbers."""

from __future__ import annotations

import dataclasses
import reprlib
from collections.abc import Mapping, Sequence, Set
from typing import Any

MOST_ITEMS = 6  # of a sequence that are shown one by one


def short_repr(record: Any) -> str:
    """One line for any dataclass; use it with ``__repr__ = short_repr`` in the body of the class.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Scores:
    ...     names: tuple[str, ...]
    ...     __repr__ = short_repr
    >>> Scores(("a",)), Scores(("a",) * 1000)
    (Scores(names=('a')), Scores(names=<1,000 str>))
    """
    shown = (
        f"{field.name}={_shown(getattr(record, field.name))}"
        for field in dataclasses.fields(record)
        if field.repr
    )
    return f"{type(record).__name__}({', '.join(shown)})"


def _shown(value: Any) -> str:
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"<{value.dtype} {list(value.shape)}>"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return f"<{type(value).__name__}>"
    if isinstance(value, (str, bytes)) or not isinstance(value, (Mapping, Sequence, Set)):
        return reprlib.repr(value)
    if len(value) > MOST_ITEMS:
        return f"<{len(value):,} {type(next(iter(value))).__name__}>"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{reprlib.repr(key)}: {_shown(item)}" for key, item in value.items()) + "}"
    return f"({', '.join(map(_shown, value))})"
