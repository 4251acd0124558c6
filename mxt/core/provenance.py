"""Versions of the software that numbers may depend on."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from mxt import __version__


def versions() -> dict[str, str]:
    """Versions that features may depend on; they are recorded, and are not part of a fingerprint."""
    known = {"mxt": __version__, "python": platform.python_version()}
    for name in ("torch", "numpy", "soundfile", "av", "soxr", "zarr", "scikit-learn"):
        try:
            known[name] = version(name)
        except PackageNotFoundError:
            continue
    return known
