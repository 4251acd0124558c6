"""Previews of recordings: a few seconds to hear, and their spectrogram, small enough to lie in a page."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.errors import AudioError
from mxt.core.progress import SILENT, Progress
from mxt.core.records import ClipRecord
from mxt.drawing.report.need import Key

Signal = npt.NDArray[np.float32]

SECONDS = 4.0  # of each preview
LONGEST = 60.0  # seconds of a clip up to which its loudest part is looked for; of longer ones, the middle
SAMPLE_RATE, BIT_RATE = 24_000, 24_000
ROWS, COLUMNS, RANGE_DB = 64, 240, 70.0  # of a spectrogram
QUALITY = 45  # of its WebP
MOST, MOST_BYTES = 400, 3_600_000  # previews in a page, and characters that they take there
FADE = 240  # samples


@dataclass(frozen=True, slots=True)
class Preview:
    """Some seconds of a clip.

    Parameters
    ----------
    sound, picture : bytes
        Compressed audio, and its spectrogram as WebP: louder is darker, low frequencies at the bottom.
    start, seconds : float
        Where it lies in the clip, and how long it is.
    """

    sound: bytes
    picture: bytes
    start: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Previews:
    """The previews that a page carries.

    Parameters
    ----------
    of : mapping
        Data set and clip id to its preview.
    silent : mapping
        Data set and clip id to why there is none although it was wanted: the file is gone, has changed, or
        cannot be read.
    wanted : int
        Clips that could have had one.
    sound_type : str
        MIME type of the sounds.
    """

    of: Mapping[Key, Preview] = field(default_factory=dict)
    silent: Mapping[Key, str] = field(default_factory=dict)
    wanted: int = 0
    sound_type: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A clip to be previewed, and the folder of its data set."""

    root: str
    clip: ClipRecord


def make_previews(
    sources: Mapping[Key, Source], order: Iterable[Key], progress: Progress = SILENT
) -> Previews:
    """Preview clips in the order of need, until the page has as many as it can carry.

    Parameters
    ----------
    sources : mapping
        Data set and clip id to its source.
    order : iterable of (str, str)
        Data sets and ids, those first that need one most.
    """
    made: dict[Key, Preview] = {}
    silent: dict[Key, str] = {}
    size, limit = 0, min(MOST, len(sources))
    with progress.step("previews", limit, unit="clips") as step:
        for name in dict.fromkeys(order):
            if len(made) >= MOST or size >= MOST_BYTES:
                break
            if name not in sources:
                continue
            try:
                made[name] = preview = make_preview(sources[name])
            except AudioError as error:
                silent[name] = error.detail or error.reason.words
                continue
            size += 4 * (len(preview.sound) + len(preview.picture)) // 3
            step.advance()
    return Previews(made, silent, len(sources), _encoder().mime)


def make_preview(source: Source) -> Preview:
    """The loudest seconds of a clip, or the middle of a long one.

    Raises
    ------
    AudioError
        The file is gone, has changed since ingest, or cannot be decoded.
    """
    from mxt.audio.decode import read
    from mxt.audio.resample import resample
    from mxt.audio.unchanged import check_unchanged

    file = source.clip.file
    path = Path(source.root, file.path)
    if file.measurement is not None:
        check_unchanged(str(path), (file.size, file.mtime_ns, file.inode), file.measurement.sha256)
    begin, length = (source.clip.start_us or 0) / 1e6, source.clip.duration
    skipped = (length - SECONDS) / 2 if length > LONGEST else 0.0
    y, sample_rate = read(path, start=begin + skipped, seconds=SECONDS if skipped else length)
    first = loudest(y, round(SECONDS * sample_rate))
    y = resample(y[first : first + round(SECONDS * sample_rate)], sample_rate, SAMPLE_RATE)
    return Preview(
        encoded(faded(y)), spectrogram(y), round(skipped + first / sample_rate, 2), len(y) / SAMPLE_RATE
    )


def loudest(y: Signal, samples: int) -> int:
    """First sample of the part of so many samples that has the most energy; 0 where there are fewer."""
    if len(y) <= samples:
        return 0
    energy = np.concatenate([[0.0], np.cumsum(np.square(y, dtype=np.float64))])
    return int(np.argmax(energy[samples:] - energy[:-samples]))


def faded(y: Signal) -> Signal:
    """`y` without clicks at its ends, and within full scale."""
    ramp = np.minimum(1.0, np.arange(len(y), dtype=np.float32) / FADE)
    return np.clip(y * ramp * ramp[::-1], -1.0, 1.0)


def spectrogram(y: Signal) -> bytes:
    """Mel spectrogram as a grey WebP: white is 70 dB below black, which is the loudest."""
    import torch
    from PIL import Image

    from mxt.audio.mel import mel_filterbank, power_to_db
    from mxt.audio.stft import power_spectrogram

    n_fft = 1024
    hop_length = max(1, round(len(y) / COLUMNS))
    bank = torch.from_numpy(mel_filterbank(sample_rate=SAMPLE_RATE, n_fft=n_fft, n_mels=ROWS))
    power = power_spectrogram(torch.from_numpy(y)[None], n_fft=n_fft, hop_length=hop_length)[0]
    level_db = power_to_db(power @ bank.T).numpy().T[::-1]
    dark = np.clip((level_db - level_db.max()) / RANGE_DB + 1.0, 0.0, 1.0)
    file = io.BytesIO()
    Image.fromarray(np.uint8(255 * (1.0 - dark))).save(file, "WEBP", quality=QUALITY, method=6)
    return file.getvalue()


@dataclass(frozen=True, slots=True)
class Encoder:
    """A codec of FFmpeg's, its container, the MIME type of both, and its options."""

    codec: str
    container: str
    mime: str
    options: Mapping[str, str] = field(default_factory=dict)


ENCODERS = (
    Encoder("libopus", "webm", "audio/webm; codecs=opus", {"frame_duration": "60"}),
    Encoder("libmp3lame", "mp3", "audio/mpeg"),
)


@cache
def _encoder() -> Encoder:
    """Opus, or MP3 where this FFmpeg cannot encode it."""
    import av

    for encoder in ENCODERS[:-1]:
        try:
            av.Codec(encoder.codec, "w")
        except (av.FFmpegError, ValueError):
            continue
        return encoder
    return ENCODERS[-1]


def encoded(y: Signal) -> bytes:
    """A mono signal of 24 kHz, compressed to about 24 kbit/s."""
    import av

    encoder = _encoder()
    file = io.BytesIO()
    with av.open(file, "w", format=encoder.container) as container:
        stream: Any = container.add_stream(
            encoder.codec, rate=SAMPLE_RATE, options=dict(encoder.options), layout="mono"
        )
        stream.bit_rate = BIT_RATE
        samples = np.ascontiguousarray(np.int16(np.round(y * 32767.0)))[None]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return file.getvalue()
