"""Measured batch statistics of the convnet, from ``batchnorm_statistics.json``. Light to import."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def measured() -> dict[str, Any]:
    """Sets by name, with ``decibel_reference``, ``mean`` and ``variance`` [5][32], and ``provenance``."""
    text = files("mxt.stages.backbones").joinpath("batchnorm_statistics.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)["sets"]
    return found


def decibel_reference(name: str) -> float | None:
    """What 0 dB is in the set `name`: a level in dB, or ``None`` for the clip's own maximum."""
    found = measured()[name]["decibel_reference"]
    return None if found == "clip_maximum" else float(found)
