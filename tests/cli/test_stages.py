from __future__ import annotations

import json
import wave
from pathlib import Path

import pytest

from mxt.core.specs import FIELDS, Window
from mxt.store.layout import Store

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


PLUGIN = """
from dataclasses import dataclass
from mxt.plugin import *

@dataclass(frozen=True)
class Net:
    def prepare(self, weights, device):
        import numpy as np
        return lambda x: {"only": np.zeros((len(x), 2), np.float32)}

@hookimpl
def mxt_stages():
    facts = dict(kind="backbone", summary="a network " * 12, target=":Net", sample_rate=16000,
                 layers=(Layer(1, "only", 2),))
    return [StageSpec(name="of_old", **facts),
            StageSpec(name="needy", field="speech", commercial="no",
                      requires={"no_such_net": "pip install 'no-such-net[all]'"}, **facts)]
"""


@pytest.fixture
def listed(mxt, tmp_path, monkeypatch):
    """What `mxt stages backbones` prints with two plugins more, at some width."""
    (tmp_path / "nets.py").write_text(PLUGIN)

    def printed(width: int = 80) -> str:
        monkeypatch.setenv("COLUMNS", str(width))
        return mxt("--plugin", tmp_path / "nets.py", "stages", "backbones").out

    return printed


def test_backbones_are_grouped_by_field(listed):
    lines = listed().splitlines()
    fields = [line for line in lines if line and not line.startswith((" ", "name", "next"))]
    assert fields == [field for field in (*FIELDS, "other") if field in fields]
    assert {"music", "speech", "general", "baselines", "other"} <= set(fields)
    backbones = [line.split()[0] for line in lines[lines.index("speech") :] if line.startswith("  ")]
    assert backbones[0] == "needy"


def test_each_backbone_says_what_it_needs(listed):
    lines = [line.split() for line in listed().splitlines()]
    assert ["needy", "no", "no"] in lines
    assert "    needs: pip install 'no-such-net[all]'" in listed().splitlines()
    assert ["mfcc", "yes", "yes"] in lines
    assert ["convnet", "yes", "unknown", "1.3", "MB"] in lines
    assert ["of_old", "yes", "unknown"] in lines


@pytest.mark.parametrize("width", [80, 110])
def test_the_list_of_backbones_fits(listed, width):
    assert max(map(len, listed(width).splitlines())) <= width


def test_a_backbone_that_ran_says_how_fast_it_was(mxt, tmp_path):
    with wave.open(str(tmp_path / "1.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\x00\x10\x00\xf0" * 4000)
    assert mxt("ingest", tmp_path, "--quiet", "--store", "store").code == 0
    rates = json.loads(mxt("stages", "backbones", "--json", "--store", "store").out)
    assert not any(line["needs"]["rate"] for line in rates)
    assert mxt("extract", "--backbone", "mfcc", "--quiet", "--store", "store").code == 0
    (needs,) = [
        line["needs"]
        for line in json.loads(mxt("stages", "backbones", "--json", "--store", "store").out)
        if line["needs"]["rate"]
    ]
    (run,) = Store.open(tmp_path / "store").runs()[-1:]
    assert needs["rate"] == {
        "clips_per_second": pytest.approx(1 / run["seconds"]),
        "clips": 1,
        "device": "cpu",
        "workers": 1,
    }
    assert "1 clip on cpu, 1 worker" in mxt("stages", "backbones", "mfcc", "--store", "store").out
    assert "in this store" in mxt("stages", "backbones", "--store", "store").out


def test_a_backbone_says_what_it_needs_and_whether_commercial_use_is_allowed(mxt):
    out = mxt("stages", "backbones", "onnx").out
    assert "needs:       onnx, onnxruntime (installed)" in out
    assert "commercial:  use unknown" in out
    assert json.loads(mxt("stages", "backbones", "mfcc", "--json").out)["needs"]["commercial"] == "yes"


def test_a_stage_that_needs_something_is_refused_with_the_line_before_anything_is_fetched(mxt, tmp_path):
    (tmp_path / "nets.py").write_text(PLUGIN)
    with wave.open(str(tmp_path / "1.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\x00\x10\x00\xf0" * 4000)
    mxt("ingest", tmp_path, "--quiet")
    refused = mxt("--plugin", tmp_path / "nets.py", "extract", "--backbone", "needy", "--quiet")
    assert refused.code == 1
    assert "needs no_such_net, which this Python does not have: pip install 'no-such-net[all]'" in refused.err
    checked = mxt("plugins", "check", tmp_path / "nets.py")
    assert ": it needs no_such_net: pip install 'no-such-net[all]'" in checked.out
    assert "FAIL" not in checked.out


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
