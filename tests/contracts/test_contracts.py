"""Every contract check, over everything registered and everything in plugins/ and examples/."""

from __future__ import annotations

import importlib
import os
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxt.audio.threads import one_thread
from mxt.core.specs import KINDS, StageSpec
from mxt.registry import Origin, Registered, Registry, build_registry
from mxt.testing import Check, Subject, checks_for

ROOT = Path(__file__).resolve().parents[2]


def packages() -> list[tuple[str, str]]:
    """Distribution and hook module of every package in plugins/."""
    found = []
    for project in sorted(ROOT.glob("plugins/*/pyproject.toml")):
        table = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
        found += [(table["name"], module) for module in table["entry-points"]["mxt"].values()]
    return found


def in_plugins(installed: Registry) -> Iterator[Registered]:
    """Stages of packages in plugins/ that are not installed; those that are come with the registry."""
    for name, module in packages():
        if not any(entry.distribution == name for entry in installed.stages):
            sys.path.append(str(ROOT / "plugins" / name))
            for spec in importlib.import_module(module).mxt_stages():
                yield Registered(spec, Origin("entry point", name, point=name, value=module, module=module))


REGISTRY = build_registry(sorted((ROOT / "examples").glob("*plugin*.py")))
# their own tests give them what they read: packed files, and a data set of another library
ELSEWHERE = ("huggingface", "mirdata", "webdataset")
STAGES = [  # but for backbones whose network is a parameter: their own tests give them one
    entry
    for entry in (*REGISTRY.stages, *in_plugins(REGISTRY))
    if not entry.spec.model_param and entry.spec.name not in ELSEWHERE
]
CHECKS = [check for entry in STAGES for check in checks_for(entry, REGISTRY)]


@pytest.fixture(autouse=True)
def released_weights(monkeypatch):
    """The released weights, where they are: checks of a network without them are skipped."""
    named = os.environ.get("MXT_TEST_DATA")
    folder = (Path(named) if named else ROOT.parent / "shared" / "data") / "choi2017" / "weights"
    if folder.is_dir() and "MXT_WEIGHTS_DIR" not in os.environ:
        monkeypatch.setenv("MXT_WEIGHTS_DIR", str(folder))


@pytest.fixture(autouse=True)
def plugins_in_fresh_interpreters(monkeypatch):
    """Checks that start an interpreter find packages in plugins/ there as well."""
    folders = [str(project.parent) for project in ROOT.glob("plugins/*/pyproject.toml")]
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([*filter(None, [os.environ.get("PYTHONPATH")]), *folders])
    )


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """One torch thread, as in mxt's workers: several wait for each other where the machine is busy."""
    with one_thread():
        yield


@pytest.fixture(scope="module")
def in_memory() -> list[Subject]:
    """The stage under check, with its network."""
    return []


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_stage_keeps_its_contract(
    check: Check, in_memory: list[Subject], request: pytest.FixtureRequest
) -> None:
    if (
        check.subject.entry.spec.name == "inception_v3"
    ):  # its released weights lie at two addresses, and in no Python package
        check = check.with_weights(request.getfixturevalue("inception_files"))
    if in_memory and in_memory[0].kept is not check.subject.kept:
        in_memory.pop().kept.clear()
    in_memory[:] = [check.subject]
    check.run_in_pytest()


def test_nothing_registered_has_a_problem():
    assert REGISTRY.problems == ()


def test_packages_in_plugins_and_examples_are_among_them():
    assert {name for name, _ in packages()} <= {entry.distribution for entry in STAGES}
    assert "file:one_file_plugin.py" in {entry.distribution for entry in STAGES}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "report"])
def test_every_kind_has_a_stage_and_checks_of_its_own(kind):
    general = {
        check.name
        for check in checks_for(StageSpec(kind="report", name="r", summary="", target="m:R"), Registry())
    }
    names = {check.name for check in CHECKS if check.subject.entry.spec.kind == kind}
    assert names > general


def test_batch_mode_is_refused_by_name():
    refused = [check.outcome() for check in CHECKS if check.subject.params == {"statistics": "batch"}]
    (invariance,) = (outcome for outcome in refused if outcome.check == "batch equals stacked singles")
    assert invariance.result == "refused"
    assert invariance.detail.startswith("backbone convnet statistics=batch depends on its batch on purpose")
