"""Nonsense for every argument and option of every command, and for every parameter of every stage.

Options are tried alone and in pairs. Commands and options are read from the command line itself, so that new
ones are tried as well. ``python tests/faults/nonsense_options.py`` tries all; the tests try some.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import contained
import sounds
from hostile_names import Journey, begin
from nonsense import VALUES
from running import mxt

Words = tuple[str, ...]
SECONDS = 60.0
# what else each command needs to get as far as the option that is tried
NEEDS: dict[str, Words] = {
    "extract": ("--backbone", "mfcc"),
    "render": ("--out", "out"),
    "figures": ("--out", "out"),
}
ARGUMENTS = {
    "path": "songs",
    "name": "songs",
    "names": "songs",
    "clips": "a/f0.wav",
    "view": "mfcc",
    "file": "features.csv",
    "paper": "choi2017",
    "size": "2",
    "subset": "organ",
    "kind": "backbones",
    "first": "last",
    "second": "last",
    "folder": "out/demo",
}
BY_COMMAND = {
    ("export", "path"): "out/x.csv",
    ("derive classes", "names"): "a,b",
    ("derive again", "names"): "some",
    ("derive without", "file"): "text.csv",
}
WITHOUT = {("ingest", "place")}  # given only after the name of a data set of mirdata
REQUIRED = {"length": "0.1", "seconds": "0.1,0.2"}
# these are allowed and merely take long: a thousand runs, a hundred thousand trees
LONG = {
    f"{name}={value}"
    for name in ("runs", "trees", "folds", "max_iter", "steps")
    for value in ("1e3", "1000", "100000")
}
WRONG_ONCE: tuple[Words, ...] = (
    ("eval", "--dataset", "\udcff"),
    ("derive", "min-class-size", "2", "--dataset", "\udcff"),
    ("--plugin", "/proc/self/mem", "stages"),
)
NOT_RUN = {"demo"}  # it has no options that others lack, and takes ten seconds


@dataclass(frozen=True)
class Command:
    """A command and what it takes.

    Parameters
    ----------
    path : str
        Its words, such as ``"derive excerpt"``.
    arguments : tuple of str
        Good values, in order.
    options : tuple of str
        Options that take a value.
    flags : tuple of str
        Options that take none.
    required : tuple of str
        Options that must be given, with good values.
    """

    path: str
    arguments: Words
    options: Words
    flags: Words
    required: Words

    def words(self, *options: str, arguments: Words | None = None) -> Words:
        """The command with these options."""
        needed = [*NEEDS.get(self.path, ()), *self.required]
        pairs = (
            [pair for pair in itertools.batched(needed, 2) if pair[0] not in options]
            if sys.version_info >= (3, 12)
            else [needed[n : n + 2] for n in range(0, len(needed), 2) if needed[n] not in options]
        )
        return (
            *self.path.split(),
            *(self.arguments if arguments is None else arguments),
            *(word for pair in pairs for word in pair),
            *options,
        )


def commands() -> list[Command]:
    """All commands there are, those of groups as well."""
    from mxt.cli.main import COMMANDS, load_command

    return [
        command for name in COMMANDS if name not in NOT_RUN for command in _commands(load_command(name), name)
    ]


def _commands(command: Any, path: str) -> Iterator[Command]:
    if inner := getattr(command, "commands", None):
        for name, subcommand in inner.items():
            yield from _commands(subcommand, f"{path} {name}")
        return
    arguments = [p for p in command.params if type(p).__name__.endswith("Argument")]
    options = [p for p in command.params if p not in arguments]
    arguments = [p for p in arguments if (path, p.name) not in WITHOUT]
    yield Command(
        path,
        tuple(BY_COMMAND.get((path, p.name), ARGUMENTS.get(p.name, "songs")) for p in arguments),
        tuple(p.opts[0] for p in options if not p.is_flag),
        tuple(
            p.opts[0]
            for p in options
            if p.is_flag and p.name not in ("help", "install_completion", "show_completion")
        ),
        tuple(word for p in options if p.required for word in (p.opts[0], REQUIRED.get(p.name, "1"))),
    )


def singles() -> Iterator[Words]:
    """Each nonsense value for each argument and option of each command."""
    for command in commands():
        for index in range(len(command.arguments)):
            for value in VALUES:
                given = list(command.arguments)
                given[index] = value
                yield command.words(arguments=tuple(given))
        for option in command.options:
            for value in VALUES:
                yield command.words(option, value)
        for flag in command.flags:
            yield command.words(flag)


def pairs(seed: int) -> Iterator[Words]:
    """Commands with two to four random options, without end."""
    rng = random.Random(seed)
    all_commands = commands()
    while True:
        command = rng.choice(all_commands)
        options: list[str] = []
        for _ in range(rng.randrange(2, 5)):
            option = rng.choice([*command.options, *command.flags] or ["--json"])
            options += [option, rng.choice(VALUES)] if option in command.options else [option]
        arguments = [value if rng.random() < 0.7 else rng.choice(VALUES) for value in command.arguments]
        yield command.words(*options, arguments=tuple(arguments))


def settings() -> Iterator[Words]:
    """Each nonsense value for each parameter of each stage."""
    from mxt.registry import build_registry

    registry = build_registry()
    ways = {
        "dataset": ("ingest", "songs", "--loader"),
        "normalizer": ("extract", "--backbone", "mfcc", "--dry-run", "--normalizer"),
        "backbone": ("extract", "--backbone"),
        "renderer": ("render", "a/f0.wav", "--out", "out", "--renderer"),
        "head": ("eval", "--head"),
        "protocol": ("eval", "--protocol"),
    }
    for kind, way in ways.items():
        for name in registry.names(kind):
            for param in registry.find(kind, name).spec.params:
                for value in (
                    *VALUES,
                    *(f"{word}" for word in param.choices),
                    *(str(edge) for edge in (param.minimum, param.maximum) if edge is not None),
                ):
                    if f"{param.name}={value}" not in LONG:
                        yield (*way, name, "--set", f"{param.name}={value}")


def prepare(folder: Path) -> Journey:
    """A store with a data set, a derived one, a table and a result, beside files that no command can use."""
    journey = begin(folder)
    sounds.class_folders(folder / "songs", ["a", "b", "c"], [f"f{n}" for n in range(6)])
    journey.way(folder / "songs")
    journey.run("derive", "min-class-size", "2", "--name", "some")
    for suffix in ("csv", "npz"):
        journey.run("export", "mfcc", f"out/features.{suffix}")
        shutil.move(folder / "out" / f"features.{suffix}", folder)
    for name in ("text.csv", "text.npz", "text.py", "text.json"):
        (folder / name).write_text("this is\nno table, (no array and no program\n")
    for name in ("binary.npz", "binary.h5"):
        (folder / name).write_bytes(bytes(range(256)) * 20)
    for name in ("empty", "folder.csv", "folder.npz", "folder.py"):
        (folder / name).mkdir()
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "pipe.csv")
    return journey


def try_words(folder: Path, commands: Iterable[Words], *, report: bool = False) -> Journey:
    """Run each command in a copy of the same store; the recordings must not change."""
    journey = prepare(folder / "prepared")
    assert not journey.complaints, journey.complaints
    before = _contents(folder / "prepared" / "songs")
    for number, words in enumerate(commands):
        copy = folder / f"copy-{number}" / "here"
        shutil.copytree(journey.folder, copy, symlinks=True, copy_function=_copy)
        ran = mxt(copy, *words, seconds=SECONDS, allowed=("mxt-store", "out", "tmp", *_outputs(words)))
        complaints = ran.complaints()
        if not before.items() <= _contents(copy / "songs").items():
            complaints.append(f"{ran.command}: the recordings are not what they were")
        shutil.rmtree(folder / f"copy-{number}")
        journey.complaints += complaints
        journey.failed += bool(complaints)
        journey.commands += 1
        if report and complaints:
            print(*complaints, sep="\n", flush=True)
        if report and journey.commands % 500 == 0:
            print(
                f"{journey.commands:,} commands, {journey.failed} with complaints",
                file=sys.stderr,
                flush=True,
            )
    return journey


def _copy(source: str, target: str) -> None:
    if os.path.isfile(source):
        shutil.copy2(source, target)
    else:
        os.mkfifo(target)


def _outputs(words: Sequence[str]) -> list[str]:
    """What a command was told to write to; `plugins new` writes to the current folder."""
    named = [word for word in words if word and word != "songs" and not word.startswith("songs/")]
    first = [word.partition("/")[0] for word in named if not word.startswith(("/", "."))]
    return [
        *named,
        *first,
        "songs/mxt-store",
        "pictures",
        "figures",
        *(["."] if words[:2] == ("plugins", "new") else []),
    ]


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def sample(count: int, seed: int = 15) -> list[Words]:
    """Some of everything, the same for the same seed."""
    rng = random.Random(seed)
    alone, stages = list(singles()), list(settings())
    return [
        *WRONG_ONCE,
        *rng.sample(alone, count // 2),
        *rng.sample(stages, count // 4),
        *itertools.islice(pairs(seed), count // 4),
    ]


def main() -> None:
    """Try every value for every option, and as many pairs as requested."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sample", type=int, help="try only this many of all")
    parser.add_argument("--part", choices=("singles", "settings", "pairs"))
    asked = parser.parse_args()
    contained.start("everything")
    parts = {
        "singles": singles(),
        "settings": settings(),
        "pairs": itertools.islice(pairs(asked.seed), asked.pairs),
    }
    words = (
        sample(asked.sample, asked.seed)
        if asked.sample
        else [w for name, part in parts.items() if asked.part in (None, name) for w in part]
    )
    with tempfile.TemporaryDirectory() as name:
        journey = try_words(Path(name), words, report=True)
    print(f"{len(words)} commands, {journey.failed} with complaints")


if __name__ == "__main__":
    main()
