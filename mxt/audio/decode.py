"""Files to samples: by libsndfile, or by FFmpeg (PyAV) if that refuses; sample-exact, only what is needed."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from mxt.audio.level import peak
from mxt.core.errors import AudioError, Reason

if TYPE_CHECKING:
    from mxt.audio.ffmpeg import Ffmpeg
    from mxt.audio.sndfile import Sndfile

    Source: TypeAlias = Sndfile | Ffmpeg

Signal = npt.NDArray[np.float32]
Path: TypeAlias = "str | os.PathLike[str]"

_BLOCK = 1 << 19  # samples of all channels decoded at once: 2 MiB of float32, mixed while it is in the cache
RATES = (100, 10_000_000)  # Hz; others are damaged headers, and resampling them would fill the memory
LARGEST = 1e9  # a sample beyond this is not audio: it overflows when squared or added up
_ROOM = 1 << 26  # samples that room is made for at once (256 MiB), whatever a header promises


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """What the header of a file says.

    Parameters
    ----------
    sample_rate, channels : int
        Hz and count.
    frames : int or None
        Samples per channel; ``None`` where only decoding tells.
    duration : float or None
        Seconds; FFmpeg's containers may be a little off.
    decoder : str
        Library and version that reads it.
    """

    sample_rate: int
    channels: int
    frames: int | None
    duration: float | None
    decoder: str


def info(path: Path) -> AudioInfo:
    """Open a file and read its header.

    Raises
    ------
    AudioError
        It cannot be opened.
    """
    with opened(path) as source:
        duration = None if source.frames is None else source.frames / source.sample_rate
        return AudioInfo(
            source.sample_rate,
            source.channels,
            source.frames if source.promised == source.frames else None,
            duration,
            source.decoder,
        )


def read(path: Path, *, start: float = 0.0, seconds: float | None = None) -> tuple[Signal, int]:
    """Decode a file, or a part of it, to the mean of its channels.

    Parameters
    ----------
    path : str or PathLike
        The file.
    start : float
        Seconds to leave out; the first sample is ``round(start * sample_rate)``.
    seconds : float, optional
        At most ``int(seconds * sample_rate)`` samples are returned; ``None``: all.

    Returns
    -------
    y : numpy.ndarray
        float32 [samples], full scale 1.
    sample_rate : int
        Hz.

    Raises
    ------
    AudioError
        The file cannot be used, or `start` lies behind its end.
    """
    with opened(path) as source:
        first, count = span(source.sample_rate, start, seconds)
        expected = _expected(source, first, count)
        y, at = np.empty(min(expected, _ROOM), np.float32), 0
        for x in source.chunks(
            first, count, max(1, len(y) if source.channels == 1 else _BLOCK // source.channels)
        ):
            if at == 0 and x.shape == (expected, 1):  # all there is, in one piece: no copy
                y = x[:, 0]
            else:
                if at + len(x) > len(y):
                    y = np.concatenate([y[:at], np.empty(max(at, len(x)), np.float32)])
                mix(x, out=y[at : at + len(x)])
            at += len(x)
        if at == 0:
            raise _nothing(source, start)
    y = y[:at]
    if not peak(y) <= LARGEST:
        raise AudioError(Reason.NOT_FINITE, "samples that are NaN, infinite or absurdly large")
    return y, source.sample_rate


def blocks(
    path: Path, *, block_seconds: float = 10.0, start: float = 0.0, end: float | None = None
) -> Iterator[tuple[Signal, int]]:
    """Decode a file piece by piece, in bounded memory.

    Parameters
    ----------
    path : str or PathLike
        The file.
    block_seconds : float
        Length of a piece; the last is shorter, and FFmpeg's are a little longer.
    start, end : float, optional
        Seconds; ``None``: to the end.

    Yields
    ------
    x : numpy.ndarray
        float32 [samples, channels]; valid until the next one is asked for.
    sample_rate : int
        Hz.

    Raises
    ------
    AudioError
        The file cannot be used, or nothing lies between `start` and `end`.
    """
    with opened(path) as source:
        first, count = span(source.sample_rate, start, None if end is None else end - start)
        empty = True
        for x in source.chunks(first, count, max(1, int(block_seconds * source.sample_rate))):
            empty = False
            yield x, source.sample_rate
        if empty:
            raise _nothing(source, start)


def mix(x: Signal, *, out: Signal | None = None) -> Signal:
    """Mean of the channels.

    Parameters
    ----------
    x : numpy.ndarray
        float32 [samples, channels].
    out : numpy.ndarray, optional
        float32 [samples] to write to.

    Returns
    -------
    numpy.ndarray
        float32 [samples]; for one channel a view of `x` unless `out` is given.
    """
    channels = x.shape[1]
    if channels == 1:
        if out is None:
            return x[:, 0]
        out[:] = x[:, 0]
        return out
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused later
        out = np.add(x[:, 0], x[:, 1], out=out)
        for channel in range(2, channels):
            out += x[:, channel]
        out /= channels
    return out


def span(sample_rate: int, start: float, seconds: float | None) -> tuple[int, int | None]:
    """First sample and number of samples of a part in seconds (librosa's rule, robust to rounding)."""
    return round(start * sample_rate), None if seconds is None else max(
        0, math.floor(seconds * sample_rate + 1e-6)
    )


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """A file, opened by the first decoder that accepts it.

    Raises
    ------
    AudioError
        Not there, no permission, not a regular file, empty, or not audio.
    """
    import soundfile as sf

    fd = _descriptor(path)
    try:
        source = _source(fd)
        try:
            if not RATES[0] <= source.sample_rate <= RATES[1]:
                raise AudioError(Reason.NOT_AUDIO, f"a sample rate of {source.sample_rate} Hz")
            yield source
        finally:
            source.close()
    except OSError as error:
        raise AudioError(Reason.UNREADABLE, f"{os.fsdecode(path)}: {error.strerror or error}") from error
    except sf.LibsndfileError as error:  # one that no reader of a file waits for
        raise AudioError(Reason.DECODER_FAILED, f"libsndfile: {error.error_string}") from error
    finally:
        os.close(fd)


def _descriptor(path: Path) -> int:
    name = os.fsdecode(path)
    try:
        # without O_NONBLOCK opening a named pipe would wait for its writer
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError as error:
        raise AudioError(Reason.MISSING, f"there is no {name}") from error
    except OSError as error:
        raise AudioError(Reason.UNREADABLE, f"{name}: {error.strerror}") from error
    status = os.fstat(fd)
    if stat.S_ISREG(status.st_mode) and status.st_size:
        return fd
    os.close(fd)
    if stat.S_ISREG(status.st_mode):
        raise AudioError(Reason.EMPTY, "a file of zero bytes")
    raise AudioError(
        Reason.NOT_A_FILE, "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, socket or device"
    )


def _source(fd: int) -> Source:
    import soundfile as sf

    from mxt.audio.sndfile import SYSTEM_ERROR, Sndfile

    try:
        return Sndfile(fd)
    except sf.LibsndfileError as refused:
        if refused.code == SYSTEM_ERROR:
            raise AudioError(Reason.UNREADABLE, f"{refused.error_string}") from refused
        from mxt.audio.ffmpeg import Ffmpeg

        try:
            return Ffmpeg(fd)
        except AudioError as error:
            raise AudioError(error.reason, f"libsndfile: {refused.error_string}; {error.detail}") from error


def _expected(source: Source, first: int, count: int | None) -> int:
    """Samples to allocate: what is asked for, but no more than the header says."""
    if source.frames is None:
        return count if count is not None else 60 * source.sample_rate
    there = max(0, source.frames - first)
    return there if count is None else min(count, there)


def _nothing(source: Source, start: float) -> AudioError:
    if source.failure:
        return AudioError(Reason.DECODER_FAILED, source.failure)
    if start > 0:
        return AudioError(Reason.TOO_SHORT, f"nothing from {start:g} s on")
    return AudioError(Reason.EMPTY, "no samples in it")
