"""The stages of this package as plain values; every command imports this, so it imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mxt.plugin import Input, Layer, Param, StageSpec, WeightsFile, Window, hookimpl
from mxt_musicnn.labels import MSD, MTT

NETWORKS = ("MSD_musicnn", "MTT_musicnn", "MSD_vgg", "MTT_vgg")
PONS_SERRA_2019 = (
    "J. Pons, X. Serra: musicnn: pre-trained convolutional neural networks for music audio tagging, ISMIR "
    "2019, "
    "arXiv:1909.06654"
)

SAMPLE_RATE = 16_000
N_FFT, HOP, BANDS = 512, 256, 96
FRAMES = 187  # of a patch: 3 s

_FRONT_END = (
    ("timbral", 408),
    ("temporal", 153),
    ("cnn1", 64),
    ("cnn2", 64),
    ("cnn3", 64),
    ("mean_pool", 753),
    ("max_pool", 753),
    ("penultimate", 200),
)
_VGG = tuple((f"pool{block}", 128) for block in range(1, 6))


def layers_of(network: str) -> tuple[Layer, ...]:
    """The layers of one of `NETWORKS`."""
    named = _VGG if network.endswith("vgg") else _FRONT_END
    layers = [Layer(number, name, dimension) for number, (name, dimension) in enumerate(named, start=1)]
    tags = MSD if network.startswith("MSD") else MTT
    return (*layers, Layer(len(layers) + 1, "tags", len(tags), tags))


# Patches of 187 frames of the clip's centred spectrogram, one after the other, are windows of 186 hops and
# one transform, 187 hops apart, of the clip with half a transform of zeros on both sides.
PATCHES = Window.sliding(
    seconds=((FRAMES - 1) * HOP + N_FFT) / SAMPLE_RATE,
    hop_seconds=FRAMES * HOP / SAMPLE_RATE,
    margin_seconds=N_FFT / 2 / SAMPLE_RATE,
    pad="repeat",
    tail="drop",
)

BACKBONE = StageSpec(
    kind="backbone",
    name="musicnn",
    summary="Music taggers of Pons and Serra 2019: musically motivated filters, or a VGG, trained on MSD or "
    "MagnaTagATune",
    target="mxt_musicnn.backbone:MusicNN",
    params=(
        Param(
            "network",
            "choice",
            NETWORKS[0],
            "trained on the Million Song Dataset (MSD) or MagnaTagATune (MTT); "
            "musically motivated filters or a VGG",
            choices=NETWORKS,
        ),
    ),
    citation=PONS_SERRA_2019,
    licence="MIT; weights: ISC (fetched by you)",
    commercial="yes",
    field="music",
    sample_rate=SAMPLE_RATE,
    input=Input(
        "melspectrogram",
        {"n_fft": N_FFT, "hop_length": HOP, "n_mels": BANDS, "pad": "none", "scale": "power"},
    ),
    window=PATCHES,
    layers=layers_of(NETWORKS[0]),
    default_layers="penultimate",
    weights=(
        WeightsFile(
            name="released",
            filename="musicnn-0.1.0-py3-none-any.whl",
            source="pip:musicnn==0.1.0",
            sha256="f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa",
            size=29_292_476,
            licence="ISC, Copyright (c) Music Technology Group, Universitat Pompeu Fabra 2019",
            citation=PONS_SERRA_2019,
            note="the authors' Python package, of which only the four checkpoints are read; "
            "it is not installed and none of it is run",
        ),
    ),
    batch_windows=8,
    resolve="mxt_musicnn.plugin:resolve",
)


def resolve(spec: StageSpec, params: Mapping[str, Any], _weights: str | None) -> StageSpec:
    """The spec with the layers of the chosen network."""
    layers = layers_of(params["network"])
    default = "penultimate" if "penultimate" in {layer.name for layer in layers} else "pool5"
    return replace(spec, layers=layers, default_layers=default)


@hookimpl
def mxt_stages() -> tuple[StageSpec, ...]:
    """The stages of this package."""
    return (BACKBONE,)
