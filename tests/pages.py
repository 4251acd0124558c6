"""Pages of Markdown whose blocks are run as written: the README, and the tutorials in `examples/`."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from mxt.cli.main import load_command, main

_BLOCK = re.compile(
    r"<!-- the tests (run|compare|write) this block(?: (?:in|to) (\S+))? -->\n```\w+\n(.*?)```", re.S
)


@dataclass(frozen=True)
class Block:
    """A block of a page: commands or Python to ``run``, output to ``compare``, a file to ``write``."""

    what: str
    where: str  # "Python", or the name of the file
    text: str


class Page:
    """What the tests do with a page: its marked blocks, in their order."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.text = path.read_text(encoding="utf-8")
        self.blocks = [Block(what, where, text.strip()) for what, where, text in _BLOCK.findall(self.text)]

    def of(self, what: str, where: str = "") -> list[str]:
        """The text of the blocks of one kind."""
        return [block.text for block in self.blocks if (block.what, block.where) == (what, where)]

    @property
    def mentioned(self) -> list[str]:
        """Every command on the page, run or not."""
        inline = re.findall(r"`(mxt [a-z][^`]*)`", self.text)
        return sorted({*inline, *re.findall(r"^(mxt [a-z-].*)$", self.text, re.M)})

    @property
    def files(self) -> list[str]:
        """Files of this repository that it names."""
        return sorted(set(re.findall(r"`((?:examples|plugins)/[\w./-]+)`", self.text)))


class Reader:
    """Somebody who types what a page says, in a folder of their own.

    Parameters
    ----------
    folder : Path
        Where commands are typed.
    places : mapping
        Paths on the page to what they are called in the folder.
    environment : mapping
        Variables that are set.
    """

    def __init__(
        self,
        folder: Path,
        places: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder, self.places, self.environment = folder, places or {}, dict(environment or {})

    def typed(self, line: str, **environment: str) -> str:
        """What a command prints; it has to end well."""
        for written, place in self.places.items():
            line = line.replace(written, place)
        program, *words = shlex.split(line, comments=True)
        assert program == "mxt"
        command = load_command(words[2] if words[0] == "--plugin" else words[0])
        if any("--quiet" in parameter.opts for parameter in command.params):
            words.append("--quiet")
        with pytest.MonkeyPatch.context() as here, redirect_stdout(io.StringIO()) as printed:
            here.chdir(self.folder)
            for name, value in {"COLUMNS": "80", **self.environment, **environment}.items():
                here.setenv(name, value)
            with pytest.raises(SystemExit) as end:
                main(words)
        assert not end.value.code, line
        return printed.getvalue()

    def ran(self, code: str, name: str) -> str:
        """What a block of Python prints."""
        with pytest.MonkeyPatch.context() as here, redirect_stdout(io.StringIO()) as printed:
            here.chdir(self.folder)
            exec(compile(code, name, "exec"), {"__name__": "__main__"})
        return printed.getvalue()

    def reads(self, page: Page) -> Iterator[tuple[str, str]]:
        """Run a page from its beginning to its end.

        Yields
        ------
        tuple of str
            What the page shows, and what was printed by the block before, as `comparable` text.
        """
        printed = ""
        for block in page.blocks:
            if block.what == "write":
                (self.folder / block.where).write_text(block.text + "\n", encoding="utf-8")
            elif block.what == "compare":
                for paragraph in block.text.split("\n\n"):
                    yield comparable(paragraph), comparable(printed)
            elif block.where:
                printed = self.ran(block.text, page.name)
            else:
                printed = "\n".join(self.typed(line) for line in block.text.splitlines())


def comparable(text: str) -> str:
    """`text` without line breaks, times, rates, shares, workers and device, which machines differ in."""
    return " ".join(
        re.sub(r"(\d+ min )?\d+(\.\d+)? (s|clips/s|%|workers?)(?!\w)|cpu|cuda", "…", text).split()
    )


def weights_of(backbone: str, folder: Path) -> str:
    """A folder that has, or to which pip brings, the weights of a backbone; the test is skipped without."""
    folder = Path(os.environ.get("MXT_WEIGHTS_DIR", folder))
    fetched = subprocess.run(
        [sys.executable, "-m", "mxt", "weights", "fetch", backbone],
        env={**os.environ, "MXT_WEIGHTS_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    if fetched.returncode:
        pytest.skip(f"weights of {backbone} cannot be had here: {fetched.stderr.strip().splitlines()[-1]}")
    return str(folder)
