"""Whatever text comes from - names, plugins, warnings, bugs - none of it steers the terminal."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
import wave
from pathlib import Path

import pytest

from mxt.cli import console
from mxt.cli.bars import bars_progress
from mxt.cli.lines import LinesProgress
from mxt.cli.terminal import HarmlessStream, visible
from mxt.core.text import written
from mxt.extraction.request import ExtractRequest
from mxt.ingestion.requests import IngestRequest
from mxt.registry import build_registry
from mxt.results.request import EvaluateRequest
from mxt.workflows.evaluate import evaluate
from mxt.workflows.extract import extract
from mxt.workflows.ingest import ingest

EVIL = "\x1b]0;pwn\x07\x9b2J\nerror: forged"
SHOWN = r"\x1b]0;pwn\x07\x9b2J\nerror: forged"
STEERS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")

BACKBONE = """
import warnings
from dataclasses import dataclass
from mxt.plugin import Layer, StageSpec, Window, hookimpl

@dataclass(frozen=True)
class Evil:
    def prepare(self, weights, device):
        def features(x):
            warnings.warn({evil!r})
            print({evil!r}, flush=True)
            raise {error}
        return features

@hookimpl
def mxt_stages():
    return [StageSpec(kind="backbone", name="evil", summary={evil!r}, target=":Evil", sample_rate=8000,
                      window=Window.whole(), layers=(Layer(1, "one", 1),))]
"""


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of four clips whose folder, file and class names hold control characters."""
    folder = tmp_path_factory.mktemp("evil") / f"sounds{EVIL}"
    for number, label in enumerate((f"dog{EVIL}", "rain")):
        (folder / label).mkdir(parents=True)
        for take in range(4):
            with wave.open(str(folder / label / f"{take}{EVIL}.wav"), "wb") as file:
                file.setparams((1, 2, 8000, 0, "NONE", ""))
                file.writeframes(bytes([number, 16 + take, 0, 240 - 50 * number]) * 4000)
    (folder / f"rain/broken{EVIL}.wav").write_bytes(b"RIFF")
    return folder


@pytest.fixture(scope="module")
def store(sounds: Path) -> Path:
    """They are ingested, extracted and evaluated."""
    folder = sounds.parent / "mxt-store"
    ingest(folder, IngestRequest(sounds, name="evil"), build_registry())
    extract(folder, ExtractRequest("mfcc"), build_registry())
    evaluate(folder, EvaluateRequest(seed=1), build_registry())
    return folder


def check(text: str) -> None:
    assert not STEERS.search(text)
    assert not any(line.startswith("error: forged") for line in text.splitlines())


@pytest.mark.parametrize(
    "command",
    [
        ("ls",),
        ("ls", "--clips"),
        ("info", "evil"),
        ("info", "mfcc"),
        ("info", "last"),
        ("info", "evil", "--failures"),
        ("export", "mfcc", f"{EVIL}.csv"),
        ("eval",),
        ("eval", "--details"),
        ("eval", "--group-by", EVIL),
        ("loudness",),
        ("derive", "without", f"{EVIL}.txt"),
        ("rm", "nothing"),
        ("rm", "evil", "--dry-run"),
        ("info", EVIL),
        ("extract", "--backbone", EVIL),
        ("ingest", f"{EVIL}.csv"),
        ("stages", "backbones", EVIL),
        ("ls", f"--{EVIL}"),
        (EVIL,),
    ],
    ids=" ".join,
)
def test_no_name_reaches_the_terminal_raw(mxt, store, command, monkeypatch):
    monkeypatch.setenv("MXT_STORE", str(store))
    found = mxt(*command)
    assert "pwn" in found.out + found.err or command in [
        ("eval",),
        ("info", "mfcc"),
        ("rm", "nothing"),
        ("rm", "evil", "--dry-run"),
    ]
    check(found.out)
    check(found.err)


def test_a_name_in_did_you_mean_is_shown_with_its_control_characters_written_out(mxt, tmp_path):
    (tmp_path / "nn").mkdir()
    (tmp_path / "nn" / "esc\x1b]0;pwn\x07.wav").write_bytes(b"")
    found = mxt("ingest", "nn/esc0pwn.wav")
    assert (
        found.err == "error: nn/esc0pwn.wav: no such folder or table; "
        "did you mean nn/esc\\x1b]0;pwn\\x07.wav?\n"
    )


def test_plugins_exceptions_warnings_and_prints_are_harmless(mxt, sounds, tmp_path):
    (tmp_path / "evil.py").write_text(BACKBONE.format(evil=EVIL, error=f"ValueError({EVIL!r})"))
    assert mxt("ingest", sounds, "--name", "evil", "--quiet").code == 0
    with pytest.warns(UserWarning, match="forged"):
        found = mxt("--plugin", "evil.py", "extract", "--backbone", "evil", "--jobs", "1")
    assert not STEERS.search(found.out + found.err)
    assert f"ValueError: {SHOWN}" in found.err
    listed = mxt("--plugin", "evil.py", "stages", "backbones")
    check(listed.out)
    assert SHOWN in listed.out


def test_warnings_and_the_traceback_of_a_bug_are_harmless():
    code = f"""
        import sys, types, threading, warnings
        from mxt.cli import main
        from mxt.cli.commands import Entry
        module = types.ModuleType("m")
        def bug() -> None:
            warnings.warn({EVIL!r})
            thread = threading.Thread(target=lambda: 1 / 0)
            thread.start()
            thread.join()
            raise ZeroDivisionError({EVIL!r})
        module.bug = bug
        sys.modules["m"] = module
        main.COMMANDS["ls"] = Entry("", "ls", "", "m:bug")
        main.main(["ls"])
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert not STEERS.search(ran.stderr)
    assert ran.stderr.startswith(f"UserWarning: {SHOWN} (<string>, line 7)\n")
    assert "ZeroDivisionError: division by zero" in ran.stderr
    assert "ZeroDivisionError: \\x1b]0;pwn\\x07\\x9b2J" in ran.stderr


def test_what_progress_says_is_harmless():
    import io

    from rich.console import Console

    told: list[str] = []
    out = io.StringIO()
    with (
        bars_progress(Console(file=out, width=120)) as shown,
        shown.step(f"extract {EVIL}", 10, unit="clips") as step,
    ):
        step.advance(4)
        shown.bars.refresh()
        shown.say(EVIL)
    assert SHOWN in out.getvalue()
    assert not STEERS.search(out.getvalue())
    with LinesProgress(told.append, every=0.0).step("x", 1) as step:
        step.advance()
    assert told


def test_tables_titles_and_headings_are_harmless(capsys):
    console.table(EVIL, (EVIL, "n"), [(EVIL, 1)])
    assert capsys.readouterr().out.count(SHOWN) == 3


def test_json_is_read_back_whatever_the_names_are(capsys):
    names = [EVIL, "\x9b\x7f\u2028\u202e", "\udcff", "名前 \U0001f600 \U000e0001", "a\u00a0b"]
    console.emit_json(names)
    out = capsys.readouterr().out
    check(out)
    assert json.loads(out) == [written(name) for name in names]
    assert "名前 \U0001f600" in out


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_json_can_be_written_in_any_encoding(encoding):
    code = "from mxt.cli import console; console.emit_json(['é\\x9b', '\\udcff', '\\U0001f600'])"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, env={"PYTHONIOENCODING": encoding}
    )
    assert json.loads(ran.stdout.decode(encoding)) == ["é\x9b", "\\xff", "\U0001f600"]


def test_one_call_is_one_line_and_ordinary_letters_stay(capsys):
    console.say("näme 名前\u3000x\nforged")
    console.warn("\udcff")
    assert tuple(capsys.readouterr()) == ("näme 名前\u3000x\\nforged\n", "\\xff\n")


def test_the_guarded_stream_keeps_lines_and_tabs_and_is_otherwise_the_stream(capsys):
    stream = HarmlessStream(sys.stdout)
    assert stream.write("a\tb\n\x1bc") == 6
    stream.writelines(["\n", "d\r\n"])
    assert capsys.readouterr().out == "a\tb\n\\x1bc\nd\\r\n"
    assert stream.encoding == sys.stdout.encoding
    assert visible("plain") == "plain"
