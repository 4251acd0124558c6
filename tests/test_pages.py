"""What the README and the tutorials mention is there."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from pages import Page

from mxt.cli.main import COMMANDS, load_command

ROOT = Path(__file__).parents[1]
PAGES = [Page(path) for path in (ROOT / "README.md", *sorted((ROOT / "examples").glob("*.md")))]


@pytest.mark.parametrize("line", sorted({line for page in PAGES for line in page.mentioned}))
def test_commands_and_options_mentioned_exist(line: str) -> None:
    words = shlex.split(line.replace("…", ""), comments=True)[1:]
    while words[0].startswith("--"):
        words = words[2:] if words[0] == "--plugin" else words[1:]
    assert words[0] in COMMANDS, line
    command = load_command(words[0])
    if len(words) > 1 and words[1] in getattr(command, "commands", {}):
        command = command.commands[words[1]]
    known = {
        option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    assert {word for word in words if word.startswith("--")} <= known | {"--help", "--json"}, line


@pytest.mark.parametrize("path", sorted({path for page in PAGES for path in page.files}))
def test_files_mentioned_are_there(path: str) -> None:
    assert (ROOT / path).exists()
