"""Checks of normalizers and renderers, each shown to fail on a stage that is wrong in just that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from mxt.testing import ContractBroken


@dataclass(frozen=True)
class Halves:
    def __call__(self, y, *, sample_rate, levels):
        return y * y.dtype.type(0.5)


@dataclass(frozen=True)
class ByItsOwnPeak:
    def __call__(self, y, *, sample_rate, levels):
        return y / max(np.abs(y).max(), y.dtype.type(1e-9))


@dataclass(frozen=True)
class ByUnaskedPeak:
    def __call__(self, y, *, sample_rate, levels):
        return y / np.float32(levels.peak)


@dataclass(frozen=True)
class Widens:
    def __call__(self, y, *, sample_rate, levels):
        return y.astype(np.float64)


@dataclass(frozen=True)
class InPlace:
    def __call__(self, y, *, sample_rate, levels):
        y *= y.dtype.type(0.5)
        return y


@dataclass(frozen=True)
class Dithers:
    def __call__(self, y, *, sample_rate, levels):
        return y + np.random.default_rng().random(len(y)).astype(np.float32)


@dataclass(frozen=True)
class Doubles:
    """Two copies, which can be had in pieces; what is changed about them is for those that inherit."""

    copies = 2

    def __call__(self, y, *, sample_rate, levels):
        return np.concatenate([y, y])

    def pieces(self, y, *, sample_rate, levels):
        yield y
        yield y[:1000]
        yield y[1000:]


@dataclass(frozen=True)
class Miscounts(Doubles):
    copies = 3


@dataclass(frozen=True)
class OtherPieces(Doubles):
    def pieces(self, y, *, sample_rate, levels):
        yield y
        yield -y


@pytest.mark.parametrize(
    ("stage", "check", "message", "changes"),
    [
        ("Miscounts", "pieces are what the call returns", "3 copies of", {"whole_clip": True}),
        (
            "OtherPieces",
            "pieces are what the call returns",
            "not what the call returns",
            {"whole_clip": True},
        ),
        ("Halves", "levels asked for are known", "needs loudness", {"needs": ("loudness",)}),
        ("Widens", "signal keeps its shape and type", "got float64", {}),
        ("ByUnaskedPeak", "signal keeps its shape and type", "not finite", {}),
        ("InPlace", "signal given is left as it was", "changed in place", {}),
        ("ByItsOwnPeak", "part is treated as the whole", "in another way than the whole clip", {}),
        ("Dithers", "normalizing is deterministic", "two calls differ", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_normalizer_is_found(run, stage, check, message, changes):
    with pytest.raises(ContractBroken, match=message):
        run("normalizer", stage, check, **changes)


@dataclass(frozen=True)
class Rows:
    """A picture of 10 bands: the signal in rows."""

    def prepare(self, sample_rate, device):
        return lambda y: self.picture(y)

    def picture(self, y):
        return y[:, :22_000].reshape(len(y), 10, -1)


@dataclass(frozen=True)
class Flat(Rows):
    def picture(self, y):
        return y


@dataclass(frozen=True)
class AsArray(Rows):
    def picture(self, y):
        return super().picture(y).numpy()


@dataclass(frozen=True)
class Logarithm(Rows):
    def picture(self, y):
        return super().picture(y).abs().log()


@dataclass(frozen=True)
class RelativeToTheBatch(Rows):
    def picture(self, y):
        return super().picture(y) / y.abs().max()


@dataclass(frozen=True)
class Scales(Rows):
    def picture(self, y):
        y.mul_(0.5)
        return super().picture(y).clone()


@dataclass(frozen=True)
class ReadsTheBeginning(Rows):
    reads_pieces = True

    def picture(self, y):
        if isinstance(y, list):
            import torch

            y = torch.stack([torch.from_numpy(np.resize(each.read(0, 1000), len(each))) for each in y])
        return super().picture(y)


@pytest.mark.parametrize(
    ("stage", "check", "message"),
    [
        ("ReadsTheBeginning", "signals made while read give the same picture", "gives another picture"),
        ("Flat", "picture has bands and frames", "bands, frames"),
        ("AsArray", "picture has bands and frames", "not ndarray"),
        ("Logarithm", "picture has bands and frames", "not finite"),
        ("RelativeToTheBatch", "pictures do not depend on each other", "in a batch and alone"),
        ("Scales", "waveforms are left as they were", "changed in place"),
    ],
)
def test_wrong_renderer_is_found(run, stage, check, message):
    with pytest.raises(ContractBroken, match=message):
        run("renderer", stage, check)


def test_good_stack_passes(run):
    run("normalizer", "Doubles", "pieces are what the call returns", whole_clip=True)


def test_good_normalizer_and_renderer_pass(checks):
    for kind, stage in (("normalizer", "Halves"), ("renderer", "Rows")):
        assert {check.outcome().result for check in checks(kind, stage)} == {
            "passed",
            "skipped",
            "not applicable",
        }
