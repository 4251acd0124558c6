"""Any TorchScript file as a backbone; a TOML file beside it says what goes in and is kept."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from mxt.core.errors import InputError
from mxt.core.specs import StageSpec, WeightsFile
from mxt.core.stages import Features
from mxt.core.text import shortened
from mxt.stages.backbones.model_settings import ModelSettings, pooled, settings_beside
from mxt.stages.backbones.model_template import ModelFacts
from mxt.stages.backbones.models import needed_model, own_file

if TYPE_CHECKING:
    import torch

# Operators that read or write files, or print: a network has no use for them.
REFUSED = ("aten::from_file", "aten::save", "prim::Print", "prim::PythonOp")


@dataclass(frozen=True, slots=True)
class TorchScript:
    """The backbone; its field is the parameter of the spec.

    Parameters
    ----------
    model : str
        The file.
    """

    model: str = ""

    def prepare(self, weights: Path | None, device: str) -> Callable[[torch.Tensor], Features]:
        """Open the file; give a function from windows [N, samples] or [N, bands, frames] to layers.

        Windows are run one by one, so that a feature is the same bits in every batch.

        Raises
        ------
        InputError
            The file cannot be used, or is not what the TOML file beside it says.
        """
        import numpy as np
        import torch

        settings, module = settings_beside(Path(self.model)), opened(Path(self.model)).to(device)

        def features(x: torch.Tensor) -> Features:
            with torch.inference_mode():
                rows = [row(window[None] * settings.scale) for window in x]
            return {name: np.stack([values[name] for values in rows]) for name in rows[0]}

        def row(x: torch.Tensor) -> Mapping[str, Any]:
            outputs = by_name(module(x))
            if unknown := [o.output for o in settings.outputs if o.output not in outputs]:
                raise InputError(
                    f"{settings.path.name}: the model has no output {unknown[0]!r}; "
                    f"it has {', '.join(map(repr, outputs))}"
                )
            return {o.layer.name: pooled(outputs[o.output].cpu().numpy(), o) for o in settings.outputs}

        return features


def by_name(returned: Any) -> Mapping[str, torch.Tensor]:
    """What a module returns, a tensor or several, by name; by position where they have none."""
    if isinstance(returned, Mapping):
        return {str(name): tensor for name, tensor in returned.items()}
    tensors = returned if isinstance(returned, (tuple, list)) else (returned,)
    return {str(position): tensor for position, tensor in enumerate(tensors)}


def opened(path: Path) -> Any:
    """The module in a TorchScript file, on the CPU.

    Raises
    ------
    InputError
        It is a pickle or something else, its members have names that lead out of it, or it uses operators
        that a network has no use for.
    """
    import torch

    _check_archive(path)
    try:
        load: Any = torch.jit.load
        module = load(str(path), map_location="cpu").eval()
    except Exception as error:  # of its parser, without a common base
        raise InputError(f"{path}: torch does not open it: {_first_line(error)}") from error
    for part in (module, *module.modules()):
        graph = getattr(part, "inlined_graph", None) if hasattr(part, "forward") else None
        for node in () if graph is None else _nodes(graph):
            if node.kind() in REFUSED:
                raise InputError(f"{path}: it uses {node.kind()}, which a network has no use for")
    return module


def _check_archive(path: Path) -> None:
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if not zipfile.is_zipfile(path):
        raise InputError(
            f"{path} is not TorchScript; a pickle is not read, since reading it can run anything"
        )
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    for name in names:
        parts = PurePosixPath(name).parts
        if name.startswith("/") or "\\" in name or ".." in parts or not name.isprintable():
            raise InputError(f"{path}: it has a member {shortened(repr(name))}, whose name leads out of it")
    if not any("code" in PurePosixPath(name).parts[1:2] for name in names):
        raise InputError(
            f"{path} is a pickle of torch.save, not TorchScript: it is not read, since it can run anything"
        )


def _nodes(graph: Any) -> Iterator[Any]:
    for node in graph.nodes():
        yield node
        for block in node.blocks():
            yield from _nodes(block)


def _first_line(error: Exception) -> str:
    return shortened((str(error).strip().splitlines() or [type(error).__name__])[0])


def facts_of(path: Path) -> ModelFacts:
    """What a TorchScript file tells of itself: that it can be opened, and little more."""
    opened(path)
    return ModelFacts(path, "x", (None, None), {"0": (None, None)})


def resolve(spec: StageSpec, params: Mapping[str, Any], weights: str | None) -> StageSpec:  # noqa: ARG001
    """The spec of a model file, as the TOML file beside it says."""
    model = Path(needed_model(params["model"], backbone="torchscript", example="FILE.pt"))
    _check_archive(model)
    settings = settings_beside(model)
    if settings.before:
        raise InputError(f"{settings.path.name}: before is for ONNX graphs; name a renderer instead")
    return settings.resolved(spec, model, "torch", _files(model, settings))


def _files(model: Path, settings: ModelSettings) -> Iterator[WeightsFile]:
    yield own_file("model", model)
    yield from settings.files()
