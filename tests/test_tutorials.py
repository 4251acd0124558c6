"""The tutorials run from their beginning to their end, and print what they show."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pages import Page, Reader, weights_of

EXAMPLES = Path(__file__).parents[1] / "examples"
SAMPLE_RATE = 16_000
WIDE = {"COLUMNS": "160"}  # tables as the pages show them


def real(*below: str) -> Path | None:
    """Real recordings, where they are."""
    folder = Path(os.environ.get("MXT_TEST_DATA", EXAMPLES.parents[1] / "shared" / "data"), *below)
    return folder if folder.exists() else None


def synthesised(folder: Path, names: Iterable[tuple[str, int, int]]) -> None:
    """Short harmonic tones: of each a file name, what decides its timbre, what decides its pitch."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    t = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    for name, kind, voice in names:
        pitch = 110 * 2 ** (voice / 5 + rng.normal() / 50)
        y = sum(np.sin(2 * np.pi * k * pitch * t) / k ** (0.5 + kind / 2) for k in range(1, 12))
        soundfile.write(folder / name, 0.1 * y + rng.normal(size=len(t)) / 500, SAMPLE_RATE)


def words(folder: Path) -> None:
    """Spoken words as ``word_speaker_take.wav``."""
    if digits := real("spoken_digits"):
        shutil.copytree(digits, folder / "words")
        return
    makers = [(word, speaker, take) for word in range(5) for speaker in range(6) for take in range(2)]
    synthesised(folder / "words", ((f"{w}_speaker{s}_{t}.wav", w, s) for w, s, t in makers))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the exporter that needs no other package
def test_a_new_network(tmp_path: Path) -> None:
    words(tmp_path)
    for shown, printed in Reader(tmp_path).reads(Page(EXAMPLES / "new_network.md")):
        assert shown in printed


HEADINGS = "Selection\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tSpecies\n"
Call = tuple[float, float, str, str, str]  # begin and end in seconds, species, lowest and highest frequency


def spinetails(recordings: Path) -> tuple[np.ndarray, int, list[Call]]:
    """A recording with its calls, from Audacity's label track."""
    y, sample_rate = soundfile.read(recordings / "recordings" / "spinetail.wav")
    lines = (recordings / "annotations" / "spinetail.txt").read_text().splitlines()
    cells = [line.split("\t") for line in lines]
    pairs = zip(cells[::2], cells[1::2], strict=True)
    return y, sample_rate, [(float(a[0]), float(a[1]), a[2], b[1], b[2]) for a, b in pairs]


def chirps() -> tuple[np.ndarray, int, list[Call]]:
    """Twenty seconds of two kinds of chirp in noise."""
    times = [(0.4 + 1.2 * n, 1.0 + 1.2 * n, "CRER" if n % 3 else "SP") for n in range(16)]
    times.append((5.221319, 7.869998, "CRER"))  # the one that the page looks at
    calls = [(*call, "2000", "6000") for call in sorted(times)]
    y = np.random.default_rng(0).normal(size=20 * SAMPLE_RATE) / 200
    for begin, end, species, *_ in calls:
        t = np.arange(int((end - begin) * SAMPLE_RATE)) / SAMPLE_RATE
        rise = 3000 if species == "SP" else -1500
        y[int(begin * SAMPLE_RATE) :][: len(t)] += np.sin(2 * np.pi * (4000 + rise * t) * t) / 4
    return y, SAMPLE_RATE, calls


def field_recordings(folder: Path) -> None:
    """`field`, with selection tables, and `night`, what nobody has listened to."""
    (folder / "field").mkdir()
    (folder / "night").mkdir()
    recordings = real("field")
    y, sample_rate, calls = spinetails(recordings) if recordings else chirps()
    for number, (begin, end) in enumerate([(0, 5), (5, 8.6), (8.6, 10.6), (10.6, 15)], 1):
        name = folder / "field" / f"spinetails_{number}.wav"
        soundfile.write(name, y[int(begin * sample_rate) : int(end * sample_rate)], sample_rate)
        rows = [
            f"{row}\t{first - begin:.6f}\t{min(last, end) - begin:.6f}\t{low}\t{high}\t{species}\n"
            for row, (first, last, species, low, high) in enumerate(
                (call for call in calls if begin <= call[0] < end), 1
            )
        ]
        name.with_suffix(".Table.1.selections.txt").write_text(HEADINGS + "".join(rows))
    soundfile.write(folder / "night" / "spinetails_5.wav", y[15 * sample_rate :], sample_rate)
    for path in sorted((recordings / "recordings").glob("S4A*"))[:2] if recordings else []:
        shutil.copy(path, folder / "night")


def test_birds(tmp_path: Path) -> None:
    weights = weights_of("birdnet", tmp_path / "weights")
    field_recordings(tmp_path)
    page = Page(EXAMPLES / "birds.md")
    for shown, printed in Reader(tmp_path, environment={**WIDE, "MXT_WEIGHTS_DIR": weights}).reads(page):
        assert shown in printed or not real("field")
    assert (tmp_path / "tables" / "spinetails_5.Table.1.selections.txt").read_text().count("\n") > 1


def test_speech_emotion(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    words(tmp_path)
    parts = [(speaker, text, kind) for speaker in range(5) for text in range(1, 4) for kind in range(4)]
    names = ((f"{speaker:02}a{text:02}{'WLFN'[kind]}a.wav", kind, speaker) for speaker, text, kind in parts)
    synthesised(tmp_path / "emodb", names)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
    config = transformers.Wav2Vec2Config(conv_dim=(16,) * 7, **sizes)
    transformers.Wav2Vec2Model(config).save_pretrained(tmp_path / "wav2vec2")
    transformers.Wav2Vec2FeatureExtractor().save_pretrained(tmp_path / "wav2vec2")
    for shown, printed in Reader(tmp_path).reads(Page(EXAMPLES / "speech_emotion.md")):
        assert shown in printed or not real("spoken_digits")
    assert (tmp_path / "emotion.html").is_file()


@pytest.mark.realdata
@pytest.mark.timeout(1200)
def test_music(tmp_path: Path, data: Path) -> None:
    fetched = Path(weights_of("musicnn:released", tmp_path / "fetched"))
    weights = tmp_path / "weights"
    weights.mkdir()
    for path in {
        path.name: path for path in (*fetched.iterdir(), *(data / "choi2017/weights").iterdir())
    }.values():
        (weights / path.name).symlink_to(path)
    shutil.copytree(data / "gtzan_excerpts", tmp_path / "genres")
    environment, page = {**WIDE, "MXT_WEIGHTS_DIR": str(weights)}, Page(EXAMPLES / "music.md")
    for shown, printed in Reader(tmp_path, environment=environment).reads(page):
        assert shown in printed
    assert (tmp_path / "genres.html").is_file()
