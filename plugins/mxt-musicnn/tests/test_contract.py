"""mxt's contract checks: of the plugin as it is, and of copies with something broken, which must not pass."""

from __future__ import annotations

import hashlib
import importlib
from dataclasses import replace
from pathlib import Path

import pytest
from mxt_musicnn.plugin import BACKBONE, mxt_stages

from mxt.testing import Check, checks_for

CHECKS = [check for spec in mxt_stages() for check in checks_for(spec, plugin="mxt_musicnn.plugin")]
PACKAGE = Path(__file__).resolve().parents[1] / "mxt_musicnn"

BROKEN = {
    "depends on its batch": (
        "backbone.py",
        "compressed(patch)",
        "compressed(patch / power.amax())",
        "batch equals stacked singles",
    ),
    "keeps a layer back": (
        "backbone.py",
        "for name in silence}",
        "for name in list(silence)[1:]}",
        "layers are those stated",
    ),
    "has another dimension": (
        "plugin.py",
        '("penultimate", 200)',
        '("penultimate", 201)',
        "layers are those stated",
    ),
    "overflows in half precision": (
        "backbone.py",
        "(power.transpose(1, 2) * 10_000)",
        "(power.transpose(1, 2).half() * 10_000).float()",
        "features are finite",
    ),
    "changes what it is given": ("backbone.py", "* 10_000)", ".mul_(10_000))", "input is left as it was"),
    "is heavy to import": (
        "plugin.py",
        "from dataclasses import replace",
        "from dataclasses import replace\n\nimport torch",
        "plugin is light to import",
    ),
    "does not verify its weights": ("plugin.py", BACKBONE.weights[0].sha256, "", "weights are verified"),
}


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_stage_keeps_its_contract(check):
    check.run_in_pytest()


@pytest.fixture
def copy(tmp_path, monkeypatch, random_wheel):
    """A function that changes a copy of the package and gives its checks, with random weights."""
    monkeypatch.setenv("MXT_WEIGHTS_DIR", str(random_wheel.parent))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)
    digest = hashlib.sha256(random_wheel.read_bytes()).hexdigest()

    def changed(name: str, file: str = "", old: str = "", new: str = "") -> dict[str, Check]:
        """Checks of the copy under its default parameters, by name."""
        (tmp_path / name).mkdir()
        for source in PACKAGE.glob("*.py"):
            text = source.read_text(encoding="utf-8")
            if source.name == file:
                assert old in text
                text = text.replace(old, new)
            (tmp_path / name / source.name).write_text(text.replace("mxt_musicnn", name), encoding="utf-8")
        spec = importlib.import_module(f"{name}.plugin").BACKBONE
        if spec.weights[0].sha256:
            spec = replace(spec, weights=(replace(spec.weights[0], sha256=digest),))
        checks = [
            check
            for check in checks_for(spec, plugin=f"{name}.plugin")
            if check.subject.name == f"backbone {spec.name}"
        ]
        return {check.name: check for check in checks}

    return changed


def test_a_copy_with_nothing_broken_passes(copy):
    assert {check.outcome().result for check in copy("musicnn_whole").values()} <= {
        "passed",
        "skipped",
        "not applicable",
    }


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_copy_fails_the_check_that_is_about_it(copy, what):
    *change, check = BROKEN[what]
    assert copy("musicnn_" + what.replace(" ", "_"), *change)[check].outcome().result == "failed"
