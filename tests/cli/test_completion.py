"""What the shell offers, asked the way the shell asks."""

from __future__ import annotations

import os
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from mxt.cli.completion import _offered

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "one_file_plugin.py"


def complete(line: str, folder: Path, **environment: str) -> list[str]:
    """Words offered for the last word of `line`."""
    code = "import sys; sys.argv[0] = 'mxt'; from mxt.cli.main import main; main([])"
    asked = {
        "_MXT_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=os.environ | asked | environment,
    )
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1] if done.stdout.strip() else []


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("mxt ex", ["extract", "export"]),
        ("mxt stages back", ["backbones"]),
        ("mxt stages backbones conv", ["convnet"]),
        ("mxt extract --backbone rand", ["random_convnet"]),
        ("mxt extract --backbone convnet --layers block", [f"block{n}" for n in range(1, 6)]),
        ("mxt extract --device c", ["cpu", "cuda"]),
        ("mxt weights fetch convnet:k", ["convnet:keras2"]),
        ("mxt plugins ch", ["check"]),
        ("mxt extract --dataset ", []),
    ],
)
def test_names_are_completed(line, offered, tmp_path):
    assert complete(line, tmp_path) == offered


def test_stages_of_a_plugin_file_are_completed(tmp_path):
    assert complete("mxt stages backbones lou", tmp_path, MXT_PLUGIN=str(EXAMPLE)) == ["loudness"]
    assert complete(f"mxt --plugin {EXAMPLE} stages backbones lou", tmp_path) == ["loudness"]


def test_broken_plugin_completes_nothing_and_says_nothing(tmp_path):
    assert complete("mxt stages backbones lou", tmp_path, MXT_PLUGIN=str(tmp_path / "nowhere.py")) == []


def test_data_sets_and_views_of_the_store_are_completed(tmp_path, mxt):
    for label in ("dog", "rain"):
        (tmp_path / "sounds" / label).mkdir(parents=True)
        with wave.open(str(tmp_path / "sounds" / label / "1.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(b"\x00\x10\x00\xf0" * 4000)
    assert mxt("ingest", "sounds", "--quiet").code == 0
    assert mxt("--plugin", EXAMPLE, "extract", "--backbone", "loudness", "--quiet").code == 0
    assert complete("mxt extract --dataset so", tmp_path) == ["sounds"]
    assert complete("mxt eval --features loud", tmp_path) == ["loudness", "loudness:level"]
    assert complete("mxt info ", tmp_path) == ["sounds", "loudness"]
    assert complete("mxt eval --target ", tmp_path) == ["label"]
    assert complete("mxt eval --group-by fo", tmp_path) == ["folder"]
    assert complete("mxt search --group-by ", tmp_path) == ["folder", "file", "none", "label"]


def test_results_heads_and_columns_are_completed(tmp_path, mxt):
    rows = "".join(f"{n}.wav,{'dog' if n % 2 else 'rain'},{n % 5}\n" for n in range(10))
    (tmp_path / "table.csv").write_text(f"file,label,tape\n{rows}")
    for n in range(10):
        with wave.open(str(tmp_path / f"{n}.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(bytes([n, 16, 0, 240]) * 4000)
    assert mxt("ingest", "table.csv", "--name", "tapes", "--quiet").code == 0
    assert mxt("--plugin", EXAMPLE, "extract", "--backbone", "loudness", "--quiet").code == 0
    assert mxt("eval", "--group-by", "tape", "--head", "linear", "--quiet").code == 0
    (result,) = (folder.name for folder in (tmp_path / "mxt-store" / "results").iterdir() if folder.is_dir())
    assert complete("mxt info 2", tmp_path) == [result]
    assert complete("mxt rm 2", tmp_path) == [result]
    assert complete("mxt compare 2", tmp_path) == [result]
    assert complete("mxt eval --head sv", tmp_path) == ["svm", "svm_choi2017"]
    assert complete("mxt lengths --head li", tmp_path) == ["linear"]
    assert complete("mxt eval --group-by ta", tmp_path) == ["tape"]
    assert complete("mxt eval --dataset tapes --group-by ta", tmp_path) == ["tape"]


def test_names_that_could_write_to_the_terminal_are_not_offered(tmp_path):
    plugin = EXAMPLE.read_text().replace('summary="level', 'summary="\\x1b]0;pwn\\x07level')
    (tmp_path / "mine.py").write_text(plugin)
    asked = {
        "_MXT_COMPLETE": "complete_zsh",
        "_TYPER_COMPLETE_ARGS": "mxt --plugin mine.py extract --backbone lou",
    }
    code = "import sys; sys.argv[0] = 'mxt'; from mxt.cli.main import main; main([])"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | asked,
    )
    assert "loudness" in ran.stdout
    assert "\x1b" not in ran.stdout
    assert _offered(lambda: ["good", "bad\x1b[2J", ("a\nb", "help"), ("named", "help\x07")])() == [
        "good",
        ("named", "help\\x07"),
    ]
