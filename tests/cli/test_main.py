from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import types
from pathlib import Path

import pytest

from mxt import __version__
from mxt.cli import main as front
from mxt.cli.commands import Entry
from mxt.core.errors import InputError, Refused, StoreFull, UsageError

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "one_file_plugin.py"


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )


@pytest.fixture
def command(monkeypatch):
    """A function that makes a function the command ``mxt ls``."""

    def make(function):
        module = types.ModuleType("a_command_of_this_test")
        module.function = function
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(
            front.COMMANDS,
            "ls",
            Entry("Panel", "ls", "what the table says", "a_command_of_this_test:function"),
        )

    return make


def test_mxt_alone_shows_help(mxt):
    assert mxt() == mxt("--help") == mxt("-h")
    assert mxt().code == 0


def test_help_lists_every_command_with_its_line_in_panels(mxt, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    shown = mxt("--help").out
    assert re.findall(r"^│ (\w+) +\w", shown, re.MULTILINE) == list(front.COMMANDS)
    panels = re.findall(r"^╭─ (.+?) ─", shown, re.MULTILINE)
    assert panels == ["Options", *dict.fromkeys(entry.panel for entry in front.COMMANDS.values())]
    way, *_ = re.findall(r"The way ─+╮\n(.+?)╰", shown, re.DOTALL)
    assert re.findall(r"^│ (\w+) ", way, re.MULTILINE) == ["ingest", "extract", "eval", "report"]


@pytest.mark.parametrize("entry", front.COMMANDS.values(), ids=lambda entry: entry.name)
def test_line_of_every_command_fits_a_terminal_of_80_columns(mxt, monkeypatch, entry):
    monkeypatch.setenv("COLUMNS", "80")
    assert re.search(rf"^│ {entry.name} +{re.escape(entry.summary)} *│$", mxt("--help").out, re.MULTILINE)


@pytest.mark.parametrize("name", front.COMMANDS)
def test_every_command_has_help(mxt, name):
    found = mxt(name, "--help")
    assert (found.code, found.err) == (0, "")
    assert f"Usage: mxt {name}" in found.out
    assert "Parameters" not in found.out.split("Options")[0]


@pytest.mark.parametrize("name", ["derive", "plugins", "weights"])
def test_completion_is_installed_for_the_program_not_for_a_command(mxt, name):
    assert "--install-completion" not in mxt(name, "--help").out


def test_help_is_broken_where_the_terminal_is_not_where_the_source_is(mxt, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert "An interrupted evaluation continues with the same command." in mxt("eval", "--help").out


def test_only_the_command_that_runs_is_imported():
    code = """
        import sys
        from mxt.cli.main import main
        try:
            main(["weights", "--help"])
        except SystemExit:
            others = ("mxt.cli.extract", "mxt.cli.eval", "mxt.cli.ingest", "mxt.workflows.weights")
            sys.exit(sum(name in sys.modules for name in others))
    """
    assert python(code).returncode == 0


def test_version_is_printed(mxt):
    assert mxt("--version").out == f"mxt {__version__}\n"


def test_unknown_command_lists_the_nearest(mxt):
    found = mxt("extrct")
    assert (found.code, found.out) == (2, "")
    assert found.err.startswith("error: no command called 'extrct'; did you mean extract")


@pytest.mark.parametrize("alias", front.ALIASES)
def test_singular_and_plural_are_both_understood(mxt, alias):
    assert f"Usage: mxt {front.ALIASES[alias]} " in mxt(alias, "--help").out


@pytest.mark.parametrize(("error", "code"), [(InputError, 1), (StoreFull, 1), (Refused, 1), (UsageError, 2)])
def test_error_meant_for_people_is_one_line_and_an_exit_code(mxt, command, error, code):
    def fail() -> None:
        raise error("that went wrong; do this")

    command(fail)
    found = mxt("ls")
    assert (found.out, found.err, found.code) == ("", "error: that went wrong; do this\n", code)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["stages", "--jsn"], r"No such option: --jsn.*; see mxt stages --help"),
        (["--no-such-option"], r"No such option: --no-such-option.*; see mxt --help"),
        (["extract", "--jobs", "0"], r"Invalid value for '--jobs'.* 1; see mxt extract --help"),
        (["ingest"], r"Missing argument 'PATH\|mirdata:NAME'; see mxt ingest --help"),
        (
            ["weights", "fetch", "--nothing"],
            r"No such option: --nothing.*; see mxt weights fetch --help",
        ),
        (["extract", "--limit", "many"], r"Invalid value for '--limit': .*; see mxt extract --help"),
    ],
)
def test_wrong_usage_is_one_line(mxt, args, told):
    found = mxt(*args)
    assert (found.code, found.out) == (2, "")
    assert re.fullmatch(f"error: {told}\n", found.err)


def test_bug_keeps_its_traceback():
    code = """
        import sys, types
        from mxt.cli import main
        from mxt.cli.commands import Entry
        module = types.ModuleType("m")
        def bug() -> None:
            secret_local = "do not show this"
            raise ZeroDivisionError("a bug")
        module.bug = bug
        sys.modules["m"] = module
        main.COMMANDS["ls"] = Entry("", "ls", "", "m:bug")
        main.main(["ls"])
    """
    found = python(code)
    assert found.returncode == 1
    assert found.stderr.startswith("Traceback (most recent call last):")
    assert found.stderr.rstrip().endswith("ZeroDivisionError: a bug")
    assert "do not show this'" not in found.stderr


def test_interrupted_command_says_that_finished_work_is_kept(mxt, command):
    def interrupted() -> None:
        signal.raise_signal(signal.SIGINT)

    command(interrupted)
    found = mxt("ls")
    assert (found.out, found.err, found.code) == (
        "",
        "interrupted: what is finished is kept; the same command continues\n",
        130,
    )


def test_interruption_while_the_program_is_still_loaded_is_quiet():
    code = (
        "import sys\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'mxt.cli.main': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted())\n"
        "from mxt.__main__ import main; main()"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "")


def test_reader_that_goes_away_is_met_quietly():
    code = """
        import sys, types
        from mxt.cli import console, main
        from mxt.cli.commands import Entry
        module = types.ModuleType("m")
        def much() -> None:
            for n in range(100_000):
                console.say(f"line {n}")
        module.much = much
        sys.modules["m"] = module
        main.COMMANDS["ls"] = Entry("", "ls", "", "m:much")
        main.main(["ls"])
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "line 0\n"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 1


def test_names_that_cannot_be_shown_are_escaped_rather_than_fatal():
    code = """
        import sys, types
        from mxt.cli import console, main
        from mxt.cli.commands import Entry
        module = types.ModuleType("m")
        module.shows = lambda: console.say("V\\u00f6gel \\udcff \\u00b7")
        sys.modules["m"] = module
        main.COMMANDS["ls"] = Entry("", "ls", "", "m:shows")
        main.main(["ls"])
    """
    found = python(code, PYTHONIOENCODING="ascii")
    assert (found.returncode, found.stdout) == (0, "V\\xf6gel \\xff \\xb7\n")


def test_pipes_get_no_colour(mxt):
    assert "\x1b[" not in mxt("--help").out + mxt("stages").out


def test_plugin_is_named_before_the_command_after_it_or_in_the_environment(mxt, monkeypatch):
    for found in (
        mxt("--plugin", EXAMPLE, "stages", "backbones"),
        mxt("stages", "backbones", "--plugin", EXAMPLE),
    ):
        assert "loudness" in found.out
    assert "loudness" not in mxt("stages", "backbones").out
    monkeypatch.setenv("MXT_PLUGIN", os.pathsep.join(["", str(EXAMPLE)]))
    assert "loudness" in mxt("stages", "backbones").out


def test_same_plugin_twice_is_no_clash(mxt):
    found = mxt("--plugin", EXAMPLE, "plugins", "--plugin", EXAMPLE)
    assert found.out.count("  backbone   loudness\n") == 1
    assert "problem" not in found.out


def test_plugin_file_that_is_not_there_is_one_line(mxt):
    found = mxt("--plugin", "nowhere.py", "stages")
    assert found.code == 1
    assert re.fullmatch(r"error: --plugin .*nowhere\.py: no such file\n", found.err)


@pytest.mark.parametrize("command", [("eval",), ("plugins", "check"), ("weights",), ()])
def test_switches_are_shown_without_a_type(mxt, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "120")
    shown = mxt(*command, "--help").out
    assert "--help" in shown
    assert "bool" not in shown
