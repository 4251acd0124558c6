"""Stages of a test module, put where specs can name them, and their checks by name."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any

import pytest

from mxt.core.specs import Layer, StageSpec, Window
from mxt.registry import Origin, Registered, Registry
from mxt.testing import Check, checks_for

MODULE = "stages_of_this_test"


@pytest.fixture(autouse=True)
def stage_module(request, monkeypatch) -> types.ModuleType:
    """A module, importable by the name `MODULE`, that has the classes and functions of the test's own."""
    module = types.ModuleType(MODULE)
    for name, value in vars(request.module).items():
        if getattr(value, "__module__", "") == request.module.__name__:
            setattr(module, name, value)
    monkeypatch.setitem(sys.modules, MODULE, module)
    return module


@pytest.fixture
def spec_of() -> Callable[..., StageSpec]:
    return _spec_of


@pytest.fixture
def checks() -> Callable[..., list[Check]]:
    """A function to all checks of a stage."""
    return _checks


@pytest.fixture
def run() -> Callable[..., None]:
    """A function that runs one check, by name, of a stage without other parameters."""

    def run_one(kind: str, stage: str, check: str, sample=None, **changes: Any) -> None:
        found = {each.name: each for each in reversed(_checks(kind, stage, sample=sample, **changes))}
        found[check].run()

    return run_one


def _checks(kind: str, stage: str, *, sample=None, **changes: Any) -> list[Check]:
    entry = Registered(_spec_of(kind, stage, **changes), Origin("spec"))
    return list(checks_for(entry, Registry((entry,)), sample=sample))


def _spec_of(kind: str, stage: str, **changes: Any) -> StageSpec:
    given: dict[str, Any] = {
        "kind": kind,
        "name": "subject",
        "summary": "under check",
        "target": f"{MODULE}:{stage}",
    }
    if kind == "backbone":
        given |= {
            "sample_rate": 4000,
            "window": Window.fixed(0.25),
            "batch_windows": 3,
            "layers": (Layer(1, "only", 2),),
        }
    return StageSpec(**given | changes)
