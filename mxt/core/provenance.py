"""Versions of what a number may depend on."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from mxt import __version__


def versions() -> dict[str, str]:
    """Versions of what features may depend on: provenance, not identity."""
    found = {"mxt": __version__, "python": platform.python_version()}
    for name in ("torch", "numpy", "soundfile", "av", "soxr", "zarr", "scikit-learn"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
