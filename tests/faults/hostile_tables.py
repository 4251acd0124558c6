"""Tables of labels that are written in every way, hold anything, or are broken.

They must be read as they are meant, or refused with one line.

``python tests/faults/hostile_tables.py --count 2000`` tries that many tables with random damage; the tests
try some.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import contained
import sounds
from hostile_names import Journey, begin, plain_score
from tables_of_labels import CELLS, CLIPS, HEADINGS, LABELS, damaged, odd, readable, rows, text

AFTERWARDS = (
    ("extract", "--backbone", "mfcc"),
    ("eval",),
    ("ls", "--clips"),
    ("info", "data", "--failures"),
    ("export", "mfcc", "out/x.csv"),
    ("import", "out/x.csv", "--as", "x"),
    ("derive", "min-class-size", "2"),
    ("rm", "data", "--yes"),
)


def write_sounds(folder: Path, labels: int = LABELS, clips: int = CLIPS) -> None:
    """Write the files that `rows` names."""
    for number in range(labels):
        for clip in range(clips):
            sounds.write(folder / "data" / "audio" / f"{number}-{clip}.wav", number, clip)


def try_readable(folder: Path, what: str) -> Journey:
    """Try a table in another form, which must give the same score as plain folders."""
    suffix, raw = readable()[what]
    journey = begin(folder)
    write_sounds(folder)
    (folder / "data" / f"labels{suffix}").write_bytes(raw)
    expected = plain_score(folder.with_name(folder.name + "-plain"), LABELS, CLIPS)
    if (score := journey.way(folder / "data" / f"labels{suffix}")) != expected:
        journey.complaints.append(f"{what}: score {score}, in plain folders {expected}")
    return journey


def try_cells(folder: Path, form: str) -> Journey:
    """Try all hostile names as labels, and as headings of further columns.

    The score must be the same as with plain ones, and every command has to cope with them.
    """
    labels, clips = list(CELLS.values()), 4
    journey = begin(folder)
    write_sounds(folder, len(labels), clips)
    cells = [
        (file, label, *(f"{heading}{label}" for heading in HEADINGS)) for file, label in rows(labels, clips)
    ]
    if form == ".jsonl":
        headings = ("file", "label", *(heading + "\ud800" for heading in HEADINGS))
        raw = "\n".join(json.dumps(dict(zip(headings, row, strict=True))) for row in cells).encode()
    else:
        raw = text(
            [("file", "label", *HEADINGS), *cells],
            delimiter="\t" if form == ".tsv" else ",",
            quoting=csv.QUOTE_ALL,
        ).encode()
    (folder / "data" / f"labels{form}").write_bytes(raw)
    expected = plain_score(folder.with_name(folder.name + "-plain"), len(labels), clips)
    if (score := journey.way(folder / "data" / f"labels{form}", "--target", "label")) != expected:
        journey.complaints.append(f"score {score}, in plain folders {expected}")
    journey.look("data", "audio/0-0.wav", sorted(labels)[:2], len(cells))
    return journey


def try_odd(
    folder: Path, tables: Sequence[tuple[str, tuple[str, bytes]]], *, report: bool = False
) -> Journey:
    """Try broken tables in turn; where one is accepted, the commands that follow must cope with it."""
    journey = begin(folder)
    write_sounds(folder)
    for what, (suffix, raw) in tables:
        before = len(journey.complaints)
        (folder / "data" / f"labels{suffix}").write_bytes(raw)
        taken = journey.run("ingest", f"data/labels{suffix}", codes=(0, 1, 2)).code == 0
        for words in AFTERWARDS if taken else ():
            journey.run(*words, codes=(0, 1, 2))
        journey.complaints[before:] = [f"{what}: {complaint}" for complaint in journey.complaints[before:]]
        if report:
            print(
                *journey.complaints[before:],
                sep="\n",
                end="\n" if journey.complaints[before:] else "",
                flush=True,
            )
        shutil.rmtree(folder / "mxt-store", ignore_errors=True)
        shutil.rmtree(folder / "out")
        (folder / "out").mkdir()
        (folder / "data" / f"labels{suffix}").unlink()
    return journey


def main() -> None:
    """Try everything once, and as many randomly damaged tables as requested."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=200, help="tables with random damage")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    contained.start("everything")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        journeys = [
            try_readable(folder / f"readable-{number}", what) for number, what in enumerate(readable())
        ]
        journeys += [try_cells(folder / f"cells{form}", form) for form in (".csv", ".tsv", ".jsonl")]
        print(*(complaint for journey in journeys for complaint in journey.complaints), sep="\n", flush=True)
        journeys.append(try_odd(folder / "odd", list(odd().items()), report=True))
        some = [
            (f"damage {number}", damaged(number)) for number in range(asked.seed, asked.seed + asked.count)
        ]
        journeys.append(try_odd(folder / "damaged", some, report=True))
    tables = len(readable()) + 3 + len(odd()) + asked.count
    commands, failed = (
        sum(getattr(journey, what) for journey in journeys) for what in ("commands", "failed")
    )
    complaints = sum(len(journey.complaints) for journey in journeys)
    print(f"{tables} tables, {complaints} complaints; {commands} commands, {failed} with complaints")


if __name__ == "__main__":
    main()
