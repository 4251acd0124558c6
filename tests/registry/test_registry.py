from __future__ import annotations

import sys
import types
from dataclasses import dataclass, replace

import pytest

from mxt.core.errors import PluginError, UnknownName, UsageError
from mxt.core.params import Param
from mxt.core.specs import Layer, StageSpec, WeightsFile
from mxt.registry import Origin, Registered, Registry, kind_named


@dataclass(frozen=True)
class Tiny:
    gain: float = 1.0
    mode: str = "plain"

    def __post_init__(self):
        if self.mode == "usage":
            raise UsageError("this mode needs another")
        if self.mode == "broken":
            raise KeyError("oops")


SPEC = StageSpec(
    kind="backbone",
    name="tiny",
    summary="a backbone",
    target="tiny_stage_module:Tiny",
    sample_rate=16_000,
    layers=(Layer(1, "only", 2),),
    params=(
        Param("gain", "float", 1.0, "factor", minimum=0),
        Param("mode", "choice", "plain", "what", choices=("plain", "wide", "usage", "broken")),
    ),
    weights=(
        WeightsFile("first", "first.bin", sha256="0" * 64),
        WeightsFile("second", "second.bin", sha256="1" * 64),
    ),
)


def resolve(spec, params, weights):
    """Wide: another layer, no gain. The second weights: no mode."""
    if params["mode"] == "wide":
        return replace(spec, layers=(Layer(1, "only", 4),), params=spec.params[1:])
    return replace(spec, params=spec.params[:1]) if weights == "second" else spec


@pytest.fixture(autouse=True)
def stage_module(monkeypatch):
    module = types.ModuleType("tiny_stage_module")
    module.Tiny, module.resolve = Tiny, resolve
    module.forgets = lambda _spec, _params, _weights: None
    module.renames = lambda spec, _params, _weights: replace(spec, name="other")
    module.fails = lambda _spec, params, _weights: params["no such"]
    module.spoils = lambda spec, _params, _weights: replace(spec, layers=())
    monkeypatch.setitem(sys.modules, "tiny_stage_module", module)


ORIGIN = Origin("entry point", "tiny-dist", point="tiny", value="tiny_plugin", module="tiny_plugin")


def registry(**changes) -> Registry:
    return Registry((Registered(replace(SPEC, **changes), ORIGIN),))


def test_unknown_name_lists_the_nearest():
    with pytest.raises(UnknownName, match="did you mean tiny"):
        registry().find("backbone", "tinny")


@pytest.mark.parametrize(
    ("name", "plugin"), [("wav2vec2", "wav2vec2"), ("models/Bird-Net v2.onnx", "bird_net_v2"), ("3", "mynet")]
)
def test_a_backbone_that_nobody_brings_is_answered_with_the_way_to_it(name, plugin):
    with pytest.raises(
        UnknownName, match=f"mxt plugins new {plugin} --one-file .*mxt import FILE --as {plugin}"
    ):
        registry().find("backbone", name)


@pytest.mark.parametrize("kind", ["head", "dataset"])
def test_name_of_another_kind_is_unknown(kind):
    with pytest.raises(UnknownName):
        registry().find(kind, "tiny")


def test_chosen_stage_has_all_its_parameters():
    chosen = registry().choose("backbone", "tiny", {"gain": "2"})
    assert chosen.params == {"gain": 2.0, "mode": "plain"}
    assert chosen.distribution == "tiny-dist"
    assert registry().build(chosen) == Tiny(gain=2.0)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"gian": 1}, "did you mean gain"),
        ({"gain": -1}, "at least 0"),
        ({"gain": "loud"}, "a number"),
        ({"mode": "odd"}, "one of plain"),
    ],
)
def test_parameters_are_checked(params, message):
    with pytest.raises(UsageError, match=message):
        registry().choose("backbone", "tiny", params)


def test_unknown_weight_set_lists_those_there_are():
    with pytest.raises(UnknownName, match="first"):
        registry().choose("backbone", "tiny", {}, "frist")


def test_weights_for_a_stage_without_any_are_refused():
    with pytest.raises(UnknownName, match="there are none"):
        registry(weights=()).choose("backbone", "tiny", {}, "first")


def test_spec_is_resolved_for_the_parameters():
    chosen = registry(resolve="tiny_stage_module:resolve").choose("backbone", "tiny", {"mode": "wide"})
    assert chosen.spec.layers[0].dimension == 4
    assert chosen.params == {"mode": "wide"}


def test_parameter_that_does_not_apply_is_a_usage_error():
    found = registry(resolve="tiny_stage_module:resolve")
    with pytest.raises(UsageError, match="gain does not apply to backbone tiny"):
        found.choose("backbone", "tiny", {"mode": "wide", "gain": 2})
    with pytest.raises(UsageError, match="mode does not apply to backbone tiny with weights second"):
        found.choose("backbone", "tiny", {"mode": "plain"}, "second")


@pytest.mark.parametrize(
    ("function", "cause"),
    [
        ("forgets", "did not return a spec"),
        ("renames", "did not return a spec"),
        ("fails", "KeyError"),
        ("spoils", "states its layers"),
        ("missing", "AttributeError"),
    ],
)
def test_failing_resolve_names_stage_distribution_and_cause(function, cause):
    with pytest.raises(PluginError, match=rf"(?s)tiny.*{cause}"):
        registry(resolve=f"tiny_stage_module:{function}").choose("backbone", "tiny", {})


@pytest.mark.parametrize(
    ("target", "cause"),
    [("no_such_module_anywhere:Tiny", "ModuleNotFoundError"), ("tiny_stage_module:Tinny", "AttributeError")],
)
def test_stage_that_cannot_be_imported_names_stage_distribution_and_cause(target, cause):
    with pytest.raises(PluginError, match=rf"backbone 'tiny' \(tiny-dist\) cannot be loaded .*{cause}"):
        registry(target=target).create("backbone", "tiny")


def test_stage_that_cannot_be_made_names_stage_distribution_and_cause():
    with pytest.raises(PluginError, match=r"backbone 'tiny' \(tiny-dist\) cannot be made: KeyError: 'oops'"):
        registry().create("backbone", "tiny", {"mode": "broken"})


def test_usage_error_of_a_stage_passes_as_it_is():
    with pytest.raises(UsageError, match="this mode needs another"):
        registry().create("backbone", "tiny", {"mode": "usage"})


@pytest.mark.parametrize(
    ("text", "kind"), [("backbone", "backbone"), ("Backbones", "backbone"), ("protocols", "protocol")]
)
def test_kinds_are_known_in_singular_and_plural(text, kind):
    assert kind_named(text) == kind


def test_unknown_kind_lists_the_nearest():
    with pytest.raises(UnknownName, match="backbones"):
        kind_named("backbnes")
