"""What makes two things the same: canonical JSON, hashes, audio keys."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

KEY_BYTES = 32  # of an audio key
_BLOCK = 1 << 20


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no spaces and no NaN: equal values give equal text.

    Examples
    --------
    >>> canonical_json({"b": (1, 2.0), "a": None})
    '{"a":null,"b":[1,2.0]}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_text(text: str) -> str:
    """SHA-256 of UTF-8 text, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def sha256_file(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file's bytes, read in blocks of one MiB."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def microseconds(seconds: float | None) -> int | None:
    """Seconds as a whole number of microseconds (segments are identified by these)."""
    return None if seconds is None else round(seconds * 1_000_000)


def audio_key(file_sha256: str, start_us: int | None = None, end_us: int | None = None) -> bytes:
    """Identity of a clip's content: the file's hash and the segment.

    Returns
    -------
    bytes
        32 bytes; the file's own hash for a whole file.
    """
    if start_us is None and end_us is None:
        return bytes.fromhex(file_sha256)
    return hashlib.sha256(
        f"{file_sha256}#{start_us or 0}-{'' if end_us is None else end_us}".encode()
    ).digest()


def feature_clip_key(source_sha256: str, clip: str) -> bytes:
    """Identity of a clip that came as features, without audio: a hash of its files and its id.

    Returns
    -------
    bytes
        32 bytes.
    """
    return hashlib.sha256(f"features {source_sha256} {clip}".encode("utf-8", "surrogatepass")).digest()


def imported_key(source_sha256: str, clip: str, key: bytes) -> bytes:
    """Row key of a clip in a table of imported features: a hash of their file, and the clip's id and content.

    The content is part of it so that another clip of the same id, or the same file after it was changed, has
    no features rather than wrong ones.

    Returns
    -------
    bytes
        32 bytes.
    """
    return hashlib.sha256(
        f"imported {source_sha256} {key.hex()} {clip}".encode("utf-8", "surrogatepass")
    ).digest()


def clip_id(path: str, start_us: int | None = None, end_us: int | None = None) -> str:
    """A clip's name: its path below the root, with ``#start-end`` in seconds for a segment.

    Examples
    --------
    >>> clip_id("a/b.wav", 500000, 2000000)
    'a/b.wav#0.5-2'
    """
    if start_us is None and end_us is None:
        return path
    end = "" if end_us is None else _seconds(end_us)
    return f"{path}#{_seconds(start_us or 0)}-{end}"


def _seconds(us: int) -> str:
    return f"{us / 1e6:.6f}".rstrip("0").rstrip(".")
