"""The spec of Inception-v3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mxt.core.errors import UsageError
from mxt.core.params import Param
from mxt.core.specs import Input, Layer, StageSpec, WeightsFile, Window
from mxt.stages.citations import SHTERN_2017

SZEGEDY_2016 = (
    "C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna: Rethinking the Inception architecture for "
    "computer "
    "vision, CVPR 2016, arXiv:1512.00567"
)

SIZE = 299  # pixels: height and width of the picture the network sees
LAYOUTS = ("imagenet", "tf2015")
TAPS: Mapping[str, int] = {
    "conv2d_1a_3x3": 32,
    "conv2d_2a_3x3": 32,
    "conv2d_2b_3x3": 64,
    "conv2d_3b_1x1": 80,
    "conv2d_4a_3x3": 192,
    "mixed_5b": 256,
    "mixed_5c": 288,
    "mixed_5d": 288,
    "mixed_6a": 768,
    "mixed_6b": 768,
    "mixed_6c": 768,
    "mixed_6d": 768,
    "mixed_6e": 768,
    "mixed_7a": 1280,
    "mixed_7b": 2048,
    "mixed_7c": 2048,
}
POOL = "pool"  # mixed_7c averaged over space, as every tap is: the vector the network's own classifier reads
LAYERS = tuple(
    Layer(number, name, width) for number, (name, width) in enumerate([*TAPS.items(), (POOL, 2048)], start=1)
)

RENDERERS: Mapping[str, Mapping[str, Any]] = {
    **{
        name: {"height": SIZE, "width": SIZE}
        for name in ("logfrequency", "sox", "melimage", "phase", "waveform")
    },
    "melspectrogram": {
        "n_fft": 2048,
        "hop_length": 512,
        "n_mels": 128,
        "reference": "fixed",
        "reference_db": 40.0,
        "floor_db": -80.0,
    },
}

INCEPTION_V3 = StageSpec(
    kind="backbone",
    name="inception_v3",
    summary="Inception-v3, an image network trained on ImageNet, applied to a picture of the clip",
    target="mxt.stages.backbones.inception_v3:InceptionV3",
    params=(
        Param(
            "renderer",
            "choice",
            "logfrequency",
            "how a picture is made of the clip",
            choices=tuple(RENDERERS),
        ),
        Param(
            "max_seconds",
            "float",
            None,
            "seconds of the clip in the picture; if not given, the whole clip",
            minimum=0.1,
            maximum=1_000_000,
        ),
        Param(
            "last",
            "choice",
            POOL,
            "last layer to compute; layers after it are not needed in the weights either",
            choices=tuple(layer.name for layer in LAYERS),
        ),
        Param(
            "random",
            "int",
            None,
            "seed of random weights, in the layout of tf2015; if not given, trained weights are used",
            minimum=0,
            maximum=2**32 - 1,
        ),
    ),
    citation=f"{SZEGEDY_2016}; on spectrograms: {SHTERN_2017}",
    licence="weights: see mxt weights (you fetch them)",
    field="general",
    sample_rate=22_050,
    input=Input("logfrequency", RENDERERS["logfrequency"]),
    window=Window.whole(min_samples=2048),
    layers=LAYERS,
    default_layers=POOL,
    weights=(
        WeightsFile(
            name="imagenet",
            filename="inception_v3_google-0cc3c7bd.pth",
            source="https://download.pytorch.org/models/inception_v3_google-0cc3c7bd.pth",
            sha256="0cc3c7bd75056d25e46cba549dc184522069b81e9787eff6df84f397bd52a5ef",
            size=108_949_747,
            licence="none stated for the file; torchvision is BSD-3-Clause",
            citation=SZEGEDY_2016,
            note="torchvision's weights IMAGENET1K_V1, ported from Google's; "
            "the pictures of ImageNet are for research",
        ),
        WeightsFile(
            name="tf2015",
            filename="pt_inception-2015-12-05-6726825d.pth",
            source="https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
            "pt_inception-2015-12-05-6726825d.pth",
            sha256="6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
            size=95_628_359,
            licence="Apache-2.0 (pytorch-fid, which ported it; TensorFlow)",
            citation=f"{SZEGEDY_2016}; used by {SHTERN_2017}",
            note="the graph of TensorFlow's image retraining tutorial (2015-12-05), ported by pytorch-fid",
        ),
    ),
    batch_windows=1,
    resolve="mxt.stages.backbones.inception_v3_specs:resolve",
)


def resolve(spec: StageSpec, params: Mapping[str, Any], weights: str | None) -> StageSpec:
    """The spec for a renderer, a deepest layer and a weight set.

    A weight set decides the layout of the pooling and the scaling of the input; a file of the user's own has
    those of the set that it replaces. Random weights need no file.

    Raises
    ------
    UsageError
        Random weights and a weight set are both chosen.
    """
    layout = weights or spec.weights[0].name
    files = spec.weights
    if params["random"] is not None:
        if weights is not None:
            raise UsageError(f"random={params['random']} and weights {weights} exclude one another")
        files = ()
    names = [layer.name for layer in spec.layers]
    kept = spec.layers[: names.index(params["last"]) + 1]
    return replace(
        spec,
        target="mxt.stages.backbones.inception_v3:TensorFlow2015" if layout == "tf2015" else spec.target,
        input=Input(params["renderer"], RENDERERS[params["renderer"]]),
        window=Window.whole(max_seconds=params["max_seconds"], min_samples=spec.window.min_samples),
        layers=kept,
        default_layers=params["last"],
        weights=files,
    )
