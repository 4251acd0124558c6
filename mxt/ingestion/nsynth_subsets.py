"""Which instruments of NSynth make the subsets of Shtern et al. 2017.

The paper gives sizes only: 3 families of 880 notes, 8 of 880 to 650, 2 organs of 440. An instrument has 440
notes where it has all of 88 pitches at 5 velocities: these are two instruments a family, and two organs.
Which ones it does not say; here they are the fullest.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mxt.core.clips import Clips
from mxt.core.errors import InputError, UnknownName

INSTRUMENTS = 2  # of each family


@dataclass(frozen=True, slots=True)
class Subset:
    """How many families, or which, and the target."""

    families: int
    target: str
    named: tuple[str, ...] = ()


SUBSETS: Mapping[str, Subset] = {
    "family": Subset(3, "family"),
    "instrument": Subset(8, "family"),
    "organ": Subset(1, "instrument", ("organ",)),
}


def fullest(clips: Clips, subset: Subset, wanted: Sequence[str] = ()) -> frozenset[str]:
    """The two instruments with most usable notes in each of the fullest, or the wanted, families.

    Of equally full ones the first by name is taken.

    Raises
    ------
    InputError
        There are no families and instruments, or too few of them.
    UnknownName
        A family that is not there.
    """
    notes: dict[str, Counter[str]] = defaultdict(Counter)
    pairs = clips.targets.map(lambda targets: (targets.get("family"), targets.get("instrument")))
    for (family, instrument), number in Counter(pairs[clips.usable]).items():
        if isinstance(family, str) and isinstance(instrument, str):
            notes[family][instrument] = number
    if not notes:
        raise InputError("no clip has a family and an instrument: this is a way to derive from NSynth")
    chosen: Sequence[str] = wanted or subset.named
    for family in chosen:
        if family not in notes:
            raise UnknownName("family", family, notes)
    two = {
        family: sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:INSTRUMENTS]
        for family, counts in notes.items()
    }
    able = [family for family, instruments in two.items() if len(instruments) == INSTRUMENTS]
    if not chosen:
        chosen = sorted(able, key=lambda family: (-sum(number for _, number in two[family]), family))[
            : subset.families
        ]
    short = [family for family in chosen if family not in able]
    if short or len(chosen) < subset.families:
        lacking = f"{short[0]} has one instrument" if short else f"there are {len(chosen)}"
        raise InputError(f"{subset.families} families of {INSTRUMENTS} instruments are needed; {lacking}")
    return frozenset(instrument for family in chosen for instrument, _ in two[family])
