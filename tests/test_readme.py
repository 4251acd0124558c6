"""The README is run, and what it mentions is checked against the command line."""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from pathlib import Path

import pytest
from pages import Page, Reader, comparable, weights_of

from mxt.cli.main import COMMANDS, load_command
from mxt.workflows.demo import synthesise

ROOT = Path(__file__).parents[1]
PAGE = Page(ROOT / "README.md")
README = PAGE.text
RUN = [block.splitlines() for block in PAGE.of("run")]
PRINTED, IN_PYTHON = PAGE.of("compare"), PAGE.of("run", "Python")


def block_of(command: str) -> int:
    """The number of the block that begins with a command."""
    return next(number for number, lines in enumerate(RUN) if lines[0].startswith(f"mxt {command}"))


class Visit(Reader):
    """A first visit: the README's blocks of commands, each run once, in one folder, and what they printed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, {"~/music/genres": "genres", "~/music/new": "genres"})
        self.printed: dict[int, list[str]] = {}

    def block(self, number: int, **environment: str) -> list[str]:
        if number not in self.printed:
            self.printed[number] = [self.typed(line, **environment) for line in RUN[number]]
        return self.printed[number]

    def with_mfcc(self) -> None:
        """See that there are recordings with features, whichever tests have run before."""
        if not {0, 1} & set(self.printed):
            self.typed(RUN[0][0])
        if 1 not in self.printed:
            self.block(1)


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
    return weights_of("musicnn:released", tmp_path_factory.mktemp("weights"))


def test_the_first_visit_runs_as_written(visit: Visit, musicnn_weights: str) -> None:
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
    visit.with_mfcc()
    assert "recordings can be heard in it" in visit.block(block_of("report"))[-1]


@pytest.mark.parametrize("number", range(len(IN_PYTHON)))
def test_the_code_runs_as_written(visit: Visit, number: int) -> None:
    visit.with_mfcc()
    assert visit.ran(IN_PYTHON[number], "README.md")


def test_a_folder_for_datasets_is_written(visit: Visit) -> None:
    visit.with_mfcc()
    assert "load_dataset('genres-mfcc')" in visit.block(block_of("export"))[-1]


@pytest.mark.realdata
def test_a_page_of_similar_clips_is_written(visit: Visit) -> None:
    visit.with_mfcc()
    assert "written: similar.html" in visit.block(block_of("similar"))[-1]


def test_a_model_is_fitted_and_labels_recordings(visit: Visit) -> None:
    visit.with_mfcc()
    fitted, predicted = visit.block(block_of("fit"))
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


def test_annotated_recordings_are_ingested_as_written(tmp_path: Path) -> None:
    (tmp_path / "field").mkdir()
    note = min(synthesise(tmp_path, class_size=1).rglob("*.wav"))
    recording = note.rename(tmp_path / "field" / note.name)
    recording.with_suffix(".txt").write_text("0.1\t0.4\tSP\n\\\t1000\t3000\n0.3\t0.6\tCRER\n")
    calls = f"file,from,lasts,call\n{recording.name},0.1,0.3,SP\n{recording.name},0.5,0.2,CRER\n"
    (tmp_path / "field" / "calls.csv").write_text(calls)
    beside, with_gaps, table = Visit(tmp_path).block(block_of("ingest field"))
    assert "field · 2 clips in 1 file · 2 classes of 1" in beside
    assert "3 classes" in with_gaps
    assert "calls · 2 clips in 1 file · 2 classes of 1" in table


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


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_says_what_it_is(name: str) -> None:
    command = load_command(name)
    assert command.help
    for each in (command, *getattr(command, "commands", {}).values()):
        assert [parameter.name for parameter in each.params if not getattr(parameter, "help", "")] == [], (
            each.name
        )
