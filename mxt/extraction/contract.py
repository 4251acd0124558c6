"""What renderers and networks return is checked against what their specs promise, where it comes in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mxt.core.errors import PluginError
from mxt.core.pipeline import Chosen
from mxt.core.specs import Layer

Render = Callable[[Any], Any]
Network = Callable[[Any], Mapping[str, Any]]


def checked_renderer(render: Render, stage: Chosen) -> Render:
    """`render`, raising `PluginError` unless it returns one picture of real numbers for each window."""

    def checked(x: Any) -> Any:
        pictures = render(x)
        if not _are_pictures(pictures, len(x)):
            raise _broken(
                stage, f"it returned {_words(pictures)}, expected float32 [{len(x)}, bands, frames]"
            )
        return pictures

    return checked


def checked_network(network: Network, stage: Chosen) -> Network:
    """`network`, raising `PluginError` unless it returns every layer, with one row for each window."""
    import numpy as np

    def checked(x: Any) -> Mapping[str, Any]:
        values = network(x)
        if isinstance(values, Mapping):
            values = {name: _array(layer, np) for name, layer in values.items()}
        if problem := _problem(values, stage.spec.layers, len(x)):
            raise _broken(stage, problem)
        return values

    return checked


def _are_pictures(pictures: Any, number: int) -> bool:
    import torch

    return (
        isinstance(pictures, torch.Tensor)
        and pictures.is_floating_point()
        and pictures.ndim in (3, 4)
        and len(pictures) == number
    )


def _problem(returned: Any, layers: tuple[Layer, ...], rows: int) -> str:
    """What is wrong with the layers a network returned; empty where nothing is."""
    names = [layer.name for layer in layers]
    if not isinstance(returned, Mapping):
        return f"it returned {_words(returned)}, expected the layers {', '.join(names)} by name"
    if set(returned) != set(names):
        return (
            f"it returned the layers {', '.join(map(str, returned)) or 'none'}, expected {', '.join(names)}"
        )
    for layer in layers:
        values, shape = returned[layer.name], (rows, layer.dimension)
        if getattr(values, "shape", None) != shape or values.dtype.kind not in "fiub":
            return f"layer {layer.name} is {_words(values)}, expected float32 {list(shape)}"
    return ""


def _array(values: Any, np: Any) -> Any:
    """As a NumPy array where it can be one, from a list or a tensor as well."""
    try:
        return np.asarray(values)
    except (
        TypeError,
        ValueError,
        RuntimeError,
    ):  # rows of unequal length; tensors of other devices and types
        return values


def _words(value: Any) -> str:
    """Type and shape of what was returned."""
    dtype, shape = getattr(value, "dtype", None), getattr(value, "shape", None)
    if dtype is None or shape is None:
        return f"a {type(value).__name__}"
    return f"{str(dtype).removeprefix('torch.')} {list(shape)}"


def _broken(stage: Chosen, problem: str) -> PluginError:
    source = stage.distribution.removeprefix("file:")
    who = f"{stage.spec.kind} {stage.spec.name} of {source}"
    return PluginError(f"{who}: {problem}; fix it (mxt plugins check {source}), then rerun")
