from __future__ import annotations

import dataclasses
import importlib
import subprocess
import sys

import pytest

from mxt.core.specs import Input
from mxt.stages.backbones.batchnorm import decibel_reference, measured
from mxt.stages.backbones.inception_v3_specs import INCEPTION_V3, RENDERERS
from mxt.stages.backbones.specs import CONVNET, SPECS, resolve_convnet
from mxt.stages.renderers.specs import MELSPECTROGRAM
from mxt.stages.renderers.specs import SPECS as RENDERER_SPECS


@pytest.mark.parametrize("spec", [*SPECS, MELSPECTROGRAM], ids=lambda spec: spec.name)
def test_a_spec_is_valid_and_its_target_is_a_frozen_dataclass_with_its_defaults(spec):
    assert spec.problems() == []
    module, _, name = spec.target.partition(":")
    made = getattr(importlib.import_module(module), name)()
    assert dataclasses.asdict(made) == spec.parameters({})


INPUTS = [spec.input for spec in SPECS if spec.input.renderer] + [
    Input(name, params) for name, params in RENDERERS.items()
]


@pytest.mark.parametrize("given", INPUTS, ids=lambda given: given.renderer)
def test_a_backbones_input_is_accepted_by_its_renderer(given):
    (renderer,) = (spec for spec in RENDERER_SPECS if spec.name == given.renderer)
    assert renderer.parameters(given.params).items() >= dict(given.params).items()


def test_the_image_network_looks_at_the_papers_pictures_in_its_own_size():
    assert (INCEPTION_V3.input.renderer, dict(INCEPTION_V3.input.params)) == (
        "logfrequency",
        {"height": 299, "width": 299},
    )


def test_statistics_can_be_chosen_from_all_that_are_shipped_and_those_of_the_batch():
    assert set(CONVNET.params[0].choices) == {*measured(), "batch"}


def test_the_default_is_relative_to_the_clip_alone():
    assert resolve_convnet(CONVNET, {"statistics": "clip_ref"}, None) is CONVNET
    assert CONVNET.input.params["reference"] == "clip_maximum"
    assert CONVNET.rows_together == 0


@pytest.mark.parametrize("name", ["fixed_ref", "gtzan_genre_rows_0_255", "gtzan_genre_rows_256_511"])
def test_a_set_of_statistics_brings_its_own_reference(name):
    params = resolve_convnet(CONVNET, {"statistics": name}, "released").input.params
    assert (params["reference"], params["reference_db"]) == ("fixed", decibel_reference(name))


def test_batch_mode_is_fed_absolute_levels_256_rows_at_a_time():
    spec = resolve_convnet(CONVNET, {"statistics": "batch"}, None)
    assert spec.rows_together == 256
    assert spec.input.params["reference"] == "none"
    assert "floor_db" not in spec.input.params


def test_the_second_release_has_its_own_input_and_no_statistics():
    spec = resolve_convnet(CONVNET, {"statistics": "clip_ref"}, "keras2")
    assert spec.params == ()
    assert (spec.input.params["pad"], spec.input.params["delay_samples"]) == ("same", 0)
    assert spec.problems() == []


def test_resolving_reads_no_heavy_package():
    code = (
        "import sys; from mxt.stages.backbones.specs import CONVNET, resolve_convnet;"
        "resolve_convnet(CONVNET, {'statistics': 'fixed_ref'}, None);"
        "print([m for m in ('torch', 'numpy', 'h5py', 'librosa', 'scipy') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
