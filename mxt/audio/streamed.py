"""Signals in pieces: made while they are read, forwards, or joined."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt

Signal = npt.NDArray[np.float32]


class Streamed:
    """A signal of known length, of which only what is being read is in memory.

    Reading goes forwards through its pieces; a stretch before the last one makes them again from the
    beginning.

    Parameters
    ----------
    pieces : callable
        Returns the pieces from the beginning, float32 [samples] each; the same every time.
    samples : int
        Of the signal; pieces beyond it are not asked for.

    Examples
    --------
    >>> signal = Streamed(lambda: iter([np.float32([1, 2]), np.float32([3, 4])]), 4)
    >>> len(signal), signal.read(1, 3)
    (4, array([2., 3.], dtype=float32))
    """

    def __init__(self, pieces: Callable[[], Iterator[Signal]], samples: int) -> None:
        self._pieces, self._samples = pieces, samples
        self._held, self._at, self._rest = (
            np.zeros(0, np.float32),
            0,
            pieces(),
        )  # what was read last, where it begins, what follows

    def __len__(self) -> int:
        return self._samples

    def read(self, begin: int, end: int) -> Signal:
        """Samples `begin` to `end`, which lie within the signal: float32 [end - begin]."""
        if begin < self._at:
            self._held, self._at, self._rest = self._held[:0], 0, self._pieces()
        held, reached = [self._held[begin - self._at :]], self._at + len(self._held)
        while reached < end:
            piece = next(self._rest)
            held.append(piece[max(0, begin - reached) :])
            reached += len(piece)
        self._held = np.concatenate(held) if len(held) > 1 else held[0]
        self._at = reached - len(self._held)
        return self._held[begin - self._at : end - self._at]


def joined(pieces: Iterable[Signal], expected: int) -> Signal:
    """The pieces in one array, float32 [samples], about `expected` of them, without holding them twice."""
    y, at = np.empty(expected, np.float32), 0
    for piece in pieces:
        if at + len(piece) > len(y):
            y = np.concatenate([y[:at], np.empty(max(len(piece), len(y) // 4), np.float32)])
        y[at : at + len(piece)] = piece
        at += len(piece)
    return y[:at]
