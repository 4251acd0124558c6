"""What pyproject promises of the packages that lie beside it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
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


@pytest.mark.parametrize(
    "folder",
    sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml")),
    ids=lambda path: path.name,
)
def test_plugins_ask_for_an_mxt_that_this_one_is(folder):
    import mxt

    (wanted,) = (
        Requirement(text) for text in project(folder)["dependencies"] if Requirement(text).name == "mxt"
    )
    assert wanted.specifier.contains(mxt.__version__)


def test_the_pythons_named_are_those_allowed_and_tried():
    about = project(ROOT)
    named = [each.rpartition(" ")[2] for each in about["classifiers"] if "Python :: 3." in each]
    allowed = SpecifierSet(about["requires-python"])
    assert [f"3.{minor}" for minor in range(8, 30) if f"3.{minor}" in allowed] == named
    assert f"for version in {' '.join(named)}; do" in (ROOT / ".ci" / "run").read_text()


def test_everything_that_is_depended_on_has_a_lowest_version_to_be_tried():
    run = subprocess.run(
        [sys.executable, ROOT / ".ci" / "lowest.py"], capture_output=True, text=True, check=True
    )
    lowest = {found.name: found for found in map(Requirement, run.stdout.splitlines())}
    for wanted in map(Requirement, project(ROOT)["dependencies"]):
        (pinned,) = lowest[wanted.name].specifier
        assert pinned.operator == "=="
        assert wanted.specifier.contains(pinned.version)
