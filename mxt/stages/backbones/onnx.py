"""Any ONNX file as a backbone, run by onnxruntime; a TOML file beside it says what goes in and is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mxt.core.errors import InputError
from mxt.core.requirements import imported
from mxt.core.specs import StageSpec, WeightsFile
from mxt.core.stages import Features
from mxt.core.text import first_line, shortened
from mxt.stages.backbones.model_settings import ModelSettings, pooled, settings_beside
from mxt.stages.backbones.model_template import ModelFacts, Shape, shape_text
from mxt.stages.backbones.models import inside, needed_model, own_file, stacked
from mxt.stages.backbones.specs import ONNX

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

    Array = npt.NDArray[np.float32]

# Operators that onnxruntime brings itself. Others would need a library that is loaded into the process.
OPERATORS = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")
MEMORY = "_ORT_MEM_ADDR_"  # how onnxruntime itself names data that is in memory already


@dataclass(frozen=True, slots=True)
class Onnx:
    """The backbone; its field is the parameter of the spec.

    Parameters
    ----------
    model : str
        The file.
    """

    model: str = ""

    def prepare(self, weights: Path | None, device: str) -> Callable[[torch.Tensor], Features]:
        """Open the graphs; give a function from windows [N, samples] or [N, bands, frames] to layers.

        Windows are run one by one on the CPU, so that a feature is the same bits in every batch.

        Raises
        ------
        InputError
            A file cannot be used, or is not what the TOML file beside it says.
        """
        settings = settings_beside(Path(self.model))
        before = [(RunningGraph.of(graph.path), graph) for graph in settings.before]
        last = RunningGraph.of(Path(self.model))
        for output in settings.outputs:
            if output.output not in last.outputs:
                known = ", ".join(map(repr, last.outputs))
                raise InputError(
                    f"{settings.path.name}: {last.name} has no output {output.output!r}; it has {known}"
                )

        def features(x: torch.Tensor) -> Features:
            return stacked(row(window[None] * settings.scale) for window in x.cpu().numpy())

        def row(x: Array) -> Mapping[str, Array]:
            for running, graph in before:
                (x,) = running(x, list(running.outputs)[:1])
                x = x * x.dtype.type(graph.scale) + x.dtype.type(graph.offset)
            values = last(x, [output.output for output in settings.outputs])
            return {
                output.layer.name: pooled(array, output)
                for output, array in zip(settings.outputs, values, strict=True)
            }

        return features


@dataclass(frozen=True, slots=True)
class RunningGraph:
    """A graph with one input, in memory.

    Parameters
    ----------
    name : str
        Its file, for messages.
    session : onnxruntime.InferenceSession
        Runs it, in one thread.
    input : str
        Name of its input, and `shape` that input's shape.
    outputs : mapping
        Names and shapes of its outputs.
    """

    name: str
    session: Any
    input: str
    shape: Shape
    outputs: Mapping[str, Shape]

    @classmethod
    def of(cls, path: Path) -> RunningGraph:
        """Open a file.

        Raises
        ------
        InputError
            It is refused (`parts_of`), onnxruntime does not take it, or it has several inputs.
        """
        parts_of(path)
        runtime = imported("onnxruntime", ONNX)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.use_deterministic_compute = True
        options.log_severity_level = 4  # errors are raised
        try:
            session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # of pybind, without a common base
            raise InputError(f"{path}: onnxruntime does not open it: {first_line(error)}") from error
        inputs, outputs = session.get_inputs(), session.get_outputs()
        if len(inputs) != 1 or inputs[0].type != "tensor(float)":
            what = ", ".join(f"{node.name!r} {node.type}" for node in inputs) or "none"
            raise InputError(f"{path}: mxt feeds graphs with one input of float32, and this has {what}")
        shapes = {node.name: _shape(node.shape) for node in outputs}
        return cls(path.name, session, inputs[0].name, _shape(inputs[0].shape), shapes)

    def __call__(self, x: Array, outputs: list[str]) -> list[Array]:
        """Some of its outputs for one window [1, ...], which is brought to the shape of the input."""
        fitting = fitted(x.shape, self.shape)
        if fitting is None:
            raise InputError(
                f"{self.name} takes {shape_text(self.shape)}, and is given {shape_text(x.shape)}: "
                "the window, the renderer or a graph before it does not fit"
            )
        values: list[Array] = self.session.run(outputs, {self.input: x.reshape(fitting)})
        return values


def fitted(given: tuple[int, ...], wanted: Shape) -> tuple[int, ...] | None:
    """The shape a graph wants for one window, if `given` differs from it by axes of length 1 only.

    Examples
    --------
    >>> fitted((1, 1, 76, 32), (None, 76, 32, 1))
    (1, 76, 32, 1)
    >>> fitted((1, 43844), (None, 43844, 1)), fitted((1, 16000), (None, 43844, 1))
    ((1, 43844, 1), None)
    """
    own = wanted[1:] if len(wanted) > 1 else wanted  # without the batch
    open_axes = [size for size in own if size != 1]
    sizes = [size for size in given if size != 1]
    sizes = [1] * (len(open_axes) - len(sizes)) + sizes  # an axis that the file leaves open may have length 1
    if len(sizes) != len(open_axes) or any(
        axis not in (None, size) for axis, size in zip(open_axes, sizes, strict=True)
    ):
        return None
    left = iter(sizes)
    shape = tuple(1 if size == 1 else next(left) for size in own)
    return (1, *shape) if len(wanted) > 1 else shape


def parts_of(path: Path) -> tuple[Path, ...]:
    """Files beside an ONNX file that hold its weights; everything that is refused is refused here.

    Raises
    ------
    InputError
        It is not an ONNX file, wants operators that onnxruntime does not bring, or weights from outside its
        folder.
    """
    onnx = imported("onnx", ONNX)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception as error:  # of protobuf
        raise InputError(f"{path} is not an ONNX file: {first_line(error)}") from error
    if not model.graph.output:
        raise InputError(f"{path} is not an ONNX file: it has no outputs")
    known = {*OPERATORS, *(function.domain for function in model.functions)}
    files: dict[str, Path] = {}
    for message in _messages(model):
        kind = message.DESCRIPTOR.name
        if kind == "NodeProto" and message.domain not in known:
            raise InputError(
                f"{path}: the operator {shortened(message.op_type)!r} of {shortened(message.domain)!r} is "
                "not one of onnxruntime's; mxt loads no libraries of operators"
            )
        if kind == "TensorProto":
            for name in (entry.value for entry in message.external_data if entry.key == "location"):
                if name not in files:
                    files[name] = _external(path, name)
    return tuple(files.values())


def _external(path: Path, name: str) -> Path:
    if MEMORY in name:
        raise InputError(f"{path}: external data is {name!r}, an address in memory: it is not read")
    return inside(path.parent, name, what=f"{path}: external data")


def _messages(message: Any) -> Iterator[Any]:
    """A message of protobuf and all messages inside it, wherever they are."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if hasattr(value, "__len__") else (value,):
                yield from _messages(inner)


def _shape(shape: list[Any]) -> Shape:
    return tuple(size if isinstance(size, int) and size > 0 else None for size in shape)


def facts_of(path: Path) -> ModelFacts:
    """What an ONNX file tells of itself; shapes that it does not fix are those for a window of zeros."""
    graph = RunningGraph.of(path)
    outputs = dict(graph.outputs)
    if any(None in shape[1:] or not shape for shape in outputs.values()) and None not in graph.shape[1:]:
        import numpy as np

        zeros = np.zeros(tuple(size or 1 for size in graph.shape), np.float32)
        values = graph.session.run(list(outputs), {graph.input: zeros})
        outputs = {
            name: (shape[0] if shape else None, *np.shape(array)[1:])
            for (name, shape), array in zip(outputs.items(), values, strict=True)
        }
    return ModelFacts(path, graph.input, graph.shape, outputs)


def resolve(spec: StageSpec, params: Mapping[str, Any], weights: str | None) -> StageSpec:  # noqa: ARG001
    """The spec of a model file, as the TOML file beside it says."""
    model = Path(needed_model(params["model"], backbone=ONNX.name, example="FILE.onnx"))
    if not model.is_file():
        raise InputError(f"--model {model}: no such file")
    settings = settings_beside(model)
    return settings.resolved(spec, model, "onnxruntime", _files(model, settings))


def _files(model: Path, settings: ModelSettings) -> Iterator[WeightsFile]:
    """Everything the network is read from."""
    yield own_file("model", model)
    yield from settings.files()
    for number, path in enumerate(parts_of(model), start=1):
        yield own_file(f"data{number}", path)
    for number, graph in enumerate(settings.before, start=1):
        yield own_file(f"before{number}", graph.path)
        for part, path in enumerate(parts_of(graph.path), start=1):
            yield own_file(f"before{number}.data{part}", path)
