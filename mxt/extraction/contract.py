"""What a renderer and a network return is held against what their specs promise, at the one place where it comes in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from mxt.core.errors import PluginError
from mxt.core.pipeline import Chosen
from mxt.core.specs import Layer
from mxt.extraction.tasks import Prepared

Render = Callable[[Any], Any]
Network = Callable[[Any], Mapping[str, Any]]


def held_to_contract(prepared: Prepared, backbone: Chosen, renderer: Chosen | None) -> Prepared:
    """`prepared`, whose functions raise `PluginError` where they return something else than their stages promise."""
    render = prepared.render
    if render is not None and renderer is not None:
        render = checked_renderer(render, renderer)
    return replace(prepared, render=render, network=_checked_network(prepared.network, backbone))


def checked_renderer(render: Render, stage: Chosen) -> Render:
    """`render`, which must return real numbers: one picture for every window.

    Raises
    ------
    PluginError
        From the returned function: `render` does not.
    """
    import torch

    def checked(x: Any) -> Any:
        found = render(x)
        if not (
            isinstance(found, torch.Tensor)
            and found.is_floating_point()
            and found.ndim in (3, 4)
            and len(found) == len(x)
        ):
            raise _broken(stage, f"it returned {_words(found)}, expected float32 [{len(x)}, bands, frames]")
        return found

    return checked


def _checked_network(network: Network, stage: Chosen) -> Network:
    """`network`, which must return the layers of its spec, and of each one row of real numbers for every window."""
    import numpy as np

    def checked(x: Any) -> Mapping[str, Any]:
        found = network(x)
        if isinstance(found, Mapping):
            found = {name: _array(values, np) for name, values in found.items()}
        if problem := _problem(found, stage.spec.layers, len(x)):
            raise _broken(stage, problem)
        return found

    return checked


def _problem(found: Any, layers: tuple[Layer, ...], rows: int) -> str:
    """What is wrong with the layers a network returned; empty where nothing is."""
    names = [layer.name for layer in layers]
    if not isinstance(found, Mapping):
        return f"it returned {_words(found)}, expected the layers {', '.join(names)} by name"
    if set(found) != set(names):
        return f"it returned the layers {', '.join(map(str, found)) or 'none'}, expected {', '.join(names)}"
    for layer in layers:
        values, shape = found[layer.name], (rows, layer.dimension)
        if getattr(values, "shape", None) != shape or values.dtype.kind not in "fiub":
            return f"layer {layer.name} is {_words(values)}, expected float32 {list(shape)}"
    return ""


def _array(values: Any, np: Any) -> Any:
    """As a NumPy array where it can be one: of a list or a tensor, too."""
    try:
        return np.asarray(values)
    except (
        TypeError,
        ValueError,
        RuntimeError,
    ):  # rows of unequal length; tensors of other devices and types
        return values


def _words(found: Any) -> str:
    """Type and shape of what was returned."""
    dtype, shape = getattr(found, "dtype", None), getattr(found, "shape", None)
    return (
        f"a {type(found).__name__}"
        if dtype is None or shape is None
        else f"{str(dtype).removeprefix('torch.')} {list(shape)}"
    )


def _broken(stage: Chosen, problem: str) -> PluginError:
    source = stage.distribution.removeprefix("file:")
    return PluginError(
        f"{stage.spec.kind} {stage.spec.name} of {source}: {problem}; fix it (mxt plugins check {source}), then rerun"
    )
