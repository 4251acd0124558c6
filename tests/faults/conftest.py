"""The campaigns' own modules are imported by name, by the tests and by the processes they start."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import contained
import pytest


@pytest.fixture(scope="session", autouse=True)
def _server() -> None:
    """Start the process whose forks run the commands."""
    contained.start("everything")
