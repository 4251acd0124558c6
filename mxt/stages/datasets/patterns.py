"""Fields in file names: ``{digit}_{speaker}_{take}.wav``, or a regular expression with named groups."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from mxt.core.errors import UsageError
from mxt.stages.datasets.suffixes import suffix

GROUP = "(?P<"  # what makes a pattern a regular expression
_FIELD = re.compile(r"\{([^{}]*)\}")
_WIDTH = re.compile(r"[1-9][0-9]{0,2}")


@dataclass(frozen=True)
class Pattern:
    """A pattern ready to be matched.

    Parameters
    ----------
    expression : Pattern
        Matches as many parts of a path, from its end, as the pattern has.
    fields : tuple of str
        Names in order; empty ones are left out of the result.
    parts : int
        Number of ``/``-separated parts; 0: it matches the whole path.
    """

    expression: re.Pattern[str]
    fields: tuple[str, ...]
    parts: int

    def match(self, path: str) -> dict[str, str] | None:
        """The fields of `path`, ``None`` where it is made otherwise.

        Examples
        --------
        >>> compile_pattern("{digit}_{speaker}_{}.wav").match("all/3_theo_7.WAV")
        {'digit': '3', 'speaker': 'theo'}
        """
        tail = "/".join(PurePosixPath(path).parts[-self.parts :])
        found = self.expression.fullmatch(tail)
        if found is None:
            return None
        pairs = zip(self.fields, found.groups(), strict=True)
        return {name: value for name, value in pairs if name and value is not None}


def compile_pattern(text: str) -> Pattern:
    """Read a pattern: ``{name}`` is a field, ``{name:2}`` one of two characters, ``{}`` is anything.

    Text with ``(?P<name>…)`` is a regular expression, whose named groups are the fields; it matches from the
    beginning of a folder's or file's name to the end of the path. The suffix may be left out.

    Raises
    ------
    UsageError
        It has no field, a field twice, a field that cannot be read, or an unmatched brace; or it is not a
        regular expression.

    Examples
    --------
    >>> compile_pattern("{speaker:2}{text:3}{emotion:1}").match("03a01F.wav")
    {'speaker': '03', 'text': 'a01', 'emotion': 'F'}
    """
    if GROUP in text:
        return _regular_expression(text)
    text = text.strip("/")
    pieces = _FIELD.split(text)
    literals, parts = pieces[::2], [field.partition(":") for field in pieces[1::2]]
    fields = [name.strip() for name, _, _ in parts]
    named = [name for name in fields if name]
    if not named:
        raise UsageError(
            f"pattern {text!r} has no field; patterns look like {{digit}}_{{speaker}}_{{take}}.wav"
        )
    if twice := [name for name, count in Counter(named).items() if count > 1]:
        raise UsageError(f"pattern {text!r} has the field {twice[0]!r} twice")
    if any("{" in literal or "}" in literal for literal in literals):
        raise UsageError(f"pattern {text!r} has an unmatched brace")
    expression = re.escape(literals[0])
    for literal, (name, colon, width) in zip(literals[1:], parts, strict=True):
        if colon and not _WIDTH.fullmatch(width):
            raise UsageError(
                f"pattern {text!r}: {{{name}:{width}}} is not a field; "
                f"a field is {{{name}}}, or {{{name}:2}} with two characters"
            )
        expression += (f"([^/]{{{width}}})" if colon else "([^/]+?)") + re.escape(literal)
    if not suffix("x" + literals[-1]):
        expression += r"(?:\.[^./]+)?"
    return Pattern(re.compile(expression, re.IGNORECASE | re.DOTALL), tuple(fields), text.count("/") + 1)


def _regular_expression(text: str) -> Pattern:
    try:
        expression = re.compile(rf"(?:.*/)?(?:{text})(?:\.[^./]+)?", re.DOTALL)
    except re.error as error:
        raise UsageError(f"pattern {text!r} is not a regular expression: {error}") from error
    names = {number: name for name, number in expression.groupindex.items()}
    return Pattern(expression, tuple(names.get(number, "") for number in range(1, expression.groups + 1)), 0)


def suggest(paths: Sequence[str]) -> str | None:
    """A pattern that most names match, if they have the same number of parts: one that could be proposed."""
    for separator in ("_", "-", "."):
        counts = Counter(PurePosixPath(path).stem.count(separator) for path in paths)
        most, names = counts.most_common(1)[0] if counts else (0, 0)
        if most and names >= 0.9 * len(paths):
            suffixes = Counter(PurePosixPath(path).suffix for path in paths).most_common(1)[0][0]
            return (
                separator.join(f"{{{'abcdefghijklmnopqrstuvwxyz'[i]}}}" for i in range(min(most + 1, 26)))
                + suffixes
            )
    return None
