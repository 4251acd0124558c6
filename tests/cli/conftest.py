"""Running the command line inside the test's own process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from mxt.cli.main import main


@dataclass(frozen=True)
class Ran:
    """What a command printed, and its exit code."""

    out: str
    err: str
    code: int


@pytest.fixture
def mxt(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Ran]:
    """``mxt("stages", "--json")`` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("MXT_STORE", "MXT_PLUGIN", "MXT_OFFLINE", "COLUMNS", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MXT_WEIGHTS_DIR", str(tmp_path / "weights"))

    def run(*args: object) -> Ran:
        code = 0
        try:
            main([str(arg) for arg in args])
        except SystemExit as stop:
            code = int(stop.code or 0)
        printed = capsys.readouterr()
        return Ran(printed.out, printed.err, code)

    return run
