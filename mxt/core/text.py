r"""Text from outside (names that are not UTF-8, JSON anybody may have written), and numbers with their nouns.

Python keeps the bytes of an undecodable name as lone surrogates, which no file of text takes. Names of files
stay as they are inside mxt, so that they can be opened; where they become text (results, exports, JSON, the
log of runs), `written` writes these bytes out, and a name that is read back means the clip whose name is
written so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_LONE = re.compile("[\ud800-\udfff]")
_DEEPEST = 50  # levels of JSON; Python's own parser fails with a RecursionError only much deeper
_BYTES = 0xDC00  # a byte of a name that is not UTF-8 is kept as the surrogate this number plus the byte


def written(text: str) -> str:
    r"""`text` as UTF-8 can hold it: undecodable bytes as ``\xNN``, other lone surrogates as ``\uNNNN``.

    Examples
    --------
    >>> print(written("caf\udce9.wav"), written("\ud800"), written("café"))
    caf\xe9.wav \ud800 café
    """
    return text if text.isascii() else _LONE.sub(_escape, text)


def plural(count: int, noun: str) -> str:
    """A number with its noun.

    Examples
    --------
    >>> plural(1, "pair"), plural(2000, "clip")
    ('1 pair', '2,000 clips')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def shortened(text: str, most: int = 80) -> str:
    """`text` cut to at most `most` bytes of UTF-8: its beginning, ``…`` and its end, where names differ.

    Examples
    --------
    >>> shortened("a" * 50 + ".wav", 13)
    'aaaaa…a.wav'
    """
    whole = written(text).encode("utf-8")
    if len(whole) <= most:
        return text
    end = (most - 3) // 2
    return f"{whole[: most - 3 - end].decode('utf-8', 'ignore')}…{whole[-end:].decode('utf-8', 'ignore')}"


def first_line(error: BaseException) -> str:
    r"""The first line of what a library says is wrong, shortened; its type where it says nothing.

    Examples
    --------
    >>> first_line(ValueError("no such layer\n  in net.onnx")), first_line(KeyError())
    ('no such layer', 'KeyError')
    """
    return shortened((str(error).strip().splitlines() or [type(error).__name__])[0], 200)


def written_all(value: Any) -> Any:
    r"""Plain values (mappings, lists, tuples) with every text in them `written`.

    Examples
    --------
    >>> print(written_all({"clips": ["\udce9.wav", 1]})["clips"][0])
    \xe9.wav
    """
    if isinstance(value, str):
        return written(value)
    if isinstance(value, Mapping):
        return {written_all(key): written_all(item) for key, item in value.items()}
    if isinstance(value, list):
        return [written_all(item) for item in value]
    return tuple(map(written_all, value)) if isinstance(value, tuple) else value


def parse_json(text: str) -> Any:
    """Values from JSON that was not necessarily written by mxt.

    Raises
    ------
    ValueError
        It is not JSON, or is nested deeper than anything that is meant to be read.

    Examples
    --------
    >>> parse_json('{"clip": "a.wav"}')
    {'clip': 'a.wav'}
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not _is_shallow(value, _DEEPEST):
        raise ValueError("nested too deeply")
    return value


def _is_shallow(value: Any, levels: int) -> bool:
    if isinstance(value, (dict, list)):
        return levels > 0 and all(
            _is_shallow(item, levels - 1) for item in (value.values() if isinstance(value, dict) else value)
        )
    return True


def _escape(lone: re.Match[str]) -> str:
    code = ord(lone[0])
    return f"\\x{code - _BYTES:02x}" if 0x80 <= code - _BYTES <= 0xFF else f"\\u{code:04x}"
