"""Recordings with random damage, decoded in every way mxt decodes.

Each must give samples or an `AudioError`: nothing else, and no crash.

``python tests/faults/decoders.py --count 10000`` tries that many; the tests try some. The seeds are the files
of ``odd_files`` where the real recordings are available (``MXT_TEST_DATA``), and small files in all formats
that can be written here otherwise.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import contained
import numpy as np
import soundfile as sf
import sounds

from mxt.audio import decode
from mxt.audio.measure import levels, measure
from mxt.core.errors import AudioError, Reason

LARGEST_SEED = 600_000  # bytes
HEADER = 256  # bytes at the beginning, which are damaged more often than the rest
# limits for one file; decoding makes room for 256 MB and holds a file of 0.6 MB twice
SECONDS, MEGABYTES = 20.0, 700.0
WRITTEN = {
    "a.wav": ("WAV", "PCM_16"),
    "b.wav": ("WAV", "IMA_ADPCM"),
    "c.wav": ("WAVEX", "FLOAT"),
    "d.wav": ("WAV", "PCM_24"),
    "a.flac": ("FLAC", "PCM_16"),
    "a.ogg": ("OGG", "VORBIS"),
    "a.opus": ("OGG", "OPUS"),
    "a.mp3": ("MP3", "MPEG_LAYER_III"),
    "a.aiff": ("AIFF", "PCM_16"),
    "a.au": ("AU", "ULAW"),
    "a.caf": ("CAF", "ALAC_16"),
    "a.w64": ("W64", "PCM_16"),
    "a.rf64": ("RF64", "PCM_16"),
}
ENCODED = {
    "a.m4a": "aac",
    "b.m4a": "alac",
    "a.ac3": "ac3",
    "a.mka": "libopus",
    "a.wv": "wavpack",
    "a.aac": "aac",
    "a.wma": "wmav2",
}


def seeds(folder: Path, data: Path | None) -> list[Path]:
    """Files to be damaged: those of `data`, or else new ones made in `folder`."""
    if data is not None:
        return sorted(
            path
            for path in (data / "odd_files").rglob("*")
            if path.is_file() and 0 < path.stat().st_size <= LARGEST_SEED
        )
    folder.mkdir(parents=True, exist_ok=True)
    y = np.concatenate([sounds.sound(0, number) for number in range(4)])
    for name, (form, subtype) in WRITTEN.items():
        sf.write(
            folder / name, np.stack([y, -y[::-1]], axis=1) if name < "b" else y, 48_000, subtype, format=form
        )
    for name, codec in ENCODED.items():
        _encode(folder / name, y, codec)
    return sorted(path for path in folder.iterdir() if path.stat().st_size)


def _encode(path: Path, y: np.ndarray, codec: str) -> None:
    """Write a file with FFmpeg, where this build of it can."""
    import av

    try:
        with av.open(os.fspath(path), "w") as container:
            stream = container.add_stream(codec, rate=48_000, layout="mono")
            resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=48_000)
            for begin in range(0, len(y), 1024):
                frame = av.AudioFrame.from_ndarray(
                    y[None, begin : begin + 1024].copy(), format="fltp", layout="mono"
                )
                frame.sample_rate, frame.pts = 48_000, begin
                for converted in resampler.resample(frame):
                    container.mux(stream.encode(converted))
            container.mux(stream.encode(None))
    except (av.FFmpegError, ValueError, TypeError):
        path.unlink(missing_ok=True)


def damage(paths: Sequence[Path], number: int) -> bytes:
    """The bytes of one of the files, damaged in one of many ways; the same for the same number."""
    rng = random.Random(number)
    raw = bytearray(rng.choice(paths).read_bytes())
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        at = rng.randrange(min(len(raw), HEADER) if rng.random() < 0.4 else len(raw)) if raw else 0
        much = min(len(raw), rng.choice((1, 4, 37, 512, 4096, 20_000)))
        kind = rng.choice(
            ("flip", "flips", "cut", "take out", "double", "splice", "field", "fill", "noise", "move")
        )
        if kind == "flip":
            _flip(raw, at, rng)
        elif kind == "flips":
            for _ in range(rng.choice((5, 50, 500))):
                _flip(raw, rng.randrange(max(1, len(raw))), rng)
        elif kind == "cut":
            del raw[at:]
        elif kind == "take out":
            del raw[at : at + much]
        elif kind == "double":
            raw[at:at] = raw[at : at + much] * rng.choice((1, 3, 20))
        elif kind == "splice":
            other = rng.choice(paths).read_bytes()
            raw[at:] = other[rng.randrange(len(other)) :] if rng.random() < 0.5 else other[at:]
        elif kind == "field":
            width = rng.choice((2, 4, 8))
            value = rng.choice(
                (0, 1, 0x7F, 0xFF, 1 << (8 * width - 1), (1 << (8 * width)) - 1, rng.getrandbits(8 * width))
            )
            raw[at : at + width] = (value & ((1 << (8 * width)) - 1)).to_bytes(
                width, rng.choice(("little", "big"))
            )
        elif kind == "fill":
            raw[at : at + much] = bytes([rng.choice((0, 0xFF, 0x80))]) * much
        elif kind == "noise":
            raw[at : at + much] = rng.randbytes(much)
        else:
            part = raw[at : at + much]
            del raw[at : at + much]
            to = rng.randrange(len(raw) + 1)
            raw[to:to] = part
    return bytes(raw)


def _flip(raw: bytearray, at: int, rng: random.Random) -> None:
    if raw:
        raw[at % len(raw)] ^= 1 << rng.randrange(8)


def examine(path: Path | str) -> str:
    """Decode a file in every way; returns the outcome, or raises AssertionError with what is wrong."""
    y, refused = None, None
    try:
        y, sample_rate = decode.read(path)
    except AudioError as error:
        refused = _typed(error)
    else:
        assert y.dtype == np.float32, y.dtype
        assert y.ndim == 1, y.shape
        assert len(y), "no samples and no error"
        assert np.isfinite(y).all(), "samples that are not finite"
    try:
        pieces = [(decode.mix(x).copy(), rate, x.dtype) for x, rate in decode.blocks(path, block_seconds=0.7)]
    except AudioError as error:
        refused = refused or _typed(error)
    else:
        assert y is not None or refused is Reason.NOT_FINITE, (
            f"read() refuses ({refused}) what blocks() reads"
        )
        assert all(dtype == np.float32 for _, _, dtype in pieces)
        if y is not None:
            parts = np.concatenate([piece for piece, _, _ in pieces])
            assert {rate for _, rate, _ in pieces} == {sample_rate}
            assert len(parts) == len(y), f"blocks() gives {len(parts)} samples, read() {len(y)}"
            assert np.array_equal(parts, y), (
                f"blocks() gives other samples than read(): by up to {np.abs(parts - y).max():.3g}"
            )
    assert y is None or refused is None, f"blocks() refuses ({refused}) what read() reads"
    for function in (decode.info, measure, levels, _part):
        try:
            result = function(path)
        except AudioError as error:
            refused = refused or _typed(error)
        else:
            if function is measure:
                assert y is not None, f"measure() takes what read() refuses ({refused})"
                assert result.sampled or result.frames == len(y), (
                    f"measure() counts {result.frames} samples, read() {len(y)}"
                )
    return "samples" if y is not None else refused.words if refused else "nothing"


def _typed(error: AudioError) -> Reason:
    assert isinstance(error.reason, Reason)
    assert error.reason is not Reason.NONE
    str(error).encode("utf-8")
    return error.reason


def _part(path: Path | str) -> None:
    y, _ = decode.read(path, start=0.21, seconds=0.3)
    assert len(y)
    assert np.isfinite(y).all()


def _try(paths: Sequence[Path], number: int, folder: str) -> str:
    """In the forked process: damage and examine one file."""
    silence = os.open(os.devnull, os.O_RDWR)
    os.dup2(silence, 1)
    os.dup2(silence, 2)  # decoders write there
    path = os.path.join(folder, f"{number}.bin")
    try:
        with open(path, "wb") as file:
            file.write(damage(paths, number))
        return examine(path)
    finally:
        os.unlink(path)


@dataclass
class Tried:
    """The outcome of a campaign.

    Parameters
    ----------
    counts : Counter
        How many files gave samples, and how many were refused for each reason.
    wrong : list of str
        The file's number and what went wrong, one entry per file.
    slowest, most : float
        The most seconds and megabytes that one file took.
    """

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0
    most: float = 0.0


def campaign(
    paths: Sequence[Path], numbers: Iterable[int], folder: Path, *, parallel: int = 2
) -> Iterator[Tried]:
    """Try damaged files, each in a process of its own; yields the same record after each of them."""
    tried = Tried()
    numbers = list(numbers)
    outcomes = contained.call_all(
        _try, ((paths, number, str(folder)) for number in numbers), seconds=SECONDS, parallel=parallel
    )
    for number, outcome in zip(numbers, outcomes, strict=True):
        tried.slowest, tried.most = max(tried.slowest, outcome.seconds), max(tried.most, outcome.megabytes)
        if outcome.ended:
            tried.wrong.append(f"{number}: {outcome.ended.strip().splitlines()[-1]}")
        elif outcome.megabytes > MEGABYTES:
            tried.wrong.append(f"{number}: {outcome.megabytes:.0f} MB")
        else:
            tried.counts[outcome.value] += 1
        yield tried


def main() -> None:
    """Try as many files as requested, and print the outcome."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument(
        "--first", type=int, default=0, help="number of the first file; with --count 1, the only one"
    )
    parser.add_argument("--parallel", type=int, default=2)
    asked = parser.parse_args()
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    data = Path(os.environ.get("MXT_TEST_DATA", default))
    contained.start("decoders")
    tried = Tried()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = seeds(folder / "seeds", data if (data / "README.md").is_file() else None)
        numbers = range(asked.first, asked.first + asked.count)
        for tried in campaign(paths, numbers, folder, parallel=asked.parallel):
            done = tried.counts.total() + len(tried.wrong)
            if done % 500 == 0:
                print(f"{done:,}: {len(tried.wrong)} wrong", file=sys.stderr)
    print(*tried.wrong, sep="\n")
    counts = ", ".join(f"{reason} {number:,}" for reason, number in tried.counts.most_common())
    print(f"{asked.count:,} files of {len(paths)} seeds: {counts}; {len(tried.wrong)} wrong")
    print(f"at most {tried.slowest:.1f} s and {tried.most:.0f} MB for one")


if __name__ == "__main__":
    main()
