"""Files that FFmpeg reads, through the copy in PyAV: M4A/AAC, ALAC, AC-3, ADTS, WebM, MP4 and others."""

from __future__ import annotations

import errno
import io
import itertools
import os
import struct
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from mxt.core.errors import AudioError, Reason

Signal = npt.NDArray[np.float32]

# tags that are not UTF-8 are no reason to refuse a file; PyAV 19 reads them as they are and has no such
# option any more
_ANY_TAGS: dict[str, Any] = (
    {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}
)

# FFmpeg 9 cuts off what an MP4's last packet holds behind the end of the track, earlier ones did not
_CUTS_LAST_PACKET = av.library_versions["libavformat"] >= (63,)
# what PyAV raises over what is in a file: FFmpeg's errors, and ValueError where it knows no such codec or
# format
_FAILED = (av.FFmpegError, ValueError)


class Ffmpeg:
    """An open file, decoded by FFmpeg: its best audio stream.

    It is opened by descriptor, so that the content decides about the format and never the name.

    Parameters
    ----------
    fd : int
        Descriptor; stays the caller's. Nothing but local files is opened, whatever a playlist in it names.

    Raises
    ------
    AudioError
        No audio in it, or none that can be decoded.
    """

    def __init__(self, fd: int) -> None:
        self.failure = ""  # what went wrong on the way, if anything did
        self.decoder = f"FFmpeg {av.ffmpeg_version_info} (PyAV {av.__version__})"
        self.cut_short = False
        self.promised: int | None = None  # what must at least come out of an undamaged file
        os.lseek(fd, 0, os.SEEK_SET)
        try:
            self._container = av.open(
                _File(fd, closefd=False), "r", options={"protocol_whitelist": "file"}, **_ANY_TAGS
            )
        except av.FFmpegError as error:
            raise AudioError(Reason.NOT_AUDIO, _words(error)) from error
        try:
            self._begin()
        except BaseException:
            self._container.close()
            raise

    def _begin(self) -> None:
        streams = self._container.streams
        if not streams.audio:
            kinds = sorted({stream.type for stream in streams})
            raise AudioError(
                Reason.NOT_AUDIO,
                f"{self._container.format.name} with {', '.join(kinds) or 'nothing'}, no sound",
            )
        self._stream = streams.best("audio") or streams.audio[0]
        if self._stream.codec_context is None:
            raise AudioError(Reason.DECODER_FAILED, "FFmpeg has no decoder for its sound")
        self._stream.codec_context.thread_count = 1
        self._decoded = self._decode()
        first = next(self._decoded, None)
        if first is None:
            raise AudioError(
                Reason.DECODER_FAILED if self.failure else Reason.EMPTY, self.failure or "no samples in it"
            )
        self.sample_rate, samples = first
        self.channels: int = samples.shape[1]
        self._ahead: list[Signal] = [samples]
        self.frames = self._length()
        if self.frames and any(name in self._container.format.name for name in ("mov", "matroska")):
            # those write a duration, others guess it; it includes the encoder's delay
            self.promised = int(0.98 * self.frames - 0.1 * self.sample_rate)

    def _length(self) -> int | None:
        """Approximate number of frames according to the container."""
        stream = self._stream
        if stream.duration and stream.time_base:
            return int(stream.duration * stream.time_base * self.sample_rate)
        if self._container.duration:
            return int(self._container.duration * self.sample_rate / av.time_base)
        return None

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def chunks(self, start: int, count: int | None, block: int) -> Iterator[Signal]:
        """Decode `count` frames from `start` on (``None``: to the end), about `block` at a time; once only.

        Decoding begins at the file's beginning, which makes every position exact. Broken packets
        are skipped and noted in `failure`.

        Yields
        ------
        numpy.ndarray
            float32 [samples, channels], full scale 1.
        """
        end = None if count is None else start + count
        held: list[Signal] = []
        at = size = 0
        for samples in itertools.chain(self._ahead, self._rest()):
            low, high = max(0, start - at), len(samples) if end is None else min(len(samples), end - at)
            at += len(samples)
            if high > low:
                held.append(samples[low:high])
                size += high - low
            if size >= block:
                yield np.concatenate(held)
                held, size = [], 0
            if end is not None and at >= end:
                break
        if held:
            yield np.concatenate(held)

    def part(self, start: int, count: int, block: int) -> Iterator[Signal]:
        """Decode `count` frames from about `start` on, without the frames before it; may be called again."""
        ticks = start / self.sample_rate / float(self._stream.time_base or 1)
        try:
            self._container.seek(int(ticks), stream=self._stream)
        except av.FFmpegError as error:
            self.failure = _words(error)
            return
        self._ahead, self._decoded = [], self._decode()
        yield from self.chunks(0, count, block)

    def _rest(self) -> Iterator[Signal]:
        for sample_rate, samples in self._decoded:
            if sample_rate != self.sample_rate:
                raise AudioError(
                    Reason.DECODER_FAILED,
                    f"its sample rate changes from {self.sample_rate} to {sample_rate} Hz on the way",
                )
            if samples.shape[1] != self.channels:
                samples = np.repeat(samples.mean(axis=1, keepdims=True), self.channels, axis=1)
            yield samples

    def _decode(self) -> Iterator[tuple[int, Signal]]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except _FAILED as error:
                self.failure = _words(error)
                return
            if _CUTS_LAST_PACKET and "mov" in self._container.format.name:
                _keep_whole(packet)
            try:
                frames = packet.decode()
            except av.EOFError:
                return
            except _FAILED as error:
                self.failure = _words(error)
                continue
            for frame in frames:
                if isinstance(frame, av.AudioFrame):
                    yield frame.sample_rate, _samples(frame)


class _File(io.FileIO):
    """A file in which seeking to impossible positions, which broken files name, raises no exception."""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        try:
            return super().seek(offset, whence)
        except (OSError, OverflowError):
            return -errno.EINVAL


def _keep_whole(packet: Any) -> None:
    """Ignore how many samples to cut off a packet, so that features are the same under every FFmpeg."""
    if packet.has_sidedata("skip_samples"):
        skip = packet.get_sidedata("skip_samples")
        at_start, _, reasons = struct.unpack("<II2s", bytes(skip))
        skip.update(struct.pack("<II2s", at_start, 0, reasons))
        packet.set_sidedata(skip)


def _samples(frame: av.AudioFrame) -> Signal:
    """A frame as float32 [samples, channels], integer formats scaled so that full scale is 1."""
    try:
        values = frame.to_ndarray()
    except _FAILED as error:
        raise AudioError(Reason.DECODER_FAILED, _words(error)) from error
    x = values.T if frame.format.is_planar else values.reshape(-1, frame.layout.nb_channels)
    if x.dtype == np.uint8:
        return (np.asarray(x, np.float32) - np.float32(128)) / np.float32(128)
    if x.dtype.kind == "i":
        return np.asarray(x * (1.0 / (1 << (8 * x.dtype.itemsize - 1))), np.float32)
    with np.errstate(over="ignore"):  # infinite samples are refused later
        return np.asarray(x, np.float32)


def _words(error: Exception) -> str:
    return (
        f"FFmpeg: {error.strerror}"
        if isinstance(error, av.FFmpegError) and error.strerror
        else f"PyAV: {error}"
    )
