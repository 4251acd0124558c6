"""Small trees in the layouts in which data sets are distributed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from mxt.core.records import Clip, Listing, Remark


def listing_of(root: Path, files: Mapping[str, str]) -> Listing:
    """Write `files` (path to text) below `root` and list them."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return Listing(str(root), tuple(sorted(files)))


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Listing]:
    """A function that lists files: those that hold text by keyword ``files``, empty ones by name."""
    return lambda *empty, **texts: listing_of(tmp_path, dict.fromkeys(empty, "") | texts.get("files", {}))


def parted(loader: object, listing: Listing) -> tuple[list[Clip], dict[str, list[str]]]:
    """What a loader says: clips, and remarks by kind."""
    clips, remarks = [], {}
    for item in loader.clips(listing):
        if isinstance(item, Remark):
            remarks.setdefault(item.kind, []).append(item.text)
        else:
            clips.append(item)
    return clips, remarks


@pytest.fixture
def load() -> Callable[..., tuple[list[Clip], dict[str, list[str]]]]:
    """`parted`, for tests that cannot import it."""
    return parted
