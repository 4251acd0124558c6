"""Which plugins in files a command is told of."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path


def plugin_files(given: Sequence[Path], environment: str) -> tuple[Path, ...]:
    """The one-file plugins of ``--plugin`` and of MXT_PLUGIN (separated like PATH), each once, in this order."""
    named = [Path(word) for word in environment.split(os.pathsep) if word.strip()]
    return tuple(dict.fromkeys([*given, *named]))
