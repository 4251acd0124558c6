from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from mxt.core.specs import Layer, StageSpec
from mxt.registry import Registered, build_registry
from mxt.workflows.commands import first_extraction, table_command

MUSICNN = StageSpec(
    kind="backbone",
    name="musicnn",
    summary="",
    target="m:M",
    sample_rate=16_000,
    layers=(Layer(1, "tags", 50),),
)


@pytest.mark.parametrize(
    ("installed", "command"),
    [(True, "mxt extract --backbone musicnn"), (False, "mxt extract --backbone convnet --layers 135")],
)
def test_the_stronger_pre_trained_network_is_proposed_where_it_is_installed(installed, command):
    registry = build_registry()
    others = tuple(entry for entry in registry.stages if entry.spec.name != "musicnn")
    registry = replace(
        registry, stages=(*others, *([Registered(MUSICNN, "mxt-musicnn", "")] if installed else []))
    )
    assert first_extraction(registry) == command


@pytest.mark.parametrize("kind", ["backbone", "normalizer", "renderer"])
def test_every_stage_from_a_file_is_named_with_it(kind):
    registry = build_registry()
    used = {"backbone": "efficientnet_lite0", "normalizer": "peak", "renderer": "waveform"}
    from_file = Registered(
        StageSpec(kind=kind, name=used[kind], summary="", target=":X"),
        "file:x.py",
        "file /x.py",
        Path("/x.py"),
    )
    others = tuple(
        entry for entry in registry.stages if (entry.spec.kind, entry.spec.name) != (kind, used[kind])
    )
    pipeline = {each: {"name": name, "params": {}} for each, name in used.items()}
    table = SimpleNamespace(attributes={"pipeline": pipeline}, label="efficientnet_lite0")
    words = shlex.split(table_command(table, replace(registry, stages=(*others, from_file))))
    assert words.count("--plugin") == 1
    assert words[words.index("--plugin") + 1] == "/x.py"
