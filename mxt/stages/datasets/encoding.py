"""Decodes people's tables, whose encoding nobody wrote down."""

from __future__ import annotations

import codecs
from pathlib import Path

from mxt.core.errors import TableError, UsageError

COMMON = "cp1252"
FURTHER = (
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp1257",
    "cp932",
    "gb18030",
    "cp949",
    "big5",
    "mac_roman",
    "cp850",
    "koi8_r",
)
MOST_TELLING = 100  # names of files that are looked for in a table of unknown encoding
ZEROS_IN_UTF_16 = 0.2  # least share of zeros among every other byte; a lone NUL in other text is none
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decoded(raw: bytes, path: Path, encoding: str, known: frozenset[str]) -> tuple[str, str]:
    """The text of a file, and its encoding as found out.

    Parameters
    ----------
    raw : bytes
    path : Path
        Named in messages.
    encoding : str
        Empty: found out by byte order mark, zeros, validity, and what the text then says.
    known : frozenset of str
        Names of files, which a table in the right encoding is likely to hold.

    Raises
    ------
    UsageError, TableError
        There is no such encoding, or the text is not in it.
    """
    encoding = encoding or next((name for mark, name in _MARKS if raw.startswith(mark)), "")
    encoding = encoding or _sixteen_bits(raw[:4096])
    if encoding:
        try:
            return raw.decode(encoding), encoding.removesuffix("-sig")
        except LookupError as error:
            raise UsageError(f"no encoding is called {encoding!r}") from error
        except ValueError as error:
            why = (
                f"{error.reason} at byte {error.start}"
                if isinstance(error, UnicodeDecodeError)
                else str(error)
            )
            raise TableError(f"{path} is not {encoding} text: {why}") from error
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return _guessed(raw, known)


def _sixteen_bits(raw: bytes) -> str:
    """UTF-16 without a byte order mark: every other byte of ASCII letters and delimiters is zero."""
    for name, half in (("utf-16-le", raw[1::2]), ("utf-16-be", raw[::2])):
        if half.count(0) > ZEROS_IN_UTF_16 * len(half):
            return name
    return ""


def _guessed(raw: bytes, known: frozenset[str]) -> tuple[str, str]:
    """Text that is not UTF-8: in the encoding in which it names existing files, or the most plausible one."""
    from charset_normalizer import from_bytes

    found = list(from_bytes(raw[: 1 << 18]))
    equals = [
        match for match in found if (match.chaos, match.coherence) == (found[0].chaos, found[0].coherence)
    ]
    common = any(
        COMMON in match.could_be_from_charset for match in equals
    )  # among equals, the most common one
    likely = (
        COMMON if common or not found else found[0].encoding,
        COMMON,
        *(match.encoding for match in found),
        *FURTHER,
    )
    telling = [name for name in known if not name.isascii()][:MOST_TELLING]
    readings = {name: text for name in dict.fromkeys(likely) if (text := _reading(raw, name)) is not None}
    for name, text in readings.items():
        if any(word in text for word in telling):
            return text, name.replace("_", "-")
    name = next(iter(readings), "latin-1")  # any bytes are latin-1
    return raw.decode(name), name.replace("_", "-")


def _reading(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None
