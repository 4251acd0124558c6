"""The README is run, and what it mentions is checked against the command line."""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from mxt.cli.main import COMMANDS, load_command, main
from mxt.workflows.demo import synthesise

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RUN = [
    block.strip().splitlines()
    for block in re.findall(r"<!-- the tests run this block -->\n```console\n(.*?)```", README, re.S)
]
PRINTED = re.findall(r"<!-- the tests compare this block -->\n```text\n(.*?)```", README, re.S)
MENTIONED = sorted(
    set(re.findall(r"`(mxt [a-z][^`]*)`", README)) | set(re.findall(r"^(mxt [a-z-].*)$", README, re.M))
)


class Visit:
    """A first visit: the README's blocks of commands, each run once, in one folder, and what they printed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.printed: dict[int, list[str]] = {}

    def block(self, number: int, **environment: str) -> list[str]:
        if number not in self.printed:
            self.printed[number] = [self.typed(line, **environment) for line in RUN[number]]
        return self.printed[number]

    def typed(self, line: str, **environment: str) -> str:
        program, *words = shlex.split(
            line.replace("~/music/genres", "genres").replace("~/music/new", "genres")
        )
        assert program == "mxt"
        with pytest.MonkeyPatch.context() as here, redirect_stdout(io.StringIO()) as printed:
            here.chdir(self.folder)
            for name, value in {"COLUMNS": "80", **environment}.items():
                here.setenv(name, value)
            with pytest.raises(SystemExit) as end:
                main([*words, "--quiet"])
        assert not end.value.code, line
        return printed.getvalue()


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Visit:
    """A folder with recordings where the README says they are.

    They are those whose scores it shows, where these are at hand, and synthetic ones otherwise.
    """
    folder = tmp_path_factory.mktemp("visit")
    excerpts = Path(os.environ.get("MXT_TEST_DATA", ROOT.parent / "shared" / "data")) / "gtzan_excerpts"
    if excerpts.is_dir():
        shutil.copytree(excerpts, folder / "genres")
    else:
        synthesise(folder, class_size=6).rename(folder / "genres")
    return Visit(folder)


@pytest.fixture(scope="module")
def musicnn_weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder that has, or to which pip brings, musicnn's weights."""
    named = os.environ.get("MXT_WEIGHTS_DIR")
    folder = Path(named) if named else tmp_path_factory.mktemp("weights")
    fetched = subprocess.run(
        [sys.executable, "-m", "mxt", "weights", "fetch", "musicnn:released"],
        env={**os.environ, "MXT_WEIGHTS_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    if fetched.returncode:
        pytest.skip(f"musicnn's weights cannot be had here: {fetched.stderr.strip().splitlines()[-1]}")
    return str(folder)


def comparable(text: str) -> str:
    """`text` without line breaks, times, rates, shares, workers and device, which machines differ in."""
    return " ".join(
        re.sub(r"(\d+ min )?\d+(\.\d+)? (s|clips/s|%|workers?)(?!\w)|cpu|cuda", "…", text).split()
    )


def test_the_first_visit_runs_as_written(visit: Visit, musicnn_weights: str) -> None:
    assert len(RUN) == 5
    ingested, extracted, scored = visit.block(0, MXT_WEIGHTS_DIR=musicnn_weights)
    found = re.search(r"(\d+) files", ingested)
    assert found is not None
    assert f"{found[1]} of {found[1]} clips, 0 failed" in extracted
    assert re.search(r"accuracy [01]\.\d+ .*95 %", scored)


def test_the_baselines_run_as_written(visit: Visit) -> None:
    if 0 not in visit.printed:
        visit.typed(RUN[0][0])
    assert "random_convnet:135" in visit.block(1)[-1]


def test_the_report_is_written(visit: Visit) -> None:
    if not {0, 1} & set(visit.printed):
        visit.typed(RUN[0][0])
    if 1 not in visit.printed:
        visit.block(1)
    assert "recordings can be heard in it" in visit.block(3)[-1]


def test_a_model_is_fitted_and_labels_recordings(visit: Visit) -> None:
    if not {0, 1} & set(visit.printed):
        visit.typed(RUN[0][0])
    if 1 not in visit.printed:
        visit.block(1)
    fitted, predicted = visit.block(4)
    assert "expect accuracy" in fitted
    assert "written: labels.csv" in predicted


@pytest.mark.realdata
@pytest.mark.parametrize("number", range(len(PRINTED)))
def test_what_the_readme_shows_is_what_is_printed(visit: Visit, musicnn_weights: str, number: int) -> None:
    printed = comparable("\n".join(visit.block(number, MXT_WEIGHTS_DIR=musicnn_weights)))
    for paragraph in PRINTED[number].split("\n\n"):
        assert comparable(paragraph) in printed


@pytest.mark.realdata
def test_the_convnet_and_the_comparison_run_as_written(visit: Visit, data: Path) -> None:
    if not {0, 1} & set(visit.printed):
        visit.typed(RUN[0][0])
    if 1 not in visit.printed:
        visit.typed(RUN[1][0])
    shown = visit.block(2, MXT_WEIGHTS_DIR=str(data / "choi2017" / "weights"))
    assert "convnet+mfcc" in shown[-1]


@pytest.mark.parametrize("line", MENTIONED)
def test_commands_and_options_mentioned_exist(line: str) -> None:
    words = shlex.split(line.replace("…", ""))[1:]
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


def test_the_set_up_commands_name_what_pyproject_has() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    installs = re.findall(r"^python3 -m venv .*$", README, re.M)
    assert len(installs) == 2
    assert "mxt demo" in installs[0]
    for line in installs:
        (named,) = re.findall(r"'\.\[(.*?)\]'", line)
        assert set(named.split(",")) <= set(extras)
        folders = re.findall(r"(?:-e |\./)(plugins/\S+)", line)
        assert "plugins/mxt-musicnn" in folders  # the extra cannot be had from anywhere else
        assert all((ROOT / folder).is_dir() for folder in folders)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:examples|plugins)/[\w./-]+)`", README))))
def test_files_mentioned_are_there(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_says_what_it_is(name: str) -> None:
    command = load_command(name)
    assert command.help
    for each in (command, *getattr(command, "commands", {}).values()):
        assert [parameter.name for parameter in each.params if not getattr(parameter, "help", "")] == [], (
            each.name
        )
