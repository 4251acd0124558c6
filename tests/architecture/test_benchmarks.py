"""Benchmarks are run by hand, so that what they import is checked here."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = sorted([*ROOT.glob("tests/benchmarks/*.py"), *ROOT.glob("plugins/*/tests/benchmarks/*.py")])


def missing(source: str) -> list[str]:
    """Names of mxt's that `source` imports and that are not there."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == "mxt":
            module = importlib.import_module(node.module)
            found += [
                f"{node.module}.{alias.name}" for alias in node.names if not hasattr(module, alias.name)
            ]
    return found


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.name)
def test_what_a_benchmark_imports_is_there(path: Path) -> None:
    assert missing(path.read_text(encoding="utf-8")) == []


def test_an_import_of_what_has_moved_is_found() -> None:
    assert missing("from mxt.core.errors import MxtError, Vanished") == ["mxt.core.errors.Vanished"]
