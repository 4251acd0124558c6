"""Any TorchScript file as a backbone; a TOML file beside it says what goes in and is kept."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from mxt.core.errors import InputError
from mxt.core.specs import StageSpec, WeightsFile
from mxt.core.stages import Features
from mxt.core.text import first_line, shortened
from mxt.stages.backbones.model_settings import ModelSettings, pooled, settings_beside
from mxt.stages.backbones.model_template import ModelFacts
from mxt.stages.backbones.models import needed_model, own_file, stacked

if TYPE_CHECKING:
    import torch

# Of PyTorch's own operators, those that compute; of them, those that read or write files, or print; and calls
# that are not inlined, so that it is not seen what they run.
NAMESPACES = ("aten", "mkldnn", "mkldnn_prepacked", "prim", "prepacked", "quantized")
REFUSED = ("aten::from_file", "aten::save", "prim::Print", "prim::PythonOp")
CALLS = ("prim::CallFunction", "prim::CallMethod", "prim::fork", "prim::awaitable", "prim::Closure")
RUN_WHEN_OPENED = {
    b"__setstate__": "code that is run when it is opened (__setstate__)",
    b"torch.classes.": "a class of a library (torch.classes)",
}
MOST_CODE = 64_000_000  # bytes of members that are compressed: the code, not the tensors


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
        import torch

        settings, module = settings_beside(Path(self.model)), opened(Path(self.model)).to(device)

        def features(x: torch.Tensor) -> Features:
            with torch.inference_mode():
                return stacked(row(window[None] * settings.scale) for window in x)

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

    Opening runs nothing of the file: what would be run then is refused before (`checked`), and all that could
    be run afterwards is looked at here. What torch is given is a copy of the members that were looked at, so
    that it does not matter whether it reads the archive as Python does.

    Raises
    ------
    InputError
        It is a pickle or something else, holds what is run when it is opened, has members with names that
        lead out of it, or uses operators that do more than compute.
    """
    import torch

    copy = io.BytesIO()
    with checked(path) as archive, zipfile.ZipFile(copy, "w") as members:
        for member in archive.infolist():
            members.writestr(member.filename, archive.read(member))
    copy.seek(0)
    try:
        load: Any = torch.jit.load
        module = load(copy, map_location="cpu").eval()
    except Exception as error:  # of its parser, without a common base
        raise InputError(f"{path}: torch does not open it: {first_line(error)}") from error
    for node in _nodes_of_all_methods(module):
        kind, namespace = node.kind(), node.kind().partition("::")[0]
        if kind in (*REFUSED, *CALLS) or namespace not in NAMESPACES or node.hasAttribute("Subgraph"):
            raise InputError(f"{path}: it uses {shortened(kind)}, which mxt does not run")
    return module


@contextmanager
def checked(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive that a TorchScript file is, if nothing of it is run when it is opened.

    Raises
    ------
    InputError
        As of `opened`; or the archive is damaged.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if not zipfile.is_zipfile(path):
        raise InputError(
            f"{path} is not TorchScript; a pickle is not read, since reading it can run anything"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(path, archive)
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{path} is damaged: {first_line(error)}") from error


def _check_members(path: Path, archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    for member in members:
        name = member.filename
        parts = PurePosixPath(name).parts
        if name.startswith("/") or "\\" in name or ".." in parts or not name.isprintable():
            raise InputError(f"{path}: it has a member {shortened(repr(name))}, whose name leads out of it")
    if len({member.filename for member in members}) < len(members):
        raise InputError(f"{path}: two of its members have one name")
    if not any("code" in PurePosixPath(member.filename).parts[1:2] for member in members):
        raise InputError(
            f"{path} is a pickle of torch.save, not TorchScript: it is not read, since it can run anything"
        )
    packed = sum(member.file_size for member in members if member.compress_type != zipfile.ZIP_STORED)
    stored = sum(member.file_size for member in members if member.compress_type == zipfile.ZIP_STORED)
    if packed > MOST_CODE or stored > path.stat().st_size:
        raise InputError(f"{path}: its members unpack to {packed + stored:,} bytes, more than they can hold")
    for member in members:
        if member.filename.endswith((".py", ".pkl")):
            content = archive.read(member)
            for word, what in RUN_WHEN_OPENED.items():
                if word in content:
                    raise InputError(f"{path}: {shortened(member.filename)} has {what}: it is not opened")


def _nodes_of_all_methods(module: Any) -> Iterator[Any]:
    """Every node that a module can run: of all methods of all its parts, with what they call inlined."""
    for part in module.modules():
        for name in part._c._method_names():
            yield from _nodes(part._c._get_method(name).inlined_graph)


def _nodes(graph: Any) -> Iterator[Any]:
    for node in graph.nodes():
        yield node
        for block in node.blocks():
            yield from _nodes(block)


def facts_of(path: Path) -> ModelFacts:
    """What a TorchScript file tells of itself: that it can be opened, and little more."""
    opened(path)
    return ModelFacts(path, "x", (None, None), {"0": (None, None)})


def resolve(spec: StageSpec, params: Mapping[str, Any], weights: str | None) -> StageSpec:  # noqa: ARG001
    """The spec of a model file, as the TOML file beside it says."""
    model = Path(needed_model(params["model"], backbone="torchscript", example="FILE.pt"))
    with checked(model):
        settings = settings_beside(model)
    if settings.before:
        raise InputError(f"{settings.path.name}: before is for ONNX graphs; name a renderer instead")
    return settings.resolved(spec, model, "torch", _files(model, settings))


def _files(model: Path, settings: ModelSettings) -> Iterator[WeightsFile]:
    yield own_file("model", model)
    yield from settings.files()
