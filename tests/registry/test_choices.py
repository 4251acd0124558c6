from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from mxt.core.errors import InputError, UnknownName, UsageError
from mxt.core.params import Param
from mxt.core.specs import Input, Layer, StageSpec, WeightsFile
from mxt.core.weights import place_of, status
from mxt.registry import PipelineRequest, Registered, Registry, make_pipeline, split_settings


def spec(kind, name, *params, **more):
    fields = {"kind": kind, "name": name, "summary": name, "target": f"module:{name}"} | more
    if kind == "backbone":
        fields = {"sample_rate": 16_000, "layers": (Layer(1, "only", 2),)} | fields
    return StageSpec(params=tuple(Param(p, "float", 0.0, p) for p in params), **fields)


NET = spec(
    "backbone",
    "net",
    "gain",
    "shape",
    input=Input("picture", {"bands": 40}),
    weights=(
        WeightsFile("first", "first.bin", sha256="a" * 64),
        WeightsFile("second", "second.bin", sha256="b" * 64),
    ),
)
STAGES = (
    NET,
    spec("backbone", "bare"),
    spec("normalizer", "none"),
    spec("normalizer", "loud", "gain", "target_db"),
    spec("renderer", "picture", "bands"),
)
REGISTRY = Registry(tuple(Registered(stage) for stage in STAGES))


def test_pipeline_has_the_renderer_the_backbone_reads():
    pipeline = make_pipeline(REGISTRY, PipelineRequest(backbone="net", params={"shape": "2"}))
    assert pipeline.renderer is not None
    assert pipeline.renderer.params == {"bands": 40.0}
    assert pipeline.backbone.params == {"gain": 0.0, "shape": 2.0}
    assert make_pipeline(REGISTRY, PipelineRequest(backbone="bare")).renderer is None


def test_every_choice_changes_the_fingerprint(tmp_path):
    (tmp_path / "own.bin").write_bytes(b"own")
    (tmp_path / "other.bin").write_bytes(b"other")
    choices = [
        {},
        {"params": {"shape": 1}},
        {"normalizer": "loud"},
        {"normalizer": "loud", "normalizer_params": {"target_db": -3}},
        {"resampler": "kaiser_best"},
        {"weights": "second"},
        {"weights_file": tmp_path / "own.bin"},
        {"weights_file": tmp_path / "other.bin"},
    ]
    fingerprints = [
        make_pipeline(REGISTRY, PipelineRequest(backbone="net", **choice)).fingerprint for choice in choices
    ]
    assert len(set(fingerprints)) == len(choices)


def test_default_weights_named_or_not_are_the_same():
    named, silent = (
        make_pipeline(REGISTRY, PipelineRequest(backbone="net", weights="first")),
        make_pipeline(REGISTRY, PipelineRequest(backbone="net")),
    )
    assert named == silent
    assert (silent.weights_name, silent.label) == ("", "net")
    assert make_pipeline(REGISTRY, PipelineRequest(backbone="net", weights="second")).label == "net-second"


def test_own_weights_are_known_by_their_hash_and_found_where_they_lie(tmp_path):
    path = tmp_path / "my weights.bin"
    path.write_bytes(b"own")
    weights = make_pipeline(REGISTRY, PipelineRequest(backbone="net", weights_file=path)).weights
    assert weights is not None
    assert (weights.name, weights.sha256) == ("file", hashlib.sha256(b"own").hexdigest())
    assert (place_of(weights), status(weights)) == (path, "present")
    path.write_bytes(b"changed")
    assert status(weights) == "damaged"


def test_own_weights_in_another_place_have_the_same_fingerprint(tmp_path):
    found = []
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"own")
        found.append(
            make_pipeline(REGISTRY, PipelineRequest(backbone="net", weights_file=tmp_path / name)).fingerprint
        )
    assert found[0] == found[1]


def test_weights_file_where_none_apply_or_none_is_are_refused(tmp_path):
    with pytest.raises(UsageError, match="bare has no weights"):
        make_pipeline(REGISTRY, PipelineRequest(backbone="bare", weights_file=tmp_path))
    with pytest.raises(InputError, match="no such file"):
        make_pipeline(REGISTRY, PipelineRequest(backbone="net", weights_file=tmp_path / "gone"))


def test_unknown_resampler_lists_those_there_are():
    with pytest.raises(UnknownName, match="soxr"):
        make_pipeline(REGISTRY, PipelineRequest(backbone="net", resampler="soxx"))


def test_order_of_the_data_set_counts_only_in_a_batch_mode():
    usual = make_pipeline(REGISTRY, PipelineRequest(backbone="net"))
    assert replace(usual, batch_of="x").fingerprint == usual.fingerprint
    together = Registry(
        tuple(
            replace(e, spec=replace(e.spec, rows_together=256)) if e.spec is NET else e
            for e in REGISTRY.stages
        )
    )
    pipeline = make_pipeline(together, PipelineRequest(backbone="net"))
    first, second = (replace(pipeline, batch_of=order, dataset="d") for order in "xy")
    assert first.fingerprint != second.fingerprint
    assert first.label == "net-d"


LOUD = STAGES[3]


def test_settings_go_to_the_stage_that_has_the_parameter():
    shared = split_settings(["shape=1", "target_db=-3", "net.gain=2", "loud.gain = 4"], [NET, LOUD])
    assert shared == {"net": {"shape": "1", "gain": "2"}, "loud": {"target_db": "-3", "gain": "4"}}


def test_value_may_hold_an_equals_sign():
    assert split_settings(["shape=a=b"], [NET])["net"] == {"shape": "a=b"}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("gain=1", "parameter of net and loud; write net.gain"),
        ("shap=1", "did you mean shape"),
        ("nett.shape=1", "did you mean net"),
        ("loud.shape=1", "no parameter of normalizer loud called 'shape'"),
        ("shape", "NAME=VALUE"),
        ("=1", "NAME=VALUE"),
    ],
)
def test_settings_that_fit_nowhere_are_refused(setting, message):
    with pytest.raises(UsageError, match=message):
        split_settings([setting], [NET, LOUD])


def test_setting_given_twice_is_refused():
    with pytest.raises(UsageError, match=r"net\.shape twice"):
        split_settings(["shape=1", "net.shape=2"], [NET, LOUD])
