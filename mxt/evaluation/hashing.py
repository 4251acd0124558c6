"""A split by the hash of file names: a file keeps its side when others are added."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Sequence
from typing import Literal

_STEPS = (
    2**27 - 1
)  # the tutorial's MAX_NUM_IMAGES_PER_CLASS: hashes are cut to this many steps of a percentage
_VARIANT = re.compile(r"_nohash_.*$", re.DOTALL)


def hash_part(name: str, *, valid: float = 10.0, test: float = 10.0) -> str:
    """The side of a file: ``train``, ``valid`` or ``test``, by SHA-1 of its name alone.

    Parameters
    ----------
    name : str
        What follows ``_nohash_`` in it is left out.
    valid, test : float
        Percent of the files.

    References
    ----------
    tensorflow/examples/image_retraining/retrain.py, create_image_lists

    Examples
    --------
    >>> [hash_part(f"{n}.wav") for n in range(9, 13)]
    ['valid', 'train', 'train', 'test']
    """
    number = int(
        hashlib.sha1(
            _VARIANT.sub("", name).encode("utf-8", "surrogateescape"), usedforsecurity=False
        ).hexdigest(),
        16,
    )
    percent = number % (_STEPS + 1) * (100.0 / _STEPS)
    return "valid" if percent < valid else "test" if percent < valid + test else "train"


def hash_parts(
    paths: Sequence[str], *, of: Literal["name", "path"], percent: tuple[float, float]
) -> list[str]:
    """The sides of files, by their own names or their paths below the root."""
    names = paths if of == "path" else [posixpath.basename(path) for path in paths]
    return [hash_part(name, valid=percent[0], test=percent[1]) for name in names]
