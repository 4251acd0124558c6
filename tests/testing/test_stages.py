"""Checks of what every stage has to keep, each shown to fail on a stage that is wrong in just that."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, replace
from typing import Any

import pytest

from mxt.core.params import Param
from mxt.registry import Registry
from mxt.testing import ContractBroken, checks_for


@dataclass
class NotFrozen:
    gain: float = 1.0


@dataclass(frozen=True)
class OtherFields:
    loudness: float = 1.0


@dataclass(frozen=True)
class Gain:
    gain: float = 1.0


@dataclass(frozen=True)
class Rounds:
    gain: float = 1.0

    def __post_init__(self):
        object.__setattr__(self, "gain", float(round(self.gain)))


@dataclass(frozen=True)
class HoldsAFunction:
    gain: float = 1.0
    made: Any = dataclasses.field(default_factory=lambda: lambda: None, init=False)


@dataclass(frozen=True)
class TakesNegative:
    gain: float = 1.0

    def __post_init__(self):
        if self.gain < 0.25:
            raise ValueError("too small")


GAIN = (Param("gain", "float", 1.0, "factor"),)


@pytest.mark.parametrize(
    ("stage", "check", "message", "changes"),
    [
        ("Gain", "spec is valid", "states its layers", {"params": GAIN, "layers": ()}),
        ("Gain", "spec is valid", "summary is one line", {"params": GAIN, "summary": "a\nb"}),
        ("Gain", "spec is valid", "gain has no help", {"params": (replace(GAIN[0], help=""),)}),
        ("Gain", "spec is valid", "version is 1 or more", {"params": GAIN, "version": 0}),
        ("Gain", "spec is plain", "not a plain value", {"params": (replace(GAIN[0], default=object()),)}),
        ("Gain", "spec is plain", "not a plain value", {"params": (replace(GAIN[0], default=float("nan")),)}),
        (
            "Gain",
            "defaults are valid",
            "does not pass its own check",
            {"params": (replace(GAIN[0], minimum=2),)},
        ),
        ("Gain", "defaults are valid", "its check makes 1.0", {"params": (replace(GAIN[0], default=1),)}),
        (
            "Gain",
            "defaults are valid",
            "read as",
            {"params": (Param("gain", "list", ("a,b", "c"), "words", item="str"),)},
        ),
        (
            "NotFrozen",
            "stage is a frozen dataclass of its parameters",
            "not a frozen dataclass",
            {"params": GAIN},
        ),
        ("Gain", "stage is a frozen dataclass of its parameters", "differ: gain", {}),
        (
            "Rounds",
            "stage is a frozen dataclass of its parameters",
            "was 0.4, the stage has 0.0",
            {"params": (replace(GAIN[0], default=0.4),)},
        ),
        (
            "HoldsAFunction",
            "stage is a frozen dataclass of its parameters",
            "something besides the parameters",
            {"params": GAIN},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_stage_is_found(run, stage, check, message, changes):
    with pytest.raises(ContractBroken, match=message):
        run("backbone", stage, check, **changes)


def test_untyped_error_for_a_wrong_value_is_found(run, monkeypatch):
    # a parameter that takes everything, and a stage that then fails in its own way
    monkeypatch.setattr(Param, "check", lambda _self, value: value)
    with pytest.raises(ContractBroken, match="not in a usage error"):
        run("normalizer", "TakesNegative", "errors are typed", params=(replace(GAIN[0], minimum=0),))


def test_wrong_value_that_is_taken_is_found(run, monkeypatch):
    monkeypatch.setattr(Param, "check", lambda _self, value: value)
    with pytest.raises(ContractBroken, match="accepted without an error"):
        run("normalizer", "Gain", "errors are typed", params=GAIN)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import torch", "imports .*torch"),
        ("import numpy, sklearn", "imports .*sklearn"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_heavy_or_broken_plugin_module_is_found(spec_of, tmp_path, monkeypatch, source, message):
    module = f"heavy_plugin_{abs(hash(source))}"
    (tmp_path / f"{module}.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    checks = {check.name: check for check in checks_for(spec_of("head", "Gain"), Registry(), plugin=module)}
    with pytest.raises(ContractBroken, match=message):
        checks["plugin is light to import"].run()


def test_light_plugin_module_passes(spec_of):
    checks = {
        check.name: check for check in checks_for(spec_of("head", "Gain"), Registry(), plugin="mxt.plugin")
    }
    checks["plugin is light to import"].run()
