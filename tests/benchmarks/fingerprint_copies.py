"""Copies of real recordings, and how many of them are found by fingerprint; and the time for many clips.

Of every clip four copies are made: MP3 at 64 kbit/s, 12 dB quieter, the first half second cut off, and at
16 kHz. Found, missed and false alarms are printed for each; a false alarm is a pair that is not of one
recording (for ``gtzan_pieces`` beside ``gtzan_excerpts``: not of one number).

    python tests/benchmarks/fingerprint_copies.py ../shared/data [--every 1] [--clips 10000]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile as sf

from mxt.audio.decode import read
from mxt.audio.fingerprint import Signal, correlation, load, peaks
from mxt.audio.resample import resample
from mxt.evaluation.copies import find_candidates
from mxt.results.copies import COPY

MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
CUT_SECONDS, LEAST_SECONDS = 0.5, 0.3
SETS = {
    "orchestra": ["orchestra/**/*.mp3"],
    "spoken_digits": ["spoken_digits/*.wav"],
    "gtzan_excerpts": ["gtzan_excerpts/**/*.flac"],
    "urbansound_clips": ["urbansound_clips/audio/**/*.wav"],
}
TOGETHER = ["gtzan_excerpts/**/*.flac", "gtzan_pieces/**/*.ogg"]


def write_mp3(path: Path, y: Signal, sr: int) -> None:
    """Write MP3 at 64 kbit/s."""
    import av

    sr_mp3 = sr if sr in MP3_RATES else 44100
    samples = (np.clip(resample(y, sr, sr_mp3), -1, 1) * 32767).astype(np.int16)
    with av.open(str(path), "w", format="mp3") as out:
        stream = out.add_stream("libmp3lame", rate=sr_mp3, layout="mono")
        stream.bit_rate = 64_000
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate = sr_mp3
        resampler = av.AudioResampler(format="s16p", layout="mono", rate=sr_mp3)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            out.mux(stream.encode(part))
        out.mux(stream.encode(None))


def copies_of(path: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """The copies of a clip, as files."""
    y, sr = read(path)
    write_mp3(folder / "copy.mp3", y, sr)
    yield "MP3 64 kbit/s", folder / "copy.mp3"
    cut = y[int(CUT_SECONDS * sr) :]
    for kind, samples, rate in (
        ("-12 dB", y * 10 ** (-12 / 20), sr),
        ("0.5 s cut off", cut, sr),
        ("16 kHz", resample(y, sr, 16000), 16000),
    ):
        if len(samples) >= LEAST_SECONDS * rate:
            sf.write(folder / "copy.wav", samples, rate, subtype="PCM_16")
            yield kind, folder / "copy.wav"


def alike(signals: Sequence[Signal]) -> list[tuple[int, int]]:
    """Pairs that are taken for one recording."""
    return [
        (one.first, one.second)
        for one in find_candidates([peaks(y) for y in signals])
        if correlation(signals[one.first], signals[one.second], one.offset) >= COPY
    ]


def report_set(name: str, paths: Sequence[Path]) -> None:
    """Print found, missed and false alarms of a set of clips and their copies, all compared with all."""
    signals, kinds, owner = [load(path) for path in paths], ["original"] * len(paths), list(range(len(paths)))
    with tempfile.TemporaryDirectory() as folder:
        for number, path in enumerate(paths):
            for kind, copy in copies_of(path, Path(folder)):
                signals.append(load(copy))
                kinds.append(kind)
                owner.append(number)
    pairs = alike(signals)
    wrong = {tuple(sorted((owner[a], owner[b]))) for a, b in pairs if owner[a] != owner[b]}
    found = {kinds[b]: 0 for b in range(len(paths), len(signals))}
    for a, b in pairs:
        if kinds[a] == "original" and owner[a] == owner[b]:
            found[kinds[b]] += 1
    n_pairs = len(signals) * (len(signals) - 1) // 2
    for kind, number in found.items():
        total = kinds.count(kind)
        sys.stdout.write(f"{name}: {kind}: found {number}, missed {total - number} of {total}\n")
    sys.stdout.write(f"{name}: false alarms: {len(wrong)} pairs of clips, of {n_pairs:,} pairs compared\n")
    for a, b in sorted(wrong):
        sys.stdout.write(f"  {paths[a].name} = {paths[b].name}\n")


def report_together(paths: Sequence[Path]) -> None:
    """Print how many pieces and excerpts of one recording are found."""
    pairs = alike([load(path) for path in paths])
    right = sum(paths[a].stem == paths[b].stem for a, b in pairs)
    numbers = [path.stem for path in paths]
    both = sum(numbers.count(number) == 2 for number in set(numbers))
    sys.stdout.write(
        f"pieces and excerpts: {right} pairs of one recording found, {len(pairs) - right} false alarms, of "
        f"{len(paths)} clips; {both} numbers have both (pieces may lie behind the excerpt)\n"
    )


def report_time(n_clips: int, seconds: float) -> None:
    """Print the time for many clips: parts of 20 long noisy chords, as peaks come in music."""
    rng = np.random.default_rng(0)
    begun = time.process_time()
    fingerprints = []
    for _ in range(n_clips):
        n = int(20 * seconds)
        frames = np.sort(rng.integers(0, int(seconds * 62.5), n))
        fingerprints.append(np.column_stack([frames, rng.integers(6, 500, n)]).astype(np.uint16))
    made = time.process_time()
    pairs = find_candidates(fingerprints)
    sys.stdout.write(
        f"{n_clips:,} clips of {seconds:g} s: candidates among them in {time.process_time() - made:.1f} s "
        f"({len(pairs)} of unrelated peaks; made in {made - begun:.1f} s)\n"
    )


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--every", type=int, default=1, help="Take every so-manyth clip.")
    parser.add_argument("--clips", type=int, default=10_000, help="For the time.")
    asked = parser.parse_args()
    for name, patterns in SETS.items():
        paths = [path for pattern in patterns for path in sorted(asked.data.glob(pattern))]
        report_set(name, paths[:: asked.every])
    report_together([path for pattern in TOGETHER for path in sorted(asked.data.glob(pattern))])
    if asked.clips:
        report_time(asked.clips, 30.0)


if __name__ == "__main__":
    main()
