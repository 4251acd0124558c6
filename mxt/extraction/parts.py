"""Shares of an extraction, which separate commands compute into tables of their own, and their joining."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from mxt.core.errors import Reason, UsageError
from mxt.core.files import OwnedLock
from mxt.core.identity import sha256_text
from mxt.core.progress import Progress
from mxt.store.features import FeatureTable
from mxt.store.layout import Store

if TYPE_CHECKING:
    from mxt.store.table_writer import TableWriter

KIND = "part"  # of a table that holds one
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, order=True)
class Share:
    """One of several equal shares of the clips of a data set.

    Parameters
    ----------
    of : int
        How many there are.
    number : int
        From 1.

    Examples
    --------
    >>> share = Share.parsed("2/3")
    >>> str(share), share.taken("abcdefg")
    ('2/3', ['b', 'e'])
    """

    of: int
    number: int

    @classmethod
    def parsed(cls, text: str) -> Share:
        """The share that ``K/N`` names.

        Raises
        ------
        UsageError
            It is not of this form, or K is not between 1 and N.
        """
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise UsageError(f"--part is K/N with K from 1 to N, e.g. 3/16, not {text!r}")
        return cls(int(match[2]), int(match[1]))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def taken(self, items: Iterable[Item]) -> list[Item]:
        """Every `of`-th of `items`, beginning with the `number`-th."""
        return list(items)[self.number - 1 :: self.of]

    def fingerprint(self, whole: str) -> str:
        """Fingerprint of the table of this share, of 64 hexadecimal digits as that of the `whole`."""
        return sha256_text(f"{whole} part {self}")

    def label(self, whole: str) -> str:
        """Label of the table of this share."""
        return f"{whole}.part{self.number}of{self.of}"

    def attributes(self, whole: str) -> dict[str, Any]:
        """What its table says of itself beside its pipeline."""
        return {"kind": KIND, "whole": whole, "share": str(self)}


@dataclass(frozen=True, slots=True)
class Joined:
    """What was joined into a table.

    Parameters
    ----------
    shares : tuple of Share
        Whose tables were there.
    clips : int
        Rows that came from them.
    """

    shares: tuple[Share, ...]
    clips: int

    @property
    def missing(self) -> tuple[Share, ...]:
        """Shares beside those joined that nobody has computed, or that were joined before."""
        all_shares = {Share(of, number) for of in {s.of for s in self.shares} for number in range(1, of + 1)}
        return tuple(sorted(all_shares - set(self.shares)))


def parts_of(store: Store, fingerprint: str) -> dict[Share, FeatureTable]:
    """Tables of shares of the table with this fingerprint."""
    tables = (table for table in store.features.tables() if table.attributes.get("kind") == KIND)
    found = {
        Share.parsed(table.attributes["share"]): table
        for table in tables
        if table.attributes["whole"] == fingerprint
    }
    return dict(sorted(found.items()))


def join(
    parts: Mapping[Share, FeatureTable],
    table: FeatureTable,
    contents: Sequence[bytes],
    store: Store,
    progress: Progress,
) -> Joined:
    """Move what parts have computed into the table of the whole; then they are removed.

    Every row is checked by its seals when it is read. A join that was interrupted is repeated as a whole, and
    what is in the table already stays as it is.

    Parameters
    ----------
    parts : mapping
        Tables of the shares.
    table : FeatureTable
        Of the whole.
    contents : sequence of bytes
        Audio keys of the data set in catalogue order: rows are assigned in it.

    Raises
    ------
    StoreBusy
        A part is still being computed.
    StoreDamaged
        A part is damaged; its own command computes what is missing of it.
    """
    clips = 0
    with ExitStack() as stack:
        for share, part in parts.items():
            stack.enter_context(OwnedLock(part.path / "lock", f"part {share} of {table.label}"))
        writer = stack.enter_context(table.writer())
        writer.assign(list(contents))
        total = sum(len(part) for part in parts.values())
        step = stack.enter_context(progress.step(f"join {table.label}", total, unit="clips"))
        for part in parts.values():
            clips += _move(part, writer)
            step.advance(len(part))
        writer.flush()
    for part in parts.values():
        store.features.remove(part.path)
    return Joined(tuple(parts), clips)


def _move(part: FeatureTable, writer: TableWriter) -> int:
    """Settle rows that are open with what a part holds; how many."""
    keys = [key.tobytes() for key in part.ledger().keys]
    row_of = dict(zip(keys, map(int, writer.assign(keys)), strict=True))
    still_open = set(map(int, writer.open_rows()))
    moved = 0
    for key, outcome in part.settled():
        if (row := row_of[key]) not in still_open:
            continue
        if isinstance(outcome, Reason):
            writer.fail(row, outcome)
        else:
            writer.put(row, outcome)
        moved += 1
    return moved
