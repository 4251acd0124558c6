"""Ctrl-C while a stage is slow, and stages that want to end the program themselves."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

import pytest

from mxt.store.layout import Store

STAGES = """
import os, sys, time
from dataclasses import dataclass

import numpy as np

from mxt.plugin import Detection, Evaluation, Layer, Param, StageSpec, Window, hookimpl

def end(where):
    if os.environ.get("ENDS") == where:
        {how}

@dataclass(frozen=True)
class Loader:
    def detect(self, listing):
        end("detect")
        return Detection(0.0, "no")
    def clips(self, listing):
        end("clips")
        return []

@dataclass(frozen=True)
class Level:
    def __call__(self, y, *, sample_rate, levels):
        end("normalizer")
        return y

@dataclass(frozen=True)
class Picture:
    def prepare(self, sample_rate, device):
        end("prepare_renderer")
        def draw(x):
            end("renderer")
            return x.reshape(len(x), 1, -1)
        return draw

@dataclass(frozen=True)
class Mean:
    def prepare(self, weights, device):
        end("prepare")
        def network(x):
            end("backbone")
            while os.path.exists("slow"):
                time.sleep(0.05)
            return {{"mean": x.abs().reshape(len(x), -1).mean(dim=1, keepdim=True).numpy()}}
        return network

class Estimator:
    def get_params(self, deep=True):
        return {{}}
    def set_params(self, **params):
        return self
    def fit(self, X, y):
        end("fit")
        self.classes_ = np.unique(y)
        return self
    def predict(self, X):
        return np.full(len(X), self.classes_[0])

@dataclass(frozen=True)
class Learner:
    def estimator(self, task, *, seed):
        end("estimator")
        return Estimator()
    def grid(self, task, *, n_features):
        return {{}}

@dataclass(frozen=True)
class Way:
    def choices(self, task):
        end("protocol")
        return Evaluation(folds=3, inner_folds=2)

def resolve(spec, params, weights):
    end("resolve")
    return spec

@hookimpl
def mxt_stages():
    end("hook")
    mine = dict(sample_rate=8000, window=Window.fixed(0.5), layers=(Layer(1, "mean", 1),), target=":Mean")
    return [
        StageSpec(kind="dataset", name="mine", summary="s", target=":Loader"),
        StageSpec(kind="normalizer", name="mine", summary="s", target=":Level"),
        StageSpec(kind="renderer", name="mine", summary="s", target=":Picture"),
        StageSpec(kind="backbone", name="mine", summary="s", resolve=":resolve", **mine),
        StageSpec(kind="head", name="mine", summary="s", target=":Learner"),
        StageSpec(kind="protocol", name="mine", summary="s", target=":Way"),
    ]

end("import")
"""
EXITS = "sys.exit('gone')"
INTERRUPTS = "raise KeyboardInterrupt('gone')"


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of four clips."""
    folder = tmp_path_factory.mktemp("collection") / "sounds"
    for number, label in enumerate(("dog", "rain")):
        (folder / label).mkdir(parents=True)
        for take in range(4):
            with wave.open(str(folder / label / f"{take}.wav"), "wb") as file:
                file.setparams((1, 2, 8000, 0, "NONE", ""))
                file.writeframes(bytes([number, 16 + take, 0, 240 - 50 * number]) * 4000)
    return folder


@pytest.fixture
def ready(sounds: Path, mxt, tmp_path: Path) -> Path:
    """A folder with a store of them and the plugin, of whose stages none ends anything."""
    shutil.copytree(sounds, tmp_path / "sounds")
    (tmp_path / "mine.py").write_text(STAGES.format(how=EXITS))
    assert mxt("ingest", "sounds", "--quiet").code == 0
    return tmp_path


EXTRACT = ("--plugin", "mine.py", "extract", "--backbone", "mine", "--jobs", "2")
EVAL = ("--plugin", "mine.py", "eval", "--head", "mine", "--seed", "1")


@pytest.mark.parametrize(
    ("where", "command", "named"),
    [
        ("import", EXTRACT, "mine"),
        ("hook", EXTRACT, "mine"),
        ("resolve", EXTRACT, "backbone 'mine'"),
        ("prepare", EXTRACT, "backbone 'mine'"),
        ("backbone", EXTRACT, "backbone mine of file:mine.py"),
        ("normalizer", (*EXTRACT, "--normalizer", "mine"), "stage failed"),
        (
            "renderer",
            ("--plugin", "mine.py", "render", "sounds/dog/1.wav", "--renderer", "mine"),
            "renderer 'mine'",
        ),
        (
            "prepare_renderer",
            ("--plugin", "mine.py", "render", "sounds/dog/1.wav", "--renderer", "mine"),
            "renderer 'mine'",
        ),
        ("clips", ("--plugin", "mine.py", "ingest", "sounds", "--loader", "mine"), "dataset 'mine'"),
        ("fit", EVAL, "head 'mine'"),
        ("estimator", EVAL, "head 'mine'"),
        ("protocol", ("--plugin", "mine.py", "eval", "--protocol", "mine"), "mine.py, line"),
    ],
)
@pytest.mark.usefixtures("ready")
def test_a_stage_that_calls_sys_exit_is_told_as_its_failure(mxt, monkeypatch, where, command, named):
    if "eval" in command:
        assert mxt(*EXTRACT, "--quiet").code == 0
    monkeypatch.setenv("ENDS", where)
    found = mxt(*command)
    assert found.code != 0
    last = found.err.splitlines()[-1]
    assert last.startswith("error: ")
    assert named in last
    assert "SystemExit: gone" in last or where in ("import", "hook")
    assert "Traceback" not in found.err


@pytest.mark.usefixtures("ready")
def test_a_loader_that_calls_sys_exit_while_it_detects_keeps_none_from_working(mxt, monkeypatch):
    monkeypatch.setenv("ENDS", "detect")
    found = mxt("--plugin", "mine.py", "ingest", "sounds", "--name", "again", "--quiet")
    assert found.code == 0
    assert "loader that failed: mine: SystemExit('gone')" in found.out


@pytest.mark.usefixtures("ready")
def test_plugins_names_the_cause_where_importing_one_calls_sys_exit(mxt, monkeypatch):
    monkeypatch.setenv("ENDS", "import")
    assert "SystemExit: gone" in mxt("--plugin", "mine.py", "plugins").out


@pytest.mark.parametrize(("where", "command"), [("backbone", EXTRACT), ("fit", EVAL)])
def test_a_keyboard_interrupt_that_a_stage_raises_in_a_worker_is_no_ctrl_c(
    mxt, ready, monkeypatch, where, command
):
    (ready / "mine.py").write_text(STAGES.format(how=INTERRUPTS))
    if "eval" in command:
        assert mxt(*EXTRACT, "--quiet").code == 0
    monkeypatch.setenv("ENDS", where)
    found = mxt(*command)
    assert found.code == 1
    assert "KeyboardInterrupt" in found.err
    assert "interrupted" not in found.err


def test_ctrl_c_in_a_slow_backbone_is_told_at_once_and_a_second_one_ends_the_process(mxt, ready):
    (ready / "slow").touch()
    process = subprocess.Popen(
        [sys.executable, "-m", "mxt", *EXTRACT],
        cwd=ready,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        while not list((ready / "mxt-store" / "features").glob("*/zarr.json")):
            time.sleep(0.01)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert (
            process.stderr.readline()
            == "interrupted: finishing the current step; press Ctrl-C again to stop at once\n"
        )
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=5) == 130
        assert process.stderr.read() == "stopped: what is finished is kept; the same command continues\n"
    finally:
        process.kill()
        process.communicate()
    assert mxt("verify").code == 0
    (ready / "slow").unlink()
    assert mxt(*EXTRACT, "--quiet").code == 0
    (table,) = Store.open(ready / "mxt-store").features.tables()
    assert table.counts() == (0, 8, 0)


def test_a_command_that_ends_at_once_says_nothing_of_waiting():
    code = (
        "import signal; from mxt.cli.interrupts import interruptible\n"
        "with interruptible(): signal.raise_signal(signal.SIGINT)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stderr.rstrip().endswith("KeyboardInterrupt")
    assert "ending" not in ran.stderr
