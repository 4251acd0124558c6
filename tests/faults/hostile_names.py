"""Data sets with hostile names of classes, files and folders.

Every command has to cope with them, and the score must be the same as under plain names.

``python tests/faults/hostile_names.py`` tries every name on its own in every position; the tests try all
names in one data set.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import contained
import sounds
from running import Ran, mxt

# none is a prefix of another, so that their order is the same with and without what follows them in a path
NAMES = {
    "escape sequence": "\x1b[31mred\x1b[2J",
    "operating system command": "\x1b]0;owned\x07",
    "control sequence in one character": "\x9b31mred",
    "newline": "a\nerror: b",
    "carriage return": "b\rused all",
    "tab": "c\td",
    "backspaces": "e\b\b\bf",
    "delete": "g\x7f",
    "bytes that are not UTF-8": "\udcff\udcfe",
    "bytes of Latin-1": "Caf\udce9",
    "those bytes written out": "\\udcff\\udcfe",
    "markup of terminals": "[red]x[bold]",
    "markup of browsers": "<script>alert(1)",
    "path": "z..\\..\\etc",
    "drive": "C:\\x",
    "address": "http:",
    "long": "n" * 240,
    "trailing space": "rock ",
    "trailing dot": "rock.",
    "leading space": " q",
    "device": "CON",
    "small letters": "jazz",
    "capital letters": "JAZZ",
    "composed": "\u00e9t\u00e9",
    "decomposed": "e\u0301te\u0301",
    "right to left override": "\u202egnp",
    "isolate": "\u2066h",
    "zero width": "a\u200bb",
    "byte order mark": "\ufeffi",
    "line separator": "j\u2028k",
    "emoji": "\U0001f469\u200d\U0001f4bb",
    "hash": "l#0-1",
    "colon": "m:135",
    "plus": "o+p",
    "percent": "%s%n100%",
    "pattern of files": "*?[r",
    "equals": "s=t",
    "single quote": "u'v",
    "double quote": 'w"x',
    "shell": "$(id)`id`;|&",
    "option": "--json",
    "comma": "y,z",
    "braces": "{0}{name}",
    "full-width slash": "a\uff0fb",
    "number": "1e5",
    "whole number": "007",
    "true": "true",
    "nothing": "None",
    "not a number": "nan",
    "noncharacter": "\uffff",
}
# names that are not UTF-8 are escaped where they become labels, which changes their order unless they begin
# like these
OF_BYTES = ("A", "B", "C\udce9", "\udcff\udcfe")
EXPORTS = ("npz", "csv", "parquet")


@dataclass(frozen=True)
class Score:
    """What an evaluation reported, without the names."""

    clips: int
    scores: Any
    confusion: Any


@dataclass
class Journey:
    """All commands, run on one data set.

    Parameters
    ----------
    folder : Path
        Where they are run.
    complaints : list of str
        What went wrong.
    commands, failed : int
        How many were run, and how many of them did something that must not happen.
    """

    folder: Path
    complaints: list[str]
    commands: int = 0
    failed: int = 0

    def run(self, *words: object, codes: Sequence[int] = (0,)) -> Ran:
        """Run a command, which has to exit with one of `codes`."""
        ran = mxt(self.folder, *words)
        self.commands += 1
        complaints = ran.complaints(codes)
        self.complaints += complaints
        self.failed += bool(complaints)
        return ran

    def score(self, *words: object) -> Score | None:
        """Evaluate, and leave the names out of the result."""
        try:
            result = json.loads(self.run("eval", "--json", *words).out)["datasets"][0]
            view = result["views"][0]
            return Score(result["clips"], view["scores"], view["confusion"])
        except (ValueError, LookupError) as error:
            self.complaints.append(f"no score: {error!r}")
            return None

    def way(self, path: Path, *options: object) -> Score | None:
        """Ingest, extract, evaluate."""
        self.run("ingest", path, *options)
        self.run("extract", "--backbone", "mfcc")
        return self.score("--features", "mfcc")

    def look(self, name: str, clip: str, labels: Sequence[str], clips: int) -> None:
        """Run every command that shows, writes, derives or removes something."""
        for words in (
            ("ls",),
            ("ls", "--clips"),
            ("ls", "--json"),
            ("info", name),
            ("info", name, "--json"),
            ("info", name, "--failures"),
        ):
            self.run(*words)
        self.run("eval", "--features", "mfcc", "--head", "linear")
        for result in (self.folder / "mxt-store" / "results").glob("[!.]*"):
            if result.is_dir():  # beside them lies their index
                self.run("info", result.name)
        self.run("info", clip, codes=(0, 2))  # several clips may have this name
        self.run("loudness")
        self.run("render", clip, "--out", "out", codes=(0, 1, 2))
        for suffix in EXPORTS:
            self._there_and_back(suffix, clips)
        (self.folder / "out" / "faults.txt").write_bytes(
            b"\n".join(os.fsencode(line) for line in (clip, "nothing of that name"))
        )
        self.run("derive", "without", "out/faults.txt", "--name", "fewer", codes=(0, 1, 2))
        self.run("derive", "classes", ",".join(labels), "--dataset", name, "--name", "some", codes=(0, 1, 2))
        self.run("derive", "excerpt", "--length", "0.1", "--dataset", name, "--name", "short")
        self.run("verify")
        self.run("rm", name, "--yes", codes=(0, 1, 2))
        self.run("prune", "--yes")

    def _there_and_back(self, suffix: str, clips: int) -> None:
        self.run("export", "mfcc", f"out/x.{suffix}")
        ran = self.run("import", f"out/x.{suffix}", "--as", f"back-{suffix}", "--json")
        try:
            used = json.loads(ran.out)["used"]
        except (ValueError, LookupError):
            return
        if used != clips:
            self.complaints.append(f"{suffix}: {used} of {clips} clips came back")


def begin(folder: Path) -> Journey:
    """A journey in a new folder."""
    (folder / "out").mkdir(parents=True)
    return Journey(folder, [])


def possible(names: Iterable[str], folder: Path) -> list[str]:
    """The names that the file system accepts."""
    taken = []
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        try:
            (folder / name).mkdir()
        except (OSError, ValueError):
            continue
        taken.append(name)
    shutil.rmtree(folder)
    return taken


_plain: dict[tuple[int, int], Score | None] = {}


def plain_score(folder: Path, labels: int, stems: int) -> Score | None:
    """The score of the same sounds under plain names."""
    if (labels, stems) not in _plain:
        journey = begin(folder)
        sounds.class_folders(
            folder / "plain", [f"c{n:03}" for n in range(labels)], [f"f{n:03}" for n in range(stems)]
        )
        _plain[labels, stems] = journey.way(folder / "plain")
        check(journey)
        shutil.rmtree(folder)
    return _plain[labels, stems]


def try_folders(folder: Path, labels: Sequence[str], stems: Sequence[str], root: str = "songs") -> Journey:
    """Run all commands on a data set with these class folders and files, in a folder called `root`."""
    expected = plain_score(folder.with_name(folder.name + "-plain"), len(labels), len(stems))
    journey = begin(folder)
    paths = sounds.class_folders(folder / root, labels, stems)
    score = journey.way(folder / root)
    if score != expected:
        journey.complaints.append(f"score {score}, under plain names {expected}")
    if root == "songs":
        journey.look("songs", paths[0], sorted(labels)[:2], len(paths))
    return journey


def place_commands(name: str) -> Iterator[tuple[object, ...]]:
    """Commands with `name` in each place that takes one, for a store with the data set ``songs``."""
    yield from (
        ("ingest", "songs", "--name", name),
        ("eval", "--dataset", name),
        ("info", name),
        ("rm", name, "--yes"),
    )
    yield from (
        ("extract", "--backbone", "mfcc", "--as", name),
        ("extract", "--backbone", name),
        ("eval", "--features", f"mfcc:{name}"),
    )
    yield from (
        ("import", "features.csv", "--as", name),
        ("export", "mfcc", f"out/{name}.csv"),
        ("ls", "--store", name),
    )
    yield from (
        ("ingest", name),
        ("ingest", f"songs/{name}"),
        ("ingest", f"songs/{name}.wav"),
        (name,),
        ("ls", name),
        (f"--{name}",),
    )
    yield from (
        ("ingest", "songs", "--pattern", f"{name}{{a}}"),
        ("ingest", "songs", "--pattern", f"{{{name}}}_{{b}}", "--target", name),
    )
    yield from (
        ("ingest", "songs", "--group-column", name),
        ("eval", "--target", name),
        ("eval", "--group-by", name),
    )
    yield from (
        ("derive", "classes", name),
        ("derive", "excerpt", "--length", "0.1", "--name", name),
        ("derive", "without", name),
    )
    yield from (
        ("render", name),
        ("stages", name),
        ("stages", "backbones", name),
        ("plugins", "check", name),
        ("weights", "import", name),
    )
    yield from (
        ("--plugin", name, "stages"),
        ("extract", "--backbone", "mfcc", "--set", name),
        ("reproduce", name),
        ("verify", "--store", name),
    )


def check(journey: Journey) -> None:
    """Fail a test with the list of everything that went wrong."""
    assert not journey.complaints, "\n".join([f"{len(journey.complaints)} complaints", *journey.complaints])


def prepare_places(folder: Path) -> Journey:
    """A store with a data set and a table, and an export of it, for `place_commands`."""
    journey = begin(folder)
    sounds.class_folders(folder / "songs", ["a", "b"], [f"{n}_x" for n in range(4)])
    journey.way(folder / "songs")
    shutil.copytree(folder / "songs", folder / "tmp" / "songs")
    journey.run("export", "mfcc", "out/features.csv")
    shutil.move(folder / "out" / "features.csv", folder)
    return journey


def try_places(folder: Path, commands: Iterable[tuple[object, ...]]) -> Journey:
    """Run each command in a store of its own."""
    prepared = prepare_places(folder / "prepared")
    journey = Journey(folder / "place", prepared.complaints)
    for number, words in enumerate(commands):
        journey.folder = folder / f"place-{number}"
        shutil.copytree(prepared.folder, journey.folder)
        journey.run(*words, codes=(0, 1, 2))
        shutil.rmtree(journey.folder)
    return journey


def all_places(seed: int | None = None, count: int | None = None) -> list[tuple[object, ...]]:
    """Commands with every name in every place, or a sample of them."""
    commands = [words for name in NAMES.values() for words in place_commands(name)]
    return commands if count is None else random.Random(seed).sample(commands, count)


def main() -> None:
    """Try every name as one of three classes, as one of eight files, as the folder, then in every place."""
    contained.start("everything")
    tried: list[tuple[str, Journey]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stems = [f"f{n}" for n in range(8)]
        for what, given in NAMES.items():
            if not possible([given], folder / "possible"):
                continue
            cases = {
                "class": (["A", "B", given], stems, "songs"),
                "file": (["a0", "b0", "c0"], [*stems[1:], given], "songs"),
                "folder": (["a0", "b0", "c0"], stems, given),
            }
            for role, (labels, files, root) in cases.items():
                tried.append((f"{what} as {role}", try_folders(folder / "journey", labels, files, root)))
                shutil.rmtree(folder / "journey")
                print(
                    *(f"{tried[-1][0]}: {complaint}" for complaint in tried[-1][1].complaints),
                    sep="\n",
                    flush=True,
                )
        places = try_places(folder, all_places())
    print(*places.complaints, sep="\n")
    wrong = sum(bool(journey.complaints) for _, journey in tried)
    commands, failed = (
        sum(getattr(journey, what) for _, journey in tried) for what in ("commands", "failed")
    )
    print(f"{len(tried)} data sets, {wrong} with complaints; {commands} commands, {failed} with complaints")
    print(f"{places.commands} commands with a name in each place, {places.failed} with complaints")


if __name__ == "__main__":
    main()
