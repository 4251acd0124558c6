"""Values for Inception-v3: from a state dict, checked and folded; or random, calibrated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.models import Inception3

from mxt.core.errors import WeightsError, listed
from mxt.stages.backbones.inception_v3_network import CHILDREN, ConvReLU, convolutions
from mxt.stages.backbones.state_dicts import read_state_dict

EPSILON = 1e-3  # of all its batch normalisations
OUTPUTS = {"imagenet": 1000, "tf2015": 1008}  # of the classifier behind the last tap
_NORM = ("weight", "bias", "running_mean", "running_var")


def fill_from_file(network: Inception3, path: Path, *, layout: str, last: str) -> None:
    """Read a state dict with torchvision's names and fold it into `network`, up to the layer `last`.

    The classifier, the auxiliary classifier and the counters of batches are not needed and may be missing; so
    may all that lies behind `last`.

    Raises
    ------
    WeightsError
        Tensors are missing, unexpected, of another shape or not finite: another network, or another layout.
    """
    tensors = {
        name: tensor
        for name, tensor in read_state_dict(path).items()
        if not name.startswith("AuxLogits.") and not name.endswith(".num_batches_tracked")
    }
    expected: dict[str, tuple[int, ...]] = {}
    for name, conv in convolutions(network):
        expected[f"{name}.conv.weight"] = tuple(conv.weight.shape)
        expected |= {f"{name}.bn.{part}": (conv.out_channels,) for part in _NORM}
    _check_classifier(path, tensors, layout)
    _check_names(path, tensors, expected, last)
    for name, shape in expected.items():
        if name in tensors:
            _check_tensor(path, name, tensors[name], shape)
    for name, conv in convolutions(network):
        if _place(name) <= _place_of_layer(last):
            _set(conv, *_folded(name, tensors))


def _check_classifier(path: Path, tensors: Mapping[str, Tensor], layout: str) -> None:
    """The classifier is not used, but tells the two layouts apart."""
    classifier = tensors.get("fc.weight")
    if classifier is None:
        return
    for other, outputs in OUTPUTS.items():
        if other != layout and len(classifier) == outputs:
            raise WeightsError(
                f"{path}: tensor 'fc.weight' has {outputs} outputs, as in the layout {other}, which "
                f"pools and scales in another way than {layout}; --weights {other} reads it as that"
            )


def _check_names(
    path: Path, tensors: Mapping[str, Tensor], expected: Mapping[str, tuple[int, ...]], last: str
) -> None:
    unexpected = [name for name in tensors if name not in expected and not name.startswith("fc.")]
    missing = [name for name in expected if name not in tensors]
    needed = [name for name in missing if _place(name) <= _place_of_layer(last)]
    if not needed and not unexpected:
        return
    parts = []
    if needed:
        parts.append(f"it lacks {len(needed)} of {len(expected)} tensors: {listed(needed, 3)}")
    if unexpected:
        parts.append(f"it has tensors that do not belong to it: {listed(unexpected, 3)}")
    message = f"{path} is not a state dict of Inception-v3 with torchvision's names: " + "; ".join(parts)
    usable = [
        child.lower()
        for child in CHILDREN[: min(map(_place, needed), default=0)]
        if not child.startswith("maxpool")
    ]
    if usable and not unexpected:
        message += f". It can be used for the layers up to {usable[-1]}: --set last={usable[-1]}"
    raise WeightsError(message)


def _check_tensor(path: Path, name: str, tensor: Tensor, shape: tuple[int, ...]) -> None:
    if tuple(tensor.shape) != shape or not tensor.is_floating_point():
        found = f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"
        raise WeightsError(f"{path}: tensor {name!r} is {found}, expected floating point {shape}")
    if not tensor.isfinite().all() or (name.endswith(".running_var") and (tensor < 0).any()):
        raise WeightsError(f"{path}: tensor {name!r} has values that are not finite, or variances below zero")


def _place(name: str) -> int:
    """Which child of the network a tensor belongs to, from 0."""
    return CHILDREN.index(name.partition(".")[0])


def _place_of_layer(layer: str) -> int:
    lowered = [child.lower() for child in CHILDREN]
    return lowered.index(layer) if layer in lowered else len(CHILDREN)


def _folded(name: str, tensors: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Kernel and bias of a convolution with its batch normalisation, float64.

    ``gamma (w * x - mean) / sqrt(variance + eps) + beta``
    """
    gamma, beta, mean, variance = (tensors[f"{name}.bn.{part}"].double() for part in _NORM)
    scale = gamma / torch.sqrt(variance + EPSILON)
    return tensors[f"{name}.conv.weight"].double() * scale[:, None, None, None], beta - mean * scale


def _set(conv: ConvReLU, kernel: Tensor, bias: Tensor) -> None:
    conv.weight = nn.Parameter(
        kernel.float().contiguous(memory_format=torch.channels_last), requires_grad=False
    )
    conv.bias = nn.Parameter(bias.float(), requires_grad=False)


def fill_at_random(network: Inception3, run: Callable[[], object], *, seed: int) -> None:
    """He-normal kernels, and batch statistics measured on what `run` puts through the network.

    Each convolution is scaled and shifted so that its outputs have mean 0 and variance 1 in every channel, as
    a batch normalisation with gamma 1 and beta 0 would on these pictures; a feature then depends on its
    picture alone.

    Parameters
    ----------
    network : Inception3
        As made by `empty_network`.
    run : callable
        Puts the pictures of `calibration_pictures` through it once.
    seed : int
        Of the kernels, drawn from a stream that never changes.
    """
    rng = np.random.RandomState(seed)
    hooks = []
    for _, conv in convolutions(network):
        fan_in = conv.weight[0].numel()
        kernel = torch.from_numpy(rng.standard_normal(tuple(conv.weight.shape)) * np.sqrt(2 / fan_in))
        _set(conv, kernel, torch.zeros(conv.out_channels))
        hooks.append(conv.register_forward_pre_hook(_calibrate))
    try:
        run()
    finally:
        for hook in hooks:
            hook.remove()


def _calibrate(module: nn.Module, given: tuple[Tensor]) -> None:
    assert isinstance(module, ConvReLU)
    outputs = module.convolved(given[0])
    variance, mean = torch.var_mean(outputs.double(), dim=(0, 2, 3), correction=0)
    scale = 1 / torch.sqrt(variance + EPSILON)
    _set(module, module.weight * scale[:, None, None, None], -mean * scale)
