"""CPU time per clip of backbones, where it goes, and its ratio to a plain loop over the same clips.

    MXT_WEIGHTS_DIR=FOLDER python -P tests/benchmarks/backbones.py RECORDINGS [--clips 20] [--rounds 3]
        [--models FOLDER] [--only NAME …]

RECORDINGS is a folder of class folders. The plain loops read with librosa, go window by window through the
library that the network comes with (librosa, onnxruntime, LiteRT, transformers; for the convnet,
``plain_script.py``), and average. Everything runs in one thread; start-up and loading are not counted. FOLDER
holds ``embedding_model.onnx``, ``melspectrogram.onnx`` and ``nmp.onnx`` with their TOML files
(``examples/models``); the network of transformers is wav2vec 2.0 base with random weights. ``difference`` is
the largest between both, in parts of the largest value.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Loop = Callable[[Path], Array]
WEIGHTS = Path(os.environ.get("MXT_WEIGHTS_DIR", "."))


@dataclass(frozen=True)
class Case:
    """A backbone: what `mxt extract` is told, the view that is compared, and a plain loop if there is one."""

    options: tuple[str, ...]
    view: str
    loop: Callable[[Path], Loop] | None = None


def cases(models: Path) -> dict[str, Case]:
    """Every backbone of this repository, and the networks in `models`."""

    def onnx(name: str) -> tuple[str, ...]:
        return ("onnx", "--model", str(models / f"{name}.onnx"))

    def example(name: str) -> tuple[str, ...]:
        return (name, "--plugin", str(Path(__file__).resolve().parents[2] / "examples" / f"{name}.py"))

    return {
        "mfcc": Case(("mfcc",), ":1", mfcc),
        "spectral_shape": Case(("spectral_shape",), ":1"),
        "marsyas": Case(("marsyas",), ":1"),
        "random_convnet": Case(("random_convnet",), ":12345"),
        "convnet": Case(("convnet",), ":12345"),
        "efficientnet_lite0": Case(("efficientnet_lite0",), ":all"),
        "musicnn": Case(("musicnn",), ":all"),
        "musicnn, VGG": Case(("musicnn", "--set", "network=MSD_vgg"), ":all"),
        "birdnet": Case(("birdnet",), ":embedding", birdnet),
        "speech embedding (onnx)": Case(onnx("embedding_model"), ":1", speech_embedding),
        "basic_pitch (onnx)": Case(onnx("nmp"), ":note", basic_pitch),
        "wav2vec 2.0 base (transformers)": Case(
            ("transformers", "--model", str(models / "wav2vec2")), ":all", wav2vec2
        ),
        "ge2e (one file)": Case(example("ge2e"), ":embedding"),
        "crepe, tiny (one file)": Case(example("crepe"), ":pitch"),
    }


def mfcc(_: Path) -> Loop:
    import librosa

    def features(path: Path) -> Array:
        y, sample_rate = librosa.load(path, sr=12_000, duration=29)
        y = np.pad(y, (0, max(0, 1024 - len(y))))
        frames = librosa.feature.mfcc(y=y, sr=sample_rate, n_mfcc=20)
        orders = [np.diff(frames, n) for n in range(3)]
        return np.concatenate([summary for x in orders for summary in (x.mean(axis=1), x.std(axis=1))])

    return features


def windows(path: Path, sample_rate: int, samples: int, hop: int) -> Iterator[Array]:
    """Windows [samples] of a clip; a shorter one is repeated or filled as the backbone does it."""
    import librosa

    y, _ = librosa.load(path, sr=sample_rate)
    for start in range(0, max(len(y) - samples, 0) + 1, hop):
        yield y[start : start + samples]


def birdnet(_: Path) -> Loop:
    from ai_edge_litert.interpreter import Interpreter
    from mxt_birdnet.plugin import BACKBONE, MODEL

    from mxt.core.weights import place_of
    from mxt.plugin import read_members

    interpreter = Interpreter(
        model_content=read_members(place_of(BACKBONE.weights[0]), [MODEL])[MODEL],
        num_threads=1,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    given, taken = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]

    def embedding(window: Array) -> Array:
        interpreter.set_tensor(given, window[None])
        interpreter.invoke()
        tensor: Array = interpreter.get_tensor(taken - 1)[0]
        return tensor

    return lambda path: np.mean([embedding(y) for y in windows(path, 48_000, 144_000, 144_000)], axis=0)


def session(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def speech_embedding(models: Path) -> Loop:
    """As openwakeword goes through a file: one spectrogram of the clip, windows of 76 frames every 8."""
    import librosa

    mel, network = session(models / "melspectrogram.onnx"), session(models / "embedding_model.onnx")

    def features(path: Path) -> Array:
        y, _ = librosa.load(path, sr=16_000)
        frames = mel.run(None, {"input": y[None] * np.float32(32768)})[0].squeeze() / 10 + 2
        starts = range(0, len(frames) - 75, 8)
        rows = [network.run(None, {"input_1": frames[None, k : k + 76, :, None]})[0].ravel() for k in starts]
        return np.asarray(np.mean(rows, axis=0))

    return features


def basic_pitch(models: Path) -> Loop:
    network = session(models / "nmp.onnx")
    name = network.get_inputs()[0].name

    def row(y: Array) -> Array:
        note: Array = network.run(["StatefulPartitionedCall:1"], {name: y[None, :, None]})[0]
        return note[0].mean(axis=0)

    return lambda path: np.mean([row(y) for y in windows(path, 22_050, 43_844, 43_844)], axis=0)


def wav2vec2(models: Path) -> Loop:
    import librosa
    import torch
    from transformers import AutoFeatureExtractor, AutoModel

    extractor = AutoFeatureExtractor.from_pretrained(models / "wav2vec2")
    network = AutoModel.from_pretrained(models / "wav2vec2").eval()

    @torch.inference_mode()
    def features(path: Path) -> Array:
        y, sample_rate = librosa.load(path, sr=16_000)
        given = extractor(y, sampling_rate=sample_rate, return_tensors="pt")
        hidden = network(**given, output_hidden_states=True).hidden_states
        return np.concatenate([layer[0].mean(0).numpy() for layer in (*hidden[1:], hidden[0])])

    return features


def save_wav2vec2(folder: Path) -> None:
    """A checkpoint of wav2vec 2.0 base with random weights."""
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    torch.manual_seed(0)
    Wav2Vec2Model(Wav2Vec2Config()).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(return_attention_mask=False).save_pretrained(folder)


def run_loop(name: str, models: Path, recordings: Path) -> None:
    """Run a plain loop; print its CPU seconds, and save its features beside the recordings."""
    import torch

    torch.set_num_threads(1)
    make = cases(models)[name].loop
    assert make is not None
    features, paths = make(models), sorted(recordings.rglob("*.*"))
    features(paths[0])
    began = time.process_time()
    rows = [features(path) for path in paths]
    print(json.dumps({"cpu_seconds": time.process_time() - began}))
    np.save(recordings.parent / "loop.npy", np.asarray(rows, dtype=np.float32))


def measure(name: str, case: Case, models: Path, recordings: Path) -> dict[str, float]:
    """CPU seconds of mxt and of the loop, the shares of mxt's, and how far the features differ."""
    import mxt

    work = recordings.parent
    mxt_command = (sys.executable, "-m", "mxt")
    with tempfile.TemporaryDirectory(dir=work) as store:
        called(store, *mxt_command, "ingest", recordings, "--quiet", "--json")
        options = ("--as", "view", "--jobs", "1", "--quiet", "--json")
        extraction = called(store, *mxt_command, "extract", "--backbone", *case.options, *options)
        view = mxt.open(Path(store) / "mxt-store").features("view" + case.view)
        rows = np.asarray(view.X)[np.argsort(view.ids)]
    figures = {"mxt": extraction["cpu_seconds"], **extraction["shares"]}
    loop: tuple[object, ...] = ()
    if name == "convnet":
        listed, weights = work / "list", WEIGHTS.resolve() / "weights_layer4_theano.hdf5"
        listed.write_text("\n".join(map(str, sorted(recordings.rglob("*.*")))))
        loop = (Path(__file__).with_name("plain_script.py").resolve(), listed, weights, 1, work / "loop.npy")
    elif case.loop is not None:
        loop = (Path(__file__).resolve(), recordings, "--models", models, "--loop", name)
    if loop:
        figures["loop"] = called(work, sys.executable, "-P", *loop)["cpu_seconds"]
        expected = np.load(work / "loop.npy")
        figures["difference"] = float(np.abs(rows - expected).max() / np.abs(expected).max())
    return figures


def called(folder: str | Path, *command: object) -> dict[str, Any]:
    """What a program prints as JSON; it has one thread."""
    one = {**os.environ, "OMP_NUM_THREADS": "1"}
    printed = subprocess.run(
        [*map(str, command)], cwd=folder, env=one, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    values: dict[str, Any] = json.loads(printed[printed.index("{") :])
    return values


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("recordings", type=Path)
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--loop", help=argparse.SUPPRESS)
    options = parser.parse_args()
    models = options.models.resolve()
    if options.loop:
        run_loop(options.loop, models, options.recordings)
        return
    if not (models / "wav2vec2").exists():
        save_wav2vec2(models / "wav2vec2")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "recordings"
        paths = sorted(options.recordings.resolve().rglob("*.*"))
        for path in paths[:: max(1, len(paths) // options.clips)][: options.clips]:
            (folder / path.parent.name).mkdir(parents=True, exist_ok=True)
            (folder / path.parent.name / path.name).symlink_to(path)
        print(f"{'':32}ms CPU a clip   decode  front end  network   plain loop  mxt/loop  difference")
        for name, case in cases(models).items():
            if not options.only or name in options.only:
                rounds = [measure(name, case, models, folder) for _ in range(options.rounds)]
                print(line(name, rounds, len(list(folder.rglob("*.*")))), flush=True)


def line(name: str, rounds: list[dict[str, float]], clips: int) -> str:
    """The median of all rounds; ratios are within a round."""
    median = {key: statistics.median(figures[key] for figures in rounds) for key in rounds[0]}
    shares = "".join(f"{median.get(step, 0):>9.0%}" for step in ("decode", "front end", "network"))
    text = f"{name:<32}{1000 * median['mxt'] / clips:>13.1f}  {shares}"
    if "loop" in median:
        ratio = statistics.median(figures["mxt"] / figures["loop"] for figures in rounds)
        text += f"{1000 * median['loop'] / clips:>13.1f}{ratio:>10.2f}{median['difference']:>12.1e}"
    return text


if __name__ == "__main__":
    main()
