"""What pyproject promises of the packages that lie beside it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]


def project(folder: Path) -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


@pytest.fixture
def musicnn() -> Requirement:
    """What the extra `musicnn` asks for."""
    (found,) = project(ROOT)["optional-dependencies"]["musicnn"]
    return Requirement(found)


def test_the_extra_musicnn_names_the_distribution_in_plugins(musicnn):
    plugin = project(ROOT / "plugins" / "mxt-musicnn")
    assert musicnn.name == plugin["name"]
    assert musicnn.specifier.contains(plugin["version"])


@pytest.mark.parametrize("version", ["0.1.0", "0.1.1", "1.0", "99.0"])
def test_no_version_that_a_public_index_takes_satisfies_the_extra(musicnn, version):
    assert Version(version).local is None  # an index refuses versions with a local part
    assert not musicnn.specifier.contains(version)


@pytest.mark.parametrize("folder", sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml")), ids=lambda path: path.name)
def test_plugins_ask_for_an_mxt_that_this_one_is(folder):
    import mxt

    (wanted,) = (Requirement(text) for text in project(folder)["dependencies"] if Requirement(text).name == "mxt")
    assert wanted.specifier.contains(mxt.__version__)
