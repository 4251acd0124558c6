"""Small synthetic feature tables."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from mxt.core.specs import Layer
from mxt.store.features import FeatureTable
from mxt.store.layout import Store

CHILD = Path(__file__).with_name("child.py")
LARGE = 2500  # clips of a table of larger chunks


def _load_child() -> ModuleType:
    spec = importlib.util.spec_from_file_location("store_child", CHILD)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def child() -> ModuleType:
    """The functions of child.py: what a synthetic run computes, here or in another process."""
    return _load_child()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    opened = Store.open(tmp_path / "store", create=True)
    opened.catalogue.datasets()  # makes the catalogue
    return opened


@pytest.fixture
def keys() -> Callable[..., list[bytes]]:
    """`n` audio keys, the same every time."""
    return lambda n, first=0: [hashlib.sha256(str(i).encode()).digest() for i in range(first, first + n)]


@pytest.fixture
def table(store: Store, child: ModuleType) -> FeatureTable:
    """A table of two layers without rows."""
    return child.make_table(store)


@pytest.fixture
def filled(table: FeatureTable, child: ModuleType) -> FeatureTable:
    """A table of 150 rows, some of them failed."""
    child.run(table, 150)
    return table


@dataclass(frozen=True)
class Chunked:
    """A table of several chunks: how many clips it has, some of them failed, and how many rows a chunk."""

    table: FeatureTable
    clips: int
    rows: int


@pytest.fixture(scope="session")
def large_table(child: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a table that was planned for many clips."""
    table = child.make_table(Store.open(tmp_path_factory.mktemp("large") / "store", create=True), LARGE)
    child.run(table, LARGE)
    return table.path


@pytest.fixture(params=["64 rows", "1,024 rows"])
def chunked(request: pytest.FixtureRequest, store: Store) -> Chunked:
    """A table with chunks of either size."""
    if request.param == "64 rows":
        return Chunked(request.getfixturevalue("filled"), 150, 64)
    folder = request.getfixturevalue("large_table")
    shutil.copytree(folder, store.features.path / folder.name)
    return Chunked(store.features.find("synthetic"), LARGE, 1024)


@pytest.fixture
def run_child() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run child.py in a process of its own."""

    def start(*words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(CHILD), *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    return start


@pytest.fixture
def layers() -> Sequence[Layer]:
    return (Layer(1, "one", 3), Layer(2, "two", 5))
