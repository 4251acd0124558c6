from __future__ import annotations

from dataclasses import replace

import pytest

from mxt.core.specs import Layer, StageSpec
from mxt.registry import Registered, build_registry
from mxt.workflows.commands import first_extraction

MUSICNN = StageSpec(kind="backbone", name="musicnn", summary="", target="m:M", sample_rate=16_000, layers=(Layer(1, "tags", 50),))


@pytest.mark.parametrize(
    ("installed", "command"), [(True, "mxt extract --backbone musicnn"), (False, "mxt extract --backbone convnet --layers 135")]
)
def test_the_stronger_pre_trained_network_is_proposed_where_it_is_installed(installed, command):
    registry = build_registry()
    others = tuple(entry for entry in registry.stages if entry.spec.name != "musicnn")
    registry = replace(registry, stages=(*others, *([Registered(MUSICNN, "mxt-musicnn", "")] if installed else [])))
    assert first_extraction(registry) == command
