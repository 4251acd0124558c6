"""Fixtures for all tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


def _data_folder() -> Path | None:
    named = os.environ.get("MXT_TEST_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    return folder if (folder / "README.md").is_file() else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if _data_folder() is None:
        skip = pytest.mark.skip(reason="needs the real recordings; MXT_TEST_DATA names no folder that has them")
        for item in items:
            if item.get_closest_marker("realdata"):
                item.add_marker(skip)
    for_cuda = [item for item in items if item.get_closest_marker("cuda") or "agrees with the gpu" in item.name]
    if for_cuda and not _has_cuda():
        config.hook.pytest_deselected(items=for_cuda)
        items[:] = [item for item in items if item not in for_cuda]


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real recordings and golden values."""
    folder = _data_folder()
    assert folder is not None, "mark tests that use `data` with realdata"
    return folder


# gives up root's right to read and write what permissions forbid (CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH), then becomes mxt
AS_ANYBODY = """
import ctypes, os, sys
if os.geteuid() == 0:
    for right in (1, 2):
        ctypes.CDLL(None).prctl(24, right, 0, 0, 0)  # PR_CAPBSET_DROP
os.execv(sys.executable, [sys.executable, "-m", "mxt", *sys.argv[1:]])
"""


@pytest.fixture
def mxt_as_anybody() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command in a process to which permissions mean something, even where the tests run as root."""

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", AS_ANYBODY, *map(str, words)], capture_output=True, text=True, check=False)

    return run


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests saw real recordings, so that a run without them is not mistaken for one with them."""
    of_real_data = {
        outcome: sum("realdata" in report.keywords for report in terminalreporter.stats.get(outcome, []) if hasattr(report, "keywords"))
        for outcome in ("passed", "failed", "skipped")
    }
    ran = of_real_data["passed"] + of_real_data["failed"]
    terminalreporter.write_line(f"on real recordings: {ran} tests ran, {of_real_data['skipped']} skipped")
