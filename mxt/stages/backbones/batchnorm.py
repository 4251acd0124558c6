"""Measured batch statistics of the convnet, as shipped in ``batchnorm_statistics.json`` with their provenance. Light to import."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def measured() -> dict[str, Any]:
    """The sets by name, each with ``decibel_reference``, ``mean`` and ``variance`` [5][32], ``provenance``."""
    text = files("mxt.stages.backbones").joinpath("batchnorm_statistics.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)["sets"]
    return found


def decibel_reference(name: str) -> float | None:
    """What 0 dB is in the set `name`: a level in dB, or ``None`` for the clip's own maximum."""
    found = measured()[name]["decibel_reference"]
    return None if found == "clip_maximum" else float(found)
