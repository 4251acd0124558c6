"""The parameters of a stage: typed, checked, with defaults, ranges and help."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mxt.core.errors import UsageError

ParamType = Literal["bool", "int", "float", "str", "choice", "path", "list", "model"]
MOST_EXACT = 2**53  # larger whole numbers are not exact as floats
PARAM_TYPES: tuple[ParamType, ...] = ("bool", "int", "float", "str", "choice", "path", "list", "model")


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of a stage: it becomes ``--set``, provenance and fingerprint.

    Parameters
    ----------
    name : str
        A Python identifier; the stage's dataclass has a field of this name.
    type : {"bool", "int", "float", "str", "choice", "path", "list", "model"}
        The closed list of types. A list holds numbers (``item="float"``) or words (``item="str"``). A model
        is where a network lies (``--model``): its files (`StageSpec.files`), not their place, identify it.
    default : object
        Value when not given; ``None`` only where the help says what that means.
    help : str
        One line with the unit.
    choices : tuple of str
        The values to choose from: needed for ``choice``, checked for every type, and for all items of a list.
    minimum, maximum : float, optional
        Inclusive range of numbers; default: all finite ones, of whole numbers those up to `MOST_EXACT`.
    item : {"float", "str"}
        What a list holds.
    added : bool
        Whether the stage was in use before it had this parameter. The value that does what the stage did
        before then stays out of the fingerprint, so that features computed before are still found.
    before : object
        That value, where it is not the default.
    """

    name: str
    type: ParamType
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    item: Literal["float", "str"] = "float"
    added: bool = False
    before: Any = None

    @property
    def earlier(self) -> Any:
        """The value that does what an `added` parameter's stage did before it."""
        return self.default if self.before is None else self.before

    def check(self, value: object) -> Any:
        """Return `value` as this parameter's type; text is parsed.

        Raises
        ------
        UsageError
            The value is of another type or out of range.
        """
        if value is None and self.default is None:
            return None
        try:
            checked = self._convert(value)
            self._check_choice(checked)
        except (TypeError, ValueError, OverflowError):
            raise UsageError(f"{self.name} is {self._expected()}, not {value!r}") from None
        self._check_range(checked, value)
        return checked

    def _convert(self, value: object) -> Any:
        if self.type == "bool":
            return _to_bool(value)
        if self.type in ("int", "float"):
            return _to_number(value, whole=self.type == "int")
        if self.type == "list":
            items = value.split(",") if isinstance(value, str) else value
            if not isinstance(items, Sequence):
                raise TypeError
            return tuple(_to_number(v, whole=False) if self.item == "float" else str(v) for v in items)
        if not isinstance(value, (str, Path)):
            raise TypeError
        return str(value)

    def _check_choice(self, checked: Any) -> None:
        if not self.choices and self.type != "choice":
            return
        allowed = [self._convert(choice) for choice in self.choices]
        if self.type == "list":
            allowed = [item for items in allowed for item in items]
        if any(item not in allowed for item in (checked if isinstance(checked, tuple) else (checked,))):
            raise ValueError

    def _check_range(self, checked: Any, given: object) -> None:
        for number in checked if isinstance(checked, tuple) else (checked,):
            if isinstance(number, (int, float)) and not isinstance(number, bool):
                most = MOST_EXACT if self.type == "int" else math.inf
                low = -most if self.minimum is None else self.minimum
                high = most if self.maximum is None else self.maximum
                if not low <= number <= high:
                    raise UsageError(f"{self.name} is {self._expected()}, not {given!r}")

    def _expected(self) -> str:
        if self.choices or self.type == "choice":
            return ("any of " if self.type == "list" else "one of ") + ", ".join(map(str, self.choices))
        most = MOST_EXACT if self.type == "int" else None
        bounds = [f"at least {self.minimum:g}"] if self.minimum is not None else []
        if (high := most if self.maximum is None else self.maximum) is not None:
            bounds.append(f"at most {high:,.0f}" if self.type == "int" else f"at most {high:g}")
        words = {
            "bool": "true or false",
            "int": "a whole number",
            "float": "a number",
            "str": "text",
            "path": "a path",
            "model": "a file, a folder or a name",
            "list": "numbers separated by commas",
        }
        return " ".join([words[self.type], " and ".join(bounds)]).strip()


def setting(name: str, value: object) -> str:
    """A parameter as it is typed after ``--set``: what `Param.check` reads.

    Examples
    --------
    >>> setting("tasks", ("a", "b")), setting("segments", True)
    ('tasks=a,b', 'segments=true')
    """
    if isinstance(value, bool):
        return f"{name}={'true' if value else 'false'}"
    return f"{name}={','.join(map(str, value)) if isinstance(value, (list, tuple)) else value}"


def _to_bool(value: object) -> bool:
    words = {
        "true": True,
        "yes": True,
        "on": True,
        "1": True,
        "false": False,
        "no": False,
        "off": False,
        "0": False,
    }
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise ValueError


def _to_number(value: object, *, whole: bool) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError
    number = float(value)
    if not math.isfinite(number) or (whole and not number.is_integer()):
        raise ValueError
    return int(number) if whole else number
