"""Settings of the renderer that a backbone brings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mxt.core.errors import UsageError
from mxt.registry import PipelineRequest, build_registry, make_pipeline, split_settings, stages_taking_part

PLUGIN = """
import dataclasses

from mxt.plugin import Input, Layer, Param, StageSpec, Window, hookimpl


@dataclasses.dataclass(frozen=True)
class Looker:
    renderer: str = "logfrequency"

    def prepare(self, weights, device):
        return lambda x: {"mean": x.flatten(1).mean(1, keepdim=True).numpy()}


def resolve(spec, params, weights):
    return dataclasses.replace(spec, input=Input(params["renderer"], {"height": 32, "width": 32}))


SPEC = StageSpec(
    kind="backbone", name="looker", summary="looks at pictures", target=":Looker", sample_rate=22_050,
    input=Input("logfrequency", {"height": 32, "width": 32}), window=Window.whole(min_samples=2048),
    layers=(Layer(1, "mean", 1),),
    params=(Param("renderer", "choice", "logfrequency", "picture", choices=("logfrequency", "sox")),),
    resolve=":resolve",
)


@hookimpl
def mxt_stages():
    return [SPEC]
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    path = tmp_path_factory.mktemp("plugin") / "looker.py"
    path.write_text(PLUGIN)
    return build_registry([path])


def pipeline(registry, *settings):
    stages = stages_taking_part(registry, backbone="looker", normalizer="none", settings=settings)
    shared = split_settings(settings, stages)
    return make_pipeline(
        registry,
        PipelineRequest(backbone="looker", params=shared["looker"], renderer_params=shared[stages[2].name]),
    )


def test_a_setting_of_the_renderer_takes_the_place_of_the_backbones(registry):
    found = pipeline(registry, "width=64", "logfrequency.floor_db=-60")
    assert found.renderer is not None
    assert (
        found.renderer.params["height"],
        found.renderer.params["width"],
        found.renderer.params["floor_db"],
    ) == (32, 64, -60.0)


def test_label_and_fingerprint_tell_renderings_apart(registry):
    made = [
        pipeline(registry),
        pipeline(registry, "floor_db=-60"),
        pipeline(registry, "renderer=sox"),
        pipeline(registry, "rescale=true"),
    ]
    assert [each.label for each in made] == ["looker", "looker-floor_db-60", "looker-sox", "looker-rescale1"]
    assert len({each.fingerprint for each in made}) == 4


def test_pictures_of_an_earlier_version_are_known_by_their_fingerprint(registry):
    """It was computed before logfrequency had brightness, gamma and pixels_per_second."""
    request = PipelineRequest(backbone="inception_v3", params={"random": 0})
    before = "0e2ed0839eb914fe"
    assert make_pipeline(registry, request).fingerprint.startswith(before)
    named = {"brightness": "absolute", "gamma": 1, "pixels_per_second": None}
    assert make_pipeline(registry, replace(request, renderer_params=named)).fingerprint.startswith(before)


def test_pictures_of_arss_have_a_label_and_a_fingerprint_of_their_own(registry):
    arss = pipeline(registry, "brightness=arss", "pixels_per_second=150", "gamma=2")
    assert arss.label == "looker-pixels_per_second150-arss-gamma2"
    assert arss.fingerprint != pipeline(registry).fingerprint


def test_what_the_backbone_itself_asks_for_is_no_difference(registry):
    assert pipeline(registry, "height=32").label == "looker"
    assert pipeline(registry, "height=32").fingerprint == pipeline(registry).fingerprint


def test_the_renderer_meant_is_the_one_that_the_settings_choose(registry):
    assert pipeline(registry, "colours=grey", "looker.renderer=sox").label == "looker-sox-grey"
    with pytest.raises(UsageError, match="colours"):
        pipeline(registry, "colours=grey")


def test_a_backbone_that_reads_the_waveform_has_no_renderer_to_set():
    with pytest.raises(UsageError, match="backbone mfcc reads the waveform, so floor_db does not apply"):
        make_pipeline(build_registry(), PipelineRequest(backbone="mfcc", renderer_params={"floor_db": -60}))
