"""The layer rule of the design, read from the imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "mxt"

# What each part may import besides itself: to the right only.
GROUND = {"audio", "core"}
PARTS = {"stages", "store", "evaluation"} | GROUND
ROOMS = {"registry"} | PARTS
ALLOWED = {
    "core": set(),
    "audio": {"core"},
    "stages": GROUND,
    "store": GROUND,
    "evaluation": GROUND,
    "registry": PARTS,
    "testing": {"registry"} | GROUND,
    "ingestion": ROOMS,
    "extraction": ROOMS,
    "results": ROOMS,
    "drawing": {"results"} | ROOMS,
    "models": {"results"} | ROOMS,
    "papers": {"ingestion", "extraction", "results", "drawing"} | ROOMS,
    "workflows": {"papers", "ingestion", "extraction", "results", "drawing", "models", "testing"} | ROOMS,
    "cli": {"workflows", "papers", "ingestion", "extraction", "results", "drawing", "models", "testing"}
    | ROOMS,
    "hear": {"extraction"} | ROOMS,
    "sklearn": {"workflows", "extraction", "results"} | ROOMS,
    "plugin": {"core"},
    "__main__": {"cli"},
}
HEAVY_FOR_CORE = {
    "torch",
    "torchaudio",
    "torchvision",
    "librosa",
    "sklearn",
    "zarr",
    "scipy",
    "soundfile",
    "av",
    "soxr",
    "h5py",
}


def imports(source: str, package: str) -> Iterator[str]:
    """Absolute names of all modules that a module of `package` imports anywhere, but for type checking."""
    tree = ast.parse(source)
    for_types = {
        child
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for statement in node.body
        for child in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def offences(source: str, layer: str, package: str) -> list[str]:
    """Imports of mxt's own parts that `layer` may not make."""
    found = []
    for name in imports(source, package):
        parts = name.split(".")
        if (
            parts[0] == "mxt"
            and len(parts) > 1
            and (PACKAGE / parts[1]).exists() | (PACKAGE / f"{parts[1]}.py").exists()
        ):
            part = parts[1]
            if part != layer and part not in ALLOWED.get(layer, set()):
                found.append(name)
    return found


def modules() -> list[Path]:
    return sorted(
        path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts != ("__init__.py",)
    )


def place_of(path: Path) -> tuple[str, str]:
    """Layer and package of a module."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return parts[1], ".".join(parts[:-1])


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_modules_import_to_the_right_only(path):
    layer, package = place_of(path)
    assert layer in ALLOWED, f"{layer} is not part of the design"
    assert offences(path.read_text(encoding="utf-8"), layer, package) == []


@pytest.mark.parametrize("path", sorted((PACKAGE / "core").rglob("*.py")), ids=lambda path: path.name)
def test_core_imports_nothing_heavy(path):
    found = {name.split(".")[0] for name in imports(path.read_text(encoding="utf-8"), "mxt.core")}
    assert found & HEAVY_FOR_CORE == set()


@pytest.mark.parametrize(
    ("source", "layer", "offence"),
    [
        ("from mxt.store.layout import Store", "evaluation", "mxt.store.layout.Store"),
        ("import mxt.cli.main", "workflows", "mxt.cli.main"),
        ("def f():\n    from mxt import workflows", "registry", "mxt.workflows"),
        ("from ..store import layout", "stages", "mxt.store.layout"),
        ("from mxt.audio.decode import read", "core", "mxt.audio.decode.read"),
        ("from mxt.audio.decode import read", "plugin", "mxt.audio.decode.read"),
    ],
)
def test_rule_finds_an_import_to_the_left(source, layer, offence):
    assert offences(source, layer, f"mxt.{layer}") == [offence]


def test_rule_passes_imports_to_the_right_and_for_types():
    source = (
        "from typing import TYPE_CHECKING\nfrom mxt.core import errors\n"
        "if TYPE_CHECKING:\n    from mxt.cli import main\n"
    )
    assert offences(source, "store", "mxt.store") == []
