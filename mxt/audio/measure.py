"""One look at a file's samples: levels, length, and what may be wrong with them."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mxt.audio.decode import LARGEST, blocks, mix, opened
from mxt.audio.level import energy, from_db, peak
from mxt.core.errors import AudioError, Reason
from mxt.core.identity import sha256_file
from mxt.core.records import Measurement
from mxt.core.stages import Levels

if TYPE_CHECKING:
    from mxt.audio.decode import Source

Signal = npt.NDArray[np.float32]

SHORTEST_SECONDS = 0.010  # shorter audio is left out
LONGEST_SECONDS = 1800.0  # longer audio is measured in parts
PARTS, PART_SECONDS = 60, 10.0

SILENT_DB = -80.0  # no sample above this: "silent"
BEYOND_DB = 1.0  # a sample above this: "beyond full scale"; decoded MP3 and AAC often overshoot by less
DC, DC_SHARE = 0.01, 0.1  # mean of the samples beyond this, and beyond this share of their level: "dc"
CLIP = 0.999  # three equal samples in a row at least this high are a flat top; ten tops: "clipped"
CLIPPED_TOPS = 10

_BLOCK = 1 << 17  # samples of all channels measured at once


@dataclass(slots=True)
class _Tally:
    """What was measured so far."""

    frames: int = 0
    peak: float = 0.0
    mono_peak: float = 0.0
    energy: float = 0.0
    total: float = 0.0
    flat_tops: int = 0

    def add(self, x: Signal) -> None:
        """Measure more samples, float32 [samples, channels]."""
        high = peak(x)
        if not high <= LARGEST:
            first = self.frames + int(np.argmin((np.abs(x) <= LARGEST).all(axis=1)))
            raise AudioError(Reason.NOT_FINITE, f"NaN, infinite or absurdly large, first in sample {first}")
        y = mix(x)
        self.frames += len(x)
        self.peak = max(self.peak, high)
        self.mono_peak = max(self.mono_peak, high if x.shape[1] == 1 else peak(y))
        self.energy += energy(y)
        self.total += float(y.sum(dtype=np.float64))
        if high >= CLIP:
            flat = (np.abs(x[2:]) >= CLIP) & (x[2:] == x[1:-1]) & (x[1:-1] == x[:-2])
            self.flat_tops += int(flat[:1].sum() + (flat[1:] & ~flat[:-1]).sum())

    @property
    def levels(self) -> Levels:
        """Levels of the mean of the channels."""
        return Levels(peak=self.mono_peak, rms=math.sqrt(self.energy / max(1, self.frames)))

    def notes(self) -> list[str]:
        """What a person should know about these samples."""
        notes = []
        if self.peak <= from_db(SILENT_DB):
            notes.append("silent")
        elif self.mono_peak <= from_db(SILENT_DB):
            notes.append("silent in mono")
        if self.flat_tops >= CLIPPED_TOPS:
            notes.append("clipped")
        if self.peak > from_db(BEYOND_DB):
            notes.append("beyond full scale")
        if abs(self.total) / max(1, self.frames) > max(DC, DC_SHARE * self.levels.rms):
            notes.append("dc")
        return notes


def measure(path: str | os.PathLike[str]) -> Measurement:
    """Decode a file once, from beginning to end, and measure it.

    Files of more than half an hour are measured in parts spread evenly over them, and marked so.

    Parameters
    ----------
    path : str or PathLike
        The file.

    Returns
    -------
    Measurement
        With notes: ``silent``, ``silent in mono``, ``clipped``, ``beyond full scale``, ``dc``,
        ``truncated``, ``damaged``, ``sampled``.

    Raises
    ------
    AudioError
        It cannot be used; the reason says why.
    """
    with opened(path) as source:
        long = (source.frames or 0) > LONGEST_SECONDS * source.sample_rate
        if tally := _in_parts(source) if long else _whole(source):
            return _record(path, source, tally, sampled=long)
    with opened(path) as source:  # not as long as it says
        return _record(path, source, _whole(source), sampled=False)


def _record(path: str | os.PathLike[str], source: Source, tally: _Tally, *, sampled: bool) -> Measurement:
    frames = (source.frames or 0) if sampled else tally.frames
    _refuse(source, frames)
    levels = tally.levels
    return Measurement(
        sha256=_hash(path),
        duration=frames / source.sample_rate,
        sample_rate=source.sample_rate,
        channels=source.channels,
        frames=frames,
        peak=tally.peak,
        mono_peak=levels.peak,
        rms=levels.rms,
        sampled=sampled,
        notes=(*tally.notes(), *_damage(source, frames), *["sampled"] * sampled),
        decoder=source.decoder,
    )


def levels(
    path: str | os.PathLike[str],
    start_us: int | None = None,
    end_us: int | None = None,
    *,
    loudness: bool = False,
) -> Levels:
    """Levels of a segment: a first pass over it, in bounded memory.

    Parameters
    ----------
    path : str or PathLike
        The file.
    start_us, end_us : int, optional
        Microseconds; ``None``: from the beginning, to the end.
    loudness : bool
        Whether the integrated loudness is measured as well, which takes longer than everything else.

    Raises
    ------
    AudioError
        The file cannot be used, or the segment lies behind its end.
    LoudnessUnavailable
        Loudness is asked for, and torchaudio cannot be imported.
    """
    pieces = blocks(path, start=(start_us or 0) / 1e6, end=None if end_us is None else end_us / 1e6)
    return levels_of(pieces, loudness=loudness)


def levels_of(pieces: Iterator[tuple[Signal, int]], *, loudness: bool = False) -> Levels:
    """Levels of pieces float32 [samples, channels] of one signal, each with its sample rate; as `levels`."""
    tally = _Tally()
    if not loudness:
        for x, _ in pieces:
            tally.add(x)
        return tally.levels
    from mxt.audio.loudness import integrated_loudness

    first, sample_rate = next(pieces)
    lufs = integrated_loudness(_counted(chain((first,), (x for x, _ in pieces)), tally), sample_rate)
    return Levels(tally.levels.peak, tally.levels.rms, lufs)


def _counted(pieces: Iterable[Signal], tally: _Tally) -> Iterator[Signal]:
    """The mean of the channels of each piece, after `tally` has measured it."""
    for x in pieces:
        tally.add(x)
        yield mix(x)


def _whole(source: Source) -> _Tally:
    tally = _Tally()
    for x in source.chunks(0, None, max(1, _BLOCK // source.channels)):
        tally.add(x)
    return tally


def _in_parts(source: Source) -> _Tally | None:
    """Measure parts spread evenly over the file; ``None`` if the file is shorter than it claims."""
    tally = _Tally()
    length = int(PART_SECONDS * source.sample_rate)
    for start in np.linspace(0, (source.frames or 0) - length, PARTS).astype(int):
        before = tally.frames
        for x in source.part(int(start), length, max(1, _BLOCK // source.channels)):
            tally.add(x)
        if tally.frames - before < length // 2:
            return None
    return tally


def _refuse(source: Source, frames: int) -> None:
    if frames == 0:
        raise AudioError(
            Reason.DECODER_FAILED if source.failure else Reason.EMPTY, source.failure or "no samples in it"
        )
    if frames < SHORTEST_SECONDS * source.sample_rate:
        count = "1 sample" if frames == 1 else f"{frames} samples"
        raise AudioError(
            Reason.TOO_SHORT,
            f"{count} at {source.sample_rate} Hz; at least {SHORTEST_SECONDS * 1000:g} ms are needed",
        )


def _damage(source: Source, frames: int) -> list[str]:
    short = source.cut_short or frames < (source.promised or 0)
    return ["truncated"] * short + ["damaged"] * bool(source.failure)


def _hash(path: str | os.PathLike[str]) -> str:
    try:
        return sha256_file(path)
    except OSError as error:
        raise AudioError(Reason.UNREADABLE, f"{os.fsdecode(path)}: {error.strerror}") from error
