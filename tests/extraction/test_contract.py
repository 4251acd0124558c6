"""A stage that returns something other than its spec promises ends the run before a row is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from mxt.core.errors import PluginError
from mxt.extraction.request import ExtractRequest
from mxt.registry import build_registry
from mxt.store.layout import Store
from mxt.workflows.extract import extract
from mxt.workflows.render import RenderRequest, render

PLUGIN = """
import dataclasses
import numpy as np
import torch
from mxt.plugin import Input, Layer, StageSpec, Window, hookimpl

@dataclasses.dataclass(frozen=True)
class Wrong:
    def prepare(self, weights, device):
        def network(x):
            n = len(x)
            a, b = np.ones((n, 1), np.float32), np.ones((n, 2), np.float32)
            return RETURNED
        return network

@dataclasses.dataclass(frozen=True)
class Drawer:
    def prepare(self, sample_rate, device):
        def render(x):
            picture = x[:, :2048].reshape(len(x), 4, -1)
            return DRAWN
        return render

LAYERS = (Layer(1, "a", 1), Layer(2, "b", 2))

@hookimpl
def mxt_stages():
    return [
        StageSpec(kind="backbone", name="wrong", summary="w", target=":Wrong", sample_rate=8000,
                  window=Window.fixed(0.5), layers=LAYERS, batch_windows=4, input=Input("drawer")),
        StageSpec(kind="renderer", name="drawer", summary="d", target=":Drawer"),
    ]
"""


def plugin(folder: Path, returned: str = '{"a": a, "b": b}', drawn: str = "picture") -> Path:
    path = folder / "shapes.py"
    path.write_text(PLUGIN.replace("RETURNED", returned).replace("DRAWN", drawn))
    return path


@pytest.mark.parametrize(
    ("returned", "problem"),
    [
        ('{"a": a, "b": b * (1 + 2j)}', r"layer b is complex64 \[4, 2\], expected float32 \[4, 2\]"),
        (
            '{"a": a, "b": torch.from_numpy(b) * 1j}',
            r"layer b is complex64 \[4, 2\], expected float32 \[4, 2\]",
        ),
        ('{"a": a, "b": a}', r"layer b is float32 \[4, 1\], expected float32 \[4, 2\]"),
        ('{"a": a, "b": b[0]}', r"layer b is float32 \[2\], expected float32 \[4, 2\]"),
        ('{"a": a[:-1], "b": b[:-1]}', r"layer a is float32 \[3, 1\], expected float32 \[4, 1\]"),
        ('{"a": a}', "it returned the layers a, expected a, b"),
        ('{"a": a, "b": b, "c": a}', "it returned the layers a, b, c, expected a, b"),
        ("{}", "it returned the layers none, expected a, b"),
        ('{"a": a, "b": b.astype(object)}', r"layer b is object \[4, 2\], expected float32"),
        ('{"a": a, "b": b.astype(str)}', r"layer b is <U32 \[4, 2\], expected float32"),
        ('{"a": a, "b": [[1, 2], [3]]}', r"layer b is a list, expected float32"),
        ('{"a": a, "b": None}', r"layer b is object \[\], expected float32"),
        ("[a, b]", "it returned a list, expected the layers a, b by name"),
        ("None", "it returned a NoneType, expected the layers a, b by name"),
    ],
)
def test_layers_that_differ_from_the_spec_are_said_of_the_stage_and_nothing_is_kept(
    store, tmp_path, returned, problem
):
    registry = build_registry([plugin(tmp_path, returned)])
    with pytest.raises(
        PluginError,
        match=rf"^backbone wrong of .*shapes\.py: {problem}.*; fix it \(mxt plugins check .*\), then rerun$",
    ):
        extract(store, ExtractRequest("wrong"), registry)
    opened = Store.open(store)
    assert opened.features.tables() == []
    assert opened.catalogue.views("timbres") == []


@pytest.mark.parametrize(
    ("drawn", "got"),
    [
        ("picture * (1 + 1j)", r"complex64 \[\d, 4, \d+\]"),
        ("picture[:-1]", r"float32 \[\d, 4, \d+\]"),
        ("picture.flatten(1)", r"float32 \[\d, \d+\]"),
        ("picture.numpy()", r"float32 \[\d, 4, \d+\]"),
        ("None", "a NoneType"),
    ],
)
def test_pictures_that_are_none_are_said_of_the_renderer(store, tmp_path, collection, drawn, got):
    registry = build_registry([plugin(tmp_path, drawn=drawn)])
    expected = r"expected float32 \[\d, bands, frames\]"
    message = rf"^renderer drawer of .*shapes\.py: it returned {got}, {expected}; fix it"
    with pytest.raises(PluginError, match=message):
        extract(store, ExtractRequest("wrong"), registry)
    clip = str(next(collection.rglob("*.wav")))
    with pytest.raises(PluginError, match=message):
        render(store, RenderRequest((clip,), tmp_path / "out", "drawer"), registry)


@pytest.mark.parametrize(
    "returned", ['{"a": a, "b": torch.from_numpy(b)}', '{"b": b.astype(float).tolist(), "a": a > 0}']
)
def test_real_numbers_of_any_kind_are_taken_as_before(store, tmp_path, returned):
    assert extract(store, ExtractRequest("wrong"), build_registry([plugin(tmp_path, returned)])).failed == 0
