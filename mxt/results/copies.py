"""Clips of a data set that are one recording, by the fingerprints of their audio."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from mxt.audio import fingerprint
from mxt.core.clips import Clips
from mxt.core.cores import cores
from mxt.core.errors import AudioError
from mxt.core.progress import SILENT, Progress
from mxt.core.records import ClipRecord
from mxt.evaluation.copies import Candidate, find_candidates
from mxt.evaluation.groups import key_codes
from mxt.store.fingerprints import Pair, Peaks
from mxt.store.layout import Store

# Correlation of the aligned waveforms from which two clips are one recording. Measured: copies (MP3 at
# 64 kbit/s, -12 dB, 16 kHz, half a second cut off; pieces of GTZAN as Vorbis) from 0.97 on, others up to
# 0.85, which are notes of one pitch.
COPY = 0.93
_KEPT_AT_ONCE = 64  # fingerprints, so that an interruption loses little
Item = TypeVar("Item")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Copy:
    """Two clips that are one recording, by their places, and the correlation of their waveforms."""

    first: int
    second: int
    similarity: float


def missing_seconds(store: Store, clips: Sequence[ClipRecord]) -> float:
    """Seconds of audio to be read before copies among `clips` can be found."""
    clips = Clips.of(clips)
    clips = clips[clips.has_audio & clips.usable]
    clips = clips[np.unique(key_codes(clips), return_index=True)[1]]
    known = store.fingerprints.known(key.tobytes() for key in clips.keys)
    missing = np.array([key.tobytes() not in known for key in clips.keys], dtype=bool)
    return float(sum(np.minimum(clips.durations[missing], fingerprint.LONGEST_SECONDS).tolist()))


def find_copies(
    store: Store,
    root: str,
    clips: Sequence[ClipRecord],
    *,
    jobs: int | None = None,
    progress: Progress = SILENT,
) -> list[Copy]:
    """Pairs of clips that are one recording, or overlapping parts of one, the most similar first.

    Fingerprints are read from the store where they are kept there.

    Parameters
    ----------
    store : Store
    root : str
        Folder of the data set.
    clips : sequence of ClipRecord
        Those without audio, or that cannot be read, match nothing.
    jobs : int, optional
        Clips read at a time (default: one per core).
    progress : Progress

    Returns
    -------
    list of Copy
        Pairs of equal audio, and parts of one file, are not among them: they are known.
    """
    _fingerprint(store, root, clips, jobs=jobs, progress=progress)
    keys = [clip.key or b"" for clip in clips]
    kept, none = store.fingerprints.peaks(set(keys)), np.empty((0, 2), dtype=np.uint16)
    candidates = [
        candidate
        for candidate in find_candidates([kept.get(key, none) for key in keys])
        if keys[candidate.first] != keys[candidate.second]
        and clips[candidate.first].file.path != clips[candidate.second].file.path
    ]
    similarities = _similarities(store, root, clips, candidates, jobs=jobs, progress=progress)
    copies = [
        Copy(candidate.first, candidate.second, similarity)
        for candidate, similarity in zip(candidates, similarities, strict=True)
        if similarity >= COPY
    ]
    return sorted(copies, key=lambda copy: -copy.similarity)


def _without_fingerprint(store: Store, clips: Sequence[ClipRecord]) -> list[ClipRecord]:
    there = store.fingerprints.peaks({clip.key for clip in clips if clip.key})
    return [clip for clip in clips if clip.has_audio and clip.key and clip.key not in there]


def _fingerprint(
    store: Store, root: str, clips: Sequence[ClipRecord], *, jobs: int | None, progress: Progress
) -> None:
    """Make and keep the fingerprints that are missing."""

    def look(clip: ClipRecord) -> Peaks | None:
        try:
            return fingerprint.peaks(_load(root, clip))
        except AudioError:
            return None

    missing = list({clip.key: clip for clip in _without_fingerprint(store, clips)}.values())
    made: dict[bytes, Peaks] = {}
    for clip, peaks in _threaded(look, missing, jobs, progress, "fingerprints"):
        if peaks is not None and clip.key:
            made[clip.key] = peaks
        if len(made) == _KEPT_AT_ONCE:
            store.fingerprints.keep_peaks(made)
            made.clear()
    store.fingerprints.keep_peaks(made)


def _similarities(
    store: Store,
    root: str,
    clips: Sequence[ClipRecord],
    candidates: Sequence[Candidate],
    *,
    jobs: int | None,
    progress: Progress,
) -> list[float]:
    """How alike the waveforms of candidates are, 0 where one cannot be read."""

    def compare(candidate: Candidate) -> float | None:
        try:
            first, second = (_load(root, clips[place]) for place in (candidate.first, candidate.second))
        except AudioError:
            return None
        return fingerprint.correlation(first, second, candidate.offset)

    pairs = {candidate: _pair(clips, candidate) for candidate in candidates}
    known = store.fingerprints.similarities(pairs.values())
    waiting = [candidate for candidate, pair in pairs.items() if pair not in known]
    compared = {
        pairs[candidate]: similarity
        for candidate, similarity in _threaded(compare, waiting, jobs, progress, "comparing")
        if similarity is not None
    }
    store.fingerprints.keep_similarities(compared)
    return [(known | compared).get(pairs[candidate], 0.0) for candidate in candidates]


def _pair(clips: Sequence[ClipRecord], candidate: Candidate) -> Pair:
    return clips[candidate.first].key or b"", clips[candidate.second].key or b""


def _load(root: str, clip: ClipRecord) -> fingerprint.Signal:
    start, end = (clip.start_us or 0) / 1e6, None if clip.end_us is None else clip.end_us / 1e6
    return fingerprint.load(Path(root, clip.file.path), start, None if end is None else end - start)


def _threaded(
    work: Callable[[Item], Value], items: Sequence[Item], jobs: int | None, progress: Progress, what: str
) -> Iterator[tuple[Item, Value]]:
    """Items with what `work` gives of them, in order; nothing is shown where there is nothing to do."""
    if not items:
        return
    with progress.step(what, len(items), unit="clips") as step, ThreadPoolExecutor(jobs or cores()) as pool:
        for item, value in zip(items, pool.map(work, items), strict=True):
            step.advance()
            yield item, value
