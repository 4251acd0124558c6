"""Tables of labels: one in every form in which people write it, and broken or odd ones.

Each has a name, and comes with its suffix and its bytes.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hostile_names import NAMES

LABELS, CLIPS = 3, 8
# without names that a cell cannot keep, or that would be read as several labels
CELLS = {
    what: name
    for what, name in NAMES.items()
    if name.strip() == name and not any("\udc00" <= c <= "\udfff" or c in ";|" for c in name)
}
HEADINGS = (
    "\x1b[31mred",
    "\x9b1m",
    "a\nb",
    "c\td",
    "\u202egnp",
    "=1+1",
    "[red]x[bold]",
    "clip",
    "X",
    "columns",
    "view",
    "h" * 300,
    "{0}",
    "%s",
)
OUTSIDE = (
    "/etc/passwd",
    "../../../../etc/hostname",
    ".",
    "..",
    "/",
    "//",
    "\\",
    "~",
    "$HOME",
    "file:///etc/passwd",
)
SEGMENTS = ("start", "end", "offset", "duration")


def rows(labels: Sequence[str] = ("a", "b", "c"), clips: int = CLIPS) -> list[tuple[str, str]]:
    """File and label of each clip that `write_sounds` writes, with sorted labels."""
    return [
        (f"audio/{number}-{clip}.wav", label)
        for number, label in enumerate(sorted(labels))
        for clip in range(clips)
    ]


def text(cells: Sequence[Sequence[object]], **form: Any) -> str:
    """A table as CSV."""
    out = io.StringIO()
    csv.writer(out, **({"lineterminator": "\n"} | form)).writerows(cells)
    return out.getvalue()


def _readable() -> Iterator[tuple[str, str, bytes]]:
    """The same table in every form that people and programs write: its name, suffix and bytes."""
    cells = [("file", "label"), *rows(("Dreiräder", "Geräusche der Straße", "Überflüge und Züge"))]
    plain = text(cells)
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"):
        yield encoding, ".csv", plain.encode(encoding)
    for what, form in (("semicolons", ";"), ("bars", "|"), ("tabs", "\t")):
        yield what, ".csv", text(cells, delimiter=form).encode()
    yield "tabs in a .tsv", ".tsv", text(cells, delimiter="\t").encode()
    yield "all quoted", ".csv", text(cells, quoting=csv.QUOTE_ALL).encode()
    for what, end in (("Windows", "\r\n"), ("old Mac", "\r")):
        yield f"line ends of {what}", ".csv", text(cells, lineterminator=end).encode()
    yield "no last line end", ".csv", plain.rstrip("\n").encode()
    yield "blank lines", ".csv", ("\n\n" + plain.replace("\n", "\n\n")).encode()
    yield "a comma behind each row", ".csv", plain.replace("\n", ",\n").encode()
    yield "blanks around cells", ".csv", plain.replace(",", " , ").encode()
    yield "rows of different length", ".csv", (plain + ",,,,\n,\n").encode()
    yield (
        "a lone quote in a comment",
        ".csv",
        text([(*row, "") for row in cells]).replace(",\n", ',12" disc\n', 1).encode(),
    )
    lines = [json.dumps({"file": file, "label": label}) for file, label in cells[1:]]
    yield "JSON Lines", ".jsonl", "\n".join(lines).encode()
    yield "JSON Lines of Windows", ".jsonl", ("\ufeff" + "\r\n".join(lines)).encode()
    yield "more columns than anybody reads", ".csv", text([(*row, *range(300)) for row in cells]).encode()


def _odd() -> Iterator[tuple[str, str, bytes]]:
    """Tables that are broken, or hold what no table should: name, suffix and bytes."""
    plain = text([("file", "label"), *rows()]).encode()
    lines = [{"file": file, "label": label} for file, label in rows()]
    yield from (
        ("empty", ".csv", b""),
        ("blank", ".csv", b"\n \n\t\n"),
        ("headings only", ".csv", b"file,label\n"),
        ("one NUL", ".csv", b"\0"),
    )
    yield from (
        ("one quote", ".csv", b'"'),
        ("quotes", ".csv", b'"' * 999),
        ("a mark only", ".csv", b"\xff\xfe"),
        ("half", ".csv", plain[:99]),
    )
    yield "NULs between", ".csv", plain.replace(b"a", b"a\0")
    yield "a NUL in a heading", ".csv", plain.replace(b"label", b"la\0bel", 1)
    yield "NULs behind", ".csv", plain + bytes(5000)
    yield "all bytes", ".csv", plain + bytes(range(256)) * 4
    yield "an open quote", ".csv", plain.replace(b"label", b'"label', 1)
    yield "an open quote in the middle", ".csv", plain.replace(b"audio/1", b'"audio/1', 1)
    yield "headings there twice", ".csv", plain.replace(b"label", b"file", 1)
    yield "headings without a name", ".csv", plain.replace(b"file,label", b",", 1)
    yield "a table packed by gzip", ".csv", gzip.compress(plain)
    yield "a table called .gz", ".csv.gz", gzip.compress(plain)
    yield "UTF-16 cut in half", ".csv", plain.decode().encode("utf-16")[:-1]
    yield "UTF-8 cut in half", ".csv", plain + "é".encode()[:1]
    yield (
        "many columns",
        ".csv",
        b",".join([b"file", b"label", *(f"c{n}".encode() for n in range(100_000))])
        + b"\n"
        + plain.split(b"\n", 1)[1],
    )
    yield "a row of many cells", ".csv", plain + b"," * 100_000 + b"x\n"
    yield "a long cell", ".csv", plain + b"x" * (17 << 20) + b",a\n"
    yield "a long heading", ".csv", plain.replace(b"label", b"l" * 200_000, 1)
    yield (
        "long labels",
        ".csv",
        text([("file", "label"), *((file, label * 50_000) for file, label in rows())]).encode(),
    )
    for what, values in (
        ("infinite", ("inf", "nan", "1e999")),
        ("huge", ("1" * 400, "-" + "1" * 400, "1e308")),
        ("zero", ("0", "-0", "0.0")),
    ):
        yield (
            f"{what} targets",
            ".csv",
            text([("file", "value"), *((row[0], values[n % 3]) for n, row in enumerate(rows()))]).encode(),
        )
    for heading in SEGMENTS:
        for value in ("nan", "inf", "-1", "1e300", "1:2:3:4", "x", "9" * 400):
            cells = [("file", "label", *(["start"] if heading == "end" else []), heading)]
            cells += [(*row, *(["0"] if heading == "end" else []), value) for row in rows()]
            yield f"{heading} {value[:9]}", ".csv", text(cells).encode()
    for name in (
        "/etc/passwd",
        "../../../../etc/hostname",
        "audio/../audio/0-0.wav",
        ".",
        "..",
        "/",
        "//",
        "\\",
        "audio",
        "~",
        "$HOME",
        "file:///etc/passwd",
    ):
        yield f"a file called {name}", ".csv", plain + f"{name},a\n".encode()
    yield (
        "folds and splits",
        ".csv",
        text(
            [("file", "label", "fold", "split"), *((*row, "\x1b[31m", "\u202e") for row in rows())]
        ).encode(),
    )
    yield from _json(lines)


def _json(lines: list[dict[str, str]]) -> Iterator[tuple[str, str, bytes]]:
    good = "\n".join(map(json.dumps, lines))

    def changed(value: str) -> bytes:
        return (good + "\n" + f'{{"file": "audio/0-0.wav", "label": {value}}}').encode()

    for what, value in (
        ("a lone surrogate", '"\\ud800"'),
        ("a NUL", '"\\u0000"'),
        ("a list", "[1, [2]]"),
        ("an object", '{"a": {}}'),
        ("nothing", "null"),
        ("NaN", "NaN"),
        ("infinity", "-Infinity"),
        ("a huge number", "1" * 5000),
        ("1e999", "1e999"),
        ("mixed", "1.5"),
        ("true", "true"),
        ("deep lists", "[" * 100_000 + "]" * 100_000),
        ("a list of surrogates", '["\\udcff", "\\ud800"]'),
        ("an empty list", "[]"),
    ):
        yield f"a label that is {what}", ".jsonl", changed(value)
    for what, line in (
        ("an open brace", "{"),
        ("a number", "1"),
        ("a deep object", '{"a":' * 100_000),
        ("a surrogate as heading", '{"\\ud800": 1}'),
        ("an empty object", "{}"),
        ("a NUL", "\0"),
        ("a file that is a list", '{"file": ["audio/0-0.wav"]}'),
        ("headings there twice", '{"file": 1, "file": 2}'),
        ("a surrogate as file", '{"file": "\\udcff\\ud800.wav", "label": "a"}'),
        ("a NUL as file", '{"file": "a\\u0000.wav", "label": "a"}'),
        ("half a surrogate pair", '{"file": "audio/0-0.wav", "label": "\\ud83d"}'),
        ("a number too long", '{"file": ' + "1" * 5000 + "}"),
    ):
        yield f"a line with {what}", ".jsonl", f"{line}\n{good}\n{line}".encode()


def readable() -> dict[str, tuple[str, bytes]]:
    """What `_readable` gives, by name."""
    return {what: (suffix, raw) for what, suffix, raw in _readable()}


def odd() -> dict[str, tuple[str, bytes]]:
    """What `_odd` gives, by name."""
    return {what: (suffix, raw) for what, suffix, raw in _odd()}


def damaged(seed: int) -> tuple[str, bytes]:
    """A readable table with random damage; its suffix and bytes."""
    rng = random.Random(seed)
    suffix, raw = rng.choice(list(readable().values()))
    out = bytearray(raw)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        at, much = rng.randrange(len(out) + 1), rng.randrange(1, 60)
        change: Callable[[], None] = rng.choice(
            (
                lambda at=at: out.__setitem__(slice(at, at + 1), bytes([rng.randrange(256)])),
                lambda at=at, much=much: out.__delitem__(slice(at, at + much)),
                lambda at=at, much=much: out.__setitem__(slice(at, at), out[at : at + much]),
                lambda at=at: out.__setitem__(
                    slice(at, at),
                    rng.choice(
                        (b'"', b"\0", b"\x1b[31m", b"\xff", b"\n", b",", b"\t", b"\\ud800", b"{", b"]")
                    ),
                ),
            )
        )
        change()
        if not out:
            break
    return suffix, bytes(out)
