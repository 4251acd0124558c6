from __future__ import annotations

import json
from pathlib import Path

import pytest

from mxt.core.specs import Window

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "one_file_plugin.py"


def test_all_stages_are_listed(mxt):
    found = mxt("stages")
    assert found.code == 0
    for word in ("convnet", "mfcc", "melspectrogram", "svm", "folder", "peak", "nested"):
        assert word in found.out


@pytest.mark.parametrize("kind", ["backbone", "backbones"])
def test_stages_of_one_kind_are_listed(mxt, kind):
    listed = json.loads(mxt("stages", kind, "--json").out)
    assert {line["kind"] for line in listed} == {"backbone"}
    assert {"convnet", "mfcc", "random_convnet"} <= {line["name"] for line in listed}


def test_extract_without_a_backbone_lists_them_as_json_too(mxt):
    assert json.loads(mxt("extract", "--json").out) == json.loads(mxt("stages", "backbones", "--json").out)


@pytest.mark.parametrize("kind", ["backbone", "backbones"])
def test_stage_is_described_with_rate_window_layers_parameters_weights(mxt, kind):
    out = mxt("stages", kind, "convnet").out
    for word in (
        "12,000 Hz",
        "29 s",
        "block1",
        "block5",
        "32",
        "statistics",
        "clip_ref",
        "fixed_ref",
        "convnet:released (default)",
        "convnet:keras2",
        "missing",
        "caf89f811415",
        "Choi",
        "next: mxt extract --backbone convnet",
    ):
        assert word in out


def test_description_as_json_has_everything(mxt):
    found = json.loads(mxt("stages", "backbones", "convnet", "--json").out)
    assert [(layer["number"], layer["dimension"]) for layer in found["layers"]] == [
        (n, 32) for n in range(1, 6)
    ]
    assert {weights["name"]: weights["status"] for weights in found["weights"]} == {
        "convnet:released": "missing",
        "convnet:keras2": "missing",
    }
    (statistics,) = (param for param in found["params"] if param["name"] == "statistics")
    assert statistics["default"] == "clip_ref"
    assert "batch" in statistics["choices"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("backbnes",), "did you mean backbones"),
        (("backbones", "convent"), "did you mean convnet"),
        (("heads", "convnet"), "no head called"),
    ],
)
def test_unknown_kind_or_name_lists_the_nearest(mxt, args, message):
    found = mxt("stages", *args)
    assert found.code == 2
    assert message in found.err


def test_broken_plugin_is_mentioned(mxt, tmp_path):
    (tmp_path / "bad.py").write_text("1 / 0")
    found = mxt("--plugin", tmp_path / "bad.py", "stages")
    assert found.code == 0
    assert "1 plugin has a problem: mxt plugins" in found.err


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (Window.whole(), "the whole clip"),
        (Window.whole(max_seconds=30), "up to 30 s"),
        (Window.fixed(29), "the first 29 s; a shorter clip is repeated"),
        (
            Window.sliding(3, 1.5, pad="zero", tail="pad"),
            "3 s every 1.5 s, averaged; a shorter clip is filled with zeros, .* is filled",
        ),
    ],
)
def test_window_is_said_in_words(window, words):
    import re

    from mxt.cli.stages import window_text

    assert re.search(words, window_text(window))
