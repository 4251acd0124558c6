"""What backbones share whose network is a parameter: the files it lies in and its layers."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from mxt.core.errors import InputError, UsageError
from mxt.core.files import translate_os_errors
from mxt.core.identity import sha256_file
from mxt.core.specs import Layer, WeightsFile
from mxt.core.stages import Features

LAYER_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}")


def needed_model(model: str | None, *, backbone: str, example: str) -> str:
    """The network that was named.

    Raises
    ------
    UsageError
        None was.
    """
    if not model:
        raise UsageError(f"backbone {backbone} needs a network: --model {example}")
    return model


def own_file(role: str, path: Path) -> WeightsFile:
    """A file of the user's own as part of a network.

    Parameters
    ----------
    role : str
        What it is in the network. It is part of the fingerprint, as the file's content is; its place is not.
    path : Path
        Where it lies.

    Raises
    ------
    InputError
        There is no such file, or it cannot be read.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    with translate_os_errors("reading", path):
        stat = path.stat()
        sha256 = _sha256(os.path.realpath(path), stat.st_size, stat.st_mtime_ns, stat.st_ino)
    return WeightsFile(role, path.name, Path(os.path.realpath(path)).as_uri(), sha256, stat.st_size)


@lru_cache(maxsize=64)
def _sha256(path: str, _size: int, _modified: int, _inode: int) -> str:
    """The hash of a file, read once for as long as it is not changed."""
    return sha256_file(path)


def inside(folder: Path, name: str, *, what: str) -> Path:
    """A file that a network names, in the network's own folder.

    Raises
    ------
    InputError
        It lies elsewhere, by its name or through a link; or there is no such file.
    """
    path = Path(os.path.realpath(folder / name)) if "\0" not in name else folder
    if not name or "\0" in name or not path.is_relative_to(os.path.realpath(folder)):
        raise InputError(f"{what} is {name!r}, outside the folder of the model ({folder}): it is not read")
    if not path.is_file():
        raise InputError(f"{what} is {name!r}, and there is no such file in {folder}")
    return path


def stacked(rows: Iterable[Mapping[str, Any]]) -> Features:
    """Features [N, dimension] of N windows that were run one by one, each giving a row for every layer."""
    import numpy as np

    all_rows = list(rows)
    return {name: np.stack([row[name] for row in all_rows]) for name in all_rows[0]}


def check_layers(layers: Sequence[Layer], *, where: str) -> None:
    """Refuse layers whose names cannot be typed as part of a view.

    Raises
    ------
    InputError
        A name has other characters than letters, digits, ``_``, ``-`` and ``.``, or occurs twice.
    """
    names = [layer.name for layer in layers]
    for name in names:
        if not LAYER_NAME.fullmatch(name):
            raise InputError(
                f"{where}: {name!r} cannot be the name of a layer, "
                "which is made of letters, digits, '_', '-' and '.'"
            )
        if names.count(name) > 1:
            raise InputError(f"{where}: two layers have the name {name!r}")
