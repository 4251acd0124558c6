"""How a derived data set is told from an ingested one, and its derivation as it is typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mxt.core.records import DatasetRecord

DERIVED = "derived"  # in place of a loader's name
POSITIONAL = {"min-class-size": "size", "classes": "names", "without": "file", "nsynth": "subset"}


def is_derived(record: DatasetRecord) -> bool:
    """Whether a data set was made of another one."""
    return record.loader == DERIVED


def words_of(kind: str, options: Mapping[str, Any]) -> list[str]:
    """A derivation in the words of ``mxt derive``, without data set and name.

    Examples
    --------
    >>> words_of("excerpt", {"start": 30.0, "length": 30.0}), words_of("classes", {"names": ("a", "b"), "target": None})
    (['excerpt', '--start', '30', '--length', '30'], ['classes', 'a,b'])
    """
    first = POSITIONAL.get(kind)
    words = [kind] if first is None else [kind, _text(options[first])]
    for name, value in options.items():
        if name != first and value not in (None, "", ()):
            words += [f"--{name}", _text(value)]
    return words


def options_of(params: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a derivation as they were given: JSON has made lists of tuples."""
    return {
        key: tuple(value) if isinstance(value, list) else value for key, value in params["options"].items()
    }


def derive_words(record: DatasetRecord) -> list[str]:
    """The command that makes a derived data set."""
    params = record.params
    how = words_of(str(params["kind"]), options_of(params))
    return ["mxt", "derive", *how, "--dataset", str(params["parent"]), "--name", record.name]


def _text(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ",".join(map(_text, value))
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
