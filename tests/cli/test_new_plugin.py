"""The skeletons of `mxt plugins new`: they pass the checks as written, and a broken edit does not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BROKEN = {
    "another type": (
        '"level": level.float()',
        '"level": level',
        "layers are those stated: layer level is float64",
    ),
    "depends on its batch": ("power.sum(1, keepdim=True)", "power.sum()", "batch equals stacked singles"),
}


def check(folder: Path, *args: object) -> tuple[int, dict[str, str]]:
    """`mxt plugins check` in a process of its own: exit code, and the outcome of each check."""
    words = [sys.executable, "-m", "mxt", "plugins", "check", *map(str, args), "--json"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    outcomes = json.loads(done.stdout)["outcomes"]
    return done.returncode, {outcome["check"]: outcome["result"] for outcome in outcomes}


def test_a_file_passes_the_checks_as_written_and_its_edit_fails(mxt, tmp_path):
    made = mxt("plugins", "new", "hears", "--one-file")
    assert (made.code, made.out.splitlines()[0]) == (0, "wrote hears.py")
    assert "next: mxt plugins check hears.py" in made.out
    assert mxt("plugins", "check", "hears", "--plugin", "hears.py").code == 0

    text = (tmp_path / "hears.py").read_text()
    for old, new, expected in BROKEN.values():
        assert old in text
        (tmp_path / "hears.py").write_text(text.replace(old, new))
        broken = mxt("plugins", "check", "hears.py")
        assert (broken.code, f"FAIL    {expected}" in broken.out) == (1, True)


def test_a_package_passes_the_checks_without_being_installed_and_its_edit_fails(mxt, tmp_path):
    made = json.loads(mxt("plugins", "new", "my_net", "--out", "plugins", "--json").out)
    package = tmp_path / "plugins" / "mxt-my-net"
    assert sorted(made["files"]) == sorted(
        str(path.relative_to(tmp_path / "plugins")) for path in package.rglob("*.*") if path.is_file()
    )
    code, outcomes = check(tmp_path, "plugins/mxt-my-net")
    assert (code, outcomes["batch equals stacked singles"], outcomes["plugin is light to import"]) == (
        0,
        "passed",
        "passed",
    )
    assert set(outcomes.values()) == {"passed", "skipped", "not applicable"}

    module = package / "mxt_my_net" / "backbone.py"
    old, new, _ = BROKEN["depends on its batch"]
    module.write_text(module.read_text().replace(old, new))
    code, outcomes = check(package, ".")
    assert (code, outcomes["batch equals stacked singles"]) == (1, "failed")


@pytest.mark.parametrize("form", [(), ("--one-file",)])
def test_the_tests_of_a_skeleton_pass(mxt, tmp_path, form):
    path = json.loads(mxt("plugins", "new", "mine", "--json", *form).out)["path"]
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *([path] if form else [])]
    done = subprocess.run(words, cwd=tmp_path if form else path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


@pytest.mark.parametrize("form", [(), ("--one-file",)])
def test_what_is_there_is_left_as_it_is(mxt, tmp_path, form):
    mxt("plugins", "new", "mine", *form)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    again = mxt("plugins", "new", "mine", *form)
    assert (again.code, "already exists" in again.err, again.err.count("\n")) == (2, True, 1)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("my-net", "is not a name for a stage"),
        ("3d", "is not a name for a stage"),
        ("class", "is not a name for a stage"),
        ("../mine", "such as mine"),
        ("näive", "is not a name for a stage"),
        ("mfcc", "backbone mfcc already exists"),
        ("torch", "torch is a Python module"),
    ],
)
def test_names_that_cannot_be_used_are_refused_in_one_line(mxt, tmp_path, name, message):
    refused = mxt("plugins", "new", name, "--one-file")
    assert (refused.code, message in refused.err, refused.err.count("\n")) == (2, True, 1)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_no_plugins_is_refused(mxt, tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "something"\n')
    refused = mxt("plugins", "check", ".")
    assert (refused.code, "no name or no table [project.entry-points.mxt]" in refused.err) == (1, True)
    (tmp_path / "empty").mkdir()
    assert "empty is not a plugin's folder" in mxt("--plugin", "empty", "plugins").err


def test_a_folder_takes_the_place_of_the_installed_package(mxt):
    folder = Path(__file__).resolve().parents[2] / "plugins" / "mxt-spectral-shape"
    found = json.loads(mxt("--plugin", folder, "plugins", "--json").out)
    assert [line["stages"] for line in found["plugins"] if line["name"] == "mxt-spectral-shape"] == [
        {"dataset": ["sidecar"], "backbone": ["spectral_shape"]}
    ]
    assert not any("spectral" in str(problem) for problem in found["problems"])
