"""What is missing of a published data set, or should not be there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from mxt.core.errors import listed
from mxt.core.records import Remark

INCOMPLETE, TOO_MANY = "incomplete", "more than expected"
MOST_NAMED = 8


def count_remarks(found: int, expected: int) -> Iterator[Remark]:
    """Say where there are fewer or more clips than the data set has.

    Examples
    --------
    >>> list(count_remarks(130, 8732))
    [Remark(kind='incomplete', text='130 of 8,732 clips, 8,602 are missing')]
    """
    if found < expected:
        yield Remark(INCOMPLETE, f"{found:,} of {expected:,} clips, {expected - found:,} are missing")
    elif found > expected:
        yield Remark(TOO_MANY, f"{found:,} clips, the data set has {expected:,}")


def class_remarks(
    classes: Iterable[str], expected: Mapping[str, int], *, unit: str = "clips"
) -> Iterator[Remark]:
    """Say how many clips are missing or too many, and of which classes.

    Parameters
    ----------
    classes : iterable of str
        The class of each clip that is present.
    expected : mapping
        Class to its number of clips.
    unit : str
        What is counted.

    Examples
    --------
    >>> [remark.text for remark in class_remarks(["a", "a"], {"a": 3, "b": 2})]
    ['2 of 5 clips, 3 are missing: a 1 of 3, b all 2']
    """
    counts = Counter(classes)
    found, total = sum(counts.values()), sum(expected.values())
    missing = {name: number - counts[name] for name, number in expected.items() if counts[name] < number}
    if missing:
        named = [
            f"{name} {f'{short:,} of' if counts[name] else 'all'} {expected[name]:,}"
            for name, short in missing.items()
        ]
        which = listed(named, MOST_NAMED)
        short = sum(missing.values())
        yield Remark(INCOMPLETE, f"{found:,} of {total:,} {unit}, {short:,} are missing: {which}")
    over = {name: number for name, number in counts.items() if number > expected.get(name, 0)}
    if over:
        named = [
            f"{name} {number:,} instead of {expected.get(name, 0):,}" for name, number in sorted(over.items())
        ]
        yield Remark(TOO_MANY, listed(named, MOST_NAMED))
