"""Clips that may be one recording, by the peaks of their spectra: pairs of peaks that recur at one offset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mxt.audio.fingerprint import Peaks

Codes = npt.NDArray[np.int64]

FAN = 5  # later peaks that one is paired with
LONGEST_GAP, WIDEST_GAP = 64, 64  # frames and bins between the two
FEWEST = 3  # pairs that agree
# Pairs that agree, times their share of all where the clips overlap. Measured on orchestra, spoken digits and
# GTZAN (excerpts, pieces): copies from 0.5 on, and 26 other pairs up to 3.3, of which the waveforms decide.
LEAST = 0.5
MOST_COMMON = 200  # pairs that recur more often tell nothing
LARGEST_INDEX = 4_000_000
_BLOCK = 100  # clips that are looked up at once
_OFFSETS = 1 << 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two clips that may be one recording.

    Parameters
    ----------
    first, second : int
        Places of the clips.
    offset : int
        Frames by which what is heard in the first one comes later in the second.
    matched : int
        Pairs of peaks that agree.
    share : float
        Of those of the poorer clip where the two overlap.
    """

    first: int
    second: int
    offset: int
    matched: int
    share: float


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Pairs of peaks of a clip: what they are, and their first frames."""

    code: npt.NDArray[np.int32]
    frame: npt.NDArray[np.int32]


def find_candidates(fingerprints: Sequence[Peaks]) -> list[Candidate]:
    """Clips that share pairs of peaks at one offset, the best first.

    Parameters
    ----------
    fingerprints : sequence of uint16 [n, 2]
        Peaks of each clip, as `mxt.audio.fingerprint.peaks` gives them.

    Returns
    -------
    list of Candidate
        Of two clips, the offset at which most agree.
    """
    index = _index(fingerprints)
    candidates = []
    for start in range(0, len(fingerprints), _BLOCK):
        for first, second, offset in _agreeing(index, start, start + _BLOCK):
            matched, share = _counted(_pairs(fingerprints[first]), _pairs(fingerprints[second]), offset)
            if matched >= FEWEST and matched * share >= LEAST:
                candidates.append(Candidate(first, second, offset, matched, share))
    return sorted(candidates, key=lambda candidate: -candidate.matched * candidate.share)


def _pairs(peaks: Peaks) -> _Pairs:
    """Each peak with the next few that lie within a second and half a kilohertz of it."""
    frame, number = peaks.astype(np.int32).T
    partners = np.zeros(len(peaks), dtype=np.int64)
    codes, frames = [], []
    for step in range(1, len(peaks)):
        gap = frame[step:] - frame[:-step]
        if gap.min() >= LONGEST_GAP:
            break
        rise = number[step:] - number[:-step]
        near = (gap >= 2) & (gap < LONGEST_GAP) & (np.abs(rise) < WIDEST_GAP) & (partners[:-step] < FAN)
        first = np.flatnonzero(near)
        partners[first] += 1
        codes.append((number[first] << 13) | ((rise[near] + WIDEST_GAP) << 6) | gap[near])
        frames.append(frame[first])
    none = [np.empty(0, dtype=np.int32)]
    return _Pairs(np.concatenate(codes or none), np.concatenate(frames or none))


@dataclass(frozen=True, slots=True)
class _Index:
    """Pairs of all clips, sorted by what they are; `size` is the number of pairs of each clip."""

    code: npt.NDArray[np.int32]
    frame: npt.NDArray[np.int32]
    clip: npt.NDArray[np.int32]
    size: Codes
    every: int


def _index(fingerprints: Sequence[Peaks]) -> _Index:
    # of very many clips only every so-manyth kind of pair is looked up; what is found is counted in full
    every = max(1, -(-sum(map(len, fingerprints)) * FAN // LARGEST_INDEX))
    none = np.empty(0, dtype=np.int32)
    codes, frames, size = [none], [none], []
    for peaks in fingerprints:
        pairs = _pairs(peaks)
        kept = pairs.code * np.int64(2654435761) % 2**32 % every == 0
        codes.append(pairs.code[kept])
        frames.append(pairs.frame[kept])
        size.append(len(pairs.code))
    code = np.concatenate(codes)
    clip = np.repeat(np.arange(len(size), dtype=np.int32), [len(part) for part in codes[1:]])
    order = np.argsort(code, kind="stable")
    code = code[order]
    alike = np.searchsorted(code, code, side="right") - np.searchsorted(code, code)
    rare = alike <= MOST_COMMON
    order = order[rare]
    return _Index(code[rare], np.concatenate(frames)[order], clip[order], np.array(size), every)


def _agreeing(index: _Index, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Clips `start` to `stop` with later ones, and the offset at which most of their pairs agree."""
    mine = np.flatnonzero((index.clip >= start) & (index.clip < stop))
    low = np.searchsorted(index.code, index.code[mine])
    count = np.searchsorted(index.code, index.code[mine], side="right") - low
    first = np.repeat(mine, count)
    second = np.arange(len(first)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(low, count)
    later = index.clip[second] > index.clip[first]
    first, second = first[later], second[later]
    pair = index.clip[first].astype(np.int64) * len(index.size) + index.clip[second]
    offset = index.frame[second] - index.frame[first] + _OFFSETS // 2
    places, matched = np.unique(pair * _OFFSETS + offset, return_counts=True)
    beside = np.flatnonzero(np.diff(places) == 1)  # half a frame off, pairs agree at either of two offsets
    both = matched.copy()
    both[beside] += matched[beside + 1]
    pair = places // _OFFSETS
    best = np.lexsort((-both, pair))
    best = best[np.r_[True, np.diff(pair[best]) > 0]] if len(best) else best
    a, b = np.divmod(pair[best], len(index.size))
    likely = both[best].astype(np.float64) * index.every
    good = (both[best] >= FEWEST) & (likely**2 >= LEAST / 2 * np.minimum(index.size[a], index.size[b]))
    offsets = places[best] % _OFFSETS - _OFFSETS // 2
    yield from zip(a[good].tolist(), b[good].tolist(), offsets[good].tolist(), strict=True)


def _counted(first: _Pairs, second: _Pairs, offset: int) -> tuple[int, float]:
    """How many pairs of two clips agree at an offset, and their share where the clips overlap."""
    mine = first.code.astype(np.int64) * _OFFSETS + first.frame + offset
    theirs = second.code.astype(np.int64) * _OFFSETS + second.frame
    matched = int(np.isin(mine, np.concatenate([theirs, theirs - 1])).sum())
    begin = max(first.frame.min() + offset, second.frame.min())
    end = min(first.frame.max() + offset, second.frame.max())
    inside = [
        int(((frame >= begin) & (frame <= end)).sum()) for frame in (first.frame + offset, second.frame)
    ]
    return matched, matched / max(1, min(inside))
