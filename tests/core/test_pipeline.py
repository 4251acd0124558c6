from __future__ import annotations

from dataclasses import replace

import pytest

from mxt.core.params import Param
from mxt.core.pipeline import Chosen, Pipeline
from mxt.core.specs import Layer, StageSpec, WeightsFile, Window

NET = StageSpec(
    kind="backbone",
    name="net",
    summary="a backbone",
    target="m:Net",
    sample_rate=12_000,
    layers=(Layer(1, "only", 2),),
    window=Window.fixed(29),
    params=(
        Param("statistics", "choice", "clip", "", choices=("clip", "fixed_ref")),
        Param("bands", "int", 96, ""),
        Param("C", "list", (1.0,), ""),
    ),
)
NONE = StageSpec(kind="normalizer", name="none", summary="", target="m:None_")
PEAK = StageSpec(
    kind="normalizer",
    name="peak",
    summary="",
    target="m:Peak",
    params=(Param("target_db", "float", 0.0, ""),),
)
WEIGHTS = WeightsFile("released", "w.h5", sha256="a" * 64)


def chosen(spec, **params):
    return Chosen(spec, spec.parameters(params))


PIPELINE = Pipeline(chosen(NET), chosen(NONE), weights=WEIGHTS)


@pytest.mark.parametrize(
    "other",
    [
        replace(PIPELINE, backbone=chosen(NET, bands=48)),
        replace(PIPELINE, backbone=replace(PIPELINE.backbone, distribution="another")),
        replace(PIPELINE, backbone=replace(PIPELINE.backbone, source_sha256="b" * 64)),
        replace(PIPELINE, backbone=chosen(replace(NET, version=2))),
        replace(PIPELINE, backbone=chosen(replace(NET, window=Window.fixed(30)))),
        replace(PIPELINE, backbone=chosen(replace(NET, sample_rate=16_000))),
        replace(PIPELINE, normalizer=chosen(PEAK)),
        replace(PIPELINE, normalizer=chosen(PEAK, target_db=-3)),
        replace(PIPELINE, resampler="kaiser_best"),
        replace(PIPELINE, weights=replace(WEIGHTS, sha256="b" * 64)),
        replace(PIPELINE, weights=None),
    ],
    ids=range(11),
)
def test_whatever_changes_a_feature_changes_the_fingerprint(other):
    assert other.fingerprint != PIPELINE.fingerprint


@pytest.mark.parametrize(
    "other",
    [
        replace(
            PIPELINE,
            backbone=chosen(
                replace(NET, summary="other words", citation="c", batch_windows=4, tolerance=1e-3)
            ),
        ),
        replace(PIPELINE, weights=replace(WEIGHTS, source="https://elsewhere", filename="x.h5", note="n")),
        replace(PIPELINE, dataset="d"),
    ],
    ids=["words", "address", "data set"],
)
def test_what_changes_no_feature_keeps_the_fingerprint(other):
    assert other.fingerprint == PIPELINE.fingerprint


@pytest.mark.parametrize("added", [True, False])
def test_the_default_of_an_added_parameter_stays_out_of_the_fingerprint(added):
    grown = replace(NET, params=(*NET.params, Param("gamma", "float", 1.0, "", added=added)))
    usual = replace(PIPELINE, backbone=chosen(grown))
    assert usual.label == PIPELINE.label
    assert (usual.fingerprint == PIPELINE.fingerprint) == added


def test_another_value_of_an_added_parameter_is_told_in_fingerprint_and_label():
    grown = replace(NET, params=(*NET.params, Param("gamma", "float", 1.0, "", added=True)))
    changed = replace(PIPELINE, backbone=chosen(grown, gamma=2))
    assert changed.label == "net-gamma2"
    assert changed.fingerprint != PIPELINE.fingerprint


@pytest.mark.parametrize(
    ("pipeline", "label"),
    [
        (PIPELINE, "net"),
        (replace(PIPELINE, backbone=chosen(NET, statistics="fixed_ref")), "net-fixed_ref"),
        (replace(PIPELINE, backbone=chosen(NET, bands=48, C=(0.5, 2))), "net-bands48-C0.5_2"),
        (replace(PIPELINE, weights_name="keras2", normalizer=chosen(PEAK)), "net-keras2-peak"),
        (
            replace(PIPELINE, normalizer=chosen(PEAK, target_db=-3), resampler="kaiser_best"),
            "net-kaiser_best-peak-target_db-3",
        ),
        (replace(PIPELINE, dataset="my set/1"), "net-my_set_1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_label_is_the_name_and_what_differs_from_the_defaults(pipeline, label):
    assert pipeline.label == label


@pytest.mark.parametrize(
    ("before", "silent", "other"), [(None, "clip", "fixed_ref"), ("fixed_ref", "fixed_ref", "clip")]
)
def test_an_added_parameter_that_changes_nothing_stays_out_of_the_fingerprint(before, silent, other):
    earlier, bands = replace(NET, params=NET.params[1:]), NET.params[1:]
    now = replace(NET, params=(replace(NET.params[0], added=True, before=before), *bands))
    then = replace(PIPELINE, backbone=chosen(earlier)).fingerprint
    assert replace(PIPELINE, backbone=chosen(now, statistics=silent)).fingerprint == then
    assert replace(PIPELINE, backbone=chosen(now, statistics=other)).fingerprint != then
