"""Plugins in files, named by options and by the environment."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def plugin_files(options: Iterable[Path], environment: str) -> tuple[Path, ...]:
    """The files of ``--plugin``, then those of MXT_PLUGIN (separated as in PATH), without repetitions."""
    named = [Path(word) for word in environment.split(os.pathsep) if word.strip()]
    return tuple(dict.fromkeys([*options, *named]))
