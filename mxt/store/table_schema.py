"""What a feature table consists of: its arrays, in the order of writing, and the numbers in them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mxt.core.identity import KEY_BYTES
from mxt.core.specs import Layer

ArrayKind = tuple[tuple[int, ...], str, float]  # shape of a row, dtype, fill value

AUDIO, COPY = "audio", "audio_copy"  # damaged keys are restored from the copy
SEAL, REASON, STATE = "seal", "reason", "state"
OPEN, DONE, FAILED = 0, 1, 2


def layer_array(layer: Layer) -> str:
    """Name of a layer's array: the number makes it unique even where file names ignore case."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in layer.name)
    return f"layer{layer.number}.{safe}"


def array_kinds(layers: Sequence[Layer], *, sealed: bool = True) -> dict[str, ArrayKind]:
    """Every array of a table, in the order of writing; tables made by stores of schema 1 have no seals."""
    seals: dict[str, ArrayKind] = {SEAL: ((1 + len(layers),), "uint32", 0)} if sealed else {}
    return {
        COPY: ((KEY_BYTES,), "uint8", 0),
        AUDIO: ((KEY_BYTES,), "uint8", 0),
        **{layer_array(layer): ((layer.dimension,), "float32", math.nan) for layer in layers},
        **seals,
        REASON: ((), "uint8", 0),
        STATE: ((), "uint8", 0),
    }
