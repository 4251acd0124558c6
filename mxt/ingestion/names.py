"""Names of data sets: letters, digits, ``_``, ``-`` and ``.``, because they become parts of file names."""

from __future__ import annotations

import os
import re
from pathlib import Path

from mxt.core.errors import UsageError
from mxt.core.identity import sha256_text
from mxt.core.text import shortened
from mxt.stages.datasets.suffixes import ANNOTATIONS, suffix

LONGEST_NAME = 100
UNTELLING = frozenset(
    [
        "metadata",
        "labels",
        "label",
        "index",
        "annotations",
        "annotation",
        "meta",
        "data",
        "clips",
        "files",
        "train",
        "test",
    ]
)
"""Names of tables that say nothing of the data set: its folder's name is used instead."""


def default_name(path: Path) -> str:
    """The name of a data set that was not given one: its folder's, or its table's where that tells something.

    Examples
    --------
    >>> default_name(Path("/music/My Genres"))
    'My_Genres'
    """
    path = Path(os.path.abspath(path))
    word = path.name or "root"
    if suffix(path.name) in ANNOTATIONS and not path.is_dir():
        word = path.parent.name if path.stem.lower() in UNTELLING else path.stem
    return safe_name(word) or "dataset"


def safe_name(text: str) -> str:
    """`text` with all other characters replaced by ``_``; if it is long, its beginning and a hash of it."""
    name = re.sub(r"[^\w.-]+", "_", text).strip("_.-")
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 9]}-{sha256_text(name)[:8]}"


def checked_name(given: str) -> str:
    """A name as the user gave it.

    Raises
    ------
    UsageError
        It holds characters that `safe_name` would replace; the message suggests a name.
    """
    if safe_name(given) != given or not given:
        raise UsageError(
            f"--name {shortened(given)!r}: use letters, digits, _, - and . only, at most {LONGEST_NAME} "
            f"characters; {safe_name(given) or 'dataset'!r} would do"
        )
    return given
