"""Signals and folders that the checks use: small, synthesised, the same every time."""

from __future__ import annotations

import json
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mxt.core.records import Listing
from mxt.core.specs import StageSpec

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from mxt.audio.streamed import Streamed

    Signal = npt.NDArray[np.float32]

CLIP_SECONDS = 1.5
Content = str | tuple[int, int] | None  # of a file: text, an array of this shape, or audio


def signals(count: int, samples: int, sample_rate: int) -> Signal:
    """`count` different signals: tones, chirps and noise at different levels.

    Returns
    -------
    numpy.ndarray
        float32 [count, samples], at most 1 in size.
    """
    import numpy as np

    rng = np.random.default_rng(20170330)
    t = np.arange(samples) / sample_rate
    made = []
    for n in range(count):
        frequency = 110.0 * 2 ** (n % 12 / 3)
        tone = np.sin(2 * np.pi * frequency * t * (1 + 0.1 * (n % 3) * t))
        noise = rng.standard_normal(samples) * 0.3
        decay = np.exp(-t * (n % 4))
        made.append((0.9 - 0.8 * n / max(1, count)) * (tone * decay + noise) / 2.5)
    return np.clip(np.stack(made), -1, 1).astype(np.float32)


def in_pieces(y: Signal) -> Streamed:
    """A signal that is made while it is read, in pieces of several lengths."""
    import numpy as np

    from mxt.audio.streamed import Streamed

    return Streamed(lambda: iter(np.split(y, [1, len(y) // 7, len(y) // 2])), len(y))


def extremes(samples: int) -> dict[str, Signal]:
    """Extreme signals, float32 [samples]: silence, an impulse, full scale, barely audible, a constant."""
    import numpy as np

    silence = np.zeros(samples, np.float32)
    impulse = silence.copy()
    impulse[samples // 2] = 1.0
    square = np.where(np.arange(samples) // 20 % 2, 1.0, -1.0).astype(np.float32)
    constant = np.full(samples, 0.5, np.float32)
    return {
        "silence": silence,
        "an impulse": impulse,
        "a full-scale square wave": square,
        "a very quiet one": square * np.float32(1e-6),
        "a constant": constant,
    }


def windows(spec: StageSpec, count: int) -> Signal:
    """`count` windows as mxt cuts them for `spec`, float32 [count, samples]; one for whole clips."""
    import numpy as np

    from mxt.audio.window import cut

    assert spec.sample_rate is not None
    seconds = spec.window.seconds if spec.window.seconds and spec.window.kind != "whole" else CLIP_SECONDS
    if spec.window.kind == "whole":
        count = 1
    samples = max(int(seconds * spec.sample_rate), spec.window.min_samples)
    clips = signals(count, samples, spec.sample_rate)
    return np.concatenate([cut(y, spec.window, spec.sample_rate)[:1] for y in clips])


@contextmanager
def sample_folders() -> Iterator[dict[str, Listing]]:
    """Small folders of labelled audio in several layouts, for loaders to recognise.

    Yields
    ------
    dict
        A layout's name to its listing; the folders are removed afterwards.
    """
    with TemporaryDirectory(prefix="mxt-check-") as top:
        listings = {}
        for name, files in _LAYOUTS.items():
            root = Path(top) / name.replace(" ", "_")
            for path, content in files.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                _write(root / path, content)
            listings[name] = Listing(root=str(root), files=tuple(sorted(files)))
        yield listings


def _write(path: Path, content: Content) -> None:
    if content is None:
        _write_wave(path)
    elif isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    else:
        import numpy as np

        np.save(path, np.arange(content[0] * content[1], dtype=np.float32).reshape(content))


def _write_wave(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\x00\x10\x00\xf0" * 400)


def _cut(path: str, word: str) -> str:
    """A line of a manifest of Lhotse: a recording of 0.1 s, and what is heard in it."""
    source = {"type": "file", "channels": [0], "source": path}
    recording = {"id": path, "sources": [source], "sampling_rate": 8000, "num_samples": 800, "duration": 0.1}
    span = {"start": 0.0, "duration": 0.1, "channel": 0}
    heard = {"id": path, "recording_id": path, "text": word, "custom": {"word": word}, **span}
    cut = {"id": path, "type": "MonoCut", "supervisions": [heard], "recording": recording, **span}
    return json.dumps(cut) + "\n"


_WORDS = ("dog", "rain")
_LAYOUTS: dict[str, dict[str, Content]] = {
    "one folder per class": {f"{word}/{n}.wav": None for word in _WORDS for n in range(3)},
    "train and test folders": {
        f"{split}/{word}/{n}.wav": None for split in ("train", "test") for word in _WORDS for n in range(2)
    },
    "names that begin with the class": {f"{word}_{n}.wav": None for word in _WORDS for n in range(3)},
    "a table beside the files": {
        **{f"audio/{n}.wav": None for n in range(4)},
        "metadata.csv": "file_name,label\n" + "".join(f"audio/{n}.wav,{_WORDS[n % 2]}\n" for n in range(4)),
    },
    "one text file per clip": {
        **{f"{n}.wav": None for n in range(4)},
        **{f"{n}.txt": f"{_WORDS[n % 2]}\n" for n in range(4)},
    },
    "annotated recordings": {
        **{f"{n}.wav": None for n in range(4)},
        **{f"{n}.txt": "0\t0.05\tdog\n0.05\t0.1\train\n" for n in range(4)},
    },
    "gtzan": {f"genres/{genre}/{genre}.{n:05d}.wav": None for genre in ("blues", "metal") for n in range(3)},
    "gtzan speech and music": {f"{word}_wav/{n}.wav": None for word in ("music", "speech") for n in range(3)},
    "extended ballroom": {
        **{f"{dance}/{n}.wav": None for dance in ("Waltz", "Tango") for n in range(3)},
        "extendedballroom_v1.1.xml": (
            '<x><Waltz><song id="0" artist="A"/><song id="1" artist="A" exact="2"/></Waltz></x>'
        ),
    },
    "emomusic": {
        **{f"clips_45seconds/{n}.wav": None for n in range(3)},
        "annotations/static_annotations.csv": "song_id,mean_arousal,mean_valence\n0,1,9\n1,4.5,3\n2,5,5\n",
    },
    "singing annotations": {
        **{f"{split}/{n}.wav": None for split in ("train", "test") for n in "ab"},
        **{f"{split}/{n}.lab": "0 0.05 sing\n0.05 0.1 nosing\n" for split in ("train", "test") for n in "ab"},
    },
    "published features of Choi et al. 2017": {
        "csv/urbansound.csv": ",id,filepath,label,fold\n"
        + "".join(f"{n},{n}-{n}-0-0,fold1/{n}-{n}-0-0.wav,{n},1\n" for n in range(4)),
        **{f"features/urbansound_layer_{k}.npy": (4, 32) for k in range(5)},
        "features/urbansound_mfcc.npy": (4, 120),
    },
    "nsynth": {
        **{
            f"nsynth-train/audio/{name}_acoustic_00{n}-060-075.wav": None
            for name in ("bass", "reed")
            for n in range(2)
        },
        "nsynth-train/examples.json": "{}",
    },
    "urbansound8k": {
        **{f"audio/fold{n}/{n}-{n}-0-0.wav": None for n in range(1, 4)},
        "metadata/UrbanSound8K.csv": "slice_file_name,fsID,start,end,salience,fold,classID,class\n"
        + "".join(f"{n}-{n}-0-0.wav,{n},50,54,1,{n},{n},class {n}\n" for n in range(1, 4)),
    },
    "a task of HEAR": {
        "task_metadata.json": json.dumps(
            {
                "task_name": "words",
                "embedding_type": "scene",
                "prediction_type": "multiclass",
                "split_mode": "trainvaltest",
                "splits": ["train", "test"],
            }
        ),
        "labelvocabulary.csv": "idx,label\n0,dog\n1,rain\n",
        **{f"{split}.json": '{"0.wav": ["dog"], "1.wav": ["rain"]}' for split in ("train", "test")},
        **{f"8000/{split}/{n}.wav": None for split in ("train", "test") for n in range(2)},
    },
    "a manifest of Lhotse cuts": {
        **{f"{n}.wav": None for n in range(2)},
        "cuts.jsonl": "".join(_cut(f"{n}.wav", word) for n, word in enumerate(_WORDS)),
    },
}
