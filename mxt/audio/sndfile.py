"""Files that libsndfile reads: WAV in all encodings, FLAC, Vorbis, Opus, MP3, AIFF, AU, CAF, W64, RF64."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile as sf

from mxt.core.errors import AudioError, Reason

Signal = npt.NDArray[np.float32]

SYSTEM_ERROR = 2  # libsndfile's code for an error of the operating system: of the moment, not of the file
# libsndfile's log line where a chunk promises more bytes than the file has, e.g. "data : 88200 (should be
# 44078)"
_SHORT = re.compile(
    r"^\s*(?:data|SSND|BODY|Data Size|riff|Riff size)\s*:\s*(\d+) \(should be (\d+)\)", re.MULTILINE
)
_UNKNOWN_SIZE = 0x7FFFF000  # writers to pipes put sizes from here to 2^32 - 1 where they do not know it
_OGG_PAGE = 65_307  # bytes of the longest page
_TAGS = 4096  # bytes behind the last frame that are not worth a second look
_PIECE = 1024  # frames of a broken stream decoded at once
_PREROLL = (
    16 * 1152
)  # samples an MP3 decoder is given before the first one wanted: more than its bit reservoir and overlap


class Sndfile:
    """An open file, decoded by libsndfile.

    It is opened by descriptor, so that the content decides about the format and never the suffix.

    Parameters
    ----------
    fd : int
        Descriptor at the file's beginning; stays the caller's.

    Raises
    ------
    soundfile.LibsndfileError
        libsndfile refuses the file.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._file = self._open()
        self.sample_rate: int = self._file.samplerate
        self.channels: int = self._file.channels
        self.frames: int = self._file.frames
        self.failure = ""  # what went wrong on the way, if anything did
        self.decoder = f"libsndfile {sf.__libsndfile_version__}"
        # what must come out of an undamaged file; of an MP3 without a header libsndfile guesses `frames` from
        # the file's size
        self.promised: int | None = self.frames if self._file.format != "MP3" or _has_length(fd) else None

    def _open(self) -> Any:
        os.lseek(self._fd, 0, os.SEEK_SET)
        return _ReadOn(self._fd, closefd=False)

    def close(self) -> None:
        """Free libsndfile's memory."""
        self._file.close()

    @property
    def cut_short(self) -> bool:
        """True if the header promises more bytes than the file has, or an Ogg stream lacks its last page."""
        if self._file.format == "OGG":
            return not _ends(self._fd)
        return any(
            int(there) < int(promised) < _UNKNOWN_SIZE
            for promised, there in _SHORT.findall(self._file.extra_info)
        )

    def chunks(self, start: int, count: int | None, block: int) -> Iterator[Signal]:
        """Decode `count` frames from `start` on (``None``: to the end), `block` at a time.

        Yields
        ------
        numpy.ndarray
            float32 [samples, channels], full scale 1; its memory is used again for the next one
            unless it holds everything asked for. Ends early where the file is broken.
        """
        end = self.frames if count is None else min(self.frames, start + count)
        if start < end:
            yield from self._chunks(start, end, block)
        if not self.failure and (count is None or start + count > self.frames) and self._more():
            yield from self._rest(max(start, self.frames), None if count is None else start + count, block)

    def _chunks(self, start: int, end: int, block: int) -> Iterator[Signal]:
        buffer = np.empty((min(block, end - start), self.channels), np.float32)
        at = start
        try:
            self._seek(start)
            while at < end:
                wanted = buffer[: min(len(buffer), end - at)]
                got = self._read(wanted)
                if len(got):
                    yield got
                at += len(got)
                if len(got) < len(wanted):
                    return
        except sf.LibsndfileError as error:
            self._note(error)
            yield from self._salvage(at, end)

    def _read(self, wanted: Signal) -> Signal:
        if self._file.subtype != "PCM_16":
            decoded: Signal = self._file.read(out=wanted)
            return decoded
        # what libsndfile does sample by sample
        whole = self._file.read(len(wanted), dtype="int16", always_2d=True)
        got = wanted[: len(whole)]
        np.multiply(whole, np.float32(2**-15), out=got)
        return got

    def _salvage(self, start: int, end: int) -> Iterator[Signal]:
        """What can be decoded of a broken stream from frame `start` on, without the parts that are lost.

        It is read from its beginning in small pieces of one size: how much libsndfile gives of a broken
        stream depends on how much is asked for.
        """
        self._file.close()
        self._file = self._open()
        piece = np.empty((_PIECE, self.channels), np.float32)
        at = 0
        while at < end:
            wanted, lost = piece[: min(_PIECE, end - at)], False
            try:
                count = len(self._file.read(out=wanted))
            except sf.LibsndfileError as error:
                self._note(error)
                count, lost = self._file.tell() - at, True
            if at + count > start:
                yield wanted[max(0, start - at) : count]
            at += count
            if not count or (count < len(wanted) and not lost):
                return

    def _note(self, error: sf.LibsndfileError) -> None:
        """Keep what went wrong, unless it is an error of the moment.

        Raises
        ------
        AudioError
            The operating system could not read on.
        """
        if error.code == SYSTEM_ERROR:
            raise AudioError(Reason.UNREADABLE, "the file could not be read on") from error
        self.failure = error.error_string

    def part(self, start: int, count: int, block: int) -> Iterator[Signal]:
        """Decode `count` frames from about `start` on; here exactly."""
        return self.chunks(start, count, block)

    def _more(self) -> bool:
        """True if the file continues after `frames`: too low a guess for MP3, or MP3 or Ogg files joined."""
        return (
            self._file.format in ("MP3", "OGG")
            and os.lseek(self._fd, 0, os.SEEK_CUR) < os.fstat(self._fd).st_size - _TAGS
        )

    def _rest(self, start: int, end: int | None, block: int) -> Iterator[Signal]:
        """What libsndfile leaves, decoded by FFmpeg: their samples agree except for rounding."""
        from mxt.audio.ffmpeg import Ffmpeg

        try:
            source = Ffmpeg(self._fd)
        except AudioError:
            return
        try:
            if (source.sample_rate, source.channels) == (self.sample_rate, self.channels):
                yield from source.chunks(start, None if end is None else end - start, block)
            if self._file.format == "OGG":
                self.failure = source.failure
        finally:
            source.close()

    def _seek(self, start: int) -> None:
        """Go to frame `start`."""
        if start:
            run_up = min(start, _PREROLL) if self._file.format == "MP3" else 0
            self._file.seek(start - run_up)
            self._file.read(run_up, dtype="float32")


class _ReadOn(sf.SoundFile):  # type: ignore[misc]  # soundfile has no types
    """A file that is read without seeking: soundfile seeks after reads and gets lost in damaged streams."""

    def seekable(self) -> bool:
        return False


def _has_length(fd: int) -> bool:
    """True where an MP3's first frame is a header that tells its length (Xing, Info or VBRI)."""
    head = os.pread(fd, 10, 0)
    # an ID3 tag's length is four bytes of seven bits
    tag = (
        10 + sum(byte << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        if head[:3] == b"ID3"
        else 0
    )
    first = os.pread(fd, 4096, tag)
    return any(mark in first for mark in (b"Xing", b"Info", b"VBRI"))


def _ends(fd: int) -> bool:
    """True where an Ogg file's last page is marked as the last of its stream."""
    tail = os.pread(fd, _OGG_PAGE, max(0, os.fstat(fd).st_size - _OGG_PAGE))
    page = tail.rfind(b"OggS")
    return page >= 0 and page + 5 < len(tail) and bool(tail[page + 5] & 4)
