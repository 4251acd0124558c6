"""Checks of backbones, each shown to fail on a stage that is wrong in just that."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from mxt.core.params import Param
from mxt.core.specs import Layer, WeightsFile, Window
from mxt.testing import CheckRefused, CheckSkipped, ContractBroken


@dataclass(frozen=True)
class Good:
    """Two numbers of a clip that keep the contract."""

    def prepare(self, weights, device):
        return lambda batch: {"only": self.numbers(batch.cpu().numpy())}

    def numbers(self, y):
        return np.stack([np.abs(y).mean(1), y.std(1)], axis=1).astype(np.float32)


@dataclass(frozen=True)
class MissingLayer(Good):
    def prepare(self, weights, device):
        return lambda batch: {"other": self.numbers(batch.numpy())}


@dataclass(frozen=True)
class OneColumn(Good):
    def numbers(self, y):
        return super().numbers(y)[:, :1]


@dataclass(frozen=True)
class DoublePrecision(Good):
    def numbers(self, y):
        return super().numbers(y).astype(np.float64)


@dataclass(frozen=True)
class ReturnsTensors(Good):
    def prepare(self, weights, device):
        import torch

        return lambda batch: {"only": torch.from_numpy(self.numbers(batch.numpy()))}


@dataclass(frozen=True)
class LogOfSilence(Good):
    def numbers(self, y):
        with np.errstate(divide="ignore"):
            return np.log(super().numbers(y))


@dataclass(frozen=True)
class Random(Good):
    def numbers(self, y):
        return super().numbers(y) + np.random.default_rng().random((len(y), 2)).astype(np.float32)


@dataclass(frozen=True)
class Remembers(Good):
    def prepare(self, weights, device):
        seen = []

        def features(batch):
            seen.append(1)
            return {"only": self.numbers(batch.numpy()) * np.float32(len(seen))}

        return features


@dataclass(frozen=True)
class BatchMaximum(Good):
    def numbers(self, y):
        return super().numbers(y / max(np.abs(y).max(), 1e-9))


@dataclass(frozen=True)
class Position(Good):
    def numbers(self, y):
        return super().numbers(y) + np.arange(len(y), dtype=np.float32)[:, None]


@dataclass(frozen=True)
class WritesToItsInput(Good):
    def numbers(self, y):
        found = super().numbers(y)
        y *= 0.5
        return found


@dataclass(frozen=True)
class SharedBuffer(Good):
    def prepare(self, weights, device):
        import time

        buffer = np.zeros((3, 2), np.float32)

        def features(batch):
            buffer[:] = self.numbers(batch.numpy())
            time.sleep(0.01)
            return {"only": buffer.copy()}

        return features


@dataclass(frozen=True)
class NeedsRepetition(Good):
    def numbers(self, y):
        if (y[:, -10:] == 0).all() and (y[0] != 0).any():
            raise ValueError("zeros at the end")
        return super().numbers(y)


@dataclass(frozen=True)
class TakesAnyWeights(Good):
    pass


@dataclass(frozen=True)
class UntypedWeightsError(Good):
    def prepare(self, weights, device):
        raise KeyError("no such tensor")


@dataclass(frozen=True)
class Moded(Good):
    mode: str = "plain"


def wide(spec, params, _weights):
    return replace(spec, layers=(Layer(1, "only", 3),)) if params.get("mode") == "wide" else spec


def together(spec, params, _weights):
    return replace(spec, rows_together=256) if params.get("mode") == "wide" else spec


MODE = (Param("mode", "choice", "plain", "what", choices=("plain", "wide")),)
GOOD_WEIGHTS = (WeightsFile("w", "w.bin", sha256="a" * 64, licence="MIT"),)
NO_HASH = (WeightsFile("w", "w.bin", licence="MIT"),)
NO_LICENCE = (WeightsFile("w", "w.bin", sha256="a" * 64),)


@pytest.mark.parametrize(
    ("stage", "check", "message", "changes"),
    [
        ("MissingLayer", "layers are those stated", r"\['other'\], the spec has \['only'\]", {}),
        ("OneColumn", "layers are those stated", r"shape \(3, 1\), expected \(3, 2\)", {}),
        ("DoublePrecision", "layers are those stated", "float64, not float32", {}),
        ("ReturnsTensors", "layers are those stated", "Tensor, not a NumPy array", {}),
        ("LogOfSilence", "features are finite", "of silence is not finite", {}),
        ("Random", "features are deterministic", "computed again", {}),
        ("Remembers", "features are deterministic", "computed again after other clips", {}),
        ("BatchMaximum", "batch equals stacked singles", "in a batch and alone differs", {}),
        ("Position", "order does not matter", "in reversed order", {}),
        ("WritesToItsInput", "input is left as it was", "changed in place", {}),
        ("SharedBuffer", "threads do not disturb each other", "two threads at once", {}),
        ("TakesAnyWeights", "weights are verified", "accepted without an error", {"weights": GOOD_WEIGHTS}),
        (
            "UntypedWeightsError",
            "weights are verified",
            "KeyError.*raise WeightsError",
            {"weights": GOOD_WEIGHTS},
        ),
        ("Good", "weights are verified", "64 lower-case", {"weights": NO_HASH}),
        ("Good", "weights are verified", "state its licence", {"weights": NO_LICENCE}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_backbone_is_found(run, stage, check, message, changes):
    with pytest.raises(ContractBroken, match=message):
        run("backbone", stage, check, **changes)


def test_backbone_that_fails_on_a_filled_clip_is_found(run):
    with pytest.raises(ValueError, match="zeros at the end"):
        run("backbone", "NeedsRepetition", "short clips are filled", window=Window.fixed(0.25, pad="zero"))


@pytest.mark.parametrize(
    "check",
    [
        "layers are those stated",
        "features are finite",
        "features are deterministic",
        "batch equals stacked singles",
        "order does not matter",
        "input is left as it was",
        "threads do not disturb each other",
        "short clips are filled",
    ],
)
@pytest.mark.parametrize(
    "window", [Window.fixed(0.25), Window.whole(), Window.sliding(0.25, 0.1)], ids=lambda window: window.kind
)
def test_good_backbone_passes(run, check, window):
    run("backbone", "Good", check, window=window)


def test_difference_between_devices_is_found(run, monkeypatch):
    from mxt.testing import backbones

    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    original = backbones.Runner
    monkeypatch.setattr(
        backbones,
        "Runner",
        lambda subject, device="cpu": original(subject) if device == "cpu" else _Doubled(original(subject)),
    )
    with pytest.raises(ContractBroken, match="on CUDA differs"):
        run("backbone", "Good", "agrees with the gpu")


class _Doubled:
    def __init__(self, runner):
        self.runner = runner

    def __call__(self, clips):
        return {name: 2 * values for name, values in self.runner(clips).items()}


def test_batch_mode_is_refused_by_name(stage_module, checks):
    found = checks("backbone", "Moded", params=MODE, resolve=f"{stage_module.__name__}:together")
    (invariance,) = (
        check for check in found if check.subject.params and check.name == "batch equals stacked singles"
    )
    with pytest.raises(CheckRefused, match="subject mode=wide depends on its batch on purpose"):
        invariance.run()
    assert invariance.outcome().result == "refused"


def test_every_choice_is_checked(stage_module, checks):
    found = checks("backbone", "Moded", params=MODE, resolve=f"{stage_module.__name__}:wide")
    assert [str(check) for check in found if check.outcome().result == "failed"] == [
        "backbone subject mode=wide: layers are those stated"
    ]


def test_checks_of_missing_weights_are_skipped_and_say_which(run, monkeypatch, tmp_path):
    monkeypatch.setenv("MXT_WEIGHTS_DIR", str(tmp_path))
    with pytest.raises(CheckSkipped, match="mxt weights fetch subject:w"):
        run(
            "backbone",
            "Good",
            "features are finite",
            weights=(replace(GOOD_WEIGHTS[0], source="https://example.org/w.bin"),),
        )
    with pytest.raises(CheckSkipped, match=r"mxt weights import w\.bin"):
        run("backbone", "Good", "features are finite", weights=GOOD_WEIGHTS)
