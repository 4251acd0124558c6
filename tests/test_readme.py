"""The README is run, and what it mentions is checked against the command line."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from mxt.cli.main import COMMANDS, load_command
from mxt.workflows.demo import synthesise

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RUN = [block.strip().splitlines() for block in re.findall(r"<!-- the tests run this block -->\n```console\n(.*?)```", README, re.S)]
MENTIONED = sorted(set(re.findall(r"`(mxt [a-z][^`]*)`", README)) | {line for block in RUN for line in block})


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a first visit, with recordings where the README says they are."""
    folder = tmp_path_factory.mktemp("visit")
    synthesise(folder, class_size=4).rename(folder / "genres")
    return folder


@pytest.fixture(scope="module")
def musicnn_weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder that has, or to which pip brings, musicnn's weights."""
    named = os.environ.get("MXT_WEIGHTS_DIR")
    folder = Path(named) if named else tmp_path_factory.mktemp("weights")
    fetched = subprocess.run(
        [sys.executable, "-m", "mxt", "weights", "fetch", "musicnn:released"],
        env={**os.environ, "MXT_WEIGHTS_DIR": str(folder)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if fetched.returncode:
        pytest.skip(f"musicnn's weights cannot be had here: {fetched.stderr.strip().splitlines()[-1]}")
    return str(folder)


def run(line: str, folder: Path, **environment: str) -> str:
    words = [sys.executable, "-m", *shlex.split(line.replace("~/music/genres", "genres"))]
    done = subprocess.run(words, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_first_visit_runs_as_written(visit: Path, musicnn_weights: str) -> None:
    assert len(RUN) == 3
    ingested, extracted, scored = (run(line, visit, MXT_WEIGHTS_DIR=musicnn_weights) for line in RUN[0])
    assert "6 classes of 4" in ingested
    assert "24 of 24 clips, 0 failed" in extracted
    assert re.search(r"accuracy [01]\.\d+ .*95 %", scored)


def test_the_baselines_run_as_written(visit: Path) -> None:
    run(RUN[0][0], visit)
    for line in RUN[1]:
        shown = run(line, visit)
    assert "random_convnet:135" in shown


@pytest.mark.realdata
def test_the_convnet_and_the_comparison_run_as_written(visit: Path, data: Path) -> None:
    for line in (RUN[0][0], RUN[1][0], *RUN[2]):
        shown = run(line, visit, MXT_WEIGHTS_DIR=str(data / "choi2017" / "weights"))
    assert "convnet+mfcc" in shown


@pytest.mark.parametrize("line", MENTIONED)
def test_commands_and_options_mentioned_exist(line: str) -> None:
    words = shlex.split(line.replace("…", ""))[1:]
    while words[0].startswith("--"):
        words = words[2:] if words[0] == "--plugin" else words[1:]
    assert words[0] in COMMANDS, line
    command = load_command(words[0])
    if len(words) > 1 and words[1] in getattr(command, "commands", {}):
        command = command.commands[words[1]]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words if word.startswith("--")} <= known | {"--help", "--json"}, line


def test_the_set_up_commands_name_what_pyproject_has() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    installs = re.findall(r"^python3 -m venv .*$", README, re.M)
    assert len(installs) == 2
    assert "mxt demo" in installs[0]
    assert "'.[test]'" in installs[1]
    assert "test" in extras
    assert all((ROOT / folder).is_dir() for folder in re.findall(r"-e (plugins/\S+)", README))
