"""The attributes of a feature table, in ``zarr.json`` of its group: what the table is, with a checksum."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mxt.core.files import translate_damage
from mxt.core.identity import canonical_json, sha256_text
from mxt.core.specs import Layer
from mxt.store.table_schema import SEAL

CHECKSUM = "checksum"


def new_attributes(
    attributes: Mapping[str, Any], fingerprint: str, label: str, layers: Sequence[Layer]
) -> dict[str, Any]:
    """Attributes of a new table: those given, and what every table says of itself."""
    described = [
        {"number": layer.number, "name": layer.name, "dimension": layer.dimension, "labels": layer.labels}
        for layer in layers
    ]
    own = {"fingerprint": fingerprint, "label": label, "layers": described, SEAL: 1}
    return with_checksum(json.loads(canonical_json({**attributes, **own})))


def with_checksum(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes as they are written."""
    return {**attributes, CHECKSUM: sha256_text(canonical_json(dict(attributes)))}


def read_attributes(folder: Path) -> dict[str, Any]:
    """Attributes of a table, read without zarr.

    Raises
    ------
    StoreDamaged
        They are missing, not readable or not those written.
    """
    path = folder / "zarr.json"
    with translate_damage(lambda _: f"{path} is not what was written; mxt verify --repair restores it"):
        attributes = json.loads(path.read_text(encoding="utf-8"))["attributes"]
        plain = {name: value for name, value in attributes.items() if name != CHECKSUM}
        if attributes != with_checksum(plain):
            raise ValueError
    return plain


def table_layers(attributes: Mapping[str, Any]) -> tuple[Layer, ...]:
    """The layers that a table's attributes describe."""
    return tuple(
        Layer(layer["number"], layer["name"], layer["dimension"], tuple(layer["labels"]))
        for layer in attributes["layers"]
    )
